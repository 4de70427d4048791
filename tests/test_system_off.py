"""System OFF: who sleeps, what wakes, and why the chip was reset then."""

import pytest
from cmsim_peripherals.nrf52840.chip import NRF52840

from cmsim.kernel import CPU_HZ
from cmsim.soc import Soc
from cmsim.system_off import SystemOff

MS = CPU_HZ // 1000
PIN_CNF_11 = 0x72C
SENSE_LOW_PULLED_UP = 3 << 16 | 3 << 2


@pytest.fixture
def soc():
    return Soc(NRF52840)


@pytest.fixture
def off(soc):
    return SystemOff(soc)


def at(soc, milliseconds, act):
    soc.scheduler.alarm(act).at(milliseconds * MS)


def wake_up(soc, off, until=1000):
    """The reason of the reset, and the millisecond at which it comes."""
    off.enter()
    cycle = off.sleep(until * MS)
    if off.reason is None:
        return None, cycle // MS
    reason = off.leave()
    soc.blocks["POWER"].note_reset(reason)
    soc.reset()
    return reason, cycle // MS


def resetreas(soc):
    return soc.blocks["POWER"].read(0x400)


def sense_button(soc):
    soc.blocks["P0"].write(PIN_CNF_11, SENSE_LOW_PULLED_UP)


def test_a_pin_wakes_and_the_ports_keep_their_configuration(soc, off):
    sense_button(soc)
    at(soc, 5, lambda: soc.pins[11].drive_from_board("button", False))
    assert wake_up(soc, off) == ("off", 5)
    assert resetreas(soc) == 1 << 16
    assert soc.blocks["P0"].read(PIN_CNF_11) == SENSE_LOW_PULLED_UP


def test_a_detect_that_is_high_already_wakes_at_once(soc, off):
    sense_button(soc)
    soc.pins[11].drive_from_board("button", False)
    assert wake_up(soc, off) == ("off", 0)


@pytest.mark.parametrize(("detect", "volts", "moment"), [(1, 3.0, 3), (2, 3.0, None), (0, 3.0, 3)])
def test_lpcomp(soc, off, detect, volts, moment):
    block = soc.blocks["COMP_LPCOMP"]
    soc.analog[2] = lambda cycle: volts if cycle >= 3 * MS else 0.0
    for offset, value in ((0x508, 3), (0x520, detect), (0x500, 1), (0x000, 1)):
        block.write(offset, value)
    soc.scheduler.advance(MS)
    assert wake_up(soc, off) == (("lpcomp", moment) if moment else (None, 1000))
    if moment:
        assert resetreas(soc) == 1 << 17


def test_nfc_field(soc, off):
    nfct = soc.blocks["NFCT"]
    nfct.write(0x008, 1)
    at(soc, 7, lambda: nfct.field(True))
    assert wake_up(soc, off) == ("nfc", 7)
    assert resetreas(soc) == 1 << 19


def test_vbus(soc, off):
    vbus = soc.blocks["POWER"].vbus
    vbus.set(False)
    at(soc, 9, lambda: vbus.set(True))
    assert wake_up(soc, off) == ("vbus", 9)
    assert resetreas(soc) == 1 << 20


def test_clocks_stand_still(soc, off):
    sense_button(soc)
    timer = soc.blocks["TIMER0"]
    for offset, value in ((0x540, 1000), (0x304, 1 << 16), (0x000, 1)):
        timer.write(offset, value)
    off.enter()
    off.sleep(10 * MS)
    assert not timer.irq.level
    assert timer.read(0x140) == 0


def test_hopeless_without_a_source_or_without_anything_to_come(soc, off):
    at(soc, 5, lambda: None)
    off.enter()
    assert off.hopeless
    off.leave()
    sense_button(soc)
    off.enter()
    assert not off.hopeless
    soc.scheduler.advance(6 * MS)
    assert off.hopeless


def test_somebody_else_may_wake_it(soc, off):
    off.enter()
    off.wake("pin")
    off.wake("off")
    assert not off.hopeless
    assert off.leave() == "pin"
