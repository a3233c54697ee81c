# ---
# jupyter:
#   labs:
#     concepts:
#       sm-lineage: "Back from the endpoint, forward from the file"
#     constants: {}
# ---

# %% [markdown]
# # Lineage: what did the bad file touch?
#
# > One night's file was bad. Four models were trained this week. Which of them do you call back?
#
# **You will**
#
# - follow a live endpoint back to its data, and a file forward to the models that came of it;
# - write down which *version* of a file a job read, and see how wrong other lists are;
# - run one pipeline from data to a canary, kill the server in the middle, and go on.
#
# **You need** [Tuning jobs](../2_train/55_tuning_jobs.ipynb). **Data in:** credit defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | ML Lineage Tracking, `QueryLineage` | the same requests, answered on this machine |
# | artifact, action, context, trial component | the same |
# | Pipelines, Model Registry, deployment guardrails | the same requests |

# %%
from labs_lib.labs.deploy.lineage.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A bank trains a model of credit defaults each morning, on the file that arrived at night. The file has one
# address, and each night overwrites the last. It is Friday, 9 o'clock. The department that sends the files calls:
# in Wednesday's, the label was the wrong way round. They have sent you a copy of it. By noon the risk team wants a
# list: which models learned from it, and is one of them live?
#
# A list can be wrong in two ways. A model that is missing stays at work. A good model on the list is taken
# down for nothing. [Recall](../glossary.md#recall) counts the first, [precision](../glossary.md#precision) the second.
#
# ## Predict
#
# The claim: *SageMaker tracks lineage by itself; ask it which models saw the bad file.* Four models were trained, from
# Monday to Thursday, all on the same address. Only Wednesday's saw the bad file. How many of the four will
# SageMaker name: `"one"`, `"some"` or `"all"`?

# %%
guess = ...  # "one", "some" or "all"
lab.named.commit(guess)

# %% [markdown]
# ## Back from the endpoint, forward from the file
#
# First the week. With `speed=0` the server's clock stands still until we step it, so a day costs no time.

# %%
import tempfile

from labs_lib import sagemaker

folder = tempfile.TemporaryDirectory()
local = sagemaker.start(folder.name, speed=0)
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)
root = f"s3://{local.bucket}"

# %% [markdown]
# The model is a short script in the container of scikit-learn: a linear model of the label. When it is served, the
# same script loads it and answers.

# %%
model_script = """
import json, os, shutil
from pathlib import Path
import numpy as np

def model_fn(folder):
    return np.array(json.loads(Path(folder, "model.json").read_text()))

def predict_fn(rows, model):
    return rows @ model

if __name__ == "__main__":
    (file,) = Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir()
    rows, place = np.loadtxt(file, delimiter=","), Path(os.environ["SM_MODEL_DIR"])
    line = np.linalg.lstsq(rows[:, 1:], rows[:, 0], rcond=None)[0]
    (place / "model.json").write_text(json.dumps(line.tolist()))
    (place / "code").mkdir()
    shutil.copy(__file__, place / "code" / "model.py")
"""

# %% [markdown]
# S3 answers each upload with an *ETag*. It is another one whenever the content is another. For a plain upload
# it is the MD5 checksum of the content.

# %%
import io
import tarfile


def put(key, body):
    """Store an object and return its ETag."""
    return s3.put_object(Bucket=local.bucket, Key=key, Body=body)["ETag"].strip('"')


# %%
packed, text = io.BytesIO(), model_script.encode()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    entry = tarfile.TarInfo("model.py")
    entry.size = len(text)
    archive.addfile(entry, io.BytesIO(text))
stored = put("code/source.tar.gz", packed.getvalue())

# %%
from labs_lib import data

table = data.load_credit_default()[["DEFAULT", "LIMIT_BAL", "AGE", "PAY_0"]]


def arrivals(night, swapped=False):
    """Return the file of one night: 300 customers, the label first."""
    some = table[300 * night : 300 * (night + 1)]
    some = some.assign(DEFAULT=1 - some["DEFAULT"]) if swapped else some
    return some.to_csv(index=False, header=False).encode()


# %% [markdown]
# A training job names the addresses of its data and its code. Each model then becomes a version in the model
# registry, in the group `defaults`.

# %%
ECR = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{ECR}/sagemaker-scikit-learn:1.2-1-cpu-py3"
MACHINE = {"InstanceType": "ml.m5.large"}
CLUSTER = MACHINE | {"InstanceCount": 1, "VolumeSizeInGB": 1}
code = {"sagemaker_program": "model.py"}
code |= {"sagemaker_submit_directory": f"{root}/code/source.tar.gz"}


# %%
def training(address):
    """Return a training job's request, but for its name."""
    source = {"S3DataType": "S3Prefix", "S3Uri": address}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    return {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": code,
        "RoleArn": local.role,
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": f"{root}/models/"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


# %%
group = {"ModelPackageGroupName": "defaults"}
made = client.create_model_package_group(**group)


def version_of(archive, status):
    """Return the request of a new version, for a trained model's archive."""
    container = {"Image": IMAGE, "ModelDataUrl": archive}
    container |= {"Environment": {"SAGEMAKER_PROGRAM": "model.py"}}
    given = {"InferenceSpecification": {"Containers": [container]}}
    return group | given | {"ModelApprovalStatus": status}


# %%
def train(name, address):
    """Train, wait, register the model, and return the job and its version."""
    client.create_training_job(TrainingJobName=name, **training(address))
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)
    job = client.describe_training_job(TrainingJobName=name)
    request = version_of(job["ModelArtifacts"]["S3ModelArtifacts"], "Approved")
    return job, client.create_model_package(**request)["ModelPackageArn"]


# %% [markdown]
# Now the four days. On Wednesday the label is the wrong way round, and nobody notices. The notebook keeps the ETags for later.

# %%
DAYS = ("monday", "tuesday", "wednesday", "thursday")
address = f"{root}/bank/daily.csv"
etags, jobs, versions = {}, {}, {}
for night, day in enumerate(DAYS):
    etags[day] = put("bank/daily.csv", arrivals(night, swapped=day == "wednesday"))
    jobs[day], versions[day] = train(day, address)
    local.step(86_400)

# %% [markdown]
# One of the four went live, behind the endpoint `credit`. On Friday you see only the endpoint, so do not read the next cell
# too closely.


# %%
def configure(name, package):
    """Make a model of a version, and a configuration with two instances of it."""
    model, container = {"ModelName": name}, {"ModelPackageName": package}
    client.create_model(
        **model, ExecutionRoleArn=local.role, PrimaryContainer=container
    )
    variant = model | MACHINE | {"VariantName": "all", "InitialInstanceCount": 2}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


configure("week", versions["wednesday"])
started = client.create_endpoint(EndpointName="credit", EndpointConfigName="week")
client.get_waiter("endpoint_in_service").wait(EndpointName="credit")

# %% [markdown]
# You wrote down nothing of what came of what. SageMaker did, whenever a job ended, a version was registered or an
# endpoint went into service. It keeps four kinds of *entities*: an **artifact** is something with an address, a **trial
# component** is a job, an **action** is a step such as a deployment, a **context** is a group, such as an endpoint.
# An *association* leads from one to another: the data contributed to the job, the job produced the model.
#
# `QueryLineage` follows them: `Ascendants` backwards, `Descendants` forwards.


# %%
def ask(arn, direction, **filters):
    """Return what one query reaches; at most 50 vertices come in one answer."""
    return client.query_lineage(
        StartArns=[arn], Direction=direction, Filters=filters, MaxResults=50
    )


# %%
def source_of(arn):
    """Return the address of an artifact, and the ETag noted with it, if any."""
    source = client.describe_artifact(ArtifactArn=arn)["Source"]
    noted = [kind["Value"] for kind in source.get("SourceTypes", [])]
    return source["SourceUri"], *noted


# %%
def short(arn):
    """Return a name for a picture: without account and bucket, a part a line."""
    name = arn.partition("/")[2]
    if ":artifact/" in arn:
        name = source_of(arn)[0].removeprefix(f"{root}/").removeprefix(f"{ECR}/")
        name = name.rpartition(":model-package/")[2].replace(":", ":\n")
    return name.replace("/", "/\n").replace("-aws-", "\n")


contexts = client.list_contexts(SourceUri=started["EndpointArn"])["ContextSummaries"]
endpoint = contexts[0]["ContextArn"]
back = ask(endpoint, "Ascendants")
edges = [(short(e["SourceArn"]), short(e["DestinationArn"])) for e in back["Edges"]]

# %%
from labs_lib import plots

file = "bank/\ndaily.csv"
with plots.figure(
    title="From the endpoint back to an address",  # {{!reached}}
    x="",
    y="",
    alt="Boxes from the file, over job, model and version, to the endpoint.",
    size=(10, 4.5),
) as ax:
    plots.dag(ax, edges, marked=[file])

# %% [markdown]
# Read it from right to left. The endpoint serves a version, which came of Wednesday's job, which read
# `bank/daily.csv`.{{!reached}} So you know the address, and the day only by the name of the job. Now forward: which jobs came of this
# address?


# %%
def named(arn):
    """Return the names of the training jobs that a query forward reaches."""
    reached = ask(arn, "Descendants", LineageTypes=["TrialComponent"])["Vertices"]
    names = [vertex["Arn"].rpartition("/")[2] for vertex in reached]
    return sorted(name.removesuffix("-aws-training-job") for name in names)


(plain,) = client.list_artifacts(SourceUri=address)["ArtifactSummaries"]
by_address = named(plain["ArtifactArn"])
by_address

# %%
count = {1: "one", len(DAYS): "all"}.get(len(by_address), "some")
lab.named.reveal(count)

# %% [markdown]
# All four.{{!all_named}} An artifact that SageMaker makes by itself is the address, to the letter. Four contents of one
# address are one artifact, so the overwrite is lost. On this list, three good models go down with the bad one.
#
# ### Exercise 1: named or missed?
#
# The artifact is the address as the request spells it. Six models were made since the file at `s3://bank/daily.csv` arrived.
# You ask SageMaker for everything that came of the artifact `s3://bank/daily.csv`. Is the model's training job
# `named` or `missed`?
#
# | model | how the file came to it |
# |---|---|
# | a | the training job's channel is `s3://bank/daily.csv` |
# | b | the channel is the folder, `s3://bank/`, and the file lies in it |
# | c | a processing job reads `s3://bank/daily.csv` and writes to `s3://bank/clean/`; the channel is `s3://bank/clean/` |
# | d | the same processing job, but the channel is `s3://bank/clean/part.csv` |
# | e | your notebook copies the object to `s3://bank/copy.csv` with boto3; the channel is `s3://bank/copy.csv` |
# | f | the channel is `s3://bank/daily.csv`, and by then another night's file lay there |

# %% tags=["exercise"]
# BEGIN SOLUTION
answer = {"a": "named", "b": "missed", "c": "named"}
answer |= {"d": "missed", "e": "missed", "f": "named"}
# END SOLUTION
lab.ex1.check(answer)

# %% [markdown]
# ## A demonstration: the version beside the address
#
# You can make an artifact yourself and connect it with the job. The guide allows one artifact for each `SourceUri`. So
# give each content an address of its own: the file's, with the ETag behind it. `SourceTypes` says what kind of
# id that is. Which one is bad? The MD5 checksum of the department's copy says so.


# %%
def note(job_arn, etag):
    """Write down which version of the file a job read; return the artifact."""
    kinds = [{"SourceIdType": "S3ETag", "Value": etag}]
    source = {"SourceUri": f"{address}#{etag}", "SourceTypes": kinds}
    made = client.create_artifact(ArtifactType="DataSet", Source=source)["ArtifactArn"]
    components = client.list_trial_components(SourceArn=job_arn)
    job = components["TrialComponentSummaries"][0]["TrialComponentArn"]
    client.add_association(
        SourceArn=made, DestinationArn=job, AssociationType="ContributedTo"
    )
    return made


# %%
import hashlib

noted = {etags[d]: note(jobs[d]["TrainingJobArn"], etags[d]) for d in DAYS}
copy = arrivals(2, swapped=True)  # what the department has sent
bad = hashlib.md5(copy).hexdigest()
by_version = named(noted[bad])
by_version

# %%
found = ask(endpoint, "Ascendants", Types=["DataSet"])["Vertices"]
live = {tag for vertex in found for tag in source_of(vertex["Arn"])[1:]}
f"jobs on the list: {len(by_version)}; the live model saw the bad file: {bad in live}"

# %% [markdown]
# Now the list has one name, and the endpoint leads back to the bad version.{{!one_named}} So the live model has to go.
#
# But when do you note the ETag? We noted it when the job was sent. A job waits for a machine, and reads later. In
# between, the next file may arrive. So let us simulate many nights. All numbers in the next cell are ours:
# what follows is arithmetic, no finding about your bank.

# %%
import numpy as np
import pandas as pd

DELAY = 20  # minutes from sending a job to its reading, on average
SCARCE = 120  # the same, when machines are scarce
LATE = 30  # minutes after 2 o'clock at which the file arrives, on average
RUN = 30  # minutes from reading to the end of the job
HISTORY = 30  # days that the address has been in use


# %%
def lists(hour, delay, nights=100_000):
    """Return precision and recall of each list; one job a day, sent at this hour."""
    rng, day = np.random.default_rng(0), np.arange(nights)
    arrives = np.sort(24 * day + 2 + rng.exponential(LATE / 60, nights))
    sent = 24 * day + (rng.uniform(0, 24, nights) if hour is None else hour)
    reads = sent + rng.exponential(delay / 60, nights)
    before, read, after = (
        np.searchsorted(arrives, at, side="right") - 1
        for at in (sent, reads, reads + RUN / 60)
    )
    right = {
        "calendar day": (read == day).mean(),
        "ETag when sent": (read == before).mean(),
    }
    found = {"address": (1 / HISTORY, 1.0)} | {k: (v, v) for k, v in right.items()}
    found["ETags before and after"] = (1 / (after - before + 1).mean(), 1.0)
    return pd.DataFrame(found, index=["precision", "recall"]).T


# %%
any_time, at_three, scarce = lists(None, DELAY), lists(3, DELAY), lists(3, SCARCE)
three = {"sent at any hour": any_time, "sent at 3 at night": at_three}
three["at 3, machines scarce"] = scarce
pd.concat(three, axis=1).round(3)

# %% [markdown]
# A list by calendar day takes every job of the bad file's date. A job under a wrong day is missing on one list
# and too much on another, so precision and recall are the same here.
#
# The list by address misses nobody, and one name in 30 on it is right. By calendar day, a job counts for the wrong day if it
# reads before its file has arrived, or after the next one has. The ETag noted at sending is wrong if a file arrives between note and
# reading. For jobs at any hour that share is about the mean delay divided by 24 hours;{{!formula}} at 3 at night, when some
# files are still on their way, it is larger.{{!night_worse}} And if machines are scarce at that hour, the plain
# calendar is right more often than the ETag.{{!calendar_wins}}
#
# The last row takes two notes, before sending and after the end, and names a job if it may have read the bad
# version. It misses nobody, at a price in precision.{{!price}} Best of all, let the training script hash the file that it reads: `MD5Hash`
# is a kind of `SourceTypes` too.
#
# **What to try.** Set `LATE` to 5, as if the files were punctual, and run the last three cells again. Who is right now?
#
# ### Exercise 2: who may have read it?
#
# Write the rule of the last row. `uploads` is the list of ETags of the address, oldest first, each of them once.
# `notes` maps a job to two ETags: what lay there before the job was sent, and after it had ended.
# Return the names of the jobs that may have read the version `bad`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def suspects(uploads, notes, bad):
    """Return the jobs between whose two notes the bad version lay there."""
    at = {etag: place for place, etag in enumerate(uploads)}
    pairs = notes.items()
    return {job for job, (first, last) in pairs if at[first] <= at[bad] <= at[last]}


# END SOLUTION
lab.ex2.check(suspects)

# %% [markdown]
# ## Where it fails: the eleventh step
#
# There is a simpler way than notes: write to each address once. If each night has an address of its own,
# what SageMaker writes by itself is enough. But now each night a processing job merges the new file into the table
# of all customers, and the next night goes on from there. So a bad file lives on in each later table. Eight nights; the first file
# is bad.

# %%
merge_script = """
import sys
from pathlib import Path

*inputs, out = map(Path, sys.argv[1:])
files = [file for folder in inputs for file in folder.iterdir()]
lines = [line for file in files for line in file.read_text().splitlines()]
(out / "part.csv").write_text("\\n".join(lines))
"""
etag = put("code/merge.py", merge_script.encode())


# %%
def merging(output, **inputs):
    """Return a processing job's request, but for its name: folders in, one out."""
    place, folders = "/opt/ml/processing", {"code": f"{root}/code/merge.py"} | inputs
    arguments = [f"{place}/{name}" for name in (*inputs, "out")]
    application = {"ImageUri": IMAGE, "ContainerArguments": arguments}
    application |= {"ContainerEntrypoint": ["python3", f"{place}/code/merge.py"]}
    read = {"S3DataType": "S3Prefix", "S3InputMode": "File"}
    sources = {n: {"S3Uri": u, "LocalPath": f"{place}/{n}"} for n, u in folders.items()}
    written = {"S3Uri": output, "LocalPath": f"{place}/out", "S3UploadMode": "EndOfJob"}
    return {
        "AppSpecification": application,
        "RoleArn": local.role,
        "ProcessingInputs": [
            {"InputName": n, "S3Input": s | read} for n, s in sources.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "out", "S3Output": written}]
        },
        "ProcessingResources": {"ClusterConfig": CLUSTER},
    }


# %%
waiter = client.get_waiter("processing_job_completed_or_stopped")
before = {}
for night in range(1, 9):
    put(f"nights/{night}.csv", arrivals(night, swapped=night == 1))
    files = {"daily": f"{root}/nights/{night}.csv"} | before
    name = {"ProcessingJobName": f"night-{night}"}
    client.create_processing_job(**name, **merging(f"{root}/all/{night}", **files))
    waiter.wait(**name)
    before = {"before": f"{root}/all/{night}"}


# %%
def holds(night):
    """Say whether a night's table holds all lines of the bad file."""
    stored = s3.get_object(Bucket=local.bucket, Key=f"all/{night}/part.csv")["Body"]
    return set(arrivals(1, swapped=True).splitlines()) <= set(
        stored.read().splitlines()
    )


held = [night for night in range(1, 9) if holds(night)]
held


# %%
def tables(address):
    """Ask forward of an address: return the nights of its tables, and the fields."""
    (start,) = client.list_artifacts(SourceUri=address)["ArtifactSummaries"]
    answer = ask(start["ArtifactArn"], "Descendants", Types=["DataSet"])
    fields = sorted(set(answer) - {"ResponseMetadata"})
    found = [source_of(vertex["Arn"])[0] for vertex in answer["Vertices"]]
    return sorted(int(a[-1]) for a in found if a.startswith(f"{root}/all/")), fields


(first, fields), (rest, _) = tables(f"{root}/nights/1.csv"), tables(f"{root}/all/5")
f"from the bad file: {first}; from table 5: {rest}; fields of the answer: {fields}"

# %% [markdown]
# All eight tables hold the bad file.{{!held}} The query names five, and says nothing of the rest.{{!cut}} From file to job
# and from job to table are two steps a night, and a query goes ten steps at most (`MaxDepth`). No
# field of the answer says that it was cut.{{!silent}} Ask again from where it ended.
#
# ### Exercise 3: everything
#
# `reach(arn)` stands for one query: it returns the set of all entities that are at most ten steps
# forward of `arn`, with `arn` itself. Write a function that returns `start` and everything that came of it, however far away.
# Associations may go in a circle, and a query costs time: do not send the same one twice.


# %% tags=["exercise"]
# BEGIN SOLUTION
def everything(reach, start):
    """Ask again from all that is new, until nothing is."""
    found, todo = {start}, [start]
    while todo:
        new = reach(todo.pop()) - found
        found |= new
        todo += new
    return found


# END SOLUTION
lab.ex3.check(everything)

# %% [markdown]
# ## At work: Friday's file, from arrival to a canary
#
# The live model has to be replaced by noon. So now this part of the course in one go: a pipeline copies Friday's file, trains
# on the copy, notes the version, and registers the model. A person approves it, and a canary puts it live. The copy's
# address has the execution's id in it, so nobody overwrites it.
#
# The step `Note` is a *callback*: Pipelines puts a message into a queue and waits until somebody answers.

# %%
import json

sqs = local.client("sqs")
queue = {"SqsQueueUrl": sqs.create_queue(QueueName="notes")["QueueUrl"]}
own = [f"{root}/copies", {"Get": "Execution.PipelineExecutionId"}]
own = {"Std:Join": {"On": "/", "Values": own}}
copied = {"Get": "Steps.Copy.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
trained = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}

# %%
requests = {
    "Copy": ("Processing", merging(own, daily=address)),
    "Train": ("Training", training(copied)),
    "Note": ("Callback", {"job": {"Get": "Steps.Copy.ProcessingJobArn"}}),
    "Register": ("RegisterModel", version_of(trained, "PendingManualApproval")),
}
more = {"Note": queue | {"OutputParameters": []}, "Register": {"DependsOn": ["Note"]}}

# %%
steps = [
    {"Name": name, "Type": kind, "Arguments": arguments} | more.get(name, {})
    for name, (kind, arguments) in requests.items()
]
definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps}
text = json.dumps(definition)
pipeline = {"PipelineName": "credit", "PipelineDefinition": text}
made = client.create_pipeline(**pipeline, RoleArn=local.role)


# %%
import time


def status():
    """Return the status of each step that has begun."""
    listed = client.list_pipeline_execution_steps(PipelineExecutionArn=execution)
    steps = reversed(listed["PipelineExecutionSteps"])
    return {step["StepName"]: step["StepStatus"] for step in steps}


def until(check):
    """Look again and again, for two minutes at most, until something is so."""
    end = time.monotonic() + 120
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


# %%
etags["friday"] = put("bank/daily.csv", arrivals(9))
execution = client.start_pipeline_execution(PipelineName="credit")[
    "PipelineExecutionArn"
]
halfway = {"Copy": "Succeeded", "Train": "Succeeded", "Note": "Executing"}
at_half = until(lambda: status() == halfway)
dict(sorted(status().items()))

# %% [markdown]
# File copied, model trained, and nobody has answered yet. Kill the server, as if its machine lost its power. Then start
# it again on the same folder.

# %%
import psutil

from labs_lib.sagemaker import lock

# The folder says which process serves it.
server = psutil.Process(lock.read_owner(local.folder)["pid"])
server.kill()
ended = server.wait()

try:
    client.describe_endpoint(EndpointName="credit")
except Exception:
    print("nobody answers")
local.close()

# %%
local = sagemaker.start(folder.name, speed=0)
client, sqs = local.client("sagemaker"), local.client("sqs")
client.get_waiter("endpoint_in_service").wait(EndpointName="credit")
after_kill = status()
dict(sorted(after_kill.items()))

# %% [markdown]
# The pipeline stands where it stood, and the endpoint serves again.{{!went_on}} The message waits too. Answer it: note the
# version, and tell the pipeline to go on.

# %%
queue = sqs.get_queue_url(QueueName="notes")["QueueUrl"]
(message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
asked = json.loads(message["Body"])

note(asked["arguments"]["job"], etags["friday"])
client.send_pipeline_execution_step_success(CallbackToken=asked["token"])
until(lambda: status().get("Register") == "Succeeded")
at_end = status()
dict(sorted(at_end.items()))

# %%
trainings = client.list_training_jobs(NameContains="Train")["TrainingJobSummaries"]
copyings = client.list_processing_jobs(NameContains="Copy")["ProcessingJobSummaries"]
f"training jobs of the pipeline: {len(trainings)}; processing jobs: {len(copyings)}"

# %% [markdown]
# Nothing ran twice.{{!once}} The new version waits for approval. You look at it and approve. Then
# the canary: one of two new instances gets requests first, and after 300 seconds the other follows. (We set no alarm that would
# roll it back.)

# %%
versions = client.list_model_packages(**group, SortOrder="Descending")
newest = versions["ModelPackageSummaryList"][0]
package = newest["ModelPackageArn"]
client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
configure("friday", package)
newest["ModelApprovalStatus"]

# %%
size = {"Type": "INSTANCE_COUNT", "Value": 1}
routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 300}
policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 0}
configs = {"EndpointName": "credit", "EndpointConfigName": "friday"}
deployment = {"BlueGreenUpdatePolicy": policy}
updated = client.update_endpoint(**configs, DeploymentConfig=deployment)


# %%
def share_of_new():
    """Return the share of traffic of the new instances while watched, else 0."""
    found = client.describe_endpoint(EndpointName="credit")
    (new,) = found.get("PendingDeploymentSummary", {}).get("ProductionVariants") or [{}]
    statuses = [each["Status"] for each in new.get("VariantStatus", [])]
    return new["CurrentWeight"] if statuses == ["Baking"] else 0


shares = [until(share_of_new)]
local.step(300)
shares.append(until(lambda: share_of_new() == 1 and 1))
local.step(300)
client.get_waiter("endpoint_in_service").wait(EndpointName="credit")
shares

# %% [markdown]
# Half of the traffic, then all of it, and the endpoint is in service with Friday's model.{{!canaried}} Is the bad file out of its past?
# Ask from the endpoint, and from the version that it serves now.

# %%
days = {tag: day for day, tag in etags.items()}


def seen_from(arn):
    """Return the days whose files lie behind an entity, as far as they were noted."""
    found = ask(arn, "Ascendants", Types=["DataSet"])["Vertices"]
    tags = [tag for vertex in found for tag in source_of(vertex["Arn"])[1:]]
    return sorted(days[tag] for tag in tags)


config = client.describe_endpoint(EndpointName="credit")["EndpointConfigName"]
serving = client.describe_endpoint_config(EndpointConfigName=config)
model = client.describe_model(ModelName=serving["ProductionVariants"][0]["ModelName"])
version = model["PrimaryContainer"]["ModelPackageName"]
(now,) = client.list_artifacts(SourceUri=version)["ArtifactSummaries"]
histories = {"endpoint": seen_from(endpoint), "live": seen_from(now["ArtifactArn"])}
local.close()
histories

# %% [markdown]
# Here the endpoint's context remembers both deployments, so Wednesday's file stays in its past.{{!remembers}} The version
# that is live comes of Friday's file alone.{{!clean}} For the report at noon, ask from the version.
#
# ## On SageMaker
#
# - Amazon SageMaker AI writes such entities by itself for training, processing and transform jobs, model packages
#   and endpoints. It keeps addresses; contents are your task.
# - `S3ETag` is one kind of `SourceTypes`; others are `S3Version`, `MD5Hash` and `Custom`. With versioning on the bucket, the
#   version's id is better: the object can still be read.
# - An ETag is the MD5 of the content for a plain upload only, not for one in parts, nor with a key of KMS.
# - The guide names limits for entities made by hand: 6,000 artifacts, 6,000 associations, 3,000 actions, 500 contexts.
# - A job's record says when it downloaded its data (`SecondaryStatusTransitions`). When the files came is lost with the
#   overwrite, unless the bucket keeps versions or a log.
#
# ## What is not reproduced
#
# - When entities appear: here together with the end of the job. And what an update adds to an endpoint's context: the guide
#   does not say it, so "both deployments" is our assumption.
# - Studio's picture of the lineage, and lineage across accounts.
# - A server of AWS that dies; you would not see it. And no job ran when we killed ours.
#
# ## Takeaways
#
# - What SageMaker writes by itself follows addresses. After an overwrite it names each model of that address.{{!all_named}}
# - Give each night's file an address of its own. If you cannot, note its version, best by the job that reads it.
# - A query goes ten steps. If a table is made of yesterday's table, ask again from where the answer ended.{{!cut}}
# - Ask what is live from the version that the endpoint serves now; the endpoint itself may remember more.{{!clean}}
# - A pipeline's state is kept by the service: here done steps stayed done, and a callback went on waiting, though the
#   server died.{{!once}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Entities, what is made by itself, manual limits, queries: SageMaker developer guide, pages `lineage-tracking-entities`,
#   `lineage-tracking-auto-creation`, `lineage-tracking-manual-creation`, `querying-lineage-entities`.
# - `SourceTypes`, `MaxDepth`, `MaxResults`: service model, `ArtifactSourceType`, `QueryLineage`.
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
lab.facts(
    reached=("bank/\ndaily.csv", "wednesday\ntraining-job") in edges
    and any(end == "credit\nendpoint" for _, end in edges),
    all_named=by_address == sorted(DAYS),
    one_named=by_version == ["wednesday"] and bad in live,
    formula=abs(1 - any_time.loc["ETag when sent", "recall"] - DELAY / 1_440) < 0.002,
    night_worse=at_three.loc["ETag when sent", "recall"]
    < any_time.loc["ETag when sent", "recall"] - 0.02,
    calendar_wins=scarce.loc["calendar day", "recall"]
    > scarce.loc["ETag when sent", "recall"] + 0.03,
    price=any_time.loc["ETags before and after", "precision"] < 0.99,
    held=held == list(range(1, 9)),
    cut=first == [1, 2, 3, 4, 5] and rest == [5, 6, 7, 8],
    went_on=after_kill == halfway,
    once=len(trainings) == len(copyings) == 1 and at_end["Register"] == "Succeeded",
    silent=fields == ["Edges", "Vertices"],
    canaried=shares == [0.5, 1] and config == "friday",
    remembers=histories["endpoint"] == ["friday", "wednesday"],
    clean=histories["live"] == ["friday"],
)
