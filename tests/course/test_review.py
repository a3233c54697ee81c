import json
from datetime import UTC, datetime, timedelta

import pytest

from labs_lib import cli
from labs_lib.course import catalog, home, progress, review
from labs_lib.course.exam import bank, sitting

LAB = "train/xgboost"
NOW = datetime(2026, 3, 1, 20, tzinfo=UTC)
DAY = timedelta(days=1)
QUESTIONS = catalog.find(LAB).exercises().lab.quiz.questions


def right(number):
    options = QUESTIONS[number - 1].options
    return next(letter for letter, option in options.items() if option.right)


def wrong(number):
    options = QUESTIONS[number - 1].options
    return next(letter for letter, option in options.items() if not option.right)


@pytest.fixture
def met(progress_file):
    """A learner who missed question 1 and was right in question 2, three weeks ago."""
    quiz = catalog.find(LAB).exercises().lab.quiz
    quiz.answer(1, wrong(1))
    quiz.answer(2, right(2))
    content = json.loads(progress_file.read_text())
    content["labs"][LAB]["quiz2"]["passed"] = (NOW - 21 * DAY).isoformat()
    progress_file.write_text(json.dumps(content))


@pytest.fixture
def examined(progress_file):
    """A learner who handed in an exam with one right and one wrong answer of each kind."""
    kinds = ("choice", "response", "ordering", "matching")
    items = [[i for i in bank.items() if i.kind == kind][:2] for kind in kinds]
    answers = {good.key: good.right for good, _ in items}
    answers |= {bad.key: wrong_answer(bad) for _, bad in items}
    keys = tuple(item.key for pair in items for item in pair)
    exam = sitting.Exam(7, keys, answers, begun=NOW.isoformat(), ended=NOW.isoformat())
    sitting.path().write_text(sitting._text([exam]))
    return items


def wrong_answer(item):
    """Return an answer of the right form that is wrong."""
    if item.kind == "ordering":
        return item.right[::-1]
    if item.kind == "matching":
        return tuple(1 - min(n, 1) for n in item.right)
    others = [n for n in range(len(item.parts)) if n not in item.right]
    return tuple(sorted((others[0], *item.right[1:])))


def play(answers, now=NOW):
    """Run a session; return what was shown. An answer is True, False, or what is typed."""
    said, todo = [], iter(answers)
    today = [due for due in review.deck() if due.card.due <= now][: review.AT_MOST]
    answered = [0]

    def ask(_):
        reply = next(todo)
        if not isinstance(reply, bool):
            return reply
        due = today[answered[0]]
        answered[0] += 1
        return due.asked.write(due.item.right if reply else wrong_answer(due.item))

    review.session(ask=ask, show=said.append, now=now)
    return "\n".join(said)


def test_nothing_to_do_says_so(progress_file):
    assert "No question yet" in play([])
    assert not review.path().exists()


def test_what_was_missed_in_a_lab_is_due_first(met):
    first, second = review.deck()
    assert first.item.text == QUESTIONS[0].text
    assert second.item.text == QUESTIONS[1].text
    assert first.card.due < second.card.due <= NOW


def test_what_was_asked_in_an_exam_comes_back(examined):
    cards = {due.item.key: due.card for due in review.deck()}
    for good, bad in examined:
        assert cards[bad.key].due == NOW + DAY
        assert cards[good.key].due > NOW + DAY


def test_an_open_exam_is_not_reviewed(examined):
    (exam,) = sitting.load()
    exam.ended = None
    sitting.path().write_text(sitting._text([exam]))
    assert review.deck() == []


def test_every_kind_of_question_is_asked_and_explained(examined):
    said = play([True, False] * 2, now=NOW + DAY)
    assert "2 of 4 right." in said
    for how in ("choose one", "put in order", "match"):
        assert how in said
    for _, bad in examined:
        assert bad.text.strip() in said
        assert f'"{bad.section}"' in said


def test_an_exam_after_a_review_counts(met, examined):
    good = examined[0][0]
    due = next(d for d in review.deck() if d.item.key == good.key)
    review.answer(due, right=True, now=NOW + 2 * DAY)
    (exam,) = sitting.load()
    exam.answers[good.key] = wrong_answer(good)
    exam.ended = (NOW + 3 * DAY).isoformat()
    sitting.path().write_text(sitting._text([exam]))
    card = next(d.card for d in review.deck() if d.item.key == good.key)
    assert card.last_review == NOW + 3 * DAY
    assert card.due == NOW + 4 * DAY


def test_what_was_right_in_a_lab_comes_back_days_later(met, progress_file):
    content = json.loads(progress_file.read_text())
    content["labs"][LAB]["quiz2"]["passed"] = NOW.isoformat()
    progress_file.write_text(json.dumps(content))
    assert [due.card.due <= NOW for due in review.deck()] == [True, False]
    assert review.deck()[1].card.due >= NOW + 2 * DAY


def test_a_session_explains_each_answer_and_says_when_it_comes_back(met):
    said = play([False, True])
    assert "Not the best answer. Right is: " in said
    assert QUESTIONS[0].options[right(1)].reason in said
    assert "1 of 2 right." in said
    assert "It comes back on 2026-03-02" in said
    assert f'It is shown in {LAB}, "{QUESTIONS[0].section}"' in said


def test_missed_is_due_tomorrow_and_right_later_each_time(met):
    missed, known = review.deck()
    assert review.answer(missed, right=False, now=NOW).due == NOW + DAY
    gaps, now = [], NOW
    for _ in range(4):
        known = next(due for due in review.deck() if due.item.key == known.item.key)
        card = review.answer(known, right=True, now=now)
        gaps.append(card.due - now)
        now = card.due
    assert gaps == sorted(gaps)
    assert gaps[-1] > 2 * gaps[0]


def test_a_week_of_reviews(met):
    asked = []
    for day in range(7):
        now = NOW + day * DAY
        due = [one for one in review.deck() if one.card.due <= now]
        asked.append(len(due))
        play([True] * len(due), now=now)
    # Both on the first day; then the missed one soon again, and less and less.
    assert asked[0] == 2
    assert 1 <= sum(asked[1:]) <= 4
    assert review.due_today(NOW + 6 * DAY) == 0


def test_ten_questions_are_enough_for_a_day(progress_file):
    for lab in catalog.labs()[:4]:
        quiz = lab.exercises().lab.quiz
        for number, question in enumerate(quiz.questions, start=1):
            quiz.answer(number, next(k for k, o in question.options.items() if not o.right))
    count = len(review.deck())
    assert count > review.AT_MOST
    assert f"{count - 10} questions more" in play([True] * 10)


def test_options_stand_elsewhere_after_an_answer_and_mean_the_same(met):
    orders = set()
    for day in range(8):
        due = next(d for d in review.deck() if d.item.text == QUESTIONS[0].text)
        assert due.asked.read(due.asked.write(due.item.right)) == due.item.right
        orders.add(due.asked.order)
        review.answer(due, right=False, now=NOW + day * DAY)
    assert len(orders) > 2


def test_q_and_the_end_of_input_stop_and_keep_what_was_answered(met):
    assert "1 of 1 right. 1 question more" in play([True, "q"])
    assert sum(due.card.due > NOW for due in review.deck()) == 1

    def closed(_):
        raise EOFError

    review.session(ask=closed, show=lambda text: None, now=NOW)


def test_other_keys_are_asked_again(met):
    said = play(["x", "", True, "Q"])
    assert said.count("Choose one, such as: a, or q to stop.") == 2


def test_a_clock_that_jumps_back_loses_nothing(met):
    due = review.deck()[1]
    later = review.answer(due, right=True, now=NOW)
    again = review.answer(
        next(d for d in review.deck() if d.item.key == due.item.key),
        right=True,
        now=NOW - 400 * DAY,
    )
    assert again.last_review == NOW
    assert again.due >= later.due


def test_a_question_that_the_course_lost_is_kept_in_the_file_and_not_asked(met):
    review.answer(review.deck()[0], right=True, now=NOW)
    content = json.loads(review.path().read_text())
    (key,) = content["cards"]
    content["cards"]["0123456789ab"] = content["cards"][key]
    review.path().write_text(json.dumps(content))
    assert len(review.deck()) == 2
    review.answer(review.deck()[0], right=True, now=NOW)
    assert "0123456789ab" in json.loads(review.path().read_text())["cards"]


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "cards": {}}',
        '{"version": 1}',
        '{"version": 1, "cards": {"a b": {}}}',
        '{"version": 1, "cards": {"a b": {"card_id": 0, "state": 7, "step": null, "stability": 1, '
        '"difficulty": 1, "due": "2026-01-01T00:00:00+00:00", "last_review": null}}}',
        '{"version": 1, "cards": {"a b": {"card_id": 0, "state": 2, "step": null, "stability": 1, '
        '"difficulty": 1, "due": "2026-01-01T00:00:00", "last_review": null}}}',
    ],
)
def test_a_damaged_schedule_is_a_message_and_is_left_as_it_is(met, damaged):
    review.path().write_text(damaged)
    with pytest.raises(ValueError, match="Move it away"):
        review.deck()
    assert review.path().read_text() == damaged
    assert progress.passed()[LAB] == {"quiz2": (NOW - 21 * DAY).isoformat()}
    assert home.show().due is None


def test_a_time_that_is_none_makes_a_question_due_at_once(progress_file):
    labs = {LAB: {"quiz2": {"attempts": 1, "choice": right(2), "passed": "t"}}}
    progress_file.write_text(json.dumps({"version": 2, "labs": labs}))
    assert review.due_today(NOW) == 1


def test_damaged_exams_are_a_message(met):
    sitting.path().write_text("{")
    with pytest.raises(ValueError, match="Move it away"):
        review.deck()
    assert home.show().due is None


def test_the_command(met, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda prompt: "q")
    assert cli.main(["review"]) == 0
    assert "0 of 0 right" in capsys.readouterr().out


def test_the_home_says_what_is_due(met):
    assert home.show().due == 2
    assert "2 questions to review: labs review" in repr(home.show())
    assert "2 questions to review" in home.show()._repr_html_()
