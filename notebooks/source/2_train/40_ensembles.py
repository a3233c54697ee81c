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
# ([data cards](../../data/README.md)). **Data out:** nothing. It computes for up to a minute, because
# one repeat of each stored experiment runs again.
#
# | SageMaker term | here |
# |---|---|
# | Autopilot's ENSEMBLING mode: out-of-fold stacking by AutoGluon | `cross_val_predict` and a logistic regression |
# | built-in XGBoost | boosting |
# | XGBoost `num_parallel_tree` | a bag of trees in one round |
# | an AutoML candidate | one contender |

# %%
from labs_lib.exercises.train.ensembles import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team runs a boosted fraud model. A consultant proposes a stack of four different models:
# "stacking different models always beats the best of them; every competition is won that way". It
# would be trained every night, and it has to answer while the customer waits at the terminal. The
# machine and the night do not grow. Do you build it?
#
# ## Predict
#
# The claim: *stacking different models beats the best of them*. In small worlds of payments, four
# models are trained, and a stack of the four. Against the member that does best on the validation
# month, is the average precision of the stack in the month after that higher?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.stacking.commit(guess)

# %% [markdown]
# ## Bagging: average trees that differ
#
# *Bagging* (bootstrap aggregating) draws rows with replacement, grows a tree on each sample, and
# averages what the trees say. On average a sample holds 63 % of the different rows, so the trees
# differ. A *random forest* goes on: each split may look at a few columns only, drawn at random.
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
# Is it true? Each world draws two training sets of 1,000 payments that share no row. From ten trees of
# each we estimate `V` and `rho`. From twenty *other* trees we measure what bags of them do.

# %%
import numpy as np
from labs_lib import payments, settings
from labs_lib.experiments.train.fit import numbers
from sklearn.tree import DecisionTreeClassifier

FEATURES = {"bag": None, "random forest": "sqrt"}


def grow(A, y, new, columns, trees=30):
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
def bag_variance(seed):
    """Return variance by theory and as measured, in one world, in thousandths."""
    X, y, p = payments.causes(n=4_000, seed=seed)
    A, y, p = numbers(X).to_numpy(np.float32), y.to_numpy(), p.to_numpy()[2_000:]
    rows = []
    for kind, columns in FEATURES.items():
        f, g = (
            grow(A[own], y[own], A[2_000:], columns)
            for own in (slice(0, 1_000), slice(1_000, 2_000))
        )
        V = ((f[:10, None] - g[None, :10]) ** 2).mean() / 2
        within = (f[:10].var(axis=0, ddof=1) + g[:10].var(axis=0, ddof=1)).mean() / 2
        for B in (1, 2, 5, 10, 20):
            a, b = f[10 : 10 + B].mean(axis=0), g[10 : 10 + B].mean(axis=0)
            row = {"seed": seed, "kind": kind, "trees": B, "rho": 1 - within / V}
            row["theory"] = 1_000 * (V - within + within / B)
            row["measured"] = 1_000 * ((a - b) ** 2).mean() / 2
            row["bias squared"] = 1_000 * ((a - p) * (b - p)).mean()
            rows.append(row)
    return rows


# %%
import pandas as pd

bags = [row for seed in range(settings.repeats(6)) for row in bag_variance(seed)]
bags = pd.DataFrame(bags)
mean_bags = bags.drop(columns="seed").groupby(["kind", "trees"]).mean()
mean_bags.round({"rho": 3, "theory": 1, "measured": 1, "bias squared": 1})

# %%
from labs_lib import plots

long = mean_bags.reset_index().melt(
    ["kind", "trees"], ["theory", "measured"], "from", "variance"
)
long["line"] = long["kind"] + ", " + long["from"]
with plots.figure(
    title="Twenty trees remove most of the variance, as the formula says",
    x="trees (count, logarithmic)",
    y="variance (thousandths, logarithmic)",
    alt="Variance falls with the trees; measured points lie on the lines of theory.",
) as ax:
    plots.lines(ax, long, x="trees", y="variance", group="line")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.set_yticks([10, 20, 50, 100], ["10", "20", "50", "100"])

# %%
from labs_lib import compare

twenty = bags[bags["trees"] == 20].pivot(index="seed", columns="kind")
gap = compare.worlds(twenty["measured", "bag"], twenty["theory", "bag"])
rho = {kind: compare.mean_interval(twenty["rho", kind]) for kind in FEATURES}
bagged = {"one": mean_bags.loc[("bag", 1), "measured"]}
bagged |= {"bag": mean_bags.loc[("bag", 20), "measured"]}
bagged |= {"forest": mean_bags.loc[("random forest", 20), "measured"]}
print("measured - theory, 20 trees:", gap)

# %% [markdown]
# One bootstrap tree has a variance of {{bagged.one}} thousandths, twenty of them {{bagged.bag}}, a forest
# of twenty {{bagged.forest}}. Measured against theory, for twenty trees: {{gap.verdict}}
# ({{gap.mean}}; {{gap.low}} to {{gap.high}}). The correlation of the trees is {{rho.bag.mean}} in the bag
# and {{rho.random_forest.mean}} in the forest: looking at fewer columns makes trees that agree less,
# and that is the whole trick. The squared bias in the table does not fall: an average of trees with
# the same blind spot has that blind spot. Bag what has small bias and large variance, which means deep
# trees.
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
# is a hard point one that the model does not understand yet, or one whose **label is bad luck**? A
# payment with a true chance of fraud of one in ten that happens to be fraud teaches nothing. Call a
# label unlucky if it is the less likely one.


# %%
def adaboost(seed, rounds=60):
    """Boost trees of depth 2; return one row a round."""
    X, y, p = payments.causes(n=4_000, seed=seed)
    A, y, p = numbers(X).to_numpy(np.float32), y.to_numpy() == 1, p.to_numpy()
    own, new = slice(0, 1_000), slice(1_000, None)
    unlucky = (y != (p >= 0.5))[own]
    weights, margin, rows = np.full(1_000, 1 / 1_000), np.zeros(len(y)), []
    for number in range(1, rounds + 1):
        tree = DecisionTreeClassifier(max_depth=2, random_state=0)
        says = tree.fit(A[own], y[own], sample_weight=weights).predict(A)
        mistaken = says[own] != y[own]
        error = weights[mistaken].sum()
        margin += np.log((1 - error) / error) / 2 * np.where(says, 1, -1)
        side = np.where(mistaken, error, 1 - error)
        weights = weights / (2 * side)
        heavy = np.argsort(-weights, kind="stable")[:100]
        row = {"seed": seed, "round": number, "rows": unlucky.mean()}
        row["weight"] = weights[unlucky].sum()
        row["hardest"] = unlucky[heavy].mean()
        row["mistakes"] = ((margin[own] > 0) != y[own]).mean()
        said = 1 / (1 + np.exp(-2 * margin[new]))
        rows.append(row | {"distance": 1_000 * ((said - p[new]) ** 2).mean()})
    return rows


# %%
rounds = [row for seed in range(settings.repeats(6)) for row in adaboost(seed)]
rounds = pd.DataFrame(rounds)
by_round = rounds.drop(columns="seed").groupby("round").mean()
by_round.loc[[1, 2, 5, 10, 20, 40, 60]].round(2)

# %%
names = {
    "rows": "share of all rows",
    "weight": "share of the weight",
    "hardest": "share of the 100 heaviest",
}
long = by_round[list(names)].rename(columns=names).reset_index()
long = long.melt("round", var_name="unlucky labels", value_name="share")
with plots.figure(
    title="The hardest points are mostly bad luck",
    x="round (count)",
    y="unlucky labels (share, 0 to 1)",
    alt="Unlucky labels are a sixth of the rows but most of the heaviest points.",
) as ax:
    plots.lines(ax, long, x="round", y="share", group="unlucky labels")
    ax.set_ylim(0, 1)
    ax.legend(loc=(0.6, 0.53))

# %%
with plots.figure(
    title="After a few rounds boosting leaves the truth again",
    x="round (count)",
    y="distance from the true probability (thousandths)",
    alt="The distance from the truth falls in the first rounds and rises afterwards.",
) as ax:
    ax.plot(by_round.index, by_round["distance"])

# %%
last = rounds[rounds["round"] == 60]
luck = {
    name: compare.mean_interval(last[name]) for name in ("rows", "weight", "hardest")
}
turn = int(by_round["distance"].idxmin())
path = {"best": by_round["distance"].min(), "last": by_round["distance"].iloc[-1]}
mistakes = by_round["mistakes"].iloc[[0, -1]].set_axis(["first", "last"]).to_dict()
for name, interval in luck.items():
    print(f"{name}: {interval}")

# %% [markdown]
# Unlucky labels are a share of {{luck.rows.mean}} of the rows. After 60 rounds they hold
# {{luck.weight.mean}} of the weight, and of the hundred heaviest points a share of
# {{luck.hardest.mean}} ({{luck.hardest.low}} to {{luck.hardest.high}}) is unlucky. The mistakes on own
# rows fall from {{mistakes.first}} to {{mistakes.last}}: fewer than somebody makes who knows the truth,
# since that person is wrong on every unlucky label. The distance from the truth is least at round
# {{turn}} ({{path.best}}) and then grows to {{path.last}}: first boosting learns fraud, then it learns
# chance. That is why boosting needs a brake: a small learning rate, shallow trees, early stopping.
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
from labs_lib.train.encoding import encoder

world = payments.simulate(n_transactions=30_000, days=150, seed=100, events=())
transactions = world.transactions
features, fraud = payments.features(transactions), transactions["is_fraud"].to_numpy()
train, valid, test = payments.split_by_time(transactions)
A = encoder().fit(features[train]).transform(features).astype(np.float32)
own, labels = A[train], fraud[train]
f"{len(labels):,} payments to train on, {labels.sum()} frauds"

# %% [markdown]
# Four members: boosting and a forest, both small, a weighted sum, and naive Bayes, which takes every
# column for independent evidence.

# %%
import xgboost as xgb
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

members = {
    "boosting": xgb.XGBClassifier(
        n_estimators=25, max_depth=4, learning_rate=0.1, n_jobs=1, random_state=0
    ),
    "forest": RandomForestClassifier(10, max_depth=10, random_state=0),
    "linear": LogisticRegression(C=0.1, solver="newton-cholesky"),
    "naive Bayes": GaussianNB(),
}
for model in members.values():
    model.fit(own, labels)

# %% [markdown]
# The meta-model has to learn whom to trust. From what? If it sees what the members say about *their
# own* training rows, it will trust the best memory. So it gets **out-of-fold** predictions: cut the
# rows in five; what a member says about one fifth comes from a copy trained on the other four.

# %%
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

folds = StratifiedKFold(5, shuffle=True, random_state=0)
honest, memory = {}, {}
for name, model in members.items():
    out = cross_val_predict(model, own, labels, cv=folds, method="predict_proba")
    honest[name], memory[name] = out[:, 1], model.predict_proba(own)[:, 1]
looks = pd.DataFrame(
    {
        name: {
            "own rows": average_precision_score(labels, memory[name]),
            "out of fold": average_precision_score(labels, honest[name]),
            "month 5": average_precision_score(
                fraud[test], model.predict_proba(A[test])[:, 1]
            ),
        }
        for name, model in members.items()
    }
).T
looks.round(2)

# %% [markdown]
# On its own rows the forest has an average precision of {{looks.forest.own_rows}}; out of fold
# {{looks.forest.out_of_fold}}. The weighted sum cannot memorize: {{looks.linear.own_rows}} and
# {{looks.linear.out_of_fold}}. Now two meta-models, logistic regressions on the members' log odds.


# %%
def log_odds(said):
    """Return one column of log odds for each member."""
    p = np.clip(np.column_stack(list(said.values())), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


new = {name: model.predict_proba(A[test])[:, 1] for name, model in members.items()}
weights, precision = {}, {}
for name, said in (("out of fold", honest), ("own rows", memory)):
    meta = LogisticRegression(solver="newton-cholesky").fit(log_odds(said), labels)
    weights[name] = dict(zip(members, meta.coef_[0], strict=True))
    score = meta.predict_proba(log_odds(new))[:, 1]
    precision[name] = average_precision_score(fraud[test], score)
pd.DataFrame(weights).round(2)

# %%
stacked = {name: round(value, 2) for name, value in precision.items()}
stacked

# %% [markdown]
# Trained on out-of-fold predictions, the meta-model gives the forest a weight of
# {{weights.out_of_fold.forest}} and boosting {{weights.out_of_fold.boosting}}; trained on own rows,
# {{weights.own_rows.forest}} and {{weights.own_rows.boosting}}. The average precision in month 5 is
# {{precision.out_of_fold}} and {{precision.own_rows}}. One month with some 60 frauds proves nothing; the
# worlds below do.
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
from labs_lib.experiments.train import _contenders as contenders

plan = pd.DataFrame(
    {
        "one tree": {"trees": 1, "levels": contenders.DEEP, "trained": 1},
        "bagging": {"trees": contenders.TREES, "levels": contenders.DEEP, "trained": 1},
        "boosting": {
            "trees": contenders.ROUNDS,
            "levels": contenders.SHALLOW,
            "trained": 1,
        },
        "stack: boosting": {"trees": 25, "levels": contenders.SHALLOW, "trained": 5},
        "stack: forest": {"trees": 10, "levels": contenders.DEEP, "trained": 5},
    }
).T
plan["units"] = plan.prod(axis=1)
plan

# %% [markdown]
# Five times over, because a fold's copy sees four fifths of the rows five times, and a last one sees
# all. Each of bagging, boosting and stacking has one dial with three values; the validation month
# chooses (columns a split may see; learning rate; learning rate of the boosted member). 20 worlds of
# 30,000 payments; stored, and one runs again now.

# %%
from labs_lib.experiments import store

stored = store.load("train/ensembles")
store.confirm("train/ensembles", seed=0)


# %%
def by_model(rows, measure):
    chosen = rows[rows["measure"] == measure]
    return chosen.pivot(index="seed", columns="model", values="value")


found = by_model(stored, "average precision")
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
levels = {label: compare.mean_interval(found[name]) for name, label in shown.items()}
with plots.figure(
    title="One tree is far behind; the three methods are close",
    x="average precision (0 to 1), 20 worlds, 95 % interval",
    y="",
    alt="Bagging, boosting and the stack are close; one tree is far behind.",
) as ax:
    plots.intervals(ax, levels)

# %%
pairs = [
    ("bagging", "one tree"),
    ("boosting", "one tree"),
    ("boosting", "bagging"),
    ("stack, out of fold", "bagging"),
    ("stack, out of fold", "boosting"),
]
order = {
    f"{a.split(',')[0]} − {b}": compare.worlds(found[a], found[b], comparisons=5)
    for a, b in pairs
}
compare.table(order)

# %% [markdown]
# For the same 1,000 levels:
#
# - against one tree, bagging is {{order.bagging_one_tree.verdict}} ({{order.bagging_one_tree.mean}};
#   {{order.bagging_one_tree.low}} to {{order.bagging_one_tree.high}}) and boosting
#   {{order.boosting_one_tree.verdict}} ({{order.boosting_one_tree.mean}});
# - boosting against bagging: {{order.boosting_bagging.verdict}} ({{order.boosting_bagging.mean}};
#   {{order.boosting_bagging.low}} to {{order.boosting_bagging.high}});
# - the stack against bagging: {{order.stack_bagging.verdict}} ({{order.stack_bagging.mean}}), against
#   boosting: {{order.stack_boosting.verdict}} ({{order.stack_boosting.mean}};
#   {{order.stack_boosting.low}} to {{order.stack_boosting.high}}).
#
# ## On trial: stacking different models beats the best of them
#
# **The measure that decides**, named before looking: average precision in month 5, over 20 worlds. No
# margin: any difference that the interval shows counts. "The best of them" has to be known when you
# ship, so it is the one with the best average precision in month 4. Four readings of the claim:
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


small = [f"member {name}" for name in contenders.MEMBERS]
large = [f"{name}, five times" for name in small]
best_member, best_method = best_of(small), best_of(["bagging", "boosting"])
stack_large = found["stack, out of fold, five times"]

# %%
stack = found["stack, out of fold"]
trial = {
    "stack − best member": compare.worlds(stack, best_member, comparisons=4),
    "stack − best method": compare.worlds(stack, best_method, comparisons=4),
    "average − best member": compare.worlds(
        found["average"], best_member, comparisons=4
    ),
    "large stack − best large member": compare.worlds(
        stack_large, best_of(large), comparisons=4
    ),
}
compare.table(trial)

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
#   ({{trial.average_best_member.mean}}). One voice of four is naive Bayes; an average cannot turn it
#   down.
# - With members five times larger: {{trial.large_stack_best_large_member.verdict}}
#   ({{trial.large_stack_best_large_member.mean}}; {{trial.large_stack_best_large_member.low}} to
#   {{trial.large_stack_best_large_member.high}}).
#
# The budget does not count everything, and what it leaves out favours the stack. Would more seconds have
# bought a single method the difference? The large members show how much the second half of the budget
# brings.

# %%
half = {
    "bagging": "member forest, five times",
    "boosting": "member boosting, five times",
}
more = {
    f"{name}, whole − half the budget": compare.worlds(
        found[name], found[part], comparisons=2
    )
    for name, part in half.items()
}
compare.table(more)

# %% [markdown]
# For bagging: {{more.bagging_whole_half_the_budget.verdict}}
# ({{more.bagging_whole_half_the_budget.mean}}; {{more.bagging_whole_half_the_budget.low}} to
# {{more.bagging_whole_half_the_budget.high}}); for boosting:
# {{more.boosting_whole_half_the_budget.verdict}} ({{more.boosting_whole_half_the_budget.mean}};
# {{more.boosting_whole_half_the_budget.low}} to {{more.boosting_whole_half_the_budget.high}}). More of the
# same buys little here. A different model may know something else: the weighted sum alone has
# {{levels.its_member_weighted_sum.mean}}, boosting in the stack {{levels.its_member_boosting.mean}}.
#
# ## Where it fails: a stack on its members' own rows
#
# The wrong way saves five of six trainings: train the members, let them predict their training rows,
# train the meta-model on that. Here is what it costs, with small members and with large ones, which
# remember more.

# %%
leak = {
    f"{size}: own rows − {other}": compare.worlds(a, b, comparisons=4)
    for size, wrong, right, best in (
        ("small", found["stack, own rows"], stack, best_member),
        ("large", found["stack, own rows, five times"], stack_large, best_of(large)),
    )
    for other, a, b in (
        ("out of fold", wrong, right),
        ("best member", wrong, best),
    )
}
compare.table(leak)

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
# ({{leak.small_own_rows_best_member.mean}}), and {{leak.large_own_rows_best_member.verdict}} with large
# members ({{leak.large_own_rows_best_member.mean}}). Nothing warns you: on the training rows it looks
# superb. The mending is the out-of-fold loop, and its price is in the budget.
#
# ## What it costs
#
# Training is paid every night, latency for every payment, size on every machine. Your machine's
# numbers for the world above, one answer at a time:

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


# %% tags=["nbval-ignore-output"]
stack_members = contenders.members(eta=0.1)


def train_stack():
    contenders.stack(stack_members, own, labels, A[:1])
    return [learner(own, labels) for learner in stack_members.values()]


bag, boost = contenders.bag, contenders.boost
bills = {
    "one tree": priced(lambda: [bag(1)(own, labels)]),
    "bagging": priced(lambda: [bag(contenders.TREES)(own, labels)]),
    "boosting": priced(lambda: [boost(contenders.ROUNDS, eta=0.05)(own, labels)]),
    "stack": priced(train_stack),
}
bills = pd.DataFrame(bills, ["training (s)", "one answer (ms)", "size (kB)"]).T
bills.round(2)

# %% [markdown]
# All four were trained by one thread. Bagging, boosting and stack share a budget of levels, not of
# seconds: the stack prepares the rows anew for each of its fits, and the weighted sum is not free. For
# each answer it waits for its four members, one after the other. It has the fewest trees, so it is
# small; and it has four kinds of models to keep, patch and explain, which no column shows.
# (`StackingClassifier` of scikit-learn does fold, members and meta-model in one object.)
#
# ## Real data: credit defaults
#
# 30,000 customers in Taiwan; 22 in 100 default. The same contenders and budget, 20 random splits, with
# intervals corrected for their overlap. One split runs again now.

# %%
splits = store.load("train/ensembles_credit")
store.confirm("train/ensembles_credit", seed=0)

# %%
found = by_model(splits, "average precision")
valid_score = by_model(splits, "valid")
overlap = dict(n_train=18_000, n_test=6_000, comparisons=7)
real = {
    "bagging − one tree": (found["bagging"], found["one tree"]),
    "boosting − bagging": (found["boosting"], found["bagging"]),
    "stack − best member": (found["stack, out of fold"], best_of(small)),
    "stack − best method": (
        found["stack, out of fold"],
        best_of(["bagging", "boosting"]),
    ),
    "average − best member": (found["average"], best_of(small)),
    "large stack − best large member": (
        found["stack, out of fold, five times"],
        best_of(large),
    ),
    "own rows − out of fold": (found["stack, own rows"], found["stack, out of fold"]),
}
real = {name: compare.splits(a, b, **overlap) for name, (a, b) in real.items()}
compare.table(real)

# %% [markdown]
# - Bagging against one tree: {{real.bagging_one_tree.verdict}} ({{real.bagging_one_tree.mean}}); boosting
#   against bagging: {{real.boosting_bagging.verdict}} ({{real.boosting_bagging.mean}}).
# - The stack against its best member: {{real.stack_best_member.verdict}}
#   ({{real.stack_best_member.mean}}; {{real.stack_best_member.low}} to
#   {{real.stack_best_member.high}}). Against the best method with the whole budget:
#   {{real.stack_best_method.verdict}} ({{real.stack_best_method.mean}};
#   {{real.stack_best_method.low}} to {{real.stack_best_method.high}}).
# - With large members: {{real.large_stack_best_large_member.verdict}}
#   ({{real.large_stack_best_large_member.mean}}).
# - The leak: {{real.own_rows_out_of_fold.verdict}} ({{real.own_rows_out_of_fold.mean}};
#   {{real.own_rows_out_of_fold.low}} to {{real.own_rows_out_of_fold.high}}).
#
# Why would the same stack gain on one table and not on the other? Look at how far the members are
# apart.

# %%
far = ["member boosting", "member forest", "member linear", "stack, out of fold"]
members_on = pd.DataFrame(
    {
        "payments": by_model(stored, "average precision")[far].mean(),
        "credit": found[far].mean(),
    }
).set_axis(["boosting", "forest", "linear", "stack"])
members_on.round(3)

# %% [markdown]
# On payments the weighted sum is {{members_on.payments.linear}} beside {{members_on.payments.boosting}}
# of boosting: nearly as good, and of another kind. On credit it is {{members_on.credit.linear}} beside
# {{members_on.credit.boosting}}: far behind, so little is left to mix. A stack needs members that are
# good **and** different. (One comparison of two tables suggests that; it does not prove it.)
#
# ## On SageMaker
#
# Autopilot's mode `ENSEMBLING` builds a stack with AutoGluon: ten trials, k-fold cross-validation
# always, and out-of-fold predictions for the stacker. It takes these algorithms: `catboost`,
# `extra-trees`, `fastai`, `lightgbm`, `linear-learner`, `nn-torch`, `randomforest`, `xgboost`. Name the
# ones you want, and the objective; otherwise F1 decides.

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
channel = {
    "ChannelType": "training",
    "ContentType": "text/csv;header=present",
    "DataSource": {
        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
    },
}
algorithms = ["xgboost", "randomforest", "linear-learner"]
tabular = {
    "TargetAttributeName": "is_fraud",
    "ProblemType": "BinaryClassification",
    "Mode": "ENSEMBLING",
    "CandidateGenerationConfig": {
        "AlgorithmsConfig": [{"AutoMLAlgorithms": algorithms}]
    },
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
# The job splits its rows 80 to 20 unless you give it a validation channel; if time matters, as here, give
# it one.
#
# A bag needs no AutoML job: it is a training job of the built-in XGBoost with one round, `eta` 1 and
# `num_parallel_tree` above 1. But with which objective? `binary:logistic` is what one takes for two
# classes. Try both on the world above.

# %%
forest = dict(
    n_estimators=100,
    max_depth=10,
    subsample=0.63,
    colsample_bynode=0.25,
    max_bin=64,
    n_jobs=1,
    random_state=0,
)
logistic = xgb.XGBRFClassifier(**forest).fit(own, labels)
shares = xgb.XGBRFRegressor(reg_lambda=0, **forest).fit(own, labels)
forests = {
    "binary:logistic": logistic.predict_proba(A[test])[:, 1].astype(float),
    "reg:squarederror": shares.predict(A[test]).clip(0, 1).astype(float),
}

# %%
from sklearn.metrics import brier_score_loss

means = {"frauds": fraud[test].mean(), "logistic": forests["binary:logistic"].mean()}
means["squared"] = forests["reg:squarederror"].mean()
step = compare.rows(brier_score_loss, fraud[test], *forests.values(), repeats=300)
print({name: round(float(mean), 3) for name, mean in means.items()})
print("Brier score, logistic - squared error:", step)

# %% [markdown]
# A share of {{means.frauds}} of the payments is fraud. With `reg:squarederror` a leaf says its share of
# frauds, and the mean score is {{means.squared}}. With `binary:logistic` it is {{means.logistic}}: each
# leaf takes one Newton step in log odds, the steps are averaged, and where a class is rare one step
# overshoots. The Brier score is {{step.verdict}} ({{step.mean}}; {{step.low}} to {{step.high}}; rows of
# one world drawn again). Boosting takes many small steps and does not have this fault. The
# hyperparameters of the good one, checked as the container would:

# %%
aws.check_xgboost_hyperparameters(
    {
        "objective": "reg:squarederror",
        "num_round": "1",
        "num_parallel_tree": "100",
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
# - Boosting works on the hardest points; after a while these are bad luck. Give it a brake.
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
    mistakes=mistakes,
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
