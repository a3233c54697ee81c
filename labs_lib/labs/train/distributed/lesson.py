# ---
# jupyter:
#   labs:
#     concepts:
#       sm-distributed: "One model from two machines"
#     constants:
#       "0.01": "the margin of a tie, chosen before the trial"
# ---

# %% [markdown]
# # Distributed training: when are two machines slower than one?
#
# > Training takes too long, and somebody says: take two machines, the model stays the same. Does it, and is
# > it faster?
#
# **You will**
#
# - train one XGBoost model on two workers, and find out what they tell each other;
# - measure whether it is the model of one machine, and whether the difference matters;
# - compute when more machines make training slower, and read the setting that feeds them the same rows twice.
#
# **You need** [XGBoost](11_xgboost.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | training job with `InstanceCount` 2 | two Python processes, or two threads |
# | data parallel training, all-reduce | XGBoost's own collective, on this machine's network address |
# | `S3DataDistributionType` | which rows each worker holds |

# %%
from labs_lib.labs.train.distributed.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# The fraud model is trained anew each night, and the night has become too short. A colleague wants a second
# machine: "*Data parallel*: each machine holds half of the rows. Distributed training gives the same model as
# one machine, only faster." Your auditor has signed the old model. If the new one is another model, she wants to know.
#
# ## Predict
#
# The claim: *distributed training gives the same model as one machine*. We train it in 50
# [worlds](../glossary.md#world), on the same rows with the same settings, once on one machine and once on two.
#
# In how many worlds do the trees have the same splits: `"all"`, `"some"` or `"none"`? And is
# [average precision](../glossary.md#average-precision) on two machines higher or lower than on one?
# [Tie](../glossary.md#tie) means that the two certainly differ by less than 0.01, higher and lower that they
# differ by more, [undecided](../glossary.md#undecided) that the data cannot say which side of 0.01 it is.

# %%
guess = ...  # same splits in "all", "some" or "none" of the worlds
lab.trees.commit(guess)

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.precision.commit(guess)

# %% [markdown]
# ## One model from two machines
#
# Most models are trained with sums over rows. A *gradient* says for each parameter in which direction the
# loss grows; it is a mean over rows. Here two workers compute it on a part each, and put it into an array that both can reach.

# %%
from concurrent.futures import ThreadPoolExecutor

import numpy as np

rng = np.random.default_rng(0)
A, b = rng.normal(size=(900, 3)), rng.normal(size=900)
parts, shared = (slice(0, 600), slice(600, 900)), np.zeros((2, 3))


def gradient(rows):
    """Return the gradient of the squared error, where all parameters are 0."""
    return -2 * (A[rows] * b[rows, None]).mean(axis=0)


def work(rank):
    """Write the gradient of one part into the shared array."""
    shared[rank] = gradient(parts[rank])


with ThreadPoolExecutor(2) as pool:
    list(pool.map(work, range(2)))
mean_of_two, full = shared.mean(axis=0), gradient(slice(0, 900))
np.round([mean_of_two, full], 4)

# %% [markdown]
# The second line is the gradient of all 900 rows. The plain mean of the two workers is another vector.{{!plain_differs}}
#
# ### Exercise 1: one gradient from many
#
# Write a function that gets the workers' gradients (an array with one row a worker) and how many data rows each of them
# holds. It returns the gradient of all rows. A worker may hold none; its gradient is then zero.


# %% tags=["exercise"]
# BEGIN SOLUTION
def combined(gradients, sizes):
    """Return the gradient of all rows from those of the workers."""
    return np.average(gradients, axis=0, weights=sizes)


# END SOLUTION
lab.ex1.check(combined)

# %% [markdown]
# So nobody has to send rows. Each worker sends its sums, all sums are added up, and every worker gets the
# total: an *all-reduce*. For trees the sums are those of gradients in each *bin* of a column. XGBoost sorts
# the values of a column into at most 256 bins first; their borders, the *cuts*, are quantiles of the column. A
# split can only lie at a cut.

# %% tags=["trial"]
import re

import numpy as np
import xgboost as xgb

from labs_lib.train.cluster import together

PARAMS = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1}
WORKERS = 2


def train(X, y, cuts=None, **more):
    """Train 20 trees on these rows; the cuts may come from other rows."""
    rows = xgb.QuantileDMatrix(X, y, ref=cuts, nthread=1)
    return xgb.train(PARAMS | more, rows, num_boost_round=20)


def sharded(X, y, shards, cuts=None):
    """Train on one worker a shard; all workers end with the same model."""
    return together(lambda s: train(X[s], y[s], cuts), shards)[0]


def splits(model):
    """Return all trees as text, without the numbers in their leaves."""
    return re.sub("leaf=.*", "leaf", "".join(model.get_dump()))


# %% [markdown]
# Above, `together` joins threads of this notebook by XGBoost's collective; that is quick to start. But does a thread stand
# for a machine? This is the script of a real worker. It gets its rank, and the address of a *tracker* that tells the workers of each
# other.

# %%
script = """
import json, sys
import numpy as np, xgboost as xgb
from xgboost.collective import CommunicatorContext

def train(rows):
    params = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1}
    return xgb.train(params, rows, num_boost_round=20)

if __name__ == "__main__":
    rank, address = sys.argv[1], json.loads(sys.argv[2])
    everything, own = np.load("all.npz"), np.load(f"shard{rank}.npz")
    cuts = xgb.QuantileDMatrix(everything["X"], everything["y"], nthread=1)
    with CommunicatorContext(**address, dmlc_task_id=rank):
        for name, ref in (("shared", cuts), ("own", None)):
            rows = xgb.QuantileDMatrix(own["X"], own["y"], ref=ref, nthread=1)
            train(rows).save_model(f"{name}{rank}.json")
"""

# %% [markdown]
# It trains twice. The first time, the cuts are those of all rows (`ref`): *shared cuts*. The second time it
# knows only its own rows, as on a real cluster; XGBoost then merges summaries of the workers' columns into common cuts. We call that *own
# cuts*.

# %%
import tempfile
from pathlib import Path

from labs_lib import payments

folder = Path(tempfile.mkdtemp())
(folder / "worker.py").write_text(script)
table = payments.quiet_world(0, n=20_000).transactions
table = table.sort_values("time", kind="stable")
X = payments.features(table).select_dtypes("number").to_numpy(float)
y, early = table["is_fraud"].to_numpy(int), payments.month(table) <= 3
X, y = X[early], y[early]
order = np.random.default_rng(1).permutation(len(y))
shards = np.array_split(order, 2)
for name, s in {"all": np.arange(len(y)), "shard0": shards[0], "shard1": shards[1]}.items():
    np.savez(folder / name, X=X[s], y=y[s])

# %%
import json
import subprocess
import sys

from xgboost.tracker import RabitTracker

tracker = RabitTracker(n_workers=2, host_ip="127.0.0.1", sortby="task", timeout=120)
tracker.start()
address = json.dumps(tracker.worker_args() | {"dmlc_timeout": 120})
command = [sys.executable, "worker.py"]
options = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
jobs = [subprocess.Popen([*command, str(r), address], **options) for r in range(2)]
try:
    said = [job.communicate(timeout=200)[0] for job in jobs]
finally:
    for job in jobs:
        job.kill()
[job.returncode for job in jobs]

# %% [markdown]
# Both ended well. Now compare their trees with those of one machine, and with those of the threads.


# %%
import pandas as pd

alone, cuts = train(X, y), xgb.QuantileDMatrix(X, y, nthread=1)
threads = {"shared": sharded(X, y, shards, cuts), "own": sharded(X, y, shards)}
found = {}
for name, model in threads.items():
    loaded = [xgb.Booster(model_file=folder / f"{name}{r}.json") for r in range(2)]
    one, other = (splits(m) for m in loaded)
    found[f"{name} cuts"] = {
        "both processes": one == other,
        "threads": one == splits(model),
        "one machine": one == splits(alone),
    }
pd.DataFrame(found).rename_axis("same splits as").T

# %% [markdown]
# Both processes hold the same model, and so do the threads.{{!processes}} With shared cuts it has the splits of one
# machine; with own cuts it has others.{{!cuts_matter}} How different are the cuts themselves? Inside of `together` the two
# workers merge theirs.


# %%
def borders(rows):
    """Return the cuts of each column."""
    start, value = xgb.QuantileDMatrix(X[rows], nthread=1).get_quantile_cut()
    return [set(value[a:b]) for a, b in pairwise(start)]


merged, whole = together(borders, shards)[0], borders(np.arange(len(y)))
both = [len(m & w) / len(w) for m, w in zip(merged, whole, strict=True)]
f"{sum(share == 1 for share in both)} of {len(both)} columns have the same cuts"

# %% [markdown]
# Columns with few values have a cut at each of them. In the others, the summaries of the workers are
# approximate, and some cuts move.{{!some_move}} Is that a detail, or another model?
#
# ## On trial: "distributed training gives the same model as one machine"
#
# In each world months 1 to 3 train, and month 5 judges. Two workers hold half of the rows each: halves at random; the
# earlier and the later half; or sorted by label, so that one worker holds no fraud at all. For comparison: one
# machine that reads the rows in another order, one that has only half of them, and one that draws a random
# 80 % of rows for each tree, with two [seeds](../glossary.md#seed).

# %% tags=["trial"]
from sklearn.metrics import average_precision_score, log_loss

from labs_lib import payments


def ways(X, y, seed):
    """Train on one machine, and on two in several ways."""
    rng, n = np.random.default_rng([seed, 1]), len(y)
    first, other = (np.array_split(rng.permutation(n), WORKERS) for _ in range(2))
    by_label = np.array_split(np.argsort(y, kind="stable"), WORKERS)
    cuts, mixed = xgb.QuantileDMatrix(X, y, nthread=1), np.concatenate(first)
    return {
        "one machine": train(X, y),
        "shared cuts": sharded(X, y, first, cuts),
        "own cuts": sharded(X, y, first),
        "own cuts, other shards": sharded(X, y, other),
        "own cuts, sorted rows": sharded(X, y, np.array_split(np.arange(n), WORKERS)),
        "own cuts, by label": sharded(X, y, by_label),
        "all rows on each": sharded(X, y, [np.arange(n)] * WORKERS, cuts),
        "one shard alone": train(X[first[0]], y[first[0]]),
        "one machine, other order": train(X[mixed], y[mixed]),
        "seed a": train(X, y, subsample=0.8, seed=2 * seed + 1),
        "seed b": train(X, y, subsample=0.8, seed=2 * seed + 2),
    }


def judged(models, X, y):
    """Score each model, and compare it with one machine, or with its own partner."""
    score = {n: m.inplace_predict(X).astype(float).round(6) for n, m in models.items()}
    partner = {"own cuts, other shards": "own cuts", "seed b": "seed a"}
    found = {}
    for name, model in models.items():
        other = partner.get(name, "one machine")
        found[name, "same splits"] = splits(model) == splits(models[other])
        gap = np.abs(score[name] - score[other])
        found[name, "largest difference"] = gap.max()
        found[name, "average precision"] = average_precision_score(y, score[name])
        found[name, "log loss"] = log_loss(y, score[name])
    return {key: float(value) for key, value in found.items()}


def machines(seed):
    """Train on months 1 to 3 of a world in all ways; month 5 judges."""
    table = payments.quiet_world(seed, n=20_000).transactions
    table = table.sort_values("time", kind="stable")
    X = payments.features(table).select_dtypes("number").to_numpy(float)
    y, month = table["is_fraud"].to_numpy(int), payments.month(table)
    models = ways(X[month <= 3], y[month <= 3], seed)
    return judged(models, X[month == 5], y[month == 5])


# %%
rows = lab.trial(machines, seeds=50, levels=("way", "measure"))

# %%
rows.design(
    worlds="a world of 20,000 payments, 3 in 100 of them frauds, and the halves",
    rows="months 1 to 3 train 20 trees, month 5 judges",
    measure="average precision, high is good; each way minus one machine, in pairs",
    margin=0.01,
    yardstick="one machine that reads all rows in the order of time. It favours nobody "
    "in average precision. 'Same splits' holds others to its cuts, which are "
    "approximate too.",
)

# %% [markdown]
# **What to try.** Set `WORKERS` to 3 in the first cell of the trial. Run that cell and the one with `lab.trial` again,
# and compare the lines "own cuts".
#
# First each arm. *Same splits* is the share of worlds in which all splits are those of one machine. The largest difference is that of
# the score of one payment, between 0 and 1, in the middle world. "Own cuts, other shards" is compared with "own
# cuts", and "seed b" with "seed a"; all others with one machine.


# %%
def arms(rows):
    """Return what each arm did: means, and the median of the largest differences."""
    means = rows.wide().mean().unstack()
    gap = rows.wide("largest difference").median()
    return means.assign(**{"largest difference": gap}).round(3)


arms(rows)

# %% [markdown]
# With shared cuts each world has the trees of one machine.{{!shared_all}} With own cuts no world has
# them.{{!own_none}} In the middle world some payment's score differs by {{gap}}.{{!gap_large}} That settles the claim: it is another model.
#
# But is that much? Beside it stand the other lines. One machine that reads the rows in another order has other splits
# too.{{!order_too}} And two seeds on one machine differ as widely as the machines do, by their largest difference.{{!seeds_too}}

# %%
lab.trees.reveal("none" if rows.wide("same splits")["own cuts"].sum() == 0 else "some")

# %% [markdown]
# The question for the bank is whether the other model ranks frauds better or worse.

# %%
from labs_lib import stats

ap = rows.wide("average precision")
decided = stats.worlds(ap["own cuts"], ap["one machine"], margin=0.01)
stats.table({"own cuts": decided})

# %%
lab.precision.reveal(decided.verdict)

# %% [markdown]
# Average precision changes by {{own}}.{{!own_small}} Five other ways, corrected for their number:

# %%
OTHERS = ["own cuts, sorted rows", "own cuts, by label", "one machine, other order"]
OTHERS += ["one shard alone", "all rows on each"]


def against_one(compare, value, **options):
    """Compare the other ways with one machine, in pairs."""
    options |= {"comparisons": len(OTHERS), "margin": 0.01}
    return {w: compare(value[w], value["one machine"], **options) for w in OTHERS}


others = against_one(stats.worlds, ap)
stats.table(others)

# %%
from labs_lib import plots

with plots.figure(
    title="Other cuts cost little; half of the rows cost much",  # {{!picture}}
    x="average precision, minus one machine (-1 to 1)",
    y="",
    alt="Intervals of own cuts lie near zero, that of one shard alone far left.",
) as ax:
    plots.intervals(ax, {"own cuts": decided} | others)

# %% [markdown]
# Sorted shards, which sound dangerous, are not shown to cost anything.{{!sorted_open}} Even a worker without a single fraud does no
# harm that these worlds can show.{{!label_open}} That is since the workers add up their sums. A worker that talks to
# nobody (*one shard alone*) loses much.{{!alone_lower}}
#
# In one night you do not see a mean over worlds. You see one new model. How far apart are two models in a world?

# %%
pairs = {
    "two machines, one machine": ap["own cuts"] - ap["one machine"],
    "two random halvings": ap["own cuts, other shards"] - ap["own cuts"],
    "one machine, two orders": ap["one machine, other order"] - ap["one machine"],
    "one machine, two seeds": ap["seed b"] - ap["seed a"],
}
distance = pd.DataFrame(pairs).abs().mean()
distance.rename("mean distance of average precision").to_frame().round(3)

# %% [markdown]
# Two machines are typically {{distance}} apart from one. Two seeds on one machine are about as far
# apart.{{!distance_like}} So tell the auditor: it is another model, as different as the next seed would be. Whoever
# compares a model of two machines with one of one machine has to allow for that.
#
# ## Where it fails: every machine gets every row
#
# The last line of the table, *all rows on each*, is a usual mistake: the data are copied to both machines, and nobody
# divides them. Each row is then counted twice. Should that not give the same model, since every mean stays as it is?

# %%
doubled = sharded(X, y, [np.arange(len(y))] * 2, cuts)
halved = train(X, y, **{"lambda": 0.5, "min_child_weight": 0.5})
{
    "same splits as one machine": splits(doubled) == splits(alone),
    "same splits with half the penalty": splits(doubled) == splits(halved),
}

# %% [markdown]
# It is the model of one machine whose [penalty](../glossary.md#penalty) and smallest leaf are half as large.{{!halved_same}} The
# settings `lambda` and `min_child_weight` are held against sums over rows, and the sums have doubled. Nothing fails, and no log says
# so. Each machine also works through all rows, so nothing is gained. In average precision it changes {{twice}}.{{!twice_sign}}
#
# ## A demonstration: two machines slower than one
#
# Here the result follows from our parameters, so it gets no verdict. Computing takes its time divided by the machines. An
# all-reduce in a *ring* of n machines takes 2(n - 1) steps, and in each a machine sends an n-th of the bytes. A step costs a fixed
# *latency* besides.


# %%
def seconds(n, compute, rounds, megabytes, latency=0.0005, bandwidth=1_000):
    """Return the seconds of a training; the bandwidth is in megabytes a second."""
    steps = 2 * (n - 1)
    return compute / n + rounds * steps * (latency + megabytes / n / bandwidth)


jobs = {
    "1 s": (1, 500, 3),  # 100 trees of five levels, 3 MB of sums each
    "10 s": (10, 500, 3),
    "4,000 s": (4_000, 500, 3),
    "4,000 s, 500 MB a step": (4_000, 10_000, 500),
}
sizes = [1, 2, 4, 8, 16, 32, 64]
times = pd.DataFrame({name: [seconds(n, *j) for n in sizes] for name, j in jobs.items()})
times.set_axis(pd.Index(sizes, name="machines")).round(1).T

# %%
long = (times.iloc[0] / times).assign(machines=sizes).melt("machines")
with plots.figure(
    title="More machines help until talking costs more than computing",  # {{!ring}}
    x="machines (count)",
    y="times as fast as one machine (ratio)",
    alt="One line rises nearly to 64, two lines never rise far above 1.",
) as ax:
    plots.lines(ax, long, x="machines", y="value", group="variable")
    ax.set(xscale="log", yscale="log", xticks=sizes, xticklabels=sizes)

# %% [markdown]
# Only where computing outweighs talking do more machines help.{{!ring}} With 500 MB a step, two machines are
# slower than one.{{!two_slower}} And the small job? It gains with two, and loses again with many.{{!small_turns}} What are the latency and bandwidth between
# two threads here? Fit a line to the times of some all-reduces. (Your numbers differ from those in our solution.)

# %% tags=["nbval-ignore-output"]
import time

from xgboost import collective

LENGTHS = [1_000, 100_000, 1_000_000]


def timed(rank):
    """Return the least of five times of an all-reduce, for each length."""
    best = []
    for length in LENGTHS:
        took = []
        for _ in range(5):
            begin = time.perf_counter()
            collective.allreduce(np.ones(length), collective.Op.SUM)
            took.append(time.perf_counter() - begin)
        best.append(min(took))
    return best


slope, start = np.polyfit(np.array(LENGTHS) * 8e-6, together(timed, [0, 1])[0], 1)
f"{start / 2 * 1e3:.2f} ms a step, {1 / slope:,.0f} MB a second"

# %% [markdown]
# *Model parallel* training is for a model that does not fit into one machine. By AWS's guide, training with Adam in mixed precision takes about 20
# bytes a parameter, before activations:

# %%
bytes_each = {"weight, 16 bit": 2, "gradient, 16 bit": 2, "optimizer state": 8}
bytes_each |= {"weight, 32 bit": 4, "gradient, 32 bit": 4}
per_parameter = sum(bytes_each.values())
f"{per_parameter} bytes; {7e9 * per_parameter / 1e9:.0f} GB for 7 billion parameters"

# %% [markdown]
# A *pipeline* puts the layers into p stages, one a machine, and cuts a batch into m micro-batches. At first and at the end, stages wait:
# the *bubble*.

# %%
p, m = 4, 8
slots = np.zeros((p, m + p - 1))
for stage in range(p):
    slots[stage, stage : stage + m] = np.arange(1, m + 1)
idle = (slots == 0).mean()
f"idle {idle:.4f}, formula {(p - 1) / (m + p - 1):.4f}"

# %%
with plots.figure(
    title="Four stages, eight micro-batches: white stages wait",
    x="step (count)",
    y="stage (count)",
    alt="Eight micro-batches pass four stages on a diagonal; two corners are white.",
) as ax:
    ax.imshow(np.where(slots > 0, 0.4, 0), cmap="Greys", vmin=0, vmax=1)
    for (stage, step), batch in np.ndenumerate(slots):
        ax.text(step, stage, f"{batch:.0f}" if batch else "", ha="center", va="center")
    ax.set_yticks(range(p), range(1, p + 1))

# %% [markdown]
# The bubble is (p - 1) / (m + p - 1) of the time.{{!bubble}} More micro-batches make it smaller, more stages larger.
#
# ## Real data: credit defaults
#
# Customers in Taiwan who paid in time or not. For each seed, 8,000 at random train, and 8,000 others judge. Sorted
# rows are sorted by credit limit here: one worker gets the poor, the other the rich. There is one data set, and the intervals
# are corrected for that.

# %% tags=["trial"]
from labs_lib import data


def on_credit(seed):
    """Train on 8,000 customers at random, sorted by credit limit; 8,000 others judge."""
    table = data.load_credit_default().sample(16_000, random_state=seed)
    own = table[:8_000].sort_values("LIMIT_BAL", kind="stable")
    parts = own, table[8_000:]
    (X, y), (X_judge, y_judge) = (
        (t.drop(columns=["ID", "DEFAULT"]).to_numpy(float), t["DEFAULT"].to_numpy(int))
        for t in parts
    )
    return judged(ways(X, y, seed), X_judge, y_judge)


# %%
credit = lab.trial(on_credit, seeds=20, levels=("way", "measure"))

# %%
arms(credit)

# %%
credit_ap = credit.wide("average precision")
size = {"n_train": 8_000, "n_test": 8_000}
one = credit_ap["one machine"]
real = stats.splits(credit_ap["own cuts"], one, margin=0.01, **size)
stats.table({"own cuts": real} | against_one(stats.splits, credit_ap, **size))

# %% [markdown]
# The same again: other splits, and average precision changes by {{credit_own}}.{{!credit_other}} These are customers of 2005, all of the same
# months; a bank would predict months to come.
#
# ## On SageMaker
#
# In Amazon SageMaker AI (its name since December 2024) a training job takes the number of machines, and for each channel
# how its files get to them. This is the request of the mistake above:

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
source |= {"S3DataDistributionType": "FullyReplicated"}
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
request = {
    "TrainingJobName": "fraud-on-two",
    "RoleArn": "arn:aws:iam::111122223333:role/training",
    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
    "InputDataConfig": [
        {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    ],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
    | {"VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
}
aws.validate("CreateTrainingJob", request)

# %% [markdown]
# The request is valid, and each machine gets all files. With `ShardedByS3Key` each of n machines gets about an n-th of
# the *objects*, not of the rows. If there are fewer objects than machines, some get nothing, and are paid for.
#
# ### Exercise 2: what does the group train on?
#
# The script is the worker above: it trains on whatever files its machine got, and joins the collective. The channel
# holds equally large files. Say for each job: `once` (each row counts once), `again` (each counts more than once), or
# `idle` (some machine has no rows).
#
# | job | machines | distribution | files |
# |---|---|---|---|
# | a | 2 | `FullyReplicated` | 8 |
# | b | 2 | `ShardedByS3Key` | 8 |
# | c | 4 | `ShardedByS3Key` | 1 |
# | d | 1 | `FullyReplicated` | 1 |
# | e | 4 | `FullyReplicated` | 1 |

# %% tags=["exercise"]
# BEGIN SOLUTION
trains_on = {"a": "again", "b": "once", "c": "idle", "d": "once", "e": "again"}
# END SOLUTION
lab.ex2.check(trains_on)

# %% [markdown]
# For deep learning on GPUs AWS has two libraries of its own. The data parallel one (SMDDP) speeds up the all-reduce for PyTorch. Of the model
# parallel one (SMP), version 1 is archived since December 2023; version 2 builds on PyTorch's fully sharded data
# parallelism. Whether they are closed to new customers was not verified.
#
# ## What is not reproduced
#
# - Two machines and a network between them. Threads and processes share one machine here.
# - How SageMaker's XGBoost container divides rows; whether it does so for you was not verified.
# - Dask, which drives XGBoost on a cluster (an optional extra of this course), GPUs, SMDDP and SMP.
# - An all-reduce that overlaps with computing. It hides a part of what the formula adds.
#
# ## Takeaways
#
# - Workers exchange sums. Combine means by the number of rows, or not at all.{{!plain_differs}}
# - With own cuts, two machines give other trees than one, in every world.{{!own_none}} Judge that by what another seed changes.
# - Look at which rows each machine gets. All rows on each is another penalty, and no error.{{!halved_same}}
# - Before you pay for machines, compare the seconds of computing with those of talking.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - `S3DataDistributionType`, `InstanceCount`: service model of SageMaker, `CreateTrainingJob`.
# - 20 bytes a parameter, SMDDP, SMP: SageMaker AI developer guide, `model-parallel-intro`, `data-parallel`,
#   `model-parallel-v2`.
# - Collective and tracker: documentation of XGBoost 3.
# - Pipelines: Huang et al. (2019), GPipe. Ring all-reduce: Patarasuk and Yuan (2009).
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

same, gaps = rows.wide("same splits"), rows.wide("largest difference")
lab.facts(
    digits=3,
    tolerance=0.002,
    plain_differs=not np.allclose(mean_of_two, full, atol=0.01)
    and np.allclose(np.average(shared, axis=0, weights=[600, 300]), full),
    processes=all(f["both processes"] and f["threads"] for f in found.values()),
    cuts_matter=found["shared cuts"]["one machine"]
    and not found["own cuts"]["one machine"],
    some_move=0 < sum(share == 1 for share in both) < len(both),
    shared_all=bool((same["shared cuts"] == 1).all())
    and gaps["shared cuts"].max() < 0.001,
    own_none=bool((same.filter(like="own cuts") == 0).all(axis=None)),
    gap=Fact(gaps["own cuts"].median(), digits=2, tolerance=0.02),
    gap_large=gaps["own cuts"].median() > 0.3,
    order_too=bool((same["one machine, other order"] == 0).all()),
    seeds_too=gaps["seed b"].median() > 0.8 * gaps["own cuts"].median(),
    own=decided,
    own_small=decided.low > -0.02 and decided.high < 0.02,
    sorted_open=others["own cuts, sorted rows"].high > 0,
    label_open=others["own cuts, by label"].high > 0,
    alone_lower=others["one shard alone"].verdict == "lower",
    picture=abs(decided.mean) < 0.01
    and all(abs(others[o].mean) < 0.01 for o in OTHERS[:3])
    and others["one shard alone"].high < -0.01,
    distance=distance["two machines, one machine"],
    distance_like=distance["one machine, two seeds"]
    > 0.8 * distance["two machines, one machine"],
    halved_same=splits(doubled) == splits(halved)
    and splits(doubled) != splits(alone),
    twice=others["all rows on each"],
    twice_sign=others["all rows on each"].high < 0.005,
    ring=bool((long["value"].groupby(long["variable"]).max() > 40).sum() == 1),
    two_slower=times.iloc[1, 2] > times.iloc[0, 2],
    small_turns=times.iloc[1, 0] < times.iloc[0, 0] < times.iloc[-1, 0],
    bubble=bool(np.isclose(idle, (p - 1) / (m + p - 1))),
    credit_own=real,
    credit_other=bool((credit.wide("same splits")["own cuts"] == 0).all()),
)
