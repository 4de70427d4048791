"""The plan that TensorFlow Lite Micro makes of its arena, overheard.

Its memory planner is told each buffer's size and lifetime (`AddBuffer`), and asked later where each lies
(`GetOffsetForBuffer`). Both are virtual, so that they are always called. Which tensor a buffer is comes from the model
that the interpreter's constructor is given: buffers are in the order of the tensors that are neither constants nor
variables, then scratch memory. That is believed only if every size agrees.

Not modelled: planners with other functions; tensors of models with several subgraphs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..image import Symbol
from ..image.cxx_names import arguments
from .arguments import argument, load

if TYPE_CHECKING:
    from ..machine import Machine
    from ..tflite import Model

MOST = 4096
ALIGNMENT = 16
INTERPRETERS = (
    "tflite::MicroInterpreter::MicroInterpreter", "tflite::RecordingMicroInterpreter::RecordingMicroInterpreter",
)
FARTHEST = 1 << 16
"""Bytes that a model's root table may lie behind its begin."""


@dataclass
class Buffer:
    """One that the planner was told of."""

    size: int
    first: int
    last: int
    place: int | None = None


class TflmPlan:
    """Listens to the planners of a machine's image. Costs nothing in firmware without."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._buffers: list[Buffer] = []
        self._asked = False
        self._model = 0
        """Address of the last interpreter's model."""
        planners = [symbol for symbol in machine.image.symbols.functions if _plans(symbol)]
        self._bodies = [(symbol.address & ~1, symbol.size) for symbol in planners if "AddBuffer" in symbol.qualified]
        for symbol in planners:
            # Older releases have an ErrorReporter* between `this` and the numbers.
            types, name = arguments(symbol.demangled), symbol.qualified.rpartition("::")[2]
            first = 1 + next((n for n, kind in enumerate(types) if kind == "int"), 0)
            if name == "AddBuffer":
                machine.watches.on_entry(symbol.address & ~1, lambda at=first: self._add(at))  # type: ignore[misc]
            else:
                machine.watches.on_entry(symbol.address & ~1, lambda at=first: self._ask(at))  # type: ignore[misc]
        for symbol in machine.image.symbols.functions if planners else ():
            if symbol.qualified in INTERPRETERS:
                machine.watches.on_entry(symbol.address & ~1, self._constructed)
        machine.watches.on_forget.append(self._buffers.clear)

    def _constructed(self) -> None:
        self._model = self.machine.cpu.registers.core.read()[1]

    def _add(self, at: int) -> None:
        core = self.machine.cpu.registers.core.read()
        back = core[14] & ~1
        if any(low < back <= low + size for low, size in self._bodies):
            return  # the form with an offline plan's offset calls the one without
        if self._asked:  # another interpreter makes its plan
            self._asked = False
            self._buffers.clear()
        if len(self._buffers) < MOST:
            self._buffers.append(Buffer(*(argument(self.machine, core, at + n) for n in range(3))))

    def _ask(self, at: int) -> None:
        core = self.machine.cpu.registers.core.read()
        number, pointer = argument(self.machine, core, at), argument(self.machine, core, at + 1)
        self._asked = True

        def answered() -> None:
            if number < len(self._buffers):
                self._buffers[number].place = load(self.machine, pointer)

        self.machine.watches.on_return(answered)

    def rows(self) -> list[dict[str, Any]]:
        """`arena_plan` of the record: buffers whose place is known. Steps are operators where the model is known."""
        buffers = [buffer for buffer in self._buffers if buffer.place is not None]
        model = self._read_model() if buffers else None
        tensors = tensor_numbers(model, [buffer.size for buffer in buffers]) if model is not None else None
        shift = 0
        if tensors is not None and model is not None:  # newer releases count operators from 1, and 0 is in front of all
            shift = int(max(buffer.last for buffer in buffers) == len(model.subgraphs[0].operators))
        return [
            {"place": buffer.place, "bytes": buffer.size, "first": max(buffer.first - shift, 0),
             "last": max(buffer.last - shift, 0), "tensor": None if tensors is None else tensors[n], "subgraph": 0}
            for n, buffer in enumerate(buffers)
        ]  # fmt: skip

    def _read_model(self) -> Model | None:
        """The model in memory whose root table the interpreter was given; None if that is none."""
        from ..tflite import ModelError, parse  # noqa: PLC0415 - only where there is a plan

        found = self.machine.cpu.bus.memory(self._model, 4)
        if found is None:
            return None
        data, root = found
        for begin in range(root - 8 & ~3, max(root - FARTHEST, -1), -4):
            if data[begin + 4 : begin + 8] == b"TFL3" and struct.unpack_from("<I", data, begin)[0] == root - begin:
                try:
                    return parse(bytes(data[begin:]), "the model in memory")
                except ModelError:
                    return None
        return None


def _plans(symbol: Symbol) -> bool:
    scope, _, name = symbol.qualified.rpartition("::")
    planner = symbol.name.startswith("_ZN6tflite") and "MemoryPlanner" in scope
    return planner and name in ("AddBuffer", "GetOffsetForBuffer")


def tensor_numbers(model: Model, sizes: Sequence[int]) -> list[int | None] | None:
    """Which tensor each buffer of `sizes` is, None for scratch memory; None altogether if the sizes do not agree."""
    if len(model.subgraphs) != 1:
        return None
    planned = [tensor for tensor in model.subgraphs[0].tensors if tensor.data is None and not tensor.is_variable]
    wanted = [(tensor.bytes or 0) + -(tensor.bytes or 0) % ALIGNMENT for tensor in planned]
    if wanted != list(sizes[: len(wanted)]):
        return None
    return [tensor.index for tensor in planned] + [None] * (len(sizes) - len(planned))
