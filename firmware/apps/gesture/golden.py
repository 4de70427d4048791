"""Golden outputs of `gesture.tflite`, computed by the TensorFlow Lite Micro wheel.

    python firmware/apps/gesture/golden.py [-o tests/golden/gesture.npz]

The wheel exists as nightlies only, and old ones vanish; the file keeps what one of them computed. Its arrays:
- `inputs` float32 [n, 40, 1, 6]: random network inputs of every size (some saturate), seeded;
- one array for each tensor that an operator writes, by the tensor's name, [n, ...] as in the model;
- `recorded` float32 [120, 4]: probabilities for all windows of the 40 BasicMotions test recordings, in order;
- `model_sha256`: which model this was.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import preprocess  # noqa: E402

from cmsim.importers.basicmotions import recordings  # noqa: E402

RANDOM_INPUTS = 32
ARENA = 64 * 1024


def random_inputs(count: int, seed: int = 3) -> npt.NDArray[np.float32]:
    """Network inputs [count, 40, 1, 6]: normal noise about a random rest, of very different strengths."""
    rng = np.random.default_rng(seed)
    strength = rng.choice([0.005, 0.03, 0.1, 0.5], (count, 1, 1, 1))
    shape = (count, preprocess.WINDOW, 1, preprocess.CHANNELS)
    rest = rng.uniform(-0.125, 0.125, (count, 1, 1, preprocess.CHANNELS))
    inputs: npt.NDArray[np.float32] = (rest + strength * rng.standard_normal(shape)).astype(np.float32)
    return inputs


def recorded_windows() -> npt.NDArray[np.float32]:
    """The windows of all BasicMotions test recordings, [120, 40, 1, 6]."""
    return np.concatenate([preprocess.windows_of(record.times, record.values) for record in recordings("test")])


def run_all_tensors(model: bytes, inputs: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """Every tensor that an operator writes, by name, [n, ...], as the wheel computes it."""
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415 (only here)

    graph = tflite.Model.GetRootAs(model).Subgraphs(0)
    written = [graph.Operators(index).Outputs(0) for index in range(graph.OperatorsLength())]
    interpreter = runtime.Interpreter.from_bytes(
        model, arena_size=ARENA, intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors)
    result: dict[str, list[npt.NDArray[Any]]] = {graph.Tensors(index).Name().decode(): [] for index in written}
    for window in inputs:
        interpreter.set_input(window[None], 0)
        interpreter.invoke()
        for index, values in zip(written, result.values(), strict=True):
            values.append(np.array(interpreter.GetTensor(index, 0)["tensor_data"])[0])
    return {name: np.stack(values) for name, values in result.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the golden file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the golden outputs of gesture.tflite.")
    parser.add_argument("-o", "--output", type=Path, default=HERE.parents[2] / "tests/golden/gesture.npz")
    options = parser.parse_args(arguments)
    model = (HERE / "gesture.tflite").read_bytes()
    inputs = random_inputs(RANDOM_INPUTS)
    arrays: dict[str, Any] = run_all_tensors(model, inputs)
    recorded = run_all_tensors(model, recorded_windows())["probabilities"]
    np.savez_compressed(options.output, inputs=inputs, recorded=recorded,
                        model_sha256=np.array(hashlib.sha256(model).hexdigest()), **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
