"""Addresses to source lines, from DWARF 2 to 5 line programs (`.debug_line`), read by pyelftools.

A file name is the compiler's: compilation directory, include directory and file name put together as addr2line does,
neither normalised nor looked up on this machine.

Not modelled: DWARF in separate files, inlined call chains, columns.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class SourceLine(NamedTuple):
    """A line of a source file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class LineTable:
    """Source lines by address. `problems` says, one line each, what of the debug information could not be read."""

    def __init__(self, rows: list[tuple[int, SourceLine | None]] | None = None, problems: tuple[str, ...] = ()) -> None:
        """`rows` sorted by address: each holds until the next one, None meaning that no line is known."""
        self._addresses = [address for address, _ in rows or ()]
        self._lines = [line for _, line in rows or ()]
        self.problems = problems

    def __len__(self) -> int:
        return len(self._addresses)

    def __iter__(self) -> Iterator[tuple[int, SourceLine | None]]:
        return zip(self._addresses, self._lines, strict=True)

    def at(self, address: int) -> SourceLine | None:
        """The line that the instruction at `address` (Thumb bit ignored) was compiled from."""
        index = bisect_right(self._addresses, address & ~1) - 1
        return self._lines[index] if index >= 0 else None


_Sequence = list[tuple[int, SourceLine | None]]


def read_lines(elf: bytes, is_code: Callable[[int], bool]) -> LineTable:
    """The line table of an ELF file; `is_code` tells the addresses where code was really linked.

    The linker leaves the line programs of functions that it dropped in place, moved to address 0 or 0xffffffff, where
    they would hide what is really there.
    """
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415 - 0.1 s that a run without line numbers saves

    problems: list[str] = []
    sequences: list[_Sequence] = []
    # pyelftools meets damaged data with a dozen kinds of exception; debug information that cannot be read must not
    # keep the firmware from running, so it is told in `problems`.
    try:
        elf_file = ELFFile(io.BytesIO(elf))
        if elf_file.has_dwarf_info():
            for sequence in _sequences(elf_file.get_dwarf_info(relocate_dwarf_sections=False), problems):
                if sequence[0][0] != 0 and is_code(sequence[0][0]):
                    sequences.append(sequence)
    except Exception as error:
        problems.append(f"debug information: {error!r}")
    return LineTable(_flatten(sequences), tuple(problems))


def _sequences(dwarf: Any, problems: list[str]) -> Iterator[_Sequence]:
    """Runs of rows in one piece of code; the last row of each has no line and marks the end."""
    seen: set[int] = set()
    for unit in dwarf.iter_CUs():
        try:
            top = unit.get_top_DIE()
            offset = top.attributes.get("DW_AT_stmt_list")
            program = dwarf.line_program_for_CU(unit)
            if program is None or offset is None or offset.value in seen:
                continue
            seen.add(offset.value)
            entries = program.get_entries()  # before the header is used: an entry may define a file
            directory = top.attributes.get("DW_AT_comp_dir")
            files = _files(program.header, _text(directory.value) if directory else "")
            found = list(_unit_sequences(entries, files))
        except Exception as error:  # as above, but the other units may be good
            problems.append(f"line program of the unit at 0x{unit.cu_offset:x}: {error!r}")
            continue
        yield from found


def _unit_sequences(entries: list[Any], files: dict[int, str]) -> Iterator[_Sequence]:
    rows: _Sequence = []
    last: tuple[int, int] | None = None
    for entry in entries:
        state = entry.state
        if state is None:
            continue
        if state.end_sequence:
            if rows:
                rows.append((state.address, None))
                yield sorted(rows, key=lambda row: row[0])
            rows, last = [], None
        elif (here := (state.file, state.line)) != last:
            # Line 0 is what compilers give to code that no line stands for.
            known = state.line and state.file in files
            rows.append((state.address, SourceLine(files[state.file], state.line) if known else None))
            last = here


def _files(header: Any, compilation_directory: str) -> dict[int, str]:
    """Path by file number. Before DWARF 5 files and directories count from 1, directory 0 being the compilation's."""
    directories = [_text(directory) for directory in header["include_directory"]]
    first = 0 if header["version"] >= 5 else 1
    paths = {}
    for number, entry in enumerate(header["file_entry"], start=first):
        index = entry["dir_index"] - first
        directory = directories[index] if 0 <= index < len(directories) else ""
        paths[number] = _join(compilation_directory, _join(directory, _text(entry["name"])))
    return paths


def _join(directory: str, name: str) -> str:
    """Puts a path together as it was on the compiling machine, of whichever kind that was."""
    absolute = name.startswith(("/", "\\")) or name[1:2] == ":"
    return name if absolute or not directory else f"{directory.rstrip('/')}/{name}"


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _flatten(sequences: list[_Sequence]) -> list[tuple[int, SourceLine | None]]:
    """All sequences as one sorted list in which each address occurs once."""
    sequences.sort(key=lambda sequence: (sequence[0][0], sequence[-1][0]))
    rows: list[tuple[int, SourceLine | None]] = []
    for sequence in sequences:
        end = rows[-1][0] if rows else -1
        if sequence[0][0] < end:
            # Two programs for the same code (a function merged from two units): the first one is as good.
            sequence = [row for row in sequence if row[0] >= end]  # noqa: PLW2901
        for row in sequence:
            if rows and rows[-1][0] == row[0]:
                rows[-1] = row
            else:
                rows.append(row)
    return rows
