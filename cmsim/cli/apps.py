"""`--app` and `--model`: the applications that ship with cmsim."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..apps import APPS, app_path, shipped_picture, with_model
from ..errors import UsageError

if TYPE_CHECKING:
    from ..image import Image


def add_arguments(command: argparse.ArgumentParser) -> None:
    """--app, --model."""
    command.add_argument("--app", choices=APPS, help="an application that ships with cmsim; default: gesture")
    command.add_argument("--model", type=Path, metavar="TFLITE", help="replaces the model of --app person")


def chosen(options: argparse.Namespace) -> str | None:
    """The name of the shipped application that runs; None for a firmware file."""
    if options.firmware is not None and options.app is not None:
        raise UsageError("name a firmware file or --app, not both")
    return None if options.firmware is not None else options.app or "gesture"


def firmware(options: argparse.Namespace) -> Path | Image:
    """What is to run."""
    name = chosen(options)
    path = Path(options.firmware) if name is None else app_path(name)
    if options.model is None:
        return path
    from ..boards import find_board  # noqa: PLC0415

    return with_model(path, options.model, find_board(options.board), options.base)


def prepare(options: argparse.Namespace) -> None:
    """Fill in what --app person needs and nobody gave: a picture to look at, and an end."""
    if chosen(options) != "person":
        return
    if options.camera is None:
        options.camera = shipped_picture("person")
    if not (options.seconds or options.inferences or options.until):
        options.inferences = 2
