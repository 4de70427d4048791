"""What coverage costs: speed with blocks counted, as a ratio to the speed without, timelines as well.

    python benchmarks/coverage.py [FIRMWARE.elf ...]

Thread CPU time of `Machine.run`, the least of three, the variants taken in turns. The goal is a ratio of at least 0.5.
The programs are those of measure.py; the exit code is 1 if one of them misses the goal with coverage.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import PROGRAMS, Options, build, compare

from cmsim import prebuilt

VARIANTS: dict[str, Options] = {
    "off": {},
    "coverage": {"coverage": True},
    "call tree, lines, coverage": {"coverage": True, "lines": True, "profile": True},
    "timeline": {"timeline": True},
}
WANTED = 0.5


def meets_the_goal(firmware: Path) -> bool:
    """Measure and print."""
    best = compare(firmware, VARIANTS)
    return best["off"] / best["coverage"] >= WANTED


def main() -> int:
    """All programs."""
    if len(sys.argv) > 1:
        met = [meets_the_goal(Path(name)) for name in sys.argv[1:]]
    else:
        with tempfile.TemporaryDirectory() as directory:
            elfs = [prebuilt.path("gesture"), *(build(Path(directory), name) for name in PROGRAMS)]
            met = [meets_the_goal(elf) for elf in elfs]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
