"""What a lab must not do, found without running it, and what its outputs must not hold."""

import ast
import base64
import builtins
import io
import os
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.image
import numpy as np
from nbformat import NotebookNode

from labs_lib.course import catalog, claims, glossary, marks, outputs
from labs_lib.course.catalog import LabInfo
from labs_lib.course.exercise import PASSED
from labs_lib.course.source import BEGIN, END, Cell, Source
from labs_lib.settings import ROOT

if TYPE_CHECKING:
    from labs_lib.course.lab import Lab

# What a lab's own parameters decide is no trial, and a claim that is not about data has no real
# data: such a lab shows instead how it is done at work.
_INSTEAD = {"On trial": "A demonstration", "Real data": "At work"}
EXERCISES, QUESTIONS = (2, 4), (4, 6)
_USUAL_OPTIONS = {"no difference shown"}
MAX_LINES, MAX_COLUMNS = 25, 88
FACTS_TAGS = ("facts", "nbval-check-output")
_CONTRACT = (
    "The situation",
    "Predict",
    "On trial",
    "Where it fails",
    "Real data",
    "On SageMaker",
    "What is not reproduced",
    "Takeaways",
    "Quiz",
    "Sources",
)
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+|(?:\.\d+)?\s?(?:%|percent\b))")
# Code, the targets of links, addresses and DOIs.
_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|10\.\d{4,}/\S+", re.DOTALL
)
_CHECK = re.compile(r"\blab\.\w+\.check\(")
_DEBRIS = re.compile(
    r"LABS_MODE|No guess yet|You made no guess|not attempted|[Nn]othing is recorded"
)
# The folder of a container is none of this machine.
_ABSOLUTE = re.compile(
    r"(?:/(?:home|root|Users|tmp|var|work|mnt|opt(?!/ml/))/\w|\b[A-Z]:\\\w)"
)


def source_problems(source: Source) -> list[str]:
    """Return what is wrong with a source, one sentence a problem."""
    found = [*_structure(source), *_concepts(source), *glossary.problems(source)]
    for number, cell in enumerate(source.cells, start=1):
        prose = cell.kind == "markdown"
        check = _figures(cell.text, source.constants) if prose else _code(cell)
        found += [f"cell {number} ({cell.section}): {problem}" for problem in check]
    found += [*_names(source), *claims.header_problems(source)]
    found += claims.literal_problems(source)
    return [f"{source.info.id}: {problem}" for problem in found]


def exercise_problems(source: Source) -> list[str]:
    """Return what is wrong with the exercises and quiz of a lab.

    That is: figures typed by hand, too few of them, an exercise that the lesson never checks,
    and words of the template of a new lab.
    """
    lab = source.info.exercises().lab
    found = [] if source.info.is_start else [*_counts(lab), *_template_words(source.info)]
    answered = "\n".join(cell.text for cell in source.code if cell.is_exercise)
    found += [
        f"{exercise.name}: no cell of the lesson checks it"
        for exercise in lab.exercises
        if f".{exercise.name}.check(" not in answered
    ]
    texts = [(f"quiz {i}", q.text) for i, q in enumerate(lab.quiz.questions, start=1)]
    for i, question in enumerate(lab.quiz.questions, start=1):
        for letter, option in question.options.items():
            texts += [
                (f"quiz {i} {letter}", option.text),
                (f"quiz {i} {letter}", option.reason),
            ]
    for exercise in lab.exercises:
        texts += [(exercise.name, text) for text in (*exercise.hints, exercise.praise)]
        texts += [(exercise.name, text) for text in exercise.misconceptions.values()]
    found += [
        f"{where}: {problem}"
        for where, text in texts
        for problem in _figures(re.sub(r"\{[\w.:,]+\}", "", text), source.constants)
    ]
    return [f"{source.info.id}, {problem}" for problem in found]


def quiz_problems(source: Source) -> list[str]:
    """Return questions without domain, concept or section, or with one that does not exist."""
    known = {concept.id for concept in catalog.concepts()}
    sections = {title for level, title in source.headings() if level > 1}
    found = []
    for number, question in enumerate(source.info.exercises().lab.quiz.questions, start=1):
        where = f"{source.info.id}, quiz {number}"
        places = {
            "domain": question.domain,
            "concept": question.concept,
            "section": question.section,
        }
        missing = [name for name, value in places.items() if value is None]
        if missing:
            found.append(
                f"{where}: {', '.join(missing)} missing in quiz.toml; a question names its exam "
                "domain, the concept it asks about, and the section that proves the answer"
            )
        if question.concept is not None and question.concept not in known:
            found.append(
                f"{where}: unknown concept {question.concept}; see labs_lib/course/concepts.csv"
            )
        if question.section is not None and question.section not in sections:
            found.append(f"{where}: the lesson has no section {question.section!r}")
    return found


def output_problems(notebook: NotebookNode) -> list[str]:
    """Return what is wrong with an executed solution, one sentence a problem."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            found += [f"cell {number}: {problem}" for problem in _outputs(cell)]
    return found


def learner_problems(source: Source, notebook: NotebookNode) -> list[str]:
    """Return traces of solutions, facts or outputs in a learner notebook."""
    found = []
    cells = {cell.id: cell for cell in source.cells}
    for built in notebook.cells:
        cell = cells[built.id]
        if built.cell_type != "code":
            continue
        if built.outputs or built.execution_count is not None:
            found.append(f"{cell.section}: an output in the learner notebook")
        if cell.is_facts:
            found.append(f"{cell.section}: the facts cell in the learner notebook")
        if cell.is_exercise and built.source == cell.solution:
            found.append(
                f"{cell.section}: the exercise is left solved in the learner notebook"
            )
    return found


def link_problems(file: Path, text: str, *, written: Collection[Path] = ()) -> list[str]:
    """Return the relative links of a Markdown text that lead nowhere.

    Parameters
    ----------
    file : Path
        Where the text will stand.
    text : str
    written : collection of Path
        Files that need not exist yet: they are written together with `file`.
    """
    found = []
    for target, anchor in re.findall(r"\]\(([^)#\s]+)(#[^)\s]*)?[^)]*\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path = Path(os.path.normpath(file.parent / target))
        if path not in written and not path.exists():
            found.append(f"{file.name}: the link {target} leads nowhere")
        elif catalog.NOTEBOOKS in file.parents and catalog.NOTEBOOKS not in path.parents:
            found.append(
                f"{file.name}: the link {target} leads out of notebooks/, which is all that "
                "JupyterLab shows; data cards are in data.md"
            )
        elif path.name == "glossary.md" and anchor and anchor[1:] not in glossary.anchors():
            found.append(
                f"{file.name}: the glossary has no {anchor}; see "
                "labs_lib/course/glossary.toml"
            )
    return found


def _counts(lab: "Lab") -> Iterator[str]:
    for name, number, (low, high) in (
        ("exercises", len(lab.exercises), EXERCISES),
        ("questions in the quiz", len(lab.quiz.questions), QUESTIONS),
    ):
        if not low <= number <= high:
            yield f"{name}: {number}; a lab has {low} to {high}"
    for number, question in enumerate(lab.quiz.questions, start=1):
        if len(question.options) != 4:
            yield f"quiz {number}: {len(question.options)} options; a question has 4"


def _template_words(info: LabInfo) -> Iterator[str]:
    """Name each file of a lab that still holds words of the template it was made from."""
    for name, words in (
        ("lesson.py", _prose_lines),
        ("exercises.py", _strings),
        ("quiz.toml", _quiz_texts),
    ):
        file = info.folder / name
        if not file.exists():
            continue
        template = (catalog.HERE / "template" / name).read_text(encoding="utf-8")
        left = words(template) & words(file.read_text(encoding="utf-8"))
        if left:
            shown = "; ".join(repr(text) for text in sorted(left)[:3])
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""
            place = f"labs_lib/labs/{info.id}/{name}"
            yield f"the template's words are still in {place}: {shown}{more}"


def _prose_lines(lesson: str) -> set[str]:
    lines = re.findall(r"^# (.+)$", lesson, re.MULTILINE)
    # What every lesson has: headings, the header, the marks of cells and of solutions.
    fixed = re.compile(r"#|%%|---|jupyter:|  |\||BEGIN |END |.*@|.*\{\{")
    prose = {line for line in lines if not fixed.match(line)}
    titles = {line for line in lines if line.startswith("### ")}
    return prose | {title.partition(": ")[2] for title in titles} - {""}


def _strings(code: str) -> set[str]:
    strings = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
    return {
        s for s in strings if isinstance(s, str) and len(s.split()) > 2
    } - _USUAL_OPTIONS


def _quiz_texts(quiz: str) -> set[str]:
    questions = tomllib.loads(quiz).get("question", [])
    parts = [*questions, *(o for q in questions for o in q.get("option", []))]
    return {part[k] for part in parts for k in ("text", "reason") if k in part}


def _structure(source: Source) -> Iterator[str]:
    titles = [title for level, title in source.headings() if level == 1]
    if len(titles) != 1:
        yield f"{len(titles)} headings of level 1; a lab has one"
    code = source.code
    if not code or code[-1].tags != FACTS_TAGS or ".facts(" not in code[-1].text:
        yield f"the last code cell must call lab.facts and have the tags {list(FACTS_TAGS)}"
    if source.info.is_start:
        return
    order = [
        next(
            (
                i
                for i, title in enumerate(source.sections)
                if title.startswith((start, _INSTEAD.get(start, start)))
            ),
            None,
        )
        for start in _CONTRACT
    ]
    missing = [
        start for start, place in zip(_CONTRACT, order, strict=True) if place is None
    ]
    places = [place for place in order if place is not None]
    if missing:
        yield f"sections of the lab contract are missing: {', '.join(missing)}"
    elif places != sorted(places):
        yield f"sections of the lab contract stand in another order than {', '.join(_CONTRACT)}"


def _concepts(source: Source) -> Iterator[str]:
    own = {c.id: c for c in catalog.concepts()}
    for id, section in source.concepts.items():
        if id not in own:
            yield f"unknown concept {id}; see labs_lib/course/concepts.csv"
        elif own[id].lab != source.info.id:
            yield f"the concept {id} belongs to {own[id].lab}"
        if section not in source.sections:
            yield f"the concept {id} names the section {section!r}, which does not exist"
    for concept in own.values():
        covered = concept.id in source.concepts
        if concept.lab == source.info.id and not covered:
            yield (
                f"the concept {concept.id} is not covered; name it and its section under "
                f"`concepts:` in {source.info.lesson.name}"
            )
        if covered and concept.status != "done":
            line = _line_of(catalog.HERE / "concepts.csv", f"{concept.id},")
            yield (
                f"the concept {concept.id} runs here but is marked {concept.status!r}; "
                f"write done in labs_lib/course/concepts.csv, line {line}"
            )


def _line_of(file: Path, start: str) -> int:
    """Return the number of the line that begins with `start`."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, start=1) if line.startswith(start))


def _figures(text: str, constants: dict[str, str]) -> Iterator[str]:
    plain = marks.without_any(_NOT_PROSE.sub(" ", text))
    for figure in _FIGURE.findall(plain):
        if figure not in constants:
            yield f"{figure!r} is typed by hand; bind it to a fact, or list it as a constant"


def _code(cell: Cell) -> Iterator[str]:
    if re.search(r"^\s*[%!]\w", cell.text, re.MULTILINE):
        yield "a magic or shell line; use Python"
        return
    try:
        outputs.tolerance(cell.tags)
    except ValueError as error:
        yield str(error)
    for form, text in (("solution", cell.solution), ("stub", cell.stub)):
        try:
            ast.parse(text)
        except SyntaxError as error:
            yield f"the {form} is not valid Python: {error.msg}, line {error.lineno}"
            return
    if "filterwarnings" in cell.text or "simplefilter" in cell.text:
        yield "a warning is silenced; mend its cause"
    if _ABSOLUTE.search(cell.text):
        yield "an absolute path"
    if re.search(r"\bplt\.show\(", cell.text):
        yield "plt.show; plots.show also takes the description for screen readers"
    if cell.text.count(BEGIN) != cell.text.count(END):
        yield f"{BEGIN} and {END} do not pair"
    if cell.is_exercise and (BEGIN not in cell.text or cell.stub == cell.solution):
        yield "an exercise without a solution region: it would be left solved"
    if not cell.is_exercise and BEGIN in cell.text:
        yield "a solution region outside a cell tagged exercise"
    lines = [line for line in cell.solution.splitlines() if line.strip()]
    # Trials and facts have limits of their own: `labs_lib.course.measures`.
    if len(lines) > MAX_LINES and not cell.is_trial and not cell.is_facts:
        yield f"{len(lines)} lines; {MAX_LINES} at most"
    if any(len(line) > MAX_COLUMNS for line in lines):
        yield f"a line of more than {MAX_COLUMNS} columns"


def _names(source: Source) -> Iterator[str]:
    """Names that a later cell needs and only a learner's answer gives; facts used too early."""
    given, answers = set(dir(builtins)), set()
    facts_cell = source.code[-1] if source.code else None
    needs = _fact_names(facts_cell)
    for number, cell in enumerate(source.cells, start=1):
        for name in marks.claims(cell.text):
            if name.split(".")[0] not in needs:
                yield f"cell {number}: {{{{!{name}}}}} is not a fact of the lab"
        if cell.kind == "markdown":
            for name in marks.numbers(cell.text):
                root = name.split(".")[0]
                if root not in needs:
                    yield f"cell {number}: {{{{{name}}}}} is not a fact of the lab"
                elif missing := needs[root] - given:
                    yield (
                        f"cell {number}: {{{{{name}}}}} stands above the cell that makes "
                        f"{', '.join(sorted(missing))}"
                    )
            continue
        try:
            tree = ast.parse(cell.solution)
        except SyntaxError:
            continue
        bound, used = _bound_and_used(tree)
        if cell.is_exercise:
            answers |= bound
            # What the learner gets as scaffolding is there whatever the answer is.
            given |= _bound_and_used(ast.parse(_scaffold(cell)))[0]
            continue
        taken = sorted((used - bound - given) & answers)
        if taken:
            yield f"cell {number} uses {', '.join(taken)}, which only an exercise's answer gives"
        given |= bound


def _scaffold(cell: Cell) -> str:
    return re.sub(rf"^[ ]*{BEGIN}.*?{END}", "", cell.text, flags=re.MULTILINE | re.DOTALL)


def _fact_names(cell: Cell | None) -> dict[str, set[str]]:
    """Return, for each fact that the facts cell names, what earlier cells have to give."""
    if cell is None:
        return {}
    tree = ast.parse(cell.solution)
    own = _own_names(tree)
    return {name: _needed(value, own) for name, value in claims.stated(tree).items()}


def _own_names(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Return each name that the facts cell itself binds, with what it is made of."""
    own: dict[str, list[ast.AST]] = {}
    for statement in tree.body:
        for name in _bound_and_used(statement)[0]:
            own.setdefault(name, []).append(statement)
    return own


def _needed(node: ast.AST, own: dict[str, list[ast.AST]]) -> set[str]:
    seen: set[str] = set()
    needed, open_names = set(), _variables(node)
    while open_names:
        name = open_names.pop()
        seen.add(name)
        if name not in own:
            needed.add(name)
            continue
        for statement in own[name]:
            open_names |= _bound_and_used(statement)[1] - seen
    return needed


def _variables(node: ast.AST) -> set[str]:
    """Return the names in an expression that an earlier cell has to give."""
    nodes = list(ast.walk(node))
    targets = [n.target for n in nodes if isinstance(n, ast.comprehension)]
    local = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    called = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    names = {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in called}
    return names - local


def _bound_and_used(tree: ast.AST) -> tuple[set[str], set[str]]:
    bound: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).split(".")[0] for a in node.names}
    return bound, used


def _outputs(cell: NotebookNode) -> Iterator[str]:
    if cell.execution_count is None:
        yield "not executed: there is nothing to compare with"
    if _CHECK.search(cell.source):
        yield from _unsolved(cell)
    if "nbval-check-output" in cell.metadata.get("tags", ()) and not cell.outputs:
        yield "checked, but without an output"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"raises {output.ename}: {output.evalue}"
        if output.get("name") == "stderr":
            yield f"writes to stderr: {output.text.strip()[:80]}"
        data = output.get("data", {})
        text = "".join(str(v) for k, v in data.items() if not k.startswith("image/"))
        text += output.get("text", "")
        if str(ROOT) in text or _ABSOLUTE.search(text):
            yield "an absolute path in an output"
        if debris := _DEBRIS.search(text):
            yield f"{debris[0]!r} in an output; it is about the build or an untouched lab"
        if "estimator" in text and "sk-container" in text:
            yield "an estimator's HTML view in an output"
        if "image/png" in data and _is_blank(data["image/png"]):
            yield "a blank figure"


def _unsolved(cell: NotebookNode) -> Iterator[str]:
    shown = [o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    first = ["".join(text).partition("\n")[0] for text in shown]
    found = [line for line in first if line.startswith("Exercise ")]
    checks = len(_CHECK.findall(cell.source))
    if len(found) < checks:
        yield "an exercise's check shows no answer; put each check last in a cell of its own"
    for line in found:
        if f": {PASSED}" not in line:
            yield f"the solution does not pass its own check: {line[:160]}"


def _is_blank(png: str) -> bool:
    image = matplotlib.image.imread(io.BytesIO(base64.b64decode(png)), format="png")
    return bool(np.ptp(image.reshape(-1, image.shape[-1]), axis=0).max() == 0)
