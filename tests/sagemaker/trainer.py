"""A training command of the tests' own: does what its hyperparameters say."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ml = Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((ml / "input" / "config" / "hyperparameters.json").read_text())
mode = given.get("mode", "")
print("training begins", mode, flush=True)
if "say" in given:
    print(given["say"], flush=True)
for epoch, loss in enumerate(json.loads(given.get("losses", "[]"))):
    print(f"epoch {epoch} loss={loss};", flush=True)
data = ml / "input" / "data"
seen = {
    "files": {
        path.relative_to(data).as_posix(): path.read_text()
        for path in sorted(data.rglob("*"))
        if path.is_file()
    },
    "environment": {
        k: v for k, v in os.environ.items() if k.startswith(("SM_", "TRAIN", "OWN"))
    },
    "arguments": sys.argv[1:],
    "folder": os.getcwd(),
    "configuration": {
        path.stem: json.loads(path.read_text())
        for path in (ml / "input" / "config").iterdir()
    },
}


def save(*_):
    (Path(os.environ["SM_MODEL_DIR"]) / "seen.json").write_text(json.dumps(seen))


if mode == "polite":
    signal.signal(signal.SIGTERM, lambda *_: (save(), sys.exit(7)))
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "child":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("child", child.pid, flush=True)
if mode in ("polite", "stubborn", "sleep", "child"):
    print("pid", os.getpid(), flush=True)
    time.sleep(600)
if mode == "fail":
    (ml / "output" / "failure").write_text("the reason: " + "x" * 2000)
    sys.exit(5)
if mode == "crash":
    raise RuntimeError("nobody caught this")
if mode == "output":
    (ml / "output" / "data" / "report.txt").write_text("fine")
save()
