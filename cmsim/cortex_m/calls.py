"""The native call tree: the structures that `_calls.c` works on, and the object that feeds it.

A cycle belongs to the function that ran when it was charged; exception entry and unstacking belong to the exception,
sleep to "(sleep)" below the function that sleeps.

Not modelled: calls within the code that one symbol covers, except calls of its own entry; in code without symbols tail
calls (they stay with the caller) and everything else that is neither BL nor a return; a longjmp within one recursive
function shows at its next call; functions of a coroutine that is left and resumed hang below who resumes it, those that
waited in it as its siblings.
"""

from __future__ import annotations

import ctypes as ct

import numpy as np
import numpy.typing as npt

from ..image import Image
from ..image.symbols import Symbol
from . import _hot
from .cpu import Cpu
from .native import check_sizes
from .nvic import exception_name

SLEEP, MAIN, FIRST_THREAD, THREADS = 1, 2, 3, 64
FIRST_EXCEPTION = FIRST_THREAD + THREADS
FIRST_SYMBOL = FIRST_EXCEPTION + 512
CONTEXTS = 64
EDGES = 4096
RECENT = 64
NODES = 1 << 16
NODE = np.dtype([("parent", "<u4"), ("function", "<u4"), ("cycles", "<u8"), ("instructions", "<u8"), ("calls", "<u8")])
FUNCTION = np.dtype([("entry", "<u4"), ("end", "<u4")])
ENTER, CHAIN, RETURN = range(3)
_KINDS = {"enter": ENTER, "chain": CHAIN, "return": RETURN}


class CallRegion(ct.Structure):
    """A stretch of code memory: `struct call_region`."""

    _fields_ = [
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
        ("functions", ct.c_void_p),
    ]


class Entry(ct.Structure):
    """A function was entered: `struct call_entry`."""

    cycles: int
    node: int

    _fields_ = [("cycles", ct.c_uint64), ("node", ct.c_uint32), ("unused", ct.c_uint32)]


class Calls(ct.Structure):
    """The state of the call tree: `struct calls`."""

    node_count: int
    function_count: int
    lost: int
    node: int
    nodes: int
    entered: int
    recent: ct.Array[Entry]

    _fields_ = [
        ("cycles", ct.c_void_p),
        ("instructions", ct.c_void_p),
        ("inner", ct.c_void_p),
        ("inner_user", ct.c_void_p),
        ("reg_read", ct.c_void_p),
        ("deeper", ct.c_void_p),
        ("marked_cycles", ct.c_uint64),
        ("marked_instructions", ct.c_uint64),
        ("top", ct.c_void_p),
        ("deepest", ct.c_void_p),
        ("node", ct.c_void_p),
        ("previous_end", ct.c_uint32),
        ("loop_from", ct.c_uint32),
        ("loop_to", ct.c_uint32),
        ("current", ct.c_uint32),
        ("nested", ct.c_uint32),
        ("threads", ct.c_uint32),
        ("node_count", ct.c_uint32),
        ("node_limit", ct.c_uint32),
        ("function_count", ct.c_uint32),
        ("function_limit", ct.c_uint32),
        ("hash_mask", ct.c_uint32),
        ("region_count", ct.c_uint32),
        ("lost", ct.c_uint32),
        ("nodes", ct.c_void_p),
        ("hash", ct.c_void_p),
        ("functions", ct.c_void_p),
        ("regions", ct.c_void_p),
        ("contexts", ct.c_void_p),
        ("edges", ct.c_void_p),
        ("entered", ct.c_uint64),
        ("nesting", ct.c_uint32 * 64),
        ("began", ct.c_uint32 * 2 * (THREADS - 1)),
        ("recent", Entry * RECENT),
    ]


_SIZES = {
    "call_region": ct.sizeof(CallRegion), "calls": ct.sizeof(Calls), "call_node": NODE.itemsize,
    "call_function": FUNCTION.itemsize, "call_entry": ct.sizeof(Entry),
}  # fmt: skip
check_sizes(_hot, _SIZES)

_POINTER = ct.POINTER(Calls)
_WORD = ct.c_uint32
_switch = ct.CFUNCTYPE(None, _POINTER, _WORD, _WORD, _WORD, _WORD, ct.c_uint64)(_hot.calls_switch)
_sleep = ct.CFUNCTYPE(None, _POINTER, ct.c_uint32)(_hot.calls_sleep)
_moved = ct.CFUNCTYPE(None, _POINTER, _WORD, _WORD)(_hot.calls_moved)
_settle = ct.CFUNCTYPE(None, _POINTER)(_hot.calls_settle)
_reset = ct.CFUNCTYPE(None, _POINTER)(_hot.calls_reset)


class CallTracer:
    """Follows the calls of one CPU. Construct it before anything has run."""

    def __init__(self, cpu: Cpu, image: Image) -> None:
        self.cpu = cpu
        functions = image.symbols.functions[: (1 << 15) - FIRST_SYMBOL]
        self._symbols: list[Symbol] = functions
        limit = 1 << 16
        self._functions = np.zeros(limit, FUNCTION)
        self._nodes = np.zeros(NODES, NODE)
        self._hash = np.zeros(NODES * 2, np.uint32)
        self._contexts = (ct.c_uint8 * (CONTEXTS * _hot.sizeof_call_context))()
        self._edges = (ct.c_uint8 * (EDGES * _hot.sizeof_call_edge))()
        self._keep: list[npt.NDArray[np.uint16]] = []
        regions = [self._region(memory.base, len(memory.data)) for memory in cpu.blocks.memories]
        self._regions = (CallRegion * len(regions))(*regions)
        clock, (inner, user) = ct.addressof(cpu.clock), cpu.engine.block_hook
        kind = type(cpu.clock)
        self._calls = Calls(
            cycles=clock + kind.cycles.offset,  # type: ignore[attr-defined]
            instructions=clock + kind.instructions.offset,  # type: ignore[attr-defined]
            inner=inner, inner_user=user, reg_read=cpu.clock.reg_read,
            deeper=clock + kind.deeper.offset,  # type: ignore[union-attr]
            marked_cycles=cpu.clock.cycles, marked_instructions=cpu.clock.instructions,
            node_limit=NODES, function_count=FIRST_SYMBOL + len(functions), function_limit=limit,
            hash_mask=len(self._hash) - 1, region_count=len(regions),
            nodes=self._nodes.ctypes.data, hash=self._hash.ctypes.data, functions=self._functions.ctypes.data,
            regions=ct.addressof(self._regions), contexts=ct.addressof(self._contexts),
            edges=ct.addressof(self._edges), loop_from=1,
        )  # fmt: skip
        self._at = ct.byref(self._calls)
        self.reset()
        cpu.engine.replace_block_hook(_hot.on_profiled_block, ct.addressof(self._calls))
        cpu.exceptions.on_switch.append(self._switched)
        sleep = cpu.on_sleep

        def on_sleep(asleep: bool) -> None:
            _sleep(self._at, int(asleep))
            sleep(asleep)

        cpu.on_sleep = on_sleep

    def _region(self, base: int, size: int) -> CallRegion:
        table = np.zeros((size + 1) // 2, np.uint16)
        named: dict[str, list[int]] = {}
        for n, symbol in enumerate(self._symbols):
            named.setdefault(symbol.name, []).append(n)
        for n, symbol in enumerate(self._symbols):
            name, cold, _ = symbol.name.partition(".cold")
            whole = named.get(name, []) if cold else []  # of several static functions nobody knows whose part it is
            number = FIRST_SYMBOL + (whole[0] if len(whole) == 1 else n)
            first, last = symbol.address - base, symbol.address + max(symbol.size, 2) - base
            if 0 <= first < size:
                table[first >> 1 : min(last + 1, size) >> 1] = number  # sorted: what begins later is further inside
                self._functions[FIRST_SYMBOL + n] = (symbol.address, symbol.address)
        for n, symbol in enumerate(self._symbols):
            first = symbol.address - base >> 1
            if 0 <= symbol.address - base < size and table[first] == FIRST_SYMBOL + n:
                end = first + max(1, symbol.size // 2)
                other = np.flatnonzero(table[first:end] != FIRST_SYMBOL + n)
                self._functions["end"][FIRST_SYMBOL + n] = base + 2 * (first + int(other[0]) if len(other) else end)
        self._keep.append(table)
        return CallRegion(base, size, table.ctypes.data)

    def _switched(self, what: str, sp: int, began: int) -> None:
        exceptions = self.cpu.exceptions
        function = 0 if what == "return" else FIRST_EXCEPTION + exceptions.current
        pc = exceptions.pc if what == "return" else exceptions.interrupted_pc
        _switch(self._at, _KINDS[what], function, sp, pc, began)

    def reset(self) -> None:
        """The processor was reset: no call returns."""
        _reset(self._at)

    def moved(self, left: int, sp: int) -> None:
        """The next instruction takes SP from `left` to `sp`, on another stack: what is called there hangs below."""
        _moved(self._at, left, sp)

    def settle(self) -> None:
        """Everything up to now belongs to some node, and a stack's depth to whoever reached it."""
        _settle(self._at)

    @property
    def current(self) -> int:
        """The node that runs."""
        return (self._calls.node - self._calls.nodes) // NODE.itemsize

    def path(self, node: int) -> list[str]:
        """The names that lead to a node, outermost first."""
        names: list[str] = []
        while node:
            names.append(self.name(int(self._nodes["function"][node])))
            node = int(self._nodes["parent"][node])
        return names[::-1]

    def recent(self, count: int = 20) -> list[tuple[int, int]]:
        """(cycle, node) of the last functions that were entered, the latest last; at most RECENT."""
        entered = self._calls.entered
        numbers = range(max(0, entered - min(count, RECENT)), entered)
        return [(entry.cycles, entry.node) for entry in (self._calls.recent[n % RECENT] for n in numbers)]

    @property
    def nodes(self) -> npt.NDArray[np.void]:
        """The tree so far, as NODE records; the first is the root, and a parent stands before its children."""
        _settle(self._at)
        return self._nodes[: self._calls.node_count].copy()

    @property
    def lost(self) -> int:
        """How often a table was full, so that cycles stayed with the caller; 0 when the tree is exact."""
        return int(self._calls.lost)

    def name(self, function: int) -> str:
        """What a function number stands for."""
        if function >= FIRST_SYMBOL + len(self._symbols):
            return f"0x{self._functions['entry'][function]:08x}"
        if function >= FIRST_SYMBOL:
            return self._symbols[function - FIRST_SYMBOL].demangled
        if function >= FIRST_EXCEPTION:
            return exception_name(function - FIRST_EXCEPTION)
        if function >= FIRST_THREAD:
            return f"thread {function - FIRST_THREAD + 1}"
        return {SLEEP: "(sleep)", MAIN: "main stack"}.get(function, "(unknown code)")

    def place(self, function: int) -> tuple[int | None, int | None]:
        """(address, size) of a function; None for a pseudo-function, and for the size of one without symbol."""
        if function < FIRST_SYMBOL:
            return None, None
        symbol = function - FIRST_SYMBOL
        size = self._symbols[symbol].size if symbol < len(self._symbols) else None
        return int(self._functions["entry"][function]), size
