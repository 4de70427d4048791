"""How many elements a variable has, from DWARF 4 and 5 (`.debug_info`), read by pyelftools.

A symbol tells only the size of `stacks[4][512]`. Of the debug information one unit is read: the one that holds the
variable's address, which stands there as bytes.

Not modelled: DWARF in separate files, 64-bit DWARF, variables whose place is anything but a fixed address.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

_AT_ADDRESS, _AT_INDEX = 0x03, 0xA1
"""DW_OP_addr, DW_OP_addrx: what a location consists of."""
_NO_ARRAY = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type")


def read_array_length(elf: bytes, address: int) -> int | None:
    """Elements of the variable that lies at `address`; None where nothing is known of it, or it is no array.

    Of an array of arrays the outermost count. What is damaged is not known.
    """
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415 - see elf.py

    try:
        file = ELFFile(io.BytesIO(elf))
        if not file.has_dwarf_info():
            return None
        dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
        lengths = (_length(die) for unit in _units(dwarf, address) for die in _variables(dwarf, unit, address))
        return next((length for length in lengths if length is not None), None)
    except Exception:  # damaged data shows as a dozen kinds of exception, and must not end the run
        return None


def _units(dwarf: Any, address: int) -> Iterator[Any]:
    """The units that name the address: in a location, or by its number in `.debug_addr`."""
    place = struct.pack("<BBI", 5, _AT_ADDRESS, address)
    info = dwarf.debug_info_sec.stream.getvalue()
    at = info.find(place)
    while at >= 0:
        yield dwarf.get_CU_containing(at)
        at = info.find(place, at + 1)
    if dwarf.debug_addr_sec is None:
        return
    table = struct.unpack_from(f"<{dwarf.debug_addr_sec.size // 4}I", dwarf.debug_addr_sec.stream.getvalue())
    bases = {}
    for unit in dwarf.iter_CUs() if address in table else ():
        base = unit.get_top_DIE().attributes.get("DW_AT_addr_base")
        if base is not None:
            bases[base.value] = unit
    for n, known in enumerate(table):
        if known == address and any(base <= 4 * n for base in bases):
            yield bases[max(base for base in bases if base <= 4 * n)]


def _variables(dwarf: Any, unit: Any, address: int) -> Iterator[Any]:
    for die in unit.iter_DIEs():
        if die.tag == "DW_TAG_variable" and _place(dwarf, unit, die) == address:
            yield die


def _place(dwarf: Any, unit: Any, variable: Any) -> int | None:
    """Where a variable lies, if that is a fixed address."""
    location = variable.attributes.get("DW_AT_location")
    if location is None or not isinstance(location.value, list):
        return None
    code, *rest = location.value
    if code == _AT_INDEX:
        return int(dwarf.get_addr(unit, _uleb(rest)))
    return int.from_bytes(bytes(rest), "little") if code == _AT_ADDRESS else None


def _uleb(data: list[int]) -> int:
    return sum((byte & 0x7F) << 7 * n for n, byte in enumerate(data))


def _length(variable: Any) -> int | None:
    """The outermost count of an array; None for anything else."""
    die = variable
    while "DW_AT_type" not in die.attributes and "DW_AT_specification" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_specification")
    while True:
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag not in _NO_ARRAY:
            break
    if die.tag != "DW_TAG_array_type":
        return None
    dimension = next(child for child in die.iter_children() if child.tag == "DW_TAG_subrange_type")
    if "DW_AT_count" in dimension.attributes:
        return int(dimension.attributes["DW_AT_count"].value)
    return int(dimension.attributes["DW_AT_upper_bound"].value) + 1
