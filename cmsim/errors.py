"""The errors that cmsim raises for its user: one clear line each, and the exit code that belongs to it.

A message names the file, the address or symbol, and what to do next. The command line prints it without a traceback.
"""


class CmsimError(Exception):
    """One clear line for the user; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(CmsimError):
    """What was asked for cannot be done as asked: a bad option, file, board or trace (exit code 2)."""

    exit_code = 2


class RunError(CmsimError):
    """The request was good, but the run failed: a fault, a lockup, a limit (exit code 1)."""
