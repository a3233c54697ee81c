"""Neptune's files for loading a property graph: what their headers mean, and what is refused.

One file holds vertices, another edges. Columns that begin with ``~`` are the system's; the
others are properties, each with a type in its header: ``age:Int``, ``tags:String[]``.

Sources: Neptune guide, bulk-load-tutorial-format-gremlin (2026).
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pyarrow as pa

from labs_lib.platform.errors import Refusal

TYPES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "byte": pa.int8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "date": pa.timestamp("us"),
    "datetime": pa.timestamp("us"),
}
"""Type of a property, in lower case, to Arrow's."""

VERTEX, EDGE = ("~id",), ("~id", "~from", "~to", "~label")
"""Columns that a file of vertices and one of edges must have."""

SEVERAL = ";"
"""Between the values of a ``[]`` property, and between the labels of a vertex."""


@dataclass(frozen=True)
class Property:
    """A column that is not the system's.

    Attributes
    ----------
    name : str
    type : pyarrow type
        Of one value.
    several : bool
        Whether a cell may hold several values (``[]``).
    cardinality : str
        ``"set"`` or ``"single"``: whether loading a value again adds to the old one or takes
        its place. Of an edge always ``"single"``.
    """

    name: str
    type: pa.DataType
    several: bool = False
    cardinality: str = "set"


def header(name: str, *, edge: bool = False) -> Property:
    """Read the header of a property column, as in ``age:Int(single)``; the default is String.

    Raises
    ------
    Refusal
        For an unknown type or cardinality, an empty name, or what an edge cannot have: several
        values, or a set.
    """
    text, _, kind = name.strip().partition(":")
    kind = kind.strip() or "String"
    several = kind.endswith("[]")
    kind = kind.removesuffix("[]")
    cardinality = "single" if edge else "set"
    if kind.endswith(")"):
        kind, _, asked = kind[:-1].partition("(")
        cardinality = asked.strip().lower()
    if not text or kind.lower() not in TYPES or cardinality not in ("set", "single"):
        raise _refused(
            f"the header {name!r} is not name:Type, name:Type[] or name:Type(single). Types are "
            "Bool, Byte, Short, Int, Long, Float, Double, String, Date, Datetime."
        )
    if several and cardinality == "single":
        cardinality = "" if edge else "set"
    if edge and cardinality != "single":
        raise _refused(
            f"the header {name!r} asks an edge for several values. A property of an edge has one."
        )
    return Property(text, TYPES[kind.lower()], several, cardinality)


def read_vertices(text: str) -> pa.Table:
    """Read a file of vertices.

    Returns
    -------
    Table of Arrow, a row a vertex
        ``~id``: text; ``~label``: list of texts, ``["vertex"]`` where none is given; a column
        a property, with nulls where a cell is empty.

    Raises
    ------
    Refusal
        If a header is missing, unknown or given twice, an ``~id`` is empty, or a cell is no
        value of its type. The place is named.
    """
    table = _read(text, VERTEX, edge=False)
    labels = [
        [one for one in (value or "").split(SEVERAL) if one] or ["vertex"]
        for value in (
            table["~label"].to_pylist()
            if "~label" in table.column_names
            else [""] * len(table)
        )
    ]
    found = pa.array(labels, pa.list_(pa.string()))
    if "~label" not in table.column_names:
        return table.append_column("~label", found)
    return table.set_column(table.column_names.index("~label"), "~label", found)


def read_edges(text: str) -> pa.Table:
    """Read a file of edges.

    Returns
    -------
    Table of Arrow, a row an edge
        ``~id``, ``~from``, ``~to``, ``~label``: texts; a column a property.

    Raises
    ------
    Refusal
        As `read_vertices`.
    """
    return _read(text, EDGE, edge=True)


def write(frame: pd.DataFrame) -> str:
    """Write a table whose columns are such headers; a missing value is an empty cell."""
    return frame.to_csv(index=False, lineterminator="\n")


def _read(text: str, required: tuple[str, ...], *, edge: bool) -> pa.Table:
    lines = [line for line in csv.reader(io.StringIO(text), skipinitialspace=True) if line]
    if not lines:
        raise _refused("the file is empty, expected a line of headers.")
    names = [name.strip() for name in lines[0]]
    if missing := [name for name in required if name not in names]:
        raise _refused(f"the file has no column {' and '.join(missing)}.")
    known = {*required, "~label"}
    if unknown := [name for name in names if name.startswith("~") and name not in known]:
        raise _refused(
            f"{unknown[0]} is no column of this kind of file; it has {sorted(known)}."
        )
    properties = {
        place: header(name, edge=edge)
        for place, name in enumerate(names)
        if not name.startswith("~")
    }
    titles = [properties[i].name if i in properties else n for i, n in enumerate(names)]
    if len(set(titles)) < len(titles):
        raise _refused(f"a column is there twice: {sorted(titles)}.")
    columns: list[list] = [[] for _ in names]
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise _refused(f"line {number} has {len(line)} cells, expected {len(names)}.")
        for place, cell in enumerate(line):
            try:
                columns[place].append(_value(cell.strip(), properties.get(place)))
            except (ValueError, pa.ArrowException):
                raise _refused(
                    f"line {number}: {cell!r} is no value of {names[place]!r}."
                ) from None
    for name in required:
        if not all(columns[names.index(name)]):
            raise _refused(f"a row has no {name}.")
    types = [pa.string()] * len(names)
    for place, kind in properties.items():
        types[place] = pa.list_(kind.type) if kind.several else kind.type
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=titles)


def _value(cell: str, kind: Property | None) -> object:
    if kind is None:
        return cell
    if not cell:
        return None
    if kind.several:
        return [_one(part, kind.type) for part in cell.split(SEVERAL) if part]
    return _one(cell, kind.type)


def _one(cell: str, kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return cell
    if pa.types.is_boolean(kind):
        if cell.lower() not in ("true", "false"):
            raise ValueError(cell)
        return cell.lower() == "true"
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(cell.replace("Z", "+00:00")).replace(tzinfo=None)
    number = float(cell) if pa.types.is_floating(kind) else int(cell)
    return pa.scalar(number, kind).as_py()


def _refused(problem: str) -> Refusal:
    return Refusal("BulkLoad", f"The load is refused: {problem}")
