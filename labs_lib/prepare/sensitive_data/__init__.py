"""Find sensitive data by pattern, checksum and keyword; mask them by role and priority."""

from labs_lib.prepare.sensitive_data.checksums import (
    iban_digits,
    iban_valid,
    luhn_digit,
    luhn_valid,
)
from labs_lib.prepare.sensitive_data.masking import Masking, Policy
from labs_lib.prepare.sensitive_data.scanner import Occurrence, find, severity

__all__ = [
    "Masking",
    "Occurrence",
    "Policy",
    "find",
    "iban_digits",
    "iban_valid",
    "luhn_digit",
    "luhn_valid",
    "severity",
]
