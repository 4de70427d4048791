"""The smallest arena with which firmware still works, found without rebuilding it.

Each try is a run from reset in which the constructor is told another size; it succeeds if preparing and then so many
inferences return success (0). Sizes are multiples of 16. An arena that the firmware made too small is tried in RAM
that nothing else uses, as far from its 16-byte boundary as the original.

Not modelled: firmware that looks at the size itself and behaves otherwise; results that are wrong although no status
says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import RunError, UsageError
from ..machine import Machine
from ..record import Stop
from .arena import INVOKE, PREPARE, Arena, ArenaMeter, is_status

STEP = 16
MARGIN = 1.0
"""Simulated seconds by which a try may take longer than twice what the firmware took with its own arena."""


@dataclass
class Attempt:
    """What came of a run."""

    arenas: list[Arena]
    worked: bool
    reason: str
    seconds: float
    """Simulated."""
    machine: Machine = field(repr=False)

    @property
    def resizable(self) -> bool:
        """Whether there is a constructor, which can be told another size."""
        return self.machine.arenas is not None and bool(self.machine.arenas.sites)


@dataclass
class Minimum:
    """What was found for one arena."""

    arena: Arena
    given: Attempt
    """The run with the firmware's own arena."""
    best: Attempt
    bytes: int | None
    tries: int
    relocated: bool
    """Whether the firmware's own arena was too small."""
    touched: dict[str, Any] | None = None
    """What is written of the firmware's own arena, exactly; None if it does not work."""


class ArenaSearch:
    """`build()` makes a fresh machine of the firmware in question; `seconds` of simulated time must suffice for it."""

    def __init__(self, build: Callable[[], Machine], *, inferences: int = 1, seconds: float = 60.0,
                 index: int = 0) -> None:  # fmt: skip
        self.build, self.inferences, self.index = build, inferences, index
        self._limit = seconds
        self.tries = 0

    def attempt(self, override: tuple[int, int] | None = None, paint: bool | None = None) -> Attempt:
        """One run, with (base, size) for the arena in question. `paint` it, with the complement if True (touch.py)."""
        self.tries += 1
        machine = self.build()
        meter = machine.arenas
        if meter is None or not (meter.sites or meter.follows):
            raise UsageError(no_arena(machine))
        if paint is not None:
            meter.paint(self.index, paint)
        if override is not None:
            meter.overrides[self.index] = override
        trial = _Trial(machine, meter, self.inferences, self.index)
        stop = machine.run(seconds=self._limit)
        worked = trial.done >= self.inferences and trial.failure is None
        reason = trial.failure or f"{stop.reason}: {stop.detail}"
        return Attempt(meter.arenas, worked, reason, machine.seconds, machine)

    def _touched(self, given: Attempt) -> dict[str, Any] | None:
        """The other paint shows what the first one hid."""
        meter = given.machine.arenas
        if not given.worked or meter is None or meter.touch is None:
            return None
        again = self.attempt(paint=True).machine.arenas
        assert again is not None
        assert again.touch is not None
        written = int((meter.touch.written | again.touch.written).sum())
        size = len(meter.touch.written)
        return {**(meter.touch.record() or {}), "written": written, "never": size - written}

    def find(self, minimum: bool = True) -> Minimum:
        """The least size that works; not `minimum`, or constructors inlined: only the firmware's own is looked at.

        UsageError where no arena is found, RunError where none works.
        """
        given = self.attempt(paint=False)
        if len(given.arenas) <= self.index:
            machine = given.machine
            raise UsageError(f"{machine.image.path}: no arena {self.index}: {_called(machine, given)}")
        arena = given.arenas[self.index]
        touched = self._touched(given)
        if not (minimum and given.resizable):
            return Minimum(arena, given, given, None, self.tries, False, touched)
        first, relocated = given, not given.worked
        base = arena.base
        size = arena.size // STEP * STEP
        if relocated:
            base, size = _elsewhere(given.machine, arena)
            first = self.attempt((base, size))
            if not first.worked:
                raise RunError(f"{given.machine.image.path}: does not work with its own arena of {arena.size:,} bytes "
                               f"({given.reason}), nor with {size:,} ({first.reason})")
        self._limit = min(self._limit, 2 * first.seconds + MARGIN)
        best = first if size == first.arenas[self.index].placed[1] else self.attempt((base, size))
        if not best.worked:
            return Minimum(arena, given, first, arena.size, self.tries, relocated, touched)
        attempts: dict[int, Attempt] = {size // STEP: best}

        def works(steps: int) -> bool:
            attempts[steps] = self.attempt((base, steps * STEP))
            return attempts[steps].worked

        peak = best.arenas[self.index].peak or size
        steps = least(works, size // STEP, -(-peak // STEP))
        return Minimum(arena, given, attempts[steps], steps * STEP, self.tries, relocated, touched)


def least(works: Callable[[int], bool], enough: int, guess: int) -> int:
    """The least number that works, where `enough` is known to, and 0 not to; tried around `guess` first."""
    too_small, stride = 0, 1
    if too_small < guess < enough:
        if works(guess):
            enough = guess
        else:
            too_small = guess
            while too_small + stride < enough and not works(too_small + stride):
                too_small, stride = too_small + stride, stride * 2
            enough = min(enough, too_small + stride)
    stride = 1
    while enough - stride > too_small:
        if not works(enough - stride):
            too_small = enough - stride
            break
        enough, stride = enough - stride, stride * 2
    while enough - too_small > 1:
        middle = (enough + too_small) // 2
        if works(middle):
            enough = middle
        else:
            too_small = middle
    return enough


class _Trial:
    """Listens to what preparing and inferences return."""

    def __init__(self, machine: Machine, meter: ArenaMeter, inferences: int, index: int) -> None:
        self.machine, self.meter, self.wanted, self.index = machine, meter, inferences, index
        self.done = 0
        self.failure: str | None = None
        seen = False
        for symbol in machine.image.symbols.functions:
            for names, then in ((PREPARE, self._prepared), (INVOKE, self._invoked)):
                if is_status(symbol, names):
                    seen |= names is INVOKE
                    name = symbol.qualified
                    machine.on(symbol.address, lambda m, t=then, n=name: self._entered(t, n))  # type: ignore[misc]
        if not seen and machine.inference_meter is not None:
            machine.inference_meter.notify(lambda: self._invoked("", 0))

    def _entered(self, then: Callable[[str, int], None], name: str) -> None:
        core = self.machine.cpu.registers.core
        owner = core.read()[0]
        arena = self.meter.arenas[self.index] if self.index < len(self.meter.arenas) else None
        if arena is not None and arena.owner in (None, owner):
            self.machine.watches.on_return(lambda: then(name, core.read()[0] & 0xFF))

    def _prepared(self, name: str, status: int) -> None:
        if status:
            self._end(f"{name}() returned {status}")

    def _invoked(self, name: str, status: int) -> None:
        if status:
            self._end(f"{name}() returned {status}")
            return
        self.done += 1
        if self.done >= self.wanted:
            self._end(None)

    def _end(self, failure: str | None) -> None:
        self.failure = self.failure or failure
        self.machine.end(Stop("condition", failure or f"{self.done} inferences"))


def _elsewhere(machine: Machine, arena: Arena) -> tuple[int, int]:
    """(base, size) of the largest piece of RAM that neither sections nor stacks take."""
    image, chip = machine.image, machine.soc.chip
    end = chip.ram_base + chip.ram_size
    taken = [(s.address, s.address + s.size) for s in image.sections
             if "A" in s.flags and chip.ram_base <= s.address < end and s.name != ".heap"]  # fmt: skip
    taken += [(stack.low, stack.high) for stack in image.stacks]
    low, best = chip.ram_base, (chip.ram_base, 0)
    for begin, behind in (*sorted(taken), (end, end)):
        best = max(best, (low, begin - low), key=lambda piece: piece[1])
        low = max(low, behind)
    if machine.heap is not None and machine.heap.present:  # which grows from below
        best = best[0] + best[1] // 2, best[1] - best[1] // 2
    base = best[0] + (arena.base - best[0]) % STEP
    size = (best[0] + best[1] - base) // STEP * STEP
    if size <= arena.size:
        raise RunError(f"{image.path}: does not work with its own arena of {arena.size:,} bytes, and no larger "
                       "piece of RAM is free to try more")
    return base, size


def no_arena(machine: Machine) -> str:
    """For an image in which nothing is given an arena, as far as symbols tell."""
    return (f"{machine.image.path}: no arena found: the image has no constructor of tflite::MicroInterpreter, "
            "tflite::MicroAllocator::Create or cmsim::Interpreter among its symbols, nor an allocator of TensorFlow "
            "Lite Micro; give an ELF with symbols")


def _called(machine: Machine, attempt: Attempt) -> str:
    meter = machine.arenas
    names = ", ".join(dict.fromkeys(site.name for site in meter.sites)) if meter is not None else ""
    by = f"constructed by {names}" if names else "used by tflite's allocators"
    return (f"{len(attempt.arenas)} were {by} within {attempt.seconds:.3f} s ({attempt.reason}); "
            "does the firmware need an input (--imu, --camera, --seconds)?")
