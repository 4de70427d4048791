"""Loads and stores of watched addresses, told one by one; nothing is in their way while nobody watches.

Devices answer by callback anyway. RAM does not: while it is watched, Unicorn finds the pages that hold watched bytes at
another address, where a device answers from the same memory. Pages on which the MPU's rights differ have a second such
place, among the guards (guards.py), so that what the MPU refuses is refused first.

Not modelled: instruction fetches, and RAM by its alias in the code region, which tell nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..soc import Seen
from .bus import PAGE

PHYSICAL = 0x6800_0000
"""Where watched RAM is mapped; programs cannot reach that."""


class Watched:
    """Which addresses, and who is told."""

    def __init__(self, ram: range) -> None:
        self._ram = ram
        self.ranges: tuple[range, ...] = ()
        self.seen: Seen = lambda address, size, store: None

    def set(self, addresses: Sequence[range], seen: Seen) -> None:
        """Watch these; none to stop."""
        self.ranges, self.seen = tuple(r for r in addresses if r), seen

    def physical(self, address: int) -> int | None:
        """Where Unicorn is to find the page of `address`; None for its own place."""
        if address not in self._ram:
            return None
        page = address & -PAGE
        if any(r.start < page + PAGE and page < r.stop for r in self.ranges):
            return PHYSICAL + address - self._ram.start
        return None

    def tell(self, address: int, size: int, store: bool) -> None:
        """An access has been made: `seen` hears of it if it touches what is watched."""
        if any(r.start < address + size and address < r.stop for r in self.ranges):
            self.seen(address, size, store)
