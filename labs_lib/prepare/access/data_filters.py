"""Lake Formation's data filters: which rows and columns a principal may see."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd

LONGEST = 2048
"""Characters of a filter expression."""

MOST = 100
"""Filters of a principal on a table."""

DEEPEST = 50
"""Brackets and NOTs in each other: a limit of this reader, not of Lake Formation."""

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*"
    r'(?:\.[A-Za-z_]\w*)*|"[^"]+")|(?P<sign><=|>=|<>|!=|[=<>(),]))'
)
_WORDS = {"and", "or", "not", "is", "null", "in", "between", "like", "true", "false"}


def filtered(table: pd.DataFrame, filters: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return what a SELECT shows to a principal that has these filters on a table.

    Parameters
    ----------
    table : DataFrame
    filters : list of dict
        Each as ``DataCellsFilter``: `RowFilter` with `FilterExpression` or `AllRowsWildcard`,
        and `ColumnNames` or `ColumnWildcard` with `ExcludedColumnNames`.

    Returns
    -------
    DataFrame
        Rows that any of the filters lets through, in the table's order and with its index; one
        filter without a row expression shows all. Without a filter, nothing.

    Raises
    ------
    ValueError
        If a filter is not well-formed, names an unknown column or compares a column with a
        constant of another type, or the filters differ in their columns: what is shown then is
        not published.

    Notes
    -----
    An expression compares a column with constants: = <> != < <= > >=, BETWEEN, IN, LIKE, IS NULL,
    with NOT, AND, OR and brackets. A comparison with NULL lets no row through. Source: Lake
    Formation developer guide, ``data-filtering`` and ``partiql-support``.
    """
    if len(filters) > MOST:
        raise ValueError(f"There are {len(filters)} filters, expected at most {MOST}.")
    if not filters:
        return table.iloc[:0, :0]
    shown = [_columns(given, table) for given in filters]
    if any(set(columns) != set(shown[0]) for columns in shown):
        raise ValueError(
            "The filters show different columns. Lake Formation's guide does not say what is "
            "shown then; give filters with the same columns."
        )
    tests = [_rows(given, table) for given in filters]
    if any(test is None for test in tests):
        return table[shown[0]]
    where = " OR ".join(f"({test})" for test in tests)
    keys = [f"c{place}" for place in range(table.shape[1])]
    renamed = table.set_axis(keys, axis=1).assign(place=range(len(table)))
    with duckdb.connect() as connection:
        connection.register("given", renamed)
        query = f"SELECT place FROM given WHERE {where} ORDER BY place"
        try:
            kept = connection.execute(query).df()["place"].to_numpy()
        except duckdb.Error as error:
            raise ValueError(
                "An expression compares a column with a constant of another type: "
                f"{str(error).splitlines()[0]}"
            ) from None
    return table.iloc[kept][shown[0]]


def _columns(given: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    names, wildcard = given.get("ColumnNames"), given.get("ColumnWildcard")
    if (names is None) == (wildcard is None):
        raise ValueError("A filter needs either ColumnNames or ColumnWildcard.")
    if names is not None and (isinstance(names, str) or not names):
        raise ValueError(f"ColumnNames is {names!r}, expected a list of columns.")
    left_out = [] if wildcard is None else list(wildcard.get("ExcludedColumnNames", []))
    unknown = sorted(set(names or left_out) - set(table.columns))
    if unknown:
        raise ValueError(
            f"The filter names {', '.join(unknown)}, which the table does not have."
        )
    if names is not None:
        return [column for column in table.columns if column in set(names)]
    return [column for column in table.columns if column not in left_out]


def _rows(given: Mapping[str, Any], table: pd.DataFrame) -> str | None:
    """Return the test of a filter's rows as SQL, None if it shows all."""
    rows = given.get("RowFilter")
    if not isinstance(rows, Mapping) or len(rows) != 1:
        raise ValueError("RowFilter needs either FilterExpression or AllRowsWildcard.")
    if "AllRowsWildcard" in rows:
        return None
    expression = rows.get("FilterExpression")
    if not isinstance(expression, str) or not 0 < len(expression) <= LONGEST:
        raise ValueError(f"FilterExpression needs 1 to {LONGEST} characters.")
    return _Expression(expression, list(table.columns)).sql()


class _Expression:
    """Reads the part of PartiQL that a filter may use; all else is refused."""

    def __init__(self, text: str, columns: list[str]):
        self.text, self.columns = text, columns
        self.tokens, self.place, self.depth = self._split(), 0, 0

    def sql(self) -> str:
        """Return the expression for DuckDB, over columns c0, c1 and so on."""
        read = self._any()
        if self.place < len(self.tokens):
            raise self._refusal("AND, OR or the end")
        return read

    def _split(self) -> list[tuple[str, str]]:
        found, end = [], 0
        text = self.text.rstrip()
        while end < len(text):
            match = _TOKEN.match(text, end)
            if match is None:
                raise ValueError(
                    f"The expression cannot be read from {text[end : end + 20]!r} on."
                )
            kind, token = str(match.lastgroup), match[match.lastgroup or 0]
            if kind == "name" and token.lower() in _WORDS:
                kind, token = "word", token.lower()
            found.append((kind, token))
            end = match.end()
        return found

    def _refusal(self, wanted: str) -> ValueError:
        there = self.tokens[self.place][1] if self.place < len(self.tokens) else "the end"
        return ValueError(
            f"The expression {self.text!r} has {there!r} where {wanted} is expected. A column is "
            "compared with constants; functions and other columns cannot be used."
        )

    def _next(self, *wanted: str) -> str | None:
        """Take the next token if it is one of these words or signs."""
        if self.place < len(self.tokens):
            kind, token = self.tokens[self.place]
            if kind in ("word", "sign") and token in wanted:
                self.place += 1
                return token
        return None

    def _need(self, token: str) -> None:
        if self._next(token) is None:
            raise self._refusal(token.upper())

    def _any(self) -> str:
        parts = [self._all()]
        while self._next("or"):
            parts.append(self._all())
        return "(" + " OR ".join(parts) + ")"

    def _all(self) -> str:
        parts = [self._one()]
        while self._next("and"):
            parts.append(self._one())
        return "(" + " AND ".join(parts) + ")"

    def _one(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"The expression is nested deeper than {DEEPEST}.")
        read = self._inside()
        self.depth -= 1
        return read

    def _inside(self) -> str:
        if self._next("not"):
            return f"(NOT {self._one()})"
        if self._next("("):
            inside = self._any()
            self._need(")")
            return inside
        return self._comparison()

    def _comparison(self) -> str:
        column = self._column()
        if self._next("is"):
            negated = "NOT " if self._next("not") else ""
            self._need("null")
            return f"{column} IS {negated}NULL"
        negated = "NOT " if self._next("not") else ""
        if self._next("between"):
            low = self._constant()
            self._need("and")
            return f"{column} {negated}BETWEEN {low} AND {self._constant()}"
        if self._next("in"):
            self._need("(")
            values = [self._constant()]
            while self._next(","):
                values.append(self._constant())
            self._need(")")
            return f"{column} {negated}IN ({', '.join(values)})"
        if self._next("like"):
            return f"{column} {negated}LIKE {self._constant()}"
        sign = None if negated else self._next("=", "<>", "!=", "<", "<=", ">", ">=")
        if sign is None:
            raise self._refusal("a comparison")
        return f"{column} {sign} {self._constant()}"

    def _column(self) -> str:
        kind, token = (*self.tokens, ("", ""))[self.place]
        if kind != "name":
            raise self._refusal("a column")
        name = token.strip('"')
        if name not in self.columns:
            raise ValueError(
                f"The expression names {name!r}, which the table does not have."
            )
        self.place += 1
        return f"c{self.columns.index(name)}"

    def _constant(self) -> str:
        kind, token = (*self.tokens, ("", ""))[self.place]
        if token == "null":
            raise ValueError(
                f"The expression {self.text!r} compares with NULL, which lets no row through. "
                "Write IS NULL or IS NOT NULL."
            )
        if kind not in ("text", "number") and token not in ("true", "false"):
            raise self._refusal("a constant")
        self.place += 1
        return token
