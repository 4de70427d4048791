"""The Nordic peripheral: tasks, events, shortcuts, one interrupt (nRF52840 PS v1.8, section 6.1).

Everything derivable is derived: the INTEN bit from an event's offset, the interrupt number from the base address,
the shortcuts from a table. PPI and other blocks reach tasks and events by `trigger` and `subscribe`.

Not modelled: the 4-cycle write-clear delay of events, and the extra cycle of a task that PPI triggers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .kernel import Line
from .registers import WORD, ArraySlots, F, Register, RegisterBlock, Slot
from .soc import Soc

Subscriber = Callable[[], None]
POWER = 0xFFC
"""A block's own power switch: 0 resets it. In the nRF51 reference manual; drivers still use it against anomalies."""


DISCONNECTED = 0xFFFF_FFFF
"""What a PSEL register holds while no pin is selected."""


class PinSelect(Register):
    """PSEL: no pin after reset, then what software writes, which drivers read back to release the pin."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, DISCONNECTED)


class Task(Slot):
    """Write 1, or let an event poke it through PPI or a shortcut, and its body runs. Reads as 0."""

    body: Callable[[Any], None]

    def __init__(self, offset: int) -> None:
        super().__init__(offset, writable=0)
        self.body = _nothing
        self.write_handler = lambda block, value: self.body(block) if value & 1 else None

    def __call__(self, body: F) -> F:
        self.body = body
        return body

    @classmethod
    def array(cls, offset: int, count: int) -> TaskArray:
        """CAPTURE[0..5]: the body gets the index."""
        return TaskArray(offset, count)


def _nothing(block: RegisterBlock) -> None:
    """A task whose effect nobody can see."""


class TaskArray(ArraySlots[int]):
    """A run of like tasks."""

    def __init__(self, offset: int, count: int) -> None:
        super().__init__(offset, count, writable=0)
        self.body: Callable[[Any, int], None] = lambda block, n: None
        self._tasks = [self._element(n, at) for n, at in enumerate(self.offsets)]

    def __call__(self, body: F) -> F:
        self.body = body
        return body

    def __getitem__(self, n: int) -> Task:
        return self._tasks[n]

    def slots(self) -> Any:
        """One task an element, its body bound to its index."""
        for n, task in enumerate(self._tasks):
            task.name = f"{self.name}[{n}]"
        return iter(self._tasks)

    def _element(self, n: int, offset: int) -> Task:
        task = Task(offset)
        task.body = lambda block: self.body(block, n)
        return task


class Event(Slot):
    """Set by hardware, cleared (or set) by software; the INTEN bit follows from the offset."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, writable=1)

    @property
    def interrupt_bit(self) -> int:
        """The mask of this event in INTEN."""
        return 1 << (self.offset - 0x100) // 4

    @classmethod
    def array(cls, offset: int, count: int) -> EventArray:
        """COMPARE[0..5]."""
        return EventArray(offset, count)


class EventArray(ArraySlots[int]):
    """A run of like events."""

    def __init__(self, offset: int, count: int) -> None:
        super().__init__(offset, count, writable=1)
        self._events = [Event(at) for at in self.offsets]

    def __getitem__(self, n: int) -> Event:
        return self._events[n]

    def __len__(self) -> int:
        return len(self._events)

    def slots(self) -> Any:
        """One event an element."""
        for n, event in enumerate(self._events):
            event.name = f"{self.name}[{n}]"
        return iter(self._events)


class NordicPeripheral(RegisterBlock):
    """One block of the chip: tasks at 0x000, events at 0x100, SHORTS, INTEN, then its own registers."""

    shortcuts: ClassVar[Mapping[int, tuple[Event, Task]]] = {}
    """SHORTS bit -> (event, task)."""
    undocumented: ClassVar[frozenset[int]] = frozenset()
    """Offsets that vendor start-up code touches and no document explains: plain storage, not reported."""

    SHORTS = Register(0x200)
    INTEN = Register(0x300)
    INTENSET = Register(0x304)
    INTENCLR = Register(0x308)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.soc, self.scheduler, self.name, self.base = soc, soc.scheduler, name, base
        self.irq = Line(f"{name}.irq")
        self._subscribers: dict[int, list[Subscriber]] = {}
        self._events = [slot for slot in self.registers.values() if isinstance(slot, Event)]
        super().__init__()

    @property
    def irq_number(self) -> int:
        """The external interrupt that the block's ID gives it."""
        return self.base >> 12 & 0xFF

    def reset(self) -> None:
        """Registers to their reset values and the interrupt line low."""
        self.values.pop(POWER, None)
        super().reset()
        self.irq.set(False)

    @INTEN.on_write
    def _write_inten(self, value: int) -> None:
        self._set_inten(self.INTEN)

    @INTENSET.on_write
    def _enable_interrupts(self, mask: int) -> None:
        self._set_inten(self.INTEN | mask)

    @INTENCLR.on_write
    def _disable_interrupts(self, mask: int) -> None:
        self._set_inten(self.INTEN & ~mask)

    def _set_inten(self, mask: int) -> None:
        self.INTEN = self.INTENSET = self.INTENCLR = mask
        self.update_irq()

    def emit(self, event: Event) -> None:
        """Latch the event, then let shortcuts, PPI and the interrupt line follow."""
        self.values[event.offset] = 1
        if self.SHORTS:
            for bit, (cause, task) in self.shortcuts.items():
                if cause is event and self.SHORTS >> bit & 1:
                    task.body(self)
        for subscriber in tuple(self._subscribers.get(event.offset, ())):
            subscriber()
        self.update_irq()

    def subscribe(self, event_offset: int, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` whenever the event at `event_offset` is emitted; call the result to stop that."""
        subscribers = self._subscribers.setdefault(event_offset, [])
        subscribers.append(subscriber)
        return lambda: subscribers.remove(subscriber)

    def heard(self, event: Event) -> bool:
        """Whether somebody is told of `event`, by interrupt or PPI: only then its moment needs an alarm."""
        return bool(self.INTEN & event.interrupt_bit or self._subscribers.get(event.offset))

    def trigger(self, task_offset: int) -> None:
        """What PPI does: poke the task at `task_offset`."""
        slot = self.registers.get(task_offset)
        if isinstance(slot, Task):
            slot.body(self)
        else:
            self.unmapped_write(task_offset, 1)

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A store by the CPU; a store to an event may lower (or raise) the interrupt."""
        super().write(offset, value, mask)
        if 0x100 <= offset < 0x200:
            self.update_irq()

    def update_irq(self) -> None:
        """The interrupt line is high while an enabled event is latched."""
        enabled, values = self.INTEN, self.values
        self.irq.set(
            enabled != 0 and any(values[e.offset] and enabled & e.interrupt_bit for e in self._events)
        )

    def unmapped_read(self, offset: int) -> int:
        """Undocumented words keep what was written; anything else is reported and reads as 0."""
        if offset == POWER:
            return self.values.get(POWER, 1)
        if offset not in self.undocumented:
            self.soc.report_unmodelled(self.name, offset, "read")
        return self.values.get(offset, 0)

    def unmapped_write(self, offset: int, value: int) -> None:
        """Undocumented words are stored; anything else is reported and dropped."""
        if offset == POWER:
            if not value & 1:
                self.reset()
            self.values[POWER] = value & 1
        elif offset in self.undocumented:
            self.values[offset] = value
        else:
            self.soc.report_unmodelled(self.name, offset, "write")


class SharedBlock:
    """Several personalities at one base address, of which ENABLE (0x500) selects one (PS section 6.1.2).

    While none is enabled a write configures every personality that has the register, because software sets pins
    and frequencies before it enables one, and a task reaches every one that has it.
    """

    ENABLE = 0x500

    def __init__(self, name: str, personalities: Mapping[int, NordicPeripheral | Unimplemented]) -> None:
        self.name, self.personalities = name, dict(personalities)
        """ENABLE value -> personality."""
        self.selected: NordicPeripheral | Unimplemented | None = None
        self.irq = Line(f"{name}.irq")
        for personality in self.personalities.values():
            personality.irq.listen(self._irq_changed)
        self.base = next(iter(self.personalities.values())).base

    @property
    def irq_number(self) -> int:
        """Shared like the base address."""
        return self.base >> 12 & 0xFF

    def _irq_changed(self, level: bool) -> None:
        self.irq.set(any(p.irq.level for p in self._listening()))

    def _listening(self) -> list[NordicPeripheral | Unimplemented]:
        return list(self.personalities.values()) if self.selected is None else [self.selected]

    def _with(self, offset: int) -> list[NordicPeripheral | Unimplemented]:
        listening = self._listening()
        return [p for p in listening if offset in p.registers] or listening[:1]

    def reset(self) -> None:
        """Every personality, and none selected."""
        self.selected = None
        for personality in self.personalities.values():
            personality.reset()

    def read(self, offset: int) -> int:
        """From the enabled personality, or the first that has the register."""
        listener = self.selected or self._with(offset)[0]  # software polls here: no list for the common case
        return listener.read(offset)

    def stores(self, offset: int) -> bool:
        """What `read` asks."""
        listener = self.selected or self._with(offset)[0]
        return listener.stores(offset)

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """To the enabled personality, or to all that have the register; ENABLE selects."""
        if offset == self.ENABLE:
            chosen = self.personalities.get(value)
            for personality in self.personalities.values():  # one that nothing models hears only what concerns it
                if personality in (chosen, self.selected) or offset in personality.registers:
                    personality.write(offset, value if personality is chosen else 0, mask)
            self.selected = chosen
            self._irq_changed(True)
            return
        for personality in self._with(offset):
            personality.write(offset, value, mask)

    def subscribe(self, event_offset: int, subscriber: Subscriber) -> Callable[[], None]:
        """PPI listens to whichever personality emits."""
        partings = [p.subscribe(event_offset, subscriber) for p in self.personalities.values()]

        def part() -> None:
            for undo in partings:
                undo()

        return part

    def trigger(self, task_offset: int) -> None:
        """PPI pokes the personalities that listen."""
        for personality in self._with(task_offset):
            personality.trigger(task_offset)


class Unimplemented(RegisterBlock):
    """A block of the chip that the memory map names and nothing models: reset values, writes dropped, all reported."""

    def __init__(
        self,
        soc: Soc,
        name: str,
        base: int,
        resets: Mapping[int, int] | None = None,
        undocumented: frozenset[int] = frozenset(),
    ) -> None:
        self.soc, self.name, self.base = soc, name, base
        self.resets = dict(resets or {})
        self.undocumented = undocumented
        """Offsets that vendor start-up code touches and no document explains: plain storage, not reported."""
        self.irq = Line(f"{name}.irq")
        super().__init__()

    @property
    def irq_number(self) -> int:
        """The external interrupt of the block, never raised."""
        return self.base >> 12 & 0xFF

    def unmapped_read(self, offset: int) -> int:
        """The data sheet's reset value."""
        if offset in self.undocumented:
            return self.values.get(offset, self.resets.get(offset, 0))
        self.soc.report_unmodelled(self.name, offset, "read")
        return self.resets.get(offset, 0)

    def unmapped_write(self, offset: int, value: int) -> None:
        """Nothing happens, and that is said."""
        if offset in self.undocumented:
            self.values[offset] = value
        else:
            self.soc.report_unmodelled(self.name, offset, "write")

    def subscribe(self, event_offset: int, subscriber: Subscriber) -> Callable[[], None]:
        """No event ever comes."""
        return lambda: None

    def trigger(self, task_offset: int) -> None:
        """No task does anything, and that is said."""
        self.soc.report_unmodelled(self.name, task_offset, "write")
