"""What instructions cost. A `TimingModel` is asked once per translation block; nothing here runs in the hot path."""

from __future__ import annotations

from collections.abc import Callable

from .manual import Manual
from .model import BlockCost, Instructions, TimingModel

MODELS: dict[str, Callable[[], TimingModel]] = {"manual": Manual, "instructions": Instructions}
"""Names for `--timing`."""

DEFAULT = "manual"

__all__ = ["DEFAULT", "MODELS", "BlockCost", "Instructions", "Manual", "TimingModel"]
