# ---
# jupyter:
#   labs:
#     concepts:
#       sm-supervised: "What is lost without labels"
#     constants:
#       "0.05": "the gain that pays for a model, an invented price"
#       "0.15": "another price, to try"
#       "0.1": "an invented example in the quiz"
#       "0.02": "an invented example in the quiz"
#       "0.06": "an invented example in the quiz"
#       "0.14": "an invented example in the quiz"
# ---

# %% [markdown]
# # Enough: how many labelled frauds does a decision need?
#
# > Ten thousand payments, and the model ranks frauds three times as well as the rule in use. Go?
#
# **You will**
#
# - decide go, no or not yet from an interval, and judge pilots by what their own model does later;
# - compute how many labelled frauds an answer costs, and say when no number is enough;
# - measure what is lost if you do without labels.
#
# **You need** [Split](20_split.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | built-in XGBoost (supervised) | the same library |
# | Random Cut Forest (unsupervised) | `RandomCutForest` of `labs_lib`, with AWS's published score |

# %%
from labs_lib.labs.prepare.enough.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A company takes card payments and wants its frauds flagged. Today one line of SQL chooses whom to call: a
# payment is suspicious if it is large for this customer. You are asked for a model. It has to be watched and
# trained again, so it pays only if it raises [average precision](../glossary.md#average-precision) by more than
# 0.05.
#
# So there was a pilot. The company gave you five months: 10,000 payments, of which one in a hundred is a fraud,
# and for each of them a label, fraud or honest. The sales team has read the result: "Ten thousand rows, and three
# times as good as the rule. That is plenty. Go."
#
# ## Predict
#
# The claim: *ten thousand rows are plenty to decide*. We put it [on trial](../glossary.md#on-trial) in 20 simulated
# [worlds](../glossary.md#world). In each of them a company makes the same pilot, with about 100 frauds. It
# computes the [interval](../glossary.md#interval) of the gain and decides: *go* if all of it lies above 0.05, *no* if
# all of it lies below, else *[not yet](../glossary.md#not-yet)*. What do most of the 20 pilots say?

# %%
guess = ...  # "go", "no" or "not yet"
lab.pilots.commit(guess)

# %% [markdown]
# ## A pilot, and a rule to decide by
#
# Months 1 to 3 train, months 4 and 5 judge. The model is XGBoost, the same for all. The interval draws the
# customers again, with replacement, and holds the middle 95 of 100 gains. It draws customers and not payments: the
# frauds of one stolen card stand and fall together.

# %% tags=["trial"]
import numpy as np
from sklearn.metrics import average_precision_score

from labs_lib import payments, stats
from labs_lib.train.boosted import boosted

GAIN = 0.05  # what pays for the model


def company(seed, frauds, share=0.01):
    """Return five months: payments, inputs, labels, and which rows train and judge."""
    world = payments.quiet_world(seed, n=round(frauds / share), fraud_rate=share)
    table = world.transactions
    months = payments.month(table).to_numpy()
    y = table["is_fraud"].to_numpy()
    return table, payments.features(table), y, months <= 3, months >= 4


def trained(X, y):
    """Return the model of all pilots: 60 trees, not tuned."""
    return boosted(n_estimators=60).fit(X, y)


def scores(model, X):
    """Return the score of the model, and that of the rule."""
    return model.predict_proba(X)[:, 1].astype(float).round(6), X["amount_vs_usual"]


# %% tags=["trial"]
def interval(y, score, rule, groups, seed=0):
    """Return both ends of the gain; -1 and 1 if one customer has all the frauds."""
    if len(set(groups[y == 1])) < 2:
        return -1.0, 1.0
    gain = stats.rows(
        average_precision_score, y, score, rule, groups=groups, repeats=400, seed=seed
    )
    return gain.low, gain.high


def decide(low, high):
    """Return the answer of a pilot."""
    return "go" if low > GAIN else "no" if high < GAIN else "not yet"


# %%
table, X, y, train, test = company(0, frauds=100)
model = trained(X[train], y[train])
score, rule = scores(model, X[test])
customers = table["customer"].to_numpy()[test]
print(f"{y[train].sum()} frauds to learn from, {y[test].sum()} to judge by")

# %%
own = {
    name: average_precision_score(y[test], ranked)
    for name, ranked in {"model": score, "rule": rule}.items()
}
low, high = interval(y[test], score, rule, customers)
print({name: round(value, 2) for name, value in own.items()})
print(f"gain from {low:.2f} to {high:.2f}: {decide(low, high)}")

# %% [markdown]
# The sales team has read its numbers correctly.{{!thrice}} But of the frauds in those ten thousand rows, few are
# left to judge by. With other customers of the same kind the gain could well have been {{low}}, or {{high}}.
#
# ## On trial: "ten thousand rows are plenty"
#
# Companies of six sizes make the pilot. To know which answer would have been right, each pilot's own model is
# also judged at a large company of the same kind, where luck plays less of a role.

# %% tags=["trial"]
FRAUDS = (25, 50, 100, 200, 400, 800)


def pilot(seed, frauds, share=0.01):
    """Make a pilot; judge its model there, and at a company with 1,000 frauds."""
    table, X, y, train, test = company(seed, frauds, share)
    model = trained(X[train], y[train])
    score, rule = scores(model, X[test])
    customers = table["customer"].to_numpy()[test]
    low, high = interval(y[test], score, rule, customers, seed)
    _, X_later, y_later, *_ = company(1_000 + seed, frauds=1_000)
    score_later, rule_later = scores(model, X_later)
    return {
        "frauds to judge by": y[test].sum(),
        "highest score": score.max(),
        "model": average_precision_score(y[test], score),
        "rule": average_precision_score(y[test], rule),
        "low": low,
        "high": high,
        "model later": average_precision_score(y_later, score_later),
        "rule later": average_precision_score(y_later, rule_later),
    }


# %%
rows = lab.trial(pilot, seeds=20, levels=("measure",), settings={"frauds": FRAUDS})
rows.design(
    worlds="a company for each size, one payment in a hundred a fraud, and a large one",
    rows="months 1 to 3 train, months 4 and 5 judge; the large company judges again",
    measure="answers of the pilots; the gain in average precision, model minus rule",
    margin=GAIN,
    yardstick="the gain of the pilot's own model at the large company. It is a company "
    "of the same kind, which favours the pilot: at work, later months differ more. "
    "With 1,000 frauds it is not free of luck either.",
)

# %% [markdown]
# **What to try.** Set `GAIN = 0.15`, a model that costs more, and run that cell and all below it: with how many frauds
# do the pilots say "go" now? Or change `n_estimators` in `trained`; your rows are then in
# `rows.yours.wide(frauds=100)`.
#
# First check the arms. Means over the worlds, by the number of frauds:

# %%
all_rows = rows.table.pivot(index=["frauds", "seed"], columns="measure", values="value")
means = all_rows.groupby("frauds").mean()
arms = ["frauds to judge by", "highest score", "model", "model later", "rule later"]
means[arms].round(2)

# %% [markdown]
# With 25 frauds the highest score stays low, and the model ranks worse than the rule: it has hardly learned
# anything.{{!small_dead}} From 100 on it is above the rule at the large company, on average.{{!later_better}} So what
# do the pilots say?

# %%
found = all_rows.assign(
    answer=[decide(*ends) for ends in all_rows[["low", "high"]].to_numpy()],
    gain=all_rows["model later"] - all_rows["rule later"],
)
found["half width"] = (found["high"] - found["low"]) / 2
said = found.groupby("frauds")["answer"].value_counts().unstack(fill_value=0)
said["half width"] = found.groupby("frauds")["half width"].mean().round(2)
said["gain later"] = found.groupby("frauds")["gain"].mean().round(2)
said

# %%
from labs_lib import plots

lab.pilots.reveal(found.loc[100, "answer"].mode()[0])

# %%
with plots.figure(
    title="Wide intervals with 100 frauds, narrow ones with 800",  # {{!narrower}}
    x="gain in average precision, model minus rule (-1 to 1)",
    y="pilot (number)",
    panels=2,
    alt="Bars of pilots with dots. At 100 frauds all cross the line, at 800 none.",
) as axes:
    for ax, frauds in zip(axes, (100, 800), strict=True):
        some = found.loc[frauds]
        ax.hlines(some.index, some["low"], some["high"])
        ax.plot(some["gain"], some.index, "o", [GAIN, GAIN], [0, 19], "-")
        ax.set(title=f"{frauds} frauds", xlim=(-0.6, 0.9), yticks=())

# %% [markdown]
# A bar is what a pilot knows about its gain. The dot is what its model then gains at the large company, the upright
# line the gain that pays. With 100 frauds {{not_yet}} of 20 pilots say "not yet", and yet each of the 20 models
# gains enough at the large company.{{!pays_though}} The ten thousand rows were not plenty.
#
# Is it the rows, or the frauds? So far both grew together. Now keep 100 frauds, and take four times as many
# payments: one in four hundred is a fraud.


# %% tags=["trial"]
def hundred(seed, share):
    """Make a pilot with 100 frauds, where frauds are frequent or rare."""
    return pilot(seed, 100, share)


# %%
rarer = lab.trial(
    hundred, seeds=20, levels=("measure",), settings={"share": (0.01, 0.0025)}
)
rare = rarer.wide(share=0.0025)
undecided = sum(decide(*ends) == "not yet" for ends in rare[["low", "high"]].to_numpy())
f"100 frauds in 40,000 payments: {undecided} of 20 pilots say not yet"

# %%
later = {
    "100 frauds, 10,000 rows": rarer.wide(share=0.01)["model later"],
    "100 frauds, 40,000 rows": rare["model later"],
    "400 frauds, 40,000 rows": rows.wide(frauds=400)["model later"],
}
few, more_rows, more_frauds = later.values()
factors = {
    "four times the rows": stats.worlds(more_rows, few, comparisons=2),
    "four times the frauds": stats.worlds(more_frauds, more_rows, comparisons=2),
}
stats.table(factors)

# %% [markdown]
# These models are all judged at the same large companies. Four times the rows change their average precision there by
# {{by_rows}}: no difference is shown, and one of 0.05 would have been. Four times the frauds, among as many rows, raise it by
# {{by_frauds}}.{{!frauds_count}} And of the pilots with 40,000 payments, {{still_open}} still say "not
# yet".{{!rows_do_not}} (Compare these answers with care: where frauds are rarer, average precision and its gain are
# smaller, but the price stays at 0.05.)
#
# So count the labelled frauds. They run out twice: once to learn from, once to judge by.
#
# ### Exercise 1: how many frauds would decide?
#
# "Not yet" needs a number. The width of an interval falls with the square root of the number of frauds. A pilot with
# `frauds` frauds gave an interval from `low` to `high`. With how many would its low end lie at `gain`, if its middle
# stays where it is? Round up to a whole number. If no number is enough, return `math.inf`.

# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def frauds_needed(frauds, low, high, gain):
    """Return the number of frauds with which the interval would begin at `gain`."""
    middle, half = (low + high) / 2, (high - low) / 2
    if middle <= gain:
        return math.inf
    return math.ceil(frauds * (half / (middle - gain)) ** 2)


# END SOLUTION
lab.ex1.check(frauds_needed)

# %% [markdown]
# Is the square root true here? From 200 to 800 frauds, the half width should fall to one half. And what would the
# formula have told the company at the top, with 100 frauds?

# %%
halves = found.groupby("frauds")["half width"].mean()
shrunk = halves[800] / halves[200]
middle = (low + high) / 2
needed = math.ceil(100 * ((high - middle) / (middle - GAIN)) ** 2)
f"half width: {shrunk:.2f} times; this pilot needs about {needed} frauds"

# %% [markdown]
# It falls to {{shrunk}} times, so from 200 frauds on the law is a fair guide.{{!law_holds}} The answer for the sales
# team: not yet, and ask again with about {{needed}} frauds. It is a plan and no promise, since the middle moves too. In
# the table, models gain more the more frauds they learned from, and with 400 already {{go_400}} of 20 pilots say
# "go".{{!sooner}}
#
# ## Where it fails: the smallest pilots
#
# Each pilot can be checked. Is its answer right about its own model, by the gain of this model at the large company?
# And does its interval hold that gain, as 95 of 100 should?

# %%
found["holds"] = found["gain"].between(found["low"], found["high"])
found["pays"] = found["gain"] > GAIN
wrong = (found["answer"] == "no") & found["pays"]
wrong |= (found["answer"] == "go") & ~found["pays"]
counts = found.assign(wrong=wrong).groupby("frauds")[["holds", "pays", "wrong"]].sum()
counts.T

# %%
held = {
    size: stats.share_interval(int(counts["holds"][size]), 20, comparisons=6)
    for size in FRAUDS
}
nos = found["answer"] == "no"
wrong_no = stats.share_interval(int((wrong & nos).sum()), int(nos.sum()))
print("50 frauds, the interval holds:", held[50])
print("wrong answers among the no:", wrong_no)

# %% [markdown]
# With 50 frauds, the interval holds the gain in {{held_50}} of 20 pilots. If 95 of 100 did, so few would be
# rare.{{!too_few_held}} And look at the half widths again: with 25 and 50 frauds they should be larger
# than with 100, and they are smaller.{{!too_narrow}} The [bootstrap](../glossary.md#bootstrap) knows only the frauds that it
# was given.
#
# The answers are right about the pilots' own models: no "no" is wrong, though with so few a share of {{no_high}} is not
# excluded.{{!none_wrong}} And there is the trap. With 25 frauds, {{no_25}} of 20 pilots say "no", and indeed their models
# do not pay. But the same recipe with 100 frauds gains enough in each company.{{!pays_all}} The "no" is about a
# model that had some 15 frauds to learn from. It is not about the idea.
#
# ## What is lost without labels
#
# *Supervised* learning needs pairs: what was known about a payment, and its label. Labels cost weeks and
# investigators. A vendor offers to do without: Random Cut Forest takes inputs only, and ranks payments by how unusual
# they are. It cuts the rows apart at random places, many times. A row that soon stands alone is unusual.
#
# Careful: four inputs are made of the labels of earlier payments. Without labels they do not exist, so the forest
# must not see them.

# %% tags=["trial"]
from labs_lib.train.encoding import encoded
from labs_lib.train.random_cut_forest import RandomCutForest

OF_LABELS = ["terminal_labels_7d", "terminal_labels_30d"]
OF_LABELS += ["terminal_risk_7d", "terminal_risk_30d"]


def unusual(X, train, test, seed):
    """Return how unusual each judged payment is, by a forest that saw no label."""
    numbers = X.drop(columns=OF_LABELS).select_dtypes("number")
    known = numbers[train].sample(min(3_000, train.sum()), random_state=seed)
    forest = encoded(RandomCutForest(num_trees=50, random_state=seed)).fit(known)
    return -forest.score_samples(numbers[test]).round(6)


# %% [markdown]
# Run it on the first pilot, the one at the top. What are the ten most unusual payments?

# %%
odd = X[test].assign(unusual=unusual(X, train, test, 0), fraud=y[test])
top = odd.nlargest(10, "unusual", keep="first")
top[["unusual", "amount_cents", "channel", "distance_km", "fraud"]].round(2)


# %% [markdown]
# Of the ten, {{top_frauds}} are frauds; ten payments drawn by chance would mostly hold none. Unusual is a hint, and no proof.
# Now in many companies, with the forest, the rule and the model on the same payments:


# %% tags=["trial"]
def unlabelled(seed, frauds):
    """Rank the judged payments of one pilot with labels, and in two ways without."""
    _, X, y, train, test = company(seed, frauds)
    score, rule = scores(trained(X[train], y[train]), X[test])
    ranked = {"XGBoost": score, "Random Cut Forest": unusual(X, train, test, seed)}
    ranked["rule"] = rule
    return {
        (name, measure): value
        for name, by in ranked.items()
        for measure, value in {
            "average precision": average_precision_score(y[test], by),
            "distinct scores": len(np.unique(by)),
        }.items()
    }


# %%
import pandas as pd

without = lab.trial(
    unlabelled,
    seeds=20,
    levels=("ranking", "measure"),
    settings={"frauds": (50, 200)},
)
pd.DataFrame({n: without.wide(frauds=n).mean() for n in (50, 200)}).round(2)

# %%
PAIRS = (("XGBoost", "Random Cut Forest"), ("Random Cut Forest", "rule"))
worth = {}
for frauds in (50, 200):
    value = without.wide("average precision", frauds=frauds)
    for a, b in PAIRS:
        pair = stats.worlds(value[a], value[b], comparisons=4)
        worth[f"{a} − {b}, {frauds} frauds"] = pair
stats.table(worth)

# %% [markdown]
# With 200 frauds, the model with labels is ahead of the forest by {{labels_200}} of average precision.{{!labels_help}}
# Not all of that is the labels' own: the forest takes numbers only, so XGBoost also sees the channel and other
# categories. With 50 frauds, about 30 of them to learn from, the difference is {{labels_50}}: none is shown, and
# the labels may even have cost something.{{!labels_open}}
#
# And the forest against one line of SQL? It is ahead by {{forest_rule}} with 200 frauds; with 50 no difference is
# shown.{{!forest_ahead}} Before you buy a detector of anomalies, ask what one good rule does.
#
# ### Exercise 2: what exists without labels?
#
# A new payment service starts on Monday. The first confirmed frauds are expected in three months. Which of these
# inputs can its forest have on the first day? Give the set of their letters.
#
# - `a`: the amount, divided by what this customer states to spend usually
# - `b`: the share of frauds among the payments at this terminal
# - `c`: the distance from the customer's home to the shop
# - `d`: how many of the customer's payments were charged back
# - `e`: whether the shop is on your list of blocked shops, made by your investigators
# - `f`: how close the payment is to the nearest known fraud
# - `g`: the hour of the day

# %% tags=["exercise"]
# BEGIN SOLUTION
without_labels = {"a", "c", "g"}
# END SOLUTION
lab.ex2.check(without_labels)

# %% [markdown]
# ## Real data: clients of a bank
#
# In Taiwan, 22 of 100 clients of a bank missed the next payment. The rule in use: call who is furthest behind now
# (`PAY_0`). A pilot draws clients at random, trains on three in five and is judged on the others. Twenty thousand
# other clients tell what its model gains later.


# %% tags=["trial"]
from labs_lib import data

DEFAULTS = (50, 200, 800)


def at_the_bank(seed, defaults):
    """Make a pilot with about so many defaults; judge its model on 20,000 others."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    order = np.random.default_rng(seed).permutation(len(y))
    size = round(defaults / y.mean())
    train, test = np.split(order[:size], [round(0.6 * size)])
    model = trained(X.iloc[train], y[train])
    found = {}
    for name, part in (("pilot", test), ("later", order[-20_000:])):
        score = model.predict_proba(X.iloc[part])[:, 1].astype(float).round(6)
        rule = X["PAY_0"].to_numpy()[part].astype(float)
        found[f"model {name}"] = average_precision_score(y[part], score)
        found[f"rule {name}"] = average_precision_score(y[part], rule)
        if name == "pilot":
            ends = interval(y[part], score, rule, part, seed)
            found["low"], found["high"] = ends
    return found


# %%
bank = lab.trial(
    at_the_bank, seeds=20, levels=("measure",), settings={"defaults": DEFAULTS}
)
clients = bank.table.pivot(
    index=["defaults", "seed"], columns="measure", values="value"
)
clients["gain"] = clients["model later"] - clients["rule later"]
clients["answer"] = [decide(*ends) for ends in clients[["low", "high"]].to_numpy()]
clients["pays"] = clients["gain"] > GAIN

# %%
told = clients.groupby("defaults")["answer"].value_counts().unstack(fill_value=0)
told["pays"] = clients.groupby("defaults")["pays"].sum()
arms = ["model later", "rule later", "gain"]
told.join(clients.groupby("defaults")[arms].mean().round(2))

# %% [markdown]
# With 200 defaults {{bank_200}} of 20 pilots can decide, with 800 {{bank_800}}.{{!bank_needs}} Here the positives are
# frequent, so the pilot of 800 has fewer rows than the one of the sales team.{{!fewer_rows}} Its gain
# is smaller, too, and nearer to the price of 0.05.{{!bank_nearer}} By the formula above, that makes an answer cost more labels.
#
# The pilots share a bank and a month, and the 20,000 others are drawn from it too. What next year's clients do is
# another question.
#
# ## On SageMaker
#
# The service is called Amazon SageMaker AI since December 2024. Random Cut Forest is one of its built-in algorithms.
# It trains without labels, in a channel that is sharded over the machines; labels may come in the channel
# `test`, where they only judge. Its hyperparameters and their ranges are those of the class here:

# %%
try:
    RandomCutForest(num_trees=20).fit(np.zeros((10, 2)))
except ValueError as error:
    print(error)

# %% [markdown]
# ## What is not reproduced
#
# - The hosted Random Cut Forest is closed, and may use other constants than AWS's open library.
# - Models between the two: trained on a few labels and many payments without one.
# - What labels cost, and that investigators label what they look at, and not a random part.
#
# ## Takeaways
#
# - Count the labelled positives, and not the rows. They run out twice: to learn from, and to judge by.
# - Fix the gain that pays and the rule go, no, not yet before you look at the interval.
# - "Not yet" comes with a number. If the middle of the interval is not above the gain, no number is enough.
# - A "no" from very few positives is about a model that has not learned yet, and its interval is too narrow.
# - Without labels, a good rule or an anomaly score is a start. Have some cases drawn at random, so that it is
#   checked too.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Random Cut Forest: SageMaker AI developer guide, pages `randomcutforest` and `rcf_hyperparameters`;
#   aws/random-cut-forest-by-aws.
# - The bootstrap by group: Davison and Hinkley (1997), Bootstrap methods and their application.
# - The exact interval of a share: Clopper and Pearson (1934). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

of_100, of_800 = found.loc[100], found.loc[800]
few_labels = worth["XGBoost − Random Cut Forest, 50 frauds"]
many_labels = worth["XGBoost − Random Cut Forest, 200 frauds"]
bank_open = clients["answer"].eq("not yet").groupby(level="defaults").sum()
lab.facts(
    digits=2,
    tolerance=0.02,
    thrice=own["model"] > 2.5 * own["rule"],
    low=low,
    high=high,
    small_dead=means.loc[25, "highest score"] < 0.6 * means.loc[100, "highest score"]
    and means.loc[25, "model later"] < means.loc[25, "rule later"],
    later_better=all(means.loc[100:, "model later"] > means.loc[100:, "rule later"]),
    narrower=halves[800] < 0.6 * halves[100],
    not_yet=int(of_100["answer"].eq("not yet").sum()),
    pays_though=of_100["answer"].eq("not yet").sum() > 10 and of_100["pays"].all(),
    by_rows=factors["four times the rows"],
    by_frauds=factors["four times the frauds"],
    frauds_count=factors["four times the rows"].verdict == "no difference shown"
    and factors["four times the rows"].low > -0.05
    and factors["four times the rows"].high < 0.05
    and factors["four times the frauds"].low > factors["four times the rows"].high,
    still_open=undecided,
    rows_do_not=undecided > 15,
    shrunk=shrunk,
    law_holds=0.4 < shrunk < 0.6,
    needed=Fact(needed, digits=0, tolerance=30),
    go_400=int(found.loc[400, "answer"].eq("go").sum()),
    sooner=found.groupby("frauds")["gain"].mean().is_monotonic_increasing
    and found.loc[400, "answer"].eq("go").sum() > 10
    and needed > 400,
    held_50=int(counts["holds"][50]),
    too_few_held=held[50].high < 0.95,
    too_narrow=max(halves[25], halves[50]) < halves[100],
    no_high=wrong_no.high,
    none_wrong=not wrong.any(),
    no_25=int(found.loc[25, "answer"].eq("no").sum()),
    pays_all=of_100["pays"].all() and not found.loc[25, "pays"].any(),
    top_frauds=int(top["fraud"].sum()),
    labels_200=many_labels,
    labels_help=many_labels.verdict == "higher",
    labels_50=few_labels,
    labels_open=few_labels.verdict == "no difference shown",
    forest_ahead=worth["Random Cut Forest − rule, 200 frauds"].verdict == "higher"
    and worth["Random Cut Forest − rule, 50 frauds"].verdict == "no difference shown",
    forest_rule=worth["Random Cut Forest − rule, 200 frauds"],
    bank_200=20 - int(bank_open[200]),
    bank_800=20 - int(bank_open[800]),
    bank_needs=bank_open[50] > 10 > bank_open[800],
    bank_nearer=0.05
    < clients["gain"].loc[800].mean()
    < found["gain"].loc[800].mean() / 2,
    fewer_rows=800 / data.load_credit_default()["DEFAULT"].mean() < 10_000,
)
