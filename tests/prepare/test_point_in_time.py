"""A join as of two times, held against a rule of a few lines, pandas and DuckDB."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.prepare.point_in_time import join, positions

TIMES = st.integers(0, 6)
RECORDS = st.lists(st.tuples(st.sampled_from("abc"), TIMES, TIMES, TIMES, st.booleans()))
QUESTIONS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-1, 8)), min_size=1)
COLUMNS = ["card", "event_time", "write_time", "invoked", "is_deleted"]
ALL = {
    "entity": "card",
    "at": "time",
    "invocation_time": "invoked",
    "deleted": "is_deleted",
}


def tables(records, questions):
    store = pd.DataFrame(records, columns=COLUMNS)
    for name in COLUMNS[1:4]:
        store[name] = store[name].astype(int)
    store["is_deleted"] = store["is_deleted"].astype(bool)
    return pd.DataFrame(questions, columns=["card", "time"]), store


def by_the_rule(card, time, records, *, written, invoked, deleted):
    """Look at every record; the newest that was known decides."""
    best = None
    for row, (owner, event, write, call, gone) in enumerate(records):
        if owner != card or event > time or (written and write > time):
            continue
        order = (event, call if invoked else 0, write if written else 0, row)
        if best is None or order > best[0]:
            best = (order, gone)
    return -1 if best is None or (deleted and best[1]) else best[0][3]


@given(
    records=RECORDS,
    questions=QUESTIONS,
    written=st.booleans(),
    invoked=st.booleans(),
    deleted=st.booleans(),
)
def test_it_is_the_rule(records, questions, written, invoked, deleted):
    asked, store = tables(records, questions)
    options = {
        "write_time": "write_time" if written else None,
        "invocation_time": "invoked" if invoked else None,
        "deleted": "is_deleted" if deleted else None,
    }
    found = positions(asked, store, entity="card", at="time", **options)
    rule = {"written": written, "invoked": invoked, "deleted": deleted}
    assert found.tolist() == [by_the_rule(*q, records, **rule) for q in questions]


SQL = """
select place, number from (
    select place, number, is_deleted, row_number() over (
        partition by place
        order by event_time desc, invoked desc, write_time desc, number desc
    ) as nth
    from asked join store on asked.card = store.card
        and event_time <= time and write_time <= time
) where nth = 1 and not is_deleted
"""


@given(records=RECORDS, questions=QUESTIONS)
def test_it_is_the_query_of_the_guide(records, questions):
    asked, store = tables(records, questions)
    with duckdb.connect() as database:
        database.register("asked", asked.assign(place=range(len(asked))))
        database.register("store", store.assign(number=range(len(store))))
        answers = dict(database.execute(SQL).fetchall())
    found = positions(asked, store, **ALL)
    assert found.tolist() == [answers.get(place, -1) for place in range(len(asked))]


def many(n_records, n_questions, *, seed, zipf=False):
    rng = np.random.default_rng(seed)
    start = np.datetime64("2025-01-01", "s")

    def owners(n):
        return rng.zipf(1.3, n) % 1_000 if zipf else rng.integers(0, 1_000, n)

    event = rng.integers(0, 10**6, n_records)
    store = pd.DataFrame(
        {
            "card": owners(n_records),
            "event_time": start + event,
            "write_time": start + event + rng.integers(0, 10**5, n_records),
            "value": rng.random(n_records),
        }
    )
    asked = {
        "card": owners(n_questions),
        "time": start + rng.integers(0, 10**6, n_questions),
    }
    return pd.DataFrame(asked), store


@pytest.mark.parametrize("zipf", [False, True])
def test_one_time_is_merge_asof(zipf):
    asked, store = many(20_000, 5_000, seed=0, zipf=zipf)
    found = join(asked, store, entity="card", at="time", write_time=None)
    left = asked.reset_index().sort_values("time", kind="stable")
    right = store.sort_values("event_time", kind="stable")
    peer = pd.merge_asof(left, right, left_on="time", right_on="event_time", by="card")
    peer = peer.set_index("index").sort_index()
    pd.testing.assert_series_equal(
        found["value"], peer["value"], check_names=False, check_index=False
    )


@pytest.mark.parametrize("zipf", [False, True])
def test_two_times_are_a_running_maximum_of_what_was_written(zipf):
    # If nothing is written before it happens, only the write time has to be looked at.
    asked, store = many(20_000, 5_000, seed=1, zipf=zipf)
    right = store.sort_values(["write_time", "event_time"], kind="stable")
    seconds = right["event_time"].astype("datetime64[s]").astype("int64")
    right["newest"] = seconds.groupby(right["card"]).cummax()
    left = asked.reset_index().sort_values("time", kind="stable")
    peer = pd.merge_asof(left, right, left_on="time", right_on="write_time", by="card")
    found = join(asked, store, entity="card", at="time")["event_time"]
    expected = pd.to_datetime(peer.set_index("index").sort_index()["newest"], unit="s")
    assert found.isna().equals(expected.isna())
    assert (found.dropna().to_numpy() == expected.dropna().to_numpy()).all()


def test_the_order_of_rows_does_not_matter():
    asked, store = many(3_000, 500, seed=2)
    shuffled = store.sample(frac=1, random_state=0)
    one = join(asked, store, entity="card", at="time")
    pd.testing.assert_frame_equal(one, join(asked, shuffled, entity="card", at="time"))


def test_answers_keep_index_and_columns():
    store = pd.DataFrame({"card": ["a"], "event_time": [1], "write_time": [3], "x": [7]})
    asked = pd.DataFrame({"card": ["b", "a", "a"], "time": [9, 2, 3]}, index=[5, 5, 1])
    found = join(asked, store, entity="card", at="time")
    assert list(found.columns) == ["event_time", "write_time", "x"]
    assert found.index.tolist() == [5, 5, 1]
    assert found["x"].isna().tolist() == [True, True, False]


def test_units_and_zones_of_dates_are_compared_as_moments():
    store = pd.DataFrame(
        {
            "card": ["a"],
            "event_time": pd.to_datetime(["2025-01-01 00:00:00.5"]),
            "write_time": pd.to_datetime(["2025-01-01 01:00:00.5+01:00"]),
        }
    )
    times = np.array(["2025-01-01T00:00:00", "2025-01-01T00:00:01"], "datetime64[s]")
    asked = pd.DataFrame({"card": ["a", "a"], "time": times})
    assert positions(asked, store, entity="card", at="time").tolist() == [-1, 0]


def test_nothing_gives_nothing():
    asked, store = tables([("a", 1, 1, 1, False)], [("a", 1)])
    assert positions(asked, store[:0], **ALL).tolist() == [-1]
    assert positions(asked[:0], store, **ALL).tolist() == []
    assert join(asked, store[:0], **ALL).shape == (1, 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"card": None}, "'card'\\] is missing in 1 of 1 rows"),
        ({"event_time": np.nan}, "'event_time'\\] is missing"),
        ({"event_time": "2025-01-01"}, "expected numbers or dates; pd.to_datetime"),
        ({"event_time": pd.Timestamp("2025-01-01")}, "dates in both or numbers in both"),
        ({"write_time": True}, "expected numbers or dates"),
        ({"is_deleted": "no"}, "other values than True and False"),
        ({"card": 1}, "convert one with astype"),
    ],
)
def test_what_is_refused(change, said):
    asked, store = tables([("a", 1, 1, 1, False)], [("a", 1)])
    with pytest.raises(ValueError, match=said):
        positions(asked, store.assign(**change), **ALL)


def test_a_column_that_is_not_there():
    asked, store = tables([("a", 1, 1, 1, False)], [("a", 1)])
    with pytest.raises(ValueError, match="records lack 'write_time'; there are 'card'"):
        positions(asked, store.drop(columns="write_time"), **ALL)
    with pytest.raises(ValueError, match="questions lack 'when'"):
        positions(asked, store, **ALL | {"at": "when"})
    twice = pd.concat([store, store[["event_time"]]], axis=1)
    with pytest.raises(ValueError, match="two columns 'event_time'"):
        positions(asked, twice, **ALL)
