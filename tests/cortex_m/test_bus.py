from __future__ import annotations

from dataclasses import replace

import pytest

from cmsim.cortex_m.bus import Bus, Denied
from cmsim.cortex_m.mpu import EXECUTE, READ, WRITE, Mpu
from cmsim.nordic import NordicPeripheral
from cmsim.registers import Register
from cmsim.soc import Chip, Row, Soc

BASE = 0x4000_0000
ALL = READ | WRITE | EXECUTE


class Block(NordicPeripheral):
    """Two words of storage at 0x500."""

    WORD = Register(0x500, 0x4433_2211)
    OTHER = Register(0x504)


class Half(Block):
    """The upper half of a page."""


CHIP = Chip(
    "test", "Test", (Row("A", BASE, Block), Row("B", BASE + 0x1000, Half, first=0x400, size=0x800)), 0x1000, 0x800
)


@pytest.fixture
def soc() -> Soc:
    return Soc(CHIP)


@pytest.fixture
def mpu() -> Mpu:
    return Mpu()


@pytest.fixture
def bus(soc: Soc, mpu: Mpu) -> Bus:
    return Bus(soc, mpu)


# --- devices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "size", "value"),
    [(0, 4, 0x4433_2211), (0, 2, 0x2211), (2, 2, 0x4433), (0, 1, 0x11), (1, 1, 0x22), (2, 1, 0x33), (3, 1, 0x44)],
)
def test_narrow_reads(bus: Bus, offset: int, size: int, value: int) -> None:
    assert bus.read(BASE + 0x500 + offset, size) == value


@pytest.mark.parametrize(
    ("offset", "size", "value"),
    [(0, 4, 0xAABB_CCDD), (0, 2, 0x4433_CCDD), (2, 2, 0xCCDD_2211), (0, 1, 0x4433_22DD), (3, 1, 0xDD33_2211)],
)
def test_narrow_writes_leave_the_rest(bus: Bus, offset: int, size: int, value: int) -> None:
    bus.write(BASE + 0x500 + offset, size, 0xAABB_CCDD)
    assert bus.read(BASE + 0x500, 4) == value


def test_rows_answer_only_where_they_are(bus: Bus, soc: Soc) -> None:
    assert bus.read(BASE + 0x1500, 4) == 0x4433_2211  # offsets count from the row's base
    assert bus.read(BASE + 0x1000, 4) == 0
    bus.write(BASE + 0x1FFC, 4, 1)
    assert [(u.block, u.offset, u.access) for u in soc.unmodelled.values()] == [
        ("hole", BASE + 0x1000, "read"),
        ("hole", BASE + 0x1FFC, "write"),
    ]


def test_unaligned_accesses_go_in_pieces(bus: Bus) -> None:
    assert bus.read(BASE + 0x501, 4) == 0x0044_3322
    assert bus.read(BASE + 0x501, 2) == 0x3322
    bus.write(BASE + 0x503, 4, 0xAABB_CCDD)
    assert bus.read(BASE + 0x500, 4) == 0xDD33_2211
    assert bus.read(BASE + 0x504, 4) == 0x00AA_BBCC


def test_a_bridge_answers_in_its_gaps(mpu: Mpu) -> None:
    soc = Soc(replace(CHIP, bridge=range(BASE, BASE + 0x4000)))
    bus = Bus(soc, mpu)
    assert bus.io_pages == [(BASE >> 12) + n for n in range(4)]
    assert bus.default_rights(BASE + 0x3000) == READ | WRITE
    assert bus.default_rights(BASE + 0x4000) == 0
    assert bus.read(BASE + 0x3000, 4) == 0
    assert [(u.block, u.offset, u.access) for u in soc.unmodelled.values()] == [("hole", BASE + 0x3000, "read")]


def test_io_pages_are_what_devices_occupy(bus: Bus) -> None:
    assert bus.io_pages == [BASE >> 12, (BASE >> 12) + 1]


# --- rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "rights"),
    [
        (0, READ | EXECUTE), (0xFFF, READ | EXECUTE), (0x1000, 0), (0x2000_0000, ALL), (0x2000_07FF, ALL),
        (0x2000_0800, 0), (0x0080_0000, ALL), (0x0080_0800, 0), (BASE, READ | WRITE), (BASE + 0x2000, 0),
    ],
)  # fmt: skip
def test_default_rights(bus: Bus, address: int, rights: int) -> None:
    assert bus.default_rights(address) == rights


@pytest.mark.parametrize(
    ("address", "access", "why"),
    [
        (0, READ, None), (0, EXECUTE, None), (0, WRITE, Denied.READ_ONLY), (0x1000, READ, Denied.UNMAPPED),
        (0x1000, EXECUTE, Denied.UNMAPPED), (0x2000_0000, WRITE, None), (0x2000_0000, EXECUTE, None),
        (0x3000_0000, EXECUTE, Denied.UNMAPPED), (0x6000_0000, EXECUTE, Denied.UNMAPPED),
        # The default memory map makes these XN, whether something is there or not.
        (BASE, EXECUTE, Denied.EXECUTE_NEVER), (0x5FFF_0000, EXECUTE, Denied.EXECUTE_NEVER),
        (0xA000_0000, EXECUTE, Denied.EXECUTE_NEVER), (0xE000_E000, EXECUTE, Denied.EXECUTE_NEVER),
        (0xF000_0000, EXECUTE, Denied.EXECUTE_NEVER), (0xF000_0000, READ, Denied.UNMAPPED),
    ],
)  # fmt: skip
def test_denied_by_the_map(bus: Bus, address: int, access: int, why: Denied | None) -> None:
    assert bus.denied(address, access, privileged=True) is why


def test_the_private_peripheral_bus_needs_privilege_and_ignores_the_mpu(bus: Bus, mpu: Mpu) -> None:
    bus.attach(0xE000_E010, 0xE000_E01F, Mpu(), 0xE000_E000)
    assert bus.denied(0xE000_E010, READ, privileged=False) is Denied.PRIVILEGE
    mpu.write(0xD94, 1)  # no region, no background
    assert bus.denied(0xE000_E010, WRITE, privileged=True) is None
    assert bus.denied(0xE000_2000, WRITE, privileged=True) is Denied.UNMAPPED
    assert bus.denied(0x2000_0000, READ, privileged=True) is Denied.MPU


def test_mpu_rights_narrow_those_of_the_map(bus: Bus, mpu: Mpu) -> None:
    mpu.write(0xD9C, 0x10)  # region 0: all addresses, full access, executable
    mpu.write(0xDA0, 3 << 24 | 31 << 1 | 1)
    mpu.write(0xD94, 1)
    assert bus.denied(0x2000_0000, WRITE, privileged=False) is None
    assert bus.denied(0, WRITE, privileged=True) is Denied.READ_ONLY
    assert bus.denied(0x1000, READ, privileged=True) is Denied.UNMAPPED
    assert bus.denied(BASE, EXECUTE, privileged=True) is Denied.EXECUTE_NEVER


def test_a_frame_is_checked_over_its_whole_length(bus: Bus, mpu: Mpu) -> None:
    mpu.write(0xD9C, 0x2000_0140 | 0x10)  # a guard of 32 bytes that nobody may touch
    mpu.write(0xDA0, 4 << 1 | 1)
    mpu.write(0xD94, 5)
    assert bus.check_range(0x2000_0120, 0x68, WRITE, privileged=True) is Denied.MPU
    assert bus.check_range(0x2000_0120, 0x20, WRITE, privileged=True) is None
    assert bus.check_range(0x2000_0120, 0x68, WRITE, privileged=True, ignore_mpu=True) is None
    assert bus.check_range(0x2000_07F0, 0x20, WRITE, privileged=True) is Denied.UNMAPPED


# --- memory -----------------------------------------------------------------------------------------------


def test_memory_finds_flash_ram_and_the_alias(bus: Bus, soc: Soc) -> None:
    assert bus.memory(0x10, 4) == (soc.flash, 0x10)
    for base in (0x2000_0000, 0x0080_0000):
        found = bus.memory(base + 4, 4)
        assert found is not None
        assert (found[0] is soc.ram, found[1]) == (True, 4)


@pytest.mark.parametrize(("address", "length"), [(0xFFE, 4), (0x2000_07FD, 4), (0x1FFF_FFFE, 4), (BASE, 4)])
def test_memory_wants_all_bytes_in_one_memory(bus: Bus, address: int, length: int) -> None:
    assert bus.memory(address, length) is None
