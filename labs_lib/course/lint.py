"""What a lab must not do, found without running it, and what its outputs must not hold."""

import ast
import base64
import builtins
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib.image
import numpy as np
from nbformat import NotebookNode

from labs_lib.course import catalog, outputs
from labs_lib.course.source import BEGIN, END, Cell, Source
from labs_lib.settings import ROOT

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
    "Facts",
    "Sources",
)
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+|(?:\.\d+)?\s?(?:%|percent\b))")
# Code, the targets of links, addresses and DOIs.
_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|10\.\d{4,}/\S+", re.DOTALL
)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_ABSOLUTE = re.compile(r"(?:/(?:home|root|Users|tmp|var|work|mnt|opt)/\w|\b[A-Z]:\\\w)")


def placeholders(text: str) -> list[str]:
    """Return the names of the facts that a text is bound to."""
    return _PLACEHOLDER.findall(text)


def fill(text: str, facts: dict[str, str]) -> str:
    """Put facts in place of their names."""
    return _PLACEHOLDER.sub(lambda match: facts[match[1]], text)


def source_problems(source: Source) -> list[str]:
    """Return what is wrong with a source, one sentence a problem."""
    found = [*_structure(source), *_concepts(source)]
    for number, cell in enumerate(source.cells, start=1):
        prose = cell.kind == "markdown"
        check = _figures(cell.text, source.constants) if prose else _code(cell)
        found += [f"cell {number} ({cell.section}): {problem}" for problem in check]
    found += _names(source)
    return [f"{source.info.id}: {problem}" for problem in found]


def exercise_problems(source: Source) -> list[str]:
    """Return figures typed by hand in the hints, messages and quiz of a lab."""
    lab = source.info.exercises().lab
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
    return [
        f"{source.info.id}, {where}: {problem}"
        for where, text in texts
        for problem in _figures(re.sub(r"\{[\w.:,]+\}", "", text), source.constants)
    ]


def quiz_problems(source: Source) -> list[str]:
    """Return questions that name a concept or a section that does not exist."""
    known = {concept.id for concept in catalog.concepts()}
    sections = {title for level, title in source.headings() if level > 1}
    found = []
    for number, question in enumerate(source.info.exercises().lab.quiz.questions, start=1):
        where = f"{source.info.id}, quiz {number}"
        if question.concept is not None and question.concept not in known:
            found.append(
                f"{where}: unknown concept {question.concept}; see labs_lib/course/concepts.csv"
            )
        if question.section is not None and question.section not in sections:
            found.append(f"{where}: the lesson has no section {question.section!r}")
    return found


def quiz_length_problems(source: Source) -> list[str]:
    """Return a problem if the right option is the longest in more than a third of a quiz.

    A learner who always takes the longest option should not pass.
    """
    questions = source.info.exercises().lab.quiz.questions
    longest = []
    for number, question in enumerate(questions, start=1):
        by_length = sorted(question.options.values(), key=lambda option: len(option.text))
        clear = len(by_length[-1].text) > len(by_length[-2].text)
        if clear and by_length[-1].right:
            longest.append(str(number))
    if 3 * len(longest) <= max(len(questions), 3):
        return []
    return [
        f"{source.info.id}: the right option is the longest in {len(longest)} of "
        f"{len(questions)} questions ({', '.join(longest)}); a third at most"
    ]


def output_problems(notebook: NotebookNode) -> list[str]:
    """Return what is wrong with an executed notebook, one sentence a problem."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            found += [f"cell {number}: {problem}" for problem in _outputs(cell)]
    return found


def learner_problems(source: Source, notebook: NotebookNode) -> list[str]:
    """Return traces of solutions or outputs in a learner notebook."""
    found = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, built in zip(source.code, code, strict=True):
        if built.outputs or built.execution_count is not None:
            found.append(f"{cell.section}: an output in the learner notebook")
        if cell.is_exercise and built.source == cell.solution:
            found.append(
                f"{cell.section}: the exercise is left solved in the learner notebook"
            )
    return found


def link_problems(file: Path, text: str) -> list[str]:
    """Return the relative links of a Markdown text that lead nowhere."""
    return [
        f"{file.name}: the link {target} leads nowhere"
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
        if not re.match(r"[a-z]+:", target)
        and not Path(os.path.normpath(file.parent / target)).exists()
    ]


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
            (i for i, title in enumerate(source.sections) if title.startswith(start)), None
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
            yield f"the concept {concept.id} is not covered"
        if covered and concept.status != "done":
            yield f"the concept {concept.id} runs here but is marked {concept.status!r}"


def _figures(text: str, constants: dict[str, str]) -> Iterator[str]:
    plain = _PLACEHOLDER.sub(" ", _NOT_PROSE.sub(" ", text))
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
    if len(lines) > MAX_LINES:
        yield f"{len(lines)} lines; {MAX_LINES} at most"
    if any(len(line) > MAX_COLUMNS for line in lines):
        yield f"a line of more than {MAX_COLUMNS} columns"


def _names(source: Source) -> Iterator[str]:
    """Names that a later cell needs and only a learner's answer gives; facts used too early."""
    given, answers = set(dir(builtins)), set()
    facts_cell = source.code[-1] if source.code else None
    needs = _fact_names(facts_cell)
    for number, cell in enumerate(source.cells, start=1):
        if cell.kind == "markdown":
            for name in placeholders(cell.text):
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
    """Return, for each fact that the facts cell names, the variables it is made of."""
    if cell is None:
        return {}
    for node in ast.walk(ast.parse(cell.solution)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "facts":
            return {
                keyword.arg: _variables(keyword.value)
                for keyword in node.keywords
                if keyword.arg not in (None, "digits", "tolerance")
            }
    return {}


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
        if "estimator" in text and "sk-container" in text:
            yield "an estimator's HTML view in an output"
        if "image/png" in data and _is_blank(data["image/png"]):
            yield "a blank figure"


def _is_blank(png: str) -> bool:
    image = matplotlib.image.imread(io.BytesIO(base64.b64decode(png)), format="png")
    return bool(np.ptp(image.reshape(-1, image.shape[-1]), axis=0).max() == 0)
