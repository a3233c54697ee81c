import pytest

from labs_lib.course import catalog
from labs_lib.course.exam import bank, paper, result, sitting
from labs_lib.stats import share_interval


def handed_in(right, *, questions=None, seconds=600.0):
    """Return an exam of the real bank in which `right` says which answers are right."""
    items = paper.draw(bank.items(), seed=1)
    answers = {}
    for number, item in enumerate(items, start=1):
        if right(number, item):
            answers[item.key] = item.right
    keys = tuple(item.key for item in items)
    return sitting.Exam(
        1, keys, answers, set(), seconds, "2026-03-01T20:00:00", "2026-03-01T21:00:00"
    )


def test_shares_by_domain_and_in_all():
    found = result.of(handed_in(lambda n, item: item.domain in (1, 3)))
    assert [(s.right, s.asked) for s in found.domains] == [
        (18, 18),
        (0, 17),
        (14, 14),
        (0, 16),
    ]
    assert (found.whole.right, found.whole.asked, found.whole.percent) == (32, 65, "49%")
    assert found.unanswered == 33


@pytest.mark.parametrize("hits", [0, 1, 46, 64, 65])
def test_the_interval_is_the_exact_one(hits):
    share = result.of(handed_in(lambda n, item: n <= hits)).whole
    interval = share_interval(hits, 65)
    assert share.between == f"{100 * interval.low:.0f} to {interval.high:.0%}"


def test_what_the_numbers_do_not_say():
    shown = repr(result.of(handed_in(lambda n, item: n <= 46)))
    assert "65 questions say little" in shown
    assert "anything from 58 to 81%" in shown
    assert "50 of its 65" in shown
    assert "How shares become points is not published" in shown
    assert "you pass" not in shown.replace("would pass", "")


def test_at_most_five_labs_most_missed_first_with_their_sections():
    exam = handed_in(lambda n, item: False)
    found = result.of(exam).study
    assert len(found) == 5
    missed = [study.missed for study in found]
    assert missed == sorted(missed, reverse=True)
    items = sitting.of_course(exam)
    for study in found:
        own = [item for item in items if item.lab == study.lab]
        assert study.missed == len(own)
        assert set(study.sections) == {item.section for item in own}
        assert (catalog.NOTEBOOKS / study.page).exists()


def test_only_labs_of_missed_questions_are_named():
    exam = handed_in(lambda n, item: item.lab != "monitor/data_drift")
    (study,) = result.of(exam).study
    assert study.lab == "monitor/data_drift"
    assert "notebooks/4_monitor/10_data_drift.ipynb" in repr(result.of(exam))


def test_html_has_headers_links_and_no_color_alone(monkeypatch, tmp_path):
    page = result.of(handed_in(lambda n, item: False))
    shown = page._repr_html_()
    assert shown.count("<th scope='row'") == 5
    assert "<a href='" in shown
    assert "<script" not in shown
    monkeypatch.chdir(tmp_path)
    (tmp_path / "00_start_here.ipynb").touch()
    assert f"<a href='{page.study[0].page}'>" in page._repr_html_()
    (tmp_path / "1_prepare").mkdir()
    monkeypatch.chdir(tmp_path / "1_prepare")
    assert f"<a href='../{page.study[0].page}'>" in page._repr_html_()


def test_lost_questions_are_said_and_not_counted(monkeypatch):
    exam = handed_in(lambda n, item: True)
    rest = [item for item in bank.items() if item.key != exam.questions[0]]
    monkeypatch.setattr(bank, "items", lambda: rest)
    found = result.of(exam)
    assert (found.lost, found.whole.asked, found.whole.right) == (1, 64, 64)
    assert "1 questions of this exam" not in repr(found)
    assert "is not in the course any more" in repr(found)
    monkeypatch.setattr(bank, "items", lambda: [])
    with pytest.raises(ValueError, match="None of this exam's questions"):
        result.of(exam)


def test_every_missed_question_has_all_reasons_and_the_right_answer(small_bank):
    exam = sitting.Exam(
        3,
        tuple(item.key for item in small_bank),
        begun="2026-03-01T20:00:00",
        ended="2026-03-01T21:00:00",
    )
    missed = result.missed(exam)
    assert len(missed) == len(small_bank)
    for number, (item, text) in enumerate(zip(small_bank, missed, strict=True), start=1):
        assert text.startswith(f"Question {number} (")
        assert "Your answer: no answer. Right: " in text
        assert all(part.reason in text and part.text in text for part in item.parts)
    assert "trout → water" in missed[2]
    exam.answers[small_bank[0].key] = small_bank[0].right
    assert len(result.missed(exam)) == len(small_bank) - 1


def test_what_is_missed_is_escaped():
    assert "&lt;b&gt;" in result.explained_html("<b>")
