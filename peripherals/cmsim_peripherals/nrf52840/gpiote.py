"""GPIOTE: pins as tasks and events, and the PORT event (nRF52840 PS v1.8, section 6.10).

A channel in task mode owns its pin and drives it from OUTINIT on, without a gap when it is configured anew; one in
event mode makes it an input. PORT comes with the rising edge of the DETECT of either port; the ports stand before
GPIOTE in the chip's table.

Not modelled: the priority of simultaneous tasks on one channel, and the sampling delay of up to one 16 MHz period.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import partial

from cmsim.kernel import Rate
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.pins import Pin
from cmsim.registers import Register
from cmsim.soc import Soc

from .gpio import Gpio

CHANNELS = 8


class Mode(IntEnum):
    """CONFIG.MODE."""

    DISABLED, EVENT, TASK = 0, 1, 3


class Polarity(IntEnum):
    """CONFIG.POLARITY."""

    NONE, LO_TO_HI, HI_TO_LO, TOGGLE = 0, 1, 2, 3


class Channel:
    """One channel while it is bound to a pin."""

    def __init__(self, gpiote: Gpiote, n: int, configuration: int, pin: Pin) -> None:
        self.source = f"{gpiote.name}[{n}]"
        self.mode, self.polarity = configuration & 3, Polarity(configuration >> 16 & 3)
        self.pin, self.level = pin, bool(configuration >> 20 & 1)
        self.end_train: Callable[[], None] = lambda: None
        """While somebody toggles the pin in a train: ends it."""
        self._owns = self.mode == Mode.TASK or pin.owner is None
        if self._owns:
            pin.claim(self.source)
        if self.mode == Mode.TASK:
            pin.drive(self.source, self.level)
        self._stop_watching = pin.watch() if self.mode == Mode.EVENT else None
        self._stop_listening = pin.line.listen(partial(gpiote.pin_changed, n)) if self.mode == Mode.EVENT else None

    def drive(self, level: bool) -> None:
        """Drive the pin, in task mode."""
        if self.mode == Mode.TASK:
            self.level = level
            self.pin.drive(self.source, level)

    def follow(self, wave: Rate, end: Callable[[], None]) -> None:
        """The pin toggles twice a tick of `wave` from now on; who touches the channel calls `end` first."""
        self.end_train = end
        self.pin.drive_clock(self.source, wave)

    def unfollow(self, toggles: int) -> None:
        """The train is over; the pin toggled so many times."""
        self.end_train = lambda: None
        self.pin.drive_clock(self.source, None)
        self.drive(self.level ^ bool(toggles & 1))

    def again(self, configuration: int) -> None:
        """Configured anew in task mode on the same pin: no moment without a driver."""
        self.polarity = Polarity(configuration >> 16 & 3)
        self.drive(bool(configuration >> 20 & 1))

    def unbind(self) -> None:
        """Give the pin back."""
        if self._stop_listening is not None:
            self._stop_listening()
        if self._stop_watching is not None:
            self._stop_watching()
        if self._owns:
            self.pin.release(self.source)


class Gpiote(NordicPeripheral):
    """Eight channels and PORT."""

    TASKS_OUT = Task.array(0x000, CHANNELS)
    TASKS_SET = Task.array(0x030, CHANNELS)
    TASKS_CLR = Task.array(0x060, CHANNELS)
    IN = Event.array(0x100, CHANNELS)
    PORT = Event(0x17C)
    CONFIG = Register.array(0x510, CHANNELS, writable=0x13_3F03)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._channels: list[Channel | None] = [None] * CHANNELS
        super().__init__(soc, name, base)
        for block in soc.blocks.values():
            if isinstance(block, Gpio):
                block.detect.listen(lambda level: self.emit(self.PORT) if level else None)

    def reset(self) -> None:
        """No channel owns a pin."""
        super().reset()
        for n in range(CHANNELS):
            self._unbind(n)

    def _unbind(self, n: int) -> None:
        channel = self._settled(n)
        self._channels[n] = None
        if channel is not None:
            channel.unbind()

    def _settled(self, n: int) -> Channel | None:
        """Channel `n`, without a train."""
        channel = self._channels[n]
        if channel is not None:
            channel.end_train()
        return channel

    def toggles(self, task: int) -> bool:
        """Whether the task at this offset toggles a pin, and no wire leads on to somebody who looks at the edges."""
        channel = self._channels[task // 4] if task % 4 == 0 and task // 4 < CHANNELS else None
        if channel is None or channel.pin.net is not None:
            return False
        return channel.mode == Mode.TASK and channel.polarity == Polarity.TOGGLE

    def follow(self, task: int, wave: Rate, end: Callable[[], None]) -> None:
        """The task, which toggles a pin, comes twice a tick of `wave` from now on (`trains.Follower`)."""
        channel = self._channels[task // 4]
        if channel is not None:
            channel.follow(wave, end)

    def unfollow(self, task: int, events: int) -> None:
        """It came so many times, and is told again from now on."""
        channel = self._channels[task // 4]
        if channel is not None:
            channel.unfollow(events)

    @CONFIG.on_write
    def _configure(self, n: int, value: int) -> None:
        configuration = self.CONFIG[n]
        mode, pin = configuration & 3, self.soc.pins.selected(configuration >> 8 & 0x3F)
        old = self._channels[n]
        if mode == Mode.TASK and old is not None and old.mode == Mode.TASK and old.pin is pin:
            old.again(configuration)
            return
        self._unbind(n)
        if mode in (Mode.EVENT, Mode.TASK) and pin is not None:
            self._channels[n] = Channel(self, n, configuration, pin)

    @TASKS_OUT
    def _out(self, n: int) -> None:
        channel = self._settled(n)
        if channel is not None and channel.polarity != Polarity.NONE:
            toggled = not channel.level
            channel.drive(toggled if channel.polarity == Polarity.TOGGLE else channel.polarity == Polarity.LO_TO_HI)

    @TASKS_SET
    def _set(self, n: int) -> None:
        channel = self._settled(n)
        if channel is not None:
            channel.drive(True)

    @TASKS_CLR
    def _clear(self, n: int) -> None:
        channel = self._settled(n)
        if channel is not None:
            channel.drive(False)

    def pin_changed(self, n: int, level: bool) -> None:
        """An edge at the pin of channel `n`, which is in event mode."""
        channel = self._channels[n]
        wanted = Polarity.LO_TO_HI if level else Polarity.HI_TO_LO
        if channel is not None and channel.polarity in (wanted, Polarity.TOGGLE):
            self.emit(self.IN[n])
