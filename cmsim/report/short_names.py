"""C++ names as short as a picture needs them, or a table where there is no room for the whole name."""

from __future__ import annotations

from functools import lru_cache

from ..image.cxx_names import qualified_name

_ANONYMOUS, _LAMBDA = "(anonymous namespace)::", "'lambda"
PARTS, LONGEST_ARGUMENT = 2, 16
LONGEST = 70
"""A name that a table shows whole."""


@lru_cache(maxsize=1 << 14)
def short_name(name: str) -> str:
    """The last two parts of the qualified name, with the first template argument of each.

    "void ns::a::f<ns::X, int>(int)" gives "a::f<X, …>"; pseudo-functions, C names and addresses stay as they are.
    """
    if name.startswith("("):
        return name  # "(sleep)"
    parts = _split(qualified_name(name).replace(_ANONYMOUS, ""), "::")
    if parts[-1] == "operator()" and len(parts) > 1 and parts[-2].startswith(_LAMBDA):
        parts[-2:] = ["λ"]
    return "::".join(_part(part) for part in parts[-PARTS:])


def fitting(name: str) -> str:
    """A name whole, or short where a table would cut it off: templates differ at their ends. "file: " stays."""
    file, colon, bare = name.rpartition(": ")
    return name if len(name) <= LONGEST else file + colon + short_name(bare)


def _part(part: str) -> str:
    if part.startswith("operator"):
        return part
    if part.endswith(")"):
        part = part.partition("(")[0]  # a function that a lambda or a class lies in
    opening = part.find("<")
    if opening < 1 or not part.endswith(">"):
        return part
    arguments = _split(part[opening + 1 : -1], ",")
    first = _split(qualified_name(arguments[0].strip()), "::")[-1].partition("<")[0]
    if not first or len(first) > LONGEST_ARGUMENT:
        return part[:opening]
    return f"{part[:opening]}<{first}{', …' if len(arguments) > 1 else ''}>"


def _split(text: str, separator: str) -> list[str]:
    """At the separators that no bracket encloses."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        sign = text[position]
        if sign in "<([{":
            depth += 1
        elif sign in ">)]}" and depth:
            depth -= 1
        elif depth == 0 and text.startswith(separator, position):
            parts.append(text[start:position])
            position += len(separator)
            start = position
            continue
        position += 1
    return [*parts, text[start:]]
