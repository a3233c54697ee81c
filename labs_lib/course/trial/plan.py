"""What a lesson declares about a trial, and the results that its function gives."""

import ast
import hashlib
import inspect
import itertools
import linecache
import math
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_lib import definitions
from labs_lib.course import source
from labs_lib.course.catalog import LabInfo

DIGITS = 6
"""Significant digits of a stored number."""


@dataclass(frozen=True)
class TrialPlan:
    """What a lesson declares about one trial.

    Attributes
    ----------
    name : str
        Name of the function.
    text : str
        All trial cells of the lesson, in order; they run by themselves.
    seeds : int
        The trial runs for seeds 0 to ``seeds - 1``.
    levels : tuple of str
        What the keys of its result are, such as ``("method", "measure")``.
    settings : dict of str to tuple
        Values of each further argument; every combination runs.
    chaotic : tuple of str
        Values of the last level that branch on rounding, such as a search: a rerun's numbers
        may be any within the range of the stored seeds, and as many outside as chance explains.
    """

    name: str
    text: str
    seeds: int
    levels: tuple[str, ...]
    settings: dict[str, tuple] = field(default_factory=dict)
    chaotic: tuple[str, ...] = ()

    def combinations(self) -> list[dict[str, Any]]:
        """Return every combination of settings, in the order declared."""
        return [
            dict(zip(self.settings, values, strict=True))
            for values in itertools.product(*self.settings.values())
        ]

    def code_hash(self) -> str:
        """Return the hash of the text, of all that it reaches, and of what is declared."""
        declared = {
            "name": self.name,
            "seeds": self.seeds,
            "levels": list(self.levels),
            "settings": {name: list(values) for name, values in self.settings.items()},
        }
        return definitions.digest(self.text, settings=declared)


def plans(info: LabInfo) -> list[TrialPlan]:
    """Return what the lesson of a lab declares: a plan a call of ``lab.trial``.

    Raises
    ------
    ValueError
        If the trial cells do not run by themselves, the call names no function of theirs, or
        its arguments cannot be computed from them.
    """
    page = source.read(info)
    text = "\n\n\n".join(cell.text for cell in page.code if "trial" in cell.tags)
    calls = [
        call
        for cell in page.code
        if "trial" not in cell.tags
        for call in _calls(cell.solution)
    ]
    if not calls:
        return []
    try:
        space = namespace(text, info.id)
    except Exception as error:
        raise ValueError(
            f"{info.id}: the trial cells do not run by themselves: {told(error)}. They see "
            "nothing of the other cells."
        ) from None
    return [_plan(info.id, text, call, space) for call in calls]


def _calls(code: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lab.trial":
            yield node


def _plan(lab: str, text: str, call: ast.Call, space: dict[str, Any]) -> TrialPlan:
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Name):
        raise ValueError(f"{lab}: lab.trial takes the trial's function by its name.")
    name = call.args[0].id
    if not inspect.isfunction(space.get(name)):
        raise ValueError(f"{lab}: no cell tagged `trial` defines the function {name}.")
    given = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise ValueError(f"{lab}: lab.trial({name}, **...): name each argument.")
        code = compile(ast.Expression(keyword.value), f"<lab.trial({name})>", "eval")
        try:
            given[keyword.arg] = eval(code, dict(space))
        except NameError as error:
            raise ValueError(
                f"{lab}: lab.trial({name}, {keyword.arg}=...): {error}; define it in a cell "
                "tagged `trial`."
            ) from None
    return make_plan(space[name], text, **given)


def make_plan(
    function: Callable,
    text: str,
    *,
    seeds: int,
    levels: Sequence[str],
    settings: Mapping[str, Sequence] | None = None,
    chaotic: Sequence[str] = (),
) -> TrialPlan:
    """Check what is declared about a trial.

    Raises
    ------
    ValueError
        If an argument is not as `TrialPlan` describes, or the function does not take the settings.
    """
    name = function.__name__
    if not isinstance(seeds, int) or seeds < 2:
        raise ValueError(
            f"{name}: seeds is {seeds!r}, expected a whole number of at least 2."
        )
    levels = (levels,) if isinstance(levels, str) else tuple(levels)
    wanted = {"seed", "value", *(settings or {})}
    if not levels or len(set(levels)) != len(levels) or wanted & set(levels):
        raise ValueError(
            f"{name}: levels is {levels!r}, expected names that differ from each other, from "
            f"the settings, and from seed and value."
        )
    chosen = {}
    for key, values in (settings or {}).items():
        values = [values] if isinstance(values, str) else list(values)
        plain = [v.item() if hasattr(v, "item") else v for v in values]
        if not plain or not all(isinstance(v, str | int | float) for v in plain):
            raise ValueError(
                f"{name}: setting {key} is {values!r}, expected numbers or texts."
            )
        chosen[key] = tuple(plain)
    parameters = inspect.signature(function).parameters
    if missing := sorted({"seed", *chosen} - set(parameters)):
        raise ValueError(
            f"{name}({', '.join(parameters)}) does not take {', '.join(missing)}."
        )
    return TrialPlan(name, text, seeds, levels, chosen, tuple(chaotic))


def namespace(text: str, lab: str) -> dict[str, Any]:
    """Execute the text of trial cells in a namespace of its own; tracebacks show its lines."""
    name = f"<trial cells of {lab}, {hashlib.sha256(text.encode()).hexdigest()[:8]}>"
    lines = text.splitlines(keepends=True)
    linecache.cache[name] = (len(text), None, lines, name)
    module = types.ModuleType("trial_cells")
    module.__file__ = name
    # Functions ask their module for their source (inspect, pickle of partials).
    sys.modules["trial_cells"] = module
    exec(compile(text, name, "exec"), module.__dict__)
    return module.__dict__


def told(error: BaseException) -> str:
    """Return an error and the line of the trial cells in which it arose."""
    text = f"{type(error).__name__}: {error}"
    trace, line = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith("<trial cells"):
            line = linecache.getline(name, trace.tb_lineno).strip()
            text_of_line = f", line {trace.tb_lineno} of the trial cells: {line}"
        trace = trace.tb_next
    return text + (text_of_line if line else "")


def checked(lab: str, plan: TrialPlan, task: tuple[int, int], result: Any) -> dict:
    """Return a result with rounded plain numbers under tuples of text."""
    who = f"{lab}: {named(plan, *task)}"
    if not isinstance(result, Mapping) or not result:
        raise ValueError(
            f"{who} returned {type(result).__name__}, expected a dict of numbers."
        )
    clean = {}
    for key, value in result.items():
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != len(plan.levels) or not all(isinstance(p, str) for p in parts):
            raise ValueError(
                f"{who} has the key {key!r}, expected texts for ({', '.join(plan.levels)})."
            )
        value = value.item() if hasattr(value, "item") else value
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(
                f"{who} has {value!r} under {key!r}, expected a finite number."
            )
        clean[parts] = float(f"{value:.{DIGITS}g}")
    return clean


def rows_of(plan: TrialPlan, seed: int, combination: int, result: dict) -> list[dict]:
    chosen = plan.combinations()[combination]
    return [
        {"seed": seed}
        | chosen
        | dict(zip(plan.levels, key, strict=True))
        | {"value": value}
        for key, value in result.items()
    ]


def named(plan: TrialPlan, seed: int, combination: int) -> str:
    chosen = plan.combinations()[combination]
    inside = "".join(f", {name}={value!r}" for name, value in chosen.items())
    return f"{plan.name}({seed}{inside})"


def difference(before: Sequence, now: Sequence) -> str:
    gone = [key for key in before if key not in now]
    new = [key for key in now if key not in before]
    told = [f"without {', '.join(map(str, gone))}"] if gone else []
    told += [f"with {', '.join(map(str, new))}"] if new else []
    return " and ".join(told) or "in another order"
