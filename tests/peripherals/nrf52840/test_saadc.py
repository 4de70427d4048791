"""SAADC: transfer function, times, scan, oversampling, limits, buffers."""

import pytest
from cmsim_peripherals.nrf52840.saadc import Saadc

from cmsim.soc import Row

RAM, US = 0x2000_0000, 64
START, SAMPLE, STOP, CALIBRATE = 0x000, 0x004, 0x008, 0x00C
STARTED, END, DONE, RESULTDONE, CALIBRATEDONE, STOPPED = range(0x100, 0x118, 4)
CONFIG, AMOUNT = 0x518, 0x634
AIN2, PIN_OF_AIN2 = 3, 4
GAIN_1, DIFFERENTIAL, BURST, VDD_4 = 5 << 8, 1 << 20, 1 << 24, 1 << 12


@pytest.fixture
def soc(make_soc):
    return make_soc(Row("SAADC", 0x4000_7000, Saadc))


@pytest.fixture
def adc(soc):
    adc = soc.blocks["SAADC"]
    for offset, value in ((0x500, 1), (0x510, AIN2), (0x62C, RAM), (0x630, 1)):
        adc.write(offset, value)
    return adc


def result(adc, n=0):
    return int.from_bytes(adc.soc.dma_read(RAM + 2 * n, 2), "little", signed=True)


def convert(adc):
    adc.write(START, 1)
    adc.write(SAMPLE, 1)
    adc.scheduler.advance(adc.scheduler.now + 100 * US)
    return result(adc)


def volts(soc, value, pin=PIN_OF_AIN2):
    soc.analog[pin] = lambda cycle: value


@pytest.mark.parametrize(
    ("config", "resolution", "volt", "expected"),
    [
        (0, 1, 1.8, 512),  # 1.8 V x 1/6 / 0.6 V x 2^10
        (0, 2, 1.8, 2048),
        (0, 0, 3.6, 255),
        (0, 3, 3.6, 16383),
        (GAIN_1, 1, 0.3, 512),
        (VDD_4 | 2 << 8, 1, 1.5, 512),  # gain 1/4, reference 3.0 V / 4
        (DIFFERENTIAL, 1, 1.8, 256),
        (0, 1, -0.6, -171),
    ],
)
def test_transfer_function(soc, adc, config, resolution, volt, expected):
    adc.write(CONFIG, config | 2 << 16)
    adc.write(0x5F0, resolution)
    volts(soc, volt)
    assert convert(adc) == expected


@pytest.mark.parametrize(("selected", "expected"), [(9, 853), (0xD, 171)])
def test_the_supply_as_input(adc, selected, expected):
    adc.write(0x510, selected)
    assert convert(adc) == expected


def test_a_pin_that_nobody_feeds_has_its_level(soc, adc):
    assert convert(adc) == 0
    soc.pins[PIN_OF_AIN2].drive_from_board("button", True)
    assert convert(adc) == 853


@pytest.mark.parametrize(("code", "us"), [(0, 3), (1, 5), (2, 10), (3, 15), (4, 20), (5, 40)])
def test_a_conversion_takes_tacq_and_2_us(adc, code, us):
    adc.write(CONFIG, code << 16)
    adc.write(START, 1)
    adc.write(SAMPLE, 1)
    assert adc.read(0x400) == 1
    adc.scheduler.advance((us + 2) * US - 1)
    assert adc.read(END) == 0
    adc.scheduler.advance((us + 2) * US)
    assert [adc.read(event) for event in (STARTED, END, DONE, RESULTDONE, AMOUNT, 0x400)] == [1, 1, 1, 1, 1, 0]


def test_scan_takes_channels_in_order(soc, adc):
    adc.write(0x540, 1)  # channel 3: AIN0
    adc.write(0x630, 2)
    volts(soc, 1.8)
    volts(soc, 0.9, pin=2)
    convert(adc)
    assert (result(adc, 0), result(adc, 1)) == (512, 256)
    assert adc.read(AMOUNT) == 2


def test_a_signal_is_read_at_its_cycle(soc, adc):
    soc.analog[PIN_OF_AIN2] = lambda cycle: cycle / 64e6 * 1000
    adc.write(START, 1)
    adc.scheduler.advance(1000 * US)
    adc.write(SAMPLE, 1)
    adc.scheduler.advance(2000 * US)
    assert result(adc) == round(1.012 / 6 / 0.6 * 1024)


@pytest.mark.parametrize("burst", [False, True])
def test_oversampling_averages(soc, adc, burst):
    levels = iter((0.0, 1.8, 1.8, 3.6))
    soc.analog[PIN_OF_AIN2] = lambda cycle: next(levels)
    adc.write(0x5F4, 2)
    adc.write(CONFIG, 2 << 16 | (BURST if burst else 0))
    adc.write(START, 1)
    for n in range(1, 2 if burst else 5):
        assert adc.read(END) == 0
        adc.write(SAMPLE, 1)
        adc.scheduler.advance(100 * US * n)
    assert adc.read(END) == 1
    assert result(adc) == 512


def test_limits(soc, adc):
    adc.write(0x51C, 600 << 16 | 400)
    for volt, events in ((1.8, [0, 0]), (2.4, [1, 0]), (1.2, [0, 1])):
        volts(soc, volt)
        convert(adc)
        assert [adc.read(0x118), adc.read(0x11C)] == events
        adc.write(0x118, 0)
        adc.write(0x11C, 0)


@pytest.mark.parametrize("sample_at_once", [False, True])
def test_timer_mode_samples_every_cc_periods_of_16_mhz(adc, sample_at_once):
    """Section 6.23.5: the task START starts it; drivers trigger SAMPLE as well, which takes one more."""
    adc.write(0x5F8, 1 << 12 | 800)
    adc.write(0x630, 4)
    moments = []
    adc.subscribe(RESULTDONE, lambda: moments.append(adc.scheduler.now // US))
    adc.write(START, 1)
    if sample_at_once:
        adc.write(SAMPLE, 1)
    adc.scheduler.advance(400 * US)
    assert moments == ([12, 62, 112, 162] if sample_at_once else [62, 112, 162, 212])
    adc.write(STOP, 1)
    assert adc.scheduler.next_due is None


def test_sample_without_start_and_after_end_does_nothing(adc):
    adc.write(SAMPLE, 1)
    adc.scheduler.advance(100 * US)
    assert adc.read(DONE) == 0
    convert(adc)
    adc.write(DONE, 0)
    adc.write(SAMPLE, 1)
    adc.scheduler.advance(300 * US)
    assert adc.read(DONE) == 0


def test_calibration_and_stop_have_their_events(adc):
    adc.write(CALIBRATE, 1)
    adc.scheduler.advance(100 * US)
    assert adc.read(CALIBRATEDONE) == 1
    adc.write(STOP, 1)
    assert adc.read(STOPPED) == 1


def test_a_buffer_outside_ram_is_told(soc, adc):
    adc.write(0x62C, 0x1000)
    adc.write(START, 1)
    adc.write(SAMPLE, 1)
    adc.scheduler.advance(100 * US)
    assert adc.read(END) == 1
    assert [u.offset for u in soc.unmodelled.values()] == [0x62C]
