import json

import nbformat
import pytest

from labs_lib import files
from labs_lib.course import build, catalog, run


@pytest.fixture
def course(tiny, monkeypatch):
    """The tiny course; its generated pages are not looked at."""
    monkeypatch.setattr(build, "pages", dict)
    return tiny


@pytest.fixture
def built(course):
    assert build.build([course]) == []
    return course


def prose(file):
    return "\n".join(
        c.source
        for c in nbformat.read(file, as_version=4).cells
        if c.cell_type == "markdown"
    )


def test_a_source_becomes_two_notebooks(built):
    assert "The share is 0.25." in prose(built.learner)
    assert "The share is 0.25." in prose(built.solution)
    learner = [c for c in nbformat.read(built.learner, 4).cells if c.cell_type == "code"]
    solution = [c for c in nbformat.read(built.solution, 4).cells if c.cell_type == "code"]
    assert learner[1].source.startswith("# count what is right\naccuracy = ...")
    assert solution[1].source.startswith("accuracy = 0.99")
    assert all(not c.outputs and c.execution_count is None for c in learner)
    assert [c.execution_count for c in solution] == [1, 2, 3]
    assert "passed" in solution[1].outputs[0].data["text/plain"]


def test_facts_are_out_of_sight(built, edit):
    edit(
        "lab.facts(share=share)\n",
        "lab.facts(share=share)\n\n# %% [markdown]\n# ## Sources\n",
    )
    assert build.build([built]) == []
    learner = nbformat.read(built.learner, 4)
    assert not any("facts" in c.metadata.get("tags", ()) for c in learner.cells)
    assert "## Facts" not in prose(built.learner) + prose(built.solution)
    assert learner.cells[-1].source == "## Sources"
    last = nbformat.read(built.solution, 4).cells[-1]
    assert last.metadata.tags == ["facts", "nbval-check-output"]
    assert last.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert last.outputs[0].data["text/plain"] == "share | 0.25 | 0.01"


def test_a_failed_build_changes_nothing(tiny, edit, monkeypatch):
    page = catalog.NOTEBOOKS / "concepts.md"
    monkeypatch.setattr(build, "pages", lambda built=None: {page: "new"})
    page.write_text("old")
    edit("share = 0.25", "share = 1 / 0")
    assert "ZeroDivisionError" in build.build([tiny])[0]
    edit("share = 1 / 0", "share = 0.25\nplt.show()")
    assert "plots.show" in build.build([tiny])[0]
    assert page.read_text() == "old"
    assert not tiny.solution.exists()
    edit("\nplt.show()", "")
    assert build.build([tiny]) == []
    assert page.read_text() == "new"


def test_two_builds_at_once(tiny, monkeypatch):
    monkeypatch.setattr(build, "pages", dict)
    with build._alone(), pytest.raises(ValueError, match="Another `labs build` is at work"):
        build.build([tiny])
    assert not tiny.solution.exists()
    assert build.build([tiny]) == []


@pytest.fixture
def read_only(monkeypatch):
    """A course that cannot be written: chmod does not stop root."""

    def refuse(texts):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files, "write_all", refuse)


def test_a_course_that_cannot_be_written(built, edit, read_only):
    before = built.solution.read_bytes()
    edit("The share is", "Its share is")
    with pytest.raises(
        ValueError, match=r"course cannot be written \(Read-only file system\)"
    ):
        build.build([built])
    assert built.solution.read_bytes() == before


def test_reset_where_nothing_can_be_written(built, read_only):
    built.learner.write_text("my work")
    with pytest.raises(ValueError, match="copy its folder to a place of your own") as error:
        build.reset(built)
    assert "Your notebook is as it was." in str(error.value)
    assert built.learner.read_text() == "my work"


def test_reset_without_the_course_folder(built):
    built.solution.unlink()
    with pytest.raises(ValueError, match=r"no fresh copy of start.*pip install -e \."):
        build.reset(built)


def test_a_solution_with_a_wrong_answer_is_refused(built, edit):
    before = built.solution.read_bytes()
    edit("accuracy = 0.99", "accuracy = 0.01")
    assert "does not pass its own check" in build.build([built])[0]
    assert built.solution.read_bytes() == before
    wrong = before.decode().replace(": passed:", ": wrong:")
    edit("accuracy = 0.01", "accuracy = 0.99")
    built.solution.write_text(wrong, encoding="utf-8")
    assert "does not pass its own check" in build.check([built])[0]


def test_a_claim_guards_its_sentence(built, edit):
    edit("share = 0.25", "share = len(lab.exercises) / 4")
    edit("The share is {{share}}.", "The share is small.{{!small}} Next.")
    edit("share=share", "share=share, small=share < 0.5")
    assert build.build([built]) == []
    assert "The share is small. Next." in prose(built.learner)
    before = built.solution.read_bytes()
    edit("share < 0.5", "share < 0.1")
    (problem,) = build.build([built])
    assert "{{!small}} is false" in problem
    assert "'The share is small.'" in problem
    assert built.solution.read_bytes() == before


def test_building_twice_changes_nothing_and_executes_nothing(built, monkeypatch):
    monkeypatch.setattr(run, "execute", None)
    before = built.solution.read_bytes(), built.learner.read_bytes()
    assert build.build([built]) == []
    assert (built.solution.read_bytes(), built.learner.read_bytes()) == before
    assert build.check([built]) == []


def test_prose_can_change_without_executing(built, edit, monkeypatch):
    monkeypatch.setattr(run, "execute", None)
    edit("The share is", "Its share is")
    assert "the solution notebook differs" in build.check([built])[0]
    assert build.build([built]) == []
    assert "Its share is 0.25." in prose(built.solution)
    assert build.check([built]) == []


def test_changed_code_is_found_without_executing(built, edit, monkeypatch):
    monkeypatch.setattr(run, "execute", None)
    edit("share = 0.25", "share = 0.75")
    assert build.check([built]) == [
        "start: its code changed since it was executed. Run `labs build`."
    ]


def test_a_fact_that_differs_from_prose_is_found(built):
    text = built.solution.read_text(encoding="utf-8")
    built.solution.write_text(
        text.replace("The share is 0.25", "The share is 0.26"), encoding="utf-8"
    )
    assert "the solution notebook differs" in build.check([built])[0]


def test_a_learner_who_worked_is_found_only_when_asked_for(built):
    built.learner.write_text("{}")
    assert build.check([built], learner=False) == []
    assert "the learner notebook differs" in build.check([built])[0]


def test_an_output_edited_by_hand_is_found_when_facts_change(built):
    notebook = json.loads(built.solution.read_text(encoding="utf-8"))
    notebook["cells"][-1]["outputs"][0]["data"]["text/plain"] = ["share | 0.99 | 0.01"]
    built.solution.write_text(json.dumps(notebook), encoding="utf-8")
    assert build.check([built]) != []


def test_a_cell_that_raises_keeps_the_old_notebooks(built, edit):
    before = built.solution.read_bytes()
    edit("share = 0.25", "share = 1 / 0")
    (problem,) = build.build([built])
    assert "ZeroDivisionError" in problem
    assert built.solution.read_bytes() == before


def test_a_bad_source_stops_before_anything_is_written(course, edit):
    edit("scores 0.5.", "scores 0.7.")
    (problem,) = build.build([course])
    assert "'0.7' is typed by hand" in problem
    assert not course.solution.exists()


def test_a_broken_link_is_found(course, edit):
    edit("scores 0.5.", "scores [x](nowhere.md).")
    (problem,) = build.build([course])
    assert "the link nowhere.md leads nowhere" in problem


def test_links_to_pages_go_one_up_in_solutions(course, edit):
    (catalog.NOTEBOOKS / "concepts.md").write_text("")
    edit("scores 0.5.", "scores [x](concepts.md).")
    assert build.build([course]) == []
    assert "[x](concepts.md)" in prose(course.learner)
    assert "[x](../concepts.md)" in prose(course.solution)


def test_an_interrupted_build_leaves_nothing_half_written(built, edit, monkeypatch):
    before = built.solution.read_bytes()
    edit("share = 0.25", "share = 0.75")

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build.build([built])
    assert built.solution.read_bytes() == before
    assert [f.name for f in built.solution.parent.iterdir()] == [built.solution.name]


def test_facts_that_were_never_printed(tiny):
    page = build.source.read(tiny)
    with pytest.raises(ValueError, match="holds no printed facts"):
        build.render(page, build.solution_notebook(page))


def test_declared_tolerances_are_listed(course, edit):
    assert build.tolerances([course]) == []
    edit('tags=["exercise"]', 'tags=["exercise", "tolerance=0.02"]')
    assert build.tolerances([course]) == [
        "start: cell 4 (Exercise) declares a tolerance of 0.02"
    ]
    edit("tolerance=0.02", "tolerance=much")
    assert build.tolerances([course]) == []
    assert "do not declare a tolerance" in build.check([course])[0]


def test_reset_keeps_the_learners_copy(built):
    fresh = built.learner.read_text(encoding="utf-8")
    assert build.reset(built) is None
    built.learner.write_text("my work")
    kept = build.reset(built)
    assert kept.read_text() == "my work"
    assert kept.parent == built.learner.parent
    assert built.learner.read_text(encoding="utf-8") == fresh
    built.learner.unlink()
    assert build.reset(built) is None
    assert built.learner.read_text(encoding="utf-8") == fresh


def test_reset_in_a_copy_without_sources(built):
    fresh = built.learner.read_text(encoding="utf-8")
    built.fresh.parent.mkdir()
    built.fresh.write_text(fresh, encoding="utf-8")
    built.lesson.unlink()
    built.solution.unlink()
    built.learner.write_text("my work")
    assert build.reset(built).read_text() == "my work"
    assert built.learner.read_text(encoding="utf-8") == fresh
    built.fresh.unlink()
    with pytest.raises(ValueError, match="no fresh copy of start"):
        build.reset(built)


def test_every_concept_stands_on_the_page(graph_is_planned):
    page = build.concepts_page()
    for concept in catalog.concepts():
        assert f"`{concept.id}`" in page
    assert "planned" in page


def test_the_readme_holds_the_map(tmp_path, monkeypatch):
    assert build.readme().count("train/algorithms") >= 1
    (tmp_path / "README.md").write_text("<!-- map, from labs build -->")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with pytest.raises(
        ValueError, match=r"README\.md has no <!-- map, from labs build -->"
    ):
        build.readme()
