from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.cortex_m.nvic import FIRST_IRQ, THREAD_PRIORITY, ExceptionState, NvicRegisters, SystemException, bits
from cmsim.kernel import Line

ISER, ICER, ISPR, ICPR, IABR, IPR, STIR, ICTR = 0x100, 0x180, 0x200, 0x280, 0x300, 0x400, 0xF00, 0x004
IRQ3, IRQ40 = FIRST_IRQ + 3, FIRST_IRQ + 40


@pytest.fixture
def state() -> ExceptionState:
    return ExceptionState(interrupts=48, priority_bits=3)


@pytest.fixture
def nvic(state: ExceptionState) -> NvicRegisters:
    return NvicRegisters(state)


@given(st.sets(st.integers(0, 300)))
def test_bits_lists_the_set_bits_in_order(numbers: set[int]) -> None:
    assert list(bits(sum(1 << n for n in numbers))) == sorted(numbers)


# --- registers --------------------------------------------------------------------------------------------


def test_ictr_tells_how_many_words_of_interrupts_there_are(nvic: NvicRegisters) -> None:
    assert nvic.read(ICTR) == 1  # 33 to 64 interrupts


def test_enable_registers_set_and_clear_and_read_alike(nvic: NvicRegisters, state: ExceptionState) -> None:
    nvic.write(ISER, 0x0000_0009)
    nvic.write(ISER + 4, 0xFFFF_FFFF)
    assert nvic.read(ISER) == nvic.read(ICER) == 0x9
    assert nvic.read(ISER + 4) == 0xFFFF  # interrupts 48 and up do not exist
    nvic.write(ICER, 0x1)
    assert nvic.read(ISER) == 0x8
    assert state.enabled >> FIRST_IRQ & 0xFF == 0x8


def test_pending_registers_set_and_clear(nvic: NvicRegisters, state: ExceptionState) -> None:
    nvic.write(ISPR + 4, 1 << 8)
    assert nvic.read(ISPR + 4) == nvic.read(ICPR + 4) == 1 << 8
    assert state.pending == 1 << IRQ40
    nvic.write(ICPR + 4, 1 << 8)
    assert state.pending == 0


def test_active_bits_are_read_only(nvic: NvicRegisters, state: ExceptionState) -> None:
    state.activate(IRQ3)
    nvic.write(IABR, 0)
    assert nvic.read(IABR) == 1 << 3


def test_only_the_three_highest_bits_of_a_priority_exist(nvic: NvicRegisters, state: ExceptionState) -> None:
    nvic.write(IPR, 0xFF20_7F1F)
    assert nvic.read(IPR) == 0xE020_6000
    assert state.priority[FIRST_IRQ : FIRST_IRQ + 4] == [0x00, 0x60, 0x20, 0xE0]


def test_a_byte_access_to_ipr_leaves_the_other_three(nvic: NvicRegisters) -> None:
    nvic.write(IPR, 0x8060_4020)
    nvic.write(IPR, 0xA0 << 16, 0xFF << 16)
    assert nvic.read(IPR) == 0x80A0_4020


def test_priorities_of_interrupts_that_do_not_exist_read_as_zero(nvic: NvicRegisters) -> None:
    nvic.write(IPR + 48, 0xFFFF_FFFF)
    assert nvic.read(IPR + 48) == 0
    nvic.write(IPR + 236, 0xFFFF_FFFF)
    assert nvic.read(IPR + 236) == 0


def test_stir_pends_by_number(nvic: NvicRegisters, state: ExceptionState) -> None:
    nvic.write(STIR, 40)
    assert state.pending == 1 << IRQ40
    nvic.write(STIR, 48)  # none such
    assert state.pending == 1 << IRQ40


@pytest.mark.parametrize("offset", [ISER + 0x20, ICER + 0x40, IABR + 0x20])
def test_reserved_words_read_as_zero(nvic: NvicRegisters, offset: int) -> None:
    nvic.write(offset, 0xFFFF_FFFF)
    assert nvic.read(offset) == 0


# --- what may preempt -------------------------------------------------------------------------------------


def test_after_reset_system_exceptions_but_the_three_faults_are_enabled(state: ExceptionState) -> None:
    enabled = {SystemException(n) for n in bits(state.enabled)}
    assert enabled == set(SystemException) - {
        SystemException.RESET, SystemException.MEM_MANAGE, SystemException.BUS_FAULT, SystemException.USAGE_FAULT,
    }  # fmt: skip
    assert (state.priority[1], state.priority[2], state.priority[3]) == (-3, -2, -1)


def test_the_lowest_number_breaks_a_tie(state: ExceptionState) -> None:
    state.enable(1 << IRQ3 | 1 << IRQ40)
    for number in (IRQ40, IRQ3):
        state.set_priority(number, 0x40)
        state.pend(number)
    assert state.next(THREAD_PRIORITY) == IRQ3
    state.set_priority(IRQ40, 0x20)
    assert state.next(THREAD_PRIORITY) == IRQ40


def test_disabled_exceptions_stay_pending_and_are_not_taken(state: ExceptionState) -> None:
    state.pend(IRQ3)
    assert state.candidate() is None
    state.enable(1 << IRQ3)
    assert state.next(THREAD_PRIORITY) == IRQ3


def test_equal_priority_does_not_preempt(state: ExceptionState) -> None:
    state.enable(1 << IRQ3 | 1 << IRQ40)
    state.set_priority(IRQ3, 0x40)
    state.set_priority(IRQ40, 0x40)
    state.activate(IRQ40)
    state.pend(IRQ3)
    assert state.next(state.execution_priority(0, 0, 0)) is None
    state.set_priority(IRQ3, 0x20)
    assert state.next(state.execution_priority(0, 0, 0)) == IRQ3


def test_subpriority_orders_but_does_not_preempt(state: ExceptionState) -> None:
    state.set_group(6)  # bit 7 is the group, bits 6:5 are the subpriority
    state.enable(1 << IRQ3 | 1 << IRQ40)
    state.set_priority(IRQ3, 0x60)
    state.set_priority(IRQ40, 0x20)
    state.pend(IRQ3)
    state.pend(IRQ40)
    assert state.next(THREAD_PRIORITY) == IRQ40
    state.activate(IRQ3)
    assert state.next(state.execution_priority(0, 0, 0)) is None  # same group
    state.set_group(4)
    assert state.next(state.execution_priority(0, 0, 0)) == IRQ40


def test_prigroup_7_leaves_no_preemption_among_configurable_priorities(state: ExceptionState) -> None:
    state.set_group(7)
    state.set_priority(IRQ3, 0xE0)
    state.activate(IRQ3)
    state.pend(SystemException.SVCALL)
    assert state.next(state.execution_priority(0, 0, 0)) is None
    state.pend(SystemException.NMI)
    assert state.next(state.execution_priority(0, 0, 0)) == SystemException.NMI


@pytest.mark.parametrize(
    ("primask", "faultmask", "basepri", "priority"),
    [
        (0, 0, 0, THREAD_PRIORITY), (1, 0, 0, 0), (0, 1, 0, -1), (1, 1, 0x20, -1), (0, 0, 0x60, 0x60),
        (0, 0, 0x1F, THREAD_PRIORITY),  # the bits that exist are 0: BASEPRI masks nothing
        (0, 0, 0x7F, 0x60), (1, 0, 0x20, 0),
    ],
)  # fmt: skip
def test_masks_raise_the_execution_priority(
    state: ExceptionState, primask: int, faultmask: int, basepri: int, priority: int
) -> None:
    assert state.execution_priority(primask, faultmask, basepri) == priority


def test_masks_never_lower_it(state: ExceptionState) -> None:
    state.activate(SystemException.NMI)
    assert state.execution_priority(0, 1, 0x20) == -2


def test_basepri_is_cut_to_its_group(state: ExceptionState) -> None:
    state.set_group(6)
    assert state.execution_priority(0, 0, 0xE0) == 0x80


@given(
    active=st.sets(st.integers(FIRST_IRQ, FIRST_IRQ + 47), max_size=4),
    priorities=st.lists(st.integers(0, 7), min_size=48, max_size=48),
    basepri=st.integers(0, 7),
    primask=st.booleans(),
    faultmask=st.booleans(),
    prigroup=st.integers(0, 7),
)
def test_execution_priority_is_the_manuals(
    active: set[int], priorities: list[int], basepri: int, primask: bool, faultmask: bool, prigroup: int
) -> None:
    state = ExceptionState(48, 3)
    state.set_group(prigroup)
    for n, priority in enumerate(priorities):
        state.set_priority(FIRST_IRQ + n, priority << 5)
    for number in active:
        state.activate(number)
    group = 2 << prigroup  # ExecutionPriority() of DDI 0403E, B1.5.4
    highest = boosted = 256
    for number in active:
        value = priorities[number - FIRST_IRQ] << 5
        highest = min(highest, value - value % group)
    if basepri:
        boosted = (basepri << 5) - (basepri << 5) % group
    if primask:
        boosted = 0
    if faultmask:
        boosted = -1
    assert state.execution_priority(primask, faultmask, basepri << 5) == min(highest, boosted)


# --- interrupt lines --------------------------------------------------------------------------------------


def connected(state: ExceptionState) -> Line:
    line = Line("irq")
    state.connect(3, line)
    state.enable(1 << IRQ3)
    return line


def test_a_pulse_stays_pending(state: ExceptionState) -> None:
    connected(state).pulse()
    assert state.pending == 1 << IRQ3


def test_a_level_pends_again_at_return(state: ExceptionState) -> None:
    line = connected(state)
    line.set(True)
    state.activate(IRQ3)
    assert state.pending == 0
    state.deactivate(IRQ3)
    assert state.pending == 1 << IRQ3
    state.activate(IRQ3)
    line.set(False)
    state.deactivate(IRQ3)
    assert state.pending == 0


def test_a_pulse_while_active_pends_again(state: ExceptionState) -> None:
    line = connected(state)
    line.set(True)
    state.activate(IRQ3)
    line.set(False)
    line.pulse()
    state.deactivate(IRQ3)
    assert state.pending == 1 << IRQ3


def test_clearing_pending_does_not_help_against_a_level(state: ExceptionState, nvic: NvicRegisters) -> None:
    line = connected(state)
    line.set(True)
    nvic.write(ICPR, 1 << 3)
    assert nvic.read(ISPR) == 1 << 3
    line.set(False)
    nvic.write(ICPR, 1 << 3)
    assert nvic.read(ISPR) == 0


def test_a_high_line_survives_a_reset(state: ExceptionState) -> None:
    connected(state).set(True)
    state.reset()
    assert state.pending == 1 << IRQ3
    assert not state.enabled >> IRQ3 & 1


def test_an_interrupt_beyond_the_chip_is_refused(state: ExceptionState) -> None:
    with pytest.raises(ValueError, match="interrupt 48 does not exist on a chip with 48"):
        state.connect(48, Line("X.irq"))


# --- who is told ------------------------------------------------------------------------------------------


def test_on_pend_hears_new_pending_even_of_disabled_interrupts(state: ExceptionState) -> None:
    pended: list[int] = []
    changes: list[int] = []
    state.on_pend = pended.append
    state.on_change = lambda: changes.append(1)
    state.pend(IRQ3)
    state.pend(IRQ3)
    assert (pended, changes) == ([IRQ3], [])
    state.enable(1 << IRQ3)
    assert changes == [1]
