"""The one table of currents: what the nRF52840 draws from its supply, from its product specification.

nRF52840 Product Specification (docs.nordicsemi.com, ps_nrf52840), section 5.2.1 "Current consumption", electrical
specification: typical values at 3 V and 25 degrees Celsius; minimum and maximum are not published. A row's bounds are
therefore the figures of neighbouring rows, and say what choosing the wrong row would make of it, not what a chip may
differ from another. Each row names its part of that section, and whether it was read there or where others cite it.
The rows for COMP and USBD are from the specifications of the nRF52833 and nRF52820, which have the same blocks.

Not in the table, since the specification has no figure for them: UARTE, TWIM, SPIM, PDM, PWM, I2S, QSPI, QDEC, LPCOMP,
RTC by itself; pins and what hangs on them; the board's regulators, sensors and LEDs. It has figures for RNG, TEMP and
WDT, too, but these parts could not be read, and nobody was found who cites them.
"""

from __future__ import annotations

from typing import NamedTuple

VOLTS = 3.0


class Current(NamedTuple):
    """A row: microamperes, with the conditions that the specification states."""

    section: str
    """Part of the specification's electrical section on current consumption."""
    symbol: str
    typical: float
    lowest: float
    highest: float
    conditions: str

    @property
    def read(self) -> bool:
        """Whether the figure was read there; else others cite it, or another chip with the same block has it."""
        return self.section not in (CPU, SLEEPS, NFC, COMPARATOR, USB)


CPU, SLEEPS, NFC, TIMERS, ADC = "CPU running", "Sleep", "NFCT active", "TIMER running", "SAADC active"
RADIO, TOGETHER = "Radio transmitting/receiving", "Compounded"
COMPARATOR, USB, SISTER = "COMP active", "USBD running", "nRF52833"
ON, TIMER = "System ON, all RAM retained", "HFCLK and regulator included"
CPU_RADIO = "CoreMark from flash, 1 Mbps, HFXO"

CPU_RAM_DCDC = Current(CPU, "ICPU2", 2800, 2800, 3300, "CoreMark from RAM, 64 MHz, HFXO, DC/DC regulator")
CPU_DCDC = Current(CPU, "ICPU0", 3300, 2800, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, DC/DC")
CPU_LDO = Current(CPU, "ICPU1", 6300, 3300, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, LDO regulator")
CPU_TX_DCDC = Current(TOGETHER, "IS0", 8100, 6400, 15400, f"radio transmits at 0 dBm, {CPU_RADIO}, DC/DC")
CPU_RX_DCDC = Current(TOGETHER, "IS1", 8600, 6260, 16200, f"radio receives, {CPU_RADIO}, DC/DC")
CPU_TX_LDO = Current(TOGETHER, "IS2", 15400, 8100, 15400, f"radio transmits at 0 dBm, {CPU_RADIO}, LDO")
CPU_RX_LDO = Current(TOGETHER, "IS3", 16200, 8600, 16200, f"radio receives, {CPU_RADIO}, LDO")

OFF = Current(SLEEPS, "IOFF_RAMOFF_RESET", 0.40, 0.40, 1.86, "System OFF, no RAM retained; bound: all RAM")
OFF_RAM = Current(SLEEPS, "IOFF_RAMON_RESET", 1.86, 0.40, 1.86, "System OFF, all RAM retained; bound: no RAM")
SLEEP = Current(SLEEPS, "ION_RAMON_EVENT", 2.35, 0.97, 3.16, f"{ON}, wake on any event; bound: no RAM")
SLEEP_RTC = Current(SLEEPS, "ION_RAMON_RTC", 3.16, 1.50, 3.16, f"{ON}, wake on RTC; bound: no RAM")
SLEEP_IN = Current(SLEEPS, "ION_RAMON_GPIOTE", 17.37, 2.36, 17.37, f"{ON}, wake on a GPIOTE IN event; bound: PORT")
NFC_ACTIVE = Current(NFC, "Iactivated", 400, 400, 646, "NFCT activated; bound: HFXO, which it needs, as a TIMER has it")

TIMER_1M = Current(TIMERS, "ITIMER0", 418, 418, 595, f"one or two TIMERs at 1 MHz, HFINT; {TIMER}")
TIMER_16M = Current(TIMERS, "ITIMER3", 595, 418, 595, f"one TIMER at 16 MHz, HFINT; {TIMER}")
TIMER_1M_HFXO = Current(TIMERS, "ITIMER2", 646, 646, 823, f"one TIMER at 1 MHz, HFXO; {TIMER}")
TIMER_16M_HFXO = Current(TIMERS, "ITIMER4", 823, 646, 823, f"one TIMER at 16 MHz, HFXO; {TIMER}")
HFCLK = TIMER_1M._replace(lowest=0, conditions="HFCLK kept on by a block without a figure: as with a TIMER at 1 MHz")
HFXO = TIMER_1M_HFXO._replace(lowest=646 - 418, conditions="HFXO kept on: as with a TIMER at 1 MHz; at least what it "
                              "adds to HFINT there")  # fmt: skip

SAADC = Current(ADC, "ISAADC,RUN", 1240, 646, 1240, "16 ksps, 20 us acquisition, HFXO, DC/DC; at least HFXO")
RADIO_TX = Current(RADIO, "IRADIO_TX1", 6400, 3830, 16400, "0 dBm, 1 Mbps, HFXO, DC/DC; bounds -40 and 8 dBm")
RADIO_RX = Current(RADIO, "IRADIO_RX0", 6260, 6260, 10100, "1 Mbps, HFXO, DC/DC; bound LDO")
COMP_LOW = Current(COMPARATOR, "ICOMP,LP", 22.7, 21.4, 26.4, f"COMP in low-power mode; {SISTER}, bound nRF52820")
COMP_NORMAL = Current(COMPARATOR, "ICOMP,NORM", 26.4, 22.7, 33.0, f"COMP in normal mode; {SISTER}")
COMP_HIGH = Current(COMPARATOR, "ICOMP,HS", 33.0, 26.4, 33.0, f"COMP in high-speed mode; {SISTER}")
USB_ON = Current(USB, "IUSB,ACTIVE,VDD - ICPU1", 1430, 173, 7730, f"USBD active, CPU asleep: both less CPU; {SISTER}")
USB_SUSPENDED = Current(USB, "IUSB,SUSPEND,VDD", 173, 7, 173, f"USBD suspended, LDO; {SISTER}, bound USBD off")
ALL = tuple(row for row in tuple(globals().values()) if isinstance(row, Current))
