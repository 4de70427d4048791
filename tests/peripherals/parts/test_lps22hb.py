"""LPS22HB: 4096 counts a hPa, rates, flags."""

import pytest
from cmsim_peripherals.parts.lps22hb import Lps22hb
from hypothesis import given
from hypothesis import strategies as st
from support.i2c_part import Bench

CTRL_REG1, CTRL_REG2, CTRL_REG3, STATUS, PRESSURE, TEMPERATURE = 0x10, 0x11, 0x12, 0x27, 0x28, 0x2B


@pytest.fixture
def bench() -> Bench:
    return Bench(Lps22hb)


def test_reset_values(bench: Bench) -> None:
    values = {0x0F: 0xB1, CTRL_REG1: 0, CTRL_REG2: 0x10, CTRL_REG3: 0, STATUS: 0, 0x1A: 0}
    assert {register: bench.byte(register) for register in values} == values


@given(st.floats(260, 1260), st.floats(-40, 85))
def test_one_shot(hectopascals: float, celsius: float) -> None:
    bench = Bench(Lps22hb)
    bench.feel(pressure=hectopascals, temperature=celsius)
    bench.write(CTRL_REG2, 0x11)
    assert bench.byte(CTRL_REG2) == 0x11
    bench.wait(0.016)
    assert (bench.byte(CTRL_REG2), bench.byte(STATUS)) == (0x10, 3)
    assert bench.number(PRESSURE, 3) == round(hectopascals * 4096)
    assert abs(bench.number(TEMPERATURE) - celsius * 100) <= 0.5 + 1e-6
    assert bench.byte(STATUS) == 0


@pytest.mark.parametrize(("odr", "hertz"), [(1, 1), (2, 10), (3, 25), (4, 50), (5, 75)])
def test_output_data_rates(bench: Bench, odr: int, hertz: int) -> None:
    bench.write(CTRL_REG1, odr << 4)
    bench.wait(0.99 / hertz)
    assert bench.byte(STATUS) == 0
    bench.wait(0.02 / hertz)
    assert bench.byte(STATUS) == 3


def test_overrun_flags(bench: Bench) -> None:
    bench.write(CTRL_REG1, 0x50)
    bench.wait(1)
    assert bench.byte(STATUS) == 0x33
    bench.read(PRESSURE, 3)
    assert bench.byte(STATUS) == 0x22
    bench.read(TEMPERATURE, 2)
    assert bench.byte(STATUS) == 0


def test_block_data_update_holds_the_three_bytes(bench: Bench) -> None:
    bench.write(CTRL_REG1, 0x52)
    bench.feel(pressure=1000)
    bench.wait(0.1)
    first = bench.byte(PRESSURE)
    bench.feel(pressure=500)
    bench.wait(0.1)
    rest = bench.read(PRESSURE + 1, 2)
    assert int.from_bytes(bytes((first,)) + rest, "little") == 1000 * 4096
    assert bench.number(PRESSURE, 3) == 500 * 4096


def test_data_ready_pin_and_reset(bench: Bench) -> None:
    line = bench.part.lines["INT_DRDY"]
    bench.write(CTRL_REG3, 0x04)
    bench.write(CTRL_REG1, 0x50)
    bench.wait(0.02)
    assert line.level
    bench.read(PRESSURE, 3)
    assert not line.level
    bench.write(CTRL_REG2, 0x04)
    assert (bench.byte(CTRL_REG1), bench.byte(CTRL_REG2)) == (0, 0x10)


def test_i2c_can_be_switched_off(bench: Bench) -> None:
    bench.write(CTRL_REG2, 0x18)
    assert bench.bus.select(0x5C, False) is None
