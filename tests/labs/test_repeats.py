"""Every stored experiment and trial has a repeat that runs again whenever the tests run.

The labs rerun one themselves where the room can wait for it; the others are rerun here. The cells
of a trial are run here without the rest of their lesson, as ``labs trial`` runs them.
"""

import re

import pytest

from labs_lib.course import catalog, store, trial
from labs_lib.course.trial import compute


def confirmed_by_a_lab() -> set[str]:
    sources = catalog.LABS.rglob("lesson.py")
    call = re.compile(r'^(?:\w+ = )?store\.confirm\("([\w/]+)"', re.MULTILINE)
    return {name for s in sources for name in call.findall(s.read_text(encoding="utf-8"))}


def test_labs_confirm_experiments_that_exist():
    assert store.find()
    assert confirmed_by_a_lab() <= set(store.find())


@pytest.mark.parametrize("name", sorted(set(store.find()) - confirmed_by_a_lab()))
def test_first_repeat_is_what_was_stored(name):
    assert store.confirm(name, seed=0).rows > 0


LABS_WITH_TRIALS = [
    file.parent.relative_to(catalog.LABS).as_posix()
    for file in sorted(catalog.LABS.rglob("lesson.py"))
    if "lab.trial(" in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("lab", LABS_WITH_TRIALS)
def test_trials_run_alone_and_give_what_was_stored(lab):
    info = catalog.find(lab)
    plans = trial.plans(info)
    assert plans
    for plan in plans:
        assert trial.load(f"{lab}/{plan.name}").seeds == plan.seeds
        compute.rerun(info, plan)
