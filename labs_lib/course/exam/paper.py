"""Draw an exam: 65 questions by domain, as few as possible that were asked before."""

import random
from collections.abc import Mapping, Sequence

from labs_lib.course import guides
from labs_lib.course.exam.bank import Item

QUESTIONS = 65
MINUTES = 130


def shares(exam: str = guides.FIRST, questions: int = QUESTIONS) -> dict[int, int]:
    """Return how many questions of each domain an exam has; what is over goes to the largest
    remainders."""
    domains = guides.find(exam).domains
    exact = {number: questions * domain.percent / 100 for number, domain in domains.items()}
    counts = {domain: int(value) for domain, value in exact.items()}
    by_rest = sorted(exact, key=lambda domain: counts[domain] - exact[domain])
    for domain in by_rest[: questions - sum(counts.values())]:
        counts[domain] += 1
    return counts


def draw(
    items: Sequence[Item],
    *,
    exam: str = guides.FIRST,
    seed: int,
    asked: Mapping[str, int] | None = None,
    questions: int = QUESTIONS,
) -> list[Item]:
    """Return the questions of an exam, in the order in which they are asked.

    Parameters
    ----------
    items : sequence of Item
        The bank.
    exam : str
        Its code.
    seed : int
    asked : mapping of str to int, optional
        How often a question, by its key, was in earlier exams. Those asked least often come
        first, so that two exams share as few questions as the bank allows.
    questions : int
        How many, 1 to `QUESTIONS`.

    Raises
    ------
    ValueError
        If there is no such exam, there cannot be so many, or the bank has too few questions
        of a domain.
    """
    if questions not in range(1, QUESTIONS + 1):
        raise ValueError(
            f"An exam of {questions} questions: give 1 to {QUESTIONS}, as the real one has."
        )
    asked = asked or {}
    generator = random.Random(seed)
    drawn = []
    for domain, count in shares(exam, questions).items():
        of_domain = [item for item in items if item.domain_in(exam) == domain]
        if len(of_domain) < count:
            raise ValueError(
                f"The bank has {len(of_domain)} questions of domain {domain} of {exam}; an "
                f"exam takes {count}."
            )
        generator.shuffle(of_domain)
        of_domain.sort(key=lambda item: asked.get(item.key, 0))
        drawn += of_domain[:count]
    generator.shuffle(drawn)
    return drawn


def shown(item: Item, *, seed: int) -> list[int]:
    """Return the numbers of an item's parts in the order in which this exam shows them.

    Steps never stand in the right order. Pairs are mixed too; their matches stay alphabetical.
    """
    numbers = list(range(len(item.parts)))
    generator = random.Random(f"{seed} {item.key}")
    generator.shuffle(numbers)
    while item.kind == "ordering" and numbers == sorted(numbers):
        generator.shuffle(numbers)
    return numbers
