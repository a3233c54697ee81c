"""Sentences and titles that claim a result, and whether a computed fact guards each of them.

The list of words is narrow on purpose: it finds the sentences that most often run ahead of what
was measured. A careful reader stays necessary.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from labs_lib.course import marks
from labs_lib.course.source import Cell, Source

_WORDS = re.compile(
    r"\b(?:because|therefore|hence|that is why"
    r"|the (?:largest|smallest|highest|lowest|best|worst|most|least|fewest)"
    r"|(?:nearly|almost) (?:all|every|always|never)"
    r"|(?:far|much|many times) (?:more|less|fewer|better|worse|higher|lower|larger|smaller)"
    r"|always|never|proves?|guarantees?"
    r"|(?:no|none of the|every|all) (?:\w+ )?(?:methods?|models?|worlds?|variants?|cells?))\b",
    re.IGNORECASE,
)
# A title is short: there a comparison is a claim.
_TITLE_WORDS = re.compile(
    rf"{_WORDS.pattern}|\b(?:\w+er than|more|less|fewer|better|worse|no)\b", re.IGNORECASE
)
_NO_CLAIMS = ("Predict", "On SageMaker", "Quiz", "Sources", "Facts")
_SENTENCE = re.compile(
    r".+?(?:[.!?][\"')*”]*(?:\s?\{\{![^}]*\}\})*(?=\s+[\"'(*`\[{A-Z0-9]|\s*$)|$)", re.DOTALL
)
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


@dataclass(frozen=True)
class Claim:
    """A sentence or title with a word that claims a result, and no mark that guards it."""

    cell: int
    section: str
    word: str
    text: str

    def __str__(self) -> str:
        text = self.text if len(self.text) <= 100 else f"{self.text[:100]}..."
        return (
            f"cell {self.cell} ({self.section}): {self.word!r} claims a result in {text!r}; "
            "end it with the mark of a computed fact, {{!name}}, reword it, or give the "
            "reason under `unmeasured:` in the lesson's header"
        )


def unguarded(source: Source) -> list[Claim]:
    """Return the claims of a lesson that neither a fact nor the lesson's header answers for."""
    return [
        claim
        for number, cell in enumerate(source.cells, start=1)
        if not cell.section.startswith(_NO_CLAIMS)
        for claim in (_prose if cell.kind == "markdown" else _titles)(number, cell)
        if not any(_plain(words) in claim.text for words in source.unmeasured)
    ]


def header_problems(source: Source) -> Iterator[str]:
    """Say what is wrong under ``unmeasured:`` in the header of a lesson."""
    text = _plain(" ".join(cell.text for cell in source.cells))
    for words, reason in source.unmeasured.items():
        if len(str(reason or "").split()) < 2:
            yield f"unmeasured: {words!r} has no reason; say why no fact can guard it"
        if len(words.split()) < 3:
            yield f"unmeasured: {words!r} is too short to name one sentence"
        if _plain(words) not in text:
            yield f"unmeasured: {words!r} does not stand in the lesson; remove it"


def literal_problems(source: Source) -> Iterator[str]:
    """Name each mark whose fact is written down instead of computed."""
    try:
        trees = [ast.parse(cell.solution) for cell in source.code]
    except SyntaxError:  # The lint of the cell says so.
        return
    if not trees:
        return
    assigned: dict[str, list[ast.expr]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            for name, value in _assignments(node):
                assigned.setdefault(name, []).append(value)
    facts = stated(trees[-1])
    used = {name for cell in source.cells for name in marks.claims(cell.text)}
    for name in sorted(used):
        fact = _part(facts, name)
        if fact is not None and _is_constant(fact, assigned, ()):
            yield (
                f"{{{{!{name}}}}}: the fact is `{ast.unparse(fact)}`, which no measurement "
                "can change; compute it from what was measured"
            )


def stated(tree: ast.AST) -> dict[str, ast.expr]:
    """Return the facts that the call of ``lab.facts`` states: name to expression."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "facts":
            return {
                keyword.arg: keyword.value
                for keyword in node.keywords
                if keyword.arg is not None and keyword.arg not in ("digits", "tolerance")
            }
    return {}


def sentences(markdown: str) -> Iterator[str]:
    """Yield the sentences of a text; headings, tables and quotations are none."""
    for block in re.split(
        r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", _CODE.sub("`code`", markdown)
    ):
        lines = [
            line.strip()
            for line in block.splitlines()
            if not re.match(r"\s*(?:#|>|\|)", line)
        ]
        for sentence in _SENTENCE.findall(" ".join(lines).removeprefix("- ")):
            if sentence.strip():
                yield sentence.strip()


def _prose(number: int, cell: Cell) -> Iterator[Claim]:
    # An exercise says what to do; its text goes up to the next heading.
    text = re.sub(r"^#+ Exercise .*?(?=^#|\Z)", "", cell.text, flags=re.M | re.S)
    for sentence in sentences(text):
        asks = marks.without_claims(sentence).rstrip("\"')*”").endswith("?")
        found = _WORDS.search(marks.without_any(sentence))
        if found and not asks and not marks.claims(sentence):
            yield Claim(number, cell.section, found[0], _plain(sentence))


def _titles(number: int, cell: Cell) -> Iterator[Claim]:
    if marks.claims(cell.text):
        return
    for node in ast.walk(ast.parse(cell.solution)):
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func) != "plots.figure":
            continue
        for keyword in node.keywords:
            if keyword.arg == "title":
                title = _words_of(keyword.value)
                found = _TITLE_WORDS.search(title)
                if found and not title.rstrip().endswith("?"):
                    yield Claim(number, cell.section, found[0], _plain(title))


def _words_of(node: ast.expr) -> str:
    constants = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
    return " ".join(value for value in constants if isinstance(value, str))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
            pairs = [node.value] * len(names)
            values = getattr(node.value, "elts", [])
            if isinstance(target, ast.Tuple) and len(values) == len(names):
                pairs = values
            yield from zip(names, pairs, strict=True)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        if isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value


def _part(facts: dict[str, ast.expr], name: str) -> ast.expr | None:
    """Return the expression of a fact, or of its part where that is written out."""
    root, *parts = name.split(".")
    value = facts.get(root)
    for part in parts:
        inner = _written_out(value)
        if part not in inner:
            break
        value = inner[part]
    return value


def _written_out(node: ast.expr | None) -> dict[object, ast.expr]:
    """Return the parts of ``{...}``, ``dict(...)`` and ``Fact({...}, ...)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "Fact" and node.args:
            return _written_out(node.args[0])
        if node.func.id == "dict":
            return {keyword.arg: keyword.value for keyword in node.keywords}
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _is_constant(
    node: ast.expr, assigned: dict[str, list[ast.expr]], seen: tuple[str, ...]
) -> bool:
    """Whether an expression has the same value whatever was measured."""
    if isinstance(node, ast.BoolOp):
        fixed = [_is_constant(value, assigned, seen) for value in node.values]
        return all(fixed) or any(
            done
            and isinstance(v, ast.Constant)
            and bool(v.value) == isinstance(node.op, ast.Or)
            for done, v in zip(fixed, node.values, strict=True)
        )
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    if len(sides) == 2 and ast.dump(sides[0]) == ast.dump(sides[1]):
        return True
    for part in ast.walk(node):
        if not isinstance(part, ast.Name) or not isinstance(part.ctx, ast.Load):
            continue
        if part.id == "Fact" or part.id in seen:
            continue
        if part.id in assigned:
            known, values = (*seen, part.id), assigned[part.id]
            # A list that is empty at first is filled later.
            fillable = any(
                isinstance(v, ast.List | ast.Dict | ast.Set | ast.Call) for v in values
            )
            if not fillable and all(_is_constant(v, assigned, known) for v in values):
                continue
            return False
        if not hasattr(builtins, part.id):
            return False
    return True
