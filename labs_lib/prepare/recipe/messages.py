"""Words for error messages: what is close to a wrong name, and what there is."""

import difflib
from collections.abc import Iterable, Sequence


def similar(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known names that are close, or with all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f"There are {listed(known)}."


def listed(names: Sequence[str]) -> str:
    """Return names with commas, at most fifteen."""
    return ", ".join(names[:15]) + (
        f" and {len(names) - 15} more" if len(names) > 15 else ""
    )
