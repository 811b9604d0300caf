"""Bookings: made, looked at, changed, checked into, extended, ended, cancelled."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Request, Response
from pydantic import BeforeValidator

from registry.bookings import actions
from registry.bookings.models import Booking
from registry.bookings.projections import BookingRow, FullBooking, as_json, project, viewer_of
from registry.bookings.queries import count_of_my_bookings, my_visible_bookings, visible_booking
from registry.core.idempotency import RequestKey
from registry.people.models import Person
from registry.rooms.models import HELP_POINT, Room
from registry.rooms.queries import zone_of
from web.auth.access import Caller, actor_of, caller, caller_with
from web.bookings.shapes import (
    BookedAnswer,
    BookingChangesBody,
    BookingsAnswer,
    CancellationBody,
    ExtensionBody,
    NewBookingBody,
    NothingBody,
    VisibleAnswer,
)
from web.bookings.warnings import warnings_of
from web.kit import routing
from web.kit.answers import Paged, etag
from web.kit.body import check, json_of
from web.kit.clock import Now, now_of
from web.kit.errors import api_language
from web.kit.i18n import translate
from web.kit.idempotency import OnceOnly, once_of
from web.kit.measures import BOOKINGS_MADE
from web.kit.record_ids import possible_booking_id
from web.kit.routing import CallerActor, IfMatch, Say, bare, faults
from web.rooms.room_cache import cached_room

router = routing.router("bookings")


booker = caller_with("bookings.make")
MayBook = Annotated[Person, Depends(booker)]
BookingId = Annotated[UUID, Path(description="The booking."), BeforeValidator(possible_booking_id)]


async def make(
    body: NewBookingBody, person: MayBook, actor: CallerActor, now: Now, once: OnceOnly, say: Say, response: Response
) -> dict[str, Any]:
    """A refusal because the room is taken names ``conflicts`` as far as the caller may see them, and ``alternatives``.
    Outside the hours of a room that is only advised to be closed the booking stands, with a warning.
    """
    request = body.request()

    async def act(key: RequestKey | None) -> Booking:
        booking = await actions.book(request, person, actor, now, key)
        if (await cached_room(request.room)).visibility not in HELP_POINT:
            BOOKINGS_MADE.inc()  # anybody reads the counter: it would strike when a visit is booked
        return booking

    async def answering(booking: Booking) -> dict[str, Any]:
        room = await cached_room(request.room)
        answer = as_json(await _made(booking, room, person), await zone_of(room))
        answer["warnings"] = await warnings_of(booking, room, say)
        response.headers["etag"] = etag(booking.revision)
        response.headers["location"] = f"{routing.PREFIX}/bookings/{booking.id}"
        return answer

    return await once(act, answering)


async def _make_bare(request: Request) -> Response:
    """:func:`make` as FastAPI would call it, in less time than it takes to book."""
    person = await booker(await caller(request))
    body = check(NewBookingBody, json_of(await request.body()))
    now, response = now_of(request), Response(status_code=201, media_type="application/json")
    once = once_of(request, response, person, now)
    answer: Any = await make(
        body,
        person,
        actor_of(request, person),
        now,
        once,
        lambda text: translate(api_language(request))(text),
        response,
    )
    if isinstance(answer, Response):
        return answer
    response.body = orjson.dumps(answer)
    response.headers["content-length"] = str(len(response.body))
    return response


router.add_api_route(
    "/bookings",
    make,
    methods=["POST"],
    route_class_override=bare(_make_bare),
    status_code=201,
    response_model=BookedAnswer,
    responses=faults(404, 409),
    summary="Book a room",
)


@router.get(
    "/bookings",
    response_model=BookingsAnswer,
    responses=faults(),
    summary="What the caller organizes from now on, running bookings first",
)
async def coming(person: Caller, paging: Paged, now: Now) -> dict[str, Any]:
    total = await count_of_my_bookings(person, now)
    visible = await my_visible_bookings(person, now, paging.limit, paging.start)
    items = [as_json(booking, await zone_of(room)) for booking, room in visible]
    return {"items": items, "next": paging.cursor(len(items), total), "total": total}


@router.get(
    "/bookings/{booking_id}",
    response_model=VisibleAnswer,
    responses=faults(404),
    summary="A booking, as far as the caller may see it",
)
async def one(booking_id: BookingId, person: Caller, response: Response) -> dict[str, Any]:
    return await _shown(booking_id, person, response)


@router.patch(
    "/bookings/{booking_id}",
    response_model=VisibleAnswer,
    responses=faults(404, 409, 412),
    summary="Change a booking's time, room or words",
)
async def change(
    booking_id: BookingId,
    body: BookingChangesBody,
    person: MayBook,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    response: Response,
) -> dict[str, Any]:
    await actions.change(booking_id, body.wanted(), person, actor, now, revision)
    return await _shown(booking_id, person, response)


@dataclass(frozen=True, slots=True)
class BookingAct:
    """What every act on a booking is given, and how it is answered: once for a key, with the booking as it is then."""

    booking_id: BookingId
    person: MayBook
    actor: CallerActor
    now: Now
    once: OnceOnly
    response: Response

    async def answered(self, act: Callable[[RequestKey | None], Awaitable[Booking]]) -> dict[str, Any]:
        return await self.once(act, lambda booking: _shown(booking.id, self.person, self.response))


Act = Annotated[BookingAct, Depends()]


@router.post(
    "/bookings/{booking_id}/check-in",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="Say that somebody is there",
)
async def check_in(
    act: Act,
    body: NothingBody = NothingBody(),
) -> dict[str, Any]:
    return await act.answered(lambda key: actions.check_in(act.booking_id, act.person, act.actor, act.now, key))


@router.post(
    "/bookings/{booking_id}/extend",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="Let a running booking end later",
)
async def extend(
    act: Act,
    body: ExtensionBody = ExtensionBody(),
) -> dict[str, Any]:
    return await act.answered(
        lambda key: actions.extend(act.booking_id, act.person, act.actor, act.now, body.minutes, body.until, key)
    )


@router.post(
    "/bookings/{booking_id}/end",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="End a running booking now",
)
async def end(
    act: Act,
    body: NothingBody = NothingBody(),
) -> dict[str, Any]:
    return await act.answered(lambda key: actions.end(act.booking_id, act.person, act.actor, act.now, key))


@router.post(
    "/bookings/{booking_id}/cancel",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="Take a booking back before it starts",
)
async def cancel(
    act: Act,
    body: CancellationBody = CancellationBody(),
) -> dict[str, Any]:
    return await act.answered(
        lambda key: actions.cancel(act.booking_id, act.person, act.actor, act.now, body.reason, key)
    )


@router.post(
    "/bookings/{booking_id}/undo-release",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="Give a released booking its time back",
)
async def undo_release(
    act: Act,
    body: NothingBody = NothingBody(),
) -> dict[str, Any]:
    """Within ten minutes of the release, if nobody took the time."""
    return await act.answered(lambda key: actions.undo_release(act.booking_id, act.person, act.actor, act.now, key))


async def _shown(booking_id: UUID, person: Person, response: Response) -> dict[str, Any]:
    booking, room = await visible_booking(booking_id, viewer_of(person))
    if isinstance(booking, FullBooking):
        response.headers["etag"] = etag(booking.revision)
    return as_json(booking, await zone_of(room))


async def _made(booking: Booking, room: Room, person: Person) -> FullBooking:
    """What was just made, without asking the database again when it is the caller's own."""
    if booking.organizer_id == person.id:
        institution = person.institution.code if person.institution_id and person.institution else None
        joined = {
            "organizer": person.login,
            "organizer_name": person.name,
            "institution": institution,
            "public_text": None,
        }
        row = BookingRow._make(
            joined[name] if name in joined else getattr(booking, name) for name in BookingRow._fields
        )
        visible = project(row, room.code, room.visibility, viewer_of(person))
    else:
        visible, _ = await visible_booking(booking.id, viewer_of(person))
    assert isinstance(visible, FullBooking)
    return visible
