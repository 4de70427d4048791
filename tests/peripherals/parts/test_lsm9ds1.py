"""LSM9DS1 accelerometer and gyroscope against DocID025715 rev 3."""

from fractions import Fraction

import pytest
from cmsim_peripherals.parts.lsm9ds1 import Lsm9ds1
from hypothesis import given, settings
from hypothesis import strategies as st
from lsm9ds1_bus import AG, Imu, M, word, words

from cmsim.kernel import CPU_HZ, Scheduler

MS = CPU_HZ // 1000
GYRO_HZ = {code: Fraction(hz) for code, hz in enumerate(("14.9", "59.5", "119", "238", "476", "952"), 1)}
XL_HZ = {code: Fraction(hz) for code, hz in enumerate((10, 50, 119, 238, 476, 952), 1)}
XL_MG = {0: Fraction("0.061"), 1: Fraction("0.732"), 2: Fraction("0.122"), 3: Fraction("0.244")}
G_MDPS = {0: Fraction("8.75"), 1: Fraction("17.5"), 3: Fraction(70)}

RESETS = {0x0F: 0x68, 0x1E: 0x38, 0x1F: 0x38, 0x22: 0x04}
"""Table 21: every other register resets to 0."""


def sample_cycle(origin: int, hertz: Fraction | int, n: int) -> int:
    """The first cycle at or after the n-th period's end."""
    exact = n * CPU_HZ / Fraction(hertz)
    return origin + -(-exact.numerator // exact.denominator)


# --- addresses, identity, reset ---------------------------------------------------------------------------------


def test_register_map_after_power_on(imu: Imu) -> None:
    for register in range(0x80):
        assert imu.ag(register) == RESETS.get(register, 0), f"0x{register:02x}"


@pytest.mark.parametrize(("sdo_ag", "sdo_m", "addresses"), [(True, True, {0x6B, 0x1E}), (False, False, {0x6A, 0x1C})])
def test_address_pins(sdo_ag: bool, sdo_m: bool, addresses: set[int]) -> None:
    assert set(Lsm9ds1(Scheduler(), "imu", sdo_ag=sdo_ag, sdo_m=sdo_m).i2c) == addresses


def test_writable_bits(imu: Imu) -> None:
    masks = {0x04: 0xFF, 0x0D: 0xBF, 0x0F: 0, 0x11: 0x0F, 0x12: 0xCF, 0x13: 0x3F, 0x1F: 0xF8, 0x24: 0x05, 0x37: 0xFF}
    for register, mask in masks.items():
        imu.write(AG, register, 0xFF)
        assert imu.ag(register) & mask == mask
        assert imu.ag(register) & ~mask == RESETS.get(register, 0) & ~mask, f"0x{register:02x}"


def test_software_reset_takes_10_ms_and_restores_the_map(imu: Imu) -> None:
    imu.write(AG, 0x10, 0x78)
    imu.write(AG, 0x04, 0x55)
    imu.write(AG, 0x22, 0x05)
    assert imu.ag(0x22) == 0x05
    assert imu.ag(0x17) == 0x08  # BOOT_STATUS
    assert (imu.ag(0x10), imu.ag(0x04)) == (0, 0)
    imu.pass_seconds(0.010)
    assert (imu.ag(0x22), imu.ag(0x17)) == (0x04, 0)


def test_boot_runs_at_once_while_on_and_waits_in_power_down(imu: Imu) -> None:
    imu.write(AG, 0x22, 0x84)
    imu.pass_seconds(1)
    assert (imu.ag(0x22), imu.ag(0x17)) == (0x84, 0)
    imu.write(AG, 0x20, 0x60)
    assert imu.ag(0x17) & 0x08
    imu.pass_seconds(0.010)
    assert (imu.ag(0x22), imu.ag(0x17) & 0x08) == (0x04, 0)
    imu.write(AG, 0x22, 0x84)
    assert imu.ag(0x17) & 0x08


def test_supply_off_loses_everything_and_boot_takes_20_ms(imu: Imu) -> None:
    imu.write(AG, 0x10, 0x78)
    imu.part.set_power(False)
    assert imu.bus.select(AG, False) is None
    assert imu.bus.select(M, False) is None
    imu.pass_seconds(1)
    imu.part.set_power(True)
    assert imu.ag(0x10) == 0
    assert imu.ag(0x17) == 0x08
    imu.write(AG, 0x10, 0x78)
    imu.pass_cycles(sample_cycle(20 * MS, 119, 1) - 1)  # the first period starts with the end of the boot
    assert imu.ag(0x17) == 0
    imu.pass_cycles(1)
    assert imu.ag(0x17) & 3 == 3


def test_i2c_disable(imu: Imu) -> None:
    imu.write(AG, 0x23, 0x04)
    assert imu.bus.select(AG, False) is None
    imu.write(M, 0x22, 0x80)
    assert imu.bus.select(M, False) is None


# --- Arduino's library, byte for byte ----------------------------------------------------------------------------


def arduino_begin(imu: Imu) -> None:
    imu.write(AG, 0x22, 0x05)
    imu.write(M, 0x21, 0x0C)
    imu.pass_seconds(0.010)
    assert (imu.ag(0x0F), imu.m(0x0F)) == (0x68, 0x3D)
    for address, register, value in [
        (AG, 0x10, 0x78),
        (AG, 0x20, 0x70),
        (M, 0x20, 0xB4),
        (M, 0x21, 0x00),
        (M, 0x22, 0x00),
    ]:
        imu.write(address, register, value)


def test_arduino_one_shot(imu: Imu) -> None:
    imu.feed(accel_x=0.122, accel_y=-0.244, accel_z=0.976, gyro_x=7.0, gyro_y=-70.0, gyro_z=700.0, mag_x=0.14)
    arduino_begin(imu)
    origin = imu.scheduler.now
    assert imu.ag(0x17) & 3 == 0
    imu.scheduler.advance(sample_cycle(origin, 119, 1) - 1)
    assert imu.ag(0x17) & 3 == 0
    imu.scheduler.advance(sample_cycle(origin, 119, 1))
    assert imu.ag(0x17) & 3 == 3
    assert imu.acceleration() == [1000, -2000, 8000]
    assert imu.ag(0x17) & 3 == 2
    assert imu.rate() == [100, -1000, 10000]
    assert imu.ag(0x17) & 3 == 0
    imu.scheduler.advance(sample_cycle(origin, 20, 1))
    assert imu.m(0x27) & 0x08
    assert imu.field() == [1000, 0, 0]
    assert imu.m(0x27) & 0x08 == 0


def test_arduino_continuous(imu: Imu) -> None:
    arduino_begin(imu)
    imu.ramp("accel x", 0.122, 119)
    imu.write(AG, 0x23, 0x02)
    imu.write(AG, 0x2E, 0xC0)
    imu.pass_seconds(10.5 / 119)
    seen = []
    while imu.ag(0x2F) & 63:
        seen.append(imu.acceleration()[0])
    assert seen == [1000 * n for n in range(1, 11)]


def test_arduino_end_and_begin_again(imu: Imu) -> None:
    arduino_begin(imu)
    imu.pass_seconds(1)
    for address, register, value in [(M, 0x22, 0x03), (AG, 0x10, 0), (AG, 0x20, 0)]:
        imu.write(address, register, value)
    before = imu.acceleration(), imu.field(), imu.rate()
    imu.feed(accel_z=-1.0, mag_x=1.0)
    imu.pass_seconds(1)
    assert (imu.acceleration(), imu.field(), imu.rate()) == before
    assert (imu.ag(0x17), imu.m(0x27)) == (0x04, 0)  # only the temperature was never read
    arduino_begin(imu)
    imu.pass_seconds(0.010)
    assert imu.acceleration()[2] == -8197


# --- rates and ranges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "hertz"), GYRO_HZ.items())
def test_gyro_rates_drive_both_sensors(imu: Imu, code: int, hertz: Fraction) -> None:
    imu.write(AG, 0x20, 0x20)
    imu.write(AG, 0x10, code << 5)
    origin = imu.scheduler.now
    for n in (1, 2, 1000):
        imu.scheduler.advance(sample_cycle(origin, hertz, n) - 1)
        imu.rate(), imu.acceleration()
        assert imu.ag(0x17) & 3 == 0
        imu.scheduler.advance(sample_cycle(origin, hertz, n))
        assert imu.ag(0x17) & 3 == 3


@pytest.mark.parametrize(("code", "hertz"), XL_HZ.items())
def test_accelerometer_alone(imu: Imu, code: int, hertz: Fraction) -> None:
    imu.write(AG, 0x20, code << 5)
    origin = imu.scheduler.now
    for n in (1, 2, 1000):
        imu.scheduler.advance(sample_cycle(origin, hertz, n) - 1)
        imu.acceleration()
        assert imu.ag(0x17) & 3 == 0
        imu.scheduler.advance(sample_cycle(origin, hertz, n))
        assert imu.ag(0x17) & 3 == 1


@pytest.mark.parametrize("register", [0x10, 0x20])
@pytest.mark.parametrize("code", [0, 7])
def test_no_rate_means_power_down(imu: Imu, register: int, code: int) -> None:
    imu.write(AG, register, code << 5)
    imu.pass_seconds(10)
    assert imu.ag(0x27) == 0


def test_changing_the_range_does_not_restart_the_period(imu: Imu) -> None:
    imu.write(AG, 0x10, 0x60)
    origin = imu.scheduler.now
    imu.pass_seconds(0.5 / 119)
    imu.write(AG, 0x10, 0x78)
    imu.scheduler.advance(sample_cycle(origin, 119, 1))
    assert imu.ag(0x17) & 2


@pytest.mark.parametrize(("code", "g"), [(0, 2), (1, 24), (2, 4), (3, 8)])
def test_accelerometer_saturates_at_its_word(imu: Imu, code: int, g: int) -> None:
    imu.feed(accel_x=g * 1.01, accel_y=-g * 1.01, accel_z=float("inf"))
    imu.write(AG, 0x20, 0x60 | code << 3)
    imu.pass_seconds(0.1)
    assert imu.acceleration() == [32767, -32768, 32767]


def test_gyroscope_saturates_at_its_word(imu: Imu) -> None:
    imu.feed(gyro_x=300.0, gyro_y=-300.0, gyro_z=286.7)
    imu.write(AG, 0x10, 0x60)
    imu.pass_seconds(0.1)
    assert imu.rate() == [32767, -32768, 32766]


def test_rest_is_one_g_on_z(imu: Imu) -> None:
    imu.write(AG, 0x10, 0x60)
    imu.pass_seconds(0.1)
    assert imu.acceleration() == [0, 0, 16393]  # 1 g / 0.061 mg
    assert imu.rate() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    gyro=st.booleans(),
    odr=st.integers(1, 6),
    scale=st.sampled_from((0, 1, 3)),
    slope=st.floats(-200.0, 200.0),
    start=st.floats(-10.0, 10.0),
    looks=st.lists(st.integers(1, 50_000_000), min_size=1, max_size=5),
)
def test_counts_are_the_signal_at_the_sample_instant(
    *, gyro: bool, odr: int, scale: int, slope: float, start: float, looks: list[int]
) -> None:
    imu = Imu()
    channel, register = ("gyro y", 0x10) if gyro else ("accel y", 0x20)
    hertz, lsb = (GYRO_HZ[odr], G_MDPS[scale]) if gyro else (XL_HZ[odr], XL_MG[scale])

    def signal(cycle: int) -> float:
        return start + slope * (cycle / CPU_HZ)

    imu.part.feed(channel, signal)
    imu.write(AG, register, odr << 5 | scale << 3)
    origin = imu.scheduler.now
    for look in looks:
        imu.pass_cycles(look)
        passed = (imu.scheduler.now - origin) * hertz / CPU_HZ
        measured = (imu.rate() if gyro else imu.acceleration())[1]
        if passed < 1:
            assert measured == 0
            continue
        exact = Fraction(signal(sample_cycle(origin, hertz, int(passed)))) * 1000 / lsb
        exact = max(Fraction(-32768), min(Fraction(32767), exact))
        assert abs(measured - exact) <= Fraction(1, 2) + Fraction(1, 10**6)


# --- output registers --------------------------------------------------------------------------------------------


def test_bursts_go_round_as_figures_6_and_7_say(imu: Imu) -> None:
    imu.feed(accel_x=0.061, accel_y=0.122, accel_z=0.183, gyro_x=8.75, gyro_y=17.5, gyro_z=26.25, temperature=26.0)
    imu.write(AG, 0x10, 0x60)
    imu.pass_seconds(0.1)
    both = [1000, 2000, 3000, 1000, 2000, 3000]
    assert words(imu.read(AG, 0x18, 24)) == both * 2
    assert words(imu.read(AG, 0x15, 14)) == [16, *both]
    imu.write(AG, 0x10, 0)
    imu.write(AG, 0x20, 0x60)
    imu.pass_seconds(0.1)
    assert words(imu.read(AG, 0x28, 12)) == [1000, 2000, 3000] * 2
    assert words(imu.read(AG, 0x15, 8)) == [16, 1000, 2000, 3000]


def test_bursts_count_up_elsewhere(imu: Imu) -> None:
    imu.write(AG, 0x06, 1, 2, 3, 4, 5)
    assert imu.read(AG, 0x06, 5) == bytes((1, 2, 3, 4, 5))
    assert imu.read(AG, 0x1D, 3) == bytes((0, 0x38, 0x38))  # in power-down
    assert imu.read(AG, 0x7F, 2) == bytes((0, 0))


def test_without_if_add_inc_the_address_stays(imu: Imu) -> None:
    imu.write(AG, 0x22, 0x00)
    assert imu.read(AG, 0x0F, 3) == b"\x68\x68\x68"


def test_big_endian(imu: Imu) -> None:
    imu.feed(accel_x=0.0610 * 0x123 / 1000, temperature=25 + 0x12 / 16)
    imu.write(AG, 0x22, 0x06)
    imu.write(AG, 0x20, 0x60)
    imu.pass_seconds(0.1)
    assert imu.read(AG, 0x28, 2) == b"\x01\x23"
    assert imu.read(AG, 0x15, 2) == b"\x00\x12"


def test_new_sample_between_two_bytes(imu: Imu) -> None:
    values = {1: 0x00FF, 2: 0x0100}

    def signal(cycle: int) -> float:
        return values[1 + (cycle > boundary)] * 0.061e-3

    imu.write(AG, 0x20, 0x60)
    origin = imu.scheduler.now
    boundary = sample_cycle(origin, 119, 1)
    imu.part.feed("accel x", signal)
    for bdu, expected in ((0, 0x01FF), (0x40, 0x00FF)):
        imu.write(AG, 0x20, 0)
        imu.write(AG, 0x22, 0x04 | bdu)
        imu.write(AG, 0x20, 0x60)
        boundary = sample_cycle(imu.scheduler.now, 119, 1)
        imu.pass_seconds(1.5 / 119)
        low = imu.ag(0x28)
        imu.pass_seconds(1 / 119)
        assert word(low, imu.ag(0x29)) == expected
        assert word(*imu.read(AG, 0x28, 2)) == 0x0100


@pytest.mark.parametrize("register", [0x17, 0x27])
def test_status_has_two_addresses(imu: Imu, register: int) -> None:
    imu.write(AG, 0x10, 0x60)
    imu.pass_seconds(0.1)
    assert imu.ag(register) == 0x07


def test_disabled_axes_read_0(imu: Imu) -> None:
    imu.feed(accel_x=1.0, accel_y=1.0, accel_z=1.0, gyro_x=10.0, gyro_y=10.0, gyro_z=10.0)
    imu.write(AG, 0x1E, 0x10)
    imu.write(AG, 0x1F, 0x28)
    imu.write(AG, 0x10, 0x78)
    imu.pass_seconds(0.1)
    assert imu.rate() == [0, 143, 0]
    assert imu.acceleration() == [16393, 0, 16393]


def test_orientation(imu: Imu) -> None:
    imu.feed(gyro_x=7.0, gyro_y=14.0, gyro_z=21.0)
    imu.write(AG, 0x10, 0x78)
    orders = {0: [100, 200, 300], 1: [100, 300, 200], 3: [200, 300, 100]}
    signs = {0x20: [-100, 200, 300], 0x0D: [-300, 200, 100]}
    for code, expected in (orders | signs).items():
        imu.write(AG, 0x13, code)
        imu.pass_seconds(0.1)
        assert imu.rate() == expected


def test_decimation(imu: Imu) -> None:
    imu.ramp("accel x", 0.061, 119)
    imu.write(AG, 0x1F, 0x38 | 2 << 6)  # every 4 samples
    imu.write(AG, 0x20, 0x60)
    imu.pass_seconds(0.5 / 119)
    seen = []
    for _ in range(12):
        imu.pass_seconds(1 / 119)
        if imu.ag(0x17) & 1:
            seen.append(imu.acceleration()[0])
    assert seen == [4000, 8000, 12000]


def test_gyroscope_sleep(imu: Imu) -> None:
    imu.ramp("gyro x", 7.0, 119)
    imu.write(AG, 0x10, 0x78)
    imu.pass_seconds(1.5 / 119)
    imu.write(AG, 0x23, 0x40)
    assert imu.rate()[0] == 100
    imu.pass_seconds(4 / 119)
    assert imu.ag(0x17) & 3 == 1
    assert imu.rate()[0] == 100
    imu.write(AG, 0x23, 0)
    imu.pass_seconds(1 / 119)
    assert imu.rate()[0] == 600


# --- temperature, self-test --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("celsius", "expected"), [(25, 0), (26, 16), (0, -400), (-40, -1040), (1000, 2047), (-999, -2048)]
)
def test_temperature(imu: Imu, celsius: float, expected: int) -> None:
    imu.feed(temperature=celsius)
    imu.write(AG, 0x20, 0x60)
    imu.pass_seconds(0.021)
    assert imu.ag(0x17) & 4
    assert words(imu.read(AG, 0x15, 2)) == [expected]
    assert imu.ag(0x17) & 4 == 0


@pytest.mark.parametrize(
    ("register", "value", "hertz"),
    [(0x10, 0xC0, Fraction(595, 10)), (0x10, 0x20, Fraction(595, 10)), (0x20, 0x60, 50), (0x20, 0x20, 10)],
)
def test_temperature_rate_is_table_5(imu: Imu, register: int, value: int, hertz: Fraction) -> None:
    imu.write(AG, register, value)
    origin = imu.scheduler.now
    for n in (1, 7):
        imu.scheduler.advance(sample_cycle(origin, hertz, n) - 1)
        imu.read(AG, 0x15, 2)
        assert imu.ag(0x17) & 4 == 0
        imu.scheduler.advance(sample_cycle(origin, hertz, n))
        assert imu.ag(0x17) & 4


@pytest.mark.parametrize(("scale", "dps", "lsb"), [(0, 130, 8.75), (1, 200, 17.5), (3, 530, 70)])
def test_self_test_moves_the_outputs(imu: Imu, scale: int, dps: int, lsb: float) -> None:
    imu.write(AG, 0x10, 0x60 | scale << 3)
    imu.pass_seconds(0.1)
    before = imu.rate(), imu.acceleration()
    imu.write(AG, 0x24, 0x05)
    imu.pass_seconds(0.1)
    after = imu.rate(), imu.acceleration()
    assert [b - a for a, b in zip(before[0], after[0], strict=True)] == [round(dps * 1000 / lsb)] * 3
    moved = [(b - a) * 0.061 for a, b in zip(before[1], after[1], strict=True)]
    assert all(70 < mg < 1500 for mg in moved)  # ST's self-test example


# --- laziness ----------------------------------------------------------------------------------------------------


def test_an_idle_sensor_costs_nothing(imu: Imu) -> None:
    calls = 0

    def signal(cycle: int) -> float:
        nonlocal calls
        calls += 1
        return 0.0

    for channel in imu.part.channels:
        imu.part.feed(channel, signal)
    imu.write(AG, 0x10, 0xC0)
    imu.write(AG, 0x23, 0x02)
    imu.write(AG, 0x2E, 0xC0)
    assert imu.scheduler.next_due is None
    imu.pass_seconds(3600)
    assert calls == 0
    assert imu.ag(0x2F) == 0x60
    assert calls <= 33 * 7


def test_samples_before_a_change_keep_the_old_signal_and_range(imu: Imu) -> None:
    imu.feed(accel_x=0.732)
    imu.write(AG, 0x23, 0x02)
    imu.write(AG, 0x2E, 0x20)
    imu.write(AG, 0x20, 0x60)
    imu.pass_seconds(2.5 / 119)
    imu.feed(accel_x=1.464)
    imu.pass_seconds(1 / 119)
    imu.write(AG, 0x20, 0x68)
    imu.pass_seconds(1 / 119)
    assert [imu.acceleration()[0] for _ in range(4)] == [12000, 12000, 24000, 2000]
