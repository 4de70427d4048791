"""How code is fetched from flash, as NVMC sets it: in lines, through the instruction cache, counting hits and misses.

The cache itself is native code's (`struct cache_set`); this file says which way counts and empties it.
"""

from __future__ import annotations

from ..timing import Code, MemoryCosts
from .blocks import BlockTable
from .hot import CACHE_LINES, NO_LINE, Clock, FetchMode


class Fetches:
    """NVMC.ICACHECNF, as far as time is concerned."""

    def __init__(self, clock: Clock, blocks: BlockTable, costs: MemoryCosts) -> None:
        self.clock, self.blocks, self.costs = clock, blocks, costs
        self.switch(False, False)

    def switch(self, enabled: bool, profiled: bool) -> None:
        """ICACHECNF was written: what runs from flash is fetched in another way."""
        clock, costs = self.clock, self.costs
        self._changed()
        code = Code.FLASH_CACHED if enabled else Code.FLASH
        if code is not self.blocks.flash_code:
            self.blocks.flash_code = code
            self.blocks.forget_all()
        if not enabled:
            clock.fetch_mode = FetchMode.LINES if costs.flash_line.best else FetchMode.FREE
            self.invalidate()
        elif profiled:
            clock.fetch_mode = FetchMode.PROFILED
        else:
            clock.fetch_mode = FetchMode.CACHED if costs.cache_miss.best else FetchMode.FREE

    def invalidate(self) -> None:
        """No line is in the cache."""
        self._changed()
        self.clock.cache[:] = [NO_LINE] * CACHE_LINES

    def _changed(self) -> None:
        """What native code remembers of a loop's cost and of lines in their places is void."""
        self.clock.round, self.clock.limit = 1, 0
        self.clock.reordered += 1

    @property
    def counts(self) -> tuple[int, int]:
        """(hits, misses) while profiled."""
        return self.clock.hits - self.clock.misses, self.clock.misses
