"""Symbols by name and by address, and what their C++ names mean.

Demangling is LLVM's (`pycxxfilt`); a name that it does not understand stays as it is. A name is demangled only when
somebody asks for it, since a run needs few of them.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

import pycxxfilt

from cmsim.errors import UsageError
from cmsim.image.cxx_names import canonical, qualified_name

LONGEST_MANGLED = 4096
"""LLVM's demangler recurses; a longer name is damage, and would end the process by overflowing its stack."""


class NoSymbolError(UsageError):
    """No symbol has the name that was asked for."""


@lru_cache(maxsize=1 << 16)
def demangle(name: str) -> str:
    """The C++ (or Rust) name that the linker's `name` stands for, or `name` itself.

    The suffix of a clone that the compiler made is kept as c++filt shows it: "f(int) [clone .constprop.0]".
    """
    if not name.startswith(("_Z", "_R")) or len(name) > LONGEST_MANGLED:
        return name
    mangled, dot, clone = name.partition(".")
    try:
        plain = pycxxfilt.demangle(mangled)
    except ValueError:
        return name
    if plain is None:
        return name
    return f"{plain} [clone .{clone}]" if dot else plain


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name for an address. Functions have their Thumb bit stripped.

    `size` is in bytes, 0 where unknown; a function without one (hand-written assembly) reaches to the next function or
    the end of its section. `kind` is "function", "object", "label" (untyped, as from linker scripts), or "address"
    (made by `SymbolTable.find` for a number). `binding` is "global", "weak" or "local". The value of an absolute
    symbol, such as a size that a linker script defines, is its `address`; its `section` is "*ABS*".
    """

    name: str
    address: int
    size: int = 0
    kind: str = "function"
    binding: str = "global"
    section: str = ""

    @property
    def demangled(self) -> str:
        """The name as written in the source, with parameters."""
        return demangle(self.name)

    @property
    def qualified(self) -> str:
        """The name as written in the source, without return type and parameters."""
        return qualified_name(demangle(self.name))

    def __str__(self) -> str:
        return self.demangled


_BINDING = {"global": 0, "weak": 1, "local": 2}
_NOT_WHOLE = re.compile(r"\.(cold|part)\b")
"""Pieces that the compiler split off a function: entering them is not calling it."""


class SymbolTable:
    """All symbols of an image, iterated by address."""

    def __init__(self, symbols: Iterable[Symbol] = ()) -> None:
        self._symbols = sorted(symbols, key=_preference)
        self.by_name: dict[str, list[Symbol]] = {}
        self.by_address: dict[int, list[Symbol]] = {}
        for symbol in self._symbols:
            self.by_name.setdefault(symbol.name, []).append(symbol)
            self.by_address.setdefault(symbol.address, []).append(symbol)

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

    def get(self, name: str) -> Symbol | None:
        """The symbol of that linker name; of several, the global one, else the lowest."""
        found = self.by_name.get(name)
        return min(found, key=lambda symbol: _BINDING[symbol.binding]) if found else None

    @cached_property
    def functions(self) -> list[Symbol]:
        """One function for each address where any begins, sorted; of aliases, the global and largest."""
        best: dict[int, Symbol] = {}
        for symbol in self._symbols:
            if symbol.kind == "function":
                best.setdefault(symbol.address, symbol)
        return list(best.values())

    @cached_property
    def _function_starts(self) -> list[int]:
        return [function.address for function in self.functions]

    @cached_property
    def _function_reach(self) -> list[int]:
        """How far the functions up to each one reach: where looking back for an enclosing one can end."""
        return list(accumulate((function.address + function.size for function in self.functions), max))

    def function_at(self, address: int) -> Symbol | None:
        """The innermost function whose code covers `address` (Thumb bit ignored)."""
        address &= ~1
        index = bisect_right(self._function_starts, address) - 1
        while index >= 0 and self._function_reach[index] > address:
            function = self.functions[index]
            if address < function.address + function.size:
                return function
            index -= 1
        return None

    def find(self, name: str) -> Symbol:
        """The one symbol that `name` means.

        `name` is a linker name, a C++ name with or without its parameters, or a number "0x...". An exact linker name
        comes before a C++ name, and a whole function before a clone that the compiler made of it. Raises `UsageError`
        where nothing or more than one address matches, listing what is near.
        """
        wanted = name.strip()
        if wanted[:2].lower() == "0x":
            return self._at(wanted)
        for candidates in (self.by_name.get(wanted, []), *(i.get(canonical(wanted), []) for i in self._indexes)):
            if candidates:
                return self._only(wanted, candidates)
        raise NoSymbolError(f"no symbol {wanted!r}{self._hint(wanted)}")

    def find_copies(self, name: str) -> list[Symbol]:
        """What `find` gives, and the clones that the compiler made of it; all, if a function has only these left.

        Who names a clone means that one.
        """
        wanted = name.strip()
        clones = self._indexes[-1].get(wanted) or self._indexes[-1].get(canonical(wanted), [])
        try:
            found = self.find(wanted)
        except UsageError:
            if len({clone.name.partition(".")[0] for clone in clones}) != 1:
                raise
            return clones
        if "." in found.name:
            return [found]
        return [found, *(clone for clone in clones if clone.name.partition(".")[0] == found.name)]

    @cached_property
    def _indexes(self) -> tuple[dict[str, list[Symbol]], ...]:
        """Symbols by C++ name, by C++ name without parameters, and clones by both of these and the linker name."""
        full: dict[str, list[Symbol]] = {}
        short: dict[str, list[Symbol]] = {}
        clone: dict[str, list[Symbol]] = {}
        for symbol in self._symbols:
            original, dot, _ = symbol.name.partition(".")
            plain = demangle(original)
            if dot:
                if original and symbol.kind == "function" and not _NOT_WHOLE.search(symbol.name):
                    keys = (original, canonical(plain), canonical(qualified_name(plain)), canonical(symbol.demangled))
                    for key in dict.fromkeys(keys):
                        clone.setdefault(key, []).append(symbol)
            elif plain != symbol.name:
                full.setdefault(canonical(plain), []).append(symbol)
                short.setdefault(canonical(qualified_name(plain)), []).append(symbol)
        return full, short, clone

    def _at(self, number: str) -> Symbol:
        try:
            address = int(number, 16)
        except ValueError:
            raise UsageError(f"{number!r} is not a hexadecimal address") from None
        if address >= 1 << 32:
            raise UsageError(f"address {number} is beyond the 32-bit address space")
        if address & 1 and self.function_at(address):
            address -= 1
        exact = self.by_address.get(address)
        return exact[0] if exact else Symbol(f"0x{address:08x}", address, kind="address", section="*ABS*")

    def _only(self, name: str, candidates: list[Symbol]) -> Symbol:
        exported = [symbol for symbol in candidates if symbol.binding != "local"]
        candidates = exported or candidates
        if len({symbol.address for symbol in candidates}) == 1:
            return candidates[0]
        listed = "; ".join(f"{symbol} = {symbol.name} at 0x{symbol.address:08x}" for symbol in candidates[:8])
        more = f"; and {len(candidates) - 8} more" if len(candidates) > 8 else ""
        raise UsageError(f"{name!r} is ambiguous, give the full name, file.cc:name or the address: {listed}{more}")

    def similar(self, name: str, *, functions: bool = False) -> list[str]:
        """Up to five names, or those of functions, that hold `name`, whatever its case, or are written much like it."""
        symbols = self.functions if functions else self._symbols
        pool = sorted({symbol.qualified for symbol in symbols}, key=lambda known: (len(known), known))
        bare = qualified_name(name)
        folded = canonical(bare).casefold()
        holding = [known for known in pool if folded and folded in canonical(known).casefold()]
        return holding[:5] or difflib.get_close_matches(bare, pool, n=5, cutoff=0.6)

    def _hint(self, name: str) -> str:
        if not self._symbols:
            return ": the image has no symbols, give an address (0x...) or load the ELF that it was made from"
        near = self.similar(name)
        return f"; similar: {', '.join(near)}" if near else ", and none is similar"


def _preference(symbol: Symbol) -> tuple[int, int, int, int, str]:
    """By address; of several at one address first the function, then the best known, the largest, the first by name."""
    kinds = ("function", "object", "label", "address")
    return symbol.address, kinds.index(symbol.kind), _BINDING[symbol.binding], -symbol.size, symbol.name
