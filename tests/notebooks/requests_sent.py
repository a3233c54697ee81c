"""What a notebook sends through boto3: written down while it runs, then held against AWS.

A request of a lesson has to be the one that would go to AWS. So each is prepared once more by a
client without ``endpoint_url``, and stopped before anything is sent.
"""

import functools
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.config import Config

FILE = "requests.pickle"

RECORDER = f'''\
import functools, pickle
import botocore.client, botocore.exceptions


def _recorded(call):
    @functools.wraps(call)
    def send(client, operation, parameters):
        try:
            return call(client, operation, parameters)
        except botocore.exceptions.ParamValidationError:
            parameters = None  # refused before it was sent
            raise
        finally:
            if parameters is not None:
                sent = {{k: v for k, v in parameters.items() if k != "Body"}}
                if "Body" in parameters:
                    sent["Body"] = b"{{}}"  # may be an open file
                with open("{FILE}", "ab") as file:
                    pickle.dump((client.meta.service_model.service_name, operation, sent), file)

    return send


botocore.client.BaseClient._make_api_call = _recorded(
    botocore.client.BaseClient._make_api_call
)
'''
"""A cell that writes each request down beside the notebook."""


class _Prepared(Exception):
    """Carries the request that would have been sent."""

    def __init__(self, request: AWSPreparedRequest):
        super().__init__(request.url)
        self.request = request


def recorded(folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Return service, operation and parameters of each request that was sent."""

    def load() -> Iterator[tuple[str, str, dict[str, Any]]]:
        file = folder / FILE
        if file.exists():
            with open(file, "rb") as opened:
                while opened.peek(1):
                    yield pickle.load(opened)

    return list(load())


def prepare(service: str, operation: str, parameters: dict[str, Any]) -> str:
    """Return the address to which AWS's own client would send a request.

    Raises
    ------
    botocore.exceptions.ParamValidationError
        If the request is not valid.
    """
    try:
        _client(service)._make_api_call(operation, parameters)
    except _Prepared as prepared:
        return str(prepared.request.url)
    raise AssertionError(f"{service} {operation} was not prepared")


@functools.cache
def _client(service: str) -> BaseClient:
    client = boto3.session.Session().client(
        service,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(
            ignore_configured_endpoint_urls=True, retries={"total_max_attempts": 1}
        ),
    )

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise _Prepared(request)

    client.meta.events.register("before-send", stop)
    return client
