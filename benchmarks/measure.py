"""What measuring costs: speed with stacks and inferences, and with the call tree as well, as a ratio to the speed with
nothing measured. (coverage.py has coverage.)

    python benchmarks/measure.py [FIRMWARE.elf ...]

Thread CPU time of `Machine.run`, the least of three, the variants taken in turns. The goal is a ratio of at least 0.5.
Without arguments: the gesture application, which mostly sleeps; the programs of speed.py's `compute`; a branch to
itself, where blocks are what costs; and a program that does nothing but call, which no firmware does: the worst case.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import speed

from cmsim import Machine, prebuilt, traces

Options = Mapping[str, bool]
VARIANTS: dict[str, Options] = {
    "nothing": {"measure": False},
    "stacks and inferences": {},
    "call tree": {"profile": True},
}
PROGRAMS = {
    "loop": "for (;;) { for (int i = 0; i < 200; i++) sum = sum * 3 + i; }",
    "calls": "for (;;) f();",
}
SOURCE = """
extern "C" {{
volatile unsigned sink; unsigned sum;
__attribute__((noinline)) void g() {{ sink = 1; }}
__attribute__((noinline)) void f() {{ g(); g(); __asm__(""); }}
}}
int main() {{ {body} }}
"""


def build(directory: Path, name: str) -> Path:
    """An ELF of one of PROGRAMS, with the start-up code of firmware/."""
    source = directory / f"{name}.cc"
    source.write_text(SOURCE.format(body=PROGRAMS[name]))
    firmware, elf = Path(__file__).resolve().parents[1] / "firmware", directory / f"{name}.elf"
    start = [firmware / "startup" / f"{part}.cc" for part in ("vectors", "startup", "memory")]
    flags = ["-mcpu=cortex-m4", "-mthumb", "-O2", "-std=c++17", "-ffreestanding", "-fno-exceptions", "-fno-rtti",
             "-nostdlib"]
    subprocess.run(["arm-none-eabi-g++", *flags, "-fno-tree-loop-distribute-patterns", f"-I{firmware}",
                    f"-T{firmware / 'link.ld'}", *map(str, start), str(source), "-lgcc", "-o", str(elf)], check=True)
    return elf


def once(options: Options, firmware: Path) -> tuple[float, int]:
    """(CPU seconds, cycles) of one run."""
    m = Machine(firmware, imu=traces.path(), imu_end="hold", **options)  # type: ignore[arg-type]
    began = time.thread_time()
    m.run(seconds=40.0 if firmware.stem == "gesture" else 1.0)
    return time.thread_time() - began, m.cycles


def compare(firmware: Path, variants: Mapping[str, Options]) -> dict[str, float]:
    """Measure and print; the CPU seconds of each variant, the least of three. The first one is the others' measure."""
    best = dict.fromkeys(variants, float("inf"))
    cycles = set()
    for _ in range(3):
        for variant, options in variants.items():
            spent, length = once(options, firmware)
            best[variant] = min(best[variant], spent)
            cycles.add(length)
    assert len(cycles) == 1, "measuring changed the cycle count"
    print(firmware.stem)
    whole = next(iter(best.values()))
    for variant, spent in best.items():
        print(f"  {variant:28} {spent:8.3f} s  {whole / spent:5.2f} of the speed without")
    return best


def main() -> None:
    """All programs."""
    if len(sys.argv) > 1:
        for name in sys.argv[1:]:
            compare(Path(name), VARIANTS)
        return
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        compute = (speed.build(where, "compute", kind) for kind in speed.KINDS.values())
        for firmware in (prebuilt.path("gesture"), *compute, *(build(where, name) for name in PROGRAMS)):
            compare(firmware, VARIANTS)


if __name__ == "__main__":
    main()
