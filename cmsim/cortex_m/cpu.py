"""The processor: Unicorn executes blocks, this file decides when it runs, why it stopped, and what follows.

Not modelled: MRS of BASEPRI, MSP and PSP returns the written low bits that silicon drops; FPDSCR is stored but new FP
contexts start from its reset value; with FPCCR.ASPEN clear CONTROL.FPCA still reads as set by FP instructions (frames
are basic all the same); VCVT from 32-bit fixed point rounds as FPSCR says, not to nearest; FAULTMASK takes the MPU away
only from the next exception on; interrupts are taken between translation blocks, at most a few instructions late.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError
from unicorn import unicorn_const as uc_const
from unicorn.arm_const import UC_CPU_ARM_CORTEX_M4
from unicorn.unicorn_py3.unicorn import uclib

from ..errors import CmsimError
from ..nordic import Unimplemented
from ..soc import Soc
from ..timing import Code, TimingModel
from . import _hot
from . import state as st
from .blocks import BlockTable, CodeMemory, HookRequest, Learned
from .bus import PAGE, Bus, Denied, Refusal
from .decode import NO_REGISTER, PC, STORES, Instruction, Kind, decode
from .exceptions import (
    BFARVALID,
    DACCVIOL,
    DIVBYZERO,
    HFSR_DEBUGEVT,
    IACCVIOL,
    IBUSERR,
    IMPRECISERR,
    INVSTATE,
    NOCP,
    PRECISERR,
    UNALIGNED,
    UNDEFINSTR,
    ExceptionUnit,
    Lockup,
)  # fmt: skip
from .flash_store import FlashStore
from .guards import Guards
from .hot import (
    BLOCK,
    CACHE_LINES,
    LEARN,
    NO_LINE,
    READ,
    SETTLED,
    WRITE,
    BlockFlag,
    Clock,
    FetchMode,
    Hook,
    HookKind,
    Span,
    Stack,
    Stop,
    Window,
)
from .inputs import native_inputs
from .mpu import EXECUTE, Mpu
from .mpu import READ as MAY_READ
from .mpu import WRITE as MAY_WRITE
from .nvic import ExceptionState, NvicRegisters
from .scb import SystemControl
from .semihosting import Semihosting
from .systick import SysTick
from .trace import Dwt, Itm

FOREVER = 1 << 62
LONGEST_STRETCH = 1 << 28
"""Cycles after which Unicorn is left in any case: the bounds of a stretch fit in 32 bits."""
UNTIL_PAGE = 0xEFFF_F000
UNTIL = UNTIL_PAGE + 0x800
"""An address that firmware never reaches: Unicorn insists on one to stop at, and fetches around it."""
SEMIHOSTING = 0xBEAB
STIR = 0xE000_EF00
"""The one system register that CCR.USERSETMPEND opens to unprivileged stores."""
UNIMPLEMENTED = (("FPB", 0xE000_2000), ("TPIU", 0xE004_0000), ("ETM", 0xE004_1000), ("ROMTABLE", 0xE00F_F000))
"""Blocks of the private peripheral bus that are there and do nothing (DDI 0439D, 2.1)."""
CLREX = bytes((0xBF, 0xF3, 0x2F, 0x8F))

EXCP_SWI, EXCP_BKPT, EXCP_EXCEPTION_EXIT, EXCP_NOCP, EXCP_INVSTATE = 2, 7, 8, 17, 18


class State(Enum):
    """Why `Cpu.run` returned."""

    LIMIT = "limit"
    REQUEST = "request"
    IDLE = "idle"
    LOCKUP = "lockup"


@dataclass(frozen=True)
class Rest:
    """What remains of a block in whose middle we stopped: it costs what it would have without the stop."""

    address: int
    size: int
    cycles: int
    instructions: int


@dataclass
class Outcome:
    """How a stretch of execution ended."""

    state: State
    detail: str = ""


_TLB_FILL = ct.CFUNCTYPE(ct.c_bool, ct.c_void_p, ct.c_uint64, ct.c_int, ct.c_void_p, ct.c_void_p)


class _TlbEntry(ct.Structure):
    _fields_ = [("paddr", ct.c_uint64), ("perms", ct.c_int)]


class Cpu:
    """A Cortex-M4F around one `Soc`."""

    def __init__(self, soc: Soc, timing: TimingModel) -> None:
        self.soc, self.timing = soc, timing
        self.scheduler = soc.scheduler
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        self.uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        self.uc.ctl_set_tlb_mode(uc_const.UC_TLB_VIRTUAL)
        self.registers = st.Registers(self.uc)
        self.states = ExceptionState(soc.chip.interrupts, soc.chip.priority_bits)
        self.scb = SystemControl(self.states)
        self.systick = SysTick(self.scheduler, self.states)
        self.mpu = Mpu()
        self.dwt = Dwt(self._counts, lambda: self.scb.trace_enabled)
        self.itm = Itm(soc.serial_port)
        self.bus = Bus(soc, self.mpu)
        self.clock = Clock(passed_hook=1, pc=1, paid=1)
        self.exceptions = ExceptionUnit(
            soc, self.registers, self.states, self.scb, self.bus, self.clock, timing
        )
        chip = soc.chip
        self.blocks = BlockTable(
            (
                CodeMemory(chip.flash_base, soc.flash, False),
                CodeMemory(chip.ram_base, soc.ram, True, Code.RAM),
                CodeMemory(chip.ram_code_alias, soc.ram, True, Code.RAM_ALIAS),
            ),
            timing,
        )
        self.semihosting = Semihosting(self.bus, soc)
        self.flash_store = FlashStore(self.registers, soc)
        self.sleep_cycles = 0
        self.sleeping: Kind | None = None
        self.on_watch: Callable[[int], None] = lambda address: None
        self.on_sleep: Callable[[bool], None] = lambda asleep: None
        """The processor falls asleep (True) or wakes (False)."""
        self.on_overflow: Callable[[], None] = lambda: None
        """The block in front of us takes SP below the `guard` of the stack that `clock.deeper` points to."""
        self._refusal: Refusal | None = None
        self._error: BaseException | None = None
        self._requested = False
        self._hooks: list[tuple[Hook, HookRequest]] = []
        self._new_hooks: list[HookRequest] = []
        self._new_sev: list[int] = []
        self._break: tuple[Hook, Callable[[int], None]] | None = None
        self._at_watch: int | None = None
        """Where we stopped for `on_watch`, which has not been called yet."""
        self._paid: Rest | None = None
        self._keep: list[Any] = []
        self._io = False
        self._map()
        self._connect()

    # --- construction -------------------------------------------------------------------------------------

    def _map(self) -> None:
        """Memories by pointer (they are the Soc's own bytes), devices by callback, rights by our own TLB fill."""
        for memory in self.blocks.memories:
            pointer = ct.addressof((ct.c_char * len(memory.data)).from_buffer(memory.data))
            everything = uc_const.UC_PROT_ALL
            self._check(uclib.uc_mem_map_ptr(self._handle, memory.base, len(memory.data), everything, pointer))
        self.bus.attach(0xE000_0000, 0xE000_0FFF, self.itm, 0xE000_0000)
        self.bus.attach(0xE000_1000, 0xE000_1FFF, self.dwt, 0xE000_1000)
        scs = 0xE000_E000
        self.bus.attach(scs + 0x010, scs + 0x01F, self.systick, scs)
        nvic = NvicRegisters(self.states)
        self._nvic = nvic
        self.bus.attach(scs + 0x004, scs + 0x007, nvic, scs)
        self.bus.attach(scs + 0x100, scs + 0x4EF, nvic, scs)
        self.bus.attach(scs + 0xF00, scs + 0xF03, nvic, scs)
        self.bus.attach(scs + 0xD90, scs + 0xDBB, self.mpu, scs)
        for first, last in ((0x008, 0x00F), (0xD00, 0xD8F), (0xDC0, 0xDFF), (0xF34, 0xF4B)):
            self.bus.attach(scs + first, scs + last, self.scb, scs)
        for name, base in UNIMPLEMENTED:
            self.bus.attach(base, base + 0xFFF, Unimplemented(self.soc, name, base), base)
        self.uc.mem_map(UNTIL_PAGE, 0x1000)
        self.uc.mem_write(UNTIL_PAGE, CLREX)

        clock = ct.addressof(self.clock)
        for first, count in _runs(self.bus.io_pages):
            window = Window(clock, first << 12)
            self._keep.append(window)
            at = ct.addressof(window)
            read = _hot.on_read
            inputs = native_inputs(self.soc, self.clock, first << 12, count << 12, self._keep)
            if inputs is not None:
                at, read = ct.addressof(inputs), _hot.on_input_read
            self._map_io(first << 12, count << 12, read, _hot.on_write, at)
        self.guards = Guards(self.bus, self.mpu, self.blocks.memories)
        for guard in self.guards.guards:
            at = ct.addressof(guard)
            self._map_io(guard.physical, guard.size, _hot.on_guarded_read, _hot.on_guarded_write, at)

    def _map_io(self, address: int, size: int, read: int, write: int, user: int) -> None:
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
        self._add_hook(protected, _hot.on_access, ct.addressof(self.clock), address, address + size - 1)

    def _connect(self) -> None:
        clock = self.clock
        self._learn, self._read, self._write = LEARN(self._on_learn), READ(self._on_read), WRITE(self._on_write)
        clock.learn, clock.read, clock.write = self._learn, self._read, self._write
        self._no_block = (ct.c_uint8 * BLOCK.itemsize)()
        clock.block = ct.addressof(self._no_block)
        for name, cost in vars(self.timing.memory).items():
            setattr(clock, name, Span(*cost))
        clock.flash_size = self.soc.chip.flash_size
        self._cache_changed(False, False)
        clock.regions = ct.addressof(self.blocks.regions)
        clock.region_count = len(self.blocks.regions)
        clock.emu_stop = ct.cast(uclib.uc_emu_stop, ct.c_void_p).value
        clock.reg_read = ct.cast(uclib.uc_reg_read, ct.c_void_p).value
        self.block_hook = _hot.on_block, ct.addressof(clock)
        self._block_hook = self._add_hook(uc_const.UC_HOOK_BLOCK, *self.block_hook)
        clock.reg_write = ct.cast(uclib.uc_reg_write, ct.c_void_p).value
        clock.guards = ct.addressof(self.guards.guards)
        self._add_hook(uc_const.UC_HOOK_INTR, _hot.on_interrupt, ct.addressof(clock))
        self._fill = _TLB_FILL(self._on_tlb_fill)
        fill = ct.cast(self._fill, ct.c_void_p).value
        self._add_hook(uc_const.UC_HOOK_TLB_FILL, fill or 0, 0)
        self.blocks.request_hook = self._new_hooks.append
        self.blocks.request_sev = self._new_sev.append
        self.scheduler.on_earlier = self._deadline_moved
        self.states.on_change = self.attention
        self.states.on_pend = self._on_pend
        self.scb.current_exception = lambda: self.exceptions.current
        self.scb.mask_priority = lambda: self.states.mask_priority(0, *self.registers.masks.read()[1:])
        self.scb.on_control = self._control_changed
        self.scb.on_trace = self.dwt.follow_enable
        self.scb.on_reset = lambda: self.soc.hooks.reset("sreq")
        self.mpu.on_change = self._rights_changed
        self.exceptions.on_mode_change = self._exception_boundary
        self.soc.hooks.pc = lambda: self.clock.pc if self._io else self.exceptions.pc
        self.soc.hooks.stall = self._stall
        self.soc.hooks.code_changed = self._code_changed
        self.soc.hooks.cache_changed = self._cache_changed
        self.soc.hooks.cache_counts = lambda: (clock.hits - clock.misses, clock.misses)
        for block in self.soc.blocks.values():
            number = block.irq_number
            if block.base >> 28 == 4 and number < self.soc.chip.interrupts:
                self.states.connect(number, block.irq)

    @property
    def _handle(self) -> Any:
        return self.uc._uch

    def _check(self, error: int) -> None:
        if error:
            raise UcError(error)

    def _add_hook(self, kind: int, callback: int, user: int, first: int = 1, last: int = 0) -> int:
        handle = ct.c_size_t()
        self._check(
            uclib.uc_hook_add(
                self._handle, ct.byref(handle), ct.c_int(kind), ct.c_void_p(callback), ct.c_void_p(user),
                ct.c_uint64(first), ct.c_uint64(last),
            )
        )  # fmt: skip
        return handle.value

    def replace_block_hook(self, callback: int, user: int) -> None:
        """Native `callback` stands in for `on_block` from now on, and calls it."""
        self._check(uclib.uc_hook_del(self._handle, ct.c_size_t(self._block_hook)))
        self.block_hook = callback, user
        self._block_hook = self._add_hook(uc_const.UC_HOOK_BLOCK, callback, user)
        self._stale_code = True

    # --- callbacks from native code -------------------------------------------------------------------------

    def _guard(self, error: BaseException) -> None:
        """An exception in a callback would be lost in native code: keep it and stop at the next block."""
        if self._error is None:
            self._error = error
        self.attention()

    def _on_learn(self, address: int, size: int) -> int:
        try:
            return int(self.blocks.learn(address, size))
        except BaseException as error:
            self._guard(error)
            return 1

    def _on_read(self, address: int, size: int) -> int:
        self._io = True
        try:
            self.scheduler.advance(self.clock.now)
            return self.bus.read(address, size)
        except BaseException as error:
            self._guard(error)
            return 0
        finally:
            self._io = False

    def _on_write(self, address: int, size: int, value: int) -> None:
        self._io = True
        try:
            self.scheduler.advance(self.clock.now)
            self.bus.write(address, size, value)
        except BaseException as error:
            self._guard(error)
        finally:
            self._io = False

    def _on_tlb_fill(self, uc: int, address: int, kind: int, entry: int, user: int) -> bool:
        try:
            cpsr = self.registers.read(st.CPSR)
            it_state = cpsr & st.IT_BITS
            if it_state and kind != uc_const.UC_MEM_FETCH:
                # Restored for the fault that may follow; left there it would skip later instructions. (Between blocks,
                # where instructions are fetched, it is the program's own.)
                self.registers.write(st.CPSR, cpsr & ~st.IT_BITS)
            access = {uc_const.UC_MEM_WRITE: MAY_WRITE, uc_const.UC_MEM_FETCH: EXECUTE}.get(kind, MAY_READ)
            result = _TlbEntry.from_address(entry)
            if access != EXECUTE and self.mpu.mixed(address, PAGE):
                physical = self.guards.physical(address)
                if physical is not None:
                    result.paddr = physical
                    result.perms = uc_const.UC_PROT_READ | uc_const.UC_PROT_WRITE
                    return True
            perms = self._page_rights(address, access)
            if isinstance(perms, Denied):
                self._refusal = Refusal(address, access, perms, it_state)
                return False
            result.paddr, result.perms = address, perms
            return True
        except BaseException as error:
            self._guard(error)
            return False

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
        perms: int = uc_const.UC_PROT_READ if allowed(MAY_READ) else 0
        if access == EXECUTE:
            perms |= uc_const.UC_PROT_EXEC
            if self.mpu.mixed(page, PAGE):
                return int(uc_const.UC_PROT_EXEC)  # data accesses are asked about one by one
            if self.bus.default_rights(page) & MAY_WRITE and allowed(MAY_WRITE):
                perms |= uc_const.UC_PROT_WRITE
        elif allowed(MAY_WRITE):
            perms |= uc_const.UC_PROT_WRITE
        return perms

    # --- what others tell us ----------------------------------------------------------------------------------

    def attention(self) -> None:
        """Stop in front of the next block."""
        self.clock.deadline = 0

    def request_stop(self) -> None:
        """`run` returns as soon as it can."""
        self._requested = True
        self.attention()

    def _deadline_moved(self, cycle: int) -> None:
        self.clock.deadline = min(self.clock.deadline, cycle)

    def _on_pend(self, number: int) -> None:
        if self.scb.sev_on_pend:
            self.exceptions.event_register = True

    def _stall(self, cycles: int) -> None:
        self.clock.cycles += cycles

    def _code_changed(self, address: int, length: int) -> None:
        self.blocks.forget_range(address, length)
        self._invalidate_cache()
        self._stale_code = True
        self.attention()

    def _cache_changed(self, enabled: bool, profiled: bool) -> None:
        """NVMC.ICACHECNF was written: what runs from flash is fetched in another way."""
        clock, timed = self.clock, self.timing.memory
        code = Code.FLASH_CACHED if enabled else Code.FLASH
        if code is not self.blocks.flash_code:
            self.blocks.flash_code = code
            self.blocks.forget_all()
        if not enabled:
            clock.fetch_mode = FetchMode.LINES if timed.flash_line.best else FetchMode.FREE
            self._invalidate_cache()
        elif profiled:
            clock.fetch_mode = FetchMode.PROFILED
        else:
            clock.fetch_mode = FetchMode.CACHED if timed.cache_miss.best else FetchMode.FREE
        clock.line = NO_LINE

    def _invalidate_cache(self) -> None:
        self.clock.cache[:] = [NO_LINE] * CACHE_LINES

    _stale_code = False
    _stale_rights = False
    _stale_monitor = False
    _asleep = False

    def _control_changed(self) -> None:
        traps = self.blocks.traps
        now = bool(self.scb.unalign_trap), bool(self.scb.divide_trap)
        if now != (traps.unaligned, traps.divide):
            traps.unaligned, traps.divide = now
            self.blocks.forget_all()
            for hook, request in self._hooks:
                self._set_enabled(hook, request)
        self._mode_changed()

    def _rights_changed(self) -> None:
        self._stale_rights = True
        self.attention()

    def _exception_boundary(self) -> None:
        self._stale_monitor = self.blocks.exclusives
        self._mode_changed()

    def _mode_changed(self) -> None:
        access = self.scb.fp_access
        off = access != 3 and (access != 1 or not self.exceptions.privileged)
        self.clock.fp_trap = int(off or self.scb.lazy_active)
        if self.mpu.enabled and not self.mpu.during_faults:
            self._stale_rights = True  # handlers of HardFault and NMI run without the MPU

    def _counts(self) -> tuple[int, int, int, int, int, int]:
        clock = self.clock
        cycles, instructions = (clock.now, clock.now_instructions) if self._io else (clock.cycles, clock.instructions)
        return cycles, instructions, 0, self.exceptions.exception_cycles, self.sleep_cycles, 0

    # --- reset ----------------------------------------------------------------------------------------------

    def reset(self, vector_table: int) -> None:
        """The state after a system reset, with VTOR as a boot loader would leave it."""
        for block in (self.scb, self.systick, self.mpu, self.dwt, self.itm, self._nvic):
            block.reset()
        self.states.reset()
        self.sleeping, self._asleep = None, False
        self._at_watch = None
        self.exceptions.event_register = False
        self.registers.set_mode(0, 0)
        self.registers.masks.write(0, 0, 0)
        self.registers.core.write(*([0] * 16))
        self.registers.write(st.FPSCR, 0)
        self.registers.write(st.CPSR, self.registers.read(st.CPSR) & ~(st.FLAGS | st.IT_BITS) | st.CPSR_THUMB)
        self.scb.VTOR = vector_table
        memory = self.bus.memory(vector_table, 8)
        if memory is None:
            raise CmsimError(f"vector table at 0x{vector_table:08x}: not in flash or RAM")
        data, offset = memory
        stack = int.from_bytes(data[offset : offset + 4], "little")
        entry = int.from_bytes(data[offset + 4 : offset + 8], "little")
        self.registers.write(st.SP, stack & ~3)
        self.registers.write(st.LR, 0xFFFF_FFFF)
        self.exceptions.pc, self.exceptions.thumb = entry & ~1, bool(entry & 1)
        self.clock.fall_through = entry & ~1
        self._control_changed()
        self._stale_code = self._stale_rights = True

    # --- running ----------------------------------------------------------------------------------------------

    def run(self, limit: int = FOREVER, *, idle_ends: bool | None = None) -> Outcome:
        """Let time pass until `limit` cycles, a request to stop, lockup, or eternal sleep.

        `idle_ends`: whether sleep that nothing can end returns at once; if not, it lasts until the limit. Unless told,
        it does where there is no limit.
        """
        if idle_ends is None:
            idle_ends = limit == FOREVER
        clock, scheduler, exceptions = self.clock, self.scheduler, self.exceptions
        self._requested = False
        try:
            while True:
                scheduler.advance(clock.cycles)
                self._raise_failure()
                if self._requested:
                    return Outcome(State.REQUEST)
                if clock.cycles >= limit:
                    return Outcome(State.LIMIT)
                if self.sleeping is not None:
                    outcome = self._sleep(limit, idle_ends)
                    if outcome is not None:
                        return outcome
                    continue
                if exceptions.take_pending():
                    clock.resumed, self._at_watch = 0, None  # coming back, we stop and look again
                    self._disarm()
                    continue
                if exceptions.sleep_on_exit:
                    exceptions.sleep_on_exit, self.sleeping = False, Kind.WFI
                    continue
                if self._at_watch is not None:
                    address, self._at_watch = self._at_watch, None
                    clock.passed_hook = address
                    self.on_watch(address)
                    continue
                self._refresh()
                due = scheduler.next_due
                clock.deadline = min(limit if due is None or due > limit else due, clock.cycles + LONGEST_STRETCH)
                clock.masks_matter = int(self.states.pending & self.states.enabled != 0)
                if self.scb.fp_access == 1:  # privileged only: MSR CONTROL decides too
                    clock.masks_matter = 1
                    self._mode_changed()
                self._execute()
        except Lockup as lockup:
            return Outcome(State.LOCKUP, str(lockup))

    def _raise_failure(self) -> None:
        """What went wrong in a callback or a model ends the run."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self.soc.failure is not None:
            raise self.soc.failure

    def _sleep(self, limit: int, idle_ends: bool) -> Outcome | None:
        """Jump to the next moment at which anything can happen; None when awake or time has passed."""
        exceptions, clock = self.exceptions, self.clock
        for_event = self.sleeping is Kind.WFE
        if exceptions.wakes(not for_event) or (for_event and exceptions.event_register):
            if for_event:
                exceptions.event_register = False
            self.sleeping = None
            if self._asleep:
                self._asleep = False
                self.on_sleep(False)
            return None
        if not self._asleep:
            self._asleep = True
            self.on_sleep(True)
        due = self.scheduler.next_due
        if due is None and idle_ends:
            return Outcome(State.IDLE, f"asleep at 0x{exceptions.pc:08x} with nothing to wake it")
        until = limit if due is None or due > limit else due
        if until > clock.cycles:
            self.sleep_cycles += until - clock.cycles
            clock.cycles = until
        return None

    def _refresh(self) -> None:
        """Drop what Unicorn has cached of rights and code that changed."""
        if self._stale_code:
            self._stale_code = False
            self.uc.ctl_flush_tb()
        if self._stale_rights:
            self._stale_rights = False
            self.clock.guard_count = self.guards.update(self.exceptions.execution_priority() < 0)
            self.uc.ctl(uc_const.UC_CTL_TLB_FLUSH, uc_const.UC_CTL_IO_WRITE)
        if self._stale_monitor:
            self._stale_monitor = False
            self._clear_exclusive()

    def _clear_exclusive(self) -> None:
        """Exceptions clear the exclusive monitor, which Unicorn hides: it executes a CLREX unseen by the firmware."""
        clock, registers = self.clock, self.registers
        resumed, cpsr = clock.resumed, registers.read(st.CPSR)
        clock.resumed, clock.stop = 1, Stop.NONE
        registers.write(st.CPSR, cpsr & ~st.IT_BITS | st.CPSR_THUMB)
        first, last = ct.c_uint64(UNTIL_PAGE | 1), ct.c_uint64(UNTIL_PAGE + len(CLREX))
        uclib.uc_emu_start(self._handle, first, last, ct.c_uint64(0), ct.c_size_t(0))
        registers.write(st.CPSR, cpsr)
        clock.resumed = resumed

    def _execute(self) -> None:  # noqa: PLR0912 - one branch a reason
        """One stretch inside Unicorn, and what follows from the way it ended."""
        clock, exceptions = self.clock, self.exceptions
        clock.stop = Stop.NONE
        if not clock.resumed:
            clock.resumed = 1
        self._refusal = None
        rest = self._pay(exceptions.pc)
        begin = exceptions.pc | exceptions.thumb
        error = uclib.uc_emu_start(
            self._handle, ct.c_uint64(begin), ct.c_uint64(UNTIL), ct.c_uint64(0), ct.c_size_t(0)
        )
        below, above = clock.recent
        clock.below += below
        clock.above += above
        clock.recent[:] = [0, 0]
        if clock.resumed in (0, SETTLED):
            clock.passed_hook = 1  # behind the place where we stopped: who comes there again stops again
        if rest is not None and clock.paid == rest.address:  # it did not come to that
            clock.cycles -= rest.cycles
            clock.instructions -= rest.instructions
            self._paid = rest
        clock.paid = 1
        clock.resumed = 0
        exceptions.pc = self.registers.read(st.PC)
        exceptions.thumb = bool(self.registers.read(st.CPSR) & st.CPSR_THUMB)
        if clock.sev:
            clock.sev = 0
            exceptions.event_register = True
        stop, broken = clock.stop, self._disarm()
        if stop == Stop.DEADLINE or self._error is not None:
            return
        if stop == Stop.INTERRUPT:
            self._on_interrupt(clock.detail_value)
        elif stop != Stop.NONE and not exceptions.thumb:
            self._fault(INVSTATE, exceptions.pc)  # whatever the block seemed to contain
        elif stop == Stop.WATCH:
            self._watched(exceptions.pc)
        elif stop == Stop.STACK:
            self.on_overflow()
        elif stop == Stop.HOOK:
            self._on_hook(self._hooks[clock.detail_value], clock.pc, broken)
        elif stop == Stop.RELEARN:
            self._relearn()
        elif stop == Stop.FP:
            self._on_fp()
        elif stop == Stop.ALIGNMENT:
            self._on_alignment(clock.detail_value)
        elif error == uc_const.UC_ERR_OK:
            self._slept()
        else:
            self._on_error(error)

    def _last(self) -> Learned | None:
        return self.blocks.learned.get(self.clock.address)

    def _slept(self) -> None:
        """Unicorn returned by itself: WFI."""
        last = self._last()
        if last is not None and last.instructions[-1].kind is Kind.WFI:
            self.sleeping = Kind.WFI

    def _watched(self, address: int) -> None:
        """In front of a watched instruction: its turn comes when no exception is taken first."""
        self._at_watch = address

    def _refund(self, address: int) -> Rest | None:
        """The block that was charged ran only up to the instruction at `address`; what was taken back."""
        clock = self.clock
        found = self.blocks.instruction_at(clock.address, address)
        clock.fall_through = address
        if found is None:
            return None
        number, block = found
        cycles, instructions = block.starts[-1] - block.starts[number], len(block.instructions) - number
        clock.cycles -= cycles
        clock.instructions -= instructions
        return Rest(address, block.address + block.size - address, cycles, instructions)

    def _pay(self, pc: int) -> Rest | None:
        """Going on in the middle of a block, it costs what the whole block would have: measuring changes no count."""
        rest, self._paid = self._paid, None
        if rest is None or rest.address != pc:
            return None
        self.clock.cycles += rest.cycles
        self.clock.instructions += rest.instructions
        self.clock.paid, self.clock.paid_size = rest.address, rest.size
        return rest

    # --- hooks in front of instructions -------------------------------------------------------------------------

    def _set_enabled(self, hook: Hook, request: HookRequest) -> None:
        if request.kind is HookKind.ALIGNMENT:
            traps = self.blocks.traps.unaligned
            hook.enabled = int(traps or self._always_aligned(request.address))
        elif request.kind is HookKind.DIVIDE:
            hook.enabled = int(self.blocks.traps.divide) | 2 * int(self.timing.operand_divide)
        elif request.kind is HookKind.WATCH:
            hook.enabled = int(request.address in self.blocks.watched)

    def _always_aligned(self, address: int) -> bool:
        return self._instruction(address).kind not in (Kind.LOAD, Kind.STORE)

    def _install(self, request: HookRequest) -> Hook:
        access = None if request.access is None else ct.addressof(request.access)
        enabled = int(request.kind is not HookKind.BREAK)  # which `_break_at` arms
        hook = Hook(ct.addressof(self.clock), access, len(self._hooks), request.kind, enabled, request.operand)
        self._hooks.append((hook, request))
        self._set_enabled(hook, request)
        address = request.address
        self._add_hook(uc_const.UC_HOOK_CODE, _hot.on_instruction, ct.addressof(hook), address, address)
        return hook

    def _relearn(self) -> None:
        """Blocks asked for hooks, or their code changed: what was translated is void."""
        for request in self._new_hooks:
            self._install(request)
        for address in self._new_sev:
            self._add_hook(uc_const.UC_HOOK_CODE, _hot.on_sev, ct.addressof(self.clock), address, address)
        self._new_hooks.clear()
        self._new_sev.clear()
        self.uc.ctl_remove_cache(self.exceptions.pc, self.exceptions.pc + 2)

    def watch(self, address: int) -> None:
        """Call `on_watch` in front of the instruction at `address` from now on."""
        if self.blocks.watch(address):
            self._stale_code = True
        for hook, request in self._hooks:
            if request.kind is HookKind.WATCH and request.address == address:
                hook.enabled = 1

    def watch_stacks(self, stacks: ct.Array[Stack]) -> None:
        """Keep `deepest` of each stack true from now on. `stacks` must outlive the run."""
        self._stacks = stacks
        self.clock.stacks, self.clock.stack_count = ct.addressof(stacks), len(stacks)

    def unwatch(self, address: int) -> None:
        """Undo `watch`."""
        self.blocks.unwatch(address)
        for hook, request in self._hooks:
            if request.kind is HookKind.WATCH and request.address == address:
                hook.enabled = 0

    def _break_at(self, address: int, action: Callable[[int], None]) -> None:
        """Run on to the instruction at `address`, then `action(address)`."""
        here = (h for h, request in self._hooks if request.kind is HookKind.BREAK and request.address == address)
        hook = next(here, None)
        if hook is None:
            hook = self._install(HookRequest(HookKind.BREAK, address))
            self.uc.ctl_flush_tb()
        hook.enabled = 1
        self._break = hook, action
        self.clock.resumed = 2

    def _disarm(self) -> Callable[[int], None] | None:
        """Forget the break that was armed, since something else came first; what it would have done."""
        if self._break is None:
            return None
        (hook, action), self._break = self._break, None
        hook.enabled = 0
        return action

    def _on_hook(
        self, found: tuple[Hook, HookRequest], address: int, broken: Callable[[int], None] | None
    ) -> None:
        _, request = found
        if request.kind is HookKind.WATCH:
            self._paid = self._refund(self.exceptions.pc)  # behind `address` in an IT block, which runs to its end
            self._watched(address)
            return
        self._refund(address)
        if request.kind is HookKind.ALIGNMENT:
            self._fault(UNALIGNED, address)
        elif request.kind is HookKind.DIVIDE:
            self._fault(DIVBYZERO, address)
        elif broken is not None:
            broken(address)

    def _on_alignment(self, ordinal: int) -> None:
        """The block in front of us will make an unaligned access that silicon refuses."""
        block = self.blocks.learned[self.exceptions.pc]
        address = block.instructions[ordinal].address
        if ordinal == 0:
            self._fault(UNALIGNED, address)
        else:
            self._break_at(address, lambda at: self._fault(UNALIGNED, at))

    def _on_fp(self) -> None:
        """The block in front of us uses the FPU while it is off, or before its registers were saved."""
        if self.scb.fp_access == 3 or (self.scb.fp_access == 1 and self.exceptions.privileged):
            self.exceptions.save_lazily()
            self._mode_changed()  # the block is announced again and the trap is off now
            return
        block = self.blocks.learned[self.exceptions.pc]
        address = next(i.address for i in block.instructions if i.kind.name.startswith("FP_"))
        if address == block.address:
            self._fault(NOCP, address)
        else:
            self._break_at(address, self._no_coprocessor)

    def _no_coprocessor(self, address: int) -> None:
        """At the first FP instruction of a block that began with the FPU off; CPACR may have been written since."""
        if self.clock.fp_trap:
            self._fault(NOCP, address)

    # --- faults and traps -----------------------------------------------------------------------------------------

    def _fault(self, cause: int, pc: int, address: int | None = None) -> None:
        self.exceptions.fault(cause, pc, address)

    def _on_interrupt(self, number: int) -> None:
        exceptions = self.exceptions
        if number == EXCP_EXCEPTION_EXIT:
            value = exceptions.pc | self.registers.read(st.CPSR) >> 5 & 1
            exceptions.exception_return(value)
        elif number == EXCP_SWI:
            exceptions.supervisor_call()
        elif number == EXCP_BKPT:
            self._on_breakpoint()
        elif number == EXCP_NOCP:
            self._fault(NOCP, exceptions.pc)
        elif number == EXCP_INVSTATE:
            self._fault(INVSTATE, exceptions.pc)
        else:
            raise CmsimError(f"unicorn raised interrupt {number} at 0x{exceptions.pc:08x}; please report this")

    def _on_breakpoint(self) -> None:
        pc = self.exceptions.pc
        code = self.bus.memory(pc, 2)
        if code is not None and int.from_bytes(code[0][code[1] : code[1] + 2], "little") == SEMIHOSTING:
            r0, r1 = self.registers.core.read()[:2]
            result = self.semihosting.call(r0, r1)
            self.registers.write(st.CORE[0], result)
            self.exceptions.pc = pc + 2
            if self.semihosting.exit_status is not None:
                self.request_stop()
        elif self.scb.monitor_enabled and self.states.group(12) < self.exceptions.execution_priority():
            self.scb.DFSR |= 2
            self.states.pend(12)
        else:
            self.scb.DFSR |= 2
            self.exceptions.hard_fault(HFSR_DEBUGEVT, pc)

    def _on_error(self, error: int) -> None:
        exceptions = self.exceptions
        pc = exceptions.pc
        if self.clock.stop == Stop.DENIED:
            write = error == uc_const.UC_ERR_WRITE_PROT
            address = self.clock.detail_value
            access = MAY_WRITE if write else MAY_READ
            self._on_refusal(Refusal(address & -PAGE, access, Denied.MPU, self.clock.it_state), address)
            return
        if self._refusal is not None:
            self._on_refusal(self._refusal)
            return
        if not exceptions.thumb:
            self._fault(INVSTATE, pc)
            return
        if error == uc_const.UC_ERR_INSN_INVALID:
            last = self._last()
            ended = last is not None and pc == last.address + last.size
            kind = last.instructions[-1].kind if last is not None else Kind.UNDEFINED
            if ended and kind is Kind.WFE:
                if exceptions.event_register:
                    exceptions.event_register = False
                else:
                    self.sleeping = Kind.WFE
            elif not (ended and kind is Kind.YIELD):
                self._refund(pc)
                self._fault(UNDEFINSTR, pc)
        else:
            raise CmsimError(f"unicorn stopped with error {error} at pc 0x{pc:08x}; please report this")

    def _instruction(self, pc: int) -> Instruction:
        memory = self.bus.memory(pc, 2)
        if memory is None:
            return Instruction(pc, 2, Kind.UNDEFINED, 0)
        data, offset = memory
        return next(decode(bytes(data[offset : offset + 4]), pc), Instruction(pc, 2, Kind.UNDEFINED, 0))

    def _operand_address(self, instruction: Instruction) -> int:
        """The address that a load or store uses, from the registers as they are in front of it."""
        core = self.registers.core.read()
        base = (instruction.address + 4 & ~3) if instruction.base == PC else core[instruction.base]
        index = 0 if instruction.index == NO_REGISTER else core[instruction.index] << instruction.shift
        return base + index + instruction.offset & 0xFFFF_FFFF

    def _on_refusal(self, refusal: Refusal, address: int | None = None) -> None:
        """The memory map refused an access: a store to flash, or a fault."""
        pc = self.exceptions.pc
        if refusal.access == EXECUTE:
            cause = IBUSERR if refusal.why is Denied.UNMAPPED else IACCVIOL
            self._fault(cause, pc)
            return
        self._refund(pc)
        if refusal.it_state:
            self.registers.write(st.CPSR, self.registers.read(st.CPSR) | refusal.it_state)
        instruction = self._instruction(pc)
        if address is None:
            address = self._operand_address(instruction)
            if address // PAGE != refusal.page // PAGE:
                address = max(address, refusal.page)  # a multiple access that runs into the page
        if refusal.why is Denied.READ_ONLY and self.flash_store.perform(instruction, address):
            self._skip(instruction)
            return
        if address == STIR and self.scb.user_set_pend and instruction.kind is Kind.STORE and instruction.width == 4:
            self._nvic.write(NvicRegisters.STIR.offset, self.flash_store.words(instruction)[0])
            self._skip(instruction)
            return
        if refusal.why is Denied.MPU:
            self._fault(DACCVIOL, pc, address)
        elif self.scb.ignore_bus_faults and self.exceptions.execution_priority() <= -1:
            self._skip(instruction)
        elif instruction.kind in STORES and not self.scb.disable_write_buffer and refusal.why is not Denied.PRIVILEGE:
            self._skip(instruction)
            self.exceptions.fault(IMPRECISERR & ~BFARVALID, self.exceptions.pc, address)
        else:
            self._fault(PRECISERR, pc, address)

    def _skip(self, instruction: Instruction) -> None:
        """Go on behind `instruction`, which was carried out here."""
        self.clock.cycles += self.timing.block([instruction]).cycles
        self.clock.instructions += 1
        self.exceptions.pc = self.clock.fall_through = instruction.end
        cpsr = self.registers.read(st.CPSR)
        if cpsr & st.IT_BITS:
            self.registers.write(st.CPSR, cpsr & ~st.IT_BITS | _advance_it(cpsr))


def _advance_it(cpsr: int) -> int:
    """ITSTATE for the next instruction, in CPSR's bits (DDI 0403E, ITAdvance())."""
    state = cpsr >> 10 & 0x3F
    state = state << 2 | cpsr >> 25 & 3
    state = 0 if not state & 7 else state & 0xE0 | state << 1 & 0x1F
    return (state & 3) << 25 | (state >> 2) << 10


def _runs(pages: list[int]) -> list[tuple[int, int]]:
    """(first page, count) of each run of neighbouring pages."""
    runs: list[tuple[int, int]] = []
    for page in pages:
        if runs and runs[-1][0] + runs[-1][1] == page:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((page, 1))
    return runs


__all__ = ["BlockFlag", "Cpu", "Outcome", "State"]
