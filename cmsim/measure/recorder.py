"""Listens to a machine and writes down its timeline (timeline.py). Without a recorder nothing here costs anything.

Not modelled: levels of pins that a part drives as a function of time (a camera's PCLK, HREF, VSYNC and data); samples
and frames that nobody looked at; frames of a camera's test pattern; DMA of blocks that have no STARTED event (ECB, CCM,
AAR, NFCT) and of the RADIO; two threads whose stack pointers are equal when both sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cortex_m.nvic import FIRST_IRQ, exception_name
from ..nordic import Event as HardwareEvent
from ..nordic import NordicPeripheral, SharedBlock
from .latency import Latency, measured
from .timeline import Event, Kind, Timeline, Track, ordered

if TYPE_CHECKING:
    from ..machine import Machine
    from .inferences import Inference, OperatorRun

LIMIT = 1_000_000
"""Events of one recording."""
SERIAL_PORTS = ("uart0", "uart1", "itm0", "semihosting", "usb0")
LONGEST_LINE = 4096
"""Bytes after which a line of text ends without a newline."""


class Transfer(NamedTuple):
    """A kind of DMA: the events that begin and end it (PS, chapters of the blocks)."""

    label: str
    started: str
    ended: tuple[str, ...]


_TWI_ENDS = ("STOPPED", "SUSPENDED", "ERROR")
TRANSFERS: dict[str, tuple[Transfer, ...]] = {
    "UARTE": (Transfer(" TXD", "TXSTARTED", ("ENDTX",)), Transfer(" RXD", "RXSTARTED", ("ENDRX",))),
    "TWIM": (Transfer(" TXD", "TXSTARTED", ("RXSTARTED", *_TWI_ENDS)),
             Transfer(" RXD", "RXSTARTED", ("TXSTARTED", *_TWI_ENDS))),
    "SPIM": (Transfer("", "STARTED", ("END", "STOPPED")),),
    "PDM": (Transfer("", "STARTED", ("END", "STOPPED")),),
    "SAADC": (Transfer("", "STARTED", ("END", "STOPPED")),),
    "I2S": (Transfer(" TXD", "TXPTRUPD", ("STOPPED",)), Transfer(" RXD", "RXPTRUPD", ("STOPPED",))),
    "PWM": (Transfer(" SEQ0", "SEQSTARTED[0]", ("SEQEND[0]", "STOPPED")),
            Transfer(" SEQ1", "SEQSTARTED[1]", ("SEQEND[1]", "STOPPED"))),
    "USBD": (Transfer("", "STARTED", (*(f"ENDEPIN[{n}]" for n in range(8)), *(f"ENDEPOUT[{n}]" for n in range(8)),
                                      "ENDISOIN", "ENDISOOUT")),),
}  # fmt: skip
"""Name of the block without its number -> its transfers."""


class _Open:
    """A track that is being written."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.event: Event | None = None


class TimelineRecorder:
    """Records from its making on; `timeline` is what there is so far."""

    def __init__(self, machine: Machine, limit: int = LIMIT) -> None:
        self.machine, self.limit = machine, limit
        self.shown = True
        """Whether the whole timeline belongs into the record."""
        self.latencies: tuple[Latency, ...] = ()
        self.start = machine.cycles
        self._count = 0
        self._end: int | None = None
        """Where the limit was reached."""
        self._open: dict[tuple[Kind, str], _Open] = {}
        self._handlers: list[_Open] = []
        """The exceptions that are being handled, outermost first."""
        self._interrupted = (0, 0)
        """(stack pointer, cycle) of the thread when the outermost exception came."""
        self._threads: dict[int, _Open] = {}
        """Threads that do not run, by their stack pointer."""
        self._first_sp: dict[str, int] = {}
        """Where each thread was when it first went on, by its name."""
        self._thread = self._track(Kind.THREAD, "main stack")
        self._begin(self._thread, self.start, "runs")
        self._faults = len(machine.faults)
        self._listen_to_cpu()
        self._listen_to_pins()
        for name in dict.fromkeys((*SERIAL_PORTS, *machine.soc.serial)):
            self._listen_to_port(name)
        for block in machine.soc.blocks.values():
            personalities = block.personalities.values() if isinstance(block, SharedBlock) else (block,)
            for personality in personalities:
                if isinstance(personality, NordicPeripheral):
                    self._listen_to_block(personality)
        self._listen_to_parts()

    @classmethod
    def wanted(cls, machine: Machine, timeline: bool, latencies: Sequence[str]) -> TimelineRecorder | None:
        """A recorder if one is needed. UsageError for a latency that cannot be read."""
        asked = tuple(Latency.parse(text) for text in latencies)
        if not (timeline or asked):
            return None
        recorder = cls(machine)
        recorder.shown, recorder.latencies = timeline, asked
        return recorder

    # --- writing --------------------------------------------------------------------------------------------------

    def _track(self, kind: Kind, name: str, *aliases: str) -> _Open:
        return self._open.setdefault((kind, name), _Open(Track(kind, name, aliases)))

    @property
    def _now(self) -> int:
        """The moment of the device access under way, or of the alarm that runs."""
        return self.machine.soc.scheduler.now

    def _room(self, cycle: int) -> bool:
        if self._count >= self.limit:
            if self._end is None:
                self._end = cycle
            return False
        self._count += 1
        return True

    def _begin(self, on: _Open, cycle: int, name: str) -> None:
        self._finish(on, cycle)
        if self._room(cycle):
            on.event = Event(cycle, 0, name)
            on.track.events.append(on.event)

    def _finish(self, on: _Open, cycle: int) -> None:
        if on.event is not None:
            on.event.cycles = max(0, cycle - on.event.cycle)
            on.event = None

    def instant(self, kind: Kind, track: str, name: str, cycle: int | None = None) -> None:
        """Something without length, now if no cycle is given."""
        at = self._now if cycle is None else cycle
        if self._room(at):
            self._track(kind, track).track.events.append(Event(at, 0, name))

    # --- processor ------------------------------------------------------------------------------------------------

    def _listen_to_cpu(self) -> None:
        cpu = self.machine.cpu
        cpu.exceptions.on_switch.append(self._switched)
        inner, sleep = cpu.on_sleep, self._track(Kind.CPU, "sleep")

        def on_sleep(asleep: bool) -> None:
            if asleep:
                self._begin(sleep, cpu.clock.cycles, "sleep")
            else:
                self._finish(sleep, cpu.clock.cycles)
            inner(asleep)

        cpu.on_sleep = on_sleep
        self.machine.watches.on_forget.append(self._reset)

    def _switched(self, what: str, sp: int, began: int) -> None:
        if what == "enter":
            if not self._handlers:
                self._interrupted = sp, began
            self._enter(began)
        elif what == "chain":
            self._leave(began)
            self._enter(began)
        else:
            self._leave(began)
            if not self._handlers and sp != self._interrupted[0]:
                self._switch_thread(sp, began)

    def _enter(self, cycle: int) -> None:
        exceptions = self.machine.cpu.exceptions
        number = exceptions.current
        blocks = [name for name, block in self.machine.soc.blocks.items()
                  if block.base >> 28 == 4 and block.irq_number == number - FIRST_IRQ]
        track = self._track(Kind.INTERRUPT, exception_name(number), *blocks)
        handler = self.machine.image.function_at(exceptions.pc)
        self._begin(track, cycle, f"0x{exceptions.pc:08x}" if handler is None else handler.demangled)
        self._handlers.append(track)

    def _leave(self, cycle: int) -> None:
        if self._handlers:
            self._finish(self._handlers.pop(), cycle)

    def _switch_thread(self, sp: int, cycle: int) -> None:
        """Another thread goes on than the one that was interrupted."""
        interrupted_sp, left = self._interrupted
        self._finish(self._thread, left)
        self._threads[interrupted_sp] = self._thread
        thread = self._threads.pop(sp, None)
        self._thread = thread or self._new_thread(sp)
        self._begin(self._thread, cycle, "runs")

    def _new_thread(self, sp: int) -> _Open:
        """Numbered as in the call tree: a thread that begins where one began before is that one, which is gone."""
        name = next((known for known, first in self._first_sp.items() if first == sp), None)
        if name is None:
            name = f"thread {len(self._first_sp) + 1}"
            self._first_sp[name] = sp
        thread = self._track(Kind.THREAD, name)
        self._threads = {at: other for at, other in self._threads.items() if other is not thread}
        return thread

    def _reset(self) -> None:
        cycle = self.machine.cycles
        while self._handlers:
            self._leave(cycle)
        self._finish(self._track(Kind.CPU, "sleep"), cycle)
        self._threads.clear()
        self._thread, before = self._track(Kind.THREAD, "main stack"), self._thread
        self._finish(before, cycle)
        self._begin(self._thread, cycle, "runs")
        self.instant(Kind.CPU, "reset", self.machine.soc.reset_reason, cycle)

    # --- pins and text ----------------------------------------------------------------------------------------------

    def _listen_to_pins(self) -> None:
        board, soc = self.machine.board, self.machine.soc
        aliases: dict[str, list[str]] = {}
        wired = set()
        for name, pin_name in board.pins.items():
            aliases.setdefault(pin_name, []).append(name)
        for row in board.parts:
            for line_name, pin_name in row.lines.items():
                if row.name in self.machine.parts:
                    aliases.setdefault(pin_name, []).append(f"{row.name}.{line_name}")
                    wired.add((row.name, line_name))
        for pin in soc.pins.pins:
            names = dict.fromkeys(alias for alias in aliases.get(pin.name, ()) if alias != pin.name)
            on = self._track(Kind.PIN, pin.name, *names)
            pin.line.listen(partial(self._level, on))
        for part in self.machine.parts.values():
            for line_name, line in part.lines.items():
                if (part.name, line_name) not in wired:
                    line.listen(partial(self._level, self._track(Kind.PIN, f"{part.name}.{line_name}")))

    def _level(self, on: _Open, level: bool) -> None:
        if not on.track.events:
            self._begin(on, self.start, "low" if level else "high")
        self._begin(on, self._now, "high" if level else "low")

    def _listen_to_port(self, name: str) -> None:
        port = self.machine.soc.serial_port(name)
        port.listen(partial(self._text, self._track(Kind.SERIAL, name), bytearray()))
        taken, received = port.on_taken, partial(self._text, self._track(Kind.SERIAL, f"{name} input"), bytearray())

        def on_taken(byte: int) -> None:
            received(bytes((byte,)))
            taken(byte)

        port.on_taken = on_taken

    def _text(self, on: _Open, line: bytearray, data: bytes) -> None:
        """`line` is what has come since the last newline; the event's name follows it."""
        now = self._now
        for byte in data:
            if byte == 0x0A or len(line) >= LONGEST_LINE:
                self._finish(on, now)
                line.clear()
                continue
            if on.event is None:
                if byte in b"\r\0":
                    continue
                self._begin(on, now, "")
            line.append(byte)
            if on.event is not None:
                on.event.name = line.decode("utf-8", "replace").rstrip("\r")

    # --- devices ------------------------------------------------------------------------------------------------------

    def _listen_to_block(self, block: NordicPeripheral) -> None:
        events = {slot.name: slot for slot in block.registers.values() if isinstance(slot, HardwareEvent)}
        for label, started, ended in TRANSFERS.get(block.name.rstrip("0123456789"), ()):
            if started not in events:
                continue
            on = self._track(Kind.DMA, block.name + label)
            block.subscribe(events[started].offset, lambda on=on: self._begin(on, self._now, "transfer"))  # type: ignore[misc]
            for name in ended:
                if name in events:
                    block.subscribe(events[name].offset, lambda on=on: self._finish(on, self._now))  # type: ignore[misc]

    def _listen_to_parts(self) -> None:
        for part in self.machine.parts.values():
            self._listen_to_senses(part)
            if hasattr(part, "source"):
                self._listen_to_camera(part)

    def _listen_to_senses(self, part: Any) -> None:
        """A part works a sample out when somebody looks; the cycle that it asks for is the sample's own."""
        sense: Callable[[str, int | None], float] = part.sense
        seen: set[tuple[int, str]] = set()

        def listened(channel: str, cycle: int | None = None) -> float:
            at = self._now if cycle is None else cycle
            quantity = channel.rpartition(" ")[0] or channel
            if (at, quantity) not in seen:
                seen.add((at, quantity))
                self.instant(Kind.SENSOR, part.name, quantity, at)
            return sense(channel, cycle)

        part.sense = listened

    def _listen_to_camera(self, camera: Any) -> None:
        source: Callable[[int], Any] = camera.source

        def listened(cycle: int) -> Any:
            self.instant(Kind.CAMERA, camera.name, "frame", cycle)
            return source(cycle)

        camera.source = listened

    def record(self) -> dict[str, Any]:
        """`latencies` and `timeline` of the record, those that were asked for."""
        timeline = self.timeline
        record: dict[str, Any] = {"latencies": measured(timeline, self.latencies)} if self.latencies else {}
        return record | {"timeline": timeline.to_record()} if self.shown else record

    # --- what there is ------------------------------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        """Everything so far; later events do not change it."""
        end = self.machine.cycles if self._end is None else self._end
        tracks = [Track(on.track.kind, on.track.name, self._aliases(on.track), self._copied(on, end))
                  for on in self._open.values()]
        tracks += [*self._measured(end), *self._regions(end)]
        faults = [Event(f.cycle, 0, f"{f.exception} {f.cause}") for f in self.machine.faults[self._faults :]]
        tracks.append(Track(Kind.CPU, "fault", (), [event for event in faults if event.cycle <= end]))
        return Timeline(self.start, end, ordered(tracks), self._end is None)

    def _aliases(self, track: Track) -> tuple[str, ...]:
        """A thread's stack is found while it runs."""
        meter, sp = self.machine.memory_meter, self._first_sp.get(track.name)
        if track.kind is not Kind.THREAD or meter is None or sp is None:
            return track.aliases
        return tuple(row["name"] for row in meter.stacks.rows() if (row["limit"] or 0) < sp <= row["base"])[:1]

    def _copied(self, on: _Open, end: int) -> list[Event]:
        events = [Event(e.cycle, end - e.cycle, e.name, False) if e is on.event or e.end > end
                  else Event(e.cycle, e.cycles, e.name) for e in on.track.events if e.cycle <= end]
        return sorted(events, key=lambda event: event.cycle)  # samples are worked out late

    def _measured(self, end: int) -> list[Track]:
        """Inferences and their operators, which are measured anyway."""
        meter = self.machine.inference_meter
        if meter is None:
            return []
        inferences: dict[str, Track] = {}
        operators = Track(Kind.OPERATOR, "operators")
        for inference in meter.with_running:
            if inference.start_cycle < self.start or inference.start_cycle > end:
                continue
            track = inferences.setdefault(inference.function, Track(Kind.INFERENCE, inference.function))
            track.events.append(_span(inference, f"inference {inference.index}", end))
            operators.events += [_span(run, f"{run.index}:{run.name}", end)
                                 for run in inference.operators if run.start_cycle <= end]
        return [*inferences.values(), operators]

    def _regions(self, end: int) -> list[Track]:
        """Passes of the regions that are counted."""
        tracks = []
        for region in () if self.machine.regions is None else self.machine.regions.regions:
            passes = enumerate(zip(region.begins, region.cycles, strict=True))
            events = [Event(cycle, cycles, f"pass {n}") for n, (cycle, cycles) in passes
                      if self.start <= cycle and cycle + cycles <= end]
            if region.opened is not None and self.start <= region.opened[0] <= end:
                began = region.opened[0]
                events.append(Event(began, end - began, f"pass {len(region.cycles)}", False))
            tracks.append(Track(Kind.REGION, region.name, (), events))
        return tracks


def _span(measured: Inference | OperatorRun, name: str, end: int) -> Event:
    """One that has not ended has no cycles yet."""
    cycle, cycles = measured.start_cycle, measured.cycles
    ended = cycles > 0 and cycle + cycles <= end
    return Event(cycle, cycles if ended else end - cycle, name, ended)
