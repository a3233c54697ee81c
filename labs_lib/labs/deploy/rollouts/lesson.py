# ---
# jupyter:
#   labs:
#     concepts:
#       sm-blue-green: "A restart under traffic"
#       sm-traffic-shifting: 'On trial: "a canary limits the damage"'
#     constants:
#       "0.02": "a severity of the trial, chosen before looking"
#       "0.1": "a severity of the trial, chosen before looking"
#       "0.3": "a severity of the trial, chosen before looking"
#       "10 %": "an invented canary in the quiz"
#       "5 %": "an invented threshold in the quiz"
#       "2 %": "arithmetic on invented numbers in the quiz"
#       "1 %": "arithmetic on invented numbers in the quiz"
# ---

# %% [markdown]
# # Rollouts: does a canary limit the damage?
#
# > Tonight a new fraud model goes live. If it is broken, how many payments does it spoil before an alarm
# > takes it back?
#
# **You will**
#
# - change a model under traffic, and count what each way of doing it drops;
# - measure when a canary spoils fewer answers than all at once, and when more;
# - set up an alarm that sees a model which is wrong without an error, and watch it roll back.
#
# **You need** [Threshold](../2_train/25_threshold.ipynb). **Data in:** simulated traffic, credit
# defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | endpoint, `UpdateEndpoint`, `DeploymentConfig` | the same requests, answered on this machine |
# | instance | a process on this machine |
# | CloudWatch metric and alarm | the same requests, on a clock that we move |

# %%
from labs_lib.labs.deploy.rollouts.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# You are on duty. An *endpoint* is an address that scores payments. Its present model is good; a new
# one shall replace it tonight, within an hour, while 600 payments a minute come in.
#
# SageMaker starts new instances (*green*) beside the old ones (*blue*). Then it moves the traffic:
#
# | policy | traffic of the green instances |
# |---|---|
# | all at once | everything |
# | canary | a small share first, then everything |
# | linear | equal steps |
# | rolling | as linear, but each step also replaces instances, so that fewer run at the same time |
#
# After each step SageMaker waits: the step *bakes*. If an alarm goes off in that time, all
# traffic goes back to blue: a *rollback*. The guide says that issues of a new
# model "only impact the canary". So people repeat: *a canary limits the damage*. A tenth of the traffic,
# a tenth of the damage.
#
# ## Predict
#
# The new model crashes on 3 payments of 10. Both rollouts take one hour: all at once bakes for 60 minutes,
# the canary 30 minutes with a tenth of the traffic and 30 with all of it. Both have the same alarm. It counts
# what the guide's first example counts, all answers of the endpoint, and goes off after three minutes in a row
# with more than 5 errors in 100.
#
# Does the canary spoil more answers than all at once (higher), fewer (lower), or is
# [no difference shown](../glossary.md#no-difference-shown)?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.damage.commit(guess)

# %% [markdown]
# ## A restart under traffic
#
# Does a change of models lose requests? The container of our endpoint runs
# this script. The file `kind` says which model it is. The clock of our SageMaker stands still until we move it.

# %%
from labs_lib import sagemaker

SCRIPT = """
import json, pathlib

def model_fn(folder):
    return pathlib.Path(folder, "kind").read_text()

def transform_fn(kind, body, content_type, accept):
    if body == "crash":
        raise ValueError("no such column")
    amount = float(body) * (100 if kind == "cents" else 1)
    answer = {"flagged": amount > 500, "kind": kind}
    return json.dumps(answer), "application/json"
"""
local = sagemaker.start(speed=0)
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)

# %%
import io
import tarfile


def packed(kind):
    """Return the archive of a model: what kind it is, and the script."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (("kind", kind), ("serve.py", SCRIPT)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


# %%
def prepare(kind):
    """Make a model and an endpoint configuration of this kind, with two instances."""
    s3.put_object(Bucket=local.bucket, Key=f"{kind}.tar.gz", Body=packed(kind))
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/"
    image += "sagemaker-scikit-learn:1.2-1-cpu-py3"
    where = f"s3://{local.bucket}/{kind}.tar.gz"
    values = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": where}
    container = {"Image": image, "Environment": values, "ModelDataUrl": where}
    client.create_model(
        ModelName=kind, ExecutionRoleArn=local.role, PrimaryContainer=container
    )
    served = {"VariantName": "model", "ModelName": kind, "InitialVariantWeight": 1.0}
    served |= {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    client.create_endpoint_config(EndpointConfigName=kind, ProductionVariants=[served])


for kind in ("may", "june"):
    prepare(kind)

# %%
ready = client.get_waiter("endpoint_in_service")
created = client.create_endpoint(EndpointName="fraud", EndpointConfigName="may")
ready.wait(EndpointName="fraud")

# %% [markdown]
# A client asks without a pause, and counts. It sends each request once.

# %%
import json
import threading
from collections import Counter

from botocore.config import Config

ONCE = Config(retries={"total_max_attempts": 1})
once = local.client("sagemaker-runtime", config=ONCE)


def ask(amount, runtime=once):
    """Send one payment and return the answer."""
    answer = runtime.invoke_endpoint(EndpointName="fraud", Body=str(amount))
    return json.loads(answer["Body"].read())


# %%
def under_traffic(change):
    """Return how many payments each kind answered, and how many nobody did."""
    seen, over = Counter(), threading.Event()

    def keep_asking():
        while not over.is_set():
            try:
                seen[ask(20)["kind"]] += 1
            except Exception:
                seen["dropped"] += 1

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        change()
    finally:
        over.set()
        asking.join()
    return seen


# %% [markdown]
# A restart deletes the endpoint and creates it again. The others are one request, `UpdateEndpoint`,
# with a policy. For now, no step bakes.


# %%
def restart(config):
    client.delete_endpoint(EndpointName="fraud")
    client.get_waiter("endpoint_deleted").wait(EndpointName="fraud")
    client.create_endpoint(EndpointName="fraud", EndpointConfigName=config)
    ready.wait(EndpointName="fraud")


def update(config, policy):
    client.update_endpoint(
        EndpointName="fraud", EndpointConfigName=config, DeploymentConfig=policy
    )
    ready.wait(EndpointName="fraud")


# %%
def blue_green(kind, wait=0, **size):
    """Return a policy; a size is a share of the capacity in percent."""
    sizes = {k: {"Type": "CAPACITY_PERCENT", "Value": v} for k, v in size.items()}
    routing = {"Type": kind, "WaitIntervalInSeconds": wait} | sizes
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


half = {"Type": "CAPACITY_PERCENT", "Value": 50}
policies = {
    "all at once": blue_green("ALL_AT_ONCE"),
    "canary": blue_green("CANARY", CanarySize=25),
    "linear": blue_green("LINEAR", LinearStepSize=50),
    "rolling": {
        "RollingUpdatePolicy": {"MaximumBatchSize": half, "WaitIntervalInSeconds": 0}
    },
}

# %%
import pandas as pd

seen = {"restart": under_traffic(lambda: restart("june"))}
for number, (name, policy) in enumerate(policies.items()):
    config = ("may", "june")[number % 2]
    seen[name] = under_traffic(lambda c=config, p=policy: update(c, p))
lost = {n: "some dropped" if c["dropped"] else "none" for n, c in seen.items()}
lost

# %% [markdown]
# The restart drops requests, and none of the four policies does.{{!only_restart}}
#
# Both configurations call their *variant* (a set of instances under one model) `model`. The metric of the variant
# counts the answers of both. A third dimension, the configuration, tells them apart:{{!one_metric}}

# %%
watch = local.client("cloudwatch")


def noted(**more):
    """Return how many payments CloudWatch has counted with these dimensions."""
    names = {"EndpointName": "fraud", "VariantName": "model"} | more
    points = watch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": key, "Value": name} for key, name in names.items()],
        Statistics=["Sum"],
        StartTime=local.now() - 3600,
        EndTime=local.now() + 3600,
        Period=3600,
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


may, june = (noted(EndpointConfigName=config) for config in ("may", "june"))
told_apart = {"both together": noted() == may + june, "june alone": 0 < june < noted()}
told_apart

# %% [markdown]
# What would a usual client have noticed? Of three requests, we lose the first on its way and the answer of
# the second. The third makes the container fail.


# %%
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

LOSSES = {
    "lost on its way": (20, ConnectionClosedError(endpoint_url="-")),
    "answer lost": (20, ReadTimeoutError(endpoint_url="-")),
    "container fails": ("crash", None),
}


# %%
def seen_by(runtime):
    """Send three requests that go wrong once; return what the caller sees of each."""
    waiting, found, sent = [], {}, []

    def lose(**request):
        sent.append(request)
        if waiting:
            raise waiting.pop()

    runtime.meta.events.register("before-send.sagemaker-runtime", lose)
    for name, (amount, loss) in LOSSES.items():
        waiting[:], sent[:] = [loss] if loss else [], []
        try:
            result = "answer"
            ask(amount, runtime)
        except Exception as error:
            result = type(error).__name__
        found[name] = f"{result}, sent {len(sent)}×"
    return found


# %%
clients = {"retries off": once, "boto3's default": local.client("sagemaker-runtime")}
callers = pd.DataFrame({name: seen_by(client) for name, client in clients.items()})
callers

# %% [markdown]
# boto3's default hides two drops of three: it sent the request again, and the caller sees an
# answer.{{!hidden}} For users that is good. To test a rollout, count with retries off.
#
# What fails in the container is not sent again.{{!not_again}} Nor is what a restart drops: while there is no
# endpoint, the answer is

# %%
from botocore.exceptions import ClientError

try:
    clients["boto3's default"].invoke_endpoint(EndpointName="gone", Body="20")
except ClientError as error:
    refused = error.response["Error"]["Code"]
    repeats = error.response["ResponseMetadata"]["RetryAttempts"]
f"{refused}, sent again {repeats} times"

# %% [markdown]
# ## On trial: "a canary limits the damage"
#
# We simulate a rollout under an alarm. Payments arrive at random. Some go to the new
# model, and a share of its answers is bad: the *severity*. A *crash* is an error. A *slow* answer comes too
# late. A *quiet* fault flags payments that are fine.

# %% tags=["trial"]
import itertools

import numpy as np

POLICIES = {  # shares of the traffic, and the minutes that each of them bakes
    "all at once": ((1.0,), 60),
    "canary": ((0.1, 1.0), 30),
    "linear": ((0.25, 0.5, 0.75, 1.0), 15),
}
# What is counted: its share among the answers of a good model, its alarm's threshold.
COUNTED = {"crash": (0.001, 0.05), "slow": (0.02, 0.05), "quiet": (0.05, 0.10)}
ALARMS = {"usual": ("crash", "slow"), "usual + flags": ("crash", "slow", "quiet")}
SEVERITIES = (0.02, 0.1, 0.3, 1.0)
FOUND = 480  # minutes until people find what no alarm has found


# %% [markdown]
# The alarms are CloudWatch's, with three of three data points of one minute. A minute without
# a request has none, and is passed over.
#
# *Whose* answers does an alarm count? The guide has an example of each. The first names endpoint and variant, and
# counts old and new answers together. The second names the endpoint configuration too, and counts
# the new ones alone.


# %% tags=["trial"]
def first_alarm(asked, counted, threshold):
    """Return the minute in which three shares in a row are too high; 999 if none is."""
    shares = []
    for minute, (n, k) in enumerate(zip(asked, counted, strict=True), start=1):
        shares.append(k / n if n else None)
        last = [share for share in shares[-5:] if share is not None][-3:]
        if len(last) == 3 and min(last) > threshold:
            return minute
    return 999


def rollout(seed, traffic, fault, severities=SEVERITIES, known=FOUND):
    """Roll a model with a fault out, in all ways, for the same payments."""
    rng = np.random.default_rng([seed, 30])
    minute = np.repeat(np.arange(60), rng.poisson(traffic, 60))
    place, harm, *luck = rng.random((5, len(minute)))
    late, found = rng.poisson(traffic * (known - 60)), {}
    for severity, (policy, (shares, wait)) in itertools.product(
        severities, POLICIES.items()
    ):
        new = place < np.repeat(shares, wait)[minute]
        bad = new & (harm < severity) & (fault != "none")
        for counted, rows in (("old and new", new | True), ("new alone", new)):
            first = {}
            for (name, (usual, threshold)), chance in zip(
                COUNTED.items(), luck, strict=True
            ):
                hit = rows & ((chance < usual) | (bad & (name == fault)))
                n, k = (np.bincount(minute[r], minlength=60) for r in (rows, hit))
                first[name] = first_alarm(n, k, threshold)
            for alarms, names in ALARMS.items():
                end = min(first[name] for name in names)
                spoiled = bad[minute < end].sum()
                spoiled += late * severity * (end > 60 and fault != "none")
                key = policy, counted, alarms, f"{severity:g}"
                found[*key, "bad answers"] = spoiled
                found[*key, "full minutes"] = spoiled / traffic / severity
                found[*key, "rolled back"] = float(end <= 60)
                found[*key, "in the first step"] = float(end <= wait)
    return found


# %% [markdown]
# Damage is counted in *full minutes*: the bad answers, divided by what the fault spoils in a minute in which
# everybody gets the new model.

# %%
rows = lab.trial(
    rollout,
    seeds=30,
    levels=("policy", "counted", "alarms", "severity", "measure"),
    settings={"traffic": (1, 20, 600), "fault": ("none", "crash", "slow", "quiet")},
)
rows.design(
    worlds="the payments of eight hours, and the luck of each",
    rows="one hour of rollout; what no alarm finds, people find after eight hours",
    measure="full minutes, low is good; a policy minus all at once, in pairs, for the "
    "same payments, the same hour and the same alarm",
    yardstick="bad answers, which the simulation knows. Where no alarm goes off, a "
    "policy that moves traffic later spoils less by construction. A tenth of the "
    "traffic and the thresholds decide what an alarm can see; the trial adds chance "
    "and waiting.",
)

# %% [markdown]
# **What to try.** Change the canary in `POLICIES` to `((0.5, 1.0), 30)` and run that cell and the last one
# again. Yours is in `rows.yours.wide("full minutes", traffic=600, fault="crash")`. Then put it back.
#
# First the arms. A good model shall pass. How often is it rolled back?

# %%
checked = {
    (policy, traffic): rows.wide("rolled back", traffic=traffic, fault="none")[policy]
    .mean()
    .xs("1", level="severity")
    for policy in POLICIES
    for traffic in (1, 20, 600)
}
wrongly = pd.DataFrame(checked).T.rename_axis(["policy", "payments a minute"])
wrongly.round(2)

# %% [markdown]
# At 20 payments a minute these alarms cry wolf: two slow answers are already a tenth.{{!wolf}} At 600
# only the canary that is counted alone is rolled back, in one
# [world](../glossary.md#world) of 30.{{!one_wolf}}
#
# Now the bet: crashes of 3 in 10, 600 payments a minute, an alarm that counts old and new answers.


# %%
from labs_lib import plots, stats

kinds = list(itertools.product((1, 20, 600), ("crash", "slow", "quiet")))
damage = {k: rows.wide("full minutes", traffic=k[0], fault=k[1]) for k in kinds}


def against(policy, counted, fault, alarms, traffic, severity, **options):
    """Compare a policy with all at once, in full minutes."""
    table = damage[traffic, fault]
    pair = [table[p, counted, alarms, severity] for p in (policy, "all at once")]
    return stats.worlds(*pair, **options)


decided = against("canary", "old and new", "crash", "usual", 600, "0.3")
spoiled = rows.wide("bad answers", traffic=600, fault="crash")
in_answers = spoiled.xs(("old and new", "usual", "0.3"), axis=1, level=[1, 2, 3]).mean()
print(in_answers.round(0).astype(int).to_dict())
decided

# %%
lab.damage.reveal(decided.verdict)

# %% [markdown]
# The canary spoils *more*: {{decided}} full minutes.{{!canary_higher}} Both are rolled back in each
# world, but no canary in its first step.{{!both_back}}{{!blind_canary}} 3 errors
# of 10 in a tenth of the traffic are 3 of 100 in all answers, and the alarm waits for more than 5. So the canary
# spoils a tenth for half an hour, as much as three full minutes, and then everything until the alarm goes off.
#
# Now count the new model's answers alone:

# %%
alone = against("canary", "new alone", "crash", "usual", 600, "0.3")
alone

# %% [markdown]
# The claim holds.{{!alone_lower}} More severities, ten worlds each:

# %%
GRID = (0.02, 0.05, 0.08, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.8, 1.0)
many = pd.DataFrame([rollout(seed, 600, "crash", GRID) for seed in range(10)])
levels = ["policy", "counted", "alarms", "severity", "measure"]
many.columns = pd.MultiIndex.from_tuples(many.columns, names=levels)
curve = many.mean().xs("usual", level="alarms").rename("value").reset_index()
curve = curve[curve["measure"] == "full minutes"].astype({"severity": float})

# %%
with plots.figure(
    # {{!blind_band}}
    title="Counted together, a canary spoils more, from 0.1 to 0.4",
    x="severity (share of bad answers, 0 to 1)",
    y="damage (full minutes)",
    alt="Counted together, canary is above all at once from 0.1 to 0.4; alone, below.",
    panels=2,
) as axes:
    for ax, counted in zip(axes, ("old and new", "new alone"), strict=True):
        part = curve[curve["counted"] == counted]
        plots.lines(ax, part, x="severity", y="value", group="policy")
        ax.set(yscale="log", title=f"counted: {counted}")

# %% [markdown]
# ### Exercise 1: where is it blind?
#
# The new model gets a `share` of the traffic. The old one errs on a share `usual` of its answers. An alarm on all
# answers goes off above `threshold`. Which error rate of the new model brings the expected rate of all answers just to the
# [threshold](../glossary.md#threshold)? Return a number from 0 to 1: 1 if even that is not enough, 0 if the old model alone is above.


# %% tags=["exercise"]
# BEGIN SOLUTION
def blind_below(share, threshold, usual):
    """Return the error rate of the new model that the alarm just does not see."""
    rate = (threshold - (1 - share) * usual) / share
    return min(max(rate, 0), 1)


# END SOLUTION
lab.ex1.check(blind_below)

# %%
estimate = (0.05 - 0.9 * 0.001) / 0.1
in_time = many.xs("in the first step", axis=1, level="measure")
canary = in_time["canary"]["old and new"]["usual"]
shown_at = ["0.3", "0.4", "0.45", "0.5", "0.55", "0.6"]
print(f"estimate: {estimate:.2f}; worlds of ten that see it in the first step:")
canary[shown_at].sum().astype(int).to_dict()

# %% [markdown]
# The estimate is about where the alarm begins to see. With 30 minutes to try, chance lets it see some a little
# below.{{!estimate_holds}}
#
# ## Where it fails: little traffic, and quiet faults
#
# Does an alarm of its own rescue the canary everywhere? The table compares it with all at once: the mean
# difference in full minutes, and the verdict. Where no difference is shown, ± is half the width of the
# [interval](../glossary.md#interval).

# %%
CASES = {"crash": "usual", "slow": "usual", "quiet": "usual + flags"}
VIEWS = ("new alone", "old and new")
TEXTS = [f"{severity:g}" for severity in SEVERITIES]


def compared(policy):
    """Return the comparisons of all cases, corrected for 72."""
    found = {}
    for (case, alarms), traffic, view, severity in itertools.product(
        CASES.items(), (600, 20, 1), VIEWS, TEXTS
    ):
        found[case, traffic, view, severity] = against(
            policy, view, case, alarms, traffic, severity, comparisons=72
        )
    return pd.Series(found)


# %%
def shown(results):
    """Show each comparison in a word, a row for each case and traffic."""
    words = results.map(
        lambda r: (
            f"± {(r.high - r.low) / 2:.0f}"
            if r.verdict == "no difference shown"
            else f"{r.mean:+.0f} {r.verdict}"
        )
    )
    words.index.names = ["fault", "payments a minute", "counted", "severity"]
    return words.unstack(["counted", "severity"])[list(VIEWS)]


canaries, steps = compared("canary"), compared("linear")
shown(canaries)

# %% [markdown]
# For the quiet fault, one more alarm watches the share of payments that are flagged. For crashes and slow
# answers it changes no verdict.{{!same_words}}
#
# - **600 a minute, counted alone.** From a severity of 0.1 on, the canary spoils less.{{!rich_lower}} Counted
#   together, it spoils more at 0.1 for all three, and less at 1.{{!rich_blind}}
# - **20 a minute.** Counted alone, it is shown to help at 0.3 and 1; counted together, only
#   at 1.{{!middle}}
# - **One a minute.** The canary's tenth is six payments an hour. At 0.3 and 1 it is not shown to
#   help.{{!poor_nothing}} With crashes of 0.3, all at once is rolled back in {{poor_all}} of 30 worlds, the
#   canary in {{poor_canary}}, which is fewer.{{!fewer}}
#
# At one and at 20 a minute, this stays so if people find the fault after two hours or a day.{{!found_later}}
#
# Where no alarm goes off, the canary is lower for another reason: a tenth for half an hour is less than
# everything. So it is at 0.02 and one a minute.{{!silent}}
#
# A linear rollout has four steps, the first with a quarter of the traffic. The verdicts on both, counted:

# %%
verdicts = {
    policy: results.map(lambda r: r.verdict).groupby(level=2).value_counts()
    for policy, results in (("canary", canaries), ("linear", steps))
}
pd.DataFrame(verdicts).fillna(0).astype(int).rename_axis(["counted", "verdict"])

# %% [markdown]
# Linear sees crashes of 0.3 in its first step, where the canary is blind, if old and new are counted
# together.{{!linear_sees}} At 0.1 it spoils more than all at once, too.{{!linear_blind}}
#
# And without the alarm on flags? In how many worlds is a model rolled back that flags *every* payment, at 600 a
# minute?

# %%
quiet = rows.wide("rolled back", traffic=600, fault="quiet")
quiet.mean().xs("1", level="severity").unstack("policy").round(2)

# %% [markdown]
# Counted together, the usual alarms never find it.{{!quiet_unseen}} The alarm on flags finds it in every
# world.{{!quiet_seen}} Its price: at 20 a minute, good models are rolled back more often.{{!price}}
#
# ### Exercise 2: how long must it bake?
#
# Of `traffic` payments a minute on average, the new model gets a `share` and spoils a share `severity` of
# those. They arrive at random (Poisson): if `m` bad answers are expected, there is none with probability `exp(-m)`.
# How many whole minutes must the canary bake to give at least one bad answer with probability `chance`?


# %% tags=["exercise"]
# BEGIN SOLUTION
def minutes_to_bake(traffic, share, severity, chance):
    """Return the least whole minutes that bring a bad answer with this chance."""
    expected = -np.log(1 - chance)
    return int(np.ceil(expected / (traffic * share * severity)))


# END SOLUTION
lab.ex2.check(minutes_to_bake)

# %% [markdown]
# One bad answer is not yet an alarm.
#
# ## Real data: does every quiet fault move the flags?
#
# In the simulation a quiet fault flags more. Do real ones? A model learns which customers in Taiwan did not pay
# in time, and flags a tenth. Then its *inputs* break without an error: amounts come in cents, the newest
# payment status is lost, or six months come in reverse.

# %% tags=["trial"]
import xgboost as xgb

from labs_lib import data

KINDS = ("PAY_", "BILL_AMT", "PAY_AMT")  # six months of each


def broken(X, fault):
    """Return the inputs as a fault leaves them."""
    X = X.copy()
    months = [[c for c in X if c.rstrip("0123456789") == kind] for kind in KINDS]
    if fault == "cents":
        X[["LIMIT_BAL", *months[1], *months[2]]] *= 100
    if fault == "status lost":
        X["PAY_0"] = np.nan
    if fault == "reverse":
        for names in months:
            X[names] = X[names[::-1]].to_numpy()
    return X


def on_credit(seed):
    """Train on 18,000 customers at random, set the threshold on 6,000, break 6,000."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]).astype(float), table["DEFAULT"]
    order = np.random.default_rng(seed).permutation(len(y))
    train, valid, test = np.split(order, [18_000, 24_000])
    model = xgb.XGBClassifier(n_estimators=60, max_depth=4, learning_rate=0.1, n_jobs=1)
    model.fit(X.iloc[train], y.iloc[train])
    own = model.predict_proba(X.iloc[valid])[:, 1].astype(float).round(6)
    threshold, late, found = np.quantile(own, 0.9), y.iloc[test] == 1, {}
    good = model.predict_proba(X.iloc[test])[:, 1].astype(float).round(6) >= threshold
    for fault in ("none", "cents", "status lost", "reverse"):
        score = model.predict_proba(broken(X.iloc[test], fault))[:, 1].astype(float)
        flagged = score.round(6) >= threshold
        found[fault, "flagged"] = flagged.mean()
        found[fault, "outside half to double"] = abs(np.log2(flagged.mean() / 0.1)) > 1
        found[fault, "decisions changed"] = (flagged != good).mean()
        found[fault, "defaulters found"] = flagged[late].mean()
    return found


# %%
credit = lab.trial(on_credit, seeds=15, levels=("fault", "measure"))
measures = list(dict.fromkeys(credit.table["measure"]))
credit.wide().mean().unstack()[measures].round(2)

# %% [markdown]
# `outside half to double`: the share of splits in which less than half or more than double of the tenth is
# flagged, so that an alarm with these two limits goes off.

# %%
harm = {
    f"reverse, {measure}": stats.splits(
        credit.wide(measure)["reverse"],
        credit.wide(measure)["none"],
        n_train=18,  # thousands; only the ratio counts
        n_test=6,
        comparisons=2,
    )
    for measure in ("flagged", "defaulters found")
}
harm

# %% [markdown]
# A lost status is loud: about half of the customers are flagged.{{!status_seen}} Cents are seen in
# {{cents_seen}} splits of 15. Months in reverse are seen in none.{{!reverse_unseen}} Yet the share of the defaulters
# that the model finds changes by {{reverse_harm}}.{{!reverse_costs}} These are customers of 2005, split at random.
#
# ## On SageMaker
#
# Now once for real. The new model counts in cents, against a limit in euros, and flags most payments
# without an error. Both alarms count the new configuration alone.

# %%
prepare("cents")
names = {"EndpointName": "fraud", "VariantName": "model", "EndpointConfigName": "cents"}
who = [{"Name": key, "Value": name} for key, name in names.items()]
usual = {"Statistic": "Average", "Period": 60, "TreatMissingData": "notBreaching"}
usual |= {"EvaluationPeriods": 3, "DatapointsToAlarm": 3}
usual |= {"ComparisonOperator": "GreaterThanThreshold"}
errors = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors"}
flags = {"Namespace": "Fraud", "MetricName": "Flagged"}
for name, metric, threshold in (("errors", errors, 0.05), ("flags", flags, 0.10)):
    watch.put_metric_alarm(
        AlarmName=name, Dimensions=who, Threshold=threshold, **metric, **usual
    )

# %% [markdown]
# SageMaker reports errors by itself, but not what was flagged. The service that asks knows that, and reports
# the metric `Flagged`. Who answered? Both variants have one name, so our models put their own into the answer.


# %%
def one_minute(amounts):
    """Ask for all payments, report what was flagged, let a minute go by."""
    answers = [ask(amount) for amount in amounts]
    flagged = [float(a["flagged"]) for a in answers if a["kind"] == "cents"]
    if flagged:
        point = {"MetricName": "Flagged", "Dimensions": who, "Values": flagged}
        watch.put_metric_data(Namespace="Fraud", MetricData=[point])
    local.step(60)
    found = watch.describe_alarms(AlarmNames=["errors", "flags"])["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


# %%
import time

rollback = {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "flags"}]}
policy = blue_green("CANARY", wait=1800, CanarySize=25)
policy |= {"AutoRollbackConfiguration": rollback}
updated = client.update_endpoint(
    EndpointName="fraud", EndpointConfigName="cents", DeploymentConfig=policy
)
for _ in range(600):
    found = client.describe_endpoint(EndpointName="fraud")
    green = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
    if green[0].get("VariantStatus", [{}])[0].get("Status") == "Baking":
        break
    time.sleep(0.1)

# %%
amounts = np.random.default_rng(0).lognormal(3.5, 1, 40).round(2)
states = []
while len(states) < 20 and "ALARM" not in (states[-1].values() if states else ()):
    states.append(one_minute(amounts))
ready.wait(EndpointName="fraud")
for minute, state in enumerate(states, start=1):
    print(f"minute {minute}: {state}")

# %%
after = client.describe_endpoint(EndpointName="fraud")
last = {answer["kind"] for answer in map(ask, amounts)}
local.close()
print(after["EndpointStatus"], after["EndpointConfigName"], after["FailureReason"])

# %% [markdown]
# The alarm on errors saw nothing. The one on flags took the model back, and the old one answers
# again.{{!live}} No request was dropped: an error would have ended the cell.
#
# Do not copy the threshold of the guide's first example, an `Average` above 1: each answer counts 0 or 1, so it
# cannot go off. And mind the price: both fleets are paid while they bake.
#
# **Exercise 3: what sees it?** What is the first to tell of each fault? `health check` (the new instances never get
# traffic), `errors`, `latency`, `flags`, or `labels` (the truth about each payment, weeks later)?
#
# | fault | the new model ... |
# |---|---|
# | a | raises an error for payments in a new currency |
# | b | cannot be loaded: a library is missing |
# | c | asks a slow database before each answer |
# | d | gives each payment the score of another one, drawn at random |
# | e | has lost a column, and scores nearly everybody as harmless |

# %% tags=["exercise"]
# BEGIN SOLUTION
sees = {"a": "errors", "b": "health check", "c": "latency", "d": "labels", "e": "flags"}
# END SOLUTION
lab.ex3.check(sees)

# %% [markdown]
# ## What is not reproduced
#
# - How long AWS takes to start instances and to move traffic.
# - Traffic that changes over the day, and faults that begin later.
# - How AWS rounds a canary to whole instances, and which metrics have `EndpointConfigName` there: the guide
#   shows it for `ModelLatency`.
#
# ## Takeaways
#
# - A restart drops requests; the policies of `UpdateEndpoint` did not. Count with retries off.{{!only_restart}}
# - Ask whose answers your alarm counts. With old and new in one metric, a canary spoils more than all at
#   once if the alarm sees the fault only after the first step, and less if in it.{{!rich_blind}}{{!canary_higher}}
# - A canary needs traffic: share times traffic times severity is what its alarm gets to see.{{!poor_nothing}}
# - No alarm on errors sees a model that is quietly wrong. Report what it answers, and watch that.{{!live}} It sees some
#   quiet faults, not all.{{!reverse_unseen}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
# - SageMaker AI developer guide, pages `deployment-guardrails-configuration` (the alarms), `-blue-green-canary`,
#   `-rolling`, `monitoring-cloudwatch`; service model, `DeploymentConfig`.
# - CloudWatch user guide: "Configuring how CloudWatch alarms treat missing data".
# - botocore: `data/_retry.json`.

# %% tags=["facts", "nbval-check-output"]
poor = rows.wide("rolled back", traffic=1, fault="crash")
early = rows.wide("in the first step", traffic=600, fault="crash")
stopped = rows.wide("rolled back", traffic=600, fault="crash")
at_one = [rows.wide("rolled back", traffic=1, fault=f) for f in COUNTED]
mean = curve.set_index(["counted", "policy", "severity"])["value"]
first_seen = canary[shown_at].sum()
on_real = credit.wide().mean()


def words(results, traffic, view, severities, cases=tuple(CASES)):
    """Return the verdicts of these comparisons."""
    keys = itertools.product(cases, [traffic], [view], severities)
    return {results[key].verdict for key in keys}


def later(minutes):
    """Say whether both sentences hold if people find faults then."""
    found = {}
    for traffic, case in itertools.product((1, 20), CASES):
        table = pd.DataFrame(
            [rollout(seed, traffic, case, known=minutes) for seed in range(30)]
        )
        for view, severity in itertools.product(VIEWS, TEXTS):
            pair = [
                table[policy, view, CASES[case], severity, "full minutes"]
                for policy in ("canary", "all at once")
            ]
            found[case, traffic, view, severity] = stats.worlds(*pair, comparisons=72)
    return at_one_holds(found) and at_twenty_holds(found)


def at_one_holds(found):
    return "lower" not in words(found, 1, "new alone", ("0.3", "1"))


def at_twenty_holds(found):
    """Say whether a canary is shown to help where the lesson says so."""
    alone, together = "new alone", "old and new"
    return (
        words(found, 20, alone, ("0.3", "1")) == {"lower"}
        and words(found, 20, together, ("1",)) == {"lower"}
        and words(found, 20, together, ("0.02", "0.1", "0.3"))
        == words(found, 20, alone, ("0.02", "0.1"))
        == {"no difference shown"}
    )


lab.facts(
    digits=2,
    tolerance=0.01,
    only_restart=[name for name, word in lost.items() if word != "none"] == ["restart"],
    one_metric=told_apart == {"both together": True, "june alone": True},
    hidden=[text.split(",")[0] == "answer" for text in callers["boto3's default"]]
    == [True, True, False]
    and not any("answer" in text for text in callers["retries off"]),
    not_again=callers.loc["container fails", "boto3's default"]
    == "ModelError, sent 1×",
    wolf=bool((wrongly.xs(20, level=1) >= 0.1).all(axis=None)),
    one_wolf=bool(
        round(30 * wrongly.xs(600, level=1).max(axis=None)) == 1
        and (wrongly.xs(600, level=1).drop(index="canary") == 0).all(axis=None)
        and (wrongly.loc[("canary", 600), "old and new"] == 0).all()
    ),
    decided=decided,
    canary_higher=decided.low > 0,
    both_back=bool(
        (stopped.xs(("old and new", "usual", "0.3"), axis=1, level=[1, 2, 3]) == 1).all(
            axis=None
        )
    ),
    blind_canary=early["canary", "old and new", "usual", "0.3"].max() == 0,
    alone_lower=alone.high < 0,
    blind_band=all(
        mean["old and new", "canary", s] > mean["old and new", "all at once", s]
        and mean["new alone", "canary", s] < mean["new alone", "all at once", s]
        for s in (0.1, 0.2, 0.3, 0.4)
    ),
    estimate_holds=bool(
        first_seen["0.3"] <= 1 and first_seen["0.6"] >= 9 and first_seen["0.45"] > 0
    ),
    rich_lower=words(canaries, 600, "new alone", ("0.1", "0.3", "1")) == {"lower"},
    rich_blind=words(canaries, 600, "old and new", ("0.1",)) == {"higher"}
    and words(canaries, 600, "old and new", ("1",)) == {"lower"},
    poor_nothing=at_one_holds(canaries),
    middle=at_twenty_holds(canaries),
    found_later=all(later(minutes) for minutes in (120, 1440)),
    fewer=stats.worlds(
        poor["canary", "new alone", "usual", "0.3"],
        poor["all at once", "new alone", "usual", "0.3"],
    ).high
    < 0,
    poor_all=int(poor["all at once", "new alone", "usual", "0.3"].sum()),
    poor_canary=int(poor["canary", "new alone", "usual", "0.3"].sum()),
    silent=not any(t.xs("0.02", axis=1, level=3).any(axis=None) for t in at_one)
    and words(canaries, 1, "new alone", ("0.02",)) == {"lower"},
    same_words=all(
        against(
            "canary", view, case, "usual + flags", traffic, s, comparisons=72
        ).verdict
        == canaries[case, traffic, view, s].verdict
        for case, traffic, view, s in itertools.product(
            ("crash", "slow"), (1, 20, 600), VIEWS, TEXTS
        )
    ),
    linear_sees=early["linear", "old and new", "usual", "0.3"].mean() > 0.9,
    linear_blind=steps["crash", 600, "old and new", "0.1"].verdict == "higher",
    quiet_unseen=not quiet.xs(
        ("old and new", "usual", "1"), axis=1, level=[1, 2, 3]
    ).any(axis=None),
    price=bool(
        (
            wrongly.xs("usual + flags", axis=1, level=1).xs(20, level=1)
            > wrongly.xs("usual", axis=1, level=1).xs(20, level=1)
        ).all(axis=None)
    ),
    quiet_seen=bool(
        (quiet.xs(("usual + flags", "1"), axis=1, level=[2, 3]) == 1).all(axis=None)
    ),
    status_seen=on_real["status lost", "outside half to double"] == 1
    and on_real["status lost", "flagged"] > 0.4,
    cents_seen=int(credit.wide("outside half to double")["cents"].sum()),
    reverse_unseen=on_real["reverse", "outside half to double"] == 0,
    reverse_harm=harm["reverse, defaulters found"],
    reverse_costs=harm["reverse, defaulters found"].high < 0,
    live=after["EndpointConfigName"] == "june"
    and "'flags'" in after["FailureReason"]
    and last == {"june"}
    and {state["errors"] for state in states} == {"OK"},
)
