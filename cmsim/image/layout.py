"""Stacks and heaps by the names that start-up code, C libraries and real-time kernels give them.

Not modelled: stacks that a kernel takes from the heap at run time; where only a top is named (`_estack` alone) there is
no telling where the stack ends, so nothing is reported.
"""

from __future__ import annotations

from typing import NamedTuple

from cmsim.image.symbols import SymbolTable

STACK_OBJECTS = (
    "z_main_stack",  # Zephyr: the main thread
    "_main_stack",  # Mbed OS: the main thread
    "z_interrupt_stacks",  # Zephyr: the main stack pointer
    "_interrupt_stack",  # Zephyr before 2.4
)
"""Arrays that are a stack; the order is that of `Image.stacks`."""

STACK_ENDS = (
    ("__StackLimit", "__StackTop"),  # CMSIS start-up for GCC, nRF5 SDK, Mbed OS: the main stack pointer
    ("__stack_limit", "__stack"),
    ("_sstack", "_estack"),
    ("__stack_start__", "__stack_end__"),  # SEGGER
    ("Image$$ARM_LIB_STACK$$ZI$$Base", "Image$$ARM_LIB_STACK$$ZI$$Limit"),  # armlink
    ("__heap_end", "__stack"),  # picolibc: the stack begins where the heap ends
)
"""(lowest address, first address above)."""

STACK_SIZES = (("_estack", "_Min_Stack_Size"), ("__stack", "__stack_size"), ("__StackTop", "__stack_size__"))
"""(first address above, symbol whose value is the size)."""

HEAP_OBJECTS = ("kheap__system_heap", "z_malloc_heap_mem")
HEAP_ENDS = (
    ("__HeapBase", "__HeapLimit"),
    ("__end__", "__HeapLimit"),
    ("__mbed_sbrk_start", "__HeapLimit"),
    ("__heap_start", "__heap_end"),
    ("__heap_start__", "__heap_end__"),
    ("Image$$ARM_LIB_HEAP$$ZI$$Base", "Image$$ARM_LIB_HEAP$$ZI$$Limit"),
)
SBRK_STARTS = ("end", "_end", "__end__")
"""Where newlib's `_sbrk` begins to hand out memory; without a limit of its own it ends at the stack."""


class Bounds(NamedTuple):
    """The addresses from `low` up to but not including `high`, and the symbols that say so."""

    low: int
    high: int
    source: str

    @property
    def size(self) -> int:
        """In bytes."""
        return self.high - self.low


def stacks(symbols: SymbolTable) -> tuple[Bounds, ...]:
    """Every stack that can be told, that of `main` first, no two overlapping."""
    found = [_object(symbols, name) for name in STACK_OBJECTS]
    found += [_between(symbols, low, high) for low, high in STACK_ENDS]
    for top_name, size_name in STACK_SIZES:
        top, size = symbols.get(top_name), symbols.get(size_name)
        if top and size and 0 < size.address <= top.address:
            found.append(Bounds(top.address - size.address, top.address, f"{top_name} - {size_name}"))
    distinct: list[Bounds] = []
    for bounds in found:
        if bounds and not any(bounds.low < other.high and other.low < bounds.high for other in distinct):
            distinct.append(bounds)
    return tuple(distinct)


def heap(symbols: SymbolTable) -> Bounds | None:
    """The C heap."""
    found = [_object(symbols, name) for name in HEAP_OBJECTS]
    found += [_between(symbols, low, high) for low, high in HEAP_ENDS]
    if symbols.get("_sbrk") and (floor := min((stack.low for stack in stacks(symbols)), default=0)):
        starts = [symbol for symbol in map(symbols.get, SBRK_STARTS) if symbol]
        found += [Bounds(s.address, floor, f"{s.name} to the stack") for s in starts if s.address < floor]
    return next((bounds for bounds in found if bounds), None)


def _object(symbols: SymbolTable, name: str) -> Bounds | None:
    symbol = symbols.get(name)
    return Bounds(symbol.address, symbol.address + symbol.size, name) if symbol and symbol.size else None


def _between(symbols: SymbolTable, low_name: str, high_name: str) -> Bounds | None:
    low, high = symbols.get(low_name), symbols.get(high_name)
    if low is None or high is None or low.address >= high.address:
        return None
    return Bounds(low.address, high.address, f"{low_name} to {high_name}")
