"""WDT: when it bites, how it is fed, what it ignores."""

import pytest
from cmsim_peripherals.nrf52840.power import Power
from cmsim_peripherals.nrf52840.wdt import Wdt

from cmsim.kernel import LFCLK
from cmsim.soc import Row

START, TIMEOUT, INTENSET, RUNSTATUS, REQSTATUS = 0x000, 0x100, 0x304, 0x400, 0x404
CRV, RREN, CONFIG, RR = 0x504, 0x508, 0x50C, 0x600
RELOAD = 0x6E52_4635
SECOND = 64_000_000


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("WDT", 0x4001_0000, Wdt))
    soc.resets = []

    def reset(reason):
        soc.resets.append((soc.scheduler.now, reason))
        soc.reset_reason = reason
        soc.reset()

    soc.hooks.reset = reset
    return soc


@pytest.fixture
def wdt(soc):
    return soc.blocks["WDT"]


def feed(wdt, n=0, value=RELOAD):
    wdt.write(RR + 4 * n, value)


@pytest.mark.parametrize(("crv", "ticks"), [(32767, 32768), (0xF, 16), (0, 16), (99_999, 100_000)])
def test_timeout_after_crv_plus_one_periods(soc, wdt, crv, ticks):
    wdt.write(CRV, crv)
    wdt.write(START, 1)
    assert wdt.read(RUNSTATUS) == 1
    end = LFCLK.cycles_for(ticks)
    soc.scheduler.advance(end - 1)
    assert soc.resets == []
    soc.scheduler.advance(end)
    assert soc.resets == [(end, "watchdog")]
    assert wdt.read(RUNSTATUS) == 0


def test_interrupt_delays_the_reset_by_two_periods(soc, wdt):
    wdt.write(CRV, 32767)
    wdt.write(INTENSET, 1)
    wdt.write(START, 1)
    soc.scheduler.advance(SECOND)
    assert wdt.irq.level
    assert wdt.read(TIMEOUT) == 1
    feed(wdt)  # too late
    soc.scheduler.advance(2 * SECOND)
    assert soc.resets == [(SECOND + 3907, "watchdog")]
    assert not wdt.irq.level


def test_feeding(soc, wdt):
    wdt.write(CRV, 32767)
    wdt.write(START, 1)
    for n in range(1, 6):
        soc.scheduler.advance(n * SECOND - 1000 * n)
        feed(wdt)
    assert soc.resets == []
    feed(wdt, value=0x1234_5678)
    feed(wdt, 1)
    soc.scheduler.advance(10 * SECOND)
    assert soc.resets == [(6 * SECOND - 5000, "watchdog")]


def test_every_enabled_register_must_ask(soc, wdt):
    wdt.write(CRV, 32767)
    wdt.write(RREN, 0b1000_0101)
    assert wdt.read(REQSTATUS) == 0b1000_0101
    wdt.write(START, 1)
    soc.scheduler.advance(SECOND // 2)
    feed(wdt, 0)
    feed(wdt, 7)
    assert wdt.read(REQSTATUS) == 0b100
    feed(wdt, 2)
    assert wdt.read(REQSTATUS) == 0b1000_0101
    soc.scheduler.advance(3 * SECOND // 2 - 1)
    assert soc.resets == []
    soc.scheduler.advance(3 * SECOND // 2)
    assert len(soc.resets) == 1


def test_reload_before_start_is_no_request(wdt):
    feed(wdt)
    assert wdt.read(REQSTATUS) == 1


def test_configuration_is_locked_while_running(soc, wdt):
    wdt.write(CRV, 32767)
    wdt.write(START, 1)
    wdt.write(CRV, 0xFFFF_FFFF)
    wdt.write(RREN, 0xFF)
    wdt.write(CONFIG, 0)
    assert [wdt.read(offset) for offset in (CRV, RREN, CONFIG)] == [32767, 1, 1]
    wdt.write(START, 1)
    soc.scheduler.advance(SECOND)
    assert len(soc.resets) == 1


@pytest.mark.parametrize("reason", ["sreq", "lockup"])
def test_soft_reset_leaves_it_running(soc, wdt, reason):
    soc.reset_reason = reason
    wdt.write(CRV, 32767)
    wdt.write(START, 1)
    soc.scheduler.advance(SECOND // 2)
    soc.reset()
    assert wdt.read(RUNSTATUS) == 1
    assert wdt.read(CRV) == 32767
    soc.scheduler.advance(SECOND)
    assert soc.resets == [(SECOND, "watchdog")]
    soc.scheduler.advance(10 * SECOND)
    assert len(soc.resets) == 1
    assert wdt.read(CRV) == 0xFFFF_FFFF


@pytest.mark.parametrize("reason", ["power-on", "pin", "off"])
def test_other_resets_stop_it(soc, wdt, reason):
    soc.reset_reason = reason
    wdt.write(CRV, 32767)
    wdt.write(START, 1)
    soc.reset()
    soc.scheduler.advance(10 * SECOND)
    assert soc.resets == []
    assert wdt.read(CRV) == 0xFFFF_FFFF


@pytest.mark.parametrize(("config", "pauses"), [(0b0000, True), (0b0001, False), (0b1000, True), (0b1001, False)])
def test_sleep(soc, wdt, config, pauses):
    wdt.write(CRV, 32767)
    wdt.write(CONFIG, config)
    wdt.write(START, 1)
    soc.scheduler.advance(SECOND // 4)
    wdt.set_asleep(True)
    soc.scheduler.advance(SECOND // 2)
    wdt.set_asleep(False)
    soc.scheduler.advance(3 * SECOND)
    assert soc.resets == [(SECOND + pauses * SECOND // 4, "watchdog")]


@pytest.mark.parametrize(("config", "pauses"), [(0b0000, True), (0b0001, True), (0b1000, False), (0b1001, False)])
def test_halted_by_a_debugger(soc, wdt, config, pauses):
    wdt.write(CRV, 32767)
    wdt.write(CONFIG, config)
    wdt.write(START, 1)
    wdt.set_halted(True)
    soc.scheduler.advance(SECOND // 2)
    wdt.set_halted(False)
    soc.scheduler.advance(3 * SECOND)
    assert soc.resets == [(SECOND + pauses * SECOND // 2, "watchdog")]


def test_no_reload_register_enabled_bites_for_sure(soc, wdt):
    wdt.write(CRV, 32767)
    wdt.write(RREN, 0)
    wdt.write(START, 1)
    feed(wdt)
    soc.scheduler.advance(SECOND)
    assert len(soc.resets) == 1


def test_sleep_as_power_tells_it(make_soc):
    soc = make_soc(Row("POWER", 0x4000_0000, Power), Row("WDT", 0x4001_0000, Wdt))
    power, wdt, bites = soc.blocks["POWER"], soc.blocks["WDT"], []
    soc.hooks.reset = lambda reason: bites.append(soc.scheduler.now)
    wdt.write(CRV, 32767)
    wdt.write(CONFIG, 0)
    wdt.write(START, 1)
    power.enter_sleep()
    soc.scheduler.advance(5 * SECOND)
    power.leave_sleep()
    soc.scheduler.advance(10 * SECOND)
    assert bites == [6 * SECOND]
