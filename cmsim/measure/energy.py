"""Charge that the chip takes, by what it does: the CPU runs or sleeps, and blocks run beside.

Currents are those of currents.py; drawing.py says which ones hold. That is looked at whenever the processor falls
asleep or wakes, and when an oscillator, a block with events for it or a transfer begins or ends, whoever made it.

Not modelled: what else starts or stops in between (COMP, TIMERs and PWM by PPI); UART, I2C and SPI transfers beyond the
HFCLK that they keep on; DC/DC's start-up, temperature, voltages; what is outside the chip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..cortex_m.code_areas import CodeArea
from ..kernel import CPU_HZ
from .currents import VOLTS, Current
from .drawing import Drawing

if TYPE_CHECKING:
    from ..machine import Machine

BOUNDS = ("typical", "lowest", "highest")


class EnergyMeter:
    """Follows a machine's sleep from its making on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._drawing = Drawing(machine.soc.blocks)
        self._since = machine.cycles
        self._spent: dict[Current, int] = {}
        """Row -> cycles."""
        self._find: Callable[[], tuple[Current, ...]] = self._drawing.awake
        """The rows for what the processor does."""
        self._rows = self._find()
        chip = machine.soc.chip
        self._in_ram = CodeArea(machine.cpu, chip.ram_base, chip.ram_size)
        self._ran_in_ram = 0
        self._began: tuple[float, ...] | None = None
        self._inferences: list[tuple[float, ...]] = []
        inner = machine.cpu.on_sleep

        def on_sleep(asleep: bool) -> None:
            inner(asleep)
            self._switch(self._drawing.asleep if asleep else self._drawing.awake)

        machine.cpu.on_sleep = on_sleep
        machine.system_off.listeners.append(lambda off: self._switch(self._drawing.off if off else self._drawing.awake))
        self._drawing.on_change(self._changed)
        if machine.inference_meter is not None:
            for address in machine.inference_meter.functions.values():
                machine.watches.on_entry(address, self._begin)
            machine.inference_meter.notify(self._end)

    def _switch(self, find: Callable[[], tuple[Current, ...]]) -> None:
        self._settle()
        self._drawing.look()
        self._find = find
        self._rows = find()

    def _changed(self) -> None:
        """A block began or ended to run, at the moment of the device access or alarm under way."""
        self._settle(max(self._since, self.machine.soc.scheduler.now))
        self._drawing.look()
        self._rows = self._find()

    def _settle(self, now: int | None = None) -> None:
        now = self.machine.cycles if now is None else now
        passed = now - self._since
        if self._find == self._drawing.awake:
            self._rows = self._find()  # start-up code switches the regulator long before it sleeps
            in_ram = min(passed, self._in_ram.cycles - self._ran_in_ram)
            self._ran_in_ram += in_ram
            self._spend(self._drawing.awake(in_ram=True), in_ram)
            passed -= in_ram
            if passed:
                self._drawing.ran_in_flash()
        self._spend(self._rows, passed)
        self._since = now

    def _spend(self, rows: tuple[Current, ...], cycles: int) -> None:
        for row in rows:
            self._spent[row] = self._spent.get(row, 0) + cycles

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
                {"symbol": row.symbol, "conditions": row.conditions, "added": row.added, "seconds": cycles / CPU_HZ,
                 "microamperes": _bounds((row.typical, row.lowest, row.highest)),
                 "microcoulombs": round(cycles / CPU_HZ * row.typical, 6)}
                for row, cycles in sorted(self._spent.items(), key=lambda item: (-item[1] * item[0].typical, item[0]))
                if cycles
            ],
            "without_figures": sorted(self._drawing.without_figures),
        }  # fmt: skip


def _bounds(values: tuple[float, ...]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in zip(BOUNDS, values, strict=True)}
