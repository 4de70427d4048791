"""Writing the files that a user asked for."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError


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


def write(path: Path, content: str | bytes) -> None:
    """The whole file; text in UTF-8."""
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UsageError(f"{path}: cannot write there: {error.strerror or error}") from None
