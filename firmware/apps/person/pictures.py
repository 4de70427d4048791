"""The pictures of the person network: those that train, and those that are held back.

100 faces and 100 patches without a face of scikit-image's `lfw_subset`, 25 x 25 pixels, enlarged to 96 x 96; 70 of each
train, 30 of each are held back. Further pictures without a face are random squares of scikit-image's public pictures,
reduced to 25 x 25 as well: those of `TRAINED` train, those of `HELD` are held back. Everything is seeded.

Needs scikit-image and Pillow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SEED = 5
TRAINED, HELD = ("coffee", "chelsea", "coins", "text", "page"), ("rocket", "moon")
SQUARES = 14
"""Squares from each picture."""
FACES, PATCHES = 30, 30
"""Of the held-back pictures, which begin with these."""


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


def pictures(split: int = SEED) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """((training pictures, labels), (held-back pictures, labels)); label 1 is a face. `split`: who is held back."""
    from skimage import data  # noqa: PLC0415

    everything = enlarge(data.lfw_subset().astype(np.float64))
    labels = np.repeat([1, 0], 100)
    rng = np.random.default_rng(split)
    order = np.concatenate([rng.permutation(100), 100 + rng.permutation(100)])
    held = np.concatenate([order[70:100], order[170:]])
    kept = np.concatenate([order[:70], order[100:170]])
    trained, unseen = enlarge(squares(TRAINED, rng)), enlarge(squares(HELD, rng))
    return (
        (np.concatenate([everything[kept], everything[kept[:70]], trained]),  # faces twice, as many as the rest
         np.concatenate([labels[kept], labels[kept[:70]], np.zeros(len(trained), int)])),
        (np.concatenate([everything[held], unseen]), np.concatenate([labels[held], np.zeros(len(unseen), int)])),
    )
