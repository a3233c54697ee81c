import json
import subprocess
import sys

import pytest

from labs_lib.course import progress
from labs_lib.course.exam import bank, paper, sitting

HOUR = 3600


@pytest.fixture
def begin(small_bank, clock):
    """Return a function that begins or resumes an exam, and closes what it began before."""
    opened = []

    def opener(**options):
        while opened:
            opened.pop().close()
        opened.append(sitting.begin(**({"questions": 4, "clock": clock} | options)))
        return opened[0]

    yield opener
    for sit in opened:
        sit.close()


def kept():
    return json.loads(sitting.path().read_text(encoding="utf-8"))


def test_an_exam_is_drawn_and_kept_at_once(begin):
    sit = begin()
    assert not sit.resumed
    assert len(sit.asked) == 4
    assert {a.item.domain for a in sit.asked} == {1, 2, 3, 4}
    (exam,) = kept()["exams"]
    assert exam["questions"] == [a.item.key for a in sit.asked]
    assert (exam["answers"], exam["ended"], exam["seconds"]) == ({}, None, 0)
    assert sitting.path().parent == progress.path().parent


def test_the_real_size(progress_file):
    with sitting.begin() as sit:
        assert len(sit.asked) == 65
        assert sit.minutes_left == 130
        assert sit.exam.limit == 130 * 60


def test_it_goes_on_where_it_was(begin, clock):
    sit = begin()
    sit.answer(2, sit.asked[1].item.right)
    sit.flag(3)
    clock.now += 100
    sit.step()
    seed, questions = sit.exam.seed, sit.exam.questions
    again = begin(questions=2, seed=5)
    assert again.resumed
    assert (again.exam.seed, again.exam.questions) == (seed, questions)
    assert again.answer_of(2) == sit.asked[1].item.right
    assert (again.open, again.flagged) == ([1, 3, 4], [3])
    assert again.exam.seconds == 100
    assert [a.order for a in again.asked] == [a.order for a in sit.asked]


def test_answers_change_and_are_taken_back(begin):
    sit = begin()
    right = sit.asked[0].item.right
    other = tuple(reversed(right)) if len(right) > 1 else (0,)
    sit.answer(1, other)
    sit.answer(1, right)
    assert begin().answer_of(1) == right
    sit = begin()
    sit.clear(1)
    assert begin().answer_of(1) is None


def test_flags_come_and_go(begin):
    sit = begin()
    sit.flag(1)
    assert sit.flagged == [1]
    sit.flag(1)
    assert begin().flagged == []


def test_the_seed_is_the_systems_unless_it_is_given(begin):
    seeds = set()
    for _ in range(3):
        sit = begin()
        seeds.add(sit.exam.seed)
        sit.end()
    assert len(seeds) == 3
    assert begin(seed=7).exam.seed == 7


def test_a_given_seed_is_the_same_exam_whatever_was_asked_before(begin):
    first = begin(seed=7)
    first.end()
    assert begin(seed=7).exam.questions == first.exam.questions


def test_the_next_exam_asks_what_was_not_asked(begin, small_bank):
    first = begin()
    first.end()
    second = begin()
    both = set(first.exam.questions) & set(second.exam.questions)
    of_domain = {item.key: item.domain for item in small_bank}
    # Of domain 2 the small bank has one question.
    assert {of_domain[key] for key in both} == {2}


def test_an_exam_of_another_code_waits_until_the_open_one_is_handed_in(begin):
    first = begin()
    assert first.exam.code == "MLA-C01"
    before = kept()
    with pytest.raises(ValueError, match=r"for MLA-C01 of .* before you begin DEA-C01"):
        begin(code="DEA-C01")
    with pytest.raises(
        ValueError, match="no exam 'AIF-C01' here; give one of MLA-C01, DEA"
    ):
        begin(code="AIF-C01")
    assert kept() == before
    first = begin(code="MLA-C01")
    assert first.resumed
    first.end()
    with pytest.raises(
        ValueError, match="0 questions of domain 1 of DEA-C01; an exam takes 1"
    ):
        begin(code="DEA-C01")


def test_a_file_of_before_the_second_exam_is_of_the_first_one(begin):
    begin().close()
    content = kept()
    (exam,) = content["exams"]
    assert exam.pop("code") == "MLA-C01"
    sitting.path().write_text(json.dumps(content), encoding="utf-8")
    assert begin().exam.code == "MLA-C01"
    content["exams"][0]["code"] = "XYZ-C01"
    sitting.path().write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="does not hold exams of this version"):
        sitting.load()


def test_time_counts_while_it_is_used(begin, clock):
    sit = begin()
    clock.now += 60
    sit.step()
    sit.close()
    clock.now += 50 * HOUR  # away
    sit = begin()
    clock.now += 30
    sit.step()
    assert kept()["exams"][0]["seconds"] == 90
    assert sit.minutes_left == 7  # of 8; begun ones


def test_a_long_pause_between_two_steps_counts_a_quarter_of_an_hour(progress_file, clock):
    with sitting.begin(clock=clock) as sit:
        clock.now += 10 * HOUR
        assert sit.step()
        assert sit.exam.seconds == sitting.LONGEST == 900


def test_a_clock_that_jumps_back_loses_nothing(begin, clock, monkeypatch):
    sit = begin()
    clock.now += 60
    sit.answer(1, sit.asked[0].item.right)
    clock.now -= 5 * HOUR
    monkeypatch.setattr(sitting, "_now", lambda: "2001-01-01T00:00:00+00:00")
    sit.flag(1)
    assert sit.exam.seconds == 60
    clock.now += 10
    sit.end()
    (exam,) = sitting.load()
    assert exam.seconds == 70
    assert exam.ended < exam.begun
    assert len(exam.answers) == 1
    begin()
    assert [one.ended is None for one in sitting.load()] == [False, True]


def test_when_the_time_is_over_the_exam_ends_and_the_late_answer_does_not_count(
    begin, clock
):
    sit = begin()
    assert sit.exam.limit == 4 * 120
    clock.now += 479
    assert sit.answer(1, sit.asked[0].item.right)
    clock.now += 1
    assert not sit.answer(2, sit.asked[1].item.right)
    assert sit.over
    (exam,) = sitting.load()
    assert exam.ended
    assert exam.seconds == 480
    assert list(exam.answers) == [sit.asked[0].item.key]
    assert not sit.flag(1)  # nothing changes any more
    assert not sit.step()
    assert len(sitting.load()) == 1


def test_after_the_end_a_new_one_is_drawn_and_the_old_one_stays(begin):
    sit = begin()
    sit.answer(1, sit.asked[0].item.right)
    sit.end()
    sit.end()
    begin()
    first, second = sitting.load()
    assert first.ended
    assert second.ended is None
    assert first.answers == sit.exam.answers


def test_opened_twice_in_one_process(begin, clock):
    sit = begin()
    sit.answer(1, sit.asked[0].item.right)
    before = sitting.path().read_text()
    with pytest.raises(ValueError, match="open in another terminal or notebook. Stop it"):
        sitting.begin(clock=clock)
    assert sitting.path().read_text() == before
    sit.answer(2, sit.asked[1].item.right)  # the first one is not disturbed
    assert len(kept()["exams"][0]["answers"]) == 2


def test_opened_twice_by_two_processes_and_a_killed_one_lets_go(progress_file):
    code = (
        "from labs_lib.course.exam import sitting\n"
        "sit = sitting.begin(seed=1)\n"
        "sit.answer(1, sit.asked[0].item.right)\n"
        "print('open', flush=True)\n"
        "input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(ValueError, match="Nothing is lost"):
            sitting.begin()
    finally:
        other.kill()
        other.communicate()
    with sitting.begin() as sit:
        assert sit.resumed
        assert sit.open == list(range(2, 66))


def test_a_closed_one_keeps_nothing_more(begin):
    old = begin()
    new = begin()
    new.answer(1, new.asked[0].item.right)
    before = sitting.path().read_text()
    for action in (old.step, old.end, lambda: old.flag(1), lambda: old.answer(2, (0,))):
        with pytest.raises(ValueError, match="opened again elsewhere"):
            action()
    assert sitting.path().read_text() == before


EXAM = {
    "seed": 1,
    "questions": ["a", "b"],
    "answers": {"a": [1]},
    "flags": ["b"],
    "seconds": 5.5,
    "begun": "2026-03-01T20:00:00+00:00",
    "ended": None,
}


def text(**changes):
    return json.dumps({"version": 1, "exams": [EXAM | changes]})


def test_this_is_a_good_file(small_bank):
    sitting.path().write_text(text())
    (exam,) = sitting.load()
    assert exam.answers == {"a": (1,)}
    assert exam.flags == {"b"}


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        text()[:90],
        "[]",
        "3",
        "[" * 100_000,
        '{"version": 1}',
        '{"exams": []}',
        '{"version": 2, "exams": []}',
        '{"version": 1, "exams": [], "more": 1}',
        '{"version": 1, "exams": [{}]}',
        '{"version": 1, "exams": [1]}',
        '{"version": 1, "exams": null}',
        json.dumps({"version": 1, "exams": [EXAM, EXAM]}),
        text(seed="x"),
        text(seed=True),
        text(questions=[]),
        text(questions=["a", "a"]),
        text(questions=[1]),
        text(questions=None),
        text(answers=[]),
        text(answers={"a": "b"}),
        text(answers={"a": [1.5]}),
        text(answers={"a": 1}),
        text(flags=[1]),
        text(flags=[[1]]),
        text(seconds=-1),
        text(seconds=float("nan")),
        text(seconds=float("inf")),
        text(seconds="5"),
        text(seconds=None),
        text(begun=None),
        text(begun="yesterday"),
        text(ended="tomorrow"),
        text(ended=5),
        text(more=1),
    ],
)
def test_a_damaged_file_is_a_message_and_is_left_as_it_is(small_bank, damaged):
    progress.attempt("train/xgboost", "ex1", passed=True)
    sitting.path().write_text(damaged)
    for read in (sitting.load, sitting.begin):
        with pytest.raises(ValueError, match="Move it away to begin afresh"):
            read()
    assert sitting.path().read_text() == damaged
    assert "ex1" in progress.passed()["train/xgboost"]
    sitting.path().rename(sitting.path().with_name("away.json"))
    with sitting.begin(questions=4) as sit:  # the message helps, and the lock was let go
        assert not sit.resumed


def test_bytes_that_are_no_text(small_bank):
    sitting.path().write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="Move it away"):
        sitting.load()


def test_an_answer_that_does_not_fit_its_question_is_damage(small_bank):
    key = small_bank[0].key
    sitting.path().write_text(text(questions=[key], answers={key: [9, 10]}))
    with pytest.raises(ValueError, match="Move it away"):
        sitting.load()


def test_a_file_damaged_meanwhile_is_not_written_over(begin):
    sit = begin()
    sitting.path().write_text("{")
    with pytest.raises(ValueError, match="Move it away"):
        sit.answer(1, sit.asked[0].item.right)
    assert sitting.path().read_text() == "{"
    sitting.path().unlink()  # moved away: the exam in this process is whole
    sit.step()
    assert list(kept()["exams"][0]["answers"]) == [sit.asked[0].item.key]


def test_a_file_moved_away_meanwhile_is_written_again(begin):
    sit = begin()
    sitting.path().unlink()
    sit.flag(1)
    assert begin().flagged == [1]


def test_a_question_that_the_course_lost_is_left_out(begin, small_bank, monkeypatch):
    sit = begin()
    for number in (1, 2, 3):
        sit.answer(number, sit.asked[number - 1].item.right)
    gone = sit.asked[1].item
    rest = tuple(item for item in small_bank if item != gone)
    monkeypatch.setattr(bank, "items", lambda: rest)
    again = begin()
    assert (again.lost, len(again.asked)) == (1, 3)
    assert again.open == [3]
    assert gone.key in kept()["exams"][0]["answers"]  # it comes back with the question
    monkeypatch.setattr(bank, "items", lambda: small_bank)
    assert begin().open == [4]


def test_an_exam_of_which_nothing_is_left_ends(begin, small_bank, monkeypatch):
    sit = begin()
    rest = tuple(i for i in small_bank if i.key not in sit.exam.questions)
    monkeypatch.setattr(bank, "items", lambda: rest)
    monkeypatch.setattr(paper, "draw", lambda items, **options: list(items))
    again = begin()
    assert not again.resumed
    assert {a.item for a in again.asked} == set(rest)
    assert [bool(exam.ended) for exam in sitting.load()] == [True, False]


def test_where_nothing_can_be_written(small_bank, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sitting, "write_text", full)
    with pytest.raises(ValueError, match="cannot be written .No space left.*LABS_PROGRESS"):
        sitting.begin(questions=4)


def test_an_answer_that_could_not_be_written_is_kept_at_the_next_step(begin, monkeypatch):
    sit, write = begin(), sitting.write_text

    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sitting, "write_text", full)
    with pytest.raises(ValueError, match="cannot be written"):
        sit.answer(1, sit.asked[0].item.right)
    monkeypatch.setattr(sitting, "write_text", write)
    sit.step()
    assert begin().answer_of(1) == sit.asked[0].item.right


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "file" / "progress.json"))
    with pytest.raises(ValueError, match=r"cannot be (written|read)"):
        sitting.begin()


@pytest.mark.parametrize("questions", [0, 66])
def test_an_impossible_exam_is_refused_and_locks_nothing(progress_file, questions):
    with pytest.raises(ValueError, match="give 1 to 65"):
        sitting.begin(questions=questions)
    sitting.begin().close()
