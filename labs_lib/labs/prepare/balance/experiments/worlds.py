"""Five ways to balance classes against none, in independent payments worlds.

One repeat draws a world of five months (each world serves four repeats, one a rate), thins one
class in each of train, validation and test until a share of positives is reached, balances the
training rows by each method, fits the same model on each, and judges it on the untouched test
month. The leak of balancing before the split is measured at the rate of 1 %.
"""

import numpy as np
import xgboost as xgb
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from labs_lib import payments
from labs_lib.labs.prepare.balance import shared
from labs_lib.train.encoding import encoder

WORLDS = 20
REPEATS = WORLDS * len(shared.RATES)

N_TRANSACTIONS = 60_000
FRAUD_RATE = 0.03
"""Before thinning, so that there are frauds for the higher rates."""


def repeat(seed: int) -> list[dict]:
    """Judge every method in one world at one rate; one row a model, method and measure."""
    number, place = divmod(seed, len(shared.RATES))
    rate = shared.RATES[place]
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS,
        days=150,
        seed=number,
        fraud_rate=FRAUD_RATE,
        events=(),
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    cents = table["amount_cents"].to_numpy()
    rng = np.random.default_rng(seed)
    train, valid, test = (
        np.flatnonzero(part)[shared.thinned(y[part], rate, rng)]
        for part in payments.split_by_time(table)
    )
    X = shared.filled(X, np.isin(np.arange(len(y)), train))
    rows = []
    kinds = {"XGBoost": shared.boosted()}
    if rate == 0.01:
        kinds["linear"] = shared.linear()
        used = np.concatenate([train, valid, test])
        rows += _leak(number, X.iloc[used], y[used])
    for kind, model in kinds.items():
        for method, score in shared.fitted(X.iloc[train], y[train], model):
            measures = shared.judged(
                (y[valid], score(X.iloc[valid]), cents[valid]),
                (y[test], score(X.iloc[test]), cents[test]),
            )
            rows += [_row(number, rate, kind, method, *m) for m in measures.items()]
    return rows


def _row(
    world: int, rate: float, kind: str, method: str, measure: str, value: float
) -> dict:
    return {
        "world": world,
        "rate": rate,
        "model": kind,
        "method": method,
        "measure": measure,
        "value": float(value),
    }


def _leak(world: int, X, y) -> list[dict]:
    """Return the area under the ROC curve that is reported, and the honest one."""
    fit, judge = train_test_split(
        np.arange(len(y)), test_size=0.3, stratify=y, random_state=world
    )
    encode = encoder().fit(X.iloc[fit])
    matrix = encode.transform(X).astype(np.float32)
    rows = []
    for name, sampler in (
        ("random over", RandomOverSampler(random_state=0)),
        ("SMOTE", SMOTE(random_state=0)),
    ):
        # Right: split, then balance the training part.
        model = _deep().fit(*sampler.fit_resample(matrix[fit], y[fit]))
        honest = roc_auc_score(y[judge], model.predict_proba(matrix[judge])[:, 1])
        # Wrong: balance, then split.
        more, labels = sampler.fit_resample(matrix, y)
        a, b, y_a, y_b = train_test_split(
            more, labels, test_size=0.3, stratify=labels, random_state=world
        )
        reported = roc_auc_score(y_b, _deep().fit(a, y_a).predict_proba(b)[:, 1])
        rows.append(_row(world, 0.01, "leak", name, "reported", reported))
        rows.append(_row(world, 0.01, "leak", name, "honest", honest))
    return rows


def _deep() -> xgb.XGBClassifier:
    return shared.boosted().set_params(max_depth=6)
