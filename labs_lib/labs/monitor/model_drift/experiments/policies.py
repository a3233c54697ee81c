"""What each policy of retraining loses to fraud, and how often it retrains.

One repeat lives through one world with all events, once for each policy. All start on day 120
with the same model, decide every seven days, and train on the labels that are known on that
morning.
"""

from functools import lru_cache

import numpy as np

from labs_lib import stats
from labs_lib.labs.monitor.model_drift import shared
from labs_lib.monitor import distances, distribution
from labs_lib.monitor.sequential import cusum
from labs_lib.payments import event_worlds

REPEATS = 30

FIRST_SEED = 1_000
"""The limit below comes from other worlds, those of monitor/model_drift."""

WEEK, MONTH = 7, 28

SLACK, LIMIT = 0.25, 25.0
"""Performance: log loss above 1 + SLACK times what the model expects is added up, to LIMIT."""

DRIFT = 0.1
"""Drift: Simple distance of a column that a payment says by itself."""

UNKNOWN_AS_HONEST = "every 4 weeks, unknown as honest"

POLICIES = (
    "never",
    "every week",
    "every 4 weeks",
    "on drift",
    "on performance",
    "gate: shown better",
    "gate: not shown worse",
    UNKNOWN_AS_HONEST,
)


def repeat(seed: int) -> list[dict]:
    """Return one row a policy, and two for its bounds: no model, and the true probability."""
    life = Life(shared.draw(FIRST_SEED + seed, tuple(event_worlds.EVENTS)))
    rows = []
    for policy in POLICIES:
        p, retrained = life.under(policy)
        rows.append({"policy": policy} | life.bill(p, retrained))
    truth = life.world.probability
    rows.append({"policy": "the truth"} | life.bill(truth, []))
    rows.append({"policy": "no alerts"} | life.bill(np.full(len(truth), 1e-9), []))
    return rows


class Life:
    """A world, and the models that are trained in it."""

    def __init__(self, world: shared.World) -> None:
        self.world = world
        self.model = lru_cache(maxsize=None)(self._model)

    def _model(self, today: int, until: int, unknown_as_honest: bool = False):
        """Train on payments before `until`, with the labels that are known on a morning."""
        w = self.world
        rows = (w.day < until) & (w.day >= until - shared.MEMORY)
        known = w.known <= today
        if not unknown_as_honest:
            rows &= known
        return shared.fit(w, rows, np.where(known, w.y, 0))

    def rows(self, first: int, last: int) -> slice:
        """Return the payments from the first of two days to before the second."""
        return slice(*np.searchsorted(self.world.day, (first, last)))

    def under(self, policy: str) -> tuple[np.ndarray, list[int]]:
        """Return the scores that a policy's models give, and the days of retraining."""
        w = self.world
        p = np.full(len(w.day), np.nan)
        trained, retrained = shared.START, []
        for day in range(shared.START, shared.END, WEEK):
            if day > shared.START and self.wants(policy, day, trained, p):
                trained = day
                retrained.append(day)
            week = self.rows(day, day + WEEK)
            careless = policy == UNKNOWN_AS_HONEST and trained > shared.START
            model = self.model(trained, trained, careless)
            p[week] = shared.score(model, w.numbers[week])
        return p, retrained

    def wants(self, policy: str, day: int, trained: int, p: np.ndarray) -> bool:
        """Return whether a policy replaces its model on the morning of a day."""
        monthly = (day - shared.START) % MONTH == 0
        match policy:
            case "never":
                return False
            case "every week":
                return True
            case "on drift":
                return self.drifted(day, trained)
            case "on performance":
                return self.decayed(day, trained, p)
            case "gate: shown better":
                return monthly and self.difference(day, p)[1] < 0
            case "gate: not shown worse":
                return monthly and self.difference(day, p)[0] <= 0
        return monthly

    def drifted(self, day: int, trained: int) -> bool:
        """Return whether the last week lies far from the month before the training."""
        before, now = self.rows(trained - 30, trained), self.rows(day - WEEK, day)
        X = self.world.X
        return any(
            distances.simple(summed(X[name].iloc[before]), summed(X[name].iloc[now]))
            > DRIFT
            for name in event_worlds.PAYMENT
        )

    def decayed(self, day: int, trained: int, p: np.ndarray) -> bool:
        """Return whether the labels of payments since the training raise an alarm."""
        w, since = self.world, self.rows(trained, day)
        excess = shared.loss(w.y[since], p[since]) - (1 + SLACK) * shared.doubt(
            p[since]
        )
        arrived = w.known[since] - trained
        seen = arrived <= day - trained
        by_day = np.bincount(arrived[seen], excess[seen], minlength=1)
        return bool(cusum(by_day, limit=LIMIT)[1].any())

    def difference(self, day: int, p: np.ndarray) -> tuple[float, float]:
        """Return the 95 % interval of the log loss of a challenger minus that of the champion.

        The challenger has not seen the last 28 days; both are judged on those of their
        payments whose labels are known.
        """
        w, last = self.world, self.rows(day - MONTH, day)
        known = w.known[last] <= day
        y, champion = w.y[last][known], p[last][known]
        model = self.model(day, day - MONTH)
        challenger = shared.score(model, w.numbers[last][known])
        steps = shared.loss(y, challenger) - shared.loss(y, champion)
        found = stats.mean_interval(steps)
        return found.low, found.high

    def bill(self, p: np.ndarray, retrained: list[int]) -> dict[str, float]:
        """Return costs in euros, retrainings and log loss, before and during the takeover."""
        w, row = self.world, {}
        for name, first, last in (
            ("before", shared.START, shared.TAKEOVER[0]),
            ("during", *shared.TAKEOVER),
        ):
            rows = self.rows(first, last)
            row[f"payments_{name}"] = rows.stop - rows.start
            row[f"retrained_{name}"] = sum(first <= day < last for day in retrained)
            row[f"loss_{name}"] = shared.loss(w.fraud[rows], p[rows]).mean()
            for price in shared.PRICES:
                alert = shared.alerts(p[rows], w.euros[rows], price)
                cost = shared.costs(w.fraud[rows], alert, w.euros[rows], price)
                row[f"{price.replace(' ', '_')}_{name}"] = cost.sum()
        return row


def summed(column):
    """Return the exact distribution of numbers, or the counts of categories."""
    if column.dtype == "category":
        counts = column.value_counts()
        return {str(name): int(n) for name, n in counts.items() if n}
    return distribution.exact(column.dropna().to_numpy(dtype=float))
