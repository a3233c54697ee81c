import pytest

from labs_lib.course import catalog, glossary, lint, source
from labs_lib.course.glossary import Term


def test_every_term_is_explained_in_a_few_words():
    assert 25 <= len(glossary.terms()) <= 60
    for term in glossary.terms():
        assert 6 <= len(term.text.split()) <= 60, term.name
        assert term.text.rstrip().endswith(".")


def test_every_term_stands_on_the_page():
    page = glossary.page()
    for term in glossary.terms():
        assert page.count(f"\n## {term.name}\n") == 1
    assert lint.link_problems(catalog.NOTEBOOKS / "glossary.md", page) == []


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([Term("tie", "Equal."), Term("tie", "Same.")], "'tie' stands there twice"),
        ([Term("tie", "Equal.", "a/b")], "names the lab 'a/b', which does not exist"),
        ([Term("PSI", "An index.")], "'PSI' has capitals"),
    ],
)
def test_a_bad_list_of_terms(terms, message):
    with pytest.raises(ValueError, match=message):
        glossary.check(terms)


def test_a_lesson_uses_what_it_introduces_and_links_it_once(tiny, edit, monkeypatch):
    monkeypatch.setattr(glossary, "terms", lambda: (Term("even chance", "Half.", "start"),))
    assert "is introduced here" in "\n".join(lint.source_problems(source.read(tiny)))
    link = "[even chance](glossary.md#even-chance)"
    edit("Chance scores 0.5.", f"An {link} scores 0.5.")
    assert lint.source_problems(source.read(tiny)) == []
    edit("The share is", f"Its {link} is")
    assert "linked more than once" in "\n".join(lint.source_problems(source.read(tiny)))


TERMS = (
    Term("average precision", "Rank."),
    Term("precision", "Share."),
    Term("tie", "Equal."),
    Term("not yet", "Wait.", written=('"not yet"', "*not yet*")),
)


@pytest.mark.parametrize(
    ("prose", "found"),
    [
        ("A tie, another tie.", ["tie"]),
        ("Ties happen.", ["Ties"]),
        ("A necktie is untied; `tie` is code.", []),
        ("A [tie](../glossary.md#tie), another tie.", []),
        ("A tie, and then a [tie](../glossary.md#tie).", ["tie"]),
        ("The lab [How to tie](10_tie.ipynb).", []),
        ("Higher {{tie.average}}.{{!tie}}", []),
        ("> a tie", []),
        ("| tie |", []),
        ("Average\n# precision is high.", ["Average precision"]),
        (
            "[Average precision](../glossary.md#average-precision), precision.",
            ["precision"],
        ),
        ("It is not yet there.", []),
        ("The answer is *not yet*.", ["*not yet*"]),
    ],
)
def test_a_term_is_linked_where_it_first_appears(tiny, edit, monkeypatch, prose, found):
    monkeypatch.setattr(glossary, "terms", lambda: TERMS)
    edit("# The share is {{share}}.", f"# {prose}")
    uses = glossary.unlinked(source.read(tiny))
    assert [use.words for use in uses] == found
    assert all("cell 3 (Exercise)" in str(use) for use in uses)


def test_a_term_without_a_link_names_the_link(tiny, edit, monkeypatch):
    monkeypatch.setattr(glossary, "terms", lambda: TERMS)
    edit("# The share is {{share}}.", "# By average precision, no tie.")
    assert [str(use) for use in glossary.unlinked(source.read(tiny))] == [
        "cell 3 (Exercise): 'average precision' is a term of the glossary; link it here, where "
        "it first appears: [average precision](../glossary.md#average-precision)",
        "cell 3 (Exercise): 'tie' is a term of the glossary; link it here, where it first "
        "appears: [tie](../glossary.md#tie)",
    ]


def test_titles_quizzes_and_sources_need_no_link(tiny, edit, monkeypatch):
    monkeypatch.setattr(glossary, "terms", lambda: TERMS)
    edit("Chance scores 0.5.", "A tie.")
    edit("# The share is", "# ### A tie\n#\n# The share is")
    edit("# ## Facts", "# ## Quiz\n#\n# A tie.\n\n# %% [markdown]\n# ## Facts")
    assert glossary.unlinked(source.read(tiny)) == []


def test_a_link_to_a_term_resolves(tmp_path, monkeypatch):
    monkeypatch.setattr(glossary, "terms", lambda: (Term("tie", "Equal."),))
    page, lab = tmp_path / "glossary.md", tmp_path / "1_a" / "b.ipynb"
    text = "[tie](../glossary.md#tie) [tie](../glossary.md) [x](../glossary.md#bow)"
    missing = lint.link_problems(lab, text)
    assert missing == ["b.ipynb: the link ../glossary.md leads nowhere"] * 3
    found = lint.link_problems(lab, text, written={page})
    assert found == ["b.ipynb: the glossary has no #bow; see labs_lib/course/glossary.toml"]
