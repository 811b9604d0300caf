"""What the books ask of all pieces: one read for a table, and the sums beside the loop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from registry.accounting.policy import rates_in_force
from registry.accounting.rules import (
    OWN_FUNDS,
    YEAR,
    Bookkeeper,
    DepreciationRow,
    DepreciationTable,
    LedgerPiece,
    Plan,
    Remark,
    RowKey,
    is_in,
)
from registry.assets.policy import in_force
from registry.core.aside import aside, go_on
from registry.core.errors import NotFound
from registry.core.ids import may_be_id
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.grants.queries import codes_of_grants

# the day of the paper by which a piece left last and that was not cancelled
_LEFT_ON = """CASE WHEN asset.lifecycle IN ('handed_over', 'retired', 'disposed') THEN (
    SELECT MAX(document.issued_on) FROM document_line JOIN document ON document.id = document_line.document_id
    WHERE document_line.asset_id = asset.id AND document.symbol IN ('PT', 'LT') AND document.cancelled_at IS NULL
) END"""
_GROSZE = {"sqlite": "CAST(ROUND({0} * 100) AS INTEGER)", "postgres": "CAST({0} * 100 AS BIGINT)"}
_NAMES = ("COALESCE(asset.inventory_no, '')", "asset.name")
_SOURCE = """FROM asset LEFT JOIN funding_share AS share ON share.asset_id = asset.id
WHERE {narrowing} ORDER BY asset.id, share.id"""
_IN_THE_BOOKS = "asset.lifecycle <> 'withdrawn'"
# a text for each thousand: a row of the library's for each piece would hold up the loop, and so would one text of all,
# which is read without giving up the interpreter
_LISTING = {
    "sqlite": """SELECT json_group_array(json_array({aliases})) AS listing FROM (SELECT {columns} {source}) AS part
    GROUP BY c0 / 1000 ORDER BY c0 / 1000""",
    "postgres": """SELECT json_agg(json_build_array({aliases}))::text AS listing
    FROM (SELECT {columns} {source}) AS part GROUP BY c0 / 1000 ORDER BY c0 / 1000""",
}
Listing = Sequence[str]


@dataclass(frozen=True, slots=True)
class YearTable:
    """A table of a year or a month, with the codes of grants by id."""

    table: DepreciationTable
    grants: dict[int, str]

    def in_order(self) -> list[tuple[RowKey, DepreciationRow]]:
        """The rows by account, KŚT group and code of the grant, the office's own money last."""
        return sorted(self.table.rows.items(), key=lambda row: (*row[0][:2], self.grants.get(row[0].source, "\uffff")))


@dataclass(frozen=True, slots=True)
class PlannedPiece:
    """A piece with its plan."""

    piece: LedgerPiece
    plan: Plan


async def table_of_year(year: int, month: int | None = None) -> YearTable:
    """What is written off in each month of a year, or in one of them alone, by account, KŚT group and source."""
    first, months = (year * YEAR, YEAR) if month is None else (year * YEAR + month - 1, 1)
    return YearTable(await table_of_span(first, months), await codes_of_grants())


async def table_of_span(first: int, months: int) -> DepreciationTable:
    """The table of so many months from one on."""
    return await aside(_table, await _listing(), _bookkeeper(), first, months)


async def planned_pieces(first: int, months: int) -> list[PlannedPiece]:
    """Every piece that stands in the table of a span, or that a remark is about, with its names, by id."""
    return await aside(_planned, await _listing(with_names=True), _bookkeeper(), first, months)


async def remarked_pieces(remark: Remark) -> list[LedgerPiece]:
    """Every piece that a remark is about, with its names, by id."""
    return await aside(_remarked, await _listing(with_names=True), _bookkeeper(), remark)


async def plan_of_asset(asset_id: int) -> PlannedPiece:
    """How one piece is written off. Raises NotFound("asset.unknown")."""
    listing = await _listing("asset.id = ?", (asset_id,)) if may_be_id(asset_id) else []
    for piece in _pieces(listing):
        return PlannedPiece(piece, _bookkeeper().plan(piece))
    raise NotFound("asset.unknown", asset=asset_id)


def _bookkeeper() -> Bookkeeper:
    return Bookkeeper(in_force(), rates_in_force())


async def _listing(narrowing: str = _IN_THE_BOOKS, values: Sequence[Any] = (), *, with_names: bool = False) -> Listing:
    """The pieces with their sources as texts of JSON, one line for each source of a piece."""
    connection = reading_from()
    dialect = connection.capabilities.dialect
    grosze = _GROSZE[dialect]
    columns = (
        "asset.id", "asset.kst", "asset.account", "asset.category", grosze.format("asset.price"), "asset.quantity",
        "asset.accepted_on", "asset.lifecycle", _LEFT_ON, *(_NAMES if with_names else ("''", "''")),
        "COALESCE(share.grant_id, 0)", grosze.format("share.amount"),
    )  # fmt: skip
    aliases = [f"c{place}" for place in range(len(columns))]
    selection = ", ".join(f"{column} AS {alias}" for column, alias in zip(columns, aliases, strict=True))
    statement = _LISTING[dialect].format(
        aliases=", ".join(aliases), columns=selection, source=_SOURCE.format(narrowing=narrowing)
    )
    marked = numbered(statement) if dialect == "postgres" else statement
    return [str(row["listing"]) for row in await connection.execute_query_dict(marked, list(values))]


def _lines(listing: Listing) -> Iterator[Sequence[Any]]:
    for text in listing:
        go_on()
        yield from sorted(orjson.loads(text), key=itemgetter(0))  # a database may group in another order


def _pieces(listing: Listing) -> Iterator[LedgerPiece]:
    days: dict[str | None, date | None] = {None: None}
    for pk, part in groupby(_lines(listing), itemgetter(0)):
        shares = list(part)
        _, kst, kept_on, category, price, quantity, accepted_on, lifecycle, left_on, number, name, *_ = shares[0]
        for day in (accepted_on, left_on):
            if day not in days:
                days[day] = date.fromisoformat(day)
        sources = tuple((line[-2] or OWN_FUNDS, line[-1]) for line in shares if line[-1] is not None)
        yield LedgerPiece(
            pk, kst, kept_on, category, price, quantity, days[accepted_on], lifecycle, days[left_on], sources, number,
            name,
        )  # fmt: skip


def _plans(listing: Listing, bookkeeper: Bookkeeper) -> Iterator[tuple[LedgerPiece, Plan]]:
    return ((piece, bookkeeper.plan(piece)) for piece in _pieces(listing))


def _table(listing: Listing, bookkeeper: Bookkeeper, first: int, months: int) -> DepreciationTable:
    table = DepreciationTable(first, months)
    for piece, plan in _plans(listing, bookkeeper):
        table.add(piece, plan)
    return table.close()


def _planned(listing: Listing, bookkeeper: Bookkeeper, first: int, months: int) -> list[PlannedPiece]:
    return [
        PlannedPiece(piece, plan)
        for piece, plan in _plans(listing, bookkeeper)
        if plan.remark or is_in(piece, plan, first, months)
    ]


def _remarked(listing: Listing, bookkeeper: Bookkeeper, remark: Remark) -> list[LedgerPiece]:
    return [piece for piece, plan in _plans(listing, bookkeeper) if plan.remark is remark]
