"""Who may do what where: Unicorn asks once for each page, and we answer from memory map, MPU and privilege."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable

from unicorn import unicorn_const as uc_const

from . import _hot
from . import state as st
from .blocks import CodeMemory
from .bus import PAGE, Bus, Denied, Refusal
from .engine import UNTIL_PAGE, Engine
from .exceptions import ExceptionUnit
from .guards import Guards
from .hot import Window
from .mpu import EXECUTE, READ, WRITE
from .watched import PHYSICAL, Watched

SHOWN = 0x7000_0000
"""Where the external memory is mapped; programs cannot reach that."""
_TLB_FILL = ct.CFUNCTYPE(ct.c_bool, ct.c_void_p, ct.c_uint64, ct.c_int, ct.c_void_p, ct.c_void_p)


class _TlbEntry(ct.Structure):
    paddr: int
    perms: int

    _fields_ = [("paddr", ct.c_uint64), ("perms", ct.c_int)]


class Rights:
    """Fills Unicorn's TLB. Pages on which rights differ are looked at access by access (guards.py)."""

    def __init__(
        self, engine: Engine, bus: Bus, exceptions: ExceptionUnit, memories: tuple[CodeMemory, ...],
        watched: Watched, failed: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self.engine, self.bus, self.exceptions, self.watched = engine, bus, exceptions, watched
        self.mpu = bus.mpu
        self._failed = failed
        self.refusal: Refusal | None = None
        """What was refused last, since somebody cleared it."""
        ram = next(memory for memory in memories if memory.base == bus.soc.chip.ram_base)
        self.guards = Guards(bus, bus.mpu, (*memories, ram))
        *guards, twin = self.guards.guards
        for guard in guards:
            at = ct.addressof(guard)
            engine.map_io(guard.physical, guard.size, _hot.on_guarded_read, _hot.on_guarded_write, at)
        if bus.shown is not None:
            engine.map(SHOWN, bus.shown.shown)
        self.on_shown_code: Callable[[], None] = lambda: None
        """Code is about to run in the external memory."""
        self._window = Window(ct.addressof(engine.clock), twin.base)
        for physical in (PHYSICAL, twin.physical):
            engine.map_io(physical, twin.size, _hot.on_read, _hot.on_write, ct.addressof(self._window))
        engine.clock.guards = ct.addressof(self.guards.guards)
        self._fill = _TLB_FILL(self._on_tlb_fill)
        engine.add_hook(uc_const.UC_HOOK_TLB_FILL, ct.cast(self._fill, ct.c_void_p).value or 0, 0)

    def refresh(self) -> None:
        """Rights have changed."""
        self.engine.clock.guard_count = self.guards.update(self.exceptions.execution_priority() < 0)
        self.engine.forget_rights()

    def _on_tlb_fill(self, uc: int, address: int, kind: int, entry: int, user: int) -> bool:
        registers = self.engine.registers
        try:
            cpsr = registers.read(st.CPSR)
            it_state = cpsr & st.IT_BITS
            if it_state and kind != uc_const.UC_MEM_FETCH:
                # Restored for the fault that may follow; left there it would skip later instructions. (Between blocks,
                # where instructions are fetched, it is the program's own.)
                registers.write(st.CPSR, cpsr & ~st.IT_BITS)
            access = {uc_const.UC_MEM_WRITE: WRITE, uc_const.UC_MEM_FETCH: EXECUTE}.get(kind, READ)
            result = _TlbEntry.from_address(entry)
            watched = self.watched.physical(address) if self.watched.ranges else None
            if access != EXECUTE and self.mpu.mixed(address, PAGE):
                physical = self.guards.physical(address, watched is not None)
                if physical is not None:
                    result.paddr = physical
                    result.perms = uc_const.UC_PROT_READ | uc_const.UC_PROT_WRITE
                    return True
            perms = self._page_rights(address, access)
            if isinstance(perms, Denied):
                self.refusal = Refusal(address, access, perms, it_state)
                return False
            result.paddr, result.perms = address, perms
            if address in self.bus.shown_at and not self._show(result, access):
                self.refusal = Refusal(address, access, Denied.UNMAPPED, it_state)
                return False
            if watched is not None:  # data accesses there are asked about again, and told
                if access == EXECUTE:
                    result.perms = uc_const.UC_PROT_EXEC
                else:
                    result.paddr = watched
            return True
        except BaseException as error:
            self._failed(error)
            return False

    def _show(self, result: _TlbEntry, access: int) -> bool:
        """Let Unicorn find a page of the external memory; False if it is code and cannot be seen."""
        offset = result.paddr - self.bus.shown_at.start
        if self.bus.shown is not None and self.bus.shown.show(offset):
            result.paddr = SHOWN + offset
            if access == EXECUTE:
                self.on_shown_code()
            return True
        return access != EXECUTE  # loads ask the device, one by one

    def _page_rights(self, page: int, access: int) -> int | Denied:
        """Unicorn's permission bits for a page. EXEC only when fetched from: stores to executable pages are slow."""
        if page & ~0xFFF == UNTIL_PAGE:
            return int(uc_const.UC_PROT_READ | uc_const.UC_PROT_EXEC)
        simple = not self.mpu.enabled and page < 0xE000_0000
        privileged = simple or self.exceptions.privileged
        ignore = not simple and self.exceptions.execution_priority() < 0

        def allowed(wanted: int) -> bool:
            return self.bus.denied(page, wanted, privileged, ignore) is None

        denied = self.bus.denied(page, access, privileged, ignore)
        if denied is not None:
            return denied
        perms: int = uc_const.UC_PROT_READ if allowed(READ) else 0
        if access == EXECUTE:
            perms |= uc_const.UC_PROT_EXEC
            if self.mpu.mixed(page, PAGE):
                return int(uc_const.UC_PROT_EXEC)  # data accesses are asked about one by one
            if self.bus.default_rights(page) & WRITE and allowed(WRITE):
                perms |= uc_const.UC_PROT_WRITE
        elif allowed(WRITE):
            perms |= uc_const.UC_PROT_WRITE
        return perms
