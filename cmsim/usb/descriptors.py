"""Descriptors, as far as a host must understand them to choose its drivers (USB 2.0, section 9.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = 1, 2, 3, 4, 5
BULK, INTERRUPT = 2, 3


@dataclass(frozen=True)
class Endpoint:
    """One endpoint descriptor."""

    address: int
    attributes: int
    packet: int
    """wMaxPacketSize in bytes."""

    @property
    def number(self) -> int:
        """0..15."""
        return self.address & 0xF

    @property
    def inward(self) -> bool:
        """Whether data goes to the host."""
        return bool(self.address & 0x80)

    @property
    def kind(self) -> int:
        """BULK, INTERRUPT ..."""
        return self.attributes & 3


@dataclass
class Interface:
    """One interface descriptor (alternate setting 0) with its endpoints."""

    number: int
    triple: tuple[int, int, int]
    """Class, subclass, protocol."""
    endpoints: list[Endpoint] = field(default_factory=list)

    def endpoint(self, kind: int, inward: bool) -> Endpoint | None:
        """The first endpoint of this kind and direction."""
        return next((e for e in self.endpoints if e.kind == kind and e.inward == inward), None)

    @property
    def title(self) -> str:
        """What the class triple means."""
        major, minor, _ = self.triple
        known = TITLES.get(self.triple) or TITLES.get((major, minor, -1)) or TITLES.get((major, -1, -1))
        return known or f"class 0x{major:02x}"


TITLES = {
    (2, 2, -1): "CDC-ACM",
    (1, -1, -1): "audio",
    (2, -1, -1): "communications",
    (3, -1, -1): "HID",
    (8, -1, -1): "mass storage",
    (0x0A, -1, -1): "CDC data",
    (0xE0, 1, 1): "Bluetooth HCI",
    (0xFE, 1, 1): "DFU",
    (0xFF, -1, -1): "vendor",
}


def parts(data: bytes) -> Iterator[bytes]:
    """The descriptors one after the other; a broken length ends them."""
    while len(data) >= 2 and 2 <= data[0] <= len(data):
        yield data[: data[0]]
        data = data[data[0] :]


def interfaces(configuration: bytes) -> list[Interface]:
    """The interfaces of a whole configuration descriptor, alternate settings other than 0 left out."""
    found: list[Interface] = []
    listening = False
    for part in parts(configuration):
        if part[1] == INTERFACE and len(part) >= 9:
            listening = part[3] == 0
            if listening:
                found.append(Interface(part[2], (part[5], part[6], part[7])))
        elif part[1] == ENDPOINT and len(part) >= 7 and listening and found:
            found[-1].endpoints.append(Endpoint(part[2], part[3], int.from_bytes(part[4:6], "little") & 0x7FF))
    return found


def text(descriptor: bytes) -> str:
    """A string descriptor's text."""
    return descriptor[2 : descriptor[0]].decode("utf-16-le", "replace") if len(descriptor) >= 2 else ""
