import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course.exam import bank
from labs_lib.course.exam.asked import Asked
from tests.course.exam import examples

TEXTS = {
    "choice": examples.CHOICE.format(number=1, domain=2),
    "response": examples.RESPONSE,
    "ordering": examples.ORDERING,
    "matching": examples.MATCHING,
}


@pytest.fixture
def asked(item_of):
    return lambda kind, seed=0: Asked(item_of(TEXTS[kind]), seed)


@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_written_is_read(asked, kind):
    for seed in range(20):
        question = asked(kind, seed)
        written = question.write(question.item.right)
        assert question.read(written) == question.item.right
        assert question.write(question.read(question.example)) == question.example


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("choice", "choose one"),
        ("response", "choose two"),
        ("ordering", "put in order"),
        ("matching", "match"),
    ],
)
def test_a_kind_in_words(asked, kind, how):
    assert asked(kind).how == how


def letter(question, text):
    return next(name for name, part in question.parts.items() if part.text == text)


def test_letters_mean_what_is_shown(asked):
    for seed in range(10):
        question = asked("response", seed)
        red, green = letter(question, "red"), letter(question, "green")
        assert question.item.is_right(question.read(f"{red} {green}"))
        assert question.item.is_right(question.read(f"{green}{red}"))
        question = asked("ordering", seed)
        steps = [letter(question, text) for text in ("get up", "wash", "eat")]
        assert question.item.is_right(question.read(" ".join(steps)))
        assert not question.item.is_right(question.read(" ".join(reversed(steps))))
        question = asked("matching", seed)
        where = {"trout": "c", "lark": "a", "pike": "c", "worm": "b"}
        pairs = [f"{number}{where[part.text]}" for number, part in question.parts.items()]
        assert question.item.is_right(question.read(" ".join(pairs)))
        assert question.item.is_right(question.read(",".join(reversed(pairs)).upper()))


@pytest.mark.parametrize(
    ("kind", "forms"),
    [
        ("choice", ["b", "B", " b ", "b."]),
        ("response", ["a c", "ca", "A, C", "c;a", "a-c"]),
        ("ordering", ["c a b", "cab", "c > a > b", "C,A,B"]),
        ("matching", ["1b 2a 3a 4c", "1b2a3a4c", "4C, 3A, 1B, 2A", "1-b 2-a 3-a 4-c"]),
    ],
)
def test_usual_forms(asked, kind, forms):
    assert len({asked(kind).read(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("choice", ""),
        ("choice", "e"),
        ("choice", "ab"),
        ("choice", "1"),
        ("choice", "é"),
        ("response", "a"),
        ("response", "a a"),
        ("response", "a b c"),
        ("response", "a f"),
        ("ordering", "a b"),
        ("ordering", "a b b"),
        ("ordering", "a b d"),
        ("matching", "1a 2b 3c"),
        ("matching", "1a 1b 2b 3c 4a"),
        ("matching", "1a 2b 3c 4d"),
        ("matching", "1a 2b 3c 5a"),
        ("matching", "a b c a"),
        ("matching", "1a 2b 3c 4a x"),
    ],
)
def test_what_is_no_answer_says_what_one_looks_like(asked, kind, line):
    question = asked(kind)
    with pytest.raises(
        ValueError, match=f"(?i){question.how}, such as: {question.example}"
    ):
        question.read(line)


@given(st.sampled_from(sorted(TEXTS)), st.text(max_size=12))
def test_any_line_is_an_answer_or_a_message(kind, line):
    parts = tuple(bank.Piece(t, "Why.", right=t in "ab", match=t * 2) for t in "abcde")
    item = bank.Item("x/y", kind, "?", 1, "c", "s", parts)
    asked = Asked(item, 1)
    try:
        answer = asked.read(line)
    except ValueError:
        return
    assert item.fits(answer)
    assert asked.read(asked.write(answer)) == answer


def test_the_text_shows_parts_matches_and_no_reason(asked):
    text = asked("matching").plain()
    assert "1) " in text
    assert "a) air" in text
    assert "c) water" in text
    assert "gills" not in text
