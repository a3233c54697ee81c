"""What each technique is worth to each kind of model, in independent worlds of payments.

One repeat draws a world of six months, the last of them with the festival. Recipes and models
learn from months 1 to 3. The grid is judged on months 4 and 5. Then the linear model scores
months 5 and 6 with the recipe as it was fitted, and with what is learned again from the rows to
be scored: from the whole month, or batch by batch.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from labs_lib import payments
from labs_lib.labs.prepare.features.shared import (
    VARIANTS,
    as_codes,
    classifiers,
    descend,
    steps,
    with_ones,
)
from labs_lib.prepare.recipe import Recipe

REPEATS = 25

N_TRANSACTIONS = 36_000
DAYS = 180
HONEST_A_FRAUD = 10
"""k-NN keeps every fraud of the training months and so many honest payments for each."""

DAY = 24 * 3_600
MONEY = ("amount", "amount_local", "balance", "usual_amount")

GAPS = [
    "distance_km",
    "balance",
    "amount_vs_mean_30d",
    "days_since_previous",
    "customer_mean_amount_1d",
    "customer_mean_amount_7d",
    "customer_mean_amount_30d",
    "terminal_risk_7d",
    "terminal_risk_30d",
]
CONTINUOUS = [
    "amount",
    "amount_local",
    "distance_km",
    "balance",
    "account_age_days",
    "home_x_km",
    "home_y_km",
    "usual_amount",
    "amount_vs_usual",
    "amount_vs_mean_30d",
    "days_since_previous",
    "customer_mean_amount_1d",
    "customer_mean_amount_7d",
    "customer_mean_amount_30d",
]
COUNTS = [
    "customer_count_1d",
    "customer_count_7d",
    "customer_count_30d",
    "terminal_labels_7d",
    "terminal_labels_30d",
    "terminal_risk_7d",
    "terminal_risk_30d",
]
COLUMNS = {
    "numbers": [*CONTINUOUS, *COUNTS],
    "gaps": GAPS,
    "skewed": [name for name in CONTINUOUS if not name.startswith("home")],
    "continuous": CONTINUOUS,
    "categories": ["channel", "merchant_category", "age_band"],
    "dates": {"time": ["hour", "weekday"]},
}
BATCHES = (10, 100, 1_000)
STEPWISE = "linear, 200 steps"
RECIPES = tuple(dict.fromkeys(name for pair in VARIANTS.values() for name in pair))


def inputs(transactions: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs of the recipes: the payments' features, with the time itself.

    Amounts are in currency units and gaps in days, units that a person would choose.
    `device` is left out: an identifier with 5,000 values and no effect.
    """
    X = payments.features(transactions).drop(columns=["hour", "weekday", "device"])
    X = X.rename(columns={c: c.removesuffix("_cents") for c in X})
    X = X.rename(columns={"seconds_since_previous": "days_since_previous"})
    money = [c for c in X if c in MONEY or c.startswith("customer_mean_amount")]
    text = {name: X[name].astype("str") for name in COLUMNS["categories"]}
    return X.assign(
        **text,
        **{name: X[name] / 100 for name in money},
        days_since_previous=X["days_since_previous"] / DAY,
        time=transactions["time"],
    )


def repeat(seed: int) -> list[dict]:
    """Fit and judge every recipe and model in the world of this seed."""
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS, days=DAYS, seed=seed, events=("a",)
    )
    table = world.transactions
    X, y = inputs(table), table["is_fraud"].to_numpy()
    month = payments.month(table).to_numpy()
    train, test = month <= 3, (month == 4) | (month == 5)
    kept = _kept(y[train], seed)
    rows = []
    for variant in RECIPES:
        frame = as_codes(X, variant, COLUMNS)
        recipe = Recipe(steps(variant, **COLUMNS)).fit(frame[train])
        Z, Z_test = (matrix(recipe, frame[part]) for part in (train, test))
        for name, model in classifiers().items():
            few = kept if name == "k-NN" else slice(None)
            model.fit(Z[few], y[train][few])
            value = average_precision_score(y[test], model.predict_proba(Z_test)[:, 1])
            rows.append(
                {"recipe": variant, "model": name, "months": "4, 5", "ap": value}
            )
        if variant in ("anchor", "raw units"):
            weights = descend(Z, y[train])
            value = average_precision_score(y[test], with_ones(Z_test) @ weights)
            rows.append(
                {"recipe": variant, "model": STEPWISE, "months": "4, 5", "ap": value}
            )
    return rows + _skew(X, y, month)


def _kept(y: np.ndarray, seed: int) -> np.ndarray:
    """Return the rows that k-NN keeps: prediction compares with each of them."""
    frauds, honest = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    few = np.random.default_rng(seed).permutation(honest)[
        : HONEST_A_FRAUD * len(frauds)
    ]
    return np.concatenate([frauds, few])


def matrix(recipe: Recipe, frame: pd.DataFrame) -> np.ndarray:
    """Return what a recipe makes of a frame, as float64."""
    return recipe.transform(frame).to_numpy(dtype=float)


def _skew(X, y, month) -> list[dict]:
    recipe, plain = (
        Recipe(steps(variant, **COLUMNS)).fit(X[month <= 3])
        for variant in ("anchor", "raw units")
    )
    model = classifiers()["linear"].fit(matrix(recipe, X[month <= 3]), y[month <= 3])
    rows = []
    for live in (5, 6):
        part = X[month == live]
        made = {"as fitted": recipe.transform(part), "a month": refitted(recipe, part)}
        raw = plain.transform(part)
        made |= {f"{size} rows": rescaled(raw, size) for size in BATCHES}
        for name, Z in made.items():
            score = model.predict_proba(Z.to_numpy(dtype=float))[:, 1]
            value = average_precision_score(y[month == live], score)
            rows.append(
                {"recipe": name, "model": "linear", "months": str(live), "ap": value}
            )
    return rows


def refitted(recipe: Recipe, live: pd.DataFrame) -> pd.DataFrame:
    """Do what must not be done: fit the same steps again, on the rows to be transformed.

    Columns that the model does not know are left out, those that are missing become 0.
    """
    again = Recipe(recipe.steps).fit_transform(live)
    return again.reindex(columns=recipe.get_feature_names_out(), fill_value=0)


def rescaled(raw: pd.DataFrame, size: int) -> pd.DataFrame:
    """Do it in a service: standardize each batch of `size` rows by the batch itself.

    Only means and standard deviations are learned again, and a column that is constant in
    the batch becomes 0: the recipe itself would refuse it.
    """
    numbers = [*COLUMNS["numbers"], "time_hour", "time_weekday"]
    batch = np.arange(len(raw)) // size
    groups = raw[numbers].astype(float).groupby(batch)
    mean = groups.mean().to_numpy()[batch]
    spread = groups.std(ddof=0).to_numpy()[batch]
    scaled = (raw[numbers] - mean) / np.where(spread > 0, spread, 1)
    return raw.assign(**{name: scaled[name] for name in numbers})
