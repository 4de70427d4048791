"""Which rows of currents.py hold: what of the chip runs, as its blocks have it.

One row is that of the chip: the CPU runs, with or without the radio; or it sleeps and the radio is on, or HFCLK, or
neither. Blocks that run beside add theirs.

Not modelled: the regulator's part in what blocks add (the figures are with LDO, the SAADC's with DC/DC); the regulator
of the USB transceiver if VBUS is there and USBD disabled; the radio's modes; RAM that is switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..nordic import Event, SharedBlock
from . import currents as table
from .currents import Current

TXRU = 9
"""RADIO.STATE from which on it transmits; below and not 0 it receives."""
XTAL = 1
"""HFCLKSTAT.SRC and LFCLKSTAT.SRC."""
FAST_PRESCALER = 4
"""TIMER.PRESCALER below which it counts PCLK16M instead of PCLK1M (PS, TIMER)."""
EVENT_MODE = 1
"""GPIOTE.CONFIG.MODE."""
NO_CACHE = "CPU with the instruction cache off"
RETENTION = 0xFFFF_0000
"""POWER.RAM[n].POWER: the bits that keep a section in System OFF."""
CHANGES = {
    "RADIO": ("READY", "DISABLED"), "SAADC": ("STARTED", "STOPPED"), "NFCT": ("READY",),
    "UARTE": ("ENDTX", "RXTO"), "TWIM": ("STOPPED",), "SPIM": ("END",), "PDM": ("STOPPED",), "I2S": ("STOPPED",),
    "USBD": ("USBEVENT",), "RNG": ("VALRDY",), "TEMP": ("DATARDY",), "POWER": ("HFCLKSTARTED", "LFCLKSTARTED"),
}  # fmt: skip
"""Name of a block without its number -> events by which it begins and ends to run, whatever the CPU does."""
Runs = Callable[[Any], bool]


def _flag(name: str) -> Runs:
    return lambda block: bool(getattr(block, name))


def _armed(name: str) -> Runs:
    return lambda block: bool(getattr(block, name).armed)


def _compares(block: Any) -> bool:
    return bool(block._running or block._started.armed)


def _compares_in(mode: int) -> Runs:
    return lambda block: _compares(block) and min(block.MODE & 3, 2) == mode


_RUNNING = _flag("_running")
WITH_HFCLK: tuple[tuple[str, Current, Runs], ...] = (
    ("TIMER", table.TIMER_16M, lambda block: block._counting and block.PRESCALER < FAST_PRESCALER),
    ("RNG", table.RNG, _armed("_ready")), ("TEMP", table.TEMP, _armed("_done")),
    ("SAADC", table.SAADC, _flag("_started")),
    ("USBD", table.USB_ON, lambda block: block.ENABLE and not block.suspended),
)  # fmt: skip
"""Name of the block without its number, what it adds, what tells that it runs: they keep HFCLK on."""
BESIDE: tuple[tuple[str, Current, Runs], ...] = (
    ("USBD", table.USB_SUSPENDED, lambda block: block.ENABLE and block.suspended),
    ("COMP", table.COMP_LOW, _compares_in(0)), ("COMP", table.COMP_NORMAL, _compares_in(1)),
    ("COMP", table.COMP_HIGH, _compares_in(2)),
)  # fmt: skip
"""The same, HFCLK or no HFCLK."""
IN_OFF: tuple[tuple[str, Current, Runs], ...] = (
    ("LPCOMP", table.LPCOMP, _compares), ("NFCT", table.NFC_SENSE, _flag("_sensing")),
)  # fmt: skip
"""The same, so little that it is added only to sleep without HFCLK and to System OFF."""
IN_SLEEP = (
    ("GPIOTE", table.GPIOTE_IN, lambda block: any(each & 3 == EVENT_MODE for each in block.CONFIG)), *IN_OFF,
)  # fmt: skip
"""The same for sleep without HFCLK."""
WITHOUT_FIGURE: Mapping[str, Runs] = {
    "PDM": _RUNNING, "PWM": _RUNNING, "I2S": _RUNNING, "QDEC": _RUNNING, "QSPI": _flag("active"),
    "UARTE": lambda block: bool(block._out or block._receiving), "TWIM": _flag("_owned"), "SPIM": _armed("_byte"),
}  # fmt: skip
"""Name of the block without its number -> what tells that it runs. They keep HFCLK on."""


class Drawing:
    """What a chip's blocks draw at this moment."""

    def __init__(self, blocks: Mapping[str, Any]) -> None:
        self.blocks = blocks
        self._each = tuple(_each(blocks))
        self._silent = [(name, WITHOUT_FIGURE[kind], block) for kind, name, block in self._each
                        if kind in WITHOUT_FIGURE]  # fmt: skip
        self._with_hfclk, self._others, self._in_sleep, self._in_off = (
            [(row, runs, block) for kind, row, runs in rows for own, _, block in self._each if own == kind]
            for rows in (WITH_HFCLK, BESIDE, IN_SLEEP, IN_OFF)
        )
        self._timers = [block for kind, _, block in self._each if kind == "TIMER"]
        self.without_figures: set[str] = set()
        """What ran that has no figure: blocks while the CPU slept, the CPU without cache."""
        self._sends: bool | None = None
        """Whether the radio transmits (or else receives); None if it is off."""
        self._crystal = False
        """Whether HFXO is on."""
        self._clocked: tuple[Current, ...] = ()
        self._beside: tuple[Current, ...] = ()
        self.look()

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a block of CHANGES has begun or ended to run."""
        for kind, _, block in self._each:
            for event in block.registers.values() if kind in CHANGES else ():
                if isinstance(event, Event) and event.name in CHANGES[kind]:
                    block.subscribe(event.offset, changed)

    def look(self) -> None:
        """See what runs."""
        state = getattr(self.blocks.get("RADIO"), "STATE", 0)
        self._sends = state >= TXRU if state else None
        self._crystal = bool(getattr(self.blocks.get("POWER"), "HFCLKSTAT", 0) & XTAL)  # CLOCK is in POWER
        self._clocked = _running(self._with_hfclk)
        self._beside = _running(self._others)

    def awake(self, in_ram: bool = False) -> tuple[Current, ...]:
        """While the CPU runs, in RAM or not: with the regulator as it is now, the rest as it was when looked at."""
        if self._sends is not None:
            row = self._radio(table.CPU_TX_DCDC, table.CPU_TX_LDO, table.CPU_RX_DCDC, table.CPU_RX_LDO)
        elif in_ram:  # given with HFXO only
            row = table.CPU_RAM_DCDC if self._efficient else table.CPU_RAM_LDO
        elif self._efficient:
            row = table.CPU_DCDC if self._crystal else table.CPU_DCDC_HFINT
        else:
            row = table.CPU_LDO
        return (row, *self._clocked, *self._beside)

    def ran_in_flash(self) -> None:
        """The CPU did, with the instruction cache as it is now."""
        if not getattr(self.blocks.get("NVMC"), "cache_enabled", True):
            self.without_figures.add(NO_CACHE)

    def off(self) -> tuple[Current, ...]:
        """In System OFF."""
        power = self.blocks.get("POWER")
        kept = power is not None and any(section & RETENTION for section in power.RAM_POWER)
        return (table.OFF_RAM if kept else table.OFF, *_running(self._in_off))

    def asleep(self) -> tuple[Current, ...]:
        """While the CPU sleeps."""
        silent = [name for name, runs, block in self._silent if runs(block)]
        self.without_figures.update(silent)
        low = max(self._low(), key=lambda row: row.typical)
        if self._sends is not None:
            row = self._radio(table.RADIO_TX_DCDC, table.RADIO_TX_LDO, table.RADIO_RX_DCDC, table.RADIO_RX_LDO)
        elif self._clocked or any(timer._counting for timer in self._timers):
            row = table.TIMER_1M_HFXO if self._crystal else table.TIMER_1M
        elif self._crystal or silent:
            row = table.HFXO if self._crystal else table.HFCLK
        else:
            return (low, *self._beside, *_running(self._in_sleep))
        return (row, *self._clocked, *self._beside)

    @property
    def _efficient(self) -> bool:
        """Whether the DC/DC regulator is on."""
        return bool(getattr(self.blocks.get("POWER"), "DCDCEN", 0))

    def _radio(self, *rows: Current) -> Current:
        """Of those for transmitting with DC/DC and LDO, for receiving with DC/DC and LDO."""
        efficient = self._efficient
        sending, sending_ldo, receiving, receiving_ldo = rows
        if not self._sends:
            return receiving if efficient else receiving_ldo
        power = self.blocks["RADIO"].TXPOWER
        return table.at_strength(sending if efficient else sending_ldo, power - (power << 1 & 0x100), efficient)

    def _low(self) -> Iterator[Current]:
        """With HFCLK off."""
        nfct, clock = self.blocks.get("NFCT"), self.blocks.get("POWER")
        if clock is not None and clock.LFCLKRUN:
            yield table.SLEEP_RTC_LFXO if clock.LFCLKSTAT & 3 == XTAL else table.SLEEP_RTC
        else:
            yield table.SLEEP_WDT if getattr(self.blocks.get("WDT"), "_running", False) else table.SLEEP
        if nfct is not None and nfct.NFCTAGSTATE:
            yield table.NFC_ACTIVE


def _running(known: Iterable[tuple[Current, Runs, Any]]) -> tuple[Current, ...]:
    """The rows of the blocks that run: each once, however many have it."""
    return tuple(dict.fromkeys(row for row, runs, block in known if runs(block)))


def _each(blocks: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(name without number, name, block) of all, those behind one address apart."""
    for name, block in blocks.items():
        members = block.personalities.values() if isinstance(block, SharedBlock) else (block,)
        for member in members:
            own = name if member is block else member.name
            yield own.rstrip("0123456789"), own, member
