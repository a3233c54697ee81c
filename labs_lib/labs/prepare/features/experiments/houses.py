"""The same techniques on real houses: King County, over repeated splits.

The models predict the logarithm of the price; R2 says how well. A house that was sold twice
counts once, so that it cannot stand on both sides. Beside the grid: what the date of sale is
worth to each model if it is left out, encoded as a whole, or split into year and month.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from labs_lib import data
from labs_lib.labs.prepare.features.shared import VARIANTS, as_codes, regressors, steps
from labs_lib.prepare.recipe import Recipe, action

REPEATS = 20
N_TRAIN, N_TEST = 5_000, 1_250

CONTINUOUS = [
    "sqft_living",
    "sqft_lot",
    "sqft_above",
    "sqft_living15",
    "sqft_lot15",
    "yr_built",
    "lat",
    "long",
]
COLUMNS = {
    "numbers": [
        *CONTINUOUS,
        "bedrooms",
        "bathrooms",
        "floors",
        "waterfront",
        "view",
        "condition",
        "grade",
        "sqft_basement",
        "yr_renovated",
    ],
    "gaps": ["yr_renovated"],
    "skewed": [name for name in CONTINUOUS if name.startswith("sqft")],
    "continuous": CONTINUOUS,
    "categories": ["zipcode"],
    "dates": {"date": ["month", "weekday"]},
}
RECIPES = tuple(dict.fromkeys(name for pair in VARIANTS.values() for name in pair))
DATES = ("left out", "whole", "split")


def inputs(houses: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs of the recipes; a house never renovated has no such year."""
    X = houses.drop(columns=["id", "price"])
    renovated = X["yr_renovated"].where(X["yr_renovated"] > 0)
    return X.assign(yr_renovated=renovated, zipcode=X["zipcode"].astype("str"))


def repeat(seed: int) -> list[dict]:
    """Split the houses at random with this seed; fit and judge every recipe and model."""
    houses = data.load_houses().drop_duplicates("id", keep="last")
    train, test = train_test_split(
        np.arange(len(houses)), train_size=N_TRAIN, test_size=N_TEST, random_state=seed
    )
    X, y = inputs(houses), np.log(houses["price"].to_numpy())
    rows = []
    for variant in RECIPES:
        frame = as_codes(X, variant, COLUMNS)
        recipe = Recipe(steps(variant, **COLUMNS)).fit(frame.iloc[train])
        parts = (recipe.transform(frame.iloc[part]) for part in (train, test))
        rows += _judge(variant, *parts, y[train], y[test])
    for how in DATES:
        rows += _judge(f"date {how}", *_dated(X, how, train, test), y[train], y[test])
    return rows


def _judge(name, Z_train, Z_test, y_train, y_test) -> list[dict]:
    rows = []
    for kind, model in regressors().items():
        model.fit(np.asarray(Z_train, dtype=float), y_train)
        value = r2_score(y_test, model.predict(np.asarray(Z_test, dtype=float)))
        rows.append({"recipe": name, "model": kind, "r2": float(value)})
    return rows


def _dated(X, how, train, test) -> tuple[np.ndarray, np.ndarray]:
    """Return the anchor's columns without any date, and the date in one of three forms."""
    recipe = Recipe(steps("anchor", **(COLUMNS | {"dates": {}, "drop": ["date"]})))
    recipe.fit(X.iloc[train])
    rest = [
        recipe.transform(X.iloc[part]).to_numpy(dtype=float) for part in (train, test)
    ]
    if how == "left out":
        return tuple(rest)
    text = pd.DataFrame({"date": X["date"].dt.strftime("%Y-%m-%d")})
    if how == "whole":
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    else:
        encoder = Recipe(SPLIT_DATE)
    encoder.fit(text.iloc[train])
    dates = [np.asarray(encoder.transform(text.iloc[part])) for part in (train, test)]
    return tuple(
        np.column_stack([a, b.astype(float)]) for a, b in zip(rest, dates, strict=True)
    )


SPLIT_DATE = [
    action("SPLIT_COLUMN_SINGLE_DELIMITER", sourceColumn="date", pattern="-", limit=2),
    *(
        action("ONE_HOT_ENCODING", sourceColumn=name, invalidHandlingStrategy="KEEP")
        for name in ("date_1", "date_2")
    ),
    *(
        action("DELETE", sourceColumn=name)
        for name in ("date", "date_1", "date_2", "date_3")
    ),
]
