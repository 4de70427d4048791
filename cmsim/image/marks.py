"""Places in the code that firmware/include/cmsim_region.h wrote down: where regions begin and end.

Each entry of the section is a word with the address and a text "begin:NAME" or "end:NAME", NUL-terminated, the next one
aligned to four bytes. A function that was inlined or unrolled has several places for one mark.

Not modelled: relocatable files, where the addresses are not known yet.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

SECTION = ".debug_cmsim_regions"


class Mark(NamedTuple):
    """A place where the region `name` begins or ends."""

    address: int
    begins: bool
    name: str


def read_marks(section: bytes) -> tuple[Mark, ...]:
    """The marks of code that was linked (the linker leaves 0 for what it dropped). What is damaged ends the list."""
    marks = []
    at = 0
    while at + 4 < len(section):
        (address,) = struct.unpack_from("<I", section, at)
        end = section.find(b"\0", at + 4)
        kind, colon, name = section[at + 4 : max(end, 0)].decode("utf-8", "replace").partition(":")
        if end < 0 or not colon or kind not in ("begin", "end"):
            break
        if address not in (0, 1, 0xFFFF_FFFF):
            marks.append(Mark(address & ~1, kind == "begin", name))
        at = (end + 4) & ~3
    return tuple(marks)
