"""Which models a file constructs, and with which settings, read from its syntax tree."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import xgboost as xgb

from labs_lib import settings
from labs_lib.train.boosted import UNTUNED, boosted

PLACE = Path(inspect.getfile(boosted))
"""Holds the settings of several labs, and no model of its own."""

UNKNOWN = "?"
"""A setting whose value only a run knows; it may be anything."""

OPEN = "**"
"""Among settings: there may be others, which the text does not name."""

ALIASES = {"eta": "learning_rate", "lambda": "reg_lambda", "alpha": "reg_alpha"}

DROPPED = {"n_jobs", "nthread", "verbosity", "seed", "random_state", "feature_types"}
DROPPED |= {"enable_categorical"}
"""Threads and seeds are no settings of a model; categories are read, or XGBoost raises."""

XGBOOST = {
    "n_estimators": 100,
    "max_depth": 6,
    "learning_rate": 0.3,
    "min_child_weight": 1,
    "gamma": 0,
    "reg_alpha": 0,
    "reg_lambda": 1,
    "subsample": 1,
    "colsample_bytree": 1,
    "colsample_bynode": 1,
    "num_parallel_tree": 1,
    "max_bin": 256,
    "scale_pos_weight": 1,
}
"""XGBoost's own defaults, which its classes do not state."""


@dataclass(frozen=True)
class Model:
    """A construction of a model.

    Attributes
    ----------
    kind : str
        Its class; "XGBoost" for `xgb.train` and the classes that call it.
    settings : dict of str to object
        Defaults included, unless `open`.
    open : bool
        Whether there may be settings that the text does not name.
    defaults : dict of str to object
        Those of the class.
    line : int
    """

    kind: str
    settings: dict[str, object]
    open: bool = False
    defaults: dict[str, object] = field(default_factory=dict, compare=False)
    line: int = field(default=0, compare=False)

    def __str__(self) -> str:
        shown = [
            f"{name}={value!r}"
            for name, value in sorted(self.settings.items())
            if name not in self.defaults or self.defaults[name] != value
        ]
        return f"{self.kind}({', '.join(shown + ['...'] * self.open)})"

    def agrees(self, other: "Model") -> bool:
        """Return whether both may be the same model."""
        if self.kind != other.kind:
            return False
        for name in self.settings.keys() | other.settings.keys():
            mine = self.settings.get(name, UNKNOWN if self.open else None)
            theirs = other.settings.get(name, UNKNOWN if other.open else None)
            if mine != theirs and UNKNOWN not in (mine, theirs):
                return False
        return True


def models(file: Path) -> list[Model]:
    """Return the models that a file constructs, in its order; nothing of it is executed.

    Names are followed through assignments of the same file, in the order of its lines, and
    to constants that it imports.
    """
    reader = _Reader()
    reader.visit(ast.parse(file.read_text(encoding="utf-8")))
    return reader.found


def engines(files: list[Path]) -> Iterator[Path]:
    """Yield the modules of ``labs_lib``, other than labs and `files`, that files import."""
    seen = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            for name in (node.module, *(f"{node.module}.{a.name}" for a in node.names)):
                found = settings.ROOT.joinpath(*name.split(".")).with_suffix(".py")
                lab = found.is_relative_to(settings.ROOT / "labs_lib" / "labs")
                if found.is_file() and not lab and found != PLACE and found not in seen:
                    seen.add(found)
                    yield found


def _settings(kind: type, given: dict[str, object], is_open: bool) -> dict[str, object]:
    """Return settings by one name each, with defaults."""
    named = dict(given)
    if issubclass(kind, xgb.XGBModel):
        named = {ALIASES.get(name, name): value for name, value in given.items()}
        # The metric decides only when to stop.
        if "early_stopping_rounds" not in named:
            named.pop("eval_metric", None)
        elif named["early_stopping_rounds"] == UNKNOWN:
            named["eval_metric"] = UNKNOWN
    defaults = {} if is_open else _defaults(kind)
    return {n: v for n, v in (defaults | named).items() if n not in DROPPED}


def _defaults(kind: type) -> dict[str, object]:
    if issubclass(kind, xgb.XGBModel):
        return XGBOOST
    found = {n: p.default for n, p in inspect.signature(kind).parameters.items()}
    return {
        name: value for name, value in found.items() if value is not inspect.Parameter.empty
    }


class _Reader(ast.NodeVisitor):
    """Follows assignments line by line, and keeps what is constructed."""

    def __init__(self) -> None:
        self.found: list[Model] = []
        self.known: dict[str, object] = {"dict": dict}

    # Names ------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname or "." not in alias.name:
                self._bind(alias.asname or alias.name, alias.name, None)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name, node.module or "", alias.name)

    def _bind(self, name: str, module: str, attribute: str | None) -> None:
        loaded = importlib.import_module(module)
        if attribute is not None and not hasattr(loaded, attribute):
            loaded = importlib.import_module(f"{module}.{attribute}")
            attribute = None
        self.known[name] = loaded if attribute is None else getattr(loaded, attribute)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before = dict(self.known)
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                self.known[argument.arg] = UNKNOWN
        self.generic_visit(node)
        self.known = before

    def visit_For(self, node: ast.For) -> None:
        for name in ast.walk(node.target):
            if isinstance(name, ast.Name):
                self.known[name.id] = UNKNOWN
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self._value(node.value)
        for target in node.targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    self.known[name.id] = value if name is target else UNKNOWN

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            both = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
            self.known[node.target.id] = self._value(both)

    def visit_Call(self, node: ast.Call) -> None:
        self._value(node)

    # Values -----------------------------------------------------------------------------

    def _value(self, node: ast.AST) -> object:
        """Return what an expression is, or UNKNOWN; keep every construction in it."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.known.get(node.id, UNKNOWN)
        if isinstance(node, ast.Dict):
            return self._merged(
                (None, value) if key is None else (self._value(key), value)
                for key, value in zip(node.keys, node.values, strict=True)
            )
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            return UNKNOWN if owner is UNKNOWN else getattr(owner, node.attr, UNKNOWN)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._merged([(None, node.left), (None, node.right)])
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            return self._computed(node)
        if isinstance(node, ast.IfExp):
            one, other = self._value(node.body), self._value(node.orelse)
            return one if inspect.isclass(one) and inspect.isclass(other) else UNKNOWN
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        return UNKNOWN

    def _computed(self, node: ast.expr) -> object:
        """Return the value of arithmetic with known numbers."""
        self.generic_visit(node)
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        known = {name: self.known.get(name) for name in names}
        calls = any(isinstance(n, ast.Call) for n in ast.walk(node))
        if calls or not all(isinstance(v, int | float) for v in known.values()):
            return UNKNOWN
        return eval(ast.unparse(node), {"__builtins__": {}}, known)

    def _merged(self, pairs) -> dict:
        """Return a dict of settings; the key OPEN says that there may be others."""
        found: dict = {}
        for key, node in pairs:
            value = self._value(node)
            if key is None:
                found |= value if isinstance(value, dict) else {OPEN: True}
            elif isinstance(key, str) and key != UNKNOWN:
                found[key] = value
            else:
                found[OPEN] = True
        return found

    def _called(self, node: ast.Call) -> object:
        function = node.func
        if isinstance(function, ast.Attribute):
            owner = self._value(function.value)
            if isinstance(owner, Model):
                return self._method(owner, function.attr, node)
            called = UNKNOWN if owner is UNKNOWN else getattr(owner, function.attr, UNKNOWN)
        else:
            called = self._value(function)
        if called is dict:
            pairs = [(None, value) for value in node.args]
            return self._merged(pairs + [(k.arg, k.value) for k in node.keywords])
        if called is xgb.train:
            return self._trained(node)
        if inspect.isclass(called) and _is_model(called):
            return self._keep(called, node, {})
        if called is boosted:
            return self._keep(xgb.XGBClassifier, node, UNTUNED)
        for child in (*node.args, *(k.value for k in node.keywords)):
            self._value(child)
        return UNKNOWN

    def _method(self, owner: Model, name: str, node: ast.Call) -> object:
        given = self._merged((k.arg, k.value) for k in node.keywords)
        for argument in node.args:
            self._value(argument)
        if name == "get_params":
            return owner.settings | ({OPEN: True} if owner.open else {})
        if name == "set_params":
            self.found = [model for model in self.found if model is not owner]
            changed = replace(owner, settings=owner.settings | given, line=node.lineno)
            self.found.append(changed)
            return changed
        return owner if name == "fit" else UNKNOWN

    def _keep(self, kind: type, node: ast.Call, base: dict[str, object]) -> Model:
        names = list(inspect.signature(kind).parameters)
        given = {
            name: self._value(value) for name, value in zip(names, node.args, strict=False)
        }
        given = base | given | self._merged((k.arg, k.value) for k in node.keywords)
        return self._model(kind, given, node.lineno)

    def _trained(self, node: ast.Call) -> Model:
        """Return the model of ``xgb.train(settings, rows, rounds, ...)``."""
        given = self._value(node.args[0])
        given = dict(given) if isinstance(given, dict) else {OPEN: True}
        named = [k.value for k in node.keywords if k.arg == "num_boost_round"]
        given["n_estimators"] = self._value([*node.args[2:3], *named][0])
        for keyword in node.keywords:
            if keyword.arg == "early_stopping_rounds":
                given[keyword.arg] = self._value(keyword.value)
        given.pop("objective", None)
        return self._model(xgb.XGBModel, given, node.lineno)

    def _model(self, kind: type, given: dict[str, object], line: int) -> Model:
        is_open = bool(given.pop(OPEN, False))
        forest = issubclass(kind, xgb.XGBRFClassifier | xgb.XGBRFRegressor)
        boosting = issubclass(kind, xgb.XGBModel) and not forest
        name = "XGBoost" if boosting else kind.__name__
        named = _settings(kind, given, is_open)
        model = Model(name, named, is_open, _defaults(kind), line)
        self.found.append(model)
        return model


def _is_model(kind: type) -> bool:
    ours = kind.__module__.split(".")[0] in ("sklearn", "xgboost", "imblearn")
    return (ours or kind.__module__.startswith("labs_lib.train")) and (
        hasattr(kind, "fit")
        and (hasattr(kind, "predict") or hasattr(kind, "score_samples"))
    )
