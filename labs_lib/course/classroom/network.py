"""The addresses under which a room reaches this machine."""

import contextlib
import ipaddress
import socket

import psutil

_EVERY = {"", "0.0.0.0", "::"}


def addresses(host: str) -> list[str]:
    """Return the addresses that learners can use, the likeliest in front; none without a network.

    Parameters
    ----------
    host : str
        What the server listens on.
    """
    if host not in _EVERY:
        try:
            alone = ipaddress.ip_address(host).is_loopback
        except ValueError:
            alone = host == "localhost"
        return [] if alone else [f"[{host}]" if ":" in host else host]
    up = {name for name, found in psutil.net_if_stats().items() if found.isup}
    found = [
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family == socket.AF_INET
    ]
    usable = [each for each in found if _is_usable(each)]
    outward = _outward()
    return sorted(dict.fromkeys(usable), key=lambda each: each != outward)


def _is_usable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)


def _outward() -> str:
    """Return the address of the interface that leads outside; asking sends nothing."""
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return ""
