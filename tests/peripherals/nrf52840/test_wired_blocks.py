"""Wires between pins, as blocks without waveforms use them: UART, SPI, two-wire, I2S, PWM, trains of a TIMER."""

import pytest
from cmsim_peripherals.nrf52840.gpio import Gpio
from cmsim_peripherals.nrf52840.gpiote import Gpiote
from cmsim_peripherals.nrf52840.i2s import I2s
from cmsim_peripherals.nrf52840.ppi import Ppi
from cmsim_peripherals.nrf52840.pwm import Pwm
from cmsim_peripherals.nrf52840.spim import Spim
from cmsim_peripherals.nrf52840.spis import Spis
from cmsim_peripherals.nrf52840.timer import Timer
from cmsim_peripherals.nrf52840.twim import Twim
from cmsim_peripherals.nrf52840.twis import Twis
from cmsim_peripherals.nrf52840.uart_line import Frame
from cmsim_peripherals.nrf52840.uarte import Uarte
from support.uarte import (
    BAUD_1M,
    BAUD_115200,
    BAUDRATE,
    BEGIN,
    CONFIG,
    ENABLE,
    ERRORSRC,
    FRAME_1M,
    PSEL_RXD,
    PSEL_TXD,
    RAM,
    RXD_AMOUNT,
    RXD_MAXCNT,
    RXD_PTR,
    STARTRX,
    STARTTX,
    TXD_MAXCNT,
    TXD_PTR,
)

from cmsim.i2c import I2cBus
from cmsim.pins import Pull
from cmsim.soc import Row
from cmsim.spi import Loopback, SpiBus

IN = RAM + 0x400
PARITY, TWO_STOP_BITS = 0xE, 0x10
OVERRUN, PARITY_ERROR, FRAMING, BREAK = 1, 2, 4, 8


def wire(soc, *pairs):
    for one, other in pairs:
        soc.pins.wire(soc.pins[one], soc.pins[other])


def write(block, *words):
    for offset, value in words:
        block.write(offset, value)


# --- UART -------------------------------------------------------------------------------------------------


@pytest.fixture
def uarts(make_soc):
    """UARTE0 with TXD 6 and RXD 8, UARTE1 with TXD 33 and RXD 34; 6 leads to 34."""
    soc = make_soc(Row("UARTE0", 0x4000_2000, Uarte), Row("UARTE1", 0x4002_8000, Uarte))
    wire(soc, (6, 34))
    for name, txd, rxd in (("UARTE0", 6, 8), ("UARTE1", 33, 34)):
        write(soc.blocks[name], (PSEL_TXD, txd), (PSEL_RXD, rxd), (BAUDRATE, BAUD_1M), (ENABLE, 8))
    return soc


def send(uart, data):
    uart.soc.dma_write(RAM, data)
    write(uart, (TXD_PTR, RAM), (TXD_MAXCNT, len(data)), (STARTTX, 1))


def receive(uart, size):
    write(uart, (RXD_PTR, IN), (RXD_MAXCNT, size), (STARTRX, 1))


def test_a_frame_arrives_over_the_wire_when_it_ends(uarts):
    receive(uarts.blocks["UARTE1"], 3)
    send(uarts.blocks["UARTE0"], b"abc")
    uarts.scheduler.advance(BEGIN + 2 * FRAME_1M - 1)
    assert uarts.dma_read(IN, 2) == b"a\0"
    uarts.scheduler.advance(BEGIN + 3 * FRAME_1M)
    assert uarts.dma_read(IN, 3) == b"abc"
    assert uarts.blocks["UARTE1"].read(RXD_AMOUNT) == 3
    assert uarts.serial_port("uart0").output == b"abc"  # the console hears it as well


def test_a_byte_for_a_receiver_that_is_off_is_lost(uarts):
    send(uarts.blocks["UARTE0"], b"a")
    uarts.scheduler.advance(BEGIN + FRAME_1M)
    receive(uarts.blocks["UARTE1"], 1)
    uarts.scheduler.advance(10 * FRAME_1M)
    assert uarts.blocks["UARTE1"].read(0x110) == 0


def test_a_uart_may_hear_itself(make_soc):
    soc = make_soc(Row("UARTE0", 0x4000_2000, Uarte))
    uart = soc.blocks["UARTE0"]
    wire(soc, (6, 8))
    write(uart, (PSEL_TXD, 6), (PSEL_RXD, 8), (BAUDRATE, BAUD_1M), (ENABLE, 8))
    receive(uart, 2)
    send(uart, b"ab")
    soc.scheduler.advance(BEGIN + 2 * FRAME_1M)
    assert soc.dma_read(IN, 2) == b"ab"


@pytest.mark.parametrize(
    ("transmitter", "receiver", "heard", "errors"),
    [
        ((BAUD_1M, 0), (BAUD_1M, 0), b"c", 0),
        ((BAUD_1M, PARITY), (BAUD_1M, PARITY), b"c", 0),
        ((BAUD_1M, TWO_STOP_BITS), (BAUD_1M, 0), b"c", 0),
        ((BAUD_115200 * 101 // 100, 0), (BAUD_115200, 0), b"c", 0),  # one per cent is nothing
        ((BAUD_1M, 0), (BAUD_1M, PARITY), b"c", PARITY_ERROR),  # the stop bit makes five ones
        ((BAUD_1M, PARITY), (BAUD_1M, 0), b"", FRAMING),  # the parity of four ones is no stop bit
        ((BAUD_1M // 2, 0), (BAUD_1M, 0), b"\xfe", FRAMING),  # 0 1 1 0 0 0 1 1 0 1, each bit seen twice: 0x1E ends low
        ((BAUD_1M // 16, 0), (BAUD_1M, 0), b"", FRAMING | BREAK),  # wherever it is low for 16 bits or more
        ((BAUD_1M * 4, 0), (BAUD_1M, 0), b"\xff", 0),
    ],
)
def test_the_receiver_samples_in_the_middle_of_its_own_bits(uarts, transmitter, receiver, heard, errors):
    for uart, (baud, config) in zip((uarts.blocks["UARTE0"], uarts.blocks["UARTE1"]), (transmitter, receiver), strict=True):
        write(uart, (BAUDRATE, baud), (CONFIG, config))
    receive(uarts.blocks["UARTE1"], 20)
    send(uarts.blocks["UARTE0"], b"c")
    uarts.scheduler.advance(10**6)
    write(uarts.blocks["UARTE1"], (0x004, 1))
    uarts.scheduler.advance(2 * 10**6)
    assert uarts.dma_read(IN, uarts.blocks["UARTE1"].read(RXD_AMOUNT)) == heard  # what has no stop bit is not stored
    assert uarts.blocks["UARTE1"].read(ERRORSRC) == errors


def test_one_frame_may_be_several_for_a_faster_receiver():
    frame = Frame((0, 1, 0, 1, 0, 1, 0, 1, 0, 1), 20)
    assert list(frame.sampled(1, 10)) == [(0,) * 10] * 5


# --- SPI --------------------------------------------------------------------------------------------------


@pytest.fixture
def spim(make_soc):
    soc = make_soc(Row("SPIM1", 0x4000_4000, Spim), Row("SPIS0", 0x4000_3000, Spis))
    write(soc.blocks["SPIM1"], (0x508, 1), (0x50C, 2), (0x510, 3), (0x524, 0x8000_0000), (0x500, 7))
    return soc.blocks["SPIM1"]


def exchange(spim, data):
    soc = spim.soc
    soc.dma_write(RAM, data)
    write(spim, (0x544, RAM), (0x548, len(data)), (0x534, IN), (0x53C, 0), (0x538, len(data)), (0x010, 1))
    soc.scheduler.advance(soc.scheduler.now + 10**5)
    return soc.dma_read(IN, len(data))


def test_without_a_wire_nothing_comes_back(spim):
    assert exchange(spim, b"abc") == bytes(3)


def test_mosi_to_miso(spim):
    wire(spim.soc, (2, 3))
    assert exchange(spim, b"abc") == b"abc"


def test_a_bus_of_the_board_over_wires(spim):
    """What hangs on the bus whose clock is pin 21 answers at pin 1, too, and at none without the wire."""
    bus = SpiBus("board")
    bus.attach(Loopback())
    spim.soc.wire_spi(bus, 21)
    assert exchange(spim, b"ab") == bytes(2)
    wire(spim.soc, (1, 21))
    assert exchange(spim, b"ab") == b"ab"


def test_miso_to_a_pin_that_is_held(spim):
    wire(spim.soc, (3, 9))
    spim.soc.pins[9].drive_from_board("test", True)
    assert exchange(spim, b"ab") == b"\xff\xff"
    spim.soc.pins[9].drive_from_board("test", False)
    assert exchange(spim, b"ab") == bytes(2)


@pytest.mark.parametrize("loose", [None, "sck", "mosi", "miso", "csn"])
def test_the_slave_of_the_same_chip(spim, loose):
    """SPIS0 has SCK 11, MOSI 12, MISO 13, CSN 14; CSN comes from pin 4, which firmware drives."""
    soc, spis = spim.soc, spim.soc.blocks["SPIS0"]
    wire(soc, *(pair for name, pair in (("sck", (1, 11)), ("mosi", (2, 12)), ("miso", (3, 13)), ("csn", (4, 14)))
                if name != loose))
    soc.pins[14].set_pull(Pull.UP)
    soc.pins[4].drive("gpio", True)
    soc.dma_write(RAM + 0x100, b"hello")
    write(spis, (0x508, 11), (0x50C, 13), (0x510, 12), (0x514, 14), (0x55C, 0xDE), (0x544, RAM + 0x100), (0x548, 5),
          (0x534, RAM + 0x200), (0x538, 5), (0x500, 2), (0x028, 1))
    soc.pins[4].drive("gpio", False)
    answer = exchange(spim, b"world")
    soc.pins[4].drive("gpio", True)
    assert answer == (b"hello" if loose in (None, "mosi") else bytes(5))
    assert soc.dma_read(RAM + 0x200, 5) == (b"world" if loose in (None, "miso") else bytes(5))
    assert spis.read(0x104) == (loose != "csn")
    write(spis, (0x500, 0))
    assert exchange(spim, b"x") == b"\0"


# --- two-wire ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pulls", [(), (26,), (26, 27)])
def test_two_wire_master_and_slave_of_one_chip(make_soc, pulls):
    """TWIM0 on 27 and 26, TWIS1 on 31 and 30; both lines have to be pulled up."""
    soc = make_soc(Row("TWIM0", 0x4000_3000, Twim), Row("TWIS1", 0x4000_4000, Twis))
    twim, twis = soc.blocks["TWIM0"], soc.blocks["TWIS1"]
    wire(soc, (27, 31), (26, 30))
    for pin in pulls:
        soc.pins[pin].set_pull(Pull.UP)
    write(twis, (0x508, 31), (0x50C, 30), (0x588, 0x33), (0x500, 9), (0x534, IN), (0x538, 2), (0x030, 1))
    soc.dma_write(RAM, b"hi")
    write(twim, (0x508, 27), (0x50C, 26), (0x500, 6), (0x588, 0x33), (0x544, RAM), (0x548, 2), (0x200, 1 << 9), (0x008, 1))
    soc.scheduler.advance(10**5)
    there = len(pulls) == 2
    assert soc.dma_read(IN, 2) == (b"hi" if there else bytes(2))
    assert (twim.read(0x104), twim.read(0x4C4)) == (there, 0)  # without pull-ups it waits for SCL for ever


def test_a_slave_joins_the_bus_of_the_board_over_wires(make_soc):
    soc = make_soc(Row("TWIS1", 0x4000_4000, Twis))
    bus = I2cBus("board")
    soc.wire_i2c(bus, 27, 26)
    wire(soc, (27, 31), (26, 30))
    write(soc.blocks["TWIS1"], (0x508, 31), (0x50C, 30), (0x588, 0x33), (0x500, 9))
    assert bus.select(0x33, False) is not None
    assert len(soc.i2c_buses) == 1


# --- I2S, PWM, TIMER --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("joined", "heard"), [(True, bytes(range(16))), (False, bytes(16))])
def test_what_leaves_on_sdout_comes_in_on_sdin(make_soc, joined, heard):
    soc = make_soc(Row("I2S", 0x4002_5000, I2s))
    i2s = soc.blocks["I2S"]
    if joined:
        wire(soc, (33, 34))
    soc.dma_write(RAM, bytes(range(16)))
    soc.dma_write(IN, b"\xee" * 16)
    write(i2s, (0x500, 1), (0x508, 1), (0x56C, 34), (0x570, 33), (0x538, IN), (0x540, RAM), (0x550, 4), (0x000, 1))
    soc.scheduler.advance(10**6)
    assert soc.dma_read(IN, 16) == heard


@pytest.mark.parametrize("joined", [True, False])
def test_edges_of_a_fast_wave_are_told_where_a_wire_begins(make_soc, joined):
    """100 kHz, which without a wire is a clock only: 640 cycles a period."""
    soc = make_soc(Row("PWM0", 0x4001_C000, Pwm))
    if joined:
        wire(soc, (13, 14))
    seen = []
    soc.pins[14].line.listen(lambda level: seen.append((soc.scheduler.now, level)))
    soc.dma_write(RAM, (0x8000 | 40).to_bytes(2, "little"))
    write(soc.blocks["PWM0"], (0x500, 1), (0x508, 160), (0x560, 13), (0x520, RAM), (0x524, 1), (0x008, 1))
    soc.scheduler.advance(1000)
    assert seen == ([(0, True), (160, False), (640, True), (800, False)] if joined else [])


@pytest.mark.parametrize("joined", [True, False])
def test_a_fast_train_of_a_timer_is_counted_over_a_wire(make_soc, joined):
    """TIMER0 toggles pin 3 each 64 cycles through PPI; GPIOTE's channel 1 counts rising edges at pin 4 in TIMER1."""
    soc = make_soc(
        Row("P0", 0x5000_0000, Gpio), Row("GPIOTE", 0x4000_6000, Gpiote), Row("TIMER0", 0x4000_8000, Timer),
        Row("TIMER1", 0x4000_9000, Timer), Row("PPI", 0x4001_F000, Ppi),
    )  # fmt: skip
    if joined:
        wire(soc, (3, 4))
    write(soc.blocks["GPIOTE"], (0x510, 3 | 3 << 8 | 3 << 16), (0x514, 1 | 4 << 8 | 1 << 16))
    write(soc.blocks["PPI"], (0x510, 0x4000_8140), (0x514, 0x4000_6000), (0x518, 0x4000_6104), (0x51C, 0x4000_9008),
          (0x500, 3))
    write(soc.blocks["TIMER1"], (0x504, 1), (0x508, 3), (0x000, 1))
    write(soc.blocks["TIMER0"], (0x510, 0), (0x540, 16), (0x200, 1), (0x000, 1))
    soc.scheduler.advance(64 * 100)
    soc.blocks["TIMER1"].write(0x040, 1)
    assert soc.blocks["TIMER1"].read(0x540) == (50 if joined else 0)
