import pytest

from labs_lib.course import progress, quiz
from labs_lib.course.quiz import Option, Question, Quiz


@pytest.fixture
def questions():
    options = {
        "a": Option("five < six", "No."),
        "b": Option("`six`", "Yes.", right=True),
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


@pytest.mark.parametrize("letter", ["B", " b", "b "])
def test_a_capital_letter_is_taken(questions, letter):
    assert questions.answer(1, letter).tone == "good"


def test_a_solution_shows_every_reason(questions, shown):
    questions()
    html = shown[0]._repr_html_()
    assert "a) five &lt; six" in html
    assert "b) <code>six</code>" in html
    assert "Too many." in html
    assert "<ol" not in html  # a front end may number a list as it likes
    assert "b) `six`\n     Right: Yes." in repr(shown[0])


def test_a_learner_gets_buttons_and_text_where_there_are_none(
    questions, shown, progress_file
):
    questions()
    note, widgets = shown
    assert "Run this cell again" in note["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in widgets
    assert "b) `six`" in widgets["text/plain"]
    assert 'lab.quiz.answer(1, "b")' in widgets["text/plain"]
    assert "Yes." not in widgets["text/plain"]


def widgets_of(quiz_of_lab):
    """Return the buttons by letter, and the explanation, of the first question."""
    page = quiz._Page(1, quiz_of_lab.questions[0])
    _, *rows, reason = quiz_of_lab._widget(page).children
    buttons = [row.children[0] for row in rows]
    return {button.description: button for button in buttons}, reason


def test_options_are_rendered_and_read_aloud(questions, progress_file):
    _, *rows, _ = questions._widget(quiz._Page(1, questions.questions[0])).children
    button, text = rows[1].children
    assert (button.description, button.tooltip) == ("b", "six")
    assert text.value == "<code>six</code>"


def test_the_first_choice_counts(questions, progress_file):
    buttons, reason = widgets_of(questions)
    assert reason.value == ""
    buttons["b"].click()
    assert "Question 1, b: right" in reason.value
    assert reason.value.startswith("<div role='status'>")  # read out as it changes
    assert buttons["b"].button_style == "success"
    buttons["a"].click()
    assert (buttons["a"].button_style, buttons["b"].button_style) == ("danger", "")
    record = progress.load()["train/algorithms"]["quiz1"]
    assert (record.choice, record.attempts, record.closed) == ("b", 2, None)
    assert list(progress.passed()["train/algorithms"]) == ["quiz1"]


def test_choosing_every_option_is_no_pass(questions, progress_file):
    buttons, reason = widgets_of(questions)
    for letter in "abc":
        buttons[letter].click()
    assert "Your first choice was a; that one is kept." in reason.value
    record = progress.load()["train/algorithms"]["quiz1"]
    assert (record.choice, record.attempts, record.passed) == ("a", 3, None)
    assert record.closed is not None
    assert progress.passed() == {}


def test_a_reason_says_where_to_look(questions):
    assert "Exam" not in questions.answer(1, "b").text
    question = questions.questions[0]
    placed = Question(question.text, question.options, domain=4, section="On trial")
    panel = Quiz(questions.lab, [placed]).answer(1, "a")
    assert panel.text == (
        'No.\n\nSee "On trial". Exam MLA-C01, domain 4: monitoring, maintenance and security.'
    )
    panel = Quiz("platform/storage_formats", [placed]).answer(1, "a")
    assert panel.text.endswith("Exam DEA-C01, domain 4: data security and governance.")


@pytest.mark.parametrize(("letter", "said"), [("b", "b: right"), ("a", "not the best")])
def test_coming_back_shows_what_was_chosen(questions, progress_file, letter, said):
    questions.answer(1, letter)
    before = progress_file.read_text()
    buttons, reason = widgets_of(Quiz(questions.lab, questions.questions))
    assert [k for k, button in buttons.items() if button.button_style] == [letter]
    assert said in reason.value
    assert progress_file.read_text() == before


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


def test_a_question_may_say_where_it_belongs(tmp_path):
    file = tmp_path / "quiz.toml"
    about = 'domain = 2\nconcept = "x"\nsection = "On trial"\ntext = "How'
    file.write_text(QUESTION.replace('text = "How', about), encoding="utf-8")
    (question,) = quiz.load(file)
    assert (question.domain, question.concept, question.section) == (2, "x", "On trial")


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
        ('text = "How', 'domain = 5\ntext = "How', "its domain is 5, expected 1 to 4"),
        ('text = "How', 'concept = 1\ntext = "How', "its concept is 1, expected a text"),
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


@pytest.mark.parametrize(
    ("right", "others", "told"),
    [
        ("long", ("no", "or"), True),
        ("no", ("long", "or"), False),
        ("long", ("same", "or"), False),
    ],
)
def test_the_longest_option_gives_the_answer_away(right, others, told):
    wrong = {letter: Option(text, "No.") for letter, text in zip("bc", others, strict=True)}
    question = Question("?", {"a": Option(right, "Yes.", right=True)} | wrong)
    assert question.longest_is_right == told
