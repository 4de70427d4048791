"""Trains the person network on the faces of scikit-image's `lfw_subset`, and says how good it is.

    python firmware/apps/person/train.py [-o person.tflite]

Needs jax, scikit-image, Pillow, flatbuffers, tflite and tflite-micro.

100 faces and 100 patches without a face, 25 x 25 pixels, enlarged to 96 x 96; 70 of each train, 30 of each are held
back. Further pictures without a face are random squares of scikit-image's public pictures, reduced to 25 x 25 as well:
those of `TRAINED` train, those of `HELD` are held back. What is learnt is this: a frontal face that fills the picture,
against patches of the same photographs and a few scenes, all as blurred as 25 x 25 pixels are. It is not the visual
wake words task (a person anywhere in a scene); what it says of sharp or other pictures is a guess.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from export import export
from network import activations, fold, initial, loss

HERE = Path(__file__).resolve().parent
SEED, EPOCHS, BATCH, RATE = 5, 26, 28, 2e-3
TRAINED, HELD = ("coffee", "chelsea", "coins", "text", "page"), ("rocket", "moon")
SQUARES = 14
"""Squares from each picture."""


def enlarge(patches: Any) -> Any:
    """[n, 25, 25] of 0..1 to uint8 [n, 96, 96], bilinear, edges held."""
    at = np.clip((np.arange(96) + 0.5) * 25 / 96 - 0.5, 0, 24)
    low = np.minimum(at.astype(int), 23)
    part = at - low
    rows = patches[:, low] * (1 - part)[:, None] + patches[:, low + 1] * part[:, None]
    both = rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part
    return np.rint(both * 255).clip(0, 255).astype(np.uint8)


def squares(names: tuple[str, ...], rng: np.random.Generator) -> Any:
    """`SQUARES` random squares of each picture, reduced to 25 x 25 by area: [n, 25, 25] of 0..1."""
    from PIL import Image  # noqa: PLC0415
    from skimage import data  # noqa: PLC0415

    result = []
    for name in names:
        gray = Image.fromarray(getattr(data, name)()).convert("L")
        for _ in range(SQUARES):
            size = int(rng.integers(50, min(gray.size) + 1))
            x, y = int(rng.integers(0, gray.width - size + 1)), int(rng.integers(0, gray.height - size + 1))
            square = gray.crop((x, y, x + size, y + size)).resize((25, 25), Image.Resampling.BOX)
            result.append(np.asarray(square, np.float64) / 255)
    return np.stack(result)


def pictures() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """((training pictures, labels), (held-back pictures, labels)); label 1 is a face."""
    from skimage import data  # noqa: PLC0415

    everything = enlarge(data.lfw_subset().astype(np.float64))
    labels = np.repeat([1, 0], 100)
    rng = np.random.default_rng(SEED)
    order = np.concatenate([rng.permutation(100), 100 + rng.permutation(100)])
    held = np.concatenate([order[70:100], order[170:]])
    kept = np.concatenate([order[:70], order[100:170]])
    trained, unseen = enlarge(squares(TRAINED, rng)), enlarge(squares(HELD, rng))
    return (
        (np.concatenate([everything[kept], everything[kept[:70]], trained]),  # faces twice, as many as the rest
         np.concatenate([labels[kept], labels[kept[:70]], np.zeros(len(trained), int)])),
        (np.concatenate([everything[held], unseen]), np.concatenate([labels[held], np.zeros(len(unseen), int)])),
    )


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


def main() -> int:
    """Train, quantise, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=HERE / "person.tflite")
    options = parser.parse_args()
    (images, labels), (held, held_labels) = pictures()
    folded = train(images, labels)
    model = export(folded, activations(folded, network_input(images)))
    right = np.argmax(np.asarray(activations(folded, network_input(held))[-1]), axis=1) == held_labels
    quantised = np.argmax(scores(model, held), axis=1) == held_labels
    print(f"held back: {len(held)} pictures, float {right.mean():.1%}, int8 {quantised.mean():.1%} "
          f"(faces {quantised[:30].mean():.1%}, patches {quantised[30:60].mean():.1%}, "
          f"other scenes {quantised[60:].mean():.1%})")
    options.output.write_bytes(model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
