"""I2S: inter-IC sound interface (nRF52840 PS v1.8, section 6.11).

As a master the block puts MCK, SCK and LRCK on their pins as clocks (`Pin.drive_clock`): MCK is 32 MHz over the
divider that MCKFREQ names, LRCK is MCK / RATIO, SCK is LRCK times two samples of SWIDTH bits. A buffer of
RXTXD.MAXCNT words lasts as many LRCK periods as it holds frames; at its start the pointers are taken over and
TXPTRUPD and RXPTRUPD come.

The samples go by buffers: `on_transmit` hears each one that leaves on SDOUT, `receive(n)` gives the n bytes that come
in on SDIN (silence, unless something is connected; what leaves on SDOUT, if a wire leads there). A STOP acts with the
frame that it falls in.

Not modelled: the slave mode (nothing clocks the block: START then only takes over the pointers), waveforms of SDIN and
SDOUT, ALIGN and FORMAT, which move bits on the wire only; the time between START and the first edge. An MCKFREQ that no
table names acts as the divider that is nearest to its value.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import Rate
from cmsim.nordic import Event, PinSelect, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .switched import Switched

DIVIDERS = {
    0x8000_0000: 2,
    0x5000_0000: 3,
    0x4000_0000: 4,
    0x3000_0000: 5,
    0x2800_0000: 6,
    0x2000_0000: 8,
    0x1800_0000: 10,
    0x1600_0000: 11,
    0x1100_0000: 15,
    0x1000_0000: 16,
    0x0C00_0000: 21,
    0x0B00_0000: 23,
    0x0880_0000: 30,
    0x0840_0000: 31,
    0x0800_0000: 32,
    0x0600_0000: 42,
    0x0410_0000: 63,
    0x020C_0000: 125,
}
"""CONFIG.MCKFREQ -> what divides 32 MHz."""
RATIOS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
"""CONFIG.RATIO -> MCK periods in one LRCK period."""
WIDTHS = (8, 16, 24, 24)
CYCLES_PER_32MHZ = 2


class I2s(Switched):
    """I2S."""

    undocumented = frozenset({0x038, 0x03C})  # anomaly 194: written at STOP, to switch everything off

    START = Task(0x000)
    STOP = Task(0x004)
    RXPTRUPD = Event(0x104)
    STOPPED = Event(0x108)
    TXPTRUPD = Event(0x114)
    CONFIG_MODE = Register(0x504, writable=0x1)
    CONFIG_RXEN = Register(0x508, writable=0x1)
    CONFIG_TXEN = Register(0x50C, 0x1, writable=0x1)
    CONFIG_MCKEN = Register(0x510, 0x1, writable=0x1)
    CONFIG_MCKFREQ = Register(0x514, 0x2000_0000)
    CONFIG_RATIO = Register(0x518, 0x6, writable=0xF)
    CONFIG_SWIDTH = Register(0x51C, 0x1, writable=0x3)
    CONFIG_ALIGN = Register(0x520, writable=0x1)
    CONFIG_FORMAT = Register(0x524, writable=0x1)
    CONFIG_CHANNELS = Register(0x528, writable=0x3)
    RXD_PTR = Register(0x538)
    TXD_PTR = Register(0x540)
    RXTXD_MAXCNT = Register(0x550, writable=0x3FFF)
    PSEL_MCK = PinSelect(0x560)
    PSEL_SCK = PinSelect(0x564)
    PSEL_LRCK = PinSelect(0x568)
    PSEL_SDIN = PinSelect(0x56C)
    PSEL_SDOUT = PinSelect(0x570)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._buffer_end = soc.scheduler.alarm(self._next_buffer)
        self._stop_end = soc.scheduler.alarm(self._stopped)
        self.on_transmit: Callable[[bytes], None] = lambda data: None
        self.receive: Callable[[int], bytes] = bytes
        self._clocked: list[int] = []
        self._running = False
        self._receiving: int | None = None
        self._origin = self._size = 0
        self._sent = b""
        """What leaves during this buffer."""
        super().__init__(soc, name, base)

    # --- clocks -----------------------------------------------------------------------------------------------

    @property
    def mck(self) -> Rate:
        """The master clock."""
        frequency = self.CONFIG_MCKFREQ
        nearest = min(DIVIDERS, key=lambda known: abs(known - frequency))
        return Rate(DIVIDERS[nearest] * CYCLES_PER_32MHZ)

    @property
    def frame(self) -> int:
        """CPU cycles in one LRCK period."""
        return self.mck.cycles * RATIOS[min(self.CONFIG_RATIO, len(RATIOS) - 1)]

    @property
    def _frame_bits(self) -> int:
        return 2 * WIDTHS[self.CONFIG_SWIDTH]

    @property
    def _buffer_cycles(self) -> int:
        samples_per_word = (4, 2, 1, 1)[self.CONFIG_SWIDTH]
        samples_per_frame = 1 if self.CONFIG_CHANNELS else 2
        return max(1, self.RXTXD_MAXCNT * samples_per_word * self.frame // samples_per_frame)

    def _drive_clocks(self) -> None:
        clocks = [(self.PSEL_SCK, Rate(self.frame, self._frame_bits)), (self.PSEL_LRCK, Rate(self.frame))]
        if self.CONFIG_MCKEN:
            clocks.append((self.PSEL_MCK, self.mck))
        for psel, rate in clocks:
            if pin := self.soc.pins.selected(psel):
                pin.claim(self.name)
                pin.drive_clock(self.name, rate)
                self._clocked.append(psel)

    # --- tasks ------------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if not self.ENABLE or self._running:
            return
        self._running, self._origin = True, self.scheduler.now
        if not self.CONFIG_MODE:
            self._drive_clocks()
        self._take_over()

    @STOP
    def _stop(self) -> None:
        if self._running:
            passed = self.scheduler.now - self._origin
            self._stop_end.at(self._origin + -(-passed // self.frame) * self.frame)
        else:
            self.emit(self.STOPPED)

    # --- buffers ----------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """A buffer begins: PTR and MAXCNT are taken over, and may be written again."""
        self._size = 4 * self.RXTXD_MAXCNT
        self._receiving = self.RXD_PTR if self.CONFIG_RXEN and self._size else None
        if self.CONFIG_MODE == 0 and self._size:
            self._buffer_end.after(self._buffer_cycles)
        self._sent = b""
        if self.CONFIG_TXEN and self._size:
            try:
                self._sent = self.soc.dma_read(self.TXD_PTR, self._size)
                self.on_transmit(self._sent)
            except BusError:
                self._report(0x540, self.TXD_PTR)
        if self.CONFIG_RXEN:
            self.emit(self.RXPTRUPD)
        if self.CONFIG_TXEN:
            self.emit(self.TXPTRUPD)

    def _next_buffer(self) -> None:
        self._store()
        self._take_over()

    def _store(self) -> None:
        """What came in while this buffer lasted."""
        if self._receiving is None:
            return
        try:
            self.soc.dma_write(self._receiving, self._received())
        except BusError:
            self._report(0x538, self._receiving)

    def _received(self) -> bytes:
        sdin, sdout = map(self.soc.pins.selected, (self.PSEL_SDIN, self.PSEL_SDOUT))
        if sdin is not None and sdin.joins(sdout):
            return self._sent.ljust(self._size, b"\0")
        return self.receive(self._size)

    def _report(self, register: int, pointer: int) -> None:
        place = f"EasyDMA at 0x{pointer:08x}, outside data RAM: place the buffer in RAM; this"
        self.soc.report_unmodelled(self.name, register, place)

    def _stopped(self) -> None:
        self._halt()
        self.emit(self.STOPPED)

    def _halt(self) -> None:
        self._buffer_end.cancel()
        self._stop_end.cancel()
        for psel in self._clocked:
            if pin := self.soc.pins.selected(psel):
                pin.drive_clock(self.name, None)
                pin.release(self.name)
        self._clocked = []
        self._running, self._receiving = False, None
        self._origin = self._size = 0
