# ---
# jupyter:
#   labs:
#     concepts:
#       sm-explainability: "One payment and the whole data set"
#       sm-shap-pdp-lime-ice: "Four answers about one model"
#     constants:
#       "0.99": "correlation of the amount and its twin, from the data card"
#       "0.05": "the margin of the claim on trial, chosen before looking"
# ---

# %% [markdown]
# # Explain: SHAP against PDP, ICE and LIME
#
# > A customer asks why the payment was declined, the board asks what the model looks at. Four methods
# > give four answers. Which one do you sign?
#
# **You will**
#
# - take one score apart and check that the parts sum to it;
# - say what SHAP, PDP, ICE and LIME each answer, and show a case where each misleads;
# - score seven ways to rank columns against causes that are known;
# - write reason codes for a declined payment, and know what they do not say;
# - produce Clarify's `analysis.json` from one call.
#
# **You need** [XGBoost](15_xgboost.ipynb): raw scores, which are log odds.
# **Data in:** the table of known causes, credit defaults ([data cards](../data.md)).
# **Data out:** nothing. It computes for 35 seconds, half of them in one world of the stored
# experiment, which runs again.
#
# | SageMaker term | here |
# |---|---|
# | Clarify processing job, `methods.shap`, `methods.pdp` | `analyze` of `labs_lib.train.explain` |
# | Kernel SHAP | `KernelExplainer` of the library `shap` |
# | baseline (SHAP) | `baseline`, called background in the library |
# | `agg_method`: `mean_abs`, `mean_sq`, `median` | the same names |
# | `use_logit` | explain the log odds; here, XGBoost's `output_margin` |
#
# Clarify is no longer open to new customers. AWS names the library `shap` as what Clarify uses
# inside, and as its replacement.

# %%
from labs_lib.labs.train.explain.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A model declines payments. The customer gets the main reasons in a letter, as lenders in many
# countries have to give them. The board wants one page: what does the model look at? And your team
# wants to stop paying for columns that do nothing. A colleague says: *SHAP is local and goes into the
# letter; PDP is global and goes to the board.* Another one trusts LIME, a third the gain that XGBoost
# reports. You have to sign one method for each purpose.
#
# On real data nobody could tell you who is right. So you start with a table whose causes are published:
# five columns have an effect, nine have none.

# %%
from labs_lib import data, payments

X, y, probability = data.load_causes()
X = X.fillna({"distance_km": -1.0, "balance_cents": -1.0})
truth = payments.true_importance()["interventional"]
truth.sort_values(ascending=False, kind="stable").head(7).round(3)

# %% [markdown]
# The true importance is in log odds: the mean absolute
# [Shapley value](../glossary.md#shapley-value) of the true law. The
# hour is U-shaped, the amount saturates, the count has a step. The distance raises the risk of a
# chip payment and lowers that of a swipe as much. `device`, with 5,000 values, does nothing, nor does
# `amount_local`, the amount in another currency.
#
# Gaps became -1, because LIME cannot work with gaps.
#
# ## Predict
#
# The claim: *SHAP is local, PDP is global*. If so, a ranking of columns by PDP should be nearer to the
# truth than one by SHAP values averaged over all rows. Nearness is the rank correlation with the true
# importance; differences up to 0.05 count as a [tie](../glossary.md#tie). Compared with PDP, the rank
# correlation of global SHAP will be...

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.global_shap.commit(guess)

# %% [markdown]
# ## One payment and the whole data set
#
# First a model. SHAP with a background needs numbers, so each category becomes a column of its own, and
# the ordered age bands become 0 to 5.

# %%
import numpy as np
import pandas as pd


def encode(table):
    """Return numbers: a column a category, age bands in order."""
    ages = table["age_band"].cat.codes
    numbers = pd.get_dummies(table.assign(age_band=ages), dtype=np.float32)
    return numbers.astype(np.float32)


# %%
import xgboost as xgb

from labs_lib import settings

size = dict(n_estimators=120, max_depth=4, learning_rate=0.1)


def fit(table, labels):
    """Return a trained model."""
    model = xgb.XGBClassifier(**size, n_jobs=settings.n_jobs(), random_state=0)
    return model.fit(encode(table), labels)


# %%
seen, asked = X[:12_000], X[12_000:13_000]
model = fit(seen, y[:12_000])


def margin(table):
    """Return the score in log odds."""
    return model.predict(encode(table), output_margin=True)


# %%
declined = asked.iloc[[margin(asked).argmax()]]
declined.T.rename(columns=lambda _: "declined payment")

# %% [markdown]
# The payment above has the highest score among a thousand that the model did not train on. Say that
# it is declined.
#
# Why? A SHAP value answers with a game. The columns are players who enter one after another; a
# player's value is how much the score moves when it enters, averaged over all orders. Its name in game
# theory is the Shapley value. XGBoost computes it for its own trees.

# %%
matrix = xgb.DMatrix(encode(asked))
contributions = model.get_booster().predict(matrix, pred_contribs=True)
gap = abs(contributions.sum(axis=1) - margin(asked)).max()
additive = bool(gap < 1e-4)
f"{contributions.dtype}, contributions sum to the margin within 1e-4: {additive}"

# %% [markdown]
# The last column is the mean score, and each row sums to its log odds (`output_margin`):
# {{additive}}. Why within `1e-4` and not exactly? Trees and contributions are float32, with
# about seven digits. The log odds add up trees, the contributions add up shares of trees: another order,
# another rounding. Is the gap of that size? A step is the distance from one float32 to the next, at the
# size of the log odds.

# %%
step = np.finfo(np.float32).eps * abs(margin(asked)).max()
few_steps = bool(gap < 100 * step)
f"gap below a hundred steps of float32: {few_steps}"

# %% [markdown]
# It is rounding. A column mapped wrongly would make a gap thousands of times larger; so check, and do
# not ask for more digits than there are. Check on the log odds: a probability is a sigmoid of the sum,
# and nothing adds up through a sigmoid.
#
# ### Exercise 1: from one-hot columns to columns
#
# The channel is four columns for the model and one fact for you. Write a function that takes
# contributions, one row a payment and one column a column of the model, and the list `owner` with the
# name of the fact behind each column. Return, for each fact, its mean absolute contribution.


# %% tags=["exercise"]
# BEGIN SOLUTION
def global_importance(contributions, owner):
    """Return the mean absolute contribution of each owner."""
    #: 1. in each row, add the columns of one owner
    #: 2. absolute value, then the mean over rows
    table = pd.DataFrame(contributions, columns=owner)
    return table.T.groupby(level=0).sum().T.abs().mean()


# END SOLUTION
lab.ex1.check(global_importance)

# %% [markdown]
# The same joining, kept by row, gives the two views: one payment, and the whole data set.

# %%
owner = [
    next(c for c in X.columns if name == c or name.startswith(f"{c}_"))
    for name in encode(asked)
]


def joined(values, table):
    """Return one column for each column of the table."""
    values = pd.DataFrame(values, columns=owner, index=table.index)
    return values.T.groupby(level=0).sum().T[list(X.columns)]


# %%
local = joined(contributions[:, :-1], asked)
first = declined.index[0]
views = pd.DataFrame({"this payment": local.loc[first]})
views["true, this payment"] = payments.true_shapley(asked).loc[first]
views = views.assign(**{"all, mean absolute": local.abs().mean(), "true, all": truth})
views.sort_values("true, all", ascending=False, kind="stable").head(8).round(2)

# %% [markdown]
# One payment or all of them: the same numbers, looked at one by one or averaged. Beside them stands the
# truth, which you will never have at work. The model gives a little to columns that do nothing: it
# learned noise, and SHAP reports what the model does, not what is true.
#
# ### Background SHAP, on one-hot columns
#
# "The score moves when a column enters": from what? XGBoost's own values let the
# trees decide: an absent column goes both ways at a split, by how many training rows went there. The
# other answer takes absent columns from the rows of a *background* that you choose. For a model with
# real categories, `shap` refuses that:

# %%
native = xgb.XGBClassifier(n_estimators=5, enable_categorical=True, n_jobs=1)
native.fit(seen, y[:12_000])
codes = seen.assign(**{c: seen[c].cat.codes for c in seen.select_dtypes("category")})

# %% [markdown]
# The trees of this model split on sets of categories. Ask the library for values against ten rows:

# %%
import shap

try:
    shap.TreeExplainer(native, codes.head(10)).shap_values(codes.head(1))
except NotImplementedError as error:
    print(error)

# %% [markdown]
# So it needs the [one-hot](../glossary.md#one-hot) columns. Here are 50 payments as background, and the
# values of the declined one in both versions.


# %%
def shap_against(rows, background):
    """Return SHAP values against a background, one column for each column of rows."""
    explainer = shap.TreeExplainer(model, encode(background))
    return joined(explainer.shap_values(encode(rows)), rows)


background = seen.sample(50, random_state=0)
both = pd.DataFrame({"by the trees": local.loc[first]})
both["by the background"] = shap_against(declined, background).iloc[0]
both.sort_values("by the background", ascending=False, kind="stable").head(5).round(2)

# %% [markdown]
# One-hot columns have a flaw: as separate players they make payments that are chip and swipe at once, or
# neither. Does it matter? `kernel_shap` of `labs_lib` treats the channel as one player. With all sets
# of 14 players tried it is exact.

# %%
from labs_lib.train import explain

few = background.head(10)
asking = dict(baseline=few, num_samples=2**14, seed=0)
one_player, _ = explain.kernel_shap(margin, declined, **asking)
one_hot_flaw = abs(one_player["label0"] - shap_against(declined, few)).max().max()
f"largest difference {one_hot_flaw:.2f} log odds"

# %% [markdown]
# For this payment the impossible rows change a value by {{one_hot_flaw}} log odds at most. Check it for
# a model of your own.
#
# ## Four answers about one model
#
# ### ICE and PDP
#
# Take a payment, set its hour to 0, 1, ... 23, and ask the model each time. That is a curve of
# *individual conditional expectation*, ICE. The mean of the curves of many payments is the *partial
# dependence*, PDP.

# %%
hours = np.arange(24)
curves = explain.ice(margin, asked.head(200), "hour", hours)[:, :, 0]
dependence = curves.mean(axis=0)
curves.shape

# %% [markdown]
# Is the mean of the curves what others call partial dependence? scikit-learn computes it in its own
# way. It asks for probabilities, so ours does too this time.

# %%
from sklearn.inspection import partial_dependence

grid = {"hour": hours.astype(np.float32)}
how = dict(custom_values=grid, response_method="predict_proba", kind="both")
theirs = partial_dependence(model, encode(asked.head(200)), ["hour"], **how)
{name: theirs[name][0].shape for name in ("individual", "average")}


# %%
def score(table):
    """Return the probability."""
    return model.predict_proba(encode(table))[:, 1]


ours = explain.ice(score, asked.head(200), "hour", hours)[:, :, 0]
pairs = (theirs["individual"][0], ours), (theirs["average"][0], ours.mean(axis=0))
same = all(np.allclose(a, b, atol=1e-6) for a, b in pairs)
f"same curves and same mean: {same}"

# %%
turns = {"lowest": int(dependence.argmin()), "highest": int(dependence.argmax())}
turns["same"] = bool(same)
f"lowest at hour {turns['lowest']}, highest at hour {turns['highest']}"

# %%
from labs_lib import plots

with plots.figure(
    title="The mean curve and the single ones agree about the hour",
    x="hour of the day (0 to 23)",
    y="score (log odds)",
    alt="Grey curves of single payments and their mean in blue all have a U-shape.",
) as ax:
    ax.plot(hours, curves[:40].T, color=plots.GREY, alpha=0.3, linestyle="-")
    ax.plot(hours, dependence, color=plots.COLORS["blue"], linewidth=3, linestyle="-")

# %% [markdown]
# The same curves, and the mean is theirs: {{turns.same}}. The lowest hour is {{turns.lowest}}, the
# highest {{turns.highest}}: the U that was built in, with no correlation at all to find it by. The
# single curves lie higher or lower, but they run nearly in parallel. Then the mean speaks for all of
# them.
#
# ### Exercise 2: what the mean curve hides
#
# When are they not parallel? Call the variance of a curve along the grid its movement. Write a function
# that takes curves, one row a payment, and returns the share of the mean movement of single curves that
# the mean curve does **not** show: 0 if all curves are parallel, 1 if the mean is flat and they are not.


# %% tags=["exercise"]
# BEGIN SOLUTION
def hidden_share(curves):
    """Return the share of movement, 0 to 1, that the mean curve hides."""
    #: 1. the movement of each curve along the grid
    #: 2. the movement of the mean curve
    return 1 - curves.mean(axis=0).var() / curves.var(axis=1).mean()


# END SOLUTION
lab.ex2.check(hidden_share)

# %% [markdown]
# ### LIME
#
# LIME draws thousands of rows around a payment, asks the model for each, gives near rows more weight,
# and fits a linear model. Its coefficients are the explanation. `lime_weights` calls
# `LimeTabularExplainer` of the library `lime` with its defaults. Two [seeds](../glossary.md#seed), the
# same payment:

# %%
lime = {
    f"seed {s}": explain.lime_weights(margin, declined, data=seen, seed=s).iloc[0]
    for s in (0, 1)
}
lime = pd.DataFrame(lime | {"SHAP": local.loc[first]})
lime.sort_values("SHAP", ascending=False, kind="stable").head(6).round(2)

# %% [markdown]
# The two explanations differ, because LIME draws other rows with each seed. How much, is measured below.
# Look at the distance too. SHAP counts what 48 km did to this chip payment. LIME's straight line has one
# weight for "as far as this one", for every channel near here.
#
# So you have four answers. SHAP: how is this score shared out? ICE: what if this column were different,
# for this payment? PDP: the same on average. LIME: which straight line fits the model near here?
#
# ### Fresh worlds
#
# All of this was one table and one model. For [intervals](../glossary.md#interval), 20 fresh tables were
# drawn, each in two variants: columns drawn on their own, and columns that move together. One
# [world](../glossary.md#world) runs again now.

# %%
from labs_lib.course import store

worlds = store.load("train/explain/worlds")
store.confirm("train/explain/worlds", seed=0)


# %%
def measured(measure, variant="independent"):
    """Return one column a method, one row a world."""
    return store.wide(worlds, "method", measure=measure, variant=variant)


# %% [markdown]
# Such as: how many of LIME's three largest columns stay the same with another seed?

# %%
from labs_lib import stats


def intervals_of(measure, variant="independent"):
    """Return for each method the mean and its interval over the worlds."""
    values = measured(measure, variant)
    return {name: stats.mean_interval(values[name]) for name in values}


top_three = intervals_of("same top three over seeds")
pd.Series(top_three).to_frame("same top three (share)")

# %% [markdown]
# Explain the same payment twice with LIME, with 500 draws and another seed: of the three largest
# columns a share of {{top_three.500_samples.mean}} is the same ({{top_three.500_samples.low}} to
# {{top_three.500_samples.high}}). With 5,000 draws, the default, it is
# {{top_three.5000_samples.mean}} ({{top_three.5000_samples.low}} to
# {{top_three.5000_samples.high}}). SHAP values of trees are computed, not drawn: there the share
# is 1.
#
# ## The same numbers, three ways
#
# ### XGBoost against the library
#
# `shap.TreeExplainer` without a background gives the values of `pred_contribs`:

# %%
explainer = shap.TreeExplainer(model)
from_library = explainer.shap_values(encode(asked))
identical = bool(np.array_equal(from_library, contributions[:, :-1]))
identical

# %% [markdown]
# Equal to the last bit: {{identical}}. Suspicious, for two programs that add floats. Look into the
# library: for an XGBoost model it calls `pred_contribs` itself. Whoever times the two against each
# other times one program twice. The library has an algorithm of its own, too; telling it that the
# model is its own brings it out.

# %%
explainer.model.model_type = "internal"
own_algorithm = explainer.shap_values(encode(asked))
largest_gap = abs(own_algorithm - contributions[:, :-1]).max()
same_numbers = bool(largest_gap < 1e-4)
f"same within 1e-4: {same_numbers}, same bits: {(largest_gap == 0)!s}"

# %% [markdown]
# Now it is a comparison. Which is faster? The best of three, for these 1,000 payments, on your machine;
# above 1, XGBoost is faster. The library's own algorithm uses one thread whatever you give it.

# %%
from time import perf_counter


def seconds(run):
    """Return the shortest of three times."""
    times = []
    for _ in range(3):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


# %% tags=["nbval-ignore-output"]
booster, table = model.get_booster(), encode(asked)
own = seconds(lambda: explainer.shap_values(table))
for threads in (1, 2):
    booster.set_param({"nthread": threads})
    took = seconds(lambda: booster.predict(matrix, pred_contribs=True))
    print(f"XGBoost with {threads} thread(s): {own / took:.1f} times as fast")

# %% [markdown]
# It is often said that XGBoost's own values are much faster. Read your ratios before you repeat that:
# near or below 1 means that on this small model they are not, and on a busy machine a second thread
# need not help. Better reasons to use them: they need no second library, and they take categories.
#
# ### Kernel SHAP against the exact value
#
# Clarify cannot look into a model: it asks it. *Kernel SHAP* draws sets of columns, asks for each, and
# solves for the values by weighted least squares. How far from the exact value is it? In each world two
# payments were explained with 64 to 4,096 sets. The error is the mean absolute difference, as a share of
# the mean absolute value. The library has an option that few people know: by default it keeps the ten
# columns that matter most, and sets the others to zero (`l1_reg`).

# %%
kernel = [
    {
        "kept": kept,
        "samples": int(samples),
        "error": i.mean,
        "low": i.low,
        "high": i.high,
    }
    for kept in ("all columns", "ten columns")
    for samples, i in intervals_of(f"kernel error, {kept}").items()
]
kernel = pd.DataFrame(kernel).sort_values(["kept", "samples"])
kernel.pivot(index="samples", columns="kept", values="error").round(2)

# %% [markdown]
# As a figure, with intervals over the worlds:

# %%
with plots.figure(
    title="With ten columns kept, more samples soon stop helping",
    x="sets of columns (count, logarithmic)",
    y="error (share of the mean value)",
    alt="Error falls with the samples if all columns are kept; else it levels off.",
) as ax:
    columns = dict(x="samples", y="error", group="kept", low="low", high="high")
    plots.lines(ax, kernel, **columns)
    ax.set_xscale("log", base=2)

# %% [markdown]
# The two ends of each line:

# %%
kernel_error = {
    f"{kept}, {samples}": error for kept, samples, error, *_ in kernel.to_numpy()
}
ends = [f"{kept}, {n}" for kept in ("all columns", "ten columns") for n in (64, 4096)]
{name: round(float(kernel_error[name]), 2) for name in ends}

# %% [markdown]
# With all columns kept, the error goes from {{kernel_error.all_columns_64}} to
# {{kernel_error.all_columns_4096}}. With the default of ten it goes from
# {{kernel_error.ten_columns_64}} to {{kernel_error.ten_columns_4096}}: at the right end of the figure
# more samples no longer help, because they do not bring back what was thrown away. Whether Clarify
# keeps the default is not documented.
#
# ## SHAP against whom?
#
# The declined payment again, against three backgrounds: any payments, payments by day, payments by
# night.

# %%
groups = {"any": seen, "day": seen[seen["hour"].between(9, 14)]}
groups["night"] = seen[(seen["hour"] <= 2) | (seen["hour"] >= 21)]
against = {
    name: shap_against(declined, rows.sample(50, random_state=0)).iloc[0]
    for name, rows in groups.items()
}
against = pd.DataFrame(against).sort_values("any", ascending=False, kind="stable")
against.head(5).round(2)

# %% [markdown]
# Same model, same payment. In the 20 worlds: the value of the hour for the 100 highest scores, and how
# often another background changes the first reason.

# %%
hour_value = intervals_of("value of the hour")
pd.Series(hour_value).to_frame("value of the hour (log odds)")

# %% [markdown]
# And how often another background than any payments makes another column the first reason:

# %%
changed = intervals_of("first reason changed")
pd.Series(changed).to_frame("first reasons changed, against any (share)")

# %% [markdown]
# The hour is worth {{whom.hour.day.mean}} log odds against the day ({{whom.hour.day.low}} to
# {{whom.hour.day.high}}) and {{whom.hour.night.mean}} against the night ({{whom.hour.night.low}} to
# {{whom.hour.night.high}}). The first reason changes for a share of {{whom.changed.day.mean}} of the
# payments if the day is the background instead of any payments, and for {{whom.changed.night.mean}}
# if the night is. None of them is wrong. A SHAP value compares; say with whom.
#
# ## On trial: "SHAP is local, PDP is global"
#
# **The measure that decides**, named before looking: the rank correlation (Spearman) of a method's
# importance with the true one, over all 14 columns; [margin](../glossary.md#margin) 0.05. As importance by
# SHAP: the mean absolute value, Clarify's default. By PDP: the standard deviation of its curve. By ICE:
# that of the single curves, averaged. Beside them LIME (mean absolute weight), permutation (rise of the
# [log loss](../glossary.md#log-loss) when a column is shuffled), XGBoost's gain and its count of splits.
#
# **The [yardstick](../glossary.md#yardstick) favours SHAP**: the truth is a mean absolute Shapley
# value, which is what SHAP estimates. How far the law's own curves move would be another truth, and
# nearer to ICE and PDP; it is not tried here. Nor do all get the same rows: SHAP 1,000, PDP and ICE
# 200, LIME 12.

# %%
methods = {
    "SHAP, mean_abs": "SHAP",
    "PDP": "PDP",
    "ICE": "ICE",
    "LIME": "LIME",
    "permutation": "permutation",
    "gain": "gain",
    "splits": "count of splits",
}


def shown(measure, variant):
    """Return the methods of the trial, by their label."""
    found = intervals_of(measure, variant)
    return {label: found[name] for name, label in methods.items()}


# %% [markdown]
# How high can a method get? Take an order that is right about the five causes and says nothing about the
# others.

# %%
nearly = pd.Series(range(14), truth.sort_values(ascending=False, kind="stable").index)
ceiling = -truth.corr(nearly, method="spearman")
f"a perfect order of the five causes: about {ceiling:.2f}"

# %% [markdown]
# So much can be reached: nine columns have no effect and share the last place, so a method that
# orders the five causes perfectly and the rest at random gets about {{ceiling}}, not 1. And the
# methods:

# %%
variants = ("independent", "correlated")
with plots.figure(
    title="Most methods order the causes alike; the count of splits does not",
    x="rank correlation with the truth (-1 to 1)",
    y="",
    panels=2,
    alt="SHAP, PDP, ICE, LIME, permutation and gain lie together; splits is far below.",
) as axes:
    for ax, variant in zip(axes, variants, strict=True):
        plots.intervals(ax, shown("rank correlation", variant))
        ax.set_title(f"{variant} columns")

# %% [markdown]
# Now the differences that decide, with intervals
# corrected for the six comparisons of each variant.

# %%
trial, level = {}, dict(comparisons=6, margin=0.05)
for variant, short in zip(variants, ("on their own", "together"), strict=True):
    value = measured("rank correlation", variant).rename(columns=methods)
    for other in list(methods.values())[1:]:
        name = f"{short}: SHAP − {other}"
        trial[name] = stats.worlds(value["SHAP"], value[other], **level)
stats.table(trial)

# %%
lab.global_shap.reveal(trial["on their own: SHAP − PDP"].verdict)

# %% [markdown]
# SHAP minus PDP is {{trial.on_their_own_shap_pdp}} where columns are drawn on their own and
# {{trial.together_shap_pdp}} where they move together. By this yardstick SHAP is nearer to the truth in
# both;{{!nearer}} whether by more than the margin is [undecided](../glossary.md#undecided).{{!reaches}}
# Against ICE: {{trial.on_their_own_shap_ice.verdict}} and {{trial.together_shap_ice.verdict}}; against
# permutation {{trial.on_their_own_shap_permutation.verdict}} and
# {{trial.together_shap_permutation.verdict}}; against the count of splits
# {{trial.on_their_own_shap_count_of_splits.verdict}} and
# {{trial.together_shap_count_of_splits.verdict}}.
#
# A second look: which share of the five causes is among a method's first five? And, for the claim, does
# any interval leave room for a nearer PDP?

# %%
rows = list(methods)
top_five = {variant: measured("top five", variant)[rows].mean() for variant in variants}
top_five = pd.DataFrame(top_five).rename(index=methods)
top_five.round(2)

# %%
room = [trial[f"{short}: SHAP − PDP"].low < 0 for short in ("on their own", "together")]
top = top_five.to_dict() | {"room": "yes" if any(room) else "no"}
f"room for a PDP that is nearer to the truth: {top['room']}"

# %% [markdown]
# SHAP finds a share of {{top.independent.shap}} of them where columns are drawn on their own and
# {{top.correlated.shap}} where they move together; PDP {{top.independent.pdp}} and
# {{top.correlated.pdp}}. Room for a nearer PDP: {{top.room}}.
#
# So the claim draws its line in the wrong place. A method that explains each row explains all of
# them, once you average. What PDP gives and an average of SHAP does not is a shape: *where* the risk
# rises. And where the table says tie, take it for one.
#
# One thing more for columns that move together. There "importance" has two meanings. *Interventional*:
# what a column does to the risk, others held; that is the truth used so far. *Conditional*: what knowing
# it tells, so a twin counts as much as the amount. To which one is SHAP nearer?

# %%
does = measured("rank correlation", "correlated")
tells = measured("rank correlation, conditional", "correlated")
trees, against = "SHAP, mean_abs", "SHAP, background"
pairs = {
    "SHAP by the trees": (does[trees], tells[trees]),
    "SHAP by a background": (does[against], tells[against]),
    "trees − background, conditional truth": (tells[trees], tells[against]),
}

# %%
truths = {name: stats.worlds(a, b, comparisons=3) for name, (a, b) in pairs.items()}
stats.table(truths)

# %% [markdown]
# The first two rows are the correlation with the interventional truth minus that with the conditional
# one: by the trees {{truths.shap_by_the_trees.verdict}} ({{truths.shap_by_the_trees.mean}}), by a
# background {{truths.shap_by_a_background.verdict}} ({{truths.shap_by_a_background.mean}}). Higher
# means nearer to what a column does. It is often said that values by the trees are the conditional
# ones. In the last row they would have to be nearer to the conditional truth than values by a
# background: {{truths.trees_background_conditional_truth.verdict}}
# ({{truths.trees_background_conditional_truth.mean}};
# {{truths.trees_background_conditional_truth.low}} to
# {{truths.trees_background_conditional_truth.high}}).
#
# ### Three ways to average
#
# Clarify offers three ways from local to global: mean absolute value, mean square, and median. By the
# developer guide, the median is that of the values **with their sign**. How far do the rankings agree
# (by size, for the median), and which is nearest to the truth?

# %%
agreement = intervals_of("agreement")
pd.Series(agreement).to_frame("rank correlation")

# %% [markdown]
# And the rank correlation with the truth, against that of the mean absolute value:

# %%
by_truth, level = measured("rank correlation"), dict(comparisons=2, margin=0.05)
averaging = {
    f"{name} − mean_abs": stats.worlds(
        by_truth[f"SHAP, {name}"], by_truth["SHAP, mean_abs"], **level
    )
    for name in ("mean_sq", "median")
}
stats.table(averaging)

# %% [markdown]
# Mean absolute value and mean square agree at {{averages.agreement.mean_abs_and_mean_sq.mean}};
# either of them with the median at {{averages.agreement.mean_abs_and_median.mean}} and
# {{averages.agreement.mean_sq_and_median.mean}}. In nearness to the truth, against the mean absolute
# value, the mean square is "{{averages.against.mean_sq_mean_abs.verdict}}" and the median
# "{{averages.against.median_mean_abs.verdict}}" ({{averages.against.median_mean_abs.mean}};
# {{averages.against.median_mean_abs.low}} to {{averages.against.median_mean_abs.high}}). The
# definition says where they part. A column that pushes some payments up and others down has a median
# near zero, whatever its size. The square listens to the few rows with very large values.
#
# ## Where it fails: one trap for each method
#
# ### PDP: effects that cancel
#
# The distance raises the risk of a chip payment and lowers that of a swipe. `ice` takes any function
# of a table, so ask the model, and the true law too.

# %%
distances = pd.Index(np.linspace(0.5, 40, 20), name="km")
some = asked[asked["channel"].isin(["chip", "swipe"])].head(200)
chip = (some["channel"] == "chip").to_numpy()
f"{chip.sum()} chip payments, {(~chip).sum()} swipes"


# %%
def rise_of(law):
    """Return how far the mean curves rise from the shortest distance."""
    curves = explain.ice(law, some, "distance_km", distances.to_numpy())[:, :, 0]
    parts = {"all (PDP)": curves, "chip": curves[chip], "swipe": curves[~chip]}
    means = {name: part.mean(axis=0) for name, part in parts.items()}
    means = pd.DataFrame(means, distances)
    return means - means.iloc[0]


# %% [markdown]
# Ask both, the model and the law. How far do they rise over the whole distance?

# %%
rises = {"model": rise_of(margin), "truth": rise_of(payments.causes_logit)}
last = pd.DataFrame({who: means.iloc[-1] for who, means in rises.items()})
rise = {
    f"{who} {name.split()[0]}": last.loc[name, who] for who in last for name in last.T
}
last.round(1) + 0.0  # no minus before a zero

# %%
with plots.figure(
    title="The mean of all payments hides two opposite effects",
    x="distance (km)",
    y="rise of the score (log odds)",
    panels=2,
    alt="Chip rises with distance, swipe falls; their mean is flat in the truth.",
) as axes:
    for ax, (who, means) in zip(axes, rises.items(), strict=True):
        long = means.reset_index().melt("km", var_name="mean of", value_name="rise")
        plots.lines(ax, long, x="km", y="rise", group="mean of")
        ax.set(title=who, ylim=(-2, 3.5))

# %% [markdown]
# In truth the two effects cancel and the mean is flat. The model learned less of the second
# effect. So its mean curve rises, and
# says that distance is a mild risk for all, which is right for no payment. Mended: draw single
# curves, and colour them by the column that you suspect. In the 20 worlds, the place of the distance
# among the 14 columns:

# %%
place = measured("place of the distance").rename(columns=methods)
places = {
    f"PDP − {other}": stats.worlds(place["PDP"], place[other], comparisons=2)
    for other in ("ICE", "SHAP")
}
stats.table(places, digits=1)

# %% [markdown]
# From one end to the other, chip payments rise by {{cancel.rise.model_chip}} in the model
# ({{cancel.rise.truth_chip}} in truth), swipes by {{cancel.rise.model_swipe}}
# ({{cancel.rise.truth_swipe}}), all together by {{cancel.rise.model_all}}
# ({{cancel.rise.truth_all}}). A higher number in the table is a lower place. Against ICE the place by
# PDP is {{cancel.places.pdp_ice.verdict}}, by {{cancel.places.pdp_ice.mean}}
# ({{cancel.places.pdp_ice.low}} to {{cancel.places.pdp_ice.high}}); against SHAP
# {{cancel.places.pdp_shap.verdict}}, by {{cancel.places.pdp_shap.mean}}.
#
# ### SHAP: a twin
#
# In the correlated variant `amount_local` follows the amount with a correlation of 0.99 and has no
# effect of its own. What share of the credit of the pair goes to the twin?

# %%
share = intervals_of("share of the twin", "correlated")
twin = {"SHAP, by the trees": share["SHAP, mean_abs"]}
twin["SHAP, by a background"] = share["SHAP, background"]
twin |= {name: share[name] for name in ("PDP", "permutation", "gain")}
pd.Series(twin).to_frame("share of the twin")

# %% [markdown]
# SHAP gives the twin a share of {{twin.shap_by_the_trees.mean}} ({{twin.shap_by_the_trees.low}} to
# {{twin.shap_by_the_trees.high}}); with a background it is {{twin.shap_by_a_background.mean}}. It is
# not SHAP's mistake: the trees really split on both, since in training one is nearly as good as the
# other. But each half looks small beside a column that stands alone. Mended: join the pair, in each
# row.

# %%
Xc, yc, _ = data.load_causes(correlated=True)
Xc = Xc.fillna({"distance_km": -1.0, "balance_cents": -1.0})
seen_c, asked_c = Xc[:12_000], Xc[12_000:13_000]
model = fit(seen_c, yc[:12_000])
matrix_c = xgb.DMatrix(encode(asked_c))

# %% [markdown]
# The mean absolute value of each column, and of the sum of both, taken row by row:

# %%
values = model.get_booster().predict(matrix_c, pred_contribs=True)[:, :-1]
local_c = joined(values, asked_c)
alone = local_c.abs().mean()
pair = (local_c["amount_cents"] + local_c["amount_local"]).abs().mean()
f"amount {alone['amount_cents']:.2f}, twin {alone['amount_local']:.2f}, pair {pair:.2f}"

# %% [markdown]
# Joined, the amount is worth more than either half showed. (From here on `model` is the model of the
# correlated table.)
#
# ### LIME: a wide kernel
#
# The kernel says how near is near. Make it wide, and LIME fits one straight line to the whole model.
# A straight line through a U is flat, with a sign that depends on chance. In each world: payments
# before noon, where the risk falls with the hour, and after, where it rises. How often has LIME's
# slope the right sign, and how far apart are two seeds, as a share of the slope?

# %%
widths = ["narrow", "default", "wide"]
right = intervals_of("right sign of the hour")
spread = measured("spread over seeds") * 2**0.5  # a standard deviation of two values
apart = {name: stats.mean_interval(spread[name]) for name in widths}
table = pd.DataFrame({"right sign": right, "two seeds apart": apart})
table.loc[widths]

# %% [markdown]
# Is the wide kernel worse than the default, world by world?

# %%
sign = measured("right sign of the hour")
wide = stats.worlds(sign["wide"], sign["default"])
wide

# %% [markdown]
# With a kernel eight times as wide as the default, the sign is right in a share of
# {{kernels.right.wide.mean}} ({{kernels.right.wide.low}} to {{kernels.right.wide.high}}):
# {{kernels.wide.verdict}} than with the default, {{kernels.right.default.mean}}. With a quarter of
# the width it is {{kernels.right.narrow.mean}}, and two seeds are {{kernels.apart.narrow.mean}} of a
# slope apart, against {{kernels.apart.default.mean}}. Mended: try three widths and several seeds, and
# trust what all of them say. There is no right width to look up.
#
# ### Gain: the device with 5,000 values
#
# Tree importances are said to love columns with many values. How many of the five true causes stand
# below the device, which does nothing?

# %%
labels = {
    "gain": "gain, XGBoost",
    "total gain": "total gain, XGBoost",
    "gain, device a category": "gain, device as category",
    "splits": "splits, XGBoost",
    "forest, impurity": "impurity, random forest",
    "forest, permutation, log loss": "shuffled, log loss, forest",
    "forest, permutation, Brier": "shuffled, Brier, forest",
    "SHAP, mean_abs": "SHAP, XGBoost",
}
below = intervals_of("causes below the device")
devices = {label: below[name] for name, label in labels.items()}

# %%
with plots.figure(
    title="Counts of splits and a forest's impurity fall for the device",
    x="true causes below the device (count, 0 to 5)",
    y="",
    alt="Split counts and forest impurity put causes below the device, others rarely.",
) as ax:
    plots.intervals(ax, devices)

# %% [markdown]
# - XGBoost's gain, the mean over the splits of a column: {{devices.gain_xgboost.mean}} causes below the
#   device; as a sum {{devices.total_gain_xgboost.mean}}; with the device as a category of 5,000 values
#   {{devices.gain_device_as_category.mean}};
# - its count of splits: {{devices.splits_xgboost.mean}}
#   ({{devices.splits_xgboost.low}} to {{devices.splits_xgboost.high}});
# - the impurity of a random forest, which is the gain of trees grown to the end:
#   {{devices.impurity_random_forest.mean}} ({{devices.impurity_random_forest.low}} to
#   {{devices.impurity_random_forest.high}}).
#
# So the warning holds for counts and for trees grown to the end. It says less about the gain of shallow
# trees than its fame suggests.
#
# The usual remedy is to shuffle a column on rows that the model has not seen, and to see how far the
# loss rises. Which loss? A forest says "impossible" when no tree has seen a fraud in a leaf, and the log loss punishes one such mistake without limit. The
# [Brier score](../glossary.md#brier-score), a mean squared error, does not.

# %%
below = measured("causes below the device")
impurity, shuffled = below["forest, impurity"], "forest, permutation, "
remedy = {
    f"{loss} − impurity": stats.worlds(below[shuffled + loss], impurity, comparisons=2)
    for loss in ("log loss", "Brier")
}
stats.table(remedy, digits=1)

# %% [markdown]
# Against the forest's impurity, the causes below the device are {{remedy.log_loss_impurity.verdict}}
# with the log loss ({{remedy.log_loss_impurity.mean}}; {{remedy.log_loss_impurity.low}} to
# {{remedy.log_loss_impurity.high}}) and {{remedy.brier_impurity.verdict}} with the Brier score
# ({{remedy.brier_impurity.mean}}). What is left below the device is
# {{devices.shuffled_log_loss_forest.mean}} with the one and {{devices.shuffled_brier_forest.mean}}
# with the other.
#
# ## Reason codes for one declined payment
#
# Now the letter. The payment with the highest score of the correlated table:

# %%
declined = asked_c.iloc[[margin(asked_c).argmax()]]
why = local_c.loc[declined.index[0]].sort_values(ascending=False, kind="stable")
why[abs(why) > 0.1].round(2)

# %% [markdown]
# ### Exercise 3: reason codes
#
# Write a function that takes the contributions of a payment (a dictionary from column to value), a
# dictionary `groups` from a column to the one that says the same, and a number `k`. Return the names of
# the reasons for a decline: at most `k`, the strongest first, each fact once.


# %% tags=["exercise"]
# BEGIN SOLUTION
def reasons(contributions, groups, k):
    """Return the facts that raised the score most, at most k."""
    #: 1. add up the columns that say the same
    #: 2. keep what raised the score
    #: 3. the largest first, at most k
    total = {}
    for name, value in contributions.items():
        name = groups.get(name, name)
        total[name] = total.get(name, 0) + value
    raised = [name for name in total if total[name] > 0]
    return sorted(raised, key=total.get, reverse=True)[:k]


# END SOLUTION
lab.ex3.check(reasons)

# %% [markdown]
# In words. A sentence a fact, with the value of the payment in it:

# %%
sentences = {
    "customer_count_1d": "{customer_count_1d} other payments within a day",
    "channel": "payment by {channel}",
    "hour": "paid between {hour} and {hour}:59 o'clock",
    "amount_cents": "an amount of {amount_cents} cents",
    "distance_km": "{distance_km} km from home",
}

# %% [markdown]
# The four facts that raised the score most, with the twin joined to the amount:

# %%
by_fact = why.rename({"amount_local": "amount_cents"}).groupby(level=0).sum()
strongest, values_of = by_fact.nlargest(4).index, declined.iloc[0].to_dict()
letter = [sentences.get(name, name).format(**values_of) for name in strongest]
for number, line in enumerate(letter, start=1):
    print(f"{number}. {line}")

# %% [markdown]
# How often is the first reason the true one? For the twelve highest scores of each world, the column
# with the largest value against the one with the largest true value:

# %%
right_first = {
    f"{variant}, {method}": interval
    for variant in variants
    for method, interval in intervals_of("first reason true", variant).items()
}
pd.Series(right_first).to_frame("first reason is the true one (share)")

# %% [markdown]
# Does LIME's share depend on the variant? Look at what it sees. By default it cuts each number into
# quarters of the data, and a weight belongs to a quarter. The true step of the count is at four.

# %%
tables = {"independent": X["customer_count_1d"], "correlated": Xc["customer_count_1d"]}
cut = {name: int(count.quantile(0.75)) + 1 for name, count in tables.items()}
{name: f"the top quarter begins at {start}" for name, start in cut.items()}

# %% [markdown]
# By SHAP (by the trees) the first reason is the true one for a share of
# {{first.right.independent_shap_path.mean}} ({{first.right.independent_shap_path.low}} to
# {{first.right.independent_shap_path.high}}) and {{first.right.correlated_shap_path.mean}} in the two
# variants; by LIME for {{first.right.independent_lime.mean}} ({{first.right.independent_lime.low}} to
# {{first.right.independent_lime.high}}) and {{first.right.correlated_lime.mean}}. In the first variant
# LIME's top quarter of the count begins at {{first.cut.independent}}, below the step, in the second at
# {{first.cut.correlated}}, on it.
#
# ### What must not be concluded
#
# Lower the local amount of this payment to a usual one and leave the rest. What does the model say, and
# what happens to the true risk, which we know here? The same for the hour, moved to noon.

# %%
usual = int(seen_c["amount_local"].median())
changes = {
    "local amount made usual": declined.assign(amount_local=usual),
    "paid at noon": declined.assign(hour=12),
}


def move(law, changed):
    """Return by how much a law changes its mind."""
    return (law(changed) - law(declined))[0]


# %% [markdown]
# Ask the model and the true law about each change:

# %%
laws = {"score": margin, "true log odds": payments.causes_logit}
moves = pd.DataFrame(
    {name: [move(law, row) for row in changes.values()] for name, law in laws.items()},
    changes,
)
moves_by = moves.set_axis(["twin", "hour"]).set_axis(["score", "world"], axis=1).T
moves.round(2)

# %% [markdown]
# Another local amount moves the score by {{moves.twin.score}} and the world by {{moves.twin.world}}.
# Another hour moves both: {{moves.hour.score}} and {{moves.hour.world}}. From the explanation alone
# you could not have told the two apart: both columns have large values.
#
# ### Exercise 4: what the letter may say
#
# Which sentences may stand? Give a dictionary from letter to True or False.
#
# - `a`: "The amount, with its copy in local currency, raised the score of your payment."
# - `b`: "With a lower local amount your payment would have been less likely to be fraud."
# - `c`: "The same payment at noon would have had a lower score."
# - `d`: "Customers of your age commit more fraud."

# %% tags=["exercise"]
# BEGIN SOLUTION
may_stand = {"a": True, "b": False, "c": True, "d": False}
# END SOLUTION
lab.ex4.check(may_stand)

# %% [markdown]
# ## `analysis.json` from one call
#
# For the board: what a Clarify job writes. Kernel SHAP of 20 payments against five, aggregated, and
# partial dependence of the two largest columns, all of the probability that `score` returns.


# %%
asking = dict(baseline=seen_c.sample(5, random_state=0), num_samples=400)
asking |= dict(agg_method="mean_abs", top_k_features=2, grid_resolution=4)
analysis = explain.analyze(score, asked_c.head(20), **asking)
analysis

# %% [markdown]
# Do the local values and the expected value sum to the score of each row?

# %%
content = analysis.to_dict()
kernel_shap = content["explanations"]["kernel_shap"]["label0"]
total = analysis.local["label0"].sum(axis=1) + kernel_shap["expected_value"]
sums = bool(np.allclose(total, score(asked_c.head(20)), atol=1e-6))
f"sum to the scores: {sums}"

# %%
dependence = pd.DataFrame(content["explanations"]["pdp"]).set_index("feature_name")
for name, entry in dependence.iterrows():
    means = np.round(entry["model_predictions"][0], 2).tolist()
    print(name, entry["data_type"], entry["feature_values"], means, sep="\n  ")

# %% [markdown]
# `to_json` writes the file, in Clarify's shape: global values and the expected value for each label, and
# for each column the centres of its buckets, one list of mean predictions a class, and how many rows
# lie there. The local values sum to the scores, as printed. Values here are probabilities,
# which is Clarify's default; `use_logit` gives log odds. A wrong call says so:

# %%
for wrong in ({"agg_method": "max"}, {"pdp_features": ["amount"]}):
    try:
        baseline = seen_c.head(5)
        explain.analyze(score, asked_c.head(2), baseline=baseline, **wrong)
    except ValueError as error:
        print(error)

# %% [markdown]
# ## Real data: credit defaults
#
# 30,000 customers, 23 columns, no known truth. But there is a test that needs none: let each method
# name five columns, fit again on those alone, and see how well that model orders new customers.
# Better columns, better model. 15 random splits, corrected for their overlap; all are stored, and
# `store.confirm("train/explain/credit", seed=0)` runs one again, whenever you like.

# %%
splits = store.load("train/explain/credit")
splits["measure"].value_counts().rename("rows").to_frame()

# %%
named = store.wide(splits, "method", measure="average precision")
by_shap = named["SHAP, mean_abs"]
others = ["PDP", "ICE", "LIME", "permutation", "gain", "splits"]
overlap = dict(n_train=12_000, n_test=6_000, comparisons=6)
real = {f"SHAP − {n}": stats.splits(by_shap, named[n], **overlap) for n in others}
stats.table(real)

# %%
agrees = splits[splits["measure"] == "agreement with SHAP"]
agrees, means = agrees.groupby("method")["value"].mean(), named.mean()
credit = {"shap": means["SHAP, mean_abs"], "all": means["all columns"]}
credit |= {"agrees_pdp": agrees["PDP"], "agrees_lime": agrees["LIME"]}
lead = by_shap - named["at random"]
credit |= {"lead": lead.mean(), "wins": int((lead > 0).sum()), "splits": len(lead)}
print(f"better than five at random in {credit['wins']} of {len(lead)} splits")
pd.DataFrame({"average precision": means, "agreement": agrees}).round(3)

# %% [markdown]
# Five columns named by SHAP give an [average precision](../glossary.md#average-precision) of
# {{credit.shap}}; all 23 give {{credit.all}}. Against the five of PDP: {{real.shap_pdp.verdict}}
# ({{real.shap_pdp.mean}}; {{real.shap_pdp.low}} to {{real.shap_pdp.high}}); of ICE
# {{real.shap_ice.verdict}}; of LIME {{real.shap_lime.verdict}} ({{real.shap_lime.mean}}); of
# permutation {{real.shap_permutation.verdict}}; of gain {{real.shap_gain.verdict}}
# ({{real.shap_gain.mean}}). Against the count of splits: {{real.shap_splits.verdict}}
# ({{real.shap_splits.mean}}; {{real.shap_splits.low}} to {{real.shap_splits.high}}). Five columns at
# random, others in each split, are beaten in {{credit.wins}} of {{credit.splits}} splits, by
# {{credit.lead}} on average.
#
# The rankings agree with SHAP's at {{credit.agrees_pdp}} for PDP and {{credit.agrees_lime}} for LIME.
# But bills and delays of six months are near copies of each other, so several sets of five are about
# as good: a difference in rank need not be a difference in worth. With real data, be content if a
# method is not worse than another, and take the one that you can explain.
#
# ## On SageMaker
#
# The analysis is a processing job: a container of Clarify, the configuration as one input, the data as
# another, one output. The names of input and output are fixed.

# %%
bucket, account = "s3://example-bucket/fraud", "111122223333"
root = "/opt"  # in the container


def input_of(name, key):
    """Return an input: an object of S3, and its place in the container."""
    where = f"{root}/ml/processing/input/{name}"
    source = {"S3Uri": f"{bucket}/{key}", "LocalPath": where}
    kind = {"S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | kind}


# %% [markdown]
# Where the result goes, and the machine:

# %%
config = input_of("analysis_config", "analysis_config.json")
output = {"S3Uri": f"{bucket}/explained/", "S3UploadMode": "EndOfJob"}
output["LocalPath"] = f"{root}/ml/processing/output"
outputs = {"Outputs": [{"OutputName": "analysis_result", "S3Output": output}]}
cluster = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}

# %%
from labs_lib import aws

image = f"{account}.dkr.ecr.eu-west-1.amazonaws.com/clarify:1.0"
request = {
    "ProcessingJobName": "fraud-explain",
    "AppSpecification": {"ImageUri": image},
    "ProcessingInputs": [config, input_of("dataset", "asked.csv")],
    "ProcessingOutputConfig": outputs,
    "ProcessingResources": {"ClusterConfig": cluster},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    "RoleArn": f"arn:aws:iam::{account}:role/clarify",
}
aws.validate("CreateProcessingJob", request)

# %% [markdown]
# Account, bucket, role and image are placeholders. Beside the data in S3 lies the configuration: what
# you gave to `analyze`, in Clarify's words.

# %%
shap_config = {"baseline": f"{bucket}/baseline.csv", "num_samples": 400, "seed": 0}
shap_config |= {"agg_method": "mean_abs", "use_logit": False}
shap_config |= {"save_local_shap_values": True}
predictor = {"model_name": "fraud-xgboost", "instance_type": "ml.m5.large"}
predictor |= {"initial_instance_count": 1}

# %%
import json

analysis_config = {
    "version": "1.0",
    "dataset_type": "text/csv",
    "headers": ["is_fraud", *X.columns],
    "label": "is_fraud",
    "methods": {
        "shap": shap_config,
        "pdp": {"grid_resolution": 4, "top_k_features": 2},
        "report": {"name": "report", "title": "Fraud model"},
    },
    "predictor": predictor,
}
print(json.dumps(analysis_config["methods"], indent=1))

# %% [markdown]
# `save_local_shap_values` is off unless you say so; without it there is nothing for the letter. And a
# trap: the request is checked before the job starts, the configuration only inside it. A wrong
# aggregation costs you the minutes of a start; a wrong job name does not:

# %%
wrong = request | {"ProcessingJobName": "fraud_explain"}
try:
    aws.validate("CreateProcessingJob", wrong)
except ValueError as error:
    print(error)

# %% [markdown]
# ## What is not reproduced
#
# - The shadow endpoint that Clarify starts to ask a model, and its bill.
# - A baseline by clustering when you give none: here you have to choose one, which is better practice.
# - Explanations of text, images and time series; the report as notebook and PDF.
# - How Clarify infers the type of a column, and the options of Kernel SHAP inside: not documented.
# - Online explanations at an endpoint.
#
# ## Takeaways
#
# - A SHAP value is a share of one score, against a background. Say which; check that the shares sum.
# - Averaged, SHAP is global. PDP and ICE answer another question: what if? Draw the single curves.
# - Every method explains the model. Copies share the credit, and noise that was learned gets some.
# - LIME is drawn at random: give its seed, its width, and several of each, or do not use it in a
#   letter.
# - Counts of splits and the impurity of deep trees fall for columns with many values. Shuffling, judged by
#   the Brier score, hardly did here.
# - A reason code describes the score. It promises nothing about the world.
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
    tolerance=0.03,
    additive=additive,
    one_hot_flaw=one_hot_flaw,
    turns=turns,
    top_three=top_three,
    identical=identical,
    kernel_error=kernel_error,
    whom={"hour": hour_value, "changed": changed},
    ceiling=ceiling,
    trial=trial,
    top=top,
    truths=truths,
    averages={"agreement": agreement, "against": averaging},
    cancel=Fact({"rise": rise, "places": places}, digits=1, tolerance=0.3),
    twin=twin,
    kernels={"right": right, "apart": apart, "wide": wide},
    devices=Fact(devices, digits=1, tolerance=0.3),
    remedy=Fact(remedy, digits=1, tolerance=0.3),
    first={"right": right_first, "cut": cut},
    moves=moves_by.to_dict(),
    credit=credit,
    nearer=all(
        trial[f"{short}: SHAP − PDP"].low > 0 for short in ("on their own", "together")
    ),
    reaches=all(
        trial[f"{short}: SHAP − PDP"].low < 0.05 < trial[f"{short}: SHAP − PDP"].high
        for short in ("on their own", "together")
    ),
    real=Fact(real, digits=3, tolerance=0.01),
)

# %% [markdown]
# ## Sources
#
# - Clarify's configuration, aggregations and `analysis.json`: SageMaker developer guide, pages
#   `clarify-processing-job-configure-analysis`, `clarify-processing-job-configure-parameters`,
#   `clarify-processing-job-run`, `clarify-partial-dependence-plots`, `clarify-availability-change`.
# - SHAP: Lundberg and Lee (2017), A unified approach to interpreting model predictions; for trees:
#   Lundberg and others (2020), From local explanations to global understanding with explainable AI for
#   trees.
# - With a background or without: Janzing, Minorics and Bloebaum (2020), Feature relevance
#   quantification in explainable AI: a causal problem.
# - ICE: Goldstein and others (2015), Peeking inside the black box. PDP as an importance: Greenwell,
#   Boehmke and McCarthy (2018). LIME: Ribeiro, Singh and Guestrin (2016), "Why should I trust you?"
# - Importance of trees and columns with many values: Strobl and others (2007), Bias in random forest
#   variable importance measures.
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
