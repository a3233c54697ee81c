from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course import guides
from labs_lib.course.exam import bank, paper

SEEDS = st.integers(0, 2**32)
NEEDS = {1: 18, 2: 17, 3: 14, 4: 16}
ALL_NEEDS = {"MLA-C01": NEEDS, "DEA-C01": {1: 22, 2: 17, 3: 14, 4: 12}}
EXAMS = st.sampled_from(sorted(guides.GUIDES))


def small(count):
    """Return a bank with so many questions of each domain."""
    parts = tuple(bank.Piece(text, "Why.", right=text == "a") for text in "abcd")
    return [
        bank.Item("x/y", "choice", f"{domain} {n}", domain, "c", "s", parts)
        for domain in NEEDS
        for n in range(count)
    ]


def test_the_weights_of_the_exam_guide():
    assert {exam: paper.shares(exam) for exam in guides.GUIDES} == ALL_NEEDS
    assert sum(NEEDS.values()) == paper.QUESTIONS == 65


@given(EXAMS, st.integers(1, 65))
def test_shares_add_up_and_are_near_their_weights(exam, questions):
    shares = paper.shares(exam, questions)
    assert sum(shares.values()) == questions
    for domain, count in shares.items():
        assert abs(count - questions * guides.find(exam).domains[domain].percent / 100) < 1


@given(EXAMS, SEEDS)
def test_an_exam_has_its_counts_and_no_question_twice(exam, seed):
    drawn = paper.draw(bank.items(), exam=exam, seed=seed)
    assert Counter(item.domain_in(exam) for item in drawn) == ALL_NEEDS[exam]
    assert len({item.key for item in drawn}) == len(drawn) == 65


@given(SEEDS)
def test_a_seed_is_an_exam(seed):
    assert paper.draw(bank.items(), seed=seed) == paper.draw(bank.items(), seed=seed)


@given(SEEDS, st.integers(18, 40), st.integers(1, 4))
def test_two_exams_share_as_few_questions_as_the_bank_allows(seed, count, exams):
    items, asked = small(count), Counter()
    for number in range(exams):
        drawn = paper.draw(items, seed=seed + number, asked=asked)
        # Nobody is asked a question again while there is one that was asked less often.
        for domain in NEEDS:
            chosen = {i.key for i in drawn if i.domain == domain}
            left = [
                asked[i.key] for i in items if i.domain == domain and i.key not in chosen
            ]
            assert max(asked[key] for key in chosen) <= min(left, default=9)
        again = sum(asked[item.key] > 0 for item in drawn)
        if number == 1:
            assert again == sum(max(0, 2 * need - count) for need in NEEDS.values())
        asked.update(item.key for item in drawn)


def test_seeds_give_other_exams():
    papers = {tuple(i.key for i in paper.draw(bank.items(), seed=s)) for s in range(20)}
    assert len(papers) == 20


@pytest.mark.parametrize("questions", [0, -1, 66])
def test_an_exam_has_1_to_65_questions(questions):
    with pytest.raises(ValueError, match="give 1 to 65"):
        paper.draw(bank.items(), seed=0, questions=questions)


def test_a_bank_that_is_too_small_says_so():
    with pytest.raises(
        ValueError, match="has 17 questions of domain 1 of MLA-C01; an exam takes 18"
    ):
        paper.draw(small(17), seed=0)


@given(SEEDS)
def test_every_part_is_shown_once_and_the_order_is_kept(seed):
    for item in paper.draw(bank.items(), seed=seed, questions=10):
        shown = paper.shown(item, seed=seed)
        assert sorted(shown) == list(range(len(item.parts)))
        assert shown == paper.shown(item, seed=seed)


@given(SEEDS)
def test_steps_never_stand_in_the_right_order(seed):
    for count in (3, 4, 5):
        parts = tuple(bank.Piece(f"step {n}", "Why.") for n in range(count))
        item = bank.Item("x/y", "ordering", "?", 1, "c", "s", parts)
        assert paper.shown(item, seed=seed) != list(range(count))


def test_the_place_of_the_right_option_says_nothing():
    places = Counter()
    items = [item for item in bank.items() if item.kind == "choice"]
    for seed in range(40):
        places.update(paper.shown(i, seed=seed).index(i.right[0]) for i in items)
    total = 40 * len(items)
    error = (0.25 * 0.75 / total) ** 0.5
    for place in range(4):
        assert abs(places[place] / total - 0.25) < 4 * error


def test_orders_of_steps_are_used_alike():
    parts = tuple(bank.Piece(text, "Why.") for text in "abc")
    item = bank.Item("x/y", "ordering", "?", 1, "c", "s", parts)
    orders = Counter(tuple(paper.shown(item, seed=seed)) for seed in range(3_000))
    assert len(orders) == 5
    assert min(orders.values()) > 500
