"""The worked example of docs/monitor.md does what the page says."""

import contextlib
import json
import re
import shlex

import pytest

from labs_lib import cli, monitor
from labs_lib.settings import ROOT

PAGE = (ROOT / "docs" / "monitor.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CONSOLE = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    exec(PYTHON[0], {})
    return tmp_path


def test_the_example(folder, capsys):
    codes, shown = [], set()
    for line in CONSOLE.splitlines():
        if line.startswith("$ labs "):
            codes.append(cli.main(shlex.split(line.removeprefix("$ labs "))))
            both = capsys.readouterr()
            shown = {*both.out.splitlines(), *both.err.splitlines()}
        elif line != "...":
            assert line in shown
    assert codes == [0, 0, 1]
    text = (folder / "march" / "constraint_violations.json").read_text()
    found = {
        (v["feature_name"], v["constraint_check_type"])
        for v in json.loads(text)["violations"]
    }
    assert found == {
        ("amount", "baseline_drift_check"),
        ("distance_km", "completeness_check"),
    }
    named = {
        name
        for name in re.findall(r"`([\w.]+)`", PAGE)
        if (folder / "march" / name).exists()
    }
    assert named == {p.name for p in (folder / "march").iterdir()}
    exec(PYTHON[1], {})


def test_the_edit(folder):
    base = monitor.baseline("january.csv")
    edit = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    constraints = json.loads(json.dumps(base.constraints))
    place = next(i for i, f in enumerate(constraints["features"]) if f["name"] == "channel")
    constraints["features"][place] = edit
    found = monitor.check("march.csv", monitor.Baseline(base.statistics, constraints))
    assert "channel" not in {v["feature_name"] for v in found.violations}


def test_every_option_is_on_the_page(capsys):
    for action in ("baseline", "check"):
        with contextlib.suppress(SystemExit):
            cli.main(["monitor", action, "--help"])
        options = set(re.findall(r"(--[a-z-]+)", capsys.readouterr().out))
        for option in options - {"--help", "--mode", "--windows"}:
            assert option in PAGE, option
