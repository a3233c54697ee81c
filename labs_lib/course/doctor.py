"""Check that a machine is ready for the course, and say so in a code of six characters."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from labs_lib import files, settings
from labs_lib.course import lock, mode, progress
from labs_lib.course.panel import Panel

OK, WARN, FAIL = "OK", "WARN", "FAIL"
INSTALL = "pip install -r requirements.txt"
PYTHONS = (11, 12, 13)
LAB_GB, DISK_GB, COMFORTABLE_GB = 1.2, 0.2, 2.0
MANY = 8

# No 0 O Q, 1 I L, 8 B, 5 S, 2 Z or U V Y: each of them sounds or looks like another.
ALPHABET = "2345679ACDEFGHJKMNPRTWX"
LENGTH = 6
HASHES = 300
# A multiple of this prime stays none when one character, or the order of two, is wrong.
PRIME = 31


@dataclass(frozen=True)
class Diagnosis:
    """What one check found.

    Attributes
    ----------
    status : {"OK", "WARN", "FAIL"}
        WARN: the course works, with less comfort.
    text : str
    mend : str
        The command, or the act, that mends it; empty if nothing has to be mended.
    """

    status: str
    text: str
    mend: str = ""


def findings(*, kernel: bool = True) -> Iterator[tuple[str, Diagnosis]]:
    """Run every check, one after the other, in a fixed order.

    Parameters
    ----------
    kernel : bool
        Also start a kernel, which takes most of the time.

    Yields
    ------
    tuple of str and Diagnosis
        Name of the check and what it found.
    """
    for name, check in CHECKS.items():
        if name == "kernel" and not kernel:
            continue
        try:
            finding = check()
        except ImportError as error:
            finding = Diagnosis(FAIL, f"{error.name} is not installed", INSTALL)
        yield name, finding


def main(*, verify: str | None = None) -> int:
    """Print what `findings` gives and the completion code, or judge a learner's code.

    Parameters
    ----------
    verify : str, optional
        A code that a learner read out.

    Returns
    -------
    int
        0 if nothing failed, else 1.

    Raises
    ------
    ValueError
        If `verify` is not a code.
    """
    if verify is not None:
        python, differences = compare(verify)
        print(f"Python {python}")
        print(*differences or ["All checks passed, same course, same data."], sep="\n")
        return 1 if differences else 0
    found = {}
    for name, finding in findings():
        found[name] = finding
        print(_line(finding), flush=True)
    failed = [name for name, finding in found.items() if finding.status == FAIL]
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nThis machine is ready.")
    print(f"Code: {code(found)}")
    return 1 if failed else 0


def summary() -> Panel:
    """Return what the checks found, for a notebook: its kernel runs, so none is started."""
    found = dict(findings(kernel=False))
    # In a notebook that is built the mode is the build's, and the page is read by others.
    shown = {
        name: finding
        for name, finding in found.items()
        if (name, finding.status) != ("settings", WARN)
    }
    failed = any(finding.status == FAIL for finding in found.values())
    return Panel(
        "Something has to be mended" if failed else "This machine is ready",
        "\n".join([*map(_line, shown.values()), f"Code: {code(found)}"]),
        "bad" if failed else "good",
    )


def code(found: Mapping[str, Diagnosis]) -> str:
    """Return the completion code: six characters that say what stands in `compare`.

    Parameters
    ----------
    found : dict
        Name of each check to what it found.
    """
    numbers = {name: number for number, name in enumerate(CHECKS, start=1)}
    failed = [numbers[name] for name, finding in found.items() if finding.status == FAIL]
    minor = sys.version_info.minor
    python = PYTHONS.index(minor) if minor in PYTHONS else len(PYTHONS)
    state = python * (len(CHECKS) + 1) + (failed[0] if failed else 0)
    number = ((state * HASHES + _course_hash()) * HASHES + _data_hash()) * PRIME
    letters = ""
    for _ in range(LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return letters


def compare(code: str) -> tuple[str, list[str]]:
    """Say in what a learner's machine differs from a ready one with this course.

    Parameters
    ----------
    code : str
        A completion code; spaces, hyphens and case do not matter.

    Returns
    -------
    python : str
        Version there, such as ``3.12``.
    differences : list of str
        Empty if every check passed there, with the course and data of this copy.

    Raises
    ------
    ValueError
        If it is not a code, or was read out wrongly.
    """
    letters = re.sub(r"[\s-]", "", code).upper()
    number = 0
    for letter in letters:
        number = number * len(ALPHABET) + max(ALPHABET.find(letter), 0)
    value, rest = divmod(number, PRIME)
    value, data = divmod(value, HASHES)
    state, course = divmod(value, HASHES)
    python, failed = divmod(state, len(CHECKS) + 1)
    known = len(letters) == LENGTH and set(letters) <= set(ALPHABET)
    if not known or rest or python > len(PYTHONS):
        raise ValueError(
            f"{code!r} is not a code of `labs doctor`. It has {LENGTH} characters out of "
            f"{ALPHABET}; have it read out again."
        )
    differences = []
    if failed:
        differences.append(f"A check failed: {list(CHECKS)[failed - 1]}.")
    if course != _course_hash():
        differences.append("It has another version of the course or of the lock.")
    if data != _data_hash():
        differences.append("It has other data.")
    return f"3.{PYTHONS[python]}" if python < len(PYTHONS) else "unsupported", differences


def _line(finding: Diagnosis) -> str:
    mend = f"\n      mend: {finding.mend}" if finding.mend else ""
    return f"{finding.status:4}  {finding.text}{mend}"


def _course_hash() -> int:
    project = files.read_toml(settings.ROOT / "pyproject.toml")
    return _hash(project["project"]["version"] + _text(lock.PATH))


def _data_hash() -> int:
    return _hash(_text(settings.ROOT / "data" / "SHA256SUMS"))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()) % HASHES


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _python() -> Diagnosis:
    text = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    if sys.version_info[0] == 3 and sys.version_info.minor in PYTHONS:
        return Diagnosis(OK, text)
    wanted = f"3.{PYTHONS[0]} to 3.{PYTHONS[-1]}"
    mend = f"install Python {wanted}, make the environment anew, then {INSTALL}"
    return Diagnosis(FAIL, f"{text}; the course needs {wanted}", mend)


def _packages() -> Diagnosis:
    wrong = []
    pins = lock.pins()
    for name, version in pins.items():
        installed = _installed(name)
        if installed is None:
            wrong.append(f"{name} is missing")
        elif installed != version:
            wrong.append(f"{name} is {installed}, not {version}")
    if not wrong:
        return Diagnosis(OK, f"{len(pins)} packages as in the lock")
    more = f", and {len(wrong) - MANY} more" if len(wrong) > MANY else ""
    return Diagnosis(FAIL, f"packages: {', '.join(wrong[:MANY])}{more}", INSTALL)


def _xgboost() -> Diagnosis:
    found = [name for name in ("xgboost", "xgboost-cpu") if _installed(name)]
    if len(found) < 2:
        return Diagnosis(OK, f"XGBoost from one package: {''.join(found)}")
    return Diagnosis(
        FAIL,
        "xgboost and xgboost-cpu are both installed and own the same folder",
        f"pip uninstall -y xgboost xgboost-cpu && {INSTALL}",
    )


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _project() -> Diagnosis:
    if not (settings.ROOT / "notebooks").is_dir():
        return Diagnosis(
            FAIL,
            f"labs_lib runs from {settings.ROOT}, which is not the course folder",
            "in the course folder: pip install -e .",
        )
    for distribution in metadata.distributions(name="sagemaker-labs"):
        url = json.loads(distribution.read_text("direct_url.json") or "{}").get("url", "")
        if Path(url2pathname(urlparse(url).path)).resolve() == settings.ROOT:
            return Diagnosis(OK, "the course, installed from its folder")
    return Diagnosis(
        FAIL,
        f"the course is not installed from {settings.ROOT}",
        "in the course folder: pip install -e .",
    )


def _kernel() -> Diagnosis:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from nbformat.v4 import new_code_cell, new_notebook

    from labs_lib.course import run

    notebook = new_notebook(cells=[new_code_cell("import labs_lib")])
    result = run.execute(notebook, mode="build", folder=settings.ROOT, timeout=60)
    if result.error:
        return Diagnosis(FAIL, f"kernel: {result.error.splitlines()[0]}", INSTALL)
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Diagnosis(FAIL, "JupyterLab finds no kernel named python3", INSTALL)
    program = Path(spec.argv[0])
    here = Path(sys.executable).parent.resolve()
    # A bare name is this Python; two environments share a program, but not its folder.
    if program.is_absolute() and program.parent.resolve() != here:
        shared = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
        from_variable = any(
            p and Path(p) in Path(spec.resource_dir).parents for p in shared
        )
        return Diagnosis(
            FAIL,
            f"the kernel in {spec.resource_dir} starts {program}, not this Python",
            "unset JUPYTER_PATH" if from_variable else "jupyter kernelspec remove python3",
        )
    return Diagnosis(OK, f"a kernel starts and answers ({result.seconds:.1f} s)")


def _data() -> Diagnosis:
    from labs_lib import data

    problems = data.verify()
    if not problems:
        return Diagnosis(OK, "data files as in data/SHA256SUMS")
    return Diagnosis(
        FAIL, f"data: {' '.join(problems)}", "git checkout data, or labs data rebuild"
    )


def _memory() -> Diagnosis:
    import psutil

    free = psutil.virtual_memory().available
    limit = _text(Path("/sys/fs/cgroup/memory.max")).strip()  # of a container
    if limit.isdigit():
        free = min(free, int(limit))
    return _room("memory", free, LAB_GB, "close other programs and idle notebooks")


def _disk() -> Diagnosis:
    free = shutil.disk_usage(settings.ROOT).free
    return _room("disk", free, DISK_GB, f"free space on the disk of {settings.ROOT}")


def _room(what: str, free: int, needed_gb: float, mend: str) -> Diagnosis:
    text = f"{free / 1e9:.1f} GB of {what} free"
    if free >= COMFORTABLE_GB * 1e9:
        return Diagnosis(OK, text)
    status = WARN if free >= needed_gb * 1e9 else FAIL
    return Diagnosis(status, f"{text}; the course needs {needed_gb} GB", mend)


def _progress() -> Diagnosis:
    file = progress.path()
    try:
        progress.load()
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        with tempfile.TemporaryFile(dir=folder):
            return Diagnosis(OK, "progress can be kept")
    except ValueError as error:
        return Diagnosis(FAIL, str(error), f"move {file} away")
    except OSError as error:
        text = f"progress cannot be kept in {file} ({error.strerror}); the labs work"
        return Diagnosis(WARN, text, "set LABS_PROGRESS to a file that you may write")


def _settings() -> Diagnosis:
    try:
        who, jobs = mode.current(), settings.n_jobs()
    except ValueError as error:
        variable = "LABS_MODE" if "LABS_MODE" in str(error) else "LABS_JOBS"
        return Diagnosis(FAIL, str(error), f"unset {variable}")
    if who != "learn":
        return Diagnosis(
            WARN, f"LABS_MODE is {who}: no progress is kept", "unset LABS_MODE"
        )
    return Diagnosis(OK, f"settings: mode learn, {jobs} threads")


# Their order is part of the code: add new ones at the end.
CHECKS: dict[str, Callable[[], Diagnosis]] = {
    "python": _python,
    "packages": _packages,
    "xgboost": _xgboost,
    "project": _project,
    "kernel": _kernel,
    "data": _data,
    "memory": _memory,
    "disk": _disk,
    "progress": _progress,
    "settings": _settings,
}
