"""`cmsim bench`: run a model on the simulated board and put what it costs into a record (docs/bench.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import CmsimError, UsageError
from ..tflite import Model, load, macs
from ..tflite.names import NUMPY_TYPES
from ..timing import DEFAULT, MODELS
from . import energy
from .check import check, check_available
from .firmware import Firmware, load_firmware
from .inputs import RANDOM, Values, load_inputs
from .minimum import minimum_arena
from .rows import block_row, operator_rows, output_values, tensor_row
from .session import ARENA_TOO_SMALL, ModelFailedError, Session

SCHEMA = 1
CLOCK_MHZ = 64.0


@dataclass(frozen=True)
class Options:
    """How to bench; `arena` in bytes, None for the board's whole RAM. `directory` holds another bench firmware.

    `cache` is the flash's instruction cache (NVMC.ICACHECNF), `timing` a name in cmsim.timing.MODELS.
    """

    kernels: str = "dsp"
    arena: int | None = None
    inferences: int = 1
    input: str = RANDOM
    seed: int = 0
    clock_mhz: float = CLOCK_MHZ
    check: bool = False
    signed_pixels: bool | None = None
    timing: str = DEFAULT
    cache: bool = True
    directory: Path | None = None


def bench(paths: list[str], options: Options) -> dict[str, Any]:
    """The record of all models. One that fails has only "model" and "error"; UsageError for what cannot be asked."""
    if options.timing not in MODELS:
        raise UsageError(f"--timing {options.timing}: not known; choose one of {', '.join(MODELS)}")
    if options.check:
        check_available()
    firmware = load_firmware(options.kernels, directory=options.directory)
    chip = firmware.board.chip
    return {
        "schema": SCHEMA,
        "board": firmware.board.name,
        "chip": {"name": chip.name, "flash": chip.flash_size, "ram": chip.ram_size},
        "kernels": options.kernels,
        "timing": options.timing,
        "instruction_cache": options.cache,
        "clock_mhz": options.clock_mhz,
        "energy_assumptions": energy.assumptions(options.cache),
        "models": [_bench_or_error(firmware, path, options) for path in paths],
    }


def _bench_or_error(firmware: Firmware, path: str, options: Options) -> dict[str, Any]:
    try:
        return bench_model(firmware, load(path), options)
    except CmsimError as error:
        return {"model": {"name": Path(path).name}, "error": str(error), "exit_code": error.exit_code}


def bench_model(firmware: Firmware, model: Model, options: Options) -> dict[str, Any]:
    """The record of one model. ModelFailedError where it cannot run, UsageError for an input that does not fit."""
    inputs = load_inputs(options.input, options.seed, model.inputs, options.signed_pixels)
    unusable = next((tensor for tensor in model.inputs if tensor.type not in NUMPY_TYPES), None)
    if unusable is not None:
        raise UsageError(f"{model.path}: input {unusable.name!r} is {unusable.type}, which cannot be filled")

    def feed(inference: int) -> list[Values]:
        return inputs.values(model.inputs, inference)

    session = Session(firmware, model, arena=options.arena, inferences=options.inferences, feed=feed,
                      timing=options.timing, cache=options.cache)
    if options.check:
        session.keep_tensors()
    try:
        session.run()
    except ModelFailedError as error:
        if error.status == ARENA_TOO_SMALL:
            raise _does_not_fit(firmware, model, options, error) from None
        raise
    machine, prepared = session.machine, session.prepared
    assert machine.inference_meter is not None
    assert prepared is not None
    measured = tuple(machine.inference_meter.inferences)
    plan, outputs, computed = session.plan, session.outputs, session.computed
    minimum = minimum_arena(session, prepared.arena_used, outputs[0])
    cycles = round(sum(i.cycles for i in measured) / len(measured))
    total_macs = sum(macs(model.subgraphs[0], operator) for operator in model.operators)
    fed = map(feed, range(options.inferences))
    checked = check(model, fed, computed) if options.check else None
    flash = firmware.flash_needs(model)
    return {
        "model": {"name": model.name, "bytes": len(model.content), "constants": model.constant_bytes,
                  "operators": len(model.operators), "macs": total_macs},
        "input": inputs.describe,
        "inputs": [tensor_row(tensor) for tensor in model.inputs],
        "outputs": [{**tensor_row(tensor), "values": output_values(tensor, content)}
                    for tensor, content in zip(model.outputs, outputs[-1], strict=True)],
        "inferences": [{"cycles": i.cycles, "instructions": i.instructions} for i in measured],
        "cycles": cycles,
        "instructions": round(sum(i.instructions for i in measured) / len(measured)),
        "milliseconds": cycles / (options.clock_mhz * 1000),
        "cycles_per_mac": cycles / total_macs if total_macs else None,
        "energy_microjoules": {name: energy.microjoules(cycles, supply) for name, supply in energy.SUPPLIES.items()},
        "operators": list(operator_rows(model, measured, cycles, options.clock_mhz)),
        "flash": {**flash, "fits": flash["total"] <= firmware.board.chip.flash_size},
        "arena": {"minimum": minimum, "used": prepared.arena_used, "size": prepared.arena_size, "use": prepared.use,
                  "largest_scratch": prepared.scratch},
        "stack_peak": max((i.stack_peak for i in measured if i.stack_peak is not None), default=None),
        "plan": [block_row(model, block) for block in plan],
        "steps": [operator.name for operator in model.operators] if len(model.subgraphs) == 1 else None,
        "check": None if checked is None else {
            "tensors": checked.tensors,
            "equal": checked.difference is None,
            "difference": None if checked.difference is None else {**asdict(checked.difference),
                                                                   "text": str(checked.difference)},
        },
    }


def _does_not_fit(firmware: Firmware, model: Model, options: Options, error: ModelFailedError) -> ModelFailedError:
    """The error for an arena that is too small, with the bytes that it would really take."""
    room, ram = firmware.arena_room[1], firmware.board.chip.ram_size
    if options.arena is not None and options.arena < room:
        whole = Session(firmware, model, inferences=0, measure=False)
        try:
            whole.run()
        except ModelFailedError as failure:
            error = failure
        else:
            assert whole.prepared is not None
            used = whole.prepared.arena_used
            missing = used - options.arena
            text = f"the arena needs {used:,} bytes, {missing:,} more than the {options.arena:,} of --arena"
            return ModelFailedError(f"{model.path}: {text}", error.status, missing)
    text = (f"does not fit: the arena needs {error.missing:,} bytes more than the {room:,} that the {ram:,} bytes of "
            "RAM leave beside the stack")
    return ModelFailedError(f"{model.path}: {text}", error.status, error.missing)
