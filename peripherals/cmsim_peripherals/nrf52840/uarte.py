"""UARTE: UART with EasyDMA (nRF52840 PS v1.8, section 6.34). The line itself is `uart_line.py`.

PTR and MAXCNT are double-buffered: they count at STARTTX and STARTRX, and may be written again from TXSTARTED and
RXSTARTED on. The start bit comes 1 us after STARTTX. STOPTX lets the frame on the wire end; ENDTX then comes before
TXSTOPPED even if bytes are left. RXDRDY comes with each byte that is received, also one that waits in the FIFO (section
6.34.3); a byte without a stop bit is not stored (section 6.34.4). Between ENDRX and the next STARTRX, and after STOPRX,
bytes collect in the FIFO; FLUSHRX moves them to the buffer and ends with ENDRX, always. A buffer outside data RAM: see
`easydma.py`.

Not modelled: what `uart_line.py` and `easydma.py` leave out; a START task during the transfer that it would start is
ignored; an empty receive buffer (MAXCNT = 0) ends at once, but not in a circle with the shortcut ENDRX_STARTRX.
"""

from __future__ import annotations

from cmsim.nordic import Event, Task
from cmsim.registers import Register

from .easydma import MAXCNT_BITS, Buffer
from .uart_line import START_TIME, UartLine


class Uarte(UartLine):
    """UARTE0 and UARTE1."""

    ENABLED = 8
    STORES_BROKEN_FRAMES = False

    STARTRX = Task(0x000)
    STARTTX = Task(0x008)
    STOPTX = Task(0x00C)
    FLUSHRX = Task(0x02C)
    ENDRX = Event(0x110)
    ENDTX = Event(0x120)
    RXSTARTED = Event(0x14C)
    TXSTARTED = Event(0x150)
    TXSTOPPED = Event(0x158)
    SHORTS = Register(0x200, writable=0x60)
    RXD_PTR = Register(0x534)
    RXD_MAXCNT = Register(0x538, writable=MAXCNT_BITS)
    RXD_AMOUNT = Register(0x53C, writable=0)
    TXD_PTR = Register(0x544)
    TXD_MAXCNT = Register(0x548, writable=MAXCNT_BITS)
    TXD_AMOUNT = Register(0x54C, writable=0)
    shortcuts = {5: (ENDRX, STARTRX), 6: (ENDRX, UartLine.STOPRX)}

    _out: Buffer | None = None
    _in: Buffer | None = None
    _stopping = False

    def _disable(self) -> None:
        super()._disable()
        self._out = self._in = None
        self._stopping = False

    # --- transmitter --------------------------------------------------------------------------------------

    @STARTTX
    def _start_transmitter(self) -> None:
        if not self.enabled or self._out:
            return
        self._stopping = False
        out = self._out = Buffer(self.soc, self.name, 0x544, self.TXD_PTR, self.TXD_MAXCNT)
        if not out.full:
            self._transmit(out.fetch(), START_TIME)
        self.emit(self.TXSTARTED)
        if out.full and self._out is out:
            self._end_tx()

    def _sent(self) -> None:
        out, stopping = self._out, self._stopping
        if out is None:
            return
        out.advance()
        ended = out.full or stopping
        if ended:  # before TXDRDY, because a driver (or PPI) may answer that with STARTTX
            self._out, self._stopping, self.TXD_AMOUNT = None, False, out.count
        else:
            self._transmit(out.fetch())
        self.emit(self.TXDRDY)
        if ended:
            self.emit(self.ENDTX)
        if stopping:
            self.emit(self.TXSTOPPED)

    @STOPTX
    def _stop_transmitter(self) -> None:
        if self._tx.armed:
            self._stopping = True
            return
        self._shifting = None  # held by CTS: never sent
        if self._out:
            self._end_tx()
        self.emit(self.TXSTOPPED)

    def _end_tx(self) -> None:
        assert self._out
        self.TXD_AMOUNT, self._out = self._out.count, None
        self.emit(self.ENDTX)

    # --- receiver -----------------------------------------------------------------------------------------

    @STARTRX
    def _start_receiver(self) -> None:
        if self.enabled and not self._in:
            self._open_buffer()
            self._open_receiver()

    def _open_buffer(self) -> None:
        buffer = self._in = Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
        self.emit(self.RXSTARTED)
        if buffer.full and not self.SHORTS & 1 << 5 and self._in is buffer:
            self._end_rx()
        else:
            self._arrived()

    def _announce(self, *, received: bool) -> None:
        if received:
            self.emit(self.RXDRDY)

    def _arrived(self) -> None:
        buffer = self._in
        while buffer and self._fifo and not buffer.full:
            buffer.store(self._pop())
            if buffer.full:
                self._end_rx()
                return

    def _end_rx(self) -> None:
        assert self._in
        self.RXD_AMOUNT, self._in = self._in.count, None
        self.emit(self.ENDRX)

    def _stopped_receiving(self) -> None:
        if self._in:
            self._end_rx()
        if not self._receiving:  # ENDRX_STARTRX may have opened it again
            super()._stopped_receiving()

    @FLUSHRX
    def _flush(self) -> None:
        if self.enabled:
            buffer = self._in = self._in or Buffer(self.soc, self.name, 0x534, self.RXD_PTR, self.RXD_MAXCNT)
            self._arrived()
            if self._in is buffer:
                self._end_rx()
