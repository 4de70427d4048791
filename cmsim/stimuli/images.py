"""Pictures for a camera: a file, a folder, an animation, an array, an archive with times, or a function of time.

A source is a function of the CPU cycle that gives the picture then: (height, width, 3) uint8, red, green, blue.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..kernel import CPU_HZ
from . import numpy_files
from .video import FILMS, Film

Pixels = NDArray[np.uint8]
Source = Callable[[int], Pixels]
STILLS = (".png", ".jpg", ".jpeg", ".bmp")
FRAME_SECONDS = 0.2
"""How long a picture of a folder or an array without times is shown."""


def load_images(what: str | Path | NDArray[Any] | Callable[[float], NDArray[Any]]) -> Source:
    """The source that `what` stands for; UsageError if it cannot be one.

    A path: PNG, JPEG, BMP, GIF (or whatever else Pillow opens, with the animation's own times), `.npy`, `.npz` with
    `frames` and, if given, `times` in seconds, a film (.mp4 and its kin, by imageio), or a folder of pictures in the
    order of their names. An array: one picture (h, w) or (h, w, 3), or several (n, h, w, 3), uint8. A callable:
    seconds -> picture. What comes one after another begins again at the end, except a `.npz` with times, which holds
    its last picture.
    """
    if isinstance(what, np.ndarray):
        return _array(what, "array")
    if callable(what):
        return lambda cycle: _picture(what(cycle / CPU_HZ), "callable")
    if not str(what):
        raise UsageError("pictures for the camera: the name is empty")
    path = Path(what)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in STILLS)
        if not files:
            raise UsageError(f"{path}: no pictures in the folder ({', '.join(STILLS)})")
        return _sequence([_open(p)[0][0] for p in files], None, loop=True)
    if not path.is_file():
        raise UsageError(f"{path}: no such picture or folder")
    if path.suffix.lower() in (".npy", ".npz"):
        return _numpy(path)
    if path.suffix.lower() in FILMS:
        return Film(path)
    frames, ends = _open(path)
    return _sequence(frames, ends, loop=True)


def _open(path: Path) -> tuple[list[Pixels], list[float]]:
    """The frames of an image file, and the seconds at which each ends."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only runs with a camera need it
    except ImportError:
        raise UsageError(f"{path}: reading pictures needs Pillow; install it, or give .npy or .npz") from None
    bombs = Image.DecompressionBombError, Image.DecompressionBombWarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in a file that can be shown
            warnings.simplefilter("error", bombs[1])  # 90 million pixels
            return _frames(path)
    except (OSError, ValueError, SyntaxError, *bombs) as error:
        why = "it is neither PNG, JPEG, BMP nor GIF" if isinstance(error, UnidentifiedImageError) else error
        raise UsageError(f"{path}: cannot be read as a picture: {why}") from None


def _frames(path: Path) -> tuple[list[Pixels], list[float]]:
    from PIL import Image, ImageOps, ImageSequence  # noqa: PLC0415

    frames: list[Pixels] = []
    ends: list[float] = []
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            upright = ImageOps.exif_transpose(frame)  # as viewers show it: cameras store how they were held
            if upright.mode.startswith("I"):  # gray of 16 bits, which convert() would cut at 255
                gray = np.asarray(upright).astype(np.int64).clip(0, 0xFFFF) >> 8
                frames.append(_picture(gray.astype(np.uint8), str(path)))
            else:
                frames.append(np.array(upright.convert("RGB"), dtype=np.uint8))
            seconds = frame.info.get("duration", 0) / 1000 or FRAME_SECONDS
            ends.append((ends[-1] if ends else 0.0) + seconds)
    return frames, ends


def _numpy(path: Path) -> Source:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _array(loaded, str(path))
        with loaded:
            if "frames" not in loaded:
                raise UsageError(f"{path}: no array `frames`; it has {', '.join(loaded.files) or 'nothing'}")
            frames = loaded["frames"]
            times = loaded.get("times")
    except numpy_files.ERRORS as error:
        raise UsageError(f"{path}: cannot be read: {numpy_files.why(error)}") from None
    if times is None:
        return _array(frames, str(path))
    numbers = times.dtype.kind in "iuf" and times.shape == frames.shape[:1] and len(times)
    if not numbers or np.any(np.diff(times) <= 0) or not np.isfinite(times).all():
        raise UsageError(f"{path}: `times` must be one growing number of seconds for each of {len(frames)} frames")
    pictures = [_picture(frame, str(path)) for frame in frames]
    ends = [float(t) for t in times[1:]] + [float("inf")]
    return _sequence(pictures, ends, loop=False)


def _array(array: NDArray[Any], where: str) -> Source:
    if array.ndim == 4 and len(array):
        return _sequence([_picture(frame, where) for frame in array], None, loop=True)
    return _sequence([_picture(array, where)], None, loop=True)


def _picture(array: NDArray[Any], where: str) -> Pixels:
    array = np.asarray(array)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise UsageError(f"{where}: a picture is uint8 of shape (h, w) or (h, w, 3), not {array.dtype} {array.shape}")
    return array


def _sequence(frames: Sequence[Pixels], ends: Sequence[float] | None, *, loop: bool) -> Source:
    if len(frames) == 1:
        return lambda cycle: frames[0]
    seconds = [FRAME_SECONDS * (n + 1) for n in range(len(frames))] if ends is None else ends
    last = CPU_HZ * 10**6 if seconds[-1] == float("inf") else round(seconds[-1] * CPU_HZ)
    cycles = [*(round(end * CPU_HZ) for end in seconds[:-1]), last]

    def source(cycle: int) -> Pixels:
        at = cycle % last if loop else cycle
        return frames[min(bisect_right(cycles, at), len(frames) - 1)]

    return source
