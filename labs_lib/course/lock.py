"""The lock, ``requirements.txt``: one version of each package for every platform."""

from collections.abc import Mapping

from labs_lib.settings import ROOT

PATH = ROOT / "requirements.txt"


def pins(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the version of each package that the lock asks for.

    Parameters
    ----------
    environment : mapping, optional
        Marker variables that differ from those of this Python, such as
        ``{"sys_platform": "win32"}``.

    Returns
    -------
    dict
        Package to version, without the course itself.

    Raises
    ------
    ValueError
        If there is no lock, or a line of it is not a pin.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    if not PATH.exists():
        raise ValueError(f"{PATH} is missing; take it from the course again.")
    found = {}
    for line in PATH.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text or text == "-e .":
            continue
        try:
            requirement = Requirement(text)
            (pin,) = requirement.specifier
            is_pin = pin.operator == "=="
        except (InvalidRequirement, ValueError):
            is_pin = False
        if not is_pin:
            raise ValueError(
                f"{PATH.name} holds {text!r}, expected `package==version`. CONTRIBUTING.md "
                "names the command that makes the file."
            )
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found[requirement.name] = pin.version
    return found
