"""A site is whole: what is broken, missing or fetched from outside is told."""

import pytest

from labs_lib.course.site import links

WHOLE = {
    "index.html": '<link rel="stylesheet" href="_static/a.css?v=1"><h1 id="top">A</h1>'
    '<a href="labs/one.html#part">one</a> <a href="#top">top</a> <a href="labs/one.html">1</a>'
    '<a href="https://example.org/page">the web</a> <a href="mailto:a@example.org">mail</a>'
    '<link rel="canonical" href="https://example.org/">',
    "labs/one.html": '<h2 id="part">P</h2><img src="../_static/p%20q.png" alt="p">'
    '<a href="../index.html#top">back</a><img src="data:image/png;base64,AA" alt="">',
    "_static/a.css": "body { background: url('p q.png') } i { src: url(data:font;base64,AA) }",
    "_static/p q.png": "",
}


def site(folder, **changed):
    """Write a small site; `changed` adds text to a file, by its stem."""
    for name, text in WHOLE.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text + changed.get(file.stem, ""), encoding="utf-8")
    return folder


def test_a_whole_site_has_no_problem(tmp_path):
    assert links.problems(site(tmp_path)) == []


@pytest.mark.parametrize(
    ("where", "text", "told"),
    [
        ("index", '<a href="gone.html">x</a>', "'gone.html' leads to no file"),
        ("one", '<a href="../labs">x</a>', "'../labs' leads to no file"),
        ("index", '<a href="labs/one.html#gone">x</a>', "#gone' names a place that is not"),
        ("one", '<a href="#top">x</a>', "'#top' names a place that is not there"),
        ("one", '<img src="none.png" alt="">', "'none.png' is loaded and is not there"),
        ("index", '<script src="https://c.org/a.js"></script>', "is loaded from outside"),
        ("index", '<script src="//c.org/a.js"></script>', "is loaded from outside"),
        ("one", '<link rel="stylesheet" href="http://c.org/a.css">', "loaded from outside"),
        ("one", '<p style="background: url(https://c.org/a.png)">', "loaded from outside"),
        ("a", "@import 'https://c.org/fonts.css';", "a.css: 'https://c.org/fonts.css' is"),
        ("a", "i { src: url(none.woff2) }", "'none.woff2' is loaded and is not there"),
    ],
)
def test_one_fault_is_told_once(tmp_path, where, text, told):
    (problem,) = links.problems(site(tmp_path, **{where: text}))
    assert told in problem
    assert where in problem.split(":")[0]
