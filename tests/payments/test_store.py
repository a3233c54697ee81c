"""Rebuilding the shipped files, bit for bit or not at all."""

import platform
import shutil
import sys

import pytest

from labs_lib import data, files
from labs_lib.payments import risk, store
from labs_lib.payments.causes import draw_causes

# The values are the same everywhere; the bytes were compared on this platform only.
same_bytes = pytest.mark.skipif(
    not (sys.platform == "linux" and platform.machine() == "x86_64"),
    reason="Parquet files are compared byte for byte on x86-64 Linux only",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in (*data.checksums(), data.SUMS):
        shutil.copy(data.FOLDER / name, tmp_path)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def built():
    return store.build()


def snapshot(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@same_bytes
def test_shipped_files_equal_rebuilt_ones_in_bytes(built):
    assert set(built) == set(data.SIMULATED)
    for name, content in built.items():
        assert (data.FOLDER / name).read_bytes() == content, name


@same_bytes
def test_missing_and_damaged_files_come_back(folder):
    before = snapshot(folder)
    (folder / "payments.parquet").unlink()
    (folder / "causes.parquet").write_bytes(b"damaged")
    assert len(data.verify()) == 2
    assert store.rebuild() == []
    assert snapshot(folder) == before


@same_bytes
def test_a_missing_real_file_is_still_reported(folder):
    (folder / "credit_default.parquet").unlink()
    problems = store.rebuild()
    assert problems == [
        "data/credit_default.parquet is missing. Get it back with: "
        "git checkout -- data/credit_default.parquet"
    ]


@same_bytes
def test_another_world_is_refused_and_nothing_is_changed(folder, monkeypatch):
    before = snapshot(folder)
    monkeypatch.setattr(risk, "STOLEN_RATE", 0.1)
    problems = store.rebuild()
    assert len(problems) == 2
    assert (
        "data/payments.parquet as rebuilt differs from data/SHA256SUMS (other"
        in problems[0]
    )
    assert "is_fraud" in problems[0]
    assert "other values in fraud, scenario, probability)" in problems[1]
    assert snapshot(folder) == before


@same_bytes
def test_the_message_says_how_a_table_differs(folder, built):
    truth = built["payments_truth.parquet"]
    assert store._how("payments_truth.parquet", truth) == "equal values, other bytes"
    assert "columns ['transaction_id', 'time'" in store._how("payments.parquet", truth)
    assert store._how("causes.parquet", built["causes_correlated.parquet"]).startswith(
        "other values in amount_cents, amount_local, channel"
    )
    short = store._parquet({name: column[:10] for name, column in draw_causes().items()})
    assert store._how("causes.parquet", short) == "50000 rows in the folder, 10 rebuilt"
    (folder / "causes.parquet").unlink()
    assert store._how("causes.parquet", truth) == "no readable table to compare with"


@same_bytes
def test_without_a_list_of_checksums_nothing_is_written(folder):
    (folder / data.SUMS).unlink()
    (folder / "payments.parquet").unlink()
    assert store.rebuild() == [
        "data/SHA256SUMS is missing. Get it back with: git checkout -- data/SHA256SUMS"
    ]
    assert not (folder / "payments.parquet").exists()


def test_update_accepts_a_new_world_and_lists_every_file(folder, monkeypatch):
    monkeypatch.setattr(risk, "STOLEN_RATE", 0.1)
    old = data.checksums()
    assert store.rebuild(update=True) == []
    new = data.checksums()
    assert set(new) == set(old)
    assert new["payments.parquet"] != old["payments.parquet"]
    assert new["credit_default.parquet"] == old["credit_default.parquet"]
    assert new == {name: files.sha256(folder / name) for name in new}


def test_building_twice_gives_the_same_bytes(built):
    assert store.build() == built
