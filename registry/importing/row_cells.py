"""What stands in the cells of a list that waits: as its file has it, or as it was corrected. Pure; reads the file."""

from collections.abc import Iterator, Mapping
from datetime import date

from registry.importing.cells import Cell, whole
from registry.importing.choices import ListChoices
from registry.importing.files import read
from registry.importing.layout import SheetPart, find_list
from registry.importing.models import PendingImport
from registry.importing.texts import UNREADABLE_CELLS


def texts_of(pending: PendingImport, line: str, titles: Mapping[str, str]) -> dict[str, str]:
    """The cells of a line by field, of the fields that have a title; a line that is not there has empty ones."""
    row = next((cells for place, cells in _rows(pending, titles) if place == line), {})
    return _corrected(pending, line, {name: row.get(title, "") for name, title in titles.items()})


def lines_with(pending: PendingImport, texts: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, list[str]]:
    """By field the lines in whose cell of it its text stands, as in the file or as it was corrected; none of an empty
    text. Each field has a title.
    """
    lines: dict[str, list[str]] = {name: [] for name in texts}
    for place, row in _rows(pending, titles):
        cells = _corrected(pending, place, {name: row.get(titles[name], "") for name in texts})
        for name, text in texts.items():
            if text and cells[name] == text:
                lines[name].append(place)
    return lines


def _corrected(pending: PendingImport, line: str, texts: dict[str, str]) -> dict[str, str]:
    corrections = pending.corrections.get(line, {})
    return {name: cell_text(corrections[name]) if name in corrections else text for name, text in texts.items()}


def _rows(pending: PendingImport, titles: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row behind the titles: its line as people are told it, its cells by the title of their column."""
    choices = ListChoices.from_record(pending.choices or {})
    layout = find_list(read(bytes(pending.content), pending.file, choices.encoding), pending.family, choices)
    for part in layout.parts:
        places = _places(part, frozenset(titles.values()))
        for line, cells in part.below():
            row = [] if cells == UNREADABLE_CELLS else cells
            texts = {title: cell_text(row[place]) for title, place in places.items() if place < len(row)}
            yield str(part.position(line)), texts


def _places(part: SheetPart, titles: frozenset[str]) -> dict[str, int]:
    return {title: place for place, title in enumerate(part.header.all_titles) if title in titles}


def cell_text(cell: Cell) -> str:
    """A cell as people read and type it."""
    return cell.strftime("%Y-%m-%d") if isinstance(cell, date) else whole(cell)
