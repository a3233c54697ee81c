"""Names as a room shows them: of any script, short, in one direction, and each once."""

import re
import secrets
import unicodedata
from collections.abc import Collection

LONGEST = 40
"""Characters of a name."""

_JOINERS = "\u200c\u200d"
"""Invisible, but letters of some scripts are spelt with them."""

_MARKS_IN_A_ROW = 4
"""More accents on one letter than any language has would cover the lines above."""

# fmt: off
_COLOURS = [
    "amber", "azure", "black", "blue", "bronze", "brown", "copper", "coral", "golden",
    "green", "grey", "ivory", "jade", "olive", "orange", "pink", "purple", "red",
    "silver", "white",
]
_ANIMALS = [
    "badger", "bear", "beaver", "bee", "bison", "camel", "cat", "cobra", "crab",
    "crane", "cricket", "crow", "deer", "dolphin", "dove", "duck", "eagle", "eel",
    "elk", "falcon", "ferret", "finch", "fox", "frog", "gecko", "goat", "goose", "gull",
    "hare", "hawk", "hedgehog", "heron", "horse", "ibis", "jackal", "jay", "kestrel",
    "kite", "koala", "lark", "lemur", "lion", "lizard", "llama", "lynx", "magpie",
    "marten", "mole", "moose", "moth", "mouse", "newt", "octopus", "orca", "osprey",
    "otter", "owl", "panda", "parrot", "pelican", "penguin", "pigeon", "puffin",
    "quail", "rabbit", "raven", "robin", "salmon", "seal", "shrew", "sloth", "snail",
    "sparrow", "squid", "stork", "swallow", "swan", "swift", "tiger", "toad", "trout",
    "turtle", "viper", "walrus", "weasel", "whale", "wolf", "wombat", "wren", "yak",
    "zebra",
]
# fmt: on


def clean(name: str) -> str:
    """Return a name without what cannot be seen or turns the text around it.

    Letters of any script stay. Control characters, marks of direction and other invisible
    characters go, except the two joiners between letters; runs of space become one; no letter
    keeps more than four accents.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        In Unicode's form NFC, 1 to `LONGEST` characters.

    Raises
    ------
    ValueError
        If nothing is left, or too much.
    """
    if not isinstance(name, str):
        raise ValueError(f"The name is {type(name).__name__}, expected a text.")
    if len(name) > 10 * LONGEST:
        raise ValueError(_too_long(len(name)))
    kept, marks = [], 0
    for sign in unicodedata.normalize("NFC", name):
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind[0] == "Z" or sign in "\t\r\n":
            kept.append(" ")
        elif (kind[0] != "C" or sign in _JOINERS) and marks <= _MARKS_IN_A_ROW:
            kept.append(sign)
    found = " ".join("".join(kept).split())
    if not any(unicodedata.category(sign)[0] in "LNPS" for sign in found):
        raise ValueError("The name is empty. Give a name that the instructor can read.")
    if len(found) > LONGEST:
        raise ValueError(_too_long(len(found)))
    return found


def numbered(name: str, taken: Collection[str]) -> str:
    """Return a name, with a number if somebody has it, in large or small letters."""
    known = {_same(other) for other in taken}
    found, number = name, 1
    while _same(found) in known:
        number += 1
        end = f" {number}"
        found = name[: LONGEST - len(end)].rstrip() + end
    return found


def pseudonym(taken: Collection[str] = ()) -> str:
    """Return a pseudonym by chance, such as ``amber heron``; nothing of the name is in it."""
    for _ in range(100):
        found = f"{secrets.choice(_COLOURS)} {secrets.choice(_ANIMALS)}"
        if found not in taken:
            return found
    return numbered(found, taken)


def is_pseudonym(text: object) -> bool:
    """Whether a text is one that `pseudonym` gives."""
    if not isinstance(text, str) or len(text) > LONGEST:
        return False
    found = re.fullmatch(r"([a-z]+) ([a-z]+)( [1-9]\d{0,3})?", text)
    return bool(found and found[1] in _COLOURS and found[2] in _ANIMALS)


def _same(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _too_long(length: int) -> str:
    return f"The name has {length} characters, expected at most {LONGEST}. Shorten it."
