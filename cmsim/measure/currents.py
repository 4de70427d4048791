"""The one table of currents: what the nRF52840 draws from its supply, from its product specification.

nRF52840 Product Specification v1.7 (document 4413_417, 2021), section 5.2.1 "Current consumption", electrical
specification: typical values at 3 V and 25 degrees Celsius; minimum and maximum are not published. Each figure is that
of the whole chip in a scenario: CPU asleep unless it runs, all RAM on, LDO regulator unless DC/DC is stated. A row's
bounds are therefore the figures of neighbouring rows, and say what choosing the wrong row would make of it, not what a
chip may differ from another.

Some rows are added to another: what a block draws on top of the chip without it, the difference of two scenarios that
the symbol names. Since those of RNG, TEMP, SAADC and USBD do not state what is in them, HFCLK's part is taken to be as
the TIMER rows have it.

Not in the table, since the specification has no figure for them: UARTE, TWIM, SPIM, PDM, PWM, I2S, QSPI, QDEC, RTC by
itself; pins and what hangs on them; the board's regulators, sensors and LEDs.
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
    added: bool = False
    """Whether it comes on top of another row."""


CPU, SLEEPS, NFC, TIMERS, ADC = "CPU running", "Sleep", "NFCT active", "TIMER running", "SAADC active"
RADIO, TOGETHER, COMPARATOR, USB = "Radio transmitting/receiving", "Compounded", "COMP active", "USBD running"
RANDOM, THERMOMETER, WATCHDOG = "RNG active", "TEMP active", "WDT active"
ON, TIMER = "System ON, all RAM retained", "HFCLK and regulator included"
CPU_RADIO = "CoreMark from flash, 1 Mbps, HFXO"

# The CPU runs
CPU_RAM_DCDC = Current(CPU, "ICPU2", 2800, 2800, 3300, "CoreMark from RAM, 64 MHz, HFXO, DC/DC regulator")
CPU_RAM_LDO = Current(CPU, "ICPU3", 5200, 2800, 6300, "CoreMark from RAM, 64 MHz, HFXO, LDO regulator")
CPU_DCDC = Current(CPU, "ICPU0", 3300, 2800, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, DC/DC")
CPU_DCDC_HFINT = Current(CPU, "ICPU4", 3100, 2800, 6300, "CoreMark from flash with cache, 64 MHz, HFINT, DC/DC")
CPU_LDO = Current(CPU, "ICPU1", 6300, 3300, 6300, "CoreMark from flash with cache, 64 MHz, HFXO, LDO regulator")
CPU_TX_DCDC = Current(TOGETHER, "IS0", 8100, 6400, 15400, f"radio transmits at 0 dBm, {CPU_RADIO}, DC/DC")
CPU_RX_DCDC = Current(TOGETHER, "IS1", 8600, 6260, 16200, f"radio receives, {CPU_RADIO}, DC/DC")
CPU_TX_LDO = Current(TOGETHER, "IS2", 15400, 8100, 15400, f"radio transmits at 0 dBm, {CPU_RADIO}, LDO")
CPU_RX_LDO = Current(TOGETHER, "IS3", 16200, 8600, 16200, f"radio receives, {CPU_RADIO}, LDO")

# It sleeps, HFCLK off
OFF = Current(SLEEPS, "IOFF_RAMOFF_RESET", 0.40, 0.40, 1.86, "System OFF, no RAM retained; bound: all RAM")
OFF_RAM = Current(SLEEPS, "IOFF_RAMON_RESET", 1.86, 0.40, 1.86, "System OFF, all RAM retained; bound: no RAM")
SLEEP = Current(SLEEPS, "ION_RAMON_EVENT", 2.35, 0.97, 3.16, f"{ON}, wake on any event; bound: no RAM")
SLEEP_RTC = Current(SLEEPS, "ION_RAMON_RTC", 3.16, 1.50, 3.16, f"{ON}, wake on RTC, LFRC; bound: no RAM")
SLEEP_RTC_LFXO = Current(SLEEPS, "ION_RAMON_RTC - ILFRC + ILFXO", 2.69, 1.03, 3.16,
                         f"{ON}, wake on RTC, LFXO; bounds: no RAM, LFRC")  # fmt: skip
SLEEP_WDT = Current(WATCHDOG, "IWDT,STARTED", 3.1, 1.50, 3.16, "WDT started, LFCLK on for it; bounds: as with RTC")
NFC_ACTIVE = Current(NFC, "Iactivated", 400, 400, 646, "NFCT activated; bound: HFXO, which it needs, as a TIMER has it")

# It sleeps, HFCLK on
TIMER_1M = Current(TIMERS, "ITIMER0", 418, 418, 646, f"HFINT, as with a TIMER at 1 MHz; {TIMER}; bound: HFXO")
TIMER_1M_HFXO = Current(TIMERS, "ITIMER2", 646, 418, 646, f"HFXO, as with a TIMER at 1 MHz; {TIMER}; bound: HFINT")
HFCLK = TIMER_1M._replace(lowest=0, conditions="HFCLK kept on by a block without a figure: as with a TIMER at 1 MHz")
HFXO = TIMER_1M_HFXO._replace(lowest=646 - 418, conditions="HFXO kept on: as with a TIMER at 1 MHz; at least what it "
                              "adds to HFINT there")  # fmt: skip
RADIO_TX_DCDC = Current(RADIO, "IRADIO_TX1", 6400, 6400, 10800, "0 dBm, 1 Mbps, HFXO, DC/DC; bound LDO")
RADIO_TX_LDO = Current(RADIO, "IRADIO_TX3", 10800, 6400, 10800, "0 dBm, 1 Mbps, HFXO, LDO; bound DC/DC")
RADIO_RX_DCDC = Current(RADIO, "IRADIO_RX0", 6260, 6260, 10100, "1 Mbps, HFXO, DC/DC; bound LDO")
RADIO_RX_LDO = Current(RADIO, "IRADIO_RX1", 10100, 6260, 10100, "1 Mbps, HFXO, LDO; bound DC/DC")

# Added, CPU running or HFCLK on
TIMER_16M = Current(TIMERS, "ITIMER3 - ITIMER0", 177, 0, 177, "TIMER at 16 MHz; bound: at 1 MHz", added=True)
RNG = Current(RANDOM, "IRNG0 - ITIMER0", 217, 217, 632.65, "RNG running; bound: needs no HFCLK", added=True)
TEMP = Current(THERMOMETER, "ITEMP0 - ITIMER0", 632, 404, 1047.65, "TEMP started; bounds: HFXO is in it, needs no "
               "HFCLK", added=True)  # fmt: skip
SAADC = Current(ADC, "ISAADC,RUN - ITIMER2", 594, 594, 1237.65, "16 ksps, 20 us acquisition, HFXO, DC/DC; bound: needs "
                "no HFCLK", added=True)  # fmt: skip
USB_ON = Current(USB, "IUSB,ACTIVE,VDD - ICPU1", 1430, 1160, 1430, "USBD active, CPU runs, LDO; bound: supply at VDDH",
                 added=True)  # fmt: skip

# Added to anything
USB_SUSPENDED = Current(USB, "IUSB,SUSPEND,VDD - ION_RAMON_EVENT", 170.65, 4.65, 170.65, "USBD suspended, LDO; bound: "
                        "disabled", added=True)  # fmt: skip
COMP_LOW = Current(COMPARATOR, "ICOMP,LP - ION_RAMON_EVENT", 27.75, 27.75, 29.45, "COMP in low-power mode; bound: "
                   "normal", added=True)  # fmt: skip
COMP_NORMAL = Current(COMPARATOR, "ICOMP,NORM - ION_RAMON_EVENT", 29.45, 27.75, 32.75, "COMP in normal mode; bounds: "
                      "low-power, high-speed", added=True)  # fmt: skip
COMP_HIGH = Current(COMPARATOR, "ICOMP,HS - ION_RAMON_EVENT", 32.75, 29.45, 32.75, "COMP in high-speed mode; bound: "
                    "normal", added=True)  # fmt: skip

# Added to sleep with HFCLK off, or to System OFF
GPIOTE_IN = Current(SLEEPS, "ION_RAMON_GPIOTE - ION_RAMON_EVENT", 15.02, 0.01, 15.02, "GPIOTE IN event; bound: PORT",
                    added=True)  # fmt: skip
LPCOMP = Current(SLEEPS, "IOFF_RAMOFF_LPCOMP - IOFF_RAMOFF_RESET", 0.46, 0.46, 0.46, "LPCOMP, as in System OFF",
                 added=True)  # fmt: skip
NFC_SENSE = Current(NFC, "Isense", 0.10, 0.10, 0.10, "NFCT in SENSE", added=True)

STRENGTHS = {8: (14800, 32700), 4: (9600, 21400), 0: (4800, 10600), -4: (3100, 8100), -8: (3300, 7200),
             -12: (3000, 6400), -16: (2800, 6000), -20: (2700, 5600), -40: (2300, 4600)}  # fmt: skip
"""dBm -> microamperes of the transmitter alone with DC/DC and with LDO (section 6.20.15.2)."""
ALL = tuple(row for row in tuple(globals().values()) if isinstance(row, Current))


def at_strength(row: Current, dbm: int, efficient: bool) -> Current:
    """A row for 0 dBm (DC/DC if `efficient`) at another strength: by how much the transmitter alone draws more."""
    strength = min((listed for listed in STRENGTHS if listed >= dbm), default=max(STRENGTHS))
    if not strength:
        return row
    more, more_ldo = (there - here for there, here in zip(STRENGTHS[strength], STRENGTHS[0], strict=True))
    name = f"{'PLUS' if strength > 0 else 'MINUS'}{abs(strength)}"
    kind = "dBM,DCDC" if efficient else "dBM"
    return row._replace(
        symbol=f"{row.symbol} - ITX,0{kind} + ITX,{name}{kind}",
        typical=row.typical + (more if efficient else more_ldo),
        lowest=row.lowest + more,
        highest=row.highest + more_ldo,
        conditions=row.conditions.replace("0 dBm", f"{strength} dBm"),
    )
