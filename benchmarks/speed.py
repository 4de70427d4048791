"""How fast cmsim runs, beside bare Unicorn and QEMU in the same minutes on the same machine.

    python benchmarks/speed.py [compute|learning|uart|interrupts|sleep|start-up ...]

Needs the cross-compiler (arm-none-eabi-g++): src/ is built with the firmware's start-up code and drivers. Every figure
is the best of some rounds in which all sides take turns, in processor time, so that a busy machine hits all alike.

- compute: work without devices, of several kinds, on bare Unicorn (default set-up, memory mapped, no hook), on cmsim by
  the manual's table, by the silicon model with the instruction cache on and off, and on QEMU where it is
  installed (`-M mps2-an386 -icount shift=0`). "inference" is what cmsim is for: 16 inferences of the person network
  with the kernels for DSP instructions. The ratios of "all" are those of the sums of the times.
- learning: what a block costs that is seen first.
- uart: a line of text after the other over UARTE at 1 Mbaud.
- interrupts: 10,000 timer interrupts a second with sleep in between.
- sleep: an hour in which the firmware wakes once a second.
- start-up: from the start of the Python process to the first instruction of the firmware.
"""

from __future__ import annotations

import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from cmsim_peripherals.nrf52840.nvmc import Nvmc
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

import cmsim
from cmsim import prebuilt, traces
from cmsim.cortex_m.price_cache import VARIABLE
from cmsim.image import load

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "crc": "kCrc", "sort": "kSort", "dot": "kDot", "convolution": "kConvolution", "matrix": "kMatrix",
    "filter": "kFilter",
}  # fmt: skip
SIDES = ("manual", "cache on", "cache off", "QEMU")
EVENTS = {"uart": "bytes", "interrupts": "interrupts", "sleep": "awakenings"}
ROUNDS = 4
WANTED = {"manual": 1.4, "cache on": 1.2, "cache off": 0.5}
"""Ratios to bare Unicorn."""
WANTED_START, WANTED_LEARNING = 0.5, 60e-6

FLAGS = (
    "-std=gnu++17", "-O2", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-ffreestanding",
    "-fbuiltin", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-ffunction-sections", "-fdata-sections",
    "-nostdlib", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments",
    "-fno-tree-loop-distribute-patterns",  # startup/memory.cc is memcpy and memset: no calls of them in there
)  # fmt: skip

FIRST_INSTRUCTION = """
import sys, time
import cmsim
machine = cmsim.Machine(sys.argv[1], imu=sys.argv[2])
machine.on("Reset_Handler", lambda machine: print(time.monotonic()))
machine.run(seconds=1e-6)
"""


def build(directory: Path, program: str, kind: str = "") -> Path:
    """A program of src/ as an ELF file."""
    firmware, elf = ROOT / "firmware", directory / f"{program}{kind}.elf"
    sources = [ROOT / f"benchmarks/src/{program}.cc", *firmware.glob("startup/*.cc"), *firmware.glob("drivers/*.cc")]
    if program == "inference":
        dsp = [path for path in firmware.glob("kernels/dsp/*.cc") if not path.stem.endswith("_portable")]
        replaced = {path.name for path in dsp}
        sources += [*firmware.glob("interpreter/*.cc"), *dsp]
        sources += [path for path in firmware.glob("kernels/*.cc") if path.name not in replaced]
    model = firmware / "apps/person/person.tflite"
    command = ["arm-none-eabi-g++", *FLAGS, f"-I{firmware}", f"-T{firmware / 'link.ld'}", f"-DKIND={kind}",
               f'-DMODEL="{model}"', *map(str, sorted(sources)), "-lgcc", "-o", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")
    return elf


Measured = tuple[float, int, int]
"""Seconds to the end, the program's checksum, instructions if they were counted."""


def bare_unicorn(elf: Path, side: str) -> Measured:
    """Unicorn as it is set up by default, until `finished`."""
    image = load(elf)
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(0, 1 << 20)
    uc.mem_map(0x2000_0000, 1 << 18)
    uc.mem_map(0xE000_E000, 0x1000)  # start-up code switches the FPU on
    for segment in image.segments:
        uc.mem_write(segment.address, segment.data)
    stack, entry = struct.unpack("<2I", uc.mem_read(0, 8))
    uc.reg_write(UC_ARM_REG_SP, stack)
    began = time.thread_time()
    uc.emu_start(entry | 1, image.find("finished").address)
    spent = time.thread_time() - began
    return spent, int.from_bytes(uc.mem_read(image.find("g_result").address, 4), "little"), 0


def simulate(elf: Path) -> cmsim.Machine:
    """The program run to its end, with everything measured that is by default."""
    machine = cmsim.Machine(elf)
    machine.run()
    return machine


def start_up() -> float:
    """Seconds from the start of a process to the first instruction."""
    elf = prebuilt.path("gesture")
    command = [sys.executable, "-P", "-c", FIRST_INSTRUCTION, str(elf), str(traces.path())]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) - began


def on_cmsim(elf: Path, side: str) -> Measured:
    """cmsim with everything measured that is by default."""
    machine = cmsim.Machine(elf, timing="manual" if side == "manual" else "silicon")
    if side == "cache on":
        machine.soc.blocks["NVMC"].write(Nvmc.ICACHECNF.offset, 1)
    began = time.thread_time()
    machine.run()
    spent = time.thread_time() - began
    return spent, int.from_bytes(machine.read("g_result", 4), "little"), machine.instructions


def on_qemu(elf: Path) -> float:
    """Seconds to the end, the start of QEMU included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ("qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none",
               "-semihosting", "-icount", "shift=0", "-kernel", str(elf))  # fmt: skip
    subprocess.run(command, capture_output=True, check=True, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def turns(elf: Path) -> tuple[dict[str, float], int]:
    """The least time of each side, and how many instructions there are.

    Each time in a process of its own: how memory happens to lie there decides up to a quarter.
    """
    least: dict[str, float] = {}
    checksums, counts = set(), set()
    for _ in range(ROUNDS):
        for side in ("bare", "manual", "cache on", "cache off"):
            measure = bare_unicorn if side == "bare" else on_cmsim
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                spent, checksum, instructions = process.submit(measure, elf, side).result()
            least[side] = min(spent, least.get(side, spent))
            checksums.add(checksum)
            counts.add(instructions)
        if shutil.which("qemu-system-arm"):
            spent = on_qemu(elf)
            least["QEMU"] = min(spent, least.get("QEMU", spent))
    if len(checksums) > 1:
        raise SystemExit(f"{elf.name}: cmsim and bare Unicorn disagree on the result")
    return least, max(counts)


def compute(directory: Path) -> bool:
    """All sides by kind and in sum; whether the goals are reached."""
    print(f"{'compute':<13}{'million':>9}{'bare Unicorn':>16}" + "".join(f"{side:>11}" for side in SIDES))
    programs = {kind: build(directory, "compute", value) for kind, value in KINDS.items()}
    sums: dict[str, float] = {}
    total = 0
    for kind, elf in (programs | {"inference": build(directory, "inference")}).items():
        least, instructions = turns(elf)
        show(kind, instructions, least)
        if kind in programs:
            sums = {side: sums.get(side, 0.0) + value for side, value in least.items()}
            total += instructions
    show("all but inf.", total, sums)
    print(f"{'wanted':<38}" + "".join(f"{WANTED[side]:11.2f}" for side in WANTED))
    return all(sums["bare"] / sums[side] >= ratio for side, ratio in WANTED.items())


def show(kind: str, instructions: int, least: dict[str, float]) -> None:
    """One row: millions of instructions a second on bare Unicorn, the others' ratios to that."""
    million = instructions / 1e6
    ratios = "".join(f"{least['bare'] / least[side]:11.2f}" for side in SIDES if side in least)
    print(f"  {kind:<11}{million:9.1f}{million / least['bare']:11,.0f} MIPS{ratios}", flush=True)


def learning(directory: Path) -> bool:
    """Seconds for each block that is seen first, and for each that comes from disk; best of some rounds."""
    elf = build(directory, "inference")
    priced, count = min(learn(elf) for _ in range(ROUNDS))
    os.environ[VARIABLE] = str(directory / "prices")
    kept = min(learn(elf) for _ in range(1 + ROUNDS))[0]
    os.environ[VARIABLE] = ""
    wanted = f"wanted: less than {WANTED_LEARNING * 1e6:.0f}"
    print(f"{'learning':<13}{priced * 1e6:.0f} us for each of {count:,} blocks, {wanted};"
          f" {kept * 1e6:.0f} us from disk")
    return priced < WANTED_LEARNING


def learn(elf: Path) -> tuple[float, int]:
    """Seconds for a block, and how many there were."""
    machine, spent = cmsim.Machine(elf), 0.0
    table = machine.cpu.blocks
    native = table.learn

    def timed(address: int, size: int) -> bool:
        nonlocal spent
        began = time.thread_time()
        result = native(address, size)
        spent += time.thread_time() - began
        return result

    table.learn = timed  # type: ignore[method-assign]
    machine.run(seconds=1)
    table.save_prices()
    return spent / len(table.learned), len(table.learned)


def devices(directory: Path, name: str) -> None:
    """A program that is busy with devices."""
    elf = build(directory, name)
    machine = min((simulate(elf) for _ in range(ROUNDS)), key=lambda machine: machine.wall_seconds)
    wall = machine.wall_seconds
    count = {"uart": len(machine.console()), "interrupts": 50_000, "sleep": 3600}[name]
    print(f"{name:<13}{machine.seconds:,.2f} s simulated in {wall:.2f} s: {machine.seconds / wall:,.2f} x real time,"
          f" {wall / count * 1e6:.1f} us for each of {count:,} {EVENTS[name]}", flush=True)


def main() -> int:
    """Measure and print; exit code 1 where a goal is missed."""
    everything = ["compute", "learning", *EVENTS, "start-up"]
    chosen = sys.argv[1:] or everything
    if unknown := set(chosen) - set(everything):
        raise SystemExit(f"no benchmark {', '.join(unknown)}")
    good = True
    os.environ[VARIABLE] = ""  # what a user's first run does
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if "compute" in chosen:
            good &= compute(directory)
        if "learning" in chosen:
            good &= learning(directory)
        for program in EVENTS:
            if program in chosen:
                devices(directory, program)
    if "start-up" in chosen:
        start = min(start_up() for _ in range(ROUNDS))
        good &= start < WANTED_START
        print(f"{'start-up':<13}{start:.2f} s to the first instruction, wanted: less than {WANTED_START} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
