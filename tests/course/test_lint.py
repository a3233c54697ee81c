"""Deliberately bad notebooks: each fault has to be caught, by name."""

import base64
import io
import re

import matplotlib.pyplot as plt
import pytest
from nbformat import v4

from labs_lib.course import build, catalog, lint, new, source
from labs_lib.course.exercise import Exercise
from labs_lib.settings import ROOT


def problems(info):
    return "\n".join(lint.source_problems(source.read(info)))


def test_the_tiny_source_is_clean(tiny):
    assert problems(tiny) == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scores 0.5.", "scores 0.6.", "'0.6' is typed by hand"),
        ("scores 0.5.", "scores 60 %.", "'60 %' is typed by hand"),
        ("scores 0.5.", "scores 60 percent.", "'60 percent' is typed by hand"),
        ("{{share}}", "{{shares}}", "{{shares}} is not a fact of the lab"),
        (
            "scores 0.5.",
            "scores {{share}}.",
            "{{share}} stands above the cell that makes share",
        ),
        ("# # A tiny course", "# ## A tiny course", "0 headings of level 1"),
        ("share = 0.25", "%matplotlib inline\nshare = 0.25", "a magic or shell line"),
        ("share = 0.25", "!ls\nshare = 0.25", "a magic or shell line"),
        ("share = 0.25", "share = (", "not valid Python"),
        ("share = 0.25", "share = open('/home/me/x')", "an absolute path"),
        ("share = 0.25", "share = open('/opt/me/x')", "an absolute path"),
        ("share = 0.25", "share = open(r'C:\\me\\x')", "an absolute path"),
        (
            "share = 0.25",
            "import warnings\nwarnings.filterwarnings('ignore')",
            "warning is silenced",
        ),
        ("share = 0.25", "plt.show()\nshare = 0.25", "plots.show"),
        ("share = 0.25", "share = 0.25\n" * 26, "lines; 25 at most"),
        ("share = 0.25", "share = 0.25  # " + "x" * 80, "more than 88 columns"),
        ("# END SOLUTION\n", "", "do not pair"),
        ("# BEGIN SOLUTION\n", "", "left solved"),
        (
            "share = 0.25",
            "# BEGIN SOLUTION\nshare = 0.25\n# END SOLUTION",
            "outside a cell tagged",
        ),
        (
            "# ## Facts",
            "# ## Facts\n\n# %%\naccuracy + 1\n\n# %% [markdown]\n# ## More",
            "uses accuracy, which only an exercise",
        ),
        (', "nbval-check-output"', "", "the last code cell must call lab.facts"),
        ('["exercise"]', '["exercise", "tolerance=2%"]', "do not declare a tolerance"),
        ("concepts: {}", 'concepts: {"sm-none": "Exercise"}', "unknown concept sm-none"),
        (
            "concepts: {}",
            'concepts: {"sm-xgboost": "Exercise"}',
            "belongs to train/xgboost",
        ),
        (
            "concepts: {}",
            'concepts: {"sm-xgboost": "Nowhere"}',
            "'Nowhere', which does not exist",
        ),
    ],
)
def test_a_bad_source_is_caught(tiny, edit, old, new, message):
    edit(old, new)
    assert message in problems(tiny)


@pytest.mark.parametrize(
    "text",
    [
        "`0.7`",
        "```\n# 0.7\n# ```",
        "[x](https://a.b/0.7)",
        "{{share}}",
        "version 3",
        "doi:10.24432/C55S3H",
    ],
)
def test_code_links_and_whole_numbers_may_stand_in_prose(tiny, edit, text):
    edit("# The share is {{share}}.", f"# The share is {{{{share}}}}. {text}")
    assert problems(tiny) == ""


def test_a_later_cell_may_use_what_is_given_around_the_answer(tiny, edit):
    edit("lab.ex1.check(accuracy)", "given = 1\nlab.ex1.check(accuracy)")
    edit("# ## Facts", "# ## Facts\n\n# %%\ngiven + 1\n\n# %% [markdown]\n# ## More")
    assert problems(tiny) == ""


def test_the_folder_of_a_container_is_no_path_of_this_machine(edit, tiny):
    edit("share = 0.25", "share, place = 0.25, '/opt/ml/processing'")
    assert "absolute path" not in problems(tiny)


@pytest.mark.parametrize(
    ("title", "section", "lacks"),
    [
        ("A demonstration: x", "On trial", False),
        ("A show", "On trial", True),
        ("At work: x", "Real data", False),
        ("Work", "Real data", True),
    ],
)
def test_another_heading_stands_in_place_of_a_section(tiny, title, section, lacks):
    lab = catalog.find("train/algorithms")
    text = tiny.lesson.read_text(encoding="utf-8")
    lab.lesson.parent.mkdir(parents=True)
    text = text.replace("# ## Facts", f"# ## {title}\n#\n# ## Facts")
    lab.lesson.write_text(text, encoding="utf-8")
    missing = problems(lab).partition("contract are missing: ")[2].splitlines()[0]
    assert (section in missing) == lacks


def test_a_lab_lacks_sections_of_the_contract(tiny):
    lab = catalog.find("train/algorithms")
    text = tiny.lesson.read_text(encoding="utf-8")
    lab.lesson.parent.mkdir(parents=True)
    lab.lesson.write_text(text, encoding="utf-8")
    found = problems(lab)
    assert "sections of the lab contract are missing: The situation, Predict" in found
    assert "the concept sm-rcf is not covered" in found


def test_sections_in_another_order_are_caught(tiny):
    lab = catalog.find("train/algorithms")
    titles = [f"# %% [markdown]\n# ## {title}\n" for title in reversed(lint._CONTRACT)]
    text = tiny.lesson.read_text(encoding="utf-8").replace("# ## Facts", "# ## F")
    lab.lesson.parent.mkdir(parents=True)
    lab.lesson.write_text(text + "\n" + "\n".join(titles), encoding="utf-8")
    assert "stand in another order" in problems(lab)


def test_a_figure_in_a_hint_or_quiz_is_caught(tiny, monkeypatch):
    page = source.read(tiny)
    assert lint.exercise_problems(page) == []
    exercise = tiny.exercises().lab.ex1
    monkeypatch.setattr(exercise, "hints", ("about 0.7", "look {x:.2f}"))
    monkeypatch.setattr(tiny.exercises().lab.quiz.questions[0], "text", "At 40 % of")
    found = lint.exercise_problems(page)
    assert [p.split(": ")[1].split(" is")[0] for p in found] == ["'40 %'", "'0.7'"]
    assert isinstance(exercise, Exercise)


def test_an_exercise_that_is_never_checked_is_refused(tiny, edit):
    edit("lab.ex1.check(accuracy)", "accuracy")
    found = lint.exercise_problems(source.read(tiny))
    assert found == ["start, ex1: no cell of the lesson checks it"]


def test_a_quiz_without_a_reason_is_refused(tiny, monkeypatch):
    lab = tiny.exercises().lab
    monkeypatch.delitem(lab.__dict__, "quiz")
    file = tiny.folder / "quiz.toml"
    text = re.sub(r"^reason = .*\n", "", file.read_text("utf-8"), count=1, flags=re.M)
    file.write_text(text, encoding="utf-8")
    (problem,) = build.build([tiny])
    assert problem.startswith("start/quiz.toml, question 1: reason missing in {'text': ")
    assert not tiny.solution.exists()


def test_a_question_names_what_exists(tiny, monkeypatch):
    page = source.read(tiny)
    question = tiny.exercises().lab.quiz.questions[0]
    monkeypatch.setattr(question, "concept", catalog.concepts()[0].id)
    assert lint.quiz_problems(page) == []
    monkeypatch.setattr(question, "section", "Nowhere")
    monkeypatch.setattr(question, "concept", "nothing")
    assert lint.quiz_problems(page) == [
        "start, quiz 1: unknown concept nothing; see labs_lib/course/concepts.csv",
        "start, quiz 1: the lesson has no section 'Nowhere'",
    ]


@pytest.mark.parametrize("name", ["domain", "concept", "section"])
def test_a_question_without_a_place_is_refused(tiny, monkeypatch, name):
    question = tiny.exercises().lab.quiz.questions[0]
    monkeypatch.setattr(question, name, None)
    (problem,) = build.build([tiny])
    assert problem.startswith(
        f"start, quiz 1: {name} missing in quiz.toml; a question names"
    )
    assert not tiny.solution.exists()


@pytest.mark.parametrize("info", catalog.pages(), ids=lambda info: info.id)
def test_every_question_has_a_place(info):
    questions = info.exercises().lab.quiz.questions
    assert all(q.domain and q.concept and q.section for q in questions)


@pytest.fixture
def new_lab(tmp_path, monkeypatch, graph_is_planned):
    """A lab as `labs new` makes it."""
    monkeypatch.setattr(new, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(catalog, "LABS", tmp_path / "labs_lib" / "labs")
    new.make("platform/graph")
    (info,) = [lab for lab in catalog.labs(planned=True) if lab.id == "platform/graph"]
    return info


def test_words_of_the_template_are_refused(new_lab):
    found = "\n".join(lint._template_words(new_lab))
    for name in ("lesson.py", "exercises.py", "quiz.toml"):
        assert (
            f"the template's words are still in labs_lib/labs/platform/graph/{name}"
            in found
        )
    lesson = new_lab.lesson
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("A decision that somebody must take.", "x"), "utf-8")
    assert "A decision that somebody" not in "\n".join(lint._template_words(new_lab))


@pytest.mark.parametrize("info", catalog.labs(), ids=lambda info: info.id)
def test_no_lab_holds_words_of_the_template(info):
    assert list(lint._template_words(info)) == []


def test_too_few_exercises_and_questions_are_refused():
    lab = catalog.find("start").exercises().lab
    assert list(lint._counts(lab)) == [
        "exercises: 1; a lab has 2 to 4",
        "questions in the quiz: 1; a lab has 4 to 6",
    ]


def test_a_planned_concept_names_the_line_to_change(new_lab):
    found = "\n".join(lint.source_problems(source.read(new_lab)))
    place = re.search(r"write done in labs_lib/course/concepts.csv, line (\d+)", found)
    lines = (catalog.HERE / "concepts.csv").read_text(encoding="utf-8").splitlines()
    assert ",platform/graph," in lines[int(place[1]) - 1]


def png(draw):
    figure, axes = plt.subplots()
    axes.set_axis_off()
    if draw:
        axes.plot([0, 1])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()


def executed(*outputs, count=1, tags=()):
    cell = v4.new_code_cell("1", execution_count=count, outputs=list(outputs))
    cell.metadata["tags"] = list(tags)
    return v4.new_notebook(cells=[v4.new_markdown_cell("text"), cell])


@pytest.mark.parametrize(
    ("notebook", "message"),
    [
        (executed(count=None), "cell 2: not executed: there is nothing to compare with"),
        (executed(tags=["nbval-check-output"]), "checked, but without an output"),
        (
            executed(v4.new_output("stream", name="stderr", text="Warning")),
            "writes to stderr: Warning",
        ),
        (
            executed(v4.new_output("error", ename="E", evalue="x", traceback=[])),
            "raises E: x",
        ),
        (
            executed(v4.new_output("stream", name="stdout", text=f"in {ROOT}")),
            "an absolute path",
        ),
        (
            executed(v4.new_output("stream", name="stdout", text="/home/me/a")),
            "an absolute path",
        ),
        (
            executed(
                v4.new_output("display_data", data={"text/html": "estimator sk-container"})
            ),
            "estimator's HTML",
        ),
        *(
            (executed(v4.new_output("stream", name="stdout", text=f"a {words} b")), words)
            for words in ("LABS_MODE", "No guess yet", "You made no guess")
        ),
        (
            executed(v4.new_output("display_data", data={"image/png": png(draw=False)})),
            "a blank figure",
        ),
    ],
)
def test_a_bad_output_is_caught(notebook, message):
    assert message in "\n".join(lint.output_problems(notebook))


def answered(*texts, code="lab.ex1.check(answer)"):
    outputs = [v4.new_output("execute_result", data={"text/plain": t}) for t in texts]
    notebook = executed(*outputs)
    notebook.cells[1].source = code
    return notebook


@pytest.mark.parametrize("status", ["wrong", "error", "not attempted"])
def test_a_solution_that_does_not_pass_its_own_check(status):
    found = lint.output_problems(answered(f"Exercise 1, a title: {status}: Look again."))
    assert (
        f"cell 2: the solution does not pass its own check: Exercise 1, a title: {status}"
        in (found[0])
    )


def test_a_check_that_shows_nothing():
    assert "shows no answer" in lint.output_problems(answered())[0]
    twice = answered("Exercise 1, a: passed: x", code="lab.ex1.check(1)\nlab.ex2.check(2)")
    assert "shows no answer" in lint.output_problems(twice)[0]


def test_a_check_that_passes():
    assert lint.output_problems(answered("Exercise 1, a title: passed: Well.")) == []


def test_a_good_output_is_clean():
    figure = v4.new_output("display_data", data={"image/png": png(draw=True)})
    assert lint.output_problems(executed(figure)) == []


def test_trials_and_facts_have_limits_of_their_own(tiny, edit):
    edit("# %%\nfrom labs", '# %% tags=["trial"]\nfrom labs')
    edit("share = 0.25", "share = 0.25\n" * 26)
    edit("lab.facts", "share + 0\n" * 26 + "lab.facts")
    assert problems(tiny) == ""


def test_an_exercise_left_solved_in_the_learner_notebook_is_caught(tiny):
    page = source.read(tiny)
    learner = build.learner_notebook(page)
    assert lint.learner_problems(page, learner) == []
    solved = build.solution_notebook(page)
    assert "left solved" in "\n".join(lint.learner_problems(page, solved))
    learner.cells[1].outputs = [v4.new_output("stream", text="x")]
    assert "an output in the learner notebook" in "\n".join(
        lint.learner_problems(page, learner)
    )


def test_a_link_that_leads_nowhere_is_caught(tmp_path):
    file = tmp_path / "a.ipynb"
    (tmp_path / "b.md").write_text("")
    text = "[b](b.md#part) [web](https://x.y) [here](#x) [c](c.md)"
    assert lint.link_problems(file, text) == ["a.ipynb: the link c.md leads nowhere"]
