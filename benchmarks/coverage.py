"""What coverage costs: speed with blocks counted, as a ratio to the speed without, timelines as well.

    python benchmarks/coverage.py [FIRMWARE.elf ...]

Thread CPU time of `Machine.run`, the least of three, the variants taken in turns. The goal is a ratio of at least 0.5.
The programs are those of measure.py; the exit code is 1 if one of them misses the goal with coverage.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from measure import PROGRAMS, build

from cmsim import Machine, prebuilt, traces

VARIANTS = {
    "off": {},
    "coverage": {"coverage": True},
    "call tree, lines, coverage": {"coverage": True, "lines": True, "profile": True},
    "timeline": {"timeline": True},
}
WANTED = 0.5


def once(options: dict[str, bool], firmware: Path) -> tuple[float, int]:
    """(CPU seconds, cycles) of one run."""
    m = Machine(firmware, imu=traces.path(), imu_end="hold", **options)
    began = time.thread_time()
    m.run(seconds=1.0 if firmware.stem in PROGRAMS else 40.0)
    return time.thread_time() - began, m.cycles


def compare(firmware: Path) -> bool:
    """Measure and print; whether the goal is met."""
    best = dict.fromkeys(VARIANTS, float("inf"))
    cycles = set()
    for _ in range(3):
        for variant, options in VARIANTS.items():
            spent, length = once(options, firmware)
            best[variant] = min(best[variant], spent)
            cycles.add(length)
    assert len(cycles) == 1, "measuring changed the cycle count"
    print(firmware.stem)
    for variant, spent in best.items():
        print(f"  {variant:28} {spent:8.3f} s  {best['off'] / spent:5.2f} of the speed without")
    return best["off"] / best["coverage"] >= WANTED


def main() -> int:
    """All programs."""
    if len(sys.argv) > 1:
        met = [compare(Path(name)) for name in sys.argv[1:]]
    else:
        with tempfile.TemporaryDirectory() as directory:
            elfs = [prebuilt.path("gesture"), *(build(Path(directory), name) for name in PROGRAMS)]
            met = [compare(elf) for elf in elfs]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
