"""TWIM: two-wire master with EasyDMA (nRF52840 PS v1.8, section 6.31). Bus, timing and errors are in `twi_bus.py`.

PTR and MAXCNT are double-buffered: they count when the START condition goes out, and TXSTARTED or RXSTARTED comes
then. LASTTX and LASTRX come at the byte boundary before the last byte, so that their shortcuts act after it. Without a
STOP, SUSPEND or START by then the bus is held. AMOUNT counts the bytes that moved, a byte that was not acknowledged
among them. With LIST = ArrayList a PTR advances by MAXCNT when its buffer is done. MAXCNT = 0 sends the address alone
and gives no LASTTX or LASTRX. A buffer outside data RAM: see `easydma.py`.

Not modelled: what `twi_bus.py` and `easydma.py` leave out; OVERRUN never comes, because EasyDMA is always in time.
"""

from __future__ import annotations

from cmsim.nordic import Event
from cmsim.registers import WORD, Register

from .easydma import ARRAY_LIST, MAXCNT_BITS, Buffer
from .twi_bus import TwoWireMaster


class Twim(TwoWireMaster):
    """TWIM0 and TWIM1."""

    ENABLED = 6
    STOPS_WHILE_SUSPENDED = False
    SUSPENDS_TRANSFERS_ONLY = True

    RXSTARTED = Event(0x14C)
    TXSTARTED = Event(0x150)
    LASTRX = Event(0x15C)
    LASTTX = Event(0x160)
    SHORTS = Register(0x200, writable=0x1F80)
    RXD_PTR = Register(0x534)
    RXD_MAXCNT = Register(0x538, writable=MAXCNT_BITS)
    RXD_AMOUNT = Register(0x53C, writable=0)
    RXD_LIST = Register(0x540, writable=0x7)
    TXD_PTR = Register(0x544)
    TXD_MAXCNT = Register(0x548, writable=MAXCNT_BITS)
    TXD_AMOUNT = Register(0x54C, writable=0)
    TXD_LIST = Register(0x550, writable=0x7)
    shortcuts = {
        7: (LASTTX, TwoWireMaster.STARTRX),
        8: (LASTTX, TwoWireMaster.SUSPEND),
        9: (LASTTX, TwoWireMaster.STOP),
        10: (LASTRX, TwoWireMaster.STARTTX),
        11: (LASTRX, TwoWireMaster.SUSPEND),
        12: (LASTRX, TwoWireMaster.STOP),
    }

    _buffer: Buffer | None = None

    def _release(self) -> None:
        super()._release()
        self._buffer = None

    def _started(self) -> None:
        if self._reading:
            self._buffer = Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
            self.RXD_AMOUNT = 0
            self.emit(self.RXSTARTED)
        else:
            self._buffer = Buffer(self.soc, self.name, 0x544, self.TXD_PTR, self.TXD_MAXCNT)
            self.TXD_AMOUNT = 0
            self.emit(self.TXSTARTED)

    def _next_byte(self) -> None:
        buffer = self._buffer
        if buffer is None or buffer.full:
            return
        if self._reading:
            self._receive()
        else:
            self._send(buffer.fetch())
        if buffer.at_last:
            self.emit(self.LASTRX if self._reading else self.LASTTX)

    def _sent(self, acknowledged: bool) -> None:
        if self._buffer:
            self._buffer.advance()
            self.TXD_AMOUNT = self._buffer.count
            if self._buffer.full and self.TXD_LIST == ARRAY_LIST:
                self.TXD_PTR = self.TXD_PTR + self._buffer.length & WORD

    def _received(self, byte: int) -> None:
        if self._buffer:
            self._buffer.store(byte)
            self.RXD_AMOUNT = self._buffer.count
            if self._buffer.full and self.RXD_LIST == ARRAY_LIST:
                self.RXD_PTR = self.RXD_PTR + self._buffer.length & WORD
