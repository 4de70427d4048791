"""The gesture network in float, by hand: forward, gradient and Adam, in numpy.

Input [batch, 40 steps, 6 channels]; conv 5x1 (8 filters, ReLU), max pool 2x1, depthwise conv 5x1 (ReLU), conv 1x1
(16 filters, ReLU), average over time, fully connected (4), softmax. Parameters are float64 and small (508 of them).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]

FILTERS = 8
KERNEL = 5
WIDE = 16


def initial(rng: np.random.Generator, channels: int, classes: int) -> Parameters:
    """Random parameters (He), biases zero: conv [5 * channels, 8], depthwise [5, 8], wide [8, 16], dense [16, 4]."""
    def he(fan_in: int, *shape: int) -> Array:
        return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)

    return {
        "conv": he(KERNEL * channels, KERNEL * channels, FILTERS), "conv_bias": np.zeros(FILTERS),
        "depthwise": he(KERNEL, KERNEL, FILTERS), "depthwise_bias": np.zeros(FILTERS),
        "wide": he(FILTERS, FILTERS, WIDE), "wide_bias": np.zeros(WIDE),
        "dense": he(WIDE, WIDE, classes), "dense_bias": np.zeros(classes),
    }


def _columns(x: Array) -> Array:
    """Sliding windows over time: [batch, time, channels] -> [batch, time - 4, 5, channels]."""
    return np.lib.stride_tricks.sliding_window_view(x, KERNEL, axis=1).transpose(0, 1, 3, 2)


def forward(p: Parameters, x: Array) -> dict[str, Array]:
    """Every activation by name; `probabilities` is [batch, classes]."""
    columns = _columns(x).reshape(len(x), -1, KERNEL * x.shape[2])
    conv = np.maximum(columns @ p["conv"] + p["conv_bias"], 0.0)
    pairs = conv.reshape(len(x), -1, 2, FILTERS)
    pooled = pairs.max(axis=2)
    padded = np.pad(pooled, ((0, 0), (KERNEL // 2, KERNEL // 2), (0, 0)))
    taps = _columns(padded)
    depthwise = np.maximum((taps * p["depthwise"]).sum(axis=2) + p["depthwise_bias"], 0.0)
    wide = np.maximum(depthwise @ p["wide"] + p["wide_bias"], 0.0)
    mean = wide.mean(axis=1)
    logits = mean @ p["dense"] + p["dense_bias"]
    exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"columns": columns, "conv": conv, "pairs": pairs, "pooled": pooled, "taps": taps, "depthwise": depthwise,
            "wide": wide, "mean": mean, "logits": logits,
            "probabilities": exponent / exponent.sum(axis=1, keepdims=True)}


def gradients(p: Parameters, a: dict[str, Array], target: Array) -> Parameters:
    """Gradients of the mean cross entropy against `target` [batch, classes], from the activations of `forward`."""
    batch, time = a["wide"].shape[:2]
    d_logits = (a["probabilities"] - target) / batch
    d_mean = d_logits @ p["dense"].T
    d_wide = np.where(a["wide"] > 0, d_mean[:, None, :] / time, 0.0)
    d_depthwise = np.where(a["depthwise"] > 0, d_wide @ p["wide"].T, 0.0)
    d_padded = np.zeros((batch, time + KERNEL - 1, FILTERS))
    for tap in range(KERNEL):
        d_padded[:, tap : tap + time] += d_depthwise * p["depthwise"][tap]
    d_pooled = d_padded[:, KERNEL // 2 : KERNEL // 2 + time]
    first = a["pairs"][:, :, :1] >= a["pairs"][:, :, 1:]
    d_pairs = np.concatenate([first, ~first], axis=2) * d_pooled[:, :, None, :]
    d_conv = np.where(a["conv"] > 0, d_pairs.reshape(a["conv"].shape), 0.0)
    flat = (-1, a["columns"].shape[2])
    return {
        "conv": a["columns"].reshape(flat).T @ d_conv.reshape(-1, FILTERS), "conv_bias": d_conv.sum(axis=(0, 1)),
        "depthwise": (a["taps"] * d_depthwise[:, :, None, :]).sum(axis=(0, 1)),
        "depthwise_bias": d_depthwise.sum(axis=(0, 1)),
        "wide": a["depthwise"].reshape(-1, FILTERS).T @ d_wide.reshape(-1, WIDE), "wide_bias": d_wide.sum(axis=(0, 1)),
        "dense": a["mean"].T @ d_logits, "dense_bias": d_logits.sum(axis=0),
    }


class Adam:
    """Adam with weight decay on the matrices, updating `parameters` in place."""

    def __init__(self, parameters: Parameters, decay: float = 1e-3) -> None:
        self.parameters = parameters
        self.decay = decay
        self.count = 0
        self.first = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.second = {name: np.zeros_like(value) for name, value in parameters.items()}

    def step(self, gradient: Parameters, rate: float) -> None:
        """One update with learning rate `rate`."""
        self.count += 1
        for name, value in self.parameters.items():
            g = gradient[name]
            self.first[name] = 0.9 * self.first[name] + 0.1 * g
            self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            first = self.first[name] / (1 - 0.9**self.count)
            second = self.second[name] / (1 - 0.999**self.count)
            decay = 0.0 if name.endswith("_bias") else self.decay
            np.subtract(value, rate * (first / (np.sqrt(second) + 1e-8) + decay * value), out=value)
