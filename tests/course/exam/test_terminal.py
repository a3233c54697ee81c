import re

import pytest

from labs_lib import cli
from labs_lib.course.exam import result, sitting, terminal
from labs_lib.settings import ROOT


def play(lines, *, clock=None, **options):
    """Type these lines in a session; return what was shown. A function is called for a line."""
    said, typed = [], iter(lines)

    def ask(prompt):
        line = next(typed, None)
        if line is None:
            raise EOFError
        return line(sit) if callable(line) else line

    more = {"clock": clock} if clock else {}
    with sitting.begin(**({"questions": 4} | options | more)) as sit:
        terminal.session(sit, ask=ask, show=said.append)
    assert next(typed, None) is None, "not every line was asked for"
    return "\n".join(said)


def right(number):
    """Return a line that answers the question rightly, in the letters of its exam."""
    return lambda sit: sit.asked[number - 1].write(sit.asked[number - 1].item.right)


def wrong(number):
    def line(sit):
        asked = sit.asked[number - 1]
        first = asked.example
        # Of a response "b b" would be one letter, of an order no order at all.
        others = {"response": first.replace("a", "c"), "ordering": first[::-1]}
        other = others.get(asked.item.kind, first.replace("a", "b"))
        return next(
            text for text in (first, other) if not asked.item.is_right(asked.read(text))
        )

    return line


def test_a_whole_exam_typed(progress_file):
    lines = [right(n) if n % 5 else wrong(n) for n in range(1, 66)]
    shown = play([*lines, "end", "end"], questions=65)
    for number in range(1, 66):
        assert f"Question {number} of 65" in shown
    assert "That was the last question. Open: none. Flagged: none." in shown
    assert "52 of 65 right (80%)" in shown
    assert "All" in shown
    assert "What to study" in shown
    (exam,) = sitting.load()
    assert len(exam.answers) == 65
    assert exam.ended


def test_no_reason_is_shown_before_the_end(small_bank):
    shown = play([right(1), wrong(2), "1", "l", "?", "q"])
    for item in small_bank:
        assert not any(part.reason in shown for part in item.parts)
    assert "Right" not in shown


def test_a_question_shows_number_time_kind_and_parts(small_bank, clock):
    shown = play(["n", "n", "n", "q"], clock=clock)
    assert "Question 1 of 4 · " in shown
    assert "8 minutes left" in shown
    assert " · choose one" in shown or " · put in order" in shown or " · match" in shown
    assert "Stopped with 8 minutes left. `labs exam` goes on here." in shown


def test_every_kind_is_answered_and_the_answer_so_far_is_shown(
    load, small_bank, monkeypatch
):
    kinds = set()
    for seed in range(12):
        with sitting.begin(questions=4, seed=seed) as sit:
            kinds |= {asked.item.kind for asked in sit.asked}
            written = [asked.write(asked.item.right) for asked in sit.asked]
        shown = play([*written, "1", "end", "end"])
        assert f"Your answer so far: {written[0]}" in shown
        assert "4 of 4 right (100%)" in shown
    assert kinds == {"choice", "response", "ordering", "matching"}


def test_moving_about(small_bank):
    shown = play(["p", "3", "", "", "9", "0", "p", "q"])
    asked = re.findall(r"Question (\d) of 4", shown)
    assert asked == ["1", "1", "3", "4", "4", "3"]
    assert "There is no question 9; give 1 to 4." in shown
    assert "There is no question 0" in shown


def test_flags_and_the_list(small_bank):
    shown = play(["f", right(1), "f", "l", "2", "f", "l", "end", "no", "q"])
    assert "Open: 2 to 4. Flagged: 1, 2." in shown
    assert " · flagged" in shown
    assert "No flag any more." in shown
    assert "What is open counts as wrong. Type end again" in shown
    assert "Not handed in." in shown
    assert sitting.load()[0].ended is None


def test_what_is_no_answer_is_explained_and_changes_nothing(small_bank):
    shown = play(["xyz", "a b c d e f g", "1z", "q"])
    assert shown.count("such as: ") >= 3
    assert sitting.load()[0].answers == {}


def test_it_stops_and_resumes_at_the_first_open_question(small_bank):
    play([right(1), right(2), "q"])
    shown = play(["q"], questions=2)
    assert "goes on: 4 questions, 8 minutes left" in shown
    assert "Question 3 of 4" in shown


def test_the_end_of_input_stops_too(small_bank):
    assert "Stopped" in play([right(1)])
    assert "Not handed in" in play(["end"])
    assert len(sitting.load()[0].answers) == 1


def test_the_time_ends_the_exam(small_bank, clock):
    def late(sit):
        clock.now += 480
        return right(2)(sit)

    shown = play([right(1), late], clock=clock)
    assert "The time is over. What you typed last came too late." in shown
    assert "1 of 4 right (25%), 8 minutes" in shown
    assert "3 questions were not answered, which counts as wrong." in shown


def test_time_over_while_it_is_asked_whether_to_hand_in(small_bank, clock):
    def late(sit):
        clock.now += 480
        return "end"

    assert "0 of 4 right" in play(["end", late], clock=clock)


def test_lines_fit_a_terminal(progress_file):
    shown = play(["n"] * 10 + ["end", "end"], questions=65)
    assert max(map(len, shown.splitlines())) <= 100


def test_numbers_that_are_neighbours_stand_together():
    assert terminal.numbers([]) == "none"
    assert terminal.numbers([1, 3, 4, 5, 7, 8]) == "1, 3 to 5, 7, 8"


def test_results_and_review(small_bank):
    play([right(1), wrong(2), "end", "end"])
    play([right(1), right(2), right(3), wrong(4), "end", "end"])
    shown = terminal.results()
    assert (
        shown.index("3 of 4 right") < shown.index("Earlier:") < shown.index("1 of 4 right")
    )
    review = terminal.review()
    (exam, _) = result.last()
    item = sitting.of_course(exam)[3]
    assert "Question 4 (" in review
    assert "Question 1 (" not in review
    for part in item.parts:
        assert part.reason in re.sub(r"\s+", " ", review)
    assert "Your answer: " in review
    assert f'It is shown in {item.lab}, "{item.section}".' in re.sub(r"\s+", " ", review)


def test_a_perfect_exam_has_nothing_to_review(small_bank):
    play([right(1), right(2), right(3), right(4), "end", "end"])
    assert terminal.review() == "Nothing was missed in the last exam."
    assert "What to study" not in terminal.results()


def test_without_a_finished_exam(small_bank):
    for show in (terminal.results, terminal.review):
        with pytest.raises(ValueError, match="No exam is finished yet; `labs exam` begins"):
            show()
    play(["q"])
    with pytest.raises(ValueError, match="No exam is finished yet"):
        terminal.results()


def test_the_command(small_bank, monkeypatch, capsys):
    lines = iter(["b", "q", "end", "end"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert cli.main(["exam", "--questions", "4", "--seed", "1"]) == 0
    assert "An exam of 4 questions, 8 minutes left." in capsys.readouterr().out
    assert cli.main(["exam"]) == 0
    assert "goes on" in capsys.readouterr().out
    assert cli.main(["exam", "--result"]) == 0
    assert "of 4 right" in capsys.readouterr().out
    assert cli.main(["exam", "--review"]) == 0
    assert "Your answer" in capsys.readouterr().out


def test_the_command_says_that_it_is_open_elsewhere(small_bank, capsys):
    with sitting.begin(questions=4):
        assert cli.main(["exam"]) == 1
    assert "labs: The exam is open in another terminal" in capsys.readouterr().err


def test_the_command_takes_one_thing_to_show(capsys):
    with pytest.raises(SystemExit):
        cli.main(["exam", "--result", "--review"])
    assert "not allowed with" in capsys.readouterr().err


def test_the_readme_names_the_command():
    assert "| `labs exam` |" in (ROOT / "README.md").read_text(encoding="utf-8")
