"""A full room on one class server: ``python -m tests.benchmarks.bench_class [LEARNERS] [SECONDS]``.

Each simulated learner sends its state every three seconds over a connection of its own, as a kernel
does, while the page asks every two. Printed are the milliseconds of an update and of a view (median
and the 99th of 100), the bytes of a view, and how many of the last states the class has in the end,
also after a kill. With playwright and Chromium the page is opened too.
"""

import contextlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

from labs_lib.course.classroom import client
from labs_lib.course.classroom.membership import Membership

LABS = ["start", "split", "balance", "xgboost", "metrics", "threshold"]
EVERY = 3.0


class Class:
    """A served class in a process of its own."""

    def __init__(self, home: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._env = os.environ | {"LABS_PROGRESS": str(Path(home) / "progress.json")}
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-u", "-m", "labs_lib.cli", "class", "serve"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--lab", *LABS]
        self.process = subprocess.Popen(
            command, env=self._env, stdout=subprocess.PIPE, text=True
        )
        said = ""
        while "# Ctrl-C" not in said:
            said += self.process.stdout.readline()
        self.code = re.search(r"labs class join (\S+)", said)[1]
        self.address, self.key = re.search(r"(http://\S+)/#(\S+)", said).groups()

    def view(self, room: str = "", since: int = 0) -> bytes:
        url = f"{self.address}/view?room={room}&since={since}"
        request = urllib.request.Request(
            url, headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Learner(threading.Thread):
    """Sends a state that grows, until told to stop."""

    def __init__(self, address: str, code: str, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        answer = client.join(address, code, f"Learner {number}")
        self.member = Membership(
            "server", address, code, answer["name"], answer["token"], answer["items"]
        )
        self.state: dict = {}
        self.number = 0
        self.milliseconds: list[float] = []
        self.lost = 0
        self._stop_all = stop
        self._chance = random.Random(number)

    def run(self) -> None:
        self._stop_all.wait(self._chance.uniform(0, EVERY))
        while not self._stop_all.is_set():
            lab = self._chance.choice(list(self.member.items))
            item = self._chance.choice(list(self.member.items[lab]))
            figures = self.state.setdefault(lab, {}).setdefault(item, {"attempts": 0})
            figures["attempts"] += 1
            self.number += 1
            member = Membership(**{**vars(self.member), "number": self.number})
            begun = time.perf_counter()
            try:
                client.send(member, self.state)
            except ValueError:
                self.lost += 1
            self.milliseconds.append(1_000 * (time.perf_counter() - begun))
            self._stop_all.wait(self._chance.uniform(0.5, 1.5) * EVERY)


def shown(view: dict) -> dict[str, list]:
    """Return attempts by learner as the class has them."""
    return {
        each["name"]: [cell and cell[0] for cell in each["cells"]]
        for each in view["learners"]
    }


def spread(milliseconds: list[float]) -> str:
    half, most = np.percentile(milliseconds, [50, 99])
    return f"{half:.1f} ms, 99th of 100 {most:.1f} ms"


def look(link: str, learners: int) -> None:
    """Print how long the page needs in Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("page: no Chromium here")
        return
    from tests.ui import jupyterlab

    with jupyterlab.headless(chromium) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        page.goto(link)
        page.wait_for_function(
            f"document.querySelectorAll('#rows tr').length === {learners}"
        )
        print(f"page: all rows after {time.perf_counter() - begun:.1f} s")
        long = page.evaluate(
            """() => new Promise(done => {
                const found = [];
                new PerformanceObserver(list => found.push(...list.getEntries().map(e => e.duration)))
                    .observe({type: 'longtask'});
                setTimeout(() => done(found), 10000);
            })"""
        )
        print(
            f"page: in ten seconds of updates it stood still {[round(ms) for ms in long]} ms"
        )


def main(learners: int = 200, seconds: float = 60.0) -> None:
    with tempfile.TemporaryDirectory() as home, contextlib.closing(Class(home)) as served:
        stop = threading.Event()
        begun = time.perf_counter()
        room = [Learner(served.address, served.code, n, stop) for n in range(learners)]
        joined = time.perf_counter() - begun
        columns = len(json.loads(served.view())["columns"])
        print(f"{learners} learners joined in {joined:.1f} s; {columns} columns")
        for learner in room:
            learner.start()
        views, sizes, name, since = [], [], "", 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            at = time.perf_counter()
            content = served.view(name, since)
            views.append(1_000 * (time.perf_counter() - at))
            sizes.append(len(content))
            found = json.loads(content)
            name, since = found["room"], found["version"]
            time.sleep(2)
        look(f"{served.address}/#{served.key}", learners)
        stop.set()
        for learner in room:
            learner.join()
        sent = [ms for learner in room for ms in learner.milliseconds]
        print(
            f"{len(sent)} updates: median {spread(sent)}; lost {sum(x.lost for x in room)}"
        )
        print(
            f"views: median {spread(views)}; first {len(served.view()):,} bytes, ", end=""
        )
        print(f"then median {int(np.median(sizes)):,} bytes")
        before = shown(json.loads(served.view()))
        right = 0
        for learner in room:
            cells = [
                learner.state.get(lab, {}).get(item, {}).get("attempts")
                for lab, items in learner.member.items.items()
                for item in items
            ]
            right += before[learner.member.name] == cells
        served.close()
        served.start()
        after = shown(json.loads(served.view()))
        print(
            f"{right} of {learners} last states are there; after kill -9 and a start: ",
            end="",
        )
        print("the same" if after == before else "NOT the same")


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:]])
