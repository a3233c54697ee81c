import shutil

import pytest

from labs_lib.course import catalog

SOURCE = """\
# ---
# jupyter:
#   labs:
#     concepts: {}
#     constants:
#       "0.5": "by definition"
# ---

# %% [markdown]
# # A tiny course
#
# Chance scores 0.5.

# %%
from labs_lib.labs.start.exercises import lab

share = 0.25

# %% [markdown]
# ## Exercise
#
# The share is {{share}}.

# %% tags=["exercise"]
# BEGIN SOLUTION
#: count what is right
accuracy = 0.99
# END SOLUTION
lab.ex1.check(accuracy)

# %% [markdown]
# ## Facts

# %% tags=["facts", "nbval-check-output"]
lab.facts(share=share)
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The start page of a course in a temporary folder, with a source of its own."""
    root, committed = tmp_path / "course", catalog.find("start").folder
    monkeypatch.setattr(catalog, "NOTEBOOKS", root / "notebooks")
    monkeypatch.setattr(catalog, "LABS", root / "labs_lib" / "labs")
    info = catalog.find("start")
    info.lesson.parent.mkdir(parents=True)
    info.lesson.write_text(SOURCE, encoding="utf-8")
    shutil.copy(committed / "quiz.toml", info.folder)
    catalog.NOTEBOOKS.mkdir()
    (question,) = info.exercises().lab.quiz.questions
    monkeypatch.setattr(question, "section", "Exercise")
    return info


@pytest.fixture
def edit(tiny):
    """Return a function that replaces text in the tiny source."""

    def replace(old: str, new: str) -> None:
        text = tiny.lesson.read_text(encoding="utf-8")
        assert old in text
        tiny.lesson.write_text(text.replace(old, new), encoding="utf-8")

    return replace
