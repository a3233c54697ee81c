"""The solution notebooks as they are committed: executed, clean, equal to their sources."""

import nbformat
import pytest

from labs_lib.course import build, catalog, lint

PAGES = catalog.pages()
SOURCES = pytest.mark.skipif(
    not (catalog.NOTEBOOKS / "solutions").exists(), reason="this copy has no solutions"
)


@SOURCES
def test_the_committed_solutions_equal_their_sources():
    assert build.check(PAGES, learner=False) == []


@SOURCES
@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_the_committed_solution_is_executed_and_clean(info):
    assert lint.output_problems(nbformat.read(info.solution, as_version=4)) == []
