"""Corners of the architecture that a handful of instructions show."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.assembler import machine

from cmsim import Machine

DEFINITIONS = """
    .equ ICSR, 0xE000ED04
    .equ CCR, 0xE000ED14
    .equ SHPR3, 0xE000ED20
    .equ CPACR, 0xE000ED88
    .equ DEMCR, 0xE000EDFC
    .equ DWT_CTRL, 0xE0001000
    .equ FPCCR, 0xE000EF34
    .equ PENDSVSET, 0x10000000
    .macro set address, value
      ldr r0, =\\address
      ldr r1, =\\value
      str r1, [r0]
    .endm
    """


def ran(directory: Path, source: str, seconds: float = 2e-5, **options: object) -> Machine:
    m = machine(directory, DEFINITIONS + source, timing="manual", **options)
    m.run(seconds=seconds)
    return m


@pytest.mark.parametrize(
    ("instruction", "sevonpend", "wakes"), [("wfi", 0, True), ("wfe", 0, False), ("wfe", 0x10, True)]
)
def test_sleep_behind_primask(tmp_path: Path, instruction: str, sevonpend: int, wakes: bool) -> None:
    """WFI wakes for an exception that only PRIMASK holds back; WFE does not, unless SEVONPEND (DDI 0403E, B1.5.18)."""
    m = ran(
        tmp_path,
        f"""
        main: cpsid i
              set 0xE000ED10, {sevonpend}
              movs r7, #0
              set 0x40008508, 3         @ TIMER0: 32 bits,
              set 0x40008510, 0         @ 16 MHz,
              set 0x40008540, 100       @ CC[0]
              set 0x40008304, 0x10000   @ asks for an interrupt,
              set 0xE000E100, 0x100     @ which is enabled
              set 0x40008000, 1
              {instruction}
              movs r7, #1
              b .
        """,
    )
    assert m.registers["r7"] == int(wakes)


def test_a_sleep_that_waits_for_systick_is_told(tmp_path: Path) -> None:
    """On silicon, too, it never ends."""
    m = machine(tmp_path, DEFINITIONS + "main: set 0xE000E014, 500\n set 0xE000E010, 7\n wfi\n b .")
    stop = m.run()
    assert stop.reason == "idle"
    assert "SysTick stands still in sleep" in stop.detail


def test_an_fp_frame_is_aligned_whatever_stkalign_says(tmp_path: Path) -> None:
    m = ran(
        tmp_path,
        """
        main:    set CPACR, 0x00F00000
                 set CCR, 0
                 isb
                 vmov s0, r0
                 sub sp, #4
                 mov r6, sp
                 svc #0
                 mov r5, sp
                 b .
        handler: mov r4, sp
                 bx lr
        """,
        handlers={11: "handler"},
    )
    registers = m.registers
    assert registers["r6"] % 8 == 4
    assert registers["r4"] == registers["r6"] - 4 - 0x68
    assert registers["r5"] == registers["r6"]


@pytest.mark.parametrize(("aspen", "size"), [(0, 0x20), (0x8000_0000, 0x68)])
def test_without_aspen_no_fp_state_is_stacked(tmp_path: Path, aspen: int, size: int) -> None:
    m = ran(
        tmp_path,
        f"""
        main:    set CPACR, 0x00F00000
                 set FPCCR, {aspen}
                 isb
                 vmov s0, r0
                 mov r6, sp
                 svc #0
                 b .
        handler: mov r4, sp
                 mov r3, lr
                 b .
        """,
        handlers={11: "handler"},
    )
    assert m.registers["r6"] - m.registers["r4"] == size
    assert m.registers["r3"] == (0xFFFF_FFE9 if aspen else 0xFFFF_FFF9)


def test_cyccnt_enabled_before_trcena(tmp_path: Path) -> None:
    m = ran(
        tmp_path,
        """
        main: set DWT_CTRL, 1
              set DEMCR, 0x01000000
              ldr r2, =DWT_CTRL
              ldr r3, [r2, #4]
              nop
              ldr r4, [r2, #4]
              b .
        """,
    )
    assert m.registers["r3"] > 0
    assert m.registers["r4"] - m.registers["r3"] == 3


def test_what_becomes_due_during_a_handler_is_tail_chained(tmp_path: Path) -> None:
    """SysTick reaches zero in the handler's only block."""
    m = ran(
        tmp_path,
        """
        main:   set SHPR3, 0x20000000     @ SysTick below PendSV
                set 0xE000E014, 40
                set 0xE000E010, 7
                set ICSR, PENDSVSET
                isb
                b .
        pendsv: muls r7, r7
                .rept 40
                nop
                .endr
                bx lr
        tick:   ldr r0, =0xE000E010
                movs r1, #0
                str r1, [r0]
                mov r6, lr
                b .
        """,
        functions=["pendsv"], handlers={14: "pendsv", 15: "tick"},
    )  # fmt: skip
    assert m.registers["r6"] == 0xFFFF_FFF9
    assert m.cpu.exceptions.exception_cycles == 12 + 6  # one entry, one chained


@pytest.mark.parametrize("address", [0x4000_0000, 0x5FFF_0000, 0xE000_0000, 0xE000_E000, 0xF000_0000, 0xA000_0000])
def test_regions_that_never_execute(tmp_path: Path, address: int) -> None:
    m = ran(
        tmp_path, f"main: ldr r0, =0x{address + 1:x}\nbx r0\nfault: movs r7, #1\nb .", handlers={3: "fault"}
    )
    assert [(f.exception, f.cause, f.pc) for f in m.faults] == [("HardFault", "IACCVIOL", address)]
    assert m.registers["r7"] == 1


def test_bkpt_with_a_monitor_of_too_low_priority_is_a_hard_fault(tmp_path: Path) -> None:
    m = ran(
        tmp_path,
        """
        main:  set DEMCR, 0x00010000   @ MON_EN
               cpsid i
               bkpt #1
               b .
        hard:  ldr r0, =0xE000ED2C     @ HFSR
               ldr r7, [r0]
               b .
        other: movs r6, #1
               b .
        """,
        handlers={3: "hard", 12: "other"},
    )
    assert m.registers["r7"] == 0x8000_0000
    assert m.registers["r6"] == 0


def test_a_stack_guard_below_the_frame_is_a_stacking_fault(tmp_path: Path) -> None:
    """A region of 32 bytes in the middle of where the frame would go."""
    m = ran(
        tmp_path,
        """
        main:   set 0xE000ED9C, 0x2003F010   @ RBAR: region 0 at 0x2003F000, VALID
                set 0xE000EDA0, 0x9          @ RASR: 32 bytes, no access
                set 0xE000ED94, 5            @ CTRL: PRIVDEFENA, ENABLE
                set 0xE000ED24, 0x10000      @ SHCSR.MEMFAULTENA
                ldr r0, =0x2003F030
                mov sp, r0
                svc #0
                b .
        memory: ldr r0, =0xE000ED28
                ldr r7, [r0]
                b .
        """,
        handlers={4: "memory"},
    )
    assert m.faults[0].cause == "MSTKERR"
    assert m.faults[0].exception == "MemManage"


@pytest.mark.parametrize("usersetmpend", [0, 2])
def test_unprivileged_code_may_trigger_interrupts_if_allowed(tmp_path: Path, usersetmpend: int) -> None:
    m = ran(
        tmp_path,
        f"""
        main:  set CCR, {0x200 | usersetmpend}
               set 0xE000E100, 1 << 20      @ EGU0 enabled
               movs r0, #1
               msr control, r0
               isb
               ldr r0, =0xE000EF00
               movs r1, #20
               str r1, [r0]
               b .
        egu:   movs r7, #1
               b .
        fault: movs r7, #2
               b .
        """,
        handlers={16 + 20: "egu", 3: "fault"},
    )
    assert m.registers["r7"] == (1 if usersetmpend else 2)


def test_reserved_words_of_the_system_control_space(tmp_path: Path) -> None:
    m = ran(tmp_path, "main: ldr r0, =0xE000ED78\nstr r0, [r0]\nldr r7, [r0]\nldr r6, [r0, #4]\nb .")
    assert (m.registers["r7"], m.registers["r6"], m.faults) == (0, 0, [])


def test_debug_blocks_without_a_model_are_reported_not_faulted(tmp_path: Path) -> None:
    m = ran(tmp_path, "main: ldr r0, =0xE0040004\nldr r7, [r0]\nstr r7, [r0]\nb .")
    assert m.faults == []
    assert [(u.block, u.offset, u.access) for u in m.soc.unmodelled.values()] == [
        ("TPIU", 4, "read"), ("TPIU", 4, "write")
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["cpsid f", "movs r0, #1\n msr faultmask, r0"])
@pytest.mark.parametrize("hfnmiena", [False, True])
def test_faultmask_takes_the_mpu_away_at_once(tmp_path: Path, how: str, hfnmiena: bool) -> None:
    """At priority -1 the MPU counts only by HFNMIENA (DDI 0403E, B3.5.3); without FAULTMASK it counts again."""
    m = ran(
        tmp_path,
        f"""
        main:   set 0xE000ED24, 0x10000       @ SHCSR.MEMFAULTENA
                set 0xE000ED9C, 0x20001010    @ RBAR: VALID, region 0, 0x20001000
                set 0xE000EDA0, 0x00000009    @ RASR: 32 bytes, no access
                set 0xE000ED94, {7 if hfnmiena else 5}  @ CTRL: ENABLE, PRIVDEFENA
                dsb
                isb
                movs r7, #0
                ldr r5, =0x20001000
                {how}
                ldr r6, [r5]
                movs r7, #1
                cpsie f
                ldr r6, [r5]
                movs r7, #2
                b .
        denied: b .
        """,
        handlers={4: "denied"},
        functions=["denied"],
    )
    if hfnmiena:
        assert m.registers["r7"] == 0  # escalated: lockup
        assert m.stop is not None and m.stop.reason == "lockup"
    else:
        assert m.registers["r7"] == 1
        assert m.stop is not None and "MemManage DACCVIOL" in m.stop.detail


@pytest.mark.parametrize(("reset", "spared"), [("sreq", True), ("lockup", True), ("pin", False), ("watchdog", False)])
def test_which_resets_spare_the_debug_logic(tmp_path: Path, reset: str, spared: bool) -> None:
    """CYCCNT goes on through a soft reset (nRF52840 PS, POWER: reset behaviour)."""
    m = ran(
        tmp_path,
        """
        main:   ldr r0, =0x20000000
                ldr r1, [r0]
                cmp r1, #0
                bne again
                movs r1, #1
                str r1, [r0]
                set DEMCR, 0x01000000
                set DWT_CTRL, 1
        again:  ldr r0, =DEMCR
                ldr r6, [r0]
                ldr r0, =DWT_CTRL
                ldr r7, [r0]
                ldr r5, [r0, #4]
                b .
        """,
    )
    assert m.registers["r7"] & 1
    before = m.registers["r5"]
    m.soc.hooks.reset(reset)
    m.run(seconds=1e-5)
    m.run(seconds=1e-5)
    assert bool(m.registers["r7"] & 1) == bool(m.registers["r6"] >> 24 & 1) == spared
    assert (m.registers["r5"] > before) == spared
