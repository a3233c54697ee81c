import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course.classroom import names


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Björn Þórsson",
        "Дарья",
        "فاطمة",
        "花子",
        "김민준",
        "นภา",
        "प्रिया",
        "Zoë 🦉",
        "می‌خواهم",
    ],
)
def test_a_name_of_any_script_stays(name):
    assert names.clean(f"  {name}\n") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("\u202egnirts", "gnirts"),
        ("a\u2066b\u2069", "ab"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("a\u2028b", "a b"),
        ("a \t\n b", "a b"),
        ("e" + 20 * "\u0301", "é" + 4 * "\u0301"),
        ("\ud800x", "x"),
    ],
)
def test_what_turns_or_covers_text_goes(given, kept):
    assert names.clean(given) == kept


@pytest.mark.parametrize(
    "name", ["", "   ", "\u202e", "\u200d", "\u0301", 41 * "a", 10**6 * "a", None, 3]
)
def test_no_name(name):
    with pytest.raises(ValueError, match=r"^The name "):
        names.clean(name)


@given(st.text(max_size=60))
def test_a_clean_name_is_clean(text):
    try:
        found = names.clean(text)
    except ValueError:
        return
    assert 0 < len(found) <= names.LONGEST
    assert names.clean(found) == found
    kinds = {unicodedata.category(sign) for sign in found if sign not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(
    st.lists(
        st.sampled_from(["Ana", "ANA", "Ana 2", "ａｎａ", "Bo", 40 * "x"]), max_size=12
    )
)
def test_each_name_of_a_room_is_there_once(given):
    taken = []
    for name in given:
        taken.append(names.numbered(name, taken))
        assert len(taken[-1]) <= names.LONGEST
    alike = {unicodedata.normalize("NFKC", name).casefold() for name in taken}
    assert len(alike) == len(taken)


def test_the_second_of_a_name_has_the_number_two():
    assert names.numbered("ana", ["Ana"]) == "ana 2"


def test_every_pseudonym_is_known_as_one_and_each_is_there_once():
    taken = set()
    for _ in range(3_000):  # more than there are without numbers
        taken.add(names.pseudonym(taken))
    assert len(taken) == 3_000
    assert all(map(names.is_pseudonym, taken))
    assert not names.is_pseudonym("amber <b>")
    assert not names.is_pseudonym(None)
