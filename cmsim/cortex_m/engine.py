"""Unicorn, as far as the rest of the processor sees it: memory, hooks, and running from one stop to the next.

Not modelled: MRS of BASEPRI, MSP and PSP returns the written low bits that silicon drops; VCVT from 32-bit fixed point
rounds as FPSCR says, not to nearest.
"""

from __future__ import annotations

import ctypes as ct
from typing import Any

from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError
from unicorn import unicorn_const as uc_const
from unicorn.arm_const import UC_CPU_ARM_CORTEX_M4
from unicorn.unicorn_py3.unicorn import uclib

from . import _hot
from . import state as st
from .hot import Clock, Stop

UNTIL_PAGE = 0xEFFF_F000
UNTIL = UNTIL_PAGE + 0x800
"""An address that firmware never reaches: Unicorn insists on one to stop at, and fetches around it."""
CLREX = bytes((0xBF, 0xF3, 0x2F, 0x8F))


class Engine:
    """A Cortex-M4 of Unicorn with our clock. Python must keep alive what native code is given addresses of."""

    def __init__(self, clock: Clock, *, plain: bool) -> None:
        """`plain`: of the timing model."""
        self.clock = clock
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        self.uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        self.uc.ctl_set_tlb_mode(uc_const.UC_TLB_VIRTUAL)
        self.registers = st.Registers(self.uc)
        clock.emu_stop = ct.cast(uclib.uc_emu_stop, ct.c_void_p).value
        clock.reg_read = ct.cast(uclib.uc_reg_read, ct.c_void_p).value
        clock.reg_write = ct.cast(uclib.uc_reg_write, ct.c_void_p).value
        self.stale_code = False
        """What was translated is void: code changed, or hooks did."""
        self.stale_rights = False
        """What is cached of the rights to memory is void."""
        self.uc.mem_map(UNTIL_PAGE, 0x1000)
        self.uc.mem_write(UNTIL_PAGE, CLREX)
        self.block_hook = _hot.on_plain_block if plain else _hot.on_block, ct.addressof(clock)
        """Callback and user of what native code is called in front of each block."""
        self._block_hook = self.add_hook(uc_const.UC_HOOK_BLOCK, *self.block_hook)
        self.add_hook(uc_const.UC_HOOK_INTR, _hot.on_interrupt, ct.addressof(clock))

    @property
    def _handle(self) -> Any:
        return self.uc._uch

    def _check(self, error: int) -> None:
        if error:
            raise UcError(error)

    # --- memory -----------------------------------------------------------------------------------------------

    def map(self, base: int, data: bytearray) -> None:
        """Memory that is the Soc's own bytes."""
        pointer = ct.addressof((ct.c_char * len(data)).from_buffer(data))
        self._check(uclib.uc_mem_map_ptr(self._handle, base, len(data), uc_const.UC_PROT_ALL, pointer))

    def map_io(self, address: int, size: int, read: int, write: int, user: int) -> None:
        """Memory that callbacks answer. It has no rights, so that Unicorn asks `on_access` first, with exact PC."""
        self._check(
            uclib.uc_mmio_map(
                self._handle, ct.c_uint64(address), ct.c_size_t(size),
                ct.c_void_p(read), ct.c_void_p(user), ct.c_void_p(write), ct.c_void_p(user),
            )
        )  # fmt: skip
        self.uc.mem_protect(address, size, uc_const.UC_PROT_NONE)
        # Only for these addresses: a hook of this kind on RAM would make every store there slow.
        protected = uc_const.UC_HOOK_MEM_READ_PROT | uc_const.UC_HOOK_MEM_WRITE_PROT
        self.add_hook(protected, _hot.on_access, ct.addressof(self.clock), address, address + size - 1)

    # --- hooks ------------------------------------------------------------------------------------------------

    def add_hook(self, kind: int, callback: int, user: int, first: int = 1, last: int = 0) -> int:
        """Native `callback` is called for [first, last], or for all addresses; the hook's handle."""
        handle = ct.c_size_t()
        self._check(
            uclib.uc_hook_add(
                self._handle, ct.byref(handle), ct.c_int(kind), ct.c_void_p(callback), ct.c_void_p(user),
                ct.c_uint64(first), ct.c_uint64(last),
            )
        )  # fmt: skip
        return handle.value

    def add_code_hook(self, address: int, callback: int, user: int) -> None:
        """Native `callback` is called in front of the instruction at `address`, when that is translated again."""
        self.add_hook(uc_const.UC_HOOK_CODE, callback, user, address, address)

    def replace_block_hook(self, callback: int, user: int) -> None:
        """Native `callback` stands in for `block_hook` from now on, and calls it."""
        self._check(uclib.uc_hook_del(self._handle, ct.c_size_t(self._block_hook)))
        self.block_hook = callback, user
        self._block_hook = self.add_hook(uc_const.UC_HOOK_BLOCK, callback, user)
        self.stale_code = True

    # --- running ----------------------------------------------------------------------------------------------

    def execute(self, begin: int, until: int = UNTIL) -> int:
        """Run from `begin` (bit 0: Thumb) until something stops it; Unicorn's error."""
        error: int = uclib.uc_emu_start(
            self._handle, ct.c_uint64(begin), ct.c_uint64(until), ct.c_uint64(0), ct.c_size_t(0)
        )
        return error

    def translate_anew(self) -> None:
        """Drop all translations."""
        self.stale_code = False
        self.uc.ctl_flush_tb()

    def translate_block_anew(self, address: int) -> None:
        """Drop the translation of the block at `address`."""
        self.uc.ctl_remove_cache(address, address + 2)

    def forget_rights(self) -> None:
        """Ask for the rights of each page again."""
        self.stale_rights = False
        self.uc.ctl(uc_const.UC_CTL_TLB_FLUSH, uc_const.UC_CTL_IO_WRITE)

    def clear_exclusive(self) -> None:
        """Exceptions clear the exclusive monitor, which Unicorn hides: it executes a CLREX unseen by the firmware."""
        clock, registers = self.clock, self.registers
        resumed, cpsr = clock.resumed, registers.read(st.CPSR)
        clock.resumed, clock.stop = 1, Stop.NONE
        registers.write(st.CPSR, cpsr & ~st.IT_BITS | st.CPSR_THUMB)
        self.execute(UNTIL_PAGE | 1, UNTIL_PAGE + len(CLREX))
        registers.write(st.CPSR, cpsr)
        clock.resumed = resumed
