"""Writes Intel HEX records."""

from __future__ import annotations

END = ":00000001FF\n"


def record(kind: int, address: int, data: bytes) -> str:
    """One record with its checksum and line end; `address` has 16 bits."""
    raw = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return f":{raw.hex().upper()}{-sum(raw) & 0xFF:02X}\n"
