"""The web server of a container: for one model, or for many that come and go."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Answer = tuple[bytes | str, str]
Invoke = Callable[[bytes, str, str], Answer]


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


class Models:
    """Models that are loaded and unloaded by requests: the multi-model container's API.

    Parameters
    ----------
    load : callable
        From a folder to what answers requests for its model.
    limit : int
        Bytes that the files of the loaded models may have together.
    """

    def __init__(self, load: Callable[[Path], Invoke], limit: int):
        self._load = load
        self._limit = limit
        self._loaded: dict[str, tuple[str, int, Invoke]] = {}
        self._lock = threading.Lock()

    def add(self, asked: bytes) -> str:
        """Load a model; raise `Refused` with 409 if it is there, with 507 if there is no room."""
        given = json.loads(asked)
        name, folder = given["model_name"], Path(given["url"])
        with self._lock:
            if name in self._loaded:
                raise Refused(409, f"Model {name} is loaded already.")
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            used = sum(size for _, size, _ in self._loaded.values())
            if used + size > self._limit:
                raise Refused(
                    507,
                    f"The model has {size} bytes; {used} of {self._limit} are in use.",
                )
            self._loaded[name] = (str(folder), size, self._load(folder))
        return json.dumps({"status": f"Model {name} loaded."})

    def remove(self, name: str) -> str:
        """Unload a model."""
        self.one(name)
        del self._loaded[name]
        return json.dumps({"status": f"Model {name} unloaded."})

    def one(self, name: str) -> tuple[str, int, Invoke]:
        """Return a loaded model; raise `Refused` with 404 if it is not there."""
        if name not in self._loaded:
            raise Refused(404, f"Model {name} is not loaded.")
        return self._loaded[name]

    def shown(self, name: str | None) -> str:
        """Describe one model, or list all."""
        names = list(self._loaded) if name is None else [name]
        found = [{"modelName": n, "modelUrl": self.one(n)[0]} for n in names]
        return json.dumps({"models": found} if name is None else found[0])


def serve_models(load: Callable[[Path], Invoke]) -> None:
    """Answer for many models until SIGTERM, on the port in ``SAGEMAKER_BIND_TO_PORT``.

    Parameters
    ----------
    load : callable
        From a folder to what answers requests for its model. It may call `folders.fail`.
    """
    models = Models(load, int(os.environ.get("LOCAL_MODEL_MEMORY_BYTES", str(1 << 62))))

    def answer(method: str, path: str, body: bytes, kind: str, accept: str) -> Answer:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if (method, path) == ("GET", "/ping"):
            return "", "text/plain"
        if parts[0] != "models" or len(parts) > 3:
            raise Refused(404, "")
        name = parts[1] if len(parts) > 1 else None
        if method == "POST" and parts[2:] == ["invoke"]:
            return models.one(parts[1])[2](body, kind, accept)
        if method == "POST" and name is None:
            return models.add(body), "application/json"
        if method == "DELETE" and name is not None:
            return models.remove(name), "application/json"
        if method == "GET":
            return models.shown(name), "application/json"
        raise Refused(404, "")

    _serve(answer)


def serve(invoke: Invoke) -> None:
    """Answer until SIGTERM, on the port in ``SAGEMAKER_BIND_TO_PORT``.

    Parameters
    ----------
    invoke : callable
        From body, content type and accept to the answer's body and content type.
    """

    def answer(method: str, path: str, body: bytes, kind: str, accept: str) -> Answer:
        if (method, path) == ("GET", "/ping"):
            return "", "text/plain"
        if (method, path) == ("POST", "/invocations"):
            return invoke(body, kind, accept)
        raise Refused(404, "")

    _serve(answer)


def _serve(answer: Callable[[str, str, bytes, str, str], Answer]) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = self.headers.get("Content-Type", "application/octet-stream")
            accept = self.headers.get("Accept", "*/*")
            try:
                found, kind = answer(self.command, self.path, body, kind, accept)
                text = found.encode() if isinstance(found, str) else found
                self._write(200, text, kind)
            except Refused as error:
                self._write(error.status, error.message.encode(), "text/plain")
            except Exception as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                text = f"{type(error).__name__}: {error}".encode()
                self._write(500, text, "text/plain")

        def _write(self, status: int, body: bytes, kind: str) -> None:
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
