"""Firmware from a few lines of assembly: `assemble` runs the GNU assembler and linker and returns an ELF file.

    path = assemble(tmp_path, '''
        main:   bl work
        1:      b 1b
        work:   bx lr
    ''', handlers={15: "tick"})

Labels become function symbols if `functions` names them. The vector table lies at 0, `main` is the entry, the stack is
the last 4 KB of RAM.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cmsim import Machine

PREFIX = "arm-none-eabi-"
STACK_TOP, STACK_SIZE = 0x2004_0000, 0x1000
VECTORS = 16 + 48


def assemble(
    directory: Path, source: str, *, functions: Sequence[str] = (), handlers: Mapping[int, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """An ELF file in `directory`. `handlers`: exception number -> label; `aliases`: another name for a label."""
    if shutil.which(PREFIX + "as") is None:
        pytest.skip("needs the GNU assembler for Arm")
    handlers = dict(handlers or {})
    names = dict(aliases or {})
    lines = [".syntax unified", ".cpu cortex-m4", ".fpu fpv4-sp-d16", ".thumb", ".text"]
    lines += [f".set __StackTop, 0x{STACK_TOP:x}", f".set __StackLimit, 0x{STACK_TOP - STACK_SIZE:x}"]
    lines += [".global __StackTop", ".global __StackLimit", ".word __StackTop"]
    lines += [f".word {handlers.get(n, 'main' if n == 1 else 'unexpected')}" for n in range(1, VECTORS)]
    for name in dict.fromkeys([*functions, *handlers.values(), "main", "unexpected"]):
        lines.append(f".global {name}\n.type {name}, %function")
    for alias, name in names.items():
        lines.append(f'.global "{alias}"\n.type "{alias}", %function\n.thumb_set "{alias}", {name}')
    lines += [source, ".align 2", "unexpected: b unexpected", ".align 2", ".ltorg"]
    elf, assembly, relocatable = directory / "test.elf", directory / "test.s", directory / "test.o"
    assembly.write_text("\n".join(lines) + "\n")
    subprocess.run([PREFIX + "as", "-o", relocatable, assembly], check=True)
    subprocess.run([PREFIX + "ld", "-Ttext=0", "-e", "main", "-o", elf, relocatable], check=True)
    return elf


def machine(directory: Path, source: str, **options: object) -> Machine:
    """A development kit with that firmware; options of `assemble` and of `Machine` alike."""
    own = {name: options.pop(name) for name in ("functions", "handlers", "aliases") if name in options}
    return Machine(assemble(directory, source, **own), "nrf52840dk", **options)  # type: ignore[arg-type]


def registers(of: Machine) -> list[int]:
    """R0 to R12, SP, LR, PC."""
    return list(of.registers.values())
