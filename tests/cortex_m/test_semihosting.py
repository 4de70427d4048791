from __future__ import annotations

import struct

import pytest

from cmsim.cortex_m.bus import Bus
from cmsim.cortex_m.mpu import Mpu
from cmsim.cortex_m.semihosting import Semihosting
from cmsim.soc import Chip, Soc

RAM = 0x2000_0000
SYS_OPEN, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_EXIT, SYS_EXIT_EXTENDED = 0x01, 0x03, 0x04, 0x05, 0x18, 0x20


@pytest.fixture
def soc() -> Soc:
    return Soc(Chip("test", "Test", (), 0x1000, 0x4000))


@pytest.fixture
def host(soc: Soc) -> Semihosting:
    return Semihosting(Bus(soc, Mpu()), soc)


def put(soc: Soc, offset: int, data: bytes) -> int:
    soc.ram[offset : offset + len(data)] = data
    return RAM + offset


def output(soc: Soc) -> bytes:
    return bytes(soc.serial_port("semihosting").output)


def test_writec_writes_one_character(soc: Soc, host: Semihosting) -> None:
    assert host.call(SYS_WRITEC, put(soc, 0, b"xyz")) == 0
    assert output(soc) == b"x"


def test_write0_writes_up_to_the_zero(soc: Soc, host: Semihosting) -> None:
    host.call(SYS_WRITE0, put(soc, 0, b"hello\n\0more"))
    assert output(soc) == b"hello\n"


def test_write0_has_no_limit_of_its_own(soc: Soc, host: Semihosting) -> None:
    host.call(SYS_WRITE0, put(soc, 0, b"a" * 10_000 + b"\0"))
    assert len(output(soc)) == 10_000


def test_write0_without_a_zero_ends_with_the_memory(soc: Soc, host: Semihosting) -> None:
    host.call(SYS_WRITE0, put(soc, 0x4000 - 3, b"end"))
    assert output(soc) == b"end"


def test_write_takes_a_handle_an_address_and_a_length(soc: Soc, host: Semihosting) -> None:
    text = put(soc, 0x100, b"bytes\0 with a zero")
    block = put(soc, 0, struct.pack("<3I", 1, text, 18))
    assert host.call(SYS_WRITE, block) == 0  # bytes that were not written
    assert output(soc) == b"bytes\0 with a zero"


def test_an_address_without_memory_writes_nothing(soc: Soc, host: Semihosting) -> None:
    for operation in (SYS_WRITEC, SYS_WRITE0, SYS_WRITE):
        host.call(operation, 0x7000_0000)
    assert output(soc) == b""


@pytest.mark.parametrize(("reason", "status"), [(0x20026, 0), (0x20024, 1)])
def test_exit(host: Semihosting, reason: int, status: int) -> None:
    assert host.exit_status is None
    host.call(SYS_EXIT, reason)
    assert host.exit_status == status


def test_extended_exit_has_a_status(soc: Soc, host: Semihosting) -> None:
    host.call(SYS_EXIT_EXTENDED, put(soc, 0, struct.pack("<2I", 0x20026, 42)))
    assert host.exit_status == 42


def test_other_operations_are_answered_as_unsupported_and_counted(soc: Soc, host: Semihosting) -> None:
    assert host.call(SYS_OPEN, RAM) == 0xFFFF_FFFF
    assert host.call(SYS_OPEN, RAM) == 0xFFFF_FFFF
    assert [(u.block, u.offset, u.access, u.count) for u in soc.unmodelled.values()] == [
        ("semihosting", SYS_OPEN, "call", 2)
    ]
