"""A count sheet as a PDF that a screen reader can read (PDF/UA), set by typst from ``sheet.typ``. A printed paper is
Polish, whoever prints it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from registry.core.aside import aside
from registry.labels.pdf import accessible_pdf
from registry.labels.queries import LabelOffice
from registry.rooms.queries import office_zone
from registry.stocktakes.models import CountSheet, SheetCorrection, SheetSignature, Stocktake
from registry.stocktakes.rules import RowMoney, SheetSide

KINDS = {"periodic": "okresowa", "handover": "zdawczo-odbiorcza", "ad_hoc": "doraźna"}
REMARKS = {"ok": "", "damaged": "uszkodzone", "not_ours": "obce"}


async def printed_sheet(
    stocktake: Stocktake, sheet: CountSheet, corrections: Sequence[SheetCorrection],
    signatures: Sequence[SheetSignature], office: LabelOffice, *, with_money: bool,
) -> bytes:  # fmt: skip
    """The PDF of a sheet, the same bytes as long as nothing is put right or valued. Without the right to see money it
    has no prices.
    """
    zone = await office_zone()
    changes = [*(one.at for one in corrections), *(one.at for one in signatures)]
    moment = max([sheet.closed_at, *changes, *filter(None, [stocktake.valued_at])])
    data = sheet_data(stocktake, sheet, corrections, signatures, office, zone, with_money=with_money)
    content: bytes = await aside(accessible_pdf, Path(__file__).parent / "sheet.typ", data, moment)
    return content


def sheet_data(
    stocktake: Stocktake, sheet: CountSheet, corrections: Sequence[SheetCorrection],
    signatures: Sequence[SheetSignature], office: LabelOffice, zone: ZoneInfo, *, with_money: bool,
) -> dict[str, Any]:  # fmt: skip
    """What the template prints."""
    contents, money = sheet.contents, money_on(sheet, corrections) if with_money else {}
    rows = [_row(row, money.get(row["number"]), corrections) for row in contents["rows"]]
    method = "spis z natury w ciemno" if contents["blind"] else "spis z natury"
    return {
        "office": office.name,
        "number": sheet.number,
        "mark": contents["mark"],
        "fields": [
            ["Rodzaj i metoda inwentaryzacji", f"{KINDS[contents['kind']]}, {method}"],
            ["Pole spisowe", contents["area"]],
            ["Stan na dzień", f"{date.fromisoformat(contents['as_of']):%d.%m.%Y}"],
            ["Zespół spisowy", ", ".join(_chair_first(contents["committee"]))],
            ["Osoba materialnie odpowiedzialna", ", ".join(contents["custodians"]) or "brak"],
            ["Inne osoby obecne", contents["others"] or "brak"],
            ["Rozpoczęto", _moment(contents["began_at"], zone)],
            ["Zakończono", _moment(contents["ended_at"], zone)],
            ["Podstawa", contents["basis"] or f"spis {contents['stocktake']}"],
        ],
        "rows": rows,
        "pieces": str(sum(_quantity(row, corrections) for row in contents["rows"])),
        "total": _amount(sum((one.value for one in money.values()), Decimal(0))) if money else "",
        "corrections": [_correction(one, contents["rows"], zone) for one in corrections],
        "signatures": [
            [
                "zespół spisowy",
                [sheet.closed_by, *_names(signatures, SheetSide.TEAM, sheet.closed_by)],
                f"zamknięto kontem {_moment(sheet.closed_at.isoformat(), zone)}",
            ],
            ["osoba materialnie odpowiedzialna", *_signed(signatures, SheetSide.CUSTODIAN, zone)],
            ["wycenił", [*filter(None, [stocktake.valued_by])], _moment_of(stocktake.valued_at, zone)],
            ["sprawdził", *_signed(signatures, SheetSide.CHECKER, zone)],
        ],
        "digest": sheet.digest,
        "footer": f"{office.base_url.rstrip('/')}/stocktakes/{stocktake.id}",
    }


def _chair_first(committee: Sequence[str]) -> list[str]:
    return [f"{name} (przewodniczy)" if place == 0 else name for place, name in enumerate(committee)]


def _names(signatures: Sequence[SheetSignature], side: SheetSide, but: str = "") -> list[str]:
    return [one.name for one in signatures if one.side is side and one.name != but]


def _signed(signatures: Sequence[SheetSignature], side: SheetSide, zone: ZoneInfo) -> tuple[list[str], str]:
    """Who signed as this side, and when the last of them did."""
    last = max((one.at for one in signatures if one.side is side), default=None)
    return _names(signatures, side), _moment_of(last, zone)


def _quantity(row: dict[str, Any], corrections: Sequence[SheetCorrection]) -> int:
    of_line = [one.quantity for one in corrections if one.line == row["number"]]
    return of_line[-1] if of_line else int(row["quantity"])


def money_on(sheet: CountSheet, corrections: Sequence[SheetCorrection]) -> dict[int, RowMoney]:
    """What the accountant put in, by line. A sheet that was valued before has the price of one piece alone."""
    money, prices = {}, sheet.prices or {}
    for row in sheet.contents["rows"] if prices else []:
        amounts = prices.get(str(row["number"]))
        if isinstance(amounts, list):
            money[row["number"]] = RowMoney(Decimal(amounts[0]), Decimal(amounts[1]))
        elif amounts is not None:
            money[row["number"]] = RowMoney(Decimal(amounts), Decimal(amounts) * _quantity(row, corrections))
    return money


def _row(row: dict[str, Any], money: RowMoney | None, corrections: Sequence[SheetCorrection]) -> dict[str, str]:
    """``struck`` is the quantity that was written first, where it was put right."""
    quantity = _quantity(row, corrections)
    serial = f", nr {row['serial_no']}" if row["serial_no"] else ""
    remarks = [REMARKS[row["condition"]], f"znak {row['mark']}" if row["mark"] else "", row["note"]]
    return {
        "number": str(row["number"]),
        "inventory_no": row["inventory_no"] or "–",
        "name": row["name"] + serial,
        "unit": row["unit"],
        "quantity": str(quantity),
        "struck": str(row["quantity"]) if quantity != row["quantity"] else "",
        "price": _amount(money.price) if money else "",
        "value": _amount(money.value) if money else "",
        "note": ", ".join(filter(None, remarks)),
    }


def _correction(one: SheetCorrection, rows: Sequence[dict[str, Any]], zone: ZoneInfo) -> str:
    before = next(row["quantity"] for row in rows if row["number"] == one.line)
    at = _moment(one.at.isoformat(), zone)
    return f"poz. {one.line}: ilość {before} skreślono, jest {one.quantity}. {one.reason} ({one.person_name}, {at})"


def _moment(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%d.%m.%Y %H:%M}"


def _moment_of(at: datetime | None, zone: ZoneInfo) -> str:
    return f"kontem {_moment(at.isoformat(), zone)}" if at else ""


def _amount(amount: Decimal) -> str:
    """12 345,60, as it is written in Poland."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
