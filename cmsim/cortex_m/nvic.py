"""Exception priorities and states: what is pending, what is active, what may preempt (Arm DDI 0403E, B1.5 and B3.4).

Pure state, no CPU: `ExceptionState` decides, `exceptions.py` moves registers.

Not modelled: the two cycles between an interrupt line's edge and its pending bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum

from ..kernel import Line
from ..registers import Register, RegisterBlock


class SystemException(IntEnum):
    """System exceptions by number; external interrupt n is 16 + n."""

    RESET = 1
    NMI = 2
    HARD_FAULT = 3
    MEM_MANAGE = 4
    BUS_FAULT = 5
    USAGE_FAULT = 6
    SVCALL = 11
    DEBUG_MONITOR = 12
    PENDSV = 14
    SYSTICK = 15


FIRST_IRQ = 16
THREAD_PRIORITY = 256
"""Lower than any exception."""


def exception_name(number: int) -> str:
    """"interrupt 6", or "exception SysTick" as the architecture manual writes it."""
    if number >= FIRST_IRQ:
        return f"interrupt {number - FIRST_IRQ}"
    known = {member.value: member.name for member in SystemException}.get(number, str(number))
    written = {"SVCALL": "SVCall", "PENDSV": "PendSV", "SYSTICK": "SysTick"}
    return f"exception {written.get(known) or ''.join(part.capitalize() for part in known.split('_'))}"


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class ExceptionState:
    """Pending, active, enabled and priority of every exception."""

    def __init__(self, interrupts: int, priority_bits: int) -> None:
        self.interrupts, self.priority_bits = interrupts, priority_bits
        self.priority_mask = 0xFF << (8 - priority_bits) & 0xFF
        self.on_change: Callable[[], None] = lambda: None
        """Called when an exception became pending or its chances to be taken improved."""
        self.on_pend: Callable[[int], None] = lambda number: None
        """Called when an exception goes from idle to pending (SEVONPEND wakes by it)."""
        self.lines: dict[int, Line] = {}
        self.lookers: dict[int, Callable[[], None]] = {}
        """Bring the line of an exception up to date, where nobody tells it by itself (the FPU's)."""
        self.looked_at = 0
        """Those exceptions."""
        self.reset()

    def reset(self) -> None:
        """As after a system reset; lines that are high pend again when they are looked at."""
        count = FIRST_IRQ + self.interrupts
        self.pending = self.active = 0
        self.enabled = 1 << SystemException.NMI | 1 << SystemException.HARD_FAULT | 1 << SystemException.SVCALL
        self.enabled |= 1 << SystemException.PENDSV | 1 << SystemException.SYSTICK | 1 << SystemException.DEBUG_MONITOR
        self.priority = [0] * count
        self.priority[SystemException.RESET] = -3
        self.priority[SystemException.NMI] = -2
        self.priority[SystemException.HARD_FAULT] = -1
        self.group_mask = 0xFF
        for number, line in self.lines.items():
            if line.level:
                self.pending |= 1 << number

    def connect(self, irq: int, line: Line) -> None:
        """External interrupt `irq` follows `line`: each rise pends it, even while it is active; a level that is still
        high when it returns pends it again."""
        if irq >= self.interrupts:
            raise ValueError(f"{line.name}: interrupt {irq} does not exist on a chip with {self.interrupts}")
        self.follow(FIRST_IRQ + irq, line)

    def follow(self, number: int, line: Line) -> None:
        """The same for any exception, such as NMI."""
        self.lines[number] = line

        def rise(level: bool) -> None:
            if level:
                self.pend(number)

        line.listen(rise)

    def look_by(self, irq: int, look: Callable[[], None]) -> None:
        """The line of external interrupt `irq` is up to date behind `look()` only."""
        self.lookers[FIRST_IRQ + irq] = look
        self.looked_at |= 1 << FIRST_IRQ + irq

    # --- changes -----------------------------------------------------------------------------------------

    def pend(self, number: int) -> None:
        """Make an exception pending."""
        if not self.pending >> number & 1:
            self.pending |= 1 << number
            self.on_pend(number)
            if self.enabled >> number & 1:
                self.on_change()

    def unpend(self, number: int) -> None:
        """Forget that it is pending, unless its line still asks for it (DUI 0553, 4.2.5)."""
        line = self.lines.get(number)
        if line is None or not line.level or self.active >> number & 1:
            self.pending &= ~(1 << number)

    def enable(self, mask: int) -> None:
        """Enable the exceptions whose bits are set."""
        self.enabled |= mask
        if self.pending & mask:
            self.on_change()

    def disable(self, mask: int) -> None:
        """Disable the exceptions whose bits are set; they may still be pending."""
        self.enabled &= ~mask

    def set_priority(self, number: int, value: int) -> None:
        """Store a priority byte; only the implemented high bits stay."""
        self.priority[number] = value & self.priority_mask
        self.on_change()

    def set_group(self, prigroup: int) -> None:
        """AIRCR.PRIGROUP: how many low bits are subpriority."""
        self.group_mask = 0xFF << (prigroup + 1) & 0xFF
        self.on_change()

    def activate(self, number: int) -> None:
        """The exception was taken."""
        self.pending &= ~(1 << number)
        self.active |= 1 << number

    def deactivate(self, number: int) -> None:
        """The exception returned; a level that is still asserted pends it again."""
        self.active &= ~(1 << number)
        if number in self.lookers:
            self.lookers[number]()
        line = self.lines.get(number)
        if line is not None and line.level:
            self.pend(number)

    def look(self) -> None:
        """Every line is up to date behind this."""
        for look in self.lookers.values():
            look()

    # --- decisions ---------------------------------------------------------------------------------------

    def group(self, number: int) -> int:
        """The group priority by which exceptions preempt; negative for the fixed ones."""
        priority = self.priority[number]
        return priority if priority < 0 else priority & self.group_mask

    @property
    def active_priority(self) -> int:
        """The group priority of the most urgent active exception."""
        return min((self.group(n) for n in bits(self.active)), default=THREAD_PRIORITY)

    def execution_priority(self, primask: int, faultmask: int, basepri: int) -> int:
        """What an exception must beat to be taken (DDI 0403E, ExecutionPriority())."""
        return min(self.active_priority, self.mask_priority(primask, faultmask, basepri))

    def mask_priority(self, primask: int, faultmask: int, basepri: int) -> int:
        """What the mask registers alone demand."""
        basepri &= self.priority_mask
        priority = basepri & self.group_mask if basepri else THREAD_PRIORITY
        if primask:
            priority = min(priority, 0)
        if faultmask:
            priority = -1
        return priority

    def candidate(self) -> int | None:
        """The pending, enabled exception that comes first: best priority, then lowest number."""
        waiting = self.pending & self.enabled
        if not waiting:
            return None
        if not waiting & waiting - 1:
            return waiting.bit_length() - 1
        return min(bits(waiting), key=lambda n: (self.priority[n], n))

    def next(self, execution_priority: int) -> int | None:
        """The exception to take now, if any may."""
        number = self.candidate()
        if number is None or self.group(number) >= execution_priority:
            return None
        return number


class NvicRegisters(RegisterBlock):
    """ISER, ICER, ISPR, ICPR, IABR, IPR, STIR, ICTR at 0xE000E000 (DDI 0403E, B3.4)."""

    name = "NVIC"
    ICTR = Register(0x004, writable=0)
    ISER = Register.array(0x100, 8)
    ICER = Register.array(0x180, 8)
    ISPR = Register.array(0x200, 8)
    ICPR = Register.array(0x280, 8)
    IABR = Register.array(0x300, 8, writable=0)
    IPR = Register.array(0x400, 60)
    STIR = Register(0xF00)

    def __init__(self, state: ExceptionState) -> None:
        self.state = state
        self._implemented = (1 << state.interrupts) - 1
        super().__init__()

    def _word(self, mask: int, n: int) -> int:
        return (mask >> FIRST_IRQ & self._implemented) >> 32 * n & 0xFFFF_FFFF

    def _mask(self, n: int, value: int) -> int:
        return (value << 32 * n & self._implemented) << FIRST_IRQ

    @ICTR.on_read
    def _lines(self) -> int:
        return (self.state.interrupts + 31) // 32 - 1

    @ISER.on_read
    @ICER.on_read
    def _enabled(self, n: int) -> int:
        return self._word(self.state.enabled, n)

    @ISER.on_write
    def _enable(self, n: int, value: int) -> None:
        self.state.enable(self._mask(n, value))

    @ICER.on_write
    def _disable(self, n: int, value: int) -> None:
        self.state.disable(self._mask(n, value))

    @ISPR.on_read
    @ICPR.on_read
    def _pending(self, n: int) -> int:
        self.state.look()
        return self._word(self.state.pending, n)

    @ISPR.on_write
    def _pend(self, n: int, value: int) -> None:
        for number in bits(self._mask(n, value)):
            self.state.pend(number)

    @ICPR.on_write
    def _unpend(self, n: int, value: int) -> None:
        self.state.look()
        for number in bits(self._mask(n, value)):
            self.state.unpend(number)

    @IABR.on_read
    def _active(self, n: int) -> int:
        return self._word(self.state.active, n)

    @IPR.on_read
    def _priorities(self, n: int) -> int:
        first = FIRST_IRQ + 4 * n
        return sum(p << 8 * i for i, p in enumerate(self.state.priority[first : first + 4]))

    @IPR.on_write
    def _set_priorities(self, n: int, value: int) -> None:
        first = FIRST_IRQ + 4 * n
        word = self.IPR[n]  # a byte access leaves the other three as they were
        for i in range(min(4, max(0, len(self.state.priority) - first))):
            self.state.set_priority(first + i, word >> 8 * i & 0xFF)

    @STIR.on_write
    def _trigger(self, value: int) -> None:
        number = FIRST_IRQ + (value & 0x1FF)
        if number < len(self.state.priority):
            self.state.pend(number)

    def unmapped_read(self, offset: int) -> int:
        """Words of interrupts that no Cortex-M4 has read as zero."""
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Ignored."""
