"""What the site holds, and that its links lead to its own pages."""

import posixpath
import re

import nbformat
import pytest

from labs_lib.course import catalog, run_sheet
from labs_lib.course.site import pages
from labs_lib.settings import ROOT

if not (ROOT / "tests").is_dir() or not catalog.find("start").solution.exists():
    pytest.skip("this copy has no solutions", allow_module_level=True)


@pytest.fixture(scope="module")
def sources():
    return pages.sources()


def text_of(sources, page):
    content = sources[page]
    return content if isinstance(content, str) else content.decode("latin-1")


def test_every_page_of_the_course_is_in_the_site(sources):
    assert {f"{lab.stem}.ipynb" for lab in catalog.pages()} <= set(sources)
    sheets = {f"docs/run_sheet/{run_sheet.sheet_file(lab).name}" for lab in catalog.pages()}
    assert sheets <= set(sources)
    assert {"index.md", "glossary.md", "concepts.md", "data.md", "capstone.md"} <= set(
        sources
    )
    documents = {f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")}
    assert documents <= set(sources)


def test_the_keys_are_not(sources):
    key = run_sheet.QUIZ_KEY.read_text(encoding="utf-8")
    line = re.search(r"^- \*\*.+$", key, re.MULTILINE)[0]
    for page in sources:
        assert "quiz_key" not in page
        assert "exam.toml" not in page
        assert line not in text_of(sources, page)


def test_each_page_stands_in_one_table_of_contents(sources):
    named = []
    for page, content in sources.items():
        if not page.endswith(".md"):
            continue
        for contents in re.findall(r"```\{toctree\}\n(.*?)```", content, re.DOTALL):
            for entry in contents.split("\n"):
                entry = re.sub(r"^.*<(.+)>$", r"\1", entry)
                if entry and not entry.startswith(":"):
                    named.append(
                        posixpath.normpath(posixpath.join(posixpath.dirname(page), entry))
                    )
    written = {page for page in sources if page.endswith((".md", ".ipynb"))}
    assert sorted(named) == sorted(written - {"index.md"})


def test_no_link_leaves_the_site_but_for_the_web(sources):
    for page in (page for page in sources if page.endswith((".md", ".ipynb"))):
        text = text_of(sources, page)
        if page.endswith(".ipynb"):
            cells = nbformat.reads(text, as_version=4).cells
            text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", prose):
            there = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
            assert "://" in target or there in sources, (page, target)


def test_a_solved_lab_keeps_descriptions_and_loses_what_guards_its_prose(sources):
    info = catalog.find("prepare/split")
    notebook = nbformat.reads(sources[f"{info.stem}.ipynb"], as_version=4)
    assert not [c for c in notebook.cells if "facts" in c.metadata.get("tags", ())]
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        figures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        alts = [o.data["text/plain"].removeprefix("Figure: ") for o in figures]
        told = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert told == " ".join(alts)
    exercise = next(c for c in notebook.cells if "exercise" in c.metadata.get("tags", ()))
    assert "return np.array(draw)" in exercise.source


WHERE = {
    "a/b.md": "b.md",
    "notebooks/solutions/1_p/x.ipynb": "1_p/x.ipynb",
    "p.png": "p.png",
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[b](../a/b.md#tie)", "[b](../b.md#tie)"),
        ("[x](../notebooks/solutions/1_p/x.ipynb)", "[x](x.ipynb)"),
        ("![p](../p.png)", "![p](../p.png)"),
        ("[gone](../labs_lib/cli.py) stays", "gone stays"),
        ("[web](https://example.org/a/b.md)", "[web](https://example.org/a/b.md)"),
        ("[here](#top)", "[here](#top)"),
        ("`[b](../a/b.md)`", "`[b](../a/b.md)`"),
        ("```\n[b](../a/b.md)\n```", "```\n[b](../a/b.md)\n```"),
    ],
)
def test_links_follow_their_files(given, expected):
    assert pages.relinked(given, "docs/y.md", "1_p/y.md", WHERE) == expected


def test_a_picture_without_a_place_is_refused():
    with pytest.raises(ValueError, match=r"README\.md shows gone\.png, which has no place"):
        pages.relinked("![x](gone.png)", "README.md", "index.md", WHERE)


def test_without_a_solution_there_is_no_site(tiny):
    with pytest.raises(ValueError, match="start has no solved notebook at"):
        pages.solved(tiny, {})
