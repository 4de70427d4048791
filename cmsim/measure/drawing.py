"""Which row of currents.py holds: what of the chip runs, as its blocks have it.

The specification's figures for a running block have the clocks and the regulator in them. Of several that hold while
the CPU sleeps, the largest is taken, not their sum.

Not modelled: NFCT in SENSE (0.10 uA); other modes and strengths of the radio; the LDO regulator while the CPU sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..nordic import Event, SharedBlock
from . import currents as table
from .currents import Current

TXRU = 9
"""RADIO.STATE from which on it transmits; below and not 0 it receives."""
XTAL = 1
FAST_PRESCALER = 4
"""TIMER.PRESCALER below which it counts PCLK16M instead of PCLK1M (PS, TIMER)."""
EVENT_MODE = 1
"""GPIOTE.CONFIG.MODE."""
RETENTION = 0xFFFF_0000
"""POWER.RAM[n].POWER: the bits that keep a section in System OFF."""
CHANGES = {
    "RADIO": ("READY", "DISABLED"), "SAADC": ("STARTED", "STOPPED"), "NFCT": ("READY",),
    "UARTE": ("ENDTX", "RXTO"), "TWIM": ("STOPPED",), "SPIM": ("END",), "PDM": ("STOPPED",), "I2S": ("STOPPED",),
    "USBD": ("USBEVENT",),
}  # fmt: skip
"""Name of a block without its number -> events by which it begins and ends to run, whatever the CPU does."""


def _flag(name: str) -> Callable[[Any], bool]:
    return lambda block: bool(getattr(block, name))


def _armed(name: str) -> Callable[[Any], bool]:
    return lambda block: bool(getattr(block, name).armed)


def _compares(block: Any) -> bool:
    return bool(block._running or block._started.armed)


_RUNNING = _flag("_running")
WITHOUT_FIGURE: Mapping[str, tuple[bool, Callable[[Any], bool]]] = {
    "PDM": (True, _RUNNING), "PWM": (True, _RUNNING), "I2S": (True, _RUNNING), "QDEC": (True, _RUNNING),
    "UARTE": (True, lambda block: bool(block._out or block._receiving)),
    "TWIM": (True, _flag("_owned")), "SPIM": (True, _armed("_byte")), "QSPI": (True, _flag("active")),
    "RNG": (False, _armed("_ready")), "TEMP": (False, _armed("_done")), "WDT": (False, _RUNNING),
    "LPCOMP": (False, _compares),
}  # fmt: skip
"""Name of the block without its number -> (whether it keeps HFCLK on, what tells that it runs)."""


class Drawing:
    """What a chip's blocks draw at this moment."""

    def __init__(self, blocks: Mapping[str, Any]) -> None:
        self.blocks = blocks
        self._silent = [(name, *WITHOUT_FIGURE[kind], block) for kind, name, block in _each(blocks)
                        if kind in WITHOUT_FIGURE]  # fmt: skip
        own = {kind: block for kind, _, block in _each(blocks)}
        self._comparator, self._usb = own.get("COMP"), own.get("USBD")
        self._timers = [block for name, block in blocks.items() if name.startswith("TIMER")]
        self.without_figures: set[str] = set()
        """Blocks that were found running while the CPU slept, and of which no figure is known."""
        self._sends: bool | None = None
        """Whether the radio transmits (or else receives); None if it is off."""

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a block of CHANGES has begun or ended to run."""
        for kind, _, block in _each(self.blocks):
            for event in block.registers.values() if kind in CHANGES else ():
                if isinstance(event, Event) and event.name in CHANGES[kind]:
                    block.subscribe(event.offset, changed)

    def look(self) -> None:
        """See what the radio does."""
        state = getattr(self.blocks.get("RADIO"), "STATE", 0)
        self._sends = state >= TXRU if state else None

    def awake(self) -> Current:
        """While the CPU runs: with the regulator as it is now, and the radio as it was when looked at."""
        power = self.blocks.get("POWER")
        efficient = power is not None and bool(power.DCDCEN)
        if self._sends is None:
            return table.CPU_DCDC if efficient else table.CPU_LDO
        if efficient:
            return table.CPU_TX_DCDC if self._sends else table.CPU_RX_DCDC
        return table.CPU_TX_LDO if self._sends else table.CPU_RX_LDO

    def off(self) -> Current:
        """In System OFF."""
        power = self.blocks.get("POWER")
        kept = power is not None and any(section & RETENTION for section in power.RAM_POWER)
        return table.OFF_RAM if kept else table.OFF

    def asleep(self) -> Current:
        """While the CPU sleeps."""
        return max(self._sleeping(), key=lambda row: row.typical)

    def _sleeping(self) -> Iterator[Current]:
        get = self.blocks.get
        clock, adc, nfct, gpiote = get("POWER"), get("SAADC"), get("NFCT"), get("GPIOTE")  # CLOCK is in POWER
        crystal = clock is not None and bool(clock.HFCLKSTAT & XTAL)
        slow = (clock is not None and clock.LFCLKSTAT >> 16 & 1) or getattr(get("WDT"), "_running", False)
        yield table.SLEEP_RTC if slow else table.SLEEP  # WDT keeps LFCLK on by itself
        if gpiote is not None and any(configuration & 3 == EVENT_MODE for configuration in gpiote.CONFIG):
            yield table.SLEEP_IN
        if nfct is not None and nfct.NFCTAGSTATE:
            yield table.NFC_ACTIVE
        if adc is not None and adc._started:
            yield table.SAADC
        if self._comparator is not None and _compares(self._comparator):
            yield (table.COMP_LOW, table.COMP_NORMAL, table.COMP_HIGH, table.COMP_HIGH)[self._comparator.MODE & 3]
        if self._usb is not None and self._usb.ENABLE:
            yield table.USB_SUSPENDED if self._usb.suspended else table.USB_ON
        self.look()
        if self._sends is not None:
            yield table.RADIO_TX if self._sends else table.RADIO_RX
        counting = [timer.PRESCALER < FAST_PRESCALER for timer in self._timers if timer._counting]
        if counting:
            rows = (table.TIMER_1M_HFXO, table.TIMER_16M_HFXO) if crystal else (table.TIMER_1M, table.TIMER_16M)
            yield rows[any(counting)]
        running = [(name, keeps) for name, keeps, runs, block in self._silent if runs(block)]
        self.without_figures.update(name for name, _ in running)
        if not counting and (crystal or any(keeps for _, keeps in running)):
            yield table.HFXO if crystal else table.HFCLK


def _each(blocks: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(name without number, name, block) of all, those behind one address apart."""
    for name, block in blocks.items():
        members = block.personalities.values() if isinstance(block, SharedBlock) else (block,)
        for member in members:
            own = name if member is block else member.name
            yield own.rstrip("0123456789"), own, member
