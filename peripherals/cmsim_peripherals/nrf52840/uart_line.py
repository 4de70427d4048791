"""The line side that UART and UARTE have in common (nRF52840 PS v1.8, sections 6.33 and 6.34).

A frame is 1 start bit, 8 data bits, the parity bit if CONFIG asks for it and 1 or 2 stop bits; one bit lasts
floor(2**32 / BAUDRATE) periods of 16 MHz, which gives every "actual rate" of the data sheet's table. The far end is the
`SerialPort` "uart0" or "uart1": a byte leaves it at the end of its frame, and only through a connected TXD pin.
Received bytes go through a FIFO of six, of which RTS keeps four free. STOPRX keeps the receiver open for four more
frames and then gives RXTO, also on a disabled block.

Where a wire leads from TXD to an RXD, the frame arrives there as well when it ends, and is sampled in the middle of the
receiver's bits: another baud rate or parity gives other bytes, FRAMING, PARITY or a break, as it does on silicon.

Not modelled: waveforms (TXD idles high for ever, and only a UART hears its frames), so a wrong baud rate or parity of
the far end has no effect; a break of its comes from `receive_break()`. The far end waits politely while the receiver is
off; a CTS that is not connected counts as low. A receiver that is opened during a wired frame hears it whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from cmsim.kernel import CPU_HZ, Alarm
from cmsim.nordic import Event, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import Latched, Register
from cmsim.serial import SerialPort
from cmsim.soc import Soc

from .failing import Failing

CYCLES_PER_16M = 4
"""CPU cycles in a period of the 16 MHz that clocks the peripherals."""
FIFO_DEPTH = 6
FIFO_KEPT_FREE = 4
RXTO_FRAMES = 4
START_TIME = CPU_HZ // 1_000_000
"""tUARTE,START: from STARTTX to the start bit (v1.7, section 6.34.10)."""
EVEN = 7
"""CONFIG.PARITY: included."""


class ErrorSource(IntFlag):
    """ERRORSRC."""

    OVERRUN, PARITY, FRAMING, BREAK = 1, 2, 4, 8


@dataclass(frozen=True)
class Frame:
    """What went over a wire: levels from the start bit to the last stop bit, and the CPU cycles of each."""

    bits: tuple[int, ...]
    bit_cycles: int

    def sampled(self, bit_cycles: int, count: int) -> Iterator[tuple[int, ...]]:
        """What a receiver makes of it that samples `count` bits, each `bit_cycles` long, from each falling edge on.

        Behind the frame the line is high.
        """
        begin, end = 0, len(self.bits)
        while begin < end:
            middles = [begin + (2 * n + 1) * bit_cycles // (2 * self.bit_cycles) for n in range(count)]
            yield tuple(self.bits[at] if at < end else 1 for at in middles)
            begin = middles[-1] + 1
            while begin < end and not (self.bits[begin] == 0 and self.bits[begin - 1] == 1):
                begin += 1


class UartLine(Failing):
    """Shift registers, FIFO, pins and flow control; subclasses move the bytes."""

    ENABLED: ClassVar[int]
    """The value of ENABLE that selects this personality."""

    STORES_BROKEN_FRAMES: ClassVar[bool] = True
    """Whether a byte without a stop bit goes into the FIFO."""

    STOPRX = Task(0x004)
    CTS = Event(0x100)
    NCTS = Event(0x104)
    RXDRDY = Event(0x108)
    TXDRDY = Event(0x11C)
    ERROR = Event(0x124)
    RXTO = Event(0x144)
    ERRORSRC = Latched(0x480)
    ENABLE = Register(0x500, writable=0xF)
    PSEL_RTS = PinSelect(0x508)
    PSEL_TXD = PinSelect(0x50C)
    PSEL_CTS = PinSelect(0x510)
    PSEL_RXD = PinSelect(0x514)
    BAUDRATE = Register(0x524, 0x0400_0000)
    CONFIG = Register(0x56C, writable=0x1F)
    flow_control = CONFIG.bit(0)
    parity = CONFIG.field(3, 1)
    two_stop_bits = CONFIG.bit(4)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._tx = soc.scheduler.alarm(self._frame_sent)
        self._rx = soc.scheduler.alarm(self._frame_received)
        self._rxto = soc.scheduler.alarm(self._receiver_off)
        self._rx_end = 0
        self._shifting: int | None = None
        self._fifo: deque[int] = deque()
        self._receiving = self._ready = self._connected = False
        self._pins: dict[str, Pin | None] = {}
        self._unlisten: Callable[[], None] = lambda: None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off, pins released, FIFO empty."""
        super().reset()
        self._disable()

    @property
    def port(self) -> SerialPort:
        """The channel behind the pins: the last digit of the block's name chooses it."""
        return self.soc.serial_port(f"uart{self.name[-1]}")

    @property
    def enabled(self) -> bool:
        """Whether ENABLE selects this personality."""
        return self.ENABLE == self.ENABLED

    @property
    def bit_cycles(self) -> int:
        """CPU cycles of one bit; 0 while BAUDRATE is 0 and nothing moves."""
        return CYCLES_PER_16M * ((1 << 32) // self.BAUDRATE) if self.BAUDRATE else 0

    @property
    def frame_cycles(self) -> int:
        """CPU cycles of one frame: 10 to 12 bits."""
        return self.bit_cycles * (10 + (self.parity == EVEN) + self.two_stop_bits)

    def _arm(self, alarm: Alarm, frames: int = 1) -> None:
        if self.frame_cycles:
            alarm.after(frames * self.frame_cycles)

    # --- ENABLE and the pins ------------------------------------------------------------------------------

    @ENABLE.on_write
    def _write_enable(self, value: int) -> None:
        if self.enabled and not self._connected:
            self._connect()
            self.port.on_input = self._listen
        elif not self.enabled and self._connected:
            self._disable()

    def _disable(self) -> None:
        """All that was under way is lost, and its events with it."""
        for alarm in (self._tx, self._rx, self._rxto):
            alarm.cancel()
        self._shifting = None
        self._fifo.clear()
        self._receiving = self._ready = False
        if self._connected:
            self._disconnect()
            self.port.on_input = lambda: None

    @PSEL_RTS.on_write
    @PSEL_TXD.on_write
    @PSEL_CTS.on_write
    @PSEL_RXD.on_write
    def _select_pin(self, value: int) -> None:
        if self._connected:
            self._disconnect()
            self._connect()
            self._listen()

    def _connect(self) -> None:
        self._connected = True
        psel = {"RTS": self.PSEL_RTS, "TXD": self.PSEL_TXD, "CTS": self.PSEL_CTS, "RXD": self.PSEL_RXD}
        self._pins = {signal: self.soc.pins.selected(value) for signal, value in psel.items()}
        for pin in filter(None, self._pins.values()):
            pin.claim(self.name)
        if txd := self._pins["TXD"]:
            txd.drive(self.name, True)
        if rxd := self._pins["RXD"]:
            rxd.hear(self.name, self._hear)
        if cts := self._pins["CTS"]:
            self._unlisten = cts.line.listen(self._cts_changed)
        self._drive_rts()

    def _disconnect(self) -> None:
        self._connected = False
        self._unlisten()
        self._unlisten = lambda: None
        for pin in filter(None, self._pins.values()):
            pin.release(self.name)
        self._pins = {}

    @CONFIG.on_write
    def _configure(self, value: int) -> None:
        self._drive_rts()

    def _set_ready(self, ready: bool) -> None:
        self._ready = ready
        self._drive_rts()

    def _drive_rts(self) -> None:
        if rts := self._pins.get("RTS"):
            rts.drive(self.name, not (self.flow_control and self._ready))

    # --- transmitter --------------------------------------------------------------------------------------

    @property
    def _held_by_cts(self) -> bool:
        cts = self._pins.get("CTS")
        return bool(self.flow_control) and cts is not None and cts.level

    def _transmit(self, byte: int, wait: int = 0) -> None:
        """Start the frame of `byte` in `wait` cycles, or hold it until CTS is low."""
        self._shifting = byte
        if not self._held_by_cts and self.frame_cycles:
            self._tx.after(wait + self.frame_cycles)

    def _frame_sent(self) -> None:
        byte, self._shifting = self._shifting, None
        if (txd := self._pins.get("TXD")) and byte is not None:
            if txd.net is not None:
                txd.tell(self._frame(byte))
            self.port.transmit(bytes((byte,)))
        self._sent()

    def _frame(self, byte: int) -> Frame:
        data = [byte >> n & 1 for n in range(8)]
        parity = [sum(data) & 1] if self.parity == EVEN else []
        return Frame((0, *data, *parity, 1, *[1] * self.two_stop_bits), self.bit_cycles)

    def _sent(self) -> None:
        """The frame is out: emit TXDRDY and go on."""
        raise NotImplementedError

    def _cts_changed(self, high: bool) -> None:
        if not high and self._shifting is not None and not self._tx.armed:
            self._arm(self._tx)
        self.emit(self.NCTS if high else self.CTS)

    # --- receiver -----------------------------------------------------------------------------------------

    def _open_receiver(self) -> None:
        """STARTRX: also takes back a STOPRX whose RXTO has not come."""
        self._rxto.cancel()
        self._receiving = True
        if not self._fifo:
            self._set_ready(True)
        self._listen()

    @STOPRX
    def _stop_receiver(self) -> None:
        if not self._rxto.armed:
            self._set_ready(False)
            self._arm(self._rxto, RXTO_FRAMES)

    def _receiver_off(self) -> None:
        if self._rx.armed and self._rx_end == self.scheduler.now:
            self._rx.cancel()
            self._frame_received()
        self._rx.cancel()
        self._receiving = False
        self._stopped_receiving()

    def _stopped_receiving(self) -> None:
        """The receiver has come to a stop: emit RXTO."""
        self.emit(self.RXTO)

    def _listen(self) -> None:
        """Let the far end's next frame begin, if it has one and may send it."""
        may_send = self._ready or not self.flow_control
        if (
            self._receiving
            and may_send
            and not self._rx.armed
            and self._pins.get("RXD")
            and self.frame_cycles
            and self.port.waiting
        ):
            self._rx_end = self.scheduler.now + self.frame_cycles
            self._rx.at(self._rx_end)

    def _frame_received(self) -> None:
        byte = self.port.take()
        if byte is not None:
            self._push(byte)
        self._listen()

    def _hear(self, frame: object) -> None:
        """A frame has come over a wire."""
        if not (isinstance(frame, Frame) and self._receiving and self.bit_cycles):
            return
        parity = self.parity == EVEN
        for bits in frame.sampled(self.bit_cycles, 10 + parity):
            byte = sum(bit << n for n, bit in enumerate(bits[1:9]))
            errors = ErrorSource(0)
            if parity and sum(bits[1:10]) & 1:
                errors |= ErrorSource.PARITY
            if not bits[-1]:
                errors |= ErrorSource.FRAMING if any(bits) else ErrorSource.FRAMING | ErrorSource.BREAK
            if errors:
                self._fail(errors)
            if bits[-1] or self.STORES_BROKEN_FRAMES:
                self._push(byte)

    def _push(self, byte: int) -> None:
        if len(self._fifo) == FIFO_DEPTH:
            self._fifo.popleft()
            self._fail(ErrorSource.OVERRUN)
        self._fifo.append(byte)
        self._announce(received=True)
        self._arrived()
        if len(self._fifo) >= FIFO_DEPTH - FIFO_KEPT_FREE:
            self._set_ready(False)

    def _announce(self, *, received: bool) -> None:
        """RXDRDY: a byte has become the oldest of the FIFO, having been received or waited for."""
        if not received or len(self._fifo) == 1:
            self.emit(self.RXDRDY)

    def _arrived(self) -> None:
        """The FIFO has a byte more."""

    def _pop(self) -> int:
        """The oldest byte of the FIFO."""
        byte = self._fifo.popleft()
        if self._fifo:
            self._announce(received=False)
        elif self._receiving and not self._rxto.armed:
            self._set_ready(True)
            self._listen()
        return byte

    def receive_break(self) -> None:
        """The far end holds the line low for longer than a frame."""
        if self._receiving and self._pins.get("RXD"):
            self._fail(ErrorSource.BREAK | ErrorSource.FRAMING)
