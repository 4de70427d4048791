"""Intel HEX and Universal Hex; the oracle for plain files is the `intelhex` package."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intelhex import IntelHex
from support.intel_hex import END, record

from cmsim.image import Image, ImageError, load_bytes

EVERYWHERE = (("all", 0, 1 << 32),)


def parse(text: str, block: int | None = None) -> Image:
    return load_bytes(text.encode(), "a.hex", memories=EVERYWHERE, hex_block=block)


def pieces(image: Image) -> list[tuple[int, bytes]]:
    return [(segment.address, segment.data) for segment in image.segments]


def test_linear_and_segmented_addresses() -> None:
    image = parse(
        record(4, 0, b"\x00\x02")
        + record(0, 0x7000, b"ab")
        + record(0, 0x7002, b"cd")
        + record(2, 0, b"\x10\x00")
        + record(0, 0xFFFE, b"ef")
        + record(0, 0, b"")
        + END
    )
    assert pieces(image) == [(0x1FFFE, b"ef"), (0x27000, b"abcd")]
    assert image.entry is None


def test_start_addresses_are_kept_as_hints() -> None:
    data = record(0, 0, b"x")
    assert parse(data + record(5, 0, b"\x00\x02\x71\x01") + END).entry == 0x27101
    assert parse(data + record(3, 0, b"\x30\x00\x22\x51") + END).entry == 0x32251


def test_uicr_beside_flash_is_legal() -> None:
    text = record(0, 0, b"code") + record(4, 0, b"\x10\x00") + record(0, 0x1014, b"\x00\x80\x0f\x00") + END
    image = load_bytes(text.encode(), "softdevice.hex")
    assert pieces(image) == [(0, b"code"), (0x1000_1014, b"\x00\x80\x0f\x00")]
    assert image.flash_used == 4


def test_line_ends_blank_lines_case_and_byte_order_mark() -> None:
    text = "\ufeff\r\n" + record(0, 0x10, b"\xab\xcd").lower().replace("\n", "  \r\n\r\n") + END.replace("\n", "\r")
    assert pieces(parse(text)) == [(0x10, b"\xab\xcd")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (record(0, 0, b"ab") + ":0200000041427A\n" + END, r"line 2: checksum 0x7A should be 0x7B"),
        (record(0, 0, b"ab"), "line 1: the end-of-file record is missing: the file is truncated"),
        (record(0, 0, b"abcd") + record(0, 2, b"x") + END, "line 2 overlaps line 1 at 0x00000002"),
        (record(0, 2, b"x") + record(0, 0, b"abcd") + END, "line 1 overlaps line 2 at 0x00000002"),
        (record(0, 0, b"ab") + "0000000\n" + END, "line 2: a record begins with ':', not '0000000'"),
        (record(0, 0, b"ab") + ":0\n" + END, "line 2: not a record of hexadecimal digit pairs"),
        (record(0, 0, b"ab") + ":zz\n" + END, "line 2: not a record of hexadecimal digit pairs"),
        (record(0, 0, b"ab") + ":\n" + END, "line 2: a record of 0 bytes"),
        (record(0, 0, b"ab") + ":05000000FB\n" + END, "line 2: a record of 5 bytes, which announces 5 data bytes"),
        (record(0, 0, b"ab") + END + record(0, 8, b"ab"), "line 3: a record after the end-of-file record"),
        (record(4, 0, b"\0\0\0") + END, "line 1: a record of type 04 has 2 data bytes, not 3"),
        (record(5, 0, b"\0") + END, "line 1: a record of type 05 has 4 data bytes, not 1"),
        (record(1, 0, b"\0") + END, "line 1: a record of type 01 has 0 data bytes, not 1"),
        (record(6, 0, b"") + END, "line 1: unknown record type 06"),
        (record(2, 0, b"\0\0") + record(0, 0xFFFF, b"ab") + END, "line 2: the data runs past the end of its 64 KB"),
        (record(4, 0, b"\xff\xff") + record(0, 0xFFFF, b"ab") + END, "line 2 runs past the end of the 32-bit address"),
        (END, "Intel HEX without any data"),
        (record(0, 0, b"ab") + record(10, 0, b"\x99") + END, "line 2: a block start record without a board id"),
    ],
)
def test_bad_records_are_told_with_their_line(text: str, message: str) -> None:
    with pytest.raises(ImageError, match=message) as error:
        parse(text)
    assert "\n" not in str(error.value)


def universal(*blocks: tuple[int, int, bytes]) -> str:
    text = ""
    for board, kind, data in blocks:
        text += record(4, 0, b"\0\0") + record(0x0A, 0, board.to_bytes(2, "big") + b"\xc0\xde")
        text += (
            record(kind, 0, data) + record(0x0C, 0, b"\xff" * 12) + record(0x0E, 0, b"other") + record(0x0B, 0, b"\xff")
        )
    return text + END


def test_universal_hex_by_board_id() -> None:
    text = universal((0x9900, 0x00, b"for V1"), (0x9903, 0x0D, b"for V2"))
    assert pieces(parse(text, 0x9900)) == [(0, b"for V1")]
    assert pieces(parse(text, 0x9903)) == [(0, b"for V2")]
    with pytest.raises(ImageError, match=r"a Universal Hex for several boards \(0x9900, 0x9903\): choose one by --board"):
        parse(text)
    with pytest.raises(ImageError, match="for the boards 0x9900, 0x9903, not 0x9904"):
        parse(text, 0x9904)
    assert pieces(parse(universal((0x9903, 0x0D, b"only")))) == [(0, b"only")]
    assert pieces(parse(record(0, 0, b"plain") + END, 0x9903)) == [(0, b"plain")]


def test_data_outside_the_blocks() -> None:
    text = record(0, 0x100, b"stray") + universal((0x9903, 0x0D, b"inside"))
    with pytest.raises(ImageError, match="line 1: data outside the blocks"):
        parse(text)


SEGMENTS = st.dictionaries(st.integers(0, 1 << 12), st.binary(min_size=1, max_size=200), min_size=1, max_size=6).map(
    # Places far enough apart that nothing overlaps, near each other and near 64 KB borders.
    lambda found: {0x1_0000 * (place % 7) + 0xFF00 + place // 7 * 256: data for place, data in found.items()}
)


@given(SEGMENTS, st.sampled_from([1, 7, 16, 32, 255]))
def test_what_intelhex_writes_is_read_back(segments: dict[int, bytes], width: int) -> None:
    oracle = IntelHex()
    for address, data in segments.items():
        oracle.puts(address, data)
    text = io.StringIO()
    oracle.write_hex_file(text, byte_count=width)
    image = parse(text.getvalue())
    expected = [(low, bytes(oracle.tobinarray(start=low, end=high - 1))) for low, high in oracle.segments()]
    assert pieces(image) == expected


@given(SEGMENTS, st.randoms(use_true_random=False))
def test_records_in_any_order(segments: dict[int, bytes], random: object) -> None:
    records = [
        record(4, 0, (address >> 16).to_bytes(2, "big")) + record(0, address & 0xFFFF, bytes([byte]))
        for start, data in segments.items()
        for address, byte in enumerate(data, start)
    ]
    random.shuffle(records)  # type: ignore[attr-defined]
    image = parse("".join(records) + END)
    assert {a: b for start, data in pieces(image) for a, b in enumerate(data, start)} == {
        a: b for start, data in segments.items() for a, b in enumerate(data, start)
    }
