"""The folder of a new lab, from the templates beside this module."""

from pathlib import Path

from labs_lib import files
from labs_lib.course import catalog
from labs_lib.settings import ROOT

_TEMPLATES = catalog.HERE / "template"
_CLONE = (
    "A lab is made in a copy of your own: clone the repository, and install it with "
    "`pip install -e .`."
)


def make(name: str) -> list[Path]:
    """Write the folder and the test of a lab that the course plans.

    Parameters
    ----------
    name : str
        ``PART/NAME``. It has its title and place in ``course.toml`` already; giving it
        minutes there makes it part of the course.

    Returns
    -------
    list of Path
        The files made, relative to the course folder: lesson, exercises, quiz and test.

    Raises
    ------
    ValueError
        If the lab is not in ``course.toml``, one of its files exists, or this copy of the course
        is none for authors or cannot be written. No file is changed then.
    """
    planned = {lab.id: lab for lab in catalog.labs(planned=True)}
    if name not in planned:
        raise ValueError(
            f"{name!r} is not in labs_lib/course/course.toml. Add it there first, with its "
            "title and order; its part has to exist."
        )
    if not (ROOT / "tests").is_dir():
        raise ValueError(f"{ROOT} holds no sources of the course. {_CLONE}")
    info = planned[name]
    part, short = name.split("/")
    tests = ROOT / "tests" / "labs" / part
    targets = {
        info.lesson: "lesson.py",
        info.folder / "exercises.py": "exercises.py",
        info.folder / "quiz.toml": "quiz.toml",
        tests / f"test_{short}.py": "test_lab.py",
    }
    if existing := [file for file in targets if file.exists()]:
        names = ", ".join(file.relative_to(ROOT).as_posix() for file in existing)
        raise ValueError(f"{names} exist already; nothing was written.")
    concepts = [c for c in catalog.concepts() if c.lab == name]
    values = {
        "ID": name,
        "PART": part,
        "NAME": short,
        "TITLE": info.title,
        "CONCEPT": concepts[0].id if concepts else "",
        "CONCEPTS": "\n".join(f'#       {c.id}: "The situation"' for c in concepts),
    }
    packages = [f / "__init__.py" for f in (info.folder.parent, info.folder, tests)]
    texts = {file: "" for file in packages if not file.exists()}
    for file, template in targets.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        texts[file] = text
    try:
        files.write_all(texts)
    except OSError as error:
        raise ValueError(f"{ROOT} cannot be written ({error.strerror}). {_CLONE}") from None
    return [file.relative_to(ROOT) for file in targets]


def next_steps(name: str) -> str:
    """Return what an author does after `make`, as numbered lines."""
    part, short = name.split("/")
    text = (catalog.HERE / "concepts.csv").read_text(encoding="utf-8").splitlines()
    own = [concept.id for concept in catalog.concepts() if concept.lab == name]
    lines = [str(n) for n, line in enumerate(text, start=1) if line.split(",")[0] in own]
    steps = [
        f"Write labs_lib/labs/{name}/lesson.py, then exercises.py and quiz.toml beside it.",
        f"Give {name} its `minutes` in labs_lib/course/course.toml, line {catalog.line_of(name)}.",
        f"Run `labs trial {name}`: it stores the rows of the lesson's trials.",
        f"Run `labs build {name}`, and read the built notebooks.",
        f"Run `pytest tests/labs/{part}/test_{short}.py`, and see which faults its checks let "
        f"pass: `python -m tests.labs.mutation {name}`.",
    ]
    if lines:
        steps.insert(
            2, f"Write done in labs_lib/course/concepts.csv, line {', '.join(lines)}."
        )
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
