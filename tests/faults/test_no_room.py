"""No room on the disk, or none for writing: a message, and everything is as it was."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from .conftest import contents, left_over

LIMITED = pytest.mark.skipif(sys.platform == "win32", reason="no limit of the system there")
FULL = r"File too large|disk|room"
READ_ONLY = "Read-only file system"


def refused(done, *words, code=1):
    """Hold that a command ended with one clear message."""
    assert done.returncode == code, (done.said, done.errors)
    (line,) = [line for line in done.errors.splitlines() if line.startswith("labs: ")]
    for word in words:
        assert word in line, line
    return line


@LIMITED
def test_build_and_run_on_a_full_disk(built, labs, tmp_path):
    before = contents(built)
    done = labs("build", "start", course=built, fault="full:1500")
    assert done.returncode == 1
    assert "Nothing was changed" in done.said + done.errors
    assert "File too large" in done.said + done.errors
    assert contents(built) == before
    assert left_over(built) == []
    pages = tmp_path / "pages"
    done = labs("run", "start", "--html", pages, course=built, fault="full:20000")
    refused(done, "Make room on the disk")
    assert contents(pages) == {}
    assert left_over(pages) == []


def test_build_and_run_in_a_read_only_folder(built, labs):
    before = contents(built)
    done = labs("build", "start", course=built, fault=f"readonly:{built}")
    assert "copy its folder to a place of your own" in refused(done, READ_ONLY)
    done = labs(
        "run", "start", "--html", built / "p", course=built, fault=f"readonly:{built}"
    )
    refused(done, READ_ONLY, "Name a place where you may write")
    assert contents(built) == before


def test_trial_on_a_full_disk_and_in_a_read_only_folder(course_with_trial, labs):
    course = course_with_trial
    assert labs("trial", "start", course=course).returncode == 0
    before = contents(course)
    done = labs("trial", "start", course=course, fault=f"readonly:{course / 'data'}")
    refused(done, READ_ONLY)
    if sys.platform != "win32":
        refused(labs("trial", "start", course=course, fault="full:500"), "Make room")
    assert contents(course) == before
    assert left_over(course) == []
    assert labs("trial", "--check", "start", course=course).returncode == 0


def test_monitor_on_a_full_disk_and_in_a_read_only_folder(labs, tmp_path):
    rng = np.random.default_rng(0)
    pd.DataFrame({"amount": rng.normal(5, 1, 5000)}).to_csv(tmp_path / "t.csv", index=False)
    out = tmp_path / "out"
    make = ("monitor", "baseline", tmp_path / "t.csv", "--out", out)
    if sys.platform != "win32":
        refused(labs(*make, fault="full:500"), "File too large", code=2)
        assert contents(out) == {}
    refused(labs(*make, fault=f"readonly:{tmp_path}"), READ_ONLY, code=2)
    assert labs(*make).returncode == 0
    before = contents(out)
    refused(labs(*make, fault=f"readonly:{out}"), READ_ONLY, code=2)
    assert contents(out) == before


PROGRESS = """
import sys
from tests.faults import child
from labs_lib.course import progress
if sys.argv[1] == "full":
    child.full(10)
elif sys.argv[1] == "readonly":
    child.read_only(sys.argv[2])
why = progress.attempt("start", sys.argv[3], passed=True)
print(why)
"""


@pytest.mark.parametrize("fault", [pytest.param("full", marks=LIMITED), "readonly"])
def test_progress_is_not_recorded_and_says_so(progress_file, fault):
    def note(fault, item):
        command = [sys.executable, "-c", PROGRESS, fault, str(progress_file.parent), item]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert note("none", "ex1") == "None"
    before = contents(progress_file.parent)
    assert "Not recorded" in note(fault, "ex2")
    assert contents(progress_file.parent) == before
    assert left_over(progress_file.parent) == []


SERVER = """
import sys
from botocore.exceptions import ClientError
from labs_lib import sagemaker
from tests.faults import child
folder = sys.argv[1]
child.full(600_000)  # the server inherits it
with sagemaker.start(folder) as local:
    s3 = local.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"x" * 1000)
    for size in (1_000_000, 3_000_000):
        try:
            s3.put_object(Bucket="kept", Key="large", Body=b"x" * size)
        except ClientError as error:
            assert "The disk of this machine is full. Nothing was changed." in str(error), error
        else:
            raise SystemExit("it was stored")
    s3.put_object(Bucket="kept", Key="later", Body=b"x")
    names = [item["Key"] for item in s3.list_objects_v2(Bucket="kept")["Contents"]]
    assert names == ["later", "small"], names
"""


@LIMITED
def test_a_sagemaker_on_a_full_disk(tmp_path):
    command = [sys.executable, "-c", SERVER, str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "site" / "s3").iterdir())) == 2


def test_a_sagemaker_where_nothing_can_be_written(labs, tmp_path):
    folder = tmp_path / "there"
    done = labs("sagemaker", "serve", "--folder", folder, fault=f"readonly:{tmp_path}")
    refused(done, READ_ONLY)
    folder.mkdir()
    done = labs("sagemaker", "serve", "--folder", folder, fault=f"readonly:{tmp_path}")
    refused(done, READ_ONLY)
    assert list(folder.iterdir()) == []


def test_a_bundle_where_nothing_can_be_written(labs, tmp_path):
    refused(labs("bundle", tmp_path / "b", fault=f"readonly:{tmp_path}"), READ_ONLY)
