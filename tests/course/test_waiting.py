"""What a learner sees below a cell that takes long."""

import time

import nbformat
import pytest
from nbclient import NotebookClient

from labs_lib.course import measured, run
from labs_lib.course.waiting import Notice, noticed, waiting


class Screen(list):
    """All that was shown, in its order."""

    def __call__(self, text):
        self.append(text)
        return self.append


def test_a_short_cell_shows_nothing():
    screen = Screen()
    with Notice(show=screen):
        pass
    time.sleep(0.1)
    assert screen == []


def test_a_long_one_counts_and_leaves_nothing_behind():
    screen = Screen()
    with Notice(after=0, show=screen):
        time.sleep(1.2)
    assert screen[0] == "computing: 0 s"
    assert screen[1] == "computing: 1 s"
    assert screen[-1] == ""


def test_the_time_it_takes_is_told_where_it_is_known():
    assert Notice(lambda: 9).text(4.2) == "computing: 4 s of about 9 s on a free machine"


def test_what_the_machinery_computes_has_its_name(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    notice = Notice(show=Screen())
    with noticed(notice):
        with waiting("one seed runs again"):
            assert notice.text(3) == "one seed runs again: 3 s"
        assert notice.what == "computing"


@pytest.mark.parametrize(("mode", "shown"), [("learn", True), ("build", False)])
def test_only_a_learner_is_told(monkeypatch, capsys, mode, shown):
    monkeypatch.setenv("LABS_MODE", mode)
    monkeypatch.setattr("labs_lib.course.waiting.AFTER", 0)
    began = time.monotonic()
    with waiting("one seed runs again"):
        while shown and not capsys.readouterr().out and time.monotonic() < began + 10:
            time.sleep(0.05)
    assert shown or capsys.readouterr().out == ""


@pytest.mark.parametrize("mode", ["learn", "build"])
def test_in_a_kernel(tmp_path, mode):
    """The extension by its name, as the environment's configuration loads it."""
    code = "import time; time.sleep(2.6)"
    cells = [
        nbformat.v4.new_code_cell(text)
        for text in ("%load_ext labs_lib.course.session", code, "1")
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, km=run.kernel_manager(), timeout=60)
    seen = []
    plain = client.process_message

    def process(message, cell, index):
        if message["msg_type"] in ("display_data", "update_display_data"):
            seen.append(message["content"]["data"]["text/plain"])
        return plain(message, cell, index)

    client.process_message = process
    with client.setup_kernel(env=run.kernel_environment(mode), cwd=str(tmp_path)):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    if mode == "build":
        assert seen == []
    else:
        assert seen[0].startswith("computing: 2 s")
        assert seen[-1] == ""


def test_cells_that_were_slow_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "PATH", tmp_path / "measured.json")
    measured.slow_cells.cache_clear()
    found = measured.here(seconds=9, peak_mb=1, cells={"a": 1.4, "b": 3.4})
    measured.save({"start": found})
    assert measured.slow_cells() == {"b": 3}
    measured.slow_cells.cache_clear()
