# ---
# jupyter:
#   labs:
#     concepts:
#       sm-production-variants: "Two variants behind one endpoint"
#       sm-ab: 'On trial: "look every day, stop when it is significant"'
#     constants:
#       "2.8": "1.96 + 0.84, quantiles of the normal distribution for 5 % and 80 %"
#       "0.84": "quantile of the normal distribution for 80 %"
#       "0.04": "HARM, a number of the demonstration that stands in its first lines"
#       "1.96": "quantile of the normal distribution for 5 %"
#       "5 %": "the usual level of a test, chosen, not measured"
# ---

# %% [markdown]
# # A/B test: which model wins, and how sure are you?
#
# > Two models share the live traffic. When may you name a winner, and by which number?
#
# **You will**
#
# - split traffic between two variants of an endpoint, count it, and shift it while it runs;
# - measure what daily looks do to a test, and how long an honest test takes;
# - say before a test what is counted, and which number names the winner.
#
# **You need** [Threshold](../2_train/25_threshold.ipynb). **Data in:** the payments world, credit
# defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | production variant, `InitialVariantWeight` | the same, on this machine |
# | `TargetVariant`, `InvokedProductionVariant` | the same |
# | `UpdateEndpointWeightsAndCapacities` | the same |
# | metric `Invocations` | the same |

# %%
from labs_lib.labs.deploy.ab_test.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Model A has judged your company's card payments for a year. Model B is new. On Monday a colleague gave B
# one payment in ten. Each evening the team looks at a dashboard: the two shares of wrong decisions,
# and whether their difference is *significant*, that is, larger than in 95 of 100 tests of equal models.
#
# Today, on Thursday, it is significant for the first time. The plan said four weeks. The product manager
# asks: "Why wait? Ship the winner tonight." Answer before the meeting ends.
#
# ## Predict
#
# Suppose that A and B are the same model. The team looks every evening for
# 28 days, each time at the usual level of 5 %, and stops at the first significant difference. In how many of
# 100 such tests does it name a winner?

# %%
guess = ...  # "about 5", "about 10", "about 15" or "more than 20"
lab.peeking.commit(guess)

# %% [markdown]
# ## Two variants behind one endpoint
#
# A learned from the first month, B from three. Month 4 is kept for choices; month 5 is the test.

# %%
import numpy as np
import xgboost as xgb

from labs_lib import data, payments

table = data.load_payments()
table = table[payments.month(table) <= 5]
X, y, train, valid, test = payments.ready_to_fit(table)
X, first = X.select_dtypes("number"), payments.month(table) == 1

# %%
common = {"learning_rate": 0.2, "random_state": 0, "n_jobs": 1}
models = {
    "A": xgb.XGBClassifier(n_estimators=20, max_depth=3, **common),
    "B": xgb.XGBClassifier(n_estimators=40, max_depth=4, **common),
}
for name, rows in (("A", first), ("B", train)):
    models[name].fit(X[rows], y[rows])

# %% [markdown]
# Each goes to S3 as an archive, for the built-in XGBoost container.

# %%
import io
import tarfile

from labs_lib import sagemaker

local = sagemaker.start()
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)


def archive(model):
    """Return a tar.gz that holds the trees, as the container wants them."""
    trees, packed = bytes(model.get_booster().save_raw("ubj")), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(trees)
        tar.addfile(member, io.BytesIO(trees))
    return packed.getvalue()


# %%
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
for name, model in models.items():
    key = f"{name}/model.tar.gz"
    s3.put_object(Bucket=local.bucket, Key=key, Body=archive(model))
    container = {"Image": image, "ModelDataUrl": f"s3://{local.bucket}/{key}"}
    created = client.create_model(
        ModelName=f"fraud-{name}",
        ExecutionRoleArn=local.role,
        PrimaryContainer=container,
    )

# %% [markdown]
# A *production variant* is a model with its instances and a *weight*. Its share of the requests is its weight divided by
# the sum of all weights. Give them 9 and 1.

# %%
weights = {"A": 9, "B": 1}
variants = [
    {
        "VariantName": name,
        "ModelName": f"fraud-{name}",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": weight,
    }
    for name, weight in weights.items()
]
config = {"EndpointConfigName": "nine-to-one", "ProductionVariants": variants}
client.create_endpoint_config(**config)
client.create_endpoint(EndpointName="fraud", EndpointConfigName="nine-to-one")
client.get_waiter("endpoint_in_service").wait(EndpointName="fraud")

# %% [markdown]
# Send 200 payments, 20 of each of 10 customers. SageMaker draws lots: each request gets a variant at random, and the answer
# names it.

# %%
from collections import Counter

runtime = local.client("sagemaker-runtime")
month = table[test]
regulars = month["customer"].value_counts().sort_index().nlargest(10).index
sent = month[month["customer"].isin(regulars)].groupby("customer").head(20)
bodies = X.loc[sent.index].to_csv(header=False, index=False).splitlines()
call = {"EndpointName": "fraud", "ContentType": "text/csv"}


# %%
def drawn():
    """Send the payments; return which variant answered each."""
    answers = [runtime.invoke_endpoint(Body=body, **call) for body in bodies]
    return np.array([answer["InvokedProductionVariant"] for answer in answers])


# %%
from labs_lib import stats

first_week = drawn()
nine = Counter(first_week.tolist())
got = stats.share_interval(nine["B"], len(bodies))
f"B answered {nine['B']} of {len(bodies)}: a share of {got.low:.2f} to {got.high:.2f}"

# %% [markdown]
# The [interval](../glossary.md#interval) holds the share that we asked for.{{!share_fits}} Check this first in every test. If the
# share is far off, look for requests that are lost or counted twice.
#
# A request may also name its variant, whatever the weights. And weights change while the
# endpoint runs, without a new configuration.

# %%
answer = runtime.invoke_endpoint(Body=bodies[0], TargetVariant="B", **call)
even = [{"VariantName": name, "DesiredWeight": 1} for name in weights]
client.update_endpoint_weights_and_capacities(
    EndpointName="fraud", DesiredWeightsAndCapacities=even
)
client.get_waiter("endpoint_in_service").wait(EndpointName="fraud")
half = Counter(drawn().tolist())
answer["InvokedProductionVariant"], half["B"]

# %%
from datetime import UTC, datetime, timedelta

now, metric = datetime.fromtimestamp(local.now(), UTC), {}
for name in weights:
    of = {"EndpointName": "fraud", "VariantName": name}
    points = local.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": key, "Value": value} for key, value in of.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    metric[name] = int(sum(point["Sum"] for point in points))
sum(metric.values()), 2 * len(bodies)

# %% [markdown]
# AWS defines `Invocations` as the requests sent to the endpoint; here too, the one that named its variant counts.{{!one_more}} So count
# your test yourself: send an `InferenceId` with each request, and store it with the variant
# that answered. The label, which comes weeks later, finds its variant by this id.
#
# Shifting weights has a trap. Suppose that A and B are equally good, that week 2 is harder, and that the
# weights change from 9:1 to 1:1 between the weeks.

# %%
wrong_share = np.array([0.02, 0.04])  # of both models, in week 1 and week 2
traffic = {"A": np.array([0.9, 0.5]), "B": np.array([0.1, 0.5])}
pooled = {n: float(t @ wrong_share / t.sum()) for n, t in traffic.items()}
{name: round(share, 3) for name, share in pooled.items()}

# %% [markdown]
# Pooled over both weeks, B looks worse, though it is not.{{!pooled_lies}} Compare within each week, then take the mean of the weekly differences.
#
# ## On trial: "look every day, stop when it is significant"
#
# In each simulated test the models decide 2,000 payments a day, and A is wrong about
# three in a hundred. We draw the counts of 28 days, and from them `z` after each day: the difference B − A in units of its
# standard error, which is how far chance alone usually moves it. The dashboard calls it significant from 1.96 on, up or down.

# %% tags=["trial"]
import numpy as np

DAYS = 28
PAYMENTS = 2_000  # a day, both variants together
RATE = 0.03  # wrong decisions of A, as a share
TESTS = 500  # for each seed


def looks(seed, effect, share):
    """Return z and the difference B - A after each day, a row a test."""
    rng = np.random.default_rng([seed, 1])
    daily = [round(PAYMENTS * (1 - share)), round(PAYMENTS * share)]
    n = np.outer(daily, np.arange(1, DAYS + 1))
    wrong = [
        rng.binomial(many, rate, size=(TESTS, DAYS)).cumsum(axis=1)
        for many, rate in zip(daily, (RATE, RATE + effect), strict=True)
    ]
    both = (wrong[0] + wrong[1]) / n.sum(axis=0)
    gap = wrong[1] / n[1] - wrong[0] / n[0]
    return gap / np.sqrt(both * (1 - both) * (1 / n).sum(axis=0)), gap


# %% [markdown]
# Four rules say how large `z` has to be on which day. *Every day* is the dashboard. *Once* looks on day 28
# only. The others look every day and ask for more:
#
# - *flat* (Pocock): the same higher limit each day;
# - *falling* (O'Brien and Fleming): very high at first, a little above 1.96 at the end.
#
# Flat and falling get their limits from simulated tests of equal models: at most 5 % may cross
# them, all days together.


# %% tags=["trial"]
def limits():
    """Return how large z has to be on each day, for each rule."""
    day = np.arange(1, DAYS + 1)
    steps = np.random.default_rng(12345).normal(size=(40_000, DAYS))
    z = np.abs(steps.cumsum(axis=1)) / np.sqrt(day)
    flat = np.quantile(z.max(axis=1), 0.95)
    falling = np.quantile((z * np.sqrt(day / DAYS)).max(axis=1), 0.95)
    rules = {
        "every day": np.full(DAYS, 1.96),
        "once": np.where(day < DAYS, np.inf, 1.96),
        "flat": np.full(DAYS, flat),
        "falling": falling * np.sqrt(DAYS / day),
    }
    return {name: limit.round(3) for name, limit in rules.items()}


def watched(seed, effect, share):
    """Count, for each rule, who is named, after how many days, by how much."""
    z, gap = looks(seed, effect, share)
    found = {}
    for rule, limit in limits().items():
        over = np.abs(z).round(6) >= limit
        named = over.any(axis=1)
        last = np.where(named, over.argmax(axis=1), DAYS - 1)
        seen = gap[np.arange(len(gap)), last]
        found[rule, "A named"] = int((named & (seen > 0)).sum())
        found[rule, "B named"] = int((named & (seen < 0)).sum())
        found[rule, "days"] = int((last + 1).sum())
        found[rule, "B's difference"] = float(seen[named & (seen < 0)].sum())
    return found


# %%
import pandas as pd

pd.DataFrame(limits(), index=np.arange(1, DAYS + 1)).iloc[[0, 3, -1]].round(2)

# %% [markdown]
# The rows are days: first, Thursday, last.

# %%
rows = lab.trial(
    watched,
    seeds=20,
    levels=("rule", "measure"),
    settings={"effect": (0.0, -0.004), "share": (0.5, 0.1)},
)
rows.design(
    worlds="500 tests of 28 days, 2,000 payments a day",
    measure="tests in which a winner is named, of 10,000; exact intervals",
    yardstick="the rates from which the tests are drawn. Once, flat and falling are "
    "built for 5 % among equals, on the days on which they look.",
)

# %% [markdown]
# **What to try.** Set `DAYS = 7` and run the trial's cells again. Which rule changes most? Shares of your tests:
# `rows.yours.wide(effect=0.0, share=0.5).mean().unstack(sort=False) / TESTS`.
#
# First the tests with nothing to find, at 1:1 and at 9:1.

# %%
from labs_lib import plots

ALL = rows.seeds * TESTS


# %%
def totals(effect, share):
    """Return the sums over all seeds: a row a rule, a column a measure."""
    return rows.wide(effect=effect, share=share).sum().unstack(sort=False)


def false_winners(share):
    """Return, for each rule, the share of tests that name a winner among equals."""
    sums = totals(0.0, share)
    named = (sums["A named"] + sums["B named"]).astype(int)
    return {rule: stats.share_interval(n, ALL) for rule, n in named.items()}


# %%
false = {"1:1": false_winners(0.5), "9:1": false_winners(0.1)}
pd.DataFrame(false).map(lambda i: f"{i.mean:.3f} ({i.low:.3f} to {i.high:.3f})")

# %%
bands = {"about 5": 0.075, "about 10": 0.125, "about 15": 0.2, "more than 20": 1}
peeked, once = false["1:1"]["every day"], false["1:1"]["once"]
lab.peeking.reveal(next(name for name, top in bands.items() if peeked.mean < top))

# %% [markdown]
# Two equal models, and daily looks name a winner in {{peeked}} of the tests; one look at the end, in
# {{once}}.{{!peek_bad}} Day by day, for the 9:1 of your colleague:

# %%
z = np.abs(np.vstack([looks(seed, 0.0, 0.1)[0] for seed in range(rows.seeds)]))
so_far = {
    rule: np.maximum.accumulate(z >= limits()[rule], axis=1).mean(axis=0)
    for rule in ("every day", "flat", "falling")
}

# %%
with plots.figure(
    title="Two equal models: daily looks at 1.96 go on naming winners",  # {{!keeps_on}}
    x="day (count)",
    y="tests with a winner so far (0 to 1)",
    alt="Every day rises past a quarter; flat and falling end near the line at 0.05.",
) as ax:
    for rule, shares in so_far.items():
        ax.plot(np.arange(1, DAYS + 1), shares, label=rule)
    ax.axhline(0.05, color=plots.GREY, linewidth=1)
    ax.legend()

# %% [markdown]
# By Thursday, after four looks, the dashboard names a winner in {{thursday}} of 100 tests of equal models, not in 5.{{!early}} So your
# answer in the meeting is: too early.
#
# And if B really is better, wrong about 26 in 1,000 payments in place of 30?


# %%
def found(share):
    """Return, for each rule, who is named, when, and how large B's gain seems."""
    sums = totals(-0.004, share)
    shown = sums["B's difference"] / sums["B named"] / -0.004
    table = sums[["B named", "A named", "days"]] / ALL
    return table.assign(**{"difference shown / true": shown}).round(3)


pd.concat({"1:1": found(0.5), "9:1": found(0.1)})

# %%
power = rows.wide("B named", effect=-0.004, share=0.5) / TESTS
price = {
    f"B named: {rule} − once": stats.worlds(power[rule], power["once"], comparisons=2)
    for rule in ("flat", "falling")
}
stats.table(price)

# %% [markdown]
# Daily looks at 1.96 find B soonest, and pay with false winners.{{!soonest}} All rules flatter the winner: where they name B, its gain
# seems larger than it is. With daily looks at 1:1 it seems {{exaggerated}} times as large, with one look at 9:1
# {{nine_flatters}} times.{{!exaggerates}}
#
# The falling limit is an honest way to look daily. With 1:1 it finds B in {{falling_power}} of 100 tests, one look in
# {{even_power}}, and it ends after {{falling_days}} days in the mean, not 28.{{!falling_good}} The flat limit ends sooner and finds B less
# often.{{!flat_worse}} Where A and B are equal, both take more than 26 days in the mean.{{!equal_long}}
#
# And 9:1 is dear: one look then finds B in {{nine_power}} of 100 tests.{{!nine_dear}}
#
# ### Exercise 1: how many days?
#
# A test with one look finds a difference in four of five cases if it is 2.8 times its standard error
# (1.96, plus 0.84 for the fifth that may be missed). You guess the rates of A and B; `share` of the traffic goes to B;
# `daily` payments come each day. Return the whole number of days that the test has to run, and `math.inf` for equal rates. A rate
# `r` over `n` payments has the variance `r * (1 - r) / n`. The variance of a difference of two independent groups is the sum of theirs.

# %% tags=["exercise"]
#: import math
# BEGIN SOLUTION
import math


def days_needed(rate_a, rate_b, share, daily):
    """Return the days until the difference is 2.8 times its standard error."""
    if rate_a == rate_b:
        return math.inf
    of_one_payment = rate_a * (1 - rate_a) / (1 - share) + rate_b * (1 - rate_b) / share
    needed = 2.8**2 * of_one_payment / (rate_a - rate_b) ** 2
    return math.ceil(needed / daily)


# END SOLUTION
lab.ex1.check(days_needed)

# %% [markdown]
# How much longer does 9:1 take for the trial's models?

# %%
spread = {s: 0.03 * 0.97 / (1 - s) + 0.026 * 0.974 / s for s in (0.5, 0.1)}
longer = spread[0.1] / spread[0.5]
f"9:1 takes {longer:.1f} times as many days as 1:1"

# %% [markdown]
# Use 9:1 for a first check that B is not broken. Then shift to 1:1, and begin to count there.
#
# ## The winner in euros
#
# So far every wrong decision counted the same. But a missed fraud costs its amount, and a false alarm a few euros. In month 5, A
# alerts at a score of one half, B from the score that was cheapest in month 4. So B's [threshold](../glossary.md#threshold) favours B in euros: this is a
# demonstration of what can happen, in one month, with invented prices. Both models judge every payment, so the truth is known.

# %%
MISSED, ALERT, BLOCKED = 15, 5, 10  # euros, besides the amount of a missed fraud
euros = table["amount_cents"].to_numpy() / 100
score = {n: m.predict_proba(X)[:, 1].astype(float).round(6) for n, m in models.items()}
chosen = payments.best_threshold(y[valid], score["B"][valid], 100 * euros[valid])
fraud, paid = y[test] == 1, euros[test]
alerts = {"A": score["A"][test] >= 0.5, "B": score["B"][test] >= chosen}


# %%
def bill(alert):
    """Return what each payment costs."""
    missed = np.where(fraud & ~alert, paid + MISSED, 0.0)
    return missed + ALERT * alert + BLOCKED * (alert & ~fraud)


measures = {
    "wrong decisions": {n: (a != fraud) * 1.0 for n, a in alerts.items()},
    "euros": {n: bill(a) for n, a in alerts.items()},
}
truth = pd.DataFrame(measures).map(lambda costs: 1_000 * costs.mean()).T

# %% [markdown]
# Now 500 A/B tests of this month, each with a random split of its own, 1:1.


# %%
def ab_tests(cost, tests=500):
    """Return the difference B - A in each test, in units of its standard error."""
    rng = np.random.default_rng([0, 3])
    found = []
    for _ in range(tests):
        to_b = rng.random(len(paid)) < 0.5
        a, b = cost["A"][~to_b], cost["B"][to_b]
        error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        found.append((b.mean() - a.mean()) / error)
    return np.array(found)


# %%
z_by = {name: ab_tests(cost) for name, cost in measures.items()}
by_measure = pd.DataFrame(
    {
        name: {"A named": (z > 1.96).mean(), "B named": (z < -1.96).mean()}
        for name, z in z_by.items()
    }
).T
truth.round(1).join(by_measure.round(2))

# %% [markdown]
# The columns A and B hold the truth, per 1,000 payments: A makes fewer wrong decisions, and B costs less.{{!two_winners}} The tests
# that decide name A by wrong decisions, and B by euros.{{!tests_agree}} Both are right. So write down before the test which
# number names the winner.
#
# ## Where it fails: a customer meets both models
#
# SageMaker draws lots for each *request*. Look at the requests of the 9:1 split, and at who sent them.

# %%
who = sent["customer"].to_numpy()
met = pd.Series(first_week).groupby(who).nunique()
f"{(met == 2).sum()} of {len(met)} customers were judged by both models"

# %% [markdown]
# A common saying: payments of one customer are alike, so an interval that counts payments is
# too narrow. Now the outcome belongs to the customer: whoever is blocked too often gives up payments, whichever model decides
# the next one. If B decides all of a customer's payments, the customer gives up
# four more in a hundred; if it decides half, two more. Without B, too, some give up more than others. This is a demonstration: the
# numbers in its first lines are ours.

# %%
GROUPS, CUSTOMERS = 2_000, 200  # tests, and customers in each
EACH, HARM = 8, 0.04  # payments of a customer, in the mean; what B alone adds


def month_of(effect, by_customer):
    """Draw all tests: customer and variant of each payment, given up or not."""
    rng = np.random.default_rng([0, 4])
    size = rng.geometric(1 / EACH, size=GROUPS * CUSTOMERS)
    customer = np.repeat(np.arange(len(size)), size)
    habit = rng.beta(1, 9, size=len(size))
    lots = rng.random(len(size) if by_customer else len(customer)) < 0.5
    by_b = lots[customer] if by_customer else lots
    exposed = np.bincount(customer, by_b) / size
    given_up = rng.random(len(customer)) < (habit + effect * exposed)[customer]
    return customer, by_b, given_up * 1.0


# %%
def differences(test, by_b, value):
    """Return the difference B - A of each test, and its standard error."""
    means, variances = [], []
    for side in (~by_b, by_b):
        n = np.bincount(test, side, GROUPS)
        means.append(np.bincount(test, side * value, GROUPS) / n)
        square = np.bincount(test, side * value**2, GROUPS) / n
        variances.append((square - means[-1] ** 2) / (n - 1))
    return means[1] - means[0], np.sqrt(sum(variances))


# %%
def analysed(effect):
    """Return difference and error for three pairs of lots and analysis."""
    customer, by_b, value = month_of(effect, by_customer=False)
    found = {"payment, payment": differences(customer // CUSTOMERS, by_b, value)}
    customer, by_b, value = month_of(effect, by_customer=True)
    found["customer, payment"] = differences(customer // CUSTOMERS, by_b, value)
    each = np.bincount(customer, value) / np.bincount(customer)
    lots = np.bincount(customer, by_b) > 0
    test = np.arange(len(each)) // CUSTOMERS
    return found | {"customer, customer": differences(test, lots, each)}


# %%
equal, harmed = analysed(0.0), analysed(HARM)
named = {way: int((np.abs(g) > 1.96 * e).sum()) for way, (g, e) in equal.items()}
wrongly = {way: stats.share_interval(n, GROUPS) for way, n in named.items()}
holds = {w: (np.abs(g - HARM) < 1.96 * e).mean() for w, (g, e) in harmed.items()}
pd.DataFrame(
    {
        "no harm: winner named": {
            w: f"{i.low:.3f} to {i.high:.3f}" for w, i in wrongly.items()
        },
        "harm shown, mean": {w: g.mean() for w, (g, e) in harmed.items()},
        "interval holds the harm": holds,
    }
).rename_axis("lots by, analysed by").round(3)

# %% [markdown]
# The saying is half true. With lots by payment, an analysis by payment names a winner among equals in about 5 % of the tests,
# although a customer's payments are alike.{{!lots_keep}} It is too narrow with lots by customer: then it does so in
# {{sticky_false}} of them.{{!sticky_bad}}
#
# But lots by payment fail in another way. Customers meet both models, so the harm reaches both
# sides: {{diluted}} is shown in place of 0.04.{{!diluted_small}} That is about an eighth, and customers have eight payments
# in the mean.{{!diluted_small}} Lots by customer, analysed by customer, are right in each column.{{!customer_right}}
#
# The cure: a hash of the customer's number chooses the variant, and the request names it. The test's name is
# hashed too, so that the next test has other groups.

# %%
import hashlib


def arm(customer, test="b-in-may", share=0.5):
    """Return the variant of a customer: the same each time, on every machine."""
    digest = hashlib.sha256(f"{test}/{customer}".encode()).hexdigest()
    return "B" if int(digest[:8], 16) / 16**8 < share else "A"


# %%
arms = [arm(customer) for customer in who]
answers = [
    runtime.invoke_endpoint(Body=body, TargetVariant=name, **call)
    for body, name in zip(bodies, arms, strict=True)
]

# %%
local.close()
answered = pd.Series([answer["InvokedProductionVariant"] for answer in answers])
met_now = answered.groupby(who).nunique()
sides = met_now.groupby(answered.groupby(who).first()).size()
f"{(met_now == 2).sum()} customers met both; A has {sides['A']} of them, B {sides['B']}"

# %% [markdown]
# ### Exercise 2: which analysis is allowed?
#
# Which plain interval would you accept: `by payment`, `by customer`, `by week` (within each week, by payment), or `none`?
#
# | test | lots | outcome | how it ran |
# |---|---|---|---|
# | a | by the weights, 1:1 | the payment's cost | four weeks, as planned |
# | b | by a hash of the customer | the payment's cost | four weeks, as planned |
# | c | by the weights, 1:1 | account closed or not | four weeks, as planned |
# | d | by a hash of the customer | account closed or not | four weeks, as planned |
# | e | by the weights, 1:1 | the payment's cost | stopped on the first day beyond 1.96 |
# | f | by the weights, 9:1, then 1:1 | the payment's cost | a week each, as planned |

# %% tags=["exercise"]
# BEGIN SOLUTION
allowed = {
    "a": "by payment",
    "b": "by customer",
    "c": "none",
    "d": "by customer",
    "e": "none",
    "f": "by week",
}
# END SOLUTION
lab.ex2.check(allowed)

# %% [markdown]
# ## Real data: money on a small side
#
# What 30,000 credit card customers in Taiwan owed if they did not pay in time, and 0 if they did. We draw customers at random into two
# groups that nobody treats differently. Does the usual interval keep its 5 % where amounts are
# so uneven, and one group is small?

# %%
credit = data.load_credit_default()
default = credit["DEFAULT"].to_numpy(float)
owed = default * credit["BILL_AMT1"].clip(lower=0).to_numpy(float)


def equal_groups(values, n, share, tests=2_000):
    """Count the tests in which a group looks cheaper, though both are alike."""
    rng = np.random.default_rng([0, 5])
    drawn = values[rng.integers(0, len(values), size=(tests, n))]
    groups = np.split(drawn, [round(n * (1 - share))], axis=1)
    gap = groups[1].mean(axis=1) - groups[0].mean(axis=1)
    error = np.sqrt(sum(g.var(axis=1, ddof=1) / g.shape[1] for g in groups))
    small, large = gap < -1.96 * error, gap > 1.96 * error
    return {
        "small cheaper": int(small.sum()),
        "large cheaper": int(large.sum()),
        "error where small cheaper": round(error[small].mean() / error.mean(), 2),
    }


# %%
plans = [(n, share) for n in (1_000, 10_000) for share in (0.5, 0.1)]
real = pd.DataFrame(
    {
        (f"{n:,} customers", "9:1" if share < 0.5 else "1:1", what): equal_groups(
            v, n, share
        )
        for n, share in plans
        for what, v in (("defaults", default), ("money", owed))
    }
).T.astype({"small cheaper": int, "large cheaper": int})
real

# %% [markdown]
# In each cell of the first two columns about 50 of 2,000 tests are expected. With 1:1 that holds, in money too.{{!real_even}} With 9:1
# and 1,000 customers, the small group looks cheaper in {{small_cheaper}} of the tests.{{!real_small}} The last column shows the error in
# these tests as a share of its mean over all tests. A small group that happens to lack large debts has a low mean and a low error, so it
# seems cheap and sure at once.{{!too_low}} Ten times as many customers make it
# better, not good.{{!real_better}} These are customers of 2005; look at your own amounts.
#
# ## On SageMaker
#
# - Up to ten variants share an endpoint of Amazon SageMaker AI. Each has instances of its own, paid until the test ends: instances ×
#   hours × the price of your region.
# - A weight of 0 keeps a variant ready without requests; `TargetVariant` overrides the weights.
# - SageMaker splits traffic and counts requests. It knows no outcomes and names no winner.
# - `Invocations` and `ModelLatency` come per variant, in the namespace `AWS/SageMaker`. Ending a test for errors or latency
#   is no look at the outcome.
#
# ## What is not reproduced
#
# - Labels that come weeks later: the last days of a test have to wait for theirs.
# - Blocked payments without a label, and fraudsters who react to B.
# - AWS's own draws: here they have a seed.
#
# ## Takeaways
#
# - Daily looks at 1.96 name a winner among equals in more than one test in five. Look once, or use a falling limit.{{!peek_bad}}
# - Plan the days before the test. 9:1 costs time.{{!nine_dear}}
# - Say first which number names the winner: wrong decisions and euros may name different models.{{!two_winners}}
# - Count what was drawn: payments or customers. If the outcome belongs to the customer, hash the customer to `TargetVariant`, and
#   count customers.{{!customer_right}}
# - With 9:1, the small side may seem to save money.{{!real_small}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Service model: `ProductionVariant`, `InvokeEndpoint`, `UpdateEndpointWeightsAndCapacities`; SageMaker developer guide,
#   pages on testing models with production variants and on CloudWatch metrics.
# - Repeated looks: Armitage, McPherson and Rowe (1969); Pocock (1977); O'Brien and Fleming (1979).
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

no_days = {s: totals(0.0, s)["days"] / ALL for s in (0.5, 0.1)}
gain = found(0.5)
named_small = real["small cheaper"].unstack(1)
small = int(named_small["9:1"]["1,000 customers", "money"])
counts = real.xs("1:1", level=1)[["small cheaper", "large cheaper"]].to_numpy()
uneven = real.xs("9:1", level=1).xs("money", level=1)
rng = np.random.default_rng([0, 5])
hundred = owed[rng.integers(0, len(owed), size=(2_000, 1_000))][:, 900:]
fewest = hundred.mean(axis=1) <= np.quantile(hundred.mean(axis=1), 0.1)
large = (hundred > np.quantile(owed, 0.99)).sum(axis=1)
tables = [found(s) for s in (0.5, 0.1)]

lab.facts(
    digits=3,
    tolerance=0.002,
    share_fits=got.low < 0.1 < got.high,
    one_more=sum(metric.values()) == 2 * len(bodies) + 1,
    pooled_lies=pooled["B"] > 1.2 * pooled["A"],
    peeked=peeked,
    once=once,
    peek_bad=peeked.low > 0.2 and once.high < 0.06,
    keeps_on=bool(so_far["every day"][-1] > so_far["every day"][13] + 0.03 > 0.2),
    thursday=Fact(100 * float(so_far["every day"][3]), digits=0, tolerance=0.5),
    exaggerated=Fact(
        float(gain["difference shown / true"]["every day"]), digits=1, tolerance=0.05
    ),
    nine_flatters=Fact(
        float(found(0.1)["difference shown / true"]["once"]), digits=1, tolerance=0.05
    ),
    early=so_far["every day"][3] > 0.09,
    soonest=all(t["days"].idxmin() == "every day" for t in tables)
    and all(i["every day"].low > 0.2 for i in false.values()),
    exaggerates=gain["difference shown / true"]["every day"] > 1.4
    and tables[1]["difference shown / true"]["once"] > 1.3
    and all(bool((t["difference shown / true"] > 1.05).all()) for t in tables),
    falling_power=Fact(
        100 * float(gain["B named"]["falling"]), digits=0, tolerance=0.5
    ),
    falling_days=Fact(float(gain["days"]["falling"]), digits=0, tolerance=0.5),
    falling_good=price["B named: falling − once"].low > -0.04
    and gain["days"]["falling"] < 23
    and all(i["falling"].high < 0.06 for i in false.values()),
    flat_worse=price["B named: flat − once"].high < price["B named: falling − once"].low
    and gain["days"]["flat"] < gain["days"]["falling"],
    equal_long=all(d[["flat", "falling"]].min() > 26 for d in no_days.values()),
    nine_power=Fact(
        100 * float(found(0.1)["B named"]["once"]), digits=0, tolerance=0.5
    ),
    even_power=Fact(100 * float(gain["B named"]["once"]), digits=0, tolerance=0.5),
    nine_dear=found(0.1)["B named"]["once"] < 0.6 * gain["B named"]["once"],
    two_winners=truth["A"]["wrong decisions"] < truth["B"]["wrong decisions"]
    and truth["B"]["euros"] < truth["A"]["euros"]
    and bool(
        np.isclose(
            measures["euros"]["B"].sum(),
            payments.cost(fraud, alerts["B"], 100 * paid),
        )
    ),
    tests_agree=by_measure["A named"]["wrong decisions"] > 0.5
    and by_measure["B named"]["euros"] > 0.5
    and by_measure["A named"]["euros"] < 0.01
    and by_measure["B named"]["wrong decisions"] < 0.01,
    lots_keep=wrongly["payment, payment"].low < 0.05 < wrongly["payment, payment"].high,
    sticky_false=wrongly["customer, payment"],
    sticky_bad=wrongly["customer, payment"].low > 0.1,
    diluted=Fact(
        float(harmed["payment, payment"][0].mean()), digits=3, tolerance=0.001
    ),
    diluted_small=0.1 < harmed["payment, payment"][0].mean() / HARM < 0.15,
    customer_right=wrongly["customer, customer"].high < 0.07
    and holds["customer, customer"] > 0.93
    and abs(harmed["customer, customer"][0].mean() - HARM) < 0.002,
    real_even=bool(((counts > 28) & (counts < 75)).all()),
    small_cheaper=stats.share_interval(small, 2_000),
    real_small=stats.share_interval(small, 2_000).low > 0.06,
    too_low=bool((uneven["error where small cheaper"] < 0.9).all())
    and hundred[fewest].std(axis=1).mean() < 0.7 * hundred.std(axis=1).mean()
    and large[fewest].mean() < 0.2 * large.mean(),
    real_better=bool(
        60
        < named_small["9:1"]["10,000 customers", "money"]
        < named_small["9:1"]["1,000 customers", "money"]
    ),
)
