"""Patterns that a request brought, searched where they can do no harm."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labs_lib.sagemaker.searcher import LIMIT

_SEARCHER = Path(__file__).with_name("searcher.py")


class Patterns:
    """Searches lines for the metrics of a job, in a process that ends if it takes too long.

    Parameters
    ----------
    definitions : sequence of mapping
        MetricDefinitions; the patterns can be compiled.
    say : callable
        Gets a sentence about a metric that is given up.
    """

    def __init__(
        self, definitions: Sequence[Mapping[str, str]], say: Callable[[str], None]
    ):
        self._definitions = [(item["Name"], item["Regex"]) for item in definitions]
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None

    def search(self, text: str) -> list[tuple[str, str]]:
        """Return name and text of everything that the patterns find.

        A pattern that needs too long (the line's patterns together may take `LIMIT` seconds)
        is not searched any more; the others see the line again.
        """
        while self._definitions:
            found = []
            for number, (name, _) in enumerate(self._definitions):
                answer = self._ask(None if number else text)
                if not answer:
                    break
                found += [(name, value) for value in json.loads(answer)]
            else:
                return found
            self.close()
            self._say(
                f"Metric {name} is not searched any more: its Regex took more than "
                f"{LIMIT:.0f} s for one line."
            )
            del self._definitions[number]
        return []

    def _start(self) -> subprocess.Popen[bytes]:
        options: dict = {}
        if os.name == "nt":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SEARCHER), json.dumps(self._definitions)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **options,
        )

    def _ask(self, text: str | None) -> bytes:
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if text is not None:
                process.stdin.write(json.dumps(text).encode("ascii") + b"\n")
                process.stdin.flush()
            return process.stdout.readline()
        except OSError:
            return b""

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
