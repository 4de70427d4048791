"""UART: the legacy byte interface of UARTE0 (nRF52840 PS v1.8, section 6.33). The line itself is `uart_line.py`.

STARTTX opens the transmitter, each write of TXD sends a byte, and TXDRDY says that it is out. STOPTX cuts the frame on
the wire; SUSPEND lets it end and stops the receiver as well. RXD holds the oldest byte of the FIFO: reading it moves
the next one up, with another RXDRDY.

Not modelled: what `uart_line.py` leaves out. A TXD written while a byte is on the wire waits for its turn (one byte), a
TXD written while the transmitter is stopped is lost.
"""

from __future__ import annotations

from cmsim.nordic import Task
from cmsim.registers import Register

from .uart_line import UartLine


class Uart(UartLine):
    """UART0."""

    ENABLED = 4

    STARTRX = Task(0x000)
    STARTTX = Task(0x008)
    STOPTX = Task(0x00C)
    SUSPEND = Task(0x01C)
    SHORTS = Register(0x200, writable=0x18)
    RXD = Register(0x518, writable=0)
    TXD = Register(0x51C, writable=0)
    CONFIG = Register(0x56C, writable=0xF)
    shortcuts = {3: (UartLine.CTS, STARTRX), 4: (UartLine.NCTS, UartLine.STOPRX)}

    _sending = False
    _waiting: int | None = None

    def _disable(self) -> None:
        super()._disable()
        self._sending, self._waiting = False, None

    @CONFIG.on_write
    def _configure_line(self, value: int) -> None:
        self._drive_rts()

    @STARTRX
    def _start_receiver(self) -> None:
        if self.enabled:
            self._open_receiver()

    @RXD.on_read
    def _read_byte(self) -> int:
        if self._fifo:
            self.RXD = self._pop()
        return self.RXD

    @STARTTX
    def _start_transmitter(self) -> None:
        self._sending = self.enabled

    @TXD.on_write
    def _write_byte(self, value: int) -> None:
        if not self._sending:
            return
        if self._shifting is None:
            self._transmit(value & 0xFF)
        else:
            self._waiting = value & 0xFF

    def _sent(self) -> None:
        if self._waiting is not None and self._sending:
            self._transmit(self._waiting)
        self._waiting = None
        self.emit(self.TXDRDY)

    @STOPTX
    def _stop_transmitter(self) -> None:
        self._tx.cancel()
        self._sending, self._shifting, self._waiting = False, None, None

    @SUSPEND
    def _suspend(self) -> None:
        self._sending, self._waiting = False, None
        if not self._tx.armed:
            self._shifting = None
        self._stop_receiver()
