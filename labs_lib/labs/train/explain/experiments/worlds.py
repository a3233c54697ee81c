"""Does an explanation find the true causes? Fresh draws of the table of causes as worlds.

One repeat draws both variants of the table (columns drawn on their own, and columns that
move together), fits XGBoost to each, asks every method for the importance of each column,
and holds it against the true one. Beside it: where each method misleads, how LIME changes
with its seed and its kernel, how SHAP changes with its background, and how far Kernel SHAP
is from the exact value.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import brier_score_loss

from labs_lib import payments, settings
from labs_lib.labs.train.explain.shared import (
    Boosted,
    encode,
    importances,
    permutation,
)
from labs_lib.payments.simulator import N_DEVICES
from labs_lib.train import explain
from labs_lib.train.boosted import boosted

REPEATS = 20

FIRST_SEED = 1_000
"""No world is the table that the course ships."""

N_TRAIN, N_ASKED = 8_000, 1_000

CAUSES = ("hour", "amount_cents", "customer_count_1d", "channel", "distance_km")
"""The columns with an effect."""

TWIN, AMOUNT = "amount_local", "amount_cents"

LIME_ROWS = 12

KERNEL_SAMPLES = (64, 256, 1_024, 4_096)


def repeat(seed: int) -> list[dict]:
    """Explain a model of each variant of the world of this seed."""
    rows = []
    for variant, correlated in (("independent", False), ("correlated", True)):
        drawn = payments.causes(
            n=N_TRAIN + N_ASKED, correlated=correlated, seed=FIRST_SEED + seed
        )
        X, y = filled(drawn[0]), drawn[1].to_numpy()
        seen, asked = X.iloc[:N_TRAIN], X.iloc[N_TRAIN:]
        boosted = Boosted(n_estimators=120).fit(seen, y[:N_TRAIN])
        found = importances(
            boosted,
            seen=seen,
            asked=asked,
            y_asked=y[N_TRAIN:],
            seed=seed,
            lime_rows=LIME_ROWS,
        )
        measured = [*_against_truth(drawn[0].iloc[N_TRAIN:], found, correlated)]
        measured += _agreement(found)
        measured += _reasons(boosted, drawn[0].iloc[N_TRAIN:], seen, seed)
        if correlated:
            measured += _twin(found)
        else:
            measured += _backgrounds(boosted, seen, asked, seed)
            measured += _lime(boosted, seen, asked)
            measured += _kernel(boosted, seen, asked, seed)
            measured += _device(seen, asked, y, found, seed)
        rows += [
            {"variant": variant, "measure": m, "method": k, "value": float(v)}
            for m, k, v in measured
        ]
    return rows


def filled(X: pd.DataFrame) -> pd.DataFrame:
    """Return the table with -1 where a number is missing: LIME needs it, trees allow it."""
    return X.fillna({"distance_km": -1.0, "balance_cents": -1.0})


def _against_truth(X, found, correlated):
    truths = {"rank correlation": payments.true_shapley(X).abs().mean()}
    if correlated:
        conditional = payments.conditional_shapley(X.head(300)).abs().mean()
        truths["rank correlation, conditional"] = conditional
    for method, importance in found.items():
        for name, truth in truths.items():
            yield name, method, spearmanr(truth, importance[truth.index]).statistic
        top = importance.nlargest(len(CAUSES)).index
        yield "top five", method, len(set(top) & set(CAUSES)) / len(CAUSES)
        place = importance.rank(ascending=False)["distance_km"]
        yield "place of the distance", method, place


def _agreement(found):
    """Rank correlation of two aggregations of the same SHAP values."""
    for a, b in combinations(("mean_abs", "mean_sq", "median"), 2):
        agreement = spearmanr(found[f"SHAP, {a}"], found[f"SHAP, {b}"]).statistic
        yield "agreement", f"{a} and {b}", agreement


def _reasons(boosted, X, seen, seed):
    """Of the highest scores: how often is the first reason the true one?"""
    asked = filled(X)
    highest = np.argsort(-boosted.margin(asked), kind="stable")[:LIME_ROWS]
    true = payments.true_shapley(X).iloc[highest].idxmax(axis=1)
    rows = asked.iloc[highest]
    background = seen.sample(50, random_state=seed)
    local = {
        "SHAP, path": boosted.shap_by_path(rows),
        "SHAP, background": boosted.shap_by_background(rows, background),
        "LIME": explain.lime_weights(boosted.margin, rows, data=seen, seed=seed),
    }
    for method, values in local.items():
        yield "first reason true", method, (values.idxmax(axis=1) == true).mean()


def _twin(found):
    """The twin's share of what a method gives to the amount and its twin together."""
    for method, importance in found.items():
        both = importance.clip(lower=0)[[AMOUNT, TWIN]]
        yield "share of the twin", method, both[TWIN] / both.sum()


def _backgrounds(boosted, seen, asked, seed):
    """The same payments explained against any payment, and against those of the day."""
    highest = asked.iloc[np.argsort(-boosted.margin(asked), kind="stable")[:100]]
    quiet = seen[seen["hour"].between(9, 14)]
    night = seen[(seen["hour"] <= 2) | (seen["hour"] >= 21)]
    local = {
        name: boosted.shap_by_background(highest, rows.sample(50, random_state=seed))
        for name, rows in (("any", seen), ("day", quiet), ("night", night))
    }
    for name, values in local.items():
        yield "value of the hour", name, values["hour"].mean()
    first = {name: values.idxmax(axis=1) for name, values in local.items()}
    for name in ("day", "night"):
        yield "first reason changed", name, (first[name] != first["any"]).mean()


def _lime(boosted, seen, asked):
    """Agreement over seeds, and the sign of the hour's slope, by samples and kernel."""
    for samples in (500, 5_000):
        runs = [
            explain.lime_weights(
                boosted.margin, asked.head(3), data=seen, num_samples=samples, seed=s
            ).abs()
            for s in range(4)
        ]
        tops = [run.apply(lambda r: set(r.nlargest(3).index), axis=1) for run in runs]
        shared = [
            len(a & b) / 3
            for one, other in combinations(tops, 2)
            for a, b in zip(one, other, strict=True)
        ]
        yield "same top three over seeds", f"{samples} samples", np.mean(shared)
    # Hours at which the true slope is not small.
    steep = asked[(asked["hour"] - 11.5).abs() >= 3].head(8)
    rising = (steep["hour"] > 11.5).to_numpy()
    default = 0.75 * np.sqrt(asked.shape[1])
    for name, width in (
        ("narrow", default / 4),
        ("default", default),
        ("wide", default * 8),
    ):
        options = dict(
            data=seen, kernel_width=width, num_samples=2_000, discretize=False
        )
        slopes = np.array(
            [
                explain.lime_weights(boosted.margin, steep, seed=s, **options)["hour"]
                for s in range(2)
            ]
        )
        yield "right sign of the hour", name, ((slopes > 0) == rising).mean()
        spread = slopes.std(axis=0, ddof=1).mean()
        yield "spread over seeds", name, spread / np.abs(slopes).mean()


def _kernel(boosted, seen, asked, seed):
    """Mean absolute error of Kernel SHAP against the exact value, on one-hot columns."""
    import shap

    background = encode(seen.sample(10, random_state=seed)).to_numpy()
    rows = encode(asked.head(2)).to_numpy()
    exact = shap.TreeExplainer(boosted.model, background).shap_values(rows)
    predict = lambda matrix: boosted.model.predict(matrix, output_margin=True)  # noqa: E731
    explainer = shap.KernelExplainer(predict, background)
    for kept, l1_reg in (("all columns", 0), ("ten columns", "num_features(10)")):
        for samples in KERNEL_SAMPLES:
            with explain.seeded(seed):
                values = explainer.shap_values(
                    rows, nsamples=samples, l1_reg=l1_reg, silent=True
                )
            error = np.abs(values - exact).mean() / np.abs(exact).mean()
            yield f"kernel error, {kept}", f"{samples}", error


def _device(seen, asked, y, found, seed):
    """How many true causes stand below the device, which has no effect."""
    labels = y[:N_TRAIN]
    devices = pd.CategoricalDtype(range(N_DEVICES))
    model = boosted(n_estimators=120).fit(seen.astype({"device": devices}), labels)
    gain = model.get_booster().get_score(importance_type="gain")
    forest = Forest().fit(seen, labels)
    found = found | {
        "gain, device a category": pd.Series(gain).reindex(asked.columns).fillna(0),
        "forest, impurity": forest.impurity(asked),
        "forest, permutation, log loss": permutation(
            forest.probability, asked, y[N_TRAIN:], seed
        ),
        # A forest gives probabilities of exactly 0, which the log loss punishes at will.
        "forest, permutation, Brier": permutation(
            forest.probability, asked, y[N_TRAIN:], seed, loss=brier_score_loss
        ),
    }
    for method, importance in found.items():
        below = sum(importance[cause] < importance["device"] for cause in CAUSES)
        yield "causes below the device", method, below


class Forest(Boosted):
    """A random forest, grown to the end, in place of boosted trees."""

    def __init__(self) -> None:
        self.model = RandomForestClassifier(
            40, n_jobs=settings.n_jobs(), random_state=0
        )

    def impurity(self, X: pd.DataFrame) -> pd.Series:
        """Return the mean decrease of impurity of each column, the forest's own gain."""
        values = self.model.feature_importances_[None, :]
        return self.joined(values, X.head(1)).iloc[0]
