"""Random models of the operators with state, and of TRANSPOSE_CONV. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from operator_cases import Feed, Fixed, Given, OperatorCase, Result, State, case, choose, quantization, scale
from shape_cases import ints
from tflite_writer import OptionValue, Quantization

Generator = np.random.Generator
Array = npt.NDArray[Any]


def _weights(rng: Generator, dims: tuple[int, ...], dtype: str) -> Array:
    return Feed(dims, dtype).random(rng) if dtype != "float32" else rng.normal(0, 0.5, dims).astype(np.float32)


def transpose_conv(rng: Generator) -> OperatorCase:
    """Per-channel and per-tensor filters, with and without bias; in int16 with a bias of int64 or int16."""
    dtype, padding = choose(rng, "int8", "int16", "float32"), choose(rng, "SAME", "VALID")
    batch, height, width, depth, channels = (int(v) for v in rng.integers(1, (3, 6, 6, 5, 5)))
    k_h, k_w, s_h, s_w = (int(v) for v in rng.integers(1, (5, 5, 4, 4)))
    if padding == "SAME":
        out_h, out_w = height * s_h - int(rng.integers(0, s_h)), width * s_w - int(rng.integers(0, s_w))
    else:
        axes = ((height, s_h, k_h), (width, s_w, k_w))
        out_h, out_w = ((n - 1) * s + k + int(rng.integers(0, s)) for n, s, k in axes)
    source, to = quantization(rng, dtype), quantization(rng, dtype)
    filter_type = "float32" if dtype == "float32" else "int8"
    per_channel = channels > 1 and rng.random() < 0.6
    scales = [scale(rng, -4, -1) for _ in range(channels)] if per_channel else scale(rng, -4, -1)
    weights = Fixed(_weights(rng, (channels, k_h, k_w, depth), filter_type),
                    None if dtype == "float32" else Quantization(scales, 0, 0))
    feed = Feed((batch, height, width, depth), dtype, source)
    inputs: list[Given] = [ints(batch, out_h, out_w, channels), weights, feed]
    if rng.random() < 0.6:
        bias_type = {"int8": "int32", "int16": choose(rng, "int64", "int16"), "float32": "float32"}[dtype]
        values = rng.integers(-5000, 5000, channels) if bias_type != "float32" else rng.normal(0, 1, channels)
        inputs.append(Fixed(values.astype(bias_type), None if dtype == "float32" else Quantization(1.0)))
    return case("TRANSPOSE_CONV", inputs, [Result((batch, out_h, out_w, channels), dtype, to)],
                {"padding": padding, "stride_h": s_h, "stride_w": s_w,
                 "fused_activation_function": choose(rng, "NONE", "RELU", "RELU6", "RELU_N1_TO_1")}, version=4)


def svdf(rng: Generator) -> OperatorCase:
    """State and weights over time of int8 or int16. The reference does not run without a bias."""
    dtype, state_type = choose(rng, "int8", "float32"), choose(rng, "int8", "int16")
    batch, features, units, memory, rank = (int(v) for v in rng.integers(1, (3, 9, 5, 9, 4)))
    filters = units * rank
    activation = choose(rng, "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
    options: dict[str, OptionValue] = {"rank": rank, "fused_activation_function": activation}
    state_shape = (batch, filters * memory)
    if dtype == "float32":
        floats = [Fixed(_weights(rng, dims, dtype)) for dims in ((filters, features), (filters, memory), (units,))]
        return case("SVDF", [Feed((batch, features), dtype), *floats, State(state_shape, dtype)],
                    [Result((batch, units), dtype)], options, version=3)
    state_zero = int(rng.integers(-128, 128)) if state_type == "int8" else 0
    state, time = Quantization(scale(rng, -4, -1), state_zero), Quantization(scale(rng, -4, -2))
    bias = Quantization(float(state.scales()[0] * time.scales()[0]))
    inputs: list[Given] = [Feed((batch, features), "int8", quantization(rng, "int8")),
              Fixed(_weights(rng, (filters, features), "int8"), Quantization(scale(rng, -4, -1))),
              Fixed(_weights(rng, (filters, memory), state_type), time),
              Fixed(rng.integers(-5000, 5000, units).astype(np.int32), bias), State(state_shape, state_type, state)]
    to = Quantization(scale(rng, -2, 0), int(rng.integers(-128, 128)))
    return case("SVDF", inputs, [Result((batch, units), "int8", to)], options, version=3)


def _lstm(dtype: str) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        batch, steps, features, units = (int(v) for v in rng.integers(1, (4, 5, 8, 7)))
        time_major = bool(rng.random() < 0.5)
        is_float = dtype == "float32"
        weight_type = dtype if is_float else "int8"
        bias_type = {"int8": "int32", "int16": "int64", "float32": "float32"}[dtype]
        source = quantization(rng, dtype)
        hidden = None if is_float else Quantization(1 / 32768 if dtype == "int16" else 1 / 128)
        if dtype == "int8" and rng.random() < 0.5:
            hidden = Quantization(float(np.float32(1 / 100)), int(rng.integers(-30, 30)))
        if not is_float:  # so that gates neither vanish nor saturate
            zero_point = 0 if dtype == "int16" else int(rng.integers(-20, 20))
            source = Quantization(float(np.float32(1.0 / np.iinfo(dtype).max)), zero_point)

        def weights(columns: int) -> list[Fixed]:
            scales = [None if is_float else Quantization(scale(rng, -3, -1.5)) for _ in range(4)]
            return [Fixed(_weights(rng, (units, columns), weight_type), q) for q in scales]

        biases = [Fixed((rng.normal(0, 1, units) if is_float else rng.integers(-3000, 3000, units)).astype(bias_type),
                        None if is_float else Quantization(1.0)) for _ in range(4)]
        cell_type, cell = (dtype, None) if is_float else ("int16", Quantization(2.0 ** -int(rng.integers(8, 16))))
        clip = float(rng.choice([0.0, 0.0, 0.7]))
        feed = (steps, batch, features) if time_major else (batch, steps, features)
        state = (batch, units)
        inputs: list[Given] = [Feed(feed, dtype, source), *weights(features), *weights(units), *[None] * 3, *biases,
                               *[None] * 2, State(state, dtype, hidden), State(state, cell_type, cell), *[None] * 4]
        result = (steps, batch, units) if time_major else (batch, steps, units)
        return case("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [Result(result, dtype, hidden)],
                    {"fused_activation_function": "TANH", "cell_clip": clip, "time_major": time_major}, version=3)

    return make


CASES: dict[str, Callable[[Generator], OperatorCase]] = {
    "TRANSPOSE_CONV": transpose_conv, "SVDF": svdf, "LSTM int8": _lstm("int8"), "LSTM int16": _lstm("int16"),
    "LSTM float32": _lstm("float32"),
}
# How to compare where it is not the default: state over many inferences; exp and tanh of float are not a C library's.
COMPARED: dict[str, dict[str, float]] = {
    "SVDF": {"steps": 30}, "LSTM float32": {"tolerance": 2e-6},
}
