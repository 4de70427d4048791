"""Exceptions are taken behind the instruction in which they become due, though Unicorn stops between blocks only.

Follows Arm DDI 0403E, B1.5.9 and B1.5.10, and DDI 0439D, 3.9: a divide is abandoned and executed again, a load or store
of many words goes on behind the exception; inside an IT block it is executed again.

When Unicorn stops, the block has run to its end. If an exception became due on the way, the clock goes back to the end
of the instruction behind which it is taken, and what the block took from there on is owed until the exception returns.
So the handler finds the time that it would find on silicon; memory and registers it finds as behind the block.

Not modelled: an exception that becomes due in front of the last device access of a block is taken behind that access,
one in a block that changes masks, or in what is owed, at the end of that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ..kernel import Scheduler
from .account import Account, Owed, Rest
from .blocks import Learned
from .decode import Kind
from .exceptions import ExceptionUnit
from .hot import BlockFlag, Clock

BY_WORDS = frozenset({Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE})
INTERRUPTIBLE = BY_WORDS | {Kind.DIV}


class Preemption:
    """Looks back at the block that ran last."""

    def __init__(self, scheduler: Scheduler, clock: Clock, account: Account, exceptions: ExceptionUnit) -> None:
        self.scheduler, self.clock, self.account, self.exceptions = scheduler, clock, account, exceptions
        exceptions.on_resume.append(self._resume)

    def look_back(self) -> None:
        """Let time pass up to the moment in the block that ran last at which an exception is taken, if there is one."""
        scheduler, clock, exceptions = self.scheduler, self.clock, self.exceptions
        rest = self.account.open
        moment = scheduler.now if exceptions.preempted else scheduler.next_due
        block = self.account.ran_last
        if block is None or block.price.flags & BlockFlag.MASKS:
            return
        while moment is not None and moment <= clock.cycles:
            at, owed = self._taken(block, moment, rest)
            scheduler.advance(at)
            if exceptions.preempted:
                clock.cycles = at
                if owed or rest is not None:
                    exceptions.owed = Owed(block.address, owed, exceptions.pc, rest)
                return
            moment = scheduler.next_due

    def _resume(self, owed: Owed) -> None:
        self.account.open = owed.rest

    def _starts(self, block: Learned) -> Sequence[int]:
        """`Price.starts`, with what registers decided when it ran last."""
        starts = block.price.starts
        if block.is_steady:
            return starts
        rests = [Rest.of(block, number, self.clock).cycles for number in range(block.price.length)]
        return [*(rests[0] - rest for rest in rests), rests[0]]

    def _taken(self, block: Learned, moment: int, rest: Rest | None) -> tuple[int, int]:
        """When an exception is taken that becomes due at `moment`, and the cycles that are owed then.

        `rest`: what has not run yet of the block.
        """
        clock, starts = self.clock, self._starts(block)
        begin = clock.cycles + (0 if rest is None else rest.cycles) - starts[-1]
        number = bisect_left(starts, moment - begin)
        again = at = begin + starts[number]
        if at > moment and number and block.instructions[number - 1].kind in INTERRUPTIBLE:
            instruction = block.instructions[number - 1]
            goes_on = instruction.kind in BY_WORDS and not instruction.in_it
            at, again = moment, moment if goes_on else begin + starts[number - 1]
        if at >= clock.cycles:
            return at, 0
        refill = block.price.exit if self.exceptions.pc != clock.fall_through else 0
        return at, clock.cycles - again + refill
