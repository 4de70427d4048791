"""SPIM and SPI: bytes, times, unequal buffers, events."""

import pytest
from cmsim_peripherals.nrf52840.spim import Spi, Spim

from cmsim.soc import Row
from cmsim.spi import Loopback, SpiBus

RAM = 0x2000_0000
START, STOP, SUSPEND, RESUME = 0x010, 0x014, 0x01C, 0x020
STOPPED, ENDRX, END, ENDTX, STARTED = 0x104, 0x110, 0x118, 0x120, 0x14C
BYTE = 8 * 256
"""Cycles of 8 bits at 250 kbit/s."""
BEGIN = 64
"""tSPIM,START: a microsecond."""


class Counter:
    def __init__(self):
        self.heard = []

    def exchange(self, byte):
        self.heard.append(byte)
        return 0x10 + len(self.heard)


@pytest.fixture
def soc(make_soc):
    return make_soc(Row("SPIM0", 0x4000_3000, Spim), Row("SPI1", 0x4000_4000, Spi))


@pytest.fixture
def target(soc):
    bus, target = SpiBus("SPI"), Counter()
    bus.attach(target, lambda: not soc.pins[10].level)
    soc.wire_spi(bus, 3)
    return target


@pytest.fixture
def spim(soc):
    return configure(soc.blocks["SPIM0"], 7)


@pytest.fixture
def spi(soc):
    return configure(soc.blocks["SPI1"], 1)


def configure(block, enable):
    for offset, value in ((0x508, 3), (0x50C, 4), (0x510, 5), (0x500, enable)):
        block.write(offset, value)
    return block


def transfer(spim, out, received):
    spim.soc.dma_write(RAM, out)
    for offset, value in ((0x544, RAM), (0x548, len(out)), (0x534, RAM + 0x100), (0x538, received)):
        spim.write(offset, value)
    spim.write(START, 1)
    spim.scheduler.advance(spim.scheduler.now + BEGIN + BYTE * max(len(out), received))
    return spim.soc.dma_read(RAM + 0x100, received)


@pytest.mark.parametrize(("out", "received"), [(b"abcd", 4), (b"ab", 5), (b"abcde", 2), (b"", 3), (b"xyz", 0)])
def test_bytes_both_ways(spim, target, out, received):
    spim.write(0x5C0, 0xEE)
    got = transfer(spim, out, received)
    assert bytes(target.heard) == out.ljust(received, b"\xee")
    assert got == bytes(range(0x11, 0x11 + received))
    assert (spim.read(0x54C), spim.read(0x53C)) == (len(out), received)
    assert [spim.read(event) for event in (STARTED, ENDTX, ENDRX, END)][3] == 1


def test_events_at_their_bytes(spim, target):
    moments = {}
    for event in (ENDTX, ENDRX, END):
        spim.subscribe(event, lambda event=event: moments.setdefault(event, spim.scheduler.now))
    transfer(spim, b"ab", 3)
    assert moments == {ENDTX: BEGIN + 2 * BYTE, ENDRX: BEGIN + 3 * BYTE, END: BEGIN + 3 * BYTE}


@pytest.mark.parametrize(("code", "hertz"), [(0x0200_0000, 125_000), (0x8000_0000, 8_000_000), (0x1400_0000, 32_000_000)])
def test_frequency(spim, code, hertz):
    spim.write(0x524, code)
    assert spim.byte_cycles == 8 * 64_000_000 // hertz


def test_chip_select_decides_who_is_heard(spim, target, soc):
    soc.pins[10].drive("P0", True)
    assert transfer(spim, b"a", 1) == b"\x00"
    assert target.heard == []


def test_loopback_and_disconnected_lines(spim, soc):
    bus = SpiBus("wire")
    bus.attach(Loopback())
    soc.wire_spi(bus, 3)
    assert transfer(spim, b"hello", 5) == b"hello"
    spim.write(0x510, 1 << 31)
    assert transfer(spim, b"hello", 5) == bytes(5)


def test_suspend_and_stop(spim, target):
    """Both let the byte on the wire end; a stop has all events, whatever is left in the buffers."""
    moments = {}
    for event in (ENDTX, ENDRX, END, STOPPED):
        spim.subscribe(event, lambda event=event: moments.setdefault(event, spim.scheduler.now))
    for offset, value in ((0x548, 4), (0x544, RAM), (0x538, 4), (0x534, RAM + 0x100)):
        spim.write(offset, value)
    spim.write(START, 1)
    spim.write(SUSPEND, 1)
    spim.scheduler.advance(10 * BYTE)
    assert spim.read(0x54C) == 1
    spim.write(RESUME, 1)
    spim.scheduler.advance(11 * BYTE + 5)
    assert spim.read(0x54C) == 2
    assert moments == {}
    spim.write(STOP, 1)
    spim.scheduler.advance(20 * BYTE)
    assert (spim.read(0x54C), spim.read(0x53C)) == (3, 3)
    assert moments == dict.fromkeys((ENDTX, ENDRX, END, STOPPED), 12 * BYTE)


@pytest.mark.parametrize("suspended", [False, True])
def test_stop_without_a_byte_on_the_wire(spim, suspended):
    spim.write(0x548, 4)
    spim.write(0x544, RAM)
    if suspended:
        spim.write(START, 1)
        spim.write(SUSPEND, 1)
        spim.scheduler.advance(10 * BYTE)
    spim.write(STOP, 1)
    assert [spim.read(event) for event in (ENDTX, END, STOPPED)] == [suspended, suspended, True]
    spim.write(RESUME, 1)
    spim.scheduler.advance(20 * BYTE)
    assert spim.read(0x54C) == suspended


def test_list_mode_advances_the_pointer(spim, target):
    spim.write(0x550, 1)
    transfer(spim, b"abcd", 0)
    assert spim.read(0x544) == RAM + 4


def test_disabled_does_nothing(spim):
    spim.write(0x500, 0)
    spim.write(START, 1)
    assert spim.read(STARTED) == 0


def test_spi_is_double_buffered(spi, target):
    spi.write(0x51C, 0x41)
    spi.write(0x51C, 0x42)
    spi.scheduler.advance(BEGIN + BYTE)
    assert (spi.read(0x108), target.heard) == (1, [0x41])
    spi.scheduler.advance(BEGIN + 2 * BYTE)
    assert target.heard == [0x41, 0x42]
    assert [spi.read(0x518), spi.read(0x518)] == [0x11, 0x12]


def test_spi_is_ready_again_when_the_byte_before_has_been_read(spi, target):
    """Section 6.24.1.3: the second READY comes with the move from RXD-1 to RXD."""
    spi.write(0x51C, 0x41)
    spi.write(0x51C, 0x42)
    spi.scheduler.advance(BEGIN + BYTE)
    spi.write(0x108, 0)
    spi.scheduler.advance(BEGIN + 3 * BYTE)
    assert spi.read(0x108) == 0
    assert (spi.read(0x518), spi.read(0x108)) == (0x11, 1)
    spi.write(0x108, 0)
    assert (spi.read(0x518), spi.read(0x108)) == (0x12, 0)


def test_spi_disabled_sends_nothing(spi, target):
    spi.write(0x500, 0)
    spi.write(0x51C, 1)
    spi.scheduler.advance(10 * BYTE)
    assert target.heard == []


CSN, DCX, CSNDUR, CSNPOL, PSELDCX, DCXCNT = 0x514, 11, 0x564, 0x568, 0x56C, 0x570


class Selected:
    """Notes CSN and DCX with each byte."""

    def __init__(self, soc):
        self.soc, self.heard = soc, []

    def exchange(self, byte):
        self.heard.append((byte, self.soc.pins[10].level, self.soc.pins[DCX].level))
        return 0


def with_pins(soc, **registers):
    """SPIM3 with CSN on pin 10 and DCX on pin 11, and what is on its bus."""
    bus, target = SpiBus("SPI"), Selected(soc)
    bus.attach(target)
    soc.wire_spi(bus, 3)
    block = soc.blocks["SPIM0"]
    for offset, value in ((CSN, 10), (PSELDCX, DCX), *((globals()[name], value) for name, value in registers.items())):
        block.write(offset, value)
    return configure(block, 7), target


@pytest.mark.parametrize("active", [False, True])
def test_hardware_csn(soc, active):
    spim, target = with_pins(soc, CSNPOL=int(active), CSNDUR=200)
    pin, edges = soc.pins[10], []
    assert pin.level is not active
    pin.line.listen(lambda level: edges.append((level, soc.scheduler.now)))
    transfer(spim, b"abc", 0)
    assert spim.read(END) == 0  # the bits began 200 cycles late
    soc.scheduler.advance(BEGIN + 3 * BYTE + 200)
    assert spim.read(END) == 1
    assert edges == [(active, 0), (not active, BEGIN + 3 * BYTE + 200)]
    assert [level for _, level, _ in target.heard] == [active] * 3
    spim.write(0x500, 0)
    assert pin.owner is None


@pytest.mark.parametrize(("count", "levels"), [(0, [1, 1, 1]), (1, [0, 1, 1]), (2, [0, 0, 1]), (15, [0, 0, 0])])
def test_dcx_tells_commands_from_data(soc, count, levels):
    spim, target = with_pins(soc, DCXCNT=count)
    transfer(spim, b"abc", 0)
    soc.scheduler.advance(4 * BYTE)
    assert [int(level) for _, _, level in target.heard] == levels


def test_stop_lets_go_of_csn(soc):
    spim, _ = with_pins(soc)
    spim.write(0x548, 100)
    spim.write(0x544, RAM)
    spim.write(START, 1)
    soc.scheduler.advance(BEGIN + BYTE)
    spim.write(STOP, 1)
    assert not soc.pins[10].level
    soc.scheduler.advance(BEGIN + 2 * BYTE)
    assert soc.pins[10].level


def test_the_shortcut_from_end_to_start_selects_anew(soc):
    spim, _ = with_pins(soc)
    spim.write(0x200, 1 << 17)
    edges = []
    soc.pins[10].line.listen(edges.append)
    transfer(spim, b"a", 0)
    soc.scheduler.advance(2 * BYTE - 1)
    assert edges == [False, True, False]
