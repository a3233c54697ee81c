"""Exercises of the lab @ID@."""

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("@ID@")

lab.predict("guess", options=("higher", "lower", "no difference shown"))


@lab.exercise(
    "a title in a few words",
    hints=("What to look at.", "Nearly the answer."),
    misconceptions={
        "first": "Why this usual mistake is one, and what to look at.",
        "second": "The same for another one; you gave {answer}.",
        "third": "And another one.",
    },
    praise="What follows from the right answer.",
)
def ex1(answer: int) -> Wrong | None:
    """Any answer with the right property passes."""
    if answer == 0:
        return wrong("first")
    if answer < 0:
        return wrong("second", answer=answer)
    if answer > 1:
        return wrong("third")
    return None
