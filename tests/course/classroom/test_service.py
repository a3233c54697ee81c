import io
import itertools
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import settings as rounds
from hypothesis import strategies as st

from labs_lib.course.classroom import service as rules
from labs_lib.course.classroom.server import ClassHandler
from labs_lib.course.classroom.service import ClassRequest, Service
from labs_lib.course.classroom.state import checked
from labs_lib.course.classroom.store import Store

STATE = {"start": {"ex1": {"attempts": 2, "passed": True}}}


def ask(service, method, target, body=None, *, token=None, **more):
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = service.answer(ClassRequest(method, target, headers, raw, **more))
    is_json = answer.kind == "application/json"
    return answer.status, json.loads(answer.body) if is_json else answer.body.decode()


def join(service, name="Ana", code="K7RM-4WPT", **more):
    return ask(service, "POST", "/join", {"code": code, "name": name}, **more)


def put(service, token, number=1, state=STATE, **more):
    body = {"number": number, "state": state}
    return ask(service, "PUT", "/state", body, token=token, **more)


def kept(service):
    """Return all that a request could have changed."""
    of_room = {
        id: (each.name, each.number, each.state)
        for id, each in service.room.learners.items()
    }
    return of_room, list(service._store.learners())


def test_a_learner_joins_sends_and_leaves(service):
    status, member = join(service)
    assert status == 201
    assert set(member["items"]) == {"start", "prepare/split"}
    assert put(service, member["token"]) == (200, {"number": 1})
    (learner,) = service.room.learners.values()
    assert (learner.name, learner.state) == ("Ana", STATE)
    assert ask(service, "DELETE", "/state", token=member["token"]) == (200, {})
    assert kept(service) == ({}, [])
    assert put(service, member["token"], 2)[0] == 401


def test_a_code_may_be_written_as_one_likes(service):
    assert join(service, code=" k7rm4wpt ")[0] == 201


def test_a_second_ana_has_a_number(service):
    assert [join(service)[1]["name"] for _ in range(3)] == ["Ana", "Ana 2", "Ana 3"]


def test_what_is_kept_does_not_tell_a_token(service):
    token = join(service)[1]["token"]
    (learner,) = service._store.learners()
    assert token not in repr(learner)
    assert token.split(".")[1] not in repr(learner)


def test_another_number_wins_whichever_comes_last(service):
    token = join(service)[1]["token"]
    assert put(service, token, 5)[0] == 200
    status, told = put(service, token, 4, {})
    assert (status, told["number"]) == (409, 5)
    assert put(service, token, 5, {})[0] == 409
    assert next(iter(service.room.learners.values())).state == STATE


def test_a_server_that_was_killed_goes_on(service, store, heads, clock):
    token = join(service)[1]["token"]
    put(service, token, 5)
    clock.now += 90
    again = Service(store, heads, clock=clock, wall=clock)
    assert kept(again) == kept(service)
    assert again.room.view()["learners"][0]["seen"] == clock.now - 90
    assert put(again, token, 6)[0] == 200
    assert again.code == service.code
    assert again.key == service.key


@pytest.mark.parametrize("jump", [-(10.0**9), 10.0**9])
def test_a_clock_that_jumps_loses_nothing(service, store, heads, clock, jump):
    token = join(service)[1]["token"]
    put(service, token, 5)
    again = Service(store, heads, clock=clock, wall=lambda: clock.now + jump)
    assert put(again, token, 6)[0] == 200
    (line,) = again.room.view()["learners"]
    assert line["seen"] == clock.now
    once_more = Service(store, heads, clock=clock, wall=clock)
    assert once_more.room.view()["learners"][0]["seen"] <= clock.now
    assert put(once_more, token, 7)[0] == 200


def test_a_newer_course_shows_what_it_still_has(service, store, heads, clock):
    token = join(service)[1]["token"]
    put(service, token, 1, STATE | {"prepare/split": {"ex2": {"attempts": 1}}})
    left = [head for head in heads if head.name != "ex2"]
    (learner,) = Service(store, left, clock=clock).room.learners.values()
    assert learner.state == STATE


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"code": "AAAA-AAAA", "name": "Ana"}, 403, "not the code"),
        ({"name": "Ana"}, 403, "not the code"),
        ({"code": None, "name": "Ana"}, 403, "not the code"),
        ({"code": "K7RM-4WPT"}, 400, "name is empty"),
        ({"code": "K7RM-4WPT", "name": 4}, 400, "expected a text"),
        ({"code": "K7RM-4WPT", "name": "x" * 41}, 400, "41 characters"),
        ([], 400, "JSON object"),
        (b"\xff", 400, "JSON object"),
        (b"[" * 60_000, 400, "JSON object"),
        (b'{"code": "K7RM-4WPT", "name": ' + b"9" * 5_000 + b"}", 400, "JSON object"),
    ],
)
def test_who_may_not_join_is_told_why(service, body, status, message):
    found, told = ask(service, "POST", "/join", body)
    assert found == status
    assert message in told["error"]
    assert kept(service) == ({}, [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"number": 2}, "number and state"),
        ({"number": 2, "state": {}, "name": "x"}, "number and state"),
        ({"number": 0, "state": {}}, "number of the state"),
        ({"number": 2.0, "state": {}}, "number of the state"),
        ({"number": 2**60, "state": {}}, "number of the state"),
        ({"number": 2, "state": {"train/fit": {}}}, "no lab"),
    ],
)
def test_what_is_no_state_changes_nothing(service, body, message):
    token = join(service)[1]["token"]
    put(service, token)
    before = kept(service)
    status, told = ask(service, "PUT", "/state", body, token=token)
    assert status == 400
    assert message in told["error"]
    assert kept(service) == before


def test_only_this_machine_with_the_key_sees_the_room(service):
    token = join(service)[1]["token"]
    put(service, token)
    for target in ("/view", "/class.csv?names=1"):
        assert ask(service, "GET", target, token=service.key)[0] == 404
        for key in (None, "", token, service.key[:-1], service.code):
            status, told = ask(service, "GET", target, token=key, is_local=True)
            assert status == 403
            assert "Ana" not in json.dumps(told)
        status, told = ask(service, "GET", target, token=service.key, is_local=True)
        assert status == 200
        assert "Ana" in json.dumps(told)
    assert ask(service, "GET", "/", is_local=False)[0] == 404
    status, page = ask(service, "GET", "/", is_local=True)
    assert status == 200
    assert "Ana" not in page


def test_one_learner_cannot_write_for_another(service):
    ana, bo = (join(service, name)[1]["token"] for name in ("Ana", "Bo"))
    put(service, bo)
    before = kept(service)
    mixed = f"{bo.split('.')[0]}.{ana.split('.')[1]}"
    for token in (mixed, bo[:-1], f"{bo}x", bo.split(".")[0], "", "." + bo.split(".")[1]):
        assert put(service, token, 9, {})[0] == 401
        assert ask(service, "DELETE", "/state", token=token)[0] == 401
    assert kept(service) == before


TEXTS = st.text(max_size=30)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)
BODIES = JSONS | st.fixed_dictionaries(
    {
        "number": JSONS | st.just(3),
        "state": JSONS | st.just(STATE),
        "code": TEXTS,
        "name": TEXTS,
    }
)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]),
    target=st.sampled_from(["/state", "/join", "/view", "/", "/state?x", "/../join"])
    | TEXTS,
    body=BODIES,
    token=st.none() | TEXTS,
    is_local=st.booleans(),
)
@rounds(max_examples=300)
def test_without_a_token_or_the_code_nothing_changes(
    tmp_path_factory, method, target, body, token, is_local
):
    service = shared(tmp_path_factory)
    before = kept(service)
    status, _ = ask(service, method, target, body, token=token, is_local=is_local)
    assert status < 500
    assert kept(service) == before


_SHARED = []


def shared(tmp_path_factory):
    """One class for all examples, whose limits never bind."""
    if not _SHARED:
        store = Store(tmp_path_factory.mktemp("class") / "class.db")
        store.set(code="K7RM-4WPT", key="the instructor's", labs="[]")
        found = Service(store, heads_of_two(), clock=itertools.count(0, 1_000).__next__)
        put(found, join(found)[1]["token"])
        _SHARED.append(found)
    return _SHARED[0]


def heads_of_two():
    from labs_lib.course.classroom.columns import ClassColumn

    return [ClassColumn("start", "Start", name, name, {}) for name in ("ex1", "ex2")]


def test_nobody_in_a_room_of_one_address_can_shut_out_the_others(service, clock):
    token = join(service)[1]["token"]
    wrong = [join(service, code="AAAA-AAAA")[0] for _ in range(500)]
    assert wrong.count(403) == 60
    assert set(wrong) == {403, 429}
    assert put(service, "a.b")[0] == 429
    assert put(service, token)[0] == 200
    assert join(service, "Bo")[0] == 201


def test_who_sends_too_often_waits(service, clock):
    ana, bo = (join(service, name)[1]["token"] for name in ("Ana", "Bo"))
    found = [put(service, ana, number)[0] for number in range(1, 51)]
    assert (found.count(200), found.count(429)) == (30, 20)
    assert put(service, bo)[0] == 200
    clock.now += 1
    assert put(service, ana, 60)[0] == 200
    clock.now -= 5_000  # a clock that goes back gives nothing
    assert put(service, ana, 61)[0] == 429


def test_a_class_has_an_end(service, clock, monkeypatch):
    monkeypatch.setattr(rules, "LEARNERS", 3)
    assert [join(service)[0] for _ in range(4)] == [201, 201, 201, 403]


def test_who_joins_too_often_waits(service, clock):
    service._joining.burst = 5
    assert [join(service)[0] for _ in range(7)] == 5 * [201] + 2 * [429]
    assert join(service, address="10.0.0.9")[0] == 201


def test_a_full_disk_is_told_and_changes_nothing(service, store):
    token = join(service)[1]["token"]
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    before = service.room.learners.copy()
    statuses = [join(service, f"x{number}")[0] for number in range(200)]
    assert set(statuses) == {201, 503}
    assert len(service.room.learners) == len(before) + statuses.count(201)
    assert len(list(store.learners())) == len(service.room.learners)
    assert put(service, token)[0] in (200, 503)


class Kept(io.BytesIO):
    """What a handler writes, readable after it is closed."""

    def close(self):
        pass


class Wire:
    """What a handler takes for a socket."""

    def __init__(self, content):
        self._content = content
        self._sent = Kept()

    @property
    def sent(self):
        return self._sent.getvalue()

    def makefile(self, mode, size):
        return self._sent if mode == "wb" else io.BytesIO(self._content)

    def settimeout(self, seconds):
        pass

    def getsockname(self):
        return ("192.168.1.20", 8462)

    def setsockopt(self, *options):
        pass


class Behind:
    """What a handler takes for its server."""

    def __init__(self, page):
        self.page = page


def raw(token, number, rng):
    """Return a valid request in bytes."""
    body = json.dumps({"number": number, "state": STATE}).encode()
    path, method = rng.choice(
        [
            ("/state", "PUT"),
            ("/state", "DELETE"),
            ("/join", "POST"),
            ("/view?since=1", "GET"),
        ]
    )
    if path == "/join":
        body = json.dumps({"code": "AAAA-AAAA", "name": "Ana"}).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: class\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


PIECES = [
    b"\r\n", b"\0", b"\xff\xfe", b"%00", b"../", b"HTTP/9.9", b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b"Content-Length: \xb2\r\n",
    b"[" * 2_000, b'{"a":' * 500, b"9" * 5_000, b"NaN", b'"\\ud800"', b"Authorization: Bearer \xe9\r\n",
    "state✓".encode(), b"A" * 70_000,
]  # fmt: skip


def spoilt(content, rng):
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place, other = sorted(rng.randrange(len(content) + 1) for _ in range(2))
        kind = rng.randrange(5)
        if kind == 0:
            content[place:place] = rng.choice(PIECES)
        elif kind == 1:
            del content[place:other]
        elif kind == 2:
            content[place:place] = content[place:other][:500]
        elif kind == 3 and place < len(content):
            content[place] = rng.randrange(256)
        else:
            content = content[:other] or bytearray(b"\n")
    return bytes(content)


def test_spoilt_requests_never_break_the_server_or_change_the_class(tmp_path, heads):
    """10,000 requests, most of them nearly right; of the right token nobody but its owner knows."""
    rng = random.Random(0)
    store = Store(tmp_path / "class.db")
    store.set(code="K7RM-4WPT", key="the instructor's", labs="[]")
    service = Service(store, heads, clock=itertools.count(0, 1_000).__next__)
    token = join(service)[1]["token"]
    put(service, token)
    before = kept(service)
    seen = set()
    for number in range(2, 10_002):
        forged = token[:-1] + ("x" if token[-1] != "x" else "y")
        wire = Wire(spoilt(raw(forged, number, rng), rng))
        ClassHandler(wire, (rng.choice(["127.0.0.1", "10.0.0.7"]), 5), Behind(service))
        seen.update(re.findall(rb"^HTTP/1\.1 (\d+)", wire.sent, re.MULTILINE))
    assert kept(service) == before
    assert seen <= {
        b"200",
        b"400",
        b"401",
        b"403",
        b"404",
        b"405",
        b"408",
        b"411",
        b"413",
        b"414",
        b"431",
        b"501",
        b"505",
    }
    assert {b"400", b"401", b"403", b"404", b"411", b"413"} <= seen
    # With the right token a spoilt request may be a state, but then it is one.
    for number in range(2, 2_002):
        wire = Wire(spoilt(raw(token, number, rng), rng))
        ClassHandler(wire, ("10.0.0.7", 5), Behind(service))
        assert not re.search(rb"^HTTP/1\.1 5(?!01|05)", wire.sent, re.MULTILINE)
        for learner in service.room.learners.values():
            assert checked(learner.state, service.items) == learner.state
        if not service.room.learners:  # it was a DELETE
            token = join(service)[1]["token"]
    store.close()
