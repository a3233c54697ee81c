"""Patterns against the guide's examples."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.platform.errors import Refusal
from labs_lib.platform.event_patterns import check, has_wildcard, matches

# One line an operator of the guide: pattern, an event that matches, one that does not.
EXAMPLES = [
    ({"source": ["a", "b"]}, {"source": "b"}, {"source": "c"}),
    ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y"}, {"a": "x", "b": "z"}),
    ({"detail": {"state": ["on"]}}, {"detail": {"state": "on"}}, {"detail": {"state": 1}}),
    ({"time": [{"prefix": "2017-10-02"}]}, {"time": "2017-10-02T18"}, {"time": "2017-10-03"}),
    (
        {"s": [{"prefix": {"equals-ignore-case": "EventB"}}]},
        {"s": "eventbridge"},
        {"s": "xeventb"},
    ),
    ({"f": [{"suffix": ".png"}]}, {"f": "a.png"}, {"f": "a.PNG"}),
    ({"f": [{"suffix": {"equals-ignore-case": ".png"}}]}, {"f": "a.PNG"}, {"f": "png"}),
    ({"d": [{"equals-ignore-case": "alice"}]}, {"d": "ALICE"}, {"d": "alic"}),
    ({"s": [{"anything-but": "off"}]}, {"s": "on"}, {"s": "off"}),
    ({"s": [{"anything-but": ["off", "over"]}]}, {"s": "on"}, {"s": "over"}),
    ({"n": [{"anything-but": [100, 200]}]}, {"n": 300}, {"n": 100}),
    ({"s": [{"anything-but": {"prefix": "init"}}]}, {"s": "on"}, {"s": "initial"}),
    ({"s": [{"anything-but": {"suffix": [".a", ".b"]}}]}, {"s": "x.c"}, {"s": "x.b"}),
    ({"s": [{"anything-but": {"wildcard": "*/lib/*"}}]}, {"s": "/src/a"}, {"s": "/lib/a"}),
    ({"s": [{"anything-but": {"equals-ignore-case": "off"}}]}, {"s": "on"}, {"s": "OFF"}),
    ({"n": [{"numeric": ["=", 301.8]}]}, {"n": 301.8}, {"n": "301.8"}),
    ({"n": [{"numeric": [">", 0, "<=", 5]}]}, {"n": 5}, {"n": 0}),
    ({"n": [{"numeric": ["<", -1e9]}]}, {"n": -2e9}, {"n": True}),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.9"}, {"ip": "10.0.1.0"}),
    ({"ip": [{"cidr": "2001:db8::/32"}]}, {"ip": "2001:db8::1"}, {"ip": "x"}),
    ({"a": [{"exists": True}]}, {"a": None}, {"b": 1}),
    ({"a": [{"exists": True}]}, {"a": 0}, {"a": {"inner": 1}}),
    ({"a": [{"exists": False}]}, {"b": 1}, {"a": ""}),
    ({"a": {"b": [{"exists": False}]}}, {}, {"a": {"b": 1}}),
    ({"p": [{"wildcard": "dir/*.png"}]}, {"p": "dir/x/y.png"}, {"p": "dir/.jpg"}),
    ({"p": [{"wildcard": "a*a"}]}, {"p": "aa"}, {"p": "a"}),
    ({"p": [{"wildcard": r"a\*b\\"}]}, {"p": "a*b\\"}, {"p": "axb\\"}),
    (
        {"$or": [{"a": [1]}, {"b": [{"numeric": ["<", 10]}]}]},
        {"a": 2, "b": 5},
        {"a": 2, "b": 10},
    ),
    ({"d": {"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}}, {"d": {"b": 2, "c": 3}}, {"d": {"b": 2}}),
    ({"a": [None]}, {"a": None}, {}),
    ({"a": [""]}, {"a": ""}, {"a": None}),
    # Lists: one element of the event suffices.
    ({"r": ["x", "y"]}, {"r": ["z", "y"]}, {"r": ["z"]}),
    ({"r": [{"prefix": "arn:"}]}, {"r": [1, "arn:a"]}, {"r": []}),
    ({"l": {"n": [1]}}, {"l": [{"n": 2}, {"n": 1}]}, {"l": [{"n": 2}]}),
    # A number is no text, 300 is not 300.0, and true is not 1.
    ({"n": [300]}, {"n": 300}, {"n": 300.0}),
    ({"n": [1]}, {"n": 1}, {"n": True}),
    ({"n": ["1"]}, {"n": "1"}, {"n": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "taken", "left"), EXAMPLES)
def test_operators_of_the_guide(pattern, taken, left):
    check(pattern)
    assert matches(pattern, taken)
    assert not matches(pattern, left)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_wildcards_are_those_of_the_shell(pattern, text):
    import fnmatch

    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    rule = {"x": [{"wildcard": pattern}]}
    assert matches(rule, {"x": text}) == fnmatch.fnmatchcase(text, pattern)


LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))


@given(st.dictionaries(st.sampled_from("abc"), LEAF, min_size=1))
def test_an_event_is_taken_by_its_own_values(event):
    assert matches({name: [value] for name, value in event.items()}, event)


@given(LEAF, LEAF)
def test_anything_but_is_the_opposite_of_equality(wanted, found):
    if wanted is None:
        return
    same = matches({"a": [wanted]}, {"a": found})
    assert matches({"a": [{"anything-but": wanted}]}, {"a": found}) is not same


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        [],
        "x",
        {"a": "x"},
        {"a": []},
        {"a": {}},
        {"a": [["x"]]},
        {"a": [{"prefix": "x", "suffix": "y"}]},
        {"a": [{"like": "x"}]},
        {"a": [{"prefix": 1}]},
        {"a": [{"numeric": [">"]}]},
        {"a": [{"numeric": ["!", 1]}]},
        {"a": [{"numeric": [">", True]}]},
        {"a": [{"exists": "yes"}]},
        {"a": [{"cidr": "10.0.0.0/99"}]},
        {"a": [{"wildcard": "a**"}]},
        {"a": [{"anything-but": {"numeric": [">", 1]}}]},
        {"a": [{"anything-but": []}]},
        {"$or": [{"a": [1]}]},
        {"$or": {"a": [1]}},
    ],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(Refusal) as caught:
        check(pattern)
    assert caught.value.code == "InvalidEventPatternException"


def test_numbers_are_compared_as_doubles():
    pattern = {"n": [{"numeric": ["=", 2**53]}]}
    assert matches(pattern, {"n": 2**53})
    assert not matches(pattern, {"n": 2**53 - 1})
    # Beyond 2^53 two whole numbers may be one.
    assert matches(pattern, {"n": 2**53 + 1})
    assert matches({"n": [{"numeric": [">", 1e300]}]}, {"n": 10**400})


def test_of_a_key_that_comes_twice_the_last_counts():
    pattern = json.loads('{"source": ["a"], "source": ["b"]}')
    assert matches(pattern, {"source": "b"})
    assert not matches(pattern, {"source": "a"})


def test_where_a_wildcard_stands():
    assert has_wildcard({"$or": [{"a": [1]}, {"b": [{"anything-but": {"wildcard": "*"}}]}]})
    assert not has_wildcard({"a": ["wildcard", {"prefix": "x"}]})
