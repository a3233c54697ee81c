"""Records of a batch transform: split, gathered, filtered, joined with their predictions."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

_CSV = "text/csv"
_JSON = ("application/json", "application/jsonlines", "application/jsonlines+json")
_PART = re.compile(
    r"\.(?P<name>\w+)|\['(?P<quoted>[^']*)'\]|\[(?P<slice>-?\d*:-?\d*)\]"
    r"|\[(?P<numbers>-?\d+(?:,-?\d+)*)\]"
)


def split(data: bytes) -> list[bytes]:
    """Return the lines of an object, without their ends; the last may have one or not."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def gather(lines: list[bytes], *, size: int, single: bool) -> Iterator[list[bytes]]:
    """Yield the lines of each request: one, or as many as `size` bytes hold.

    Raises
    ------
    ValueError
        If a line alone is longer.
    """
    batch: list[bytes] = []
    length = 0
    for line in lines:
        if len(line) + 1 > size:
            raise ValueError(
                f"a record has {len(line)} bytes, more than MaxPayloadInMB allows ({size})"
            )
        if batch and (single or length + len(line) + 1 > size):
            yield batch
            batch, length = [], 0
        batch.append(line)
        length += len(line) + 1
    if batch:
        yield batch


def kind_of(content_type: str | None) -> str:
    """Return ``"csv"`` or ``"json"``: how records of a content type are taken apart.

    Raises
    ------
    ValueError
        If they cannot be.
    """
    found = (content_type or "").partition(";")[0].strip().lower()
    if found == _CSV:
        return "csv"
    if found in _JSON:
        return "json"
    raise ValueError(
        f"DataProcessing needs ContentType text/csv or application/jsonlines, not {found!r}"
    )


def read(line: bytes, kind: str) -> Any:
    """Return a record as a list of texts (CSV) or as its JSON."""
    text = line.decode("utf-8")
    if kind == "csv":
        rows = list(csv.reader([text]))
        return rows[0] if rows else []
    return json.loads(text)


def write(record: Any, kind: str) -> bytes:
    """Return a record as a line, without its end."""
    if kind == "csv":
        cells = record if isinstance(record, list) else [record]
        target = io.StringIO()
        csv.writer(target, lineterminator="").writerow(cells)
        return target.getvalue().encode()
    return json.dumps(record).encode()


def check_path(path: str) -> None:
    """Raise a ValueError if a filter is none that can be carried out."""
    list(_parts(path))


def _parts(path: str) -> Iterator[re.Match[str]]:
    if not path.startswith("$"):
        raise ValueError(f"the filter {path!r} must begin with $")
    at = 1
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise ValueError(
                f"the filter {path!r} cannot be read at {path[at:]!r}; there are .name, "
                "['name'], [0], [0,2] and [1:]"
            )
        yield match
        at = match.end()


def select(record: Any, path: str) -> Any:
    """Return what a JSONPath such as ``$[1:]`` or ``$.features`` selects.

    Raises
    ------
    ValueError
        If the record does not have it.
    """
    found = record
    for match in _parts(path):
        try:
            if match["slice"] is not None:
                begin, _, end = match["slice"].partition(":")
                found = found[slice(*(int(x) if x else None for x in (begin, end)))]
            elif match["numbers"] is not None:
                numbers = [int(number) for number in match["numbers"].split(",")]
                several = [found[number] for number in numbers]
                found = several if len(several) > 1 else several[0]
            else:
                found = found[match["name"] or match["quoted"]]
        except (LookupError, TypeError):
            raise ValueError(f"a record has no {path}") from None
    return found


def join(record: Any, prediction: Any, kind: str) -> Any:
    """Return a record with its prediction: as last columns, or as SageMakerOutput."""
    if kind == "csv":
        return [*record, *(prediction if isinstance(prediction, list) else [prediction])]
    if isinstance(record, dict):
        return record | {"SageMakerOutput": prediction}
    return {"SageMakerInput": record, "SageMakerOutput": prediction}
