import shutil

import pytest

from labs_lib.course import catalog, source
from labs_lib.course.source import Cell, SourceError
from labs_lib.settings import ROOT


def cell(text):
    return Cell(kind="code", text=text, tags=("exercise",), section="", id="x")


def test_a_source_is_read_with_its_header(tiny):
    page = source.read(tiny)
    assert page.constants == {"0.5": "by definition"}
    assert page.sections == ["Exercise", "Facts"]
    assert [c.kind for c in page.cells].count("code") == 3
    assert page.code[1].is_exercise


def test_cell_ids_follow_the_section_not_the_position(tiny, edit):
    before = {c.text: c.id for c in source.read(tiny).cells}
    edit(
        "# %% [markdown]\n# ## Exercise",
        "# %% [markdown]\n# ## New\n\n# %%\n1\n\n# %% [markdown]\n# ## Exercise",
    )
    after = {c.text: c.id for c in source.read(tiny).cells}
    assert before.items() <= after.items()


def test_a_named_cell_keeps_its_name(tiny, edit):
    edit('# %% tags=["exercise"]', '# %% name="my-cell" tags=["exercise"]')
    assert source.read(tiny).code[1].id == "my-cell"


def test_two_sections_of_one_title_are_refused(tiny, edit):
    edit("# ## Facts", "# ## Exercise")
    edit(
        "# The share is {{share}}.\n",
        "# The share is {{share}}.\n\n# %% [markdown]\n# ## Other\n",
    )
    with pytest.raises(SourceError, match="occur twice"):
        source.read(tiny)


def test_a_missing_source_says_what_to_do(tiny):
    tiny.lesson.unlink()
    with pytest.raises(SourceError, match="labs new start"):
        source.read(tiny)


def test_names_get_dots_one_by_one():
    c = cell(
        "# BEGIN SOLUTION\n#: split first\na, (b, c) = 1, (2, 3)\na += 1\nprint(a)\n# END SOLUTION\ncheck(a, b, c)"
    )
    assert c.stub == "# split first\na = ...\nb = ...\nc = ...\ncheck(a, b, c)"
    assert c.solution == "a, (b, c) = 1, (2, 3)\na += 1\nprint(a)\ncheck(a, b, c)"


def test_a_function_keeps_its_signature_and_docstring():
    c = cell(
        '# BEGIN SOLUTION\ndef f(x,\n      y=1):\n    """What it does."""\n    #: add\n    return x + y\n# END SOLUTION\ncheck(f)'
    )
    assert c.stub == (
        f'# add\ndef f(x,\n      y=1):\n    """What it does."""\n    {source.STUB_LINE}\ncheck(f)'
    )
    assert "#:" not in c.solution


def test_a_function_without_docstring():
    c = cell(
        "# BEGIN SOLUTION\ndef f(x):\n    y = x\n    return y\n# END SOLUTION\ncheck(f)"
    )
    assert c.stub == f"def f(x):\n    {source.STUB_LINE}\ncheck(f)"


def test_a_region_inside_a_function():
    c = cell(
        "def f(x):\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION\n\ncheck(f)"
    )
    assert c.stub == f"def f(x):\n    {source.STUB_LINE}\n\ncheck(f)"
    assert c.solution == "def f(x):\n    return x\n\ncheck(f)"


def test_the_code_hash_ignores_prose_and_sees_code(tiny, edit):
    before = source.read(tiny).code_hash()
    edit("Chance scores", "By chance a model scores")
    assert source.read(tiny).code_hash() == before
    edit("share = 0.25", "share = 0.26")
    assert source.read(tiny).code_hash() != before


def test_the_code_hash_sees_the_quiz(tiny):
    before = source.read(tiny).code_hash()
    file = tiny.folder / "quiz.toml"
    file.write_text(file.read_text("utf-8").replace("reason = ", "reason =  ", 1))
    assert source.read(tiny).code_hash() != before


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("share = 0.25", "share = 0.25  # a quarter", False),
        ("share = 0.25", "share = 0.25\n\n# %%\nshare", True),
        ("lab.facts(share=share)", "lab.facts(share=share);", True),
        ("lab.facts(share=share)", "# %%\nlab.facts(share=share)", True),
        ("lab.facts(share=share)", "lab.facts(share=payments.month(share))", True),
    ],
)
def test_the_code_hash_sees_what_a_cell_shows(tiny, edit, old, new, counts):
    before = source.read(tiny).code_hash()
    edit(old, new)
    assert (source.read(tiny).code_hash() != before) == counts


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("labs/start/exercises.py", "1_100, 11", "1_200, 12", True),
        ("labs/start/exercises.py", "has not found a single fraud", "finds none", True),
        ("stats/comparisons.py", 'else "undecided"', 'else "open"', True),
        ("stats/comparisons.py", "\n_DESIGNS", "\n_UNUSED = 1\n_DESIGNS", False),
        ("course/lab.py", "About {info.minutes}", "Some {info.minutes}", False),
    ],
)
def test_the_code_hash_follows_the_package(
    tiny, edit, monkeypatch, tmp_path, file, old, new, counts
):
    edit("share = 0.25", "from labs_lib import stats\n\nshare = stats.Comparison")
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "labs_lib", copy / "labs_lib", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(source, "ROOT", copy)
    before = source.read(tiny).code_hash()
    path = copy / "labs_lib" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert (source.read(tiny).code_hash() != before) == counts


def test_a_cell_that_is_no_python(tiny, edit):
    edit("share = 0.25", "share = = 0.25")
    with pytest.raises(SourceError, match="start: a cell is no Python"):
        source.read(tiny).code_hash()


def test_the_start_page_is_stale_when_the_map_changes(monkeypatch, tmp_path):
    page = source.read(catalog.pages()[0])
    before = page.code_hash()
    for name in catalog.MAP_FILES:
        (tmp_path / name).write_text((catalog.HERE / name).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(source, "HERE", tmp_path)
    assert page.code_hash() == before
    with open(tmp_path / "concepts.csv", "a", encoding="utf-8") as file:
        file.write("x,X,,Notes,train/fit,planned,nothing\n")
    assert page.code_hash() != before
