"""Find card numbers and IBANs as Amazon Macie's documented rules say.

Sources: Amazon Macie user guide, pages ``managed-data-identifiers`` with its reference pages, and
``findings-severity``. Of a card number the guide documents the length, the checksum, a known
issuer's prefix, the exclusion of public test numbers, and a keyword within 30 characters or in
the name of the column. Which prefixes and keywords it knows is a choice of this module.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from labs_lib.prepare.sensitive_data.checksums import iban_valid, luhn_valid

CARD, IBAN = "CREDIT_CARD_NUMBER", "IBAN"
KINDS = (CARD, IBAN)

KEYWORDS = {
    CARD: ("card number", "credit card", "debit card", "card no", "payment card"),
    IBAN: ("iban", "bank account", "account number"),
}
"""Words of which one has to be near, in English; a choice of this module."""

TEST_NUMBERS = frozenset(
    {"4111111111111111", "5555555555554444", "378282246310005", "6011111111111117"}
)
"""Public test numbers that are not reported; those that the guide's list is cited for here."""

DISTANCE = 30
"""Characters that may stand between keyword and number."""

_ISSUER = re.compile(
    r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|3[068]|6011|64[4-9]|65|35"
)
_SHAPES = {
    CARD: re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])"),
    IBAN: re.compile(
        r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]){11,30}(?![0-9A-Za-z])"
    ),
}

_GRADES = {
    "NAME": (1, 2, 3),
    "ADDRESS": (1, 2, 3),
    "PHONE_NUMBER": (1, 2, 3),
    "DATE_OF_BIRTH": (1, 2, 3),
    "DRIVERS_LICENSE": (1, 2, 3),
    "CREDIT_CARD_EXPIRATION": (1, 2, 3),
    "CREDIT_CARD_SECURITY_CODE": (2, 3, 3),
    "USA_PASSPORT_NUMBER": (2, 3, 3),
    "CREDIT_CARD_NUMBER": (3, 3, 3),
    "USA_SOCIAL_SECURITY_NUMBER": (3, 3, 3),
    "AWS_CREDENTIALS": (3, 3, 3),
    "LATITUDE_LONGITUDE": (1, 2, 2),
    "VEHICLE_IDENTIFICATION_NUMBER": (1, 1, 2),
}
_WORDS = {1: "Low", 2: "Medium", 3: "High"}


@dataclass(frozen=True)
class Occurrence:
    """One occurrence: its kind, and the text with its place, from `start` up to `end`."""

    kind: str
    text: str
    start: int
    end: int


def find(
    text: str,
    column: str = "",
    *,
    kinds: Collection[str] = KINDS,
    checksum: bool = True,
    issuer: bool = True,
    keyword: bool = True,
) -> list[Occurrence]:
    """Return the occurrences in a text, or in a cell of a table.

    Parameters
    ----------
    text : str
        The document, or the value of the cell.
    column : str
        Name of the column, for tables: a keyword there is as good as one near the number.
    kinds : collection of str
        Some of `KINDS`.
    checksum : bool
        Whether a card number has to pass Luhn, and an IBAN mod 97.
    issuer : bool
        Whether a card number has to begin as those of a known issuer, and not be one of the
        public test numbers.
    keyword : bool
        Whether a keyword is needed: in the name of the column, or with at most 30 characters
        between it and the number. Case is ignored, and a space of a keyword may be a space,
        nothing, ``_`` or ``-``.

    Returns
    -------
    list of Occurrence
        By place.

    Raises
    ------
    ValueError
        If text or column are no strings, or a kind is unknown.
    """
    for name, value in (("text", text), ("column", column)):
        if not isinstance(value, str):
            raise ValueError(
                f"{name} is {type(value).__name__}, expected a string; use str(...)."
            )
    if isinstance(kinds, str) or set(kinds) - set(KINDS):
        raise ValueError(f"kinds is {kinds!r}, expected some of {', '.join(KINDS)}.")
    found = []
    for kind in KINDS:
        if kind not in kinds:
            continue
        for match in _SHAPES[kind].finditer(text):
            number = _checked(kind, match.group()) if checksum else match.group()
            if number is None or (issuer and kind == CARD and not _issued(number)):
                continue
            start = match.start()
            end = start + len(number)
            if keyword and not _named(kind, text, column, start, end):
                continue
            found.append(Occurrence(kind, number, start, end))
    return sorted(found, key=lambda one: (one.start, one.kind))


def severity(kind: str, count: int) -> str:
    """Return the severity of a finding: Low, Medium or High.

    Parameters
    ----------
    kind : str
        Such as ``CREDIT_CARD_NUMBER`` or ``PHONE_NUMBER``.
    count : int
        Occurrences, at least 1: the steps are 1, 2 to 99, and 100 or more.

    Raises
    ------
    ValueError
        If the kind is unknown or the count is no whole number from 1.
    """
    if kind not in _GRADES:
        raise ValueError(f"{kind!r} is unknown, expected one of {', '.join(_GRADES)}.")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is {count!r}, expected a whole number from 1.")
    return _WORDS[_GRADES[kind][(count >= 2) + (count >= 100)]]


def _checked(kind: str, text: str) -> str | None:
    """Return the number if its checksum is right; words in capitals may follow an IBAN."""
    if kind == CARD:
        return text if luhn_valid(text) else None
    while not iban_valid(text) and " " in text:
        text = text.rpartition(" ")[0]
    return text if iban_valid(text) else None


def _issued(text: str) -> bool:
    number = re.sub(r"[ -]", "", text)
    return bool(_ISSUER.match(number)) and number not in TEST_NUMBERS


def _named(kind: str, text: str, column: str, start: int, end: int) -> bool:
    words = "|".join(word.replace(" ", "[ _-]?") for word in KEYWORDS[kind])
    pattern = re.compile(f"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE)
    if pattern.search(column):
        return True
    return any(
        0 <= start - near.end() <= DISTANCE or 0 <= near.start() - end <= DISTANCE
        for near in pattern.finditer(text)
    )
