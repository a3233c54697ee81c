"""The pytest plugin that tests notebooks: nbval runs their cells, `outputs` compares.

``pyproject.toml`` loads it, so that every call of pytest in the course has the same rule, the
mode ``build``, and kernels that reach this machine only. What nbval lets pass and this does not:
a cell without a committed run, what IPython refuses without raising (an unknown magic), the
tag ``raises-exception`` on a cell that raises nothing, stderr. A kernel that dies is noticed at
once, and cells that were deselected (``-k``, ``--last-failed``) run before those that need them.
"""

import os
import time
from collections.abc import Generator
from pathlib import Path
from queue import Empty
from typing import Any
from unittest import mock

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel

from labs_lib.course import outputs
from labs_lib.course.session import THREADS

OFFLINE = Path(__file__).parent / "offline"
"""On the path of every process under test; its ``sitecustomize`` closes the network."""

SHOWN = 20
"""Differences of one cell that a report lists."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--strict-outputs``; pytest itself has a ``--strict``."""
    parser.getgroup("nbval").addoption(
        "--strict-outputs",
        action="store_true",
        help="compare notebook outputs to the letter, on the machine that built them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment that kernels and other subprocesses inherit."""
    environment = pytest.MonkeyPatch()
    config.add_cleanup(environment.undo)
    environment.setenv("LABS_MODE", "build")
    # They share the cores: a thread that spins while it waits keeps another notebook from working.
    for name, value in THREADS.items():
        environment.setenv(name, os.environ.get(name, value))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(OFFLINE), *(path for path in paths if path not in ("", str(OFFLINE)))]
    environment.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    parent: pytest.Collector,
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Put our notebooks in place of those that nbval collects."""
    collected = yield
    return [
        Notebook.from_parent(parent, path=file.path)
        if type(file) is nbval.plugin.IPyNbFile
        else file
        for file in collected
    ]


class KernelDied(Exception):
    """The kernel is gone; no message will come."""


class Kernel(RunningKernel):
    """A kernel whose death is noticed within a second, and whose last reply is kept."""

    reply: dict[str, Any]

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message of ``shell`` or ``iopub``.

        Raises
        ------
        queue.Empty
            If none comes within `timeout` seconds.
        KernelDied
            If none can come.
        """
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            wait = min(1.0, max(0.0, end - time.monotonic()))
            try:
                message = super().get_message(stream, timeout=wait)
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if time.monotonic() >= end:
                    raise
                continue
            if stream == "shell":
                self.reply = message["content"]
            return message


class Notebook(nbval.plugin.IPyNbFile):
    """A notebook whose cells are compared by `labs_lib.course.outputs`."""

    executed = 0
    """How many of its cells ran."""

    died_in: int | None = None
    """The cell in which the kernel died."""

    def collect(self) -> list["NotebookCell"]:
        """Return the code cells."""
        self.all_cells = [
            NotebookCell.from_parent(
                self,
                name=item.name,
                cell_num=item.cell_num,
                cell=item.cell,
                options=item.options,
            )
            for item in super().collect()
        ]
        return self.all_cells

    def setup(self) -> None:
        """Start the kernel."""
        # Takes a second, and only tests of notebooks need it.
        from labs_lib.course import run

        environment = mock.patch.dict(
            os.environ, run.kernel_environment("build"), clear=True
        )
        with environment, mock.patch.object(nbval.plugin, "RunningKernel", Kernel):
            super().setup()


class NotebookCell(nbval.plugin.IPyNbCell):
    """A code cell."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.output_timeout = 30  # A busy machine is no reason to fail.

    def setup(self) -> None:
        """Expect nothing of a cell that comes after the death of the kernel."""
        super().setup()
        if self.parent.died_in is not None:
            reason = f"the kernel died in cell {self.parent.died_in}"
            self.add_marker(pytest.mark.xfail(reason=reason, run=False))

    def runtest(self) -> None:
        """Run the cell, after the cells above it, and compare its outputs."""
        kernel = self.parent.kernel
        try:
            self._run_deselected_cells_above()
            if not kernel.is_alive():
                raise KernelDied
            super().runtest()
        except KernelDied:
            self.parent.died_in = self.cell_num
            if hasattr(kernel, "km"):
                kernel.stop()
            self.raise_cell_error("the kernel died (no memory, or a library crashed)")
        self._refuse_what_nbval_lets_pass(kernel.reply)

    def _run_deselected_cells_above(self) -> None:
        above = self.parent.all_cells[self.parent.executed : self.cell_num]
        self.parent.executed = self.cell_num + 1
        for cell in above:
            if not cell.options["skip"]:
                kernel = self.parent.kernel
                message = kernel.execute_cell_input(cell.cell.source, allow_stdin=False)
                try:
                    kernel.await_reply(message, self.config.option.nbval_cell_timeout)
                except Empty:
                    kernel.interrupt()
                    self.raise_cell_error(f"cell {cell.cell_num} above it took too long")

    def _refuse_what_nbval_lets_pass(self, reply: dict[str, Any]) -> None:
        written = outputs.stderr(self.cell.outputs, self.test_outputs)
        raised = any(output.output_type == "error" for output in self.test_outputs)
        if written:
            self._report(written)
        if reply["status"] == "error" and not raised:
            self.raise_cell_error(f"IPython refuses it: {reply['evalue']}")
        if self.options["check_exception"] and not raised:
            self.raise_cell_error("it is tagged raises-exception and raises nothing")
        unrun = self.cell.execution_count is None and self.cell.source.strip()
        if self.options["check"] and unrun:
            self.raise_cell_error(
                "its committed version was never run, so there is nothing to compare with. "
                "`labs build` runs a solution; `labs run LAB --learner` tries a learner's notebook."
            )

    def compare_outputs(self, test: list, ref: list, skip_compare: Any = None) -> bool:
        """Raise where the fresh outputs `test` differ from the committed `ref` by the rule."""
        try:
            found = outputs.differences(
                self.sanitize_outputs(ref),
                self.sanitize_outputs(test),
                tags=self.cell.metadata.get("tags", ()),
                strict=self.config.option.strict_outputs,
            )
        except ValueError as error:
            self.raise_cell_error(str(error))
        if found:
            self._report(found)
        return True

    def _report(self, found: list[outputs.Difference]) -> None:
        lines = [str(difference) for difference in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"and {len(found) - SHOWN} more")
        # The first line also stands in pytest's summary.
        self.raise_cell_error("\n".join(lines))

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> str:
        """Say which cell failed and why, and show its code."""
        error = excinfo.value
        if not isinstance(error, nbval.plugin.NbCellError):
            return super().repr_failure(excinfo)
        parts = [f"Cell {error.cell_num}: {error}", error.inner_traceback, error.source]
        return "\n\n".join(part.strip() for part in parts if part)
