"""Marks that bind prose to facts: ``{{name}}`` is a number, ``{{!name}}`` guards a sentence.

A number is filled in. An interval (a fact with ``mean``, ``low`` and ``high``) is one number,
written "0.04 (0.01 to 0.07)"; its parts are ``{{name.mean}}``, ``{{name.low}}`` and so on.

A claim is a boolean among the facts. Its mark stands at the end of the sentence that depends on
it, and is removed when the notebook is built::

    In none of the 20 cells does a method of balancing rank frauds better.{{!no_win}}

The title of a figure cannot hold one: what it claims is guarded by a comment in its cell, which
is removed as well::

    # {{!no_win}}
    with plots.figure(title="No method ranks better than leaving the data alone", ...):
"""

import re
from collections.abc import Iterator, Mapping

from labs_lib.course.facts import Row

_NUMBER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_CLAIM = re.compile(r"\s?\{\{!\s*([\w.]+)\s*\}\}")
_COMMENT = re.compile(
    r"^[ ]*#[ ]*(?:\{\{![^}]*\}\}\s*)+\n|[ ]*#[ ]*\{\{![^}]*\}\}[ ]*$", re.M
)


def numbers(text: str) -> list[str]:
    """Return the names of the facts whose values stand in a text, in order."""
    return _NUMBER.findall(text)


def claims(text: str) -> list[str]:
    """Return the names of the booleans that guard sentences of a text, in order."""
    return _CLAIM.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of their names, and remove the marks of claims."""
    return _NUMBER.sub(lambda match: values[match[1]], without_claims(text))


def without_claims(text: str) -> str:
    """Remove the marks of claims from prose, with a space before each."""
    return _CLAIM.sub("", text)


def without_comments(code: str) -> str:
    """Remove the comments that guard a figure from code."""
    return _COMMENT.sub("", code + "\n").removesuffix("\n")


def without_any(text: str) -> str:
    """Return a text with a space in place of each mark."""
    return _NUMBER.sub(" ", _CLAIM.sub(" ", text))


def values(rows: Mapping[str, Row]) -> dict[str, str]:
    """Return what each name of a number stands for: each fact, and each interval as a whole."""
    found = {name: row.text for name, row in rows.items()}
    for name, row in rows.items():
        whole = name.removesuffix(".mean")
        low, high = rows.get(f"{whole}.low"), rows.get(f"{whole}.high")
        if whole not in rows and low is not None and high is not None:
            found[whole] = f"{row.text} ({low.text} to {high.text})"
    return found


def problems(text: str, rows: Mapping[str, Row]) -> Iterator[str]:
    """Say which marks of a text the facts do not support."""
    known = values(rows)
    for name in numbers(text):
        if name not in known:
            yield f"{{{{{name}}}}} is not among the measured facts"
    for name in claims(text):
        mark = f"{{{{!{name}}}}}"
        row = rows.get(name)
        if row is None:
            yield f"{mark} is not among the measured facts"
        elif not row.is_boolean:
            yield f"{mark} guards a sentence, but the fact is {row.text!r}; give a boolean"
        elif row.text == "no":
            yield (
                f"{mark} is false: what it guards does not hold. Rewrite the sentence or the "
                f"title: {_guarded(text, name)!r}"
            )


def _guarded(text: str, name: str) -> str:
    """Return the end of the text before a mark."""
    plain = re.search(rf"([^\n]*\n?[^\n]*)\{{\{{!\s*{re.escape(name)}\s*\}}\}}", text)
    before = " ".join(without_claims(plain[1]).split()) if plain else ""
    return before if len(before) <= 120 else f"... {before[-120:]}"
