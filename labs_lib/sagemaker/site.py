"""Everything that one folder holds while its server runs."""

import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labs_lib.clock import Clock
from labs_lib.platform.prefixes import PrefixRates
from labs_lib.sagemaker.alarms import Alarms
from labs_lib.sagemaker.engines import Engines
from labs_lib.sagemaker.environment import environment
from labs_lib.sagemaker.logs import Logs
from labs_lib.sagemaker.metrics import Metrics
from labs_lib.sagemaker.objects import Objects
from labs_lib.sagemaker.serving import Endpoints
from labs_lib.sagemaker.state import State


class Site:
    """State, clock and running things of one folder.

    Parameters
    ----------
    folder : Path
    account : str
        Twelve digits.
    speed : float
        Of the clock.
    """

    def __init__(self, folder: Path, *, account: str, speed: float):
        self.folder = folder
        self.account = account
        self.state = State(folder / "state.sqlite")
        begun = float(self.state.setting("clock", "0"))
        self.clock = Clock(speed=speed)
        # After a run at speed 60 the folder is ahead of the wall clock, and stays ahead.
        self.clock.step(max(0.0, begun - self.clock.now()))
        self.objects = Objects(self.state, self.clock, folder / "s3")
        self.closing = threading.Event()
        self.logs = Logs(self.state, self.clock)
        self.metrics = Metrics(self.state, self.clock)
        self.alarms = Alarms(self.state, self.clock, self.metrics)
        self.endpoints = Endpoints()
        self.copies: Any = None
        self.queue: Any = None
        self.engines = Engines(self.state)
        self.machines: dict[str, Any] = {}
        self.captures: Any = None
        self.jobs: dict[str, Any] = {}
        self.request_rates: dict[str, PrefixRates] = {}
        self.pools: dict[str, Path] = {}
        self.executions: dict[str, Any] = {}
        self.transforms: dict[str, Any] = {}
        self.endpoint = ""
        self.key = ""

    @functools.cached_property
    def environment(self) -> dict[str, str]:
        """Variables of every job and container: this process's, and this SageMaker."""
        return environment(
            os.environ, endpoint=self.endpoint, key=self.key, folder=self.folder
        )

    def run(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Call in a thread of its own; what goes wrong there is in the server's log."""

        def guarded() -> None:
            try:
                call(*arguments)
            except Exception:
                if not self.closing.is_set():
                    traceback.print_exc(file=sys.stderr)

        threading.Thread(target=guarded, daemon=True).start()

    def keep_clock(self) -> None:
        """Store the time, so that the next server on this folder does not go back."""
        self.state.set_setting("clock", repr(self.clock.now()))
