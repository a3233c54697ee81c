"""Text into pieces, numbers, and columns of 0 and 1."""

import itertools

import numpy as np

from labs_lib.prepare.recipe.messages import listed
from labs_lib.prepare.recipe.table import Table, spread

MAX_CATEGORIES = 200


def split_column(table: Table, p: dict, learned: dict) -> None:
    """SPLIT_COLUMN_SINGLE_DELIMITER: one column a piece, missing where there is none."""
    source = p["sourceColumn"]
    codes, texts = table.texts(source)
    pieces = [text.split(p["pattern"], p["limit"]) for text in texts]
    for k in range(p["limit"] + 1):
        piece = [found[k] if len(found) > k else None for found in pieces]
        table.put(f"{source}_{k + 1}", spread(piece, codes), source=source)


def change_type(table: Table, p: dict, learned: dict) -> None:
    """CHANGE_DATA_TYPE: text to numbers, or anything to text."""
    source = p["sourceColumn"]
    codes, texts = table.texts(source)
    if p["columnDataType"] == "string":
        values = spread(texts, codes)
    else:
        numbers = table.read(source).numbers
        values = np.where(np.isfinite(numbers), numbers, np.nan)
    table.put(source, values, source=source)


def learn_categories(table: Table, p: dict) -> dict:
    """ONE_HOT_ENCODING: learn the categories, in the order of their text."""
    source = p["sourceColumn"]
    _, texts = table.texts(source)
    if not texts:
        raise ValueError(f"column {source!r} has only missing values: nothing to learn.")
    if len(texts) > MAX_CATEGORIES:
        raise ValueError(
            f"column {source!r} has {len(texts)} different values, at most "
            f"{MAX_CATEGORIES} are allowed; numbers go into buckets first (BUCKETIZATION), "
            "an identifier is no feature (DELETE)."
        )
    return {"categories": sorted(texts)}


def one_hot(table: Table, p: dict, learned: dict) -> None:
    """ONE_HOT_ENCODING: one column of 0 and 1 a category."""
    source, categories = p["sourceColumn"], learned["categories"]
    codes, texts = table.texts(source)
    place = {text: k for k, text in enumerate(categories)}
    # The last -1 is for missing values: their code is -1.
    found = np.array([*(place.get(text, -1) for text in texts), -1])[codes]
    known = found >= 0
    if p["invalidHandlingStrategy"] == "ERROR" and not known.all():
        unseen = sorted(set(texts) - set(categories))
        values = ", ".join(map(repr, unseen[:3])) + (", ..." if len(unseen) > 3 else "")
        raise ValueError(
            f"column {source!r} has {(~known).sum()} rows outside the categories of the "
            f"training data: {values or 'missing values'}. Known are "
            f"{listed(categories)}. To allow it, set invalidHandlingStrategy to KEEP or "
            "SKIP."
        )
    if p["invalidHandlingStrategy"] == "SKIP" and not known.all():
        table.keep(known)
        found = found[known]
    for k, category in enumerate(categories):
        table.put(f"{source}_{category}", (found == k).astype(np.int8), source=source)
    if p["invalidHandlingStrategy"] == "KEEP":
        other = _other(categories)
        table.put(f"{source}_{other}", (found < 0).astype(np.int8), source=source)


def _other(categories: list[str]) -> str:
    """Return the name of everything else: other, or what no category is called."""
    names = itertools.chain(["other"], (f"other_{k}" for k in itertools.count(2)))
    return next(name for name in names if name not in categories)
