"""Inferences and their operators, found in unmodified firmware by symbol.

An inference is one outermost call of an inference function; an operator is one call that our interpreter makes through
`cmsim::run_operator`, whose first argument points to a registration that begins with the operator's name, or that
TensorFlow Lite Micro makes through a registration (tflm.py).

Not modelled: operators of other interpreters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..cortex_m.cpu import Cpu
from ..image import Image
from . import tflm
from .arguments import word
from .calls import Watches
from .interrupts import InterruptMeter

INFERENCE_FUNCTIONS = (
    "cmsim::Interpreter::invoke()",
    "tflite::MicroInterpreter::Invoke()",
    "tflite::MicroInterpreterGraph::InvokeSubgraph(int)",
    "tflite::MicroGraph::InvokeSubgraph(int)",
)
"""Outermost first: the first one that the image has and that is called counts."""
OPERATOR_FUNCTION = "cmsim::run_operator"
LONGEST_NAME = 64
INVOKE_OFFSET = 16
"""Of the pointer to the computing function in `cmsim::Registration` (firmware/interpreter/operator.h)."""


@dataclass
class OperatorRun:
    """One operator within one inference."""

    index: int
    name: str
    image: Image
    address: int | None
    """Of the function that computes."""
    start_cycle: int = 0
    cycles: int = 0
    below: int = 0
    above: int = 0
    instructions: int = 0
    interrupt_cycles: int = 0
    """Of `cycles`, those that exceptions took."""

    @property
    def function(self) -> str | None:
        """The name of the function that computes."""
        symbol = None if self.address is None else self.image.function_at(self.address)
        return None if symbol is None else symbol.demangled

    @property
    def source(self) -> str | None:
        """Where `function` begins: "file:line". DWARF is read when this is asked for."""
        line = None if self.address is None else self.image.line(self.address)
        return None if line is None else str(line)

    @property
    def bounds(self) -> tuple[int, int]:
        """(cycles_low, cycles_high)."""
        return self.cycles - self.below, self.cycles + self.above


@dataclass(frozen=True)
class StackUse:
    """How deep a stack was used within one inference, in bytes, and the call path there if calls are followed."""

    name: str
    peak: int
    path: list[str] | None


@dataclass
class Inference:
    """One inference, from the first instruction of the function to the one it returns to."""

    index: int
    function: str
    start_cycle: int
    start_instruction: int
    cycles: int = 0
    below: int = 0
    above: int = 0
    instructions: int = 0
    interrupt_cycles: int = 0
    stack_peak: int | None = None
    """Of the stack that it runs on."""
    stacks: list[StackUse] = field(default_factory=list)
    """Every stack that was used in the meantime."""
    operators: list[OperatorRun] = field(default_factory=list)

    @property
    def bounds(self) -> tuple[int, int]:
        """(cycles_low, cycles_high)."""
        return self.cycles - self.below, self.cycles + self.above


class InferenceMeter:
    """Times the calls of the inference functions."""

    def __init__(self, cpu: Cpu, image: Image, watches: Watches, function: str | None = None) -> None:
        self.cpu, self.watches, self.image = cpu, watches, image
        self.interrupts = InterruptMeter(cpu)
        self._inside_tflm = False
        self.inferences: list[Inference] = []
        """Those that are complete."""
        self.functions: dict[str, int] = {}
        self.on_inference: Callable[[Inference, bool], None] = lambda inference, done: None
        self._running: Inference | None = None
        self._began = (0, 0)
        self._listeners: list[Callable[[], None]] = []
        if function is not None:
            self.functions = {symbol.demangled: symbol.address & ~1 for symbol in image.find_copies(function)}
        else:
            self.functions = find_inference_functions(image)
        watches.on_forget.append(self._abandon)
        for name, address in self.functions.items():
            watches.on_entry(address, lambda name=name: self._enter(name))  # type: ignore[misc]
        for symbol in image.symbols.functions:
            if symbol.demangled.startswith(OPERATOR_FUNCTION + "("):
                watches.on_entry(symbol.address & ~1, self._enter_operator)
        for address, register in tflm.call_sites(image, cpu):
            watches.on_entry(address, lambda at=address, rm=register: self._call_tflm(at, rm))  # type: ignore[misc]

    @property
    def with_running(self) -> list[Inference]:
        """Those that are complete, and the one that runs now, if one does."""
        return self.inferences + ([] if self._running is None else [self._running])

    def notify(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each inference; the result undoes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _enter(self, name: str) -> None:
        if self._running is not None:
            return
        clock = self.cpu.clock
        inference = Inference(len(self.inferences), name, clock.cycles, clock.instructions)
        self._running, self._began = inference, (clock.below, clock.above)
        inference.interrupt_cycles = -self.interrupts.cycles
        self.on_inference(inference, False)
        self.watches.on_return(self._leave, left=self._left)

    def _leave(self) -> None:
        inference, clock = self._running, self.cpu.clock
        if inference is None:
            return
        inference.cycles = clock.cycles - inference.start_cycle
        inference.below, inference.above = clock.below - self._began[0], clock.above - self._began[1]
        inference.instructions = clock.instructions - inference.start_instruction
        inference.interrupt_cycles += self.interrupts.cycles
        self._running = None
        self.inferences.append(inference)
        self.on_inference(inference, True)
        for listener in tuple(self._listeners):
            listener()

    def _abandon(self) -> None:
        """A reset came in between: this inference never ends."""
        self._left()
        self.interrupts.reset()

    def _left(self) -> None:
        """It did not return: longjmp or an exception."""
        self._running = None
        self._inside_tflm = False

    def _enter_operator(self) -> None:
        if self._running is None:
            return
        core = self.cpu.registers.core.read()
        run = OperatorRun(core[3], self._name(core[0]), self.image, self._invoked(core[0]))
        self._time(run, self._running)

    def _call_tflm(self, address: int, register: int) -> None:
        """In front of a BLX of InvokeSubgraph."""
        if self._running is None or self._inside_tflm:
            return
        core = self.cpu.registers.core.read()
        name = tflm.operator_name(self.cpu, self.image, core[1], core[register])
        if name is not None:
            self._inside_tflm = True
            run = OperatorRun(len(self._running.operators), name, self.image, core[register] & ~1)
            self._time(run, self._running, address + 2)

    def _time(self, run: OperatorRun, inference: Inference, back: int | None = None) -> None:
        """`run` lasts from here until the call returns (to `back`, if the call is still in front of us)."""
        clock, interrupts = self.cpu.clock, self.interrupts
        inference.operators.append(run)
        cycles, instructions, interrupted = clock.cycles, clock.instructions, interrupts.cycles
        run.start_cycle = cycles
        below, above = clock.below, clock.above

        def leave() -> None:
            run.cycles = clock.cycles - cycles
            run.below, run.above = clock.below - below, clock.above - above
            run.instructions = clock.instructions - instructions
            run.interrupt_cycles = interrupts.cycles - interrupted
            left()

        def left() -> None:
            if back is not None:
                self._inside_tflm = False

        self.watches.on_return(leave, back, left)

    def _name(self, registration: int) -> str:
        """The text that the registration's first word points to."""
        address = word(self.cpu, registration)
        text = None if address is None else self.cpu.bus.memory(address, 1)
        if text is None:
            return "?"
        data, offset = text
        return bytes(data[offset : offset + LONGEST_NAME]).partition(b"\0")[0].decode("ascii", "replace")

    def _invoked(self, registration: int) -> int | None:
        """The function that computes."""
        address = word(self.cpu, registration + INVOKE_OFFSET)
        return None if address is None else address & ~1


def find_inference_functions(image: Image) -> dict[str, int]:
    """The known inference functions that the image has: name -> address."""
    found: dict[str, int] = {}
    for symbol in image.symbols.functions:
        if symbol.name.startswith("_Z") and symbol.demangled in INFERENCE_FUNCTIONS:
            found[symbol.demangled] = symbol.address & ~1
    return {name: found[name] for name in INFERENCE_FUNCTIONS if name in found}
