"""What a notebook sees of its lab: start, prediction, exercises, quiz and facts."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from IPython.display import display

from labs_lib.course import catalog, mode, progress, quiz
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

        def add(judge: Callable[..., Wrong | None]) -> Exercise:
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

        return add

    def predict(self, name: str, *, options: Sequence[str]) -> "Prediction":
        """Add a prediction, called ``lab.<name>`` in the notebook."""
        prediction = Prediction(f"lab.{name}", options)
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
                passed = progress.load().get(self.id, {})
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
            Values of the last level that branch on rounding: a rerun may be any number in the
            range of the stored seeds.

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


class Prediction:
    """A guess that the learner commits to before the measurement.

    Parameters
    ----------
    name : str
        How the notebook calls it.
    options : sequence of str
        The guesses on offer.
    """

    def __init__(self, name: str, options: Sequence[str]) -> None:
        self.name = name
        self.options = tuple(options)
        self.guess: str | None = None

    def commit(self, guess: str) -> Panel:
        """Note the guess; ``...`` means none yet."""
        offered = ", ".join(f'"{option}"' for option in self.options)
        if guess is ...:
            return Panel(
                "No guess yet", f"Put one of {offered} in place of `...`.", "quiet"
            )
        if guess not in self.options:
            return Panel("Not one of the guesses", f"Take one of {offered}.", "bad")
        self.guess = guess
        return Panel("Noted", f'You guess "{guess}". Now measure.')

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
        if self.guess is None:
            return Panel(f"Measured: {measured}", "You made no guess.", "quiet")
        if self.guess == measured:
            return Panel(f"Measured: {measured}", "As you guessed.", "good")
        return Panel(f"Measured: {measured}", f"You guessed: {self.guess}.", "bad")
