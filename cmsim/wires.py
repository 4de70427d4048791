"""Wires between pins of the board, as a test of a loopback has them.

    Wire("D2", "D3")            by the board's names, or the chip's (P1.01)

It is a scenario's event that lasts from power-on. What both ends of a wire see is `cmsim.pins.Net`; UART, SPI, I2C and
I2S, which have no waveforms, look for the wires between their pins by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UsageError

if TYPE_CHECKING:
    from .machine import Machine
    from .pins import Pin

FORM = "PIN=PIN, for example D2=D3 or P1.01=P1.02"


@dataclass(frozen=True)
class Wire:
    """A wire from one pin to another."""

    one: str
    other: str

    def bind(self, machine: Machine) -> Iterator[tuple[float, Callable[[Machine], None]]]:
        """From power-on; UsageError for pins that are not there, one that is wired to itself, and a second wire."""
        connect(machine, self.one, self.other)
        return iter(())


def connect(machine: Machine, one: str, other: str) -> None:
    """Join two pins from now on; a voltage that feeds the one feeds the other."""
    where, soc = f"--wire {one}={other}", machine.soc
    soc.pins.on_conflict = lambda high, low: soc.hooks.log(
        f"{high.name} drives high and {low.name} low, and they are wired: taken for low"
    )
    try:
        pins = machine.pin(one), machine.pin(other)
        soc.pins.wire(*pins)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    _feed(machine, pins[0], where)


def _feed(machine: Machine, pin: Pin, where: str) -> None:
    """Bring the voltage of an analogue pin to all that are wired to it."""
    analog = machine.soc.analog
    numbers = [machine.soc.pins.pins.index(end) for end in pin.wired]
    signals = [analog[number] for number in numbers if number in analog]
    if any(signal is not signals[0] for signal in signals):
        raise UsageError(f"{where}: --adc gives both ends a voltage of their own")
    analog.update(dict.fromkeys(numbers, signals[0]) if signals else {})


def parse_wire(text: str) -> Wire:
    """PIN=PIN."""
    one, equals, other = text.partition("=")
    if not (one and equals and other):
        raise UsageError(f"--wire {text!r}: write it as {FORM}")
    return Wire(one, other)
