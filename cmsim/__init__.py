"""cmsim: run Cortex-M firmware without the board, and know what every inference costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import CmsimError, RunError, UsageError

if TYPE_CHECKING:
    from .machine import Machine

__version__ = "0.1.0"
__all__ = ["CmsimError", "Machine", "RunError", "UsageError", "__version__"]


def __getattr__(name: str) -> Any:
    """`cmsim.Machine` on first use: device models import this package without loading Unicorn."""
    if name == "Machine":
        from .machine import Machine  # noqa: PLC0415

        return Machine
    raise AttributeError(f"module 'cmsim' has no attribute {name!r}")
