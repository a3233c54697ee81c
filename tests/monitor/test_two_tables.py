import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.monitor import distances
from labs_lib.monitor.distribution import exact


def make(seed, shift=0.0, rows=3000):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(shift, 1, rows),
            "n": rng.integers(0, 9, rows),
            "c": rng.choice(["a", "b"], rows),
            "day": pd.Timestamp("2025-01-01"),
            "none": np.nan,
        }
    )


def test_every_measure_of_every_column():
    a, b = make(0), make(1, 0.5, rows=2000)
    table = monitor.drift(a, b).set_index("feature")
    assert list(table.index) == list(a.columns)
    x, y = exact(a["x"].to_numpy()), exact(b["x"].to_numpy())
    simple = distances.simple(x, y)
    row = table.loc["x"]
    assert (row["n_reference"], row["n_current"]) == (3000, 2000)
    assert row["simple"] == simple
    assert row["robust"] == distances.robust(simple, 3000, 2000)
    for measure in ("p_value", "psi", "wasserstein", "jensen_shannon"):
        assert row[measure] == getattr(distances, measure)(x, y)
    counts = [side["c"].value_counts().to_dict() for side in (a, b)]
    assert table.loc["c", "simple"] == distances.simple(*counts)
    assert np.isnan(table.loc["c", "wasserstein"])
    assert table.loc["day", "note"] == "neither numbers nor texts"
    assert table.loc["none", "note"] == "no values in the reference"
    expected = monitor.adjust(table["p_value"])
    assert table["p_adjusted"].to_numpy() == pytest.approx(expected, nan_ok=True)


def test_files_give_the_same_as_tables(tmp_path):
    a, b = make(0), make(1)
    for i, part in enumerate((a[:1000], a[1000:])):
        part.to_parquet(tmp_path / f"a{i}.parquet")
    b.to_parquet(tmp_path / "b.parquet")
    parts = [tmp_path / "a0.parquet", tmp_path / "a1.parquet"]
    found = monitor.drift(parts, tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(found, monitor.drift(a, b))
    numbers = ["x", "n", "c"]
    a[numbers].to_csv(tmp_path / "a.csv", index=False)
    found = monitor.drift(tmp_path / "a.csv", b[numbers])
    pd.testing.assert_frame_equal(found, monitor.drift(a[numbers], b[numbers]))


def test_some_measures_windows_and_correction():
    a, b = make(0), make(1, 0.1)
    some = monitor.drift(a, b, measures=["psi", "simple"])
    assert list(some.columns) == [
        "feature",
        "n_reference",
        "n_current",
        "psi",
        "simple",
        "note",
    ]
    one, many = monitor.drift(a, b), monitor.drift(a, b, windows=10)
    assert (many["p_adjusted"] >= one["p_adjusted"])[:3].all()
    weak = monitor.drift(a, b, correction="benjamini-hochberg")
    assert (weak["p_adjusted"] <= one["p_adjusted"])[:3].all()


def test_gaps_infinite_values_and_changed_types():
    a, b = make(0), make(1)
    b.loc[:9, "x"] = [np.nan] * 5 + [np.inf] * 5
    b["n"] = b["n"].astype(str)
    b["c"] = None
    table = monitor.drift(a, b).set_index("feature")
    assert table.loc["x", "n_current"] == len(b) - 10
    assert table.loc["x", "note"] == "5 infinite values were left out"
    assert table.loc["n", "simple"] < 0.1
    assert table.loc["c", "note"] == "no values in one of the tables"


@pytest.mark.parametrize(
    ("now", "options", "message"),
    [
        (pd.DataFrame({"other": [1]}), {}, "share no column"),
        (pd.DataFrame({"x": []}), {}, "current has no rows"),
        (make(1), {"measures": ["ks"]}, r"measures is \['ks'\]"),
        (make(1), {"measures": []}, r"measures is \[\]"),
        (make(1), {"windows": 0}, "windows is 0"),
    ],
)
def test_what_is_wrong(now, options, message):
    with pytest.raises(ValueError, match=message):
        monitor.drift(make(0), now, **options)
