"""Execute notebooks in a fresh kernel, measure them, and write HTML pages."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import nbformat
import psutil
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TimeElapsedColumn,
)
from rich.table import Table

from labs_lib.course import export, measured
from labs_lib.course.catalog import LabInfo
from labs_lib.course.mode import MODES

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SAMPLE_SECONDS = 0.1
TRACEBACK_LINES = 12


@dataclass(frozen=True)
class Execution:
    """What executing a notebook took.

    Attributes
    ----------
    seconds : float
        Wall time, with the start of the kernel.
    peak_mb : float
        Highest resident memory of the kernel and its children, in 10**6 bytes.
    cells : dict of str to float
        Seconds of each cell that ran, by the cell's id.
    error : str or None
        None if every cell ran. Otherwise plain text: the first line says which cell failed
        and why, the lines after it are the end of the traceback.
    """

    seconds: float
    peak_mb: float
    cells: dict[str, float]
    error: str | None


def kernel_manager() -> AsyncKernelManager:
    """Return a manager whose kernel is this Python, whatever the user registered."""
    # Without folders to search, jupyter_client falls back to ipykernel of sys.executable.
    return AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))


def kernel_environment(mode: str) -> dict[str, str]:
    """Return the environment variables of a kernel that runs in `mode`."""
    env = dict(os.environ)
    env.pop("MPLBACKEND", None)  # A backend chosen for scripts would swallow every figure.
    return env | {"LABS_MODE": mode, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def execute(
    notebook: NotebookNode,
    *,
    mode: str,
    folder: Path,
    on_cell: Callable[[int, int], None] | None = None,
    timeout: int = 120,
) -> Execution:
    """Execute `notebook` in a fresh kernel of this Python and store its outputs in place.

    Parameters
    ----------
    notebook : NotebookNode
        Its code cells get outputs and execution counts; cells after a failing one get none.
    mode : str
        ``LABS_MODE`` of the kernel, one of `labs_lib.course.mode.MODES`.
    folder : Path
        Working folder of the kernel: the one that holds the notebook.
    on_cell : callable, optional
        Called as ``on_cell(done, total)`` before the first and after each code cell.
    timeout : int
        Seconds that one cell may take.

    Returns
    -------
    Execution
        With the error, if a cell raised, took too long, or the kernel died.

    Raises
    ------
    ValueError
        If `mode` is unknown or `folder` does not exist.
    """
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}, expected one of {', '.join(MODES)}.")
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; pass the one that holds the notebook.")
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for _, cell in code:
        cell.outputs, cell.execution_count = [], None
    cells = [(i, cell) for i, cell in code if cell.source.strip()]
    report = on_cell or (lambda done, total: None)
    manager = kernel_manager()
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=timeout,
        coalesce_streams=True,
        extra_arguments=["--log-level=50"],  # The kernel's own log is not for learners.
    )
    start, memory, number, error = time.perf_counter(), _Memory(), 0, None
    took: dict[str, float] = {}
    try:
        # Cell by cell: the client's own execute() turns Ctrl-C into a dead kernel.
        with client.setup_kernel(
            cleanup_kc=True, cwd=str(folder), env=kernel_environment(mode)
        ):
            client.reset_execution_trackers()
            # A kernel of this machine: its provisioner knows the process.
            with memory.watch(cast(LocalProvisioner, manager.provisioner).pid):
                report(0, len(cells))
                for number, (index, cell) in enumerate(cells, start=1):
                    begun = time.perf_counter()
                    client.execute_cell(cell, index, execution_count=number)
                    took[cell.get("id", str(index))] = time.perf_counter() - begun
                    report(number, len(cells))
            client.set_widgets_metadata()
    except CellExecutionError as failure:
        error = _where(number, cell) + _raised(failure, cell)
    except CellTimeoutError:
        error = _where(number, cell) + f"took longer than {timeout} s and was stopped"
    except DeadKernelError:
        error = _where(number, cell) + "the kernel died (no memory, or a library crashed)"
    except (RuntimeError, OSError) as failure:
        if number:
            raise
        error = f"The kernel did not start: {failure}. Run `labs doctor`."
    return Execution(time.perf_counter() - start, memory.peak / 1e6, took, error)


def _where(number: int, cell: NotebookNode) -> str:
    return f"code cell {number} ({cell.source.strip().splitlines()[0][:60]}): "


def _raised(failure: CellExecutionError, cell: NotebookNode) -> str:
    tracebacks = ["\n".join(o.traceback) for o in cell.outputs if o.output_type == "error"]
    last_lines = ANSI.sub("", "\n".join(tracebacks)).splitlines()[-TRACEBACK_LINES:]
    message = ANSI.sub("", failure.evalue).strip().splitlines()
    first_line = f"{failure.ename}: {message[0]}" if message else failure.ename
    return "\n".join([first_line, *last_lines])


class _Memory:
    """Peak resident memory of a process and its children, in bytes."""

    def __init__(self) -> None:
        self.peak = 0

    def _sample(self, process: psutil.Process) -> None:
        own = process.memory_info()
        # Peaks between two samples are lost unless the system keeps a high-water mark.
        mark = getattr(own, "peak_wset", 0) or _linux_high_water(process.pid)
        children = 0
        for child in process.children(recursive=True):
            with suppress(psutil.Error):  # It may end meanwhile.
                children += child.memory_info().rss
        self.peak = max(self.peak, mark, own.rss + children)

    @contextmanager
    def watch(self, pid: int | None) -> Iterator[None]:
        """Sample the process until the block ends."""
        process, stop = psutil.Process(pid), threading.Event()

        def sample_until_stopped() -> None:
            with suppress(psutil.Error, OSError):  # The kernel died; the client says so.
                while not stop.wait(SAMPLE_SECONDS):
                    self._sample(process)

        thread = threading.Thread(target=sample_until_stopped, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            with suppress(psutil.Error, OSError):
                self._sample(process)


def _linux_high_water(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), flags=re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def run(
    labs: Sequence[LabInfo],
    *,
    html: Path | None = None,
    learner: bool = False,
    save: bool = False,
) -> bool:
    """Execute the notebooks of `labs` and print seconds and peak memory of each.

    The notebooks themselves are not written.

    Parameters
    ----------
    labs : sequence of LabInfo
        What to run; a failing one does not stop the others.
    html : Path, optional
        Folder for an HTML page a lab and an index. A lab that fails gets its page too,
        with what ran.
    learner : bool
        Run the learner notebooks. Done anyway where the solutions were withheld.
    save : bool
        Store seconds and memory of the labs that ran in ``measured.json``.

    Returns
    -------
    bool
        Whether every lab ran to its end.
    """
    screen = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    results: dict[LabInfo, Execution] = {}
    pages: dict[LabInfo, NotebookNode] = {}
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as progress:
        for lab in labs:
            task = progress.add_task(lab.id, total=None)
            path = lab.learner if learner or not lab.solution.exists() else lab.solution
            try:
                notebook = nbformat.read(path, as_version=4)
            except (OSError, ValueError, nbformat.ValidationError):
                reason = "is not a notebook" if path.exists() else "does not exist"
                message = f"{path.name} {reason}. Run `labs build {lab.id}`."
                results[lab] = Execution(0, 0, {}, message)
                continue
            results[lab] = execute(
                notebook,
                mode="build",
                folder=path.parent,
                on_cell=partial(advance, progress, task),
            )
            pages[lab] = notebook
    _print_table(results)
    if html is not None:
        export.write_site(pages, html)
        print(f"Pages: {html / 'index.html'}")
    if save:
        measured.save(
            {
                lab.id: measured.here(
                    seconds=result.seconds, peak_mb=result.peak_mb, cells=result.cells
                )
                for lab, result in results.items()
                if result.error is None
            }
        )
    return all(result.error is None for result in results.values())


def advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    """Show on a bar how many of the cells have run."""
    bar.update(task, completed=done, total=total)


def _print_table(results: dict[LabInfo, Execution]) -> None:
    table = Table("Lab")
    table.add_column("Seconds", justify="right")
    table.add_column("Peak MB", justify="right")
    table.add_column("Result")
    for lab, result in results.items():
        lines = (result.error or "").splitlines()
        verdict = f"failed: {lines[0]}" if lines else "ok"
        seconds, peak = f"{result.seconds:.1f}", f"{result.peak_mb:.0f}"
        table.add_row(lab.id, seconds, peak, escape(verdict))
    console = Console()
    console.print(table)
    for lab, result in results.items():
        lines = (result.error or "").splitlines()[1:]
        if lines:
            print(f"\n{lab.id}", *lines, sep="\n")
