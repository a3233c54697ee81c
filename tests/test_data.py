"""Loading: typed tables, checked files, messages that say how to mend; the data cards."""

import re
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from labs_lib import data, files, payments, schema

CARDS = (data.FOLDER / "README.md").read_text(encoding="utf-8")
NAMES = sorted(data.checksums())

LOADERS = {
    "payments.parquet": data.load_payments,
    "payments_truth.parquet": data.load_payments_truth,
    "payments_events.csv": data.load_payments_events,
    "causes.parquet": data.load_causes,
    "causes_correlated.parquet": lambda: data.load_causes(correlated=True),
    "credit_default.parquet": data.load_credit_default,
    "adult_income_1994.parquet": data.load_adult_income,
    "nass_cds_crashes.parquet": data.load_crashes,
    "nyc_flights_2013_sample20.parquet": data.load_flights,
    "king_county_houses.parquet": data.load_houses,
    "jane_austen_paragraphs.parquet": data.load_novels,
    "digits_base.npz": data.load_digits_base,
    "fodors.parquet": data.load_restaurants,
    "zagats.parquet": data.load_restaurants,
    "matches_fodors_zagats.parquet": data.load_restaurants,
    "fashion_mnist_5k.npz": data.load_fashion,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the data folder that a test may spoil."""
    for name in (*NAMES, data.SUMS):
        shutil.copy(data.FOLDER / name, tmp_path)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    data._checked.cache_clear()
    yield tmp_path
    data._checked.cache_clear()


def spoil(path):
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_shipped_world_is_the_simulated_one():
    world = payments.simulate()
    assert data.load_payments().equals(world.transactions)
    assert data.load_payments_truth().equals(world.truth)
    assert data.load_payments_events().equals(world.events)
    pd.testing.assert_series_equal(data.load_payments().dtypes, world.transactions.dtypes)


@pytest.mark.parametrize("correlated", [False, True])
def test_the_shipped_causes_are_the_simulated_ones(correlated):
    loaded = data.load_causes(correlated=correlated)
    drawn = payments.causes(correlated=correlated)
    assert all(a.equals(b) for a, b in zip(loaded, drawn, strict=True))


def test_types_are_what_a_learner_expects():
    payments_table = data.load_payments()
    assert payments_table["time"].dtype == payments_table["label_known_at"].dtype
    assert payments_table["time"].dtype.kind == "M"
    for column in ("channel", "merchant_category", "age_band"):
        assert isinstance(payments_table[column].dtype, pd.CategoricalDtype)
    assert tuple(payments_table["channel"].cat.categories) == schema.CHANNELS
    assert payments_table["age_band"].cat.ordered
    # Cents and tenths come back exactly.
    tenths = payments_table["distance_km"].dropna() * 10
    assert (abs(tenths - tenths.round()) < 1e-6).all()


def test_a_loaded_table_may_be_changed_without_changing_the_next():
    first = data.load_payments()
    first.loc[0, "amount_cents"] = -1
    assert data.load_payments()["amount_cents"].min() > 0


def test_credit_default_is_as_its_card_says():
    credit = data.load_credit_default()
    assert credit.shape == (30_000, 25)
    assert credit["DEFAULT"].mean() == pytest.approx(0.221, abs=0.0005)
    assert credit["EDUCATION"].isin([0, 5, 6]).sum() == 345
    assert (credit["MARRIAGE"] == 0).sum() == 54
    assert credit.drop(columns="ID").duplicated().sum() == 35
    assert all(np.issubdtype(dtype, np.integer) for dtype in credit.dtypes)


def stored_table(path):
    """What a file holds, as a table: of images, a row each."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".csv":
        return pd.read_csv(path)
    parts = np.load(path)
    images = np.concatenate([parts[n] for n in parts if n.startswith("x")])
    return pd.DataFrame(images.reshape(len(images), -1))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_a_loader_and_a_true_card(name):
    table = LOADERS[name]()
    table = table[0] if isinstance(table, tuple) else table
    assert len(table) > 0
    card = CARDS.split(f"## `{name}`\n")[1].split("\n##")[0]
    assert files.sha256(data.FOLDER / name) in card
    if name == data.DIGITS_BASE:  # arrays, not a table
        assert f"| {len(table)} arrays |" in CARDS
        assert all(f"`{part}`" in card for part in table)
        return
    size = re.search(rf"`{name}`.*\| ([\d,]+) x (\d+)(?: each)? \|", CARDS)
    stored = stored_table(data.FOLDER / name)
    assert (f"{stored.shape[0]:,}", str(stored.shape[1])) == size.groups()
    if name not in data.SIMULATED:
        for word in ("Source", "Licence", "Attribution", "Changed", "Known faults"):
            assert f"{word}:" in card, word
    columns = stored.column_names if name.endswith(".parquet") else list(stored)
    if name.endswith(".npz"):
        columns = list(np.load(data.FOLDER / name))
    described = (
        card if not name.startswith("causes") else CARDS.split("# The table of known")[1]
    )
    assert [c for c in columns if f"`{c}`" not in described] == []


def test_images_are_as_the_card_says():
    images, labels = data.load_fashion()
    assert images.dtype == np.uint8
    assert images.shape == (5_000, 28, 28)
    assert np.bincount(labels).tolist() == [500] * len(data.FASHION)
    assert len(np.unique(images.reshape(5_000, -1), axis=0)) == 5_000
    assert np.median(images[:, 0, 0]) == 0


def test_the_world_is_small_on_disk():
    size = sum((data.FOLDER / n).stat().st_size for n in data.SIMULATED if "payments" in n)
    assert size < 12_000_000


def test_stored_payments_are_integers():
    for name in data.SIMULATED:
        if name.endswith(".parquet"):
            types = {str(t) for t in pq.read_schema(data.FOLDER / name).types}
            assert types <= {"int8", "int16", "int32"}, name


def test_causes_of_fraud_in_the_card_are_those_of_the_world():
    truth = data.load_payments_truth()
    quiet = payments.month(data.load_payments()) <= 5
    shares = truth["scenario"][quiet & (truth["fraud"] == 1)].value_counts(normalize=True)
    for scenario in schema.SCENARIOS[1:-1]:
        assert re.search(
            rf"\| `{scenario}` \|.*\| {100 * shares[scenario]:.0f} % \|", CARDS
        )


def test_all_is_well():
    assert data.verify() == []


def test_a_missing_simulated_file_is_mended_by_rebuild(folder):
    (folder / "payments.parquet").unlink()
    message = "data/payments.parquet is missing. Get it back with: labs data rebuild"
    with pytest.raises(FileNotFoundError, match=message):
        data.load_payments()
    assert data.verify() == [message]


def test_a_missing_real_file_comes_back_from_the_repository(folder):
    (folder / "credit_default.parquet").unlink()
    with pytest.raises(
        FileNotFoundError, match="git checkout -- data/credit_default.parquet"
    ):
        data.load_credit_default()


def test_a_damaged_file_shows_both_checksums(folder):
    expected = files.sha256(folder / "payments_truth.parquet")
    spoil(folder / "payments_truth.parquet")
    actual = files.sha256(folder / "payments_truth.parquet")
    message = f"damaged: its SHA-256 is {actual}, expected {expected}.*labs data rebuild"
    with pytest.raises(ValueError, match=message):
        data.load_payments_truth()
    assert len(data.verify()) == 1


def test_a_file_is_checked_once_a_process_and_again_after_a_failure(folder, monkeypatch):
    calls = []
    monkeypatch.setattr(
        files, "sha256", lambda path, real=files.sha256: calls.append(path) or real(path)
    )
    data.load_causes()
    data.load_causes()
    assert len(calls) == 1
    good = (folder / "credit_default.parquet").read_bytes()
    spoil(folder / "credit_default.parquet")
    with pytest.raises(ValueError, match="damaged"):
        data.load_credit_default()
    (folder / "credit_default.parquet").write_bytes(good)
    assert len(data.load_credit_default()) == 30_000


def test_a_missing_or_broken_list_of_checksums_is_named(folder):
    (folder / data.SUMS).write_text("abc payments.parquet\n", encoding="utf-8")
    with pytest.raises(ValueError, match="SHA256SUMS has the line 'abc payments.parquet'"):
        data.load_payments()
    (folder / data.SUMS).write_text("", encoding="utf-8")
    with pytest.raises(
        ValueError, match="payments.parquet is not listed in data/SHA256SUMS"
    ):
        data.load_payments()
    (folder / data.SUMS).unlink()
    with pytest.raises(FileNotFoundError, match="git checkout -- data/SHA256SUMS"):
        data.load_payments()
    assert data.verify() == [
        "data/SHA256SUMS is missing. Get it back with: git checkout -- data/SHA256SUMS"
    ]
