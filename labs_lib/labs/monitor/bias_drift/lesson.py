# ---
# jupyter:
#   labs:
#     concepts: {}
#     constants:
#       "0.2": "the guide's example of a baseline"
#       "0.1": "the guide's example of a live value that is allowed"
#       "0.3": "the guide's example of a live value that violates, below zero"
#       "0.84": "the 80 % point of the normal distribution"
#       "0.9": "the threshold of Clarify's attribution monitor"
#       "0.5": "the threshold of an offer"
#       "0.05": "the share of false alarms that the third rule allows, chosen before looking"
# ---

# %% [markdown]
# # Bias drift: is the model still as fair as on its first day?
#
# > The bias monitor has an alarm. Did the model become unfair, did other people come, or was it chance?
#
# **You will**
#
# - compare windows of people with the first day, by the two rules of Clarify's guide;
# - measure how often they fire when nothing has changed, and when something has;
# - tell a change of the people from a change of their treatment.
#
# **You need** [Fairness](../2_train/67_fairness.ipynb), [Data drift](10_data_drift.ipynb). **Data in:** adults of
# the US census of 1994 ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Clarify, bias drift monitor | `monitor.check_bias` |
# | Clarify, feature attribution drift monitor | `monitor.ndcg`, `monitor.check_attributions` |

# %%
from labs_lib.labs.monitor.bias_drift.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A bank offers a premium card to people who are predicted to earn more than 50,000 dollars a year. On the first
# day an audit looked at men and women, wrote down three gaps, and accepted them. Since then a monitor compares
# each week with that day. This morning it has an alarm.
#
# Your manager has a letter to the regulator ready: *our model became unfair, and we have stopped it*. "An
# alarm is an alarm", she says. Do you let her send it?

# %% tags=["trial"]
import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import data

UNKNOWN = ["income", "split", "fnlwgt", "education", "capital_gain", "capital_loss"]


def first_day(seed):
    """Train on one half of the adults; return the model and the other half."""
    people = data.load_adult_income()
    order = np.random.default_rng(seed).permutation(len(people))
    train, rest = np.array_split(order, 2)
    X, good = people.drop(columns=UNKNOWN), (people["income"] == ">50K").astype(int)
    shape = {"n_estimators": 60, "max_depth": 3, "learning_rate": 0.1, "n_jobs": 1}
    model = xgb.XGBClassifier(**shape, enable_categorical=True)
    model.fit(X.iloc[train], good.iloc[train])
    known = pd.DataFrame({"good": good, "weight": people["fnlwgt"]})
    return model, X.iloc[rest], known.iloc[rest]


def offers(model, X):
    """Return 1 for each person with a score above one half."""
    return (model.predict_proba(X)[:, 1].round(6) > 0.5).astype(int)


# %%
model, X, known = first_day(0)
f"{len(X):,} people of the other half; offers to {offers(model, X).mean():.2f} of them"

# %% [markdown]
# The other half are the people who may come. A window is drawn from them, with replacement, with the chances of their
# survey weights, so it looks like the adults of the country. Capital gains are left out, since the bank would not know
# them in time.
#
# ## Predict
#
# The claim: *an alarm of the bias monitor means that the model became unfair*. Start with weeks in which nothing
# has changed. We draw 60 first days of 2,000 people, and after each a quiet window of 2,000. Three
# gaps are watched, and there is an alarm if at least one of them lies further from zero than on the first day.
#
# In how many of 60 quiet windows is there an alarm: in few (up to 20), in half (21 to 40), or in most?

# %%
guess = ...  # "few", "half" or "most"
lab.quiet.commit(guess)

# %% [markdown]
# ## A baseline, a window, a file of violations
#
# The three gaps are men minus women. DPPL compares the shares that get an offer. RD compares [recall](../glossary.md#recall): of
# those who earn enough, the share with an offer. AD compares accuracy.

# %% tags=["trial"]
from labs_lib.prepare import bias

METRICS = ("DPPL", "RD", "AD")


def gaps(X, good, offer):
    """Return three metrics with intervals, as Clarify's report has them."""
    seen = {"sex": X["sex"].astype(str).to_numpy(), "good": good, "offer": offer}
    ask = {"label": "good", "positive": 1, "predicted": "offer", "methods": METRICS}
    ask |= {"facets": {"sex": "Female"}, "repeats": 1_000}
    return bias.report(pd.DataFrame(seen), **ask).table


# %% tags=["trial"]
GRADUATE = 13  # years of education, as the census counts them: a bachelor's degree


def draw(X, weight, n, times, rng):
    """Draw n people; graduates come so many times as often as they should."""
    p = weight * np.where(X["education_num"] >= GRADUATE, times, 1)
    return rng.choice(len(X), n, p=p / p.sum())


# %%
offer, good = offers(model, X), known["good"].to_numpy()
weight, rng = known["weight"].to_numpy(), np.random.default_rng(0)
day, week = (draw(X, weight, 2_000, 1, rng) for _ in range(2))
before, now = (gaps(X.iloc[rows], good[rows], offer[rows]) for rows in (day, week))
both = {"first day": before, "quiet week": now}
pd.concat({k: t.set_index("metric")[["value", "low", "high"]] for k, t in both.items()})

# %% [markdown]
# The guide has two rules. By the rule of *values*, a metric violates if it is further from zero than the
# [baseline](../glossary.md#baseline): with a baseline of 0.2, a value of 0.1 is allowed, and -0.3 is not. By the rule of *[intervals](../glossary.md#interval)*, it violates
# if its whole interval lies outside the allowed range, which goes from minus to plus the baseline.

# %%
from labs_lib import monitor

files = {r: monitor.check_bias(before, now, rule=r) for r in ("value", "interval")}
{rule: len(file["violations"]) for rule, file in files.items()}

# %%
files["value"]["violations"][:1]

# %% [markdown]
# ### Exercise 1: one function for both rules
#
# Write `fires(baseline, low, high)`: is the interval from `low` to `high` wholly outside the allowed range? A
# value at the end of the range is still allowed. The rule of values is then `fires(baseline, value, value)`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def fires(baseline, low, high):
    """Return whether the interval and the allowed range have nothing in common."""
    #: 1. where does the allowed range begin and end?
    #: 2. an interval can lie outside on two sides
    allowed = abs(baseline)
    return low > allowed or high < -allowed


# END SOLUTION
lab.ex1.check(fires)

# %% [markdown]
# ## On trial: "an alarm means that the model became unfair"
#
# **The measure that decides**, named before looking: in what share of the windows at least one of the three
# metrics fires. There are five kinds of windows, all judged by the same model.
#
# - *quiet*: nothing has changed;
# - *graduates*: the bank advertises at universities, and people with a degree come four times as often. Each
#   person gets the answer that she would have got on the first day;
# - *fault 25*, *50*, *100*: a new form enters high school as the education of every woman who uses it. So many
#   percent of the women do. Those with more schooling are now treated as if they had less, those with less as if
#   they had more.
#
# Beside the guide's rules stands a third, which is ours. A first day of 2,000 people is a sample too. So divide the
# step away from zero by the standard error of *both* days together. The rule fires above a limit. If errors are
# normal, at most 0.05 of the quiet windows pass it in any of the three metrics.


# %% tags=["trial"]
from labs_lib import monitor

KINDS = {  # how many times as often graduates come, share of women with the fault
    "quiet": (1, 0),
    "graduates": (4, 0),
    "fault 25": (1, 0.25),
    "fault 50": (1, 0.5),
    "fault 100": (1, 1),
}


def fault(X, share, seed):
    """Enter high school, 9, as the education of a share of the women."""
    hit = np.random.default_rng([seed, 1]).random(len(X)) < share
    education = X["education_num"].mask(hit & (X["sex"] == "Female"), 9)
    return X.assign(education_num=education)


def compared(before, now):
    """Yield what each rule says about each metric."""
    for rule in ("value", "interval"):
        found = monitor.check_bias(before, now, rule=rule)["violations"]
        names = [violation["metric_name"] for violation in found]
        yield from (((rule, metric), int(metric in names)) for metric in METRICS)
    before, now = (table.set_index("metric") for table in (before, now))
    errors = [(table["high"] - table["low"]) / (2 * 1.96) for table in (before, now)]
    steps = (now["value"].abs() - before["value"].abs()) / np.hypot(*errors)
    luck = {"measured": now["value"], "first day": before["value"], "steps": steps}
    yield from (((name, m), v) for name, row in luck.items() for m, v in row.items())


def watching(seed):
    """Draw a first day, and a window of each kind and size; compare them."""
    model, X, known = first_day(seed)
    good, weight = known["good"].to_numpy(), known["weight"].to_numpy()
    rows = draw(X, weight, 2_000, 1, np.random.default_rng([seed, 3]))
    before, found = gaps(X.iloc[rows], good[rows], offers(model, X.iloc[rows])), {}
    for kind, (times, share) in KINDS.items():
        seen = fault(X, share, seed)
        offer = offers(model, seen)
        for n in (500, 2_000, 8_000):
            rows = draw(X, weight, n, times, np.random.default_rng([seed, n]))
            now = gaps(seen.iloc[rows], good[rows], offer[rows])
            said = compared(before, now)
            found |= {(kind, str(n), *key): value for key, value in said}
    return found


# %%
rows = lab.trial(watching, seeds=60, levels=("kind", "people", "what", "metric"))
rows.design(
    worlds="a random half of the adults trains; windows are drawn from the other half. "
    "Halves share people, so the intervals speak of these adults only",
    rows="a first day of 2,000 people, and windows of 500, 2,000 and 8,000",
    measure="the share of 60 windows of 2,000 in which at least one metric fires",
    margin=None,
    yardstick="what we did to a window, which we know. The changes and their sizes are "
    "ours, so this shows what an alarm can mean, not how often it means that. "
    "The third rule is made for windows drawn as these are, and so it is favoured.",
)

# %% [markdown]
# **What to try.** Set `"graduates": (2, 0)` in `KINDS`: graduates come twice as often. Run that cell and the last one
# again. Is DPPL still larger than in quiet windows, and does the rule of intervals fire? Yours are
# `rows.yours.wide("graduates", "2000", "measured")`, the same with `"quiet"`, and with `"interval"`. Set it back.
#
# First, check the kinds. What are the gaps in windows of 8,000, on average?

# %%
measured = {kind: rows.wide(kind, "8000", "measured").mean() for kind in KINDS}
measured = pd.DataFrame(measured).T[[*METRICS]]
measured.round(3)

# %% [markdown]
# The fault moves DPPL a little, and RD a lot: fewer of the women who earn enough get an
# offer.{{!fault_in_rd}} With the graduates, all three gaps differ from those of quiet windows.{{!graduates_differ}}
#
# Now the alarms, in windows of 2,000.

# %%
from statistics import NormalDist

from labs_lib import stats


def alarms(kind, n, rule, metrics=METRICS):
    """Return in which of the 60 windows at least one of the metrics fires."""
    limit = 0
    if rule == "both days":
        rule, limit = "steps", NormalDist().inv_cdf(1 - 0.05 / len(metrics))
    return (rows.wide(kind, str(n), rule)[[*metrics]] > limit).any(axis=1)


# %%
RULES = ("value", "interval", "both days")


def shares(rule, n, kinds):
    """Return the share of windows with an alarm, with its exact interval."""
    return {k: stats.share_interval(int(alarms(k, n, rule).sum()), 60) for k in kinds}


def shown(shares):
    return {k: f"{s.mean:.2f} ({s.low:.2f} to {s.high:.2f})" for k, s in shares.items()}


fired = {rule: shares(rule, 2_000, KINDS) for rule in RULES}
pd.DataFrame({rule: shown(found) for rule, found in fired.items()})

# %%
count = int(alarms("quiet", 2_000, "value").sum())
lab.quiet.reveal("few" if count <= 20 else "half" if count <= 40 else "most")

# %%
from labs_lib import plots

points = {
    rule: np.transpose([[s.mean, s.low, s.high] for s in found.values()])
    for rule, found in fired.items()
}

# %%
with plots.figure(
    title="Graduates: every rule fires, no treatment changed",  # {{!graduates_most}}
    x="kind of window",
    y="share of windows with an alarm (0 to 1)",
    alt="Values: always high. Others: low if quiet, 1 for graduates, rise by fault.",
) as ax:
    for i, (rule, (m, low, high)) in enumerate(points.items()):
        x = np.arange(5) + 0.15 * (i - 1)
        ax.errorbar(x, m, [m - low, high - m], fmt=plots.MARKERS[i], label=rule)
    ax.set_xticks(range(5), KINDS)
    ax.legend()

# %% [markdown]
# The claim fails twice.
#
# *By chance.* The rule of values fires in most quiet windows, with a share of {{quiet_value}}.{{!quiet_most}} One metric has
# about an even chance to lie further out than on the first day, and three metrics have three chances.{{!one_is_even}}
#
# *By other people.* With the graduates every rule fires in all windows, and each person gets the answer of the
# first day.{{!graduates_most}} The gap between men and women has truly grown. No one is treated otherwise.
#
# And silence means little. If a quarter of the women are hit by the form, the third rule sees it in a share of
# {{quarter_seen}} of the windows. Rules that fire more often here also fire more often when nothing
# happens.{{!same_order}} And even with the fault, the model is the one of the first day. What became unfair is the form.
#
# ## Other people, or other treatment?
#
# Was it the visitors? That can be tested: give each person of the window a weight, so that graduates count as much as
# on the first day, and compute the gaps again.
#
# ### Exercise 2: the mix of the first day
#
# Write `mix_weights(before, now)`. Both are lists with the kind of each person, such as her education. Return one
# weight for each person of `now`, so that the weighted shares of the kinds are those of `before`. A weight of 2 means that a
# person stands for two people of the window. Who is of a kind that did not come before gets 0.


# %% tags=["exercise"]
# BEGIN SOLUTION
def mix_weights(before, now):
    """Return one weight for each person of the window."""
    #: 1. what share has each kind in `before`, and in `now`?
    #: 2. by which factor does a person of a kind count too much?
    then = pd.Series(before).value_counts(normalize=True)
    today = pd.Series(now).value_counts(normalize=True)
    kinds = pd.Series(now)
    return (kinds.map(then).fillna(0) / kinds.map(today)).tolist()


# END SOLUTION
lab.ex2.check(mix_weights)

# %% [markdown]
# A second trial computes the gaps of windows of 8,000 with such weights, for two kinds: with a degree and without. It
# also asks Clarify's other monitor. That one compares what the model looks at: the mean absolute [Shapley
# value](../glossary.md#shapley-value) of each column. Put the columns in the order of today's values, and score
# this order with the values of the first day. The score, NDCG, is 1 for the same order. Below 0.9 is a violation.


# %% tags=["trial"]
def exact(X, good, offer, weight):
    """Return the three metrics where a person counts by a weight."""
    women, share = (X["sex"] == "Female").to_numpy(), {}
    for sex, of in (("men", ~women), ("women", women)):
        pairs = (offer, of), (offer, of & (good == 1)), (offer == good, of)
        share[sex] = [np.average(what[who], weights=weight[who]) for what, who in pairs]
    return dict(zip(METRICS, np.subtract(*share.values()), strict=True))


def attributions(model, X):
    """Return the mean absolute SHAP value of each column."""
    matrix = xgb.DMatrix(X, enable_categorical=True, nthread=1)
    shap = model.get_booster().predict(matrix, pred_contribs=True)[:, :-1]
    return dict(zip(X, np.abs(shap).mean(axis=0).tolist(), strict=True))


def explaining(seed):
    """Reweight windows of 8,000 to the mix of the first day; compare attributions."""
    model, X, known = first_day(seed)
    good, weight = known["good"].to_numpy(), known["weight"].to_numpy()
    day = X.iloc[draw(X, weight, 8_000, 1, np.random.default_rng([seed, 3]))]
    then, found = day["education_num"] >= GRADUATE, {}
    explained = attributions(model, day)
    for kind, (times, share) in KINDS.items():
        rows = draw(X, weight, 8_000, times, np.random.default_rng([seed, 2]))
        seen = fault(X, share, seed).iloc[rows]
        now, offer = seen["education_num"] >= GRADUATE, offers(model, seen)
        yes, no = then.mean() / now.mean(), (1 - then.mean()) / (1 - now.mean())
        mixes = {"as they came": np.ones(8_000), "same mix": np.where(now, yes, no)}
        for mix, weights in mixes.items():
            said = exact(seen, good[rows], offer, weights)
            found |= {(kind, mix, metric): value for metric, value in said.items()}
        ndcg = monitor.ndcg(explained, attributions(model, seen))
        found |= {(kind, "all", "NDCG"): ndcg, (kind, "all", "offers"): offer.mean()}
    return found


# %%
mixed = lab.trial(explaining, seeds=20, levels=("kind", "mix", "measure"))
offered = {kind: mixed.wide(kind, "all")["offers"].mean() for kind in KINDS}
pd.Series(offered).round(3)

# %% [markdown]
# Each kind has offers.{{!alive}} Now the gaps of two kinds, each against the quiet windows of the same half, in pairs. There are four comparisons.

# %%
compare = {}
for kind, metric in (("graduates", "DPPL"), ("fault 100", "RD")):
    for mix in ("as they came", "same mix"):
        pair = (mixed.wide(k, mix)[metric] for k in (kind, "quiet"))
        compare[f"{kind}, {metric}, {mix}"] = stats.worlds(
            *pair, comparisons=4, margin=0.02
        )
stats.table(compare)[["what", "difference", "low", "high", "verdict"]]

# %% [markdown]
# With the mix of the first day, the graduates' DPPL is a [tie](../glossary.md#tie) with that of quiet windows. This had to come: we weight by the
# very thing by which we drew. In your bank you have to guess it. The fault's step in RD stays.{{!separated}} So reweight
# before you write a letter. But the weights are only as good as the record: the faulty form spoils the education by which we
# weight.
#
# Would attribution [drift](../glossary.md#drift) have told the two apart?

# %%
score = {kind: mixed.wide(kind, "all")["NDCG"] for kind in KINDS}
least = pd.DataFrame(
    {kind: {"mean": v.mean(), "least": v.min()} for kind, v in score.items()}
).T
least.round(3)

# %%
explained = attributions(model, X.iloc[day])
on_top = explained | {"sex": 2 * max(explained.values())}
monitor.check_attributions(explained, on_top)["violations"]

# %% [markdown]
# It fires in no window, not even if the form hits every woman: the columns nearly keep their order.{{!ndcg_silent}} It would fire if the
# model suddenly looked at `sex` first.{{!ndcg_would}} No label enters an attribution, and it is a mean over
# all people, not one for each group.
#
# ## Where it fails: larger windows, more false alarms
#
# "Then take larger windows", says a colleague. "More people, less chance."

# %%
sizes = {
    n: {rule: shares(rule, n, ["quiet"])["quiet"] for rule in RULES}
    for n in (500, 2_000, 8_000)
}
pd.DataFrame({n: shown(found) for n, found in sizes.items()}).T

# %% [markdown]
# These windows are quiet. By the rule of intervals, larger windows give more false alarms.{{!larger_worse}} The interval of a large window is narrow, and
# the rule takes the baseline as exactly known. But the first day had 2,000 people. If its gap was small by luck, a
# narrow interval shows that today's is not. Is that so? Take the RD of each first day, minus the mean RD of all quiet windows
# of 8,000, and compare the days after which the rule fires for RD with those after which it is silent.

# %%
luck = rows.wide("quiet", "8000", "first day")["RD"] - measured.loc["quiet", "RD"]
fires_then = rows.wide("quiet", "8000", "interval")["RD"] == 1
lucky = luck.groupby(fires_then).agg(["mean", "count"]).rename_axis("RD fires")
lucky.round(3)

# %% [markdown]
# Where the rule fires, the first day's RD lay nearer to zero than that mean, on average; where it is silent, it did
# not.{{!lucky}} And the bank compares every week with the same first day.
#
# The third rule counts the errors of both days. In windows of 8,000 its share is {{both_large}}.
#
# ## Real data: how many people stand behind a gap?
#
# How large must a step be, so that the third rule sees it in four windows of five? For one metric it is the limit plus
# 0.84 standard errors of both days. The errors are those of the quiet windows, as the rule computes them.


# %%
def step_of(kind, n):
    """Return the steps away from zero, and the same in standard errors."""
    seen = (
        rows.wide(kind, str(n), what) for what in ("measured", "first day", "steps")
    )
    now, before, in_errors = (table[[*METRICS]] for table in seen)
    return now.abs() - before.abs(), in_errors


# %%
limit, step = NormalDist().inv_cdf(1 - 0.05 / len(METRICS)), {}
for n in (500, 2_000, 8_000):
    moved, in_errors = step_of("quiet", n)
    step[n] = (limit + NormalDist().inv_cdf(0.8)) * (moved / in_errors).median()
behind = ((X["sex"] == "Female") & (good == 1)).to_numpy()
share = np.average(behind, weights=weight)
pd.DataFrame(step).T.assign(rich_women=[round(n * share) for n in step]).round(3)

# %% [markdown]
# RD rests on the women who earn enough, and in 2,000 people there are about {{women}}. So it takes a step in RD of about
# {{rd_step}}, which is more than the whole gap of quiet windows.{{!blind}} Does this estimate fit the trial? Here are the steps that
# the fault made in RD, in windows of 2,000, and the share of them that the third rule sees in RD.

# %%
made = {kind: step_of(kind, 2_000) for kind in ("fault 25", "fault 50", "fault 100")}
made = {
    k: {"step": moved["RD"].mean(), "seen": (errors["RD"] > limit).mean()}
    for k, (moved, errors) in made.items()
}
{k: f"step {v['step']:.2f}, seen {v['seen']:.2f}" for k, v in made.items()}

# %% [markdown]
# It fits: the largest step is near the estimate and is seen in about four windows of five; the two smaller ones are
# missed in most.{{!estimate_fits}} Four times as many people in the window make the step only about a fifth smaller, for
# each metric: the first day stays as small as it is.{{!first_day_limits}} So make the first day large, too.
#
# The census also limits what can be said. These are adults of 1994 who answered, not applicants; and "good" is what they were
# paid, fair or not.
#
# ## On SageMaker
#
# Clarify and Model Monitor, parts of Amazon SageMaker AI, are closed to new customers, whom AWS
# advises to compute the formulas themselves; existing ones go on. A bias job needs the labels,
# as RD and AD do. An attribution job has no place for them.

# %%
from pathlib import PurePosixPath

from labs_lib import aws

inside, bucket = PurePosixPath("/opt", "ml", "processing"), "s3://example-bucket/card"
image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-clarify-processing"
captured = {"EndpointName": "card", "LocalPath": str(inside / "input")}
reports = {"S3Uri": f"{bucket}/reports", "LocalPath": str(inside / "output")}
machines = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}
config = {"ImageUri": image, "ConfigUri": f"{bucket}/analysis_config.json"}

# %%
job = {
    "JobDefinitionName": "card-bias",
    "ModelBiasAppSpecification": config,
    "ModelBiasJobInput": {
        "EndpointInput": captured,
        "GroundTruthS3Input": {"S3Uri": f"{bucket}/labels"},
    },
    "ModelBiasJobOutputConfig": {"MonitoringOutputs": [{"S3Output": reports}]},
    "JobResources": {"ClusterConfig": machines},
    "RoleArn": "arn:aws:iam::111122223333:role/monitor",
}
aws.validate("CreateModelBiasJobDefinition", job)

# %%
job["ModelBiasJobInput"] = {"EndpointInput": captured}
try:
    aws.validate("CreateModelBiasJobDefinition", job)
except ValueError as error:
    print(error)

# %% [markdown]
# The guide describes the rule of intervals on its page about the monitor, and the rule of values on its page about violations.
# Ask which one your alarm comes from.
#
# ## What is not reproduced
#
# - Clarify takes a normal bootstrap interval; `bias.report` takes percentiles.
# - Kernel SHAP, by which Clarify explains; here are the exact values for trees.
# - Data capture, the merge of labels, schedules, alarms in CloudWatch.
#
# ## Takeaways
#
# - Ask of an alarm: chance, other people, or other treatment?
# - The rule of values fires in most quiet windows; the rule of intervals forgets that the first day is a sample.{{!forgets}}
# - Reweight to the first day's mix. A step that stays, and is not chance, is about treatment, or about a kind you did not weight by.
# - Attributions can nearly keep their order while a group is treated worse.{{!ndcg_silent}}
# - Say beforehand how large a step you would see.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - SageMaker AI developer guide, pages `clarify-model-monitor-bias-drift`, `clarify-model-monitor-bias-drift-violations`,
#   `clarify-model-monitor-feature-attribution-drift`; availability: `clarify-availability-change`.
# - Adult: Becker and Kohavi (1996), UCI, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

alive = min(mixed.wide(kind, "all")["offers"].min() for kind in KINDS) > 0.1
quiet_values = rows.wide("quiet", "2000", "value")[[*METRICS]].mean()
order = [[fired[rule][kind].mean for rule in RULES] for kind in ("quiet", "fault 25")]
large = {n: found["interval"] for n, found in sizes.items()}
larger_worse = (
    large[500].mean < large[2_000].mean < large[8_000].mean
    and large[500].high < large[8_000].low
)
steps = {name: result.low for name, result in compare.items()}
lab.facts(
    digits=2,
    tolerance=0.02,
    alive=alive,
    fault_in_rd=measured.loc["fault 100", "RD"] - measured.loc["quiet", "RD"] > 0.2
    and measured.loc["fault 100", "DPPL"] - measured.loc["quiet", "DPPL"] < 0.06,
    graduates_differ=(measured.loc["graduates"] - measured.loc["quiet"]).abs().min()
    > 0.01,
    quiet_value=fired["value"]["quiet"],
    quiet_most=fired["value"]["quiet"].low > 0.5,
    one_is_even=quiet_values.between(0.4, 0.65).all(),
    graduates_most=all(fired[rule]["graduates"].mean == 1 for rule in RULES),
    quarter_seen=fired["both days"]["fault 25"],
    same_order=all(a > b > c for a, b, c in order),
    separated=compare["graduates, DPPL, same mix"].verdict == "tie"
    and steps["graduates, DPPL, as they came"] > 0.1
    and steps["fault 100, RD, as they came"] > 0.2
    and steps["fault 100, RD, same mix"] > 0.2,
    larger_worse=larger_worse,
    lucky=lucky.loc[True, "mean"] < -0.05 and lucky.loc[False, "mean"] > -0.01,
    both_large=sizes[8_000]["both days"],
    ndcg_silent=least.to_numpy().min() > 0.92
    and least.loc[["fault 25", "fault 50", "fault 100"]].to_numpy().min() > 0.99,
    ndcg_would=monitor.ndcg(explained, on_top) < 0.88,
    women=Fact(2_000 * share, digits=0, tolerance=2),
    rd_step=step[2_000]["RD"],
    blind=measured.loc["quiet", "RD"] < step[2_000]["RD"] - 0.02,
    estimate_fits=made["fault 25"]["seen"] < 0.5
    and made["fault 50"]["seen"] < 0.5
    and 0.7 < made["fault 100"]["seen"] < 0.95
    and abs(made["fault 100"]["step"] - step[2_000]["RD"]) < 0.05,
    first_day_limits=(step[8_000] / step[2_000]).between(0.74, 0.86).all(),
    forgets=larger_worse and fired["value"]["quiet"].low > 0.5,
)
