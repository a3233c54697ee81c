"""A container of the tests' own: answers by what it is told, without any library."""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

mode = os.environ.get("MODE", "")
print("worker starts", mode, flush=True)
if mode == "exit":
    print("nothing to serve", flush=True)
    sys.exit(3)
if os.path.exists(os.environ.get("UNLESS", "")):
    print("it is poisoned", flush=True)
    sys.exit(4)
if mode == "slow":
    time.sleep(1)
if mode == "child":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    apart = "import os, time; os.setsid() if hasattr(os, 'setsid') else 0; time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", apart])
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(503 if mode == "sick" else 200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = body.partition(b" ")[0].decode("latin-1")
        if mode == "broken":
            self.answer(500, b"broken")
            return
        if asked == "die":
            os._exit(1)
        if asked == "sleep":
            time.sleep(float(body.split()[1]))
        if asked == "status":
            self.answer(int(body.split()[1]), b"as you wished")
            return
        if asked == "stream":
            self.stream(int(body.split()[1]), float(body.split()[2]), dies=b"die" in body)
            return
        seen = {
            "pid": os.getpid(),
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "size": len(body),
            "name": os.environ.get("NAME"),
            "files": sorted(os.listdir(os.environ["SM_MODEL_DIR"])),
        }
        self.answer(200, json.dumps(seen).encode())

    def stream(self, parts, pause, *, dies):
        self.send_response_only(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(parts):
            text = b"part %d" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            time.sleep(pause)
        if dies:
            os._exit(1)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def answer(self, status, body):
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "from-the-worker")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *args):
        pass


try:
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
except OSError:
    sys.exit(98)
server.daemon_threads = True
server.serve_forever()
