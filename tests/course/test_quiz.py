import pytest

from labs_lib.course import progress, quiz
from labs_lib.course.quiz import Option, Question, Quiz


@pytest.fixture
def questions():
    options = {
        "a": Option("five < six", "No."),
        "b": Option("six", "Yes.", right=True),
        "c": Option("seven", "Too many."),
    }
    return Quiz("train/algorithms", [Question("How many?", options)])


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(quiz, "display", lambda thing, raw=False: found.append(thing))
    return found


def test_answers_have_reasons(questions):
    assert questions.answer(1, "b").tone == "good"
    wrong = questions.answer(1, "a")
    assert (wrong.tone, wrong.text) == ("bad", "No.")


@pytest.mark.parametrize(("number", "letter"), [(0, "a"), (2, "a"), (1, "z")])
def test_an_unknown_question_or_option(questions, number, letter):
    with pytest.raises(ValueError, match="There is no question|has no option"):
        questions.answer(number, letter)


def test_a_solution_shows_every_reason(questions, shown):
    questions()
    assert "five &lt; six" in shown[0]._repr_html_()
    assert "Too many." in shown[0]._repr_html_()
    assert "b) six\n     Right: Yes." in repr(shown[0])


def test_a_learner_gets_radio_buttons_and_text_where_there_are_none(
    questions, shown, progress_file
):
    questions()
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert "b) six" in shown[0]["text/plain"]
    assert "Yes." not in shown[0]["text/plain"]


def test_clicking_explains_and_records(questions, progress_file):
    box = questions._widget(1, quiz._Page(1, questions.questions[0]))
    choice, reason = box.children[1:]
    choice.value = "a"
    assert "not the best choice" in reason.value
    assert progress.load() == {}
    choice.value = "b"
    assert "right" in reason.value
    assert list(progress.load()["train/algorithms"]) == ["quiz1"]


def test_repr(questions):
    assert repr(questions) == "Quiz of 1 questions: quiz(), quiz.answer(1, 'a')"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"a": Option("x", "y", right=True)}, "has 1 options"),
        ({c: Option("x", "y") for c in "abc"}, "no right option"),
        ({c: Option("x", "", right=True) for c in "abc"}, "without a reason"),
    ],
)
def test_a_question_without_substance_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Question("?", options)


QUESTION = """\
[[question]]
text = "How many?"
option = [
    {text = "five", reason = "Too few."},
    {text = "six", reason = "Yes.", right = true},
    {text = "seven", reason = "Too many."},
]
"""


def test_questions_are_read_from_a_file(tmp_path):
    file = tmp_path / "quiz.toml"
    file.write_text(QUESTION, encoding="utf-8")
    (question,) = quiz.load(file)
    assert question.text == "How many?"
    assert question.options == {
        "a": Option("five", "Too few."),
        "b": Option("six", "Yes.", right=True),
        "c": Option("seven", "Too many."),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (QUESTION, "", r"holds \[\], expected \[\[question\]\] tables"),
        ("[[question]]", "[[question", "is not valid TOML"),
        ('text = "How many?"', "", "question 1: text missing"),
        (', reason = "Too many."', "", "question 1: reason missing in .*seven"),
        (
            "right = true",
            "rigth = true",
            "unknown field rigth, expected text, reason, right",
        ),
        ("right = true", "right = 1", "right is 1, expected true"),
        (", right = true", "", "has no right option"),
        ('    {text = "five", reason = "Too few."},\n', "", "has 2 options"),
        ("[[question]]", "[[questions]]", r"holds \['questions'\]"),
    ],
)
def test_a_wrong_quiz_file_says_what_is_wrong(tmp_path, old, new, message):
    file = tmp_path / "quiz.toml"
    assert old in QUESTION
    file.write_text(QUESTION.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        quiz.load(file)


def test_a_lab_without_a_quiz(tmp_path):
    with pytest.raises(ValueError, match=r"quiz\.toml is missing; a lab has a quiz"):
        quiz.load(tmp_path / "quiz.toml")
