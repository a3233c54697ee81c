import duckdb
import pandas as pd
import pytest
import stdnum.iban
import stdnum.luhn
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.prepare.sensitive_data import (
    Masking,
    Policy,
    find,
    iban_digits,
    iban_valid,
    luhn_digit,
    luhn_valid,
    severity,
)

DIGITS = st.text("0123456789", min_size=2, max_size=24)
ACCOUNTS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=30)

# Checksums -----------------------------------------------------------------------------------


@given(DIGITS)
def test_luhn_agrees_with_stdnum(digits):
    assert luhn_valid(digits) == stdnum.luhn.is_valid(digits)
    assert luhn_digit(digits) == stdnum.luhn.calc_check_digit(digits)


@given(DIGITS, st.data())
def test_luhn_finds_each_wrong_digit(digits, data):
    whole = digits + luhn_digit(digits)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != whole[place]]))
    assert luhn_valid(whole)
    assert not luhn_valid(whole[:place] + other + whole[place + 1 :])


def test_luhn_does_not_see_that_09_became_90():
    number = "490912" + luhn_digit("490912")
    assert luhn_valid(number.replace("09", "90"))


def test_luhn_ignores_spaces_and_hyphens():
    assert luhn_valid("4111 1111-1111 1111")


@pytest.mark.parametrize(
    "number", ["", "7", " - ", "12a4", "١٢٣", "12.5", 4111111111111111, None]
)
def test_luhn_refuses(number):
    with pytest.raises(ValueError, match="expected"):
        luhn_valid(number)


@given(st.sampled_from(["DE", "GB", "fr"]), ACCOUNTS)
def test_iban_is_valid_with_its_digits_only(country, account):
    right = iban_digits(country, account)
    valid = [n for n in range(100) if iban_valid(f"{country}{n:02d}{account}")]
    assert valid == [int(right)]


@pytest.mark.parametrize(
    "number",
    [
        "GB82 WEST 1234 5698 7654 32",
        "DE89 3704 0044 0532 0130 00",
        "FR14 2004 1010 0505 0001 3M02 606",
    ],
)
def test_iban_agrees_with_stdnum(number):
    assert stdnum.iban.is_valid(number)
    assert iban_valid(number)
    assert iban_valid(number.lower())
    assert not iban_valid(number[:-1] + ("1" if number[-1] != "1" else "2"))


@given(st.integers(0, 10**18 - 1))
def test_iban_of_germany_agrees_with_stdnum(account):
    text = f"{account:018d}"
    assert iban_digits("DE", text) == stdnum.iban.calc_check_digits(f"DE00{text}")


@given(st.integers(2, 98), st.integers(0, 10**18 - 1))
def test_an_iban_of_any_check_digits_is_judged_as_by_stdnum(check, account):
    for digits in (f"{check:02d}", stdnum.iban.calc_check_digits(f"DE00{account:018d}")):
        text = f"DE{digits}{account:018d}"
        assert iban_valid(text) == stdnum.iban.is_valid(text, check_country=False)


def test_iban_has_34_characters_at_most():
    assert iban_valid("DE" + iban_digits("DE", "1" * 30) + "1" * 30)
    assert not iban_valid("DE" + "55" + "1" * 31)
    assert not iban_valid("")


@pytest.mark.parametrize(
    ("country", "account"),
    [("D", "1"), ("DE", ""), ("D1", "1"), ("DE", "1" * 31), ("DE", "ä")],
)
def test_iban_digits_refuses(country, account):
    with pytest.raises(ValueError, match="expected two letters"):
        iban_digits(country, account)


def test_iban_refuses_numbers():
    with pytest.raises(ValueError, match="expected a string"):
        iban_valid(12)


# Scanner -------------------------------------------------------------------------------------

CARD = "492912341234001" + luhn_digit("492912341234001")
IBAN = "GB82 WEST 1234 5698 7654 32"


def texts(text, column="", **options):
    return [one.text for one in find(text, column, **options)]


@pytest.mark.parametrize(
    "word", ["card number", "Card Number", "CARDNUMBER", "card_number", "card-number"]
)
def test_keywords_in_each_form(word):
    assert texts(f"the {word}: {CARD}") == [CARD]
    assert texts(CARD, word) == [CARD]


@pytest.mark.parametrize("gap", [0, 1, 30, 31])
def test_a_keyword_may_be_30_characters_away(gap):
    wanted = [CARD] if gap <= 30 else []
    assert texts("card number" + " " * (gap - 1) + "," * (gap > 0) + CARD) == (
        wanted if gap else []  # without a gap it is one word
    )
    if gap:
        assert texts(CARD + "," + " " * (gap - 1) + "card number") == wanted


def test_keywords_are_whole_words():
    assert texts(f"discard numbers {CARD}") == []


def test_without_keyword_or_in_another_column():
    assert texts(CARD) == texts(CARD, "reference") == []
    assert texts(CARD, keyword=False) == [CARD]


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "5555 5555 5555 4444", "378282246310005", "6011111111111117"],
)
def test_public_test_numbers_are_left_out(number):
    assert luhn_valid(number)
    assert texts(number, "card number") == []
    assert texts(number, "card number", issuer=False) == [number]


@given(st.text("0123456789", min_size=1, max_size=25))
def test_a_card_has_13_to_19_digits_and_a_checksum(digits):
    found = texts(digits, "card number", issuer=False)
    right = 13 <= len(digits) <= 19 and stdnum.luhn.is_valid(digits)
    assert found == ([digits] if right else [])


def test_an_issuer_is_needed():
    number = "912912341234001"
    number += luhn_digit(number)
    assert texts(number, "card number") == []
    assert texts(number, "card number", issuer=False) == [number]


def test_cards_with_gaps_and_letters_beside():
    spaced = " ".join(CARD[i : i + 4] for i in range(0, 16, 4))
    assert texts(f"card number {spaced}.") == [spaced]
    assert texts(f"card number x{CARD}") == texts(f"card number {CARD}x") == []


def test_iban_with_words_behind():
    assert texts(f"IBAN {IBAN} THANK YOU") == [IBAN]
    assert texts(f"IBAN {IBAN[:-1]}1") == []
    assert find(f"IBAN {IBAN}")[0].kind == "IBAN"


@given(st.text(max_size=60))
def test_findings_lie_where_they_say(text):
    for one in find(text, "card number iban", checksum=False, issuer=False):
        assert text[one.start : one.end] == one.text


def test_kinds():
    both = f"card number {CARD}, iban {IBAN}"
    assert len(find(both)) == 2
    assert texts(both, kinds=["IBAN"]) == [IBAN]


@pytest.mark.parametrize("arguments", [(12,), ("a", None), (None, "a")])
def test_find_refuses_what_is_no_text(arguments):
    with pytest.raises(ValueError, match="expected a string"):
        find(*arguments)


@pytest.mark.parametrize("kinds", ["IBAN", ["EMAIL"]])
def test_find_refuses_kinds(kinds):
    with pytest.raises(ValueError, match="kinds is"):
        find("", kinds=kinds)


@pytest.mark.parametrize(
    ("kind", "grades"),
    [
        ("CREDIT_CARD_NUMBER", "High High High High"),
        ("PHONE_NUMBER", "Low Medium Medium High"),
        ("USA_PASSPORT_NUMBER", "Medium High High High"),
        ("LATITUDE_LONGITUDE", "Low Medium Medium Medium"),
        ("VEHICLE_IDENTIFICATION_NUMBER", "Low Low Low Medium"),
        ("CREDIT_CARD_SECURITY_CODE", "Medium High High High"),
    ],
)
def test_severity(kind, grades):
    assert [severity(kind, n) for n in (1, 2, 99, 100)] == grades.split()


@pytest.mark.parametrize(
    ("kind", "count"), [("X", 1), ("NAME", 0), ("NAME", 1.5), ("NAME", True)]
)
def test_severity_refuses(kind, count):
    with pytest.raises(ValueError, match="expected"):
        severity(kind, count)


# Masks ---------------------------------------------------------------------------------------

PEOPLE = pd.DataFrame(
    {
        "address": ["High St 1", "Low St 2"],
        "card": ["1111222233334444", "5555666677778888"],
        "ssn": ["123", "456"],
        "age": [30, 40],
    }
)
TYPES = {"address": "VARCHAR", "card": "VARCHAR", "ssn": "VARCHAR", "age": "INTEGER"}
PARTIAL = Policy("partial", ["a", "c"], ["left(a, 4)", "'*' || right(c, 4)"])
FULL = Policy("full", ["c", "s"], ["'card'", "'ssn'"])
HIDDEN = Policy("hidden", ["x"], ["'hidden'"])


@pytest.fixture
def con():
    connection = duckdb.connect()
    connection.register("given", PEOPLE)
    connection.sql("CREATE TABLE people AS SELECT * FROM given")
    return connection


@pytest.fixture
def masks():
    made = Masking(TYPES)
    made.attach(PARTIAL, ["address", "card"], to="role:analytics", priority=20)
    made.attach(FULL, ["card", "ssn"], to="role:auditor", priority=30)
    return made


def test_the_worked_case_of_the_guide(masks, con):
    both = {"user": "ann", "roles": ["analytics", "auditor"]}
    assert masks.winners(**both) == {"address": "partial", "card": "full", "ssn": "full"}
    seen = masks.query(con, "people", "SELECT * FROM people", **both)
    assert seen["address"].tolist() == ["High", "Low "]
    assert seen["card"].tolist() == ["card", "card"]
    assert seen["ssn"].tolist() == ["ssn", "ssn"]
    assert seen["age"].tolist() == [30, 40]


def test_without_an_attachment_all_is_plain(masks, con):
    seen = masks.query(con, "people", "SELECT * FROM people", user="ann")
    assert (seen.to_numpy() == PEOPLE.to_numpy()).all()


def test_a_user_does_not_win_by_itself():
    masks = Masking(["card"])
    masks.attach(Policy("a", ["c"], ["'a'"]), ["card"], to="role:r", priority=5)
    masks.attach(Policy("b", ["c"], ["'b'"]), ["card"], to="ann", priority=4)
    masks.attach(Policy("p", ["c"], ["'p'"]), ["card"])
    assert masks.winners(user="ann", roles=["r"]) == {"card": "a"}
    assert masks.winners(user="ann") == {"card": "b"}
    assert masks.winners(user="bob") == {"card": "p"}
    assert masks.winners(user="r") == {"card": "p"}


@given(st.permutations(range(5)), st.sets(st.integers(0, 4)))
def test_the_highest_number_wins_whatever_the_order(order, mine):
    masks = Masking(["card"])
    for n in order:
        masks.attach(Policy(f"p{n}", ["c"], ["c"]), ["card"], to=f"role:r{n}", priority=n)
    won = masks.winners(user="ann", roles=[f"r{n}" for n in mine])
    assert won == ({"card": f"p{max(mine)}"} if mine else {})


def test_masks_come_before_where_and_join(masks, con):
    con.sql("CREATE TABLE other AS SELECT card FROM people")
    auditor = {"user": "ann", "roles": ["auditor"]}
    where = "SELECT * FROM people WHERE card = '1111222233334444'"
    join = "SELECT * FROM people JOIN other USING (card)"
    for sql in (where, join):
        assert masks.query(con, "people", sql, **auditor).empty
        assert not masks.query(con, "people", sql, user="ann").empty
    assert con.sql("SELECT * FROM people").df()["card"].tolist() == PEOPLE["card"].tolist()


def test_a_condition_reads_another_column(con):
    masks = Masking(TYPES)
    old = Policy("old", ["card", "age"], ["CASE WHEN age > 35 THEN 'x' ELSE card END"])
    masks.attach(old, ["card"], using=["card", "age"])
    seen = masks.query(con, "people", "SELECT card FROM people", user="ann")
    assert seen["card"].tolist() == ["1111222233334444", "x"]


def test_a_mask_has_to_fit_the_type(con):
    masks = Masking(TYPES)
    masks.attach(HIDDEN, ["age"])
    with pytest.raises(ValueError, match="does not fit"):
        masks.query(con, "people", "SELECT age FROM people", user="ann")


def test_the_same_policy_may_share_a_priority_and_others_may_not():
    masks = Masking(TYPES)
    masks.attach(HIDDEN, ["card"], to="role:a", priority=1)
    masks.attach(HIDDEN, ["card"], to="role:b", priority=1)
    with pytest.raises(ValueError, match="has priority 1"):
        masks.attach(Policy("q", ["x"], ["x"]), ["card"], to="role:c", priority=1)
    with pytest.raises(ValueError, match="already; detach"):
        masks.attach(HIDDEN, ["card"], to="role:a", priority=7)
    masks.attach(Policy("q", ["x"], ["x"]), ["ssn"], to="role:c", priority=1)


def test_detach(masks):
    masks.detach(FULL, to="role:auditor")
    assert masks.winners(user="ann", roles=["auditor"]) == {}
    with pytest.raises(ValueError, match="not attached"):
        masks.detach(FULL, to="role:auditor")


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ("card", {}),
        (["card", "ssn"], {}),
        (["nothing"], {}),
        (["card"], {"using": ["nothing"]}),
        (["card"], {"using": ["card", "ssn"]}),
        (["card"], {"priority": 1.5}),
        (["card"], {"to": "role:"}),
        (["card"], {"to": ""}),
    ],
)
def test_attach_refuses(columns, options):
    masks = Masking(TYPES)
    with pytest.raises(ValueError, match="expected"):
        masks.attach(HIDDEN, columns, **options)
    assert masks.winners(user="ann") == {}


def test_attach_refuses_a_column_twice():
    with pytest.raises(ValueError, match="each column once"):
        Masking(TYPES).attach(FULL, ["card", "card"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("", ["c"], ["c"]),
        ("p", [], ["c"]),
        ("p", "c", ["c"]),
        ("p", ["c", "c"], ["c"]),
        ("p", ["c"], []),
    ],
)
def test_policy_refuses(arguments):
    with pytest.raises(ValueError, match="expected"):
        Policy(*arguments)


@pytest.mark.parametrize("columns", ["card", [], {}])
def test_masking_refuses(columns):
    with pytest.raises(ValueError, match="expected the names"):
        Masking(columns)


def test_query_refuses(masks, con):
    with pytest.raises(ValueError, match="expected a SELECT"):
        masks.query(con, "people", "DROP TABLE people", user="ann")
    with pytest.raises(ValueError, match="collection of names"):
        masks.winners(user="ann", roles="auditor")
