"""Start or find the server of a folder, and speak to it."""

import atexit
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from labs_lib.platform.prefixes import READS, WRITES
from labs_lib.sagemaker import lock
from labs_lib.sagemaker.environment import REGION, environment

_START = 30.0


class Local:
    """A SageMaker on this machine. `start` makes it.

    Attributes
    ----------
    folder : Path
        Where its state lives.
    endpoint : str
        Address of the server, on the loopback.
    account : str
        The account in every ARN.
    role : str
        ARN of an execution role, for requests that need one.
    bucket : str
        Name of the account's usual bucket for SageMaker; it has to be created first.
    """

    def __init__(
        self, folder: Path, owner: dict[str, Any], lease: http.client.HTTPConnection
    ):
        self.folder = folder
        self.endpoint = f"http://127.0.0.1:{owner['port']}"
        self.account = str(owner["account"])
        self.speed = float(owner["speed"])
        self.role = f"arn:aws:iam::{self.account}:role/SageMakerRole"
        self.bucket = f"sagemaker-{REGION}-{self.account}"
        self._owner = owner
        self._lease: http.client.HTTPConnection | None = lease
        self._process: subprocess.Popen | None = None
        self._session: Any = None
        atexit.register(self.close)

    def __enter__(self) -> "Local":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._lease is None else self.endpoint
        return f"<SageMaker on this machine: {state}, {self.folder}>"

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client that speaks to this SageMaker and to nothing else.

        Address, region and keys stand in it: no variable, file or profile of this machine
        matters.

        Parameters
        ----------
        service : str
            boto3's name, for instance ``"sagemaker"`` or ``"sagemaker-runtime"``.
        options
            More of boto3's arguments; a `config` is merged with what is needed here.
        """
        from botocore.config import Config

        if self._session is None:
            self._session = _session(self._owner["key"], self.folder)
        own = Config(
            proxies={},
            defaults_mode="legacy",
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "path"},
        )
        given = options.pop("config", None)
        return self._session.client(
            service,
            **{
                "region_name": REGION,
                "endpoint_url": self.endpoint,
                "config": given.merge(own) if given is not None else own,
                **options,
            },
        )

    def environment(self) -> dict[str, str]:
        """Return an environment in which unchanged code finds this SageMaker.

        It is this process's, with everything about AWS replaced: for
        ``subprocess.run(..., env=local.environment())``.
        """
        return environment(
            os.environ, endpoint=self.endpoint, key=self._owner["key"], folder=self.folder
        )

    def now(self) -> float:
        """Return the time on the server's clock, in seconds since 1970."""
        return self._ask("/clock", {})["now"]

    def step(self, seconds: float) -> float:
        """Move the server's clock forward, return the new time: what is due happens now."""
        return self._ask("/clock", {"step": seconds})["now"]

    def register(
        self,
        image: str,
        *,
        train: Sequence[str] | None = None,
        serve: Sequence[str] | None = None,
    ) -> None:
        """Say what runs here when a request names an image.

        Parameters
        ----------
        image : str
            The address, as requests give it.
        train, serve : sequence of str, optional
            The command of a training job, of an endpoint's worker: a program and its
            arguments (``sys.executable`` for Python), run without a shell. A worker listens
            on 127.0.0.1, on the port in ``SAGEMAKER_BIND_TO_PORT``.

        Raises
        ------
        ValueError
            If neither is given, or one is not a list of texts.
        """
        self._ask(
            "/register",
            {
                "image": image,
                "train": None if train is None else _command("train", train),
                "serve": None if serve is None else _command("serve", serve),
            },
        )

    def interrupt(self, job: str, *, seconds: float = 0.0) -> None:
        """Take the instance of a training job away, as AWS does with spot instances.

        Parameters
        ----------
        job : str
            Its name; it has EnableManagedSpotTraining and its script runs.
        seconds : float, default 0
            On the clock, until there is another instance.

        Raises
        ------
        ValueError
            If there is no such job, or nothing of it to interrupt.
        """
        self._ask("/interrupt", {"job": job, "seconds": seconds})

    def limit_requests(
        self,
        bucket: str,
        *,
        sustained: float,
        reads: float = READS,
        writes: float = WRITES,
        depth: int = 8,
    ) -> None:
        """Let a bucket's prefixes take so many requests a second; the next gets 503 SlowDown.

        The bucket begins as one partition, which splits under load; see
        `labs_lib.platform.prefixes`. Requests for objects count (GET and HEAD as reads), those
        for the bucket, lists too, do not. Calling it again begins anew; so does a restart, without
        any limit.

        Parameters
        ----------
        bucket : str
            It exists.
        sustained : float
            Seconds on the clock, above 0, of more requests than a partition takes, until it
            splits. AWS does not publish this.
        reads, writes : float
            What one partition takes a second, above 0; by default what the S3 guide gives.
        depth : int, default 8
            Characters of a key by which partitions split, at least 1.

        Raises
        ------
        ValueError
            If there is no such bucket, or a number is out of its range.
        """
        numbers = {"sustained": sustained, "reads": reads, "writes": writes, "depth": depth}
        self._ask("/request-rates", {"bucket": bucket, **numbers})

    def close(self) -> None:
        """Let go of the server; it ends when nobody holds it any more."""
        lease, self._lease = self._lease, None
        atexit.unregister(self.close)
        if lease is None:
            return
        others = 0
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            assert lease.sock is not None
            lease.sock.settimeout(5)
            lease.sock.sendall(b"!")
            text = lease.sock.recv(4096).decode("ascii").partition("\r\n\r\n")[2]
            others = json.loads(text)["leases"]
        lease.close()
        if not others:
            _wait_until_gone(self._owner, self._process, seconds=20.0)
            if self._owner.get("temporary"):
                # The server does this itself, unless it was killed.
                shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        if self._lease is None:
            raise ValueError("This SageMaker is closed. Start it again.")
        connection = _connect(self._owner, timeout=30.0)
        try:
            connection.request(
                "POST",
                path,
                json.dumps(message),
                {"X-Labs-Key": self._owner["key"], "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            found = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(found.get("error", f"the server answered {response.status}"))
        return found


def start(
    folder: Path | str | None = None,
    account: str = "111122223333",
    speed: float = 1,
) -> Local:
    """Start a SageMaker on this machine, or find the one that has the folder.

    Parameters
    ----------
    folder : path-like, optional
        Where its state lives; it survives a restart. By default a new folder, which is
        deleted at the end.
    account : str, default "111122223333"
        Twelve digits: the account in every ARN.
    speed : float, default 1
        Seconds on its clock in a real second: with 60 a minute of waiting takes a second.
        With 0 the clock stands still until ``local.step(seconds)``.

    Returns
    -------
    Local
        Also a context manager: ``with sagemaker.start() as local: ...``. The server ends
        with the last process that holds it, whichever way that process ends.

    Raises
    ------
    ValueError
        If an argument is wrong, the server does not come up, or one with another account or
        speed has the folder.
    """
    if not re.fullmatch(r"[0-9]{12}", account):
        raise ValueError(f"account is {account!r}, expected twelve digits.")
    if not 0 <= speed <= 1e6:
        raise ValueError(f"speed is {speed!r}, expected a number from 0 to 1,000,000.")
    options = {"account": account, "speed": float(speed), "temporary": folder is None}
    if folder is None:
        folder = tempfile.mkdtemp(prefix="sagemaker-")
    folder = Path(folder).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder} cannot be a folder: {error}.") from None
    deadline = time.monotonic() + _START
    process = None
    while time.monotonic() < deadline:
        owner = lock.read_owner(folder)
        lease = _take_lease(owner) if owner and lock.is_alive(owner) else None
        if owner and lease:
            _check_same(owner, options, folder, lease)
            local = Local(folder, owner, lease)
            local._process = process
            return local
        if process is None or process.poll() == 3:
            process = _spawn(folder, options)
        elif process.poll() is not None:
            raise ValueError(f"The server did not start. {_last_words(folder)}")
        time.sleep(0.01)
    raise ValueError(f"The server did not start in {_START:.0f} s. {_last_words(folder)}")


def _check_same(
    owner: dict[str, Any],
    options: dict[str, Any],
    folder: Path,
    lease: http.client.HTTPConnection,
) -> None:
    for name in ("account", "speed"):
        if owner[name] != options[name]:
            lease.close()
            raise ValueError(
                f"{folder} has a server with {name} {owner[name]!r}, not {options[name]!r}. "
                f"Start with {name}={owner[name]!r}, or close that one first."
            )


def _spawn(folder: Path, options: dict[str, Any]) -> subprocess.Popen:
    command = [sys.executable, "-m", "labs_lib.sagemaker.server"]
    # An interrupt of the notebook is not meant for the server.
    apart: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        apart = {
            "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
            | subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined]
        }
    with open(folder / "server.log", "ab") as log:
        return subprocess.Popen(
            [*command, str(folder), json.dumps(options)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_python_environment(),
            **apart,
        )


def _python_environment() -> dict[str, str]:
    """Return this environment, in which the server finds the same `labs_lib`."""
    import labs_lib

    here = str(Path(labs_lib.__file__).resolve().parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def _connect(owner: dict[str, Any], *, timeout: float) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(owner["port"]), timeout=timeout)


def _take_lease(owner: dict[str, Any]) -> http.client.HTTPConnection | None:
    connection = _connect(owner, timeout=5.0)
    try:
        connection.request("POST", "/lease", headers={"X-Labs-Key": owner["key"]})
        response = connection.getresponse()
        if response.status == 200:
            return connection
    except (OSError, http.client.HTTPException, KeyError):
        pass
    connection.close()
    return None


def _wait_until_gone(
    owner: dict[str, Any], process: subprocess.Popen | None, *, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.pid == owner["pid"]:
            if process.poll() is not None:
                return
        elif not lock.is_alive(owner):
            return
        time.sleep(0.01)


def _last_words(folder: Path) -> str:
    try:
        text = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = text.strip().splitlines()
    return f"Its last words: {lines[-1]}" if lines else "It said nothing."


def _command(name: str, command: Sequence[str]) -> list[str]:
    if isinstance(command, str) or not all(isinstance(part, str) for part in command):
        raise ValueError(
            f"{name} is {command!r}, expected a list of texts: a program, its arguments."
        )
    if not command:
        raise ValueError(f"{name} is empty, expected a program and its arguments.")
    return list(command)


def _session(key: str, folder: Path) -> Any:
    """Return a boto3 session that reads no variable and no file of this machine."""
    import boto3
    import botocore.session
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
    from botocore.loaders import Loader

    empty = str(folder / "no_aws_configuration")
    own = {"config_file": empty, "credentials_file": empty}
    session = botocore.session.Session(
        session_vars={
            name: (None, None, own.get(name, default), convert)
            for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
    )
    # Without the default paths, where ~/.aws/models could change an operation.
    session.register_component(
        "data_loader",
        Loader(
            extra_search_paths=[Loader.BUILTIN_DATA_PATH],
            include_default_search_paths=False,
        ),
    )
    return boto3.Session(
        aws_access_key_id=key,
        aws_secret_access_key="local",
        region_name=REGION,
        botocore_session=session,
    )
