"""A camera in a whole machine: capture loops in assembler against the pins, and the record."""

import json
from itertools import pairwise

import numpy as np
import pytest
from support.assembler import assemble

from cmsim import Machine
from cmsim.errors import UsageError
from cmsim.kernel import Rate
from cmsim.record import to_json
from cmsim.report.vcd import VcdRecorder

EMPTY = "main: b ."


def machine(directory, source, board="nano33ble-sense", **options):
    return Machine(assemble(directory, source), board, **options)


PICTURE = np.random.default_rng(3).integers(0, 256, (480, 640, 3), dtype=np.uint8)
RGB_160 = (
    (0x12, 0x04), (0x40, 0xD0), (0x0C, 0x04), (0x3E, 0x1A),
    (0x17, 158 >> 3), (0x18, 14 >> 3), (0x32, 6 << 3 | 6), (0x19, 14 >> 2), (0x1A, 494 >> 2), (0x03, 0x0A), (0x6B, 0x4A),
)
ROWS, ROW_BYTES = 20, 320
CAPTURE = f"""
main:
    ldr r0, =0x50000000
    ldr r1, =0x50000300
    movs r2, #0
    .irp pin, 4, 5, 21
    str r2, [r0, #0x700 + 4 * \\pin]
    .endr
    .irp pin, 2, 3, 10, 11, 12, 13, 14, 15
    str r2, [r1, #0x700 + 4 * \\pin]
    .endr
    ldr r4, =0x20001000
    ldr r6, ={ROWS}
1:  ldr r2, [r0, #0x510]
    lsls r2, r2, #10
    bpl 1b
2:  ldr r2, [r0, #0x510]
    lsls r2, r2, #10
    bmi 2b
row:
    ldr r5, ={ROW_BYTES}
3:  ldr r2, [r0, #0x510]
    lsls r2, r2, #26
    bpl 3b
byte:
4:  ldr r2, [r0, #0x510]
    lsls r2, r2, #27
    bmi 4b
    ldr r3, [r1, #0x510]
    str r3, [r4], #4
    EXTRA
5:  ldr r2, [r0, #0x510]
    lsls r2, r2, #27
    bpl 5b
    subs r5, #1
    bne byte
6:  ldr r2, [r0, #0x510]
    lsls r2, r2, #26
    bmi 6b
    subs r6, #1
    bne row
done: b done
"""


def joined(words):
    """Port words to bytes, as the shield's wiring has them."""
    return bytes((w >> 2 & 0x03 | w >> 8 & 0xFC) for w in words)


def set_up(m, settings, clkrc, xclk=True):
    """What firmware would do over SCCB, with CLKRC as it is said, and 16 MHz at XCLK."""
    for register, value in (*settings, (0x11, clkrc)):
        m.parts["camera"].sccb.write(register, value)
    if xclk:
        m.soc.pins[27].drive_clock("test", Rate.hertz(16_000_000))


def prepare(tmp_path, extra="", clkrc=15, xclk=True, settings=RGB_160):
    m = machine(tmp_path, CAPTURE.replace("EXTRA", extra), camera=PICTURE, timing="manual")
    set_up(m, settings, 0x80 | clkrc, xclk)
    return m


def capture(tmp_path, seconds=0.06, **options):
    m = prepare(tmp_path, **options)
    m.run(seconds=seconds)
    return m


def expected():
    blocks = PICTURE.reshape(240, 2, 160, 4, 3).astype(int).sum(axis=(1, 3)) // 8
    r, g, b = (blocks[:ROWS, :, n] for n in range(3))
    return (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype(">u2").tobytes()


def frame_of(m):
    return joined(np.frombuffer(m.read(0x2000_1000, 4 * ROWS * ROW_BYTES), "<u4").tolist())


def test_firmware_holds_the_picture_byte_for_byte(tmp_path):
    m = capture(tmp_path)
    assert frame_of(m) == expected()
    said = m.record["camera"]["camera"]
    assert said["frames_read"] == 1
    assert said["bytes_read"] == ROWS * ROW_BYTES
    assert json.loads(to_json(m.record))["camera"]["camera"]["width"] == 160


def test_a_vcd_with_its_waves_holds_the_picture_too(tmp_path):
    vcdvcd = pytest.importorskip("vcdvcd")
    m = prepare(tmp_path)
    with VcdRecorder(m, tmp_path / "a.vcd", waves=True):
        m.run(seconds=0.009)
    vcd = vcdvcd.VCDVCD(str(tmp_path / "a.vcd"))
    lines = m.board.parts[-1].lines
    wire = {name: vcd["pins." + pin.replace(".", "_")] for name, pin in lines.items()}
    rising = [time for time, level in wire["PCLK"].tv if level == "1" and wire["HREF"][time] == "1"]
    assert {b - a for a, b in pairwise(rising[:ROW_BYTES])} == {64 * 15_625}
    taken = bytes(sum(int(wire[f"D{n}"][time]) << n for n in range(8)) for time in rising)
    assert taken == expected()[: 2 * ROW_BYTES]


def test_a_loop_that_is_too_slow_loses_bytes_and_the_record_says_so(tmp_path):
    m = capture(tmp_path, extra=".rept 64\n nop\n .endr")
    said = m.record["camera"]["camera"]
    assert frame_of(m) != expected()
    assert said["bytes_missed"] > 0.5 * said["bytes_read"]


def test_one_instruction_too_many_per_byte(tmp_path):
    def kept(nops):
        m = capture(tmp_path, extra="\n".join(["nop"] * nops), clkrc=4, seconds=0.016)
        said = m.record["camera"]["camera"]
        return frame_of(m) == expected(), said["bytes_read"], said["bytes_missed"]

    assert kept(0) == (True, ROWS * ROW_BYTES, 0)
    whole, read, missed = next(lost for nops in range(1, 24) if not (lost := kept(nops))[0])
    assert not whole
    assert read < ROWS * ROW_BYTES
    assert missed > 0


def test_without_xclk_no_frame(tmp_path):
    m = capture(tmp_path, xclk=False)
    assert m.record["camera"]["camera"] == {
        "frames": 0, "frames_read": 0, "bytes_read": 0, "bytes_missed": 0, "width": 160, "height": 240, "pclk_hz": None,
    }


SKETCH = """
main:
    ldr r1, =0x20001000
    ldr r0, =pins
    movs r7, #ROWS
    .irp port, 0x50000700, 0x50000A00  @ PIN_CNF: all inputs
    ldr r2, =\\port
    movs r3, #0
    movs r4, #128
8:  subs r4, #4
    str r3, [r2, r4]
    bne 8b
    .endr
1:  WAIT 0
    beq 1b
2:  WAIT 0
    bne 2b
row:
    ldr r6, =640
3:  WAIT 8
    beq 3b
    movs r5, #0
byte:
4:  WAIT 16
    bne 4b
    ldr r2, =0x50000810
    ldr r2, [r2]
    movw r3, #0x3F03
    and r2, r3, r2, lsr #2
    orr r2, r2, r2, lsr #6
    strb r2, [r1], #1
5:  WAIT 16
    beq 5b
    adds r5, #1
    cmp r5, r6
    blt byte
6:  WAIT 8
    bne 6b
    subs r7, #1
    bne row
done: b done
    .align 2
pins: .word 0x50000510, 1 << 21, 0x50000510, 1 << 5, 0x50000510, 1 << 4
"""
"""As a compiler makes it of a sketch's loop: the port and the mask of a pin come from memory for every look."""
WAIT = """.macro WAIT pin
    ldr r3, [r0, #\\pin]
    ldr r4, [r0, #\\pin + 4]
    ldr r3, [r3]
    tst r3, r4
.endm
"""
QVGA_565 = (
    (0x12, 0x14), (0x40, 0xD0), (0x15, 0x20), (0x6B, 0x4A),
    (0x17, 168 >> 3), (0x18, 24 >> 3), (0x32, 0), (0x19, 12 >> 2), (0x1A, 492 >> 2), (0x03, 0),
)


def sketch(tmp_path, clkrc, rows=6):
    """A sketch's loop reads `rows` rows of QVGA, PCLK only while HREF: what the RAM holds, what the sensor sent."""
    m = machine(tmp_path, WAIT + SKETCH.replace("ROWS", str(rows)), camera=PICTURE, timing="manual")
    set_up(m, QVGA_565, clkrc)
    m.run(seconds=0.06)
    blocks = PICTURE.reshape(240, 2, 320, 2, 3).astype(int).sum(axis=(1, 3)) // 4
    r, g, b = (blocks[..., n] for n in range(3))
    sent = (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype(">u2")
    return [m.read(0x2000_1000 + 640 * n, 640) for n in range(rows)], [row.tobytes() for row in sent], m


def test_a_sketch_s_loop_reads_each_byte_at_the_sensor_s_rate(tmp_path):
    """CLKRC and DBLV as Arduino_OV767X writes them for 5 frames a second at an XCLK of 16 MHz."""
    held, sent, m = sketch(tmp_path, clkrc=0x0F)
    assert held == sent[:6]
    said = m.record["camera"]["camera"]
    assert (said["pclk_hz"], said["bytes_read"], said["bytes_missed"]) == (1_000_000, 6 * 640, 0)


def test_a_sensor_too_fast_for_a_sketch_s_loop_loses_rows(tmp_path):
    """PCLK rises before the loop first looks, one byte is missing at the end, and its last wait ends in the next row."""
    held, sent, m = sketch(tmp_path, clkrc=0x87)
    assert held[1] != sent[1]
    assert m.record["camera"]["camera"]["bytes_missed"] > 640


UARTE = """
    ldr r2, [r1, #0x510]
    ldr r8, =0x40002000
    movs r2, #35  @ PSEL.TXD: P1.03, which is D1
    str r2, [r8, #0x50C]
    movs r2, #8
    str r2, [r8, #0x500]
row:"""


def test_a_uart_that_takes_a_data_pin_after_its_set_up_hides_the_camera_s_wave(tmp_path):
    """An idle TXD is high, whatever the sensor drives; the other wires go on."""
    m = machine(tmp_path, CAPTURE.replace("EXTRA", "").replace("row:", UARTE, 1), camera=PICTURE, timing="manual")
    set_up(m, RGB_160, 0x8F)
    m.run(seconds=0.06)
    assert frame_of(m) == bytes(byte | 2 for byte in expected())
    uarte, enable = m.soc.block_at(0x4000_2500)
    uarte.write(enable, 0)
    assert not m.soc.pins[35].driven_by_chip


I2S, PWM0, TIMER1, PPI, GPIOTE = 0x4002_5000, 0x4001_C000, 0x4000_9000, 0x4001_F000, 0x4000_6000
XCLKS = {  # stores that put out XCLK on P0.27, its frequency in Hz
    "I2S": (((I2S + 0x500, 1), (I2S + 0x510, 1), (I2S + 0x514, 0x8000_0000), (I2S + 0x560, 27), (I2S, 1)), 16_000_000),
    "PWM": (((0x2003_0000, 0x8002), (PWM0 + 0x560, 27), (PWM0 + 0x508, 4), (PWM0 + 0x520, 0x2003_0000), (PWM0 + 0x524, 1),
             (PWM0 + 0x500, 1), (PWM0 + 8, 1)), 4_000_000),
    "TIMER, PPI and GPIOTE": (((GPIOTE + 0x510, 3 | 27 << 8 | 3 << 16), (TIMER1 + 0x510, 0), (TIMER1 + 0x540, 1),
                               (TIMER1 + 0x200, 1), (PPI + 0x510, TIMER1 + 0x140), (PPI + 0x514, GPIOTE),
                               (PPI + 0x504, 1), (TIMER1, 1)), 8_000_000),
}


@pytest.mark.parametrize("source", XCLKS)
def test_xclk_by_the_firmware_s_own_means(tmp_path, source):
    stores, hertz = XCLKS[source]
    code = "".join(f"    ldr r0, ={address}\n    ldr r1, ={value}\n    str r1, [r0]\n" for address, value in stores)
    m = machine(tmp_path, CAPTURE.replace("EXTRA", "").replace("main:", "main:\n" + code), camera=PICTURE)
    clkrc = hertz // 1_000_000 - 1  # PCLK 4 MHz by PLL x 4
    set_up(m, RGB_160, 0x80 | clkrc, xclk=False)
    m.run(seconds=0.06)
    assert m.record["camera"]["camera"]["pclk_hz"] == 1_000_000
    assert frame_of(m) == expected()
    assert m.wall_seconds < 30  # and not an event for each edge


def test_xclk_that_stops_stops_the_frames(tmp_path):
    m = prepare(tmp_path)
    m.run(seconds=0.005)
    m.soc.pins[27].drive_clock("test", None)
    m.run(seconds=0.2)
    said = m.record["camera"]["camera"]
    assert (said["frames"], said["bytes_read"], said["pclk_hz"]) == (1, 0, None)


def test_a_wrong_window_gives_the_picture_of_the_sensor(tmp_path):
    """Twelve array pixels too far to the left, so that three are black, and eight lines too high."""
    wrong = [*RGB_160[:4], (0x17, 146 >> 3), (0x18, 2 >> 3), (0x32, 2 << 3 | 2), (0x19, 6 >> 2), (0x1A, 486 >> 2),
             (0x03, 2 << 2 | 2), RGB_160[-1]]
    m = capture(tmp_path, settings=wrong)
    shown = np.zeros((20, 160, 3), int)
    shown[4:, 3:] = PICTURE.reshape(240, 2, 160, 4, 3).astype(int).sum(axis=(1, 3))[:16, :157] // 8
    r, g, b = (shown[..., n] for n in range(3))
    assert frame_of(m) == (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype(">u2").tobytes()


def test_a_board_without_camera_says_so(tmp_path):
    with pytest.raises(UsageError, match="no camera"):
        machine(tmp_path, EMPTY, camera=PICTURE, board="nrf52840dk")


def test_a_run_without_pictures_has_no_camera(tmp_path):
    m = machine(tmp_path, EMPTY)
    assert "camera" not in m.parts
    assert "camera" not in m.record
