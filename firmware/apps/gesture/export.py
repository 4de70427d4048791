"""Quantises the trained gesture network and writes it as a `.tflite` file.

Convolutions have per-channel int8 weights, the fully connected layer per-tensor ones (what converters emit for int8);
activations are int8 per tensor, ranges from training inputs; biases int32. Input and output are float32.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from network import FILTERS, KERNEL, WIDE, Parameters, forward
from preprocess import CHANNELS, LABELS, WINDOW
from tflite_writer import ModelWriter, Quantization, Subgraph

Array = npt.NDArray[np.float64]

# The input saturates at 0.635: 5.1 g, or 635 dps. Strokes go beyond; resolution for walking and standing is worth more.
INPUT_SCALE = float(np.float32(0.005))


def _activation(values: Array) -> Quantization:
    """Quantisation of an activation with the range of `values`, zero included and exactly representable."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = float(np.float32((high - low) / 255))
    return Quantization(scale, round(-128 - low / scale))


def _weights(graph: Subgraph, name: str, weights: Array, bias: Array, *, input_scale: float,
             axis: int | None) -> tuple[int, int]:
    """Add symmetric int8 weights (per channel along `axis`, or per tensor) and int32 bias; return their indices."""
    others = None if axis is None else tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.atleast_1d(np.abs(weights).max(axis=others))
    scales = (largest / 127).astype(np.float32)
    shape = [1] * weights.ndim
    if axis is not None:
        shape[axis] = -1
    quantised = np.clip(np.rint(weights / scales.astype(np.float64).reshape(shape)), -127, 127).astype(np.int8)
    bias_scales = (scales.astype(np.float64) * input_scale).astype(np.float32)
    quantised_bias = np.rint(bias / bias_scales.astype(np.float64)).astype(np.int32)
    zeros = [0] * len(scales)
    bias_axis = None if axis is None else 0
    return (graph.constant(f"{name}/weights", quantised, Quantization(scales, zeros, axis)),
            graph.constant(f"{name}/bias", quantised_bias, Quantization(bias_scales, zeros, bias_axis)))


def export(parameters: Parameters, calibration: Array) -> bytes:
    """The `.tflite` bytes; `calibration` are network inputs [n, 40, 6] that set the ranges of the activations."""
    ranges: Mapping[str, Array] = forward(parameters, calibration)
    writer = ModelWriter("gesture: 40 steps of 6 motion channels to " + ", ".join(LABELS))
    graph = writer.subgraph("main")

    def activation(name: str, shape: tuple[int, ...], quantization: Quantization) -> int:
        return graph.tensor(name, shape, "int8", quantization)

    conv_time = WINDOW - KERNEL + 1
    time = conv_time // 2
    q_input = Quantization(INPUT_SCALE, 0)
    q_conv, q_depthwise, q_wide = (_activation(ranges[name]) for name in ("conv", "depthwise", "wide"))
    q_logits = _activation(ranges["logits"])
    q_softmax = Quantization(1 / 256, -128)  # fixed by the operator

    motion = graph.tensor("motion", (1, WINDOW, 1, CHANNELS), "float32")
    quantised = activation("quantised", (1, WINDOW, 1, CHANNELS), q_input)
    conv = activation("conv", (1, conv_time, 1, FILTERS), q_conv)
    pooled = activation("pooled", (1, time, 1, FILTERS), q_conv)
    depthwise = activation("depthwise", (1, time, 1, FILTERS), q_depthwise)
    wide = activation("wide", (1, time, 1, WIDE), q_wide)
    mean = activation("mean", (1, 1, 1, WIDE), q_wide)
    flat = activation("flat", (1, WIDE), q_wide)
    logits = activation("logits", (1, len(LABELS)), q_logits)
    softmax = activation("softmax", (1, len(LABELS)), q_softmax)
    probabilities = graph.tensor("probabilities", (1, len(LABELS)), "float32")

    def scale(quantization: Quantization) -> float:
        return float(quantization.scales()[0])

    # Schema layouts: convolution [out, height, width, in], depthwise [1, height, width, out], dense [out, in].
    w_conv = _weights(graph, "conv", parameters["conv"].reshape(KERNEL, 1, CHANNELS, FILTERS).transpose(3, 0, 1, 2),
                      parameters["conv_bias"], input_scale=scale(q_input), axis=0)
    w_depthwise = _weights(graph, "depthwise", parameters["depthwise"].reshape(1, KERNEL, 1, FILTERS),
                           parameters["depthwise_bias"], input_scale=scale(q_conv), axis=3)
    w_wide = _weights(graph, "wide", parameters["wide"].T.reshape(WIDE, 1, 1, FILTERS), parameters["wide_bias"],
                      input_scale=scale(q_depthwise), axis=0)
    w_dense = _weights(graph, "dense", parameters["dense"].T, parameters["dense_bias"],
                       input_scale=scale(q_wide), axis=None)
    shape = graph.constant("flat/shape", np.array([1, WIDE], np.int32))

    stride = {"stride_w": 1, "stride_h": 1}
    relu = {"fused_activation_function": "RELU"}
    graph.operator("QUANTIZE", [motion], [quantised])
    graph.operator("CONV_2D", [quantised, *w_conv], [conv], {"padding": "VALID", **stride, **relu}, version=3)
    graph.operator("MAX_POOL_2D", [conv], [pooled], {"padding": "VALID", "stride_w": 1, "stride_h": 2,
                                                    "filter_width": 1, "filter_height": 2}, version=2)
    graph.operator("DEPTHWISE_CONV_2D", [pooled, *w_depthwise], [depthwise],
                   {"padding": "SAME", **stride, "depth_multiplier": 1, **relu}, version=3)
    graph.operator("CONV_2D", [depthwise, *w_wide], [wide], {"padding": "VALID", **stride, **relu}, version=3)
    graph.operator("AVERAGE_POOL_2D", [wide], [mean], {"padding": "VALID", "stride_w": 1, "stride_h": time,
                                                      "filter_width": 1, "filter_height": time}, version=2)
    graph.operator("RESHAPE", [mean, shape], [flat], {"new_shape": [1, WIDE]})
    graph.operator("FULLY_CONNECTED", [flat, *w_dense], [logits], version=4)
    graph.operator("SOFTMAX", [logits], [softmax], {"beta": 1.0}, version=2)
    graph.operator("DEQUANTIZE", [softmax], [probabilities], version=2)
    graph.inputs, graph.outputs = [motion], [probabilities]
    return writer.finish()
