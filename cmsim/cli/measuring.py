"""Options of `cmsim run` and `cmsim profile` on what is measured besides inferences: regions, stacks on guard."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..machine import Machine


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The grammar."""
    group = command.add_argument_group("regions and stacks (docs/regions.md)")
    group.add_argument("--region", action="append", default=[], metavar="NAME=FROM..TO",
                       help="count cycles and instructions of each pass between two points: symbols, addresses, "
                            "file:line, 'return of f', itm5=1; may be given several times")
    group.add_argument("--stack-guard", action="store_true",
                       help="end the run, as failed, in front of the instructions that would overflow a stack")


def show(record: Mapping[str, Any], bold: bool) -> None:
    """Regions, and stacks where there are several."""
    from ..report.text_measures import sections  # noqa: PLC0415

    print("".join(line + "\n" for line in sections(record, bold)), end="", flush=True)


def attach(machine: Machine, options: argparse.Namespace) -> None:
    """Ask the machine's run what the options ask."""
    from ..measure.stack_guard import StackGuard  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs

    for text in options.region:
        assert machine.regions is not None
        machine.regions.add(text)
    if options.stack_guard:
        StackGuard(machine)
