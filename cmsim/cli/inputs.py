"""Options of `cmsim run` for what happens around the board, and for the VCD file that shows what happened."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from ..machine import Machine
    from ..scenario import Event, Scenario


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The grammar."""
    group = command.add_argument_group("what happens (docs/scenarios.md); TIME: 1.5s, 20ms, 300us from power-on")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    group.add_argument("--scenario", metavar="FILE", help="a TOML file with all of this")
    group.add_argument("--input", metavar="TEXT@TIME", **repeated, help="console input; \\n, \\r, \\t, \\xNN are known")
    group.add_argument("--console", metavar="NAME",
                       help="the channel of --input, --interactive and --pty, if it is not the board's")
    group.add_argument("--press", metavar="BUTTON@TIME[+DURATION]", **repeated, help="hold a button; 100ms if not said")
    group.add_argument("--pin", metavar="PIN=LEVEL@TIME", **repeated, help="drive a pin high or low, or release it")
    group.add_argument("--touch", metavar="TIME", **repeated,
                       help="open the USB serial port at 1200 baud, which asks an Arduino for its bootloader")
    group.add_argument("--sensor", metavar="NAME=TRACE", **repeated, help="what the sensor NAME feels")
    group.add_argument("--adc", metavar="PIN=TRACE|VOLTS", **repeated, help="the voltage at an analogue pin")
    group.add_argument("--wire", metavar="PIN=PIN", **repeated, help="a wire between two pins")
    group.add_argument("--audio", metavar="FILE.wav", help="what the microphone hears")


def add_recording(command: argparse.ArgumentParser) -> None:
    """The grammar of --vcd."""
    command.add_argument("--vcd", type=Path, metavar="FILE", help="record pins, buses and sensor lines for GTKWave")


def scenario(options: argparse.Namespace) -> Scenario:
    """The file and the options together; events of the file come first."""
    from .. import scenario as scenarios  # noqa: PLC0415 - numpy is loaded only when something runs
    from ..usb.touch import Touch  # noqa: PLC0415
    from ..voltages import parse_voltage  # noqa: PLC0415
    from ..wires import parse_wire  # noqa: PLC0415

    sensors: dict[str, str | Path | Any] = {}
    for text in options.sensor:
        name, equals, trace = text.partition("=")
        if not (name and equals and trace):
            raise UsageError(f"--sensor {text!r}: write it as NAME=TRACE, for example barometer=hill.csv")
        sensors[name] = Path(trace)
    events: tuple[Event, ...] = (
        *map(parse_wire, options.wire),
        *(replace(scenarios.parse_input(text), channel=options.console) for text in options.input),
        *map(scenarios.parse_press, options.press),
        *map(scenarios.parse_pin, options.pin),
        *(Touch(scenarios.parse_time(text, "--touch")) for text in options.touch),
        *map(parse_voltage, options.adc),
    )
    base = scenarios.Scenario() if options.scenario is None else scenarios.load(options.scenario)
    return base + scenarios.Scenario(events, sensors, options.audio)


def recording(machine: Machine, options: argparse.Namespace) -> AbstractContextManager[object]:
    """While it lasts, a VCD file is written if one was asked for."""
    if options.vcd is None:
        return nullcontext()
    from ..report.vcd import VcdRecorder  # noqa: PLC0415

    return VcdRecorder(machine, options.vcd)
