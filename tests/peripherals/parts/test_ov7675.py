"""OV7675: registers, picture path and pins, against the figures in docs/camera.md and the OV7670 data sheet."""

import numpy as np
import pytest
from cmsim_peripherals.parts.ov7675 import HREF, PCLK, VSYNC, Ov7675
from cmsim_peripherals.parts.ov7675_picture import BARS, Geometry, resample, scene, yuv

from cmsim.kernel import Rate, Scheduler
from cmsim.pins import Pin
from cmsim.registers import WORD

XCLK = Rate.hertz(16_000_000)
LINE = 784 * 2
FRAME = 510 * LINE
QVGA_WINDOW = ((0x17, 168 >> 3), (0x18, 24 >> 3), (0x32, 0x00), (0x19, 12 >> 2), (0x1A, 492 >> 2), (0x03, 0x00))
VGA_WINDOW = ((0x17, 158 >> 3), (0x18, 14 >> 3), (0x32, 6 << 3 | 6), (0x19, 14 >> 2), (0x1A, 494 >> 2), (0x03, 0x0A))
YUYV = ((0x3A, 0x04), (0x3D, 0x88))
RNG = np.random.default_rng(7)
SMALL = RNG.integers(0, 256, (240, 320, 3), dtype=np.uint8)
FULL = RNG.integers(0, 256, (480, 640, 3), dtype=np.uint8)


@pytest.fixture
def camera():
    part = Ov7675(Scheduler(), "camera")
    part.source = lambda cycle: FULL
    return part


def write(camera, *pairs):
    for register, value in pairs:
        camera.sccb.start(reading=False)
        assert camera.sccb.write_byte(register)
        assert camera.sccb.write_byte(value)
        camera.sccb.stop()


def read(camera, register):
    camera.sccb.start(reading=False)
    camera.sccb.write_byte(register)
    camera.sccb.stop()
    camera.sccb.start(reading=True)
    value = camera.sccb.read_byte()
    camera.sccb.stop()
    return value


def start(camera):
    camera.port.set_xclk(XCLK)


def cycle_of(byte_period):
    return byte_period * 4  # 16 MHz: four cycles


def frame(camera, rows=1000):
    """Every byte that a perfect reader takes from the first frame, up to so many rows."""
    port, taken = camera.port, []
    step = 4 * port._divider
    at = 0
    while len(taken) < rows and (at := port.next_edge(HREF, at)) is not None and at < cycle_of(FRAME):
        if port.levels(at) >> HREF & 1:
            end = port.next_edge(HREF, at)
            taken.append(bytes(port.sample(0xFF, cycle) & 0xFF for cycle in range(at, end, step)))
    camera.scheduler.advance(cycle_of(FRAME) - 1)
    return taken


# --- registers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "register, value",
    [(0x0A, 0x76), (0x0B, 0x73), (0x1C, 0x7F), (0x1D, 0xA2), (0x12, 0x00), (0x11, 0x80), (0x3A, 0x0D), (0x40, 0xC0)],
)
def test_reset_values(camera, register, value):
    assert read(camera, register) == value


def test_identity_is_read_only(camera):
    write(camera, (0x0A, 0), (0x0B, 0))
    assert (read(camera, 0x0A), read(camera, 0x0B)) == (0x76, 0x73)


def test_com7_resets_every_register_also_unnamed_ones(camera):
    write(camera, (0x11, 0x0F), (0xB0, 0x84))
    assert (read(camera, 0x11), read(camera, 0xB0)) == (0x0F, 0x84)
    write(camera, (0x12, 0x80))
    assert (read(camera, 0x11), read(camera, 0xB0), read(camera, 0x12)) == (0x80, 0, 0)


def test_register_number_does_not_advance(camera):
    camera.sccb.start(reading=False)
    camera.sccb.write_byte(0x0A)
    camera.sccb.stop()
    camera.sccb.start(reading=True)
    assert [camera.sccb.read_byte() for _ in range(3)] == [0x76] * 3


# --- formats ----------------------------------------------------------------------------------------------------


def test_rgb565_qvga_is_the_picture_byte_for_byte(camera):
    camera.source = lambda cycle: SMALL
    write(camera, (0x12, 0x14), (0x40, 0xD0), *QVGA_WINDOW)
    start(camera)
    r, g, b = (SMALL[..., n].astype(int) for n in range(3))
    expected = (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype(">u2").tobytes()
    assert b"".join(frame(camera)) == expected


def test_rgb555(camera):
    write(camera, (0x12, 0x04), (0x40, 0xF0), *VGA_WINDOW)
    start(camera)
    r, g, b = (int(v) for v in FULL[0, 0])
    assert frame(camera, 1)[0][:2] == (r >> 3 << 10 | g >> 3 << 5 | b >> 3).to_bytes(2, "big")


@pytest.mark.parametrize(
    "tslb, com13, order", [(0x04, 0x88, "yuyv"), (0x04, 0x89, "yvyu"), (0x0C, 0x88, "uyvy"), (0x0C, 0x89, "vyuy")]
)
def test_yuv_orders(camera, tslb, com13, order):
    write(camera, (0x3A, tslb), (0x3D, com13), *VGA_WINDOW)
    start(camera)
    (y0, u0, v0), (y1, u1, v1) = yuv(FULL[0, :2]).tolist()
    luma, value = [y0, y1], {"u": (u0 + u1) >> 1, "v": (v0 + v1) >> 1}
    assert list(frame(camera, 1)[0][:4]) == [luma.pop(0) if name == "y" else value[name] for name in order]


@pytest.mark.parametrize(
    "colour, expected", [((255, 255, 255), (255, 128, 128)), ((0, 0, 0), (0, 128, 128)), ((255, 0, 0), (77, 85, 255)),
                         ((0, 255, 0), (149, 43, 21)), ((0, 0, 255), (29, 255, 107))]
)
def test_bt601(colour, expected):
    assert tuple(yuv(np.array([colour], dtype=np.uint8))[0]) == expected


def test_reduced_output_range(camera):
    camera.source = lambda cycle: np.full((3, 4, 3), 255, dtype=np.uint8)
    write(camera, (0x40, 0x00), *YUYV, *VGA_WINDOW)
    start(camera)
    assert frame(camera, 1)[0][0] == 240


def test_raw_bayer_is_one_byte_a_pixel_in_bggr(camera):
    write(camera, (0x12, 0x01), *VGA_WINDOW)
    start(camera)
    rows = frame(camera)
    assert [len(rows), len(rows[0])] == [480 * 2, 640]  # a raw frame has half as many PCLK: two fit into this time
    assert (rows[0][0], rows[0][1], rows[1][0], rows[1][1]) == (
        FULL[0, 0, 2], FULL[0, 1, 1], FULL[1, 0, 1], FULL[1, 1, 0])


# --- window, scaling, orientation -----------------------------------------------------------------------------------


def test_down_sampling_is_the_mean_of_blocks(camera):
    write(camera, (0x0C, 0x04), (0x3E, 0x1A), (0x72, 0x22), (0x12, 0x04), (0x40, 0xD0), *VGA_WINDOW)
    start(camera)
    r, g, b = (int(FULL[:2, :4, n].astype(int).sum() // 8) for n in range(3))
    assert frame(camera, 1)[0][:2] == (r >> 3 << 11 | g >> 2 << 5 | b >> 3).to_bytes(2, "big")


def test_a_wrong_window_shows_the_shifted_array_and_black(camera):
    write(camera, *VGA_WINDOW, (0x17, 166 >> 3), (0x18, 22 >> 3), *YUYV)  # eight pixels to the right
    start(camera)
    row = frame(camera, 1)[0]
    assert row[0] == yuv(FULL[0, 8:9])[0, 0]
    assert row[2 * 632 :: 2] == bytes(8)


def test_window_without_rows_gives_no_href(camera):
    write(camera, *VGA_WINDOW, (0x1A, 0))
    start(camera)
    assert frame(camera) == []


@pytest.mark.parametrize("mvfp, pixel", [(0x20, (0, 639)), (0x10, (479, 0)), (0x30, (479, 639))])
def test_mirror_and_flip(camera, mvfp, pixel):
    write(camera, (0x1E, mvfp), *YUYV, *VGA_WINDOW)
    start(camera)
    assert frame(camera, 1)[0][0] == yuv(FULL[pixel][None])[0, 0]


@pytest.mark.parametrize("setting", [(0x71, 0xB5), (0x12, 0x02), (0x42, 0x08)])
def test_colour_bars(camera, setting):
    write(camera, *YUYV, *VGA_WINDOW, setting)
    start(camera)
    expected = yuv(np.array(BARS, dtype=np.uint8))[:, 0]
    assert list(frame(camera, 6)[5][0 : 1280 : 160]) == expected.tolist()


def test_shifting_one(camera):
    """Test_pattern[0] is SCALING_XSC[7], Test_pattern[1] SCALING_YSC[7]."""
    write(camera, *YUYV, *VGA_WINDOW, (0x70, 0xBA))
    start(camera)
    assert list(frame(camera, 1)[0][0:16:2]) == [1, 2, 4, 8, 16, 32, 64, 128]


def test_bars_that_fade_to_gray(camera):
    write(camera, *YUYV, *VGA_WINDOW, (0x70, 0xBA), (0x71, 0xB5), (0x19, 490 >> 2))  # the last four rows
    start(camera)
    assert set(frame(camera, 4)[3]) == {128}


def test_manual_gain_and_exposure(camera):
    camera.source = lambda cycle: np.full((3, 4, 3), 40, dtype=np.uint8)
    write(camera, *YUYV, *VGA_WINDOW, (0x13, 0x00), (0x00, 0x10), (0x10, 255 >> 2), (0x04, 3))
    start(camera)
    assert frame(camera, 1)[0][0] == 40  # twice the gain, half of 510 lines
    write(camera, (0x10, 0), (0x04, 0))
    start(camera)
    assert camera.sccb.brightness[0] == 0


def test_exposure_and_gain_stay_when_the_automatics_are_switched_off(camera):
    camera.source = lambda cycle: np.full((3, 4, 3), 40, dtype=np.uint8)
    write(camera, *YUYV, *VGA_WINDOW, (0x13, 0x00), (0x00, 0x30), (0x10, 0), (0x13, 0x05), (0x13, 0x00))
    assert (read(camera, 0x00), read(camera, 0x10), read(camera, 0x04)) == (0, 510 >> 2, 510 & 3)
    start(camera)
    assert frame(camera, 1)[0][0] == 40


def test_exposure_and_gain_written_before_the_automatics_are_switched_off(camera):
    camera.source = lambda cycle: np.full((3, 4, 3), 40, dtype=np.uint8)
    write(camera, *YUYV, *VGA_WINDOW, (0x13, 0x05), (0x00, 0x10), (0x10, 255 >> 2), (0x04, 3), (0x13, 0x00))
    start(camera)
    assert frame(camera, 1)[0][0] == 40  # twice the gain, half of 510 lines


@pytest.mark.parametrize(
    "bright, contrast, centre, shown",
    [(0x00, 0x40, 0x80, 40), (0x14, 0x40, 0x80, 60), (0x94, 0x40, 0x80, 20), (0xFF, 0x40, 0x80, 0),
     (0x00, 0x20, 0x80, 84), (0x00, 0x80, 0x80, 0), (0x00, 0x80, 0x14, 60), (0x0A, 0x20, 0x14, 40)],
)  # fmt: skip
def test_brightness_and_contrast(camera, bright, contrast, centre, shown):
    camera.source = lambda cycle: np.full((3, 4, 3), 40, dtype=np.uint8)
    write(camera, *YUYV, *VGA_WINDOW, (0x55, bright), (0x56, contrast), (0x57, centre))
    start(camera)
    assert frame(camera, 1)[0][0] == shown


def test_scene_is_cut_to_four_by_three():
    wide = np.zeros((30, 100, 3), dtype=np.uint8)
    wide[:, 30:70] = 9
    assert (scene(wide) == 9).all()
    tall = wide.transpose(1, 0, 2)[:, :, :]
    assert scene(tall).shape == (480, 640, 3)


def test_a_window_left_of_the_array_is_black():
    settings = Ov7675(Scheduler(), "c").sccb.settings
    g = Geometry.of(settings)  # reset: HSTART 136, VSTRT 12
    assert (g.left, g.top, g.width, g.height) == (-22, -2, 640, 480)
    assert not resample(FULL, g)[:2].any() and not resample(FULL, g)[:, :22].any()


# --- pins -------------------------------------------------------------------------------------------------------


def test_no_xclk_no_frames(camera):
    assert camera.port.levels(10**9) == 0
    assert camera.port.next_edge(VSYNC, 0) is None
    assert camera.statistics()["frames"] == 0


def test_xclk_comes_from_the_pin(camera):
    pin = Pin("P0.27")
    camera.inputs["XCLK"](pin)
    pin.drive_clock("I2S", XCLK)
    assert camera.port.next_edge(PCLK, 0) == 2
    pin.drive_clock("I2S", None)
    assert camera.port.next_edge(PCLK, 0) is None


def test_timing_of_a_vga_frame(camera):
    write(camera, *VGA_WINDOW)
    start(camera)
    port = camera.port
    assert port.next_edge(VSYNC, 0) == cycle_of(3 * LINE)
    assert port.next_edge(VSYNC, cycle_of(3 * LINE)) == cycle_of(FRAME)
    first = port.next_edge(HREF, 0)
    assert first // cycle_of(LINE) == 20
    assert port.next_edge(HREF, first) - first == cycle_of(1280)


def test_five_frames_a_second_has_sixteen_cycles_a_byte(camera):
    write(camera, *VGA_WINDOW, (0x11, 0x8F), (0x6B, 0x4A))
    start(camera)
    assert camera.statistics()["pclk_hz"] == 4_000_000
    at = camera.port.next_edge(HREF, 0)
    assert camera.port.levels(at + 7) >> PCLK & 1 == 0
    assert camera.port.levels(at + 8) >> PCLK & 1 == 1
    assert camera.port.next_edge(VSYNC, at) == 799_680 * 16


@pytest.mark.parametrize(
    "clkrc, dblv, pclk",
    [
        (0x80, 0x0A, 24_000_000), (0x00, 0x0A, 12_000_000), (0x01, 0x4A, 24_000_000), (0x02, 0x4A, 16_000_000),
        (0x81, 0x0A, 12_000_000), (0xBF, 0x0A, 375_000), (0x40, 0x0A, 24_000_000), (0x7F, 0x4A, 96_000_000),
    ],
)
def test_pixel_clock_of_24_mhz(camera, clkrc, dblv, pclk):
    """30, 15, 30, 20 ... frames a second: CLKRC[7] is a doubler behind a division by two, CLKRC[6] goes round both."""
    write(camera, *VGA_WINDOW, (0x11, clkrc), (0x6B, dblv))
    camera.port.set_xclk(Rate.hertz(24_000_000))
    assert camera.statistics()["pclk_hz"] == pclk


@pytest.mark.parametrize(
    "com7, hstart, hstop, pixels, pclk",
    [
        (0x00, 158, 14, 640, 16), (0x10, 168, 24, 320, 8), (0x20, 170, 90, 352, 8), (0x20, 170, 26, 320, 8),
        (0x08, 158, 14, 176, 8),
    ],
)
def test_pclk_of_the_sizes_of_com7(camera, com7, hstart, hstop, pixels, pclk):
    """In MHz. HREF lasts as many pixel periods as the window has, for a pixel of QVGA and CIF two."""
    low = (hstop & 7) << 3 | hstart & 7
    write(camera, *VGA_WINDOW, (0x12, com7), (0x17, hstart >> 3), (0x18, hstop >> 3), (0x32, low))
    start(camera)
    said = camera.statistics()
    assert (said["width"], said["pclk_hz"]) == (pixels, pclk * 1_000_000)


def test_pclk_is_gated_and_polarities_turn(camera):
    write(camera, *VGA_WINDOW, (0x15, 0x20))
    start(camera)
    assert not any(camera.port.levels(cycle) >> PCLK & 1 for cycle in range(1000))
    write(camera, (0x15, 0x3A))
    levels = camera.port.levels(0)
    assert (levels >> PCLK & 1, levels >> HREF & 1, levels >> VSYNC & 1) == (1, 1, 0)


def test_a_watched_wire_has_edges(camera):
    heard = []
    camera.port.lines[VSYNC].listen(lambda level: heard.append((camera.scheduler.now, level)))
    write(camera, *VGA_WINDOW)
    start(camera)
    let_go = camera.port.watch(VSYNC)
    camera.scheduler.advance(cycle_of(FRAME))
    assert heard == [(0, True), (cycle_of(3 * LINE), False), (cycle_of(FRAME), True)]
    let_go()
    camera.scheduler.advance(cycle_of(2 * FRAME))
    assert len(heard) == 3


def test_bytes_that_nobody_read_are_missed(camera):
    write(camera, *VGA_WINDOW)
    start(camera)
    port = camera.port
    at = port.next_edge(HREF, 0)
    for n in range(0, 1280, 2):  # every other byte of the first row, each twice
        port.sample(0xFF, at + 4 * n)
        port.sample(0xFF, at + 4 * n + 3)
    camera.scheduler.advance(at + 4 * 1280)
    said = camera.statistics()
    assert (said["frames"], said["frames_read"], said["bytes_read"], said["bytes_missed"]) == (1, 1, 640, 639)
    port.sample(0xFF, port.next_edge(HREF, at + 4 * 1280) + 8)  # and the third byte of the next row
    assert camera.statistics()["bytes_missed"] == 639 + 3
    camera.scheduler.advance(cycle_of(FRAME))
    port.sample(0xFF, port.next_edge(HREF, cycle_of(FRAME)))
    said = camera.statistics()
    assert (said["frames"], said["frames_read"], said["bytes_read"], said["bytes_missed"]) == (2, 2, 642, 642)


def test_polling_other_wires_reads_nothing(camera):
    write(camera, *VGA_WINDOW)
    start(camera)
    camera.port.sample(1 << PCLK, camera.port.next_edge(HREF, 0))
    assert camera.statistics()["frames_read"] == 0


def test_narrow_write_keeps_the_contract(camera):
    camera.sccb.write(0x11, 0x1FF, WORD)
    assert read(camera, 0x11) == 0xFF
