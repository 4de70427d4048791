"""NFCT: sense, activate, a field that comes and goes; what it says it cannot do."""

import pytest
from cmsim_peripherals.nrf52840.nfct import Nfct

from cmsim.kernel import CPU_HZ
from cmsim.soc import Row

ACTIVATE, DISABLE, SENSE, STARTTX, ENABLERXDATA, GOIDLE, GOSLEEP = 0x00, 0x04, 0x08, 0x0C, 0x1C, 0x24, 0x28
READY, FIELDDETECTED, FIELDLOST, STARTED = 0x100, 0x104, 0x108, 0x150
SHORTS, TAGSTATE, SLEEPSTATE, FIELDPRESENT = 0x200, 0x410, 0x420, 0x43C


@pytest.fixture
def nfct(make_soc):
    return make_soc(Row("NFCT", 0x4000_5000, Nfct)).blocks["NFCT"]


def wait(nfct, microseconds=500):
    nfct.scheduler.advance(nfct.scheduler.now + microseconds * CPU_HZ // 1_000_000)


@pytest.mark.parametrize(("offset", "value"), [(0x504, 0x480), (0x508, 0x1000), (0x50C, 1), (0x518, 0x17), (0x520, 0x15),
                                               (0x590, 0x6363), (0x59C, 2), (0x5A0, 1), (TAGSTATE, 0)])
def test_reset_values(nfct, offset, value):
    assert nfct.read(offset) == value


def test_activation_takes_500_us(nfct):
    nfct.write(ACTIVATE, 1)
    assert nfct.read(TAGSTATE) == 2
    wait(nfct, 499)
    assert nfct.read(READY) == 0
    wait(nfct, 1)
    assert (nfct.read(READY), nfct.read(TAGSTATE)) == (1, 3)
    nfct.write(DISABLE, 1)
    assert nfct.read(TAGSTATE) == 0


def test_a_field_is_seen_only_by_one_who_looks(nfct):
    nfct.field(True)
    assert (nfct.read(FIELDDETECTED), nfct.read(FIELDPRESENT)) == (0, 0)
    nfct.write(SENSE, 1)
    assert (nfct.read(FIELDDETECTED), nfct.read(FIELDPRESENT), nfct.detected.level) == (0, 1, True)
    wait(nfct, 20)
    assert nfct.read(FIELDDETECTED) == 1
    nfct.field(False)
    assert (nfct.read(FIELDLOST), nfct.read(FIELDPRESENT)) == (0, 0)  # in SENSE mode nothing tells it


def test_a_field_that_goes_within_20_us_is_not_detected(nfct):
    nfct.write(SENSE, 1)
    nfct.field(True)
    wait(nfct, 19)
    nfct.field(False)
    wait(nfct)
    assert nfct.read(FIELDDETECTED) == 0


def test_a_field_that_stays_is_told_again_by_activate_and_not_by_sense(nfct):
    """Section 6.14.2."""
    nfct.write(ACTIVATE, 1)
    wait(nfct)
    nfct.field(True)
    nfct.write(FIELDDETECTED, 0)
    nfct.write(SENSE, 1)
    wait(nfct)
    assert (nfct.read(FIELDDETECTED), nfct.read(FIELDPRESENT)) == (0, 1)
    nfct.write(ACTIVATE, 1)
    assert nfct.read(FIELDDETECTED) == 1
    nfct.field(False)
    assert nfct.read(FIELDLOST) == 1


def test_shortcuts_follow_the_field(nfct):
    nfct.write(SHORTS, 0b11)
    nfct.write(SENSE, 1)
    nfct.field(True)
    wait(nfct, 520)
    assert (nfct.read(READY), nfct.read(TAGSTATE), nfct.read(FIELDPRESENT)) == (1, 3, 3)
    nfct.field(False)
    assert nfct.read(TAGSTATE) == 0
    nfct.write(FIELDDETECTED, 0)
    nfct.field(True)
    wait(nfct, 20)
    assert nfct.read(FIELDDETECTED) == 1


def test_idle_and_sleep(nfct):
    nfct.write(GOSLEEP, 1)
    assert nfct.read(SLEEPSTATE) == 0
    nfct.write(ACTIVATE, 1)
    wait(nfct)
    nfct.write(GOSLEEP, 1)
    assert nfct.read(SLEEPSTATE) == 1
    nfct.write(GOIDLE, 1)
    assert nfct.read(SLEEPSTATE) == 0


def test_receiving_waits_for_ever_and_sending_is_reported(nfct):
    nfct.write(ENABLERXDATA, 1)
    assert nfct.read(STARTED) == 0
    nfct.write(ACTIVATE, 1)
    wait(nfct)
    nfct.write(ENABLERXDATA, 1)
    assert (nfct.read(STARTED), nfct.read(TAGSTATE)) == (1, 4)
    assert nfct.soc.unmodelled == {}
    nfct.write(STARTTX, 1)
    assert list(nfct.soc.unmodelled) == [("NFCT", STARTTX, "frame to a reader")]


def test_the_errata_register_is_storage(nfct):
    nfct.write(0x68C, 0x38148)
    assert (nfct.read(0x68C), nfct.soc.unmodelled) == (0x38148, {})
