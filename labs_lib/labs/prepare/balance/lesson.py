# ---
# jupyter:
#   labs:
#     concepts:
#       sm-balance: "Three operators, in two dimensions"
#     constants:
#       "0.5": "the default threshold, and a precision that we ask for"
#       "0.01": "the margin of a tie, chosen before looking"
#       "0.2": "the smallest share of frauds that was tried, in percent"
#       "1 %": "a share of frauds that was tried"
#       "5 %": "a share of frauds that was tried"
#       "20 %": "a share of frauds that was tried"
#       "0.99": "an invented example in the quiz"
#       "0.78": "an invented example in the quiz"
#       "0.012": "an invented example in the quiz"
#       "0.004": "an invented example in the quiz"
#       "0.020": "an invented example in the quiz"
# ---

# %% [markdown]
# # Balance: resample, weight, or move the threshold?
#
# > One payment in a hundred is fraud. Do you make more frauds, drop honest payments, or leave the data
# > alone?
#
# **You will**
#
# - write SMOTE's step, and find synthetic frauds that make no sense;
# - measure what five ways of balancing do to the ranking, the probabilities and the cost, at four
#   shares of positives;
# - decide between balancing and moving the threshold when every model gets its own;
# - turn the score of a balanced model back into a probability;
# - recognize the leak of balancing before the split.
#
# **You need** [Split](20_split.ipynb), and [Algorithms](../2_train/10_algorithms.ipynb) for average precision
# and the cost of an alert. **Data in:** the payments world, credit defaults ([data cards](../../data/README.md)).
# **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Data Wrangler "Balance data": random oversample | `RandomOverSampler` of imbalanced-learn |
# | random undersample | `RandomUnderSampler` |
# | SMOTE, non-numeric values copied from a parent | `SMOTENC` |
# | `csv_weights` of built-in XGBoost: a weight for each row | `sample_weight` |
# | a threshold for the score, chosen after training | `payments.best_threshold` |

# %%
from labs_lib.labs.prepare.balance.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your fraud model finds too few frauds. A colleague opens Data Wrangler, clicks *Balance data*, and
# shows you recall before and after: it has doubled. The click costs nothing, so why not? Your
# manager asks for two things before Friday: whether the balanced model is better, and
# whether its scores may still be read as probabilities, because the price of an insurance depends on
# them.
#
# ## Predict
#
# The claim: *SMOTE improves the model*. Average precision says whether frauds stand further up in the
# ranking, whatever the threshold. Same model, one fraud in a hundred, with and without SMOTE on the
# training rows: will average precision be higher with it? "Tie" means that the two certainly differ
# by less than 0.01, "undecided" that the data cannot say.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.smote.commit(guess)

# %% [markdown]
# ## Three operators, in two dimensions
#
# A picture first. Frauds come from two small groups; honest payments lie between and around them.

# %%
import numpy as np

rng = np.random.default_rng(0)
honest = rng.normal([0, 0], [1.6, 0.9], (400, 2))
frauds = np.concatenate(
    [rng.normal([-3, 1.8], 0.35, (10, 2)), rng.normal([3, 1.8], 0.35, (2, 2))]
)
f"{len(honest)} honest, {len(frauds)} frauds"

# %%
points = np.concatenate([honest, frauds])
is_fraud = np.repeat([0, 1], [len(honest), len(frauds)])
points.shape

# %% [markdown]
# Data Wrangler has three operators. *Random oversample* repeats rows of the small class; *random
# undersample* drops rows of the large one; *SMOTE* makes new rows between a fraud and one of its
# nearest frauds.

# %%
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler

samplers = {
    "random over": RandomOverSampler(random_state=0),
    "random under": RandomUnderSampler(random_state=0),
    "SMOTE": SMOTE(random_state=0),
}

# %%
balanced = {
    name: sampler.fit_resample(points, is_fraud) for name, sampler in samplers.items()
}
{name: np.bincount(labels).tolist() for name, (_, labels) in balanced.items()}

# %%
from labs_lib import plots

with plots.figure(
    title="SMOTE draws frauds where nobody has seen one",
    x="first input (units)",
    y="second input (units)",
    panels=3,
    alt="Over repeats points, under drops them, SMOTE fills lines between two groups.",
) as axes:
    for ax, (name, (rows, labels)) in zip(axes, balanced.items(), strict=True):
        for value, color in ((0, plots.GREY), (1, plots.COLORS["vermillion"])):
            some = rows[labels == value]
            ax.plot(some[:, 0], some[:, 1], ".", color=color, alpha=0.6)
        ax.set(title=name, xlim=(-5.5, 5.5), ylim=(-3.5, 3.5))

# %% [markdown]
# Twelve frauds make four hundred. Repeating them adds no place; SMOTE adds places. The second group has
# two members and SMOTE asks for five neighbours, so it joins the two groups by lines through a region
# where no fraud was ever seen. How many of the new points lie nearer to an honest payment than to any
# real fraud?

# %%
from sklearn.neighbors import NearestNeighbors

new = balanced["SMOTE"][0][len(points) :]
to_fraud = NearestNeighbors(n_neighbors=1).fit(frauds).kneighbors(new)[0][:, 0]
to_honest = NearestNeighbors(n_neighbors=1).fit(honest).kneighbors(new)[0][:, 0]
among_honest = (to_honest < to_fraud).mean()
f"{among_honest:.2f} of the new frauds"

# %% [markdown]
# A share of {{among_honest}} of the synthetic frauds. SMOTE cannot know better: it never looks at the
# honest ones.
#
# Two more ways make no rows at all. *Weights* count each fraud as many times as there are honest
# payments for it. *Moving the threshold* leaves training alone and alerts earlier. Fit a weighted sum
# each time; its border is a line. Where does it run?

# %%
from sklearn.linear_model import LogisticRegression


def line(rows, labels, threshold=0.5, **options):
    """Return the height of the border at x = -5 and at x = 5."""
    model = LogisticRegression(solver="newton-cholesky", **options).fit(rows, labels)
    (right, up), level = model.coef_[0], np.log(threshold / (1 - threshold))
    return (level - model.intercept_[0] - right * np.array([-5, 5])) / up


# %%
borders = {"none": line(points, is_fraud)}
borders |= {name: line(*rows) for name, rows in balanced.items()}
borders["weights"] = line(points, is_fraud, class_weight="balanced")
borders["threshold moved"] = line(points, is_fraud, threshold=is_fraud.mean())

# %%
with plots.figure(
    title="Moving the threshold brings the line down, as balancing does",
    x="first input (units)",
    y="second input (units)",
    alt="Without balancing the line runs high; the five others run far below it.",
) as ax:
    for value, color in ((0, plots.GREY), (1, plots.COLORS["vermillion"])):
        some = points[is_fraud == value]
        ax.plot(some[:, 0], some[:, 1], ".", color=color, alpha=0.4)
    for name, height in borders.items():
        ax.plot([-5, 5], height, label=name)
    ax.set(xlim=(-5, 5), ylim=(-2.5, 6.5))
    ax.legend(ncols=3, loc="upper left")

# %% [markdown]
# Payments above a line are alerted. The plain model misses nearly all frauds at 0.5. With its threshold
# at the share of frauds, the line comes down to where the others are and keeps its slope. Weights raise
# the odds of fraud that a model learns; a lower threshold asks for lower odds. The question of this
# lab is what balancing does *besides* that.
#
# ### Exercise 1: one synthetic fraud
#
# Write SMOTE's step: given a row, its neighbours (one a row) and a random generator, return one new
# row on the line between the row and one neighbour drawn at random, at a random place.


# %% tags=["exercise"]
# BEGIN SOLUTION
def synthetic(row, neighbours, rng):
    """Return a point on the line from `row` to a random neighbour."""
    #: 1. draw one neighbour
    #: 2. draw one weight between 0 and 1, the same for all columns
    #: 3. step from the row towards the neighbour
    neighbour = neighbours[rng.integers(len(neighbours))]
    return row + rng.random() * (neighbour - row)


# END SOLUTION
lab.ex1.check(synthetic)

# %% [markdown]
# ### Half a channel
#
# Now real columns: five months of payments, of which the first three train. A payment is made by chip,
# swipe, online or phone, and a distance is known for chip and swipe only.

# %%
from labs_lib import data, payments

transactions = data.load_payments()
transactions = transactions[payments.month(transactions) <= 5]
X = payments.features(transactions)
y = transactions["is_fraud"].to_numpy()
train, valid, test = payments.split_by_time(transactions)
{"payments": int(train.sum()), "frauds": int(y[train].sum())}

# %% [markdown]
# SMOTE takes numbers without gaps, so gaps are filled and each channel becomes a column of zeros and
# ones first. What do the new frauds look like in these columns?

# %%
import pandas as pd

from labs_lib.labs.prepare.balance import shared as tools
from labs_lib.train.encoding import encoder

X = tools.filled(X, train)  # gaps get the median of the training rows
encode = encoder().fit(X[train])
matrix = encode.transform(X[train]).astype(np.float32)
f"{X.shape[1]} columns become {matrix.shape[1]} numbers"

# %%
made, labels = SMOTE(random_state=0).fit_resample(matrix, y[train])
columns = encode.get_feature_names_out()
new = pd.DataFrame(made[len(matrix) :], columns=columns).filter(like="channel_")
n_new = len(new)
half = ((new > 0.01) & (new < 0.99)).any(axis=1).mean()
new.head(4).round(2)

# %% [markdown]
# A share of {{half}} of the {{n_new}} synthetic frauds were made partly by one channel and partly by
# another: no card has ever paid so. Data Wrangler copies a category from one of the parents instead.
# `SMOTENC`, SMOTE for mixed types, also takes whole categories: the most frequent among the
# neighbours.

# %%
from imblearn.over_sampling import SMOTENC

small = np.flatnonzero(train)[::10]  # SMOTENC is slow
kinds = [X.columns.get_loc(name) for name in X if X[name].dtype == "category"]
mixed, labels = SMOTENC(kinds, random_state=0).fit_resample(X.iloc[small], y[small])
mixed = mixed.iloc[len(small) :]
f"{len(mixed):,} frauds made"

# %%
remote = mixed[mixed["channel"].isin(["online", "phone"])]
odd = remote["distance_km"] != X.loc[train, "distance_km"].median()
no_sense = odd.mean()
remote.loc[odd, ["channel", "distance_km", "amount_cents"]].head(4).round(1)

# %% [markdown]
# Whole channels now. But the columns are still drawn apart from each other: of the synthetic online and
# phone payments, a share of {{no_sense}} carry a distance that such a payment does not have. Look
# at some rows of what you make before you train on them.
#
# ## What balancing does to a probability
#
# Fit the same XGBoost on each version of the training months and compare the mean score of the test
# month with the share of frauds there. For a probability, the two agree.

# %%
model = tools.boosted()  # 60 trees of depth 4; not tuned, the same for all
inputs = encode.transform(X[test]).astype(np.float32)
ratio = (y[train] == 0).sum() / y[train].sum()
f"{ratio:.0f} honest payments for each fraud"

# %%
versions = {"none": (matrix, y[train], None)}
for name in ("random under", "SMOTE"):
    versions[name] = (*samplers[name].fit_resample(matrix, y[train]), None)
versions["weights"] = (matrix, y[train], np.where(y[train] == 1, ratio, 1.0))
{name: len(labels) for name, (_, labels, _) in versions.items()}

# %%
scores = {
    name: model.fit(rows, labels, sample_weight=weight).predict_proba(inputs)[:, 1]
    for name, (rows, labels, weight) in versions.items()
}

# %%
level = pd.Series({name: score.mean() for name, score in scores.items()})
level = (level / y[test].mean()).rename("mean score / share of frauds")
level.round(1)

# %% [markdown]
# Without balancing, the mean score is {{level.none}} times the share of frauds; after random
# undersampling {{level.random_under}} times, with weights {{level.weights}} times, after SMOTE
# {{level.smote}} times. The model answers for the world that it was shown. A price computed from such
# a score is wrong by about that factor.
#
# ### Exercise 2: back to a probability
#
# Undersampling kept every fraud and a share `kept` of the honest payments. So honest payments look
# rarer than they are, and the odds that the model learns are too high by 1 / `kept`. Write the
# function that turns its score into the probability in the real world.


# %% tags=["exercise"]
# BEGIN SOLUTION
def corrected(score, kept):
    """Return the probability behind the score of a model that saw few honest rows."""
    return kept * score / (kept * score + 1 - score)


# END SOLUTION
lab.ex2.check(corrected)

# %% [markdown]
# Now correct all three. Counting a fraud `ratio` times multiplies the odds just as keeping 1 / `ratio` of
# the honest payments does. Does the correction bring the Brier score back? (It is the mean squared
# error of a probability; low is good.)

# %%
from sklearn.metrics import brier_score_loss

kept = 1 / ratio
mended = {
    name: score if name == "none" else kept * score / (kept * score + 1 - score)
    for name, score in scores.items()
}
level_mended = pd.Series({n: s.mean() / y[test].mean() for n, s in mended.items()})
level_mended.rename("mended mean / share of frauds").round(2)

# %%
both = {"as it comes": scores, "mended": mended}
brier = pd.DataFrame(
    {
        way: {name: brier_score_loss(y[test], s) for name, s in made.items()}
        for way, made in both.items()
    }
)
brier.round(4)

# %% [markdown]
# Undersampling: from {{brier.as_it_comes.random_under}} to {{brier.mended.random_under}}, against
# {{brier.as_it_comes.none}} for the model that saw everything, and a mean score of
# {{level_mended.random_under}} times the share of frauds. Weights: from
# {{brier.as_it_comes.weights}} to {{brier.mended.weights}}, but a mean score of
# {{level_mended.weights}} times the share. The formula is exact where every score is right in the
# weighted world. Sixty trees fitted to a few heavy rows are right there on average only. So correct, and
# then check the mean on rows that nobody touched.
#
# The correction is meant for rows dropped at random at a known rate. SMOTE's new frauds are a sample
# of nothing; corrected as if they were copies, their model's mean score is {{level_mended.smote}} times
# the share. For such a score, fit a calibration on untouched rows
# ([Metrics](../2_train/20_metrics.ipynb)).
#
# ## On trial: "SMOTE improves the model"
#
# **The measure that decides**, named before looking: average precision, with a margin of 0.01. A win is
# an interval wholly above the margin, a loss wholly below, a tie wholly inside; anything else is
# undecided. Recall at a precision of one half, Brier score and cost come second.
#
# Twenty independent worlds. In each, one class is thinned in train, validation and test alike until
# frauds have a share of 0.2 %, 1 %, 5 % or 20 %. Average precision by chance equals that share, so it is
# compared only within one share. Same XGBoost, same rule for the threshold, five ways to balance the
# training rows against none: twenty comparisons, for which the intervals are corrected.
#
# That took minutes, so the rows are stored. One repeat runs again now, a world with 20 % frauds: it has the
# fewest rows.

# %%
from labs_lib.course import store

worlds = store.load("prepare/balance/worlds")
store.confirm("prepare/balance/worlds", seed=3)

# %%
from labs_lib import stats


def values(rows, unit, rate, measure, model="XGBoost"):
    """Return one column a method, one row a world or split."""
    chosen = rows[(rows["rate"] == rate) & (rows["measure"] == measure)]
    if "model" in rows:
        chosen = chosen[chosen["model"] == model]
    return chosen.pivot(index=unit, columns="method", values="value")


def shares(*columns):
    """Return a table with one row a share of frauds."""
    return pd.concat(columns, axis=1).rename(index="{:.1%}".format)


# %%
found = {r: values(worlds, "world", r, "positives")["none"].mean() for r in tools.RATES}
plain = {
    r: values(worlds, "world", r, "average precision")["none"].mean()
    for r in tools.RATES
}
fewest = found[tools.RATES[0]]
shares(
    pd.Series(found, name="test frauds").round(0),
    pd.Series(plain, name="average precision of none").round(3),
)

# %% [markdown]
# In the rarest case a test month holds {{fewest}} frauds on average. Do not expect many decisions there.
# Now the map.

# %%
results = {
    (rate, method): stats.worlds(
        values(worlds, "world", rate, "average precision")[method],
        values(worlds, "world", rate, "average precision")["none"],
        comparisons=20,
        margin=0.01,
    )
    for rate in tools.RATES
    for method in tools.METHODS
}
f"{len(results)} comparisons"


# %%
def counted(verdicts):
    names = ("higher", "tie", "lower", "undecided")
    return {name: int((verdicts == name).sum()) for name in names}


# %%
verdicts = pd.Series({key: result.verdict for key, result in results.items()})
counts = counted(verdicts)
shares(verdicts.unstack()[list(tools.METHODS)])

# %%
with plots.figure(
    title="Average precision, balanced minus not balanced: no method wins anywhere",
    x="difference (-1 to 1)",
    y="",
    panels=4,
    size=(11, 3.4),
    alt="Four panels of intervals, most of them left of zero, none wholly right of it.",
) as axes:
    for ax, rate in zip(axes, tools.RATES, strict=True):
        plots.intervals(ax, {m: results[rate, m] for m in tools.METHODS})
        ax.set(title=f"{rate:.1%} frauds", xlim=(-0.17, 0.04))
        if ax is not axes[0]:
            ax.set_yticks([])

# %%
on_trial = {f"{method} − none": results[0.01, method] for method in tools.METHODS}
lab.smote.reveal(on_trial["SMOTE − none"].verdict)

# %% [markdown]
# The grey band is the margin; a hollow circle is undecided. {{counts.higher}} wins, {{counts.tie}} ties,
# {{counts.lower}} losses, {{counts.undecided}} undecided. At one fraud in a hundred SMOTE is
# {{on_trial.smote_none.verdict}}: {{on_trial.smote_none.mean}} ({{on_trial.smote_none.low}} to
# {{on_trial.smote_none.high}}). SMOTE for mixed types, the careful one, is
# {{on_trial.smote_mixed_types_none.verdict}}: {{on_trial.smote_mixed_types_none.mean}}.
#
# And the colleague's recall? It did move. At one fraud in a hundred:

# %%
measures = {
    "recall at one half": "recall at 0.5",
    "recall at precision 0.5": "recall at precision 0.5",
    "Brier score": "Brier score",
    "cost at one half": "cost at threshold 0.5",
    "cost": "cost at own threshold",
}
value = {measure: values(worlds, "world", 0.01, measure) for measure in measures}
rest = {
    label: stats.worlds(value[measure]["SMOTE"], value[measure]["none"], comparisons=5)
    for measure, label in measures.items()
}
stats.table(rest)

# %% [markdown]
# SMOTE against none, row by row, with intervals corrected for the five rows:
#
# - recall at the threshold 0.5 is {{rest.recall_at_0_5.verdict}} ({{rest.recall_at_0_5.mean}}): this is
#   what was shown to you;
# - recall at a precision of one half: {{rest.recall_at_precision_0_5.verdict}}
#   ({{rest.recall_at_precision_0_5.mean}});
# - the Brier score is {{rest.brier_score.verdict}} ({{rest.brier_score.mean}}), and high is bad;
# - the cost of 1,000 payments at 0.5 is {{rest.cost_at_threshold_0_5.verdict}}
#   ({{rest.cost_at_threshold_0_5.mean}}). So SMOTE pays, if nobody touches the threshold;
# - the cost with the threshold that was cheapest on the validation month, for both, is
#   {{rest.cost_at_own_threshold.verdict}} ({{rest.cost_at_own_threshold.mean}};
#   {{rest.cost_at_own_threshold.low}} to {{rest.cost_at_own_threshold.high}}).
#
# ### When every model gets its own threshold
#
# What remains of all five methods, at all four shares? Three measures, sixty comparisons. Here no margin
# was set: better and worse mean that the interval lies beyond zero.

# %%
better = {"recall at precision 0.5": "higher", "Brier score": "lower", "cost": "lower"}


def verdicts_of(measure):
    """Return the verdict of each cell of the map, a method at a rate, against none."""
    by_rate = [values(worlds, "world", rate, measure) for rate in tools.RATES]
    return [
        stats.worlds(value[method], value["none"], comparisons=60).verdict
        for value in by_rate
        for method in tools.METHODS
    ]


# %%
remains = {}
for measure, good in better.items():
    verdicts = verdicts_of(measure)
    row = {"better": verdicts.count(good)}
    row["no difference shown"] = verdicts.count("no difference shown")
    remains[measure] = row | {"worse": len(verdicts) - sum(row.values())}
pd.DataFrame(remains).T

# %% [markdown]
# With its own threshold for each model, balancing was better in cost in {{remains.cost.better}} of 20
# cells and worse in {{remains.cost.worse}}; in recall at the precision better in
# {{remains.recall_at_precision_0_5.better}}, worse in {{remains.recall_at_precision_0_5.worse}}. The Brier
# score is worse in {{remains.brier_score.worse}}, as you saw above.
#
# Now the question of the title. One team balances and keeps 0.5; the other leaves the data alone and
# moves the threshold. Who pays less?

# %%
duel = {
    (rate, method): stats.worlds(
        values(worlds, "world", rate, "cost")["none"],
        values(worlds, "world", rate, "cost at one half")[method],
        comparisons=20,
    )
    for rate in tools.RATES
    for method in tools.METHODS
}
saved = pd.Series({key: round(result.mean) for key, result in duel.items()})
shares(saved.unstack()[list(tools.METHODS)])

# %%
outcome = [result.verdict for result in duel.values()]
moved = {"wins": outcome.count("lower"), "loses": outcome.count("higher")}
moved["smote"] = duel[0.01, "SMOTE"]
moved["smote"]

# %% [markdown]
# Cost of 1,000 payments, threshold moved minus balanced: moving the threshold is cheaper in
# {{moved.wins}} of 20 cells, dearer in {{moved.loses}}, the others are open. Against SMOTE at one
# fraud in a hundred it is {{moved.smote.verdict}} by {{moved.smote.mean}} ({{moved.smote.low}} to
# {{moved.smote.high}}). It takes one line, needs no training, and leaves the probabilities alone.
#
# ### Was SMOTE treated fairly?
#
# Three objections. *Nobody balances to one half*: try one fraud to ten honest payments. *SMOTE for mixed
# types measured distances in cents and kilometres*, so the largest unit decided who is a neighbour: try
# scaled numbers. Same worlds, one fraud in a hundred.

# %%
again = store.load("prepare/balance/objections")
again = again.pivot(index="seed", columns="method", values="average precision")
again.mean().round(3)

# %%
fair = {
    f"{method} − none": stats.worlds(
        again[method], again["none"], comparisons=3, margin=0.01
    )
    for method in again.columns.drop("none")
}
stats.table(fair)

# %% [markdown]
# SMOTE to one in ten: {{fair.smote_one_to_ten_none.verdict}} ({{fair.smote_one_to_ten_none.mean}};
# {{fair.smote_one_to_ten_none.low}} to {{fair.smote_one_to_ten_none.high}}), and random undersampling to
# one in ten: {{fair.random_under_one_to_ten_none.verdict}}
# ({{fair.random_under_one_to_ten_none.mean}}). So much of the loss came from going all the way to one
# half, and about a tenth of the rows trained a model that cannot be told from the one that saw all. Scaling does not save SMOTE for mixed
# types: {{fair.smote_mixed_types_scaled_none.verdict}} ({{fair.smote_mixed_types_scaled_none.mean}}).
#
# *Boosted trees do not need balancing, but a weighted sum does*, says the third. Logistic regression:

# %%
ap = values(worlds, "world", 0.01, "average precision", model="linear")
linear = {
    f"{method} − none": stats.worlds(ap[method], ap["none"], comparisons=5, margin=0.01)
    for method in tools.METHODS
}
stats.table(linear)

# %% [markdown]
# SMOTE before a weighted sum: {{linear.smote_none.verdict}} ({{linear.smote_none.mean}};
# {{linear.smote_none.low}} to {{linear.smote_none.high}}). Weights:
# {{linear.weights_none.verdict}} ({{linear.weights_none.mean}}). A balanced weighted sum fits the typical
# fraud; average precision rewards the few at the very top.
#
# ## Where it fails: balanced first, split afterwards
#
# Click *Balance data*, then *Split data*: easily done, since both are steps of one flow. Here it is in the
# training months, judged by cross-validation with the area under the ROC curve, which does not change
# with the share of frauds.

# %%
from sklearn.model_selection import cross_val_score

deep = tools.boosted().set_params(max_depth=6)
rows, labels = matrix[::10], y[train][::10]
everything = SMOTE(random_state=0).fit_resample(rows, labels)
auc_wrong = cross_val_score(deep, *everything, cv=3, scoring="roc_auc").mean()
f"reported: {auc_wrong:.3f}"

# %% [markdown]
# {{auc_wrong}}: nearly perfect. But children of one fraud stand on both sides of each fold. The right
# way makes SMOTE a step of the model, so that each fold balances its own training part only.

# %%
from imblearn.pipeline import make_pipeline

inside = make_pipeline(SMOTE(random_state=0), deep)
auc_right = cross_val_score(inside, rows, labels, cv=3, scoring="roc_auc").mean()
f"reported: {auc_right:.3f}"

# %% [markdown]
# {{auc_right}} on untouched rows. In the twenty worlds, at one fraud in a hundred and with one split
# instead of folds:

# %%
leak = worlds[worlds["model"] == "leak"]
leak = leak.pivot(index="world", columns=["method", "measure"], values="value")
leak.mean().unstack().round(3)

# %%
pretended = {
    f"{method}: reported − honest": stats.worlds(
        leak[method, "reported"], leak[method, "honest"], comparisons=2
    )
    for method in ("random over", "SMOTE")
}
stats.table(pretended)

# %% [markdown]
# With SMOTE before the split the report is {{pretended.smote_reported_honest.verdict}} by
# {{pretended.smote_reported_honest.mean}} ({{pretended.smote_reported_honest.low}} to
# {{pretended.smote_reported_honest.high}}); with copies the difference is
# {{pretended.random_over_reported_honest.mean}}. Nothing got better: the test got easier.
#
# ### Exercise 3: which of these leak?
#
# Four recipes. Give the set of the letters that leak from test into train.
#
# - `a`: split by time; SMOTE on the training months; fit; test on the test month;
# - `b`: SMOTE on all months; split by time; fit; test on the test month;
# - `c`: split; in each fold of a cross-validation, SMOTE inside the training part of the fold;
# - `d`: split; SMOTE on the training part; then cross-validate on that part to choose the depth.

# %% tags=["exercise"]
# BEGIN SOLUTION
leaky = {"b", "d"}
# END SOLUTION
lab.ex3.check(leaky)

# %% [markdown]
# ## Real data: credit defaults
#
# Customers in Taiwan, 22 in 100 default, thinned to the same four shares. No worlds here: 15 random
# splits of one data set, with intervals corrected for their overlap, and the same five methods. At the
# rarest share the test part holds nine defaults, so do not expect a decision there.

# %%
splits = store.load("prepare/balance/credit")
store.confirm("prepare/balance/credit", seed=0)

# %%
credit = {}
for rate in tools.RATES:
    ap = values(splits, "split", rate, "average precision")
    for method in tools.METHODS:
        credit[rate, method] = stats.splits(
            ap[method],
            ap["none"],
            n_train=60,  # only the ratio to n_test counts
            n_test=20,
            comparisons=20,
            margin=0.01,
        )
f"{len(credit)} comparisons"

# %%
verdicts = pd.Series({key: result.verdict for key, result in credit.items()})
on_credit = counted(verdicts) | {"smote": credit[0.2, "SMOTE"]}
shares(verdicts.unstack()[list(tools.METHODS)])

# %% [markdown]
# {{on_credit.higher}} wins, {{on_credit.tie}} ties, {{on_credit.lower}} losses,
# {{on_credit.undecided}} undecided. With 20 defaults in 100 SMOTE is
# {{on_credit.smote.verdict}} ({{on_credit.smote.mean}}; {{on_credit.smote.low}} to {{on_credit.smote.high}}). Real
# data leave more open, because there is one data set and not twenty. And the threshold?

# %%
own = values(splits, "split", 0.2, "cost")
half_cost = values(splits, "split", 0.2, "cost at one half")
options = {"n_train": 60, "n_test": 20, "comparisons": 2}
credit_cost = {
    "none, moved − SMOTE at 0.5": stats.splits(
        own["none"], half_cost["SMOTE"], **options
    ),
    "none, moved − SMOTE, moved": stats.splits(own["none"], own["SMOTE"], **options),
}
stats.table(credit_cost, digits=0)

# %% [markdown]
# The prices are invented: a missed default costs 215, an alert 5 and 10 more if it is wrong. For 1,000
# customers, the plain model with a moved threshold is {{credit_cost.none_moved_smote_at_0_5.verdict}} in
# cost than SMOTE at 0.5: {{credit_cost.none_moved_smote_at_0_5.mean}}
# ({{credit_cost.none_moved_smote_at_0_5.low}} to {{credit_cost.none_moved_smote_at_0_5.high}}). With a
# threshold for both: {{credit_cost.none_moved_smote_moved.verdict}}
# ({{credit_cost.none_moved_smote_moved.mean}}; {{credit_cost.none_moved_smote_moved.low}} to
# {{credit_cost.none_moved_smote_moved.high}}). Nearly all of what SMOTE changed was where 0.5 lies.
#
# ## On SageMaker
#
# Data Wrangler runs its flow as a processing job. The names of its balance step in the flow file are
# not documented, so here is a script of your own in the scikit-learn container: it splits first, balances
# the training part only, and writes three outputs.

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
local = "/opt" + "/ml/processing"  # inside the container


def output(name):
    place = {"S3Uri": f"{bucket}/{name}/", "LocalPath": f"{local}/{name}"}
    return {"OutputName": name, "S3Output": place | {"S3UploadMode": "EndOfJob"}}


# %%
source = {"S3Uri": f"{bucket}/raw/", "LocalPath": f"{local}/input"}
source |= {"S3DataType": "S3Prefix", "S3InputMode": "File"}
image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"

# %%
request = {
    "ProcessingJobName": "split-then-balance",
    "RoleArn": "arn:aws:iam::111122223333:role/processing",
    "AppSpecification": {
        "ImageUri": image,
        "ContainerEntrypoint": ["python3", f"{local}/code/split_then_balance.py"],
        "ContainerArguments": ["--method", "none", "--seed", "0"],
    },
    "ProcessingInputs": [{"InputName": "raw", "S3Input": source}],
    "ProcessingOutputConfig": {
        "Outputs": [output(name) for name in ("train", "validation", "test")]
    },
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        }
    },
}
aws.validate("CreateProcessingJob", request)

# %% [markdown]
# `--method none` is the finding of this lab, written down where the next person will see it.
#
# ## What is not reproduced
#
# - Data Wrangler's own names and defaults for the ratio and the number of neighbours: not documented.
# - Its SMOTE in detail: by the guide, distances use numeric columns only, and each category is copied
#   from one of the two parents. `SMOTENC` also counts categories in the distance and lets the
#   neighbours vote.
# - Variants (Borderline-SMOTE, ADASYN, cleaning with Tomek links) and tuned ratios: the same trial is one
#   line each. A model tuned for each method might change some cells.
#
# ## Takeaways
#
# - Recall at 0.5 is a statement about the threshold. Compare models by their ranking, or each with its
#   own threshold.
# - In the map of payments balancing won {{counts.higher}} of 20 cells and lost {{counts.lower}}. Try the
#   threshold first; balance only if you measured that it helps.
# - Balancing changes probabilities. If you undersample to save time, keep the rate and correct the
#   scores.
# - Split first. Whatever is made from training rows stays with them, in every fold: put the sampler into
#   a pipeline.
# - SMOTE interpolates: look at the rows that it makes.
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
    tolerance=0.03,
    among_honest=among_honest,
    half=half,
    no_sense=no_sense,
    n_new=n_new,
    level=Fact(level.to_dict(), digits=1, tolerance=0.5),
    brier=Fact(brier.to_dict(), digits=4, tolerance=0.004),
    level_mended=Fact(level_mended.to_dict(), digits=2, tolerance=0.1),
    fewest=Fact(fewest, digits=0, tolerance=0),
    on_trial=on_trial,
    rest=rest,
    remains=remains,
    moved=moved,
    fair=fair,
    linear=linear,
    auc_wrong=Fact(auc_wrong, digits=3, tolerance=0.01),
    auc_right=Fact(auc_right, digits=3, tolerance=0.03),
    pretended=pretended,
    counts=counts,
    on_credit=on_credit,
    credit_cost=Fact(credit_cost, digits=0, tolerance=5),
)

# %% [markdown]
# ## Sources
#
# - The three operators and what SMOTE does with non-numeric columns: SageMaker developer guide, page
#   `data-wrangler-transform`, section Balance Data.
# - SMOTE: Chawla, Bowyer, Hall and Kegelmeyer (2002), Synthetic minority over-sampling technique.
# - The correction for undersampling: Dal Pozzolo, Caelen, Johnson and Bontempi (2015), Calibrating
#   probability with undersampling for unbalanced classification.
# - Intervals over splits: Nadeau and Bengio (2003), Inference for the generalization error.
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
