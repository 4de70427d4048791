"""Options of `cmsim run` that ask about memory: allocation where none may be, leaks, the arena, drift; charge."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from ..machine import Machine


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The grammar."""
    points = "a POINT is a function that is entered, 'return of' one, or a text"
    group = command.add_argument_group(f"memory (docs/memory.md); {points}")
    group.add_argument("--no-alloc-after", metavar="POINT", help="fail if the firmware allocates from then on")
    group.add_argument("--leaks", metavar="FROM..[TO]", help="list what is allocated between two points and stays")
    group.add_argument("--arena-heat", action="store_true",
                       help="record which bytes of the first arena change during which operator (docs/arena.md)")
    group.add_argument("--energy", action="store_true",
                       help="estimate the charge that the chip takes (docs/energy.md)")
    group.add_argument("--soak", action="store_true",
                       help="report how heap, stack and cycles of an inference drift over the run (with --seconds)")


def show(record: Mapping[str, Any], bold: bool) -> None:
    """The heap, where there is one, and what was asked for of it, of drift and of charge."""
    from ..report.text_memory import sections  # noqa: PLC0415

    print("".join(line + "\n" for line in sections(record, bold)), end="", flush=True)


def attach(machine: Machine, options: argparse.Namespace) -> None:
    """Ask the machine's run what the options ask."""
    from ..measure.arena_search import no_arena  # noqa: PLC0415
    from ..measure.drift import Drift  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs
    from ..measure.heap_checks import LeakCheck, NoAllocation  # noqa: PLC0415

    if options.no_alloc_after is not None:
        NoAllocation(machine, options.no_alloc_after)
    if options.leaks is not None:
        LeakCheck.parse(machine, options.leaks)
    if options.arena_heat and machine.arenas is not None:
        if not (machine.arenas.sites or machine.arenas.follows):
            raise UsageError(f"--arena-heat: {no_arena(machine)}")
        machine.arenas.paint()
    if options.energy:
        from ..measure.energy import EnergyMeter  # noqa: PLC0415

        machine.energy = EnergyMeter(machine)
    if options.soak:
        machine.drift = Drift(machine)
