"""I2S: clocks on pins, buffer times, pointer hand-over."""

import pytest
from cmsim_peripherals.nrf52840.i2s import I2s

from cmsim.kernel import Rate
from cmsim.soc import Row

RAM = 0x2000_0000
START, STOP, RXPTRUPD, STOPPED, TXPTRUPD = 0x000, 0x004, 0x104, 0x108, 0x114
MAXCNT, RXEN, MCKFREQ, RATIO, SWIDTH, CHANNELS = 0x550, 0x508, 0x514, 0x518, 0x51C, 0x528


@pytest.fixture
def i2s(make_soc):
    i2s = make_soc(Row("I2S", 0x4002_5000, I2s)).blocks["I2S"]
    i2s.write(0x500, 1)
    i2s.write(0x540, RAM)
    i2s.write(0x538, RAM + 0x100)
    return i2s


@pytest.mark.parametrize(
    ("value", "hertz"),
    [(0x8000_0000, 16_000_000), (0x2000_0000, 4_000_000), (0x1000_0000, 2_000_000), (0x020C_0000, 256_000)],
)
def test_master_clock_leaves_on_its_pin(i2s, value, hertz):
    """The camera of the TinyML shield lives on 32 MHz / 2 at P0.27, without any buffer."""
    i2s.write(MCKFREQ, value)
    i2s.write(0x560, 27)
    i2s.write(START, 1)
    pin = i2s.soc.pins[27]
    assert pin.clock == Rate.hertz(hertz) or pin.clock.cycles * hertz == pin.clock.ticks * 64_000_000
    i2s.write(STOP, 1)
    i2s.scheduler.advance(1_000_000)
    assert i2s.read(STOPPED) == 1
    assert (pin.clock, pin.owner) == (None, None)


def test_no_master_clock_unless_enabled(i2s):
    i2s.write(0x560, 27)
    i2s.write(0x510, 0)
    i2s.write(START, 1)
    assert i2s.soc.pins[27].clock is None


def test_bit_and_word_clock(i2s):
    """4 MHz / 256 = 15,625 Hz, 32 bits a frame: 500 kHz."""
    i2s.write(0x564, 3)
    i2s.write(0x568, 4)
    i2s.write(START, 1)
    word, bit = i2s.soc.pins[4].clock, i2s.soc.pins[3].clock
    assert word.cycles * 15_625 == word.ticks * 64_000_000
    assert bit.cycles * 500_000 == bit.ticks * 64_000_000


@pytest.mark.parametrize(
    ("width", "channels", "frames"), [(1, 0, 8), (0, 0, 16), (2, 0, 4), (1, 1, 16), (0, 1, 32), (2, 1, 8)]
)
def test_a_buffer_of_eight_words_lasts_its_frames(i2s, width, channels, frames):
    i2s.write(SWIDTH, width)
    i2s.write(CHANNELS, channels)
    i2s.write(MAXCNT, 8)
    moments = []
    i2s.subscribe(TXPTRUPD, lambda: moments.append(i2s.scheduler.now))
    i2s.write(START, 1)
    frame = 16 * 256
    i2s.scheduler.advance(2 * frames * frame)
    assert moments == [0, frames * frame, 2 * frames * frame]


def test_buffers_swap_and_move_bytes(i2s):
    i2s.write(MAXCNT, 1)
    i2s.write(RXEN, 1)
    i2s.soc.dma_write(RAM, b"abcdefgh")
    sent = []
    i2s.on_transmit = sent.append
    i2s.receive = lambda n: b"wxyz"[:n]
    i2s.write(START, 1)
    assert (i2s.read(RXPTRUPD), i2s.read(TXPTRUPD)) == (1, 1)
    i2s.write(0x540, RAM + 4)
    i2s.write(0x538, RAM + 0x200)
    i2s.scheduler.advance(4096)
    assert sent == [b"abcd", b"efgh"]
    assert i2s.soc.dma_read(RAM + 0x100, 4) == b"wxyz"
    assert i2s.soc.dma_read(RAM + 0x200, 4) == bytes(4)


def test_stop_waits_for_the_frame(i2s):
    i2s.write(MAXCNT, 100)
    i2s.write(START, 1)
    i2s.scheduler.advance(5000)
    i2s.write(STOP, 1)
    i2s.scheduler.advance(8191)
    assert i2s.read(STOPPED) == 0
    i2s.scheduler.advance(8192)
    assert i2s.read(STOPPED) == 1
    assert i2s.scheduler.next_due is None


def test_a_buffer_outside_ram_is_told(i2s):
    i2s.write(MAXCNT, 1)
    i2s.write(0x540, 0x1000)
    i2s.write(START, 1)
    assert [u.offset for u in i2s.soc.unmodelled.values()] == [0x540]


def test_disabled_or_as_a_slave_no_clock_runs(i2s):
    i2s.write(0x560, 27)
    i2s.write(0x500, 0)
    i2s.write(START, 1)
    assert i2s.soc.pins[27].clock is None
    i2s.write(0x500, 1)
    i2s.write(0x504, 1)
    i2s.write(MAXCNT, 4)
    i2s.write(START, 1)
    assert i2s.read(TXPTRUPD) == 1
    assert i2s.soc.pins[27].clock is None
    assert i2s.scheduler.next_due is None
