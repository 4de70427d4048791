"""Exception entry and return by firmware (Arm DDI 0403E, B1.5): frames word by word, EXC_RETURN bit for bit."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.exceptions import (
    HANDLER,
    IRQ_A,
    IRQ_B,
    IRQ_C,
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

RETTOBASE = 1 << 11
TIMER0 = 16 + 8


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "entry.elf")


@pytest.mark.parametrize(
    ("name", "below", "aligned_bit"),
    [("svc_aligned", 0x20, 0), ("svc_misaligned", 0x24, 1 << 9), ("svc_without_stkalign", 0x20, 0)],
)
def test_svc_frame(case: partial[Run], name: str, below: int, aligned_bit: int) -> None:
    done = case(name)
    (svc,) = done.captures
    argument, sp_before, sp_after, apsr = done.results
    assert argument == 42
    assert svc.frame[:8] == (
        0x1000_0000, 0x1111_1111, 0x2222_2222, 0x3333_3333, 0xCCCC_CCCC, 0xEEEE_EEEE,
        done.address("svc_next"), 0xF800_0000 | THUMB | aligned_bit,
    )  # fmt: skip
    assert (svc.exc_return, svc.ipsr, svc.control, svc.icsr) == (THREAD_MSP, SVCALL, 0, SVCALL | RETTOBASE)
    assert svc.frame_at == svc.msp == sp_before - below
    assert svc.shcsr == 1 << 7  # SVCALLACT
    assert sp_after == sp_before
    assert apsr == 0xF800_0000


def test_pendsv(case: partial[Run]) -> None:
    done = case("pendsv_waits_for_primask")
    pended, cleared, after = done.results
    assert pended == 1 << 28 | PENDSV << 12 | RETTOBASE  # PENDSVSET, VECTPENDING
    assert cleared == after == RETTOBASE
    (pendsv,) = done.captures
    assert pendsv.pc == done.address("pendsv_next")
    assert (pendsv.exc_return, pendsv.icsr, pendsv.shcsr) == (THREAD_MSP, PENDSV | RETTOBASE, 1 << 10)


def test_svc_from_a_handler(case: partial[Run]) -> None:
    done = case("svc_from_handler")
    pendsv, svc = done.captures
    assert done.order == [PENDSV, SVCALL, -SVCALL, -PENDSV]
    assert (pendsv.exc_return, svc.exc_return) == (THREAD_MSP, HANDLER)
    assert svc.pc == done.address("svc_in_handler_next")
    assert svc.xpsr & 0x1FF == PENDSV
    assert svc.icsr == SVCALL  # two are active: no RETTOBASE
    assert svc.shcsr == 1 << 7 | 1 << 10


def test_nesting_three_deep(case: partial[Run]) -> None:
    done = case("nesting_three_deep")
    a, b, c = done.captures
    assert done.order == [IRQ_A, IRQ_B, IRQ_C, -IRQ_C, -IRQ_B, -IRQ_A]
    assert [x.exc_return for x in (a, b, c)] == [THREAD_MSP, HANDLER, HANDLER]
    assert [x.xpsr & 0x1FF for x in (a, b, c)] == [0, IRQ_A, IRQ_B]
    assert [x.icsr for x in (a, b, c)] == [IRQ_A | RETTOBASE, IRQ_B, IRQ_C]
    assert a.frame_at - 0x20 > b.frame_at > c.frame_at + 0x20
    assert all(x.frame_at % 8 == 0 for x in (a, b, c))


@pytest.mark.parametrize("name", ["equal_priority_does_not_nest", "prigroup_7_never_preempts"])
def test_tail_chain_keeps_the_frame(case: partial[Run], name: str) -> None:
    done = case(name)
    a, b, c = done.captures
    assert done.order == [IRQ_A, -IRQ_A, IRQ_B, -IRQ_B, IRQ_C, -IRQ_C]
    assert a.frame == b.frame == c.frame
    assert (a.frame_at, a.exc_return) == (b.frame_at, b.exc_return) == (c.frame_at, c.exc_return)
    assert a.exc_return == THREAD_MSP


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("pending_by_priority", [IRQ_B, IRQ_C, IRQ_A]),
        ("pending_by_number", [IRQ_A, IRQ_B, IRQ_C]),
        ("subpriority_orders_pending", [IRQ_B, IRQ_A, IRQ_C]),
    ],
)
def test_order_of_pending(case: partial[Run], name: str, order: list[int]) -> None:
    done = case(name)
    assert done.results == [1 << 22 | order[0] << 12 | RETTOBASE]  # ISRPENDING, VECTPENDING
    assert [number for number in done.order if number > 0] == order
    assert len({x.frame_at for x in done.captures}) == 1
    assert [x.icsr >> 12 & 0x1FF for x in done.captures] == [*order[1:], 0]


def test_subpriority_does_not_preempt(case: partial[Run]) -> None:
    done = case("subpriority_orders_but_does_not_preempt")
    assert done.order == [IRQ_A, -IRQ_A, IRQ_B, IRQ_C, -IRQ_C, -IRQ_B]


def test_priority_registers(case: partial[Run]) -> None:
    assert case("priority_registers").results == [
        0xE0, 0x0000_E000, 0x8060_2000, 0x60A0_2000, 0x60A0,  # three bits of each byte
        0x00E0_E0E0, 0xE000_0000, 0xE0E0_00E0,                # SHPR1-3: reserved bytes stay 0
        0xFA05_0000, 0xFA05_0300,                             # AIRCR
        1,                                                    # ICTR: 33 to 64 interrupts
        0xFFFF_FFFF, 0x0000_FFFF, 0, 0, 0, 0, 0, 0,           # ISER: 48 of them
        0xFFFF_0000, 0xFFFF_0000,
    ]  # fmt: skip


def test_pending_registers(case: partial[Run]) -> None:
    a, b, c = 1 << 20, 1 << 21, 1 << 22
    done = case("pending_registers")
    assert done.results == [
        b, 1 << 22 | RETTOBASE,
        a | b, 1 << 22 | IRQ_A << 12 | RETTOBASE,
        b,
        c, b,
        0,
    ]  # fmt: skip
    assert done.order == [IRQ_C, -IRQ_C, IRQ_B, -IRQ_B]


def test_level_is_taken_again(case: partial[Run]) -> None:
    assert case("level_is_taken_again").order == [IRQ_A, -IRQ_A] * 3


def test_cycles_of_entry_return_and_tail_chain(case: partial[Run]) -> None:
    manual = Manual()
    # LDR of the literal before the stamp; behind it LDR, LDR, STR, BX
    before, behind = 2, 2 + 2 + 2 + 1
    reads_cyccnt, cpsie = 2, 1
    assert case("cycles_without_exception").results[2] == reads_cyccnt + cpsie
    one = case("cycles_of_one").results
    assert one[0] == reads_cyccnt + cpsie + manual.exception_entry + before
    assert one[2] == one[0] + behind + manual.exception_return
    two = case("cycles_of_tail_chain").results
    assert two[0] == one[0]
    assert two[1] - two[0] == behind + manual.tail_chain + before
    assert two[2] - two[1] == behind + manual.exception_return
    assert manual.tail_chain < manual.exception_return + manual.exception_entry
    assert (manual.exception_entry, manual.exception_return, manual.tail_chain) == (12, 10, 6)


def test_late_arrival(firmware_elfs: Path) -> None:
    """TIMER0 first; then TIMER1 first by 1, 2 ... cycles, with TIMER0 taking over its entry; then too late for that."""
    machine = prepare(firmware_elfs / "entry.elf", "late_arrival")
    starts: list[int] = []
    entries: list[int] = []
    machine.on("late_arrival_start", lambda m: starts.append(m.cycles))
    machine.on("enter_exception", lambda m: entries.append(m.cycles))
    done = finish(machine)
    urgent, other = ([x for x in done.captures if x.ipsr == number] for number in (TIMER0, TIMER0 + 1))
    assert {x.exc_return for x in other} == {THREAD_MSP}
    returns = [x.exc_return for x in urgent]
    late = returns.index(HANDLER)
    assert set(returns[:late]) == {THREAD_MSP}
    assert set(returns[late:]) == {HANDLER}
    entered = [cycle for cycle, x in zip(entries, done.captures, strict=True) if x.ipsr == TIMER0]
    waited = [entry - start for entry, start in zip(entered[:late], starts, strict=False)]
    alone = waited[0]
    first = next(n for n, cycles in enumerate(waited) if cycles != alone)
    assert [alone - cycles for cycles in waited[first:]] == list(range(1, late - first + 1))
    assert late - first == 6  # the vector is fetched at the end of the 12 cycles
