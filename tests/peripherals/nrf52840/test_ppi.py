from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.ppi import FIXED, Ppi
from cmsim_peripherals.nrf52840.rtc import Rtc
from cmsim_peripherals.nrf52840.timer import Timer

from cmsim.nordic import Unimplemented
from cmsim.soc import Chip, Row, Soc

T0, T1, T2 = 0x4000_8000, 0x4000_9000, 0x4000_A000
ROWS = (
    Row("RADIO", 0x4000_1000, Unimplemented),
    Row("TIMER0", T0, Timer),
    Row("TIMER1", T1, Timer),
    Row("TIMER2", T2, Timer),
    Row("RTC0", 0x4000_B000, Rtc),
    Row("CCM_AAR", 0x4000_F000, Unimplemented),
    Row("PPI", 0x4001_F000, Ppi),
)
CHEN, CHENSET, CHENCLR = 0x500, 0x504, 0x508
COMPARE0, START, COUNT, CLEAR = 0x140, 0x000, 0x008, 0x00C


def eep(n: int) -> int:
    return 0x510 + 8 * n


def tep(n: int) -> int:
    return 0x514 + 8 * n


def fork(n: int) -> int:
    return 0x910 + 4 * n


@pytest.fixture
def soc() -> Soc:
    soc = Soc(Chip("test", "", ROWS, flash_size=0, ram_size=0))
    for name in ("TIMER1", "TIMER2"):  # counters that count how often PPI pokes them
        soc.blocks[name].write(0x504, 2)
        soc.blocks[name].write(START, 1)
    return soc


@pytest.fixture
def ppi(soc: Soc) -> Ppi:
    block = soc.blocks["PPI"]
    assert isinstance(block, Ppi)
    return block


def fire(soc: Soc, compare: int = 0) -> None:
    """Emit COMPARE[n] of TIMER0."""
    timer = soc.blocks["TIMER0"]
    assert isinstance(timer, Timer)
    timer.emit(timer.COMPARE[compare])


def counted(soc: Soc, timer: str) -> int:
    soc.blocks[timer].trigger(0x040)
    return soc.blocks[timer].read(0x540)


@pytest.mark.parametrize("n", [0, 19])
def test_a_channel_joins_an_event_to_a_task_and_its_fork(soc: Soc, ppi: Ppi, n: int) -> None:
    ppi.write(eep(n), T0 + COMPARE0)
    ppi.write(tep(n), T1 + COUNT)
    ppi.write(fork(n), T2 + COUNT)
    fire(soc)
    assert counted(soc, "TIMER1") == 0
    ppi.write(CHENSET, 1 << n)
    assert ppi.read(CHEN) == ppi.read(CHENSET) == ppi.read(CHENCLR) == 1 << n
    fire(soc)
    fire(soc)
    assert counted(soc, "TIMER1") == counted(soc, "TIMER2") == 2
    ppi.write(CHENCLR, 1 << n)
    fire(soc)
    assert counted(soc, "TIMER1") == 2


def test_end_points_may_be_set_while_enabled(soc: Soc, ppi: Ppi) -> None:
    ppi.write(CHEN, 1)
    ppi.write(tep(0), T1 + COUNT)
    ppi.write(eep(0), T0 + COMPARE0)
    fire(soc)
    ppi.write(tep(0), T2 + COUNT)
    fire(soc)
    ppi.write(eep(0), T0 + COMPARE0 + 4)
    fire(soc)
    fire(soc, 1)
    assert (counted(soc, "TIMER1"), counted(soc, "TIMER2")) == (1, 2)


def test_several_channels_on_one_event(soc: Soc, ppi: Ppi) -> None:
    for n, timer in enumerate((T1, T2, T2)):
        ppi.write(eep(n), T0 + COMPARE0)
        ppi.write(tep(n), timer + COUNT)
    ppi.write(CHENSET, 7)
    fire(soc)
    assert (counted(soc, "TIMER1"), counted(soc, "TIMER2")) == (1, 2)


@pytest.mark.parametrize("group", range(6))
def test_groups(soc: Soc, ppi: Ppi, group: int) -> None:
    enable, disable = 8 * group, 8 * group + 4
    ppi.write(0x800 + 4 * group, 0x8000_0005)
    ppi.write(CHEN, 0x2)
    ppi.write(enable, 1)
    assert ppi.read(CHEN) == 0x8000_0007
    ppi.write(disable, 1)
    assert ppi.read(CHEN) == 0x2
    ppi.write(enable, 0)
    assert ppi.read(CHEN) == 0x2
    assert ppi.read(enable) == 0


def test_a_channel_that_switches_its_own_group_off(soc: Soc, ppi: Ppi) -> None:
    """The one-shot of the data sheet: the event counts once and disables its channel."""
    ppi.write(eep(4), T0 + COMPARE0)
    ppi.write(tep(4), T1 + COUNT)
    ppi.write(fork(4), 0x4001_F000 + 4)
    ppi.write(0x800, 1 << 4)
    ppi.write(0x000, 1)
    fire(soc)
    fire(soc)
    assert counted(soc, "TIMER1") == 1
    assert ppi.read(CHEN) == 0


def test_fixed_channels_of_the_data_sheet() -> None:
    assert [(event >> 12 & 0xFF, event & 0xFFF, task >> 12 & 0xFF, task & 0xFFF) for event, task in FIXED] == [
        (8, 0x140, 1, 0x000),
        (8, 0x140, 1, 0x004),
        (8, 0x144, 1, 0x010),
        (1, 0x128, 15, 0x000),
        (1, 0x100, 15, 0x000),
        (1, 0x104, 15, 0x004),
        (1, 0x104, 8, 0x044),
        (1, 0x10C, 8, 0x048),
        (11, 0x140, 1, 0x000),
        (11, 0x140, 1, 0x004),
        (11, 0x140, 8, 0x00C),
        (11, 0x140, 8, 0x000),
    ]


def test_fixed_channel_31_starts_timer0_from_rtc0(soc: Soc, ppi: Ppi) -> None:
    rtc, timer = soc.blocks["RTC0"], soc.blocks["TIMER0"]
    rtc.write(0x344, 1 << 16)
    rtc.write(0x540, 10)
    ppi.write(fork(31), T1 + COUNT)
    ppi.write(CHENSET, 1 << 31)
    rtc.write(START, 1)
    soc.scheduler.advance(64_000)
    timer.trigger(0x040)
    tenth_edge = -(-10 * 15625 // 8)
    assert timer.read(0x540) == (64_000 - tenth_edge) // 64
    assert counted(soc, "TIMER1") == 1


def test_a_fixed_channel_into_a_block_without_model_is_reported(soc: Soc, ppi: Ppi) -> None:
    ppi.write(CHENSET, 1 << 20)
    assert soc.unmodelled == {}
    fire(soc)
    assert list(soc.unmodelled) == [("RADIO", 0x000, "write")]


def test_end_points_in_no_block_are_reported_when_enabled(soc: Soc, ppi: Ppi) -> None:
    ppi.write(eep(3), 0x4123_4140)
    ppi.write(tep(3), 0x2000_0000)
    ppi.write(fork(3), 0x2000_0004)
    assert soc.unmodelled == {}
    ppi.write(CHENSET, 1 << 3)
    assert [(block, offset) for block, offset, _ in soc.unmodelled] == [
        ("PPI CH[3].EEP (no such block)", 0x4123_4140),
        ("PPI CH[3].TEP (no such block)", 0x2000_0000),
        ("PPI CH[3].FORK.TEP (no such block)", 0x2000_0004),
    ]


def test_a_task_end_point_in_no_block_does_nothing(soc: Soc, ppi: Ppi) -> None:
    ppi.write(CHENSET, 1)
    ppi.write(eep(0), T0 + COMPARE0)
    ppi.write(tep(0), 0x2000_0000)
    fire(soc)
    assert len(soc.unmodelled) == 1


def test_reset_parts_all_channels(soc: Soc, ppi: Ppi) -> None:
    ppi.write(eep(0), T0 + COMPARE0)
    ppi.write(tep(0), T1 + COUNT)
    ppi.write(CHENSET, 1)
    ppi.reset()
    fire(soc)
    assert counted(soc, "TIMER1") == 0
    assert ppi.read(eep(0)) == ppi.read(CHEN) == 0
