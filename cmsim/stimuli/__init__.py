"""Traces on a timeline, and stimuli that answer what the world is at a CPU cycle.

`load` reads a `Trace` from a file; `signals` makes one `Stimulus` of each of its channels; a part is fed with it:

    trace = load("walk.csv", required=MOTION)
    for channel, stimulus in signals(trace, end="loop").items():
        imu.feed(channel, stimulus.value)

Sound has a file of its own, `audio.py`. Quantities and units: `units.py`.
"""

from cmsim.stimuli.readers import load, write_csv, write_npz
from cmsim.stimuli.stimulus import End, Interpolation, Stimulus, signals
from cmsim.stimuli.trace import Trace
from cmsim.stimuli.units import BASE_UNITS

ACCEL = ("accel x", "accel y", "accel z")
GYRO = ("gyro x", "gyro y", "gyro z")
MAG = ("mag x", "mag y", "mag z")
MOTION = ACCEL + GYRO

__all__ = [
    "ACCEL", "BASE_UNITS", "GYRO", "MAG", "MOTION", "End", "Interpolation", "Stimulus", "Trace", "load", "signals",
    "write_csv", "write_npz",
]
