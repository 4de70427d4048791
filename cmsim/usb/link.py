"""What a USB host needs of a device controller, and what packets may be answered with (USB 2.0, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from ..kernel import CPU_HZ, Line

OVERHEAD = 13
"""Bytes of a full-speed bulk transaction beside its data: token, PID, CRC, handshake, gaps (USB 2.0, section 5.8.4)."""


class Answer(Enum):
    """A handshake."""

    ACK, NAK, STALL = "ACK", "NAK", "STALL"


class UsbFunction(Protocol):
    """A device controller as the bus sees it. `on_ready` and `on_remote_wake` are set by the host."""

    connected: Line
    on_ready: Callable[[], None]
    on_remote_wake: Callable[[], None]

    def bus_reset(self) -> None: ...
    def frames(self, running: bool) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...
    def setup(self, packet: bytes) -> None: ...
    def data_in(self, n: int) -> bytes | Answer: ...
    def data_out(self, n: int, data: bytes) -> Answer: ...
    def status(self) -> Answer: ...


def transaction_cycles(length: int) -> int:
    """CPU cycles of a full-speed transaction that carries `length` bytes."""
    return (OVERHEAD + length) * 8 * CPU_HZ // 12_000_000
