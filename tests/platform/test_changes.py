"""Change capture and validation: what is found, missed and invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform.changes import (
    ReplicationTask,
    RowChange,
    RowValidator,
    SourceTable,
    Statistics,
    ValidationSettings,
    kinesis_record,
    read_line,
    write_line,
)

EMPLOYEE = ("id", "last", "first", "hired", "office")
LINE = "INSERT,employee,hr,101,Smith,Bob,2014-06-04,New York"


def payments(key=("id",)):
    return SourceTable("payments", ("id", "amount"), key=key)


def row(number, amount=1.0):
    return {"id": number, "amount": amount}


def same(source, target):
    return sorted(map(repr, source)) == sorted(map(repr, target))


# Forms


@pytest.mark.parametrize("operation", ["INSERT", "I"])
def test_the_guide_s_line(operation):
    table, schema, kind, found = read_line(LINE.replace("INSERT", operation), EMPLOYEE)
    assert (table, schema, kind) == ("employee", "hr", "insert")
    assert found["office"] == "New York"
    source = SourceTable("employee", EMPLOYEE, key=("id",), schema="hr")
    assert write_line(RowChange(1, kind, found), source) == LINE


@pytest.mark.parametrize("line", ["", "PUT,employee,hr,1,a,b,c,d", "I,employee,hr,1"])
def test_lines_that_are_none(line):
    with pytest.raises(ValueError, match="expected an operation"):
        read_line(line, EMPLOYEE)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2
    )
)
def test_a_line_is_read_as_it_was_written(values):
    source = SourceTable("t", ("a", "b"))
    change = RowChange(1, "update", dict(zip("ab", values, strict=True)))
    assert read_line(write_line(change, source), "ab")[3] == change.row


def test_a_record_of_a_stream():
    source = payments()
    source.insert(row(7))
    source.update(lambda r: r["id"] == 7, {"amount": 2.0})
    key, record = kinesis_record(source.log[1], source, before_image=True)
    assert key == "7"
    assert record["data"] == {"id": 7, "amount": 2.0, "BI_id": 7, "BI_amount": 1.0}
    assert record["metadata"]["operation"] == "update"
    assert kinesis_record(source.log[0], payments(key=()))[0] == "public.payments"


# Replication


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "delete", "move", "follow", "kill"]),
        st.integers(0, 5),
        st.integers(0, 9),
    ),
    max_size=40,
)


def play(source, step, number, amount):
    there = {r["id"] for r in source.rows}
    if step == "insert" and number not in there:
        source.insert(row(number, float(amount)))
    elif step == "update":
        source.update(lambda r: r["id"] == number, {"amount": float(amount)})
    elif step == "move" and amount not in there:
        source.update(lambda r: r["id"] == number, {"id": amount})
    elif step == "delete":
        source.delete(lambda r: r["id"] == number)


@given(STEPS)
def test_at_least_once_and_by_key_is_exactly_the_source(steps):
    source, target = payments(), []
    source.insert(row(0))
    task = ReplicationTask(source, target)
    task.full_load()
    for step, number, amount in steps:
        if step in ("follow", "kill"):
            task.follow(limit=number + 1, is_killed=step == "kill")
        else:
            play(source, step, number, amount)
    task.follow()
    assert same(source.rows, target)
    assert task.checkpoint == len(source.log)


def test_without_a_key_a_resumed_task_duplicates():
    source, target = payments(), []
    task = ReplicationTask(source, target, by_key=False)
    for number in range(3):
        source.insert(row(number))
    task.follow(is_killed=True)
    assert task.follow() == 3
    assert len(target) == 6
    assert task.statistics == Statistics(inserts=6)


def test_a_load_counts_apart_from_changes():
    source, target = payments(), []
    source.insert(row(1))
    task = ReplicationTask(source, target)
    task.full_load()
    source.update(lambda r: True, {"amount": 2.0})
    source.delete(lambda r: True)
    assert (task.follow(), task.follow()) == (2, 0)
    assert task.statistics == Statistics(full_load_rows=1, updates=1, deletes=1)
    assert target == []


def test_what_is_refused():
    source = payments()
    source.insert(row(1))
    for call in (
        lambda: source.insert(row(1)),
        lambda: source.insert({"id": 1}),
        lambda: SourceTable("t", ("a",), key=("b",)),
        lambda: SourceTable("t", ("a", "a")),
        lambda: ReplicationTask(payments(key=()), []),
        lambda: ValidationSettings(partition_size=0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
    assert len(source.log) == 1


# Validation


def validator(clock=None, key=("id",), **settings):
    options = {"enabled": True} | settings
    return RowValidator(key, ValidationSettings(**options), clock or SimulatedClock())


SOURCE = [row(number, number / 10) for number in range(100)]


@pytest.mark.parametrize(
    ("spoil", "failures"),
    [
        (lambda rows: rows, {}),
        (lambda rows: rows[1:], {(0,): "MISSING_TARGET"}),
        (lambda rows: [*rows, row(-1)], {(-1,): "MISSING_SOURCE"}),
        (lambda rows: [row(0, 9.9), *rows[1:]], {(0,): "RECORD_DIFF"}),
        # A rounding on the way is a false alarm.
        (lambda rows: [row(0, 1e-17), *rows[1:]], {(0,): "RECORD_DIFF"}),
        # A row that is there twice is not seen.
        (lambda rows: [rows[0], *rows], {}),
        (lambda rows: rows[::-1], {}),
    ],
)
def test_what_a_validation_finds_and_misses(spoil, failures):
    found = validator().run(SOURCE, spoil(SOURCE))
    assert found.failures == failures
    assert found.state == ("Mismatched records" if failures else "Validated")


def test_a_table_without_a_key_is_not_validated():
    assert validator(key=()).run(SOURCE, []).state == "No primary key"
    assert validator(enabled=False).run(SOURCE, []).state == "Not enabled"


def test_a_difference_that_is_mended_in_time_does_not_fail():
    clock = SimulatedClock()
    patient, strict = validator(clock, failure_delay=5), validator(clock)
    late = SOURCE[1:]
    assert strict.run(SOURCE, late).state == "Mismatched records"
    found = patient.run(SOURCE, late)
    assert (found.state, found.pending) == ("Pending records", 1)
    clock.step(4 * 60)
    assert patient.run(SOURCE, SOURCE).state == "Validated"
    assert patient.run(SOURCE, late).state == "Pending records"
    clock.step(5 * 60)
    assert patient.run(SOURCE, late).state == "Mismatched records"


def test_too_many_failures_suspend_a_table():
    found = validator(table_failures=10)
    assert found.run(SOURCE, SOURCE[9:]).state == "Mismatched records"
    assert found.run(SOURCE, SOURCE[10:]).state == "Suspended records"
    assert found.run(SOURCE, SOURCE).state == "Suspended records"


@pytest.mark.parametrize(("size", "partitions"), [(10_000, 1), (100, 1), (99, 2), (1, 100)])
def test_rows_are_read_in_partitions(size, partitions):
    assert validator(partition_size=size).run(SOURCE, SOURCE).partitions == partitions


ROWS = st.dictionaries(st.integers(0, 9), st.integers(0, 2), max_size=8)


@given(ROWS, ROWS)
def test_a_validation_finds_each_difference_once(source, target):
    left = [row(number, amount) for number, amount in source.items()]
    right = [row(number, amount) for number, amount in target.items()]
    found = validator().run(left, right).failures
    expected = {
        number for number in source | target if source.get(number) != target.get(number)
    }
    assert {key[0] for key in found} == expected
