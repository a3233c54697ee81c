"""The rule for outputs: what may differ between two runs, what may not, and by how much."""

import random
import re
from decimal import Decimal
from fractions import Fraction

import nbformat
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nbformat import v4

from labs_lib.course import catalog, outputs
from labs_lib.course.facts import Fact, FactTable

SOLUTIONS = sorted((catalog.NOTEBOOKS / "solutions").rglob("*.ipynb"))
KEYS = ("text/plain", "text/html", "text/markdown", "text/latex")


def stdout(*pieces):
    return [v4.new_output("stream", name="stdout", text=text) for text in pieces]


def shown(**data):
    data = {key.replace("_", "/"): value for key, value in data.items()}
    return [v4.new_output("execute_result", data=data)]


def differ(expected, found, *, tags=(), strict=False):
    """Compare two texts as stdout, and as plain text and HTML of a result."""
    assert isinstance(expected, str)
    plain = outputs.differences(stdout(expected), stdout(found), tags=tags, strict=strict)
    results = outputs.differences(
        shown(text_plain=expected), shown(text_plain=found), tags=tags, strict=strict
    )
    assert len(plain) == len(results)
    return plain


def differ_html(expected, found, **options):
    return outputs.differences(shown(text_html=expected), shown(text_html=found), **options)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("0.909", "0.908"),
        ("0.909", "0.913"),  # 0.5 %
        ("0.1", "0.2"),  # one unit of the last place
        ("0.00", "-0.00"),
        ("−0.00", "0.00"),
        ("0.01", "0.00"),
        ("-0.01", "0.00"),
        ("-0", "0"),
        ("+0.01", "-0.00"),
        ("+0.022", "+0.023"),
        ("−3.21", "−3.20"),
        ("1,234.5", "1,233.0"),
        ("999.9", "1,000.2"),
        ("1.2e-05", "1.3e-05"),
        ("2e-05", "3e-05"),
        ("9.9e-05", "1.0e-04"),
        ("2.435e+04", "2.436e+04"),
        ("12.3%", "12.4%"),
        ("0.04 (0.01 to 0.07)", "0.05 (0.01 to 0.06)"),
        ("[0.04, 0.07]", "[0.05, 0.07]"),
        ("0.04-0.07", "0.05-0.06"),
        ("array([ 9.99, 10.  ])", "array([10.00, 10.  ])"),
        ("(-9.531, 2)", "(-9.532, 2)"),
    ],
)
def test_within_the_rule(expected, found):
    assert differ(expected, found) == []
    assert differ(expected, found, strict=True) != []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("0.909", "0.903"),
        ("0.1", "0.3"),
        ("0.03", "0.00"),
        ("0.01", "-0.01"),
        ("−3.21", "3.21"),
        ("−3.21", "-3.21"),
        ("3.21", "+3.21"),
        ("0.50", "0.5"),
        ("0.5", "0.50"),
        ("0.5", ".5"),
        ("1.0", "1"),
        ("0.5", "nan"),
        ("1,234.5", "1234.5"),
        ("1,234", "1,235"),
        ("550,922", "550,921"),
        ("12", "13"),
        ("-1", "1"),
        ("1", "+1"),
        ("1e+06", "2e+06"),
        ("1e-05", "1e-06"),
        ("1e-05", "1E-05"),
        ("0.0001", "1e-04"),
        ("12%", "13%"),
        ("12.3%", "12.4"),
        ("0.04 (0.01 to 0.07)", "0.04 (0.01 to 0.09)"),
        ("0.04 (0.01 to 0.07)", "0.04 (-0.01 to 0.07)"),
        ("higher by 0.04", "lower by 0.04"),
        ("1234567890123456789012345678901", "1234567890123456789012345678902"),
    ],
)
def test_beyond_the_rule(expected, found):
    assert differ(expected, found) != []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("sha256", "sha255"),
        ("3.11.7", "3.11.8"),
        ("3.11.7", "3.12.7"),
        ("xgboost-3.2", "xgboost-3.3"),
        ("v2.1", "v2.2"),
        ("gpt-3.5-turbo", "gpt-3.6-turbo"),
        ("2013-05-01", "2013-05-02"),
        ("12:30:45.50", "12:30:45.51"),
        ("x2", "x3"),
        ("1.5s", "1.6s"),
        ("customer_count_1d", "customer_count_7d"),
        ("seen.robust_0_1_weeks", "seen.robust_0_2_weeks"),
        ("#0072B2", "#0072B3"),
        ("0.25_frauds", "0.26_frauds"),
        ("R²", "R³"),
    ],
)
def test_digits_in_words_names_dates_and_versions_are_text(expected, found):
    (difference,) = differ(expected, found)
    assert difference.tolerance is None


def test_what_a_difference_says():
    (one,) = differ("a\nrecall 0.909 4", "a\nrecall 0.903 4")
    assert str(one) == (
        "output 1, stdout, line 2, number 1: found 0.903, expected 0.909, tolerance 0.004545"
    )
    (one,) = differ("5", "6")
    assert str(one) == "output 1, stdout, number 1: found 6, expected 5, tolerance 0"
    (one,) = differ("0.50", "0.5")
    assert str(one) == (
        "output 1, stdout, number 1 is written in another way: found '0.5', expected '0.50'"
    )


decimals = st.integers(1, 6)
units = st.integers(-(10**9), 10**9)


def written(units, places, form=","):
    """Write a number of `units` of the last place, exactly."""
    return f"{'-' * (units < 0)}{abs(units) // 10**places:{form}}" + (
        f".{abs(units) % 10**places:0{places}d}" if places else ""
    )


@given(units, decimals, st.integers(-20, 20) | units, st.sampled_from([",", "d"]))
def test_a_decimal_may_move_by_one_unit_or_half_a_percent(old, places, by, form):
    expected, found = (written(n, places, form) for n in (old, old + by))
    agree = abs(by) <= max(1, Fraction(abs(old), 200))
    assert (differ(f"x = {expected} %", f"x = {found} %") == []) is agree


@given(units, decimals, st.integers(1, 50))
def test_a_declared_tolerance_widens_the_rule_for_decimals(old, places, by):
    expected, found = (written(n, places) for n in (old, old + by))
    agree = by <= max(1, Fraction(abs(old), 200), Fraction(10**places, 50))
    assert (differ(expected, found, tags=["tolerance=0.02"]) == []) is agree
    assert differ("7", "8", tags=["tolerance=2"]) != []


@given(
    st.integers(-(10**40), 10**40),
    st.sampled_from([1, -1, 2, 10, -1000]),
    st.sampled_from([",", "d"]),
    st.sampled_from(["{}", "({}, 0.5)", "rows: {}.", "{}%", "a|{}|b", "[ {}]", "{}/7"]),
)
def test_a_whole_number_that_changed_is_always_found(number, by, form, frame):
    expected, found = (frame.format(f"{n:{form}}") for n in (number, number + by))
    assert differ(expected, found) != []


@given(st.integers(1, 10**9), decimals)
def test_a_decimal_that_changed_its_sign_is_always_found(units, places):
    number = written(units, places)
    assert differ(number, f"-{number}") != []
    assert differ(f"-{number}", number) != []


# ---------------------------------------------------------------- text

lines = st.lists(
    st.lists(
        st.sampled_from(
            ["a", "higher", "x2", "7", "1,234", "0.50", "-0.1", "3.11.7", "|", "%"]
        ),
        min_size=1,
        max_size=6,
    ).map(" ".join),
    min_size=1,
    max_size=8,
)


@given(st.text() | lines.map("\n".join))
def test_everything_agrees_with_itself(text):
    assert differ(text, text) == []
    assert differ(text, text, strict=True) == []
    for tags in ((), ("facts",), ("tolerance=1",)):
        for key in (*KEYS, "application/json", "image/svg+xml"):
            result = [v4.new_output("display_data", data={key: text})]
            assert outputs.differences(result, result, tags=tags) == []


@given(st.data(), lines.map("\n".join), st.characters(codec="utf-8"))
def test_a_character_that_is_no_part_of_a_number_is_always_found(data, text, new):
    may_be_in_a_number = r"[0-9.,+\-−eE \n]"
    places = [i for i, c in enumerate(text) if not re.match(may_be_in_a_number, c)]
    assume(places and not re.match(may_be_in_a_number, new))
    place = data.draw(st.sampled_from(places))
    assume(text[place] != new)
    assert differ(text, text[:place] + new + text[place + 1 :]) != []
    assert differ(text, text[:place] + text[place + 1 :]) != []


@given(st.data(), lines)
def test_a_line_that_is_missing_or_new_is_always_found(data, rows):
    place = data.draw(st.integers(0, len(rows) - 1))
    shorter = "\n".join(rows[:place] + rows[place + 1 :])
    text = "\n".join(rows) + "\n"
    assert differ(text, shorter + "\n") != []
    assert differ(shorter + "\n", text) != []


def test_a_row_more_is_named_and_the_others_are_compared():
    old = "name x\na    0.50\nb    0.20"
    new = "name x\na    0.90\nnew  0.30\nb    0.20"
    found = [(d.place, d.expected, d.found) for d in differ(old, new)]
    assert found == [
        ("line 3 is new", "", "new  0.30"),
        ("line 2, number 1", "0.50", "0.90"),
    ]


@given(
    st.lists(
        st.tuples(
            st.text("abc", max_size=5),
            st.sampled_from([-1, 0, 999, 1000, 99999]) | units,
            st.integers(-1, 1),
            units,
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from("<>"),
)
def test_columns_that_are_aligned_may_grow_with_their_numbers(rows, side):
    def table(moved):
        cells = [("rate", "name", "y", "n")]
        for name, x, by, n in rows:
            number = written(x + by * moved, 2)
            cells.append((number, name, number, str(n)))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:{side}{w}}" for cell, w in zip(row, widths, strict=True))
            for row in cells
        )

    assert differ(table(moved=False), table(moved=True)) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("a   0.5", "a  0.5"),
        ("a 0.5", "  a 0.5"),
        ("a 0.5", "a 0.5 "),
        ("a  b", "a b"),
        ("a\t1", "a 1"),
        ("a\n1", "a 1"),
        ("a 9.99", "a\n10.00"),
    ],
)
def test_spaces_alone_may_not_change(expected, found):
    assert differ(expected, found) != []


# ---------------------------------------------------------------- HTML

TABLE = """\
<style>td {{ line-height: {css} }}</style>
<div style="width: {width}px; max-width: 60em">
<table border="1" class="{kind}"><tr><th>name</th><th>x</th></tr>
<tr><td>a</td><td>{x}</td></tr></table>
<svg width="{width}" height="{width}"><rect x="{width}" width="{width}%" fill="red"/></svg>
<p>{count} &lt;rows&gt;</p></div>
"""


def page(css="1.5", width="10", kind="frame", x="0.909", count="1,234"):
    return TABLE.format(css=css, width=width, kind=kind, x=x, count=count)


def test_html_agrees_by_the_rule():
    assert differ_html(page(), page()) == []
    assert differ_html(page(), page(x="0.908", width="97.25")) == []
    assert differ_html(page(), page(), strict=True) == []


@pytest.mark.parametrize(
    ("change", "place", "allowed"),
    [
        (dict(x="0.903"), "row 2, cell 2, number 1", "0.004545"),
        (dict(x="0.91"), "row 2, cell 2, number 1 is written in another way", None),
        (dict(count="1,235"), "number 1", "0"),
        (dict(kind="other"), "tag", None),
        (dict(width="auto"), "tag", None),
        (dict(css="1.6"), "number 1", "0"),
    ],
)
def test_html_differs(change, place, allowed):
    found = differ_html(page(), page(**change))
    assert place in found[0].place
    assert (found[0].tolerance is not None) is (allowed is not None)
    assert allowed is None or f"tolerance {allowed}" in str(found[0])


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("<tr><td>a", "<tr><td>0</td></tr><tr><td>a", "table rows"),
        ("<td>a</td>", "<th>a</th>", "tag"),
        ("<td>a</td>", "<td>b</td>", "row 2, cell 1, line 1"),
        ("<td>a</td>", "<td>a</td><td>a</td>", "tag"),
        ('fill="red"', 'fill="blue"', "tag"),
        ('fill="red"/>', 'fill="red">', "tag"),
        ("60em", "50em", "tag"),
        ("<p>", "<p hidden>", "tag"),
        ("<p>", "<!-- 1 --><p>", "tag"),
        ("</div>", "", "tag"),
        ("&lt;rows&gt;", "&lt;row&gt;", "line 1"),
    ],
)
def test_the_structure_of_html_is_to_the_letter(old, new, place):
    assert page().count(old) == 1
    for pair in ((page(), page().replace(old, new)), (page().replace(old, new), page())):
        assert place in differ_html(*pair)[0].place


def test_strict_html_is_to_the_letter():
    assert differ_html(page(), page(width="11")) == []
    assert differ_html(page(), page(width="11"), strict=True) != []
    assert differ_html(page(), page().replace('"', "'")) == []
    assert differ_html(page(), page().replace('"', "'"), strict=True) != []


# ---------------------------------------------------------------- outputs


def test_pieces_of_stdout_are_joined():
    assert outputs.differences(stdout("a 0.5\n", "b\n"), stdout("a 0.5\nb\n")) == []
    assert outputs.differences(stdout("a 0.5\n", "b\n"), stdout("a 0.5\n", "c\n")) != []


def test_keys_may_come_in_any_order_but_not_be_missing():
    a = shown(text_plain="a", text_html="<b>a</b>")
    b = shown(text_html="<b>a</b>", text_plain="a")
    assert outputs.differences(a, b) == []
    (one,) = outputs.differences(a, shown(text_plain="a"))
    assert str(one) == (
        "output 1: found 'execute_result (text/plain)', "
        "expected 'execute_result (text/plain + text/html)'"
    )


def test_an_image_only_has_to_be_there():
    a, b = shown(image_png="iVBO", text_plain="<Figure>"), shown(image_png="xxxx")
    b[0].data["text/plain"] = "<Figure>"
    assert outputs.differences(a, b) == []
    assert outputs.differences(a, b, strict=True) == []
    assert outputs.differences(a, shown(text_plain="<Figure>")) != []


def test_the_random_id_of_a_widget_does_not_count():
    view = "application/vnd.jupyter.widget-view+json"
    a, b = (
        [
            v4.new_output(
                "display_data", data={view: {"model_id": name}, "text/plain": "Box()"}
            )
        ]
        for name in ("3f", "a1")
    )
    assert outputs.differences(a, b) == []


def test_json_is_compared_as_text():
    a, b, c = (
        [v4.new_output("display_data", data={"application/json": {"b": [0.5, n], "a": 1}})]
        for n in (1, 1, 2)
    )
    assert outputs.differences(a, b) == []
    assert outputs.differences(a, c) != []


def test_an_output_that_is_missing_extra_or_of_another_kind():
    both = [*stdout("a"), *shown(text_plain="1")]
    for pair in ((both, both[:1]), (both[:1], both), (both, []), ([], both)):
        (one,) = outputs.differences(*pair)
        assert one.key == "outputs"
    display = [v4.new_output("display_data", data={"text/plain": "1"})]
    assert outputs.differences(both[1:], display) != []
    assert outputs.differences(both, both[::-1]) != []


def test_an_error_is_compared_without_its_traceback():
    def error(name, value, trace):
        return [v4.new_output("error", ename=name, evalue=value, traceback=[trace])]

    old = error("ValueError", "x is 0.50", "line 3")
    assert outputs.differences(old, error("ValueError", "x is 0.51", "line 4")) == []
    assert outputs.differences(old, error("ValueError", "y is 0.50", "line 3")) != []
    assert outputs.differences(old, error("KeyError", "x is 0.50", "line 3")) != []


def test_addresses_do_not_count():
    assert differ("<a at 0x7f3a5c1d>", "<a at 0x55d0aa0011>") == []
    assert differ("<a at 0x7f3a5c1d>", "<a at 0x55d0aa0011>", strict=True) == []
    assert differ("0x1f", "0x2f") != []


@pytest.mark.parametrize("strict", [False, True])
def test_stderr_is_always_a_difference(strict):
    warning = [v4.new_output("stream", name="stderr", text="Warning: x\n")]
    for pair, who in (
        (([], warning), ["this run"]),
        ((warning, []), ["the committed run"]),
        ((warning, warning), ["the committed run", "this run"]),
    ):
        found = outputs.differences(*pair, strict=strict)
        assert [(d.key, d.place) for d in found] == [("stderr", w) for w in who]
    assert "found 'Warning: x'" in str(found[0])


# ---------------------------------------------------------------- tolerances


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ((), None),
        (("facts",), None),
        (("a", "tolerance=0.02"), 0.02),
        (("tolerance=2",), 2),
    ],
)
def test_a_declared_tolerance(tags, value):
    assert outputs.tolerance(tags) == value


@pytest.mark.parametrize(
    "tags",
    [
        ["tolerance"],
        ["tolerance="],
        ["tolerance=2%"],
        ["tolerance=-1"],
        ["tolerance=0"],
        ["tolerance=nan"],
        ["tolerance: 0.1"],
        ["tolerance=0.1", "tolerance=0.2"],
    ],
)
def test_a_malformed_tolerance_is_refused(tags):
    with pytest.raises(ValueError, match="expected one such as 'tolerance=0.02'"):
        outputs.tolerance(tags)


def facts(**values):
    table = FactTable(values, digits=2, tolerance=0.03)
    return shown(text_plain=repr(table), text_html=table._repr_html_())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (0.50, 0.53),
        (0.50, 0.47),
        (-0.01, 0.02),
        (1234.4, 1240.0),  # from 100 on the tolerance is relative
        (99.99, 100.02),
        (Fact(0.5, digits=3, tolerance=0.2), Fact(0.7, digits=3, tolerance=0.2)),
        (True, True),
        ("higher", "higher"),
        (7, 7),
    ],
)
def test_facts_agree_within_their_own_tolerance(old, new):
    assert outputs.differences(facts(x=old, y=1), facts(x=new, y=1), tags=["facts"]) == []


@pytest.mark.parametrize(
    ("old", "new", "tolerance"),
    [
        (0.50, 0.54, 0.03),
        (1234.4, 1290.0, 37),
        (7, 8, 0),
        (True, False, None),
        ("higher", "lower", None),
        (7, "seven", None),
        (True, 1, None),
    ],
)
def test_facts_differ(old, new, tolerance):
    (one, *_) = outputs.differences(facts(a=1, x=old), facts(a=1, x=new), tags=["facts"])
    assert one.place == "fact x"
    assert one.tolerance == (None if tolerance is None else Decimal(str(tolerance)))


def test_facts_that_are_missing_or_new():
    found = outputs.differences(facts(a=1, x=2), facts(a=1, y=2), tags=["facts"])
    plain = [(d.place, d.expected, d.found) for d in found if d.key == "text/plain"]
    assert plain == [("fact x", "2", "nothing"), ("fact y", "no such fact", "2")]


def test_a_fact_may_be_an_interval():
    old, near, far, word = (
        shown(text_plain=f"gap | 0.04 (0.01 to {high}) | 0.02")
        for high in ("0.07", "0.09", "0.10", "much")
    )
    assert outputs.differences(old, near, tags=["facts"]) == []
    assert outputs.differences(old, far, tags=["facts"]) != []
    assert outputs.differences(old, word, tags=["facts"]) != []


def test_the_tag_alone_does_not_loosen_what_is_no_fact_table():
    old, new = shown(text_plain="0.50"), shown(text_plain="0.53")
    assert outputs.differences(old, new, tags=["facts"]) != []
    assert outputs.differences(facts(x=0.50), facts(x=0.53)) != []
    one, *_ = outputs.differences(facts(x=0.50), facts(x=0.53), tags=["facts"], strict=True)
    assert (one.place, one.tolerance) == ("number 1", 0)


# ---------------------------------------------------------------- the committed solutions


def code_cells(file):
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type == "code":
            yield cell, cell.metadata.get("tags", ())


@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_a_committed_solution_agrees_with_itself(file):
    compared = 0
    for cell, tags in code_cells(file):
        assert outputs.differences(cell.outputs, cell.outputs, tags=tags) == []
        compared += len(cell.outputs)
    assert compared


@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_a_committed_solution_with_a_number_changed_is_found(file):
    """Whole numbers by one; decimals beyond and within the rule."""
    rng = random.Random(0)
    whole = re.compile(r"(?<![\w.,])\d+(?![\w.,])")
    decimal = re.compile(r"(?<![\w.,])\d+\.\d*[1-8](?![\w.,])")
    tried = 0
    for cell, tags in code_cells(file):
        if "facts" in tags:
            continue
        for output in cell.outputs:
            where, key = (
                (output, "text") if "text" in output else (output.data, "text/plain")
            )
            text = where[key]
            for pattern, change, found in (
                (whole, lambda n: str(int(n) + rng.choice([-1, 1])), True),
                (decimal, lambda n: f"1{n}", True),
                (decimal, lambda n: n[:-1] + str(int(n[-1]) + rng.choice([-1, 1])), False),
            ):
                numbers = [*pattern.finditer(text)]
                if not numbers:
                    continue
                number = rng.choice(numbers)
                old = nbformat.from_dict([dict(o) for o in cell.outputs])
                where[key] = (
                    text[: number.start()] + change(number[0]) + text[number.end() :]
                )
                assert bool(outputs.differences(old, cell.outputs, tags=tags)) is found, (
                    number
                )
                where[key] = text
                tried += 1
    assert tried > 5
