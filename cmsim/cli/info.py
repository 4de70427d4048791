"""`cmsim info`: what a firmware image is, and what of it can be measured."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..report.terminal import WIDTH, grid, style, styled
from . import firmware

if TYPE_CHECKING:
    from ..image import Image
    from ..soc import Chip


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser(
        "info", help="show what a firmware image holds and what can be measured",
        description="Show an image's format, sections, memory use, vector table, and what can be measured of it.",
    )
    firmware.add_arguments(command)
    command.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Print it all."""
    from ..boards import find_board, load_image  # noqa: PLC0415 - `cmsim --version` needs none of it

    board = find_board(options.board)
    path = firmware.path(options)
    image = load_image(board, path, options.base)
    start = [*_start(image, options.vector)]
    bold = styled(sys.stdout)

    print(f"{path}: {image.format}")
    print(f"for {board.name} ({board.title}, {board.chip.title})\n")
    if image.sections:
        rows = [[s.name, s.kind, f"0x{s.address:08x}", f"{s.size:,}", _loaded(s.address, s.load_address)]
                for s in image.sections if "A" in s.flags and s.size]
        print("\n".join(grid(["section", "kind", "address", "bytes", "loaded at"], rows, left=(0, 1, 2, 4), bold=bold)))
    else:
        rows = [["", f"0x{s.address:08x}", f"{len(s.data):,}"] for s in image.segments]
        print("\n".join(grid(["segment", "address", "bytes"], rows, left=(0, 1), bold=bold)))
    print()
    for title, text in (*_memory(image, board.chip), *start, *_symbols(image)):
        print(_row("", title, text))
    print("\n" + style("what can be measured", 1, bold))
    for title, text in _measures(image):
        print(_row("  ", title, text))
    return 0


def _row(indent: str, title: str, text: str) -> str:
    return textwrap.fill(f"{indent}{title:<13}{text}", WIDTH - 1, subsequent_indent=indent + " " * 13,
                         break_on_hyphens=False, break_long_words=False)


def _loaded(address: int, load_address: int | None) -> str:
    if load_address is None:
        return "not in the file"
    return "" if load_address == address else f"0x{load_address:08x}"


def _memory(image: Image, chip: Chip) -> Iterator[tuple[str, str]]:
    share = 100 * image.flash_used / chip.flash_size
    yield "flash", f"{image.flash_used:,} of {chip.flash_size:,} bytes ({share:.1f} %)"
    if image.static_ram is None:
        yield "static RAM", f"unknown: {image.format} has no sections; the ELF that it was made from does"
    else:
        share = 100 * image.static_ram / chip.ram_size
        yield "static RAM", f"{image.static_ram:,} of {chip.ram_size:,} bytes ({share:.1f} %)"
    for stack in image.stacks:
        yield "stack", f"{stack.size:,} bytes, 0x{stack.low:08x}-0x{stack.high - 1:08x} ({stack.source})"
    heap = image.heap_bounds()
    if heap is not None:
        yield "heap", f"{heap.size:,} bytes, 0x{heap.low:08x}-0x{heap.high - 1:08x} ({heap.source})"


def _start(image: Image, override: int | None) -> Iterator[tuple[str, str]]:
    from ..image import ImageError, vector_table  # noqa: PLC0415

    try:
        table = vector_table(image, override=override)
    except ImageError:
        if override is not None:
            raise
        yield "vector table", "none found; `cmsim run` needs --vector"
        return
    yield "vector table", f"0x{table.address:08x} ({table.found_by}), stack pointer 0x{table.initial_sp:08x}"
    function = image.function_at(table.reset)
    line = image.line(table.reset)
    yield "reset", f"0x{table.reset:08x}{f' {function.demangled}' if function else ''}{f', {line}' if line else ''}"


def _symbols(image: Image) -> Iterator[tuple[str, str]]:
    symbols = image.symbols
    if not len(symbols):
        yield "symbols", "none: the image is stripped, or its format has none"
        return
    objects = sum(symbol.kind == "object" for symbol in symbols)
    yield "symbols", f"{len(symbols):,}: {len(symbols.functions):,} functions, {objects:,} objects"


def _measures(image: Image) -> Iterator[tuple[str, str]]:
    from ..measure.arena import CONSTRUCTORS, gives_memory, sites  # noqa: PLC0415
    from ..measure.heap import allocators  # noqa: PLC0415
    from ..measure.inferences import INFERENCE_FUNCTIONS, OPERATOR_FUNCTION, find_inference_functions  # noqa: PLC0415
    from ..measure.tflm import CALLERS, callers  # noqa: PLC0415

    yield "cycles", "yes, instructions too"
    functions = find_inference_functions(image)
    for name, address in functions.items():
        yield "inferences", f"yes: {name} at 0x{address:08x}"
    if not functions:
        known = ", ".join(name.partition("(")[0] for name in INFERENCE_FUNCTIONS)
        yield "inferences", f"no: the image has none of {known}; name a function with --inference-function"
    ours = [symbol for symbol in image.symbols.functions if symbol.demangled.startswith(OPERATOR_FUNCTION + "(")]
    found = next(iter(ours + callers(image)), None)
    neither = f"there is no {OPERATOR_FUNCTION}, which cmsim's own interpreter has, and no {CALLERS[0]}"
    yield "operators", f"yes: {found.qualified} at 0x{found.address:08x}" if found else f"no: {neither}"
    given = next(sites(image), None)
    if given is not None:
        yield "arena", f"yes: {given.name} at 0x{given.address:08x}"
    elif any(map(gives_memory, image.symbols.functions)):
        yield "arena", "what is written of it: all constructors were inlined"
    else:
        yield "arena", f"no: no constructor of an interpreter, such as {next(iter(CONSTRUCTORS))}"
    stack = image.stack_bounds()
    yield "stack", f"yes, {stack.source}" if stack else "no: no symbols such as __StackLimit and __StackTop"
    heap = allocators(image)
    yield "heap", f"yes: {', '.join(heap)}" if heap else "no: no allocator such as malloc"
    yield "static RAM", "yes" if image.sections else "no: only an ELF has sections"
    lines = len(image.lines)
    yield "source lines", f"yes, {lines:,} rows of DWARF" if lines else "no: no DWARF line table; compile with -g"
    for problem in image.lines.problems:
        yield "", f"DWARF: {problem}"
