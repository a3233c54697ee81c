"""The objects of S3: names and properties in SQLite, bytes in files with safe names."""

import contextlib
import hashlib
import io
import json
import math
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from labs_lib.clock import Clock
from labs_lib.platform import lifecycle
from labs_lib.sagemaker.bodies import crc_text
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.state import State
from labs_lib.sagemaker.versions import NONE, Older, Versions, new_id

CHUNK = 1 << 20
_COLUMNS = "bucket, key, file, size, etag, crc32, modified, headers, metadata, details"


@dataclass(frozen=True)
class Object:
    """An object as it is stored.

    Attributes
    ----------
    bucket, key : str
    path : Path
        The file with its bytes.
    size : int
    etag : str
        Without quotes.
    crc32 : str
        In base64; of several parts, the checksum of their checksums and ``-N``.
    modified : float
        Whole seconds since 1970.
    headers, metadata : dict of str to str
        ContentType and the like; the user's own.
    details : dict
        ``version`` (its id), ``class`` (of storage), ``tags``, ``mode`` and ``until`` (of
        retention), ``hold`` (whether a legal hold is on), ``acted`` (when a lifecycle rule last
        moved it), ``ready`` and ``back`` (when a restored copy is there, and when it goes
        again); each only if it says something.
    """

    bucket: str
    key: str
    path: Path
    size: int
    etag: str
    crc32: str
    modified: float
    headers: dict[str, str]
    metadata: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return self.details.get("version", NONE)

    @property
    def storage_class(self) -> str:
        return self.details.get("class", "STANDARD")


@dataclass
class Written:
    """A file that was written and belongs to nothing yet, with its checksums."""

    path: Path
    size: int = 0
    crc: int = 0
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    @property
    def etag(self) -> str:
        return self.md5.hexdigest()

    @property
    def crc32(self) -> str:
        return crc_text(self.crc)


class Objects:
    """Buckets and their objects.

    A file is complete before a row names it, and goes after no row does: a kill in between
    leaves at most a file that `clean` removes.
    """

    def __init__(self, state: State, clock: Clock, folder: Path):
        self._state = state
        self._clock = clock
        self.folder = folder
        self.versions = Versions(state)
        self._next_run: dict[str, float] = {}
        folder.mkdir(exist_ok=True)

    # Files

    def receive(self, body: Any, check: Callable[[bytes], None] | None = None) -> Written:
        """Write a body to a new file; `check` sees every piece."""
        path = self.folder / secrets.token_hex(16)
        written = Written(path)
        try:
            with open(path, "xb") as file:
                while piece := body.read(CHUNK):
                    file.write(piece)
                    written.size += len(piece)
                    written.md5.update(piece)
                    written.crc = zlib.crc32(piece, written.crc)
                    if check is not None:
                        check(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return written

    def discard(self, path: Path) -> None:
        """Remove a file that no row names; one that is being read goes at the next start."""
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove the files that no row names."""
        named = {
            name
            for table in ("objects", "parts", "versions")
            for (name,) in self._state.rows(f"select file from {table}")
        }
        for path in self.folder.iterdir():
            if path.name not in named:
                self.discard(path)

    # Buckets

    def has_bucket(self, name: str) -> bool:
        """Say whether there is such a bucket."""
        return self._state.row("select 1 from buckets where name = ?", name) is not None

    def require_bucket(self, name: str) -> None:
        """Raise NoSuchBucket if there is no such bucket."""
        if not self.has_bucket(name):
            raise ApiError(
                "NoSuchBucket",
                "The specified bucket does not exist",
                status=404,
                BucketName=name,
            )

    def settings(self, bucket: str) -> dict[str, Any]:
        """Return what was set for a bucket.

        ``versioning`` (Enabled or Suspended), ``lock`` (its configuration), ``rules`` (of its
        lifecycle), ``small`` (which classes small objects do not move to), ``run`` (until when
        the rules were carried out); each only if it was set.
        """
        return json.loads(self._state.setting(f"s3:{bucket}", "{}"))

    def set_settings(self, bucket: str, settings: dict[str, Any]) -> None:
        """Keep what is set for a bucket; members that are None are left out."""
        kept = {name: value for name, value in settings.items() if value is not None}
        self._state.set_setting(f"s3:{bucket}", json.dumps(kept))
        self._next_run.pop(bucket, None)

    def is_empty(self, bucket: str) -> bool:
        """Say whether a bucket holds no object, no version and no upload."""
        return not any(
            self._state.row(f"select 1 from {table} where bucket = ? limit 1", bucket)
            for table in ("objects", "versions", "uploads")
        )

    # Lifecycle

    def carry_out_rules(self, bucket: str) -> None:
        """Do what the bucket's lifecycle rules have asked for until now."""
        now = self._clock.now()
        if now < self._next_run.get(bucket, -math.inf):
            return
        with self._state.transaction():
            settings = self.settings(bucket)
            if not settings.get("rules"):
                self._next_run[bucket] = math.inf
                return
            self._next_run[bucket] = (now // lifecycle.DAY + 1) * lifecycle.DAY
            if now // lifecycle.DAY <= settings["run"] // lifecycle.DAY:
                return
            rows = self._state.rows("select key from objects where bucket = ?", bucket)
            for key in sorted({*(key for (key,) in rows), *self.versions.keys(bucket)}):
                self._carry_out_for(bucket, key, settings, now)
            self._state.set_setting(f"s3:{bucket}", json.dumps({**settings, "run": now}))

    def _carry_out_for(
        self, bucket: str, key: str, settings: dict[str, Any], now: float
    ) -> None:
        after = settings["run"]
        while True:
            due = [
                (action, found)
                for found, version in self._lives(bucket, key)
                if (
                    action := lifecycle.next_action(
                        version,
                        settings["rules"],
                        is_versioned="versioning" in settings,
                        after=after,
                        small=settings.get("small", "all_storage_classes_128K"),
                    )
                )
                and action.at <= now
            ]
            if not due:
                return
            action, found = min(due, key=lambda item: item[0].at)
            self._carry_out(action, found)
            # Other versions of the key may be due on the same day.
            after = max(after, action.at - lifecycle.DAY)

    def _lives(
        self, bucket: str, key: str
    ) -> list[tuple[Object | Older, lifecycle.Version]]:
        """Return the versions of a key with what a rule looks at."""
        current = self._find(bucket, key)
        older = self.versions.of_key(bucket, key)
        every: list[Object | Older] = [*([current] if current else []), *older]
        found, newer = [], 0
        for item in every:
            superseded = item.superseded if isinstance(item, Older) else None
            details = item.details
            lives = lifecycle.Version(
                key,
                item.size,
                item.modified,
                storage_class=details.get("class", "STANDARD"),
                tags=details.get("tags", {}),
                superseded=superseded,
                newer=newer,
                is_marker=isinstance(item, Older) and item.is_marker,
                is_only=len(every) == 1,
                locked_until=locked_until(details),
                acted=details.get("acted", -math.inf),
            )
            found.append((item, lives))
            newer += superseded is not None
        return found

    def _carry_out(self, action: lifecycle.LifecycleAction, found: Object | Older) -> None:
        if action.kind == "transition":
            moved = {"class": action.storage_class, "acted": action.at}
            self.set_details(found, {**found.details, **moved})
        elif action.kind == "mark":
            self._hide(found.bucket, found.key, at=action.at)
        else:
            self._forget(found)

    # Objects

    def find(self, bucket: str, key: str) -> Object | None:
        """Return the current object of a key, or None."""
        self.carry_out_rules(bucket)
        return self._find(bucket, key)

    def _find(self, bucket: str, key: str) -> Object | None:
        row = self._state.row(
            f"select {_COLUMNS} from objects where bucket = ? and key = ?", bucket, key
        )
        return None if row is None else self._object(row)

    def find_version(self, bucket: str, key: str, version: str) -> Object | Older:
        """Return a version of an object, a delete marker too, or raise NoSuchVersion."""
        self.require_bucket(bucket)
        current = self.find(bucket, key)
        if current is not None and current.version == version:
            return current
        found = self.versions.find(bucket, key, version)
        if found is None:
            raise ApiError(
                "NoSuchVersion",
                "The specified version does not exist.",
                status=404,
                Key=key,
                VersionId=version,
            )
        return found

    def get(self, bucket: str, key: str) -> Object:
        """Return an object, or raise NoSuchBucket or NoSuchKey."""
        found = self.find(bucket, key)
        if found is None:
            self.require_bucket(bucket)
            raise ApiError(
                "NoSuchKey", "The specified key does not exist.", status=404, Key=key
            )
        return found

    def open(
        self, bucket: str, key: str, version: str | None = None
    ) -> tuple[Object, IO[bytes]]:
        """Return an object with its open file; both are of the same version."""
        if version is not None:
            found = self.as_object(self.find_version(bucket, key, version))
            return found, open(found.path, "rb")
        while True:
            found = self.get(bucket, key)
            try:
                return found, open(found.path, "rb")
            except FileNotFoundError:
                # Replaced between the two lines above; a file that is lost for good is not.
                if self.get(bucket, key).path == found.path:
                    raise

    def read(self, bucket: str, key: str) -> bytes:
        """Return the bytes of an object."""
        _, file = self.open(bucket, key)
        with file:
            return file.read()

    def keep(
        self,
        bucket: str,
        key: str,
        written: Written,
        *,
        headers: dict[str, str] | None = None,
        metadata: dict[str, str] | None = None,
        etag: str | None = None,
        crc32: str | None = None,
        details: dict[str, Any] | None = None,
        allowed: Callable[[Object | None], None] | None = None,
    ) -> Object:
        """Make a written file the object of a key.

        Parameters
        ----------
        details : dict, optional
            Class, lock, tags; the version's id is added.
        allowed : callable, optional
            Sees the object that is there, in the same transaction; raises to refuse.
        """
        try:
            with self._state.transaction():
                self.require_bucket(bucket)
                old = self.find(bucket, key)
                if allowed is not None:
                    allowed(old)
                now = self._clock.now()
                versioning = self.settings(bucket).get("versioning")
                version = new_id() if versioning == "Enabled" else NONE
                dropped = self._make_room(bucket, key, versioning, at=now)
                self._insert(
                    (bucket, key, written.path.name, written.size),
                    (etag or written.etag, crc32 or written.crc32, float(int(now))),
                    headers or {},
                    metadata or {},
                    {**(details or {}), **({"version": version} if versioning else {})},
                )
        except BaseException:
            self.discard(written.path)
            raise
        for name in dropped:
            self.discard(self.folder / name)
        return self.get(bucket, key)

    def _insert(self, first: tuple, then: tuple, *texts: dict[str, Any]) -> None:
        self._state.execute(
            f"insert or replace into objects ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *first,
            *then,
            *map(json.dumps, texts),
        )

    def _make_room(
        self, bucket: str, key: str, versioning: str | None, *, at: float
    ) -> list[str]:
        """Put the current version among the older ones; return the files of those that go."""
        dropped = []
        current = self._find(bucket, key)
        marker = self.versions.marker(bucket, key) if versioning else None
        if versioning == "Suspended":
            # The new version takes the id null, and there is one of that.
            for old in self.versions.of_key(bucket, key):
                if old.version == NONE:
                    self.versions.remove(old.number)
                    dropped.append(old.file)
        if marker is not None:
            self.versions.supersede(marker.number, at)
        if current is None:
            return [name for name in dropped if name]
        self._state.execute("delete from objects where bucket = ? and key = ?", bucket, key)
        if versioning is None or (versioning == "Suspended" and current.version == NONE):
            dropped.append(current.path.name)
        else:
            self.versions.add(
                bucket,
                key,
                version=current.version,
                at=current.modified,
                superseded=at,
                row=(current.path.name, current.size, current.etag, current.crc32),
                headers=current.headers,
                metadata=current.metadata,
                details=current.details,
            )
        return [name for name in dropped if name]

    def put(self, bucket: str, key: str, body: Any, *, content_type: str = "") -> Object:
        """Store bytes, or what can be read, as an object."""
        if isinstance(body, bytes):
            body = io.BytesIO(body)
        headers = {"ContentType": content_type or "binary/octet-stream"}
        return self.keep(bucket, key, self.receive(body), headers=headers)

    def delete(self, bucket: str, key: str) -> str | None:
        """Remove an object if it is there, or hide it behind a delete marker.

        Returns
        -------
        str or None
            The id of the marker; None if the bucket is not versioned.
        """
        self.carry_out_rules(bucket)
        return self._hide(bucket, key, at=self._clock.now())

    def _hide(self, bucket: str, key: str, *, at: float) -> str | None:
        with self._state.transaction():
            versioning = self.settings(bucket).get("versioning")
            dropped = self._make_room(bucket, key, versioning, at=at)
            marker = None
            if versioning:
                marker = new_id() if versioning == "Enabled" else NONE
                self.versions.add(bucket, key, version=marker, at=float(int(at)))
        for name in dropped:
            self.discard(self.folder / name)
        return marker

    def delete_version(
        self, bucket: str, key: str, version: str, *, bypass: bool = False
    ) -> Object | Older | None:
        """Remove one version for good, and return what it was, None if there was none.

        Parameters
        ----------
        bypass : bool
            Whether a lock of mode GOVERNANCE is to be ignored.

        Raises
        ------
        ApiError
            AccessDenied, if an object lock keeps it.
        """
        with self._state.transaction():
            try:
                found = self.find_version(bucket, key, version)
            except ApiError as error:
                if error.code == "NoSuchVersion":
                    return None
                raise
            if is_locked(found.details, self._clock.now(), bypass=bypass):
                raise ApiError(
                    "AccessDenied",
                    "Access Denied because object protected by object lock.",
                    status=403,
                )
            self._forget(found)
        return found

    def _forget(self, found: Object | Older) -> None:
        """Remove a version; if it was the current one, the next becomes current."""
        where = found.bucket, found.key
        with self._state.transaction():
            if isinstance(found, Older):
                self.versions.remove(found.number)
                was_current = found.superseded is None
            else:
                self._state.execute(
                    "delete from objects where bucket = ? and key = ?", *where
                )
                was_current = True
            older = self.versions.of_key(*where)
            if was_current and older:
                self._bring_back(older[0])
        name = found.file if isinstance(found, Older) else found.path.name
        if name:
            self.discard(self.folder / name)

    def _bring_back(self, newest: Older) -> None:
        if newest.is_marker:
            self.versions.supersede(newest.number, None)
            return
        self.versions.remove(newest.number)
        self._insert(
            (newest.bucket, newest.key, newest.file, newest.size),
            (newest.etag, newest.crc32, newest.modified),
            newest.headers,
            newest.metadata,
            newest.details,
        )

    def set_details(self, found: Object | Older, details: dict[str, Any]) -> None:
        """Replace class, lock and tags of a version; members that are None are left out."""
        kept = {name: value for name, value in details.items() if value is not None}
        if isinstance(found, Older):
            self.versions.set_details(found.number, kept)
        else:
            self._state.execute(
                "update objects set details = ? where bucket = ? and key = ?",
                json.dumps(kept),
                found.bucket,
                found.key,
            )

    def as_object(self, found: Object | Older) -> Object:
        """Return a version as an object; a delete marker is none.

        Raises
        ------
        ApiError
            MethodNotAllowed for a delete marker.
        """
        if isinstance(found, Object):
            return found
        if found.is_marker:
            raise ApiError(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                status=405,
                Method="GET",
                ResourceType="DeleteMarker",
            )
        return Object(
            found.bucket,
            found.key,
            self.folder / found.file,
            found.size,
            found.etag,
            found.crc32,
            found.modified,
            found.headers,
            found.metadata,
            found.details,
        )

    def iterate(
        self, bucket: str, *, prefix: str = "", after: str = "", at: str | None = None
    ) -> Iterator[Object]:
        """Yield objects in the order of their keys' bytes.

        Parameters
        ----------
        prefix : str
            What the keys begin with.
        after : str
            Only keys behind this one.
        at : str, optional
            Only keys from this one on.
        """
        self.carry_out_rules(bucket)
        compare, begin = (">=", at) if at is not None else (">", after)
        if prefix > begin:
            compare, begin = ">=", prefix
        while True:
            rows = self._state.rows(
                f"select {_COLUMNS} from objects where bucket = ? and key {compare} ? "
                "order by key limit 500",
                bucket,
                begin,
            )
            for row in rows:
                if not row[1].startswith(prefix):
                    return
                yield self._object(row)
            if len(rows) < 500:
                return
            compare, begin = ">", rows[-1][1]

    def _object(self, row: tuple) -> Object:
        bucket, key, file, size, etag, crc32, modified, headers, metadata, details = row
        return Object(
            bucket,
            key,
            self.folder / file,
            size,
            etag,
            crc32,
            modified,
            json.loads(headers),
            json.loads(metadata),
            json.loads(details),
        )


# Locks


def locked_until(details: dict[str, Any]) -> float:
    """Return until when a version is kept from deletion; infinite under a legal hold."""
    return math.inf if details.get("hold") else details.get("until", -math.inf)


def is_locked(details: dict[str, Any], now: float, *, bypass: bool = False) -> bool:
    """Say whether a version may not be deleted now.

    Parameters
    ----------
    details : dict
        Of an `Object`.
    now : float
        Seconds since 1970.
    bypass : bool
        Whether retention of mode GOVERNANCE is to be ignored; a legal hold never is.
    """
    if details.get("hold"):
        return True
    if bypass and details.get("mode") == "GOVERNANCE":
        return False
    return locked_until(details) > now


# Names


def local_path(folder: Path, relative: str) -> Path:
    """Return where a key is written below a folder.

    Raises
    ------
    ValueError
        If the key would lead out of the folder, or is no file name on every system.
    """
    parts = relative.split("/")
    if (
        not relative
        or any(part in ("", ".", "..") for part in parts)
        or any(set(part) & set('\\:\0<>|?*"') for part in parts)
        or any(len(os.fsencode(part)) > 255 for part in parts)
    ):
        raise ValueError(f"the key {relative!r} cannot be the name of a file")
    return folder.joinpath(*parts)


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``; the key may be empty."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise ApiError(
            "ValidationException", f"{uri!r} is not of the form s3://bucket/key."
        )
    return bucket, key
