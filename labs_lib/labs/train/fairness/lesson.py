# ---
# jupyter:
#   labs:
#     concepts: {}
#     constants:
#       "0.02": "the margin of the trial, two offers in a hundred people; chosen before looking"
#       "0.8": "four fifths: rule of thumb of US employment agencies, 29 CFR 1607.4(D)"
#       "0.5": "the threshold of an offer"
#       "0.1": "an invented example in the quiz"
#       "1607.4": "a paragraph of the Code of Federal Regulations"
# ---

# %% [markdown]
# # Fairness: does removing the column make the model fair?
#
# > Somebody proposes to delete the column that names the group. Is the model fair then?
#
# **You will**
#
# - compute the metrics of a model's decisions for two groups, and choose the one that a question needs;
# - measure when deleting the column closes a gap, and when it does nothing;
# - reweight the training rows, and say what that costs and by which labels.
#
# **You need** [Bias](../1_prepare/50_bias.ipynb), [Metrics](20_metrics.ipynb). **Data in:** adults of
# the US census of 1994 ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Clarify, post-training bias metrics | `bias.report` of `labs_lib.prepare` |
# | facet; label, predicted label | the two groups; what was recorded, what the model decides |
# | `probability_threshold` | an offer needs a score above 0.5 |

# %%
from labs_lib.labs.train.fairness.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Two companies, North and South, train a model on old records of who did well, and make an offer to people
# with a score above 0.5. In the records of both, the disfavoured group d does worse than group a, by the
# same amount. (The group is a *[facet](../glossary.md#facet)* of the people.)
#
# We simulate both, and so we know the truth. North marked d down: they worked as well, and the record says
# less. South marked nobody down; d came with less of the skill. A model may see the group, a test of skill,
# and a postcode. Within a group, the postcode has nothing to do with skill. But it may tell the group.

# %% tags=["trial"]
import numpy as np
import pandas as pd

COMPANIES = {"North": 0.6, "South": 0.0}  # how far d is marked down


def company(seed, name, proxy):
    """Return 16,000 people; `proxy` is how far apart the postcodes of a and d are."""
    rng = np.random.default_rng(seed)
    d = rng.random(16_000) < 0.4
    talent, day, luck, slip, home = rng.normal(size=(5, 16_000))
    seen = talent + 0.4 * day - 0.6 * d  # the work, as the company sees it
    work = seen + COMPANIES[name] * d  # the work, as it is
    skill = talent + (COMPANIES[name] - 0.6) * d
    people = {
        "d": d.astype(int),
        "test": skill + 0.5 * slip,
        "postcode": proxy * d + home,
        "recorded": (seen + luck > 0.3).astype(int),
        "deserved": (work + luck > 0.3).astype(int),
    }
    return pd.DataFrame(people)


# %% [markdown]
# ## Predict
#
# The claim: *remove the protected column and the model is fair*. In North both groups deserve offers
# equally often. So there we call a model fair if it makes them equally often.
#
# Take a postcode that tells the group fairly well. Train on test and postcode, without the column. Will North's
# model offer more often to a than to d? [Tie](../glossary.md#tie) means that the shares of offers certainly
# differ by less than 0.02, [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # "higher" for a, "lower", "tie" or "undecided"
lab.without_the_column.commit(guess)

# %% [markdown]
# ## Eight counts, many metrics
#
# Train one model for North on half of the people, with all columns. The other half judges it.

# %% tags=["trial"]
import xgboost as xgb
from sklearn.linear_model import LogisticRegression


def boosted():
    """Return 60 small trees, not tuned."""
    return xgb.XGBClassifier(n_estimators=60, max_depth=3, learning_rate=0.1, n_jobs=1)


# %%
north = company(0, "North", proxy=2)
fit, judged = north.iloc[:8_000], north.iloc[8_000:].copy()
columns = ["d", "test", "postcode"]
model = boosted().fit(fit[columns], fit["recorded"])
judged["offer"] = (model.predict_proba(judged[columns])[:, 1] > 0.5).astype(int)

# %%
kinds = {(1, 1): "TP", (0, 1): "FP", (1, 0): "FN", (0, 0): "TN"}
kind = [kinds[pair] for pair in zip(judged["recorded"], judged["offer"], strict=True)]
counts = pd.crosstab(judged["d"].map({0: "a", 1: "d"}), np.array(kind))
counts

# %% [markdown]
# Most of Clarify's 13 metrics of predictions are made of these eight counts. Five of them answer the questions
# that come up most often.

# %%
TP, FP, FN, TN = (counts[kind] for kind in ("TP", "FP", "FN", "TN"))
n = TP + FP + FN + TN
offers = (TP + FP) / n
recall, precision, accuracy = TP / (TP + FN), TP / (TP + FP), (TP + TN) / n

# %%
by_hand = {
    "DPPL": offers["a"] - offers["d"],  # shares of offers
    "DI": offers["d"] / offers["a"],  # the same as a ratio, d to a
    "RD": recall["a"] - recall["d"],
    "DAR": precision["a"] - precision["d"],
    "AD": accuracy["a"] - accuracy["d"],
}

# %%
from labs_lib.prepare import bias

ask = {"label": "recorded", "positive": 1, "predicted": "offer", "facets": {"d": 1}}
report = bias.report(judged, **ask, methods=[*by_hand], repeats=1_000).table
report = report.set_index("metric")[["value", "low", "high"]]
report["by hand"] = by_hand
report.round(3)

# %% [markdown]
# - *Offers.* DPPL is their difference, DI their ratio. The rule of four fifths asks for a DI of at least 0.8; here it is
#   below.{{!below}}
# - *Those with a good record.* Their share that gets an offer is [recall](../glossary.md#recall), and RD its
#   difference. Such people of d are missed more often.{{!missed}}
# - *Those with an offer.* The share with a good record is [precision](../glossary.md#precision), and DAR its
#   difference. The [interval](../glossary.md#interval) holds 0: [no difference shown](../glossary.md#no-difference-shown).{{!no_dar}}
# - *Everybody.* AD compares accuracy. It is below 0: the model is right about d more often.{{!easy}} It is easy to be
#   right about a group whose answer is mostly no.
#
# SD and DRR are RD and DAR for the negatives, and CDDPL is CDD for predictions. FT asks
# whether similar people of the other group were treated better.
#
# ### Exercise 1: which metric for which question?
#
# Give a dictionary from the letter to one of `"DI"`, `"RD"`, `"DAR"`, `"AD"`, `"CDDPL"`, `"FT"`.
#
# - `a`: a regulator compares the shares of women and of men who get offers;
# - `b`: of the people who would have paid back, are immigrants refused more often?
# - `c`: an investor asks whether loans to one group go bad more often than loans to the other;
# - `d`: fewer women get an offer in all; each branch decides by itself, and women apply more in strict branches;
# - `e`: a refused customer asks whether somebody just like her, but a man, got the loan.

# %% tags=["exercise"]
# BEGIN SOLUTION
matches = {"a": "DI", "b": "RD", "c": "DAR", "d": "CDDPL", "e": "FT"}
# END SOLUTION
lab.ex1.check(matches)

# %% [markdown]
# ## On trial: "remove the column and the model is fair"
#
# We try four ways to train. *All columns* is the start, and *without the column* is the claim. *Reweighed* gives each training row a weight, so that group and record become
# independent. The fourth does both. A row's weight says how many rows its group and record would have
# together if the two had nothing to do with each other, divided by how many they have. A pair that is too
# rare weighs more than 1.
#
# ### Exercise 2: the weights
#
# Write `weights(facet, label)` for two arrays of the same length. It returns one weight a row, so that with them facet
# and label are independent, and each facet and each label keeps its share of the rows. There may be three facets.


# %% tags=["exercise"]
# BEGIN SOLUTION
def weights(facet, label):
    """Return weights above 0, one a row."""
    table = pd.DataFrame({"s": facet, "y": label, "one": 1})
    n_s = table.groupby("s")["one"].transform("sum")
    n_y = table.groupby("y")["one"].transform("sum")
    n_sy = table.groupby(["s", "y"])["one"].transform("sum")
    return (n_s * n_y / (len(table) * n_sy)).to_numpy()


# END SOLUTION
lab.ex2.check(weights)

# %% [markdown]
# **The measure that decides**, named before looking, is DPPL in North, against 0. The
# [margin](../glossary.md#margin) is 0.02. We try four postcodes, from one that tells nothing of the group to one that
# gives it away, and two kinds of model: boosted trees and a logistic regression, which is linear.

# %% tags=["trial"]
from labs_lib.prepare import bias

WAYS = {  # columns, and whether rows are reweighed
    "all columns": (["d", "test", "postcode"], False),
    "without the column": (["test", "postcode"], False),
    "reweighed": (["d", "test", "postcode"], True),
    "reweighed, without": (["test", "postcode"], True),
}


def judge(offer, d, good, rows=None):
    """Return the metrics of decisions; `rows` says how many people a row stands for."""

    def share(what, of):
        return np.average(what[of], weights=None if rows is None else rows[of])

    return {
        "offers": share(offer, d | ~d),
        "DPPL": share(offer, ~d) - share(offer, d),
        "DI": share(offer, d) / share(offer, ~d),
        "RD": share(offer, good & ~d) - share(offer, good & d),
        "DAR": share(good, offer & ~d) - share(good, offer & d),
        "accuracy, recorded": share(offer == good, d | ~d),
    }


# %% tags=["trial"]
def removing(seed, proxy):
    """Train in each way for both companies, drawn from one seed, and judge."""
    kinds, found = {"trees": boosted, "linear": LogisticRegression}, {}
    for name in COMPANIES:
        people = company(seed, name, proxy)
        fit, rest = people.iloc[:8_000], people.iloc[8_000:]
        balanced = bias.reweigh(fit["d"], fit["recorded"])
        d, recorded, deserved = (
            rest[c].to_numpy() == 1 for c in ("d", "recorded", "deserved")
        )
        for way, (columns, reweighed) in WAYS.items():
            weight = balanced if reweighed else None
            for kind, new in kinds.items():
                model = new().fit(fit[columns], fit["recorded"], sample_weight=weight)
                score = model.predict_proba(rest[columns])[:, 1].round(6)
                judged = judge(score > 0.5, d, recorded)
                judged["accuracy, deserved"] = ((score > 0.5) == deserved).mean()
                judged["highest score"] = score.max()
                found |= {(name, kind, way, m): v for m, v in judged.items()}
    return found


# %%
trial = lab.trial(
    removing,
    seeds=20,
    levels=("company", "model", "way", "measure"),
    settings={"proxy": (0, 1, 2, 4)},
)
trial.design(
    worlds="16,000 people; North and South have the same groups, records and postcodes",
    rows="one half trains on the recorded label, the other half judges",
    measure="DPPL, the share of offers in a minus that in d; against 0 in North",
    margin=0.02,
    yardstick="in North, what people deserved, known since we wrote the law: equal "
    "shares. Reweighting aims at equal shares, so DPPL favours it by construction.",
)

# %% [markdown]
# **What to try.** Set `"North": 0.3` in `COMPANIES`: half of the gap is deserved then. Run that cell and the last
# one again. How much of the gap does the deletion close now? The table is long; the part to look at is
# `trial.yours.wide("North", "trees", "DPPL", proxy=2)`.
#
# First, check each arm. Does each model make offers, in each [world](../glossary.md#world)? And how well does each postcode tell the group? By
# [AUC](../glossary.md#auc), 0.5 is nothing and 1 is all.

# %%
from sklearn.metrics import roc_auc_score

PROXIES = (0, 1, 2, 4)
tells = {}
for proxy in PROXIES:
    people = company(0, "North", proxy)
    tells[proxy] = roc_auc_score(people["d"], people["postcode"])
arms = {
    p: trial.wide(proxy=p).min().unstack()[["offers", "highest score"]] for p in PROXIES
}
low = pd.concat(arms).min()
told = ", ".join(f"{value:.2f}" for value in tells.values())
f"AUC {told}; at least: offers {low.iloc[0]:.2f}, highest score {low.iloc[1]:.2f}"

# %%
from labs_lib import plots, stats


def gap(name, way, proxy, model="trees", measure="DPPL", **options):
    """Return one way's measure over the worlds, against 0."""
    value = trial.wide(name, model, measure, proxy=proxy)[way]
    return stats.worlds(value, np.zeros(len(value)), **options)


# %%
results = {
    f"{name}, postcode {tells[proxy]:.2f}": gap(
        name, "without the column", proxy, comparisons=8, margin=0.02
    )
    for name in COMPANIES
    for proxy in PROXIES
}
stats.table(results)[["what", "difference", "low", "high", "verdict"]]

# %%
lab.without_the_column.reveal(results[f"North, postcode {tells[2]:.2f}"].verdict)

# %%
lines = pd.DataFrame(
    [
        {"company": name, "tells": tells[proxy], "way": way}
        | {"DPPL": gap(name, way, proxy).mean}
        for name in COMPANIES
        for way in WAYS
        for proxy in PROXIES
    ]
)

# %%
with plots.figure(
    title="Deletion works in North, where no other column tells",  # {{!picture}}
    x="how well the postcode tells the group (AUC)",
    y="DPPL (-1 to 1)",
    panels=2,
    alt="Without the column North's gap rises from 0 to nearly the old; South's stays.",
) as axes:
    for ax, name in zip(axes, COMPANIES, strict=True):
        own = lines[lines["company"] == name]
        plots.lines(ax, own, x="tells", y="DPPL", group="way")
        ax.set(title=name, ylim=(-0.02, 0.29))
        ax.legend(loc="upper center", ncols=2, fontsize=9)

# %% [markdown]
# In North the claim holds where the postcode tells nothing: the gap is gone.{{!holds}} With the postcode of the
# prediction a gap of {{half}} is left, about half of that with the column.{{!half_left}} With a postcode that gives the
# group away, more than three quarters of it is back.{{!all_back}} A model does not need the column if others tell it.
#
# In South the deletion leaves more than three quarters of the gap, whatever the postcode.{{!south_stays}} Where the postcode tells
# nothing, only the test is left: the gap comes in with the test.
#
# Reweighting with the column in the model closes more of the gap than deletion where the postcode tells much, in both
# companies.{{!reweighed_more}} Where it tells nothing, deletion does better in North.{{!deletion_better}} But the
# weights alone do not do it. Reweighed without the column, South keeps the gap that deletion leaves where the postcode
# tells nothing; the better it tells the group, the more of the gap is closed.{{!needs}} To make up for the test, a model has to
# know the group from some column. The linear model agrees in each of these points.{{!linear_too}}
#
# Is it fair now? Look at the other metrics, by the recorded label, as any audit would: trees, with the
# postcode of the prediction.

# %%
look = ["DPPL", "DI", "RD", "DAR"]
means = trial.wide(proxy=2).mean().unstack()
means.loc[[(c, "trees", w) for c in COMPANIES for w in WAYS], look].round(3)

# %% [markdown]
# Reweighting with the column closes most of the gap in offers, and of the gap in recall. But the gap in precision
# widens: by the record, offers to d turn out worse.{{!moved}}
#
# These three gaps cannot all be closed while the groups differ in their share of positives. In each group, recall is precision times the share of offers, divided by the share of
# positives.
#
# ### Exercise 3: what can hold at once?
#
# The share of positives is higher in a than in d. Offers are made in both groups, and some of them are right. Which of these can
# hold? Give the set of letters.
#
# - `a`: equal shares of offers, equal precision, equal recall;
# - `b`: equal shares of offers and equal precision;
# - `c`: equal precision and equal recall;
# - `d`: equal shares of offers, in a model without any error;
# - `e`: equal precision and equal recall, in a model without any error.

# %% tags=["exercise"]
# BEGIN SOLUTION
possible = {"b", "c", "e"}
# END SOLUTION
lab.ex3.check(possible)

# %% [markdown]
# ## Where it fails: accuracy by a bent ruler
#
# "Reweighting costs accuracy", says data science, and shows it on test rows. Their labels are recorded by the same company.
# Compare reweighed and all columns, by the recorded label and by the deserved one. In South, where nobody was
# marked down, the two labels are the same.

# %%
ruler = {}
for name in COMPANIES:
    for label in ("recorded", "deserved"):
        value = trial.wide(name, "trees", f"accuracy, {label}", proxy=2)
        ruler[f"{name}, {label}"] = stats.worlds(
            value["reweighed"], value["all columns"], comparisons=4
        )
stats.table(ruler, digits=4)[["what", "difference", "low", "high", "verdict"]]

# %%
with plots.figure(
    title="North: a loss by the record, a gain by what people deserved",  # {{!bent}}
    x="accuracy, reweighed minus all columns (-1 to 1)",
    y="",
    size=(7, 2.8),
    alt="Three intervals lie left of 0; North by the deserved label lies right of it.",
) as ax:
    plots.intervals(ax, ruler)
    ax.locator_params(axis="x", nbins=5)

# %% [markdown]
# By the record, both companies lose.{{!both_lose}} By what people deserved, North gains {{gained}}, and South
# loses.{{!bent}} An audit has the record only, and
# by the record no difference between the two losses is shown.{{!alike}} So whether fairness costs accuracy is a
# question about how the labels were made. Would the test answer it? In North both groups do equally well in it, in South
# they do not.{{!test_tells}} But that helps only somebody who knows that the test itself is fair, and no table says so.
#
# ## Real data: incomes in the census
#
# A bank offers a premium card to people who are predicted to earn more than 50,000 dollars. Is the gap between men and women
# closed without `sex`? In the table are people over 16 with paid hours. Each row has a survey weight,
# which counts in all measures of offers, though not in training. Capital gains are left out: the bank would not know them before the year is over.
# *Proxies* are `relationship`, which says Husband or Wife, and `marital_status`.


# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data

UNKNOWN = ["income", "split", "fnlwgt", "education", "capital_gain", "capital_loss"]
PROXY = ["relationship", "marital_status"]


def on_census(seed):
    """Train in each way on a random split of the adults (80, 20)."""
    people = data.load_adult_income()
    X, good = people.drop(columns=UNKNOWN), (people["income"] == ">50K").to_numpy()
    d, rows = (people["sex"] == "Female").to_numpy(), people["fnlwgt"].to_numpy()
    every = np.arange(len(good))
    fit, test = train_test_split(every, test_size=0.2, stratify=good, random_state=seed)
    balanced, found = bias.reweigh(people["sex"].iloc[fit], good[fit]), {}
    ways = {"all columns": ([], None), "without the column": (["sex"], None)}
    ways |= {"without proxies too": (["sex", *PROXY], None)}
    ways |= {"reweighed": ([], balanced), "reweighed, without": (["sex"], balanced)}
    for way, (gone, weight) in ways.items():
        inputs, model = X.drop(columns=gone), boosted()
        model.set_params(enable_categorical=True)
        model.fit(inputs.iloc[fit], good[fit], sample_weight=weight)
        score = model.predict_proba(inputs.iloc[test])[:, 1].round(6)
        judged = judge(score > 0.5, d[test], good[test], rows[test])
        judged["highest score"] = score.max()
        found |= {(way, m): v for m, v in judged.items()}
    return found


# %%
census = lab.trial(on_census, seeds=15, levels=("way", "measure"))
table = census.wide().mean().unstack()
order = [*WAYS, "without proxies too"]
shown = ["offers", "highest score", *look, "accuracy, recorded"]
table.loc[order, shown].round(3)

# %%
splits = {"n_train": 80, "n_test": 20, "comparisons": 8}  # only their ratio counts
change = {}
for measure, margin in (("DPPL", 0.02), ("accuracy, recorded", None)):
    value = census.wide(measure)
    for way in order[1:]:
        change[f"{measure}: {way}"] = stats.splits(
            value[way], value["all columns"], margin=margin, **splits
        )
stats.table(change)[["what", "difference", "low", "high", "verdict"]]

# %% [markdown]
# Each model makes offers.{{!census_alive}} Without `sex`, the gap is what it was: a tie, with a change of
# {{census_without}}.{{!census_tie}} How well do the other columns tell the sex of a person?

# %%
people = data.load_adult_income()
X, woman = people.drop(columns=[*UNKNOWN, "sex"]), people["sex"] == "Female"
fit, test = train_test_split(np.arange(len(X)), test_size=0.2, random_state=0)

# %%
known = {}
for name, columns in (("all", X.columns), ("no proxies", X.columns.drop(PROXY))):
    guesser = boosted().set_params(enable_categorical=True, n_estimators=30)
    guesser.fit(X[columns].iloc[fit], woman.iloc[fit])
    score = guesser.predict_proba(X[columns].iloc[test])[:, 1]
    known[name] = round(float(roc_auc_score(woman.iloc[test], score)), 2)
known

# %% [markdown]
# They tell it well, and even without both proxies they tell much.{{!known}} Deleting the proxies too
# closes about half of the gap, and changes accuracy by {{proxies_cost}}.{{!proxies}} Reweighting costs less accuracy
# than that, with `sex` in the model or without. With it, the gap is also smaller.{{!cheaper}} But reweighting overshoots in
# recall: among those who earn enough, men are now missed more often. And by the record, offers to women are right less
# often.{{!overshoots}} DI is still below four fifths in all five rows.{{!never_fair}}
#
# Accuracy is measured against what people were paid. Whether their pay was fair, this table cannot
# say. So what do you sign? Not the deletion: it changes next to nothing, and if the column is gone from the archive too, nobody can measure
# the harm. Reweighting has a price that you can name, and does not reach the four fifths.{{!never_fair}} Whether it should is a
# question about the labels.
#
# ## On SageMaker
#
# Clarify, a part of Amazon SageMaker AI, is closed to new customers; AWS advises to compute the formulas
# oneself. A Clarify job reads from `analysis_config.json` what to compute. Label, predicted label and facet are named
# there, and a score is a positive if it is *above* `probability_threshold`.

# %%
config = {
    "label": "recorded",
    "predicted_label": "offer",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "d", "value_or_threshold": [1]}],
    "methods": {"post_training_bias": {"methods": ["DPPL", "DI", "RD", "DAR", "AD"]}},
}

# %%
facet = config["facet"][0]
local = bias.report(
    judged,
    label=config["label"],
    positive=config["label_values_or_threshold"],
    predicted=config["predicted_label"],
    facets={facet["name_or_index"]: facet["value_or_threshold"]},
    methods=config["methods"]["post_training_bias"]["methods"],
)
same = dict(zip(local.table["metric"], local.table["value"], strict=True))
{name: round(float(value), 3) for name, value in same.items()}

# %% [markdown]
# ## What is not reproduced
#
# - Clarify can ask a shadow endpoint of your model for predictions; here they are a column.
# - Its other metrics and FT are in `bias.report`; for FT, bring the columns to one scale first.
# - A threshold for each group. It would make shares of offers equal, but it needs the group at the moment of the decision,
#   which the law may forbid.
#
# ## Takeaways
#
# - Deleting the column closes the gap only if no other column tells it, and if the rest carries no gap.{{!picture}} Keep the column to
#   measure with.
# - Write the question down, then choose the metric. With unequal shares of positives, equal offers, precision and recall do not go
#   together.
# - Reweighting moves offers; look at what it does to recall and precision.{{!moved}}
# - Accuracy against an unfair record is a bent ruler.{{!bent}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Metrics: SageMaker AI developer guide, pages `clarify-measure-post-training-bias` and
#   `clarify-processing-job-configure-analysis`; availability: `clarify-availability-change`.
# - Reweighing: Kamiran and Calders (2012), doi:10.1007/s10115-011-0463-8.
# - What cannot be equal at once: Chouldechova (2017), Fair prediction with disparate impact.
# - Unfair labels: Wick, Panda and Tristan (2019), Unlocking fairness: a trade-off revisited.
# - Four fifths: Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D).
# - Intervals over splits: Nadeau and Bengio (2003). Adult: Becker and Kohavi (1996), UCI, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact


def picture(kind):
    """Say which of the sentences about the picture hold for a kind of model."""
    old, blind, new = (
        {(c, p): gap(c, w, p, kind, comparisons=8) for c in COMPANIES for p in PROXIES}
        for w in ("all columns", "without the column", "reweighed")
    )
    left = {key: blind[key].mean / old[key].mean for key in old}
    south = [trial.wide("South", kind, "DPPL", proxy=p) for p in PROXIES]
    weighed = [value["reweighed, without"] for value in south]
    return {
        "holds": max(abs(blind["North", 0].low), abs(blind["North", 0].high)) < 0.02,
        "half": 0.35 < left["North", 2] < 0.65 and blind["North", 2].low > 0.02,
        "back": left["North", 4] > 0.75,
        "stays": all(left["South", p] > 0.75 for p in PROXIES),
        "needs": stats.worlds(
            weighed[0], south[0]["without the column"], margin=0.02
        ).verdict
        == "tie"
        and all(
            stats.worlds(*pair, comparisons=3).high < 0
            for pair in zip(weighed[1:], weighed[:-1], strict=True)
        ),
        "deletion": stats.worlds(
            *(
                trial.wide("North", kind, "DPPL", proxy=0)[w]
                for w in ("reweighed", "without the column")
            )
        ).low
        > 0,
        "more": all(
            new[c, p].high < blind[c, p].low for c in COMPANIES for p in (2, 4)
        ),
    }


seen = {kind: picture(kind) for kind in ("trees", "linear")}
swap = [
    gap(c, w, 2, measure=m, comparisons=8)
    for c in COMPANIES
    for w in ("all columns", "reweighed")
    for m in ("RD", "DAR")
]
rival = {
    m: stats.splits(
        census.wide(m)["reweighed"],
        census.wide(m)["without proxies too"],
        n_train=80,
        n_test=20,
        comparisons=2,
    )
    for m in ("DPPL", "accuracy, recorded")
}
ratio = census.wide("DI")
lost = [
    trial.wide(c, "trees", "accuracy, recorded", proxy=2)[["reweighed", "all columns"]]
    .diff(axis=1)
    .iloc[:, 1]
    for c in COMPANIES
]
behind = {
    c: -np.diff(company(0, c, proxy=2).groupby("d")["test"].mean())[0]
    for c in COMPANIES
}
share_left = table.loc["without proxies too", "DPPL"] / table.loc["all columns", "DPPL"]
lab.facts(
    digits=3,
    tolerance=0.003,
    below=report.loc["DI", "high"] < 0.8,
    missed=report.loc["RD", "low"] > 0.05,
    no_dar=report.loc["DAR", "low"] < 0 < report.loc["DAR", "high"],
    easy=report.loc["AD", "high"] < 0,
    holds=seen["trees"]["holds"],
    half=results[f"North, postcode {tells[2]:.2f}"],
    half_left=seen["trees"]["half"],
    all_back=seen["trees"]["back"]
    and results[f"North, postcode {tells[4]:.2f}"].low > 0.1,
    south_stays=seen["trees"]["stays"],
    needs=seen["trees"]["needs"],
    reweighed_more=seen["trees"]["more"],
    deletion_better=seen["trees"]["deletion"],
    linear_too=all(seen["linear"].values()),
    picture=seen["trees"]["holds"] and seen["trees"]["half"] and seen["trees"]["stays"],
    moved=all(swap[i].low > 0.1 and abs(swap[i + 2].mean) < 0.06 for i in (0, 4))
    and all(swap[i].high < swap[i + 2].low for i in (1, 5))
    and all(seen["trees"].values()),
    both_lose=all(ruler[f"{c}, recorded"].high < 0 for c in COMPANIES),
    bent=ruler["North, recorded"].high < 0 < ruler["North, deserved"].low
    and ruler["South, deserved"].high < 0,
    alike=stats.worlds(*lost).verdict == "no difference shown"
    and stats.worlds(*lost).high - stats.worlds(*lost).low < 0.006,
    test_tells=abs(behind["North"]) < 0.05 and behind["South"] > 0.4,
    gained=Fact(ruler["North, deserved"], digits=4, tolerance=0.001),
    census_alive=table["offers"].min() > 0.1 and table["highest score"].min() > 0.8,
    census_without=change["DPPL: without the column"],
    census_tie=change["DPPL: without the column"].verdict == "tie",
    known=known["all"] > 0.9 and known["no proxies"] > 0.75,
    proxies=0.35 < share_left < 0.65
    and change["accuracy, recorded: without proxies too"].verdict == "lower",
    proxies_cost=change["accuracy, recorded: without proxies too"],
    cheaper=rival["DPPL"].high < 0 < rival["accuracy, recorded"].low
    and change["accuracy, recorded: reweighed, without"].low
    > change["accuracy, recorded: without proxies too"].high,
    overshoots=all(
        stats.splits(census.wide("RD")[w], np.zeros(15), **splits).high < -0.05
        and stats.splits(census.wide("DAR")[w], np.zeros(15), **splits).low > 0.05
        for w in ("reweighed", "reweighed, without")
    ),
    never_fair=all(
        stats.splits(ratio[w], np.full(len(ratio), 0.8), **splits).high < 0
        for w in ratio
    ),
)
