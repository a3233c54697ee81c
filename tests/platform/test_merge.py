"""The Redshift guide's MERGE examples (r_MERGE), run by DuckDB, which stands in for a warehouse."""

import duckdb
import pytest

MERGE = """
merge into target using source on target.id = source.id
when matched then update set name = source.name
when not matched then insert values (source.id, source.name)
"""


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        for table in ("target", "source"):
            connection.execute(f"create table {table} (id integer, name varchar)")
        yield connection


def fill(connection, target, source):
    connection.executemany("insert into target values (?, ?)", target)
    connection.executemany("insert into source values (?, ?)", source)


def target_rows(connection):
    return connection.execute("select id, name from target order by id, name").fetchall()


def test_merge_updates_what_matches_and_inserts_the_rest(warehouse):
    fill(
        warehouse,
        [(101, "Bob"), (102, "John"), (103, "Susan")],
        [(102, "Tony"), (103, "Alice"), (104, "Bill")],
    )
    merged = [(101, "Bob"), (102, "Tony"), (103, "Alice"), (104, "Bill")]
    for _ in range(2):  # The same staging table a second time changes nothing.
        warehouse.execute(MERGE)
        assert target_rows(warehouse) == merged


def test_merge_refuses_a_source_with_one_key_twice_and_changes_nothing(warehouse):
    before = [(1, "Bob"), (2, "John")]
    fill(warehouse, before, [(1, "Tony"), (1, "Alice"), (3, "Bill")])
    with pytest.raises(duckdb.Error, match="same target row more than once"):
        warehouse.execute(MERGE)
    assert target_rows(warehouse) == before


def test_key_twice_in_the_source_that_matches_nothing_is_inserted_twice(warehouse):
    # The refusal protects rows of the target alone: duplicates of a new key pass.
    fill(warehouse, [(1, "Bob")], [(2, "Tony"), (2, "Alice")])
    warehouse.execute(MERGE)
    assert target_rows(warehouse) == [(1, "Bob"), (2, "Alice"), (2, "Tony")]


def test_remove_duplicates_as_delete_and_insert_in_one_transaction(warehouse):
    # DuckDB has no REMOVE DUPLICATES; these two statements give the guide's result.
    fill(
        warehouse,
        [(30, "Tony"), (30, "Daisy"), (11, "Alice"), (23, "Bill"), (23, "Nikki")],
        [(23, "David"), (22, "Clarence")],
    )
    warehouse.begin()
    warehouse.execute("delete from target using source where target.id = source.id")
    warehouse.execute("insert into target select distinct id, name from source")
    warehouse.commit()
    assert target_rows(warehouse) == [
        (11, "Alice"),
        (22, "Clarence"),
        (23, "David"),
        (30, "Daisy"),
        (30, "Tony"),
    ]
