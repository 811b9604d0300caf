"""Where pieces have been and who had them, as pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.assets.movements import AT_MOST, HolderColumn, Movement, Stay, movements_of, stays
from registry.assets.queries import assets_by_id
from registry.people.queries import names_of_people
from registry.rooms.queries import codes_of_rooms
from web.history.words import NOBODY, NOWHERE, HistoryNames
from web.kit.page_context import PageContext
from web.kit.words import N_

# what a piece did to a room, and what a person did with it: it came, it went
MOVEMENT_WORDS = {
    HolderColumn.ROOM: (N_("came, from: %(other)s"), N_("went, to: %(other)s")),
    HolderColumn.CUSTODIAN: (N_("got, from: %(other)s"), N_("gave up, to: %(other)s")),
}
WIDE = 25  # percent of the line that hold words


@dataclass(frozen=True, slots=True)
class StayLine:
    """A span of a piece's line of time: where, when, and how much of the line it takes."""

    place: str
    words: str
    percent: int
    is_now: bool

    @property
    def is_wide(self) -> bool:
        return self.percent >= WIDE


@dataclass(frozen=True, slots=True)
class MovementLine:
    """A piece that came or went."""

    iso: str
    day: str
    hour: str
    asset_id: int
    name: str
    number: str
    what: str
    text: str


def stay_lines(entries: Sequence[Mapping[str, Any]], names: HistoryNames, context: PageContext) -> list[StayLine]:
    """The rooms of a piece over time, the oldest first, out of its history with the newest entry first."""
    spans = stays(entries)
    if len(spans) < 2:
        return []
    first = spans[0].since or spans[0].until or context.now
    whole = max((context.now - first).total_seconds(), 1)
    return [_stay(span, names.rooms, first, whole, context) for span in spans]


def _stay(span: Stay, codes: Mapping[int, str], first: datetime, whole: float, context: PageContext) -> StayLine:
    since, until = span.since or first, span.until or context.now
    fmt = context.fmt
    if span.until is None:
        words = context.say(N_("since %(date)s")) % {"date": fmt.date(since)}
    elif span.since is None:
        words = context.say(N_("until %(date)s")) % {"date": fmt.date(until)}
    else:
        words = fmt.date(since) if fmt.date(since) == fmt.date(until) else f"{fmt.date(since)}–{fmt.date(until)}"
    place = codes.get(span.room_id or 0, "") or context.say(NOWHERE)
    percent = round((until - since).total_seconds() * 100 / whole)
    return StayLine(place, words, min(max(percent, 1), 100), span.until is None)


async def movement_lines(column: HolderColumn, holder_id: int, context: PageContext) -> list[MovementLine]:
    """What came to a room or a person and what went, the newest first: five statements at most."""
    movements = await movements_of(column, holder_id, AT_MOST)
    pieces = {row["id"]: row for row in await assets_by_id(sorted({one.asset_id for one in movements}))}
    others = {one.other_id for one in movements if one.other_id}
    names = await (codes_of_rooms(others) if column is HolderColumn.ROOM else names_of_people(others))
    nothing = context.say(NOWHERE if column is HolderColumn.ROOM else NOBODY)
    return [
        _movement(one, column, pieces[one.asset_id], names.get(one.other_id or 0, nothing), context)
        for one in movements
        if one.asset_id in pieces
    ]


def _movement(
    one: Movement, column: HolderColumn, piece: Mapping[str, Any], other: str, context: PageContext
) -> MovementLine:
    came, went = MOVEMENT_WORDS[column]
    return MovementLine(
        iso=context.fmt.iso(one.at),
        day=context.fmt.date(one.at),
        hour=context.fmt.time(one.at),
        asset_id=one.asset_id,
        name=piece["name"],
        number=piece["inventory_no"] or "",
        what=context.say(came if one.is_arrival else went) % {"other": other},
        text=" · ".join(part for part in (one.actor, one.reason) if part),
    )
