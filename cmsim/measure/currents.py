"""The one table of currents: what the nRF52840 draws from its supply, from its product specification.

nRF52840 Product Specification (docs.nordicsemi.com, ps_nrf52840), section "Current consumption", electrical
specification: typical values at 3 V and 25 degrees Celsius; minimum and maximum are not published. A row's bounds are
therefore the figures of neighbouring rows, and say what choosing the wrong row would make of it, not what a chip may
differ from another.

Checked against the published tables: TIMER and RADIO rows directly, sleep and CPU rows against others' citations of
them (ION_RAMON_EVENT, ION_RAMON_RTC, ICPU0 with either regulator, ICPU2).

Not in the table, since the specification has no figure for them: UARTE, TWIM, SPIM, PDM, PWM, I2S, QSPI, GPIOTE, RTC
by itself; pins and what hangs on them; the board's regulators, sensors and LEDs. Not checked, hence left out: SAADC,
RNG, TEMP, USBD, WDT, COMP, NFCT.
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


CPU_RAM_DCDC = Current("ICPU2", 2800, 2800, 3300, "CoreMark from RAM, 64 MHz, HFXO, DC/DC regulator")
CPU_DCDC = Current("ICPU0", 3300, 2800, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, DC/DC regulator")
CPU_LDO = Current("ICPU1", 6300, 3300, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, LDO regulator")
SLEEP = Current("ION_RAMON_EVENT", 2.35, 2.35, 3.16, "System ON, all RAM retained, wake on any event")
SLEEP_RTC = Current("ION_RAMON_RTC", 3.16, 2.35, 3.16, "System ON, all RAM retained, wake on RTC")
TIMER_1M = Current("ITIMER0", 418, 418, 595, "one or two TIMERs at 1 MHz, HFINT; HFCLK and regulator included")
TIMER_16M = Current("ITIMER3", 595, 418, 595, "one TIMER at 16 MHz, HFINT; HFCLK and regulator included")
TIMER_1M_HFXO = Current("ITIMER2", 646, 646, 823, "one TIMER at 1 MHz, HFXO; HFCLK and regulator included")
TIMER_16M_HFXO = Current("ITIMER4", 823, 646, 823, "one TIMER at 16 MHz, HFXO; HFCLK and regulator included")
HFCLK = Current("ITIMER0", 418, 0, 595, "HFCLK kept on by a block without a figure: as with a TIMER at 1 MHz, HFINT")
HFXO = Current("ITIMER2", 646, 228, 823, "HFXO kept on: as with a TIMER at 1 MHz; at least what it adds to HFINT there")
RADIO_TX = Current("IRADIO_TX1", 6400, 3830, 16400, "0 dBm, 1 Mbps, HFXO, DC/DC; bounds -40 and 8 dBm")
RADIO_RX = Current("IRADIO_RX0", 6260, 6260, 10100, "1 Mbps, HFXO, DC/DC; bound LDO")
ALL = (CPU_RAM_DCDC, CPU_DCDC, CPU_LDO, SLEEP, SLEEP_RTC, TIMER_1M, TIMER_16M, TIMER_1M_HFXO, TIMER_16M_HFXO,
       HFCLK, HFXO, RADIO_TX, RADIO_RX)  # fmt: skip
