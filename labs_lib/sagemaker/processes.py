"""Jobs and containers as processes: started, heard, asked to end, ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
_LONGEST_LINE = 64 * 1024


class Process:
    """A command under a keeper, which ends all of it when the server is gone.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; no shell.
    folder : Path
        Where the keeper notes the process; the command runs in `cwd`.
    cwd : Path
    environment : mapping of str to str
        All of it.
    on_line : callable
        Gets each line of output, without its end, from a thread of its own.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        cwd: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self._pid_file = folder / "pid"
        options: dict = {"start_new_session": True}
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined]
        self._keeper = subprocess.Popen(
            [sys.executable, "-S", str(KEEPER), str(self._pid_file), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(environment),
            **options,
        )
        self._on_line = on_line
        self._ended = threading.Event()
        self.code: int | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, all its output has been heard, and `code` is known."""
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> int | None:
        """Return the exit code, or None if it still runs after `seconds`."""
        self._ended.wait(seconds)
        return self.code

    def stop(self) -> None:
        """Ask the command to end: SIGTERM, on Windows CTRL_BREAK."""
        with contextlib.suppress(OSError, ValueError):
            assert self._keeper.stdin is not None
            self._keeper.stdin.write(b"stop\n")
            self._keeper.stdin.flush()

    def kill(self) -> None:
        """End the command with all it started."""
        with contextlib.suppress(OSError, ValueError):
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()

    def _listen(self) -> None:
        assert self._keeper.stdout is not None
        # What outlives a killed keeper would keep the pipe open: look after it, then listen on.
        threading.Thread(target=self._reap, daemon=True).start()
        with self._keeper.stdout as output:
            while line := output.readline(_LONGEST_LINE):
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                try:
                    self._on_line(text)
                except Exception as error:  # the process must be heard to its end
                    print(f"A line of output was lost: {error!r}", file=sys.stderr)
        self.code = self._keeper.wait()
        with contextlib.suppress(OSError, ValueError):
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
        self._ended.set()

    def _reap(self) -> None:
        code = self._keeper.wait()
        if code < 0 and os.name == "posix":
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(self._pid_file.read_text()), signal.SIGKILL)
