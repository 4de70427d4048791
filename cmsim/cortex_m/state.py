"""Reading and writing the registers that Unicorn holds, many at a time (a call costs more than a register)."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Sequence

from unicorn import Uc
from unicorn import arm_const as arm
from unicorn.unicorn_py3.unicorn import uclib

CORE = (
    arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2, arm.UC_ARM_REG_R3, arm.UC_ARM_REG_R4, arm.UC_ARM_REG_R5,
    arm.UC_ARM_REG_R6, arm.UC_ARM_REG_R7, arm.UC_ARM_REG_R8, arm.UC_ARM_REG_R9, arm.UC_ARM_REG_R10,
    arm.UC_ARM_REG_R11, arm.UC_ARM_REG_R12, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC,
)  # fmt: skip
CPSR, IPSR, CONTROL = arm.UC_ARM_REG_CPSR, arm.UC_ARM_REG_IPSR, arm.UC_ARM_REG_CONTROL
PRIMASK, FAULTMASK, BASEPRI = arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_FAULTMASK, arm.UC_ARM_REG_BASEPRI
MSP, PSP, FPSCR = arm.UC_ARM_REG_MSP, arm.UC_ARM_REG_PSP, arm.UC_ARM_REG_FPSCR
SP, LR, PC = CORE[13], CORE[14], CORE[15]
S = tuple(arm.UC_ARM_REG_S0 + n for n in range(32))

IT_BITS = 0x0600_FC00
"""IT/ICI state, at the same place in Unicorn's CPSR and in xPSR."""
FLAGS = 0xF80F_0000
"""N Z C V Q and GE."""
CPSR_THUMB = 1 << 5
XPSR_THUMB = 1 << 24
NPRIV, SPSEL, FPCA = 1, 2, 4


class Group:
    """A fixed set of registers, read or written in one call."""

    def __init__(self, uc: Uc, registers: Sequence[int]) -> None:
        count = len(registers)
        self._handle = uc._uch
        self._ids = (ct.c_int * count)(*registers)
        self._values = (ct.c_uint32 * count)()
        base = ct.addressof(self._values)
        self._pointers = (ct.c_void_p * count)(*(base + 4 * i for i in range(count)))
        self._count = count

    def read(self) -> list[int]:
        """The values, in the order of the registers."""
        uclib.uc_reg_read_batch(self._handle, self._ids, self._pointers, self._count)
        return list(self._values)

    def write(self, *values: int) -> None:
        """Store the values, in the order of the registers."""
        self._values[:] = list(values)
        uclib.uc_reg_write_batch(self._handle, self._ids, self._pointers, self._count)


class Registers:
    """Single registers by Unicorn's number, and the groups that exception entry and return need."""

    def __init__(self, uc: Uc) -> None:
        self._handle = uc._uch
        self._cell = ct.c_uint32()
        self._at = ct.byref(self._cell)
        self.core = Group(uc, CORE)
        self.caller_saved = Group(uc, (*CORE[0:4], CORE[12], LR))
        self.masks = Group(uc, (PRIMASK, FAULTMASK, BASEPRI))
        self.mode = Group(uc, (CPSR, IPSR, CONTROL, SP))
        self.fp_frame = Group(uc, (*S[0:16], FPSCR))

    def read(self, register: int) -> int:
        """One register."""
        uclib.uc_reg_read(self._handle, register, self._at)
        return self._cell.value

    def write(self, register: int, value: int) -> None:
        """Set one register."""
        self._cell.value = value
        uclib.uc_reg_write(self._handle, register, self._at)

    def set_mode(self, exception: int, control: int) -> None:
        """IPSR and CONTROL at once, whatever the mode now: 0 and CONTROL for Thread mode, n for Handler mode.

        Unicorn drops some of these writes in some modes: SPSEL changes only in privileged Thread mode, and the
        translation flags follow only a write of CPSR.
        """
        ipsr, now = self.read(IPSR), self.read(CONTROL)
        if (now ^ control) & SPSEL or exception == 0:
            if ipsr == 0 and now & NPRIV:
                self.write(IPSR, 1)  # Handler mode is privileged
                ipsr = 1
            if ipsr:
                self.write(CONTROL, now & ~NPRIV)
                self.write(IPSR, 0)
                self._sync()
            self.write(CONTROL, control)
            if exception and control & NPRIV:
                self.write(IPSR, exception)
                self._sync()
                return
        if exception:
            self.write(IPSR, exception)
            self._sync()
            self.write(CONTROL, control)
        self._sync()

    def _sync(self) -> None:
        """Make Unicorn look at the mode again."""
        self.write(CPSR, self.read(CPSR))
