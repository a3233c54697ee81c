"""The two kinds of checks that most exercises need: a function, and a match."""

import copy
import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labs_lib.course import answers
from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.watch import Unreadable, Watched, in_another_process

Judge = Callable[..., Wrong | None]


@dataclass(frozen=True)
class _Misfit:
    """A result that cannot be brought to the form of the expected one, and why."""

    reason: str


class FunctionJudge:
    """Compare a learner's function with the right one, case by case.

    Parameters
    ----------
    cases : sequence of tuple
        Arguments of each call, the borders among them.
    right : callable
        The reference.
    mistakes : mapping of str to tuple
        Name to the message and the functions that make the mistake.
    tolerance : float
        Largest difference of two numbers, relative or absolute.
    reproducible : bool
        Whether another Python process has to give the same results.
    """

    def __init__(
        self,
        *,
        cases: Iterable[tuple],
        right: Callable,
        mistakes: Mapping[str, tuple],
        tolerance: float,
        reproducible: bool,
    ) -> None:
        self.cases = list(cases)
        self.right = right
        self.mistakes = {name: functions for name, (_, *functions) in mistakes.items()}
        self.tolerance = tolerance
        self.reproducible = reproducible
        if not self.cases or not all(isinstance(case, tuple) for case in self.cases):
            raise ValueError("cases has to hold tuples of arguments, at least one.")

    def __call__(self, function: Callable) -> Wrong | None:
        """Return None if all results are right, else the mistake or the first difference."""
        found = [self._called(function, i) for i in range(len(self.cases))]
        right = [self._right(i, value) for i, value in enumerate(found)]
        if all(right):
            return self._differs_elsewhere(function, found) if self.reproducible else None
        place = right.index(False)
        expected, got = self.expected[place], found[place]
        given = _arguments(function, self.cases[place])
        if isinstance(got, _Misfit):
            message = (
                f"For {given} expected {answers.shown(expected)}; what your function "
                f"returns {got.reason}"
            )
        else:
            wanted, yours = answers.told_apart(expected, got)
            message = f"For {given} expected {wanted}; yours gave {yours}."
        fits = [name for name in self.mistakes if self._fits(name, found)]
        if len(fits) == 1:
            return wrong(fits[0], arguments=given, expected=expected, got=got)
        return Wrong(None, {}, message)

    @cached_property
    def expected(self) -> list:
        """The right results, one a case."""
        return [self.right(*copy.deepcopy(case)) for case in self.cases]

    @cached_property
    def results_of_mistakes(self) -> dict[str, list[list]]:
        """For each mistake and each function that makes it, the result of each case."""
        return {
            name: [[self._called(f, i) for i in range(len(self.cases))] for f in functions]
            for name, functions in self.mistakes.items()
        }

    def _called(self, function: Callable, place: int) -> Any:
        mistaken = not isinstance(function, Watched)
        try:
            value = function(*copy.deepcopy(self.cases[place]))
        except Exception as error:
            if mistaken:
                return _Misfit(f"raises {type(error).__name__}.")
            raise
        try:
            return answers.in_form_of(self.expected[place], value)
        except ValueError as error:
            hint = " Did you forget `return`?" if value is None else ""
            return _Misfit(f"{error}{hint}")

    def _right(self, place: int, found: Any) -> bool:
        return not isinstance(found, _Misfit) and answers.same(
            self.expected[place], found, self.tolerance
        )

    def _fits(self, name: str, found: list) -> bool:
        return any(
            all(self._alike(a, b) for a, b in zip(results, found, strict=True))
            for results in self.results_of_mistakes[name]
        )

    def _alike(self, a: Any, b: Any) -> bool:
        if isinstance(a, _Misfit) or isinstance(b, _Misfit):
            both = isinstance(a, _Misfit) and isinstance(b, _Misfit)
            return both and a == b and not a.reason.startswith("raises")
        return answers.same(a, b, self.tolerance)

    def _differs_elsewhere(self, function: Callable, found: list) -> Wrong | None:
        for place, value in enumerate(found):
            again = self._called(function, place)
            if isinstance(again, _Misfit) or not answers.same(value, again, 0.0):
                given = _arguments(function, self.cases[place])
                return Wrong(
                    None, {}, f"Asked twice for {given}, your function gives two answers."
                )
        there = in_another_process(function, self.cases)
        for place, value in enumerate(there or []):
            if not self._right(place, answers.in_form_of(self.expected[place], value)):
                return Wrong(None, {}, ELSEWHERE)
        return None


ELSEWHERE = (
    "In another Python process your function gives other answers. `hash` of a text, and the order "
    "of a set of texts, change from process to process; so does whatever is drawn without a seed."
)


def _arguments(function: Callable, case: tuple) -> str:
    name = function.name_of if isinstance(function, Watched) else "argument {}".format
    shown = (f"{name(i)} = {answers.shown(value)}" for i, value in enumerate(case))
    return f"`{', '.join(shown)}`"


class MatchJudge:
    """Compare an answer with the right value, set, or mapping of labels.

    Parameters
    ----------
    right : object
        A value; a set; or a mapping from label to the right value, or to a set of right ones.
    either : collection of str
        For a set: what may be in it or not.
    mistakes : mapping of str to tuple
        Name to the message and how the mistake shows: a wrong answer; a function that says
        whether an answer makes it; or, for a set or mapping, the element or label judged
        wrongly. The first that fits is told. A message may hold ``{got}``.
    options : collection of str
        What the answer, its elements or its values can be; those of `right` are added.
    """

    def __init__(
        self,
        *,
        right: object,
        either: Collection[str],
        mistakes: Mapping[str, tuple],
        options: Collection[str],
    ) -> None:
        self.right = right
        self.either = set(either)
        self.mistakes = {name: shows for name, (_, shows) in mistakes.items()}
        self.options = list(options)
        inside = right
        if isinstance(right, Mapping):
            inside = [v for value in right.values() for v in _accepted(value)]
        if isinstance(inside, Collection) and not isinstance(inside, str):
            self.options += sorted({*inside, *either}, key=str)
        self.options = list(dict.fromkeys(self.options))

    def __call__(self, answer: object) -> Wrong | None:
        """Return None if the answer is right, else what is wrong with it."""
        try:
            found = self._formed(answer)
        except ValueError as error:
            raise Unreadable(f"Your answer {error}") from None
        places = self._misjudged(found)
        if not places:
            return None
        for name, shows in self.mistakes.items():
            if self._shows(shows, found, places):
                by_label = isinstance(self.right, Mapping) and isinstance(shows, str)
                return wrong(name, got=found[shows] if by_label else found)
        if isinstance(self.right, Mapping | set | frozenset):
            return Wrong(None, {}, f"Not yet: look again at {_listed(places)}.")
        return Wrong(None, {}, f"{answers.shown(found)} is not right.")

    def _formed(self, answer: object) -> Any:
        found: Any
        if isinstance(self.right, Mapping):
            found = answers.mapping(answer, self.options)
            if problems := [*_key_problems(found, self.right)]:
                raise ValueError(f"has other keys than asked for. {' '.join(problems)}")
            for key, value in found.items():
                if value not in self.options:
                    raise ValueError(
                        f"cannot be used: {self._unknown(value, f' at `{key}`')}"
                    )
            return found
        if isinstance(self.right, set | frozenset):
            found = answers.members(answer, self.options)
            for value in sorted(found, key=str):
                if value not in self.options:
                    raise ValueError(f"cannot be used: {self._unknown(value)}")
            return found
        return answers.in_form_of(self.right, answer)

    def _unknown(self, value: object, place: str = "") -> str:
        near = difflib.get_close_matches(str(value), map(str, self.options), n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        return f"`{value}`{place} is none of {_listed(self.options)}.{hint}"

    def _misjudged(self, found: Any) -> list:
        if isinstance(self.right, Mapping):
            return [k for k, v in self.right.items() if found[k] not in _accepted(v)]
        if isinstance(self.right, set | frozenset):
            return sorted((self.right ^ found) - self.either, key=self.options.index)
        return [] if answers.same(self.right, found) else [found]

    def _shows(self, shows: object, found: Any, places: list) -> bool:
        if callable(shows):
            return bool(shows(found))
        if isinstance(self.right, Mapping | set | frozenset) and isinstance(shows, str):
            return shows in places
        return answers.same(shows, found)


def _accepted(value: object) -> Collection:
    return value if isinstance(value, set | frozenset | list | tuple) else (value,)


def _key_problems(found: Mapping, right: Mapping) -> Iterable[str]:
    missing = [key for key in right if key not in found]
    for key in found:
        if key not in right:
            near = difflib.get_close_matches(str(key), map(str, missing or right), n=1)
            hint = f"; did you mean `{near[0]}`?" if near else "."
            yield f"`{key}` is no key{hint}"
    if missing:
        yield f"Missing: {_listed(missing)}."


def _listed(names: Sequence) -> str:
    return ", ".join(f"`{name}`" for name in names)
