"""Raw binaries: bytes without any address, so that the caller must say where the first one goes."""

from __future__ import annotations

from cmsim.image.model import ADDRESS_SPACE, Contents, ImageError, Segment

KNOWN = (
    (b"!<arch>\n", 0, "a library of object files (.a): link it into an executable"),
    (b"MZ", 0, "a Windows program: give the ELF, HEX or UF2 that the cross-compiler made"),
    (b"\xcf\xfa\xed\xfe", 0, "a macOS program: give the ELF, HEX or UF2 that the cross-compiler made"),
    (b"PK\x03\x04", 0, "a zip archive: unpack it, a DFU package holds a .hex or .bin"),
    (b"\x1f\x8b", 0, "compressed with gzip: unpack it"),
    (b"TFL3", 4, "a model, not firmware: `cmsim bench` runs it; firmware is what interprets it"),
    (b"S0", 0, "a Motorola S-record file: convert it with objcopy -I srec -O ihex"),
)
"""(signature, its offset, what to say) of files that are taken for firmware by mistake."""

SUFFIXES = {
    ".elf": "an ELF file",
    ".axf": "an ELF file",
    ".out": "an ELF file",
    ".hex": "an Intel HEX file",
    ".ihex": "an Intel HEX file",
    ".uf2": "a UF2 file",
}


def parse(data: bytes, base: int | None, suffix: str) -> Contents:
    """The whole file as one segment at `base`. Refuses files that are plainly something else."""
    for signature, offset, what in KNOWN:
        if data.startswith(signature, offset):
            raise ImageError(f"this is {what}")
    if suffix.lower() in SUFFIXES:
        raise ImageError(f"the name says {SUFFIXES[suffix.lower()]}, but the content does not begin like one")
    if base is None:
        raise ImageError(
            "neither ELF nor UF2 nor Intel HEX; for a raw binary, give the address of its first byte with --base 0x..."
        )
    if not 0 <= base <= ADDRESS_SPACE - len(data):
        raise ImageError(f"base 0x{base:x} puts {len(data)} bytes outside the 32-bit address space")
    return Contents((Segment(base, data),))
