"""Inputs of `cmsim bench`: images, arrays, tables, random numbers, and how they are quantised."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.bench import energy
from cmsim.bench.images import ImageFileError, read_image
from cmsim.bench.inputs import from_pixels, load_inputs, looks_signed, quantize, random_values
from cmsim.errors import UsageError
from cmsim.tflite import Quantization, Tensor


def tensor(shape=(2, 3), type_="INT8", scale=0.5, zero_point=-10) -> Tensor:
    quantization = None if scale is None else Quantization((scale,), (zero_point,), 0)
    return Tensor(0, "x", shape, type_, quantization, False, 0, None)


# --- images -------------------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    size: tuple[int, int], depth: int, color: int, rows: bytes, *, palette: bytes = b"", interlaced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def filtered(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """The rows of a PNG, filtered in the given ways, written straight from the specification's formulas."""
    height, width, samples = pixels.shape
    flat = pixels.reshape(height, width * samples).astype(int)
    out = bytearray()
    for y in range(height):
        kind = kinds[y % len(kinds)]
        out.append(kind)
        for x in range(width * samples):
            a = flat[y, x - samples] if x >= samples else 0
            b = flat[y - 1, x] if y else 0
            c = flat[y - 1, x - samples] if y and x >= samples else 0
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            out.append((flat[y, x] - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return bytes(out)


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]),
       st.lists(st.integers(0, 4), min_size=1, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_png_filters(width, height, samples, kinds, random):
    pixels = np.array([random.randrange(256) for _ in range(width * height * samples)], np.uint8)
    pixels = pixels.reshape(height, width, samples)
    content = png((width, height), 8, 0 if samples == 1 else 2, filtered(pixels, kinds))
    found = read_image(content)
    assert (np.broadcast_to(found, pixels.shape) == pixels).all()


def test_png_of_few_bits():
    assert read_image(png((5, 1), 1, 0, b"\0\xa8"))[..., 0].tolist() == [[255, 0, 255, 0, 255]]
    assert read_image(png((3, 1), 2, 0, b"\0\x1b"))[..., 0].tolist() == [[0, 85, 170]]
    assert read_image(png((2, 1), 16, 0, b"\0\x12\x34\xab\xcd"))[..., 0].tolist() == [[0x12, 0xAB]]
    palette = bytes([1, 2, 3, 40, 50, 60])
    assert read_image(png((2, 1), 4, 3, b"\0\x10", palette=palette)).tolist() == [[[40, 50, 60], [1, 2, 3]]]


def test_png_drops_alpha():
    assert read_image(png((1, 1), 8, 6, b"\0\x01\x02\x03\x80")).tolist() == [[[1, 2, 3]]]
    assert read_image(png((1, 1), 8, 4, b"\0\x09\x80")).tolist() == [[[9]]]


def bmp(size: tuple[int, int], depth: int, rows: bytes, palette: bytes = b"", compression: int = 0) -> bytes:
    offset = 54 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, depth, compression, len(rows), 0, 0, len(palette) // 4, 0)
    return struct.pack("<2sIHHI", b"BM", offset + len(rows), 0, 0, offset) + header + palette + rows


def test_bmp():
    # 24 bits: blue first, bottom row first, rows filled up to 4 bytes
    rows = bytes([1, 2, 3, 4, 5, 6, 0, 0]) + bytes([7, 8, 9, 10, 11, 12, 0, 0])
    assert read_image(bmp((2, 2), 24, rows)).tolist() == [[[9, 8, 7], [12, 11, 10]], [[3, 2, 1], [6, 5, 4]]]
    assert read_image(bmp((2, -2), 24, rows)).tolist() == [[[3, 2, 1], [6, 5, 4]], [[9, 8, 7], [12, 11, 10]]]
    palette = bytes([0, 0, 0, 0, 200, 200, 200, 0])
    assert read_image(bmp((3, 1), 8, bytes([1, 0, 1, 0]), palette))[..., 0].tolist() == [[200, 0, 200]]
    assert read_image(bmp((3, 1), 1, bytes([0xA0, 0, 0, 0]), palette))[..., 0].tolist() == [[200, 0, 200]]


@pytest.mark.parametrize(("content", "message"), [
    (b"GIF89a", "neither a PNG nor a BMP"),
    (png((1, 1), 8, 0, b"\0\1", interlaced=1), "interlaced PNG is not read"),
    (png((1, 1), 8, 0, b"\7\1"), "PNG filter 7 is not known"),
    (png((1, 1), 8, 5, b"\0\1"), "PNG colour type 5 with 8 bits"),
    (png((0, 1), 8, 0, b"\0"), "0 x 1 pixels"),
    (png((1 << 20, 1 << 20), 8, 0, b"\0"), "1048576 x 1048576 pixels"),
    (png((4, 4), 8, 0, b"\0\1")[:-20], "the PNG is cut off"),
    (png((4, 4), 8, 0, b"\0\1"), "damaged or cut off"),
    (png((1, 1), 8, 3, b"\0\5", palette=bytes(3)), "damaged or cut off"),
    (bmp((1, 1), 8, b"", bytes(4)), "damaged or cut off"),
    (bmp((1, 1), 16, bytes(4)), "BMP with 16 bits"),
    (bmp((1, 1), 8, bytes(4), bytes(4), compression=1), "compression 1 is not read"),
    (b"BM", "damaged or cut off"),
])
def test_images_that_cannot_be_read(content, message):
    with pytest.raises(ImageFileError, match=message):
        read_image(content)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_image_or_an_error(content):
    for magic in (b"", b"BM", b"\x89PNG\r\n\x1a\n"):
        try:
            pixels = read_image(magic + content)
        except ImageFileError:
            continue
        assert pixels.dtype == np.uint8


def test_pixels_fill_the_types_range():
    pixels = np.array([[[0], [127], [255]]], np.uint8)
    shape = (1, 1, 3, 1)
    assert from_pixels(pixels, tensor(shape)).ravel().tolist() == [-128, -1, 127]
    assert from_pixels(pixels, tensor(shape, "UINT8")).ravel().tolist() == [0, 127, 255]
    assert from_pixels(pixels, tensor(shape, "INT16")).ravel().tolist() == [-32768, -129, 32767]
    assert from_pixels(pixels, tensor(shape, "FLOAT32", None)).ravel().tolist() == [0, np.float32(127 / 255), 1]
    assert from_pixels(pixels, tensor(shape), signed=True).ravel().tolist() == [0, 127, -1]


def test_colour_becomes_grey_and_grey_colour():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert from_pixels(pixels, tensor((1, 3, 1), "UINT8")).ravel().tolist() == [76, 150, 29]
    grey = from_pixels(pixels[..., :1], tensor((1, 1, 3, 3), "UINT8"))
    assert grey.shape == (1, 1, 3, 3)
    assert grey[0, 0, 0].tolist() == [255, 255, 255]


def picture() -> np.ndarray:
    """A continuous one whose grey crosses the middle in many places."""
    y, x = np.mgrid[0:48, 0:48]
    return np.rint(128 + 100 * np.sin(x / 3) * np.cos(y / 4)).astype(np.uint8)[..., None]


def test_bytes_that_are_int8_show_as_jumps():
    assert looks_signed(picture() ^ 128)
    assert not looks_signed(picture())
    assert not looks_signed(np.broadcast_to(picture() ^ 128, (48, 48, 3)))


def test_black_and_white_pictures_do_not_look_signed():
    x = np.arange(48)
    stripes = np.broadcast_to(np.where(x % 4 < 2, 0, 255).astype(np.uint8)[None, :, None], (48, 48, 1))
    assert not looks_signed(stripes)
    assert not looks_signed(stripes ^ 128)
    assert not looks_signed(np.zeros((1, 1, 1), np.uint8))


def test_signed_bytes_are_found_and_said_unless_the_option_decides(tmp_path):
    path = tmp_path / "picture.bmp"
    signed = picture() ^ 128
    path.write_bytes(bmp((48, 48), 8, signed[::-1].tobytes(), bytes(v for i in range(256) for v in (i, i, i, 0))))
    model = [tensor((1, 48, 48, 1))]
    found, plain, told = (load_inputs(str(path), 0, model, option) for option in (None, False, True))
    assert found.describe == "picture.bmp, its bytes taken as int8 numbers, as they look (else: --no-signed-pixels)"
    assert (plain.describe, told.describe) == ("picture.bmp", "picture.bmp")
    assert found.samples[0].tobytes() == told.samples[0].tobytes() == signed.tobytes()
    assert plain.samples[0].tobytes() == picture().tobytes()
    assert load_inputs(str(path), 0, [tensor((1, 48, 48, 1), "UINT8")]).describe == "picture.bmp"


@pytest.mark.parametrize(("shape", "type_", "signed", "message"), [
    ((1, 96, 96, 1), "INT8", False, "the image has 3 x 1 pixels, the model takes 96 x 96"),
    ((1, 960), "INT8", False, r"input \[1,960\] is not an image"),
    ((2, 1, 3, 1), "INT8", False, "is not an image"),
    ((1, 1, 3, 1), "BOOL", False, "is BOOL, which no image fits"),
    ((1, 1, 3, 1), "UINT8", True, "signed pixels of 1 channels do not fit the model's UINT8"),
])
def test_images_that_do_not_fit(shape, type_, signed, message):
    with pytest.raises(UsageError, match=message):
        from_pixels(np.zeros((1, 3, 1), np.uint8), tensor(shape, type_), signed)


# --- numbers ------------------------------------------------------------------------------------------------


def test_real_numbers_are_quantised():
    values = np.array([0.0, 0.25, 0.26, -0.75, 1000.0, -1000.0])
    assert quantize(values, tensor()).tolist() == [[-10, -10, -9], [-12, 127, -128]]


def test_own_type_is_taken_as_it_is():
    values = np.arange(6, dtype=np.int8)
    assert quantize(values, tensor()).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert quantize(values.astype(np.int64), tensor()).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert quantize(values / 2, tensor(type_="FLOAT32", scale=None)).dtype == np.float32


@pytest.mark.parametrize(("values", "target", "message"), [
    (np.full(6, 200), tensor(), "numbers that are no int8"),
    (np.full(6, 0.5), tensor(scale=None), "numbers that are no int8"),
    (np.full(6, np.nan), tensor(), "infinities or NaN"),
    (np.array(["a"] * 6), tensor(), "not numbers"),
])
def test_numbers_that_do_not_fit(values, target, message):
    with pytest.raises(UsageError, match=message):
        quantize(values, target)


def test_random_numbers_repeat_and_fill_the_range():
    target = tensor((1000,))
    first = random_values(target, 0, 0, 0)
    assert (first == random_values(target, 0, 0, 0)).all()
    assert (first != random_values(target, 0, 1, 0)).any()
    assert (first != random_values(target, 1, 0, 0)).any()
    assert (first.min(), first.max()) == (-128, 127)
    assert set(random_values(tensor((100,), "INT32", None), 0, 0, 0)) == {0, 1}
    assert set(random_values(tensor((100,), "BOOL", None), 0, 0, 0)) == {False, True}
    real = random_values(tensor((1000,), "FLOAT32", None), 0, 0, 0)
    assert -1 <= real.min() < -0.9
    assert 0.9 < real.max() <= 1


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "fits"), [
    ((4, 3), True), ((1, 4, 3, 1), True), ((5, 4, 3), True), ((12,), True), ((24,), True), ((2, 12), True),
    ((3, 4), False), ((2, 3, 4), False), ((2, 2, 4, 3), False), ((6, 2), False),
])
def test_shape_of_npy(tmp_path, shape, fits):
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(shape, np.int8))
    image = tensor((1, 4, 3, 1))
    if fits:
        assert load_inputs(str(path), 0, [image]).values([image], 0)[0].shape == (1, 4, 3, 1)
        return
    with pytest.raises(UsageError, match=r"x\.npy: its shape .* is not the model's \[1,4,3,1\], nor several of it"):
        load_inputs(str(path), 0, [image])


def test_flat_tensor_takes_any_shape_of_npy(tmp_path):
    path = tmp_path / "spectrogram.npy"
    np.save(path, np.zeros((49, 40), np.int8))
    flat = tensor((1, 1960))
    assert load_inputs(str(path), 0, [flat]).values([flat], 0)[0].shape == (1, 1960)


def test_npy_with_several_samples(tmp_path):
    path = tmp_path / "three.npy"
    np.save(path, np.arange(18, dtype=np.int8).reshape(3, 2, 3))
    inputs = load_inputs(str(path), 0, [tensor()])
    assert inputs.describe == "three.npy"
    assert [inputs.values([tensor()], n)[0][0, 0] for n in range(4)] == [0, 6, 12, 0]


def test_csv(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("a;b;c\n0;0,5;1\n".replace(",", ".") + "\n-1, 2 3.5\n")
    assert load_inputs(str(path), 0, [tensor()]).samples[0].tolist() == [[-10, -9, -8], [-12, -6, -3]]


def test_only_the_first_input_comes_from_a_file(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("1,2,3,4,5,6")
    both = [tensor(), tensor((50,))]
    first, second = load_inputs(str(path), 0, both).values(both, 0)
    assert first[0, 0] == -8
    assert (second == random_values(both[1], 0, 0, 1)).all()


def test_files_that_cannot_be_used(tmp_path):
    def message(name: str, content: bytes, tensors: list[Tensor] | None = None) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            load_inputs(str(path), 0, [tensor()] if tensors is None else tensors)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value)

    assert "ends in .wav, not .npy, .png, .bmp or .csv" in message("a.wav", b"")
    assert "ends in nothing" in message("a", b"")
    assert "not a .npy file" in message("a.npy", b"no")
    assert "it holds 2 numbers, the model's input [2,3] takes 6" in message("a.csv", b"1,2")
    assert "line 2: '4,x' holds something that is not a number" in message("b.csv", b"1,2,3\n4,x\n")
    assert "neither a PNG nor a BMP" in message("a.png", b"no")
    assert "the model has no input" in message("c.csv", b"1", [])
    with pytest.raises(UsageError, match=r"none\.npy: cannot read the input: No such file"):
        load_inputs(str(tmp_path / "none.npy"), 0, [tensor()])


# --- energy -------------------------------------------------------------------------------------------------


def test_energy_is_charge_times_voltage():
    # one second at 64 MHz: 3.3 mA x 3 V = 9.9 mJ
    assert energy.microjoules(64_000_000) == pytest.approx(9900)
    assert energy.microjoules(64_000_000, energy.LOWEST) == pytest.approx(8400)
    assert energy.microjoules(64_000_000, energy.HIGHEST) == pytest.approx(18900)
    assert "3.3 mA from flash with cache, DC/DC regulator" in energy.assumptions()
