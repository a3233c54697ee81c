"""What holds for the exercises and quiz of every lab."""

import pytest

from labs_lib.course import catalog

PAGES = catalog.pages()


@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_the_lab_has_the_exercises_and_questions_of_the_contract(info):
    lab = info.exercises().lab
    is_lab = not info.is_start
    assert lab.id == info.id
    assert (2 if is_lab else 1) <= len(lab.exercises) <= 4
    assert (4 if is_lab else 1) <= len(lab.quiz.questions) <= 6
    assert all(len(question.options) == 4 for question in lab.quiz.questions)


@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_every_quiz_option_answers(info):
    lab = info.exercises().lab
    for number, question in enumerate(lab.quiz.questions, start=1):
        for letter, option in question.options.items():
            panel = lab.quiz.answer(number, letter)
            assert option.reason in panel.text
            assert panel.tone == ("good" if option.right else "bad")


def test_right_answers_do_not_all_have_the_same_letter():
    letters = [
        letter
        for info in PAGES
        for question in info.exercises().lab.quiz.questions
        for letter, option in question.options.items()
        if option.right
    ]
    assert max(letters.count(letter) for letter in "abcd") <= max(2, 0.5 * len(letters))
