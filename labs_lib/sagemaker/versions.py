"""Older versions of S3's objects, and delete markers: what is not the current object."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from labs_lib.sagemaker.state import State

NONE = "null"
"""The id of a version that was written while the bucket was not versioned."""

_COLUMNS = (
    "number, bucket, key, version, marker, superseded, file, size, etag, crc32, modified, "
    "headers, metadata, details"
)


@dataclass(frozen=True)
class Older:
    """A row of the table of versions.

    Attributes
    ----------
    number : int
        Grows with every version of the bucket.
    bucket, key, version : str
    is_marker : bool
        Whether it is a delete marker, which has no file.
    superseded : float or None
        When a newer version came; None for a delete marker that is the current one.
    file : str
        Its name, empty for a marker.
    size : int
    etag, crc32 : str
    modified : float
    headers, metadata : dict of str to str
    details : dict
        Class, lock, tags: see `labs_lib.sagemaker.objects.Object`.
    """

    number: int
    bucket: str
    key: str
    version: str
    is_marker: bool
    superseded: float | None
    file: str
    size: int
    etag: str
    crc32: str
    modified: float
    headers: dict[str, str]
    metadata: dict[str, str]
    details: dict[str, Any]


def new_id() -> str:
    """Return a fresh version id."""
    return secrets.token_urlsafe(24)


class Versions:
    """The table of versions; `Objects` decides what goes into it.

    Parameters
    ----------
    state : State
    """

    def __init__(self, state: State):
        self._state = state

    def add(
        self,
        bucket: str,
        key: str,
        *,
        version: str,
        at: float,
        superseded: float | None = None,
        row: tuple = ("", 0, "", ""),
        headers: dict[str, str] | None = None,
        metadata: dict[str, str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Keep a version; without `row` (file, size, etag, crc32) it is a delete marker."""
        self._state.execute(
            "insert into versions (bucket, key, version, marker, superseded, file, size, "
            "etag, crc32, modified, headers, metadata, details) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            bucket,
            key,
            version,
            int(not row[0]),
            superseded,
            *row,
            at,
            json.dumps(headers or {}),
            json.dumps(metadata or {}),
            json.dumps(details or {}),
        )

    def of_key(self, bucket: str, key: str) -> list[Older]:
        """Return the versions of a key, the newest first."""
        rows = self._state.rows(
            f"select {_COLUMNS} from versions where bucket = ? and key = ? "
            "order by number desc",
            bucket,
            key,
        )
        return [_older(row) for row in rows]

    def find(self, bucket: str, key: str, version: str) -> Older | None:
        """Return a version, or None."""
        return next((o for o in self.of_key(bucket, key) if o.version == version), None)

    def marker(self, bucket: str, key: str) -> Older | None:
        """Return the delete marker that is a key's current version, or None."""
        newest = next(iter(self.of_key(bucket, key)), None)
        return newest if newest and newest.superseded is None else None

    def supersede(self, number: int, at: float | None) -> None:
        """Note when a version was replaced; None if it is the current one again."""
        self._state.execute(
            "update versions set superseded = ? where number = ?", at, number
        )

    def set_details(self, number: int, details: dict[str, Any]) -> None:
        """Replace class, lock and tags of a version."""
        self._state.execute(
            "update versions set details = ? where number = ?", json.dumps(details), number
        )

    def remove(self, number: int) -> None:
        """Forget a version."""
        self._state.execute("delete from versions where number = ?", number)

    def keys(self, bucket: str) -> list[str]:
        """Return the keys that have versions or delete markers here, in order."""
        rows = self._state.rows(
            "select distinct key from versions where bucket = ? order by key", bucket
        )
        return [key for (key,) in rows]


def _older(row: tuple) -> Older:
    number, bucket, key, version, marker, *plain, headers, metadata, details = row
    texts = [json.loads(text) for text in (headers, metadata, details)]
    return Older(number, bucket, key, version, bool(marker), *plain, *texts)
