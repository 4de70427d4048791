"""What a model is fed: a file or seeded random numbers, quantised as its input tensor says.

A file gives the first input; further inputs get random numbers. `.npy` and `.csv` may hold several inferences' worth,
which are then used in turn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from ..stimuli import numpy_files
from ..tflite import Tensor
from ..tflite.describe import shape_text
from .images import ImageFileError, Pixels, read_image

Values = npt.NDArray[Any]
RANDOM = "random"
IMAGES = (".png", ".bmp")
LUMA = np.array([299, 587, 114])
"""Weights of red, green and blue in grey, in thousandths (ITU-R BT.601)."""


@dataclass(frozen=True)
class Inputs:
    """Where the numbers come from; `describe` is for people."""

    source: str
    seed: int
    samples: tuple[Values, ...]
    """In the first input's own type and shape; empty for random ones."""

    @property
    def describe(self) -> str:
        """The source in words."""
        return f"random, seed {self.seed}" if not self.samples else self.source

    def values(self, tensors: Sequence[Tensor], inference: int) -> list[Values]:
        """The values of all input tensors for one inference, each in its tensor's shape and type."""
        found = [random_values(tensor, self.seed, inference, number) for number, tensor in enumerate(tensors)]
        if self.samples and found:
            found[0] = self.samples[inference % len(self.samples)]
        return found


def load_inputs(source: str, seed: int, tensors: Sequence[Tensor], signed_pixels: bool | None = None) -> Inputs:
    """Inputs for a model whose input tensors these are; `source` is "random" or a file. UsageError, one line.

    `signed_pixels` says whether an image's bytes are int8 numbers already; None: as `looks_signed` finds, which the
    description then tells.
    """
    if source == RANDOM:
        return Inputs(RANDOM, seed, ())
    if not tensors:
        raise UsageError(f"{source}: the model has no input")
    path = Path(source)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: cannot read the input: {error.strerror or error}") from None
    tensor, suffix, note = tensors[0], path.suffix.lower(), ""
    try:
        if suffix in IMAGES:
            pixels = read_image(content)
            signed = bool(signed_pixels)
            if signed_pixels is None and tensor.type == "INT8" and looks_signed(pixels):
                signed, note = True, ", its bytes taken as int8 numbers, as they look (else: --no-signed-pixels)"
            samples = [from_pixels(pixels, tensor, signed)]
        elif suffix in (".npy", ".csv"):
            array = _read_npy(content) if suffix == ".npy" else _read_csv(content)
            samples = [quantize(sample, tensor) for sample in _split(array, tensor)]
        else:
            raise UsageError(f"the name ends in {suffix or 'nothing'}, not .npy, .png, .bmp or .csv")
    except (UsageError, ImageFileError) as error:
        raise UsageError(f"{source}: {error}") from None
    return Inputs(path.name + note, seed, tuple(samples))


def random_values(tensor: Tensor, seed: int, inference: int, number: int) -> Values:
    """Evenly distributed over the type's range; floats over -1 to 1, where they have no quantisation of their own."""
    generator = np.random.default_rng((seed, inference, number))
    dtype = tensor.numpy_type
    if dtype.kind == "f":
        return generator.uniform(-1, 1, tensor.shape).astype(dtype)
    if dtype.kind == "b":
        return generator.integers(0, 2, tensor.shape).astype(dtype)
    if tensor.quantization is None and dtype.itemsize > 2:
        # Indices, lengths and the like: small numbers are the likeliest to mean something.
        return generator.integers(0, 2, tensor.shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, tensor.shape, dtype, endpoint=True)


def quantize(values: Values, tensor: Tensor) -> Values:
    """Numbers as the tensor holds them: of its own type as they are, real ones quantised (rounded half to even)."""
    dtype = tensor.numpy_type
    if values.dtype.kind not in "fiub":
        raise UsageError(f"it holds {values.dtype}, not numbers")
    if values.dtype == dtype or dtype.kind in "fb":
        return values.astype(dtype).reshape(tensor.shape)
    if not np.isfinite(values).all():
        raise UsageError("it holds infinities or NaN")
    limits = np.iinfo(dtype)
    if values.dtype.kind in "iub" or tensor.quantization is None:
        if (values != np.rint(values)).any() or values.min() < limits.min or values.max() > limits.max:
            raise UsageError(f"it holds numbers that are no {dtype}; give real numbers as floats, or {dtype} as it is")
        return values.astype(dtype).reshape(tensor.shape)
    quantization = tensor.quantization
    scaled = np.rint(values.astype(np.float64) / quantization.scale) + quantization.zero_point
    return np.clip(scaled, limits.min, limits.max).astype(dtype).reshape(tensor.shape)


def looks_signed(pixels: Pixels) -> bool:
    """Whether the bytes of a grey picture, [height, width, 1], are int8 numbers, although the format says 0 to 255.

    Then middle grey, 0 and -1, reads as black beside white. So: many neighbours jump by most of the range, at least
    twice as many as if the bytes are int8; and the picture is not black and white alone, where that would tell nothing.
    """
    if pixels.shape[2] != 1:
        return False

    def jumps(levels: Values) -> int:
        return sum(int((np.abs(np.diff(levels, axis=axis)) >= 160).sum()) for axis in (0, 1))

    levels = pixels[..., 0].astype(np.int16)
    neighbours = 2 * levels.size - sum(levels.shape)
    extremes = int(((levels < 16) | (levels >= 240)).sum())
    found = jumps(levels)
    return found * 100 >= neighbours > 0 and found >= 2 * jumps(levels ^ 128) and extremes * 2 < levels.size


def from_pixels(pixels: Pixels, tensor: Tensor, signed: bool = False) -> Values:
    """An image as the tensor holds it: black to white becomes the type's whole range, 0 to 1 for floats."""
    shape = tensor.shape if len(tensor.shape) != 4 else tensor.shape[1:]
    if len(shape) != 3 or shape[2] not in (1, 3) or (len(tensor.shape) == 4 and tensor.shape[0] != 1):
        raise UsageError(f"the model's input {shape_text(tensor.shape)} is not an image: use .npy or .csv")
    height, width, channels = shape
    if pixels.shape[:2] != (height, width):
        raise UsageError(f"the image has {pixels.shape[1]} x {pixels.shape[0]} pixels, the model takes "
                         f"{width} x {height}: scale it first")
    if signed:
        if tensor.type != "INT8" or pixels.shape[2] != channels:
            raise UsageError(f"signed pixels of {pixels.shape[2]} channels do not fit the model's {tensor.type} input "
                             f"{shape_text(tensor.shape)}")
        return pixels.view(np.int8).reshape(tensor.shape)
    if channels == 1 and pixels.shape[2] == 3:
        pixels = ((pixels @ LUMA + 500) // 1000).astype(np.uint8)[..., None]
    levels = np.broadcast_to(pixels, shape)
    dtype = tensor.numpy_type
    if dtype.kind == "f":
        real: Values = (levels / dtype.type(255)).astype(dtype)
        return real.reshape(tensor.shape)
    if dtype.kind not in "iu":
        raise UsageError(f"the model's input is {tensor.type}, which no image fits")
    limits = np.iinfo(dtype)
    scaled = levels.astype(np.int64) * (int(limits.max) - int(limits.min)) // 255 + limits.min
    return scaled.astype(dtype).reshape(tensor.shape)


def _split(array: Values, tensor: Tensor) -> list[Values]:
    """The inferences' samples that an array holds: a whole number of them, one after the other.

    Where the tensor has more than one dimension, so must the array, in the same order, or all its numbers lie in one
    row. Sizes of 1 do not count.
    """
    count, rest = divmod(array.size, tensor.elements)
    if rest or not count:
        raise UsageError(f"it holds {array.size:,} numbers, the model's input {shape_text(tensor.shape)} takes "
                         f"{tensor.elements:,}")
    sizes, wanted = ([size for size in shape if size != 1] for shape in (array.shape, tensor.shape))
    fitting = wanted, [tensor.elements]
    if len(wanted) > 1 and array.ndim > 1 and sizes not in fitting and sizes[1:] not in fitting:
        raise UsageError(f"its shape {shape_text(array.shape)} is not the model's {shape_text(tensor.shape)}, nor "
                         "several of it; if the order of the numbers is right, reshape them to one row")
    return list(array.reshape(count, tensor.elements))


def _read_npy(content: bytes) -> Values:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except numpy_files.ERRORS as error:
        raise UsageError(f"not a .npy file that can be read: {numpy_files.why(error)}") from None
    if not isinstance(array, np.ndarray):
        raise UsageError("it is an .npz archive; save one array with numpy.save")
    return array


def _read_csv(content: bytes) -> Values:
    """Numbers between commas, semicolons or blanks; a first line without any number is a header."""
    rows = content.decode("utf-8", "replace").replace(";", ",").splitlines()
    numbers: list[float] = []
    for line, row in enumerate(rows, 1):
        words = row.replace(",", " ").split()
        try:
            numbers += map(float, words)
        except ValueError:
            if line > 1:
                raise UsageError(f"line {line}: {row.strip()[:40]!r} holds something that is not a number") from None
    return np.array(numbers, np.float64)
