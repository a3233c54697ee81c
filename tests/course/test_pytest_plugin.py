"""The traps of running notebooks as tests: each in a tiny notebook, run by a pytest of its own."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4

from labs_lib.course import pytest_plugin

IGNORED = ["nbval-ignore-output"]


def cell(source, *outputs, tags=(), count=1):
    metadata = {"tags": list(tags)} if tags else {}
    return v4.new_code_cell(
        source, outputs=list(outputs), execution_count=count, metadata=metadata
    )


def stream(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def result(text):
    return v4.new_output("execute_result", data={"text/plain": text}, execution_count=1)


def error(name, text):
    return v4.new_output("error", ename=name, evalue=text, traceback=[])


TRAPS = {
    "unchanged": cell("import os, socket, sys\n1 + 1", result("2")),
    "a decimal within the rule": cell("print(0.908)", stream("0.909\n")),
    "a decimal beyond it": cell("print('a', 0.914)", stream("a 0.909\n")),
    "many differences": cell(
        "for i in range(30):\n    print(i)",
        stream("".join(f"{i + 1}\n" for i in range(30))),
    ),
    "a declared tolerance": cell(
        "print('a', 0.914)", stream("a 0.909\n"), tags=["tolerance=0.01"]
    ),
    "a malformed tolerance": cell("print(1)", stream("1\n"), tags=["tolerance=1%"]),
    "a deleted output": cell("3"),
    "an extra output": cell("print(1)\n2", stream("1\n")),
    "a stripped cell": cell("4", count=None),
    "a cell without code": cell("", count=None),
    "an unknown magic": cell("%nothing", tags=IGNORED),
    "nothing raised": cell("5", tags=[*IGNORED, "raises-exception"]),
    "what it says is raised": cell(
        "int('x')",
        error("ValueError", "invalid literal for int() with base 10: 'x'"),
        tags=["raises-exception"],
    ),
    "another error": cell("1 / 0", error("ValueError", "no"), tags=["raises-exception"]),
    "an error": cell("undefined"),
    "stderr": cell("print('warned', file=sys.stderr)", tags=IGNORED),
    "committed stderr": cell(
        "print('warned', file=sys.stderr)", stream("warned\n", "stderr")
    ),
    "mode build, a backend that draws": cell(
        "print(os.environ['LABS_MODE'], os.environ.get('MPLBACKEND'))",
        stream("build module://matplotlib_inline.backend_inline\n"),
    ),
    "no network": cell(
        "socket.create_connection(('192.0.2.1', 80), timeout=5)",
        error("OSError", "the course runs without a network; tried to reach 192.0.2.1"),
        tags=["raises-exception"],
    ),
}
CHAIN = [cell("x = 1"), cell("import os\nx += 1"), cell("x", result("2"))]
DIES = [*CHAIN[:2], cell("os._exit(1)"), cell("x", result("2"))]
STRICT = [
    cell("print(0.908)", stream("0.909\n")),
    cell("object()", result("<object at 0x7f0000000000>")),
    cell("print('run 17')", stream("run 4\n")),  # --nbval-sanitize-with
]
SLOW = [cell("import time\ntime.sleep(60)"), cell("1", result("2"))]


class Runs:
    """What pytests of their own said about cells."""

    def __init__(self, folder):
        self.folder = folder
        self.cases = {}

    def write(self, name, cells):
        nbformat.write(v4.new_notebook(cells=list(cells)), self.folder / f"{name}.ipynb")

    def run(self, *arguments):
        report = self.folder / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
        ]
        command += ["-p", pytest_plugin.__name__, "--nbval", "--nbval-current-env"]
        subprocess.run(
            [*command, f"--junitxml={report}", "--rootdir=.", *arguments],
            cwd=self.folder,
            env=os.environ
            | {"LABS_MODE": "learn", "MPLBACKEND": "agg", "PYTEST_ADDOPTS": ""},
            stdout=subprocess.DEVNULL,
            timeout=300,
        )
        for case in ET.parse(report).iter("testcase"):
            self.cases[case.get("classname"), case.get("name")] = case

    def outcome(self, name, number):
        """Return the tag and the text of what is not a pass; two empty texts if it passed."""
        case = self.cases[f"{name}.ipynb", f"Cell {number}"]
        return next(
            ((child.tag, child.text or child.get("message")) for child in case), ("", "")
        )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("traps"))
    runs.write("traps", TRAPS.values())
    runs.write("dies", DIES)
    runs.write("chain", CHAIN)
    runs.run(
        *("-n", "2", "--dist=loadscope"), "traps.ipynb", "dies.ipynb", "chain.ipynb::Cell 2"
    )
    runs.write("strict", STRICT)
    runs.write("slow", SLOW)
    (runs.folder / "own.cfg").write_text("[runs]\nregex: run \\d+\nreplace: run\n")
    runs.run(
        *("--strict-outputs", "--nbval-cell-timeout=3", "--nbval-sanitize-with=own.cfg"),
        *("strict.ipynb", "slow.ipynb"),
    )
    return runs


@pytest.mark.parametrize(
    ("trap", "message"),
    [
        ("unchanged", ""),
        ("a decimal within the rule", ""),
        ("a decimal beyond it", "line 1, number 1: found 0.914, expected 0.909"),
        ("many differences", "expected 20, tolerance 0\nand 10 more"),
        ("a declared tolerance", ""),
        ("a malformed tolerance", "['tolerance=1%'] do not declare a tolerance"),
        ("a deleted output", "found 'execute_result (text/plain)', expected 'none'"),
        ("an extra output", "expected 'stdout'"),
        ("a stripped cell", "never run"),
        ("a cell without code", ""),
        ("an unknown magic", "`%nothing` not found"),
        ("nothing raised", "tagged raises-exception and raises nothing"),
        ("what it says is raised", ""),
        ("another error", "found 'ZeroDivisionError', expected 'ValueError'"),
        ("an error", "name 'undefined' is not defined"),
        ("stderr", "stderr, this run: found 'warned'"),
        ("committed stderr", "stderr, the committed run: found 'warned'"),
        ("mode build, a backend that draws", ""),
        ("no network", ""),
    ],
)
def test_a_trap_is_closed(runs, trap, message):
    number = [*TRAPS].index(trap)
    tag, text = runs.outcome("traps", number)
    assert tag == ("failure" if message else ""), text
    assert message in text
    if message:
        assert TRAPS[trap].source in text
        assert f"Cell {number}: " in text


def test_a_kernel_that_dies_fails_one_cell_and_the_rest_is_not_run(runs):
    assert runs.outcome("dies", 1) == ("", "")
    tag, text = runs.outcome("dies", 2)
    assert tag == "failure"
    assert "the kernel died" in text
    tag, text = runs.outcome("dies", 3)
    assert tag == "skipped"
    assert float(runs.cases["dies.ipynb", "Cell 2"].get("time")) < 60


def test_deselected_cells_run_before_the_one_that_needs_them(runs):
    assert runs.outcome("chain", 2) == ("", "")
    assert ("chain.ipynb", "Cell 1") not in runs.cases


def test_strict_outputs_are_compared_to_the_letter(runs):
    tag, text = runs.outcome("strict", 0)
    assert tag == "failure"
    assert "found 0.908, expected 0.909, tolerance 0" in text
    assert runs.outcome("strict", 1) == ("", "")


def test_options_of_nbval_still_work(runs):
    assert runs.outcome("strict", 2) == ("", "")
    tag, text = runs.outcome("slow", 0)
    assert tag == "failure"
    assert "Timeout of 3 seconds" in text


def test_the_tests_of_the_course_load_it(request):
    assert request.config.pluginmanager.has_plugin(pytest_plugin.__name__)
    assert os.environ["LABS_MODE"] == "build"


def test_the_environment_is_as_before_when_pytest_ends(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["a", "b"]))
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    before = dict(os.environ)
    undo = []
    for _ in range(2):  # A pytest inside a pytest.
        pytest_plugin.pytest_configure(SimpleNamespace(add_cleanup=undo.append))
    assert os.environ["LABS_MODE"] == "build"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(pytest_plugin.OFFLINE), "a", "b"]
    for restore in reversed(undo):
        restore()
    assert dict(os.environ) == before
