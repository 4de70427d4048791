"""Trace files: CSV, NumPy `.npz`, Parquet (with pyarrow).

All three name their columns `quantity [unit]`, and one of them is `time [s]`. CSV: comma separated, UTF-8, lines that
begin with `#` before the header are comments, blank lines are skipped. `.npz`: one 1-D array for each column, the title
as key. Values are converted to base units on reading.

Every fault is a UsageError of one line: file, line (or sample) and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cmsim.errors import UsageError
from cmsim.stimuli import numpy_files
from cmsim.stimuli.trace import Trace, backwards
from cmsim.stimuli.units import BASE_UNITS, parse_column

Array = npt.NDArray[np.float64]


def load(path: str | Path, required: Iterable[str] = ()) -> Trace:
    """The trace in `path`, its kind chosen by the suffix (`.csv`, `.npz`, `.parquet`).

    `required` channels must be there; others may be absent.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if not path.is_file():
        raise UsageError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    if reader is None:
        raise UsageError(f"{path}: unknown kind of trace: the name must end in {', '.join(readers)}")
    trace = reader(path)
    trace.require(required)
    return trace


def write_csv(trace: Trace, path: str | Path, comment: str = "") -> None:
    """Write `trace` in base units, every float so that it reads back equal; `comment` lines go before the header."""
    columns = {"time": trace.times, **trace.channels}
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines.append(", ".join(f"{name} [{BASE_UNITS[name]}]" for name in columns))
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    lines += [",".join(map(_shortest, row)) for row in rows]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_npz(trace: Trace, path: str | Path) -> None:
    """Write `trace` in base units as a compressed `.npz`."""
    arrays: dict[str, Any] = {f"{name} [{BASE_UNITS[name]}]": values
                              for name, values in {"time": trace.times, **trace.channels}.items()}
    np.savez_compressed(path, **arrays)


def _shortest(value: float) -> str:
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def _read_csv(path: Path) -> Trace:
    header, rows = None, []
    numbers: list[int] = []
    for number, line in enumerate(_text_lines(path), start=1):
        text = line.strip()
        if not text or (header is None and text.startswith("#")):
            continue
        if header is None:
            header = _header(path, number, text)
            continue
        rows.append(_row(path, number, text, list(header)))
        numbers.append(number)
    if header is None:
        raise UsageError(f"{path}: empty file: a trace begins with a header such as 'time [s], accel x [g]'")
    if not rows:
        raise UsageError(f"{path}: only a header, no samples")
    table = np.array(rows, np.float64)
    columns = {name: table[:, index] * factor + offset for index, (name, (factor, offset)) in enumerate(header.items())}
    times = columns.pop("time")
    for index in range(1, len(times)):
        if times[index] <= times[index - 1]:
            raise UsageError(f"{path}:{numbers[index]}: {backwards(times[index - 1], times[index])}")
    return Trace(times, {name: np.ascontiguousarray(values) for name, values in columns.items()}, str(path))


def _text_lines(path: Path) -> list[str]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text file (byte {error.start} is not UTF-8): a trace is CSV, .npz or .parquet"
                         ) from None
    if "\0" in text:
        raise UsageError(f"{path}: not a text file (it holds zero bytes): a trace is CSV, .npz or .parquet")
    return text.splitlines()


def _header(path: Path, number: int, text: str) -> dict[str, tuple[float, float]]:
    """Column name -> (factor, offset), in the order of the file."""
    if "," not in text and (separator := next((mark for mark in ";\t" if mark in text), None)):
        raise UsageError(f"{path}:{number}: columns are separated by {separator!r}: separate them by commas")
    return _columns(f"{path}:{number}", [cell.strip().strip('"') for cell in text.split(",")])


def _columns(place: str, titles: Iterable[str]) -> dict[str, tuple[float, float]]:
    columns: dict[str, tuple[float, float]] = {}
    for position, title in enumerate(titles, start=1):
        try:
            name, factor, offset = parse_column(title)
        except ValueError as error:
            raise UsageError(f"{place}: column {position}: {error}") from None
        if name in columns:
            raise UsageError(f"{place}: column {position}: {name} is there twice")
        columns[name] = (factor, offset)
    if "time" not in columns:
        raise UsageError(f"{place}: missing column 'time [s]'")
    return columns


def _row(path: Path, number: int, text: str, names: list[str]) -> list[float]:
    cells = text.split(",")
    if len(cells) != len(names):
        raise UsageError(f"{path}:{number}: {len(cells)} values where the header has {len(names)} columns")
    values = []
    for position, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
        try:
            value = float(cell)
        except ValueError:
            raise UsageError(f"{path}:{number}: column {position} ({name}): not a number: {cell.strip()!r}") from None
        if not np.isfinite(value):
            raise UsageError(f"{path}:{number}: column {position} ({name}) is {cell.strip()}: remove or fill that row")
        values.append(value)
    return values


def _read_npz(path: Path) -> Trace:
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise UsageError(f"{path}: one array (.npy), not an archive of columns: numpy.savez writes one")
        with archive:
            arrays = {title: archive[title] for title in archive.files}
    except numpy_files.ERRORS as error:
        raise UsageError(f"{path}: not a readable .npz archive of plain arrays: {numpy_files.why(error)}") from None
    return _from_arrays(path, arrays)


def _read_parquet(path: Path) -> Trace:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 (optional)
    except ImportError:
        raise UsageError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow, or convert the trace to CSV"
                         ) from None
    try:
        table = parquet.read_table(path)
        arrays = {title: table.column(title).to_numpy() for title in table.column_names}
    except (OSError, ArrowException) as error:
        raise UsageError(f"{path}: not a readable Parquet file ({error})") from None
    return _from_arrays(path, arrays)


def _from_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> Trace:
    columns = {}
    for title, (name, (factor, offset)) in zip(arrays, _columns(str(path), arrays).items(), strict=True):
        array = arrays[title]
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            raise UsageError(f"{path}: {title!r} is {array.dtype} of shape {array.shape}: a column is 1-D and numeric")
        columns[name] = array.astype(np.float64) * factor + offset
    return Trace(columns.pop("time"), columns, str(path))
