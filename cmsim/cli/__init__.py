"""The command line: one file a command.

Exit codes: 0 the goal was reached, 1 the run failed, 2 usage, 130 interrupted, 141 the reader of the output went away.
Every error is one line that begins with `cmsim: error:`.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from ..errors import CmsimError
from ..report.terminal import style, styled
from . import arena, bench, boards, compare, files, flash, info, model, profile, run, timing

USAGE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141
"""The last two as shells count them: 128 and the number of the signal."""


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is not known is an error of the command that it was given to, not of `cmsim`."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            near = difflib.get_close_matches(unknown[0].partition("=")[0], self._option_string_actions, n=1)
            self.error(f"unrecognized arguments: {' '.join(unknown)}" + (f"; did you mean {near[0]}?" if near else ""))
        return options, unknown

    def error(self, message: str) -> NoReturn:
        complain(f"{message} (see {self.prog} --help)")
        raise SystemExit(USAGE)


def complain(message: str) -> None:
    """One error line on stderr."""
    print(f"{style('cmsim: error:', 31, styled(sys.stderr))} {message}", file=sys.stderr)


def parser() -> Parser:
    """The whole grammar."""
    top = Parser(
        prog="cmsim",
        description="Run Cortex-M firmware without the board, and know what every inference costs.",
        epilog="Exit codes: 0 goal reached, 1 run failed, 2 usage, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"cmsim {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for command in (run, profile, info, arena, flash, bench, compare, model, timing, boards):
        command.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: >&-
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the life of the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        try:
            options = parser().parse_args(arguments)
            files.check_outputs(options)
            code: int = options.execute(options)
        except CmsimError as error:
            complain(str(error))
            code = error.exit_code
        except KeyboardInterrupt:
            complain("interrupted")
            code = INTERRUPTED
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except OSError as error:
        _silence_stdout()
        complain(f"{error.filename or 'output'}: {error.strerror or error}")
        return CmsimError.exit_code


def _silence_stdout() -> None:
    """The interpreter would flush stdout once more as it ends, and complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
