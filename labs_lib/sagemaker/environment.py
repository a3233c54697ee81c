"""The environment in which unchanged code finds this SageMaker, and nothing else."""

from collections.abc import Mapping
from pathlib import Path

from labs_lib.sagemaker.operations import SERVICES

REGION = "us-east-1"
HOSTS = ("127.0.0.1", "localhost")


def environment(
    base: Mapping[str, str], *, endpoint: str, key: str, folder: Path
) -> dict[str, str]:
    """Return `base` with everything about AWS replaced.

    Every variable of AWS and boto is dropped first: profiles, session tokens, endpoints of
    single services, and ``AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`` would lead elsewhere.

    Parameters
    ----------
    base : mapping
        For instance ``os.environ``.
    endpoint : str
        Address of the server.
    key : str
        Its access key.
    folder : Path
        Holds the empty files of configuration and credentials.
    """
    found = {
        name: value
        for name, value in base.items()
        if not name.upper().startswith(("AWS_", "BOTO"))
    }
    empty = str(folder / "no_aws_configuration")
    found |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": empty,
        "AWS_SHARED_CREDENTIALS_FILE": empty,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    found |= {f"AWS_ENDPOINT_URL_{name}": endpoint for name in SERVICES.values()}
    bypass = ",".join([*_names(base), *HOSTS])
    for name in [name for name in found if name.upper() == "NO_PROXY"]:
        del found[name]
    return found | {"NO_PROXY": bypass, "no_proxy": bypass}


def _names(base: Mapping[str, str]) -> list[str]:
    """Return what the proxies were already told to leave alone."""
    values = [value for name, value in base.items() if name.upper() == "NO_PROXY"]
    hosts = [host.strip() for value in values for host in value.split(",")]
    return [host for host in dict.fromkeys(hosts) if host and host not in HOSTS]


def write_empty_configuration(folder: Path) -> None:
    """Write the empty file that stands for AWS's configuration and credentials."""
    (folder / "no_aws_configuration").write_text("", encoding="utf-8")
