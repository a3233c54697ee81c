"""The exam in a terminal: one question at a time, answers typed as letters."""

import textwrap
from collections.abc import Callable, Sequence

from labs_lib.course.exam import result
from labs_lib.course.exam.sitting import Sitting

WIDTH = 88

HELP = """\
Answer with letters: b, or a d. An order: c a b. Pairs: 1b 2a 3a. Answers can be changed until the
end, and the clock stands while you are away.
  n or Enter  next question           p  the one before       12  go to question 12
  f           flag, or unflag it      l  list open and flagged
  end         hand in                 q  stop; `labs exam` resumes"""


def session(
    sit: Sitting, *, ask: Callable[[str], str], show: Callable[[str], None]
) -> None:
    """Ask the questions of an exam until it ends, or the learner stops.

    Parameters
    ----------
    sit : Sitting
        As `labs_lib.course.exam.sitting.begin` gives it.
    ask, show : callable
        How a line is read and a text is shown.

    Raises
    ------
    ValueError
        If the file of exams is damaged or cannot be written.
    """
    show(_greeting(sit))
    number, shown = (sit.open or [1])[0], True
    while not sit.over:
        if shown:
            show(_question(sit, number))
        try:
            line = ask("> ").strip().lower()
        except EOFError:
            line = "q"
        if not sit.step():
            show("\nThe time is over. What you typed last came too late.")
            break
        if line in ("q", "quit", "exit"):
            show(f"Stopped with {_left(sit)}. `labs exam` goes on here.")
            return
        if line == "end":
            _hand_in(sit, ask, show)
            shown = True
            continue
        number, shown = _obey(sit, number, line, show)
    show(_wrapped(f"\n{result.of(sit.exam)}"))
    show("\n`labs exam --review` shows every missed question with all reasons.")


def results() -> str:
    """Return the last result, and one line for each earlier one.

    Raises
    ------
    ValueError
        If no exam is finished, or the file is damaged.
    """
    newest, *earlier = map(result.of, result.last())
    lines = [repr(newest)]
    if earlier:
        lines += ["", "Earlier:", *(f"  {one.headline}" for one in earlier)]
    return _wrapped("\n".join(lines))


def review() -> str:
    """Return every missed question of the last exam, with all reasons.

    Raises
    ------
    ValueError
        If no exam is finished, or the file is damaged.
    """
    missed = result.missed(result.last()[0])
    if not missed:
        return "Nothing was missed in the last exam."
    return _wrapped(f"\n\n{'─' * WIDTH}\n".join(missed))


def _greeting(sit: Sitting) -> str:
    count = len(sit.asked)
    exam = sit.exam
    text = (
        f"A practice exam for {exam.code}: {count} questions, {_left(sit)}. No penalty for a "
        "wrong answer."
    )
    if sit.resumed:
        day = exam.begun[:10]
        text = (
            f"Your exam for {exam.code} of {day} goes on: {count} questions, {_left(sit)}."
        )
    if sit.lost:
        text += (
            f"\n{sit.lost} of its questions are not in the course any more, or were changed, and "
            "are left out."
        )
    return f"{text}\n{HELP}"


def _question(sit: Sitting, number: int) -> str:
    asked, answer = sit.asked[number - 1], sit.answer_of(number)
    head = f"Question {number} of {len(sit.asked)} · {asked.how} · {_left(sit)}"
    if number in sit.flagged:
        head += " · flagged"
    lines = ["", "─" * WIDTH, head, "", asked.plain(), ""]
    if answer is not None:
        lines.append(f"Your answer so far: {asked.write(answer)}")
    elif asked.item.kind != "choice":
        lines.append(f"Answer such as: {asked.example}")
    return _wrapped("\n".join(lines))


def _obey(
    sit: Sitting, number: int, line: str, show: Callable[[str], None]
) -> tuple[int, bool]:
    """Do what a line says; return the number of the next question, and whether to show it."""
    count = len(sit.asked)
    if line in ("n", ""):
        return min(number + 1, count), True
    if line == "p":
        return max(number - 1, 1), True
    if line in ("l", "?", "h", "help"):
        show(_list(sit) if line == "l" else HELP)
        return number, False
    if line == "f":
        sit.flag(number)
        show("Flagged." if number in sit.flagged else "No flag any more.")
        return number, False
    if line.isdecimal():
        if 1 <= int(line) <= count:
            return int(line), True
        show(f"There is no question {line}; give 1 to {count}.")
        return number, False
    asked = sit.asked[number - 1]
    try:
        answer = asked.read(line)
    except ValueError as error:
        show(f"{error}. Or n, p, a number, f, l, end, q (? explains).")
        return number, False
    sit.answer(number, answer)
    if number < count:
        return number + 1, True
    show(f"That was the last question. {_list(sit)} `end` hands in.")
    return number, False


def _hand_in(sit: Sitting, ask: Callable[[str], str], show: Callable[[str], None]) -> None:
    show(f"{_list(sit)} What is open counts as wrong. Type end again to hand in.")
    try:
        again = ask("end? ").strip().lower()
    except EOFError:
        again = ""
    if again == "end":
        sit.end()
    else:
        show("Not handed in.")


def _list(sit: Sitting) -> str:
    return f"Open: {numbers(sit.open)}. Flagged: {numbers(sit.flagged)}."


def numbers(found: Sequence[int]) -> str:
    """Return ascending numbers as a text, neighbours together: ``1, 3 to 5``."""
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run))
        for run in runs
    ]
    return ", ".join(texts) or "none"


def _left(sit: Sitting) -> str:
    return f"{sit.minutes_left} minute{'s' * (sit.minutes_left != 1)} left"


def _wrapped(text: str) -> str:
    """Return the text in lines that fit, each as far in as it began."""
    lines = []
    for line in text.splitlines():
        inside = " " * (len(line) - len(line.lstrip()))
        further = inside + "   " * (line[len(inside) + 1 : len(inside) + 2] == ")")
        lines += textwrap.wrap(line, WIDTH, subsequent_indent=further) or [""]
    return "\n".join(lines)
