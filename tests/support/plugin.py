"""Runs pytest with cmsim's plugin as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

LOADED_BY_ITSELF = any(point.value == "cmsim.pytest_plugin" for point in entry_points(group="pytest11"))
"""False where the package was installed before it had the plugin: then it is named."""


def environment() -> dict[str, str]:
    """Without what the outer pytest put there; `python`, `pytest` and `cmsim` are this interpreter's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    kept["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    if not LOADED_BY_ITSELF:
        kept["PYTEST_ADDOPTS"] = "-p cmsim.pytest_plugin"
    return kept


def run_pytest(where: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=where, env=environment(), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
