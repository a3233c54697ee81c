"""The recipe for a hub: what its configuration says, and what it runs for a learner."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from labs_lib.course import catalog, progress
from labs_lib.settings import ROOT

HUB = ROOT / "docs" / "hub"


class Section:
    """A stand-in for traitlets' configuration: any section, any name."""

    def __init__(self):
        self.__dict__["set"] = {}

    def __getattr__(self, name):
        return self.set.setdefault(name, Section())

    def __setattr__(self, name, value):
        self.set[name] = value


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load the configuration with some variables set; return it as ``{section: {name: value}}``."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    for name in [name for name in os.environ if name.startswith("LABS_HUB_")]:
        monkeypatch.delenv(name)

    def loaded(**variables):
        variables = {"STATE": str(tmp_path / "state")} | variables
        for name, value in variables.items():
            monkeypatch.setenv(f"LABS_HUB_{name}", value)
        file, config = HUB / "jupyterhub_config.py", Section()
        code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
        exec(code, {"__file__": str(file), "get_config": lambda: config})
        return {name: section.set for name, section in config.set.items()}

    return loaded


def test_without_a_certificate_it_answers_on_loopback_alone(load):
    found = load()
    assert found["JupyterHub"]["bind_url"] == "http://127.0.0.1:8000"
    assert found["JupyterHub"]["authenticator_class"] == "pam"
    assert "allow_all" not in found["Authenticator"]


def test_with_a_certificate_it_answers_all_and_is_encrypted(load):
    found = load(CERT="c.pem", KEY="k.pem", PORT="443")["JupyterHub"]
    assert found["bind_url"] == "https://:443"
    assert (found["ssl_cert"], found["ssl_key"]) == ("c.pem", "k.pem")


def test_a_class_code_is_for_a_trial_on_loopback(load, tmp_path):
    found = load(CODE="spring-2026")
    assert found["JupyterHub"]["bind_url"] == "http://127.0.0.1:8000"
    assert found["JupyterHub"]["authenticator_class"] == "shared-password"
    home = found["SimpleLocalProcessSpawner"]["home_dir_template"].format(username="ada")
    assert home == str(tmp_path / "state" / "homes" / "ada")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"CODE": "short"}, "shorter than 8"),
        ({"CODE": ""}, "shorter than 8"),
        ({"CODE": "spring-2026", "CERT": "c.pem", "KEY": "k.pem"}, "on loopback"),
        ({"CERT": "c.pem"}, "belong together"),
        ({"KEY": "k.pem"}, "belong together"),
    ],
    ids=["short", "empty", "beyond loopback", "no key", "no certificate"],
)
def test_what_would_be_open_is_refused_before_anything_is_written(
    load, tmp_path, variables, message
):
    with pytest.raises(ValueError, match=message):
        load(**variables)
    assert not (tmp_path / "state").exists()


def test_root_runs_no_trial(load, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    with pytest.raises(ValueError, match="not as root"):
        load(CODE="spring-2026")


@pytest.mark.parametrize("name", ["ada", "b2", "x_y-z", "a" * 32])
def test_a_usual_name_may_sign_in(load, name):
    assert re.fullmatch(load()["Authenticator"]["username_pattern"], name)


@pytest.mark.parametrize(
    "name", ["", "../ada", "a/b", ".ssh", "-rf", "Ada", "a" * 33, "a\n"]
)
def test_a_name_that_is_no_folder_may_not(load, name):
    assert not re.fullmatch(load()["Authenticator"]["username_pattern"], name)


@pytest.mark.skipif(os.name == "nt", reason="JupyterHub runs on Linux and macOS")
def test_secrets_are_for_the_hub_alone(load, tmp_path):
    load()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_what_is_installed_has_one_version():
    pins = (HUB / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all("==" in pin for pin in pins if not pin.startswith("#"))
    # The course's environment gets this very line: README.md.
    assert len([pin for pin in pins if pin.startswith("jupyterhub==")]) == 1
    proxy = json.loads((HUB / "package.json").read_text(encoding="utf-8"))
    assert proxy["dependencies"]["configurable-http-proxy"][0].isdigit()


FAKE_SERVER = """#!/bin/sh
pwd
echo "$@"
ulimit -d
umask
"""


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "Zoë's home"
    home.mkdir()
    return home


@pytest.fixture
def begin(tmp_path, home):
    """Run what the hub runs for a learner, with a server that only says how it was started."""
    binaries = tmp_path / "course" / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (tmp_path / "course" / "docs").symlink_to(ROOT / "docs")
    command = f"#!/bin/sh\nexec '{sys.executable}' -m labs_lib.cli \"$@\"\n"
    for name, text in (("labs", command), ("jupyterhub-singleuser", FAKE_SERVER)):
        (binaries / name).write_text(text)
        (binaries / name).chmod(0o755)

    def run(**environment):
        return subprocess.run(
            ["/bin/sh", str(tmp_path / "course/docs/hub/begin.sh"), "--one", "two words"],
            env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}
            | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.skipif(os.name == "nt", reason="JupyterHub runs on Linux and macOS")
def test_a_learner_gets_notebooks_once_and_keeps_them(begin, home):
    done = begin(MEM_LIMIT=str(2 << 30))
    own = home / "labs"
    said, *server = done.stdout.splitlines()
    assert said == f"Updated: {len(catalog.pages()) + len(catalog.DOCUMENTS)} files."
    assert server[-4:] == [str(own), "--one two words", str(2 << 20), "0027"]
    assert {p.stem for p in own.glob("*/*.ipynb")} == {
        p.learner.stem for p in catalog.labs()
    }
    assert not list(own.rglob("solutions"))
    lab = own / f"{catalog.labs()[0].stem}.ipynb"
    lab.write_text("my work")
    done = begin()
    assert done.stdout.splitlines()[0] == "Nothing is newer than what you have."
    assert lab.read_text() == "my work"
    assert not list(own.rglob("*.mine_*"))


@pytest.mark.skipif(os.name == "nt", reason="JupyterHub runs on Linux and macOS")
def test_a_server_starts_even_if_notebooks_cannot_be_brought(begin, home):
    journal = home / "labs" / ".labs" / "update" / "journal.json"
    journal.parent.mkdir(parents=True)
    journal.write_text("{")
    done = begin()
    assert "is damaged" in done.stderr
    assert "the server starts with them" in done.stderr
    assert done.stdout.splitlines()[:2] == [str(home / "labs"), "--one two words"]
    assert done.returncode == 0


def test_on_a_hub_reset_and_home_mean_the_learners_own_folder(
    monkeypatch, tmp_path, progress_file
):
    from labs_lib import cli
    from labs_lib.course import home

    monkeypatch.setenv("LABS_NOTEBOOKS", str(tmp_path))
    start = catalog.find("start")
    shared = start.learner.read_bytes()
    assert cli.main(["reset", "start"]) == 0
    own = tmp_path / "00_start_here.ipynb"
    assert own.read_bytes() == shared
    own.write_text("my work")
    assert cli.main(["reset", "start"]) == 0
    assert [file.read_text() for file in tmp_path.glob("*.mine_*")] == ["my work"]
    assert start.learner.read_bytes() == shared
    shown = repr(home.of(progress.load()))
    assert "sign in again" in shown
    assert "notebooks/" not in shown


def test_a_bundle_is_not_for_a_folder_of_a_hub(monkeypatch, tmp_path, capsys):
    from labs_lib import cli

    monkeypatch.setenv("LABS_NOTEBOOKS", str(tmp_path / "own"))
    assert cli.main(["update", "--from", str(tmp_path)]) == 1
    assert "This course is shared" in capsys.readouterr().err
    assert not Path(tmp_path / "own").exists()


def test_the_values_for_kubernetes_are_yaml_and_say_that_they_are_untested():
    text = (HUB / "zero-to-jupyterhub.yaml").read_text(encoding="utf-8")
    assert text.startswith("# UNTESTED")
    values = yaml.safe_load(text)
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "null"
    assert values["singleuser"]["cmd"][1].removeprefix("/srv/labs/") == "docs/hub/begin.sh"
    assert values["singleuser"]["memory"]["limit"] == "2G"
