"""The crawler: the guide's patterns and tables, the second-hand rule of 70 per cent."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.platform.crawler import (
    CatalogTable,
    apply_changes,
    compile_pattern,
    crawl,
    flex_bill,
    is_excluded,
)

DEPARTMENTS = [
    "departments/finance.json",
    "departments/market-us.json",
    "departments/market-emea.json",
    "departments/market-ap.json",
    "employees/hr.json",
    "employees/john.csv",
    "employees/jane.csv",
    "employees/juan.txt",
]


def matched(pattern, paths=DEPARTMENTS):
    return [path for path in paths if is_excluded(path, [pattern])]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("departments/**", DEPARTMENTS[:4]),
        ("departments/market*", DEPARTMENTS[1:4]),
        ("**.csv", DEPARTMENTS[5:7]),
        ("employees/*.csv", DEPARTMENTS[5:7]),
        ("*.csv", []),
    ],
)
def test_the_guide_s_folders(pattern, expected):
    assert matched(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.csv", ["a.csv", ".csv"], ["x/a.csv"]),
        ("*.*", ["a.b", "a."], ["ab"]),
        ("*.{csv,avro}", ["a.csv", "b.avro"], ["a.json"]),
        ("foo.?", ["foo.a"], ["foo.", "foo.ab", "foo./"]),
        ("myfolder/*", ["myfolder/a"], ["myfolder/a/b"]),
        ("myfolder/*/*", ["myfolder/a/b"], ["myfolder/a", "myfolder/a/b/c"]),
        ("myfolder/**", ["myfolder/a", "myfolder/a/b/c"], ["myfolder"]),
        ("myfolder**", ["myfolder", "myfolder/a/b", "myfolder2"], ["a/myfolder"]),
        ("[abc]", ["a", "b"], ["d", "ab"]),
        ("[!a-c]", ["d"], ["a", "/"]),
        ("[a-z]?", ["ab"], ["AB"]),
        (r"\*", ["*"], ["a"]),
        (r"a\{b", ["a{b"], ["ab"]),
        ("a+b.c", ["a+b.c"], ["aab.c", "a+bxc"]),
        ("[.^]", [".", "^"], ["a"]),
        (".*", [".hidden"], ["a"]),
    ],
)
def test_patterns(pattern, yes, no):
    assert matched(pattern, yes + no) == yes


def test_the_guide_s_week_of_january():
    patterns = ["2015/01/{[!0],0[8-9]}**", "2015/0[2-9]/**", "2015/1[0-2]/**"]
    days = [date(2015, 1, 1) + timedelta(days=day) for day in range(365)]
    files = [f"{day:%Y/%m/%d}/log.json" for day in days]
    assert [path for path in files if not is_excluded(path, patterns)] == files[:7]


@pytest.mark.parametrize("pattern", ["{a,{b}}", "{a", "[a", "a\\", "[z-a]"])
def test_what_is_no_pattern(pattern):
    with pytest.raises(ValueError, match="Expected a pattern"):
        compile_pattern(pattern)


@given(st.text(st.characters(exclude_characters="*?[]{}\\,!"), min_size=1, max_size=10))
def test_a_plain_text_matches_itself_alone(text):
    assert is_excluded(text, [text])
    assert not is_excluded(text + "x", [text])
    assert is_excluded(f"x/{text}", ["**" + text])


AB, CD = {"a": "int", "b": "int"}, {"c": "int", "d": "int"}
YEARS = {"table1/year=2017/f": AB, "table1/year=2018/f": CD}


def test_the_guide_s_two_years():
    found = crawl(YEARS).tables
    assert [(t.name, t.columns) for t in found] == [("year_2017", AB), ("year_2018", CD)]
    (one,) = crawl(YEARS, combine=True).tables
    assert (one.columns, one.partitions) == (AB | CD, ("partition_0", "year"))


def mixture(*counts):
    """Return files: so many of each schema."""
    return {
        f"day/{schema}-{number}": {f"c{schema}": "int"}
        for schema, count in enumerate(counts)
        for number in range(count)
    }


@pytest.mark.parametrize(
    ("counts", "tables"),
    [
        ((8, 2), 1),
        ((7, 3), 10),
        ((71, 29), 1),
        ((70, 30), 100),
        ((96, 1, 1, 1, 1), 1),
        ((95, 1, 1, 1, 1, 1), 100),
        ((5,), 1),
    ],
)
def test_the_second_hand_rule(counts, tables):
    assert len(crawl(mixture(*counts)).tables) == tables


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.booleans())
def test_every_file_is_in_one_table(counts, combine):
    files = mixture(*counts)
    found = crawl(files, combine=combine).tables
    assert sorted(path for table in found for path in table.files) == sorted(files)
    assert len({table.name for table in found}) == len(found)
    for table in found:
        assert all(files[path].items() <= table.columns.items() for path in table.files)


def test_exclusions_open_fewer_files():
    every = crawl(mixture(8, 2))
    some = crawl(mixture(8, 2), exclusions=["day/1-*"])
    assert (every.listed, every.opened) == (10, 10)
    assert (some.listed, some.opened) == (10, 8)
    assert crawl(mixture(2), exclusions=["**"]).tables == ()


@pytest.mark.parametrize(
    ("files", "options"),
    [({"": AB}, {}), ({"/a": AB}, {}), ({"a": {}}, {}), ({"a": AB}, {"majority": 2}), ({"a": AB}, {"most_schemas": 0})],
)  # fmt: skip
def test_crawls_that_are_refused(files, options):
    with pytest.raises(ValueError, match="expected"):
        crawl(files, **options)


OLD = CatalogTable("t", "t", {"customer_id": "int", "amount": "int"})
NEW = CatalogTable("t", "t", {"customerid": "int", "amount": "double"})


def test_a_renamed_column_looks_like_two_changes():
    catalog, (difference,) = apply_changes({"t": OLD}, [NEW])
    assert difference.columns == {
        "customer_id": "removed",
        "customerid": "added",
        "amount": "type",
    }
    assert catalog == {"t": NEW}
    kept, logged = apply_changes({"t": OLD}, [NEW], update="LOG")
    assert (kept, len(logged)) == ({"t": OLD}, 1)


@pytest.mark.parametrize(
    ("delete", "left", "deprecated"),
    [("LOG", True, False), ("DELETE_FROM_DATABASE", False, False), ("DEPRECATE_IN_DATABASE", True, True)],
)  # fmt: skip
def test_a_table_that_is_gone(delete, left, deprecated):
    catalog, (difference,) = apply_changes({"t": OLD}, [], delete=delete)
    assert difference.kind == "removed"
    assert ("t" in catalog) == left
    assert left is False or catalog["t"].is_deprecated == deprecated


def test_policies_that_are_none():
    with pytest.raises(ValueError, match="expected"):
        apply_changes({}, [], update="REPLACE")
    with pytest.raises(ValueError, match="expected"):
        apply_changes({}, [], delete="DROP")


def test_a_flex_job_pays_for_the_time_of_each_worker():
    assert flex_bill([3600, 1800, 0], dpu=2, price=0.3) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="expected"):
        flex_bill([-1], dpu=1, price=1)
