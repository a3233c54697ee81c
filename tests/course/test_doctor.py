"""Each check names what is wrong and what mends it; the code says it in six characters."""

import sys
from importlib import metadata
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from labs_lib import data, settings
from labs_lib.course import doctor, lock, run
from labs_lib.course.doctor import FAIL, OK, WARN, Diagnosis

PYTHON = f"3.{sys.version_info.minor}"


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A learner's machine on which every check passes; no kernel is started."""
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.delenv("LABS_JOBS", raising=False)
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "new" / "progress.json"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.setattr(data, "verify", list)
    monkeypatch.setattr(run, "execute", lambda *_, **__: run.Execution(1.0, 60.0, None))
    memory = SimpleNamespace(available=8e9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    return memory


def only(name: str) -> Diagnosis:
    return dict(doctor.findings())[name]


def test_a_ready_machine_passes_and_says_so(healthy, capsys):
    assert doctor.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("OK ")]) == len(doctor.CHECKS)
    code = lines[-1].removeprefix("Code: ")
    assert doctor.main(verify=f" {code[:3]}-{code[3:].lower()} ") == 0


def test_the_kernel_of_this_python_really_starts(monkeypatch):
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    finding = doctor.CHECKS["kernel"]()
    assert finding.status == OK
    assert "a kernel starts and answers" in finding.text


def test_an_old_python_is_refused(healthy, monkeypatch):
    version = SimpleNamespace(minor=10)
    monkeypatch.setattr(sys, "version_info", _Version((3, 10, 4), version))
    finding = doctor.CHECKS["python"]()
    assert doctor.compare(doctor.code({})) == ("unsupported", [])
    assert finding.status == FAIL
    assert finding.text == "Python 3.10.4; the course needs 3.11 to 3.13"


class _Version(tuple):
    def __new__(cls, numbers, names):
        made = super().__new__(cls, numbers)
        made.minor = names.minor
        return made


def test_each_wrong_package_is_named(healthy, monkeypatch):
    real = metadata.version

    def version(name):
        if name == "shap":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    finding = only("packages")
    assert finding.status == FAIL
    wanted = lock.pins()["numpy"]
    assert finding.text == f"packages: numpy is 1.0, not {wanted}, shap is missing"
    assert finding.mend == "pip install -r requirements.txt"


def test_two_xgboosts_are_one_too_many(healthy, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    finding = only("xgboost")
    assert finding.status == FAIL
    assert finding.mend.startswith("pip uninstall -y xgboost xgboost-cpu")


def test_the_course_must_be_installed_from_its_folder(healthy, monkeypatch, tmp_path):
    assert only("project").status == OK
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    assert doctor.CHECKS["project"]().text == f"the course is not installed from {tmp_path}"
    (tmp_path / "notebooks").rmdir()
    finding = doctor.CHECKS["project"]()
    assert "is not the course folder" in finding.text
    assert "pip install -e ." in finding.mend


def test_a_kernel_of_another_python_is_reported(healthy, monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        '{"argv": ["/usr/other/python"], "display_name": "", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = only("kernel")
    assert finding.status == FAIL
    assert "/usr/other/python" in finding.text
    assert finding.mend == "unset JUPYTER_PATH"


def test_a_kernel_that_dies_is_reported(healthy, monkeypatch):
    error = "code cell 1 (import labs_lib): the kernel died\nmore"
    monkeypatch.setattr(run, "execute", lambda *_, **__: run.Execution(1.0, 60.0, error))
    finding = only("kernel")
    assert finding.text == "kernel: code cell 1 (import labs_lib): the kernel died"
    assert "kernel" not in dict(doctor.findings(kernel=False))


def test_damaged_data_is_named(healthy, monkeypatch):
    monkeypatch.setattr(data, "verify", lambda: ["payments.parquet is damaged."])
    assert only("data").text == "data: payments.parquet is damaged."


@pytest.mark.parametrize(("gigabytes", "status"), [(2.5, OK), (1.5, WARN), (0.9, FAIL)])
def test_little_memory_is_reported(healthy, gigabytes, status):
    healthy.available = gigabytes * 1e9
    assert only("memory").status == status


def test_a_progress_file_that_cannot_be_used_is_reported(healthy, monkeypatch, tmp_path):
    damaged = tmp_path / "progress.json"
    damaged.write_text("{")
    monkeypatch.setenv("LABS_PROGRESS", str(damaged))
    assert only("progress").status == FAIL
    assert "is not a progress file" in only("progress").text
    monkeypatch.setenv("LABS_PROGRESS", str(damaged / "below_a_file" / "progress.json"))
    assert doctor.CHECKS["progress"]().status in (WARN, FAIL)


def test_settings_are_looked_at(healthy, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "build")
    assert only("settings").status == WARN
    monkeypatch.setenv("LABS_JOBS", "many")
    assert only("settings").status == FAIL
    assert only("settings").mend == "unset LABS_JOBS"
    monkeypatch.setenv("LABS_MODE", "fast")
    assert only("settings").mend == "unset LABS_MODE"


def test_a_check_whose_library_is_missing_fails_by_name(healthy, monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    finding = only("memory")
    assert finding == Diagnosis(FAIL, "psutil is not installed", doctor.INSTALL)


def test_the_summary_of_the_start_page(healthy, monkeypatch):
    good = doctor.summary()
    assert good.title == "This machine is ready"
    assert doctor.code(dict(doctor.findings())) in good.text
    monkeypatch.setattr(data, "verify", lambda: ["x is missing."])
    bad = doctor.summary()
    assert bad.tone == "bad"
    assert "FAIL  data: x is missing.\n      mend: git checkout" in bad.text


def test_the_published_start_page_does_not_speak_of_the_build(healthy, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "build")
    assert "LABS_MODE" not in repr(doctor.summary())
    monkeypatch.setenv("LABS_MODE", "fast")
    assert "LABS_MODE is 'fast'" in repr(doctor.summary())


def test_a_failure_gives_exit_code_one_and_shows_in_the_code(healthy, monkeypatch, capsys):
    monkeypatch.setattr(data, "verify", lambda: ["x is missing."])
    assert doctor.main() == 1
    code = capsys.readouterr().out.splitlines()[-1].removeprefix("Code: ")
    assert doctor.main(verify=code) == 1
    assert capsys.readouterr().out.endswith("\nA check failed: data.\n")


def test_the_code_shows_another_course_and_other_data(healthy, monkeypatch):
    code = doctor.code({})
    assert doctor.compare(code) == (PYTHON, [])
    monkeypatch.setattr(doctor, "_course_hash", lambda: 7)
    monkeypatch.setattr(doctor, "_data_hash", lambda: 7)
    assert doctor.compare(code)[1] == [
        "It has another version of the course or of the lock.",
        "It has other data.",
    ]


@hypothesis_settings(deadline=None)  # It reads files, which a busy machine does slowly.
@given(
    failed=st.sampled_from([None, *doctor.CHECKS]),
    place=st.integers(0, doctor.LENGTH - 1),
    letter=st.sampled_from(doctor.ALPHABET),
)
def test_one_wrong_character_or_swap_is_never_taken_for_a_code(failed, place, letter):
    code = doctor.code({failed: Diagnosis(FAIL, "")} if failed else {})
    assert len(code) == doctor.LENGTH
    expected = [f"A check failed: {failed}."] if failed else []
    assert doctor.compare(code) == (PYTHON, expected)
    changed = code[:place] + letter + code[place + 1 :]
    swapped = code[:place] + code[place : place + 2][::-1] + code[place + 2 :]
    for heard in {changed, swapped} - {code}:
        with pytest.raises(ValueError, match="have it read out again"):
            doctor.compare(heard)


@pytest.mark.parametrize("text", ["", "ABC", "0OIL11", "K7MXXXX"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(ValueError, match="is not a code of `labs doctor`"):
        doctor.compare(text)


def test_codes_fit_in_six_characters():
    states = (len(doctor.PYTHONS) + 1) * (len(doctor.CHECKS) + 1)
    largest = states * doctor.HASHES**2 * doctor.PRIME
    assert largest <= len(doctor.ALPHABET) ** doctor.LENGTH
    assert len(set(doctor.ALPHABET)) == 23
    assert len(doctor.ALPHABET) % doctor.PRIME
    assert (len(doctor.ALPHABET) - 1) % doctor.PRIME


def test_the_lock_serves_each_platform_with_one_xgboost():
    intel = {"platform_machine": "x86_64"}
    arm = {"platform_machine": "arm64"}
    linux = lock.pins({"sys_platform": "linux", "os_name": "posix"} | intel)
    windows = lock.pins(
        {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"}
    )
    mac = lock.pins({"sys_platform": "darwin", "os_name": "posix"} | arm)
    assert "xgboost-cpu" in linux
    assert "xgboost" not in linux
    assert "xgboost" in mac
    assert "xgboost-cpu" not in mac
    assert "pywinpty" in windows
    assert "pywinpty" not in linux
    assert linux["numpy"] == windows["numpy"] == mac["numpy"]


@pytest.mark.parametrize("line", ["numpy>=2", "numpy", "numpy==", "git+https://x"])
def test_a_lock_that_is_none_is_refused(line, monkeypatch, tmp_path):
    monkeypatch.setattr(lock, "PATH", tmp_path / "requirements.txt")
    with pytest.raises(ValueError, match="is missing"):
        lock.pins()
    lock.PATH.write_text(f"-e .\n# comment\n{line}\n")
    with pytest.raises(ValueError, match="expected `package==version`"):
        lock.pins()
