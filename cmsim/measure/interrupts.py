"""How long exceptions ran, so that what they interrupted can be told apart from them.

Not modelled: an inference that itself runs in a handler is charged with what preempts it; time that other threads took
after a switch counts to the interrupted one.
"""

from __future__ import annotations

from ..cortex_m.cpu import Cpu


class InterruptMeter:
    """Cycles from the start of stacking to the end of unstacking, nested and tail-chained exceptions counted once."""

    def __init__(self, cpu: Cpu) -> None:
        self.cycles = 0
        """Of all exceptions that have returned to Thread mode."""
        self._clock = cpu.clock
        self._depth = 0
        self._began = 0
        cpu.exceptions.on_switch.append(self._switched)

    def _switched(self, what: str, sp: int, began: int) -> None:
        if what == "enter":
            if self._depth == 0:
                self._began = began
            self._depth += 1
        elif what == "return" and self._depth:
            self._depth -= 1
            if self._depth == 0:
                self.cycles += self._clock.cycles - self._began

    def reset(self) -> None:
        """No exception that had begun returns."""
        self._depth = 0
