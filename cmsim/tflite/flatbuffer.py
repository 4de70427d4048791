"""A reader of flatbuffers that trusts nothing (FlatBuffers internals: tables, vtables, vectors, strings)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt


class DamagedError(Exception):
    """An offset or a length leads out of the file; `args[0]` says which."""


class Reader:
    """The bytes, and reads that are checked against their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def scalar(self, position: int, format_: str) -> Any:
        """One value; `format_` is a letter of `struct`."""
        size = struct.calcsize("<" + format_)
        self.check(position, size)
        return struct.unpack_from("<" + format_, self.data, position)[0]

    def check(self, position: int, size: int) -> None:
        """DamagedError unless `size` bytes from `position` lie in the file."""
        if position < 0 or position + size > len(self.data):
            raise DamagedError(f"{size:,} bytes at offset {position:,} lie outside the file's {len(self.data):,}")

    def follow(self, position: int) -> int:
        """Where the offset stored at `position` leads to."""
        offset: int = self.scalar(position, "I")
        if offset == 0:
            raise DamagedError(f"the offset at {position:,} is zero")
        self.check(position + offset, 4)
        return position + offset

    def root(self) -> Table:
        """The outermost table."""
        return Table(self, self.follow(0))


class Table:
    """A table; fields are numbered in the order in which the schema declares them, an absent one gives its default."""

    def __init__(self, reader: Reader, position: int) -> None:
        self.reader, self.position = reader, position
        self._vtable: int = position - reader.scalar(position, "i")
        size = reader.scalar(self._vtable, "H")
        if size < 4:
            raise DamagedError(f"the vtable at offset {self._vtable:,} has {size} bytes")
        reader.check(self._vtable, size)
        self._fields = (size - 4) // 2

    def _field(self, field: int) -> int | None:
        if field >= self._fields:
            return None
        offset = self.reader.scalar(self._vtable + 4 + 2 * field, "H")
        return self.position + offset if offset else None

    def _target(self, field: int) -> int | None:
        position = self._field(field)
        return None if position is None else self.reader.follow(position)

    def scalar(self, field: int, format_: str, default: Any = 0) -> Any:
        """A number; `format_` is a letter of `struct`."""
        position = self._field(field)
        return default if position is None else self.reader.scalar(position, format_)

    def table(self, field: int) -> Table | None:
        """A table within this one."""
        position = self._target(field)
        return None if position is None else Table(self.reader, position)

    def tables(self, field: int) -> list[Table]:
        """A vector of tables."""
        position = self._target(field)
        if position is None:
            return []
        count = self.reader.scalar(position, "I")
        self.reader.check(position + 4, 4 * count)
        return [Table(self.reader, self.reader.follow(position + 4 + 4 * n)) for n in range(count)]

    def vector(self, field: int, dtype: str) -> npt.NDArray[Any]:
        """A vector of numbers, a view into the file; `dtype` is numpy's, such as "<i4"."""
        position = self._target(field)
        if position is None:
            return np.empty(0, dtype)
        count = self.reader.scalar(position, "I")
        self.reader.check(position + 4, count * np.dtype(dtype).itemsize)
        return np.frombuffer(self.reader.data, dtype, count, position + 4)

    def string(self, field: int) -> str:
        """A text, "" where absent; see `printable`."""
        return printable(self.vector(field, "u1").tobytes())


def printable(text: bytes) -> str:
    """UTF-8 from a file that nobody vouches for: what is damaged, or would control a terminal, is replaced."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text.decode("utf-8", "replace"))
