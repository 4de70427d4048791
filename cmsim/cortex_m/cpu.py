"""The processor: Unicorn executes blocks, this file decides when it runs, why it stopped, and what follows.

Not modelled: FPDSCR is stored but new FP contexts start from its reset value; with FPCCR.ASPEN clear CONTROL.FPCA still
reads as set by FP instructions (frames are basic all the same); interrupts are taken between translation blocks, in
time (preemption.py), but a few instructions late; waking from sleep takes no time (tIDLE2CPU, 3 us with HFCLK off).
(engine.py and rights.py say what Unicorn adds.)
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from unicorn import unicorn_const as uc_const

from ..errors import CmsimError
from ..nordic import Unimplemented
from ..soc import Seen, Soc
from ..timing import Code, TimingModel
from . import state as st
from .accesses import Accesses
from .account import Account, Rest
from .blocks import BlockTable, CodeMemory, Learned
from .bus import PAGE, Bus, Denied, Refusal
from .decode import FLOATING_POINT, Kind
from .engine import Engine
from .exceptions import DIVBYZERO, INVSTATE, NOCP, UNALIGNED, UNDEFINSTR, ExceptionUnit, Lockup
from .fetches import Fetches
from .hooks import Hooks
from .hot import BLOCK, LEARN, SETTLED, Clock, HookKind, Span, Stack, Stop
from .mpu import READ as MAY_READ
from .mpu import WRITE as MAY_WRITE
from .mpu import Mpu
from .nvic import ExceptionState, NvicRegisters, SystemException
from .preemption import Preemption
from .refusals import Refusals
from .rights import Rights
from .scb import SystemControl
from .semihosting import Semihosting
from .synchronous import Synchronous
from .systick import SysTick
from .trace import Dwt, Itm

FOREVER = 1 << 62
DEBUG_BITS = 0x0100_07F1
"""Of DEMCR: TRCENA and the vector catches, which belong to the debug logic (DDI 0403E, C1.6.5)."""
FP_EXCEPTIONS = 0x9F
"""Of FPSCR: the cumulative exception flags (DDI 0403E, B1.4.3)."""
LONGEST_STRETCH = 1 << 28
"""Cycles after which Unicorn is left in any case: the bounds of a stretch fit in 32 bits."""
UNIMPLEMENTED = (("FPB", 0xE000_2000), ("TPIU", 0xE004_0000), ("ETM", 0xE004_1000), ("ROMTABLE", 0xE00F_F000))
"""Blocks of the private peripheral bus that are there and do nothing (DDI 0439D, 2.1)."""


class State(Enum):
    """Why `Cpu.run` returned."""

    LIMIT = "limit"
    REQUEST = "request"
    IDLE = "idle"
    LOCKUP = "lockup"


@dataclass
class Outcome:
    """How a stretch of execution ended."""

    state: State
    detail: str = ""


class Cpu:
    """A Cortex-M4F around one `Soc`."""

    def __init__(self, soc: Soc, timing: TimingModel) -> None:
        self.soc, self.timing = soc, timing
        self.scheduler = soc.scheduler
        self.clock = Clock(passed_hook=1, pc=1, paid=1)
        self.engine = Engine(self.clock, plain=timing.plain)
        self.registers = self.engine.registers
        self.states = ExceptionState(soc.chip.interrupts, soc.chip.priority_bits)
        self.scb = SystemControl(self.states)
        self.systick = SysTick(self.scheduler, self.states)
        self.mpu = Mpu()
        self.dwt = Dwt(self._counts, lambda: self.scb.trace_enabled)
        self.itm = Itm(soc.serial_port)
        self.bus = Bus(soc, self.mpu)
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
            cached=True,
        )
        self.semihosting = Semihosting(self.bus, soc)
        self.sleep_cycles = 0
        self.sleeping: Kind | None = None
        self.on_watch: Callable[[int], None] = lambda address: None
        self.on_sleep: Callable[[bool], None] = lambda asleep: None
        """The processor falls asleep (True) or wakes (False)."""
        self.on_overflow: Callable[[], None] = lambda: None
        """The block in front of us takes SP below the `guard` of the stack that `clock.deeper` points to."""
        self._error: BaseException | None = None
        self._requested = False
        self._account = Account(self.clock, self.blocks)
        self._preemption = Preemption(self.scheduler, self.clock, self._account, self.exceptions)
        self._at_watch: int | None = None
        """Where we stopped for `on_watch`, which has not been called yet."""
        ram = range(chip.ram_base, chip.ram_base + chip.ram_size)
        self._accesses = Accesses(self.clock, self.scheduler, self.bus, ram)
        self._fetches = Fetches(self.clock, self.blocks, timing.memory)
        self._synchronous = Synchronous(
            self.exceptions, self.states, self.scb, self.bus, self.semihosting, self.request_stop
        )
        self._map()
        self._connect()

    # --- construction -------------------------------------------------------------------------------------

    def _map(self) -> None:
        """Memories by pointer (they are the Soc's own bytes), devices by callback, rights by our own TLB fill."""
        for memory in self.blocks.memories:
            self.engine.map(memory.base, memory.data)
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
        self._accesses.map(self.engine, self.soc, _runs(self.bus.io_pages))
        self.rights = Rights(
            self.engine, self.bus, self.exceptions, self.blocks.memories, self._accesses.watched, self._guard
        )
        self._refusals = Refusals(
            self.engine, self.bus, self._account, self.exceptions, self.scb, nvic, self.timing
        )
        self.rights.on_shown_code = self.prepare_external_code
        if self.bus.shown is not None:
            self.bus.shown.on_change = self._shown_changed
        self.hooks = Hooks(self.engine, self.blocks, self.timing, self._refusals.instruction)

    def _connect(self) -> None:
        clock = self.clock
        clock.learn = self._learn = LEARN(self._on_learn)
        self._accesses.on_error = self._guard
        self._no_block = (ct.c_uint8 * BLOCK.itemsize)()
        clock.block = ct.addressof(self._no_block)
        for name, kind, *_ in Clock._fields_:
            if kind is Span:
                setattr(clock, name, Span(*getattr(self.timing.memory, name)))
        clock.flash_base, clock.flash_size = self.soc.chip.flash_base, self.soc.chip.flash_size
        self._follow_regions()
        clock.flash = self.blocks.regions[0].blocks
        self.scheduler.on_earlier = self._deadline_moved
        self.states.on_change = self.attention
        self.states.on_pend = self._on_pend
        self.scb.current_exception = lambda: self.exceptions.current
        self.scb.mask_priority = lambda: self.states.mask_priority(0, *self.registers.masks.read()[1:])
        self.scb.on_control = self._control_changed
        self.scb.on_trace = self.dwt.follow_enable
        self.dwt.on_profile = self._profile
        self.scb.on_reset = lambda: self.soc.hooks.reset("sreq")
        self.mpu.on_change = self._rights_changed
        self.exceptions.on_mode_change = self._exception_boundary
        self.soc.hooks.pc = lambda: clock.pc if self._accesses.under_way else self.exceptions.pc
        self.soc.hooks.stall = self._stall
        if any(self.timing.memory.dma_word):
            self.soc.hooks.dma = self._dma
        self.soc.hooks.code_changed = self._code_changed
        self.soc.hooks.cache_changed = self._fetches.switch
        self.soc.hooks.watch = self._watch_memory
        self.soc.hooks.hide = self._hide
        self.soc.hooks.fp_exceptions = lambda: self.registers.read(st.FPSCR) & FP_EXCEPTIONS
        self.soc.hooks.cache_counts = lambda: self._fetches.counts
        for block in self.soc.blocks.values():
            number = block.irq_number
            if block.base >> 28 == 4 and number < self.soc.chip.interrupts:
                self.states.connect(number, block.irq)
            look = getattr(block, "look", None)
            if look is not None:
                self.states.look_by(number, look)
            nmi = getattr(block, "nmi", None)
            if nmi is not None:
                self.states.follow(SystemException.NMI, nmi)

    def _follow_regions(self) -> None:
        self.clock.regions, self.clock.region_count = ct.addressof(self.blocks.regions), len(self.blocks.regions)

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

    # --- external memory --------------------------------------------------------------------------------------

    def prepare_external_code(self) -> None:
        """Count code in the external memory like any other from now on; its first fetch comes here by itself."""
        shown, base = self.bus.shown, self.bus.shown_at.start
        if shown is None or any(region.base == base for region in self.blocks.regions):
            return
        self.blocks.add(CodeMemory(base, shown.shown, True, Code.RAM_ALIAS))  # waits are not modelled
        self._follow_regions()

    def _hide(self, addresses: Sequence[range]) -> None:
        """`Hooks.hide`."""
        self.bus.hidden = tuple(addresses)
        self.rights.guards.forget()
        self.engine.forget_rights()
        self._rights_changed()

    def _shown_changed(self) -> None:
        self.engine.forget_rights()
        self.attention()

    def _watch_memory(self, addresses: Sequence[range], seen: Seen) -> None:
        """`Hooks.watch`. May be called by the store that asks for it: the very next access is told."""
        watching = self._accesses.watch(addresses, seen)
        self.exceptions.on_stacked = self._accesses.watched.tell if watching else None
        self.engine.forget_rights()

    # --- what others tell us ----------------------------------------------------------------------------------

    def attention(self) -> None:
        """Stop in front of the next block."""
        self.clock.attend()

    def request_stop(self) -> None:
        """`run` returns as soon as it can."""
        self._requested = True
        self.attention()

    def _deadline_moved(self, cycle: int) -> None:
        self.clock.deadline = min(self.clock.deadline, cycle)
        self.clock.limit = 0

    def _on_pend(self, number: int) -> None:
        if self.scb.sev_on_pend:
            self.exceptions.event_register = True

    def _stall(self, cycles: int) -> None:
        self.clock.cycles += cycles

    def _dma(self, words: int) -> None:
        if self.sleeping is None:
            cost = self.timing.memory.dma_word
            self.clock.cycles += words * cost.best
            self.clock.below += words * cost.below
            self.clock.above += words * cost.above

    def _code_changed(self, address: int, length: int) -> None:
        self.blocks.code_changed(address, length)
        self._fetches.invalidate()
        self.engine.stale_code = True
        self.attention()

    _behind = False
    """We stopped behind a block, or behind a part of one, and did nothing else."""
    _stale_monitor = False
    _asleep = False
    _without_mpu = False

    def _control_changed(self) -> None:
        traps = self.blocks.traps
        now = bool(self.scb.unalign_trap), bool(self.scb.divide_trap)
        if now != (traps.unaligned, traps.divide):
            traps.unaligned, traps.divide = now
            self.blocks.forget_all()
            self.hooks.traps_changed()
        self._mode_changed()

    def _rights_changed(self) -> None:
        self.engine.stale_rights = True
        self.attention()

    def _exception_boundary(self) -> None:
        self._stale_monitor = self.blocks.exclusives
        self._mode_changed()

    def _mode_changed(self) -> None:
        self.clock.fp_trap = int(not self._fp_enabled or self.scb.lazy_active)
        self.clock.limit = 0

    @property
    def _fp_enabled(self) -> bool:
        """CPACR lets the code that runs use the FPU."""
        return self.scb.fp_access == 3 or (self.scb.fp_access == 1 and self.exceptions.privileged)

    def _counts(self) -> tuple[int, int, int, int, int, int]:
        clock = self.clock
        cycles, instructions, load_store, folded = clock.cycles, clock.instructions, clock.load_store, clock.folded
        if self._accesses.under_way:
            cycles, instructions = clock.now, clock.now_instructions
            found = self.blocks.instruction_at(clock.address, clock.pc) if clock.counting else None
            if found is not None:
                rest = Rest.of(found[1], found[0], clock)
                load_store, folded = load_store - rest.load_store, folded - rest.folded
        return cycles - self.sleep_cycles, instructions, load_store, self.exceptions.exception_cycles, 0, folded

    def _profile(self, wanted: bool) -> None:
        """DWT's profiling counters were switched on or off: the prices of blocks have what they need, or do not."""
        if wanted != self.blocks.counting:
            self.blocks.counting = wanted
            self.blocks.forget_all()
            self.clock.counting, self.clock.limit = int(wanted), 0
            self.attention()

    # --- reset ----------------------------------------------------------------------------------------------

    def reset(self, vector_table: int, *, debug: bool = True) -> None:
        """The state after a system reset, with VTOR as a boot loader leaves it; of DWT, ITM and TRCENA if `debug`."""
        kept = 0 if debug else self.scb.DEMCR & DEBUG_BITS
        for block in (self.scb, self.systick, self.mpu, self._nvic):
            block.reset()
        if debug:
            self.dwt.reset()
            self.itm.reset()
        self.scb.DEMCR = kept
        self.states.reset()
        self.sleeping, self._asleep = None, False
        self._at_watch, self._behind = None, False
        self.exceptions.reset()
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
        self.engine.stale_code = self.engine.stale_rights = True

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
                if self._behind:
                    self._behind = False
                    self._preemption.look_back()
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
                    self.hooks.disarm()
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
        if not self._asleep:
            self.states.look()
        for_event = self.sleeping is Kind.WFE
        if exceptions.wakes(not for_event) or (for_event and exceptions.event_register):
            if for_event:
                exceptions.event_register = False
            self.sleeping = None
            if self._asleep:
                self._asleep = False
                self.systick.sleep(False)
                self.on_sleep(False)
            return None
        if not self._asleep:
            self._asleep = True
            self.systick.sleep(True)
            self.on_sleep(True)
        due = self.scheduler.next_due
        if due is None and idle_ends:
            why = " (SysTick stands still in sleep: use a TIMER or RTC)" if self.systick.counts else ""
            return Outcome(State.IDLE, f"asleep at 0x{exceptions.pc:08x} with nothing to wake it{why}")
        until = limit if due is None or due > limit else due
        if until > clock.cycles:
            self.sleep_cycles += until - clock.cycles
            clock.cycles = until
        return None

    def _refresh(self) -> None:
        """Drop what Unicorn has cached of rights and code that changed."""
        if self.mpu.enabled and not self.mpu.during_faults:
            masked = self.exceptions.execution_priority() < 0  # in HardFault and NMI, and by FAULTMASK
            self.engine.stale_rights |= masked != self._without_mpu
            self._without_mpu = masked
        if self.engine.stale_code:
            self.engine.translate_anew()
        if self.engine.stale_rights:
            self.rights.refresh()
        if self._stale_monitor:
            self._stale_monitor = False
            self.engine.clear_exclusive()

    def _execute(self) -> None:  # noqa: PLR0912 - one branch a reason
        """One stretch inside Unicorn, and what follows from the way it ended."""
        clock, exceptions = self.clock, self.exceptions
        clock.stop, clock.limit, clock.polled_count = Stop.NONE, 0, 0
        if not clock.resumed:
            clock.resumed = 1
        self.rights.refusal = None
        rest = self._account.pay(exceptions.pc)
        error = self.engine.execute(exceptions.pc | exceptions.thumb)
        clock.below += clock.recent & 0xFFFF_FFFF
        clock.above += clock.recent >> 32
        clock.recent = 0
        if clock.resumed in (0, SETTLED):
            clock.passed_hook = 1  # behind the place where we stopped: who comes there again stops again
        self._account.take_back(rest)
        clock.resumed = 0
        exceptions.pc = self.registers.read(st.PC)
        exceptions.thumb = bool(self.registers.read(st.CPSR) & st.CPSR_THUMB)
        if clock.sev:
            clock.sev = 0
            exceptions.event_register = True
        stop, broken = clock.stop, self.hooks.disarm()
        self._behind = stop in (Stop.DEADLINE, Stop.WATCH)
        if stop == Stop.DEADLINE or self._error is not None:
            return
        if stop == Stop.INTERRUPT:
            self._synchronous.take(clock.detail_value)
        elif stop != Stop.NONE and not exceptions.thumb:
            self._fault(INVSTATE, exceptions.pc)  # whatever the block seemed to contain
        elif stop == Stop.WATCH:
            self._watched(exceptions.pc)
        elif stop == Stop.STACK:
            self.on_overflow()
        elif stop == Stop.HOOK:
            self._on_hook(clock.detail_value, clock.pc, broken)
        elif stop == Stop.RELEARN:
            self.hooks.relearn(exceptions.pc)
        elif stop == Stop.FP:
            self._on_fp()
        elif stop in (Stop.ALIGNMENT, Stop.DIVIDE):
            self._on_check(clock.detail_value, UNALIGNED if stop == Stop.ALIGNMENT else DIVBYZERO)
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

    # --- hooks in front of instructions -------------------------------------------------------------------------

    def watch(self, address: int) -> None:
        """Call `on_watch` in front of the instruction at `address` from now on."""
        if address in self.bus.shown_at:
            self.prepare_external_code()
        self.hooks.watch(address)

    def unwatch(self, address: int) -> None:
        """Undo `watch`."""
        self.hooks.unwatch(address)

    def watch_stacks(self, stacks: ct.Array[Stack]) -> None:
        """Keep `deepest` of each stack true from now on. `stacks` must outlive the run."""
        self._stacks = stacks
        self.clock.stacks, self.clock.stack_count = ct.addressof(stacks), len(stacks)

    def _on_hook(self, number: int, address: int, broken: Callable[[int], None] | None) -> None:
        kind = self.hooks.request(number).kind
        if kind is HookKind.WATCH:
            # behind `address` in an IT block, which runs to its end
            self._account.open = self._account.refund(self.exceptions.pc)
            self._behind = True
            self._watched(address)
            return
        self._account.refund(address)
        if kind is HookKind.ALIGNMENT:
            self._fault(UNALIGNED, address)
        elif kind is HookKind.DIVIDE:
            self._fault(DIVBYZERO, address)
        elif broken is not None:
            broken(address)

    def _on_check(self, ordinal: int, cause: int) -> None:
        """The block in front of us will make an unaligned access or a divide that silicon refuses."""
        block = self.blocks.learned[self.exceptions.pc]
        address = block.instructions[ordinal].address
        if ordinal == 0:
            self._fault(cause, address)
        else:
            self.hooks.break_at(address, lambda at: self._fault(cause, at))

    def _on_fp(self) -> None:
        """The block in front of us uses the FPU while it is off, or before its registers were saved."""
        if self._fp_enabled:
            self.exceptions.save_lazily()
            self._mode_changed()  # the block is announced again and the trap is off now
            return
        block = self.blocks.learned[self.exceptions.pc]
        address = next(i.address for i in block.instructions if i.kind in FLOATING_POINT)
        if address == block.address:
            self._fault(NOCP, address)
        else:
            self.hooks.break_at(address, self._no_coprocessor)

    def _no_coprocessor(self, address: int) -> None:
        """At the first FP instruction of a block that began with the FPU off; CPACR may have been written since."""
        if self.clock.fp_trap:
            self._fault(NOCP, address)

    # --- faults and traps -----------------------------------------------------------------------------------------

    def _fault(self, cause: int, pc: int, address: int | None = None) -> None:
        self.exceptions.fault(cause, pc, address)

    def _on_error(self, error: int) -> None:
        exceptions = self.exceptions
        pc = exceptions.pc
        if self.clock.stop == Stop.DENIED:
            exceptions.pc = self.clock.pc  # within an IT block Unicorn's own is behind it
            write = error == uc_const.UC_ERR_WRITE_PROT
            address = self.clock.detail_value
            access = MAY_WRITE if write else MAY_READ
            self._refusals.handle(Refusal(address & -PAGE, access, Denied.MPU, self.clock.it_state), address)
            return
        if self.rights.refusal is not None:
            self._refusals.handle(self.rights.refusal)
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
                self._account.refund(pc)
                self._fault(UNDEFINSTR, pc)
        else:
            raise CmsimError(f"unicorn stopped with error {error} at pc 0x{pc:08x}; please report this")


def _runs(pages: list[int]) -> list[tuple[int, int]]:
    """(first page, count) of each run of neighbouring pages."""
    runs: list[tuple[int, int]] = []
    for page in pages:
        if runs and runs[-1][0] + runs[-1][1] == page:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((page, 1))
    return runs

