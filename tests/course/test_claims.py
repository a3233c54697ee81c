import pytest

from labs_lib.course import build, claims, lint, source

SENTENCE = "# The share is {{share}}."


def found(info):
    return [claim.text for claim in claims.unguarded(source.read(info))]


@pytest.mark.parametrize(
    "sentence",
    [
        "It is the largest because it grew.",
        "Nearly all of them are wrong.",
        "No model wins.",
        "This always helps.",
        "The share is {{share}}, far more than before.",
        "It never\n# helps.",
    ],
)
def test_a_sentence_that_claims_needs_a_mark(tiny, edit, sentence):
    edit(SENTENCE, f"# First. {sentence} Last.")
    assert found(tiny) == [" ".join(sentence.replace("#", "").split())]
    edit(sentence, f"{sentence}{{{{!share}}}}")
    assert found(tiny) == []


@pytest.mark.parametrize(
    "text",
    [
        "Is it the largest?",
        "> SMOTE always helps.",
        "| always |",
        "### Exercise 1: the largest\n#\n# It is always so.",
        "Call `always()`.",
        "It is larger.",
    ],
)
def test_what_needs_no_mark(tiny, edit, text):
    edit(SENTENCE, f"{SENTENCE}\n#\n# {text}")
    assert found(tiny) == []


@pytest.mark.parametrize("title", ["Predict", "On SageMaker: a job", "Quiz", "Sources"])
def test_sections_that_claim_nothing_themselves(tiny, edit, title):
    edit(SENTENCE, f"{SENTENCE}\n#\n# ## {title}\n#\n# It always helps.")
    assert found(tiny) == []


def test_an_unmeasured_sentence_has_its_reason(tiny, edit):
    edit(SENTENCE, "# A square is never negative.")
    assert len(found(tiny)) == 1
    edit("constants:", 'unmeasured:\n#       "never negative here": ""\n#     constants:')
    problems = "\n".join(lint.source_problems(source.read(tiny)))
    assert "has no reason" in problems
    assert "does not stand in the lesson; remove it" in problems
    edit('"never negative here": ""', '"is never negative": "by its definition"')
    assert found(tiny) == []
    assert lint.source_problems(source.read(tiny)) == []


def test_a_title_that_claims_is_guarded_by_a_comment(tiny, edit):
    edit(
        "share = 0.25",
        "share = lab.measure()\nwith plots.figure(title=f'SMOTE {share} is better', x='x'):\n    1",
    )
    assert found(tiny) == ["SMOTE is better"]
    edit("with plots", "# {{!holds}}\nwith plots")
    assert found(tiny) == []
    edit("share=share", "share=share, holds=share < 1")
    page = source.read(tiny)
    assert lint.source_problems(page) == []
    for notebook in (build.learner_notebook(page), build.solution_notebook(page)):
        assert "holds}}" not in notebook.cells[1].source
        assert "with plots.figure" in notebook.cells[1].source


@pytest.mark.parametrize(
    ("fact", "literal"),
    [
        ("True", True),
        ("1 < 2", True),
        ("not False", True),
        ("bool(1)", True),
        ("Fact(True, 0, 0)", True),
        ("share == share", True),
        ("share > 1 or True", True),
        ("written", True),
        ("share < 1", False),
        ("bool(share)", False),
        ("len(filled) == 3", False),
        ("all(s < 1 for s in shares)", False),
        ("shares.max() < 1", False),
    ],
)
def test_a_literal_claim_is_refused(tiny, edit, fact, literal):
    edit(
        "share = 0.25",
        "share = lab.measure()\nshares = [share]\nwritten = 2 > 1\nfilled = []",
    )
    edit(SENTENCE, "# It always helps.{{!helps}}")
    edit("share=share", f"helps={fact}")
    problems = "\n".join(lint.source_problems(source.read(tiny)))
    assert ("which no measurement can change" in problems) == literal


@pytest.mark.parametrize(
    "fact",
    [
        "{'trial': True, 'other': share}",
        "dict(trial=True, other=share)",
        "Fact({'trial': True, 'other': share}, 1, 0)",
    ],
)
def test_a_literal_part_of_a_fact_is_refused(tiny, edit, fact):
    edit("share = 0.25", "share = lab.measure()")
    edit(SENTENCE, "# It always helps.{{!on.trial}}")
    edit("share=share", f"on={fact}")
    assert "which no measurement" in "\n".join(lint.source_problems(source.read(tiny)))


def test_a_claim_that_is_no_fact(tiny, edit):
    edit(SENTENCE, "# It always helps.{{!helps}}")
    assert "{{!helps}} is not a fact of the lab" in "\n".join(
        lint.source_problems(source.read(tiny))
    )


def test_claims_may_be_computed_in_the_facts_cell(tiny, edit):
    edit("share = 0.25", "share = lab.measure()")
    edit(SENTENCE, "# By {{twice}}, it always helps.{{!helps}}")
    edit("lab.facts(share=share)", "d = 2 * share\nlab.facts(twice=d, helps=d < share + 1)")
    assert lint.source_problems(source.read(tiny)) == []
    edit("d = 2 * share", "d = 2 * later")
    assert "stands above the cell that makes later" in "\n".join(
        lint.source_problems(source.read(tiny))
    )
