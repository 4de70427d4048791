"""The I2C bus at the edge of the chip: targets, and the register-pointer device that most sensors are.

A target may hold SCL low between bytes (`Stretching`); a controller asks with `stretched` before it goes on.

Not modelled: stretching within a byte, multi-controller arbitration, 10-bit addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from .registers import RegisterBlock


class I2cTarget(Protocol):
    """One 7-bit address on a bus."""

    def start(self, reading: bool) -> None:
        """Addressed after a START or repeated START."""

    def write_byte(self, byte: int) -> bool:
        """A data byte from the controller; the answer is ACK."""

    def read_byte(self) -> int:
        """A data byte to the controller."""

    def stop(self) -> None:
        """STOP condition."""


class Stretching(Protocol):
    """A target that can hold SCL low after an acknowledge."""

    holds_scl: bool
    on_release: Callable[[], None]
    """Called when it lets go of SCL."""


def stretched(target: I2cTarget | None, go_on: Callable[[], None]) -> bool:
    """Whether `target` holds SCL low; then `go_on` is called when it lets go."""
    if not getattr(target, "holds_scl", False):  # most targets have no such attribute
        return False
    cast(Stretching, target).on_release = go_on
    return True


class I2cBus:
    """Two wires, pulled up, with targets on them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pulled_up: Callable[[], bool] = lambda: True
        """Whether the pull-up resistors have a supply; without it both lines read low."""
        self._targets: dict[int, tuple[I2cTarget, Callable[[], bool]]] = {}

    def attach(self, address: int, target: I2cTarget, powered: Callable[[], bool] = lambda: True) -> None:
        """Put `target` at the 7-bit `address`; it answers only while `powered()`."""
        if address in self._targets:
            raise ValueError(f"{self.name}: address 0x{address:02x} is taken")
        self._targets[address] = target, powered

    def detach(self, address: int) -> None:
        """Take the target at `address` off the bus."""
        del self._targets[address]

    def select(self, address: int, reading: bool) -> I2cTarget | None:
        """START and address byte: the target that acknowledged and is now addressed, or None for a NACK."""
        if address not in self._targets:
            return None
        target, powered = self._targets[address]
        if not (self.pulled_up() and powered()):
            return None
        target.start(reading)
        return target

    def watch(self, listener: Callable[[str], None]) -> None:
        """From now on tell `listener` what happens on the bus, in words: "S 6B W", "0F", "P", "NACK"."""
        unwatched = self.select

        def select(address: int, reading: bool) -> I2cTarget | None:
            listener(f"S {address:02X} {'R' if reading else 'W'}")
            target = unwatched(address, reading)
            if target is None:
                listener("NACK")
                return None
            return watched.setdefault(address, _Watched(target, listener))

        watched: dict[int, _Watched] = {}
        self.select = select  # type: ignore[method-assign]


class _Watched:
    """A target whose bytes are told to a listener."""

    def __init__(self, target: I2cTarget, listener: Callable[[str], None]) -> None:
        self._target, self._tell = target, listener

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)  # what a stretching target has more

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "on_release":
            setattr(self._target, name, value)
        else:
            super().__setattr__(name, value)

    def start(self, reading: bool) -> None:
        """Told by `select`, which has done it."""

    def write_byte(self, byte: int) -> bool:
        acknowledged = self._target.write_byte(byte)
        self._tell(f"{byte:02X}" if acknowledged else f"{byte:02X} NACK")
        return acknowledged

    def read_byte(self) -> int:
        byte = self._target.read_byte()
        self._tell(f"{byte:02X}")
        return byte

    def stop(self) -> None:
        self._tell("P")
        self._target.stop()


class I2cRegisterDevice(RegisterBlock):
    """First written byte selects a register; the pointer then advances (see `advance`)."""

    name = "i2c device"
    pointer = 0
    _addressed = False

    def start(self, reading: bool) -> None:
        """After a write address the next byte is a register number; a read goes on from the pointer."""
        self._addressed = reading

    def write_byte(self, byte: int) -> bool:
        """Register number, then data."""
        if not self._addressed:
            self._addressed = True
            self.select_register(byte)
        else:
            self.write(self.pointer, byte, 0xFF)
            self.pointer = self.advance(self.pointer)
        return True

    def read_byte(self) -> int:
        """The register at the pointer."""
        value = self.read(self.pointer) & 0xFF
        self.pointer = self.advance(self.pointer)
        return value

    def stop(self) -> None:
        """The next write starts with a register number again."""
        self._addressed = False

    def select_register(self, byte: int) -> None:
        """The sub-address byte: bit 7 is not part of the register number on ST's parts."""
        self.pointer = byte & 0x7F

    def advance(self, pointer: int) -> int:
        """The register after `pointer` in a multi-byte access."""
        return pointer + 1 & 0x7F

    def unmapped_read(self, offset: int) -> int:
        """Reserved registers of a sensor read as 0."""
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Reserved registers of a sensor ignore writes."""
