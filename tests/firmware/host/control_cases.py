"""Models with several subgraphs and with resource variables."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "firmware" / "tools"))
from tflite_writer import ModelWriter, Quantization, Subgraph

UNIT = Quantization(1.0, 0)


def float_pair(graph: Subgraph, count: int = 4) -> tuple[int, int]:
    """A float32 input and output."""
    return graph.tensor("input", (1, count), "float32"), graph.tensor("output", (1, count), "float32")


def unary(graph: Subgraph, operator: str) -> None:
    """Fills a subgraph with one operator."""
    source, result = float_pair(graph)
    graph.inputs, graph.outputs = [source], [result]
    graph.operator(operator, [source], [result])


def branches(then: str = "RELU", otherwise: str = "NEG", *, around: bool = True) -> bytes:
    """IF on a bool input, with an operator before and behind it."""
    writer = ModelWriter()
    main, first, second = writer.subgraph("main"), writer.subgraph("then"), writer.subgraph("else")
    condition = main.tensor("condition", (1,), "bool")
    source, result = float_pair(main)
    main.inputs, main.outputs = [condition, source], [result]
    options = {"then_subgraph_index": 1, "else_subgraph_index": 2}
    if around:
        doubled, chosen = (main.tensor(name, (1, 4), "float32") for name in ("doubled", "chosen"))
        main.operator("ADD", [source, source], [doubled])
        main.operator("IF", [condition, doubled], [chosen], options)
        main.operator("ADD", [chosen, doubled], [result])
    else:
        main.operator("IF", [condition, source], [result], options)
    unary(first, then)
    unary(second, otherwise)
    return writer.finish()


def counting(limit: float = 10.0) -> bytes:
    """WHILE x < limit in its first element: x = x + step; the second value, step, is handed through."""
    writer = ModelWriter()
    main, condition, body = writer.subgraph("main"), writer.subgraph("condition"), writer.subgraph("body")
    inputs = [main.tensor("x", (1,), "float32"), main.tensor("step", (1,), "float32")]
    outputs = [main.tensor("end", (1,), "float32"), main.tensor("same", (1,), "float32")]
    main.inputs, main.outputs = inputs, outputs
    main.operator("WHILE", inputs, outputs, {"cond_subgraph_index": 1, "body_subgraph_index": 2})

    condition.inputs = [condition.tensor("x", (1,), "float32"), condition.tensor("step", (1,), "float32")]
    bound = condition.constant("limit", np.array([limit], np.float32))
    condition.outputs = [condition.tensor("less", (1,), "bool")]
    condition.operator("LESS", [condition.inputs[0], bound], condition.outputs)

    body.inputs = [body.tensor("x", (1,), "float32"), body.tensor("step", (1,), "float32")]
    total = body.tensor("sum", (1,), "float32")
    body.operator("ADD", body.inputs, [total])
    body.outputs = [total, body.inputs[1]]
    return writer.finish()


def accumulator(initial: list[int] | None = None, *, zero_point: int = 0) -> bytes:
    """int8 variable `sum`: each inference adds the input. With `initial`, CALL_ONCE assigns that first."""
    writer = ModelWriter()
    main = writer.subgraph("main")
    quantization = Quantization(1.0, zero_point)
    source = main.tensor("input", (1, 4), "int8", quantization)
    handle = main.tensor("handle", (), "resource")
    old, new = (main.tensor(name, (1, 4), "int8", quantization) for name in ("old", "new"))
    if initial is not None:
        main.operator("CALL_ONCE", [], [], {"init_subgraph_index": 1})
    main.operator("VAR_HANDLE", [], [handle], {"container": "", "shared_name": "sum"})
    main.operator("READ_VARIABLE", [handle], [old])
    main.operator("ADD", [old, source], [new])
    main.operator("ASSIGN_VARIABLE", [handle, new], [])
    main.inputs, main.outputs = [source], [new]
    if initial is not None:
        setup = writer.subgraph("initialise")
        value = setup.constant("initial", np.array([initial], np.int8), quantization)
        where = setup.tensor("handle", (), "resource")
        setup.operator("VAR_HANDLE", [], [where], {"container": "", "shared_name": "sum"})
        setup.operator("ASSIGN_VARIABLE", [where, value], [])
    return writer.finish()


def nested(depth: int, *, recursive: bool = False) -> bytes:
    """A chain of `depth` IFs, each in the branches of the one before; the last calls the first again if `recursive`."""
    writer = ModelWriter()
    graphs = [writer.subgraph(f"level {level}") for level in range(depth + 1)]
    for level, graph in enumerate(graphs):
        source, result = float_pair(graph, 1)
        flag = graph.constant("yes", np.array([True]))
        graph.inputs, graph.outputs = [source], [result]
        if level < depth or recursive:
            following = (level + 1) % (depth + 1)
            graph.operator("IF", [flag, source], [result],
                           {"then_subgraph_index": following, "else_subgraph_index": following})
        else:
            graph.operator("NEG", [source], [result])
    return writer.finish()


CASES = {
    "if": branches(),
    "if alone": branches("ABS", "RELU", around=False),
    "while": counting(),
    "variable": accumulator(),
    "variable with zero point": accumulator(zero_point=-7),
    "call once": accumulator([5, -6, 7, -8]),
    "nested": nested(3),
}
