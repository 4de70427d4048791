"""The one table of currents: what the nRF52840 draws from its supply, from its product specification.

nRF52840 Product Specification (docs.nordicsemi.com, ps_nrf52840), section "Current consumption", electrical
specification: typical values at 3 V and 25 degrees Celsius; minimum and maximum are not published. A row's bounds are
therefore the figures of neighbouring rows, and say what choosing the wrong row would make of it, not what a chip may
differ from another. Each row names its part of that section, and whether it was read there or where others cite it.

Not in the table, since the specification has no figure for them: UARTE, TWIM, SPIM, PDM, PWM, I2S, QSPI, GPIOTE, RTC
by itself; pins and what hangs on them; the board's regulators, sensors and LEDs. Their figures could not be read, and
nobody was found who cites them, hence left out: RNG, TEMP, USBD, WDT, COMP, NFCT.
"""

from __future__ import annotations

from typing import NamedTuple

VOLTS = 3.0


class Current(NamedTuple):
    """A row: microamperes, with the conditions that the specification states."""

    symbol: str
    typical: float
    lowest: float
    highest: float
    conditions: str
    section: str
    """Part of the specification's electrical section on current consumption."""

    @property
    def read(self) -> bool:
        """Whether the figure was read there; else it is as several others cite it."""
        return self.section not in (CPU, SLEEPS)


CPU, SLEEPS, TIMERS, ADC = "CPU running", "Sleep", "TIMER running", "SAADC active"
RADIO = "Radio transmitting/receiving"

CPU_RAM_DCDC = Current("ICPU2", 2800, 2800, 3300, "CoreMark from RAM, 64 MHz, HFXO, DC/DC regulator", CPU)
CPU_DCDC = Current("ICPU0", 3300, 2800, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, DC/DC", CPU)
CPU_LDO = Current("ICPU1", 6300, 3300, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, LDO regulator", CPU)
SLEEP = Current("ION_RAMON_EVENT", 2.35, 0.97, 3.16, "System ON, all RAM retained, wake on any event; bound: no RAM",
                SLEEPS)  # fmt: skip
SLEEP_RTC = Current("ION_RAMON_RTC", 3.16, 1.50, 3.16, "System ON, all RAM retained, wake on RTC; bound: no RAM",
                    SLEEPS)  # fmt: skip
TIMER_1M = Current("ITIMER0", 418, 418, 595, "one or two TIMERs at 1 MHz, HFINT; HFCLK and regulator included", TIMERS)
TIMER_16M = Current("ITIMER3", 595, 418, 595, "one TIMER at 16 MHz, HFINT; HFCLK and regulator included", TIMERS)
TIMER_1M_HFXO = Current("ITIMER2", 646, 646, 823, "one TIMER at 1 MHz, HFXO; HFCLK and regulator included", TIMERS)
TIMER_16M_HFXO = Current("ITIMER4", 823, 646, 823, "one TIMER at 16 MHz, HFXO; HFCLK and regulator included", TIMERS)
HFCLK = Current("ITIMER0", 418, 0, 595, "HFCLK kept on by a block without a figure: as with a TIMER at 1 MHz, HFINT",
                TIMERS)  # fmt: skip
HFXO = Current("ITIMER2", 646, 228, 823, "HFXO kept on: as with a TIMER at 1 MHz; at least what it adds to HFINT there",
               TIMERS)  # fmt: skip
SAADC = Current("ISAADC,RUN", 1240, 646, 1240, "16 ksps, 20 us acquisition, HFXO, DC/DC; at least HFXO", ADC)
RADIO_TX = Current("IRADIO_TX1", 6400, 3830, 16400, "0 dBm, 1 Mbps, HFXO, DC/DC; bounds -40 and 8 dBm", RADIO)
RADIO_RX = Current("IRADIO_RX0", 6260, 6260, 10100, "1 Mbps, HFXO, DC/DC; bound LDO", RADIO)
ALL = (CPU_RAM_DCDC, CPU_DCDC, CPU_LDO, SLEEP, SLEEP_RTC, TIMER_1M, TIMER_16M, TIMER_1M_HFXO, TIMER_16M_HFXO,
       HFCLK, HFXO, SAADC, RADIO_TX, RADIO_RX)  # fmt: skip
