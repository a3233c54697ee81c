"""Python text as syntax: the statements of one module, and what they use, bind and change."""

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_MUTATORS = (
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop"),
    *("popitem", "register", "remove", "setdefault", "sort", "update"),
)
"""Methods that change what they belong to."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Import(NamedTuple):
    """What an import statement makes a name mean: a module, or a name in it."""

    level: int
    module: str
    name: str | None


class Use(NamedTuple):
    """A name as code uses it, ``payments.simulate``, and its import inside a function."""

    chain: tuple[str, ...]
    imports: tuple[Import, ...]


@dataclass
class Unit:
    """A top-level statement: its text with a gap for each use, and what it may change."""

    text: str
    uses: list[Use]
    changed: list[Use]
    """Uses that the statement changes, when it is executed or called."""
    strings: list[str]
    formats: list[list[str | None]]
    """F-strings: their texts, and None for each value."""
    imports: list[Import]
    """Inside the statement."""


@dataclass
class Effect:
    """What a statement may do to others at import, beside binding its own names."""

    changed: list[Use] = field(default_factory=list)
    """Changed by the statement itself."""
    mentioned: list[Use] = field(default_factory=list)
    """Given to something that may change it."""
    called: list[Use] = field(default_factory=list)
    """May be called, and then changes what those change."""
    performed: list[Use] = field(default_factory=list)
    """Called for its effect and not for a value."""

    def add(self, other: "Effect") -> None:
        self.changed += other.changed
        self.mentioned += other.mentioned
        self.called += other.called
        self.performed += other.performed


class Module:
    """The top-level statements of a text, and what its names mean."""

    def __init__(self, tree: ast.Module) -> None:
        self.statements = [node for node in tree.body if not _idle(node)]
        self.binders: dict[str, list[int]] = {}
        self.imports: dict[str, list[Import]] = {}
        self.stars: list[Import] = []
        self.loads: list[Import] = []
        self._units: dict[int, Unit] = {}
        self._effects: dict[int, Effect] = {}
        for i, node in enumerate(self.statements):
            for name, imported in _bound([node]):
                if imported:
                    self.loads.append(imported)
                if name == "*":
                    self.stars += [imported] if imported else []
                elif imported:
                    self._add(self.imports, name, imported)
                if name != "*" and not isinstance(node, IMPORTS):
                    self._add(self.binders, name, i)

    @staticmethod
    def _add(table: dict[str, list[T]], name: str, value: T) -> None:
        values = table.setdefault(name, [])
        if value not in values:
            values.append(value)

    @property
    def definitions(self) -> list[int]:
        """All statements but imports."""
        return [i for i, s in enumerate(self.statements) if not isinstance(s, IMPORTS)]

    def unit(self, i: int) -> Unit:
        if i not in self._units:
            self._units[i] = _read(self.statements[i])
        return self._units[i]

    def effect(self, i: int) -> Effect:
        if i not in self._effects:
            self._effects[i] = _effect(self.statements[i])
        return self._effects[i]

    def is_constant(self, name: str) -> bool:
        """Whether a name is bound to nothing that could be changed."""
        return all(
            isinstance(node := self.statements[i], ast.Assign) and _fixed(node.value)
            for i in self.binders.get(name, ())
        )

    def is_definition(self, name: str) -> bool:
        """Whether a name is bound to functions and classes only."""
        return all(
            isinstance(self.statements[i], (*FUNCTIONS, ast.ClassDef))
            for i in self.binders.get(name, ())
        )


@lru_cache(maxsize=2_000)
def module(text: str, where: str) -> Module:
    try:
        return Module(ast.parse(text))
    except SyntaxError as error:
        raise ValueError(f"{where} is no Python, line {error.lineno}: {error}.") from None


def _fixed(node: ast.expr) -> bool:
    parts = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator)
    return all(isinstance(n, (*parts, ast.expr_context)) for n in ast.walk(node))


def _idle(node: object) -> bool:
    """Whether a statement cannot change a result: a docstring, or the version."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"


def _bound(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, Import | None]]:
    """Yield the names that statements bind in their own scope, and what they import."""
    todo = list(reversed(nodes))
    while todo:
        node = todo.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name, None
        elif isinstance(node, _COMPREHENSIONS):
            for inside in ast.walk(node):
                if isinstance(inside, ast.NamedExpr):
                    yield inside.target.id, None
        elif isinstance(node, IMPORTS):
            yield from _imported(node)
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id, None
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
                yield from [(node.name, None)] if node.name else []
            elif isinstance(node, ast.MatchMapping) and node.rest:
                yield node.rest, None
            todo += reversed(list(ast.iter_child_nodes(node)))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            found = Import(node.level, node.module or "", alias.name)
            yield alias.asname or alias.name, found
        elif alias.asname:
            yield alias.asname, Import(0, alias.name, None)
        else:
            first = alias.name.partition(".")[0]
            yield first, Import(0, first, None)
            if first != alias.name:
                # Executed, though only the first part gets a name.
                yield "", Import(0, alias.name, None)


# One statement, as text with gaps ----------------------------------------------------------


Scope = Mapping[str, tuple[Import, ...]]
"""Names bound inside a function, with what they import there; empty for a variable."""


def _read(node: ast.stmt) -> Unit:
    reader = _Reader()
    text = reader.text(node, None)
    nested = [n for n in ast.walk(node) if isinstance(n, IMPORTS)]
    return Unit(
        hashlib.sha256(text.encode()).hexdigest(),
        reader.uses,
        reader.changed,
        reader.strings,
        reader.formats,
        [imported for n in nested for _, imported in _imported(n)],
    )


def _uses(node: ast.AST) -> list[Use]:
    reader = _Reader()
    reader.text(node, None)
    return reader.uses


def _effect(node: ast.AST) -> Effect:
    """Return what a top-level statement may do to others at import."""
    effect = Effect()
    if isinstance(node, ast.Expr | ast.AugAssign | ast.Delete | ast.Assign | ast.AnnAssign):
        reader = _Reader()
        reader.text(node, None)
        calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
        effect.changed = reader.changed
        effect.called = reader.uses if calls else []
        if isinstance(node, ast.Expr):
            effect.mentioned = reader.uses
            outermost = [node.value] if isinstance(node.value, ast.Call) else calls
            effect.performed = [use for call in outermost for use in _uses(call.func)]
        return effect
    for decorator in getattr(node, "decorator_list", []):
        effect.mentioned += _uses(decorator)
        effect.called += _uses(decorator)
    if isinstance(node, ast.ClassDef):
        for part in (*node.bases, *node.keywords):
            effect.called += _uses(part)
    if not isinstance(node, FUNCTIONS) and not _is_main(node):
        for inside in ast.iter_child_nodes(node):
            if isinstance(inside, ast.stmt | ast.ExceptHandler | ast.match_case):
                effect.add(_effect(inside))
    return effect


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


class _Reader:
    """Writes a syntax tree as text: as `ast.dump`, but the same on each version of Python.

    What the versions write differently is left out: fields that are empty, and the empty text
    that 3.12 adds to the format in an f-string. Names from outside become gaps.
    """

    GAP = "@"

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.changed: list[Use] = []
        self.strings: list[str] = []
        self.formats: list[list[str | None]] = []
        self.words: frozenset[str] = frozenset()

    def text(self, node: object, scope: Scope | None, in_class: bool = False) -> str:
        if isinstance(node, list):
            return "[" + ",".join(self._items(node, scope, in_class)) + "]"
        if not isinstance(node, ast.AST):
            return ascii(node)  # what `repr` prints as it is depends on the Unicode version
        special = getattr(self, f"_{type(node).__name__}", None)
        if special:
            return special(node, scope, in_class)
        return self._fields(node, scope)

    def _items(self, nodes: list, scope: Scope | None, in_class: bool) -> Iterator[str]:
        for node in nodes:
            idle = isinstance(node, ast.stmt) and _idle(node)
            if not idle and (text := self.text(node, scope, in_class)):
                yield text

    def _fields(
        self, node: ast.AST, scope: Scope | None, *, without: Sequence[str] = ()
    ) -> str:
        inside = []
        for name in sorted(node._fields):
            value = getattr(node, name, None)
            if value is not None and value != [] and name not in without:
                in_class = isinstance(node, ast.ClassDef) and name == "body"
                inside.append(f"{name}={self.text(value, scope, in_class)}")
        return f"{type(node).__name__}({','.join(inside)})"

    # Names

    def _Name(self, node: ast.Name, scope: Scope | None, _: bool) -> str:
        bound = scope is not None and node.id in scope and not scope[node.id]
        if bound or (scope is None and not isinstance(node.ctx, ast.Load)):
            return node.id
        use = Use((node.id,), (scope or {}).get(node.id, ()))
        self.uses.append(use)
        if not isinstance(node.ctx, ast.Load):
            self.changed.append(use)
        return self.GAP

    def _Attribute(self, node: ast.Attribute, scope: Scope | None, _: bool) -> str:
        use = self._use(node, scope)
        if use is None:
            return self._fields(node, scope)
        self.uses.append(use)
        if not isinstance(node.ctx, ast.Load):
            self.changed.append(use)
        return self.GAP

    def _Subscript(self, node: ast.Subscript, scope: Scope | None, _: bool) -> str:
        if not isinstance(node.ctx, ast.Load):
            base: ast.expr = node
            while isinstance(base, ast.Subscript):
                base = base.value
            if use := self._use(base, scope):
                self.changed.append(use)
        return self._fields(node, scope)

    def _Call(self, node: ast.Call, scope: Scope | None, _: bool) -> str:
        use = self._use(node.func, scope)
        if use and use.chain[-1] in _MUTATORS:
            self.changed.append(use)
        elif use and use.chain in (("setattr",), ("delattr",)):
            changed = [self._use(argument, scope) for argument in node.args[:1]]
            self.changed += [use for use in changed if use]
        return self._fields(node, scope)

    @staticmethod
    def _use(node: ast.AST, scope: Scope | None) -> Use | None:
        """Return a dotted name whose first part comes from outside of all functions."""
        chain: list[str] = []
        while isinstance(node, ast.Attribute):
            chain.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        imports = (scope or {}).get(node.id)
        if imports == ():
            return None
        return Use((node.id, *reversed(chain)), imports or ())

    # Scopes

    def _FunctionDef(self, node: ast.FunctionDef, scope: Scope | None, _: bool) -> str:
        return self._function(node, scope)

    _AsyncFunctionDef = _Lambda = _FunctionDef

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope | None
    ) -> str:
        args, body = node.args, node.body if isinstance(node.body, list) else [node.body]
        arguments = [
            *args.posonlyargs,
            *args.args,
            *([args.vararg] if args.vararg else []),
            *args.kwonlyargs,
            *([args.kwarg] if args.kwarg else []),
        ]
        inner: dict[str, tuple[Import, ...]] = dict(scope or {})
        inner |= {a.arg: () for a in arguments}
        own: dict[str, tuple[Import, ...]] = {}
        for name, imported in _bound(body):
            known = own.setdefault(name, ())
            if imported and imported not in known:
                own[name] = (*known, imported)
        for inside in _same_scope(body):
            if isinstance(inside, ast.Global):
                for name in inside.names:
                    own.pop(name, None)
                    inner.pop(name, None)
            elif isinstance(inside, ast.Nonlocal):
                for name in inside.names:
                    own.pop(name, None)
        inner |= own
        decorators = getattr(node, "decorator_list", [])
        # `functools.singledispatch` registers by annotation.
        noted = any(
            isinstance(d, ast.Attribute) and d.attr == "register" for d in decorators
        )
        parts = [
            type(node).__name__,
            getattr(node, "name", ""),
            self.text(decorators, scope),
            *(
                f"{kind}:{','.join(a.arg for a in some)}"
                for kind, some in (
                    ("/", args.posonlyargs),
                    ("", args.args),
                    ("*", [args.vararg] if args.vararg else []),
                    ("k", args.kwonlyargs),
                    ("**", [args.kwarg] if args.kwarg else []),
                )
            ),
            self.text(args.defaults, scope),
            ",".join("-" if d is None else self.text(d, scope) for d in args.kw_defaults),
            self.text([a.annotation for a in arguments if a.annotation], scope)
            if noted
            else "",
        ]
        outer, self.words = self.words, _error_words(body)
        parts.append(self.text(body, inner))
        self.words = outer
        return f"({';'.join(parts)})"

    def _comprehension(self, node: ast.AST, scope: Scope | None, _: bool) -> str:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        targets = {name: () for g in generators for name, _ in _bound([g.target])}
        inner = {**(scope or {}), **targets}
        first = self.text(generators[0].iter, scope)
        parts = [
            self.text([g.target, *([g.iter] if i else []), *g.ifs], inner)
            for i, g in enumerate(generators)
        ]
        result = self._fields(node, inner, without=["generators"])
        return f"({first};{';'.join(parts)};{result})"

    _ListComp = _SetComp = _DictComp = _GeneratorExp = _comprehension

    # What does not count

    def _Raise(self, node: ast.Raise, scope: Scope | None, _: bool) -> str:
        """That it raises, and what; not the words."""
        what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if what is None:
            return "Raise()"
        return f"Raise({getattr(what, 'attr', getattr(what, 'id', '?'))})"

    def _Assign(self, node: ast.Assign, scope: Scope | None, _: bool) -> str:
        if _plainly_set(node) in self.words:
            return ""
        return self._fields(node, scope)

    def _AugAssign(self, node: ast.AugAssign, scope: Scope | None, _: bool) -> str:
        if scope is None and isinstance(node.target, ast.Name):
            self.changed.append(Use((node.target.id,), ()))
        return self._fields(node, scope)

    def _Assert(self, node: ast.Assert, scope: Scope | None, _: bool) -> str:
        return self._fields(node, scope, without=["msg"])

    def _AnnAssign(self, node: ast.AnnAssign, scope: Scope | None, in_class: bool) -> str:
        if in_class:
            # The field of a dataclass, unless it is one of these.
            kind = re.findall(r"ClassVar|InitVar|KW_ONLY", ast.unparse(node.annotation))
            return f"{kind}{self._fields(node, scope, without=['annotation', 'simple'])}"
        if node.value is None:
            return ""
        return self.text(ast.Assign(targets=[node.target], value=node.value), scope)

    def _Import(
        self, node: ast.Import | ast.ImportFrom, scope: Scope | None, in_class: bool
    ) -> str:
        """What is imported counts where it is used; in a class it becomes an attribute."""
        uses = [Use((name,), (found,)) for name, found in _imported(node) if in_class]
        self.uses += uses
        return ",".join(f"{use.chain[0]}={self.GAP}" for use in uses)

    _ImportFrom = _Import

    def _Pass(self, node: ast.stmt, scope: Scope | None, _: bool) -> str:
        return ""

    _Global = _Nonlocal = _Pass

    # Texts

    def _Constant(self, node: ast.Constant, scope: Scope | None, _: bool) -> str:
        if isinstance(node.value, str):
            self.strings.append(node.value)
        return ascii(node.value)

    def _JoinedStr(self, node: ast.JoinedStr, scope: Scope | None, _: bool) -> str:
        values = [v for v in node.values if getattr(v, "value", 0) != ""]
        self.formats.append(
            [v.value if isinstance(v, ast.Constant) else None for v in values]  # type: ignore[misc]
        )
        return f"JoinedStr({self.text(values, scope)})"


def _same_scope(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    todo = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)


def _error_words(body: Sequence[ast.AST]) -> frozenset[str]:
    """Return the variables of a function that only the arguments of ``raise`` use."""
    words: frozenset[str] = frozenset()
    while True:
        used, set_plainly = set(), set()
        todo = list(body)
        while todo:
            node = todo.pop()
            if isinstance(node, ast.Raise):
                todo += [node.exc] if isinstance(node.exc, ast.Name) else []
            elif isinstance(node, ast.Assert):
                todo.append(node.test)
            elif isinstance(node, ast.Name):
                used |= {node.id} if isinstance(node.ctx, ast.Load) else set()
            elif isinstance(node, ast.Global | ast.Nonlocal):
                used |= set(node.names)
            else:
                name = _plainly_set(node)
                set_plainly |= {name} if name else set()
                todo += [] if name in words else ast.iter_child_nodes(node)
        more = frozenset(set_plainly - used)
        if more == words:
            return words
        words = more


def _plainly_set(node: ast.AST) -> str | None:
    """Return the name that an assignment sets, if it does and calls nothing else."""
    calls = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
    if not isinstance(node, ast.Assign) or len(node.targets) > 1:
        return None
    if any(isinstance(inside, calls) for inside in ast.walk(node.value)):
        return None
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else None
