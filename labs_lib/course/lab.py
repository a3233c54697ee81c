"""What a notebook sees of its lab: start, prediction, exercises, quiz and facts."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from IPython.display import display

from labs_lib.course import catalog, kinds, mode, progress, quiz
from labs_lib.course.exercise import Exercise, Wrong
from labs_lib.course.facts import FactTable
from labs_lib.course.panel import Panel
from labs_lib.course.trial import Rows, room


class Lab:
    """A lab as its notebook uses it.

    The module of a lab's exercises makes one and adds exercises and predictions, and the
    notebook imports it; the quiz comes from ``quiz.toml`` beside that module::

        from labs_lib.labs.train.algorithms.exercises import lab

        lab.start()
        lab.ex1.check(answer)
        lab.quiz()

    Parameters
    ----------
    id : str
        The lab's identity, such as ``train/algorithms``.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.exercises: list[Exercise] = []
        self.predictions: list[Prediction] = []

    def __repr__(self) -> str:
        return f"Lab {self.id}: {len(self.exercises)} exercises, {self.quiz!r}"

    def exercise(
        self,
        title: str,
        *,
        hints: Sequence[str],
        misconceptions: Mapping[str, str],
        praise: str,
    ) -> Callable[[Callable[..., Wrong | None]], Exercise]:
        """Make the decorated function the judge of the next exercise.

        The exercise is added to the lab as ``ex1``, ``ex2`` and so on.
        """

        return lambda judge: self._add(judge, title, hints, misconceptions, praise)

    def function(
        self,
        title: str,
        *,
        cases: Iterable[tuple],
        right: Callable,
        mistakes: Mapping[str, tuple],
        hints: Sequence[str],
        praise: str,
        tolerance: float = 1e-6,
        reproducible: bool = False,
    ) -> Exercise:
        """Add an exercise whose answer is a function.

        A mistake is told if it is the only one whose results are those of the learner in every
        case; otherwise the first case that differs is shown.

        Parameters
        ----------
        title : str
            What the exercise is about.
        cases : sequence of tuple
            Arguments of each call. The borders belong to them: ties, 0 and 1, nothing,
            negative numbers, mixed signs.
        right : callable
            The reference. A list, array, Series or number of the learner's is compared with
            what it returns.
        mistakes : mapping of str to tuple
            Name to ``(message, function)``: what to say to those whose results are those of
            the function. More functions may follow, other forms of the same mistake. A
            message may hold ``{arguments}``, ``{expected}`` and ``{got}`` of the first case
            that differs.
        hints, praise
            See `Exercise`.
        tolerance : float
            Largest difference of two numbers, relative or absolute; whole numbers have to be
            equal.
        reproducible : bool
            Whether another Python process has to give the same results.
        """
        judge = kinds.FunctionJudge(
            cases=cases,
            right=right,
            mistakes=mistakes,
            tolerance=tolerance,
            reproducible=reproducible,
        )
        return self._add(judge, title, hints, _messages(mistakes), praise)

    def match(
        self,
        title: str,
        *,
        right: object,
        mistakes: Mapping[str, tuple],
        hints: Sequence[str],
        praise: str,
        either: Collection[str] = (),
        options: Collection[str] = (),
    ) -> Exercise:
        """Add an exercise whose answer is a value, a set, or a mapping of labels.

        Parameters
        ----------
        title : str
            What the exercise is about.
        right : object
            A value; a set; or a mapping from label to the right value, or to a set of them.
        mistakes : mapping of str to tuple
            Name to ``(message, how it shows)``: a wrong answer; a function that says whether
            an answer makes the mistake; or, for a set or mapping, the element or label that
            is judged wrongly. The first that fits is told. A message may hold ``{got}``.
        hints, praise
            See `Exercise`.
        either : collection of str
            For a set: what may be in it or not.
        options : collection of str
            What the elements of a set, or the values of a mapping, can be; those of `right`
            are added.
        """
        judge = kinds.MatchJudge(
            right=right, either=either, mistakes=mistakes, options=options
        )
        return self._add(judge, title, hints, _messages(mistakes), praise)

    def _add(
        self,
        judge: Callable[..., Wrong | None],
        title: str,
        hints: Sequence[str],
        misconceptions: Mapping[str, str],
        praise: str,
    ) -> Exercise:
        exercise = Exercise(
            lab=self.id,
            name=f"ex{len(self.exercises) + 1}",
            judge=judge,
            title=title,
            hints=hints,
            misconceptions=misconceptions,
            praise=praise,
        )
        self.exercises.append(exercise)
        setattr(self, exercise.name, exercise)
        return exercise

    def predict(self, name: str, *, options: Sequence[str]) -> "Prediction":
        """Add a prediction, called ``lab.<name>`` in the notebook."""
        prediction = Prediction(f"lab.{name}", options, lab=self.id)
        self.predictions.append(prediction)
        setattr(self, name, prediction)
        return prediction

    @cached_property
    def quiz(self) -> quiz.Quiz:
        """The quiz, read from ``quiz.toml`` in the lab's folder."""
        return quiz.Quiz(self.id, quiz.load(catalog.LABS / self.id / "quiz.toml"))

    def start(self) -> Panel:
        """Say how long the lab takes, what it holds, and what is passed already.

        Returns
        -------
        Panel
        """
        info = catalog.find(self.id)
        text = (
            f"About {info.minutes} minutes, {len(self.exercises)} exercise(s), "
            f"{len(self.quiz.questions)} quiz question(s). "
            "Run the cells from top to bottom with Shift+Enter."
        )
        if mode.current() == "learn":
            try:
                passed = progress.passed().get(self.id, {})
                text += f"\n\nPassed so far: {', '.join(sorted(passed)) or 'nothing yet'}."
            except ValueError as error:
                text += f"\n\n{error}"
        return Panel(info.title, text)

    def trial(
        self,
        function: Callable[..., Mapping],
        *,
        seeds: int,
        levels: Sequence[str],
        settings: Mapping[str, Sequence] | None = None,
        chaotic: Sequence[str] = (),
    ) -> Rows:
        """Return the stored rows of a trial whose function stands in the lesson.

        A part of them is computed again and compared. If you change the function (or its levels
        or settings), your version runs for a few seeds, and both are shown side by side.

        Parameters
        ----------
        function : callable
            ``f(seed, **setting)``, which returns ``{(variant, ..., measure): number}``.
        seeds : int
            It runs for seeds 0 to ``seeds - 1``.
        levels : sequence of str
            What the parts of a key are, such as ``("method", "measure")``.
        settings : mapping of str to sequence, optional
            Values of each further argument; every combination runs.
        chaotic : sequence of str
            Values of the last level that branch on rounding: a rerun's numbers may be any within
            the range of the stored seeds, and as many outside as chance explains.

        Raises
        ------
        ValueError
            If the rows are stale, a rerun differs, or your version cannot run.
        FileNotFoundError
            If no rows are stored.
        """
        return room.run_in_lesson(
            self.id,
            function,
            seeds=seeds,
            levels=levels,
            settings=settings,
            chaotic=chaotic,
            show=display,
        )

    def facts(
        self, *, digits: int = 2, tolerance: float = 0.01, **values: Any
    ) -> FactTable:
        """Return the table of the lab's measured numbers; its prose is bound to it.

        Parameters
        ----------
        digits, tolerance : int, float
            Decimals shown, and the largest difference that a rerun on another processor may
            show, for every number that is not a `Fact`.
        **values
            See `FactTable`.
        """
        return FactTable(values, digits=digits, tolerance=tolerance)


def _messages(mistakes: Mapping[str, tuple]) -> dict[str, str]:
    return {name: message for name, (message, *_) in mistakes.items()}


class Prediction:
    """A guess that the learner commits to before the measurement.

    It is kept with the progress. Until it is set beside the measurement it may be changed;
    afterwards it stands.

    Parameters
    ----------
    name : str
        How the notebook calls it.
    options : sequence of str
        The guesses on offer.
    lab : str
        The lab's identity.
    """

    def __init__(self, name: str, options: Sequence[str], *, lab: str) -> None:
        self.name = name
        self.options = tuple(options)
        self.lab = lab
        self._item = f"bet_{name.removeprefix('lab.')}"
        self._guess: str | None = None

    @property
    def guess(self) -> str | None:
        """The guess that counts, from this session or an earlier one; None without one."""
        kept = self._kept().choice
        return kept if kept in self.options else self._guess

    def commit(self, guess: str) -> Panel:
        """Note the guess; ``...`` means none yet."""
        offered = ", ".join(f'"{option}"' for option in self.options)
        if mode.current() != "learn" and guess is ...:
            return Panel("The guesses", offered, "quiet")
        kept = self.guess
        if guess is ...:
            if kept is not None:
                return Panel("Noted", f'You guessed "{kept}" earlier; it stands.')
            return Panel(
                "No guess yet", f"Put one of {offered} in place of `...`.", "quiet"
            )
        if guess not in self.options:
            return Panel("Not one of the guesses", f"Take one of {offered}.", "bad")
        if self._kept().closed and kept not in (None, guess):
            text = f'You guessed "{kept}" before you saw the measurement; that stands.'
            return Panel("Already measured", text)
        self._guess = guess
        problem = progress.bet(self.lab, self._item, guess)
        text = f'You guess "{guess}". Now measure.'
        return Panel("Noted", text + (f"\n\n{problem}" if problem else ""))

    def reveal(self, measured: str) -> Panel:
        """Set the guess beside what was measured.

        Raises
        ------
        ValueError
            If `measured` is not one of the options: the lab then has to change its options.
        """
        if measured not in self.options:
            raise ValueError(
                f"{measured!r} is not an option of {self.name}: {self.options}."
            )
        title = f"Measured: {measured}"
        if (guess := self.guess) is None:
            learns = mode.current() == "learn"
            return Panel(title, "You made no guess." if learns else "", "quiet")
        progress.close(self.lab, self._item)
        if guess == measured:
            return Panel(title, "As you guessed.", "good")
        return Panel(title, f"You guessed: {guess}.", "bad")

    def _kept(self) -> progress.Record:
        return progress.of(self.lab).get(self._item, progress.Record())
