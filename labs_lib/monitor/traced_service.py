"""One service of a traced request: a process with an HTTP server on the loopback address.

It prints its port, reads one line that says what to do, and serves until its input is closed, so
that it ends when whoever started it ends. What it prints after the port are segment documents.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from labs_lib.monitor import tracing

WORK = "x-work"
"""Header, handed on to each called service: JSON, service to a factor of its own work."""

_W3C = TraceContextTextMapPropagator()
_lock = threading.Lock()


def _say(what: Mapping[str, Any]) -> None:
    with _lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class _Traced:
    """What a service does with a request: own work, and calls between its pieces."""

    def __init__(
        self,
        name: str,
        seconds: float,
        stages: list[list[str]],
        ports: Mapping[str, int],
        reservoir: int,
        rate: float,
    ) -> None:
        self.name, self.stages, self.ports = name, stages, ports
        self.piece = seconds / (
            len(stages) + 1
        )  # of own work: before, between, after calls
        sampler = tracing.ReservoirSampler(reservoir, rate)
        self.tracer = tracing.tracer(name, tracing.SegmentExporter(_say), sampler=sampler)

    def answer(self, headers: Mapping[str, str]) -> dict[str, Any]:
        lower = {key.lower(): value for key, value in headers.items()}
        given, changed = _W3C.extract(lower), lower.get(WORK, "{}")
        piece = self.piece * json.loads(changed).get(self.name, 1)
        with self.tracer.start_as_current_span(
            self.name, context=given, kind=trace.SpanKind.SERVER
        ) as span:
            time.sleep(piece)
            for stage in self.stages:
                self._call_at_once(stage, changed)
                time.sleep(piece)
            span.set_attribute("http.response.status_code", 200)
            return {"header": tracing.header(span.get_span_context())}

    def _call_at_once(self, stage: list[str], changed: str) -> None:
        here = context.get_current()
        lost: list[BaseException] = []

        def one(name: str) -> None:
            try:
                self._call(name, here, changed)
            except BaseException as error:  # told to the caller, in its own thread
                lost.append(error)

        threads = [threading.Thread(target=one, args=(name,)) for name in stage]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if lost:
            raise lost[0]

    def _call(self, name: str, here: context.Context, changed: str) -> None:
        with self.tracer.start_as_current_span(
            name, context=here, kind=trace.SpanKind.CLIENT
        ) as span:
            headers = {WORK: changed}
            _W3C.inject(headers)
            status, _ = ask(self.ports[name], headers)
            span.set_attribute("http.response.status_code", status)
            if status != 200:
                raise RuntimeError(f"{name} answered with the status {status}.")


def ask(port: int, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask a service once; return the status and the answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", "/", headers=dict(headers))
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


class _Handler(BaseHTTPRequestHandler):
    service: _Traced

    def do_GET(self) -> None:
        try:
            status, found = 200, self.service.answer(dict(self.headers))
        except Exception as error:
            status, found = 500, {"message": repr(error)}
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is printed are documents."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


def main() -> None:
    """Serve until the input is closed."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        _say({"port": server.server_port})
        told = sys.stdin.readline()
        if not told:
            return
        _Handler.service = _Traced(**json.loads(told))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
