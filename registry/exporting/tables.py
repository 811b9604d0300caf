"""The register of assets as a file, under headers that the importer takes.

CSV as a Polish Excel opens it: BOM, semicolons, decimal commas, CRLF. A cell that a spreadsheet would run as a formula
is guarded with an apostrophe, which the importer takes off again.
"""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

from registry.assets.models import Asset, FundingShare
from registry.assets.rules import shares
from registry.core.errors import Invalid

FORMATS = ("csv", "xlsx")
BATCH = 1000
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LIFECYCLES = {"in_use": "w użyciu", "in_store": "w magazynie", "ordered": "zamówiony", "handed_over": "przekazany",
               "retired": "wycofany", "disposed": "zlikwidowany"}  # fmt: skip
_CONDITIONS = {"ok": "sprawny", "faulty": "uszkodzony", "in_repair": "w naprawie"}

Row = dict[str, Any]
COLUMNS: dict[str, Callable[[Row], Any]] = {
    "Numer inwentarzowy": lambda row: row["inventory_no"] or "",
    "Poz. zakupu": lambda row: row["purchase"] or "",
    "Nazwa": lambda row: row["name"],
    "Kategoria": lambda row: row["category"],
    "KŚT": lambda row: row["kst"],
    "Konto": lambda row: row["account"],
    "Ilość": lambda row: row["quantity"],
    "Wartość brutto": lambda row: row["price"],
    "Numer seryjny": lambda row: row["serial_no"],
    "Pomieszczenie": lambda row: row["room"] or "",
    "Osoba odpowiedzialna": lambda row: row["custodian"] or "",
    "Data przyjęcia": lambda row: row["accepted_on"],
    "Gwarancja do": lambda row: row["warranty_until"],
    "Trwałość do": lambda row: row["durable_until"],
    "Źródło finansowania": lambda row: row["grant"] or "środki własne",
    "Udział UE %": lambda row: _share(row["percent"]),
    "Status": lambda row: _LIFECYCLES[row["lifecycle"]],
    "Stan": lambda row: _CONDITIONS[row["condition"]],
    "Uwagi": lambda row: row["note"],
}


def _share(percent: Decimal) -> Decimal | str:
    # without its sign a share below one percent would be read as a fraction
    return f"{percent:f} %".replace(".", ",") if 0 < percent <= 1 else percent


async def export_assets(to: BinaryIO, file_format: str = "csv") -> int:
    """Write every asset into an open binary file. Returns how many. Raises Invalid("request.malformed")."""
    if file_format not in FORMATS:
        raise Invalid("request.malformed", reason=f"there is no format {file_format}, only {', '.join(FORMATS)}")
    return await (_csv if file_format == "csv" else _xlsx)(to)


async def _csv(to: BinaryIO) -> int:
    text = io.TextIOWrapper(to, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    async for rows in _batches():
        writer.writerows([written(column(row)) for column in COLUMNS.values()] for row in rows)
        count += len(rows)
    text.detach()
    return count


async def _xlsx(to: BinaryIO) -> int:
    import xlsxwriter  # here: a twentieth of every start, for what few starts need

    with xlsxwriter.Workbook(to, {"constant_memory": True, "strings_to_formulas": False,
                                  "strings_to_urls": False}) as book:  # fmt: skip
        page = book.add_worksheet("Ewidencja")
        bold, day, money = (book.add_format(look) for look in (
            {"bold": True}, {"num_format": "dd.mm.yyyy"}, {"num_format": "#,##0.00"}))  # fmt: skip
        page.write_row(0, 0, list(COLUMNS), bold)
        page.freeze_panes(1, 0)
        count = 0
        async for rows in _batches():
            for row in rows:
                count += 1
                for place, (title, column) in enumerate(COLUMNS.items()):
                    _cell(page, count, place, column(row), day, money if title == "Wartość brutto" else None)
    return count


def _cell(page: Any, line: int, place: int, value: Any, day: Any, money: Any) -> None:
    if isinstance(value, date):
        page.write_datetime(line, place, value, day)
    elif isinstance(value, Decimal | int):
        page.write_number(line, place, value, money)
    elif value:
        page.write_string(line, place, str(value))


def written(value: Any) -> str:
    """A value as a cell of our CSV files."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return guarded(str(value))


def guarded(text: str) -> str:
    """Text that no spreadsheet runs as a formula. The importer takes the apostrophe off again."""
    return f"'{text}" if _FORMULA.match(text) else text


async def _batches() -> AsyncIterator[list[Row]]:
    last = 0
    while True:
        page = Asset.filter(id__gt=last).order_by("id").limit(BATCH)
        rows: list[Row] = await page.values(
            "id", "inventory_no", "name", "category", "kst", "account", "quantity", "price", "serial_no",
            "accepted_on", "warranty_until", "durable_until", "lifecycle", "condition", "note",
            room="room__code", custodian="custodian__login", purchase="purchase__code",
        )  # fmt: skip
        if not rows:
            return
        last = rows[-1]["id"]
        await _add_funding(rows)
        yield rows


async def _add_funding(rows: Sequence[Row]) -> None:
    by_asset: dict[int, Row] = {row["id"]: row for row in rows}
    for row in rows:
        row["grant"], row["percent"] = None, Decimal(0)
    found: Iterable[Row] = await FundingShare.filter(asset_id__in=list(by_asset), grant_id__not_isnull=True).values(
        "asset_id", "grant_id", "amount", code="grant__code", granted="grant__percent"
    )
    for share in found:
        row = by_asset[share["asset_id"]]
        row["grant"] = share["code"]
        row["percent"] = percent_of(row["price"], share["amount"], share["granted"])


def percent_of(price: Decimal, amount: Decimal, usual: Decimal) -> Decimal:
    """A share in percent such that the importer arrives at the same amount: the grant's own where it does."""
    for percent in (usual, amount * 100 / price if price else usual):
        exact = percent.quantize(Decimal("0.00000001")).normalize()
        if exact and shares(price, {0: exact}).get(0) == amount:
            return exact
    return usual
