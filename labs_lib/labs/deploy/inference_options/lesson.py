# ---
# jupyter:
#   labs:
#     concepts:
#       sm-inference-options: 'On trial: "serverless is cheapest for spiky traffic"'
#       sm-beanstalk: "On SageMaker"
#       sm-cfn-model: "One model, four ways"
#     constants:
#       "0.01": "the margin of a tie, chosen before looking"
#       "0.02": "a duty cycle of the trial"
#       "0.1": "a load of the trial"
#       "0.4": "a load of the trial"
# ---

# %% [markdown]
# # Inference options: when is serverless the cheapest?
#
# > One fraud model can be asked in four ways. Everybody's notes say: "serverless is cheapest for spiky
# > traffic". Is it the spikes that decide, or how much traffic there is?
#
# **You will**
#
# - send the same payments to a real-time, a serverless and an asynchronous endpoint, and to a batch job;
# - tell which request is refused when a model or a configuration is missing;
# - find the prices at which serverless and instances cost the same, and the concurrency that a burst needs.
#
# **You need** a trained model in mind, as in [Threshold](../2_train/25_threshold.ipynb). **Data in:** the
# payments world, flights ([data cards](../data.md)). **Data out:** nothing.

# %%
from labs_lib.labs.deploy.inference_options.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your bank's fraud model goes live tomorrow. It scores the payments of a ticket shop, which come in bursts of a
# minute when a sale opens. The shop waits two seconds for a score. A colleague has
# read that serverless is cheapest for spiky traffic, and wants it tonight.
#
# An *instance* is a machine that you rent by the second, busy or not. *Serverless* rents none: a
# *worker* starts when a request needs one, ends when it has been idle for a while, and is paid while it processes
# requests. A request that waits for a worker to start meets a *cold start*.
#
# ## Predict
#
# The claim: *serverless is cheapest for spiky traffic, and cold starts are its price*. The first half is a formula of
# prices: we only compute it. The second half is measured, in a simulation whose cold start is longer than the shop waits. A shop has nearly a payment
# a second: on one day at random over the day, on another as many in seven bursts of a minute.
#
# On a serverless endpoint, is the share of payments without a score after two seconds *higher* on the day with bursts, or
# *lower*? [Tie](../glossary.md#tie) means that the two certainly differ by less than 0.01,
# [undecided](../glossary.md#undecided) that the data cannot say which side of 0.01 it is.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.slow.commit(guess)

# %% [markdown]
# ## One model, four ways
#
# First a model, as an archive. The built-in XGBoost looks for a file `xgboost-model` in it.

# %%
import xgboost as xgb

from labs_lib import payments

table = payments.quiet_world(0, n=10_000).transactions
X = payments.features(table).select_dtypes("number")
settings = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1}
fraud_model = xgb.XGBClassifier(**settings).fit(X, table["is_fraud"])

# %%
import io
import tarfile

saved = bytes(fraud_model.get_booster().save_raw("ubj"))
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w:gz") as tar:
    member = tarfile.TarInfo("xgboost-model")
    member.size = len(saved)
    tar.addfile(member, io.BytesIO(saved))

# %% [markdown]
# Now a SageMaker on this machine. boto3 sends some refused requests again by itself; we
# switch that off.

# %%
from botocore.config import Config

from labs_lib import sagemaker

local = sagemaker.start()
client, s3 = local.client("sagemaker"), local.client("s3")
runtime = local.client(
    "sagemaker-runtime", config=Config(retries={"total_max_attempts": 1})
)
s3.create_bucket(Bucket=local.bucket)
put = s3.put_object(Bucket=local.bucket, Key="model.tar.gz", Body=archive.getvalue())

# %% [markdown]
# An endpoint needs three requests. `CreateModel` names image and archive. `CreateEndpointConfig` says on what the
# model runs. `CreateEndpoint` makes that real, and only then something is paid. In a
# CloudFormation template these are `AWS::SageMaker::Model`, `AWS::SageMaker::EndpointConfig` and
# `AWS::SageMaker::Endpoint`.


# %%
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def model(name, key="model.tar.gz"):
    """Return the request for a model whose archive is this object in S3."""
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{local.bucket}/{key}"}
    request = {"ModelName": name, "ExecutionRoleArn": local.role}
    return request | {"PrimaryContainer": container}


def config(name, model_name="fraud", **variant):
    """Return the request for a configuration with one variant."""
    variant |= {"VariantName": "only", "ModelName": model_name}
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


# %%
def deploy(request):
    """Create a configuration and its endpoint, and wait until it serves."""
    name = request["EndpointConfigName"]
    client.create_endpoint_config(**request)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=name)


INSTANCE = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
client.create_model(**model("fraud"))
deploy(config("real-time", **INSTANCE))

# %% [markdown]
# Ask about twenty payments, as CSV without a header.

# %%
import numpy as np

rows_asked = X[:20].to_csv(index=False, header=False).encode()


def ask(endpoint):
    """Send the 20 payments to an endpoint, and return their scores."""
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=rows_asked, ContentType="text/csv"
    )
    return np.array(answer["Body"].read().split(), dtype=float)


scores = {
    "model": fraud_model.predict_proba(X[:20])[:, 1],
    "real-time": ask("real-time"),
}

# %% [markdown]
# ### Exercise 1: taken or refused?
#
# There are now the model `fraud`, and the configuration and the endpoint `real-time`. Is each request, sent by
# itself, `taken` or `refused`?
#
# | request | what it says |
# |---|---|
# | a | `CreateEndpointConfig` for a model that does not exist |
# | b | `CreateModel` with an archive that is not in S3 yet |
# | c | `CreateEndpointConfig` with instances and `ServerlessConfig` |
# | d | `CreateEndpointConfig` called `real-time` again, with two instances |
# | e | `DeleteModel` of `fraud`, while the endpoint serves it |
# | f | `ProvisionedConcurrency` 2, `MaxConcurrency` 1 |

# %% tags=["exercise"]
# BEGIN SOLUTION
answers = {"a": "refused", "b": "refused", "c": "refused"}
answers |= {"d": "refused", "e": "taken", "f": "refused"}
# END SOLUTION
lab.ex1.check(answers)

# %%
import pandas as pd
from botocore.exceptions import ClientError


def says(call, **request):
    """Return "taken", or the code and the message of a refusal."""
    try:
        call(**request)
    except ClientError as error:
        return (
            f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        )
    return "taken"


# %%
small, both = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}, dict(INSTANCE)
both["ServerlessConfig"] = small
wide = {"ServerlessConfig": small | {"ProvisionedConcurrency": 2}}
create = client.create_endpoint_config
said = {
    "a": says(create, **config("a", "frauds", **INSTANCE)),
    "b": says(client.create_model, **model("b", key="nothing.tar.gz")),
    "c": says(create, **config("c", **both)),
    "d": says(create, **config("real-time", **INSTANCE | {"InitialInstanceCount": 2})),
    "e": says(client.delete_model, ModelName="fraud"),
    "f": says(create, **config("f", **wide)),
}
print(*(f"{name}  {text[:100]}" for name, text in said.items()), sep="\n")

# %% [markdown]
# A configuration cannot be changed: you create another one and call `UpdateEndpoint`. The running endpoint has its
# own copy of the model and answers on.{{!serves_on}}

# %%
still = np.allclose(ask("real-time"), scores["real-time"])
client.create_model(**model("fraud"))
f"answers after DeleteModel: {still}"

# %% [markdown]
# **Serverless.** The variant has no instances, but a memory size and `MaxConcurrency`: how many requests it takes
# at the same time. Here it is 1, and no worker runs yet. Four clients ask at the same moment.

# %%
from concurrent.futures import ThreadPoolExecutor

deploy(config("serverless", ServerlessConfig=small))
with ThreadPoolExecutor(4) as pool:
    four = list(pool.map(lambda _: says(ask, endpoint="serverless"), range(4)))
codes = pd.Series(four).str.partition(":")[0].value_counts()
sorted(codes.index)

# %% [markdown]
# One client waits for the worker. The others are *throttled*: refused with
# `ThrottlingException`.{{!throttled}} The cold start, as the service measured it, and
# a warm request, on your machine:

# %%
import time


def cold_starts():
    """Return how many cold starts CloudWatch has seen, and the last mean seconds."""
    names = {"EndpointName": "serverless", "VariantName": "only"}
    points = local.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelSetupTime",
        Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
        StartTime=local.now() - 7200,
        EndTime=local.now() + 60,
        Period=60,
        Statistics=["SampleCount", "Average"],
    )["Datapoints"]
    points.sort(key=lambda point: point["Timestamp"])  # they come in any order
    count = sum(int(point["SampleCount"]) for point in points)
    return count, points[-1]["Average"] / 1e6 if points else None


# %% tags=["nbval-ignore-output"]
def seconds(endpoint):
    """Return how long an answer takes."""
    begun = time.perf_counter()
    ask(endpoint)
    return time.perf_counter() - begun


warm = float(np.median([seconds("serverless") for _ in range(5)]))
while not cold_starts()[0]:  # metrics are written every second
    time.sleep(0.1)
f"cold start {cold_starts()[1]:.2f} s, warm request {warm:.3f} s"

# %% [markdown]
# The guide of AWS does not say when an idle worker ends; here, after five minutes. We move the clock
# ten minutes forward and ask again.

# %%
while cold_starts()[0] < 2:
    local.step(600)
    scores["serverless"] = ask("serverless")
    time.sleep(1.5)
f"a second cold start: {cold_starts()[0] > 1}"

# %% [markdown]
# **Asynchronous.** Instances again, with a queue before them. `InvokeEndpointAsync` answers at once with the
# places in S3 for the result and for a failure.

# %%
where = f"s3://{local.bucket}/async"
output = {"S3OutputPath": f"{where}/out", "S3FailurePath": f"{where}/failed"}
deploy(config("async", **INSTANCE) | {"AsyncInferenceConfig": {"OutputConfig": output}})


def instances_of_async(count):
    """Set the number of instances, and wait until they are there."""
    wanted = [{"VariantName": "only", "DesiredInstanceCount": count}]
    client.update_endpoint_weights_and_capacities(
        EndpointName="async", DesiredWeightsAndCapacities=wanted
    )
    client.get_waiter("endpoint_in_service").wait(EndpointName="async")


# %%
def later(seconds_to_live):
    """Queue the 20 payments, and return where their answer will lie."""
    return runtime.invoke_endpoint_async(
        EndpointName="async",
        Body=rows_asked,
        ContentType="text/csv",
        RequestTTLSeconds=seconds_to_live,
    )


instances_of_async(0)
short, long = later(60), later(3600)
moved = local.step(120)  # two minutes pass, and still there is no instance


# %%
def arrived(uri):
    """Return an object of S3, as soon as it is there."""
    key = uri.split("/", 3)[3]
    s3.get_waiter("object_exists").wait(
        Bucket=local.bucket, Key=key, WaiterConfig={"Delay": 1}
    )
    return s3.get_object(Bucket=local.bucket, Key=key)["Body"].read()


failure = arrived(short["FailureLocation"])
instances_of_async(1)
scores["async"] = np.array(arrived(long["OutputLocation"]).split(), dtype=float)
failure.decode()

# %% [markdown]
# The first request could live for 60 seconds (its *TTL*); its failure lies under `S3FailurePath`.{{!expired}} The
# second waited for the instance.
#
# **Batch.** A transform job needs a model and no endpoint. It starts instances, writes an object `.out` for each object in
# S3, and is gone. `SplitType` cuts an object into records. `BatchStrategy` puts one record into a request, or
# as many as `MaxPayloadInMB` holds, and `AssembleWith` joins the answers. Our file has the payment's number in front:
# `InputFilter` hides it from the model, `JoinSource` puts the record before its score, and `OutputFilter` keeps first and last.


# %%
def transform(name, lines, **processing):
    """Run a batch job over lines of CSV, and return the lines of its output."""
    s3.put_object(Bucket=local.bucket, Key=f"{name}/in.csv", Body=lines.encode())
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{local.bucket}/{name}/"}
    given = {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"}
    client.create_transform_job(
        TransformJobName=name,
        ModelName="fraud",
        BatchStrategy="MultiRecord",
        TransformInput=given | {"SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"{where}/{name}", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        DataProcessing=processing,
    )
    client.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=name)
    return arrived(f"{where}/{name}/in.csv.out").decode().split()


# %%
numbered = X[:20].reset_index(drop=True).to_csv(header=False)
lines = transform(
    "batch", numbered, InputFilter="$[1:]", JoinSource="Input", OutputFilter="$[0,-1]"
)
scores["batch"] = np.array([line.split(",")[1] for line in lines], dtype=float)
local.close()
{name: round(float(score.max()), 4) for name, score in scores.items()}

# %% [markdown]
# Four ways, the same 20 scores.{{!same}}
#
# ### Exercise 2: a file with the truth in it
#
# Next month's records have the payment's number, then whether it was fraud, then the inputs. The output shall have number, truth
# and score, in this order. Write the job's `DataProcessing`.

# %% tags=["exercise"]
# BEGIN SOLUTION
processing = {
    "InputFilter": "$[2:]",
    "JoinSource": "Input",
    "OutputFilter": "$[0,1,-1]",
}
# END SOLUTION
lab.ex2.check(processing)

# %% [markdown]
# ## On trial: "serverless is cheapest for spiky traffic"
#
# A day of six hours is simulated. Its *load* is the share of one instance that the requests would keep busy. Its *duty
# cycle* is the share of the day in which requests come at all. At 1 they are spread over the day; at 0.02 as many
# come in seven bursts of a minute. The four loads are a payment in ten minutes, one in 12 seconds, and about one and three
# a second.
#
# The next cell holds our assumptions. We found no seconds in the guide of AWS for a cold start: ours takes 3, not what
# your machine measured above.

# %% tags=["trial"]
import heapq

import numpy as np

HOURS, BURST = 6, 60  # the day; a burst, in seconds
SERVICE, SLOTS = 0.5, 4  # seconds of a request; requests at a time on an instance
GIGABYTES, MOST = 2, 200  # of a serverless worker; MaxConcurrency
COLD, IDLE = 3, 300  # seconds: a cold start; an idle worker ends
START, STAY = 300, 300  # seconds: an instance starts; an idle one ends, if it may
PROMISE, ALLOWED = 2, 0.01  # seconds of a slow answer; share of them that is borne
LOADS, DUTIES = (0.0002, 0.01, 0.1, 0.4), (1.0, 0.25, 0.1, 0.02)


# %% tags=["trial"]
def traffic(seed, load, duty):
    """Return the times of the requests: at random in bursts, which lie at random."""
    rng, day = np.random.default_rng([seed, 1]), HOURS * 3600
    bursts = round(duty * day / BURST)
    pauses = rng.dirichlet(np.ones(bursts + 1)) * (day - bursts * BURST)
    begins = np.cumsum(pauses[:-1]) + BURST * np.arange(bursts)
    count = round(load * SLOTS / SERVICE * day)
    return np.sort(rng.choice(begins, count) + BURST * rng.random(count))


def serverless(times, most=MOST, idle=IDLE):
    """Return when each request is answered (refused: never), and the cold starts."""
    busy, free, answered, cold = [], [], [], 0
    for now in times.tolist():
        while busy and busy[0] <= now:
            free.append(heapq.heappop(busy))
        if free and now - free[-1] > idle:
            free.clear()  # the others have been idle for longer
        if not free and len(busy) == most:
            answered.append(np.inf)
            continue
        cold, wait = (cold, 0) if free else (cold + 1, COLD)
        free = free[:-1]
        answered.append(now + wait + SERVICE)
        heapq.heappush(busy, answered[-1])
    return np.array(answered), cold


# %% [markdown]
# A request takes the worker that was used last. If none is free another one starts, and at `MaxConcurrency`
# the request is refused. Requests to instances wait in line.


# %% tags=["trial"]
def on_instances(times, count):
    """Return when each request is answered by so many instances."""
    done, slots = np.empty(len(times)), count * SLOTS
    for place in range(slots):
        mine = times[place::slots]
        turn = SERVICE * np.arange(len(mine))
        done[place::slots] = np.maximum.accumulate(mine - turn) + turn + SERVICE
    return done


def to_zero(times):
    """Return the answers of one instance that comes and goes, and its seconds."""
    done, last, up, ready, paid = [], -np.inf, 0, 0, 0
    for n, now in enumerate(times.tolist()):
        if now > last + STAY:
            paid += last + STAY - up if n else 0
            up, ready = now, now + START
        last = max(now, ready, done[n - SLOTS] if n >= SLOTS else 0) + SERVICE
        done.append(last)
    return np.array(done), paid + last + STAY - up


def slow(times, answered):
    """Return the share of requests that have no answer in time."""
    return float((answered - times > PROMISE).mean())


def modes(seed, load, duty):
    """Serve one day in four ways; what is paid is a mean over the day."""
    times, day = traffic(seed, load, duty), HOURS * 3600
    answered, cold = serverless(times)
    taken = np.isfinite(answered).sum()
    found = {("serverless", "slow"): slow(times, answered)}
    found["serverless", "refused"] = 1 - taken / len(times)
    found["serverless", "paid"] = GIGABYTES * SERVICE * taken / day
    found["serverless", "cold, if paid"] = GIGABYTES * COLD * cold / day
    enough = 1
    while slow(times, on_instances(times, enough)) > ALLOWED:
        enough += 1
    for name, count in (("one instance", 1), ("enough instances", enough)):
        found[name, "slow"] = slow(times, on_instances(times, count))
        found[name, "paid"] = count
    answered, seconds = to_zero(times)
    found["queue", "slow"], found["queue", "paid"] = (
        slow(times, answered),
        seconds / day,
    )
    return found


# %%
rows = lab.trial(
    modes,
    seeds=20,
    levels=("mode", "measure"),
    settings={"load": LOADS, "duty": DUTIES},
)
rows.design(
    worlds="a day of six hours with random bursts, the same requests for each mode",
    rows="35 to 69,120 requests, as the load says",
    measure="the share without an answer in 2 seconds (refused ones too); bursts (duty "
    "cycle 0.02) minus spread (1), in pairs of days",
    margin=0.01,
    yardstick="our own arrivals and times. `enough instances` is chosen after the day, "
    "which favours instances; workers that start in 3 seconds favour serverless.",
)

# %% [markdown]
# **What to try.** Set `COLD` to what you measured, or to 1, and run the cells down to here. See
# `rows.yours.wide("slow", load=0.1, duty=0.02)`.
#
# The mean share of slow answers of every arm; *queue* is asynchronous and goes to zero:


# %%
def means(measure):
    """Return means over the days: a row for each load and duty cycle."""
    chosen = rows.table[rows.table["measure"] == measure]
    found = chosen.pivot_table(index=["load", "duty"], columns="mode", values="value")
    return found.sort_index(ascending=[True, False])


arms = ["serverless", "one instance", "enough instances", "queue"]
slow_share = means("slow")[arms].assign(refused=means("refused")["serverless"])
slow_share.round(3)

# %% [markdown]
# One instance answers in time until load divided by duty cycle
# reaches 1.{{!one_breaks}} And the queue, whose instance needs five minutes to start, is late for a third of the requests or
# more with bursts, and in the quietest shop also without.{{!queue_late}} So cost is compared with *enough instances*: as few as keep 99 answers of 100 in time.

# %%
from labs_lib import stats


def bursts_against_spread(load, **options):
    """Compare the share of slow answers of serverless, in pairs of days."""
    pair = [rows.wide("slow", load=load, duty=d)["serverless"] for d in (0.02, 1.0)]
    return stats.worlds(*pair, margin=0.01, **options)


decided = bursts_against_spread(0.1)
lab.slow.reveal(decided.verdict)

# %%
others = {
    f"load {n}": bursts_against_spread(n, comparisons=3) for n in (0.0002, 0.01, 0.4)
}
{"load 0.1, the bet": decided} | others

# %% [markdown]
# In the shop of the bet, bursts change the share of slow answers by {{decided}}.{{!higher}} In the two shops next to it
# bursts raise it too.{{!busy_higher}} In the very quiet one it is the other way round: {{quiet}}.{{!quiet_lower}}
#
# Distrust this. Slow is exactly who meets a cold start or is refused,{{!slow_is_cold}} as our cold start is longer than the shop
# waits. The five idle minutes are assumed too. Here are two shops with other idle times, in seconds:

# %% tags=["trial"]
IDLES = (60, 300, 900, 1800)  # seconds until an idle worker ends


def kept(seed, idle, load, duty):
    """Serve one day by serverless workers that are kept for a short or a long while."""
    times = traffic(seed, load, duty)
    return {("serverless", "slow"): slow(times, serverless(times, idle=idle)[0])}


# %%
longer = lab.trial(
    kept,
    seeds=20,
    levels=("mode", "measure"),
    settings={"idle": IDLES, "load": (0.0002, 0.1), "duty": (1.0, 0.02)},
)

# %%
longer.table.pivot_table(index=["load", "duty"], columns="idle", values="value").round(
    3
)

# %% [markdown]
# For the shop of the bet bursts are worse with each of the four.{{!idle_robust}} In the very quiet one our assumption decides: with
# half an hour bursts are worse, with a quarter it is undecided.{{!idle_decides}} That is a demonstration, without a
# verdict.
#
# **The bill.** It follows by a formula, so it is a demonstration too. Serverless costs
# gigabytes times seconds of processing, instances cost seconds. Only the ratio of the two prices counts. Ours are
# invented: put in yours.

# %%
INSTANCE_HOUR, GIGABYTE_HOUR = 1.5, 1.0  # invented

paid = means("paid")
bill = paid[["one instance", "enough instances", "queue"]] * INSTANCE_HOUR
bill.insert(0, "serverless", paid["serverless"] * GIGABYTE_HOUR)
setup = means("cold, if paid")["serverless"] * GIGABYTE_HOUR
bill["serverless, cold starts paid"] = bill["serverless"] + setup
bill.round(3)

# %% [markdown]
# At these prices serverless costs the two quiet shops less than one instance, whatever the duty cycle.{{!quiet_cheaper}} With a load
# of 0.4 that is spread it costs {{dearer}} times as much.{{!spread_dearer}} In short bursts (duty
# cycle 0.1 or less) it is again below enough instances, which are paid all day.{{!bursts_cheaper}} But it is not the same
# good: on serverless more than one answer in a hundred is slow, except in the two busy shops without bursts.{{!not_same}} In the shortest bursts of the two busy shops
# the queue is cheapest, and keeps no promise.{{!queue_cheapest}} If cold starts were paid too, no row would change
# sides.{{!cold_no_matter}}
#
# These two cost the same when an instance-hour costs as many gigabyte-hours as serverless uses for each hour of an instance.

# %%
break_even = paid[["enough instances"]].assign(
    load_by_duty=[load / duty for load, duty in paid.index],
    price_ratio=paid["serverless"] / paid["enough instances"],
)
break_even.round(3)

# %%
from labs_lib import plots

with plots.figure(
    title="Bursts move the break-even where one instance is not enough",  # {{!key}}
    x="duty cycle (share of the day with requests, 0.02 to 1)",
    y="price ratio (GB-hours an instance-hour)",
    alt="Two lines are flat. Two fall where requests come in short bursts.",
) as ax:
    plots.lines(ax, break_even.reset_index(), x="duty", y="price_ratio", group="load")
    ax.axhline(INSTANCE_HOUR / GIGABYTE_HOUR, color="gray", linestyle=":")
    ax.set(xscale="log", yscale="log")
    ax.legend(title="load", loc=(0.02, 0.1))

# %% [markdown]
# Above its line serverless is cheaper, below it instances are. The dotted line is our price ratio. As long as a burst fits
# into one instance, only the load counts.{{!key}} Beyond that you need load divided by duty cycle, rounded up, and up to one instance
# more.{{!formula}}
#
# ## Where it fails: MaxConcurrency from the mean
#
# A load of 0.1 in seven bursts is 41 requests a second. Each takes half a second, so about 20 are under way at
# a time. Your colleague sets `MaxConcurrency` to 20, or to be safe to 40.

# %% tags=["trial"]
CAPS = (20, 40, 80, 120, 144, 160, 200)


def capped(seed, most):
    """Serve one day of bursts with a MaxConcurrency; count what is refused or cold."""
    times = traffic(seed, 0.1, 0.02)
    answered, cold = serverless(times, most=most)
    refused = 1 - np.isfinite(answered).mean()
    found = {"refused": refused, "cold": cold / len(times)}
    return {("serverless", name): value for name, value in found.items()}


# %%
caps = lab.trial(capped, seeds=20, levels=("mode", "measure"), settings={"most": CAPS})

# %%
refused = pd.DataFrame({n: caps.wide("refused", most=n)["serverless"] for n in CAPS})
cold = pd.DataFrame({n: caps.wide("cold", most=n)["serverless"] for n in CAPS})
summary = {
    "refused": refused.mean(),
    "cold": cold.mean(),
    "most refused": refused.max(),
}
pd.DataFrame(summary).rename_axis("MaxConcurrency").round(3)

# %% [markdown]
# With 20, a share of {{refused_20}} is refused, with twice as many still {{refused_40}}.{{!forty_short}}
#
# ### Exercise 3: how many workers does a burst need?
#
# A burst finds no warm worker. It brings `rate` requests a second; each takes `service` seconds, and `cold` seconds more if its worker has
# to start. Until the first answer is there, nobody gets a worker back. Write a function that returns the least `MaxConcurrency` with
# which no request is refused, if they come at equal distances. SageMaker allows 1 to 200.


# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def workers(rate, service, cold):
    """Return how many requests come before the first worker is free again."""
    return min(max(math.ceil(rate * (service + cold)), 1), 200)


# END SOLUTION
lab.ex3.check(workers)

# %% [markdown]
# For our burst this is 41 requests a second for three and a half seconds, so 144. In the trial requests come at random, and
# a share of {{refused_144}} is still refused.{{!formula_short}} At 200 none is.{{!none_at_200}}
#
# ## Real data: flights from New York
#
# When a plane left New York in 2013, somebody asks for a score. We have a fifth of the flights: about one in eight minutes.
# Twenty days are served, 18 days apart, and as many requests spread over 24 hours.


# %% tags=["trial"]
from labs_lib import data


def flown(seed, idle):
    """Serve the departures of one day as they came, and as many spread over the day."""
    table = data.load_flights().dropna(subset=["dep_delay"])
    some = table[table["date"] == np.sort(table["date"].unique())[18 * seed]]
    planned, rng = some["sched_dep_time"], np.random.default_rng([seed, 2])
    minute = planned // 100 * 60 + planned % 100 + some["dep_delay"]
    came = 60 * (minute.to_numpy(dtype=float) + rng.random(len(some)))
    days = {"as they came": came, "spread": 86_400 * rng.random(len(some))}
    found = {}
    for name, times in days.items():
        times = np.sort(times)
        found[name, "slow"] = slow(times, serverless(times, idle=idle)[0])
        found[name, "requests"] = len(times)
    return found


# %%
flights = lab.trial(
    flown, seeds=20, levels=("traffic", "measure"), settings={"idle": (300, 900)}
)
{idle: flights.wide("slow", idle=idle).mean().round(3).to_dict() for idle in (300, 900)}

# %%
real = {
    f"idle {idle} s": stats.worlds(
        *(flights.wide("slow", idle=idle)[n] for n in ("as they came", "spread")),
        comparisons=2,
        margin=0.01,
    )
    for idle in (300, 900)
}
real

# %% [markdown]
# As they came, fewer answers are slow than spread, with both idle times.{{!flights_lower}} With five
# minutes the share changes by {{flights}}. The days share a timetable:
# this says nothing about other airports, or shops.
#
# ## On SageMaker
#
# Limits of Amazon SageMaker AI in July 2026:
#
# | | real-time | serverless | asynchronous | batch |
# |---|---|---|---|---|
# | payload | 25 MB | 4 MB | 1 GB, from S3 | 100 MB a request |
# | time for a request | 60 s | 60 s | 1 h | 1 h |
# | runs on | instances | 1 to 6 GB, no GPU | instances | instances |
# | no traffic | is paid | is free | may go to zero | nothing runs |
#
# - `ProvisionedConcurrency` keeps workers warm, and is paid as long as it is set.
# - An asynchronous endpoint goes to zero by auto scaling on its backlog, and comes back when that exceeds the target. To
#   come back for the first request it needs a second policy, on `HasBacklogWithoutCapacity`.
# - A real-time endpoint goes to zero only with inference components, and requests fail meanwhile.
#
# Elastic Beanstalk deploys applications, not models: all at once, rolling, rolling
# with an additional batch, immutable, or by traffic splitting. A rolling deployment that fails leaves two versions side by side
# until the next one. The update of an endpoint can watch alarms and roll back by itself. Beanstalk is not in the exam MLA-C01.
#
# ## What is not reproduced
#
# - Prices (also those of data), cold starts and idle times of AWS.
# - Auto scaling of real-time endpoints.
# - What AWS does with requests during a cold start: here each needs a worker of its own.
#
# ## Takeaways
#
# - Model, configuration, endpoint, in this order. A configuration is replaced, not changed.
# - How busy one instance would be decides whether serverless is cheaper.{{!quiet_cheaper}} Bursts count when they
#   need several.{{!key}}
# - Look at slow and refused requests first: the cheapest may keep no promise.{{!queue_cheapest}}
# - If a cold start is longer than the shop waits, bursts make more answers slow in busy shops.{{!higher}} In a very quiet one
#   the idle time decides.{{!idle_decides}}
# - Set `MaxConcurrency` from the rate in a burst, times service and cold start together, with room above.{{!formula_short}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - SageMaker AI developer guide: `deploy-model-options`, `serverless-endpoints`, `async-inference`,
#   `batch-transform-data-processing`; service model of boto3.
# - CloudFormation template reference: `AWS::SageMaker::Model`. Elastic Beanstalk developer guide:
#   `using-features.rolling-version-deploy`.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact


def quiet_pair(load, idle):
    """Compare bursts with spread days for one idle time."""
    pair = [
        longer.wide("slow", idle=idle, load=load, duty=d)["serverless"]
        for d in (0.02, 1.0)
    ]
    return stats.worlds(*pair, comparisons=8, margin=0.01)


def late(load, duty):
    """Say whether the slow answers are those with a cold start and the refused."""
    count = round(load * SLOTS / SERVICE * HOURS * 3600)
    names = ("slow", "refused", "cold, if paid")
    found = [rows.wide(n, load=load, duty=duty)["serverless"] for n in names]
    cold = found[2] * HOURS * 3600 / (GIGABYTES * COLD)
    return np.allclose(found[0] * count, found[1] * count + cold)


fits = break_even["load_by_duty"] < 0.99
bursty = bill.index.get_level_values("duty") < 1
light = bill.index.get_level_values("load") < 0.05
peaks = bill.loc[(0.1, 0.02)], bill.loc[(0.4, 0.02)]
count = break_even["enough instances"]
lab.facts(
    digits=3,
    tolerance=0.002,
    serves_on=still,
    throttled=codes.get("taken", 0) > 0 and codes.get("ThrottlingException", 0) > 0,
    expired="expired" in failure.decode(),
    same=all(np.allclose(s, scores["model"], atol=1e-5) for s in scores.values())
    and len(scores) == 5,
    one_breaks=slow_share["one instance"][fits].max() < 0.01
    and slow_share["one instance"][~fits].min() > 0.2,
    queue_late=slow_share["queue"][bursty].min() > 1 / 3
    and slow_share.loc[(0.0002, 1.0), "queue"] > 1 / 3,
    decided=decided,
    higher=decided.verdict == "higher" and decided.low > 0.02,
    quiet=others["load 0.0002"],
    quiet_lower=others["load 0.0002"].high < -0.2,
    busy_higher=all(others[f"load {n}"].low > 0.02 for n in (0.01, 0.4)),
    slow_is_cold=COLD + SERVICE > PROMISE
    and all(late(load, duty) for load in LOADS for duty in DUTIES),
    idle_decides=quiet_pair(0.0002, 1800).low > 0.02
    and quiet_pair(0.0002, 900).verdict == "undecided"
    and quiet_pair(0.0002, 300).high < -0.2,
    idle_robust=all(quiet_pair(0.1, idle).low > 0.01 for idle in IDLES),
    quiet_cheaper=bool(
        (bill["serverless"][light] < 0.2 * bill["one instance"][light]).all()
    ),
    dearer=Fact(
        bill.loc[(0.4, 1.0), "serverless"] / bill.loc[(0.4, 1.0), "enough instances"],
        digits=1,
        tolerance=0.05,
    ),
    spread_dearer=bill.loc[(0.4, 1.0), "serverless"]
    > 1.5 * bill.loc[(0.4, 1.0), "enough instances"],
    bursts_cheaper=all(
        bill.loc[(0.4, duty), "serverless"]
        < 0.6 * bill.loc[(0.4, duty), "enough instances"]
        for duty in (0.1, 0.02)
    ),
    not_same=slow_share["serverless"][bursty | light].min() > 0.011
    and slow_share["serverless"][~bursty & ~light].max() < 0.005,
    queue_cheapest=all(row.idxmin() == "queue" for row in peaks)
    and slow_share["queue"].xs(0.02, level="duty").min() > 0.8,
    cold_no_matter=bool(
        (
            (bill["serverless"] < bill["enough instances"])
            == (bill["serverless, cold starts paid"] < bill["enough instances"])
        ).all()
    ),
    key=bool(
        (count[fits & light] == 1).all()
        and break_even["price_ratio"].groupby("load").agg(np.ptp)[[0.0002, 0.01]].max()
        < 1e-6
        and break_even.loc[(0.1, 0.02), "price_ratio"]
        < 0.3 * break_even.loc[(0.1, 1.0), "price_ratio"]
        and break_even.loc[(0.4, 0.02), "price_ratio"]
        < 0.1 * break_even.loc[(0.4, 1.0), "price_ratio"]
    ),
    formula=bool(
        (count >= np.ceil(break_even["load_by_duty"] - 1e-9) - 1e-9).all()
        and (count <= np.ceil(break_even["load_by_duty"] - 1e-9) + 1).all()
    ),
    refused_20=Fact(refused[20].mean(), digits=2, tolerance=0.01),
    refused_40=Fact(refused[40].mean(), digits=2, tolerance=0.01),
    forty_short=refused[20].min() > 0.1 and refused[40].min() > 0.02,
    refused_144=Fact(refused[144].mean(), digits=3, tolerance=0.001),
    formula_short=0 < refused[144].mean() < 0.02 and refused[120].mean() > 0.005,
    none_at_200=refused[200].max() == 0,
    flights=real["idle 300 s"],
    flights_lower=all(found.high < -0.02 for found in real.values()),
)
