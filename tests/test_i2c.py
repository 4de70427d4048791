"""The bus, and devices with a register pointer."""

import pytest

from cmsim.i2c import I2cBus, I2cRegisterDevice
from cmsim.registers import Register


class Device(I2cRegisterDevice):
    WHO_AM_I = Register(0x0F, reset=0x33, writable=0)
    CTRL = Register(0x20, writable=0xF0)
    DATA = Register(0x21, writable=0xFF)
    WIDE = Register(0x7F, reset=0x1AB, writable=0)

    def __init__(self) -> None:
        self.written: list[int] = []
        super().__init__()

    @DATA.on_write
    def _write_data(self, value: int) -> None:
        self.written.append(value)


@pytest.fixture
def device() -> Device:
    return Device()


def write(device: Device, *data: int) -> None:
    device.start(False)
    assert all(device.write_byte(byte) for byte in data)
    device.stop()


def read(device: Device, length: int) -> bytes:
    device.start(True)
    data = bytes(device.read_byte() for _ in range(length))
    device.stop()
    return data


# --- the bus ----------------------------------------------------------------------------------------------------


def test_only_the_addressed_target_acknowledges(device: Device) -> None:
    bus, other = I2cBus("Wire"), Device()
    bus.attach(0x5F, device)
    bus.attach(0x60, other)
    assert bus.select(0x5F, False) is device
    assert bus.select(0x60, True) is other
    assert bus.select(0x61, False) is None


def test_an_address_is_taken_once(device: Device) -> None:
    bus = I2cBus("Wire")
    bus.attach(0x5F, device)
    with pytest.raises(ValueError, match="Wire: address 0x5f is taken"):
        bus.attach(0x5F, Device())


def test_no_answer_without_supply_or_pull_ups(device: Device) -> None:
    bus, state = I2cBus("Wire"), {"powered": False, "pulled": True}
    bus.attach(0x5F, device, powered=lambda: state["powered"])
    bus.pulled_up = lambda: state["pulled"]
    assert bus.select(0x5F, False) is None
    state["powered"] = True
    assert bus.select(0x5F, False) is device
    state["pulled"] = False
    assert bus.select(0x5F, False) is None


def test_a_nack_does_not_address_the_target(device: Device) -> None:
    bus = I2cBus("Wire")
    bus.attach(0x5F, device, powered=lambda: False)
    write(device, 0x0F)
    bus.select(0x5F, False)
    assert read(device, 1) == b"\x33"


# --- the pointer ------------------------------------------------------------------------------------------------


def test_first_byte_selects_and_the_pointer_advances(device: Device) -> None:
    write(device, 0x20, 0xFF, 0x12)
    assert (device.CTRL, device.DATA) == (0xF0, 0x12)
    assert device.written == [0x12]
    write(device, 0x20)
    assert read(device, 2) == b"\xf0\x12"


def test_repeated_start_keeps_the_pointer(device: Device) -> None:
    device.start(False)
    device.write_byte(0x0F)
    device.start(True)
    assert device.read_byte() == 0x33


def test_a_read_goes_on_where_the_last_one_stopped(device: Device) -> None:
    write(device, 0x20, 0xF0, 0x12)
    write(device, 0x20)
    assert read(device, 1) + read(device, 1) == b"\xf0\x12"


def test_bit_7_is_not_part_of_the_register_number_and_the_pointer_wraps(device: Device) -> None:
    write(device, 0x8F)
    assert read(device, 1) == b"\x33"
    write(device, 0x7F)
    assert read(device, 2) == b"\xab\x00"  # a byte of it, then register 0
    assert device.pointer == 1


def test_after_stop_a_write_names_a_register_again(device: Device) -> None:
    write(device, 0x21, 0x55)
    write(device, 0x21, 0x66)
    assert device.written == [0x55, 0x66]


def test_a_new_start_without_stop_names_a_register_again(device: Device) -> None:
    for value in (0x55, 0x66):
        device.start(False)
        device.write_byte(0x21)
        device.write_byte(value)
    assert device.written == [0x55, 0x66]


def test_reserved_registers_read_0_and_ignore_writes(device: Device) -> None:
    write(device, 0x40, 0xFF)
    write(device, 0x40)
    assert read(device, 1) == b"\x00"
    write(device, 0x0F, 0xFF)
    assert device.WHO_AM_I == 0x33
