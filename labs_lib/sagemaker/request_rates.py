"""How many requests a second S3's prefixes take, once `Local.limit_requests` has said so."""

import threading
from typing import Any

from labs_lib.platform.errors import Refusal
from labs_lib.platform.prefixes import READS, WRITES, PrefixRates
from labs_lib.sagemaker import wire
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.site import Site

_READS = ("GET", "HEAD")
_guard = threading.Lock()


def limit(site: Site, asked: dict[str, Any]) -> dict[str, Any]:
    """Give a bucket one partition of its keys, with rates; what it had before is forgotten.

    `asked` has the bucket's name under ``bucket``, and the options of
    `labs_lib.platform.prefixes.PrefixRates` under their names.
    """
    bucket = str(asked.get("bucket", ""))
    if not site.objects.has_bucket(bucket):
        raise ValueError(f"There is no bucket {bucket!r}. Create it first.")
    numbers = {"reads": READS, "writes": WRITES, "sustained": None, "depth": 8}
    given: dict[str, Any] = {
        name: asked.get(name, default) for name, default in numbers.items()
    }
    for name, value in given.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (isinstance(value, float) and name != "depth")):
            kind = "a whole number" if name == "depth" else "a number"
            raise ValueError(f"{name} is {value!r}, expected {kind}.")
    with _guard:
        site.request_rates[bucket] = PrefixRates(site.clock, **given)
    return {}


def admit(site: Site, request: wire.Request, labels: dict[str, str]) -> None:
    """Let a request for an object through, or raise SlowDown (503)."""
    rates = site.request_rates.get(labels["Bucket"])
    if rates is None or not labels["Key"]:
        return
    try:
        with _guard:
            rates.request(labels["Key"], "read" if request.method in _READS else "write")
    except Refusal:
        raise ApiError("SlowDown", "Please reduce your request rate.", status=503) from None
