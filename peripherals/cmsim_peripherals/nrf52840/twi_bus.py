"""The bus side that TWI and TWIM have in common (nRF52840 PS v1.8, sections 6.29 and 6.31).

One SCL period T lasts floor(2**32 / FREQUENCY) periods of 16 MHz: K100 is 640 CPU cycles, K250 256, K400 160 (the TWI's
K400 is another value: 156). On the wire, in CPU cycles:
    START             96       from the task on an idle bus: tTWIM,START and tTWI,START, 1.5 us
                      T - 4    the data sheet's hold time tHD,STA: 9937.5, 3937.5, 2437.5 ns
    address, byte     9 T      eight bits and the acknowledge
    repeated START    2 T - 4  SDA up, SCL up, set-up, then the hold time
    STOP              T        SCL low half a period, then tSU,STO: 5000, 2000, 1250 ns
A byte acts where it is on the wire: a target hears its address and each written byte at the acknowledge, a read byte
leaves it with its first bit. A task during a byte takes effect at the next byte boundary, in the order SUSPEND, STOP,
START; between bytes it acts at once and SCL is held low. While suspended only RESUME acts; a START waits for it.

Nobody answering (no bus on the pins, or one without supply, but both lines pulled up by the chip or the board) is an
address NACK. A line that nothing pulls up, or a PSEL that is not connected, reads low: the master waits for SCL to rise
and hangs without an event, as silicon does, until ENABLE is written 0. FREQUENCY = 0 holds the clock in the same way.
Tasks of a disabled block do nothing; STOP on an idle bus gives STOPPED at once; SUSPEND of an idle TWIM does nothing.

A target that holds SCL low after an acknowledge makes the master wait there.

Not modelled: waveforms on SCL and SDA, other masters, the bus free time after STOP, the rise of a line that hung.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from typing import ClassVar

from cmsim.i2c import I2cTarget, stretched
from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import Latched, Register
from cmsim.soc import Soc

from .failing import Failing

CYCLES_PER_16M = 4
CLOCKS_A_BYTE = 9
START_TIME = 3 * CPU_HZ // 2_000_000
"""From STARTTX or STARTRX to the START condition on an idle bus (v1.7, sections 6.29.9 and 6.31.8)."""


class ErrorSource(IntFlag):
    """ERRORSRC."""

    OVERRUN, ANACK, DNACK = 1, 2, 4


class TwoWireMaster(Failing):
    """START, address, bytes, STOP with their timing; subclasses say where bytes come from and go to."""

    ENABLED: ClassVar[int]
    """The value of ENABLE that selects this personality."""
    STOPS_WHILE_SUSPENDED: ClassVar[bool]
    """Whether STOP acts without RESUME; the TWIM chapter says that it does not."""
    SUSPENDS_TRANSFERS_ONLY: ClassVar[bool] = False
    """Whether SUSPEND of an idle master does nothing."""

    STARTRX = Task(0x000)
    STARTTX = Task(0x008)
    STOP = Task(0x014)
    SUSPEND = Task(0x01C)
    RESUME = Task(0x020)
    STOPPED = Event(0x104)
    ERROR = Event(0x124)
    SUSPENDED = Event(0x148)
    ERRORSRC = Latched(0x4C4)
    ENABLE = Register(0x500, writable=0xF)
    PSEL_SCL = PinSelect(0x508)
    PSEL_SDA = PinSelect(0x50C)
    FREQUENCY = Register(0x524, 0x0400_0000)
    ADDRESS = Register(0x588, writable=0x7F)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._edge = soc.scheduler.alarm(self._phase_over)
        self._pins: list[Pin | None] | None = None
        """SCL and SDA while enabled."""
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Disabled, bus released."""
        super().reset()
        self._release()

    # --- ENABLE and the pins ------------------------------------------------------------------------------

    @ENABLE.on_write
    def _write_enable(self, value: int) -> None:
        if self.ENABLE != self.ENABLED:
            self._release()
        elif self._pins is None:
            self._claim()

    @PSEL_SCL.on_write
    @PSEL_SDA.on_write
    def _select_pin(self, value: int) -> None:
        if self._pins is not None:
            self._unclaim()
            self._claim()

    def _claim(self) -> None:
        self._pins = [self.soc.pins.selected(psel) for psel in (self.PSEL_SCL, self.PSEL_SDA)]
        for pin in filter(None, self._pins):
            pin.claim(self.name)

    def _unclaim(self) -> None:
        for pin in filter(None, self._pins or ()):
            pin.release(self.name)
        self._pins = None

    def _release(self) -> None:
        """Let go of the bus in the middle of whatever was under way."""
        self._edge.cancel()
        self._unclaim()
        self._then: Callable[[], None] | None = None
        self._owned = self._nacked = self._suspended = self._reading = False
        self._wants_suspend = self._wants_stop = False
        self._wants_start: bool | None = None
        self._target: I2cTarget | None = None
        self._addressed: list[I2cTarget] = []
        self._byte = 0

    @property
    def period(self) -> int:
        """CPU cycles of one SCL period; 0 while FREQUENCY is 0."""
        return CYCLES_PER_16M * ((1 << 32) // self.FREQUENCY) if self.FREQUENCY else 0

    def _bus_is_high(self) -> bool:
        """Whether both lines rise when nobody pulls them down."""
        scl, sda = self._pins or (None, None)
        bus = self.soc.i2c_bus(scl, sda)
        if scl is None or sda is None:
            return False
        return (bus is not None and bus.pulled_up()) or (scl.level and sda.level)

    # --- tasks --------------------------------------------------------------------------------------------

    @STARTRX
    def _start_reading(self) -> None:
        self._want_start(True)

    @STARTTX
    def _start_writing(self) -> None:
        self._want_start(False)

    def _want_start(self, reading: bool) -> None:
        if self._pins is not None:
            self._wants_start = reading
            self._go()

    @STOP
    def _stop(self) -> None:
        if self._suspended and self.STOPS_WHILE_SUSPENDED:
            self._suspended = False
        if self._pins is not None and not self._suspended:
            self._wants_stop = True
            self._go()

    @SUSPEND
    def _suspend(self) -> None:
        if self._pins is not None:
            idle = not self._owned and self._wants_start is None
            self._wants_suspend = not (self._suspended or (idle and self.SUSPENDS_TRANSFERS_ONLY))
            self._go()

    @RESUME
    def _resume(self) -> None:
        self._suspended = self._wants_suspend = False
        self._go()

    # --- the wire -----------------------------------------------------------------------------------------

    def _go(self) -> None:
        """At a byte boundary: do what was asked for, or go on with the bytes."""
        if self._then or self._suspended or stretched(self._target, self._go):
            return
        if self._wants_suspend:
            self._wants_suspend, self._suspended = False, True
            self.emit(self.SUSPENDED)
        elif self._wants_stop:
            self._wants_stop = False
            if self._owned:
                self._phase(self.period, self._stop_sent)
            else:
                self.emit(self.STOPPED)
        elif self._wants_start is not None:
            self._start(self._wants_start)
        elif self._owned and not self._nacked:
            self._next_byte()

    def _phase(self, cycles: int, then: Callable[[], None]) -> None:
        """The wire is busy for `cycles`, then `then` says what that meant."""
        self._then = then
        if self.period:
            self._edge.after(cycles)

    def _phase_over(self) -> None:
        then, self._then = self._then, None
        if then:
            then()

    def _start(self, reading: bool) -> None:
        self._wants_start = None
        self._reading, self._nacked = reading, False
        period, repeated = self.period, self._owned
        self._owned = True
        begin = 2 * period if repeated else START_TIME + period
        self._phase(begin - CYCLES_PER_16M + CLOCKS_A_BYTE * period, self._address_sent)
        if not self._bus_is_high():
            self._edge.cancel()
        self._started()

    def _address_sent(self) -> None:
        scl, sda = self._pins or (None, None)
        bus = self.soc.i2c_bus(scl, sda)
        self._target = bus.select(self.ADDRESS, self._reading) if bus else None
        if self._target is None:
            self._nack(ErrorSource.ANACK)
        elif self._target not in self._addressed:
            self._addressed.append(self._target)
        self._go()

    def _nack(self, source: ErrorSource) -> None:
        """No acknowledge: the bus is held until STOP or another START."""
        self._nacked = True
        self._fail(source)

    def _send(self, byte: int) -> None:
        self._byte = byte
        self._phase(CLOCKS_A_BYTE * self.period, self._byte_sent)

    def _byte_sent(self) -> None:
        acknowledged = self._target is not None and self._target.write_byte(self._byte)
        self._nacked = not acknowledged
        self._sent(acknowledged)
        if not acknowledged:
            self._nack(ErrorSource.DNACK)
        self._go()

    def _receive(self) -> None:
        self._byte = self._target.read_byte() & 0xFF if self._target else 0xFF
        self._phase(CLOCKS_A_BYTE * self.period, self._byte_received)

    def _byte_received(self) -> None:
        self._received(self._byte)
        self._go()

    def _stop_sent(self) -> None:
        for target in self._addressed:
            target.stop()
        self._owned, self._target, self._addressed = False, None, []
        self._stopped()
        self.emit(self.STOPPED)
        self._go()

    # --- what subclasses fill in --------------------------------------------------------------------------

    def _started(self) -> None:
        """A START condition is on the wire."""

    def _next_byte(self) -> None:
        """The boundary before a byte: `_send`, `_receive`, or neither, and SCL stays low."""
        raise NotImplementedError

    def _sent(self, acknowledged: bool) -> None:
        """A byte and its acknowledge were on the wire."""

    def _received(self, byte: int) -> None:
        """A byte has come in."""

    def _stopped(self) -> None:
        """A STOP condition was on the wire."""
