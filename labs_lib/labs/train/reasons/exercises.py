"""Exercises of the lab train/reasons."""

from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("train/reasons")

lab.predict(
    "empty", options=("under 5 in 100", "5 to 10", "10 to 30", "over 30 in 100")
)


# Exercise 1: reason codes ----------------------------------------------------------------

_VALUES = {
    "amount_cents": 0.40,
    "amount_local": 0.45,
    "hour": 0.62,
    "distance_km": 0.15,
    "age_band": -0.90,
    "device": -0.02,
}
# The copy lowers the score: only the two together say what the amount did.
_AGAINST = {"amount_local": -0.30, "amount_cents": 0.50, "hour": 0.35, "device": 0.10}
_CANCELLED = {"hour": 0.20, "amount_cents": 0.25, "amount_local": -0.25, "device": 0.30}
_HALVES = {"bill_may": 0.2, "age": 0.3, "bill_june": 0.25, "limit": -0.1}
_GROUPS = {"amount_local": "amount_cents"}


def _reasons(
    values: dict[str, float],
    groups: dict[str, str],
    k: int,
    *,
    size: Callable = float,
    raised: Callable = lambda value: value > 0,
    falling: bool = True,
    first: Callable = lambda value: True,
    join: Callable = lambda old, new: old + new,
) -> list[str]:
    total: dict[str, float] = {}
    for name, value in values.items():
        if first(value):
            name = groups.get(name, name)
            total[name] = join(total[name], value) if name in total else value
    kept = [name for name in total if raised(total[name])]
    return sorted(kept, key=lambda n: size(total[n]), reverse=falling)[:k]


lab.function(
    "reason codes",
    cases=(
        (_VALUES, _GROUPS, 2),
        (_VALUES, _GROUPS, 10),
        (_AGAINST, _GROUPS, 2),
        (_CANCELLED, _GROUPS, 3),
        (_VALUES, {}, 3),
        (_VALUES, _GROUPS, 1),
        (_HALVES, {"bill_may": "bill", "bill_june": "bill"}, 2),
        ({"hour": -0.2, "device": 0.0}, _GROUPS, 3),
    ),
    right=_reasons,
    mistakes={
        "absolute": (
            "You list what lowered the score. A reason for a decline has to have pushed towards it, "
            "however large the others are.",
            lambda *given: _reasons(*given, size=abs, raised=lambda value: True),
            lambda *given: _reasons(*given, size=abs, raised=lambda value: value != 0),
        ),
        "twice": (
            "The amount and its copy in local currency stand apart. They are one fact: split in two, "
            "each half looks smaller than it is, or the reader is told it twice.",
            lambda values, groups, k: _reasons(values, {}, k),
        ),
        "not_added": (
            "You name the fact once, and count only a part of what it did. Add up the values of "
            "its columns before you rank.",
            lambda *given: _reasons(*given, join=max),
            lambda *given: _reasons(*given, join=lambda old, new: new),
            lambda *given: _reasons(*given, join=lambda old, new: old),
            lambda *given: _reasons(*given, join=lambda old, new: (old + new) / 2),
            lambda values, groups, k: [
                *dict.fromkeys(
                    groups.get(name, name) for name in _reasons(values, {}, 99)
                )
            ][:k],
            lambda values, groups, k: [
                *dict.fromkeys(
                    groups.get(name, name) for name in _reasons(values, {}, k)
                )
            ],
            lambda values, groups, k: _reasons(
                {n: v for n, v in values.items() if n not in groups}, {}, k
            ),
        ),
        "dropped_first": (
            "You drop what lowered the score before you add up the columns that say the same. A copy "
            "may take back what the other gave: add first, then ask what is above zero.",
            lambda *given: _reasons(*given, first=lambda value: value > 0),
        ),
        "padded": (
            "Asked for more reasons than there are, you list some that raised nothing. Fewer true "
            "reasons are better than a full list.",
            lambda *given: _reasons(*given, raised=lambda value: True),
            lambda *given: _reasons(*given, raised=lambda value: value >= 0),
        ),
        "order": (
            "The largest reason comes first.",
            lambda *given: _reasons(*given, falling=False),
            lambda values, groups, k: _reasons(values, groups, k)[::-1],
        ),
        "too_many": (
            "You give every reason there is; at most k were asked for.",
            lambda values, groups, k: _reasons(values, groups, 99),
        ),
    },
    hints=(
        "Which columns pushed this score towards a decline? Which two say the same thing?",
        "Add up by `groups.get(name, name)`, keep what is above zero, sort from large to small.",
        "`total = {}`; for each name and value add to `total[groups.get(name, name)]`; then "
        "`sorted((n for n in total if total[n] > 0), key=total.get, reverse=True)[:k]`.",
    ),
    praise="A list of reasons describes the score. Whether the reasons caused anything in the "
    "world, it does not say.",
)


# Exercise 2: what the letter may say -----------------------------------------------------


lab.match(
    "what the letter may say",
    right={"a": True, "b": False, "c": True, "d": False},
    mistakes={
        "cause": (
            "Sentence b says what would happen in the world. You saw the opposite: with "
            "another local amount the score moved, and the true risk did not.",
            "b",
        ),
        "age": (
            "Sentence d says what would happen in the world. The age itself has no effect there; "
            "amounts and payments a day go with it, and the letter cannot tell them apart.",
            "d",
        ),
        "score_denied": (
            "Sentences a and c are about the score alone, and you can check them with the "
            "model in hand. They may stand.",
            lambda may: not (may["a"] and may["c"]),
        ),
    },
    hints=(
        "Two of the sentences are about the score. Which of them could be checked by asking the "
        "model again?",
        "A sentence about the world, or about other people, cannot be checked by asking the "
        "model.",
        "a and c speak of the score; b and d of the world.",
    ),
    praise="Explanations answer for the model. For the world you need an experiment, or a "
    "published law as here.",
)


# Exercise 3: which job gives letters? ----------------------------------------------------


lab.match(
    "which job gives letters?",
    right={"b", "d"},
    options="abcd",
    mistakes={
        "not_saved": (
            "After a there is one value a column, for all customers together. In JSON the local "
            "values are saved only if you say so.",
            "a",
        ),
        "median": (
            "b saves the local values. How they are made global, by mean or median, does not "
            "touch them.",
            "b",
        ),
        "mean_curve": (
            "c gives the mean prediction of all customers along a column. It says nothing about "
            "one of them.",
            "c",
        ),
        "scale": (
            "d saves the local values too, in log odds instead of probabilities. Reasons can be "
            "ranked on either scale.",
            "d",
        ),
    },
    hints=(
        "A letter is about one customer. Which files hold a value for each of them?",
        "Which option decides whether the values of each row are kept? Is it on by itself?",
        "Two of the four save the local values.",
    ),
    praise="The letter needs local values. How they are averaged, and on which scale, is another "
    "question.",
)
