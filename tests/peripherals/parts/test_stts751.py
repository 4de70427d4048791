"""STTS751: reset values, resolution, rates, limits; and that a sensor is as short as the guide says."""

import inspect
import io
import tokenize

import pytest
from cmsim_peripherals.parts import stts751
from cmsim_peripherals.parts.stts751 import Stts751
from support.i2c_part import Bench

STATUS, CONFIG, RATE = 1, 3, 4


@pytest.fixture
def bench() -> Bench:
    return Bench(Stts751)


def celsius(bench: Bench) -> float:
    return int.from_bytes((bench.byte(0), bench.byte(2)), "big", signed=True) / 256


def test_a_sensor_fits_on_a_page() -> None:
    source = inspect.getsource(stts751)
    code = {token.start[0] for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)}
    assert len(code) <= 60, f"{len(code)} lines of code"


def test_reset_values(bench: Bench) -> None:
    values = {1: 0, 3: 0, 4: 4, 5: 85, 6: 0, 7: 0xF6, 8: 0, 0x20: 85, 0x21: 10, 0xFD: 0, 0xFE: 0x53, 0xFF: 1}
    assert {register: bench.byte(register) for register in values} == values


@pytest.mark.parametrize(("code", "shown"), [(0, 21.75), (1, 21.625), (2, 21.5), (3, 21.6875)])
def test_resolutions(bench: Bench, code: int, shown: float) -> None:
    bench.feel(temperature=21.68)
    bench.write(CONFIG, code << 2)
    bench.wait(1)
    assert celsius(bench) == shown


@pytest.mark.parametrize("degrees", [-40.0, -0.25, 0.0, 127.75])
def test_two_s_complement(bench: Bench, degrees: float) -> None:
    bench.feel(temperature=degrees)
    bench.wait(1)
    assert celsius(bench) == degrees


@pytest.mark.parametrize(("code", "seconds"), [(0, 16), (4, 1), (9, 1 / 32), (15, 1 / 32)])
def test_rates(bench: Bench, code: int, seconds: float) -> None:
    bench.write(CONFIG, 0x40)
    bench.wait(100)
    assert celsius(bench) == 0
    bench.write(RATE, code)
    bench.write(CONFIG, 0)
    bench.wait(0.99 * seconds)
    assert celsius(bench) == 0
    bench.wait(0.02 * seconds)
    assert celsius(bench) == 25


def test_limits_pull_event_low_until_status_is_read(bench: Bench) -> None:
    bench.feel(temperature=90)
    bench.wait(0.9)
    assert bench.part.drives("EVENT") is None
    bench.wait(0.2)
    assert bench.part.drives("EVENT") is False
    assert (bench.byte(STATUS), bench.byte(STATUS)) == (0x40, 0)
    assert bench.part.drives("EVENT") is None
    bench.feel(temperature=-10)
    bench.wait(1)
    assert bench.byte(STATUS) == 0x20


def test_masked_event_stays_released(bench: Bench) -> None:
    bench.feel(temperature=90)
    bench.write(CONFIG, 0x80)
    assert bench.scheduler.next_due is None
    bench.wait(5)
    assert bench.part.drives("EVENT") is None
