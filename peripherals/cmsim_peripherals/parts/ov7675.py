"""OV7675: a VGA camera with a parallel port (OmniVision OV7670 data sheet 1.4, "Timing specifications" and Table 5).

The registers are in `ov7675_registers.py`, the picture in `ov7675_picture.py`; this file has the pins. They are
functions of time: a byte period is PCLK low, then high, D0-D7 steady; a line lasts 784 pixel periods, a frame 510
lines, VSYNC the first three of them, and row 0 of the array comes with line 20. The pixel clock is XCLK (the wave that
the chip declares on its pin) over CLKRC times DBLV. A change of format, window or clock begins a new frame; the picture
is taken when a frame begins. A row that would run over the end of its line begins so much earlier.

Not modelled: XCLK as single edges (a pin toggled by software has no declared wave and gives no frames), set-up times
and delays between PCLK and data, HSYNC (COM10[6]), VSYNC by COM10[2], rolling shutter, dummy lines and pixels (EXHCH,
DM_LNL), PWDN and RESET pins.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable
from math import gcd
from typing import Any

import numpy as np

from cmsim.kernel import Rate, Scheduler
from cmsim.parts import Part
from cmsim.pins import Pin
from cmsim.raster import NO_BYTE, NO_FRAME, Raster, RasterState
from cmsim.waves import WaveGroup

from . import ov7675_picture as picture
from .ov7675_registers import SCCB_ADDRESS, Sccb, Settings

PCLK, HREF, VSYNC = 8, 9, 10
WIRES = (*(f"D{n}" for n in range(8)), "PCLK", "HREF", "VSYNC")
VSYNC_LINES, FIRST_LINE, FIRST_PIXEL = 3, 20, 72
DATA = 0xFF
Source = Callable[[int], picture.Pixels]
"""CPU cycle -> picture (height, width, 3), red, green, blue."""


def _black(cycle: int) -> picture.Pixels:
    return np.zeros((3, 4, 3), dtype=np.uint8)


class Ov7675(Part):
    """The part; `source` is what it looks at."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.sccb = Sccb()
        self.port = Port(scheduler, name, self.sccb)
        self.source: Source = _black
        self.port.source = self._look
        self.i2c = {SCCB_ADDRESS: self.sccb}
        self.waves = {wire: (self.port, n) for n, wire in enumerate(WIRES)}
        self.inputs = {"XCLK": self._wire_xclk}

    def _look(self, cycle: int) -> picture.Pixels:
        return self.source(cycle)

    def _wire_xclk(self, pin: Pin) -> None:
        pin.on_clock(self.port.set_xclk)
        self.port.set_xclk(pin.clock)

    def power_up(self) -> None:
        """Reset values."""
        self.sccb.reset()
        self.sccb.on_change()

    def statistics(self) -> dict[str, Any]:
        """The `camera` section of the record."""
        return self.port.statistics()


class Port(WaveGroup):
    """D0-D7, PCLK, HREF and VSYNC as functions of time."""

    def __init__(self, scheduler: Scheduler, name: str, sccb: Sccb) -> None:
        super().__init__(scheduler, name, WIRES)
        self.source: Source = _black
        self.fast = DATA | 1 << PCLK
        self._sccb = sccb
        self._xclk: Rate | None = None
        self._halves: tuple[int, int] | None = None
        self._frames = self._frames_read = self._read = self._missed = 0
        self._settings: Settings | None = None
        self.table = self.raster = Raster(last_byte=NO_BYTE, frame=NO_FRAME)
        """Which frame was taken, how many bytes of it were read, and all that native code needs."""
        sccb.on_change = self._update
        self._update()

    def set_xclk(self, period: Rate | None) -> None:
        """The clock at the pin XCLK is another one."""
        self._settle(self.scheduler.now)
        self._xclk = period
        self._restart()

    def _update(self) -> None:
        settings = self._sccb.settings
        if settings != self._settings:
            if self._settings is not None:
                self._settle(self.scheduler.now)
            self._settings = settings
            self._restart()

    def _restart(self) -> None:
        """A frame begins now, as the registers say."""
        settings = self._settings
        assert settings is not None
        self._origin = self.scheduler.now
        g = self._geometry = picture.Geometry.of(settings)
        self._line = picture.LINE_PIXELS * g.bytes_per_pixel
        self._length = self._line * picture.FRAME_LINES
        self._divider = g.pclk_divider
        row_bytes = min(g.width * g.bytes_per_pixel, self._line // self._divider)
        latest = self._line - row_bytes * self._divider
        self._first = min(max(0, FIRST_PIXEL + g.left) * g.bytes_per_pixel, latest)
        self._row_bytes, self._row_length = row_bytes, row_bytes * self._divider
        self._pitch = g.width * g.bytes_per_pixel
        lines = [FIRST_LINE + g.top + row * g.step_y[0] // g.step_y[1] for row in range(g.height)]
        self._rows = {line: row for row, line in enumerate(lines) if VSYNC_LINES <= line < picture.FRAME_LINES}
        com10 = settings.com10
        self._inverted = (com10 >> 4 & 1) << PCLK | (com10 >> 3 & 1) << HREF | (com10 >> 1 & 1) << VSYNC
        self._gated = bool(settings.com10 & 0x20)
        self._halves = None
        if self._xclk is not None:
            ticks = 2 * self._xclk.ticks * settings.clock[0]
            cycles = self._xclk.cycles * settings.clock[1]
            common = gcd(ticks, cycles)
            self._halves = ticks // common, cycles // common
        self._tabulate()
        self.changed()

    def _tabulate(self) -> None:
        """The same for native code."""
        table = self.table
        table.frame, table.span, table.state = NO_FRAME, 0, RasterState.STILL
        table.inverted = self._inverted
        if self._halves is None:
            return
        offsets = [self._rows.get(line, -1) for line in range(picture.FRAME_LINES)]
        self._offsets = np.array([row * self._pitch if row >= 0 else -1 for row in offsets], np.int32)
        table.rows = self._offsets.ctypes.data
        table.origin, (table.numerator, table.denominator) = self._origin, self._halves
        table.line_slots, table.frame_lines = self._line, picture.FRAME_LINES
        table.first, table.row_slots, table.shift = self._first, self._row_length, self._divider.bit_length() - 1
        table.vsync_lines, table.gated = VSYNC_LINES, self._gated
        table.state = RasterState.RUNS if max(self._halves) < 1 << 32 else RasterState.ASK

    # --- levels ---------------------------------------------------------------------------------------------

    def levels(self, cycle: int) -> int:
        """D0-D7 in bits 0-7, PCLK, HREF and VSYNC above."""
        if self._halves is None:
            return self._inverted
        half = (cycle - self._origin) * self._halves[0] // self._halves[1]
        frame, place = divmod(half >> 1, self._length)
        line, slot = divmod(place, self._line)
        place = slot - self._first
        row = self._rows.get(line)
        if row is not None and 0 <= place < self._row_length:
            if frame != self.table.frame:
                self._begin(frame)
            byte = self._data[row * self._pitch + place // self._divider]
            pclk = (2 * place + (half & 1)) // self._divider & 1
            return (byte | pclk << PCLK | 1 << HREF) ^ self._inverted
        level = (line < VSYNC_LINES) << VSYNC
        if not self._gated:
            level |= ((2 * place + (half & 1)) // self._divider & 1) << PCLK
        return level ^ self._inverted

    def sample(self, wires: int, cycle: int) -> int:
        """As `levels`; a look at the data wires during HREF takes the byte that is there."""
        levels = self.levels(cycle)
        if wires & DATA and (levels ^ self._inverted) >> HREF & 1 and self._halves is not None:
            self._count(cycle)
        return levels

    def next_edge(self, wire: int, cycle: int) -> int | None:
        """The next cycle at which `wire` may change."""
        if self._halves is None:
            return None
        half = (cycle - self._origin) * self._halves[0] // self._halves[1]
        if wire == PCLK or wire < PCLK:
            return self._moment(half + 1)
        frame, place = divmod(half >> 1, self._length)
        if wire == VSYNC:
            end = VSYNC_LINES * self._line
            return self._moment(2 * (frame * self._length + (end if place < end else self._length)))
        for line in range(place // self._line, picture.FRAME_LINES):
            start = line * self._line + self._first
            for edge in (start, start + self._row_length):
                if line in self._rows and self._row_length and place < edge:
                    return self._moment(2 * (frame * self._length + edge))
        if not self._rows or not self._row_length:
            return None
        edge = min(self._rows) * self._line + self._first
        return self._moment(2 * ((frame + 1) * self._length + edge))

    def _moment(self, half: int) -> int:
        assert self._halves is not None
        return self._origin - -half * self._halves[1] // self._halves[0]

    def _begin(self, frame: int) -> None:
        """Take the picture of `frame`."""
        self._end_frame()
        self.table.frame, self.table.last_byte = frame, NO_BYTE
        start = self._moment(2 * frame * self._length)
        sccb, g = self._sccb, self._geometry
        shown = picture.pattern(sccb.test_pattern) if sccb.test_pattern else picture.scene(self.source(start))
        if sccb.MVFP & 0x20:
            shown = shown[:, ::-1]
        if sccb.MVFP & 0x10:
            shown = shown[::-1]
        if not sccb.test_pattern:
            shown = picture.tone(picture.expose(shown, sccb.brightness), sccb.tone)
        assert self._settings is not None
        self._data = picture.encode(picture.resample(shown, g), self._settings)
        self.table.data = ct.cast(ct.c_char_p(self._data), ct.c_void_p).value

    # --- what the record says ---------------------------------------------------------------------------------

    def _count(self, cycle: int) -> None:
        assert self._halves is not None
        slot = (cycle - self._origin) * self._halves[0] // self._halves[1] // 2 % self._length
        line, slot = divmod(slot, self._line)
        byte = self._rows[line] * self._pitch + (slot - self._first) // self._divider
        if byte != self.table.last_byte:
            self.table.last_byte = byte
            if not self.table.bytes_read:
                self.table.first_byte = byte
            self.table.bytes_read += 1

    def _begun(self, cycle: int) -> int:
        """Frames begun since the origin."""
        if self._halves is None:
            return 0
        return (cycle - self._origin) * self._halves[0] // self._halves[1] // 2 // self._length + 1

    def _place(self, byte: int) -> int:
        """How many bytes of the frame were sent before this one of `_data`."""
        row, column = divmod(byte, self._pitch)
        return row * self._row_bytes + column

    @property
    def _lost(self) -> int:
        """Bytes of the present frame, between the first and the last that were read, that were not."""
        table = self.table
        if not table.bytes_read:
            return 0
        return self._place(table.last_byte) - self._place(table.first_byte) + 1 - table.bytes_read

    def _end_frame(self) -> None:
        read = self.table.bytes_read
        if read:
            self._frames_read += 1
            self._read += read
            self._missed += self._lost
        self.table.bytes_read = 0

    def _settle(self, cycle: int) -> None:
        """Account for the time up to now, before the functions of time change."""
        self._frames += self._begun(cycle)
        self._end_frame()

    def statistics(self) -> dict[str, Any]:
        """Frames begun and read (in part), bytes read and missed of those; the clock at PCLK in Hz, or None."""
        read = self.table.bytes_read
        pclk = None
        if self._halves is not None:
            pclk = 64_000_000 * self._halves[0] / (2 * self._halves[1] * self._divider)
        return {
            "frames": self._frames + self._begun(self.scheduler.now),
            "frames_read": self._frames_read + (read > 0),
            "bytes_read": self._read + read,
            "bytes_missed": self._missed + self._lost,
            "width": self._geometry.width,
            "height": self._geometry.height,
            "pclk_hz": pclk,
        }
