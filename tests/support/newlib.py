"""Firmware with the C library: sources of tests/firmware/newlib, compiled and linked with its start-up file."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import pytest

from .firmware import ROOT, require_tools

SOURCES = ROOT / "tests" / "firmware" / "newlib"
MALLINFO = "-Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r"
"""Option with which mallinfo.c looks at the heap behind every call."""
TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")


def build(directory: Path, *sources: str, options: tuple[str, ...] = (), nano: bool = True, name: str = "app") -> Path:
    """The ELF `name` in `directory`, made once; a source is a file name in tests/firmware/newlib, C or C++."""
    require_tools()
    elf = directory / f"{name}.elf"
    if elf.exists():
        return elf
    done = subprocess.run(
        ["arm-none-eabi-g++", *TARGET, "-O2", "-g", "-ffunction-sections", "-fdata-sections", "-fno-exceptions",
         "-fno-rtti", "-fno-threadsafe-statics", f"-ffile-prefix-map={ROOT}=.", *(["--specs=nano.specs"] if nano else []),
         "-nostartfiles", "-Wl,--gc-sections,--no-warn-rwx-segments", f"-T{ROOT / 'firmware' / 'link.ld'}",
         *_compiled(directory, "startup.c"), *_compiled(directory, *sources, options=options), *options, "-o", str(elf)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(done.stderr, pytrace=False)
    return elf


def _compiled(directory: Path, *sources: str, options: tuple[str, ...] = ()) -> list[str]:
    """Objects: `-x` would tell the linker that objects are sources, so that each file is compiled by itself."""
    objects = []
    flags = [option for option in options if not option.startswith("-Wl,")]
    for source in sources:
        compiler = "arm-none-eabi-gcc" if source.endswith(".c") else "arm-none-eabi-g++"
        also = [] if source.endswith(".c") else ["-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]
        target = directory / f"{source}-{zlib.crc32(' '.join(flags).encode()):08x}.o"
        objects.append(str(target))
        if target.exists():  # of an earlier test
            continue
        done = subprocess.run(
            [compiler, *TARGET, "-O2", "-g", "-ffunction-sections", "-fdata-sections", f"-ffile-prefix-map={ROOT}=.",
             *also, *flags, "-c", str(SOURCES / source), "-o", str(target)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.fail(done.stderr, pytrace=False)
    return objects
