"""A record as tables for a terminal of 80 columns."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from ..kernel import CPU_HZ
from ..soc import Chip
from .text_camera import camera_lines

WIDTH = 80
WIDEST = 120
"""Of tables with long names, where there is room."""
MOST_INFERENCES = 40
"""More rows than that are shown from both ends only."""
Row = Sequence[str]


def styled(stream: IO[str]) -> bool:
    """Whether `stream` shows styles: a terminal, unless NO_COLOR or TERM=dumb ask for plain text."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, code: int, on: bool) -> str:
    """`text` in an ANSI style: 1 bold, 2 faint, 31 red."""
    return f"\x1b[{code}m{text}\x1b[0m" if on else text


def room() -> int:
    """Columns for a table with long names: those of the terminal, from 80 to 120; in a file 120."""
    terminal = shutil.get_terminal_size((WIDEST, 24)).columns if sys.stdout.isatty() else WIDEST
    return max(WIDTH, min(WIDEST, terminal))


def shortened(path: str) -> str:
    """The last parts of a path that is long; a line behind it stays."""
    parts = path.split("/")
    return path if len(parts) < 4 else "/".join(("...", *parts[-2:]))


def grid(
    header: Row, rows: Sequence[Row], left: Sequence[int] = (), bold: bool = False, width: int = WIDTH
) -> list[str]:
    """Columns as wide as they need to be, those numbered in `left` left-aligned; the last one is cut to fit `width`."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    room = width - 1 - sum(column + 2 for column in widths[:-1])
    widths[-1] = min(widths[-1], max(room, len(header[-1])))

    def line(row: Row) -> str:
        cells = [_cut(text, width) if column == len(widths) - 1 else text
                 for column, (text, width) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(cell.ljust(width) if column in left else cell.rjust(width)
                         for column, (cell, width) in enumerate(zip(cells, widths, strict=True))).rstrip()

    return [style(line(header), 1, bold), *map(line, rows)]


def report(record: Mapping[str, Any], chip: Chip, results: Mapping[int, str] = {}, bold: bool = False) -> str:
    """The whole report: inferences, operators, memory, and why the run stopped.

    `results` gives for an inference's index the console line that followed it.
    """
    sections = [
        _inferences(record["inferences"], results, bold),
        _operators(record["inferences"], bold),
        _memory(record["memory"], chip, bold),
        [*camera_lines(record), *_unmodelled(record["unmodelled"]), *_faults(record), summary(record)],
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def summary(record: Mapping[str, Any]) -> str:
    """What came of the run, in a few lines."""
    stop, wall = record["stop"], record["wall_seconds"]
    speed = f", {speed_text(record['seconds'] / wall)}" if record["seconds"] > 0.01 and wall > 0 else ""
    lines = (
        f"stopped: {stop['reason']}{': ' if stop['detail'] else ''}{stop['detail']}",
        f"{record['cycles']:,} cycles = {record['seconds']:.3f} s, "
        f"{record['instructions']:,} instructions{speed}",
    )
    return "\n".join(textwrap.fill(line, WIDTH - 1, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def speed_text(speed: float) -> str:
    """How many simulated seconds pass in one second of the wall clock."""
    return f"{speed:,.0f} x real time" if speed >= 100 else f"{speed:.2g} x real time"


def _inferences(inferences: Sequence[Mapping[str, Any]], results: Mapping[int, str], bold: bool) -> list[str]:
    if not inferences:
        return ["no inferences"]
    header = ["#", "start [s]", "cycles", "ms", "instructions", "stack", "result"]

    results = _without_label(results)

    def row(inference: Mapping[str, Any]) -> Row:
        index, start = inference["index"], inference["start_cycle"] / CPU_HZ
        return [str(index), f"{start:.3f}", *_cost(inference), _bytes(inference["stack_peak"]), results.get(index, "")]

    shown: list[Row] = list(map(row, inferences))
    if len(shown) > MOST_INFERENCES:
        half = MOST_INFERENCES // 2
        shown[half:-half] = [["..."] + [""] * 5 + [f"{len(shown) - 2 * half} more"]]
    if len(inferences) > 1:
        mean: dict[str, int] = {key: _mean(i[key] for i in inferences) for key in ("cycles", "instructions")}
        costs = [i["cycles"] for i in inferences]
        spread = f"cycles {min(costs):,} to {max(costs):,}"
        shown.append(["mean", "", *_cost(mean), "", spread])
    return grid(header, shown, left=(6,), bold=bold)


def _without_label(results: Mapping[int, str]) -> Mapping[int, str]:
    """The lines without what stands before their first colon, where that is the same in all but for numbers."""
    if len({re.sub(r"\d+", "0", line.partition(": ")[0]) for line in results.values()}) != 1:
        return results
    return {index: line.partition(": ")[2] or line for index, line in results.items()}


def _operators(inferences: Sequence[Mapping[str, Any]], bold: bool) -> list[str]:
    """The mean of all inferences that ran the same operators as the last one."""
    if not inferences or not inferences[-1]["operators"]:
        return []
    names = [operator["name"] for operator in inferences[-1]["operators"]]
    alike = [i for i in inferences if [operator["name"] for operator in i["operators"]] == names]
    total = _mean(i["cycles"] for i in alike)
    rows: list[Row] = []
    rest = {"cycles": total, "instructions": _mean(i["instructions"] for i in alike)}
    for number, name in enumerate(names):
        runs = [i["operators"][number] for i in alike]
        cost = {key: _mean(run[key] for run in runs) for key in rest}
        rest = {key: rest[key] - cost[key] for key in rest}
        rows.append([str(runs[-1]["index"]), name, *_cost(cost), _share(cost["cycles"], total)])
    rows.append(["", "between operators", *_cost(rest), _share(rest["cycles"], total)])
    title = "operator" if len(alike) == 1 else f"operator (mean of {len(alike)} inferences)"
    return grid(["#", title, "cycles", "ms", "instructions", "share"], rows, left=(1,), bold=bold)


def _memory(memory: Mapping[str, Any], chip: Chip, bold: bool) -> list[str]:
    rows: list[Row] = []

    def add(name: str, used: int | None, size: int | None, note: str = "") -> None:
        if used is not None:
            rows.append([name, f"{used:,}", _bytes(size), _share(used, size) if size else "", note])

    add("flash", memory["flash_used"], chip.flash_size)
    add("static RAM", memory["static_ram"], chip.ram_size, "" if memory["arena_used"] is None else "the arena included")
    add("stack peak", memory["stack_peak"], memory["stack_size"])
    add("heap peak", memory["heap_peak"], None)
    add("arena", memory["arena_used"], memory["arena_size"])
    return grid(["memory [bytes]", "used", "of", "share", ""], rows, left=(0, 4), bold=bold)


def _unmodelled(accesses: Sequence[Mapping[str, Any]]) -> list[str]:
    if not accesses:
        return []
    blocks = ", ".join(dict.fromkeys(access["block"] for access in accesses))
    return [_cut(f"not modelled: {sum(access['count'] for access in accesses):,} accesses to {blocks}", WIDTH - 1)]


def _faults(record: Mapping[str, Any]) -> list[str]:
    faults = record["faults"]
    if not faults or "fault" in record["stop"]["detail"]:
        return []
    first = faults[0]
    at = "" if first["address"] is None else f", address 0x{first['address']:08x}"
    return [f"faults: {len(faults):,}, the first {first['exception']} {first['cause']} at pc 0x{first['pc']:08x}{at}"]


def _mean(values: Iterable[int]) -> int:
    numbers = list(values)
    return round(sum(numbers) / len(numbers))


def _cost(item: Mapping[str, int]) -> tuple[str, str, str]:
    cycles = item["cycles"]
    return f"{cycles:,}", f"{cycles * 1000 / CPU_HZ:.3f}", f"{item['instructions']:,}"


def _bytes(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _share(part: int, whole: int | None) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."


