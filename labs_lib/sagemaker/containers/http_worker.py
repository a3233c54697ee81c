"""The web server of a container: GET /ping and POST /invocations."""

import os
import signal
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Invoke = Callable[[bytes, str, str], tuple[bytes | str, str]]


class Refused(Exception):
    """What a model answers with another status than 200.

    Parameters
    ----------
    status : int
    message : str
    """

    def __init__(self, status: int, message: str):
        super().__init__(status, message)
        self.status = status
        self.message = message


def serve(invoke: Invoke) -> None:
    """Answer until SIGTERM, on the port in ``SAGEMAKER_BIND_TO_PORT``.

    Parameters
    ----------
    invoke : callable
        From body, content type and accept to the answer's body and content type.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != "/invocations":
                self._answer(404, b"", "text/plain")
                return
            kind = self.headers.get("Content-Type", "application/octet-stream")
            accept = self.headers.get("Accept", "*/*")
            try:
                found, kind = invoke(body, kind, accept)
                text = found.encode() if isinstance(found, str) else found
                self._answer(200, text, kind)
            except Refused as error:
                self._answer(error.status, error.message.encode(), "text/plain")
            except Exception as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                text = f"{type(error).__name__}: {error}".encode()
                self._answer(500, text, "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    try:
        server = Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    except OSError as error:
        print(f"The port is taken: {error}", file=sys.stderr, flush=True)
        sys.exit(98)
    for name in ("SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: os._exit(0))
    server.serve_forever(poll_interval=60)
