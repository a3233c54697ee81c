"""Mutation test of the checks: small faults put into a right function have to be refused.

``python -m tests.labs.mutation [LAB ...]`` prints a table, and what survives. A mutant is killed
if its check answers anything but "passed". One that cannot be told from the right function by any
input is listed in the lab's test file, with the reason::

    EQUIVALENT = {"ex1: x <= 1 → x < 1": "both branches give 1 there"}
"""

import ast
import copy
import importlib
import math
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from labs_lib.course import catalog, source
from labs_lib.course.catalog import LabInfo
from labs_lib.course.exercise import PASSED, WRONG, Exercise

MAX_ROUNDS = 200_000
"""Rounds of all loops of a mutant together; more is a loop without end."""

_FLIPS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_NAMES = {
    "ceil": ("floor", "round"),
    "floor": ("ceil", "round"),
    "round": ("ceil", "floor"),
    "min": ("max",),
    "max": ("min",),
    "minimum": ("maximum",),
    "maximum": ("minimum",),
    "argmin": ("argmax",),
    "argmax": ("argmin",),
    "nlargest": ("nsmallest",),
    "nsmallest": ("nlargest",),
    "any": ("all",),
    "all": ("any",),
    "mean": ("median", "sum"),
    "median": ("mean",),
    "sum": ("mean",),
    "var": ("std",),
    "std": ("var",),
    "sin": ("cos",),
    "cos": ("sin",),
}
_DROPPED = ("abs", "sqrt", "fabs", "sorted", "sort", "unique", "cumsum")


@dataclass(frozen=True)
class Target:
    """A right function of a lesson, with what it needs to run."""

    exercise: Exercise
    code: str
    answers: tuple[str, ...]
    names: dict = field(repr=False)


@dataclass(frozen=True)
class Mutant:
    """One fault, and what became of it: its status, or "equivalent"."""

    text: str
    status: str


class Endless(Exception):
    """A mutant whose loop does not come to an end."""


def targets(info: LabInfo) -> list[Target]:
    """Return the right functions of a lab, from the solution regions of its lesson."""
    lab, names, found = info.exercises().lab, {"math": math, "np": np}, []
    for cell in source.read(info).code:
        tree = ast.parse(cell.solution)
        imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), "<imports>", "exec"), names)
        if not cell.is_exercise:
            continue
        call = tree.body[-1].value
        answers = tuple(a.id for a in call.args)
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
        if set(answers) & {f.name for f in functions}:
            code = "\n\n".join(map(ast.unparse, tree.body[:-1]))
            found.append(
                Target(getattr(lab, call.func.value.attr), code, answers, dict(names))
            )
    return found


def mutate(code: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield each fault that can be put into the functions of a code: its text, and the code."""
    tree = ast.parse(code)
    seen: Counter[str] = Counter()
    for number, node in enumerate(ast.walk(tree)):
        for variant in range(len(list(_alternatives(node, tree)))):
            changed = copy.deepcopy(tree)
            old = list(ast.walk(changed))[number]
            new = list(_alternatives(old, changed))[variant]
            statement = _statement(changed, old)
            before = _head(statement)
            after = _head(new) if old is statement else None
            _put(changed, old, new)
            text = f"{before} → {after or _head(statement)}"
            seen[text] += 1
            text += f" ({seen[text]})" if seen[text] > 1 else ""
            yield text, ast.fix_missing_locations(changed)


def _alternatives(node: ast.AST, tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    if not _in_function(node, tree):
        return
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in _FLIPS.get(type(operator), ()):
                new = copy.deepcopy(node)
                new.ops[place] = other()
                yield new
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _OPERATORS:
        new = copy.deepcopy(node)
        new.op = _OPERATORS[type(node.op)]()
        yield new
    elif isinstance(node, ast.UnaryOp):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Constant):
        yield from map(ast.Constant, _other_constants(node, tree))
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound) is not None:
                new = copy.deepcopy(node)
                setattr(new, bound, None)
                yield new
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.Pass):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring:
            yield ast.Pass()


def _other_constants(node: ast.Constant, tree: ast.Module) -> Iterator[object]:
    value = node.value
    parent = _parent(tree, node)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        if isinstance(parent, ast.keyword) and parent.arg == "axis" and value in (0, 1):
            yield 1 - value
        else:
            yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield value * 2 if value else 1.0
    elif isinstance(value, str) and not isinstance(parent, ast.Expr | ast.JoinedStr):
        yield f"{value}_"


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
    owner = getattr(node.func, "value", None)
    module = isinstance(owner, ast.Name) and owner.id in ("np", "math", "pd")
    for other in _NAMES.get(name, ()):
        new = copy.deepcopy(node)
        if owner is None or (getattr(owner, "id", "") == "math" and other == "round"):
            known = other in ("round", "min", "max", "sum", "any", "all")
            new.func = _read(other if known else f"np.{other}")
        elif other == "median" and not module:
            # An array has no such method.
            new.func, new.args = _read("np.median"), [new.func.value, *new.args]
        else:
            new.func.attr = other
        yield new
    if name in _DROPPED:
        if node.args and (owner is None or module):
            yield copy.deepcopy(node.args[0])
        elif owner is not None and not module:
            yield copy.deepcopy(owner)
    plain = not any(isinstance(a, ast.Starred) for a in node.args)
    if name in ("max", "min", "maximum", "minimum"):
        plain = False  # Their order makes no difference.
    if len(node.args) == 2 and plain and ast.dump(node.args[0]) != ast.dump(node.args[1]):
        new = copy.deepcopy(node)
        new.args.reverse()
        yield new
    for place in range(len(node.keywords)):
        new = copy.deepcopy(node)
        del new.keywords[place]
        yield new


def _read(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _parent(tree: ast.AST, node: ast.AST) -> ast.AST | None:
    for parent in ast.walk(tree):
        if any(child is node for child in ast.iter_child_nodes(parent)):
            return parent
    return None


def _in_function(node: ast.AST, tree: ast.Module) -> bool:
    while node is not None and not isinstance(node, ast.FunctionDef):
        node = _parent(tree, node)
    return node is not None


def _statement(tree: ast.Module, node: ast.AST) -> ast.stmt:
    while not isinstance(node, ast.stmt):
        node = _parent(tree, node)
    return node


def _head(statement: ast.AST) -> str:
    if isinstance(statement, ast.Pass):
        return "(dropped)"
    return ast.unparse(statement).splitlines()[0]


def _put(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    parent = _parent(tree, old)
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list):
            value[:] = [new if part is old else part for part in value]


def run(target: Target, tree: ast.Module) -> str:
    """Return the status that the check gives to a code."""
    tree, rounds = copy.deepcopy(tree), iter(range(MAX_ROUNDS))
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.While):
            node.body.insert(0, ast.Expr(_read("_round()")))

    def one_round() -> None:
        if next(rounds, None) is None:
            raise Endless("a loop without end")

    names = {**target.names, "_round": one_round}
    ast.fix_missing_locations(tree)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exec(compile(tree, "<mutant>", "exec"), names)
        return target.exercise.check(*(names[name] for name in target.answers)).status


def mutants(info: LabInfo) -> list[Mutant]:
    """Put every fault into the functions of a lab, and return what became of each.

    Raises
    ------
    AssertionError
        If the right function itself does not pass, or an equivalent one is listed that is
        killed or does not exist.
    """
    listed = dict(equivalent(info))
    found = []
    for target in targets(info):
        assert run(target, ast.parse(target.code)) == PASSED, target.exercise
        for text, tree in mutate(target.code):
            name = f"{target.exercise.name}: {text}"
            status = run(target, tree)
            if name in listed:
                assert status == PASSED, f"listed as equivalent, but killed: {name}"
                status = "equivalent"
                del listed[name]
            found.append(Mutant(name, status))
    assert not listed, f"listed as equivalent, but no mutant: {list(listed)}"
    return found


def equivalent(info: LabInfo) -> dict[str, str]:
    """Return the mutants of a lab that no input tells apart, each with the reason."""
    name = f"tests.labs.{info.id.replace('/', '.test_')}"
    return getattr(importlib.import_module(name), "EQUIVALENT", {})


def score(found: list[Mutant]) -> float:
    """Return the share killed of the mutants that are not equivalent."""
    states = [mutant.status for mutant in found if mutant.status != "equivalent"]
    return sum(state != PASSED for state in states) / len(states)


def row(info: LabInfo, found: list[Mutant]) -> str:
    """Return one line of the table."""
    states = Counter(mutant.status for mutant in found)
    killed = states[WRONG], states["error"] + states["not attempted"]
    return (
        f"{info.id:22} {len(found):7} {killed[0]:6} {killed[1]:6} {states[PASSED]:9} "
        f"{states['equivalent']:10} {score(found):7.1%}"
    )


HEAD = f"{'lab':22} mutants  wrong  error  survived equivalent  killed"


def main(names: list[str], say: Callable[[str], object] = print) -> None:
    """Print the table of these labs, or of all, and what survives in them."""
    os.environ["LABS_MODE"] = "build"  # Nobody's progress.
    infos = [info for info in catalog.select(names) if not info.is_start]
    survivors = []
    say(HEAD)
    for info in infos:
        found = mutants(info)
        say(row(info, found))
        survivors += [
            f"{info.id} {mutant.text}" for mutant in found if mutant.status == PASSED
        ]
    if names:
        say("\n".join(["", "Survived:", *survivors]))


if __name__ == "__main__":
    main(sys.argv[1:])
