# ---
# jupyter:
#   labs:
#     concepts:
#       sm-debugger: "Which rule fires?"
#       sm-learning-rate: "Where it fails: a swinging loss, a larger batch"
#       sm-batch-size: "Where it fails: a swinging loss, a larger batch"
#     constants:
#       "0.02": "the margin of accuracy, chosen before looking"
#       "0.2": "the learning rate of the runs, a setting; and a limit in an exercise"
#       "0.05": "a learning rate of the trial, a setting"
#       "0.8": "a learning rate of the trial, a setting"
#       "0.1": "the default of ratio_threshold, and of delta, from the guide"
#       "0.01": "the default of delta, from the guide"
#       "4.0": "the version of a licence"
#       "0.4": "the loss to reach, chosen before looking"
#       "30 %": "wrong labels of a run, a setting"
#       "10 %": "the default of ratio_threshold, from the guide"
# ---

# %% [markdown]
# # Debug: which alarm may stop a training run?
#
# > It is three in the morning, a run of ten hours is at hour one, and a rule has fired. Do you stop the run?
#
# **You will**
#
# - save tensors of a network while it learns, and let nine rules read them;
# - measure how often each rule fires in sick runs and in healthy ones, and what it costs to obey it;
# - tell a loss that swings from its batch from one that swings from its learning rate.
#
# **You need** [Fit](30_fit.ipynb). **Data in:** scikit-learn's handwritten digits, credit defaults ([data cards](../data.md)). **Data out:** nothing.
#
# Debugger's hook, its `save_interval` and its built-in rules are a `Recording`, its `every`, and the rules of
# `labs_lib.train.debugger`.

# %%
from labs_lib.labs.train.debug.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team trains networks over night. SageMaker Debugger (closed to new customers in 2026) has rules that read a run while it learns, and can stop
# the job. A colleague wants to switch all rules on: *if one fires, stop the run; a sick run only costs money*.
#
# ## Predict
#
# Take the rule *Overfit*: the loss on [validation](../glossary.md#validation) rows lies more than 10 % above that on the training
# rows. A network learns 100 images, 30 % of them with a label drawn at random, for 380 steps. It can learn
# them by heart.
#
# Stop such a run when the rule fires for the first time. Compared with the finished run, is the accuracy on
# other images higher? [Tie](../glossary.md#tie) means that the two certainly differ by less than 0.02,
# [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.stopping.commit(guess)

# %% [markdown]
# And of 30 healthy runs, with 600 images and right labels: in how many does the rule fire?

# %%
guess = ...  # "0", "1 to 9", "10 to 20" or "21 to 30"
lab.healthy.commit(guess)

# %% [markdown]
# ## Which rule fires?
#
# A network learns in *steps*. In each it looks at a *batch* of rows, computes its loss and the *gradient* (how the loss
# changes with each weight), and moves the weights against it; the *learning rate* says how far. An *epoch* is one pass through all rows. A
# *hook* sees each step.

# %%
from labs_lib.train import debugger
from labs_lib.train.network import Network

net, saved = Network([64, 32, 10], seed=0), debugger.Recording(every=10)
net.hooks.append(saved)

# %% [markdown]
# 64 pixels, 32 units in between, 10 digits. 20 steps with the first 100 images:

# %%
from sklearn.datasets import load_digits

X, y = load_digits(return_X_y=True)
for _ in range(20):
    net.step(X[:100] / 16, y[:100], rate=0.2)
shapes = {name: found[0].shape for name, found in saved.tensors.items()}
shapes, saved.steps("loss")

# %% [markdown]
# `relu_output` is what the units pass on: 0 if their input is negative. *VanishingGradient*, for one, fires if the mean size of a gradient is below a limit:

# %%
rule = debugger.VanishingGradient()
rule, debugger.first_alarm(rule, saved)

# %% [markdown]
# It did not fire: `None`.{{!quiet}}
#
# Now nine kinds of run. Two are meant to be healthy; seven are made sick, each in a way that some rule is for.

# %% tags=["trial"]
import numpy as np
from sklearn.datasets import load_digits

from labs_lib.train import debugger
from labs_lib.train.network import Network, batches

RUNS = {
    "healthy": {},
    "healthy, tanh": {"activation": "tanh", "scale": "xavier"},
    "tiny weights": {"scale": 0.01},
    "huge weights": {"scale": 2.0},
    "rate too high": {"rate": 3.0},
    "saturated": {"activation": "tanh", "scale": 5.0},
    "wrong labels": {"rows": 100, "wrong": 0.3},
    "a rare digit": {"rare": 0.05},
    "most labels wrong": {"wrong": 0.6, "steps": 950},
}


def digits(rng, rows=600, wrong=0.0, rare=1.0):
    """Return images that train, validate and judge, with wrong or rare labels."""
    X, y = load_digits(return_X_y=True)
    train, valid, test = np.split(rng.permutation(len(y)), [600, 1_000])
    train = train[(y[train] != 8) | (rng.random(600) < rare)][:rows]
    seen, bad = y.copy(), rng.random(len(y)) < wrong
    seen[bad] = rng.integers(10, size=bad.sum())
    parts = (train, seen), (valid, seen), (test, y)
    return [(X[places] / 16, labels[places]) for places, labels in parts]


# %% [markdown]
# The loss is saved at each step, other tensors at each fifth. A second recording saves everything, but seldom: at each 19th step.
# A third gets the loss of *all* training rows after each epoch.


# %% tags=["trial"]
def trained(seed, steps=380, rate=0.2, rows=600, wrong=0.0, rare=1.0, **network):
    """Train a network; return three recordings, and the accuracy after each epoch."""
    rng = np.random.default_rng([seed, 1])
    train, valid, test = digits(rng, rows, wrong, rare)
    net = Network([64, 32, 32, 32, 10], seed=[seed, 2], **network)
    each = debugger.Recording({"gradients": 5, "weights": 5, "activations": 5})
    seldom, epochs, accuracy = debugger.Recording(19), debugger.Recording(), {}
    net.hooks += [each, seldom]
    while each.step < steps:
        for some in batches(len(train[1]), 32, rng):
            net.step(train[0][some], train[1][some], rate)
        epochs({"loss": [net.loss(*train)]})
        for saved in (each, seldom, epochs):
            saved.evaluate(net.loss(*valid))
        accuracy[each.step - 1] = float((net.predict(test[0]) == test[1]).mean())
    return each, seldom, epochs, accuracy


# %% [markdown]
# One healthy run, that of [seed](../glossary.md#seed) 0, with the first step at which each rule fires:

# %%
each, seldom, epochs, accuracy = trained(0)
nine = [name for name in debugger.RULES if name != "TreeDepth"]
fired = {r: debugger.first_alarm(debugger.RULES[r](), each) for r in nine}
fired

# %%
from labs_lib import plots

with plots.figure(
    title="A healthy run, and four rules that fired",  # {{!four}}
    x="step (count)",
    y="loss (nats)",
    alt="The loss falls from above two to near zero; dotted lines mark the alarms.",
) as ax:
    ax.plot(*zip(*each.scalars("loss"), strict=True), color=plots.GREY)
    ax.plot(list(accuracy), [v for _, v in epochs.scalars("loss")], "o-")
    for step in fired.values():
        if step is not None:
            ax.axvline(step, linestyle=":")

# %% [markdown]
# Grey is the loss of each batch, in [nats](../glossary.md#nats); the points are that of all training rows. The network learned, and yet four rules fired.{{!four}} Now
# 30 runs of each kind. A run that a rule stops gets the accuracy of the next evaluation, after an epoch.


# %% tags=["trial"]
LOSSES = ("LossNotDecreasing", "Overfit", "Overtraining")
CHANGED = {
    "ClassImbalance, counts only": {"threshold_misprediction": 1.0},
    "Overtraining, delta 0.1": {"delta": 0.1},
    "LossNotDecreasing, validation": {"tensor": "validation/loss"},
}
RULES = [*(name for name in debugger.RULES if name != "TreeDepth"), *CHANGED]


def named(name):
    """Return the rule of such a name, with its defaults or what is changed."""
    return debugger.RULES[name.split(",")[0]](**CHANGED.get(name, {}))


def watched(seed):
    """Train each kind of run; say which rules fire, and how good a stopped one is."""
    found = {}
    for run, settings in RUNS.items():
        each, seldom, epochs, accuracy = trained(seed, **settings)
        values = np.array(list(accuracy.values()))
        valid = [round(loss, 6) for _, loss in epochs.scalars(debugger.VALIDATION)]
        found[run, "to the end", "accuracy"] = values[-1]
        found[run, "best kept", "accuracy"] = values[int(np.argmin(valid))]
        alarms = {n: debugger.first_alarm(named(n), each) for n in RULES}
        for name in (*LOSSES, "ClassImbalance", "Overtraining, delta 0.1"):
            alarm = debugger.first_alarm(named(name), seldom)
            alarms[f"{name}, saved seldom"] = alarm
        for name in LOSSES:
            epoch = debugger.first_alarm(named(name), epochs)
            ends = list(accuracy)
            alarms[f"{name}, all rows"] = None if epoch is None else ends[epoch]
        for name, step in alarms.items():
            place = -1 if step is None else np.searchsorted(list(accuracy), step)
            found[run, name, "alarm"] = float(step is not None)
            found[run, name, "accuracy"] = values[place]
    return found


# %%
rows = lab.trial(
    watched,
    seeds=30,
    levels=("run", "rule", "measure"),
    chaotic=("alarm", "accuracy"),
)

# %%
rows.design(
    worlds="which images train, their wrong labels, the first weights, the batches",
    rows="600 images train (100 with wrong labels), 400 validate, 797 judge",
    measure="alarms in a run, yes or no; accuracy on the 797 images, high is good",
    margin=0.02,
    yardstick="the true labels of images on which no run trains. We chose how long "
    "a run goes on and how sick it is: longer runs with more wrong labels favour "
    "stopping, and sicker runs favour all rules.",
)

# %% [markdown]
# **What to try.** Save the loss at each tenth step: in `trained`, add `"losses": 10` to what the recording gets. Run that cell
# and the one with `lab.trial` again.
#
# First the arms: are the healthy runs healthy, and the sick ones sick?

# %%
import pandas as pd

ends = rows.wide("accuracy")
arms = {
    way: {run: ends[run, way].mean() for run in RUNS}
    for way in ("to the end", "best kept")
}
pd.DataFrame(arms).round(2)

# %% [markdown]
# Four kinds do hardly better than chance, which is a tenth.{{!collapsed}} *Best kept* goes on to the end
# and keeps the model that validation prefers. With wrong labels the finished model is not shown to be worse than
# that.{{!sick_labels}} Where most labels are wrong, it is: somebody should have stopped.{{!overfitted}} Now the alarms: in how many of the 30 runs did each rule fire at least once?

# %%
alarms = rows.wide("alarm").sum().unstack(0)[list(RUNS)].astype(int)
alarms.loc[RULES]

# %% [markdown]
# The rules fall in two groups. Four look inside the network, and are silent in the healthy runs.{{!silent}} Four
# look at what it gets wrong, and fire in every healthy run.{{!noisy}} (*ExplodingTensor*, for infinite
# values, had nothing to find.{{!no_explosion}}) So a true alarm of the second group says nothing. Of the first,
# two fired in some runs with wrong labels, which learned;{{!some_false}} *VanishingGradient* in no run that learned.{{!vanish}}
#
# Each share with its exact [interval](../glossary.md#interval). A true alarm is one in the kind of run that the rule is for.

# %%
from labs_lib import stats

FOR = {"VanishingGradient": "tiny weights", "PoorWeightInitialization": "huge weights"}
FOR |= {"DeadRelu": "rate too high", "SaturatedActivation": "saturated"}
FOR |= {"LossNotDecreasing": "rate too high", "Overfit": "wrong labels"}
FOR |= {"Overtraining": "wrong labels", "ClassImbalance": "a rare digit"}
HEALTHY = ["healthy", "healthy, tanh"]

# %%
shares = {}
for rule, sick in FOR.items():
    for column, run in (("true alarms", sick), *((r, r) for r in HEALTHY)):
        share = stats.share_interval(int(alarms.loc[rule, run]), rows.seeds)
        shares.setdefault(column, {})[rule] = (
            f"{share.mean:.2f} ({share.low:.2f} to {share.high:.2f})"
        )
pd.DataFrame(shares)

# %% [markdown]
# No alarm in 30 runs agrees with false alarms in up to {{none_in_30}} of all healthy runs.
#
# *ClassImbalance* asks, once 500 labels have passed, whether a class is rare or mostly predicted wrongly. With the counts only, it is
# silent in the healthy runs and fires where a digit is rare.{{!counts}} You can count before training.
#
# ### Exercise 1: silent so far
#
# A rule fired in `alarms` of `runs` healthy runs. Write a function that says whether it may stop a run: True if even the upper end of the
# exact interval (`stats.share_interval`) is at most `most`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def may_stop(alarms, runs, most):
    """Say whether false alarms are at most so frequent, at the upper end."""
    return stats.share_interval(alarms, runs).high <= most


# END SOLUTION
lab.ex1.check(may_stop)

# %% [markdown]
# ## On trial: "an alarm stops the run"
#
# What does it cost to obey? Compare the stopped run with the finished one. The bet comes first, and stands alone.


# %%
def against(run, way, other="to the end", **more):
    """Compare two ways to end a run, in pairs."""
    return stats.worlds(ends[run, way], ends[run, other], margin=0.02, **more)


bet = against("wrong labels", "Overfit")
bet

# %%
lab.stopping.reveal(bet.verdict)
false = int(alarms.loc["Overfit", "healthy"])
bins = {"0": false == 0, "1 to 9": 0 < false < 10, "10 to 20": 9 < false < 21}
lab.healthy.reveal(next((name for name, hit in bins.items() if hit), "21 to 30"))

# %% [markdown]
# Stopping at the first alarm changes accuracy by {{bet}}.{{!bet_lower}} The alarm
# comes when the network has hardly learned.{{!early}}
#
# Each run draws images, weights and batches anew: the interval speaks of further runs on these 1,797 images. The correction
# for repeated splits gives {{wide}};{{!wide_lower}} it is made for training sets that share most rows, and two of ours share few.
#
# Is the rule to blame, or what it is fed? Four rules get other feeds: *saved seldom*, the loss of *all rows*, the
# *validation* loss. And sources disagree on the default `delta` of *Overtraining*: 0.01, as here, or 0.1. Their alarms:

# %%
seldom = [f"{rule}, saved seldom" for rule in (*LOSSES, "ClassImbalance")]
FEEDS = ["LossNotDecreasing, validation", "Overtraining, delta 0.1", *seldom]
FEEDS += ["Overtraining, delta 0.1, saved seldom"]
FEEDS += [f"{rule}, all rows" for rule in LOSSES]
alarms.loc[FEEDS]

# %% [markdown]
# The mean accuracy of each way:

# %%
ways = list(dict.fromkeys(ends.columns.get_level_values(1)))
ends.mean().unstack(0)[list(RUNS)].loc[ways].round(2)

# %% [markdown]
# And the differences from the finished run:

# %%
WAYS = ["Overfit", "Overtraining", "LossNotDecreasing", "ClassImbalance"]
WAYS += [*FEEDS, "best kept"]
CHOSEN = ["healthy", "wrong labels", "most labels wrong"]
found = {(w, r): against(r, w, comparisons=45) for w in WAYS for r in CHOSEN}
text = {}
for pair, c in found.items():
    middle, low, high = (round(part, 2) + 0.0 for part in (c.mean, c.low, c.high))
    text[pair] = f"{middle:.2f} ({low:.2f} to {high:.2f})"
pd.Series(text).unstack().loc[WAYS, CHOSEN]

# %%
with plots.figure(
    title="On batches, the four rules lose where going on is right",  # {{!all_lose}}
    x="accuracy, minus that of the finished run (-1 to 1)",
    y="way | run",
    alt="Intervals. In the first two kinds of run, the four rules lie left of zero.",
    size=(8, 6),
) as ax:
    shown = [(w, r) for r in CHOSEN for w in (*WAYS[:4], "best kept")]
    plots.intervals(ax, {f"{w} | {r}": found[w, r] for w, r in shown})

# %% [markdown]
# Whoever obeys one of the four rules on batches loses accuracy, in healthy runs and with wrong labels.{{!all_lose}} The feed matters: saved
# seldom, *Overtraining* and *ClassImbalance* cost next to nothing in healthy runs.{{!seldom_calm}} With wrong labels, *Overtraining*
# costs accuracy on each feed.{{!calm_dear}}
# *Overfit* fires in every healthy run on each feed, and costs
# accuracy.{{!overfit_still}} On all rows, *LossNotDecreasing* is silent in healthy runs, and misses most whose rate is too
# high.{{!misses}}
#
# Where most labels are wrong, an alarm can be worth its stop: *Overtraining* on all rows gains {{gain}}, and two rules saved seldom gain too.{{!gains}} But in none of the three
# kinds is an alarm shown to be better than going on and keeping the best model, which costs the whole run.{{!none_beats}}
#
# ### Exercise 2: the rule itself
#
# Write *Overfit*. You get the losses of each evaluation, training and validation, and `patience`. It fires if
# `(validation - training) / training` is above 0.1 in `patience` evaluations in a row. Return the place of the
# evaluation at which it fires first, counted from 0, or -1.


# %% tags=["exercise"]
# BEGIN SOLUTION
def overfit(train, valid, patience):
    """Return the place of the evaluation at which the rule fires first, or -1."""
    in_a_row = 0
    for place, (t, v) in enumerate(zip(train, valid, strict=True)):
        in_a_row = in_a_row + 1 if (v - t) / t > 0.1 else 0
        if in_a_row >= patience:
            return place
    return -1


# END SOLUTION
lab.ex2.check(overfit)

# %% [markdown]
# ## Where it fails: a swinging loss, a larger batch
#
# *LossNotDecreasing* fires when a loss is not below that of ten steps ago. The usual advice: *it oscillates, so lower the learning rate*. But the next batch may just be harder. So count how often the loss of a batch
# rises from step to step, and how often that of all rows rises from epoch to epoch. One hidden layer, 30 epochs.


# %% tags=["trial"]
def swings(seed, batch=32, rate=0.2):
    """Train for 30 epochs; count rises, and what it takes to get below 0.4."""
    rng = np.random.default_rng([seed, 3])
    train, _, test = digits(rng)
    net, of_batches, of_all = Network([64, 32, 10], seed=[seed, 4]), [], []
    for _ in range(30):
        for some in batches(600, batch, rng):
            of_batches.append(net.step(train[0][some], train[1][some], rate))
        of_all.append(net.loss(*train))
    there = np.flatnonzero(np.array(of_all) < 0.4)
    epochs = int(there[0]) + 1 if len(there) else 31
    return {
        ("rises, batch",): (np.diff(of_batches) > 0).mean(),
        ("rises, all rows",): (np.diff(of_all) > 0).mean(),
        ("epochs to 0.4",): epochs,
        ("steps to 0.4",): epochs * -(-600 // batch),
        ("accuracy",): (net.predict(test[0]) == test[1]).mean(),
    }


# %%
swung = lab.trial(
    swings,
    seeds=20,
    levels=("measure",),
    settings={"batch": [8, 32, 128, 600], "rate": [0.05, 0.2, 0.8]},
    chaotic=(
        "rises, batch",
        "rises, all rows",
        "epochs to 0.4",
        "steps to 0.4",
        "accuracy",
    ),
)

# %%
cells = {
    (b, r): swung.wide(batch=b, rate=r)
    for b in swung.settings["batch"]
    for r in swung.settings["rate"]
}
mean = pd.DataFrame({cell: table.mean() for cell, table in cells.items()}).T
mean.index.names = ["batch", "rate"]
mean.round(2)

# %% [markdown]
# Take batches of 8. The loss of a batch rises in about half of the steps, at each rate.{{!noise}} A lower rate only calms the loss of all rows.{{!calms}} But is the network better for it? Each line compares a
# quarter of the rate with the rate, in pairs.

# %%
lower = {
    f"batch {b}, {high} to {low}": stats.worlds(
        cells[b, low]["accuracy"],
        cells[b, high]["accuracy"],
        comparisons=8,
        margin=0.01,
    )
    for b in swung.settings["batch"]
    for high, low in ((0.8, 0.2), (0.2, 0.05))
}

# %%
with plots.figure(
    title="A lower rate gains where networks had collapsed",  # {{!only_collapse}}
    x="accuracy, minus that at the higher rate (-1 to 1)",
    y="batch, rates",
    alt="Intervals. Batches of 8 from 0.8 to 0.2 lie right of zero, no others do.",
) as ax:
    plots.intervals(ax, lower)

# %% [markdown]
# The lower rate gains once: batches of 8 at 0.8, where many networks collapsed.{{!rate_collapse}} In no other line is a gain
# shown.{{!only_collapse}} At 0.8, the loss of all rows rises in a fifth of the epochs or more, for each batch; and from 128 on, the lower rate
# loses.{{!swing_well}} So a swing alone is no reason. (With more epochs, a low rate can catch up.)
#
# And does a larger batch train faster? The first table counts epochs and steps until the loss of all rows is below 0.4; 31 epochs
# stand for "not within 30". Time depends on the machine. Yours takes so many milliseconds an epoch:

# %% tags=["nbval-ignore-output"]
import timeit

spent = {}
for size in swung.settings["batch"]:
    some = X[:size] / 16, y[:size]
    once = timeit.timeit(lambda some=some: net.step(*some, rate=0.05), number=50) / 50
    spent[size] = round(1_000 * once * 600 / size, 1)
spent

# %% [markdown]
# Multiply by the epochs. At one rate that suits the smaller batch, a larger one takes fewer steps and more epochs.{{!more_epochs}} Let the rate grow with the batch: 8
# at 0.05, 32 at 0.2, 128 at 0.8. Then it takes at most two epochs more, and less than a tenth of the steps.{{!scaled}} Their accuracy differs by less than 0.02.{{!scaled_quality}}
#
# ### Exercise 3: what would you change?
#
# Five runs. Choose `leave it`, `lower the rate` or `raise the rate`.
#
# | run | rows in a batch | loss of batches | loss of all rows |
# |---|---|---|---|
# | a | 16 of 60,000 | rises in half of the steps | falls in each epoch |
# | b | 16 of 60,000 | rises in half of the steps | rises in half of the epochs, stays at the start |
# | c | 32 of 600 | rises in half of the steps | rises in a quarter of the epochs; ends far below that of a lower rate |
# | d | all | falls in each step by a thousandth | the same curve |
# | e | 256, was 32, at the same rate | falls, in a fifth of the steps it rises | falls in each epoch, in eight times as many epochs |

# %% tags=["exercise"]
# BEGIN SOLUTION
changes = {
    "a": "leave it",
    "b": "lower the rate",
    "c": "leave it",
    "d": "raise the rate",
    "e": "raise the rate",
}
# END SOLUTION
lab.ex3.check(changes)

# %% [markdown]
# ## Real data: boosted trees on credit defaults
#
# Does this hold for another model? XGBoost's loss is of all rows in each round. 2,000 customers train, 2,000 validate, 4,000 judge; 100 trees of depth 3 or 6. The measure is [log loss](../glossary.md#log-loss), low is good.

# %% tags=["trial"]
import xgboost as xgb
from sklearn.metrics import log_loss

from labs_lib import data

TREE_RULES = (*LOSSES, "TreeDepth")


def boosted(seed, depth=6):
    """Train 100 trees; judge them at the end, at their best, and at each alarm."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    order = np.random.default_rng(seed).permutation(len(y))[:8_000]
    parts = np.split(order, [2_000, 4_000])
    train, valid, test = (xgb.DMatrix(X.iloc[p], y[p], nthread=1) for p in parts)
    saved = debugger.Recording()
    model = xgb.train(
        {"objective": "binary:logistic", "eta": 0.1, "max_depth": depth, "nthread": 1},
        train,
        num_boost_round=100,
        evals=[(train, "train"), (valid, "validation")],
        callbacks=[debugger.BoostingHook(saved)],
        verbose_eval=False,
    )
    losses = [round(v, 6) for _, v in saved.scalars(debugger.VALIDATION)]
    rounds = {"to the end": 99, "best kept": int(np.argmin(losses))}
    for name in TREE_RULES:
        rounds[name] = debugger.first_alarm(debugger.RULES[name](), saved)
    less = debugger.Overtraining(delta=0.1)
    rounds["Overtraining, delta 0.1"] = debugger.first_alarm(less, saved)
    found = {}
    for way, last in rounds.items():
        until = (0, 100 if last is None else last + 1)
        score = model.predict(test, iteration_range=until).astype(float)
        found[way, "log loss"] = log_loss(y[parts[2]], score)
        found[way, "trees"] = until[1]
        kept = way in ("to the end", "best kept")
        found[way, "alarm"] = float(not kept and last is not None)
    return found


# %%
credit = lab.trial(
    boosted,
    seeds=20,
    levels=("way", "measure"),
    settings={"depth": [3, 6]},
    chaotic=("log loss", "trees", "alarm"),
)
means = {f"depth {d}": credit.wide(depth=d).mean() for d in (3, 6)}
pd.DataFrame(means).unstack().round(3)

# %%
real = {}
for depth in (3, 6):
    on_test = credit.wide("log loss", depth=depth)
    for way in ("best kept", "Overtraining", "Overtraining, delta 0.1", "Overfit"):
        real[f"depth {depth}, {way}"] = stats.splits(
            on_test[way],
            on_test["to the end"],
            n_train=4_000,
            n_test=4_000,
            comparisons=8,
            margin=0.005,
        )

# %%
with plots.figure(
    title="Trees of depth 6 gain from stopping in time",  # {{!trees_good}}
    x="log loss, minus that of 100 trees (nats)",
    y="depth, way",
    alt="Intervals. At depth 6, best kept and Overtraining lie left of zero.",
) as ax:
    plots.intervals(ax, real)

# %% [markdown]
# At depth 6, *Overtraining* may stop the run: it changes log loss by {{trees}} against 100 trees, as good as the best kept, with a fifth of
# the trees.{{!trees_good}} With a `delta` of 0.1 it stops after six trees, which at depth 3 is too early.{{!delta_trees}} *Overfit* fires after a few trees at
# depth 6.{{!few_trees}} *TreeDepth*, which asks whether a tree is deeper than 4, fires in each run of depth 6 and in none of depth
# 3.{{!depth}} (These draws share customers; the intervals are corrected for it.)
#
# ## On SageMaker
#
# A training job of Amazon SageMaker AI is told what the hook saves and which rules read it. The rules' image stands in an account that depends on the region.

# %%
from labs_lib import aws

bucket, role = "s3://example-bucket/digits", "arn:aws:iam::111122223333:role/training"
registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
hook = {
    "S3OutputPath": f"{bucket}/tensors/",
    "CollectionConfigurations": [
        {"CollectionName": "gradients", "CollectionParameters": {"save_interval": "50"}}
    ],
}
rule = {
    "RuleConfigurationName": "VanishingGradient",
    "RuleEvaluatorImage": f"{registry}/sagemaker-debugger-rules:latest",
    "RuleParameters": {"rule_to_invoke": "VanishingGradient", "threshold": "1e-7"},
}

# %%
request = {
    "TrainingJobName": "digits",
    "RoleArn": role,
    "AlgorithmSpecification": {
        "TrainingImage": f"{registry}/digits:1",
        "TrainingInputMode": "File",
    },
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/models/"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    "DebugHookConfig": hook,
    "DebugRuleConfigurations": [rule],
}
aws.validate("CreateTrainingJob", request)

# %% [markdown]
# For new customers, the guide names MLflow (metrics), TensorBoard (histograms of gradients and weights) and CloudWatch alarms.
#
# ## What is not reproduced
#
# - The service's own code of the rules, which is not public. Where the guide leaves a choice, `labs_lib.train.debugger`
# says which was made. `increase_threshold_percent` of *LossNotDecreasing* is left out.
# - `save_interval` is 500 in AWS's own configurations.
# - Other rules; the profiler; actions (stop the job, send a mail).
#
# ## Takeaways
#
# - Before an alarm may stop a run, let it watch healthy runs. Four of the nine rules fired in all of them.{{!noisy}}
# - Its feed matters: each batch, seldom, or all rows.{{!seldom_calm}}
# - Do not stop at the first *Overfit*. Go on and keep the best model by validation.{{!none_beats}}
# - A swing is no reason to lower the rate; a loss that does not come down is.{{!swing_well}}
# - A larger batch with a larger rate saves steps, not arithmetic.{{!scaled}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Rules, parameters, defaults: SageMaker developer guide, `debugger-built-in-rules` (2023); replacements: `debugger-availability-change`;
#   intervals: `smdebug_rulesconfig`; a `delta` of 0.1: `awsdocs/amazon-sagemaker-developer-guide`.
# - First weights: Glorot and Bengio (2010), He and others (2015).
# - Digits: Alpaydin, E. and Kaynak, C. (1998), *Optical Recognition of Handwritten Digits*, UCI,
#   doi:10.24432/C50P49, CC BY 4.0; its test images, as in scikit-learn. Credit defaults: Yeh, I-C. (2009),
#   doi:10.24432/C55S3H, CC BY 4.0. Intervals over splits: Nadeau and Bengio (2003).

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

INSIDE = ["VanishingGradient", "SaturatedActivation", "DeadRelu"]
INSIDE += ["PoorWeightInitialization"]
OUTSIDE = ["LossNotDecreasing", "Overfit", "Overtraining", "ClassImbalance"]
SICK = ["tiny weights", "huge weights", "rate too high", "saturated"]
LEARNED = [*HEALTHY, "wrong labels", "a rare digit", "most labels wrong"]
accuracies = pd.DataFrame(arms)
pair = ends["wrong labels", "Overfit"], ends["wrong labels", "to the end"]
wide = stats.splits(*pair, n_train=500, n_test=797)
none = stats.share_interval(0, rows.seeds)
lowered = mean["rises, all rows"]
batch_rises = mean["rises, batch"]
trees = credit.wide("trees", depth=6)
same_scale = [(8, 0.05), (32, 0.2), (128, 0.8)]
lab.facts(
    digits=2,
    tolerance=0.01,
    quiet=debugger.first_alarm(debugger.VanishingGradient(), saved) is None,
    four={name for name, step in fired.items() if step is not None} == set(OUTSIDE)
    and accuracy[379] > 0.9,
    collapsed=bool((accuracies.loc[SICK] < 0.2).all(axis=None)),
    sick_labels=accuracies["to the end"]["wrong labels"]
    < accuracies["to the end"]["healthy"] - 0.2
    and found["best kept", "wrong labels"].low < 0.02,
    overfitted=found["best kept", "most labels wrong"].verdict == "higher",
    silent=int(alarms.loc[INSIDE, HEALTHY].to_numpy().sum()) == 0
    and all(alarms.loc[r, FOR[r]] > 20 for r in INSIDE),
    noisy=bool((alarms.loc[OUTSIDE, HEALTHY] == rows.seeds).all(axis=None)),
    no_explosion=int(alarms.loc["ExplodingTensor"].sum()) == 0,
    some_false=all(alarms.loc[r, "wrong labels"] > 0 for r in INSIDE[2:]),
    vanish=int(alarms.loc["VanishingGradient", LEARNED].sum()) == 0
    and bool((accuracies.loc[LEARNED, "to the end"] > 0.4).all()),
    none_in_30=none.high,
    counts=int(alarms.loc["ClassImbalance, counts only", HEALTHY].sum()) == 0
    and alarms.loc["ClassImbalance, counts only", "a rare digit"] > 20,
    bet=bet,
    bet_lower=bet.verdict == "lower",
    early=ends["wrong labels", "Overfit"].mean() < 0.35,
    wide=wide,
    wide_lower=wide.verdict == "lower",
    all_lose=all(
        found[rule, run].verdict == "lower"
        for rule in OUTSIDE
        for run in ("healthy", "wrong labels")
    ),
    seldom_calm=all(
        abs(found[f"{rule}, saved seldom", "healthy"].mean) < 0.02
        and found[f"{rule}, saved seldom", "healthy"].low > -0.03
        for rule in ("Overtraining", "ClassImbalance")
    ),
    calm_dear=all(
        found[f"Overtraining{feed}", "wrong labels"].verdict == "lower"
        for feed in ("", ", saved seldom", ", all rows")
    ),
    misses=alarms.loc["LossNotDecreasing, all rows", "rate too high"] < 12
    and alarms.loc["LossNotDecreasing, all rows", "healthy"] == 0,
    overfit_still=all(
        found[f"Overfit{feed}", "healthy"].verdict == "lower"
        and alarms.loc[f"Overfit{feed}", "healthy"] == rows.seeds
        for feed in ("", ", saved seldom", ", all rows")
    ),
    gain=found["Overtraining, all rows", "most labels wrong"],
    gains=all(
        found[name, "most labels wrong"].verdict == "higher"
        for name in (
            "Overtraining, all rows",
            "Overtraining, saved seldom",
            "ClassImbalance, saved seldom",
        )
    ),
    none_beats=all(
        against(run, way, "best kept", comparisons=42).low <= 0
        for run in CHOSEN
        for way in WAYS[:-1]
    ),
    noise=all(0.45 < batch_rises[8, r] < 0.53 for r in (0.05, 0.2, 0.8)),
    calms=lowered[8, 0.05] < lowered[8, 0.2] - 0.1 < lowered[8, 0.8] - 0.2,
    rate_collapse=lower["batch 8, 0.8 to 0.2"].verdict == "higher"
    and int((cells[8, 0.8]["accuracy"] < 0.3).sum()) >= 5,
    only_collapse=all(
        c.low <= 0 for name, c in lower.items() if name != "batch 8, 0.8 to 0.2"
    ),
    swing_well=all(lowered[b, 0.8] > 0.18 for b in swung.settings["batch"])
    and all(lower[f"batch {b}, 0.8 to 0.2"].high < 0 for b in (128, 600)),
    more_epochs=all(
        mean["epochs to 0.4"][small, r] < mean["epochs to 0.4"][large, r]
        and mean["steps to 0.4"][small, r] > mean["steps to 0.4"][large, r]
        for small, large, r in ((8, 32, 0.2), (32, 128, 0.2), (8, 32, 0.05))
    ),
    scaled=mean["steps to 0.4"][128, 0.8] < mean["steps to 0.4"][8, 0.05] / 10
    and np.ptp([mean["epochs to 0.4"][c] for c in same_scale]) < 3,
    scaled_quality=np.ptp([mean["accuracy"][c] for c in same_scale]) < 0.02,
    trees=Fact(real["depth 6, Overtraining"], digits=3, tolerance=0.001),
    trees_good=real["depth 6, Overtraining"].verdict == "lower"
    and abs((on_test["Overtraining"] - on_test["best kept"]).mean()) < 0.005
    and trees["Overtraining"].mean() < 26,
    delta_trees=real["depth 3, Overtraining, delta 0.1"].low > 0
    and trees["Overtraining, delta 0.1"].mean() < 7,
    few_trees=trees["Overfit"].mean() < 12,
    depth=trees["TreeDepth"].max() == 1
    and credit.wide("alarm", depth=3)["TreeDepth"].max() == 0,
)
