"""The pages of the documentation as the site shows them: found by name and language, and rendered from Markdown."""

import posixpath
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

DOCS = Path(__file__).parents[2] / "docs"
OWN_LANGUAGE, OTHERS = "en", ("pl",)  # pages of the others lie in a folder of their own
NAME = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?")
# folders, in the order of the index
CHAPTERS = ("how-to", "tutorial", "explanation", "reference")
_NOT_IN_A_MARK = re.compile(r"[^\w -]")


@dataclass(frozen=True, slots=True)
class Article:
    """A page of the help. ``language`` is the one that it is written in."""

    name: str
    title: str
    language: str
    html: Markup


@cache
def files() -> dict[tuple[str, str], Path]:
    """Every page by its language and name."""
    pages: dict[tuple[str, str], Path] = {}
    for path in sorted(DOCS.rglob("*.md")):
        place = path.relative_to(DOCS).with_suffix("").as_posix()
        language, _, rest = place.partition("/")
        key = (language, rest) if language in OTHERS else (OWN_LANGUAGE, place)
        pages[key] = path
    return pages


@cache
def pictures() -> dict[str, Path]:
    """The pictures of the pages by their names."""
    return {path.name: path for path in sorted((DOCS / "images").glob("*.png"))}


def file_of(name: str, language: str) -> tuple[Path, str] | None:
    """Where a page is and in which language: the reader's where there is one, else English."""
    for one in (language, OWN_LANGUAGE):
        path = files().get((one, name))
        if path is not None:
            return path, one
    return None


def title_of(path: Path) -> str:
    """The first heading of a page."""
    with path.open(encoding="utf-8") as file:
        return next((line[2:].strip() for line in file if line.startswith("# ")), path.stem)


@lru_cache(maxsize=16)
def chapters(language: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The folders of the help, each with the names and titles of its pages, those of the reader's language first."""
    names = {name for _, name in files()}
    parts = []
    for folder in CHAPTERS:
        entries = []
        for name in sorted(one for one in names if one.startswith(f"{folder}/")):
            place = file_of(name, language)
            if place:
                entries.append((place[1] != language, title_of(place[0]).casefold(), name, title_of(place[0])))
        parts.append((folder, tuple((name, title) for _, _, name, title in sorted(entries))))
    return tuple(parts)


@lru_cache(maxsize=128)
def article(name: str, language: str) -> Article | None:
    """A page, rendered; None for a name that no page has. Of a long one that takes some ten milliseconds, once."""
    place = file_of(name, language) if NAME.fullmatch(name) else None
    if place is None:
        return None
    path, own = place
    return Article(name, title_of(path), own, Markup(_html(path)))  # noqa: S704  # ours, and its HTML is turned off


def _html(path: Path) -> str:
    from markdown_it import MarkdownIt  # here: a part of every start, for what few starts need

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    folder = path.parent.relative_to(DOCS).as_posix()
    marks: set[str] = set()
    level = 0
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            level = min(int(token.tag[1]), level + 1)  # a page from the code may leave one out
            token.tag = tokens[place + 2].tag = f"h{level}"
            mark = base = _mark(tokens[place + 1].content)
            number = 1
            while mark in marks:
                number += 1
                mark = f"{base}-{number}"
            marks.add(mark)
            token.attrSet("id", mark)
        for inner in token.children or []:
            _redirect(inner, folder)
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    table = '<div class="scroller" tabindex="0"><table>'
    return html.replace("<table>", table).replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')


def _mark(title: str) -> str:
    return _NOT_IN_A_MARK.sub("", title.lower()).strip().replace(" ", "-")


def _redirect(token: Any, folder: str) -> None:
    """Let a link or a picture of a file lead to its page here; of what is not part of the help only the words stay."""
    name = {"link_open": "href", "image": "src"}.get(token.type)
    if name is None:
        return
    target = str(token.attrGet(name))
    parts = urlsplit(target)
    if parts.scheme or target.startswith("#"):
        if parts.scheme:
            token.attrSet("rel", "noreferrer")
        return
    place = posixpath.normpath(posixpath.join(folder, parts.path))
    mark = f"#{parts.fragment}" if parts.fragment else ""
    for language in OTHERS:
        place = place.removeprefix(f"{language}/")
    if place.startswith("images/") and place.rpartition("/")[2] in pictures():
        token.attrSet(name, f"/help/{place}")
        token.attrSet("loading", "lazy")
    elif place.endswith(".md") and NAME.fullmatch(place[:-3]):
        token.attrSet(name, f"/help/{place[:-3]}{mark}" if place != "index.md" else "/help")
    else:
        token.attrSet(name, "/help")
