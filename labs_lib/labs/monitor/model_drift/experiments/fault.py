"""What ten days of a faulty record cost, if nobody mends it and if somebody does.

One repeat draws a world with the reporting fault (c) and the same world without it. The first
model decides on the ten days from three records: as it should be, as it is, and with the two
spoilt fields of swipe payments set to missing.
"""

import numpy as np

from labs_lib import payments
from labs_lib.labs.monitor.model_drift import shared

REPEATS = 30

SPOILT = ("distance_km", "balance_cents")


def repeat(seed: int) -> list[dict]:
    """Return one row a record."""
    quiet, faulty = shared.draw(seed, ()), shared.draw(seed, ("c",))
    model = shared.first_model(quiet)
    first, last = np.searchsorted(quiet.day, shared.FAULT)
    days = slice(first, last)
    swipe = (faulty.X["channel"] == "swipe").to_numpy()
    mended = faulty.numbers.copy()
    for name in SPOILT:
        mended[swipe, payments.FEATURES.index(name)] = np.nan
    rows = []
    for record, numbers in (
        ("right", quiet.numbers),
        ("faulty", faulty.numbers),
        ("set to missing", mended),
    ):
        p = shared.score(model, numbers[days])
        fraud, euros = quiet.fraud[days], quiet.euros[days]
        row = {"record": record, "payments": last - first}
        row["loss"] = shared.loss(fraud, p).mean()
        row["expected"] = p.sum()
        for price in shared.PRICES:
            alert = shared.alerts(p, euros, price)
            cost = shared.costs(fraud, alert, euros, price).sum()
            row[price.replace(" ", "_")] = cost
            row[f"alerts_{price.replace(' ', '_')}"] = int(alert.sum())
        rows.append(row)
    return rows
