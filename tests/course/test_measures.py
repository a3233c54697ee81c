import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from labs_lib.course import build, catalog, claims, glossary, measures, source

INSIDE = {name: rule.low for name, rule in measures.RULES.items()}


def executed(*html):
    outputs = [v4.new_output("display_data", data={"text/html": text}) for text in html]
    return v4.new_notebook(cells=[v4.new_code_cell("1", outputs=outputs)])


def test_the_measures_of_a_small_lesson(tiny, edit):
    edit(
        "# The share is {{share}}.",
        "# The share is {{share}} of {{share.verdict}}.{{!share}}\n#\n# | a |\n# |---|\n# | b |",
    )
    edit(
        "# %% [markdown]\n# ## Exercise",
        '# %% tags=["trial"]\nN = 1\n\n\ndef f(seed):\n    return {}\n\n'
        "# %% [markdown]\n# ## Exercise",
    )
    found = measures.measure(source.read(tiny), executed("<table>", "<p>"))
    words = "# A tiny course Chance scores 0.5. ## Exercise The share is {{share}} of x."
    words += " | a | |---| | b |"
    assert found == {
        "cells": 5,
        "words": len(words.split()),
        "headings": 1,
        "numbers": 1,
        "tables": 2,
        "median": 2,
        "longest": 2,
        "plotting": 0,
        "trial_function": 2,
        "trial_cells": 3,
        "minutes": round(len(words.split()) / 120 + 0.4 * 3 + 5 + 5),
        "unguarded": 0,
        "unlinked": 0,
        "longest_right": 100,
    }
    assert measures.measure(source.read(tiny), None).keys() == found.keys() - {"tables"}


@pytest.mark.parametrize(
    ("change", "allowed", "message"),
    [
        ({}, {}, None),
        ({"cells": 70, "median": 4}, {}, None),
        ({"cells": 71}, {}, "71 cells; a lab has at most 70"),
        ({"median": 3}, {}, "3 median lines of a code cell; a lab has 4 to 7"),
        ({"cells": 80}, {"cells": 80}, None),
        ({"cells": 75}, {"cells": 80}, None),
        ({"cells": 81}, {"cells": 80}, "81 cells; its exception is 80"),
        ({"cells": 70}, {"cells": 80}, "are inside the contract; remove the exception"),
        ({"cells": 70}, {"cells": 60}, "is inside; remove it"),
        (
            {"unlinked": 1},
            {},
            "1 terms without a link to the glossary; a lab has at most 0",
        ),
    ],
)
def test_the_contract_and_its_exceptions(change, allowed, message):
    found = measures.problems("a/b", INSIDE | change, allowed)
    assert ("\n".join(found) == "") if message is None else (message in "\n".join(found))


@given(st.sampled_from(sorted(measures.RULES)), st.integers(0, 200), st.integers(0, 200))
def test_an_exception_only_shrinks(name, value, exception):
    rule = measures.RULES[name]
    found = measures.problems("a/b", INSIDE | {name: value}, {name: exception})
    outside = 0 < rule.excess(value) <= rule.excess(exception)
    assert (found == []) == outside


def test_the_list_of_exceptions_names_labs_and_rules(tmp_path, monkeypatch):
    # Every lab keeps the contract.
    assert measures.exceptions() == {}
    file = tmp_path / "exceptions.toml"
    file.write_text('["a/b"]\nlength = 3\n')
    monkeypatch.setattr(measures, "FILE", file)
    measures.exceptions.cache_clear()
    try:
        with pytest.raises(ValueError, match="names a/b, length; expected labs"):
            measures.exceptions()
    finally:
        measures.exceptions.cache_clear()


@pytest.mark.skipif(
    not (catalog.NOTEBOOKS / "solutions").exists(), reason="this copy has no solutions"
)
def test_a_line_stars_what_is_excepted():
    info = catalog.labs()[0]
    solution = nbformat.read(info.solution, as_version=4)
    found = measures.measure(source.read(info), solution)
    shown = measures.line(info.id, found, {"cells": 200})
    assert shown.startswith(
        f"{info.id}: cells {found['cells']:g}*, words {found['words']:g},"
    )


@pytest.mark.skipif(
    not (catalog.NOTEBOOKS / "solutions").exists(), reason="this copy has no solutions"
)
@pytest.mark.parametrize("info", catalog.labs(), ids=lambda info: info.id)
def test_no_lab_is_outside_its_exceptions(info, monkeypatch):
    page, solution = source.read(info), nbformat.read(info.solution, as_version=4)
    assert build._outside(page, solution) == []
    assert build._outside(page, None) == []
    # Without its exceptions a lab is refused, and each sentence that needs a fact is named.
    monkeypatch.setattr(measures, "exceptions", dict)
    found = build._outside(page, solution)
    assert len([p for p in found if "claims a result" in p]) == len(claims.unguarded(page))
    assert len([p for p in found if "link it here" in p]) == len(glossary.unlinked(page))
