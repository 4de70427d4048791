"""What happens around a board over time: console input, buttons, pins, what sensors feel, what the microphone hears.

A scenario is a TOML file, the same options on the command line, or a `Scenario` from Python (docs/scenarios.md). Events
are alarms in simulated time: the same scenario gives the same run. Everything is checked before the run begins; every
fault is a `UsageError` of one line.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .errors import UsageError
from .kernel import Line
from .soc import WakeSource
from .stimuli import Trace, signals
from .stimuli import load as load_trace
from .stimuli.audio import Audio, load_audio
from .usb.touch import Touch
from .voltages import Voltage
from .wires import parse_wire

if TYPE_CHECKING:
    from .machine import Machine
    from .soc import Board

Deed = tuple[float, Callable[["Machine"], None]]
"""Seconds from power-on, and what is done then."""
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "": 1.0}
LEVELS = {"low": False, "0": False, "high": True, "1": True, "release": None}
PRESS_SECONDS = 0.1
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}


class Event(Protocol):
    """Something that happens once; `bind` checks it against a machine."""

    def bind(self, machine: Machine) -> Iterator[Deed]:
        """What is to be done when. UsageError for what the board does not have."""


@runtime_checkable
class Listener(Protocol):
    """A part that hears sound."""

    def hear(self, audio: Audio) -> None:
        """From now on the world sounds like this."""


@dataclass(frozen=True)
class Input:
    """Bytes towards the firmware's console, or towards `channel`."""

    at: float
    data: bytes
    channel: str | None = None

    def bind(self, machine: Machine) -> Iterator[Deed]:
        """One deed: they are sent at the line's own bit rate."""
        check_channel(machine, self.channel)
        yield self.at, lambda machine: machine.send(self.channel or machine.console_name, self.data)


@dataclass(frozen=True)
class Level:
    """Something outside drives a pin high or low, or lets go of it (None)."""

    at: float
    pin: str
    level: bool | None

    def bind(self, machine: Machine) -> Iterator[Deed]:
        """One deed."""
        machine.pin(self.pin)
        yield self.at, lambda machine: machine.set_pin(self.pin, self.level)


@dataclass(frozen=True)
class Press:
    """A button is held for `seconds`; every board has "reset"."""

    at: float
    button: str
    seconds: float = PRESS_SECONDS

    def bind(self, machine: Machine) -> Iterator[Deed]:
        """Down and up. The reset button acts when it is let go."""
        if self.button == "reset":
            up = self.at + self.seconds
            to_come = WakeSource("pin", "", Line("reset"), lambda: machine.seconds < up, level=False)
            machine.soc.wake_sources.append(to_come)
            yield up, lambda machine: machine.soc.hooks.reset("pin")
            return
        pin = machine.board.buttons.get(self.button)
        if pin is None:
            known = ", ".join((*sorted(machine.board.buttons), "reset"))
            raise UsageError(f"button {self.button!r} is not on board {machine.board.name}; known: {known}")
        yield self.at, lambda machine: machine.pin(pin).drive_from_board(self.button, False)
        yield self.at + self.seconds, lambda machine: machine.pin(pin).drive_from_board(self.button, None)


@dataclass(frozen=True)
class Scenario:
    """`events` in the order in which those of the same moment happen; `sensors` part or stimulus -> trace; sound."""

    events: tuple[Event, ...] = ()
    sensors: Mapping[str, str | Path | Trace] = field(default_factory=dict)
    audio: str | Path | Audio | None = None

    @classmethod
    def gather(
        cls, scenario: str | Path | Scenario | None, sensors: Mapping[str, str | Path | Trace] | None = None,
        audio: str | Path | Audio | None = None,
    ) -> Scenario:  # fmt: skip
        """A scenario or its file, with more sensors and sound; these win over those of the file."""
        base = load(scenario) if isinstance(scenario, str | Path) else scenario or cls()
        return replace(base, sensors={**base.sensors, **(sensors or {})}, audio=base.audio if audio is None else audio)

    def __add__(self, other: Scenario) -> Scenario:
        """Both; sensors and sound of `other` win."""
        more = Scenario.gather(self, other.sensors, other.audio)
        return replace(more, events=self.events + other.events)

    def stimuli(self, board: Board) -> list[str]:
        """The stimuli of the parts that are fed: for parts that are there only if they are."""
        return [row.stimulus for row in board.parts if row.stimulus and {row.stimulus, row.name} & set(self.sensors)]

    def attach(self, machine: Machine) -> None:
        """Feed the parts and arm the events."""
        for name, trace in self.sensors.items():
            _feed(machine, name, trace)
        if self.audio is not None:
            listeners = [part for part in machine.parts.values() if isinstance(part, Listener)]
            if not listeners:
                raise UsageError(f"--audio: board {machine.board.name} has no microphone")
            audio = self.audio if isinstance(self.audio, Audio) else load_audio(self.audio)
            for part in listeners:
                part.hear(audio)
        deeds = [deed for event in self.events for deed in event.bind(machine)]
        for seconds, act in deeds:
            machine.at(seconds, act)


def _feed(machine: Machine, name: str, trace: str | Path | Trace) -> None:
    rows = [row for row in machine.board.parts if name in (row.name, row.stimulus) and row.name in machine.parts]
    parts = [part for part in (machine.parts[row.name] for row in rows) if part.channels]
    if not parts:
        known = [row.name for row in machine.board.parts if getattr(machine.parts.get(row.name), "channels", None)]
        names = ", ".join(known) or "none"
        raise UsageError(f"--sensor {name}: board {machine.board.name} has no such sensor; known: {names}")
    loaded = trace if isinstance(trace, Trace) else load_trace(Path(trace))
    for part in parts:
        fed = [channel for channel in loaded.channels if channel in part.channels]
        if not fed:
            raise UsageError(f"{loaded.source}: nothing for {part.name}: it senses {', '.join(part.channels)}")
        stimuli = signals(loaded)
        for channel in fed:
            part.feed(channel, stimuli[channel].value)


def check_channel(machine: Machine, channel: str | None) -> None:
    """UsageError for a channel that is not there; None is `Machine.console_name`, whatever that is at the moment."""
    known = sorted({"uart0", "uart1", *(["usb0"] if machine.usb else []), *machine.soc.serial})
    if channel is not None and channel not in known:
        raise UsageError(f"channel {channel!r} takes no input; known: {', '.join(known)}")


# --- texts -------------------------------------------------------------------------------------------------------


def parse_time(text: str | float, what: str = "time") -> float:
    """Seconds: 1.5, "1.5s", "20ms", "300us"."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        value = float(text)
    else:
        match = re.fullmatch(r"\s*(-?(?:\d+\.?\d*|\.\d+))\s*(s|ms|us|)\s*", str(text))
        if match is None:
            raise UsageError(f"{what} {text!r}: write it as 1.5s, 20ms or 300us")
        value = float(match[1]) * UNITS[match[2]]
    if value < 0:
        raise UsageError(f"{what} {text!r} is before the beginning: times count from power-on")
    if not math.isfinite(value) or value >= 1e9:
        raise UsageError(f"{what} {text!r} is not a moment of any run")
    return value


def _lasting(text: str | float, what: str) -> float:
    """Seconds, more than none."""
    if not (seconds := parse_time(text, what)):
        raise UsageError(f"{what} {text!r}: it has to be more than 0")
    return seconds


def _split(text: str, option: str, form: str) -> tuple[str, float]:
    what, at, moment = text.rpartition("@")
    if not at or not what:
        raise UsageError(f"{option} {text!r}: write it as {form}")
    return what, parse_time(moment, f"{option} {text}: time")


def unescape(text: str) -> bytes:
    r"""UTF-8 of `text` with \n, \r, \t, \0, \\ and \xNN replaced."""

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1].decode("latin-1")
        if len(code) == 3:
            return bytes((int(code[1:], 16),))
        if code not in _ESCAPES:
            raise UsageError(f"{text!r}: \\{code} is not known; known are \\n, \\r, \\t, \\0, \\\\ and \\xNN")
        return _ESCAPES[code].encode()

    return re.sub(rb"\\(x[0-9A-Fa-f]{2}|.)", one, text.encode(), flags=re.DOTALL)


def parse_input(text: str) -> Input:
    """TEXT@TIME."""
    what, at = _split(text, "--input", "TEXT@TIME, for example 'go\\n@1.5s'")
    return Input(at, unescape(what))


def parse_press(text: str) -> Press:
    """BUTTON@TIME, or BUTTON@TIME+DURATION."""
    form = "BUTTON@TIME or BUTTON@TIME+DURATION, for example button1@1.5s+200ms"
    moment, plus, duration = text.partition("+")
    button, at = _split(moment, "--press", form)
    return Press(at, button, _lasting(duration, f"--press {text}: duration") if plus else PRESS_SECONDS)


def parse_pin(text: str) -> Level:
    """PIN=LEVEL@TIME."""
    what, at = _split(text, "--pin", "PIN=LEVEL@TIME, for example P0.11=low@2s")
    pin, _, level = what.partition("=")
    return Level(at, pin, _level(level, f"--pin {text}"))


def _level(text: str, where: str) -> bool | None:
    if text not in LEVELS:
        raise UsageError(f"{where}: level {text!r} is not known; known: high, low, release")
    return LEVELS[text]


# --- the file ----------------------------------------------------------------------------------------------------

_KINDS: dict[str, tuple[str, ...]] = {"input": ("channel",), "press": ("for",), "pin": ("level",), "touch": ()}
_COMMON = ("at", "every", "times")


def load(path: str | Path) -> Scenario:
    """The scenario in a TOML file; files that it names are beside it."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    _only(table, ("sensors", "audio", "analog", "wires", "event"), f"{path}: ")
    sensors = table.get("sensors", {})
    if not isinstance(sensors, dict) or not all(isinstance(trace, str) for trace in sensors.values()):
        raise UsageError(f"{path}: [sensors] has lines such as imu = \"walk.csv\"")
    audio = table.get("audio")
    if audio is not None and not isinstance(audio, str):
        raise UsageError(f"{path}: audio is the name of a WAV file")
    analog = table.get("analog", {})
    if not isinstance(analog, dict) or not all(isinstance(v, str | int | float) for v in analog.values()):
        raise UsageError(f"{path}: [analog] has lines such as A0 = \"battery.csv\" or A0 = 1.2")
    wires = table.get("wires", [])
    if not isinstance(wires, list) or not all(isinstance(wire, str) for wire in wires):
        raise UsageError(f"{path}: wires is a list such as [\"D2=D3\"]")
    rows = table.get("event", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: events are written as [[event]]")
    events = [event for n, row in enumerate(rows, start=1) for event in _events(row, f"{path}: event {n}: ")]
    voltages = [Voltage(pin, path.parent / v if isinstance(v, str) else v) for pin, v in analog.items()]
    return Scenario(
        (*map(parse_wire, wires), *events, *voltages),
        {name: path.parent / trace for name, trace in sensors.items()},
        None if audio is None else path.parent / audio,
    )


def _only(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"{where}{key!r} is not known; known: {', '.join(known)}")


def _events(row: Mapping[str, Any], where: str) -> Iterator[Event]:
    kinds = [kind for kind in _KINDS if kind in row]
    if len(kinds) != 1:
        raise UsageError(f"{where}it has to have one of {', '.join(_KINDS)}")
    kind = kinds[0]
    _only(row, (kind, *_KINDS[kind], *_COMMON), where)
    if "at" not in row:
        raise UsageError(f"{where}it says not when: at = \"1.5s\"")
    first = parse_time(row["at"], f"{where}time")
    times = row.get("times", 1)
    if not isinstance(times, int) or times < 1 or ("every" in row) != ("times" in row):
        raise UsageError(f"{where}a repeated event has every = \"500ms\" and times = 4")
    every = _lasting(row["every"], f"{where}every") if "every" in row else 0.0
    what = row[kind]
    if not isinstance(what, str):
        raise UsageError(f"{where}{kind} is a text")
    for n in range(times):
        at = first + n * every
        if kind == "input":
            yield Input(at, what.encode(), row.get("channel"))
        elif kind == "press":
            yield Press(at, what, _lasting(row.get("for", PRESS_SECONDS), f"{where}for"))
        elif kind == "touch":
            if what != "usb0":
                raise UsageError(f"{where}touch = \"usb0\", not {what!r}")
            yield Touch(at)
        else:
            yield Level(at, what, _level(str(row.get("level")), where.rstrip(": ")))
