"""The lists that leave the register: assets under headers that the importer takes, bookings, history.

Rows are read in lots, so that no list is held as a whole.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from tortoise.expressions import Q

from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, FormerNumber, FundingShare, Lifecycle, Tag
from registry.assets.queries import own_values
from registry.assets.search import all_ids
from registry.bookings.models import Booking
from registry.bookings.projections import seen_as
from registry.categories.models import FieldKind
from registry.categories.queries import category_tree
from registry.categories.rules import OwnField
from registry.core.history import HistoryEntry
from registry.exporting.funding import funding_cell, percent_text, percents_of
from registry.rooms.models import HELP_POINT, Room, Visibility

LOT = 1000
SEVERAL = " | "
OWN_FUNDS = "środki własne"

Record = dict[str, Any]
Value = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A list that leaves: what its sheet is called, its columns by title, and its records in lots.

    ``money`` are the titles of amounts in PLN.
    """

    sheet: str
    columns: Mapping[str, Callable[[Record], Value]]
    lots: Callable[[], AsyncIterator[Sequence[Record]]]
    money: frozenset[str] = frozenset()

    def cells(self, record: Record) -> list[Value]:
        """What stands in a record's row."""
        return [column(record) for column in self.columns.values()]


_LIFECYCLES = {"in_use": "w użyciu", "in_store": "w magazynie", "ordered": "zamówiony", "handed_over": "przekazany",
               "retired": "wycofany", "disposed": "zlikwidowany", "withdrawn": "wpisany omyłkowo"}  # fmt: skip
_CONDITIONS = {"ok": "sprawny", "faulty": "uszkodzony", "in_repair": "w naprawie"}


_COLUMNS = (
    "id", "inventory_no", "name", "category", "kst", "account", "quantity", "price", "serial_no", "accepted_on",
    "warranty_until", "durable_until", "lifecycle", "condition", "note",
)  # fmt: skip
_JOINED = {"room": "room__code", "custodian": "custodian__login", "purchase": "purchase__code"}


async def _assets() -> AsyncIterator[Sequence[Record]]:
    last = 0
    while True:
        in_the_books = Asset.filter(id__gt=last).exclude(lifecycle=Lifecycle.WITHDRAWN)
        lot = list(await in_the_books.order_by("id").limit(LOT).values(*_COLUMNS, **_JOINED))
        if not lot:
            return
        last = lot[-1]["id"]
        await _add_percents(lot)
        await _add_labels(lot)
        await _add_own_values(lot)
        yield lot


async def _assets_by_id(ids: Sequence[int]) -> AsyncIterator[Sequence[Record]]:
    for first in range(0, len(ids), LOT):
        part = ids[first : first + LOT]
        rows = {row["id"]: row for row in await Asset.filter(id__in=list(part)).values(*_COLUMNS, **_JOINED)}
        lot = [rows[asset_id] for asset_id in part if asset_id in rows]
        await _add_percents(lot)
        await _add_labels(lot)
        await _add_own_values(lot)
        yield lot


async def _add_labels(lot: Sequence[Record]) -> None:
    """To each asset the codes of its labels and its former numbers, in the order in which it got them."""
    by_id = {asset["id"]: asset for asset in lot}
    for asset in lot:
        asset["tags"], asset["former_numbers"] = [], []
    labels = Tag.filter(asset_id__in=list(by_id)).order_by("id")
    for asset_id, code in await labels.values_list("asset_id", "code"):
        by_id[asset_id]["tags"].append(code)
    numbers = FormerNumber.filter(asset_id__in=list(by_id)).order_by("id")
    for asset_id, number in await numbers.values_list("asset_id", "number"):
        by_id[asset_id]["former_numbers"].append(number)


async def _add_own_values(lot: Sequence[Record]) -> None:
    """To each asset what it holds in the fields of categories, by their codes."""
    values = await own_values([asset["id"] for asset in lot])
    for asset in lot:
        asset["own_values"] = values.get(asset["id"], {})


async def with_own_columns(table: ExportTable) -> ExportTable:
    """A list of assets with a column for each field of a category, titled by its name."""
    own_fields = (await category_tree()).fields_of_all()
    columns = {own.name: _own_column(own) for own in own_fields if own.name not in table.columns}
    return replace(table, columns={**table.columns, **columns})


def _own_column(own: OwnField) -> Callable[[Record], Value]:
    def cell(asset: Record) -> Value:
        text = asset["own_values"].get(own.code)
        if text is None or own.kind is FieldKind.NUMBER:
            return Decimal(text) if text else None
        return date.fromisoformat(text) if own.kind is FieldKind.DAY else str(text)

    return cell


async def _add_percents(lot: Sequence[Record]) -> None:
    """To each asset the percents of its grants, by code."""
    shares: Sequence[Record] = await (
        FundingShare.filter(asset_id__in=[asset["id"] for asset in lot], grant_id__not_isnull=True)
        .order_by("id")
        .values("asset_id", "grant_id", "amount", code="grant__code", usual="grant__percent")
    )
    codes = {share["grant_id"]: share["code"] for share in shares}
    usual = {share["grant_id"]: share["usual"] for share in shares}
    amounts: dict[int, dict[int, Decimal]] = {}
    for share in shares:
        by_grant = amounts.setdefault(share["asset_id"], {})
        by_grant[share["grant_id"]] = by_grant.get(share["grant_id"], Decimal(0)) + share["amount"]
    for asset in lot:
        percents = percents_of(asset["price"], amounts.get(asset["id"], {}), usual)
        asset["percents"] = {codes[grant]: percent for grant, percent in percents.items()}


def _funding(asset: Record) -> str:
    percents: dict[str, Decimal] = asset["percents"]
    return funding_cell(percents) if len(percents) > 1 else next(iter(percents), OWN_FUNDS)


def _share(asset: Record) -> Decimal | str:
    percent = sum(asset["percents"].values(), Decimal(0))
    # without its sign a share below one percent would be read as a fraction
    return percent_text(percent) if 0 < percent <= 1 else percent


ASSETS = ExportTable(
    sheet="Ewidencja",
    columns={
        "Numer inwentarzowy": lambda asset: asset["inventory_no"],
        "Poz. zakupu": lambda asset: asset["purchase"],
        "Nazwa": lambda asset: asset["name"],
        "Kategoria": lambda asset: asset["category"],
        "KŚT": lambda asset: asset["kst"],
        "Konto": lambda asset: asset["account"],
        "Ilość": lambda asset: asset["quantity"],
        "Wartość brutto": lambda asset: asset["price"],
        "Numer seryjny": lambda asset: asset["serial_no"],
        "Pomieszczenie": lambda asset: asset["room"],
        "Osoba odpowiedzialna": lambda asset: asset["custodian"],
        "Data przyjęcia": lambda asset: asset["accepted_on"],
        "Gwarancja do": lambda asset: asset["warranty_until"],
        "Trwałość do": lambda asset: asset["durable_until"],
        "Źródło finansowania": _funding,
        "Udział UE %": _share,
        "Status": lambda asset: _LIFECYCLES[asset["lifecycle"]],
        "Stan": lambda asset: _CONDITIONS[asset["condition"]],
        "Uwagi": lambda asset: asset["note"],
        "Kod etykiety": lambda asset: SEVERAL.join(asset["tags"]),
        "Dawne numery": lambda asset: SEVERAL.join(asset["former_numbers"]),
    },
    lots=_assets,
    money=frozenset({"Wartość brutto"}),
)


# the columns of a list by the names that its address gives them
_TITLES = {
    "number": ("Numer inwentarzowy",), "name": ("Nazwa",), "room": ("Pomieszczenie",),
    "custodian": ("Osoba odpowiedzialna",), "condition": ("Stan",), "funding": ("Źródło finansowania", "Udział UE %"),
    "durable": ("Trwałość do",), "price": ("Wartość brutto",), "category": ("Kategoria",), "serial": ("Numer seryjny",),
    "quantity": ("Ilość",), "kst": ("KŚT",), "account": ("Konto",), "accepted": ("Data przyjęcia",),
    "warranty": ("Gwarancja do",), "lifecycle": ("Status",), "purchase": ("Poz. zakupu",),
}  # fmt: skip


def assets_of(wish: AssetFilter, sort: str, columns: Sequence[str] = ()) -> ExportTable:
    """The assets that a search finds, in its order: the ids at once, the rest in lots. ``columns`` are those of a
    list, in their order; none are all.
    """

    async def lots() -> AsyncIterator[Sequence[Record]]:
        async for lot in _assets_by_id(await all_ids(wish, sort)):
            yield lot

    titles = [title for name in columns for title in _TITLES.get(name, ())] or list(ASSETS.columns)
    return replace(ASSETS, lots=lots, columns={title: ASSETS.columns[title] for title in titles})


async def _bookings() -> AsyncIterator[Sequence[Record]]:
    """Room by room, each in the order of time. A hidden room's bookings do not leave."""
    for room in await Room.exclude(visibility=Visibility.HIDDEN).order_by("code").select_related("building__site"):
        rest, zone = Booking.filter(room_id=room.id), ZoneInfo(room.building.site.timezone)
        while True:
            lot: list[Record] = await rest.order_by("starts_at", "id").limit(LOT).values(
                "id", "starts_at", "ends_at", "kind", "status", "attendees", "title",
                institution="institution__code", organizer="organizer__login",
            )  # fmt: skip
            if not lot:
                break
            last = lot[-1]
            behind = ~Q(starts_at=last["starts_at"], id__lte=last["id"])
            rest = Booking.filter(behind, room_id=room.id, starts_at__gte=last["starts_at"])
            yield [_as_it_leaves(booking, room, zone) for booking in lot]


def _as_it_leaves(booking: Record, room: Room, zone: ZoneInfo) -> Record:
    """A Help Point room's bookings leave without anybody in them, and so do visits from when a room was one."""
    when = {name: booking[name].astimezone(zone).isoformat() for name in ("starts_at", "ends_at")}
    is_shy = seen_as(room.visibility, booking["kind"]) in HELP_POINT
    return ({} if is_shy else booking) | when | {"room": room.code}


BOOKINGS = ExportTable(
    sheet="Rezerwacje",
    columns={
        "id": lambda booking: _text(booking.get("id")),
        "pomieszczenie": lambda booking: booking["room"],
        "od": lambda booking: booking["starts_at"],
        "do": lambda booking: booking["ends_at"],
        "rodzaj": lambda booking: _text(booking.get("kind")),
        "status": lambda booking: _text(booking.get("status")),
        "liczba osób": lambda booking: booking.get("attendees"),
        "instytucja": lambda booking: booking.get("institution"),
        "rezerwujący": lambda booking: booking.get("organizer"),
        "tytuł": lambda booking: booking.get("title"),
    },
    lots=_bookings,
)


async def _history() -> AsyncIterator[Sequence[Record]]:
    last = 0
    while lot := await HistoryEntry.filter(id__gt=last).order_by("id").limit(LOT).values():
        last = lot[-1]["id"]
        yield lot


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _json(value: Any) -> str:
    return "" if value is None else orjson.dumps(value).decode()


HISTORY = ExportTable(
    sheet="Historia",
    columns={
        "lp": lambda entry: entry["id"],
        "kiedy": lambda entry: entry["at"].isoformat(),
        "kto": lambda entry: entry["actor"],
        "skąd": lambda entry: entry["source"],
        "czynność": lambda entry: entry["action"],
        "obiekt": lambda entry: entry["object"],
        "przed": lambda entry: _json(entry["before"]),
        "po": lambda entry: _json(entry["after"]),
        "powód": lambda entry: entry["reason"],
        "skrót": lambda entry: entry["hash"],
    },
    lots=_history,
)
