"""A film for a camera: its frames at its own rate, decoded one after another as they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..kernel import CPU_HZ

FILMS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
Pixels = NDArray[np.uint8]


class Film:
    """CPU cycle -> frame (height, width, 3), red, green, blue; after the last frame the first. Needs imageio-ffmpeg."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._frames: Iterator[Pixels] = iter(())
        self._total: int | None = None
        try:
            self._rewind()
            self.rate = Fraction(self._reader.metadata()["fps"]).limit_denominator(1001)
            self._advance()
        except ImportError:
            raise UsageError(f"{path}: reading films needs imageio; pip install 'cmsim[video]', or give .npz") from None
        except (OSError, ValueError, KeyError, RuntimeError, StopIteration) as error:
            raise UsageError(f"{path}: cannot be read as a film: {_line(error)}") from None
        if self.rate <= 0:
            raise UsageError(f"{path}: cannot be read as a film: it has no frame rate")

    def __call__(self, cycle: int) -> Pixels:
        """The frame at that time."""
        wanted = cycle * self.rate.numerator // (CPU_HZ * self.rate.denominator)
        if self._total is None and wanted > self._at:
            self._skip_to(wanted)
        if self._total is not None:
            wanted %= self._total
            if wanted < self._at:
                self._rewind()
                self._advance()
            self._skip_to(wanted)
        return self._frame

    def _rewind(self) -> None:
        imageio: Any = import_module("imageio.v3")  # only runs with a film need it
        self._reader = imageio.imopen(self.path, "r", plugin="FFMPEG")
        self._frames, self._at = self._reader.iter(), -1

    def _advance(self) -> None:
        self._frame = np.asarray(next(self._frames), dtype=np.uint8)
        self._at += 1

    def _skip_to(self, wanted: int) -> None:
        try:
            while self._at < wanted:
                self._advance()
        except StopIteration:
            self._total = self._at + 1


def _line(error: BaseException) -> str:
    """The first line of what went wrong."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
