"""What a model holds, as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .macs import macs
from .model import Model, Operator, Subgraph, Tensor

WIDTH = 80
LONGEST_NAME = 40


def describe(model: Model) -> Iterator[str]:
    """Lines: the file, inputs and outputs, operators with options, quantisation and sizes."""
    total = sum(macs(subgraph, operator) for subgraph in model.subgraphs[:1] for operator in subgraph.operators)
    rest = len(model.content) - model.constant_bytes
    title = f": {model.description}" if model.description else ""
    yield f"{model.path}{title}"
    yield f"{'size':<13}{len(model.content):,} bytes: {model.constant_bytes:,} of constants, {rest:,} of structure"
    yield f"{'MACs':<13}{total:,} an inference"
    yield f"{'operators':<13}{len(model.operators)}, of {len(model.operator_versions())} kinds"
    for subgraph in model.subgraphs:
        yield ""
        if len(model.subgraphs) > 1:
            yield f"subgraph {subgraph.index}{f' ({subgraph.name})' if subgraph.name else ''}"
        yield from _subgraph(subgraph)
    if model.metadata:
        yield ""
        yield from (f"metadata     {name}: {size:,} bytes" for name, size in model.metadata)


def _subgraph(subgraph: Subgraph) -> Iterator[str]:
    for title, tensors in (("input", subgraph.inputs), ("output", subgraph.outputs)):
        for number, tensor in enumerate(tensors):
            yield f"{f'{title} {number}':<13}{tensor_text(tensor)}"
    for operator in subgraph.operators:
        yield from _operator(subgraph, operator)


def _operator(subgraph: Subgraph, operator: Operator) -> Iterator[str]:
    kind = "custom " if operator.is_custom else ""
    count = macs(subgraph, operator)
    work = f", {count:,} MACs" if count else ""
    yield f"{operator.index:>3} {kind}{operator.name} (version {operator.version}{work})"
    options = [f"{name} {value if not isinstance(value, float) else f'{value:g}'}"
               for name, value in operator.options.items()]
    if operator.custom_options:
        options.append(f"{operator.custom_options:,} bytes of custom options")
    if options:
        yield from textwrap.wrap(", ".join(options), WIDTH - 1, initial_indent="      ", subsequent_indent="      ")
    for arrow, indices in (("<-", operator.inputs), ("->", operator.outputs)):
        for index in indices:
            yield f"    {arrow} {tensor_text(subgraph.tensors[index]) if index >= 0 else 'none'}"


def tensor_text(tensor: Tensor) -> str:
    """Number, name, shape, type, bytes and quantisation of a tensor in one line."""
    name = tensor.name if len(tensor.name) <= LONGEST_NAME else f"...{tensor.name[3 - LONGEST_NAME:]}"
    size = "" if tensor.bytes is None else f", {tensor.bytes:,} bytes"
    kind = " constant" if tensor.data is not None else " variable" if tensor.is_variable else ""
    return f"#{tensor.index} {name or '-'}: {type_text(tensor)}{size}{kind}{_quantization(tensor)}"


def type_text(tensor: Tensor) -> str:
    """"INT8[1,96,96,1]"."""
    return f"{tensor.type}{shape_text(tensor.shape)}"


def shape_text(shape: tuple[int, ...]) -> str:
    """"[1,96,96,1]"."""
    return f"[{','.join(map(str, shape))}]"


def _quantization(tensor: Tensor) -> str:
    quantization = tensor.quantization
    if quantization is None:
        return ""
    if len(quantization.scales) == 1:
        return f", scale {quantization.scale:g}, zero point {quantization.zero_point}"
    low, high = min(quantization.scales), max(quantization.scales)
    return f", {len(quantization.scales)} scales {low:g} to {high:g} along axis {quantization.axis}"
