"""Traces and stimuli: files in and out, units, interpolation against numpy.interp, and every error line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.errors import UsageError
from cmsim.stimuli import ACCEL, BASE_UNITS, MOTION, Stimulus, Trace, load, signals, write_csv, write_npz

SECOND = 64_000_000


def csv(tmp_path: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# --- units ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("title", "value", "expected"), [
    ("accel x [g]", "1.5", 1.5), ("accel y [mg]", "1500", 1.5), ("accel z [m/s^2]", "9.80665", 1.0),
    ("accel z [m/s2]", "9.80665", 1.0), ("accel z [m/s²]", "19.6133", 2.0),
    ("gyro x [dps]", "-90", -90), ("gyro y [deg/s]", "-90", -90), ("gyro y [°/s]", "-90", -90),
    ("gyro z [rad/s]", "3.141592653589793", 180), ("gyro z [mdps]", "70", 0.07),
    ("mag x [gauss]", "0.5", 0.5), ("mag y [mgauss]", "500", 0.5), ("mag z [uT]", "50", 0.5), ("mag z [µT]", "50", 0.5),
    ("mag z [\N{GREEK SMALL LETTER MU}T]", "50", 0.5), ("mag z [T]", "5e-5", 0.5),
    ("temperature [degC]", "25", 25), ("temperature [°C]", "25", 25), ("temperature [K]", "298.15", 25),
])
def test_units(tmp_path, title, value, expected):
    trace = load(csv(tmp_path, f"time [s],{title}\n0,{value}\n"))
    (name,) = trace.channels
    assert name == title.split(" [")[0]
    assert trace.channels[name][0] == pytest.approx(expected)


@pytest.mark.parametrize(("unit", "second"), [("s", "0.25"), ("ms", "250"), ("us", "250000"), ("µs", "250000")])
def test_time_units(tmp_path, unit, second):
    trace = load(csv(tmp_path, f"time [{unit}],accel x [g]\n0,0\n{second},1\n"))
    assert trace.times.tolist() == pytest.approx([0, 0.25])
    assert trace.duration == pytest.approx(0.25)


def test_base_units():
    assert {name.split()[0]: unit for name, unit in BASE_UNITS.items()} == {
        "time": "s", "accel": "g", "gyro": "dps", "mag": "gauss", "temperature": "degC", "humidity": "%",
        "pressure": "hPa", "proximity": "1", "light": "uW/cm^2", "gesture": "1", "voltage": "V"}


# --- files ---------------------------------------------------------------------------------------------------------

def test_csv_forms(tmp_path):
    """Comments, blank lines, quoted titles, case, underscores, byte order mark, Windows line ends, any column order."""
    text = '\ufeff# made by hand\r\n\r\n"Accel_X [ mg ]", TIME [ms]\r\n 1000 , 0\r\n\r\n-500,1e1\r\n'
    trace = load(csv(tmp_path, text))
    assert trace.times.tolist() == [0, 0.01]
    assert trace.channels["accel x"].tolist() == [1.0, -0.5]


finite = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e300, max_value=1e300)


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=20), st.sampled_from(["csv", "npz"]))
def test_round_trip(tmp_path_factory, rows, kind):
    times = np.arange(len(rows)) / 3
    trace = Trace(times, {"accel x": np.array([a for a, _ in rows]), "temperature": np.array([b for _, b in rows])})
    path = tmp_path_factory.mktemp("trip") / f"t.{kind}"
    if kind == "csv":
        write_csv(trace, path, "two\n\nlines")
    else:
        write_npz(trace, path)
    again = load(path)
    assert again.times.tolist() == times.tolist()
    assert {name: values.tolist() for name, values in again.channels.items()} == {
        name: values.tolist() for name, values in trace.channels.items()}


def test_npz_units_and_slashes(tmp_path):
    np.savez(tmp_path / "t.npz", **{"time [ms]": np.arange(3), "accel x [m/s^2]": np.full(3, 9.80665, np.float32)})
    trace = load(tmp_path / "t.npz")
    assert trace.times.tolist() == pytest.approx([0, 1e-3, 2e-3])
    assert trace.channels["accel x"] == pytest.approx([1, 1, 1])


def test_parquet(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"time [s]": [0.0, 1.0], "gyro z [rad/s]": [0.0, np.pi]}), path)
    assert load(path).channels["gyro z"] == pytest.approx([0, 180])
    path.write_bytes(b"PAR1 not")
    with pytest.raises(UsageError, match=r"t\.parquet: not a readable Parquet file"):
        load(path)


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"t\.parquet: reading Parquet needs pyarrow: pip install pyarrow"):
        load(csv(tmp_path, b"PAR1", "t.parquet"))


HEAD = "time [s],accel x [g]\n"


@pytest.mark.parametrize(("text", "message"), [
    ("", "t.csv: empty file: a trace begins with a header such as 'time [s], accel x [g]'"),
    ("# only a comment\n\n", "t.csv: empty file: a trace begins with a header such as 'time [s], accel x [g]'"),
    (HEAD, "t.csv: only a header, no samples"),
    (b"\x89PNG\r\n", "t.csv: not a text file (byte 0 is not UTF-8): a trace is CSV, .npz or .parquet"),
    (b"time [s]\0", "t.csv: not a text file (it holds zero bytes): a trace is CSV, .npz or .parquet"),
    ("time [s];accel x [g]\n", "t.csv:1: columns are separated by ';': separate them by commas"),
    ("time [s]\taccel x [g]\n", "t.csv:1: columns are separated by '\\t': separate them by commas"),
    ("time [s],accel x\n", "t.csv:1: column 2: column 'accel x' does not name its unit: write it as 'accel x [g]'"),
    ("#c\ntime [s],accel x [ft]\n",
     "t.csv:2: column 2: unknown unit 'ft' for accel x: known are g, mg, m/s^2, m/s2, m/s²"),
    ("time [h],accel x [g]\n", "t.csv:1: column 1: unknown unit 'h' for time: known are s, ms, us, µs"),
    ("time [s],speed [m/s]\n",
     "t.csv:1: column 2: unknown quantity 'speed': known are time, accel x, accel y, accel z, gyro x, gyro y, gyro z, "
     "mag x, mag y, mag z, temperature, humidity, pressure, proximity, light clear, light red, light green, light blue, "
     "gesture up, gesture down, gesture left, gesture right, voltage"),
    ("time [s],accel x [g],accel x [mg]\n", "t.csv:1: column 3: accel x is there twice"),
    ("accel x [g]\n1\n", "t.csv:1: missing column 'time [s]'"),
    ("time [s]\n1\n", "t.csv: the trace has only time: add a channel, for example 'accel x [g]'"),
    (HEAD + "0,1\n1\n", "t.csv:3: 1 values where the header has 2 columns"),
    (HEAD + "0,1,2\n", "t.csv:2: 3 values where the header has 2 columns"),
    (HEAD + "0,1\n\n1, one\n", "t.csv:4: column 2 (accel x): not a number: 'one'"),
    (HEAD + "0,\n", "t.csv:2: column 2 (accel x): not a number: ''"),
    (HEAD + "0,NaN\n", "t.csv:2: column 2 (accel x) is NaN: remove or fill that row"),
    (HEAD + "-inf,0\n", "t.csv:2: column 1 (time) is -inf: remove or fill that row"),
    (HEAD + "0,1e999\n", "t.csv:2: column 2 (accel x) is 1e999: remove or fill that row"),
    (HEAD + "0,1\n2,1\n1,1\n", "t.csv:4: time runs backwards: 1 s after 2 s; it must increase strictly"),
    (HEAD + "0,1\n\n0,1\n", "t.csv:4: time is repeated: 0 s after 0 s; it must increase strictly"),
])
def test_csv_errors(tmp_path, text, message):
    path = csv(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_file_errors(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.csv: no such file"):
        load(tmp_path / "absent.csv")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(UsageError, match=r"d\.csv: not a file"):
        load(tmp_path / "d.csv")
    with pytest.raises(UsageError, match=r"t\.wav: unknown kind of trace: the name must end in \.csv, \.npz, \.parquet"):
        (tmp_path / "t.wav").touch()
        load(tmp_path / "t.wav")


@pytest.mark.parametrize(("arrays", "message"), [
    ({"accel x [g]": [1.0]}, "missing column 'time [s]'"),
    ({"time [s]": [1.0], "accel x": [1.0]}, "column 2: column 'accel x' does not name its unit"),
    ({"time [s]": [1.0], "accel x [g]": ["a"]}, "'accel x [g]' is <U1 of shape (1,): a column is 1-D and numeric"),
    ({"time [s]": [1.0], "accel x [g]": [[1.0]]},
     "'accel x [g]' is float64 of shape (1, 1): a column is 1-D and numeric"),
    ({"time [s]": [0.0, 1.0], "accel x [g]": [1.0]}, "accel x has shape (1,), time has (2,)"),
    ({"time [s]": [0.0, 1.0], "accel x [g]": [1.0, np.nan]}, "accel x at sample 1 is nan: remove or fill that sample"),
    ({"time [s]": [0.0, 1.0, 0.5], "accel x [g]": [1.0] * 3}, "sample 2: time runs backwards: 0.5 s after 1 s"),
    ({"time [s]": [], "accel x [g]": []}, "the trace has no samples"),
])
def test_npz_errors(tmp_path, arrays, message):
    np.savez(tmp_path / "t.npz", **{title: np.array(values) for title, values in arrays.items()})
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "t.npz")
    assert str(caught.value).startswith(f"{tmp_path / 't.npz'}: {message}")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"plain text"])
def test_npz_that_is_none(tmp_path, content):
    with pytest.raises(UsageError, match=r"t\.npz: not a readable \.npz archive"):
        load(csv(tmp_path, content, "t.npz"))


def test_npz_holding_objects(tmp_path):
    np.savez(tmp_path / "t.npz", **{"time [s]": np.array([None])})
    with pytest.raises(UsageError, match=r"t\.npz: not a readable \.npz archive of plain arrays"):
        load(tmp_path / "t.npz")


def test_required_channels(tmp_path):
    path = csv(tmp_path, "time [s],accel x [g],accel y [g],accel z [g]\n0,0,0,1\n")
    assert set(load(path, required=ACCEL).channels) == set(ACCEL)  # no gyroscope: the part keeps its rest value
    with pytest.raises(UsageError) as caught:
        load(path, required=MOTION)
    assert str(caught.value) == (f"{path}: missing column 'gyro x [dps]', 'gyro y [dps]', 'gyro z [dps]'; "
                                 "it has accel x, accel y, accel z")


def test_trace_checks_what_it_is_given():
    with pytest.raises(UsageError, match="trace: unknown quantity 'speed'"):
        Trace(np.zeros(1), {"speed": np.zeros(1)})
    with pytest.raises(UsageError, match="mine: accel x is int64, not float64"):
        Trace(np.zeros(1), {"accel x": np.zeros(1, np.int64)}, "mine")
    with pytest.raises(UsageError, match="sample 1: time is repeated"):
        Trace(np.zeros(2), {"accel x": np.zeros(2)})


# --- stimuli -------------------------------------------------------------------------------------------------------

curves = st.lists(st.tuples(st.integers(1, 10 * SECOND), st.floats(-1e6, 1e6)), min_size=1, max_size=12).map(
    lambda steps: (np.cumsum([0, *(gap for gap, _ in steps[1:])]).tolist(), [value for _, value in steps]))
moments = st.lists(st.integers(0, 150 * SECOND), min_size=1, max_size=30)


def close(value: float, expected: float) -> bool:
    return value == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(curves, moments, st.integers(0, SECOND))
def test_linear_is_numpy_interp(curve, cycles, start):
    knots, values = curve
    stimulus = Stimulus(knots, values, start=start)
    for cycle in cycles:
        assert close(stimulus.value(cycle), np.interp(cycle - start, knots, values))


@given(curves, moments)
def test_hold_is_the_latest_sample(curve, cycles):
    knots, values = curve
    stimulus = Stimulus(knots, values, interpolation="hold")
    for cycle in cycles:
        assert stimulus.value(cycle) == values[int(np.searchsorted(knots, cycle, side="right")) - 1]


@given(curves, moments)
def test_loop_is_periodic_numpy_interp(curve, cycles):
    knots, values = curve
    stimulus = Stimulus(knots, values, end="loop")
    period = knots[-1] + round(knots[-1] / max(1, len(knots) - 1))
    for cycle in cycles:
        expected = np.interp(cycle, knots, values, period=period) if period else values[0]
        assert close(stimulus.value(cycle), expected)


@given(curves, moments)
def test_loop_holds_across_the_gap(curve, cycles):
    knots, values = curve
    stimulus = Stimulus(knots, values, end="loop", interpolation="hold")
    period = knots[-1] + round(knots[-1] / max(1, len(knots) - 1)) or 1
    for cycle in cycles:
        assert stimulus.value(cycle) == values[int(np.searchsorted(knots, cycle % period, side="right")) - 1]


@given(curves, moments, st.sampled_from(["hold", "linear"]), st.sampled_from(["hold", "loop", "stop"]))
def test_value_does_not_depend_on_what_was_asked_before(curve, cycles, interpolation, end):
    used = Stimulus(*curve, interpolation=interpolation, end=end)
    for cycle in cycles:
        assert used.value(cycle) == Stimulus(*curve, interpolation=interpolation, end=end).value(cycle)


def test_hold_and_stop_keep_the_last_value():
    for end in ("hold", "stop"):
        stimulus = Stimulus([0, 10], [1.0, 2.0], end=end)
        assert [stimulus.value(cycle) for cycle in (-5, 0, 5, 10, 11, 10**12)] == [1, 1, 1.5, 2, 2, 2]


def test_stop_tells_when():
    stimulus = Stimulus([0, 10], [1.0, 2.0], end="stop", start=100)
    assert stimulus.end_cycle == 110
    assert [stimulus.ended(cycle) for cycle in (0, 109, 110, 111)] == [False, False, True, True]
    for end in ("hold", "loop"):
        other = Stimulus([0, 10], [1.0, 2.0], end=end)
        assert other.end_cycle is None
        assert not other.ended(10**12)


def test_signals_start_at_the_first_sample():
    trace = Trace(np.array([100.0, 100.5, 101.0]), {"accel x": np.array([0.0, 1.0, 0.0]), "gyro z": np.zeros(3)})
    channels = signals(trace, end="stop")
    assert list(channels) == ["accel x", "gyro z"]
    assert channels["accel x"].value(SECOND // 4) == 0.5
    assert channels["accel x"].end_cycle == SECOND


def test_values_are_plain_floats():
    trace = Trace(np.array([0.0, 1.0]), {"accel x": np.array([0.0, 1.0])})
    for interpolation in ("hold", "linear"):
        for cycle in (0, 5, SECOND, 2 * SECOND):
            assert type(signals(trace, interpolation=interpolation)["accel x"].value(cycle)) is float


def test_samples_closer_than_a_cycle():
    trace = Trace(np.array([0.0, 1.0, 1.0 + 1e-9]), {"accel x": np.zeros(3)}, "dense.csv")
    with pytest.raises(UsageError, match=r"dense\.csv: sample 2 comes less than a CPU cycle \(15\.625 ns\) after"):
        signals(trace)


def test_stimulus_errors():
    with pytest.raises(UsageError, match="unknown interpolation 'cubic': use hold or linear"):
        Stimulus([0], [1.0], interpolation="cubic")
    with pytest.raises(UsageError, match="unknown end behaviour 'bounce': use hold, loop or stop"):
        Stimulus([0], [1.0], end="bounce")
    for knots, values in (([], []), ([1], [0.0]), ([0, 1], [0.0])):
        with pytest.raises(ValueError, match="as many values as knots"):
            Stimulus(knots, values)
    with pytest.raises(ValueError, match="must increase strictly"):
        Stimulus([0, 5, 5], [0.0] * 3)


def test_damaged_npz(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, **{"time [s]": np.arange(3.0), "accel x [g]": np.zeros(3)})
    good = path.read_bytes()
    start = good.index(b"PK\x01\x02")  # the central directory: flags at 8, packing at 10
    for offset, value, message in ((8, 0x20, "compressed patched data"), (8, 1, "encrypted"), (10, 99, "not supported")):
        path.write_bytes(good[: start + offset] + bytes((value,)) + good[start + offset + 1 :])
        with pytest.raises(UsageError, match=rf"t\.npz: not a readable \.npz archive of plain arrays: .*{message}"):
            load(path)
    path.write_bytes(good.replace(b"'shape': (3,)", b"'shape': (9" + b"9" * 12 + b",)", 1))
    with pytest.raises(UsageError, match=r"t\.npz: "):
        load(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(UsageError, match=r"t\.npz: one array \(\.npy\), not an archive of columns"):
        load(path)
    path.write_bytes(b"text")
    with pytest.raises(UsageError, match=r"plain arrays: it is no array of numbers in NumPy's format$"):
        load(path)
