"""Some days of many rooms as each viewer may see them: what a calendar draws, on pages and for programs alike.

The days of a room are read once per revision of the room, and for half a minute at most, as opening hours are. Whoever
sees the same of them is handed the same projection, so that what is written of it is written once too: a day on which
nothing changed costs one query, whoever looks.
"""

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cachetools import LRUCache

from registry.bookings.day_rows import revisions_and_rows, rows_between
from registry.bookings.models import VISITS
from registry.bookings.projections import (
    BookingRow,
    Sight,
    Viewer,
    VisibleBooking,
    hides_changes,
    projection,
    seen_as,
    sees_times,
    sight,
)
from registry.core.context import PerRegister
from registry.duties.queries import duties_between
from registry.rooms.hours import Hours, local_instant, opening_spans
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, hours_of_rooms

BOOKINGS_AT_MOST, VIEWS_AT_MOST = 12_000, 8
Span = tuple[datetime, datetime]


@dataclass(slots=True)
class RoomDay:
    """One room over some days: what a band of the calendar shows. Hidden times are absent, and said to be so.

    All who see the same share what is in it: nobody changes it. ``texts`` holds what was written of it, by its form.
    """

    room: Room
    zone: ZoneInfo
    open: Sequence[Span]
    bookings: Sequence[VisibleBooking]
    duties: Sequence[dict[str, Any]]
    times_hidden: bool
    revision: int | None = None  # none where the viewer may not know that something changed
    texts: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)


@dataclass(slots=True)
class RoomDays:
    """What was read of a room's days: whose its bookings are, each owner once, and the views that were asked for."""

    revision: int
    read_at: float
    zone: ZoneInfo
    open: Sequence[Span]
    duties: Sequence[dict[str, Any]]
    owners: tuple[tuple[int | None, int | None, bool], ...]
    bookings: int
    views: dict[Hashable, RoomDay] = field(default_factory=dict)

    def view_of(self, room: Room, viewer: Viewer) -> RoomDay | None:
        """None where nobody saw these days as this viewer may."""
        return self.views.get(self._key(room, viewer))

    def show(self, room: Room, viewer: Viewer, rows: Sequence[BookingRow]) -> RoomDay:
        """Project the bookings for this viewer, and for all who see as much."""
        sees = sees_times(room.visibility, viewer)
        sights = {owner: _sight(room, viewer, owner) for owner in self.owners}
        visible = [projection(row, room.code, sights[_owner(row)]) for row in rows]
        view = self.views[self._key(room, viewer)] = RoomDay(
            room=room,
            zone=self.zone,
            open=self.open,
            bookings=[booking for booking in visible if booking] if sees else (),
            duties=self.duties if sees else (),
            times_hidden=not sees,
            revision=None if hides_changes(room.visibility, viewer) else self.revision,
        )
        return view

    def _key(self, room: Room, viewer: Viewer) -> Hashable:
        if not sees_times(room.visibility, viewer):
            return None
        sights = [_sight(room, viewer, owner) for owner in self.owners]
        return hides_changes(room.visibility, viewer), *sights


def _owner(row: BookingRow) -> tuple[int | None, int | None, bool]:
    """Whose a booking is, and whether it is a visit: of the same there is the same to be seen."""
    return row.organizer_id, row.institution_id, row.kind in VISITS


def _sight(room: Room, viewer: Viewer, owner: tuple[int | None, int | None, bool]) -> Sight:
    organizer_id, institution_id, is_visit = owner
    shown_class = seen_as(room.visibility, VISITS[0]) if is_visit else room.visibility
    return sight(shown_class, viewer, organizer_id, institution_id)


class DayCache(LRUCache[Hashable, RoomDays]):
    """As many as hold BOOKINGS_AT_MOST bookings together; the one longest unused leaves first."""

    def __init__(self) -> None:
        super().__init__(BOOKINGS_AT_MOST, getsizeof=_weight)

    def fresh(self, key: Hashable, now: float) -> RoomDays | None:
        """What is there and not too old. Whether the room has changed since, only its revision says."""
        days = self.get(key)
        return None if days is None or now - days.read_at >= HOURS_SECONDS else days

    def keep(self, key: Hashable, days: RoomDays) -> None:
        former = self.pop(key, None)
        is_same = former and (former.revision, former.owners) == (days.revision, days.owners)
        if former and is_same and days.read_at - former.read_at < HOURS_SECONDS and len(former.views) < VIEWS_AT_MOST:
            # as old as the oldest of what they hold: a name that changed shows to all in time
            days.read_at, days.views = former.read_at, {**former.views, **days.views}
        if _weight(days) <= self.maxsize:
            self[key] = days


def _weight(days: RoomDays) -> int:
    return 1 + days.bookings


_cache: PerRegister[DayCache] = PerRegister(DayCache)


@dataclass(frozen=True, slots=True)
class _Question:
    """Who asks for which days."""

    viewer: Viewer
    day: date
    days: int
    with_duties: bool

    def key(self, room: Room) -> Hashable:
        return room.id, self.day, self.days, self.with_duties


async def day_of(
    rooms: Sequence[Room], viewer: Viewer, day: date, days: int = 1, *, with_duties: bool = True
) -> list[RoomDay]:
    """Bookings, blocks, duties and opening hours of many rooms for ``days`` local days from ``day``."""
    if not rooms:
        return []
    question, now = _Question(viewer, day, days, with_duties), time.monotonic()
    cache = _cache.value
    entries = {room.id: cache.fresh(question.key(room), now) for room in rooms}
    views = {room.id: entry.view_of(room, viewer) if (entry := entries[room.id]) else None for room in rooms}
    hours = await hours_of_rooms(rooms)
    since, until = _span(hours, day, days)
    unread = {room_id for room_id, view in views.items() if view is None}
    revisions, rows = await revisions_and_rows(list(views), list(unread), since, until)
    stale = {room_id for room_id, entry in entries.items() if entry and entry.revision != revisions[room_id]} - unread
    if stale:
        rows += await rows_between(list(stale), since, until)
    if outdated := [room for room in rooms if room.id in unread | stale]:
        for room, its_rows, entry in await _read(outdated, question, hours, revisions, rows, now):
            views[room.id] = entry.show(room, viewer, its_rows)
            cache.keep(question.key(room), entry)
    # a page looks at the room itself too, and wants it as fresh as it asked
    pairs = [(room, view) for room in rooms if (view := views[room.id])]
    return [view if view.room is room else replace(view, room=room) for room, view in pairs]


def _span(hours: Mapping[int, Hours], day: date, days: int) -> Span:
    """From the first instant of the days anywhere to their last."""
    zones = {one.zone for one in hours.values()}
    since = min(local_instant(day, 0, zone) for zone in zones)
    return since, max(local_instant(day + timedelta(days=days), 0, zone) for zone in zones)


async def _read(
    rooms: Sequence[Room],
    question: _Question,
    hours: Mapping[int, Hours],
    revisions: dict[int, int],
    rows: Sequence[BookingRow],
    now: float,
) -> list[tuple[Room, Sequence[BookingRow], RoomDays]]:
    """Each room with its bookings and what is kept of its days."""
    rows_of: dict[int, list[BookingRow]] = {room.id: [] for room in rooms}
    for row in rows:
        rows_of[row.room_id].append(row)
    duties: dict[int, list[dict[str, Any]]] = {room.id: [] for room in rooms}
    if question.with_duties:
        for duty in await duties_between(list(duties), *_span(hours, question.day, question.days)):
            duties[duty["room_id"]].append(duty)
    # by the object: rooms share it, and its hash walks through the whole week
    distinct = {id(one): one for one in hours.values()}
    spans = {key: _open_spans(one, question.day, question.days) for key, one in distinct.items()}
    return [
        (
            room,
            rows_of[room.id],
            RoomDays(
                revision=revisions.get(room.id, -1),
                read_at=now,
                zone=hours[room.id].zone,
                open=spans[id(hours[room.id])],
                duties=duties[room.id],
                owners=tuple({_owner(row): None for row in rows_of[room.id]}),
                bookings=len(rows_of[room.id]),
            ),
        )
        for room in rooms
    ]


def _open_spans(hours: Hours, day: date, days: int) -> list[Span]:
    return [span for offset in range(days) for span in opening_spans(hours, day + timedelta(days=offset))]
