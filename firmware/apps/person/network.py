"""MobileNet v1, width 0.25, for 96 x 96 x 1 pixels and two classes, in JAX: forward with batch normalisation.

The shape is that of the visual wake words benchmark of the TensorFlow Lite Micro paper. Layers are a list: a full 3x3
convolution, then thirteen pairs of a 3x3 depthwise and a 1x1 convolution, each with batch normalisation and ReLU6;
average over the last 3x3 pixels; a dense layer. Padding is TFLite's SAME.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

PAIRS = ((1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *((1, 128),) * 5, (2, 256), (1, 256))
"""Stride of the depthwise convolution, filters of the 1x1."""
CLASSES = 2
EPSILON = 1e-3
Layer = dict[str, Any]


def layers() -> list[tuple[str, int, int, int]]:
    """(kind, stride, channels in, channels out) of every convolution: "full", "depthwise" or "wide"."""
    result, channels = [("full", 2, 1, 8)], 8
    for stride, filters in PAIRS:
        result += [("depthwise", stride, channels, channels), ("wide", 1, channels, filters)]
        channels = filters
    return result


def initial(seed: int) -> list[Layer]:
    """Random parameters (He); kernels are [taps, in, out], [taps, channels] and [in, out]; the dense layer is last."""
    rng = np.random.default_rng(seed)
    result: list[Layer] = []
    for kind, _, ins, outs in layers():
        shape = {"full": (9, ins, outs), "depthwise": (9, ins), "wide": (ins, outs)}[kind]
        fan_in = {"full": 9 * ins, "depthwise": 9, "wide": ins}[kind]
        result.append({"kernel": rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32),
                       "gain": np.ones(outs, np.float32), "shift": np.zeros(outs, np.float32)})
    result.append({"kernel": rng.normal(0, 0.05, (256, CLASSES)).astype(np.float32),
                   "shift": np.zeros(CLASSES, np.float32)})
    return result


def convolve(kind: str, stride: int, kernel: Any, x: Any) -> Any:
    """One convolution of [batch, height, width, channels] without bias."""
    if kind == "wide":
        return x @ kernel
    size = x.shape[1]
    before = 1 if stride == 1 else 0
    padded = jnp.pad(x, ((0, 0), (before, 1), (before, 1), (0, 0)))
    out = size // stride
    total: Any = 0
    for tap in range(9):
        dy, dx = divmod(tap, 3)
        part = padded[:, dy : dy + stride * (out - 1) + 1 : stride, dx : dx + stride * (out - 1) + 1 : stride]
        total = total + (part @ kernel[tap] if kind == "full" else part * kernel[tap])
    return total


def forward(parameters: list[Layer], x: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """Logits [batch, 2] with the statistics of the batch, and those statistics (mean, variance) of every layer."""
    statistics = []
    for (kind, stride, _, _), p in zip(layers(), parameters, strict=False):
        x = convolve(kind, stride, p["kernel"], x)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        statistics.append((mean, variance))
        x = (x - mean) * (p["gain"] / jnp.sqrt(variance + EPSILON)) + p["shift"]
        x = jnp.clip(x, 0, 6)
    return x.mean((1, 2)) @ parameters[-1]["kernel"] + parameters[-1]["shift"], statistics


def fold(parameters: list[Layer], statistics: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """(kernel, bias) of every layer with its normalisation multiplied in; the dense layer is last."""
    result = []
    for p, (mean, variance) in zip(parameters, statistics, strict=False):
        scale = np.asarray(p["gain"]) / np.sqrt(np.asarray(variance) + EPSILON)
        result.append((np.asarray(p["kernel"]) * scale, np.asarray(p["shift"]) - np.asarray(mean) * scale))
    return [*result, (np.asarray(parameters[-1]["kernel"]), np.asarray(parameters[-1]["shift"]))]


def activations(folded: list[tuple[Any, Any]], x: Any) -> list[Any]:
    """Every layer's output from folded parameters, then the mean [batch, 256], then the logits."""
    result = []
    for (kind, stride, _, _), (kernel, bias) in zip(layers(), folded, strict=False):
        x = jnp.clip(convolve(kind, stride, kernel, x) + bias, 0, 6)
        result.append(x)
    x = x.mean((1, 2))
    return [*result, x, x @ folded[-1][0] + folded[-1][1]]


def loss(parameters: list[Layer], x: Any, labels: Any) -> tuple[Any, Any]:
    """Mean cross entropy with a little weight decay, and the batch's statistics."""
    logits, statistics = forward(parameters, x)
    decay = sum((p["kernel"] ** 2).sum() for p in parameters)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean() + 2e-5 * decay, statistics
