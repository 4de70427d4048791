"""System OFF: the chip sleeps without clocks until a wake-up source resets it (nRF52840 PS v1.8, section 5.3.2).

Blocks name what can wake the chip in `Soc.wake_sources`. Everything else is reset when the sleep begins, because it has
no clock any more; the parts of the board and time itself go on.
"""

from __future__ import annotations

from collections.abc import Callable

from .soc import Soc


class SystemOff:
    """One chip's System OFF."""

    def __init__(self, soc: Soc) -> None:
        self.soc = soc
        self.entered = False
        self.reason: str | None = None
        """Why the chip wakes; None while it sleeps. `wake` sets it, too."""
        self.listeners: list[Callable[[bool], None]] = []
        """Called as the sleep begins (True) and as it has ended."""
        self._undo: list[Callable[[], None]] = []

    def wake(self, reason: str) -> None:
        """Something ended the sleep; the first reason counts."""
        self.reason = self.reason or reason

    def enter(self) -> None:
        """All clocks stop; the sources listen."""
        self.entered, self.reason = True, None
        self.soc.reset_reason = "off"
        for listener in self.listeners:
            listener(True)
        keepers = {source.block for source in self.soc.wake_sources}
        for name, block in self.soc.blocks.items():
            members = getattr(block, "personalities", None)
            names = {member.name for member in members.values()} if members else {name}
            if not names & keepers:
                block.reset()
        for source in self.soc.wake_sources:
            source.arm(True)

            def crossed(level: bool, reason: str = source.reason) -> None:
                if level:
                    self.wake(reason)

            self._undo.append(source.line.listen(crossed))
            if source.level and source.line.level:
                self.wake(source.reason)

    @property
    def hopeless(self) -> bool:
        """Whether nothing can wake the chip: no source is set up, or nothing will ever happen."""
        armed = any(source.ready() for source in self.soc.wake_sources)
        return self.reason is None and not (armed and self.soc.scheduler.next_due is not None)

    def sleep(self, until: int) -> int:
        """Let time pass until something wakes the chip, or `until`; the cycle at which that was."""
        scheduler = self.soc.scheduler
        while self.reason is None and (due := scheduler.next_due) is not None and due <= until:
            scheduler.advance(due)
        if self.reason is None:
            scheduler.advance(until)
        return scheduler.now

    def leave(self) -> str:
        """Awake: the reason of the reset that follows."""
        for undo in self._undo:
            undo()
        for source in self.soc.wake_sources:
            source.arm(False)
        reason, self._undo, self.entered, self.reason = self.reason or "off", [], False, None
        for listener in self.listeners:
            listener(False)
        return reason
