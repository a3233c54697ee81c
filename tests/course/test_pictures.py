"""The projector's page is made from the stored outputs of a solved lab."""

import re

import pytest
from nbformat import v4

from labs_lib.course import catalog, pictures

PNG = "iVBORw0KGgo=\n"
TABLE = "<table><tr><td>1</td></tr></table>"


def shows(code, *outputs, **metadata):
    """Return an executed cell that shows what is given: HTML, or a figure with its text."""
    data = [
        {"text/html": o} if o.startswith("<") else {"image/png": PNG, "text/plain": o}
        for o in outputs
    ]
    made = [v4.new_output("display_data", data=d) for d in data]
    return v4.new_code_cell(code, outputs=made, metadata=metadata)


def found(*cells):
    return list(pictures.pictures(v4.new_notebook(cells=list(cells))))


def test_a_figure_has_its_own_title_and_its_description():
    cells = [
        v4.new_markdown_cell("## On trial: `x` and [tie](../g.md#tie)\n\nProse."),
        shows(
            'with plots.figure(title="A < B", x="x") as ax:\n    pass',
            'Figure: "B" is above.',
        ),
    ]
    (picture,) = found(*cells)
    assert (picture.section, picture.title, picture.about) == (
        "On trial: x and tie",
        "A < B",
        "",
    )
    assert 'alt="&quot;B&quot; is above."' in picture.shown
    assert 'base64,iVBORw0KGgo="' in picture.shown


@pytest.mark.parametrize(
    ("prose", "title", "about"),
    [
        ("Then it ends. The *means*\nof all:", "The means of all", ""),
        ("Long before. How many?", "How many?", ""),
        ("First.\n\nNone is tuned. So it is.", "", "None is tuned. So it is."),
        ("Read:\n\n- one\n- two", "", ""),
        ("## A heading", "", ""),
    ],
)
def test_a_table_has_what_stands_above_it(prose, title, about):
    first, second = found(v4.new_markdown_cell(prose), shows("a", TABLE, TABLE))
    assert (first.title, first.about, first.shown) == (title, about, TABLE)
    assert (second.title, second.about) == ("", "")


def test_what_is_no_picture_is_left_out():
    facts = shows("facts", TABLE, tags=["facts"])
    assert found(facts, shows("check", "<div>passed</div>"), v4.new_code_cell("1")) == []


def test_a_title_cannot_break_the_page():
    text = pictures.page("<b>", [pictures.Picture('"s"', "<script>", "a & b", TABLE)])
    assert "<title>&lt;b&gt;</title>" in text
    assert text.count("<script>") == 1  # the page's own
    assert 'data-name="&lt;script&gt;"' in text
    assert "a &amp; b" in text


def test_a_page_needs_nothing_else(tmp_path):
    info = catalog.find("prepare/split")
    said = pictures.write(info, tmp_path / "split.html")
    text = (tmp_path / "split.html").read_text(encoding="utf-8")
    count = text.count('<section id="picture-')
    assert said.startswith(f"{tmp_path / 'split.html'}: {count} pictures.")
    assert count > 5
    assert not re.search(r"""(?:src|href)=["'](?!data:)|https?://""", text)
    assert len(re.findall(r'<img [^>]*alt="[^"]{10,}', text)) == text.count("<img ")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("split", r"give one that ends with \.html, such as split\.html"),
        ("old.html", "exists"),
    ],
)
def test_a_wrong_name_is_refused(tmp_path, name, told):
    (tmp_path / "old.html").write_text("mine")
    with pytest.raises(ValueError, match=told):
        pictures.write(catalog.find("prepare/split"), tmp_path / name)
    assert [f.read_text() for f in tmp_path.iterdir()] == ["mine"]


def test_without_a_solution_there_are_no_pictures(tiny, tmp_path):
    with pytest.raises(ValueError, match="start has no solved notebook at"):
        pictures.write(tiny, tmp_path / "start.html")
