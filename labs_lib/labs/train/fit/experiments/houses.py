"""The remedies against overfitting on the prices of houses, in blocks that share no house.

The target is the logarithm of the price, in standard deviations. Of a house that was sold
twice the later sale is kept. Blocks are independent samples; only "more data" borrows rows
from the blocks that follow.
"""

from dataclasses import replace

import numpy as np

from labs_lib import data
from labs_lib.labs.train.fit import shared as remedies

REPEATS = 12

N_TRAIN, N_VALID, N_TEST = 1_000, 250, 500
BLOCK = N_TRAIN + N_VALID + N_TEST
MORE = 4


def repeat(seed: int) -> list[dict]:
    """Train on the block of this number; one row a model and measure."""
    houses = data.load_houses().drop_duplicates("id", keep="last")
    houses = houses.iloc[np.random.default_rng(0).permutation(len(houses))]
    table = houses.drop(columns=["id", "date", "price"])
    price = np.log(houses["price"].to_numpy(float))
    y = (price - price.mean()) / price.std()
    A = table.to_numpy(dtype=np.float32)
    rows = np.arange(BLOCK) + BLOCK * seed
    train, valid = rows[:N_TRAIN], rows[N_TRAIN : N_TRAIN + N_VALID]
    test = rows[N_TRAIN + N_VALID :]
    larger = [train + BLOCK * step for step in range(MORE)]
    larger = np.concatenate(larger) % (BLOCK * REPEATS)
    task = remedies.Task(
        train=(A[train], y[train]),
        valid=(A[valid], y[valid]),
        test=A[test],
        numeric=~table.columns.isin(["waterfront", "zipcode"]),
        objective="reg:squarederror",
    )
    models = {"nothing": remedies.fit(remedies.Recipe(), task)}
    chosen = {}
    for remedy in remedies.REMEDIES:
        recipes = remedies.candidates(remedy, remedies.Recipe(), models["nothing"].gain)
        chosen[remedy], models[remedy] = remedies.best(recipes, task)
    everything = remedies.merged(chosen)
    grown = replace(task, train=(A[larger], y[larger]))
    models["more data"] = remedies.fit(remedies.Recipe(), grown)
    models["all"] = remedies.fit(everything, task)
    models["all, more data"] = remedies.fit(everything, grown)
    models["all, tuned together"] = remedies.retuned(task, models["nothing"].gain)
    return [
        {"model": name, "measure": measure, "value": value}
        for name, model in models.items()
        for measure, value in (
            ("error", 1_000 * float(np.mean((model.test - y[test]) ** 2))),
            ("watched", 1_000 * remedies.watched_error(model, task)),
        )
    ]
