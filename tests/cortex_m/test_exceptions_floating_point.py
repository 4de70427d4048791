"""The floating-point context across exceptions (Arm DDI 0403E, B1.5.7 and B3.2.20 to B3.2.22)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.exceptions import (
    BUS_FAULT,
    HANDLER,
    HANDLER_FP,
    IRQ_A,
    IRQ_B,
    MEM_MANAGE,
    THREAD_MSP,
    THREAD_MSP_FP,
    Capture,
    Run,
    run,
    words,
)  # fmt: skip

ASPEN, LSPEN, HFRDY, THREAD, LSPACT = 1 << 31, 1 << 30, 1 << 4, 1 << 3, 1
FPCA = 4
FPSCR = 0x80C0_0000
PAINT = 0xA5A5_A5A5
S = np.arange(1, 33, dtype=np.float32).view(np.uint32).tolist()
MINUS_TWO = 0xC000_0000


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "floating_point.elf")


def assert_context_survived(done: Run) -> None:
    """S0-S31 and FPSCR of Thread mode after the interrupts; SP and CONTROL.FPCA too."""
    after = words(done.machine, "fp_after", 33)
    assert after[:32] == S
    assert after[32] == FPSCR


def fp_area(done: Run, capture: Capture) -> list[int]:
    return words_at(done, capture.frame_at + 0x20, 18)


def words_at(done: Run, address: int, count: int) -> list[int]:
    data = done.machine.read(address, 4 * count)
    return [int.from_bytes(data[4 * n : 4 * n + 4], "little") for n in range(count)]


@pytest.mark.parametrize(("name", "aligned_bit"), [("lazy_without_fp_in_handler", 0), ("lazy_misaligned", 1 << 9)])
def test_lazy_frame_is_reserved_but_not_written(case: partial[Run], name: str, aligned_bit: int) -> None:
    done = case(name)
    (a,) = done.captures
    before, after, control_before, control_after = done.results[-6:-2]
    assert a.exc_return == THREAD_MSP_FP
    assert a.frame_at == (before - 0x68 & ~7)
    assert a.frame_at % 8 == 0
    assert a.xpsr & 1 << 9 == aligned_bit
    assert a.fpcar == a.frame_at + 0x20
    assert a.fpccr == ASPEN | LSPEN | HFRDY | THREAD | LSPACT
    assert a.control == 0
    assert a.frame[8:] == (PAINT,) * 18
    assert fp_area(done, a) == [PAINT] * 18
    assert after == before
    assert control_before == control_after == FPCA
    assert done.results[-1] & LSPACT == 0
    assert_context_survived(done)


def test_lazy_state_is_saved_by_the_first_fp_instruction(case: partial[Run]) -> None:
    done = case("lazy_with_fp_in_handler")
    (a,) = done.captures
    fpccr_after_use, control_after_use = done.results[:2]
    assert a.frame[8:] == (PAINT,) * 18
    assert fpccr_after_use == ASPEN | LSPEN | HFRDY | THREAD
    assert control_after_use == FPCA
    saved = words(done.machine, "lazy_area", 18)
    assert saved == [*S[:16], FPSCR, PAINT]
    assert saved == fp_area(done, a)
    assert words(done.machine, "handler_saw", 34)[33] == 0  # FPSCR of a new context
    assert_context_survived(done)


def test_eager_frame_is_written_at_entry(case: partial[Run]) -> None:
    done = case("eager_with_fp_in_handler")
    (a,) = done.captures
    assert a.exc_return == THREAD_MSP_FP
    assert list(a.frame[8:]) == [*S[:16], FPSCR, PAINT]
    assert a.fpccr == ASPEN
    assert_context_survived(done)


def test_without_automatic_state_the_frame_is_basic(case: partial[Run]) -> None:
    done = case("no_automatic_fp_context")
    (a,) = done.captures
    before = done.results[0]
    assert a.exc_return == THREAD_MSP
    assert a.frame_at == before - 0x20
    after = words(done.machine, "fp_after", 33)
    assert after[:16] == [MINUS_TWO] * 16  # nobody saved them
    assert after[16:32] == S[16:]


def test_nested_handler_saves_the_outer_lazy_state(case: partial[Run]) -> None:
    done = case("lazy_saved_by_nested_handler")
    a, b = done.captures
    assert done.order == [IRQ_A, IRQ_B, -IRQ_B, -IRQ_A]
    assert (a.exc_return, b.exc_return) == (THREAD_MSP_FP, HANDLER)  # A itself has no FP state
    assert b.fpccr & LSPACT
    assert b.fpcar == a.frame_at + 0x20
    assert fp_area(done, a) == [*S[:16], FPSCR, PAINT]
    assert done.results[2] & LSPACT == 0
    assert_context_survived(done)


def test_fp_in_two_levels(case: partial[Run]) -> None:
    done = case("fp_in_two_levels")
    a, b = done.captures
    assert (a.exc_return, b.exc_return) == (THREAD_MSP_FP, HANDLER_FP)
    assert b.fpcar == b.frame_at + 0x20
    assert fp_area(done, b)[:16] == [MINUS_TWO] * 16
    assert words(done.machine, "handler_saw", 32) == [MINUS_TWO] * 16 + S[16:]  # A's own, after B
    assert_context_survived(done)


def test_tail_chain_after_lazy_save(case: partial[Run]) -> None:
    done = case("fp_tail_chain")
    b, a = done.captures
    assert (b.ipsr, a.ipsr) == (IRQ_B, IRQ_A)
    assert a.frame_at == b.frame_at
    assert a.exc_return == b.exc_return == THREAD_MSP_FP
    assert a.fpccr & LSPACT == 0
    assert list(a.frame[8:25]) == [*S[:16], FPSCR]
    assert_context_survived(done)


@pytest.mark.parametrize(
    ("name", "exception", "cause"),
    [("lazy_save_to_nowhere", BUS_FAULT, 1 << 13), ("lazy_save_denied", MEM_MANAGE, 1 << 5)],  # LSPERR, MLSPERR
)
def test_fault_of_the_lazy_save(case: partial[Run], name: str, exception: int, cause: int) -> None:
    done = case(name)
    _, fault = done.captures
    assert done.order == [IRQ_A, exception, -exception, -IRQ_A]
    assert (fault.cfsr, fault.exc_return) == (cause, HANDLER)  # in front of the handler's first FP instruction
    assert fault.xpsr & 0x1FF == IRQ_A


def test_fpca_follows_instructions(case: partial[Run]) -> None:
    done = case("fpca_follows_instructions")
    assert done.results == [0, FPCA, 0, 0]
    assert done.captures[0].exc_return == THREAD_MSP


def test_reset_values_and_fields(case: partial[Run]) -> None:
    assert case("fp_registers_reset_values").results == [
        ASPEN | LSPEN, 0, 0, 0x1011_0021, 0x1100_0011, 0xFFFF_FFF8, 0x07C0_0000, 0,
    ]  # fmt: skip
