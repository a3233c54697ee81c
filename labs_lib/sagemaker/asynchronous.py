"""Asynchronous invocations: a queue on the disk, and what works it off."""

import http.client
import json
import sys
import threading
import time
import traceback
import uuid
from collections import Counter
from typing import Any

from labs_lib.sagemaker.deployments import group_of
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.invocations import (
    TIMED_OUT,
    give_back,
    headers_of,
    serving_of,
    take,
)
from labs_lib.sagemaker.metrics import ENDPOINTS, Metric
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.site import Site

_TTL = 21_600
_TIMEOUT = 900
_AT_A_TIME = 4
_LOOK = 0.25


@operation(
    "sagemaker-runtime",
    "InvokeEndpointAsync",
    uses="EndpointName ContentType Accept CustomAttributes InferenceId InputLocation Body "
    "S3OutputPathExtension Filename RequestTTLSeconds InvocationTimeoutSeconds",
    differs=(
        "A request is on the disk before its answer. One that was under way when the server "
        "ended runs again: at least once.",
        f"Without MaxConcurrentInvocationsPerInstance an instance has {_AT_A_TIME} at a time.",
        "RequestTTLSeconds counts on the clock, InvocationTimeoutSeconds is real.",
        "Results are `ID.out` under S3OutputPath, failures `ID-error.out` under S3FailurePath; "
        "without S3FailurePath a failure is in the endpoint's log alone.",
        "An endpoint that was asked may have no instance: requests wait for one. If it is "
        "deleted, or updated to a configuration that is not asynchronous, they have failed.",
        "Nobody is notified: there is no SNS.",
        "The backlog is reported every second of this machine, not every minute of the clock.",
    ),
)
def invoke_endpoint_async(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    serving_of(context, name, waits=True)
    body = request.pop("Body", None) or None
    if (body is None) == ("InputLocation" not in request):
        raise ApiError("ValidationError", "Give either InputLocation or Body.")
    if "InputLocation" in request:
        _split(request["InputLocation"])
    endpoint = site.state.get("Endpoint", name) or {}
    output = endpoint["AsyncInferenceConfig"]["OutputConfig"]
    number = str(uuid.uuid4())
    extension = request.get("S3OutputPathExtension", "").strip("/")
    folder = "/".join(filter(None, [output["S3OutputPath"].rstrip("/"), extension]))
    places = {"OutputLocation": f"{folder}/{request.get('Filename', f'{number}.out')}"}
    if "S3FailurePath" in output:
        base = output["S3FailurePath"].rstrip("/")
        places["FailureLocation"] = f"{base}/{number}-error.out"
    inference = request.get("InferenceId", number)
    site.state.execute(
        "insert into waiting (endpoint, created, request, body) values (?, ?, ?, ?)",
        name,
        site.clock.now(),
        json.dumps({**request, **places, "InferenceId": inference}),
        body,
    )
    queue_of(site).wake()
    return {"InferenceId": inference, **places}


def _split(uri: str) -> tuple[str, str]:
    try:
        return split_uri(uri)
    except ApiError as error:
        raise ApiError("ValidationError", error.message) from None


class _Failed(Exception):
    """An invocation has no result; the message says why."""


class Queue:
    """Takes requests from the disk as long as instances have room for more."""

    def __init__(self, site: Site):
        self._site = site
        self._wake = threading.Condition()
        self._woken = False
        self._running: dict[int, str] = {}
        self._reported = 0.0
        threading.Thread(target=self._run, name="queue", daemon=True).start()

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    def _run(self) -> None:
        while not self._site.closing.is_set():
            with self._wake:
                if not self._woken:
                    self._wake.wait(_LOOK)
                self._woken = False
            try:
                self._dispatch()
            except Exception:
                if not self._site.closing.is_set():
                    traceback.print_exc(file=sys.stderr)

    def _dispatch(self) -> None:
        site = self._site
        rows = site.state.rows(
            "select number, endpoint, created, request from waiting order by number"
        )
        backlog: Counter[str] = Counter()
        room = {name: self._room(name) for name in {row[1] for row in rows}}
        for number, name, created, text in rows:
            if number in self._running:
                continue
            request = json.loads(text)
            left = room[name]
            if left is None:
                self._fail(number, name, request, "The endpoint is no longer there for it.")
            elif site.clock.now() > created + request.get("RequestTTLSeconds", _TTL):
                self._fail(number, name, request, "The request has expired.")
                self._count(name, "ExpiredRequests", 1.0)
            elif left > 0:
                room[name] = left - 1
                self._running[number] = name
                site.run(self._process, number, name, request)
            else:
                backlog[name] += 1
        self._report(backlog)

    def _room(self, name: str) -> int | None:
        """Return how many more requests an endpoint can take; None if it is gone."""
        endpoint = self._site.state.get("Endpoint", name)
        if endpoint is None or "AsyncInferenceConfig" not in endpoint:
            return None
        serving = self._site.endpoints.serving.get(name)
        if serving is None:
            return 0
        client = endpoint["AsyncInferenceConfig"].get("ClientConfig", {})
        each = client.get("MaxConcurrentInvocationsPerInstance", _AT_A_TIME)
        running = sum(1 for other in self._running.values() if other == name)
        return each * self._instances(name) - running

    def _instances(self, name: str) -> int:
        serving = self._site.endpoints.serving.get(name)
        if serving is None:
            return 0
        return sum(len(v.fleet.workers) for group in serving.groups for v in group.variants)

    def _report(self, backlog: Counter[str]) -> None:
        if time.monotonic() - self._reported < 1:
            return
        self._reported = time.monotonic()
        for name, serving in list(self._site.endpoints.serving.items()):
            if serving.waits:
                count, instances = backlog[name], self._instances(name)
                self._count(name, "ApproximateBacklogSize", count)
                self._count(
                    name, "ApproximateBacklogSizePerInstance", count / max(1, instances)
                )
                self._count(
                    name, "HasBacklogWithoutCapacity", float(bool(count and not instances))
                )

    def _count(self, name: str, metric: str, value: float) -> None:
        where = Metric(ENDPOINTS, metric, (("EndpointName", name),), "Count")
        self._site.metrics.put_value(where, self._site.clock.now(), float(value))

    def _process(self, number: int, name: str, request: dict[str, Any]) -> None:
        site = self._site
        try:
            body = self._body(number, request)
            found, kind = self._invoke(name, request, body)
            bucket, key = split_uri(request["OutputLocation"])
            site.objects.put(bucket, key, found, content_type=kind)
        except _Failed as error:
            self._fail(number, name, request, str(error))
        except ApiError as error:
            if error.code != "ServiceUnavailable":
                self._fail(number, name, request, error.message)
        else:
            site.state.execute("delete from waiting where number = ?", number)
            self._count(name, "InvocationsProcessed", 1.0)
        finally:
            self._running.pop(number, None)
            self.wake()

    def _body(self, number: int, request: dict[str, Any]) -> bytes:
        if "InputLocation" in request:
            return self._site.objects.read(*split_uri(request["InputLocation"]))
        row = self._site.state.row("select body from waiting where number = ?", number)
        return row[0] if row else b""

    def _invoke(self, name: str, request: dict[str, Any], body: bytes) -> tuple[bytes, str]:
        site = self._site
        serving = site.endpoints.serving.get(name)
        if serving is None:
            raise ApiError("ServiceUnavailable", "")
        _, variant, worker = take(name, serving, None)
        status, begun = 0, time.perf_counter()
        limit = float(request.get("InvocationTimeoutSeconds", _TIMEOUT))
        try:
            status, answered, found = worker.post(
                "/invocations", body, headers_of(request), timeout=limit
            )
        except TimeoutError:
            raise _Failed(TIMED_OUT) from None
        except (OSError, http.client.HTTPException):
            if site.closing.is_set() or worker.leaving:
                # The next server, or another instance, is asked again.
                raise ApiError("ServiceUnavailable", "") from None
            status = 500
            raise _Failed("The container hung up.") from None
        finally:
            give_back(
                site, name, variant, worker, status=status, begun=begun, arrived=begun
            )
        if not 200 <= status < 300:
            text = found.decode("utf-8", "replace")
            raise _Failed(f'Received status {status} from primary with message "{text}".')
        return found, answered.get("Content-Type") or ""

    def _fail(self, number: int, name: str, request: dict[str, Any], text: str) -> None:
        site = self._site
        site.logs.write(group_of(name), "asynchronous", f"{request['InferenceId']}: {text}")
        if "FailureLocation" in request:
            bucket, key = split_uri(request["FailureLocation"])
            try:
                site.objects.put(bucket, key, text.encode(), content_type="text/plain")
            except ApiError as error:
                site.logs.write(group_of(name), "asynchronous", error.message)
        site.state.execute("delete from waiting where number = ?", number)
        self._count(name, "InvocationFailures", 1.0)


def queue_of(site: Site) -> Queue:
    """Return the queue of a folder, which begins to work at its first request."""
    with site.endpoints.lock:
        if site.queue is None:
            site.queue = Queue(site)
        return site.queue


# Begin and end


def recover(site: Site) -> None:
    """Take up what waits."""
    if site.state.row("select 1 from waiting") is not None:
        queue_of(site)
