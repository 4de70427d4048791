"""MX25R6435F: identity, status, reading, programming, erasing, protection, power-down, files."""

import pytest
from cmsim_peripherals.parts.mx25r6435f import SFDP, Mx25r6435f
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ, Scheduler
from cmsim.pins import Pins, Pull

WIP, WEL = 1, 2


class Bench:
    def __init__(self):
        self.scheduler = Scheduler()
        self.part = Mx25r6435f(self.scheduler, "flash")
        self.pin = Pins()[17]
        self.pin.set_pull(Pull.UP)
        self.part.inputs["CS#"](self.pin)

    def command(self, *sent, answer=0):
        self.pin.drive("master", False)
        assert self.part.selected
        received = bytes(self.part.spi.exchange(byte) for byte in (*sent, *bytes(answer)))
        self.pin.drive("master", None)
        return received[len(sent):]

    def status(self):
        return self.command(0x05, answer=1)[0]

    def write(self, *sent):
        self.command(0x06)
        self.command(*sent)

    def wait(self, seconds):
        self.scheduler.advance(self.scheduler.now + round(seconds * CPU_HZ))

    def read(self, address, length, command=0x03, dummies=0):
        return self.command(command, *address.to_bytes(3, "big"), *bytes(dummies), answer=length)

    def program(self, address, data):
        self.write(0x02, *address.to_bytes(3, "big"), *data)
        self.wait(0.00085)

    def erase(self, command, address, seconds):
        self.write(command, *address.to_bytes(3, "big"))
        self.wait(seconds)


@pytest.fixture
def bench():
    return Bench()


def test_identity(bench):
    assert bench.command(0x9F, answer=3) == b"\xc2\x28\x17"
    assert bench.command(0xAB, 0, 0, 0, answer=1) == b"\x17"
    assert bench.command(0x90, 0, 0, 0, answer=2) == b"\xc2\x17"


def test_sfdp(bench):
    table = bench.command(0x5A, 0, 0, 0, 0, answer=len(SFDP))
    assert table[:4] == b"SFDP"
    assert (table[11], int.from_bytes(table[12:15], "little")) == (16, 16)
    density = int.from_bytes(table[16 + 4 : 16 + 8], "little")
    assert density + 1 == 8 * len(bench.part.memory)


@settings(max_examples=30)
@given(st.integers(0, (8 << 20) - 1), st.binary(min_size=1, max_size=300))
def test_programming_clears_bits_within_a_page(address, data):
    bench, expected = Bench(), {}
    bench.program(address, data)
    for n, byte in enumerate(data):
        at = address & -256 | address + n & 255
        expected[at] = expected.get(at, 0xFF) & byte
    assert {at: bench.part.memory[at] for at in expected} == expected


@pytest.mark.parametrize(("command", "dummies"), [(0x03, 0), (0x0B, 1), (0x3B, 1), (0xBB, 1)])
def test_reading(bench, command, dummies):
    bench.program(0x1234, b"hello")
    assert bench.read(0x1234, 5, command, dummies) == b"hello"


def test_quad_commands_need_quad_enable(bench):
    bench.program(0, b"hello")
    assert bench.read(0, 5, 0xEB, 3) == b"\xff" * 5
    bench.write(0x01, 0x40)
    bench.wait(0.030)
    assert bench.read(0, 5, 0xEB, 3) == b"hello"
    assert bench.read(0, 5, 0x6B, 1) == b"hello"
    bench.write(0x38, 0, 1, 0, *b"quad")
    assert bench.part.memory[0x100:0x104] == b"quad"


@pytest.mark.parametrize(("command", "size", "seconds"), [(0x20, 0x1000, 0.04), (0x52, 0x8000, 0.24), (0xD8, 0x10000, 0.48)])
def test_erasing_takes_its_time(bench, command, size, seconds):
    bench.part.memory[:] = bytes(len(bench.part.memory))
    bench.write(command, 0x11, 0x22, 0x33)
    bench.wait(seconds - 0.0001)
    assert bench.status() == WIP | WEL
    bench.wait(0.0001)
    assert bench.status() == 0
    base = 0x112233 // size * size
    assert bench.part.memory[base - 1 : base + 1] == b"\x00\xff"
    assert bench.part.memory[base + size - 1 : base + size + 1] == b"\xff\x00"


def test_chip_erase(bench):
    bench.part.memory[5] = 0
    bench.write(0xC7)
    bench.wait(49)
    assert bench.status() & WIP
    bench.wait(1)
    assert (bench.status(), bench.part.memory[5]) == (0, 0xFF)


def test_without_write_enable_nothing_changes(bench):
    bench.command(0x02, 0, 0, 0, 0)
    bench.command(0x20, 0, 0, 0)
    assert (bench.status(), bench.part.memory[0]) == (0, 0xFF)
    bench.command(0x06)
    assert bench.status() == WEL
    bench.command(0x04)
    assert bench.status() == 0


def test_a_busy_chip_answers_its_status_only(bench):
    bench.part.memory[0] = 0x12
    bench.write(0x20, 0x01, 0, 0)
    assert bench.read(0, 1) == b"\xff"
    bench.write(0x02, 0, 0, 0, 0)
    bench.wait(1)
    assert bench.read(0, 1) == b"\x12"


@pytest.mark.parametrize(("bits", "configuration", "protected"), [(0, 0, ()), (1, 0, (0x7F0000,)), (1, 8, (0,)),
                                                                  (7, 0, (0x400000, 0x7F0000)), (15, 0, (0, 0x7F0000))])
def test_block_protection(bench, bits, configuration, protected):
    bench.write(0x01, bits << 2, configuration)
    bench.wait(0.03)
    assert bench.command(0x15, answer=2) == bytes((configuration, 0))
    for address in (0, 0x3F0000, 0x400000, 0x7F0000):
        bench.program(address, b"\x00")
        expected = address in protected or bits == 15
        assert (bench.part.memory[address] == 0xFF) is expected
        bench.command(0x04)


def test_deep_power_down_ends_with_a_pulse_of_chip_select(bench):
    bench.command(0xB9)
    assert bench.command(0x9F, answer=3) == b"\xff\xff\xff"
    assert bench.command(0x9F, answer=3) == b"\xff\xff\xff"  # still waking
    bench.wait(35e-6)
    assert bench.command(0x9F, answer=3) == b"\xc2\x28\x17"


def test_reset_needs_its_prefix(bench):
    bench.command(0x06)
    bench.command(0x99)
    assert bench.status() == WEL
    bench.command(0x66)
    bench.command(0x99)
    assert bench.status() == 0


def test_files(bench, tmp_path):
    path = tmp_path / "flash.bin"
    path.write_bytes(b"abc")
    bench.part.load(path)
    assert bench.read(0, 4) == b"abc\xff"
    bench.program(0x100, b"x")
    bench.part.save(path)
    assert (path.stat().st_size, path.read_bytes()[0x100:0x101]) == (8 << 20, b"x")
    (tmp_path / "big").write_bytes(bytes((8 << 20) + 1))
    with pytest.raises(UsageError, match="flash holds 8388608"):
        bench.part.load(tmp_path / "big")
    with pytest.raises(UsageError, match="No such file"):
        bench.part.load(tmp_path / "missing")
    with pytest.raises(UsageError, match="No such file"):
        bench.part.save(tmp_path / "missing" / "x")


def test_the_supply_keeps_the_memory(bench):
    bench.program(0, b"x")
    bench.part.set_power(False)
    bench.pin.drive("master", False)
    assert not bench.part.selected
    bench.pin.drive("master", None)
    bench.part.set_power(True)
    assert bench.read(0, 1) == b"x"
