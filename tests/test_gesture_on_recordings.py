"""The shipped firmware on every held-back BasicMotions recording: what it prints is what the host computes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import cmsim
from cmsim import prebuilt
from cmsim.errors import CmsimError
from cmsim.importers import basicmotions
from cmsim.kernel import CPU_HZ

GESTURE = Path(__file__).resolve().parents[1] / "firmware" / "apps" / "gesture"
sys.path.insert(0, str(GESTURE))

import golden  # noqa: E402
import preprocess  # noqa: E402

LINE = re.compile(r"inference (\d+): (\w+) (\d+)%")
WINDOW_BYTES = preprocess.WINDOW * preprocess.CHANNELS * 4
FIRST_POLL = 0.1  # the firmware looks into the FIFO about every 0.1 s, so it notices the last sample so much later

pytest.importorskip("tflite_micro", reason="GESTURE NOT COMPARED: the tflite-micro wheel is not installed")
try:
    RECORDINGS = basicmotions.recordings("test")
except CmsimError as error:
    pytest.skip(f"GESTURE NOT COMPARED: {error}", allow_module_level=True)


@pytest.fixture(scope="module")
def model() -> bytes:
    return (GESTURE / "gesture.tflite").read_bytes()


@pytest.mark.parametrize("index", range(len(RECORDINGS)))
def test_printed_classes_equal_the_hosts(index: int, model: bytes) -> None:
    recording = RECORDINGS[index]
    trace = basicmotions.recording_trace(recording)
    machine = cmsim.Machine(prebuilt.path("gesture"), imu=trace, imu_end="stop")
    windows: list[bytes] = []
    symbols = machine.image.symbols.by_name
    window = next(found[0].address for name, found in symbols.items() if name.endswith("g_windowE"))
    machine.on("cmsim::Interpreter::invoke()", lambda m: windows.append(m.read(window, WINDOW_BYTES)))
    machine.run()

    printed = [(label, int(percent)) for _, label, percent in LINE.findall(machine.console())]
    assert len(printed) == len(windows) >= 2
    inputs = np.frombuffer(b"".join(windows), np.float32).reshape(-1, preprocess.WINDOW, 1, preprocess.CHANNELS)

    # What the firmware fed to its network, through the reference: class and percentage are the same.
    scores = golden.run_all_tensors(model, inputs)["probabilities"].reshape(-1, 4)
    assert printed == [(preprocess.LABELS[int(s.argmax())], int(s.max() * 100 + 0.5)) for s in scores]

    # The recording itself, through the host's own sampling and preprocessing: the same classes.
    needed = preprocess.WINDOW * preprocess.DECIMATION / preprocess.SAMPLE_RATE
    first = machine.record["inferences"][0]["start_cycle"] / CPU_HZ - needed - FIRST_POLL / 2
    values = np.stack([trace.channels[name] for name in trace.channels], axis=1)
    own = preprocess.windows_of(np.asarray(trace.times), values, first)[: len(printed)]
    hosts = golden.run_all_tensors(model, own)["probabilities"].reshape(-1, 4)
    assert [preprocess.LABELS[int(s.argmax())] for s in hosts] == [label for label, _ in printed[: len(hosts)]]
