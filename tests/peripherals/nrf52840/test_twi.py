"""The legacy TWI, driven as the vendor's driver and Mbed's byte interface drive it."""

from cmsim_peripherals.nrf52840.twi import Twi
from cmsim_peripherals.nrf52840.twi_bus import ErrorSource

from cmsim.i2c import I2cBus, I2cRegisterDevice
from cmsim.registers import Register
from cmsim.soc import Chip, Row, Soc

STARTRX, STARTTX, STOP, SUSPEND, RESUME = 0x000, 0x008, 0x014, 0x01C, 0x020
STOPPED, RXDREADY, TXDSENT, ERROR, BB, SUSPENDED = 0x104, 0x108, 0x11C, 0x124, 0x138, 0x148
SHORTS, ERRORSRC, ENABLE, RXD, TXD, FREQUENCY, ADDRESS = 0x200, 0x4C4, 0x500, 0x518, 0x51C, 0x524, 0x588
BB_SUSPEND, BB_STOP = 1, 2
T, BEGIN = 640, 96


class Sensor(I2cRegisterDevice):
    """Four registers, auto-increment."""

    WHO = Register(0x0F, 0x68)
    X = Register(0x10, 0x12)
    Y = Register(0x11, 0x34)
    CONTROL = Register(0x12, 0)


class Bench:
    def __init__(self, frequency=0x0198_0000):
        self.soc = Soc(Chip("test", "test", (Row("TWI1", 0x4000_4000, Twi),), 1 << 20, 1 << 18))
        self.block, self.scheduler = self.soc.blocks["TWI1"], self.soc.scheduler
        self.sensor, bus = Sensor(), I2cBus("Wire1")
        bus.attach(0x6B, self.sensor)
        self.soc.wire_i2c(bus, 15, 14)
        self.log = []
        names = {slot.offset: slot.name for slot in self.block.registers.values() if 0x100 <= slot.offset < 0x200}
        for offset, name in names.items():
            self.block.subscribe(offset, lambda name=name: self.log.append((self.scheduler.now, name)))
        for offset, value in {0x508: 15, 0x50C: 14, FREQUENCY: frequency, ADDRESS: 0x6B, ENABLE: 5}.items():
            self.block.write(offset, value)

    def task(self, offset):
        self.block.write(offset, 1)

    def wait(self, event, limit=100_000):
        end = self.scheduler.now + limit
        while not self.block.read(event):
            assert self.scheduler.now < end, f"no event 0x{event:03x}"
            self.scheduler.advance(self.scheduler.now + 64)
        self.block.write(event, 0)

    def write(self, data, *, stop=True):
        """nrfx_twi_tx: STARTTX, TXD, TXDSENT ..., then STOP or SUSPEND."""
        self.block.write(SHORTS, 0)
        self.task(RESUME)
        self.task(STARTTX)
        for byte in data:
            self.block.write(TXD, byte)
            self.wait(TXDSENT)
        if stop:
            self.task(STOP)
            self.wait(STOPPED)
        else:
            self.task(SUSPEND)

    def read(self, length):
        """nrfx_twi_rx: BB_SUSPEND, RESUME after each byte, BB_STOP before the last."""
        self.block.write(SHORTS, BB_STOP if length == 1 else BB_SUSPEND)
        self.task(RESUME)
        self.task(STARTRX)
        data = b""
        while True:
            self.wait(RXDREADY)
            data += bytes((self.block.read(RXD),))
            if len(data) == length:
                break
            if len(data) == length - 1:
                self.block.write(SHORTS, BB_STOP)
            self.task(RESUME)
        self.wait(STOPPED)
        return data


def test_write_and_timing():
    bench = Bench()
    bench.task(STARTTX)
    bench.block.write(TXD, 0x12)
    bench.scheduler.advance(10**5)
    byte = BEGIN + T - 4 + 9 * T
    assert bench.log == [(byte, "BB"), (byte + 9 * T, "TXDSENT")]
    bench.block.write(TXD, 0x99)
    bench.scheduler.advance(2 * 10**5)
    bench.task(STOP)
    bench.scheduler.advance(3 * 10**5)
    assert bench.log[-1] == (2 * 10**5 + T, "STOPPED")
    assert bench.sensor.CONTROL == 0x99


def test_the_400_khz_value_of_the_legacy_block_is_410():
    assert Bench(0x0668_0000).block.period == 156


def test_driver_reads_with_repeated_start():
    bench = Bench()
    bench.write(b"\x0f", stop=False)
    assert bench.block.read(SUSPENDED) == 1
    assert bench.read(3) == b"\x68\x12\x34"
    names = [name for _, name in bench.log]
    assert names.count("STOPPED") == 1
    assert names.count("RXDREADY") == 3
    bench.write(b"\x11")
    assert bench.read(1) == b"\x34"
    assert bench.block.read(ERRORSRC) == 0


def test_bb_suspend_stops_the_clock_after_each_byte():
    bench = Bench()
    bench.block.write(SHORTS, BB_SUSPEND)
    bench.task(STARTRX)
    bench.scheduler.advance(10**6)
    first = BEGIN + T - 4 + 9 * T
    assert bench.log == [(first, "BB"), (first + 9 * T, "RXDREADY"), (first + 9 * T, "SUSPENDED")]


def test_bb_stop_reads_one_byte():
    bench = Bench()
    bench.block.write(SHORTS, BB_STOP)
    bench.task(STARTRX)
    bench.scheduler.advance(10**6)
    assert bench.log[-1] == (BEGIN + T - 4 + 18 * T + T, "STOPPED")


def test_the_clock_waits_until_a_byte_has_been_read():
    """Section 6.29.5."""
    bench = Bench()
    bench.sensor.pointer = 0x10
    bench.task(STARTRX)
    bench.scheduler.advance(10**6)
    assert [name for _, name in bench.log] == ["BB", "RXDREADY"]
    assert bench.block.read(RXD) == 0x12
    bench.scheduler.advance(2 * 10**6)
    assert bench.log[2:] == [(10**6, "BB"), (10**6 + 9 * T, "RXDREADY")]
    bench.task(STOP)
    assert bench.block.read(RXD) == 0x34
    bench.wait(STOPPED)
    assert bench.block.read(ERRORSRC) == 0


def test_address_nack_then_stop_then_another_transfer():
    bench = Bench()
    bench.block.write(ADDRESS, 0x1E)
    bench.task(STARTTX)
    bench.block.write(TXD, 0x12)
    bench.wait(ERROR)
    assert bench.block.read(ERRORSRC) == ErrorSource.ANACK
    bench.block.write(ERRORSRC, ErrorSource.ANACK)
    bench.task(STOP)
    bench.wait(STOPPED)
    bench.block.write(ADDRESS, 0x6B)
    bench.task(STARTTX)
    bench.scheduler.advance(bench.scheduler.now + 10**5)
    assert ("TXDSENT" in [name for _, name in bench.log]) is False  # the stale byte is gone
    bench.task(STOP)


def test_data_nack():
    bench = Bench()
    bench.sensor.write_byte = lambda byte: False
    bench.task(STARTTX)
    bench.block.write(TXD, 1)
    bench.scheduler.advance(10**5)
    assert bench.block.read(ERRORSRC) == ErrorSource.DNACK
    assert bench.block.read(TXDSENT) == 0


def test_stop_while_suspended():
    bench = Bench()
    bench.block.write(SHORTS, BB_SUSPEND)
    bench.task(STARTRX)
    bench.wait(SUSPENDED)
    bench.task(STOP)
    bench.wait(STOPPED)


def test_mbed_byte_interface_reads_two_bytes():
    """RESUME, STARTRX; a byte that is there is read without RESUME; BB_STOP before the last."""
    bench = Bench()
    bench.sensor.pointer = 0x10
    bench.block.write(SHORTS, BB_SUSPEND)
    bench.task(RESUME)
    bench.task(STARTRX)
    bench.scheduler.advance(bench.scheduler.now + 200 * 64)
    bench.wait(RXDREADY, 1)
    first = bench.block.read(RXD)
    bench.block.write(SHORTS, BB_STOP)
    bench.task(RESUME)
    bench.wait(RXDREADY)
    assert (first, bench.block.read(RXD)) == (0x12, 0x34)
    bench.wait(STOPPED)


def test_disabled_txd_is_not_kept():
    bench = Bench()
    bench.block.write(ENABLE, 0)
    bench.block.write(TXD, 0x55)
    bench.block.write(ENABLE, 5)
    bench.task(STARTTX)
    bench.scheduler.advance(10**5)
    assert bench.log == []
