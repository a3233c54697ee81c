"""Exercises of the lab prepare/split."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, in_another_process, wrong
from labs_lib.course.lab import Lab

lab = Lab("prepare/split")

lab.predict("stratify", options=("higher", "lower", "no difference shown"))


# Exercise 1: a side for life --------------------------------------------------------------

_CUSTOMERS = np.random.default_rng(0).integers(0, 200_000, 1_500).repeat(2)[::-1]
_LATER = np.random.default_rng(1).integers(0, 300_000, 1_000)


@lab.exercise(
    "a side for life",
    hints=(
        "The side may depend on the customer's number and on nothing else: not on the other rows, not "
        "on how many there are.",
        "Turn the number into another one that looks random but is always the same, such as "
        "`zlib.crc32(str(number).encode())`, or the first draw of a generator with that seed.",
        "`[zlib.crc32(str(c).encode()) % 1000 < 1000 * share for c in customers]`, as an array.",
    ),
    misconceptions={
        "shape": "The answer should be one True or False for each of the {rows} rows; yours has "
        "the shape {shape}.",
        "rows": "Customer {customer} is on both sides. Draw sides for customers, not for rows.",
        "share": "With `share` = {share:g}, {got:.2f} of the customers went to test.",
        "order": "Test has the customers with the smallest or the largest numbers. Numbers are given in "
        "order of arrival, so that compares old customers with new ones.",
        "depends": "Customer {customer} changes sides when other rows are added or left out. Tomorrow "
        "a training customer would be in the test set. Let the number alone decide.",
        "salted": "In another Python process other customers go to test. `hash` of a text changes from "
        "process to process; take a checksum such as `zlib.crc32`.",
    },
    praise="No list of customers has to be kept, and yesterday's split still holds tomorrow.",
)
def ex1(in_test: Callable) -> Wrong | None:
    """Any rule by the customer's number alone passes that gives about the share."""

    def ask(customers: np.ndarray, share: float) -> np.ndarray:
        return np.asarray(in_test(customers.copy(), share))

    for share in (0.3, 0.1):
        got = ask(_CUSTOMERS, share)
        if got.shape != _CUSTOMERS.shape:
            return wrong("shape", rows=len(_CUSTOMERS), shape=got.shape)
        got = got.astype(bool)
        both = np.intersect1d(_CUSTOMERS[got], _CUSTOMERS[~got])
        if len(both):
            return wrong("rows", customer=both[0])
        different, first = np.unique(_CUSTOMERS, return_index=True)
        side = got[first]
        if abs(side.mean() - share) > 0.05:
            return wrong("share", share=share, got=side.mean())
        if np.abs(np.diff(side.astype(int))).sum() <= 2:
            return wrong("order")
        more = np.concatenate([_LATER, _CUSTOMERS[::3]])
        known = np.isin(more, different)
        later = ask(more, share).astype(bool)
        before = side[np.searchsorted(different, more[known])]
        if (later[known] != before).any():
            return wrong(
                "depends", customer=more[known][np.argmax(later[known] != before)]
            )
    there = in_another_process(in_test, [(_CUSTOMERS, share)])
    if there is not None and not np.array_equal(np.asarray(there[0], dtype=bool), got):
        return wrong("salted")
    return None


# Exercise 2: the optimism of a pick -------------------------------------------------------


def _tables() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    made = []
    for worlds, settings in ((6, 10), (20, 50)):
        skill = rng.normal(0.4, 0.02, (worlds, settings))
        made.append(tuple(skill + rng.normal(0, 0.05, (2, worlds, settings))))
    return made


@lab.exercise(
    "the optimism of a pick",
    hints=(
        "In each row: which column would you have picked by `test`? What did you report, and what does "
        "that same column score on `fresh`?",
        "`test.argmax(axis=1)` gives the pick of each world; `fresh[np.arange(len(fresh)), picks]` its "
        "fresh scores.",
        "`(test.max(axis=1) - fresh[np.arange(len(fresh)), test.argmax(axis=1)]).mean()`",
    ),
    misconceptions={
        "both_maxima": "You compare with the best setting on the fresh rows. Nobody knew that one: "
        "look up the fresh score of the setting that was picked on the test rows.",
        "no_pick": "You average over all settings. The optimism is that of the one that was picked.",
        "picked_on_fresh": "You pick by the fresh scores. The pick is made on the test rows.",
        "sign": "The sign is turned round: reported minus fresh.",
        "per_world": "You return {got} values. Give one number, the mean over worlds.",
        "other": "For {worlds} worlds and {settings} settings expected {expected:.4f}; yours gave "
        "{got:.4f}.",
    },
    praise="It grows with the number of settings and with the noise of the test, not with the skill.",
)
def ex2(optimism: Callable) -> Wrong | None:
    """The mean over worlds of reported minus fresh, for the column picked on test."""
    for test, fresh in _tables():
        got = np.asarray(optimism(test.copy(), fresh.copy()), dtype=float)
        if got.size != 1:
            return wrong("per_world", got=got.size)
        got = float(got.ravel()[0])
        every = np.arange(len(test))
        picks, late = test.argmax(axis=1), fresh.argmax(axis=1)
        expected = (test[every, picks] - fresh[every, picks]).mean()
        if np.isclose(got, expected):
            continue
        for mistake, value in (
            ("sign", -expected),
            ("both_maxima", (test.max(axis=1) - fresh.max(axis=1)).mean()),
            ("no_pick", (test - fresh).mean()),
            ("picked_on_fresh", (test[every, late] - fresh[every, late]).mean()),
        ):
            if np.isclose(got, value):
                return wrong(mistake)
        return wrong(
            "other",
            worlds=len(test),
            settings=test.shape[1],
            expected=expected,
            got=got,
        )
    return None


# Exercise 3: which split for which question? ----------------------------------------------

lab.match(
    "which split for which question?",
    right={
        "a": "ordered",
        "b": "by key",
        "c": "stratified",
        "d": {"randomized", "stratified"},
    },
    mistakes={
        "time": (
            "In a the model will meet later days, and payments of one attack lie close in time. With "
            "{got} the model would be judged on days that it has seen.",
            "a",
        ),
        "people": (
            "In b the patients will be new, and each has many images. With {got} the images of one "
            "patient lie on both sides.",
            "b",
        ),
        "few": (
            "In c nine cracks are shared among the parts. With {got} a part may get none of them, or "
            "rows are kept together that have nothing in common.",
            "c",
        ),
        "nothing": (
            "In d the rows are independent, of one day and of different people: {got} solves a "
            "problem that is not there.",
            "d",
        ),
    },
    hints=(
        "Ask of each: what will be new when the model works? A later day, another person, or only "
        "another row?",
        "In one of them rows of one person are many and persons will be new. In another, the days "
        "will be new and the customers are the same.",
        "Where rows are independent, ask only whether a part could end up with too few positives.",
    ),
    praise="The split copies what will be new. Only when nothing is, a coin is right.",
)
