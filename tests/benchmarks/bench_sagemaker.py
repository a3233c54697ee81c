"""Speed of the SageMaker on this machine: ``python tests/benchmarks/bench_sagemaker.py``.

Targets on a quiet machine: the server up in 0.5 s, 0.3 s a training job beside its command,
an invocation within 2 ms (median) of the bare call of the same worker, 600 invocations a
second with 8 clients. boto3's own work (signing, parsing) is shown apart. On a busy machine
compare with the plain server of the standard library, measured in the same run.
"""

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from labs_lib import sagemaker

RUNS = 5
CALLS = 500
IMAGE = "own:1"
TESTS = Path(__file__).resolve().parents[1] / "sagemaker"
BODY = b"1,2,3,4,5"


def median(run, runs=RUNS) -> float:
    return statistics.median(run() for _ in range(runs))


def start() -> float:
    begun = time.perf_counter()
    local = sagemaker.start()
    seconds = time.perf_counter() - begun
    local.close()
    return seconds


def start_plain() -> float:
    """The same for a server that does nothing but answer."""
    begun = time.perf_counter()
    with Plain():
        return time.perf_counter() - begun


class Plain:
    """The worker of the tests, alone: a plain threaded server in a process."""

    def __enter__(self) -> "Plain":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "worker.py")],
            env={
                **os.environ,
                "SAGEMAKER_BIND_TO_PORT": str(self.port),
                "SM_MODEL_DIR": str(TESTS),
            },
            stdout=subprocess.DEVNULL,
        )
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def cpu(local) -> float:
    found = psutil.Process(local._owner["pid"]).cpu_times()
    return found.user + found.system


def job(local, client) -> float:
    name = f"job-{time.monotonic_ns()}"
    begun = time.perf_counter()
    client.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=local.role,
        OutputDataConfig={"S3OutputPath": f"s3://{local.bucket}/"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)
    return time.perf_counter() - begun


def endpoint(local, client) -> None:
    client.create_model(
        ModelName="m", ExecutionRoleArn=local.role, PrimaryContainer={"Image": IMAGE}
    )
    variant = {
        "VariantName": "v",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="e", EndpointConfigName="c")
    client.get_waiter("endpoint_in_service").wait(EndpointName="e")


def plain(port: int, path: str, headers: dict):
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def call() -> None:
        connection.request("POST", path, BODY, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200

    return call


def latencies(calls: dict) -> dict[str, list[float]]:
    """Alternate between the calls, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(CALLS):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - begun))
    return {name: sorted(found) for name, found in times.items()}


def throughput(make, clients: int = 8, seconds: float = 3.0) -> float:
    counts = [0] * clients
    ends = time.perf_counter() + seconds

    def run(number: int) -> None:
        call = make()
        while time.perf_counter() < ends:
            call()
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def main() -> None:
    print(f"server up: {median(start):.2f} s; a plain one: {median(start_plain):.2f} s")
    with sagemaker.start() as local:
        print(f"of it on the processor: {cpu(local):.2f} s")
        client, runtime = local.client("sagemaker"), local.client("sagemaker-runtime")
        local.client("s3").create_bucket(Bucket=local.bucket)
        local.register(
            IMAGE,
            train=[sys.executable, "-S", "-c", "pass"],
            serve=[sys.executable, str(TESTS / "worker.py")],
        )
        print(f"training job that does nothing: {median(lambda: job(local, client)):.2f} s")
        endpoint(local, client)
        server = psutil.Process(local._owner["pid"])
        worker = next(
            c.laddr.port
            for process in server.children(recursive=True)
            for c in process.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN
        )
        scope = f"{local._owner['key']}/20260101/us-east-1/sagemaker/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=x",
            "Content-Type": "text/csv",
        }
        port = local._owner["port"]

        def routed():
            return plain(port, "/endpoints/e/invocations", headers)

        found = latencies(
            {
                "worker alone": plain(worker, "/invocations", {"Content-Type": "text/csv"}),
                "routed": routed(),
                "boto3": lambda: runtime.invoke_endpoint(EndpointName="e", Body=BODY)[
                    "Body"
                ].read(),
            }
        )
        for name, times in found.items():
            p50, p99 = times[len(times) // 2], times[int(0.99 * len(times))]
            print(f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        plainly = {"Content-Type": "text/csv"}
        before, number = cpu(local), throughput(routed)
        print(f"8 clients, routed: {number:.0f} requests a second")
        print(
            f"server's processor time: {1000 * (cpu(local) - before) / (3 * number):.2f} ms each"
        )
        alone = throughput(lambda: plain(worker, "/invocations", plainly))
        print(f"8 clients, worker alone: {alone:.0f} requests a second")


if __name__ == "__main__":
    main()
