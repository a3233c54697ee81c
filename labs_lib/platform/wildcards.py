"""Texts with stars, as event patterns and state machines write them."""

import re

_PIECES = re.compile(r"\\([*\\])|(\*)|(.)", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    r"""Say whether a text has a pattern's form: ``*`` is any text, ``\*`` a star, ``\\`` a
    backslash.
    """
    # Pieces between stars, found from left to right: no pattern can take long.
    pieces = [""]
    for escaped, star, other in _PIECES.findall(pattern):
        if star:
            pieces.append("")
        else:
            pieces[-1] += escaped or other
    first, *rest = pieces
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, max(end, 0))
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end
