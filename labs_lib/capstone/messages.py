"""Messages between parent and player: JSON with tables in Arrow beside it, never pickle.

A message is 8 bytes (the length of its header), the header, and the tables that it announces.
The parent believes nothing: lengths are checked before anything is read.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

LENGTH = struct.Struct(">Q")


def write(
    stream: BinaryIO, header: Mapping[str, Any], tables: Mapping[str, pd.DataFrame] = {}
) -> None:
    """Send a header and tables.

    Parameters
    ----------
    stream : binary file
    header : mapping
        What JSON can hold.
    tables : mapping from name to DataFrame
    """
    packed = {name: _pack(table) for name, table in tables.items()}
    sizes = {name: len(table) for name, table in packed.items()}
    text = json.dumps({"tables": sizes, **header}).encode()
    for piece in (LENGTH.pack(len(text)), text, *packed.values()):
        stream.write(piece)
    stream.flush()


def read(
    stream: BinaryIO, *, at_most: int
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Receive a header and its tables.

    Parameters
    ----------
    stream : binary file
    at_most : int
        Bytes that the whole message may have.

    Returns
    -------
    header, tables

    Raises
    ------
    EOFError
        If the other side has ended.
    ValueError
        If the message is too long, is not JSON, or has a number that is not finite.
    """
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    if length > at_most:
        raise ValueError(f"a message of {length} bytes; expected at most {at_most}.")
    try:
        header = json.loads(_exactly(stream, length), parse_constant=_refuse)
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError(f"a message that is not JSON ({error}).") from None
    if not isinstance(header, dict):
        raise ValueError("a message that is no JSON object.")
    sizes = header.pop("tables", {})
    if not isinstance(sizes, dict) or not all(
        isinstance(size, int) and size >= 0 for size in sizes.values()
    ):
        raise ValueError("a message whose tables have no sizes.")
    if length + sum(sizes.values()) > at_most:
        raise ValueError(f"tables of {sum(sizes.values())} bytes; at most {at_most}.")
    tables = {name: _unpack(_exactly(stream, size)) for name, size in sizes.items()}
    return header, tables


def _pack(table: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    content = pa.Table.from_pandas(table, preserve_index=False)
    with pa.ipc.new_stream(sink, content.schema) as writer:
        writer.write_table(content)
    return sink.getvalue().to_pybytes()


def _unpack(data: bytes) -> pd.DataFrame:
    return pa.ipc.open_stream(data).read_all().to_pandas()


def _exactly(stream: BinaryIO, size: int) -> bytes:
    pieces = []
    while size:
        piece = stream.read(min(size, 1 << 20))
        if not piece:
            raise EOFError("the other side has ended.")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _refuse(text: str) -> float:
    raise ValueError(f"the number {text} in a message; expected finite numbers.")


def finite(value: object) -> bool:
    """Tell whether `value` is a number that is finite, and no boolean."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
    )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
