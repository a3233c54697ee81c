"""All that a piece of code reaches in the package, numbered."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from labs_lib.definitions.syntax import Import, Module, Use, module

PACKAGE = "labs_lib"

STORES = ("labs_lib.course.store", "labs_lib.course.trial")
"""They read stored rows; who uses one depends on the rows that its texts name."""

MACHINERY = ("labs_lib.course", "labs_lib.cli", "labs_lib.definitions")
"""Modules that are not followed: they run, check and store results, and make none."""

_DYNAMIC = ("importlib", "pkgutil", "runpy", "subprocess", "sys.modules", "__import__")
"""Who uses these may import a module by a text, or run one."""

_OWN_NAMES = ("globals", "eval", "exec")
_STORE = "<store>"
_DOTTED = re.compile(r"\.*\w+(\.\w+)*")
_MODULE = re.compile(rf"{PACKAGE}(\.\w+)*")
_FILE = re.compile(r"[\w-][\w./-]*\.\w+")


class _Node(NamedTuple):
    """Something reached: a name or statement in a module, a module, data, or stored rows."""

    kind: str
    module: str
    key: str | int = ""


class _Found(NamedTuple):
    """What a use means: something reached, or else its text, and the attributes after it."""

    node: _Node | None
    text: str
    rest: tuple[str, ...] = ()


class Trace:
    """Numbers all that the code reaches, in the order in which it is reached.

    Numbers stand for names, so that the result does not depend on where things are.
    """

    CODE = ""
    """The code itself, which is no module of the package."""

    def __init__(
        self, root: Path, code: Module, rows: Callable[[str], str | None] | None
    ) -> None:
        self.root, self.rows = root, rows
        self.modules: dict[str, Module | None] = {self.CODE: code}
        self.files: dict[str, Path] = {}
        self.numbers: dict[_Node, int] = {}
        self.nodes: list[_Node] = []
        self.loaded: dict[str, None] = {self.CODE: None}
        self.strings: dict[tuple[str, str], None] = {}
        self.formats: list[tuple[list[str | None], list[str]]] = []
        self.known_rows: dict[str, str | None] = {}
        self.is_dynamic = self.uses_store = False
        self.touches: dict[tuple[str, int], tuple[frozenset[_Node], bool]] = {}
        self.sums = _sums(root)

    def run(self, names: Sequence[str] | None) -> list[str]:
        """Return one line for each thing reached."""
        code = self._known(self.CODE)
        self._load_all(code.loads, self.CODE)
        if names is None:
            lines = [self._whole(self.CODE)]
        else:
            known = code.binders.keys() | code.imports.keys()
            if missing := [name for name in names if name not in known]:
                raise ValueError(f"the code defines no {', '.join(missing)}.")
            lines = [
                self._gap(self.CODE, Use((name,), ())) for name in dict.fromkeys(names)
            ]
        done = 0
        while done < len(self.nodes):
            while done < len(self.nodes):
                lines.append(self._line(self.nodes[done]))
                done += 1
            self._follow_texts()
            if done == len(self.nodes):
                self._follow_effects()
        return lines

    # Modules

    def _module(self, name: str) -> Module | None:
        """Return a module of the package; None for anything else, and for machinery."""
        if name not in self.modules:
            self.modules[name] = None
            if _MODULE.fullmatch(name):
                base = self.root.joinpath(*name.split("."))
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.is_file():
                        self.files[name] = file
                        text = file.read_text(encoding="utf-8")
                        self.modules[name] = module(text, file.name)
                        break
        return self.modules[name]

    def _known(self, name: str) -> Module:
        module = self._module(name)
        assert module is not None
        return module

    def _absolute(self, imported: Import, where: str) -> str:
        if not imported.level:
            return imported.module
        around = where.split(".")
        inside = where in self.files and self.files[where].stem == "__init__"
        around = around[: len(around) - imported.level + inside]
        return ".".join([*around, *([imported.module] if imported.module else [])])

    def _load_all(self, imports: Sequence[Import], where: str) -> None:
        """Note that modules are executed, with the packages around and what they import."""
        for imported in imports:
            base = self._absolute(imported, where)
            for name in (base, *([f"{base}.{imported.name}"] if imported.name else [])):
                parts = name.split(".")
                for length in range(1, len(parts) + 1):
                    part = ".".join(parts[:length])
                    module = None if _is_machinery(part) else self._module(part)
                    if module and part not in self.loaded:
                        self.loaded[part] = None
                        self._load_all(module.loads, part)

    # Names

    def _meaning(
        self, where: str, name: str, seen: frozenset = frozenset()
    ) -> list[_Found]:
        """Return what a name means at the top of a module; nothing if it is not known."""
        module = self._module(where)
        if module is None or (where, name) in seen or name == "__version__":
            return []
        if name in module.binders:
            return [_Found(_Node("name", where, name), name)]
        seen |= {(where, name)}
        found = []
        for imported in module.imports.get(name, ()):
            found += self._import(imported, where, seen)
        if not found:
            for star in module.stars:
                found += self._import(star._replace(name=name), where, seen, star=True)
        return found

    def _import(
        self, imported: Import, where: str, seen: frozenset, *, star: bool = False
    ) -> list[_Found]:
        base = self._absolute(imported, where)
        full = base if imported.name is None else f"{base}.{imported.name}"
        if full.split(".")[0] != PACKAGE:
            return [] if star else [_Found(None, full)]
        if imported.name is None:
            return [self._of_module(base)]
        if full in STORES:
            return [self._of_module(full)]
        if _is_machinery(base):
            return [] if star else [self._of_module(base)._replace(rest=(imported.name,))]
        return self._attribute(base, imported.name, seen, star=star)

    def _attribute(
        self, module: str, name: str, seen: frozenset = frozenset(), *, star: bool = False
    ) -> list[_Found]:
        if found := self._meaning(module, name, seen):
            return found
        inside = f"{module}.{name}"
        if not star and (_is_machinery(inside) or self._module(inside)):
            return [self._of_module(inside)]
        known = self._module(module)
        if not star and known and "__getattr__" in known.binders:
            return [_Found(_Node("name", module, "__getattr__"), name, (name,))]
        return []

    def _of_module(self, name: str) -> _Found:
        if _is_machinery(name):
            return _Found(None, _STORE if name in STORES else "<machinery>")
        return _Found(_Node("module", name), name)

    def _find(self, where: str, use: Use) -> list[_Found]:
        """Return what a use means: through modules to a definition, if there is one."""
        first, *rest = use.chain
        found = self._meaning(where, first) if not use.imports else []
        for imported in use.imports:
            found += self._import(imported, where, frozenset())
        found = [last for one in found for last in self._through(one, rest)]
        return found or [_Found(None, first, tuple(rest))]

    def _through(self, one: _Found, rest: Sequence[str]) -> list[_Found]:
        """Follow attributes as long as they are those of modules."""
        rest = [*one.rest, *rest]
        if one.node and one.node.kind == "module" and rest:
            if inside := self._attribute(one.node.module, rest[0]):
                return [last for one in inside for last in self._through(one, rest[1:])]
            if rest[0].startswith("__") and rest[0] != "__dict__":
                return [_Found(None, "<module>", tuple(rest))]
        return [one._replace(rest=tuple(rest))]

    # Lines

    def _number(self, node: _Node) -> str:
        if node not in self.numbers:
            self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return f"#{self.numbers[node]}"

    def _gap(self, where: str, use: Use) -> str:
        """Return what stands in the gap of a use, and note what it reaches."""
        texts = []
        for found in self._find(where, use):
            text = self._number(found.node) if found.node else found.text
            texts.append(".".join([text, *found.rest]))
            if not found.node:
                self.is_dynamic |= texts[-1].startswith(_DYNAMIC)
                self.uses_store |= found.text == _STORE
                if texts[-1] in _OWN_NAMES or texts[-1].startswith("sys.modules"):
                    texts.append(self._number(_Node("module", where)))
        return "|".join(texts)

    def _line(self, node: _Node) -> str:
        if node.kind == "module":
            return self._whole(node.module)
        if node.kind == "name":
            return self._name(node.module, str(node.key))
        if node.kind == "unit":
            return self._unit(node.module, int(node.key))
        return f"{node.kind} {node.module} {node.key}"

    def _name(self, where: str, name: str) -> str:
        module = self._known(where)
        units = [self._number(_Node("unit", where, i)) for i in module.binders[name]]
        imports = [
            self._number(found.node) if found.node else found.text
            for imported in module.imports.get(name, ())
            for found in self._import(imported, where, frozenset())
        ]
        return f"name {name}: {' '.join(units + imports)}"

    def _unit(self, where: str, i: int) -> str:
        unit = self._known(where).unit(i)
        self._load_all(unit.imports, where)
        files = [self._number(node) for node in self._files(where, unit.strings)]
        self.strings |= {(where, text): None for text in unit.strings}
        self.formats += [(form, unit.strings) for form in unit.formats]
        gaps = [self._gap(where, use) for use in unit.uses]
        return f"unit {unit.text}: {' '.join(gaps)} {' '.join(files)}"

    def _whole(self, where: str) -> str:
        module = self._known(where)
        units = [self._number(_Node("unit", where, i)) for i in module.definitions]
        names = [
            f"{name}={self._number(found.node)}"
            for name in sorted(module.imports)
            for found in self._meaning(where, name)
            if found.node and found.node.kind == "name"
        ]
        stars = [
            self._number(_Node("module", base))
            for base in (self._absolute(star, where) for star in module.stars)
            if not _is_machinery(base) and self._module(base)
        ]
        return f"module: {' '.join(units + names + stars)}"

    # Texts that name files, modules, rows

    def _files(self, where: str, texts: Sequence[str]) -> Iterator[_Node]:
        for text in texts:
            if not _FILE.fullmatch(text) or ".." in text:
                continue
            name = text.removeprefix("data/")
            if name in self.sums:
                yield _Node("data", name, self.sums[name])
                continue
            beside = [self.files[where].parent] if where in self.files else []
            for folder in (self.root / "data", *beside):
                if (folder / name).is_file():
                    content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
                    yield _Node("data", name, content)

    def _follow_texts(self) -> None:
        if self.is_dynamic:
            for where, text in list(self.strings):
                if _DOTTED.fullmatch(text):
                    level = len(text) - len(text.lstrip("."))
                    self._by_text(self._absolute(Import(level, text[level:], None), where))
                elif PACKAGE in text:
                    self._by_program(text)
            for form, _ in self.formats:
                if form[0] and form[0].startswith(f"{PACKAGE}."):
                    folder, _, _ = form[0].rpartition(".")
                    inside = self.root.joinpath(*folder.split("."))
                    for file in sorted(inside.rglob("*.py")):
                        path = file.relative_to(inside).with_suffix("").parts
                        name = ".".join([folder, *path]).removesuffix(".__init__")
                        if name.startswith(form[0]):
                            self._by_text(name)
        if self.uses_store and self.rows:
            texts = [text for _, text in self.strings]
            for form, near in self.formats:
                texts += _filled(form, near)
            for text in dict.fromkeys(texts):
                if text not in self.known_rows:
                    self.known_rows[text] = self.rows(text)
                if fingerprint := self.known_rows[text]:
                    self._number(_Node("rows", text, fingerprint))

    def _by_text(self, name: str) -> None:
        """Reach a module as a whole, if it is one."""
        if not _is_machinery(name) and self._module(name):
            self._load_all([Import(0, name, None)], self.CODE)
            self._number(_Node("module", name))

    def _by_program(self, text: str) -> None:
        """Reach what a program in a text reaches, if it is one."""
        try:
            self.modules[text] = program = module(text, "a text")
        except ValueError:
            return
        self._load_all(program.loads, text)
        self._number(_Node("module", text))

    # Statements that change what is reached

    def _follow_effects(self) -> None:
        found = []
        for order, where in enumerate(self.loaded):
            module = self._known(where)
            for i in module.definitions:
                if _Node("unit", where, i) in self.numbers:
                    continue
                touched, outside = self._touched(where, i)
                if outside or any(node in self.numbers for node in touched):
                    found.append((module.unit(i).text, order, i, where))
        for _, _, i, where in sorted(found):
            self._number(_Node("unit", where, i))

    def _touched(self, where: str, i: int) -> tuple[frozenset[_Node], bool]:
        """Return the names that a statement may change at import, and whether others."""
        if (where, i) not in self.touches:
            effect = self._known(where).effect(i)
            nodes = self._changed(where, effect.changed)
            for use in effect.mentioned:
                nodes |= {
                    f.node for f in self._find(where, use) if f.node and self._may_change(f)
                }
            nodes |= self._changed_by_calls(where, effect.called)
            # The code itself may print and draw between the names that are asked for.
            outside = where != self.CODE and any(
                found.node is None
                for use in (*effect.changed, *effect.performed)
                for found in self._find(where, use)
            )
            self.touches[where, i] = frozenset(nodes), outside
        return self.touches[where, i]

    def _changed(self, where: str, uses: Sequence[Use]) -> set[_Node]:
        """Return the names that stand for what is changed, here and where it is from."""
        nodes = set()
        todo = [(where, found) for use in uses for found in self._find(where, use)]
        while todo:
            where, found = todo.pop()
            if found.node and found.node.kind == "name" and found.node not in nodes:
                nodes.add(found.node)
                where, name = found.node.module, str(found.node.key)
                for imported in self._known(where).imports.get(name, ()):
                    todo += [(where, f) for f in self._import(imported, where, frozenset())]
        return nodes

    def _may_change(self, found: _Found) -> bool:
        """Whether an expression that mentions a name may change what it stands for.

        A function or a class only through an attribute: ``f.register(...)``.
        """
        if not found.node or found.node.kind != "name":
            return False
        module, name = self._known(found.node.module), str(found.node.key)
        if module.is_definition(name):
            return bool(found.rest)
        return not module.is_constant(name)

    def _changed_by_calls(self, where: str, uses: Sequence[Use]) -> set[_Node]:
        """Return the names that are changed by anything that the uses reach."""
        changed: set[_Node] = set()
        seen: set[_Node] = set()
        todo = [(where, use) for use in uses]
        while todo:
            where, use = todo.pop()
            for found in self._find(where, use):
                node = found.node
                if node is None or node.kind != "name" or node in seen:
                    continue
                seen.add(node)
                module = self._known(node.module)
                for i in module.binders[str(node.key)]:
                    unit = module.unit(i)
                    todo += [(node.module, inside) for inside in unit.uses]
                    changed |= self._changed(node.module, unit.changed)
        return changed


def _is_machinery(name: str) -> bool:
    return any(name == m or name.startswith(f"{m}.") for m in MACHINERY)


def _filled(form: Sequence[str | None], texts: Sequence[str]) -> list[str]:
    """Return an f-string with each of the texts in place of its value; for one value."""
    if form.count(None) != 1:
        return []
    return ["".join(text if part is None else part for part in form) for text in texts]


def _sums(root: Path) -> dict[str, str]:
    file = root / "data" / "SHA256SUMS"
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
