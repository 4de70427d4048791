"""PPI: events that trigger tasks without the CPU (nRF52840 PS v1.8, section 6.16).

Channels 0-19 join the addresses in their EEP, TEP and FORK.TEP registers; 20-31 are wired in hardware and have a fork.
An end point is looked up in the chip's memory map; one that names no block is reported when its channel is enabled.

Not modelled: the delay of up to one 16 MHz period of a channel, and that enabling a group wins over disabling it when
both tasks come at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import Rate
from cmsim.nordic import NordicPeripheral, Task
from cmsim.registers import ClearOf, Register, SetOf
from cmsim.soc import Soc

from .gpiote import Gpiote

PROGRAMMABLE, CHANNELS, GROUPS = 20, 32, 6

RADIO, TIMER0, RTC0, AAR, CCM = 0x4000_1000, 0x4000_8000, 0x4000_B000, 0x4000_F000, 0x4000_F000
FIXED: tuple[tuple[int, int], ...] = (
    (TIMER0 + 0x140, RADIO + 0x000),  # COMPARE[0] -> TXEN
    (TIMER0 + 0x140, RADIO + 0x004),  # COMPARE[0] -> RXEN
    (TIMER0 + 0x144, RADIO + 0x010),  # COMPARE[1] -> DISABLE
    (RADIO + 0x128, AAR + 0x000),  # BCMATCH -> START
    (RADIO + 0x100, CCM + 0x000),  # READY -> KSGEN
    (RADIO + 0x104, CCM + 0x004),  # ADDRESS -> CRYPT
    (RADIO + 0x104, TIMER0 + 0x044),  # ADDRESS -> CAPTURE[1]
    (RADIO + 0x10C, TIMER0 + 0x048),  # END -> CAPTURE[2]
    (RTC0 + 0x140, RADIO + 0x000),  # COMPARE[0] -> TXEN
    (RTC0 + 0x140, RADIO + 0x004),  # COMPARE[0] -> RXEN
    (RTC0 + 0x140, TIMER0 + 0x00C),  # COMPARE[0] -> CLEAR
    (RTC0 + 0x140, TIMER0 + 0x000),  # COMPARE[0] -> START
)
"""(EEP, TEP) of channels 20 to 31."""


class Channel:
    """An enabled channel as the subscriber of its event; a `Follower` if its tasks only toggle pins."""

    def __init__(self, ppi: Ppi, n: int) -> None:
        self._ppi, self._n = ppi, n
        self._following: list[tuple[Gpiote, int]] = []

    def __call__(self) -> None:
        """The event has come."""
        self._ppi.trigger_channel(self._n)

    def _toggled(self) -> list[tuple[Gpiote, int]] | None:
        """GPIOTE and offset of each task; None if any does something else than to toggle a pin."""
        tasks = [self._ppi.soc.block_at(task) for task in self._ppi.tasks(self._n) if task]
        toggled = [(t[0], t[1]) for t in tasks if t is not None and isinstance(t[0], Gpiote) and t[0].toggles(t[1])]
        return toggled if len(toggled) == len(tasks) else None

    def can_follow(self) -> bool:
        """As `Follower`."""
        return bool(self._toggled())

    def follow(self, wave: Rate, end: Callable[[], None]) -> None:
        """As `Follower`."""
        self._following = self._toggled() or []
        for gpiote, task in self._following:
            gpiote.follow(task, wave, end)

    def unfollow(self, events: int) -> None:
        """As `Follower`."""
        for gpiote, task in self._following:
            gpiote.unfollow(task, events)


class Ppi(NordicPeripheral):
    """Channels, forks and groups."""

    CHG_TASKS = Task.array(0x000, 2 * GROUPS)
    """TASKS_CHG[n].EN and TASKS_CHG[n].DIS, alternating."""
    CHEN = Register(0x500)
    CHENSET = SetOf(0x504, CHEN)
    CHENCLR = ClearOf(0x508, CHEN)
    EEP = Register.array(0x510, PROGRAMMABLE, stride=8)
    TEP = Register.array(0x514, PROGRAMMABLE, stride=8)
    CHG = Register.array(0x800, GROUPS)
    FORK = Register.array(0x910, CHANNELS)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._connected: dict[int, Callable[[], None]] = {}
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """All channels off."""
        super().reset()
        self._connect_enabled()

    @CHG_TASKS
    def _group(self, task: int) -> None:
        group, disable = divmod(task, 2)
        channels = self.CHG[group]
        self.CHEN = self.CHEN & ~channels if disable else self.CHEN | channels
        self._connect_enabled()

    @CHEN.on_write
    def _enable(self, value: int) -> None:
        self._connect_enabled()

    @EEP.on_write
    def _set_event(self, n: int, value: int) -> None:
        self._disconnect(n)
        self._connect_enabled()

    @TEP.on_write
    @FORK.on_write
    def _set_task(self, n: int, value: int) -> None:
        self._disconnect(n)
        self._connect_enabled()

    def _event(self, n: int) -> int:
        return FIXED[n - PROGRAMMABLE][0] if n >= PROGRAMMABLE else self.EEP[n]

    def tasks(self, n: int) -> tuple[int, int]:
        """The addresses of the tasks of channel `n`, 0 for none."""
        return FIXED[n - PROGRAMMABLE][1] if n >= PROGRAMMABLE else self.TEP[n], self.FORK[n]

    def _connect_enabled(self) -> None:
        """Connect what CHEN enables, part what it does not."""
        for n in [n for n in self._connected if not self.CHEN >> n & 1]:
            self._disconnect(n)
        for n in range(CHANNELS):
            if self.CHEN >> n & 1 and n not in self._connected:
                self._connect(n)

    def _connect(self, n: int) -> None:
        event = self._event(n)
        if event == 0:
            return
        self._check(n)
        found = self.soc.block_at(event)
        if found is None:
            return
        block, offset = found
        self._connected[n] = block.subscribe(offset, Channel(self, n))

    def _disconnect(self, n: int) -> None:
        part = self._connected.pop(n, None)
        if part is not None:
            part()

    def trigger_channel(self, n: int) -> None:
        """The event of channel `n` has come."""
        for address in self.tasks(n):
            found = self.soc.block_at(address) if address else None
            if found is not None:
                block, offset = found
                block.trigger(offset)

    def _check(self, n: int) -> None:
        """Report the end points of an enabled channel that lie in no block."""
        if not self.CHEN >> n & 1:
            return
        task, fork = self.tasks(n)
        for end_point, address in (("EEP", self._event(n)), ("TEP", task), ("FORK.TEP", fork)):
            if address and self.soc.block_at(address) is None:
                self.soc.report_unmodelled(f"{self.name} CH[{n}].{end_point} (no such block)", address, "write")
