"""Operators of TensorFlow Lite Micro firmware, found in its code: what InvokeSubgraph calls through a register.

The second argument of such a call is the node; TFLM keeps the pointer to the node's registration right behind it. A
registration has five words of which the fourth is the function that is called, then the operator's builtin code and the
pointer to a custom operator's name. It is recognised by that fourth word, whatever the node's size in this release.

Not modelled: firmware whose InvokeSubgraph was inlined elsewhere than into Invoke, or has no symbol; operators inside
operators (IF, WHILE) count to the outer one.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..cortex_m.cpu import Cpu
from ..cortex_m.decode import decode
from ..image import Image, Symbol
from ..tflite.names import CUSTOM, OPERATORS
from .arguments import word

CALLERS = ("tflite::MicroInterpreterGraph::InvokeSubgraph", "tflite::MicroGraph::InvokeSubgraph",
           "tflite::MicroInterpreter::Invoke")  # fmt: skip
"""The graph of an interpreter; the second name is that of releases until 2023, of the Arduino library among them. The
compiler may put it into the third one."""
FARTHEST = 64
"""Bytes behind the node's start within which the registration's pointer stands (28 in releases up to 2025)."""
INVOKE, BUILTIN_CODE, CUSTOM_NAME = 12, 20, 24
"""Offsets within a registration."""
LONGEST_NAME = 64


def callers(image: Image) -> list[Symbol]:
    """The functions of the image that call operators, in the order of CALLERS."""
    found = [symbol for symbol in image.symbols.functions if symbol.qualified in CALLERS]
    return sorted(found, key=lambda symbol: CALLERS.index(symbol.qualified))


def call_sites(image: Image, cpu: Cpu) -> Iterator[tuple[int, int]]:
    """(address, register) of each BLX through a register in InvokeSubgraph."""
    for symbol in callers(image):
        found = cpu.bus.memory(symbol.address, symbol.size)
        if found is None:
            continue
        data, offset = found
        for instruction in decode(bytes(data[offset : offset + symbol.size]), symbol.address):
            if instruction.size == 2 and instruction.word & 0xFF87 == 0x4780:
                yield instruction.address, instruction.word >> 3 & 15


def operator_name(cpu: Cpu, image: Image, node: int, function: int) -> str | None:
    """What the call of `function` with `node` executes; None if the node has no registration: no operator's call."""
    for behind in range(0, FARTHEST, 4):
        registration = word(cpu, node + behind)
        if registration is None or word(cpu, registration + INVOKE) != function:
            continue
        code = word(cpu, registration + BUILTIN_CODE)
        if code is not None and code < len(OPERATORS) and code != CUSTOM:
            return OPERATORS[code]
        return _text(cpu, word(cpu, registration + CUSTOM_NAME)) or _function_name(image, function)
    return None


def _function_name(image: Image, function: int) -> str:
    symbol = image.function_at(function & ~1)
    return f"0x{function & ~1:08x}" if symbol is None else symbol.qualified


def _text(cpu: Cpu, address: int | None) -> str | None:
    found = None if address is None else cpu.bus.memory(address, 1)
    if found is None or address == 0:
        return None
    text = bytes(found[0][found[1] : found[1] + LONGEST_NAME]).partition(b"\0")[0]
    return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() and text else None
