"""Data capture: requests and answers of an endpoint, as lines of JSON in S3."""

import base64
import collections
import json
import random
import secrets
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.site import Site

_FLUSH = 1.0
"""Real seconds between two objects of a variant."""

_TYPES = (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes"))


def check(site: Site, config: Mapping[str, Any]) -> None:
    """Refuse a place in a bucket that does not exist."""
    bucket, _ = split_uri(config["DestinationS3Uri"])
    if not site.objects.has_bucket(bucket):
        raise invalid(
            f"DestinationS3Uri is {config['DestinationS3Uri']}; there is no bucket {bucket}."
        )


def summary(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what DescribeEndpoint says of a configuration."""
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _part(config: Mapping[str, Any], mode: str, kind: str, data: bytes) -> dict[str, str]:
    """Return one side of a line: as text if its content type is listed, else in base64."""
    plain, listed = (
        kind.partition(";")[0].strip(),
        config.get("CaptureContentTypeHeader", {}),
    )
    encoding, text = "BASE64", ""
    for name, field in _TYPES:
        if plain in listed.get(field, ()):
            try:
                encoding, text = name, data.decode("utf-8")
            except UnicodeDecodeError:
                break
    if encoding == "BASE64":
        text = base64.b64encode(data).decode("ascii")
    return {"observedContentType": kind, "mode": mode, "data": text, "encoding": encoding}


class Captures:
    """Lines that wait to be written: an object a second for each variant."""

    def __init__(self, site: Site):
        self._site = site
        self._chance = random.Random(0)
        self._lines: collections.deque[tuple[str, str, str, float, str]] = (
            collections.deque()
        )
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="capture", daemon=True).start()

    def note(
        self,
        endpoint: str,
        variant: str,
        config: Mapping[str, Any],
        *,
        asked: tuple[str, bytes],
        answered: tuple[str, bytes],
        inference: str | None,
    ) -> None:
        """Capture an invocation, if the draw falls on it.

        Parameters
        ----------
        endpoint, variant : str
        config : mapping
            A ``DataCaptureConfig``.
        asked, answered : tuple of (str, bytes)
            Content type and body.
        inference : str, optional
            The caller's own id.
        """
        if not config.get("EnableCapture", True):
            return
        if self._chance.random() * 100 >= config["InitialSamplingPercentage"]:
            return
        now = self._site.clock.now()
        modes = " ".join(option["CaptureMode"] for option in config["CaptureOptions"])
        data = {}
        if "Input" in modes:
            data["endpointInput"] = _part(config, "INPUT", *asked)
        if "Output" in modes:
            data["endpointOutput"] = _part(config, "OUTPUT", *answered)
        about = {"eventId": str(uuid.uuid4())}
        if inference:
            about["inferenceId"] = inference
        about["inferenceTime"] = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"
        line = {"captureData": data, "eventMetadata": about, "eventVersion": "0"}
        text = json.dumps(line, separators=(",", ":"))
        self._lines.append((config["DestinationS3Uri"], endpoint, variant, now, text))

    def flush(self) -> None:
        """Write what waits, an object for each variant and hour."""
        with self._lock:
            files: dict[tuple[str, str, str, str], list[str]] = {}
            first: dict[tuple[str, str, str, str], float] = {}
            for _ in range(len(self._lines)):
                uri, endpoint, variant, now, text = self._lines.popleft()
                hour = f"{datetime.fromtimestamp(now, UTC):%Y/%m/%d/%H}"
                place = (uri, endpoint, variant, hour)
                files.setdefault(place, []).append(text)
                first.setdefault(place, now)
            for place, lines in files.items():
                self._write(place, first[place], lines)

    def _write(
        self, place: tuple[str, str, str, str], begun: float, lines: list[str]
    ) -> None:
        uri, endpoint, variant, hour = place
        bucket, prefix = split_uri(uri)
        base = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        at = datetime.fromtimestamp(begun, UTC)
        name = f"{at:%M-%S}-{at.microsecond // 1000:03}-{secrets.token_hex(8)}.jsonl"
        key = f"{base}{endpoint}/{variant}/{hour}/{name}"
        body = "".join(f"{line}\n" for line in lines).encode()
        try:
            self._site.objects.put(bucket, key, body, content_type="application/jsonlines")
        except (ApiError, OSError) as error:
            text = error.message if isinstance(error, ApiError) else str(error)
            self._site.logs.write(
                f"/aws/sagemaker/Endpoints/{endpoint}",
                "data-capture",
                f"{len(lines)} captured requests were lost: {text}",
            )

    def _run(self) -> None:
        while not self._site.closing.wait(_FLUSH):
            self.flush()


def captures_of(site: Site) -> Captures:
    """Return what captures for a folder; it begins to work at its first use."""
    with site.endpoints.lock:
        if site.captures is None:
            site.captures = Captures(site)
        return site.captures


def close(site: Site) -> None:
    """Write what waits."""
    if site.captures is not None:
        site.captures.flush()
