"""The MPU by firmware (Arm DDI 0403E, B3.5): permissions, subregions, guards smaller than a page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.exceptions import MEM_MANAGE, NMI, SVCALL, THREAD_PSP, Run, run

IACCVIOL, DACCVIOL, MUNSTKERR, MSTKERR, MMARVALID = 1, 1 << 1, 1 << 3, 1 << 4, 1 << 7
BAD = 0xBAD
GUARD = 0x520
INFO_PART = 0x52840


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "mpu.elf")


def faults(done: Run) -> list[tuple[int, int]]:
    """(PC, MMFAR) of each fault, which all are data access violations."""
    assert {(x.ipsr, x.cfsr) for x in done.captures} <= {(MEM_MANAGE, DACCVIOL | MMARVALID)}
    return [(x.pc, x.mmfar) for x in done.captures]


def test_registers(case: partial[Run]) -> None:
    assert case("registers").results == [
        8 << 8, 0,
        2, 0x2000_4002, 0,
        0x2000_0005, 0x1300_5513,
        7, 0x2000_8007, 0x0300_0013,
    ]  # fmt: skip


def test_no_access(case: partial[Run]) -> None:
    done = case("no_access_region")
    load, store, area = done.address("load_at"), done.address("store_at"), done.address("area")
    assert faults(done) == [(load, area + 1024), (store, area + 1024), (store, area + 2044)]
    assert done.results == [0, BAD, 0x1234, 0, 3]
    assert done.captures[0].shcsr == 0x7_0001  # MEMFAULTACT


def test_read_only(case: partial[Run]) -> None:
    done = case("read_only_region")
    assert faults(done) == [(done.address("store_at"), done.address("area"))]
    assert done.results == [0x1234, 0x1234]


def test_execute_never(case: partial[Run]) -> None:
    done = case("execute_never_region")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr) == (MEM_MANAGE, IACCVIOL)  # no MMFAR for a fetch
    assert fault.pc == done.address("function_in_ram")
    assert done.results == [77] * 3


def test_subregions(case: partial[Run]) -> None:
    done = case("subregions")
    assert [n for n, word in enumerate(done.results) if word == 0x100 + n] == [1, 6]
    assert [at - done.address("area") for _, at in faults(done)] == [256 * n for n in (0, 2, 3, 4, 5, 7)]


def test_guard_of_32_bytes(case: partial[Run]) -> None:
    done = case("guard")
    area = done.address("area")
    assert done.results == [GUARD - 4, BAD, BAD, GUARD + 32, 1, GUARD + 16, 3]
    assert [at - area for _, at in faults(done)] == [GUARD, GUARD + 28, GUARD + 16]


def test_guard_by_other_accesses(case: partial[Run]) -> None:
    done = case("guard_by_other_accesses")
    guard = done.address("area") + GUARD
    byte, half, multiple, vstr = faults(done)
    assert byte == (done.address("guard_byte_at"), guard + 31)
    assert half[0] == done.address("guard_half_at")
    assert half[1] in (guard - 1, guard)  # the access, or the part of it that is refused
    assert multiple == (done.address("guard_stm_at"), guard)
    assert vstr == (done.address("guard_vstr_at"), guard + 4)
    assert done.captures[2].frame[2] == guard - 8  # the base register is as it was
    assert done.results == [4, 5, *range(GUARD, GUARD + 36, 4)]


def test_guard_stops_push(case: partial[Run]) -> None:
    """Nor is there room for the frame of the fault: both are told at once."""
    (fault,) = case("guard_stops_push").captures
    assert (fault.ipsr, fault.exc_return) == (MEM_MANAGE, THREAD_PSP)
    assert fault.cfsr == DACCVIOL | MSTKERR | MMARVALID


def test_guard_stops_stacking(case: partial[Run]) -> None:
    done = case("guard_stops_stacking")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.exc_return) == (MEM_MANAGE, MSTKERR, THREAD_PSP)
    assert fault.psp == done.address("area") + GUARD + 16
    assert fault.shcsr & 1 << 15  # SVCALLPENDED: it still waits


def test_guard_stops_unstacking(case: partial[Run]) -> None:
    svc, fault = case("guard_stops_unstacking").captures
    assert (svc.ipsr, svc.exc_return) == (SVCALL, THREAD_PSP)
    assert (fault.ipsr, fault.cfsr) == (MEM_MANAGE, MUNSTKERR)


def test_no_background_region(case: partial[Run]) -> None:
    done = case("no_background_region")
    assert done.results == [BAD, 1, 0x410F_C241, INFO_PART]
    assert faults(done) == [(done.address("load_at"), 0x1000_0100)]


def test_background_region_is_privileged(case: partial[Run]) -> None:
    assert case("background_region_is_privileged").results == [INFO_PART, BAD]


def test_permissions_by_privilege(case: partial[Run]) -> None:
    read, write = 1, 2
    kinds = [0, read | write, read | write, read | write, read, read], [0, 0, read, read | write, 0, read]
    assert case("permissions_by_privilege").results == [
        user << 16 | n << 8 | rights for user in (0, 1) for n, rights in enumerate(kinds[user])
    ]


def test_higher_region_number_decides(case: partial[Run]) -> None:
    done = case("overlapping_regions")
    assert done.results == [0x55, BAD, 0x55]
    area = done.address("area")
    assert [at - area for _, at in faults(done)] == [0, 1024]


def test_nmi_runs_without_the_mpu(case: partial[Run]) -> None:
    done = case("nmi_without_mpu")
    assert done.results == [0x66, BAD]
    assert [x.ipsr for x in done.captures] == [NMI, MEM_MANAGE]


def test_nmi_with_the_mpu_locks_up(case: partial[Run]) -> None:
    done = case("nmi_with_mpu_locks_up", expect="lockup")
    assert "DACCVIOL" in done.stop.detail


def test_switched_while_running(case: partial[Run]) -> None:
    assert case("switched_while_running").results == [BAD, 0x88, BAD, 0x88]
