"""What is asked about assets: lists with their sums, one asset with all that is known, a room's readiness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Sum
from tortoise.queryset import QuerySet

from registry.assets import rules, tags
from registry.assets.models import Asset, Condition, Device, FundingShare, Lifecycle, Tag
from registry.columns import column as column_of
from registry.errors import NotFound
from registry.history import HistoryEntry
from registry.people.models import Person
from registry.rooms.models import Room, StandardItem

# a condition of a thing that a room can count on
STANDING = (Lifecycle.IN_USE, Lifecycle.IN_STORE)
SORTS = {"name": "search_text", "number": "inventory_no", "price": "price", "room": "room__code",
         "accepted": "accepted_on", "id": "id"}  # fmt: skip
FIELDS = ("id", "inventory_no", "name", "category", "kst", "account", "price", "quantity", "serial_no", "lifecycle",
          "condition", "accepted_on", "warranty_until", "durable_until", "room_id", "revision")  # fmt: skip
JOINED = {
    "room": "room__code", "room_name": "room__name", "room_name_en": "room__name_en", "custodian": "custodian__login",
    "custodian_name": "custodian__name", "purchase": "purchase__code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list. ``total`` and ``total_price`` (PLN gross) are of the whole list."""

    items: list[dict[str, Any]]
    total: int
    total_price: Decimal
    next: int | None


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What to look for; empty means any. ``q`` goes over everything: number, name, serial, room, custodian, tag."""

    q: str = ""
    room: str = ""
    category: str = ""
    custodian: str = ""
    grant: str = ""
    lifecycle: str = ""
    condition: str = ""


async def search(wanted: AssetFilter, sort: str = "name", offset: int = 0, limit: int = 50) -> Found:
    """Assets as plain dicts. ``sort`` is a key of SORTS, with ``-`` before it for the other way round."""
    filtered = await _filtered(wanted)
    sums = await filtered.annotate(n=Count("id"), price_sum=Sum("price")).values("n", "price_sum")
    total = sums[0]["n"] if sums else 0
    price = Decimal(str(sums[0]["price_sum"] or 0)) if sums else Decimal(0)
    column = SORTS.get(sort.removeprefix("-"), "search_text")
    order = f"-{column}" if sort.startswith("-") else column
    # by id first: joined, every row that is skipped would be looked up in three tables
    page = await column_of(filtered.order_by(order, "id").offset(offset).limit(limit), "id")
    known = {item["id"]: item for item in await Asset.filter(id__in=page).values(*FIELDS, **JOINED)} if page else {}
    items = [known[asset_id] for asset_id in page if asset_id in known]
    after = offset + len(items)
    return Found(items, total, price.quantize(rules.GROSZ), after if after < total and items else None)


async def _filtered(wanted: AssetFilter) -> QuerySet[Asset]:
    if _cannot_exist(wanted):
        return Asset.filter(id__lt=0)
    plain: dict[str, Any] = {
        "category": wanted.category,
        "lifecycle": wanted.lifecycle,
        "condition": wanted.condition,
    }
    # by id: with a join the sums of the list would come one by one
    if wanted.room:
        plain["room_id"] = (await Room.filter(code=wanted.room).first().values_list("id", flat=True)) or -1
    if wanted.custodian:
        plain["custodian_id"] = (await Person.filter(login=wanted.custodian).first().values_list("id", flat=True)) or -1
    found = Asset.filter(**{key: value for key, value in plain.items() if value})
    if wanted.grant:
        shared = FundingShare.filter(grant__code=wanted.grant).values("asset_id")
        found = found.filter(id__in=Subquery(shared))
    words = rules.fold("".join(one for one in wanted.q[:200] if one.isprintable())).split()[:8]
    if not words:
        return found
    code = tags.normalised(wanted.q)
    tagged = await Tag.get_or_none(code=code) if tags.check(code) else None
    if tagged and tagged.asset_id:
        return found.filter(id=tagged.asset_id)
    rooms = [(pk, rules.fold(" ".join(names))) for pk, *names in
             await Room.all().values_list("id", "code", "number", "name", "name_en")]  # fmt: skip
    people = [(pk, rules.fold(f"{login} {name}")) for pk, login, name in
              await Person.all().values_list("id", "login", "name")]  # fmt: skip
    for word in words:
        found = found.filter(
            Q(search_text__contains=word)
            | Q(room_id__in=[pk for pk, text in rooms if word in text])
            | Q(custodian_id__in=[pk for pk, text in people if word in text])
        )
    return found


def _cannot_exist(wanted: AssetFilter) -> bool:
    """Whether a filter holds what no record can; the database layer would raise on it."""
    return (
        len(wanted.category) > 80
        or len(wanted.custodian) > 64
        or max(len(wanted.room), len(wanted.grant)) > 40
        or wanted.lifecycle not in ("", *Lifecycle)
        or wanted.condition not in ("", *Condition)
    )


async def categories() -> list[str]:
    """Every category in use, in the order of the alphabet."""
    found = await Asset.exclude(category="").distinct().values_list("category", flat=True)
    return sorted((str(one) for one in found), key=rules.fold)


async def detail(asset_id: int) -> dict[str, Any]:
    """One asset with its money, tags, devices, purchase and history. Raises NotFound("asset.unknown")."""
    found = await Asset.filter(id=asset_id).values(*FIELDS, "note", "purchase_id", "custodian_id", **JOINED)
    if not found:
        raise NotFound("asset.unknown", asset=asset_id)
    asset = found[0]
    asset["shares"] = await _shares(asset_id, asset["price"])
    asset["tags"] = await Tag.filter(asset_id=asset_id).order_by("id").values_list("code", flat=True)
    asset["devices"] = await Device.filter(asset_id=asset_id).values(
        "id", "code", "kind", "sensing", "enabled", "online", "battery", "heard_at", "occupied", "distrust"
    )
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
