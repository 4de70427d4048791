"""SPIS: the semaphore, bytes both ways, buffers that are too short; alone and with a SPIM of the same chip."""

import pytest
from cmsim_peripherals.nrf52840.spim import Spim
from cmsim_peripherals.nrf52840.spis import Spis

from cmsim.soc import Row
from cmsim.spi import SpiBus

RAM = 0x2000_0000
ACQUIRE, RELEASE, END, ENDRX, ACQUIRED = 0x024, 0x028, 0x104, 0x110, 0x128
SHORTS, SEMSTAT, STATUS, AMOUNT_RX, AMOUNT_TX = 0x200, 0x400, 0x440, 0x53C, 0x54C
FREE, CPU, SPIS, PENDING = range(4)
CSN = 13


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("SPIS0", 0x4000_3000, Spis), Row("SPIM1", 0x4000_4000, Spim))
    soc.pins[CSN].drive_from_board("master", True)
    return soc


@pytest.fixture
def spis(soc):
    block = soc.blocks["SPIS0"]
    soc.dma_write(RAM, b"hello")
    for offset, value in ((0x508, 10), (0x50C, 11), (0x510, 12), (0x514, CSN), (0x55C, 0xDE), (0x5C0, 0x0C),
                          (0x544, RAM), (0x548, 5), (0x534, RAM + 0x100), (0x538, 5), (0x500, 2)):
        block.write(offset, value)
    return block


def talk(spis, data):
    bus = SpiBus("wire")
    spis.attach(bus)
    csn = spis.soc.pins[CSN]
    csn.drive_from_board("master", False)
    answer = bytes(bus.exchange(byte) for byte in data)
    csn.drive_from_board("master", True)
    return answer


def test_reset_values(spis):
    assert [spis.read(offset) for offset in (SEMSTAT, STATUS, ENDRX, END)] == [CPU, 0, 0, 0]


def test_a_granted_transaction(spis):
    spis.write(RELEASE, 1)
    assert spis.read(SEMSTAT) == FREE
    assert talk(spis, b"world") == b"hello"
    assert spis.soc.dma_read(RAM + 0x100, 5) == b"world"
    assert [spis.read(offset) for offset in (END, ENDRX, SEMSTAT, AMOUNT_RX, AMOUNT_TX, STATUS)] == [1, 1, FREE, 5, 5, 0]


def test_array_lists_advance_the_pointers(spis):
    spis.write(0x540, 1)
    spis.write(0x550, 1)
    spis.write(RELEASE, 1)
    talk(spis, b"ab")
    assert (spis.read(0x534), spis.read(0x544)) == (RAM + 0x105, RAM + 5)
    talk(spis, b"cd")
    assert spis.soc.dma_read(RAM + 0x100, 7) == b"ab\0\0\0cd"


def test_while_the_cpu_holds_the_semaphore_a_transaction_is_ignored(spis):
    assert talk(spis, b"abc") == b"\xde\xde\xde"
    assert spis.read(END) == 0
    assert spis.soc.dma_read(RAM + 0x100, 3) == bytes(3)


def test_over_read_and_overflow(spis):
    spis.write(RELEASE, 1)
    assert talk(spis, b"abcdefg") == b"hello\x0c\x0c"
    assert (spis.read(STATUS), spis.read(AMOUNT_RX)) == (3, 5)
    spis.write(STATUS, 1)
    assert spis.read(STATUS) == 2


def test_a_cpu_that_asks_during_a_transaction_waits_for_its_end(spis):
    spis.write(RELEASE, 1)
    spis.soc.pins[CSN].drive_from_board("master", False)
    spis.write(ACQUIRE, 1)
    assert (spis.read(SEMSTAT), spis.read(ACQUIRED)) == (PENDING, 0)
    spis.soc.pins[CSN].drive_from_board("master", True)
    assert (spis.read(SEMSTAT), spis.read(ACQUIRED), spis.read(END)) == (CPU, 1, 1)


def test_a_release_by_a_cpu_that_waits_does_nothing(spis):
    """Section 6.26.3: only who was granted the semaphore can give it back."""
    spis.write(RELEASE, 1)
    spis.soc.pins[CSN].drive_from_board("master", False)
    spis.write(ACQUIRE, 1)
    spis.write(RELEASE, 1)
    assert spis.read(SEMSTAT) == PENDING


def test_shortcut_end_acquire(spis):
    spis.write(SHORTS, 1 << 2)
    spis.write(RELEASE, 1)
    talk(spis, b"a")
    assert (spis.read(SEMSTAT), spis.read(ACQUIRED)) == (CPU, 1)


def test_disabled_it_is_not_there(spis):
    spis.write(RELEASE, 1)
    spis.write(0x500, 0)
    assert talk(spis, b"ab") == bytes(2)
    assert spis.read(END) == 0


def test_buffer_outside_ram_is_reported(spis):
    spis.write(0x544, 0x100)
    spis.write(RELEASE, 1)
    assert talk(spis, b"a") == b"\x00"
    assert [(key[0], key[1]) for key in spis.soc.unmodelled] == [("SPIS0", 0x544)]


def test_wired_to_a_master_of_the_same_chip(spis, soc):
    bus, spim = SpiBus("jumpers"), soc.blocks["SPIM1"]
    spis.attach(bus)
    soc.wire_spi(bus, 3)
    spis.write(RELEASE, 1)
    soc.dma_write(RAM + 0x200, b"WORLD")
    for offset, value in ((0x508, 3), (0x50C, 4), (0x510, 5), (0x500, 7), (0x544, RAM + 0x200), (0x548, 5),
                          (0x534, RAM + 0x300), (0x538, 5)):
        spim.write(offset, value)
    soc.pins[CSN].drive_from_board("master", False)
    spim.write(0x010, 1)
    soc.scheduler.advance(64 + 5 * 8 * 256)
    soc.pins[CSN].drive_from_board("master", True)
    assert (soc.dma_read(RAM + 0x300, 5), soc.dma_read(RAM + 0x100, 5)) == (b"hello", b"WORLD")
    assert spis.read(END) == 1
