"""Channels of bytes between firmware and the world outside: UARTs, ITM, semihosting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class SerialPort:
    """One channel. The device side calls `transmit` and `take`; the user's side `listen` and `send`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.output = bytearray()
        """Everything that the firmware has sent so far."""
        self._listeners: list[Callable[[bytes], None]] = []
        self._input: deque[int] = deque()
        self.on_input: Callable[[], None] = lambda: None
        """Called when bytes arrive in an empty queue, so that a receiver that waits can start its clock."""
        self.on_taken: Callable[[int], None] = lambda byte: None
        """Called with each byte that the firmware's side has received."""

    @property
    def text(self) -> str:
        """The output as text; bytes that are not UTF-8 show as replacement characters."""
        return self.output.decode("utf-8", "replace")

    def transmit(self, data: bytes) -> None:
        """The firmware sent `data`."""
        self.output += data
        for listener in tuple(self._listeners):
            listener(data)

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Hear what the firmware sends; call the result to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def send(self, data: bytes) -> None:
        """Put `data` on the line towards the firmware; the receiver takes it at its own bit rate."""
        was_empty = not self._input
        self._input.extend(data)
        if was_empty and data:
            self.on_input()

    @property
    def waiting(self) -> int:
        """Bytes that the firmware has not received yet."""
        return len(self._input)

    def take(self) -> int | None:
        """The next byte towards the firmware, or None."""
        byte = self._input.popleft() if self._input else None
        if byte is not None:
            self.on_taken(byte)
        return byte
