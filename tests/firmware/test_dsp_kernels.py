"""The dsp kernels against the portable ones, both on the simulated Cortex-M4: random models, every byte of the outputs.

Here their assembly runs. test_ops_*.py run them on this machine, where C++ stands for it, against TensorFlow Lite Micro.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
import conv_cases
import sequence_cases
from operator_cases import Feed, OperatorCase, Result, assert_same, case, choose, quantization, seeded

from cmsim import Machine

ROOT = Path(__file__).resolve().parents[2]
BATCH = 0x40000
"""Where kernel_batch.cc looks for models and values, and reads to the end of flash."""
MODELS = 150
Generator = np.random.Generator


def pair_of_images(name: str, rng: Generator, dtype: str) -> OperatorCase:
    """ADD or MUL, often large enough for tables; sometimes one row is added to all."""
    shape = (1, int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 24)))
    other = shape if rng.random() < 0.7 else shape[-1:]
    feeds = [Feed(dims, dtype, quantization(rng, dtype)) for dims in ((shape, other) if rng.random() < 0.5 else (other, shape))]
    return case(name, feeds, [Result(shape, dtype, quantization(rng, dtype))],
                {"fused_activation_function": choose(rng, *conv_cases.ACTIVATIONS)}, version=2)


def constants(rng: Generator, shape: tuple[int, ...], axis: int, scales: list[float], weight: int = 127,
              bias: int = 9000) -> list[conv_cases.Fixed]:
    """Weights from -`weight` to `weight` with a scale for each channel of dimension `axis`, and a bias for each."""
    return [conv_cases.Fixed(rng.integers(-weight, weight + 1, shape).astype(np.int8), conv_cases.Quantization(scales, 0, axis)),
            conv_cases.Fixed(rng.integers(-bias, bias, shape[axis]).astype(np.int32), conv_cases.Quantization(1.0))]


def scales_up_to(rng: Generator, largest: float, channels: int) -> list[float]:
    return [float(v) for v in rng.uniform(0.001, largest, channels)]


def large(name: str, rng: Generator, dtype: str) -> OperatorCase:
    """Layers like those of real networks: many channels, 3x3 and 1x1, RELU6 that cuts off at the zero point."""
    depth, size = int(rng.choice([16, 32, 33, 64])), int(rng.integers(3, 9))
    outputs = depth if name == "DEPTHWISE_CONV_2D" else int(rng.choice([7, 16, 48]))
    kernel = 3 if name == "DEPTHWISE_CONV_2D" or rng.random() < 0.3 else 1
    stride = int(rng.choice([1, 1, 2]))
    shape, out = (1, size, size + 1, depth), (1, -(-size // stride), -(-(size + 1) // stride), outputs)
    source = conv_cases.Quantization(0.02, -128)
    dims = (1, 3, 3, outputs) if name == "DEPTHWISE_CONV_2D" else (outputs, kernel, kernel, depth)
    axis = 3 if name == "DEPTHWISE_CONV_2D" else 0
    filter_and_bias = constants(rng, dims, axis, scales_up_to(rng, 0.02, outputs))
    options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "fused_activation_function": choose(rng, "RELU6", "NONE")}
    if name == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 1
    result = conv_cases.Quantization(6 / 255, -128) if rng.random() < 0.6 else quantization(rng, dtype)
    return case(name, [Feed(shape, dtype, source), *filter_and_bias], [Result(out, dtype, result)], options, version=3)


def convolution(rng: Generator, dtype: str, image: tuple[int, ...], filter_size: tuple[int, int], stride: int) -> OperatorCase:
    """CONV_2D without padding, of any scales."""
    batch, height, width, depth = image
    rows, columns = filter_size
    outputs = int(rng.integers(1, 9))
    small = rng.random() < 0.8  # else multipliers of 1/2 and more
    filter_and_bias = constants(rng, (outputs, rows, columns, depth), 0, scales_up_to(rng, 0.02 if small else 30, outputs))
    options = {"padding": "VALID", "stride_h": stride, "stride_w": stride,
               "fused_activation_function": choose(rng, *conv_cases.ACTIVATIONS)}
    result = conv_cases.Quantization(6 / 255, -128) if rng.random() < 0.3 else quantization(rng, dtype)
    shape = (batch, (height - rows) // stride + 1, (width - columns) // stride + 1, outputs)
    return case("CONV_2D", [Feed(image, dtype, quantization(rng, dtype)), *filter_and_bias], [Result(shape, dtype, result)],
                options, version=3)


def pointwise(rng: Generator, dtype: str) -> OperatorCase:
    """1x1 of any depth up to 80 and any number of pixels up to 30: each inner loop of the matrix product, each rest."""
    height, width, depth = (int(rng.integers(1, most)) for most in (6, 7, 81))
    return convolution(rng, dtype, (1, height, width, depth), (1, 1), 1)


def whole_rows(rng: Generator, dtype: str) -> OperatorCase:
    """A filter as wide as the image: windows lie together in it, and overlap."""
    batch, height, width, depth = (int(rng.integers(1, most)) for most in (3, 30, 4, 12))
    rows, stride = int(rng.integers(1, min(6, height) + 1)), int(rng.integers(1, 4))
    return convolution(rng, dtype, (batch, height, width, depth), (rows, width), stride)


def halves(name: str, rng: Generator, dtype: str) -> OperatorCase:
    """Scales that are powers of two and small weights: many results lie exactly between two integers."""
    depth, outputs = int(rng.choice([4, 5, 8])), int(rng.integers(2, 9))
    depthwise = name == "DEPTHWISE_CONV_2D"
    outputs = depth if depthwise else outputs
    scales = [float(2.0 ** -rng.integers(1, 9)) for _ in range(outputs)]
    dims = (1, 3, 3, outputs) if depthwise else (outputs, 1, 1, depth)
    filter_and_bias = constants(rng, dims, 3 if depthwise else 0, scales, weight=3, bias=99)
    zero_points = rng.integers(-128, 128, 2)
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "fused_activation_function": choose(rng, *conv_cases.ACTIVATIONS)}
    if depthwise:
        options["depth_multiplier"] = 1
    return case(name, [Feed((1, 6, 7, depth), dtype, conv_cases.Quantization(1.0, int(zero_points[0]))), *filter_and_bias],
                [Result((1, 6, 7, outputs), dtype, conv_cases.Quantization(1.0, int(zero_points[1])))], options, version=3)


def single(rng: Generator, dtype: str) -> OperatorCase:
    """DEPTHWISE_CONV_2D of an image of one channel, any filter; windows reach over all edges."""
    outputs, height, width = int(rng.integers(3, 14)), int(rng.integers(5, 14)), int(rng.integers(5, 20))
    rows, columns = int(rng.integers(1, 6)), int(rng.integers(1, 12))
    stride, dilation = (int(rng.choice([1, 1, 2])) for _ in range(2))
    filter_and_bias = constants(rng, (1, rows, columns, outputs), 3, scales_up_to(rng, 0.02, outputs))
    options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "depth_multiplier": outputs,
               "dilation_h_factor": dilation, "dilation_w_factor": dilation,
               "fused_activation_function": choose(rng, *conv_cases.ACTIVATIONS)}
    return case("DEPTHWISE_CONV_2D", [Feed((2, height, width, 1), dtype, quantization(rng, dtype)), *filter_and_bias],
                [Result((2, -(-height // stride), -(-width // stride), outputs), dtype, quantization(rng, dtype))],
                options, version=3)


def products(rng: Generator, dtype: str) -> OperatorCase:
    """MUL of each value with 40 others, with a power of two for a factor."""
    feeds = [Feed((256, 1), dtype, conv_cases.Quantization(1.0, int(rng.integers(-128, 128))), lambda _: every),
             Feed((1, 40), dtype, conv_cases.Quantization(1.0, int(rng.integers(-128, 128))))]
    every = np.arange(-128, 128).astype(np.int8).reshape(256, 1)
    result = conv_cases.Quantization(float(2.0 ** rng.integers(0, 10)), int(rng.integers(-128, 128)))
    return case("MUL", feeds, [Result((256, 40), dtype, result)], {"fused_activation_function": "NONE"}, version=2)


CASES: dict[str, Callable[[Generator, str], OperatorCase]] = {
    **conv_cases.CASES,
    "ADD": partial(pair_of_images, "ADD"),
    "MUL": partial(pair_of_images, "MUL"),
    "DEPTHWISE_CONV_2D of one channel": single,
    "halves in CONV_2D": partial(halves, "CONV_2D"),
    "halves in DEPTHWISE_CONV_2D": partial(halves, "DEPTHWISE_CONV_2D"),
    "halves in MUL": products,
    "1x1 CONV_2D": pointwise,
    "CONV_2D of whole rows": whole_rows,
    "SVDF": lambda rng, _: sequence_cases.CASES["SVDF"](rng),
    "large CONV_2D": partial(large, "CONV_2D"),
    "large DEPTHWISE_CONV_2D": partial(large, "DEPTHWISE_CONV_2D"),
}


def batch(cases: list[tuple[bytes, bytes]]) -> bytes:
    """Models and values as kernel_batch.cc reads them."""
    data = bytearray(16 + 16 * len(cases))
    struct.pack_into("<I", data, 0, len(cases))
    for index, pair in enumerate(cases):
        fields = []
        for part in pair:
            data += bytes(-len(data) % 16)
            fields += [len(data), len(part)]
            data += part
        struct.pack_into("<4I", data, 16 + 16 * index, *fields)
    assert BATCH + len(data) <= 1 << 20
    return bytes(data)


def run(elf: Path, data: bytes) -> list[bytes]:
    """The outputs of each case."""
    machine = Machine(elf, measure=False)
    machine.write(BATCH, data)
    count = struct.unpack_from("<I", data)[0]

    def words(symbol: str, number: int) -> tuple[int, ...]:
        return struct.unpack(f"<{number}I", machine.read(machine.image.find(symbol).address, 4 * number))

    machine.run(until=lambda: words("cases_done", 1)[0] == count, seconds=60)
    assert words("cases_done", 1)[0] == count, f"{elf.name} stopped at case {words('cases_done', 1)[0]}"
    reasons = [machine.read(text, 80).split(b"\0")[0].decode() if text else "" for text in words("failures", count)]
    assert not any(reasons), f"{elf.name}: {[(i, r) for i, r in enumerate(reasons) if r]}"
    ends = (0, *words("output_ends", count))
    outputs = machine.read(machine.image.find("outputs").address, ends[-1])
    return [outputs[start:end] for start, end in zip(ends, ends[1:], strict=False)]


def assert_equal_sets(kernel_set_elfs: dict[str, Path], name: str, dtype: str, models: int) -> None:
    cases = []
    for index in range(models):
        rng = seeded(f"dsp {name} {dtype}", index)
        tested = CASES[name](rng, dtype)
        values = b"".join(v.tobytes() for _ in range(2) for v in tested.random_inputs(rng))
        cases.append((tested.model, values))
    data = batch(cases)
    wanted, got = (run(kernel_set_elfs[kernels], data) for kernels in ("reference", "dsp"))
    for index, (a, b) in enumerate(zip(wanted, got, strict=True)):
        assert a == b, f"{name} {dtype} case {index}: {np.frombuffer(b, np.int8)} is not {np.frombuffer(a, np.int8)}"


@pytest.mark.parametrize("name", sorted(CASES.keys() - conv_cases.CASES.keys()))
def test_without_assembly_they_equal_tensorflow_lite_micro(name: str) -> None:
    for index in range(15):
        rng = seeded(f"dsp {name}", index)
        assert_same(CASES[name](rng, "int8"), rng, f"{name} case {index}", steps=5)


@pytest.mark.parametrize("name", CASES)
def test_int8_is_the_same_in_both_sets(kernel_set_elfs: dict[str, Path], name: str) -> None:
    assert_equal_sets(kernel_set_elfs, name, "int8", MODELS if name in conv_cases.CASES else 5 if name == "halves in MUL" else 40)


@pytest.mark.parametrize("dtype", ["float32", "int16"])
@pytest.mark.parametrize("name", [*conv_cases.CASES, "ADD"])
def test_other_types_are_the_same_in_both_sets(kernel_set_elfs: dict[str, Path], name: str, dtype: str) -> None:
    assert_equal_sets(kernel_set_elfs, name, dtype, 20)
