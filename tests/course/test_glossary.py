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


def test_a_link_to_a_term_resolves(tmp_path, monkeypatch):
    monkeypatch.setattr(glossary, "terms", lambda: (Term("tie", "Equal."),))
    page, lab = tmp_path / "glossary.md", tmp_path / "1_a" / "b.ipynb"
    text = "[tie](../glossary.md#tie) [tie](../glossary.md) [x](../glossary.md#bow)"
    missing = lint.link_problems(lab, text)
    assert missing == ["b.ipynb: the link ../glossary.md leads nowhere"] * 3
    found = lint.link_problems(lab, text, written={page})
    assert found == ["b.ipynb: the glossary has no #bow; see labs_lib/course/glossary.toml"]
