from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course import marks
from labs_lib.course.facts import Fact, FactTable


@dataclass
class Interval:
    mean: float = 0.0412
    low: float = 0.0123
    high: float = 0.0634
    verdict: str = "higher"


ROWS = FactTable(
    {
        "smote": Interval(),
        "cost": Fact({"SMOTE": Interval(-1.25, -2.0, 0.5)}, digits=1, tolerance=0.1),
        "n": 12_345,
        "holds": True,
        "fails": False,
        "word": "higher",
    },
    digits=2,
    tolerance=0.01,
).rows


def filled(text):
    return marks.fill(text, marks.values(ROWS))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("loses {{smote}} of it", "loses 0.04 (0.01 to 0.06) of it"),
        ("{{cost.smote}}", "-1.2 (-2.0 to 0.5)"),
        ("{{smote.low}}, {{ smote.verdict }}, {{n}}", "0.01, higher, 12,345"),
        ("It holds.{{!holds}} Next", "It holds. Next"),
        ("It holds. {{!holds}} Next", "It holds. Next"),
        ("It holds.\n{{!holds}}\n\nNext", "It holds.\n\nNext"),
        ("It holds{{!holds}}{{!fails}}.", "It holds."),
    ],
)
def test_a_text_is_filled(text, shown):
    assert filled(text) == shown


def test_an_interval_is_one_number():
    assert marks.numbers("by {{smote}} of {{n}}.{{!holds}}") == ["smote", "n"]
    assert marks.claims("by {{smote}} of {{n}}.{{!holds}}") == ["holds"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{nothing}}", "{{nothing}} is not among the measured facts"),
        ("True. {{!nothing}}", "{{!nothing}} is not among the measured facts"),
        ("True. {{!word}}", "the fact is 'higher'; give a boolean"),
        ("True. {{!n}}", "the fact is '12,345'; give a boolean"),
        ("True. {{!smote}}", "{{!smote}} is not among"),
        ("No method wins.{{!fails}}", "does not hold. Rewrite the sentence or the title"),
        ("No method wins.{{!fails}}", "'No method wins.'"),
        ("# {{!fails}}\nplots.figure(title='It wins')", "{{!fails}} is false"),
    ],
)
def test_what_the_facts_do_not_support(text, message):
    assert message in "\n".join(marks.problems(text, ROWS))


def test_what_holds_is_no_problem():
    text = "By {{smote}}.{{!holds}} {{cost.smote.mean}} {{word}}"
    assert list(marks.problems(text, ROWS)) == []


@given(
    st.lists(st.sampled_from(["One two.", "{{!holds}}", " {{!fails}}", "{{n}}", "\n\n"]))
)
def test_no_mark_survives_the_build(parts):
    text = "x" + "".join(parts)
    assert "{{" not in filled(text)
    assert filled(text).replace("12,345", "{{n}}").split() == (
        marks.without_claims(text).split()
    )


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("# {{!holds}}\nplot()", "plot()"),
        ("# {{!holds}} {{!fails}}\nplot()", "plot()"),
        ("a = 1\n    # {{!holds}}\nplot()", "a = 1\nplot()"),
        ("plot()  # {{!holds}}\nb", "plot()\nb"),
        ("plot()\n# {{!holds}}", "plot()"),
        ("plot()  # a comment", "plot()  # a comment"),
        ("f'{{{x}}}'  # {x}", "f'{{{x}}}'  # {x}"),
    ],
)
def test_comments_that_guard_figures_are_removed(code, shown):
    assert marks.without_comments(code).rstrip("\n") == shown
