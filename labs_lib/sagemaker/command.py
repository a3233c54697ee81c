"""``labs sagemaker serve``: the server from a terminal."""

import os
import shlex
import signal
import time

from labs_lib.sagemaker.local import start
from labs_lib.sagemaker.lock import is_alive


def serve(folder: str | None, *, account: str, speed: float) -> int:
    """Hold a server until Ctrl-C.

    Parameters
    ----------
    folder : str or None
        Where its state lives; None for a new folder.
    account : str
        Twelve digits.
    speed : float
        Seconds on its clock in a real second.

    Returns
    -------
    int
        0 after Ctrl-C, 1 if the server ended by itself.
    """
    # Where a script began it in the background, an interrupt would be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with start(folder, account=account, speed=speed) as local:
            print(f"# SageMaker on this machine: {local.endpoint}, folder {local.folder}")
            print("# In another terminal, before the program that uses boto3:")
            for line in _settings(local.environment()):
                print(line)
            print("# Ctrl-C ends it.", flush=True)
            while is_alive(local._owner):
                time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    print("# The server has ended. Its last words are in server.log of the folder.")
    return 1


def _settings(environment: dict[str, str]) -> list[str]:
    """Return the lines that turn a shell's environment into this one."""
    gone = [name for name in os.environ if name not in environment]
    new = {
        name: value for name, value in environment.items() if os.environ.get(name) != value
    }
    if os.name == "nt":
        lines = [f"Remove-Item Env:{name}" for name in gone]
        return lines + [
            f"$Env:{name} = '" + value.replace("'", "''") + "'"
            for name, value in new.items()
        ]
    lines = [f"unset {name}" for name in gone]
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in new.items()]
