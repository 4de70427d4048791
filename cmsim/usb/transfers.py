"""Transfers of a host: each `step` is one transaction on the bus (USB 2.0, sections 5.5, 5.7, 5.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .link import Answer, UsbFunction, transaction_cycles


class Transfer(Protocol):
    """Something that the host tries whenever the bus is free; `done` ones are forgotten."""

    done: bool

    def step(self, device: UsbFunction) -> int | None:
        """One transaction: its cycles, or None when the device said NAK (or there is nothing to send)."""


class Control:
    """One control transfer. `finish` gets the bytes read (b"" for OUT), or None when the device said STALL."""

    def __init__(
        self, setup: bytes, data: bytes, packet: int, finish: Callable[[bytes | None], None]
    ) -> None:
        self.setup, self.finish, self.packet = setup, finish, packet
        self.inward = bool(setup[0] & 0x80)
        self.sets_address = (setup[0], setup[1]) == (0, 5)
        self.wanted = int.from_bytes(setup[6:8], "little")
        self.data = bytearray(data)
        self.stage = "setup"
        self.done = False

    def step(self, device: UsbFunction) -> int | None:
        """SETUP, then DATA packets, then STATUS."""
        if self.stage == "setup":
            device.setup(self.setup)
            self.stage = "data" if self.wanted else "status"
            return transaction_cycles(8)
        if self.stage == "data":
            return self._read(device) if self.inward else self._write(device)
        answer = device.status()
        if answer is Answer.NAK:
            return None
        self._end(bytes(self.data) if self.inward else b"", answer)
        return transaction_cycles(0)

    def _read(self, device: UsbFunction) -> int | None:
        packet = device.data_in(0)
        if isinstance(packet, Answer):
            if packet is Answer.NAK:
                return None
            self._end(None, packet)
            return transaction_cycles(0)
        self.data += packet
        if len(packet) < self.packet or len(self.data) >= self.wanted:
            self.stage = "status"
        return transaction_cycles(len(packet))

    def _write(self, device: UsbFunction) -> int | None:
        packet = bytes(self.data[: self.packet])
        answer = device.data_out(0, packet)
        if answer is Answer.NAK:
            return None
        if answer is Answer.STALL:
            self._end(None, answer)
        else:
            del self.data[: len(packet)]
            if not self.data:
                self.stage = "status"
        return transaction_cycles(len(packet))

    def _end(self, data: bytes | None, answer: Answer) -> None:
        self.done = True
        self.finish(None if answer is Answer.STALL else data)


class InPipe:
    """A bulk or interrupt IN endpoint that is read for ever; `receive` gets each packet."""

    def __init__(self, endpoint: int, receive: Callable[[bytes], None]) -> None:
        self.endpoint, self.receive, self.done = endpoint, receive, False

    def step(self, device: UsbFunction) -> int | None:
        """One IN token."""
        packet = device.data_in(self.endpoint)
        if isinstance(packet, Answer):
            self.done = packet is Answer.STALL
            return None
        self.receive(packet)
        return transaction_cycles(len(packet))


class OutPipe:
    """A bulk OUT endpoint; `take` gives the next packet (b"" for none). A packet that meets NAK is offered again."""

    def __init__(self, endpoint: int, take: Callable[[], bytes]) -> None:
        self.endpoint, self.take, self.done = endpoint, take, False
        self._packet = b""

    def step(self, device: UsbFunction) -> int | None:
        """One OUT packet."""
        self._packet = self._packet or self.take()
        if not self._packet:
            return None
        answer = device.data_out(self.endpoint, self._packet)
        if answer is not Answer.ACK:
            self.done = answer is Answer.STALL
            return None
        length, self._packet = len(self._packet), b""
        return transaction_cycles(length)
