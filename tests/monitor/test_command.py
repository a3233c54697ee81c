"""`labs monitor`: exit code 0, 1 (violations), 2 (could not check); whole files or none."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from labs_lib import cli, files, monitor_options
from labs_lib.monitor import command, counters


def make(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"x": rng.normal(shift, 1, 3000), "code": rng.integers(1, 4, 3000), "c[red]": "a"}
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(0).to_parquet("normal.parquet")
    make(1).to_parquet("good.parquet")
    make(2, shift=1).to_parquet("bad.parquet")
    make(1).to_csv("good.csv", index=False)
    assert cli.main(["monitor", "baseline", "normal.parquet", "--out", "base"]) == 0
    return tmp_path


def check(*arguments):
    return cli.main(["monitor", "check", *arguments, "--baseline", "base"])


def test_baseline_writes_two_files(folder, capsys):
    assert sorted(p.name for p in (folder / "base").iterdir()) == [
        "constraints.json",
        "statistics.json",
    ]
    options = ["--method", "Simple", "--threshold", "0.2", "--category", "code"]
    options += ["--mode", "exact", "--out", "other"]
    assert cli.main(["monitor", "baseline", "normal.parquet", "good.csv", *options]) == 0
    assert "Baseline of 6,000 rows, 3 features, exact mode" in capsys.readouterr().out
    constraints = json.loads((folder / "other" / "constraints.json").read_text())
    config = constraints["monitoring_config"]["distribution_constraints"]
    assert (config["comparison_method"], config["comparison_threshold"]) == ("Simple", 0.2)
    assert constraints["features"][1]["string_constraints"]["domains"] != []


@pytest.mark.parametrize("file", ["good.parquet", "good.csv"])
def test_good_data_exit_with_0(folder, capsys, file):
    assert check(file) == 0
    assert "No violations." in capsys.readouterr().out


def test_violations_exit_with_1(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert (
        check("bad.parquet", "--out", "today", "--title", "Today", "--windows", "24") == 1
    )
    shown = capsys.readouterr().out
    assert "baseline_drift_check" in shown
    found = sorted(p.name for p in (folder / "today").iterdir())
    assert found == [
        "constraint_violations.json",
        "report.html",
        "statistics.json",
        "table.csv",
    ]
    content = json.loads((folder / "today" / "constraint_violations.json").read_text())
    assert content["violations"][0]["feature_name"] == "x"
    assert "<h1>Today</h1>" in (folder / "today" / "report.html").read_text(
        encoding="utf-8"
    )
    assert pd.read_csv(folder / "today" / "table.csv")["feature"].tolist() == list(make(0))
    make(1).drop(columns="c[red]").to_parquet("less.parquet")
    assert check("less.parquet") == 1
    assert "c[red]" in capsys.readouterr().out


def cut_baseline(folder):
    text = (folder / "base" / "statistics.json").read_text()
    (folder / "base" / "statistics.json").write_text(text[: len(text) // 2])


def other_version(folder):
    content = json.loads((folder / "base" / "constraints.json").read_text())
    (folder / "base" / "constraints.json").write_text(json.dumps(content | {"version": 2}))


def cut_batch(folder):
    half = (folder / "good.parquet").read_bytes()[:9000]
    (folder / "good.parquet").write_bytes(half)


def no_rows(folder):
    make(0).head(0).to_parquet(folder / "good.parquet")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "good.parquet").unlink(), "does not exist"),
        (
            lambda folder: (folder / "base" / "statistics.json").unlink(),
            "Make a baseline first",
        ),
        (
            lambda folder: (folder / "good.parquet").write_text("x,y\n1,2"),
            "could not be read",
        ),
        (cut_baseline, "not complete JSON"),
        (other_version, "has version 2; expected 0"),
        (cut_batch, "could not be read as Parquet"),
        (no_rows, "has no rows"),
    ],
)
def test_what_cannot_be_checked_exits_with_2_and_writes_nothing(
    folder, capsys, spoil, message
):
    spoil(folder)
    assert check("good.parquet", "--out", "today") == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("labs: ")
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not (folder / "today").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["baseline", "nothing.parquet", "--out", "new"],
        ["baseline", "normal.parquet", "--out", "new", "--threshold", "7"],
        ["check", "good.parquet", "--baseline", "base", "--windows", "0"],
        ["check", "good.parquet", "--baseline", "base", "--out", "good.csv"],
    ],
)
def test_arguments_that_cannot_work_exit_with_2(folder, capsys, arguments):
    assert cli.main(["monitor", *arguments]) == 2
    assert capsys.readouterr().err.startswith("labs: ")
    assert not (folder / "new").exists()


def test_wrong_arguments_exit_with_2(folder):
    for arguments in (["monitor"], ["monitor", "check", "good.parquet"], ["monitor", "no"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 2


def test_a_file_is_whole_or_as_it_was(folder, monkeypatch):
    assert check("bad.parquet", "--out", "today") == 1
    before = {p.name: p.read_bytes() for p in (folder / "today").iterdir()}

    def full(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    assert check("good.parquet", "--out", "today") == 2
    assert {p.name: p.read_bytes() for p in (folder / "today").iterdir()} == before


def test_infinite_values_and_a_column_that_changed_type(folder, capsys):
    batch = make(1).astype({"c[red]": object})
    batch.loc[0, "x"] = np.inf
    batch["code"] = "?"
    batch.to_parquet("odd.parquet")
    assert check("odd.parquet", "--out", "today") == 1
    content = json.loads((folder / "today" / "constraint_violations.json").read_text())
    found = {(v["feature_name"], v["constraint_check_type"]) for v in content["violations"]}
    assert {("x", "data_type_check"), ("code", "data_type_check")} <= found
    assert "code: No values in the batch" in capsys.readouterr().err


def test_what_is_read_is_said(folder, capsys):
    (folder / "more").mkdir()
    make(1).to_parquet(folder / "more" / "a.PARQUET")
    assert check("more", "good.parquet") == 0
    assert "Read 2 files: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "good.parquet", "--baseline", "base", "--out", "base"],
            "holds a baseline",
        ),
        (
            ["check", "data", "--baseline", "base", "--out", "data"],
            "read as data next time",
        ),
        (["check", "data", "--baseline", "base", "--out", "data/new"], "read as data next"),
        (
            ["check", "table.csv", "--baseline", "base", "--out", "."],
            "overwrite a file of the",
        ),
        (["baseline", "good.parquet", "--out", "today"], "holds the result of a check"),
    ],
)
def test_outputs_never_overwrite_inputs(folder, capsys, arguments, message):
    assert check("bad.parquet", "--out", "today") == 1
    (folder / "data").mkdir()
    make(1).to_csv("data/a.csv", index=False)
    make(1).to_csv("table.csv", index=False)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert cli.main(["monitor", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_an_edited_baseline_is_not_overwritten(folder, capsys):
    made = ["monitor", "baseline", "good.parquet", "--out", "base"]
    assert cli.main(made) == 0  # nobody has edited it
    file = folder / "base" / "constraints.json"
    edited = json.loads(file.read_text())
    edited["features"][0]["completeness"] = 0.5
    for text in (json.dumps(edited), json.dumps(edited)[:-9], "[]"):
        file.write_text(text)
        before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        assert cli.main(made) == 2
        message = capsys.readouterr().err
        assert "is not as a baseline has written it: somebody edited it" in message
        assert "to another folder, or, if it may go, say --overwrite." in message
        assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert cli.main([*made[:-1], "other"]) == 0
    assert cli.main([*made, "--overwrite"]) == 0
    assert json.loads(file.read_text())["features"][0]["completeness"] == 1
    # An editor that lays the file out anew has changed nothing.
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert cli.main(made) == 0


def test_options_of_a_baseline(folder, capsys):
    options = ["--ignore", "x", "--type", "code=String", "--shares", "Simple"]
    options += ["--completeness", "0.9", "--unknown", "0.2", "--wrong-type", "0.3"]
    made = ["monitor", "baseline", "normal.parquet", "--out", "other", *options]
    assert cli.main(made) == 0
    constraints = json.loads((folder / "other" / "constraints.json").read_text())
    config, (x, code, _) = constraints["monitoring_config"], constraints["features"]
    assert config["share_method"] == "Simple"
    assert config["domain_content_threshold"] == 0.2
    assert config["datatype_check_threshold"] == 0.3
    assert x["monitoringConfigOverrides"] == {"evaluate_constraints": "Disabled"}
    assert (code["inferred_type"], code["completeness"]) == ("String", 0.9)
    assert cli.main(["monitor", "check", "bad.parquet", "--baseline", "other"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--category", "mmc"], "--type or --category names 'mmc'"),
        (["--ignore", "mmc"], "--ignore names 'mmc'"),
        (
            ["--category", "x", "--type", "x=Fractional"],
            "'x' is given as --category and as",
        ),
        (["--threshold", "7"], "--threshold is 7"),
        (["--unknown", "-1"], "--unknown is -1"),
        (["--wrong-type", "2"], "--wrong-type is 2"),
        (["--completeness", "95"], "--completeness is 95"),
        (["--separator", ";;"], "--separator is ';;'"),
        (["--encoding", "latin"], None),
        (
            ["--type", "c[red]=Fractional"],
            "--type 'c[red]=String' or leave it out: --ignore",
        ),
    ],
)
def test_messages_speak_of_options(folder, capsys, arguments, message):
    made = ["monitor", "baseline", "normal.parquet", "--out", "new", *arguments]
    assert cli.main(made) == (2 if message else 0)
    shown = capsys.readouterr().err
    assert (message or "") in shown
    assert "types=" not in shown
    assert "Csv(" not in shown


def test_csv_options(folder, capsys):
    make(0).to_csv("semicolon.csv", sep=";", decimal=",", index=False)
    assert cli.main(["monitor", "check", "semicolon.csv", "--baseline", "base"]) == 2
    assert "say --separator ';'" in capsys.readouterr().err
    options = ["--separator", ";", "--decimal", ","]
    assert (
        cli.main(["monitor", "check", "semicolon.csv", "--baseline", "base", *options]) == 0
    )


def test_the_types_of_the_command_are_those_of_the_library():
    assert monitor_options.TYPES == counters.TYPES


# 0, 1 and 2 on every terminal ----------------------------------------------------------------


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "labs_lib.cli", "monitor", *arguments],
        stderr=subprocess.PIPE,
        check=False,
        **options,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_without_the_letter(folder, encoding):
    pd.DataFrame({"city": ["Berlin", "Rome"] * 500}).to_parquet("a.parquet")
    pd.DataFrame({"city": ["Łódź", "Oslo"] * 500}).to_parquet("b.parquet")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    options = {"env": environment, "stdout": subprocess.DEVNULL}
    assert run("baseline", "a.parquet", "--out", "cities", **options).returncode == 0
    assert run("check", "a.parquet", "--baseline", "cities", **options).returncode == 0
    assert run("check", "b.parquet", "--baseline", "cities", **options).returncode == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_output_that_is_full(folder):
    with open("/dev/full", "wb") as full:
        assert (
            run("check", "good.parquet", "--baseline", "base", stdout=full).returncode == 0
        )
        assert (
            run("check", "bad.parquet", "--baseline", "base", stdout=full).returncode == 1
        )
        assert (
            run("check", "none.parquet", "--baseline", "base", stdout=full).returncode == 2
        )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_an_output_that_nobody_reads(folder):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert (
            run("check", "bad.parquet", "--baseline", "base", stdout=writer).returncode == 1
        )
    finally:
        os.close(writer)


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_streams_that_are_gone_or_another(folder, monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    assert check("good.parquet") == 0
    assert check("bad.parquet") == 1
    assert check("none.parquet") == 2


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError(), RecursionError()])
def test_a_fault_of_the_program_is_no_violation(folder, monkeypatch, capsys, error):
    def broken(*arguments, **options):
        raise error

    monkeypatch.setattr(command, "check", broken)
    assert check("good.parquet") == 2
    assert capsys.readouterr().err.startswith("labs: ")
