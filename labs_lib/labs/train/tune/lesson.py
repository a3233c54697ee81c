# ---
# jupyter:
#   labs:
#     concepts:
#       sm-tuning: "Four strategies, one budget"
#     constants:
#       "0.01": "a margin named before looking, and an end of a range"
#       "0.002": "a margin named before looking"
#       "0.0001": "an invented learning rate in the quiz"
#       "0.001": "an example of a scale in a hint"
#       "0.1": "an example of a scale in a message"
#       "0.9": "an example of a scale in a message"
#       "0.99": "an example of a scale in a message"
#       "0.999": "an example of a scale in a message"
#       "0.3": "a median that the text computes from three curves"
#       "0.5": "a median that the text computes from three curves"
#       "1 %": "the rule of BestObjectiveNotImproving, from the service model"
# ---

# %% [markdown]
# # Tune: grid, random, Bayesian, Hyperband at equal budget
#
# > You may train 30 models. Which 30?
#
# **You will**
#
# - write the configuration of a SageMaker tuning job and run it here, on Optuna;
# - say what each of the four strategies needs, and what parallel jobs cost it;
# - compute the rule of early stopping by hand, and tell it from Optuna's;
# - kill a search and let two other processes finish it;
# - decide from 50 repeated searches whether Bayesian search is worth having, and whether to narrow
#   the ranges.
#
# **You need** [Metrics](20_metrics.ipynb): average precision, AUC as a probability.
# **Data in:** two stored grids of trained models, on the payments world and on credit defaults
# ([data cards](../data.md)). **Data out:** nothing. It computes for about 35 seconds, a third
# of them in searches that die and go on in other processes.
#
# | SageMaker term | here |
# |---|---|
# | `HyperParameterTuningJobConfig` | the same dictionary, run by `tune` of `labs_lib.train.tuning` |
# | training job | one call of a function |
# | strategy `Bayesian` | TPE of Optuna, or a Gaussian process on scikit-learn |
# | `TrainingJobEarlyStoppingType="Auto"` | the median rule of the developer guide |
# | `WarmStartConfig` | `parents` and `warm_start` |
# | the service's record of jobs | an Optuna storage, in a file or a database |

# %%
from labs_lib.labs.train.tune.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# The fraud model is XGBoost with six hyperparameters that somebody once guessed. You get money for 30
# training jobs. One colleague says: *use Bayesian search, it beats random search*. Another: *narrow
# the ranges first, then anything works*. A third wants all 30 at once, because the review is
# tomorrow. What do you ask for?
#
# ## Predict
#
# Search once at random and once with Bayes, 30 jobs each, one at a time.
# [Validation](../glossary.md#validation) chooses the model, and the test month judges it. Differences of
# [average precision](../glossary.md#average-precision) up to 0.01 do not matter to you. Is the Bayesian
# pick higher, lower, within that [margin](../glossary.md#margin) (a [tie](../glossary.md#tie)), or can 50
# repetitions not even decide that?

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.bayesian.commit(guess)

# %% [markdown]
# ## A search whose truth is known
#
# To judge a search you need to know what it could have found. So every combination of a grid was
# trained once: a validation and a test score after each of 27 epochs (an epoch is two rounds of
# boosting). A training job is now a look-up, and 50 searches take seconds.

# %%
from labs_lib.course import store

rows = store.load("train/tune/payments")
names = ["eta", "max_depth", "min_child_weight", "subsample"]
names += ["colsample_bytree", "lambda"]
rows[[*names, "validation_1", "validation_27", "test_27"]].head().round(3)

# %% [markdown]
# There are about 3,000 rows, made by `labs experiment train/tune/payments`. A search may name any
# number; it gets the nearest row, measured on the hyperparameter's own scale. Asking for the same row
# twice costs two jobs, as it would in the cloud.

# %%
from labs_lib.train.tuning.replay import Replay

scales = dict.fromkeys(names, "Linear")
scales |= dict.fromkeys(["eta", "min_child_weight", "lambda"], "Logarithmic")
replay = Replay(rows, scales=scales)
curve = replay({"eta": 0.05, "max_depth": 4.2} | dict.fromkeys(names[2:], 1))
f"epoch 1: {curve[0]:.3f}, epoch 27: {curve[-1]:.3f}"

# %%
import pandas as pd

final_valid, final_test = replay.validation[:, -1], replay.test[:, -1]
best, best_test = int(final_valid.argmax()), int(final_test.argmax())
optimum = {"valid": final_valid[best], "its_test": final_test[best]}
optimum |= {"test": final_test[best_test], "settings": len(rows)}
pd.Series(optimum).round(3)

# %%
from labs_lib import plots

with plots.figure(
    title="The best setting on validation is not the best one on test",
    x="validation month, average precision (0 to 1)",
    y="test month, average precision (0 to 1)",
    alt="A cloud that rises; its right end lies below its top.",
) as ax:
    ax.plot(final_valid, final_test, ".", color=plots.GREY, markersize=2)
    for place, look in ((best, "o"), (best_test, "s")):
        ax.plot(final_valid[place], final_test[place], look, markersize=9)

# %% [markdown]
# The circle is what a perfect search would return: {{optimum.valid}} on validation and
# {{optimum.its_test}} on test. The square is the best of all on test, {{optimum.test}}, which nobody can
# choose honestly. Keep that gap in mind: it is the part that no search strategy can win.

# %%
chosen = replay.settings.loc[[best, best_test]].T
chosen.set_axis(["best on validation", "best on test"], axis=1)

# %% [markdown]
# The first one lies at the end of several ranges. In real life that is the moment to ask whether the
# ranges were too narrow.
#
# ## The configuration is the program
#
# This is the dictionary that `CreateHyperParameterTuningJob` takes. The limits of numbers are text.


# %%
def ranges(box):
    """Return ParameterRanges: max_depth whole numbers, the others continuous."""
    kinds = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for name, (low, high) in box.items():
        kind = "Integer" if name == "max_depth" else "Continuous"
        item = {"Name": name, "MinValue": str(low), "MaxValue": str(high)}
        kinds[f"{kind}ParameterRanges"].append(item | {"ScalingType": scales[name]})
    return kinds


# %%
box = {"eta": (0.01, 0.64), "max_depth": (2, 8), "min_child_weight": (1, 30)}
box |= {"subsample": (0.5, 1), "colsample_bytree": (0.4, 1), "lambda": (1, 10)}
ranges(box)["IntegerParameterRanges"]

# %% [markdown]
# With a strategy, an objective and limits it is a configuration, and `tune` runs it.

# %%
from labs_lib.train.tuning import tune

objective = {"Type": "Maximize", "MetricName": "validation:aucpr"}


def limits(jobs, parallel):
    """Return ResourceLimits."""
    return {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}


# %%
config = {
    "Strategy": "Random",
    "HyperParameterTuningJobObjective": objective,
    "ResourceLimits": limits(30, parallel=1),
    "ParameterRanges": ranges(box),
    "RandomSeed": 0,
}
found = tune(config, replay)
found

# %%
shown = ["job", "status", "value", "best", "eta", "max_depth", "lambda"]
found.jobs[shown].tail(4).round(3)

# %% [markdown]
# What AWS would reject is rejected here too, with the reason. Three mistakes at once:

# %%
eta = {"Name": "eta", "MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"}
wrong = {"Strategy": "Grid", "ParameterRanges": {"ContinuousParameterRanges": [eta]}}
try:
    tune(config | wrong, replay)
except ValueError as error:
    print(error)

# %% [markdown]
# ### Scales
#
# A scale says how a range is spread out before anybody draws from it. Draw 1,000 values of the same
# range on each, and count how many fall below a tenth of it, and above nine tenths.


# %%
def draws(scaling):
    """Return 1,000 random values between 0.001 and 0.999 on a scale."""
    x = {"Name": "x", "MinValue": "0.001", "MaxValue": "0.999", "ScalingType": scaling}
    alone = config | {"ParameterRanges": {"ContinuousParameterRanges": [x]}}
    alone["ResourceLimits"] = limits(1_000, parallel=1)
    return tune(alone, lambda hyperparameters: 0.0).jobs["x"]


# %%
x = pd.DataFrame({s: draws(s) for s in ("Linear", "Logarithmic", "ReverseLogarithmic")})
shares = {"below a tenth": (x < 0.1).mean(), "above 9 tenths": (x > 0.9).mean()}
shares = pd.DataFrame(shares)
shares.round(2)

# %% [markdown]
# A share of {{shares.linear.below_a_tenth}} of the draws lies below a tenth on the linear scale, and
# of {{shares.logarithmic.below_a_tenth}} on the logarithmic one: the scale for a learning rate or a
# [penalty](../glossary.md#penalty). Reverse logarithmic puts a share of
# {{shares.reverselogarithmic.above_9_tenths}} above nine tenths: for a momentum, where 0.9, 0.99 and 0.999
# are three different things. `Auto` lets the service decide; its rule is not published.
#
# ### Exercise 1: one number, three scales
#
# Write a function that turns `u`, spread evenly between 0 and 1, into a value between `low` and `high`
# on the scale `scaling`, one of the three names above.

# %% tags=["exercise"]
import math


# BEGIN SOLUTION
def value(u, low, high, scaling):
    """Return a draw from low to high on the scale."""
    #: 1. Linear: u of the way from low to high
    #: 2. Logarithmic: the same with logarithms, then turned back
    #: 3. ReverseLogarithmic: a logarithmic scale of 1 - x
    if scaling == "Linear":
        return low + u * (high - low)
    if scaling == "Logarithmic":
        return math.exp(math.log(low) + u * math.log(high / low))
    return 1 - value(u, 1 - high, 1 - low, "Logarithmic")


# END SOLUTION
lab.ex1.check(value)

# %% [markdown]
# ## Four strategies, one budget
#
# **Grid** takes categories only, so you type the values. The number of jobs is the number of
# combinations, and it grows fast.

# %%
typed = {"eta": [0.02, 0.08, 0.32], "max_depth": [3, 6], "min_child_weight": [1, 10]}
typed |= {"subsample": [0.5, 1], "colsample_bytree": [0.4, 1], "lambda": [1, 10]}
categories = [{"Name": n, "Values": [str(v) for v in vs]} for n, vs in typed.items()]
categories[0]

# %%
grid = config | {"Strategy": "Grid", "ResourceLimits": {"MaxParallelTrainingJobs": 1}}
grid["ParameterRanges"] = {"CategoricalParameterRanges": categories}
on_grid = tune(grid, replay)
on_grid

# %% [markdown]
# Two or three values each, and 96 jobs. The service refuses another number.
#
# **Random** draws each job by itself, so all of them may run at once.

# %%
at_once = config | {"ResourceLimits": limits(30, parallel=30)}
random_same = bool(tune(at_once, replay).jobs["value"].equals(found.jobs["value"]))
f"the same 30 jobs, in parallel or not: {random_same}"

# %% [markdown]
# **Bayesian** fits a model of the score to the jobs that have ended, and asks where an improvement is
# likely. A paper on the service describes a Gaussian process. `surrogate="gp"` is one on scikit-learn's
# regressor, with [expected improvement](../glossary.md#expected-improvement); the default is Optuna's TPE,
# which models where good jobs lie. After ten random jobs the model takes over.

# %%
bayes = config | {"Strategy": "Bayesian"}
informed = tune(bayes, replay, surrogate="gp").jobs["value"]
split = {"first 10": informed[:10], "last 20": informed[10:]}
medians = {name: float(part.median()) for name, part in split.items()}
pd.DataFrame(split).describe().loc[["count", "min", "50%", "max"]].T.round(3)

# %% [markdown]
# The median job went from {{medians.first_10}} to {{medians.last_20}}: the model has learned where
# not to look. Whether its *best* job is better than that of random search, one search cannot tell.
#
# If all 30 jobs start at once, nothing has ended when the last one is chosen. What is the median of
# the last 20 then?

# %%
bayes_at_once = at_once | {"Strategy": "Bayesian"}
blind = tune(bayes_at_once, replay, surrogate="gp").jobs["value"]
medians["blind"] = float(blind[10:].median())
f"median of the last 20 jobs: {medians['blind']:.3f}"

# %% [markdown]
# {{medians.blind}}: that was a random search with a Bayesian price tag.
#
# **Hyperband** watches the score after each epoch, and deals its jobs to *brackets*. Here, of 14 jobs
# nine are looked at after 1, 3 and 9 epochs, three after 3 and 9, one after 9, one not at all. A job
# goes on if it is in the best third that its bracket has seen so far. (How AWS deals is not published.)
# It needs an algorithm that reports while it trains, and `MaxResource`: the epochs of a whole job.

# %%
resource = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 27}}
hyperband = config | {"Strategy": "Hyperband", "StrategyConfig": resource}
hyperband["ResourceLimits"] = limits(130, parallel=1)
halved = tune(hyperband, replay)
hyperband_trainings = halved.jobs["epochs"].sum() / 27
halved.jobs["epochs"].value_counts().sort_index().rename("jobs").to_frame()

# %% [markdown]
# 130 jobs cost as many epochs as {{hyperband_trainings}} whole ones. So comparing strategies at equal
# *jobs* would be unfair; everything below is compared at equal epochs.
#
# ## Stopping a job, and stopping the search
#
# ### The median rule
#
# With `TrainingJobEarlyStoppingType="Auto"`, a job stops if its score after an epoch is worse than the
# *median* of the *running averages* of all earlier jobs up to that epoch. Three earlier jobs, and a
# fourth after three epochs:

# %%
import numpy as np

earlier = [[0.1, 0.3, 0.5], [0.2, 0.2, 0.2], [0.0, 0.4, 0.6]]
running = [0.1, 0.2, 0.35]
averages = [np.mean(curve) for curve in earlier]
print("averages", np.round(averages, 2), "median", round(float(np.median(averages)), 2))

# %%
from labs_lib.train.tuning import MedianRule

stops_here = MedianRule(maximize=True, earlier=earlier).stops(3, running[-1])
f"stops at SageMaker: {stops_here}"

# %% [markdown]
# The latest value of the job is above that median, so it goes on. Optuna has a `MedianPruner`. Does
# it say the same? First the three jobs of the past:

# %%
import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
pruner = optuna.pruners.MedianPruner(n_startup_trials=3)
study = optuna.create_study(direction="maximize", pruner=pruner)
for curve in earlier:
    past = dict(value=curve[-1], intermediate_values=dict(enumerate(curve, start=1)))
    study.add_trial(optuna.trial.create_trial(**past))

# %%
trial = study.ask()
for epoch, score in enumerate(running, start=1):
    trial.report(score, epoch)
f"stops in Optuna: {trial.should_prune()}"

# %% [markdown]
# Optuna compares the job's *best* value so far with the median of the others' *values* at that epoch,
# here 0.5; the service with the median of averages, 0.3. So the job
# goes on at SageMaker and stops in Optuna. While curves rise, the service is the milder one.
#
# ### Exercise 2: the median rule
#
# Write the rule. `earlier` is a list of curves, `current` the list of values of the running job so far.
# An earlier job that ended before this epoch counts with the values it has. The score is to be
# maximized.


# %% tags=["exercise"]
# BEGIN SOLUTION
def stops(earlier, current):
    """Return whether the running job has to stop after its latest epoch."""
    #: 1. the running average of each earlier job, up to this epoch
    #: 2. their median
    #: 3. compare it with the latest value of the running job
    averages = [np.mean(curve[: len(current)]) for curve in earlier]
    return current[-1] < np.median(averages)


# END SOLUTION
lab.ex2.check(stops)

# %% [markdown]
# ### When is the search over?
#
# When one of these comes first: the number of jobs, the time, a target, or a number of jobs in a row
# that did not improve the best by 1 %.

# %%
criteria = {
    "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 8},
    "TargetObjectiveMetricValue": 0.6,
}
ended = tune(config | {"TuningJobCompletionCriteria": criteria}, replay)
ending = {"by": ended.ended_by, "after": len(ended.jobs)}
ended

# %% [markdown]
# Ended by {{ending.by}} after {{ending.after}} jobs.
#
# ### Warm start
#
# A new search may begin with what earlier ones, its parents, have seen. `IdenticalDataAndAlgorithm`
# takes their jobs as its own observations; `TransferLearning` is for new data: what was good before
# is tried first, and measured again. Here the parent searched on credit defaults.

# %%
credit = Replay(store.load("train/tune/credit"), scales=scales)
parent = tune(bayes, credit)
child = tune(bayes, replay, parents=[parent], warm_start="TransferLearning")
tried_first = child.jobs[["eta", "max_depth"]][:2].round(3)
best_there = parent.jobs.nlargest(2, "value")[["eta", "max_depth"]].round(3)
pd.concat({"first of the child": tried_first, "best of the parent": best_there})

# %% [markdown]
# (The service wants the same objective metric in parent and child. The credit table holds
# [AUC](../glossary.md#auc); here both configurations name it `validation:aucpr`, and only what was
# tried is carried over.)
#
# ## Killed half-way
#
# A search of hours must survive a power cut. With a storage, each job is written down when it begins
# and when it ends. This process dies in its thirteenth job, without a chance to clean up:

# %%
import json
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
twenty = config | {"ResourceLimits": limits(20, parallel=1)}
(folder / "config.json").write_text(json.dumps(twenty))
sorted(file.name for file in folder.iterdir())

# %% [markdown]
# The program of such a process, as text. It opens the same file each time; what differs is the function
# `train`.

# %%
common = """
import json, os, time
from labs_lib.train.tuning import tune

def search(train):
    config = json.load(open("config.json"))
    tune(config, train, storage="sqlite:///tuning.db", name="fraud")
"""

# %%
dies = """
jobs = []

def train(hyperparameters):
    jobs.append(hyperparameters)
    if len(jobs) == 13:
        os._exit(1)
    return -((hyperparameters["eta"] - 0.1) ** 2)

search(train)
"""

# %%
import subprocess
import sys


def begin(program):
    """Start another Python."""
    return subprocess.Popen([sys.executable, "-c", common + program], cwd=folder)


f"ended with code {begin(dies).wait(timeout=100)}"


# %%
def recorded():
    """Return what the storage knows."""
    storage = f"sqlite:///{folder}/tuning.db"
    return optuna.load_study(study_name="fraud", storage=storage).get_trials()


before = recorded()
states = pd.Series([trial.state.name for trial in before]).value_counts()
states.rename_axis("state").to_frame("jobs")

# %% [markdown]
# The process is gone; twelve jobs are safe, one looks as if it were running. Now *two* processes
# go on, at the same time. They need nothing but the address of the storage. (In its first job,
# each waits until the other has begun one too.)

# %%
goes_on = """
def train(hyperparameters):
    open(f"began-{os.getpid()}", "w").close()
    while len([f for f in os.listdir() if f.startswith("began")]) < 2:
        time.sleep(0.02)
    return -((hyperparameters["eta"] - 0.1) ** 2)

search(train)
"""
both = [begin(goes_on) for _ in range(2)]
ended_well = [process.wait(timeout=100) == 0 for process in both]
f"both ended well: {all(ended_well)}"

# %% [markdown]
# Now read the storage. Who did what? And what became of the twelve, and of the one that died?

# %%
after = recorded()
counted = [trial for trial in after if trial.state.name == "COMPLETE"]
processes = {tuple(trial.user_attrs["process"]) for trial in counted}
different = {trial.params["eta"] for trial in counted}
shared = {"jobs": len(counted), "different": len(different)}
shared |= {"processes": len(processes), "well": all(ended_well)}

# %%
same = zip(before[:12], after[:12], strict=True)
shared["kept"] = all(a.params == b.params and a.value == b.value for a, b in same)
shared["again"] = before[12].params in [trial.params for trial in counted]
pd.Series(shared).to_frame("found")

# %% [markdown]
# {{shared.jobs}} jobs in all, {{shared.different}} of them different, done by {{shared.processes}}
# processes. The twelve finished ones are unchanged ({{shared.kept}}), and the one that died was run
# again ({{shared.again}}). Other *machines* join in the same way, if the address is one that they
# reach: a database server, or Optuna's journal file on a shared disk. (SQLite is for one machine.)
#
# ## On trial: "Bayesian search beats random search"
#
# **The measure that decides**, named before looking: the average precision of the test month, of the
# model that validation chose after 30 jobs, one at a time; the Gaussian process against random
# search; a difference of up to 0.01 is a tie. Each search ran 50 times, with 50
# [seeds](../glossary.md#seed). One seed of the Gaussian process runs again now.
# `store.confirm("train/tune/searches", seed=0)` runs the others again, whenever you like.

# %%
store.confirm("train/tune/gaussian", seed=0)

# %%
runs = [store.load(f"train/tune/{name}") for name in ("searches", "gaussian")]
runs = pd.concat(runs)


def scores(part, search, *, table="payments", parallel=1, budget=30):
    """Return the score of each seed after a budget of whole trainings."""
    measure = f"{part}_{budget}"
    return store.wide(runs, "search", measure, table=table, parallel=parallel)[search]


# %%
from labs_lib import stats

gp, rand = scores("test", "Gaussian process"), scores("test", "random")
primary = stats.worlds(gp, rand, margin=0.01)
of_ten = (scores("test", name, budget=10) for name in ("Gaussian process", "random"))
head = stats.worlds(*of_ten)
print(f"mean difference {primary.mean:.4f} ({primary.low:.4f} to {primary.high:.4f})")
print(f"after 10 jobs, random in both: {head.mean:.4f}")
lab.bayesian.reveal(primary.verdict)

# %% [markdown]
# The Gaussian process picks better models, by {{primary}}: zero lies outside of the
# [interval](../glossary.md#interval).{{!better}} The margin lies inside: whether the gain matters to
# you is [undecided](../glossary.md#undecided).{{!reaches}} And it had a head start: after 10
# jobs, random in both but not the same ten, the lead is {{head}} already.{{!head_start}} What varies
# here are the search seeds and nothing else: the interval is about these two months, not about next
# year's.
#
# Look at what the search can see, the validation score, and how far it stays below the known optimum.


# %%
def shortfall(search, budget):
    """Return the mean distance from the optimum, with an interval over the seeds."""
    reached = scores("validation", search, budget=budget)
    mean = stats.mean_interval(optimum["valid"] - reached)
    point = {"mean": mean.mean, "low": mean.low, "high": mean.high}
    return {"search": search, "budget": budget} | point


# %%
searches = ("random", "grid", "TPE", "Gaussian process", "Hyperband")
budgets = [1, 2, 3, 5, 7, 10, 14, 20, 30, 40, 50, 70, 100]
lines = pd.DataFrame([shortfall(s, budget) for s in searches for budget in budgets])
lines.pivot(index="budget", columns="search", values="mean").loc[[10, 30, 100]].round(4)

# %%
with plots.figure(
    title="How far below the best validation score each search is",
    x="budget (whole trainings, logarithmic)",
    y="shortfall in average precision (0 to 1)",
    alt="All lines fall with the budget; they part after ten trainings.",
) as ax:
    plots.lines(ax, lines, x="budget", y="mean", group="search", low="low", high="high")
    ax.set_xscale("log")

# %% [markdown]
# Bands are intervals over the 50 seeds. The first ten jobs are random in every Bayesian search: with TPE
# those of random search, with the Gaussian process others.
#
# Now the other form of the question: take one search of each kind by chance; how often does the
# Bayesian one end higher? That is an AUC, of 50 searches against 50. Equals
# count half.

# %%
from labs_lib.stats import beats


def against_random(part, table):
    """Return the probability of beating random search, for a map of twelve."""
    found = {}
    for search in ("TPE", "Gaussian process"):
        for parallel in (1, 10):
            for budget in (10, 30, 100):
                own = scores(
                    part, search, table=table, parallel=parallel, budget=budget
                )
                rand = scores(part, "random", table=table, budget=budget)
                found[search, parallel, budget] = beats(own, rand, comparisons=12)
    return found


# %%
def as_table(found):
    """Return one row a search, one column a budget."""
    text = {k: f"{i.mean:.2f} ({i.low:.2f} to {i.high:.2f})" for k, i in found.items()}
    index = pd.MultiIndex.from_tuples(text, names=["search", "parallel", "jobs"])
    return pd.Series(list(text.values()), index=index).unstack()


# %% [markdown]
# First on validation, which is what the search works for:

# %%
on_validation = against_random("validation", "payments")
as_table(on_validation)

# %% [markdown]
# Then on test, which is what you get:

# %%
on_test = against_random("test", "payments")
as_table(on_test)

# %% [markdown]
# The text below speaks of these:


# %%
def main(found):
    """Keep one job at a time, after 30 and after 100 jobs."""
    return {key: i for key, i in found.items() if key[1] == 1 and key[2] > 10}


chance = {"validation": main(on_validation), "test": main(on_test)}
pd.DataFrame(chance).map(lambda interval: interval.mean).round(2)

# %% [markdown]
# On validation after 30 jobs one at a time, the Gaussian process beats random search with probability
# {{chance.validation.gaussian_process_1_30.mean}} ({{chance.validation.gaussian_process_1_30.low}} to
# {{chance.validation.gaussian_process_1_30.high}}), TPE with {{chance.validation.tpe_1_30.mean}}
# ({{chance.validation.tpe_1_30.low}} to {{chance.validation.tpe_1_30.high}}); after 100 jobs it is
# {{chance.validation.gaussian_process_1_100.mean}} and {{chance.validation.tpe_1_100.mean}}.
#
# On test, after 30 jobs, it is {{chance.test.gaussian_process_1_30.mean}}
# ({{chance.test.gaussian_process_1_30.low}} to {{chance.test.gaussian_process_1_30.high}}) and
# {{chance.test.tpe_1_30.mean}} ({{chance.test.tpe_1_30.low}} to {{chance.test.tpe_1_30.high}}).
# For TPE each of these intervals holds one half: no gain over random search is shown.{{!tpe_open}}
#
# ### Ten at a time
#
# In parallel each choice knows ten jobs less. Optuna's TPE and our Gaussian process both take running
# jobs into account, so that ten machines do not try the same place. Ten at a time, 100 jobs take as
# long as 10 jobs one at a time.


# %%
def parallel_loss(search):
    """Compare parallel with sequential: the same jobs, then the same time."""
    one, ten = (scores("validation", search, parallel=p, budget=100) for p in (1, 10))
    short = scores("validation", search, parallel=1, budget=10)
    return {
        f"{search}: 10 at a time − 1, 100 jobs": (ten, one),
        f"{search}: 10 at a time − 1, same time": (ten, short),
    }


# %%
def seeds_table(found):
    """Show comparisons in which nothing varies but the search seed."""
    return stats.table(found, digits=4).assign(design="search seeds")


pairs = parallel_loss("TPE") | parallel_loss("Gaussian process")
parallel = {name: stats.worlds(a, b, comparisons=4) for name, (a, b) in pairs.items()}
seeds_table(parallel)

# %% [markdown]
# With the same number of jobs, the validation score is
# {{parallel.tpe_10_at_a_time_1_100_jobs.verdict}} for TPE
# ({{parallel.tpe_10_at_a_time_1_100_jobs.mean}}) and
# {{parallel.gaussian_process_10_at_a_time_1_100_jobs.verdict}} for the Gaussian process
# ({{parallel.gaussian_process_10_at_a_time_1_100_jobs.mean}}). In the same time it is
# {{parallel.tpe_10_at_a_time_1_same_time.verdict}} and
# {{parallel.gaussian_process_10_at_a_time_1_same_time.verdict}}.
#
# ### Equal compute: Hyperband, the median rule, a grid
#
# The budget is counted in whole trainings, whatever the number of jobs.

# %%
equal = {}
for search in ("Hyperband", "random, median rule", "grid"):
    for budget in (10, 30, 100):
        for part in ("validation", "test"):
            own, rand = (scores(part, s, budget=budget) for s in (search, "random"))
            equal[search, part, budget] = beats(own, rand, comparisons=18)
as_table(equal).rename_axis(index=["search", "judged on"], columns="budget")

# %% [markdown]
# Whether stopping early pays depends on one thing: is a setting that is good early also good late?

# %%
curves = pd.DataFrame(replay.validation, columns=range(1, 28))
ranks = curves[[1, 3, 9]].corrwith(curves[27], method="spearman")
ranks.rename_axis("epoch").rename("rank correlation with the last epoch").round(2)

# %% [markdown]
# And how many jobs do those two begin for the price of 30 whole trainings, on average?

# %%
began = runs[runs["table"] == "payments"].groupby("search")["jobs_30"].mean()
began = began[["Hyperband", "random, median rule"]]
began.round(0)

# %% [markdown]
# For 30 trainings Hyperband began {{began.hyperband}} jobs, and random search with the median rule
# {{began.random_median_rule}}. On validation, at a budget of 30, Hyperband beats plain random search
# with probability {{equal.hyperband_validation_30.mean}} ({{equal.hyperband_validation_30.low}} to
# {{equal.hyperband_validation_30.high}}), the median rule with
# {{equal.random_median_rule_validation_30.mean}}
# ({{equal.random_median_rule_validation_30.low}} to
# {{equal.random_median_rule_validation_30.high}}). The rank correlation between the score after one
# epoch and the final one is {{early.rank_1}}, after nine {{early.rank_9}}. (A job that is stopped keeps
# the score it had, and may even be chosen for it.)
#
# The grid's 96 combinations were typed before anything was run. At a budget of 30, a third of them, it
# beats random search on validation with probability {{equal.grid_validation_30.mean}}
# ({{equal.grid_validation_30.low}} to {{equal.grid_validation_30.high}}). All three intervals hold one
# half.{{!equal_open}} At 100 the whole grid is one search, stored 50 times; its pick has the highest
# mean test score of the five.{{!grid_first}} Type other values, and you get another number.
#
# ### What is a warm start worth?
#
# TPE with 20 jobs, after a parent with 20 jobs: on the same table, or on credit defaults. Against 20
# jobs from cold, and, since the parent was not free, against 40.

# %%
starts = store.load("train/tune/ranges")
store.confirm("train/tune/ranges", seed=0)


# %%
def started(part, start, *, search="TPE", table="payments"):
    """Return the score of each seed."""
    return store.wide(starts, "start", part, table=table, search=search)[start]


# %%
cold_20, cold_40 = (scores("validation", "TPE", budget=b) for b in (20, 40))
both = started("validation", "identical, with parent")
pairs = {
    "identical − cold, 20 jobs": (started("validation", "identical"), cold_20),
    "transfer − cold, 20 jobs": (started("validation", "transfer"), cold_20),
    "identical with parent − cold, 40 jobs": (both, cold_40),
}
warm = {name: stats.worlds(a, b, comparisons=3) for name, (a, b) in pairs.items()}
seeds_table(warm)

# %% [markdown]
# Against as many jobs from cold, the validation score with a parent on the same data is
# {{warm.identical_cold_20_jobs.verdict}} ({{warm.identical_cold_20_jobs.mean}}), with a parent on
# other data {{warm.transfer_cold_20_jobs.verdict}} ({{warm.transfer_cold_20_jobs.mean}}). Count the
# parent's jobs as well, and two searches of 20 against one of 40 are
# {{warm.identical_with_parent_cold_40_jobs.verdict}}
# ({{warm.identical_with_parent_cold_40_jobs.mean}}).
#
# ## Where it fails: narrow ranges
#
# The second colleague: *narrow the ranges first*. Three boxes, each half as wide as the whole range of
# every hyperparameter: one around the true optimum (you would have to know it), the same one with
# the wrong half of `eta`, and one around the best of 10 pilot jobs, which count. 30 jobs each, against
# 30 in the whole box.


# %%
def boxes(part, table):
    """Compare each box with the whole range; intervals for a map of six."""
    found = {}
    for search in ("random", "TPE"):
        whole = scores(part, search, table=table)
        for name in ("holds", "misses", "pilot"):
            own = started(part, name, search=search, table=table)
            found[f"{search}: {name} − whole"] = stats.worlds(own, whole, comparisons=6)
    return found


# %%
narrow = boxes("validation", "payments")
seeds_table(narrow)

# %% [markdown]
# That was the validation month. The same searches, judged by the test month:

# %%
narrow_test = boxes("test", "payments")
seeds_table(narrow_test)

# %% [markdown]
# On validation, the box that holds the optimum is {{narrow.valid.random_holds_whole.verdict}} by
# {{narrow.valid.random_holds_whole.mean}} with random search, and
# {{narrow.valid.tpe_holds_whole.verdict}} by {{narrow.valid.tpe_holds_whole.mean}} with TPE. One
# wrong range, and it is {{narrow.valid.random_misses_whole.verdict}}
# ({{narrow.valid.random_misses_whole.mean}}) and {{narrow.valid.tpe_misses_whole.verdict}}
# ({{narrow.valid.tpe_misses_whole.mean}}). The honest way to narrow, a pilot, is
# {{narrow.valid.random_pilot_whole.verdict}} ({{narrow.valid.random_pilot_whole.mean}}) and
# {{narrow.valid.tpe_pilot_whole.verdict}} ({{narrow.valid.tpe_pilot_whole.mean}}).
#
# Now the test month. There, random search in the box that *misses* the optimum is
# {{narrow.test.random_misses_whole.verdict}} ({{narrow.test.random_misses_whole.mean}}), in the one that
# holds it {{narrow.test.random_holds_whole.verdict}} ({{narrow.test.random_holds_whole.mean}}). What
# the validation month calls the optimum is not what the test month rewards, so missing it is not the
# same as losing.
#
# ### Exercise 3: which range is too narrow?
#
# In real life nobody tells you that a box misses. But the jobs do. Write a function that gets the table
# `jobs` (one column a hyperparameter, and `value`, to be maximized) and `ranges` (name to low, high,
# scaling), and returns the names of the hyperparameters whose five best jobs lie, by their
# median, in the lowest or the highest fifth of the range, on its own scale.


# %% tags=["exercise"]
# BEGIN SOLUTION
def too_narrow(jobs, ranges):
    """Return the names of the ranges at whose ends the best jobs lie."""
    #: 1. the five best jobs
    #: 2. for each range, the place of their median from 0 to 1, on its scale
    #: 3. the names whose place is below a fifth or above four fifths
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
lab.ex3.check(too_narrow)

# %% [markdown]
# Look at a search in the box that misses. Where do its five best jobs lie, from 0 (low end) to 1 (high
# end), on each scale?

# %%
from labs_lib.labs.train.tune.experiments import ranges as tune_ranges

missed = tune_ranges.without(tune_ranges.optimum("payments"))
lost = tune(config | {"ParameterRanges": ranges(missed)}, replay)
five = lost.jobs.nlargest(5, "value")[names].median()
five.round(3)


# %%
def place_of(name):
    """Return where the five best lie in their range, 0 to 1, on its scale."""
    change = np.log if scales[name] == "Logarithmic" else np.asarray
    low, high = change(missed[name][0]), change(missed[name][1])
    return float((change(five[name]) - low) / (high - low))


places = pd.Series({name: place_of(name) for name in names})
mend = {"eta": places["eta"], "narrow": lost.value}
places.round(2)

# %% [markdown]
# For `eta` it is {{mend.eta}}: the best jobs press against the low end. (That is a hint. If none of six
# hyperparameters mattered, five random jobs would flag at least one in about half of all searches.) So
# widen that range and go on. The data are the same, so the old jobs are not lost: a warm start takes
# them along.

# %%
wider = bayes | {"ParameterRanges": ranges(missed | {"eta": box["eta"]})}
warm_start = dict(parents=[lost], warm_start="IdenticalDataAndAlgorithm")
mended = tune(wider, replay, **warm_start)
mend["widened"] = mended.value
f"narrow {lost.value:.3f}, widened {mended.value:.3f}, optimum {optimum['valid']:.3f}"

# %% [markdown]
# In this one search, validation goes from {{mend.narrow}} to {{mend.widened}}.
#
# ## Real data: credit defaults
#
# 30,000 customers; 6,000 train, 3,000 validate, all the others test, so the test score is nearly the
# true one. The objective is AUC, and a difference of up to 0.002 is a tie. The same searches, on the
# other grid.

# %%
gp = scores("test", "Gaussian process", table="credit")
rand = scores("test", "random", table="credit")
primary_credit = stats.worlds(gp, rand, margin=0.002)
gap = primary_credit
f"mean difference {gap.mean:.5f} ({gap.low:.5f} to {gap.high:.5f})"

# %% [markdown]
# How often the Bayesian search ends higher, on validation and on test:

# %%
credit_valid = against_random("validation", "credit")
as_table(credit_valid)

# %%
credit_test = against_random("test", "credit")
chance_credit = {"validation": main(credit_valid), "test": main(credit_test)}
as_table(credit_test)

# %% [markdown]
# And how much is there to win at all?

# %%
credit_last = credit.test[:, -1]
picked = credit_last[credit.validation[:, -1].argmax()]
gap_credit = float(credit_last.max() - picked)
f"best of the grid on test: {gap_credit:.5f} above the one that validation prefers"

# %% [markdown]
# Here the verdict at 30 jobs is **{{real.primary.verdict}}**: {{real.primary.mean}}
# ({{real.primary.low}} to {{real.primary.high}}). On validation the Gaussian process beats random
# search with probability {{real_chance.validation.gaussian_process_1_30.mean}} after 30 jobs and
# {{real_chance.validation.gaussian_process_1_100.mean}} after 100; on test with
# {{real_chance.test.gaussian_process_1_30.mean}} and
# {{real_chance.test.gaussian_process_1_100.mean}}. To win more often is not to win much: even the
# best setting of the whole grid is only {{real.gap}} above the one that validation prefers.

# %%
tested = {f"test, {name}": found for name, found in boxes("test", "credit").items()}
narrow_credit = boxes("validation", "credit") | tested
seeds_table(narrow_credit)

# %% [markdown]
# Narrow boxes on credit defaults: with TPE, holding the optimum is
# {{narrow_credit.tpe_holds_whole.verdict}} on validation and
# {{narrow_credit.test_tpe_holds_whole.verdict}} on test; missing it
# {{narrow_credit.tpe_misses_whole.verdict}} and {{narrow_credit.test_tpe_misses_whole.verdict}}, by
# {{narrow_credit.test_tpe_misses_whole.mean}} on test.
#
# ### A live search with Optuna
#
# Nothing is replayed now. Optuna itself, 12 small trainings, and a bar while you wait.

# %%
from labs_lib import data

table = data.load_credit_default().sample(6_000, random_state=0)
X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
part = np.repeat(["train", "valid", "test"], 2_000)
pd.Series(y).groupby(part).mean().rename("share of defaults").round(3)

# %%
import xgboost as xgb
from sklearn.metrics import roc_auc_score

from labs_lib import settings

common = dict(n_estimators=40, n_jobs=settings.n_jobs(), random_state=0)


def auc(hyperparameters, judge):
    """Train on one part; return the AUC on another."""
    model = xgb.XGBClassifier(**common, **hyperparameters)
    model.fit(X[part == "train"], y[part == "train"])
    score = model.predict_proba(X[part == judge])[:, 1]
    return roc_auc_score(y[part == judge], score)


# %%
def train_once(trial):
    """Ask the trial for three hyperparameters, return the AUC on validation."""
    hyperparameters = {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.64, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 8),
        "subsample": trial.suggest_float("subsample", 0.5, 1),
    }
    return auc(hyperparameters, "valid")


# %%
sampler = optuna.samplers.TPESampler(seed=0)
live = optuna.create_study(direction="maximize", sampler=sampler)
live.optimize(train_once, n_trials=12)
ends = {"valid": live.best_value, "test": auc(live.best_params, "test")}
ends["default"] = auc({}, "test")
pd.Series(ends, name="AUC").round(3)

# %% [markdown]
# The winner has {{live.valid}} on validation and {{live.test}} on test; XGBoost's defaults have
# {{live.default}}. The first number is the
# highest of twelve, so on average it flatters (one search may show that or not); the second does not.
#
# ## On SageMaker
#
# The dictionary that ran here, unchanged, in its request.

# %%
bucket, account = "s3://example-bucket/fraud", "111122223333"
image = f"{account}.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"


def channel(name):
    """Return the rows of one channel, as CSV in S3."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/{name}/"}
    where = {"DataSource": {"S3DataSource": source}}
    return {"ChannelName": name, "ContentType": "text/csv"} | where


# %%
cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
training = {
    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
    "StaticHyperParameters": {"objective": "binary:logistic", "num_round": "54"},
    "RoleArn": f"arn:aws:iam::{account}:role/training",
    "InputDataConfig": [channel("train"), channel("validation")],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
    "ResourceConfig": cluster,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
}

# %%
from labs_lib import aws

request = {
    "HyperParameterTuningJobName": "fraud-tuning",
    "HyperParameterTuningJobConfig": bayes,
    "TrainingJobDefinition": training,
}
aws.validate("CreateHyperParameterTuningJob", request)

# %% [markdown]
# Hyperband stops jobs by itself, and does not accept a second rule beside it. The objective has to be a
# metric that the container reports; that the service finds out when it runs, and the engine here
# if you tell it the names.

# %%
two_rules = hyperband | {"TrainingJobEarlyStoppingType": "Auto"}
refused = request | {"HyperParameterTuningJobConfig": two_rules}
try:
    aws.validate("CreateHyperParameterTuningJob", refused)
except ValueError as error:
    print(error)

# %%
try:
    tune(bayes, replay, metrics=["validation:auc", "validation:logloss"])
except ValueError as error:
    print(error)

# %% [markdown]
# ## What is not reproduced
#
# - How the service's Bayesian search works inside, how it transfers from a parent, how `Auto` picks a
#   scale, `AutoParameters` and `ConvergenceDetected`: not published, so the last two are refused.
# - Parallel jobs run one after the other here. The *choice* of a job knows what it would know in
#   parallel; Hyperband's and the median rule's *stopping* knows a little more.
# - Waiting for machines, and paying for them. A tuning job may cost as much as
#   `ResourceLimits.MaxRuntimeInSeconds` times `MaxParallelTrainingJobs` times the instances of a job.
# - Limits of your account, such as the number of parallel jobs. (The guide's page on warm start lets
#   parents and child have 500 training jobs together, its page on limits 750.)
# - Two tables, one grid, one algorithm: the intervals cover search seeds on these tables. They do not
#   say how strategies compare on other problems.
#
# ## Takeaways
#
# - A search maximizes the validation score. Judge it by the test score of what it chose, and look
#   first at how far the two agree.
# - Before you choose a strategy, choose the scales, the ranges, and a validation set that is large
#   enough. Look whether the best jobs press against the end of a range.
# - With enough jobs the Gaussian process finds better validation scores than random search; for TPE that
#   was not shown. With all jobs at once, either is random search.
# - Compare what stops early at equal compute. It pays when early scores foretell late ones.
# - Give every search a storage.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Facts
#
# Every measured number in the text above comes from this table.


# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

lab.facts(
    digits=3,
    tolerance=0.005,
    optimum=optimum,
    shares=Fact(shares.T.to_dict(), digits=2, tolerance=0.01),
    medians=medians,
    hyperband_trainings=Fact(hyperband_trainings, digits=0, tolerance=0),
    ending=ending,
    shared=shared,
    primary=Fact(primary, digits=4, tolerance=0.0002),
    better=bool(primary.low > 0),
    reaches=bool(primary.low < 0.01 < primary.high),
    head=Fact(head, digits=4, tolerance=0.0002),
    head_start=bool(head.mean > primary.mean / 2),
    tpe_open=all(
        i.low < 0.5 < i.high
        for part in chance.values()
        for key, i in part.items()
        if key[0] == "TPE"
    ),
    equal_open=all(
        i.low < 0.5 < i.high
        for (_, part, budget), i in equal.items()
        if part == "validation" and budget == 30
    ),
    grid_first=max(
        searches, key=lambda search: scores("test", search, budget=100).mean()
    )
    == "grid",
    chance=Fact(chance, 2, 0.01),
    parallel=Fact(parallel, digits=4, tolerance=0.0002),
    equal=Fact({k: i for k, i in equal.items() if k[2] == 30}, 2, 0.01),
    early=Fact(ranks.add_prefix("rank_").to_dict(), digits=2, tolerance=0.01),
    began=Fact(began.to_dict(), digits=0, tolerance=1),
    warm=Fact(warm, digits=4, tolerance=0.0002),
    narrow=Fact({"valid": narrow, "test": narrow_test}, 4, 0.0002),
    mend=mend,
    real=Fact({"primary": primary_credit, "gap": gap_credit}, 5, 0.00002),
    real_chance=Fact(chance_credit, 2, 0.01),
    narrow_credit=Fact({k: c for k, c in narrow_credit.items() if "TPE" in k}, 5, 2e-5),
    live=ends,
)

# %% [markdown]
# ## Sources
#
# - Strategies, scales, early stopping, warm start, limits: SageMaker developer guide, pages
#   `automatic-model-tuning-how-it-works`, `-define-ranges`, `-early-stopping`, `-warm-start`,
#   `-considerations`, `-limits`; service model, `HyperParameterTuningJobConfig`.
# - The service's own account: Perrone et al. (2021), Amazon SageMaker Automatic Model Tuning: Scalable
#   Gradient-Free Optimization, KDD.
# - TPE: Bergstra, Bardenet, Bengio and Kegl (2011). Expected improvement: Jones, Schonlau and Welch
#   (1998). Running jobs in a Gaussian process: Ginsbourger, Le Riche and Carraro (2010).
# - Random against grid: Bergstra and Bengio (2012), Random search for hyper-parameter optimization.
# - Hyperband: Li et al. (2018); without waiting: Li et al. (2020), A System for Massively Parallel
#   Hyperparameter Tuning. Our assignment of jobs to brackets is ours.
# - Interval of an AUC: DeLong, DeLong and Clarke-Pearson (1988).
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
