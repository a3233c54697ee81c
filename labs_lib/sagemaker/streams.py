"""Answers that arrive in parts: InvokeEndpointWithResponseStream and its event stream."""

import http.client
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

from labs_lib.sagemaker.invocations import (
    LACKS,
    TIME_LIMIT,
    TIMED_OUT,
    give_back,
    headers_of,
    model_error,
    serving_of,
    take,
)
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.wire import Answer

STREAM_LIMIT = 480.0
"""Real seconds that a container has for a whole stream."""

_TEXT = 7
_PART = 1 << 16


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """Return one message of ``application/vnd.amazon.eventstream``.

    Two lengths and their CRC32, headers, payload, the CRC32 of everything before.
    """
    head = b"".join(
        bytes([len(name)])
        + name.encode("ascii")
        + bytes([_TEXT])
        + len(value).to_bytes(2, "big")
        + value.encode("ascii")
        for name, value in headers.items()
    )
    total = 4 + 4 + 4 + len(head) + len(payload) + 4
    prelude = total.to_bytes(4, "big") + len(head).to_bytes(4, "big")
    text = prelude + zlib.crc32(prelude).to_bytes(4, "big") + head + payload
    return text + zlib.crc32(text).to_bytes(4, "big")


def _part(payload: bytes) -> bytes:
    return message(
        {
            ":message-type": "event",
            ":event-type": "PayloadPart",
            ":content-type": "application/octet-stream",
        },
        payload,
    )


def _failure(text: str, code: str) -> bytes:
    return message(
        {
            ":message-type": "exception",
            ":exception-type": "ModelStreamError",
            ":content-type": "application/json",
        },
        json.dumps({"Message": text, "ErrorCode": code}).encode("ascii"),
    )


class _Parts:
    """The events of one answer; `close` has to be called, whether or not it was read."""

    def __init__(self, connection: Any, answer: Any, worker: Any, done: Any):
        self._connection, self._answer, self._worker = connection, answer, worker
        self._done = done
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        deadline = time.monotonic() + STREAM_LIMIT
        try:
            while part := self._answer.read1(_PART):
                yield _part(part)
                if time.monotonic() > deadline:
                    raise TimeoutError
            # A chunk that never came is no end.
            if self._answer.length:
                raise http.client.IncompleteRead(b"")
            # Only this ends an answer of known length for good; its connection is free then.
            self._answer.read()
            self._ended = True
        except TimeoutError:
            yield _failure(TIMED_OUT, "ModelInvocationTimeExceeded")
        except (OSError, http.client.HTTPException):
            yield _failure("The container hung up.", "StreamBroken")

    def close(self) -> None:
        if self._ended:
            self._worker.keep(self._connection, self._answer)
        else:
            self._connection.close()
        self._done()


@operation(
    "sagemaker-runtime",
    "InvokeEndpointWithResponseStream",
    uses="EndpointName Body ContentType Accept CustomAttributes TargetVariant InferenceId",
    refuses=LACKS,
    differs=(
        "What a container writes at once, up to 64 KB, is one PayloadPart.",
        "A container that ends in the middle is a ModelStreamError with ErrorCode StreamBroken, "
        "one that takes more than 60 s for a part or 8 minutes in all with "
        "ModelInvocationTimeExceeded.",
        "The limit of a body is 25 MB.",
        "ModelLatency is the time to the end of the stream.",
        "Shadow variants get no copies.",
    ),
)
def invoke_with_response_stream(context: Context, request: dict[str, Any]) -> Any:
    site, name = context.site, request["EndpointName"]
    serving = serving_of(context, name)
    _, variant, worker = take(
        name, serving, request.get("TargetVariant"), len(request.get("Body", b""))
    )
    begun = time.perf_counter()

    def done(status: int) -> None:
        arrived = context.wire.begun
        give_back(site, name, variant, worker, status=status, begun=begun, arrived=arrived)

    try:
        connection, answer = worker.send(
            "/invocations",
            request.get("Body", b""),
            headers_of(request),
            timeout=TIME_LIMIT,
        )
        status = answer.status
        text = b"" if 200 <= status < 300 else answer.read()
    except TimeoutError:
        done(0)
        raise model_error(context, name, 0, TIMED_OUT) from None
    except (OSError, http.client.HTTPException):
        done(500)
        raise model_error(context, name, 500, "The container hung up.") from None
    if not 200 <= status < 300:
        worker.keep(connection, answer)
        done(status)
        raise model_error(context, name, status, text.decode("utf-8", "replace"))
    headers = {
        "Content-Type": "application/vnd.amazon.eventstream",
        "X-Amzn-SageMaker-Content-Type": answer.headers.get("Content-Type"),
        "x-Amzn-Invoked-Production-Variant": variant.name,
        "X-Amzn-SageMaker-Custom-Attributes": answer.headers.get(
            "X-Amzn-SageMaker-Custom-Attributes"
        ),
    }
    given = {key: value for key, value in headers.items() if value is not None}
    return Answer(200, given, _Parts(connection, answer, worker, lambda: done(status)))
