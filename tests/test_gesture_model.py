"""The shipped gesture model: what it says about held-back recordings, and every tensor against two oracles."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
GESTURE = ROOT / "firmware/apps/gesture"
sys.path[:0] = [str(GESTURE), str(ROOT / "tests")]

import golden
import int8_reference
import network
import preprocess
import tflite
import train

from cmsim.errors import UsageError
from cmsim.importers.basicmotions import find, recordings

MODEL = (GESTURE / "gesture.tflite").read_bytes()


@pytest.fixture(scope="module")
def kept():
    with np.load(ROOT / "tests/golden/gesture.npz") as archive:
        return {name: archive[name] for name in archive.files}


def need_recordings():
    try:
        find("test")
    except UsageError as error:
        pytest.skip(str(error))


def test_golden_belongs_to_this_model(kept):
    assert str(kept["model_sha256"]) == hashlib.sha256(MODEL).hexdigest(), "run firmware/apps/gesture/golden.py"


def test_golden_says_what_the_classes_are(kept):
    """Needs neither the wheel nor the recordings: 3 windows of 10 recordings of each class, in the file's order."""
    classes = [preprocess.LABELS.index(name) for name in ("standing", "running", "walking", "badminton")]
    truth = np.repeat(classes, 30)
    assert (kept["recorded"].argmax(axis=1) == truth).mean() == 1.0


def test_every_tensor_equals_the_reference(kept):
    for index, window in enumerate(kept["inputs"]):
        for name, values in int8_reference.run(MODEL, window[None]).items():
            expected = kept[name][index]
            if name in ("softmax", "probabilities"):
                step = 1 if name == "softmax" else 1 / 256
                assert np.abs(values[0].astype(float) - expected).max() <= step, name
            else:
                np.testing.assert_array_equal(values[0], expected, err_msg=f"{name} of input {index}")


def test_every_tensor_equals_the_wheel(kept):
    pytest.importorskip("tflite_micro")
    for name, values in golden.run_all_tensors(MODEL, kept["inputs"]).items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)


def test_accuracy_on_held_back_recordings(kept):
    """The wheel, from the raw recordings on: all 40 right, and its outputs are those kept."""
    pytest.importorskip("tflite_micro")
    need_recordings()
    predict = train.wheel(MODEL)
    assert train.score(recordings("test"), predict) == (120, 120, 40, 40)
    np.testing.assert_array_equal(predict(golden.recorded_windows()), kept["recorded"])


@pytest.mark.parametrize("direction", np.vstack([np.eye(3), -np.eye(3)]).tolist())
def test_accuracy_when_the_sensor_feels_gravity(direction):
    pytest.importorskip("tflite_micro")
    need_recordings()
    windows, of_windows, right, of = train.score(recordings("test"), train.wheel(MODEL), np.array(direction))
    assert right / of >= 0.95
    assert windows / of_windows >= 0.93


def test_training_repeats_exactly():
    need_recordings()
    records = recordings("train")[::5]
    first, second = (train.export(*train.train(records, 2, 7)) for _ in range(2))
    assert first == second
    assert train.export(*train.train(records, 2, 8)) != first


def test_gradient_is_the_difference_quotient():
    rng = np.random.default_rng(0)
    parameters = network.initial(rng, 6, 4)
    for name in parameters:  # zero biases would sit exactly on ReLU's kink
        parameters[name] = parameters[name] + rng.normal(0.0, 0.1, parameters[name].shape)
    x, target = rng.normal(size=(3, 40, 6)), np.eye(4)[[0, 2, 3]]

    def loss() -> float:
        return float(-(target * np.log(network.forward(parameters, x)["probabilities"])).sum() / len(x))

    gradient = network.gradients(parameters, network.forward(parameters, x), target)
    for name, values in parameters.items():
        for _ in range(3):
            place = tuple(rng.integers(n) for n in values.shape)
            kept, step = values[place], 1e-6
            values[place] = kept + step
            up = loss()
            values[place] = kept - step
            quotient = (up - loss()) / (2 * step)
            values[place] = kept
            assert gradient[name][place] == pytest.approx(quotient, rel=1e-4, abs=1e-7), name


def test_model_has_the_agreed_operators():
    root = tflite.Model.GetRootAs(MODEL)
    graph = root.Subgraphs(0)
    names = {code: name for name, code in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}
    codes = [root.OperatorCodes(graph.Operators(i).OpcodeIndex()).BuiltinCode() for i in range(graph.OperatorsLength())]
    assert [names[code] for code in codes] == [
        "QUANTIZE", "CONV_2D", "MAX_POOL_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "AVERAGE_POOL_2D", "RESHAPE",
        "FULLY_CONNECTED", "SOFTMAX", "DEQUANTIZE"]
    assert list(graph.Tensors(graph.Inputs(0)).ShapeAsNumpy()) == [1, 40, 1, 6]
    assert list(graph.Tensors(graph.Outputs(0)).ShapeAsNumpy()) == [1, 4]
    per_channel = [graph.Tensors(graph.Operators(i).Inputs(1)).Quantization().ScaleLength() for i in (1, 3, 4)]
    assert per_channel == [8, 8, 16]


def test_steps_are_sums_of_twelve_counts():
    counts = np.tile(np.array([4098, -4098, 0, 14286, -14286, 1], np.int16), (25, 1))  # 1 g, 1000 dps
    steps = preprocess.to_steps(counts)
    assert steps.shape == (2, 6)
    assert steps.dtype == np.float32
    assert steps[0] == pytest.approx([0.125, -0.125, 0, 1.0, -1.0, 0.00007], rel=1e-4)
    assert steps[0, 0] == np.float32(12 * 4098) * np.float32(0.000244 / 96)


def test_counts_round_and_saturate():
    values = np.array([[0.000244 * 2.6, 9.0, -9.0, 0.07 * 3, 3000.0, -3000.0]])
    assert preprocess.to_counts(values).tolist() == [[3, 32767, -32768, 3, 32767, -32768]]


def test_windows_overlap_by_half():
    steps = np.arange(100, dtype=np.float32)[:, None] * np.ones(6, np.float32)
    windows = preprocess.to_windows(steps)
    assert windows.shape == (4, 40, 1, 6)
    assert windows[:, 0, 0, 0].tolist() == [0, 20, 40, 60]
    assert preprocess.to_windows(steps[:39]).shape == (0, 40, 1, 6)


def test_sampling_starts_where_told():
    times, values = np.array([0.0, 1.0]), np.array([[0.0] * 6, [1.0] * 6])
    counts = preprocess.sample(times, values, first=0.5)
    assert len(counts) == 60  # 0.5 s at 119 Hz
    assert counts[0, 0] == round(0.5 / 0.000244)


def test_majority():
    assert train.majority(np.array([[0.6, 0.4], [0.4, 0.6], [0.45, 0.55]])) == 1
    assert train.majority(np.array([[0.9, 0.1], [0.4, 0.6]])) == 0  # a tie: the surer one
