"""Bodies of S3's requests: the checksums that they promise, and the encoding aws-chunked."""

import base64
import binascii
import hashlib
import zlib
from typing import Any

from labs_lib.sagemaker.errors import ApiError


def crc_text(crc: int) -> str:
    """Return a CRC32 as S3 writes it."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode("ascii")


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
