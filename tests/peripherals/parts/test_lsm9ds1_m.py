"""LSM9DS1 magnetometer against DocID025715 rev 3, section 8."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsm9ds1_bus import Imu, M, words

from cmsim.kernel import CPU_HZ

HZ = [Fraction(5, 8) * 2**code for code in range(8)]
MGAUSS = [Fraction("0.14"), Fraction("0.29"), Fraction("0.43"), Fraction("0.58")]
RESETS = {0x0F: 0x3D, 0x20: 0x10, 0x22: 0x03, 0x30: 0x08}


def cycle_of(origin: int, hertz: Fraction, n: int) -> int:
    exact = n * CPU_HZ / hertz
    return origin + -(-exact.numerator // exact.denominator)


def test_register_map_after_power_on(imu: Imu) -> None:
    for register in range(0x80):
        assert imu.m(register) == RESETS.get(register, 0), f"0x{register:02x}"


@pytest.mark.parametrize("code", range(8))
def test_output_data_rates(imu: Imu, code: int) -> None:
    imu.write(M, 0x20, code << 2)
    imu.write(M, 0x22, 0)
    origin = imu.scheduler.now
    for n in (1, 2, 100):
        imu.scheduler.advance(cycle_of(origin, HZ[code], n) - 1)
        imu.field()
        assert imu.m(0x27) == 0
        assert not imu.level("DRDY_M")
        imu.scheduler.advance(cycle_of(origin, HZ[code], n))
        assert imu.level("DRDY_M")
        assert imu.m(0x27) == 0x0F


@pytest.mark.parametrize(("mode", "hertz"), [(0, 1000), (1, 560), (2, 300), (3, 155)])
def test_fast_odr(imu: Imu, mode: int, hertz: int) -> None:
    imu.write(M, 0x20, mode << 5 | 0x02)
    imu.write(M, 0x22, 0)
    origin = imu.scheduler.now
    imu.scheduler.advance(cycle_of(origin, Fraction(hertz), 1) - 1)
    assert imu.m(0x27) == 0
    imu.pass_cycles(1)
    assert imu.m(0x27) == 0x0F


def test_low_power_is_0_625_hz(imu: Imu) -> None:
    imu.write(M, 0x20, 0x1C)
    imu.write(M, 0x22, 0x20)
    imu.pass_seconds(1.59)
    assert imu.m(0x27) == 0
    imu.pass_seconds(0.01)
    assert imu.m(0x27) == 0x0F


def test_single_conversion(imu: Imu) -> None:
    imu.feed(mag_y=0.29)
    imu.write(M, 0x20, 0x1C)
    for _ in range(2):
        imu.write(M, 0x22, 0x01)
        imu.pass_seconds(0.0125)
        assert imu.m(0x27) == 0x0F
        assert imu.m(0x22) == 0x03
        imu.pass_seconds(1)
        assert imu.m(0x27) == 0x0F  # no overrun: it stopped
        assert imu.field()[1] == 2071


@pytest.mark.parametrize("mode", [2, 3])
def test_power_down(imu: Imu, mode: int) -> None:
    imu.write(M, 0x22, mode)
    imu.pass_seconds(10)
    assert imu.m(0x27) == 0


def test_overrun_and_what_clears_it(imu: Imu) -> None:
    imu.write(M, 0x20, 0x1C)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.0126)
    imu.read(M, 0xA8, 2)
    assert imu.m(0x27) == 0x0E  # x is read, the set is not
    imu.pass_seconds(0.0125)
    assert imu.m(0x27) == 0xEF  # y and z were lost
    imu.pass_seconds(0.0125)
    assert imu.m(0x27) == 0xFF
    imu.read(M, 0xA8, 4)
    assert imu.m(0x27) == 0xCC
    imu.read(M, 0xAC, 2)
    assert imu.m(0x27) == 0


def test_bit_7_increments_and_goes_round(imu: Imu) -> None:
    imu.feed(mag_x=0.14, mag_y=0.28, mag_z=0.42)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.2)
    assert words(imu.read(M, 0xA8, 12)) == [1000, 2000, 3000] * 2
    assert imu.read(M, 0x0F, 3) == b"\x3d" * 3
    imu.write(M, 0x80 | 0x05, 1, 2, 3)
    assert imu.read(M, 0x85, 3) == bytes((1, 2, 3))
    imu.write(M, 0x05, 7, 8, 9)
    assert imu.read(M, 0x85, 3) == bytes((9, 2, 3))


def test_offsets_are_subtracted(imu: Imu) -> None:
    imu.feed(mag_x=0.14, mag_y=-5.0)
    imu.write(M, 0x85, 0xE8, 0x03, 0x64, 0x00, 0x9C, 0xFF)  # 1000, 100, -100
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.2)
    assert imu.field() == [0, -32768, 100]


def test_big_endian(imu: Imu) -> None:
    imu.feed(mag_x=0.14e-3 * 0x1234)
    imu.write(M, 0x23, 0x02)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.2)
    assert imu.read(M, 0xA8, 2) == b"\x12\x34"


@pytest.mark.parametrize(("bdu", "expected"), [(0, 0x01FF), (0x40, 0x00FF)])
def test_block_data_update(imu: Imu, bdu: int, expected: int) -> None:
    imu.feed(mag_x=0.14e-3 * 0xFF)
    imu.write(M, 0x24, bdu)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.15)
    low = imu.m(0x28)
    imu.feed(mag_x=0.14e-3 * 0x100)
    imu.pass_seconds(0.1)
    assert low | imu.m(0x29) << 8 == expected


def test_self_test_moves_within_st_limits(imu: Imu) -> None:
    imu.write(M, 0x21, 0x40)  # 12 gauss, as ST's example
    imu.write(M, 0x20, 0x1D)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(0.1)
    x, y, z = (count * 0.00043 for count in imu.field())
    assert 1 < x < 3
    assert 1 < y < 3
    assert 0.1 < z < 1


def test_soft_reset(imu: Imu) -> None:
    imu.write(M, 0x85, 1, 2)
    imu.write(M, 0x22, 0)
    imu.pass_seconds(1)
    imu.write(M, 0x21, 0x6C)
    assert {register: imu.m(register) for register in RESETS} == RESETS
    assert (imu.m(0x05), imu.m(0x21), imu.m(0x27)) == (0, 0, 0)
    assert not imu.level("DRDY_M")


def test_reboot_keeps_the_settings(imu: Imu) -> None:
    imu.write(M, 0x20, 0x7C)
    imu.write(M, 0x21, 0x68)
    assert (imu.m(0x20), imu.m(0x21)) == (0x7C, 0x60)


# --- interrupt ----------------------------------------------------------------------------------------------------


def configure_interrupt(imu: Imu, config: int, threshold: int) -> None:
    imu.write(M, 0xB2, threshold & 0xFF, threshold >> 8)
    imu.write(M, 0x30, config)
    imu.write(M, 0x20, 0x1C)
    imu.write(M, 0x22, 0)


def test_latched_interrupt_until_int_src_is_read(imu: Imu) -> None:
    configure_interrupt(imu, 0xE0 | 0x08 | 0x05, 1000)  # all axes, active high, latched, pin
    imu.feed(mag_y=-0.15)
    imu.pass_seconds(0.013)
    assert imu.level("INT_M")
    imu.feed(mag_y=0)
    imu.pass_seconds(0.1)
    assert imu.level("INT_M")
    assert imu.m(0x31) == 0x09  # NTH_Y, INT
    assert not imu.level("INT_M")
    assert imu.m(0x31) == 0


def test_interrupt_that_follows_active_low(imu: Imu) -> None:
    configure_interrupt(imu, 0x80 | 0x08 | 0x03, 1000)
    imu.pass_seconds(0.013)
    assert imu.level("INT_M")
    imu.feed(mag_x=0.15, mag_y=0.15)
    imu.pass_seconds(0.0125)
    assert not imu.level("INT_M")
    assert imu.m(0x31) == 0x81  # PTH_X; y is not enabled
    imu.feed(mag_x=0.14)
    imu.pass_seconds(0.0125)
    assert imu.level("INT_M")


def test_range_overflow(imu: Imu) -> None:
    configure_interrupt(imu, 0x09, 1000)
    imu.feed(mag_z=4.7)
    imu.pass_seconds(0.1)
    assert imu.m(0x31) == 0x02
    assert imu.field()[2] == 32767


def test_without_ien_the_pin_is_quiet_and_nothing_is_armed(imu: Imu) -> None:
    configure_interrupt(imu, 0xE8, 0)
    imu.feed(mag_x=1)
    imu.pass_seconds(0.1)
    assert not imu.level("INT_M")
    assert imu.scheduler.next_due is None
    assert imu.m(0x31) == 0x81


@settings(max_examples=40, deadline=None)
@given(
    code=st.integers(0, 7),
    scale=st.integers(0, 3),
    slope=st.floats(-2.0, 2.0),
    start=st.floats(-6.0, 6.0),
    looks=st.lists(st.integers(1, 200_000_000), min_size=1, max_size=4),
)
def test_counts_are_the_field_at_the_sample_instant(
    code: int, scale: int, slope: float, start: float, looks: list[int]
) -> None:
    imu = Imu()

    def signal(cycle: int) -> float:
        return start + slope * (cycle / CPU_HZ)

    imu.part.feed("mag z", signal)
    imu.write(M, 0x21, scale << 5)
    imu.write(M, 0x20, code << 2)
    imu.write(M, 0x22, 0)
    origin = imu.scheduler.now
    for look in looks:
        imu.pass_cycles(look)
        passed = int((imu.scheduler.now - origin) * HZ[code] / CPU_HZ)
        if passed == 0:
            assert imu.field() == [0, 0, 0]
            continue
        exact = Fraction(signal(cycle_of(origin, HZ[code], passed))) * 1000 / MGAUSS[scale]
        exact = max(Fraction(-32768), min(Fraction(32767), exact))
        assert abs(imu.field()[2] - exact) <= Fraction(1, 2) + Fraction(1, 10**6)
