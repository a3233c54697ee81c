"""Check digits of payment cards (Luhn, ISO/IEC 7812-1) and of IBANs (mod 97, ISO 13616)."""

import re

_GAPS = re.compile(r"[ -]")
_DIGITS = re.compile(r"[0-9]+")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}")


def luhn_digit(digits: str) -> str:
    """Return the check digit that completes a number.

    Parameters
    ----------
    digits : str
        All digits but the last; spaces and hyphens are ignored.

    Returns
    -------
    str
        One digit.

    Raises
    ------
    ValueError
        If `digits` holds something else, or nothing.
    """
    return str(-_luhn_sum(_digits(digits) + "0") % 10)


def luhn_valid(number: str) -> bool:
    """Say whether the last digit is the check digit of those before.

    Parameters
    ----------
    number : str
        At least two digits; spaces and hyphens are ignored.

    Raises
    ------
    ValueError
        If `number` holds something else, or less than two digits.
    """
    digits = _digits(number)
    if len(digits) < 2:
        raise ValueError(
            f"{number!r} has {len(digits)} digit, expected a digit and its check digit."
        )
    return _luhn_sum(digits) % 10 == 0


def iban_digits(country: str, account: str) -> str:
    """Return the two check digits of an IBAN.

    Parameters
    ----------
    country : str
        Two letters.
    account : str
        The national part, 1 to 30 letters and digits; spaces and hyphens are ignored.

    Raises
    ------
    ValueError
        If country or account are of another form.
    """
    text = _GAPS.sub("", country + "00" + account).upper()
    if len(country) != 2 or not _IBAN.fullmatch(text):
        raise ValueError(
            f"{country!r} and {account!r} make no IBAN, expected two letters, and 1 to 30 "
            "letters and digits."
        )
    return f"{98 - _remainder(text):02d}"


def iban_valid(text: str) -> bool:
    """Say whether a text has the form of an IBAN (34 characters at most) and its checksum.

    The length that each country has is not looked at.

    Parameters
    ----------
    text : str
        Spaces and hyphens are ignored, and so is the case.

    Raises
    ------
    ValueError
        If `text` is no string.
    """
    if not isinstance(text, str):
        raise ValueError(f"text is {type(text).__name__}, expected a string.")
    compact = _GAPS.sub("", text).upper()
    if not _IBAN.fullmatch(compact):
        return False
    return "02" <= compact[2:4] <= "98" and _remainder(compact) == 1


def _digits(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(
            f"{text!r} is {type(text).__name__}, expected a string of digits: a number would "
            "lose its leading zeros."
        )
    compact = _GAPS.sub("", text)
    if not _DIGITS.fullmatch(compact):
        raise ValueError(f"{text!r}: expected digits 0 to 9, spaces and hyphens.")
    return compact


def _luhn_sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total


def _remainder(iban: str) -> int:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97
