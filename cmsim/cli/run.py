"""`cmsim run`: let firmware run until a goal is reached, and show what it printed and what it cost."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CmsimError, RunError
from . import apps, files, firmware, html, inputs, interactive, measuring, memory, storage, tracing

MAXIMUM_SECONDS = 1e9

if TYPE_CHECKING:
    from ..machine import Machine
    from ..record import Stop
    from ..report.live import Live

DESCRIPTION = """\
Run FIRMWARE on a simulated board. Without arguments: the gesture application that ships with cmsim, on a trace that
ships with it. The run ends when a goal is reached (--until, --inferences), when --seconds have passed, when the trace
has ended (unless --imu-end says otherwise), or when the firmware sleeps with nothing left to wake it."""


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("run", help="run firmware and measure it", description=DESCRIPTION)
    add_options(command)
    command.set_defaults(execute=execute, profile=False)


def add_options(command: argparse.ArgumentParser) -> None:
    """Everything that says what runs, for how long, and what is measured."""
    goals, measure = add_what_runs(command)
    goals.add_argument("--until", type=_text, metavar="TEXT", help="until TEXT appears on a console")
    inputs.add_recording(command)
    interactive.add_arguments(command)
    html.add_argument(measure)
    memory.add_arguments(command)
    measuring.add_arguments(command)
    tracing.add_arguments(command)
    storage.add_arguments(command)


NOTHING_MORE: dict[str, Any] = {
    "profile": False, "until": None, "html": None, "timeline": None, "latency": (), "coverage": None,
}  # fmt: skip
"""What `machine` is to be told by a command that has `add_what_runs` alone."""


def add_what_runs(command: argparse.ArgumentParser) -> tuple[argparse._ArgumentGroup, argparse._ArgumentGroup]:
    """What runs and for how long; the groups of goals and of what is measured, where more can be added."""
    command.usage = f"{command.prog} [OPTION ...] [FIRMWARE]"
    firmware.add_arguments(command)
    command.add_argument("--imu", metavar="TRACE",
                         help="motion for the inertial sensor: CSV, .npz, Parquet, or "
                         "a name of those that ship with cmsim, such as walk")
    command.add_argument("--camera", metavar="PICTURES", help="for the camera: picture, folder, film, .npy or .npz")
    apps.add_arguments(command)
    command.add_argument("--imu-end", choices=("hold", "loop", "stop"), default="stop",
                         help="after the trace's last sample: keep it, begin again, or end the run (default)")
    command.add_argument("--usb", choices=("none", "cdc"), default="cdc",
                         help="at the USB connector: a computer (default) or nothing")
    command.add_argument("--strict", action="store_true", help="end the run at the first access that nothing models")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="for everything that is random; default 0")
    inputs.add_arguments(command)
    goals = command.add_argument_group("goals")
    goals.add_argument("--seconds", type=seconds, metavar="S", help="simulated time, at most")
    goals.add_argument("--inferences", type=count, metavar="N", help="until N inferences are done")
    measure = command.add_argument_group("measuring")
    measure.add_argument("--inference-function", metavar="NAME|ADDR",
                         help="the function one call of which is an inference, if cmsim does not know the interpreter")
    measure.add_argument("--timing", metavar="NAME",
                         help="what instructions cost: silicon (default), manual, cortex-m3, instructions")
    measure.add_argument("--json", type=Path, metavar="FILE", help="write the record there (docs/record.md)")
    return goals, measure


def seconds(text: str) -> float:
    """A positive number, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < MAXIMUM_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and below {MAXIMUM_SECONDS:.0e}")
    return value


def count(text: str) -> int:
    """A positive whole number, for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the text is empty")
    return text


def execute(options: argparse.Namespace) -> int:
    """Run, show, write the record; the exit code tells whether the goal was reached."""
    from ..record import to_json  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs
    from ..report import text_faults  # noqa: PLC0415
    from ..report.terminal import report, styled  # noqa: PLC0415

    performed = perform(options)
    machine = performed.machine
    record = machine.record
    text = report(record, machine.board.chip, performed.live.results, bold=styled(sys.stdout))
    print("\n" + text, end="")
    memory.show(record, styled(sys.stdout))
    measuring.show(record, styled(sys.stdout))
    tracing.show(record, styled(sys.stdout))
    told = text_faults.report(record)
    if told:
        print("\n" + "\n".join(told), flush=True)
    html.write(record, options)
    if options.json is not None:
        files.write(options.json, to_json(record))
    return conclude(performed, options)


@dataclass(frozen=True)
class Performed:
    """A run that has ended, one way or another."""

    machine: Machine
    live: Live
    failure: str | None
    """The message of the error that ended it."""


def perform(options: argparse.Namespace) -> Performed:
    """The run that the options of `add_options` describe."""
    from ..goal import inference_meter  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs

    apps.prepare(options)
    made = machine(options)
    memory.attach(made, options)
    measuring.attach(made, options)
    if options.inferences:
        inference_meter(made)  # UsageError before the run
    performed = Performed(made, *_run(made, options))
    tracing.write(made, options)
    storage.write(made, options)
    return performed


def conclude(performed: Performed, options: argparse.Namespace) -> int:
    """Exit code 0 if the run did what was asked; RunError says why not."""
    machine, live = performed.machine, performed.live
    assert machine.stop is not None
    if machine.stop.reason == "interrupted":
        raise KeyboardInterrupt
    failure = performed.failure or _failure(machine, machine.stop, options)
    if failure is None:
        return 0
    said = live.error_line or live.last_line
    wanted = machine.stop.reason in ("idle", "time", "trace ended") and said
    raise RunError(f"{failure}; the firmware's last line: {said!r}" if wanted else failure)


def machine(options: argparse.Namespace) -> Machine:
    """The board with the firmware and everything around it, before its first cycle."""
    from ..machine import Machine  # noqa: PLC0415
    from ..timing import DEFAULT  # noqa: PLC0415

    made = Machine(
        apps.firmware(options),
        options.board,
        imu=_motion(options),
        camera=options.camera,
        imu_end=options.imu_end,
        base=options.base,
        vector=options.vector,
        seed=options.seed,
        strict=options.strict,
        timing=options.timing or DEFAULT,
        inference_function=options.inference_function,
        profile=options.profile,
        usb=options.usb,
        scenario=inputs.scenario(options),
        **tracing.wanted(options),
    )
    storage.attach(made, options)
    return made


def _motion(options: argparse.Namespace) -> Path | None:
    """The trace for the inertial sensor: a file, or one that ships with cmsim, by its name."""
    from .. import traces  # noqa: PLC0415 - packaged from traces/

    if options.imu is None:
        return traces.path() if apps.chosen(options) == "gesture" else None
    path = Path(options.imu)
    return traces.path(options.imu) if options.imu in traces.names() and not path.exists() else path


def _run(machine: Machine, options: argparse.Namespace) -> tuple[Live, str | None]:
    """The run itself, shown live; the message of the error that ended it, if one did."""
    from ..kernel import cycles_of  # noqa: PLC0415
    from ..report.live import Live  # noqa: PLC0415

    ends = [cycle for cycle in (machine.trace_end, cycles_of(options.seconds) if options.seconds else None) if cycle]
    live = Live(machine, min(ends, default=None))
    faults_told = False
    failure = None
    recorded, connected = inputs.recording(machine, options), interactive.connected(machine, options, live)
    with recorded, connected:

        def progress(machine: Machine) -> None:
            nonlocal faults_told
            if machine.faults and not faults_told:
                faults_told = True
                live.message(f"fault: {machine.describe(machine.faults[0])}")
            live.tick()

        try:
            machine.run(options.until, seconds=options.seconds, inferences=options.inferences, progress=progress)
        except KeyboardInterrupt:
            pass  # `machine.stop` says so
        except CmsimError as error:
            failure = str(error)
        finally:
            live.close()
    return live, failure


def _failure(machine: Machine, stop: Stop, options: argparse.Namespace) -> str | None:
    """Why the run failed; None if it did what was asked."""
    name = Path(machine.image.path).name
    if stop.reason in ("lockup", "fault", "fatal"):
        return f"{name}: {stop.reason}: {stop.detail}"
    failed = [check.failure for check in machine.checks if check.failure is not None]
    if failed:
        return f"{name}: {'; '.join(failed)}"
    if stop.reason in ("text", "inferences"):
        return None
    if machine.in_fault_handler:
        return f"{name}: {stop.reason} ({stop.detail}) while handling a fault"
    if stop.reason == "exit" and machine.exit_status:
        return f"{name}: {stop.detail}"
    goals = []
    if options.until:
        goals.append(f"{options.until!r} was printed")
    if options.inferences:
        one = options.inferences == 1
        goals.append("1 inference was done" if one else f"{options.inferences} inferences were done")
    if not goals and machine.trace_end is not None and stop.reason in ("idle", "system off"):
        goals.append("the trace ended")
    return f"{name}: {stop.reason} ({stop.detail}) before {' or '.join(goals)}" if goals else None
