"""The same question on credit defaults: sex and youth as facets, repeated splits."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.prepare.bias.shared import judge, strategies

REPEATS = 20
N_TRAIN, N_TEST = 24_000, 6_000
FACETS = {"SEX": "man", "AGE": "young"}


def repeat(seed: int) -> list[dict]:
    """Split the customers at random with this seed; fit and judge every strategy."""
    X, y, facets = customers()
    train, test = train_test_split(
        np.arange(len(y)), train_size=N_TRAIN, stratify=y, random_state=seed
    )
    rows = []
    for column, disfavoured in FACETS.items():
        facet = facets[column]
        ways = strategies("XGBoost", X, y, train, facet=facet, column=column)
        for name, decision in ways:
            found = judge(y[test], decision[test], facet.iloc[test], disfavoured)
            rows += [
                {"facet": disfavoured, "strategy": name, "measure": m, "value": v}
                for m, v in found.items()
            ]
    return rows


def customers() -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return the inputs, the label (1 pays back) and the facets: sex, and youth (to 25)."""
    table = data.load_credit_default()
    facets = pd.DataFrame(
        {
            "SEX": np.where(table["SEX"] == 1, "man", "woman"),
            "AGE": np.where(table["AGE"] <= 25, "young", "older"),
        }
    )
    X = table.drop(columns=["ID", "DEFAULT"])
    return X, 1 - table["DEFAULT"].to_numpy(), facets
