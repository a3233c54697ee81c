"""Every check of a function refuses small faults; `mutation` says how that is measured."""

import ast

import pytest

from labs_lib.course import catalog
from labs_lib.course.exercise import ERROR, PASSED, WRONG
from tests.labs import mutation

GOAL = 0.95
LABS = catalog.labs()


@pytest.mark.parametrize("info", LABS, ids=lambda info: info.id)
def test_the_checks_refuse_faults(info):
    found = mutation.mutants(info)
    print(mutation.HEAD, mutation.row(info, found), sep="\n")
    survived = [mutant.text for mutant in found if mutant.status == PASSED]
    assert mutation.score(found) >= GOAL, "\n".join(["survived:", *survived])


@pytest.mark.parametrize("names", [[], ["train/fit"]])
def test_the_table_has_a_line_a_lab(monkeypatch, names):
    found = [mutation.Mutant("ex1: a → b", WRONG), mutation.Mutant("ex1: a → c", PASSED)]
    monkeypatch.setattr(mutation, "mutants", lambda info: found)
    monkeypatch.setenv("LABS_MODE", "build")
    lines: list[str] = []
    mutation.main(names, say=lines.append)
    head, *rows = lines
    assert head == mutation.HEAD
    labs = names or [info.id for info in LABS]
    assert [row.split()[0] for row in rows if "%" in row] == labs
    assert "50.0%" in rows[0]
    assert ("ex1: a → c" in lines[-1]) == bool(names)


CODE = '''
def f(x, n):
    """Not this text."""
    if x < 2:
        return abs(x) + 1
    for _ in range(n):
        x = max(x, 0.5) and np.mean(x, axis=0)
    return math.ceil(x)
'''
FAULTS = [
    "if x < 2: → if x <= 2:",
    "if x < 2: → if x > 2:",
    "if x < 2: → if x < 3:",
    "if x < 2: → if x < 1:",
    "if x < 2: → (dropped)",
    "return abs(x) + 1 → return x + 1",
    "return abs(x) + 1 → return abs(x) - 1",
    "return abs(x) + 1 → return abs(x) + 2",
    "return abs(x) + 1 → (dropped)",
    "x = max(x, 0.5) and np.mean(x, axis=0) → x = max(x, 0.5) or np.mean(x, axis=0)",
    "x = max(x, 0.5) and np.mean(x, axis=0) → x = min(x, 0.5) and np.mean(x, axis=0)",
    "x = max(x, 0.5) and np.mean(x, axis=0) → x = max(x, 1.0) and np.mean(x, axis=0)",
    "x = max(x, 0.5) and np.mean(x, axis=0) → x = max(x, 0.5) and np.median(x, axis=0)",
    "x = max(x, 0.5) and np.mean(x, axis=0) → x = max(x, 0.5) and np.mean(x, axis=1)",
    "return math.ceil(x) → return math.floor(x)",
    "return math.ceil(x) → return round(x)",
]


def test_faults_are_those_that_people_make():
    texts = [text for text, _ in mutation.mutate(CODE)]
    assert set(FAULTS) <= set(texts)
    assert len(texts) == len(set(texts))
    assert not any("Not this text" in text for text in texts)


def test_each_fault_is_one_change_and_can_be_compiled():
    plain = ast.unparse(ast.parse(CODE))
    for text, tree in mutation.mutate(CODE):
        changed = ast.unparse(tree)
        compile(tree, "<mutant>", "exec")
        lines = [
            (a, b)
            for a, b in zip(plain.splitlines(), changed.splitlines(), strict=False)
            if a != b
        ]
        assert lines, text


def test_a_loop_without_end_is_an_error():
    info = catalog.find("monitor/model_drift")
    target = next(t for t in mutation.targets(info) if t.exercise.name == "ex3")
    code = "def break_even(low, high, retrainings, price):\n    while True:\n        pass\n"
    assert mutation.run(target, ast.parse(code)) == ERROR
