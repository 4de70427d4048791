"""Trains the person network on the faces of scikit-image's `lfw_subset`, and says how good it is.

    python firmware/apps/person/train.py [-o person.tflite] [--split SEED]

Needs jax, scikit-image, Pillow, flatbuffers, tflite and tflite-micro.

The pictures, and which of them are held back: `pictures.py`. What is learnt is this: a frontal face that fills the
picture, against patches of the same photographs and a few scenes, all as blurred as 25 x 25 pixels are. It is not the
visual wake words task (a person anywhere in a scene); what it says of sharp or other pictures is a guess.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from evaluate import figures
from export import export
from network import activations, fold, initial, loss
from pictures import SEED, pictures

HERE = Path(__file__).resolve().parent
EPOCHS, BATCH, RATE = 26, 28, 2e-3


def network_input(images: Any) -> Any:
    """uint8 [n, 96, 96] to what the network sees, float32 [n, 96, 96, 1]."""
    return ((images.astype(np.float32) - 127) / 127.5)[..., None]


def vary(images: Any, rng: np.random.Generator) -> Any:
    """Mirrored, moved by up to eight pixels, brighter or darker, with more or less contrast."""
    result = []
    for image in images:
        changed = np.pad(image, 8, mode="edge")
        y, x = rng.integers(0, 17, 2)
        changed = changed[y : y + 96, x : x + 96].astype(np.float32)
        if rng.random() < 0.5:
            changed = changed[:, ::-1]
        changed = (changed - changed.mean()) * rng.uniform(0.7, 1.3) + changed.mean() + rng.uniform(-30, 30)
        result.append(np.clip(changed, 0, 255))
    return np.stack(result)


def train(images: Any, labels: Any) -> list[Any]:
    """Folded parameters after Adam over `EPOCHS`; the statistics come from the training pictures at the end."""
    rng = np.random.default_rng(SEED)
    parameters = jax.tree.map(jax.numpy.asarray, initial(SEED))
    first = second = jax.tree.map(jax.numpy.zeros_like, parameters)

    @jax.jit
    def step(state: Any, x: Any, y: Any, count: Any, rate: Any) -> Any:
        p, m, v = state
        (value, _), g = jax.value_and_grad(loss, has_aux=True)(p, x, y)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.99 * a + 0.01 * b * b, v, g)
        p = jax.tree.map(
            lambda w, a, b: w - rate * (a / (1 - 0.9**count)) / (jax.numpy.sqrt(b / (1 - 0.99**count)) + 1e-8), p, m, v
        )
        return (p, m, v), value

    state, count = (parameters, first, second), 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(images))
        values = []
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            count += 1
            rate = RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2
            state, value = step(state, network_input(vary(images[chosen], rng)), labels[chosen], float(count), rate)
            values.append(float(value))
        print(f"epoch {epoch + 1}: loss {np.mean(values):.3f}", file=sys.stderr, flush=True)
    statistics = jax.jit(loss)(state[0], network_input(images), labels)[1]
    return fold(state[0], statistics)


def main() -> int:
    """Train, quantise, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=HERE / "person.tflite")
    parser.add_argument("--split", type=int, default=SEED, help="hold other pictures back; default %(default)s")
    options = parser.parse_args()
    (images, labels), (held, held_labels) = pictures(options.split)
    folded = train(images, labels)
    model = export(folded, activations(folded, network_input(images)))
    right = np.argmax(np.asarray(activations(folded, network_input(held))[-1]), axis=1) == held_labels
    print(f"float {right.mean():.1%}; {figures(model, held, held_labels)}")
    options.output.write_bytes(model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
