# ---
# jupyter:
#   labs:
#     concepts:
#       sm-shadow: "A shadow on the endpoint"
#     constants:
#       "0.003": "a share for the learner to try"
#       "0.01": "the distance that the mark of its sentence checks"
#       "0.25": "an invented weight in the quiz"
#       "0.5": "an invented weight in the quiz"
#       "0.67": "an invented weight in the quiz"
#     unmeasured:
#       "and no shadow can catch fewer": "it follows from what the labels leave out"
# ---

# %% [markdown]
# # Shadow: what can copies of requests tell?
#
# > A new model gets copies of the live requests, and its answers reach nobody. After a month, do you know
# > which model is better?
#
# **You will**
#
# - put a shadow on an endpoint, and read both models' answers from the captured data;
# - see what a slow, broken shadow does to users, and what it costs you;
# - measure what a shadow's logs say of models whose quality you know, and mend the logs.
#
# **You need** [XGBoost](../2_train/15_xgboost.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | `ShadowProductionVariants` | carried out by the SageMaker on this machine |
# | data capture | lines of JSON, in a local S3 |
# | `ModelLatency`, `Invocation5XXErrors` | real ones, of local containers |

# %%
from labs_lib.labs.deploy.shadow.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your bank blocks payments. *Production*, the model at work, scores each payment, and the riskiest three in
# a hundred are blocked. A new model is ready. Your manager is careful: "Let it run in shadow for a month.
# Then tell me which of the two is better." You have to say today whether a month of shadow can answer that.
#
# A *shadow* is a second model behind the same endpoint, the address that answers requests. It gets copies
# of them. Users get production's answer only; what the shadow answers is written down.
#
# ## Predict
#
# The claim: *shadow testing tells which model is better*.
#
# A payment that was blocked never happens, so nobody learns whether it was a fraud. Only payments that
# production lets pass get a label. Take a shadow that learned from a sixth as many payments as production.
# If all labels were known, it would rank frauds worse. Both models are now judged by the labels that exist.
# Over 20 [worlds](../glossary.md#world), will the shadow's [average
# precision](../glossary.md#average-precision) be higher or lower than production's, or is [no difference
# shown](../glossary.md#no-difference-shown)?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.logs.commit(guess)

# %% [markdown]
# ## A shadow on the endpoint
#
# First, the models. All have the same inputs, since a shadow gets the very bytes that production gets: a
# new model that needs another column cannot read the copies. The history of labels at a terminal is left
# out; in a bank that blocks, it would have gaps too.

# %% tags=["trial"]
import numpy as np
import xgboost as xgb

from labs_lib import payments, settings

INPUTS = [name for name in payments.FEATURES if not name.startswith("terminal")]
# Each row has a place, drawn between 0 and 1; a model learns from these places.
LEARNS = {
    "production": (0, 0.3),
    "more rows": (0.3, 1),
    "as many": (0.3, 0.6),
    "half as many": (0.3, 0.45),
    "a sixth": (0.3, 0.35),
}


def month_of(seed):
    """Return inputs as numbers, labels, and months 1 to 3, 4 and 5 of one world."""
    table = payments.quiet_world(seed).transactions
    X, y = payments.features(table)[INPUTS], table["is_fraud"].to_numpy()
    codes = {n: X[n].cat.codes for n in X if X[n].dtype == "category"}
    return X.assign(**codes).to_numpy(float), y, *payments.split_by_time(table)


# %% [markdown]
# Months 1 to 3 train. They lie before anything was blocked, so all of their labels are known. Month 4 gives
# each model the [threshold](../glossary.md#threshold) above which it blocks. Month 5 is the month of the
# shadow.


# %% tags=["trial"]
def fitted(name, X, y, train, valid, place, seed, blocked=0.03):
    """Return a model, its scores of all rows, and its threshold for blocking."""
    low, high = LEARNS[name]
    rows = train & (place >= low) & (place < high)
    model = xgb.XGBClassifier(
        n_estimators=30,
        max_depth=4,
        learning_rate=0.2,
        min_child_weight=3,
        random_state=seed,
        n_jobs=settings.n_jobs(),
    ).fit(X[rows], y[rows])
    score = model.predict_proba(X)[:, 1].astype(float).round(6)
    return model, score, np.quantile(score[valid], 1 - blocked)


# %%
X, y, train, valid, test = month_of(0)
place = np.random.default_rng([0, 1]).random(len(y))
fits = {
    variant: fitted(learns, X, y, train, valid, place, 0)
    for variant, learns in (("production", "production"), ("shadow", "more rows"))
}

# %% [markdown]
# Each model goes to S3 as an archive.

# %%
import io
import tarfile

from labs_lib import sagemaker

local = sagemaker.start()
services = "sagemaker", "sagemaker-runtime", "s3", "cloudwatch"
client, runtime, s3, watch = (local.client(name) for name in services)
bucket = s3.create_bucket(Bucket=local.bucket)
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


# %%
def host(name, file, content, environment):
    """Create a model from one file in an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        about = tarfile.TarInfo(file)
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    s3.put_object(Bucket=local.bucket, Key=f"{name}.tar.gz", Body=buffer.getvalue())
    container = {"Image": image, "ModelDataUrl": f"s3://{local.bucket}/{name}.tar.gz"}
    container |= {"Environment": environment}
    client.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=local.role
    )


for name, (model, _, _) in fits.items():
    host(name, "xgboost-model", bytes(model.get_booster().save_raw("ubj")), {})

# %% [markdown]
# The configuration names one production variant and one shadow variant. The shadow's weight, divided by
# production's, is the share of requests that are copied: here a half. Data capture writes down what each
# variant was asked and answered.


# %%
def variant(name, weight):
    """Return a variant with one instance."""
    size = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {
        "VariantName": name,
        "ModelName": name,
        "InitialVariantWeight": weight,
    } | size


# %%
capture = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{local.bucket}/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


# %%
def start(endpoint, shadow, weight):
    """Create an endpoint with a shadow beside production, and wait for it."""
    client.create_endpoint_config(
        EndpointConfigName=endpoint,
        ProductionVariants=[variant("production", 1.0)],
        ShadowProductionVariants=[variant(shadow, weight)],
        DataCaptureConfig=capture,
    )
    client.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
    client.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)


start("payments", "shadow", 0.5)

# %% [markdown]
# Now 150 payments arrive. Each request has an `InferenceId`, by which we find it again.


# %%
def pay(endpoint, row):
    """Ask for the score of one payment; return who answered, and what."""
    body = ",".join("" if np.isnan(v) else repr(float(v)) for v in X[row])
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        Body=body,
        ContentType="text/csv",
        InferenceId=str(row),
    )
    return answer["InvokedProductionVariant"], float(answer["Body"].read())


# %%
some = np.flatnonzero(test)[:150]
answers = [pay("payments", row) for row in some]
{who for who, _ in answers}

# %% [markdown]
# Each user was answered by production.{{!users_see_production}} Captured lines lie in S3 under the
# endpoint, then the variant, then the hour: `captured/payments/shadow/YYYY/MM/DD/HH/...`.

# %%
import json
import time


def captured(endpoint):
    """Return the captured scores: a dictionary for each variant, by InferenceId."""
    found = {"production": {}, "shadow": {}}
    listed = s3.list_objects_v2(Bucket=local.bucket, Prefix=f"captured/{endpoint}/")
    for item in listed.get("Contents", []):
        file = s3.get_object(Bucket=local.bucket, Key=item["Key"])["Body"]
        for line in map(json.loads, file.read().decode().splitlines()):
            answer = line["captureData"]["endpointOutput"]["data"]
            variant_name = item["Key"].split("/")[2]
            found[variant_name][line["eventMetadata"]["inferenceId"]] = float(answer)
    return found


# %% tags=["nbval-ignore-output"]
before, both = None, captured("payments")
while both != before or len(both["production"]) < len(some):
    time.sleep(1.2)  # lines are written every second
    before, both = both, captured("payments")
{name: len(scores) for name, scores in both.items()}

# %% [markdown]
# About half of the requests have a copy, by chance.{{!half}}
#
# ### Exercise 1: how often do they disagree?
#
# Two dictionaries hold scores by `InferenceId`. A model blocks a payment whose score is at or above its own
# threshold. Write a function that returns, of the requests that both have answered, the share in which
# exactly one of the two blocks. Return 0 if there is no such request.


# %% tags=["exercise"]
# BEGIN SOLUTION
def disagreement(production, shadow, production_limit, shadow_limit):
    """Return the share of common requests that exactly one model blocks."""
    common = production.keys() & shadow.keys()
    if not common:
        return 0.0
    differ = [
        (production[i] >= production_limit) != (shadow[i] >= shadow_limit)
        for i in common
    ]
    return sum(differ) / len(common)


# END SOLUTION
lab.ex1.check(disagreement)

# %% [markdown]
# Now a shadow that takes three seconds and then fails. Users should feel nothing.

# %%
SCRIPT = b"""
import time

def model_fn(folder):
    return None

def transform_fn(model, body, kind, accept):
    time.sleep(3)
    raise ValueError("this model expects another column")
"""
host("broken", "code/inference.py", SCRIPT, {"SAGEMAKER_PROGRAM": "inference.py"})
start("trouble", "broken", 1.0)

# %%
took, served = [], []
for row in some[:40]:
    begun = time.perf_counter()
    served.append(pay("trouble", row)[0])
    took.append(time.perf_counter() - begun)
fast = bool(np.median(took) < 1.5)
{"answered by production": served.count("production"), "half in under 1.5 s": fast}


# %% [markdown]
# All 40 users have their answer, half of them in less than half the time that the shadow
# takes.{{!unharmed}} The trouble is in the shadow's metrics.


# %%
def metric(variant_name, name, statistic):
    """Return one number of the last hours from CloudWatch; 0 if there is none yet."""
    names = {"EndpointName": "trouble", "VariantName": variant_name}
    points = watch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[{"Name": n, "Value": v} for n, v in names.items()],
        StartTime=local.now() - 7_200,
        EndTime=local.now() + 3_600,
        Period=86_400,
        Statistics=[statistic],
    )["Datapoints"]
    return sum(point[statistic] for point in points)


# %%
while not (copies := metric("broken", "Invocations", "Sum")):
    time.sleep(0.2)
errors = metric("broken", "Invocation5XXErrors", "Sum")
fastest = metric("broken", "ModelLatency", "Minimum") / 1e6  # it is in microseconds
said = {"the shadow has errors": errors > 0, "takes 3 s or more": fastest > 2.99}
said | {"errors of production": metric("production", "Invocation5XXErrors", "Sum")}

# %%
local.close()

# %% [markdown]
# This is what a shadow is for: errors and latency of the new model under real requests, while users are
# safe.{{!seen_in_metrics}}
#
# It is not free. A shadow has instances of its own, billed like others; look up today's prices. AWS's guide
# advises as many as production has, and copies of all requests before the new model takes over. What would instances
# in proportion to the copies add to production's bill? Change the parameters.

# %%
import math

instances = 4  # of production; the shadow's are of the same type
shares = (1.0, 0.5, 0.1)  # of the requests that are copied
{share: f"{math.ceil(share * instances) / instances:.0%} more" for share in shares}

# %% [markdown]
# ## On trial: "shadow testing tells which model is better"
#
# Five shadows run beside production for the whole month. Four are the same recipe, with more, as many, half
# as many, and a sixth as many payments to learn from. None shares a payment with production. The fifth
# answers with random numbers. In the simulated world we know all labels, so we can compare the logs with
# the truth.

# %% tags=["trial"]
from sklearn.metrics import average_precision_score, roc_auc_score

SHARES = (0.02, 0.1, 0.3)


def sets_of_labels(y, blocked, turned, disputed, draw):
    """Return labels and weights: all, those that exist, and ways to mend them."""
    found = {"all labels": (y, np.ones(len(y)))}
    found["labels that exist"] = y, np.where(blocked, 0, 1)
    found["blocked count as fraud"] = np.where(blocked, 1, y), np.ones(len(y))
    for share in SHARES:
        passed = (draw < share) / share
        found[f"{share:.0%} let through"] = y, np.where(blocked, passed, 1)
    found[f"{share:.0%} of disputed"] = y, np.where(blocked, disputed * passed, 1)
    found["if the shadow blocks"] = y, np.where(turned, 0, 1)
    return found


# %% tags=["trial"]
def judged(y, scores, blocks, draw):
    """Judge each shadow and production by each set of labels."""
    blocked, found = blocks["production"], {}
    for name in [n for n in scores if n != "production"]:
        disputed = blocked & ~blocks[name]
        sets = sets_of_labels(y, blocked, blocks[name], disputed, draw)
        for judge, (label, weight) in sets.items():
            for role, who in (("production", "production"), ("shadow", name)):
                ranked = label, scores[who]
                values = {
                    "average precision": average_precision_score(
                        *ranked, sample_weight=weight
                    ),
                    "AUC": roc_auc_score(*ranked, sample_weight=weight),
                    "caught": 1000 * (weight * label * blocks[who]).mean(),
                    "blocked": 1000 * blocks[who].mean(),
                }
                found |= {(name, judge, f"{m}, {role}"): v for m, v in values.items()}
            price = 1000 * (y * blocked * (weight > 0)).mean()
            found[name, judge, "frauds let through"] = price
    return found


def shadowing(seed):
    """Run all shadows beside production in one world."""
    X, y, train, valid, test = month_of(seed)
    rng = np.random.default_rng([seed, 1])
    place, scores, blocks = rng.random(len(y)), {}, {}
    for name in LEARNS:
        _, score, limit = fitted(name, X, y, train, valid, place, seed)
        scores[name], blocks[name] = score[test], score[test] >= limit
    scores["random numbers"] = rng.random(test.sum())
    blocks["random numbers"] = scores["random numbers"] >= 0.97
    return judged(y[test], scores, blocks, rng.random(test.sum()))


# %%
rows = lab.trial(shadowing, seeds=20, levels=("shadow", "labels", "measure"))

# %%
rows.design(
    worlds="a world of 60,000 payments, three frauds in a hundred",
    rows="months 1 to 3 train, month 4 gives thresholds, month 5 is in shadow",
    measure="average precision, high is good; shadow minus production, in pairs",
    yardstick="all labels of month 5, as they would be reported if nothing were "
    "blocked. They favour no model; the labels that exist leave out what production "
    "blocked, which favours a shadow.",
)

# %% [markdown]
# **What to try.** Change the `0.03` in `fitted` to 0.003, so that production blocks ten times fewer
# payments. Run that cell and `lab.trial` again, then `rows = rows.yours`, and go down to the figure: the
# logs follow the truth more closely.
#
# First, each arm. Means over the worlds, by all labels; `caught` are the frauds blocked among 1,000
# payments.

# %%
import pandas as pd

arms = {
    name: rows.wide(shadow=name, labels="all labels").mean().round(2)
    for name in [*LEARNS, "random numbers"][1:]
}
pd.DataFrame(arms).drop("frauds let through")

# %% [markdown]
# No arm has collapsed, except the one that should: random numbers.{{!arms_alive}} Each model blocks about
# 30 of 1,000 payments.{{!same_load}}

# %%
from labs_lib import stats


def against(shadow, labels, measure="average precision", **options):
    """Compare a shadow with production by one set of labels, in pairs."""
    table = rows.wide(shadow=shadow, labels=labels)
    pair = [table[f"{measure}, {role}"] for role in ("shadow", "production")]
    return stats.worlds(*pair, **options)


# %%
LABELS = ["all labels", "labels that exist"]
truth = against("a sixth", "all labels")
decided = against("a sixth", "labels that exist")
level = rows.wide("average precision, production", shadow="a sixth")[LABELS].mean()
print(level.round(2).to_dict())
lab.logs.reveal(decided.verdict)

# %% [markdown]
# By all labels, the shadow with a sixth of the payments ranks worse: the difference is
# {{truth}}.{{!truth_lower}} By the labels that exist it is {{decided}}: no difference is
# shown.{{!logs_blind}} A hasty report would say: as good as production.
#
# But these two numbers have different scales. With few frauds left, production's own average precision is
# {{level_logs}} in the logs, and {{level_true}} by all labels. So from here on we divide each difference by
# production's value. [AUC](../glossary.md#auc) does not depend on the share of frauds. Means, shadow minus
# production:


# %%
def gap(rows, shadow, measure="average precision"):
    """Return shadow minus production: a row a seed, a column a set of labels."""
    roles = ("shadow", "production")
    one, other = (rows.wide(f"{measure}, {role}", shadow=shadow) for role in roles)
    return one - other if measure != "average precision" else one / other - 1


def overview(rows, shadows):
    """Return mean differences, by both measures and both sets of labels."""
    means = {
        (measure, labels): {n: gap(rows, n, measure)[labels].mean() for n in shadows}
        for measure in ("average precision", "AUC")
        for labels in LABELS
    }
    return pd.DataFrame(means).round(3)


# %%
overview(rows, arms)

# %% [markdown]
# By average precision the logs put each shadow higher than the truth does. Is that the shadow's merit? In
# the last row the roles are turned around: labels exist for what *the shadow* does
# not block. Labels minus truth, corrected for six comparisons:

# %%
gaps = {name: gap(rows, name)[LABELS[::-1]] for name in arms}
gaps["as many, it blocks"] = gap(rows, "as many")[["if the shadow blocks", LABELS[0]]]
favour = {
    name: stats.worlds(*pair.T.to_numpy(), comparisons=6) for name, pair in gaps.items()
}
stats.table(favour, digits=2)

# %% [markdown]
# The logs favour each of the shadows.{{!favoured}} With as many payments as production, a shadow gains
# {{as_many}} by it, in shares of production's value. The logs lack what production is surest of, and hold
# part of the shadow's. Turned around, the sign turns: labels favour the model that did not
# decide.{{!sign_turns}}
#
# By AUC the logs are within 0.01 of the truth for four shadows, and show about a third of the loss of random
# numbers.{{!auc_near}} AUC looks at the whole ranking, average precision at the top, where blocking is
# decided.

# %%
from labs_lib import plots

four = list(arms)[:4]
with plots.figure(
    title="Above the dashed line, the logs favour the shadow",
    x="true difference (share of production's average precision)",
    y="in the logs (share of it)",
    alt="A point a world, for four shadows, and the line of equality.",
) as ax:
    for name in four:
        ax.plot(*gap(rows, name)[LABELS].T.to_numpy(), "o", label=name)
    ax.plot([-0.7, 0.3], [-0.7, 0.3], "k--", label="logs as the truth")
    ax.legend(loc="upper left")

# %% [markdown]
# Each point is a world; random numbers are left out. Most points lie above the line, whether the truth is a
# loss or a gain.{{!above}}
#
# ## Where it fails, and what mends it
#
# Two rules of thumb decide before any data. *Count the frauds caught among labelled payments*: what
# production blocks has no label, so production has caught none, and no shadow can catch fewer. *What was
# blocked counts as fraud*: then production makes no mistake among what it blocks. Frauds caught among 1,000
# payments, shadow minus production:

# %%
gains = pd.DataFrame({name: gap(rows, name, "caught").mean() for name in arms})
gains.head(3).round(2)

# %% [markdown]
# By the first rule even random numbers catch more than production, {{random_gain}} among 1,000 payments. By
# all labels they catch {{random_loss}} fewer.{{!random_wins}} By the second rule each shadow loses, the one
# with more rows as well.{{!filled_loses}}
#
# ### Exercise 2: what is missing, and how to get it
#
# Models that block the same payment do not differ on it. So the difference in caught frauds has two parts.
# Payments that only the shadow would block have passed, and have labels. Payments that only production
# blocks, the *disputed* ones, have none. Now let each disputed payment through with a known chance,
# `share`, drawn at random. Those get labels, and each stands for 1 / `share` disputed payments
# (*inverse-probability weighting*).
#
# Write the estimate of how many more frauds the shadow catches than production. `y` is 1 for a fraud, 0 for
# an honest payment, and NaN where no label exists. `production` and `shadow` are arrays of booleans: who
# would block.


# %% tags=["exercise"]
# BEGIN SOLUTION
def more_frauds(y, production, shadow, share):
    """Estimate how many more frauds the shadow catches than production."""
    gained = y[shadow & ~production].sum()
    lost = np.nansum(y[production & ~shadow]) / share
    return gained - lost


# END SOLUTION
lab.ex2.check(more_frauds)

# %% [markdown]
# The trial let 2, 10 or 30 of 100 blocked payments through, and in its last arm 30 of 100 disputed ones.
# How far is each estimate from the truth, and what does it cost? The table has the root of the mean squared
# error, for each shadow, and as *price* the frauds let through (their mean), both among 1,000 payments.

# %%
ways = [way for way in gains.index if way[:3] not in ("all", "blo", "if ")]
caught = {name: gap(rows, name, "caught") for name in four}
off = {name: found.sub(found["all labels"], axis=0) for name, found in caught.items()}
let = {n: rows.wide("frauds let through", shadow=n).mean() for n in arms}
error = pd.DataFrame({name: off[name].pow(2).mean().pow(0.5) for name in four})
price = pd.DataFrame(let)[four].mean(axis=1).rename("price")
error.join(price).loc[ways].round(2)

# %% [markdown]
# By the formula, letting some through is right on average.{{!unbiased}} But one month has few blocked
# payments. With 2 in 100, three of the four errors are larger than those of the logs as they
# are.{{!two_noisy}} With 30 in 100 all four are smaller, and {{price_30}} frauds among 1,000 payments go
# through.{{!thirty_better}}
#
# In the last line only disputed payments are let through. With the same draws the estimates are the same,
# as the formula says.{{!same_estimate}} The price is {{price_disputed}} frauds among 1,000
# payments.{{!disputed_cheap}} So the copies tell where an experiment is needed. Count the disputed payments
# first: beside random numbers the price would be {{price_random}}.{{!bad_is_dear}}
#
# ## Real data: credit defaults
#
# Customers with a credit card in Taiwan; 22 in 100 did not pay in time. Say that production declines the
# riskiest fifth, and only customers who got credit have a label. The one data set is split 15
# times at random, and the [intervals](../glossary.md#interval) are corrected for the rows that the splits
# share.

# %% tags=["trial"]
from labs_lib import data


def on_credit(seed):
    """Decline the riskiest fifth; only the others get a label."""
    table = data.load_credit_default()
    X = table.drop(columns=["ID", "DEFAULT"]).to_numpy(float)
    y, rng = table["DEFAULT"].to_numpy(), np.random.default_rng([seed, 1])
    part = rng.permutation(np.repeat([0, 1, 2], [18_000, 6_000, 6_000]))
    train, valid, test = (part == n for n in range(3))
    place, scores, blocks = rng.random(len(y)), {}, {}
    for name in LEARNS:
        _, score, limit = fitted(name, X, y, train, valid, place, seed, blocked=0.2)
        scores[name], blocks[name] = score[test], score[test] >= limit
    return judged(y[test], scores, blocks, rng.random(test.sum()))


# %%
credit = lab.trial(on_credit, seeds=15, levels=("shadow", "labels", "measure"))
overview(credit, four)

# %%
sixth = gap(credit, "a sixth")
pairs = {name: (sixth[name], 0 * sixth[name]) for name in LABELS}
pairs["logs - all labels"] = sixth[LABELS[1]], sixth[LABELS[0]]
half = {"n_train": 18_000, "n_test": 6_000, "comparisons": 3}
real = {name: stats.splits(*pair, **half) for name, pair in pairs.items()}
stats.table(real)

# %% [markdown]
# Here, too, the shadow with a sixth ranks worse by all labels, by {{credit_truth}} of production's
# value.{{!credit_lower}} This time the logs show a loss, and that they favour the shadow is not
# shown.{{!credit_seen}} So how far logs mislead depends on the case, and they do not say which case it is.
#
# ## On SageMaker
#
# In Amazon SageMaker AI, an endpoint with `ShadowProductionVariants` has one production variant and one
# shadow variant. There is also a managed *shadow test*, `CreateInferenceExperiment`, with a schedule and a
# comparison of metrics. It names a percentage in place of a weight, and it may be refused for an endpoint
# that is serverless, asynchronous or has many models. Here it is checked, not carried out.

# %%
from labs_lib import aws

size = {"InstanceType": "ml.m5.large", "InstanceCount": 4}
hosted = {
    "InfrastructureConfig": {
        "InfrastructureType": "RealTimeInference",
        "RealTimeInferenceConfig": size,
    }
}
copies = {"ShadowModelVariantName": "shadow", "SamplingPercentage": 50}

# %%
experiment = {
    "Name": "payments-shadow",
    "Type": "ShadowMode",
    "RoleArn": local.role,
    "EndpointName": "payments",
    "ModelVariants": [
        {"ModelName": name, "VariantName": name} | hosted for name in fits
    ],
    "ShadowModeConfig": {
        "SourceModelVariantName": "production",
        "ShadowModelVariants": [copies],
    },
}
aws.validate("CreateInferenceExperiment", experiment)

# %% [markdown]
# ### Exercise 3: what a month of copies answers
#
# Production blocks, the shadow gets copies of all requests, and nothing is let through at random. Which
# questions are answered `at once`, `when labels come`, or `not from copies`?
#
# | | question |
# |---|---|
# | a | Does the new container fail on any live request? |
# | b | What share of the payments that only the shadow would block are frauds? |
# | c | What share of the payments that only production blocks are frauds? |
# | d | How many more payments would the new model block in a day? |
# | e | Do customers leave when the new model blocks them? |
# | f | Is the new model fast enough in the busiest hour? |

# %% tags=["exercise"]
# BEGIN SOLUTION
answered = {
    "a": "at once",
    "b": "when labels come",
    "c": "not from copies",
    "d": "at once",
    "e": "not from copies",
    "f": "at once",
}
# END SOLUTION
lab.ex3.check(answered)

# %% [markdown]
# ## What is not reproduced
#
# - Managed shadow tests, and instances: an instance here is one process.
# - Some customers call when they are blocked, and then a label exists. They are not drawn at random.
# - When copies pile up, the SageMaker on this machine leaves some out, so that users come first. Do not take
#   this for AWS's rule.
# - The training months have all labels. In a bank that blocks, they would have gaps.
#
# ## Takeaways
#
# - A shadow shows errors, latency and disagreement at no risk to users.{{!unharmed}} It costs instances of
#   its own.
# - Labels that depend on a decision may favour the model that did not decide.{{!sign_turns}} In the logs of
#   the worlds, a
#   model with a sixth of the data looked as good by average precision.{{!logs_blind}} On credit data the
#   logs showed its loss.{{!credit_seen}}
# - Counting only frauds caught among labelled payments, random numbers beat production.{{!random_wins}}
#   Counting blocked as fraud, nobody does.{{!filled_loses}}
# - Let some blocked payments through at random, with a known chance. Among the disputed ones that is
#   cheap if both models mostly agree.{{!disputed_cheap}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Shadow variants: SageMaker AI developer guide, pages `model-shadow-deployment`, `shadow-tests`,
#   `shadow-tests-best-practices` and `shadow-tests-exclusions`; service model, `CreateEndpointConfig` and `CreateInferenceExperiment`.
# - Inverse-probability weighting: Horvitz and Thompson (1952). Missing labels: Lakkaraju and others (2017),
#   The selective labels problem.
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC
#   BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

by_auc = {
    n: stats.worlds(*gap(rows, n, "AUC")[LABELS[::-1]].T.to_numpy()).mean for n in arms
}
matched = both["shadow"].keys() & both["production"].keys()
bias = [stats.mean_interval(off[n][way]) for n in four for way in ways[1:4]]
pooled = pd.concat([gap(rows, n)[LABELS] for n in four])
lab.facts(
    digits=3,
    tolerance=0.001,
    users_see_production={who for who, _ in answers} == {"production"}
    and bool(
        np.allclose([a for _, a in answers], fits["production"][1][some], atol=1e-5)
    ),
    half=45 < len(matched) < 105 and matched == both["shadow"].keys(),
    unharmed=served == ["production"] * 40 and fast,
    seen_in_metrics=all(said.values()),
    arms_alive=all(
        arms[n]["average precision, shadow"] > 0.2 and arms[n]["AUC, shadow"] > 0.65
        for n in four
    )
    and abs(arms["random numbers"]["AUC, shadow"] - 0.5) < 0.02,
    same_load=all(28 < arms[n]["blocked, shadow"] < 32 for n in arms),
    truth=truth,
    truth_lower=truth.verdict == "lower",
    decided=decided,
    logs_blind=decided.verdict == "no difference shown",
    level_true=Fact(level[LABELS[0]], digits=2, tolerance=0.01),
    level_logs=Fact(level[LABELS[1]], digits=2, tolerance=0.01),
    favoured=all(favour[name].verdict == "higher" for name in arms),
    sign_turns=favour["as many, it blocks"].verdict == "lower",
    as_many=Fact(favour["as many"], digits=2, tolerance=0.01),
    auc_near=all(abs(by_auc[n]) < 0.01 for n in four)
    and 0.2
    < gap(rows, "random numbers", "AUC")[LABELS[1]].mean()
    / gap(rows, "random numbers", "AUC")[LABELS[0]].mean()
    < 0.45,
    above=all(
        (pooled[LABELS[1]] > pooled[LABELS[0]])[part].mean() > 0.75
        for part in (pooled[LABELS[0]] > 0, pooled[LABELS[0]] < 0)
    ),
    filled_loses=bool((gains.loc["blocked count as fraud"] < 0).all())
    and all(
        against(n, "blocked count as fraud", comparisons=5).verdict == "lower"
        for n in arms
    ),
    random_gain=Fact(
        gains.loc["labels that exist", "random numbers"], digits=1, tolerance=0.1
    ),
    random_loss=Fact(
        -gains.loc["all labels", "random numbers"], digits=1, tolerance=0.1
    ),
    random_wins=gains.loc["labels that exist", "random numbers"] > 0.3
    and against("random numbers", "all labels", "caught").high < -5,
    unbiased=len(bias) == 12 and all(r.low <= 0 <= r.high for r in bias),
    price_30=Fact(price["30% let through"], digits=1, tolerance=0.1),
    price_disputed=Fact(price["30% of disputed"], digits=1, tolerance=0.1),
    price_random=Fact(
        let["random numbers"]["30% of disputed"], digits=1, tolerance=0.1
    ),
    bad_is_dear=let["random numbers"]["30% of disputed"] > 3 * price["30% of disputed"],
    two_noisy=(error.loc["2% let through"] > error.loc["labels that exist"]).sum() == 3,
    thirty_better=bool(
        (error.loc["30% let through"] < error.loc["labels that exist"]).all()
    ),
    same_estimate=max(
        (off[n]["30% let through"] - off[n]["30% of disputed"]).abs().max()
        for n in four
    )
    < 0.001,
    disputed_cheap=all(
        let[n]["30% of disputed"] < 0.3 * let[n]["30% let through"] for n in four
    ),
    credit_truth=real["all labels"],
    credit_lower=real["all labels"].verdict == "lower",
    credit_seen=real["labels that exist"].verdict == "lower"
    and real["logs - all labels"].verdict == "no difference shown",
)
