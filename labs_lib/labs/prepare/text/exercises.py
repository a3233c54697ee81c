"""Exercises of the lab prepare/text."""

from zlib import crc32

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("prepare/text")

lab.predict("costs", options=("hashing", "deleting names", "no difference shown"))


# Exercise 1: a column for every word -----------------------------------------------------


def _bag(words, width, *, shift=0, once=False, modulo=0):
    found = [0] * width
    for word in words:
        place = (crc32(word.encode()) % (width + modulo) + shift) % width
        found[place] = 1 if once else found[place] + 1
    return found


def _salted(words, width):
    found = [0] * width
    for word in words:
        found[hash(word) % width] += 1
    return found


def _sorted_out(words, width):
    found = [0] * width
    for place, word in enumerate(sorted(set(words))):
        found[place % width] += words.count(word)
    return found


_SENTENCE = [
    "she",
    "is",
    "not",
    "handsome",
    "enough",
    "to",
    "tempt",
    "me",
    "she",
    "said",
]

lab.function(
    "a column for every word",
    cases=(
        (_SENTENCE, 8),
        (_SENTENCE, 256),
        (["emma", "emma", "emma"], 4),
        ([], 3),
        (["é", "emma"], 5),
        (["a", "b", "c"], 1),
    ),
    right=_bag,
    mistakes={
        "once": (
            "You note that a word is there. Count how often: three times `emma` is a 3, and two words "
            "that share a column are added up.",
            lambda words, width: _bag(words, width, once=True),
        ),
        "salted": (
            "Python's own `hash` starts from another number in each process, so a word would get "
            "another column tomorrow. Take `crc32`.",
            _salted,
        ),
        "vocabulary": (
            "You number the words of this list. The same word then gets another column in another "
            "list; its column should depend on its letters alone.",
            _sorted_out,
        ),
        "one_less": (
            "You divide by one less than the width, so the last column is never used.",
            lambda words, width: _bag(words, width, modulo=-1 if width > 1 else 0),
        ),
        "shifted": (
            "Columns count from 0, and the remainder does so already.",
            lambda words, width: _bag(words, width, shift=1),
        ),
    },
    hints=(
        "Start with a list of `width` zeros.",
        "For each word, find its column and add 1 there.",
        "`found[crc32(word.encode()) % width] += 1`, in a loop over the words.",
    ),
    praise="Nothing was learned, and nothing has to be stored: the formula is the vocabulary.",
)


# Exercise 2: alone in its column? --------------------------------------------------------

lab.function(
    "alone in its column?",
    cases=((1, 10), (0, 10), (2, 4), (3, 1), (13_612, 65_536), (255, 256)),
    right=lambda others, width: (1 - 1 / width) ** others,
    mistakes={
        "shared": (
            "That is the chance to share the column. Ask for the chance to be alone.",
            lambda others, width: 1 - (1 - 1 / width) ** others,
        ),
        "counted_itself": (
            "You counted the word itself among the others: with no others it is certainly alone.",
            lambda others, width: (1 - 1 / width) ** (others + 1),
            lambda others, width: (1 - 1 / width) ** (others - 1) if width > 1 else 0.0,
        ),
        "added": (
            "You subtracted one chance for each of the other words. With more words than columns that is below "
            "zero: chances that all have to come true are multiplied.",
            lambda others, width: 1 - others / width,
            lambda others, width: max(0.0, 1 - others / width),
        ),
        "limit": (
            "`exp(-others / width)` comes near it when the columns are many. Multiply the chances themselves.",
            lambda others, width: float(np.exp(-others / width)),
        ),
        "all_alone": (
            "That is the chance that no two words at all share a column. Only one word is asked for.",
            lambda others, width: float(
                np.prod([max(0.0, 1 - k / width) for k in range(others + 1)])
            ),
        ),
    },
    hints=(
        "One other word lands in another column with the chance 1 - 1 / width.",
        "All the others have to do that, independently of each other.",
        "`(1 - 1 / width) ** others`.",
    ),
    praise="The width that you need grows with the vocabulary: with as many columns as words, about a third "
    "of the words are alone.",
)


# Exercise 3: how common is a word? -------------------------------------------------------


def _weights(counts):
    return 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))


lab.function(
    "how common is a word?",
    cases=(
        (np.array([[2, 0, 1], [1, 0, 0], [4, 0, 0], [0, 1, 7]]),),
        (np.array([[1, 1], [1, 0]]),),
        (np.array([[3, 0]]),),
        (np.array([[5], [0], [5], [2], [0], [1]]),),
    ),
    right=_weights,
    mistakes={
        "total": (
            "You used how often a word is counted. A word that one paragraph repeats is not common: ask "
            "in how many paragraphs it stands.",
            lambda c: 1 + np.log((1 + len(c)) / (1 + c.sum(axis=0))),
        ),
        "words": (
            "`n` is the number of paragraphs, the rows. You took the number of words.",
            lambda c: 1 + np.log((1 + c.shape[1]) / (1 + (c > 0).sum(axis=0))),
        ),
        "upside_down": (
            "A common word should get a small weight: look at which number is above the line.",
            lambda c: 1 + np.log((1 + (c > 0).sum(axis=0)) / (1 + len(c))),
            lambda c: 1 - np.log((1 + len(c)) / (1 + (c > 0).sum(axis=0))),
        ),
        "other_axis": (
            "You counted along the rows: this says how many different words a paragraph has.",
            lambda c: 1 + np.log((1 + len(c)) / (1 + (c > 0).sum(axis=1))),
        ),
        "without_one": (
            "The 1 in front is missing: a word that stands in each paragraph would get the weight 0 "
            "and vanish.",
            lambda c: np.log((1 + len(c)) / (1 + (c > 0).sum(axis=0))),
        ),
    },
    hints=(
        "`d` is about paragraphs, not about how often a word is repeated in one.",
        "`(counts > 0)` says where a word stands. Sum it over the paragraphs.",
        "`1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))`.",
    ),
    praise="The weights are learned from training paragraphs and kept, like any other number of a recipe.",
)
