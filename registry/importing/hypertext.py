"""Tables in HTML: what programs save under the name of a spreadsheet. Run by ``reading_process``, within its bounds.

Each table of a page is a page of the list; a table within a table is part of the cell that it stands in.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from registry.core.errors import N_
from registry.importing.bounds import (
    LARGEST_HYPERTEXT,
    MOST_COLUMNS,
    MOST_PAGES,
    MOST_ROWS,
    MOST_TAGS,
    too_long,
    too_wide,
    unreadable,
)
from registry.importing.cells import Cell
from registry.importing.texts import decoded, encoding_of

_LOOKED_AT = 4096
_START = re.compile(rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*\?>\s*)*<(?:!doctype\s+html|html|head|meta|body|table|style)\b",
                    re.IGNORECASE | re.DOTALL)  # fmt: skip
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_BREAKS = frozenset({"br", "p", "div", "li"})
_CLOSED_BY = {"tr": ("td", "th"), "td": ("td", "th"), "th": ("td", "th")}


def is_hypertext(content: bytes) -> bool:
    """Whether these bytes are a page of HTML."""
    return bool(_START.match(content[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")))


def tables(content: bytes, name: str) -> Iterator[tuple[str, Iterator[tuple[int, list[Cell]]]]]:
    """The tables of a page by their captions, or their number where they have none.

    Raises Invalid("import.unreadable").
    """
    tags, attributes = content.count(b"<"), content.count(b"=")
    if len(content) > LARGEST_HYPERTEXT or tags > MOST_TAGS or attributes > 2 * MOST_TAGS:
        reason = N_("as HTML it has more than {most} tags or {megabytes} MB: save the list anew as XLSX or CSV")
        raise unreadable(name, reason, most=MOST_TAGS, megabytes=LARGEST_HYPERTEXT >> 20)
    reader = _TableReader(name)
    reader.feed(_text(content, name))
    reader.close()
    for number, table in enumerate(reader.tables, 1):
        yield table.caption or str(number), enumerate(table.rows, 1)


def _text(content: bytes, name: str) -> str:
    charset = _CHARSET.search(content[:_LOOKED_AT])
    wish = charset[1].decode().lower() if charset else ""
    for encoding in (wish, encoding_of(content)):
        try:
            return decoded(content, encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise unreadable(name, N_("it is not text in {encoding}"), encoding=wish or "utf-8")


class _Table:
    def __init__(self) -> None:
        self.caption = ""
        self.rows: list[list[Cell]] = []


class _TableReader(HTMLParser):
    """Rows and cells as they come. A cell over several columns leaves those behind its first one empty."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.tables = name, list[_Table]()
        self._depth = self._rows = self._span = 0
        self._words: list[str] | None = None
        self._caption = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self._open_table()
        elif self._depth == 1 and tag == "caption":
            self._caption, self._words = True, []
        elif self._depth == 1 and tag in _CLOSED_BY:
            self._close_cell()
            if tag == "tr":
                self._open_row()
            else:
                self._open_cell(attrs)
        elif tag in _BREAKS and self._words:
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._depth == 1 and tag in ("td", "th", "tr", "table", "caption"):
            self._close_cell()
        if tag == "table" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)

    def _open_table(self) -> None:
        if len(self.tables) >= MOST_PAGES:
            raise unreadable(self.name, N_("it has more than {most} sheets: delete the empty ones"), most=MOST_PAGES)
        self.tables.append(_Table())

    def _open_row(self) -> None:
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise too_long(self.name)
        self.tables[-1].rows.append([])

    def _open_cell(self, attrs: list[tuple[str, str | None]]) -> None:
        if not self.tables[-1].rows:
            self._open_row()
        span = dict(attrs).get("colspan") or "1"
        self._span = min(int(span), MOST_COLUMNS) if span.isdecimal() and len(span) < 6 else 1
        self._words = []

    def _close_cell(self) -> None:
        if self._words is None:
            return
        lines = (" ".join(line.split()) for line in "".join(self._words).split("\n"))
        text = "\n".join(line for line in lines if line)
        self._words = None
        if self._caption:
            self.tables[-1].caption, self._caption = text[:100], False
            return
        row = self.tables[-1].rows[-1]
        row.extend([text, *[""] * (self._span - 1)])
        if len(row) > MOST_COLUMNS:
            raise too_wide(self.name)
