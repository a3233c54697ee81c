"""The cache in front of a table: the guide's two stories, and what it may and may not answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform import expressions
from labs_lib.platform.expressions import Names
from labs_lib.platform.table_cache import TableCache, TimedCache
from labs_lib.platform.table_entries import Key
from labs_lib.platform.tables import ItemWrite, KeyedTable


def made(**options):
    clock = SimulatedClock()
    table = KeyedTable("t", Key(("k",), ("score",)), {"k": "S", "score": "N"}, clock=clock)
    return clock, table, TableCache(table, clock, **options)


def item(score=1, **more):
    return {"k": {"S": "a"}, "score": {"N": str(score)}, **more}


def put(score, value="x"):
    return ItemWrite("put", item(score, value={"S": value}))


def at_least(score):
    names = Names({}, {":k": {"S": "a"}, ":s": {"N": str(score)}})
    return expressions.key_conditions("k = :k AND score >= :s", names)


def test_a_write_past_the_cache_is_seen_when_the_item_expires():
    clock, table, cache = made()
    cache.write(put(1, "old"))
    table.write(put(1, "new"))
    assert cache.get(item())[0]["value"] == {"S": "old"}
    assert cache.get(item(), consistent=True)[0]["value"] == {"S": "new"}
    assert cache.get(item())[0]["value"] == {"S": "old"}
    clock.step(299)
    assert cache.get(item())[0]["value"] == {"S": "old"}
    clock.step(1)
    assert cache.get(item())[0]["value"] == {"S": "new"}


def test_a_write_through_the_cache_does_not_touch_the_query_cache():
    clock, _, cache = made()
    cache.write(put(7))
    assert [row["score"]["N"] for row in cache.query(at_least(5)).items] == ["7"]
    cache.write(put(20))
    assert cache.get(item(20))[0] is not None
    assert len(cache.query(at_least(5)).items) == 1
    assert len(cache.query(at_least(6)).items) == 2
    assert len(cache.query(at_least(5), consistent=True).items) == 2
    clock.step(300)
    assert len(cache.query(at_least(5)).items) == 2


def test_that_there_is_no_item_is_kept_too():
    _, table, cache = made()
    assert cache.get(item())[0] is None
    table.write(put(1))
    found, consumed = cache.get(item())
    assert (found, consumed.total) == (None, 0)
    cache.write(ItemWrite("delete", item()))
    assert cache.get(item())[0] is None
    assert (cache.counts.hits, cache.counts.misses) == (2, 1)


def test_a_hit_costs_no_capacity():
    _, _, cache = made()
    cache.write(put(1))
    assert cache.get(item())[1].total == 0
    assert cache.query(at_least(0)).consumed.total == 0.5
    assert cache.query(at_least(0)).consumed.total == 0


def test_what_was_not_used_for_longest_goes():
    cache = TimedCache(SimulatedClock(), ttl=1, most=2)
    for key in "ab":
        cache.put(key, key)
    assert cache.find("a") == (True, "a")
    cache.put("c", "c")
    assert [cache.find(key)[0] for key in "abc"] == [True, False, True]


@pytest.mark.parametrize("options", [{"item_ttl": 0}, {"query_ttl": -1}, {"most": 0}])
def test_caches_that_are_none(options):
    with pytest.raises(ValueError, match="expected"):
        made(**options)


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "delete", "get", "wait"]), st.integers(0, 3)),
        max_size=40,
    )
)
def test_if_all_write_through_it_the_item_cache_is_right(steps):
    clock, table, cache = made(item_ttl=10)
    for number, (step, score) in enumerate(steps):
        if step == "put":
            cache.write(put(score, str(number)))
        elif step == "delete":
            cache.write(ItemWrite("delete", item(score)))
        elif step == "wait":
            clock.step(score * 5)
        assert cache.get(item(score))[0] == table.get(item(score))[0]
