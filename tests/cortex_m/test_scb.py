from __future__ import annotations

import pytest

from cmsim.cortex_m.nvic import FIRST_IRQ, ExceptionState, SystemException
from cmsim.cortex_m.scb import SystemControl

ACTLR, CPUID, ICSR, VTOR, AIRCR, SCR, CCR = 0x008, 0xD00, 0xD04, 0xD08, 0xD0C, 0xD10, 0xD14
SHPR1, SHPR2, SHPR3, SHCSR = 0xD18, 0xD1C, 0xD20, 0xD24
CFSR, HFSR, DFSR, MMFAR, BFAR = 0xD28, 0xD2C, 0xD30, 0xD34, 0xD38
CPACR, DHCSR, DEMCR, FPCCR, FPCAR, FPDSCR = 0xD88, 0xDF0, 0xDFC, 0xF34, 0xF38, 0xF3C


@pytest.fixture
def state() -> ExceptionState:
    return ExceptionState(interrupts=48, priority_bits=3)


@pytest.fixture
def scb(state: ExceptionState) -> SystemControl:
    return SystemControl(state)


# --- identification and reset values (DDI 0439D, table 4-1 and chapter 7) ------------------------------------


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (ACTLR, 0), (CPUID, 0x410F_C241), (ICSR, 0x800), (VTOR, 0), (AIRCR, 0xFA05_0000), (SCR, 0), (CCR, 0x200),
        (SHPR1, 0), (SHPR2, 0), (SHPR3, 0), (SHCSR, 0), (CFSR, 0), (HFSR, 0), (DFSR, 0), (CPACR, 0), (DHCSR, 0),
        (DEMCR, 0), (FPCCR, 0xC000_0000), (FPCAR, 0), (FPDSCR, 0), (0xF40, 0x1011_0021), (0xF44, 0x1100_0011),
        (0xD40, 0x30), (0xD44, 0x200), (0xD48, 0x0010_0000), (0xD4C, 0), (0xD50, 0x0010_0030), (0xD54, 0),
        (0xD58, 0x0100_0000), (0xD5C, 0), (0xD60, 0x0114_1110), (0xD64, 0x0211_2000), (0xD68, 0x2123_2231),
        (0xD6C, 0x0111_1131), (0xD70, 0x0131_0132),
    ],
)  # fmt: skip
def test_reset_value(scb: SystemControl, offset: int, value: int) -> None:
    assert scb.read(offset) == value


@pytest.mark.parametrize(
    ("offset", "kept"),
    [
        (ACTLR, 0x307), (CPUID, 0x410F_C241), (VTOR, 0x3FFF_FF80), (SCR, 0x16), (CCR, 0x31B), (CPACR, 0x00F0_0000),
        (DEMCR, 0x010F_07F1), (FPCCR, 0xC000_017B), (FPCAR, 0xFFFF_FFF8), (FPDSCR, 0x07C0_0000),
        (MMFAR, 0xFFFF_FFFF), (BFAR, 0xFFFF_FFFF),
    ],
)  # fmt: skip
def test_only_the_bits_that_exist_are_kept(scb: SystemControl, offset: int, kept: int) -> None:
    scb.write(offset, 0xFFFF_FFFF)
    assert scb.read(offset) == kept


@pytest.mark.parametrize("offset", [0x00C, 0xD74, 0xD78, 0xD7C, 0xD84, 0xDC0])
def test_reserved_words_read_as_zero(scb: SystemControl, offset: int) -> None:
    scb.write(offset, 0xFFFF_FFFF)
    assert scb.read(offset) == 0


# --- ICSR -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_bit", "clear_bit", "number"),
    [(31, None, SystemException.NMI), (28, 27, SystemException.PENDSV), (26, 25, SystemException.SYSTICK)],
)
def test_icsr_pends(
    scb: SystemControl, state: ExceptionState, set_bit: int, clear_bit: int | None, number: SystemException
) -> None:
    scb.write(ICSR, 1 << set_bit)
    assert state.pending == 1 << number
    assert scb.read(ICSR) == 1 << set_bit | number << 12 | 0x800
    if clear_bit is not None:
        scb.write(ICSR, 1 << clear_bit)
        assert state.pending == 0


def test_icsr_shows_the_interrupt_that_waits_and_the_one_that_runs(scb: SystemControl, state: ExceptionState) -> None:
    state.enable(1 << FIRST_IRQ + 5)
    state.pend(FIRST_IRQ + 5)
    state.activate(SystemException.SVCALL)
    scb.current_exception = lambda: int(SystemException.SVCALL)
    assert scb.read(ICSR) == 1 << 22 | FIRST_IRQ + 5 << 12 | 1 << 11 | 11


def test_rettobase_is_clear_while_another_exception_is_active(scb: SystemControl, state: ExceptionState) -> None:
    state.activate(SystemException.SVCALL)
    state.activate(SystemException.NMI)
    assert not scb.read(ICSR) & 0x800


# --- AIRCR ------------------------------------------------------------------------------------------------


def test_aircr_wants_its_key(scb: SystemControl, state: ExceptionState) -> None:
    resets: list[int] = []
    scb.on_reset = lambda: resets.append(1)
    scb.write(AIRCR, 0x1234_0704)
    assert scb.read(AIRCR) == 0xFA05_0000
    assert state.group_mask == 0xFF
    assert not resets


def test_aircr_sets_the_grouping(scb: SystemControl, state: ExceptionState) -> None:
    scb.write(AIRCR, 0x05FA_0500)
    assert scb.read(AIRCR) == 0xFA05_0500
    assert state.group_mask == 0xC0


def test_aircr_requests_a_reset(scb: SystemControl) -> None:
    resets: list[int] = []
    scb.on_reset = lambda: resets.append(1)
    scb.write(AIRCR, 0x05FA_0004)
    assert resets == [1]


# --- priorities and states of system exceptions ---------------------------------------------------------------


def test_shpr_bytes_are_exceptions_4_to_15(scb: SystemControl, state: ExceptionState) -> None:
    for offset in (SHPR1, SHPR2, SHPR3):
        scb.write(offset, 0xE0C0_A080)
    assert [state.priority[n] for n in range(4, 16)] == [0x80, 0xA0, 0xC0, 0, 0, 0, 0, 0xE0, 0x80, 0, 0xC0, 0xE0]
    assert [scb.read(offset) for offset in (SHPR1, SHPR2, SHPR3)] == [0x00C0_A080, 0xE000_0000, 0xE0C0_0080]


def test_a_byte_of_shpr(scb: SystemControl, state: ExceptionState) -> None:
    scb.write(SHPR3, 0xFF << 24, 0xFF << 24)  # SysTick to the lowest priority, as CMSIS does
    assert scb.read(SHPR3) == 0xE000_0000
    assert state.priority[SystemException.PENDSV] == 0


@pytest.mark.parametrize(
    ("bit", "number"),
    [(16, SystemException.MEM_MANAGE), (17, SystemException.BUS_FAULT), (18, SystemException.USAGE_FAULT)],
)
def test_shcsr_enables_faults(scb: SystemControl, state: ExceptionState, bit: int, number: SystemException) -> None:
    assert not state.enabled >> number & 1
    scb.write(SHCSR, 1 << bit)
    assert scb.read(SHCSR) == 1 << bit
    assert state.enabled >> number & 1
    scb.write(SHCSR, 0)
    assert not state.enabled >> number & 1


@pytest.mark.parametrize(
    ("bit", "number"),
    [(0, SystemException.MEM_MANAGE), (1, SystemException.BUS_FAULT), (3, SystemException.USAGE_FAULT),
     (7, SystemException.SVCALL), (8, SystemException.DEBUG_MONITOR), (10, SystemException.PENDSV),
     (11, SystemException.SYSTICK)],
)  # fmt: skip
def test_shcsr_active_bits(scb: SystemControl, state: ExceptionState, bit: int, number: SystemException) -> None:
    state.activate(number)
    assert scb.read(SHCSR) == 1 << bit
    scb.write(SHCSR, 0)
    assert state.active == 0
    scb.write(SHCSR, 1 << bit)
    assert state.active == 1 << number


@pytest.mark.parametrize(
    ("bit", "number"),
    [(12, SystemException.USAGE_FAULT), (13, SystemException.MEM_MANAGE), (14, SystemException.BUS_FAULT),
     (15, SystemException.SVCALL)],
)  # fmt: skip
def test_shcsr_pended_bits(scb: SystemControl, state: ExceptionState, bit: int, number: SystemException) -> None:
    state.pend(number)
    assert scb.read(SHCSR) == 1 << bit
    scb.write(SHCSR, 0)
    assert state.pending == 0
    scb.write(SHCSR, 1 << bit)
    assert state.pending == 1 << number


def test_clearing_an_active_bit_lets_others_go(scb: SystemControl, state: ExceptionState) -> None:
    state.activate(SystemException.SVCALL)
    changes: list[int] = []
    state.on_change = lambda: changes.append(1)
    scb.write(SHCSR, 0)
    assert changes


# --- fault status -----------------------------------------------------------------------------------------


def test_fault_status_is_cleared_by_ones(scb: SystemControl) -> None:
    scb.CFSR, scb.HFSR, scb.DFSR = 0x0101_8282, 0xC000_0002, 0x1F
    scb.write(CFSR, 0x0100_0080)
    scb.write(HFSR, 0x4000_0000)
    scb.write(DFSR, 0x2)
    assert (scb.read(CFSR), scb.read(HFSR), scb.read(DFSR)) == (0x0001_8202, 0x8000_0002, 0x1D)


def test_one_byte_of_cfsr(scb: SystemControl) -> None:
    scb.CFSR = 0x0101_8282
    scb.write(CFSR, 0xFF << 8, 0xFF << 8)  # BFSR
    assert scb.read(CFSR) == 0x0101_0082


# --- who is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [CCR, CPACR, FPCCR])
def test_changes_of_what_code_may_do_are_told(scb: SystemControl, offset: int) -> None:
    told: list[int] = []
    scb.on_control = lambda: told.append(1)
    scb.write(offset, 0xFFFF_FFFF)
    assert told == [1]


def test_trace_enable_is_told(scb: SystemControl) -> None:
    told: list[bool] = []
    scb.on_trace = lambda: told.append(scb.trace_enabled)
    scb.write(DEMCR, 1 << 24)
    assert told == [True]


def test_fields(scb: SystemControl) -> None:
    scb.write(CCR, 0x11B)
    assert (scb.non_base_thread, scb.user_set_pend, scb.unalign_trap, scb.divide_trap) == (True,) * 4
    assert (scb.ignore_bus_faults, scb.stack_align) == (True, False)
    scb.write(SCR, 0x12)
    assert (scb.sleep_on_exit, scb.sev_on_pend) == (True, True)
    scb.write(CPACR, 0x00F0_0000)
    assert scb.fp_access == 3
