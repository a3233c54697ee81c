# ---
# jupyter:
#   labs:
#     concepts:
#       sm-xgboost: "Exercise 1: two numbers a payment"
#     constants: {}
# ---

# %% [markdown]
# # XGBoost: what does scale_pos_weight really do?

# %%
from labs_lib.labs.train.xgboost.exercises import lab

lab.start()

# %% tags=["trial"]
import numpy as np
import xgboost as xgb

from labs_lib import payments, settings

METRICS = ("logloss", "auc", "aucpr")  # early stopping watches the last one
PATIENCES = (10, 30, 100, 200)


def boosted(weight=1.0, **others):
    """Return the model of all arms: the same settings, whatever the weight."""
    return xgb.XGBClassifier(
        n_estimators=200,
        max_depth=4,
        learning_rate=0.05,
        min_child_weight=3,
        subsample=0.8,
        colsample_bytree=0.8,
        scale_pos_weight=weight,
        eval_metric=list(METRICS),
        enable_categorical=True,
        random_state=0,
        n_jobs=settings.n_jobs(),
        **others,
    )


# %% tags=["trial"]
def curves(model):
    """Return what each metric said after each tree, rounded; high is good."""
    seen = model.evals_result()["validation_0"]
    return {m: np.round(seen[m], 4) * (-1 if m == "logloss" else 1) for m in METRICS}


def kept(curve, patience):
    """Return how many trees early stopping keeps: the best so far, when it stops."""
    best = 0
    for place, value in enumerate(curve):
        if value > curve[best]:
            best = place
        if place - best == patience:
            break
    return best + 1


# %% tags=["trial"]
from sklearn.metrics import average_precision_score, brier_score_loss


def judge(model, trees, weight, valid, test):
    """Judge the first trees of a model; its own threshold comes from validation rows."""
    scores = [
        model.predict_proba(rows[0], iteration_range=(0, trees))[:, 1]
        for rows in (valid, test)
    ]
    chosen, score = (s.astype(float).round(6) for s in scores)
    _, y, cents = test
    own, per_1000 = payments.best_threshold(valid[1], chosen, valid[2]), 1000 / len(y)
    undone = score / (score + weight * (1 - score))
    return {
        "trees": trees,
        "lowest score": score.min(),
        "highest score": score.max(),
        "mean score / share": score.mean() / y.mean(),
        "undone / share": undone.mean() / y.mean(),
        "average precision": average_precision_score(y, score),
        "Brier score": brier_score_loss(y, score),
        "Brier score, undone": brier_score_loss(y, undone),
        "recall at 0.5": (score[y == 1] >= 0.5).mean(),
        "cost at 0.5": per_1000 * payments.cost(y, score >= 0.5, cents),
        "cost at own threshold": per_1000 * payments.cost(y, score >= own, cents),
    }


# %% tags=["trial"]
POWERS = {"1": 0.0, "root": 0.5, "ratio": 1.0}


def tried(name, train, valid, test):
    """Train with one weight, end the training by each rule, and judge."""
    honest, frauds = np.bincount(train[1])
    weight = (honest / frauds) ** POWERS[name]
    model = boosted(weight).fit(*train[:2], eval_set=[valid[:2]], verbose=False)
    rules, curve = {"100 trees": 100}, curves(model)
    rules |= {f"{m} {p}": kept(curve[m], p) for m in METRICS for p in PATIENCES}
    found = {n: judge(model, n, weight, valid, test) for n in set(rules.values())}
    return {(rule, m): v for rule, n in rules.items() for m, v in found[n].items()}


def months(seed, rate=0.01):
    """Return inputs, labels and cents of months 1 to 3, 4 and 5 of one world."""
    table = payments.quiet_world(seed).transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    cents, parts = table["amount_cents"].to_numpy(), []
    for part in payments.split_by_time(table):
        rows = np.flatnonzero(part)[payments.thin(y[part], rate, seed=seed)]
        parts.append((X.iloc[rows], y[rows], cents[rows]))
    return parts


def weighting(seed, weight):
    """Try one weight in one world: months 1 to 3 train, 4 chooses, 5 judges."""
    return tried(weight, *months(seed))


# %%
rows = lab.trial(
    weighting,
    seeds=20,
    levels=("rule", "measure"),
    settings={"weight": tuple(POWERS)},
)


# %% tags=["trial"]
def filling(seed):
    """Judge month 5 with gaps as they are, filled everywhere, and filled only there."""
    train, _, test = months(seed)
    medians = train[0].median(numeric_only=True)
    filled = [part[0].fillna(medians) for part in (train, test)]
    own = boosted().fit(train[0], train[1], verbose=False)
    other = boosted().fit(filled[0], train[1], verbose=False)
    arms = {"as they are": (own, test[0]), "filled in both": (other, filled[1])}
    arms["filled only in serving"] = (own, filled[1])
    found = {}
    for name, (model, inputs) in arms.items():
        score = model.predict_proba(inputs, iteration_range=(0, 100))[:, 1]
        score = score.astype(float).round(6)
        found[name, "average precision"] = average_precision_score(test[1], score)
        found[name, "mean score / share"] = score.mean() / test[1].mean()
        found[name, "highest score"] = score.max()
    return found


# %%
gaps = lab.trial(filling, seeds=20, levels=("gaps", "measure"))

# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data


def on_credit(seed, weight):
    """Try one weight on one random split of the customers (60, 20, 20)."""
    table = data.load_credit_default()
    kinds = dict.fromkeys(("SEX", "EDUCATION", "MARRIAGE"), "category")
    X, y = table.drop(columns=["ID", "DEFAULT"]).astype(kinds), table["DEFAULT"]
    y, cents, every = y.to_numpy(), np.full(len(y), 20_000), np.arange(len(y))
    rest, test = train_test_split(every, test_size=0.2, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=0.25, stratify=y[rest], random_state=seed
    )
    return tried(weight, *((X.iloc[p], y[p], cents[p]) for p in (train, valid, test)))


# %%
credit = lab.trial(
    on_credit,
    seeds=15,
    levels=("rule", "measure"),
    settings={"weight": ("1", "ratio")},
)
