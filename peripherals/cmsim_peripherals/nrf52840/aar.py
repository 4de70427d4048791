"""AAR: accelerated address resolver (nRF52840 PS v1.8, section 6.2; Core specification 5.2, 3.H.2.2.2 for `ah`).

ADDRPTR points at a packet in RAM; the device address begins at its byte 3, hash first. The identity keys lie at IRKPTR,
16 bytes each, most significant byte first. Resolution takes 1 us and 6 us a key that is tried, the longest times of the
electrical specification.

Not modelled: the scratch area stays untouched; the data is read at START.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .aes import BLOCK, encrypt
from .aes_core import core_of

MICROSECOND = CPU_HZ // 1_000_000
START_TIME, KEY_TIME = MICROSECOND, 6 * MICROSECOND
ENABLED = 3
ADDRESS_AT = 3
MOST_KEYS = 16


def ah(key: bytes, random: bytes) -> bytes:
    """The 24-bit hash of the 24-bit `random` under `key`, both most significant byte first."""
    return encrypt(key, random.rjust(BLOCK, b"\0"))[-3:]


class Aar(NordicPeripheral):
    """AAR, which shares its base address with CCM."""

    START = Task(0x000)
    STOP = Task(0x008)
    END = Event(0x100)
    RESOLVED = Event(0x104)
    NOTRESOLVED = Event(0x108)
    STATUS = Register(0x400, writable=0)
    ENABLE = Register(0x500, writable=0x3)
    NIRK = Register(0x504, 0x1, writable=0x1F)
    IRKPTR = Register(0x508)
    ADDRPTR = Register(0x510)
    SCRATCHPTR = Register(0x514)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._done = soc.scheduler.alarm(self._finish)
        self._match: int | None = None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Idle."""
        super().reset()
        self._stop()

    @START
    def _start(self) -> None:
        if self.ENABLE != ENABLED:
            return
        count = min(self.NIRK, MOST_KEYS)
        try:
            address = self.soc.dma_read(self.ADDRPTR + ADDRESS_AT, 6)[::-1]
            keys = self.soc.dma_read(self.IRKPTR, BLOCK * count)
        except BusError:
            self.soc.report_unmodelled(self.name, 0x508, "EasyDMA outside data RAM: this")
            address, keys = bytes(6), b""
        random, hashed = address[:3], address[3:]
        matches = (n for n in range(len(keys) // BLOCK) if ah(keys[BLOCK * n : BLOCK * (n + 1)], random) == hashed)
        self._match = next(matches, None)
        tried = count if self._match is None else self._match + 1
        core_of(self.soc).take(self.name)
        self._done.after(START_TIME + KEY_TIME * tried)

    @STOP
    def _stop(self) -> None:
        core_of(self.soc).give_back(self.name)
        self._done.cancel()

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        if self.ENABLE != ENABLED:
            self._stop()

    def _finish(self) -> None:
        core_of(self.soc).give_back(self.name)
        if self._match is not None:
            self.STATUS = self._match
        self.emit(self.END)
        self.emit(self.NOTRESOLVED if self._match is None else self.RESOLVED)
