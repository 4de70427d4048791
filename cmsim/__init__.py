"""cmsim: run Cortex-M firmware without the board, and know what every inference costs.

    machine = cmsim.Machine("app.elf", board="nano33ble-sense", imu="walk.csv")
    stop = machine.run(inferences=3, seconds=20)
    print(stop.reason, machine.console("uart0"), machine.record["inferences"])

Beside `Machine`: `cmsim.scenario` (what happens around a board), `cmsim.stimuli` (traces), `cmsim.exports` (files for
other tools), `cmsim.compare` (two records), `cmsim.bench` (a .tflite alone), `cmsim.traces` and `cmsim.prebuilt` (what
ships with cmsim). docs/record.md describes the record.
"""

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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
