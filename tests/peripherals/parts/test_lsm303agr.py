"""LSM303AGR: identity, scales, data rates, data-ready."""

import pytest
from cmsim_peripherals.parts.lsm303agr import Lsm303agr

from cmsim.kernel import CPU_HZ, Scheduler
from cmsim.stimuli.units import BASE_UNITS

HZ_100 = CPU_HZ // 100


@pytest.fixture
def part():
    return Lsm303agr(Scheduler(), "imu")


def read(target, register, count=1, increment=True):
    target.start(False)
    target.write_byte(register | (0x80 if increment and count > 1 else 0))
    target.start(True)
    data = bytes(target.read_byte() for _ in range(count))
    target.stop()
    return data


def write(target, register, value):
    target.start(False)
    target.write_byte(register)
    target.write_byte(value)
    target.stop()


def words(target, register):
    data = read(target, register, 6)
    return [int.from_bytes(data[n : n + 2], "little", signed=True) for n in (0, 2, 4)]


def test_addresses_and_identities(part):
    assert sorted(part.i2c) == [0x19, 0x1E]
    assert read(part.i2c[0x19], 0x0F) == b"\x33"
    assert read(part.i2c[0x1E], 0x4F) == b"\x40"


@pytest.mark.parametrize(("register", "value"), [(0x20, 0x07), (0x21, 0), (0x23, 0), (0x2F, 0x20)])
def test_accelerometer_reset_values(part, register, value):
    assert read(part.i2c[0x19], register)[0] == value


def test_magnetometer_reset_value(part):
    assert read(part.i2c[0x1E], 0x60) == b"\x03"


@pytest.mark.parametrize(
    ("control1", "control4", "digits", "shift"),
    [
        (0x57, 0x08, 1000, 4),  # 12 bits, 2 g: 1 mg
        (0x57, 0x18, 500, 4),
        (0x57, 0x28, 250, 4),
        (0x57, 0x38, 83, 4),  # 16 g: 12 mg
        (0x57, 0x00, 250, 6),  # 10 bits: 4 mg
        (0x5F, 0x00, 62, 8),  # 8 bits: 16 mg
    ],
)
def test_one_g_at_rest(part, control1, control4, digits, shift):
    target = part.i2c[0x19]
    write(target, 0x23, control4)
    write(target, 0x20, control1)
    part.scheduler.advance(HZ_100)
    assert words(target, 0x28) == [0, 0, digits << shift]


def test_full_scale_saturates_and_disabled_axes_read_zero(part):
    target = part.i2c[0x19]
    part.feed("accel x", lambda cycle: -5.0)
    part.feed("accel y", lambda cycle: 5.0)
    write(target, 0x23, 0x08)
    write(target, 0x20, 0x53)
    part.scheduler.advance(HZ_100)
    assert words(target, 0x28) == [-2048 << 4, 2047 << 4, 0]


@pytest.mark.parametrize(("code", "hertz"), [(1, 1), (2, 10), (3, 25), (4, 50), (5, 100), (6, 200), (7, 400), (9, 1344)])
def test_data_rates(part, code, hertz):
    target = part.i2c[0x19]
    write(target, 0x20, code << 4 | 7)
    period = -(-CPU_HZ // hertz)
    part.scheduler.advance(period - 1)
    assert read(target, 0x27) == b"\x00"
    part.scheduler.advance(period)
    assert read(target, 0x27) == b"\x0f"
    part.scheduler.advance(3 * period)
    assert read(target, 0x27) == b"\xff"
    words(target, 0x28)
    assert read(target, 0x27) == b"\x00"


def test_power_down_makes_no_samples(part):
    part.scheduler.advance(CPU_HZ)
    assert read(part.i2c[0x19], 0x27) == b"\x00"
    assert words(part.i2c[0x19], 0x28) == [0, 0, 0]


def test_without_auto_increment_one_register_repeats(part):
    assert read(part.i2c[0x19], 0x0F, 3, increment=False) == b"\x33" * 3


@pytest.mark.parametrize("active_low", [False, True])
def test_data_ready_pin(part, active_low):
    target, line = part.i2c[0x19], part.lines["INT_1_XL"]
    write(target, 0x25, 0x02 if active_low else 0)
    write(target, 0x22, 0x10)
    write(target, 0x20, 0x57)
    edges = []
    line.listen(lambda level: edges.append((part.scheduler.now, level != active_low)))
    for _ in range(2):
        part.scheduler.advance(part.scheduler.now + HZ_100)
        words(target, 0x28)
    assert edges == [(HZ_100, True), (HZ_100, False), (2 * HZ_100, True), (2 * HZ_100, False)]


def test_magnetometer_continuous(part):
    target = part.i2c[0x1E]
    part.feed("mag x", lambda cycle: 0.45)
    part.feed("mag z", lambda cycle: -0.15)
    write(target, 0x60, 0x0C)
    part.scheduler.advance(HZ_100)
    assert read(target, 0x67) == b"\x0f"
    assert words(target, 0x68) == [300, 0, -100]  # 1.5 milligauss a digit
    assert read(target, 0x67) == b"\x00"


def test_magnetometer_single_conversion_goes_back_to_idle(part):
    target = part.i2c[0x1E]
    write(target, 0x60, 0x0D)
    assert read(target, 0x60)[0] & 3 == 1
    part.scheduler.advance(HZ_100)
    assert read(target, 0x67)[0] & 8
    assert read(target, 0x60)[0] & 3 == 3
    part.scheduler.advance(10 * HZ_100)
    words(target, 0x68)
    assert read(target, 0x67) == b"\x00"


def test_magnetometer_soft_reset(part):
    target = part.i2c[0x1E]
    write(target, 0x62, 0x01)
    write(target, 0x60, 0x20)
    assert (read(target, 0x62), read(target, 0x60)) == (b"\x00", b"\x03")


def test_supply_gone_means_reset_values(part):
    write(part.i2c[0x19], 0x20, 0x57)
    part.set_power(False)
    part.set_power(True)
    assert read(part.i2c[0x19], 0x20) == b"\x07"


def test_the_board_s_transistor_pulls_low_while_a_sample_waits(part):
    target = part.i2c[0x19]
    assert part.drives("INT_1_XL inverted") is None
    write(target, 0x22, 0x10)
    write(target, 0x20, 0x57)
    part.scheduler.advance(HZ_100)
    assert part.drives("INT_1_XL inverted") is False
    words(target, 0x28)
    assert part.drives("INT_1_XL inverted") is None


def test_channels_have_the_names_and_units_of_traces(part):
    assert {channel: unit for channel, (unit, _) in part.channels.items()} == {
        channel: BASE_UNITS[channel] for channel in part.channels
    }


def test_a_new_signal_does_not_change_the_sample_that_was_taken(part):
    target = part.i2c[0x19]
    write(target, 0x23, 0x08)
    write(target, 0x20, 0x57)
    part.scheduler.advance(HZ_100)
    part.feed("accel x", lambda cycle: 1.0)
    assert words(target, 0x28)[0] == 0
    part.scheduler.advance(2 * HZ_100)
    assert words(target, 0x28)[0] == 1000 << 4


@pytest.mark.parametrize(("control1", "celsius", "word"), [(0x57, 30.25, 21 << 6), (0x57, 20.0, -20 << 6), (0x5F, 30.0, 5 << 8)])
def test_temperature(part, control1, celsius, word):
    target = part.i2c[0x19]
    part.feed("temperature", lambda cycle: celsius)
    write(target, 0x23, 0x80)
    write(target, 0x20, control1)
    part.scheduler.advance(HZ_100)
    assert (read(target, 0x07), read(target, 0x0C, 2)) == (b"\x00", b"\x00\x00")
    write(target, 0x1F, 0xC0)
    part.scheduler.advance(2 * HZ_100)
    assert read(target, 0x07) == b"\x04"
    assert int.from_bytes(read(target, 0x0C, 2), "little", signed=True) == word
    assert read(target, 0x07) == b"\x00"
    part.scheduler.advance(4 * HZ_100)
    assert read(target, 0x07) == b"\x44"
