"""Exercises of the lab platform/graph."""

from labs_lib.course.lab import Lab

lab = Lab("platform/graph")

lab.predict("guess", options=("higher", "lower", "tie", "undecided"))


def _share(values: list[float]) -> float:
    return sum(value > 0 for value in values) / len(values) if values else 0.0


lab.function(
    "a function in a few words",
    # The borders belong to the cases: ties, 0 and 1, nothing, negative numbers.
    cases=(([1, 0, -1, 2],), ([],), ([0],), ([-1, -2],), ([5],)),
    right=_share,
    mistakes={
        "counts_zero": (
            "Why this usual mistake is one, and what to look at.",
            lambda values: sum(v >= 0 for v in values) / len(values) if values else 0.0,
        ),
        "not_divided": (
            "The same for another one: for {arguments} you gave {got}.",
            lambda values: float(sum(v > 0 for v in values)),
        ),
        "percent": ("And for another one.", lambda values: 100 * _share(values)),
    },
    hints=("What to look at first.", "Nearly the answer, in code."),
    praise="What follows from the right answer.",
)

lab.match(
    "a choice in a few words",
    right={"a", "c"},
    options="abcd",
    mistakes={
        "misses_a": ("Why a belongs to them.", "a"),
        "misses_c": ("Why c belongs to them.", "c"),
        "takes_b": ("Why b is none of them.", "b"),
    },
    hints=("What all of them share.", "How many there are."),
    praise="What to remember of the choice.",
)
