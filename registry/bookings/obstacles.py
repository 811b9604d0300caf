"""What stands in the way of a booking, named as far as its reader may see it, and what could be had instead."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from registry.bookings.alternatives import Judge, Wish, alternatives, free_from
from registry.bookings.day_rows import rows_between
from registry.bookings.projections import Viewer, VisibleBooking, as_json, project, sees_times
from registry.bookings.queries import booking_room
from registry.bookings.rules import BookingRequest, blocked, default_kind
from registry.bookings.taken import BlockedSpan, Span, blocked_spans
from registry.core.errors import N_, Conflict, Reason
from registry.rooms.models import Room

# the refusals that can be helped: another time, another room or less of it could be had
HELPED = ("booking.overlap", "booking.over_capacity", "booking.closed", "booking.too_long")
Clock = Callable[[datetime], str]
NAMED = 3  # bookings in a sentence


async def offer_help(
    refusal: Conflict, room_id: int, request: BookingRequest, viewer: Viewer, judge: Judge, but: str = ""
) -> None:
    """Add to a refusal what stands in the way and what could be had instead, as far as this viewer may see. ``but`` is
    the booking that would be changed, and no obstacle to itself.
    """
    if refusal.code not in HELPED or request.ends_at <= request.starts_at:
        return
    room = await Room.get(id=room_id)
    request = replace(request, room=room.code, title="", needs=(), kind=request.kind or default_kind(room.visibility))
    rules = await booking_room(room)
    zone = rules.hours.zone
    request_span = blocked(request, rules)
    spans = await blocked_spans(room_id, request_span[0], but)
    wish = Wish(room, rules, request, spans, viewer, judge)
    in_the_way = [span for span in spans if span.since < request_span[1]]
    bookings = await _bookings(room, in_the_way, viewer)
    refusal.params["conflicts"] = [as_json(booking, zone) for booking in bookings]
    refusal.params["alternatives"] = await alternatives(wish)
    if refusal.code == "booking.overlap" and sees_times(room.visibility, viewer):
        free = free_from(wish)
        refusal.params["free_from"] = free.astimezone(zone).isoformat() if free else None
        refusal.params["obstacle"] = _obstacle(bookings, in_the_way, request, free, zone)


async def _bookings(room: Room, spans: Sequence[BlockedSpan], viewer: Viewer) -> list[VisibleBooking]:
    """The bookings of these spans, in order, as far as this viewer may see them."""
    if not spans or not sees_times(room.visibility, viewer):
        return []
    ids = {span.booking for span in spans}
    rows = await rows_between([room.id], spans[0].since, spans[-1].until)
    projections = (project(row, room.code, room.visibility, viewer) for row in rows if str(row.id) in ids)
    return [booking for booking in projections if booking]


def _obstacle(
    bookings: Sequence[VisibleBooking],
    spans: Sequence[BlockedSpan],
    request: BookingRequest,
    free: datetime | None,
    zone: ZoneInfo,
) -> Reason | str:
    """A sentence about what is in the way, with its own times: bookings, else the set-up or clean-up of one."""
    day = request.starts_at.astimezone(zone).date()

    def clock(at: datetime) -> str:
        local = at.astimezone(zone)
        return f"{local:%H:%M}" if local.date() == day else f"{local:%Y-%m-%d %H:%M}"

    def named(span: Span) -> str:
        return f"{clock(span[0])}–{clock(span[1])}"

    meetings = [
        (one.starts_at, one.ends_at)
        for one in bookings
        if one.starts_at < request.ends_at and request.starts_at < one.ends_at
    ]
    if meetings:
        more = "…" if len(meetings) > NAMED else ""
        cause = Reason(N_("It is booked {spans}."), spans=", ".join(map(named, meetings[:NAMED])) + more)
    elif not bookings:
        return ""
    elif bookings[0].ends_at <= request.starts_at:
        cause = _before(bookings[0].ends_at, spans[0].until, request, clock)
    else:
        cause = _behind(bookings[-1].starts_at, spans[-1].since, request, clock)
    if free is None:
        return cause
    again = Reason(N_("It is free again from {free}."), free=clock(free))
    return Reason("{cause} {again}", cause=cause, again=again)


def _before(ends_at: datetime, until: datetime, request: BookingRequest, clock: Clock) -> Reason:
    """The booking before leaves too little time."""
    if until > request.starts_at:
        text = N_("The booking before it is over at {end}; then the room is cleaned up until {until}.")
        return Reason(text, end=clock(ends_at), until=clock(until))
    text = N_("The booking before it is over at {end}; the room then needs its clean-up and set-up.")
    return Reason(text, end=clock(ends_at))


def _behind(starts_at: datetime, since: datetime, request: BookingRequest, clock: Clock) -> Reason:
    """The booking that follows leaves too little time."""
    if since < request.ends_at:
        text = N_("From {since} on the room is set up for the booking at {start}.")
        return Reason(text, since=clock(since), start=clock(starts_at))
    text = N_("The next booking begins at {start}; before it the room needs its clean-up and set-up.")
    return Reason(text, start=clock(starts_at))
