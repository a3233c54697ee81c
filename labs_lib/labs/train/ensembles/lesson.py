# ---
# jupyter:
#   labs:
#     concepts:
#       sm-bagging: "Bagging: average trees that differ"
#       sm-boosting: "Boosting: round by round on the hardest points"
#       sm-stacking: "Stacking: a model that listens to models"
#       sm-ensemble: "One budget for all"
#     constants:
#       "63 %": "share of different rows in a bootstrap sample, 1 - 1/e"
# ---

# %% [markdown]
# # Ensembles: bagging, boosting, stacking
#
# > Three ways to make one model out of many. Which one is worth its training time, and does a
# > stack beat the best model in it?
#
# **You will**
#
# - predict the variance of a bag from the correlation of its trees, and check it;
# - watch boosting put its weight on the hardest points, and see which points those are;
# - build a stack on out-of-fold predictions, and measure the leak when they are not;
# - compare the three at one stated budget of training, with intervals;
# - weigh quality against training time, latency and size.
#
# **You need** [Fit](30_fit.ipynb): bias, variance, and the table of known causes.
# **Data in:** fresh draws of that table, small worlds of payments, credit defaults
# ([data cards](../data.md)). **Data out:** nothing. It computes for about 40 seconds, half of
# them in one world of the stored experiment, which runs again.
#
# | SageMaker term | here |
# |---|---|
# | Autopilot's ENSEMBLING mode: out-of-fold stacking by AutoGluon | `cross_val_predict` and a logistic regression |
# | built-in XGBoost | boosting |
# | XGBoost `num_parallel_tree` | a bag of trees in one round |
# | an AutoML candidate | one contender |

# %%
from labs_lib.labs.train.ensembles.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team runs a boosted fraud model. A consultant proposes a stack of four different models:
# "[stacking](../glossary.md#stacking) different models always beats the best of them; every competition is
# won that way". It would be trained every night, and it has to answer while the customer waits at the
# terminal. The machine and the night do not grow. Do you build it?
#
# ## Predict
#
# The claim: *stacking different models beats the best of them*. In small [worlds](../glossary.md#world) of
# payments, four models are trained, and a stack of the four. Against the member that does best on the
# [validation](../glossary.md#validation) month, is the
# [average precision](../glossary.md#average-precision) of the stack in the month after that higher?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.stacking.commit(guess)

# %% [markdown]
# ## Bagging: average trees that differ
#
# *[Bagging](../glossary.md#bagging)* ([bootstrap](../glossary.md#bootstrap) aggregating) draws rows with
# replacement, grows a tree on each sample, and averages what the trees say. On average a sample holds 63 %
# of the different rows, so the trees differ. A *random forest* goes on: each split may look at a few
# columns only, drawn at random.
#
# Why should an average be better? Write `V` for the variance of one such tree, over training sets and
# samples, and `rho` for the correlation between two trees of the same training set. The variance of an
# average of `B` trees is
#
# `rho * V + (1 - rho) * V / B`
#
# The second part goes away with more trees. The first stays: trees that have seen the same payments
# share their mistakes.
#
# Is it true? Each world draws two training sets of 1,000 payments that share no row. From eight trees
# of each we estimate `V` and `rho`. From sixteen *other* trees we measure what bags of them do.

# %%
import numpy as np
from sklearn.tree import DecisionTreeClassifier


def grow(A, y, new, columns, trees=24):
    """Return what each tree of a bag says about new rows, shape (trees, rows)."""
    rng, said = np.random.default_rng(0), []
    for number in range(trees):
        rows = rng.integers(0, len(y), len(y))
        tree = DecisionTreeClassifier(max_features=columns, random_state=number)
        said.append(tree.fit(A[rows], y[rows]).predict_proba(new)[:, 1])
    return np.array(said)


# %% [markdown]
# Two trees `f` and `g` of *different* training sets are independent, so half their mean squared
# difference is `V`. Two trees of the *same* set differ less, by `(1 - rho) * V`.


# %%
def spread(f, g):
    """Return the variance of one tree, and the part that two trees do not share."""
    V = ((f[:, None] - g[None]) ** 2).mean() / 2
    apart = (f.var(axis=0, ddof=1) + g.var(axis=0, ddof=1)).mean() / 2
    return V, apart


# %% [markdown]
# So much for theory. Two bags of `B` trees, one of each training set, are independent too: half of
# *their* mean squared difference is the variance of a bag, with no formula for it. The product of their
# mistakes is the squared bias (both as in [Fit](30_fit.ipynb)).


# %%
def bag_sizes(f, g, p):
    """Return one row for each size of bag, in thousandths."""
    V, apart = spread(f[:8], g[:8])
    rows = []
    for B in (1, 2, 4, 8, 16):
        a, b = f[8 : 8 + B].mean(axis=0), g[8 : 8 + B].mean(axis=0)
        row = {"trees": B, "rho": 1 - apart / V}
        row["theory"] = 1_000 * (V - apart + apart / B)
        row["measured"] = 1_000 * ((a - b) ** 2).mean() / 2
        rows.append(row | {"bias squared": 1_000 * ((a - p) * (b - p)).mean()})
    return rows


# %%
from labs_lib import payments


def bag_world(seed, columns):
    """Grow both bags in one world; 2,000 rows are kept to judge."""
    X, y, p = payments.causes(n=4_000, seed=seed)
    A, y = payments.causes_as_numbers(X).to_numpy(np.float32), y.to_numpy()
    f = grow(A[:1_000], y[:1_000], A[2_000:], columns)
    g = grow(A[1_000:2_000], y[1_000:2_000], A[2_000:], columns)
    return bag_sizes(f, g, p.to_numpy()[2_000:])


# %% [markdown]
# A bag looks at all columns in each split (`None`), a random forest at the square root of their number.
# Six worlds; the table shows their means.

# %%
import pandas as pd

bags = [
    {"seed": seed, "kind": kind, **row}
    for seed in range(6)
    for kind, columns in {"bag": None, "random forest": "sqrt"}.items()
    for row in bag_world(seed, columns)
]
bags = pd.DataFrame(bags)

# %%
mean_bags = bags.drop(columns="seed").groupby(["kind", "trees"]).mean()
mean_bags.round({"rho": 3, "theory": 1, "measured": 1, "bias squared": 1})

# %%
from labs_lib import plots

long = mean_bags.reset_index().melt(["kind", "trees"], ["theory", "measured"], "from")
long["line"] = long["kind"] + ", " + long["from"]
with plots.figure(
    title="Sixteen trees remove most of the variance, as the formula says",
    x="trees (count, logarithmic)",
    y="variance (thousandths, logarithmic)",
    alt="Variance falls with the trees; measured points lie on the lines of theory.",
) as ax:
    plots.lines(ax, long, x="trees", y="value", group="line")
    ax.loglog()
    ax.set_xticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    ax.set_yticks([10, 20, 50, 100], ["10", "20", "50", "100"])

# %%
from labs_lib import stats

sixteen = bags[bags["trees"] == 16].pivot(index="seed", columns="kind")
gap = stats.worlds(sixteen["measured", "bag"], sixteen["theory", "bag"])
print("bag of 16 trees, measured − theory:", gap)

# %% [markdown]
# And how alike are the trees of one training set? Their correlation, with an
# [interval](../glossary.md#interval) over the worlds:

# %%
kinds = ("bag", "random forest")
rho = {kind: stats.mean_interval(sixteen["rho", kind]) for kind in kinds}
rho

# %% [markdown]
# So the forest has the lower floor. What is left of the variance of one tree:

# %%
measured = mean_bags["measured"]
bagged = {"one": measured["bag", 1], "bag": measured["bag", 16]}
bagged["forest"] = measured["random forest", 16]
{name: round(float(value), 1) for name, value in bagged.items()}

# %% [markdown]
# One bootstrap tree has a variance of {{bagged.one}} thousandths, sixteen of them {{bagged.bag}}, a
# forest of sixteen {{bagged.forest}}. Measured against theory, for sixteen trees: {{gap.verdict}},
# {{gap}}. The correlation of the trees is {{rho.bag.mean}} in the bag and {{rho.random_forest.mean}} in
# the forest: trees that look at fewer columns agree less. The squared bias in the table stays about
# where it is: an average of trees with the same blind spot has that blind spot. So bag what has small
# bias and large variance, which means deep trees.
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
# ## Boosting: round by round on the hardest points
#
# Boosting works the other way: small trees, large bias, little variance; each new tree is aimed at
# what the earlier ones got wrong. The oldest form, AdaBoost, does it with weights. After each round
# the points that the tree got wrong gain weight and the others lose it, so that the mistakes carry
# exactly one half of the weight. For the next tree, the last one is as good as a coin.
#
# ### Exercise 2: reweigh
#
# Write that step. `weights` are positive and sum to 1; `mistaken` is True where the tree was wrong
# (at least once, not everywhere). Return new weights that sum to 1, of which the mistakes hold one
# half, each in proportion to what it had before; the same for the others.


# %% tags=["exercise"]
# BEGIN SOLUTION
def reweigh(weights, mistaken):
    """Return the weights of the next round."""
    error = weights[mistaken].sum()
    return np.where(mistaken, weights / (2 * error), weights / (2 * (1 - error)))


# END SOLUTION
lab.ex2.check(reweigh)

# %% [markdown]
# Which points are the hardest? Here the truth is known, so we can ask what nobody can ask in practice:
# is a hard point one that the model does not understand yet, or one whose **label is bad luck**? Call a
# label unlucky if it is the less likely one: a payment with a true chance of fraud of one in ten that
# happens to be fraud. (Many such labels together are what teaches the one in ten.)


# %%
def next_tree(A, y, weights):
    """Fit a tree of depth 2 to the weighted rows; return what it says of all rows."""
    n = len(weights)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    return tree.fit(A[:n], y[:n], sample_weight=weights).predict(A)


# %% [markdown]
# Each tree votes, and the better it is, the louder. The sum of the votes is a score, half of the log
# odds of fraud. After each round, look at what holds the weight, and at the 100 heaviest rows. The
# distance from the truth is taken twice: as it is, and with the level of the score mended by a logistic
# curve fitted to the new rows.


# %%
from sklearn.linear_model import LogisticRegression


def look(weights, score, unlucky, y, p):
    """Return shares of unlucky labels, own mistakes, distance from the truth."""
    n, heavy = len(weights), np.argsort(-weights, kind="stable")[:100]
    said, new = 1 / (1 + np.exp(-2 * score[n:])), score[n:, None]
    curve = LogisticRegression(C=1e6, solver="newton-cholesky").fit(new, y[n:])
    return {
        "rows": unlucky.mean(),
        "weight": weights[unlucky].sum(),
        "hardest": unlucky[heavy].mean(),
        "mistakes": ((score[:n] > 0) != y[:n]).mean(),
        "distance": 1_000 * ((said - p[n:]) ** 2).mean(),
        "mended": 1_000 * ((curve.predict_proba(new)[:, 1] - p[n:]) ** 2).mean(),
    }


# %%
def adaboost(seed, rounds=40, n=1_000):
    """Boost in one world; return one row a round."""
    X, y, p = payments.causes(n=4_000, seed=seed)
    A = payments.causes_as_numbers(X).to_numpy(np.float32)
    y, p = y.to_numpy() == 1, p.to_numpy()
    unlucky = (y != (p >= 0.5))[:n]
    weights, score, rows = np.full(n, 1 / n), np.zeros(len(y)), []
    for number in range(1, rounds + 1):
        says = next_tree(A, y, weights)
        mistaken = says[:n] != y[:n]
        error = weights[mistaken].sum()
        score += np.log((1 - error) / error) / 2 * np.where(says, 1, -1)
        weights = weights / (2 * np.where(mistaken, error, 1 - error))
        row = look(weights, score, unlucky, y, p)
        rows.append({"seed": seed, "round": number} | row)
    return rows


# %%
rounds = [row for seed in range(6) for row in adaboost(seed)]
rounds = pd.DataFrame(rounds)
by_round = rounds.drop(columns="seed").groupby("round").mean()
by_round.loc[[1, 2, 5, 10, 20, 40]].round(2)

# %%
names = {"rows": "all rows", "weight": "the weight", "hardest": "the 100 heaviest"}
shares = by_round[list(names)].rename(columns=names).reset_index()
shares = shares.melt("round", var_name="share of", value_name="share")
with plots.figure(
    title="The hardest points are mostly bad luck",
    x="round (count)",
    y="unlucky labels (share, 0 to 1)",
    alt="Unlucky labels are a sixth of the rows but most of the heaviest points.",
) as ax:
    plots.lines(ax, shares, x="round", y="share", group="share of")
    ax.set_ylim(0, 1)
    ax.legend(loc=(0.65, 0.55))

# %%
last = rounds[rounds["round"] == 40]
luck = {name: stats.mean_interval(last[name]) for name in names}
luck

# %% [markdown]
# Unlucky labels are a share of {{luck.rows.mean}} of the rows. After 40 rounds they hold
# {{luck.weight.mean}} of the weight, and of the hundred heaviest points a share of
# {{luck.hardest}} is unlucky. Does looking at them
# help? The truth of the next rows is the judge.

# %%
both = {"distance": "as it is", "mended": "level mended"}
lines = by_round[list(both)].rename(columns=both).reset_index()
lines = lines.melt("round", var_name="score", value_name="distance")
with plots.figure(
    title="After a few rounds boosting grows too sure",  # {{!too_sure}}
    x="round (count)",
    y="distance from the true probability (thousandths)",
    alt="Both distances fall; then one rises, the one with its level mended stays.",
) as ax:
    plots.lines(ax, lines, x="round", y="distance", group="score")

# %%
turn = int(by_round["distance"].idxmin())
path = {"best": by_round["distance"].min(), "last": by_round["distance"].iloc[-1]}
path |= {"mended": by_round["mended"].min(), "mended_last": by_round["mended"].iloc[-1]}
mistakes = by_round["mistakes"].iloc[[0, -1]].set_axis(["first", "last"]).to_dict()
f"nearest at round {turn} ({path['best']:.1f}); in the end {path['last']:.1f}"

# %% [markdown]
# The mistakes on own rows (in the table above) fall from {{mistakes.first}} to {{mistakes.last}}:
# fewer than somebody makes who knows the truth, since that person is wrong on every unlucky label.
# The distance from the truth is least at round {{turn}} ({{path.best}}) and then grows to
# {{path.last}}. With the level mended it goes from {{path.mended}} to {{path.mended_last}}: most of the
# growth is scores that are too sure, little of it a worse order.{{!too_sure}} So boosting is
# given a brake: a small learning rate, shallow trees, [early stopping](../glossary.md#early-stopping).
#
# XGBoost has no weights for mistakes, but the same aim: each tree fits the gradient `p - y`, which is
# largest where the model is most wrong.
#
# ## Stacking: a model that listens to models
#
# Bagging and boosting repeat one kind of model. *Stacking* takes different kinds and trains a small
# model, the *meta-model*, on what they say. First a world of payments, as a matrix of numbers: months 1
# to 3 to train, 4 to choose, 5 to judge.

# %%
world = payments.simulate(n_transactions=30_000, days=150, seed=100, events=())
transactions = world.transactions
features, fraud = payments.features(transactions), transactions["is_fraud"].to_numpy()
train, valid, test = payments.split_by_time(transactions)
features.shape

# %%
from labs_lib.train.encoding import encoder

A = encoder().fit(features[train]).transform(features).astype(np.float32)
own, labels, frauds_judged = A[train], fraud[train], int(fraud[test].sum())
f"{len(labels):,} payments to train on, {labels.sum()} frauds; {frauds_judged} to judge"

# %% [markdown]
# Four members: boosting and a forest, both small, a weighted sum, and naive Bayes, which takes every
# column for independent evidence.

# %%
import xgboost as xgb
from sklearn.ensemble import RandomForestClassifier

common = dict(n_jobs=1, random_state=0)
boosting = xgb.XGBClassifier(n_estimators=25, max_depth=4, learning_rate=0.1, **common)
forest = RandomForestClassifier(n_estimators=10, max_depth=10, **common)

# %%
from sklearn.naive_bayes import GaussianNB

linear = LogisticRegression(C=0.1, solver="newton-cholesky")
members = {"boosting": boosting, "forest": forest, "linear": linear}
members["naive Bayes"] = GaussianNB()
for model in members.values():
    model.fit(own, labels)

# %% [markdown]
# What do they say about the rows they were trained on, and about month 5?


# %%
def scores_of(rows):
    """Return what each member says about the rows."""
    return {name: m.predict_proba(rows)[:, 1] for name, m in members.items()}


memory, new = scores_of(own), scores_of(A[test])

# %% [markdown]
# The meta-model has to learn whom to trust. From what? If it sees what the members say about *their
# own* training rows, it will trust the best memory. So it gets **out-of-fold** predictions: cut the
# rows in five; what a member says about one fifth comes from a copy trained on the other four.

# %%
from sklearn.model_selection import StratifiedKFold, cross_val_predict

folds = StratifiedKFold(5, shuffle=True, random_state=0)
way = dict(cv=folds, method="predict_proba")
honest = {
    name: cross_val_predict(model, own, labels, **way)[:, 1]
    for name, model in members.items()
}

# %% [markdown]
# Compare the average precision of each member on the three kinds of predictions:

# %%
from sklearn.metrics import average_precision_score


def precision_of(y, said):
    return {name: average_precision_score(y, score) for name, score in said.items()}


looks = {"own rows": precision_of(labels, memory)}
looks["out of fold"] = precision_of(labels, honest)
looks = pd.DataFrame(looks | {"month 5": precision_of(fraud[test], new)})
known = world.truth["probability"].to_numpy()
hard = {"months 1 to 3": average_precision_score(labels, known[train])}
hard["month 5"] = average_precision_score(fraud[test], known[test])
print("the true probability itself:", {k: round(v, 2) for k, v in hard.items()})
looks.round(2)

# %% [markdown]
# On its own rows the forest has an average precision of {{looks.forest.own_rows}}; out of fold
# {{looks.forest.out_of_fold}}. The weighted sum cannot memorize much: {{looks.linear.own_rows}} and
# {{looks.linear.out_of_fold}}. In month 5 all are lower, and it was harder: the true
# probability itself falls from {{hard.months_1_to_3}} to {{hard.month_5}}.{{!harder}}
#
# Now two meta-models, logistic regressions on the members' log odds.


# %%
def log_odds(said):
    """Return one column of log odds for each member."""
    p = np.clip(np.column_stack(list(said.values())), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


# %% [markdown]
# One is trained on what the members say out of fold, the other on what they say about their own rows.
# These are the weights that they give to each member:

# %%
stacks, weights = {}, {}
for name, said in (("out of fold", honest), ("own rows", memory)):
    meta = LogisticRegression(solver="newton-cholesky").fit(log_odds(said), labels)
    weights[name] = dict(zip(members, meta.coef_[0], strict=True))
    stacks[name] = meta.predict_proba(log_odds(new))[:, 1]
pd.DataFrame(weights).round(2)

# %%
precision = precision_of(fraud[test], stacks)
{name: round(value, 2) for name, value in precision.items()}

# %% [markdown]
# Trained on out-of-fold predictions, the meta-model gives the forest a weight of
# {{weights.out_of_fold.forest}} and boosting {{weights.out_of_fold.boosting}}; trained on own rows,
# {{weights.own_rows.forest}} and {{weights.own_rows.boosting}}. The average precision in month 5 is
# {{precision.out_of_fold}} and {{precision.own_rows}}. One month with {{frauds_judged}} frauds
# proves nothing; that is what the worlds below are for.
#
# ### Exercise 3: out of fold
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
lab.ex3.check(out_of_fold)

# %% [markdown]
# ## One budget for all
#
# A stack of five folds trains every member six times. Comparing it with one boosted model of the same
# size hides that. So here is a budget, the same for each contender: **1,000 levels**. One level of one
# tree over all training rows is one unit, since that is what growing trees costs. Not counted are the
# weighted sum, naive Bayes, and what each fit costs before the first tree. That favours the stack, which
# fits most often; "What it costs" below shows the seconds.

# %%
from labs_lib.labs.train.ensembles import shared as contenders

plan = {
    "one tree": [1, contenders.DEEP, 1],
    "bagging": [contenders.TREES, contenders.DEEP, 1],
    "boosting": [contenders.ROUNDS, contenders.SHALLOW, 1],
    "stack: boosting": [25, contenders.SHALLOW, 5],
    "stack: forest": [10, contenders.DEEP, 5],
}
plan = pd.DataFrame(plan, ["trees", "levels", "times over all rows"]).T
plan.assign(units=plan.prod(axis=1))

# %% [markdown]
# Why five times? Five copies of a member see four fifths of the rows each, and a last one sees all.
# The single tree is no contender; it shows where all of them start. Each of bagging, boosting and
# stacking has one dial with three values; the validation month chooses (columns a split may see;
# learning rate; learning rate of the boosted member). 20 worlds of 30,000 payments; stored, and one
# runs again now.

# %%
from labs_lib.course import store

stored = store.load("train/ensembles/worlds")
store.confirm("train/ensembles/worlds", seed=0)


# %%
def by_model(rows, measure):
    """Return one row a repeat, one column a model."""
    return store.wide(rows, "model", measure=measure)


found = by_model(stored, "average precision")

# %%
shown = {
    "one tree": "one tree",
    "bagging": "bagging",
    "boosting": "boosting",
    "stack, out of fold": "stack",
    "member boosting": "its member: boosting",
    "member forest": "its member: forest",
    "member linear": "its member: weighted sum",
    "member naive Bayes": "its member: naive Bayes",
    "average": "plain average of the members",
}
levels = {label: stats.mean_interval(found[name]) for name, label in shown.items()}

# %%
with plots.figure(
    title="One tree is far behind; the three methods are close",
    x="average precision (0 to 1), 20 worlds, 95 % interval",
    y="",
    alt="Bagging, boosting and the stack are close; one tree is far behind.",
) as ax:
    plots.intervals(ax, levels)

# %%
pairs = [("bagging", "one tree"), ("boosting", "one tree"), ("boosting", "bagging")]
pairs += [("stack, out of fold", "bagging"), ("stack, out of fold", "boosting")]
order = {
    f"{a.split(',')[0]} − {b}": stats.worlds(found[a], found[b], comparisons=5)
    for a, b in pairs
}
stats.table(order)

# %% [markdown]
# The average precision:
#
# - against one tree (10 levels), bagging is {{order.bagging_one_tree.verdict}}
#   ({{order.bagging_one_tree.mean}}; {{order.bagging_one_tree.low}} to
#   {{order.bagging_one_tree.high}}) and boosting {{order.boosting_one_tree.verdict}}
#   ({{order.boosting_one_tree.mean}});
# - at the same 1,000 levels, boosting against bagging: {{order.boosting_bagging.verdict}}
#   ({{order.boosting_bagging.mean}}; {{order.boosting_bagging.low}} to
#   {{order.boosting_bagging.high}});
# - the stack against bagging: {{order.stack_bagging.verdict}} ({{order.stack_bagging.mean}}), against
#   boosting: {{order.stack_boosting.verdict}} ({{order.stack_boosting.mean}};
#   {{order.stack_boosting.low}} to {{order.stack_boosting.high}}).
#
# ## On trial: stacking different models beats the best of them
#
# **The measure that decides**, named before looking: average precision in month 5, over 20 worlds. No
# [margin](../glossary.md#margin): any difference that the interval shows counts. "The best of them" has to
# be known when you ship, so it is the one with the best average precision in month 4. Four readings of the
# claim:
#
# 1. the stack against its best member, as the claim is usually told;
# 2. the stack against the best single method that has the whole budget, as the bill tells it;
# 3. the plain average of the members against the best member: is a meta-model needed?
# 4. the claim without a budget: every member five times larger, the stack against its best member.

# %%
valid_score = by_model(stored, "valid")


def best_of(names):
    """Return the average precision of the one that the validation month picks."""
    pick = valid_score[names].idxmax(axis=1)
    return pd.Series({seed: found.loc[seed, name] for seed, name in pick.items()})


# %% [markdown]
# Which member does the validation month pick, and in how many of the 20 worlds?

# %%
small = [f"member {name}" for name in contenders.MEMBERS]
large = [f"{name}, five times" for name in small]
valid_score[small].idxmax(axis=1).value_counts().rename("worlds").to_frame()

# %% [markdown]
# Now the four readings, each a pair of models in the same worlds.

# %%
stack, stack_large = (
    found["stack, out of fold"],
    found["stack, out of fold, five times"],
)
best_member, best_method = best_of(small), best_of(["bagging", "boosting"])
claims = {
    "stack − best member": (stack, best_member),
    "stack − best method": (stack, best_method),
    "average − best member": (found["average"], best_member),
    "large stack − best large member": (stack_large, best_of(large)),
}

# %%
trial = {name: stats.worlds(a, b, comparisons=4) for name, (a, b) in claims.items()}
stats.table(trial)

# %%
lab.stacking.reveal(trial["stack − best member"].verdict)

# %% [markdown]
# - Against its best member the stack is {{trial.stack_best_member.verdict}}:
#   {{trial.stack_best_member.mean}} ({{trial.stack_best_member.low}} to
#   {{trial.stack_best_member.high}}).
# - Against the best single method with the whole budget it is {{trial.stack_best_method.verdict}}:
#   {{trial.stack_best_method.mean}} ({{trial.stack_best_method.low}} to
#   {{trial.stack_best_method.high}}).
# - The plain average against the best member: {{trial.average_best_member.verdict}}
#   ({{trial.average_best_member.mean}}).
# - With members five times larger: {{trial.large_stack_best_large_member.verdict}}
#   ({{trial.large_stack_best_large_member.mean}}; {{trial.large_stack_best_large_member.low}} to
#   {{trial.large_stack_best_large_member.high}}).
#
# The budget does not count everything, and what it leaves out favours the stack. Would more seconds have
# bought a single method the difference? The large members show how much the second half of the budget
# brings.

# %%
half = {"bagging": "member forest", "boosting": "member boosting"}
more = {
    f"{name}, whole − half the budget": stats.worlds(
        found[name], found[f"{part}, five times"], comparisons=2
    )
    for name, part in half.items()
}
stats.table(more)

# %% [markdown]
# For bagging: {{more.bagging_whole_half_the_budget.verdict}}
# ({{more.bagging_whole_half_the_budget.mean}}; {{more.bagging_whole_half_the_budget.low}} to
# {{more.bagging_whole_half_the_budget.high}}); for boosting:
# {{more.boosting_whole_half_the_budget.verdict}} ({{more.boosting_whole_half_the_budget.mean}};
# {{more.boosting_whole_half_the_budget.low}} to {{more.boosting_whole_half_the_budget.high}}). More
# of the same buys little here. A different model may know something else: the weighted sum alone has
# {{levels.its_member_weighted_sum.mean}}, boosting in the stack {{levels.its_member_boosting.mean}}.
#
# ## Where it fails: a stack on its members' own rows
#
# The wrong way saves five of six trainings: train the members, let them predict their training rows,
# train the meta-model on that. Here is what it costs, with small members and with large ones, which
# remember more.

# %%
wrong, wrong_large = (found[f"stack, own rows{size}"] for size in ("", ", five times"))
pairs = {
    "small: own rows − out of fold": (wrong, stack),
    "small: own rows − best member": (wrong, best_member),
    "large: own rows − out of fold": (wrong_large, stack_large),
    "large: own rows − best member": (wrong_large, best_of(large)),
}

# %%
leak = {name: stats.worlds(a, b, comparisons=4) for name, (a, b) in pairs.items()}
stats.table(leak)

# %% [markdown]
# Against the honest stack, the average precision of the one that was trained on own rows is
#
# - {{leak.small_own_rows_out_of_fold.verdict}} with small members:
#   {{leak.small_own_rows_out_of_fold.mean}} ({{leak.small_own_rows_out_of_fold.low}} to
#   {{leak.small_own_rows_out_of_fold.high}});
# - {{leak.large_own_rows_out_of_fold.verdict}} with large ones: {{leak.large_own_rows_out_of_fold.mean}}
#   ({{leak.large_own_rows_out_of_fold.low}} to {{leak.large_own_rows_out_of_fold.high}}).
#
# Against the best member alone it is {{leak.small_own_rows_best_member.verdict}} too
# ({{leak.small_own_rows_best_member.mean}}), and {{leak.large_own_rows_best_member.verdict}} with
# large members ({{leak.large_own_rows_best_member.mean}}). Nothing warns you: on its own rows a
# member looks better than it is, and the meta-model believes it. The mending is the out-of-fold loop,
# and its price is in the budget.
#
# ## What it costs
#
# Training is paid every night, latency for every payment, size on every machine. Your machine's
# numbers for the world above, trained on every third row to save your time, one answer at a time:

# %%
import inspect
import pickle
from time import perf_counter

from labs_lib.train.metrics import inference_latency


def priced(train_it):
    """Return seconds of training, milliseconds of one answer, kilobytes."""
    start = perf_counter()
    predictors = train_it()
    seconds = perf_counter() - start
    wait = sum(inference_latency(predict, A[:1]) for predict in predictors)
    kept = [inspect.getclosurevars(predict).nonlocals for predict in predictors]
    return seconds, 1_000 * wait, len(pickle.dumps(kept)) / 1_000


# %%
stack_members = contenders.members(eta=0.1)
third = own[::3], labels[::3]


def train_stack():
    """Train the folds, then each member on all rows."""
    contenders.out_of_fold(stack_members, *third)
    return [learner(*third) for learner in stack_members.values()]


# %% tags=["nbval-ignore-output"]
bag, boost = contenders.bag, contenders.boost
bills = {
    "one tree": priced(lambda: [bag(1)(*third)]),
    "bagging": priced(lambda: [bag(contenders.TREES)(*third)]),
    "boosting": priced(lambda: [boost(contenders.ROUNDS, eta=0.05)(*third)]),
    "stack": priced(train_stack),
}
pd.DataFrame(bills, ["training (s)", "one answer (ms)", "size (kB)"]).T.round(2)

# %% [markdown]
# All four were trained by one thread. Bagging, boosting and stack share a budget of levels, not of
# seconds: the stack prepares the rows anew for each of its fits, and the weighted sum is not free. For
# each answer it waits for its four members, one after the other. It has the fewest trees, so it is
# small; and it has four kinds of models to keep, patch and explain, which no column shows.
#
# ## Real data: credit defaults
#
# 30,000 customers in Taiwan; 22 in 100 default. The same contenders and budget, 20 random splits, with
# intervals corrected for their overlap. All are stored; none runs here, to spare you the wait.
# `store.confirm("train/ensembles/credit", seed=0)` runs one again, whenever you like.

# %%
splits = store.load("train/ensembles/credit")
splits.groupby("measure")["model"].agg(["nunique", "size"])

# %% [markdown]
# The same questions to the splits; from here on `found` and `valid_score` hold credit defaults.

# %%
found, valid_score = by_model(splits, "average precision"), by_model(splits, "valid")
stack, best_member = found["stack, out of fold"], best_of(small)
pairs = {
    "bagging − one tree": (found["bagging"], found["one tree"]),
    "boosting − bagging": (found["boosting"], found["bagging"]),
    "stack − best member": (stack, best_member),
    "stack − best method": (stack, best_of(["bagging", "boosting"])),
    "average − best member": (found["average"], best_member),
    "large stack − best large member": (
        found["stack, out of fold, five times"],
        best_of(large),
    ),
    "own rows − out of fold": (found["stack, own rows"], stack),
}

# %%
overlap = dict(n_train=18_000, n_test=6_000, comparisons=7)
real = {name: stats.splits(a, b, **overlap) for name, (a, b) in pairs.items()}
stats.table(real)

# %% [markdown]
# - Bagging against one tree: {{real.bagging_one_tree.verdict}} ({{real.bagging_one_tree.mean}});
#   boosting against bagging: {{real.boosting_bagging.verdict}} ({{real.boosting_bagging.mean}}).
# - The stack against its best member: {{real.stack_best_member.verdict}}
#   ({{real.stack_best_member.mean}}; {{real.stack_best_member.low}} to
#   {{real.stack_best_member.high}}). Against the best method with the whole budget:
#   {{real.stack_best_method.verdict}} ({{real.stack_best_method.mean}};
#   {{real.stack_best_method.low}} to {{real.stack_best_method.high}}).
# - With large members: {{real.large_stack_best_large_member.verdict}}
#   ({{real.large_stack_best_large_member.mean}}).
# - The [leak](../glossary.md#leak): {{real.own_rows_out_of_fold.verdict}}
#   ({{real.own_rows_out_of_fold.mean}}; {{real.own_rows_out_of_fold.low}} to
#   {{real.own_rows_out_of_fold.high}}).
#
# Why would the same stack gain on one table and not on the other? Look at how far the members are
# apart.

# %%
far = ["member boosting", "member forest", "member linear", "stack, out of fold"]
payments_mean = by_model(stored, "average precision")[far].mean()
members_on = pd.DataFrame({"payments": payments_mean, "credit": found[far].mean()})
members_on.index = ["boosting", "forest", "linear", "stack"]
members_on.round(3)

# %% [markdown]
# On payments the weighted sum is {{members_on.payments.linear}} beside {{members_on.payments.boosting}}
# of boosting: nearly as good, and of another kind. On credit it is {{members_on.credit.linear}} beside
# {{members_on.credit.boosting}}: far behind, so little is left to mix. A stack needs members that are
# good **and** different. (One comparison of two tables suggests that; it does not prove it.)
#
# So, do you build it? Against the best single method the stack is {{trial.stack_best_method.verdict}}
# on payments and {{real.stack_best_method.verdict}} on credit: "always" is not what you would tell
# the team. If your own validation months show a gain, ask what it is worth, and whether the terminal
# has the milliseconds for four answers instead of one.
#
# ## On SageMaker
#
# Autopilot's mode `ENSEMBLING` builds a stack with AutoGluon: ten trials, k-fold
# [cross-validation](../glossary.md#cross-validation) always, and out-of-fold predictions for the stacker.
# It takes these algorithms: `catboost`, `extra-trees`, `fastai`, `lightgbm`, `linear-learner`, `nn-torch`,
# `randomforest`, `xgboost`. Name the ones you want, and the objective; otherwise F1 decides.

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
channel = {
    "ChannelType": "training",
    "ContentType": "text/csv;header=present",
    "DataSource": {"S3DataSource": source},
}

# %% [markdown]
# That was where the rows are. This is the task:

# %%
algorithms = {"AutoMLAlgorithms": ["xgboost", "randomforest", "linear-learner"]}
tabular = {
    "TargetAttributeName": "is_fraud",
    "ProblemType": "BinaryClassification",
    "Mode": "ENSEMBLING",
    "CandidateGenerationConfig": {"AlgorithmsConfig": [algorithms]},
    "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 3_600},
}

# %%
request = {
    "AutoMLJobName": "fraud-ensemble",
    "AutoMLJobInputDataConfig": [channel],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/autopilot/"},
    "AutoMLProblemTypeConfig": {"TabularJobConfig": tabular},
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "DataSplitConfig": {"ValidationFraction": 0.2},
    "RoleArn": "arn:aws:iam::111122223333:role/training",
}
aws.validate("CreateAutoMLJobV2", request)

# %% [markdown]
# The mode `AUTO` takes ensembling for data below 100 MB and hyperparameter tuning above. "Stacking" is
# no mode:

# %%
wrong = {"TabularJobConfig": tabular | {"Mode": "STACKING"}}
try:
    aws.validate("CreateAutoMLJobV2", request | {"AutoMLProblemTypeConfig": wrong})
except ValueError as refused:
    print(refused)

# %% [markdown]
# The job splits its rows 80 to 20 unless you give it a validation channel; if time matters, as here,
# give it one.
#
# A bag needs no AutoML job: it is a training job of the built-in XGBoost with one round, `eta` 1 and
# `num_parallel_tree` above 1. But with which objective? `binary:logistic` is what one takes for two
# classes. Try both on the world above.

# %%
size = dict(n_estimators=50, max_depth=10, subsample=0.63, colsample_bynode=0.25)
size |= dict(max_bin=64, **common)
logistic = xgb.XGBRFClassifier(**size).fit(own, labels)
squared = xgb.XGBRFRegressor(reg_lambda=0, **size).fit(own, labels)

# %% [markdown]
# How high are their scores on average, beside the share of frauds?

# %%
said = {"logistic": logistic.predict_proba(A[test])[:, 1].astype(float)}
said["squared"] = squared.predict(A[test]).clip(0, 1).astype(float)
means = {"frauds": fraud[test].mean()}
means |= {name: float(score.mean()) for name, score in said.items()}
{name: round(float(mean), 3) for name, mean in means.items()}


# %% [markdown]
# The [Brier score](../glossary.md#brier-score), the mean squared difference between score and label, says
# what that costs.


# %%
def brier(y, score, sample_weight):
    return np.average((score - y) ** 2, weights=sample_weight)


step = stats.rows(brier, fraud[test], said["logistic"], said["squared"], repeats=300)
print("Brier score, logistic − squared error:", step)

# %% [markdown]
# A share of {{means.frauds}} of the payments is fraud. With `reg:squarederror` a leaf says its share of
# frauds, and the mean score is {{means.squared}}. With `binary:logistic` it is {{means.logistic}}. The
# Brier score is {{step.verdict}} ({{step.mean}}; {{step.low}} to {{step.high}}; rows of one world drawn
# again). The hyperparameters of the good one, checked as the container would:

# %%
aws.check_xgboost_hyperparameters(
    {
        "objective": "reg:squarederror",
        "num_round": "1",
        "num_parallel_tree": "50",
        "max_depth": "10",
        "subsample": "0.63",
        "colsample_bynode": "0.25",
        "eta": "1",
        "lambda": "0",
    }
)

# %% [markdown]
# ## What is not reproduced
#
# - AutoGluon's own presets: several layers of stacking, bagged members, neural networks, and a weighted
#   ensemble at the end.
# - The folds of Autopilot are chosen by AutoGluon; here there are five.
# - Latency at an endpoint: container, network and load. See the labs of Part 3.
# - Starting the machines, paying for them, and permissions.
#
# ## Takeaways
#
# - A bag removes variance, down to what its trees have in common. It leaves the bias.
# - Boosting works on the hardest points, and most of these are bad luck. Give it a brake.
# - A forest in one round of XGBoost wants `reg:squarederror`.
# - A meta-model must learn from out-of-fold predictions.
# - Compare ensembles at one budget. "Better than its members" is not "better than what the same training
#   buys"; look at both, on your data, with an interval.
# - Every member is waited for, stored, patched and explained.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Facts
#
# Every measured number in the text above comes from this table.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

lab.facts(
    digits=3,
    tolerance=0.01,
    bagged=Fact(bagged, digits=1, tolerance=1),
    gap=Fact(gap, digits=1, tolerance=1),
    rho=rho,
    luck=Fact(luck, digits=2, tolerance=0.02),
    turn=Fact(turn, digits=0, tolerance=2),
    path=Fact(path, digits=1, tolerance=0.5),
    too_sure=bool(
        path["mended_last"] - path["mended"] < (path["last"] - path["best"]) / 3
    ),
    hard=Fact(hard, digits=2, tolerance=0.02),
    harder=bool(hard["month 5"] < hard["months 1 to 3"] - 0.1),
    mistakes=mistakes,
    frauds_judged=frauds_judged,
    looks=Fact(looks.T.to_dict(), digits=2, tolerance=0.03),
    weights=Fact(weights, digits=2, tolerance=0.05),
    precision=Fact(precision, digits=2, tolerance=0.02),
    levels=levels,
    order=order,
    trial=trial,
    more=more,
    members_on=members_on.to_dict(),
    leak=leak,
    real=real,
    means=means,
    step=step,
)

# %% [markdown]
# ## Sources
#
# - Bagging: Breiman (1996), Bagging predictors. Random forests and the correlation of their trees:
#   Breiman (2001); Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, chapter 15.
# - AdaBoost: Freund and Schapire (1997). Stacking: Wolpert (1992), Stacked generalization.
# - XGBoost: Chen and Guestrin (2016).
# - Autopilot's modes, algorithms, trials and cross-validation: SageMaker developer guide, page
#   `autopilot-model-support-validation`; service model, `AutoMLMode` and `AutoMLAlgorithmConfig`.
# - Intervals over splits: Nadeau and Bengio (2003), Inference for the generalization error.
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
