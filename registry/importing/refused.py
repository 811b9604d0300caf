"""The refused rows of a list as a file to send back: the columns as they came, with what to correct behind them."""

from io import BytesIO
from typing import Any

from registry.importing.cells import Cell, whole
from registry.importing.choices import ListChoices
from registry.importing.files import read
from registry.importing.layout import SheetPart, find_list
from registry.importing.models import PendingImport
from registry.importing.rows import Translate, row_in_words
from registry.importing.sessions import record

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False}


def refused_rows(pending: PendingImport, title: str, translate: Translate) -> bytes:
    """An XLSX of the rows that stayed out, in the reader's language. ``title`` heads what to correct."""
    import xlsxwriter  # here: a twentieth of every start, for what few starts need

    reasons = {
        str(row["line"]): "; ".join(_reasons(row_in_words(row, translate)))
        for row in record(pending)["rows"]
        if row["status"] == "error" and not row.get("left_out")
    }
    choices = ListChoices.from_record(pending.choices or {})
    layout = find_list(read(bytes(pending.content), pending.file, choices.encoding), pending.family, choices)
    file = BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        bold = book.add_format({"bold": True})
        page, line = book.add_worksheet(), 0
        titles = [*layout.header.all_titles]
        page.write_row(0, 0, [*titles, title], bold)
        page.freeze_panes(1, 0)
        for part in layout.parts:
            for place, cells in part.below():
                position = str(part.position(place))
                if position in reasons:
                    line += 1
                    cells = _corrected(cells, part, pending.corrections.get(position, {}))
                    texts = [whole(cell) for cell in cells[: len(titles)]]
                    page.write_row(line, 0, [*texts, *[""] * (len(titles) - len(texts)), reasons[position]])
    return file.getvalue()


def _reasons(row: dict[str, Any]) -> list[str]:
    return [f"{one['column']}: {one['hint']}" if one["column"] else one["hint"] for one in row["problems"]]


def _corrected(cells: list[Cell], part: SheetPart, corrections: dict[str, Cell]) -> list[Cell]:
    widest = max(part.header.columns.values(), default=0)
    row = cells + [None] * (widest + 1 - len(cells))
    for name, cell in corrections.items():
        if name in part.header.columns:
            row[part.header.columns[name]] = cell
    return row
