"""The page of what is due: a year of months, and lines by stretch of time."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import urlencode

from babel.dates import format_date

from registry.upkeep.queries import due_by_day, due_items
from registry.upkeep.rules import USUAL, DueItem, DueKind, end_of_next_week, months_from, stretches
from web.due.access import custodian_of, kinds_of
from web.due.words import KIND_WORDS, SIGNS, WHAT_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_

SHOWN = 200
ENDING = (DueKind.CALIBRATION, DueKind.WARRANTY, DueKind.DURABILITY)
URGENT = 5  # percent of a battery


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing that is due."""

    day: str
    iso: str
    far: str
    sign: str
    what: str
    thing: str
    href: str
    note: str
    where: str
    who: str
    tone: str


@dataclass(frozen=True, slots=True)
class DueSection:
    title: str
    count: int
    lines: list[DueLine]


@dataclass(frozen=True, slots=True)
class DueMonth:
    """A month of the year ahead, with the share of the fullest one that each kind fills, in percent."""

    name: str
    href: str
    count: int
    bars: list[tuple[str, int]]
    is_now: bool


@dataclass(frozen=True, slots=True)
class DueView:
    sections: list[DueSection]
    months: list[DueMonth]
    views: list[tuple[str, str, int | None, bool]]
    total: int
    soon: int
    last: date
    more: int


async def view_of(context: PageContext, kind: DueKind | None, last: date | None, is_mine: bool) -> DueView:
    """Until three months ahead, or until a day."""
    today, custodian = context.today, custodian_of(context.person, is_mine)
    until = last or today + USUAL
    everything = await due_items(tuple(DueKind), today, until, today, custodian)
    items = [item for item in everything if item.kind in kinds_of(kind)]
    counts = {one: sum(item.kind is one for item in everything) for one in DueKind}
    sections = [
        DueSection(_title(first, context), len(part), [_line(item, context) for item in part])
        for first, part in stretches(items[:SHOWN], today)
    ]
    return DueView(
        sections=sections,
        months=await _months(context, custodian, kind, is_mine),
        views=_views(context, kind, is_mine, last, counts),
        total=len(items),
        soon=sum(item.day <= end_of_next_week(today) for item in items),
        last=until,
        more=max(len(items) - SHOWN, 0),
    )


def address(kind: DueKind | None = None, is_mine: bool = False, until: date | None = None) -> str:
    """The page with these filters."""
    query = {"kind": kind or "", "of": "mine" if is_mine else "", "until": until.isoformat() if until else ""}
    text = urlencode({name: value for name, value in query.items() if value})
    return f"/due?{text}" if text else "/due"


def _views(
    context: PageContext, kind: DueKind | None, is_mine: bool, last: date | None, counts: dict[DueKind, int]
) -> list[tuple[str, str, int | None, bool]]:
    views = [(context.say(N_("All")), address(None, is_mine, last), sum(counts.values()), kind is None)]
    views += [(context.say(KIND_WORDS[one]), address(one, is_mine, last), counts[one], kind is one) for one in DueKind]
    rows: list[tuple[str, str, int | None, bool]] = [*views]
    if context.may("due.see_all"):
        rows.append((context.say(N_("In my care")), address(kind, not is_mine, last), None, is_mine))
    return rows


def _title(first: date | None, context: PageContext) -> str:
    if first is None:
        return context.say(N_("Until the end of next week"))
    text = str(format_date(first, "LLLL y", context.fmt.locale))
    return text[:1].upper() + text[1:]


async def _months(context: PageContext, custodian: int | None, kind: DueKind | None, is_mine: bool) -> list[DueMonth]:
    months = months_from(context.today, 13)
    by_day = await due_by_day(context.today, months[-1] - timedelta(days=1), custodian, ENDING)
    sums = {(one, month): 0 for one in ENDING for month in months}
    for (one, day), many in by_day.items():
        sums[one, day.replace(day=1)] += many
    fullest = max([sum(sums[one, month] for one in ENDING) for month in months] or [1])
    return [_month(month, after, sums, fullest or 1, context, kind, is_mine) for month, after in pairwise(months)]


def _month(
    month: date,
    after: date,
    sums: dict[tuple[DueKind, date], int],
    fullest: int,
    context: PageContext,
    kind: DueKind | None,
    is_mine: bool,
) -> DueMonth:
    parts = [(one, sums[one, month]) for one in ENDING]
    pattern = "LLL y" if month.month == 1 else "LLL"
    return DueMonth(
        name=str(format_date(month, pattern, context.fmt.locale)),
        href=address(kind, is_mine, after - timedelta(days=1)),
        count=sum(many for _, many in parts),
        bars=[(str(one), max(round(many * 100 / fullest), 3)) for one, many in parts if many],
        is_now=month == context.today.replace(day=1),
    )


def _line(item: DueItem, context: PageContext) -> DueLine:
    fmt, days = context.fmt, (item.day - context.today).days
    note, tone = _note(item, context)
    return DueLine(
        day=f"{fmt.weekday(item.day)} {fmt.short(item.day)}" if days < 14 else fmt.date(item.day),
        iso=item.day.isoformat(),
        far=_far(item, days, context),
        sign=SIGNS[item.kind],
        what=item.what or context.say(WHAT_WORDS[item.kind]),
        thing=item.name if item.assets == 1 else f"{item.name} × {item.assets}",
        href=_href(item, context),
        note=note,
        where=_several(item.room, item.rooms, NN_("%(n)s room", "%(n)s rooms"), context),
        who=_several(item.custodian, item.custodians, NN_("%(n)s person", "%(n)s people"), context),
        tone=tone,
    )


def _href(item: DueItem, context: PageContext) -> str:
    """Where a line leads; nothing where its reader may not open it."""
    if item.assets == 1 and item.asset_id:
        return f"/assets/{item.asset_id}"
    return f"/assets?{urlencode({'q': item.name})}" if item.asset_id else "/devices" * context.may("devices.see")


def _far(item: DueItem, days: int, context: PageContext) -> str:
    if item.kind is DueKind.BATTERY or days == 0:
        return context.say(N_("today"))
    if days < 0:
        return context.words.ngettext("%(n)s day ago", "%(n)s days ago", -days)
    return context.words.ngettext("in %(n)s day", "in %(n)s days", days)


def _note(item: DueItem, context: PageContext) -> tuple[str, str]:
    if item.battery is not None:
        words = context.say(N_("%(percent)s %% left")) % {"percent": item.battery}
        return words, "bad" if item.battery <= URGENT else ""
    if item.kind is DueKind.CALIBRATION and item.day < context.today:
        return context.say(N_("It ran out. Have it renewed, then write the new day.")), "bad"
    if item.kind is DueKind.LOAN and item.day < context.today:
        return context.say(N_("It should be back by now.")), "bad"
    if item.kind is DueKind.WARRANTY and item.faulty:
        if item.assets == 1:
            return context.say(N_("It does not work now: have it mended while the warranty lasts.")), "warn"
        words = context.words.ngettext(
            "%(n)s of them does not work now: have it mended while the warranty lasts.",
            "%(n)s of them do not work now: have them mended while the warranty lasts.",
            item.faulty,
        )
        return words, "warn"
    return "", ""


def _several(first: str, many: int, words: tuple[str, str], context: PageContext) -> str:
    return first if many <= 1 else context.words.ngettext(*words, many)
