"""SPIM and SPI: serial peripheral interface controllers, with EasyDMA and byte by byte (nRF52840 PS v1.8, 6.25, 6.24).

SPIM sends TXD.MAXCNT bytes and receives RXD.MAXCNT; where the one is longer, ORC goes out or the surplus of MISO is
dropped. ENDTX, ENDRX and END come with their last byte. STOP lets the byte on the wire end; the events that have not
come yet follow it then, and STOPPED (section 6.25.1). SUSPEND stops behind the byte on the wire. SPI has a transmitter
of two bytes: the one on the wire and one that waits; READY comes with each byte that moves to RXD, so that one behind a
byte that was not read waits, and so does its READY (section 6.24.1.3). Transmission starts 1 us after START, and after
TXD is written while SPI is idle (v1.7, sections 6.25.7 and 6.24.3). What is on the bus is `cmsim.spi`.

Where PSEL.CSN names a pin (SPIM3), a transfer selects by it: CSN is active from START to END or STOP, by CSNPOL low or
high, and the first bit comes IFTIMING.CSNDUR cycles behind its edge. PSELDCX is low for the first DCXCNT bytes, or for
all if that is 15, and high for the others.

A wire from MOSI to MISO brings back what is sent; wires from all pins to those of an SPIS let the two talk; a MISO
that is wired to a pin which somebody drives high reads ones.

Not modelled: waveforms on the pins, CPOL, CPHA and ORDER; IFTIMING.RXDELAY (stored), CSNDUR between the last bit and
CSN's edge and between two transfers; what `easydma.py` leaves out; STALLSTAT; that SPIM0 to SPIM2 have no CSN, DCX
and rates above 8 Mbit/s; what SPI's receiver does with a third byte (here it replaces the second).
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Register
from cmsim.soc import Soc
from cmsim.spi import SpiBus, WiredByte

from .easydma import MAXCNT_BITS, Buffer

FREQUENCIES = {
    0x0200_0000: 125_000,
    0x0400_0000: 250_000,
    0x0800_0000: 500_000,
    0x1000_0000: 1_000_000,
    0x2000_0000: 2_000_000,
    0x4000_0000: 4_000_000,
    0x8000_0000: 8_000_000,
    0x0A00_0000: 16_000_000,
    0x1400_0000: 32_000_000,
}
"""FREQUENCY -> Hz; the last two are SPIM3's."""
ALL_COMMAND = 15
"""DCXCNT: every byte is a command."""
START_TIME = CPU_HZ // 1_000_000
"""tSPIM,START and tSPI,START: from the task, or from the first TXD, to the first bit."""


class SpiController(NordicPeripheral):
    """What both have in common: the bus and the time of a byte."""

    ENABLE = Register(0x500, writable=0xF)
    PSEL_SCK = PinSelect(0x508)
    PSEL_MOSI = PinSelect(0x50C)
    PSEL_MISO = PinSelect(0x510)
    FREQUENCY = Register(0x524, 0x0400_0000)
    CONFIG = Register(0x554, writable=0x7)

    @property
    def byte_cycles(self) -> int:
        """CPU cycles of eight bits; a FREQUENCY that no table names is 250 kbit/s."""
        return 8 * CPU_HZ // FREQUENCIES.get(self.FREQUENCY, 250_000)

    def _exchange(self, byte: int) -> int:
        sck, mosi, miso = map(self.soc.pins.selected, (self.PSEL_SCK, self.PSEL_MOSI, self.PSEL_MISO))
        bus = self.soc.spi_bus(sck)
        sent = byte if mosi else 0
        answer = bus.exchange(sent) if bus else SpiBus.IDLE
        if sck and sck.net is not None:
            wired = WiredByte(mosi, miso, sent)
            sck.tell(wired)
            answer |= wired.answer
        if miso and miso.net is not None:
            answer |= sent if miso.joins(mosi) else 0xFF * miso.net.driven_high
        return answer if miso else 0


class Spim(SpiController):
    """SPIM0 to SPIM3."""

    undocumented = frozenset({0x004})
    """Written to SPIM3 against anomaly 195."""

    ENABLED = 7

    ENABLE = Register(0x500, writable=0xF)
    START = Task(0x010)
    STOP = Task(0x014)
    SUSPEND = Task(0x01C)
    RESUME = Task(0x020)
    STOPPED = Event(0x104)
    ENDRX = Event(0x110)
    END = Event(0x118)
    ENDTX = Event(0x120)
    STARTED = Event(0x14C)
    SHORTS = Register(0x200, writable=1 << 17)
    STALLSTAT = Register(0x400)
    PSEL_CSN = PinSelect(0x514)
    RXD_PTR = Register(0x534)
    RXD_MAXCNT = Register(0x538, writable=MAXCNT_BITS)
    RXD_AMOUNT = Register(0x53C, writable=0)
    RXD_LIST = Register(0x540, writable=0x3)
    TXD_PTR = Register(0x544)
    TXD_MAXCNT = Register(0x548, writable=MAXCNT_BITS)
    TXD_AMOUNT = Register(0x54C, writable=0)
    TXD_LIST = Register(0x550, writable=0x3)
    IFTIMING_RXDELAY = Register(0x560, 0x2, writable=0x7)
    IFTIMING_CSNDUR = Register(0x564, 0x2, writable=0xFF)
    CSNPOL = Register(0x568, writable=0x1)
    PSELDCX = PinSelect(0x56C)
    DCXCNT = Register(0x570, writable=0xF)
    ORC = Register(0x5C0, writable=0xFF)
    shortcuts = {17: (END, START)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._byte = soc.scheduler.alarm(self._byte_done)
        self._out = self._in = Buffer(soc, name, 0x544, 0, 0)
        self._suspended = self._stopping = False
        self._csn: Pin | None = None
        self._dcx: Pin | None = None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Idle."""
        super().reset()
        self._byte.cancel()
        self._suspended = self._stopping = False
        self._release_pins()

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        self._release_pins()
        if self.ENABLE == self.ENABLED:
            self._csn, self._dcx = map(self.soc.pins.selected, (self.PSEL_CSN, self.PSELDCX))
            for pin in filter(None, (self._csn, self._dcx)):
                pin.claim(self.name)
            if not self._byte.armed:
                self._select(False)
        else:
            self._byte.cancel()
            self._stopping = False

    # --- pins that SPIM3 drives by itself ---------------------------------------------------------------------

    def _release_pins(self) -> None:
        for pin in filter(None, (self._csn, self._dcx)):
            pin.release(self.name)
        self._csn = self._dcx = None

    def _select(self, active: bool) -> None:
        if self._csn is not None:
            self._csn.drive(self.name, active == bool(self.CSNPOL))

    def _tell_command(self) -> None:
        """Command or data: the byte that comes."""
        if self._dcx is not None:
            self._dcx.drive(self.name, self.DCXCNT != ALL_COMMAND and self._out.count >= self.DCXCNT)

    # --- transfers --------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if self.ENABLE != self.ENABLED or self._byte.armed:
            return
        self._out = Buffer(self.soc, self.name, 0x544, self.TXD_PTR, self.TXD_MAXCNT)
        self._in = Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
        self.TXD_AMOUNT = self.RXD_AMOUNT = 0
        if self.TXD_LIST:
            self.TXD_PTR = self.TXD_PTR + self.TXD_MAXCNT & WORD
        if self.RXD_LIST:
            self.RXD_PTR = self.RXD_PTR + self.RXD_MAXCNT & WORD
        empty = self._out.full and self._in.full
        self._select(True)
        self._tell_command()
        wait = self.IFTIMING_CSNDUR if self._csn is not None else 0
        self._byte.after(START_TIME + wait + (0 if empty else self.byte_cycles))
        self.emit(self.STARTED)

    def _byte_done(self) -> None:
        sending, receiving = not self._out.full, not self._in.full
        if sending or receiving:
            answer = self._exchange(self._out.fetch() if sending else self.ORC)
            if sending:
                self._out.advance()
                self.TXD_AMOUNT = self._out.count
            if receiving:
                self._in.store(answer)
                self.RXD_AMOUNT = self._in.count
        stopping, self._stopping = self._stopping, False
        done = stopping or (self._out.full and self._in.full)
        if done:
            self._select(False)
        elif not self._suspended:
            self._byte.after(self.byte_cycles)
        self._tell_command()
        first = not (sending or receiving)
        if (self._out.full or stopping) and (sending or first):
            self.emit(self.ENDTX)
        if (self._in.full or stopping) and (receiving or first):
            self.emit(self.ENDRX)
        if done:
            self._end()
        if stopping:
            self.emit(self.STOPPED)

    def _end(self) -> None:
        """Both buffers are done with."""
        self._out.length, self._in.length = self._out.count, self._in.count
        self.emit(self.END)

    @STOP
    def _stop(self) -> None:
        self._suspended = False
        if self._byte.armed:
            self._stopping = True
            return
        if not self._out.full:  # suspended in the middle
            self.emit(self.ENDTX)
        if not self._in.full:
            self.emit(self.ENDRX)
        if not (self._out.full and self._in.full):
            self._select(False)
            self._end()
        self.emit(self.STOPPED)

    @SUSPEND
    def _suspend(self) -> None:
        self._suspended = True

    @RESUME
    def _resume(self) -> None:
        self._suspended = False
        if not (self._byte.armed or (self._out.full and self._in.full)):
            self._byte.after(self.byte_cycles)


class Spi(SpiController):
    """SPI0 to SPI2, the legacy byte interface."""

    ENABLED = 1

    READY = Event(0x108)
    RXD = Register(0x518, writable=0)
    TXD = Register(0x51C, writable=0xFF)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._byte = soc.scheduler.alarm(self._byte_done)
        self._shifting, self._waiting = 0, -1
        self._received: list[int] = []
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Idle and empty."""
        super().reset()
        self._byte.cancel()
        self._waiting, self._received = -1, []

    @TXD.on_write
    def _send(self, value: int) -> None:
        if self.ENABLE != self.ENABLED:
            return
        if self._byte.armed:
            self._waiting = self.TXD
        else:
            self._shifting = self.TXD
            self._byte.after(START_TIME + self.byte_cycles)

    def _byte_done(self) -> None:
        self._received = [*self._received[:1], self._exchange(self._shifting)]
        if self._waiting >= 0:
            self._shifting, self._waiting = self._waiting, -1
            self._byte.after(self.byte_cycles)
        if len(self._received) == 1:
            self.emit(self.READY)

    @RXD.on_read
    def _take(self) -> int:
        if self._received:
            self.RXD = self._received.pop(0)
            if self._received:
                self.emit(self.READY)
        return self.RXD
