"""EasyDMA as the serial blocks use it: one byte at a time, out of and into data RAM (nRF52840 PS v1.8, section 4.6).

A pointer outside data RAM is a bug of the firmware: the data sheet says only that a HardFault or corrupted RAM may
follow. Here a byte from nowhere reads as 0x00, a byte to nowhere is lost, the transfer goes on with its timing, and the
access is reported once a transfer, with the offset of the PTR register (an error under --strict).

What it costs the CPU is in `cmsim/timing/memory.py`.

Not modelled: its prefetch: a byte moves when the wire needs it.
"""

from __future__ import annotations

from cmsim.soc import BusError, Soc

MAXCNT_BITS = 0xFFFF
ARRAY_LIST = 1
"""LIST: PTR goes on behind each buffer."""


class Buffer:
    """One transfer: the values of PTR and MAXCNT at START, and how far it got.

    `register` is the offset of the block's PTR register, for the report.
    """

    def __init__(self, soc: Soc, owner: str, register: int, pointer: int, length: int) -> None:
        self.soc, self.owner, self.register = soc, owner, register
        self.pointer, self.length, self.count = pointer, length, 0
        self._reported = False

    @property
    def full(self) -> bool:
        """Whether all `length` bytes have moved."""
        return self.count >= self.length

    @property
    def at_last(self) -> bool:
        """Whether exactly one byte is still to come."""
        return self.count == self.length - 1

    def fetch(self) -> int:
        """The next byte to send; `count` follows only when it is taken by `advance`."""
        try:
            return self.soc.dma_read(self.pointer + self.count, 1)[0]
        except BusError:
            self._report("read")
            return 0

    def store(self, byte: int) -> None:
        """The next received byte."""
        try:
            self.soc.dma_write(self.pointer + self.count, bytes((byte,)))
        except BusError:
            self._report("write")
        self.advance()

    def advance(self) -> None:
        """One more byte has moved."""
        self.count += 1

    def _report(self, access: str) -> None:
        if not self._reported:
            self._reported = True
            place = f"EasyDMA {access} at 0x{self.pointer:08x}, outside data RAM: place the buffer in RAM; this"
            self.soc.report_unmodelled(self.owner, self.register, place)
