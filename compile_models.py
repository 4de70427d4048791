"""Compile what prices a block that is seen first: `python compile_models.py DIRECTORY` fills DIRECTORY/lib.

These modules are ordinary Python, and run as such in an editable install, and where they were compiled for another one.
Compiled by mypyc they take half the time. CMakeLists.txt calls this when a wheel is built.
"""

from __future__ import annotations

import sys

from mypyc.build import mypycify
from setuptools import Distribution

MODULES = {
    "cmsim/cortex_m": ("decode", "dataflow", "analysis", "price"),
    "cmsim/timing": ("model", "parameters", "memory", "operands", "pipeline", "silicon"),
}


def compile_models(where: str) -> None:
    """The extension modules of MODULES, and the one that they share, below `where`/lib."""
    files = [f"{folder}/{name}.py" for folder, names in MODULES.items() for name in names]
    options = ["--ignore-missing-imports", "--follow-imports=silent", f"--cache-dir={where}/cache"]
    compiled = mypycify([*options, *files], group_name="cmsim", target_dir=f"{where}/c", opt_level="2", debug_level="0")
    command = Distribution({"name": "cmsim", "ext_modules": compiled}).get_command_obj("build_ext")
    command.build_temp, command.build_lib = f"{where}/temp", f"{where}/lib"
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    compile_models(sys.argv[1])
