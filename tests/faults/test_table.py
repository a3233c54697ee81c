"""docs/faults.md names tests that exist, and every module of tests that belongs to it."""

import ast
import re
from pathlib import Path

from labs_lib.settings import ROOT

PAGE = ROOT / "docs" / "faults.md"
HERE = Path(__file__)
COLUMNS = ["fault", "what happens", "what is kept", "what the user reads", "test"]


def rows(text):
    """Yield the cells of each row of the page's tables, without their heads."""
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells != COLUMNS and set(line) != set("|-"):
                yield cells


def problems(text, root):
    """Return what is wrong with the page: empty cells, tests that do not exist or come twice."""
    found, seen = [], set()
    for cells in rows(text):
        if len(cells) != len(COLUMNS) or not all(cells):
            found.append(f"a cell is empty or missing: {cells}")
            continue
        named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", cells[-1])
        file = root / named[1] if named else None
        if file is None or not file.exists():
            found.append(f"no such module: {cells[-1]}")
        elif named[2] not in names_in(file):
            found.append(f"no such test: {cells[-1]}")
        if tuple(cells) in seen:
            found.append(f"twice: {cells[0]}")
        seen.add(tuple(cells))
    modules = {path.relative_to(root).as_posix() for path in HERE.parent.glob("test_*.py")}
    modules -= {HERE.relative_to(root).as_posix()}
    found += [f"{module} has no row" for module in sorted(modules) if module not in text]
    return found


def names_in(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_has_a_test_and_every_module_a_row():
    text = PAGE.read_text(encoding="utf-8")
    assert len(list(rows(text))) > 40
    assert problems(text, ROOT) == []


def test_a_row_without_a_test_is_found():
    text = PAGE.read_text(encoding="utf-8")
    some = "tests/faults/test_damage.py::test_the_progress_file"
    for old, new, expected in (
        (f"{some}`", f"{some}_x`", "no such test"),
        (f"`{some}`", "soon", "no such module"),
        ("test_paths.py", "test_path.py", "test_paths.py has no row"),
    ):
        assert old in text
        assert any(expected in found for found in problems(text.replace(old, new), ROOT))
