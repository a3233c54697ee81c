"""Buffers as Firehose has them: records become objects by size or by time.

Source: Firehose developer guide (quotas, buffering, data transformation) and botocore's model.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.token_bucket import TokenBucket

RECORD_BYTES = 1_000 * 1024
BATCH_RECORDS = 500
BATCH_BYTES = 4 << 20
TRIES = 3
"""Of a transform that raises."""

RECORDS_A_SECOND = 500_000
REQUESTS_A_SECOND = 2_000
BYTES_A_SECOND = 5 << 20
"""Of direct writes, in the three largest Regions."""

BILLED_BYTES = 5 * 1024
"""Each record is billed as a whole number of these."""

Transform = Callable[[list[dict[str, str]]], Sequence[dict[str, Any]]]
"""From ``{"recordId", "data"}`` to ``{"recordId", "result", "data"}``, data in base64."""


def billed_bytes(sizes: Iterable[int]) -> int:
    """Return the bytes that are billed for records of these sizes."""
    return sum(math.ceil(size / BILLED_BYTES) * BILLED_BYTES for size in sizes)


@dataclass(frozen=True)
class Buffered:
    """A record that waits for its object.

    Attributes
    ----------
    id : str
    data : bytes
    arrived : float
        Seconds since 1970.
    """

    id: str
    data: bytes
    arrived: float


class DeliveryBuffer:
    """Gathers records and hands them on as objects.

    Parameters
    ----------
    name : str
    clock : Timekeeper
    deliver : callable
        Gets an object's key and its bytes.
    mebibytes : int, default 5
        1 to 128: an object is delivered when its records have so many,
    seconds : int, default 300
        0 to 900: or when its first record has waited so long.
    prefix : str, default ""
        Before the ``YYYY/MM/dd/HH/`` of a key, in UTC.
    transform : callable, optional
        Gets the records of an object before it is delivered; see `Transform`. What it answers with
        ``Ok`` is delivered, ``Dropped`` is forgotten, ``ProcessingFailed`` goes to
        ``processing-failed/``, as all records do of a transform that has raised three times.

    Raises
    ------
    Refusal
        By every method, with Firehose's code.
    """

    def __init__(
        self,
        name: str,
        clock: Timekeeper,
        deliver: Callable[[str, bytes], None],
        *,
        mebibytes: int = 5,
        seconds: int = 300,
        prefix: str = "",
        transform: Transform | None = None,
    ):
        for what, value, low, high in (
            ("SizeInMBs", mebibytes, 1, 128),
            ("IntervalInSeconds", seconds, 0, 900),
        ):
            if not low <= value <= high:
                raise _invalid(f"{what} is {value}, expected {low} to {high}.")
        self.name = name
        self._clock = clock
        self._deliver = deliver
        self._size = mebibytes << 20
        self._seconds = seconds
        self._prefix = prefix
        self._transform = transform
        self._waiting: list[Buffered] = []
        self._bytes = 0
        self._numbers = 0
        self._objects = 0
        self._cancel: Callable[[], None] = lambda: None
        self._limits = [
            TokenBucket(rate, clock)
            for rate in (REQUESTS_A_SECOND, RECORDS_A_SECOND, BYTES_A_SECOND)
        ]

    def put(self, data: bytes) -> str:
        """Take one record and return its id."""
        self._check([data])
        self._pay([data])
        return self._take(data)

    def put_many(self, records: Sequence[bytes]) -> list[str]:
        """Take up to 500 records of at most 4 MiB together and return their ids."""
        if not 1 <= len(records) <= BATCH_RECORDS:
            raise _invalid(
                f"Records has {len(records)} entries, expected 1 to {BATCH_RECORDS}. Send the "
                "rest in further requests."
            )
        self._check(records)
        size = sum(map(len, records))
        if size > BATCH_BYTES:
            raise _invalid(
                f"The records have {size} bytes together, at most {BATCH_BYTES} are allowed."
            )
        self._pay(records)
        return [self._take(data) for data in records]

    def _check(self, records: Sequence[bytes]) -> None:
        for data in records:
            if len(data) > RECORD_BYTES:
                raise _invalid(
                    f"A record has {len(data)} bytes, at most {RECORD_BYTES} are allowed."
                )

    def _pay(self, records: Sequence[bytes]) -> None:
        wanted = (1, len(records), sum(map(len, records)))
        pairs = list(zip(self._limits, wanted, strict=True))
        if any(bucket.level < amount for bucket, amount in pairs):
            raise Refusal(
                "ServiceUnavailableException",
                f"Slow down. {self.name} takes {REQUESTS_A_SECOND} requests, "
                f"{RECORDS_A_SECOND} records and 5 MiB a second; send these records again later.",
            )
        for bucket, amount in pairs:
            bucket.take(amount)

    def _take(self, data: bytes) -> str:
        record = Buffered(f"{self._numbers:056}", data, self._clock.now())
        self._numbers += 1
        self._waiting.append(record)
        self._bytes += len(data)
        if self._bytes >= self._size or not self._seconds:
            self.flush()
        elif len(self._waiting) == 1:
            self._cancel = self._clock.call_at(record.arrived + self._seconds, self.flush)
        return record.id

    def flush(self) -> None:
        """Deliver what waits, now."""
        self._cancel()
        records, self._waiting, self._bytes = self._waiting, [], 0
        if not records:
            return
        good, failed = (
            [record.data for record in records],
            list[tuple[Buffered, int, str]](),
        )
        if self._transform is not None:
            good, failed = self._transformed(records)
        if good:
            self._write(self._prefix, records[0].arrived, b"".join(good))
        if failed:
            lines = [_failure(record, tries, reason) for record, tries, reason in failed]
            folder = f"{self._prefix}processing-failed/"
            self._write(folder, records[0].arrived, "".join(lines).encode("ascii"))

    def _write(self, folder: str, moment: float, data: bytes) -> None:
        time = datetime.fromtimestamp(moment, UTC)
        name = f"{self.name}-1-{time:%Y-%m-%d-%H-%M-%S}-{self._objects:08}"
        self._objects += 1
        self._deliver(f"{folder}{time:%Y/%m/%d/%H}/{name}", data)

    def _transformed(
        self, records: list[Buffered]
    ) -> tuple[list[bytes], list[tuple[Buffered, int, str]]]:
        """Return what a transform lets through, and what failed, after how many tries and why."""
        assert self._transform is not None
        asked = [
            {"recordId": record.id, "data": base64.b64encode(record.data).decode("ascii")}
            for record in records
        ]
        tries, reason = 0, "The transform answered None."
        answers: Sequence[dict[str, Any]] | None = None
        while answers is None and tries < TRIES:
            tries += 1
            try:
                answers = self._transform([dict(one) for one in asked])
            except Exception as error:
                reason = f"The transform raised {error!r}."
        if answers is None:
            return [], [(record, tries, reason) for record in records]
        by_id: dict[str, list[dict[str, Any]]] = {}
        for answer in answers:
            by_id.setdefault(answer.get("recordId", ""), []).append(answer)
        good: list[bytes] = []
        failed: list[tuple[Buffered, int, str]] = []
        for record in records:
            found = by_id.get(record.id, [])
            try:
                data = _answered(found)
            except ValueError as error:
                failed.append((record, tries, str(error)))
            else:
                if data is not None:
                    good.append(data)
        return good, failed


def _answered(answers: list[dict[str, Any]]) -> bytes | None:
    """Return a transformed record, None if it was dropped; raise ValueError if it has failed."""
    if len(answers) != 1:
        raise ValueError(f"The transform answered {len(answers)} times for this recordId.")
    answer = answers[0]
    result = answer.get("result")
    if result == "Dropped":
        return None
    if result == "ProcessingFailed":
        raise ValueError("The transform answered ProcessingFailed.")
    if result != "Ok":
        raise ValueError(f"result is {result!r}, expected Ok, Dropped or ProcessingFailed.")
    try:
        return base64.b64decode(answer["data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise ValueError("The transform's data is not in base64.") from None


def _failure(record: Buffered, tries: int, reason: str) -> str:
    told = {
        "attemptsMade": tries,
        "arrivalTimestamp": round(record.arrived * 1000),
        "errorMessage": reason,
        "rawData": base64.b64encode(record.data).decode("ascii"),
    }
    return json.dumps(told) + "\n"


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidArgumentException", text)
