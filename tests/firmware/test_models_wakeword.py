"""The four streaming models of the package pymicro-wakeword against TensorFlow Lite Micro: 50 steps without a reset."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tflite

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import HostInterpreter
from operator_cases import reference

NAMES = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
STEPS = 50


def model(name: str) -> bytes:
    """The package is looked up, not imported: it would load a C library of its own."""
    spec = importlib.util.find_spec("pymicro_wakeword")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("WAKE WORD MODELS NOT CHECKED: package pymicro-wakeword is not installed")
    return (Path(spec.submodule_search_locations[0]) / "models" / f"{name}.tflite").read_bytes()


def visible_tensors(data: bytes) -> list[int]:
    """All but handles of variables: the oracle crashes when asked for one."""
    graph = tflite.Model.GetRootAsModel(data, 0).Subgraphs(0)
    return [i for i in range(graph.TensorsLength()) if graph.Tensors(i).Type() != tflite.TensorType.RESOURCE]


def features(seed: int) -> npt.NDArray[np.int8]:
    """[STEPS, 1, 3, 40]: bands that rise and fall, as a spectrogram's do."""
    rng = np.random.default_rng(seed)
    bands = rng.normal(0, 30, (STEPS, 1, 3, 40)).cumsum(axis=0) - 60
    return np.clip(bands, -128, 127).astype(np.int8)


@pytest.mark.parametrize("name", NAMES)
def test_all_tensors_equal_over_a_stream(name: str) -> None:
    data = model(name)
    ours, theirs = HostInterpreter(data), reference(data)
    tensors = visible_tensors(data)
    assert len(tensors) > 40
    seen: dict[int, set[bytes]] = {index: set() for index in tensors}
    for step, values in enumerate(features(7)):
        ours.set_input(0, values)
        theirs.set_input(values, 0)
        ours.invoke()
        theirs.invoke()
        for index in tensors:
            wanted = np.asarray(theirs.GetTensor(index, 0)["tensor_data"])
            got = np.frombuffer(ours.tensor(index), wanted.dtype).reshape(wanted.shape)
            assert got.tobytes() == wanted.tobytes(), f"step {step}, tensor {index}: {got} is not {wanted}"
            seen[index].add(got.tobytes())
    assert sum(len(values) > STEPS // 2 for values in seen.values()) > 20  # the stream reaches all layers


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_the_same_where_tensors_share_memory_and_again_after_a_reset(name: str) -> None:
    data = model(name)
    ours, sharing = HostInterpreter(data), HostInterpreter(data, preserve=False)
    assert sharing.arena_used < ours.arena_used
    streams = []
    for interpreter in (ours, sharing, sharing):
        interpreter.reset()
        stream = bytearray()
        for values in features(8):
            interpreter.set_input(0, values)
            interpreter.invoke()
            stream += interpreter.output(0, np.uint8, 1).tobytes()
        streams.append(bytes(stream))
    assert streams[0] == streams[1] == streams[2]
