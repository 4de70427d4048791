"""TWIS: two-wire slave with EasyDMA (nRF52840 PS v1.8, section 6.32).

While enabled it stands on the bus of its two pins under the addresses that CONFIG enables. WRITE or READ comes with the
acknowledged address; then SCL is held low until PREPARERX or PREPARETX has been triggered (before or after), and no
longer suspended. RXSTARTED and TXSTARTED come when bytes may move, and use the preparation up; one that is made from
then on is for the transfer behind a repeated start. A byte beyond RXD.MAXCNT is not acknowledged (OVERFLOW and DNACK),
one beyond TXD.MAXCNT is ORC (OVERREAD); each ends with ERROR. A STOP condition, or the task STOP, give STOPPED and take
both preparations back (section 6.32, state machine); they and a repeated start update AMOUNT, and PTR, which goes on by
MAXCNT with LIST = ArrayList.

Where wires lead from both pins to others, they are a bus as well, which TWI or TWIM may drive; it wants pull-ups, those
of the chip or the board.

Not modelled: waveforms, bits of a byte, what `easydma.py` leaves out; pins without a bus of the board and without
wires, where nobody addresses it; a second target under its address (reported, and the first one answers).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag

from cmsim.i2c import I2cBus
from cmsim.nordic import Event, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Latched, Register
from cmsim.soc import Soc

from .easydma import ARRAY_LIST, MAXCNT_BITS, Buffer
from .failing import Failing

RELEASED = 0xFF
"""What a master reads while nobody pulls SDA low."""


class ErrorSource(IntFlag):
    """ERRORSRC."""

    OVERFLOW, DNACK, OVERREAD = 1, 4, 8


class Twis(Failing):
    """TWIS0 and TWIS1."""

    ENABLED = 9

    STOP = Task(0x014)
    SUSPEND = Task(0x01C)
    RESUME = Task(0x020)
    PREPARERX = Task(0x030)
    PREPARETX = Task(0x034)
    STOPPED = Event(0x104)
    ERROR = Event(0x124)
    RXSTARTED = Event(0x14C)
    TXSTARTED = Event(0x150)
    WRITE = Event(0x164)
    READ = Event(0x168)
    SHORTS = Register(0x200, writable=0x6000)
    ERRORSRC = Latched(0x4D0)
    MATCH = Register(0x4D4, writable=0)
    ENABLE = Register(0x500, writable=0xF)
    PSEL_SCL = PinSelect(0x508)
    PSEL_SDA = PinSelect(0x50C)
    RXD_PTR = Register(0x534)
    RXD_MAXCNT = Register(0x538, writable=MAXCNT_BITS)
    RXD_AMOUNT = Register(0x53C, writable=0)
    RXD_LIST = Register(0x540, writable=0x3)
    TXD_PTR = Register(0x544)
    TXD_MAXCNT = Register(0x548, writable=MAXCNT_BITS)
    TXD_AMOUNT = Register(0x54C, writable=0)
    TXD_LIST = Register(0x550, writable=0x3)
    ADDRESS = Register.array(0x588, 2, writable=0x7F)
    CONFIG = Register(0x594, 0x1, writable=0x3)
    ORC = Register(0x5C0, writable=0xFF)
    shortcuts = {13: (WRITE, SUSPEND), 14: (READ, SUSPEND)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._bus: I2cBus | None = None
        self._addresses: list[int] = []
        self.on_release: Callable[[], None] = lambda: None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off the bus."""
        super().reset()
        self._leave()
        self._rx_prepared = self._tx_prepared = self._suspended = False
        self._addressed = self._reading = False
        self._buffer: Buffer | None = None

    # --- on and off the bus -----------------------------------------------------------------------------------

    @ENABLE.on_write
    @CONFIG.on_write
    @PSEL_SCL.on_write
    @PSEL_SDA.on_write
    def _configure(self, value: int) -> None:
        self._join()

    @ADDRESS.on_write
    def _set_address(self, n: int, value: int) -> None:
        self._join()

    def _join(self) -> None:
        self._leave()
        scl, sda = (self.soc.pins.selected(psel) for psel in (self.PSEL_SCL, self.PSEL_SDA))
        if self.ENABLE == self.ENABLED and scl and sda:
            self._bus = self.soc.i2c_bus(scl, sda) or self._wired_bus(scl, sda)
        for n in (0, 1):
            if self._bus is not None and self.CONFIG >> n & 1 and self.ADDRESS[n] not in self._addresses:
                try:
                    self._bus.attach(self.ADDRESS[n], _Addressed(self, n))
                    self._addresses.append(self.ADDRESS[n])
                except ValueError:
                    self.soc.report_unmodelled(self.name, 0x588 + 4 * n, f"second target at 0x{self.ADDRESS[n]:02x}")

    def _wired_bus(self, scl: Pin, sda: Pin) -> I2cBus | None:
        if scl.net is None or sda.net is None:
            return None
        bus = I2cBus(f"{scl.name}/{sda.name}")
        bus.pulled_up = lambda: scl.level and sda.level
        self.soc.wire_i2c(bus, *(self.soc.pins.pins.index(pin) for pin in (scl, sda)))
        return bus

    def _leave(self) -> None:
        if self._bus is not None:
            for address in self._addresses:
                self._bus.detach(address)
        self._bus, self._addresses = None, []

    # --- the wire ---------------------------------------------------------------------------------------------

    def start(self, reading: bool) -> None:
        """Addressed: nothing moves until the buffer is prepared."""
        self._end_transfer()
        self._addressed, self._reading = True, reading
        self.emit(self.READ if reading else self.WRITE)
        self._begin()

    @property
    def holds_scl(self) -> bool:
        """Between the address and the first byte, until prepared and resumed."""
        return self._addressed and (self._buffer is None or self._suspended)

    def _begin(self) -> None:
        prepared = self._tx_prepared if self._reading else self._rx_prepared
        if self._addressed and self._buffer is None and prepared and not self._suspended:
            if self._reading:
                self._tx_prepared = False
                self._buffer = Buffer(self.soc, self.name, 0x544, self.TXD_PTR, self.TXD_MAXCNT)
                self.emit(self.TXSTARTED)
            else:
                self._rx_prepared = False
                self._buffer = Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
                self.emit(self.RXSTARTED)
        if not self.holds_scl:
            go_on, self.on_release = self.on_release, lambda: None
            go_on()

    def write_byte(self, byte: int) -> bool:
        """A byte of the master: acknowledged while there is room."""
        if self._buffer is None:
            return False
        if self._buffer.full:
            self._fail(ErrorSource.OVERFLOW | ErrorSource.DNACK)
            return False
        self._buffer.store(byte)
        return True

    def read_byte(self) -> int:
        """A byte for the master."""
        if self._buffer is None:
            return RELEASED
        if self._buffer.full:
            self._fail(ErrorSource.OVERREAD)
            return self.ORC
        byte = self._buffer.fetch()
        self._buffer.advance()
        return byte

    def stop(self) -> None:
        """A STOP condition."""
        self._end_transfer()
        self._rx_prepared = self._tx_prepared = False
        self.emit(self.STOPPED)

    def _end_transfer(self) -> None:
        if self._buffer is not None:
            if self._reading:
                self.TXD_AMOUNT = self._buffer.count
                if self.TXD_LIST == ARRAY_LIST:
                    self.TXD_PTR = self.TXD_PTR + self._buffer.length & WORD
            else:
                self.RXD_AMOUNT = self._buffer.count
                if self.RXD_LIST == ARRAY_LIST:
                    self.RXD_PTR = self.RXD_PTR + self._buffer.length & WORD
        self._buffer, self._addressed = None, False

    # --- tasks ------------------------------------------------------------------------------------------------

    @PREPARERX
    def _prepare_rx(self) -> None:
        self._rx_prepared = True
        self._begin()

    @PREPARETX
    def _prepare_tx(self) -> None:
        self._tx_prepared = True
        self._begin()

    @SUSPEND
    def _suspend(self) -> None:
        self._suspended = True

    @RESUME
    def _resume(self) -> None:
        self._suspended = False
        self._begin()

    @STOP
    def _stop(self) -> None:
        if self.ENABLE == self.ENABLED:
            self._suspended = False
            self.stop()
            self._begin()


class _Addressed:
    """The slave under one of its addresses, so that MATCH knows which it was."""

    def __init__(self, twis: Twis, n: int) -> None:
        self._twis, self._n = twis, n

    def start(self, reading: bool) -> None:
        """Addressed."""
        self._twis.MATCH = self._n
        self._twis.start(reading)

    def write_byte(self, byte: int) -> bool:
        """A byte of the master."""
        return self._twis.write_byte(byte)

    def read_byte(self) -> int:
        """A byte for the master."""
        return self._twis.read_byte()

    def stop(self) -> None:
        """STOP condition."""
        self._twis.stop()

    @property
    def holds_scl(self) -> bool:
        """Whether the master waits."""
        return self._twis.holds_scl

    @property
    def on_release(self) -> Callable[[], None]:
        """Whom to tell that SCL is free."""
        return self._twis.on_release

    @on_release.setter
    def on_release(self, go_on: Callable[[], None]) -> None:
        self._twis.on_release = go_on
