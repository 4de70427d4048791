"""PNG and BMP files as arrays of bytes, without an imaging library.

PNG: ISO/IEC 15948 (the PNG specification), section 11.2 (chunks) and 9 (filters). BMP: Microsoft's BITMAPINFOHEADER.

Not modelled: interlaced PNG, run-length encoded BMP, BMP with 16 bits a pixel, colour profiles and
gamma; alpha is dropped.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 26
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> samples a pixel: grey, RGB, palette, grey and alpha, RGB and alpha."""


class ImageFileError(Exception):
    """The file is damaged or of a kind that is not read; `args[0]` says which."""


def read_image(data: bytes) -> Pixels:
    """The pixels, shape [height, width, 1] where all are grey, else [height, width, 3]; 0 is black."""
    try:
        if data.startswith(PNG_SIGNATURE):
            pixels = _read_png(data)
        elif data.startswith(b"BM"):
            pixels = _read_bmp(data)
        else:
            raise ImageFileError("neither a PNG nor a BMP file")
    except (struct.error, zlib.error, IndexError, ValueError) as error:
        raise ImageFileError(f"the file is damaged or cut off ({error})") from None
    if pixels.shape[2] == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    return np.ascontiguousarray(pixels)


def _size(width: int, height: int) -> None:
    if width <= 0 or height <= 0 or width * height > MOST_PIXELS:
        raise ImageFileError(f"{width} x {height} pixels are not between 1 and {MOST_PIXELS:,}")


def _read_png(data: bytes) -> Pixels:
    chunks: dict[bytes, bytes] = {}
    for kind, content in _png_chunks(data):
        chunks[kind] = chunks.get(kind, b"") + content
    if b"IHDR" not in chunks or b"IDAT" not in chunks:
        raise ImageFileError("the PNG has no IHDR or IDAT chunk")
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    _size(width, height)
    if interlaced:
        raise ImageFileError("interlaced PNG is not read; save it without interlacing")
    if color not in _PNG_SAMPLES or depth not in (1, 2, 4, 8, 16):
        raise ImageFileError(f"PNG colour type {color} with {depth} bits is not known")
    samples = _PNG_SAMPLES[color]
    line = (width * samples * depth + 7) // 8
    raw = zlib.decompressobj().decompress(chunks[b"IDAT"], height * (line + 1))
    rows = _unfilter(np.frombuffer(raw, np.uint8).reshape(height, line + 1), max(1, samples * depth // 8))
    values = _samples(rows, depth, width * samples).reshape(height, width, samples)
    if color == 3:
        palette = np.frombuffer(chunks.get(b"PLTE", b""), np.uint8).reshape(-1, 3)
        return palette[values[..., 0]]
    if depth < 8:
        values = values * np.uint8(255 // ((1 << depth) - 1))
    return values[..., : 3 if samples >= 3 else 1]


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(PNG_SIGNATURE)
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if position + 12 + size > len(data):
            raise ImageFileError("the PNG is cut off")
        yield kind, data[position + 8 : position + 8 + size]
        if kind == b"IEND":
            return
        position += 12 + size


def _unfilter(rows: Pixels, step: int) -> Pixels:
    """Undo the filter that each row names in its first byte; `step` is the distance to the pixel on the left."""
    result = np.zeros((len(rows) + 1, rows.shape[1] - 1 + step), np.uint8)  # zeros above and on the left
    for y, row in enumerate(rows):
        kind, above, here = int(row[0]), result[y], result[y + 1]
        here[step:] = row[1:]
        if kind == 2:
            here[step:] += above[step:]
        elif kind:
            _unfilter_row(kind, here, above, step)
    return result[1:, step:]


def _unfilter_row(kind: int, here: Pixels, above: Pixels, step: int) -> None:
    """The filters that need the pixel on the left: Sub, Average, Paeth."""
    now, up = here.tolist(), above.tolist()
    for x in range(step, len(now)):
        a, b, c = now[x - step], up[x], up[x - step]
        if kind == 1:
            guess = a
        elif kind == 3:
            guess = (a + b) // 2
        elif kind == 4:
            distances = abs(b - c), abs(a - c), abs(a + b - 2 * c)
            guess = (a, b, c)[distances.index(min(distances))]
        else:
            raise ImageFileError(f"PNG filter {kind} is not known")
        now[x] = now[x] + guess & 255
    here[:] = now


def _samples(rows: Pixels, depth: int, count: int) -> Pixels:
    """One byte a sample, `count` a row; of 16 bits the upper 8."""
    if depth == 8:
        return rows
    if depth == 16:
        return rows[:, ::2]
    bits = np.unpackbits(rows, axis=1)[:, : count * depth].reshape(len(rows), count, depth)
    packed: Pixels = (bits << np.arange(depth - 1, -1, -1, dtype=np.uint8)).sum(axis=2, dtype=np.uint8)
    return packed


def _read_bmp(data: bytes) -> Pixels:
    offset, header, width, height, _, depth, compression = struct.unpack_from("<10xIIiiHHI", data)
    upside_down, height = height > 0, abs(height)
    _size(width, height)
    if compression != 0 or depth not in (1, 4, 8, 24, 32):
        raise ImageFileError(f"BMP with {depth} bits a pixel and compression {compression} is not read")
    line = (width * depth + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, height * line, offset).reshape(height, line)
    if upside_down:
        rows = rows[::-1]
    if depth >= 24:
        return rows[:, : width * depth // 8].reshape(height, width, depth // 8)[..., 2::-1]
    (colors,) = struct.unpack_from("<I", data, 46)
    palette = np.frombuffer(data, np.uint8, 4 * (colors or 1 << depth), 14 + header).reshape(-1, 4)
    return palette[_samples(rows, depth, width)[:, :width]][..., 2::-1]
