"""Quantises the folded network and writes it as a `.tflite` file: int8 in and out, weights per channel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from network import CLASSES, layers

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "tools")]

from tflite_writer import ModelWriter, Quantization, Subgraph  # noqa: E402

INPUT = Quantization(float(np.float32(1 / 127.5)), -1)
"""A pixel p is (p - 127) / 127.5."""


def _range(values: Any) -> Quantization:
    low, high = min(0.0, float(values.min())), max(1e-3, float(values.max()))
    scale = float(np.float32((high - low) / 255))
    return Quantization(scale, round(-128 - low / scale))


def _weights(graph: Subgraph, name: str, kernel: Any, bias: Any, input_scale: float, axis: int,
             per_channel: bool = True) -> list[int]:
    others = tuple(d for d in range(kernel.ndim) if d != axis) if per_channel else None
    largest = np.atleast_1d(np.maximum(np.abs(kernel).max(axis=others), 1e-6))
    scales = (largest / 127).astype(np.float32)
    shape = [1] * kernel.ndim
    shape[axis] = -1
    quantised = np.clip(np.rint(kernel / scales.reshape(shape if per_channel else [1] * kernel.ndim)), -127, 127)
    bias_scales = (scales.astype(np.float64) * input_scale).astype(np.float32)
    zeros = [0] * len(scales)
    return [graph.constant(f"{name}/weights", quantised.astype(np.int8),
                           Quantization(scales, zeros, axis if per_channel else None)),
            graph.constant(f"{name}/bias", np.rint(bias / bias_scales).astype(np.int32),
                           Quantization(bias_scales, zeros, 0 if per_channel else None))]


def export(folded: list[tuple[Any, Any]], ranges: list[Any]) -> bytes:
    """The `.tflite` bytes; `ranges` are the activations (`network.activations`) of pictures for calibration."""
    writer = ModelWriter("person: MobileNet v1 0.25, 96 x 96 gray to no person, person")
    graph = writer.subgraph("main")
    x = image = graph.tensor("image", (1, 96, 96, 1), "int8", INPUT)
    quantization, size = INPUT, 96

    def scale() -> float:
        return float(quantization.scales()[0])

    for n, ((kind, stride, ins, outs), (kernel, bias)) in enumerate(zip(layers(), folded, strict=False)):
        size //= stride
        following = _range(np.asarray(ranges[n]))
        y = graph.tensor(f"{kind}{n}", (1, size, size, outs), "int8", following)
        options: dict[str, Any] = {"padding": "SAME", "stride_w": stride, "stride_h": stride,
                                   "fused_activation_function": "RELU6"}
        if kind == "depthwise":
            w = _weights(graph, f"{n}", kernel.reshape(1, 3, 3, ins), bias, scale(), 3)
            graph.operator("DEPTHWISE_CONV_2D", [x, *w], [y], {**options, "depth_multiplier": 1}, version=3)
        else:
            side = 3 if kind == "full" else 1
            w = _weights(graph, f"{n}", kernel.reshape(side, side, ins, outs).transpose(3, 0, 1, 2), bias, scale(), 0)
            graph.operator("CONV_2D", [x, *w], [y], options, version=3)
        x, quantization = y, following
    mean = graph.tensor("mean", (1, 1, 1, 256), "int8", quantization)
    graph.operator("AVERAGE_POOL_2D", [x], [mean], {"padding": "VALID", "stride_w": 1, "stride_h": 1,
                                                    "filter_width": size, "filter_height": size}, version=2)
    flat = graph.tensor("flat", (1, 256), "int8", quantization)
    graph.operator("RESHAPE", [mean, graph.constant("shape", np.array([1, 256], np.int32))], [flat],
                   {"new_shape": [1, 256]})
    logits = graph.tensor("logits", (1, CLASSES), "int8", _range(np.asarray(ranges[-1])))
    dense = _weights(graph, "dense", folded[-1][0].T, folded[-1][1], scale(), 0, per_channel=False)
    graph.operator("FULLY_CONNECTED", [flat, *dense], [logits], version=4)
    scores = graph.tensor("scores", (1, CLASSES), "int8", Quantization(1 / 256, -128))
    graph.operator("SOFTMAX", [logits], [scores], {"beta": 1.0}, version=2)
    graph.inputs, graph.outputs = [image], [scores]
    return writer.finish()
