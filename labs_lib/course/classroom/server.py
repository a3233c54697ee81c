"""The HTTP server of a class: reads requests, within limits, and writes answers."""

import socket
import socketserver
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labs_lib.course.classroom.service import BODY, ClassAnswer, ClassPage, ClassRequest

CONNECTIONS = 600
"""At once; more are closed without an answer, and their learners' machines try again."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ClassHandler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "labs-class"
    sys_version = ""
    # Unbuffered answers cost 40 ms each: Nagle's algorithm waits for the client's delayed ACK.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    timeout = 15
    server: "ClassServer"

    def answer_request(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            self._refuse(411, b'{"error": "The length of the body is missing."}')
            return
        if len(length) > 9 or int(length) > BODY:
            text = f'{{"error": "The body has more than {BODY} bytes."}}'
            self._refuse(413, text.encode())
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        address = str(self.client_address[0])
        request = ClassRequest(
            self.command,
            self.path,
            headers,
            body,
            address=address,
            is_local=self._is_local(address),
        )
        self._send(self.server.page.answer(request))

    do_GET = do_POST = do_PUT = do_DELETE = answer_request

    def _is_local(self, address: str) -> bool:
        """Whether this machine asks: from the loopback, or by its own address."""
        plain = address.removeprefix("::ffff:")
        here = str(self.connection.getsockname()[0])
        return plain.startswith("127.") or plain == "::1" or address == here

    def _refuse(self, status: int, text: bytes) -> None:
        self.close_connection = True
        self._send(ClassAnswer(status, text))

    def _send(self, answer: ClassAnswer) -> None:
        self.send_response(answer.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ClassServer(ThreadingHTTPServer):
    """Listens for one class.

    Parameters
    ----------
    page : ClassPage
    host : str
        Such as ``127.0.0.1``, ``0.0.0.0`` for every address of this machine, or ``::``.
    port : int
        0 for any free one.

    Raises
    ------
    OSError
        If the port is in use, or the host is none of this machine.
    """

    daemon_threads = True
    request_queue_size = 256
    # On Windows that would let two servers have one port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, page: ClassPage, *, host: str, port: int) -> None:
        self.page = page
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), ClassHandler)

    def server_bind(self) -> None:
        # The base asks the network for this machine's name, which may take long without one.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()
