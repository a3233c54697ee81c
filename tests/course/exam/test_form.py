"""An exam cannot be passed by form: who looks only at how options are written scores like chance.

A guesser who knows nothing takes always the longest option, always the shortest, always one
letter, or the one that sounds most careful. Each takes 200 drawn papers. Options that tie are
taken in equal shares. The papers come from one bank, so that what is uncertain is the bank: the
interval is 1/4, plus or minus three standard errors of a share of that many choice questions.
Letters are drawn anew for each paper, and get the interval of all the questions drawn.
"""

import math
import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from labs_lib.course import guides
from labs_lib.course.exam import bank, paper
from labs_lib.course.exam.asked import Asked

PAPERS = 200
CHANCE = 0.25
ERRORS = 3

CAREFUL = re.compile(
    r"\b(measur\w*|compar\w*|check\w*|test(s|ed)?|try|first|before|both|depends?|only if|"
    r"provided|unless|until|may|might|count)\b",
    re.IGNORECASE,
)


def longest(texts):
    return [len(text) for text in texts]


def shortest(texts):
    return [-len(text) for text in texts]


def careful(texts):
    return [len(CAREFUL.findall(text)) for text in texts]


def careless(texts):
    return [-len(CAREFUL.findall(text)) for text in texts]


def not_longest(texts):
    most = max(map(len, texts))
    return [len(text) < most for text in texts]


def hit(item, look):
    """Return how often a guesser with this look at the options is right."""
    marks = look([part.text for part in item.parts])
    best = [number for number, mark in enumerate(marks) if mark == max(marks)]
    return (item.right[0] in best) / len(best)


@pytest.fixture(params=sorted(guides.GUIDES))
def exam(request):
    return request.param


@cache
def items(exam):
    """Return the questions of an exam."""
    return [item for item in bank.items() if item.domain_in(exam) is not None]


@cache
def papers(exam):
    """Return the choice questions of each paper, each learner's first three exams."""
    found, asked = [], Counter()
    for seed in range(PAPERS):
        if seed % 3 == 0:
            asked = Counter()
        drawn = paper.draw(bank.items(), exam=exam, seed=seed, asked=asked)
        asked.update(item.key for item in drawn)
        found.append([item for item in drawn if item.kind == "choice"])
    return found


def share(look, exam):
    """Return the share of right guesses over all papers."""
    hits = [hit(item, look) for drawn in papers(exam) for item in drawn]
    return sum(hits) / len(hits)


def around_chance(count):
    """Return the interval of chance for a share of so many questions."""
    error = (CHANCE * (1 - CHANCE) / count) ** 0.5
    return CHANCE - ERRORS * error, CHANCE + ERRORS * error


def culprits(look, exam):
    """Return the labs whose questions a guesser gets right more often than by chance."""
    extra = defaultdict(float)
    for item in items(exam):
        if item.kind == "choice":
            extra[item.lab] += hit(item, look) - CHANCE
    worst = sorted(extra, key=extra.get, reverse=True)
    return ", ".join(f"{lab} (+{extra[lab]:.1f})" for lab in worst if extra[lab] >= 1)


@pytest.mark.parametrize(
    "look",
    [
        longest,
        not_longest,
        shortest,
        careful,
        careless,
    ],
)
def test_looking_at_the_form_of_options_scores_like_chance_or_worse(look, exam):
    choices = sum(item.kind == "choice" for item in items(exam))
    _, high = around_chance(choices)
    found = share(look, exam)
    assert found <= high, f"{found:.3f}, at most {high:.3f}: {culprits(look, exam)}"


@pytest.mark.parametrize("look", [longest, not_longest, shortest, careful, careless])
def test_no_paper_of_two_hundred_is_passed_by_form(look, exam):
    best = max(
        sum(hit(item, look) for item in drawn) / len(drawn) for drawn in papers(exam)
    )
    assert best < 0.65


@pytest.mark.parametrize("look", [longest, shortest, careful, careless])
def test_several_right_options_are_not_found_by_form(look, exam):
    several = [item for item in items(exam) if item.kind == "response"]
    hits = chance = variance = 0.0
    for item in several:
        marks, count = look([part.text for part in item.parts]), len(item.right)
        likely = 1 / math.comb(len(marks), count)
        edge = sorted(marks, reverse=True)[count - 1]
        sure = {n for n, mark in enumerate(marks) if mark > edge}
        tied = {n for n, mark in enumerate(marks) if mark == edge}
        if sure <= set(item.right) <= sure | tied:
            hits += 1 / math.comb(len(tied), count - len(sure))
        chance, variance = chance + likely, variance + likely * (1 - likely)
    assert hits <= chance + ERRORS * math.sqrt(variance)


def test_words_are_counted_as_meant():
    texts = ["Measure first, and compare", "Delete it", "It depends on the firsthand news"]
    assert careful(texts) == [3, 0, 1]
    assert shortest(texts) == [-26, -9, -32]
    assert not_longest(texts) == [True, True, False]


@pytest.mark.parametrize("letter", "abcd")
def test_always_one_letter_scores_like_chance(letter, exam):
    hits = [
        letter == Asked(item, seed).write(item.right)
        for seed, drawn in enumerate(papers(exam))
        for item in drawn
    ]
    low, high = around_chance(len(hits))
    assert low <= sum(hits) / len(hits) <= high
