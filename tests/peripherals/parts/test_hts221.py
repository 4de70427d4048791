"""HTS221: the conversion with its calibration registers gives back what is traced."""

import pytest
from cmsim_peripherals.parts.hts221 import Hts221
from hypothesis import given
from hypothesis import strategies as st
from support.i2c_part import Bench

CTRL_REG1, CTRL_REG2, CTRL_REG3, STATUS = 0x20, 0x21, 0x22, 0x27
HUMIDITY, TEMPERATURE = 0x28, 0x2A


@pytest.fixture
def bench() -> Bench:
    return Bench(Hts221)


def converted(bench: Bench) -> tuple[float, float]:
    """Percent and degrees, by the two-point formula of the data sheet (section 8)."""
    h0, h1 = bench.byte(0x30) / 2, bench.byte(0x31) / 2
    top = bench.byte(0x35)
    t0, t1 = (bench.byte(0x32) | (top & 3) << 8) / 8, (bench.byte(0x33) | (top & 12) << 6) / 8
    h0_out, h1_out = bench.number(0x80 | 0x36), bench.number(0x80 | 0x3A)
    t0_out, t1_out = bench.number(0x80 | 0x3C), bench.number(0x80 | 0x3E)
    humidity = h0 + (h1 - h0) * (bench.number(0x80 | HUMIDITY) - h0_out) / (h1_out - h0_out)
    return humidity, t0 + (t1 - t0) * (bench.number(0x80 | TEMPERATURE) - t0_out) / (t1_out - t0_out)


def test_reset_values(bench: Bench) -> None:
    values = {0x0F: 0xBC, 0x10: 0x1B, CTRL_REG1: 0, CTRL_REG2: 0, CTRL_REG3: 0, STATUS: 0}
    assert {register: bench.byte(register) for register in values} == values


@given(st.floats(0, 100), st.floats(-40, 120))
def test_one_shot_gives_back_the_traced_values(percent: float, celsius: float) -> None:
    bench = Bench(Hts221)
    bench.feel(humidity=percent, temperature=celsius)
    bench.write(CTRL_REG1, 0x84)
    bench.write(CTRL_REG2, 0x01)
    assert (bench.byte(CTRL_REG2), bench.byte(STATUS)) == (1, 0)
    bench.wait(0.010)
    assert (bench.byte(CTRL_REG2), bench.byte(STATUS)) == (0, 3)
    humidity, temperature = converted(bench)
    assert abs(humidity - percent) <= 0.5 / 256 + 1e-9
    assert abs(temperature - celsius) <= 0.5 / 64 + 1e-9
    assert bench.byte(STATUS) == 0


@pytest.mark.parametrize(("odr", "hertz"), [(1, 1), (2, 7), (3, 12.5)])
def test_output_data_rates(bench: Bench, odr: int, hertz: float) -> None:
    bench.write(CTRL_REG1, 0x80 | odr)
    bench.wait(0.99 / hertz)
    assert bench.byte(STATUS) == 0
    bench.wait(0.02 / hertz)
    assert bench.byte(STATUS) == 3


def test_each_flag_falls_with_the_high_byte_of_its_output(bench: Bench) -> None:
    bench.write(CTRL_REG1, 0x81)
    bench.wait(1.1)
    bench.byte(HUMIDITY)
    assert bench.byte(STATUS) == 3
    bench.byte(HUMIDITY + 1)
    assert bench.byte(STATUS) == 1
    bench.byte(TEMPERATURE + 1)
    assert bench.byte(STATUS) == 0


def test_block_data_update_holds_both_bytes(bench: Bench) -> None:
    bench.write(CTRL_REG1, 0x85)
    bench.feel(humidity=20)
    bench.wait(1.1)
    low = bench.byte(HUMIDITY)
    bench.feel(humidity=80)
    bench.wait(1)
    assert int.from_bytes((low, bench.byte(HUMIDITY + 1)), "little", signed=True) == 256 * (20 - 50)


def test_data_ready_pin(bench: Bench) -> None:
    line = bench.part.lines["DRDY"]
    bench.write(CTRL_REG3, 0x04)
    bench.write(CTRL_REG1, 0x81)
    assert not line.level
    bench.wait(1.1)
    assert line.level
    bench.read(0x80 | HUMIDITY, 4)
    assert not line.level
    bench.write(CTRL_REG3, 0x84)
    assert line.level  # active low, and nothing is ready


def test_one_shot_needs_power_up_and_no_rate(bench: Bench) -> None:
    bench.write(CTRL_REG2, 0x01)
    assert bench.byte(CTRL_REG2) == 0
    bench.wait(1)
    assert bench.byte(STATUS) == 0


def test_without_bit_7_a_burst_stays(bench: Bench) -> None:
    assert bench.read(0x0F, 2) == b"\xbc\xbc"


def test_power_off_forgets(bench: Bench) -> None:
    bench.write(CTRL_REG1, 0x81)
    bench.part.set_power(False)
    assert bench.bus.select(0x5F, False) is None
    bench.part.set_power(True)
    assert bench.byte(CTRL_REG1) == 0
