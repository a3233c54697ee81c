"""The columns of a class: the exercises and questions of its labs."""

from collections.abc import Sequence
from dataclasses import dataclass

from labs_lib.course.catalog import LabInfo
from labs_lib.course.classroom.state import Items
from labs_lib.course.quiz import Option


@dataclass(frozen=True)
class ClassColumn:
    """An exercise or a question.

    Attributes
    ----------
    lab : str
        Identity of the lab.
    lab_title : str
    name : str
        Such as ``ex1`` or ``quiz2``.
    text : str
        What the exercise is about, or the question.
    options : dict of str to Option
        By letter; empty for an exercise.
    """

    lab: str
    lab_title: str
    name: str
    text: str
    options: dict[str, Option]


def of(labs: Sequence[LabInfo]) -> list[ClassColumn]:
    """Return the columns of some labs, in their order."""
    found = []
    for info in labs:
        lab = info.exercises().lab
        for exercise in lab.exercises:
            found.append(
                ClassColumn(info.id, info.title, exercise.name, exercise.title, {})
            )
        for number, question in enumerate(lab.quiz.questions, start=1):
            name = f"quiz{number}"
            found.append(
                ClassColumn(
                    info.id, info.title, name, question.text, dict(question.options)
                )
            )
    return found


def items(columns: Sequence[ClassColumn]) -> Items:
    """Return what learners of a class with these columns may send."""
    found: Items = {}
    for column in columns:
        found.setdefault(column.lab, {})[column.name] = "".join(column.options)
    return found


def checked(given: object) -> Items:
    """Return the items that a class asks for, if they have the form of `items`.

    Raises
    ------
    ValueError
        If they have not.
    """
    if not isinstance(given, dict) or not given:
        raise ValueError("The class names no labs.")
    for lab, names in given.items():
        if not isinstance(names, dict) or not all(
            isinstance(letters, str) for letters in names.values()
        ):
            raise ValueError(f"The class says of {ascii(lab)[:60]} what no lab has.")
    return {str(lab): dict(names) for lab, names in given.items()}
