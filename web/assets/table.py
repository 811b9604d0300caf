"""The list of assets: its filters as addresses, its views with their counts, its rows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tortoise.functions import Count

from registry.assets.models import Asset, Condition, FundingShare, Lifecycle
from registry.assets.queries import Found, categories, search
from registry.assets.search import SORTS, AssetFilter
from registry.grants.models import Grant
from registry.people.models import Person
from registry.rooms.models import Room
from web.assets.words import CONDITION_WORDS, LIFECYCLE_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_

PAGE = 50
FARTHEST = 1_000_000
FILTERS = ("room", "category", "custodian", "grant", "lifecycle", "condition")
LABELS = {
    "room": N_("Room"),
    "category": N_("Category"),
    "custodian": N_("Custodian"),
    "grant": N_("Grant"),
    "lifecycle": N_("Life cycle"),
    "condition": N_("Condition"),
}
Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, in which order, from which row on."""

    wanted: AssetFilter
    sort: str = "name"
    offset: int = 0

    def href(self, **changes: Any) -> str:
        """The address of this list with something else in it; a changed filter begins at the first row."""
        place = {name: changes.pop(name) for name in ("sort", "offset") if name in changes}
        wanted = replace(self.wanted, **changes)
        query = {name: getattr(wanted, name) for name in ("q", *FILTERS)}
        query["sort"] = place.get("sort", self.sort)
        query["offset"] = place.get("offset", 0)
        if query["sort"] == "name":
            del query["sort"]
        return "/assets?" + urlencode({name: value for name, value in query.items() if value})

    def sorted_by(self, column: str) -> str:
        """The address with another order; the column that sorts already turns round."""
        return self.href(sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """What aria-sort says of a column."""
        if self.sort.removeprefix("-") != column:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"


def asked(query: dict[str, str]) -> Asked:
    """What an address asks for. What cannot be read counts as not asked."""
    wanted = AssetFilter(**{name: query.get(name, "").strip() for name in ("q", *FILTERS)})
    sort, offset = query.get("sort", ""), query.get("offset", "")
    return Asked(
        wanted=wanted,
        sort=sort if sort.removeprefix("-") in SORTS else "name",
        offset=int(offset) if offset.isdecimal() and len(offset) < 8 and int(offset) < FARTHEST else 0,
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list with the funding of its rows: the grants' share of each price in percent."""

    found: Found
    percents: dict[int, Decimal]
    first: int
    last: int


async def listed(what: Asked, reader: PageContext) -> Listed:
    """Look. The sums are of the whole list."""
    found = await search(what.wanted, what.sort, what.offset, PAGE)
    percents = await _percents(found.items) if reader.may("assets.see_money") else {}
    return Listed(found, percents, what.offset + 1 if found.items else 0, what.offset + len(found.items))


async def _percents(items: list[dict[str, Any]]) -> dict[int, Decimal]:
    prices = {item["id"]: item["price"] for item in items}
    rows = await FundingShare.filter(asset_id__in=list(prices), grant_id__not_isnull=True).values_list(
        "asset_id", "amount"
    )
    sums: dict[int, Decimal] = {}
    for asset_id, amount in rows:
        sums[asset_id] = sums.get(asset_id, Decimal(0)) + amount
    return {pk: amount * 100 / prices[pk] for pk, amount in sums.items() if prices[pk]}


@dataclass(frozen=True, slots=True)
class View:
    """A filter worth a name, with how many it finds."""

    href: str
    word: str
    count: int
    is_on: bool


async def views(what: Asked, reader: PageContext) -> list[View]:
    """Everything, then what wants attention, then what is one's own; views without a single asset are left out."""
    counts: dict[tuple[str, str], int] = {}
    rows = await Asset.annotate(n=Count("id")).group_by("lifecycle", "condition").values("lifecycle", "condition", "n")
    for row in rows:
        counts[row["lifecycle"], row["condition"]] = row["n"]
    mine = await Asset.filter(custodian_id=reader.person.id).count()
    found = [
        _view(reader.say(N_("All")), AssetFilter(), sum(counts.values()), what),
        _view(reader.say(N_("Faulty")), AssetFilter(condition="faulty"), _sum(counts, 1, Condition.FAULTY), what),
        _view(reader.say(N_("In repair")), AssetFilter(condition="in_repair"), _sum(counts, 1, "in_repair"), what),
        _view(reader.say(N_("In store")), AssetFilter(lifecycle="in_store"), _sum(counts, 0, "in_store"), what),
        _view(reader.say(N_("Retired")), AssetFilter(lifecycle="retired"), _sum(counts, 0, "retired"), what),
        _view(reader.say(N_("In my care")), AssetFilter(custodian=reader.person.login), mine, what),
    ]
    return found[:1] + [view for view in found[1:] if view.count]


def _sum(counts: dict[tuple[str, str], int], place: int, value: str) -> int:
    return sum(number for key, number in counts.items() if key[place] == value)


def _view(word: str, wanted: AssetFilter, count: int, what: Asked) -> View:
    return View(Asked(wanted).href(), word, count, what.wanted == wanted)


async def options(reader: PageContext) -> dict[str, Options]:
    """What each filter offers, as pairs of value and word."""
    rooms = await Room.all().order_by("code")
    people = Person.filter(id__in=await _custodians()).order_by("name")
    lifecycles, conditions = Lifecycle, Condition
    return {
        "room": [(room.code, f"{room.code} {reader.words.room(room)}") for room in rooms],
        "category": [(name, name) for name in await categories()],
        "custodian": [(login, name) for login, name in await people.values_list("login", "name")],
        "grant": [(code, code) for code in await Grant.all().order_by("code").values_list("code", flat=True)],
        "lifecycle": [(str(one), reader.say(LIFECYCLE_WORDS[one])) for one in lifecycles],
        "condition": [(str(one), reader.say(CONDITION_WORDS[one])) for one in conditions],
    }


async def _custodians() -> list[int]:
    rows = await Asset.exclude(custodian_id=None).distinct().values_list("custodian_id")
    return [row[0] for row in rows]


def chips(what: Asked, offered: dict[str, Options], reader: PageContext) -> Iterable[tuple[str, str]]:
    """The filters that are set: words, and the address without them."""
    for name in FILTERS:
        value = getattr(what.wanted, name)
        if value:
            word = dict(offered[name]).get(value, value)
            yield f"{reader.say(LABELS[name])}: {word}", what.href(**{name: ""})


def is_locked(durable_until: date | None, today: date) -> bool:
    """Whether a grant still forbids ending possession."""
    return durable_until is not None and durable_until >= today
