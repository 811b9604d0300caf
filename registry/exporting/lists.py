"""One exporter for everybody: the page and the command line."""

from collections.abc import Awaitable, Callable, Sequence
from typing import BinaryIO

from registry.assets.filters import AssetFilter
from registry.core.errors import Invalid
from registry.exporting.csv import write_csv
from registry.exporting.tables import ASSETS, BOOKINGS, HISTORY, ExportTable, assets_of, with_own_columns
from registry.exporting.xlsx import write_xlsx

TABLES = {"assets": ASSETS, "bookings": BOOKINGS, "history": HISTORY}
FORMATS: dict[str, Callable[[ExportTable, BinaryIO], Awaitable[int]]] = {"csv": write_csv, "xlsx": write_xlsx}


def check_export(table: str, file_format: str) -> None:
    """Raises Invalid("export.unknown") for a table or a format that there is not."""
    if table not in TABLES:
        raise Invalid("export.unknown", given=table, known=", ".join(TABLES))
    if file_format not in FORMATS:
        raise Invalid("export.unknown", given=file_format, known=", ".join(FORMATS))


async def export_list(table: str, file_format: str, to: BinaryIO) -> int:
    """Write assets, bookings or history as csv or xlsx into an open binary file. Returns how many records.

    Raises Invalid("export.unknown").
    """
    check_export(table, file_format)
    rows = await with_own_columns(ASSETS) if table == "assets" else TABLES[table]
    return await FORMATS[file_format](rows, to)


async def export_assets(
    file_format: str, to: BinaryIO, wish: AssetFilter, sort: str = "name", columns: Sequence[str] = ()
) -> int:
    """Write the assets that a search finds, in its order, into an open binary file: all columns, or those that a list
    names so. Returns how many.

    Raises Invalid("export.unknown").
    """
    check_export("assets", file_format)
    table = assets_of(wish, sort, columns)
    return await FORMATS[file_format](table if columns else await with_own_columns(table), to)
