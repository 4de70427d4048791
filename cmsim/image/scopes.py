"""Addresses to compilation units and inlined functions, from DWARF 2 to 5 (`.debug_info`), read by pyelftools.

A unit is read when somebody asks for an address in it, so that a large program costs what is looked at. A name is the
demangled linkage name where there is one.

Not modelled: DWARF in separate files, partial units that are imported, type units.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from .symbols import demangle


class Inlined(NamedTuple):
    """A function whose code the compiler put into another one's."""

    name: str
    low: int
    high: int


class Unit:
    """A compilation unit; its functions are read on demand."""

    def __init__(self, dwarf: Any, unit: Any, name: str) -> None:
        self._dwarf, self._unit, self.name = dwarf, unit, name
        self._names: dict[int, str] = {}
        self._inlined: dict[int, list[Inlined]] = {}

    @cached_property
    def _functions(self) -> list[tuple[int, int, Any]]:
        return self._with_code(_functions(self._unit.get_top_DIE()))

    @cached_property
    def _all_functions(self) -> list[tuple[int, int, Any]]:
        """Those within functions, too, such as lambdas: every entry of the unit is looked at."""
        return self._with_code(die for die in self._unit.iter_DIEs() if die.tag == "DW_TAG_subprogram")

    def _with_code(self, dies: Iterable[Any]) -> list[tuple[int, int, Any]]:
        """(low, high, entry) of each stretch of a function's code, sorted."""
        found = [(low, high, die) for die in dies for low, high in _ranges(self._dwarf, die)]
        return sorted(found, key=lambda function: function[:2])

    def inlined_at(self, address: int) -> list[Inlined]:
        """The inlined functions around an address, innermost first."""
        die = _at(self._functions, address) or _at(self._all_functions, address)
        if die is None:
            return []
        if die.offset not in self._inlined:
            self._inlined[die.offset] = list(self._inside(die))
        return [found for found in self._inlined[die.offset] if found.low <= address < found.high]

    def _inside(self, die: Any) -> Iterator[Inlined]:
        """Inner ones before outer ones."""
        for child in die.iter_children():
            if child.tag not in ("DW_TAG_inlined_subroutine", "DW_TAG_lexical_block"):
                continue
            yield from self._inside(child)
            if child.tag == "DW_TAG_inlined_subroutine":
                for low, high in _ranges(self._dwarf, child):
                    yield Inlined(self._name(child), low, high)

    def _name(self, die: Any) -> str:
        origin = die
        while "DW_AT_linkage_name" not in origin.attributes:
            link = next((a for a in ("DW_AT_abstract_origin", "DW_AT_specification") if a in origin.attributes), None)
            if link is None:
                break
            origin = origin.get_DIE_from_attribute(link)
        if origin.offset not in self._names:
            linkage = origin.attributes.get("DW_AT_linkage_name")
            self._names[origin.offset] = _qualified(origin) if linkage is None else demangle(_text(linkage))
        return self._names[origin.offset]


class ScopeTable:
    """Units by address. `problems` says, one line each, what could not be read; `strings` are those of all names."""

    def __init__(
        self, units: list[tuple[int, int, Unit]] | None = None, problems: list[str] | None = None, strings: bytes = b""
    ) -> None:
        self._units = sorted(units or [], key=lambda unit: unit[:2])
        self.problems = problems or []
        self._strings = strings

    def mentions(self, name: str) -> bool:
        """Whether something in the source has that name, without scopes and parameters."""
        return name != "" and b"\0%b\0" % name.encode() in self._strings

    def unit_at(self, address: int) -> Unit | None:
        """The unit whose code covers the address."""
        n = bisect_right(self._units, address, key=lambda unit: unit[0]) - 1
        return self._units[n][2] if n >= 0 and address < self._units[n][1] else None

    def inlined_at(self, address: int) -> list[Inlined]:
        """The inlined functions around an address, innermost first; none where nothing is known."""
        unit = self.unit_at(address)
        if unit is None:
            return []
        try:
            return unit.inlined_at(address)
        except Exception as error:  # damaged data shows as a dozen kinds of exception, and must not end the run
            self.problems.append(f"functions of {unit.name}: {error!r}")
            self._units = [(low, high, known) for low, high, known in self._units if known is not unit]
            return []


def read_scopes(elf: bytes, is_code: Callable[[int], bool]) -> ScopeTable:
    """The units of an ELF file; `is_code` as in lines.py."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415 - 0.1 s that a run without scopes saves

    units: list[tuple[int, int, Unit]] = []
    problems: list[str] = []
    strings = b""
    try:
        file = ELFFile(io.BytesIO(elf))
        if file.has_dwarf_info():
            dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
            strings = b"\0" + dwarf.debug_str_sec.stream.getvalue() if dwarf.debug_str_sec is not None else b""
            for unit in dwarf.iter_CUs():
                top = unit.get_top_DIE()
                found = Unit(dwarf, unit, _path(top))
                units += [(low, high, found) for low, high in _ranges(dwarf, top) if low and is_code(low)]
    except Exception as error:  # as above
        problems.append(f"debug information: {error!r}")
    return ScopeTable(units, problems, strings)


def _text(attribute: Any) -> str:
    return "?" if attribute is None else str(attribute.value.decode("utf-8", "backslashreplace"))


def _qualified(die: Any) -> str:
    """The name with those of the namespaces and classes around it: what is local to a unit has no linkage name."""
    names = [_text(die.attributes.get("DW_AT_name"))]
    while (die := die.get_parent()) is not None and die.tag not in ("DW_TAG_compile_unit", "DW_TAG_subprogram"):
        name = die.attributes.get("DW_AT_name")
        if name is not None:
            names.append(_text(name))
        elif die.tag == "DW_TAG_namespace":
            names.append("(anonymous namespace)")
    return "::".join(reversed(names))


def _path(top: Any) -> str:
    name, directory = (top.attributes.get(key) for key in ("DW_AT_name", "DW_AT_comp_dir"))
    parts = [_text(part) for part in (directory, name) if part is not None]
    return parts[-1] if not parts or parts[-1].startswith("/") else "/".join(parts)


def _at(functions: list[tuple[int, int, Any]], address: int) -> Any:
    """The entry of the function whose code covers the address."""
    n = bisect_right(functions, address, key=lambda function: function[0]) - 1
    return functions[n][2] if n >= 0 and address < functions[n][1] else None


def _functions(die: Any) -> Iterator[Any]:
    """Functions of a unit; those of namespaces and classes are defined at its top, as compilers do."""
    for child in die.iter_children():
        if child.tag == "DW_TAG_subprogram":
            yield child
        elif child.tag == "DW_TAG_namespace":
            yield from _functions(child)


def _ranges(dwarf: Any, die: Any) -> Iterator[tuple[int, int]]:
    """(low, high) of each stretch of code that an entry of the debug information stands for."""
    attributes = die.attributes
    low, high, ranges = (attributes.get(f"DW_AT_{name}") for name in ("low_pc", "high_pc", "ranges"))
    if ranges is not None:
        top = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = top.value if top is not None else 0
        for entry in dwarf.range_lists().get_range_list_at_offset(ranges.value, cu=die.cu):
            if hasattr(entry, "base_address"):
                base = entry.base_address
            elif entry.begin_offset < entry.end_offset:
                offset = 0 if getattr(entry, "is_absolute", False) else base
                yield entry.begin_offset + offset, entry.end_offset + offset
    elif low is not None and high is not None:
        end = high.value if high.form == "DW_FORM_addr" else low.value + high.value
        if end > low.value:
            yield low.value, end
