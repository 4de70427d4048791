"""Function entries and their returns: what the CPU stops in front of, and whom that concerns.

longjmp and the unwinder of C++ exceptions leave calls without a return. They are found by symbol, and tell where SP
will be: which calls are gone is known before they jump.

Not modelled: other ways to leave a function (a kernel that ends a thread within a call): these wait for ever;
coroutines that change stacks by longjmp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..cortex_m import state as st
from ..cortex_m.cpu import Cpu
from ..errors import UsageError
from ..image import Image
from .arguments import word

Callback = Callable[[], None]
JUMPS = {"longjmp": 32, "_longjmp": 32, "siglongjmp": 32, "restore_core_regs": 52, "__restore_core_regs": 52}
"""Function -> where the new SP stands behind R0: newlib's and picolibc's jmp_buf, libgcc's `struct core_regs`."""


class Waiting(NamedTuple):
    """A call that has not returned: SP at the call, and whom to tell."""

    sp: int
    returned: Callback
    left: Callback | None


class Watches:
    """Callbacks in front of instructions. Elsewhere they cost nothing."""

    def __init__(self, cpu: Cpu, image: Image | None = None) -> None:
        self.cpu = cpu
        cpu.on_watch = self._stopped
        cpu.exceptions.on_leave = self._returned
        self._entries: dict[int, list[Callback]] = {}
        self._returns: dict[int, list[Waiting]] = {}
        """Return address -> who waits there, innermost last."""
        self.on_forget: list[Callback] = []
        """Called when calls in progress will never return."""
        jumps = {name: image.symbols.get(name) for name in JUMPS} if image is not None else {}
        places = {symbol.address & ~1: JUMPS[name] for name, symbol in jumps.items() if symbol is not None}
        for address, offset in places.items():
            self.on_entry(address, lambda offset=offset: self._jumps(offset))  # type: ignore[misc]

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

    def on_return(self, callback: Callback, address: int | None = None, left: Callback | None = None) -> None:
        """At a function's entry: call `callback` once when this call has returned, or `left` when it is left otherwise.

        An exception handler returns to an EXC_RETURN value: it counts up to the branch, before unstacking. In front of
        the call instead of at the entry, give the `address` behind it.
        """
        if address is None:
            address = self.cpu.registers.read(st.LR) & ~1
        sp = self.cpu.registers.read(st.SP)
        self._returns.setdefault(address, []).append(Waiting(sp, callback, left))
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
        for call in self._take(address & ~1, sp, sp):
            call.returned()

    def _take(self, address: int, low: int, high: int) -> list[Waiting]:
        """Those that wait at `address`, called with SP from `low` to `high`, innermost first; they wait no more."""
        waiting = self._returns[address]
        taken = [call for call in waiting if low <= call.sp <= high]
        waiting[:] = [call for call in waiting if not low <= call.sp <= high]
        if not waiting:
            del self._returns[address]
            self._drop(address)
        return taken[::-1]

    def _jumps(self, offset: int) -> None:
        """In front of a jump: the calls between here and where SP will be are gone, the jump's own included."""
        core = self.cpu.registers.core.read()
        sp, target = core[13], word(self.cpu, core[0] + offset)
        if target is None or target < sp:
            return
        for call in [call for address in tuple(self._returns) for call in self._take(address, sp, target)]:
            if call.left is not None:
                call.left()

    def _stopped(self, address: int) -> None:
        self._returned(address)
        for callback in tuple(self._entries.get(address, ())):
            callback()
