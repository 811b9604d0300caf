"""What is asked about assets: lists with their sums, one asset with all that is known, a room's readiness."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tortoise.functions import Count, Sum
from tortoise.queryset import QuerySet

from registry.assets import rules, tags
from registry.assets.filters import AssetFilter, one_of
from registry.assets.models import (
    STANDING,
    Asset,
    Condition,
    DurabilityOverride,
    FieldValue,
    FormerNumber,
    FundingShare,
    Lifecycle,
    Purchase,
    Tag,
)
from registry.assets.orders import Clause
from registry.assets.search import Start, Totals, find, listed, part_of, tally, while_unchanged
from registry.assets.transitions import Answers, QuestionField, Transition
from registry.core.cache import Cache
from registry.core.errors import Conflict, NotFound
from registry.core.history import HistoryEntry
from registry.core.ids import may_be_name
from registry.core.statements import column, first_value
from registry.core.transaction import is_inside, reading_from
from registry.people.models import Person
from registry.people.queries import person_by_login
from registry.rooms.models import Room, StandardItem
from registry.rooms.queries import open_room_by_code

FIELDS = ("id", "inventory_no", "name", "category", "kst", "account", "price", "quantity", "serial_no", "lifecycle",
          "condition", "accepted_on", "warranty_until", "durable_until", "due_on", "room_id", "revision")  # fmt: skip
JOINED = {
    "room": "room__code", "room_name": "room__name", "room_name_en": "room__name_en", "custodian": "custodian__login",
    "custodian_name": "custodian__name", "borrower": "borrower__login", "borrower_name": "borrower__name",
    "purchase": "purchase__code",
}  # fmt: skip
_NAMES = (*FIELDS, *JOINED)
_COLUMNS = [*(f"asset.{name}" for name in FIELDS), *(path.replace("__", ".") for path in JOINED.values())]
_JOINS = """FROM asset
LEFT JOIN room ON room.id = asset.room_id
LEFT JOIN person custodian ON custodian.id = asset.custodian_id
LEFT JOIN person borrower ON borrower.id = asset.borrower_id
LEFT JOIN purchase ON purchase.id = asset.purchase_id"""
# the expression of an index, migration 0010
_BY_SERIAL = "FROM asset WHERE lower(replace(serial_no, ' ', '')) = lower(?) ORDER BY asset.id LIMIT 50"
_NAMED = ("id", "name", "inventory_no", "lifecycle")
_DAYS = ("accepted_on", "warranty_until", "durable_until", "due_on")


@dataclass(frozen=True, slots=True)
class AssetPage:
    """A page of a list. ``total``, ``total_price`` (PLN gross) and ``total_quantity`` are of the whole list, ``first``
    is the place of the first item from 0 on, ``next`` and ``previous`` are the cursors of the pages beside it.
    """

    items: list[dict[str, Any]]
    total: int
    total_price: Decimal
    total_quantity: int
    first: int
    next: str | None
    previous: str | None


async def search(
    wish: AssetFilter, sort: str = "name", offset: int = 0, limit: int = 50, *, after: str = "", before: str = ""
) -> AssetPage:
    """Assets as plain dicts. ``sort`` is a key of ORDERS, with ``-`` before it for the other way round; ``after`` and
    ``before`` are cursors, instead of ``offset``.
    """
    part = await part_of(wish, sort, Start(offset, after, before), limit)
    totals = part.totals
    return AssetPage(
        await assets_by_id(part.ids), totals.many, totals.price.quantize(rules.GROSZ), totals.pieces, part.first,
        part.next, part.previous,
    )  # fmt: skip


async def totals_of(wish: AssetFilter) -> Totals:
    """How many fit, and what they cost."""
    totals, _ = await find(wish, "name", 0, 1)
    return totals


async def ids_of(wish: AssetFilter, sort: str, limit: int) -> list[int]:
    """The first of those that fit, in this order."""
    _, ids = await find(wish, sort, 0, limit)
    return ids


async def fits(wish: AssetFilter) -> bool:
    """Whether a search would show anything."""
    totals, _ = await find(wish, "name", 0, 1)
    return bool(totals.many)


async def assets_by_id(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Assets as a search gives them, in this order, without those that are gone."""
    rows = {item["id"]: item for item in await _items(ids)}
    return [rows[asset_id] for asset_id in ids if asset_id in rows]


async def _items(ids: Sequence[int]) -> list[dict[str, Any]]:
    """What ``Asset.values(*FIELDS, **JOINED)`` gives, in a third of its time."""
    if not ids:
        return []
    clause = one_of("asset.id", ids)
    rows = await listed(reading_from(), _COLUMNS, Clause(f"{_JOINS} WHERE {clause.sql}", clause.values))
    return [_item(dict(zip(_NAMES, values, strict=True))) for values in rows]


def _item(row: dict[str, Any]) -> dict[str, Any]:
    """From JSON, decimals and days are text."""
    row["price"] = Decimal(row["price"]).quantize(rules.GROSZ)
    row["lifecycle"], row["condition"] = Lifecycle(row["lifecycle"]), Condition(row["condition"])
    for name in _DAYS:
        if isinstance(row[name], str):
            row[name] = date.fromisoformat(row[name])
    return row


async def standing_pieces() -> list[dict[str, Any]]:
    """Every piece that stands in a room, as it came in: id, name, kst, room_id and the room's code."""
    pieces = Asset.filter(room_id__not_isnull=True).exclude(lifecycle=Lifecycle.WITHDRAWN).order_by("id")
    return list(await pieces.values("id", "name", "kst", "room_id", room="room__code"))


async def names_in_room(room_id: int) -> dict[str, int]:
    """What stands in a room by its name, and how many pieces of it, whatever their condition."""
    standing = Asset.filter(room_id=room_id, lifecycle__in=[Lifecycle.IN_USE, Lifecycle.IN_STORE])
    counts = standing.annotate(pieces=Sum("quantity")).group_by("name").order_by("name")
    return {str(name): int(pieces) for name, pieces in await counts.values_list("name", "pieces")}


# from one value to the next along the index, whatever number of rows has each
_VALUES = """WITH RECURSIVE step(value) AS (
    SELECT min({column}) FROM asset
    UNION ALL SELECT (SELECT min({column}) FROM asset WHERE {column} > step.value) FROM step
    WHERE step.value IS NOT NULL
) SELECT value FROM step WHERE EXISTS (SELECT 1 FROM asset WHERE {column} = value AND lifecycle <> 'withdrawn')"""


async def _values(name: str) -> list[Any]:
    rows = await reading_from().execute_query_dict(_VALUES.format(column=name))
    return [row["value"] for row in rows]


async def categories() -> list[str]:
    """Every category in use, in the order of the alphabet."""
    return sorted((str(name) for name in await _values("category") if name), key=rules.fold)


async def own_values(asset_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What pieces hold in the fields of their categories: of each the text by the field's code."""
    rows = FieldValue.filter(asset_id__in=list(asset_ids)).order_by("field_id")
    values: dict[int, dict[str, str]] = {}
    for asset_id, code, text in await rows.values_list("asset_id", "field__code", "text"):
        values.setdefault(asset_id, {})[code] = text
    return values


async def values_in_use(field_ids: Sequence[int], limit: int = 200) -> list[tuple[int, str]]:
    """What pieces hold in these fields, each text once, the numbers by size."""
    rows = FieldValue.filter(field_id__in=list(field_ids)).distinct().order_by("field_id", "number", "text")
    return [(int(pk), str(text)) for pk, _, text in await rows.limit(limit).values_list("field_id", "number", "text")]


async def counts_by_category() -> dict[str, int]:
    """How many pieces name each category, as they write it; of those withdrawn none."""
    return dict(await while_unchanged("counts by category", _counts_by_category))


async def _counts_by_category() -> dict[str, int]:
    in_the_books = Asset.exclude(category="").exclude(lifecycle=Lifecycle.WITHDRAWN)
    rows = in_the_books.annotate(n=Count("id")).group_by("category")
    return {str(name): int(many) for name, many in await rows.values_list("category", "n")}


async def custodians() -> list[tuple[str, str]]:
    """Login and name of everybody who has an asset in their care, by name."""
    ids = await _values("custodian_id")
    return list(await Person.filter(id__in=ids).order_by("name").values_list("login", "name"))


async def counts_by_state(custodian_id: int) -> tuple[dict[tuple[Lifecycle, Condition], int], int]:
    """How many assets are in each state, and how many this person has in their care; of those withdrawn none."""
    counts = {states: totals.many for states, totals in (await tally()).items() if states[0] is not Lifecycle.WITHDRAWN}
    in_care = Asset.filter(custodian_id=custodian_id).exclude(lifecycle=Lifecycle.WITHDRAWN)
    return counts, await in_care.count()


async def in_care_of(custodian_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The first pieces that a person has in their care, as a search gives them, and how many there are."""
    rows = Asset.filter(custodian_id=custodian_id).exclude(lifecycle=Lifecycle.WITHDRAWN)
    ids = await column(rows.order_by("search_text", "id").limit(limit), "id")
    return await assets_by_id(ids), await rows.count()


async def borrowed_by(person_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """The pieces that somebody has on loan, as a search gives them, the one that is due back first at the head."""
    rows = Asset.filter(borrower_id=person_id).order_by("due_on", "id").limit(limit)
    return await assets_by_id(await column(rows, "id"))


async def grant_percents(items: Sequence[dict[str, Any]]) -> dict[int, Decimal]:
    """The percent of each price that grants paid, by asset; without those that none paid for."""
    prices = {item["id"]: item["price"] for item in items}
    shares = FundingShare.filter(asset_id__in=list(prices), grant_id__not_isnull=True)
    sums: dict[int, Decimal] = {}
    for asset_id, amount in await shares.values_list("asset_id", "amount"):
        sums[asset_id] = sums.get(asset_id, Decimal(0)) + amount
    return {pk: amount * 100 / prices[pk] for pk, amount in sums.items() if prices[pk]}


async def alike(asset_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Pieces that could become one line with this one, as a search gives them; none for one that is told apart from all
    others by a serial number, does not work, or may leave before its grant's day.
    """
    same = (
        "category", "kst", "account", "custodian_id", "purchase_id", "accepted_on", "warranty_until", "durable_until",
        "lifecycle", "condition",
    )  # fmt: skip
    row = (
        await Asset.filter(id=asset_id, serial_no="", condition=Condition.OK, borrower_id=None)
        .first()
        .values("name", *same)
    )
    if not row:
        return []
    # by the name, which has an index in the order of lists
    text = rules.fold(row.pop("name"))
    rows = Asset.filter(search_text__gte=text, search_text__lt=f"{text}!", serial_no="", borrower_id=None, **row)
    rows = rows.exclude(id=asset_id)
    items = await assets_by_id(await column(rows.order_by("search_text", "id").limit(limit), "id"))
    items = [item for item in items if rules.fold(item["name"]) == text]
    if not items or row["durable_until"] is None:
        return items
    ids = [asset_id, *(item["id"] for item in items)]
    early = set(await column(open_overrides(ids), "asset_id"))
    return [item for item in items if item["id"] not in early and asset_id not in early]


def open_overrides(asset_ids: Collection[int]) -> QuerySet[DurabilityOverride]:
    """What was asked for these pieces to leave before their grant's day, not used and not taken back."""
    return DurabilityOverride.filter(asset_id__in=list(asset_ids), used_at=None, closed_at=None)


async def must_exist(asset_id: int) -> None:
    """Raises NotFound("asset.unknown")."""
    if not await Asset.exists(id=asset_id):
        raise NotFound("asset.unknown", asset=asset_id)


async def of_purchase_of(asset_id: int, limit: int = 1000) -> list[int]:
    """The pieces that came with the same line of an invoice as this one, itself among them; none without one."""
    purchase = await first_value(Asset.filter(id=asset_id), "purchase_id")
    if not purchase:
        return []
    pieces = Asset.filter(purchase_id=purchase).exclude(lifecycle=Lifecycle.WITHDRAWN)
    return await column(pieces.order_by("id").limit(limit), "id")


async def detail(asset_id: int) -> dict[str, Any]:
    """One asset with its money, tags, purchase and history. Raises NotFound("asset.unknown")."""
    rows = await Asset.filter(id=asset_id).values(*FIELDS, "note", "purchase_id", "custodian_id", **JOINED)
    if not rows:
        raise NotFound("asset.unknown", asset=asset_id)
    asset = rows[0]
    asset["shares"] = await _shares(asset_id, asset["price"])
    asset["former_numbers"] = await column(FormerNumber.filter(asset_id=asset_id).order_by("id"), "number")
    asset["tags"] = await Tag.filter(asset_id=asset_id).order_by("id").values_list("code", flat=True)
    asset["own_values"] = (await own_values([asset_id])).get(asset_id, {})
    asset["bought"] = await _purchase(asset_id) if asset["purchase_id"] else None
    asset["history"] = await _history(f"asset:{asset_id}")
    return asset


async def purchase_line(code: str) -> dict[str, Any] | None:
    """One line of an invoice, with how many pieces of it are in the register as ``registered``; None for no such."""
    columns = ("id", "code", "name", "invoice_no", "supplier", "accepted_on", "quantity", "unit_price")
    rows = await Purchase.filter(code=code).values(*columns)
    if not rows:
        return None
    pieces = Asset.filter(purchase_id=rows[0]["id"]).exclude(lifecycle=Lifecycle.WITHDRAWN)
    (sums,) = await pieces.annotate(n=Sum("quantity")).values_list("n")
    return rows[0] | {"registered": sums[0] or 0}


async def taken_serials(serials: Sequence[str]) -> dict[str, int]:
    """The pieces that have one of these serial numbers already, as they are written: the id of each by its number."""
    in_the_books = Asset.exclude(lifecycle=Lifecycle.WITHDRAWN)
    rows = in_the_books.filter(serial_no__in=list(serials)) if serials else None
    return dict(await rows.values_list("serial_no", "id")) if rows else {}


class NamedPiece(NamedTuple):
    """A piece, and the number by which it was asked for: its own, a former one, or its serial number."""

    id: int
    name: str
    number: str


class InvoiceLine(NamedTuple):
    code: str
    name: str


async def holders_of_numbers(numbers: Sequence[str]) -> list[NamedPiece]:
    """The pieces that have one of these inventory numbers, or had it."""
    keys = [key for number in numbers if may_be_name(key := rules.number_key(number), rules.NUMBER_KEY_LENGTH)]
    present = await Asset.filter(number_key__in=keys).order_by("id").values_list("id", "name", "inventory_no")
    former = FormerNumber.filter(number_key__in=keys).order_by("id")
    rows = [*present, *await former.values_list("asset_id", "asset__name", "number")]
    return [NamedPiece(*row) for row in rows]


async def holders_of_serials(serials: Sequence[str]) -> list[NamedPiece]:
    """The pieces that have one of these serial numbers, spaces and case aside; without withdrawn ones."""
    keys = list(dict.fromkeys("".join(serial.split()).lower() for serial in serials))
    keys_clause = one_of("lower(replace(serial_no, ' ', ''))", keys)
    rest = f"FROM asset WHERE {keys_clause.sql} AND lifecycle <> 'withdrawn' ORDER BY id LIMIT 50"
    rows = await listed(reading_from(), ["id", "name", "serial_no"], Clause(rest, keys_clause.values)) if keys else []
    return [NamedPiece(*row) for row in rows]


async def lines_of_invoice(invoice_no: str) -> list[InvoiceLine]:
    """The lines of an invoice that the register has."""
    if not may_be_name(invoice_no, 100):
        return []
    rows = await Purchase.filter(invoice_no=invoice_no).order_by("code").limit(50).values_list("code", "name")
    return [InvoiceLine(*row) for row in rows]


async def _shares(asset_id: int, price: Decimal) -> list[dict[str, Any]]:
    rows = (
        await FundingShare.filter(asset_id=asset_id)
        .order_by("id")
        .values("amount", grant="grant__code", grant_name="grant__name", fund="grant__fund")
    )
    for share in rows:
        share["percent"] = (share["amount"] * 100 / price).quantize(rules.GROSZ) if price else Decimal(0)
    return list(rows)


async def _purchase(asset_id: int) -> dict[str, Any] | None:
    rows = await Asset.filter(id=asset_id, purchase_id__not_isnull=True).values(
        code="purchase__code", supplier="purchase__supplier", contract="purchase__contract",
        invoice_no="purchase__invoice_no", invoiced_on="purchase__invoiced_on", quantity="purchase__quantity",
        unit_price="purchase__unit_price",
    )  # fmt: skip
    return rows[0] if rows else None


async def _history(thing: str) -> list[dict[str, Any]]:
    entries = HistoryEntry.filter(object=thing).order_by("-seq").limit(100)
    return list(await entries.values("at", "actor", "source", "action", "before", "after", "reason"))


async def room_codes_of(asset_ids: Collection[int]) -> frozenset[str]:
    """The codes of the rooms in which these assets stand."""
    if not asset_ids:
        return frozenset()
    rows = Asset.filter(id__in=list(asset_ids), room_id__isnull=False).values_list("room__code", flat=True)
    return frozenset(str(code) for code in await rows)


async def spent_of(grant_id: int) -> tuple[int, Decimal]:
    """How many pieces a grant paid for, in part or wholly, and how much of their price, in PLN."""
    in_the_books = FundingShare.filter(grant_id=grant_id).exclude(asset__lifecycle=Lifecycle.WITHDRAWN)
    sums = in_the_books.annotate(pieces=Count("id"), spent=Sum("amount"))
    rows = await sums.values_list("pieces", "spent")
    pieces, spent = rows[0] if rows else (0, None)
    return pieces, spent or Decimal(0)


async def by_tag(code: str) -> Tag:
    """What a tag is on. Raises NotFound("tag.unknown", "tag.bad_check")."""
    if not tags.check(tags.normalised(code)):
        raise NotFound("tag.bad_check", code=code[:40])
    tag = await tag_or_none(code)
    if tag is None:
        raise NotFound("tag.unknown", code=tags.normalised(code))
    return tag


async def tag_or_none(code: str) -> Tag | None:
    """The tag with this code as somebody types it, with its asset and room; None for one that nobody printed."""
    code = tags.normalised(code)
    return await Tag.get_or_none(code=code).select_related("asset", "room") if tags.check(code) else None


async def numbered(number: str) -> list[dict[str, Any]]:
    """The assets that have exactly this number, spaces and case aside. The first way that names any decides: the
    inventory number, a former number, the serial number; a label's code is no number. A part of a number names nothing.
    Each ``{id, name, inventory_no, lifecycle, by}`` with ``by`` one of number, former_number, serial; one at most
    unless ``by`` is serial.
    """
    key = rules.number_key(number)
    if not may_be_name(key, rules.NUMBER_KEY_LENGTH):
        return []
    by_number = await Asset.filter(number_key=key).values(*_NAMED)
    if by_number:
        return [row | {"by": "number"} for row in by_number]
    by_former = await Asset.filter(former_numbers__number_key=key).values(*_NAMED)
    if by_former:
        return [row | {"by": "former_number"} for row in by_former]
    clause = Clause(_BY_SERIAL, ("".join(number.split()),))
    rows = await listed(reading_from(), [f"asset.{name}" for name in _NAMED], clause)
    pieces = [dict(zip(_NAMED, row, strict=True)) | {"by": "serial"} for row in rows]
    # one that was entered twice has the serial number of the one that stayed
    return [piece for piece in pieces if piece["lifecycle"] != Lifecycle.WITHDRAWN] or pieces


async def ids_of_numbers(numbers: Sequence[str]) -> list[int]:
    """The pieces with these numbers, each as in :func:`numbered`: one statement for all inventory numbers. Raises
    NotFound("asset.no_number"), Conflict("asset.several").
    """
    keys = {number: rules.number_key(number) for number in numbers}
    possible = [key for key in keys.values() if may_be_name(key, rules.NUMBER_KEY_LENGTH)]
    by_key = dict(await Asset.filter(number_key__in=possible).values_list("number_key", "id")) if possible else {}
    ids: list[int] = []
    for number, key in keys.items():
        rows = [{"id": by_key[key]}] if key in by_key else await numbered(number)
        if not rows:
            raise NotFound("asset.no_number", number=number[:60])
        if len(rows) > 1:
            raise Conflict("asset.several", number=number[:60])
        ids.append(rows[0]["id"])
    return ids


async def of_room(room_id: int) -> list[dict[str, Any]]:
    """What stands in a room, as in a list of assets, things with a problem first."""
    items = (
        await Asset.filter(room_id=room_id, lifecycle__in=STANDING)
        .order_by("search_text", "id")
        .values(*FIELDS, **JOINED)
    )
    return sorted(items, key=lambda item: item["condition"] == Condition.OK)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a room has what it should have, in working order."""

    ready: bool
    items: tuple[rules.ReadinessItem, ...]

    @property
    def broken(self) -> list[rules.ReadinessItem]:
        return [item for item in self.items if not item.ready]


async def readiness(room_id: int) -> Readiness:
    """A room's standard less what is faulty, in repair or missing. A room without a standard is ready."""
    return (await readiness_of([room_id]))[room_id]


async def readiness_of(room_ids: Sequence[int]) -> dict[int, Readiness]:
    """The readiness of many rooms in two queries."""
    standards: dict[int, list[rules.Standard]] = {room_id: [] for room_id in room_ids}
    items = StandardItem.filter(room_id__in=list(room_ids)).order_by("id")
    for room_id, *item in await items.values_list("room_id", "name", "feature", "quantity"):
        standards[room_id].append(rules.Standard(*item))
    pieces = await _pieces([room_id for room_id, standard in standards.items() if standard])
    return {room_id: _folded(standard, pieces.get(room_id, [])) for room_id, standard in standards.items()}


def _folded(standard: Iterable[rules.Standard], pieces: Sequence[rules.Piece]) -> Readiness:
    items = rules.readiness(standard, pieces)
    return Readiness(all(item.ready for item in items), tuple(items))


# what works is summed by the database, or each look at a large house would read all that stands in it
_STANDING = """FROM asset WHERE {rooms} AND lifecycle IN ('in_use', 'in_store') AND borrower_id IS NULL
GROUP BY 1, 2, 3, 4, 6"""
_STANDING_COLUMNS = (
    "room_id", "name", "condition", "CASE WHEN condition = 'ok' THEN NULL ELSE id END", "SUM(quantity)",
    "CASE WHEN condition = 'ok' THEN NULL ELSE inventory_no END",
)  # fmt: skip


async def _pieces(room_ids: Sequence[int]) -> dict[int, list[rules.Piece]]:
    pieces: dict[int, list[rules.Piece]] = {}
    if room_ids:
        rooms_clause = one_of("room_id", room_ids)
        clause = Clause(_STANDING.format(rooms=rooms_clause.sql), rooms_clause.values)
        for room_id, name, condition, pk, quantity, number in await listed(reading_from(), _STANDING_COLUMNS, clause):
            pieces.setdefault(room_id, []).append(rules.Piece(pk, name, condition, int(quantity), number))
    return pieces


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a room offers: the features that work now, and of its ``faulty_count`` things that are faulty or in repair
    the first few, each ``{id, name, condition}``. Not all of them are on the room's standard.
    """

    works: frozenset[str]
    broken: list[dict[str, Any]]
    faulty_count: int


BUILT_IN = ("step_free", "hearing_loop", "screen")
# of many faulty things a row names two
_FAULTY = """FROM (
    SELECT room_id, id, name, condition, COUNT(*) OVER (PARTITION BY room_id) AS of_room,
        ROW_NUMBER() OVER (PARTITION BY room_id ORDER BY name, id) AS place
    FROM asset WHERE {rooms} AND lifecycle = 'in_use' AND condition IN ('faulty', 'in_repair')
) AS faulty WHERE place <= 2 ORDER BY room_id, place"""


# by room id, with the room's revision: whatever changes the equipment as it can be seen makes that grow
_equipment: Cache[int, tuple[int, Equipment]] = Cache()


async def equipment_of(rooms: Sequence[Room]) -> dict[int, Equipment]:
    """The equipment of many rooms by room id. A feature works if every line of the room's standard that is meant for it
    is ready; what is built in and on no line works.
    """
    entries = {room.id: _equipment.get(room.id) for room in rooms}
    equipment = {room.id: entry[1] for room in rooms if (entry := entries[room.id]) and entry[0] == room.revision}
    new = [room for room in rooms if room.id not in equipment]
    for room, fresh in zip(new, await _fresh_equipment(new) if new else (), strict=True):
        equipment[room.id] = fresh
        if not is_inside():
            _equipment.put(room.id, (room.revision, fresh))
    return equipment


async def _fresh_equipment(rooms: Sequence[Room]) -> list[Equipment]:
    ids = [room.id for room in rooms]
    readiness_by_room = await readiness_of(ids)
    faulty: dict[int, list[dict[str, Any]]] = {}
    counts: dict[int, int] = {}
    rooms_clause = one_of("room_id", ids)
    clause = Clause(_FAULTY.format(rooms=rooms_clause.sql), rooms_clause.values)
    columns = ("room_id", "id", "name", "condition", "of_room")
    for room_id, asset_id, name, condition, of_room in await listed(reading_from(), columns, clause):
        faulty.setdefault(room_id, []).append({"id": asset_id, "name": name, "condition": Condition(condition)})
        counts[room_id] = of_room
    return [
        Equipment(_working_features(room, readiness_by_room[room.id]), faulty.get(room.id, []), counts.get(room.id, 0))
        for room in rooms
    ]


def _working_features(room: Room, readiness: Readiness) -> frozenset[str]:
    listed_features = {item.feature for item in readiness.items if item.feature}
    broken = {item.feature for item in readiness.broken}
    # a loop in the floor is on no list
    built_in = {name for name in BUILT_IN if getattr(room, name)}
    return frozenset(listed_features - broken | built_in - listed_features)


async def answers_by_code(
    transition: Transition,
    room: str,
    custodian: str,
    reason: str,
    *,
    lifecycle: Lifecycle | None = None,
    accepted_on: date | None = None,
    borrower: str = "",
    due_on: date | None = None,
) -> Answers:
    """What somebody answered to a transition: a room's code, logins, a reason, a life cycle, days. What it does not
    ask is not looked up.

    Raises NotFound: room.unknown, person.unknown; Conflict("room.closed").
    """
    fields = {question.field for question in transition.asks}
    room_id = custodian_id = borrower_id = None
    if room and QuestionField.ROOM in fields:
        room_id = (await open_room_by_code(room)).id
    if custodian and QuestionField.CUSTODIAN in fields:
        custodian_id = (await person_by_login(custodian)).id
    if borrower and QuestionField.BORROWER in fields:
        borrower_id = (await person_by_login(borrower)).id
    return Answers(room_id, custodian_id, reason, lifecycle, accepted_on, borrower_id, due_on)
