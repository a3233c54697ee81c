# ---
# jupyter:
#   labs:
#     constants:
#       "0.5": "the default threshold, also of Clarify"
#       "90 %": "an invented example in the quiz"
#       "0.9": "an invented example in the quiz"
#       "0.08": "an invented example in the quiz"
#       "9 %": "an invented example in the quiz"
# ---

# %% [markdown]
# # Threshold: at which score should somebody act?
#
# > A payment of 9 and a payment of 900 have the same score. Should the same threshold decide?
#
# **You will**
#
# - draw the cost of each threshold, and choose one on last month's payments;
# - derive the probability from which an alert pays, from nothing but prices;
# - see where calibrated scores are still wrong, and whether that matters.
#
# **You need** [Metrics](20_metrics.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Linear Learner, `binary_classifier_model_selection_criteria` | a threshold rule that you write |
# | Clarify, `probability_threshold` | the threshold |

# %%
from labs_lib.labs.train.threshold.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your model gives each payment a score. Your team searched last month's payments for the cheapest
# [threshold](../glossary.md#threshold), and now it decides about each payment, small or large. The risk
# office has its prices: a missed fraud costs its amount and 15 more, an alert 5, and an alert on an honest
# payment another 10.
#
# Somebody from the risk office asks: "You know what each mistake costs. Why do you search at all? And why
# do you treat a payment of 9 like one of 900?"
#
# ## Predict
#
# The claim: *a model has one best threshold; find it on [validation](../glossary.md#validation) rows*.
#
# One team uses the threshold that was cheapest in month 4, for all payments. The other turns scores into
# probabilities, and computes from the prices a threshold for each amount, without any search. What does
# month 5 cost with the thresholds that were computed, against the one that was searched?
# [No difference shown](../glossary.md#no-difference-shown) means that the data cannot tell.

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.computed.commit(guess)

# %% [markdown]
# ## A threshold is a decision
#
# The payments are those of a simulated [world](../glossary.md#world), in which one in a hundred is fraud. Months 1 to
# 3 train, month 4 is for choices, month 5 judges. In a simulated world we also know the true probability of fraud of
# each payment.

# %% tags=["trial"]
import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import payments, settings


def boosted(weight=1.0):
    """Return the model of all arms: 60 trees, not tuned."""
    return xgb.XGBClassifier(
        n_estimators=60,
        max_depth=4,
        learning_rate=0.15,
        scale_pos_weight=weight,
        enable_categorical=True,
        n_jobs=settings.n_jobs(),
    )


def scored(X, y, parts, weighted, **columns):
    """Train on the first part; return fraud, score and other columns of each part."""
    train = parts[0]
    model = boosted((y[train] == 0).sum() / y[train].sum() if weighted else 1.0)
    score = model.fit(X[train], y[train]).predict_proba(X)[:, 1].astype(float)
    table = pd.DataFrame({"fraud": y, "score": score.round(6)} | columns)
    return [table[part] for part in parts]


def months(seed, weighted):
    """Return scored payments of months 1 to 3, 4 and 5 of one world."""
    world = payments.quiet_world(seed, fraud_rate=0.01)
    X, y, *parts = payments.ready_to_fit(world.transactions)
    amount = world.transactions["amount_cents"].to_numpy() / 100
    true = world.truth["probability"].to_numpy()
    return scored(X, y, parts, weighted, amount=amount, true=true)


# %%
train, valid, test = months(0, weighted=False)
test.sample(4, random_state=3).round(4)

# %% [markdown]
# A column says whether a payment is fraud, the last one how probable that was. The next function adds up what a set of
# alerts costs. Give it the labels, and it says what a month did cost. Give it true probabilities, and it says what the
# month costs on average, without the luck of one month.


# %% tags=["trial"]
def bill(fraud, alert, amount):
    """Return what 1,000 payments cost; `fraud` is 0 or 1, or a probability."""
    return 1000 * np.where(alert, 5 + 10 * (1 - fraud), fraud * (amount + 15)).mean()


# From 0.0003 to 0.9997, in equal steps of log odds.
GRID = tuple((1 / (1 + np.exp(-np.linspace(-8, 8, 161)))).tolist())


def cheapest(fraud, score, amount):
    """Return the threshold of the grid with the lowest cost."""
    costs = [bill(fraud, score >= threshold, amount) for threshold in GRID]
    return GRID[np.argmin(np.round(costs, 3))]


# %%
chosen = cheapest(valid["fraud"], valid["score"], valid["amount"])
paid = {
    name: bill(test["true"], test["score"] >= threshold, test["amount"])
    for name, threshold in (("chosen", chosen), ("one half", 0.5))
}
f"chosen {chosen:.3f}: {paid['chosen']:.0f}; one half: {paid['one half']:.0f}"

# %%
from labs_lib import plots

curves = {
    "month 4, as it happened": (valid["fraud"], valid["score"], valid["amount"]),
    "month 5, on average": (test["true"], test["score"], test["amount"]),
}
valley = {n: [bill(f, s >= t, a) for t in GRID] for n, (f, s, a) in curves.items()}

# %%
with plots.figure(
    title="Two months, nearly one valley; one half lies outside",  # {{!valley}}
    x="threshold (0 to 1, logarithmic)",
    y="cost of 1,000 payments (units)",
    alt="Both cost curves are low and flat around 0.1, and higher at one half.",
) as ax:
    for name, costs in valley.items():
        ax.plot(GRID, costs, label=name)
    ax.axvline(chosen, color=plots.GREY, label="chosen on month 4")
    ax.axvline(0.5, color=plots.GREY, linestyle=":", label="one half")
    ax.set(xscale="log", ylim=(0, 3000))
    ax.legend()

# %% [markdown]
# Left of the valley the team pays for false alerts, right of it for missed frauds. Month 5 has its valley nearly
# where month 4 had it, so a choice made in one month is of use in the next.{{!valley}} The valley is wide: at half or at one and a half times the
# threshold that was chosen, month 5 costs nearly the same.{{!wide}} At one half, 1,000 payments
# of this month cost {{half_more}} more than at the threshold that was chosen.{{!half_dearer}}
#
# Move it yourself. Here the cost is that of the whole month of 12,000 payments, as it happened. Where widgets do not
# run, you see the table for the chosen threshold.

# %% tags=["nbval-ignore-output"]
from labs_lib.course.slider import slider

label, score, amount = (test[name].to_numpy() for name in ("fraud", "score", "amount"))


def cost_of(alert):
    return payments.cost(label, alert, 100 * amount)


slider(label, score, value=chosen, days=30, cost=cost_of)

# %% [markdown]
# ### Exercise 1: from which probability does an alert pay?
#
# Forget the model. A payment is fraud with probability p. Letting it pass costs `amount + missed` if it is fraud, and
# nothing otherwise. An alert costs `alert` in any case, and `blocked` more if the payment is honest. Write the function
# that returns the p at which both cost the same on average. (Where no alert can pay, it is above 1.)


# %% tags=["exercise"]
# BEGIN SOLUTION
def break_even(amount, missed, alert, blocked):
    """Return the probability of fraud from which an alert is the cheaper choice."""
    return (alert + blocked) / (amount + missed + blocked)


# END SOLUTION
lab.ex1.check(break_even)

# %% [markdown]
# With the prices of the risk office this is 15 / (amount + 25). Three payments:

# %%
pays_from = {f"amount {a}": round(15 / (a + 25), 3) for a in (9, 90, 900)}
pays_from

# %% [markdown]
# A small payment has to be rather suspicious, a large one hardly. So one threshold for all cannot be right for each.
# But this needs a probability, not just a score that is high for frauds.
#
# ## Is the score a probability?
#
# A colleague has the same model, trained with weighted frauds, as in [XGBoost](15_xgboost.ipynb). Its scores are
# too high. Two curves, both fitted to month 4, make probabilities of scores. *Sigmoid* (Platt) fits a logistic curve to the
# log odds of the score s, the logarithm of s / (1 - s). *Isotonic* fits steps that only go up. Scores that can be read as probabilities are
# called [calibrated](../glossary.md#calibrated).

# %% tags=["trial"]
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


def log_odds(score):
    """Return the log odds of scores, as a column."""
    inside = np.clip(score, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside)).reshape(-1, 1)


def calibrated(kind, score, fraud, others):
    """Fit a curve from scores to fraud, and return what it makes of other scores."""
    if kind == "sigmoid":
        curve = LogisticRegression(C=1e6, solver="newton-cholesky")
        made = curve.fit(log_odds(score), fraud).predict_proba(log_odds(others))[:, 1]
        return made.round(6)
    if kind == "isotonic":
        steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        return steps.fit(score, fraud).predict(others).round(6)
    return others


# %% [markdown]
# Sort the payments of month 5 into eight groups by score, and set the mean score of each group beside the true share of
# frauds.

# %%
_, valid_w, test_w = months(0, weighted=True)
groups = []
for kind in ("raw", "sigmoid", "isotonic"):
    seen = valid_w["score"].to_numpy(), valid_w["fraud"].to_numpy()
    made = calibrated(kind, *seen, test_w["score"].to_numpy())
    place = (
        pd.Series(made).rank(method="first").mul(8 / len(made)).sub(1e-9).floordiv(1)
    )
    group = pd.DataFrame({"said": made, "true": test_w["true"].to_numpy()})
    groups.append(group.groupby(place.to_numpy()).mean().assign(score=kind))
groups[1].round(4)

# %%
with plots.figure(
    title="Both curves: nearly right at the top, too low at the bottom",  # {{!bottom}}
    x="mean score of a group (0 to 1, logarithmic)",
    y="true share of frauds (0 to 1, logarithmic)",
    alt="Raw scores lie right of the diagonal; both curves leave it at their low end.",
) as ax:
    ax.plot([1e-4, 1], [1e-4, 1], color=plots.GREY, linestyle=":")
    plots.lines(ax, pd.concat(groups), x="said", y="true", group="score")
    ax.set(xscale="log", yscale="log")

# %% [markdown]
# On the dotted line, the score is the true share. Raw scores are too high in each group.{{!raw_high}} Both curves are nearly
# right in their highest group and too low in their lowest one: there, frauds are {{six}} times as frequent as the sigmoid
# says.{{!bottom}} They are also more frequent than in the groups just above it.{{!turned}} A curve that keeps the order of the
# scores cannot mend that. Who prices an insurance for these payments would lose money. Does it matter for alerts? The
# trial will tell.
#
# ## On trial: "a model has one best threshold"
#
# **The measure that decides**, named before looking, is the cost of month 5 on average. The pair that decides your guess
# is *each amount* with the sigmoid of the plain model, against *searched*. There are four rules:
#
# - *one half*;
# - *searched*: the threshold that was cheapest in month 4;
# - *one formula*: 15 / (mean + 25) with the mean amount of the frauds in training, for all payments;
# - *each amount*: 15 / (amount + 25), for each payment its own.
#
# *Hindsight* is no rule. It is the threshold that turns out cheapest in month 5, so no single threshold of the grid can be
# cheaper there.


# %% tags=["trial"]
def acted(fraud, score, amount, own, mean):
    """Return what each rule costs, and how good the scores are as probabilities."""
    alerts = {"one half": score >= 0.5, "searched": score >= own}
    alerts["one formula"] = score >= 15 / (mean + 25)
    alerts["each amount"] = score >= 15 / (amount + 25)
    alerts["hindsight"] = score >= cheapest(fraud, score, amount)
    found = {rule: bill(fraud, alert, amount) for rule, alert in alerts.items()}
    low = np.argsort(score, kind="stable")[: len(score) // 8]
    found["lowest eighth: true share"] = fraud[low].mean()
    found["lowest eighth: mean score"] = score[low].mean()
    found["lowest eighth: alerts"] = alerts["each amount"][low].sum()
    found["mean score / share"] = score.mean() / fraud.mean()
    return found | {"threshold": own, "highest score": score.max()}


def decided(train, valid, test):
    """Let each rule decide about the last part, with raw and calibrated scores."""
    mean = train["amount"][train["fraud"] == 1].mean()
    fraud, seen, amount = (valid[c].to_numpy() for c in ("fraud", "score", "amount"))
    judged, found = [test[c].to_numpy() for c in ("true", "score", "amount")], {}
    for kind in ("raw", "sigmoid", "isotonic"):
        own = cheapest(fraud, calibrated(kind, seen, fraud, seen), amount)
        score = calibrated(kind, seen, fraud, judged[1])
        measures = acted(judged[0], score, judged[2], own, mean)
        found |= {(kind, name): value for name, value in measures.items()}
    return found


def acting(seed, model):
    """Let each rule decide in one world: month 4 chooses, month 5 judges."""
    return decided(*months(seed, model == "weighted"))


# %%
rows = lab.trial(
    acting,
    seeds=20,
    levels=("scores", "measure"),
    settings={"model": ("plain", "weighted")},
)
rows.design(
    worlds="a world of 60,000 payments, one fraud in a hundred",
    rows="months 1 to 3 train, month 4 gives threshold and curves, month 5 judges",
    measure="expected cost of 1,000 payments in month 5, low is good; in pairs",
    yardstick="the true probability of fraud and the prices of the risk office. All "
    "rules but one half know the prices. Each amount also uses the amount of the "
    "payment, which is known when it is made; searched uses it in month 4 only. With "
    "true probabilities, each amount could not lose: the scores are on trial.",
)

# %% [markdown]
# **What to try.** Change `n_estimators` in `boosted` to 20, and run that cell and the last one again. The table is
# long; a part of yours is `rows.yours.wide("each amount", model="plain")`.
#
# First, check each arm. Where do its scores lie, and how do they agree with the share of frauds? Means over the worlds:

# %%
RULES = ["one half", "searched", "one formula", "each amount", "hindsight"]
arms = pd.concat(
    {m: rows.wide(model=m).mean().unstack() for m in ("plain", "weighted")}
)
arms = arms.reindex(["raw", "sigmoid", "isotonic"], level=1)
arms[["highest score", "mean score / share", "threshold"]].round(2)

# %% [markdown]
# In each arm some payments get a high score. The mean score of the weighted model is {{weighted_level}} times the share
# of frauds, and after either curve it is nearly right.{{!arms_fine}} Now the cost of 1,000 payments, by rule:

# %%
arms[RULES].round(0)

# %% [markdown]
# Nine comparisons follow, in pairs, and each [interval](../glossary.md#interval) is made so wide that all nine hold together
# in at least 95 of 100 such trials.

# %%
from labs_lib import stats


def against(rule, scores, model="plain", base="searched", base_scores="raw"):
    """Compare the cost of a rule with that of another, in pairs."""
    pair = [
        rows.wide(r, scores=s, model=model)["value"]
        for r, s in ((rule, scores), (base, base_scores))
    ]
    return stats.worlds(*pair, comparisons=9)


# %%
results = {
    f"{model}: {rule} (sigmoid) − searched": against(rule, "sigmoid", model)
    for model in ("plain", "weighted")
    for rule in ("one formula", "each amount")
}
results["plain: each amount (raw) − searched"] = against("each amount", "raw")
stats.table(results, digits=0)

# %%
computed = results["plain: each amount (sigmoid) − searched"]
won = (
    rows.wide("each amount", scores="sigmoid", model="plain")
    < rows.wide("searched", scores="raw", model="plain")
)["value"].sum()
lab.computed.reveal(computed.verdict)

# %% [markdown]
# The thresholds that were computed change the cost of 1,000 payments by {{computed}}: they cost less than the one that was
# searched.{{!computed_wins}} They do so in {{won}} of the 20 worlds. It is the same for the weighted model, and for the plain one
# even with its raw scores.{{!others_win}} *One formula* uses the same probabilities, but one
# threshold for all, and for it no difference is shown, though it may save up
# to {{formula_reach}}.{{!formula_open}} So the gain comes with the amounts: against one formula,
# a threshold for each amount changes the cost by {{amounts}}.{{!amounts_help}}
#
# How good could a single threshold have been? Look at hindsight.

# %%
hindsight = against("each amount", "sigmoid", base="hindsight")
level = stats.mean_interval(
    rows.wide("searched", scores="raw", model="plain")["value"]
    - rows.wide("hindsight", scores="raw", model="plain")["value"]
)
print("searched, above hindsight:", level)
print("each amount − hindsight:", hindsight)

# %% [markdown]
# The search pays {{level}} more than hindsight. This cannot be negative by its making, so it
# is a level, and no verdict. The second line could have either sign: with a threshold for each amount, the team pays
# less than with the single threshold of hindsight.{{!beats_hindsight}}
#
# And the lowest group, where both curves were off?

# %%
low = arms.filter(like="lowest eighth").rename(columns=lambda n: n.split(": ")[1])
low.round(4)

# %% [markdown]
# Over the worlds, frauds in the lowest eighth are {{low_sigmoid}} times as frequent as the sigmoid of the weighted model
# says.{{!low_off}} Of the twenty worlds, that of the figure is the furthest off.{{!furthest}} No payment of this eighth is an
# alert.{{!no_alerts}} But should one be? In the world of the figure, put the true share of the group into the formula:

# %%
lowest = test_w["score"].rank(method="first") <= len(test_w) / 8
share, largest = test_w.loc[lowest, "true"].mean(), test_w.loc[lowest, "amount"].max()
f"an alert pays from {15 / share - 25:,.0f}; the largest amount is {largest:,.0f}"

# %% [markdown]
# Even with the true share, no amount in the group is large enough for an alert.{{!none_due}} So here the error changes no
# decision. A decision needs good probabilities where the thresholds lie; a price needs them everywhere.
#
# ## Where it fails: prices without probabilities
#
# Take the raw scores of the weighted model, and put them into the same formula.

# %%
raw = against("each amount", "raw", "weighted")
f"each amount, raw scores − searched: {raw}"

# %% [markdown]
# With these scores, the formula costs {{raw}} more than the search.{{!raw_fails}} Scores that are too high reach computed thresholds too easily. The search
# does not mind: it never asks what a score means.{{!same_search}} So search if you have just an order, compute if you have
# probabilities, and check which of the two you have.
#
# ### Exercise 2: Linear Learner's criteria
#
# Where nobody knows prices, a demand can choose the threshold. Linear Learner has `recall_at_target_precision`: the highest
# [recall](../glossary.md#recall) among thresholds whose [precision](../glossary.md#precision) is at least the target. Write
# the other one, `precision_at_target_recall`. Return the **threshold** with the highest precision among those whose recall is
# at least `target`. A payment is an alert if its score is at least the threshold.

# %% tags=["exercise"]
from sklearn.metrics import precision_recall_curve


# BEGIN SOLUTION
def precision_at_target_recall(y, score, target):
    """Return the threshold with the highest precision at enough recall."""
    precision, recall, thresholds = precision_recall_curve(y, score)
    enough = recall[:-1] >= target
    return thresholds[enough][np.argmax(precision[:-1][enough])]


# END SOLUTION
lab.ex2.check(precision_at_target_recall)

# %% [markdown]
# ## Real data: credit defaults
#
# Thirty thousand customers of a bank in Taiwan, of whom 22 in 100 did not pay in October. The loss of a default is the bill of
# September, which is known when the bank decides. One unit is 1,000 dollars of Taiwan; the other prices are
# those of the payments, and invented. There is one data set, so it is split 15 times at random, and the
# intervals are corrected for the rows that the splits share.

# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data


def on_credit(seed, model):
    """Let each rule decide about customers, on one random split (60, 20, 20)."""
    table = data.load_credit_default()
    kinds = dict.fromkeys(("SEX", "EDUCATION", "MARRIAGE"), "category")
    X, y = table.drop(columns=["ID", "DEFAULT"]).astype(kinds), table["DEFAULT"]
    y, every = y.to_numpy(), np.arange(len(y))
    rest, test = train_test_split(every, test_size=0.2, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=0.25, stratify=y[rest], random_state=seed
    )
    parts = [np.isin(every, part) for part in (train, valid, test)]
    bill_now = table["BILL_AMT1"].clip(lower=0).to_numpy() / 1000
    return decided(*scored(X, y, parts, model == "weighted", amount=bill_now, true=y))


# %%
credit = lab.trial(
    on_credit,
    seeds=15,
    levels=("scores", "measure"),
    settings={"model": ("plain", "weighted")},
)
customers = pd.concat(
    {m: credit.wide(model=m).mean().unstack() for m in ("plain", "weighted")}
)
levels = customers["mean score / share"].round(2)
{kind: levels.xs(kind, level=1).to_dict() for kind in ("raw", "sigmoid", "isotonic")}

# %% [markdown]
# Here the raw scores of the weighted model are {{real_level}} times too high; all other arms agree with the share of
# defaults.{{!real_levels}} With the plain model, the search costs {{real_paid}} for 1,000 customers. Each model is compared
# with its own search:

# %%
asked = [
    ("plain", "one half", "raw"),
    ("plain", "one formula", "sigmoid"),
    ("plain", "each amount", "sigmoid"),
    ("weighted", "each amount", "sigmoid"),
    ("weighted", "each amount", "raw"),
]
real = {
    f"{model}: {rule} ({scores}) − searched": stats.splits(
        credit.wide(rule, scores=scores, model=model)["value"],
        credit.wide("searched", scores="raw", model=model)["value"],
        n_train=60,  # only their ratio counts
        n_test=20,
        comparisons=5,
    )
    for model, rule, scores in asked
}
stats.table(real, digits=0)

# %% [markdown]
# Each amount changes the cost of 1,000 customers by {{real_each}} with the plain model, and it costs less with the weighted
# one too, after the sigmoid.{{!real_lower}} With that model's raw scores, no difference to the search is shown: the
# formula may save up to {{real_save}} or cost up to {{real_cost}} more.{{!real_open}} One formula costs more than the search
# here.{{!real_formula}}
#
# The [yardstick](../glossary.md#yardstick) takes the bill for the loss, and that favours each amount, which takes the same
# bill. Where customers pay a part of it later, the gain may be another.
#
# These are customers of one bank in one month, split at random. A bank would decide about the months to come.
#
# ## On SageMaker
#
# The service is called Amazon SageMaker AI since December 2024. Its Linear Learner chooses a threshold on the validation channel,
# by `binary_classifier_model_selection_criteria`. The default is `accuracy`. None of its criteria knows amounts. Built-in
# XGBoost with `binary:logistic` returns a score and no decision. Clarify takes a `probability_threshold`, 0.5 by default, and
# counts what lies above it.

# %%
hyperparameters = {
    "predictor_type": "binary_classifier",
    "binary_classifier_model_selection_criteria": "precision_at_target_recall",
    "target_recall": "0.9",
}
hyperparameters

# %% [markdown]
# A threshold for each amount is a line of code behind the endpoint: keep the prices there, where they can change without
# training.
#
# ## What is not reproduced
#
# - Linear Learner's own search, on a sample of the validation channel.
# - Prices that depend on each other: a team of five people cannot look at any number of alerts.
# - Curves fitted to more than one month, or fitted again each month.
#
# ## Takeaways
#
# - A threshold is made of prices. Write them down before you search.
# - In this trial a threshold for each amount cost less than any single one.{{!beats_hindsight}}
# - The formula needs probabilities. With raw scores of a weighted model it cost far more than a search among the payments,
#   and among the customers no gain was shown.{{!raw_never}}
# - Look at calibration in groups, and first of all where decisions or prices depend on it.{{!low_off}}
# - What was chosen in hindsight cannot lose. Report its level, and promise nothing from it.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Criteria of Linear Learner: SageMaker AI developer guide, page `ll_hyperparameters`; Clarify: page
#   `clarify-processing-job-configure-analysis`.
# - Thresholds from prices: Elkan (2001), The foundations of cost-sensitive learning. For each payment its own: Bahnsen et al.
#   (2013), Cost sensitive credit card fraud detection using Bayes minimum risk.
# - Sigmoid: Platt (1999). Isotonic: Zadrozny and Elkan (2002). Intervals over splits: Nadeau and Bengio (2003). Credit
#   defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

near = {name: GRID[int(np.argmin(costs))] for name, costs in valley.items()}
sigmoid = groups[1]
off = low["true share"] / low["mean score"]
calm = arms[["mean score / share"]].drop(("weighted", "raw"))
moves = [
    arms.loc[(m, s), "searched"] / arms.loc[(m, "raw"), "searched"] - 1
    for m in ("plain", "weighted")
    for s in ("sigmoid", "isotonic")
]
per_world = (
    rows.wide("lowest eighth: true share", scores="sigmoid", model="weighted")
    / rows.wide("lowest eighth: mean score", scores="sigmoid", model="weighted")
)["value"]
real_raw = real["weighted: each amount (raw) − searched"]
each = against("each amount", "sigmoid", base="one formula", base_scores="sigmoid")
lab.facts(
    digits=0,
    tolerance=3,
    valley=all(0.03 < place < 0.3 for place in near.values())
    and all(
        costs[np.searchsorted(GRID, 0.5)] > 1.2 * min(costs)
        for costs in valley.values()
    ),
    half_more=paid["one half"] - paid["chosen"],
    half_dearer=paid["one half"] > 1.2 * paid["chosen"],
    wide=all(
        abs(
            bill(test["true"], test["score"] >= f * chosen, test["amount"])
            / paid["chosen"]
            - 1
        )
        < 0.1
        for f in (0.5, 1.5)
    ),
    raw_high=(groups[0]["said"] > groups[0]["true"]).all(),
    turned=sigmoid["true"].iloc[0] > 1.3 * sigmoid["true"].iloc[1:4].max(),
    six=Fact(sigmoid["true"].iloc[0] / sigmoid["said"].iloc[0], digits=0, tolerance=2),
    bottom=all(
        g["true"].iloc[0] > 3 * g["said"].iloc[0]
        and abs(g["true"].iloc[-1] / g["said"].iloc[-1] - 1) < 0.2
        for g in groups[1:]
    ),
    weighted_level=arms.loc[("weighted", "raw"), "mean score / share"],
    arms_fine=arms["highest score"].min() > 0.8
    and arms.loc[("weighted", "raw"), "mean score / share"] > 5
    and np.abs(calm - 1).max().item() < 0.2,
    computed=computed,
    computed_wins=computed.verdict == "lower",
    others_win=results["weighted: each amount (sigmoid) − searched"].verdict == "lower"
    and results["plain: each amount (raw) − searched"].verdict == "lower",
    won=int(won),
    formula_reach=-results["plain: one formula (sigmoid) − searched"].low,
    formula_open=all(
        r.verdict == "no difference shown" for n, r in results.items() if "formula" in n
    ),
    amounts=each,
    amounts_help=each.verdict == "lower",
    level=level,
    beats_hindsight=hindsight.verdict == "lower"
    and against("each amount", "sigmoid", "weighted", "hindsight").verdict == "lower",
    low_sigmoid=Fact(off["weighted", "sigmoid"], digits=1, tolerance=0.3),
    low_off=off["weighted", "sigmoid"] > 3,
    furthest=per_world.idxmax() == 0,
    none_due=15 / share - 25 > 1.5 * largest,
    no_alerts=low["alerts"].drop([("weighted", "raw")]).max() == 0,
    raw=raw,
    raw_fails=raw.low > 1000,
    same_search=max(map(abs, moves)) < 0.05,
    real_level=Fact(levels["weighted", "raw"], digits=1, tolerance=0.1),
    real_levels=np.abs(levels.drop(("weighted", "raw")) - 1).max().item() < 0.1
    and customers["highest score"].min() > 0.7,
    real_paid=Fact(customers.loc[("plain", "raw"), "searched"], digits=0, tolerance=30),
    real_each=real["plain: each amount (sigmoid) − searched"],
    real_lower=all(
        real[f"{m}: each amount (sigmoid) − searched"].verdict == "lower"
        for m in ("plain", "weighted")
    ),
    real_save=-real_raw.low,
    real_cost=real_raw.high,
    real_open=real_raw.low < -50 and real_raw.high > 50,
    raw_never=raw.low > 1000 and real_raw.high > 50,
    real_formula=real["plain: one formula (sigmoid) − searched"].verdict == "higher",
)
