"""Interrupt pins and generators of the LSM9DS1: DocID025715 rev 3, sections 7.3 to 7.10, 7.16, 7.29, 7.36 to 7.40."""

import pytest
from cmsim_peripherals.parts.lsm9ds1_interrupts import MotionInterrupt
from lsm9ds1_bus import AG, Imu

PERIOD = 1 / 119
INT1, INT2 = "INT1_A/G", "INT2_A/G"


def run(imu: Imu, *settings: tuple[int, int], register: int = 0x10) -> None:
    for address, value in settings:
        imu.write(AG, address, value)
    imu.write(AG, register, 0x60)
    imu.pass_seconds(PERIOD / 2)


def samples(imu: Imu, count: int = 1) -> None:
    imu.pass_seconds(count * PERIOD)


# --- pins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "bit", "pin", "out"),
    [(0x0C, 0x01, INT1, 0x28), (0x0C, 0x02, INT1, 0x18), (0x0D, 0x01, INT2, 0x28), (0x0D, 0x02, INT2, 0x18)],
)
def test_data_ready_on_a_pin_at_the_sample_instant(imu: Imu, register: int, bit: int, pin: str, out: int) -> None:
    edges: list[tuple[int, bool]] = []
    imu.part.lines[pin].listen(lambda level: edges.append((imu.scheduler.now, level)))
    imu.write(AG, register, bit)
    imu.write(AG, 0x10, 0x60)
    origin = imu.scheduler.now
    imu.scheduler.advance(origin + 2_000_000)
    first = origin + -(-64_000_000 // 119)
    assert edges == [(first, True)]  # it stays until it is read
    read_at = imu.scheduler.now
    imu.read(AG, out, 6)
    imu.scheduler.advance(origin + 2_200_000)
    assert edges[1:] == [(read_at, False), (origin + -(-4 * 64_000_000 // 119), True)]


def test_temperature_ready_on_int2(imu: Imu) -> None:
    run(imu, (0x0D, 0x04))
    imu.pass_seconds(1 / 59.5)
    assert imu.level(INT2)
    imu.read(AG, 0x15, 2)
    assert not imu.level(INT2)


def test_boot_on_int1(imu: Imu) -> None:
    imu.write(AG, 0x0C, 0x04)
    imu.write(AG, 0x20, 0x60)
    imu.write(AG, 0x22, 0x84)
    assert imu.level(INT1)
    imu.pass_seconds(0.010)
    assert not imu.level(INT1)


@pytest.mark.parametrize(("bit", "level"), [(0x08, 5), (0x20, 32), (0x10, 33)])
def test_fifo_on_both_pins(imu: Imu, bit: int, level: int) -> None:
    run(imu, (0x0C, bit), (0x0D, bit), (0x23, 0x02), (0x2E, 0xC5))
    samples(imu, level - 1)
    assert not imu.level(INT1)
    samples(imu)
    assert imu.level(INT1)
    assert imu.level(INT2)
    assert imu.scheduler.next_due is None  # nothing more can happen before it is read
    for _ in range(32):
        imu.acceleration()
    assert not imu.level(INT1)


def test_active_low_and_open_drain(imu: Imu) -> None:
    imu.write(AG, 0x22, 0x34)
    assert imu.level(INT1)
    assert imu.part.drives(INT1) is None  # open drain: high is released
    run(imu, (0x0C, 0x01))
    samples(imu)
    assert not imu.level(INT1)
    assert imu.part.drives(INT1) is False
    imu.write(AG, 0x22, 0x04)
    assert imu.part.drives(INT1) is True


def test_power_off_releases_the_pins(imu: Imu) -> None:
    run(imu, (0x0C, 0x03))
    samples(imu)
    assert imu.level(INT1)
    imu.part.set_power(False)
    assert not imu.level(INT1)
    assert imu.part.drives(INT1) is None
    assert imu.scheduler.next_due is None


def test_a_pin_that_waits_for_a_sensor_that_is_off_arms_nothing(imu: Imu) -> None:
    run(imu, (0x0C, 0x3A), register=0x20)
    assert imu.scheduler.next_due is None


# --- accelerometer generator ----------------------------------------------------------------------------------------


def test_high_event_latched(imu: Imu) -> None:
    run(imu, (0x06, 0x02), (0x07, 128), (0x1E, 0x3A), (0x0C, 0x40))
    samples(imu)
    assert not imu.level(INT1)
    imu.feed(accel_x=-1.001)  # 128/256 of 2 g; the magnitude counts
    samples(imu)
    assert imu.level(INT1)
    imu.feed(accel_x=0)
    samples(imu, 5)
    assert imu.level(INT1)
    assert imu.ag(0x17) & 0x40
    assert imu.ag(0x26) == 0x42  # IA_XL, XH_XL
    assert not imu.level(INT1)
    assert imu.ag(0x26) == 0


def test_not_latched_follows(imu: Imu) -> None:
    run(imu, (0x06, 0x02), (0x07, 128), (0x0C, 0x40))
    imu.feed(accel_x=1.5)
    samples(imu)
    assert imu.ag(0x26) == 0x42
    assert imu.level(INT1)
    imu.feed(accel_x=0)
    samples(imu)
    assert not imu.level(INT1)
    assert imu.ag(0x26) == 0


def test_free_fall_is_all_low_events_together(imu: Imu) -> None:
    run(imu, (0x06, 0x80 | 0x15), (0x07, 45), (0x08, 45), (0x09, 45), (0x0A, 3), (0x1E, 0x3A))
    samples(imu, 10)
    assert imu.ag(0x26) == 0
    imu.feed(accel_z=0)
    samples(imu, 2)
    assert imu.ag(0x26) == 0
    samples(imu)
    assert imu.ag(0x26) == 0x40 | 0x15


def test_6d_movement_lasts_one_sample(imu: Imu) -> None:
    run(imu, (0x06, 0x40 | 0x3F), (0x07, 64), (0x08, 64), (0x09, 64))
    samples(imu)
    assert imu.ag(0x26) == 0x60  # from unknown to z up
    samples(imu)
    assert imu.ag(0x26) == 0
    imu.feed(accel_x=-1, accel_z=0)
    samples(imu)
    assert imu.ag(0x26) == 0x41


def test_6d_position_lasts_as_long_as_the_position(imu: Imu) -> None:
    run(imu, (0x06, 0xC0 | 0x20), (0x07, 64), (0x08, 64), (0x09, 64))
    samples(imu, 5)
    assert imu.ag(0x26) == 0x60
    imu.feed(accel_z=-1)
    samples(imu)
    assert imu.ag(0x26) == 0


def test_4d_ignores_z(imu: Imu) -> None:
    run(imu, (0x06, 0xC0 | 0x3F), (0x07, 64), (0x08, 64), (0x09, 64), (0x1E, 0x39))
    samples(imu, 5)
    assert imu.ag(0x26) == 0
    imu.feed(accel_y=1)
    samples(imu)
    assert imu.ag(0x26) == 0x48


def test_switching_the_generator_off_ends_the_request(imu: Imu) -> None:
    run(imu, (0x06, 0x20), (0x09, 64), (0x1E, 0x3A), (0x0C, 0x40))
    samples(imu)
    assert imu.level(INT1)
    imu.write(AG, 0x06, 0)
    assert not imu.level(INT1)


# --- gyroscope generator --------------------------------------------------------------------------------------------


def test_gyroscope_threshold_is_signed_counts(imu: Imu) -> None:
    run(imu, (0x30, 0x40 | 0x20), (0x35, 1000 >> 8), (0x36, 1000 & 0xFF), (0x0C, 0x80))
    imu.feed(gyro_z=8.75)
    samples(imu)
    assert not imu.level(INT1)
    imu.feed(gyro_z=8.76)
    samples(imu)
    assert imu.level(INT1)
    assert imu.ag(0x17) & 0x20
    assert imu.ag(0x14) == 0x60  # IA_G, ZH_G
    assert not imu.level(INT1)


def test_gyroscope_low_event_below_a_negative_threshold(imu: Imu) -> None:
    threshold = -100 & 0x7FFF
    run(imu, (0x30, 0x01), (0x31, threshold >> 8), (0x32, threshold & 0xFF))
    imu.feed(gyro_x=-0.875)
    samples(imu)
    assert imu.ag(0x14) == 0
    imu.feed(gyro_x=-0.9)
    samples(imu)
    assert imu.ag(0x14) == 0x41


# --- durations: Figures 29 and 30 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dur", "decrement", "condition", "active"),
    [
        (0, False, "0110100", "0110100"),
        (3, False, "0110111110100", "0000001110000"),  # WAIT off: falls at once; the gap resets the counter
        (3, True, "0110111110100", "0000011110000"),  # DCRM: the gap only counts down
        (0x83, False, "0111101011000111", "0001111111110001"),  # WAIT: falls after three
    ],
)
def test_duration_and_wait(dur: int, decrement: bool, condition: str, active: str) -> None:
    interrupt, seen = MotionInterrupt(), ""
    for bit in condition:
        interrupt.step(bit == "1", 1, dur, latch=False, decrement=decrement)
        seen += "01"[interrupt.active]
    assert seen == active
