# ---
# jupyter:
#   labs:
#     concepts:
#       sm-x-ray: "One request through four services"
#     constants:
#       "0.05": "the default rate of X-Ray's sampling rule, from its documentation"
#       "100 %": "a rate in the quiz"
#       "5 %": "the default rate of X-Ray's sampling rule, from its documentation"
#     unmeasured:
#       "is always the entry's": "a caller's span contains the spans of its calls"
# ---

# %% [markdown]
# # Trace: where does the time go?
#
# > A request goes through four services, and some users wait too long. Which service do you fix first?
#
# **You will**
#
# - record spans of a request, and read them in the form of AWS X-Ray;
# - find the bottleneck by three rules, and measure what fixing it gains;
# - compute which errors a sample of traces loses.
#
# **You need** nothing. **Data in:** simulated requests, and four real processes. **Data out:** nothing.
#
# | term | here |
# |---|---|
# | AWS X-Ray | its sampling rule and its documents, written by the OpenTelemetry SDK |
# | service | simulated, and at the end a process with an HTTP server |

# %%
from labs_lib.labs.monitor.trace.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your shop asks a fraud model before it takes money. `checkout` answers the user. It calls `features` and
# `model` at once, and `features` calls `history`. One user in a hundred waits too long. Your team can work
# on one service this month, and would about halve that service's own work. Which one?
#
# A *trace* is the record of one request. It consists of [spans](../glossary.md#span): who worked, from when
# to when, and on whose behalf.
#
# ## Predict
#
# The claim: *the service with the longest span is the bottleneck*.
#
# The longest span of all is always the entry's, so leave the entry out. Another rule subtracts: a service's
# [own time](../glossary.md#own-time) is its span without the time in which its calls ran. We draw 30
# [worlds](../glossary.md#world), each with other services and other calls, where we know what halving a
# service's work would gain. Is the gain by the rule of the longest span higher or lower than by the rule of
# the largest own time, or is [no difference shown](../glossary.md#no-difference-shown)?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.fix.commit(guess)

# %% [markdown]
# ## One request through four services
#
# For one request we give the work of each service ourselves, in seconds. What stands in one inner list of
# `CALLS` is called at once, and the caller waits for all of it.

# %%
from labs_lib.monitor import call_graph

CALLS = {"checkout": [["features", "model"]], "features": [["history"]]}
WORK = {"checkout": 0.015, "features": 0.020, "history": 0.065, "model": 0.070}
one = call_graph.simulate(CALLS, {name: [work] for name, work in WORK.items()})
one

# %% [markdown]
# Each service records its own span. This is what OpenTelemetry is for: a tracer for each service, and an
# exporter that gets the spans when they end. Our exporter turns them into the documents of X-Ray. Times are
# given here; normally the SDK looks at the clock.

# %%
from opentelemetry import trace

from labs_lib.monitor import tracing

documents, ids = [], tracing.SeededIds(0)
tracers = {
    name: tracing.tracer(name, tracing.SegmentExporter(documents.append), ids=ids)
    for name in one.names
}
nanoseconds = {
    name: (int(start * 1e9), int(end * 1e9))
    for name, start, end in zip(one.names, one.start[0], one.end[0], strict=True)
}


# %%
def received(span):
    """Return the context that a service gets with a call: ids and the decision."""
    ids, remote = span.get_span_context(), True
    given = trace.SpanContext(ids.trace_id, ids.span_id, remote, ids.trace_flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(given))


def record(name, begun=None):
    """Record the span of a service, each call that it makes, and the called service."""
    tracer, (start, end) = tracers[name], nanoseconds[name]
    span = tracer.start_span(name, context=begun, start_time=start)
    inside = trace.set_span_in_context(span)
    for called in (called for stage in CALLS.get(name, []) for called in stage):
        begin, stop = nanoseconds[called]
        kind = trace.SpanKind.CLIENT
        call = tracer.start_span(called, context=inside, kind=kind, start_time=begin)
        record(called, received(call))
        call.end(end_time=stop)
    span.end(end_time=end)
    return span


span = record("checkout")

# %%
import json

segments = {document["name"]: document for document in documents}
print(json.dumps(segments["features"], indent=1))
print(json.dumps(segments["history"], indent=1))

# %% [markdown]
# Each document is a *segment*, what one service did. A call to another service is a *subsegment* in it. Both
# have the same `trace_id`, and the `parent_id` of `history` is the `id` of the call.{{!linked}} For this the
# ids have to travel with the call, in a header. X-Ray's own looks like this:

# %%
tracing.header(span.get_span_context())

# %%
from labs_lib import plots

traces = call_graph.from_segments(documents)
with plots.figure(
    title="One request: two calls at once, and one call inside a call",
    x="time since the request began (ms)",
    y="",
    alt="A bar for each of four services, from its start to its end.",
) as ax:
    width = 1000 * (traces.end - traces.start)[0]
    ax.barh(traces.names, width, left=1000 * traces.start[0], height=0.5)
    ax.invert_yaxis()

# %% [markdown]
# `features` has the longest span below the entry. Most of it is waiting for `history`.{{!mostly_waits}}
#
# ### Exercise 1: own time
#
# A span is `(start, end)`. Write a function that returns a service's own time: the length of its span,
# without the time in which at least one of its calls ran. Calls may run at once, stand in any order, or end
# after their caller; then only what lies inside the caller's span counts.


# %% tags=["exercise"]
# BEGIN SOLUTION
def own_time(span, calls):
    """Return the time of a span in which none of its calls ran."""
    now, end = span
    own = 0
    for begin, stop in sorted(calls):
        own += max(min(begin, end) - now, 0)
        now = max(now, stop)
    return own + max(end - now, 0)


# END SOLUTION
lab.ex1.check(own_time)

# %% [markdown]
# There is a third rule. Go backwards from the end of the request and ask at each moment: whom does the
# request wait for? Of calls that ran at once, that is the one that ended last. What you pass is the
# [critical path](../glossary.md#critical-path). Below are all three, and beside them what halving a
# service's work would gain. All are in milliseconds.

# %%
import pandas as pd


def waits(work):
    """Return how long each user waits."""
    return call_graph.simulate(CALLS, work).response


work = {name: pd.Series([seconds]) for name, seconds in WORK.items()}
gain = {n: waits(work) - waits(work | {n: work[n] / 2}) for n in work}
table = {"span": traces.span(), "own time": traces.own(), "critical": traces.critical()}
table = {column: found.iloc[0] for column, found in table.items()}
(1000 * pd.DataFrame(table).assign(gain=pd.DataFrame(gain).iloc[0])).round(1)

# %% [markdown]
# The three rules name three services. Halving `model`, which has the largest own time, gains nothing: the
# request waits for `features` anyway.{{!model_idle}} Halving `history` gains {{history_gain}} ms, less than
# half of its time on the path, since then `model` ends last.{{!history_best}} One request, made up so that
# the rules differ, says nothing about how often they do.
#
# ## On trial: "the service with the longest span is the bottleneck"
#
# Each world has an entry and seven services. Two settings decide who calls whom. `nested` is the chance that
# a service is called by another one than the entry. `parallel` is the chance that a call starts together
# with the one before it, rather than after it.

# %% tags=["trial"]
import numpy as np

from labs_lib.monitor import call_graph, tracing

REQUESTS = 20_000


def drawn_shop(rng, parallel, nested, size=8):
    """Draw who calls whom, and how long each service works in each request (s)."""
    names = [f"service {at}" for at in range(size)]
    calls = {name: [] for name in names}
    for at in range(1, size):
        inside = at > 1 and rng.random() < nested
        stages = calls[names[rng.integers(1, at) if inside else 0]]
        if stages and rng.random() < parallel:
            stages[-1].append(names[at])
        else:
            stages.append([names[at]])
    usual = 0.02 * np.exp(0.7 * rng.normal(size=size))
    spread = rng.uniform(0.2, 1, size)
    drawn = np.exp(spread[:, None] * rng.normal(size=(size, REQUESTS)))
    return calls, dict(zip(names, usual[:, None] * drawn, strict=True))


# %% [markdown]
# The slow answers are judged by the 99th percentile: one user in a hundred waits longer. For the truth, all
# requests run again with the same work, except that one service's is halved. A second measure, `left out`,
# stands for another fix: a whole call is left out, with all that runs within it, as if its answer had been
# computed the night before.
#
# The rules see the slowest twentieth of those traces that X-Ray would keep, at 50 requests a second. Two more
# arms look at all kept traces, one at the slow ones among *all* requests. `longest leaf` is the longest span
# of those services that call nobody, `blind` the mean over all services.


# %% tags=["trial"]
def gains(calls, work):
    """Return what fixing each service takes off the 99th percentile, by two fixes."""

    def p99(names=(), factor=1):
        changed = work | {name: factor * work[name] for name in names}
        return np.quantile(call_graph.simulate(calls, changed).response, 0.99)

    now, halved, left_out = p99(), {}, {}
    for name in calls:
        halved[name] = now - p99([name], 0.5)
        left_out[name] = now - p99([name, *call_graph.below(calls, name)], 0)
    del left_out[next(iter(calls))]
    return {"gain": halved, "left out": left_out}


def slowest(traces, share=0.05):
    """Return the slowest of some traces."""
    return traces.take(traces.response >= np.quantile(traces.response, 1 - share))


def fixing(seed, parallel=0.5, nested=0.5):
    """Choose a service by each rule; return its gains as shares of the best gain."""
    rng = np.random.default_rng([seed, 1])
    calls, work = drawn_shop(rng, parallel, nested)
    traces = call_graph.simulate(calls, work)
    times = np.sort(rng.uniform(0, REQUESTS / 50, REQUESTS))
    kept = traces.take(tracing.kept(times, rng))
    slow, every = slowest(kept), slowest(traces)
    seen = {
        "longest span": slow.span().drop(columns=traces.entry),
        "longest leaf": slow.span()[[name for name in calls if not calls[name]]],
        "own time": slow.own(),
        "critical path": slow.critical(),
        "own time, all kept": kept.own(),
        "critical path, all kept": kept.critical(),
        "critical path, nothing lost": every.critical(),
    }
    path, found = slow.critical().mean().round(6).idxmax(), {}
    for measure, gain in gains(calls, work).items():
        found["blind", measure] = np.mean(list(gain.values())) / max(gain.values())
        for rule, table in seen.items():
            pick = table.filter(items=list(gain)).mean().round(6).idxmax()
            found[rule, measure] = gain[pick] / max(gain.values())
    for rule, table in seen.items():
        found[rule, "same pick"] = float(table.mean().round(6).idxmax() == path)
    found["world", "kept"], found["world", "slow"] = len(kept), len(slow)
    found["world", "p99"] = np.quantile(traces.response, 0.99)
    return found


# %%
rows = lab.trial(
    fixing,
    seeds=30,
    levels=("rule", "measure"),
    settings={"parallel": (0.0, 0.5, 1.0), "nested": (0.0, 0.5, 1.0)},
)

# %%
rows.design(
    worlds="eight services with drawn calls, and 20,000 requests",
    rows="about 1,400 kept traces; the rules look at the slowest twentieth",
    measure="gain of fixing the chosen service, as a share of the best gain; in pairs",
    yardstick="the 99th percentile of the same requests. Halved work favours rules "
    "that count work, most so in sequence; a call left out favours the longest span.",
)

# %% [markdown]
# **What to try.** Let the rule of the longest span name the entry too: delete `.drop(columns=traces.entry)`,
# run the cell and `lab.trial` again, and look at the lines `longest span`, `gain`.
#
# First, the arms, at half `parallel` and half `nested`. `same pick` is the share of worlds in which a rule
# names the same service as the critical path.

# %%
middle = {"parallel": 0.5, "nested": 0.5}
RULES = list(rows.wide("same pick", **middle))
arms = {rule: rows.wide(rule=rule, **middle).mean() for rule in RULES}
pd.DataFrame(arms).T.round(2)

# %%
rows.wide(rule="world", **middle).describe().loc[["min", "mean", "max"]].round(2)

# %% [markdown]
# There are enough slow traces in each world.{{!enough}} Now the bet.

# %%
from labs_lib import stats

gain = rows.wide("gain", **middle)
bet = stats.worlds(gain["longest span"], gain["own time"])
lab.fix.reveal(bet.verdict)

# %% [markdown]
# Fixing the service with the longest span brings a share of {{span_gain}} of the best possible
# gain.{{!span_summary}} The difference to the rule of own time is {{bet}}.{{!bet_lower}}
#
# How much of this is our [yardstick](../glossary.md#yardstick)? In sequence, halving a service's work gains about half of its own time:
# the rule measures what the fix takes away. The longest span has the same advantage if a whole call is left
# out:

# %%
left_out = rows.wide("left out", **middle)
other_fix = stats.worlds(left_out["longest span"], left_out["own time"])
other_fix

# %% [markdown]
# Now the longest span gains more.{{!other_higher}} So the rule has to fit the fix. Back to halved work: five
# more comparisons, corrected for their number:

# %%
PAIRS = [
    ("longest span", "blind"),
    ("longest leaf", "own time"),
    ("own time, all kept", "own time"),
    ("critical path, all kept", "critical path"),
    ("critical path, nothing lost", "critical path"),
]


def compared(gain):
    """Compare rules in pairs; five comparisons."""
    return {
        f"{one} - {other}": stats.worlds(gain[one], gain[other], comparisons=5)
        for one, other in PAIRS
    }


# %%
stats.table(compared(gain))

# %% [markdown]
# The span of a leaf holds no waiting, but the rule cannot name a service that calls others. It gains less than
# own time.{{!leaf_lower}}
#
# Where you look matters: with the same rule, but all kept traces in place of the slow ones, the gain is
# lower.{{!slow_matters}} That X-Ray keeps only some traces shows no difference, and one of 0.05 would have
# shown.{{!sampling_harmless}}
#
# What decides? The means in all nine settings:

# %%
SETTINGS = [(p, n) for p in (0.0, 0.5, 1.0) for n in (0.0, 0.5, 1.0)]
SHOWN = {"gain": ["blind", *RULES], "left out": RULES[:4], "same pick": ["own time"]}


def means(parallel, nested):
    """Return what the table shows of one setting."""
    setting = {"parallel": parallel, "nested": nested}
    parts = {what: rows.wide(what, **setting)[SHOWN[what]].mean() for what in SHOWN}
    return pd.concat(parts)


every_mean = pd.DataFrame({setting: means(*setting) for setting in SETTINGS})
every_mean.rename_axis(columns=["parallel", "nested"]).round(2)

# %%
FIXES = {"gain": "work halved", "left out": "call left out"}
shown = pd.DataFrame(
    [
        {"nested": n, "rule": f"{rule}, {fix}"}
        | vars(stats.mean_interval(rows.wide(measure, parallel=0.5, nested=n)[rule]))
        for n in (0.0, 0.5, 1.0)
        for measure, fix in FIXES.items()
        for rule in ("own time", "longest span")
    ]
)

# %%
# {{!falls}} {{!crosses}}
with plots.figure(
    title="Calls inside calls: the rule has to fit the fix",
    x="chance that a service is called by another than the entry (0 to 1)",
    y="gain as a share of the best (0 to 1)",
    alt="Two rules under two fixes over three values of nested, with intervals.",
) as ax:
    plots.lines(ax, shown, x="nested", y="mean", group="rule", low="low", high="high")

# %% [markdown]
# If the entry calls all others itself, a span below it is own time, and the claim holds.{{!flat_holds}} If it
# calls only one (`nested` is 1), the longest span is that one, whatever it does itself. Against picking blindly no difference
# is shown then.{{!nested_blind}} Whether calls run one after another or at once changes this
# little.{{!parallel_little}}
#
# Own time and critical path name the same service in nearly all worlds.{{!same_pick}} With calls in sequence
# they have to: then all own time is on the path. Take the critical path if your tool shows it, else own
# time.
#
# ## Where it fails: rare errors
#
# X-Ray's default keeps the first request of each second (the *reservoir*) and 5 % of the rest. The entry
# decides before anybody knows whether the request will fail, and the others follow.
#
# ### Exercise 2: which share is kept?
#
# Requests arrive evenly, `per_second` of them each second (more than 0). The first `reservoir` of each
# second are kept, and of the others the share `rate`. Write a function that returns the expected share of
# requests that are kept. With fewer requests a second than the reservoir holds, all are kept.


# %% tags=["exercise"]
# BEGIN SOLUTION
def kept_share(per_second, reservoir, rate):
    """Return the expected share of requests that are kept."""
    sure = min(per_second, reservoir)
    return (sure + rate * (per_second - sure)) / per_second


# END SOLUTION
lab.ex2.check(kept_share)

# %% [markdown]
# Users come at random: some seconds have none and some several. The share of seconds with at least one is
# 1 - exp(-`per_second`), and so many the reservoir keeps each second. We let 200,000 requests come both ways,
# one in a hundred fails, and we count which failed ones are kept.

# %%
rng = np.random.default_rng([0, 2])
SIZE = 200_000
fails = rng.random(SIZE) < 0.01


def shop(per_second):
    """Return kept shares of failed requests: formulas, and counts."""
    sure = {"even": min(per_second, 1), "random": 1 - np.exp(-per_second)}
    times = {"even": np.arange(SIZE) / per_second}
    times["random"] = np.cumsum(rng.exponential(1 / per_second, SIZE))
    found = {}
    for way in times:
        lost = ~tracing.kept(times[way], rng)[fails]
        found[way, "formula"] = (
            sure[way] + 0.05 * (per_second - sure[way])
        ) / per_second
        found[way, "counted"] = 1 - lost.mean()
        three = lost[: len(lost) // 3 * 3].reshape(-1, 3)
        found[way, "three lost"] = three.all(axis=1).mean()
    return found


# %%
SHOPS = (0.1, 1, 10, 100)
shops = pd.DataFrame({n: shop(n) for n in SHOPS}).T.rename_axis("per second")
shops.round(3)

# %% [markdown]
# Counts follow the formulas.{{!formulas_hold}} A quiet shop with evenly spaced requests is kept whole, up to
# one a second.{{!quiet_whole}} When users come at random, even that shop loses errors: at one a second a
# share of {{random_one}} is kept.{{!random_loses}}
#
# The busy shop, at 100 a second, keeps about six errors in a hundred.{{!busy}} Say that three requests fail in
# an hour: we take the failed ones by threes. The share of such hours in which no trace shows any is
# {{three_lost}}; by the formula,
# (1 - share kept) to the third power, it is {{three_formula}}.{{!three_agree}} So count errors
# in a metric, which sees each request, and use traces to see where.
#
# ## At work: four processes
#
# Now the four services of the beginning as real processes. Each has an HTTP server on this machine, sleeps
# for its own work, and hands the decision and the ids on in the header `traceparent`, the standard that
# OpenTelemetry uses. All of them end with the block.

# %% tags=["nbval-ignore-output"]
from labs_lib.monitor.services import Services

with Services(CALLS, WORK) as shop_at_work:
    as_is = shop_at_work.ask(25)
    halved = {n: shop_at_work.ask(10, work={n: 0.5}) for n in WORK}
f"{len(shop_at_work.documents)} segments of {25 + 10 * len(WORK)} requests"

# %% [markdown]
# How many were kept depends on how many seconds it took. Each kept request has the segments of
# all four services, and no other has any: nobody but the entry decides.{{!whole}}

# %% tags=["nbval-ignore-output"]
real = call_graph.from_segments(shop_at_work.documents)
first = real.take([0])
seconds = {n: [a["seconds"] for a in halved[n]] for n in halved}
wait = np.median([answer["seconds"] for answer in as_is])
table = {"span": first.span(), "own time": first.own(), "critical": first.critical()}
table = pd.DataFrame({column: found.iloc[0] for column, found in table.items()})
(1000 * table.assign(gain=wait - pd.DataFrame(seconds).median())).round(0)

# %% [markdown]
# In milliseconds, on your machine; compare with the table above. `gain` is the change of the median wait, and a
# loaded machine disturbs it. Own time of `checkout` and `features` also holds the way to the called services.
#
# ## On SageMaker
#
# X-Ray's SDKs and its daemon have been in maintenance mode since February 2026; the service goes on, and AWS
# advises OpenTelemetry. A span of a server becomes a segment, other spans become subsegments. Attributes become *metadata*, which are not
# indexed, unless you list them as *annotations*. OpenTelemetry's default sampler has no reservoir.
#
# If failures sit on one path of the entry, a rule may keep more of it. Rules are tried by priority, and the
# first that matches decides.

# %%
from labs_lib import aws

rule = {
    "RuleName": "refunds",
    "Priority": 10,
    "ReservoirSize": 5,
    "FixedRate": 1.0,
    "URLPath": "/refund*",
    "Version": 1,
}
rule |= dict.fromkeys(
    ("ServiceName", "ServiceType", "Host", "HTTPMethod", "ResourceARN"), "*"
)
aws.validate("CreateSamplingRule", {"SamplingRule": rule}, service="xray")

# %% [markdown]
# *Lambda Insights* is something else. It is a layer that one Lambda function gets, and it reports what that
# function uses inside: memory, CPU time, network, the time of a cold start. X-Ray shows where the time goes between services.
#
# ### Exercise 3: which tool answers?
#
# For each question write `X-Ray`, `Lambda Insights`, or `metric` for a count over all requests.
#
# | | question |
# |---|---|
# | a | Which of five services does a slow request wait for? |
# | b | Does a function come near the end of its memory? |
# | c | How many requests failed today? |
# | d | Does `checkout` call `model` before, after or at the same time as `features`? |
# | e | How much of `/tmp` does a function fill? |
# | f | Did any of today's three refunds fail, in a shop with 100 requests a second? |

# %% tags=["exercise"]
# BEGIN SOLUTION
tools = {
    "a": "X-Ray",
    "b": "Lambda Insights",
    "c": "metric",
    "d": "X-Ray",
    "e": "Lambda Insights",
    "f": "metric",
}
# END SOLUTION
lab.ex3.check(tools)

# %% [markdown]
# ## What is not reproduced
#
# - X-Ray itself: its service map, filters and storage. We write its documents and read them.
# - Clocks of several machines, which may differ. Here all services share one.
# - Queues. In our worlds no request waits for another; in a queue, own time is waiting too.
# - Several instances of the entry. They would share one reservoir.
#
# ## Takeaways
#
# - The rule has to fit the fix. To make a service's own work faster, rank by own time or the critical path:
#   the longest span brought about half of the best gain in mixed shops.{{!span_summary}} To leave out a whole
#   call, rank by span.{{!other_higher}}
# - Look at the slow traces, not at all kept ones.{{!slow_matters}}
# - Before you fix a service, ask who ends last once it is faster.
# - Some 1,400 traces showed where time goes as well as all requests did.{{!sampling_harmless}} They lose rare
#   errors: in a busy shop most hours with three errors show none.{{!three_agree}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - AWS X-Ray developer guide: pages `xray-concepts`, `xray-api-segmentdocuments`, `xray-console-sampling`,
#   `xray-sdk-daemon-timeline`; service model of X-Ray, `SamplingRule`.
# - Amazon CloudWatch user guide: page `Lambda-Insights`.
# - OpenTelemetry SDK for Python. W3C Trace Context, recommendation of 2021.
# - Critical paths of requests: Sigelman and others (2010), Dapper, a large-scale distributed systems tracing
#   infrastructure.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

first_gain = {n: float((waits(work) - waits(work | {n: work[n] / 2}))[0]) for n in work}
others = compared(gain)
every = {key: rows.wide("gain", parallel=key[0], nested=key[1]) for key in SETTINGS}
left = {key: rows.wide("left out", parallel=key[0], nested=key[1]) for key in SETTINGS}
agree = {
    key: rows.wide("same pick", parallel=key[0], nested=key[1])["own time"].mean()
    for key in every
}
against_blind = {
    key: stats.worlds(t["longest span"], t["blind"], comparisons=9)
    for key, t in every.items()
}
against_own = {
    key: stats.worlds(t["longest span"], t["own time"], comparisons=9)
    for key, t in every.items()
}
slow_gain = [
    stats.worlds(t[f"{rule}, all kept"], t[rule], comparisons=18)
    for t in every.values()
    for rule in ("own time", "critical path")
]
world = rows.wide(rule="world", **middle)
asked = [answer for some in (as_is, *halved.values()) for answer in some]
sampled = [a for a in asked if a["header"].endswith("=1")]
roots = [a["header"].split(";")[0][5:] for a in sampled]
lab.facts(
    digits=2,
    tolerance=0.01,
    linked=len({d["trace_id"] for d in documents}) == 1
    and segments["history"]["parent_id"] == segments["features"]["subsegments"][0]["id"]
    and "parent_id" not in segments["checkout"],
    mostly_waits=float(one.own()["features"][0])
    < 0.3 * float(one.span()["features"][0]),
    model_idle=abs(first_gain["model"]) < 1e-9
    and one.own().iloc[0].round(6).idxmax() == "model",
    history_gain=Fact(
        1000 * (waits(work) - waits(work | {"history": work["history"] / 2}))[0],
        digits=0,
        tolerance=0.1,
    ),
    history_best=max(first_gain, key=first_gain.get) == "history"
    and first_gain["history"] < 0.3 * WORK["history"]
    and call_graph.simulate(CALLS, work | {"history": work["history"] / 2})
    .critical()["model"]
    .gt(0.01)
    .all(),
    enough=world["slow"].min() > 60 and world["p99"].max() > 2 * world["p99"].min(),
    span_gain=stats.mean_interval(gain["longest span"]),
    bet=bet,
    bet_lower=bet.verdict == "lower",
    other_higher=other_fix.verdict == "higher"
    and all(
        t["longest span"].mean() > t["own time"].mean() - 0.005 for t in left.values()
    ),
    crosses=all(
        left[0.5, n]["longest span"].mean() > left[0.5, n]["own time"].mean() + 0.1
        for n in (0.5, 1.0)
    ),
    leaf_lower=others["longest leaf - own time"].verdict == "lower",
    slow_matters=all(r.high < 0 for r in list(others.values())[2:4])
    and all(r.mean < -0.1 for r in slow_gain),
    sampling_harmless=others["critical path, nothing lost - critical path"].verdict
    == "no difference shown"
    and max(
        map(
            abs,
            (
                others["critical path, nothing lost - critical path"].low,
                others["critical path, nothing lost - critical path"].high,
            ),
        )
    )
    < 0.05,
    flat_holds=all(
        t["longest span"].mean() > 0.85 for k, t in every.items() if k[1] == 0
    )
    and all(
        r.verdict == "no difference shown" for k, r in against_own.items() if k[1] == 0
    ),
    nested_blind=all(
        r.verdict == "no difference shown"
        for k, r in against_blind.items()
        if k[1] == 1
    ),
    falls=all(
        every[p, 0.0]["longest span"].mean()
        > every[p, 0.5]["longest span"].mean() + 0.05
        > every[p, 1.0]["longest span"].mean() + 0.1
        for p in (0.0, 0.5, 1.0)
    ),
    parallel_little=all(
        np.ptp([every[p, n]["longest span"].mean() for p in (0.0, 0.5, 1.0)]) < 0.15
        for n in (0.0, 0.5, 1.0)
    ),
    same_pick=np.mean(list(agree.values())) > 0.95 and min(agree.values()) > 0.9,
    span_summary=0.35 < gain["longest span"].mean() < 0.65,
    formulas_hold=all(
        abs(shops[way, "formula"] - shops[way, "counted"]).max() < 0.04
        for way in ("even", "random")
    ),
    quiet_whole=bool((shops["even", "counted"][[0.1, 1]] == 1).all()),
    random_one=Fact(shops["random", "counted"][1], digits=2, tolerance=0.01),
    random_loses=shops["random", "counted"][1] < 0.75,
    busy=0.05 < shops["random", "counted"][100] < 0.075
    and round(shops["random", "formula"][100], 2) == 0.06,
    three_lost=stats.share_interval(
        round(shops["random", "three lost"][100] * (fails.sum() // 3)),
        int(fails.sum() // 3),
    ),
    three_formula=Fact(
        (1 - shops["random", "formula"][100]) ** 3, digits=2, tolerance=0.01
    ),
    three_agree=abs(
        shops["random", "three lost"][100] - (1 - shops["random", "formula"][100]) ** 3
    )
    < 0.05
    and shops["random", "three lost"][100] > 0.7,
    whole=sorted(d["trace_id"] for d in shop_at_work.documents) == sorted(4 * roots)
    and len(real) == len(roots),
)
