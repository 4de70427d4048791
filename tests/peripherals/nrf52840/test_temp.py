"""TEMP: 36 us, quarter degrees, two's complement."""

import pytest
from cmsim_peripherals.nrf52840.temp import Temp

from cmsim.soc import Row

START, STOP, DATARDY, TEMP = 0x000, 0x004, 0x100, 0x508


@pytest.fixture
def temp(make_soc):
    return make_soc(Row("TEMP", 0x4000_C000, Temp)).blocks["TEMP"]


@pytest.mark.parametrize(
    ("celsius", "raw"), [(25.0, 100), (25.2, 101), (0.0, 0), (-0.25, 0xFFFF_FFFF), (-40.0, 0xFFFF_FF60), (85.0, 340)]
)
def test_measurement(temp, celsius, raw):
    temp.celsius = celsius
    temp.write(START, 1)
    temp.scheduler.advance(36 * 64 - 1)
    assert temp.read(DATARDY) == 0
    temp.scheduler.advance(36 * 64)
    assert temp.read(DATARDY) == 1
    assert temp.read(TEMP) == raw


def test_one_start_one_measurement(temp):
    moments = []
    temp.subscribe(DATARDY, lambda: moments.append(temp.scheduler.now))
    temp.write(START, 1)
    temp.scheduler.advance(1000)
    temp.write(START, 1)
    temp.scheduler.advance(10**6)
    assert moments == [2304]


def test_stop_and_reset(temp):
    for stop in (lambda: temp.write(STOP, 1), temp.reset):
        temp.write(START, 1)
        stop()
        temp.scheduler.advance(temp.scheduler.now + 10**5)
        assert temp.read(DATARDY) == 0


def test_interrupt(temp):
    temp.write(0x304, 1)
    temp.write(START, 1)
    temp.scheduler.advance(5000)
    assert temp.irq.level
    assert temp.irq_number == 12


@pytest.mark.parametrize(
    ("offset", "reset", "mask"),
    [(0x520, 0x326, 0xFFF), (0x534, 0x5A3, 0xFFF), (0x540, 0x3FEF, 0x3FFF), (0x554, 0x27C, 0x3FFF),
     (0x560, 0xE2, 0xFF), (0x570, 0x50, 0xFF)],
)  # fmt: skip
def test_trim_registers_keep_their_fields(temp, offset, reset, mask):
    assert temp.read(offset) == reset
    temp.write(offset, 0xFFFF_F320)
    assert temp.read(offset) == 0xFFFF_F320 & mask
