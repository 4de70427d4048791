"""The smallest arena of real models, found by trying on the simulated core, against what TensorFlow Lite Micro uses.

The gesture model is in the repository, the streaming ones in the package pymicro-wakeword; a generated model has the shapes of
micro_speech (an image of one channel under an 8x10 filter, then a long FULLY_CONNECTED), whose scratch once exceeded it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cmsim.bench.firmware import load_firmware
from cmsim.bench.minimum import minimum_arena
from cmsim.bench.session import ARENA_TOO_SMALL, ModelFailedError, Session
from cmsim.tflite import parse

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
sys.path.insert(0, str(FIRMWARE / "tools"))
from support.tflite_micro import reference_arena
from tflite_writer import ModelWriter, Quantization

STREAMING = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


def speech() -> bytes:
    """Layers of micro_speech: 49x40 spectrogram, DEPTHWISE_CONV_2D to 25x20x8, FULLY_CONNECTED to 4."""
    rng = np.random.default_rng(5)

    def weights(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape).astype(np.int8)

    graph = ModelWriter().subgraph()
    source = graph.tensor("spectrogram", (1, 49, 40, 1), "int8", Quantization(0.1, -128))
    bands = graph.tensor("bands", (1, 25, 20, 8), "int8", Quantization(0.1, -128))
    scores = graph.tensor("scores", (1, 4), "int8", Quantization(0.1, 10))
    filters = graph.constant("filters", weights(1, 10, 8, 8), Quantization([0.001] * 8, 0, 3))
    offsets = graph.constant("offsets", np.zeros(8, np.int32), Quantization([0.0001] * 8, 0, 0))
    graph.operator("DEPTHWISE_CONV_2D", [source, filters, offsets], [bands],
                   {"padding": "SAME", "stride_w": 2, "stride_h": 2, "depth_multiplier": 8,
                    "fused_activation_function": "RELU"}, version=3)
    dense = graph.constant("dense", weights(4, 4000), Quantization(0.001))
    graph.operator("FULLY_CONNECTED", [bands, dense], [scores], version=4)
    graph.inputs, graph.outputs = [source], [scores]
    return graph.model.finish()


def content(name: str) -> bytes:
    if name == "speech":
        return speech()
    if name == "gesture":
        return (FIRMWARE / "apps" / "gesture" / "gesture.tflite").read_bytes()
    spec = importlib.util.find_spec("pymicro_wakeword")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("ARENA OF WAKE WORD MODELS NOT CHECKED: package pymicro-wakeword is not installed")
    return (Path(spec.submodule_search_locations[0]) / "models" / f"{name}.tflite").read_bytes()


@pytest.mark.parametrize("kernels", ["dsp", "reference"])
@pytest.mark.parametrize("name", ["gesture", "speech", *STREAMING])
def test_minimum_is_at_most_what_tensorflow_lite_micro_uses(name: str, kernels: str) -> None:
    data = content(name)
    session = Session(load_firmware(kernels), parse(data, f"{name}.tflite"), measure=False)
    session.run()
    assert session.prepared is not None
    minimum = minimum_arena(session, session.prepared.arena_used, session.outputs[0])
    assert minimum <= reference_arena(data)
    session.restart(arena=minimum)
    session.run()
    session.restart(arena=minimum - 16)
    with pytest.raises(ModelFailedError, match="at least 16 bytes are missing") as caught:
        session.run()
    assert (caught.value.status, caught.value.missing) == (ARENA_TOO_SMALL, 16)
