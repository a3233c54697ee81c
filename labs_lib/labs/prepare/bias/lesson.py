# ---
# jupyter:
#   labs:
#     concepts:
#       sm-pretraining-bias: "Six numbers from two shares"
#       sm-cdd: "Simpson's reversal, and conditional demographic disparity"
#     constants:
#       "0.02": "the margin of the trial, two people in a hundred; chosen before looking"
#       "0.5": "a setting of the trial: the error of a test, in units of the spread of skill"
#       "0.2": "an invented example in the quiz"
# ---

# %% [markdown]
# # Bias: can the labels say who was wronged?
#
# > A report on the training labels shows a gap between two groups. Was somebody treated unfairly?
#
# **You will**
#
# - compute Clarify's metrics of labels, and say which agree and which put gaps in another order;
# - recognize Simpson's reversal, and compute conditional demographic disparity;
# - measure what such a report says about two companies of which only one is unfair.
#
# **You need** [Split](20_split.ipynb). **Data in:** admissions to Berkeley in 1973, adults of the US
# census of 1994 ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Clarify, pre-training bias metrics | `bias.report` of `labs_lib.prepare` |
# | facet, `value_or_threshold` | a column, and its value or `Above(40)` |
# | group variable | a column within whose values people are compared |

# %%
from labs_lib.labs.prepare.bias.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# Two companies, North and South, want a model that reads applications. It would learn from old records of
# who did well. Before anything is trained, you audit these labels. In both companies there is a gap
# between two groups of people, and it is the same.
#
# We simulate the companies, so here we know more than an audit can. North marked the second group down: they worked
# as well, and the record says less. South marked nobody down. There the second group came with less of the
# skill, for instance from worse schools.
#
# The two groups are values of a *[facet](../glossary.md#facet)*: a favoured group **a**, and a disfavoured group **d**.
# *Positive* is the outcome that people want; here it is a record of good work.

# %% tags=["trial"]
import numpy as np
import pandas as pd

from labs_lib.prepare import bias

COMPANIES = {"North": 0.6, "South": 0.0}  # how far d is marked down


def company(seed, name, noise=0.5):
    """Return 20,000 people: what their company wrote down, and what is true."""
    rng = np.random.default_rng(seed)
    d = rng.random(20_000) < 0.4
    talent, day, luck, slip = rng.normal(size=(4, 20_000))
    seen = talent + 0.4 * day - 0.6 * d  # the work, as the company sees it
    work = seen + COMPANIES[name] * d  # the work, as it is
    skill = talent + (COMPANIES[name] - 0.6) * d
    people = {
        "facet": np.where(d, "d", "a"),
        "everybody": "all",
        "skill": skill,
        "grade": (4 * seen).round().clip(-8, 8),  # given by the company
        "test": (4 * (skill + noise * slip)).round().clip(-8, 8),  # from before
        "recorded": (seen + luck > 0.3).astype(int),
        "deserved": (work + luck > 0.3).astype(int),
    }
    return pd.DataFrame(people)


# %%
tables = {name: company(0, name) for name in COMPANIES}
public = ["facet", "grade", "recorded"]
same = tables["North"][public].equals(tables["South"][public])
f"the same facet, grade and record, row by row: {same}"

# %% [markdown]
# Facet, grade and recorded label are the same table in both companies.{{!same}} So a metric that reads
# nothing else gives both the same value, whatever its formula, and however many rows there are.
#
# ## Predict
#
# The claim: *compare people of equal qualification; what is left is discrimination*. Clarify has a metric
# for this, CDDL, which you will compute below. It is above 0 if, among people with the same result in a
# test, d has a larger part in the rejected than in the accepted.
#
# The test was taken before anybody joined. Its error is half as large as the spread of skill. In South nobody was marked
# down. Will CDDL given the test be above 0 there? [Tie](../glossary.md#tie) means that it is certainly
# within 0.02 of 0, [undecided](../glossary.md#undecided) that the data cannot say.

# %%
guess = ...  # "higher" than 0, "lower", "tie" or "undecided"
lab.innocent.commit(guess)

# %% [markdown]
# ## Six numbers from two shares
#
# Class imbalance (CI) asks who is in the table: rows of a minus rows of d, divided by all. Six other
# metrics compare labels. With two labels, each of these is made of two numbers, the shares of positives in a and in d. The
# difference in proportions of labels (DPL) subtracts the second from the first. The others are distances
# between the two distributions.


# %%
def kl(p, q):
    return (p * np.log(p / q)).sum()


# %%
def label_metrics(share_a, share_d):
    a, d = np.array([1 - share_a, share_a]), np.array([1 - share_d, share_d])
    middle = (a + d) / 2
    return {
        "DPL": share_a - share_d,
        "KS": abs(a - d).max(),  # Kolmogorov-Smirnov, over labels
        "TVD": abs(a - d).sum() / 2,  # total variation distance
        "LP": np.sqrt(((a - d) ** 2).sum()),  # length of the difference
        "KL": kl(a, d),  # Kullback-Leibler
        "JS": (kl(a, middle) + kl(d, middle)) / 2,  # Jensen-Shannon
    }


# %%
shares = tables["North"].groupby("facet")["recorded"].mean()
pairs = {
    "North and South": (shares["a"], shares["d"]),
    "50 of 100 against 40": (0.5, 0.4),
    "6 of 100 against 1": (0.06, 0.01),
    "40 of 100 against 50": (0.4, 0.5),
}
six = pd.DataFrame({name: label_metrics(*pair) for name, pair in pairs.items()}).T
six.round(3)

# %% [markdown]
# KS and TVD are the size of DPL, and LP is that size times the root of two.{{!agree}} Four columns, one
# finding.
#
# KL and JS can put gaps in another order. By DPL, 50 against 40 is the wider gap; by KL and JS, 6 against 1
# is.{{!reorder}} DPL counts people: ten in a hundred. KL looks at ratios: six times as often. Choose which
# one matters before you compare.
#
# Compare the last row with the second. Only DPL has a sign: below 0, it is d that has the larger
# share.{{!signed}} A distance cannot tell you that.
#
# `bias.report` computes the same numbers from a table.{{!engine}}

# %%
asked = {"label": "recorded", "positive": 1, "facets": {"facet": "d"}}
report = bias.report(tables["North"], **asked, methods=["CI", *six.columns]).table
found = report.set_index("metric")["value"]
f"CI {found['CI']:.3f}, DPL {found['DPL']:.3f}"

# %% [markdown]
# CI is above 0: more rows belong to a. That harms nobody by itself. But what is said about a small d rests on few
# people.
# ### Exercise 1: DPL with a threshold
#
# A report has to know who is d. In Clarify's code it is the group that you name. For a column of
# numbers you name a [threshold](../glossary.md#threshold), and d are those **strictly above** it. Write
# `dpl_above(age, repaid, threshold)`: the DPL of 0/1 labels, with its sign.


# %% tags=["exercise"]
# BEGIN SOLUTION
def dpl_above(age, repaid, threshold):
    """Return the difference in proportions of labels, -1 to 1."""
    d = age > threshold
    return repaid[~d].mean() - repaid[d].mean()


# END SOLUTION
lab.ex1.check(dpl_above)

# %% [markdown]
# ## Simpson's reversal, and conditional demographic disparity
#
# Before we return to the companies, a famous case. In autumn 1973, 4,526 people applied to the six largest departments of Berkeley. Were women
# admitted less?

# %%
counts = {
    ("men", "yes"): [512, 353, 120, 138, 53, 22],
    ("men", "no"): [313, 207, 205, 279, 138, 351],
    ("women", "yes"): [89, 17, 202, 131, 94, 24],
    ("women", "no"): [19, 8, 391, 244, 299, 317],
}

# %%
counts = pd.DataFrame(counts, index=[*"ABCDEF"])
total = counts.sum()
overall = {sex: total[sex, "yes"] / total[sex].sum() for sex in ("men", "women")}
f"admitted: {overall['men']:.2f} of the men, {overall['women']:.2f} of the women"

# %%
inside = pd.DataFrame(
    {sex: counts[sex, "yes"] / counts[sex].sum(axis=1) for sex in overall}
)
inside["applications by women"] = counts["women"].sum(axis=1)
inside.round(2)

# %% [markdown]
# In all, women are admitted less often. Inside the departments they are ahead in {{ahead}} of
# six.{{!reversal}} This is Simpson's reversal. Women applied more to the departments that
# admitted a small part of their applicants.{{!few_places}}
#
# The *demographic disparity* of d is its share among the rejected minus its share among the accepted.
# *Conditional* demographic disparity (CDD; CDDL for labels) computes it inside each group, and takes the
# mean, weighted by the rows of the groups. Compare both here. The [interval](../glossary.md#interval) comes from a
# [bootstrap](../glossary.md#bootstrap).

# %%
rows = counts.unstack().rename_axis(["sex", "admitted", "department"])
rows = rows.reset_index(name="n").assign(everybody="all")
berkeley = rows.loc[rows.index.repeat(rows["n"])]
admission = {"label": "admitted", "positive": "yes", "facets": {"sex": "women"}}
admission |= {"methods": ["CDDL"], "repeats": 1_000}

# %%
cdd = {}
for group in ("everybody", "department"):
    one = bias.report(berkeley, **admission, group_variable=group).table.iloc[0]
    cdd[group] = {"mean": one["value"], "low": one["low"], "high": one["high"]}
pd.DataFrame(cdd).T.round(3)

# %% [markdown]
# Without a group, women have a larger part in the rejected. Given the department, the value is
# {{cdd.department}}: the sign has turned, and 0 lies inside.{{!turned}}
#
# Both numbers are right; they answer two questions. Which one you want depends on something outside the
# table: may the department explain the gap? If somebody gave a department few places since so many women apply there, it may not.
#
# ### Exercise 2: CDD
#
# Write `conditional_disparity(d, positive, group)`: `d` and `positive` are arrays of True and False, `group`
# an array of names. In a group where all people got the same answer, nobody was treated differently: its
# disparity is 0.


# %% tags=["exercise"]
# BEGIN SOLUTION
def conditional_disparity(d, positive, group):
    """Return the conditional demographic disparity, -1 to 1."""
    total = 0.0
    for name in np.unique(group):
        here = group == name
        yes, no = here & positive, here & ~positive
        if yes.any() and no.any():
            total += here.mean() * (d[no].mean() - d[yes].mean())
    return total


# END SOLUTION
lab.ex2.check(conditional_disparity)

# %% [markdown]
# ## On trial: "what is left is discrimination"
#
# Back to North and South. **The measure that decides**, named before looking, is CDDL given the test. Less than 0.02 counts as nothing.
# We try five tests, from one without error to one whose error is twice the spread of skill.


# %% tags=["trial"]
NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)


def audit(seed, noise):
    """Report on the labels of both companies, drawn from one seed."""
    ask = {"positive": 1, "facets": {"facet": "d"}}
    found = {}
    for name in COMPANIES:
        people = company(seed, name, noise)
        for label in ("recorded", "deserved"):
            dpl = bias.report(people, label=label, methods=["DPL"], **ask).table
            found[name, f"DPL, {label}"] = dpl["value"].item()
        for group in ("everybody", "grade", "test"):
            cddl = bias.report(
                people, label="recorded", group_variable=group, methods=["CDDL"], **ask
            )
            found[name, f"CDDL, {group}"] = cddl.table["value"].item()
        sizes = people.groupby(["test", "recorded"]).size()
        found[name, "groups"], found[name, "smallest part"] = len(sizes), sizes.min()
    return found


# %%
audits = lab.trial(
    audit, seeds=20, levels=("company", "measure"), settings={"noise": NOISE}
)
audits.design(
    worlds="20,000 people; North and South have the same facet, grade and record",
    rows="all people of a company; nothing is trained",
    measure="CDDL of the recorded label given the test, against 0",
    margin=0.02,
    yardstick="the label that people deserved, which we know since we wrote the law. "
    "It favours a test of the very skill that the law uses; an audit has none so good.",
)

# %% [markdown]
# **What to try.** Give North `0.3` in `COMPANIES`: half of the gap is deserved then. Run that cell and the last one again; your
# values are in `audits.yours.wide("CDDL, test", noise=0.0)`. Compare them with South's values at `noise=2.0`: which company
# looks worse?
#
# First, check each arm. Are the companies what we said they are? Sort the people by
# test and record: *smallest part* says how many of them share both, where they are fewest. Means over the [worlds](../glossary.md#world):

# %%
arms = audits.wide(noise=0.5).mean().unstack()
arms.loc[list(COMPANIES)].round(3)

# %%
from labs_lib import plots, stats

truth = {
    f"{name}, {label}": stats.mean_interval(
        audits.wide(f"DPL, {label}", noise=0.5)[name]
    )
    for name in COMPANIES
    for label in ("recorded", "deserved")
}

# %%
with plots.figure(
    title="Two companies: the same gap on record, opposite truth",  # {{!opposite}}
    x="DPL between a and d (-1 to 1)",
    y="",
    size=(7, 2.8),
    alt="Recorded gaps are equal; the deserved one is 0 in North, not in South.",
) as ax:
    plots.intervals(ax, truth)
    ax.axvline(0, color=plots.GREY, linewidth=1)

# %% [markdown]
# The recorded gap is {{recorded}} in both. In North nothing of it was deserved, in South all of
# it.{{!opposite}} DPL cannot tell them apart. Nor can CDDL given the grade: it is near 0 in both, though in
# one the grade itself is what wronged people.{{!grade_blind}}
#
# The test is from before. Does it tell?

# %%
left = {}
for name in COMPANIES:
    for noise in NOISE:
        value = audits.wide("CDDL, test", noise=noise)[name]
        left[f"{name}, noise {noise:g}"] = stats.worlds(
            value, np.zeros(len(value)), comparisons=10, margin=0.02
        )
stats.table(left)[["what", "difference", "low", "high", "verdict"]]

# %%
lab.innocent.reveal(left["South, noise 0.5"].verdict)

# %%
curve = pd.DataFrame(
    [
        {"company": key.split(",")[0], "noise": noise, "CDDL": r.mean}
        | {"low": r.low, "high": r.high}
        for (key, r), noise in zip(left.items(), NOISE * 2, strict=True)
    ]
)

# %%
with plots.figure(
    title="The worse the test, the guiltier South looks",  # {{!guiltier}}
    x="error of the test (spreads of skill)",
    y="CDDL given the test (-1 to 1)",
    alt="South rises from 0 with the error of the test; North falls; they nearly meet.",
) as ax:
    ends = {"low": "low", "high": "high"}
    plots.lines(ax, curve, x="noise", y="CDDL", group="company", **ends)
    ax.axhline(0, color=plots.GREY, linewidth=1)

# %% [markdown]
# With a test free of error, South ties with 0: there the claim holds.{{!clean}} With an error half as large
# as the spread of skill, {{innocent}} is left, although nobody was wronged.{{!accused}} Only the error was changed. What does it do? Take people of South
# who reach the same result in the test.

# %%
alike = tables["South"].query("test == 4").groupby("facet")["skill"].mean()
f"the same result; mean skill of a {alike['a']:.2f}, of d {alike['d']:.2f}"

# %% [markdown]
# Those of d have less skill, although the test says the same.{{!not_alike}} On average,
# it overrated them more. So "people of equal qualification" are not equal, and what is left shows it.
#
# North lies above South at each of the five errors.{{!north_above}} But an audit sees one company and one value.
# With the worst test the two differ by {{apart}}, a small part of what they differ by
# without error.{{!they_meet}} One value says little to somebody who does not know how good the test is.
#
# So what is left after comparing like with like is discrimination, *or* error in what you compare by, or both. And if the
# company made that column itself, discrimination may hide in it. Condition on what came before the decision, choose it
# before you see the number, and ask how well it is measured.
#
# ## Where it fails: an audit of forty people
#
# Twenty thousand people are many. Take adults of the US census, d the women, positive an income above 50,000
# dollars. Draw 2,000 audits of each size. What do they say? And what would they say if there were no gap?

# %%
from labs_lib import data

people = data.load_adult_income()
woman = (people["sex"] == "Female").to_numpy()
positive = (people["income"] == ">50K").to_numpy()
rng = np.random.default_rng(0)


# %%
def small_audits(n, gap=True):
    """Return the shares of positives of men and of women in 2,000 audits."""
    who, what = rng.integers(0, len(people), (2, 2_000, n))
    w, hit = woman[who], positive[who if gap else what]
    return (hit & ~w).sum(1) / (~w).sum(1), (hit & w).sum(1) / w.sum(1)


# %%
sizes = {}
for n in (40, 400, 4_000):
    (men, women), (other_men, other_women) = small_audits(n), small_audits(n, gap=False)
    low, high = np.quantile(men - women, [0.025, 0.975])
    sizes[n] = {"DPL, low": low, "DPL, high": high}
    sizes[n] |= {
        "women ahead": (men < women).mean(),
        "KL infinite": (women == 0).mean(),
    }
    gone = other_men - other_women
    sizes[n] |= {"no gap: mean DPL": gone.mean(), "no gap: mean TVD": abs(gone).mean()}
pd.DataFrame(sizes).T.round(3)

# %% [markdown]
# Between the first two columns lie 95 of 100 audits. With forty people, women are ahead in a share of {{women_ahead}}
# of the audits, although all are drawn from the same table. KL is infinite by its formula in {{infinite}} of them: no woman
# has a high income there.
#
# Now the last two columns. Where there is no gap, DPL is 0 on average. TVD is not: in audits of forty it is
# {{no_gap}}, since a distance cannot fall below 0.{{!tvd_biased}} So small groups look
# unfair by TVD, and by KS and LP, which repeat it. Clarify's report has no intervals. Give each number one, and the number of people behind it.
#
# ## Real data: incomes in the census
#
# Two things an audit should ask of this table. *Who is in it?* People over 16 with paid hours; who earns
# nothing is missing. *Whom do the rows stand for?* Each has a survey weight, `fnlwgt`. So we weight, and
# compute the disparities by hand, with a bootstrap of the rows.

# %%
weight = people["fnlwgt"].to_numpy()
draws = [weight, *rng.poisson(1, (300, len(people))) * weight]


def with_interval(metric):
    value, *again = (metric(w) for w in draws)
    half = 2.69 * np.std(again)  # 2.69: seven intervals hold together
    return {"value": value, "low": value - half, "high": value + half}


# %%
def dpl(d):
    return lambda w: (
        np.average(positive, weights=w * ~d) - np.average(positive, weights=w * d)
    )


# %%
def cddl(column):
    group = people[column].factorize(use_na_sentinel=False)[0] if column else 0 * woman

    def metric(w):
        cells = np.bincount(4 * group + 2 * woman + positive, w).reshape(-1, 2, 2)
        cells = cells[cells.sum(axis=1).all(axis=1)]  # groups with both answers
        share = cells[:, 1] / cells.sum(axis=1)  # of women, among no and yes
        return cells.sum(axis=(1, 2)) @ (share[:, 0] - share[:, 1]) / w.sum()

    return metric


# %%
facets = {"women": woman, "above 40": (people["age"] > 40).to_numpy()}
facets["race Other"] = (people["race"] == "Other").to_numpy()

# %%
census = {f"DPL, {name}": with_interval(dpl(d)) for name, d in facets.items()}
columns = ("", "education", "occupation", "relationship")
names = [f"CDDL of women, given {c or 'nothing'}" for c in columns]
census |= {n: with_interval(cddl(c)) for n, c in zip(names, columns, strict=True)}
census = pd.DataFrame(census).T
census.round(3)

# %% [markdown]
# Those above 40 have a DPL below 0: the group that was named earns more. Without the sign this line would
# read as harm.{{!older}} *Race Other* has 406 rows, and by far the widest interval of the three.{{!few_rows}}
#
# The CDDL of women can be had at several values. Given the education it is {{education}}; given the
# relationship, {{relationship}}.{{!choose}} But two values of `relationship` are Husband and Wife: by weight they hold {{married}}
# of all people, and each of them holds practically one sex.{{!one_sex}} Where all are of one sex, nobody can be compared, and
# the disparity is 0. Such groups pull the mean towards 0. Somebody who searches for a small number finds one.
#
# The intervals take rows as independent; people of one household are not. And the label is what people were paid, not what their
# work was worth. No metric here can tell the two apart.
#
# ## On SageMaker
#
# Clarify, a part of Amazon SageMaker AI, is closed to new customers. AWS advises them to compute the formulas
# themselves, as you did. The guide lists a bias report with these metrics for Data Wrangler (in SageMaker Canvas) too.
#
# A Clarify job reads what to compute from a file, `analysis_config.json`. These lines ask for the
# report of this lab; the engine here takes the same words. Rows are not weighted in it.

# %%
config = {
    "label": "income",
    "label_values_or_threshold": [">50K"],
    "facet": [{"name_or_index": "age", "value_or_threshold": [40]}],
    "group_variable": "education",
    "methods": {"pre_training_bias": {"methods": ["CI", "DPL", "CDDL"]}},
}

# %%
local = bias.report(
    people,
    label=config["label"],
    positive=config["label_values_or_threshold"],
    facets={"age": bias.Above(*config["facet"][0]["value_or_threshold"])},
    group_variable=config["group_variable"],
    methods=config["methods"]["pre_training_bias"]["methods"],
)
local.table[["facet", "value_or_threshold", "metric", "value"]].round(3)

# %% [markdown]
# ## What is not reproduced
#
# - Clarify's report as HTML, PDF and notebook; here it is a table. Neither takes survey weights.
# - Where guide and open code of Clarify disagree, for instance about a group with one answer or a label that one
#   side lacks, the docstring of `labs_lib.prepare.bias` says how, and which one
#   the engine follows.
# - Metrics of predictions: [Fairness](../2_train/67_fairness.ipynb).
#
# ## Takeaways
#
# - Name d and the positive outcome first. DPL has a sign; distances have none.
# - KS, TVD and LP repeat DPL. KL and JS may put gaps in another order.{{!reorder}}
# - Equal labels can come from opposite truths.{{!opposite}} To tell them apart, you have to find out how the labels
#   were made.
# - What is left given a test is unfairness, or error of the test, or both.{{!accused}}
# - A number needs an interval, most of all for a small group.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Metrics: SageMaker AI developer guide, page `clarify-measure-data-bias`; availability: page
#   `clarify-availability-change`.
# - Berkeley: Bickel, Hammel and O'Connell (1975), Sex bias in graduate admissions, Science 187; counts as
#   in R's data set UCBAdmissions.
# - CDD: Wachter, Mittelstadt and Russell (2021), doi:10.1016/j.clsr.2021.105567.
# - Adult: Becker and Kohavi (1996), UCI Machine Learning Repository, CC BY.

# %% tags=["facts", "nbval-check-output"]
import itertools

from labs_lib.course.facts import Fact

mine = pd.Series(label_metrics(shares["a"], shares["d"]))
size = six["DPL"].abs()
at = {
    (firm, error): left[f"{firm}, noise {error:g}"]
    for firm in COMPANIES
    for error in NOISE
}
grade = {firm: audits.wide("CDDL, grade", noise=0.5)[firm] for firm in COMPANIES}
gap = {
    error: stats.worlds(*(audits.wide("CDDL, test", noise=error)[c] for c in COMPANIES))
    for error in (0.0, 2.0)
}
kin = people["relationship"].to_numpy()
few = inside.loc[list("CDEF")]
lab.facts(
    digits=3,
    tolerance=0.002,
    same=same and not tables["North"]["deserved"].equals(tables["South"]["deserved"]),
    agree=np.allclose(six["KS"], size)
    and np.allclose(six["TVD"], size)
    and np.allclose(six["LP"], np.sqrt(2) * size),
    reorder=six["DPL"].iloc[1] > six["DPL"].iloc[2]
    and six["KL"].iloc[1] < six["KL"].iloc[2]
    and six["JS"].iloc[1] < six["JS"].iloc[2],
    signed=six["DPL"].iloc[3] < 0 < six["DPL"].iloc[1]
    and (six.drop(columns="DPL") > 0).all().all(),
    engine=np.allclose(found[mine.index], mine),
    ahead=int((inside["women"] > inside["men"]).sum()),
    reversal=overall["women"] < overall["men"]
    and (inside["women"] > inside["men"]).sum() > 3,
    few_places=few["applications by women"].min()
    > inside.loc[["A", "B"], "applications by women"].max()
    and few[["men", "women"]].max().max()
    < inside.loc[["A", "B"], ["men", "women"]].min().min(),
    cdd={"department": cdd["department"]},
    turned=cdd["everybody"]["low"] > 0 > cdd["department"]["mean"]
    and cdd["department"]["high"] > 0,
    recorded=truth["North, recorded"],
    opposite=np.allclose(
        *(audits.wide("DPL, recorded", noise=0.5)[n] for n in COMPANIES)
    )
    and abs(truth["North, deserved"].mean) < 0.01
    and truth["South, deserved"].mean == truth["South, recorded"].mean > 0.15,
    grade_blind=np.allclose(grade["North"], grade["South"])
    and abs(grade["North"].mean()) < 0.02,
    clean=at["South", 0.0].verdict == "tie",
    innocent=at["South", 0.5],
    accused=at["South", 0.5].verdict == "higher",
    guiltier=all(
        at["South", a].high < at["South", b].low
        for a, b in itertools.pairwise(NOISE[1:])
    )
    and at["South", 0.0].mean < at["South", 0.25].mean,
    not_alike=alike["a"] - alike["d"] > 0.05,
    north_above=all(at["North", x].low > at["South", x].high for x in NOISE),
    apart=gap[2.0],
    they_meet=gap[2.0].high < gap[0.0].low / 4,
    women_ahead=Fact(sizes[40]["women ahead"], digits=2, tolerance=0.02),
    infinite=Fact(sizes[40]["KL infinite"], digits=2, tolerance=0.02),
    no_gap=Fact(sizes[40]["no gap: mean TVD"], digits=2, tolerance=0.02),
    tvd_biased=sizes[40]["no gap: mean TVD"] > 0.08
    and abs(sizes[40]["no gap: mean DPL"]) < 0.02,
    older=census.loc["DPL, above 40", "high"] < 0,
    few_rows=(census["high"] - census["low"]).iloc[:3].idxmax() == "DPL, race Other"
    and (census["high"] - census["low"])["DPL, race Other"]
    > 2 * (census["high"] - census["low"]).iloc[:2].max(),
    education=dict(census.loc[names[1]].rename({"value": "mean"})),
    relationship=dict(census.loc[names[3]].rename({"value": "mean"})),
    married=Fact(
        weight[np.isin(kin, ["Husband", "Wife"])].sum() / weight.sum(),
        digits=2,
        tolerance=0.01,
    ),
    one_sex=woman[kin == "Husband"].mean() < 0.01
    and woman[kin == "Wife"].mean() > 0.99,
    choose=census.loc[names[3], "high"] < census.loc[names[1], "low"] / 2,
)
