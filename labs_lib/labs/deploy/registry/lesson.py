# ---
# jupyter:
#   labs:
#     concepts:
#       sm-model-group: "A demonstration: rejected, and still live"
#       sm-registry-collections: "At work: your own registry"
#       sm-collection: "At work: your own registry"
#     constants: {}
# ---

# %% [markdown]
# # Registry: which version is live, and who approved it?
#
# > You reject a bad version in the model registry. Which version answers the next request?
#
# **You will**
#
# - register versions of a model, approve and reject them, and find out which one is live;
# - let an event start a deployment, and see what a deployer does when messages are lost, late or doubled;
# - find a deployment that approves by itself, and say who may approve.
#
# **You need** no other lab. **Data in:** nothing. **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | model group (`ModelPackageGroup`) | all versions of one model |
# | model version (`ModelPackage`) | one model: image, files, approval status |
# | EventBridge rule, SQS queue | answered on this machine, like SageMaker itself |
# | project template for deployment | a deployer that you read in this lesson |

# %%
from labs_lib.labs.deploy.registry.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your bank's fraud model stands in the SageMaker Model Registry. Version 3 was approved yesterday and
# deployed by hand. This morning, shops call: payments of 80 euros are blocked. Version 2 never did that.
# The registry's page is open, with a button: *Reject*. Is it enough to press it?
#
# ## Predict
#
# Versions 1, 2 and 3 are approved, and the endpoint serves version 3. You reject version 3 and do nothing else. Which
# version answers the next request?

# %%
guess = ...  # "1", "2", "3" or "none"
lab.answering.commit(guess)

# %% [markdown]
# ## A demonstration: rejected, and still live
#
# Nothing is random in this section, so one run decides. Each request below could go to AWS as it is. Here a SageMaker
# on this machine answers.

# %%
from labs_lib import sagemaker

local = sagemaker.start()
client, runtime = local.client("sagemaker"), local.client("sagemaker-runtime")
s3, sqs, bus = (local.client(name) for name in ("s3", "sqs", "events"))
bucket = s3.create_bucket(Bucket=local.bucket)

# %% [markdown]
# The model blocks each payment above a limit, so its answers tell which version it is.

# %%
import io
import tarfile

SCRIPT = b"""
def model_fn(folder):
    return float(open(folder + "/limit.txt").read())

def predict_fn(amounts, limit):
    return (amounts > limit).astype(int)
"""


# %%
def upload(limit):
    """Put the files of a model with this limit into S3, and return where."""
    archive, key = io.BytesIO(), f"models/{limit}/model.tar.gz"
    files = {"limit.txt": b"%d" % limit, "code/inference.py": SCRIPT}
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            tar.addfile(item, io.BytesIO(content))
    s3.put_object(Bucket=local.bucket, Key=key, Body=archive.getvalue())
    return f"s3://{local.bucket}/{key}"


# %% [markdown]
# A *model group* holds the versions of one model. A version says which image serves which files, and has
# an *approval status*. It can also carry `ModelMetrics`, the results of its evaluation, and
# `DriftCheckBaselines`, with which later checks of [drift](../glossary.md#drift) compare. Both are addresses in
# S3; the registry keeps them and reads neither.

# %%
IMAGE = (
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
)
client.create_model_package_group(ModelPackageGroupName="fraud")
notes = f"s3://{local.bucket}/evaluation.json"
s3.put_object(Bucket=local.bucket, Key="evaluation.json", Body=b'{"recall": 1}')
file = {"ContentType": "application/json", "S3Uri": notes}


# %%
def register(limit):
    """Register a model as the next version of the group, and return its ARN."""
    program = {"SAGEMAKER_PROGRAM": "inference.py"}
    model = {"Image": IMAGE, "ModelDataUrl": upload(limit), "Environment": program}
    types = {"SupportedContentTypes": ["text/csv"]}
    types |= {"SupportedResponseMIMETypes": ["text/csv"]}
    found = client.create_model_package(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={"Containers": [model]} | types,
        ModelMetrics={"ModelQuality": {"Statistics": file}},
        DriftCheckBaselines={"ModelQuality": {"Statistics": file}},
    )
    return found["ModelPackageArn"]


versions = {1: register(900), 2: register(700), 3: register(70)}

# %% [markdown]
# Version 3 has a slip of the pen in it: 70 instead of 700. To deploy a version, we make a model of it, then
# an endpoint configuration, then create or update the endpoint.

# %%
import itertools

numbers = itertools.count(1)


def deploy(endpoint, container):
    """Let the endpoint serve this container, and wait until it does."""
    name = f"{endpoint}-{next(numbers)}"
    given = {"ModelName": name, "PrimaryContainer": container}
    client.create_model(ExecutionRoleArn=local.role, **given)
    variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1}
    variants = [variant | {"InstanceType": "ml.m5.large"}]
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    listed = client.list_endpoints(NameContains=endpoint)["Endpoints"]
    known = endpoint in [e["EndpointName"] for e in listed]
    put = client.update_endpoint if known else client.create_endpoint
    put(EndpointName=endpoint, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)


# %%
try:
    deploy("fraud", {"ModelPackageName": versions[3]})
except client.exceptions.ClientError as error:
    refused = error.response["Error"]
refused["Code"], refused["Message"].partition("has the ")[2]

# %% [markdown]
# A version that nobody approved does not become a model.{{!gate}} So approve all three, then deploy.


# %%
def set_status(version, status, **more):
    """Change the approval status of a version."""
    arn = versions[version]
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **more)


for version in versions:
    set_status(version, "Approved", ApprovalDescription="recall looked at")
deploy("fraud", {"ModelPackageName": versions[3]})

# %% [markdown]
# There are two ways to ask which version is live: send payments, or follow the names from the endpoint to its
# configuration, its model, and the version that the model was made of.


# %%
def blocked(endpoint):
    """Send payments of 20, 80 and 800 euros; 1 means blocked."""
    payments = {"ContentType": "text/csv", "Body": b"20\n80\n800\n"}
    found = runtime.invoke_endpoint(EndpointName=endpoint, **payments)
    return found["Body"].read().decode().split()


# %%
def live(endpoint):
    """Return the ARN of the version that an endpoint serves, or None."""
    found = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    config = client.describe_endpoint_config(EndpointConfigName=found)
    name = config["ProductionVariants"][0]["ModelName"]
    return client.describe_model(ModelName=name)["PrimaryContainer"].get(
        "ModelPackageName"
    )


def number(arn):
    """Return the version's number."""
    return arn and int(arn.rpartition("/")[2])


# %%
set_status(3, "Rejected", ApprovalDescription="blocks payments of 80 euros")
listed = client.list_model_packages(
    ModelPackageGroupName="fraud", SortOrder="Ascending"
)
statuses = {
    p["ModelPackageVersion"]: p["ModelApprovalStatus"]
    for p in listed["ModelPackageSummaryList"]
}
after_rejection = number(live("fraud"))
statuses, blocked("fraud"), after_rejection

# %%
lab.answering.reveal(str(after_rejection))

# %% [markdown]
# Version 3 is rejected, still answers, and still blocks 80 euros.{{!still_three}} The registry tells what is approved, not what
# is live. Somebody has to listen.
#
# ### Exercise 1: a rule that hears approvals
#
# SageMaker tells EventBridge about each change of a version. A *rule* has a *pattern*: it takes an event
# if each field that the pattern names has one of the values in its list. If the event has a list there, one
# value in common is enough. Other fields do not matter. An event, shortened:
#
# ```json
# {"source": "aws.sagemaker",
#  "detail-type": "SageMaker Model Package State Change",
#  "resources": ["arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/4"],
#  "detail": {"ModelPackageGroupName": "fraud", "ModelPackageVersion": 4,
#             "ModelApprovalStatus": "Approved",
#             "UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"]}}
# ```
#
# The last field says what the update changed. Write a pattern that takes each update that approves a version of `fraud`,
# and nothing else: not, for instance, a note added to an approved version. Other groups are called
# `credit` and `fraud-eu`. Teams may send events with any `detail` they like, but none may call its source
# `aws.sagemaker`.

# %% tags=["exercise"]
# BEGIN SOLUTION
pattern = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
    "detail": {
        "ModelPackageGroupName": ["fraud"],
        "ModelApprovalStatus": ["Approved"],
        "UpdatedModelPackageFields": ["ModelApprovalStatus"],
    },
}
# END SOLUTION
lab.ex1.check(pattern)

# %% [markdown]
# Our rule takes rejections too, whatever was changed, and puts the events into a queue.

# %%
import json

detail = {
    "ModelPackageGroupName": ["fraud"],
    "ModelApprovalStatus": ["Approved", "Rejected"],
}
kind = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
}
queue = sqs.create_queue(QueueName="fraud-deploy")["QueueUrl"]
found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
target = {"Id": "queue", "Arn": found["Attributes"]["QueueArn"]}
rule = bus.put_rule(Name="fraud", EventPattern=json.dumps(kind | {"detail": detail}))
targets = bus.put_targets(Rule="fraud", Targets=[target])

# %% [markdown]
# What should a deployer do with a message? SageMaker's project templates deploy after an approval. After a rejection of an
# approved version, they deploy *the latest version that is still approved*.
#
# To our deployer a message is only a reason to look. It asks the registry for the newest approved version, and
# deploys it if the endpoint serves another. Then it deletes the message.


# %%
def newest_approved():
    """Return the ARN of the newest approved version; None if there is none."""
    pages = client.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    found = (p for page in pages for p in page["ModelPackageSummaryList"])
    return next((p["ModelPackageArn"] for p in found), None)


# %%
def look():
    """Deploy the newest approved version if the endpoint serves another."""
    wanted = newest_approved()
    if wanted is None:
        print("No version is approved: call somebody.")
    elif wanted != live("fraud"):
        deploy("fraud", {"ModelPackageName": wanted})


# %%
def work():
    """Look once for each message; return how many there were."""
    taken = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    for message in (messages := taken.get("Messages", [])):
        look()
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


# %% [markdown]
# The rejection of version 3 came before the rule, so no message tells of it. So the deployer also looks when it
# starts.

# %%
unheard = work()
look()
started = number(live("fraud"))
unheard, started, blocked("fraud")

# %% [markdown]
# Version 2 is back, and 80 euros pass.{{!back_to_two}} Now each kind of change. The *stage* in the last line is free text,
# apart from the approval.


# %%
def register_next(limit):
    """Register one more version; nobody approves it yet."""
    versions[len(versions) + 1] = register(limit)


STAGE = {"Stage": "Production", "StageStatus": "Approved"}
steps = {
    "4 is registered": lambda: register_next(750),
    "4: pending, now approved": lambda: set_status(4, "Approved"),
    "4: approved, now rejected": lambda: set_status(4, "Rejected"),
    "1: approved, now rejected": lambda: set_status(1, "Rejected"),
    "1: rejected, now approved": lambda: set_status(1, "Approved"),
    "1: its stage is now Production": lambda: client.update_model_package(
        ModelPackageArn=versions[1], ModelLifeCycle=STAGE
    ),
}

# %%
import pandas as pd

told = {}
for step, change in steps.items():
    change()
    told[step] = {"messages": work(), "live": number(live("fraud"))}
pd.DataFrame(told).T

# %% [markdown]
# Approval of version 4 deploys it, its rejection brings version 2 back, and no change of version 1 moves anything.{{!transitions}}
#
# - *1: rejected, now approved.* The guide says that the template then deploys "the approved model version". Public
#   code of such templates looks for the latest approved one, like ours: version 2 stays.{{!older_stays}} To go back to an
#   older version, reject the newer ones.
# - *Its stage is now Production.* A message says `Approved`, though nobody approved anything: our rule does not ask what
#   was changed.{{!stage_talks}} And a stage called Production says what somebody wrote, not what is live.
#
# ### Exercise 2: which version must be live?
#
# Write the deployer's rule as a function. It gets the history of a group: pairs of version and new status, oldest
# first. It returns the newest version that is approved at the end, or `None`. The newest has the highest number.


# %% tags=["exercise"]
# BEGIN SOLUTION
def must_be_live(history):
    """Return the newest version that is approved at the end, or None."""
    status = dict(history)
    approved = [version for version in status if status[version] == "Approved"]
    return max(approved, default=None)


# END SOLUTION
lab.ex2.check(must_be_live)

# %% [markdown]
# ## A demonstration: five deployers
#
# Messages may be lost, come late or come twice. This is a *demonstration*: the parameters below decide its numbers,
# so they are no verdict on SageMaker. In each history new versions are approved, approved ones are rejected, and
# rejected ones are approved again. Version 1 stays approved.

# %%
HISTORIES, HOURS, EVERY = 200, 500, 6  # EVERY: hours from look to look
NEW, REJECT, AGAIN = 0.02, 0.02, 0.01  # an hour: a version, a rejection, approved again
TROUBLES = {
    "none": {},
    "lost": {"lost": 0.05},  # share of the messages
    "late": {"late": 6},  # hours at most
    "twice": {"twice": 0.10},  # share of the messages; the second within a day
}

# %%
import numpy as np

STATES = ("Approved", "Rejected")


def history(rng):
    """Return the change of each hour: version and status, or None."""
    status, changes = {1: "Approved"}, []
    for draw in rng.random(HOURS):
        approved, rejected = ([v for v in status if status[v] == s] for s in STATES)
        change = None
        if draw < NEW:
            change = (len(status) + 1, "Approved")
        elif draw < NEW + REJECT and len(approved) > 1:
            change = (int(rng.choice(approved[1:])), "Rejected")
        elif NEW + REJECT <= draw < NEW + REJECT + AGAIN and rejected:
            change = (int(rng.choice(rejected)), "Approved")
        status |= dict([change]) if change else {}
        changes.append(change)
    return changes


# %%
def arrivals(changes, rng, lost=0, late=0, twice=0):
    """Return the messages that arrive in each hour."""
    found = [[] for _ in range(HOURS + late + 25)]
    for hour, change in enumerate(changes):
        if change and rng.random() >= lost:
            found[hour + rng.integers(0, late + 1)].append(change)
            if rng.random() < twice:
                found[hour + rng.integers(1, 25)].append(change)
    return found


# %% [markdown]
# Five deployers. The first hears only approvals. The second does what the message says. The third asks the registry after
# each message, as ours does. The fourth does that, and also looks every `EVERY` hours without a message. The fifth
# only looks.


# %%
def hears_approvals(message, live, approved):
    return message[0] if message[1] == "Approved" else live


def does_as_told(message, live, approved):
    if message[1] == "Approved":
        return message[0]
    return max(approved) if message[0] == live else live


def asks(message, live, approved):
    return max(approved)


def only_looks(message, live, approved):
    return max(approved) if message is None else live


# %% [markdown]
# A version that is not approved does not become a model, as we saw, so nobody deploys it. We count the hours in which
# a rejected version is live, and those in which any other than the newest approved one is. The second count favours
# those who ask: the newest is what they deploy.


# %%
def hours(decide, changes, inbox, every=HOURS + 1):
    """Return two shares of hours: a rejected one live, not the newest live."""
    status, approved, live, rejected, older = {1: "Approved"}, [1], 1, 0, 0
    for hour, change in enumerate(changes):
        if change:
            status[change[0]] = change[1]
            approved = [v for v in status if status[v] == "Approved"]
        unasked = [None] * (hour % every == every - 1)
        for message in inbox[hour] + unasked:
            wanted = decide(message, live, approved)
            live = wanted if wanted in approved else live
        rejected += live not in approved
        older += live != approved[-1]
    return rejected / HOURS, older / HOURS


# %%
DEPLOYERS = {
    "hears only approvals": (hears_approvals,),
    "does as told": (does_as_told,),
    "asks": (asks,),
    "asks and looks": (asks, EVERY),
    "only looks": (only_looks, EVERY),
}


def watched(seed, changes, trouble, decide, *every):
    """Return the two shares of one history."""
    inbox = arrivals(changes, np.random.default_rng([seed, 2]), **trouble)
    return hours(decide, changes, inbox, *every)


# %%
drawn = [history(np.random.default_rng([seed, 1])) for seed in range(HISTORIES)]
shares = {
    (trouble, name): np.array(
        [watched(seed, drawn[seed], given, *how) for seed in range(HISTORIES)]
    )
    for trouble, given in TROUBLES.items()
    for name, how in DEPLOYERS.items()
}
kinds = [change[1] for changes in drawn for change in changes if change]
{state: round(kinds.count(state) / HISTORIES, 1) for state in STATES}  # a history


# %%
def means(measure):
    """Return the mean share of hours of each deployer in each trouble."""
    found = {key: both[:, measure].mean() for key, both in shares.items()}
    return pd.Series(found).unstack(0).loc[list(DEPLOYERS), list(TROUBLES)].round(3)


means(0)  # a rejected version is live

# %%
means(1)  # another than the newest approved version is live

# %% [markdown]
# Even if no message is lost, the rule that hears only approvals leaves rejected versions live.{{!deaf_alone}} Doing as
# told follows an approval back to an older version, so it misses the newest even then. Asking does not, and second
# copies do it no harm.{{!told_older}}
#
# But a message that does not come wakes nobody, and then a rejected version stays live whether the deployer
# asks or not. Looking without a message shortens that.{{!looks_help}} Who only looks needs no message, so no
# trouble changes how long it is wrong.{{!only_looks}}

# %%
from labs_lib import plots, stats

late = TROUBLES["late"]["late"]
title = f"Up to {late} hours late: who asks and looks is least wrong"  # {{!picture}}
alt = (
    "Two panels of intervals for four deployers; who asks and looks is lowest in both."
)
parts = {"a rejected version is live": 0, "not the newest is live": 1}
with plots.figure(title=title, x="", y="", alt=alt, panels=2) as axes:
    for ax, (part, i) in zip(axes, parts.items(), strict=True):
        found = {n: shares["late", n][:, i] for n in list(DEPLOYERS)[1:]}
        plots.intervals(ax, {n: stats.mean_interval(v) for n, v in found.items()})
        ax.set(xlabel=f"share of hours (0 to 1): {part}", xlim=(0, None))

# %% [markdown]
# So let a message say *when* to look, let the registry say *what* to deploy, and look sometimes without a message.
# **What to try.** Let `EVERY` be 1 or 24 and run the cells of the demonstration again.
#
# ## Where it fails: a deploy that approves by itself
#
# Version 5 waits for approval; its limit is 7, another slip of the pen. A colleague only wants to try it,
# on an endpoint of his own. He calls `ModelPackage.deploy()` of the SageMaker Python SDK, version 2. It makes
# these calls:


# %%
def sdk_deploy(endpoint, arn):
    """Do what ModelPackage.deploy() of the SDK, version 2, does."""
    found = client.describe_model_package(ModelPackageName=arn)
    if found["ModelApprovalStatus"] != "Approved":
        change = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
        client.update_model_package(**change)
    deploy(endpoint, {"ModelPackageName": arn})


# %%
register_next(7)
sdk_deploy("try-out", versions[5])
heard = work()
by_itself = client.describe_model_package(ModelPackageName=versions[5])
tried = {name: number(live(name)) for name in ("try-out", "fraud")}
by_itself["ModelApprovalStatus"], heard, tried, blocked("fraud")

# %% [markdown]
# The gate asks for approval, so the SDK gives it. That made an event, and the deployer did its duty: version 5 serves all
# customers, and blocks 20 euros.{{!tryout_live}} Nobody decided that.
#
# First reject it. Then try the next version without approval: make the model of the version's image
# and files, not of the version.

# %%
set_status(5, "Rejected", ApprovalDescription="was approved by a try-out")
handled, repaired = work(), number(live("fraud"))
register_next(650)
inside = client.describe_model_package(ModelPackageName=versions[6])
(model,) = inside["InferenceSpecification"]["Containers"]
kept = ("Image", "ModelDataUrl", "Environment")
deploy("try-out", {key: model[key] for key in kept})

# %%
still = client.describe_model_package(ModelPackageName=versions[6])
repaired, blocked("try-out"), still["ModelApprovalStatus"], work()

# %% [markdown]
# Version 6 can be tried, is still pending, and production heard nothing.{{!tried_aside}} So the gate is low: whoever
# may make a model of an image and files walks around it.
#
# So who may approve? On AWS, IAM decides. This statement, for the roles of pipelines and colleagues, forbids
# setting the status to `Approved`, at registration too.
#
# ```json
# {"Effect": "Deny", "Resource": "*",
#  "Action": ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
#  "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}}
# ```
#
# It is only a text here: the SageMaker on this machine checks no permissions. On AWS, it denies the colleague's second
# request. Mind rejections too: with our deployer, whoever may reject changes what is live.
#
# ## At work: your own registry
#
# A *collection* is a folder for model groups. Behind it is a resource group: a query by a tag. A model group with
# the collection's tag is in it, so it can be in several. A collection has one parent.

# %%
groups, roots = local.client("resource-groups"), "sagemaker:collection-path:root"
TYPES = ["AWS::SageMaker::ModelPackageGroup", "AWS::ResourceGroups::Group"]


def collection(name, parent=None):
    """Make a collection, and return the tag of its members: key and path."""
    key = f"sagemaker:collection-path:{name}"
    above, path = (
        ((roots, "true"), name) if parent is None else (parent, f"{parent[1]}/{name}")
    )
    wanted = {
        "ResourceTypeFilters": TYPES,
        "TagFilters": [{"Key": key, "Values": [path]}],
    }
    query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(wanted)}
    tags = {"sagemaker:collection": "true", above[0]: above[1]}
    groups.create_group(Name=name, ResourceQuery=query, Tags=tags)
    return key, path


# %%
def members(name):
    """Return the names of what a collection holds."""
    found = groups.list_group_resources(Group=name)["ResourceIdentifiers"]
    return [item["ResourceArn"].rpartition("/")[2] for item in found]


bank = collection("bank")
cards = collection("cards", parent=bank)
group = client.describe_model_package_group(ModelPackageGroupName="fraud")
arn, before = group["ModelPackageGroupArn"], live("fraud")
client.add_tags(ResourceArn=arn, Tags=[{"Key": bank[0], "Value": bank[1]}])
at_first = members("bank"), members("cards")

# %% [markdown]
# Now move the group from `bank` to `cards`: take one tag away, give another. `Collection` of the SDK, version 2,
# sends these requests. The guide warns against changing such tags by hand.

# %%
client.delete_tags(ResourceArn=arn, TagKeys=[bank[0]])
client.add_tags(ResourceArn=arn, Tags=[{"Key": cards[0], "Value": cards[1]}])
moved = members("bank"), members("cards")
after_move = {"messages": work(), "live": number(live("fraud"))}
at_first, moved, after_move

# %% [markdown]
# No message came, and what is live stayed.{{!move_is_quiet}}
#
# The last question is for your own account: what does each endpoint serve, and what does the registry say about
# it? The code only reads, and expects endpoints with one variant and one container.


# %%
def audit(name):
    """Return which version an endpoint serves, and that version's status today."""
    arn = live(name)
    if arn is None:
        return {"endpoint": name, "version": "no version", "status": ""}
    found = client.describe_model_package(ModelPackageName=arn)
    version = found["ModelPackageVersion"]
    shown = f"{found['ModelPackageGroupName']} {version}"
    return {"endpoint": name, "version": shown, "status": found["ModelApprovalStatus"]}


every = client.get_paginator("list_endpoints").paginate()
names = [e["EndpointName"] for page in every for e in page["Endpoints"]]
audited = pd.DataFrame([audit(name) for name in sorted(names)]).set_index("endpoint")
audited

# %%
local.close()

# %% [markdown]
# Look for a status that is not `Approved`, and for endpoints that serve no version: about those, such as the try-out, the registry
# has nothing to say.{{!audit_finds}}
#
# ## On SageMaker
#
# - The Model Registry is part of Amazon SageMaker AI. There a rule's target is often a Lambda function or a pipeline.
# - SageMaker may send several events for one change.
# - Give `PendingManualApproval` when you register a version, as the guide does: it does not say what happens without.
# - A condition step of a pipeline compares values; it is no manual approval.
# - IAM has conditions for stages too, such as `sagemaker:ModelLifeCycle:Stage`: it can say who moves a version to Production.
# - Collections: the guide allows 10 model groups to be added, removed or moved at a time. A collection is deleted only when it
#   is empty. Each membership is a tag. A resource has at most 50 tags, and two are taken.
#
# ### Exercise 3: collections
#
# `fraud` has 40 approved versions and is in 47 collections. Somebody tries each line by itself, in Studio. `taken` or
# `refused`?
#
# | | request |
# |---|---|
# | a | add `fraud` to one more collection |
# | b | add `fraud` to two more collections |
# | c | move `fraud`, with its 40 versions, to another collection |
# | d | move 12 model groups to another collection at once |
# | e | let the collection `cards` stand under `bank`, and also under `retail` |
# | f | delete a collection whose only member is an empty collection |

# %% tags=["exercise"]
# BEGIN SOLUTION
requests = {"a": "taken", "b": "refused", "c": "taken"}
requests |= {"d": "refused", "e": "refused", "f": "refused"}
# END SOLUTION
lab.ex3.check(requests)

# %% [markdown]
# ## What is not reproduced
#
# - Permissions: whoever can send a request here may approve. On AWS the queue also needs a policy that lets the rule send.
# - Time: here a message is in the queue when the answer comes, and is delivered once. On AWS it comes later: wait with
#   `WaitTimeSeconds`.
# - Studio, and its limits for collections.
# - The template itself, with its pipelines, its staging endpoint and a second manual approval.
#
# ## Takeaways
#
# - The registry tells what is approved. The endpoint tells what is live.{{!still_three}}
# - A rejection takes effect when something hears it. A rule that takes only approvals does not.{{!deaf_alone}}
# - A message says when to look. What to deploy, ask the registry; and look sometimes without a message.{{!looks_help}}
# - `ModelPackage.deploy()` of the SDK, version 2, approves by itself. With a listening deployer, a try-out goes to production.{{!tryout_live}}
# - Say in IAM who may set `Approved`, at registration too.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Approval and what the templates do, stages, collections and their limits, events: SageMaker developer guide, pages
#   `model-registry-approve`, `model-registry-staging-construct-set-up`, `modelcollections-limitations`,
#   `automating-sagemaker-with-eventbridge`.
# - `get_approved_package` in the public code of deployment templates (MIT-0): the latest approved version, by creation time.
#   It gives no `SortOrder`. boto3's reference calls `Ascending` the default, so our deployer says `Descending`.
# - SageMaker Python SDK, version 2: `sagemaker/model.py`, `ModelPackage._create_sagemaker_model`; `sagemaker/collection.py`.
# - Condition keys, the same for `CreateModelPackage` and `UpdateModelPackage`: Service Authorization Reference.

# %% tags=["facts", "nbval-check-output"]
rejected = {key: both[:, 0].mean() for key, both in shares.items()}
older = {key: both[:, 1].mean() for key, both in shares.items()}
deaf, as_told, asked, looking, looked = DEPLOYERS
lives = [line["live"] for line in told.values()]

lab.facts(
    gate=refused["Code"] == "ValidationException"
    and "PendingManualApproval" in refused["Message"],
    still_three=after_rejection == 3 and statuses[3] == "Rejected",
    back_to_two=unheard == 0 and started == 2,
    transitions=lives == [2, 4, 2, 2, 2, 2],
    older_stays=told["1: rejected, now approved"] == {"messages": 1, "live": 2},
    stage_talks=told["1: its stage is now Production"] == {"messages": 1, "live": 2},
    deaf_alone=rejected["none", deaf] > 0.1
    and rejected["none", as_told] == rejected["none", asked] == 0,
    told_older=older["none", as_told] > 0.05
    and older["none", asked] == older["twice", asked] == rejected["twice", asked] == 0,
    looks_help=all(
        rejected[key, asked] > 0 < rejected[key, as_told] for key in ("lost", "late")
    )
    and all(
        rejected[key, looking] < 0.8 * min(rejected[key, asked], rejected[key, as_told])
        for key in ("lost", "late")
    ),
    only_looks=len({rejected[key, looked] for key in TROUBLES}) == 1,
    picture=all(
        found["late", looking] < 0.8 * min(found["late", other] for other in others)
        for found in (rejected, older)
        for others in ((as_told, asked, looked),)
    ),
    tryout_live=tried == {"try-out": 5, "fraud": 5}
    and by_itself["ModelApprovalStatus"] == "Approved",
    tried_aside=still["ModelApprovalStatus"] == "PendingManualApproval"
    and repaired == 2,
    move_is_quiet=moved == (["cards"], ["fraud"])
    and after_move == {"messages": 0, "live": number(before)},
    audit_finds=audited.loc["try-out", "version"] == "no version",
)
