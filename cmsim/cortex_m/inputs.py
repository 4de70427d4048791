"""Reads of GPIO IN in native code, where a board has parts whose wires are functions of time (`_waves.c`)."""

from __future__ import annotations

import ctypes as ct
from typing import Any

from ..raster import InputPort, Raster
from ..soc import Soc
from . import _hot
from .hot import Clock
from .native import check_sizes


class Inputs(ct.Structure):
    """The ports of a page and whom else to ask: `struct inputs`."""

    _fields_ = [
        ("clock", ct.c_void_p),
        ("base", ct.c_uint32),
        ("count", ct.c_uint32),
        ("ports", ct.c_void_p),
        ("now", ct.c_void_p),
        ("deadline", ct.c_void_p),
        ("inner", ct.c_void_p),
    ]


check_sizes(_hot, {"raster": ct.sizeof(Raster), "input_port": ct.sizeof(InputPort), "inputs": ct.sizeof(Inputs)})


def native_inputs(soc: Soc, clock: Clock, first: int, size: int, keep: list[Any]) -> Inputs | None:
    """The user of `_hot.on_input_read` for the devices at [first, first + size); None where no wave is wired.

    `keep` holds what must outlive the run.
    """
    ports = []
    for block in soc.blocks.values():
        port: InputPort | None = getattr(block, "input_port", None)
        if port is not None and first <= block.base < first + size and any(pin.wave for pin in block.pins):  # type: ignore[attr-defined]
            port.offset = block.base - first + type(block).IN.offset  # type: ignore[attr-defined]
            ports.append(port)
    if not ports:
        return None
    at, now, deadline = ct.addressof(clock), Clock.now.offset, Clock.deadline.offset  # type: ignore[attr-defined]
    pointers = (ct.c_void_p * len(ports))(*map(ct.addressof, ports))
    keep += [ports, pointers]
    inputs = Inputs(at, first, len(ports), ct.addressof(pointers), at + now, at + deadline, _hot.on_read)
    keep.append(inputs)
    return inputs
