"""What a learner's kernel does beyond Python: an IPython extension of this environment.

``ipython_kernel_config.json``, installed with the course, loads it in every kernel before the
first cell. So nothing heavy is imported here.

A figure of `labs_lib.plots` is shown with its description as the image's own: JupyterLab gives a
PNG no alternative text, and a screen reader would meet a picture without a name. Notebooks of the
repository keep the PNG, which every viewer shows, with the description as text below it. A panel
is a status message, which a screen reader reads out when it appears.

It also says how threads wait, where nobody else has said it. In a full room a thread that spins
while it waits keeps another learner's from working. So those of OpenMP (XGBoost, scikit-learn)
sleep instead, and OpenBLAS (NumPy, SciPy), whose threads spin in any case, has one. It changes no
number. `labs_lib.settings` has the figures.
"""

import base64
import html
import os
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

from labs_lib.course import mode

RUN_ABOVE = (
    "A cell above may define it and has not run in this session. In the menu: "
    "Run > Run All Above Selected Cell."
)

THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}
"""How threads wait. Each library reads it once, when it is loaded."""


def load_ipython_extension(shell: Any) -> None:
    """Let threads sleep; say how long a cell takes, and with a `NameError` what to run first."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    try:
        learns = mode.current() == "learn"
    except ValueError:
        return  # `labs doctor` and the first cell say what is wrong.
    if learns:
        _catch_up()
        shell.set_custom_exc((NameError,), _with_the_way)
        _speak(shell.display_formatter.formatters)
        cells = _Cells()
        shell.events.register("pre_run_cell", cells.begin)
        shell.events.register("post_run_cell", cells.end)


def _speak(formatters: Any) -> None:
    """Give figures an alternative text, hide their captions from ears, announce panels."""
    # By name, so that matplotlib is imported by who draws and by nobody else.
    shown = formatters["text/html"]
    shown.for_type_by_name("labs_lib.course.panel", "Panel", _announced)
    shown.for_type_by_name("labs_lib.plots", "_Picture", _described)
    shown.for_type_by_name("labs_lib.plots", "_Caption", _for_eyes)
    formatters["image/png"].for_type_by_name("labs_lib.plots", "_Picture", lambda _: None)


def _described(picture: Any) -> str:
    png = base64.b64encode(picture.png).decode()
    return f'<img alt="{html.escape(picture.alt)}" src="data:image/png;base64,{png}">'


def _announced(panel: Any) -> str:
    return f'<div role="status">{panel._repr_html_()}</div>'


def _for_eyes(caption: Any) -> str:
    return f'<div aria-hidden="true">{caption._repr_html_()}</div>'


def _catch_up() -> None:
    """Send a class what an earlier kernel could not; a kernel never fails by it."""
    with suppress(Exception):
        from labs_lib.course import progress

        if progress.path().with_name("class.json").exists():
            from labs_lib.course.classroom import sender

            sender.wake_if_behind()


class _Cells:
    """Shows below a cell that it runs, and for how long, once it has taken two seconds."""

    def __init__(self) -> None:
        self._running = ExitStack()

    def begin(self, info: Any) -> None:
        from labs_lib.course.waiting import Notice, noticed

        cell = getattr(info, "cell_id", None) or ""
        self._running.close()
        self._running.enter_context(noticed(Notice(lambda: _seconds_of(cell))))

    def end(self, result: Any) -> None:
        self._running.close()


def _with_the_way(
    shell: Any,
    kind: type[BaseException],
    error: NameError,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    last = trace
    while last.tb_next is not None:
        last = last.tb_next
    of_a_cell = last.tb_frame.f_globals is shell.user_global_ns
    if of_a_cell and not isinstance(error, UnboundLocalError):
        error.add_note(RUN_ABOVE)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _seconds_of(cell: str) -> int | None:
    # Not before a cell has taken long: most never need it.
    from labs_lib.course import measured

    return measured.slow_cells().get(cell)
