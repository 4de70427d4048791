"""MWU without a processor: what it asks to be told, and what follows from an access."""

from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.mwu import Mwu

from cmsim.soc import Row

WA, RA = 0, 1
INTENSET, INTENCLR, NMIEN, NMIENSET, NMIENCLR = 0x304, 0x308, 0x320, 0x324, 0x328
REGIONEN, REGIONENSET, REGIONENCLR, SUBS = 0x510, 0x514, 0x518, 0x6C8
RAM = 0x2000_0000


class Processor:
    """What `Hooks.watch` offers."""

    def __init__(self, soc):
        self.asked = []
        soc.hooks.watch = self.watch

    def watch(self, addresses, seen):
        self.asked.append(list(addresses))
        self.seen = seen


@pytest.fixture
def mwu(make_soc):
    return make_soc(Row("MWU", 0x4002_0000, Mwu)).blocks["MWU"]


@pytest.fixture
def processor(mwu):
    return Processor(mwu.soc)


def region(mwu, n, first, last):
    mwu.write(0x600 + 16 * n, first)
    mwu.write(0x604 + 16 * n, last)


def events(mwu, first=0x100, count=8):
    return [n for n in range(count) if mwu.read(first + 4 * n)]


def test_regions_keep_what_is_written_and_enable_by_set_and_clear(mwu):
    region(mwu, 0, RAM, RAM + 0xFFF)
    mwu.write(REGIONENSET, 0x3)
    mwu.write(REGIONENCLR, 0x2)
    assert [mwu.read(offset) for offset in (0x600, 0x604, REGIONEN, REGIONENSET)] == [RAM, RAM + 0xFFF, 1, 1]
    mwu.write(NMIENSET, 0x3)
    mwu.write(NMIENCLR, 0x2)
    assert mwu.read(NMIEN) == 1
    mwu.write(REGIONEN, 0xFFFF_FFFF)
    assert mwu.read(REGIONEN) == 0x0F00_00FF
    assert mwu.soc.unmodelled == {}


def test_nothing_is_asked_for_while_nothing_is_enabled(mwu, processor):
    region(mwu, 0, RAM, RAM + 3)
    mwu.write(SUBS, 1)
    assert processor.asked == []
    mwu.write(REGIONENSET, 1)
    mwu.write(REGIONENCLR, 1)
    assert processor.asked == [[range(RAM, RAM + 4)], []]


def test_end_is_included_and_a_change_counts_at_once(mwu, processor):
    mwu.write(REGIONENSET, 1 << 2)
    region(mwu, 1, RAM + 0x10, RAM + 0x1F)
    assert processor.asked[-1] == [range(RAM + 0x10, RAM + 0x20)]
    for address in (RAM + 0xC, RAM + 0x20):
        processor.seen(address, 4, True)
    assert events(mwu) == []
    processor.seen(RAM + 0x1F, 1, True)
    assert events(mwu) == [2]


def test_only_data_ram_and_peripherals_are_watched(mwu, processor):
    region(mwu, 0, 0, 0xFFFF_FFFF)
    mwu.write(REGIONENSET, 1)
    assert processor.asked[-1] == [range(RAM, RAM + 0x10000), range(0x4000_0000, 0x6000_0000)]
    region(mwu, 0, 0x1000, 0x1FFF)  # flash
    assert processor.asked[-1] == []


@pytest.mark.parametrize("n", range(4))
@pytest.mark.parametrize("kind", [WA, RA])
def test_each_region_has_an_event_for_writes_and_one_for_reads(mwu, processor, n, kind):
    region(mwu, n, RAM, RAM + 3)
    mwu.write(REGIONENSET, 1 << 2 * n + kind)
    mwu.write(INTENSET, 0xFF)
    processor.seen(RAM, 4, kind == RA)
    assert (events(mwu), mwu.irq.level) == ([], False)
    processor.seen(RAM, 4, kind == WA)
    assert (events(mwu), mwu.irq.level, mwu.nmi.level) == ([2 * n + kind], True, False)
    mwu.write(0x100 + 4 * (2 * n + kind), 0)
    assert not mwu.irq.level


@pytest.mark.parametrize(("n", "subregion", "address"), [(0, 0, 0x4000_0000), (0, 31, 0x4001_F000), (1, 5, 0x4002_5000)])
@pytest.mark.parametrize("kind", [WA, RA])
def test_subregions(mwu, processor, n, subregion, address, kind):
    mwu.write(SUBS + 0x10 * n, 1 << subregion)
    mwu.write(REGIONENSET, 1 << 24 + 2 * n + kind)
    assert processor.asked[-1] == [range(address, address + 0x1000)]
    processor.seen(address + 0x1000, 4, kind == WA)
    processor.seen(address, 4, kind == RA)
    assert events(mwu, 0x160, 4) == []
    processor.seen(address + 0xFFC, 4, kind == WA)
    assert events(mwu, 0x160, 4) == [2 * n + kind]
    status = 0x400 + 8 * n + 4 * kind
    assert [mwu.read(0x400 + 4 * i) for i in range(4)] == [
        1 << subregion if 0x400 + 4 * i == status else 0 for i in range(4)
    ]
    mwu.write(status, 1 << subregion)
    assert mwu.read(status) == 0


def test_nmi_has_an_enable_of_its_own(mwu, processor):
    region(mwu, 0, RAM, RAM + 3)
    mwu.write(REGIONENSET, 1)
    processor.seen(RAM, 4, True)
    assert not mwu.nmi.level
    mwu.write(NMIENSET, 1)
    assert (mwu.nmi.level, mwu.irq.level) == (True, False)
    mwu.write(0x100, 0)
    assert not mwu.nmi.level


def test_a_reset_watches_nothing(mwu, processor):
    region(mwu, 0, RAM, RAM + 3)
    mwu.write(NMIENSET, 1)
    mwu.write(REGIONENSET, 1)
    processor.seen(RAM, 4, True)
    mwu.reset()
    assert processor.asked[-1] == []
    assert not mwu.nmi.level


def test_an_end_before_its_start_is_no_region(mwu, processor):
    region(mwu, 0, RAM + 4, RAM + 3)
    mwu.write(REGIONENSET, 3)
    assert processor.asked == []
