"""The remedies against overfitting on the prices of houses, over repeated splits.

The target is the logarithm of the price, in standard deviations. Of a house that was sold
twice the later sale is kept, so that no house is in two sets.
"""

from dataclasses import replace

import numpy as np

from labs_lib import data
from labs_lib.experiments.train import _remedies as remedies

REPEATS = 20

N_TRAIN, N_VALID, N_TEST = 1_000, 250, 500
MORE = 4


def repeat(seed: int) -> list[dict]:
    """Split the houses at random with this seed; one row a model and measure."""
    houses = data.load_houses().drop_duplicates("id", keep="last")
    houses = houses.iloc[np.random.default_rng(seed).permutation(len(houses))]
    table = houses.drop(columns=["id", "date", "price"])
    price = np.log(houses["price"].to_numpy(float))
    y = (price - price.mean()) / price.std()
    A = table.to_numpy(dtype=np.float32)
    first, more = N_TRAIN + N_VALID, (MORE - 1) * N_TRAIN
    larger = np.r_[0:N_TRAIN, first : first + more]
    test = slice(first + more, first + more + N_TEST)
    task = remedies.Task(
        train=(A[:N_TRAIN], y[:N_TRAIN]),
        valid=(A[N_TRAIN:first], y[N_TRAIN:first]),
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
