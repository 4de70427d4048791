"""Voltages at the analogue pins of the chip: what SAADC, COMP and LPCOMP measure.

    Voltage("A0", "battery.csv")        a trace with the column `voltage [V]`
    Voltage("P0.04", 1.2)               a constant, in volts

It is a scenario's event that begins at power-on. The pin's digital level does not follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UsageError
from .stimuli import Trace, signals
from .stimuli import load as load_trace

if TYPE_CHECKING:
    from .machine import Machine

CHANNEL = "voltage"
FORM = "PIN=TRACE or PIN=VOLTS, for example A0=battery.csv or A0=1.2"
LOWEST, HIGHEST = -0.3, 3.9
"""What a pin stands (nRF52840 PS, absolute maximum ratings: VSS - 0.3 V to VDD + 0.3 V, with VDD up to 3.6 V)."""


@dataclass(frozen=True)
class Voltage:
    """What feeds an analogue pin: a trace or its file, or a constant in volts."""

    pin: str
    source: str | Path | Trace | float

    def bind(self, machine: Machine) -> Iterator[tuple[float, Callable[[Machine], None]]]:
        """From power-on; UsageError for a pin that is not analogue, or a trace without a voltage."""
        soc = machine.soc
        pin = machine.pin(self.pin)
        number = soc.pins.pins.index(pin)
        if number not in soc.chip.analog_pins:
            names = ", ".join(soc.pins[n].name for n in soc.chip.analog_pins) or "none"
            raise UsageError(f"--adc {self.pin}: not an analogue pin of the {soc.chip.name}; it has {names}")
        signal = self._signal()
        for end in pin.wired:
            soc.analog[soc.pins.pins.index(end)] = signal
        return iter(())

    def _signal(self) -> Callable[[int], float]:
        if isinstance(self.source, int | float):
            volts = float(self.source)
            self._check(volts, f"--adc {self.pin}")
            return lambda cycle: volts
        trace = self.source if isinstance(self.source, Trace) else load_trace(Path(self.source))
        if CHANNEL not in trace.channels:
            raise UsageError(f"{trace.source}: no column 'voltage [V]' for pin {self.pin}")
        for volts in trace.channels[CHANNEL]:
            self._check(float(volts), f"{trace.source}, for pin {self.pin}")
        return signals(trace)[CHANNEL].value

    @staticmethod
    def _check(volts: float, where: str) -> None:
        if not LOWEST <= volts <= HIGHEST:
            raise UsageError(f"{where}: {volts:g} V: a pin stands {LOWEST} to {HIGHEST} V; are these volts?")


def parse_voltage(text: str) -> Voltage:
    """PIN=TRACE or PIN=VOLTS."""
    pin, equals, source = text.partition("=")
    if not (pin and equals and source):
        raise UsageError(f"--adc {text!r}: write it as {FORM}")
    try:
        return Voltage(pin, float(source.removesuffix("V")))
    except ValueError:
        if not Path(source).suffix:
            raise UsageError(f"--adc {text!r}: neither volts nor a trace's file: write it as {FORM}") from None
        return Voltage(pin, Path(source))
