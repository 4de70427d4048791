"""TWI: the legacy byte interface of a two-wire master (nRF52840 PS v1.8, section 6.29). Bus and timing: `twi_bus.py`.

STARTTX sends the address, then each byte written to TXD; SCL is held low while TXD is empty, and TXDSENT comes at the
acknowledge. STARTRX sends the address, then reads byte after byte, each announced by RXDREADY; SCL is held low until
RXD has been read (section 6.29.5), so that OVERRUN never comes. BB comes at the boundary before every data byte:
through a shortcut it suspends the master (or stops it) after that byte. A repeated START is SUSPEND, then RESUME and
STARTRX in either order.

Not modelled: what `twi_bus.py` leaves out; RXDREADY comes with the acknowledge and not before it. STOP while suspended
acts at once (the chapter does not say).
"""

from __future__ import annotations

from cmsim.nordic import Event
from cmsim.registers import Register

from .twi_bus import TwoWireMaster


class Twi(TwoWireMaster):
    """TWI0 and TWI1."""

    ENABLED = 5
    STOPS_WHILE_SUSPENDED = True

    RXDREADY = Event(0x108)
    TXDSENT = Event(0x11C)
    BB = Event(0x138)
    SHORTS = Register(0x200, writable=0x3)
    RXD = Register(0x518, writable=0)
    TXD = Register(0x51C, writable=0xFF)
    shortcuts = {0: (BB, TwoWireMaster.SUSPEND), 1: (BB, TwoWireMaster.STOP)}

    _to_send: int | None = None
    _unread = False

    def _release(self) -> None:
        super()._release()
        self._to_send, self._unread = None, False

    @TXD.on_write
    def _write_byte(self, value: int) -> None:
        if self._pins is not None:
            self._to_send = self.TXD
            self._go()

    @RXD.on_read
    def _read_byte(self) -> int:
        if self._unread:
            self._unread = False
            self._go()
        return self.RXD

    def _next_byte(self) -> None:
        if self._reading:
            if self._unread:
                return
            self._receive()
        elif self._to_send is not None:
            byte, self._to_send = self._to_send, None
            self._send(byte)
        else:
            return
        self.emit(self.BB)

    def _sent(self, acknowledged: bool) -> None:
        if acknowledged:
            self.emit(self.TXDSENT)

    def _received(self, byte: int) -> None:
        self._unread, self.RXD = True, byte
        self.emit(self.RXDREADY)

    def _stopped(self) -> None:
        self._to_send, self._unread = None, False
