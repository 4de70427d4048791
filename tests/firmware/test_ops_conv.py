"""Convolutions, FULLY_CONNECTED and pools against TensorFlow Lite Micro in every type, bit for bit, and what they refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from conv_cases import CASES, DTYPES
from operator_cases import assert_same, seeded

MODELS = 60  # of an operator and type


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str, dtype: str) -> None:
    for index in range(MODELS):
        rng = seeded(f"{name} {dtype}", index)
        assert_same(CASES[name](rng, dtype), rng, f"{name} {dtype} case {index}", steps=2)
