"""Tables: the guide's examples, and what holds for any items and requests."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform import attribute_values as values
from labs_lib.platform import capacity, expressions, tables
from labs_lib.platform.errors import Refusal
from labs_lib.platform.expressions import Names
from labs_lib.platform.table_entries import Key, partition_of
from labs_lib.platform.table_streams import TableStream
from labs_lib.platform.tables import Condition, Index, ItemWrite, KeyedTable

KEY = Key(("card",), ("time",))
TYPES = {"card": "S", "time": "N", "merchant": "S", "amount": "N"}
BY_MERCHANT = Index(
    "by-merchant", Key(("merchant",), ("amount",)), attributes=frozenset({"note"})
)
BY_AMOUNT = Index(
    "by-amount", Key(("card",), ("amount",)), is_global=False, attributes=frozenset()
)


def n(number):
    return {"N": str(number)}


def s(text):
    return {"S": text}


def payment(card="a", time=1, **more):
    return {"card": s(card), "time": n(time), **more}


def made(clock=None, **more):
    options = {"indexes": [BY_AMOUNT, BY_MERCHANT]} | more
    return KeyedTable("payments", KEY, TYPES, clock=clock or SimulatedClock(), **options)


def condition(text, names=None, **given):
    found = Names(names or {}, {f":{name}": value for name, value in given.items()})
    return Condition(expressions.parse_condition(text), found)


def changes(text, names=None, **given):
    found = Names(names or {}, {f":{name}": value for name, value in given.items()})
    return expressions.parse_update(text), found


def put(table, item, text=None, **given):
    return table.write(ItemWrite("put", item, condition(text, **given) if text else None))


def update(table, key, text, when=None, **given):
    return table.write(ItemWrite("update", key, when, changes(text, **given)))


def keys(text, **given):
    names = Names({}, {f":{name}": value for name, value in given.items()})
    return expressions.key_conditions(text, names)


def refused(call, *arguments, **more):
    with pytest.raises(Refusal) as error:
        call(*arguments, **more)
    return error.value.code


# Values and expressions


def test_the_guide_s_item_has_23_bytes():
    assert values.item_size({"shirt-color": s("R"), "shirt-size": s("M")}) == 23


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (s("é"), 2),
        (n(0), 2),
        (n(123), 3),
        (n(-123), 4),
        (n("1e10"), 2),
        ({"B": b"123"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": [s("ab")]}, 6),
        ({"M": {"a": s("ab")}}, 7),
        ({"SS": ["a", "bc"]}, 3),
    ],
)
def test_sizes(value, size):
    values.check(value)
    assert values.size(value) == size


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"S": "a", "N": "1"},
        {"X": 1},
        {"S": 1},
        n("nan"),
        n("1" * 39),
        n("1e126"),
        n("1e-131"),
        {"SS": []},
        {"NS": ["1", "1.0"]},
        {"NULL": False},
        {"L": [n("x")]},
        {"M": {"a": {}}},
    ],
)
def test_what_is_no_value(value):
    assert refused(values.check, value) == "ValidationException"


ITEM = {
    "card": s("a"),
    "amount": n(5),
    "tags": {"SS": ["x", "y"]},
    "parts": {"L": [n(1), {"M": {"sku": s("k1")}}]},
    "status": s("open"),
    "nothing": {"NULL": True},
}


@pytest.mark.parametrize(
    ("text", "given", "holds"),
    [
        ("attribute_exists(card) AND attribute_not_exists(extra)", {}, True),
        ("attribute_exists(nothing)", {}, True),
        ("amount = :v", {"v": n("5.0")}, True),
        ("amount > :v", {"v": s("4")}, False),
        ("amount <> :v", {"v": s("5")}, True),
        (
            "amount BETWEEN :a AND :b AND NOT amount = :c",
            {"a": n(5), "b": n(6), "c": n(6)},
            True,
        ),
        ("amount IN (:a, :b)", {"a": n(1), "b": n(5)}, True),
        ("extra = :v", {"v": n(1)}, False),
        ("extra <> :v", {"v": n(1)}, True),
        ("NOT extra = :v", {"v": n(1)}, True),
        ("begins_with(#s, :v)", {"v": s("op")}, True),
        ("contains(tags, :v)", {"v": s("x")}, True),
        ("contains(#s, :v)", {"v": s("pe")}, True),
        ("contains(parts, :v)", {"v": n(1)}, True),
        ("size(tags) = :v", {"v": n(2)}, True),
        ("size(amount) > :v", {"v": n(0)}, False),
        ("parts[1].sku = :v", {"v": s("k1")}, True),
        ("parts[2] = :v", {"v": s("k1")}, False),
        ("attribute_type(parts, :v)", {"v": s("L")}, True),
        # AND binds before OR, and NOT before both.
        ("amount = :a OR amount = :b AND amount = :b", {"a": n(5), "b": n(6)}, True),
        ("(amount = :a OR amount = :b) AND amount = :b", {"a": n(5), "b": n(6)}, False),
        ("NOT amount = :b AND amount = :a", {"a": n(5), "b": n(6)}, True),
    ],
)
def test_conditions(text, given, holds):
    found = condition(text, {"#s": "status"} if "#s" in text else None, **given)
    assert expressions.holds(found.node, ITEM, found.names) == holds
    found.names.require_all_used()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "can not be empty"),
        ("amount =", "<EOF>"),
        ("amount ! :v", '"!"'),
        ("status = :v", "reserved keyword: status"),
        ("amount = :v :v", "Syntax error"),
        ("unknown(amount)", "Syntax error"),
        ("size(amount)", "<EOF>"),
        ("begins_with(amount)", "Incorrect number of operands"),
        ("attribute_exists(:v)", "requires a document path"),
        ("x = :v OR " * 300 + "x = :v", "more than 300 operators"),
        ("x" * 4097 + " = :v", "4102"),
    ],
)
def test_conditions_that_are_none(text, message):
    with pytest.raises(Refusal, match="Invalid ConditionExpression") as error:
        expressions.parse_condition(text)
    assert message in error.value.message


@given(st.text(":#abAND ORNOT()=<>[].,10", max_size=30))
def test_any_text_is_parsed_or_refused(text):
    for parse in (
        expressions.parse_condition,
        expressions.parse_update,
        expressions.parse_projection,
    ):
        try:
            found = parse(text)
        except Refusal as refusal:
            found = refusal.code
        assert found


def test_names_and_values_are_defined_and_used():
    parsed = expressions.parse_condition("#a = :a")
    for names in (Names({"#a": "x"}, {}), Names({}, {":a": n(1)})):
        assert refused(expressions.holds, parsed, ITEM, names) == "ValidationException"
    idle = Names({"#b": "x"}, {})
    assert refused(idle.require_all_used) == "ValidationException"


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("SET amount = amount + :v", {"v": n("0.1")}, {"amount": n("5.1")}),
        ("SET amount = amount - :v", {"v": n(7)}, {"amount": n(-2)}),
        ("SET a = if_not_exists(a, :v)", {"v": n(1)}, {"a": n(1)}),
        ("SET amount = if_not_exists(amount, :v)", {"v": n(1)}, {}),
        ("SET a = amount, amount = :v", {"v": n(1)}, {"a": n(5), "amount": n(1)}),
        ("SET parts = list_append(parts, :v)", {"v": {"L": [n(2)]}}, {"parts": {"L": [*ITEM["parts"]["L"], n(2)]}}),
        ("SET parts[0] = :v", {"v": n(9)}, {"parts": {"L": [n(9), ITEM["parts"]["L"][1]]}}),
        ("SET parts[7] = :v", {"v": n(9)}, {"parts": {"L": [*ITEM["parts"]["L"], n(9)]}}),
        ("SET parts[1].price = :v", {"v": n(2)}, {"parts": {"L": [n(1), {"M": {"sku": s("k1"), "price": n(2)}}]}}),
        ("REMOVE parts[0], nothing", {}, {"parts": {"L": ITEM["parts"]["L"][1:]}, "nothing": None}),
        ("ADD amount :v, tags :t", {"v": n(-5), "t": {"SS": ["y", "z"]}}, {"amount": n(0), "tags": {"SS": ["x", "y", "z"]}}),
        ("ADD extra :v", {"v": n(3)}, {"extra": n(3)}),
        ("DELETE tags :t", {"t": {"SS": ["x"]}}, {"tags": {"SS": ["y"]}}),
        ("DELETE tags :t", {"t": {"SS": ["x", "y"]}}, {"tags": None}),
    ],
)  # fmt: skip
def test_updates(text, given, expected):
    before = copy.deepcopy(ITEM)
    parsed, names = changes(text, **given)
    new, _ = expressions.update(parsed, ITEM, names)
    assert new == {k: v for k, v in (ITEM | expected).items() if v is not None}
    assert before == ITEM


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("SET a = b", {}),
        ("SET a.b = :v", {"v": n(1)}),
        ("SET a = :v, a = :v", {"v": n(1)}),
        ("SET parts = :v REMOVE parts[0]", {"v": {"L": []}}),
        ("SET a = :v SET b = :v", {"v": n(1)}),
        ("SET card = card + :v", {"v": n(1)}),
        ("ADD card :v", {"v": n(1)}),
        ("ADD a :v", {"v": s("x")}),
        ("DELETE amount :v", {"v": n(1)}),
    ],
)
def test_updates_that_are_refused(text, given):
    def run():
        parsed, names = changes(text, **given)
        expressions.update(parsed, ITEM, names)

    assert refused(run) == "ValidationException"


def test_a_projection_keeps_the_shape():
    paths = expressions.parse_projection("amount, parts[1].sku, extra")
    found = expressions.project(paths, ITEM, Names())
    assert found == {"amount": n(5), "parts": {"L": [{"M": {"sku": s("k1")}}]}}


# Units


@pytest.mark.parametrize(
    ("size", "eventual", "strong", "transactional", "write"),
    [(0, 0.5, 1, 2, 1), (1024, 0.5, 1, 2, 1), (1025, 0.5, 1, 2, 2), (4096, 0.5, 1, 2, 4), (4097, 1, 2, 4, 5)],
)  # fmt: skip
def test_units(size, eventual, strong, transactional, write):
    assert capacity.read_units(size) == eventual
    assert capacity.read_units(size, consistent=True) == strong
    assert capacity.read_units(size, transactional=True) == transactional
    assert capacity.write_units(size) == write
    assert capacity.write_units(size, transactional=True) == 2 * write


def test_the_old_formula_on_the_notes_example():
    assert capacity.partitions_by_the_old_formula(5000, 500, 50) == 5
    assert capacity.partitions_by_the_old_formula(5000, 500, 0) == 3
    with pytest.raises(ValueError, match="expected"):
        capacity.partitions_by_the_old_formula(-1, 0, 0)


def test_a_write_costs_the_larger_item_and_its_index_entries():
    table = made()
    written = put(table, payment(merchant=s("m"), amount=n(1), note=s("x" * 3000)))
    assert written.consumed.table == 3
    assert written.consumed.indexes == {"by-amount": 1, "by-merchant": 3}
    # The entry moves in the global index: one is removed, one written.
    moved = put(table, payment(merchant=s("m2"), amount=n(1)))
    assert moved.consumed.table == 3
    assert moved.consumed.indexes == {"by-merchant": 3 + 1}
    # Not in an index, and no change of one: nothing to pay there.
    assert put(table, payment("b", extra=n(1))).consumed.indexes == {}
    assert (
        put(table, payment(merchant=s("m2"), amount=n(1), extra=n(2))).consumed.indexes
        == {}
    )
    gone = table.write(ItemWrite("delete", payment()))
    assert gone.consumed.indexes == {"by-amount": 1, "by-merchant": 1}


def test_a_failed_condition_costs_too():
    clock = SimulatedClock()
    table = made(clock, writes=1, indexes=[])
    put(table, payment(), "attribute_not_exists(card)")
    clock.step(1)
    with pytest.raises(tables.ConditionFailed) as error:
        put(table, payment(), "attribute_not_exists(card)")
    assert error.value.item == payment()
    assert refused(put, table, payment("b")) == "ProvisionedThroughputExceededException"
    clock.step(1)
    put(table, payment("b"))


def test_a_filter_costs_what_it_drops():
    table = made()
    for time in range(100):
        put(table, payment("a", time, amount=n(time), note=s("x" * 1000)))
        put(table, payment("b", time))
    few = condition("amount < :v", v=n(10))
    query = table.query(keys("card = :c", c=s("a")), condition=few)
    scan = table.scan(condition=condition("amount < :v", v=n(10)))
    assert [item["time"] for item in query.items] == [n(time) for time in range(10)]
    assert sorted(map(str, query.items)) == sorted(map(str, scan.items))
    assert (query.scanned, scan.scanned) == (100, 200)
    sizes = [values.item_size(item) for item in table.items()]
    assert scan.consumed.total == capacity.read_units(sum(sizes))
    assert query.consumed.total < scan.consumed.total
    strong = table.query(keys("card = :c", c=s("a")), consistent=True)
    assert strong.consumed.total == 2 * query.consumed.total


def test_a_local_index_fetches_what_it_lacks():
    table = made()
    for time in range(3):
        put(table, payment("a", time, amount=n(9 - time), note=s("x" * 5000)))
    lean = table.query(keys("card = :c", c=s("a")), index="by-amount", consistent=True)
    assert [item["time"] for item in lean.items] == [n(2), n(1), n(0)]
    assert lean.consumed.total == 1
    whole = expressions.parse_projection("note"), Names()
    rich = table.query(
        keys("card = :c", c=s("a")), index="by-amount", consistent=True, projection=whole
    )
    assert len(rich.items[0]["note"]["S"]) == 5000
    assert rich.consumed == tables.Consumed(3 * 2, {"by-amount": 1})
    # A global index holds what it projects, and no more.
    lacking = expressions.parse_projection("extra"), Names()
    merchant = keys("merchant = :m", m=s("m"))
    assert (
        refused(table.query, merchant, index="by-merchant", projection=lacking)
        == "ValidationException"
    )
    assert (
        refused(table.query, merchant, index="by-merchant", consistent=True)
        == "ValidationException"
    )


# Rates


def granted(table, clock, seconds, per_second, card=lambda number: "a"):
    """Return the writes of 1 unit that go through."""
    done = 0
    for second in range(seconds):
        for number in range(per_second):
            try:
                put(table, payment(card(number), second * per_second + number))
                done += 1
            except Refusal:
                break
        clock.step(1)
    return done


def test_unused_capacity_is_kept_for_300_seconds():
    for idle, expected in ((0, 2), (100, 2 + 200), (10_000, 600)):
        clock = SimulatedClock()
        table = made(clock, writes=2, indexes=[])
        clock.step(idle)
        assert granted(table, clock, 1, 999) == expected


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_one_hot_key_stays_at_the_cap_of_its_partition(is_adaptive):
    clock = SimulatedClock()
    table = made(clock, writes=4000, partitions=4, is_adaptive=is_adaptive, indexes=[])
    assert granted(table, clock, 5, 1500) == 5 * 1000


def test_adaptive_capacity_lends_what_others_leave():
    found = {}
    for is_adaptive in (True, False):
        clock = SimulatedClock()
        table = made(clock, writes=400, partitions=4, is_adaptive=is_adaptive, indexes=[])
        found[is_adaptive] = granted(table, clock, 10, 1000)
    assert found == {True: 4000, False: 1000}


def test_a_starved_index_throttles_its_table():
    clock = SimulatedClock()
    slow = Index("slow", Key(("merchant",)), reads=1, writes=1)
    table = made(clock, writes=100, indexes=[slow])
    put(table, payment("a", 1, merchant=s("m")))
    assert (
        refused(put, table, payment("a", 2, merchant=s("m")))
        == "ProvisionedThroughputExceededException"
    )
    assert len(table) == 1
    put(table, payment("a", 3))


@settings(max_examples=30)
@given(
    rate=st.integers(1, 20),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), max_size=12),
)
def test_tokens_are_neither_made_nor_lost(rate, steps):
    clock = SimulatedClock()
    table = made(clock, writes=rate, indexes=[])
    level, time = float(rate), 0
    for wait, wanted in steps:
        clock.step(wait)
        level = min(300.0 * rate, level + wait * rate)
        done = 0
        for _ in range(wanted):
            time += 1
            try:
                put(table, payment("a", time))
                done += 1
            except Refusal:
                break
        assert done == min(wanted, int(level), 1000)
        level -= done


# Writers


def test_without_a_condition_an_update_is_lost_with_one_none_is():
    table = made(indexes=[])
    put(table, payment(count=n(0)))
    for _ in range(50):
        seen = [int(table.get(payment())[0]["count"]["N"]) for _ in range(2)]
        for value in seen:
            put(table, payment(count=n(value + 1)))
    assert table.get(payment())[0]["count"] == n(50)
    put(table, payment(count=n(0)))
    retries = 0
    for _ in range(50):
        waiting = [int(table.get(payment())[0]["count"]["N"]) for _ in range(2)]
        while waiting:
            value = waiting.pop(0)
            try:
                same = condition("#c = :v", {"#c": "count"}, v=n(value))
                table.write(ItemWrite("put", payment(count=n(value + 1)), same))
            except tables.ConditionFailed as failed:
                retries += 1
                waiting.append(int(failed.item["count"]["N"]))
    assert table.get(payment())[0]["count"] == n(100)
    assert retries == 50


def test_a_counter_counts_each_resend():
    table = made()
    for _ in range(3):
        update(table, payment(), "ADD visits :one", one=n(1))
    assert table.get(payment())[0]["visits"] == n(3)


def test_keys_are_not_updated_and_have_their_types():
    table = made()
    assert (
        refused(update, table, payment(), "SET card = :v", v=s("b"))
        == "ValidationException"
    )
    assert refused(put, table, {"card": s("a")}) == "ValidationException"
    assert refused(put, table, payment(time="x")) == "ValidationException"
    assert refused(put, table, payment("")) == "ValidationException"
    assert refused(put, table, payment(merchant=n(1))) == "ValidationException"
    assert refused(put, table, payment(note=s("x" * 410_000))) == "ValidationException"
    assert refused(table.get, {"card": s("a")}) == "ValidationException"
    assert len(table) == 0


# Queries


CARDS = st.sampled_from(["a", "b", "c"])
ITEMS = st.builds(
    lambda card, time, amount, merchant: payment(
        card, time, amount=n(amount), **({"merchant": s(merchant)} if merchant else {})
    ),
    CARDS,
    st.integers(-20, 20),
    st.integers(0, 5),
    st.sampled_from(["", "m", "n"]),
)


@given(
    items=st.lists(ITEMS, max_size=25),
    card=CARDS,
    sign=st.sampled_from(["=", "<", "<=", ">", ">="]),
    bound=st.integers(-21, 21),
    forward=st.booleans(),
    limit=st.integers(1, 5),
)
def test_a_query_is_a_filter_in_order_page_by_page(
    items, card, sign, bound, forward, limit
):
    table = made()
    stored = {}
    for item in items:
        put(table, item)
        stored[item["card"]["S"], int(item["time"]["N"])] = item
    test = {
        "=": int.__eq__,
        "<": int.__lt__,
        "<=": int.__le__,
        ">": int.__gt__,
        ">=": int.__ge__,
    }
    expected = [
        item
        for (of, time), item in sorted(stored.items(), reverse=not forward)
        if of == card and test[sign](time, bound)
    ]
    found, start = [], None
    while True:
        page = table.query(
            conditions_of(card, sign, bound),
            forward=forward,
            limit=limit,
            start=start,
        )
        assert page.scanned <= limit
        found += page.items
        start = page.last
        if start is None:
            break
    assert found == expected


def conditions_of(card, sign, bound):
    names = Names({"#t": "time"}, {":c": s(card), ":t": n(bound)})
    return expressions.key_conditions(f"card = :c AND #t {sign} :t", names)


def test_sort_keys_begin_with_and_lie_between():
    table = KeyedTable(
        "t", Key(("a",), ("b",)), {"a": "S", "b": "S"}, clock=SimulatedClock()
    )
    for text in ("", "x", "xy", "xyz", "y", "é", "z\U0001f600"):
        if text:
            put(table, {"a": s("1"), "b": s(text)})
    found = table.query(keys("a = :a AND begins_with(b, :b)", a=s("1"), b=s("xy"))).items
    assert [item["b"]["S"] for item in found] == ["xy", "xyz"]
    found = table.query(
        keys("a = :a AND b BETWEEN :b AND :c", a=s("1"), b=s("xy"), c=s("y"))
    ).items
    assert [item["b"]["S"] for item in found] == ["xy", "xyz", "y"]
    every = [item["b"]["S"] for item in table.query(keys("a = :a", a=s("1"))).items]
    assert every == sorted(every, key=str.encode)


@pytest.mark.parametrize(
    "text",
    ["card > :v", "amount = :v", "card = :v OR card = :v", "card = :v AND card = :v",
     "card = :v AND contains(card, :v)", ":v = card"],
)  # fmt: skip
def test_what_is_no_question_to_a_key(text):
    def run():
        made().query(keys(text, v=s("a")))

    assert refused(run) == "ValidationException"


def test_a_global_index_may_have_several_attributes_in_its_keys():
    wide = Index("wide", Key(("card", "merchant"), ("amount", "time")))
    table = made(indexes=[wide], index_lag=0)
    for time in range(4):
        put(table, payment("a", time, merchant=s("m"), amount=n(time // 2)))
    both = "card = :c AND merchant = :m"
    found = table.query(
        keys(f"{both} AND amount = :a", c=s("a"), m=s("m"), a=n(1)), index="wide"
    )
    assert [item["time"] for item in found.items] == [n(2), n(3)]
    for text in ("card = :c", f"{both} AND amount > :a AND #t = :a"):
        names = Names({"#t": "time"}, {":c": s("a"), ":m": s("m"), ":a": n(1)})
        assert (
            refused(
                lambda t=text, g=names: table.query(
                    expressions.key_conditions(t, g), index="wide"
                )
            )
            == "ValidationException"
        )


@given(st.lists(st.tuples(ITEMS, st.booleans()), max_size=30))
def test_every_index_equals_its_table_when_the_queue_is_empty(steps):
    clock = SimulatedClock()
    table = made(clock)
    for item, is_delete in steps:
        table.write(ItemWrite("delete", KEY.of(item))) if is_delete else put(table, item)
        clock.step(0.03)
    clock.step(1)
    for index in (BY_MERCHANT, BY_AMOUNT):
        kept = {*KEY.names, *index.key.names, *index.attributes}
        expected = [
            {name: value for name, value in item.items() if name in kept}
            for item in table.items()
            if all(name in item for name in index.key.names)
        ]
        found = table.scan(index=index.name).items
        assert sorted(map(repr_of, found)) == sorted(map(repr_of, expected))


def repr_of(item):
    return repr(sorted(item.items()))


def test_a_global_index_comes_later_and_sparse():
    clock = SimulatedClock()
    table = made(clock, index_lag=5)
    put(table, payment("a", 1, merchant=s("m"), amount=n(1)))
    put(table, payment("a", 2))
    merchant = keys("merchant = :m", m=s("m"))
    assert table.query(merchant, index="by-merchant").items == []
    assert table.query(keys("card = :c", c=s("a")), index="by-amount").scanned == 1
    clock.step(5)
    assert len(table.query(merchant, index="by-merchant").items) == 1
    assert table.scan(index="by-merchant").scanned == 1
    table.add_index(Index("late", Key(("merchant",))))
    assert len(table.query(merchant, index="late").items) == 1
    assert refused(table.add_index, BY_AMOUNT) == "ValidationException"


@given(st.integers(1, 8), st.integers(0, 40))
def test_segments_share_a_table(total, size):
    table = made(indexes=[])
    for number in range(size):
        put(table, payment(str(number)))
    found = [item for k in range(total) for item in table.scan(segment=(k, total)).items]
    assert sorted(map(repr_of, found)) == sorted(map(repr_of, table.items()))


def test_a_page_ends_at_a_megabyte():
    clock = SimulatedClock()
    table = made(clock, indexes=[])
    for time in range(5):
        put(table, payment("a", time, note=s("x" * 300_000)))
        clock.step(1)
    page = table.query(keys("card = :c", c=s("a")))
    assert page.scanned == 3
    rest = table.query(keys("card = :c", c=s("a")), start=page.last)
    assert (rest.scanned, rest.last) == (2, None)


def test_equal_numbers_are_one_key():
    table = KeyedTable("t", Key(("a",)), {"a": "N"}, clock=SimulatedClock())
    for text in ("1", "1.0", "1e0", "01"):
        put(table, {"a": n(text)})
    assert len(table) == 1


def test_hashes_are_shared_out_evenly():
    for total in (1, 3, 7):
        places = {partition_of(bytes([byte]) + bytes(15), total) for byte in range(256)}
        assert places == set(range(total))


# Transactions


def test_a_transaction_is_whole_or_not_at_all():
    first, second = (
        made(indexes=[]),
        KeyedTable("b", Key(("card",)), TYPES, clock=SimulatedClock()),
    )
    put(first, payment(balance=n(10)))
    enough = condition("balance >= :v", v=n(20))
    actions = [
        (second, ItemWrite("put", {"card": s("x")})),
        (
            first,
            ItemWrite(
                "update", payment(), enough, changes("SET balance = balance - :v", v=n(20))
            ),
        ),
        (
            second,
            ItemWrite("check", {"card": s("y")}, condition("attribute_not_exists(card)")),
        ),
    ]
    with pytest.raises(tables.TransactionCanceled) as error:
        tables.transact_write(actions)
    assert [code for code, _, _ in error.value.reasons] == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert error.value.reasons[1][2] == payment(balance=n(10))
    assert len(second) == 0
    update(first, payment(), "SET balance = :v", v=n(20))
    done = tables.transact_write(actions)
    assert [written.consumed.total for written in done] == [2, 2, 2]
    assert first.get(payment())[0]["balance"] == n(0)
    assert len(second) == 1
    found = tables.transact_get([(first, payment()), (second, {"card": s("?")})])
    assert [item is None for item, _ in found] == [False, True]
    assert found[0][1].total == 2


def test_transactions_that_are_refused():
    table = made(indexes=[])
    twice = [(table, ItemWrite("put", payment())), (table, ItemWrite("delete", payment()))]
    assert refused(tables.transact_write, twice) == "ValidationException"
    many = [(table, ItemWrite("put", payment(time=time))) for time in range(101)]
    assert refused(tables.transact_write, many) == "ValidationException"
    assert refused(tables.transact_write, []) == "ValidationException"
    long = [
        (table, ItemWrite("put", payment(time=t, note=s("x" * 400_000)))) for t in range(11)
    ]
    assert refused(tables.transact_write, long) == "ValidationException"
    assert len(table) == 0


# Time to live and streams


def test_items_go_when_their_time_has_come():
    clock = SimulatedClock(1000.0)
    stream = TableStream(clock, view="OLD_IMAGE", shards=1)
    table = made(clock, stream=stream, index_lag=0)
    table.set_ttl("gone")
    put(table, payment("a", 1, gone=n(1010), merchant=s("m"), amount=n(1)))
    put(table, payment("a", 2, gone=s("1010")))
    put(table, payment("a", 3, gone=n(1010)))
    put(table, payment("a", 3, gone=n(9999)))
    clock.step(10)
    assert [item["time"] for item in table.scan().items] == [n(2), n(3)]
    assert table.scan(index="by-merchant").items == []
    (*_, last) = stream.shards[0]
    assert (last.event, last.is_expiry, last.new) == ("REMOVE", True, None)


@given(st.lists(st.tuples(ITEMS, st.booleans()), max_size=30), st.integers(1, 4))
def test_the_stream_replayed_is_the_table(steps, partitions):
    clock = SimulatedClock()
    stream = TableStream(clock, view="NEW_AND_OLD_IMAGES", shards=partitions)
    table = made(clock, partitions=partitions, stream=stream)
    for item, is_delete in steps:
        table.write(ItemWrite("delete", KEY.of(item))) if is_delete else put(table, item)
    replayed, numbers = {}, []
    for shard in range(partitions):
        place = stream.iterator(shard, "TRIM_HORIZON")
        while True:
            records, place = stream.read(place, limit=3)
            if not records:
                break
            for record in records:
                numbers.append(record.sequence)
                name = repr_of(record.keys)
                assert values.equal_items(replayed.get(name), record.old)
                assert (record.event == "INSERT") == (record.old is None)
                replayed[name] = record.new
    left = [item for item in replayed.values() if item is not None]
    assert sorted(map(repr_of, left)) == sorted(map(repr_of, table.items()))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_a_write_that_changes_nothing_leaves_no_record():
    clock = SimulatedClock()
    stream = TableStream(clock, view="KEYS_ONLY", shards=1)
    table = made(clock, stream=stream)
    put(table, payment(amount=n(1)))
    put(table, payment(amount=n("1.0")))
    table.write(ItemWrite("delete", payment("z")))
    (record,) = stream.shards[0]
    assert (record.keys, record.old, record.new) == (payment(), None, None)


def test_iterators_end_and_records_go():
    clock = SimulatedClock()
    stream = TableStream(clock, view="KEYS_ONLY", shards=1)
    table = made(clock, stream=stream)
    latest = stream.iterator(0, "LATEST")
    put(table, payment())
    assert len(stream.read(latest)[0]) == 1
    first = stream.shards[0][0].sequence
    assert stream.read(stream.iterator(0, "AFTER_SEQUENCE_NUMBER", first))[0] == []
    assert len(stream.read(stream.iterator(0, "AT_SEQUENCE_NUMBER", first))[0]) == 1
    clock.step(15 * 60 + 1)
    assert refused(stream.read, latest) == "ExpiredIteratorException"
    clock.step(24 * 3600)
    put(table, payment("b"))
    assert (
        refused(stream.iterator, 0, "AT_SEQUENCE_NUMBER", first)
        == "TrimmedDataAccessException"
    )
    assert refused(stream.iterator, 1, "LATEST") == "ResourceNotFoundException"
    assert refused(stream.iterator, 0, "AT_SEQUENCE_NUMBER") == "ValidationException"


@pytest.mark.parametrize(
    "options", [{"partitions": 0}, {"reads": -1}, {"writes": float("nan")}]
)
def test_tables_that_are_none(options):
    with pytest.raises(ValueError, match="expected"):
        made(**options)
