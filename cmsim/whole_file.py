"""Writing a file whole or not at all: what was there before stays until the new content is complete."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from .errors import UsageError


def write_whole(path: str | Path, content: str | bytes | bytearray) -> None:
    """Write `content` (text in UTF-8) to `path`. UsageError if that fails; what was there is then still there."""
    data = content.encode() if isinstance(content, str) else content
    try:
        _write(Path(path), data)
    except OSError as error:
        raise UsageError(f"{path}: cannot write there: {error.strerror or error}") from None


def _write(path: Path, data: bytes | bytearray) -> None:
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        path.write_bytes(data)  # a pipe, or /dev/stdout, in whose place no other file can be put
        return
    target = Path(os.path.realpath(path))  # a link stays one
    beside = target.with_name(f".{target.name[:40]}.{os.getpid()}")
    try:
        stream = beside.open("xb")
    except PermissionError:
        target.write_bytes(data)  # a file that may be changed in a directory that may not
        return
    try:
        with stream:
            stream.write(data)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
