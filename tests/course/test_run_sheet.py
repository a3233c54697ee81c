"""The instructor's page is made from the course itself."""

import pytest

from labs_lib.course import catalog, measured, run_sheet
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


def test_times_and_routes(small_course):
    text = run_sheet.render()
    assert "| start | 10 | 12 s | 640 MB | 2 cores, Python 3.11 |" in text
    folder = "../notebooks/2_train"
    links = f"[train/b]({folder}/10_b.ipynb) → [train/a]({folder}/10_a.ipynb)"
    assert f"| A day | {links} | 160 |" in text
    assert "nor are the 10 minutes of the start page" in text


def test_a_lab_that_was_not_measured_says_so(small_course):
    small_course.clear()
    assert (
        "| start | 10 | not measured | not measured | not measured |" in run_sheet.render()
    )


def test_stopping_points_and_wrong_answers_come_from_the_lab(small_course, tiny):
    text = run_sheet.render()
    assert '- after "Exercise" (exercise 1)' in text
    exercise = tiny.exercises().lab.exercises[0]
    assert f"### Exercise 1: {exercise.title}" in text
    assert "- fraud rate: That is the share of payments it gets wrong." in text
    assert "- elsewhere: Not …. Count the payments" in text
    assert "{" not in text
    assert "Quiz: 1 question(s)." in text


def test_rendering_twice_changes_nothing(small_course):
    assert run_sheet.render() == run_sheet.render()
