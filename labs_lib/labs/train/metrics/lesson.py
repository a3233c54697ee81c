# ---
# jupyter:
#   labs:
#     concepts:
#       sm-metrics: "Every metric from its definition"
#       sm-auc: "What AUC says, and what it hides"
#       sm-accuracy: "Every metric from its definition"
#     constants:
#       "0.5": "the default threshold, and the AUC of guessing"
#       "-1": "the lowest R2 by the developer guide"
#       "3 %": "an invented example in the quiz"
# ---

# %% [markdown]
# # Metrics: which number should decide?
#
# > Four people rank the same eight models by four metrics and want to ship different ones.
# > Whose number should you follow?
#
# **You will**
#
# - compute Autopilot's metrics for tables from their definitions;
# - show what AUC says about a model, and two things that it hides;
# - measure what it costs to pick a model by F1.
#
# **You need** [Balance](../1_prepare/40_balance.ipynb). **Data in:** the payments world, credit
# defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Autopilot's metrics, each a `MetricDatum` | `metric_data` of `labs_lib.train.metrics` |
# | `AutoMLJobObjective` | the metric by which a model is picked |

# %%
from labs_lib.labs.train.metrics.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team has eight fraud models and one place in production. Your manager reports accuracy. The
# analyst reports F1, "since the classes are imbalanced". Autopilot, which trains several models and
# picks one, would pick by F1 too: it is the default objective for two classes. A vendor reports [AUC](../glossary.md#auc).
#
# The risk office asks for money, at the prices of Balance: a missed fraud costs its amount and 15
# more, an alert 5, and an alert on an honest payment another 10. Month 4 is there to choose the model.
# Month 5 will show what the choice costs.
#
# ## Predict
#
# The claim: *for imbalanced data, use F1*. One person picks the model with the best F1, with alerts from
# a score of one half on. Another picks the model that was cheapest in month 4. Both then work with the
# [threshold](../glossary.md#threshold) that was cheapest for their model in month 4. Will the model picked
# by F1 cost more in month 5? [No difference shown](../glossary.md#no-difference-shown) means that the
# data cannot tell.

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.cost_of_f1.commit(guess)

# %% [markdown]
# ## Every metric from its definition
#
# Twelve payments, of which four are fraud, and a score for each: small enough to count by hand. A
# threshold of one half makes a decision of each score. A decision is right (true) or wrong (false), and
# it is an alert (positive) or not (negative).

# %%
import numpy as np

y = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0])
score = np.array([0.9, 0.8, 0.7, 0.45, 0.4, 0.4, 0.3, 0.2, 0.2, 0.25, 0.1, 0.0])
alert = score >= 0.5
tp, fp = (alert & (y == 1)).sum(), (alert & (y == 0)).sum()
fn, tn = (~alert & (y == 1)).sum(), (~alert & (y == 0)).sum()
f"{tp} frauds found, {fn} missed; {fp} false alerts, {tn} left in peace"

# %% [markdown]
# Five metrics are made of these four counts. [Precision](../glossary.md#precision): how many alerts are
# frauds? [Recall](../glossary.md#recall): how many frauds are alerted? F1 is the harmonic mean of the two,
# which is low if one of them is low. *Accuracy* is the share of right decisions. *Balanced accuracy* takes
# this share within each class, and then the mean of the two.

# %%
precision, recall = tp / (tp + fp), tp / (tp + fn)
by_hand = {"Precision": precision, "Recall": recall}
by_hand["F1"] = 2 * precision * recall / (precision + recall)
by_hand["Accuracy"] = (tp + tn) / len(y)
by_hand["BalancedAccuracy"] = (recall + tn / (tn + fp)) / 2

# %% [markdown]
# Two more need the scores themselves. AUC is a probability. Draw one fraud and one honest payment: how
# often has the fraud the higher score? Equal scores count half. [Log loss](../glossary.md#log-loss) looks at
# the probability that was given to what happened, and takes the mean of minus its logarithm.

# %%
apart = score[y == 1][:, None] - score[y == 0][None, :]
by_hand["AUC"] = ((apart > 0) + 0.5 * (apart == 0)).mean()
tiny = np.finfo(float).eps  # the logarithm of 0 has no value
given = np.clip(np.where(y == 1, score, 1 - score), tiny, 1 - tiny)
by_hand["LogLoss"] = -np.log(given).mean()

# %% [markdown]
# Autopilot reports these seven and a latency, each as a `MetricDatum`. `metric_data` makes the same list of seven.

# %%
import pandas as pd

from labs_lib.train import metrics


def beside(by_hand, *answers, problem_type):
    """Return metrics by hand beside those in Autopilot's form."""
    data = metrics.metric_data(*answers, problem_type=problem_type)
    reported = {datum["MetricName"]: datum["Value"] for datum in data}
    return pd.DataFrame({"by hand": by_hand, "reported": reported})


# %%
binary = beside(by_hand, y, score, problem_type="BinaryClassification")
binary.T.round(3)

# %% [markdown]
# They agree.{{!same}} And how much does an accuracy say? Suppose one payment in a hundred is fraud, and nobody
# is ever alerted.

# %%
rare = np.repeat([1, 0], [10, 990])
nobody = np.zeros(len(rare), dtype=bool)
asleep, found = (rare == nobody).mean(), nobody[rare == 1].sum()
f"accuracy {asleep:.2f}, frauds found: {found}"

# %% [markdown]
# An accuracy of {{asleep}}, and no fraud is found.{{!asleep_finds_none}} Compare an accuracy with that of doing nothing.
#
# With several classes, each class takes its turn as the positive one. *Macro* means the plain mean over the
# classes, so that a class of one row weighs as much as one of six.

# %%
kind = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
chance = np.array([[0.7, 0.2, 0.1]] * 5 + [[0.2, 0.7, 0.1]] * 3 + [[0.6, 0.3, 0.1]])
chance = np.vstack([chance, [0.2, 0.1, 0.7]])
label = chance.argmax(axis=1)
recalls = np.array([(label[kind == k] == k).mean() for k in range(3)])
precisions = np.array([(kind[label == k] == k).mean() for k in range(3)])

# %%
by_hand = {"PrecisionMacro": precisions.mean(), "RecallMacro": recalls.mean()}
by_hand["F1macro"] = (2 * precisions * recalls / (precisions + recalls)).mean()
by_hand["BalancedAccuracy"] = recalls.mean()  # another name for the same
by_hand["Accuracy"] = (label == kind).mean()
by_hand["LogLoss"] = -np.log(chance[np.arange(10), kind]).mean()
several = beside(by_hand, kind, chance, problem_type="MulticlassClassification")
gap = (several["by hand"] - several["reported"]).abs().max()
f"macro F1 {several.loc['F1macro', 'by hand']:.3f}, largest difference {gap:.6f}"

# %% [markdown]
# Four metrics judge predicted numbers: the mean absolute error, the mean squared error, its root, and R2. R2
# is 1 minus the squared error divided by that of a model that says the mean each time. The developer guide
# gives R2 a range from -1 to 1. Three prices, predicted in the wrong order:

# %%
price, said = np.array([200.0, 300.0, 400.0]), np.array([400.0, 300.0, 200.0])
mse = ((price - said) ** 2).mean()
by_hand = {"MAE": abs(price - said).mean(), "MSE": mse, "RMSE": mse**0.5}
by_hand["R2"] = 1 - mse / ((price - price.mean()) ** 2).mean()
numbers = beside(by_hand, price, said, problem_type="Regression")
gap = (numbers["by hand"] - numbers["reported"]).abs().max()
f"R2 {numbers.loc['R2', 'by hand']:.0f}, largest difference {gap:.6f}"

# %% [markdown]
# R2 is {{r2}}, below the range of the guide.{{!below_range}} It has no lower end: a model can be worse than the
# mean by any factor. Log loss has no upper end, as one sure and wrong answer can cost any amount.
#
# ## What AUC says, and what it hides
#
# An AUC of 1 is a perfect order, 0.5 is guessing, and 0 is a perfect order read backwards: then look for
# labels that were mixed up. AUC needs no threshold. What does it not tell?
#
# Take scores of frauds and of honest payments from two fixed distributions. So the model tells them apart
# equally well, while fraud becomes rarer. Beside AUC stands
# [average precision](../glossary.md#average-precision), which asks whether frauds stand at the top.

# %%
from sklearn.metrics import average_precision_score, roc_auc_score

rng = np.random.default_rng(0)
frauds, honest = rng.normal(2, 1, 2_000), rng.normal(0, 1, 400_000)
seen = {}
for rate in (0.5, 0.1, 0.02, 0.005):
    both = np.concatenate([frauds, honest[: round(2_000 * (1 - rate) / rate)]])
    labels = np.arange(len(both)) < 2_000
    found = roc_auc_score(labels, both), average_precision_score(labels, both)
    seen[f"{rate:.1%}"] = found

# %%
rarer = pd.DataFrame(seen, index=["AUC", "average precision"])
rarer.round(3)

# %% [markdown]
# AUC stays, and average precision falls to {{rare_ap}}.{{!rate_hidden}} So AUC does not say how many alerts will be
# right. This needs the rate.
#
# ### Exercise 1: precision from a ROC curve
#
# AUC is the area under the ROC curve. A point of this curve belongs to a threshold: `tpr` is the share of frauds
# that are found, `fpr` the share of honest payments that are alerted. Write a function that returns the
# precision at such a point if a share `rate` of all payments is fraud. Three decimals are enough.


# %% tags=["exercise"]
# BEGIN SOLUTION
def precision_at(tpr, fpr, rate):
    """Return the precision, 0 to 1, at a point of the ROC curve."""
    return tpr * rate / (tpr * rate + fpr * (1 - rate))


# END SOLUTION
lab.ex1.check(precision_at)

# %% [markdown]
# AUC hides a second thing: which payments were judged. That will be measured in the trial.
#
# ## On trial: "for imbalanced data, use F1"
#
# Eight models, what a team may try in a week. None was tuned. Weighted means that frauds count as much as
# honest payments in training.

# %% tags=["trial"]
import numpy as np
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from labs_lib import payments, settings
from labs_lib.train.encoding import encoder


def boosted(depth=4, weight=1.0):
    """Return boosted trees: always 60 of them."""
    return xgb.XGBClassifier(
        n_estimators=60,
        max_depth=depth,
        learning_rate=0.15,
        scale_pos_weight=weight,
        n_jobs=settings.n_jobs(),
    )


def candidates(weight):
    """Return the eight models, not yet trained."""
    linear = {"solver": "newton-cholesky"}
    return {
        "linear": LogisticRegression(**linear),
        "linear, weighted": LogisticRegression(class_weight="balanced", **linear),
        "naive Bayes": GaussianNB(),
        "one tree": DecisionTreeClassifier(min_samples_leaf=50, random_state=0),
        "XGBoost": boosted(),
        "XGBoost, weighted": boosted(weight=weight),
        "XGBoost, shallow": boosted(depth=2),
        "XGBoost, deep": boosted(depth=8),
    }


# %% [markdown]
# Seven criteria judge each model on month 4. F1 stands there twice: at the threshold one half, and at the
# threshold that is best for F1. *Cost* is that of month 4 at the cheapest threshold.

# %% tags=["trial"]
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)


def judged(y, score, cents, threshold):
    """Return what each criterion says of a model; high is good."""
    precision, recall, _ = precision_recall_curve(y, score)
    return {
        "F1 at one half": f1_score(y, score >= 0.5),
        "best F1": (
            2 * precision * recall / np.maximum(precision + recall, 1e-9)
        ).max(),
        "accuracy": accuracy_score(y, score >= 0.5),
        "AUC": roc_auc_score(y, score),
        "average precision": average_precision_score(y, score),
        "log loss": -log_loss(y, score),
        "cost": -1000 / len(y) * payments.cost(y, score >= threshold, cents),
    }


# %% [markdown]
# Month 5 shows what a model costs. A month with 120 frauds is partly luck. In a simulated
# [world](../glossary.md#world) we can do better: we know the true probability of fraud of each payment. So each
# decision gets the cost that it has on average.


# %% tags=["trial"]
def expected(probability, alert, cents):
    """Return what 1,000 payments cost on average, with these decisions."""
    missed = probability * (cents / 100 + 15)
    return 1000 * np.where(alert, 5 + 10 * (1 - probability), missed).mean()


def picking(seed):
    """Judge each model on month 4 by each criterion, on month 5 by its cost."""
    world = payments.quiet_world(seed, fraud_rate=0.01)
    table, true = world.transactions, world.truth["probability"].to_numpy()
    X, y, train, valid, test = payments.ready_to_fit(table)
    cents, channel = table["amount_cents"].to_numpy(), table["channel"].to_numpy()
    rows = encoder().fit(X[train]).transform(X).astype("f4")
    found = {}
    for name, model in candidates((y[train] == 0).sum() / y[train].sum()).items():
        score = model.fit(rows[train], y[train]).predict_proba(rows)[:, 1]
        score = score.astype(float).round(6)
        own = payments.best_threshold(y[valid], score[valid], cents[valid])
        measures = judged(y[valid], score[valid], cents[valid], own)
        for rule, threshold in (("own", own), ("one half", 0.5)):
            alert = score[test] >= threshold
            measures[f"month 5, {rule}"] = expected(true[test], alert, cents[test])
        measures |= {"highest score": score.max(), "mean score": score[test].mean()}
        for kind in ("online", "chip"):
            part = test & (channel == kind)
            measures[f"AUC, {kind}"] = roc_auc_score(y[part], score[part])
        found |= {(name, m): value for m, value in measures.items()}
    return found


# %%
rows = lab.trial(picking, seeds=20, levels=("model", "measure"))
rows.design(
    worlds="a world of 60,000 payments, one fraud in a hundred",
    rows="months 1 to 3 train, month 4 picks and gives thresholds, month 5 judges",
    measure="expected cost of 1,000 payments in month 5, low is good; the model picked "
    "by a criterion minus the model picked by cost, in pairs",
    yardstick="the true probability of fraud, and the prices of the risk office. They "
    "favour the criterion cost, which knows the prices; the others do not.",
)

# %% [markdown]
# **What to try.** Change the depth of `XGBoost, deep` to 12, and run that cell and the last one again. A part
# of your version is `rows.yours.wide("month 5, own")`.
#
# First, check each arm. Does each model tell payments apart? Where do its scores lie? Means over the worlds:

# %%
arms = rows.wide().mean().unstack().loc[list(candidates(1))]
arms[["AUC", "highest score", "mean score", "F1 at one half", "month 5, own"]].round(3)

# %% [markdown]
# Each model tells payments apart, and each gives some payment a high score.{{!arms_alive}} The mean score of the plain
# models is within a factor of two of the share of frauds; weighted models and naive Bayes score far higher.{{!levels}}
#
# Which model does each criterion pick? A cell is the number of worlds; of equal values, the first model counts.

# %%
CRITERIA = ["F1 at one half", "best F1", "accuracy", "AUC"]
CRITERIA += ["average precision", "log loss", "cost"]
picked = pd.DataFrame({name: rows.wide(name).idxmax(axis=1) for name in CRITERIA})
agree = (picked["F1 at one half"] == picked["cost"]).sum()
picked.apply(lambda names: names.value_counts()).fillna(0).astype(int)

# %% [markdown]
# F1 at one half and cost pick the same model in {{agree}} of the 20 worlds.{{!disagree}} What does it cost? Each
# pick pays its cost in month 5, and is compared with the pick by cost.

# %%
from labs_lib import stats

own = rows.wide("month 5, own")
paid = picked.apply(lambda names: [own.loc[seed, name] for seed, name in names.items()])
trial = {
    f"{name} − cost": stats.worlds(paid[name], paid["cost"], comparisons=6)
    for name in CRITERIA[:-1]
}
stats.table(trial, digits=0)

# %%
decided = trial["F1 at one half − cost"]
lab.cost_of_f1.reveal(decided.verdict)

# %% [markdown]
# For none of the six criteria a difference is shown.{{!none_shown}} That is no [tie](../glossary.md#tie). For F1 at one half the difference is
# {{decided}}, so it may be some way dearer or cheaper.{{!open_both_ways}} Is one world to blame? In one, the pick by cost
# pays {{unlucky}}. Without this world the result is the same.{{!still_open}} Not even picking by the very cost that
# judges is shown to help.{{!none_shown}}
#
# How much is that, beside what else the team could do?

# %%
at_half = rows.wide("month 5, one half")
lucky = stats.mean_interval(paid["cost"] - own.min(axis=1))
saved = (at_half - own).stack()  # one value a world and model
by_f1 = picked["F1 at one half"]
moved = stats.mean_interval(pd.Series([saved[pair] for pair in by_f1.items()]))
pd.Series(
    {
        "the pick by cost": stats.mean_interval(paid["cost"]),
        "the pick by cost, above the best of the eight": lucky,
        "the pick by F1, saved by moving its threshold": moved,
    },
    name="cost of 1,000 payments",
).to_frame()

# %% [markdown]
# The second row is what hindsight would have saved. It cannot be negative by its making, so here is a level and no
# verdict. The third row is the large one: moving the threshold from one half to its own saves {{moved}} for the model that
# F1 picked. Some gain was to be expected, since the threshold was chosen by the prices that judge it. But it is more than
# the [interval](../glossary.md#interval) leaves possible for the choice between F1 and cost.{{!threshold_first}} So spend your
# effort on the threshold first; the next lab does.
#
# And the second thing that AUC hides? Judge one model, XGBoost, on two kinds of payments.

# %%
kinds = [rows.wide(f"AUC, {kind}")["XGBoost"] for kind in ("online", "chip")]
mix = stats.worlds(*kinds)
mix

# %% [markdown]
# The same model has an AUC that is higher by {{mix}} online than for payments by chip.{{!mix_higher}} It has not become better
# at anything: online, frauds stand out more. Two teams with different kinds of payments cannot compare their
# AUCs, even if frauds are equally rare.
#
# ## Where it fails: F1 without the threshold
#
# F1 at one half is two things: how well a model orders payments, and where its scores lie. Look at two models and their
# weighted twins.

# %%
from labs_lib import plots

with plots.figure(
    title="In proportion, the weight moves F1 further than the cost",  # {{!further}}
    x="F1 at one half in month 4 (0 to 1)",
    y="cost in month 5 (units)",
    alt="Both weighted models are far left of their twins, and a little above them.",
) as ax:
    for model in ("linear", "XGBoost"):
        pair = arms.loc[[model, f"{model}, weighted"]]
        ax.plot(pair["F1 at one half"], pair["month 5, own"], "o-", label=model)
    ax.set(xlim=(0, 0.5), ylim=(0, 950))
    ax.legend(title="right: plain, left: weighted", loc="lower right")

# %%
twins = {
    f"{model}: {measure}": stats.worlds(
        rows.wide(measure)[f"{model}, weighted"],
        rows.wide(measure)[model],
        comparisons=6,
    )
    for model in ("linear", "XGBoost")
    for measure in ("F1 at one half", "best F1", "month 5, own")
}
stats.table(twins)

# %% [markdown]
# The weight changes F1 at one half by {{twin_half}} for the linear model. With the best threshold for each, {{twin_best}}
# is left, and for the cost no difference is shown.{{!linear_twins}} Most of the first number says where the scores
# lie.{{!linear_twins}} For XGBoost the cost stays open: the weighted twin may be dearer by up to {{twin_reach}}.{{!twin_open}}
#
# ### Exercise 2: which metric for which decision?
#
# Match each decision with what should choose the model: `"precision in the top"`, `"cost"`, `"LogLoss"`, `"AUC"`,
# `"Recall"`, `"Accuracy"`, or `"none"` if no metric can tell.
#
# - `a`: an insurer sets each premium from the probability of a claim;
# - `b`: ten investigators look at the 200 highest scores of each day;
# - `c`: a bank blocks a payment or not, and knows what each mistake costs;
# - `d`: two teams in countries with very different fraud rates, but the same kinds of fraud and customers, compare
#   the order that their models give;
# - `e`: one team has judged its model on online payments, the other on payments by chip. Whose model is better?

# %% tags=["exercise"]
# BEGIN SOLUTION
matches = {"a": "LogLoss", "b": "precision in the top", "c": "cost"}
matches |= {"d": "AUC", "e": "none"}
# END SOLUTION
lab.ex2.check(matches)

# %% [markdown]
# ## Real data: credit defaults
#
# Thirty thousand customers of a bank in Taiwan, of whom 22 in 100 did not pay in time. So the classes are less
# imbalanced. We split them 15 times at random; the intervals are corrected for the rows that the splits share. A default
# costs 50 beside the fixed prices; all prices are invented.

# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data

TWINS = ("linear", "linear, weighted", "XGBoost", "XGBoost, weighted")


def on_credit(seed):
    """Judge two models and their weighted twins on one random split (60, 20, 20)."""
    table = data.load_credit_default()
    kinds = dict.fromkeys(("SEX", "EDUCATION", "MARRIAGE"), str)
    X, y = table.drop(columns=["ID", "DEFAULT"]).astype(kinds), table["DEFAULT"]
    y, cents, every = y.to_numpy(), np.full(len(y), 5_000), np.arange(len(y))
    rest, test = train_test_split(every, test_size=0.2, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=0.25, stratify=y[rest], random_state=seed
    )
    rows = encoder().fit(X.iloc[train]).transform(X).astype("f4")
    models, found = candidates((y[train] == 0).sum() / y[train].sum()), {}
    for name in TWINS:
        score = models[name].fit(rows[train], y[train]).predict_proba(rows)[:, 1]
        score = score.astype(float).round(6)
        own = payments.best_threshold(y[valid], score[valid], cents[valid])
        measures = judged(y[test], score[test], cents[test], own)
        measures |= {"highest score": score.max(), "mean score": score[test].mean()}
        found |= {(name, m): value for m, value in measures.items()}
    return found


# %%
credit = lab.trial(on_credit, seeds=15, levels=("model", "measure"))
customers = credit.wide().mean().unstack().loc[list(TWINS)]
low = customers[["AUC", "highest score"]].min()
f"AUC {low['AUC']:.2f} or more, highest scores {low['highest score']:.2f} or more"

# %%
real = {
    f"{model}: {measure}": stats.splits(
        sign * credit.wide(measure)[f"{model}, weighted"],
        sign * credit.wide(measure)[model],
        n_train=60,  # only their ratio counts
        n_test=20,
        comparisons=6,
    )
    for model in ("linear", "XGBoost")
    for measure, sign in (("F1 at one half", 1), ("best F1", 1), ("cost", -1))
}
stats.table(real)

# %% [markdown]
# Each arm tells customers apart.{{!credit_alive}} Now F1 at one half prefers the weighted twins, in both pairs; among the
# payments it preferred the plain ones.{{!flips}} Neither says which model is better. With the best threshold for each, no
# difference in F1 is shown, nor in cost.{{!credit_same}} The intervals of best F1 exclude a gain of more than
# {{credit_reach}}.{{!credit_narrow}} Those of cost are wider: 1,000 customers cost {{pays}} with plain XGBoost, and its
# twin may cost up to {{cost_reach}} more.{{!cost_open}}
#
# These are customers of one bank in one month, split at random. A bank would choose for the months to come.
#
# ## On SageMaker
#
# Since December 2024 the service is called Amazon SageMaker AI. Autopilot's own pages moved into SageMaker Canvas; its jobs
# are still made with `CreateAutoMLJobV2`. One field names the metric that picks the model. Leave it out, and F1
# decides for two classes.

# %%
tabular = {"TargetAttributeName": "is_fraud", "ProblemType": "BinaryClassification"}
source = {"S3DataType": "S3Prefix", "S3Uri": "s3://example-bucket/fraud/train/"}
channel = {"ChannelType": "training", "ContentType": "text/csv;header=present"}
request = {
    "AutoMLJobName": "fraud-autopilot",
    "AutoMLJobInputDataConfig": [channel | {"DataSource": {"S3DataSource": source}}],
    "OutputDataConfig": {"S3OutputPath": "s3://example-bucket/fraud/autopilot/"},
    "AutoMLProblemTypeConfig": {"TabularJobConfig": tabular},
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "RoleArn": "arn:aws:iam::111122223333:role/training",
}

# %%
from labs_lib import aws

aws.validate("CreateAutoMLJobV2", request)

# %% [markdown]
# Log loss is reported, but it cannot be the objective, and neither can cost.

# %%
try:
    aws.validate(
        "CreateAutoMLJobV2", request | {"AutoMLJobObjective": {"MetricName": "LogLoss"}}
    )
except ValueError as error:
    print(error)

# %% [markdown]
# If money decides, take several candidates of the job, score a validation month with each, give each its own threshold,
# and choose by cost.
#
# ## What is not reproduced
#
# - `InferenceLatency`: seconds for a request at a real endpoint.
# - Autopilot's [cross-validation](../glossary.md#cross-validation), over which it averages its metrics.
# - Metrics of forecasts (MASE, WAPE, quantile loss) and of text.
#
# ## Takeaways
#
# - A metric is a question. Write down the decision first, then take the metric that asks for it.
# - F1 at one half mixes the order of a model with the place of its scores. Choose the threshold, then compare.
# - AUC knows neither how rare frauds are nor which payments were judged.{{!rate_hidden}} It cannot say how many alerts are
#   right, and it does not compare teams with different kinds of payments.{{!mix_higher}}
# - R2 and log loss have no worst value. Compare an accuracy with that of doing nothing.
# - On a month with 120 frauds, the metrics picked different models, and no difference in cost was
#   shown.{{!none_shown}} The threshold was worth more.{{!threshold_first}}
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Names, definitions and ranges of the metrics, and the default objective: SageMaker AI developer guide, page
#   `autopilot-metrics-validation`; service model, `AutoMLJobObjective` and `MetricDatum`.
# - AUC as a probability: Hanley and McNeil (1982). Precision under imbalance: Saito and Rehmsmeier (2015), The
#   precision-recall plot is more informative than the ROC plot.
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

worst = paid["cost"].idxmax()
without = {
    name: stats.worlds(
        *(paid[c].drop(worst) for c in (name, "cost")), comparisons=6
    ).verdict
    for name in CRITERIA[:-1]
}
tables = (binary, several, numbers)
weighted = ["linear, weighted", "XGBoost, weighted", "naive Bayes"]
plain = arms.drop(weighted)["mean score"]
shares = {c: (picked[c] == picked["cost"]).mean() for c in CRITERIA[:-1]}
reach = max(r.high for name, r in real.items() if "best F1" in name)
lab.facts(
    digits=3,
    tolerance=0.002,
    agree=Fact(int(agree), digits=0, tolerance=1),
    disagree=max(shares.values()) < 0.5,
    same=all(np.allclose(t["by hand"], t["reported"], rtol=1e-12) for t in tables),
    asleep=Fact(asleep, digits=2, tolerance=0),
    asleep_finds_none=rare.sum() > 0 and not (nobody & (rare == 1)).any(),
    r2=Fact(by_hand["R2"], digits=0, tolerance=0),
    below_range=by_hand["R2"] < -1,
    rare_ap=Fact(rarer.iloc[1, -1], digits=2, tolerance=0.01),
    rate_hidden=np.ptp(rarer.loc["AUC"]) < 0.01
    and rarer.loc["average precision"].is_monotonic_decreasing
    and rarer.iloc[1, -1] < 0.5,
    arms_alive=arms["AUC"].min() > 0.75 and arms["highest score"].min() > 0.8,
    levels=plain.between(0.005, 0.02).all()
    and arms.loc[weighted, "mean score"].min() > 0.05,
    none_shown={r.verdict for r in trial.values()} == {"no difference shown"},
    decided=Fact(decided, digits=0, tolerance=3),
    open_both_ways=decided.low < -50 and decided.high > 50,
    unlucky=Fact(paid["cost"].max(), digits=0, tolerance=3),
    still_open=set(without.values()) == {"no difference shown"},
    moved=Fact(moved, digits=0, tolerance=3),
    threshold_first=moved.low > 1.5 * max(abs(decided.low), decided.high),
    mix=mix,
    mix_higher=mix.verdict == "higher",
    further=all(
        abs(change["F1 at one half"]) > 2 * abs(change["month 5, own"])
        and change["F1 at one half"] < 0 < change["month 5, own"]
        for change in (
            arms.loc[f"{m}, weighted"] / arms.loc[m] - 1 for m in ("linear", "XGBoost")
        )
    ),
    twin_reach=Fact(twins["XGBoost: month 5, own"].high, digits=0, tolerance=3),
    twin_open=twins["XGBoost: month 5, own"].low
    < 0
    < twins["XGBoost: month 5, own"].high,
    twin_half=twins["linear: F1 at one half"],
    twin_best=twins["linear: best F1"],
    linear_twins=twins["linear: F1 at one half"].high < 4 * twins["linear: best F1"].low
    and twins["linear: month 5, own"].verdict == "no difference shown",
    credit_alive=customers["AUC"].min() > 0.7
    and customers["highest score"].min() > 0.8,
    flips=all(
        real[f"{m}: F1 at one half"].verdict == "higher"
        and twins[f"{m}: F1 at one half"].verdict == "lower"
        for m in ("linear", "XGBoost")
    ),
    credit_same=all(
        r.verdict == "no difference shown"
        for name, r in real.items()
        if "one half" not in name
    ),
    credit_reach=reach,
    credit_narrow=reach < 0.02,
    pays=Fact(-customers.loc["XGBoost", "cost"], digits=0, tolerance=20),
    cost_reach=Fact(real["XGBoost: cost"].high, digits=0, tolerance=20),
    cost_open=real["XGBoost: cost"].low < 0 < real["XGBoost: cost"].high,
)
