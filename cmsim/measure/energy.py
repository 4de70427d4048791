"""Charge that the chip takes, by what it does: the CPU runs, or it sleeps and something keeps HFCLK on.

Currents are those of currents.py. What runs is looked at whenever the processor falls asleep or wakes: the CPU's row
holds for the time awake, with the regulator that POWER.DCDCEN chooses; a row of sleep for the time asleep, with the
LFCLK, HFXO and the blocks that were running as it began.

Not modelled: what starts or stops while the processor sleeps (PPI, DMA); what peripherals add while the CPU runs; UART,
I2C and SPI transfers during sleep; other modes and strengths of the radio; DC/DC's start-up, temperature, voltages;
what is outside the chip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel import CPU_HZ
from .currents import (
    CPU_DCDC,
    CPU_LDO,
    HFCLK,
    HFXO,
    RADIO_RX,
    RADIO_TX,
    SAADC,
    SLEEP,
    SLEEP_RTC,
    TIMER_1M,
    TIMER_1M_HFXO,
    TIMER_16M,
    TIMER_16M_HFXO,
    VOLTS,
    Current,
)

if TYPE_CHECKING:
    from ..machine import Machine

BOUNDS = ("typical", "lowest", "highest")
KEEPING = ("PDM", "PWM", "I2S", "QDEC")
"""Blocks without a figure that keep HFCLK on while they run."""
TXRU = 9
"""RADIO.STATE from which on it transmits; below and not 0 it receives."""
XTAL = 1
FAST_PRESCALER = 4
"""TIMER.PRESCALER below which it counts PCLK16M instead of PCLK1M (PS, TIMER)."""


class EnergyMeter:
    """Follows a machine's sleep from its making on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._since = machine.cycles
        self._spent: dict[Current, int] = {}
        """Row -> cycles."""
        self._asleep = False
        self._row = self._awake()
        self._uncounted: set[str] = set()
        self._began: tuple[float, ...] | None = None
        self._inferences: list[tuple[float, ...]] = []
        inner = machine.cpu.on_sleep

        def on_sleep(asleep: bool) -> None:
            inner(asleep)
            self._switch(asleep)

        machine.cpu.on_sleep = on_sleep
        if machine.inference_meter is not None:
            for address in machine.inference_meter.functions.values():
                machine.watches.on_entry(address, self._begin)
            machine.inference_meter.notify(self._end)

    def _awake(self) -> Current:
        power: Any = self.machine.soc.blocks.get("POWER")
        return CPU_DCDC if power is not None and power.DCDCEN else CPU_LDO

    def _sleeping(self) -> Current:
        blocks: Any = self.machine.soc.blocks
        clock = blocks.get("POWER")  # CLOCK shares its registers
        radio, adc = blocks.get("RADIO"), blocks.get("SAADC")
        state = 0 if radio is None else getattr(radio, "STATE", 0)
        if state:
            return RADIO_TX if state >= TXRU else RADIO_RX
        if getattr(adc, "_started", False):
            return SAADC
        crystal = clock is not None and bool(clock.HFCLKSTAT & XTAL)
        fast = [block.PRESCALER < FAST_PRESCALER for name, block in blocks.items()
                if name.startswith("TIMER") and getattr(block, "_counting", False)]  # fmt: skip
        others = {name for name, block in blocks.items()
                  if name.startswith(KEEPING) and getattr(block, "_running", False)}  # fmt: skip
        self._uncounted |= others
        if fast:
            rows = (TIMER_1M_HFXO, TIMER_16M_HFXO) if crystal else (TIMER_1M, TIMER_16M)
            return rows[any(fast)]
        if crystal or others:
            return HFXO if crystal else HFCLK
        return SLEEP_RTC if clock is not None and clock.LFCLKSTAT >> 16 & 1 else SLEEP

    def _switch(self, asleep: bool) -> None:
        self._settle()
        self._asleep = asleep
        self._row = self._sleeping() if asleep else self._awake()

    def _settle(self) -> None:
        now = self.machine.cycles
        if not self._asleep:
            self._row = self._awake()  # start-up code switches the regulator long before it sleeps
        self._spent[self._row] = self._spent.get(self._row, 0) + now - self._since
        self._since = now

    @property
    def microcoulombs(self) -> tuple[float, ...]:
        """Charge so far: typical, lowest, highest."""
        self._settle()
        return tuple(sum(cycles * getattr(row, bound) for row, cycles in self._spent.items()) / CPU_HZ
                     for bound in BOUNDS)  # fmt: skip

    def _begin(self) -> None:
        self._began = self._began or self.microcoulombs

    def _end(self) -> None:
        if self._began is not None:
            charge = self.microcoulombs
            self._inferences.append(tuple(after - before for after, before in zip(charge, self._began, strict=True)))
        self._began = None

    def record(self) -> dict[str, Any]:
        """`energy` of the record (docs/energy.md)."""
        charge, seconds = self.microcoulombs, self.machine.seconds
        count = len(self._inferences)
        mean = tuple(sum(values) / count for values in zip(*self._inferences, strict=True)) if count else None
        return {
            "volts": VOLTS,
            "microcoulombs": _bounds(charge),
            "average_microamperes": _bounds(tuple(value / seconds for value in charge)) if seconds else None,
            "inference_microcoulombs": None if mean is None else _bounds(mean),
            "inference_microjoules": None if mean is None else _bounds(tuple(value * VOLTS for value in mean)),
            "parts": [
                {"symbol": row.symbol, "conditions": row.conditions, "seconds": cycles / CPU_HZ,
                 "microamperes": _bounds((row.typical, row.lowest, row.highest)),
                 "microcoulombs": round(cycles / CPU_HZ * row.typical, 6)}
                for row, cycles in sorted(self._spent.items(), key=lambda item: (-item[1] * item[0].typical, item[0]))
                if cycles
            ],
            "without_figures": sorted(self._uncounted),
        }  # fmt: skip


def _bounds(values: tuple[float, ...]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in zip(BOUNDS, values, strict=True)}
