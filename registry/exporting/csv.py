"""A table as CSV, as a Polish Excel opens it: BOM, semicolons, decimal commas, CRLF.

A cell that a spreadsheet would run as a formula is guarded with an apostrophe, which the importer takes off again.
"""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from registry.exporting.tables import ExportTable, Value

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


async def write_csv(table: ExportTable, to: BinaryIO) -> int:
    """Write every record into an open binary file. Returns how many."""
    text = io.TextIOWrapper(to, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(table.columns)
        count = 0
        async for lot in table.lots():
            writer.writerows([cell_text(value) for value in table.cells(record)] for record in lot)
            count += len(lot)
    finally:
        text.detach()
    return count


def cell_text(value: Value) -> str:
    """A value as a cell of our CSV files."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return guarded(str(value))


def guarded(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
