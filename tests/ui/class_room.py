"""A class of learners with real kernels, and pictures of its page: ``python -m tests.ui.class_room DIR``.

Each learner has a kernel, joins the served class in it, and executes cells of the start page and of
prepare/split: right and wrong answers, hints, quiz answers.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from tests.ui import jupyterlab

LEARNERS = 20
NAMES = [
    "Ana", "Björn Þórsson", "Chinedu", "Дарья", "Eleni Παππά", "فاطمة", "Giulia", "花子", "Ingrid",
    "José", "김민준", "Łukasz", "Mai Nguyễn", "นภา", "Oluwaseun", "Priya प्रिया", "Ana",
    "<img src=x onerror=alert(1)>", "\u202egnirts desrever", "Zoë 🦉",
]  # fmt: skip

SIGN = (
    "from labs_lib import cli\ncli.main(['class', 'join', {code!r}, {name!r}, {address!r}])"
)
START = "from labs_lib.labs.start.exercises import lab"
SPLIT = "from labs_lib.labs.prepare.split.exercises import lab"
RIGHT_2 = {"a": "ordered", "b": "by key", "c": "stratified", "d": "ordered and by key"}


def cells(learner: int) -> list[str]:
    """Return what a learner executes; no two of a room work alike."""
    found = [START]
    if learner % 3:
        found.append("lab.ex1.check(0.01)")
    found += [
        "lab.ex1.check(0.99)",
        f"lab.quiz.answer(1, '{'bbabdbbcbb'[learner % 10]}')",
        SPLIT,
    ]
    found += [
        "lab.ex1.hint()",
        "lab.ex1.check(lambda customers, share: [hash(str(c)) % 1000 < 1000 * share for c in customers])",
    ][learner % 2 :]
    if learner % 4 != 1:
        found.append("import zlib")
        found.append(
            "lab.ex1.check(lambda customers, share: "
            "[zlib.crc32(str(c).encode()) % 1000 < 1000 * share for c in customers])"
        )
    for tries in range(learner % 5):
        wrong = RIGHT_2 | {"abcd"[tries % 4]: "randomized"}
        found.append(f"lab.ex2.check({wrong!r})")
        if tries > 1:
            found.append("lab.ex2.hint()")
    if learner % 5 < 3:
        found.append(f"lab.ex2.check({RIGHT_2!r})")
    for question in range(1, 1 + learner % 4):
        found.append(
            f"lab.quiz.answer({question}, '{'abcddcba'[(learner + question) % 8]}')"
        )
    return found


def learn(home: Path, learner: int, code: str, address: str) -> None:
    """Start a kernel with a home of its own, join, work, and end it when all is sent."""
    env = os.environ | {"LABS_MODE": "learn", "LABS_PROGRESS": str(home / "progress.json")}
    env |= {"IPYTHONDIR": str(home / "ipython")}
    manager, client = start_new_kernel(env=env, startup_timeout=300)
    try:
        name = NAMES[learner % len(NAMES)]
        joining = SIGN.format(code=code, name=name, address=address)
        sent = (
            "import time\nfrom labs_lib.course import progress\n"
            "from labs_lib.course.classroom import membership\n"
            "for _ in range(600):\n"
            "    m = membership.load()\n"
            "    if not m.is_behind and m.number > 1: break\n"
            "    time.sleep(0.1)\n"
            "assert not m.is_behind, m"
        )
        for cell in [joining, *cells(learner), "import time; time.sleep(1)", sent]:
            said: list[dict] = []
            reply = client.execute_interactive(cell, timeout=300, output_hook=said.append)
            words = [
                m["content"].get("text", "") for m in said if m["msg_type"] == "stream"
            ]
            content = reply["content"]
            assert content["status"] == "ok", (name, cell, content.get("traceback"), words)
            heard = [m for m in said if m["content"].get("name") == "stderr"]
            assert not heard, (name, cell, heard)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main(folder: Path) -> None:
    """Hold the class and take the pictures."""
    home = Path(tempfile.mkdtemp())
    env = os.environ | {"LABS_PROGRESS": str(home / "instructor" / "progress.json")}
    command = [sys.executable, "-u", "-m", "labs_lib.cli", "class", "serve"]
    command += ["--host", "127.0.0.1", "--port", "8473", "--lab", "start", "prepare/split"]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while "Ctrl-C" not in said:
            said += server.stdout.readline()
        code, link = (
            re.search(r"join (\S+)", said)[1],
            re.search(r"http://\S+#\S+", said)[0],
        )
        address = link.partition("/#")[0]

        def one(learner: int) -> None:
            learn(home / str(learner), learner, code, address)

        with ThreadPoolExecutor(LEARNERS) as room:
            list(room.map(one, range(LEARNERS)))
        _pictures(folder, link)
        kept = [home / str(n) / "class.json" for n in range(LEARNERS)]
        states = [json.loads(file.read_text(encoding="utf-8")) for file in kept]
        assert all(each["arrived"] == each["number"] for each in states)
        print(
            f"{LEARNERS} kernels, {sum(each['number'] for each in states)} states, all arrived"
        )
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        shutil.rmtree(home)


def _pictures(folder: Path, link: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with jupyterlab.headless(shutil.which("chromium")) as browser:
        for scheme in ("light", "dark"):
            size = {"width": 1280, "height": 900}
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(link)
            page.locator("#rows tr").nth(LEARNERS - 1).wait_for()
            page.screenshot(path=folder / f"class_{scheme}.png")
            page.get_by_role("switch", name="Names").click()
            page.get_by_role("switch", name="Right answers").click()
            page.screenshot(path=folder / f"class_{scheme}_answers.png", full_page=True)
            page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
