"""A property graph in memory, asked in openCypher: Ladybug, with the shape of Neptune's files.

Ladybug wants a table for each label before it takes a vertex; they are made from what is loaded.
It is not Neptune in one point that changes counts: in a pattern an edge may be used twice, where
openCypher uses each edge at most once in a solution. `labs_lib.aws` refuses what Neptune lacks.
"""

import re
from typing import Any, Self

import ladybug
import pandas as pd
import pyarrow as pa

from labs_lib import settings
from labs_lib.platform.errors import Refusal

_NAMES = (
    (pa.types.is_boolean, "BOOL"),
    (pa.types.is_int8, "INT8"),
    (pa.types.is_int16, "INT16"),
    (pa.types.is_int32, "INT32"),
    (pa.types.is_int64, "INT64"),
    (pa.types.is_float32, "FLOAT"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_string, "STRING"),
    (pa.types.is_timestamp, "TIMESTAMP"),
)

_KEY = "_key"
"""Where a vertex keeps its ``~id``."""

_MEMORY, _ADDRESSES = 256 * 2**20, 2**32
"""Bytes that the engine may fill, and that it reserves addresses for (a power of two)."""


class PropertyGraph:
    """Vertices and edges, each with a label and properties. Nothing is written to disk.

    Parameters
    ----------
    vertices, edges : Tables of Arrow
        As `labs_lib.platform.bulk_files` reads them. A vertex has one label.
    threads : int, optional
        At least 1. Default `labs_lib.settings.n_jobs`. It changes no answer.

    Raises
    ------
    Refusal
        If a vertex has several labels, or is there twice, or an edge leads to none.

    Examples
    --------
    >>> with PropertyGraph(vertices, edges) as graph:  # doctest: +SKIP
    ...     graph.ask("MATCH (a)-[:uses]->(d) RETURN d.name, count(a) ORDER BY d.name")
    """

    def __init__(self, vertices: pa.Table, edges: pa.Table, *, threads: int | None = None):
        labels = _labels(vertices)
        _check_ends(labels, edges)
        self._database = ladybug.Database(
            ":memory:",
            buffer_pool_size=_MEMORY,
            max_db_size=_ADDRESSES,
            max_num_threads=threads or settings.n_jobs(),
        )
        self._connection = ladybug.Connection(self._database)
        self._load_vertices(vertices, labels)
        self._load_edges(edges, labels)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()
        self._database.close()

    def ask(self, query: str, **parameters: Any) -> pd.DataFrame:
        """Return the rows of a query.

        Parameters
        ----------
        query : str
            In openCypher, with ``$name`` for a parameter.
        **parameters : numbers, texts, or lists of them

        Returns
        -------
        DataFrame
            In the order that the query asks for. A query without ``ORDER BY`` has none, so its
            rows come sorted by their values, the same on each machine.

        Raises
        ------
        Refusal
            With the engine's text, if the query cannot be read, or names what is not there.
        """
        try:
            answer = self._connection.execute(query, parameters)
        except RuntimeError as error:
            raise Refusal("MalformedQueryException", str(error)) from None
        if isinstance(answer, list):
            raise Refusal("MalformedQueryException", "Several queries; send one at a time.")
        frame = answer.get_as_df()
        if len(frame) > 1 and not re.search(r"\bORDER\s+BY\b", query, re.IGNORECASE):
            by = [
                frame[name].astype(str) if frame[name].dtype == object else frame[name]
                for name in frame
            ]
            order = pd.concat(by, axis=1).sort_values(list(frame), kind="stable").index
            frame = frame.loc[order].reset_index(drop=True)
        return frame

    def _load_vertices(self, vertices: pa.Table, labels: dict[str, str]) -> None:
        names = [name for name in vertices.column_names if not name.startswith("~")]
        of_row = pa.array(list(labels.values()))
        table = vertices.select(names).add_column(0, _KEY, vertices["~id"])
        for label in sorted(set(labels.values())):
            columns = ", ".join(f"{_quoted(n)} {_type(vertices[n].type)}" for n in names)
            start = f"{_quoted(_KEY)} STRING PRIMARY KEY"
            self._connection.execute(
                f"CREATE NODE TABLE {_quoted(label)}({start}{', ' if names else ''}{columns})"
            )
            rows = table.filter(pa.compute.equal(of_row, label))
            self._connection.execute(f"COPY {_quoted(label)} FROM $rows", {"rows": rows})

    def _load_edges(self, edges: pa.Table, labels: dict[str, str]) -> None:
        names = [name for name in edges.column_names if not name.startswith("~")]
        kinds = pd.DataFrame(
            {
                "label": edges["~label"].to_pylist(),
                "from": [labels[one] for one in edges["~from"].to_pylist()],
                "to": [labels[one] for one in edges["~to"].to_pylist()],
            },
            dtype=object,
        )
        places = kinds.groupby(["label", "from", "to"]).indices
        table = edges.select(["~from", "~to", *names])
        for label in sorted(set(kinds["label"])):
            ends = [key[1:] for key in places if key[0] == label]
            pairs = ", ".join(f"FROM {_quoted(a)} TO {_quoted(b)}" for a, b in ends)
            columns = "".join(f", {_quoted(n)} {_type(edges[n].type)}" for n in names)
            self._connection.execute(f"CREATE REL TABLE {_quoted(label)}({pairs}{columns})")
            for a, b in ends:
                self._connection.execute(
                    f"COPY {_quoted(label)} FROM $rows (from={a!r}, to={b!r})",
                    {"rows": table.take(places[label, a, b])},
                )


def _labels(vertices: pa.Table) -> dict[str, str]:
    """Return the label of each vertex, by its id."""
    found = {}
    for name, labels in zip(
        vertices["~id"].to_pylist(), vertices["~label"].to_pylist(), strict=True
    ):
        if len(labels) != 1:
            raise Refusal(
                "UnsupportedOperation",
                f"The vertex {name!r} has the labels {labels}. Neptune takes them; this engine has "
                "one table a label. Give one.",
            )
        if name in found:
            raise Refusal(
                "BulkLoad", f"The vertex {name!r} is there twice. Give each once."
            )
        found[name] = labels[0]
    return found


def _check_ends(labels: dict[str, str], edges: pa.Table) -> None:
    for side in ("~from", "~to"):
        for name in edges[side].to_pylist():
            if name not in labels:
                raise Refusal(
                    "BulkLoad",
                    f"An edge has {side} {name!r}, which is no vertex. Load the vertices too.",
                )


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_type(kind.value_type)}[]"
    return next(name for is_one, name in _NAMES if is_one(kind))


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise Refusal(
            "BulkLoad",
            f"{name!r} is no name that a query can use; take letters, digits and _.",
        )
    return f"`{name}`"
