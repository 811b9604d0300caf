"""Bookings: made, looked at, changed, checked into, extended, ended, cancelled."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from registry.bookings import actions
from registry.bookings.models import Booking, Kind
from registry.bookings.projections import BookingRow, FullBooking, as_json, project, viewer_of
from registry.bookings.queries import visible_booking
from registry.bookings.rules import BookingRequest
from registry.core.errors import Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import HELP_POINT, Room
from registry.rooms.queries import zone_of
from web.auth.access import address_of, caller
from web.bookings.warnings import warnings_of
from web.kit import routing, shapes
from web.kit.answers import answer, wanted_revision
from web.kit.body import Body, asked_once, body, body_or, moment, plain
from web.kit.measures import booked
from web.kit.routing import IF_MATCH, KEY, faults, given, taking
from web.rooms.room_cache import room_known

router = routing.router("bookings", is_plain=True)
BOOKING_ID = given("booking_id", {"type": "string", "format": "uuid"}, "The booking.", "path", required=True)


# the register has the rule; this is what a number may be at all
People = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]


class NewBooking(Body):
    room: Annotated[str, Meta(max_length=40)]
    starts_at: Annotated[str, Meta(description="RFC 3339 with offset", examples=["2026-11-26T13:00:00+01:00"])]
    ends_at: Annotated[str, Meta(description="RFC 3339 with offset", examples=["2026-11-26T14:00:00+01:00"])]
    title: str = ""
    kind: str | None = None
    attendees: People | None = None
    needs: Annotated[list[str], Meta(max_length=20)] = []
    organizer: Annotated[str, Meta(description="a login; only a coordinator may name another")] | None = None


class BookingChanges(Body):
    """What is left out stays as it is."""

    room: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    starts_at: str | UnsetType = UNSET
    ends_at: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    attendees: People | UnsetType = UNSET
    needs: Annotated[list[str], Meta(max_length=20)] | UnsetType = UNSET


class Nothing(Body):
    """A command without details."""


class Extension(Body):
    """By so many minutes, or until a time."""

    minutes: Annotated[int, Meta(ge=1, le=1440)] = 15
    until: str | None = None


class Cancellation(Body):
    reason: Annotated[str, Meta(max_length=300)] = ""


@router.post(
    "/bookings",
    status_code=201,
    response_model=shapes.Booked,
    responses=faults(404, 409),
    openapi_extra={**taking(NewBooking), "parameters": [KEY]},
    summary="Book a room",
)
async def make(request: Request) -> Response:
    """A refusal because the room is taken names ``conflicts`` as far as the caller may see them, and ``alternatives``.
    Outside the hours of a room that is only advised to be closed the booking stands, with a warning.
    """
    person = await _booker(request)
    asked = await body(request, NewBooking)
    wish = BookingRequest(
        room=plain("room", asked.room, 40),
        starts_at=moment("starts_at", asked.starts_at),
        ends_at=moment("ends_at", asked.ends_at),
        title=asked.title,
        kind=_kind(asked.kind),
        attendees=asked.attendees,
        needs=tuple(asked.needs),
        organizer=plain("organizer", asked.organizer, 64) if asked.organizer else None,
    )
    once = asked_once(request, person)
    booking = await actions.book(wish, person, _actor(request, person), datetime.now(UTC), once)
    room = await room_known(wish.room)
    if room.visibility not in HELP_POINT:  # anybody reads the counter: it would strike when a visit is booked
        booked.inc()
    told = as_json(await _made(booking, room, person), await zone_of(room))
    told["warnings"] = await warnings_of(request, wish, booking, room)
    return answer(told, 201, booking.revision, {"location": f"{routing.PREFIX}/bookings/{booking.id}"})


@router.get(
    "/bookings/{booking_id}",
    response_model=shapes.Seen,
    responses=faults(404),
    openapi_extra={"parameters": [BOOKING_ID]},
    summary="A booking, as far as the caller may see it",
)
async def one(request: Request) -> Response:
    person = await caller(request)
    return await _shown(_id(request), person)


@router.patch(
    "/bookings/{booking_id}",
    response_model=shapes.Seen,
    responses=faults(404, 409, 412),
    openapi_extra={**taking(BookingChanges), "parameters": [BOOKING_ID, IF_MATCH]},
    summary="Change a booking's time, room or words",
)
async def change(request: Request) -> Response:
    person = await _booker(request)
    asked = await body(request, BookingChanges)
    changes = actions.BookingChanges(
        room=plain("room", asked.room, 40) if asked.room is not UNSET else None,
        starts_at=moment("starts_at", asked.starts_at) if asked.starts_at is not UNSET else None,
        ends_at=moment("ends_at", asked.ends_at) if asked.ends_at is not UNSET else None,
        title=None if asked.title is UNSET else asked.title,
        kind=None if asked.kind is UNSET else _kind(asked.kind),
        attendees=None if asked.attendees is UNSET else asked.attendees,
        needs=None if asked.needs is UNSET else tuple(asked.needs),
    )
    wanted, booking_id = wanted_revision(request), _id(request)
    await actions.change(booking_id, changes, person, _actor(request, person), datetime.now(UTC), wanted)
    return await _shown(booking_id, person)


@router.post(
    "/bookings/{booking_id}/check-in",
    response_model=shapes.Seen,
    responses=faults(404, 409),
    openapi_extra={**taking(Nothing, required=False), "parameters": [BOOKING_ID, KEY]},
    summary="Say that somebody is there",
)
async def check_in(request: Request) -> Response:
    person = await _booker(request)
    await body_or(request, Nothing, Nothing())
    booking_id = _id(request)
    once = _once(request, person, f"check-in {booking_id}")
    await actions.check_in(booking_id, person, _actor(request, person), datetime.now(UTC), once)
    return await _shown(booking_id, person)


@router.post(
    "/bookings/{booking_id}/extend",
    response_model=shapes.Seen,
    responses=faults(404, 409),
    openapi_extra={**taking(Extension, required=False), "parameters": [BOOKING_ID, KEY]},
    summary="Let a running booking end later",
)
async def extend(request: Request) -> Response:
    person = await _booker(request)
    asked = await body_or(request, Extension, Extension())
    booking_id = _id(request)
    until = moment("until", asked.until) if asked.until is not None else None
    once = _once(request, person, f"extend {booking_id} {asked.minutes} {until}")
    actor = _actor(request, person)
    await actions.extend(booking_id, person, actor, datetime.now(UTC), asked.minutes, until, once)
    return await _shown(booking_id, person)


@router.post(
    "/bookings/{booking_id}/end",
    response_model=shapes.Seen,
    responses=faults(404, 409),
    openapi_extra={**taking(Nothing, required=False), "parameters": [BOOKING_ID, KEY]},
    summary="End a running booking now",
)
async def end(request: Request) -> Response:
    person = await _booker(request)
    await body_or(request, Nothing, Nothing())
    booking_id = _id(request)
    once = _once(request, person, f"end {booking_id}")
    await actions.end(booking_id, person, _actor(request, person), datetime.now(UTC), once)
    return await _shown(booking_id, person)


@router.post(
    "/bookings/{booking_id}/cancel",
    response_model=shapes.Seen,
    responses=faults(404, 409),
    openapi_extra={**taking(Cancellation, required=False), "parameters": [BOOKING_ID]},
    summary="Take a booking back before it starts",
)
async def cancel(request: Request) -> Response:
    person = await _booker(request)
    asked = await body_or(request, Cancellation, Cancellation())
    booking_id, reason = _id(request), plain("reason", asked.reason, 300)
    await actions.cancel(booking_id, person, _actor(request, person), datetime.now(UTC), reason)
    return await _shown(booking_id, person)


@router.post(
    "/bookings/{booking_id}/undo-release",
    response_model=shapes.Seen,
    responses=faults(404, 409),
    openapi_extra={**taking(Nothing, required=False), "parameters": [BOOKING_ID, KEY]},
    summary="Give a released booking its time back",
)
async def undo_release(request: Request) -> Response:
    """Within ten minutes of the release, if nobody took the time."""
    person = await _booker(request)
    await body_or(request, Nothing, Nothing())
    booking_id = _id(request)
    once = _once(request, person, f"undo-release {booking_id}")
    await actions.undo_release(booking_id, person, _actor(request, person), datetime.now(UTC), once)
    return await _shown(booking_id, person)


async def _booker(request: Request) -> Person:
    person = await caller(request)
    if not rules.may(person.role, "bookings.make"):
        raise Forbidden("auth.role")
    return person


def _actor(request: Request, person: Person) -> Actor:
    return Actor(person.name, "api", person.id, address_of(request))


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["booking_id"])
    except ValueError as fault:
        raise NotFound("booking.unknown") from fault


def _kind(given_kind: str | None) -> Kind | None:
    try:
        return Kind(given_kind) if given_kind else None
    except ValueError as fault:
        raise Invalid("booking.bad_kind", kind=str(given_kind)[:40], kinds=", ".join(Kind)) from fault


def _once(request: Request, person: Person, told: str) -> RequestKey | None:
    once = asked_once(request, person)
    return once.about(told) if once else None


async def _shown(booking_id: UUID, person: Person) -> Response:
    seen, room = await visible_booking(booking_id, viewer_of(person))
    revision = seen.revision if isinstance(seen, FullBooking) else None
    return answer(as_json(seen, await zone_of(room)), revision=revision)


async def _made(booking: Booking, room: Room, person: Person) -> FullBooking:
    """What was just made, without asking the database again when it is the caller's own."""
    if booking.organizer_id == person.id:
        institution = person.institution.code if person.institution_id and person.institution else None
        named = {"organizer": person.login, "organizer_name": person.name, "institution": institution}
        row = BookingRow._make(named[name] if name in named else getattr(booking, name) for name in BookingRow._fields)
        seen = project(row, room.code, room.visibility, viewer_of(person))
    else:
        seen, _ = await visible_booking(booking.id, viewer_of(person))
    assert isinstance(seen, FullBooking)
    return seen
