"""Voltages at pins, for SAADC, COMP and LPCOMP (nRF52840 PS v1.8, section 7.1, the pins AIN0 to AIN7).

A pin that is fed (`soc.analog[pin number] = signal`, CPU cycle -> volts) has that voltage; any other has the supply or
0 V as its level is high or low.

Not modelled: source impedance, RC of the pin, noise, and clamping above the supply.
"""

from __future__ import annotations

from cmsim.soc import Soc

SUPPLY = 3.0
"""VDD in volts."""
AIN_PINS = (2, 3, 4, 5, 28, 29, 30, 31)
"""AIN0 to AIN7 as pins of P0."""


def pin_volts(soc: Soc, ain: int) -> float:
    """The voltage at AIN `ain` now."""
    number = AIN_PINS[ain]
    signal = soc.analog.get(number)
    if signal is not None:
        return signal(soc.scheduler.now)
    return SUPPLY if soc.pins[number].level else 0.0
