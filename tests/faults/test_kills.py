"""kill -9 in a command: each file is as it was or as it is to be, and the next call finishes."""

import sys
import time

import numpy as np
import pandas as pd
import pytest

from .conftest import contents, finished, left_over, running_in, wait_until

KILLED = -9 if sys.platform != "win32" else 9
NOTEBOOKS = (
    "notebooks/00_start_here.ipynb", "notebooks/solutions/00_start_here.ipynb", "notebooks/page.md",
)  # fmt: skip


def test_build_killed_between_two_files(built, labs):
    (built / "notebooks" / "page.md").write_text("old\n")
    old = contents(built)
    killed_at = []
    for number in range(4):
        done = labs("build", "start", course=built, fault=f"kill:{number}")
        if done.returncode == 0:
            break
        killed_at.append(number)
        assert done.returncode == KILLED, done.errors
        assert labs("build", "--check", "start", course=built).returncode == 1
    assert killed_at == [0, 1, 2]
    new = contents(built)
    assert [name for name in NOTEBOOKS if old[name] != new[name]] == list(NOTEBOOKS)
    assert b"Mere chance" in new[NOTEBOOKS[0]]
    assert left_over(built) == []
    assert labs("build", "--check", "start", course=built).returncode == 0


@pytest.mark.parametrize("command", [("build", "--force", "start"), ("run", "start")])
def test_a_command_killed_while_a_kernel_runs(built, labs, command):
    lesson = built / "labs_lib" / "labs" / "start" / "lesson.py"
    slow = "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"
    if command[0] == "build":
        text = lesson.read_text(encoding="utf-8")
        lesson.write_text(
            text.replace("share = 0.25", slow + "share = 0.25"), encoding="utf-8"
        )
    else:
        file = built / NOTEBOOKS[1]
        text = file.read_text(encoding="utf-8")
        quoted = slow.replace("\n", "\\n")
        file.write_text(
            text.replace("share = 0.25", quoted + "share = 0.25"), encoding="utf-8"
        )
    before = contents(built)
    process = labs(*command, course=built, wait=False)
    begun = built / "notebooks" / "solutions" / "begun"
    wait_until(lambda: begun.exists() or process.poll() is not None, seconds=200)
    process.kill()
    assert finished(process).returncode == KILLED, process.errors
    begun.unlink()
    assert contents(built) == before
    wait_until(lambda: running_in(built) == [])


def test_run_killed_between_two_pages(built, labs, tmp_path):
    pages = tmp_path / "pages"
    done = labs("run", "start", "--html", pages, course=built, fault="kill:1")
    assert done.returncode == KILLED, done.errors
    assert [path.name for path in pages.glob("[!.]*")] == ["00_start_here.html"]
    assert (pages / "00_start_here.html").read_text(encoding="utf-8").endswith("</html>\n")
    assert labs("run", "start", "--html", pages, course=built).returncode == 0
    assert (pages / "index.html").exists()
    assert left_over(pages) == []


def test_trial_killed_while_it_computes(course_with_trial, labs):
    course = course_with_trial
    assert labs("trial", "start", course=course).returncode == 0
    before = contents(course)
    lesson = course / "labs_lib" / "labs" / "start" / "lesson.py"
    text = lesson.read_text(encoding="utf-8")
    slow = (
        "    import pathlib, time\n    pathlib.Path('begun').touch()\n    time.sleep(600)\n"
    )
    spoilt = text.replace("    values = draw(", slow + "    values = draw(")
    lesson.write_text(spoilt, encoding="utf-8")
    here = course.parent
    process = labs("trial", "start", course=course, wait=False)
    wait_until(lambda: (here / "begun").exists() or process.poll() is not None, seconds=200)
    workers = [child for child in running_in(here) if child.pid != process.pid]
    assert workers
    process.kill()
    assert finished_without_pipes(process) == KILLED
    lesson.write_text(text, encoding="utf-8")
    assert contents(course) == before
    wait_until(lambda: not any(worker.is_running() for worker in workers))
    assert labs("trial", "--check", "start", course=course).returncode == 0


def finished_without_pipes(process):
    code = process.wait(60)
    process.stdout.close()
    process.stderr.close()
    return code


def test_trial_killed_as_it_stores(course_with_trial, labs):
    course = course_with_trial
    assert labs("trial", "start", course=course).returncode == 0
    rows = course / "data" / "trials" / "start" / "noise.parquet"
    before = rows.read_bytes()
    assert labs("trial", "start", course=course, fault="kill:0").returncode == KILLED
    assert rows.read_bytes() == before
    assert len(left_over(course)) == 1
    assert labs("trial", "start", course=course).returncode == 0
    assert left_over(course) == []
    assert labs("trial", "--check", "start", course=course).returncode == 0


@pytest.fixture
def table(tmp_path):
    folder = tmp_path / "tables ü 表"
    folder.mkdir()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"amount": rng.normal(5, 1, 500), "country": rng.choice(["DE", "é"], 500)}
    )
    frame.to_csv(folder / "normal.csv", index=False)
    return folder / "normal.csv"


def test_monitor_killed_between_two_files(table, labs, tmp_path):
    out = tmp_path / "base line 基"
    make = ("monitor", "baseline", table, "--out", out)
    check = ("monitor", "check", table, "--baseline", out)
    assert labs(*make).returncode == 0
    codes = []
    for number in range(5):
        done = labs(*make, fault=f"kill:{number}")
        checked = labs(*check)
        codes.append((done.returncode, checked.returncode))
        if checked.returncode == 2:
            assert "Make a baseline first" in checked.errors
            assert labs(*make).returncode == 0
    assert codes == [(KILLED, 0), *[(KILLED, 2)] * 3, (0, 0)]
    assert left_over(out) == []


def test_monitor_killed_at_random_moments(table, labs, tmp_path):
    out = tmp_path / "base"
    rng = np.random.default_rng(0)
    begun = time.monotonic()
    assert labs("monitor", "baseline", table, "--out", out).returncode == 0
    took = time.monotonic() - begun
    good = contents(out)
    for share in rng.uniform(0.3, 1.0, 4):
        process = labs("monitor", "baseline", table, "--out", out, wait=False)
        time.sleep(share * took)  # any moment will do
        process.kill()
        finished(process)
        found = contents(out)
        assert found.items() <= good.items()
        if "constraints.json" not in found:
            assert labs("monitor", "baseline", table, "--out", out).returncode == 0
    assert labs("monitor", "check", table, "--baseline", out).returncode == 0
