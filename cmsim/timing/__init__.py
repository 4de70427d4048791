"""What instructions cost. A `TimingModel` is asked once per translation block; nothing here runs in the hot path."""

from __future__ import annotations

from collections.abc import Callable

from .cortex_m3 import CortexM3
from .instructions import Instructions
from .manual import Manual
from .model import BlockCost, Code, Cycles, MemoryCosts, TimingModel
from .silicon import Silicon

MODELS: dict[str, Callable[[], TimingModel]] = {
    "silicon": Silicon,
    "manual": Manual,
    "cortex-m3": CortexM3,
    "instructions": Instructions,
}
"""Names for `--timing`."""

DEFAULT = "silicon"

__all__ = [
    "DEFAULT", "MODELS", "BlockCost", "Code", "CortexM3", "Cycles", "Instructions", "Manual", "MemoryCosts", "Silicon",
    "TimingModel",
]  # fmt: skip
