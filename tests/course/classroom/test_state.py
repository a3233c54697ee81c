import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course.classroom import state
from labs_lib.course.progress import Record

ITEMS = {"start": {"ex1": "", "quiz1": "abcd"}, "train/fit": {"ex1": ""}}
COUNTS = st.integers(0, 20_000)
RECORDS = st.builds(
    Record,
    attempts=COUNTS,
    hints=COUNTS,
    choice=st.none() | st.sampled_from(["a", "d", "x", "higher", "secret answer"]),
    passed=st.none() | st.just("2026-01-01T00:00:00+00:00"),
    closed=st.none() | st.just("2026-01-01T00:00:00+00:00"),
)
PROGRESS = st.dictionaries(
    st.sampled_from(["start", "train/fit", "prepare/bias"]),
    st.dictionaries(st.sampled_from(["ex1", "ex9", "quiz1", "bet_rank"]), RECORDS),
)


@given(PROGRESS)
def test_what_is_sent_is_taken_and_speaks_of_the_class_alone(records):
    found = state.of(records, ITEMS)
    assert state.checked(json.loads(json.dumps(found)), ITEMS) == found
    assert set(found) <= set(ITEMS)
    for lab, of_lab in found.items():
        assert set(of_lab) <= set(ITEMS[lab])
    words = json.dumps(found)
    assert "2026" not in words
    assert "secret" not in words
    assert "higher" not in words


def test_what_is_sent():
    records = {
        "start": {
            "ex1": Record(attempts=3, hints=1),
            "quiz1": Record(attempts=2, choice="a", closed="2026"),
            "bet_x": Record(attempts=1, choice="higher"),
        },
        "train/fit": {"ex1": Record()},
    }
    assert state.of(records, ITEMS) == {
        "start": {
            "ex1": {"attempts": 3, "passed": False, "hints": 1},
            "quiz1": {"attempts": 2, "passed": False, "choice": "a", "later": True},
        }
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "expected an object"),
        ([], "expected an object"),
        ({"prepare/bias": {}}, "no lab 'prepare/bias'"),
        ({"\ud800": {}}, "no lab"),
        ({"start": 1}, "expected an object"),
        ({"start": {"ex2": {}}}, "no exercise or question 'ex2'"),
        ({"start": {"bet_x": {}}}, "no exercise or question"),
        ({"start": {"ex1": {"attempts": -1}}}, "attempts is -1"),
        ({"start": {"ex1": {"attempts": 1.0}}}, "attempts is 1.0"),
        ({"start": {"ex1": {"attempts": True}}}, "attempts is True"),
        ({"start": {"ex1": {"attempts": 10**400}}}, "attempts is 1000"),
        ({"start": {"ex1": {"hints": float("nan")}}}, "hints is nan"),
        ({"start": {"ex1": {"passed": 1}}}, "passed is 1"),
        ({"start": {"ex1": {"choice": "a"}}}, "no option 'a'"),
        ({"start": {"ex1": {"code": "x"}}}, "unknown figure 'code'"),
        ({"start": {"quiz1": {"choice": "e"}}}, "no option 'e'"),
        ({"start": {"quiz1": {"choice": "ab"}}}, "no option 'ab'"),
        ({"start": {"quiz1": {"choice": ""}}}, "no option ''"),
        ({"start": {"quiz1": {"choice": {}}}}, "no option {}"),
        ({"start": {"quiz1": {"hints": 1}}}, "unknown figure 'hints'"),
    ],
)
def test_what_is_no_state_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        state.checked(given, ITEMS)
