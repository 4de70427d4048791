"""Function entries and their returns: what the CPU stops in front of, and whom that concerns."""

from __future__ import annotations

from collections.abc import Callable

from ..cortex_m import state as st
from ..cortex_m.cpu import Cpu

Callback = Callable[[], None]


class Watches:
    """Callbacks in front of instructions. Elsewhere they cost nothing."""

    def __init__(self, cpu: Cpu) -> None:
        self.cpu = cpu
        cpu.on_watch = self._stopped
        self._entries: dict[int, list[Callback]] = {}
        self._returns: dict[int, list[tuple[int, Callback]]] = {}
        """Return address -> (stack pointer at the call, callback), innermost last."""

    def on_entry(self, address: int, callback: Callback) -> Callback:
        """Call `callback` before the instruction at `address` runs; the result undoes it."""
        self._entries.setdefault(address, []).append(callback)
        self.cpu.watch(address)

        def undo() -> None:
            self._entries[address].remove(callback)
            self._drop(address)

        return undo

    def on_return(self, callback: Callback) -> None:
        """At a function's entry: call `callback` once when this call has returned."""
        address = self.cpu.registers.read(st.LR) & ~1
        sp = self.cpu.registers.read(st.SP)
        self._returns.setdefault(address, []).append((sp, callback))
        if self.cpu.bus.memory(address, 2) is not None:
            self.cpu.watch(address)

    def forget_returns(self) -> None:
        """After a reset no call returns."""
        addresses = list(self._returns)
        self._returns.clear()
        for address in addresses:
            self._drop(address)

    def _drop(self, address: int) -> None:
        if not self._entries.get(address) and not self._returns.get(address):
            self.cpu.unwatch(address)

    def _stopped(self, address: int) -> None:
        waiting = self._returns.get(address)
        if waiting:
            # The stack grows down: a recursive call passes here with a lower stack pointer than ours.
            sp = self.cpu.registers.read(st.SP)
            while waiting and waiting[-1][0] <= sp:
                waiting.pop()[1]()
            if not waiting:
                del self._returns[address]
                self._drop(address)
        for callback in tuple(self._entries.get(address, ())):
            callback()
