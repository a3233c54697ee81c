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
    monkeypatch.setattr(catalog, "routes", lambda: [("Day", [labs[1], labs[0], labs[3]])])
    monkeypatch.setattr(catalog, "pages", lambda: [tiny])
    figures = {"start": Measured(seconds=12, peak_mb=640, cores=2, python="3.11")}
    monkeypatch.setattr(measured, "load", lambda: figures)
    return figures


def test_labs_fill_the_time_in_their_order():
    labs = [lab("a", 60), lab("b", 100), lab("c", 30)]
    chosen = run_sheet.fitting(labs, 90)
    assert [info.id for info in chosen] == ["train/a", "train/c"]
    assert run_sheet.fitting(labs, 20) == []


def test_times_routes_and_planned_labs(small_course):
    text = run_sheet.render()
    assert "| start | 10 | 12 s | 640 MB | 2 cores, Python 3.11 |" in text
    assert "| 90 minutes | start, train/a, train/c | 85 |" in text
    assert "| Half a day | start, train/b, train/a, train/c | 185 |" in text
    assert "Planned, and not in these routes yet: train/later." in text


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
