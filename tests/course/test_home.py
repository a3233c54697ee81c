import pytest

from labs_lib import cli
from labs_lib.course import catalog, home, overview
from labs_lib.course.progress import Record

DAY_1, DAY_2 = "2026-01-01T20:00:00+00:00", "2026-01-02T20:00:00+00:00"


def finished(page, when=DAY_1):
    done, later, rest = overview.state(page, {})
    return {item: Record(attempts=1, passed=when) for item in (*done, *later, *rest)}


def begun(lab, when):
    return {"ex1": Record(attempts=1, passed=when), "ex2": Record(attempts=2)}


def test_who_has_done_nothing_begins_at_the_start_page():
    new = home.of({})
    assert new.next.page == "00_start_here.ipynb"
    assert all(bar.passed == bar.later == 0 < bar.total for bar in new.bars)


def test_a_bar_for_each_part_that_has_labs():
    parts = {lab.part.title for lab in catalog.labs()}
    assert {bar.title for bar in home.of({}).bars} == parts


def test_the_lab_worked_on_last_is_next_with_what_is_open():
    records = {
        "train/xgboost": begun("train/xgboost", DAY_2),
        "prepare/split": begun("prepare/split", DAY_1),
    }
    step = home.of(records).next
    assert step.page == f"{catalog.find('train/xgboost').stem}.ipynb"
    assert "You began it; open: ex2" in step.why


def test_then_the_first_lab_of_the_map_that_is_not_begun():
    start, first, second = catalog.pages()[:3]
    records = {page.id: finished(page) for page in (start, second)}
    assert home.of(records).next.title == first.title


def test_who_has_finished_everything_goes_to_the_capstone():
    whole = home.of({page.id: finished(page) for page in catalog.pages()})
    assert whole.next.page == "capstone.md"
    assert all(bar.passed == bar.total for bar in whole.bars)
    assert (catalog.NOTEBOOKS / whole.next.page).exists()


@pytest.mark.parametrize(
    ("passed", "later", "shown"),
    [
        (0, 0, "░" * 20),
        (5, 0, "█" * 5 + "░" * 15),
        (5, 5, "█" * 5 + "▒" * 5 + "░" * 10),
        (20, 0, "█" * 20),
    ],
)
def test_a_bar_is_as_long_as_what_is_done(passed, later, shown):
    bar = home.Bar("Train", passed, later, 20)
    assert str(bar) == shown
    assert ("right later" in bar.words) == (later > 0)


def test_words_of_a_learner_that_are_no_lab_are_left_alone():
    assert (
        home.of({"no/lab": {"ex1": Record(attempts=1)}}).next.page == "00_start_here.ipynb"
    )


def test_the_page_links_to_the_next_lab_and_escapes_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "<b>.json"))
    page = home.of({})._repr_html_()
    assert 'href="00_start_here.ipynb"' in page
    assert "&lt;b&gt;" in page
    assert "<b>.json" not in page


def test_the_command_alone_shows_it(progress_file, monkeypatch, capsys):
    monkeypatch.setenv("LABS_MODE", "learn")
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert "Next: " in shown
    assert str(progress_file) in shown
    assert "jupyter lab" in shown


def test_a_damaged_progress_file_is_a_message(progress_file, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    progress_file.write_text("{")
    assert home.show().title == "Your progress cannot be read"


def test_it_is_the_same_for_everybody_when_built():
    assert "what you have passed" in home.show().text
