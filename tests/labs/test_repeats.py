"""Every stored experiment has a repeat that runs again whenever the tests run.

The labs rerun one themselves where the room can wait for it; the others are rerun here.
"""

import re

import pytest

from labs_lib.course import catalog, store


def confirmed_by_a_lab() -> set[str]:
    sources = catalog.LABS.rglob("lesson.py")
    call = re.compile(r'^(?:\w+ = )?store\.confirm\("([\w/]+)"', re.MULTILINE)
    return {name for s in sources for name in call.findall(s.read_text(encoding="utf-8"))}


def test_labs_confirm_experiments_that_exist():
    assert confirmed_by_a_lab()
    assert confirmed_by_a_lab() <= set(store.find())


@pytest.mark.parametrize("name", sorted(set(store.find()) - confirmed_by_a_lab()))
def test_first_repeat_is_what_was_stored(name):
    assert store.confirm(name, seed=0).rows > 0
