"""Random models with several subgraphs or resource variables. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from operator_cases import Feed, OperatorCase, Result, Shape, choose, quantization, shape
from tflite_writer import ModelWriter, OptionValue, Quantization, Subgraph

Generator = np.random.Generator
UNARY = ("ABS", "RELU", "LOGISTIC")
BINARY = ("ADD", "MUL", "MAXIMUM")
INT8 = {"LOGISTIC": Quantization(1 / 256, -128)}
"""The output quantisation that an operator prescribes."""


def _case(writer: ModelWriter, name: str, feeds: list[Feed], results: list[Result], *,
          options: dict[str, OptionValue] | None = None, hidden: set[int] | None = None) -> OperatorCase:
    return OperatorCase(writer.finish(), feeds, results, name, options or {}, frozenset(hidden or ()))


def _branch(rng: Generator, graph: Subgraph, dims: Shape, dtype: str, q: Quantization | None, end: Quantization | None) -> None:
    """Some operators one after the other, the last of which gives `end`."""
    source = graph.tensor("input", dims, dtype, q)
    graph.inputs = [source]
    for _ in range(int(rng.integers(0, 3))):
        operator = choose(rng, *UNARY)
        result = graph.tensor("middle", dims, dtype, INT8.get(operator, quantization(rng, dtype)) if q else None)
        graph.operator(operator, [source], [result])
        source = result
    graph.outputs = [graph.tensor("output", dims, dtype, end)]
    graph.operator(choose(rng, *BINARY[:2]), [graph.inputs[0], source], graph.outputs, version=2)


def if_(rng: Generator) -> OperatorCase:
    """IF on a bool input, with operators before and behind it; the branches differ."""
    dims, dtype = shape(rng), choose(rng, "int8", "float32")
    q, inner, end, last = (quantization(rng, dtype) for _ in range(4))
    writer = ModelWriter()
    main, then, otherwise = writer.subgraph("main"), writer.subgraph("then"), writer.subgraph("else")
    condition, source = main.tensor("condition", (1,), "bool"), main.tensor("input", dims, dtype, q)
    before, chosen, result = (main.tensor(n, dims, dtype, p) for n, p in (("before", inner), ("chosen", end), ("result", last)))
    options = {"then_subgraph_index": 1, "else_subgraph_index": 2}
    main.operator("RELU", [source], [before])
    main.operator("IF", [condition, before], [chosen], options)
    main.operator("ADD", [chosen, source], [result], version=2)
    main.inputs, main.outputs = [condition, source], [result]
    for graph in (then, otherwise):
        _branch(rng, graph, dims, dtype, inner, end)
    return _case(writer, "IF", [Feed((1,), "bool"), Feed(dims, dtype, q)], [Result(dims, dtype, last)], options=dict(options))


def while_(rng: Generator) -> OperatorCase:
    """WHILE count < limit: count = count + 1, value = value (+ or *) step, step handed through; none to six rounds."""
    dims, dtype = shape(rng, (1, 3)), choose(rng, "int8", "float32")
    q = quantization(rng, dtype)
    limit, operator = int(rng.integers(1, 7)), choose(rng, *BINARY)
    writer = ModelWriter()
    main, condition, body = writer.subgraph("main"), writer.subgraph("condition"), writer.subgraph("body")

    def state(graph: Subgraph) -> list[int]:
        return [graph.tensor("count", (1,), "int32"), graph.tensor("value", dims, dtype, q), graph.tensor("step", dims, dtype, q)]

    main.inputs, main.outputs = state(main), state(main)
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    main.operator("WHILE", main.inputs, main.outputs, options)
    condition.inputs = state(condition)
    condition.outputs = [condition.tensor("less", (1,), "bool")]
    condition.operator("LESS", [condition.inputs[0], condition.constant("limit", np.array([limit], np.int32))], condition.outputs)
    body.inputs = state(body)
    counted, computed = body.tensor("counted", (1,), "int32"), body.tensor("computed", dims, dtype, q)
    body.operator("ADD", [body.inputs[0], body.constant("one", np.array([1], np.int32))], [counted])
    body.operator(operator, body.inputs[1:], [computed], version=2)
    body.outputs = [counted, computed, body.inputs[2]]
    count = Feed((1,), "int32", None, lambda r: r.integers(0, 8, 1).astype(np.int32))
    return _case(writer, "WHILE", [count, Feed(dims, dtype, q), Feed(dims, dtype, q)],
                 [Result((1,), "int32"), Result(dims, dtype, q), Result(dims, dtype, q)], options=dict(options))


def variables(rng: Generator) -> OperatorCase:
    """One or two variables, each read, combined with the input and assigned; some first assigned in CALL_ONCE's subgraph."""
    writer = ModelWriter()
    main = writer.subgraph("main")
    setup: Subgraph | None = None
    feeds, results = [], []
    handles = set()
    for number in range(int(rng.integers(1, 3))):
        dims, dtype = shape(rng, (1, 3)), choose(rng, "int8", "float32")
        q = quantization(rng, dtype)
        name = {"container": "", "shared_name": f"variable {number}"}
        if rng.random() < 0.5:
            if setup is None:
                setup = writer.subgraph("initialise")
                main.operator("CALL_ONCE", [], [], {"init_subgraph_index": 1})
            where = setup.tensor("handle", (), "resource")
            setup.operator("VAR_HANDLE", [], [where], name)
            setup.operator("ASSIGN_VARIABLE", [where, setup.constant("initial", Feed(dims, dtype).random(rng), q)], [])
        handle = main.tensor("handle", (), "resource")
        handles.add(handle)
        source, old, new = (main.tensor(n, dims, dtype, q) for n in ("input", "old", "new"))
        main.operator("VAR_HANDLE", [], [handle], name)
        main.operator("READ_VARIABLE", [handle], [old])
        main.operator(choose(rng, *BINARY), [old, source], [new], version=2)
        main.operator("ASSIGN_VARIABLE", [handle, new], [])
        main.inputs.append(source)
        main.outputs.append(new)
        feeds.append(Feed(dims, dtype, q))
        results.append(Result(dims, dtype, q))
    return _case(writer, "CALL_ONCE" if setup else "VAR_HANDLE", feeds, results, hidden=handles)


CASES: dict[str, Callable[[Generator], OperatorCase]] = {"IF": if_, "WHILE": while_, "variables": variables}
