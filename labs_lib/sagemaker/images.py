"""What runs here when a request names the address of an image."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.site import Site

_CONTAINERS = "labs_lib.sagemaker.containers"
_METRIC = re.compile(r"(\w+)-([\w.@-]+):(\S+)")


@dataclass(frozen=True)
class Runner:
    """What an image stands for.

    Attributes
    ----------
    name : str
        For messages.
    train, serve, process : tuple of str, optional
        Commands; None if the image does not do this.
    has_script_mode : bool
        Whether ``sagemaker_program`` (training) and ``SAGEMAKER_PROGRAM`` (serving) name a
        script to run.
    needs_script : bool
        Whether there is nothing to run without one.
    metrics : callable
        From a line of the log to the metrics that the image itself defines, if it does.
    """

    name: str
    train: tuple[str, ...] | None = None
    serve: tuple[str, ...] | None = None
    process: tuple[str, ...] | None = None
    has_script_mode: bool = False
    needs_script: bool = False
    metrics: Callable[[str], list[tuple[str, float]]] | None = None


def _xgboost_metrics(line: str) -> list[tuple[str, float]]:
    """Read ``[3]#011train-rmse:0.5#011validation-rmse:0.7``."""
    if not re.match(r"\[\d+\]#011", line):
        return []
    found = []
    for part in line.split("#011")[1:]:
        match = _METRIC.fullmatch(part)
        if match and match[1] in ("train", "validation"):
            found.append((f"{match[1]}:{match[2]}", float(match[3])))
    return found


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", f"{_CONTAINERS}.{name}")


BUILT_IN = {
    "sagemaker-xgboost": Runner(
        "the built-in XGBoost",
        train=_module("xgboost_train"),
        serve=_module("xgboost_serve"),
        has_script_mode=True,
        metrics=_xgboost_metrics,
    ),
    "sagemaker-scikit-learn": Runner(
        "scikit-learn", has_script_mode=True, needs_script=True
    ),
    "sagemaker-model-monitor-analyzer": Runner(
        "Model Monitor's analyzer", process=_module("monitor")
    ),
}
"""By the repository's name in ECR."""

_ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/([^/:@]+)([:@].+)?")


def find(site: Site, image: str) -> Runner:
    """Return the runner of an image.

    Raises
    ------
    ApiError
        If nothing runs under this address; it says what does.
    """
    own = site.state.get("Runner", image)
    if own is not None:
        commands = {kind: tuple(own[kind]) for kind in _KINDS if own.get(kind)}
        return Runner(image, train=commands.get("train"), serve=commands.get("serve"))
    match = _ECR.fullmatch(image)
    if match and match[2] in BUILT_IN:
        return BUILT_IN[match[2]]
    registered = [runner["image"] for runner in site.state.all("Runner")]
    forms = [f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/{name}:TAG" for name in BUILT_IN]
    raise invalid(
        f"Nothing runs on this machine under the image {image}. It runs "
        f"{', '.join([*forms, *registered])}. "
        "local.register(image, train=[...], serve=[...]) names a command of your own."
    )


_KINDS = ("train", "serve")


def script(path: str, arguments: list[str]) -> tuple[str, ...]:
    """Return the command that runs a script to train."""
    return (sys.executable, "-u", path, *arguments)


def script_server() -> tuple[str, ...]:
    """Return the command that serves with a script."""
    return _module("script_serve")


def require(runner: Runner, kind: str, image: str) -> tuple[str, ...]:
    """Return a runner's command to train, serve or process, or raise an `ApiError`."""
    command: tuple[str, ...] | None = getattr(runner, kind)
    if command is None:
        raise invalid(f"The image {image} has no command to {kind} on this machine.")
    return command


def register(site: Site, asked: dict[str, Any]) -> dict[str, Any]:
    """Keep a command of the user's own; one that is there is replaced."""
    image = asked.get("image")
    if not isinstance(image, str) or not re.fullmatch(r"\S{1,255}", image):
        raise ApiError("ValidationException", f"image is {image!r}, expected an address.")
    for kind in _KINDS:
        command = asked.get(kind) or []
        if not isinstance(command, list) or not all(isinstance(c, str) for c in command):
            raise ApiError(
                "ValidationException", f"{kind} is {command!r}, expected a list of texts."
            )
    if not asked.get("train") and not asked.get("serve"):
        raise ApiError(
            "ValidationException", "Neither train nor serve is given; name one command."
        )
    with site.state.transaction():
        site.state.remove("Runner", image)
        body = {key: asked[key] for key in ("image", *_KINDS) if asked.get(key)}
        site.state.add("Runner", image, "", body)
    return {}
