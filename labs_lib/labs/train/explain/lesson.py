# ---
# jupyter:
#   labs:
#     concepts:
#       sm-explainability: "One payment, four answers"
#       sm-shap-pdp-lime-ice: "Where it fails: each method once"
#     constants:
#       "0.86": "correlation of five ranks and nine ties with 14 ranks, by its formula"
# ---

# %% [markdown]
# # Explain: SHAP against PDP, ICE and LIME
#
# > The board asks what the model looks at. Four methods give four rankings of the columns. Which one do
# > you sign?
#
# **You will**
#
# - take one score apart and check that the parts sum to it;
# - say what SHAP, ICE, PDP and LIME each answer, and where each misleads;
# - judge their rankings by two yardsticks, on causes that are known.
#
# **You need** [XGBoost](15_xgboost.ipynb): raw scores, which are log odds.
# **Data in:** the table of known causes, credit defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Clarify, `methods.shap` | XGBoost's `pred_contribs`, the library `shap` |
# | Clarify, `methods.pdp` | `ice` of `labs_lib`, and its mean |
# | baseline (SHAP) | `background` |
# | `agg_method`: `mean_abs` | mean absolute SHAP value |

# %%
from labs_lib.labs.train.explain.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your model scores payments. The board wants one page: which columns does the model look at? And your team
# wants to stop paying for columns that do nothing. A colleague says: "Take SHAP. It is the best of the
# methods, everybody uses it." You have to sign a ranking of the columns.
#
# On real data nobody could tell you who is right. So we draw tables from a published law: five columns have
# an effect on fraud, nine have none. One of the five, the distance, raises the risk of a chip payment and lowers that
# of a swipe as much.
#
# ## Predict
#
# The claim: *SHAP is the best of the four*. Best means that its ranking of the columns is nearest to the
# truth. But what is the truth? There are two ways to ask the law itself:
#
# - *shares*: a column's share of the true log odds, by the rule of SHAP;
# - *curves*: how far the true log odds move when the column alone is changed, which is what ICE draws.
#
# Who is nearer to the truth, SHAP or ICE?

# %%
guess = ...  # "SHAP by both", "ICE by both", "each by its own" or "no difference shown"
lab.winner.commit(guess)

# %% [markdown]
# ## One payment, four answers
#
# First a table and a model. LIME cannot work with gaps, so they are filled with -1. SHAP and the trees need
# numbers, so each category becomes a column of its own ([one-hot](../glossary.md#one-hot)).

# %% tags=["trial"]
import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import payments, settings

CAUSES = ["hour", "amount_cents", "customer_count_1d", "channel", "distance_km"]


def world(seed, columns="independent"):
    """Return a table of payments whose causes are known, and their labels."""
    together = columns == "correlated"
    X, y, _ = payments.causes(n=9_000, correlated=together, seed=seed)
    return X.fillna({"distance_km": -1.0, "balance_cents": -1.0}), y.to_numpy()


def encode(table):
    """Return numbers: a column for each category, and age bands in order."""
    ordered = {c: table[c].cat.codes for c in table if c == "age_band"}
    return pd.get_dummies(table.assign(**ordered)).astype("f4")


def fit(table, labels):
    """Return the model that is explained: always 60 trees, not tuned."""
    size = dict(n_estimators=60, max_depth=4, learning_rate=0.15)
    model = xgb.XGBClassifier(**size, n_jobs=settings.n_jobs())
    return model.fit(encode(table), labels)


def score_of(model):
    """Return the function from a table to scores in log odds."""
    return lambda table: model.predict(encode(table), output_margin=True)


# %%
X, y = world(0)
seen, asked = X[:8_000], X[8_000:]
model = fit(seen, y[:8_000])
score = score_of(model)
declined = asked.iloc[[score(asked).argmax()]]
declined[CAUSES]

# %% [markdown]
# Of a thousand payments that the model did not train on, this one scores highest. Say that it is declined.
#
# **SHAP** answers with a game. The columns are players who enter one after another. A player's value is how
# much the score moves when it enters, averaged over all orders: its
# [Shapley value](../glossary.md#shapley-value). XGBoost computes it for its own trees.

# %%
matrix = xgb.DMatrix(encode(asked))
contributions = model.get_booster().predict(matrix, pred_contribs=True)
sums = contributions.sum(axis=1)
off = {"all": sums, "last column forgotten": contributions[:, :-1].sum(axis=1)}
off = pd.Series({name: abs(s - score(asked)).max() for name, s in off.items()})
off.round(3)

# %% [markdown]
# The values of a payment sum to its score, up to rounding.{{!additive}} The last column is a base value, the same for
# each payment; forget it, and each sum is wrong.{{!forgotten}} So check the sum first: it shows whether something was
# lost on the way. Check it in log odds: probabilities do not add up.
#
# The channel is four columns for the model, and one fact for you. Its contribution is their sum.


# %% tags=["trial"]
def shap_values(model, rows):
    """Return the SHAP values of each row, one-hot columns added up."""
    matrix = xgb.DMatrix(encode(rows))
    values = model.get_booster().predict(matrix, pred_contribs=True)[:, :-1]
    names = encode(rows).columns
    owner = [next(c for c in rows if n == c or n.startswith(c + "_")) for n in names]
    values = pd.DataFrame(values.astype(float), rows.index, owner)
    return values.T.groupby(level=0).sum().T[list(rows)]


# %%
values, index = shap_values(model, asked), declined.index[0]
views = pd.DataFrame({"this payment": values.loc[index]})
views["true, this payment"] = payments.true_shapley(asked).loc[index]
views["mean absolute"] = values.abs().mean()
views["true, mean absolute"] = payments.true_shapley(asked).abs().mean()
views.sort_values("true, mean absolute", ascending=False, kind="stable").round(2)

# %% [markdown]
# One payment or all of them: the same values, one by one or averaged by size. Beside them stands the truth.
# On average the model gives a little to columns that do nothing.{{!noise}} For one payment it can be more: here `home_y_km`
# gets about half as much as the hour.{{!one_noise}}
#
# ### Exercise 1: from one-hot columns to columns
#
# Write a function that takes contributions, one row a payment and one column a column of the model, and the
# list `owner` with the name of the fact behind each column. Return, for each fact, its mean absolute
# contribution.


# %% tags=["exercise"]
# BEGIN SOLUTION
def global_importance(contributions, owner):
    """Return the mean absolute contribution of each owner."""
    table = pd.DataFrame(contributions, columns=owner)
    return table.T.groupby(level=0).sum().T.abs().mean()


# END SOLUTION
lab.ex1.check(global_importance)

# %% [markdown]
# **ICE**, individual conditional expectation: take a payment, set one column to other values, and ask the
# model each time. That is a curve for each payment. **PDP**, partial dependence, is the mean of these curves.
# **LIME** draws thousands of rows from the columns of the table, asks the model for each, and fits a straight line, in
# which rows that share more with the payment weigh more. Its weight says what it is worth that a value lies in the same
# quarter of its column.

# %% tags=["trial"]
from labs_lib.train import explain


def curves(score, rows, seen):
    """Return, for each column, one ICE curve a row."""
    found = {}
    for name in rows:
        values = seen[name].unique()  # of categories: all of them
        if pd.api.types.is_numeric_dtype(seen[name]):
            values = seen[name].quantile(np.linspace(0.05, 0.95, 10)).unique()
        found[name] = explain.ice(score, rows, name, values)[:, :, 0].astype(float)
    return found


def lime(model, rows, seen, seed):
    """Return the weights of LIME with its defaults: 5,000 draws around each row."""
    return explain.lime_weights(score_of(model), rows, data=seen, seed=seed)


# %%
lines = curves(score, declined, seen)
answers = pd.DataFrame({"SHAP": values.loc[index]})
answers["LIME"] = lime(model, declined, seen, 0).iloc[0]
answers["ICE, from"] = {name: curve.min() for name, curve in lines.items()}
answers["ICE, to"] = {name: curve.max() for name, curve in lines.items()}
answers.loc[CAUSES].round(2)

# %% [markdown]
# Four questions, so four answers. SHAP: how is this score shared out? ICE: between which scores would this payment move
# if this column were different? PDP: the same, on average. LIME: which line fits the model near here?
#
# For a ranking, each answer becomes one number a column: for SHAP and LIME the mean absolute value, for ICE
# the standard deviation along a curve, averaged over the curves, for PDP that of the mean curve.
#
# ### Exercise 2: what the mean curve hides
#
# When does the mean curve speak for all? Call the variance of a curve along the grid its movement. Write a
# function that takes curves, one row a payment. It returns the share of the mean movement of single curves
# that the mean curve does **not** show: 0 if all curves are parallel, 1 if the mean is flat and they are not.


# %% tags=["exercise"]
# BEGIN SOLUTION
def hidden_share(curves):
    """Return the share of movement, 0 to 1, that the mean curve hides."""
    return 1 - curves.mean(axis=0).var() / curves.var(axis=1).mean()


# END SOLUTION
lab.ex2.check(hidden_share)

# %% [markdown]
# ## On trial: "SHAP is the best of the four"
#
# **The measure that decides**, named before looking, is the rank correlation of a method's importance with
# the true one, over the 14 columns. It is 1 for the same order. Nine columns share the last place in the truth, so a method that orders the five
# causes perfectly, and the others at random, gets about 0.86.


# %% tags=["trial"]
def importances(model, rows, seen, seed):
    """Return the importance of each column by each method, on the same rows."""
    lines = curves(score_of(model), rows, seen)
    found = {
        "SHAP": shap_values(model, rows).abs().mean(),
        "ICE": pd.Series({c: v.std(axis=1).mean() for c, v in lines.items()}),
        "PDP": pd.Series({c: v.mean(axis=0).std() for c, v in lines.items()}),
        "LIME": lime(model, rows, seen, seed).abs().mean(),
    }
    return pd.DataFrame(found).round(5)


def with_gaps(table):
    """Return the table with its gaps, as the law takes it."""
    known = table["distance_km"] >= 0
    return table.assign(distance_km=table["distance_km"].where(known))


def law(table):
    """Return the true log odds."""
    return payments.causes_logit(with_gaps(table))


def truths(rows, seen):
    """Return what the law itself says of each column, by two yardsticks."""
    lines = curves(law, rows, seen)
    moves = pd.Series({c: v.std(axis=1).mean() for c, v in lines.items()})
    shares = payments.true_shapley(with_gaps(rows)).abs().mean()
    return pd.DataFrame({"shares": shares, "curves": moves}).round(5)


# %% [markdown]
# Second come the sizes. Let each method share 100 points among the columns. How many go to columns without effect? And
# how many are *misplaced*: would have to be moved to give the points of the truth?


# %% tags=["trial"]
def ranking(seed, columns):
    """Explain a model of one world by each method, and judge by two yardsticks."""
    X, y = world(seed, columns)
    seen, rest = X[:8_000], X[8_000:]
    model, rows = fit(seen, y[:8_000]), rest.head(100)
    found, true = importances(model, rows, seen, seed), truths(rest, seen)
    points = 100 * found / found.sum()
    measures = {}
    for method in found:
        for name in true:
            rank = found[method].corr(true[name], method="spearman")
            measures[method, f"rank, {name}"] = rank
            off = points[method] - 100 * true[name] / true[name].sum()
            measures[method, f"misplaced, {name}"] = off.abs().sum() / 2
        idle = points[method].drop(CAUSES)
        measures[method, "points, no effect"] = idle.sum()
        measures[method, "points, twin"] = idle["amount_local"]
        measures[method, "points, most"] = points[method].max()
        place = found[method].rank(ascending=False)
        measures[method, "place of the distance"] = place["distance_km"]
        first = found[method].nlargest(5).index
        measures[method, "causes in first five"] = len(set(first) & set(CAUSES))
        measures[method, "rows"] = len(rows)
    return measures


# %%
rows = lab.trial(
    ranking,
    seeds=20,
    levels=("method", "measure"),
    settings={"columns": ("independent", "correlated")},
)
rows.design(
    worlds="a table of 9,000 payments, columns drawn on their own or moving together",
    rows="8,000 train; all four methods explain the same 100 others",
    measure="rank correlation with the truth, high is good; SHAP minus each other",
    yardstick="the law, asked in two ways. Shares are mean absolute Shapley values, "
    "and favour SHAP by construction; curves favour ICE, and PDP where curves are "
    "parallel. LIME has no yardstick of its own here. Rows are equal, questions are "
    "not: LIME asks the model 5,000 times a payment.",
)

# %% [markdown]
# **What to try.** Set `max_depth=2` in `fit`, and run that cell and the last one again. That model learns
# less noise. Compare the ranks, and the points misplaced; `rows.yours.wide("misplaced, shares", columns="independent")`
# is a part of your version.
#
# First, check each arm: did it explain the same rows, and does it tell columns apart? Means over the
# [worlds](../glossary.md#world):

# %%
arms = (
    rows.wide(columns="independent")
    .mean()
    .unstack()
    .loc[["SHAP", "ICE", "PDP", "LIME"]]
)
looked_at = ["rows", "points, most", "points, no effect", "causes in first five"]
arms[looked_at].round(1)

# %%
from labs_lib import stats


def against(method, yardstick, columns="independent", **options):
    """Compare SHAP with a method over the worlds, in pairs."""
    value = rows.wide(f"rank, {yardstick}", columns=columns)
    return stats.worlds(value["SHAP"], value[method], **options)


# %%
results = {
    yardstick: {m: against(m, yardstick, comparisons=6) for m in ("ICE", "PDP", "LIME")}
    for yardstick in ("shares", "curves")
}

# %%
from labs_lib import plots

with plots.figure(
    title="SHAP leads by shares, ICE by curves",  # {{!own}}
    x="SHAP minus the other: rank correlation (-1 to 1)",
    y="",
    panels=2,
    alt="By shares SHAP is ahead of the others; by curves it is behind ICE.",
) as axes:
    for ax, (yardstick, found) in zip(axes, results.items(), strict=True):
        plots.intervals(ax, found)
        ax.set(title=f"truth: {yardstick}", xlim=(-0.12, 0.12))

# %%
ahead = [results["shares"]["ICE"].low > 0, results["curves"]["ICE"].low > 0]
behind = [results["shares"]["ICE"].high < 0, results["curves"]["ICE"].high < 0]
found = "each by its own" if ahead[0] and behind[1] else "no difference shown"
found = "SHAP by both" if all(ahead) else "ICE by both" if all(behind) else found
lab.winner.reveal(found)

# %% [markdown]
# Each wins by its own [yardstick](../glossary.md#yardstick).{{!own}} By shares, SHAP minus ICE is {{by_shares}}; by curves it is
# {{by_curves}}. Both find all five causes in each world, so they differ in the order of these.{{!all_five}} PDP and LIME
# are behind SHAP by shares.{{!behind}}
#
# So which method is best depends on what you call the truth. Ask the board what it wants to know: shares of the score,
# or how far the score moves when one column changes?
#
# And if columns move together, and `amount_local` is a copy of the amount in another currency?

# %%
together = {
    f"SHAP − {m}, {yardstick}": against(m, yardstick, "correlated", comparisons=6)
    for yardstick in ("shares", "curves")
    for m in ("ICE", "PDP", "LIME")
}
stats.table(together)

# %% [markdown]
# SHAP's lead over ICE by shares is gone: SHAP minus ICE is {{gone}}. No difference is shown, and one as large as above
# would have been.{{!gone_small}} By curves ICE leads again.{{!together}} And each method gives points to the copy, which
# has no effect.{{!copy}}
#
# Now the sizes, for columns drawn on their own:

# %%
arms[["points, no effect", "misplaced, shares", "misplaced, curves"]].round(1)

# %% [markdown]
# Of its 100 points, SHAP gives {{idle.shap}} to columns that do nothing, and ICE {{idle.ice}}. By points
# instead of ranks, LIME is nearest by shares, and PDP by curves.{{!by_points}} Does it hold for
# a model with less noise? Try it, as said above. Until then sign an order, not the sizes. And before you drop a column,
# fit once without it.
#
# ## Where it fails: each method once
#
# **PDP: effects that cancel.** Ask the model for curves of the distance, and the true law too.

# %%
km = np.linspace(0.5, 40, 20)
some = asked[asked["channel"].isin(["chip", "swipe"])].head(200)
chip = (some["channel"] == "chip").to_numpy()
parts = {"chip": chip, "swipe": ~chip, "all: PDP": chip | ~chip}
drawn = {}
for who, ask in (("model", score), ("law", law)):
    curve = explain.ice(ask, some, "distance_km", km)[:, :, 0]
    drawn[who] = curve - curve[:, :1]

# %%
with plots.figure(
    title="The mean curve hides two opposite effects",  # {{!opposite}}
    x="distance (km)",
    y="rise of the score (log odds)",
    panels=2,
    alt="Chip rises with distance and swipe falls; the mean lies between.",
) as axes:
    for ax, (who, curve) in zip(axes, drawn.items(), strict=True):
        for name, part in parts.items():
            ax.plot(km, curve[part].mean(axis=0), label=name)
        ax.set(title=who, ylim=(-2.2, 2.6))
    axes[1].legend(loc="upper left")

# %% [markdown]
# In truth the mean is flat.{{!opposite}} The model has learned less of what swipes do, so its mean rises, as if
# distance were a mild risk for all.{{!learned_less}} That is right for no payment. Draw the single curves, and colour them
# by the column that you suspect. In the 20 worlds, the mean place of the distance among the 14 columns:

# %%
place = rows.wide("place of the distance", columns="independent")
lower = stats.worlds(place["PDP"], place["ICE"])
place.mean().round(1)

# %% [markdown]
# PDP puts the distance {{lower}} places lower than ICE.{{!lower_place}}
#
# **ICE: payments that do not exist.** It sets one column and leaves the others. Where columns move together,
# what does it ask about?

# %%
pair, _ = world(0, "correlated")
ratio = pair["amount_local"] / pair["amount_cents"]
grid = pair["amount_cents"].quantile(np.linspace(0.05, 0.95, 10))
ratios = np.divide.outer(pair["amount_local"].to_numpy(), grid.to_numpy())
unseen = ((ratios < ratio.min()) | (ratios > ratio.max())).mean()
f"pairs of amounts that are like those of no payment: {unseen:.0%}"

# %% [markdown]
# On each of these curves, most points show what the model says about amounts that no payment has.{{!unreal}}
#
# **SHAP: compared with whom?** An absent column needs a value. XGBoost follows both branches of a tree and weights them.
# With a *background* you decide: absent columns come from rows that you choose. Here is the mean value of the hour for
# the 100 highest scores, against three backgrounds.

# %%
import shap

highest = asked.iloc[np.argsort(-score(asked).round(5), kind="stable")[:100]]
hour = list(encode(seen)).index("hour")
night = (seen["hour"] <= 2) | (seen["hour"] >= 21)
backgrounds = {
    "any": seen,
    "day": seen[seen["hour"].between(9, 14)],
    "night": seen[night],
}
whom = {}
for name, some in backgrounds.items():
    explainer = shap.TreeExplainer(model, encode(some.sample(50, random_state=0)))
    whom[name] = explainer.shap_values(encode(highest))[:, hour].mean()
pd.Series(whom).round(2)

# %% [markdown]
# Against the night, the hour no longer raises these scores on average.{{!whom}}
# None of the three is wrong, so say with whom you compare.
#
# **LIME: another draw.** Explain the same 20 payments twice, with two [seeds](../glossary.md#seed). The spread is
# the standard deviation of a weight over the two, `abs(a - b) / 2**0.5`.


# %% tags=["trial"]
def drawn_twice(seed):
    """Explain the same 20 payments by LIME twice, with two seeds."""
    X, y = world(seed)
    model, rows = fit(X[:8_000], y[:8_000]), X[8_000:].head(20)
    a, b = (lime(model, rows, X[:8_000], s) for s in (2 * seed, 2 * seed + 1))
    top = [w.abs().apply(lambda r: set(r.nlargest(3).index), axis=1) for w in (a, b)]
    return {
        "spread / size": ((a - b).abs() / 2**0.5).mean().mean() / a.abs().mean().mean(),
        "same first": (a.abs().idxmax(axis=1) == b.abs().idxmax(axis=1)).mean(),
        "same top three": np.mean([len(p & q) / 3 for p, q in zip(*top, strict=True)]),
    }


# %%
draws = lab.trial(drawn_twice, seeds=20, levels=("measure",)).wide()
{name: stats.mean_interval(draws[name]) for name in draws}

# %% [markdown]
# With its 5,000 draws, LIME's weights spread by {{spread}} of their size, and of its three largest columns a share
# of {{same}} is the same. SHAP values of trees are computed, not drawn.
#
# ### Exercise 3: which method?
#
# Which method answers? Give a dictionary from letter to `SHAP`, `ICE`, `PDP`, `LIME` or `none`.
#
# - `a`: An auditor wants each column's part in one score, and the parts have to sum to it.
# - `b`: The mean curve of the distance is flat. Does the score of single payments move along it, and which way?
# - `c`: The single curves of the hour run in parallel. The board wants one line: when is the risk high?
# - `d`: Would this customer commit less fraud if the bank changed the currency?
# - `e`: A tester wants a straight line that stands for the model near one payment; draws are fine.

# %% tags=["exercise"]
# BEGIN SOLUTION
answers = {"a": "SHAP", "b": "ICE", "c": "PDP", "d": "none", "e": "LIME"}
# END SOLUTION
lab.ex3.check(answers)

# %% [markdown]
# ## Real data: credit defaults
#
# Thirty thousand customers of a bank in Taiwan, 23 columns, no known truth. But one test needs none. Each method
# explains 50 customers and names five columns. A model is fitted on those alone, and we look how well it ranks others, by
# [average precision](../glossary.md#average-precision). `random` is the mean of ten sets of five columns, drawn anew in each
# of 15 random splits. The [intervals](../glossary.md#interval) are corrected for the rows that the splits share.

# %% tags=["trial"]
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from labs_lib import data


def on_credit(seed):
    """Fit again on each method's first five columns, and on ten random sets of five."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    seen, rest, y_seen, y_rest = train_test_split(
        X, y, train_size=12_000, test_size=6_050, stratify=y, random_state=seed
    )
    found = importances(fit(seen, y_seen), rest.head(50), seen, seed)
    rng = np.random.default_rng(seed)
    sets = {name: [list(found[name].nlargest(5).index)] for name in found}
    sets["random"] = [list(rng.choice(X.columns, 5, replace=False)) for _ in range(10)]
    sets["all"] = [list(X.columns)]
    measures = {}
    for name, chosen in sets.items():
        value = []
        for names in chosen:
            model = fit(seen[names], y_seen)
            score = model.predict_proba(encode(rest[names][50:]))[:, 1]
            value.append(average_precision_score(y_rest[50:], score.round(6)))
        measures[name, "average precision"] = np.mean(value)
    for name in found:
        measures[name, "rank with SHAP"] = found[name].corr(
            found["SHAP"], method="spearman"
        )
    return measures


# %%
credit = lab.trial(on_credit, seeds=15, levels=("method", "measure"))
value, overlap = credit.wide("average precision"), dict(n_train=12_000, n_test=6_000)
real = {
    f"SHAP − {other}": stats.splits(
        value["SHAP"], value[other], comparisons=4, **overlap
    )
    for other in ("ICE", "PDP", "LIME", "random")
}
stats.table(real)

# %%
pd.DataFrame({"average precision": value.mean()}).round(3)

# %% [markdown]
# Five columns named by SHAP rank customers better than five at random, by {{luck}}.{{!beats_luck}} Against
# ICE, PDP and LIME no difference is shown, and no interval reaches beyond {{reach}} on either side.{{!alike}} So here it
# matters little which of the four names the columns. All are customers of one bank in one month, split at random; a bank
# would predict the months to come.
#
# ## On SageMaker
#
# Clarify, part of Amazon SageMaker AI, is no longer open to new customers. As its replacement AWS names the
# library `shap`, which Clarify uses inside. Its processing job takes a JSON file, the analysis configuration. There
# are methods for SHAP and for partial dependence; LIME and single ICE curves are not among them.

# %%
import json

methods = {
    "shap": {
        "baseline": "s3://example-bucket/fraud/baseline.csv",
        "num_samples": 400,  # sets of columns that are tried for each row
        "agg_method": "mean_abs",
        "save_local_shap_values": True,
    },
    "pdp": {"grid_resolution": 15, "top_k_features": 5},
}
print(json.dumps({"version": "1.0", "methods": methods}, indent=1))

# %% [markdown]
# Clarify cannot look into a model. It draws sets of columns, asks for scores and solves for the values: Kernel SHAP. Give
# no baseline, and it makes one by clustering.
#
# ## What is not reproduced
#
# - Clarify's job itself, and the endpoint that it asks.
# - Other widths of LIME's kernel, and other models.
#
# ## Takeaways
#
# - A SHAP value is a share of one score. Check that the shares sum to it, and say with whom you compare.
# - Averaged by size, SHAP ranks columns for all rows. ICE and PDP show where along a column the score moves.
# - SHAP and ICE each won by their own yardstick.{{!own}} So ask first what the reader wants to know.
# - A flat mean curve may hide effects that cancel: draw the single curves. LIME is drawn: use several seeds.
# - Every method explains the model, with the noise that it has learned.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Clarify: SageMaker AI developer guide, pages `clarify-processing-job-configure-analysis` and
#   `clarify-availability-change`.
# - SHAP: Lundberg and Lee (2017); for trees, Lundberg and others (2020). ICE: Goldstein and others (2015). PDP as an
#   importance: Greenwell and others (2018). LIME: Ribeiro and others (2016).
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

found, idle = ("ICE", "PDP", "LIME"), arms["points, no effect"]
misplaced = {
    yardstick: rows.wide(f"misplaced, {yardstick}", columns="independent")
    for yardstick in ("shares", "curves")
}
fewest = {
    (yardstick, best, m): stats.worlds(
        misplaced[yardstick][best], misplaced[yardstick][m], comparisons=6
    )
    for yardstick, best in (("shares", "LIME"), ("curves", "PDP"))
    for m in ("SHAP", "ICE", "PDP", "LIME")
    if m != best
}
by_curves = rows.wide("rank, curves", columns="independent")
causes_found = rows.wide("causes in first five", columns="independent")
moved = {
    who: [c[part][:, -1].mean() for part in (chip, ~chip)] for who, c in drawn.items()
}
reach = max(
    abs(end)
    for m in found
    for end in (real[f"SHAP − {m}"].low, real[f"SHAP − {m}"].high)
)
lab.facts(
    digits=2,
    tolerance=0.01,
    additive=off["all"] < 1e-4,
    forgotten=off["last column forgotten"] > 0.1 and np.ptp(contributions[:, -1]) == 0,
    noise=views["mean absolute"].drop(CAUSES).min() > 0.005
    and views["true, mean absolute"].drop(CAUSES).max() == 0,
    one_noise=0.4 < np.divide(*views.loc[["home_y_km", "hour"], "this payment"]) < 0.6,
    own=results["shares"]["ICE"].low > 0.01
    and results["curves"]["ICE"].high < -0.01
    and all(results["shares"][m].low > 0 for m in ("PDP", "LIME"))
    and all(
        stats.worlds(by_curves["ICE"], by_curves[m], comparisons=6).low > 0
        for m in ("PDP", "LIME")
    ),
    by_shares=Fact(results["shares"]["ICE"], digits=3, tolerance=0.003),
    by_curves=Fact(results["curves"]["ICE"], digits=3, tolerance=0.003),
    all_five=causes_found[["SHAP", "ICE"]].min().min() == 5,
    behind=all(results["shares"][m].low > 0 for m in ("PDP", "LIME")),
    gone=Fact(together["SHAP − ICE, shares"], digits=3, tolerance=0.003),
    gone_small=together["SHAP − ICE, shares"].verdict == "no difference shown"
    and together["SHAP − ICE, shares"].high < results["shares"]["ICE"].low,
    together=together["SHAP − ICE, curves"].verdict == "lower",
    copy=rows.wide("points, twin", columns="correlated").mean().min() > 4,
    idle=Fact({"shap": idle["SHAP"], "ice": idle["ICE"]}, digits=0, tolerance=1),
    by_points=all(result.high < 0 for result in fewest.values()),
    opposite=moved["law"][0] > 1
    and moved["law"][1] < -1
    and abs(drawn["law"].mean(axis=0)).max() < 0.4
    and moved["model"][0] > 0.5
    and moved["model"][1] < -0.2,
    learned_less=moved["model"][0] + moved["model"][1] > 0.3,
    lower=Fact(lower, digits=1, tolerance=0.2),
    lower_place=lower.low > 0,
    unreal=((ratios < ratio.min()) | (ratios > ratio.max())).mean(axis=1).min() > 0.6,
    whom=whom["night"] < 0 and whom["any"] > 0.2 and whom["day"] > whom["any"],
    spread=Fact(draws["spread / size"].mean(), digits=2, tolerance=0.01),
    same=Fact(draws["same top three"].mean(), digits=2, tolerance=0.01),
    beats_luck=real["SHAP − random"].low > 0,
    reach=Fact(reach, digits=3, tolerance=0.003),
    alike=reach < 0.025
    and all(real[f"SHAP − {m}"].verdict == "no difference shown" for m in found),
    luck=Fact(real["SHAP − random"], digits=3, tolerance=0.005),
)
