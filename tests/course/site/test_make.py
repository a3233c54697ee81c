"""A site appears when it is whole, or not at all."""

import pytest

from labs_lib.course.site import links, make, pages

SOURCES = {
    "index.md": "# Home\n\n[One](one.md#part)\n\n```{toctree}\n\none.md\ndocs/run_sheet/a.md\n```\n",
    "one.md": "# One\n\n## Part\n\nText of the one page.\n",
    "docs/run_sheet/a.md": "# A sheet\n",
}


@pytest.fixture
def small(monkeypatch):
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e .[site]")
    pytest.importorskip(
        "myst_nb", reason="MyST-NB is not installed: pip install -e .[site]"
    )
    sources = dict(SOURCES)
    monkeypatch.setattr(pages, "sources", lambda: sources)
    return sources


def test_a_site_needs_no_server_and_no_network(small, tmp_path):
    said = make.make(tmp_path / "site")
    made = tmp_path / "site"
    assert said.startswith(f"{made}: 4 pages, ")
    assert {f.name for f in tmp_path.iterdir()} == {"site"}
    assert "Text of the one page." in (made / "one.html").read_text(encoding="utf-8")
    assert (made / ".nojekyll").exists()
    assert links.problems(made) == []
    assert '<html lang="en"' in (made / "index.html").read_text(encoding="utf-8")
    # A script, since a page from a file may fetch nothing.
    assert (made / "searchindex.js").read_text("utf-8").startswith("Search.setIndex(")
    styles = {
        name: "sheet.css" in (made / name).read_text("utf-8")
        for name in ("one.html", "docs/run_sheet/a.html")
    }
    assert styles == {"one.html": False, "docs/run_sheet/a.html": True}


@pytest.mark.parametrize(
    "text",
    [
        "# Home\n\n[One](one.md#gone)\n",
        "# Home\n\n[One](two.md)\n",
        '# Home\n\n<a href="two.html">two</a>\n',
        '# Home\n\n<img src="https://example.org/a.png" alt="a">\n',
    ],
)
def test_a_site_with_a_fault_is_refused_and_nothing_is_written(small, tmp_path, text):
    small["index.md"] = text + SOURCES["index.md"].removeprefix("# Home\n")
    with pytest.raises(
        ValueError, match=r"broken links|Sphinx found something wrong"
    ) as told:
        make.make(tmp_path / "site")
    assert "index" in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "find_spec", lambda name: name)
    with pytest.raises(ValueError, match="exists; remove it or name another"):
        make.make(tmp_path)


def test_without_the_extra_the_way_to_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "find_spec", lambda name: None if name == "sphinx" else name)
    with pytest.raises(
        ValueError, match=r'A site needs sphinx, .*pip install -e "\.\[site\]"'
    ):
        make.make(tmp_path / "site")
    assert list(tmp_path.iterdir()) == []
