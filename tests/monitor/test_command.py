"""`labs monitor`: exit code 0, 1 (violations), 2 (could not check); whole files or none."""

import json

import numpy as np
import pandas as pd
import pytest

from labs_lib import cli, files


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
