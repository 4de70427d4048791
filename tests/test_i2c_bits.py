"""I2C by bit-banging: a driver that moves two open-drain pins, against targets that know bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.thumb import Program

from cmsim import traces
from cmsim.i2c import I2cBus, I2cRegisterDevice
from cmsim.i2c_bits import I2cBits
from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.pins import Pin, Pins, Pull

SCL, SDA = 1, 2


class Memory:
    """Takes `room` bytes of a write, gives 0x80, 0x81, ... to a read."""

    def __init__(self, room: int = 99) -> None:
        self.room, self.next = room, 0x80
        self.log: list[str | int] = []

    def start(self, reading: bool) -> None:
        self.log.append("read" if reading else "write")

    def write_byte(self, byte: int) -> bool:
        self.log.append(byte)
        self.room -= 1
        return self.room >= 0

    def read_byte(self) -> int:
        self.next += 1
        return self.next - 1

    def stop(self) -> None:
        self.log.append("stop")


class Driver:
    """What firmware does with two GPIOs: low, or let go."""

    def __init__(self, pins: Pins, scl: int = SCL, sda: int = SDA) -> None:
        self.scl, self.sda = pins[scl], pins[sda]

    @staticmethod
    def put(pin: Pin, high: int) -> None:
        pin.drive("GPIO", None if high else False)

    def start(self) -> None:
        self.put(self.sda, 1)
        self.put(self.scl, 1)
        self.put(self.sda, 0)
        self.put(self.scl, 0)

    def stop(self) -> None:
        self.put(self.sda, 0)
        self.put(self.scl, 1)
        self.put(self.sda, 1)

    def bit(self, high: int) -> int:
        self.put(self.sda, high)
        self.put(self.scl, 1)
        level = int(self.sda.level)
        self.put(self.scl, 0)
        return level

    def write(self, byte: int) -> bool:
        """Whether it was acknowledged."""
        for n in range(7, -1, -1):
            self.bit(byte >> n & 1)
        return not self.bit(1)

    def read(self, *, acknowledge: bool) -> int:
        byte = 0
        for _ in range(8):
            byte = byte << 1 | self.bit(1)
        self.bit(not acknowledge)
        return byte


class Wired:
    def __init__(self, memory: Memory | I2cRegisterDevice | None = None, address: int = 0x55) -> None:
        self.pins = Pins(8)
        for n in (SCL, SDA):
            self.pins[n].set_board_pull(Pull.UP)
        self.bus = I2cBus("bus")
        I2cBits(self.bus, self.pins[SCL], self.pins[SDA])
        if memory is not None:
            self.bus.attach(address, memory)
        self.driver = Driver(self.pins)


def test_write() -> None:
    memory = Memory()
    wired = Wired(memory)
    wired.driver.start()
    assert [wired.driver.write(byte) for byte in (0xAA, 0x12, 0x34)] == [True] * 3
    wired.driver.stop()
    assert memory.log == ["write", 0x12, 0x34, "stop"]
    assert wired.pins[SDA].level


def test_read_until_the_controller_does_not_acknowledge() -> None:
    memory = Memory()
    wired = Wired(memory)
    wired.driver.start()
    assert wired.driver.write(0xAB)
    assert [wired.driver.read(acknowledge=n < 2) for n in range(3)] == [0x80, 0x81, 0x82]
    assert wired.pins[SDA].level  # let go: there is room for a STOP
    wired.driver.stop()
    assert memory.log == ["read", "stop"]


def test_repeated_start() -> None:
    memory = Memory()
    wired = Wired(memory)
    for byte in (0xAA, 0xAB):
        wired.driver.start()
        assert wired.driver.write(byte)
    assert wired.driver.read(acknowledge=False) == 0x80
    wired.driver.stop()
    assert memory.log == ["write", "read", "stop"]


def test_nobody_acknowledges_another_address() -> None:
    memory = Memory()
    wired = Wired(memory)
    wired.driver.start()
    assert [wired.driver.write(byte) for byte in (0xA8, 0xAA)] == [False, False]
    assert wired.driver.read(acknowledge=False) == 0xFF
    wired.driver.stop()
    assert memory.log == []


def test_a_target_that_is_full_or_without_power() -> None:
    wired = Wired(Memory(room=1))
    wired.driver.start()
    assert [wired.driver.write(byte) for byte in (0xAA, 1, 2, 3)] == [True, True, False, False]
    wired.driver.stop()
    wired.bus.pulled_up = lambda: False
    wired.driver.start()
    assert not wired.driver.write(0xAA)


def test_clocks_without_a_start_are_nothing() -> None:
    """How drivers free a bus that hangs."""
    memory = Memory()
    wired = Wired(memory)
    for _ in range(9):
        wired.driver.bit(1)
    wired.driver.stop()
    wired.driver.start()
    assert wired.driver.write(0xAA)
    assert memory.log == ["write"]


def test_a_start_in_the_middle_of_a_byte_begins_anew() -> None:
    memory = Memory()
    wired = Wired(memory)
    wired.driver.start()
    for _ in range(3):
        wired.driver.bit(1)
    wired.driver.start()
    assert wired.driver.write(0xAA)


def test_over_wires() -> None:
    memory = Memory()
    wired = Wired(memory)
    for one, other in ((SCL, 5), (SDA, 6)):
        wired.pins.wire(wired.pins[one], wired.pins[other])
    driver = Driver(wired.pins, 5, 6)
    driver.start()
    assert driver.write(0xAB)
    assert driver.read(acknowledge=False) == 0x80


@given(st.lists(st.integers(0, 255), max_size=8), st.integers(0, 4))
def test_any_bytes_both_ways(written: list[int], reads: int) -> None:
    memory = Memory()
    wired = Wired(memory)
    wired.driver.start()
    assert all(wired.driver.write(byte) for byte in (0xAA, *written))
    if reads:
        wired.driver.start()
        assert wired.driver.write(0xAB)
        assert [wired.driver.read(acknowledge=n < reads - 1) for n in range(reads)] == [0x80 + n for n in range(reads)]
    wired.driver.stop()
    assert memory.log == ["write", *written, *["read"] * bool(reads), "stop"]


@pytest.mark.parametrize("pins", [("P0.27", "P0.26"), ("P1.08", "P1.07")])
def test_the_buses_of_a_board(pins: tuple[str, str]) -> None:
    """The LSM9DS1 on the kit's header tells who it is: SoftI2C on the pins of the bus, and elsewhere nobody."""
    m = Machine(load_bytes(Program().sleep().elf(), "a.elf"), "nrf52840dk", imu=traces.path("walk"))
    driver = Driver(m.soc.pins, *(m.soc.pins.number(name) for name in pins))
    for pin in (driver.scl, driver.sda):
        pin.set_pull(Pull.UP)
    driver.start()
    there = pins[0] == "P0.27"
    assert [driver.write(byte) for byte in (0xD6, 0x0F)] == [there, there]
    driver.start()
    assert driver.write(0xD7) is there
    assert driver.read(acknowledge=False) == (0x68 if there else 0xFF)
    driver.stop()
