"""One run of the bench firmware on one model: prepare, then so many inferences.

The seams and structures are those of firmware/apps/bench/README.md.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import RunError, UsageError
from ..machine import Machine
from ..tflite import Model
from ..tflite.flatbuffer import printable
from ..tflite.model import Tensor
from ..timing import DEFAULT
from .firmware import MODEL_ALIGNMENT, Firmware
from .inputs import Values

INSTRUCTION_CACHE = 2
"""Flag of the parameter block."""
LONGEST_INFERENCE = 600  # simulated seconds: a loop in the model may never end
NONE = 0xFFFF
SUBGRAPH_SHIFT = 16
ARENA_TOO_SMALL, OPERATOR_MISSING = 6, 3
TENSOR, SUBGRAPH, BLOCK = struct.Struct("<I12x"), struct.Struct("<I12xH10x"), struct.Struct("<III5H2x")
REPORT, FAILURE = struct.Struct("<13I"), struct.Struct("<III3iIiII")
USES = ("activations", "tensors", "nodes", "operators", "variables", "planning", "padding")
TensorKey = tuple[int, int]
"""(subgraph, index)."""


class ModelFailedError(RunError):
    """The interpreter refuses the model, or an inference failed; one line. `missing` bytes of arena, else 0."""

    def __init__(self, message: str, status: int, missing: int) -> None:
        super().__init__(message)
        self.status, self.missing = status, missing


@dataclass(frozen=True)
class Block:
    """A piece of the arena's plan: `bytes` at `place`, in use from step `first` to step `last`, both inclusive.

    `last` is None for what is in use always, `tensor` for scratch memory; `shares` is another block's index.
    """

    bytes: int
    place: int
    first: int
    last: int | None
    shares: int | None
    tensor: int | None
    subgraph: int


@dataclass
class Prepared:
    """What the interpreter said at the end of prepare()."""

    subgraphs: int
    subgraph_count: int
    arena_base: int
    arena_size: int
    arena_used: int
    use: dict[str, int]
    """What the arena is used for; the sum is `arena_used`."""
    scratch: int


class Session:
    """A machine with the model in its flash. `run`, read what was found; `restart` for another run, much quicker."""

    def __init__(self, firmware: Firmware, model: Model, *, arena: int | None = None, inferences: int = 1,
                 feed: Callable[[int], list[Values]] | None = None, measure: bool = True, timing: str = DEFAULT,
                 cache: bool = True) -> None:
        self.model, self.firmware, self.feed = model, firmware, feed
        self._flags = INSTRUCTION_CACHE if cache else 0
        image, board, self._model_address = firmware.place(model)
        self.machine = Machine(image, board, measure=measure, timing=timing)
        for name, callback in (("plan_ready", self._plan_ready), ("bench_prepared", self._bench_prepared),
                               ("bench_ready", self._bench_ready), ("bench_done", self._bench_done),
                               ("bench_failed", self._bench_failed), ("bench_finished", self._bench_finished)):
            self.machine.on(f"cmsim::{name}", callback)
        self._order(arena, inferences)

    def restart(self, *, arena: int | None = None, inferences: int = 1) -> None:
        """Reset the machine for another `run`. What was found before is kept where it was, not overwritten."""
        self.machine.reset()
        self._order(arena, inferences)

    def _order(self, arena: int | None, inferences: int) -> None:
        """Fill the parameter block, and forget the results."""
        low, room = self.firmware.arena_room
        skipped = low - self.machine.address("__ram_used__")
        if arena is not None and arena > room:
            raise UsageError(f"--arena {arena:,}: the program leaves {room:,} bytes of RAM")
        asked = 0 if arena is None else arena // MODEL_ALIGNMENT * MODEL_ALIGNMENT + skipped
        block = struct.pack("<8I", self._model_address, len(self.model.content), asked, inferences,
                            self._flags, 0, 0, 0)
        self.machine.write("cmsim_bench", block)
        self._longest = LONGEST_INFERENCE * (1 + inferences)
        self.plan: list[Block] = []
        self.prepared: Prepared | None = None
        self.outputs: list[list[bytes]] = []
        """Of each inference that is done, of each output tensor."""
        self.computed: list[dict[TensorKey, bytes]] = []
        """Of each inference, the last value of every tensor that an operator wrote; only after `keep_tensors`."""
        self._failure: ModelFailedError | None = None
        self._finished = False

    def keep_tensors(self) -> None:
        """Keep what each operator writes, read when it returns: later its memory is used for something else."""
        self.machine.on("cmsim::run_operator", self._operator_begins)

    def run(self) -> None:
        """Prepare and infer. ModelFailedError where the interpreter gives an error, RunError where it crashes."""
        stop = self.machine.run(until=lambda: self._finished, seconds=self._longest)
        if self._failure is not None:
            raise self._failure
        if not self._finished:
            raise RunError(f"{self.model.path}: the bench firmware did not finish: {stop.reason} ({stop.detail})")

    # --- seams ----------------------------------------------------------------------------------------------

    def _arguments(self) -> list[int]:
        return self.machine.cpu.registers.core.read()[:4]

    def _plan_ready(self, machine: Machine) -> None:
        blocks, count, _, _ = self._arguments()
        content = machine.read(blocks, count * BLOCK.size)
        self.plan = []
        for _, size, place, first, last, shares, tensor, subgraph in BLOCK.iter_unpack(content):
            always, alone, scratch = (value == NONE for value in (last, shares, tensor))
            self.plan.append(Block(size, place, first, None if always else last, None if alone else shares,
                                   None if scratch else tensor, subgraph))

    def _bench_prepared(self, machine: Machine) -> None:
        values = REPORT.unpack(machine.read(self._arguments()[0], REPORT.size))
        subgraphs, count, base, size, used, *uses, scratch = values
        self.prepared = Prepared(subgraphs, count, base, size, used, dict(zip(USES, uses, strict=True)), scratch)

    def _bench_ready(self, machine: Machine) -> None:
        tensors, _, inference, _ = self._arguments()
        self.computed.append({})
        if self.feed is not None:
            for tensor, values in zip(self.model.inputs, self.feed(inference), strict=True):
                machine.write(self._data(tensors, tensor.index), values.tobytes())

    def _bench_done(self, machine: Machine) -> None:
        tensors = self._arguments()[0]
        self.outputs.append([self._content(tensors, tensor) for tensor in self.model.outputs])

    def _bench_failed(self, machine: Machine) -> None:
        self._failure = self._describe(FAILURE.unpack(machine.read(self._arguments()[0], FAILURE.size)))

    def _bench_finished(self, machine: Machine) -> None:
        self._finished = True
        machine.cpu.request_stop()

    def _operator_begins(self, machine: Machine) -> None:
        number = self._arguments()[3]
        subgraph, index = number >> SUBGRAPH_SHIFT, number & NONE
        assert self.prepared is not None
        header = machine.read(self.prepared.subgraphs + subgraph * SUBGRAPH.size, SUBGRAPH.size)
        tensors = SUBGRAPH.unpack(header)[0]
        graph = self.model.subgraphs[subgraph]

        def ends() -> None:
            for output in graph.operators[index].outputs:
                if output >= 0:
                    self.computed[-1][subgraph, output] = self._content(tensors, graph.tensors[output])

        machine.watches.on_return(ends)

    # --- memory ---------------------------------------------------------------------------------------------

    def _data(self, tensors: int, index: int) -> int:
        """The address of a tensor's data."""
        (address,) = TENSOR.unpack(self.machine.read(tensors + index * TENSOR.size, TENSOR.size))
        return int(address)

    def _content(self, tensors: int, tensor: Tensor) -> bytes:
        address = self._data(tensors, tensor.index)
        return self.machine.read(address, tensor.bytes) if address and tensor.bytes else b""

    def _text(self, address: int) -> str:
        found = self.machine.cpu.bus.memory(address, 1)
        if found is None:
            return ""
        memory, offset = found
        return printable(bytes(memory[offset : offset + 256]).partition(b"\0")[0])

    def _describe(self, failure: tuple[int, ...]) -> ModelFailedError:
        status, text, reason, index, subgraph, _, name, version, missing, in_inference = failure
        where = ""
        if index >= 0:
            number = f"{subgraph}:{index}" if subgraph > 0 else str(index)
            where = f"operator {number} {self._text(name)} (version {version}): "
        words = [part for part in (self._text(text), self._text(reason)) if part]
        when = "; it happened in an inference" if in_inference else ""
        message = f"{self.model.path}: {where}{': '.join(words)}{when}"
        if status == OPERATOR_MISSING:
            message += self._others_missing(subgraph, index)
        if status == ARENA_TOO_SMALL:
            message += f": at least {missing:,} bytes are missing" if missing else ""
        return ModelFailedError(message, status, missing)

    def _others_missing(self, subgraph: int, index: int) -> str:
        known = self.firmware.operators()
        others = [f"{operator.index} {operator.name} (version {operator.version})"
                  for graph in self.model.subgraphs for operator in graph.operators
                  if operator.name not in known and (graph.index, operator.index) != (subgraph, index)]
        return f"; also missing: {', '.join(others)}" if others else ""
