# ---
# jupyter:
#   labs:
#     concepts:
#       sm-bagging: "Two ways to repeat one model: bagging and boosting"
#       sm-boosting: "Two ways to repeat one model: bagging and boosting"
#       sm-stacking: "Stacking: a model that listens to models"
#       sm-ensemble: 'On trial: "stacking beats the best of them"'
#     constants:
#       "0.01": "the margin of a tie, chosen before looking"
#       "63 %": "share of different rows in a bootstrap sample, 1 - 1/e"
# ---

# %% [markdown]
# # Ensembles: does a stack beat the best model in it?
#
# > Three ways make one model out of many. A stack of different models wins competitions. Will it win
# > your night?
#
# **You will**
#
# - predict from the correlation of its trees how far a bag can get;
# - see how boosting turns to the hardest points, and which points these are;
# - write out-of-fold predictions, build a stack on them, and see what happens without them.
#
# **You need** [Fit](30_fit.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | built-in XGBoost | boosting |
# | XGBoost `num_parallel_tree` | a bag of trees in one round |
# | Autopilot's mode `ENSEMBLING` | `cross_val_predict` and a logistic regression |

# %%
from labs_lib.labs.train.ensembles.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team runs one fraud model. It is trained every night, and answers while the customer waits at the
# terminal. A consultant proposes a [stack](../glossary.md#stacking) of four models: "Stacking
# different models always beats the best of them. Every competition is won that way."
#
# The machine and the night do not grow. Do you build it?
#
# ## Predict
#
# The claim: *stacking different models beats the best of them*. In small [worlds](../glossary.md#world) of
# payments we train four models, and a stack of the four. The rival is the member with the best
# [average precision](../glossary.md#average-precision) in the [validation](../glossary.md#validation) month,
# since that is the one that you would ship.
#
# In the month after that, will the average precision of the stack be higher? [Tie](../glossary.md#tie) means
# that the two certainly differ by less than 0.01, higher and lower that they certainly differ by more, [undecided](../glossary.md#undecided) that the data cannot
# say.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.stacking.commit(guess)

# %% [markdown]
# ## Two ways to repeat one model: bagging and boosting
#
# [Bagging](../glossary.md#bagging) draws rows with replacement, grows a deep tree on each sample, and
# averages what the trees say. A sample holds about 63 % of the different rows, so the trees differ. A
# *random forest* also lets each split look at a few columns only, drawn at random.
#
# Write `V` for the variance of one such tree over training sets, and `rho` for the correlation of two
# trees from the same training set. The variance of an average of `B` trees is
#
# `rho * V + (1 - rho) * V / B`
#
# With more trees the second part goes away. The first part stays: it is what the trees have in common. Does
# the formula hold? In each world we draw two training sets of 1,000 payments that share no row. Eight trees of each
# give us `V` and `rho`. Then sixteen *other* trees show what a bag really does.

# %% tags=["trial"]
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from labs_lib import payments, settings


# %%
def grow(A, y, new, columns, seed, trees=24):
    """Return what each tree of a bag says about new rows, shape (trees, rows)."""
    rng, said = np.random.default_rng(seed), []
    for _ in range(trees):
        rows = rng.integers(0, len(y), len(y))
        tree = DecisionTreeClassifier(
            max_features=columns, random_state=int(rng.integers(1 << 31))
        )
        said.append(tree.fit(A[rows], y[rows]).predict_proba(new)[:, 1])
    return np.array(said)


# %% [markdown]
# Two trees of *different* training sets are independent, so half of their mean squared difference is `V`. Two
# trees of the *same* set differ by less, by `(1 - rho) * V`. Two bags are independent as well: half of *their*
# mean squared difference is the variance of a bag, with no formula for it.


# %%
def bag_world(seed, columns):
    """Grow two bags in one world; return variances in thousandths."""
    X, y, _ = payments.causes(n=4_000, seed=seed)
    A, y = payments.causes_as_numbers(X).to_numpy(np.float32), y.to_numpy()
    parts = (slice(0, 1_000), slice(1_000, 2_000))
    f, g = (
        grow(A[p], y[p], A[2_000:], columns, [seed, i])
        for i, p in enumerate(parts, start=1)
    )
    V = ((f[:8, None] - g[None, :8]) ** 2).mean() / 2
    apart = (f[:8].var(axis=0, ddof=1) + g[:8].var(axis=0, ddof=1)).mean() / 2
    bag = ((f[8:].mean(axis=0) - g[8:].mean(axis=0)) ** 2).mean() / 2
    found = {"one tree": V, "16 trees, formula": V - apart + apart / 16}
    found |= {"16 trees, measured": bag, "floor": V - apart}
    return {"rho": 1 - apart / V} | {k: 1_000 * v for k, v in found.items()}


# %%
import pandas as pd

kinds = {"bag": None, "random forest": "sqrt"}
bags = {k: pd.DataFrame([bag_world(s, c) for s in range(6)]) for k, c in kinds.items()}
pd.DataFrame({kind: table.mean() for kind, table in bags.items()}).T.round(2)

# %%
from labs_lib import stats

gaps = {
    f"{kind}: measured − formula": stats.worlds(
        table["16 trees, measured"], table["16 trees, formula"], comparisons=3
    )
    for kind, table in bags.items()
}

# %%
gaps["rho: forest − bag"] = stats.worlds(
    bags["random forest"]["rho"], bags["bag"]["rho"], comparisons=3
)
stats.table(gaps)

# %% [markdown]
# Sixteen trees remove most of the variance of one.{{!most}} Between formula and measurement no difference is
# shown, and the [intervals](../glossary.md#interval) are narrow beside the variance of one tree.{{!formula}} Trees that look at fewer columns agree less,
# so the forest has the lower floor.{{!lower_floor}} What an average cannot mend is a mistake that all its trees
# make.
#
# ### Exercise 1: how many trees?
#
# The floor of the variance is `rho * V`. Write a function that returns the smallest number of trees
# for which the variance of the bag exceeds that floor by at most `share` of it. (With `share` one tenth,
# by a tenth of the floor; `rho` is above 0.)


# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def trees_needed(rho, share):
    """Return the smallest number of trees, at least 1."""
    #: the second part of the variance may be at most share times the first
    return max(1, math.ceil((1 - rho) / (rho * share) - 1e-9))


# END SOLUTION
lab.ex1.check(trees_needed)

# %% [markdown]
# *Boosting* works the other way. Its trees are small, and each new one is aimed at
# what the earlier ones got wrong. An early form, AdaBoost, does it with weights. After each round, the points
# that the tree got wrong gain weight and the others lose it, so that the mistakes carry exactly one half. By these weights,
# the last tree is as good as a coin.
#
# Which points are the hardest? Here we know the true chance of each payment, so we can ask what nobody can ask at
# work. Call a label *unlucky* if it is the less likely one: for instance a payment whose chance of fraud was one in
# ten, and it is fraud. (Unlucky labels are no errors. Many of them together teach the one in ten.)


# %%
def adaboost(seed, rounds=40, n=1_000):
    """Boost in one world; return scores after each round, and the weights."""
    X, y, p = payments.causes(n=4_000, seed=seed)
    A = payments.causes_as_numbers(X).to_numpy(np.float32)
    y, scores = y.to_numpy() == 1, [np.zeros(len(y))]
    weights = np.full(n, 1 / n)
    for _ in range(rounds):
        tree = DecisionTreeClassifier(max_depth=2, random_state=seed)
        says = tree.fit(A[:n], y[:n], sample_weight=weights).predict(A)
        mistaken = says[:n] != y[:n]
        error = weights[mistaken].sum()
        vote = np.log((1 - error) / error) / 2  # the better the tree, the louder
        scores.append(scores[-1] + vote * np.where(says, 1, -1))
        weights = weights / (2 * np.where(mistaken, error, 1 - error))
    return scores[1:], weights, y, p.to_numpy()


# %% [markdown]
# The sum of the votes is read as half of the log odds of fraud. How far is it from the truth on 3,000 new rows? We ask
# twice: as it is, and with the level of the score mended by a logistic curve, fitted to the new rows. Mending
# leaves the order of the payments as it was.


# %%
def look(seed, n=1_000):
    """Return distances from the truth by round, and shares of unlucky labels."""
    scores, weights, y, p = adaboost(seed)
    unlucky, heavy = (y != (p >= 0.5))[:n], np.argsort(-weights, kind="stable")[:100]
    away = []
    for score in scores:
        new = score[n:, None]
        curve = LogisticRegression(C=1e6, solver="newton-cholesky")
        mended = curve.fit(new, y[n:]).predict_proba(new)[:, 1]
        said = 1 / (1 + np.exp(-2 * score[n:]))
        away.append([1_000 * ((s - p[n:]) ** 2).mean() for s in (said, mended)])
    shares = {"all rows": unlucky.mean(), "100 heaviest": unlucky[heavy].mean()}
    shares["all weight"] = weights[unlucky].sum()
    return pd.DataFrame(away, columns=["as it is", "level mended"]), shares


# %%
looks = [look(seed) for seed in range(6)]
shares = pd.DataFrame([luck for _, luck in looks])

# %%
distance = sum(table for table, _ in looks) / 6
unlucky = {name: stats.mean_interval(shares[name]) for name in shares}
unlucky

# %%
from labs_lib import plots

with plots.figure(
    title="Boosting grows too sure; its order hardly suffers",  # {{!too_sure}}
    x="round (count)",
    y="squared distance (thousandths)",
    alt="Both distances fall for some rounds; then one rises, the mended one hardly.",
) as ax:
    for name in distance:
        ax.plot(np.arange(1, 41), distance[name], label=name)
    ax.legend()

# %% [markdown]
# Of the hundred heaviest points, a share of {{luck}} has an unlucky label.{{!mostly_luck}} After 40 rounds, such labels
# carry {{weight}} of all weight, more than twice their share of the rows, but not more than half.{{!half_weight}}
# Does it harm? As it is, the score moves away from the truth after some rounds. Mend its level, and most of
# that is gone.{{!too_sure}} So what grows wrong is how sure the score is, more than the order. A small
# learning rate, shallow trees, and [early stopping](../glossary.md#early-stopping) are the usual brakes.
#
# ## Stacking: a model that listens to models
#
# Bagging and boosting repeat one kind of model. *Stacking* takes different kinds, and trains a small model, the
# *meta-model*, on what they say. Here are four members. The weighted sum is a logistic regression. Naive Bayes
# takes each column for independent evidence.

# %% tags=["trial"]
import xgboost as xgb
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from labs_lib.train.encoding import encoder

BOOSTING, FOREST = 50, 20  # trees


def tree_models(seed, times=1):
    """Return boosting and a forest; `times` as many trees, each with less to say."""
    common = dict(n_jobs=settings.n_jobs(), random_state=seed)
    boosting = xgb.XGBClassifier(
        n_estimators=times * BOOSTING,
        max_depth=4,
        learning_rate=0.1 / times,
        subsample=0.8,
        colsample_bytree=0.8,
        max_bin=64,
        **common,
    )
    forest = RandomForestClassifier(
        times * FOREST, max_depth=10, max_features=0.25, **common
    )
    return {"boosting": boosting, "forest": forest}


def members(seed):
    linear = LogisticRegression(C=0.1, solver="newton-cholesky")
    return {**tree_models(seed), "weighted sum": linear, "naive Bayes": GaussianNB()}


def log_odds(models, rows):
    """Return what models say about rows, one column a model."""
    said = [model.predict_proba(rows)[:, 1] for model in models.values()]
    p = np.clip(np.column_stack(said), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


# %% [markdown]
# The meta-model has to learn whom to trust. If it sees what members say about *their own* training rows, it
# learns to trust whoever remembers most. So it gets *out-of-fold* predictions: the rows are cut in five,
# and what a member says about one fifth comes from a copy that was trained on the other four.


# %% tags=["trial"]
def stack(X, y, seed):
    """Return trained members and two meta-models: on out-of-fold and on own rows."""
    models = members(seed)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    way = dict(cv=folds, method="predict_proba")
    said = [cross_val_predict(m, X, y, **way)[:, 1] for m in models.values()]
    p = np.clip(np.column_stack(said), 1e-6, 1 - 1e-6)
    for model in models.values():
        model.fit(X, y)
    inputs = {"stack": np.log(p / (1 - p)), "stack on own rows": log_odds(models, X)}
    meta = {
        name: LogisticRegression(solver="newton-cholesky").fit(seen, y)
        for name, seen in inputs.items()
    }
    return models, meta


def months(seed):
    """Return rows and labels of months 1 to 3, 4 and 5 of one world."""
    drawn = payments.quiet_world(seed, n=30_000, fraud_rate=0.01)
    X, y, *parts = payments.ready_to_fit(drawn.transactions)
    A = encoder().fit(X[parts[0]]).transform(X).astype(np.float32)
    return [(A[part], y[part]) for part in parts]


# %% [markdown]
# Look at one world. Whom does each meta-model trust?

# %%
train, valid, test = months(0)
models, meta = stack(*train, seed=0)

# %%
trust = pd.DataFrame({name: m.coef_[0] for name, m in meta.items()}, index=[*models])
on = {"on own rows": train, "in month 5": test}
for name, (rows, y) in on.items():
    said = log_odds(models, rows)
    trust[name] = [average_precision_score(y, column) for column in said.T]
trust.round(2)

# %% [markdown]
# The first two columns are the weights of the members in each meta-model, the last two the members' average
# precision. On their own rows, boosting and the forest look much better than they are in month 5; the weighted sum
# does not.{{!memory}} The meta-model that saw own rows trusts these two, and gives the weighted sum a weight below 0. Out
# of fold, the weighted sum counts.{{!trust}}
#
# ### Exercise 2: out of fold
#
# Write what `cross_val_predict` does. `learner(X, y)` trains and returns a function from rows to
# predictions; `folds` is a list of pairs of index arrays: rows to train on, rows to predict. Return one
# prediction for each row, in the order of the rows.


# %% tags=["exercise"]
# BEGIN SOLUTION
def out_of_fold(learner, X, y, folds):
    """Return for each row the prediction of a model that has not seen it."""
    said = np.zeros(len(y))
    for train_rows, other_rows in folds:
        predict = learner(X[train_rows], y[train_rows])
        said[other_rows] = predict(X[other_rows])
    return said


# END SOLUTION
lab.ex2.check(out_of_fold)

# %% [markdown]
# ## On trial: "stacking beats the best of them"
#
# A stack of five folds trains each member five times on four fifths of the rows, and once on all: as much as
# five trainings. What would a single model do with that? So there are two more rivals: boosting and a forest with
# *five times* the trees.
#
# **The measure that decides**, named before looking, is the average precision in month 5. Month 4 says which member, and which
# large model, you would have shipped.


# %% tags=["trial"]
def judged(train, valid, test, seed):
    """Train on the first part; return the average precision on the others."""
    models, meta = stack(*train, seed)
    large = {f"{n}, 5 times": m for n, m in tree_models(seed, times=5).items()}
    found = {}
    for measure, (rows, y) in (("valid", valid), ("test", test)):
        said = log_odds(models, rows)
        scores = dict(zip(models, said.T, strict=True))
        scores["plain average"] = said.mean(axis=1)
        for name, model in meta.items():
            scores[name] = model.decision_function(said)
        for name, model in large.items():
            fitted = model if measure == "test" else model.fit(*train)
            scores[name] = fitted.predict_proba(rows)[:, 1]
        for name, score in scores.items():
            found[name, measure] = average_precision_score(y, np.round(score, 6))
    return found


def stacking(seed):
    """Judge in one world."""
    return judged(*months(seed), seed)


# %%
rows = lab.trial(stacking, seeds=20, levels=("model", "measure"))
rows.design(
    worlds="a world of 30,000 payments, one in a hundred is fraud",
    rows="months 1 to 3 train, month 4 chooses the best, month 5 judges",
    measure="average precision, high is good; differences in pairs",
    margin=0.01,
    yardstick="labels of a month that nobody trained on. Trees are counted, not "
    "seconds: what the weighted sum and naive Bayes take is a gift to the stack.",
)

# %% [markdown]
# **What to try.** Take naive Bayes out of `members`, or double `FOREST`, and run that cell and the last one again.
# The comparison of your version is in `rows.yours.wide("test")`.
#
# First, check the arms: mean and minimum over the worlds.

# %%
arms = rows.wide("test")
pd.DataFrame({"mean": arms.mean(), "lowest": arms.min()}).round(3)

# %% [markdown]
# Naive Bayes is a weak member, which the meta-model may ignore; no other arm has collapsed.{{!alive}} Now the claim,
# read in four ways.


# %%
SMALL = ["boosting", "forest", "weighted sum", "naive Bayes"]
LARGE = ["boosting, 5 times", "forest, 5 times"]


def best_of(trial, names):
    """Return the test value of the one that the validation rows pick."""
    picked = trial.wide("valid")[names].idxmax(axis=1)
    found = trial.wide("test")
    return pd.Series({seed: found.loc[seed, name] for seed, name in picked.items()})


# %%
def readings(trial):
    """Return the four pairs to compare."""
    found, member = trial.wide("test"), best_of(trial, SMALL)
    return {
        "stack − best member": (found["stack"], member),
        "stack − best large model": (found["stack"], best_of(trial, LARGE)),
        "plain average − best member": (found["plain average"], member),
        "stack on own rows − best member": (found["stack on own rows"], member),
    }


# %%
found = {
    name: stats.worlds(*pair, comparisons=4, margin=0.01)
    for name, pair in readings(rows).items()
}
stats.table(found)

# %%
decided = found["stack − best member"]
lab.stacking.reveal(decided.verdict)

# %%
with plots.figure(
    title="The lead over more trees is open",  # {{!picture}}
    x="difference of average precision (-1 to 1)",
    y="",
    alt="Against the best member above 0; against the best large model 0 lies inside.",
) as ax:
    plots.intervals(ax, found)
    ax.axvline(0, color=plots.GREY)

# %% [markdown]
# As the claim is told, it holds here: against its best member the stack is ahead by {{decided}}.{{!beats_member}} But each
# member was trained once, and the stack trains it five times. Against the better of two large models the difference is
# {{large}}: undecided.{{!large_open}} The rest of the night may buy as much as the stack does, or more, or less. The
# plain average needs no meta-model, and gives naive Bayes the same say as the others. No lead of it over the best
# member is shown.{{!average_open}}
#
# ## Where it fails: a stack on its members' own rows
#
# The wrong way saves the folds. The members predict the rows they were trained on, and the meta-model learns from
# that. It stands in the last line of the table above: the stack that skips the folds ranks worse than its
# best member alone, with a difference of {{leak}}.{{!leak_costs}}
#
# ## Real data: credit defaults
#
# 30,000 customers in Taiwan, of whom 22 in 100 did not pay in time. They are split 10 times at random, and the
# intervals are corrected for the rows that the splits share. A bank would predict the months to come, not a
# random part.

# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data


def on_credit(seed):
    """Judge on one random split of the customers (60, 20, 20)."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    every = np.arange(len(y))
    rest, test = train_test_split(every, test_size=0.2, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=0.25, stratify=y[rest], random_state=seed
    )
    A = encoder().fit(X.iloc[train]).transform(X).astype(np.float32)
    return judged(*((A[part], y[part]) for part in (train, valid, test)), seed)


# %%
credit = lab.trial(on_credit, seeds=10, levels=("model", "measure"))
credit_arms = credit.wide("test")
pd.DataFrame({"mean": credit_arms.mean(), "lowest": credit_arms.min()}).round(3)

# %%
real = {
    name: stats.splits(*pair, n_train=60, n_test=20, comparisons=4, margin=0.01)
    for name, pair in readings(credit).items()
}
stats.table(real)

# %% [markdown]
# Here the stack ties with the better large model, and no lead over its best member is shown.{{!real_tie}} The plain
# average is behind the best member; whether by more than 0.01 is undecided.{{!average_behind}} Without
# the folds, the stack is again worse than its best member: {{real_leak}}.{{!leak_costs}}
#
# So, do you build it? Compare the stack with one model that gets the whole night, on your own months. Count the trees
# that answer, too: 70 and two small models in the stack, 100 or 250 in a large model. And each of the stack's
# four models has to be kept, patched and explained.
#
# ## On SageMaker
#
# Autopilot, now in SageMaker Canvas and still in the API, builds a stack with AutoGluon in its mode `ENSEMBLING`, with out-of-fold predictions
# for the stacker. "Stacking" is no mode. The request is long, so it is folded.

# %%
from labs_lib import aws

bucket = "s3://amzn-s3-demo-bucket/fraud"
source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
channel = {"ChannelType": "training", "ContentType": "text/csv;header=present"}
channel |= {"DataSource": {"S3DataSource": source}}

# %%
algorithms = {"AutoMLAlgorithms": ["xgboost", "randomforest", "linear-learner"]}
tabular = {"TargetAttributeName": "is_fraud", "ProblemType": "BinaryClassification"}
tabular |= {"Mode": "ENSEMBLING"}
tabular |= {"CandidateGenerationConfig": {"AlgorithmsConfig": [algorithms]}}

# %%
request = {
    "AutoMLJobName": "fraud-ensemble",
    "AutoMLJobInputDataConfig": [channel],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/autopilot/"},
    "AutoMLProblemTypeConfig": {"TabularJobConfig": tabular},
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "RoleArn": "arn:aws:iam::111122223333:role/training",
}
aws.validate("CreateAutoMLJobV2", request)

# %%
wrong = {"TabularJobConfig": tabular | {"Mode": "STACKING"}}
try:
    aws.validate("CreateAutoMLJobV2", request | {"AutoMLProblemTypeConfig": wrong})
except ValueError as refused:
    print(refused)

# %% [markdown]
# A bag needs no AutoML job. The built-in XGBoost grows one with `num_round` 1, `eta` 1, `num_parallel_tree`
# above 1, and `subsample` below 1. (Without the last, each tree sees the same rows, and all are alike.)
#
# ## What is not reproduced
#
# - AutoGluon's own presets: several layers of stacking, bagged members, neural networks.
# - Latency at an endpoint, and the price of machines.
#
# ## Takeaways
#
# - A bag removes variance, down to what its trees have in common.{{!most}}
# - Boosting turns to the hardest points. Most of the very heaviest are bad luck.{{!mostly_luck}} Brake it.
# - A meta-model must learn from out-of-fold predictions.{{!leak_costs}}
# - Compare a stack with one model that gets the same training. "Better than its members" is another claim.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Breiman (1996), Bagging predictors; Breiman (2001), Random forests. AdaBoost: Freund and Schapire (1997).
#   Stacking: Wolpert (1992). XGBoost: Chen and Guestrin (2016).
# - Autopilot: SageMaker AI developer guide, page `autopilot-model-support-validation`; service model,
#   `AutoMLMode`.
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

large, OWN = found["stack − best large model"], "stack on own rows − best member"
looks_better = trust["on own rows"] - trust["in month 5"]
lab.facts(
    digits=3,
    tolerance=0.003,
    most=all(
        t["16 trees, measured"].mean() < t["one tree"].mean() / 4 for t in bags.values()
    ),
    formula=all(
        gaps[f"{kind}: measured − formula"].verdict == "no difference shown"
        and gaps[f"{kind}: measured − formula"].high < table["one tree"].mean() / 10
        for kind, table in bags.items()
    ),
    lower_floor=gaps["rho: forest − bag"].verdict == "lower"
    and bags["random forest"]["floor"].mean() < bags["bag"]["floor"].mean(),
    luck=Fact(unlucky["100 heaviest"], digits=2, tolerance=0.02),
    weight=Fact(unlucky["all weight"], digits=2, tolerance=0.02),
    half_weight=unlucky["all weight"].high < 0.5
    and unlucky["all weight"].low > 2 * unlucky["all rows"].high,
    mostly_luck=unlucky["100 heaviest"].low > 0.5 > unlucky["all rows"].high,
    too_sure=distance["as it is"].iloc[-1] > 1.2 * distance["as it is"].min()
    and distance["level mended"].iloc[-1] - distance["level mended"].min()
    < (distance["as it is"].iloc[-1] - distance["as it is"].min()) / 3,
    memory=(looks_better[["boosting", "forest"]] > 0.2).all()
    and abs(looks_better["weighted sum"]) < 0.1,
    trust=trust["stack on own rows"]["weighted sum"]
    < 0
    < trust["stack"]["weighted sum"],
    alive=arms.drop(columns="naive Bayes").min().min() > 0.05,
    decided=decided,
    large=large,
    beats_member=decided.verdict == "higher",
    large_open=large.verdict == "undecided",
    average_open=found["plain average − best member"].verdict == "undecided",
    picture=decided.low > 0 and large.low < 0 < large.high,
    leak=found[OWN],
    leak_costs=found[OWN].verdict == "lower" and real[OWN].verdict == "lower",
    real_tie=real["stack − best large model"].verdict == "tie"
    and real["stack − best member"].low < 0,
    average_behind=real["plain average − best member"].high < -0.002
    and real["plain average − best member"].verdict == "undecided",
    real_leak=real[OWN],
)
