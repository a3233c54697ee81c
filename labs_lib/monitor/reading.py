"""Tables in pieces: from a DataFrame, or from any number of Parquet or CSV files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 131_072
"""Rows of a piece: 20 columns of numbers are 21 MB."""

_BUFFER = 1 << 20

Data = pd.DataFrame | str | Path | Sequence[str | Path]


def pieces(data: Data, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yield a table piece by piece, columns named by text.

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        Files end with .parquet or .csv, and all have the same columns. A folder stands for
        the files in it. In CSV an empty field is missing, and so is what pandas takes for it,
        such as NA: keep a column of country codes in Parquet.
    columns : list of str, optional
        Only these, in this order.

    Raises
    ------
    ValueError
        If there is no file, a file does not exist, cannot be read or has other columns than
        the first, or two columns have the same name.
    """
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        check_names(names, "the table")
        frame = data.set_axis(names, axis="columns")
        yield frame if columns is None else frame[list(columns)]
        return
    expected = None
    for file in paths(data):
        names = column_names(file)
        if expected is not None and set(names) != set(expected[1]):
            differ = sorted(set(names) ^ set(expected[1]))
            raise ValueError(
                f"{file} and {expected[0]} differ in the columns {_some(differ)}; expected "
                "the same columns in all files of one table."
            )
        expected = expected or (file, names)
        yield from _pieces(file, expected[1] if columns is None else columns)


def paths(data: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files that are meant, those of folders sorted by name.

    Raises
    ------
    ValueError
        If there is none, or one does not exist or has another suffix.
    """
    if isinstance(data, str | Path):
        data = [data]
    elif not isinstance(data, Sequence):
        raise ValueError(
            f"data is {type(data).__name__}; expected a DataFrame, a path or a list of paths."
        )
    found = []
    for path in map(Path, data):
        if path.is_dir():
            inside = [p for p in sorted(path.iterdir()) if p.suffix in (".parquet", ".csv")]
            if not inside:
                raise ValueError(f"{path} holds no .parquet and no .csv files.")
            found += inside
        elif not path.exists():
            raise ValueError(f"{path} does not exist. Check the path.")
        elif path.suffix.lower() not in (".parquet", ".csv"):
            raise ValueError(f"{path} is neither a .parquet nor a .csv file by its name.")
        else:
            found.append(path)
    if not found:
        raise ValueError("no files were given; expected at least one.")
    return found


def column_names(data: Data) -> list[str]:
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
    if file.suffix.lower() == ".csv":
        # Without a header, so that pandas does not rename what stands there twice.
        with _clear_errors(file):
            names = pd.read_csv(file, header=None, nrows=1, dtype=str).iloc[0].tolist()
        names = ["" if pd.isna(name) else name for name in names]
    else:
        with _clear_errors(file), pq.ParquetFile(file) as parquet:
            index = parquet.schema_arrow.pandas_metadata or {}
            hidden = {
                name for name in index.get("index_columns", []) if isinstance(name, str)
            }
            names = [n for n in parquet.schema_arrow.names if n not in hidden]
    check_names(names, str(file))
    return names


def column(data: Data, name: str) -> pd.Series:
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
        if file.suffix.lower() == ".csv":
            parts += [piece[name] for piece in _pieces(file, [name])]
            continue
        with _clear_errors(file), pq.ParquetFile(file) as parquet:
            parts.append(parquet.read([name], use_threads=False).column(name).to_pandas())
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _pieces(file: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    columns = list(columns)
    with _clear_errors(file):
        if file.suffix.lower() == ".csv":
            with pd.read_csv(
                file, usecols=columns, chunksize=ROWS, low_memory=False
            ) as reader:
                for piece in reader:
                    yield piece[columns]
        else:
            # Without a buffer pyarrow keeps every row group that it has read.
            with pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as parquet:
                for batch in parquet.iter_batches(ROWS, columns=columns):
                    yield batch.to_pandas()[columns]


class _clear_errors:
    """Turn what the libraries raise on a bad file into a ValueError that names it."""

    def __init__(self, file: Path):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        readers = (pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError)
        if isinstance(error, (*readers, UnicodeDecodeError, OSError)):
            expected = "CSV" if self.file.suffix.lower() == ".csv" else "Parquet"
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(
                f"{self.file} could not be read as {expected}: {first.rstrip('.')}."
            ) from None
        return False


def check_names(names: Sequence[str], where: str) -> None:
    if not names:
        raise ValueError(f"{where} has no columns; expected at least one.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where} has {_some(twice)} more than once; expected every column name once."
        )


def _some(names: Sequence[str], most: int = 5) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
