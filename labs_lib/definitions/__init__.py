"""One hash for a piece of code and all that it reaches in this package.

Stored rows and executed notebooks are kept while this hash stays. It covers the definitions
that the code reaches, and not the modules that hold them, so that another error text, a new
function beside those in use, or a module that moves makes nothing stale.

Nothing is executed: the source is read as syntax trees. The unit is a top-level statement, so a
class counts as a whole. Followed are names, attributes of modules, imports anywhere (also
relative, with a star, or through a package's ``__init__``), and statements that change what is
reached: ``TABLE["a"] = f``, ``TABLE.update(...)``, ``@register`` above a function. A module
counts as a whole where it is used as a value, as in ``getattr(module, name)``. In doubt more
counts than has to.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labs_lib.definitions.syntax import module
from labs_lib.definitions.trace import Trace
from labs_lib.settings import ROOT

__all__ = ["digest"]


def digest(
    code: str,
    *,
    root: Path = ROOT,
    settings: Mapping[str, object] | None = None,
    names: Sequence[str] | None = None,
    rows: Callable[[str], str | None] | None = None,
) -> str:
    """Return the SHA-256 of code and of all that it reaches in this package.

    Parameters
    ----------
    code : str
        Python text: the cells of a notebook, or only the imports of what is meant.
    root : Path
        The folder that holds ``labs_lib/`` and ``data/``.
    settings : mapping from str to JSON values, optional
        What else decides the result, such as seeds.
    names : sequence of str, optional
        Start from these names of `code`; by default from every statement, and from what it
        imports by name.
    rows : function from str to str or None, optional
        The fingerprint of stored rows by their name, None if there are none of that name.
        Rows count where `code` reaches one of `STORES`, and a text in it names them.

    Returns
    -------
    str
        64 hexadecimal digits, the same on all supported versions of Python and all systems.
        Not counted: names and places of modules, comments, docstrings, annotations, layout,
        ``__version__``, the arguments of ``raise``, and `MACHINERY`. Files in ``data/`` that a
        text names in full count with their content; those that ``data/SHA256SUMS`` lists by
        the checksum there, because the loaders refuse a file that differs from it.

    Raises
    ------
    ValueError
        If `code` or a module that it reaches is no Python, `names` are not in it, or
        `settings` are no JSON.
    """
    try:
        stated = json.dumps(settings or {}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"settings are no JSON values: {error}.") from None
    lines = Trace(root, module(code, "the code"), rows).run(names)
    return hashlib.sha256("\n".join([stated, *lines]).encode()).hexdigest()
