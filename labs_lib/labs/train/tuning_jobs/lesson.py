# ---
# jupyter:
#   labs:
#     concepts:
#       sm-tuning-jobs: "Killed half-way"
#     constants:
#       "0.01": "the margin of a tie, chosen before looking"
#       "0.1": "an example of a scale in a message"
#       "0.2": "a fifth, in a hint"
# ---

# %% [markdown]
# # Tuning jobs: what survives when the machine does not?
#
# > A search of 60 jobs is dead after 20. What do you carry into the next one?
#
# **You will**
#
# - share a search between two processes, kill one of them, and let the other finish;
# - measure what to carry over: nothing, all jobs, or narrow ranges around what was good;
# - send a tuning job and its warm start to SageMaker's interface, and compute what a job can cost at most.
#
# **You need** [Tune](50_tune.ipynb). **Data in:** the payments world, credit defaults
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | tuning job | `tune`, and a SageMaker on this machine that answers boto3 |
# | the service's record of jobs | an Optuna storage in a file |
# | `WarmStartConfig` | `parents` and `warm_start` |

# %%
from labs_lib.labs.train.tuning_jobs.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A search of 60 training jobs ran over night on a machine of your team. In the morning the machine is gone,
# after 20 jobs. There is money for the other 40. One colleague wants to begin anew, because the
# machine may have been ill. Another says: *narrow the ranges to what looked good so far, then search on;
# why waste jobs far away?*
#
# ## Predict
#
# The claim: *narrow the ranges first*. Both searches know the 20 jobs, and both are Bayesian. One goes on with 40 jobs in the
# whole ranges; the other in ranges half as wide, around the best of the 20. [Validation](../glossary.md#validation) chooses
# among all 60 jobs, and the test month judges by [average precision](../glossary.md#average-precision).
#
# Is the choice of the narrowed search higher? [Tie](../glossary.md#tie) means that the two certainly differ by less than
# 0.01, higher and lower that they differ by more, [undecided](../glossary.md#undecided) that the data cannot say
# which side of 0.01 it is.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.narrowing.commit(guess)

# %% [markdown]
# ## Killed half-way
#
# A training job is a function: it gets hyperparameters and returns a score. This one trains 20 trees.

# %% tags=["trial"]
import math

import numpy as np
import xgboost as xgb
from sklearn.metrics import average_precision_score

from labs_lib import payments

BOX = {"eta": (0.01, 0.64), "max_depth": (2, 8), "min_child_weight": (1, 30)}
BOX |= {"subsample": (0.5, 1), "colsample_bytree": (0.4, 1), "lambda": (1, 10)}
LOGARITHMIC = ("eta", "min_child_weight", "lambda")


def training_job(train, judge, seed=0):
    """Return a function that trains with hyperparameters and scores the model."""
    rows = xgb.QuantileDMatrix(*train, enable_categorical=True, nthread=1)
    others = xgb.DMatrix(judge[0], enable_categorical=True, nthread=1)
    fixed = {"objective": "binary:logistic", "nthread": 1, "seed": seed}

    def train_once(hyperparameters):
        model = xgb.train(fixed | hyperparameters, rows, num_boost_round=20)
        score = model.predict(others).astype(float).round(6)
        return round(average_precision_score(judge[1], score), 4)

    return train_once


# %% [markdown]
# The configuration is that of the lab Tune: six hyperparameters and their ranges, in the words of
# `CreateHyperParameterTuningJob`.

# %% tags=["trial"]
from labs_lib.train.tuning import tune


def configuration(strategy, jobs, seed=0, box=BOX):
    """Return a HyperParameterTuningJobConfig that searches in these ranges."""
    kinds = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for name, (low, high) in box.items():
        kind = "Integer" if name == "max_depth" else "Continuous"
        scale = "Logarithmic" if name in LOGARITHMIC else "Linear"
        item = {"Name": name, "MinValue": str(low), "MaxValue": str(high)}
        kinds[f"{kind}ParameterRanges"].append(item | {"ScalingType": scale})
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 1}
    objective = {"Type": "Maximize", "MetricName": "validation:aucpr"}
    config = {"Strategy": strategy, "HyperParameterTuningJobObjective": objective}
    config |= {"ResourceLimits": limits, "ParameterRanges": kinds}
    return config | {"RandomSeed": seed}


# %% [markdown]
# With a *storage*, each job is written down when it begins and when it ends. Here it is a file. Whoever reaches it can join
# the search. To save time the training job is a formula.

# %%
import json
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
storage = f"sqlite:///{folder}/tuning.db"
written = (folder / "config.json").write_text(json.dumps(configuration("Random", 20)))

# %% [markdown]
# Another Python will join. It dies in its thirteenth job, without a chance to clean up.

# %%
joins = """
import json, os
from labs_lib.train.tuning import tune

jobs = []

def train(hyperparameters):
    jobs.append(hyperparameters)
    if len(jobs) == 13:
        os._exit(1)
    return -((hyperparameters["eta"] - 0.1) ** 2)

config = json.load(open("config.json"))
tune(config, train, storage="sqlite:///tuning.db", name="fraud")
"""

# %% [markdown]
# This notebook begins the search. In its first job it starts the other Python, and waits until that has died. Then it
# does what is left.

# %%
import subprocess
import sys

others = []


def train_here(hyperparameters):
    """In the first job, let another process join the search until it dies."""
    if not others:
        command = [sys.executable, "-c", joins]
        others.append(subprocess.run(command, cwd=folder, timeout=300).returncode)
    return -((hyperparameters["eta"] - 0.1) ** 2)


# %%
shared = {"storage": storage, "name": "fraud"}
ours = tune(configuration("Random", 20), train_here, **shared)
f"the other ended with code {others[0]}"

# %%
import optuna
import pandas as pd


def recorded():
    """Return what the storage knows."""
    return optuna.load_study(study_name="fraud", storage=storage).get_trials()


before = recorded()
states = pd.Series([trial.state.name for trial in before]).value_counts()
states.rename_axis("state").to_frame("jobs")

# %% [markdown]
# 19 jobs are safe, twelve of them the other's. One looks as if it were running, and nobody runs it.{{!twelve}} So ask for
# the same search once more.

# %%
finished = tune(configuration("Random", 20), train_here, **shared)
after = recorded()
counted = [trial for trial in after if trial.state.name == "COMPLETE"]

# %% [markdown]
# Who did what? And what became of the twelve, and of the job that died?


# %%
def process(trial):
    """Return who did a job: machine, number of the process, and when it began."""
    return tuple(trial.user_attrs["process"])


(dead,) = (trial for trial in before if trial.state.name == "RUNNING")
twelve = [t for t in before if process(t) == process(dead) and t is not dead]

# %%
survived = {
    "jobs": len(counted),
    "different ones": len({trial.params["eta"] for trial in counted}),
    "processes": len({process(trial) for trial in counted}),
    "of the twelve, unchanged": sum(t.params == after[t.number].params for t in twelve),
    "the dead job, run again": sum(t.params == dead.params for t in counted),
}
pd.Series(survived).to_frame("found")

# %% [markdown]
# 20 jobs, all different, done by two processes. The twelve are unchanged, and the one that died was run again,
# once.{{!all_survived}} Other machines join in the same way, if they reach the storage: a database, or Optuna's journal file on a
# shared disk. (SQLite is for one machine.)
#
# SageMaker keeps this record itself: a tuning job goes on when your notebook is closed, and its jobs can be listed by
# its name. Without any record nothing survives, and you begin anew.
#
# ## On trial: "narrow the ranges first"
#
# So the 20 jobs are known. Four ways to spend the other 40:
#
# - *cold*: forget the 20, and search in the whole ranges;
# - *warm*: take the 20 along as observations, and search in the whole ranges;
# - *narrowed*: search half of each range, around the top job of the 20, and take along what lies inside;
# - *astray*: the same, but one range is wrong: the half of `eta` in which that job does not lie. A colleague
#   was sure.
#
# Taking jobs along is a *warm start*. Half of a range is meant on its own scale, and is moved inside if it sticks
# out.


# %% tags=["trial"]
def half(name, middle):
    """Return half of a range around a value, on the scale of the hyperparameter."""
    low, high = BOX[name]
    a, b, x = (math.log(v) if name in LOGARITHMIC else v for v in (low, high, middle))
    start = min(max(x - (b - a) / 4, a), (a + b) / 2)
    ends = start, start + (b - a) / 2
    if name in LOGARITHMIC:
        ends = math.exp(ends[0]), math.exp(ends[1])
    if name == "max_depth":
        return math.ceil(ends[0]), math.floor(ends[1])
    return max(round(ends[0], 6), low), min(round(ends[1], 6), high)


# %% [markdown]
# Bayesian search is Optuna's TPE here; it models where good jobs lie. Each job is really trained. The 20 jobs are drawn at
# random, the same for three of the ways; *cold* draws its own.


# %% tags=["trial"]
def compared(train, valid, test, seed):
    """Search 20 jobs; then 40 more in each way; judge what validation chooses."""
    job, judge = (training_job(train, part, seed) for part in (valid, test))
    first = tune(configuration("Random", 20, seed), job)
    known = {"parents": [first], "warm_start": "IdenticalDataAndAlgorithm"}
    near = {name: half(name, first.best[name]) for name in BOX}
    other_half = (0.01, 0.08) if first.best["eta"] > 0.08 else (0.08, 0.64)
    astray = near | {"eta": other_half}
    ways = {
        "warm": tune(configuration("Bayesian", 40, seed), job, **known),
        "narrowed": tune(configuration("Bayesian", 40, seed, near), job, **known),
        "astray": tune(configuration("Bayesian", 40, seed, astray), job, **known),
        "cold": tune(configuration("Bayesian", 40, seed + 1_000), job),
    }
    found = {}
    for name, search in ways.items():
        tried = [search] if name == "cold" else [search, first]
        best = max(tried, key=lambda search: search.value)
        found[name, "validation"] = best.value
        found[name, "test"] = judge(best.best)
        found[name, "median of the 40"] = search.jobs["value"].median()
        found[name, "best among the 40"] = float(best is search)
    return found


def going_on(seed):
    """Compare the ways in one world: months 1 to 3 train, 4 chooses, 5 judges."""
    table = payments.quiet_world(seed, n=40_000).transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    train, *others = map(np.flatnonzero, payments.split_by_time(table))
    return compared(*((X.iloc[p], y[p]) for p in (train[::4], *others)), seed)


# %%
rows = lab.trial(
    going_on,
    seeds=24,
    levels=("way", "measure"),
    chaotic=("median of the 40", "best among the 40", "validation", "test"),
)

# %%
rows.design(
    worlds="a world of 40,000 payments, and the luck of the search",
    rows="a quarter of months 1 to 3 trains, month 4 chooses, month 5 judges",
    measure="average precision of the chosen model, high is good; each way minus warm",
    margin=0.01,
    yardstick="the test month of each world, which no search sees. Half ranges around "
    "the best favour a smooth score with one top; a range of which the top lies "
    "outside would favour the whole ranges. Cold chooses among 40 jobs, the others "
    "among 60: on validation that favours the others.",
)

# %% [markdown]
# **What to try.** Train 10 trees in each job instead of 20 (`num_boost_round` in `training_job`). Run that
# cell and the one with `lab.trial` again.
#
# First the arms. Did the 40 jobs look where they should? In how many
# [worlds](../glossary.md#world) is the choice one of them?

# %%
means = rows.wide().mean().unstack()
means["best among the 40"] = rows.wide("best among the 40").sum()
means.round(3)

# %%
from labs_lib import stats


def against_warm(rows, measure, margin):
    """Compare each way with the warm start in the whole ranges, in pairs."""
    wide = rows.wide(measure)
    return {
        f"{name}, {measure}": stats.worlds(
            wide[name], wide["warm"], comparisons=6, margin=margin
        )
        for name in ("narrowed", "astray", "cold")
    }


# %%
found = against_warm(rows, "validation", 0.01) | against_warm(rows, "test", 0.01)
decided = found["narrowed, test"]
stats.table(found)

# %%
lab.narrowing.reveal(decided.verdict)

# %% [markdown]
# The 40 jobs of the warm start are better in the median than those of the cold one.{{!learned}} (A search without
# known jobs begins at random, so some of that is by construction.) And in nearly every world the choice is one of the
# 40; the cold search has no others.{{!new_best}}
#
# But is the chosen model better? In the test month, narrowing changes average precision by {{narrowed}}. That does not
# show a gain, and a gain of more than 0.01 does not agree with these worlds; a loss of that size
# would.{{!no_gain}} For none of the six is a difference shown.{{!none}}

# %%
from labs_lib import plots

with plots.figure(
    title="Against the warm start, no difference is shown",  # {{!none}}
    x="difference of average precision (-1 to 1)",
    y="way, and who judges",
    alt="Six intervals around zero. All of them hold zero.",
) as ax:
    plots.intervals(ax, found)

# %% [markdown]
# So forgetting the 20 jobs is not shown to give a worse model than taking them along.{{!none}} Nor is it shown
# to be as good. Taking them along costs nothing, and if you want 60 jobs in all, you need not pay 20 of them twice. The grey band is the
# [margin](../glossary.md#margin); no [interval](../glossary.md#interval) lies inside it, so nothing is a tie
# either.{{!no_tie}}

# %% [markdown]
# ## Where it fails: a range without the top
#
# One wrong range, *astray*, is not shown to cost anything above. But it may be a hyperparameter on
# which everything depends, as `eta` in the killed search. Nobody tells you in real life that a range is wrong, but the jobs
# may: they press against its end.
#
# ### Exercise 1: which range is too narrow?
#
# Write a function that gets the table `jobs` (one column a hyperparameter, and `value`, to be maximized) and
# `ranges` (name to low, high, scaling). It returns the names of the hyperparameters whose five best jobs lie,
# by their median, in the lowest or the highest fifth of the range, on its own scale.


# %% tags=["exercise"]
# BEGIN SOLUTION
def too_narrow(jobs, ranges):
    """Return the names of the ranges at whose ends the best jobs lie."""
    best = jobs.nlargest(5, "value")
    names = []
    for name, (low, high, scaling) in ranges.items():
        x = best[name].median()
        if scaling == "Logarithmic":
            low, high, x = math.log(low), math.log(high), math.log(x)
        if not 0.2 <= (x - low) / (high - low) <= 0.8:
            names.append(name)
    return names


# END SOLUTION
lab.ex1.check(too_narrow)

# %% [markdown]
# Try such a rule on a search that looks for `eta` in the wrong place. The formula's top is at an
# `eta` of a tenth; the range begins at twice that.


# %%
def places(jobs, box):
    """Return where the five best jobs lie in each range, 0 to 1, on its scale."""
    best, found = jobs.nlargest(5, "value"), {}
    for name, (low, high) in box.items():
        change = np.log if name in LOGARITHMIC else np.asarray
        x, a, b = change(best[name].median()), change(low), change(high)
        found[name] = float((x - a) / (b - a))
    return pd.Series(found)


# %%
def formula(hyperparameters):
    """Return a score with its top at an eta of a tenth; nothing else matters."""
    return -((math.log(hyperparameters["eta"]) - math.log(0.1)) ** 2)


# %%
wrong = BOX | {"eta": (0.2, 0.64)}
lost = tune(configuration("Random", 30, box=wrong), formula)
pressed = places(lost.jobs, wrong)
pressed.round(2).to_frame("place of the five best")

# %% [markdown]
# The best jobs press against the low end of `eta`.{{!presses}} But how often does the rule cry wolf? Let no hyperparameter matter at all: draw
# the scores at random.

# %%
rng = np.random.default_rng(0)
top_five = np.median(rng.random((10_000, 5, 6)), axis=1)
flagged = (top_five < 0.2) | (top_five > 0.8)
alarms = float(flagged.any(axis=1).mean())
f"searches in which at least one of six ranges is named: {alarms:.2f}"

# %% [markdown]
# In a share of {{alarms}} of such searches the rule names a range that is not to blame.{{!often}} So a named range is a hint. Widen it and go
# on. The data are the same, so a warm start takes the old jobs along.

# %%
again = {"parents": [lost], "warm_start": "IdenticalDataAndAlgorithm"}
mended = tune(configuration("Bayesian", 30), formula, **again)
f"best eta before {lost.best['eta']:.3f}, after {mended.best['eta']:.3f}"

# %% [markdown]
# ## Real data: credit defaults
#
# The same four ways on customers in Taiwan who paid in time or not. There is one data set: for each [seed](../glossary.md#seed), 3,000 customers at
# random train, 6,000 others choose, and 6,000 others judge. The samples share customers, and the intervals are corrected for that.

# %% tags=["trial"]
from labs_lib import data


def on_credit(seed):
    """Compare the ways on customers at random: 3,000, 6,000 and 6,000."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    order = np.random.default_rng(seed).permutation(len(y))
    parts = np.split(order[:15_000], [3_000, 9_000])
    return compared(*((X.iloc[p], y[p]) for p in parts), seed)


# %%
credit = lab.trial(
    on_credit,
    seeds=15,
    levels=("way", "measure"),
    chaotic=("median of the 40", "best among the 40", "validation", "test"),
)
credit.wide().mean().unstack().round(3)

# %%
on_test = credit.wide("test")
real = {
    f"{name}, test": stats.splits(
        on_test[name],
        on_test["warm"],
        n_train=9,  # thousands that train and choose; only the ratio counts
        n_test=6,
        comparisons=3,
        margin=0.01,
    )
    for name in ("narrowed", "astray", "cold")
}
stats.table(real)

# %% [markdown]
# Here too, narrowing is not shown to help: it changes average precision by {{credit_narrowed}} on the customers who judge.
# For the other two no difference is shown either.{{!credit_none}} These are credit card customers
# of 2005, all of the same months; a bank would predict months to come.
#
# ## On SageMaker
#
# The same on the interface of Amazon SageMaker AI, answered by a SageMaker on this machine. It really trains, with the
# built-in XGBoost. First the rows go to S3, as CSV with the label in front.

# %%
from labs_lib import sagemaker

local = sagemaker.start()
client, s3 = local.client("sagemaker"), local.client("s3")
bucket = s3.create_bucket(Bucket=local.bucket)

# %%
table = data.load_credit_default().sample(3_000, random_state=0)
table = table[["DEFAULT", *table.columns.drop(["ID", "DEFAULT"])]]
for name, some in (("train", table[:2_000]), ("validation", table[2_000:])):
    text = some.to_csv(index=False, header=False).encode()
    s3.put_object(Bucket=local.bucket, Key=f"{name}/part.csv", Body=text)


# %%
def channel(name):
    """Return the rows of one channel, as CSV in S3."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{local.bucket}/{name}/"}
    where = {"DataSource": {"S3DataSource": source}}
    return {"ChannelName": name, "ContentType": "text/csv"} | where


# %%
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
training = {
    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
    "StaticHyperParameters": {"objective": "binary:logistic", "num_round": "20"},
    "RoleArn": local.role,
    "InputDataConfig": [channel("train"), channel("validation")],
    "OutputDataConfig": {"S3OutputPath": f"s3://{local.bucket}/models/"},
    "ResourceConfig": cluster,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
}

# %% [markdown]
# Two limits of time stand in a request. `StoppingCondition` is that of one training job. `ResourceLimits` holds
# that of the whole search.


# %%
import time


def send(name, jobs, **more):
    """Send a tuning job, wait until it has ended, and return its description."""
    config = configuration("Bayesian", jobs)
    config["ResourceLimits"]["MaxRuntimeInSeconds"] = 3_600
    request = {"HyperParameterTuningJobName": name, "TrainingJobDefinition": training}
    request |= {"HyperParameterTuningJobConfig": config}
    client.create_hyper_parameter_tuning_job(**request, **more)
    while True:
        found = client.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )
        if found["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
            return found
        time.sleep(0.2)


# %%
parent = send("parent", 1)
parents = {
    "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}]
}
warm = parents | {"WarmStartType": "TransferLearning"}
child = send("child", 1, WarmStartConfig=warm)

# %%
tried = [job["BestTrainingJob"]["TunedHyperParameters"] for job in (parent, child)]
{"child": child["HyperParameterTuningJobStatus"], "same": tried[0] == tried[1]}

# %%
local.close()

# %% [markdown]
# With `TransferLearning`, what was good before is tried first here, and measured again: the child's job has the hyperparameters of
# the parent's best.{{!transferred}} (What the service does inside is not published.) That type is for new data or a new image. `IdenticalDataAndAlgorithm` takes the old scores as
# they are, and allows other ranges. Both want the same objective metric in parent and child. A parent may not itself be a child of a warm start, and there are at most five
# parents.
#
# ### Exercise 2: the most that it can cost
#
# The guide gives an upper bound for the compute of a tuning job: the runtime of the search, times the jobs at a time, times the
# instances of a job. Write a function that gets a request, with `HyperParameterTuningJobConfig` and
# `TrainingJobDefinition` as above, and returns this bound in instance hours.


# %% tags=["exercise"]
# BEGIN SOLUTION
def most_hours(request):
    """Return the instance hours that a tuning job can use at most."""
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    instances = request["TrainingJobDefinition"]["ResourceConfig"]["InstanceCount"]
    seconds = limits["MaxRuntimeInSeconds"] * limits["MaxParallelTrainingJobs"]
    return seconds * instances / 3_600


# END SOLUTION
lab.ex2.check(most_hours)

# %% [markdown]
# ### Exercise 3: which parent?
#
# A finished search maximized `validation:aucpr` over the six ranges above. Here are five children. Would a warm start be
# `taken` or `refused`?
#
# | child | what differs from the parent |
# |---|---|
# | a | each range is half as wide |
# | b | the objective is `validation:auc` |
# | c | `max_depth` is fixed at 4 among the static hyperparameters |
# | d | the strategy is Grid, over categories |
# | e | a seventh hyperparameter, `gamma`, is searched too |

# %% tags=["exercise"]
# BEGIN SOLUTION
children = {"a": "taken", "b": "refused", "c": "taken", "d": "refused", "e": "refused"}
# END SOLUTION
lab.ex3.check(children)

# %% [markdown]
# ## What is not reproduced
#
# - The service's own use of a parent's jobs, and its Bayesian search; here it is TPE.
# - The guide's page on warm start allows 500 training jobs of parents and child together, its page on limits 750.
# - Waiting for machines, paying for them, and the quotas of your account.
#
# ## Takeaways
#
# - Give every search a storage, or let the service keep the record. Then finished jobs survive, and the one that died is run
#   again.{{!all_survived}}
# - Narrowing the ranges around the best of 20 jobs was not shown to give a better model.{{!no_gain}}
# - If the best jobs press against the end of a range, widen it and take the jobs along. With six ranges the rule also names an
#   innocent one in many searches.{{!often}}
# - A warm start needs the same objective metric in parent and child.
# - The time of a search is limited in `ResourceLimits`, that of a job in `StoppingCondition`.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Warm start, limits, upper bound of the compute: SageMaker developer guide, pages
#   `automatic-model-tuning-warm-start`, `-limits`, `-progress`; service model, `HyperParameterTuningJobConfig`.
# - TPE: Bergstra, Bardenet, Bengio and Kegl (2011). Intervals over splits: Nadeau and Bengio (2003).
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

lab.facts(
    digits=3,
    tolerance=0.001,
    twelve=states.get("COMPLETE") == 19
    and states.get("RUNNING") == 1
    and len(twelve) == 12,
    all_survived=list(survived.values()) == [20, 20, 2, 12, 1],
    learned=stats.worlds(
        rows.wide("median of the 40")["warm"], rows.wide("median of the 40")["cold"]
    ).low
    > 0,
    new_best=bool((means["best among the 40"] >= 0.8 * rows.seeds).all()),
    narrowed=decided,
    no_gain=decided.low < -0.01 and decided.mean < 0.002 and decided.high < 0.01,
    none=all(f.low < 0 < f.high for f in found.values()),
    no_tie=all(f.verdict == "undecided" for f in found.values()),
    credit_narrowed=real["narrowed, test"],
    credit_none=all(f.low < 0 < f.high for f in real.values()),
    presses=pressed["eta"] < 0.2,
    alarms=Fact(alarms, digits=2, tolerance=0.01),
    often=0.4 < alarms < 0.6,
    transferred=tried[0] == tried[1]
    and child["HyperParameterTuningJobStatus"] == "Completed",
)
