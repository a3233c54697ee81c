"""Everything that one folder holds while its server runs."""

import threading
from pathlib import Path

from labs_lib.sagemaker.clock import Clock
from labs_lib.sagemaker.objects import Objects
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
        self.endpoint = ""
        self.environment: dict[str, str] = {}

    def keep_clock(self) -> None:
        """Store the time, so that the next server on this folder does not go back."""
        self.state.set_setting("clock", repr(self.clock.now()))
