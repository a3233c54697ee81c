"""Who runs a notebook: a person, or the machinery that builds and tests it.

``LABS_MODE`` says so, and only `labs_lib.course` reads it:

- ``learn`` (default): a person. Widgets, and what is passed is recorded.
- ``build``: ``labs build``, ``labs run`` and the tests. No widgets, and nothing is recorded.

It changes what is shown, never a number: every cell computes the same in both.
"""

import os

MODES = ("learn", "build")


def current() -> str:
    """Return the mode of this run, one of `MODES`.

    Raises
    ------
    ValueError
        If ``LABS_MODE`` is set to anything else.
    """
    value = os.environ.get("LABS_MODE", "learn")
    if value not in MODES:
        raise ValueError(
            f"LABS_MODE is {value!r}, expected one of {', '.join(MODES)}. "
            "Unset it to work in the normal mode."
        )
    return value
