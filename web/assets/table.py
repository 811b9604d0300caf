"""The list of assets: its filters as addresses, its views with their counts, its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from registry.assets.filters import AssetFilter
from registry.assets.models import Condition, Lifecycle
from registry.assets.orders import MONEY_SORTS, ORDERS
from registry.assets.queries import AssetPage, categories, counts_by_state, custodians, grant_percents, search
from registry.assets.transitions import CONDITION_WORDS, LIFECYCLE_WORDS
from registry.grants.queries import all_grants
from registry.rooms.queries import rooms_by_code
from registry.saved_views.models import SavedView
from registry.saved_views.queries import views_of
from web.assets.list_columns import columns_in
from web.categories.values import field_options
from web.kit.page_context import PageContext
from web.kit.words import N_

PAGE = 50
CHOSEN = ("room", "category", "custodian", "grant", "lifecycle", "condition", "field", "printed", "without", "fault")
DAYS = ("warranty_before", "durable_before")
# set by a link, never chosen
LINKED = ("imported", "bulk")
FILTERS = (*CHOSEN, *DAYS, *LINKED)
LABELS = {
    "room": N_("Room"),
    "category": N_("Category"),
    "custodian": N_("Custodian"),
    "grant": N_("Grant"),
    "lifecycle": N_("Life cycle"),
    "condition": N_("Condition"),
    "printed": N_("Label"),
    "without": N_("Without"),
    "fault": N_("Fault"),
    "warranty_before": N_("Warranty ends before"),
    "durable_before": N_("Durability ends before"),
    "imported": N_("Import"),
    "bulk": N_("Bulk change"),
    "field": N_("Category field"),
}
PRINTED_WORDS = {"no": N_("not yet printed"), "yes": N_("printed")}
WITHOUT_WORDS = {
    "room": N_("a room"),
    "custodian": N_("a custodian"),
    "number": N_("an inventory number"),
    "serial": N_("a serial number"),
    "warranty": N_("a warranty"),
    "label": N_("a label"),
}
FAULT_WORDS = {"open": N_("not mended yet")}
Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ListAddress:
    """What the address of a list says: what is looked for, in which order, in which columns, behind or before which
    row. No columns are the usual ones.
    """

    filter: AssetFilter
    sort: str = "name"
    columns: tuple[str, ...] = ()
    after: str = ""
    before: str = ""

    def href(self, **changes: Any) -> str:
        """The address of this list with something else in it; a changed filter begins at the first row."""
        place = {name: changes.pop(name) for name in ("sort", "columns", "after", "before") if name in changes}
        changed_filter = replace(self.filter, **changes)
        query = {name: getattr(changed_filter, name) for name in ("q", *FILTERS)}
        query["sort"] = place.get("sort", self.sort).removeprefix("name")
        query["cols"] = ",".join(place.get("columns", self.columns))
        query |= {name: place.get(name, "") for name in ("after", "before")}
        return "/assets?" + urlencode({name: value for name, value in query.items() if value}, safe=",")

    @property
    def place(self) -> str:
        """The address of this very page of the list."""
        return self.href(after=self.after, before=self.before).removesuffix("?")

    @property
    def query(self) -> str:
        """What stands behind the question mark, from the first row on."""
        return self.href().partition("?")[2]

    def export_href(self, kind: str) -> str:
        """The address of this very list as a file."""
        return self.href().replace("/assets?", f"/assets/export.{kind}?")

    def all_columns_href(self, kind: str) -> str:
        """The address of this list as a file with every column, for the importer to take."""
        return replace(self, columns=()).export_href(kind)

    def fields(self) -> list[tuple[str, str]]:
        """What a form that chooses other columns sends along."""
        return [(name, value) for name, value in parse_qsl(self.query) if name != "cols"]

    def sorted_by(self, column: str) -> str:
        """The address with another order; the column that sorts already turns round."""
        return self.href(sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """What aria-sort says of a column."""
        if self.sort.removeprefix("-") != column:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    @property
    def is_filtered(self) -> bool:
        """Whether one of the choices beside the words is set."""
        return any(getattr(self.filter, name) for name in FILTERS)


def address_of(query: Mapping[str, str], counts_money: bool = True) -> ListAddress:
    """What the query of an address says. What cannot be read counts as not said, and so does what would tell money to
    who does not count it: the order by price, and what a grant paid for.
    """
    wish = AssetFilter(**{name: query.get(name, "").strip() for name in ("q", *FILTERS)})
    sort = query.get("sort", "")
    if not counts_money:
        wish = replace(wish, grant="")
        sort = "" if sort.removeprefix("-") in MONEY_SORTS else sort
    return ListAddress(
        filter=wish,
        sort=sort if sort.removeprefix("-") in ORDERS else "name",
        columns=columns_in(query, counts_money),
        after=query.get("after", "")[:40],
        before=query.get("before", "")[:40],
    )


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list with the funding of its rows: the grants' share of each price in percent. ``first`` and
    ``last`` count from 1.
    """

    assets: AssetPage
    percents: dict[int, Decimal]
    first: int
    last: int


async def page_at(address: ListAddress, context: PageContext) -> ListPage:
    """The page at an address. The sums are of the whole list."""
    assets = await search(address.filter, address.sort, limit=PAGE, after=address.after, before=address.before)
    percents = await grant_percents(assets.items) if context.may("assets.see_money") else {}
    return ListPage(assets, percents, assets.first + 1 if assets.items else 0, assets.first + len(assets.items))


@dataclass(frozen=True, slots=True)
class View:
    """A filter worth a name, with how many it finds where that is known; ``is_own``: somebody's own."""

    href: str
    word: str
    count: int | None
    is_on: bool
    is_own: bool = False


async def views(address: ListAddress, context: PageContext) -> list[View]:
    """Everything, what wants attention, what is in one's own care, then the saved ones: the office's and one's own.
    Of the ready-made ones those without a single asset are left out.
    """
    counts, mine = await counts_by_state(context.person.id)
    rows = [
        (N_("All"), AssetFilter(), sum(counts.values())),
        (N_("Faulty"), AssetFilter(condition="faulty"), _sum(counts, Condition.FAULTY)),
        (N_("In repair"), AssetFilter(condition="in_repair"), _sum(counts, Condition.IN_REPAIR)),
        (N_("In store"), AssetFilter(lifecycle="in_store"), _sum(counts, Lifecycle.IN_STORE)),
        (N_("Retired"), AssetFilter(lifecycle="retired"), _sum(counts, Lifecycle.RETIRED)),
        (N_("In my care"), AssetFilter(custodian=context.person.login), mine),
    ]
    saved_views = [_of_saved(view, address, context) for view in await views_of(context.person.id)]
    is_saved = any(view.is_on for view in saved_views)
    ready_made = [
        View(ListAddress(wish).href(), context.say(word), count, address.filter == wish and not is_saved)
        for word, wish, count in rows
    ]
    return [*ready_made[:1], *(view for view in ready_made[1:] if view.count), *saved_views]


def _of_saved(view: SavedView, address: ListAddress, context: PageContext) -> View:
    counts_money = context.may("assets.see_money")
    query = address_of(dict(parse_qsl(view.query)), counts_money).query
    href = f"/assets?{query}" if query else "/assets"
    return View(href, view.name, None, query == address.query, not view.is_shared)


def _sum(counts: dict[tuple[Lifecycle, Condition], int], state: Lifecycle | Condition) -> int:
    return sum(number for states, number in counts.items() if state in states)


async def options(context: PageContext, category: str = "") -> dict[str, Options]:
    """What each filter offers, as pairs of value and word; of a category also what its fields hold."""
    grants = await all_grants() if context.may("assets.see_money") else []
    return {
        "room": await room_options(context),
        "category": [(name, name) for name in await categories()],
        "custodian": await custodians(),
        "grant": [(grant["code"], grant["code"]) for grant in grants],
        "lifecycle": [(str(state), context.say(word)) for state, word in LIFECYCLE_WORDS.items()],
        "condition": [(str(state), context.say(word)) for state, word in CONDITION_WORDS.items()],
        "printed": [(name, context.say(word)) for name, word in PRINTED_WORDS.items()],
        "without": [(name, context.say(word)) for name, word in WITHOUT_WORDS.items()],
        "fault": [(name, context.say(word)) for name, word in FAULT_WORDS.items()],
        "field": await field_options(category, context) if category else [],
    }


async def room_options(context: PageContext) -> Options:
    """Every room, as pairs of code and name."""
    return [(room.code, f"{room.code} {context.words.room(room)}") for room in await rooms_by_code()]


def labels(context: PageContext) -> dict[str, str]:
    """The filters that the reader may choose from, with their words."""
    return {name: LABELS[name] for name in CHOSEN if name != "grant" or context.may("assets.see_money")}


def chips(address: ListAddress, offers: dict[str, Options], context: PageContext) -> Iterable[tuple[str, str]]:
    """The filters that are set: words, and the address without them."""
    for name in FILTERS:
        value = getattr(address.filter, name)
        if value:
            word = _day_words(value, context) if name in DAYS else dict(offers.get(name, [])).get(value, value)
            yield f"{context.say(LABELS[name])}: {word}", address.href(**{name: ""})


def _day_words(text: str, context: PageContext) -> str:
    try:
        return context.fmt.date(date.fromisoformat(text))
    except ValueError:
        return text
