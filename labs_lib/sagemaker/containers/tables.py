"""CSV and libsvm, as the built-in algorithms read them."""

import csv
import io
import math
from pathlib import Path

import numpy as np


def read_csv(text: str, *, what: str) -> np.ndarray:
    """Return numbers, shape (rows, columns); an empty field is a missing value.

    Raises
    ------
    ValueError
        If a field is no number, or the lines differ in length.
    """
    rows = []
    for number, fields in enumerate(csv.reader(io.StringIO(text)), 1):
        if not fields:
            continue
        try:
            rows.append([float(field) if field.strip() else math.nan for field in fields])
        except ValueError as error:
            raise ValueError(f"{what}, line {number}: {error}") from None
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(
                f"{what}, line {number}: {len(rows[-1])} fields, the first has {len(rows[0])}"
            )
    if not rows:
        raise ValueError(f"{what} holds no rows")
    return np.array(rows, dtype=np.float32)


def read_libsvm(text: str, *, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and features, shapes (rows,) and (rows, columns); absent is missing."""
    labels, found, columns = [], [], 0
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        try:
            labels.append(float(fields[0]))
            pairs = [
                (int(i), float(v)) for i, _, v in (f.partition(":") for f in fields[1:])
            ]
        except ValueError as error:
            raise ValueError(f"{what}, line {number}: {error}") from None
        if any(not 0 <= index < 1_000_000 for index, _ in pairs):
            raise ValueError(f"{what}, line {number}: a column number is out of range")
        columns = max([columns, *(index + 1 for index, _ in pairs)])
        found.append(pairs)
    if not labels:
        raise ValueError(f"{what} holds no rows")
    features = np.full((len(labels), columns), np.nan, dtype=np.float32)
    for row, pairs in enumerate(found):
        for index, value in pairs:
            features[row, index] = value
    return np.array(labels, dtype=np.float32), features


def files(folder: Path) -> list[Path]:
    """Return the files of a channel, by name; hidden ones are not data."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if not path.name.startswith((".", "_"))]
