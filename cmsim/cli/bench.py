"""`cmsim bench`: what a `.tflite` model costs on the board: cycles, energy, flash, arena."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

from .files import write

DESCRIPTION = """\
Run models on the simulated board with cmsim's own interpreter, and show what an inference costs, operator by operator.
Several models are compared side by side. Needs no toolchain. docs/bench.md tells what the figures mean."""


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("bench", help="what a .tflite model costs: cycles, energy, flash, arena",
                                  description=DESCRIPTION)
    command.add_argument("models", nargs="+", metavar="MODEL.tflite")
    command.add_argument("--kernels", choices=("dsp", "reference"), default="dsp",
                         help="those for the Cortex-M4's DSP instructions (default), or portable ones")
    command.add_argument("--arena", type=_bytes, metavar="BYTES",
                         help="size of the arena; default: all RAM that is left")
    command.add_argument("--inferences", type=_count, default=1, metavar="N", help="how many to run; default 1")
    command.add_argument("--input", default="random", metavar="FILE",
                         help="first input tensor: .npy, .csv, .png or .bmp; or random (default)")
    command.add_argument("--signed-pixels", action=argparse.BooleanOptionalAction, default=None,
                         help="an image's bytes are int8 numbers already; default: as it looks, which the output says")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="for random inputs; default 0")
    command.add_argument("--clock", type=_megahertz, default=64.0, metavar="MHZ",
                         help="for the milliseconds; default 64")
    command.add_argument("--timing", metavar="NAME",
                         help="what instructions cost: silicon (default), manual, cortex-m3, instructions")
    command.add_argument("--cache", choices=("on", "off"), default="on",
                         help="the flash's instruction cache (NVMC.ICACHECNF), which is off after a reset; default on")
    command.add_argument("--check", action="store_true",
                         help="compare every tensor with TensorFlow Lite Micro (pip install 'cmsim[check]')")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the record there (docs/bench.md)")
    command.add_argument("--html", "--report", type=Path, metavar="FILE",
                         help="write a page with the tables and a picture of the memory plan")
    command.set_defaults(execute=execute)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1,000,000")
    return int(text)


def _bytes(text: str) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = 0
    if not 16 <= value < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size of at least 16 bytes")
    return value


def _megahertz(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a clock in MHz")
    return value


def execute(options: argparse.Namespace) -> int:
    """Run, show, write; exit code 1 where a model failed, does not fit, or differs."""
    from ..bench import Options, bench  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs
    from ..record import to_json  # noqa: PLC0415
    from ..report.html_bench import page  # noqa: PLC0415
    from ..report.terminal import styled  # noqa: PLC0415
    from ..report.text_bench import report  # noqa: PLC0415
    from ..timing import DEFAULT  # noqa: PLC0415
    from . import complain  # noqa: PLC0415 - this package imports this module

    record = bench(options.models, Options(
        kernels=options.kernels, arena=options.arena, inferences=options.inferences, input=options.input,
        seed=options.seed, clock_mhz=options.clock, check=options.check,
        signed_pixels=options.signed_pixels, timing=options.timing or DEFAULT, cache=options.cache == "on",
    ))
    print(report(record, bold=styled(sys.stdout)), end="", flush=True)
    if options.json is not None:
        write(options.json, to_json(record))
    if options.html is not None:
        write(options.html, page(record))
    problems = [problem for model in record["models"] for problem in _problems(model, record)]
    for problem, _ in problems:
        complain(problem)
    return max((code for _, code in problems), default=0)


def _problems(model: dict[str, Any], record: dict[str, Any]) -> list[tuple[str, int]]:
    """What went wrong with a model: message and exit code."""
    if "error" in model:
        return [(model["error"], model["exit_code"])]
    name, flash, size = model["model"]["name"], model["flash"], record["chip"]["flash"]
    found = []
    if not flash["fits"]:
        found.append((f"{name}: does not fit: {flash['total'] - size:,} bytes more flash than the chip's {size:,}", 1))
    if model["check"] is not None and not model["check"]["equal"]:
        found.append((f"{name}: {model['check']['difference']['text']}", 1))
    return found
