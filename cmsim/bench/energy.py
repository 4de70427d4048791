"""What an inference takes from the battery: an estimate from the chip's data sheet (cmsim/measure/currents.py).

Typical supply currents at 3 V and 25 degrees Celsius while CoreMark runs at 64 MHz. Charge is proportional to cycles,
so the clock makes no difference.

Not modelled: peripherals, the radio, sleep between inferences, start-up of the oscillator, temperature, what other
instructions draw more or less than CoreMark's, losses outside the chip.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import CPU_HZ
from ..measure.currents import CPU_DCDC, CPU_LDO, CPU_RAM_DCDC, VOLTS


@dataclass(frozen=True)
class Supply:
    """A way to feed the chip and the current that the running CPU then draws."""

    milliamperes: float
    conditions: str


TYPICAL = Supply(CPU_DCDC.typical / 1000, "from flash with cache, DC/DC regulator")
LOWEST = Supply(CPU_RAM_DCDC.typical / 1000, "from RAM, DC/DC regulator")
HIGHEST = Supply(CPU_LDO.typical / 1000, "from flash with cache, LDO regulator")
SUPPLIES = {"typical": TYPICAL, "lowest": LOWEST, "highest": HIGHEST}


def microjoules(cycles: float, supply: Supply = TYPICAL) -> float:
    """Energy of so many cycles."""
    return cycles / CPU_HZ * supply.milliamperes * VOLTS * 1000


def assumptions(cache: bool = True) -> str:
    """One sentence for reports; `cache`: whether the flash's instruction cache was on."""
    currents = (f"nRF52840 data-sheet currents at {VOLTS:g} V, CPU only: {TYPICAL.milliamperes} mA "
                f"{TYPICAL.conditions}; bounds {LOWEST.milliamperes} mA ({LOWEST.conditions}) "
                f"and {HIGHEST.milliamperes} mA ({HIGHEST.conditions})")
    return currents if cache else f"{currents}; the cache was off, for which it gives none"
