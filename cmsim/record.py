"""The record of a run: plain data that serialises to JSON; all else reads only this (docs/record.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from . import __version__
from .camera import camera_record
from .kernel import CPU_HZ
from .measure.calltree import profile
from .measure.memory_map import memory_map

if TYPE_CHECKING:
    from .machine import Machine

SCHEMA = 1


@dataclass(frozen=True)
class Stop:
    """Why a run ended: a short reason and a detail for people."""

    reason: str
    detail: str = ""


class Check(Protocol):
    """A question that a run answers."""

    @property
    def failure(self) -> str | None:
        """Why the firmware does not pass; None if it does."""


def build(machine: Machine) -> dict[str, Any]:
    """Everything that was measured, in the order of docs/record.md."""
    image = machine.image
    meter, memory = machine.inference_meter, machine.memory_meter
    arenas = [] if machine.arenas is None else machine.arenas.arenas
    stop = machine.stop or Stop("not run")
    return {
        "schema": SCHEMA,
        "version": __version__,
        "firmware": {"name": Path(image.path).name, "format": image.format},
        "board": machine.board.name,
        "timing": machine.timing.name,
        "cycles": machine.cycles,
        "cycles_low": machine.bounds[0],
        "cycles_high": machine.bounds[1],
        "instructions": machine.instructions,
        "seconds": machine.cycles / CPU_HZ,
        "wall_seconds": machine.wall_seconds,
        "stop": {"reason": stop.reason, "detail": stop.detail},
        "console": {name: port.text for name, port in sorted(machine.soc.serial.items()) if port.output},
        "usb": None if machine.usb is None or not machine.usb.vid else machine.usb.describe(),
        "inferences": [
            {
                "index": i.index,
                "start_cycle": i.start_cycle,
                "cycles": i.cycles,
                "cycles_low": i.bounds[0],
                "cycles_high": i.bounds[1],
                "cycles_excluding_interrupts": i.cycles - i.interrupt_cycles,
                "overhead_cycles": i.cycles - sum(o.cycles for o in i.operators) if i.operators else None,
                "instructions": i.instructions,
                "stack_peak": i.stack_peak,
                "stacks": [{"name": s.name, "peak": s.peak, "path": s.path} for s in i.stacks],
                "operators": [
                    {
                        "index": o.index,
                        "name": o.name,
                        "function": o.function,
                        "source": o.source,
                        "cycles": o.cycles,
                        "cycles_low": o.bounds[0],
                        "cycles_high": o.bounds[1],
                        "cycles_excluding_interrupts": o.cycles - o.interrupt_cycles,
                        "instructions": o.instructions,
                    }
                    for o in i.operators
                ],
            }
            for i in (meter.inferences if meter is not None else ())
        ],
        "regions": [] if machine.regions is None else machine.regions.rows(),
        "memory": {
            "flash_used": image.flash_used,
            "static_ram": image.static_ram,
            "stack_size": None if memory is None else memory.stack_size,
            "stack_peak": None if memory is None else memory.stack_peak,
            "stacks": [] if memory is None else memory.stacks.rows(),
            "stack_history": [] if memory is None else memory.stacks.history_rows(),
            "heap_peak": machine.heap.peak if machine.heap is not None and machine.heap.present else None,
            "arena_size": arenas[0].size if arenas else None,
            "arena_used": arenas[0].used if arenas else None,
        },
        "arenas": [] if machine.arenas is None else machine.arenas.record(),
        "arena_plan": [] if machine.arena_plan is None else machine.arena_plan.rows,
        "memory_map": memory_map(machine),
        "heap": None if machine.heap is None else machine.heap.record(),
        "unmodelled": [
            {"block": u.block, "offset": u.offset, "access": u.access, "count": u.count, "pc": u.pc}
            for u in machine.soc.unmodelled.values()
        ],
        "faults": machine.fault_reporter.rows(),
        "fatal": [] if machine.fatal is None else machine.fatal.rows(),
        **camera_record(machine.parts),
        **({} if machine.energy is None else {"energy": machine.energy.record()}),
        **({} if machine.drift is None else {"drift": machine.drift.record()}),
        **({} if machine.tracer is None else {"profile": profile(machine.tracer, machine.image)}),
        **({} if machine.recorder is None else machine.recorder.record()),
        **({} if machine.counted is None else machine.counted.record()),
    }


def to_json(record: dict[str, Any]) -> str:
    """One line a key, stable order: two records of the same run differ only in `wall_seconds`."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"
