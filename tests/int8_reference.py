"""An int8 interpreter of `.tflite` files in numpy, written from the operators' definitions: the tests' own oracle.

Operators: those of the gesture model. Requantisation is gemmlowp's double rounding: a saturating rounding doubling high
multiply, then a rounding right shift. SOFTMAX is computed in float64 and may differ by one from the fixed-point kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

Array = npt.NDArray[Any]
_TYPES = {tflite.TensorType.FLOAT32: np.float32, tflite.TensorType.INT8: np.int8, tflite.TensorType.INT32: np.int32}
_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}


def requantise(accumulator: Array, scale: Array) -> Array:
    """int64 `accumulator` [..., channels] times real `scale` [channels] or [1], rounded as gemmlowp does."""
    fraction, exponent = np.frexp(np.asarray(scale, np.float64))
    multiplier = np.floor(fraction * 2**31 + 0.5).astype(np.int64)
    exponent = np.where(multiplier == 2**31, exponent + 1, exponent)
    multiplier = np.where(multiplier == 2**31, 2**30, multiplier)
    product = (accumulator << np.maximum(exponent, 0)) * multiplier
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.sign(nudged) * (np.abs(nudged) >> 31)  # division rounds towards zero
    right = np.maximum(-exponent, 0)
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


class Tensor:
    """One tensor of the file: its constant data or None, scales float64 [n], zero point."""

    def __init__(self, model: Any, tensor: Any) -> None:
        self.name = tensor.Name().decode()
        self.shape = tuple(tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
        self.type = _TYPES[tensor.Type()]
        buffer = model.Buffers(tensor.Buffer())
        self.data: Array | None = None
        if buffer.DataLength():
            self.data = buffer.DataAsNumpy().view(np.uint8).tobytes()
            self.data = np.frombuffer(self.data, self.type).reshape(self.shape)
        quantization = tensor.Quantization()
        self.scale, self.zero_point = np.ones(1), 0
        if quantization is not None and quantization.ScaleLength():
            self.scale = quantization.ScaleAsNumpy().astype(np.float64)
            self.zero_point = int(quantization.ZeroPoint(0))


def run(model: bytes, values: Array) -> dict[str, Array]:
    """Every tensor that an operator writes, by name, for one input."""
    root = tflite.Model.GetRootAs(model)
    graph = root.Subgraphs(0)
    tensors = [Tensor(root, graph.Tensors(index)) for index in range(graph.TensorsLength())]
    tensors[graph.Inputs(0)].data = values
    result = {}
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = root.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        inputs = [tensors[i] for i in operator.InputsAsNumpy()]
        output = tensors[operator.Outputs(0)]
        output.data = _KERNELS[_NAMES[code]](inputs, output, operator)
        assert output.data.shape == output.shape, output.name
        result[output.name] = output.data
    return result


def _options(operator: Any, table: Any) -> Any:
    options = table()
    options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
    return options


def _saturated(values: Array, output: Tensor, relu: bool) -> Array:
    low = max(-128, output.zero_point) if relu else -128
    return np.clip(values + output.zero_point, low, 127).astype(np.int8)


def _padded(x: Array, kernel: int, stride: int, same: bool) -> Array:
    """`x` [1, height, 1, channels], zeros (real 0) added in the height as SAME padding wants."""
    if not same:
        return x
    total = max((-(-x.shape[1] // stride) - 1) * stride + kernel - x.shape[1], 0)
    return np.pad(x, ((0, 0), (total // 2, total - total // 2), (0, 0), (0, 0)))


def _slices(x: Array, kernel: int, stride: int) -> Array:
    """[1, height, 1, channels] -> [out height, kernel, channels]."""
    starts = range(0, x.shape[1] - kernel + 1, stride)
    return np.stack([x[0, start : start + kernel, 0, :] for start in starts])


def _real_zero_based(tensor: Tensor) -> Array:
    assert tensor.data is not None
    return tensor.data.astype(np.int64) - tensor.zero_point


def _conv(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    x, weights, bias = inputs
    options = _options(operator, tflite.Conv2DOptions)
    kernel = weights.shape[1]
    padded = _padded(_real_zero_based(x), kernel, options.StrideH(), options.Padding() == tflite.Padding.SAME)
    taps = _slices(padded, kernel, options.StrideH())
    sums = np.einsum("tkc,okc->to", taps, weights.data[:, :, 0, :].astype(np.int64)) + bias.data
    scaled = requantise(sums, x.scale * weights.scale / output.scale)
    return _saturated(scaled, output, options.FusedActivationFunction() == 1)[None, :, None, :]


def _depthwise(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    x, weights, bias = inputs
    options = _options(operator, tflite.DepthwiseConv2DOptions)
    kernel = weights.shape[1]
    padded = _padded(_real_zero_based(x), kernel, options.StrideH(), options.Padding() == tflite.Padding.SAME)
    taps = _slices(padded, kernel, options.StrideH())
    sums = np.einsum("tkc,kc->tc", taps, weights.data[0, :, 0, :].astype(np.int64)) + bias.data
    scaled = requantise(sums, x.scale * weights.scale / output.scale)
    return _saturated(scaled, output, options.FusedActivationFunction() == 1)[None, :, None, :]


def _max_pool(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    options = _options(operator, tflite.Pool2DOptions)
    return _slices(inputs[0].data, options.FilterHeight(), options.StrideH()).max(axis=1)[None, :, None, :]


def _average_pool(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    options = _options(operator, tflite.Pool2DOptions)
    count = options.FilterHeight()
    sums = _slices(inputs[0].data.astype(np.int64), count, options.StrideH()).sum(axis=1)
    means = np.sign(sums) * ((np.abs(sums) + count // 2) // count)  # half away from zero
    return means.astype(np.int8)[None, :, None, :]


def _dense(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    x, weights, bias = inputs
    sums = _real_zero_based(x) @ weights.data.T.astype(np.int64) + bias.data
    return _saturated(requantise(sums, x.scale * weights.scale / output.scale), output, False)


def _softmax(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    exponent = np.exp(_real_zero_based(inputs[0]) * inputs[0].scale)
    return _saturated(np.rint(exponent / exponent.sum() * 256), output, False)


def _quantize(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    scaled = inputs[0].data / np.float32(output.scale[0])
    return _saturated(np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5)), output, False)


def _dequantize(inputs: list[Tensor], output: Tensor, operator: Any) -> Array:
    return (_real_zero_based(inputs[0]) * inputs[0].scale).astype(np.float32)


_KERNELS: dict[str, Any] = {
    "CONV_2D": _conv, "DEPTHWISE_CONV_2D": _depthwise, "MAX_POOL_2D": _max_pool, "AVERAGE_POOL_2D": _average_pool,
    "FULLY_CONNECTED": _dense, "SOFTMAX": _softmax, "QUANTIZE": _quantize, "DEQUANTIZE": _dequantize,
    "RESHAPE": lambda inputs, output, operator: inputs[0].data.reshape(output.shape),
}
