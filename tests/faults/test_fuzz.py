"""A share of the spoilt inputs of `tests.faults.fuzz`; all of them by running that module."""

import pytest

from . import fuzz

SHARE = {"monitor": 300, "aws": 700, "sagemaker": 1000}


@pytest.mark.parametrize("name", SHARE)
def test_what_is_spoilt_is_told_in_a_documented_way(name):
    kinds, wrong = fuzz.run(name, SHARE[name])
    assert wrong == []
    assert sum(kinds.values()) == SHARE[name]
    # Some are still right, some are refused: the subjects do work.
    assert len(kinds) >= 3


def test_an_unlawful_answer_is_told_with_what_repeats_it(monkeypatch):
    def wrong(self, chance):
        raise KeyError("x")

    monkeypatch.setattr(fuzz.Aws, "one", wrong)
    with pytest.raises(fuzz.Unlawful, match="aws, seed 5, input 0"):
        fuzz.run("aws", 3, seed=5)
    _, found = fuzz.run("aws", 3, stop=False)
    assert len(found) == 3


def test_an_error_that_nobody_here_put_into_words_is_unlawful():
    for raise_it in (lambda: int("x"), lambda: fuzz.aws.validate("Nothing", {})):
        try:
            raise_it()
        except ValueError as error:
            caught = error
        if "invalid literal" in str(caught):
            with pytest.raises(AssertionError):
                fuzz.said(caught)
        else:
            assert fuzz.said(caught) == "ValueError"


def test_a_seed_gives_the_same_inputs_again():
    assert fuzz.run("aws", 40, seed=3) == fuzz.run("aws", 40, seed=3)
