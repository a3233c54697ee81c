"""Four ways to split rows into named parts, as in Data Wrangler's "Split data".

scikit-learn's splitters make two parts, of groups where the fraction should be of rows
(`GroupShuffleSplit`), or refuse a value with few rows (`StratifiedShuffleSplit`). These
four make two or three parts from fractions of the rows and say how far sizes may be off.

Each returns row positions by part, in the order of the rows:

>>> frame = pd.DataFrame({"x": range(10)})
>>> parts = randomized_split(frame, {"train": 0.6, "validation": 0.2, "test": 0.2})
>>> frame.iloc[parts["test"]].index.tolist()
[1, 8]
"""

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import pandas as pd

MAX_STRATA = 100
ORDERS_TRIED = 100


def randomized_split(
    frame: pd.DataFrame, fractions: Mapping[str, float], *, seed: int = 0
) -> dict[str, np.ndarray]:
    """Split rows at random.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        The rows to split.
    fractions : mapping of str to float
        Two or three names with the fraction of the rows that each gets, above 0, sum 1.
    seed : int
        Another seed gives another split.

    Returns
    -------
    dict of str to ndarray of int
        Positions of the rows of each part, rising. Each row is in one part. A size is the
        exact fraction but for less than a row, so there is no error threshold.

    Raises
    ------
    ValueError
        If `frame` is empty, `fractions` are wrong, or a part gets no row.
    """
    fractions = _check(frame, fractions)
    order = np.random.default_rng(seed).permutation(len(frame))
    return _filled(_parts(order, _edges(len(frame), fractions, 0.5), fractions))


def stratified_split(
    frame: pd.DataFrame,
    fractions: Mapping[str, float],
    *,
    column: str,
    error_threshold: float = 0.01,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Split at random so that every part has the same share of each value of a column.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        The rows to split.
    fractions : mapping of str to float
        Two or three names with the fraction of the rows that each gets, above 0, sum 1.
    column : str
        At most `MAX_STRATA` different values, none missing.
    error_threshold : float
        How far the size of a part may be off, as a fraction of all rows; above 1 counts as
        1. Less than a row is always allowed.
    seed : int
        Another seed gives another split.

    Returns
    -------
    dict of str to ndarray of int
        Positions of the rows of each part, rising. Each row is in one part. A part has its
        fraction of the rows of each value but for less than a row; which way it is rounded
        is drawn, so that rare values do not all go to the same part.

    Raises
    ------
    ValueError
        If `frame` is empty, `fractions` or `error_threshold` are wrong, the column is
        missing, has missing or too many values, a part gets no row, or the sizes are off by
        more than `error_threshold`.
    """
    fractions = _check(frame, fractions)
    strata = _codes(frame, [column])
    counts = np.bincount(strata)
    if len(counts) > MAX_STRATA:
        raise ValueError(
            f"column {column!r} has {len(counts)} different values, expected at most "
            f"{MAX_STRATA}; group them first (numbers with pd.qcut)."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frame))
    order = order[np.argsort(strata[order], kind="stable")]
    edges = _edges(counts[:, None], fractions, rng.random((len(counts), 1)))
    part = [np.repeat(np.arange(len(fractions)), np.diff(row, prepend=0)) for row in edges]
    part = np.concatenate(part)
    parts = {name: np.sort(order[part == k]) for k, name in enumerate(fractions)}
    return _within(parts, fractions, error_threshold, "group rare values")


def ordered_split(
    frame: pd.DataFrame,
    fractions: Mapping[str, float],
    *,
    column: str | None = None,
    handle_duplicates: bool = False,
    error_threshold: float = 0.01,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Split in order: the first rows to the first part, the last to the last.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        The rows to split.
    fractions : mapping of str to float
        Two or three names with the fraction of the rows that each gets, above 0, sum 1. The
        order of the names is the order of the parts.
    column : str, optional
        Numbers or dates to order by, none missing; without it, the order of the rows.
    handle_duplicates : bool
        Rows with the same value stay together, and the parts meet at the nearest place
        between two values. If true, equal rows are put in random order (Data Wrangler adds
        noise) and the sizes are exact but for less than a row.
    error_threshold : float
        How far the size of a part may be off, as a fraction of all rows; above 1 counts as
        1. Less than a row is always allowed.
    seed : int
        For `handle_duplicates`.

    Returns
    -------
    dict of str to ndarray of int
        Positions of the rows of each part, rising. Each row is in one part, and no value of
        `column` lies before one of an earlier part.

    Raises
    ------
    ValueError
        If `frame` is empty, `fractions` or `error_threshold` are wrong, the column is
        missing, has missing values or values of another type, a part gets no row, or the
        sizes are off by more than `error_threshold`.
    """
    fractions = _check(frame, fractions)
    edges = _edges(len(frame), fractions, 0.5)
    if column is None:
        return _filled(_parts(np.arange(len(frame)), edges, fractions))
    values = _orderable(frame, column)
    noise = np.random.default_rng(seed).permutation(len(frame))
    order = np.lexsort((noise, values))
    if not handle_duplicates:
        values = values[order]
        cut = values[np.minimum(edges, len(values) - 1)]
        before = np.searchsorted(values, cut, side="left")
        after = np.searchsorted(values, cut, side="right")
        nearest = edges - before <= after - edges
        # An end of the frame would leave a part empty.
        backwards = (after == len(frame)) | (nearest & (before > 0))
        edges = np.where(backwards, before, after)
        edges[-1] = len(frame)
    return _within(
        _parts(order, edges, fractions), fractions, error_threshold, "set handle_duplicates"
    )


def key_split(
    frame: pd.DataFrame,
    fractions: Mapping[str, float],
    *,
    columns: str | Sequence[str],
    error_threshold: float = 0.01,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Split at random so that the rows of a key, as a customer, are all in one part.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        The rows to split.
    fractions : mapping of str to float
        Two or three names with the fraction of the rows that each gets, above 0, sum 1.
    columns : str or list of str
        The column or columns that make the key; no missing values.
    error_threshold : float
        How far the size of a part may be off, as a fraction of all rows; above 1 counts as
        1. Less than a row is always allowed.
    seed : int
        Another seed gives another split.

    Returns
    -------
    dict of str to ndarray of int
        Positions of the rows of each part, rising. Each row is in one part, each key too.

    Raises
    ------
    ValueError
        If `frame` is empty, `fractions` or `error_threshold` are wrong, a column is missing
        or has missing values, a key has more rows than any part takes, or no order of the
        keys was found that keeps the sizes within `error_threshold`.

    Notes
    -----
    The keys are put in random order, and a key goes where its middle row falls. Where the
    sizes are off by more than `error_threshold`, another order is drawn, up to
    `ORDERS_TRIED`. A key's size has no say in the order, so that no part collects the
    large ones.
    """
    columns = [columns] if isinstance(columns, str) else list(columns)
    fractions = _check(frame, fractions)
    allowed = _threshold(error_threshold)
    keys = _codes(frame, columns)
    counts = np.bincount(keys)
    rows, largest = len(frame), counts.max()
    if largest - rows * max(fractions.values()) > max(allowed * rows, 1):
        key = frame.iloc[np.flatnonzero(keys == counts.argmax())[0]][columns].tolist()
        raise ValueError(
            f"the key {key} has {largest / rows:.1%} of the rows, more than any part takes "
            f"({max(fractions.values()):.1%}); leave it out, or change the fractions."
        )
    rng = np.random.default_rng(seed)
    bounds = np.cumsum([*fractions.values()])[:-1] * rows
    wanted = np.array([*fractions.values()]) * rows
    best = math.inf
    for _ in range(ORDERS_TRIED):
        order = rng.permutation(len(counts))
        middle = np.cumsum(counts[order]) - counts[order] / 2
        part = np.empty(len(counts), dtype=np.int64)
        part[order] = np.searchsorted(bounds, middle, side="right")
        sizes = np.bincount(part, weights=counts, minlength=len(fractions))
        off = np.abs(sizes - wanted).max()
        if sizes.all() and off < best:
            best, chosen = off, part
        if best <= allowed * rows or best < 1:
            break
    if best == math.inf:
        raise ValueError(
            f"{len(counts)} different keys cannot fill {len(fractions)} parts of these "
            "fractions; split without keys or change the fractions."
        )
    parts = {name: np.flatnonzero(chosen[keys] == k) for k, name in enumerate(fractions)}
    return _within(parts, fractions, allowed, "use more, smaller keys")


def _check(frame: pd.DataFrame, fractions: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        found = "empty" if isinstance(frame, pd.DataFrame) else type(frame).__name__
        raise ValueError(f"frame is {found}, expected a DataFrame with rows.")
    if not isinstance(fractions, Mapping) or len(fractions) not in (2, 3):
        raise ValueError(
            f"fractions is {fractions!r}, expected two or three parts, as "
            "{'train': 0.8, 'validation': 0.1, 'test': 0.1}."
        )
    for name, fraction in fractions.items():
        if not isinstance(fraction, Real) or not fraction > 0:
            raise ValueError(
                f"the fraction of {name} is {fraction!r}, expected more than 0."
            )
    total = math.fsum(fractions.values())
    if not math.isclose(total, 1, abs_tol=1e-9):
        raise ValueError(
            f"the fractions sum to {total:g}, expected 1; divide each of them by {total:g}."
        )
    return {name: float(fraction) for name, fraction in fractions.items()}


def _threshold(error_threshold: float) -> float:
    if not isinstance(error_threshold, Real) or not error_threshold >= 0:
        raise ValueError(
            f"error_threshold is {error_threshold!r}, expected a fraction of the rows "
            "from 0 (exact) to 1."
        )
    return min(float(error_threshold), 1.0)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise ValueError(
            f"there is no column {name!r}; there are {', '.join(map(str, frame.columns))}."
        )
    column = frame[name]
    if not isinstance(column, pd.Series):
        raise ValueError(
            f"{name!r} names {column.shape[1]} columns, expected one; give each column its "
            "own name, or the whole name where names have several levels."
        )
    if (missing := column.isna().sum()) > 0:
        raise ValueError(
            f"column {name!r} has {missing} missing values, so their rows belong to no "
            "part; drop the rows or fill them."
        )
    return column


def _codes(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Number the different values of columns in the order of their first rows."""
    if not names:
        raise ValueError("columns is empty, expected at least one name.")
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        try:
            new, different = pd.factorize(_column(frame, name))
        except (TypeError, NotImplementedError):
            raise ValueError(
                f"column {name!r} holds values that cannot be compared, such as lists; turn "
                "them into text first."
            ) from None
        codes = pd.factorize(codes * len(different) + new)[0]
    return codes


def _orderable(frame: pd.DataFrame, name: str) -> np.ndarray:
    column = _column(frame, name)
    if column.dtype.kind not in "iufM":
        raise ValueError(
            f"column {name!r} holds {column.dtype}, expected numbers or dates; convert "
            "it with pd.to_numeric or pd.to_datetime."
        )
    if column.dtype.kind == "M":
        column = column.astype("int64")
    return column.to_numpy()


def _edges(
    rows: int | np.ndarray, fractions: Mapping[str, float], offset: float | np.ndarray
) -> np.ndarray:
    """Return where each part ends among so many rows, rounded down after adding `offset`.

    With 0 <= offset < 1 each size is within a row of its fraction, and with an offset drawn
    from there it is the fraction on average.
    """
    # Ten decimals: 0.1 + 0.7 is a little less than 0.8, and 10 rows x 0.8 shall be 8.
    ends = np.round(rows * np.cumsum([*fractions.values()]), 10)
    edges = np.floor(ends + offset).astype(np.int64)
    edges[..., -1] = np.squeeze(rows)
    return edges


def _parts(
    order: np.ndarray, edges: np.ndarray, fractions: Mapping[str, float]
) -> dict[str, np.ndarray]:
    pieces = np.split(order, edges[:-1])
    return {name: np.sort(piece) for name, piece in zip(fractions, pieces, strict=True)}


def _filled(
    parts: dict[str, np.ndarray], advice: str = "give more rows"
) -> dict[str, np.ndarray]:
    for name, rows in parts.items():
        if not len(rows):
            total = sum(map(len, parts.values()))
            raise ValueError(
                f"{name} gets none of the {total} rows; expected at least one. Make its "
                f"fraction larger or {advice}."
            )
    return parts


def _within(
    parts: dict[str, np.ndarray],
    fractions: Mapping[str, float],
    error_threshold: float,
    advice: str,
) -> dict[str, np.ndarray]:
    allowed = _threshold(error_threshold)
    _filled(parts, advice)
    total = sum(map(len, parts.values()))
    for name, rows in parts.items():
        off = abs(len(rows) - fractions[name] * total)
        if off >= 1 and off > allowed * total * (1 + 1e-9):
            raise ValueError(
                f"{name} gets {len(rows)} of {total} rows, {len(rows) / total:.4f} instead "
                f"of {fractions[name]:.4f}: off by more than the error_threshold "
                f"{allowed:g}. Raise it or {advice}."
            )
    return parts
