"""Every operation of a recipe: its parameters, what it learns, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labs_lib.prepare.recipe import categories, dates, missing, scaling
from labs_lib.prepare.recipe import parameters as read
from labs_lib.prepare.recipe.table import Table


def nothing(table: Table, p: dict) -> dict:
    """Learn nothing; the source column has to exist."""
    table.get(p["sourceColumn"])
    return {}


def delete(table: Table, p: dict, learned: dict) -> None:
    """Leave the column out."""
    table.get(p["sourceColumn"])
    del table.columns[p["sourceColumn"]]


def rename(table: Table, p: dict, learned: dict) -> None:
    """Give the column another name, in the same place."""
    old, new = p["sourceColumn"], p["targetColumn"]
    table.put(new, table.get(old), source=old)
    table.columns = {
        new if name == old else name: table.columns[name]
        for name in table.columns
        if name != new or new == old
    }


@dataclass(frozen=True)
class Operation:
    """One operation: how its parameters are read, what it learns, and what it does."""

    required: Mapping[str, Callable[[str], object]]
    apply: Callable[[Table, dict, dict], None]
    learn: Callable[[Table, dict], dict] = nothing
    learns: tuple[str, ...] = ()
    # Reader and, already read, the value where the parameter is left out.
    optional: Mapping[str, tuple[Callable[[str], object], object]] = field(
        default_factory=dict
    )
    check: Callable[[dict], None] = lambda p: None


_SOURCE = {"sourceColumn": read.text_value}
_BOTH = {"sourceColumn": read.text_value, "targetColumn": read.text_value}
_FILL = {"apply": missing.fill, "learns": ("value",)}

OPERATIONS: Mapping[str, Operation] = {
    "SPLIT_COLUMN_SINGLE_DELIMITER": Operation(
        {**_SOURCE, "pattern": read.text_value, "limit": read.limit},
        categories.split_column,
    ),
    "CHANGE_DATA_TYPE": Operation(
        {**_SOURCE, "columnDataType": read.one_of("double", "string")},
        categories.change_type,
    ),
    "NORMALIZATION": Operation(
        {**_BOTH, "strategy": read.one_of("Z_SCORE", "MIN_MAX")},
        scaling.scale,
        scaling.learn_scale,
        ("shift", "scale"),
    ),
    "LN": Operation(_BOTH, scaling.log, optional={"offset": (read.number, 0.0)}),
    "BUCKETIZATION": Operation(
        {**_BOTH, "bucketNames": read.strings},
        scaling.bucket,
        scaling.learn_cuts,
        ("cuts",),
        {
            "splits": (read.splits, None),
            "strategy": (read.one_of("QUANTILE", "UNIFORM"), None),
        },
        read.check_buckets,
    ),
    "ONE_HOT_ENCODING": Operation(
        _SOURCE,
        categories.one_hot,
        categories.learn_categories,
        ("categories",),
        {"invalidHandlingStrategy": (read.one_of("ERROR", "KEEP", "SKIP"), "ERROR")},
    ),
    "FEATURIZE_DATE_TIME": Operation(
        {**_SOURCE, "parts": read.parts},
        dates.date_parts,
        optional={"embeddingMode": (read.one_of("CYCLIC", "ORDINAL"), "CYCLIC")},
        check=read.check_parts,
    ),
    "FLAG_COLUMN_FROM_NULL": Operation(
        _BOTH,
        missing.flag_missing,
        optional={"flagType": (read.one_of("Null values"), "Null values")},
    ),
    "FILL_WITH_AVERAGE": Operation(_SOURCE, learn=missing.learn_average, **_FILL),
    "FILL_WITH_MEDIAN": Operation(_SOURCE, learn=missing.learn_median, **_FILL),
    "FILL_WITH_MOST_FREQUENT": Operation(
        _SOURCE, learn=missing.learn_most_frequent, **_FILL
    ),
    "FILL_WITH_CUSTOM": Operation(
        {
            **_SOURCE,
            "value": read.text_value,
            "columnDataType": read.one_of("number", "string"),
        },
        learn=missing.learn_custom,
        check=read.check_custom,
        **_FILL,
    ),
    "DELETE": Operation(_SOURCE, delete),
    "RENAME": Operation(_BOTH, rename),
}
"""Every operation of a recipe, by its name in DataBrew; see `Recipe` for what each does."""
