import time

import psutil
import pytest
from botocore.config import Config

from labs_lib import sagemaker

ONCE = Config(retries={"total_max_attempts": 1})
"""boto3 resends what failed three times, which hides losses."""


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with sagemaker.start(tmp_path_factory.mktemp("sagemaker")) as local:
        yield local


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A SageMaker whose clock moves only when a test steps it."""
    with sagemaker.start(tmp_path_factory.mktemp("still"), speed=0) as local:
        yield local


@pytest.fixture(scope="module")
def client(local):
    return local.client("sagemaker", config=ONCE)


@pytest.fixture(scope="module")
def s3(local):
    client = local.client("s3", config=ONCE)
    client.create_bucket(Bucket=local.bucket)
    return client


def have_ended(*processes, seconds=10):
    """Say whether all processes end in time; one that nobody has waited for has ended too."""

    def runs(process):
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    deadline = time.monotonic() + seconds
    while any(map(runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(runs, processes))
