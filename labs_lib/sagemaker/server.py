"""The server process: HTTP on the loopback, requests to operations, answers back."""

import contextlib
import errno
import io
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from labs_lib.aws import RequestError, validate
from labs_lib.aws.request import service_model
from labs_lib.platform.errors import Refusal
from labs_lib.sagemaker import all_operations, lock, request_rates, wire
from labs_lib.sagemaker.environment import write_empty_configuration
from labs_lib.sagemaker.errors import ApiError, from_findings
from labs_lib.sagemaker.operations import (
    OPERATIONS,
    SERVICES,
    Context,
    Operation,
    find,
    refuse_what_is_missing,
)
from labs_lib.sagemaker.s3 import operation_of
from labs_lib.sagemaker.site import Site

BODY_LIMIT = 25 * 1024 * 1024
"""Bytes of a request that is no object of S3: what the guide says of InvokeEndpoint."""

HOLD = 50.0
"""Seconds a waiter's Describe is held at most; boto3 gives up reading after 60."""

FIRST_LEASE = 20.0
"""Seconds until a server that nobody asked for ends."""

_SCOPES = {
    **{service: service for service in SERVICES if not service.startswith("sagemaker-")},
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
"""Service by the name in its signature; the runtimes of SageMaker sign as sagemaker."""

_OWN_CODES = frozenset({"kinesis", "sqs", "events", "stepfunctions"})
"""Services whose engines refuse with codes of their own what no model says."""

_CBOR = "smithy-rpc-v2-cbor"
_CONTROL = "x-labs-key"


class Body:
    """The body of a request, read as it arrives."""

    def __init__(self, file: Any, *, length: int, chunked: bool):
        self._file = file
        self._left = length
        self._chunked = chunked
        self._ended = not chunked

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all that are left if `size` is negative."""
        if size < 0:
            parts = []
            while part := self.read(1 << 20):
                parts.append(part)
            return b"".join(parts)
        if not self._left and not self._ended:
            self._left = self._next_chunk()
        found = self._file.read(min(size, self._left)) if self._left else b""
        if self._left and size and not found:
            raise ConnectionResetError("the client left before its body had ended")
        self._left -= len(found)
        if self._chunked and not self._ended and not self._left:
            self._file.readline(8)
        return found

    def _next_chunk(self) -> int:
        line = self._file.readline(1024).partition(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError:
            raise ConnectionResetError("the chunks of the body are malformed") from None
        if size < 0:
            raise ConnectionResetError("the chunks of the body are malformed")
        if not size:
            self._ended = True
            while self._file.readline(1024).strip():
                pass
        return size

    @property
    def is_long(self) -> bool:
        """Whether more than `BODY_LIMIT` is announced."""
        return not self._chunked and self._left > BODY_LIMIT

    def drain(self) -> None:
        """Read what nobody wanted, so that the client gets to read the answer."""
        while self.read(1 << 20):
            pass


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    # Unbuffered answers cost 40 ms each: Nagle's algorithm waits for the client's delayed ACK.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: "Server"

    def handle_expect_100(self) -> bool:
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def answer_request(self) -> None:
        request = self._request()
        if request is None:
            self._send(wire.Answer(400, {"Connection": "close"}))
            self.close_connection = True
            return
        if _CONTROL in request.headers:
            answer = self.server.control(request, self)
        else:
            answer = self.server.answer(request)
        try:
            request.body.drain()
        except ConnectionError:
            self.close_connection = True
        self._send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer_request

    def _request(self) -> wire.Request | None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return None
        body = Body(self.rfile, length=0 if chunked else int(length), chunked=chunked)
        return wire.Request(
            self.command, path, wire.parse_query(query), headers, body, raw_query=query
        )

    def _send(self, answer: wire.Answer) -> None:
        body = answer.body
        if hasattr(body, "__iter__") and not isinstance(body, bytes | io.IOBase):
            self._send_parts(answer)
            return
        length = len(body) if answer.length is None else answer.length
        answer.headers.setdefault("Content-Length", str(length))
        answer.headers.setdefault("Date", self.date_time_string())
        self._send_head(answer)
        if self.command != "HEAD" and answer.status not in (204, 304):
            if isinstance(body, bytes):
                self.wfile.write(body)
            else:
                self.wfile.flush()
                left = length
                while left and (part := body.read(min(left, 1 << 20))):
                    self.wfile.write(part)
                    left -= len(part)
                if left:
                    self.close_connection = True
        if not isinstance(body, bytes):
            body.close()
        self.wfile.flush()

    def _send_head(self, answer: wire.Answer) -> None:
        head = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
        for name, value in answer.headers.items():
            # A line break in a value would begin a header of somebody else's.
            head.append(f"{name}: {' '.join(str(value).splitlines())}")
        text = "\r\n".join(head) + "\r\n\r\n"
        self.wfile.write(text.encode("latin-1", "replace"))

    def _send_parts(self, answer: wire.Answer) -> None:
        """Send what comes little by little, each part when it is there."""
        answer.headers["Transfer-Encoding"] = "chunked"
        answer.headers.setdefault("Date", self.date_time_string())
        try:
            self._send_head(answer)
            self.wfile.flush()
            for part in answer.body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        finally:
            answer.body.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Listens on the loopback and answers for one folder."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = False

    def __init__(self, site: Site):
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site
        self.key = "LABS" + secrets.token_hex(8).upper()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self._leases = 0
        self._had_lease = False
        self._guard = threading.Lock()
        site.endpoint, site.key = self.endpoint, self.key

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()

    # AWS's requests

    def answer(self, request: wire.Request) -> wire.Answer:
        """Return the answer to a request of AWS's API, an error too."""
        request_id = wire.new_request_id()
        protocol = _guess_protocol(request)
        operation = None
        try:
            self._check_key(request)
            service, name, labels = _route(request)
            protocol = _protocol_of(service, request)
            operation = find(service, name)
            if service == "s3":
                request_rates.admit(self.site, request, labels)
            answer = self._carry_out(operation, request, labels, protocol, request_id)
        except ApiError as error:
            answer = _write_error(error, protocol, operation, request_id)
        except Refusal as refusal:
            refused = ApiError(refusal.code, refusal.message)
            answer = _write_error(refused, protocol, operation, request_id)
        except ConnectionError:
            raise
        except Exception as error:
            known = _known_failure(error)
            if known is None:
                traceback.print_exc()
            text = known or f"The SageMaker on this machine failed: {error!r}"
            failure = ApiError("InternalFailure", text, status=500)
            answer = _write_error(failure, protocol, operation, request_id)
        answer.headers["x-amzn-RequestId"] = request_id
        if protocol == "rest-xml":
            answer.headers["x-amz-request-id"] = request_id
        return answer

    def _check_key(self, request: wire.Request) -> None:
        credential = request.credential
        if not credential:
            raise ApiError(
                "MissingAuthenticationToken",
                "The request is not signed. Take the client or the environment that "
                "labs_lib.sagemaker.start() gives.",
                status=403,
            )
        if not secrets.compare_digest(credential[0].encode(), self.key.encode()):
            code = "InvalidAccessKeyId" if credential[3] == "s3" else None
            raise ApiError(
                code or "UnrecognizedClientException",
                "The access key is not the one of this server. Take the client or the "
                "environment that labs_lib.sagemaker.start() gives.",
                status=403,
            )

    def _carry_out(
        self,
        operation: Operation,
        request: wire.Request,
        labels: dict[str, str],
        protocol: str,
        request_id: str,
    ) -> wire.Answer:
        model = service_model(operation.service).operation_model(operation.name)
        members = _read(operation, model, request, labels, protocol)
        if operation.streams:
            # A body that is still on its way has no value yet.
            members.pop("Body", None)
        try:
            own_rules = operation.service not in _OWN_CODES
            validate(
                operation.name, members, service=operation.service, own_rules=own_rules
            )
        except RequestError as error:
            raise _validation_error(operation, error, members) from None
        refuse_what_is_missing(operation, members)
        context = Context(self.site, request.credential[2], request)
        result = operation.run(context, members)
        waits_while = operation.waits_while
        if waits_while is not None and request.from_waiter and waits_while(result):
            result = self._hold(operation, waits_while, context, members)
        if isinstance(result, wire.Answer):
            return result
        return _write(model, result, protocol, request_id)

    def _hold(
        self,
        operation: Operation,
        waits_while: Callable[[dict[str, Any]], bool],
        context: Context,
        members: dict[str, Any],
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}

        def settled() -> bool:
            nonlocal result
            result = operation.run(context, members)
            return not waits_while(result) or self.site.closing.is_set()

        self.site.state.wait_for(settled, seconds=HOLD)
        return result

    # Requests of labs_lib.sagemaker itself

    def control(self, request: wire.Request, handler: Handler) -> wire.Answer:
        """Answer what `Local` asks: a lease, the clock, runners."""
        if not secrets.compare_digest(
            request.headers[_CONTROL].encode(), self.key.encode()
        ):
            return wire.Answer(403)
        if request.path == "/lease":
            return self._lease(handler)
        try:
            call = all_operations.CONTROL.get(request.path)
            if call is None:
                raise ValueError(f"There is no {request.path[:60]} here.")
            answer = call(self.site, wire.read_json(request.body.read()))
        except (ValueError, ApiError) as error:
            text = error.message if isinstance(error, ApiError) else str(error)
            return wire.Answer(400, {}, json.dumps({"error": text}).encode())
        return wire.Answer(200, {}, json.dumps(answer).encode())

    def _lease(self, handler: Handler) -> wire.Answer:
        """Keep the server up until the connection ends; the last one ends the server."""
        with self._guard:
            if self.site.closing.is_set():
                return wire.Answer(503)
            self._leases += 1
            self._had_lease = True
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        handler._send(wire.Answer(200, {"Content-Length": "1000"}))
        with contextlib.suppress(OSError):
            handler.rfile.read(1)
        with self._guard:
            self._leases -= 1
            if not self._leases:
                self.site.closing.set()
            stays = self._leases
        return wire.Answer(200, {}, json.dumps({"leases": stays}).encode())

    def end_if_unwanted(self) -> None:
        """End when no lease was ever taken: whoever started the server is gone."""
        with self._guard:
            if not self._had_lease:
                self.site.closing.set()


def _guess_protocol(request: wire.Request) -> str:
    if "x-amz-target" in request.headers:
        return "json"
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return _CBOR
    if request.credential and request.credential[3] == "s3":
        return "rest-xml"
    form = request.headers.get("content-type", "")
    return "query" if "x-www-form-urlencoded" in form else "rest-json"


def _route(request: wire.Request) -> tuple[str, str, dict[str, str]]:
    """Return service, operation and the labels of the path."""
    scope = request.credential[3]
    if scope not in _SCOPES:
        raise ApiError(
            "NotImplemented",
            f"The SageMaker on this machine has no service {scope[:60]!r}. It has: "
            f"{', '.join(SERVICES)}.",
            status=501,
        )
    service = _SCOPES[scope]
    if service == "s3":
        return "s3", *operation_of(request)
    target = request.headers.get("x-amz-target")
    if target is not None:
        prefix, _, name = target.partition(".")
        service = _by_target(scope, prefix) or service
        expected = service_model(service).metadata.get("targetPrefix")
        if prefix != expected:
            raise ApiError(
                "UnknownOperationException",
                f"X-Amz-Target is {target[:100]!r}, expected {expected}.OPERATION.",
            )
        return service, name, {}
    metadata = service_model(service).metadata
    if metadata["protocol"] == _CBOR:
        prefix = f"/service/{metadata['targetPrefix']}/operation/"
        if request.method == "POST" and request.path.startswith(prefix):
            return service, unquote(request.path.removeprefix(prefix)), {}
    elif metadata["protocol"] == "query":
        if request.body.is_long:
            raise _too_long(service)
        form = wire.parse_query(request.body.read().decode("utf-8", "replace"))
        return service, form.pop("Action", ""), form
    for rest in SERVICES:
        metadata = service_model(rest).metadata
        if metadata["protocol"] == "rest-json" and metadata.get("signingName") == scope:
            found = wire.match_rest(rest, request)
            if found:
                return rest, *found
    raise ApiError(
        "UnknownOperationException",
        f"No operation of {service} has {request.method} {unquote(request.path)[:100]}, "
        "and there is no X-Amz-Target.",
        status=404,
    )


def _by_target(scope: str, prefix: str) -> str | None:
    """Return the service of a target: two may sign with one name."""
    for service in SERVICES:
        metadata = service_model(service).metadata
        signs_as = metadata.get("signingName", metadata["endpointPrefix"])
        if signs_as == scope and metadata.get("targetPrefix") == prefix:
            return service
    return None


def _protocol_of(service: str, request: wire.Request) -> str:
    """Return the protocol; one service speaks two."""
    protocol = service_model(service).metadata["protocol"]
    if protocol == _CBOR and "x-amz-target" in request.headers:
        return "json"
    return protocol


def _read(
    operation: Operation,
    model: Any,
    request: wire.Request,
    labels: dict[str, str],
    protocol: str,
) -> dict[str, Any]:
    if protocol == "query":
        return {k: v for k, v in labels.items() if k != "Version"}
    body = b""
    if not operation.streams:
        if request.body.is_long:
            raise _too_long(operation.service)
        body = request.body.read(BODY_LIMIT)
        if request.body.read(1):
            raise _too_long(operation.service)
    if protocol in ("json", _CBOR):
        members = wire.read_json(body) if protocol == "json" else wire.read_cbor(body)
        wire.check_times(members, model.input_shape)
        return members
    return wire.read_rest(
        request, model.input_shape, labels, body, xml=protocol == "rest-xml"
    )


def _too_long(service: str) -> ApiError:
    code = "ValidationError" if service == "sagemaker-runtime" else "ValidationException"
    return ApiError(
        code,
        f"The request is longer than {BODY_LIMIT} bytes, the limit of the developer guide.",
        status=413,
    )


def _validation_error(
    operation: Operation, error: RequestError, members: dict[str, Any]
) -> ApiError:
    text = from_findings(error, members)
    code = {
        "sagemaker-runtime": "ValidationError",
        "sagemaker-featurestore-runtime": "ValidationError",
        "s3": "InvalidArgument",
        "resource-groups": "BadRequestException",
        "cloudwatch": "ValidationError",
    }
    return ApiError(code.get(operation.service, "ValidationException"), text)


def _write(
    model: Any, result: dict[str, Any], protocol: str, request_id: str
) -> wire.Answer:
    if protocol == "json":
        version = model.service_model.metadata["jsonVersion"]
        return wire.json_answer(result, model.output_shape, version=version)
    if protocol == _CBOR:
        return wire.cbor_answer(result, model.output_shape)
    if protocol == "query":
        return wire.query_answer(result, model, request_id)
    return wire.rest_answer(result, model, xml=protocol == "rest-xml")


def _write_error(
    error: ApiError, protocol: str, operation: Operation | None, request_id: str
) -> wire.Answer:
    shape = None
    if operation is not None:
        model = service_model(operation.service).operation_model(operation.name)
        shape = next(
            (s for s in model.error_shapes if error.code in (s.name, s.error_code)), None
        )
        if shape is not None and error.status == 400:
            modelled = shape.metadata.get("error") or {}
            error.status = modelled.get("httpStatusCode", error.status)
    return wire.error_answer(error, protocol, request_id=request_id, shape=shape)


def _known_failure(error: Exception) -> str | None:
    """Return what to say of a failure of the machine, not of the server."""
    full = isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
    )
    if full or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return "The disk of this machine is full. Nothing was changed."
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        return "This machine allows the server no more open files."
    return None


def main(argv: list[str]) -> int:
    """Run the server of a folder until its last lease ends.

    Parameters
    ----------
    argv : list of str
        The folder, and account, speed and whether the folder is temporary as JSON.

    Returns
    -------
    int
        0 at the end, 1 if the folder cannot be used (the log says why), 3 if another server
        has it.
    """
    folder, options = Path(argv[0]), json.loads(argv[1])
    owned = lock.acquire(folder)
    if owned is None:
        return 3
    try:
        write_empty_configuration(folder)
        site = Site(folder, account=options["account"], speed=options["speed"])
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    server = Server(site)
    for signal_name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, signal_name):
            signal.signal(getattr(signal, signal_name), lambda *_: site.closing.set())
    serving = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
    )
    serving.start()
    all_operations.recover(site)
    lock.write_owner(
        folder,
        {
            "pid": os.getpid(),
            "started": lock.started(os.getpid()),
            "port": server.server_address[1],
            "key": server.key,
            "account": site.account,
            "speed": options["speed"],
            "temporary": options["temporary"],
        },
    )
    unwanted = threading.Timer(FIRST_LEASE, server.end_if_unwanted)
    unwanted.daemon = True
    unwanted.start()
    # The first request need not wait for the model.
    threading.Thread(target=_warm_up, daemon=True).start()
    while not site.closing.wait(1.0):
        site.keep_clock()
    all_operations.close(site)
    site.keep_clock()
    server.shutdown()
    site.state.close()
    (folder / "server.json").unlink(missing_ok=True)
    owned.close()
    if options["temporary"]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _warm_up() -> None:
    for service, name in list(OPERATIONS):
        service_model(service).operation_model(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
