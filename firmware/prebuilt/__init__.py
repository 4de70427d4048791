"""Firmware that ships with cmsim (package `cmsim.prebuilt`): `gesture`, built from firmware/ as BUILD.txt says."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def names() -> list[str]:
    """The names of the shipped programs, sorted."""
    return sorted(file.stem for file in _HERE.glob("*.elf"))


def path(name: str) -> Path:
    """The ELF file of the shipped program `name`; KeyError that lists the names when there is none."""
    if name not in names():
        raise KeyError(f"no shipped firmware {name!r}: there are {', '.join(names()) or 'none'}")
    return _HERE / f"{name}.elf"
