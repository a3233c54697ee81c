"""The objects of S3: names and properties in SQLite, bytes in files with safe names."""

import base64
import binascii
import contextlib
import hashlib
import io
import json
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.state import State

CHUNK = 1 << 20


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


def crc_text(crc: int) -> str:
    """Return a CRC32 as S3 writes it."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode("ascii")


class Objects:
    """Buckets and their objects.

    A file is complete before a row names it, and goes after no row does: a kill in between
    leaves at most a file that `clean` removes.
    """

    def __init__(self, state: State, clock: Clock, folder: Path):
        self._state = state
        self._clock = clock
        self.folder = folder
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
            for table in ("objects", "parts")
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

    # Objects

    def find(self, bucket: str, key: str) -> Object | None:
        """Return an object, or None."""
        row = self._state.row(
            "select bucket, key, file, size, etag, crc32, modified, headers, metadata "
            "from objects where bucket = ? and key = ?",
            bucket,
            key,
        )
        return None if row is None else self._object(row)

    def get(self, bucket: str, key: str) -> Object:
        """Return an object, or raise NoSuchBucket or NoSuchKey."""
        found = self.find(bucket, key)
        if found is None:
            self.require_bucket(bucket)
            raise ApiError(
                "NoSuchKey", "The specified key does not exist.", status=404, Key=key
            )
        return found

    def open(self, bucket: str, key: str) -> tuple[Object, IO[bytes]]:
        """Return an object with its open file; both are of the same version."""
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
        allowed: Callable[[Object | None], None] | None = None,
    ) -> Object:
        """Make a written file the object of a key.

        Parameters
        ----------
        allowed : callable, optional
            Sees the object that is there, in the same transaction; raises to refuse.
        """
        try:
            with self._state.transaction():
                self.require_bucket(bucket)
                old = self.find(bucket, key)
                if allowed is not None:
                    allowed(old)
                self._state.execute(
                    "insert or replace into objects values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    bucket,
                    key,
                    written.path.name,
                    written.size,
                    etag or written.etag,
                    crc32 or written.crc32,
                    float(int(self._clock.now())),
                    json.dumps(headers or {}),
                    json.dumps(metadata or {}),
                )
        except BaseException:
            self.discard(written.path)
            raise
        if old is not None:
            self.discard(old.path)
        return self.get(bucket, key)

    def put(self, bucket: str, key: str, body: Any, *, content_type: str = "") -> Object:
        """Store bytes, or what can be read, as an object."""
        if isinstance(body, bytes):
            body = io.BytesIO(body)
        headers = {"ContentType": content_type or "binary/octet-stream"}
        return self.keep(bucket, key, self.receive(body), headers=headers)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there."""
        with self._state.transaction():
            old = self.find(bucket, key)
            self._state.execute(
                "delete from objects where bucket = ? and key = ?", bucket, key
            )
        if old is not None:
            self.discard(old.path)

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
        compare, begin = (">=", at) if at is not None else (">", after)
        if prefix > begin:
            compare, begin = ">=", prefix
        while True:
            rows = self._state.rows(
                "select bucket, key, file, size, etag, crc32, modified, headers, metadata "
                f"from objects where bucket = ? and key {compare} ? order by key limit 500",
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
        bucket, key, file, size, etag, crc32, modified, headers, metadata = row
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
        )


# Bodies with checksums

_HASHES = ("sha1", "sha256", "sha512", "md5")
CHECKSUMS = ("crc32", *_HASHES)


class Checks:
    """The checksums that a request promises: fed with the body, then compared."""

    def __init__(self, headers: dict[str, str]):
        self._promised: dict[str, str] = {}
        self._hashes: dict[str, Any] = {}
        self._crc = 0
        prefix = "x-amz-checksum-"
        for name, value in headers.items():
            if name.startswith(prefix) and name[len(prefix) :] not in ("algorithm", "type"):
                self.promise(name[len(prefix) :], value)
        # Promised at the end of the body; hashed from its beginning.
        for name in headers.get("x-amz-trailer", "").split(","):
            if name.strip().startswith(prefix):
                self._begin(name.strip()[len(prefix) :])
        if "content-md5" in headers:
            self.promise("md5", headers["content-md5"], name="Content-MD5")

    def promise(self, algorithm: str, value: str, name: str | None = None) -> None:
        """Note what a checksum should be."""
        self._begin(algorithm)
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            text = f"{name or algorithm.upper()} is {value[:100]!r}, which is not base64."
            raise ApiError("InvalidDigest", text) from None
        self._promised[algorithm] = value

    def _begin(self, algorithm: str) -> None:
        if algorithm in _HASHES:
            self._hashes.setdefault(
                algorithm, hashlib.new(algorithm, usedforsecurity=False)
            )
        elif algorithm != "crc32":
            raise ApiError(
                "NotImplemented",
                f"The S3 on this machine cannot check {algorithm.upper()[:40]}. It checks "
                f"{', '.join(CHECKSUMS).upper()}.",
                status=501,
            )

    def feed(self, piece: bytes) -> None:
        """See a piece of the body."""
        for found in self._hashes.values():
            found.update(piece)
        self._crc = zlib.crc32(piece, self._crc)

    def compare(self) -> None:
        """Raise BadDigest if a promise was not kept."""
        for algorithm, promised in self._promised.items():
            if algorithm == "crc32":
                actual = crc_text(self._crc)
            else:
                actual = base64.b64encode(self._hashes[algorithm].digest()).decode("ascii")
            if actual != promised:
                raise ApiError(
                    "BadDigest",
                    f"The {algorithm.upper()} you specified did not match the calculated "
                    "checksum.",
                )


class AwsChunks:
    """A body in ``aws-chunked`` encoding, without the encoding; reads the trailer."""

    def __init__(self, body: Any, checks: Checks):
        self._body = body
        self._checks = checks
        self._left = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        if not self._left and not self._ended:
            length = self._line().partition(b";")[0]
            try:
                self._left = int(length, 16)
            except ValueError:
                raise _malformed() from None
            if self._left < 0:
                raise _malformed()
            if not self._left:
                self._ended = True
                self._trailer()
        if not self._left:
            return b""
        found = self._body.read(min(size, self._left))
        if not found:
            raise _malformed()
        self._left -= len(found)
        if not self._left:
            self._line()
        return found

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            byte = self._body.read(1)
            if not byte or len(line) > 8192:
                raise _malformed()
            line += byte
        return line.strip()

    def _trailer(self) -> None:
        prefix = "x-amz-checksum-"
        text = b""
        while piece := self._body.read(8192):
            text += piece
        for line in text.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            if name.strip().lower().startswith(prefix):
                self._checks.promise(name.strip().lower()[len(prefix) :], value.strip())


def _malformed() -> ApiError:
    return ApiError("IncompleteBody", "The body's aws-chunked encoding is malformed.")


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
