"""Random models of the convolutions, FULLY_CONNECTED and the pools in every type. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from operator_cases import Feed, Fixed, OperatorCase, Result, Shape, case, choose, quantization, scale
from tflite_writer import OptionValue, Quantization

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
DTYPES = ("float32", "int8", "int16")
Generator = np.random.Generator


def axis(rng: Generator, size: int, padding: str, longest: int = 5, dilated: bool = True) -> tuple[int, int, int, int]:
    """Filter, stride, dilation and output size for an image `size` long; often what kernels have special code for."""
    while True:
        kernel = int(rng.choice([1, 3, int(rng.integers(1, longest + 1))]))
        stride = int(rng.choice([1, 1, 2, 3]))
        dilation = int(rng.integers(1, 4)) if dilated and rng.random() < 0.25 else 1
        span = (kernel - 1) * dilation + 1
        out = -(-size // stride) if padding == "SAME" else (size - span) // stride + 1
        if out > 0 and (padding == "SAME" or size >= span):
            return kernel, stride, dilation, out


def filter_and_bias(rng: Generator, dtype: str, source: Quantization | None, shape: Shape, channels: int, channel_axis: int,
                    *, bias_types: tuple[str, ...] = ("int64", "int64", "int32"), one_scale: bool = False) -> list[Fixed | None]:
    """Weights with one scale or one for each channel; a bias of any size, or none; of int16 of one of `bias_types`.
    `one_scale` forbids what FULLY_CONNECTED does not take: a bias whose scale is not the product of the others."""
    if dtype == "float32":
        values = rng.normal(0, 1, (*shape,)).astype(np.float32)
        bias = Fixed(rng.normal(0, 3, channels).astype(np.float32)) if rng.random() < 0.8 else None
        return [Fixed(values), bias]
    assert source is not None
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    if rng.random() < 0.15:
        weights[...] = rng.choice([-128, 127])
    per_channel = channels > 1 and rng.random() < 0.6
    low, high = (-4.0, -1.0) if rng.random() < 0.8 else (-6.0, 1.0)  # the latter: multipliers tiny or above one
    if dtype == "int16":
        high = -1.5  # multipliers at most 2^7
    scales = [scale(rng, low, high) for _ in range(channels if per_channel else 1)]
    quantized = Quantization(scales if per_channel else scales[0], 0, channel_axis)
    if rng.random() < 0.2:
        return [Fixed(weights, quantized), None]
    wide = int(rng.choice([1 << 30, 50000, 5000]))
    bias_type = "int32" if dtype == "int8" else choose(rng, *bias_types)
    if bias_type == "int64" and rng.random() < 0.3:
        wide = 1 << 38
    product = float(np.float32(np.float64(np.float32(scales[0])) * source.scales()[0])) if one_scale and not per_channel else 1.0
    bias_values = rng.integers(-wide, wide, channels).astype(bias_type)
    return [Fixed(weights, quantized), Fixed(bias_values, Quantization(product))]


def image(rng: Generator, depth: int) -> Shape:
    """Batch, height, width, channels."""
    return (1 if rng.random() < 0.7 else 2, int(rng.integers(1, 14)), int(rng.integers(1, 14)), depth)


def conv_2d(rng: Generator, dtype: str) -> OperatorCase:
    """1x1 and larger filters, groups, few and many channels."""
    groups = 1 if rng.random() < 0.8 else int(rng.integers(2, 4))
    depth, outputs = (groups * int(rng.choice([1, 2, 3, 4, 8, int(rng.integers(1, 25))])) for _ in range(2))
    shape = image(rng, depth)
    padding = choose(rng, "SAME", "VALID")
    (k_h, s_h, d_h, out_h), (k_w, s_w, d_w, out_w) = (axis(rng, size, padding, 4) for size in shape[1:3])
    if rng.random() < 0.3:
        k_h = k_w = s_h = s_w = d_h = d_w = 1
        out_h, out_w = shape[1:3]
    source = quantization(rng, dtype)
    weights = filter_and_bias(rng, dtype, source, (outputs, k_h, k_w, depth // groups), outputs, 0)
    options: dict[str, OptionValue] = {
        "padding": padding, "stride_h": s_h, "stride_w": s_w, "dilation_h_factor": d_h, "dilation_w_factor": d_w,
        "fused_activation_function": choose(rng, *ACTIVATIONS)}
    return case("CONV_2D", [Feed(shape, dtype, source), *weights],
                [Result((shape[0], out_h, out_w, outputs), dtype, quantization(rng, dtype))], options, version=3)


def depthwise_conv_2d(rng: Generator, dtype: str) -> OperatorCase:
    """Depth multipliers 1 to 4; a bias that is left out is not mentioned: the reference crashes on one marked as missing."""
    depth, multiplier = int(rng.choice([1, 2, 4, 8, int(rng.integers(1, 14))])), int(rng.choice([1, 1, 1, 2, 3, 4]))
    outputs, shape = depth * multiplier, image(rng, depth)
    padding = choose(rng, "SAME", "VALID")
    (k_h, s_h, d_h, out_h), (k_w, s_w, d_w, out_w) = (axis(rng, size, padding) for size in shape[1:3])
    source = quantization(rng, dtype)
    weights = filter_and_bias(rng, dtype, source, (1, k_h, k_w, outputs), outputs, 3, bias_types=("int64",))
    options: dict[str, OptionValue] = {
        "padding": padding, "stride_h": s_h, "stride_w": s_w, "dilation_h_factor": d_h, "dilation_w_factor": d_w,
        "depth_multiplier": multiplier, "fused_activation_function": choose(rng, *ACTIVATIONS)}
    return case("DEPTHWISE_CONV_2D", [Feed(shape, dtype, source), *(w for w in weights if w is not None)],
                [Result((shape[0], out_h, out_w, outputs), dtype, quantization(rng, dtype))], options, version=3)


def fully_connected(rng: Generator, dtype: str) -> OperatorCase:
    """Batches, inputs of 2 to 4 dimensions, which the output may keep; weights with one scale, and sometimes a zero point, or with
    one scale for each output."""
    rows, depth, outputs = int(rng.choice([1, 1, 2, 3, 5, 9])), int(rng.integers(1, 80)), int(rng.integers(1, 24))
    shape: Shape = ((rows, depth), (rows, 1, depth), (rows, 1, 1, depth))[rng.integers(0, 3)]
    source = quantization(rng, dtype)
    weights, bias = filter_and_bias(rng, dtype, source, (outputs, depth), outputs, 0, one_scale=True)
    assert weights is not None
    if weights.quantization is not None and weights.quantization.scales().size == 1 and rng.random() < 0.3:
        weights = Fixed(weights.array, Quantization(weights.quantization.scale, int(rng.integers(-128, 128))))
    keep = bool(rng.random() < 0.3)
    return case("FULLY_CONNECTED", [Feed(shape, dtype, source), weights, bias],
                [Result((*shape[:-1], outputs) if keep else (rows, outputs), dtype, quantization(rng, dtype))],
                {"fused_activation_function": choose(rng, *ACTIVATIONS), "keep_num_dims": keep}, version=4)


def pool(name: str) -> Callable[[Generator, str], OperatorCase]:
    """AVERAGE_POOL_2D or MAX_POOL_2D."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        shape = image(rng, int(rng.choice([1, 4, 8, int(rng.integers(1, 20))])))
        padding = choose(rng, "SAME", "VALID")
        (k_h, s_h, _, out_h), (k_w, s_w, _, out_w) = (axis(rng, size, padding, 6, dilated=False) for size in shape[1:3])
        both = quantization(rng, dtype)
        options: dict[str, OptionValue] = {
            "padding": padding, "stride_h": s_h, "stride_w": s_w, "filter_height": k_h, "filter_width": k_w,
            "fused_activation_function": choose(rng, *ACTIVATIONS)}
        return case(name, [Feed(shape, dtype, both)], [Result((shape[0], out_h, out_w, shape[3]), dtype, both)], options,
                    version=2 if dtype == "int8" else 3 if dtype == "int16" else 1)

    return make


CASES: dict[str, Callable[[Generator, str], OperatorCase]] = {
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
}
