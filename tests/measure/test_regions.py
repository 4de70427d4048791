"""Regions: passes counted to the cycle, points of every kind, marks that cost nothing."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import assemble, machine
from support.firmware import ROOT, firmware_elfs
from support.newlib import build

from cmsim import Machine
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.image.marks import Mark, read_marks
from cmsim.measure.points import Point

__all__ = ["firmware_elfs"]

LOOP = """
main:  movs r0, #4
1:     nop
from:  adds r1, #1
       adds r1, #2
to:    adds r1, #3
       subs r0, #1
       bne 1b
       bl f
       bl f
end:   b end
f:     push {r4, lr}
       cbz r0, 2f
       bl g
2:     movs r0, #1
       pop {r4, pc}
g:     bx lr
"""
NAMES = ["from", "to", "f", "g"]


def regions(of: Machine) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in of.record["regions"]}


def counted(tmp_path: Path, *asked: str, source: str = LOOP, **options: Any) -> dict[str, dict[str, Any]]:
    m = machine(tmp_path, source, functions=NAMES, **{"timing": "instructions", **options})
    assert m.regions is not None
    for text in asked:
        m.regions.add(text)
    m.run(seconds=1e-5)
    return regions(m)


def test_points_in_the_middle_of_a_block(tmp_path: Path) -> None:
    (row,) = counted(tmp_path, "x=from..to").values()
    assert row == {
        "name": "x", "from": "from", "to": "to", "passes": 4, "cycles": {"min": 2, "median": 2, "max": 2, "total": 8},
        "instructions": {"min": 2, "median": 2, "max": 2, "total": 8}, "interrupt_cycles": 0,
    }  # fmt: skip


def test_the_same_place_twice_is_a_period(tmp_path: Path) -> None:
    row = counted(tmp_path, "x=from .. from")["x"]
    assert (row["passes"], row["instructions"]["min"], row["instructions"]["max"]) == (3, 6, 6)


def test_the_same_return_twice_is_a_period(tmp_path: Path) -> None:
    row = counted(tmp_path, "x=return of f..return of f")["x"]
    assert (row["passes"], row["instructions"]["total"]) == (1, 7)


def test_a_call_that_longjmp_leaves_is_no_pass(tmp_path: Path) -> None:
    """f is left on every other call; the inference that it stands for is none either."""
    source = """
    main:    movs r4, #4
    1:       ldr r0, =0x20000100
             mov r1, sp
             str r1, [r0, #32]
             bl f
             b 2f
    back:    nop
    2:       subs r4, #1
             bne 1b
    end:     b end
    f:       push {r5, lr}
             lsrs r3, r4, #1
             bcs 3f
             pop {r5, pc}
    3:       b longjmp
    longjmp: ldr r0, [r0, #32]
             mov sp, r0
             b back
    """
    m = machine(tmp_path, source, functions=["f", "longjmp"], timing="instructions", inference_function="f")
    assert m.regions is not None
    m.regions.add("f=f..return of f")
    m.run(seconds=1e-5)
    assert regions(m)["f"]["instructions"] == {"min": 4, "median": 4, "max": 4, "total": 8}
    assert [inference["instructions"] for inference in m.record["inferences"]] == [4, 4]


def test_the_last_from_counts(tmp_path: Path) -> None:
    row = counted(tmp_path, "x=from..f")["x"]
    assert (row["passes"], row["instructions"]["total"]) == (1, 6)


def test_a_function_to_its_return(tmp_path: Path) -> None:
    found = counted(tmp_path, "f=f..return of f", "tail=return of g..return of f")
    assert found["f"]["passes"] == 2
    assert (found["f"]["instructions"]["min"], found["f"]["instructions"]["max"]) == (4, 6)
    assert (found["tail"]["passes"], found["tail"]["instructions"]["total"]) == (1, 2)


def test_recursion_is_one_pass(tmp_path: Path) -> None:
    source = "main: movs r0, #3\nbl f\nend: b end\nf: push {r4, lr}\nsubs r0, #1\nbeq 1f\nbl f\n1: pop {r4, pc}\n"
    m = machine(tmp_path, source, functions=["f"], timing="instructions")
    assert m.regions is not None
    m.regions.add("f=f..return of f")
    m.run(seconds=1e-5)
    assert (regions(m)["f"]["passes"], regions(m)["f"]["instructions"]["total"]) == (1, 14)


def test_clones_of_a_function_are_that_function(tmp_path: Path) -> None:
    source = """
    main: bl f
          bl f.constprop.0
          bl f.constprop.1
    end:  b end
    f:    nop
          bx lr
    f.constprop.0: bx lr
    f.constprop.1: b f
    """
    m = machine(tmp_path, source, functions=["f", "f.constprop.0", "f.constprop.1"], timing="instructions")
    assert m.regions is not None
    for text in ("f=f..return of f", "one=f.constprop.0..return of f.constprop.0"):
        m.regions.add(text)
    m.run(seconds=1e-5)
    assert regions(m)["f"]["instructions"] == {"min": 1, "median": 2, "max": 3, "total": 6}
    assert regions(m)["one"]["passes"] == 1


def test_writes_to_itm_ports(tmp_path: Path) -> None:
    source = """
    main: ldr r0, =0xE0000000
          movs r1, #1
          str r1, [r0, #20]
          nop
          nop
          movs r1, #0
          strb r1, [r0, #20]
    end:  b end
    """
    row = counted(tmp_path, "x=itm5=1..itm5=0", source=source + "from: to: f: g: nop\n")["x"]
    assert (row["passes"], row["instructions"]["total"]) == (1, 4)


def test_interrupts_are_told_apart(tmp_path: Path) -> None:
    source = "main: nop\nfrom: svc #0\nto: b .\nf: g: nop\nhandler: nop\nbx lr"
    row = counted(tmp_path, "x=from..to", source=source, handlers={11: "handler"}, timing="manual")["x"]
    assert 12 + 2 < row["interrupt_cycles"] < row["cycles"]["total"]


def test_counting_changes_no_cycle(tmp_path: Path) -> None:
    plain = machine(tmp_path, LOOP, functions=NAMES)
    plain.run(seconds=1e-5)
    m = machine(tmp_path, LOOP, functions=NAMES)
    assert m.regions is not None
    m.regions.add("x=from..to")
    m.run(seconds=1e-5)
    assert (m.cycles, m.instructions, m.registers) == (plain.cycles, plain.instructions, plain.registers)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "write NAME=FROM..TO"), ("x=from", "write NAME=FROM..TO"), ("=from..to", "write NAME=FROM..TO"),
        ("x=from..nowhere", "no symbol 'nowhere'"), ("x=itm32=1..to", "ports 0 to 31"), ("x=itm3=y..to", "no number|not a number"),
        ("x=a.cc:3..to", "no code of a file 'a.cc'"), ("x=0x30000000..to", "no code can run there"),
    ],
)  # fmt: skip
def test_what_is_no_region(tmp_path: Path, text: str, told: str) -> None:
    m = machine(tmp_path, LOOP, functions=NAMES)
    assert m.regions is not None
    with pytest.raises(UsageError, match=told) as error:
        m.regions.add(text)
    assert f"--region {text!r}" in str(error.value)


def test_marks_in_the_source_cost_nothing(firmware_elfs: Path) -> None:
    """Each pass is what the firmware's own counter tells, but for reading it."""
    m = Machine(firmware_elfs / "regions.elf", "nrf52840dk", timing="manual")
    assert m.run(seconds=1).reason == "exit"
    found = regions(m)
    meter = m.regions
    assert meter is not None
    by_name = {region.name: region for region in meter.regions}
    loop, inlined = by_name["loop"], by_name["inlined"]
    assert (found["loop"]["passes"], found["inlined"]["passes"], found["loop"]["from"]) == (8, 2, "mark")
    own = struct.unpack("<8I", m.read("counted", 32))
    assert len({seen - cycles for seen, cycles in zip(own, loop.cycles, strict=True)}) == 1
    assert 0 < own[0] - loop.cycles[0] < 8
    assert loop.cycles[7] > loop.cycles[1]
    assert inlined.instructions[1] > inlined.instructions[0]


def test_marks_take_no_byte(tmp_path: Path) -> None:
    """With marks, and with nothing but a barrier in their place: the same code, to the byte."""
    barrier = '__asm__ volatile("" ::: "memory")'
    other = tmp_path / "other.h"
    other.write_text(f"#define CMSIM_REGION_H\n#define CMSIM_REGION_BEGIN(x) {barrier}\n#define CMSIM_REGION_END(x) {barrier}\n")
    texts = []
    for number, include in enumerate(([], ["-include", str(other)])):
        elf, raw = tmp_path / f"{number}.o", tmp_path / f"{number}.bin"
        subprocess.run(["arm-none-eabi-g++", "-c", "-O2", "-mcpu=cortex-m4", "-mthumb", f"-I{ROOT / 'firmware'}", *include,
                        str(ROOT / "tests/firmware/src/regions.cc"), "-o", str(elf)], check=True)
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", "-j", ".text.startup", str(elf), str(raw)],
                       check=True)
        texts.append(raw.read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0]) > 50


def test_lines_and_the_command(firmware_elfs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = _line("twice(3)")
    json = tmp_path / "record.json"
    elf = str(firmware_elfs / "regions.elf")
    options = ["run", elf, "--board", "nrf52840dk", "--json", str(json)]
    assert main([*options, "--region", f"a=regions.cc:{line + 1}..finished", "--region", "b=work..return of work"]) == 0
    shown = capsys.readouterr().out
    assert "region" in shown and "median" in shown
    text = json.read_text()
    assert '"name": "a"' in text and f'"from": "regions.cc:{line + 1}"' in text
    assert main([*options, "--region", "c=regions.cc:2..finished"]) == 2
    assert "the nearest that has is" in capsys.readouterr().err


def test_a_line_in_several_pieces_is_one_point(firmware_elfs: Path) -> None:
    """A loop's head stands before its body and behind it; from there on is from before the first round on."""
    m = Machine(firmware_elfs / "regions.elf", "nrf52840dk", timing="instructions")
    assert m.regions is not None
    head = _line("for (uint32_t i")
    for text in (f"loop=regions.cc:{head}..return of work", f"turn=../src/regions.cc:{head}..regions.cc:{head}",
                 "work=work..return of work"):
        m.regions.add(text)
    assert m.run(seconds=1).reason == "exit"
    found = regions(m)
    assert found["loop"]["passes"] == found["work"]["passes"] == 10
    assert found["loop"]["instructions"]["total"] > 0.7 * found["work"]["instructions"]["total"]
    assert found["turn"]["passes"] == 9


def _line(text: str) -> int:
    source = (ROOT / "tests/firmware/src/regions.cc").read_text().splitlines()
    return next(n for n, line in enumerate(source, 1) if text in line)


def test_static_functions_of_one_name(tmp_path: Path) -> None:
    """Told apart by their files; as points, too."""
    code = "#include <stdlib.h>\n#define KEEP __attribute__((noinline, noclone))\nextern volatile int sink;\n"
    work = "static KEEP void work(void) {{ {0} }}\n"
    (tmp_path / "one.c").write_text(f"{code}volatile int sink;\n{work.format('sink += 1;')}void two(void);\n"
                                    "int main(void) { work(); two(); two(); return 0; }\n")
    (tmp_path / "two.c").write_text(f"{code}{work.format('sink += sink * sink;')}KEEP void two(void) {{ work(); sink = 0; }}\n")
    elf = build(tmp_path, str(tmp_path / "one.c"), str(tmp_path / "two.c"))
    m = Machine(elf, "nrf52840dk", timing="instructions", inference_function="two.c:work")
    assert m.regions is not None
    for file in ("one.c", "two.c"):
        m.regions.add(f"{file}={file}:work..return of {file}:work")
    with pytest.raises(UsageError, match=r"'work' is ambiguous, give the full name, file\.cc:name or the address"):
        m.regions.add("x=work..main")
    with pytest.raises(UsageError, match=r"no symbol 'three\.c:work'"):
        m.regions.add("x=three.c:work..main")
    points = [Point(m, what, lambda: None) for what in ("two.c:work", "return of one.c: work")]
    assert m.run(seconds=1).reason == "exit"
    assert [regions(m)[file]["passes"] for file in ("one.c", "two.c")] == [1, 2]
    assert len(m.record["inferences"]) == 2
    assert not any(point.is_text or point.reached is None for point in points)


def test_a_reset_forgets_what_had_begun(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: nop\nfrom: nop\nb .\nto: b .", functions=["from", "to"])
    assert m.regions is not None
    region = m.regions.add("x=from..to")
    m.run(seconds=1e-6)
    assert region.opened is not None
    m.reset()
    assert region.opened is None
    assert regions(m)["x"] == {"name": "x", "from": "from", "to": "to", "passes": 0, "cycles": None, "instructions": None,
                               "interrupt_cycles": 0}


def test_the_section() -> None:
    whole = struct.pack("<I", 0x101) + b"begin:a\0" + struct.pack("<I", 0x200) + b"end:a\0\0\0" + bytes(4) + b"end:b\0\0\0"
    assert read_marks(whole) == (Mark(0x100, True, "a"), Mark(0x200, False, "a"))
    assert read_marks(whole[:15]) == (Mark(0x100, True, "a"),)
    assert read_marks(b"") == read_marks(b"garbage that is none") == ()


def test_without_a_mark_nothing_is_watched(tmp_path: Path) -> None:
    assert Machine(assemble(tmp_path, LOOP), "nrf52840dk").record["regions"] == []
