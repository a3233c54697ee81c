"""Makes the simulated files in ``data/`` again, bit for bit."""

import hashlib
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labs_lib import data, files
from labs_lib.payments import simulator
from labs_lib.payments.causes import draw_causes
from labs_lib.payments.events import event_table

# How each column is packed. Columns with few values go through a dictionary.
STEADY = ("transaction_id", "time")
WIDE = ("amount_cents", "amount_local", "balance_cents", "distance", "probability")
MAY_BE_MISSING = ("balance_cents", "distance")


def rebuild(*, update: bool = False) -> list[str]:
    """Simulate the shipped files again and put back those that are missing or damaged.

    Parameters
    ----------
    update : bool
        Accept files that differ from ``data/SHA256SUMS`` and write that list anew, with
        every data file in the folder: for maintainers who change the data on purpose.

    Returns
    -------
    list of str
        One line a problem that remains; empty if all files are as they should be. Where a
        rebuilt file differs from its checksum, no file is changed, and the lines say which
        files and columns differ.
    """
    built = build()
    if not update:
        differences = _differences(built)
        if differences:
            return differences
    for name, content in built.items():
        path = data.FOLDER / name
        if not path.exists() or path.read_bytes() != content:
            with files.replacing(path) as temporary:
                temporary.write_bytes(content)
    if update:
        shipped = sorted(p.name for p in data.FOLDER.iterdir() if p.suffix in data.SUFFIXES)
        lines = [f"{files.sha256(data.FOLDER / name)}  {name}\n" for name in shipped]
        files.write_text(data.FOLDER / data.SUMS, "".join(lines))
    return data.verify()


def build() -> dict[str, bytes]:
    """Return the content of every simulated file, by name."""
    columns, truth = simulator.draw()
    return {
        "payments.parquet": _parquet(columns),
        "payments_truth.parquet": _parquet(truth),
        "payments_events.csv": _csv(event_table()),
        "causes.parquet": _parquet(draw_causes()),
        "causes_correlated.parquet": _parquet(draw_causes(correlated=True)),
    }


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _parquet(columns: Mapping[str, np.ndarray]) -> bytes:
    """Write integers as Parquet: the same columns give the same bytes."""
    arrays = {
        name: pa.array(values, mask=values < 0 if name in MAY_BE_MISSING else None)
        for name, values in columns.items()
    }
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(arrays),
        buffer,
        compression="zstd",
        compression_level=9,
        use_dictionary=[name for name in columns if name not in (*STEADY, *WIDE)],
        column_encoding={
            name: "DELTA_BINARY_PACKED" if name in STEADY else "BYTE_STREAM_SPLIT"
            for name in columns
            if name in (*STEADY, *WIDE)
        },
        row_group_size=len(next(iter(columns.values()))),
        store_schema=False,
        version="2.6",
    )
    return buffer.getvalue()


def _differences(built: Mapping[str, bytes]) -> list[str]:
    """Say how rebuilt files differ from their checksums, one line a file."""
    try:
        expected = data.checksums()
    except (FileNotFoundError, ValueError) as error:
        return [str(error)]
    return [
        f"data/{name} as rebuilt differs from data/{data.SUMS} ({_how(name, content)}); "
        "nothing was changed. Compare the package versions with: labs doctor"
        for name, content in built.items()
        if hashlib.sha256(content).hexdigest() != expected.get(name)
    ]


def _how(name: str, content: bytes) -> str:
    """Say in a few words how a rebuilt file differs from the one in the folder."""
    try:
        shipped = pq.read_table(data.FOLDER / name)
        rebuilt = pq.read_table(io.BytesIO(content))
    except (OSError, pa.ArrowInvalid):
        return "no readable table to compare with"
    if shipped.column_names != rebuilt.column_names:
        return (
            f"columns {shipped.column_names} in the folder, {rebuilt.column_names} rebuilt"
        )
    if shipped.num_rows != rebuilt.num_rows:
        return f"{shipped.num_rows} rows in the folder, {rebuilt.num_rows} rebuilt"
    changed = [c for c in shipped.column_names if not shipped[c].equals(rebuilt[c])]
    return (
        f"other values in {', '.join(changed)}" if changed else "equal values, other bytes"
    )
