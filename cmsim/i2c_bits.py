"""An I2C bus as its two pins show it, for firmware that moves SCL and SDA itself (NXP UM10204, section 3.1).

Controllers of the chip speak to an `I2cBus` in bytes, and their pins stand still. Software that drives the pins as GPIO
is heard here: a START is SDA falling while SCL is high, a STOP is SDA rising, bits count when SCL rises, and what the
target answers is put on SDA when SCL falls. Nothing happens while neither pin moves.

Not modelled: stretching by the target, arbitration, 10-bit addresses.
"""

from __future__ import annotations

from .i2c import I2cBus, I2cTarget
from .pins import Pin

BYTE, WITH_ACKNOWLEDGE = 8, 9
"""Clocks."""


class I2cBits:
    """Both pins of `bus`, listened to for ever."""

    def __init__(self, bus: I2cBus, scl: Pin, sda: Pin) -> None:
        self._bus, self._scl, self._sda = bus, scl, sda
        self._target: I2cTarget | None = None
        """Who acknowledged its address, until it, or the controller, ends the transfer."""
        self._addressed: list[I2cTarget] = []
        """All of this transaction: a STOP is for each."""
        self._listening = self._first = self._wants_read = self._reading = False
        self._clocks = self._shift = 0
        self._answer = 0xFF
        scl.line.listen(lambda high: self._rise() if high else self._fall())
        sda.line.listen(self._sda_changed)

    def _drive(self, level: bool) -> None:
        self._sda.drive_from_board(self._bus.name, None if level else False)

    def _sda_changed(self, high: bool) -> None:
        if not self._scl.level:
            return
        if high:
            self._stop()
        else:
            self._listening = self._first = True
            self._reading, self._target = False, None
            self._clocks = self._shift = 0

    def _stop(self) -> None:
        addressed, self._addressed = self._addressed, []
        self._listening, self._target = False, None
        for target in addressed:
            target.stop()

    def _rise(self) -> None:
        if self._listening:
            self._clocks += 1
            self._shift = self._shift << 1 | self._sda.level

    def _fall(self) -> None:
        if not self._listening:
            return
        if self._clocks == BYTE:
            self._drive(self._reading or not self._acknowledge(self._shift & 0xFF))
            self._first = False
        elif self._clocks == WITH_ACKNOWLEDGE:
            self._next_byte(acknowledged=not self._shift & 1)
        elif self._reading and 0 < self._clocks < BYTE:
            self._drive(bool(self._answer << self._clocks & 0x80))

    def _acknowledge(self, byte: int) -> bool:
        """The address, or a byte that is written, has come: whether somebody takes it."""
        if not self._first:
            return self._target is not None and self._target.write_byte(byte)
        self._target = self._bus.select(byte >> 1, bool(byte & 1))
        if self._target is not None and self._target not in self._addressed:
            self._addressed.append(self._target)
        self._wants_read = bool(byte & 1)
        return self._target is not None

    def _next_byte(self, *, acknowledged: bool) -> None:
        """The acknowledge is over, whoever gave it."""
        self._clocks = self._shift = 0
        if not acknowledged or self._target is None:
            self._reading, self._target = False, None
            self._drive(True)
            return
        self._reading = self._wants_read
        self._answer = self._target.read_byte() if self._reading else 0xFF
        self._drive(bool(self._answer & 0x80))
