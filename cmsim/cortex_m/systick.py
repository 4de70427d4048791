"""SysTick, the 24-bit system timer (Arm DDI 0403E, B3.3).

The nRF52 has no reference clock: the counter counts the processor clock (CLKSOURCE reads as one), and CALIB says so.
That clock stands still while the processor sleeps (nRF52840 PS, CPU chapter): SysTick never wakes it.

Not modelled: a debugger that keeps the clock running in sleep.
"""

from __future__ import annotations

from ..kernel import Scheduler
from ..registers import Register, RegisterBlock
from .nvic import ExceptionState, SystemException


class SysTick(RegisterBlock):
    """0xE000E010."""

    name = "SysTick"
    CTRL = Register(0x010, 0x4, writable=0x3)
    LOAD = Register(0x014, writable=0xFF_FFFF)
    VAL = Register(0x018, writable=0)
    CALIB = Register(0x01C, 0xC000_0000, writable=0)

    enabled = CTRL.bit(0)
    interrupt = CTRL.bit(1)
    counted = CTRL.bit(16)

    def __init__(self, scheduler: Scheduler, state: ExceptionState) -> None:
        self.scheduler, self.state = scheduler, state
        self.zero = scheduler.alarm(self._reach_zero)
        super().__init__()

    def reset(self) -> None:
        """Disabled, counter at 0."""
        super().reset()
        self.zero.cancel()
        self._stopped_at = 0
        self._asleep = False
        self._zero_at = 0
        self._lap = 0

    @property
    def counts(self) -> bool:
        """Whether software waits for it."""
        return bool(self.enabled and self.interrupt)

    def sleep(self, asleep: bool) -> None:
        """The processor's clock stops, or goes on."""
        if not self.enabled:
            return
        if asleep:
            self._stopped_at = self._value()
            self.zero.cancel()
        else:
            self._run(self._stopped_at)
        self._asleep = asleep

    def _value(self) -> int:
        """The counter: cycles left until it is zero; in the cycle before it loads LOAD it still is."""
        if not self.enabled or self._asleep:
            return self._stopped_at
        left = max(0, self._zero_at - self.scheduler.now)
        return 0 if left > self._lap else left

    def _run(self, value: int) -> None:
        """Count from `value`; a counter at 0 loads LOAD at the next clock, or stays there if LOAD is 0."""
        self._lap = value or self.LOAD
        self._zero_at = self.scheduler.now + (value or (self.LOAD and self.LOAD + 1))
        if self._lap:
            self.zero.at(self._zero_at)
        else:
            self.zero.cancel()

    def _reach_zero(self) -> None:
        self.counted = True
        self._run(0)
        if self.interrupt:
            self.state.pend(SystemException.SYSTICK)

    @CTRL.on_read
    def _read_ctrl(self) -> int:
        value = self.CTRL
        self.counted = False
        return value

    def write(self, offset: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """CTRL needs the counter's value from before the write; a LOAD that is not 0 lets a counter at 0 go on."""
        was_enabled, before = self.enabled, self._value()
        super().write(offset, value, mask)
        if offset == SysTick.CTRL.offset and self.enabled != was_enabled:
            if self.enabled:
                self._run(before)
            else:
                self._stopped_at = before
                self.zero.cancel()
        elif offset == SysTick.LOAD.offset and self.enabled and not self.zero.armed:
            self._run(0)

    @VAL.on_read
    def _read_val(self) -> int:
        return self._value()

    @VAL.on_write
    def _clear(self, value: int) -> None:
        self.counted = False
        self._stopped_at = 0
        if self.enabled:
            self._run(0)
