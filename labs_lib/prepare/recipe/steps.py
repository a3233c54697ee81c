"""Steps of a recipe in DataBrew's form: written by `action`, read and checked here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from labs_lib.prepare.recipe.messages import similar
from labs_lib.prepare.recipe.operations import OPERATIONS
from labs_lib.prepare.recipe.parameters import as_string


def action(operation: str, **parameters: object) -> dict:
    """Write one step of a recipe as DataBrew does: every parameter is a string.

    Parameters
    ----------
    operation : str
        One of `OPERATIONS`.
    **parameters
        Parameters of the operation under DataBrew's names. Strings stay as they are;
        numbers, booleans and lists become the strings that DataBrew expects.

    Returns
    -------
    dict
        ``{"Action": {"Operation": ..., "Parameters": {name: string}}}``

    Raises
    ------
    ValueError
        If the operation or a parameter is unknown, missing or has a wrong value.

    Examples
    --------
    >>> action("BUCKETIZATION", sourceColumn="age", targetColumn="band",
    ...        bucketNames=["young", "old"], splits=["-Infinity", 40, "Infinity"])
    ... # doctest: +NORMALIZE_WHITESPACE
    {'Action': {'Operation': 'BUCKETIZATION', 'Parameters': {'sourceColumn': 'age',
    'targetColumn': 'band', 'bucketNames': '["young", "old"]',
    'splits': '["-Infinity", "40", "Infinity"]'}}}
    """
    texts = {name: as_string(name, value) for name, value in parameters.items()}
    _parse(operation, texts)
    return {"Action": {"Operation": operation, "Parameters": texts}}


def _parse(operation: str, parameters: Mapping[str, str]) -> tuple[str, dict]:
    if operation not in OPERATIONS:
        raise ValueError(
            f"there is no operation {operation!r}. {similar(str(operation), OPERATIONS)}"
        )
    rules = OPERATIONS[operation]
    allowed = [*rules.required, *rules.optional]
    for name, text in parameters.items():
        if name not in allowed:
            raise ValueError(
                f"{operation} has no parameter {name!r}. {similar(name, allowed)}"
            )
        if not isinstance(text, str):
            raise ValueError(
                f"{operation}: parameter {name} is {text!r}, but DataBrew's parameters are "
                "strings; build the step with action()."
            )
    parsed = {name: default for name, (_, default) in rules.optional.items()}
    readers = {**rules.required, **{name: rule[0] for name, rule in rules.optional.items()}}
    if missing := [name for name in rules.required if name not in parameters]:
        raise ValueError(f"{operation} needs {', '.join(missing)}.")
    for name, text in parameters.items():
        try:
            parsed[name] = readers[name](text)
        except ValueError as error:
            raise ValueError(f"{operation}: parameter {name}: {error}.") from None
    try:
        rules.check(parsed)
    except ValueError as error:
        raise ValueError(f"{operation}: {error}.") from None
    return operation, parsed


def parse_steps(steps: Sequence[Mapping]) -> list[tuple[str, dict]]:
    """Return the operation of each step and its parameters, read and checked."""
    if not isinstance(steps, list | tuple):
        raise ValueError(
            f"steps is {type(steps).__name__}, expected a list of action(...)."
        )
    parsed = []
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping) or set(step) != {"Action"}:
            raise ValueError(
                f"step {number} is {step!r}, expected {{'Action': {{'Operation': ..., "
                "'Parameters': ...}}} and nothing else (conditions are not supported)."
            )
        chosen = step["Action"]
        if not isinstance(chosen, Mapping) or set(chosen) != {"Operation", "Parameters"}:
            raise ValueError(f"step {number}: an Action has an Operation and Parameters.")
        try:
            parsed.append(_parse(chosen["Operation"], chosen["Parameters"]))
        except ValueError as error:
            raise ValueError(f"step {number}: {error}") from None
    return parsed


@contextmanager
def in_step(number: int, operation: str) -> Iterator[None]:
    """Put the number and name of the step before an error that is raised inside."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"step {number}, {operation}: {error}") from error
