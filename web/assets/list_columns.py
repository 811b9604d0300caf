"""The columns of the list of assets: which there are, which an address names, and in which order they stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from web.kit.page_context import PageContext
from web.kit.words import N_


@dataclass(frozen=True, slots=True)
class AssetColumn:
    """What heads it, the order that it stands for, whether it tells money, and its look."""

    word: str
    sort: str = ""
    is_money: bool = False
    look: str = ""


COLUMNS = {
    "number": AssetColumn(N_("Inventory number"), "number"),
    "name": AssetColumn(N_("Name"), "name"),
    "room": AssetColumn(N_("Room"), "room"),
    "custodian": AssetColumn(N_("Custodian"), "custodian", look="minor"),
    "condition": AssetColumn(N_("Condition"), "condition"),
    "funding": AssetColumn(N_("Funding"), is_money=True, look="minor"),
    "durable": AssetColumn(N_("Durable until"), "durable"),
    "price": AssetColumn(N_("Value, PLN"), "price", is_money=True, look="num minor"),
    "category": AssetColumn(N_("Category"), "category", look="minor"),
    "serial": AssetColumn(N_("Serial number"), "serial", look="minor"),
    "quantity": AssetColumn(N_("Quantity"), "quantity", look="num minor"),
    "kst": AssetColumn(N_("KŚT"), "kst", look="minor"),
    "account": AssetColumn(N_("Account"), "account", is_money=True, look="minor"),
    "accepted": AssetColumn(N_("Accepted"), "accepted", look="minor"),
    "warranty": AssetColumn(N_("Warranty until"), "warranty", look="minor"),
    "lifecycle": AssetColumn(N_("Life cycle"), "lifecycle", look="minor"),
    "purchase": AssetColumn(N_("Purchase"), look="minor"),
}
USUAL = ("number", "name", "room", "custodian", "condition", "funding", "durable", "price")


def columns_in(query: Mapping[str, str], counts_money: bool) -> tuple[str, ...]:
    """The columns that an address names, by ``cols`` with commas or several times; none for the usual ones, and where
    it names what there is not alone. The name is always there.
    """
    texts = query.getlist("cols") if hasattr(query, "getlist") else [query.get("cols", "")]
    names = dict.fromkeys(name for text in texts for name in text[:400].split(","))
    columns = tuple(name for name in names if name in COLUMNS and (counts_money or not COLUMNS[name].is_money))
    if not columns or columns == shown((), counts_money):
        return ()
    return columns if "name" in columns else ("name", *columns)


def shown(columns: tuple[str, ...], counts_money: bool) -> tuple[str, ...]:
    """The columns that a list has."""
    return columns or tuple(name for name in USUAL if counts_money or not COLUMNS[name].is_money)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column as the menu offers it; ``earlier`` are the columns with it one place further to the front."""

    name: str
    word: str
    is_on: bool
    earlier: tuple[str, ...] = ()


def choices(columns: tuple[str, ...], context: PageContext) -> list[ColumnChoice]:
    """All columns that the reader may see, those of the list first, in its order."""
    counts_money = context.may("assets.see_money")
    present = shown(columns, counts_money)
    rest = [name for name, one in COLUMNS.items() if name not in present and (counts_money or not one.is_money)]
    on = [
        ColumnChoice(name, COLUMNS[name].word, True, _earlier(present, place) if place else ())
        for place, name in enumerate(present)
    ]
    return [*on, *(ColumnChoice(name, COLUMNS[name].word, False) for name in rest)]


def _earlier(columns: tuple[str, ...], place: int) -> tuple[str, ...]:
    swapped = list(columns)
    swapped[place - 1], swapped[place] = swapped[place], swapped[place - 1]
    return tuple(swapped)
