"""What may differ between the outputs of two runs of a cell, and what may not.

The rule is the same on every processor:

- Text and structure agree to the letter. In HTML this holds for tags and attributes, drawn
  sizes and places apart (``width``, ``height``, ``x``, ``y``). Images only have to be there.
- Whole numbers are exact.
- A decimal has the same number of places and differs by one unit of the last place or 0.5 %,
  whichever is larger. A sign counts, but ``-0.00`` and ``0.00`` are the same number.
- Digits in words, names, dates and versions (``sha256``, ``x2``, ``2013-05-01``, ``3.11.7``) are
  text; so is a number with a unit glued to it (``1.5s``).
- Runs of spaces may grow or shrink if a number in the same text changed its width.
- A fact table has its own tolerances. The tag ``tolerance=0.02`` lets the decimals of a cell
  differ by 0.02, or by the rule, whichever is larger.
- Nothing is written to stderr.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from labs_lib.course import facts

RELATIVE = Decimal("0.005")
"""How far a decimal may be off, as a share of the committed one."""

Output = Mapping[str, Any]
"""An output as nbformat describes it."""

# A verdict is None if two numbers agree; otherwise why they do not, and the tolerance.
_Verdict = tuple[str, Decimal | None] | None
_Judge = Callable[[str, str], _Verdict]
# Place, expected, found, tolerance.
_Found = tuple[str, str, str, Decimal | None]

_NUMBER = re.compile(
    r"""
    (?: (?<![\w.)\]]) [-+−]         # a sign, unless it subtracts or joins
      | (?<![\w.]) (?<![^\W\d][-−]) (?<![0-9]:) )
    (?: [1-9][0-9]{0,2} (?:,[0-9]{3})+ | 0 | [1-9][0-9]* )
    (?: \.[0-9]+ )? (?: [eE][-+]?[0-9]{1,3} )?
    (?! \w | \.[0-9] | -[^\W\d] )   # a word, a version, a name such as 3.5-turbo
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_SIZE = re.compile(r"^[-+]?[0-9.]+(?=[a-z%]*$)")
_CSS_SIZE = re.compile(r"(?<![\w-])((?:width|height)\s*:\s*)[0-9.]+")
_TOLERANCE_TAG = re.compile(r"tolerance=([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Difference:
    """One thing that differs between a committed output and a fresh one.

    Attributes
    ----------
    output : int
        Which output of the cell, from 1; 0 for the outputs as a whole.
    key : str
        MIME type, or the name of a stream.
    place : str
        Where in it: line and number, row and cell, or the name of a fact.
    expected, found : str
        What is committed, and what the fresh run gave.
    tolerance : Decimal or None
        How far the number may be off; None if this has to agree to the letter.
    """

    output: int
    key: str
    place: str
    expected: str
    found: str
    tolerance: Decimal | None = None

    def __str__(self) -> str:
        where = [f"output {self.output}" if self.output else "", self.key, self.place]
        if self.tolerance is None:
            what = f"found {self.found!r}, expected {self.expected!r}"
        else:
            what = (
                f"found {self.found}, expected {self.expected}, "
                f"tolerance {self.tolerance.normalize():f}"
            )
        return f"{', '.join(filter(None, where))}: {what}"


def differences(
    committed: Sequence[Output],
    fresh: Sequence[Output],
    *,
    tags: Collection[str] = (),
    strict: bool = False,
) -> list[Difference]:
    """Say where the `fresh` outputs of a cell differ from the `committed` ones.

    Parameters
    ----------
    committed, fresh : sequence of mapping
        Outputs as nbformat describes them. Pieces of one stream are joined first.
    tags : collection of str
        The tags of the cell. ``facts`` compares the facts within their own tolerances,
        ``tolerance=0.02`` is explained above.
    strict : bool
        Compare to the letter: for the machine that made the committed outputs. Addresses
        and the bytes of images still do not count.

    Returns
    -------
    list of Difference
        Empty if the outputs agree.

    Raises
    ------
    ValueError
        If a tag ``tolerance=`` is malformed.
    """
    declared = tolerance(tags)
    judge = _to_the_letter if strict else _by_rule(Decimal(str(declared or 0)))
    found = stderr(committed, fresh)
    old, new = _shown(committed), _shown(fresh)
    if len(old) != len(new):
        a, b = (", ".join(map(_summary, side)) or "none" for side in (old, new))
        return [*found, Difference(0, "outputs", "", expected=a, found=b)]
    for number, (was, now) in enumerate(zip(old, new, strict=True), start=1):
        if was.kind != now.kind or was.parts.keys() != now.parts.keys():
            found.append(Difference(number, "", "", _summary(was), _summary(now)))
            continue
        is_facts = not strict and "facts" in tags and _are_facts(was, now)
        for key, text in was.parts.items():
            details = [*_compare(key, text, now.parts[key], judge, is_facts)]
            if strict and not details and text != now.parts[key]:
                details = [("", text, now.parts[key], None)]  # quotes of an attribute
            found += [Difference(number, key, *single) for single in details]
    return found


def stderr(committed: Sequence[Output], fresh: Sequence[Output]) -> list[Difference]:
    """Report what either run wrote to stderr: a committed notebook writes nothing there."""
    found = []
    for who, outputs in (("the committed run", committed), ("this run", fresh)):
        text = "".join(_plain(o["text"]) for o in outputs if o.get("name") == "stderr")
        if text:
            found.append(Difference(0, "stderr", who, "", text.strip()))
    return found


def tolerance(tags: Collection[str]) -> float | None:
    """Return the tolerance that the tags of a cell declare, in the unit of its numbers.

    Returns
    -------
    float or None
        None if no tag begins with ``tolerance``.

    Raises
    ------
    ValueError
        If it is not of the form ``tolerance=0.02``, is zero, or is declared twice.
    """
    own = [tag for tag in tags if tag.startswith("tolerance")]
    if not own:
        return None
    match = _TOLERANCE_TAG.fullmatch(own[0])
    if len(own) > 1 or match is None or float(match[1]) == 0:
        raise ValueError(
            f"The tags {own} do not declare a tolerance; expected one such as 'tolerance=0.02'."
        )
    return float(match[1])


# ---------------------------------------------------------------- outputs


@dataclass(frozen=True)
class _Shown:
    """An output with its texts; an empty text stands for what only has to be there."""

    kind: str
    parts: dict[str, str]


def _shown(outputs: Sequence[Output]) -> list[_Shown]:
    shown: list[_Shown] = []
    streams: dict[str, _Shown] = {}
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            name, text = output["name"], _plain(output["text"])
            if name == "stderr":
                continue
            if name in streams:
                streams[name].parts[name] += text
                continue
            streams[name] = _Shown(kind, {name: text})
            shown.append(streams[name])
        elif kind == "error":
            shown.append(_Shown(kind, {k: output[k] for k in ("ename", "evalue")}))
        else:
            data = output.get("data", {})
            # What people read first comes first in a report.
            keys = sorted(data, key=lambda key: (key != "text/plain", key))
            shown.append(_Shown(kind, {key: _part(key, data[key]) for key in keys}))
    return [
        _Shown(
            s.kind, {key: _ADDRESS.sub("ADDRESS", text) for key, text in s.parts.items()}
        )
        for s in shown
    ]


def _part(key: str, value: Any) -> str:
    # The view of a widget is a random id.
    if key.startswith("image/") or key == "application/vnd.jupyter.widget-view+json":
        return ""
    if key.endswith("json"):
        return json.dumps(value, indent=0, sort_keys=True, ensure_ascii=False)
    return _plain(value)


def _plain(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _summary(shown: _Shown) -> str:
    keys = " + ".join(shown.parts)
    return keys if shown.kind == "stream" else f"{shown.kind} ({keys})"


def _compare(
    key: str, expected: str, found: str, judge: _Judge, is_facts: bool
) -> Iterator[_Found]:
    if key == "text/html":
        # The numbers of a fact table are compared in its plain text.
        yield from _html(expected, found, _any_number if is_facts else judge)
    elif key == "text/plain" and is_facts:
        yield from _facts(expected, found)
    else:
        yield from _text(expected, found, judge)


def _are_facts(*outputs: _Shown) -> bool:
    try:
        return all(facts.read(output.parts["text/plain"]) for output in outputs)
    except (KeyError, ValueError):
        return False


def _facts(expected: str, found: str) -> Iterator[_Found]:
    old, new = facts.read(expected), facts.read(found)
    for name in dict.fromkeys([*old, *new]):
        a, b = old.get(name), new.get(name)
        if a is None or b is None:
            yield (
                f"fact {name}",
                a.text if a else "no such fact",
                b.text if b else "nothing",
                None,
            )
        elif a.tolerance is None or b.tolerance is None:
            if a != b:
                yield f"fact {name}", a.text, b.text, None
        else:
            judge = _within(Decimal(str(a.tolerance)))
            for _, was, now, allowed in _text(a.text, b.text, judge):
                yield f"fact {name}", was, now, allowed


# ---------------------------------------------------------------- text


def _text(expected: str, found: str, judge: _Judge) -> Iterator[_Found]:
    old, new = expected.split("\n"), found.split("\n")
    several = max(len(old), len(new)) > 1
    pairs: list[tuple[int, int]] = []
    blocks = SequenceMatcher(None, [*map(_frame, old)], [*map(_frame, new)], autojunk=False)
    for same, i1, i2, j1, j2 in blocks.get_opcodes():
        if same == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
            continue
        for i, j in zip_longest(range(i1, i2), range(j1, j2)):
            line = f"line {(i if j is None else j) + 1}"
            if i is None:
                yield f"{line} is new", "", new[j], None
            elif j is None:
                yield f"{line} is missing", old[i], "", None
            else:
                yield line, old[i], new[j], None
    numbers = {
        (i, j): [*zip(_NUMBER.findall(old[i]), _NUMBER.findall(new[j]), strict=True)]
        for i, j in pairs
    }
    resized = any(len(a) != len(b) for row in numbers.values() for a, b in row)
    for (i, j), row in numbers.items():
        line = f"line {j + 1}, " if several else ""
        for n, (a, b) in enumerate(row, start=1):
            verdict = judge(a, b)
            if verdict is not None:
                why, allowed = verdict
                yield f"{line}number {n}{why}", a, b, allowed
        if _NUMBER.split(old[i]) != _NUMBER.split(new[j]) and not resized:
            yield f"{line}spaces", old[i], new[j], None


def _frame(line: str) -> tuple[str, ...]:
    """Return the text around the numbers of a line, without what spaces align."""
    parts = [re.sub(" +", " ", part) for part in _NUMBER.split(line)]
    # Before a number and at either end, a wider number may leave no space at all.
    parts = [part.rstrip(" ") for part in parts]
    parts[0] = parts[0].lstrip(" ")
    return tuple(parts)


# ---------------------------------------------------------------- numbers


def _by_rule(declared: Decimal) -> _Judge:
    def judge(expected: str, found: str) -> _Verdict:
        if not _written_alike(expected, found):
            return " is written in another way", None
        a, b = _value(expected), _value(found)
        unit = Decimal(1).scaleb(min(_last_place(expected), _last_place(found)))
        whole = unit >= 1 and "." not in expected
        allowed = Decimal(0) if whole else max(unit, RELATIVE * abs(a), declared)
        return None if abs(a - b) <= allowed else ("", allowed)

    return judge


def _within(allowed: Decimal) -> _Judge:
    def judge(expected: str, found: str) -> _Verdict:
        distance = abs(_value(expected) - _value(found))
        return None if distance <= allowed else ("", allowed)

    return judge


def _to_the_letter(expected: str, found: str) -> _Verdict:
    return None if expected == found else ("", Decimal(0))


def _any_number(expected: str, found: str) -> _Verdict:
    return None


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", "").replace("−", "-"))


def _last_place(number: str) -> int:
    """Return the power of ten of the last digit."""
    mantissa, _, exponent = number.lower().partition("e")
    return int(exponent or 0) - len(mantissa.partition(".")[2])


def _written_alike(*pair: str) -> bool:
    """Whether two numbers have the same places, kind of sign and separators of thousands."""
    places, signs, commas = set(), set(), set()
    for number in pair:
        exponent = number.lstrip("+-−,.0123456789")[:1]
        mantissa = number.partition(exponent)[0] if exponent else number
        whole, _, decimals = mantissa.partition(".")
        digits = whole.lstrip("+-−")
        places.add((len(decimals), exponent))
        signs.add(whole.removesuffix(digits))
        if len(digits) > 3:
            commas.add("," in digits)
    return len(places) == 1 and len(commas) < 2 and signs not in ({"", "+"}, {"-", "−"})


# ---------------------------------------------------------------- HTML


class _Html(HTMLParser):
    """The tags of a page in order, and the texts before, between and after them."""

    def __init__(self, page: str, *, drawn: bool) -> None:
        super().__init__()
        self.drawn = drawn  # Whether sizes and places count.
        self.tags: list[str] = []
        self.texts = [""]
        self.feed(page)
        self.close()

    @property
    def rows(self) -> int:
        return sum(tag.startswith("<tr") for tag in self.tags)

    def _add(self, tag: str) -> None:
        self.tags.append(tag)
        self.texts.append("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = [
            f' {name}="{value if self.drawn else _undrawn(name, value)}"'
            for name, value in attrs
        ]
        self._add(f"<{tag}{''.join(shown)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._add("/>")

    def handle_endtag(self, tag: str) -> None:
        self._add(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data

    def handle_comment(self, data: str) -> None:
        self._add(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._add(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self._add(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self._add(f"<![{data}]>")


def _undrawn(name: str, value: str | None) -> str | None:
    """Return the value of an attribute without sizes and places, which are drawn numbers."""
    if name in ("width", "height", "x", "y"):
        return _SIZE.sub("#", value or "")
    return _CSS_SIZE.sub(r"\1#", value or "") if name == "style" else value


def _html(expected: str, found: str, judge: _Judge) -> Iterator[_Found]:
    drawn = judge is _to_the_letter
    old, new = _Html(expected, drawn=drawn), _Html(found, drawn=drawn)
    if old.rows != new.rows:
        yield "table rows", str(old.rows), str(new.rows), None
        return
    for number, (a, b) in enumerate(zip_longest(old.tags, new.tags), start=1):
        if a != b:
            yield f"tag {number}", a or "no tag", b or "no tag", None
            return
    row = cell = 0
    for number, tag in enumerate(["", *new.tags]):
        if tag.startswith("<tr"):
            row, cell = row + 1, 0
        elif tag == "</table>":
            row = cell = 0
        cell += tag.startswith(("<td", "<th>", "<th "))
        where = f"row {row}, cell {cell}" if cell else f"text {number}"
        own = _to_the_letter if tag.startswith(("<style", "<script")) else judge
        for place, was, now, allowed in _text(old.texts[number], new.texts[number], own):
            yield f"{where}, {place}", was, now, allowed
