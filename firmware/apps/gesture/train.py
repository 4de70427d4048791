"""Trains the gesture network on BasicMotions and writes `gesture.tflite` (int8, float32 at its ends).

    python firmware/apps/gesture/train.py [--epochs N] [--seed N] [-o gesture.tflite]

Learns from the 40 training recordings only; prints the accuracy on the 40 held-back recordings, for the float network
and for the int8 file as the TensorFlow Lite Micro wheel runs it. Seeded: one numpy build on one kind of CPU gives the
same bytes each time (another BLAS may round differently).

Held back are recordings, not people: the same four students are presumably in both halves, so the figures say nothing
about a fifth.

The recordings carry no gravity, a mounted sensor feels it. So training varies them: gravity absent or in any direction,
turned along with the measured rotation; pace and strength; small rotations of the watch; where a window starts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

import network  # noqa: E402
import preprocess  # noqa: E402
from export import INPUT_SCALE, export  # noqa: E402

from cmsim.importers.basicmotions import Recording, recordings  # noqa: E402

Array = npt.NDArray[np.float64]

VARIANTS = 20  # varied copies of each recording
BATCH = 120
LABEL_SMOOTHING = 0.05
GRAVITY_MEMORY = 1.5  # s: how fast the turned gravity returns to its base direction (10 Hz rotation rates drift)


def target_of(labels: Sequence[str]) -> Array:
    """One row a label, smoothed one-hot, [n, 4]."""
    classes = len(preprocess.LABELS)
    hot = np.eye(classes)[[preprocess.LABELS.index(label) for label in labels]]
    return hot * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / classes


def quantised_input(windows: npt.NDArray[np.float32]) -> Array:
    """What the network sees behind its QUANTIZE operator: [n, 40, 6], on the int8 grid, saturated."""
    grid = np.clip(np.rint(windows[:, :, 0, :].astype(np.float64) / INPUT_SCALE), -128, 127)
    return grid * INPUT_SCALE


def varied(records: Sequence[Recording], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """One varied copy of each recording, as sensor counts [recordings, samples, 6]."""
    count = len(records)
    pace = rng.uniform(0.9, 1.1, count)
    strength = rng.uniform(0.85, 1.15, count)
    samples = int(records[0].times[-1] / 1.1 * preprocess.SAMPLE_RATE)
    values = np.zeros((count, samples, preprocess.CHANNELS))
    for index, record in enumerate(records):
        at = np.arange(samples) / preprocess.SAMPLE_RATE * pace[index]
        for channel in range(preprocess.CHANNELS):
            values[index, :, channel] = np.interp(at, record.times, record.values[:, channel])
    # Faster by p: rotation rates grow with p, accelerations with its square.
    values[..., :3] *= (strength * pace**2)[:, None, None]
    values[..., 3:] *= (strength * pace)[:, None, None]
    values[..., :3] += _gravity(values[..., 3:], rng)
    turn = _small_rotations(count, rng)
    values = np.concatenate([values[..., :3] @ turn, values[..., 3:] @ turn], axis=2)
    return preprocess.to_counts(values)


def _gravity(rates: Array, rng: np.random.Generator) -> Array:
    """What gravity adds, g [n, samples, 3], in a body that turns at `rates` (dps); a third of the copies get none."""
    count, samples = rates.shape[:2]
    base = rng.normal(size=(count, 3))
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    up = base.copy()
    result = np.zeros_like(rates)
    dt = 1.0 / preprocess.SAMPLE_RATE
    for index in range(samples):
        result[:, index] = up
        up += dt * (np.cross(up, np.radians(rates[:, index])) + (base - up) / GRAVITY_MEMORY)
        up /= np.linalg.norm(up, axis=1, keepdims=True)
    result[rng.random(count) < 1 / 3] = 0.0
    return result


def _small_rotations(count: int, rng: np.random.Generator) -> Array:
    """Rotation matrices [n, 3, 3] about random axes, angle about 10 degrees (Rodrigues)."""
    vector = rng.normal(0.0, np.radians(10), (count, 3))
    angle = np.linalg.norm(vector, axis=1)[:, None, None]
    x, y, z = (vector / angle[:, :, 0]).T
    zero = np.zeros(count)
    k = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    turn: Array = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
    return turn


def random_windows(counts: npt.NDArray[np.int16], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """One window of each sequence, starting at any sample: [n, 40, 1, 6]."""
    length = preprocess.WINDOW * preprocess.DECIMATION
    starts = rng.integers(0, counts.shape[1] - length + 1, len(counts))
    cut = np.stack([sequence[start : start + length] for sequence, start in zip(counts, starts, strict=True)])
    return preprocess.to_steps(cut)[:, :, None, :]


def train(records: Sequence[Recording], epochs: int, seed: int) -> tuple[network.Parameters, Array]:
    """The trained parameters, and training inputs to calibrate activation ranges on."""
    rng = np.random.default_rng(seed)
    parameters = network.initial(rng, preprocess.CHANNELS, len(preprocess.LABELS))
    adam = network.Adam(parameters)
    counts = np.concatenate([varied(records, rng) for _ in range(VARIANTS)])
    target = target_of([record.label for record in records] * VARIANTS)
    inputs = np.zeros(0)
    for epoch in range(epochs):
        inputs = quantised_input(random_windows(counts, rng))
        rate = 5e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for chosen in np.array_split(rng.permutation(len(inputs)), max(1, len(inputs) // BATCH)):
            activations = network.forward(parameters, inputs[chosen])
            adam.step(network.gradients(parameters, activations, target[chosen]), rate)
    return parameters, inputs


def majority(probabilities: Array) -> int:
    """The class of most windows, [windows, 4]; a tie goes to the larger summed probability."""
    votes = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    return int(np.argmax(votes + probabilities.sum(axis=0) / (1 + len(probabilities))))


Predictor = Callable[[npt.NDArray[np.float32]], Array]
"""Network inputs [n, 40, 1, 6] -> probabilities [n, 4]."""


def score(records: Sequence[Recording], predict: Predictor,
          gravity: Array | None = None) -> tuple[int, int, int, int]:
    """Right windows, windows, right recordings, recordings; `gravity` (g) is added to the accelerometer."""
    right_windows = windows = right_records = 0
    for record in records:
        values = record.values.copy()
        if gravity is not None:
            values[:, :3] += gravity
        probabilities = predict(preprocess.windows_of(record.times, values))
        label = preprocess.LABELS.index(record.label)
        right_windows += int((probabilities.argmax(axis=1) == label).sum())
        windows += len(probabilities)
        right_records += majority(probabilities) == label
    return right_windows, windows, right_records, len(records)


def wheel(model: bytes) -> Predictor:
    """A predictor that runs the `.tflite` in the TensorFlow Lite Micro wheel."""
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415 (not needed to train)

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=64 * 1024)

    def predict(windows: npt.NDArray[np.float32]) -> Array:
        rows = []
        for window in windows:
            interpreter.set_input(window[None], 0)
            interpreter.invoke()
            rows.append(np.array(interpreter.get_output(0)[0], np.float64))
        return np.array(rows)

    return predict


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracies, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "gesture.tflite")
    options = parser.parse_args(arguments)

    parameters, calibration = train(recordings("train"), options.epochs, options.seed)
    model = export(parameters, calibration)
    options.output.write_bytes(model)

    def in_float(windows: npt.NDArray[np.float32]) -> Array:
        return network.forward(parameters, quantised_input(windows))["probabilities"]

    directions = {"as recorded": None, "1 g on x": (1, 0, 0), "1 g on y": (0, 1, 0), "1 g on z": (0, 0, 1)}
    for kind, predict in (("float", in_float), ("int8", wheel(model))):
        for split in ("train", "test"):
            for name, gravity in directions.items():
                vector = None if gravity is None else np.array(gravity, np.float64)
                windows, of_windows, right, of = score(recordings(split), predict, vector)
                print(f"{kind:5}  {split:5}  {name:11}  recordings {right}/{of} ({right / of:.1%})  "
                      f"windows {windows}/{of_windows} ({windows / of_windows:.1%})")
    print(f"{options.output.name}: {len(model)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
