"""UF2: families, order, completeness, damage."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.image import Image, ImageError, load_bytes

NRF52840, NRF52833 = 0xADA52840, 0x621E937A
NOT_MAIN_FLASH, CONTAINER, FAMILY = 0x1, 0x1000, 0x2000


def block(
    address: int,
    data: bytes,
    number: int,
    total: int,
    family: int | None = NRF52840,
    *,
    flags: int = 0,
    size: int | None = None,
    magic: int = 0x0AB16F30,
) -> bytes:
    flags |= FAMILY if family is not None else 0
    head = (0x0A324655, 0x9E5D5157, flags, address, len(data) if size is None else size, number, total, family or 0)
    return struct.pack("<8I476sI", *head, data, magic)


def parse(data: bytes, family: int | None = NRF52840) -> Image:
    return load_bytes(data, "a.uf2", uf2_family=family)


def pieces(image: Image) -> list[tuple[int, bytes]]:
    return [(segment.address, segment.data) for segment in image.segments]


def test_blocks_in_any_order_are_joined() -> None:
    a, b, c = block(0x27000, b"abcd", 0, 3), block(0x27004, b"efgh", 1, 3), block(0x30000, b"tail", 2, 3)
    assert pieces(parse(c + a + b)) == [(0x27000, b"abcdefgh"), (0x30000, b"tail")]
    assert parse(a + b + c).format == "UF2"


def test_blocks_without_a_family_fit_every_chip() -> None:
    assert pieces(parse(block(0, b"any", 0, 1, None))) == [(0, b"any")]


def test_blocks_that_are_no_firmware_are_skipped() -> None:
    data = (
        block(0, b"code", 0, 3)
        + block(0, b"comment", 1, 3, flags=NOT_MAIN_FLASH)
        + block(0, b"a file", 2, 3, None, flags=CONTAINER)
    )
    assert pieces(parse(data)) == [(0, b"code")]
    with pytest.raises(ImageError, match="without any block for the main flash"):
        parse(block(0, b"comment", 0, 1, flags=NOT_MAIN_FLASH))


def test_families() -> None:
    by_family = block(0, b"ours", 0, 1) + block(0, b"theirs", 0, 1, NRF52833)
    through = block(0, b"ours", 0, 2) + block(0, b"theirs", 1, 2, NRF52833)
    for data in (by_family, through):
        assert pieces(parse(data)) == [(0, b"ours")]
        assert pieces(parse(data, NRF52833)) == [(0, b"theirs")]
    with pytest.raises(ImageError, match="for nRF52833, not for nRF52840: take the file for this chip"):
        parse(block(0, b"theirs", 0, 1, NRF52833))
    with pytest.raises(ImageError, match="for several families"):
        parse(by_family, None)
    with pytest.raises(ImageError, match=r"for several families \(nRF52833, nRF52840\): choose one"):
        parse(block(0, b"ours", 0, 1) + block(8, b"theirs", 0, 1, NRF52833), None)
    assert pieces(parse(block(0, b"theirs", 0, 1, NRF52833), None)) == [(0, b"theirs")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (block(0, b"x", 0, 1)[:-1], "truncated UF2: 511 bytes are not a multiple of 512"),
        (block(0, b"x", 0, 2), "UF2 with 1 of 2 blocks"),
        (block(0, b"x", 0, 3) + block(8, b"x", 2, 3), "UF2 with 2 of 3 blocks"),
        (block(0, b"x", 0, 2) + block(8, b"x", 0, 2), "UF2 block 1 is numbered 0 of 2, which cannot be"),
        (block(0, b"x", 0, 2) + block(8, b"x", 1, 3), "UF2 block 1 is numbered 1 of 3, which cannot be"),
        (block(0, b"x", 5, 2), "UF2 block 0 is numbered 5 of 2"),
        (block(0, b"abcd", 0, 2) + block(2, b"x", 1, 2), "UF2 block 1 overlaps UF2 block 0 at 0x00000002"),
        (block(0, b"x", 0, 1, size=477), "claims 477 bytes of payload, more than 476"),
        (block(0, b"x", 0, 1, magic=0), "UF2 block 0 lacks the magic numbers"),
        (block(0, b"x", 0, 2) + bytes(512), "UF2 block 1 lacks the magic numbers"),
        (block(0, b"", 0, 1), "for nRF52840|without any block"),
        (block(0x100000, b"x", 0, 1), "segment 0x00100000-0x00100000 lies outside the memory map"),
    ],
)
def test_damage_is_told(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message) as error:
        parse(data)
    assert "\n" not in str(error.value)


@given(
    st.dictionaries(st.integers(0, 0x7FF), st.binary(min_size=1, max_size=476), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read_back(contents: dict[int, bytes], random: object) -> None:
    blocks = [block(page * 512, data, n, len(contents)) for n, (page, data) in enumerate(contents.items())]
    random.shuffle(blocks)  # type: ignore[attr-defined]
    assert pieces(parse(b"".join(blocks))) == sorted((page * 512, data) for page, data in contents.items())
