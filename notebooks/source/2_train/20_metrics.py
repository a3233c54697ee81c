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
# **You need** [Algorithms](10_algorithms.ipynb): average precision, and costs of payments.
# **Data in:** the payments world, credit defaults ([data cards](../../data/README.md)).
# **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Autopilot's metrics, `MetricDatum` | `metric_data` of `labs_lib.train.metrics` |
# | `InferenceLatency` | the time of one call of `predict_proba`, without a network |
# | Linear Learner's `binary_classifier_model_selection_criteria` | a threshold rule in a cell |
# | `AutoMLJobObjective` | the metric by which a model is picked |

# %%
from labs_lib.exercises.train.metrics import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your team has ten fraud models and one slot in production. The analyst reports F1, "because the
# classes are imbalanced". The vendor reports AUC. The risk office asks for money: a missed fraud
# costs its amount and 15, an alert costs 5, a customer blocked wrongly 10 more. Autopilot would
# pick by F1 too: it is its default objective for two classes. Month 4 is there to choose the model;
# month 5 will show what the choice costs.
#
# ## Predict
#
# The claim: *use F1 for imbalanced data*. Suppose one person picks the model with the best F1 at the
# usual threshold, another the one that was cheapest in month 4. Both then choose a threshold by cost.
# Will the model picked by F1 cost more in month 5?

# %%
guess = ...  # "higher", "lower" or "no difference shown"
lab.cost_of_f1.commit(guess)

# %% [markdown]
# ## Every metric from its definition
#
# Twelve payments, of which four are fraud, and a score for each. Small enough to count by hand.

# %%
import numpy as np

y = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0])
score = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.0])
alert = score >= 0.5
tp, fp = (alert & (y == 1)).sum(), (alert & (y == 0)).sum()
fn, tn = (~alert & (y == 1)).sum(), (~alert & (y == 0)).sum()
f"{tp} frauds found, {fn} missed; {fp} false alerts, {tn} left in peace"

# %% [markdown]
# Five metrics are made of these four counts.

# %%
precision, recall = tp / (tp + fp), tp / (tp + fn)
by_hand = {
    "Accuracy": (tp + tn) / len(y),
    "Precision": precision,
    "Recall": recall,
    "F1": 2 * precision * recall / (precision + recall),
    "BalancedAccuracy": (tp / (tp + fn) + tn / (tn + fp)) / 2,
}

# %% [markdown]
# Two need the scores themselves. AUC is a probability: draw one fraud and one honest payment; how
# often does the fraud have the higher score? A tie counts half. Log loss is the mean of minus the
# logarithm of the probability that was given to what happened.

# %%
difference = score[y == 1][:, None] - score[y == 0][None, :]
by_hand["AUC"] = ((difference > 0) + 0.5 * (difference == 0)).mean()

tiny = np.finfo(float).eps  # the logarithm of 0 has no value
given = np.clip(np.where(y == 1, score, 1 - score), tiny, 1 - tiny)
by_hand["LogLoss"] = -np.log(given).mean()

# %% [markdown]
# Autopilot reports the same seven, each as a `MetricDatum`. `metric_data` makes that list.

# %%
import pandas as pd
from labs_lib.train import metrics

reported = metrics.metric_data(y, score, problem_type="BinaryClassification")
table = pd.DataFrame(reported).set_index("StandardMetricName")[["Set", "Value"]]
table["by hand"] = pd.Series(by_hand)
equal_binary = bool(np.allclose(table["Value"], table["by hand"], rtol=1e-12))
table.round(3)

# %% [markdown]
# Equal to the last digit: {{equal_binary}}.
#
# ### Several classes
#
# With several classes, each class takes its turn as the positive one. *Macro* is the plain mean over
# classes, so a class of ten rows weighs as much as one of ten thousand. Balanced accuracy is then
# the mean of the recalls.

# %%
rng = np.random.default_rng(0)
kind = rng.choice(3, 300, p=[0.7, 0.25, 0.05])
chance = rng.dirichlet([4, 2, 1], 300) + 0.8 * np.eye(3)[kind] * rng.random((300, 1))
chance = chance / chance.sum(axis=1, keepdims=True)
label = chance.argmax(axis=1)

recalls = [(label[kind == k] == k).mean() for k in range(3)]
precisions = [(kind[label == k] == k).mean() for k in range(3)]
f1s = [2 * p * r / (p + r) for p, r in zip(precisions, recalls, strict=True)]

# %%
macro = {
    "Accuracy": (label == kind).mean(),
    "BalancedAccuracy": np.mean(recalls),
    "F1macro": np.mean(f1s),
    "LogLoss": -np.log(chance[np.arange(300), kind]).mean(),
    "PrecisionMacro": np.mean(precisions),
    "RecallMacro": np.mean(recalls),
}
f"{len(macro)} metrics by hand"

# %% [markdown]
# And from one call, beside them:

# %%
reported = metrics.metric_data(kind, chance, problem_type="MulticlassClassification")
table = pd.DataFrame(reported).set_index("StandardMetricName")[["Value"]]
table["by hand"] = pd.Series(macro)
equal_multi = bool(np.allclose(table["Value"], table["by hand"], rtol=1e-12))
table.round(3)

# %% [markdown]
# Equal again: {{equal_multi}}. Accuracy is kind to the large class; the macro means are not.
#
# ### Numbers
#
# Four metrics judge predicted numbers: the mean absolute error (MAE), the mean squared error (MSE), its
# root (RMSE), and R2, which compares the squared error with that of always predicting the mean. The
# developer guide gives R2 a range from -1 to 1. Does it have one?

# %%
price = np.array([200.0, 300.0, 400.0])
predicted = np.array([400.0, 300.0, 200.0])
error = price - predicted
mse = (error**2).mean()
r2 = 1 - mse / ((price - price.mean()) ** 2).mean()
f"R2 {r2:.1f}"

# %%
reported = metrics.metric_data(price, predicted, problem_type="Regression")
values = {datum["MetricName"]: datum["Value"] for datum in reported}
worked_out = [abs(error).mean(), mse, mse**0.5, r2]
listed = [values[name] for name in ("MAE", "MSE", "RMSE", "R2")]
equal_numbers = bool(np.allclose(listed, worked_out))
pd.Series(values).round(1)

# %% [markdown]
# R2 is {{r2}} for predictions in the wrong order: it has no lower end. A model below 0 is worse than
# the mean. (By hand and reported are equal: {{equal_numbers}}.)
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
# An AUC far below one half is good news: somebody mixed up the labels, and the model is fine.
#
# Now the trap. Take scores of frauds and of honest payments from two fixed distributions, so that
# the model is always equally good, and let fraud become rarer.

# %%
from sklearn.metrics import average_precision_score

scores_fraud, scores_honest = rng.normal(2, 1, 2_000), rng.normal(0, 1, 400_000)
f"{len(scores_fraud):,} frauds, up to {len(scores_honest):,} honest payments"

# %% [markdown]
# Leave the frauds as they are and let more and more honest payments stand beside them: from one
# fraud in two payments to one in two hundred.

# %%
rows = []
for rate in (0.5, 0.1, 0.02, 0.005):
    honest = scores_honest[: round(2_000 * (1 - rate) / rate)]
    labels = np.repeat([1, 0], [2_000, len(honest)])
    both = np.concatenate([scores_fraud, honest])
    auc, ap = roc_auc_score(labels, both), average_precision_score(labels, both)
    rows.append({"fraud rate": rate, "AUC": auc, "average precision": ap})
rare = pd.DataFrame(rows)
auc_rare, ap_common, ap_rare = rare["AUC"].iloc[-1], *rare.iloc[[0, -1], 2]
rare.round(3)

# %%
from labs_lib import plots

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
# investigators meet one fraud among two hundred. So AUC compares models across fraud rates, and
# says nothing about how many alerts are right.
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
# Log loss has no upper end either. A hundred payments, all judged well; then one fraud that a model
# calls impossible.

# %%
from sklearn.metrics import log_loss

truth = np.repeat([1, 0], [10, 90])
careful = np.where(truth == 1, 0.8, 0.05)
sure = np.where(truth == 1, 0.99, 0.001)
sure[0] = 1e-9
loss_careful, loss_sure = log_loss(truth, careful), log_loss(truth, sure)
f"careful {loss_careful:.3f}, sure and once wrong {loss_sure:.3f}"

# %% [markdown]
# The second model is nearer to the truth in 99 payments of 100, and its log loss is {{loss.sure}}
# against {{loss.careful}}. Before you rank models by log loss, look for probabilities of exactly 0
# or 1; trees and naive Bayes like to give them.
#
# ## A threshold is a decision
#
# Now a real model: XGBoost on months 1 to 3 of the payments world.

# %%
import xgboost as xgb
from labs_lib import data, payments, settings

transactions = data.load_payments()
transactions = transactions[payments.month(transactions) <= 5]
X, y = payments.features(transactions), transactions["is_fraud"].to_numpy()
amount = transactions["amount_cents"].to_numpy()
train, valid, test = payments.split_by_time(transactions)
f"{len(X):,} payments, {y[test].sum()} frauds in the test month"

# %%
model = xgb.XGBClassifier(
    n_estimators=100,
    max_depth=4,
    learning_rate=0.1,
    enable_categorical=True,
    n_jobs=settings.n_jobs(),
    random_state=0,
).fit(X[train], y[train])
score = model.predict_proba(X)[:, 1]

# %% [markdown]
# What would each threshold have cost in the validation month, and in the test month?

# %%
thresholds = np.geomspace(0.01, 0.9, 60)


def costs(part):
    return [payments.cost(y[part], score[part] >= t, amount[part]) for t in thresholds]


# %%
curves = pd.DataFrame(
    {"validation month": costs(valid), "test month": costs(test)}, index=thresholds
)
chosen = payments.best_threshold(y[valid], score[valid], amount[valid])
cost_chosen = payments.cost(y[test], score[test] >= chosen, amount[test])
cost_half = payments.cost(y[test], score[test] >= 0.5, amount[test])

# %%
long = curves.rename_axis("threshold").reset_index()
long = long.melt("threshold", var_name="month", value_name="cost")
with plots.figure(
    title="The usual threshold is far from the cheapest",
    x="threshold (0 to 1, logarithmic)",
    y="cost of the month (currency units)",
    alt="Both cost curves are lowest around 0.1 and higher at one half.",
) as ax:
    plots.lines(ax, long, x="threshold", y="cost", group="month")
    ax.axvline(chosen, color=plots.GREY, linestyle="-")
    ax.axvline(0.5, color=plots.GREY, linestyle=":")
    ax.set_xscale("log")

# %% [markdown]
# The solid grey line is the threshold that was cheapest in the validation month, {{chosen}}; the
# dotted one is one half. In the test month they cost {{cost_chosen}} and {{cost_half}}.
#
# Move it yourself. (Without widgets you see the table for the chosen threshold.)

# %% tags=["nbval-ignore-output"]
from labs_lib.train.threshold import slider


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
# What is choosing worth? One month is one draw of luck, so ten models were fitted in 30 independent
# small worlds. The rows are stored; one world runs again now.

# %%
from labs_lib.experiments import store

worlds = store.load("train/metrics")
store.confirm("train/metrics", seed=0)

# %%
from labs_lib import compare


def by_model(measure):
    chosen = worlds[worlds["measure"] == measure]
    return chosen.pivot(index="seed", columns="model", values="value")


# %%
own, half = by_model("test cost"), by_model("test cost at one half")
ideal = by_model("test cost, best threshold")
worth = {
    "chosen on validation − one half": compare.worlds(
        own["XGBoost"], half["XGBoost"], comparisons=2
    ),
    "chosen on validation − best on test": compare.worlds(
        own["XGBoost"], ideal["XGBoost"], comparisons=2
    ),
}
compare.table(worth, digits=0)

# %% [markdown]
# For XGBoost, against one half the cost of the month is
# {{worth.chosen_on_validation_one_half.verdict}} with a threshold chosen on validation:
# {{worth.chosen_on_validation_one_half.mean}} ({{worth.chosen_on_validation_one_half.low}} to
# {{worth.chosen_on_validation_one_half.high}}). Against the threshold that only hindsight knows it is
# {{worth.chosen_on_validation_best_on_test.verdict}}, by
# {{worth.chosen_on_validation_best_on_test.mean}}: the price of choosing
# on a month with about 60 frauds.
#
# ### Calibration: is the score a probability?
#
# The rule of expected cost needs a probability. Two ways to make one from a score, both fitted on the
# validation month: *sigmoid* (Platt) fits a logistic curve to the margin, *isotonic* any rising step
# function. The weighted model needs it most.

# %%
from sklearn.isotonic import IsotonicRegression

ratio = (y[train] == 0).sum() / y[train].sum()
weighted = xgb.XGBClassifier(**model.get_params()).set_params(scale_pos_weight=ratio)
raw = weighted.fit(X[train], y[train]).predict_proba(X)[:, 1]
f"mean score {raw[valid].mean():.3f}, share of frauds {y[valid].mean():.3f}"

# %%
margin = np.log(raw / (1 - raw))[:, None]
platt = LogisticRegression(C=1e6, solver="newton-cholesky").fit(margin[valid], y[valid])
steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
steps.fit(raw[valid], y[valid])
made = {
    "as it comes": raw,
    "sigmoid": platt.predict_proba(margin)[:, 1],
    "isotonic": steps.predict(raw),
}

# %%
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

lines = []
for name, p in made.items():
    share, mean = calibration_curve(y[test], p[test], n_bins=8, strategy="quantile")
    lines.append(pd.DataFrame({"mean": mean, "share": share, "score": name}))

# %%
with plots.figure(
    title="Calibration brings the score back to the diagonal",
    x="mean score of the group (0 to 1, logarithmic)",
    y="share of frauds in the group (0 to 1)",
    alt="The raw weighted score lies right of the diagonal, the mended ones near it.",
) as ax:
    ax.plot([1e-4, 1], [1e-4, 1], color=plots.GREY, linestyle=":")
    plots.lines(ax, pd.concat(lines), x="mean", y="share", group="score")
    ax.set_xscale("symlog", linthresh=1e-3)
    ax.set_yscale("symlog", linthresh=1e-3)

# %%
calibrated = pd.DataFrame(
    {
        name: {
            "Brier score": brier_score_loss(y[test], p[test]),
            "average precision": average_precision_score(y[test], p[test]),
        }
        for name, p in made.items()
    }
).T
calibrated.round(4)

# %%
brier_raw, brier_sigmoid = calibrated["Brier score"].iloc[:2]
ap_raw, ap_sigmoid, ap_isotonic = calibrated["average precision"]
f"from the weighted score to the sigmoid: Brier score {brier_sigmoid - brier_raw:+.4f}"

# %% [markdown]
# The Brier score goes from {{brier.raw}} to {{brier.sigmoid}}. Average precision is {{ap.raw}} as it
# comes and {{ap.sigmoid}} with the sigmoid, because a rising curve keeps the order. With isotonic steps
# it is {{ap.isotonic}}: scores on one step become ties.
#
# ## On trial: "use F1 for imbalanced data"
#
# **The measure that decides**, named before looking: the cost of the test month, with the threshold
# that was cheapest on validation. In each of the 30 worlds the model is picked on the validation
# month by one criterion.

# %%
best_is_low = {"LogLoss", "Cost"}
criteria = ["F1", "Accuracy", "AUC", "AveragePrecision", "LogLoss", "Cost"]


def winner(name):
    """Return the best model of each world by a criterion."""
    sign = -1 if name in best_is_low else 1
    return (sign * by_model(name)).idxmax(axis=1)


# %% [markdown]
# In how many worlds does each criterion pick which model?

# %%
picked = pd.DataFrame({name: winner(name) for name in criteria})
favourite = {name: picked[name].mode()[0] for name in criteria}
picked.apply(lambda names: names.value_counts()).fillna(0).astype(int)

# %% [markdown]
# Each column is one criterion, each cell the number of worlds in which it picked that model. How
# often does a criterion agree with another?

# %%
agree = pd.DataFrame(
    {a: {b: (picked[a] == picked[b]).mean() for b in criteria} for a in criteria}
)
agree_f1_cost = agree.loc["F1", "Cost"]
agree.round(2)

# %% [markdown]
# F1 and cost pick the same model in a share of {{agree_f1_cost}} of the worlds. What does the
# disagreement cost? Each criterion's pick against the pick by cost, and against the best pick that
# hindsight could make.

# %%
paid = pd.DataFrame(
    {
        name: [own.loc[seed, model] for seed, model in picked[name].items()]
        for name in criteria
    },
    index=picked.index,
)
paid["hindsight"] = own.min(axis=1)
paid.mean().round(0)

# %% [markdown]
# What each pick costs, mean of the worlds; *hindsight* knows the cheapest model of each world. Now
# the differences, world by world, from picking by cost:

# %%
trial = {
    f"{name} − Cost": compare.worlds(paid[name], paid["Cost"], comparisons=6)
    for name in [*criteria[:-1], "hindsight"]
}
compare.table(trial, digits=0)

# %%
lab.cost_of_f1.reveal(trial["F1 − Cost"].verdict)

# %% [markdown]
# Against the pick by cost, the cost of the month is
#
# - with F1 {{trial.f1_cost.verdict}}: {{trial.f1_cost.mean}} ({{trial.f1_cost.low}} to
#   {{trial.f1_cost.high}});
# - with AUC {{trial.auc_cost.verdict}}: {{trial.auc_cost.mean}} ({{trial.auc_cost.low}} to
#   {{trial.auc_cost.high}});
# - with average precision {{trial.averageprecision_cost.verdict}}:
#   {{trial.averageprecision_cost.mean}} ({{trial.averageprecision_cost.low}} to
#   {{trial.averageprecision_cost.high}});
# - with hindsight {{trial.hindsight_cost.verdict}}: {{trial.hindsight_cost.mean}}.
#
# The last row is the size of luck: what a month of about 60 frauds cannot tell, whatever the
# criterion. Compare the others with it before you argue about metrics. F1 nearly always names another
# model, but once each model has a threshold by cost, several models are nearly as good. What did harm,
# and much more of it, was the threshold of one half.
#
# ## Where it fails: F1 without the threshold
#
# F1 is two things, a metric and a threshold. Look at the weighted models: same family, other scores.
# Their F1 at one half, and the best F1 that any threshold gives, on the shipped world.


# %%
from sklearn.metrics import f1_score


def best_f1(y, score):
    precision, recall, _ = precision_recall_curve(y, score)
    return (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()


# %%
pair = {"XGBoost": score, "XGBoost, weighted": raw}
f1 = pd.DataFrame(
    {
        name: {
            "F1 at one half": f1_score(y[test], s[test] >= 0.5),
            "best F1": best_f1(y[test], s[test]),
        }
        for name, s in pair.items()
    }
).T
f1.round(3)

# %%
gap_half = f1["F1 at one half"].iloc[0] - f1["F1 at one half"].iloc[1]
gap_best = f1["best F1"].iloc[0] - f1["best F1"].iloc[1]
f"XGBoost minus weighted: {gap_half:.2f} at one half, {gap_best:.2f} at the best"

# %% [markdown]
# At one half the two are {{gap.half}} apart; with a threshold each, {{gap.best}}. The first number
# mostly says where the scores lie, not which model is better.
#
# ### Exercise 3: which metric for which decision?
#
# Match each decision with the metric that should choose the model. Give a dictionary from the letter
# to one of `"precision in the top"`, `"cost"`, `"LogLoss"`, `"AUC"`, `"Recall"`, `"Accuracy"`.
#
# - `a`: an insurer sets each premium from the probability of a claim;
# - `b`: ten investigators look at the 200 highest scores of each day;
# - `c`: a bank blocks a payment or not, and knows what each mistake costs;
# - `d`: two teams in countries with very different fraud rates compare the order that their models
#   give.

# %% tags=["exercise"]
# BEGIN SOLUTION
matches = {"a": "LogLoss", "b": "precision in the top", "c": "cost", "d": "AUC"}
# END SOLUTION
lab.ex3.check(matches)

# %% [markdown]
# ## Real data: credit defaults
#
# 30,000 customers in Taiwan, 22 in 100 default. Positives are not rare here. Six models of the same
# kinds, one random split: do the metrics still disagree?

# %%
from labs_lib.experiments.train.metrics import models
from sklearn.model_selection import train_test_split

table = data.load_credit_default()
Xc, yc = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
X_fit, X_judge, y_fit, y_judge = train_test_split(
    Xc, yc, test_size=10_000, stratify=yc, random_state=0
)
f"{len(X_judge):,} customers to judge on, {y_judge.mean():.2f} in default"

# %% [markdown]
# Six of the ten models, each fitted once:

# %%
names = ["linear", "linear, balanced", "naive Bayes", "one tree"]
names += ["XGBoost", "XGBoost, weighted"]
ten = models(y_fit)
scores = {n: ten[n].fit(X_fit, y_fit).predict_proba(X_judge)[:, 1] for n in names}
[*scores]

# %%
judged = pd.DataFrame(
    {
        name: {
            datum["MetricName"]: datum["Value"]
            for datum in metrics.metric_data(
                y_judge, s.astype(float), problem_type="BinaryClassification"
            )
        }
        for name, s in scores.items()
    }
).T
judged[["F1", "Accuracy", "AUC", "LogLoss"]].round(3)

# %% [markdown]
# The ranks are easier to compare, 1 for the best:

# %%
judged["AveragePrecision"] = [
    average_precision_score(y_judge, scores[n]) for n in names
]
ranks = judged[["F1", "Accuracy", "AUC", "AveragePrecision"]].rank(ascending=False)
ranks["LogLoss"] = judged["LogLoss"].rank()
ranks.astype(int)

# %% [markdown]
# Rank 1 is best. Which one has the highest F1, and is its lead in F1 a lead in order too? The rows
# of the test set are drawn again to see.

# %%
first_by_f1 = ranks["F1"].idxmin()
first_by_auc = ranks["AUC"].idxmin()
first_by_f1, first_by_auc

# %%
order = compare.rows(
    average_precision_score,
    y_judge,
    scores["XGBoost, weighted"],
    scores["XGBoost"],
    repeats=300,
)
order

# %% [markdown]
# By F1 the first is {{first.f1}}, by AUC {{first.auc}}. Weighted against plain XGBoost, average
# precision is {{order.verdict}} ({{order.mean}}; {{order.low}} to {{order.high}}; without the
# variation of training). Even with 22 positives in 100, F1 at one half rewards the model whose
# scores were pushed up.
#
# ## On SageMaker
#
# In an Autopilot job the metric that picks the model is one field. Leave it out and F1 decides for two
# classes.

# %%
from labs_lib import aws

bucket = "s3://example-bucket/fraud"
channel = {
    "ChannelType": "training",
    "ContentType": "text/csv;header=present",
    "DataSource": {
        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/train/"}
    },
}

# %%
request = {
    "AutoMLJobName": "fraud-autopilot",
    "AutoMLJobInputDataConfig": [channel],
    "OutputDataConfig": {"S3OutputPath": f"{bucket}/autopilot/"},
    "AutoMLProblemTypeConfig": {
        "TabularJobConfig": {
            "TargetAttributeName": "is_fraud",
            "ProblemType": "BinaryClassification",
        }
    },
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "RoleArn": "arn:aws:iam::111122223333:role/training",
}
aws.validate("CreateAutoMLJobV2", request)

# %% [markdown]
# Log loss is reported, but it cannot be the objective:

# %%
try:
    aws.validate(
        "CreateAutoMLJobV2", request | {"AutoMLJobObjective": {"MetricName": "LogLoss"}}
    )
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
# - AUC does not change with the fraud rate, and so it cannot say how many alerts are right.
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
    brier=Fact({"raw": brier_raw, "sigmoid": brier_sigmoid}, digits=4, tolerance=0.01),
    ap={"raw": ap_raw, "sigmoid": ap_sigmoid, "isotonic": ap_isotonic},
    agree_f1_cost=agree_f1_cost,
    trial=Fact(trial, digits=0, tolerance=30),
    gap={"half": gap_half, "best": gap_best},
    first={"f1": first_by_f1, "auc": first_by_auc},
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
