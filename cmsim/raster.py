"""Waves and ports as tables: what native code needs to answer a read of GPIO IN (cmsim/cortex_m/_waves.c).

A part whose wires are a raster (lines and frames of bytes with a pixel clock) keeps a `Raster` true; a GPIO port keeps
an `InputPort`. Neither needs native code: without it nobody looks at them.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterable
from enum import IntEnum


class RasterState(IntEnum):
    """Whether levels follow from the table: not at all, the same for ever, or as it says."""

    ASK, STILL, RUNS = range(3)


class Raster(ct.Structure):
    """D0-D7, PCLK, HREF and VSYNC (wires 0 to 10) as functions of time: `struct raster`, which has the meanings."""

    origin: int
    frame: int
    data: int | None
    rows: int | None
    state: int
    numerator: int
    denominator: int
    line_slots: int
    frame_lines: int
    first: int
    row_slots: int
    shift: int
    vsync_lines: int
    gated: int
    inverted: int
    bytes_read: int
    first_byte: int
    last_byte: int
    span: int

    _fields_ = [
        ("origin", ct.c_uint64),
        ("frame", ct.c_uint64),
        ("data", ct.c_void_p),
        ("rows", ct.c_void_p),
        ("state", ct.c_uint32),
        ("numerator", ct.c_uint32),
        ("denominator", ct.c_uint32),
        ("line_slots", ct.c_uint32),
        ("frame_lines", ct.c_uint32),
        ("first", ct.c_uint32),
        ("row_slots", ct.c_uint32),
        ("shift", ct.c_uint32),
        ("vsync_lines", ct.c_uint32),
        ("gated", ct.c_uint32),
        ("inverted", ct.c_uint32),
        ("bytes_read", ct.c_uint32),
        ("first_byte", ct.c_uint32),
        ("last_byte", ct.c_uint32),
        ("span", ct.c_uint32),
        ("line", ct.c_uint32),
        ("row", ct.c_int32),
        ("start", ct.c_uint64),
        ("line_frame", ct.c_uint64),
    ]


NO_BYTE = 0xFFFF_FFFF
"""`Raster.last_byte` before any was read."""
NO_FRAME = (1 << 64) - 1
"""`Raster.frame` before a picture was taken."""


class InputPort(ct.Structure):
    """What a port reads: `struct input_port`. `known` = 0 makes Python answer, which then fills it in again."""

    offset: int
    known: int
    levels: int
    wires: int
    count: int
    wire: ct.Array[ct.c_uint8]
    pin: ct.Array[ct.c_uint8]

    _fields_ = [
        ("offset", ct.c_uint32),
        ("known", ct.c_uint32),
        ("levels", ct.c_uint32),
        ("wires", ct.c_uint32),
        ("count", ct.c_uint32),
        ("wire", ct.c_uint8 * 32),
        ("pin", ct.c_uint8 * 32),
        ("raster", ct.POINTER(Raster)),
    ]

    def fill(self, levels: int, raster: Raster, wires: Iterable[tuple[int, int]]) -> None:
        """From now on the port reads `levels`, and at each pin the wire of `raster` that drives it: (wire, pin)."""
        self.levels, self.raster, self.wires, self.count = levels, ct.pointer(raster), 0, 0
        for wire, pin in wires:
            self.wire[self.count], self.pin[self.count] = wire, pin
            self.wires |= 1 << wire
            self.count += 1
        self.known = 1
