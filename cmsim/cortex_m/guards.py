"""MPU rights finer than a page: guarded pages are mapped as devices, and native code looks at each access.

Unicorn caches rights for pages of 1 KB, MPU regions may be 32 bytes (a stack guard). Pages on which rights differ are
therefore answered from a second, device-like mapping of the same memory at an address that programs cannot reach; only
accesses to such pages are slower.
"""

from __future__ import annotations

import ctypes as ct

import numpy as np

from .blocks import CodeMemory
from .bus import GRANULE, PAGE, Bus
from .hot import Guard
from .mpu import READ, WRITE, Mpu

FIRST_PHYSICAL = 0x6000_0000
KNOWN = 64
"""Settings of the MPU that are remembered."""


class Guards:
    """One `Guard` for each memory, its rights by granules of 32 bytes. The last memory is RAM once more, as far as it
    is watched (watched.py)."""

    def __init__(self, bus: Bus, mpu: Mpu, memories: tuple[CodeMemory, ...]) -> None:
        self.bus, self.mpu = bus, mpu
        self._known: dict[tuple[bool, tuple[int, ...]], list[tuple[int, int, list[int]]]] = {}
        """By the settings that they follow from: kernels go back and forth between a few."""
        self._rights = [np.zeros(len(memory.data) // GRANULE + 1, np.uint8) for memory in memories]
        physical, guards = FIRST_PHYSICAL, []
        for memory, rights in zip(memories, self._rights, strict=True):
            live = ct.addressof((ct.c_char * len(memory.data)).from_buffer(memory.data))
            guards.append(Guard(physical, memory.base, len(memory.data), live, rights.ctypes.data))
            physical += len(memory.data)
        self.guards = (Guard * len(guards))(*guards)

    def forget(self) -> None:
        """Rights have changed that the MPU does not know of."""
        self._known.clear()

    def physical(self, address: int, watched: bool = False) -> int | None:
        """Where the guarded mapping of `address` lies; None if it is not in a memory."""
        for guard in self.guards[-1:] if watched else self.guards:
            if guard.base <= address < guard.base + guard.size:
                return int(guard.physical + address - guard.base)
        return None

    def update(self, ignore_mpu: bool = False) -> int:
        """Work out the rights on all mixed pages anew; returns how many guards native code must look at."""
        if not self.mpu.enabled:
            return 0
        key = ignore_mpu, self.mpu.settings
        pages = self._known.get(key)
        if pages is None:
            if len(self._known) >= KNOWN:
                self._known.clear()
            pages = self._known[key] = self._pages(ignore_mpu)
        for n, granule, rights in pages:
            self._rights[n][granule : granule + len(rights)] = rights
        return len(self.guards) if pages else 0

    def _pages(self, ignore_mpu: bool) -> list[tuple[int, int, list[int]]]:
        """(number of the guard, first granule, rights) of each mixed page."""
        pages = []
        for page in self._mixed_pages():
            for n, guard in enumerate(self.guards):
                if guard.base <= page < guard.base + guard.size:
                    rights = [self._granule(address, ignore_mpu) for address in range(page, page + PAGE, GRANULE)]
                    pages.append((n, (page - guard.base) // GRANULE, rights))
        return pages

    def _mixed_pages(self) -> set[int]:
        pages: set[int] = set()
        for region in self.mpu.regions:
            edges = [region.base, region.base + region.size]
            if region.size >= 256 and region.disabled_subregions:
                edges = list(range(region.base, region.base + region.size + 1, region.size // 8))
            for edge in edges:
                for page in {edge & -PAGE, edge - 1 & -PAGE}:
                    if page >= 0 and self.mpu.mixed(page, PAGE):
                        pages.add(page)
        return pages

    def _granule(self, address: int, ignore_mpu: bool) -> int:
        rights = 0
        for shift, privileged in ((0, True), (2, False)):
            for bit, access in ((1, READ), (2, WRITE)):
                if self.bus.denied(address, access, privileged, ignore_mpu) is None:
                    rights |= bit << shift
        return rights
