"""Exercises of the lab prepare/split."""

from collections.abc import Callable, Iterator

import numpy as np

from labs_lib.course.exercise import Wrong, in_another_process, wrong
from labs_lib.course.lab import Lab

lab = Lab("prepare/split")

lab.predict("promise", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: a side for life --------------------------------------------------------------

_CUSTOMERS = np.random.default_rng(0).integers(0, 200_000, 1_500).repeat(2)[::-1]
_LATER = np.random.default_rng(1).integers(0, 300_000, 1_000)
_NEVER_SEEN = np.random.default_rng(2).integers(200_000, 300_000, 1_500)


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
        "values": "The answer should be True or False for each row, or 1 and 0; yours holds `{value}`.",
        "rows": "Customer {customer} is on both sides. Draw sides for customers, not for rows.",
        "share": "With `share` = {share:g}, {got:.2f} of the customers went to test.",
        "order": "Test has the customers with the smallest or the largest numbers. Numbers are given in "
        "order of arrival, so that compares old customers with new ones.",
        "depends": "Customer {customer} changes sides when other rows are added or left out. Tomorrow "
        "a training customer would be in the test set. Let the number alone decide.",
        "salted": "In another Python process other customers go to test. `hash` of a text changes from "
        "process to process, and so does whatever is drawn without a seed or kept in a list on the way. "
        "Take a checksum such as `zlib.crc32`.",
    },
    praise="No list of customers has to be kept, and yesterday's split still holds tomorrow.",
)
def ex1(in_test: Callable) -> Wrong | None:
    """Any rule by the customer's number alone passes that gives about the share."""

    def ask(customers: np.ndarray, share: float) -> np.ndarray:
        return _as_column(in_test(customers.copy(), share))

    different, first = np.unique(_CUSTOMERS, return_index=True)
    for share in (0.1, 0.3, 0.0, 1.0):
        got = ask(_CUSTOMERS, share)
        if got.shape != _CUSTOMERS.shape:
            return wrong("shape", rows=len(_CUSTOMERS), shape=got.shape)
        other = [value for value in got if value not in (0, 1)]
        if other:
            return wrong("values", value=str(other[0]))
        got = got.astype(bool)
        both = np.intersect1d(_CUSTOMERS[got], _CUSTOMERS[~got])
        if len(both):
            return wrong("rows", customer=both[0])
        side = got[first]
        if abs(side.mean() - share) > (0.05 if 0 < share < 1 else 0):
            return wrong("share", share=share, got=side.mean())
        if 0 < share < 1 and np.abs(np.diff(side.astype(int))).sum() <= 2:
            return wrong("order")
        more = np.concatenate([_LATER, _CUSTOMERS[::3]])
        known = np.isin(more, different)
        later = ask(more, share).astype(bool)
        before = side[np.searchsorted(different, more[known])]
        if (later[known] != before).any():
            return wrong(
                "depends", customer=more[known][np.argmax(later[known] != before)]
            )
    # In another order, and there first: a list that is kept on the way would be found here.
    there = in_another_process(in_test, [(_NEVER_SEEN[::-1].copy(), 0.3)])
    here = ask(_NEVER_SEEN, 0.3).astype(bool)
    if there is None:
        return None
    return wrong("salted") if (_as_column(there[0])[::-1] != here).any() else None


def _as_column(answer: object) -> np.ndarray:
    """Return an answer for each row, in any usual form, as an array; a column becomes flat."""
    answer = list(answer) if isinstance(answer, Iterator) else answer
    array = np.asarray(answer)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


# Exercise 2: which split for which question? ----------------------------------------------

lab.match(
    "which split for which question?",
    right={
        "a": "ordered",
        "b": "by key",
        "c": "stratified",
        "d": "ordered and by key",
    },
    options=("randomized",),
    mistakes={
        "time": (
            "In a the model meets the same customers on later days. So only the days of the test have "
            "to be new; with {got} it would be another question.",
            "a",
        ),
        "people": (
            "In b all images are of one week and the patients will be new, and each has many images. "
            "So a patient belongs to one side, and nothing else is asked for; you answered {got}.",
            "b",
        ),
        "few": (
            "In c no two rows belong together and nothing is later. But nine cracks are few: with {got} "
            "a part may get none of them. One split steadies their number.",
            "c",
        ),
        "both": (
            "In d two things are new: the year and the people. With {got} the test leaves one of them, "
            "or both, as they were in training.",
            "d",
        ),
    },
    hints=(
        "Ask of each: what will be new when the model works? A later day, another person, both, or only "
        "another row?",
        "In one of them the days will be new and the customers are the same; in another it is the other "
        "way round.",
        "Where rows have nothing in common, ask only whether a part could end up with too few positives.",
    ),
    praise="The split copies what will be new. Drawing rows is right only where nothing but the row is new.",
)


# Exercise 3: the optimism of a pick -------------------------------------------------------


def _optimism(test: np.ndarray, fresh: np.ndarray) -> float:
    picks = test.argmax(axis=1)
    return float((test.max(axis=1) - fresh[np.arange(len(fresh)), picks]).mean())


def _scores(worlds: int, settings: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(worlds)
    skill = rng.normal(0.4, 0.02, (worlds, settings))
    return tuple(skill + rng.normal(0, 0.05, (2, worlds, settings)))


lab.function(
    "the optimism of a pick",
    cases=(
        _scores(6, 10),
        _scores(20, 50),
        _scores(4, 4),
        _scores(1, 5),
        _scores(3, 1),
        tuple(reversed(_scores(2, 1))),
        (np.array([[0.3, 0.4], [0.5, 0.1]]), np.array([[0.2, 0.5], [0.7, 0.1]])),
    ),
    right=_optimism,
    mistakes={
        "both_maxima": (
            "You compare with the best setting on the fresh rows. Nobody knew that one: look up the "
            "fresh score of the setting that was picked on the test rows.",
            lambda test, fresh: (test.max(axis=1) - fresh.max(axis=1)).mean(),
            lambda test, fresh: abs(test.max(axis=1) - fresh.max(axis=1)).mean(),
        ),
        "no_pick": (
            "You average over all settings. The optimism is that of the one that was picked.",
            lambda test, fresh: (test - fresh).mean(),
            lambda test, fresh: (test.max(axis=1) - fresh.mean(axis=1)).mean(),
        ),
        "crossed": (
            "`fresh[:, picks]` takes every pick in every world. Each row has one pick: give the rows too.",
            lambda test, fresh: (
                test.max(axis=1) - fresh[:, test.argmax(axis=1)]
            ).mean(),
        ),
        "picked_on_fresh": (
            "You pick by the fresh scores. The pick is made on the test rows.",
            lambda test, fresh: -_optimism(fresh, test),
        ),
        "one_pick": (
            "You pick one setting for all worlds. Each world is a team of its own, which sees only its "
            "own row.",
            lambda test, fresh: (test - fresh)[:, test.mean(axis=0).argmax()].mean(),
            lambda test, fresh: (
                test.max() - fresh[np.unravel_index(test.argmax(), test.shape)]
            ),
            lambda test, fresh: test.max() - fresh.max(),
        ),
        "sign": (
            "The sign is turned round: reported minus fresh.",
            lambda test, fresh: -_optimism(test, fresh),
        ),
        "size_only": (
            "You drop the sign. A pick may also be reported too low, and the mean is to show it.",
            lambda test, fresh: abs(_optimism(test, fresh)),
            lambda test, fresh: np.mean(
                [
                    abs(_optimism(t[None], f[None]))
                    for t, f in zip(test, fresh, strict=True)
                ]
            ),
        ),
        "per_world": (
            "You return one number for each world. Give one number, the mean over worlds.",
            lambda test, fresh: np.array(
                [_optimism(t[None], f[None]) for t, f in zip(test, fresh, strict=True)]
            ),
        ),
    },
    hints=(
        "In each row: which column would you have picked by `test`? What did you report, and what does "
        "that same column score on `fresh`?",
        "`test.argmax(axis=1)` gives the pick of each world; `fresh[np.arange(len(fresh)), picks]` its "
        "fresh scores.",
        "`(test.max(axis=1) - fresh[np.arange(len(fresh)), test.argmax(axis=1)]).mean()`",
    ),
    praise="Now look at it for XGBoost, and at how it grows with the number of settings.",
)
