import re
import tomllib
from collections import Counter

import pytest

from labs_lib import cli
from labs_lib.course import catalog, guides, quiz, source
from labs_lib.course.exam import bank, paper, table
from labs_lib.course.exam.asked import NUMBERS
from tests.course.exam import examples

CHOICE = examples.CHOICE.format(number=1, domain=2)


def test_every_kind_is_read(load):
    items = load(examples.BANK)
    assert Counter(item.kind for item in items) == {
        "choice": 4,
        "response": 1,
        "ordering": 1,
        "matching": 1,
    }
    response, ordering, matching, choice, *_ = items
    assert response.right == (0, 3)
    assert ordering.right == (0, 1, 2)
    assert matching.matches == ("air", "earth", "water")
    assert matching.right == (2, 0, 2, 1)
    assert choice.right == (1,)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (CHOICE, [[1]], [[0], [2], [], [1, 2]]),
        (examples.RESPONSE, [[0, 3], [3, 0]], [[0], [0, 1], [0, 3, 4], []]),
        (examples.ORDERING, [[0, 1, 2]], [[0, 2, 1], [2, 1, 0], [0, 1], []]),
        (examples.MATCHING, [[2, 0, 2, 1]], [[2, 0, 2, 0], [2, 0, 2], []]),
    ],
)
def test_all_or_nothing(item_of, text, right, wrong):
    item = item_of(text)
    assert all(item.is_right(answer) for answer in right)
    assert not any(item.is_right(answer) for answer in wrong)


@pytest.mark.parametrize(
    ("text", "fitting", "not_fitting"),
    [
        (CHOICE, [[3]], [[], [4], [-1], [0, 1]]),
        (examples.RESPONSE, [[1, 4]], [[1], [1, 1], [1, 5], [0, 1, 2]]),
        (examples.ORDERING, [[2, 0, 1]], [[0, 1], [0, 1, 1], [1, 2, 3]]),
        (examples.MATCHING, [[0, 0, 0, 0]], [[0, 0, 0], [0, 0, 0, 3], [0, 0, 0, -1]]),
    ],
)
def test_the_form_of_an_answer(item_of, text, fitting, not_fitting):
    item = item_of(text)
    assert all(item.fits(answer) for answer in fitting)
    assert not any(item.fits(answer) for answer in not_fitting)


def test_a_key_belongs_to_what_is_asked_and_not_to_the_reasons(item_of):
    key = item_of(CHOICE).key
    assert item_of(CHOICE.replace("Not the first", "Never the first")).key == key
    assert item_of(CHOICE.replace("first 1", "the first 1")).key != key
    assert item_of(CHOICE.replace("Which", "What")).key != key
    matching = item_of(examples.MATCHING).key
    assert item_of(examples.MATCHING.replace('"earth"', '"soil"')).key != matching


def test_a_lab_without_a_file_adds_nothing(tmp_path):
    assert bank.load(tmp_path / "exam.toml", "train/xgboost") == []


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (CHOICE, "[[question]]", "[[question", "train/xgboost/exam.toml is not valid TOML"),
        (CHOICE, CHOICE, "", "has to hold"),
        (CHOICE, "[[question]]", "[question]", "has to hold"),
        (CHOICE, "[[question]]", "title = 1\n[[question]]", "has to hold"),
        (
            CHOICE,
            CHOICE,
            "question = [1]",
            r"question 1: 1 is not a \[\[question\]\] table",
        ),
        (CHOICE, '"choice"', '"essay"', "its kind is 'essay', expected one of choice"),
        (CHOICE, '"choice"', "[1]", "its kind is"),
        (CHOICE, 'kind = "choice"', "", "its kind is None"),
        (CHOICE, "domain = 2", "domain = 5", "its domain is 5, expected 1 to 4"),
        (CHOICE, "domain = 2", "domain = true", "its domain is True"),
        (CHOICE, "domain = 2", "domain = [2]", r"its domain is \[2\]"),
        (CHOICE, "domain = 2", "", "domain missing"),
        (CHOICE, 'concept = "sm-xgboost"', "", "concept missing"),
        (CHOICE, 'section = "On trial"', 'section = ""', "section missing"),
        (CHOICE, "domain = 2", "domain = 2\nhint = 1", "unknown field hint; a table"),
        (CHOICE, ', reason = "Not the first."', "", "question 1: reason missing"),
        (CHOICE, "right = true", "rigth = true", "unknown field rigth"),
        (CHOICE, "right = true", "right = 1", "right is 1, expected true"),
        (CHOICE, ", right = true", "", "0 options are right, expected one"),
        (CHOICE, 'first."}', 'first.", right = true}', "2 options are right, expected one"),
        (CHOICE, "third 1", "first 1", "have the same text"),
        (
            CHOICE,
            '    {text = "first 1", reason = "Not the first."},\n',
            "",
            r"it has 3 of \[\[question.option\]\], expected 4 to 4",
        ),
        (CHOICE, CHOICE[CHOICE.index("option =") :], "option = 3", "its parts have to be"),
        (CHOICE, CHOICE[CHOICE.index("option =") :], 'option = ["x"]', "'x' is not a"),
        (examples.RESPONSE, 'green.", right = true', 'green."', "1 options are right"),
        (examples.ORDERING, "step =", "option =", "step missing"),
        (examples.ORDERING, 'awake."', 'awake.", right = true', "unknown field right"),
        (examples.MATCHING, ', match = "air"', "", "match missing"),
        (
            examples.MATCHING,
            '"air"',
            '"water"',
            None,
        ),
    ],
)
def test_a_broken_file_says_what_is_wrong(load, text, old, new, message):
    assert old in text
    broken = text.replace(old, new, 1)
    if message is None:
        assert load(broken)  # two matches are left, which is enough
        return
    with pytest.raises(ValueError, match=message):
        load(broken)


def test_a_question_may_be_of_two_exams(item_of):
    item = item_of(CHOICE)
    assert (item.exam, item.domain_in("DEA-C01")) == ("MLA-C01", None)
    both = item_of(CHOICE.replace("concept =", 'also = {"DEA-C01" = 4}\nconcept ='))
    assert both.domain_in("MLA-C01") == item.domain
    assert both.domain_in("DEA-C01") == 4
    assert both.key == item.key


@pytest.mark.parametrize(
    ("also", "message"),
    [
        ("4", "its also is 4, expected a table such as"),
        ('{"DEA-C01" = 5}', "its domain is 5, expected 1 to 4"),
        ('{"DEA-C01" = true}', "its domain is True, expected 1 to 4"),
        ('{"AIF-C01" = 1}', "no exam 'AIF-C01' here; give one of MLA-C01, DEA-C01"),
    ],
)
def test_an_exam_or_a_domain_that_is_not_there_is_refused(load, also, message):
    with pytest.raises(ValueError, match=message):
        load(CHOICE.replace("concept =", f"also = {also}\nconcept ="))


def test_pairs_with_one_match_are_refused(load):
    same = re.sub(r'match = "\w+"', 'match = "water"', examples.MATCHING)
    with pytest.raises(ValueError, match="all pairs have the same match"):
        load(same)


def test_the_same_question_twice_is_refused(load, monkeypatch):
    (item,) = load(CHOICE)
    monkeypatch.setattr(bank, "load", lambda file, lab: [item])
    bank.items.cache_clear()
    with pytest.raises(ValueError, match="has this question twice"):
        bank.items()
    bank.items.cache_clear()


def test_a_quiz_question_is_an_item_if_it_is_one_of_four():
    options = {k: quiz.Option(k, "Why.", right=k == "a") for k in "abcd"}
    assert bank.of_quiz("x/y", quiz.Question("?", options, domain=1)).right == (0,)
    assert bank.of_quiz("x/y", quiz.Question("?", options)) is None
    two = options | {"b": quiz.Option("b", "Why.", right=True)}
    assert bank.of_quiz("x/y", quiz.Question("?", two, domain=1)) is None
    three = {k: options[k] for k in "abc"}
    assert bank.of_quiz("x/y", quiz.Question("?", three, domain=1)) is None


@pytest.mark.parametrize("lab", catalog.labs(), ids=lambda lab: lab.id)
def test_every_question_is_proven_by_its_lab(lab):
    concepts = {concept.id for concept in catalog.concepts()}
    sections = {title for level, title in source.read(lab).headings() if level > 1}
    for item in bank.items():
        if item.lab == lab.id:
            assert item.section in sections, item.text
            assert item.concept in concepts, item.text
            assert item.domain_in(item.exam) in guides.find(item.exam).domains
            assert item.text.strip()
            assert all(part.text.strip() and part.reason.strip() for part in item.parts)


def test_a_question_says_how_many_to_choose():
    for item in bank.items():
        said = re.findall(r"[Cc]hoose (two|three|four)", item.text)
        if item.kind == "response":
            assert said == [NUMBERS[len(item.right)]], item.text
        if item.kind == "choice":
            assert not said, item.text


@pytest.mark.parametrize("exam", guides.GUIDES)
def test_the_bank_is_enough_for_an_exam(exam):
    counts = Counter(item.domain_in(exam) for item in bank.items())
    assert all(counts[domain] >= need for domain, need in paper.shares(exam).items())


def test_keys_differ():
    keys = [item.key for item in bank.items()]
    assert len(set(keys)) == len(keys)


def test_files_are_part_of_the_package():
    text = (catalog.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)["tool"]["setuptools"]["package-data"]["labs_lib"]
    assert "labs/**/*.toml" in data


def test_the_table_counts_kinds_lengths_and_letters(load):
    shown = table.text(load(examples.BANK))
    assert re.search(r"^Data preparation +1 +1 +0 +0 +2 ", shown, re.MULTILINE)
    assert re.search(
        r"^DEA-C01 +choice .*\n(Data .* 0 +0 +0 +0 +0 .*\n){4}all", shown, re.M
    )
    assert re.search(r"^train/xgboost +4 +1 +1 +1 +7 ", shown, re.MULTILINE)
    assert "b in 100%" in shown


def test_equal_lengths_share_a_guess(item_of):
    item = item_of(CHOICE)  # first, second, third, fourth
    assert table.share_of_longest(item) == 0.5
    assert table.share_of_longest(item, shortest=True) == 0


def test_the_command_prints_the_table(capsys):
    assert cli.main(["exam", "--bank"]) == 0
    assert "monitor/data_drift" in capsys.readouterr().out
