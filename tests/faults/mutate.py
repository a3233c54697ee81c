"""Valid inputs, spoilt: what to drop, double, retype, nest, and which values to put in."""

import copy
import random
from typing import Any

TEXTS = (
    "", " ", "a", "A" * 300, "ä", "課程", "\u202e", "\ud800", "\x00", "\x1b[31m", "a\nb", "..",
    "../../etc/passwd", "<b>", "'; drop table resources; --", "%s{0}", "nan", "inf", "1e999",
    "-1", "0", "2026-01-01T00:00:00Z", "null", "(", "(a+)+$", "a.b[0]", "s3://", "s3://b/../k",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 0.5, -0.5, 1e-320, 1e308, -1e308, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**30,
    10**120, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n\r\n", b'"',
    b",", b"{", b"[" * 2000, b"%", b"%00", b"%zz", b"\\ud800", b"1e999", b"NaN", b"-0", b"/../",
)  # fmt: skip


def odd(chance: random.Random) -> Any:
    """Return a value that few programs expect."""
    kind = chance.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind == 2:
        return chance.choice(NUMBERS)
    if kind == 3:
        return {chance.choice(TEXTS): chance.choice(TEXTS + NUMBERS)}
    if kind == 4:
        return [chance.choice(NUMBERS + TEXTS) for _ in range(chance.randrange(3))]
    if kind == 5 and chance.random() < 0.1:
        nested: Any = 1
        for _ in range(chance.choice((60, 200))):
            nested = [nested] if chance.random() < 0.5 else {"a": nested}
        return nested
    return chance.choice(TEXTS)


def mutated(value: Any, chance: random.Random, times: int | None = None) -> Any:
    """Return a copy of nested lists and mappings with one to four places spoilt."""
    made = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 1, 2, 4)) if times is None else times):
        made = _once(made, chance)
    return made


def _once(value: Any, chance: random.Random) -> Any:
    places = list(_places(value))
    if not places:
        return odd(chance)
    holder, key = chance.choice(places)
    kind = chance.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 1:
        holder[f"{key}{chance.choice(('', ' ', 'x'))}"] = copy.deepcopy(holder[key])
    elif kind == 2:
        holder[key] = _retyped(holder[key], chance)
    elif kind == 3:
        holder[key] = [holder[key]] if chance.random() < 0.5 else {"a": holder[key]}
    elif kind == 4:
        _, other = chance.choice(places)
        source = next((h for h, k in places if k == other), holder)
        holder[key] = copy.deepcopy(source[other]) if source is not holder else odd(chance)
    elif kind == 5 and isinstance(holder[key], str):
        holder[key] = _spoilt_text(holder[key], chance)
    else:
        holder[key] = odd(chance)
    return value


def _places(value: Any, depth: int = 0) -> Any:
    if depth > 40:
        return
    if isinstance(value, dict):
        for key in list(value):
            yield value, key
            yield from _places(value[key], depth + 1)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value, index
            yield from _places(value[index], depth + 1)


def _retyped(value: Any, chance: random.Random) -> Any:
    if isinstance(value, str):
        return chance.choice([value.encode("utf-8", "replace").hex(), [value], len(value)])
    if isinstance(value, int | float):
        return chance.choice([str(value), -value, value * 1000, float(value), [value]])
    if isinstance(value, dict):
        return list(value.items()) and [list(pair) for pair in value.items()]
    return {str(index): item for index, item in enumerate(value or [])}


def _spoilt_text(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(TEXTS) + text[at + chance.randrange(2) :]


def mutated_bytes(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with one to four places cut, doubled, flipped or filled in."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 1, 2, 8, 40)))
        kind = chance.randrange(6)
        if kind == 0:
            data = data[:at] + data[end:]
        elif kind == 1:
            data = data[:at] + data[at:end] * chance.choice((2, 2, 50)) + data[end:]
        elif kind == 2 and at < len(data):
            flipped = bytes([data[at] ^ (1 << chance.randrange(8))])
            data = data[:at] + flipped + data[at + 1 :]
        elif kind == 3:
            data = data[:at]
        else:
            data = data[:at] + chance.choice(BYTES) + data[end if kind == 5 else at :]
    return data
