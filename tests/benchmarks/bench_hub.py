"""A room of learners on a running hub: seconds and memory while all run one lab at once.

Start a trial as docs/hub/README.md says; then, on the same machine and as the same user, run

    python tests/benchmarks/bench_hub.py http://127.0.0.1:8000 CODE --lab train/script_mode \
        --learners 1 2 4 8

Each learner signs in as a browser does, gets a server, opens a kernel through the hub's proxy and
runs every cell of the solved lab. All press the key at the same moment, which is the worst case.
"""

import argparse
import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import nbformat
import psutil
import requests
import websocket

from labs_lib.course import catalog

SERVER_SECONDS = 300
CELL_SECONDS = 3600


@dataclass
class Learner:
    """One who is signed in, with a token for their own server."""

    hub: str
    name: str
    code: str
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> None:
        browser = requests.Session()
        browser.get(f"{self.hub}/hub/login").raise_for_status()
        form = {"username": self.name, "password": self.code}
        form["_xsrf"] = browser.cookies["_xsrf"]
        page = browser.post(f"{self.hub}/hub/login", data=form, allow_redirects=False)
        if page.status_code != 302:
            raise RuntimeError(f"{self.name} is not let in: {page.status_code}")
        browser.get(f"{self.hub}/hub/token").raise_for_status()
        made = browser.post(
            f"{self.hub}/hub/api/users/{self.name}/tokens",
            headers={"X-XSRFToken": browser.cookies.get("_xsrf", path="/hub/")},
            json={"note": "bench_hub", "expires_in": 4 * CELL_SECONDS},
        )
        made.raise_for_status()
        self.headers = {"Authorization": f"token {made.json()['token']}"}

    def call(self, method: str, path: str, **more: object) -> requests.Response:
        answer = requests.request(
            method, self.hub + path, headers=self.headers, timeout=SERVER_SECONDS, **more
        )
        answer.raise_for_status()
        return answer

    def start(self) -> float:
        """Return the seconds until the server answers."""
        begun = time.perf_counter()
        self.call("POST", f"/hub/api/users/{self.name}/server")
        while not self.call("GET", f"/hub/api/users/{self.name}").json()["server"]:
            if time.perf_counter() - begun > SERVER_SECONDS:
                raise TimeoutError(f"the server of {self.name} does not start")
            time.sleep(0.2)
        self.call("GET", f"/user/{self.name}/api/status")
        return time.perf_counter() - begun

    def stop(self) -> None:
        self.call("DELETE", f"/hub/api/users/{self.name}/server")

    def run(self, cells: list[str]) -> float:
        """Run cells in a fresh kernel; return the seconds, with the kernel's start."""
        begun = time.perf_counter()
        own = f"/user/{self.name}/api/kernels"
        kernel = self.call("POST", own, json={"path": ""}).json()["id"]
        address = f"{self.hub.replace('http', 'ws', 1)}{own}/{kernel}/channels"
        try:
            socket = websocket.create_connection(
                address, header=self.headers, timeout=CELL_SECONDS
            )
            for cell in cells:
                _execute(socket, cell)
            seconds = time.perf_counter() - begun
            socket.close()
        finally:
            self.call("DELETE", f"{own}/{kernel}")
        return seconds


def _execute(socket: websocket.WebSocket, code: str) -> None:
    own = uuid.uuid4().hex
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    header = {
        "msg_id": own,
        "msg_type": "execute_request",
        "session": own,
        "version": "5.3",
    }
    message = {"header": header | {"username": "", "date": ""}, "channel": "shell"}
    socket.send(
        json.dumps(message | {"parent_header": {}, "metadata": {}, "content": content})
    )
    while True:
        got = json.loads(socket.recv())
        if got["parent_header"].get("msg_id") != own:
            continue
        if got["msg_type"] == "error":
            raise RuntimeError(f"{got['content']['ename']}: {got['content']['evalue']}")
        if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
            return


class Memory:
    """Peak memory of each learner's processes, and of the room, in 10**6 bytes.

    It is the proportional set size: a page that several processes share counts once, divided
    among them. So the sum over learners is what the machine needs.
    """

    def __init__(self, names: list[str]) -> None:
        self.peak = dict.fromkeys(names, 0.0)
        self.room = 0.0
        self._roots = {name: _server_of(name) for name in names}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            now = {name: _pss(root) for name, root in self._roots.items()}
            self.room = max(self.room, sum(now.values()))
            self.peak = {name: max(self.peak[name], used) for name, used in now.items()}


def _server_of(name: str) -> psutil.Process:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("JUPYTERHUB_USER") == name and any(
                "jupyterhub-singleuser" in word for word in process.cmdline()
            ):
                return process
    raise RuntimeError(f"no server of {name} runs on this machine, or as another user")


def _pss(root: psutil.Process) -> float:
    used = 0
    with suppress(psutil.Error):
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error):
                used += process.memory_full_info().pss
    return used / 1e6


def room(hub: str, code: str, number: int, cells: list[str]) -> str:
    """Let so many learners run the cells at once; return a row of the table."""
    learners = [Learner(hub, f"load{n:02d}", code) for n in range(1, number + 1)]

    def all_at_once(do: Callable[[Learner], object]) -> list:
        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(do, learners))

    all_at_once(Learner.sign_in)
    try:
        started = all_at_once(Learner.start)
        with Memory([learner.name for learner in learners]) as idle:
            time.sleep(2)
        with Memory([learner.name for learner in learners]) as memory:
            seconds = all_at_once(lambda learner: learner.run(cells))
    finally:
        all_at_once(Learner.stop)
    mean = statistics.mean
    return (
        f"| {number} | {max(started):.0f} | {mean(idle.peak.values()):.0f} | "
        f"{statistics.median(seconds):.0f} | {max(seconds):.0f} | "
        f"{mean(memory.peak.values()):.0f} | {memory.room / number:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hub", help="such as http://127.0.0.1:8000")
    parser.add_argument("code", help="LABS_HUB_CODE of the trial")
    parser.add_argument("--lab", default="train/script_mode")
    parser.add_argument("--learners", type=int, nargs="+", default=[1, 2, 4, 8])
    given = parser.parse_args()
    notebook = nbformat.read(catalog.find(given.lab).solution, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    print(f"{given.lab}, {psutil.cpu_count()} cores")
    print(
        "| learners | all servers up, s | MB a server | lab, median s | last s | "
        "MB a learner, peak | MB a learner, room's peak |\n|---|---|---|---|---|---|---|"
    )
    for number in given.learners:
        print(room(given.hub.rstrip("/"), given.code, number, cells), flush=True)


if __name__ == "__main__":
    main()
