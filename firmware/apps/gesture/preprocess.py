"""What the gesture firmware does to sensor samples before the network sees them, in numpy.

The firmware and this file share one contract, so that the network is trained on exactly what it will get:

1. The LSM9DS1 delivers raw int16 counts at 119 Hz: accelerometer range 8 g (0.244 mg a count), gyroscope range
   2000 dps (70 mdps a count); data sheet DocID025715, table 3.
2. Each 12 consecutive samples are summed: one step, 119 / 12 = 9.917 Hz, near the 10 Hz of the training recordings.
3. A step's value is float32(sum) times `K_ACCEL` (mean in g, divided by 8) or `K_GYRO` (mean in dps, divided by 1000).
4. A window is 40 steps (4.03 s), a new one starts every 20 steps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LABELS = ("badminton", "running", "standing", "walking")

SAMPLE_RATE = 119.0  # Hz
DECIMATION = 12  # samples a step
WINDOW = 40  # steps
HOP = 20  # steps
CHANNELS = 6  # accel x, y, z, gyro x, y, z

G_PER_COUNT = 0.000244
DPS_PER_COUNT = 0.07
K_ACCEL = np.float32(G_PER_COUNT / (DECIMATION * 8))
K_GYRO = np.float32(DPS_PER_COUNT / (DECIMATION * 1000))

Counts = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]


def to_counts(values: npt.NDArray[np.float64]) -> Counts:
    """Sensor counts, int16 [..., 6], of values [..., 6] in g and dps: rounded, and saturated as the part does."""
    scaled = np.concatenate([values[..., :3] / G_PER_COUNT, values[..., 3:] / DPS_PER_COUNT], axis=-1)
    counts: Counts = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return counts


def to_steps(counts: Counts) -> Floats:
    """Steps, float32 [..., samples // 12, 6], of counts [..., samples, 6]; samples that fill no step are left out."""
    steps = counts.shape[-2] // DECIMATION
    grouped = counts[..., : steps * DECIMATION, :].reshape(*counts.shape[:-2], steps, DECIMATION, CHANNELS)
    sums: Floats = grouped.sum(axis=-2, dtype=np.int32).astype(np.float32)
    scale = np.array([K_ACCEL] * 3 + [K_GYRO] * 3, np.float32)
    scaled: Floats = sums * scale
    return scaled


def to_windows(steps: Floats) -> Floats:
    """Network inputs, float32 [windows, 40, 1, 6], of steps [n, 6]."""
    starts = range(0, len(steps) - WINDOW + 1, HOP)
    windows = np.zeros((len(starts), WINDOW, 1, CHANNELS), np.float32)
    for index, start in enumerate(starts):
        windows[index, :, 0, :] = steps[start : start + WINDOW]
    return windows


def sample(times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], first: float = 0.0) -> Counts:
    """Counts [n, 6] of a recording, read at 119 Hz from time `first` (s) to its end, straight lines between its points.

    `times` [m] in seconds, `values` [m, 6] in g and dps.
    """
    count = int(np.floor((times[-1] - first) * SAMPLE_RATE + 1e-9)) + 1
    at = first + np.arange(count) / SAMPLE_RATE
    return to_counts(np.stack([np.interp(at, times, values[:, channel]) for channel in range(CHANNELS)], axis=1))


def windows_of(times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], first: float = 0.0) -> Floats:
    """Network inputs, float32 [windows, 40, 1, 6], of a recording: `sample`, `to_steps`, `to_windows`."""
    return to_windows(to_steps(sample(times, values, first)))
