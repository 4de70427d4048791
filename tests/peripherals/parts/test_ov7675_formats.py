"""OV7675: every size and format, whole frames byte for byte, against docs/camera.md written out again here.

And the reset value of every register that the data sheets publish.
"""

import numpy as np
import pytest
from cmsim_peripherals.parts.ov7675 import HREF, Ov7675

from cmsim.kernel import Rate, Scheduler

PICTURE = np.random.default_rng(11).integers(0, 256, (480, 640, 3), dtype=np.uint8)
PICTURE[:8, :64] = 255
PICTURE[:8, 64:128] = 0
PICTURE[8:16, :64] = (255, 0, 0)
PICTURE[8:16, 64:128] = (0, 0, 255)

VGA = ((0x17, 158 >> 3), (0x18, 14 >> 3), (0x32, 6 << 3 | 6), (0x19, 14 >> 2), (0x1A, 494 >> 2), (0x03, 0x0A))
QVGA = ((0x17, 168 >> 3), (0x18, 24 >> 3), (0x32, 0x00), (0x19, 12 >> 2), (0x1A, 492 >> 2), (0x03, 0x00))
CIF = ((0x17, 170 >> 3), (0x18, 90 >> 3), (0x32, 2 << 3 | 2), (0x19, 14 >> 2), (0x1A, 494 >> 2), (0x03, 0x0A))
DOWN = ((0x0C, 0x04),)
SIZES = {  # COM7's bits, registers, (width, height), how the array becomes that
    "VGA": (0x00, VGA, (640, 480), "mean"),
    "QVGA": (0x10, QVGA, (320, 240), "mean"),
    "CIF": (0x20, CIF, (352, 288), "nearest"),
    "QCIF": (0x08, VGA, (176, 144), "nearest"),
    "QVGA by DCW": (0x00, (*VGA, *DOWN, (0x3E, 0x19), (0x72, 0x11), (0x73, 0xF1)), (320, 240), "mean"),
    "160 x 240": (0x00, (*VGA, *DOWN, (0x3E, 0x1A), (0x72, 0x22), (0x73, 0xF2)), (160, 240), "mean"),
    "80 x 240": (0x00, (*VGA, *DOWN, (0x3E, 0x1B)), (80, 240), "mean"),
    "without COM3": (0x00, (*VGA[:1], (0x18, 318 >> 3), *VGA[2:], (0x72, 0x22)), (160, 480), "left"),
    "QQVGA": (0x10, (*QVGA, *DOWN, (0x3E, 0x19)), (160, 120), "mean"),
}


def reduced(size):
    _, _, (width, height), how = SIZES[size]
    if how == "left":
        return PICTURE[:, :width].astype(int)
    if how == "nearest":
        return PICTURE[[n * 480 // height for n in range(height)]][:, [n * 640 // width for n in range(width)]].astype(int)
    return PICTURE.reshape(height, 480 // height, width, 640 // width, 3).astype(int).sum((1, 3)) // (480 * 640 // height // width)


def yuv_bytes(rgb, order):
    r, g, b = (rgb[..., n] for n in range(3))
    y = (77 * r + 150 * g + 29 * b + 128) // 256
    u = np.minimum((-43 * r - 85 * g + 128 * b + 128) // 256 + 128, 255)
    v = np.minimum((128 * r - 107 * g - 21 * b + 128) // 256 + 128, 255)
    both = {"u": (u[:, ::2] + u[:, 1::2]) // 2, "v": (v[:, ::2] + v[:, 1::2]) // 2}
    luma = [y[:, ::2], y[:, 1::2]]
    return np.stack([luma.pop(0) if name == "y" else both[name] for name in order], axis=-1).astype(np.uint8).tobytes()


def words(high, low):
    return np.stack((high, low), axis=-1).astype(np.uint8).tobytes()


def grb(rgb):
    other = np.where(np.arange(rgb.shape[1]) % 2 == 0, rgb[..., 0], rgb[..., 2])
    return words(rgb[..., 1], other)


def bayer(rgb):
    result = rgb[..., 1].copy()
    result[::2, ::2] = rgb[::2, ::2, 2]
    result[1::2, 1::2] = rgb[1::2, 1::2, 0]
    return result.astype(np.uint8).tobytes()


FULL = (0x40, 0xC0)
FORMATS = {  # COM7's bits, registers, reference
    "YUYV": (0x00, (FULL, (0x3A, 0x04), (0x3D, 0x88)), lambda p: yuv_bytes(p, "yuyv")),
    "YVYU": (0x00, (FULL, (0x3A, 0x04), (0x3D, 0x89)), lambda p: yuv_bytes(p, "yvyu")),
    "UYVY": (0x00, (FULL, (0x3A, 0x0C), (0x3D, 0x88)), lambda p: yuv_bytes(p, "uyvy")),
    "VYUY": (0x00, (FULL, (0x3A, 0x0C), (0x3D, 0x89)), lambda p: yuv_bytes(p, "vyuy")),
    "RGB565": (0x04, ((0x40, 0xD0),), lambda p: words(p[..., 0] // 8 * 8 + p[..., 1] // 32, p[..., 1] // 4 % 8 * 32 + p[..., 2] // 8)),
    "RGB555": (0x04, ((0x40, 0xF0),), lambda p: words(p[..., 0] // 8 * 4 + p[..., 1] // 64, p[..., 1] // 8 % 8 * 32 + p[..., 2] // 8)),
    "RGB444": (0x04, ((0x40, 0xD0), (0x8C, 2)), lambda p: words(p[..., 0] // 16, p[..., 1] // 16 * 16 + p[..., 2] // 16)),
    "RGBx444": (0x04, ((0x40, 0xD0), (0x8C, 3)), lambda p: words(p[..., 0] // 16 * 16 + p[..., 1] // 16, p[..., 2] // 16 * 16)),
    "RGB444 without COM15[4]": (0x04, (FULL, (0x8C, 2)), grb),
    "GRB 4:2:2": (0x04, ((0x40, 0xE0),), grb),
    "raw Bayer": (0x01, (FULL,), bayer),
    "processed Bayer": (0x05, (FULL,), bayer),
}


def rows_of(com7, registers):
    """Every row that a perfect reader takes from the first frame, and how many bytes are in one."""
    camera = Ov7675(Scheduler(), "camera")
    camera.source = lambda cycle: PICTURE
    for register, value in ((0x12, com7), *registers):
        camera.sccb.write(register, value)
    port = camera.port
    port.set_xclk(Rate.hertz(16_000_000))
    length = 510 * 784 * (1 if com7 & 1 else 2) * 4
    step = 4 * (1 << port.raster.shift)
    taken, at = [], port.next_edge(HREF, 0)
    while at is not None and at < length:
        end = port.next_edge(HREF, at)
        taken.append(bytes(port.sample(0xFF, cycle) & 0xFF for cycle in range(at, end, step)))
        at = port.next_edge(HREF, end)
    assert camera.statistics()["bytes_missed"] == 0
    return taken, len(taken[0]) if taken else 0


def frame_of(com7, registers):
    """All rows of it."""
    return b"".join(rows_of(com7, registers)[0])


def window_registers(hstart, hstop, vstart, vstop):
    return ((0x17, hstart >> 3), (0x18, hstop >> 3), (0x32, (hstop & 7) << 3 | hstart & 7),
            (0x19, vstart >> 2), (0x1A, vstop >> 2), (0x03, (vstop & 3) << 2 | vstart & 3))


@pytest.mark.parametrize("size", SIZES)
def test_every_size(size):
    com7, registers, (width, height), _ = SIZES[size]
    taken = frame_of(com7, (*registers, *FORMATS["YUYV"][1]))
    assert len(taken) == 2 * width * height
    assert taken == yuv_bytes(reduced(size), "yuyv")
    gray = (reduced(size) @ (77, 150, 29) + 128) // 256
    assert taken[::2] == gray.astype(np.uint8).tobytes()  # what firmware keeps of it as gray


@pytest.mark.parametrize("size", ["QQVGA", "QCIF"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format(form, size):
    com7, registers, reference = FORMATS[form]
    resolution, window, _, _ = SIZES[size]
    assert frame_of(resolution | com7, (*window, *registers)) == reference(reduced(size))


@pytest.mark.parametrize("com15, low, high", [(0x10, 16, 240), (0x50, 16, 240), (0x90, 1, 254), (0xD0, 0, 255)])
def test_output_ranges(com15, low, high):
    values = np.frombuffer(frame_of(0x00, (*SIZES["QQVGA"][1], (0x40, com15), (0x3A, 0x04))), np.uint8)[::2]
    assert (values.min(), values.max()) == (low, high)


ARDUINO = {  # what Arduino_OV767X writes for the OV7675: COM7, COM14, window; what it reads; the part of the array that is
    "QVGA": (0x10, None, (168, 24, 12, 492), (320, 240), (slice(0, 480), slice(0, 640))),
    "QCIF": (0x00, 0x11, (250, 24, 120, 180), (176, 144), (slice(106, 394), slice(92, 444))),
    "QQVGA": (0x00, 0x1A, (180, 36, 138, 490), (160, 120), (slice(124, 364), slice(22, 662))),
}


@pytest.mark.parametrize("size", ARDUINO)
def test_windows_of_the_arduino_library(size):
    com7, com14, window, (width, height), (rows, columns) = ARDUINO[size]
    registers = [*window_registers(*window), *FORMATS["YUYV"][1]]
    if com14 is not None:
        registers += [*DOWN, (0x3E, com14)]
    sent, per_row = rows_of(com7, registers)
    assert len(sent) >= height and per_row >= 2 * width
    read = np.array([list(row[: 2 * width]) for row in sent[:height]], np.uint8)
    padded = np.pad(PICTURE, ((0, 0), (0, 64), (0, 0)))[rows, columns].astype(int)
    ny, nx = padded.shape[0] // height, padded.shape[1] // width
    blocks = padded.reshape(height, ny, width, nx, 3).sum((1, 3)) // (nx * ny)
    assert (read[:, ::2] == (blocks @ (77, 150, 29) + 128) // 256).all()


def test_down_sampled_rows_go_on_to_the_end_of_the_array():
    for vstart, rows in ((14, 240), (62, 216), (490, 2), (494, 0), (500, 0)):
        sent, _ = rows_of(0x00, [*window_registers(158, 14, vstart, vstart), *DOWN, (0x3E, 0x1A)])
        assert len(sent) == rows


WINDOWS = [  # HSTART, HSTOP, VSTRT, VSTOP
    (158, 14, 14, 18), (286, 670, 62, 64), (150, 6, 490, 498), (166, 22, 10, 16), (158, 158 + 16, 10, 504),
    (700, 60, 400, 404), (4, 84, 14, 16), (136, 776, 12, 15), (158, 14, 494, 14), (158, 158, 14, 494),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_window_shows_its_part_of_the_array_and_black_beyond(window):
    hstart, hstop, vstart, vstop = window
    registers = (*window_registers(*window), (0x40, 0xD0))
    width, height = (hstop - hstart) % 784, max(0, vstop - vstart)
    padded = np.zeros((1600, 2400, 3), np.uint8)
    padded[500:980, 800:1440] = PICTURE
    left, top = 800 + (hstart if hstart >= 14 else hstart + 784) - 158, 500 + vstart - 14  # 144 pixels are blank
    seen = padded[top : top + height, left : left + width].astype(int)
    if width == 0:
        seen = seen[:0]
    assert frame_of(0x04, registers) == FORMATS["RGB565"][2](seen)


# --- reset values: OmniVision OV7670 data sheet 1.4, Table 5 ----------------------------------------------------

RESETS = {0x00: """
00 80 80 00 00 00 00 00 00 01 76 73 00 00 01 43
40 80 00 8F 4A 00 .. 11 61 03 7B 00 7F A2 01 00
04 02 01 00 75 63 D4 80 80 .. 00 00 80 00 00 00
08 30 80 08 11 .. .. 3F 01 00 0D 00 68 88 00 00
C0 08 00 14 F0 45 61 51 79 .. .. 00 00 .. .. 40
34 0C 17 29 40 00 40 80 1E .. .. .. .. .. .. ..
.. .. 00 00 50 30 00 80 80 00 00 0A 02 55 C0 9A
3A 35 11 00 00 0F 01 10 .. .. 24 04 07 10 28 36
44 52 60 6C 78 8C 9E BB D2 E5 .. .. 00 .. .. ..
.. .. 00 00 50 50 .. .. .. .. .. .. .. 99 7F C0
90 .. 02 .. 00 0F F0 C1 F0 C1 14 0F 00 80 80 80
.. 00 .. 80 .. 04 .. .. .. .. .. .. .. .. 00 00
00 00 .. .. .. .. .. .. .. C0
"""}


def test_every_published_reset_value():
    """In rows of 16 from register 0; what the data sheet calls reserved is left out. VER is that of the OV7675."""
    sccb = Ov7675(Scheduler(), "camera").sccb
    published = {n: int(text, 16) for n, text in enumerate(RESETS[0].split()) if text != ".."}
    assert len(published) == 149
    assert {n: sccb.read(n) for n in published} == published
    for register in published:
        if register != 0x12:
            sccb.write(register, 0x5A)
    assert sccb.read(0x55) == 0x5A
    sccb.write(0x12, 0x80)
    assert {n: sccb.read(n) for n in published} == published
