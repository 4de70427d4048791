"""The files that a user asked for: known to be writable before anything runs, and to be nothing else that is needed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..errors import UsageError
from ..whole_file import write_whole as write

__all__ = ["check_outputs", "check_writable", "write"]

OUTPUTS = ("json", "html", "vcd", "timeline", "coverage", "save_external_flash", "output")
"""Options of all commands that name a file to be written; those of --export come on top."""
INPUTS = ("firmware", "imu", "camera", "model", "scenario", "audio", "map", "input", "log", "microbench", "base", "new",
          "models")  # fmt: skip
"""Options and arguments that may name a file to be read."""


def check_outputs(options: argparse.Namespace) -> None:
    """UsageError for a file that cannot be written, that two options name, or that is read as well."""
    outputs = list(_outputs(options))
    for number, (option, path) in enumerate(outputs):
        for other, same in outputs[:number]:
            if _same(path, same):
                raise UsageError(f"{path}: {other} and {option} would both be written there; name two files")
        for name, read in _inputs(options):
            if _overwrites(path, read):
                raise UsageError(f"{path}: {option} would overwrite {name}; name another file")
        check_writable(path)


def check_writable(path: Path) -> None:
    """Better to know before the run. Nothing that was there is touched."""
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise UsageError(f"{path}: cannot write there: {error.strerror or error}") from None
    if not existed:
        path.unlink()


def _outputs(options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    for name in OUTPUTS:
        path = getattr(options, name, None)
        if path is not None:
            yield f"--{name.replace('_', '-')}", path
    for form, path in getattr(options, "export", None) or ():
        yield f"--export {form}", path


def _inputs(options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    for name in INPUTS:
        given = getattr(options, name, None)
        for path in given if isinstance(given, list) else [given]:
            if isinstance(path, str | Path):
                yield f"what is read as {name}", Path(path)
    for name in ("sensor", "adc"):
        for text in getattr(options, name, ()):
            yield f"a trace of --{name}", Path(text.partition("=")[2])


def _overwrites(path: Path, read: Path) -> bool:
    try:
        return read.exists() and _same(path, read)
    except (OSError, ValueError):  # what --input of `cmsim run` types may be no name at all
        return False


def _same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.is_file() and path.samefile(other)
    return path.absolute() == other.absolute()
