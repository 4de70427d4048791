"""Taking a demangled C++ name apart: which part of it a person types."""

from __future__ import annotations

import re
from functools import lru_cache

_OPEN, _CLOSE = "<([{", ">)]}"
_OPERATOR = re.compile(r"\boperator(<=>|->\*|<<=|>>=|<<|>>|<=|>=|->|\(\)|\[\]|<|>|,)")
"""Operators whose signs would be taken for brackets."""
_CONVERSION = re.compile(r'\boperator(?=[ "])')
"""`operator bool`, `operator new[]`, `operator"" _km`: what follows the space belongs to the name."""
_THUNK = re.compile(r"(virtual|non-virtual|covariant return) thunk to ")
_AFTER_PARAMETERS = re.compile(r"( (const|volatile|noexcept)| requires .*| ?&&?| ?\[clone [^\]]*\]| ?\[abi:[^\]]*\])*$")


def canonical(name: str) -> str:
    """The name without the spaces that do not part two words, so that spelling does not matter."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", name.strip())


@lru_cache(maxsize=1 << 16)
def qualified_name(demangled: str) -> str:
    """The name of a demangled function without return type, parameters and qualifiers; other names as they are.

    "auto ns::f<int>(int) const" gives "ns::f<int>"; "vtable for S" has no parameters and stays.
    """
    if _THUNK.match(demangled):
        return demangled  # a stub in front of the function, which must not pass for it
    start = position = depth = 0
    group = 0
    conversion = False
    while position < len(demangled):
        if operator := _OPERATOR.match(demangled, position):
            position = operator.end()
            continue
        if depth == 0 and _CONVERSION.match(demangled, position):
            conversion = True
        sign = demangled[position]
        if sign in _OPEN:
            if depth == 0:
                group = position
            depth += 1
        elif sign in _CLOSE and depth:
            depth -= 1
            if depth == 0 and sign == ")" and _AFTER_PARAMETERS.match(demangled, position + 1):
                return demangled[start:group]
        elif sign == " " and depth == 0 and not conversion:
            start = position + 1
        position += 1
    return demangled


def arguments(demangled: str) -> list[str]:
    """The types of a demangled function's arguments: "f(int, std::map<int, char>) const" gives two."""
    name = qualified_name(demangled)
    begin = demangled.find(name) + len(name)
    found: list[str] = []
    depth, start = 0, begin + 1
    for position in range(begin, len(demangled)):
        sign = demangled[position]
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth -= 1
        if depth == 0 or (depth == 1 and sign == ","):
            found.append(demangled[start:position].strip())
            start = position + 1
        if depth == 0:
            break
    return [] if found in (["void"], [""]) else found
