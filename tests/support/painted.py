"""The depth of stacks as firmware finds it: `Painted(machine)`, run, then `depth()` against what the record says.

tests/firmware/painted.s lies behind the image in flash and gets the reset vector; it runs on the simulated processor, as any
start-up code that paints. The ELF itself is as it is shipped: it paints the stacks of its threads, where it has any. Paint
knows stores, not SP: a word that a frame keeps and nobody writes looks unused.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from cmsim import Machine

from .assembler import PREFIX
from .firmware import ROOT

PAINT, COUNT = 16 | 1, 18 | 1
"""Entries, from the code's begin, in Thumb state."""


@cache
def _code() -> bytes:
    with tempfile.TemporaryDirectory() as where:
        relocatable, binary = Path(where, "painted.o"), Path(where, "painted.bin")
        source = ROOT / "tests" / "firmware" / "painted.s"
        subprocess.run([PREFIX + "as", "-o", relocatable, source], check=True)
        subprocess.run([PREFIX + "objcopy", "-O", "binary", relocatable, binary], check=True)
        return binary.read_bytes()


class Painted:
    """A machine that has not run yet, whose firmware will paint its main stack."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        bounds, chip = machine.image.stack_bounds(), machine.soc.chip
        assert bounds is not None
        self.main = bounds
        flash_end = chip.flash_base + chip.flash_size
        self._at = flash_end - chip.flash_page  # behind the image, and behind what a test puts there
        assert max(s.end for s in machine.image.segments if s.address < flash_end) <= self._at
        self._vector = machine.vector_table + 4
        (self._program,) = struct.unpack("<I", machine.read(self._vector, 4))
        machine.write(self._at, _code())
        self._choose(bounds.low, bounds.high)
        self._counting = False
        machine.on(self._program & ~1, lambda _: self._restore())
        self._lead(PAINT)
        machine.cpu.reset(machine.vector_table)

    def _choose(self, low: int, top: int) -> None:
        self.machine.write(self._at, struct.pack("<3I", low, top, self._program))

    def _lead(self, entry: int) -> None:
        self.machine.write(self._vector, struct.pack("<I", self._at + entry))

    def _restore(self) -> None:
        """Painted: a reset that the program makes itself does not paint again."""
        if not self._counting:
            self.machine.write(self._vector, struct.pack("<I", self._program))

    def depth(self, low: int, top: int) -> int:
        """Bytes from the stack's top to the lowest word written. Resets the machine: read the record before."""
        self._counting = True
        self._choose(low, top)
        self._lead(COUNT)
        self.machine.reset()
        assert self.machine.run(seconds=0.1).reason == "exit"
        return self.machine.registers["r5"]
