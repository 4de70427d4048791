"""SPIS: serial peripheral interface slave with EasyDMA (nRF52840 PS v1.8, section 6.26).

A semaphore guards pointers and buffers. CSN falling grants it to the slave if it is free: bytes then move between the
buffers and the wire, ORC goes out when TXD is used up (STATUS.OVERREAD), bytes beyond RXD are dropped (OVERFLOW), and
CSN rising ends with END, after which the semaphore is free or the CPU's who waits for it (ACQUIRED). While the CPU
holds it, a transaction is ignored: DEF goes out, nothing is stored, no END comes. RELEASE by a CPU that only waits for
it does nothing (section 6.26.3).

The master is a SPIM or SPI of this chip to whose pins wires lead, or outside: the block is an `SpiTarget` whose chip
select is the pin of PSEL.CSN, and `attach` puts it on a bus.

With LIST = ArrayList a PTR advances by MAXCNT when its transaction ends.

Not modelled: waveforms, CPOL, CPHA and ORDER (stored), bits of a byte that a CSN edge cuts off, what `easydma.py`
leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from cmsim.nordic import Event, NordicPeripheral, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Latched, Register
from cmsim.soc import Soc
from cmsim.spi import SpiBus, WiredByte

from .easydma import ARRAY_LIST, MAXCNT_BITS, Buffer

OVERREAD, OVERFLOW = 1, 2


class Owner(IntEnum):
    """SEMSTAT."""

    FREE, CPU, SPIS, CPU_PENDING = range(4)


class Spis(NordicPeripheral):
    """SPIS0 to SPIS2."""

    ENABLED = 2

    ACQUIRE = Task(0x024)
    RELEASE = Task(0x028)
    END = Event(0x104)
    ENDRX = Event(0x110)
    ACQUIRED = Event(0x128)
    SHORTS = Register(0x200, writable=1 << 2)
    SEMSTAT = Register(0x400, Owner.CPU, writable=0)
    STATUS = Latched(0x440)
    ENABLE = Register(0x500, writable=0xF)
    PSEL_SCK = PinSelect(0x508)
    PSEL_MISO = PinSelect(0x50C)
    PSEL_MOSI = PinSelect(0x510)
    PSEL_CSN = PinSelect(0x514)
    RXD_PTR = Register(0x534)
    RXD_MAXCNT = Register(0x538, writable=MAXCNT_BITS)
    RXD_AMOUNT = Register(0x53C, writable=0)
    RXD_LIST = Register(0x540, writable=0x3)
    TXD_PTR = Register(0x544)
    TXD_MAXCNT = Register(0x548, writable=MAXCNT_BITS)
    TXD_AMOUNT = Register(0x54C, writable=0)
    TXD_LIST = Register(0x550, writable=0x3)
    CONFIG = Register(0x554, writable=0x7)
    DEF = Register(0x55C, writable=0xFF)
    ORC = Register(0x5C0, writable=0xFF)
    shortcuts = {2: (END, ACQUIRE)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._csn: Pin | None = None
        self._sck: Pin | None = None
        self._deaf: Callable[[], None] = lambda: None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Disabled; the CPU holds the semaphore."""
        super().reset()
        self._listen(None)
        self._follow(None)
        self._out = self._in = Buffer(self.soc, self.name, 0x544, 0, 0)

    # --- the chip select --------------------------------------------------------------------------------------

    def attach(self, bus: SpiBus) -> None:
        """Become a target of `bus`, selected by the pin of PSEL.CSN."""
        bus.attach(self, lambda: self.selected)

    @property
    def selected(self) -> bool:
        """Whether the master addresses this slave."""
        return self._csn is not None and not self._csn.level

    @ENABLE.on_write
    @PSEL_CSN.on_write
    @PSEL_SCK.on_write
    def _enable(self, value: int) -> None:
        enabled = self.ENABLE == self.ENABLED
        self._listen(self.soc.pins.selected(self.PSEL_CSN) if enabled else None)
        self._follow(self.soc.pins.selected(self.PSEL_SCK) if enabled else None)

    def _listen(self, csn: Pin | None) -> None:
        if csn is not self._csn:
            self._deaf()
            self._csn = csn
            self._deaf = csn.line.listen(self._csn_changed) if csn else lambda: None

    def _follow(self, sck: Pin | None) -> None:
        if self._sck is not None:
            self._sck.release(self.name)
        self._sck = sck
        if sck is not None:
            sck.hear(self.name, self._clocked)

    def _clocked(self, wired: object) -> None:
        """A controller of this chip has sent a byte over wires."""
        if isinstance(wired, WiredByte) and self.selected:
            mosi, miso = map(self.soc.pins.selected, (self.PSEL_MOSI, self.PSEL_MISO))
            answer = self.exchange(wired.byte if mosi is not None and mosi.joins(wired.mosi) else 0)
            if miso is not None and miso.joins(wired.miso):
                wired.answer = answer

    def _csn_changed(self, level: bool) -> None:
        if not level:
            if self.SEMSTAT == Owner.FREE:
                self.SEMSTAT = Owner.SPIS
                self._out = Buffer(self.soc, self.name, 0x544, self.TXD_PTR, self.TXD_MAXCNT)
                self._in = Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
        elif self.SEMSTAT in (Owner.SPIS, Owner.CPU_PENDING):
            waited = self.SEMSTAT == Owner.CPU_PENDING
            self.SEMSTAT = Owner.CPU if waited else Owner.FREE
            self.RXD_AMOUNT, self.TXD_AMOUNT = self._in.count, self._out.count
            if self.RXD_LIST == ARRAY_LIST:
                self.RXD_PTR = self.RXD_PTR + self._in.length & WORD
            if self.TXD_LIST == ARRAY_LIST:
                self.TXD_PTR = self.TXD_PTR + self._out.length & WORD
            self.emit(self.END)
            if waited:
                self.emit(self.ACQUIRED)

    # --- bytes ------------------------------------------------------------------------------------------------

    def exchange(self, byte: int) -> int:
        """A byte of the master: what goes back at the same time."""
        if self.SEMSTAT not in (Owner.SPIS, Owner.CPU_PENDING):
            return self._drive(self.DEF)
        answer = self.ORC
        if self._out.full:
            self.STATUS |= OVERREAD
        else:
            answer = self._out.fetch()
            self._out.advance()
        if self._in.full:
            self.STATUS |= OVERFLOW
        else:
            self._in.store(byte if self.soc.pins.selected(self.PSEL_MOSI) else 0)
            if self._in.full:
                self.emit(self.ENDRX)
        return self._drive(answer)

    def _drive(self, byte: int) -> int:
        return byte if self.soc.pins.selected(self.PSEL_MISO) else SpiBus.IDLE

    # --- the semaphore ----------------------------------------------------------------------------------------

    @ACQUIRE
    def _acquire(self) -> None:
        if self.SEMSTAT == Owner.SPIS:
            self.SEMSTAT = Owner.CPU_PENDING
        elif self.SEMSTAT != Owner.CPU_PENDING:
            self.SEMSTAT = Owner.CPU
            self.emit(self.ACQUIRED)

    @RELEASE
    def _release(self) -> None:
        if self.SEMSTAT == Owner.CPU:
            self.SEMSTAT = Owner.FREE
