"""NVMC and what it does to flash and UICR: permissions, times, the halted CPU."""

import pytest
from cmsim_peripherals.nrf52840.nvmc import Nvmc
from cmsim_peripherals.nrf52840.uicr import Uicr
from hypothesis import given
from hypothesis import strategies as st

from cmsim.soc import Chip, Row, Soc

READY, READYNEXT, CONFIG, ERASEPAGE, ERASEALL, ERASEPCR0 = 0x400, 0x408, 0x504, 0x508, 0x50C, 0x510
ERASEUICR, ERASEPAGEPARTIAL, ERASEPAGEPARTIALCFG = 0x514, 0x518, 0x51C
ICACHECNF, IHIT, IMISS = 0x540, 0x548, 0x54C
REN, WEN, EEN = 0, 1, 2
WORD_TIME, PAGE_TIME, ALL_TIME = 2624, 5_440_000, 10_816_000
IN_RAM = 0x2000_0100
UICR = 0x1000_1000


class Bench:
    def __init__(self, pc=0x100):
        rows = (Row("UICR", UICR, Uicr), Row("NVMC", 0x4001_E000, Nvmc, size=0x800))
        self.soc = Soc(Chip("test", "test", rows, 0x10000, 0x1000))
        self.block, self.uicr, self.scheduler = self.soc.blocks["NVMC"], self.soc.blocks["UICR"], self.soc.scheduler
        self.stalls, self.changed = [], []
        self.soc.hooks.pc = lambda: pc
        self.soc.hooks.stall = self._stall
        self.soc.hooks.code_changed = lambda address, length: self.changed.append((address, length))

    def _stall(self, cycles):
        self.stalls.append(cycles)
        self.scheduler.advance(self.scheduler.now + cycles)

    def word(self, address):
        return int.from_bytes(self.soc.flash[address : address + 4], "little")


def test_a_store_needs_wen():
    bench = Bench()
    for mode, allowed in ((REN, False), (EEN, False), (3, False), (WEN, True)):
        bench.block.write(CONFIG, mode)
        assert bench.soc.program_flash(0x1000, 0x1234_5678) is allowed
    assert bench.word(0x1000) == 0x1234_5678
    assert bench.changed == [(0x1000, 4)]


def test_programming_only_clears_bits():
    bench = Bench()
    bench.block.write(CONFIG, WEN)
    bench.soc.program_flash(0x20, 0xFF00_FF0F)
    bench.soc.program_flash(0x20, 0x0FFF_F0FF)
    assert bench.word(0x20) == 0x0F00_F00F


@pytest.mark.parametrize("address", [0x1001, 0x1002, 0x1_0000, 0x2000_0000, 0x1000_2000])
def test_unaligned_or_elsewhere_is_refused(address):
    bench = Bench()
    bench.block.write(CONFIG, WEN)
    assert not bench.soc.program_flash(address, 0)
    assert bench.stalls == []


def test_cpu_in_flash_halts_for_41_us_a_word():
    bench = Bench()
    bench.block.write(CONFIG, WEN)
    bench.soc.program_flash(0x1000, 0)
    bench.soc.program_flash(0x1004, 0)
    assert bench.stalls == [WORD_TIME, WORD_TIME]
    assert bench.scheduler.now == 2 * WORD_TIME
    assert bench.block.read(READY) == 1


def ready(bench):
    return bench.block.read(READY), bench.block.read(READYNEXT)


def test_cpu_in_ram_sees_busy_and_waits_only_for_the_third_word():
    """Section 4.3.1: one word is buffered while another is written."""
    bench = Bench(pc=IN_RAM)
    bench.block.write(CONFIG, WEN)
    bench.soc.program_flash(0x1000, 0)
    assert ready(bench) == (0, 1)
    bench.scheduler.advance(1000)
    bench.soc.program_flash(0x1004, 0)
    assert bench.stalls == []
    assert ready(bench) == (0, 0)
    bench.soc.program_flash(0x1008, 0)
    assert bench.stalls == [WORD_TIME - 1000]
    assert ready(bench) == (0, 0)
    bench.scheduler.advance(2 * WORD_TIME)
    assert ready(bench) == (0, 1)
    bench.scheduler.advance(3 * WORD_TIME)
    assert ready(bench) == (1, 1)


def test_an_erase_waits_for_the_words_and_takes_none():
    bench = Bench(pc=IN_RAM)
    bench.block.write(CONFIG, WEN)
    bench.soc.program_flash(0x1000, 0)
    bench.block.write(CONFIG, EEN)
    bench.block.write(ERASEPAGE, 0x2000)
    assert bench.stalls == [WORD_TIME]
    assert ready(bench) == (0, 0)
    bench.block.write(CONFIG, WEN)
    bench.soc.program_flash(0x1000, 0)
    assert bench.stalls == [WORD_TIME, PAGE_TIME]


@pytest.mark.parametrize("pc", [0x100, IN_RAM])
def test_words_of_one_instruction_halt_once_each(pc):
    """STM programs several words before the clock shows the first stall."""
    bench = Bench(pc)
    stalls = []
    bench.soc.hooks.stall = stalls.append
    bench.block.write(CONFIG, WEN)
    for n in range(3):
        bench.soc.program_flash(0x1000 + 4 * n, n)
    assert sum(stalls) == (3 if pc == 0x100 else 1) * WORD_TIME
    bench.scheduler.advance(3 * WORD_TIME - 1)
    assert bench.block.read(READY) == 0
    bench.scheduler.advance(3 * WORD_TIME)
    assert bench.block.read(READY) == 1


@pytest.mark.parametrize("register", [ERASEPAGE, ERASEPCR0])
def test_erase_page(register):
    bench = Bench()
    bench.soc.flash[:] = bytes(len(bench.soc.flash))
    bench.block.write(register, 0x2000)
    assert bench.changed == []
    bench.block.write(CONFIG, EEN)
    bench.block.write(register, 0x2004)
    assert bench.soc.flash[0x1FFC:0x3004] == bytes(4) + b"\xff" * 0x1000 + bytes(4)
    assert bench.changed == [(0x2000, 0x1000)]
    assert bench.stalls == [PAGE_TIME]


def test_erase_of_a_page_that_is_not_there():
    bench = Bench()
    bench.soc.flash[:] = bytes(len(bench.soc.flash))
    bench.block.write(CONFIG, EEN)
    bench.block.write(ERASEPAGE, 0x10_0000)
    assert not any(bench.soc.flash)


def test_partial_erase_adds_up():
    bench = Bench(pc=IN_RAM)
    bench.soc.flash[:] = bytes(len(bench.soc.flash))
    assert bench.block.read(ERASEPAGEPARTIALCFG) == 10
    bench.block.write(CONFIG, EEN)
    for n in range(8):
        bench.block.write(ERASEPAGEPARTIAL, 0x3000)
        bench.scheduler.advance(bench.scheduler.now + 640_000 - 1)
        assert bench.block.read(READY) == 0
        bench.scheduler.advance(bench.scheduler.now + 1)
        assert bench.block.read(READY) == 1
        assert bench.changed == [], n
    bench.block.write(ERASEPAGEPARTIALCFG, 5)
    bench.block.write(ERASEPAGEPARTIAL, 0x3000)
    assert bench.changed == [(0x3000, 0x1000)]
    assert bench.word(0x3000) == 0xFFFF_FFFF
    bench.soc.flash[0x3000] = 0
    bench.block.write(ERASEPAGEPARTIAL, 0x3000)
    assert bench.soc.flash[0x3000] == 0


def test_erase_all_takes_flash_and_uicr():
    bench = Bench()
    bench.soc.flash[:] = bytes(len(bench.soc.flash))
    bench.uicr.load(0x80, bytes(4))
    bench.block.write(CONFIG, WEN)
    bench.block.write(ERASEALL, 1)
    assert bench.changed == []
    bench.block.write(CONFIG, EEN)
    bench.block.write(ERASEALL, 1)
    assert bench.soc.flash == b"\xff" * 0x10000
    assert bench.uicr.read(0x80) == 0xFFFF_FFFF
    assert bench.changed == [(0, 0x10000)]
    assert bench.stalls == [ALL_TIME]
    assert bench.block.read(ERASEALL) == 0


def test_uicr_words():
    bench = Bench()
    bench.block.write(CONFIG, WEN)
    bench.uicr.write(0x200, 18)
    bench.uicr.write(0x20C, 0xFFFF_FFFE)
    assert bench.stalls == [WORD_TIME, WORD_TIME]
    assert (bench.uicr.read(0x200), bench.uicr.NFCPINS) == (18, 0xFFFF_FFFE)
    bench.block.write(CONFIG, EEN)
    bench.block.write(ERASEUICR, 1)
    assert bench.uicr.read(0x200) == 0xFFFF_FFFF
    assert bench.stalls[2:] == [PAGE_TIME]
    assert bench.soc.unmodelled == {}


def test_chip_without_uicr():
    soc = Soc(Chip("test", "test", (Row("NVMC", 0x4001_E000, Nvmc),), 0x10000, 0x1000))
    block = soc.blocks["NVMC"]
    block.write(CONFIG, WEN)
    assert not soc.program_flash(UICR, 0)
    block.write(CONFIG, EEN)
    block.write(ERASEALL, 1)
    block.write(ERASEUICR, 1)


def test_cache_counters_count_while_profiling():
    bench = Bench()
    counts, switched = [5, 1], []
    bench.soc.hooks.cache_counts = lambda: (counts[0], counts[1])
    bench.soc.hooks.cache_changed = lambda *state: switched.append(state)
    assert (bench.block.read(IHIT), bench.block.read(IMISS)) == (0, 0)
    bench.block.write(ICACHECNF, 0xFFFF_FFFF)
    assert bench.block.read(ICACHECNF) == 0x101
    assert bench.block.cache_enabled
    assert switched == [(True, True)]
    counts[:] = 12, 5
    assert (bench.block.read(IHIT), bench.block.read(IMISS)) == (7, 4)
    bench.block.write(IHIT, 3)
    assert bench.block.read(IHIT) == 7  # writable, but only to 0
    bench.block.write(IHIT, 0)
    assert bench.block.read(IHIT) == 0
    counts[:] = 1 << 33, 1 << 33
    assert (bench.block.read(IHIT), bench.block.read(IMISS)) == (0xFFFF_FFFF, 0xFFFF_FFFF)


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 0xFFFF_FFFF)), max_size=30))
def test_any_stores_are_the_and_of_all_of_them(stores):
    bench = Bench()
    bench.block.write(CONFIG, WEN)
    expected = [0xFFFF_FFFF] * 64
    for index, value in stores:
        assert bench.soc.program_flash(4 * index, value)
        expected[index] &= value
    assert [bench.word(4 * n) for n in range(64)] == expected
    assert bench.scheduler.now == len(stores) * WORD_TIME
