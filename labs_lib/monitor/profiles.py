"""What is known of a table: one pass over its pieces, and the merging of parts.

The same two functions make a baseline and the statistics of a batch, on one machine or on
many: `profile` goes over a part, `merge` puts parts together.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Literal

from labs_lib import columns
from labs_lib.monitor import arguments, counters, reading
from labs_lib.monitor.counters import Numbers, Presence, Texts
from labs_lib.monitor.reading import Csv, Data

Mode = Literal["sketch", "exact"]


class Profile:
    """Counts, moments and distributions of every column.

    Attributes
    ----------
    mode : {"sketch", "exact"}
        How the distributions of numbers are kept.
    rows : int
        Rows that were seen.
    columns : dict of str to Presence, Numbers or Texts
        What was counted, in the order of the columns.
    ignored : set of str
        Columns that will not be checked.
    notes : list of str
        What is odd about the way in which columns were read.
    """

    def __init__(self, mode: Mode):
        self.mode: Mode = mode
        self.rows = 0
        self.columns: dict[str, Presence] = {}
        self.ignored: set[str] = set()
        self.notes: list[str] = []


def profile(
    data: Data,
    *,
    mode: Mode = "sketch",
    types: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    csv: Csv | None = None,
) -> Profile:
    """Go over a table once, piece by piece (over CSV files twice, for their types).

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        Files end with .parquet or .csv, and all have the same columns; a folder stands for
        all such files in it and in its sub-folders.
    mode : {"sketch", "exact"}
        "sketch" keeps a KLL sketch of each column of numbers: constant memory, but its
        values differ a little from run to run above 2,048 rows. "exact" keeps all
        values: the same result every time, memory of 8 bytes for each row and column.
    types : mapping of str to str, optional
        Expected types of columns, out of `counters.TYPES`: values are read as such, and
        counted where they are not. Other types are inferred from the values: a column of
        whole numbers is Integral, any other of numbers Fractional, texts, truth values and
        pandas categories are String, all else Unknown. In CSV files a column is one of
        numbers if every value of every file is one, and none has a leading zero.
    ignore : collection of str
        Columns of which only presence is counted, and which are not checked.
    csv : Csv, optional
        How CSV files are written: separator, decimal sign, encoding.

    Returns
    -------
    Profile

    Raises
    ------
    ValueError
        If a mode or type is unknown, `types` or `ignore` names a column that is not there, a
        file cannot be read, files have different columns, or a column holds numbers in one
        piece and texts in another and has no expected type.
    """
    types, ignore = arguments.types(types), arguments.names("ignore", ignore)
    names = reading.column_names(data, csv=csv)
    for option, wanted in (("types", types), ("ignore", ignore)):
        lacking = sorted(set(wanted) - set(names))
        if lacking:
            raise ValueError(
                f"{option} names {reading.some(lacking)}, and the data have no such column; "
                f"they have {reading.some(names, 20)}."
            )
    types |= dict.fromkeys(ignore, "Unknown")
    result = profile_as(data, mode=mode, types=types, csv=csv)
    result.ignored = set(ignore)
    return result


def profile_as(
    data: Data,
    *,
    mode: Mode = "sketch",
    types: Mapping[str, str],
    domains: Mapping[str, Sequence[str]] | None = None,
    csv: Csv | None = None,
) -> Profile:
    """Go over a table with expected types and categories, see `profile`.

    Parameters
    ----------
    types : mapping of str to str
        As in `profile`; columns that the data do not have are let pass.
    domains : mapping of str to list of str, optional
        Categories of text columns that have to be counted, however many there are.
    """
    arguments.one_of("mode", mode, ("sketch", "exact"))
    domains = domains or {}
    unknown = sorted({str(value) for value in types.values()} - set(counters.TYPES))
    if unknown:
        raise ValueError(f"types holds {unknown}, expected {', '.join(counters.TYPES)}.")
    result = Profile(mode)
    names = reading.column_names(data, csv=csv)
    open_ = [name for name in names if name not in types]
    kinds, result.notes = reading.csv_kinds(data, open_, csv=csv)
    # Of dates only presence is counted, as in Parquet.
    dates = {name for name, kind in kinds.items() if kind == "date"}
    for name in names:
        if name in types:
            number = types[name] in ("Integral", "Fractional")
            kinds[name] = "number" if number else "text"
    for piece in reading.pieces(data, kinds=kinds, csv=csv):
        result.rows += len(piece)
        for name in piece.columns:
            column = columns.read(piece[name])
            if name in types:
                made = _expected(types[name], domains.get(name, ()), mode)
            elif name in dates and column.kind == "text":
                made = Presence()
            else:
                made = _inferred(counters.of_kind(column.kind), mode)
            if name not in result.columns:
                result.columns[name] = made
            elif name not in types:
                result.columns[name] = _same_kind(name, result.columns[name], made)
            result.columns[name].add_column(column)
    return result


def merge(parts: Sequence[Profile]) -> Profile:
    """Put the profiles of the parts of a table together.

    Raises
    ------
    ValueError
        If there is none, modes or columns differ, or a column holds numbers in one part and
        texts in another.
    """
    if not parts:
        raise ValueError("there are no parts; expected at least one profile.")
    first = parts[0]
    merged = Profile(first.mode)
    merged.rows = first.rows
    merged.columns = {name: copy(column) for name, column in first.columns.items()}
    merged.ignored, merged.notes = set(first.ignored), list(first.notes)
    for part in parts[1:]:
        if part.mode != merged.mode:
            raise ValueError(f"parts in modes {merged.mode} and {part.mode}; expected one.")
        if part.columns.keys() != merged.columns.keys():
            differ = sorted(part.columns.keys() ^ merged.columns.keys())
            raise ValueError(f"parts differ in the columns {differ}; expected the same.")
        merged.rows += part.rows
        merged.ignored |= part.ignored
        merged.notes += part.notes
        for name, column in part.columns.items():
            column = _same_kind(name, column, merged.columns[name])
            merged.columns[name] = _same_kind(name, merged.columns[name], column)
            merged.columns[name].merge(column)
    return merged


def _expected(type: str, domain: Sequence[str], mode: Mode) -> Presence:
    if type == "String":
        return Texts(domain=domain, expected=True)
    if type == "Unknown":
        return Presence()
    return Numbers(exact=mode == "exact", expected=type)


def _inferred(kind: type[Presence] | None, mode: Mode) -> Presence:
    if kind is Numbers:
        return Numbers(exact=mode == "exact")
    return (kind or Presence)()


def _same_kind(name: str, column: Presence, other: Presence) -> Presence:
    """Return `column`, or one of the kind of `other` if it has missing values only."""
    if type(column) is type(other) or (not other.present and type(other) is Presence):
        return column
    if column.present == 0 and type(column) is Presence:
        fresh: Presence
        if isinstance(other, Numbers):
            fresh = Numbers(exact=other.exact, expected=other.expected)
        else:
            fresh = type(other)()
        fresh.missing = column.missing
        return fresh
    kinds: dict[type[Presence], str] = {
        Numbers: "numbers",
        Texts: "texts",
        Presence: "values of another kind",
    }
    raise ValueError(
        f"column {name!r} holds {kinds[type(column)]} in one part and {kinds[type(other)]} in "
        f"another; expected one kind. Say which: types={{{name!r}: 'String'}} or 'Fractional'."
    )
