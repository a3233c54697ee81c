import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from labs_lib.stats import adjust

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_a_worked_example():
    p = [0.01, 0.04, 0.03, 0.005]
    assert adjust(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust(p, method="bonferroni") == pytest.approx([0.04, 0.16, 0.12, 0.02])
    assert adjust(p, method="benjamini-hochberg") == pytest.approx([0.02, 0.04, 0.04, 0.02])


@given(p_lists)
def test_benjamini_hochberg_is_that_of_scipy(p):
    expected = false_discovery_control(p, method="bh")
    assert adjust(p, method="benjamini-hochberg") == pytest.approx(expected)


@given(p_lists, st.integers(0, 50))
def test_holm_lies_between_and_all_keep_the_order(p, more):
    tests = len(p) + more
    found = [
        adjust(p, method=m, tests=tests)
        for m in ("benjamini-hochberg", "holm", "bonferroni")
    ]
    assert (found[0] <= found[1] + 1e-12).all()
    assert (found[1] <= found[2] + 1e-12).all()
    for adjusted in found:
        assert (adjusted >= np.array(p) - 1e-12).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_windows_at_once_or_by_their_number():
    p = np.random.default_rng(0).random((24, 5))
    assert adjust(p).shape == (24, 5)
    assert adjust(p[0], method="bonferroni", tests=p.size) == pytest.approx(
        adjust(p, method="bonferroni")[0]
    )


def test_tests_that_could_not_be_done_do_not_count():
    assert adjust([0.01, np.nan, 0.02]) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert np.isnan(adjust([np.nan])).all()


@pytest.mark.parametrize(
    ("p", "options", "message"),
    [
        ([1.5], {}, "outside 0 to 1"),
        ([0.1, 0.2], {"tests": 1}, "tests is 1"),
        ([0.1], {"method": "no"}, "method is 'no'"),
    ],
)
def test_what_is_wrong(p, options, message):
    with pytest.raises(ValueError, match=message):
        adjust(p, **options)


def test_the_promise_of_each_method_over_many_windows():
    """20 features, of which 5 moved: any false alarm (Holm), share of false alarms (BH)."""
    rng = np.random.default_rng(0)
    shift = np.r_[np.full(5, 3.5), np.zeros(15)]
    p = norm.sf(rng.normal(size=(4000, 20)) + shift)
    holm = np.array([adjust(row) for row in p]) <= 0.05
    assert holm[:, 5:].any(axis=1).mean() <= 0.05 + 0.01
    bh = np.array([adjust(row, method="benjamini-hochberg") for row in p]) <= 0.05
    false = bh[:, 5:].sum(axis=1) / np.maximum(bh.sum(axis=1), 1)
    assert false.mean() <= 0.05
    assert bh[:, :5].mean() > holm[:, :5].mean()
    assert (p[:, 5:] <= 0.05).any(axis=1).mean() > 0.5, "uncorrected, most windows alarm"
