"""OV7675 picture path: from a scene of 640 x 480 pixels to the bytes on D0-D7 (OV7670 data sheet 1.4, "Image array"
to "Digital video port"; colour: ITU-R BT.601).

docs/camera.md states every step. What the data sheet leaves open is settled so:
- The array's first pixel is at HSTART 158, VSTRT 14; with COM7's QVGA at 168, 12 and CIF at 170, 14, because the data
  path is longer by so much (the windows that drivers use). What a window shows beyond the array is black.
- QVGA (COM7) and down-sampling (COM3[2], COM14) take the mean of each block of pixels, rounded down; CIF and QCIF the
  nearest pixel.
- Down-sampling takes two lines to a row, and as many columns to a pixel as COM14 divides PCLK by; rows go on to the end
  of the array, whatever VSTOP says. (Users report of the OV7675 that SCALING_DCWCTR does nothing, that pictures reduced
  by 4 are stretched, and windows that work have VSTOP in their midst.)
- PCLK runs at half its rate for QVGA, CIF and QCIF of COM7, otherwise as COM14 divides it. (The implementation guide's
  manual settings for these sizes divide by 2, and the windows that drivers found have 704 pixel periods for the 352
  pixels of CIF as they have 640 for the 320 of QVGA.)

Not modelled: the Bayer mosaic's own interpolation (RGB and YUV see full colour), lens, noise, the digital zoom
SCALING_XSC and SCALING_YSC (COM3[3] is stored).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ov7675_registers import Settings

WIDTH, HEIGHT = 640, 480
LINE_PIXELS, FRAME_LINES = 784, 510
BLANK = LINE_PIXELS - WIDTH
Pixels = NDArray[np.uint8]
CIF, QVGA, QCIF, RGB, BAYER = 0x20, 0x10, 0x08, 0x04, 0x01
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))


@dataclass(frozen=True)
class Geometry:
    """Size of the output and where in the array it comes from."""

    width: int
    height: int
    left: int
    top: int
    step_x: tuple[int, int]
    """Array pixels for an output pixel, as a fraction."""
    step_y: tuple[int, int]
    pclk_divider: int
    bytes_per_pixel: int

    @classmethod
    def of(cls, settings: Settings) -> Geometry:
        """What `settings` ask for; a window without pixels gives a size of 0."""
        com7 = settings.com7
        hstart, hstop, vstart, vstop = settings.window
        origin_x, origin_y = (168, 12) if com7 & QVGA else (170, 14) if com7 & CIF else (158, 14)
        left = (hstart - origin_x + BLANK) % LINE_PIXELS - BLANK
        if settings.down is not None:
            vstop = origin_y + HEIGHT
        columns, rows = (hstop - hstart) % LINE_PIXELS, max(0, vstop - vstart)
        down_x, down_y = (1, 1) if settings.down is None else (1 << settings.down, 2)
        divider = 2 if com7 & (QVGA | CIF | QCIF) else 1
        if com7 & QVGA:
            step_x, step_y = (2 * down_x, 1), (2 * down_y, 1)
            width = columns // step_x[0]
        elif com7 & CIF:
            step_x, step_y = (WIDTH, 352), (HEIGHT, 288)
            width, rows = min(columns // 2, 352), min(rows, HEIGHT)
        elif com7 & QCIF:
            step_x, step_y = (WIDTH, 176), (HEIGHT, 144)
            width, rows = min(columns, WIDTH) * 176 // WIDTH, min(rows, HEIGHT)
        else:
            step_x, step_y = (down_x, 1), (down_y, 1)
            width = columns // down_x
        if settings.pclk_divider is not None:
            divider = settings.pclk_divider
        raw = com7 & BAYER
        return cls(
            width,
            rows * step_y[1] // step_y[0],
            left,
            vstart - origin_y,
            step_x,
            step_y,
            divider,
            1 if raw else 2,
        )


def scene(picture: Pixels) -> Pixels:
    """What the lens throws on the array: `picture` (h, w, 3) cut to 4:3 about its centre, nearest pixel, 480 x 640."""
    height, width = picture.shape[:2]
    if width * 3 > height * 4:
        wanted = max(1, height * 4 // 3)
        first = (width - wanted) // 2
        picture = picture[:, first : first + wanted]
    else:
        wanted = max(1, width * 3 // 4)
        first = (height - wanted) // 2
        picture = picture[first : first + wanted]
    height, width = picture.shape[:2]
    rows, columns = np.arange(HEIGHT) * height // HEIGHT, np.arange(WIDTH) * width // WIDTH
    return np.ascontiguousarray(picture[rows[:, None], columns])


def pattern(kind: int) -> Pixels:
    """Test pattern 1 (shifting 1), 2 (eight bars) or 3 (bars fading to gray) in place of the scene."""
    columns = np.arange(WIDTH)
    if kind == 1:
        value = (1 << columns % 8).astype(np.uint8)
        return np.repeat(np.broadcast_to(value, (HEIGHT, WIDTH))[..., None], 3, axis=2)
    bars = np.array(BARS, dtype=np.int64)[columns // (WIDTH // 8)]
    shown = np.broadcast_to(bars, (HEIGHT, WIDTH, 3))
    if kind == 3:
        row = np.arange(HEIGHT)[:, None, None]
        shown = (shown * (HEIGHT - 1 - row) + 128 * row) // (HEIGHT - 1)
    return shown.astype(np.uint8)


def resample(array: Pixels, geometry: Geometry) -> Pixels:
    """Cut the window out of the array (480, 640, 3) and reduce it to (height, width, 3)."""
    g = geometry
    mean = g.step_x[1] == 1 and g.step_y[1] == 1
    nx, ny = (g.step_x[0], g.step_y[0]) if mean else (1, 1)
    columns = g.left + np.arange(g.width * nx) * (1 if mean else g.step_x[0]) // g.step_x[1]
    rows = g.top + np.arange(g.height * ny) * (1 if mean else g.step_y[0]) // g.step_y[1]
    inside = ((rows >= 0) & (rows < HEIGHT))[:, None] & ((columns >= 0) & (columns < WIDTH))
    cut = array[rows.clip(0, HEIGHT - 1)[:, None], columns.clip(0, WIDTH - 1)] * inside[..., None].astype(np.uint8)
    if not mean:
        return np.asarray(cut, dtype=np.uint8)
    blocks = cut.reshape(g.height, ny, g.width, nx, 3).astype(np.uint32)
    return np.asarray(blocks.sum(axis=(1, 3)) // (nx * ny), dtype=np.uint8)


def yuv(rgb: Pixels) -> NDArray[np.int64]:
    """BT.601 full range in integers: (..., 3) red, green, blue to (..., 3) Y, U, V."""
    r, g, b = (rgb[..., n].astype(np.int64) for n in range(3))
    y = 77 * r + 150 * g + 29 * b + 128 >> 8
    u = (-43 * r - 85 * g + 128 * b + 128 >> 8) + 128
    v = (128 * r - 107 * g - 21 * b + 128 >> 8) + 128
    return np.stack((y, u, v), axis=-1).clip(0, 255)


def encode(rgb: Pixels, settings: Settings) -> bytes:
    """The bytes of the frame (height, width, 3), row after row, in the format of COM7, COM15, TSLB and COM13."""
    height, width = rgb.shape[:2]
    if settings.com7 & BAYER:  # rows B G B G and G R G R
        raw = rgb[..., 1].copy()
        raw[0::2, 0::2] = rgb[0::2, 0::2, 2]
        raw[1::2, 1::2] = rgb[1::2, 1::2, 0]
        return raw.tobytes()
    if settings.com7 & RGB:
        r, g, b = (_ranged(rgb[..., n].astype(np.int64), settings) for n in range(3))
        kind = settings.com15 >> 4 & 3
        if settings.rgb444 & 2:
            red, green, blue = r >> 4, g >> 4, b >> 4
            words = red << 12 | green << 8 | blue << 4 if settings.rgb444 & 1 else red << 8 | green << 4 | blue
        elif kind == 3:
            words = r >> 3 << 10 | g >> 3 << 5 | b >> 3
        elif kind == 1:
            words = r >> 3 << 11 | g >> 2 << 5 | b >> 3
        else:  # neither 565 nor 555: GRB 4:2:2, green with red and blue in turn
            both = np.where(np.arange(width) % 2 == 0, r, b)
            words = g << 8 | both
        return words.astype(">u2").tobytes()
    values = _ranged(yuv(rgb), settings)
    y, chroma = values[..., 0], values[..., 1:].copy()
    even = width & ~1
    chroma[:, 0:even:2] = chroma[:, 0:even:2] + chroma[:, 1:even:2] >> 1
    chroma[:, 1:even:2] = chroma[:, 0:even:2]
    u_first = not settings.byte_order & 1
    first, second = (chroma[..., 0], chroma[..., 1]) if u_first else (chroma[..., 1], chroma[..., 0])
    other = np.where(np.arange(width) % 2 == 0, first, second)
    pair = (other, y) if settings.byte_order & 2 else (y, other)
    return np.stack(pair, axis=-1).astype(np.uint8).reshape(height, -1).tobytes()


def _ranged(values: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """COM15[7:6]: 11 leaves 0..255, 10 cuts to 1..254, else 16..240 by scaling."""
    kind = settings.com15 >> 6
    if kind == 3:
        return values
    return values.clip(1, 254) if kind == 2 else 16 + values * 224 // 255


def expose(rgb: Pixels, brightness: tuple[int, int]) -> Pixels:
    """Manual gain and exposure: every value times the fraction, cut at 255."""
    numerator, denominator = brightness
    if numerator == denominator:
        return rgb
    return (rgb.astype(np.int64) * numerator // denominator).clip(0, 255).astype(np.uint8)


def tone(rgb: Pixels, tone: tuple[int, int, int]) -> Pixels:
    """Contrast in 64ths about a centre, then brightness, cut to 0..255."""
    contrast, centre, bright = tone
    if contrast == 64 and not bright:
        return rgb
    return ((rgb.astype(np.int64) - centre) * contrast // 64 + centre + bright).clip(0, 255).astype(np.uint8)
