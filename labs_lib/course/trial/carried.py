"""What a notebook function needs to run elsewhere."""

import ast
import builtins
import importlib
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any


class Carried:
    """What a notebook function needs to run elsewhere: functions, literals and imports it reaches.

    Parameters
    ----------
    function : callable
        A function defined in a notebook, or in the text of trial cells.

    Raises
    ------
    ValueError
        If it reaches something that cannot be carried, such as a table or a class of the
        notebook; with its name.
    """

    def __init__(self, function: Callable) -> None:
        self.name = function.__name__
        self.parts: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._home = function.__module__
        self._visit(self.name, function, function.__globals__)

    def text(self) -> str:
        """Return Python text that defines the function and all it reaches."""
        return "\n\n".join(reversed(self._texts.values())) + "\n"

    def _visit(self, name: str, value: Any, space: dict[str, Any]) -> None:
        if name in self.parts:
            return
        if isinstance(value, types.ModuleType):
            self._keep(name, f"import {value.__name__} as {name}")
        elif inspect.isfunction(value) and value.__module__ == self._home:
            self._function(name, value, space)
        elif _is_literal(value):
            self._keep(name, f"{name} = {value!r}")
        elif (found := _importable(value)) is not None:
            self._keep(name, f"from {found[0]} import {found[1]} as {name}")
        else:
            kind = "a class" if isinstance(value, type) else f"a {type(value).__name__}"
            raise ValueError(
                f"the trial {self.name} uses {name}, {kind} of the notebook, which it cannot "
                "take along. Make it inside the function, or pass plain numbers and texts."
            )

    def _keep(self, name: str, text: str) -> None:
        self.parts[name] = text
        self._texts[name] = text

    def _function(self, name: str, function: Callable, space: dict[str, Any]) -> None:
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):
            raise ValueError(
                f"the source of {name} cannot be found; run the cell that defines it again."
            ) from None
        node = ast.parse(text).body[0]
        if not isinstance(node, ast.FunctionDef) or function.__closure__:
            raise ValueError(
                f"{name} is made inside another function; define it in a cell of its own."
            )
        self._texts[name] = text
        self.parts[name] = _meaning(node)
        for used in _globals_of(node):
            if used in space:
                self._visit(used, space[used], space)
            elif not hasattr(builtins, used):
                raise ValueError(
                    f"the trial {self.name} uses {used}, which does not exist."
                )


def _meaning(node: ast.FunctionDef) -> str:
    """Return a function as a syntax tree, without its docstring."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(node)


def _globals_of(node: ast.FunctionDef) -> list[str]:
    """Return the names that a function looks up outside itself."""
    loaded, bound = [], {node.name}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            loaded.append(inner.id)
        elif isinstance(inner, ast.Name):
            bound.add(inner.id)
        elif isinstance(inner, ast.arg):
            bound.add(inner.arg)
        elif isinstance(inner, ast.alias):
            bound.add((inner.asname or inner.name).split(".")[0])
        elif isinstance(inner, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            bound.add(inner.name or "")
    return [name for name in dict.fromkeys(loaded) if name not in bound]


def _is_literal(value: Any) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_literal, value))
    if isinstance(value, dict):
        return all(_is_literal(k) and _is_literal(v) for k, v in value.items())
    return value is None or type(value) in (bool, int, float, complex, str, bytes)


def _importable(value: Any) -> tuple[str, str] | None:
    """Return module and name from which an object of a library can be imported."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not module or not name or module in ("__main__", "trial_cells"):
        return None
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return (module, name) if found is value and "." not in name else None
