"""Makes the shipped motion traces: a wrist that stands, walks, runs and plays badminton, seeded.

    python traces/motion.py [--directory DIR] [--seed N]

The sensor sits on a rigid forearm. Its attitude is three angles (yaw about z, then pitch about y, then roll about x),
each a sum of harmonics of the cadence, or strokes. Rotation rates and accelerations are *derived* from them, so that
gyroscope and accelerometer belong together as on a real arm:

    rate      w = body rates of the three angles (Euler z-y-x)
    specific  f = dw/dt x r + w x (w x r) + R^T trunk + R^T up * 1 g
    force

`r` points from the pivot of the swing (shoulder, elbow) to the sensor, `trunk` is what the pivot itself does (bounce
of steps, lunges), `up` is the vertical while the arm rests, R the attitude. Axes as in the BasicMotions recordings:
x along the arm towards the shoulder, z the axis about which the arm swings. Cadence and strength wander slowly.

The numbers were set so that, read at 10 Hz and without gravity, means, standard deviations and dominant frequencies
come near those of the BasicMotions training recordings (README.md has both; tests/test_traces.py checks it).

Not modelled: sensor noise, offset and quantisation (the sensor's model adds what it has), soft tissue, the magnetic
field.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cmsim.stimuli import MOTION, Trace, write_csv
from cmsim.stimuli.units import STANDARD_GRAVITY

Array = npt.NDArray[np.float64]

RATE = 100  # Hz, of the files
FINE = 10  # derivatives are taken on a grid this many times finer
DECIMALS = {"accel": 4, "gyro": 2}  # 0.1 mg and 0.01 dps: finer than the sensor's steps
SEED = 2024

Harmonics = Sequence[tuple[float, float, float]]
"""(multiple of the cadence, amplitude, phase in rad), to be summed."""


@dataclass(frozen=True)
class Gait:
    """A periodic motion; angles in rad, accelerations in m/s^2, lengths in m, base axes x, y, z."""

    cadence: float  # Hz: one full arm swing, two steps
    wander: float  # how far cadence (a third of it) and strength vary, relative
    swing: tuple[Harmonics, Harmonics, Harmonics]  # roll about x, pitch about y, yaw about z
    trunk: tuple[Harmonics, Harmonics, Harmonics]
    lever: tuple[float, float, float]
    up: tuple[float, float, float]
    restlessness: float = 0.0  # rad: slow random attitude changes


STANDING = Gait(
    cadence=1.0, wander=0.8,
    swing=([(1, 0.025, 0.3), (2.3, 0.02, 1.0)], [(1, 0.017, 2.0)], [(1, 0.075, 0.0), (0.5, 0.03, 1.0)]),
    trunk=([(1.7, 0.2, 0.0)], [(1, 0.25, 0.4)], [(1.3, 0.2, 1.2)]),
    lever=(-0.45, 0.0, 0.0), up=(1.0, -0.05, -0.1), restlessness=0.02,
)

WALKING = Gait(
    cadence=0.76, wander=0.12,
    swing=([(1, 0.17, 0.4), (2, 0.03, 1.1)], [(1, 0.11, 3.6), (2, 0.02, 0.0)], [(1, 0.40, 0.0), (2, 0.02, 0.8)]),
    trunk=([(2, 1.3, 0.9), (4, 0.4, 0.0)], [(1, 0.8, 1.6), (2, 0.6, 2.0)], [(1, 0.9, 0.3), (2, 0.5, 0.0)]),
    lever=(-0.42, 0.0, 0.05), up=(0.98, -0.1, -0.15), restlessness=0.06,
)

RUNNING = Gait(
    cadence=1.15, wander=0.05,
    swing=([(1, 0.32, 0.2), (2, 0.06, 1.0)], [(1, 0.25, 3.4), (2, 0.04, 0.4)], [(1, 0.95, 0.0), (2, 0.05, 1.3)]),
    trunk=([(1, 11.5, 1.2), (2, 2.5, -1.57), (4, 1.0, 0.7)], [(1, 11.0, 1.9), (2, 5.0, 3.3), (4, 1.5, 1.0)],
           [(1, 4.4, 2.8), (2, 1.2, 3.3), (3, 1.0, 0.0)]),
    lever=(-0.20, 0.17, 0.08), up=(0.45, -0.85, -0.27), restlessness=0.05,
)

# Between strokes: light steps, the racket held up.
READY = Gait(
    cadence=1.1, wander=0.5,
    swing=([(1, 0.10, 0.0), (0.6, 0.20, 1.0)], [(1, 0.10, 2.0), (0.5, 0.20, 0.4)], [(1, 0.12, 0.9), (0.7, 0.25, 0.0)]),
    trunk=([(1, 2.5, 0.0), (2, 2.5, 0.4)], [(1, 2.5, 1.0), (2.2, 3.0, 0.0)], [(1, 2.5, 2.0), (1.9, 2.5, 0.7)]),
    lever=(-0.08, 0.03, 0.03), up=(0.65, -0.6, -0.45), restlessness=0.15,
)


def standing(seconds: float, rng: np.random.Generator) -> Array:
    """Standing still, arms hanging, some sway: rows of accel (g) x, y, z, gyro (dps) x, y, z at 100 Hz."""
    return _gait(STANDING, seconds, rng)


def walking(seconds: float, rng: np.random.Generator) -> Array:
    """Walking at about 1.5 steps a second, arm swinging; rows as `standing`."""
    return _gait(WALKING, seconds, rng)


def running(seconds: float, rng: np.random.Generator) -> Array:
    """Running at about 2.3 steps a second, elbow bent; rows as `standing`."""
    return _gait(RUNNING, seconds, rng)


def badminton(seconds: float, rng: np.random.Generator) -> Array:
    """Strokes every second or so, lunges with them, light steps between; rows as `standing`."""
    time = _fine_time(seconds)
    angles, trunk = _periodic(READY, time, rng)
    at = rng.uniform(0.2, 0.8)
    while at < seconds:
        # A stroke: the arm is drawn back, whips through, and comes back; the body lunges with it.
        width, strength = rng.uniform(0.08, 0.14), rng.uniform(0.5, 1.3)
        whip = np.exp(-0.5 * ((time - at) / width) ** 2)
        back = np.exp(-0.5 * ((time - at + 2.6 * width) / (1.4 * width)) ** 2)
        direction = np.array([1.0, 0.8, 1.3]) * rng.choice([-1.0, 1.0], 3) * rng.uniform(0.5, 1.5, 3)
        angles += (strength * direction)[:, None] * (whip - 0.6 * back)
        lunge = np.array([13.0, 13.0, 10.0]) * (rng.normal(0.0, 0.7, 3) + np.array([0.6, -0.1, -0.3]))
        trunk += (strength * lunge)[:, None] * (whip - 0.35 * back)
        at += rng.uniform(0.6, 1.3)
    return _sensor(READY, angles, trunk)


ACTIVITIES: dict[str, Callable[[float, np.random.Generator], Array]] = {
    "badminton": badminton, "running": running, "standing": standing, "walking": walking,
}

DAY = ("standing", "walking", "running", "badminton")
DAY_PART = 10.0  # s of each
FADE = 0.5  # s in which one activity of the day becomes the next

FILES = {"walk": "walking", "run": "running", "standing": "standing", "badminton": "badminton"}
"""File name -> activity, of the traces with one activity."""
FILE_SECONDS = 12.0


def trace(activity: str, seconds: float = FILE_SECONDS, seed: int = SEED) -> Trace:
    """`seconds` of one of `ACTIVITIES`, as a trace at 100 Hz."""
    rng = np.random.default_rng([seed, sorted(ACTIVITIES).index(activity)])
    return _as_trace(ACTIVITIES[activity](seconds, rng), activity)


def day(seed: int = SEED) -> Trace:
    """40 s: ten seconds each of standing, walking, running and badminton, blended over half a second."""
    rng = np.random.default_rng([seed, len(ACTIVITIES)])
    parts = [ACTIVITIES[activity](DAY_PART + FADE, rng) for activity in DAY]
    fade, part = round(FADE * RATE), round(DAY_PART * RATE)
    rise = ((1 - np.cos(np.pi * np.arange(fade) / fade)) / 2)[:, None]
    rows = [parts[0][:part]]
    for before, after in pairwise(parts):
        rows += [before[part:] * (1 - rise) + after[:fade] * rise, after[fade:part]]
    return _as_trace(np.concatenate(rows), "day")


def _as_trace(rows: Array, name: str) -> Trace:
    channels = {channel: np.round(rows[:, index], DECIMALS[channel.split()[0]]) + 0.0  # + 0.0: no minus zero
                for index, channel in enumerate(MOTION)}
    return Trace(np.round(np.arange(len(rows)) / RATE, 2), channels, name)


def _fine_time(seconds: float) -> Array:
    return np.arange(round(seconds * RATE) * FINE) / (RATE * FINE)


def _gait(gait: Gait, seconds: float, rng: np.random.Generator) -> Array:
    angles, trunk = _periodic(gait, _fine_time(seconds), rng)
    return _sensor(gait, angles, trunk)


def _periodic(gait: Gait, time: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Angles [3, n] in rad and trunk accelerations [3, n] in m/s^2 of the periodic part of a motion."""
    pace = gait.cadence * (1 + gait.wander / 3 * _drift(time, rng))
    phase = 2 * np.pi * np.cumsum(pace) / (RATE * FINE) + rng.uniform(0, 2 * np.pi)
    strength = 1 + gait.wander * _drift(time, rng)

    def of(axes: tuple[Harmonics, Harmonics, Harmonics]) -> Array:
        return np.array([sum((amplitude * np.sin(multiple * phase + offset) for multiple, amplitude, offset in axis),
                             np.zeros_like(phase)) for axis in axes]) * strength

    restless = gait.restlessness * np.array([_drift(time, rng) for _ in range(3)])
    return of(gait.swing) + restless, of(gait.trunk)


def _drift(time: Array, rng: np.random.Generator) -> Array:
    """A slow random function of time with standard deviation near 0.5: five waves of 0.05 to 0.5 Hz."""
    frequencies, phases = rng.uniform(0.05, 0.5, 5), rng.uniform(0, 2 * np.pi, 5)
    waves = np.sin(2 * np.pi * frequencies[:, None] * time + phases[:, None])
    total: Array = waves.sum(axis=0) / np.sqrt(10)
    return total


def _sensor(gait: Gait, angles: Array, trunk: Array) -> Array:
    """What the sensor feels, [n, 6] at 100 Hz: accel in g, gyro in dps; see the formulas at the top."""
    step = 1 / (RATE * FINE)
    roll, pitch, _ = angles
    d_roll, d_pitch, d_yaw = np.gradient(angles, step, axis=1)
    rates = np.stack([
        d_roll - np.sin(pitch) * d_yaw,
        np.cos(roll) * d_pitch + np.sin(roll) * np.cos(pitch) * d_yaw,
        -np.sin(roll) * d_pitch + np.cos(roll) * np.cos(pitch) * d_yaw,
    ], axis=1)
    lever = np.asarray(gait.lever)
    turning = np.cross(np.gradient(rates, step, axis=0), lever) + np.cross(rates, np.cross(rates, lever))
    up = np.asarray(gait.up) / np.linalg.norm(gait.up)
    carried = np.einsum("nji,nj->ni", _attitude(angles), trunk.T + STANDARD_GRAVITY * up)
    rows: Array = np.concatenate([(turning + carried) / STANDARD_GRAVITY, np.degrees(rates)], axis=1)[::FINE]
    return rows


def _attitude(angles: Array) -> Array:
    """Rotation matrices [n, 3, 3], body to base: yaw about z, pitch about y, roll about x."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(angles), np.cos(angles)
    matrix = np.array([
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ])
    return matrix.transpose(2, 0, 1)


def write(directory: Path, seed: int = SEED) -> None:
    """Write all shipped traces into `directory`."""
    made = {**{name: trace(activity, seed=seed) for name, activity in FILES.items()}, "day": day(seed)}
    for name, one in made.items():
        what = ", ".join(f"{activity} {DAY_PART:g} s" for activity in DAY) if name == "day" else FILES[name]
        comment = f"{what}; made by traces/motion.py of cmsim, seed {seed}; gravity included"
        write_csv(one, directory / f"{name}.csv", comment)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the traces; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the motion traces that cmsim ships.")
    parser.add_argument("--directory", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    write(options.directory, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
