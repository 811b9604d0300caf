"""A table as XLSX, row after row: what is written is not held."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

from registry.exporting.tables import ExportTable, Value

WIDEST, NARROWEST = 60, 8
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


async def write_xlsx(table: ExportTable, to: BinaryIO) -> int:
    """Write every record into an open binary file. Returns how many."""
    import xlsxwriter  # here: a twentieth of every start, for what few starts need

    with xlsxwriter.Workbook(to, OPTIONS) as book:
        page = book.add_worksheet(table.sheet)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd.mm.yyyy"})
        money = book.add_format({"num_format": "#,##0.00"})
        formats = [money if title in table.money else None for title in table.columns]
        page.write_row(0, 0, list(table.columns), bold)
        page.freeze_panes(1, 0)
        count = 0
        widths = [len(title) for title in table.columns]
        async for lot in table.lots():
            rows = [table.cells(record) for record in lot]
            if count == 0:  # the widths stand before the rows in the file: the first lot tells them
                _set_widths(page, widths, rows)
            for row in rows:
                count += 1
                for place, value in enumerate(row):
                    _write_cell(page, count, place, value, day, formats[place])
        if count == 0:
            _set_widths(page, widths, [])
    return count


def _set_widths(page: Any, widths: list[int], rows: Sequence[Sequence[Value]]) -> None:
    """Each column as wide as what stands in it, as far as a screen is."""
    for place, width in enumerate(widths):
        widest = max([width, *(_width(row[place]) for row in rows)])
        page.set_column(place, place, min(max(widest, NARROWEST), WIDEST) + 2)


def _width(value: Value) -> int:
    if isinstance(value, date):
        return len("31.12.2026")
    if isinstance(value, Decimal):
        return len(f"{value:,.2f}")
    return max(map(len, str(value).splitlines()), default=0) if value not in (None, "") else 0


def _write_cell(page: Any, line: int, place: int, value: Value, day: Any, number: Any) -> None:
    if isinstance(value, date):
        page.write_datetime(line, place, value, day)
    elif isinstance(value, Decimal | int):
        page.write_number(line, place, value, number)
    elif value:
        page.write_string(line, place, value)
