"""What must hold of every ELF of this test suite, whatever it does: four equalities, to the cycle and to the byte.

The exclusive cycles of the call tree are the run's; operators and overhead are the inference's; the peak of the main stack and
of each thread's is what the firmware itself finds painted; the heap's peak is what the C library's mallinfo() says.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support import newlib
from support.call_tree import check_identity
from support.firmware import ROOT, firmware_elfs, kernel_set_elfs, slowdown_elfs, source_elfs
from support.painted import Painted

from cmsim import Machine, tflite, traces
from cmsim.apps import app_path, shipped_picture
from cmsim.bench.firmware import KERNELS, load_firmware
from cmsim.bench.session import Session

__all__ = ["firmware_elfs", "kernel_set_elfs", "slowdown_elfs", "source_elfs"]

SOURCES = ROOT / "tests" / "firmware"
ELFS = sorted(path.stem for path in (SOURCES / "src").glob("*.cc"))
CRASHES = re.findall(r"^KEEP \w+ (\w+)\(\) ", (SOURCES / "newlib" / "crash.cc").read_text(), re.MULTILINE)
NEWLIB = {
    "heap": ("heap.c", ()),
    "sessions": ("sessions.cc", ("-DLEAKS",)),
    **{f"tflm{''.join(options)}": ("tflm.cc", ("-DARENA=4096", *options))
       for options in ((), ("-DOLD",), ("-DOWN_ALLOCATOR",))},
    **{f"crash-{case}": ("crash.cc", (f"-DCASE={case}",)) for case in CRASHES},
}  # fmt: skip
UNWRITTEN = {"semihosting_output": 4, "reference": 8, "crash-thread_overflow": 248}
"""At most so many bytes at the lower end of the deepest frame are kept and never written: paint cannot show them. The
thread's array would begin in front of RAM, and the first store faults."""
ALSO_STORES_THERE = {"vector_fetch_fault"}
"""A case that puts a vector table where the main stack could grow to: the paint there says nothing about the stack."""
BORROWS = {"faults", "mpu", "mwu"}
"""Their cases let PSP point into variables that have other uses, for an exception or two: nothing is painted there."""


def word(of: Machine, symbol: str) -> int:
    return int(struct.unpack("<I", of.read(symbol))[0])


def lower_end(of: Machine, top: int) -> int:
    """Of the variable that ends there."""
    (symbol,) = (s for s in of.image.symbols if s.kind == "object" and s.size and s.address + s.size == top)
    return symbol.address


def check(
    machine: Machine, painted: Painted, unwritten: int = 0, paint_tells: bool = True, borrows: bool = False
) -> None:
    """All four, after a run. Resets the machine."""
    assert machine.instructions > 0
    record = machine.record
    check_identity(machine, lost=record["memory"]["stack_peak"] > painted.main.size)
    for inference in record["inferences"]:
        if inference["operators"]:  # tflm.cc has an interpreter without any
            operators = sum(o["cycles"] for o in inference["operators"])
            assert operators + inference["overhead_cycles"] == inference["cycles"]
    assert machine.heap is not None
    if not machine.heap.present:
        assert record["memory"]["heap_peak"] is None
    elif machine.image.symbols.get("peak_in_use") is not None:
        assert record["memory"]["heap_peak"] == word(machine, "peak_in_use")
    else:  # linked, but never called: mallinfo.c was left out with what it would look at
        assert record["memory"]["heap_peak"] == record["heap"]["allocations"] == 0
    main, *threads = record["memory"]["stacks"]
    assert main["peak"] == record["memory"]["stack_peak"]
    own = [thread for thread in threads if not (borrows and thread["name"].startswith("thread below "))]
    for stack in [main] * paint_tells + own:
        low, top = stack["limit"] or lower_end(machine, stack["base"]), stack["base"]
        found = painted.depth(low, top)
        assert found > 0
        assert 0 <= min(stack["peak"], top - low) - found <= unwritten


def cases(elf: Path) -> Iterator[tuple[str, bytes]]:
    """What a firmware of the exception tests can be told to do, by name: one case a run."""
    probe = Machine(elf, "nrf52840dk", measure=False)
    if probe.image.symbols.get("all_cases") is None:
        return
    for address in itertools.count(probe.address("all_cases"), 4):
        case = probe.read(address, 4)
        if not any(case):
            return
        function = probe.image.function_at(int.from_bytes(case, "little") & ~1)
        assert function is not None
        yield function.name, case


@pytest.mark.parametrize("name", ELFS)
def test_of_the_test_firmware(firmware_elfs: Path, name: str) -> None:
    elf = firmware_elfs / f"{name}.elf"
    for case, address in [("", None), *cases(elf)]:
        machine = Machine(elf, "nrf52840dk", profile=True)
        if address is not None:
            machine.write("selected_case", address)
        painted = Painted(machine)
        machine.run(seconds=0.1)
        check(machine, painted, UNWRITTEN.get(case, 0), case not in ALSO_STORES_THERE, name in BORROWS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newlib")


@pytest.mark.parametrize("name", NEWLIB)
def test_of_firmware_with_the_c_library(folder: Path, name: str) -> None:
    source, options = NEWLIB[name]
    elf = newlib.build(folder, source, "mallinfo.c", options=(*options, newlib.MALLINFO), name=name)
    machine = Machine(elf, "nrf52840dk", profile=True)
    painted = Painted(machine)
    machine.run(seconds=0.1)
    check(machine, painted, UNWRITTEN.get(name, 0))


def check_application(elf: Path, **given: Any) -> None:
    machine = Machine(elf, profile=True, **given)
    painted = Painted(machine)
    machine.run(inferences=2, seconds=20)
    assert [len(i["operators"]) > 5 for i in machine.record["inferences"]] == [True, True]
    check(machine, painted)


def test_of_the_shipped_gesture() -> None:
    check_application(app_path("gesture"), imu=traces.path())


def test_of_the_shipped_person() -> None:
    check_application(app_path("person"), camera=shipped_picture("person"))


def test_of_the_smallest_example(source_elfs: dict[str, Path]) -> None:
    machine = Machine(source_elfs["smallest"], profile=True)
    painted = Painted(machine)
    machine.run(seconds=0.1)
    assert [len(i["operators"]) for i in machine.record["inferences"]] == [1]
    check(machine, painted)


def test_of_microbench(source_elfs: dict[str, Path]) -> None:
    machine = Machine(source_elfs["microbench"], profile=True)
    painted = Painted(machine)
    machine.run(seconds=2)
    assert machine.console("uart0").splitlines()[-1] == "done"
    check(machine, painted)


@pytest.mark.parametrize("name", ["before", "after"])
def test_of_gesture_with_a_slow_kernel(slowdown_elfs: Path, name: str) -> None:
    check_application(slowdown_elfs / f"{name}.elf", imu=traces.path())


@pytest.mark.parametrize("kernels", KERNELS)
def test_of_the_shipped_bench(monkeypatch: pytest.MonkeyPatch, kernels: str) -> None:
    monkeypatch.setattr("cmsim.bench.session.Machine", partial(Machine, profile=True))
    session = Session(load_firmware(kernels), tflite.load(ROOT / "firmware" / "apps" / "gesture" / "gesture.tflite"))
    painted = Painted(session.machine)
    session.run()
    assert [len(i["operators"]) > 5 for i in session.machine.record["inferences"]] == [True]
    check(session.machine, painted, UNWRITTEN.get(kernels, 0))


@pytest.mark.parametrize("kernels", KERNELS)
def test_of_the_kernel_sets(kernel_set_elfs: dict[str, Path], kernels: str) -> None:
    model = tflite.load(SOURCES / "fuzz" / "corpus" / "conv_2d-int8-0.tflite")
    values = bytes(sum(tensor.bytes or 0 for tensor in model.inputs))
    machine = Machine(kernel_set_elfs[kernels], profile=True)
    batch = struct.pack("<4I4I", 1, 0, 0, 0, 32, len(model.content), 32 + len(model.content), len(values))
    machine.write(0x40000, batch + model.content + values)  # where kernel_batch.cc looks
    painted = Painted(machine)
    machine.run(until=lambda: word(machine, "cases_done") == 1, seconds=1)
    assert [len(i["operators"]) for i in machine.record["inferences"]] == [1]
    check(machine, painted, UNWRITTEN.get(kernels, 0))
