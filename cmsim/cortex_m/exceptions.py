"""Exception entry, return, tail-chaining, late arrival and faults (Arm DDI 0403E, B1.5).

Not modelled: a fault inside an IT block lets the rest of that IT block (at most three instructions) execute first;
the bus faults of vector and stack accesses on the debugger's behalf.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import pack_into, unpack_from

from ..soc import Soc
from ..timing import TimingModel
from . import state as st
from .account import Owed
from .bus import Bus, Denied
from .hot import Clock
from .mpu import READ, WRITE
from .nvic import ExceptionState, SystemException, bits
from .scb import SystemControl

LATE_ARRIVAL = 6
"""Cycles before the end of an entry up to which a more urgent exception still takes over the frame [KA 103489845]."""

BRANCH_TO_ITSELF = 0xE7FE
"""The encoding of `b .`."""

# CFSR bits
IACCVIOL, DACCVIOL, MUNSTKERR, MSTKERR, MLSPERR, MMARVALID = (1 << n for n in (0, 1, 3, 4, 5, 7))
IBUSERR, PRECISERR, IMPRECISERR, UNSTKERR, STKERR, LSPERR, BFARVALID = (1 << n for n in (8, 9, 10, 11, 12, 13, 15))
UNDEFINSTR, INVSTATE, INVPC, NOCP, UNALIGNED, DIVBYZERO = (1 << n for n in (16, 17, 18, 19, 24, 25))
CFSR_NAMES = {
    IACCVIOL: "IACCVIOL", DACCVIOL: "DACCVIOL", MUNSTKERR: "MUNSTKERR", MSTKERR: "MSTKERR", MLSPERR: "MLSPERR",
    IBUSERR: "IBUSERR", PRECISERR: "PRECISERR", IMPRECISERR: "IMPRECISERR", UNSTKERR: "UNSTKERR", STKERR: "STKERR",
    LSPERR: "LSPERR", UNDEFINSTR: "UNDEFINSTR", INVSTATE: "INVSTATE", INVPC: "INVPC", NOCP: "NOCP",
    UNALIGNED: "UNALIGNED", DIVBYZERO: "DIVBYZERO",
}  # fmt: skip
HFSR_VECTTBL, HFSR_FORCED, HFSR_DEBUGEVT = 1 << 1, 1 << 30, 1 << 31

FAULT_OF = (
    (0xFF, SystemException.MEM_MANAGE),
    (0xFF00, SystemException.BUS_FAULT),
    (0xFFFF_0000, SystemException.USAGE_FAULT),
)


@dataclass(frozen=True)
class Fault:
    """One fault as it happened, for the record."""

    exception: str
    cause: str
    pc: int
    address: int | None
    cycle: int


class Lockup(Exception):  # noqa: N818 - an architectural state, not an error of the program
    """The processor locked up: a fault at HardFault priority or above."""


class ExceptionUnit:
    """Moves registers and frames as exceptions come and go."""

    def __init__(
        self, soc: Soc, registers: st.Registers, states: ExceptionState, scb: SystemControl, bus: Bus,
        clock: Clock, timing: TimingModel,
    ) -> None:  # fmt: skip
        self.soc, self.registers, self.states, self.scb, self.bus = soc, registers, states, scb, bus
        self.clock, self.timing = clock, timing
        self.faults: list[Fault] = []
        self.exception_cycles = 0
        self.event_register = False
        self.sleep_on_exit = False
        self.pc = 0
        """Where execution goes on."""
        self.thumb = True
        self.interrupted_pc = 0
        """Where the exception that began last will return to."""
        self.on_frame: Callable[[int], None] = lambda frame: None
        """Told where each exception frame was put."""
        self.on_stacked: Callable[[int, int, bool], None] | None = None
        """Told of each word that is stacked or unstacked, as (address, 4, whether it was stored)."""
        self.on_leave: Callable[[int], None] = lambda value: None
        """Told of each branch to an EXC_RETURN value, before anything is unstacked."""
        self.on_switch: list[Callable[[str, int, int], None]] = []
        """Told of what runs now: ("enter", SP that was interrupted, cycle at which stacking began), ("chain", 0, cycle
        before it), ("return", SP behind it, cycle)."""
        self.owed: Owed | None = None
        """By what the exception interrupts that is taken next."""
        self._suspended: dict[int, Owed] = {}
        """The same for exceptions that have not returned, by their frames."""
        self.on_resume: list[Callable[[Owed], None]] = []
        """Told of what was owed, and is charged now."""
        self.on_mode_change: Callable[[], None] = lambda: None
        """Handler mode or the FP context changed: cached traps must follow."""
        self.on_fault: Callable[[Fault], None] = lambda fault: None
        """A fault was noted; its handler has not begun."""

    def reset(self) -> None:
        """No exception that had begun returns."""
        self.event_register = False
        self.owed = None
        self._suspended.clear()

    # --- what the mode is ---------------------------------------------------------------------------------

    @property
    def current(self) -> int:
        """IPSR: the exception being handled, 0 in Thread mode."""
        return self.registers.read(st.IPSR) & 0x1FF

    @property
    def privileged(self) -> bool:
        """Handler mode, or Thread mode with CONTROL.nPRIV clear."""
        return self.current != 0 or not self.registers.read(st.CONTROL) & st.NPRIV

    def execution_priority(self) -> int:
        """What a new exception must beat now."""
        return self.states.execution_priority(*self.registers.masks.read())

    def wakes(self, ignore_primask: bool) -> bool:
        """Whether an exception is pending that ends sleep: it would be taken (WFE), or were PRIMASK clear (WFI)."""
        if not self.states.pending & self.states.enabled:
            return False
        primask, faultmask, basepri = self.registers.masks.read()
        priority = self.states.execution_priority(0 if ignore_primask else primask, faultmask, basepri)
        return self.states.next(priority) is not None

    def _charge(self, cycles: int) -> None:
        self.clock.cycles += cycles
        self.exception_cycles += cycles

    def _switched(self, what: str, sp: int, began: int) -> None:
        for listener in self.on_switch:
            listener(what, sp, began)

    # --- entry --------------------------------------------------------------------------------------------

    @property
    def preempted(self) -> bool:
        """Whether an exception is pending that is taken now."""
        return self._next() is not None

    def _next(self) -> int | None:
        states = self.states
        if not states.pending & states.enabled:
            return None
        return states.next(self.execution_priority())

    def take_pending(self) -> bool:
        """Enter the most urgent pending exception if it may preempt."""
        if self.states.enabled & self.states.looked_at:
            self.states.look()
        number = self._next()
        if number is None:
            return False
        self._enter(number)
        return True

    def _enter(self, number: int) -> None:
        registers, scb = self.registers, self.scb
        began, self.interrupted_pc = self.clock.cycles, self.pc
        cpsr, ipsr, control, sp = registers.mode.read()
        ipsr &= 0x1FF
        privileged = ipsr != 0 or not control & st.NPRIV
        fp = bool(control & st.FPCA and scb.automatic_fp)
        align = 4 if fp or scb.stack_align else 0
        frame = sp - (0x68 if fp else 0x20) & ~align & 0xFFFF_FFFF
        xpsr = cpsr & (st.FLAGS | st.IT_BITS) | ipsr | (1 << 9 if sp & align else 0)
        xpsr |= st.XPSR_THUMB if self.thumb else 0
        r0, r1, r2, r3, r12, lr = registers.caller_saved.read()
        lazily = fp and scb.lazy_enabled
        stacked = self._push(frame, (r0, r1, r2, r3, r12, lr, self.pc, xpsr), fp and not lazily, privileged)
        self._charge(self.timing.exception_entry_fp if fp and not lazily else self.timing.exception_entry)
        if fp and lazily:
            scb.FPCAR = frame + 0x20
            scb.FPCCR = scb.FPCCR & 0xC000_0000 | 1 | (not privileged) << 1 | (ipsr == 0) << 3 | self._ready_bits()
        registers.write(st.SP, frame)
        self._suspend(frame)
        self.on_frame(frame)
        exc_return = 0xFFFF_FFE1 | (not fp) << 4
        if ipsr == 0:
            exc_return |= 8 | (4 if control & st.SPSEL else 0)
        if stacked is not None:
            number = self._derived(stacked, number)
        self.soc.scheduler.advance(self.clock.cycles - LATE_ARRIVAL)
        late = self.states.next(min(self.states.group(number), self.execution_priority()))
        self._vector(number if late is None else late, exc_return, control, cpsr)
        self._switched("enter", sp, began)

    def _suspend(self, frame: int) -> None:
        owed, self.owed = self.owed, None
        if owed is not None:
            self._suspended[frame] = owed
        elif self._suspended:
            self._suspended.pop(frame, None)  # of an exception that never returned

    def _resume(self, frame: int) -> None:
        owed = self._suspended.pop(frame, None)
        if owed is not None and owed.pc == self.pc:
            self.clock.cycles += owed.cycles
            for listener in self.on_resume:
                listener(owed)

    def _ready_bits(self) -> int:
        """FPCCR.HFRDY, BFRDY, MMRDY, MONRDY: which faults could be taken when the state is saved later."""
        priority = self.execution_priority()
        ready = 0
        enabled = self.states.enabled
        if not self.scb.monitor_enabled:
            enabled &= ~(1 << SystemException.DEBUG_MONITOR)
        for bit, number in ((4, 3), (5, 4), (6, 5), (8, 12)):
            if enabled >> number & 1 and self.states.group(number) < priority:
                ready |= 1 << bit
        return ready

    def _push(self, frame: int, words: tuple[int, ...], with_fp: bool, privileged: bool) -> Denied | None:
        """Store the frame; the reason if it may not be stored."""
        ignore_mpu = self.execution_priority() < 0
        denied = self.bus.check_range(frame, 0x68 if with_fp else 0x20, WRITE, privileged, ignore_mpu)
        memory = self.bus.memory(frame, 0x68 if with_fp else 0x20)
        if denied is not None or memory is None:
            return denied or Denied.UNMAPPED
        data, offset = memory
        pack_into("<8I", data, offset, *words)
        if with_fp:
            pack_into("<17I", data, offset + 0x20, *self.registers.fp_frame.read())
        self._stacked(frame, 25 if with_fp else 8, True)
        return None

    def _stacked(self, address: int, words: int, store: bool) -> None:
        if self.on_stacked is not None:
            for n in range(words):
                self.on_stacked(address + 4 * n, 4, store)

    def _derived(self, why: Denied, number: int) -> int:
        """Stacking failed: a fault of its own, which is taken first if it is more urgent."""
        cause = MSTKERR if why is Denied.MPU else STKERR
        fault = self._note(cause, self.pc, None)
        self.states.pend(fault)
        return fault if self.states.group(fault) <= self.states.group(number) else number

    def _vector(self, number: int, exc_return: int, control: int, cpsr: int) -> None:
        """Fetch the vector and start the handler; the frame is on the stack."""
        registers, states = self.registers, self.states
        states.activate(number)
        registers.set_mode(number, control & st.NPRIV)
        registers.write(st.LR, exc_return)
        vector = self._read_vector(number)
        self.pc, self.thumb = vector & ~1, bool(vector & 1)
        registers.write(st.CPSR, cpsr & ~st.IT_BITS & ~st.CPSR_THUMB | (st.CPSR_THUMB if self.thumb else 0))
        self.clock.fall_through = self.pc
        self.event_register = True
        self.on_mode_change()

    def _read_vector(self, number: int) -> int:
        memory = self.bus.memory(self.scb.VTOR + 4 * number, 4)
        if memory is not None:
            value: int = unpack_from("<I", *memory)[0]
            return value
        self.scb.HFSR |= HFSR_VECTTBL
        if number == SystemException.HARD_FAULT:
            raise Lockup(f"the vector table at 0x{self.scb.VTOR:08x} (VTOR) is not in memory")
        self._log(SystemException.HARD_FAULT, "VECTTBL", self.pc, self.scb.VTOR + 4 * number)
        self.states.active &= ~(1 << number)  # it was not taken
        self.states.pend(number)
        self.states.activate(SystemException.HARD_FAULT)
        self.registers.set_mode(SystemException.HARD_FAULT, 0)
        return self._read_vector(SystemException.HARD_FAULT)

    # --- return -------------------------------------------------------------------------------------------

    def exception_return(self, value: int) -> None:
        """A branch to EXC_RETURN `value` in Handler mode."""
        self.on_leave(value)
        registers, states = self.registers, self.states
        number = self.current
        control = registers.read(st.CONTROL)
        self.soc.scheduler.advance(self.clock.cycles)  # what is due by now is tail-chained
        nested = states.active.bit_count()
        target = value & 0xF
        to_thread = target in (9, 13)
        wrong = (
            value | 0x10 | 0xF != 0xFFFF_FFFF
            or target not in (1, 9, 13)
            or not states.active >> number & 1
            or (target == 1 and nested == 1)
            or (to_thread and nested != 1 and not self.scb.non_base_thread)
        )
        if number != SystemException.NMI:
            primask, faultmask, basepri = registers.masks.read()
            if faultmask:
                registers.masks.write(primask, 0, basepri)
        states.deactivate(number)
        if wrong:
            self._invalid_return(value, control)
            return
        following = states.next(self.execution_priority())
        if following is not None:
            self._charge(self.timing.tail_chain)
            self._vector(following, value, control, registers.read(st.CPSR))
            self._switched("chain", 0, self.clock.cycles - self.timing.tail_chain)
            return
        self._pop(value, to_thread, target == 13, control)

    def _invalid_return(self, value: int, control: int) -> None:
        """INVPC: the fault is taken on the same frame."""
        fault = self._note(INVPC, self.pc, None)
        self._charge(self.timing.tail_chain)
        self._vector(fault, value | 0xF000_0000, control, self.registers.read(st.CPSR))
        self._switched("chain", 0, self.clock.cycles - self.timing.tail_chain)

    def _pop(self, value: int, to_thread: bool, process_stack: bool, control: int) -> None:
        registers = self.registers
        frame = registers.read(st.PSP if process_stack else st.MSP) & ~3
        fp = not value & 0x10
        privileged = not to_thread or not control & st.NPRIV
        size = 0x68 if fp else 0x20
        denied = self.bus.check_range(frame, size, READ, privileged, self.execution_priority() < 0)
        memory = self.bus.memory(frame, size)
        if denied is not None or memory is None:
            fault = self._note(MUNSTKERR if denied is Denied.MPU else UNSTKERR, self.pc, None)
            self._charge(self.timing.tail_chain)
            self._vector(fault, value, control, registers.read(st.CPSR))
            self._switched("chain", 0, self.clock.cycles - self.timing.tail_chain)
            return
        data, offset = memory
        r0, r1, r2, r3, r12, lr, pc, xpsr = unpack_from("<8I", data, offset)
        exception = xpsr & 0x1FF
        if to_thread != (exception == 0):
            self._invalid_return(value, control)
            return
        restored = False
        if fp:
            if self.scb.lazy_active:
                self.scb.lazy_active = False
            else:
                registers.fp_frame.write(*unpack_from("<17I", data, offset + 0x20))
                restored = True
        sp = frame + size | (4 if xpsr >> 9 & 1 and (fp or self.scb.stack_align) else 0)
        new_control = control & st.NPRIV | (st.SPSEL if process_stack else 0) | (st.FPCA if fp else 0)
        registers.set_mode(exception, new_control)
        registers.caller_saved.write(r0, r1, r2, r3, r12, lr)
        registers.write(st.SP, sp)
        self.pc, self.thumb = pc & ~1, bool(xpsr & st.XPSR_THUMB)
        flags = xpsr & (st.FLAGS | st.IT_BITS) | (st.CPSR_THUMB if self.thumb else 0)
        registers.write(st.CPSR, registers.read(st.CPSR) & ~(st.FLAGS | st.IT_BITS | st.CPSR_THUMB) | flags)
        self._stacked(frame, 25 if restored else 8, False)
        self._charge(self.timing.exception_return_fp if restored else self.timing.exception_return)
        self.clock.fall_through = self.pc
        self.event_register = True
        self.on_mode_change()
        self.sleep_on_exit = to_thread and bool(self.scb.sleep_on_exit)
        self._switched("return", sp, self.clock.cycles)
        if self._suspended:
            self._resume(frame)

    # --- faults -------------------------------------------------------------------------------------------

    def fault(self, cause: int, pc: int, address: int | None = None) -> None:
        """A synchronous fault of the instruction at `pc`: it is pended and becomes the next exception."""
        self.pc = pc
        self.states.pend(self._note(cause, pc, address))

    def hard_fault(self, status: int, pc: int) -> None:
        """A HardFault that is no escalation (BKPT without a debugger)."""
        self.pc = pc
        self.scb.HFSR |= status
        self._log(SystemException.HARD_FAULT, "DEBUGEVT", pc, None)
        if self.execution_priority() <= -1:
            raise Lockup(f"BKPT at 0x{pc:08x} while handling a HardFault or NMI")
        self.states.pend(SystemException.HARD_FAULT)

    def supervisor_call(self) -> None:
        """SVC: pends SVCall, or a HardFault where it cannot be taken at once."""
        if self.states.group(SystemException.SVCALL) < self.execution_priority():
            self.states.pend(SystemException.SVCALL)
            return
        self.scb.HFSR |= HFSR_FORCED
        self._log(SystemException.HARD_FAULT, "SVC at too high a priority", self.pc - 2, None)
        if self.execution_priority() <= -1:
            raise Lockup(f"SVC at 0x{self.pc - 2:08x} while handling a HardFault or NMI")
        self.states.pend(SystemException.HARD_FAULT)

    def _note(self, cause: int, pc: int, address: int | None) -> int:
        """Set the status registers and return the exception that handles the cause: its own, or HardFault."""
        scb = self.scb
        number = next(n for mask, n in FAULT_OF if cause & mask)
        if address is not None:
            if number == SystemException.MEM_MANAGE:
                scb.MMFAR, cause = address, cause | MMARVALID
            elif number == SystemException.BUS_FAULT and not cause & IMPRECISERR:
                scb.BFAR, cause = address, cause | BFARVALID
        scb.CFSR |= cause
        names = " ".join(CFSR_NAMES[1 << n] for n in bits(cause) if 1 << n in CFSR_NAMES)
        priority = self.execution_priority()
        if self.states.enabled >> number & 1 and self.states.group(number) < priority:
            self._log(number, names, pc, address)
            return number
        self._log(SystemException.HARD_FAULT, names, pc, address)
        if priority <= -1:
            raise Lockup(f"{names} at pc 0x{pc:08x} while handling a HardFault or NMI")
        scb.HFSR |= HFSR_FORCED
        return SystemException.HARD_FAULT

    def _log(self, number: int, cause: str, pc: int, address: int | None) -> None:
        self.faults.append(Fault(_title(number), cause, pc, address, self.clock.cycles))
        self.on_fault(self.faults[-1])

    def handler_spins(self, fault: Fault) -> bool:
        """Whether the handler of `fault` is only a branch to itself, as start-up code has for want of a real one."""
        number = next(n for n in SystemException if _title(n) == fault.exception)
        vector = self.bus.memory(self.scb.VTOR + 4 * number, 4)
        handler = None if vector is None else self.bus.memory(unpack_from("<I", *vector)[0] & ~1, 2)
        return handler is not None and unpack_from("<H", *handler)[0] == BRANCH_TO_ITSELF

    # --- floating point -------------------------------------------------------------------------------------

    def save_lazily(self) -> None:
        """FPCCR.LSPACT: store S0-S15 and FPSCR where exception entry left room for them."""
        scb = self.scb
        address = scb.FPCAR
        denied = self.bus.check_range(address, 17 * 4, WRITE, not scb.FPCCR & 2)  # USER
        memory = self.bus.memory(address, 17 * 4)
        scb.lazy_active = False
        if memory is None or denied is not None:
            self.states.pend(self._note(MLSPERR if denied is Denied.MPU else LSPERR, self.pc, None))
            return
        data, offset = memory
        pack_into("<17I", data, offset, *self.registers.fp_frame.read())
        self._stacked(address, 17, True)
        self._charge(17)


def _title(number: int) -> str:
    """The exception's name as the architecture manual writes it: HardFault."""
    return "".join(part.capitalize() for part in SystemException(number).name.split("_"))
