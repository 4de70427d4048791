"""The call tree as a pprof profile: a Protocol Buffers message of the public `profile.proto`, gzipped.

One sample a call path, its leaf first, with the cycles, instructions and calls of the path itself, and its cycles as
nanoseconds. The message's fields that are used here are declared below; the rest of the format is not needed.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ..kernel import CPU_HZ
from ..whole_file import write_whole
from .function_names import Function, function, shared_names, told_apart

INT64, UINT64, STRING, BOOL, MESSAGE = 3, 4, 9, 8, 11
"""Types of fields, as descriptor.proto numbers them."""
FIELDS: dict[str, dict[str, tuple[int, int | str, bool]]] = {
    "ValueType": {"type": (1, INT64, False), "unit": (2, INT64, False)},
    "Sample": {"location_id": (1, UINT64, True), "value": (2, INT64, True)},
    "Mapping": {"id": (1, UINT64, False), "memory_start": (2, UINT64, False), "memory_limit": (3, UINT64, False),
                "filename": (5, INT64, False), "has_functions": (7, BOOL, False)},
    "Line": {"function_id": (1, UINT64, False), "line": (2, INT64, False)},
    "Location": {"id": (1, UINT64, False), "mapping_id": (2, UINT64, False), "address": (3, UINT64, False),
                 "line": (4, "Line", True)},
    "Function": {"id": (1, UINT64, False), "name": (2, INT64, False), "system_name": (3, INT64, False),
                 "filename": (4, INT64, False), "start_line": (5, INT64, False)},
    "Profile": {"sample_type": (1, "ValueType", True), "sample": (2, "Sample", True), "mapping": (3, "Mapping", True),
                "location": (4, "Location", True), "function": (5, "Function", True), "string_table": (6, STRING, True),
                "duration_nanos": (10, INT64, False), "period_type": (11, "ValueType", False),
                "period": (12, INT64, False), "default_sample_type": (14, INT64, False)},
}  # fmt: skip
"""Message -> field -> (number, type, whether it is repeated)."""
PACKAGE = "perftools.profiles"
SAMPLE_TYPES = (("calls", "count"), ("instructions", "count"), ("cpu", "nanoseconds"), ("cycles", "count"))


def write_pprof(record: Mapping[str, Any], path: str | Path) -> None:
    """Write the profile of a record. UsageError if it cannot be written."""
    write_whole(path, pprof(record))


def pprof(record: Mapping[str, Any]) -> bytes:
    """The file's content, the same for the same record."""
    profile = _profile_class()()
    strings: dict[str, int] = {"": 0}

    def text(value: str) -> int:
        return strings.setdefault(value, len(strings))

    for kind, unit in SAMPLE_TYPES:
        profile.sample_type.add(type=text(kind), unit=text(unit))
    profile.period_type.type, profile.period_type.unit, profile.period = text("cycles"), text("count"), 1
    profile.default_sample_type = text("cycles")
    profile.duration_nanos = _nanoseconds(record["cycles"])
    profile.mapping.add(id=1, memory_limit=1 << 32, filename=text(record["firmware"]["name"]), has_functions=True)
    sources = {function(row): row.get("source") or "" for row in record["profile"]["functions"]}
    shared = shared_names(record)
    numbers: dict[Function, int] = {}
    paths: list[tuple[int, ...]] = []
    told = 0
    for node in record["profile"]["call_tree"]:
        whose = function(node)
        if whose not in numbers:
            number = numbers[whose] = len(numbers) + 1
            file, _, line = sources.get(whose, "").rpartition(":")
            profile.function.add(id=number, name=text(told_apart(node, shared)), system_name=text(whose[0]),
                                 filename=text(file), start_line=int(line or 0))
            location = profile.location.add(id=number, mapping_id=1, address=whose[1] or 0)
            location.line.add(function_id=number, line=int(line or 0))
        callers = () if node["parent"] is None else paths[node["parent"]]
        paths.append((numbers[whose], *callers))
        if node["exclusive_cycles"] or node["calls"]:
            cycles = node["exclusive_cycles"]
            time = _nanoseconds(told + cycles) - _nanoseconds(told)  # rounded so that all add up to the duration
            told += cycles
            values = (node["calls"], node["instructions"], time, cycles)
            profile.sample.add(location_id=paths[-1], value=values)
    profile.string_table.extend(strings)
    return gzip.compress(profile.SerializeToString(deterministic=True), mtime=0)


def _nanoseconds(cycles: int) -> int:
    return cycles * 10**9 // CPU_HZ


@cache
def _profile_class() -> Any:
    """The class of the message, made from `FIELDS`."""
    file: Any = descriptor_pb2.FileDescriptorProto(name="cmsim/pprof.proto", package=PACKAGE, syntax="proto3")
    for message, fields in FIELDS.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            field = described.field.add(name=name, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                field.type, field.type_name = MESSAGE, f".{PACKAGE}.{kind}"
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Profile"))
