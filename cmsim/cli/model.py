"""`cmsim model info` and `cmsim model embed`: look into a `.tflite` file, or make it a part of firmware."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .files import write


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("model", help="show a .tflite model, or make a C++ source of it",
                                  description="Look into a TensorFlow Lite model without running it.")
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="inputs, outputs, operators with options, sizes, quantisation",
                              description="Show a model's inputs and outputs, its operators with all options, the "
                                          "sizes and quantisation of its tensors.")
    info.set_defaults(execute=show)
    source = actions.add_parser("embed", help="write a C++ source with the model and its resolver",
                                description="Write a C++ source file for firmware: the model's bytes, aligned, and a "
                                            "resolver that lists just the operators that the model needs.")
    source.add_argument("-o", "--output", type=Path, metavar="FILE.cc", help="default: to standard output")
    source.add_argument("--name", type=_identifier, default="model",
                        help="the array is called g_NAME; default %(default)s")
    source.set_defaults(execute=embed)
    for action in (info, source):
        action.add_argument("model", metavar="MODEL", help="a .tflite file")


def _identifier(text: str) -> str:
    if not (text.isascii() and f"g_{text}".isidentifier()):
        raise argparse.ArgumentTypeError(f"g_{text} is not a C++ identifier")
    return text


def show(options: argparse.Namespace) -> int:
    """Print what the model holds."""
    from ..tflite import load  # noqa: PLC0415 - numpy is loaded only where it is needed
    from ..tflite.describe import describe  # noqa: PLC0415

    for line in describe(load(options.model)):
        print(line)
    return 0


def embed(options: argparse.Namespace) -> int:
    """Write the source."""
    from ..tflite import load  # noqa: PLC0415
    from ..tflite.embed import embed as source_of  # noqa: PLC0415

    source = source_of(load(options.model), options.name)
    if options.output is None:
        sys.stdout.write(source)
        return 0
    write(options.output, source)
    return 0
