from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course import facts
from labs_lib.course.facts import Fact, FactTable


@dataclass
class Interval:
    mean: float = 0.1234
    low: float = -0.0001
    high: float = 0.2
    verdict: str = "no difference shown"


def table(digits=2, tolerance=0.01, **values):
    return FactTable(values, digits=digits, tolerance=tolerance)


def texts(shown):
    return {name: row.text for name, row in shown.rows.items()}


def test_each_kind_of_value():
    shown = table(
        x=0.125,
        n=12_345,
        word="higher",
        yes=True,
        no=np.bool_(False),
        own=Fact(1234.5, digits=0, tolerance=10),
        d={"A − b, c": 1.0, "b": {"c": 2}},
        cost=Fact(Interval(), digits=1, tolerance=0.5),
        big=-1234.5,
        gap=Interval(),
    )
    assert texts(shown) == {
        "x": "0.12",
        "n": "12,345",
        "word": "higher",
        "yes": "yes",
        "no": "no",
        "own": "1,234",
        "d.a_b_c": "1.00",
        "d.b.c": "2",
        "cost.mean": "0.1",
        "cost.low": "0.0",
        "cost.high": "0.2",
        "cost.verdict": "no difference shown",
        "big": "-1,234",
        "gap.mean": "0.12",
        "gap.low": "0.00",
        "gap.high": "0.20",
        "gap.verdict": "no difference shown",
    }
    assert shown.rows["own"].tolerance == 10
    assert shown.rows["n"].tolerance == 0
    assert shown.rows["big"].tolerance == 12
    assert shown.rows["word"].tolerance is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1], "a | b", "a\nb"])
def test_what_is_no_fact_is_refused(value):
    with pytest.raises(ValueError, match="The fact x"):
        table(x=value)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_.]{0,8}", fullmatch=True),
        st.one_of(st.floats(-1e6, 1e6), st.integers(-(10**9), 10**9), st.booleans()),
        min_size=1,
    )
)
def test_what_is_printed_is_read_back(values):
    shown = FactTable(values, digits=3, tolerance=0.5)
    assert facts.read(repr(shown)) == shown.rows


def test_html_shows_the_same():
    assert "<code>x</code></td><td>0.12</td><td>± 0.01" in table(x=0.12)._repr_html_()


def test_a_line_that_is_no_fact():
    with pytest.raises(ValueError, match="is not a fact"):
        facts.read("x = 1")
