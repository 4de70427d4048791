"""TWIM against a fake target: exact times on the wire, shortcuts, errors, EasyDMA."""

import pytest
from cmsim_peripherals.nrf52840.twi import Twi
from cmsim_peripherals.nrf52840.twim import Twim
from hypothesis import given
from hypothesis import strategies as st
from support.twim import (
    ADDRESS,
    BEGIN,
    ENABLE,
    FREQUENCY,
    K100,
    K250,
    K400,
    LASTRX_STARTTX,
    LASTRX_STOP,
    LASTTX_STARTRX,
    LASTTX_STOP,
    PSEL_SCL,
    PSEL_SDA,
    RAM,
    RXD_AMOUNT,
    RXD_LIST,
    RXD_PTR,
    SHORTS,
    STARTRX,
    STARTTX,
    STOPPED,
    TXD_AMOUNT,
    TXD_LIST,
    TXD_MAXCNT,
    TXD_PTR,
    Bench,
    Eeprom,
    T,
)

from cmsim.i2c import I2cBus
from cmsim.nordic import SharedBlock
from cmsim.soc import Chip, Row, Soc


@pytest.mark.parametrize(("frequency", "period"), [(K100, 640), (K250, 256), (K400, 160), (0x0620_0000, 164)])
@pytest.mark.parametrize("length", [1, 2, 17])
def test_write_takes_start_address_bytes_and_stop(frequency, period, length):
    bench = Bench(frequency)
    bench.tx(bytes(length), LASTTX_STOP)
    bench.task(STARTTX)
    bench.run()
    last = BEGIN + period - 4 + 9 * period * length
    end = BEGIN + period - 4 + 9 * period * (length + 1) + period
    assert bench.log == [(0, "TXSTARTED"), (last, "LASTTX"), (end, "STOPPED")]
    assert bench.block.read(TXD_AMOUNT) == length


def test_bytes_act_at_their_acknowledge():
    bench = Bench()
    bench.tx(b"\x10\xaa", LASTTX_STOP)
    bench.task(STARTTX)
    bench.run()
    start = BEGIN + T - 4
    assert bench.target.log == [
        (start + 9 * T, "write"),
        (start + 18 * T, 0x10),
        (start + 27 * T, 0xAA),
        (start + 28 * T, "stop"),
    ]
    assert bench.target.memory[0x10] == 0xAA


def test_read():
    bench = Bench()
    bench.rx(3)
    bench.set({SHORTS: LASTRX_STOP})
    bench.task(STARTRX)
    bench.run()
    start = BEGIN + T - 4
    assert bench.log == [(0, "RXSTARTED"), (start + 27 * T, "LASTRX"), (start + 37 * T, "STOPPED")]
    assert bench.target.log[1] == (start + 9 * T, 0)
    assert bench.soc.dma_read(RAM + 0x100, 3) == bytes((0, 1, 2))
    assert bench.block.read(RXD_AMOUNT) == 3


def test_received_byte_is_in_ram_after_its_ninth_clock():
    bench = Bench()
    bench.target.pointer = 0x77
    bench.rx(1)
    bench.task(STARTRX)
    bench.run(BEGIN + T - 4 + 18 * T - 1)
    assert bench.soc.dma_read(RAM + 0x100, 1) == b"\0"
    bench.run(BEGIN + T - 4 + 18 * T)
    assert bench.soc.dma_read(RAM + 0x100, 1) == b"\x77"


def test_repeated_start_needs_two_periods():
    bench = Bench()
    bench.tx(b"\x20", LASTTX_STARTRX | LASTRX_STOP)
    bench.rx(2)
    bench.task(STARTTX)
    bench.run()
    restart = BEGIN + T - 4 + 18 * T
    read = restart + 2 * T - 4
    assert bench.log == [
        (0, "TXSTARTED"),
        (BEGIN + T - 4 + 9 * T, "LASTTX"),
        (restart, "RXSTARTED"),
        (read + 18 * T, "LASTRX"),
        (read + 28 * T, "STOPPED"),
    ]
    assert [what for _, what in bench.target.log] == ["write", 0x20, "read", 0x20, 0x21, "stop"]
    assert bench.soc.dma_read(RAM + 0x100, 2) == b"\x20\x21"


def test_read_then_write():
    bench = Bench()
    bench.rx(1)
    bench.tx(b"\x33", LASTRX_STARTTX | LASTTX_STOP)
    bench.task(STARTRX)
    bench.run()
    assert bench.names() == ["RXSTARTED", "LASTRX", "TXSTARTED", "LASTTX", "STOPPED"]
    assert bench.target.pointer == 0x33


# --- EasyDMA ----------------------------------------------------------------------------------------------


def test_pointer_is_double_buffered():
    bench = Bench()
    bench.soc.dma_write(RAM + 0x80, b"\x71\x72")
    bench.tx(b"\x70\x0a", LASTTX_STOP)
    bench.task(STARTTX)
    bench.set({TXD_PTR: RAM + 0x80})
    bench.run(10**5)
    assert bench.target.memory[0x70] == 0x0A
    bench.task(STARTTX)
    bench.run()
    assert bench.target.memory[0x71] == 0x72


def test_array_lists_advance_the_pointers():
    bench = Bench()
    bench.tx(b"\x80", LASTTX_STARTRX | LASTRX_STOP)
    bench.soc.dma_write(RAM + 1, b"\x90")
    bench.rx(3)
    bench.set({TXD_LIST: 1, RXD_LIST: 1})
    for n in (1, 2):
        bench.task(STARTTX)
        bench.run(n * 10**6)
        assert bench.block.read(TXD_PTR) == RAM + n
        assert bench.block.read(RXD_PTR) == RAM + 0x100 + 3 * n
    assert bench.soc.dma_read(RAM + 0x100, 6) == bytes((0x80, 0x81, 0x82, 0x90, 0x91, 0x92))


def test_transmit_buffer_in_flash_sends_zeros_and_is_reported():
    bench = Bench(strict=True)
    bench.soc.flash[0x2000:0x2002] = b"\x11\x22"
    bench.set({TXD_PTR: 0x2000, TXD_MAXCNT: 2, SHORTS: LASTTX_STOP})
    bench.task(STARTTX)
    bench.run()
    assert [what for _, what in bench.target.log] == ["write", 0, 0, "stop"]
    assert bench.names()[-1] == "STOPPED"
    assert "EasyDMA read at 0x00002000" in str(bench.soc.failure)


def test_receive_buffer_in_flash_is_lost():
    bench = Bench()
    bench.rx(2, 0x2000)
    bench.set({SHORTS: LASTRX_STOP})
    bench.task(STARTRX)
    bench.run()
    assert bench.block.read(RXD_AMOUNT) == 2
    assert len(bench.soc.unmodelled) == 1
    assert bench.soc.flash[0x2000:0x2002] == b"\xff\xff"


# --- sharing, reset, arbitrary transfers ------------------------------------------------------------------


def test_twi_and_twim_share_the_block():
    def row(soc, name, base):
        return SharedBlock(name, {5: Twi(soc, "TWI0", base), 6: Twim(soc, "TWIM0", base)})

    soc = Soc(Chip("test", "test", (Row("TWI_TWIM", 0x4000_3000, row),), 1 << 20, 1 << 18))
    block, bus = soc.blocks["TWI_TWIM"], I2cBus("bus")
    target = Eeprom(soc.scheduler)
    bus.attach(0x50, target)
    soc.wire_i2c(bus, 2, 31)
    for offset, value in {PSEL_SCL: 2, PSEL_SDA: 31, FREQUENCY: K400, ADDRESS: 0x50, ENABLE: 6}.items():
        block.write(offset, value)
    soc.dma_write(RAM, b"\x44")
    for offset, value in {TXD_PTR: RAM, TXD_MAXCNT: 1, SHORTS: LASTTX_STOP, STARTTX: 1}.items():
        block.write(offset, value)
    soc.scheduler.advance(10**5)
    assert block.read(STOPPED) == 1
    assert target.pointer == 0x44
    assert soc.pins[2].owner == "TWIM0"


def test_reset_lets_go_of_the_bus():
    bench = Bench()
    bench.tx(bytes(4), LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(2000)
    bench.block.reset()
    bench.run()
    assert bench.names() == ["TXSTARTED"]
    assert bench.soc.pins[2].owner is None
    assert bench.block.read(PSEL_SCL) == 0xFFFF_FFFF


transfers = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 255), st.binary(max_size=12)),
        st.tuples(st.just("read"), st.integers(0, 255), st.integers(1, 12)),
    ),
    max_size=8,
)


@given(transfers, st.sampled_from([K100, K250, K400]))
def test_random_transfers_agree_with_a_plain_memory(operations, frequency):
    bench = Bench(frequency)
    memory = bytearray(range(256))
    for kind, at, what in operations:
        begin = bench.scheduler.now
        bench.block.write(STOPPED, 0)
        if kind == "write":
            bench.tx(bytes((at,)) + what, LASTTX_STOP)
            clocks = 2 + 9 * (2 + len(what))
            restarts = 0
            for n, byte in enumerate(what):
                memory[at + n & 0xFF] = byte
        else:
            bench.tx(bytes((at,)), LASTTX_STARTRX | LASTRX_STOP)
            bench.rx(what)
            clocks = 4 + 9 * (3 + what)
            restarts = 1
        bench.task(STARTTX)
        end = begin + BEGIN + clocks * bench.block.period - 4 * (1 + restarts)
        bench.run(end - 1)
        assert not bench.block.read(STOPPED)
        bench.run(end)
        assert bench.block.read(STOPPED)
        if kind == "read":
            expected = bytes(memory[at + n & 0xFF] for n in range(what))
            assert bench.soc.dma_read(RAM + 0x100, what) == expected
    assert bench.target.memory == memory
