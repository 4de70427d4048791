"""Vector table, reset, consoles, counters, code in RAM and flash, IT blocks, exclusives: by firmware."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.exceptions import (
    BUS_FAULT,
    HARD_FAULT,
    IRQ_A,
    PENDSV,
    SVCALL,
    THREAD_MSP,
    THUMB,
    Run,
    finish,
    prepare,
    run,
)  # fmt: skip

from cmsim.timing import Manual

IMPRECISERR = 1 << 10
VECTTBL = 1 << 1
IT_BITS = 0x0600_FC00


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "system.elf")


# --- vector table and reset ----------------------------------------------------------------------------------------


def test_vtor_moves(case: partial[Run]) -> None:
    done = case("vtor_moves")
    assert done.results == [1, 0x7E4, 1]
    assert done.order == [PENDSV, -PENDSV] * 2


def test_vector_behind_the_end_of_ram(case: partial[Run]) -> None:
    """HardFault with VECTTBL; its handler mends VTOR, and the interrupt, which still pends, is taken."""
    done = case("vector_fetch_fault")
    hard, irq = done.captures
    assert (hard.ipsr, hard.hfsr, hard.cfsr, hard.exc_return) == (HARD_FAULT, VECTTBL, 0, THREAD_MSP)
    assert irq.ipsr == IRQ_A
    assert irq.frame == hard.frame  # tail-chained
    assert done.order == [HARD_FAULT, -HARD_FAULT, IRQ_A, -IRQ_A]


def test_vector_table_nowhere_locks_up(case: partial[Run]) -> None:
    assert "VTOR" in case("vector_table_nowhere", expect="lockup").stop.detail


def test_system_reset(case: partial[Run]) -> None:
    resetreas, boots, survivor, *registers = case("system_reset").results
    assert resetreas == 4  # SREQ
    assert (boots, survivor) == (2, 0xCAFE)  # RAM is kept
    assert registers == [0, 0, 0, 4, 0, 0]  # priority, enable, BASEPRI, SysTick CTRL and LOAD, IPSR


def test_reset_needs_the_key(case: partial[Run]) -> None:
    assert case("reset_without_key").results == [1]


def test_reset_from_handler(case: partial[Run]) -> None:
    assert case("reset_from_handler").results == [0, 1 << 11, 0]


# --- consoles --------------------------------------------------------------------------------------------------------


def test_semihosting_output(case: partial[Run]) -> None:
    done = case("semihosting_output")
    assert done.machine.console("semihosting") == "a string, !and bytes: ä"
    # SYS_WRITE0 and SYS_WRITE; then SYS_OPEN and an operation that does not exist
    assert done.results == [0, 0, 0xFFFF_FFFF, 0xFFFF_FFFF]
    assert {(x.block, x.offset) for x in done.machine.soc.unmodelled.values()} == {("semihosting", 1), ("semihosting", 0x7F)}


@pytest.mark.parametrize(
    ("name", "status"), [("semihosting_exit_with_error", 1), ("semihosting_exit_extended", 42), ("code_in_ram", 0)]
)
def test_semihosting_exit(case: partial[Run], name: str, status: int) -> None:
    assert case(name).machine.cpu.semihosting.exit_status == status


def test_itm_ports(case: partial[Run]) -> None:
    done = case("itm_ports")
    assert done.machine.console("itm0") == "Hello!\n"
    assert done.machine.console("itm1") == ""
    assert done.machine.console("itm2") == "z"
    assert done.results == [0, 1, 0]


# --- counters ----------------------------------------------------------------------------------------------------------


def test_cyccnt_within_one_block(firmware_elfs: Path) -> None:
    """Two reads in one straight run differ by what the manual says; so does the simulator's own clock."""
    machine = prepare(firmware_elfs / "system.elf", "cyccnt_in_one_block")
    seen: list[int] = []
    for label in ("cyccnt_first", "cyccnt_second"):
        machine.on(label, lambda m: seen.append(m.cycles))
    done = finish(machine)
    # LDR 2, ADDS, MUL, UMULL, STR 2, LDR 2, NOP, ADD
    assert done.results == [11]
    assert seen[1] - seen[0] == 11


def test_cyccnt_is_the_same_without_watches(case: partial[Run]) -> None:
    assert case("cyccnt_in_one_block").results == [11]


def test_cyccnt_registers(case: partial[Run]) -> None:
    stopped, wrapped, control = case("cyccnt_registers").results
    assert stopped == 0
    assert wrapped < 0x20  # 18 NOP and little else from 0xFFFFFFF0 on
    assert control == 0x4000_0001  # four comparators


def test_counters_add_up(firmware_elfs: Path) -> None:
    machine = prepare(firmware_elfs / "system.elf", "counter_identity")
    at: list[int] = []
    machine.on("counters_read_at", lambda m: at.append(m.instructions))
    done = finish(machine)
    cycles, cpi, exceptions, sleep, lsu, folded = done.results
    instructions = at[1] - at[0]
    assert instructions == 12 + 1 + 2 + 7 * 5 + 1 + 1 + 1 + 5 + 1 + 1 + 1
    manual = Manual()
    assert exceptions & 0xFF == 2 * (manual.exception_entry + manual.exception_return)
    assert (lsu, folded) == (23, 0)  # each of the loads and stores takes a cycle beyond its first
    assert (instructions + cpi + exceptions + sleep + lsu - folded - cycles) % 256 == 0


# --- code that moves and changes -----------------------------------------------------------------------------------------


def test_code_in_ram_and_through_its_alias(case: partial[Run]) -> None:
    done = case("code_in_ram")
    pc = done.address("add_in_ram") + 6  # MOV R1, PC is the second instruction
    assert done.results == [6, pc, 7, pc - 0x2000_0000 + 0x0080_0000]


def test_self_modified_code(case: partial[Run]) -> None:
    assert case("self_modified_code").results == [1, 2, 3, 4, 5, 6, 7]


def test_flash_written_by_firmware(case: partial[Run]) -> None:
    done = case("flash_written_by_firmware")
    erased, first, second, erase_cycles, *after = done.results
    assert (erased, first, second) == (0xFFFF_FFFF, 0xF0F0_FFFF & 0x3FFF_0F0F, 0x1234_5678)
    assert erase_cycles == pytest.approx(0.085 * 64e6, rel=0.01)  # tERASEPAGE
    assert after == [0xFFFF_FFFF, 0xFFFF_FFFF, 0, 1, 0xFFFF_FFFF]
    (fault,) = done.captures
    assert (fault.ipsr, fault.cfsr) == (BUS_FAULT, IMPRECISERR)


def test_code_in_written_flash(case: partial[Run]) -> None:
    assert case("code_in_written_flash").results == [1, 2]


# --- IT blocks and exclusives -----------------------------------------------------------------------------------------------


def it_state(xpsr: int) -> int:
    return xpsr >> 8 & 0xFC | xpsr >> 25 & 3


def test_svc_in_an_it_block(case: partial[Run]) -> None:
    done = case("exception_in_it_block")
    taken, skipped = done.results[2:6], done.results[6:]
    assert taken == [1, 0, 3, 4]
    assert skipped == [0, 2, 0, 4]
    (svc,) = done.captures
    assert svc.ipsr == SVCALL
    assert svc.pc == done.address("svc_in_it_next")
    # ITTET EQ: 0000 0101 at first, behind two instructions 0001 0100
    assert it_state(svc.xpsr) == 0b0001_0100
    assert svc.xpsr & THUMB


def test_faulting_load_in_an_it_block_is_tried_again(case: partial[Run]) -> None:
    done = case("fault_in_it_block_tried_again")
    assert done.results == [1, 0x42, 0]
    (fault,) = done.captures
    assert fault.pc == done.address("load_in_it_at")
    # ITTTE EQ: 0000 0011 at first, behind one instruction 0000 0110
    assert it_state(fault.xpsr) == 0b0000_0110
    assert fault.xpsr & IT_BITS == 0x0400_0400


def test_watch_in_an_it_block(firmware_elfs: Path) -> None:
    machine = prepare(firmware_elfs / "system.elf", "fault_in_it_block_tried_again")
    seen: list[int] = []
    conditional_move = machine.address("load_in_it_at") - 2
    machine.on(conditional_move, lambda m: seen.append(m.registers["r1"]))
    done = finish(machine)
    assert seen == [0x3000_0000]
    assert done.results == [1, 0x42, 0]


def test_devices_in_an_it_block(case: partial[Run]) -> None:
    assert case("devices_in_it_block").results == [0xE014, 0, 1, 0, 0x123, 1]


def test_exclusives(case: partial[Run]) -> None:
    """(STREX's result, the word) alone, with an exception between, with CLREX between; STREX alone; alone again."""
    assert case("exclusives").results == [0, 11, 1, 11, 1, 11, 1, 0, 12]


def test_record_counts_faults(case: partial[Run]) -> None:
    (fault,) = case("fault_in_it_block_tried_again").machine.cpu.exceptions.faults
    assert (fault.exception, fault.cause, fault.address) == ("BusFault", "PRECISERR", 0x3000_0000)
