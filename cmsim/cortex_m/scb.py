"""System control block, floating-point context control and debug control (Arm DDI 0403E, B3.2; DDI 0439D, chapter 4).

Not modelled: the auxiliary control register's performance switches (stored only), sleep-deep as something other than
sleep, and halting debug (DHCSR reads as no debugger attached; DEMCR's vector catch bits are stored).
"""

from __future__ import annotations

from collections.abc import Callable

from ..registers import Latched, Register, RegisterBlock
from .nvic import FIRST_IRQ, THREAD_PRIORITY, ExceptionState, SystemException


class SystemControl(RegisterBlock):
    """0xE000E000: everything of the system control space that is neither SysTick, NVIC nor MPU."""

    name = "SCB"
    ACTLR = Register(0x008, writable=0x307)
    CPUID = Register(0xD00, 0x410F_C241, writable=0)
    ICSR = Register(0xD04, writable=0)
    VTOR = Register(0xD08, writable=0x3FFF_FF80)
    AIRCR = Register(0xD0C, 0xFA05_0000, writable=0)
    SCR = Register(0xD10, writable=0x16)
    CCR = Register(0xD14, 0x200, writable=0x31B)
    SHPR = Register.array(0xD18, 3)
    SHCSR = Register(0xD24, writable=0x7_0000)
    CFSR = Latched(0xD28)
    HFSR = Latched(0xD2C)
    DFSR = Latched(0xD30)
    MMFAR = Register(0xD34)
    BFAR = Register(0xD38)
    AFSR = Register(0xD3C, writable=0)
    ID_PFR0 = Register(0xD40, 0x0000_0030, writable=0)
    ID_PFR1 = Register(0xD44, 0x0000_0200, writable=0)
    ID_DFR0 = Register(0xD48, 0x0010_0000, writable=0)
    ID_AFR0 = Register(0xD4C, 0, writable=0)
    ID_MMFR0 = Register(0xD50, 0x0010_0030, writable=0)
    ID_MMFR1 = Register(0xD54, 0, writable=0)
    ID_MMFR2 = Register(0xD58, 0x0100_0000, writable=0)
    ID_MMFR3 = Register(0xD5C, 0, writable=0)
    ID_ISAR0 = Register(0xD60, 0x0114_1110, writable=0)
    ID_ISAR1 = Register(0xD64, 0x0211_2000, writable=0)
    ID_ISAR2 = Register(0xD68, 0x2123_2231, writable=0)
    ID_ISAR3 = Register(0xD6C, 0x0111_1131, writable=0)
    ID_ISAR4 = Register(0xD70, 0x0131_0132, writable=0)
    CPACR = Register(0xD88, writable=0x00F0_0000)
    DHCSR = Register(0xDF0, writable=0)
    DCRSR = Register(0xDF4, writable=0)
    DCRDR = Register(0xDF8)
    DEMCR = Register(0xDFC, writable=0x010F_07F1)
    FPCCR = Register(0xF34, 0xC000_0000, writable=0xC000_017B)
    FPCAR = Register(0xF38, writable=0xFFFF_FFF8)
    FPDSCR = Register(0xF3C, writable=0x07C0_0000)
    MVFR0 = Register(0xF40, 0x1011_0021, writable=0)
    MVFR1 = Register(0xF44, 0x1100_0011, writable=0)
    MVFR2 = Register(0xF48, 0, writable=0)

    sleep_on_exit = SCR.bit(1)
    sev_on_pend = SCR.bit(4)
    non_base_thread = CCR.bit(0)
    user_set_pend = CCR.bit(1)
    unalign_trap = CCR.bit(3)
    divide_trap = CCR.bit(4)
    ignore_bus_faults = CCR.bit(8)
    stack_align = CCR.bit(9)
    fp_access = CPACR.field(21, 20)
    trace_enabled = DEMCR.bit(24)
    monitor_enabled = DEMCR.bit(16)
    disable_write_buffer = ACTLR.bit(1)
    lazy_active = FPCCR.bit(0)
    lazy_enabled = FPCCR.bit(30)
    automatic_fp = FPCCR.bit(31)

    def __init__(self, state: ExceptionState) -> None:
        self.state = state
        self.current_exception: Callable[[], int] = lambda: 0
        self.mask_priority: Callable[[], int] = lambda: THREAD_PRIORITY
        """By BASEPRI and FAULTMASK, which VECTPENDING respects (PRIMASK it does not)."""
        self.on_control: Callable[[], None] = lambda: None
        """CCR or CPACR or FPCCR changed: what blocks must check is different now."""
        self.on_trace: Callable[[], None] = lambda: None
        """DEMCR.TRCENA may have changed: the DWT counts or stands still."""
        self.on_reset: Callable[[], None] = lambda: None
        super().__init__()

    @ICSR.on_read
    def _read_icsr(self) -> int:
        state = self.state
        candidate = state.candidate()
        if candidate is None or state.group(candidate) >= self.mask_priority():
            candidate = 0
        exceptions_active = state.active
        value = self.current_exception()
        value |= (exceptions_active & exceptions_active - 1 == 0) << 11  # RETTOBASE
        value |= candidate << 12
        value |= (state.pending >> FIRST_IRQ != 0) << 22
        value |= (state.pending >> SystemException.SYSTICK & 1) << 26
        value |= (state.pending >> SystemException.PENDSV & 1) << 28
        value |= (state.pending >> SystemException.NMI & 1) << 31
        return value

    @ICSR.on_write
    def _write_icsr(self, value: int) -> None:
        for bit, number, pends in (
            (31, SystemException.NMI, True),
            (28, SystemException.PENDSV, True),
            (27, SystemException.PENDSV, False),
            (26, SystemException.SYSTICK, True),
            (25, SystemException.SYSTICK, False),
        ):
            if value >> bit & 1:
                (self.state.pend if pends else self.state.unpend)(number)

    @AIRCR.on_write
    def _write_aircr(self, value: int) -> None:
        if value >> 16 != 0x05FA:
            return
        self.AIRCR = 0xFA05_0000 | value & 0x700
        self.state.set_group(value >> 8 & 7)
        if value & 2:  # VECTCLRACTIVE
            self.state.active = 0
        if value & 4:
            self.on_reset()

    @SHPR.on_read
    def _read_shpr(self, n: int) -> int:
        priority = self.state.priority
        return sum(max(0, priority[4 + 4 * n + i]) << 8 * i for i in range(4))

    @SHPR.on_write
    def _write_shpr(self, n: int, value: int) -> None:
        for i in range(4):
            number = 4 + 4 * n + i
            if number in (4, 5, 6, 11, 12, 14, 15):
                self.state.set_priority(number, self.SHPR[n] >> 8 * i & 0xFF)

    @SHCSR.on_read
    def _read_shcsr(self) -> int:
        pending, active = self.state.pending, self.state.active
        value = self.SHCSR
        for bit, number in ((0, 4), (1, 5), (3, 6), (7, 11), (8, 12), (10, 14), (11, 15)):
            value |= (active >> number & 1) << bit
        for bit, number in ((12, 6), (13, 4), (14, 5), (15, 11)):
            value |= (pending >> number & 1) << bit
        return value

    @SHCSR.on_write
    def _write_shcsr(self, value: int) -> None:
        state = self.state
        for bit, number in ((16, 4), (17, 5), (18, 6)):
            (state.enable if value >> bit & 1 else state.disable)(1 << number)
        for bit, number in ((12, 6), (13, 4), (14, 5), (15, 11)):
            (state.pend if value >> bit & 1 else state.unpend)(number)
        for bit, number in ((0, 4), (1, 5), (3, 6), (7, 11), (8, 12), (10, 14), (11, 15)):
            mask = 1 << number
            state.active = state.active | mask if value >> bit & 1 else state.active & ~mask
        state.on_change()  # what waited behind an exception that is no longer active may go

    @CCR.on_write
    @CPACR.on_write
    @FPCCR.on_write
    def _control_changed(self, value: int) -> None:
        self.on_control()

    @DEMCR.on_write
    def _trace_changed(self, value: int) -> None:
        self.on_trace()

    def unmapped_read(self, offset: int) -> int:
        """Reserved words and the cache registers of larger cores read as zero."""
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Ignored."""
