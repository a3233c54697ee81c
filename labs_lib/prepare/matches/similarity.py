"""How alike are two texts? Jaro-Winkler and the Dice coefficient, for many pairs at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

CHUNK = 16_384
"""Pairs at a time: what a processor's cache holds."""

PREFIX, SCALE, BOOST_ABOVE = 4, 0.1, 0.7
"""Winkler's constants: letters of the common beginning, its weight, and from where it counts."""


def jaro_winkler(a: Sequence[str], b: Sequence[str]) -> NDArray[np.float64]:
    """Return the Jaro-Winkler similarity of each text of `a` with the text of `b` beside it.

    Parameters
    ----------
    a, b : sequences of str, of one length
        Compared as they are: lower case and spaces are the caller's.

    Returns
    -------
    ndarray of shape (len(a),)
        From 0, no letter in common, to 1, equal. Two empty texts are equal.

    Raises
    ------
    ValueError
        If the lengths differ, or a value is no text.

    Notes
    -----
    Letters match if they are equal and at most ``max(len) // 2 - 1`` places apart; each is used
    once. Jaro's similarity is the mean of three shares: matched letters of `a`, of `b`, and
    matched letters in the same order. Winkler adds a tenth of what is missing for each of up to
    four equal first letters, where Jaro's is above 0.7.

    References
    ----------
    Winkler, W. E. (1990). String comparator metrics and enhanced decision rules in the
    Fellegi-Sunter model of record linkage. Proceedings of the Section on Survey Research
    Methods, American Statistical Association, 354-359.
    """
    vocabulary, left, right, inverse = _different_pairs(a, b)
    found = np.ones(len(left))
    lengths = np.array([len(text) for text in vocabulary], dtype=np.int64)
    longest = np.maximum(lengths[left], lengths[right])
    order = np.argsort(longest, kind="stable")
    for start in range(0, len(order), CHUNK):
        some = order[start : start + CHUNK]
        width = int(longest[some].max(initial=0))
        if width == 0:
            continue
        letters = np.array(vocabulary, dtype=f"U{max(lengths.max(), 1)}")
        A, B = (_letters(letters[side[some]], width) for side in (left, right))
        found[some] = _jaro_winkler(A, B, lengths[left[some]], lengths[right[some]])
    return found[inverse]


def dice(a: Sequence[str], b: Sequence[str]) -> NDArray[np.float64]:
    """Return the Dice coefficient of the letter pairs of two texts: word order hardly counts.

    Parameters
    ----------
    a, b : sequences of str, of one length

    Returns
    -------
    ndarray of shape (len(a),)
        Twice the number of different letter pairs in common, over the sum of both. A space is
        put at each end of every word. Two texts without any are equal if both are empty.

    Raises
    ------
    ValueError
        If the lengths differ, or a value is no text.
    """
    vocabulary, left, right, inverse = _different_pairs(a, b)
    same = left == right
    words = [" ".join(text.split()) for text in vocabulary]
    if not any(words):
        return same.astype(float)[inverse]
    counts = CountVectorizer(
        analyzer="char_wb", ngram_range=(2, 2), binary=True, lowercase=False
    )
    grams = sparse.csr_array(counts.fit_transform(words), dtype=np.int32)
    size = np.asarray(grams.sum(axis=1)).ravel()
    common = np.zeros(len(left))
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        both = grams[left[part]].multiply(grams[right[part]])
        common[part] = np.asarray(both.sum(axis=1)).ravel()
    total = size[left] + size[right]
    value = 2 * common / np.maximum(total, 1)
    return np.where(same, 1.0, value)[inverse]


def _different_pairs(
    a: Sequence[str], b: Sequence[str]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the different texts, the different pairs of them, and which pair each row is."""
    if len(a) != len(b):
        raise ValueError(
            f"a has {len(a)} texts and b {len(b)}, expected as many: they are compared row by row."
        )
    joined = np.concatenate([np.asarray(a, dtype=object), np.asarray(b, dtype=object)])
    codes, different = pd.factorize(joined, use_na_sentinel=False)
    for value in different:
        if not isinstance(value, str):
            raise ValueError(
                f"{value!r} is {type(value).__name__}, expected texts. Write a missing value as an "
                'empty text, "".'
            )
    n = max(len(different), 1)
    code = codes[: len(a)].astype(np.int64) * n + codes[len(a) :]
    pair, inverse = np.unique(code, return_inverse=True)
    return list(different), pair // n, pair % n, inverse.ravel()


def _letters(texts: NDArray[np.str_], width: int) -> NDArray[np.uint32]:
    """Return code points, shape (width, n); 0 behind the end of a text."""
    points = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), -1)
    return np.ascontiguousarray(points[:, :width].T)


def _jaro_winkler(
    A: NDArray[np.uint32],
    B: NDArray[np.uint32],
    length_a: NDArray[np.int64],
    length_b: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the similarities of pairs of letters, shape (width, n) each."""
    width, n = A.shape
    window = np.maximum(np.maximum(length_a, length_b) // 2 - 1, 0)
    widest = int(window.max())
    used_a, used_b = np.zeros((width, n), dtype=bool), np.zeros((width, n), dtype=bool)
    inside = [window >= distance for distance in range(widest + 1)]
    for i in range(width):
        free = A[i] != 0
        for j in range(max(0, i - widest), min(width, i + widest + 1)):
            hit = A[i] == B[j]
            hit &= free
            hit &= ~used_b[j]
            hit &= inside[abs(i - j)]
            used_b[j] |= hit
            free &= ~hit
            used_a[i] |= hit
    matched = used_a.sum(axis=0)
    first, second = (
        np.take_along_axis(X, np.argsort(~used, axis=0, kind="stable"), axis=0)
        for X, used in ((A, used_a), (B, used_b))
    )
    counted = np.arange(width)[:, None] < matched
    swapped = ((first != second) & counted).sum(axis=0) // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        jaro = (matched / length_a + matched / length_b + (matched - swapped) / matched) / 3
    jaro = np.where(matched > 0, jaro, 0.0)
    jaro = np.where((length_a == 0) & (length_b == 0), 1.0, jaro)
    equal = (A[:PREFIX] == B[:PREFIX]) & (A[:PREFIX] != 0)
    prefix = np.logical_and.accumulate(equal, axis=0).sum(axis=0)
    return np.where(jaro > BOOST_ABOVE, jaro + SCALE * prefix * (1 - jaro), jaro)
