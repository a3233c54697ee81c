# ---
# jupyter:
#   labs:
#     concepts:
#       sm-tuning: "Four strategies, one budget"
#     constants:
#       "0.01": "the margin of a tie, chosen before looking"
#       "0.002": "the margin of a tie on credit defaults, chosen before looking"
#       "0.0001": "an invented learning rate in the quiz"
#       "0.001": "an example of a scale in a hint"
#       "0.9": "an example of a scale"
#       "0.99": "an example of a scale"
#       "0.999": "an example of a scale"
# ---

# %% [markdown]
# # Tune: grid, random, Bayesian, Hyperband at equal budget
#
# > You may train 60 models. Which 60?
#
# **You will**
#
# - write the configuration of a SageMaker tuning job for each of the four strategies, and run it;
# - measure at equal budget what a cleverer search wins, and how much of it is left in the test month;
# - write the rule by which the service stops a training job early.
#
# **You need** [Metrics](20_metrics.ipynb). **Data in:** stored scores of trained models, on the
# payments world and on credit defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | `HyperParameterTuningJobConfig` | the same dictionary, run by `tune` |
# | training job | one model, looked up in a table of trained models |
# | strategy `Bayesian` | a Gaussian process of scikit-learn |
# | `TrainingJobEarlyStoppingType` `Auto` | the median rule of the developer guide |

# %%
from labs_lib.labs.train.tune.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your fraud model is XGBoost, and its six
# hyperparameters were once guessed. Now there is money for 60 training jobs. One colleague says: *take
# the strategy Bayesian, it beats random search*. Another typed a grid years ago and trusts it. A third
# wants Hyperband, which starts hundreds of jobs and stops most of them early.
#
# A search works on [validation](../glossary.md#validation) rows: it tries settings, and the job with
# the best score there is your new model. What you get is its score in months to come.
#
# ## Predict
#
# The claim: *Bayesian search beats random search*. Both get 60 jobs, one after the other, and both begin
# with the same ten random jobs. The validation month chooses one model of each search, and the test month
# judges it, by [average precision](../glossary.md#average-precision).
#
# Is the Bayesian choice higher there on average? [Tie](../glossary.md#tie) means that the two certainly
# differ by less than 0.01, [undecided](../glossary.md#undecided) that 40 repetitions cannot say which side
# of 0.01 it is.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.bayesian.commit(guess)

# %% [markdown]
# ## Four strategies, one budget
#
# One search shows little, and 40 real ones would take too long for this room. So all combinations of some values
# were trained once, about 3,000 models. What each scored after each *epoch* (here two trees) was stored. A
# training job is now a look-up.

# %% tags=["trial"]
import pandas as pd

from labs_lib.course import store
from labs_lib.train.tuning import tune
from labs_lib.train.tuning.replay import Replay, chosen

POOLS = {"payments": "train/tune/payments", "credit": "train/tune/credit"}
BOX = {"eta": (0.01, 0.64), "max_depth": (2, 8), "min_child_weight": (1, 30)}
BOX |= {"subsample": (0.5, 1), "colsample_bytree": (0.4, 1), "lambda": (1, 10)}
LOGARITHMIC = ("eta", "min_child_weight", "lambda")
SCALES = {n: "Logarithmic" if n in LOGARITHMIC else "Linear" for n in BOX}


def trained(table):
    """Return the models that are trained already, to be called like a training job."""
    return Replay(store.load(POOLS[table]), scales=SCALES)


# %%
models = trained("payments")
curve = models({"eta": 0.05, "max_depth": 4.2} | dict.fromkeys(list(BOX)[2:], 1))
f"{len(models.settings):,} models; epoch 1 {curve[0]:.3f}, epoch 27 {curve[-1]:.3f}"

# %% [markdown]
# This model scores less at the end than after its first epoch: more trees are not better for each
# setting.{{!falls}} A whole training counts with its last score.
#
# A search may ask for any numbers in the ranges, and gets the nearest model. Asking for the same one twice
# costs two jobs, as it would in the cloud. These are the ranges in the form that
# `CreateHyperParameterTuningJob` wants; the limits of numbers are text.


# %% tags=["trial"]
def ranges(box):
    """Return ParameterRanges: max_depth whole numbers, the others continuous."""
    kinds = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for name, (low, high) in box.items():
        kind = "Integer" if name == "max_depth" else "Continuous"
        item = {"Name": name, "MinValue": str(low), "MaxValue": str(high)}
        kinds[f"{kind}ParameterRanges"].append(item | {"ScalingType": SCALES[name]})
    return kinds


# %% [markdown]
# The scaling type says how a range is spread out before anybody draws from it. `Linear` gives equal
# steps equal room; `Logarithmic` gives equal factors equal room, as a learning rate needs it.
# `ReverseLogarithmic` does so near 1, where 0.9, 0.99 and 0.999 are three different things.
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
    if scaling == "Linear":
        return low + u * (high - low)
    if scaling == "Logarithmic":
        return math.exp(math.log(low) + u * math.log(high / low))
    return 1 - value(u, 1 - high, 1 - low, "Logarithmic")


# END SOLUTION
lab.ex1.check(value)

# %% [markdown]
# ### Random, grid, Bayesian
#
# *Random* draws each job by itself. *Grid* tries combinations of values that somebody typed: categories, for
# the service. Two or three values for each of six hyperparameters are 96 combinations already. This grid was
# typed before anything was run.
#
# *Bayesian* starts with random jobs. Then it fits a model to the scores so far, here a Gaussian process (a smooth
# surface through the scores, which is less sure far from them), and asks where a new best is to be expected ([expected improvement](../glossary.md#expected-improvement)).

# %% tags=["trial"]
TYPED = {"eta": [0.02, 0.08, 0.32], "max_depth": [3, 6], "min_child_weight": [1, 10]}
TYPED |= {"subsample": [0.5, 1], "colsample_bytree": [0.4, 1], "lambda": [1, 10]}
RESOURCE = {"MinResource": 1, "MaxResource": 27}  # epochs
CATEGORIES = [{"Name": n, "Values": [str(v) for v in vs]} for n, vs in TYPED.items()]


def configuration(strategy, jobs, seed, parallel=1):
    """Return a HyperParameterTuningJobConfig."""
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}
    objective = {"Type": "Maximize", "MetricName": "validation:aucpr"}
    config = {"Strategy": strategy, "HyperParameterTuningJobObjective": objective}
    config |= {"ResourceLimits": limits, "RandomSeed": seed}
    config["ParameterRanges"] = ranges(BOX)
    if strategy == "Grid":
        config["ParameterRanges"] = {"CategoricalParameterRanges": CATEGORIES}
    if strategy == "Hyperband":
        config["StrategyConfig"] = {"HyperbandStrategyConfig": RESOURCE}
    return config


# %% [markdown]
# *Hyperband* looks at a job while it trains. After certain epochs a job goes on if its score is among the top third of
# what other jobs had there; if not, it is stopped. But some settings start slowly. So jobs are dealt to
# *brackets*, which differ in how early they look. With 27 epochs, of each 14 jobs in a row:
#
# | bracket | jobs | looked at after epoch |
# |---|---|---|
# | A | 9 | 1, 3 and 9 |
# | B | 3 | 3 and 9 |
# | C | 1 | 9 |
# | D | 1 | never: it trains to the end |
#
# The third is taken inside a bracket. A stopped job keeps its score, and may even be chosen for it. (How AWS deals its
# jobs is not published; this is ours.) Where do 140 jobs end?

# %%
halved = tune(configuration("Hyperband", 140, seed=0), models).jobs
bracket = ["ABCD"[sum(n % 14 >= end for end in (9, 12, 13))] for n in halved.index]
ended = pd.crosstab(pd.Series(bracket, name="bracket"), halved["epochs"])
ended.rename_axis(columns="jobs that ended after epoch")

# %%
paid = halved["epochs"].sum() / 27
f"{len(halved)} jobs, as many epochs as {paid:.0f} whole trainings"

# %% [markdown]
# So 140 jobs of Hyperband cost about {{paid}} whole trainings. To compare strategies at equal numbers of jobs would
# be unfair; from here on, a budget counts epochs.
#
# ### Exercise 2: the median rule
#
# The other three strategies can stop jobs too, with `TrainingJobEarlyStoppingType="Auto"`. Take, for each
# earlier job, the mean of its scores up to the epoch that the running job has reached. The job stops if its
# latest score is worse than the median of these means. Write this rule. `earlier` holds the curves of the earlier jobs, `current` the scores of the running
# job so far, and the score is to be maximized. An earlier job that ended sooner counts with the values that it has.

# %% tags=["exercise"]
import numpy as np


# BEGIN SOLUTION
def stops(earlier, current):
    """Return whether the running job has to stop after its latest epoch."""
    averages = [np.mean(curve[: len(current)]) for curve in earlier]
    return current[-1] < np.median(averages)


# END SOLUTION
lab.ex2.check(stops)

# %% [markdown]
# ## On trial: "Bayesian search beats random search"
#
# Each strategy gets the budget of 60 whole trainings. The first ten jobs of random search are also the first ten of the Bayesian
# search. Without that, the luck of ten random jobs would count as a strength of the one or the
# other. The service knows this as a *warm start*: the ten are a finished search, and the next one takes
# them along.


# %% tags=["trial"]
def searching(seed, table):
    """Search with each strategy; after each budget, judge what validation chooses."""
    models = trained(table)

    def search(strategy, jobs, **options):
        return tune(configuration(strategy, jobs, seed), models, **options).jobs

    first = tune(configuration("Random", 10, seed), models)
    known = {"parents": [first], "warm_start": "IdenticalDataAndAlgorithm"}
    informed = search("Bayesian", 50, surrogate="gp", **known)
    searches = {
        "random": search("Random", 60),
        "Bayesian": pd.concat([first.jobs, informed], ignore_index=True),
        "Hyperband": search("Hyperband", 400),
        "grid": search("Grid", 96),
    }
    found = {}
    for name, jobs in searches.items():
        for budget, row in chosen(jobs, models, [10, 30, 60]).iterrows():
            paid = jobs[: int(row["jobs"])]
            measures = {"validation": row["validation"], "test": row["test"]}
            measures |= {"jobs": len(paid), "trainings": paid["epochs"].sum() / 27}
            measures["models"] = len(set(paid[list(BOX)].apply(models.place, axis=1)))
            measures["median of the last ten"] = paid["value"].tail(10).median()
            found |= {(name, str(budget), m): v for m, v in measures.items()}
    return found


# %%
rows = lab.trial(
    searching,
    seeds=40,
    levels=("strategy", "budget", "measure"),
    settings={"table": tuple(POOLS)},
    chaotic=(
        "validation",
        "test",
        "jobs",
        "trainings",
        "models",
        "median of the last ten",
    ),
)

# %%
rows.design(
    worlds="a search seed; data and models stay the same",
    rows="looked up: models trained once on months 1 to 3; month 4 chooses, 5 judges. "
    "Credit: 6,000 customers train, 3,000 choose, 21,000 judge",
    measure="average precision (credit: AUC) of the chosen model, high is good; each "
    "strategy minus random search with the same seed, in pairs; on credit the margin "
    "is 0.002",
    margin=0.01,
    yardstick="one test month, the same for all seeds. A strategy that happens to like "
    "what this month likes is favoured, each time. The stored table favours nobody, "
    "but it is coarse: fine steps between its values win nothing.",
)

# %% [markdown]
# **What to try.** Give the Bayesian search Optuna's other method: change `surrogate="gp"` into `"tpe"` in `searching`. Or type
# other values into `TYPED`, as many as stand there. Run that cell and the one with `lab.trial` again, and put the old
# text back in the end.
#
# Before anything is compared, look at the arms. Means over the [seeds](../glossary.md#seed), payments, the whole budget:


# %%
def means_of(table):
    """Return the mean of each measure over the seeds, for each strategy and budget."""
    kept = rows.table[rows.table["table"] == table]
    by = kept.groupby(["strategy", "budget", "measure"], sort=False)
    return by["value"].mean().unstack()


means = means_of("payments")
spent = means.xs("60", level="budget")
spent[["trainings", "jobs", "models", "median of the last ten"]].round(2)

# %% [markdown]
# Each arm spent its budget; Hyperband's hundreds of jobs are short ones.{{!spent}} *Models* counts the different ones. The Bayesian
# search has learned something: its last ten jobs are better in the median than those of random
# search.{{!learned}} After ten jobs these two are equal, as they should be.{{!same_ten}} The grid paid for 60 of its 96 combinations, in an order drawn by the seed.
#
# Now the choices. First the means, then each strategy against random search.

# %%
means[["validation", "test"]].unstack("budget").round(3)

# %%
from labs_lib import plots, stats


def against_random(table, margin, budget="60"):
    """Compare each strategy with random search over the seeds, in pairs."""
    found = {}
    for measure in ("validation", "test"):
        wide = rows.wide(measure, budget, table=table)
        for name in ("Bayesian", "Hyperband", "grid"):
            pair, options = (wide[name], wide["random"]), {"comparisons": 6}
            found[f"{name}, {measure}"] = stats.worlds(*pair, margin=margin, **options)
    return found


# %%
compared = against_random("payments", margin=0.01)
on_test = rows.wide("test", "60", table="payments")
decided = stats.worlds(on_test["Bayesian"], on_test["random"], margin=0.01)
both = {"Bayesian, test, alone": decided} | compared
stats.table(both).assign(design="search seeds")

# %%
lab.bayesian.reveal(decided.verdict)

# %% [markdown]
# On validation, which is what a search works on, the Bayesian search wins {{won}}, more than the [margin](../glossary.md#margin).{{!won_higher}} In the test
# month {{left}} is left: some gain, but perhaps less than the margin, so the verdict is undecided.{{!open}} That comparison
# was named beforehand and stands alone, in the first line. Below, as one of six, it is corrected, and its
# [interval](../glossary.md#interval) holds zero.{{!six_hold}} For Hyperband and the grid nothing is decided
# either.{{!others_open}} On the table of means, the hand-typed grid comes second in the test month.{{!grid_second}} All
# 40 searches choose by the same month and are judged by the same: the intervals cover other seeds, not other months.
#
# How much was there to win? Here we know each model. The grey cloud shows the first 1,000 of
# them, sorted by validation score; the large marks are what the 40 searches of each kind chose.

# %%
final = pd.DataFrame(
    {"validation": models.validation[:, -1], "test": models.test[:, -1]}
)
top = final.nlargest(1_000, "validation")
perfect = top.iloc[0]
chosen_by = {m: rows.wide(m, "60", table="payments") for m in final}
agree = top.corr("spearman").loc["validation", "test"]
f"top on validation: {perfect['validation']:.3f}, on test {perfect['test']:.3f}"

# %%
with plots.figure(
    title="What 40 searches chose, and what they could choose",
    x="validation month, average precision (0 to 1)",
    y="test month, average precision (0 to 1)",
    alt="Bayesian choices lie further right than random ones, but not clearly higher.",
) as ax:
    ax.plot(*top.to_numpy().T, ".", color=plots.GREY, markersize=3)
    for name, look in (("random", "s"), ("Bayesian", "o")):
        ax.plot(*(c[name] for c in chosen_by.values()), look, label=name, alpha=0.7)
    ax.plot(*perfect, "k*", markersize=14, label="perfect search")
    ax.set(xlim=(0.44, 0.57), ylim=(0.4, 0.54))
    ax.legend(loc="lower right")

# %% [markdown]
# The star is a perfect search: it found the top on validation. Its test score is {{perfect}}, and on average the
# Bayesian searches reach that already.{{!near_perfect}} So a still better search would win next to nothing here.{{!near_perfect}} Other
# models lie above the star, by up to {{gap}} on test, but all of them have a lower validation score. {{above}} of the 40
# random searches chose such a model: they had missed the star.{{!lucky}} Among
# the 1,000 models of the cloud, the rank correlation of the two months is only {{agree}}.{{!hardly}}
#
# And the typed grid, if all its 96 jobs are paid?

# %%
whole = tune(configuration("Grid", 96, seed=0), models).jobs
whole = chosen(whole, models, [96]).loc[96]
f"its choice: validation {whole['validation']:.3f}, test {whole['test']:.3f}"

# %% [markdown]
# In the test month it ends above the perfect search, at {{whole}}.{{!grid_above}} But that is one search, not 40. It did not try the
# model of the star, and its own one happens to suit the test month. Type other values, and you get another number.
#
# Last, Hyperband. Stopping early pays if a setting that is good early is also good late. The
# rank correlation of the scores after some epochs with the last ones:

# %%
curves = pd.DataFrame(models.validation, columns=range(1, 28))
early = curves[[1, 3, 9]].corrwith(curves[27], method="spearman")
", ".join(f"epoch {epoch}: {value:.2f}" for epoch, value in early.items())

# %% [markdown]
# After one epoch the order is a weak guide to the last one, after nine a good one.{{!early_weak}} Yet Hyperband stopped more
# than a third of the 140 jobs above after one epoch.{{!stops_soon}} Whether this does harm was not tested.
#
# ## Where it fails: 60 at once
#
# The review is tomorrow, and 60 machines are free. So why not run all jobs of the Bayesian search at the same time? A
# search that looks at scores asks for other settings on other data. So run it on both tables, and count
# how many of its 60 settings are the same.


# %%
def same_settings(parallel):
    """Count the settings for which a Bayesian search asks on both tables."""
    config = configuration("Bayesian", 60, seed=0, parallel=parallel)
    asked = [
        tune(config, trained(table), surrogate="gp").hyperparameters for table in POOLS
    ]
    return int((asked[0] == asked[1]).all(axis=1).sum())


# %%
blind = pd.Series({parallel: same_settings(parallel) for parallel in (1, 10, 60)})
blind.rename_axis("jobs at a time").to_frame("the same settings")

# %% [markdown]
# One at a time, the two searches part after the ten random jobs.{{!parts_after_ten}} With 60 at a time, all settings are the
# same: nothing has ended when the last job is chosen, so nothing was learned.{{!blind}} That is random search at the same price. The service
# allows ten parallel jobs at first, and then {{ten}} choices were blind here.
#
# ## Real data: credit defaults
#
# The same trial on 30,000 customers in Taiwan. 6,000 train, 3,000 choose and 21,000 judge. The measure is [AUC](../glossary.md#auc), and a difference up to 0.002 is a tie.

# %%
on_credit = means_of("credit").xs("60", level="budget")
on_credit[["trainings", "jobs", "median of the last ten", "validation", "test"]].round(
    4
)

# %%
credit = against_random("credit", margin=0.002)
stats.table(credit, digits=4).assign(design="search seeds")

# %%
customers = trained("credit")
best_test = customers.test[:, -1].max()
chosen_test = customers.test[customers.validation[:, -1].argmax(), -1]
f"best model on test {best_test:.4f}, the best on validation has {chosen_test:.4f}"

# %% [markdown]
# All six are ties, although the Bayesian search has learned here too.{{!credit_ties}} There is little to win: the best of all models on test is only
# {{credit_gap}} above the one that a perfect search would choose.{{!credit_small}} The hand-typed grid has the
# highest mean on test, by {{grid_credit}}, which is within the margin.{{!credit_grid}} Its values happen to suit these customers; other values
# would give another number. This is one split of one data set: the intervals cover the search seeds, not other customers.
#
# ## On SageMaker
#
# In Amazon SageMaker AI (its name since December 2024) the tool is called Automatic Model Tuning. The dictionary that ran here goes
# unchanged into its request; the lab [Tuning jobs](55_tuning_jobs.ipynb) sends it. Three rules are checked before
# anything runs. Grid takes categories only, and if a number of jobs is given, it has to be the number of combinations. A logarithmic
# range starts above 0. And Hyperband does not accept a second rule that stops jobs.

# %%
wrong = configuration("Hyperband", 60, seed=0)
wrong["TrainingJobEarlyStoppingType"] = "Auto"
wrong["ParameterRanges"]["ContinuousParameterRanges"][0]["MinValue"] = "0"
try:
    tune(wrong, models)
except ValueError as error:
    print(error)

# %% [markdown]
# ## What is not reproduced
#
# - How the service's Bayesian search works inside and how `ScalingType` `Auto` picks a scale: not published. A paper on the service describes
#   a Gaussian process.
# - Which job of a Hyperband search belongs to which bracket, and the order in which Grid tries its combinations.
# - Two tables, one algorithm, one coarse grid of models. How strategies compare on your problem may differ.
#
# ## Takeaways
#
# - A search maximizes the validation score. Judge it by the test score of its choice; here a sure gain on
#   validation became one that may be too small to matter.{{!open}}
# - With 60 jobs one after another, Bayesian search found better validation scores than random search.{{!won_higher}} All at once,
#   it is random search.{{!blind}}
# - Compare strategies at equal compute, not at equal numbers of jobs.
# - If a perfect search would win little, look for more validation rows or better inputs, not for a better search.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Strategies, scales, early stopping, limits: SageMaker developer guide, pages
#   `automatic-model-tuning-how-it-works`, `-define-ranges`, `-early-stopping`, `-considerations`, `-limits`.
# - The service's own account: Perrone et al. (2021), Amazon SageMaker Automatic Model Tuning, KDD.
# - Expected improvement: Jones, Schonlau and Welch (1998). Random against grid: Bergstra and Bengio (2012).
# - Hyperband: Li et al. (2018); stopping without waiting: Li et al. (2020), A System for Massively Parallel
#   Hyperparameter Tuning.
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

ten_jobs = rows.wide("validation", "10", table="payments")
lab.facts(
    digits=3,
    tolerance=0.002,
    paid=Fact(paid, digits=0, tolerance=0),
    spent=bool((spent["trainings"] > 59).all())
    and spent.loc["Hyperband", "jobs"] > 200,
    same_ten=bool((ten_jobs["random"] == ten_jobs["Bayesian"]).all()),
    learned=spent["median of the last ten"]["Bayesian"]
    > spent["median of the last ten"]["random"] + 0.05,
    won=compared["Bayesian, validation"],
    won_higher=compared["Bayesian, validation"].verdict == "higher",
    left=decided,
    falls=curve[-1] < curve[0] - 0.02,
    open=decided.verdict == "undecided" and 0 < decided.low < 0.01 < decided.high,
    six_hold=compared["Bayesian, test"].low < 0 < compared["Bayesian, test"].high,
    others_open=all(
        compared[f"{name}, {part}"].verdict == "undecided"
        for name in ("Hyperband", "grid")
        for part in ("validation", "test")
    ),
    grid_second=bool(
        spent["test"].rank(ascending=False)["grid"] == 2
        and spent["test"]["grid"] > spent["test"]["random"] + 0.005
    ),
    perfect=perfect["test"],
    agree=Fact(agree, digits=2, tolerance=0.01),
    hardly=agree < 0.25,
    near_perfect=abs(spent["test"]["Bayesian"] - perfect["test"]) < 0.003,
    whole=whole["test"],
    grid_above=whole["test"] > perfect["test"] + 0.005
    and whole["validation"] < perfect["validation"],
    gap=final["test"].max() - perfect["test"],
    early_weak=early[1] < 0.5 and early[9] > 0.7,
    stops_soon=(halved["epochs"] == 1).mean() > 0.35,
    parts_after_ten=blind[1] < 13,
    blind=blind[60] == 60,
    ten=Fact(blind[10], digits=0, tolerance=0),
    credit_ties=all(c.verdict == "tie" for c in credit.values())
    and on_credit["median of the last ten"]["Bayesian"]
    > on_credit["median of the last ten"]["random"] + 0.002,
    credit_gap=Fact(best_test - chosen_test, digits=4, tolerance=0.0002),
    credit_small=best_test - chosen_test < 0.003,
    grid_credit=Fact(credit["grid, test"], digits=4, tolerance=0.0002),
    credit_grid=on_credit["test"].idxmax() == "grid" and credit["grid, test"].low > 0,
    above=Fact(int((on_test["random"] > perfect["test"]).sum()), digits=0, tolerance=2),
    lucky=bool(
        (chosen_by["validation"]["random"] < perfect["validation"])[
            on_test["random"] > perfect["test"]
        ].all()
    )
    and (on_test["random"] > perfect["test"]).sum() > 5,
)
