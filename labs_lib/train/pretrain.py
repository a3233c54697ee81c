"""A base model to fine-tune: a small network that has learned the handwritten digits 0 to 4.

Its weights are stored in ``data/digits_base.npz``, as a base model comes from a hub: somebody
else has trained it, and everybody starts from the same file. ``python -m labs_lib.train.pretrain``
trains it again and says how far the stored weights are from the new ones; with ``--write`` it
stores the new ones.
"""

import argparse
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from labs_lib import data, files
from labs_lib.train.network import Array, Network, batches

SIZES = (64, 64, 5)
"""Pixels, hidden units, the digits 0 to 4."""

EPOCHS, RATE, BATCH = 30, 0.2, 32
TOLERANCE = 1e-6
"""How far weights may be from the stored ones on another processor."""


@dataclass(frozen=True)
class Digits:
    """The handwritten digits of scikit-learn, and one random split of them.

    Attributes
    ----------
    X : array of shape (1797, 64)
        Pixels of 8 by 8, from 0 to 1.
    y : array of shape (1797,)
        The digit, 0 to 9.
    train, valid, test : arrays of int
        Places of 1,078 training rows, of 359 to choose by, and of 360 that judge; each digit
        has its share in all three.
    """

    X: Array
    y: NDArray[np.int64]
    train: NDArray[np.intp]
    valid: NDArray[np.intp]
    test: NDArray[np.intp]


def digits(seed: int) -> Digits:
    """Load the handwritten digits and split them at random, each digit with its share."""
    X, y = load_digits(return_X_y=True)
    train, rest = train_test_split(
        np.arange(len(y)), test_size=0.4, stratify=y, random_state=seed
    )
    valid, test = train_test_split(rest, test_size=0.5, stratify=y[rest], random_state=seed)
    return Digits(X / 16.0, y.astype(np.int64), train, valid, test)


def fit(
    rows: Array,
    labels: NDArray[np.int64],
    *,
    sizes: Sequence[int] = SIZES,
    seed: int | Sequence[int] = 0,
) -> Network:
    """Train a network from scratch, for `EPOCHS` passes with batches of `BATCH` rows.

    Parameters
    ----------
    rows : array of shape (n, sizes[0])
    labels : array of shape (n,)
        Class numbers from 0 to ``sizes[-1] - 1``.
    sizes : sequence of int
        See `Network`.
    seed : int or sequence of int
        Of the first weights and of the order of the rows.

    Raises
    ------
    ValueError
        If a label has no output, or `Network` refuses the sizes.
    """
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= sizes[-1]:
        raise ValueError(
            f"labels need {sizes[-1]} outputs, numbered from 0, and at least one row; "
            f"there are {len(labels)} labels, such as {np.unique(labels)[-3:].tolist()}."
        )
    first, order = np.random.SeedSequence(seed).generate_state(2)
    network = Network(sizes, seed=int(first))
    rng = np.random.default_rng(int(order))
    for _ in range(EPOCHS):
        for part in batches(len(labels), BATCH, rng):
            network.step(rows[part], labels[part], RATE)
    return network


def make_base() -> Network:
    """Train the stored base: digits 0 to 4 of the training rows of split 0."""
    d = digits(0)
    old = d.train[d.y[d.train] < SIZES[-1]]
    return fit(d.X[old], d.y[old])


def load_base() -> Network:
    """Return the stored base as a network; each call gives a copy of its own.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing, or differs from its checksum.
    """
    stored = data.load_digits_base()
    network = Network(SIZES)
    for parameter, value in zip(network.parameters, _in_order(stored), strict=True):
        parameter[:] = value
    return network


def packed(network: Network) -> bytes:
    """Return the weights of a network as the content of an .npz file."""
    layers = zip(network.weights, network.biases, strict=True)
    parts: dict[str, Array] = {}
    for number, (weight, bias) in enumerate(layers):
        parts |= {f"weight{number}": weight, f"bias{number}": bias}
    buffer = io.BytesIO()
    np.savez(buffer, **parts)  # type: ignore[arg-type]
    return buffer.getvalue()


def distance(a: Network, b: Network) -> float:
    """Return the largest difference between two weights or biases in the same place."""
    pairs = zip(a.parameters, b.parameters, strict=True)
    return max(float(np.abs(p - q).max()) for p, q in pairs)


def main(argv: Sequence[str] | None = None) -> int:
    """Train the base again; compare it with the stored one, or store it."""
    parser = argparse.ArgumentParser(prog="python -m labs_lib.train.pretrain")
    parser.add_argument("--write", action="store_true", help="store the new weights")
    made = make_base()
    if parser.parse_args(argv).write:
        path = data.FOLDER / data.DIGITS_BASE
        with files.replacing(path) as temporary:
            temporary.write_bytes(packed(made))
        print(
            f"{files.sha256(path)}  {path.name}   <- this line belongs in data/{data.SUMS}"
        )
        return 0
    apart = distance(made, load_base())
    print(f"largest difference of a weight: {apart:.1e} (allowed {TOLERANCE:.0e})")
    return int(apart > TOLERANCE)


def _in_order(stored: Mapping[str, Array]) -> list[Array]:
    return [
        stored[f"{part}{n}"] for n in range(len(SIZES) - 1) for part in ("weight", "bias")
    ]


if __name__ == "__main__":
    raise SystemExit(main())
