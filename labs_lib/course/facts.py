"""The measured numbers of a lab, named and rounded, so that its prose can be bound to them."""

import math
import numbers
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a lesson's kernel has no need of it
    from nbformat import NotebookNode

LARGE = 100
_BOOLEANS = ("no", "yes")


@dataclass(frozen=True)
class Fact:
    """A value with its own rounding, for `FactTable`.

    Parameters
    ----------
    value : number, mapping or comparison
        What was measured.
    digits : int
        Decimals shown.
    tolerance : float
        Largest difference that a rerun on another processor may show, in the value's unit.
    """

    value: Any
    digits: int
    tolerance: float


@dataclass(frozen=True)
class Row:
    """A fact as it is printed: text, and the tolerance of a number (None for words)."""

    text: str
    tolerance: float | None

    @property
    def is_boolean(self) -> bool:
        """Whether it was True or False, which are printed as yes and no."""
        return self.tolerance is None and self.text in _BOOLEANS


class FactTable:
    """A table of facts that a person can read and `read` can parse.

    Parameters
    ----------
    values : mapping
        Name to number, text, bool, `Fact`, mapping, or an object with ``mean``, ``low``,
        ``high`` and perhaps ``verdict``, such as a comparison. Parts are named
        ``name.part``, in lower case, with underscores for what is no letter or digit.
    digits, tolerance : int, float
        For every number that is not a `Fact`. From 100 on, a number has no decimals, and its
        tolerance is relative. Whole numbers and words are exact.

    Raises
    ------
    ValueError
        If a value is none of these, or not finite.
    """

    def __init__(self, values: Mapping[str, Any], *, digits: int, tolerance: float) -> None:
        self.rows: dict[str, Row] = {}
        for name, value in values.items():
            for full_name, single in _flatten(name, value):
                self.rows[full_name] = _row(full_name, single, digits, tolerance)

    def __repr__(self) -> str:
        wide = max(map(len, self.rows), default=0)
        return "\n".join(
            f"{name:{wide}} | {row.text}"
            + (f" | {row.tolerance:g}" if row.tolerance is not None else "")
            for name, row in self.rows.items()
        )

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td><code>{name}</code></td><td>{row.text}</td><td>"
            f"{'' if row.tolerance is None else f'± {row.tolerance:g}'}</td></tr>"
            for name, row in self.rows.items()
        )
        return (
            "<table><thead><tr><th>fact</th><th>value</th><th>a rerun elsewhere</th></tr>"
            f"</thead><tbody>{body}</tbody></table>"
        )


def read(text: str) -> dict[str, Row]:
    """Parse the plain text of a `FactTable`.

    Raises
    ------
    ValueError
        If a line is not a fact.
    """
    rows = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(" | ")]
        if len(fields) not in (2, 3):
            raise ValueError(
                f"{line!r} is not a fact; expected 'name | value | tolerance'."
            )
        rows[fields[0]] = Row(fields[1], float(fields[2]) if len(fields) == 3 else None)
    return rows


def printed(executed: "NotebookNode") -> dict[str, Row]:
    """Return the facts that an executed notebook printed.

    Raises
    ------
    ValueError
        If its facts cell printed none.
    """
    for cell in executed.cells:
        if "facts" in cell.metadata.get("tags", ()):
            for output in cell.outputs:
                if "text/plain" in output.get("data", {}):
                    return read(output.data["text/plain"])
    raise ValueError("The notebook holds no printed facts; run `labs build`.")


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    inner = value.value if isinstance(value, Fact) else value
    if isinstance(inner, Mapping):
        parts = {
            re.sub(r"\W+", "_", str(k)).strip("_").lower(): v for k, v in inner.items()
        }
    elif hasattr(inner, "low") and hasattr(inner, "high"):
        names = ("mean", "low", "high", "verdict")
        parts = {n: getattr(inner, n) for n in names if hasattr(inner, n)}
    else:
        yield name, value
        return
    for part, single in parts.items():
        if isinstance(value, Fact):
            single = Fact(single, value.digits, value.tolerance)
        yield from _flatten(f"{name}.{part}", single)


def _row(name: str, value: Any, digits: int, tolerance: float) -> Row:
    if isinstance(value, Fact):
        value, digits, tolerance = value.value, value.digits, value.tolerance
    elif isinstance(value, numbers.Integral) and not isinstance(value, bool):
        digits, tolerance = 0, 0.0
    elif isinstance(value, numbers.Real) and abs(float(value)) >= LARGE:
        digits, tolerance = 0, tolerance * abs(float(value))
    if isinstance(value, str):
        if " | " in value or "\n" in value:
            raise ValueError(
                f"The fact {name} holds a line break or ' | '; use plain words."
            )
        return Row(value, None)
    if str(value) in ("True", "False"):
        return Row(_BOOLEANS[bool(value)], None)
    if not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(
            f"The fact {name} is {value!r}; give a finite number, words or a bool."
        )
    text = f"{float(value):,.{digits}f}"
    if _number(text) == 0:
        text = text.removeprefix("-")
    return Row(text, float(f"{tolerance:.2g}"))
