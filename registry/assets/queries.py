"""What is asked about assets: lists with their sums, one asset with all that is known, a room's readiness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from registry.assets import rules, tags
from registry.assets.models import Asset, Condition, FundingShare, Lifecycle, Tag
from registry.assets.search import AssetFilter, Clause, find, listed, one_of
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry
from registry.core.transaction import reading_from
from registry.rooms.models import StandardItem

# a condition of a thing that a room can count on
STANDING = (Lifecycle.IN_USE, Lifecycle.IN_STORE)
FIELDS = ("id", "inventory_no", "name", "category", "kst", "account", "price", "quantity", "serial_no", "lifecycle",
          "condition", "accepted_on", "warranty_until", "durable_until", "room_id", "revision")  # fmt: skip
JOINED = {
    "room": "room__code", "room_name": "room__name", "room_name_en": "room__name_en", "custodian": "custodian__login",
    "custodian_name": "custodian__name", "purchase": "purchase__code",
}  # fmt: skip
_NAMES = (*FIELDS, *JOINED)
_COLUMNS = [*(f"asset.{name}" for name in FIELDS), *(path.replace("__", ".") for path in JOINED.values())]
_JOINS = """FROM asset
LEFT JOIN room ON room.id = asset.room_id
LEFT JOIN person custodian ON custodian.id = asset.custodian_id
LEFT JOIN purchase ON purchase.id = asset.purchase_id"""
_DAYS = ("accepted_on", "warranty_until", "durable_until")


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list. ``total`` and ``total_price`` (PLN gross) are of the whole list."""

    items: list[dict[str, Any]]
    total: int
    total_price: Decimal
    next: int | None


async def search(wanted: AssetFilter, sort: str = "name", offset: int = 0, limit: int = 50) -> Found:
    """Assets as plain dicts. ``sort`` is a key of SORTS, with ``-`` before it for the other way round."""
    totals, page = await find(wanted, sort, offset, limit)
    known = {item["id"]: item for item in await _items(page)}
    items = [known[asset_id] for asset_id in page if asset_id in known]
    after = offset + len(items)
    return Found(
        items, totals.many, totals.price.quantize(rules.GROSZ), after if after < totals.many and items else None
    )


async def _items(ids: Sequence[int]) -> list[dict[str, Any]]:
    """What ``Asset.values(*FIELDS, **JOINED)`` gives, in a third of its time."""
    if not ids:
        return []
    wanted = one_of("asset.id", ids)
    found = await listed(reading_from(), _COLUMNS, Clause(f"{_JOINS} WHERE {wanted.sql}", wanted.values))
    return [_item(dict(zip(_NAMES, values, strict=True))) for values in found]


def _item(told: dict[str, Any]) -> dict[str, Any]:
    """From JSON, decimals and days are text."""
    told["price"] = Decimal(told["price"]).quantize(rules.GROSZ)
    told["lifecycle"], told["condition"] = Lifecycle(told["lifecycle"]), Condition(told["condition"])
    for name in _DAYS:
        if isinstance(told[name], str):
            told[name] = date.fromisoformat(told[name])
    return told


async def categories() -> list[str]:
    """Every category in use, in the order of the alphabet."""
    found = await Asset.exclude(category="").distinct().values_list("category", flat=True)
    return sorted((str(one) for one in found), key=rules.fold)


async def detail(asset_id: int) -> dict[str, Any]:
    """One asset with its money, tags, purchase and history. Raises NotFound("asset.unknown")."""
    found = await Asset.filter(id=asset_id).values(*FIELDS, "note", "purchase_id", "custodian_id", **JOINED)
    if not found:
        raise NotFound("asset.unknown", asset=asset_id)
    asset = found[0]
    asset["shares"] = await _shares(asset_id, asset["price"])
    asset["tags"] = await Tag.filter(asset_id=asset_id).order_by("id").values_list("code", flat=True)
    asset["bought"] = await _purchase(asset_id)
    asset["history"] = await _history(f"asset:{asset_id}")
    return asset


async def _shares(asset_id: int, price: Decimal) -> list[dict[str, Any]]:
    found = (
        await FundingShare.filter(asset_id=asset_id)
        .order_by("id")
        .values("amount", grant="grant__code", grant_name="grant__name", fund="grant__fund")
    )
    for share in found:
        share["percent"] = (share["amount"] * 100 / price).quantize(rules.GROSZ) if price else Decimal(0)
    return list(found)


async def _purchase(asset_id: int) -> dict[str, Any] | None:
    found = await Asset.filter(id=asset_id, purchase_id__not_isnull=True).values(
        code="purchase__code", supplier="purchase__supplier", contract="purchase__contract",
        invoice_no="purchase__invoice_no", invoiced_on="purchase__invoiced_on", quantity="purchase__quantity",
        unit_price="purchase__unit_price",
    )  # fmt: skip
    return found[0] if found else None


async def _history(thing: str) -> list[dict[str, Any]]:
    entries = HistoryEntry.filter(object=thing).order_by("-seq").limit(100)
    return list(await entries.values("at", "actor", "source", "action", "before", "after", "reason"))


async def faulty_in_use(limit: int) -> tuple[list[dict[str, Any]], int]:
    """The newest faulty things in use with their rooms, and how many there are."""
    faulty = Asset.filter(lifecycle=Lifecycle.IN_USE, condition=Condition.FAULTY)
    newest = faulty.order_by("-id").limit(limit)
    rows = await newest.values("id", "name", "inventory_no", "condition", "room__code", "room__name")
    return list(rows), await faulty.count()


async def by_tag(code: str) -> Tag:
    """What a tag is on. Raises NotFound("tag.unknown", "tag.bad_check")."""
    wanted = tags.normalised(code)
    if not tags.check(wanted):
        raise NotFound("tag.bad_check", code=code[:40])
    found = await Tag.get_or_none(code=wanted).select_related("asset", "room")
    if found is None:
        raise NotFound("tag.unknown", code=wanted)
    return found


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
    wanted = StandardItem.filter(room_id__in=list(room_ids)).order_by("id")
    for room_id, *item in await wanted.values_list("room_id", "name", "feature", "quantity"):
        standards[room_id].append(rules.Standard(*item))
    pieces = await _pieces([room_id for room_id, standard in standards.items() if standard])
    return {room_id: _folded(standard, pieces.get(room_id, [])) for room_id, standard in standards.items()}


def _folded(standard: Iterable[rules.Standard], pieces: Sequence[rules.Piece]) -> Readiness:
    items = rules.readiness(standard, pieces)
    return Readiness(all(item.ready for item in items), tuple(items))


async def _pieces(room_ids: Sequence[int]) -> dict[int, list[rules.Piece]]:
    pieces: dict[int, list[rules.Piece]] = {}
    if room_ids:
        found = Asset.filter(room_id__in=list(room_ids), lifecycle__in=STANDING)
        rows = await found.values_list("room_id", "id", "name", "condition", "quantity", "inventory_no")
        for room_id, pk, name, condition, quantity, number in rows:
            pieces.setdefault(room_id, []).append(rules.Piece(pk, name, str(condition), quantity, number))
    return pieces
