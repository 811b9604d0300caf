"""What is asked about series of bookings: one of them, its dates, what a request or a change would come to."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count, Min

from registry.bookings.models import NOT_HOLDING, VISITS, Booking, Series, Status
from registry.bookings.projections import Sight, Viewer, seen_as, sight, viewer_of
from registry.bookings.queries import COMING, booking_room
from registry.bookings.rules import BookingRoom, complete, default_kind, needs_approval
from registry.bookings.series_dates import SeriesPreview, conflicts_of, lines_of, offers_for
from registry.bookings.series_rules import SeriesRequest, dates_of, general_reasons
from registry.core.errors import Conflict, NotFound
from registry.core.history import HistoryEntry, entries_of
from registry.people.models import Person
from registry.rooms.models import HELP_POINT, Room
from registry.rooms.queries import room_by_code

HISTORY_LIMIT = 50


async def series_by_id(series_id: UUID, viewer: Viewer) -> Series:
    """A series with its room and organizer. Raises NotFound("series.unknown"), also for one of which this viewer may
    not see everything.
    """
    series = await Series.get_or_none(id=series_id).select_related("room__building__site", "organizer", "institution")
    if series is None or not sees_series(series, series.room, viewer):
        raise NotFound("series.unknown")
    return series


def sees_series(series: Series, room: Room, viewer: Viewer) -> bool:
    """Whether all of a series is a viewer's to see."""
    shown_class = seen_as(room.visibility, series.kind)
    return sight(shown_class, viewer, series.organizer_id, series.institution_id) is Sight.FULL


def seen_of(bookings: Sequence[Booking], viewer: Viewer) -> list[Booking]:
    """Those dates of a series of which this viewer may see everything: one may have gone to a room of another class."""
    return [
        one
        for one in bookings
        if sight(seen_as(one.room.visibility, one.kind), viewer, one.organizer_id, one.institution_id) is Sight.FULL
    ]


async def series_in_help_point(series_ids: Collection[UUID]) -> set[UUID]:
    """Those of these series that are in rooms of the Help Point, or visits from when their room was one."""
    shy = Series.filter(Q(room__visibility__in=list(HELP_POINT)) | Q(kind__in=list(VISITS)), id__in=list(series_ids))
    return {series.id for series in await shy.only("id")} if series_ids else set()


async def bookings_of_series(series_id: UUID) -> list[Booking]:
    """What a series has and had of its room, in order; the room of each is fetched."""
    return await Booking.filter(series_id=series_id).order_by("starts_at", "id").select_related("room")


async def bookings_of_many(series_ids: Collection[UUID]) -> dict[UUID, list[Booking]]:
    """The same of many series, by the series' id."""
    by_series: dict[UUID, list[Booking]] = {}
    for booking in await Booking.filter(series_id__in=list(series_ids)).order_by("starts_at").select_related("room"):
        by_series.setdefault(booking.series_id or booking.id, []).append(booking)
    return by_series


def coming_of(bookings: Sequence[Booking], now: datetime) -> list[Booking]:
    """Those of these bookings that have not begun and are held."""
    return [one for one in bookings if one.starts_at > now and one.status in COMING]


async def history_of_series(series_id: UUID) -> list[HistoryEntry]:
    """What happened to a series, the newest first."""
    return await entries_of(f"series:{series_id}", HISTORY_LIMIT)


class OwnSeries(NamedTuple):
    """A series that somebody organizes, with its next date and how many are to come; its room is fetched."""

    series: Series
    next_at: datetime
    coming: int


async def my_series(person: Person, now: datetime, limit: int, start: int = 0) -> tuple[list[OwnSeries], int]:
    """The series of a person that have dates to come, the next one first, and how many these are."""
    coming = Booking.filter(organizer_id=person.id, series_id__isnull=False, starts_at__gt=now, status__in=COMING)
    rows = await (
        coming.annotate(next_at=Min("starts_at"), many=Count("id")).group_by("series_id")
        .values("series_id", "next_at", "many")
    )  # fmt: skip
    rows = sorted(rows, key=lambda row: (str(row["next_at"]), str(row["series_id"])))
    page = rows[start : start + limit]
    if not page:
        return [], len(rows)
    series = {
        one.id: one
        for one in await Series.filter(id__in=[row["series_id"] for row in page]).select_related(
            "room__building__site", "organizer", "institution"
        )
    }
    return [OwnSeries(series[row["series_id"]], _moment(row["next_at"]), row["many"]) for row in page], len(rows)


def _moment(value: datetime | str) -> datetime:
    """An instant that a database worked out: SQLite gives it as its text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def request_of_series(series: Series, room: str) -> SeriesRequest:
    """A series as it would be asked for today."""
    return SeriesRequest(
        room=room,
        start=datetime.fromisoformat(series.start),
        minutes=series.minutes,
        rule=series.rule,
        rdates=tuple(series.rdates),
        exdates=tuple(series.exdates),
        title=series.title,
        kind=series.kind,
        attendees=series.attendees,
        needs=tuple(series.needs),
        on_conflict=series.on_conflict,
        skips_holidays=series.skips_holidays,
        source=series.source,
    )


def complete_series(request: SeriesRequest, rules: BookingRoom) -> SeriesRequest:
    """The request with what was left out, as it would be stored."""
    return replace(request, title=request.title.strip(), kind=request.kind or default_kind(rules.visibility))


async def preview_series(request: SeriesRequest, by: Person, now: datetime) -> SeriesPreview:
    """Every date of a series with what speaks against it, whose booking is in its way and what could be had instead.
    Nothing is locked: the answer is advice. Raises what speaks against the whole of it.
    """
    room = await room_by_code(request.room)
    rules, viewer = await booking_room(room), viewer_of(by)
    request = complete_series(request, rules)
    occurrences = dates_of(request, rules)
    for refusal in general_reasons(request, occurrences, rules, viewer, now):
        raise refusal
    lines = await lines_of(request, occurrences, room, rules, viewer, now)
    is_asked = needs_approval(complete(lines[0].request, rules), rules, viewer)
    return SeriesPreview(
        room, rules, request, lines, await conflicts_of(lines, room, viewer),
        await offers_for(lines, room, rules, viewer, now), is_asked,
    )  # fmt: skip


async def explained(refusal: Conflict, preview: SeriesPreview, viewer: Viewer, now: datetime) -> None:
    """Add to the refusal of a series each of its dates, with what is in the way and what could be had instead."""
    lines, room, rules = preview.lines, preview.room, preview.rules
    full = replace(
        preview,
        conflicts=await conflicts_of(lines, room, viewer),
        offers=await offers_for(lines, room, rules, viewer, now),
    )
    refusal.params["dates"] = full.as_json()


def is_held(booking: Booking) -> bool:
    """Whether a booking has its time, or had it."""
    return Status(booking.status) not in NOT_HOLDING
