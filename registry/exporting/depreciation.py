"""The tables of depreciation as files: a line for each piece with its months, or the sums."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import BinaryIO, Literal

from registry.accounting.queries import PlannedPiece, planned_pieces, table_of_year
from registry.accounting.rules import OWN_FUNDS, YEAR, Remark, WriteOff, months_of
from registry.core.aside import aside, go_on
from registry.exporting.lists import FORMATS
from registry.exporting.tables import LOT, SEVERAL, ExportTable, Record, Value
from registry.exporting.tables import OWN_FUNDS as OWN_FUNDS_WORD
from registry.grants.queries import codes_of_grants

DepreciationLines = Literal["pieces", "totals"]
MONTHS = ("styczeń", "luty", "marzec", "kwiecień", "maj", "czerwiec", "lipiec", "sierpień", "wrzesień", "październik",
          "listopad", "grudzień")  # fmt: skip
_WAYS = {WriteOff.AT_ONCE: "jednorazowo", WriteOff.LINEAR: "liniowo", WriteOff.NONE: ""}
_REMARKS = {
    Remark.NOT_ACCEPTED: "jeszcze nieprzyjęty", Remark.NO_DAY: "brak daty przyjęcia", Remark.NO_ACCOUNT: "brak konta",
    Remark.NO_RATE: "brak stawki dla symbolu KŚT", Remark.NO_LEAVING_DAY: "brak dokumentu, którym opuścił urząd",
    Remark.OFF_BALANCE: "ewidencja ilościowa", Remark.NEVER: "nie podlega umorzeniu",
    Remark.WITHDRAWN: "wpisany omyłkowo", Remark.OTHER_ACCOUNT: "konto inne niż według polityki rachunkowości",
}  # fmt: skip
_INITIAL, _BEFORE, _YEAR, _AFTER, _REST = (
    "Wartość początkowa", "Umorzenie na początek roku", "Razem w roku", "Umorzenie na koniec roku", "Wartość netto",
)  # fmt: skip
_MONEY = frozenset({_INITIAL, _BEFORE, *MONTHS, _YEAR, _AFTER, _REST})


async def export_depreciation(file_format: str, to: BinaryIO, year: int, of: DepreciationLines) -> int:
    """Write the table of a year as csv or xlsx into an open binary file: its pieces, and those of which the register
    does not say enough, or its sums. Returns how many lines.
    """
    table = await (_pieces(year) if of == "pieces" else _totals(year))
    return await aside(_written, table, file_format, to)


def _written(table: ExportTable, file_format: str, to: BinaryIO) -> int:
    """In a thread of its own: all of it is in memory, and its cells take long."""

    async def write() -> int:
        return await FORMATS[file_format](table, to)

    return asyncio.run(write())


def _in_lots(rows: Sequence[Record]) -> Callable[[], AsyncIterator[Sequence[Record]]]:
    async def lots() -> AsyncIterator[Sequence[Record]]:
        for first in range(0, len(rows), LOT):
            go_on()
            yield rows[first : first + LOT]

    return lots


def _pln(grosze: int) -> Decimal:
    return Decimal(grosze).scaleb(-2)  # with both places also of whole ones


def _amount(name: str) -> Callable[[Record], Value]:
    return lambda row: None if row[name] is None else _pln(row[name])


def _month(place: int) -> Callable[[Record], Value]:
    return lambda row: _pln(row["months"][place]) if row["months"] else None


_AMOUNTS: dict[str, Callable[[Record], Value]] = {
    _INITIAL: _amount("initial"), _BEFORE: _amount("before"),
    **{name: _month(place) for place, name in enumerate(MONTHS)},
    _YEAR: _amount("in_year"), _AFTER: _amount("after"), _REST: _amount("rest"),
}  # fmt: skip


async def _pieces(year: int) -> ExportTable:
    pieces, grants = await planned_pieces(year * YEAR, YEAR), await codes_of_grants()
    rows = await aside(lambda: [_piece_row(planned, year, grants) for planned in pieces])
    columns: dict[str, Callable[[Record], Value]] = {
        "Lp.": lambda row: row["piece"].id,
        "Numer inwentarzowy": lambda row: row["piece"].number,
        "Nazwa": lambda row: row["piece"].name,
        "KŚT": lambda row: row["piece"].kst,
        "Konto": lambda row: row["piece"].account,
        "Ilość": lambda row: row["piece"].quantity,
        "Data przyjęcia": lambda row: row["piece"].accepted_on,
        "Źródło finansowania": lambda row: row["sources"],
        "Sposób": lambda row: _WAYS[row["plan"].way],
        "Stawka %": lambda row: row["plan"].rate,
        "Data wyjścia": lambda row: row["piece"].left_on,
    }
    remark: dict[str, Callable[[Record], Value]] = {
        "Uwagi": lambda row: _REMARKS[row["plan"].remark] if row["plan"].remark else ""
    }
    return ExportTable(f"Umorzenie {year}", columns | _AMOUNTS | remark, _in_lots(rows), _MONEY)


def _piece_row(planned: PlannedPiece, year: int, grants: dict[int, str]) -> Record:
    piece, plan = planned.piece, planned.plan
    names = dict.fromkeys(_source_word(source, grants) for source, _ in piece.sources) or {OWN_FUNDS_WORD: None}
    row: Record = {"piece": piece, "plan": plan, "sources": SEVERAL.join(names), "initial": plan.initial}
    if not plan.is_told:  # nothing is known of it: an empty cell, no zero
        return row | dict.fromkeys(("before", "in_year", "after", "rest", "months"))
    before, after = plan.written(year * YEAR - 1), plan.written(year * YEAR + YEAR - 1)
    return row | {
        "before": before, "in_year": after - before, "after": after, "rest": plan.initial - after,
        "months": months_of(plan, year),
    }  # fmt: skip


def _source_word(source: int, grants: dict[int, str]) -> str:
    return OWN_FUNDS_WORD if source == OWN_FUNDS else grants.get(source, str(source))


async def _totals(year: int) -> ExportTable:
    sums_of_year = await table_of_year(year)
    keyed = [
        (key.account, key.group, _source_word(key.source, sums_of_year.grants), row)
        for key, row in sums_of_year.in_order()
    ]
    keyed.append(("Razem", "", "", sums_of_year.table.totals()))
    rows: list[Record] = [
        {
            "account": kept_on, "group": group, "source": source, "pieces": row.pieces, "initial": row.initial,
            "before": row.before, "months": row.by_month, "in_year": row.in_span, "after": row.before + row.in_span,
            "rest": row.rest,
        }
        for kept_on, group, source, row in keyed
    ]  # fmt: skip
    columns: dict[str, Callable[[Record], Value]] = {
        "Konto": lambda row: row["account"],
        "Grupa KŚT": lambda row: row["group"],
        "Źródło finansowania": lambda row: row["source"],
        "Ilość": lambda row: row["pieces"],
    }
    return ExportTable(f"Umorzenie {year} razem", columns | _AMOUNTS, _in_lots(rows), _MONEY)
