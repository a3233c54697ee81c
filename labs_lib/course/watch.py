"""A learner's function under observation: what it is given, changes, returns and raises."""

import copy
import functools
import linecache
import os
import pickle
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd

_CHANGEABLE = (list, dict, set, np.ndarray, pd.Series, pd.DataFrame)
_OURS = Path(__file__).resolve().parents[1]
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
# The child gets its work on standard input, so that nothing has to be written.
_CHILD = (
    "import pickle, sys; function, calls = pickle.load(sys.stdin.buffer); "
    "sys.stdout.buffer.write(pickle.dumps([function(*call) for call in calls]))"
)
_CHILD_SECONDS = 60


class Unreadable(ValueError):
    """A result that is in none of the forms asked for."""


class Watched:
    """A function that notes how it is called.

    Parameters
    ----------
    function : callable
        The learner's.
    form : callable, optional
        Brings each result to the form that the check wants; raises `ValueError` if it cannot.

    Attributes
    ----------
    only_none : bool
        Whether it was called and returned None every time.
    changed : str or None
        Name of an argument that a call changed in place.
    raised : tuple or None
        The exception of the last call that raised, and its arguments.
    """

    def __init__(self, function: Callable, form: Callable | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.calls = self.nones = 0
        self.changed: str | None = None
        self.raised: tuple[Exception, tuple] | None = None
        self._form = form

    @property
    def only_none(self) -> bool:
        return self.calls > 0 and self.calls == self.nones

    def __call__(self, *arguments: Any) -> Any:
        before = [
            copy.deepcopy(a) if isinstance(a, _CHANGEABLE) else None for a in arguments
        ]
        try:
            found = self.function(*arguments)
        except Exception as error:
            self.raised = error, arguments
            raise
        self.calls += 1
        self.nones += found is None
        for place, (old, new) in enumerate(zip(before, arguments, strict=True)):
            if old is not None and not _equal(old, new):
                self.changed = self.name_of(place)
        if self._form is None:
            return found
        try:
            return self._form(found)
        except ValueError as error:
            hint = " Did you forget `return`?" if found is None else ""
            raise Unreadable(f"What your function returns {error}{hint}") from None

    def name_of(self, place: int) -> str:
        """Return the learner's name of an argument."""
        code = getattr(self.function, "__code__", None)
        if code is None or place >= code.co_argcount:
            return f"argument {place + 1}"
        return code.co_varnames[place]

    def __reduce__(self) -> tuple:
        return Watched, (self.function, self._form)


def where(error: BaseException) -> tuple[int, str] | None:
    """Return number and text of the learner's line in which an error arose, or None."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_learners(f)]
    if not frames:
        return None
    line = frames[-1].lineno or 0
    return line, linecache.getline(frames[-1].filename, line).strip()


def is_stub(error: BaseException) -> bool:
    """Whether the error is the one that an untouched stub raises."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0)
    named = not line or "NotImplementedError" in line
    return isinstance(error, NotImplementedError) and named and _is_learners(last)


def in_another_process(function: Callable, calls: Sequence[tuple]) -> list | None:
    """Return the results of calls of a function in a new Python process.

    There texts have other hashes, so that whatever depends on them comes out otherwise.

    Parameters
    ----------
    function : callable
    calls : sequence of tuple
        The arguments of each call.

    Returns
    -------
    list or None
        None where the function cannot be sent or does not return there.
    """
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    function = function.function if isinstance(function, Watched) else function
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=cloudpickle.dumps((function, list(calls))),
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            timeout=_CHILD_SECONDS,
            check=True,
        )
        return pickle.loads(ran.stdout)
    except (OSError, subprocess.SubprocessError, pickle.PickleError):
        return None
    except (TypeError, AttributeError, ImportError, EOFError):
        # It holds something that belongs to this process alone, such as an open file.
        return None


def _is_learners(frame: traceback.FrameSummary) -> bool:
    if frame.filename.startswith("<frozen") or frame.filename.endswith(".pyx"):
        return False
    file = Path(frame.filename)
    ours = file.is_relative_to(_OURS) and file.suffix == ".py"
    return not ours and not frame.filename.startswith(_LIBRARIES)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, pd.Series | pd.DataFrame):
        return old.equals(new) and list(old.index) == list(new.index)
    if isinstance(old, np.ndarray):
        numeric = old.dtype.kind in "fc"
        return np.array_equal(old, new, equal_nan=numeric)
    if isinstance(old, dict):
        return list(old) == list(new) and all(_equal(old[k], new[k]) for k in old)
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(_equal, old, new))
    if isinstance(old, set | str | int | float | bool | None):
        return bool(old == new) or (old != old and new != new)
    # Generators and functions have a state of their own.
    return True
