"""Whatever the bytes, loading ends with an image or a one-line `CmsimError`."""

from __future__ import annotations

import struct

from hypothesis import example, given
from hypothesis import strategies as st
from support.elf import firmware
from support.intel_hex import END, record

from cmsim.errors import CmsimError
from cmsim.image import load_bytes, vector_table

ELF = firmware(0x27000).build()
HEX = (record(4, 0, b"\0\2") + record(0, 0x7000, b"\1\2\3\4") + record(5, 0, b"\0\2\x71\1") + END).encode()
UF2 = struct.pack("<8I476sI", 0x0A324655, 0x9E5D5157, 0x2000, 0x1000, 8, 0, 1, 0xADA52840, b"codecode", 0x0AB16F30)
VALID = st.sampled_from([ELF, HEX, UF2])


def use(data: bytes, base: int | None = None) -> None:
    """Everything that a run asks of an image."""
    try:
        image = load_bytes(data, "fuzz", base)
        assert image.flash_used >= 0
        assert (image.static_ram or 0) >= 0
        image.stack_bounds()
        image.heap_bounds()
        for symbol in image.symbols:
            assert symbol.demangled
            image.function_at(symbol.address)
        for segment in image.segments:
            assert image.read(segment.address, len(segment.data)) == segment.data
            image.line(segment.address)
        vector_table(image)
        image.find("Reset_Handler")
    except CmsimError as error:
        assert "\n" not in str(error)  # noqa: PT017 - an image is as good an outcome


def test_the_originals_are_valid() -> None:
    for data in (ELF, HEX, UF2):
        load_bytes(data, "original")


@given(st.binary(max_size=600), st.sampled_from([None, 0, 0x27000]))
@example(b":", 0)
@example(b"\x7fELF", None)
@example(b"UF2\n", None)
@example(b":00000001FF", None)
def test_random_bytes(data: bytes, base: int | None) -> None:
    use(data, base)


@given(VALID, st.binary(max_size=100))
def test_random_bytes_behind_a_signature(original: bytes, data: bytes) -> None:
    use(original[:20] + data)


@given(VALID, st.integers(0, 4096))
def test_truncations(original: bytes, size: int) -> None:
    use(original[:size])


@given(VALID, st.lists(st.tuples(st.integers(0, 4096), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes(original: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(original)
    for place, value in changes:
        data[place % len(data)] = value
    use(bytes(data))


@given(st.integers(0, len(ELF) // 4 - 1), st.sampled_from([0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]))
def test_extreme_words(word: int, value: int) -> None:
    data = bytearray(ELF)
    struct.pack_into("<I", data, 4 * word, value)
    use(bytes(data))
