"""Tables in pieces: from a DataFrame, or from any number of Parquet or CSV files.

A CSV file does not say what its columns are. Here a column keeps one kind from the first row
to the last of all files: numbers if every value is one (a code with a leading zero is none),
dates if every value is one, else texts as they stand.
"""

import codecs
import csv as csv_module
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from labs_lib import columns as columns_of

ROWS = 131_072
"""Rows of a piece: 20 columns of numbers are 21 MB."""

SUFFIXES = (".parquet", ".csv")
"""Names of files that are read, in capitals too."""

_BUFFER = 1 << 20
_BLOCK = 1 << 24  # bytes of a CSV file at a time; a row has to fit in it
_SEPARATORS = {",": "','", ";": "';'", "\t": r"'\t'", "|": "'|'"}

_ZERO_FIRST = r"^\s*[+-]?0[0-9]"
_DATE = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"

Data: TypeAlias = pd.DataFrame | str | Path | Sequence[str | Path]
Kind = Literal["number", "text", "date"]


@dataclass(frozen=True)
class Csv:
    """How CSV files are written.

    Attributes
    ----------
    separator : str
        One character between two fields.
    decimal : str
        "." or ",".
    encoding : str
        As Python names it, such as "cp1252" or "utf-16".
    """

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        for name in ("separator", "decimal", "encoding"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected a text.")
        if len(self.separator) != 1 or self.separator == self.decimal:
            raise ValueError(
                f"separator is {self.separator!r} and decimal {self.decimal!r}; expected one "
                "character each, and not the same."
            )
        if self.decimal not in (".", ","):
            raise ValueError(f"decimal is {self.decimal!r}, expected '.' or ','.")
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(
                f"encoding is {self.encoding!r}, which Python does not know; expected a name "
                "such as 'utf-8', 'cp1252' or 'utf-16'."
            ) from None


def pieces(
    data: Data,
    columns: Sequence[str] | None = None,
    *,
    kinds: Mapping[str, Kind] | None = None,
    csv: Csv | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield a table piece by piece, columns named by text.

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        Files end with .parquet or .csv, and all have the same columns. A folder stands for
        all such files in it and in its sub-folders, but for those whose name begins with a
        dot or an underscore. In CSV an empty field is missing, and in a column of numbers
        also what usually stands for a missing one, such as NA (`columns.NO_NUMBER`). A first
        column without a name, as pandas writes its index, is left out.
    columns : list of str, optional
        Only these, in this order.
    kinds : mapping of str to {"number", "text", "date"}, optional
        How to read columns of CSV; dates are left as text. A column of numbers in which a
        value is none is left as text, for the reader to count. Default: `csv_kinds`.
    csv : Csv, optional
        How CSV files are written.

    Raises
    ------
    ValueError
        If there is no file, a file does not exist, cannot be read or has other columns than
        the first, a row of CSV has too many or too few fields, or two columns have the same
        name.
    """
    csv = csv or Csv()
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        check_names(names, "the table")
        frame = data.set_axis(names, axis="columns")
        yield frame if columns is None else frame[list(columns)]
        return
    files = paths(data)
    names = _common_names(files, csv)
    wanted = names if columns is None else list(columns)
    kinds = dict(kinds or {})
    unknown = [name for name in wanted if name not in kinds]
    kinds |= csv_kinds(files, unknown, csv=csv)[0] if unknown else {}
    for file in files:
        if _is_csv(file):
            for batch in _csv_batches(file, wanted, csv):
                yield pd.DataFrame(
                    {
                        name: _of_csv(batch.column(name), kinds.get(name, "text"), csv)
                        for name in wanted
                    }
                )
            continue
        # Without a buffer pyarrow keeps every row group that it has read.
        with (
            _clear_errors(file),
            pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as parquet,
        ):
            for batch in parquet.iter_batches(ROWS, columns=wanted):
                yield pd.DataFrame(
                    {name: columns_of.from_arrow(batch.column(name)) for name in wanted}
                )


def column(
    data: Data,
    name: str,
    *,
    kinds: Mapping[str, Kind] | None = None,
    csv: Csv | None = None,
) -> pd.Series:
    """Return one column of all pieces, without reading the others where files are Parquet.

    Raises
    ------
    ValueError
        As `pieces`.
    """
    if isinstance(data, pd.DataFrame):
        return next(pieces(data, [name]))[name]
    parts = []
    for file in paths(data):
        if _is_csv(file):
            parts += [piece[name] for piece in pieces(file, [name], kinds=kinds, csv=csv)]
            continue
        with _clear_errors(file), pq.ParquetFile(file) as parquet:
            found = parquet.read([name], use_threads=False).column(name)
            parts.append(columns_of.from_arrow(found))
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def paths(data: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files that are meant, those of folders sorted by name.

    Raises
    ------
    ValueError
        If there is none, one is given twice, does not exist or has another suffix.
    """
    if isinstance(data, str | Path):
        data = [data]
    elif not isinstance(data, Sequence):
        raise ValueError(
            f"data is {type(data).__name__}; expected a DataFrame, a path or a list of paths."
        )
    found: list[Path] = []
    for given in data:
        if not isinstance(given, str | Path):
            raise ValueError(f"data holds {given!r}; expected paths.")
        path = Path(given)
        if path.is_dir():
            inside = _inside(path)
            if not inside:
                raise ValueError(f"{path} holds no .parquet and no .csv files.")
            found += inside
        elif not path.exists():
            raise ValueError(f"{path} does not exist. Check the path.")
        elif path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{path} is neither a .parquet nor a .csv file by its name.")
        else:
            found.append(path)
    if not found:
        raise ValueError("no files were given; expected at least one.")
    seen: set[Path] = set()
    for path in found:
        if path.resolve() in seen:
            raise ValueError(f"{path} is given twice; its rows would count twice.")
        seen.add(path.resolve())
    return found


def column_names(data: Data, *, csv: Csv | None = None) -> list[str]:
    """Return the names of the columns, of several files those of the first.

    Raises
    ------
    ValueError
        As `pieces`.
    """
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        check_names(names, "the table")
        return names
    file = paths(data)[0]
    if _is_csv(file):
        names = _header(file, csv or Csv())
        # pandas writes its index so.
        names = names[1:] if names[:1] == [""] else names
        if "" in names:
            raise ValueError(
                f"{file} has a column without a name; expected a name in each."
            )
    else:
        with _clear_errors(file), pq.ParquetFile(file) as parquet:
            hidden = _index_of_pandas(parquet.schema_arrow, file)
            names = [n for n in parquet.schema_arrow.names if n not in hidden]
    check_names(names, str(file))
    return names


def _index_of_pandas(schema: pa.Schema, file: Path) -> set[str]:
    """Return the columns that hold the index of a table of pandas, by its notes."""
    try:
        notes = schema.pandas_metadata or {}
        return {name for name in notes.get("index_columns", []) if isinstance(name, str)}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise ValueError(
            f"{file} could not be read as Parquet: what pandas has noted in it is damaged."
        ) from None


def csv_kinds(
    data: Data, names: Collection[str], *, csv: Csv | None = None
) -> tuple[dict[str, Kind], list[str]]:
    """Return what columns of CSV files hold, from all of their rows, and what is odd there.

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        Only CSV files are looked at.
    names : collection of str
        The columns.
    csv : Csv, optional
        How the files are written.

    Returns
    -------
    kinds : dict of str to {"number", "text", "date"}
        One for each column that has a value.
    notes : list of str
        Columns of texts in which nearly all values are numbers.

    Raises
    ------
    ValueError
        If numbers have a decimal comma and `csv` says that they have a point, or as `pieces`.
    """
    csv = csv or Csv()
    files = [] if isinstance(data, pd.DataFrame) else [f for f in paths(data) if _is_csv(f)]
    seen = {name: _Seen(csv) for name in names}
    for file in files:
        there = set(column_names(file, csv=csv))
        wanted = [name for name in names if name in there]
        for batch in _csv_batches(file, wanted, csv) if wanted else ():
            for name in wanted:
                seen[name].add(batch.column(name))
    notes = [
        f"column {name!r}: {column.odd} of {column.present:,} values are no numbers, so all "
        f"are taken as texts. If they should be numbers, say types={{{name!r}: 'Fractional'}}."
        for name, column in seen.items()
        if 0 < column.odd <= column.present / 10 and not column.zeros
    ]
    for name, column in seen.items():
        if column.commas and column.commas == column.odd and csv.decimal == ".":
            raise ValueError(
                f"column {name!r} has numbers with a decimal comma: say csv=Csv(decimal=','), "
                f"or types={{{name!r}: 'String'}} if they are texts."
            )
    return {name: column.kind for name, column in seen.items() if column.kind}, notes


def check_names(names: Sequence[str], where: str) -> None:
    if not names:
        raise ValueError(f"{where} has no columns; expected at least one.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where} has {some(twice)} more than once; expected every column name once."
        )
    broken = [name for name in names if not _is_unicode(name)]
    if broken:
        raise ValueError(
            f"{where} has the column {some(broken)}, with half of a character (a surrogate); "
            "expected names that can be written as UTF-8."
        )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


class _Seen:
    """What a column of CSV has shown so far."""

    def __init__(self, csv: Csv):
        self.csv = csv
        self.present = self.odd = self.commas = 0
        self.numbers = self.dates = True
        self.zeros = False

    @property
    def kind(self) -> Kind | None:
        if not self.present:
            return None
        if not self.odd and not self.zeros:
            return "number"
        return "date" if self.dates else "text"

    def add(self, values: pa.Array) -> None:
        present = len(values) - values.null_count
        if self.dates and present:
            dates = pc.match_substring_regex(values, _DATE)
            self.dates = bool(pc.all(dates).as_py())
        # A column that is clearly none of numbers need not be looked at any more.
        hopeless = self.present > ROWS and self.odd > self.present / 10 and not self.commas
        self.present += present
        if not present or hopeless or (self.dates and self.odd):
            self.odd += present
            return
        found = _parsed(values, self.csv)
        if found is None:
            self.odd += int(columns_of.read(_pointed(values, self.csv)).no_number.sum())
            commas = pc.match_substring_regex(values, _DECIMAL_COMMA)
            self.commas += pc.sum(commas).as_py() or 0
        zeros = pc.match_substring_regex(values, _ZERO_FIRST)
        self.zeros = self.zeros or bool(pc.any(zeros).as_py())


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _inside(folder: Path) -> list[Path]:
    """Return the files in a folder and its sub-folders, without hidden ones."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part[0] in "._" for part in path.relative_to(folder).parts)
    ]


def _common_names(files: Sequence[Path], csv: Csv) -> list[str]:
    first = column_names(files[0], csv=csv)
    for file in files[1:]:
        names = column_names(file, csv=csv)
        if set(names) != set(first):
            differ = sorted(set(names) ^ set(first))
            raise ValueError(
                f"{file} and {files[0]} differ in the columns {some(differ)}; expected the "
                "same columns in all files of one table."
            )
    return first


def _header(file: Path, csv: Csv) -> list[str]:
    """Return the fields of the first row of a CSV file that is not empty."""
    encoding = "utf-8-sig" if csv.encoding.lower() in ("utf-8", "utf8") else csv.encoding
    with _clear_errors(file), open(file, encoding=encoding, newline="") as text:
        try:
            rows = csv_module.reader(text, delimiter=csv.separator)
            names = next((row for row in rows if row), None)
        except csv_module.Error as error:
            raise ValueError(f"{file} could not be read as CSV: {error}.") from None
    if names is None:
        raise ValueError(f"{file} is empty; expected a header and rows.")
    others = [s for s in _SEPARATORS if s != csv.separator and s in names[0]]
    if len(names) == 1 and others:
        raise ValueError(
            f"{file} has one column by its header, {names[0][:60]!r}. If its fields are "
            f"separated by {_SEPARATORS[others[0]]}, say "
            f"csv=Csv(separator={_SEPARATORS[others[0]]})."
        )
    return names


def _csv_batches(file: Path, names: Sequence[str], csv: Csv) -> Iterator[pa.RecordBatch]:
    """Yield the columns as text, piece by piece."""
    _check_quotes(file, csv)
    bad: list[arrow_csv.InvalidRow] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        bad.append(row)
        return "error"

    try:
        with (
            _clear_errors(file),
            arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    block_size=_BLOCK, encoding=csv.encoding, use_threads=False
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=csv.separator,
                    newlines_in_values=True,
                    invalid_row_handler=keep,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=list(names),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            ) as reader,
        ):
            for batch in reader:
                for start in range(0, len(batch), ROWS):
                    yield batch.slice(start, ROWS)
    except ValueError:
        if not bad:
            raise
        row = bad[0]
        where = f"Row {row.number}" if row.number else "A row"
        raise ValueError(
            f"{file} could not be read as CSV. {where} has {row.actual_columns} fields, and "
            f"the header {row.expected_columns}: {row.text[:80]!r}. Put fields that hold the "
            f"separator {csv.separator!r} in quotes."
        ) from None


def _check_quotes(file: Path, csv: Csv) -> None:
    """Raise a ValueError if a file ends within quotes: it was cut off; or if it is no text."""
    # pyarrow prints a traceback of its own about a row that is no text.
    decoder, quotes = codecs.getincrementaldecoder(csv.encoding)(), 0
    with _clear_errors(file), open(file, "rb") as data:
        while block := data.read(_BLOCK):
            quotes += block.count(b'"')
            decoder.decode(block)
        decoder.decode(b"", final=True)
    if quotes % 2 == 0:
        return
    # A quote in the middle of a field is none; only reading the file can tell.
    with _clear_errors(file), open(file, encoding=csv.encoding, newline="") as text:
        try:
            for _ in csv_module.reader(text, delimiter=csv.separator, strict=True):
                pass
        except csv_module.Error as error:
            if "unexpected end" in str(error):
                raise ValueError(
                    f"{file} could not be read as CSV: it ends within quotes, and may be cut off."
                ) from None


def _parsed(values: pa.Array, csv: Csv) -> pa.Array | None:
    """Return texts as numbers, or None if one of them is none."""
    if csv.decimal == ",":
        if pc.any(pc.match_substring(values, ".")).as_py():
            return None
        values = pc.replace_substring(values, ",", ".")
    try:
        return pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        pass
    values = pc.utf8_trim_whitespace(values)
    empty = pc.is_in(values, pa.array(["", *columns_of.NO_NUMBER]))
    try:
        return pc.cast(pc.if_else(empty, None, values), pa.float64())
    except pa.ArrowInvalid:
        return None


def _of_csv(values: pa.Array, kind: Kind, csv: Csv) -> pd.Series:
    if kind == "number":
        found = _parsed(values, csv)
        return _pointed(values, csv) if found is None else found.to_pandas()
    return values.to_pandas()


def _pointed(values: pa.Array, csv: Csv) -> pd.Series:
    """Return texts in which numbers have a decimal point, and nothing else looks like one."""
    if csv.decimal == ",":
        values = pc.replace_substring(pc.replace_substring(values, ".", "·"), ",", ".")
    return values.to_pandas()


class _clear_errors:
    """Turn what the libraries raise on a bad file into a ValueError that names it."""

    def __init__(self, file: Path):
        self.file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeError) or "invalid UTF8" in str(error):
            raise ValueError(
                f"{self.file} has bytes that are no text in this encoding. Say which it is "
                "in, such as csv=Csv(encoding='cp1252') or 'utf-16'."
            ) from None
        if isinstance(error, pa.ArrowException | OSError):
            expected = "CSV" if _is_csv(self.file) else "Parquet"
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(
                f"{self.file} could not be read as {expected}: {first.rstrip('.')}."
            ) from None
        return None
