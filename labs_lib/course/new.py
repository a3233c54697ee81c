"""The files of a new lab, from the templates beside this module."""

from pathlib import Path

from labs_lib import files
from labs_lib.course import catalog
from labs_lib.settings import ROOT

_TEMPLATES = catalog.HERE / "template"


def make(name: str) -> list[Path]:
    """Write the source, exercises and tests of a lab that the course plans.

    Parameters
    ----------
    name : str
        ``PART/NAME``. It has its title and place in ``course.toml`` already; giving it
        minutes there makes it part of the course.

    Returns
    -------
    list of Path
        The files made, relative to the course folder.

    Raises
    ------
    ValueError
        If the lab is not in ``course.toml``, or one of its files exists. Nothing is written
        then.
    """
    planned = {lab.id: lab for lab in catalog.labs(planned=True)}
    if name not in planned:
        raise ValueError(
            f"{name!r} is not in labs_lib/course/course.toml. Add it there first, with its "
            "title and order; its part has to exist."
        )
    info = planned[name]
    part, short = name.split("/")
    targets = {
        info.source: "source.py",
        ROOT / "labs_lib" / "exercises" / part / f"{short}.py": "exercises.py",
        ROOT / "tests" / "exercises" / part / f"test_{short}.py": "test_exercises.py",
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
        "CONCEPTS": "\n".join(f'#       {c.id}: "The situation"' for c in concepts),
    }
    for file, template in targets.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        files.write_text(file, text)
    package = ROOT / "labs_lib" / "exercises" / part / "__init__.py"
    if not package.exists():
        files.write_text(package, "")
    return [file.relative_to(ROOT) for file in targets]
