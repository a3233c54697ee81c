"""How a learner's machine speaks with the instructor's server."""

import contextlib
import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from labs_lib.course.classroom.membership import Membership
from labs_lib.course.classroom.state import State

PORT = 8462
"""Of a class, unless the instructor chose another one."""

SECONDS = 10.0
"""How long an answer is waited for."""

ANSWER_LIMIT = 1 << 20
"""Bytes of an answer."""


class Unreachable(ValueError):
    """The server does not answer, or cannot at the moment; later it may."""


class ClassRefused(ValueError):
    """The server answered and refused.

    Attributes
    ----------
    number : int
        The number of the last state that it has, 0 if it did not say.
    for_good : bool
        Whether trying again is of no use.
    """

    def __init__(self, message: str, *, number: int = 0, for_good: bool = True) -> None:
        super().__init__(message)
        self.number = number
        self.for_good = for_good


def address(text: str) -> str:
    """Return the address of a server in full: ``http://HOST:PORT``.

    Parameters
    ----------
    text : str
        Such as ``192.168.1.20``, ``192.168.1.20:8462`` or ``https://class.example.org``.

    Raises
    ------
    ValueError
        If it is none.
    """
    text = text.strip()
    full = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = text.isascii() and text.isprintable() and " " not in text
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"{text[:80]!r} is no address of a class, expected one such as "
            f"192.168.1.20:{PORT}. Copy it from the line that the instructor shows."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = port or (443 if parts.scheme == "https" else PORT)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"


def join(where: str, code: str, name: str) -> dict[str, Any]:
    """Ask to be in a class; return its answer: token, name, pseudonym, code and items.

    Raises
    ------
    Unreachable, ClassRefused
    """
    return _ask(where, "POST", "/join", {"code": code, "name": name})


def send(membership: Membership, state: State) -> None:
    """Send a state with the membership's number.

    Raises
    ------
    Unreachable, ClassRefused
    """
    body = {"number": membership.number, "state": state}
    _ask(membership.where, "PUT", "/state", body, token=membership.token)


def leave(membership: Membership) -> None:
    """Ask the server to forget this learner.

    Raises
    ------
    Unreachable, ClassRefused
    """
    _ask(membership.where, "DELETE", "/state", token=membership.token)


def _ask(
    where: str, method: str, path: str, body: object = None, *, token: str = ""
) -> dict[str, Any]:
    parts = urlsplit(where)
    # No proxy: the room's network is reached directly.
    kind = (
        http.client.HTTPSConnection
        if parts.scheme == "https"
        else http.client.HTTPConnection
    )
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with contextlib.closing(connection):
            data = json.dumps(body).encode() if body is not None else b""
            connection.request(method, parts.path + path, data, headers)
            answer = connection.getresponse()
            content = answer.read(ANSWER_LIMIT)
            status = answer.status
    except ssl.SSLError as error:
        raise Unreachable(f"{where} has no certificate to trust: {error.reason}.") from None
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise Unreachable(
            f"No class answers at {where} ({why}). Is the address right, are you in the same "
            "network, and is the class open?"
        ) from None
    return _read(where, status, content)


def _read(where: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or (status == 404 and "error" not in found):
        raise ClassRefused(f"What answers at {where} is no class of this course.")
    if status < 300:
        return found
    message = str(found.get("error", f"HTTP {status}"))
    if status in (408, 429) or status >= 500:
        raise Unreachable(message)
    number = found.get("number", 0)
    behind = status == 409 and type(number) is int
    raise ClassRefused(message, number=number if behind else 0, for_good=not behind)
