import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor


def correlated(rows, correlation, seed):
    """Two features of which each is always standard normal."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, rows))
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    return pd.DataFrame({"x": x, "y": y})


def test_a_broken_correlation_that_no_single_feature_shows():
    before, now = correlated(3000, 0.8, seed=0), correlated(3000, -0.8, seed=1)
    assert (monitor.drift(before, now)["p_adjusted"] > 0.05).all()
    found = monitor.domain_classifier(before, now)
    assert found.auc > 0.8
    assert found.low > 0.5
    assert found.p_value < 1e-6
    assert set(found.importance) == {"x", "y"}
    assert (found.n_baseline, found.n_batch) == (1500, 1500)


def test_the_shifted_feature_is_named_first():
    before, now = correlated(2000, 0, seed=0), correlated(2000, 0, seed=1)
    found = monitor.domain_classifier(before, now.assign(y=now["y"] + 1))
    assert next(iter(found.importance)) == "y"


def test_p_values_hold_if_nothing_moved():
    p, covered = [], 0
    for seed in range(100):
        found = monitor.domain_classifier(
            correlated(200, 0.5, seed=2 * seed), correlated(200, 0.5, seed=2 * seed + 1)
        )
        p.append(found.p_value)
        covered += found.low <= 0.5 <= found.high
    assert (np.array(p) <= 0.05).mean() <= 0.11
    assert (np.array(p) <= 0.5).mean() > 0.3
    assert covered >= 89


def test_texts_gaps_and_empty_columns():
    rng = np.random.default_rng(0)

    def draw(share):
        c = np.where(rng.random(600) < share, "a", "b").astype(object)
        c[:20] = None
        return pd.DataFrame(
            {"c": c, "e": np.nan, "flag": rng.random(600) < 0.5, "i": np.inf}
        )

    assert monitor.domain_classifier(draw(0.5), draw(0.5)).p_value > 0.01
    assert monitor.domain_classifier(draw(0.5), draw(0.9)).auc > 0.6


def test_the_same_seed_gives_the_same_and_nothing_is_changed():
    before, now = correlated(300, 0, seed=0), correlated(300, 0.5, seed=1)
    kept = before.copy()
    one, other = (monitor.domain_classifier(before, now[["y", "x"]]) for _ in range(2))
    assert one == other
    assert before.equals(kept)


@pytest.mark.parametrize(
    ("now", "options", "message"),
    [
        (correlated(100, 0, 0).rename(columns={"y": "z"}), {}, r"columns \['y', 'z'\]"),
        (correlated(10, 0, 0), {}, "batch has 10 rows"),
        (correlated(100, 0, 0), {"confidence": 95}, "confidence is 95"),
    ],
)
def test_what_is_wrong(now, options, message):
    with pytest.raises(ValueError, match=message):
        monitor.domain_classifier(correlated(100, 0, 1), now, **options)


@pytest.mark.parametrize("column", ["code", "x"])
def test_the_kind_of_a_column_is_no_drift(column):
    def draw(seed):
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {"code": rng.integers(1, 4, 400), "x": rng.choice([0.1, 0.2, 0.3], 400)}
        )

    before, now = draw(0)[[column]], draw(1)[[column]]
    for kinds in (("float32", "float64"), (str, float), ("category", float)):
        one, other = before.astype(kinds[0]), now.astype(kinds[1])
        assert monitor.domain_classifier(one, other).p_value > 0.01
        assert monitor.domain_classifier(other, one).p_value > 0.01
