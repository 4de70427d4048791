"""The memories of the nRF52840 as the CPU's buses feel them: wait states of fetches and of loads.

Code runs from flash through ICODE (with the instruction cache on or off, NVMC.ICACHECNF), from RAM through the system
bus, or from RAM's code alias through ICODE. Flash delivers lines of 16 bytes: the first word of a line waits, the
others do not (nRF52840 PS, CPU and NVMC chapters; the loop that takes 4, 5 or 6 cycles by its alignment, rust-embedded
cortex-m issue 151). Loads from flash go through DCODE and are never cached; they wait for a line as well: literals that
follow each other in one wait once, and so do the words that one instruction loads from it. (A wait for each word would
put P256-Cortex-M4 up to 1 % higher.)

The cache's geometry is not published. 2 KB in two ways with lines of 16 bytes and three cycles a miss reproduces all
three counts of P256-Cortex-M4 on this chip within 0.6 % (docs/timing.md), where 1 KB is 20 % too slow, 4 KB 5 % too
fast, and other replacements than the least recently used line 1 % slower.

The CPU goes first where it and EasyDMA want the same RAM block (PS, AHB multilayer). That a word which is under way
holds it up for a cycle is in the upper bound, for each word that moves while the CPU runs, in whichever block.

Not modelled: a line that DCODE still has from the block before, contention of ICODE and DCODE for flash, EasyDMA's
waiting for the CPU, loads and stores of RAM through the code alias (as fast as through the system bus), stores to
peripherals (buffered).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from .model import Code, Cycles, MemoryCosts
from .parameters import Bound, Parameter

UNALIGNED_LOAD = Cycles(1)
"""A load of a word at an odd halfword or of a halfword at an odd byte costs one more, of a word at an odd byte two
(i-0.nl compendium, measured). Stores hide it behind the write buffer."""
LINE = 16
"""Bytes of a flash line and of a cache line."""


@dataclass(frozen=True)
class MemoryParameters:
    """Open figures of the memory system."""

    flash_line: Parameter = Parameter(
        1, 2, 2, "PS, CPU chapter: 0 to 2 wait states from flash with the cache off"
    )
    cache_miss: Parameter = Parameter(2, 3, 3, "PS, CPU chapter: 0 to 3 wait states on a cache miss")
    flash_load: Parameter = Parameter(
        0, 1, 2, "a line loaded from flash through DCODE; U-TOE's equal counts on flash with a data cache speak for few"
    )
    ram_fetch: Parameter = Parameter(
        1, 1, 1, "code in RAM at 0x20000000 ran 77 % slower than from the alias (probe-rs PR 1818)"
    )
    peripheral_load: Parameter = Parameter(1, 2, 4, "APB bridge at the CPU's clock; not published")
    dma_word: Parameter = Parameter(0, 0, 1, "PS, AHB multilayer: the CPU goes first, a word under way may hold it up")

    def costs(self) -> MemoryCosts:
        """What native code charges by access."""
        names = ("flash_line", "cache_miss", "flash_load", "peripheral_load", "dma_word")
        figures = {name: getattr(self, name) for name in names}
        open_figures = {name: Cycles.of(p.low, p.best, p.high) for name, p in figures.items()}
        return MemoryCosts(unaligned_load=UNALIGNED_LOAD, **open_figures)

    def values(self, bound: Bound) -> MemoryValues:
        """The figures for one of the three sums."""
        return MemoryValues(**{f.name: getattr(self, f.name).at(bound) for f in fields(self)})


@dataclass(frozen=True)
class MemoryValues:
    """One choice of the figures, in cycles."""

    flash_line: int
    cache_miss: int
    flash_load: int
    ram_fetch: int
    peripheral_load: int
    dma_word: int


def fetch_waits(address: int, size: int, code: Code, values: MemoryValues) -> Sequence[int]:
    """Extra cycles for each word of [address, address + size), its first line being at hand already."""
    words = range(address >> 2, (address + size + 3) >> 2)
    first_line = address // LINE
    if code is Code.FLASH:
        return [
            values.flash_line if 4 * word % LINE == 0 and 4 * word // LINE != first_line else 0 for word in words
        ]
    if code is Code.RAM:
        return [values.ram_fetch] * len(words)
    return [0] * len(words)
