"""Does a model become fair without the protected column? Adult income, repeated splits."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.prepare.bias.shared import judge, strategies

REPEATS = 20
N_TRAIN, N_TEST = 39_074, 9_768
PROXIES = ("relationship", "marital_status")


def repeat(seed: int) -> list[dict]:
    """Split the people at random with this seed; fit and judge every strategy."""
    X, y, people = adults()
    train, test = train_test_split(
        np.arange(len(y)), train_size=N_TRAIN, stratify=y, random_state=seed
    )
    rows = []
    for kind in ("XGBoost", "linear"):
        ways = strategies(
            kind, X, y, train, facet=people["sex"], column="sex", proxies=PROXIES
        )
        for name, decision in ways:
            found = judge(y[test], decision[test], people["sex"].iloc[test], "Female")
            rows += [
                {"model": kind, "strategy": name, "measure": m, "value": v}
                for m, v in found.items()
            ]
    return rows


def adults() -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return the inputs, the label (1 is above 50,000 dollars) and the whole table.

    Left out of the inputs: the survey weight, the division of 1994 into train and test, and
    the education in words, which `education_num` says too.
    """
    people = data.load_adult_income()
    X = people.drop(columns=["income", "split", "fnlwgt", "education"])
    return X, (people["income"] == ">50K").astype(int).to_numpy(), people
