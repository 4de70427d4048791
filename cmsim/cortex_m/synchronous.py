"""What instructions raise by themselves, as Unicorn tells: SVC, BKPT, a branch to EXC_RETURN, an FPU that is off.

Follows Arm DDI 0403E, B1.5 and C1.6.1; semihosting by its own specification.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import CmsimError
from . import state as st
from .bus import Bus
from .exceptions import HFSR_DEBUGEVT, INVSTATE, NOCP, ExceptionUnit
from .nvic import ExceptionState, SystemException
from .scb import SystemControl
from .semihosting import Semihosting

EXCP_SWI, EXCP_BKPT, EXCP_EXCEPTION_EXIT, EXCP_NOCP, EXCP_INVSTATE = 2, 7, 8, 17, 18
"""QEMU's numbers."""
BKPT_SEMIHOSTING = 0xBEAB
DFSR_BKPT = 2


class Synchronous:
    """Takes each to whoever deals with it."""

    def __init__(
        self, exceptions: ExceptionUnit, states: ExceptionState, scb: SystemControl, bus: Bus, semihosting: Semihosting,
        exit_program: Callable[[], None],
    ) -> None:  # fmt: skip
        self.exceptions, self.states, self.scb, self.bus = exceptions, states, scb, bus
        self.semihosting, self.exit_program = semihosting, exit_program

    def take(self, number: int) -> None:
        """Unicorn's interrupt `number`, PC and CPSR being as it left them."""
        exceptions = self.exceptions
        if number == EXCP_EXCEPTION_EXIT:
            value = exceptions.pc | exceptions.registers.read(st.CPSR) >> 5 & 1
            exceptions.exception_return(value)
        elif number == EXCP_SWI:
            exceptions.supervisor_call()
        elif number == EXCP_BKPT:
            self._breakpoint()
        elif number == EXCP_NOCP:
            exceptions.fault(NOCP, exceptions.pc)
        elif number == EXCP_INVSTATE:
            exceptions.fault(INVSTATE, exceptions.pc)
        else:
            raise CmsimError(f"unicorn raised interrupt {number} at 0x{exceptions.pc:08x}; please report this")

    def _breakpoint(self) -> None:
        exceptions, pc = self.exceptions, self.exceptions.pc
        code = self.bus.memory(pc, 2)
        if code is not None and int.from_bytes(code[0][code[1] : code[1] + 2], "little") == BKPT_SEMIHOSTING:
            r0, r1 = exceptions.registers.core.read()[:2]
            exceptions.registers.write(st.CORE[0], self.semihosting.call(r0, r1))
            exceptions.pc = pc + 2
            if self.semihosting.exit_status is not None:
                self.exit_program()
            return
        self.scb.DFSR |= DFSR_BKPT
        monitor = SystemException.DEBUG_MONITOR
        if self.scb.monitor_enabled and self.states.group(monitor) < exceptions.execution_priority():
            self.states.pend(monitor)
        else:
            exceptions.hard_fault(HFSR_DEBUGEVT, pc)
