# ---
# jupyter:
#   labs:
#     concepts:
@CONCEPTS@
#     constants: {}
# ---

# %% [markdown]
# # @TITLE@
#
# > The question in one sentence, not the answer.
#
# **You will** do three to five testable things.
#
# **You need** the labs that come before. **Data in:** ... **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | ... | ... |

# %%
from labs_lib.labs.@PART@.@NAME@.exercises import lab

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
guess = ...  # "higher", "lower" or "no difference shown"
lab.guess.commit(guess)

# %% [markdown]
# ## On trial: the claim
#
# Why, run, read the result.

# %%
measured = 0.5

# %% [markdown]
# The result in words, bound to the code: {{measured}}.

# %% [markdown]
# ## Where it fails
#
# The wrong way, shown failing; then mended.

# %% [markdown]
# ### Exercise 1: a title in a few words
#
# What to do, and what the answer should be.

# %% tags=["exercise"]
# BEGIN SOLUTION
answer = 1
# END SOLUTION
lab.ex1.check(answer)

# %% [markdown]
# ## Real data
#
# The same question where things are less tidy.

# %% [markdown]
# ## On SageMaker
#
# The request that would do the same in the cloud, validated.

# %% [markdown]
# ## What is not reproduced
#
# - ...

# %% [markdown]
# ## Takeaways
#
# - ...

# %% [markdown]
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - ...

# %% tags=["facts", "nbval-check-output"]
lab.facts(measured=measured)
