"""Whether a static site is whole: each link and anchor leads somewhere, and nothing is loaded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_URL = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])([^'")]+)""")
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src"}
_LOADING_RELATIONS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}


@dataclass
class References:
    """What a page of HTML refers to.

    Attributes
    ----------
    anchors : set of str
        What a link to a place in it may name.
    links : list of str
        Where readers can go.
    loads : list of str
        What a browser fetches to show it.
    """

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _ReferenceReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = References()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.page.loads += _URL.findall(given.get("style", ""))
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and _LOADING_RELATIONS & set(given.get("rel", "").split()):
            self.page.loads.append(given["href"])
        if tag in _LOADS and _LOADS[tag] in given:
            self.page.loads.append(given[_LOADS[tag]])


def read(text: str) -> References:
    """Return what a page of HTML refers to."""
    reader = _ReferenceReader()
    reader.feed(text)
    return reader.page


def problems(site: Path) -> list[str]:
    """Return what is wrong with a site: one sentence for each broken link or outside resource.

    Parameters
    ----------
    site : Path
        The folder that holds it.
    """
    read_pages = {
        file.resolve(): read(file.read_text(encoding="utf-8"))
        for file in sorted(site.rglob("*.html"))
    }
    found = []
    for file, page in read_pages.items():
        here = file.relative_to(site.resolve()).as_posix()
        found += [f"{here}: {problem}" for problem in _of_page(file, page, read_pages)]
    for style in sorted(site.rglob("*.css")):
        here = style.relative_to(site).as_posix()
        loads = _URL.findall(style.read_text(encoding="utf-8"))
        found += [f"{here}: {problem}" for problem in _of_loads(style, loads)]
    return list(dict.fromkeys(found))


def _of_page(
    file: Path, page: References, read_pages: dict[Path, References]
) -> Iterator[str]:
    yield from _of_loads(file, page.loads)
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if not target.is_file():
            yield f"the link {link!r} leads to no file"
        elif parts.fragment and target in read_pages:
            anchor = unquote(parts.fragment)
            if anchor not in read_pages[target].anchors:
                yield f"the link {link!r} names a place that is not there"


def _of_loads(file: Path, loads: list[str]) -> Iterator[str]:
    for resource in loads:
        parts = urlsplit(resource)
        if parts.scheme == "data" or (not parts.path and parts.fragment):
            continue
        if parts.scheme or parts.netloc:
            yield f"{resource!r} is loaded from outside the site"
        elif not (file.parent / unquote(parts.path)).resolve().is_file():
            yield f"{resource!r} is loaded and is not there"
