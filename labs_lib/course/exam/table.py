"""The bank as tables: what it holds, and whether its form gives answers away."""

from collections import Counter
from collections.abc import Sequence

from labs_lib.course import guides
from labs_lib.course.exam.bank import KINDS, Item

LETTERS = "abcd"


def share_of_longest(item: Item, *, shortest: bool = False) -> float:
    """Return how often who takes the longest option of a choice question is right.

    Among options of one length the guess is by chance, so that it may be a fraction.
    """
    lengths = [len(part.text) for part in item.parts]
    extreme = min(lengths) if shortest else max(lengths)
    tied = [number for number, length in enumerate(lengths) if length == extreme]
    return (item.right[0] in tied) / len(tied)


def text(items: Sequence[Item]) -> str:
    """Return the tables: domain of each exam by kind, lab by kind, length and letters of right
    options."""
    lines = []
    for guide in guides.GUIDES.values():
        titles = {number: domain.title for number, domain in guide.domains.items()}
        of_exam = [item for item in items if item.domain_in(guide.code) is not None]
        rows = [titles[item.domain_in(guide.code) or 0] for item in of_exam]
        lines += [*_counted(guide.code, list(titles.values()), rows, of_exam), ""]
    labs = [item.lab for item in items]
    lines += _counted("lab", list(dict.fromkeys(labs)), labs, items)
    lines += [
        "",
        "longest, shortest: choice questions whose right option is it (one of two of a length: "
        "half); chance is a quarter.",
    ]
    choices = [item for item in items if item.kind == "choice"]
    if choices:
        places = Counter(LETTERS[item.right[0]] for item in choices)
        shares = (f"{letter} in {places[letter] / len(choices):.0%}" for letter in LETTERS)
        lines.append(f"Letters of right options: {', '.join(shares)}. An exam mixes them.")
    return "\n".join(lines)


def _counted(
    name: str, rows: Sequence[str], row_of: Sequence[str], items: Sequence[Item]
) -> list[str]:
    """Return a table with a line for each of `rows`; `row_of` names the row of each item."""
    wide = max(map(len, [*rows, name, "all"]))
    head = [*KINDS, "all", "longest", "shortest"]
    lines = [f"{name:<{wide}}" + "".join(f"{title:>10}" for title in head)]
    for row in [*rows, "all"]:
        of_row = [
            item for item, of in zip(items, row_of, strict=True) if row in (of, "all")
        ]
        choices = [item for item in of_row if item.kind == "choice"]
        cells = [str(sum(item.kind == kind for item in of_row)) for kind in KINDS]
        cells.append(str(len(of_row)))
        cells.append(f"{sum(map(share_of_longest, choices)):.1f}")
        cells.append(f"{sum(share_of_longest(i, shortest=True) for i in choices):.1f}")
        lines.append(f"{row:<{wide}}" + "".join(f"{cell:>10}" for cell in cells))
    return lines
