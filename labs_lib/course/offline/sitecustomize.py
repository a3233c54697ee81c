"""Closes sockets to everything but this machine; on the PYTHONPATH of every tested kernel."""

import socket
from collections.abc import Callable
from typing import Any

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


def _guard(call: Callable) -> Callable:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host not in ("localhost", "::1") and not host.startswith("127."):
                raise OSError(f"the course runs without a network; tried to reach {host}")
        return call(self, address)

    return connect


socket.socket.connect = _guard(_connect)  # type: ignore[method-assign]
socket.socket.connect_ex = _guard(_connect_ex)  # type: ignore[method-assign]
