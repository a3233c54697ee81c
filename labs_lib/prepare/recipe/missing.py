"""Missing values: say where they are, and fill them."""

import math

import numpy as np

from labs_lib.columns import LARGEST_WHOLE
from labs_lib.prepare.recipe.parameters import number
from labs_lib.prepare.recipe.table import Table, spread


def flag_missing(table: Table, p: dict, learned: dict) -> None:
    """FLAG_COLUMN_FROM_NULL: true where the value is missing."""
    missing = table.read(p["sourceColumn"]).missing
    table.put(p["targetColumn"], missing, source=p["sourceColumn"])


def learn_average(table: Table, p: dict) -> dict:
    """FILL_WITH_AVERAGE: learn the mean."""
    x = table.present(p["sourceColumn"])
    if np.abs(x).max() > 1e150:
        raise ValueError(
            f"column {p['sourceColumn']!r} has values beyond 1e150, too large."
        )
    return {"value": math.fsum(x.tolist()) / len(x)}


def learn_median(table: Table, p: dict) -> dict:
    """FILL_WITH_MEDIAN: learn the median."""
    return {"value": float(np.median(table.present(p["sourceColumn"])))}


def learn_most_frequent(table: Table, p: dict) -> dict:
    """FILL_WITH_MOST_FREQUENT: learn the commonest value; of equals the smallest."""
    source = p["sourceColumn"]
    values = table.get(source)
    if values.dtype.kind not in "iuf":
        codes, texts = table.texts(source)
        if not texts:
            raise ValueError(
                f"column {source!r} has only missing values: nothing to learn."
            )
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        return {"value": min(zip(-counts, texts, strict=True))[1]}
    present = table.present(source)
    if values.dtype.kind in "iu" and np.abs(present).max() >= LARGEST_WHOLE:
        raise ValueError(
            f"column {source!r} has whole numbers from 2**53 on, which as numbers cannot be "
            "told apart; make text of them first, with CHANGE_DATA_TYPE."
        )
    different, counts = np.unique(present, return_counts=True)
    return {"value": float(different[counts.argmax()])}


def learn_custom(table: Table, p: dict) -> dict:
    """FILL_WITH_CUSTOM: take the value that is given."""
    table.get(p["sourceColumn"])
    is_number = p["columnDataType"] == "number"
    return {"value": number(p["value"]) if is_number else p["value"]}


def fill(table: Table, p: dict, learned: dict) -> None:
    """Put the learned value where a value is missing."""
    source, value = p["sourceColumn"], learned["value"]
    if isinstance(value, str):
        codes, texts = table.texts(source)
        filled = spread([*texts, value], np.where(codes < 0, len(texts), codes))
    else:
        numbers = table.numbers(source)
        filled = np.where(np.isnan(numbers), value, numbers)
    table.put(source, filled, source=source)
