"""How fast cmsim runs, beside bare Unicorn in the same minutes on the same machine.

    python benchmarks/speed.py [compute|uart|interrupts|sleep|start-up ...]

Needs the cross-compiler (arm-none-eabi-g++): src/ is built with the firmware's start-up code and drivers.
Every figure is the best of five, the two sides taken in turns, so that a busy moment of the machine hits both.

- compute: integer work without devices, of five kinds, also on bare Unicorn: default set-up, memory mapped, no hook, no
  counting. The ratio is that of the sums of their times.
- uart: a line of text after the other over UARTE at 1 Mbaud.
- interrupts: 10,000 timer interrupts a second with sleep in between.
- sleep: an hour in which the firmware wakes once a second.
- start-up: from the start of the Python process to the first instruction of the firmware.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

import cmsim
from cmsim import prebuilt, traces
from cmsim.image import Image, load

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"crc": "kCrc", "sort": "kSort", "dot": "kDot", "convolution": "kConvolution", "matrix": "kMatrix"}
EVENTS = {"uart": "bytes", "interrupts": "interrupts", "sleep": "awakenings"}
ROUNDS = 5
WANTED_RATIO, WANTED_START = 1.4, 0.5

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
    command = ["arm-none-eabi-g++", *FLAGS, f"-I{firmware}", f"-T{firmware / 'link.ld'}", f"-DKIND={kind}",
               *map(str, sources), "-lgcc", "-o", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")
    return elf


def bare_unicorn(image: Image) -> tuple[float, int]:
    """Wall seconds to `finished`, and the checksum."""
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(0, 1 << 20)
    uc.mem_map(0x2000_0000, 1 << 18)
    uc.mem_map(0xE000_E000, 0x1000)  # start-up code switches the FPU on
    for segment in image.segments:
        uc.mem_write(segment.address, segment.data)
    stack, entry = struct.unpack("<2I", uc.mem_read(0, 8))
    uc.reg_write(UC_ARM_REG_SP, stack)
    began = time.perf_counter()
    uc.emu_start(entry | 1, image.find("finished").address)
    wall = time.perf_counter() - began
    return wall, int.from_bytes(uc.mem_read(image.find("g_result").address, 4), "little")


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


def compute(directory: Path) -> bool:
    """Both sides by kind and in sum; whether the goal is reached."""
    print(f"{'compute':<13}{'million':>9}{'bare Unicorn':>14}{'cmsim':>8}{'ratio':>7}")
    total_bare = total_ours = total_instructions = 0.0
    for kind, value in KINDS.items():
        elf = build(directory, "compute", value)
        image = load(elf)
        bare, ours, instructions = [], [], 0
        for _ in range(ROUNDS):
            wall, checksum = bare_unicorn(image)
            bare.append(wall)
            machine = simulate(elf)
            ours.append(machine.wall_seconds)
            instructions = machine.instructions
            if int.from_bytes(machine.read("g_result", 4), "little") != checksum:
                raise SystemExit(f"compute {kind}: cmsim and bare Unicorn disagree on the result")
        show(kind, instructions, min(bare), min(ours))
        total_bare, total_ours = total_bare + min(bare), total_ours + min(ours)
        total_instructions += instructions
    show("all", total_instructions, total_bare, total_ours)
    print(f"wanted: a ratio of at least {WANTED_RATIO}")
    return total_bare / total_ours >= WANTED_RATIO


def show(kind: str, instructions: float, bare: float, ours: float) -> None:
    """One row."""
    million = instructions / 1e6
    print(f"  {kind:<11}{million:9.1f}{million / bare:9,.0f} MIPS{million / ours:8,.0f}{bare / ours:7.2f}", flush=True)


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
    chosen = sys.argv[1:] or ["compute", *EVENTS, "start-up"]
    if unknown := set(chosen) - {"compute", *EVENTS, "start-up"}:
        raise SystemExit(f"no benchmark {', '.join(unknown)}")
    good = True
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if "compute" in chosen:
            good &= compute(directory)
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
