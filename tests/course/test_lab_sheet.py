"""A sheet is drawn from the lesson: its structure, its facts, its exercises."""

import re

import pytest

from labs_lib.course import catalog, lab_sheet, source
from labs_lib.course.source import Cell, Source

LESSON = """\
# Split: a question?

> May it?

## The situation

A colleague says: "I shuffled them all, and it is fine." And "no" is short.

## Predict

The claim: *shuffle, and [trust](../glossary.md#trust) it*. We judge it twice.

Is it higher?

- now, or
- later?

Nobody knows.

## On trial: "shuffle and trust"

It promises {{promised}}, and less comes.{{!less}} Nothing else changed.

The model knows its own rows by heart, all of them.{{!heart}} Fine.

Short.{{!heart}}

## Takeaways

- Judge [once](../glossary.md#once), at {{promised}}.{{!less}}
- Choose before.

## Sources

- A book.
"""
VALUES = {"promised": "0.5"}


@pytest.fixture
def lesson():
    info = catalog.find("start")
    title = "Split: a question?"
    guess = Cell("code", 'guess = ...  # "higher" or "lower"', (), "Predict", "2")
    return Source(info, [Cell("markdown", LESSON, (), title, "1"), guess])


def talk(lesson, values=VALUES):
    text = lab_sheet.render(lesson, values)
    return text.split("## Talking points")[1].split("\n## ")[0]


def test_the_points_are_those_of_the_lesson(lesson):
    assert talk(lesson).strip().splitlines() == [
        "- **The claim on trial.** *shuffle and trust*",
        '- **The naive way, as it is said.** "I shuffled them all, and it is fine."',
        '- **The bet.** Is it higher? - now, or - later? Options: "higher" or "lower".',
        "- **What was measured.**",
        "    - It promises 0.5, and less comes. Nothing else changed.",
        "    - The model knows its own rows by heart, all of them.",
        "- **What to remember.**",
        "    - Judge once, at 0.5.",
        "    - Choose before.",
    ]


def test_without_facts_nothing_measured_is_told(lesson):
    assert "What was measured" not in talk(lesson, None)
    assert "{{" not in talk(lesson, None)


def test_a_claim_that_no_heading_names_is_the_one_that_is_stated(lesson):
    cells = [
        Cell(c.kind, c.text.replace("On trial:", "Shown:"), c.tags, c.section, c.id)
        for c in lesson.cells
    ]
    assert "on trial.** *shuffle, and trust it*" in talk(Source(lesson.info, cells))


def test_few_words_are_measured_however_long_the_lesson(lesson):
    more = "\n\n".join(["It is higher by {{promised}} than all the others.{{!less}}"] * 50)
    long = LESSON.replace("Short.{{!heart}}", more)
    first = Cell("markdown", long, (), lesson.info.title, "1")
    told = talk(Source(lesson.info, [first])).split("What was measured.**")[1]
    words = len(told.split("- **")[0].split())
    assert words <= 1.2 * lab_sheet.MEASURED_WORDS


@pytest.mark.parametrize("info", catalog.labs(), ids=lambda info: info.id)
def test_the_minutes_of_a_lab_rise_and_its_exercises_are_stopping_points(info):
    lesson = source.read(info)
    text = lab_sheet.render(lesson, None)
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (?:exercise (\d[\d, ]*))? ?\|$", text, re.M)
    minutes = [int(minute) for minute, *_ in rows]
    assert minutes == sorted(set(minutes))
    assert minutes[0] == 0
    assert minutes[-1] < info.minutes
    stops = [n for *_, numbers in rows for n in re.findall(r"\d+", numbers)]
    exercises = info.exercises().lab.exercises
    assert stops == [exercise.name[2:] for exercise in exercises]
    for exercise in exercises:
        assert f"## Exercise {exercise.name[2:]}: {exercise.title}" in text
        for key in exercise.misconceptions:
            assert f"- **{key.replace('_', ' ')}**: " in text
        assert text.count("Hints: (1) ") == len(exercises)
