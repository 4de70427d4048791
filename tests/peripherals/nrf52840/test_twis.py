"""TWIS: addresses, preparation and clock stretching, buffers that are too short; the master is a TWIM of the same chip."""

import pytest
from cmsim_peripherals.nrf52840.twim import Twim
from cmsim_peripherals.nrf52840.twis import Twis

from cmsim.i2c import I2cBus, I2cRegisterDevice
from cmsim.soc import Row

RAM = 0x2000_0000
SCL, SDA = 27, 26
STOP, SUSPEND, RESUME, PREPARERX, PREPARETX = 0x14, 0x1C, 0x20, 0x30, 0x34
STOPPED, ERROR, RXSTARTED, TXSTARTED, WRITE, READ = 0x104, 0x124, 0x14C, 0x150, 0x164, 0x168
ERRORSRC, MATCH, CONFIG, ORC, AMOUNT_RX, AMOUNT_TX = 0x4D0, 0x4D4, 0x594, 0x5C0, 0x53C, 0x54C
MASTER_ERRORSRC, LASTTX_STOP, LASTRX_STOP = 0x4C4, 1 << 9, 1 << 12
BYTE = 9 * 640


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("TWIM0", 0x4000_3000, Twim), Row("TWIS1", 0x4000_4000, Twis))
    soc.wire_i2c(I2cBus("bus"), SCL, SDA)
    master, slave = soc.blocks["TWIM0"], soc.blocks["TWIS1"]
    for block, enable in ((master, 6), (slave, 9)):
        block.write(0x508, SCL)
        block.write(0x50C, SDA)
        block.write(0x500, enable)
    slave.write(0x588, 0x33)
    return soc


@pytest.fixture
def slave(soc):
    return soc.blocks["TWIS1"]


@pytest.fixture
def master(soc):
    return soc.blocks["TWIM0"]


def receive_into(slave, length):
    slave.write(0x534, RAM + 0x100)
    slave.write(0x538, length)
    slave.write(PREPARERX, 1)


def offer(slave, data):
    slave.soc.dma_write(RAM + 0x200, data)
    slave.write(0x544, RAM + 0x200)
    slave.write(0x548, len(data))
    slave.write(PREPARETX, 1)


def send(master, data, address=0x33):
    master.soc.dma_write(RAM, data)
    for offset, value in ((0x588, address), (0x544, RAM), (0x548, len(data)), (0x200, LASTTX_STOP), (0x008, 1)):
        master.write(offset, value)


def fetch(master, length, address=0x33):
    for offset, value in ((0x588, address), (0x534, RAM + 0x300), (0x538, length), (0x200, LASTRX_STOP), (0x000, 1)):
        master.write(offset, value)


def wait(soc, bytes_=20):
    soc.scheduler.advance(soc.scheduler.now + bytes_ * BYTE)


def events(block, *offsets):
    return [block.read(offset) for offset in offsets]


def test_reset_values(make_soc):
    block = make_soc(Row("TWIS0", 0x4000_3000, Twis)).blocks["TWIS0"]
    assert events(block, 0x508, 0x50C, CONFIG, 0x588, ERRORSRC) == [0xFFFF_FFFF, 0xFFFF_FFFF, 1, 0, 0]


def test_write(soc, master, slave):
    receive_into(slave, 5)
    send(master, b"hello")
    wait(soc)
    assert soc.dma_read(RAM + 0x100, 5) == b"hello"
    assert events(slave, WRITE, RXSTARTED, STOPPED, AMOUNT_RX, ERROR, READ) == [1, 1, 1, 5, 0, 0]
    assert events(master, STOPPED, MASTER_ERRORSRC) == [1, 0]


def test_read(soc, master, slave):
    offer(slave, b"world")
    fetch(master, 5)
    wait(soc)
    assert soc.dma_read(RAM + 0x300, 5) == b"world"
    assert events(slave, READ, TXSTARTED, STOPPED, AMOUNT_TX, ERROR) == [1, 1, 1, 5, 0]


def test_array_lists_advance_the_pointers(soc, master, slave):
    slave.write(0x540, 1)
    slave.write(0x550, 1)
    receive_into(slave, 5)
    send(master, b"ab")
    wait(soc)
    offer(slave, b"xyz")
    fetch(master, 3)
    wait(soc)
    assert (slave.read(0x534), slave.read(0x544)) == (RAM + 0x105, RAM + 0x203)


@pytest.mark.parametrize("reading", [False, True])
def test_until_prepared_scl_is_held_low(soc, master, slave, reading):
    (fetch(master, 3) if reading else send(master, b"abc"))
    wait(soc)
    assert events(slave, READ if reading else WRITE, STOPPED) == [1, 0]
    assert master.read(STOPPED) == 0
    (offer(slave, b"xyz") if reading else receive_into(slave, 3))
    wait(soc)
    assert master.read(STOPPED) == 1
    assert soc.dma_read(RAM + (0x300 if reading else 0x100), 3) == (b"xyz" if reading else b"abc")


def test_a_preparation_counts_once(soc, master, slave):
    receive_into(slave, 5)
    send(master, b"a")
    wait(soc)
    master.write(STOPPED, 0)
    send(master, b"b")
    wait(soc)
    assert master.read(STOPPED) == 0


def test_a_stop_condition_takes_both_preparations_back(soc, master, slave):
    """Section 6.32, state machine."""
    receive_into(slave, 1)
    offer(slave, b"z")
    send(master, b"a")
    wait(soc)
    master.write(STOPPED, 0)
    fetch(master, 1)
    wait(soc)
    assert (slave.read(TXSTARTED), master.read(STOPPED)) == (0, 0)
    slave.write(PREPARETX, 1)
    wait(soc)
    assert (slave.read(TXSTARTED), master.read(STOPPED)) == (1, 1)


def test_a_preparation_during_a_transfer_is_for_the_next_behind_a_repeated_start(soc, master, slave):
    receive_into(slave, 2)
    master.soc.dma_write(RAM, b"ab")
    for offset, value in ((0x588, 0x33), (0x544, RAM), (0x548, 1), (0x200, 0), (0x008, 1)):
        master.write(offset, value)
    wait(soc)
    assert slave.read(RXSTARTED) == 1
    slave.write(RXSTARTED, 0)
    slave.write(PREPARERX, 1)
    send(master, b"b")
    wait(soc)
    assert (slave.read(RXSTARTED), master.read(STOPPED)) == (1, 1)


def test_too_many_bytes_are_not_acknowledged(soc, master, slave):
    receive_into(slave, 2)
    send(master, b"abc")
    wait(soc)
    assert (slave.read(ERROR), slave.read(ERRORSRC)) == (1, 0b0101)
    assert master.read(MASTER_ERRORSRC) == 4  # DNACK
    assert soc.dma_read(RAM + 0x100, 3) == b"ab\0"
    slave.write(ERRORSRC, 1)
    assert slave.read(ERRORSRC) == 4


def test_over_read_gives_orc(soc, master, slave):
    slave.write(ORC, 0xEE)
    offer(slave, b"ab")
    fetch(master, 4)
    wait(soc)
    assert soc.dma_read(RAM + 0x300, 4) == b"ab\xee\xee"
    assert (slave.read(ERRORSRC), slave.read(AMOUNT_TX)) == (8, 2)


@pytest.mark.parametrize(("address", "match"), [(0x33, 0), (0x44, 1)])
def test_two_addresses(soc, master, slave, address, match):
    slave.write(0x58C, 0x44)
    slave.write(CONFIG, 3)
    receive_into(slave, 1)
    send(master, b"a", address)
    wait(soc)
    assert (slave.read(WRITE), slave.read(MATCH)) == (1, match)


def test_an_address_that_config_does_not_enable_is_a_nack(soc, master, slave):
    slave.write(0x58C, 0x44)
    send(master, b"a", 0x44)
    wait(soc)
    assert (slave.read(WRITE), master.read(MASTER_ERRORSRC)) == (0, 2)


def test_shortcut_write_suspend(soc, master, slave):
    slave.write(0x200, 1 << 13)
    receive_into(slave, 1)
    send(master, b"a")
    wait(soc)
    assert events(slave, WRITE, RXSTARTED, STOPPED) == [1, 0, 0]
    slave.write(RESUME, 1)
    wait(soc)
    assert events(slave, RXSTARTED, STOPPED) == [1, 1]


def test_repeated_start(soc, master, slave):
    receive_into(slave, 1)
    offer(slave, b"q")
    soc.dma_write(RAM, b"r")
    for offset, value in ((0x588, 0x33), (0x544, RAM), (0x548, 1), (0x534, RAM + 0x300), (0x538, 1),
                          (0x200, 1 << 7 | LASTRX_STOP), (0x008, 1)):
        master.write(offset, value)
    wait(soc)
    assert (soc.dma_read(RAM + 0x100, 1), soc.dma_read(RAM + 0x300, 1)) == (b"r", b"q")
    assert events(slave, WRITE, READ, STOPPED, AMOUNT_RX, AMOUNT_TX) == [1, 1, 1, 1, 1]


def test_the_stop_task_lets_go(soc, master, slave):
    send(master, b"abc")
    wait(soc)
    slave.write(STOP, 1)
    assert slave.read(STOPPED) == 1
    wait(soc)
    assert master.read(MASTER_ERRORSRC) == 4


def test_disabled_it_is_off_the_bus(soc, master, slave):
    slave.write(0x500, 0)
    send(master, b"a")
    wait(soc)
    assert (master.read(MASTER_ERRORSRC), slave.read(WRITE)) == (2, 0)


def test_a_listener_on_the_bus_hides_no_stretching(soc, master, slave):
    heard = []
    soc.i2c_buses[0].watch(heard.append)
    send(master, b"a")
    wait(soc)
    assert heard == ["S 33 W"]
    receive_into(slave, 1)
    wait(soc)
    assert heard == ["S 33 W", "61", "P"]


def test_an_address_that_is_taken_is_reported(soc, slave):
    soc.i2c_buses[0].attach(0x50, I2cRegisterDevice())
    slave.write(0x588, 0x50)
    assert list(soc.unmodelled) == [("TWIS1", 0x588, "second target at 0x50")]
