"""Sound: from a WAV file to the one-bit stream of a digital microphone.

A sample of full scale is 1.0. Between two samples of the file sound moves in a straight line; before the first and
after the last it is silent.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ

Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.float32]
"""+1.0 and -1.0."""

OVERLOAD = 0.95
"""The modulator's input is limited here; beyond, a second-order loop loses its footing."""
_WIDTHS: dict[int, tuple[np.dtype[Any], int, float]] = {
    1: (np.dtype("u1"), 128, 128.0),
    2: (np.dtype("<i2"), 0, 32768.0),
    4: (np.dtype("<i4"), 0, 2147483648.0),
}


@dataclass(frozen=True)
class Audio:
    """`samples` [n], full scale 1.0, `rate` of them a second; the first at cycle 0. `source` is for messages."""

    rate: float
    samples: Floats
    source: str = "audio"

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or not len(self.samples):
            raise UsageError(f"{self.source}: sound has shape {self.samples.shape}: one channel of samples is wanted")
        if not self.rate > 0:
            raise UsageError(f"{self.source}: {self.rate} samples a second cannot be")

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def at(self, first: int, period: int, count: int) -> Floats:
        """The sound at cycles `first`, `first + period`, ...: [count]."""
        positions = (first + period * np.arange(count, dtype=np.float64)) * (self.rate / CPU_HZ)
        start = max(0, int(positions[0]) - 1) if count else 0
        stop = min(len(self.samples), int(positions[-1]) + 3) if count else 0
        if start >= stop:
            return np.zeros(count)
        near = np.arange(start, stop, dtype=np.float64)
        return np.interp(positions, near, self.samples[start:stop], left=0.0, right=0.0)


def load_audio(path: str | Path) -> Audio:
    """The WAV file `path`: uncompressed, one channel, 8, 16, 24 or 32 bits."""
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk that reaches beyond the file
        raise UsageError(f"{path}: not an uncompressed WAV file ({str(error) or 'it ends early'})") from None
    if not data:
        raise UsageError(f"{path}: there is no sound in it")
    if channels != 1:
        raise UsageError(f"{path}: {channels} channels: the microphone takes one; mix the file down first")
    data = data[: len(data) // width * width]
    if width == 3:
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, width = padded.tobytes(), 4
    if width not in _WIDTHS:
        raise UsageError(f"{path}: {8 * width} bits a sample: 8, 16, 24 and 32 are known")
    kind, zero, full = _WIDTHS[width]
    return Audio(rate, (np.frombuffer(data, kind).astype(np.float64) - zero) / full, str(path))


def modulate(sound: Floats | None, count: int, state: tuple[float, float]) -> tuple[Bits, tuple[float, float]]:
    """`count` bits of a second-order sigma-delta modulator, and its state after them. `sound` None is silence.

    The loop is one bit after the other by nature; four operations on local floats each are what Python does fastest.
    """
    first, second = state
    values = [0.0] * count if sound is None else np.clip(sound, -OVERLOAD, OVERLOAD).tolist()
    bits = [1.0] * count
    for n, value in enumerate(values):
        if second >= 0.0:
            first += 0.5 * (value - 1.0)
            second += 0.5 * (first - 1.0)
        else:
            bits[n] = -1.0
            first += 0.5 * (value + 1.0)
            second += 0.5 * (first + 1.0)
    return np.array(bits, np.float32), (first, second)
