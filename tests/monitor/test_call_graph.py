import numpy as np
import pytest

from labs_lib.monitor import call_graph
from labs_lib.monitor.call_graph import Traces, simulate

CALLS = {"checkout": [["features", "model"]], "features": [["history"]]}
WORK = {"checkout": [0.015], "features": [0.02], "history": [0.065], "model": [0.07]}


def random_shop(rng, size=7):
    """Return calls in sequence and at once, and work of 30 requests."""
    names = [f"s{at}" for at in range(size)]
    calls = {name: [] for name in names}
    for at in range(1, size):
        stages = calls[names[rng.integers(at)]]
        if stages and rng.random() < 0.5:
            stages[-1].append(names[at])
        else:
            stages.append([names[at]])
    return calls, {name: rng.gamma(1.0, 0.02, 30) for name in names}


def test_the_example_of_the_lesson_by_hand():
    traces = simulate(CALLS, WORK)
    assert traces.response == pytest.approx([0.1])
    expected = {"checkout": 0.1, "features": 0.085, "history": 0.065, "model": 0.07}
    assert traces.span().iloc[0].to_dict() == pytest.approx(expected)
    own = {name: seconds[0] for name, seconds in WORK.items()}
    assert traces.own().iloc[0].to_dict() == pytest.approx(own)
    assert traces.critical().iloc[0].to_dict() == pytest.approx(own | {"model": 0})
    assert traces.entry == "checkout"
    assert "1 requests" in repr(traces)


def critical_by_recursion(traces, row):
    """The same question, asked of one request by recursion."""
    found = dict.fromkeys(traces.names, 0.0)
    at = {name: n for n, name in enumerate(traces.names)}

    def walk(name, begin, now):
        kids = []
        for kid, parent in traces.parents.items():
            if parent == name:
                low = min(max(traces.start[row, at[kid]], begin), now)
                kids.append((min(max(traces.end[row, at[kid]], begin), now), low, kid))
        for stop, start, kid in sorted(kids, key=lambda k: -k[0]):
            if stop <= now:
                found[name] += now - stop
                walk(kid, start, stop)
                now = start
        found[name] += now - begin

    walk(traces.entry, traces.start[row, 0], traces.end[row, 0])
    return found


@pytest.mark.parametrize("seed", range(8))
def test_properties_of_drawn_shops(seed):
    rng = np.random.default_rng(seed)
    calls, work = random_shop(rng)
    traces = simulate(calls, work)
    own, critical = traces.own(), traces.critical()
    for name in work:
        np.testing.assert_allclose(own[name], work[name], atol=1e-12)
    np.testing.assert_allclose(critical.sum(axis=1), traces.response, atol=1e-12)
    assert (critical <= own + 1e-12).all(axis=None)
    for row in (0, 13, 29):
        expected = critical_by_recursion(traces, row)
        assert critical.iloc[row].to_dict() == pytest.approx(expected)
    # A little less work shortens the answer by that share of the time on the critical path.
    for name in work:
        less = simulate(calls, work | {name: work[name] * (1 - 1e-7)})
        slope = (traces.response - less.response) / 1e-7
        np.testing.assert_allclose(slope, critical[name], atol=1e-6)


def test_in_sequence_all_own_time_is_on_the_critical_path():
    rng = np.random.default_rng(0)
    work = {name: rng.random(20) for name in "abcd"}
    traces = simulate({"a": [["b"], ["c"]], "c": [["d"]]}, work)
    np.testing.assert_allclose(traces.own(), traces.critical(), atol=1e-12)


def test_spans_that_overlap_stick_out_or_are_missing():
    parents = {"a": None, "b": "a", "c": "a", "d": "a"}
    start = [[0, 1, 2, 8], [0, 1, np.nan, np.nan], [0, 0, 3, 3]]
    end = [[10, 5, 6, 12], [10, 4, np.nan, np.nan], [3, 3, 3, 3]]
    traces = Traces(parents, start, end)
    own = traces.own()
    # b and c cover 1 to 6 together, d counts up to the end of a.
    assert own["a"].tolist() == [3, 7, 0]
    assert own.loc[1, ["c", "d"]].tolist() == [0, 0]
    critical = traces.critical()
    assert critical.loc[0].tolist() == [2 + 2, 0, 4, 2]
    assert critical.loc[1].tolist() == [7, 3, 0, 0]
    assert critical.loc[2].sum() == 3
    assert traces.take([1]).response.tolist() == [10]


def test_a_service_alone():
    traces = simulate({}, {"a": [1.0, 2.0]})
    assert traces.own()["a"].tolist() == traces.critical()["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("calls", "work", "words"),
    [
        ({"a": [["b"], ["b"]]}, {"a": [1], "b": [1]}, "called twice"),
        ({"a": [["b"]]}, {"a": [1]}, "no work is given"),
        ({}, {"a": [1], "b": [1]}, "nobody calls"),
        ({"b": [["c"]], "c": [["b"]]}, {"a": [1], "b": [1], "c": [1]}, "circle"),
        ({"a": ["b"]}, {"a": [1], "b": [1]}, "lists of names"),
        ({"a": "b"}, {"a": [1], "b": [1]}, "lists of names"),
        ({"a": [["b"]]}, {"a": [1, 2], "b": [1]}, "shapes"),
        ({}, {"a": [-1]}, "below 0"),
        ({}, {"a": [np.nan]}, "finite"),
        ({"a": [["a"]]}, {"a": [1]}, "nobody calls"),
    ],
)
def test_bad_shops_are_refused(calls, work, words):
    with pytest.raises(ValueError, match=words):
        simulate(calls, work)


@pytest.mark.parametrize(
    ("parents", "start", "end", "words"),
    [
        ({"a": None}, [[0, 1]], [[1, 2]], "shape"),
        ({"a": None, "b": None}, [[0, 0]], [[1, 1]], "no caller"),
        ({"b": "a", "a": None}, [[0, 0]], [[1, 1]], "before its caller"),
        ({"a": None}, [[1]], [[0]], "before it starts"),
        ({"a": None}, [[np.nan]], [[np.nan]], "entry"),
        ({"a": None, "b": "a"}, [[0, 0]], [[1, np.nan]], "alone"),
    ],
)
def test_bad_traces_are_refused(parents, start, end, words):
    with pytest.raises(ValueError, match=words):
        Traces(parents, start, end)


def segment(name, id, start, end, parent=None, trace="1-00000001-000000000000000000000001"):
    found = {
        "name": name,
        "id": id,
        "trace_id": trace,
        "start_time": start,
        "end_time": end,
    }
    return found | ({"parent_id": parent} if parent else {})


def test_segments_are_read_in_any_order():
    entry = segment("a", "1" * 16, 100.0, 101.0)
    call = {"name": "b", "id": "2" * 16, "start_time": 100.2, "end_time": 100.9}
    entry["subsegments"] = [{"name": "part", "id": "4" * 16, "subsegments": [call]}]
    called = segment("b", "3" * 16, 100.25, 100.75, parent="2" * 16)
    alone = segment("a", "1" * 16, 50.0, 52.0, trace="1-00000002-000000000000000000000001")
    traces = call_graph.from_segments([called, alone, entry])
    assert dict(traces.parents) == {"a": None, "b": "a"}
    np.testing.assert_allclose(traces.response, [2, 1])
    np.testing.assert_allclose(traces.own(), [[2, 0], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([], "no segment"),
        ([segment("a", "1", 0, 1), segment("a", "2", 0, 1, "1")], "two segments"),
        ([segment("a", "1", 0, 1), segment("b", "2", 0, 1, "9")], "in no document"),
        ([segment("a", "1", 0, 1), segment("b", "2", 0, 1)], "without a parent"),
        ([{"name": "a", "id": "1", "trace_id": "t", "in_progress": True}], "in progress"),
        (
            [
                segment("a", "1", 0, 1),
                segment("b", "2", 0, 1, "1"),
                segment("c", "3", 0, 1, "1"),
                segment("a", "4", 0, 1, trace="u"),
                segment("b", "5", 0, 1, "4", trace="u"),
                segment("c", "6", 0, 1, "5", trace="u"),
            ],
            "one shape",
        ),
    ],
)
def test_bad_segments_are_refused(documents, words):
    with pytest.raises(ValueError, match=words):
        call_graph.from_segments(documents)


def test_what_runs_within_a_call():
    calls = {"a": [["b", "c"], ["d"]], "c": [["e"]], "e": [["f"]]}
    assert call_graph.below(calls, "a") == ["b", "c", "e", "f", "d"]
    assert call_graph.below(calls, "c") == ["e", "f"]
    assert call_graph.below(calls, "b") == []
