"""The solution notebooks: executed, equal to their sources, and their facts reproducible."""

import os

import nbformat
import pytest

from labs_lib.course import build, catalog, facts, lint, run
from tests.conftest import strict_notebooks

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


@SOURCES
@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_a_fresh_run_gives_the_committed_facts(info, request):
    if strict_notebooks() and not request.config.getoption("--facts"):
        pytest.skip("nbval compares the text of every cell here; --facts runs this as well")
    committed = nbformat.read(info.solution, as_version=4)
    fresh = nbformat.read(info.solution, as_version=4)
    result = run.execute(fresh, mode="build", folder=info.solution.parent)
    assert result.error is None
    assert facts.differences(build.fact_values(committed), build.fact_values(fresh)) == []


def test_notebooks_are_tested_in_mode_build():
    assert os.environ["LABS_MODE"] == "build"
