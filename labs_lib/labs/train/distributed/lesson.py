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
# > Training takes too long. Somebody says: take two machines, the model stays the same. Does it, and is it
# > faster?
#
# **You will**
#
# - train one XGBoost model on two workers, and see what they tell each other;
# - measure whether it is the model of one machine, and whether that matters;
# - compute when more machines make training slower, and find the setting that counts rows twice.
#
# **You need** [XGBoost](15_xgboost.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | training job with `InstanceCount` 2 | two Python processes, or two threads |
# | data parallel training, all-reduce | XGBoost's own collective, over sockets of this machine |
# | `S3DataDistributionType` | which rows each worker holds |

# %%
from labs_lib.labs.train.distributed.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# The fraud model is trained anew each night, and the night has become too short. A colleague wants a second
# machine: "*Data parallel*: each machine holds half of the rows. Distributed training gives the same model as
# one machine, only faster." Your auditor has signed the old model. If the new one is another, she wants to know.
#
# ## Predict
#
# The claim: *distributed training gives the same model as one machine*. We train it in 50
# [worlds](../glossary.md#world), once on one machine and once on two, each of which knows half of the rows.
#
# In how many worlds do the trees have the same splits: `"all"`, `"some"` or `"none"`? And is
# [average precision](../glossary.md#average-precision) on two machines higher or lower than on one?
# Higher and lower mean by more than 0.01, [tie](../glossary.md#tie) by less, and
# [undecided](../glossary.md#undecided) that the data cannot say which side of 0.01 it is.

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
# loss grows; it is a mean over rows. This is the script of a worker. It computes the gradient of its own
# rows, and writes it into an array that lies in the memory of all workers at once.

# %%
script = """
import sys
import numpy as np

rank, start, stop = (int(word) for word in sys.argv[1:])
data = np.load("data.npz")
A, b = data["A"][start:stop], data["b"][start:stop]
shared = np.load("shared.npy", mmap_mode="r+")  # memory, by way of a file
shared[rank] = -2 * (A * b[:, None]).mean(axis=0)  # squared error, parameters 0
shared.flush()
"""

# %%
import subprocess
import sys
import tempfile
import time
from pathlib import Path

place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
folder = Path(place.name)


# %%
def run(script, arguments, patience=120):
    """Start a process for each list of arguments; return what they said, leave none."""
    (folder / "worker.py").write_text(script)
    options = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    start = [sys.executable, "worker.py"]
    jobs = [subprocess.Popen(start + a, text=True, **options) for a in arguments]
    end, codes = time.monotonic() + patience, [None]
    try:
        while None in codes and not any(codes) and time.monotonic() < end:
            time.sleep(0.05)
            codes = [job.poll() for job in jobs]
    finally:  # one that failed would let the others wait
        for job in jobs:
            job.kill()
    said = [job.communicate()[0] for job in jobs]
    if any(code != 0 for code in codes):
        raise RuntimeError(f"{codes=}, not 0 (None: not done). They said: {said}")
    return said


# %%
import numpy as np

rng = np.random.default_rng(0)
A, b = rng.normal(size=(900, 3)), rng.normal(size=900)
np.savez(folder / "data.npz", A=A, b=b)
np.save(folder / "shared.npy", np.zeros((2, 3)))
run(script, [["0", "0", "600"], ["1", "600", "900"]])
shared = np.load(folder / "shared.npy")
full = -2 * (A * b[:, None]).mean(axis=0)
np.round([shared.mean(axis=0), full], 4)

# %% [markdown]
# The second line is the gradient of all 900 rows. The plain mean of the two workers, in the first line, is
# another vector.{{!plain_differs}} Combined rightly, the two give the second line.{{!combined_same}}
#
# ### Exercise 1: one gradient from many
#
# Write a function that gets two arrays: the workers' gradients, one row a worker, and how many data rows each of
# them holds. It returns the gradient of all rows. The gradient of a worker without rows is zero.


# %% tags=["exercise"]
# BEGIN SOLUTION
def combined(gradients, sizes):
    """Return the gradient of all rows from those of the workers."""
    return np.average(gradients, axis=0, weights=sizes)


# END SOLUTION
lab.ex1.check(combined)

# %% [markdown]
# So nobody has to send rows. Each worker sends its sums, they are added up, and every worker gets the
# total: an *all-reduce*. For trees these are sums of gradients in each *bin* of a column. XGBoost first puts
# the values of a column into at most 256 bins; their borders, the *cuts*, are quantiles of the column. A
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
# Here `together` joins threads of this notebook by XGBoost's collective, which is quick to start. Does a
# thread stand for a machine? This is the script of a real worker. It gets its rank, and the address of a
# *tracker* that tells the workers of each other.

# %%
script = """
import json, sys, time
import numpy as np, xgboost as xgb
from xgboost.collective import CommunicatorContext

rank, address = sys.argv[1], json.loads(sys.argv[2])
everything, own = np.load("all.npz"), np.load(f"shard{rank}.npz")
cuts = xgb.QuantileDMatrix(everything["X"], everything["y"], nthread=1)
params = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1}
with CommunicatorContext(**address, dmlc_task_id=rank):
    for name, ref in (("shared", cuts), ("own", None)):
        begin = time.perf_counter()
        rows = xgb.QuantileDMatrix(own["X"], own["y"], ref=ref, nthread=1)
        xgb.train(params, rows, num_boost_round=20).save_model(f"{name}{rank}.json")
        print(f"{name} cuts: {time.perf_counter() - begin:.2f} s")
"""

# %% [markdown]
# It trains twice. The first time the cuts are those of all rows (`ref`): *shared cuts*. For them each worker
# reads all rows once. The second time it knows only its own rows, as on a real cluster; XGBoost then
# merges summaries of the workers' columns. We call that *own cuts*.

# %%
from labs_lib import payments

table = payments.quiet_world(0, n=20_000).transactions
table = table.sort_values("time", kind="stable")
X = payments.features(table).select_dtypes("number").to_numpy(float)
y, early = table["is_fraud"].to_numpy(int), payments.month(table) <= 3
X, y = X[early], y[early]
everyone = np.arange(len(y))
shards = np.array_split(np.random.default_rng(1).permutation(len(y)), 2)
for name, s in {"all": everyone, "shard0": shards[0], "shard1": shards[1]}.items():
    np.savez(folder / name, X=X[s], y=y[s])

# %% tags=["nbval-ignore-output"]
import json

from xgboost.tracker import RabitTracker

begin = time.perf_counter()
tracker = RabitTracker(n_workers=2, host_ip="127.0.0.1", sortby="task", timeout=120)
tracker.start()
address = json.dumps(tracker.worker_args() | {"dmlc_timeout": 120})
print(*run(script, [["0", address], ["1", address]]), sep="")
tracker.wait_for(timeout=60)
middle = time.perf_counter()
alone = train(X, y)
end = time.perf_counter()
print(f"two machines {middle - begin:.2f} s in all, one {end - middle:.2f} s")

# %% [markdown]
# The workers wrote for how many seconds they trained. The last line also counts their start and reading. Your
# seconds differ from ours.
#
# Now compare their trees with those of one machine, and with those of the threads.


# %%
import pandas as pd

cuts = xgb.QuantileDMatrix(X, y, nthread=1)
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
place.cleanup()
pd.DataFrame(found).rename_axis("same splits as").T

# %% [markdown]
# Both processes hold the same model, and so do the threads.{{!processes}} With shared cuts it has the splits of one
# machine; with own cuts it has others.{{!cuts_matter}} How different are the cuts themselves?


# %%
from itertools import pairwise


def borders(rows):
    """Return the cuts of each column."""
    start, value = xgb.QuantileDMatrix(X[rows], nthread=1).get_quantile_cut()
    return [set(value[a:b]) for a, b in pairwise(start)]


merged, whole = together(borders, shards)[0], borders(everyone)
both = [len(m & w) / len(w) for m, w in zip(merged, whole, strict=True)]
f"{sum(share == 1 for share in both)} of {len(both)} columns have the same cuts"

# %% [markdown]
# Columns with few values have a cut at each of them. In others the summaries are approximate, and some cuts
# move.{{!some_move}} Is that a detail, or another model?
#
# ## On trial: "distributed training gives the same model as one machine"
#
# In each world months 1 to 3 train, and month 5 judges. Two workers hold half of the rows each: halves at random;
# the earlier and the later half; or sorted by label, so that one worker has no fraud at all. For comparison:
# one machine that reads the rows in another order, one with only half of them, and one that draws four in five
# rows for each tree, with two [seeds](../glossary.md#seed).

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
# **What to try.** Set `WORKERS` to 3 in the first cell of the trial, run that cell and the one with `lab.trial`
# again, and compare the lines "own cuts".
#
# First each arm. *Same splits* is the share of worlds with the splits of one machine. The other column says by how much
# some payment's score differs, in the middle world. "Own cuts, other shards" is compared with "own cuts", "seed
# b" with "seed a".


# %%
def arms(rows):
    """Return what each arm did: means, and the median of the largest differences."""
    means = rows.wide().mean().unstack()
    gap = rows.wide("largest difference").median()
    return means.assign(**{"largest difference": gap}).round(3)


arms(rows)

# %% [markdown]
# With shared cuts each world has the trees of one machine.{{!shared_all}} With own cuts no world has
# them.{{!own_none}} In the middle world some payment's score differs by {{gap}}.{{!gap_large}} The claim is wrong:
# it is another model.
#
# Is that much? One machine that reads the rows in another order has other splits too, in each of these
# worlds.{{!order_too}} And two seeds of a model that draws rows differ more than the machines do.{{!seeds_too}}

# %%
lab.trees.reveal("none" if rows.wide("same splits")["own cuts"].sum() == 0 else "some")

# %% [markdown]
# For the bank the question is whether the other model ranks frauds better or worse.

# %%
from labs_lib import stats

ap = rows.wide("average precision")
decided = stats.worlds(ap["own cuts"], ap["one machine"], margin=0.01)
print(decided)

# %%
lab.precision.reveal(decided.verdict)

# %% [markdown]
# Average precision changes by {{own}}, a tie.{{!own_tie}} Five other ways, corrected for their number:

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
# Shards sorted by time sound dangerous, and are a tie.{{!sorted_tie}} So is even the worker that has not a single
# fraud among its rows.{{!label_tie}} A split is chosen by the sums of all workers, not of one. A worker that talks to nobody (*one shard alone*) loses much.{{!alone_lower}}
#
# But one night shows one new model, and no mean over worlds. How far apart are two models in a world?


# %%
def distances(ap):
    """Return how far two models are apart in average precision, a row a seed."""
    pairs = {
        "two machines, one machine": ap["own cuts"] - ap["one machine"],
        "two random halvings": ap["own cuts, other shards"] - ap["own cuts"],
        "one machine, two orders": ap["one machine, other order"] - ap["one machine"],
        "one machine, two seeds": ap["seed b"] - ap["seed a"],
    }
    return pd.DataFrame(pairs).abs()


apart = distances(ap)
apart.mean().round(3)

# %% [markdown]
# Two machines are on average {{distance}} apart from one. Another order of the rows is not shown to move one machine
# less, and two seeds are further apart.{{!distance_like}} So tell the auditor: it is another model, and that is no
# defect.
#
# ## Where it fails: every machine gets every row
#
# In the arm *all rows on each* the data are copied to both machines, and nobody divides them. Each row is
# then counted twice. Should that not give the same model, since every mean stays as it is?

# %%
doubled = sharded(X, y, [everyone] * 2, cuts)
halved = train(X, y, **{"lambda": 0.5, "min_child_weight": 0.5})
{
    "same splits as one machine": splits(doubled) == splits(alone),
    "same splits with half the penalty": splits(doubled) == splits(halved),
}

# %% [markdown]
# It is the model of one machine whose [penalty](../glossary.md#penalty) and smallest leaf are half as
# large.{{!halved_same}} The settings `lambda` and `min_child_weight` are held against sums over rows, and the sums
# have doubled. Nothing fails. Nothing is gained either: each machine works through all rows. Average
# precision changes by {{twice}}: it falls, and whether by more than 0.01 is undecided.{{!twice_sign}}
#
# ## A demonstration: two machines slower than one
#
# Here the result follows from our parameters, so it gets no verdict. Computing is divided among the machines. An all-reduce in a *ring* of n machines takes 2(n - 1) steps, and in each a machine sends an n-th of
# the bytes. A step costs a fixed *latency* besides.


# %%
def talking(n, megabytes, latency, bandwidth):
    """Return the seconds of an all-reduce; the bandwidth is in megabytes a second."""
    return 2 * (n - 1) * (latency + megabytes / n / bandwidth)


def seconds(n, compute, rounds, megabytes, latency=0.0005, bandwidth=1_000):
    """Return the seconds of a training with this many all-reduces."""
    return compute / n + rounds * talking(n, megabytes, latency, bandwidth)


# %% [markdown]
# What are latency and bandwidth between two threads here? Time some all-reduces of two workers and fit a line.
# Then predict four workers, and time them too.

# %% tags=["nbval-ignore-output"]
from xgboost import collective

MEGABYTES = np.array([0.01, 0.1, 1, 8])


def timed(rank):
    """Return the least of seven times of an all-reduce, for each size."""
    best = []
    for length in (MEGABYTES * 125_000).astype(int):
        took = []
        for _ in range(7):
            begin = time.perf_counter()
            collective.allreduce(np.ones(length), collective.Op.SUM)
            took.append(time.perf_counter() - begin)
        best.append(min(took))
    return np.array(best)


two, four = (together(timed, range(n))[0] for n in (2, 4))
slope, start = np.polyfit(MEGABYTES, two, 1, w=1 / two)  # relative errors count
here = {"latency": max(start, 0) / 2, "bandwidth": 1 / slope}
guessed = talking(4, MEGABYTES, **here)
print("megabytes:   ", MEGABYTES)
print("4 measured:  ", (four * 1e3).round(2), "ms")
print("4 predicted: ", (guessed * 1e3).round(2), "ms; ratio", (four / guessed).round(1))

# %% [markdown]
# How near is it? Four workers share your processors, which the formula does not know. On ours they took up to
# seven times as long as predicted. So such a fit is a guess until real machines confirm it. With this reserve,
# predict four jobs, with your numbers and then with those of an assumed network:

# %% tags=["nbval-ignore-output"]
jobs = {
    "1 s": (1, 400, 1),  # 100 trees of four levels, 1 MB of sums each
    "10 s": (10, 400, 1),
    "4,000 s": (4_000, 400, 1),
    "4,000 s, 500 MB": (4_000, 10_000, 500),
}
sizes = [1, 2, 4, 8, 16, 32, 64]


def predicted(**network):
    """Return the seconds of each job, for each number of machines."""
    found = {
        name: [seconds(n, *job, **network) for n in sizes] for name, job in jobs.items()
    }
    return pd.DataFrame(found, index=pd.Index(sizes, name="machines"))


print(predicted(**here).round(1).T.to_string())

# %%
times = predicted()  # 0.5 ms, 1,000 MB a second
times.round(1).T

# %%
long = (times.iloc[0] / times).reset_index().melt("machines", var_name="job")
with plots.figure(
    title="Only much computing with little talking is worth 64 machines",  # {{!ring}}
    x="machines (count)",
    y="times as fast as one machine (ratio)",
    alt="One line rises above 40, one rises to 2 and falls below 1, two fall at once.",
) as ax:
    plots.lines(ax, long, x="machines", y="value", group="job")
    ax.set(xscale="log", yscale="log", xticks=sizes, xticklabels=sizes)
    ax.minorticks_off()

# %% [markdown]
# On the assumed network only one of the four jobs gains from 64 machines.{{!ring}} The job of ten seconds gains
# from a few, and 64 are slower than one.{{!ten_turns}} For the job of one second, and for the one with 500 MB,
# two machines are slower than one.{{!two_slower}}

# %% [markdown]
# *Model parallel* training is for a model that does not fit into one machine. By AWS's guide, Adam with numbers of
# 16 and 32 bits takes about 20 bytes a parameter, before activations:

# %%
bytes_each = {"weight, 16 bit": 2, "gradient, 16 bit": 2, "optimizer state": 8}
bytes_each |= {"weight, 32 bit": 4, "gradient, 32 bit": 4}
per_parameter = sum(bytes_each.values())
f"{per_parameter} bytes; {7e9 * per_parameter / 1e9:.0f} GB for 7 billion parameters"

# %% [markdown]
# A *pipeline* puts the layers into p stages, one a machine, and cuts a batch into m micro-batches. At the
# beginning and at the end stages wait: the *bubble*.

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
    x="step (number)",
    y="stage (number)",
    alt="Eight micro-batches pass four stages on a diagonal; two corners are white.",
) as ax:
    ax.imshow(np.where(slots > 0, 0.4, 0), cmap="Greys", vmin=0, vmax=1)
    for (stage, step), batch in np.ndenumerate(slots):
        ax.text(step, stage, f"{batch:.0f}" if batch else "", ha="center", va="center")
    ax.set_yticks(range(p), range(1, p + 1))
    ax.set_xticks(range(m + p - 1), range(1, m + p))
    ax.grid(visible=False)

# %% [markdown]
# The bubble is (p - 1) / (m + p - 1) of the time.{{!bubble}} More micro-batches make it smaller, more stages larger.
#
# ## Real data: credit defaults
#
# Customers in Taiwan who paid in time or not. For each seed, 8,000 train and 8,000 others judge. Sorted rows
# are sorted by credit limit. All [intervals](../glossary.md#interval) are corrected for using one
# data set again and again.

# %% tags=["trial"]
from labs_lib import data


def on_credit(seed):
    """Train on 8,000 customers, sorted by credit limit; 8,000 others judge."""
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
credit_others = against_one(stats.splits, credit_ap, **size)
stats.table({"own cuts": real} | credit_others)

# %% [markdown]
# Two machines have other splits again, and average precision changes by {{credit_own}}.{{!credit_other}} With sorted
# rows it stays undecided, and so does what half of the rows and all rows on each cost.{{!credit_sorted}} One thing
# is different: here one machine has the same splits in either order of its rows.{{!credit_order}}

# %%
credit_apart = distances(credit_ap)
credit_apart.mean().round(3)

# %% [markdown]
# Here two seeds are not shown to be further apart than two machines from one.{{!credit_apart}} But all
# these customers are of the same months; a bank would predict months to come.
#
# ## On SageMaker
#
# In Amazon SageMaker AI (its name since December 2024) a training job names the number of machines, and for each
# channel how its files get to them. This is the mistake above, as a request:

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
source |= {"S3DataDistributionType": "FullyReplicated"}
cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
request = {
    "TrainingJobName": "fraud-on-two",
    "RoleArn": "arn:aws:iam::111122223333:role/training",
    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
    "InputDataConfig": [
        {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    ],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
    "ResourceConfig": cluster | {"VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
}
aws.validate("CreateTrainingJob", request)

# %% [markdown]
# It is valid, and each machine gets all files. With `ShardedByS3Key` each of n machines gets about an n-th of
# the *objects*, not of the rows. With fewer objects than machines, some get nothing, and are paid for.
#
# ### Exercise 2: what does the group train on?
#
# Each machine runs the worker above on its files, which are equally large. Say for each job: `once` (each row counts once), `again` (each counts more than once), or `idle` (some machine
# has no rows).
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
# For GPUs AWS has two libraries. SMDDP speeds up the all-reduce for PyTorch. SMP is for model
# parallel training; its version 2 builds on PyTorch's fully sharded data parallelism, and version 1 is archived
# since December 2023.
#
# ## What is not reproduced
#
# - A network between machines: here all share one.
# - How SageMaker's XGBoost container divides rows; that was not verified.
# - Dask, an optional extra that drives XGBoost on a cluster. Tried by hand with two workers, it repeats its own
#   model, and differs from one machine.
# - GPUs, SMDDP and SMP; an all-reduce that overlaps with computing.
#
# ## Takeaways
#
# - Workers exchange sums. Means are combined by their numbers of rows.{{!plain_differs}}
# - With own cuts, two machines give other trees than one, in every world.{{!own_none}} Judge that by what another
#   seed changes.
# - Look at which rows each machine gets. All rows on each is another penalty, and no error.{{!halved_same}}
# - Before you pay for machines, compare the seconds of computing and of talking.
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
# - Collective and tracker: XGBoost 3. Pipelines: Huang et al. (2019), GPipe. Ring all-reduce: Patarasuk and Yuan (2009).
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

same, gaps = rows.wide("same splits"), rows.wide("largest difference")
further = stats.worlds(
    apart["one machine, two seeds"], apart["two machines, one machine"]
)
credit_same = credit.wide("same splits")
lab.facts(
    digits=3,
    tolerance=0.002,
    plain_differs=not np.allclose(shared.mean(axis=0), full, atol=0.01),
    combined_same=np.allclose(np.average(shared, axis=0, weights=[600, 300]), full),
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
    seeds_too=stats.worlds(gaps["seed b"], gaps["own cuts"]).verdict == "higher",
    own=decided,
    own_tie=decided.verdict == "tie",
    sorted_tie=others["own cuts, sorted rows"].verdict == "tie",
    label_tie=others["own cuts, by label"].verdict == "tie",
    alone_lower=others["one shard alone"].verdict == "lower",
    picture=abs(decided.mean) < 0.01
    and all(abs(others[o].mean) < 0.01 for o in OTHERS[:3])
    and others["one shard alone"].high < -0.01,
    distance=apart["two machines, one machine"].mean(),
    distance_like=further.low > 0
    and apart["one machine, two orders"].mean()
    > 0.4 * apart["two machines, one machine"].mean()
    and stats.worlds(
        apart["one machine, two orders"], apart["two machines, one machine"]
    ).verdict
    == "no difference shown",
    halved_same=splits(doubled) == splits(halved) and splits(doubled) != splits(alone),
    twice=others["all rows on each"],
    twice_sign=others["all rows on each"].high < -0.002
    and others["all rows on each"].verdict == "undecided",
    ring=bool((times.loc[64] < times.loc[1]).sum() == 1)
    and times.loc[1, "4,000 s"] > 40 * times.loc[64, "4,000 s"],
    ten_turns=times.loc[64, "10 s"] > times.loc[1, "10 s"] > times.loc[4, "10 s"],
    two_slower=bool((times.loc[2] > times.loc[1])[["1 s", "4,000 s, 500 MB"]].all()),
    bubble=bool(np.isclose(idle, (p - 1) / (m + p - 1))),
    credit_own=real,
    credit_other=bool((credit_same["own cuts"] == 0).all()),
    credit_sorted=all(
        credit_others[way].verdict == "undecided"
        for way in ("own cuts, sorted rows", "one shard alone", "all rows on each")
    ),
    credit_order=bool((credit_same["one machine, other order"] == 1).all()),
    credit_apart=stats.splits(
        credit_apart["one machine, two seeds"],
        credit_apart["two machines, one machine"],
        **size,
    ).verdict
    == "no difference shown",
)
