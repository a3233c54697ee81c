from labs_lib.course import build, catalog, overview, progress, run_sheet, source


def start_page():
    return source.read(catalog.find("start"))


def test_the_map_shows_every_lab(graph_is_planned):
    shown = overview.course_map(folder="notebooks/")
    assert len(shown.rows) == len(catalog.labs(planned=True))
    text = repr(shown)
    assert "[train/algorithms](notebooks/2_train/10_algorithms.ipynb)" in text
    assert "planned" in text


def test_links_become_links():
    shown = overview.TextTable(("a <b>",), [("[x](y.ipynb) → [z](w.ipynb)",), ("1 < 2",)])
    page = shown._repr_html_()
    assert '<a href="y.ipynb">x</a> → <a href="w.ipynb">z</a>' in page
    assert "a &lt;b&gt;" in page
    assert "1 &lt; 2" in page


def test_readme_start_page_and_run_sheet_show_the_same_routes():
    shown = overview.routes()
    assert [row[0] for row in shown.rows] == [route.title for route in catalog.routes()]
    assert repr(overview.routes(folder="../notebooks/")) in run_sheet.render()
    assert repr(overview.routes(folder="notebooks/")) in build.readme()
    assert any("overview.routes()" in cell.text for cell in start_page().code)


def test_a_page_is_passed_right_later_or_open(progress_file):
    progress_file.write_text('{"version": 1, "passed": {"start": {"ex1": "t"}}}')
    assert start_row() == ("ex1", "-", "quiz1")
    progress.attempt("start", "quiz1", choice="a")
    progress.attempt("start", "quiz1", choice="b", passed=True)
    assert start_row() == ("ex1", "quiz1", "-")


def start_row():
    table = overview.progress_table(progress.load())
    return next(row for row in table.rows if row[0] == "start")[1:]
