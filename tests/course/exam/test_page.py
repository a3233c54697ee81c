import pytest

from labs_lib.course.exam import page, sit, sitting
from labs_lib.course.panel import Panel


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(page, "display", lambda thing, raw=False: found.append(thing))
    yield found
    while page._desks:
        page._desks.pop().close()


@pytest.fixture
def desk(small_bank, shown, clock, monkeypatch):
    """A desk at the first question of an exam of four, with a clock that is set by hand."""
    begin = sitting.begin
    monkeypatch.setattr(sitting, "begin", lambda **options: begin(**options, clock=clock))
    assert sit(questions=4, seed=2) is None
    (desk,) = page._desks
    desk.begin.click()
    return desk


def visible(widget):
    return widget.layout.display != "none"


def answer(desk, answer=None):
    """Press what answers the question shown, rightly unless an answer is given."""
    asked = desk.sit.asked[desk.number - 1]
    answer = asked.item.right if answer is None else answer
    if asked.item.kind == "matching":
        for line, part in enumerate(asked.order):
            desk.rows[line].buttons[answer[part]].click()
    else:
        for part in answer:
            desk.rows[asked.order.index(part)].buttons[0].click()


def go_to(desk, kind):
    """Go to the question of a kind; a seed that has one is taken."""
    for seed in range(50):
        for number, asked in enumerate(desk.sit.asked, start=1):
            if asked.item.kind == kind:
                desk._go(number)
                return asked
        desk.hand_in.click()
        desk.hand_in.click()
        desk.seed = seed
        desk.begin.click()
    raise AssertionError(kind)


def test_outside_a_learners_notebook_it_is_a_panel(monkeypatch, shown):
    monkeypatch.setenv("LABS_MODE", "build")
    panel = sit()
    assert isinstance(panel, Panel)
    assert "65 questions in 130 minutes" in panel.text
    assert shown == []


def test_nothing_counts_before_the_button(small_bank, shown):
    assert sit(questions=4) is None
    assert not sitting.path().exists()
    note, widgets = shown
    assert "Run this cell again" in note["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in widgets
    assert "`labs exam` asks the same questions" in widgets["text/plain"]
    (desk,) = page._desks
    assert "4 questions, 8 minutes" in desk.head.value
    assert visible(desk.begin)
    assert not visible(desk.moves)
    assert not any(visible(row.box) for row in desk.rows)


def test_an_exam_from_first_to_last_question(desk):
    for number in (1, 2, 3, 4):
        assert f"Question {number} of 4" in desk.head.value
        answer(desk)
        if number < 4:
            desk.next.click()
    desk.hand_in.click()
    assert "Press the button again" in desk.note.value
    assert not sitting.load()[0].ended
    desk.hand_in.click()
    assert "4 of 4 right (100%)" in desk.head.value
    assert visible(desk.ended)
    assert not visible(desk.missed)
    assert not visible(desk.moves)
    assert sitting.load()[0].ended


def test_no_reason_is_in_the_page_before_the_end(desk, small_bank):
    for _ in range(4):
        answer(desk)
        texts = [w.value for w in (desk.head, desk.note, desk.matches, desk.ended)]
        for row in desk.rows:
            texts += [row.before.value, row.after.value]
            texts += [f"{button.description} {button.tooltip}" for button in row.buttons]
        everything = "\n".join(texts)
        assert not any(p.reason in everything for item in small_bank for p in item.parts)
        styles = {button.button_style for row in desk.rows for button in row.buttons}
        assert styles <= {"", "primary"}  # never one for right or wrong
        desk.next.click()


def test_what_was_missed_is_shown_after_the_end(desk):
    missed = desk.sit.asked[0].item
    desk.hand_in.click()
    desk.hand_in.click()
    assert "0 of 4 right" in desk.head.value
    desk.missed.click()
    assert all(part.reason in desk.ended.value for part in missed.parts)
    assert "Your answer: no answer" in desk.ended.value


def test_a_choice_is_changed(desk):
    asked = go_to(desk, "choice")
    desk.rows[0].buttons[0].click()
    assert desk.rows[0].buttons[0].description == "a ✓"
    desk.rows[2].buttons[0].click()
    assert [row.buttons[0].description for row in desk.rows[:4]] == ["a", "b", "c ✓", "d"]
    assert desk.rows[2].buttons[0].tooltip == f"chosen: {asked.parts['c'].text}"
    assert desk.sit.answer_of(desk.number) == (asked.order[2],)


def test_two_are_chosen_and_taken_back(desk):
    asked = go_to(desk, "response")
    desk.rows[0].buttons[0].click()
    assert desk.sit.answer_of(desk.number) is None
    desk.rows[1].buttons[0].click()
    both = tuple(sorted(asked.order[:2]))
    assert desk.sit.answer_of(desk.number) == both
    desk.rows[2].buttons[0].click()
    assert "Choose two; take one back first." in desk.note.value
    assert desk.sit.answer_of(desk.number) == both
    desk.rows[0].buttons[0].click()
    assert desk.sit.answer_of(desk.number) is None
    assert desk.note.value == ""
    assert [row.buttons[0].button_style for row in desk.rows[:3]] == ["", "primary", ""]


def test_steps_get_their_places(desk):
    asked = go_to(desk, "ordering")
    for line in (2, 0, 1):
        desk.rows[line].buttons[0].click()
    assert desk.sit.answer_of(desk.number) == tuple(asked.order[n] for n in (2, 0, 1))
    labels = [row.buttons[0].description for row in desk.rows[:3]]
    assert labels == ["a: 2.", "b: 3.", "c: 1."]
    assert desk.rows[2].buttons[0].tooltip.startswith("chosen: place 1, ")
    desk.rows[2].buttons[0].click()  # taken back; the others move up
    labels = [row.buttons[0].description for row in desk.rows[:3]]
    assert labels == ["a: 1.", "b: 2.", "c"]
    assert desk.sit.answer_of(desk.number) is None


def test_pairs_are_matched(desk):
    asked = go_to(desk, "matching")
    assert all(text in desk.matches.value for text in ("a) air", "b) earth", "c) water"))
    assert desk.rows[0].buttons[1].tooltip == f"{asked.parts['1'].text}: earth"
    desk.rows[0].buttons[1].click()
    assert desk.rows[0].buttons[1].description == "b ✓"
    assert desk.sit.answer_of(desk.number) is None
    answer(desk)
    assert desk.sit.answer_of(desk.number) == asked.item.right
    chosen = [b.description for b in desk.rows[0].buttons if "✓" in b.description]
    assert len(chosen) == 1
    assert [visible(button) for button in desk.rows[0].buttons] == [True] * 3 + [False] * 4


def test_half_an_answer_is_there_when_one_comes_back(desk):
    go_to(desk, "ordering")
    number = desk.number
    desk.rows[1].buttons[0].click()
    desk._go(number % 4 + 1)
    desk._go(number)
    assert desk.rows[1].buttons[0].description == "b: 1."


def test_moving_about(desk):
    desk.previous.click()
    assert "This is the first question" in desk.note.value
    desk.next.click()
    assert desk.note.value == ""
    assert desk.number == 2
    desk.list.click()
    assert visible(desk.numbers)
    assert [b.description for b in desk.numbers.children] == ["1 ○", "2 ○", "3 ○", "4 ○"]
    desk.numbers.children[3].click()
    assert desk.number == 4
    assert not visible(desk.numbers)
    desk.next.click()
    assert "This is the last question" in desk.note.value


def test_the_list_says_what_is_open_and_flagged(desk):
    answer(desk)
    desk.flag.click()
    assert desk.flag.description == "Unflag"
    assert "flagged" in desk.head.value
    desk.list.click()
    first, second, *_ = desk.numbers.children
    assert (first.description, second.description) == ("1 ⚑", "2 ○")
    assert first.tooltip == "question 1, answered, flagged"
    desk.list.click()
    assert not visible(desk.numbers)
    desk.flag.click()
    assert desk.flag.description == "Flag"


def test_hand_in_is_forgotten_by_any_other_button(desk):
    desk.hand_in.click()
    assert desk.hand_in.description == "Hand in now"
    desk.flag.click()
    assert desk.hand_in.description == "Hand in"
    desk.hand_in.click()
    assert not desk.sit.over


def test_the_time_left_is_new_at_each_press(desk, clock):
    assert "8 minutes left" in desk.head.value
    clock.now += 61
    desk.flag.click()
    assert "7 minutes left" in desk.head.value


@pytest.mark.parametrize("button", ["next", "flag", "list", "hand_in", "stop", "answer"])
def test_when_the_time_is_over_any_button_ends_the_exam(desk, clock, button):
    clock.now += 480
    if button == "answer":
        answer(desk)
    else:
        getattr(desk, button).click()
    assert "0 of 4 right" in desk.head.value
    assert visible(desk.ended)
    assert sitting.load()[0].ended
    if button != "stop":
        assert "The time is over" in desk.note.value


def test_stop_and_go_on(desk, clock):
    answer(desk)
    clock.now += 60
    desk.stop.click()
    assert "is open: 1 of 4 answered, 7 minutes left" in desk.head.value
    assert desk.begin.description == "Go on"
    sitting.begin().close()  # others may have it now
    clock.now += 10_000
    desk.begin.click()
    assert "Question 2 of 4" in desk.head.value
    assert "7 minutes left" in desk.head.value


def test_the_cell_runs_again_and_takes_the_exam_over(desk):
    answer(desk)
    assert sit(questions=4) is None
    (new,) = page._desks
    assert new is not desk
    new.begin.click()
    assert new.number == 2
    desk.next.click()
    assert "opened again elsewhere" in desk.note.value
    new.flag.click()
    assert new.sit.flagged == [2]


def test_open_in_a_terminal(small_bank, shown):
    with sitting.begin(questions=4):
        assert sit() is None
        (desk,) = page._desks
        desk.begin.click()
        assert "open in another terminal or notebook" in desk.note.value
        assert "role='alert'" in desk.note.value
    desk.begin.click()
    assert "Question 1 of 4" in desk.head.value


def test_a_damaged_file_is_a_panel(small_bank, shown):
    sitting.path().write_text("{")
    panel = sit()
    assert panel.tone == "bad"
    assert "Move it away" in panel.text
    assert sitting.path().read_text() == "{"


def test_a_file_damaged_meanwhile_is_said_and_the_exam_goes_on(desk):
    good = sitting.path().read_text()
    sitting.path().write_text("{")
    answer(desk)
    assert "Move it away" in desk.note.value
    sitting.path().write_text(good)
    desk.flag.click()
    assert desk.note.value == ""
    assert len(sitting.load()[0].answers) == 1


def test_a_lost_question_is_said(desk, small_bank, monkeypatch):
    from labs_lib.course.exam import bank

    desk.stop.click()
    gone = sitting.load()[0].questions[0]
    rest = tuple(item for item in small_bank if item.key != gone)
    monkeypatch.setattr(bank, "items", lambda: rest)
    desk.begin.click()
    assert "1 of its questions" in desk.note.value
    assert "Question 1 of 3" in desk.head.value


def test_after_one_exam_the_next_begins(desk):
    desk.hand_in.click()
    desk.hand_in.click()
    assert desk.begin.description == "Begin a new exam"
    desk.begin.click()
    assert "Question 1 of 4" in desk.head.value
    assert not visible(desk.ended)
    assert len(sitting.load()) == 2
