"""What TensorFlow Lite Micro, from the `tflite-micro` wheel, says of a model."""

from __future__ import annotations

import os
import re
import tempfile

import pytest


def reference_arena(model: bytes) -> int:
    """The bytes of arena that it says it uses; it prints them to file descriptor 2."""
    package = pytest.importorskip("tflite_micro", reason="ARENA NOT COMPARED: tflite-micro is not installed")
    interpreter = package.runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    with tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        file.seek(0)
        found = re.search(rb"Arena allocation total (\d+)", file.read())
    assert found
    return int(found[1])
