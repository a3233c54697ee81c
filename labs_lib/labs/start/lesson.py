# ---
# jupyter:
#   labs:
#     concepts: {}
#     constants: {}
# ---

# %% [markdown]
# # What SageMaker does, run locally
#
# Amazon SageMaker prepares data, trains models, deploys them and watches them. In this course
# you run each of these ideas on your own machine: no account, no bill, no network.
#
# Every lab takes something that notes and documentation claim, such as "SMOTE improves the
# model", and puts it on trial: it is measured, on data whose truth is known, with an interval.
# Sometimes the claim holds. Often it holds only in part, and you will see which.
#
# Run a cell with **Shift+Enter**. Start with the one below.

# %%
from labs_lib.labs.start.exercises import lab

lab.start()

# %% [markdown]
# ## Is this machine ready?
#
# The check takes a few seconds. If a line says FAIL, it names the command that mends it.

# %% tags=["nbval-ignore-output"]
from labs_lib.course import doctor

doctor.summary()

# %% [markdown]
# ## How a lab works
#
# Text and code take turns. Cells are short; read what they print. In each lab there are
# exercises, and each answers back. Try one.
#
# ### Exercise 1: the accuracy of doing nothing
#
# A company sees 1,100 card payments a day; 11 of them are fraud. A colleague proposes the model
# `never_fraud`, which lets every payment pass. What is its accuracy: the share of payments about
# which it is right? Put a number in place of the dots and run the cell. If you want help, run
# `lab.ex1.hint()`; each call gives more.

# %%
payments_a_day = 1_100
frauds_a_day = 11

# %% tags=["exercise"]
# BEGIN SOLUTION
accuracy = (payments_a_day - frauds_a_day) / payments_a_day
# END SOLUTION
lab.ex1.check(accuracy)

# %% [markdown]
# Four things to know.
#
# - `lab.ex1.solution()` shows an answer. Nobody keeps count.
# - On another day, start with `. .venv/bin/activate && jupyter lab notebooks/00_start_here.ipynb` in the
#   course's folder (Windows: `.venv\Scripts\Activate.ps1` first, then the rest); on a hub, sign in. A
#   lab knows what you passed, but its cells have to run again: choose *Run > Run All Above Selected Cell*.
# - You may change any cell. `labs reset LAB` in a terminal gives you the fresh lab back and keeps
#   yours beside it.
# - Numbers in the text come from the code. If a library changes an answer, the course's own tests
#   fail before you read it.
#
# Each lab ends with a quiz: situations with a constraint, as an exam would put them. Here is a
# quiz of one question.

# %%
lab.quiz()

# %% [markdown]
# ## Your progress
#
# What you pass is noted in one small file of yours. It stays on this machine, unless you join a class
# (`labs class join`; `labs class status` shows what is sent). Run this cell again after a lab. In a
# terminal, `labs` says the same, and `labs progress` names what is open, lab by lab.
# `labs review` asks again what you missed, and later what you may have forgotten: five minutes a day.
#
# When you want to know where you stand, take the practice exam: 65 questions in 130 minutes, as in
# MLA-C01. Run `labs exam` in a terminal, or `from labs_lib.course import exam; exam.sit()` in a cell. You
# may stop it, and go on another day. The questions of the last part are a data engineer's:
# `labs exam --of DEA-C01`, or `exam.sit("DEA-C01")`.

# %%
from labs_lib.course import home

home.show()

# %% [markdown]
# ## The map
#
# A lab is named after its part and its subject. Minutes are for reading and exercises; computing
# takes less than one.

# %%
from labs_lib.course import overview

overview.course_map()

# %%
from labs_lib.course import catalog

labs, planned = catalog.labs(), catalog.labs(planned=True)
concepts = catalog.concepts()
covered = [concept for concept in concepts if concept.status == "done"]
len(concepts)

# %% [markdown]
# Looking for a term from your notes? [Concepts](concepts.md) lists {{concepts}} of them, with the
# lab and section where each one runs. So far {{labs}} of {{planned}} labs exist; {{covered}} of the
# concepts run. The [glossary](glossary.md) explains the words that the labs use.
#
# ## Routes
#
# Follow the order of the map, or take one of these. Minutes are without breaks.

# %%
overview.routes()

# %% [markdown]
# When you have done a good part of the labs, try the [capstone](capstone.md): your code runs a fraud department for
# 90 days, in worlds that nobody has seen, and is scored in euros.
#
# Instructors find measured times, stopping points and the usual wrong answers in the run sheet,
# `docs/run_sheet.md` in the folder of the course.
#
# ## Facts
#
# Every measured number in a lab's text comes from a table such as this one, at the end of the lab.

# %% tags=["facts", "nbval-check-output"]
lab.facts(
    concepts=len(concepts),
    covered=len(covered),
    labs=len(labs),
    planned=len(planned),
)
