"""The stored base is what its command makes, and a copy of it is a copy."""

import io

import numpy as np
import pytest

from labs_lib import data
from labs_lib.train import pretrain
from labs_lib.train.network import Network


def test_the_stored_base_is_what_the_command_trains():
    assert (
        pretrain.distance(pretrain.make_base(), pretrain.load_base()) < pretrain.TOLERANCE
    )
    assert (data.FOLDER / data.DIGITS_BASE).stat().st_size < 1_000_000


def test_the_command_compares_and_writes_only_if_told(capsys, monkeypatch, tmp_path):
    assert pretrain.main([]) == 0
    assert "allowed" in capsys.readouterr().out
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    assert pretrain.main(["--write"]) == 0
    with np.load(tmp_path / data.DIGITS_BASE) as stored:
        assert set(stored.files) == {"weight0", "bias0", "weight1", "bias1"}


def test_the_command_says_when_the_stored_weights_are_others(monkeypatch):
    other = Network(pretrain.SIZES, seed=9)
    monkeypatch.setattr(pretrain, "make_base", lambda: other)
    assert pretrain.main([]) == 1


def test_the_base_reads_old_digits_that_it_has_not_seen():
    d, base = pretrain.digits(0), pretrain.load_base()
    old = d.test[d.y[d.test] < 5]
    assert np.mean(base.predict(d.X[old]) == d.y[old]) > 0.95


def test_each_load_is_a_copy_of_its_own():
    first, second = pretrain.load_base(), pretrain.load_base()
    first.weights[0][:] = 0
    assert pretrain.distance(first, second) > 0
    assert pretrain.distance(second, pretrain.load_base()) == 0


@pytest.mark.parametrize("seed", [0, 7])
def test_a_split_uses_each_row_once_and_each_digit_everywhere(seed):
    d = pretrain.digits(seed)
    parts = d.train, d.valid, d.test
    assert sorted(np.concatenate(parts)) == list(range(len(d.y)))
    assert [len(part) for part in parts] == [1078, 359, 360]
    assert d.X.min() == 0
    assert d.X.max() == 1
    for part in parts:
        counts = np.bincount(d.y[part], minlength=10)
        assert counts.max() <= 1.1 * counts.min() + 2
    assert not np.array_equal(pretrain.digits(seed + 1).train, d.train)


def test_packing_keeps_each_weight_and_is_the_same_to_the_byte():
    network = Network((3, 2, 4), seed=1)
    content = pretrain.packed(network)
    assert content == pretrain.packed(network)
    with np.load(io.BytesIO(content)) as stored:
        kept = [stored[n] for n in ("weight0", "bias0", "weight1", "bias1")]
    assert all(np.array_equal(a, b) for a, b in zip(kept, network.parameters, strict=True))


def test_fit_learns_and_the_seed_decides():
    d = pretrain.digits(0)
    rows = d.train[d.y[d.train] < 5][:100]
    a, b, c = (pretrain.fit(d.X[rows], d.y[rows], seed=s) for s in (1, 1, [1, 2]))
    assert pretrain.distance(a, b) == 0
    assert pretrain.distance(a, c) > 0
    assert np.mean(a.predict(d.X[rows]) == d.y[rows]) > 0.9


@pytest.mark.parametrize("labels", [[0, 5], [-1, 0], []])
def test_a_label_without_an_output_is_refused(labels):
    with pytest.raises(ValueError, match="5 outputs, numbered from 0"):
        pretrain.fit(np.zeros((len(labels), 64)), np.array(labels, dtype=int))
