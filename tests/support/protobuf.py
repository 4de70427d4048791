"""Reads Protocol Buffers without knowing the message: field number -> values, as they are on the wire."""

from __future__ import annotations

from collections import defaultdict


def fields(data: bytes) -> dict[int, list[int | bytes]]:
    found: dict[int, list[int | bytes]] = defaultdict(list)
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
            found[number].append(value)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            found[number].append(int.from_bytes(data[at : at + size], "little"))
            at += size
        elif wire == 2:
            size, at = varint(data, at)
            assert at + size <= len(data)
            found[number].append(data[at : at + size])
            at += size
        else:
            raise ValueError(f"wire type {wire}")
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def packed(data: bytes) -> list[int]:
    """A packed repeated varint."""
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values
