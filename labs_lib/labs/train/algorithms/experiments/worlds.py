"""Every model of the lab train/algorithms, in independent small worlds.

One repeat draws a world of five quiet months, computes its features, fits each model on
months 1 to 3, chooses what has to be chosen on month 4 and judges it on month 5.
"""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from labs_lib import payments
from labs_lib.labs.train.algorithms.shared import boosted, on_trial, scores

REPEATS = 30

N_TRANSACTIONS = 45_000
CARDS_A_DAY = 3
"""As large a share of the day's payments as 10 cards are in the shipped world."""

MISSED, ALERT, BLOCKED = 15, 5, 10
"""The default prices of `payments.cost`."""


def repeat(seed: int) -> list[dict]:
    """Fit and judge every model in the world of this seed; one row a model and measure."""
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS, days=150, seed=seed, events=()
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    amount = table["amount_cents"].to_numpy()
    train, valid, test = payments.split_by_time(table)
    used = on_trial(y[train])
    judged = {
        "true probability": _judge(
            world.truth["probability"].to_numpy(), y, table, test
        )
    }
    for name, score in scores(X, y, train, valid, test).items():
        judged[name] = _judge(score, y, table, test)
        if name != "Random Cut Forest":
            weight = used.get(name.removeprefix("XGBoost, "), {}).get(
                "scale_pos_weight", 1.0
            )
            judged[name] |= _judge_probability(
                score[test], weight, y[test], amount[test]
            )
            threshold = payments.best_threshold(y[valid], score[valid], amount[valid])
            alert = score[test] >= threshold
            judged[name]["cost"] = payments.cost(y[test], alert, amount[test])

    margin = _money(X, y, amount, train, valid)
    # Above zero an alert is worth its price, as far as this model knows.
    cost = payments.cost(y[test], margin[test] > 0, amount[test])
    judged["XGBoost, money"] = _judge(margin, y, table, test) | {"cost_rule": cost}
    return [
        {"model": name, "measure": measure, "value": value}
        for name, measures in judged.items()
        for measure, value in measures.items()
    ]


def _money(X, y, amount_cents, train, valid) -> np.ndarray:
    """Return the margin of XGBoost trained on a loss that counts money."""
    saved = amount_cents / 100 + MISSED - ALERT
    weight = np.where(y == 1, saved, ALERT + BLOCKED)
    weight = weight / weight[train].mean()

    def objective(label, margin, sample_weight):
        p = 1 / (1 + np.exp(-margin))
        return sample_weight * (p - label), sample_weight * p * (1 - p)

    model = boosted(X, y, train, valid, objective=objective, sample_weight=weight)
    return model.predict(X, output_margin=True)


def _judge(score, y, table, test) -> dict[str, float]:
    s, target = score[test], y[test]
    who, when = table["customer"][test], table["time"][test]
    return {
        "average_precision": average_precision_score(target, s),
        "roc_auc": roc_auc_score(target, s),
        "card_precision": payments.card_precision(target, s, who, when, k=CARDS_A_DAY),
    }


def _judge_probability(score, weight, target, cents) -> dict[str, float]:
    corrected = score / (score + weight * (1 - score))
    return {
        "recall": float((score[target == 1] >= 0.5).mean()),
        "brier": brier_score_loss(target, score),
        "brier_corrected": brier_score_loss(target, corrected),
        "cost_rule": payments.cost(target, _worth_an_alert(score, cents), cents),
        "cost_rule_corrected": payments.cost(
            target, _worth_an_alert(corrected, cents), cents
        ),
    }


def _worth_an_alert(probability: np.ndarray, amount_cents: np.ndarray) -> np.ndarray:
    """Alert where letting the payment pass is expected to cost more than an alert."""
    return probability * (amount_cents / 100 + MISSED) > ALERT + BLOCKED * (
        1 - probability
    )
