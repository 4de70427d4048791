"""Pulse trains: a TIMER that clears itself and toggles a pin through PPI, as a clock for something outside.

Millions of such events a second that nobody looks at one by one. While nothing else depends on them, TIMER hands the
train over: PPI passes it on to GPIOTE, which declares a clock on its pin (`Pin.drive_clock`) in place of edges. Whoever
touches one of the three ends the train first; from then on every event comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from cmsim.kernel import Rate

SHORTEST_EDGE_PERIOD = 1024
"""CPU cycles: slower waves are told edge by edge (as those of PWM)."""


@runtime_checkable
class Follower(Protocol):
    """A subscriber of an event that can take many of them at once."""

    def can_follow(self) -> bool:
        """Whether all that follows from the event is a pin that toggles."""

    def follow(self, wave: Rate, end: Callable[[], None]) -> None:
        """From now on the event comes twice in each tick of `wave`; call `end` before anything changes."""

    def unfollow(self, events: int) -> None:
        """So many events came since; from now on each is told."""


class Train:
    """One train under way: an event every `step` cycles after `origin`."""

    def __init__(self, origin: int, step: int, followers: Iterable[Any], end: Callable[[], None]) -> None:
        self.origin, self.step, self._followers = origin, step, list(followers)
        for follower in self._followers:
            follower.follow(Rate(2 * step), end)

    def passed(self, now: int) -> int:
        """Events up to and with `now`."""
        return (now - self.origin) // self.step

    def close(self, now: int) -> None:
        """Tell the followers how many events there were."""
        for follower in self._followers:
            follower.unfollow(self.passed(now))
