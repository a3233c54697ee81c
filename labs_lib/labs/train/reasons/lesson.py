# ---
# jupyter:
#   labs:
#     concepts: {}
#     constants:
#       "0.2": "a floor to try"
#       "0.05": "a fall of the true log odds that counts as none, chosen before looking"
# ---

# %% [markdown]
# # Reasons: what may a declined customer be told?
#
# > A payment is declined, and the customer gets a letter with the reasons. The score has its reasons. Are
# > they reasons in the world?
#
# **You will**
#
# - write the reason codes of a declined payment, each fact once;
# - measure how many reasons in such letters are empty;
# - tell what a letter may say, and read Clarify's `analysis.json`.
#
# **You need** [Explain](60_explain.ipynb): SHAP values, which sum to the score in log odds. **Data in:** the
# table of known causes, credit defaults ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Clarify processing job, SHAP and PDP | `analyze` of `labs_lib.train.explain` |
# | local SHAP values, `save_local_shap_values` | `analysis.local` |
# | `analysis.json` | `analysis.to_dict()` |
# | baseline | `baseline`: rows that stand for an absent column |

# %%
from labs_lib.labs.train.reasons.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Your model declines payments. Each customer gets a letter with up to four reasons: the facts that raised the
# score most, by SHAP. Support likes the letters. A colleague goes further: "The letter names what made the
# payment risky. So we can tell people what to change."
#
# Two things make you doubt. The table holds the amount twice, in euros and in the local currency. And the model
# has learned some noise, which nobody can see from a letter. In a table that follows a published law, we can
# look: five columns have an effect on fraud, and the copy of the amount has none.
#
# ## Predict
#
# The claim: *the letter names what made the payment risky*. Call a reason *empty* if the true log odds of fraud
# fall by less than 0.05 when its fact becomes that of other payments.
#
# Amount and copy are joined to one fact, and each letter names the four that raised the score most. How many of
# the reasons are empty?

# %%
guess = ...  # "under 5 in 100", "5 to 10", "10 to 30" or "over 30 in 100"
lab.empty.commit(guess)

# %% [markdown]
# ## One letter, with reason codes
#
# First a table, a model and its SHAP values. Columns move together here: older customers have larger
# amounts, and more payments a day.

# %% tags=["trial"]
import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import payments, settings

TWIN = {"amount_local": "amount_cents"}  # the copy, and the fact that it repeats


def encode(table):
    """Return numbers: a column for each category, and age bands in order."""
    ordered = {c: table[c].cat.codes for c in table if c == "age_band"}
    return pd.get_dummies(table.assign(**ordered)).astype("f4")


def fit(table, labels):
    """Return the model that declines: always 60 trees, not tuned."""
    size = dict(n_estimators=60, max_depth=4, learning_rate=0.15)
    model = xgb.XGBClassifier(**size, n_jobs=settings.n_jobs())
    return model.fit(encode(table), labels)


def score_of(model):
    """Return the function from a table to scores in log odds."""
    return lambda table: model.predict(encode(table), output_margin=True)


def shap_values(model, rows):
    """Return the SHAP values of each row, one-hot columns added up."""
    matrix = xgb.DMatrix(encode(rows))
    values = model.get_booster().predict(matrix, pred_contribs=True)[:, :-1]
    names = encode(rows).columns
    owner = [next(c for c in rows if n == c or n.startswith(c + "_")) for n in names]
    values = pd.DataFrame(values.astype(float).round(5), rows.index, owner)
    return values.T.groupby(level=0).sum().T[list(rows)]


# %%
X, y, _ = payments.causes(n=9_000, correlated=True, seed=0)
seen, rest = X[:8_000], X[8_000:]
model = fit(seen, y[:8_000])
score = score_of(model)
declined = rest.iloc[[score(rest).argmax()]]
why = shap_values(model, declined).iloc[0]
why[abs(why) > 0.1].sort_values(ascending=False, kind="stable").round(2)

# %% [markdown]
# Of a thousand payments this one scores highest. The list says what each column added to its score, in log odds.
#
# ### Exercise 1: reason codes
#
# Write a function that takes the contributions of a payment (a dictionary from column to value), a dictionary
# `groups` from a column to the fact that it repeats, and a number `k`. Return the names of the reasons for a
# decline: at most `k`, the strongest first, each fact once.


# %% tags=["exercise"]
# BEGIN SOLUTION
def reason_codes(contributions, groups, k):
    """Return the facts that raised the score most, at most k."""
    total = {}
    for name, value in contributions.items():
        name = groups.get(name, name)
        total[name] = total.get(name, 0) + value
    raised = [name for name in total if total[name] > 0]
    return sorted(raised, key=total.get, reverse=True)[:k]


# END SOLUTION
lab.ex1.check(reason_codes)

# %% [markdown]
# The same for whole tables: columns that say the same are added up first, then the reasons are picked. Adding
# is allowed, since the values of a payment sum to its score. A *floor* leaves out reasons that are small
# beside all that raised the score.


# %% tags=["trial"]
def joined(values, groups):
    """Return one column a fact: columns that say the same are added up."""
    return values.rename(columns=groups).T.groupby(level=0, sort=False).sum().T


def reasons(values, floor=0.0):
    """Return what raised the score, the strongest first, at most four."""
    raised = values[values > 0].nlargest(4)
    return list(raised[raised >= floor * values.clip(lower=0).sum()].index)


# %%
sentences = {
    "customer_count_1d": "{customer_count_1d} other payments within a day",
    "channel": "payment by {channel}",
    "hour": "paid between {hour} and {hour}:59 o'clock",
    "amount_cents": "an amount of {amount_cents:,} cents",
    "distance_km": "{distance_km} km from home",
}

# %%
facts = joined(why.to_frame().T, TWIN).iloc[0]
for number, name in enumerate(reasons(facts), start=1):
    line = sentences.get(name, name).format(**declined.iloc[0].to_dict())
    print(f"{number}. {line}")

# %% [markdown]
# This is the letter. Each line is a fact of the payment that the customer can check. Is each a reason?
#
# ## On trial: "the letter names what made the payment risky"
#
# In each [world](../glossary.md#world), the 30 payments that score highest are declined. For each reason in their letters we ask:
# what if this fact were that of 20 other payments? The score falls by so much on average, and the true log odds,
# which we know here, by so much. Three letters are compared:
#
# - `columns`: up to four columns, the amount and its copy apart;
# - `facts`: amount and copy joined, up to four;
# - `facts, floor`: the same, without reasons below a tenth of all that raised the score. This floor was
#   chosen before looking.


# %% tags=["trial"]
def with_others(row, columns, others):
    """Return the payment once for each other one, with their values in some columns."""
    changed = pd.concat([row] * len(others), ignore_index=True)
    return changed.assign(**{c: others[c].array for c in columns})


def falls(law, rows, named, others):
    """Return how far a law falls if the fact of each reason becomes that of others."""
    tables = [with_others(rows.loc[[i]], columns, others) for i, columns in named]
    changed = law(pd.concat(tables, ignore_index=True)).reshape(len(named), -1)
    return law(rows.loc[[i for i, _ in named]]) - changed.mean(axis=1)


LETTERS = {"columns": ({}, 0.0), "facts": (TWIN, 0.0), "facts, floor": (TWIN, 0.1)}


# %% tags=["trial"]
def letters(seed):
    """Write letters to the 30 highest scores of a world, and ask model and law."""
    X, y, _ = payments.causes(n=9_000, correlated=True, seed=seed)
    seen, rest = X[:8_000], X[8_000:]
    model = fit(seen, y[:8_000])
    ask = {"score falls": score_of(model), "world falls": payments.causes_logit}
    order = np.argsort(-score_of(model)(rest).round(5), kind="stable")
    declined, others = rest.iloc[order[:30]], seen.sample(20, random_state=seed)
    true = joined(payments.true_shapley(rest).loc[declined.index], TWIN)
    values, found = shap_values(model, declined), {}
    for letter, (groups, floor) in LETTERS.items():
        by_fact = joined(values, groups)
        picked = {i: reasons(by_fact.loc[i], floor) for i in by_fact.index}
        said = [(i, name) for i, names in picked.items() for name in names]
        same = {n: [c for c in X if groups.get(c, c) == n] for n in by_fact}
        named = [(i, same[n]) for i, n in said]
        moved = {k: falls(law, declined, named, others) for k, law in ask.items()}
        copies = [{"amount_local", "amount_cents"} <= set(n) for n in picked.values()]
        first = [names[0] == true.loc[i].idxmax() for i, names in picked.items()]
        found |= {(letter, k): np.mean(fall) for k, fall in moved.items()}
        found[letter, "reasons a letter"] = len(named) / len(declined)
        found[letter, "empty"] = np.mean(moved["world falls"] < 0.05)
        found[letter, "amount told twice"] = np.mean(copies)
        found[letter, "copy named"] = np.mean([n == "amount_local" for _, n in said])
        found[letter, "first is the true first"] = np.mean(first)
    return found


# %%
rows = lab.trial(letters, seeds=20, levels=("letter", "measure"))
rows.design(
    worlds="a table of 9,000 payments whose columns move together",
    rows="8,000 train; of 1,000 others the 30 highest scores get a letter",
    measure="share of empty reasons, low is good; letters compared in pairs",
    yardstick="the true log odds, which no letter is made from. A letter of fewer "
    "reasons has it easier, since small ones are dropped; so their number is shown. "
    "The copy alone never moves the truth: that counts against letters by columns.",
)

# %% [markdown]
# **What to try.** Change the floor of `facts, floor` in `LETTERS` to 0.05 or 0.2, and run that cell and the last one
# again. Your version is in `rows.yours.wide("empty")`.
#
# First, check each arm: does it name reasons, and do they move the score? Means over the worlds:

# %%
arms = rows.wide().mean().unstack().loc[list(LETTERS)]
arms.T.round(2)

# %% [markdown]
# In each arm the named facts move the score, and the true log odds by about as much.{{!moves}} So on average a
# letter is right. And the single reasons?

# %%
from labs_lib import stats

empty = rows.wide("empty")
shares = {name: stats.mean_interval(empty[name]) for name in LETTERS}
pairs = {"facts − columns": ("facts", "columns")}
pairs["floor − facts"] = ("facts, floor", "facts")
compared = {
    name: stats.worlds(empty[a], empty[b], comparisons=2)
    for name, (a, b) in pairs.items()
}
stats.table(compared)

# %%
share = 100 * shares["facts"].mean
names = ["under 5 in 100", "5 to 10", "10 to 30", "over 30 in 100"]
lab.empty.reveal(names[np.digitize(share, [5, 10, 30])])

# %% [markdown]
# With four facts a letter, a share of {{empty}} of the reasons is empty. Joining has helped already: it changes the share
# by {{joining}}, and no letter tells the amount twice.{{!joining_helps}} A part of that is by construction, as the box
# says. The floor changes the share by {{floor}}.{{!floor_helps}} And what does it cost?

# %%
number = rows.wide("reasons a letter")
good = number * (1 - empty)
lost = (good["facts"] - good["facts, floor"]) / (
    number["facts"] - number["facts, floor"]
)
pd.DataFrame({"reasons a letter": number.mean(), "not empty": good.mean()}).round(2)

# %% [markdown]
# The floor leaves {{left}} reasons a letter instead of four. Most of the empty ones are gone.{{!floor_helps}} But of the
# reasons that it leaves out, a share of {{lost}} was not empty.{{!price}} So a form whose four lines have to be filled brings empty
# reasons, and a floor takes good ones with them. Which error is worse, your bank has to say.
#
# The first reason is not the trouble. In about nine of ten letters of each kind it is
# the one that has the highest share by the law too.{{!first_fine}}
#
# Now single reasons of the letters by columns, in one world. How far does the score fall if a column becomes that of
# others, and how far do the true log odds?

# %%
CAUSES = ["hour", "amount_cents", "customer_count_1d", "channel", "distance_km"]
order = np.argsort(-score(rest).round(5), kind="stable")
thirty, others = rest.iloc[order[:30]], seen.sample(20, random_state=0)
values = shap_values(model, thirty)
named = [(i, [name]) for i, row in values.iterrows() for name in reasons(row)]
fell = [falls(law, thirty, named, others) for law in (score, payments.causes_logit)]
kind = {name: "has an effect" for name in CAUSES} | {"amount_local": "the copy"}
kinds = np.array([kind.get(columns[0], "has none") for _, columns in named])

# %%
from labs_lib import plots

with plots.figure(
    title="The copy moves the score and not the world",  # {{!flat}}
    x="fall of the score (log odds)",
    y="fall of the truth (log odds)",
    alt="Columns with an effect move the truth; the copy and the others do not.",
) as ax:
    for name, marker in (("has an effect", "o"), ("the copy", "s"), ("has none", "^")):
        ax.plot(*(f[kinds == name] for f in fell), marker, label=name, alpha=0.7)
    ax.legend(title="the column", loc="upper left")

# %% [markdown]
# ## Where it fails: what must not be concluded
#
# Take the letter of the first payment again. Lower its local amount to a usual one, and leave the rest. What does
# the model say, and what happens to the true risk? The same for the hour, moved to noon.

# %%
usual = seen[["amount_local", "amount_cents"]].median().astype(int)
changes = {
    "local amount made usual": declined.assign(amount_local=usual["amount_local"]),
    "both amounts made usual": declined.assign(**usual),
    "paid at noon": declined.assign(hour=12),
}

# %%
ask = {"score": score, "true log odds": payments.causes_logit}
moves = {
    who: {name: (law(new) - law(declined))[0] for name, new in changes.items()}
    for who, law in ask.items()
}
pd.DataFrame(moves).round(2) + 0.0  # no minus before a zero

# %% [markdown]
# Another local amount moves the score by {{copy_score}}, and the true risk not at all.{{!copy_only_score}} Another hour
# moves both.{{!hour_both}} From the letter alone you could not have told the two apart. A reason describes the score.
# Whether it is a cause in the world, only an experiment tells, or a known law as here.
#
# ### Exercise 2: what the letter may say
#
# Which sentences may stand in the letter to this customer? Give a dictionary from `a` to `d` to True or False.
#
# - `a`: "The amount, with its copy in local currency, raised the score of your payment."
# - `b`: "With a lower local amount your payment would have been less likely to be fraud."
# - `c`: "The same payment at noon would have had a lower score."
# - `d`: "The same payment by a customer of another age would have been less likely to be fraud."

# %% tags=["exercise"]
# BEGIN SOLUTION
may_stand = {"a": True, "b": False, "c": True, "d": False}
# END SOLUTION
lab.ex2.check(may_stand)

# %% [markdown]
# ## Real data: credit defaults
#
# Thirty thousand customers of a bank in Taiwan, of whom 22 in 100 did not pay in time. No law is known, so nobody
# can count empty reasons. Two things can be counted. Eighteen of the 23 columns are the delays, bills and payments of
# six months: does a letter tell one fact twice? And do two models, each trained on 10,000 customers
# of its own, give the same customer the same reasons? The 300 highest scores get letters.

# %% tags=["trial"]
from sklearn.model_selection import train_test_split

from labs_lib import data


def family(column):
    """Return what a column of the credit table is about."""
    named = {"PAY_A": "payments made", "PAY_": "delay", "BILL_": "bills"}
    return next((f for start, f in named.items() if column.startswith(start)), column)


def on_credit(seed):
    """Write letters by two models, each trained on one half of the customers."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    train, test, y_train, _ = train_test_split(
        X, y, train_size=20_000, stratify=y, random_state=seed
    )
    models = [fit(train[k::2], y_train[k::2]) for k in (0, 1)]
    mean = sum(score_of(m)(test) for m in models).round(4)
    declined = test.iloc[np.argsort(-mean, kind="stable")[:300]]
    by_column = [shap_values(m, declined) for m in models]
    facts = {name: family(name) for name in X}
    letters = {
        "columns": ({}, 0.0),
        "facts": (facts, 0.0),
        "facts, floor": (facts, 0.1),
    }
    found = {}
    for letter, (groups, floor) in letters.items():
        picked = [
            [
                [facts.get(n, n) for n in reasons(row, floor)]
                for _, row in table.iterrows()
            ]
            for table in (joined(v, groups) for v in by_column)
        ]
        one, other = picked
        same = [set(a) == set(b) for a, b in zip(one, other, strict=True)]
        personal = [bool({"SEX", "MARRIAGE", "AGE"} & set(a)) for a in one]
        found[letter, "reasons a letter"] = np.mean([len(a) for a in one])
        found[letter, "a fact told twice"] = np.mean(
            [len(set(a)) < len(a) for a in one]
        )
        found[letter, "sex, marriage or age"] = np.mean(personal)
        found[letter, "same by both models"] = np.mean(same)
    return found


# %%
credit = lab.trial(on_credit, seeds=15, levels=("letter", "measure"))
real = credit.wide().mean().unstack().loc[list(LETTERS)]
real.T.round(2)

# %%
overlap = dict(n_train=20_000, n_test=10_000, comparisons=2)
agree, personal = (
    credit.wide(name) for name in ("same by both models", "sex, marriage or age")
)
on_real = {
    "same by both, floor − facts": stats.splits(
        agree["facts, floor"], agree["facts"], **overlap
    ),
    "personal, floor − facts": stats.splits(
        personal["facts, floor"], personal["facts"], **overlap
    ),
}
stats.table(on_real)

# %% [markdown]
# By columns, nearly each letter tells one fact twice.{{!told_twice}} Join the months to facts, and what is left fills the
# four lines: a share of {{personal}} of the letters names sex, marriage or age.{{!personal_up}} By such facts a bank may
# not be allowed to decide. With the floor hardly a letter names them.{{!personal_gone}} That takes them out of the letters,
# not out of the model.
#
# With the floor, the two models name the same reasons more often: the share changes by {{agree}}.{{!agree_up}} A part of
# that is by construction, since a short letter is easier to repeat. All are customers of one bank in one month, split at
# random. The [intervals](../glossary.md#interval) are corrected for the rows that the splits share.
#
# ## On SageMaker
#
# Clarify, part of Amazon SageMaker AI, makes such values in a processing job. It is no longer open to new customers;
# AWS names the library `shap`, which Clarify uses inside, as its replacement. The job writes a file called
# `analysis.json`. `analyze` makes one of the same form, here for 20 payments, and for the score as a probability.

# %%
from labs_lib.train import explain


def probability(table):
    """Return the probability of fraud."""
    return model.predict_proba(encode(table))[:, 1].astype(float)


asking = dict(baseline=seen.sample(5, random_state=0), num_samples=400)
asking |= dict(agg_method="mean_abs", pdp_features=["hour"], grid_resolution=4)
analysis = explain.analyze(probability, rest.head(20), **asking)
analysis

# %%
import json

content = analysis.to_dict()["explanations"]
shap_part = content["kernel_shap"]["label0"]
total = analysis.local["label0"].sum(axis=1) + shap_part["expected_value"]
sums = bool(np.allclose(total, probability(rest.head(20)), atol=1e-6))
first = dict(list(shap_part["global_shap_values"].items())[:2])
first = {name: round(value, 4) for name, value in first.items()}
pdp = content["pdp"][0]
means = np.round(pdp["model_predictions"][0], 2).tolist()
print(json.dumps({"global_shap_values": first}, indent=1))
print(pdp["feature_name"], np.round(pdp["feature_values"], 1).tolist(), means)

# %% [markdown]
# The file holds global values, here two of 14, and for a column the centres of its buckets with the mean prediction in
# each. The local values of a payment and the expected value sum to its probability.{{!sums}} The letter needs them, and
# they are not in this file: Clarify saves them beside it, and in a configuration written as JSON only if you say so. (In
# the Python SDK, version 2, it is on by default.)

# %%
shap_config = {
    "baseline": "s3://example-bucket/fraud/baseline.csv",
    "num_samples": 400,
    "agg_method": "mean_abs",
    "save_local_shap_values": True,
    "seed": 0,
}
instances = {"instance_type": "ml.m5.large", "initial_instance_count": 1}
analysis_config = {
    "version": "1.0",
    "dataset_type": "text/csv",
    "headers": ["is_fraud", *X.columns],
    "label": "is_fraud",
    "methods": {"shap": shap_config, "pdp": {"top_k_features": 1}},
    "predictor": {"model_name": "fraud", **instances},
}
print(json.dumps(analysis_config["methods"], indent=1))

# %% [markdown]
# `agg_method` makes global values from local ones: mean absolute value, mean square, or the median of the values with
# their sign. A wrong name is found here at once, on SageMaker by the job that has started.

# %%
try:
    explain.aggregate(analysis.local["label0"], agg_method="max")
except ValueError as error:
    print(error)

# %% [markdown]
# ### Exercise 3: which job gives letters?
#
# Here is the part `methods` of four configurations; the three dots stand for the
# [baseline](../glossary.md#baseline) and the number of samples. After
# which of these jobs can you write a letter to each customer? Give a set of names out of `a` to `d`.
#
# - `a`: `{"shap": {..., "agg_method": "mean_abs"}}`
# - `b`: `{"shap": {..., "agg_method": "median", "save_local_shap_values": true}}`
# - `c`: `{"pdp": {"features": ["hour", "amount_cents"]}}`
# - `d`: `{"shap": {..., "use_logit": true, "save_local_shap_values": true}}`

# %% tags=["exercise"]
# BEGIN SOLUTION
with_letters = {"b", "d"}
# END SOLUTION
lab.ex3.check(with_letters)

# %% [markdown]
# ## What is not reproduced
#
# - The job itself, its report, and the endpoint that Clarify starts to ask a model.
# - The baseline that Clarify makes by clustering if you give none.
# - What the law of a country wants in such a letter. Ask those who know it.
#
# ## Takeaways
#
# - Add up columns that say the same, then drop what lowered the score, then rank.
# - With four reasons a letter, some are empty.{{!some_empty}} Set a floor before you look, and leave lines blank. It takes
#   some good reasons too.{{!price}}
# - A reason describes the score. It does not promise that a change would help in the world.
# - Global values are no reasons: save the local ones.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - `analysis.json` and the configuration: SageMaker AI developer guide, pages `clarify-processing-job-run`,
#   `clarify-processing-job-configure-analysis` and `clarify-availability-change`.
# - SHAP: Lundberg and Lee (2017), A unified approach to interpreting model predictions. Reasons and causes: Janzing and
#   others (2020), Feature relevance quantification in explainable AI: a causal problem.
# - Intervals over splits: Nadeau and Bengio (2003). Credit defaults: Yeh (2009), doi:10.24432/C55S3H, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

copy = kinds == "the copy"
lab.facts(
    digits=2,
    tolerance=0.01,
    moves=arms["score falls"].min() > 0.5
    and (arms["world falls"] / arms["score falls"] - 1).abs().max() < 0.1,
    empty=Fact(shares["facts"], digits=3, tolerance=0.004),
    joining=Fact(compared["facts − columns"], digits=3, tolerance=0.004),
    joining_helps=compared["facts − columns"].high < 0
    and arms.loc["facts", "amount told twice"] == 0
    and arms.loc["columns", "amount told twice"] > 0.1,
    floor=Fact(compared["floor − facts"], digits=3, tolerance=0.004),
    left=Fact(arms.loc["facts, floor", "reasons a letter"], digits=1, tolerance=0.1),
    floor_helps=compared["floor − facts"].high < 0
    and (number - good)["facts, floor"].mean() < (number - good)["facts"].mean() / 3
    and arms.loc["facts, floor", "reasons a letter"] < 3.6,
    lost=stats.mean_interval(lost),
    price=stats.mean_interval(lost).low > 0.25,
    first_fine=arms["first is the true first"].between(0.86, 0.94).all(),
    flat=copy.sum() > 3
    and np.abs(fell[1][copy]).max() < 1e-9
    and fell[0][copy].mean() > 0.05
    and fell[1][kinds == "has an effect"].min() > 0.1
    and np.abs(fell[1][kinds == "has none"]).max() < 1e-9,
    copy_score=moves["score"]["local amount made usual"],
    copy_only_score=moves["score"]["local amount made usual"] < -0.05
    and abs(moves["true log odds"]["local amount made usual"]) < 1e-9,
    hour_both=all(law["paid at noon"] < -0.2 for law in moves.values()),
    some_empty=shares["facts"].low > 0.05,
    told_twice=real.loc["columns", "a fact told twice"] > 0.97,
    personal=real.loc["facts", "sex, marriage or age"],
    personal_up=stats.splits(personal["facts"], personal["columns"], **overlap).low
    > 0.2,
    personal_gone=on_real["personal, floor − facts"].high < -0.3
    and real.loc["facts, floor", "sex, marriage or age"] < 0.02,
    agree=on_real["same by both, floor − facts"],
    agree_up=on_real["same by both, floor − facts"].low > 0,
    sums=sums,
)
