# ---
# jupyter:
#   labs:
#     concepts:
#       de-neptune: "The situation"
#     constants: {}
# ---

# %% [markdown]
# # Graph: rings of fraud
#
# > The question in one sentence, not the answer.
#
# **You will** do three testable things.
#
# **You need** the labs that come before. **Data in:** ... **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | ... | ... |

# %%
from labs_lib.labs.platform.graph.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A decision that somebody must take.

# %% [markdown]
# ## Predict
#
# The claim as people repeat it. Put your guess in place of the dots.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.guess.commit(guess)

# %% [markdown]
# ## On trial: the claim
#
# What is measured, and why it decides. A trial is a function of a
# [seed](../glossary.md#seed); it stands in cells that run by themselves.

# %% tags=["trial"]
import numpy as np


def compared(seed, step=1.0):
    """Return the score of one small data set, without and with the thing claimed."""
    rng = np.random.default_rng(seed)
    without, treated = rng.normal(size=(2, 50)).mean(axis=1)
    return {("without", "score"): without, ("with", "score"): treated + step}


# %% [markdown]
# How the call below checks its stored rows.

# %%
rows = lab.trial(compared, seeds=20, levels=("variant", "measure"))
rows.design(
    worlds="what a seed draws",
    rows="what is trained on, and what judges",
    measure="the score, high is good; with minus without, in pairs",
    margin=0.1,
    yardstick="what counts as true here, and which variant it favours",
)

# %% [markdown]
# **What to try.** A change of the function that a learner makes. Then look at each arm by itself.

# %%
arms = rows.wide("score")
arms.describe().round(2)

# %%
from labs_lib import stats

pair = arms["with"], arms["without"]
gain = stats.worlds(*pair, margin=0.1)
lab.guess.reveal(gain.verdict)

# %%
from labs_lib import plots

with plots.figure(
    title="With minus without", x="score (unit)", y="", alt="One line."
) as ax:
    plots.intervals(ax, {"difference": gain})

# %% [markdown]
# The result as a sentence that a computed fact guards.{{!higher}} The difference is {{gain}}.
#
# ### Exercise 1: a function in a few words
#
# What to write: `share_of_gains(values)`, and what it returns at the borders.


# %% tags=["exercise"]
# BEGIN SOLUTION
def share_of_gains(values):
    """Return the share of values above 0; 0 if there are none."""
    if not values:
        return 0.0
    return sum(value > 0 for value in values) / len(values)


# END SOLUTION
lab.ex1.check(share_of_gains)

# %% [markdown]
# ## Where it fails
#
# The wrong way, shown failing; then mended.

# %%
few = arms.head(3)
difference = few["with"] - few["without"]
smallest = difference.min()
f"smallest of {len(few)}: {smallest:.2f}"

# %% [markdown]
# ### Exercise 2: a choice in a few words
#
# Four things, a to d, of which some share something.

# %% tags=["exercise"]
# BEGIN SOLUTION
chosen = {"a", "c"}
# END SOLUTION
lab.ex2.check(chosen)

# %% [markdown]
# ## Real data
#
# The same question where things are less tidy.

# %%
from labs_lib import data

credit = data.load_credit_default()
share = credit["DEFAULT"].mean()
f"{len(credit):,} customers, {share:.1%} defaults"

# %% [markdown]
# ## On SageMaker
#
# The request that would do the same in the cloud, held against the service's own model.

# %%
from labs_lib import aws

request = {
    "objective": "binary:logistic",
    "num_round": "60",
}
aws.check_xgboost_hyperparameters(request, channels=["train"])

# %% [markdown]
# ## What is not reproduced
#
# - What the service does besides.
#
# ## Takeaways
#
# - What to do on Monday.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Where the claim and the facts come from.

# %% tags=["facts", "nbval-check-output"]
lab.facts(gain=gain, higher=gain.verdict == "higher")
