"""DWT counters and ITM stimulus ports (Arm DDI 0403E, C1.7 and C1.8).

The counters satisfy the manual's identity: CYCCNT = instructions + CPICNT + LSUCNT + EXCCNT + SLEEPCNT - FOLDCNT. The
processor's clock, which they count, stands still in sleep on the nRF52: a second's sleep of MicroPython on the
nRF52833 adds a sixth of its cycles (micropython-microbit-v2 issue 179). SLEEPCNT therefore stays 0.

LSUCNT has what loads and stores take beyond a cycle each, with their waits for memory, and FOLDCNT the instructions
that took none, as the timing model's blocks have them. To tell them apart costs speed, so that it is done only while
one of CPIEVTENA, LSUEVTENA and FOLDEVTENA is set; until then CPICNT has LSUCNT's share.

Not modelled: comparators match nothing (their registers are stored), PC sampling and event packets are not emitted; an
address that comes a cycle late counts for the instruction that computes it, skipped loads of an IT block as executed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..registers import Register, RegisterBlock
from ..serial import SerialPort


class Counts(Protocol):
    """What has been counted since reset, at this moment."""

    def __call__(self) -> tuple[int, int, int, int, int, int]:
        """(cycles, instructions, load/store cycles, exception cycles, sleep cycles, folded instructions)."""


class Dwt(RegisterBlock):
    """0xE0001000."""

    name = "DWT"
    CTRL = Register(0x000, 0x4000_0000, writable=0x007F_1FFF)
    CYCCNT = Register(0x004)
    CPICNT = Register(0x008)
    EXCCNT = Register(0x00C)
    SLEEPCNT = Register(0x010)
    LSUCNT = Register(0x014)
    FOLDCNT = Register(0x018)
    PCSR = Register(0x01C, writable=0)
    COMP = Register.array(0x020, 4, stride=16)
    MASK = Register.array(0x024, 4, stride=16, writable=0x1F)
    FUNCTION = Register.array(0x028, 4, stride=16, writable=0xFFF)

    cycles_enabled = CTRL.bit(0)
    cpi_enabled, lsu_enabled, fold_enabled = CTRL.bit(17), CTRL.bit(20), CTRL.bit(21)

    def __init__(self, counts: Counts, trace_enabled: Callable[[], bool]) -> None:
        self.counts, self.trace_enabled = counts, trace_enabled
        self.on_profile: Callable[[bool], None] = lambda wanted: None
        """Load/store cycles and folded instructions are wanted from now on, or no longer."""
        super().__init__()

    def reset(self) -> None:
        """Counters stand at 0."""
        super().reset()
        self._origin = [0] * 6
        """What to subtract from each running count; while disabled, what CYCCNT stands at."""
        self._running = False

    def _now(self) -> list[int]:
        cycles, instructions, lsu, exceptions, sleep, folded = self.counts()
        cpi = cycles - instructions - lsu - exceptions - sleep + folded
        return [cycles, cpi, exceptions, sleep, lsu, folded]

    def follow_enable(self) -> None:
        """DEMCR.TRCENA or CTRL.CYCCNTENA changed: start or freeze the cycle counter."""
        running = self.cycles_enabled and self.trace_enabled()
        if running != self._running:
            self._origin[0] = self._now()[0] - self._origin[0] if running else self._value(0)
            self._running = running
        self.on_profile(self.trace_enabled() and bool(self.cpi_enabled or self.lsu_enabled or self.fold_enabled))

    def _value(self, n: int) -> int:
        if n == 0 and not self._running:
            return self._origin[0] & 0xFFFF_FFFF
        return self._now()[n] - self._origin[n] & (0xFF if n else 0xFFFF_FFFF)

    def _set(self, n: int, value: int) -> None:
        if n == 0 and not self._running:
            self._origin[0] = value
        else:
            self._origin[n] = self._now()[n] - (value & (0xFF if n else 0xFFFF_FFFF))

    @CTRL.on_write
    def _control(self, value: int) -> None:
        self.follow_enable()

    def _begin_events(self, before: int) -> None:
        """A counter starts from 0 when its overflow event is enabled (C1.8.2)."""
        for n, bit in enumerate(range(17, 22), start=1):  # CPI, EXC, SLEEP, LSU, FOLD, in the order of the counters
            if self.CTRL >> bit & 1 and not before >> bit & 1:
                self._set(n, 0)

    def read(self, offset: int) -> int:
        """Counters are computed when they are read."""
        if 0x004 <= offset <= 0x018:
            return self._value((offset - 4) // 4)
        return super().read(offset)

    def write(self, offset: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """A counter continues from what is written."""
        if 0x004 <= offset <= 0x018:
            self._set((offset - 4) // 4, value)
        else:
            before = self.CTRL
            super().write(offset, value, mask)
            self._begin_events(before)

    def unmapped_read(self, offset: int) -> int:
        """Identification registers and holes."""
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Ignored."""


class Itm(RegisterBlock):
    """0xE0000000: 32 stimulus ports; what is written to an enabled port goes to channel "itmN"."""

    name = "ITM"
    STIM = Register.array(0x000, 32, writable=0)
    TER = Register(0xE00)
    TPR = Register(0xE40, writable=0xF)
    TCR = Register(0xE80, writable=0x007F_0F1F)
    LAR = Register(0xFB0, writable=0)
    LSR = Register(0xFB4, 0x1, writable=0)

    def __init__(self, port: Callable[[str], SerialPort]) -> None:
        self.port = port
        self.listeners: list[Callable[[int, int], None]] = []
        """Told (port, value) of each write to a stimulus port, whether it is enabled or not."""
        super().__init__()

    def _enabled(self, n: int) -> bool:
        return bool(self.TCR & 1 and self.TER >> n & 1)

    @STIM.on_read
    def _ready(self, n: int) -> int:
        return int(self._enabled(n))  # the FIFO has room

    def write(self, offset: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """A stimulus port takes as many bytes as the access is wide."""
        if offset < 0x80:
            for listener in self.listeners:
                listener(offset // 4, value & mask)
            if self._enabled(offset // 4):
                width = {0xFF: 1, 0xFFFF: 2}.get(mask, 4)
                self.port(f"itm{offset // 4}").transmit((value & mask).to_bytes(4, "little")[:width])
        else:
            super().write(offset, value, mask)

    def unmapped_read(self, offset: int) -> int:
        """Identification registers and holes."""
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Ignored."""
