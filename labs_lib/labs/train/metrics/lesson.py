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
# ---

# %% [markdown]
# # Metrics: which number should decide?
#
# > Four people rank the same ten models by four metrics and want to ship four different models.
# > Which metric should they have used?
#
# **You will**
#
# - compute each of Autopilot's metrics from its definition;
# - show a case in which R2, AUC and log loss each say something that surprises people;
# - choose a threshold on one month and measure what the choice is worth on the next;
# - turn a score into a probability, and see what that changes;
# - measure what it costs to pick a model by F1.
#
# **You need** [Balance](../1_prepare/40_balance.ipynb): average precision, costs of payments.
# **Data in:** the payments world, credit defaults ([data cards](../data.md)).
# **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Autopilot's metrics, `MetricDatum` | `metric_data` of `labs_lib.train.metrics` |
# | `InferenceLatency` | the time of one call of `predict_proba`, without a network |
# | Linear Learner's `binary_classifier_model_selection_criteria` | a threshold rule in a cell |
# | `AutoMLJobObjective` | the metric by which a model is picked |

# %%
from labs_lib.labs.train.metrics.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team has ten fraud models and one slot in production. Your manager reports accuracy. The analyst
# reports F1, "because the classes are imbalanced"; Autopilot would pick by it too, it is the default
# objective for two classes. The vendor reports [AUC](../glossary.md#auc). The risk office asks for money:
# a missed fraud costs its amount and 15, an alert costs 5, a customer blocked wrongly 10 more. Month 4 is
# there to choose the model; month 5 will show what the choice costs.
#
# ## Predict
#
# The claim: *use F1 for imbalanced data*. Suppose one person picks the model with the best F1 at the
# usual [threshold](../glossary.md#threshold), another the one that was cheapest in month 4. Both then
# choose a threshold by cost. Will the model picked by F1 cost more in month 5?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.cost_of_f1.commit(guess)

# %% [markdown]
# ## Every metric from its definition
#
# Twelve payments, of which four are fraud, and a score for each. Small enough to count by hand.

# %%
import numpy as np
import pandas as pd

y = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0])
score = np.array([0.9, 0.8, 0.7, 0.45, 0.4, 0.4, 0.3, 0.2, 0.2, 0.25, 0.1, 0.0])
pd.DataFrame({"is fraud": y, "score": score}).T

# %% [markdown]
# A threshold of one half makes a decision of each score, and each decision is one of four kinds: true
# or false positives (alerts), true or false negatives.

# %%
alert = score >= 0.5
tp, fp = (alert & (y == 1)).sum(), (alert & (y == 0)).sum()
fn, tn = (~alert & (y == 1)).sum(), (~alert & (y == 0)).sum()
f"{tp} frauds found, {fn} missed; {fp} false alerts, {tn} left in peace"

# %% [markdown]
# Five metrics are made of these four counts. *[Precision](../glossary.md#precision)*: how many alerts are
# frauds? *[Recall](../glossary.md#recall)*: how many frauds are alerted? F1 is the harmonic mean of the
# two.

# %%
precision, recall = tp / (tp + fp), tp / (tp + fn)
f1 = 2 * precision * recall / (precision + recall)
f"precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}"

# %% [markdown]
# *Accuracy* is the share of right decisions. *Balanced accuracy* takes that share in each class
# first, then the mean of the two.

# %%
accuracy = (tp + tn) / len(y)
balanced = (recall + tn / (tn + fp)) / 2
f"accuracy {accuracy:.3f}, balanced accuracy {balanced:.3f}"

# %% [markdown]
# Two more need the scores themselves. AUC is a probability: draw one fraud and one honest payment; how
# often does the fraud have the higher score? Equal scores count half.

# %%
difference = score[y == 1][:, None] - score[y == 0][None, :]
auc = ((difference > 0) + 0.5 * (difference == 0)).mean()
f"{difference.size} pairs, AUC {auc:.3f}"

# %% [markdown]
# *[Log loss](../glossary.md#log-loss)* takes the probability that was given to what happened, and then the
# mean of minus its logarithm.

# %%
tiny = np.finfo(float).eps  # the logarithm of 0 has no value
given = np.clip(np.where(y == 1, score, 1 - score), tiny, 1 - tiny)
logloss = -np.log(given).mean()
f"log loss {logloss:.3f}"

# %% [markdown]
# Autopilot reports the same seven, each as a `MetricDatum`. `metric_data` makes that list; this is its
# first entry.

# %%
from labs_lib.train import metrics

reported = metrics.metric_data(y, score, problem_type="BinaryClassification")
reported[0]

# %% [markdown]
# Set all seven beside those made by hand.


# %%
def beside(reported, by_hand):
    """Return reported values and those computed by hand, one row a metric."""
    table = pd.DataFrame(reported).set_index("StandardMetricName")[["Value"]]
    return table.assign(**{"by hand": pd.Series(by_hand)})


# %%
by_hand = {"Precision": precision, "Recall": recall, "F1": f1, "Accuracy": accuracy}
by_hand |= {"BalancedAccuracy": balanced, "AUC": auc, "LogLoss": logloss}
table = beside(reported, by_hand)
equal_binary = np.allclose(table["Value"], table["by hand"], rtol=1e-12)
table.round(3)

# %% [markdown]
# Equal to the last digit: {{equal_binary}}.
#
# ### Several classes
#
# With several classes, each class takes its turn as the positive one. Here are 300 rows of three
# classes, the last of which is rare, and a model that favours the first.

# %%
rng = np.random.default_rng(0)
kind = rng.choice(3, 300, p=[0.7, 0.25, 0.05])
chance = rng.dirichlet([4, 2, 1], 300) + 0.8 * np.eye(3)[kind] * rng.random((300, 1))
chance = chance / chance.sum(axis=1, keepdims=True)
label = chance.argmax(axis=1)
pd.crosstab(kind, label, rownames=["class"], colnames=["predicted"])

# %%
recalls = [(label[kind == k] == k).mean() for k in range(3)]
precisions = [(kind[label == k] == k).mean() for k in range(3)]
f1s = [2 * p * r / (p + r) for p, r in zip(precisions, recalls, strict=True)]
pd.DataFrame({"precision": precisions, "recall": recalls, "F1": f1s}).round(3)

# %% [markdown]
# *Macro* is the plain mean over classes, so a class of ten rows weighs as much as one of ten thousand.
# Balanced accuracy is the mean of the recalls, under another name.

# %%
macro = {"PrecisionMacro": np.mean(precisions), "RecallMacro": np.mean(recalls)}
macro |= {"F1macro": np.mean(f1s), "BalancedAccuracy": np.mean(recalls)}
macro["Accuracy"] = (label == kind).mean()
macro["LogLoss"] = -np.log(chance[np.arange(300), kind]).mean()
pd.Series(macro).round(3)

# %%
reported = metrics.metric_data(kind, chance, problem_type="MulticlassClassification")
table = beside(reported, macro)
equal_multi = np.allclose(table["Value"], table["by hand"], rtol=1e-12)
table.round(3)

# %% [markdown]
# Equal again: {{equal_multi}}. Accuracy counts rows, and most rows belong to the large class; the macro
# means count classes, and show that the two smaller ones are often missed.
#
# ### Numbers
#
# Four metrics judge predicted numbers: the mean absolute error (MAE), the mean squared error (MSE), its
# root (RMSE), and R2, which compares the squared error with that of always predicting the mean. The
# developer guide gives R2 a range from -1 to 1. Does it have one? Three prices, predicted in the wrong
# order:

# %%
price, predicted = np.array([200.0, 300.0, 400.0]), np.array([400.0, 300.0, 200.0])
error = price - predicted
mse = (error**2).mean()
r2 = 1 - mse / ((price - price.mean()) ** 2).mean()
f"R2 {r2:.1f}"

# %%
reported = metrics.metric_data(price, predicted, problem_type="Regression")
by_hand = {"MAE": abs(error).mean(), "MSE": mse, "RMSE": mse**0.5, "R2": r2}
table = beside(reported, by_hand)
equal_numbers = np.allclose(table["Value"], table["by hand"])
table.round(1)

# %% [markdown]
# R2 is {{r2}}: it has no lower end. A model below 0 is worse than always saying the mean. (By hand and
# reported are equal: {{equal_numbers}}.)
#
# ### Time
#
# `InferenceLatency` is the one metric without a formula: seconds for a request. Autopilot measures it at
# a real endpoint; here it is the model alone, on this machine.

# %% tags=["nbval-ignore-output"]
from sklearn.linear_model import LogisticRegression

small = LogisticRegression(solver="newton-cholesky").fit(score[:, None], y)
latency = metrics.inference_latency(small.predict_proba, score[:1, None])
f"{1e6 * latency:.0f} microseconds"

# %% [markdown]
# ## What AUC says, and what it hides
#
# An AUC of 1 is a perfect order, 0.5 is guessing. And 0? Turn the labels round and look.

# %%
from sklearn.metrics import roc_auc_score

perfect = np.array([0.1, 0.2, 0.8, 0.9])
right = roc_auc_score([0, 0, 1, 1], perfect)
flipped = roc_auc_score([1, 1, 0, 0], perfect)
coin = roc_auc_score(rng.integers(0, 2, 100_000), rng.random(100_000))
f"right {right:.0f}, flipped {flipped:.0f}, a coin {coin:.2f}"

# %% [markdown]
# So suspect an AUC far below one half: it is an order worth having, read backwards. Most likely
# somebody mixed up the labels.
#
# Now the trap. Take scores of frauds and of honest payments from two fixed distributions, so that
# the model is always equally good, and let fraud become rarer.
# [Average precision](../glossary.md#average-precision) asks whether the alerts at
# the top are frauds.


# %%
from sklearn.metrics import average_precision_score

scores_fraud, scores_honest = rng.normal(2, 1, 2_000), rng.normal(0, 1, 400_000)


def judged_at(rate):
    """Return AUC and average precision if frauds have a share of `rate`."""
    honest = scores_honest[: round(2_000 * (1 - rate) / rate)]
    labels = np.repeat([1, 0], [2_000, len(honest)])
    both = np.concatenate([scores_fraud, honest])
    return roc_auc_score(labels, both), average_precision_score(labels, both)


# %%
rates = [0.5, 0.1, 0.02, 0.005]
rare = pd.DataFrame(
    [judged_at(rate) for rate in rates], columns=["AUC", "average precision"]
)
rare.insert(0, "fraud rate", rates)
rare.round(3)

# %%
from labs_lib import plots

auc_rare, ap_common, ap_rare = rare.iloc[-1, 1], *rare.iloc[[0, -1], 2]
long = rare.melt("fraud rate", var_name="metric", value_name="value")
with plots.figure(
    title="As fraud becomes rare, AUC stays and average precision falls",
    x="share of frauds (0 to 1, logarithmic)",
    y="metric (0 to 1)",
    alt="AUC is flat near the top; average precision falls as fraud becomes rarer.",
) as ax:
    plots.lines(ax, long, x="fraud rate", y="value", group="metric")
    ax.set_xscale("log")
    ax.set_ylim(0, 1.02)

# %% [markdown]
# AUC is {{rare.auc}} even where one payment in two hundred is fraud, and average precision has gone
# from {{rare.ap_common}} to {{rare.ap}}. AUC compares one fraud with one honest payment; your
# investigators meet one fraud among two hundred. So the rate alone does not move AUC (other kinds of
# fraud or of customers would), and AUC does not say how many alerts are right.
#
# ### Exercise 1: precision from a ROC curve
#
# A point of a ROC curve is a pair: the share of frauds that are found (`tpr`) and the share of honest
# payments that are alerted (`fpr`). Write a function that gives the precision at that point for a
# share of frauds `rate`.


# %% tags=["exercise"]
# BEGIN SOLUTION
def precision_at(tpr, fpr, rate):
    """Return the precision, 0 to 1, at a point of the ROC curve."""
    #: 1. the share of all payments that are found frauds
    #: 2. the share of all payments that are false alerts
    return tpr * rate / (tpr * rate + fpr * (1 - rate))


# END SOLUTION
lab.ex1.check(precision_at)

# %% [markdown]
# ### One confident mistake
#
# Log loss has no upper end either. One model is careful with all of a hundred payments. The other is
# surer, and right, except for one fraud that it calls all but impossible.

# %%
from sklearn.metrics import log_loss

truth = np.repeat([1, 0], [10, 90])
careful = np.where(truth == 1, 0.8, 0.05)
sure = np.where(truth == 1, 0.99, 0.001)
sure[0] = 1e-9
loss_careful, loss_sure = log_loss(truth, careful), log_loss(truth, sure)
f"careful {loss_careful:.3f}, sure and once wrong {loss_sure:.3f}"

# %% [markdown]
# The second model is nearer to the truth in 99 payments of 100, yet its log loss is {{loss.sure}}
# against {{loss.careful}}, and low is good. Before you rank models by log loss, look for probabilities
# of exactly 0 or 1; trees and naive Bayes like to give them.
#
# ## A threshold is a decision
#
# Now a real model on the payments [world](../glossary.md#world): months 1 to 3 train, month 4 is for
# choices ([validation](../glossary.md#validation)), month 5 judges (test).

# %%
from labs_lib import data, payments

transactions = data.load_payments()
transactions = transactions[payments.month(transactions) <= 5]
X, y = payments.features(transactions), transactions["is_fraud"].to_numpy()
amount = transactions["amount_cents"].to_numpy()
train, valid, test = payments.split_by_time(transactions)
parts = {"train": train, "validation": valid, "test": test}
{name: int(y[part].sum()) for name, part in parts.items()}

# %% [markdown]
# So many frauds has each part.

# %%
import xgboost as xgb

from labs_lib import settings

model = xgb.XGBClassifier(
    n_estimators=100,
    max_depth=4,
    learning_rate=0.1,
    enable_categorical=True,
    n_jobs=settings.n_jobs(),
    random_state=0,
)
score = model.fit(X[train], y[train]).predict_proba(X)[:, 1]
f"highest score {score[test].max():.2f}, mean {score[test].mean():.3f}"

# %% [markdown]
# What would each threshold have cost in the validation month, and in the test month?


# %%
def cost_at(threshold, part):
    """Return the cost of the month if scores from `threshold` on are alerts."""
    return payments.cost(y[part], score[part] >= threshold, amount[part])


# %%
chosen = payments.best_threshold(y[valid], score[valid], amount[valid])
cost_chosen, cost_half = cost_at(chosen, test), cost_at(0.5, test)
f"threshold {chosen:.3f}: {cost_chosen:,.0f}; threshold 0.5: {cost_half:,.0f}"

# %% [markdown]
# The first was the cheapest threshold of the validation month; both costs are those of the test month.
# All thresholds in one picture, the two as grey lines (solid and dotted):

# %%
months = {"validation month": valid, "test month": test}
curves = pd.DataFrame(
    [
        {"threshold": t, "month": month, "cost": cost_at(t, part)}
        for month, part in months.items()
        for t in np.geomspace(0.01, 0.9, 60)
    ]
)

# %%
with plots.figure(
    title="The usual threshold is far from the cheapest",
    x="threshold (0 to 1, logarithmic)",
    y="cost of the month (currency units)",
    alt="Both cost curves are lowest around 0.1 and higher at one half.",
) as ax:
    plots.lines(ax, curves, x="threshold", y="cost", group="month")
    ax.axvline(chosen, color=plots.GREY, linestyle="-")
    ax.axvline(0.5, color=plots.GREY, linestyle=":")
    ax.set_xscale("log")
    ax.legend(loc=(0.51, 0.8))

# %% [markdown]
# In the test month the chosen threshold, {{chosen}}, costs {{cost_chosen}}, one half {{cost_half}}. The
# two curves have different heights and nearly the same valley: that is why a choice made in one month
# is of use in the next.
#
# Move it yourself. (Without widgets you see the table for the chosen threshold.)

# %% tags=["nbval-ignore-output"]
from labs_lib.course.slider import slider


def cost_of(alert):
    return payments.cost(y[test], alert, amount[test])


slider(y[test], score[test], value=chosen, days=30, cost=cost_of)

# %% [markdown]
# ### Exercise 2: Linear Learner's criteria
#
# Linear Learner can choose a threshold by `recall_at_target_precision`: the highest recall among
# thresholds whose precision is at least the target. Write the other one,
# `precision_at_target_recall`: return the **threshold** with the highest precision among those whose
# recall is at least `target`. A payment is an alert if its score is at least the threshold.

# %% tags=["exercise"]
from sklearn.metrics import precision_recall_curve


# BEGIN SOLUTION
def precision_at_target_recall(y, score, target):
    """Return the threshold with the highest precision at enough recall."""
    #: 1. precision and recall at every threshold
    #: 2. keep those whose recall suffices
    #: 3. the threshold of the highest precision among them
    precision, recall, thresholds = precision_recall_curve(y, score)
    enough = recall[:-1] >= target
    return thresholds[enough][np.argmax(precision[:-1][enough])]


# END SOLUTION
lab.ex2.check(precision_at_target_recall)

# %% [markdown]
# ### What is choosing worth?
#
# One month is one draw of luck. So ten models, what a team would try in a week, were fitted in 30
# independent small worlds of 6,000 payments a month, about 60 of them frauds. These ten:

# %%
from labs_lib.labs.train.metrics.experiments.worlds import models

list(models(y[train]))

# %% [markdown]
# The rows are stored; one world runs again now.

# %%
from labs_lib.course import store

worlds = store.load("train/metrics/worlds")
store.confirm("train/metrics/worlds", seed=0)

# %% [markdown]
# What did the threshold do to the cost of the test month? Three thresholds for the same XGBoost: one
# half; the one chosen on the validation month; and the best of the test month, which only hindsight
# knows.


# %%
def by_model(measure):
    """Return one row a world, one column a model, in the order of their names."""
    return store.wide(worlds, "model", measure=measure).sort_index(axis="columns")


# %%
own, half = by_model("test cost"), by_model("test cost at one half")
ideal = by_model("test cost, best threshold")
cost = pd.DataFrame({"one half": half["XGBoost"], "chosen": own["XGBoost"]})
cost["hindsight"] = ideal["XGBoost"]
cost.head(3).round()

# %%
from labs_lib import stats

worth = {"chosen − one half": stats.worlds(cost["chosen"], cost["one half"])}
beyond = stats.mean_interval(cost["chosen"] - cost["hindsight"])
print(f"above hindsight by {beyond.mean:.0f}")
stats.table(worth, digits=0)

# %% [markdown]
# Against one half, the cost of the month is {{worth.chosen_one_half.verdict}} with a threshold chosen on
# validation: {{worth.chosen_one_half}}. Hindsight, which by its making cannot be dearer, would have saved
# {{beyond}} more.
#
# ### Calibration: is the score a probability?
#
# Whoever multiplies a score by an amount needs a probability. A model trained with weighted frauds does
# not give one: its scores are too high.

# %%
ratio = (y[train] == 0).sum() / y[train].sum()
weighted = xgb.XGBClassifier(**model.get_params()).set_params(scale_pos_weight=ratio)
raw = weighted.fit(X[train], y[train]).predict_proba(X)[:, 1]
f"mean score {raw[test].mean():.3f}, share of frauds {y[test].mean():.3f}"

# %% [markdown]
# Two ways to make a probability of a score, both fitted on the validation month. *Sigmoid* (Platt) fits
# a logistic curve to the log odds of the score. *Isotonic* fits a step function that never falls.

# %%
margin = np.log(raw / (1 - raw))[:, None]
platt = LogisticRegression(C=1e6, solver="newton-cholesky").fit(margin[valid], y[valid])
sigmoid = platt.predict_proba(margin)[:, 1]
f"mean score {sigmoid[test].mean():.3f}"

# %%
from sklearn.isotonic import IsotonicRegression

steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
isotonic = steps.fit(raw[valid], y[valid]).predict(raw)
f"mean score {isotonic[test].mean():.3f}, {len(np.unique(isotonic))} different scores"

# %% [markdown]
# The mean is nearly right again. Is the rest? Sort the test month into eight groups by score; in each,
# set the mean score beside the share of frauds.

# %%
from sklearn.calibration import calibration_curve

made = {"as it comes": raw, "sigmoid": sigmoid, "isotonic": isotonic}
groups = []
for name, p in made.items():
    share, mean = calibration_curve(y[test], p[test], n_bins=8, strategy="quantile")
    groups.append(pd.DataFrame({"mean": mean, "share": share, "score": name}))
lowest = groups[1].iloc[0]
pd.concat([groups[0].tail(2), groups[1].head(1)]).round(4)

# %%
with plots.figure(
    title="Calibration brings the score nearer to the diagonal",  # {{!nearer}}
    x="mean score of the group (0 to 1, logarithmic)",
    y="share of frauds in the group (0 to 1)",
    alt="The raw score is far right of the diagonal, sigmoid's lowest group above it.",
) as ax:
    ax.plot([1e-4, 1], [1e-4, 1], color=plots.GREY, linestyle=":")
    plots.lines(ax, pd.concat(groups), x="mean", y="share", group="score")
    ax.set_xscale("symlog", linthresh=1e-3)
    ax.set_yscale("symlog", linthresh=1e-3)

# %% [markdown]
# In its lowest group the sigmoid says {{lowest.mean}} where the share of frauds is {{lowest.share}}.
#
# The *[Brier score](../glossary.md#brier-score)* is the mean squared error of a probability; low is good.

# %%
from sklearn.metrics import brier_score_loss

judges = {"Brier score": brier_score_loss, "average precision": average_precision_score}
calibrated = pd.DataFrame(
    {
        judge: {name: function(y[test], p[test]) for name, p in made.items()}
        for judge, function in judges.items()
    }
)
calibrated.round(4)

# %% [markdown]
# The Brier score goes from {{calibrated.brier_score.as_it_comes}} to
# {{calibrated.brier_score.sigmoid}}. Average precision is
# {{calibrated.average_precision.as_it_comes}} as it comes and
# {{calibrated.average_precision.sigmoid}} with the sigmoid, because a rising curve keeps the order.
# With isotonic steps it is {{calibrated.average_precision.isotonic}}: scores on one step become equal.
#
# ## On trial: "use F1 for imbalanced data"
#
# **The measure that decides**, named before looking: the cost of the test month, with the threshold
# that was cheapest on validation. In each of the 30 worlds the model is picked on the validation
# month by one criterion.

# %%
criteria = ["F1", "Accuracy", "AUC", "AveragePrecision", "LogLoss", "Cost"]
picked = pd.DataFrame(
    {
        name: by_model(name)
        .mul(-1 if name in ("LogLoss", "Cost") else 1)
        .idxmax(axis=1)
        for name in criteria
    }
)
picked.apply(lambda names: names.value_counts()).fillna(0).astype(int)

# %% [markdown]
# Each column is one criterion, each cell the number of worlds in which it picked that model. In what
# share of the worlds does a criterion agree with another?

# %%
agree = pd.DataFrame(
    {a: {b: (picked[a] == picked[b]).mean() for b in criteria} for a in criteria}
)
agree_f1_cost = agree.loc["F1", "Cost"]
agree.round(2)

# %% [markdown]
# F1 and cost pick the same model in a share of {{agree_f1_cost}} of the worlds. What does the
# disagreement cost? For each criterion, the test month's cost of the model that it picked; the last
# column is the cheapest model of the test month, which only hindsight knows.

# %%
paid = picked.apply(lambda names: [own.loc[seed, name] for seed, name in names.items()])
paid["hindsight"] = own.min(axis=1)
paid.head(3).round()

# %%
trial = {
    f"{name} − Cost": stats.worlds(paid[name], paid["Cost"], comparisons=5)
    for name in paid.columns.drop(["Cost", "hindsight"])
}
luck = stats.mean_interval(paid["Cost"] - paid["hindsight"])
lab.cost_of_f1.reveal(trial["F1 − Cost"].verdict)

# %%
stats.table(trial, digits=0)

# %% [markdown]
# Against the pick by cost, the cost of the month is
#
# - with F1 {{trial.f1_cost.verdict}}: {{trial.f1_cost.mean}} ({{trial.f1_cost.low}} to
#   {{trial.f1_cost.high}});
# - with AUC {{trial.auc_cost.verdict}}: {{trial.auc_cost.mean}} ({{trial.auc_cost.low}} to
#   {{trial.auc_cost.high}});
# - with average precision {{trial.averageprecision_cost.verdict}}:
#   {{trial.averageprecision_cost.mean}} ({{trial.averageprecision_cost.low}} to
#   {{trial.averageprecision_cost.high}}).
#
# Hindsight, the cheapest of the ten by its making, is {{luck}} below the pick by cost: what the
# validation month could not tell. Compare the threshold with the model: the mean cost of a month for
# each of the ten models, in all worlds.

# %%
both = pd.DataFrame({"own threshold": own.mean(), "one half": half.mean()})
threshold_matters = (both["one half"] - both["own threshold"]).median()
both.sort_values("own threshold", kind="stable").round(-1).astype(int)

# %% [markdown]
# Moving the threshold from one half to the model's own saves {{threshold_matters}} a month for the model
# in the middle. That is the scale on which to read the picks above.
#
# ## Where it fails: F1 without the threshold
#
# F1 is two things, a metric and a threshold. Take XGBoost and its weighted twin in the shipped world:
# their F1 at one half, and the best F1 that any threshold gives.


# %%
def best_f1(y, score):
    """Return the highest F1 that any threshold gives."""
    precision, recall, _ = precision_recall_curve(y, score)
    return (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()


# %%
from sklearn.metrics import f1_score

f1_pair = pd.DataFrame(
    {
        name: {"at one half": f1_score(y[test], s >= 0.5), "best": best_f1(y[test], s)}
        for name, s in {"plain": score[test], "weighted": raw[test]}.items()
    }
).T
gap = f1_pair.loc["plain"] - f1_pair.loc["weighted"]
f1_pair.round(3)

# %% [markdown]
# At one half the two are {{gap.at_one_half}} apart; with the best threshold for each, {{gap.best}}. The
# first number mostly says where the scores lie, not which model is better.
#
# ### Exercise 3: which metric for which decision?
#
# Match each decision with the metric that should choose the model. Give a dictionary from the letter
# to one of `"precision in the top"`, `"cost"`, `"LogLoss"`, `"AUC"`, `"Recall"`, `"Accuracy"`.
#
# - `a`: an insurer sets each premium from the probability of a claim;
# - `b`: ten investigators look at the 200 highest scores of each day;
# - `c`: a bank blocks a payment or not, and knows what each mistake costs;
# - `d`: two teams in countries with very different fraud rates, but the same kinds of fraud and
#   customers, compare the order that their models give.

# %% tags=["exercise"]
# BEGIN SOLUTION
matches = {"a": "LogLoss", "b": "precision in the top", "c": "cost", "d": "AUC"}
# END SOLUTION
lab.ex3.check(matches)

# %% [markdown]
# ## Real data: credit defaults
#
# 30,000 customers in Taiwan, 22 in 100 default. Positives are not rare here. Six of the ten models, one
# random split: do the metrics still disagree?

# %%
from sklearn.model_selection import train_test_split

table = data.load_credit_default()
X_fit, X_judge, y_fit, y_judge = train_test_split(
    table.drop(columns=["ID", "DEFAULT"]),
    table["DEFAULT"].to_numpy(),
    test_size=10_000,
    stratify=table["DEFAULT"],
    random_state=0,
)
len(X_fit), len(X_judge)

# %%
names = ["linear", "linear, balanced", "naive Bayes", "one tree"]
names += ["XGBoost", "XGBoost, weighted"]
ten = models(y_fit)
scores = {n: ten[n].fit(X_fit, y_fit).predict_proba(X_judge)[:, 1] for n in names}
pd.Series({name: score.mean() for name, score in scores.items()}).round(3)


# %%
def values(score):
    """Return Autopilot's metrics by name, and average precision."""
    kind = "BinaryClassification"
    data = metrics.metric_data(y_judge, score.astype(float), problem_type=kind)
    named = {datum["MetricName"]: datum["Value"] for datum in data}
    return named | {"AveragePrecision": average_precision_score(y_judge, score)}


# %%
shown = ["F1", "Accuracy", "AUC", "AveragePrecision", "LogLoss"]
judged = pd.DataFrame({name: values(s) for name, s in scores.items()}).T[shown]
judged.round(3)

# %% [markdown]
# High is good, except for log loss. The same as ranks, 1 for the best:

# %%
ranks = judged.assign(LogLoss=-judged["LogLoss"]).rank(ascending=False).astype(int)
winners = ranks.idxmin()
ranks

# %% [markdown]
# Accuracy names {{winners.accuracy}}, log loss {{winners.logloss}}, F1 {{winners.f1}} and AUC
# {{winners.auc}}. In F1, plain XGBoost has rank {{plain_rank}}. Is its weighted twin so much better in
# the order of the customers too? The rows of the test set are drawn again to see.

# %%
order = stats.rows(
    average_precision_score,
    y_judge,
    scores["XGBoost, weighted"],
    scores["XGBoost"],
    repeats=300,
)
order

# %% [markdown]
# Weighted against plain XGBoost, average precision is {{order.verdict}} ({{order.mean}}; {{order.low}}
# to {{order.high}}; without the variation of training), while F1 is {{credit_f1.xgboost_weighted}}
# against {{credit_f1.xgboost}}. Even with 22 positives in 100, F1 at one half rewards the model whose
# scores were pushed up.
#
# ## On SageMaker
#
# In an Autopilot job the metric that picks the model is one field. Leave it out and F1 decides for two
# classes.

# %%
objective = {"MetricName": "AUC"}
tabular = {"TargetAttributeName": "is_fraud", "ProblemType": "BinaryClassification"}
source = {"S3DataType": "S3Prefix", "S3Uri": "s3://example-bucket/fraud/train/"}
channel = {"ChannelType": "training", "ContentType": "text/csv;header=present"}
channel["DataSource"] = {"S3DataSource": source}
channel

# %%
from labs_lib import aws

request = {
    "AutoMLJobName": "fraud-autopilot",
    "AutoMLJobInputDataConfig": [channel],
    "OutputDataConfig": {"S3OutputPath": "s3://example-bucket/fraud/autopilot/"},
    "AutoMLProblemTypeConfig": {"TabularJobConfig": tabular},
    "AutoMLJobObjective": objective,
    "RoleArn": "arn:aws:iam::111122223333:role/training",
}
aws.validate("CreateAutoMLJobV2", request)

# %% [markdown]
# Log loss is reported, but it cannot be the objective:

# %%
wrong = request | {"AutoMLJobObjective": {"MetricName": "LogLoss"}}
try:
    aws.validate("CreateAutoMLJobV2", wrong)
except ValueError as error:
    print(error)

# %% [markdown]
# Nor can cost. If money decides, let Autopilot keep several candidates, score a validation month with
# each, and choose yourself.
#
# ## What is not reproduced
#
# - `InferenceLatency` at an endpoint: container, network and load.
# - Autopilot's own cross-validation, and the ensembles over which it averages its metrics.
# - Metrics of forecasting (MASE, WAPE, quantile loss) and of text.
#
# ## Takeaways
#
# - A metric is a question. Write down the decision first, then take the metric that asks it.
# - F1 at one half mixes the quality of a model with the place of its scores. Choose the threshold, then
#   compare.
# - The fraud rate alone does not change AUC, and so AUC cannot say how many alerts are right.
# - R2 and log loss have no worst value.
# - A month with few frauds chooses models badly by every metric. Look at the interval, and spend
#   your effort on the threshold first.
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


def off(group):
    """Return the mean distance of the groups from the diagonal."""
    return (group["mean"] - group["share"]).abs().mean()


lab.facts(
    digits=2,
    tolerance=0.02,
    equal_binary=equal_binary,
    equal_multi=equal_multi,
    equal_numbers=equal_numbers,
    r2=Fact(r2, digits=0, tolerance=0),
    rare={"auc": auc_rare, "ap": ap_rare, "ap_common": ap_common},
    loss={"careful": loss_careful, "sure": loss_sure},
    chosen=Fact(chosen, digits=3, tolerance=0.02),
    cost_chosen=Fact(cost_chosen, digits=0, tolerance=0.1),
    cost_half=Fact(cost_half, digits=0, tolerance=0.1),
    worth=Fact(worth, digits=0, tolerance=30),
    beyond=Fact(beyond, digits=0, tolerance=30),
    luck=Fact(luck, digits=0, tolerance=30),
    nearer=bool(max(off(groups[1]), off(groups[2])) < off(groups[0]) / 2),
    lowest=Fact(lowest[["mean", "share"]].to_dict(), digits=4, tolerance=0.0003),
    calibrated=Fact(calibrated.to_dict(), digits=3, tolerance=0.02),
    agree_f1_cost=agree_f1_cost,
    trial=Fact(trial, digits=0, tolerance=30),
    threshold_matters=Fact(threshold_matters, digits=0, tolerance=0.05),
    gap=gap.to_dict(),
    winners=winners.to_dict(),
    plain_rank=int(ranks.loc["XGBoost", "F1"]),
    credit_f1=judged["F1"].to_dict(),
    order=Fact(order, digits=3, tolerance=0.01),
)

# %% [markdown]
# ## Sources
#
# - Names, definitions and ranges of the metrics, and the default objective: SageMaker developer guide,
#   page `autopilot-metrics-validation`; service model, `AutoMLJobObjective` and `MetricDatum`.
# - `precision_at_target_recall`, `recall_at_target_precision`: developer guide, page
#   `ll_hyperparameters`.
# - AUC as a probability: Hanley and McNeil (1982). Precision under imbalance: Saito and Rehmsmeier
#   (2015), The precision-recall plot is more informative than the ROC plot.
# - Sigmoid calibration: Platt (1999). Isotonic: Zadrozny and Elkan (2002).
# - Credit defaults: Yeh, I-C. (2009), doi:10.24432/C55S3H, CC BY.
