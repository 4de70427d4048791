"""How often a person network is right about the held-back pictures (`pictures.py`).

    python firmware/apps/person/evaluate.py [person.tflite]

Needs scikit-image, Pillow and tflite-micro.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from pictures import FACES, PATCHES, pictures


def scores(model: bytes, images: Any) -> Any:
    """What the TensorFlow Lite Micro wheel makes of uint8 pictures [n, 96, 96]: int8 [n, 2]."""
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=300_000)
    result = []
    for image in images:
        interpreter.set_input((image.astype(np.int16) - 128).astype(np.int8)[None, ..., None], 0)
        interpreter.invoke()
        result.append(interpreter.get_output(0)[0].copy())
    return np.array(result)


def figures(model: bytes, held: Any, labels: Any) -> str:
    """One line: how many pictures, and the fraction that the network is right about."""
    right = np.argmax(scores(model, held), axis=1) == labels
    faces, patches, scenes = np.split(right, [FACES, FACES + PATCHES])
    return (f"held back: {len(held)} pictures, int8 {right.mean():.1%} right (faces {faces.mean():.1%}, "
            f"patches {patches.mean():.1%}, other scenes {scenes.mean():.1%})")


def main() -> int:
    """The figures of one model."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "person.tflite"
    held, labels = pictures()[1]
    print(figures(path.read_bytes(), held, labels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
