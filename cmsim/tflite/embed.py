"""A model as a C++ source file for firmware: the bytes, their number, and a resolver of just its operators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .model import Model, ModelError

ALIGNMENT = 16
BYTES_A_LINE = 20


def embed(model: Model, name: str = "model") -> str:
    """The source: `g_<name>`, `g_<name>_size` and `g_<name>_operators` (firmware/interpreter/interpreter.h).

    Names of custom operators that are no C++ identifiers are made into some. ModelError for a model without operators.
    """
    if not model.operator_versions():
        raise ModelError(f"{model.path}: the model has no operators: nothing would run")
    return "\n".join(_lines(model, name)) + "\n"


def _lines(model: Model, name: str) -> Iterator[str]:
    operators = model.operator_versions()
    custom = [identifier(operator) for operator, is_custom in operators if is_custom]
    resolver = f"cmsim::OpResolver<{len(operators)}> g_{name}_operators"
    yield f"// {_comment(model.name)}, made into C++ by `cmsim model embed`. To use it, declare:"
    yield "//"
    yield f'//     extern "C" const uint8_t g_{name}[];'
    yield f'//     extern "C" const uint32_t g_{name}_size;'
    yield f"//     extern const {resolver};"
    yield f"//     cmsim::Interpreter interpreter(g_{name}, g_{name}_size, g_{name}_operators, arena, sizeof arena);"
    if custom:
        yield "//"
        yield f"// Yours to define: const cmsim::Registration {', '.join(custom)}."
    yield "#include <stdint.h>"
    yield ""
    yield '#include "kernels/operators.h"'
    yield ""
    yield from (f"extern const cmsim::Registration {operator};" for operator in custom)
    yield f"extern const {resolver};"
    yield f"const {resolver} = cmsim::op_resolver("
    entries = [_entry(operator, is_custom, version) for (operator, is_custom), version in operators.items()]
    for number, (entry, comment) in enumerate(entries):
        yield f"    {entry}{',' if number + 1 < len(entries) else ');'}  // {comment}"
    yield ""
    yield 'extern "C" {'
    yield f"extern const uint32_t g_{name}_size;"
    yield f"extern const uint8_t g_{name}[];"
    yield f"const uint32_t g_{name}_size = {len(model.content)};"
    yield f"alignas({ALIGNMENT}) const uint8_t g_{name}[] = {{"
    for start in range(0, len(model.content), BYTES_A_LINE):
        yield "    " + "".join(f"{byte}," for byte in model.content[start : start + BYTES_A_LINE])
    yield "};"
    yield "}"


def _entry(operator: str, is_custom: bool, version: int) -> tuple[str, str]:
    if is_custom:
        return identifier(operator), f"custom operator {_comment(operator)!r}"
    return f"cmsim::op::{operator}", f"version {version}"


def _comment(text: str) -> str:
    """Text that cannot end a line comment, or go on with it in the next line."""
    return re.sub(r"[^ -\[\]-~]", "_", text)


def identifier(text: str) -> str:
    """`text` as a C++ identifier."""
    word = re.sub(r"\W", "_", text, flags=re.ASCII)
    return word if re.match(r"[A-Za-z]", word) else f"operator_{word}"
