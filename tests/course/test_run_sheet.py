"""The instructor's pages are made from the course itself."""

import re

import pytest

from labs_lib.course import build, catalog, measured, run_sheet
from labs_lib.course.measured import Measured

PART = catalog.Part(id="train", number=2, title="Train")


def lab(name: str, minutes: int | None) -> catalog.LabInfo:
    return catalog.LabInfo(f"train/{name}", name.title(), PART, 10, minutes)


@pytest.fixture
def small_course(tiny, monkeypatch):
    """A course of its start page and four labs, of which one is planned."""
    labs = [lab("a", 60), lab("b", 100), lab("c", 15), lab("later", 0)]
    monkeypatch.setattr(
        catalog, "labs", lambda *, planned=False: labs if planned else labs[:3]
    )
    route = catalog.Route("A day", 360, (labs[1], labs[0]))
    monkeypatch.setattr(catalog, "routes", lambda: [route])
    monkeypatch.setattr(catalog, "pages", lambda: [tiny])
    figures = {"start": Measured(seconds=12, peak_mb=640, cores=2, python="3.11")}
    monkeypatch.setattr(measured, "load", lambda: figures)
    return figures


@pytest.fixture(scope="module")
def all_pages():
    return run_sheet.pages()


def test_times_and_routes(small_course):
    text = run_sheet.render()
    link = "[start](run_sheet/start.md)"
    assert f"| {link} | 10 | 12 s | 640 MB | 2 cores, Python 3.11 |" in text
    folder = "../notebooks/2_train"
    links = f"[train/b]({folder}/10_b.ipynb) → [train/a]({folder}/10_a.ipynb)"
    assert f"| A day | {links} | 160 |" in text
    assert "nor are the 10 minutes of the start page" in text


def test_a_lab_that_was_not_measured_says_so(small_course):
    small_course.clear()
    assert " | 10 | not measured | not measured | not measured |" in run_sheet.render()


def test_a_lab_that_was_never_built_has_a_sheet_without_measured_sentences(small_course):
    pages = run_sheet.pages()
    assert {file.name for file in pages} == {"run_sheet.md", "quiz_key.md", "start.md"}
    assert "What was measured" not in pages[run_sheet.SHEETS / "start.md"]


def test_the_key_stands_apart_and_has_each_right_option(all_pages):
    labs = catalog.pages()
    key = all_pages[run_sheet.QUIZ_KEY]
    for page in labs:
        own = key.split(f"\n## {page.id}\n")[1].split("\n## ")[0]
        questions = page.exercises().lab.quiz.questions
        named = re.findall(r"^- \*\*(\d+) (\w)\*\*: ", own, re.MULTILINE)
        assert named == [
            (str(number), letter)
            for number, question in enumerate(questions, start=1)
            for letter, option in question.options.items()
            if option.right
        ]
        text = all_pages[run_sheet.sheet_file(page)]
        assert not [o for q in questions for o in q.options.values() if o.reason in text]


def test_every_sheet_is_whole(all_pages):
    for file, text in all_pages.items():
        assert "{{" not in text, file.name
        assert "{" not in re.sub(r"`[^`]*`", "", text) or file == run_sheet.QUIZ_KEY, (
            file.name
        )
    sheet = all_pages[run_sheet.SHEETS / "prepare_split.md"]
    for part in ("The claim on trial", "The bet", "What was measured", "What to remember"):
        assert f"**{part}.**" in sheet


def test_a_build_removes_the_sheet_of_a_lab_that_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(run_sheet, "SHEETS", tmp_path)
    monkeypatch.setattr(run_sheet, "QUIZ_KEY", tmp_path / "quiz_key.md")
    made = {tmp_path / "quiz_key.md": "key\n", tmp_path / "start.md": "start\n"}
    for name in ("train_gone.md", "notes.txt"):
        (tmp_path / name).touch()
    assert run_sheet.left_over(made) == [tmp_path / "train_gone.md"]
    assert run_sheet.left_over({}) == []

    monkeypatch.setattr(build, "pages", lambda built=None: made)
    told = "train_gone.md is of no lab of the course. Run `labs build`."
    assert told in build.check([])
    assert build.build([]) == []
    assert {file.name for file in tmp_path.iterdir()} == {
        "quiz_key.md",
        "start.md",
        "notes.txt",
    }
    assert build.check([]) == []


def test_a_sheet_has_the_numbers_of_the_notebook_that_is_being_built(
    all_pages, monkeypatch
):
    info = catalog.find("prepare/split")
    monkeypatch.setattr(catalog, "pages", lambda: [info])
    text = info.solution.read_text(encoding="utf-8")
    sheet = run_sheet.sheet_file(info)
    assert "promises 0.497, and" in all_pages[sheet]
    changed = text.replace("| 0.497 | 0.002", "| 0.555 | 0.002")
    assert changed != text
    assert "promises 0.555, and" in run_sheet.pages({info.solution: changed})[sheet]


def test_rendering_twice_changes_nothing(small_course):
    assert run_sheet.pages() == run_sheet.pages()
