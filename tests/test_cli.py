import os
import subprocess
import sys
from pathlib import Path

import pytest

from labs_lib import cli, data
from labs_lib.course import build, bundle, catalog, doctor, new, run, store
from labs_lib.course.site import make
from labs_lib.payments import store as payments_store


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Name a lab, or say --all"),
        (["run", "nothing"], "There is no lab 'nothing'"),
        (["build", "nothing"], "There is no lab 'nothing'"),
        (["reset", "platform/graph"], "is planned and does not exist yet"),
        (["pictures", "nothing", "page.html"], "There is no lab 'nothing'"),
        (
            ["pictures", "start", "page"],
            "give one that ends with .html, such as start.html",
        ),
        (["new", "nothing/here"], "is not in labs_lib/course/course.toml"),
        (["experiment"], "Name an experiment, or say --all"),
        (["experiment", "nothing/here"], "nothing/here"),
        (["doctor", "--verify", "?"], "?"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(graph_is_planned, capsys, arguments, message):
    assert cli.main(arguments) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("labs: ")
    assert message in shown


def test_wrong_arguments_exit_with_two(capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(["nothing"])
    assert exit.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_a_site_goes_where_it_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(make, "make", lambda folder: f"{folder}: 3 pages")
    assert cli.main(["site", str(tmp_path / "site")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'site'}: 3 pages\n"


def test_progress(capsys, progress_file):
    assert cli.main(["progress"]) == 0
    shown = capsys.readouterr().out
    assert "train/algorithms" in shown
    assert "ex1" in shown


def test_build_and_its_check(monkeypatch, capsys):
    monkeypatch.setattr(build, "check", lambda infos: [f"{infos[0].id} differs."])
    monkeypatch.setattr(build, "build", lambda infos, force: [])
    monkeypatch.setattr(build, "tolerances", lambda infos: ["cell 3 declares"])
    monkeypatch.setattr(build, "measured", lambda infos: ["cells 70"])
    assert cli.main(["build", "start", "--check"]) == 1
    shown = capsys.readouterr()
    assert "start differs." in shown.err
    assert "cell 3 declares" in shown.out
    assert cli.main(["build", "start"]) == 0
    assert "cells 70\nBuilt." in capsys.readouterr().out
    assert cli.main(["build", "start", "--measures"]) == 0
    assert capsys.readouterr().out == "cells 70\n"


def test_reset_says_where_the_own_copy_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(build, "reset", lambda info: tmp_path / "mine.ipynb")
    assert cli.main(["reset", "start"]) == 0
    assert "mine.ipynb" in capsys.readouterr().out
    monkeypatch.setattr(build, "reset", lambda info: None)
    assert cli.main(["reset", "start"]) == 0
    assert "mine" not in capsys.readouterr().out


@pytest.mark.parametrize(("good", "code"), [(True, 0), (False, 1)])
def test_run(monkeypatch, good, code):
    asked = []

    def fake(infos, **options):
        asked.extend(infos)
        return good

    monkeypatch.setattr(run, "run", fake)
    assert cli.main(["run", "--all"]) == code
    assert asked == catalog.pages()


def test_data(monkeypatch, capsys):
    monkeypatch.setattr(data, "verify", lambda: [])
    differs = "payments.parquet differs"
    monkeypatch.setattr(
        payments_store, "rebuild", lambda update: [] if update else [differs]
    )
    assert cli.main(["data", "verify"]) == 0
    assert cli.main(["data", "rebuild"]) == 1
    assert differs in capsys.readouterr().err
    assert cli.main(["data", "rebuild", "--update"]) == 0


def test_experiment(monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(store, "find", lambda names: names or ["a/b"])
    monkeypatch.setattr(store, "check", lambda name: False)
    monkeypatch.setattr(store, "run", lambda name: ran.append(name) or Path(name))
    monkeypatch.setattr(store, "compare", lambda names: [])
    assert cli.main(["experiment", "--check"]) == 1
    assert "labs experiment a/b" in capsys.readouterr().err
    assert cli.main(["experiment", "--all"]) == 0
    assert ran == ["a/b"]
    assert cli.main(["experiment", "--all", "--compare"]) == 0


def test_restamp_says_what_it_did_to_each(monkeypatch, capsys):
    def restamp(name):
        if name == "a/missing":
            raise FileNotFoundError("the rows are not stored.")
        if name == "a/other":
            raise ValueError("repeat 0 differs.")
        return [] if name == "a/same" else [store.Confirmation(0, 4, 0.0)]

    names = ["a/b", "a/same", "a/other", "a/missing"]
    monkeypatch.setattr(store, "find", lambda given: given or names)
    monkeypatch.setattr(store, "restamp", restamp)
    assert cli.main(["experiment", "--all", "--restamp"]) == 1
    shown = capsys.readouterr()
    assert shown.out == (
        "a/b: repeat 0 rerun: 4 rows, largest difference 0.0000\na/same: was current\n"
    )
    assert shown.err == (
        "repeat 0 differs. Nothing was changed.\n"
        "the rows are not stored. Nothing was changed.\n"
    )
    assert cli.main(["experiment", "a/b", "--restamp"]) == 0


def test_bundle_doctor_and_new_are_called(monkeypatch, tmp_path, capsys):
    asked = {}
    monkeypatch.setattr(bundle, "make", lambda folder, **options: asked.update(options))
    assert (
        cli.main(["bundle", str(tmp_path / "b"), "--no-solutions", "--python", "3.12"]) == 0
    )
    assert asked == {"solutions": False, "platform": None, "python": "3.12"}
    monkeypatch.setattr(doctor, "main", lambda verify: 1)
    assert cli.main(["doctor"]) == 1
    monkeypatch.setattr(new, "make", lambda name: [tmp_path])
    assert cli.main(["new", "prepare/split"]) == 0


def test_an_interrupt_is_no_traceback(monkeypatch, capsys):
    def interrupt(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "main", interrupt)
    assert cli.main(["doctor"]) == 130
    assert "are as they were" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows tells a writer otherwise")
def test_a_reader_that_has_read_enough_is_no_error():
    command = [sys.executable, "-m", "labs_lib.cli", "exam", "--bank"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as labs:
        labs.stdout.close()  # before it writes
        assert labs.stderr.read() == b""
    assert labs.returncode == 0
