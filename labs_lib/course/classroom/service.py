"""The rules of a served class, without a network: a request comes in, an answer goes out.

A learner may join with the code of the class, and then send and withdraw an own state with a token.
Only the instructor, on this machine and with the key of the link, sees the room. There is no way
to read a state over the network.

A room often shares one address. So an address is only limited in what it does wrong, and in how
many join; a learner with a token has an own limit, which nobody else can use up.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from labs_lib.course.classroom import columns, names
from labs_lib.course.classroom.limits import Bucket
from labs_lib.course.classroom.room import Room
from labs_lib.course.classroom.state import State, checked
from labs_lib.course.classroom.store import Kept, Store

LETTERS = "ACDEFGHJKMNPQRTUWXY34679"
"""Of a code: none that is easily taken for another one."""

BODY = 64 * 1024
"""Bytes of a request; the state of a learner who has done the whole course takes 25,000."""

LEARNERS = 500
"""Of a class."""

_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}


@dataclass(frozen=True)
class ClassRequest:
    """What somebody asks.

    Attributes
    ----------
    method, target : str
    headers : mapping of str to str
        Names in small letters.
    body : bytes
    address : str
        Who asks.
    is_local : bool
        Whether that is this machine.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"
    is_local: bool = False


@dataclass(frozen=True)
class ClassAnswer:
    """What comes back."""

    status: int
    body: bytes = b""
    kind: str = "application/json"


class _Refusal(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        self.status = status
        self.content = {"error": message, **more}


def new_code() -> str:
    """Return the code of a new class, such as ``K7RM-4WPT``."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def hashed(token: str) -> str:
    """Return what a class keeps of a token. It is drawn by chance, so it needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class ClassPage:
    """What the instructor's page asks for; the base of both kinds of class.

    Parameters
    ----------
    room : Room
    key : str
        Of the instructor's link.
    title, join : str
        What the page is called, and the line with which learners join.
    """

    def __init__(self, room: Room, key: str, *, title: str, join: str) -> None:
        self.room = room
        self.key = key
        self.title = title
        self.join = join
        self.lock = threading.Lock()

    def refresh(self) -> str:
        """Bring the room up to date before it is shown; return what the page should say."""
        return ""

    def answer(self, request: ClassRequest) -> ClassAnswer:
        """Return the answer to a request; never raises because of one."""
        try:
            return self.route(request, request.target.partition("?")[0])
        except _Refusal as refusal:
            return ClassAnswer(refusal.status, json.dumps(refusal.content).encode())

    def route(self, request: ClassRequest, path: str) -> ClassAnswer:
        """Find what answers a path; refuse one that there is not, as if there were nothing."""
        if request.method == "GET" and request.is_local:
            if path in _FILES:
                name, kind = _FILES[path]
                here = resources.files("labs_lib.course.classroom")
                return ClassAnswer(200, (here / "page" / name).read_bytes(), kind)
            if path in ("/view", "/class.csv"):
                self._check_key(request)
                query = parse_qs(request.target.partition("?")[2][:200])
                return self._view(query) if path == "/view" else self._table(query)
        raise _Refusal(404, "There is nothing here.")

    def _check_key(self, request: ClassRequest) -> None:
        given = _bearer(request)
        if not hmac.compare_digest(hashed(given), hashed(self.key)):
            raise _Refusal(403, "Open the link that the command has printed.")

    def _view(self, query: Mapping[str, Sequence[str]]) -> ClassAnswer:
        since = query.get("since", ["0"])[0]
        version = int(since) if since.isascii() and since.isdigit() else 0
        with self.lock:
            said = self.refresh()
            found = self.room.view(query.get("room", [""])[0], version)
        found |= {"said": said, "title": self.title, "join": self.join}
        text = json.dumps(found, separators=(",", ":"))
        return ClassAnswer(200, text.encode())

    def _table(self, query: Mapping[str, Sequence[str]]) -> ClassAnswer:
        with self.lock:
            self.refresh()
            text = self.room.table(named=query.get("names", [""])[0] == "1")
        return ClassAnswer(200, text.encode("utf-8-sig"), "text/csv; charset=utf-8")


class Service(ClassPage):
    """A class that learners reach over the network.

    Parameters
    ----------
    store : Store
        Its settings hold ``code`` and ``key``.
    heads : sequence of ClassColumn
    join : str
        See `ClassPage`.
    clock, wall : callable
        Seconds that never go back, and seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        heads: Sequence[columns.ClassColumn],
        *,
        join: str = "",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        settings = store.settings()
        self.code = settings["code"]
        room = Room(heads, clock=clock)
        super().__init__(room, settings["key"], title=f"Class {self.code}", join=join)
        self.items = columns.items(heads)
        self._store = store
        self._clock = clock
        self._wall = wall
        self._tokens: dict[str, str] = {}
        # Who mistypes, or guesses; a right request is never refused for another's wrong ones.
        self._wrong = Bucket(burst=60, rate=1)
        self._joining = Bucket(burst=300, rate=2)
        self._sending = Bucket(burst=30, rate=1)
        for kept in store.learners():
            self._tokens[kept.id] = kept.token
            self.room.add(
                kept.id,
                name=kept.name,
                pseudonym=kept.pseudonym,
                number=kept.number,
                state=self._known(kept.state),
                age=wall() - kept.seen,
            )

    def _known(self, state: State) -> State:
        """Return what of a kept state this course still has."""
        found: State = {}
        for lab, of_lab in state.items():
            for name, figures in of_lab.items():
                try:
                    checked({lab: {name: figures}}, self.items)
                except ValueError:
                    continue
                found.setdefault(lab, {})[name] = figures
        return found

    def route(self, request: ClassRequest, path: str) -> ClassAnswer:
        try:
            if (request.method, path) == ("POST", "/join"):
                return self._join(request)
            if (request.method, path) == ("PUT", "/state"):
                return self._put(request)
            if (request.method, path) == ("DELETE", "/state"):
                return self._forget(request)
        except sqlite3.Error as error:
            raise _Refusal(503, f"The class cannot be written: {error}.") from None
        return super().route(request, path)

    def _join(self, request: ClassRequest) -> ClassAnswer:
        given = _object(request.body)
        code = given.get("code")
        if not isinstance(code, str) or not hmac.compare_digest(
            hashed(_plain(code)), hashed(_plain(self.code))
        ):
            raise self._mistake(
                request, 403, "This is not the code of the class that is open here."
            )
        try:
            name = names.clean(given.get("name", ""))
        except ValueError as error:
            raise self._mistake(request, 400, str(error)) from None
        with self.lock:
            if not self._joining.allows(request.address, self._clock()):
                raise _Refusal(429, "Too many join at once. Try again in a minute.")
            if len(self.room.learners) >= LEARNERS:
                raise _Refusal(403, f"The class is full: it has {LEARNERS} learners.")
            others = self.room.learners.values()
            name = names.numbered(name, {each.name for each in others})
            pseudonym = names.pseudonym({each.pseudonym for each in others})
            id, secret = secrets.token_hex(8), secrets.token_urlsafe(24)
            token = f"{id}.{secret}"
            self._store.add(Kept(id, name, pseudonym, hashed(token), 0, {}, self._wall()))
            self._tokens[id] = hashed(token)
            self.room.add(id, name=name, pseudonym=pseudonym)
        answer: dict[str, Any] = {"token": token, "name": name, "pseudonym": pseudonym}
        answer |= {"code": self.code, "items": self.items}
        return ClassAnswer(201, json.dumps(answer).encode())

    def _put(self, request: ClassRequest) -> ClassAnswer:
        id = self._learner(request)
        given = _object(request.body)
        number = given.get("number")
        if type(number) is not int or not 0 < number < 2**53:
            raise _Refusal(400, "The number of the state is no whole number above 0.")
        if set(given) != {"number", "state"}:
            raise _Refusal(400, "Expected number and state, and nothing else.")
        try:
            state = checked(given["state"], self.items)
        except ValueError as error:
            raise _Refusal(400, str(error)) from None
        with self.lock:
            learner = self.room.learners.get(id)
            if learner is None:
                raise _Refusal(401, "You have left this class.")
            if number <= learner.number:
                message = "A later state has arrived already."
                raise _Refusal(409, message, number=learner.number)
            self._store.update(id, number, state, self._wall())
            self.room.update(id, number, state)
        return ClassAnswer(200, json.dumps({"number": number}).encode())

    def _forget(self, request: ClassRequest) -> ClassAnswer:
        id = self._learner(request)
        with self.lock:
            if id in self.room.learners:
                self._store.remove(id)
                self.room.remove(id)
                self._tokens.pop(id, None)
        return ClassAnswer(200, b"{}")

    def _learner(self, request: ClassRequest) -> str:
        """Return who sends, by the token."""
        given = _bearer(request)
        id = given.partition(".")[0]
        known = self._tokens.get(id, hashed(secrets.token_hex(8)))
        if not hmac.compare_digest(hashed(given), known):
            message = (
                "The class does not know this token. `labs class leave`, and join again."
            )
            raise self._mistake(request, 401, message)
        with self.lock:
            if not self._sending.allows(id, self._clock()):
                raise _Refusal(429, "Too many states at once. Later ones will be taken.")
        return id

    def _mistake(self, request: ClassRequest, status: int, message: str) -> _Refusal:
        with self.lock:
            if not self._wrong.allows(request.address, self._clock()):
                return _Refusal(429, f"{message} And it was asked too often.")
        return _Refusal(status, message)


def _plain(code: str) -> str:
    """Return a code as it is compared: how it is grouped and written does not matter."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _bearer(request: ClassRequest) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Refusal(400, "Expected a JSON object in UTF-8.")
    return found
