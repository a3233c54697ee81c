import csv
import io
import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course.classroom.room import LATELY, Room


def tried(attempts, lab="prepare/split", item="ex1", **more):
    return {lab: {item: {"attempts": attempts, "passed": False, **more}}}


def test_who_is_stuck_stands_first(heads, clock):
    room = Room(heads, clock=clock)
    for name in ("Ana", "Bo", "Cy", "Di"):
        room.add(name, name=name, pseudonym=f"{name}'s")
    room.update("Bo", 1, tried(4))
    room.update("Cy", 1, tried(7))
    room.update("Di", 1, tried(9) | tried(1, "start"))
    assert [learner.name for learner, _, _ in room.stuck()] == ["Di", "Cy", "Bo"]
    assert room.view()["order"] == [4, 3, 2, 1]
    assert room.view()["stuck"][0] == [4, 2, 9]
    clock.now += LATELY / 2
    passed = {"prepare/split": {"ex1": {"attempts": 10, "passed": True}}}
    room.update("Di", 2, passed)
    room.update("Bo", 2, tried(5))
    assert [learner.name for learner, _, _ in room.stuck()] == ["Cy", "Bo"]
    clock.now += LATELY / 2 + 1  # the tries of Cy are long ago
    assert [learner.name for learner, _, _ in room.stuck()] == ["Bo"]
    room.update("Cy", 2, tried(7))  # heard of, but nothing was tried
    assert [learner.name for learner, _, _ in room.stuck()] == ["Bo"]


def test_a_question_that_was_right_later_is_not_stuck(heads, clock):
    room = Room(heads, clock=clock)
    room.add("x", name="x", pseudonym="y")
    room.update("x", 1, tried(4, "start", "quiz1", choice="a", later=True))
    assert room.stuck() == []


@given(st.permutations(range(1, 7)))
def test_the_order_of_updates_does_not_matter(order):
    room = Room([], clock=itertools.count().__next__)
    room.add("x", name="x", pseudonym="y")
    for number in order:
        room.update("x", number, tried(number))
    assert room.learners["x"].state == tried(6)
    assert room.learners["x"].number == 6


def test_a_view_holds_what_has_changed(heads, clock):
    room = Room(heads, clock=clock)
    for name in "abc":
        room.add(name, name=name, pseudonym=name)
    first = room.view()
    assert len(first["learners"]) == 3
    assert len(first["columns"]) == 5
    again = room.view(first["room"], first["version"])
    assert again["learners"] == again["gone"] == []
    assert "columns" not in again
    room.update("b", 1, tried(2, hints=1))
    room.remove("c")
    later = room.view(first["room"], first["version"])
    assert [learner["name"] for learner in later["learners"]] == ["b"]
    assert later["learners"][0]["cells"][2] == [2, 1, 0, "", 0]
    assert later["gone"] == [3]
    assert later["totals"][2] == [1, 0, 1]
    other = Room(heads, clock=clock)
    assert other.view(first["room"], first["version"])["fresh"]
    assert room.view(first["room"], 10**9)["fresh"]


def test_answers_are_counted_by_option(heads, clock):
    room = Room(heads, clock=clock)
    for number, letter in enumerate("abbd"):
        room.add(str(number), name=letter, pseudonym=letter)
        room.update(str(number), 1, tried(1, "start", "quiz1", choice=letter))
    assert room.view()["answers"] == [[], [1, 2, 0, 1], [], [], [0, 0, 0, 0]]


def test_a_clock_that_stood_ahead_makes_nobody_older_than_now(heads, clock):
    room = Room(heads, clock=clock)
    room.add("x", name="x", pseudonym="y", age=-5_000.0)
    assert room.view()["learners"][0]["seen"] == clock.now


def test_the_table_is_harmless_in_a_spreadsheet(heads, clock):
    room = Room(heads, clock=clock)
    room.add("x", name='=HYPERLINK("x"),"\n', pseudonym="amber heron")
    room.update("x", 1, tried(2, hints=1))
    (line,) = csv.DictReader(io.StringIO(room.table(named=True)))
    assert line["name"].startswith("'=HYPER")
    assert (line["item"], line["attempts"], line["hints"]) == ("ex1", "2", "1")
    assert "HYPER" not in room.table(named=False)
    json.dumps(room.view())
