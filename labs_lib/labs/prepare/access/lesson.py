# ---
# jupyter:
#   labs:
#     concepts:
#       sm-iam-role: "Three documents, three questions"
#       sm-waf: "On SageMaker"
#       de-lake-formation: "Real data: a filter on the census"
#     constants: {}
# ---

# %% [markdown]
# # Access: who may do what?
#
# > The nightly training job may not read its data. A colleague has allowed it everything, and it still may not.
#
# **You will**
#
# - decide requests from the policies that bear on them, and say which policy decided;
# - find the Deny that hits whoever has no tag, and mend it without opening the bucket;
# - write a filter of rows, and measure what it drops by accident and what it fails to hide.
#
# **You need** no other lab. **Data in:** incomes in the census ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | execution role, trust policy, `iam:PassRole` | the same policies, decided by IAM's published rules |
# | service control policy, permissions boundary, session policy | the same |
# | Lake Formation data filter | the same filter, applied to a table |

# %%
from labs_lib.labs.prepare.access.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# You look after the fraud team's nightly training job. Last night it failed: `AccessDenied`, it may not read
# `s3://bank-payments/train.csv`. At seven, a colleague allowed the job's role everything in S3, and sent the job again. It
# failed again.
#
# Now it is nine. By ten you have to say what to change. By noon an auditor wants to know what Mary, an analyst, can see
# of a table of incomes. No request is sent in this lab: we decide each one from the policies.
#
# ## Predict
#
# The claim, as people repeat it: *AccessDenied? Add an Allow to the role's policy.*
#
# Besides the role's own policy, four others may have a say. Each is not set, allows the request, says nothing of it, or
# denies it. For a bucket's policy, saying nothing is the same as not being set, and it can allow in three ways. Take all
# combinations, each once, in which the request is denied while the role's policy says nothing.
# Then add the Allow. In how many does the request go through now: in `"few"` (less than a quarter), `"many"`, or `"most"` (more
# than three quarters)?

# %%
guess = ...  # "few", "many" or "most"
lab.opened.commit(guess)

# %% [markdown]
# ## Three documents, three questions
#
# A *policy* is a list of statements. Each allows or denies some actions on some resources, maybe under a
# condition. An *ARN* is the full name of anything in AWS: a file, a role, or a *session*, which is a role in use.

# %%
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fraud-training"
JOB = f"arn:aws:sts::{ACCOUNT}:assumed-role/fraud-training/SageMaker"
SCHEDULER = f"arn:aws:sts::{ACCOUNT}:assumed-role/scheduler/nightly"
NIGHTLY = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/nightly"
BUCKET = "arn:aws:s3:::bank-payments"


# %%
def policy(*statements):
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action, resource="*", **more):
    """Return a statement that denies."""
    return allow(action, resource, **more) | {"Effect": "Deny"}


# %% [markdown]
# First, what may the *caller* do? The scheduler has to create the job, and to hand a role to SageMaker, which is
# `iam:PassRole`. `access.decide` applies the rules of IAM's user guide, and says what decided.

# %%
to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
of_caller = policy(
    allow("sagemaker:CreateTrainingJob", NIGHTLY),
    allow("iam:PassRole", ROLE, Condition=to_sagemaker),
)

# %%
from labs_lib.prepare import access

caller = {"principal": SCHEDULER, "identity": of_caller}
created = access.decide("sagemaker:CreateTrainingJob", NIGHTLY, **caller)
to = {"iam:PassedToService": "sagemaker.amazonaws.com"}
passed = access.decide("iam:PassRole", ROLE, context=to, **caller)
created, passed

# %% [markdown]
# Nobody sends a request called PassRole. It is checked when another request carries the ARN of a role. Which requests do?
# Ask boto3.

# %%
import boto3

service = boto3.client("sagemaker", region_name="eu-west-1").meta.service_model


def roles_in(name):
    """Return the members of a request that name a role."""
    members = service.operation_model(name).input_shape.members
    return [member for member in members if member.endswith("RoleArn")]


names = ["CreateTrainingJob", "CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
carried = {name: roles_in(name) for name in names}
carried

# %% [markdown]
# `CreateEndpoint` carries none: the role came before, with the model or the endpoint's configuration.{{!no_role}}
#
# Second, who may *use* the role? Its trust policy says so.

# %%
sagemaker = "sagemaker.amazonaws.com"
who = {"Effect": "Allow", "Principal": {"Service": sagemaker}}
trust = policy(who | {"Action": "sts:AssumeRole"})
assumed = access.decide(
    "sts:AssumeRole", ROLE, principal=sagemaker, resource_policy=trust
)
assumed

# %% [markdown]
# Third, what may the job do with the role? The role's permissions say so. The last statement is your colleague's.

# %%
of_role = policy(allow("s3:GetObject", f"{BUCKET}/*"))
at_seven = policy(*of_role["Statement"], allow("s3:*", Sid="AddedAtSeven"))

# %% [markdown]
# But the bucket has a policy too, written by the security team. A *principal* is whoever asks. It may carry *tags*, pairs
# of key and value, and only those with `team` = `fraud` shall read.

# %%
TAG = "aws:PrincipalTag/team"
only_fraud = {"StringNotEquals": {TAG: "fraud"}}
of_bucket = policy(
    deny("s3:*", f"{BUCKET}/*", Principal="*", Condition=only_fraud, Sid="OnlyFraud")
)

# %%
reading = {
    "action": "s3:GetObject",
    "resource": f"{BUCKET}/train.csv",
    "principal": JOB,
}
failed = access.decide(**reading, identity=at_seven, resource_policy=of_bucket)
failed

# %% [markdown]
# The job got its role, and the bucket's Deny stopped it.{{!stopped}} Yet the role is the fraud team's. It was made anew
# last week, and nobody tagged it.
#
# ## A demonstration: "add an Allow"
#
# IAM asks in this order:
#
# 1. Does any policy of any kind **deny** it? Then the answer is no.
# 2. **Control policies** of the organization, if set, have to allow. The common one is the *service control policy*, SCP.
# 3. The **resource's policy**, such as a bucket's, may allow. In one account that can be enough.
# 4. The **identity's policies**, of the user or role, may allow. One Allow in step 3 or 4 is needed; between two accounts, both.
# 5. A **permissions boundary**, if set, has to allow. It caps a user or role.
# 6. A **session policy**, if passed when the role was assumed, has to allow.
#
# Steps 2, 5 and 6 only limit. A policy that is silent does not allow, but it is no Deny: another may still allow.

# %%
LIMITS = {
    "not set": None,
    "allows": policy(allow("s3:*")),
    "silent": policy(allow("ec2:*")),
    "denies": policy(deny("s3:*")),
}

# %% [markdown]
# The bucket's policy may allow in three ways: it names the role, the session, or everybody on the condition that it is
# the role.

# %%
is_role = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
principals = {
    "allows the role": {"Principal": {"AWS": ROLE}},
    "allows the session": {"Principal": {"AWS": JOB}},
    "allows all, on condition": {"Principal": "*", "Condition": is_role},
}
FILES = ("s3:*", f"{BUCKET}/*")
OF_BUCKET = {how: policy(allow(*FILES, **more)) for how, more in principals.items()}
OF_BUCKET |= {"denies": policy(deny(*FILES, Principal="*")), "not set": None}


# %%
def ask(own, control, boundary, session, bucket):
    """Decide whether the job may read the file, in one setting."""
    return access.decide(
        **reading,
        identity=LIMITS[own],
        service_control=LIMITS[control],
        boundary=LIMITS[boundary],
        session=LIMITS[session],
        resource_policy=OF_BUCKET[bucket],
    )


# %% [markdown]
# Now all combinations.

# %%
from itertools import product

import pandas as pd

LAYERS = ["own", "control", "boundary", "session", "bucket"]
every = product(["silent", "allows", "denies"], LIMITS, LIMITS, LIMITS, OF_BUCKET)
settings = pd.DataFrame(every, columns=LAYERS)

# %%
decided = [ask(*row) for row in settings.itertuples(index=False)]
settings["allowed"] = [decision.allowed for decision in decided]
settings["reason"] = [decision.reason for decision in decided]

# %% [markdown]
# We count combinations, each once. How frequent each is at work, we do not know: who chooses the settings chooses the
# share. So we count three times: all settings, those without a Deny, and those in
# which, besides, no limit is silent.

# %%
before = settings[settings["own"] == "silent"].set_index(LAYERS[1:])
after = settings[settings["own"] == "allows"].set_index(LAYERS[1:])
stuck = after[~before["allowed"]].reset_index()

# %%
no_deny = stuck[~stuck[LAYERS[1:]].eq("denies").any(axis=1)]
open_limits = no_deny[~no_deny[LAYERS[1:]].eq("silent").any(axis=1)]

# %%
groups = {"all": stuck, "no Deny": no_deny, "no Deny, no silent limit": open_limits}
pd.DataFrame(
    {n: {"denied": len(g), "opened": g["allowed"].sum()} for n, g in groups.items()}
).T  # opened: of the denied ones, by the Allow

# %%
share = stuck["allowed"].mean()
lab.opened.reveal("few" if share < 0.25 else "most" if share > 0.75 else "many")

# %% [markdown]
# The Allow opens {{opened}} of the {{denied}} settings.{{!few}} The share depends on what we put in, but these settings are the
# same in each line.{{!same_eight}} They are those where nobody else objects.{{!all_open}} So the advice is right when the role's own
# silence was the only reason.
#
# What decides now? If several policies object, the first in IAM's order is counted.

# %%
from labs_lib import plots

KINDS = {
    "explicit": "a Deny",
    "service": "SCP is silent",
    "boundary": "boundary is silent",
    "session": "session policy is silent",
    "identity": "the new Allow",
}


def kind(reason):
    """Return the short name of a reason."""
    return next(text for word, text in KINDS.items() if word in reason)


counts = stuck["reason"].map(kind).value_counts().reindex([*KINDS.values()])

# %%
with plots.figure(
    title="After the Allow, most settings are still denied",  # {{!few}}
    x="settings that this decides (count)",
    y="",
    alt="Five bars of settings: a Deny, silent SCP, boundary, session, the new Allow.",
    size=(7, 2.8),
) as ax:
    bars = ax.barh([*counts.index][::-1], [*counts][::-1])
    ax.bar_label(bars, padding=3)
    ax.margins(x=0.1)

# %% [markdown]
# Now hold four sayings against all settings that they speak of. Again, these are combinations, not cases at work.


# %%
def held(says, when, predicted):
    """Return in how many settings a saying applies, and in how many it is wrong."""
    wrong = (settings[when]["allowed"] != predicted).sum()
    return {"saying": says, "settings": when.sum(), "wrong in": wrong}


sayings = [
    held("the role's policy allows it, so yes", settings["own"] == "allows", True),
    held("the role's policy is silent, so no", settings["own"] == "silent", False),
    held("the boundary allows it, so yes", settings["boundary"] == "allows", True),
    held("a policy denies, so no", settings[LAYERS].eq("denies").any(axis=1), False),
]
pd.DataFrame(sayings).set_index("saying")

# %% [markdown]
# Only the last holds in all settings.{{!deny_wins}} The second is wrong where the bucket's policy allows: then the role needs no
# Allow of its own. What of its boundary? Below, the role's own policy is silent, and so is the one limit that is set.

# %%
alone = {"own": "silent", "control": "not set"}
alone |= {"boundary": "not set", "session": "not set"}
skipped = {
    f"{limit} silent": {
        how: ask(**alone | {limit: "silent", "bucket": how}).allowed
        for how in principals
    }
    for limit in ("boundary", "session")
}
pd.DataFrame(skipped)

# %% [markdown]
# If the bucket names the role, both limits count. In the two other ways, they are skipped.{{!named}}
#
# ### Exercise 1: allowed or denied?
#
# A session of the role `analyst` asks for `s3:GetObject`. What is not mentioned is not set, and all is in one account but
# for f.
#
# | | the policies |
# |---|---|
# | a | The role has two policies: one allows `s3:Get*` on everything, the other only `ec2:*`. |
# | b | The role has no policy. Its boundary and the SCP both allow `s3:*` on everything. |
# | c | The role's policies are silent, its boundary allows only `sagemaker:*`. The bucket's policy allows the ARN of this session. |
# | d | As c, but the bucket's policy allows the ARN of the role. |
# | e | The role's policy allows `s3:*` on everything and denies it on `arn:aws:s3:::*-raw/*`. The object is `arn:aws:s3:::bank/cards-raw/pay.csv`. |
# | f | The bucket is in another account, and its policy allows the ARN of this session. The role's policies are silent. |

# %% tags=["exercise"]
# BEGIN SOLUTION
answer = {"a": "allowed", "b": "denied", "c": "allowed"}
answer |= {"d": "denied", "e": "denied", "f": "denied"}
# END SOLUTION
lab.ex1.check(answer)

# %% [markdown]
# ## Where it fails: the tag that is not there
#
# Back to the bucket. Its author says: the Deny hits only the *others*, those with another value of `team`. Ask the condition,
# and two usual mends: `IfExists`, and `Null` = `false`, which requires that the key is there.

# %%
tried = {
    "StringNotEquals": only_fraud,
    "StringNotEqualsIfExists": {"StringNotEqualsIfExists": {TAG: "fraud"}},
    "StringNotEquals and Null false": only_fraud | {"Null": {TAG: "false"}},
}

# %%
tags = {"fraud": "fraud", "risk": "risk", "no tag": None}


def holds(wanted, key, values):
    """Tell for each value of a key whether a condition holds."""
    return {name: access.satisfied(wanted, {key: v}) for name, v in values.items()}


hits = pd.DataFrame({name: holds(c, TAG, tags) for name, c in tried.items()}).T
hits.rename(columns="denies {}".format)

# %% [markdown]
# A key that is absent differs from every value, so the Deny hits whoever has no tag.{{!untagged}} `IfExists` does not
# help: it too holds for an absent key. With `Null` it spares the job, and anybody else without a tag.{{!too_open}}
#
# An Allow can go wrong the other way. This one is for jobs whose only tag is `team`: with `ForAllValues`, each key of the
# request has to be listed.

# %%
KEYS = "aws:TagKeys"
only_team = {"ForAllValues:StringEquals": {KEYS: "team"}}
allowing = {
    "ForAllValues": only_team,
    "ForAllValues and Null false": only_team | {"Null": {KEYS: "false"}},
    "ForAnyValue": {"ForAnyValue:StringEquals": {KEYS: "team"}},
}
sent = {"team": ["team"], "team and cost": ["team", "cost"], "no tags": None}
lets = pd.DataFrame({name: holds(c, KEYS, sent) for name, c in allowing.items()}).T
lets.rename(columns="allows {}".format)

# %% [markdown]
# Of no keys at all, each is on the list, so jobs without a tag pass.{{!empty_passes}} Here `Null` = `false` is the right
# addition, while `ForAnyValue` lets a second tag pass.{{!null_helps}} So for tonight: tag the role. Is your colleague's Allow needed as well?

# %%
before_seven = {"identity": of_role, "resource_policy": of_bucket}
tagged = access.decide(**reading, **before_seven, context={TAG: "fraud"})
tagged

# %% [markdown]
# It is not: take it back.{{!tag_is_enough}}
#
# ### Exercise 2: until the tag is there
#
# Say only the platform team can tag roles, and is away until Monday. Until then, you may change the condition of the bucket's Deny.
# Principals tagged `fraud` read as before. So do some roles that you list, whatever their tag. All others stay denied, with
# another tag or with none.
#
# Write the function that returns this condition for a list of role ARNs. Every signed request has the key `aws:PrincipalArn`;
# for a session it is the ARN of its role.


# %% tags=["exercise"]
# BEGIN SOLUTION
def condition(roles):
    """Return the Condition of the Deny."""
    return {
        "StringNotEquals": {"aws:PrincipalTag/team": "fraud"},
        "ArnNotEquals": {"aws:PrincipalArn": roles},
    }


# END SOLUTION
lab.ex2.check(condition)

# %% [markdown]
# ## Real data: a filter on the census
#
# Now the auditor. IAM decides about a whole file. *Lake Formation* decides about rows and columns of a table: a *data
# filter* has an expression for rows and a list of columns. The table holds records of the US census of 1994. Mary
# may see no records of the armed forces, nor the columns `race` and `native_country`.

# %%
from labs_lib import data

census = data.load_adult_income()


def data_filter(expression):
    """Return a filter of rows, in the form of a request to Lake Formation."""
    hidden = {"ExcludedColumnNames": ["race", "native_country"]}
    rows = {"FilterExpression": expression}
    return {"RowFilter": rows, "ColumnWildcard": hidden}


mary = access.filtered(census, [data_filter("occupation <> 'Armed-Forces'")])
gone = sorted(set(census) - set(mary))
gone

# %%
import numpy as np


def summary(rows):
    """Return rows and the share above 50,000 dollars, plain and by survey weight."""
    rich = rows["income"] == ">50K"
    weighted = np.average(rich, weights=rows["fnlwgt"])
    return {"rows": len(rows), "share above 50K": rich.mean(), "weighted": weighted}


# %%
missing = census.drop(mary.index)
unknown = missing[missing["occupation"].isna()]
forces = missing[missing["occupation"].notna()]
parts = {"all": census, "Mary sees": mary, "no occupation": unknown, "forces": forces}
pd.DataFrame([summary(rows) for rows in parts.values()], index=[*parts]).round(3)

# %% [markdown]
# The columns are gone.{{!columns}} But {{dropped}} records are hidden, and only {{soldiers}} of them are of the armed
# forces.{{!mostly_unknown}} In the others the occupation is missing, NULL. Is NULL different from `Armed-Forces`? SQL says neither yes
# nor no, and a filter shows a row only on a yes. A smaller share of these people earns above 50,000 dollars, so Mary's share is too high,
# plain and weighted.{{!too_high}} Is that chance?

# %%
from labs_lib import stats

chance = stats.share_interval((unknown["income"] == ">50K").sum(), len(unknown))
f"{chance.low:.3f} to {chance.high:.3f}"

# %% [markdown]
# It is not: the whole [interval](../glossary.md#interval) of those without an occupation is below Mary's share.{{!not_chance}} So show
# them: say `IS NULL`.

# %%
mend = data_filter("occupation <> 'Armed-Forces' OR occupation IS NULL")
mended = access.filtered(census, [mend])


def totals(rows):
    """Return the number of rows, and of those above 50,000 dollars."""
    return np.array([len(rows), (rows["income"] == ">50K").sum()])


learned = totals(census) - totals(mended)
dict(zip(["records", "above 50K"], learned.tolist(), strict=True))

# %% [markdown]
# Now only the forces are hidden, and something new goes wrong. A public report gives both totals of the whole table, and Mary
# subtracts what she sees. She has seen no hidden record, and knows how many there are and how many of them earn
# above 50,000 dollars.{{!subtracts}}
#
# Last, Mary joins a project. Its group has a filter of its own, for long working weeks.

# %%
project = data_filter("hours_per_week >= 48")
both = access.filtered(census, [mend, project])
back = (both["occupation"] == "Armed-Forces").sum()
f"records of the armed forces that she sees now: {back}"

# %% [markdown]
# Two filters show the *union* of their rows. The second took nothing away, and brought hidden records back.{{!union}}
#
# ### Exercise 3: a filter for the private sector
#
# Another group may see people who work at least 40 hours a week (`hours_per_week`), unless they work for a
# government: `workclass` is `Federal-gov`, `State-gov` or `Local-gov`. People whose `workclass` is missing may be
# seen like all others. Write the filter expression, as one text.

# %% tags=["exercise"]
# BEGIN SOLUTION
expression = (
    "hours_per_week >= 40 AND (workclass NOT LIKE '%-gov' OR workclass IS NULL)"
)
# END SOLUTION
lab.ex3.check(expression)

# %% [markdown]
# ## On SageMaker
#
# - Amazon SageMaker AI works with *execution roles*. Their trust policy is the one above, in all cases.
# - Read the error to its end: "with an explicit deny in a ... policy", or "because no ... policy allows" the action. If several
#   kinds of policy object, it names one of them. Some messages name none.
# - The managed policy `AmazonSageMakerFullAccess` allows reading objects where `sagemaker` or `aws-glue` stands in the name of
#   the bucket or object, or where the object has the tag `SageMaker` = `true`. Else the role needs a policy more.
# - `iam:PassRole` leaves no event of its own in CloudTrail.
# - Lake Formation's filters apply to SELECT, at most 100 a principal and table. `create_data_cells_filter` takes them.
# - AWS WAF, a firewall for web requests, cannot be attached to a SageMaker endpoint. Put it on a REST API of API Gateway. It
#   calls a Lambda function, which invokes the endpoint. Rules run from the lowest priority number; Allow and Block end the evaluation.
#
# ## What is not reproduced
#
# - The local SageMaker of this course checks no permissions, here or in any lab.
# - The levels of an organization, chains of accounts, endpoint policies, federated users, IAM Access Analyzer.
# - Lake Formation's enforcement: whoever may read the file itself passes it by. And grants from another account, which
#   intersect with one's own.
#
# ## Takeaways
#
# - Three questions: may the caller create the job and pass the role, who may assume the role, what may the role do?
# - An Allow in the role's policy helps only if its silence was the reason.{{!all_open}} Read the reason first.
# - A negated condition holds for a key that is absent, and so does `ForAllValues`.{{!absent}}
# - In a data filter, say what happens to NULL. Filters add up, and totals tell what they hide.{{!union}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Order of the decision, who is named, conditions, PassRole: IAM user guide, pages
#   `reference_policies_evaluation-logic_policy-eval-denyallow`, `reference_policies_elements_condition_operators`,
#   `reference_policies_condition-logic-multiple-context-keys-or-values`, `reference_policies_condition-keys`, `id_roles_use_passrole`, `troubleshoot_access-denied`.
# - Execution roles: SageMaker developer guide, `sagemaker-roles`. WAF: AWS WAF guide, `web-acl-processing-order`.
# - Filters: Lake Formation developer guide, `data-filtering`, `data-filtering-notes`, `partiql-support`.
# - Incomes: Becker, B. & Kohavi, R. (1996), Adult, UCI Machine Learning Repository, CC BY.

# %% tags=["facts", "nbval-check-output"]
eight = {int(group["allowed"].sum()) for group in groups.values()}
plain = {name: summary(rows) for name, rows in parts.items()}
lab.facts(
    no_role=carried["CreateEndpoint"] == [] and all([*carried.values()][:3]),
    stopped=created.allowed
    and passed.allowed
    and assumed.allowed
    and "OnlyFraud" in failed.reason,
    columns=gone == ["native_country", "race"],
    opened=int(stuck["allowed"].sum()),
    denied=len(stuck),
    few=share < 0.25,
    same_eight=len(eight) == 1,
    all_open=bool(open_limits["allowed"].all()) and len(open_limits) in eight,
    deny_wins=[saying["wrong in"] == 0 for saying in sayings] == [False] * 3 + [True],
    named=[[*column.values()] for column in skipped.values()]
    == [[False, True, True]] * 2,
    untagged=list(hits.loc["StringNotEquals"]) == [False, True, True]
    and hits.loc["StringNotEqualsIfExists"].equals(hits.loc["StringNotEquals"]),
    too_open=not hits.loc["StringNotEquals and Null false", "no tag"],
    empty_passes=list(lets.loc["ForAllValues"]) == [True, False, True],
    null_helps=list(lets.loc["ForAllValues and Null false"]) == [True, False, False]
    and list(lets.loc["ForAnyValue"]) == [True, True, False],
    absent=hits.loc["StringNotEquals", "no tag"]
    and lets.loc["ForAllValues", "no tags"],
    tag_is_enough=tagged.allowed,
    dropped=len(missing),
    soldiers=len(forces),
    mostly_unknown=len(unknown) > 100 * len(forces),
    too_high=plain["Mary sees"]["share above 50K"] > plain["all"]["share above 50K"]
    and plain["Mary sees"]["weighted"] > plain["all"]["weighted"],
    not_chance=chance.high < plain["Mary sees"]["share above 50K"],
    subtracts=list(learned) == list(totals(forces)),
    union=0 < back < len(forces) and mended.index.isin(both.index).all(),
)
