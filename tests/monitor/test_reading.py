"""One rule of reading: a baseline accepts its own data, in whichever form they come."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib import monitor
from labs_lib.monitor import reading

WORDS = ["a", "B", "007", "7", "7.0", "1e3", "NA", "None", "True", "x,y", 'q"uote', " a "]
WORDS += ["é", "", "2025-01-01", "-1", "+1", "0.10", ";", "1,5", "nan", "inf", "two\nlines"]
texts = st.sampled_from(WORDS)
whole = st.integers(-20, 20) | st.sampled_from([2**53 + 1, -(2**62), 5411])
decimals = st.floats(-1e9, 1e9).map(lambda x: x + 0.0) | st.sampled_from(
    [0.1, 1e-300, 1e16, 0.0]
)
days = st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1))


def columns_of(values, *dtypes, gaps=True):
    """A column of such values, in one of the dtypes, with gaps."""
    element = values | st.none() if gaps else values
    return st.tuples(
        st.lists(element, min_size=8, max_size=8), st.sampled_from(dtypes)
    ).map(lambda drawn: pd.Series(drawn[0], dtype=object).astype(drawn[1]))


def stamps(drawn):
    return pd.to_datetime(pd.Series(drawn), errors="raise")


columns = st.one_of(
    columns_of(whole, "Int64", "category", object),
    columns_of(st.integers(-20, 20), "int8", "int64", "float32", "float64", gaps=False),
    columns_of(st.integers(-20, 20), "Int16"),
    columns_of(decimals, "float64", "Float64", object),
    columns_of(decimals, "float32", "float64", gaps=False),
    columns_of(st.booleans(), "boolean", object),
    columns_of(st.booleans(), "bool", gaps=False),
    columns_of(texts, "str", "string", object, "category"),
    columns_of(st.one_of(whole, texts), object),
    columns_of(st.decimals(-9, 9, places=2, allow_nan=False).map(abs), object),
    columns_of(days, "datetime64[s]", object),
    st.lists(
        st.datetimes(dt.datetime(1999, 1, 1), dt.datetime(2030, 1, 1)),
        min_size=8,
        max_size=8,
    ).map(stamps),
    columns_of(
        st.integers(0, 10**6).map(lambda s: pd.Timedelta(seconds=s)), "timedelta64[s]"
    ),
)
declared = st.sampled_from([None, None, "String", "Integral", "Fractional", "Unknown"])


@st.composite
def tables(draw):
    names = ["x", "y z", "ä;b"][: draw(st.integers(1, 3))]
    frame = pd.DataFrame({name: draw(columns) for name in names})
    types = {name: draw(declared) for name in names}
    return pd.concat([frame] * 40, ignore_index=True), {k: v for k, v in types.items() if v}


def forms(frame, folder):
    """Yield a table in all forms in which it may come."""
    yield "frame", frame
    mixed = [
        name for name in frame if pd.api.types.infer_dtype(frame[name]).startswith("mixed")
    ]
    as_file = frame.astype(dict.fromkeys(mixed, str)).where(frame.notna())
    as_file.to_parquet(folder / "t.parquet")
    yield "parquet", folder / "t.parquet"
    half = len(frame) // 2
    for i, part in enumerate((as_file[:half], as_file[half:])):
        part.to_parquet(folder / f"part{i}.parquet")
    yield "two parquet files", [folder / f"part{i}.parquet" for i in range(2)]
    frame.to_csv(folder / "t.csv", index=False)
    yield "csv", folder / "t.csv"
    frame.to_csv(folder / "index.CSV")
    yield "csv with index", folder / "index.CSV"


EXAMPLES = 30

REFUSED = (
    "is declared as",
    "variance overflows",
    "has numbers with a decimal comma",
    "infinite values in",
)
"""Why data may be no baseline; each says what to do."""


@given(tables(), st.sampled_from(["Robust", "Simple"]))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_baseline_accepts_its_own_data_in_every_form(drawn, share_method):
    frame, types = drawn
    with tempfile.TemporaryDirectory() as folder:
        made = list(forms(frame, Path(folder)))
        for name, data in made:
            try:
                base = monitor.baseline(data, types=types, share_method=share_method)
            except ValueError as error:
                if not any(reason in str(error) for reason in REFUSED):
                    raise
                continue
            for other, again in made:
                found = monitor.check(again, base)
                assert found.ok, (name, other, found.violations)
            base.write(Path(folder) / "base")
            found = monitor.check(made[-1][1], monitor.read_baseline(Path(folder) / "base"))
            assert found.ok, (name, "read again", found.violations)


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def test_a_column_of_codes_keeps_its_zeros(tmp_path):
    frame = pd.DataFrame({"zip": ["00123", "04567", "89012"] * 500})
    frame.to_csv(tmp_path / "t.csv", index=False)
    base = monitor.baseline(tmp_path / "t.csv")
    assert list(base.distribution("zip")) == ["00123", "04567", "89012"]
    assert monitor.check(frame, base).ok


@pytest.mark.parametrize("odd", ["K1A", "maybe", "5,5"])
def test_one_odd_value_in_a_thousand_is_one_odd_value(tmp_path, odd):
    known = [f"0213{i % 10}" for i in range(1000)]
    base = monitor.baseline(pd.DataFrame({"c": known}))
    file = write(tmp_path / "t.csv", "\n".join(["c", *known[:-1], f'"{odd}"']) + "\n")
    found = monitor.check(file, base)
    assert found.ok
    assert found.table.loc[0, "simple"] == pytest.approx(0.001)


@pytest.mark.parametrize("types", [None, {"c": "String"}])
@pytest.mark.parametrize("place", [0, 99, 250, 399])
def test_a_column_has_one_kind_from_the_first_piece_to_the_last(
    tmp_path, monkeypatch, types, place
):
    monkeypatch.setattr(reading, "ROWS", 100)
    values = ["7"] * 400
    values[place] = "A7"
    file = write(tmp_path / "t.csv", "\n".join(["c", *values]))
    base = monitor.baseline(file, types=types)
    assert base.distribution("c") == {"7": 399, "A7": 1}


def test_the_kind_is_that_of_all_files(tmp_path):
    write(tmp_path / "1.csv", "c,n\n7,1\n8,2\n")
    write(tmp_path / "2.csv", "c,n\n007,3.5\n")
    base = monitor.baseline(tmp_path)
    assert base.types == {"c": "String", "n": "Fractional"}
    assert set(base.distribution("c")) == {"7", "8", "007"}


def test_nearly_all_numbers_is_worth_a_note(tmp_path):
    file = write(tmp_path / "t.csv", "a\n" + "1\n" * 50 + "?\n")
    (note,) = monitor.profile(file).notes
    assert "1 of 51 values are no numbers" in note
    assert monitor.baseline(file, types={"a": "Fractional"}).types == {"a": "Fractional"}


# Which files ----------------------------------------------------------------------------------


def test_a_folder_is_all_its_files_whatever_their_case(tmp_path):
    for name in ("a.csv", "B.CSV", "sub/c.Csv", "sub/deep/d.csv"):
        write(tmp_path / name, "x\n1\n")
    for name in ("._a.csv", ".hidden/e.csv", "_temporary/f.csv", "notes.txt", "g.json"):
        write(tmp_path / name, "junk,junk\n1,2\n")
    assert monitor.profile(tmp_path).rows == 4
    pd.DataFrame({"x": [1, 2]}).to_parquet(tmp_path / "h.PARQUET")
    assert monitor.profile(tmp_path).rows == 6
    assert len(monitor.drift(tmp_path, tmp_path)) == 1


def test_a_file_that_is_given_twice_is_refused(tmp_path):
    file = write(tmp_path / "a.csv", "x\n1\n")
    for twice in ([file, file], [tmp_path, file]):
        with pytest.raises(ValueError, match="given twice"):
            monitor.profile(twice)


# What a CSV file may be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", r"Row 3 has 3 fields, and the header 2: '1,2,3'"),
        ("a,b\n1\n", r"Row 2 has 1 fields, and the header 2"),
        ("a;b\n1;2\n", r"separated by ';', say csv=Csv\(separator=';'\)"),
        ("a\tb\n1\t2\n", r"separated by '\\t', say csv=Csv\(separator='\\t'\)"),
        ("a|b\n1|2\n", r"say csv=Csv\(separator='\|'\)"),
        ("a;b\n1,5;2,5\n", r"say csv=Csv\(separator=';'\)"),
        ('a\n"1,5"\n"2,25"\n', r"decimal comma: say csv=Csv\(decimal=','\)"),
        ("a,,b\n1,2,3\n", "a column without a name"),
        ("a,a\n1,2\n", "'a' more than once"),
        ("", "is empty"),
        ('a,b\n1,"2', "ends within quotes"),
    ],
)
def test_a_csv_file_that_would_be_read_wrongly(tmp_path, text, message):
    file = write(tmp_path / "t.csv", text)
    with pytest.raises(ValueError, match=message):
        monitor.baseline(file)


def test_an_encoding_that_is_another(tmp_path):
    file = write(tmp_path / "t.csv", "stadt\nKöln\n" * 1, encoding="cp1252")
    with pytest.raises(ValueError, match=r"say csv=Csv\(encoding='cp1252'\)|Say which"):
        monitor.baseline(file)
    for encoding in ("cp1252", "utf-16", "utf-8-sig", "utf-8"):
        file = write(tmp_path / "t.csv", "stadt\nKöln\n", encoding=encoding)
        base = monitor.baseline(file, csv=monitor.Csv(encoding=encoding))
        assert base.distribution("stadt") == {"Köln": 1}
    assert monitor.baseline(write(tmp_path / "b.csv", "\ufeffa\n1\n")).types == {
        "a": "Integral"
    }


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_separator_and_decimal_sign(tmp_path, separator, decimal):
    frame = pd.DataFrame(
        {"x": [1.5, -2.25, np.nan, 1e-7] * 50, "c": ["a", "1.5", "7", "b"] * 50}
    )
    file = tmp_path / "t.csv"
    frame.to_csv(file, sep=separator, decimal=decimal, index=False)
    csv = monitor.Csv(separator=separator, decimal=decimal)
    base = monitor.baseline(frame)
    assert monitor.check(file, base, csv=csv).ok
    of_file = monitor.baseline(file, csv=csv)
    assert of_file.types == base.types
    assert monitor.check(frame, of_file).ok
    table = monitor.drift(file, file, csv=csv)
    assert table["simple"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, "separator is ';;'"),
        ({"separator": ",", "decimal": ","}, "not the same"),
        ({"decimal": "'"}, 'decimal is "\'"'),
        ({"encoding": "utf-9"}, "encoding is 'utf-9'"),
    ],
)
def test_options_of_csv_that_are_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        monitor.Csv(**options)


def test_two_tables_in_two_forms_have_not_moved(tmp_path):
    frame = pd.DataFrame(
        {
            "zip": ["00123", "04567"] * 100,
            "code": ["7.0", "8.0"] * 100,
            "n": np.arange(200),
            "flag": [True, False] * 100,
            "day": pd.Timestamp("2025-01-01"),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    for pair in ((frame, tmp_path / "t.csv"), (tmp_path / "t.csv", frame)):
        table = monitor.drift(*pair).set_index("feature")
        assert table["simple"].drop("day").tolist() == [0] * 4
        assert table.loc["day", "note"] == "neither numbers nor texts"


@pytest.mark.parametrize("option", ["types", "ignore"])
def test_names_that_are_not_there(option):
    wanted = {"types": {"mmc": "String"}, "ignore": ["mmc"]}[option]
    with pytest.raises(ValueError, match=f"{option} names 'mmc'.*they have 'mcc'"):
        monitor.baseline(pd.DataFrame({"mcc": [1]}), **{option: wanted})
