"""Hooks in front of single instructions: watched ones, and those about which a block alone cannot tell enough."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable

from ..timing import TimingModel
from . import _hot
from .analysis import HookRequest
from .blocks import BlockTable
from .decode import Instruction, Kind
from .engine import Engine
from .hot import Hook, HookKind


class Hooks:
    """Installs what the block table asks for, and arms it."""

    def __init__(
        self, engine: Engine, blocks: BlockTable, timing: TimingModel, instruction: Callable[[int], Instruction]
    ) -> None:
        self.engine, self.blocks, self.timing = engine, blocks, timing
        self._instruction = instruction
        self._installed: list[tuple[Hook, HookRequest]] = []
        self._wanted: list[HookRequest] = []
        self._wanted_sev: list[int] = []
        self._break: tuple[Hook, Callable[[int], None]] | None = None
        blocks.request_hook = self._wanted.append
        blocks.request_sev = self._wanted_sev.append

    def request(self, number: int) -> HookRequest:
        """What the hook with this number was installed for."""
        return self._installed[number][1]

    def relearn(self, pc: int) -> None:
        """The block at `pc` asked for hooks, or its code changed: what was translated is void."""
        clock = ct.addressof(self.engine.clock)
        for request in self._wanted:
            self._install(request)
        for address in self._wanted_sev:
            self.engine.add_code_hook(address, _hot.on_sev, clock)
        self._wanted.clear()
        self._wanted_sev.clear()
        self.engine.translate_block_anew(pc)

    def _install(self, request: HookRequest) -> Hook:
        access = None if request.access is None else ct.addressof(request.access)
        enabled = int(request.kind is not HookKind.BREAK)  # which `break_at` arms
        clock = ct.addressof(self.engine.clock)
        hook = Hook(clock, access, len(self._installed), request.kind, enabled, request.operand)
        self._installed.append((hook, request))
        self._set_enabled(hook, request)
        self.engine.add_code_hook(request.address, _hot.on_instruction, ct.addressof(hook))
        return hook

    def _set_enabled(self, hook: Hook, request: HookRequest) -> None:
        if request.kind is HookKind.ALIGNMENT:
            always = self._instruction(request.address).kind not in (Kind.LOAD, Kind.STORE)
            hook.enabled = int(self.blocks.traps.unaligned or always)
        elif request.kind is HookKind.DIVIDE:
            hook.enabled = int(self.blocks.traps.divide) | 2 * int(self.timing.data_dependent)
        elif request.kind is HookKind.WATCH:
            hook.enabled = int(request.address in self.blocks.watched)

    def traps_changed(self) -> None:
        """CCR makes other instructions trap."""
        for hook, request in self._installed:
            self._set_enabled(hook, request)

    def _enable_watch(self, address: int, enabled: bool) -> None:
        for hook, request in self._installed:
            if request.kind is HookKind.WATCH and request.address == address:
                hook.enabled = int(enabled)

    def watch(self, address: int) -> None:
        """Stop in front of the instruction at `address` from now on."""
        if self.blocks.watch(address):
            self.engine.stale_code = True
        self._enable_watch(address, True)

    def unwatch(self, address: int) -> None:
        """Undo `watch`."""
        self.blocks.unwatch(address)
        self._enable_watch(address, False)

    def break_at(self, address: int, action: Callable[[int], None]) -> None:
        """Run on to the instruction at `address`, then `action(address)`."""
        here = (h for h, request in self._installed if request.kind is HookKind.BREAK and request.address == address)
        hook = next(here, None)
        if hook is None:
            hook = self._install(HookRequest(HookKind.BREAK, address))
            self.engine.translate_anew()
        hook.enabled = 1
        self._break = hook, action
        self.engine.clock.resumed = 2

    def disarm(self) -> Callable[[int], None] | None:
        """Forget the break that was armed, since something else came first; what it would have done."""
        if self._break is None:
            return None
        (hook, action), self._break = self._break, None
        hook.enabled = 0
        return action
