"""Function entries and their returns: what the CPU stops in front of, and whom that concerns."""

from __future__ import annotations

from collections.abc import Callable

from ..cortex_m import state as st
from ..cortex_m.cpu import Cpu
from ..errors import UsageError

Callback = Callable[[], None]


class Watches:
    """Callbacks in front of instructions. Elsewhere they cost nothing."""

    def __init__(self, cpu: Cpu) -> None:
        self.cpu = cpu
        cpu.on_watch = self._stopped
        cpu.exceptions.on_leave = self._returned
        self._entries: dict[int, list[Callback]] = {}
        self._returns: dict[int, list[tuple[int, Callback]]] = {}
        """Return address -> (stack pointer at the call, callback), innermost last."""
        self.on_forget: list[Callback] = []
        """Called when calls in progress will never return."""

    def on_entry(self, address: int, callback: Callback) -> Callback:
        """Call `callback` before the instruction at `address` runs; the result undoes it. UsageError outside memory."""
        bus = self.cpu.bus
        if bus.memory(address, 2) is None and address not in bus.shown_at:
            raise UsageError(f"0x{address:08x}: no code can run there; give an address in flash or RAM")
        self._entries.setdefault(address, []).append(callback)
        self.cpu.watch(address)

        def undo() -> None:
            self._entries[address].remove(callback)
            self._drop(address)

        return undo

    def on_return(self, callback: Callback, address: int | None = None) -> None:
        """At a function's entry: call `callback` once when this call has returned.

        An exception handler returns to an EXC_RETURN value: it counts up to the branch, before unstacking. In front of
        the call instead of at the entry, give the `address` behind it.
        """
        if address is None:
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
        for callback in self.on_forget:
            callback()

    def _drop(self, address: int) -> None:
        if self._entries.get(address) or self._returns.get(address) or self.cpu.bus.memory(address, 2) is None:
            return
        self.cpu.unwatch(address)

    def _returned(self, address: int) -> None:
        """Somebody arrives at `address`: whose stack pointer is back where it was has returned.

        Recursive calls, interrupts and other threads pass here with another stack pointer.
        """
        waiting = self._returns.get(address & ~1)
        if not waiting:
            return
        sp = self.cpu.registers.read(st.SP)
        done = [callback for at, callback in waiting if at == sp]
        waiting[:] = [call for call in waiting if call[0] != sp]
        if not waiting:
            del self._returns[address & ~1]
            self._drop(address & ~1)
        for callback in reversed(done):
            callback()

    def _stopped(self, address: int) -> None:
        self._returned(address)
        for callback in tuple(self._entries.get(address, ())):
            callback()
