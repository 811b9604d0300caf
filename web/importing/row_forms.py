"""The cells of one row as fields: what was typed over, what a colleague or another tab changed meanwhile, and in which
other rows the same word stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData

from registry.importing.models import PendingImport
from registry.importing.row_cells import lines_with, texts_of
from registry.importing.sessions import record, titles_of
from web.kit.page_context import PageContext
from web.kit.words import N_

CELL, FORMER = "cell:", "was:"  # before the names of columns in a form: what is typed, what stood there
OFFERS = 3
CHANGED_MEANWHILE = N_("Meanwhile “%(text)s” was put here. What you typed stands here still: send it again to put it.")
EMPTIED_MEANWHILE = N_("Meanwhile this cell was emptied. What you typed stands here still: send it again to put it.")


@dataclass(frozen=True, slots=True)
class RowCell:
    """One cell of a row: its field, its title, what stands there, what is in its input, what is wrong with it."""

    name: str
    title: str
    former: str
    text: str
    fault: str


@dataclass(frozen=True, slots=True)
class CellChanges:
    """What a form says otherwise than the list: by field ``cells`` what was typed over ``former`` words, ``faults`` of
    those that somebody else changed meanwhile.
    """

    cells: dict[str, str] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def texts_in(form: FormData) -> dict[str, str]:
    """What a form holds."""
    return {name: str(value) for name, value in form.items()}


def cells_of(
    pending: PendingImport,
    titles: Mapping[str, str],
    row: Mapping[str, Any],
    typed: Mapping[str, str],
    faults: Mapping[str, str],
) -> list[RowCell]:
    """All cells of a row, the problems of it in words. Reads the file: not for the event loop."""
    texts = texts_of(pending, str(row["line"]), titles)
    hints = {problem["column"]: problem["hint"] for problem in row["problems"]}
    return [
        RowCell(name, title, texts[name], typed.get(name, texts[name]), faults.get(name) or hints.get(title, ""))
        for name, title in titles.items()
    ]


def changes_of(pending: PendingImport, line: str, form: Mapping[str, str], context: PageContext) -> CellChanges:
    """What a form with what stood in its cells changes. Reads the file: not for the event loop."""
    titles = titles_of(record(pending))
    texts, changes = texts_of(pending, line, titles), CellChanges()
    for name in titles:
        typed, former = form.get(f"{CELL}{name}"), form.get(f"{FORMER}{name}", "")
        if typed is None or typed == former or typed == texts[name]:
            continue
        changes.cells[name], changes.former[name] = typed, texts[name]
        if former != texts[name]:
            sentence = CHANGED_MEANWHILE if texts[name] else EMPTIED_MEANWHILE
            changes.faults[name] = context.say(sentence) % {"text": texts[name]}
    return changes


def offers_of(pending: PendingImport, titles: Mapping[str, str], changes: CellChanges) -> list[dict[str, Any]]:
    """For what was typed over, in how many other rows the same still stands. Reads the file: not for the event loop."""
    words = {name: word for name, word in changes.former.items() if word and name in titles}
    lines = lines_with(pending, words, titles) if words else {}
    offers = [
        {"column": name, "title": titles[name], "word": words[name], "value": changes.cells[name], "rows": len(places)}
        for name, places in lines.items()
        if places
    ]
    return offers[:OFFERS]


def still_wrong(report: Mapping[str, Any], line: str, changes: CellChanges) -> bool:
    """Whether the row is refused, or something is wrong with a cell that was typed over. Looks at all rows: not for the
    event loop.
    """
    titles = titles_of(report)
    row = next(row for row in report["rows"] if str(row["line"]) == line)
    wrong = {problem["column"] for problem in row["problems"]}
    return row["status"] == "error" or any(titles.get(name) in wrong for name in changes.cells)


def place_of(show: str, offset: int, line: str = "") -> str:
    """The query of the page of rows; with a line its cells are open."""
    return urlencode({"show": show, "offset": offset} | ({"open": line} if line else {}))
