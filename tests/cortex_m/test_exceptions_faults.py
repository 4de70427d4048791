"""Faults by firmware (Arm DDI 0403E, B1.5.14): cause, exact PC, address, what the instruction left undone, escalation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from support.exceptions import (
    BUS_FAULT,
    DEBUG_MONITOR,
    FORCED,
    HANDLER,
    HARD_FAULT,
    IRQ_A,
    MEM_MANAGE,
    NMI,
    SVCALL,
    THREAD_MSP,
    THREAD_PSP,
    THUMB,
    USAGE_FAULT,
    Run,
    run,
    words,
)  # fmt: skip

IACCVIOL, IBUSERR, PRECISERR, IMPRECISERR, UNSTKERR, STKERR, BFARVALID = (1 << n for n in (0, 8, 9, 10, 11, 12, 15))
UNDEFINSTR, INVSTATE, INVPC, NOCP, UNALIGNED, DIVBYZERO = (1 << n for n in (16, 17, 18, 19, 24, 25))
DEBUGEVT = 1 << 31
PRECISE = PRECISERR | BFARVALID
NOWHERE = 0x3000_0000
START = {0: 0xA0, 1: 0xA1, 3: NOWHERE, 4: 0xA4, 5: 0xA5, 6: 0xA6, 7: 0xA7}
"""What a probe loads into the registers first; R2 is the address of `scratch`."""


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "faults.elf")


@dataclass(frozen=True)
class Probe:
    """One faulting instruction that the handler skips, and the registers that end otherwise than they began."""

    name: str
    cause: int
    registers: dict[int, int] = field(default_factory=dict)
    r2: int = 0
    """R2 less the address of `scratch`, at the fault and in the end."""
    it_state: int = 0

    def __str__(self) -> str:
        return self.name


USAGE = [
    Probe("unaligned_ldrd", UNALIGNED, r2=2),
    Probe("unaligned_strd", UNALIGNED, r2=2),
    Probe("unaligned_ldm", UNALIGNED, r2=1),
    Probe("unaligned_stm", UNALIGNED, r2=3),
    Probe("unaligned_stmdb", UNALIGNED, r2=18),
    Probe("unaligned_ldrex", UNALIGNED, r2=2),
    Probe("unaligned_vldr", UNALIGNED, {5: 0xA0}, r2=2),
    Probe("unaligned_vldr_d", UNALIGNED, {5: 0xA0}, r2=1),
    Probe("unaligned_vstm", UNALIGNED, r2=2),
    Probe("unaligned_ldrd_loaded_base", UNALIGNED, {4: 1, 5: 2}),
    Probe("unalign_trp_ldr", UNALIGNED, {1: 1}, r2=1),
    Probe("unalign_trp_ldrh", UNALIGNED, r2=1),
    Probe("unalign_trp_strh", UNALIGNED, r2=2),
    Probe("udiv_by_zero", DIVBYZERO, {4: 0, 5: 1}),
    Probe("sdiv_by_zero", DIVBYZERO, {4: 0, 5: 7, 6: 0xA7 // 7}),
    Probe("undefined16", UNDEFINSTR, {4: 1, 5: 2}),
    Probe("undefined32", UNDEFINSTR, {4: 1, 5: 2}),
    Probe("undefined_in_it", UNDEFINSTR, {4: 1, 5: 2}, it_state=0b0000_1000),
    Probe("nocp", NOCP, {5: 2}),
    Probe("nocp_in_the_middle", NOCP, {0: 2, 5: 2}),
    Probe("nocp_load", NOCP, {5: 2}),
    Probe("nocp_other_coprocessor", NOCP, {4: 1, 5: 2}),
    Probe("nocp_unprivileged", NOCP, {5: 2}),
]


def probe_registers(done: Run) -> list[int]:
    return words(done.machine, "probe_registers", 8)


def expected(done: Run, probe: Probe) -> dict[int, int]:
    return START | {2: done.address("scratch") + probe.r2} | probe.registers


@pytest.mark.parametrize("probe", USAGE, ids=str)
def test_usage_faults(case: partial[Run], probe: Probe) -> None:
    done = case(probe.name)
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr) == (USAGE_FAULT, probe.cause, 0)
    assert fault.shcsr == 0x7_0008  # USGFAULTACT
    assert fault.pc == done.address(f"{probe.name}_at")
    assert fault.xpsr >> 8 & 0xFC | fault.xpsr >> 25 & 3 == probe.it_state
    end = dict(enumerate(probe_registers(done)))
    want = expected(done, probe)
    if probe.name == "unaligned_ldrd_loaded_base":
        want[6] = done.address("scratch") + 1
    assert end == want
    if probe.name != "unaligned_ldrd_loaded_base":  # which keeps its base there
        assert words(done.machine, "scratch", 8)[1:] == list(range(0x11, 0x18)) or "nocp" in probe.name
    (noted,) = done.machine.cpu.exceptions.faults
    assert (noted.exception, noted.pc) == ("UsageFault", fault.pc)


def test_unaligned_in_an_it_block(case: partial[Run]) -> None:
    """The fault and its PC are right; the load has been done, which silicon would not do (see exceptions.py)."""
    done = case("unaligned_in_it")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr) == (USAGE_FAULT, UNALIGNED)
    assert fault.pc == done.address("unaligned_in_it_at")


@pytest.mark.parametrize(
    ("name", "registers", "r2"),
    [
        ("aligned_ldrd", {0: 0x11, 1: 0x12}, 4),
        ("unaligned_allowed", {0: 0x1100_0000, 1: 0, 4: 0}, 1),
        ("unalign_trp_aligned", {0: 0x10, 1: 0, 4: 0}, 0),
        ("udiv_by_zero_gives_zero", {0: 0, 4: 0, 5: 0}, 0),
        ("unaligned_in_it_not_executed", {5: 2}, 2),
    ],
)
def test_no_fault(case: partial[Run], name: str, registers: dict[int, int], r2: int) -> None:
    done = case(name)
    assert done.captures == []
    assert dict(enumerate(probe_registers(done))) == expected(done, Probe(name, 0, registers, r2))


def test_unalign_trp_switched_between_two_runs_of_the_same_code(case: partial[Run]) -> None:
    assert case("unalign_trp_switched").results == [0, 1, 1]


def test_fpu_for_privileged_code_only(case: partial[Run]) -> None:
    assert case("fp_privileged_access_only").results == [0]


def test_invstate_by_branch(case: partial[Run]) -> None:
    (fault,) = case("invstate_by_bx").captures
    assert (fault.ipsr, fault.cfsr, fault.pc) == (USAGE_FAULT, INVSTATE, 0x40)
    assert not fault.xpsr & THUMB


def test_invstate_by_vector(case: partial[Run]) -> None:
    done = case("invstate_by_vector")
    fault, irq = done.captures
    assert (fault.ipsr, fault.cfsr, fault.exc_return) == (USAGE_FAULT, INVSTATE, HANDLER)
    assert fault.pc == done.address("enter_exception")
    assert fault.xpsr & (THUMB | 0x1FF) == IRQ_A
    assert irq.ipsr == IRQ_A


# --- returns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"), [("invpc_reserved_target", 0xFFFF_FFF5), ("invpc_to_handler_without_one", 0xFFFF_FFF1)]
)
def test_invalid_exc_return(case: partial[Run], name: str, value: int) -> None:
    done = case(name)
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr) == (USAGE_FAULT, INVPC)
    assert fault.pc == done.address("invpc_next")  # the frame of SVCall serves the fault
    assert done.results == [value, 0x7_0000, 0]  # LR in the handler; SVCall is active no more; Thread mode


def test_frame_that_contradicts_exc_return(case: partial[Run]) -> None:
    done = case("invpc_ipsr_of_frame")
    svc, fault = done.captures
    assert (svc.ipsr, fault.ipsr, fault.cfsr) == (SVCALL, USAGE_FAULT, INVPC)
    assert fault.frame_at == svc.frame_at
    assert fault.frame[:7] == svc.frame[:7]
    assert fault.xpsr == svc.xpsr | 16
    assert done.results == [0x7_0000]


def test_invalid_return_escalates(case: partial[Run]) -> None:
    done = case("invpc_escalates")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr) == (HARD_FAULT, INVPC, FORCED)
    assert done.results == [0]


# --- bus faults ----------------------------------------------------------------------------------------------------------

BUS = [
    (Probe("bus_load", PRECISE, {4: 1, 5: 2}), NOWHERE + 4),
    (Probe("bus_load_byte", PRECISE, {5: 2}), NOWHERE + 0xA6),
    (Probe("bus_store_unbuffered", PRECISE, {5: 2}), NOWHERE + 4),
    (Probe("bus_ldm", PRECISE, {5: 2}), NOWHERE),
    (Probe("bus_ppb_hole", PRECISE, {3: 0xE004_2000, 5: 2}), 0xE004_2000),
    (Probe("bus_peripheral_hole", PRECISE, {3: 0x400F_F000, 5: 2}), 0x400F_F000),
    (Probe("bus_load_in_it", PRECISE, {4: 1, 5: 2}, it_state=0b0000_0100), NOWHERE),
]


@pytest.mark.parametrize(("probe", "address"), BUS, ids=lambda x: str(x) if isinstance(x, Probe) else "")
def test_precise_bus_faults(case: partial[Run], probe: Probe, address: int) -> None:
    done = case(probe.name)
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr, fault.bfar) == (BUS_FAULT, PRECISE, 0, address)
    assert fault.shcsr == 0x7_0002  # BUSFAULTACT
    assert fault.pc == done.address(f"{probe.name}_at")
    assert fault.xpsr >> 8 & 0xFC | fault.xpsr >> 25 & 3 == probe.it_state
    assert dict(enumerate(probe_registers(done))) == expected(done, probe)


def test_ldrd_across_the_end_of_ram(case: partial[Run]) -> None:
    done = case("bus_ldrd_at_end_of_ram")
    (fault,) = done.captures
    assert (fault.cfsr, fault.bfar) == (PRECISE, 0x2004_0000)
    assert fault.pc == done.address("bus_ldrd_at_end_of_ram_at")


@pytest.mark.parametrize("name", ["bus_store", "bus_store_to_flash"])
def test_buffered_stores_fault_imprecisely(case: partial[Run], name: str) -> None:
    done = case(name)
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr) == (BUS_FAULT, IMPRECISERR)  # no BFAR
    assert fault.pc == done.address(f"{name}_at") + 2
    (noted,) = done.machine.cpu.exceptions.faults
    assert noted.address == (NOWHERE + 4 if name == "bus_store" else 0)


def test_bus_fault_escalates_when_disabled(case: partial[Run]) -> None:
    (fault,) = case("bus_load_hard").captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr, fault.bfar) == (HARD_FAULT, PRECISE, FORCED, NOWHERE)


@pytest.mark.parametrize(
    ("name", "target", "exception", "cause"),
    [
        ("fetch_unmapped", NOWHERE, BUS_FAULT, IBUSERR),
        ("fetch_peripheral", 0x4000_0000, MEM_MANAGE, IACCVIOL),
        ("fetch_system", 0xE000_0000, MEM_MANAGE, IACCVIOL),
    ],
)
def test_instruction_fetch(case: partial[Run], name: str, target: int, exception: int, cause: int) -> None:
    (fault,) = case(name).captures
    assert (fault.ipsr, fault.cfsr, fault.pc) == (exception, cause, target)


def test_stacking_fault(case: partial[Run]) -> None:
    (fault,) = case("stacking_fault").captures
    assert (fault.ipsr, fault.cfsr, fault.exc_return) == (BUS_FAULT, STKERR, THREAD_PSP)
    assert fault.psp == NOWHERE + 0x100 - 0x20
    assert fault.shcsr & 1 << 15  # SVCALLPENDED


def test_stacking_fault_escalates(case: partial[Run]) -> None:
    (fault,) = case("stacking_fault_escalates").captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr) == (HARD_FAULT, STKERR, FORCED)


def test_unstacking_fault(case: partial[Run]) -> None:
    svc, fault = case("unstacking_fault").captures
    assert (svc.ipsr, svc.exc_return) == (SVCALL, THREAD_PSP)
    assert (fault.ipsr, fault.cfsr, fault.exc_return) == (BUS_FAULT, UNSTKERR, THREAD_PSP)
    assert fault.shcsr == 0x7_0002  # SVCall is over


# --- escalation, lockup, debug events ------------------------------------------------------------------------------------


def test_escalation_when_disabled(case: partial[Run]) -> None:
    done = case("escalation_when_disabled")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr) == (HARD_FAULT, UNDEFINSTR, FORCED)
    assert fault.pc == done.address("undefined16_at")


def test_escalation_by_priority(case: partial[Run]) -> None:
    svc, fault = case("escalation_by_priority").captures
    assert svc.ipsr == SVCALL
    assert (fault.ipsr, fault.hfsr, fault.exc_return) == (HARD_FAULT, FORCED, HANDLER)
    assert fault.xpsr & 0x1FF == SVCALL


def test_svc_escalates_under_primask(case: partial[Run]) -> None:
    done = case("svc_escalates_under_primask")
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr, fault.hfsr) == (HARD_FAULT, 0, FORCED)


@pytest.mark.parametrize(
    ("name", "first", "detail"),
    [
        ("lockup_in_hard_fault", HARD_FAULT, "UNDEFINSTR"),
        ("lockup_in_nmi", NMI, "PRECISERR"),
        ("unused_vector_locks_up", None, "IBUSERR"),
    ],
)
def test_lockup(case: partial[Run], name: str, first: int | None, detail: str) -> None:
    done = case(name, expect="lockup")
    assert [x.ipsr for x in done.captures] == ([] if first is None else [first])
    assert detail in done.stop.detail
    assert "first fault" in done.stop.detail


def test_bus_faults_ignored_in_nmi(case: partial[Run]) -> None:
    done = case("bus_faults_ignored_in_nmi")
    assert [x.ipsr for x in done.captures] == [NMI]
    assert done.results == [2, 0]


def test_faults_pended_by_software(case: partial[Run]) -> None:
    done = case("faults_pended_by_software")
    assert [x.ipsr for x in done.captures] == [USAGE_FAULT]
    assert done.results == [1, 0x7_0000]


def test_breakpoint_without_debugger(case: partial[Run]) -> None:
    done = case("bkpt_without_debugger")
    (fault,) = done.captures
    assert (fault.ipsr, fault.hfsr, fault.cfsr) == (HARD_FAULT, DEBUGEVT, 0)
    assert fault.pc == done.address("bkpt_at")
    assert done.results == [2]  # DFSR.BKPT


def test_breakpoint_with_monitor(case: partial[Run]) -> None:
    done = case("bkpt_with_monitor")
    (fault,) = done.captures
    assert (fault.ipsr, fault.hfsr, fault.shcsr) == (DEBUG_MONITOR, 0, 1 << 8)
    assert fault.pc == done.address("bkpt_monitor_at")
    assert fault.exc_return == THREAD_MSP
    assert done.results == [2]


def test_status_is_write_one_to_clear(case: partial[Run]) -> None:
    assert case("status_is_write_one_to_clear").results == [DIVBYZERO, DIVBYZERO, 0]
