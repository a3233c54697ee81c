"""Notebooks are executed in a fresh kernel of this Python, measured, and never written."""

import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labs_lib.course import catalog, export, measured, run
from labs_lib.course.run import execute


def notebook(*sources: str):
    return new_notebook(cells=[new_code_cell(source) for source in sources])


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Three labs in a folder of their own: one that runs, one that fails, one missing."""
    monkeypatch.setattr(catalog, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(export, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(measured, "PATH", tmp_path / "measured.json")
    part = catalog.Part(id="train", number=2, title="Train")
    labs = [
        catalog.LabInfo(f"train/{name}", f"Lab {name} & co", part, order, 5)
        for order, name in [(10, "good"), (20, "bad"), (30, "missing")]
    ]
    good = new_notebook(
        cells=[
            new_markdown_cell(
                "# Good\n[next](20_bad.ipynb#Why), [later](30_missing.ipynb), "
                "[AWS](https://aws.amazon.com/x.ipynb), [tie](../../glossary.md#tie)\n\n"
                "> [!NOTE]\n> Look."
            ),
            new_code_cell("import os\nos.environ['LABS_MODE']"),
        ]
    )
    for lab, content in zip(labs, [good, notebook("1 / 0")], strict=False):
        lab.solution.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(content, lab.solution)
    glossary = "# Glossary\n\n## tie\n\nIn [good](2_train/10_good.ipynb)."
    (tmp_path / "notebooks" / "glossary.md").write_text(glossary)
    return labs


def test_outputs_are_stored_and_the_kernel_is_this_python(tmp_path, monkeypatch):
    foreign = tmp_path / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(
        '{"argv": ["/no/such/python"], "display_name": "", "language": ""}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.setenv("MPLBACKEND", "agg")
    nb = notebook(
        "import os, sys",
        "for x in sys.executable, os.environ['LABS_MODE'], os.getcwd():\n    print(x)",
        "",
        "block = b'x' * 150_000_000\ndel block",
        "'MPLBACKEND' in os.environ and os.environ['MPLBACKEND'] == 'agg'",
    )
    seen = []
    result = execute(
        nb,
        mode="learn",
        folder=tmp_path,
        on_cell=lambda done, total: seen.append((done, total)),
    )

    assert result.error is None
    executable, mode, folder = nb.cells[1].outputs[0].text.split("\n")[:3]
    assert Path(executable) == Path(sys.executable)
    assert mode == "learn"
    assert Path(folder).samefile(tmp_path)
    assert nb.cells[4].outputs[0].data["text/plain"] == "False"
    assert [cell.execution_count for cell in nb.cells] == [1, 2, None, 3, 4]
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert 0 < result.seconds < 60
    assert 150 < result.peak_mb < 1000


def test_a_raising_cell_stops_the_notebook_and_is_named_in_plain_text(tmp_path):
    nb = notebook("a = 1", "def f():\n    raise KeyError('colour')\nf()", "a + 1")
    nb.cells[2].outputs = [nbformat.v4.new_output("stream", text="old")]
    error = execute(nb, mode="build", folder=tmp_path).error

    assert error.splitlines()[0] == "code cell 2 (def f():): KeyError: 'colour'"
    assert "raise KeyError('colour')" in error.split("\n", 1)[1]
    assert "\x1b" not in error
    assert nb.cells[0].execution_count == 1
    assert nb.cells[2].outputs == []


def test_a_cell_that_takes_too_long_is_stopped(tmp_path):
    error = execute(
        notebook("while True: pass"), mode="build", folder=tmp_path, timeout=1
    ).error
    assert error == "code cell 1 (while True: pass): took longer than 1 s and was stopped"


def test_a_dead_kernel_is_reported(tmp_path):
    error = execute(
        notebook("1", "import os; os._exit(1)"), mode="build", folder=tmp_path
    ).error
    assert error.startswith("code cell 2 (import os; os._exit(1)): the kernel died")


def test_a_kernel_that_does_not_start_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    error = execute(notebook("1"), mode="build", folder=tmp_path).error
    assert error.startswith("The kernel did not start: ")
    assert "labs doctor" in error


def test_wrong_arguments_are_refused_before_a_kernel_starts(tmp_path):
    with pytest.raises(ValueError, match=r"mode is 'fast', expected one of learn, build"):
        execute(notebook(), mode="fast", folder=tmp_path)
    with pytest.raises(ValueError, match="is not a folder"):
        execute(notebook(), mode="build", folder=tmp_path / "nowhere")


def test_run_goes_on_after_a_failure_and_writes_pages_but_no_notebook(
    course, tmp_path, capsys
):
    before = {lab.id: lab.solution.read_bytes() for lab in course[:2]}
    site = tmp_path / "site"
    assert run.run([course[1], course[2], course[0]], html=site, save=True) is False

    assert {lab.id: lab.solution.read_bytes() for lab in course[:2]} == before
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "ZeroDivisionError" in shown
    assert "labs build train/missing" in shown
    assert re.search(r"train/good \d+\.\d \d+ ok", shown)
    assert list(measured.load()) == ["train/good"]
    assert measured.load()["train/good"].seconds >= 0

    page = (site / "2_train/10_good.html").read_text(encoding="utf-8")
    assert "'build'" in page or "&#39;build&#39;" in page
    assert 'href="20_bad.html#Why"' in page
    assert 'href="30_missing.ipynb"' in page
    assert 'href="https://aws.amazon.com/x.ipynb"' in page
    assert "<strong>Note.</strong>" in page
    assert 'href="../glossary.html#tie"' in page
    words = (site / "glossary.html").read_text(encoding="utf-8")
    assert 'id="tie"' in words
    assert 'href="2_train/10_good.html"' in words
    assert "ZeroDivisionError" in (site / "2_train/20_bad.html").read_text(encoding="utf-8")
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="2_train/10_good.html">Lab good &amp; co<' in index
    assert "missing" not in index


def test_the_learner_notebook_runs_where_solutions_were_withheld(course, capsys):
    lab = course[0]
    lab.learner.parent.mkdir(parents=True)
    lab.solution.rename(lab.learner)
    assert run.run([lab]) is True
    assert "ok" in capsys.readouterr().out


def test_a_page_loads_nothing(tmp_path):
    widget = nbformat.v4.new_output(
        "display_data",
        {
            "application/vnd.jupyter.widget-view+json": {"model_id": "1"},
            "text/html": "<b>still form</b>",
            "text/plain": "Widget()",
        },
    )
    picture = nbformat.v4.new_output("display_data", {"image/png": "aGVsbG8="})
    cell = new_code_cell("x", outputs=[widget, picture])
    nb = new_notebook(
        cells=[
            new_markdown_cell("# T\n$x^2$\n\n```mermaid\nx\n```\n![local](dot.png)"),
            cell,
        ],
        metadata={
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"1": {}}}}
        },
    )
    (tmp_path / "dot.png").write_bytes(b"picture")
    page = export.page(nb, title="A < B", folder=tmp_path)

    assert "<title>A &lt; B</title>" in page
    assert "still form" in page
    assert page.count("data:image/png;base64") >= 2
    assert "<script" not in page
    assert "widgets" in nb.metadata
    assert "@import" not in page
    loaded = re.findall(r"<(?:link|img|iframe|source)\b[^>]*?(?:src|href)=\"([^\"]*)", page)
    loaded += re.findall(r"url\(['\"]?([^)]*)", page)
    assert [url[:60] for url in loaded if not url.startswith("data:")] == []


def test_a_page_leaves_out_what_is_for_the_build(tmp_path):
    cells = [new_code_cell("seen"), new_code_cell("lab.facts()")]
    cells[1].metadata["tags"] = ["facts"]
    page = export.page(new_notebook(cells=cells), title="A", folder=tmp_path)
    assert "seen" in page
    assert "lab.facts" not in page
    assert len(cells) == 2


def test_measurements_of_other_labs_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "PATH", tmp_path / "measured.json")
    assert measured.load() == {}
    measured.save({"b": measured.here(seconds=12.4, peak_mb=644)})
    measured.save({"a": measured.here(seconds=1.6, peak_mb=646)})
    stored = measured.load()
    assert (stored["b"].seconds, stored["b"].peak_mb) == (12, 640)
    assert (stored["a"].seconds, stored["a"].peak_mb) == (2, 650)
    assert stored["a"].python == f"{sys.version_info.major}.{sys.version_info.minor}"
