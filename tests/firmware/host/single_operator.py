"""Random models of one operator each, with every option that the kernels take. Same seed, same models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "firmware" / "tools"))
from tflite_writer import NO_TENSOR, ModelWriter, Quantization, Subgraph

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
Shape = tuple[int, ...]


@dataclass
class Case:
    """A model and the shape and type of its one input."""

    model: bytes
    shape: Shape
    dtype: str

    def inputs(self, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Random values for the input."""
        if self.dtype == "float32":
            wide = rng.choice([0.01, 1.0, 100.0, 1e6])
            values = rng.normal(0, wide, self.shape).astype(np.float32)
            if rng.random() < 0.3:  # exact halves, where rounding decides
                values = (np.rint(values) * np.float32(0.5)).astype(np.float32)
            return values
        values8 = rng.integers(-128, 128, self.shape).astype(np.int8)
        if rng.random() < 0.2:
            values8[...] = rng.choice([-128, 127])
        return values8


def _scale(rng: np.random.Generator, low: float = -3, high: float = 0) -> float:
    return float(np.float32(10 ** rng.uniform(low, high)))


def _quantization(rng: np.random.Generator) -> Quantization:
    return Quantization(_scale(rng), int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))])))


def _bias(graph: Subgraph, rng: np.random.Generator, count: int) -> int:
    kind = rng.integers(0, 4)
    if kind == 0:
        return NO_TENSOR
    wide = 1 << 30 if kind == 1 else 5000
    return graph.constant("bias", rng.integers(-wide, wide, count).astype(np.int32), Quantization(1.0))


def _window(rng: np.random.Generator, size: int, padding: str) -> tuple[int, int, int, int]:
    """Filter, stride, dilation and output size of an axis of `size`."""
    while True:
        kernel, stride, dilation = (int(v) for v in (rng.integers(1, 6), rng.integers(1, 4), rng.integers(1, 4)))
        span = (kernel - 1) * dilation + 1
        out = -(-size // stride) if padding == "SAME" else (size - span) // stride + 1
        if out > 0 and (padding == "SAME" or size >= span):
            return kernel, stride, dilation, out


def _finish(graph: Subgraph, source: int, result: int, shape: Shape, dtype: str = "int8") -> Case:
    graph.inputs, graph.outputs = [source], [result]
    return Case(graph.model.finish(), shape, dtype)


def conv_2d(rng: np.random.Generator) -> Case:
    """Groups, per-channel or per-tensor filters, with and without bias."""
    graph = ModelWriter().subgraph()
    batch, height, width = (int(v) for v in rng.integers(1, (3, 11, 11)))
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    depth, outputs = groups * int(rng.integers(1, 7)), groups * int(rng.integers(1, 7))
    padding = str(rng.choice(["SAME", "VALID"]))
    k_h, s_h, d_h, out_h = _window(rng, height, padding)
    k_w, s_w, d_w, out_w = _window(rng, width, padding)
    per_channel = outputs > 1 and rng.random() < 0.6
    filter_scale = [_scale(rng, -4, -1) for _ in range(outputs)] if per_channel else _scale(rng, -4, -1)
    source = graph.tensor("input", (batch, height, width, depth), "int8", _quantization(rng))
    weights = graph.constant("filter", rng.integers(-128, 128, (outputs, k_h, k_w, depth // groups)).astype(np.int8),
                             Quantization(filter_scale, 0, 0))
    bias = _bias(graph, rng, outputs)
    result = graph.tensor("output", (batch, out_h, out_w, outputs), "int8", _quantization(rng))
    inputs = [source, weights] if bias == NO_TENSOR and rng.random() < 0.5 else [source, weights, bias]
    graph.operator("CONV_2D", inputs, [result],
                   {"padding": padding, "stride_h": s_h, "stride_w": s_w, "dilation_h_factor": d_h,
                    "dilation_w_factor": d_w, "fused_activation_function": str(rng.choice(ACTIVATIONS))}, version=3)
    return _finish(graph, source, result, (batch, height, width, depth))


def depthwise_conv_2d(rng: np.random.Generator) -> Case:
    """Depth multipliers 1 to 4. A missing bias is left out: the reference crashes on one that is marked as such."""
    graph = ModelWriter().subgraph()
    batch, height, width, depth, multiplier = (int(v) for v in rng.integers(1, (3, 11, 11, 6, 5)))
    outputs = depth * multiplier
    padding = str(rng.choice(["SAME", "VALID"]))
    k_h, s_h, d_h, out_h = _window(rng, height, padding)
    k_w, s_w, d_w, out_w = _window(rng, width, padding)
    per_channel = outputs > 1 and rng.random() < 0.6
    filter_scale = [_scale(rng, -4, -1) for _ in range(outputs)] if per_channel else _scale(rng, -4, -1)
    source = graph.tensor("input", (batch, height, width, depth), "int8", _quantization(rng))
    weights = graph.constant("filter", rng.integers(-128, 128, (1, k_h, k_w, outputs)).astype(np.int8),
                             Quantization(filter_scale, 0, 3))
    bias = _bias(graph, rng, outputs)
    result = graph.tensor("output", (batch, out_h, out_w, outputs), "int8", _quantization(rng))
    graph.operator("DEPTHWISE_CONV_2D", [source, weights] if bias == NO_TENSOR else [source, weights, bias], [result],
                   {"padding": padding, "stride_h": s_h, "stride_w": s_w, "dilation_h_factor": d_h,
                    "dilation_w_factor": d_w, "depth_multiplier": multiplier,
                    "fused_activation_function": str(rng.choice(ACTIVATIONS))}, version=3)
    return _finish(graph, source, result, (batch, height, width, depth))


def fully_connected(rng: np.random.Generator) -> Case:
    """Per-channel and per-tensor weights, batches, inputs of 2 to 4 dimensions."""
    graph = ModelWriter().subgraph()
    rows, depth, outputs = (int(v) for v in rng.integers(1, (5, 40, 20)))
    shape: Shape = ((rows, depth), (rows, 1, depth), (rows, 1, 1, depth))[rng.integers(0, 3)]
    source_quantization, result_quantization = _quantization(rng), _quantization(rng)
    bias = _bias(graph, rng, outputs)
    if outputs > 1 and rng.random() < 0.5:
        weight_quantization = Quantization([_scale(rng, -4, -1) for _ in range(outputs)], 0, 0)
    else:
        # TensorFlow Lite demands a bias scale near the product here.
        scale = _scale(rng, -4, -1)
        weight_quantization = Quantization(scale)
        if bias != NO_TENSOR:
            product = float(np.float32(np.float64(np.float32(scale)) * source_quantization.scales()[0]))
            bias = graph.constant("bias", rng.integers(-5000, 5000, outputs).astype(np.int32), Quantization(product))
    source = graph.tensor("input", shape, "int8", source_quantization)
    weights = graph.constant("weights", rng.integers(-128, 128, (outputs, depth)).astype(np.int8), weight_quantization)
    result = graph.tensor("output", (rows, outputs), "int8", result_quantization)
    graph.operator("FULLY_CONNECTED", [source, weights, bias], [result],
                   {"fused_activation_function": str(rng.choice(ACTIVATIONS))}, version=4)
    return _finish(graph, source, result, shape)


def _pool(name: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        graph = ModelWriter().subgraph()
        batch, height, width, depth = (int(v) for v in rng.integers(1, (3, 12, 12, 6)))
        padding = str(rng.choice(["SAME", "VALID"]))
        while True:
            k_h, s_h, d_h, out_h = _window(rng, height, padding)
            k_w, s_w, d_w, out_w = _window(rng, width, padding)
            if d_h == d_w == 1:
                break
        quantization = _quantization(rng)
        source = graph.tensor("input", (batch, height, width, depth), "int8", quantization)
        result = graph.tensor("output", (batch, out_h, out_w, depth), "int8", quantization)
        graph.operator(name, [source], [result],
                       {"padding": padding, "stride_h": s_h, "stride_w": s_w, "filter_height": k_h,
                        "filter_width": k_w, "fused_activation_function": str(rng.choice(ACTIVATIONS))}, version=2)
        return _finish(graph, source, result, (batch, height, width, depth))

    return make


def reshape(rng: np.random.Generator) -> Case:
    """int8 and float32, with and without the second input."""
    graph = ModelWriter().subgraph()
    a, b, c = (int(v) for v in rng.integers(1, 8, 3))
    dtype = str(rng.choice(["int8", "float32"]))
    source = graph.tensor("input", (a, b, c), dtype, Quantization(0.5, 3))
    shape = (a * b, c) if rng.random() < 0.5 else (1, a * b * c)
    inputs = [source]
    if rng.random() < 0.5:
        inputs.append(graph.constant("shape", np.array(shape, np.int32)))
    result = graph.tensor("output", shape, dtype, Quantization(0.5, 3))
    graph.operator("RESHAPE", inputs, [result], {"new_shape": list(shape)})
    return _finish(graph, source, result, (a, b, c), dtype)


def softmax(rng: np.random.Generator) -> Case:
    """One to 300 classes, scales from useless to extreme."""
    graph = ModelWriter().subgraph()
    rows, depth = int(rng.integers(1, 4)), int(rng.choice([1, 2, 4, 10, 37, 300]))
    quantization = Quantization(_scale(rng, -6.5, 2), int(rng.integers(-128, 128)))
    source = graph.tensor("input", (rows, depth), "int8", quantization)
    result = graph.tensor("output", (rows, depth), "int8", Quantization(1 / 256, -128))
    graph.operator("SOFTMAX", [source], [result], {"beta": float(rng.choice([1.0, 1.0, 0.5, 3.0]))}, version=2)
    return _finish(graph, source, result, (rows, depth))


def quantize(rng: np.random.Generator) -> Case:
    """From float32 and from int8."""
    graph = ModelWriter().subgraph()
    shape = tuple(int(v) for v in rng.integers(1, 9, rng.integers(1, 4)))
    dtype = str(rng.choice(["int8", "float32"]))
    # Powers of two make exact halves.
    scale = float(2.0 ** rng.integers(-8, 2)) if rng.random() < 0.5 else _scale(rng)
    source = graph.tensor("input", shape, dtype, _quantization(rng) if dtype == "int8" else None)
    result = graph.tensor("output", shape, "int8", Quantization(scale, int(rng.integers(-128, 128))))
    graph.operator("QUANTIZE", [source], [result], version=2)
    return _finish(graph, source, result, shape, dtype)


def dequantize(rng: np.random.Generator) -> Case:
    """To float32."""
    graph = ModelWriter().subgraph()
    shape = tuple(int(v) for v in rng.integers(1, 9, rng.integers(1, 4)))
    source = graph.tensor("input", shape, "int8", _quantization(rng))
    result = graph.tensor("output", shape, "float32")
    graph.operator("DEQUANTIZE", [source], [result], version=2)
    return _finish(graph, source, result, shape)


GENERATORS: dict[str, Callable[[np.random.Generator], Case]] = {
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "QUANTIZE": quantize,
    "RESHAPE": reshape,
    "SOFTMAX": softmax,
}
