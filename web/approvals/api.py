"""Approvals: what awaits the caller's answer, and the answers."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import Field

from registry.bookings import approvals
from registry.bookings.awaiting import awaiting_ids, in_full
from registry.bookings.projections import as_json
from registry.bookings.rules import REASON_LIMIT
from registry.people.models import Person
from registry.rooms.queries import zone_of
from web.auth.access import caller_with
from web.bookings.api import Act
from web.bookings.shapes import BookingAnswer, NothingBody, VisibleAnswer
from web.kit import routing
from web.kit.answers import ListAnswer, Paged
from web.kit.body import LINE, Body
from web.kit.clock import Now
from web.kit.routing import IfMatch, faults

router = routing.router("bookings")
Approver = Annotated[Person, Depends(caller_with("bookings.make"))]


class RejectionBody(Body):
    """Why; in a Help Point room one of a list, which the refusal of another names."""

    reason: Annotated[str, Field(max_length=REASON_LIMIT), LINE]


@router.get("/approvals", responses=faults(), summary="What awaits the caller's answer, the next to begin first")
async def listing(person: Approver, paging: Paged, now: Now) -> ListAnswer[BookingAnswer]:
    """Of the rooms that name the caller; of all rooms for who runs them."""
    ids = await awaiting_ids(person, now)
    pairs = await in_full(paging.part(ids))
    items = [BookingAnswer(**as_json(booking, await zone_of(room))) for booking, room in pairs]
    return ListAnswer[BookingAnswer](items=items, next=paging.cursor(len(items), len(ids)), total=len(ids))


@router.post(
    "/bookings/{booking_id}/approve",
    response_model=VisibleAnswer,
    responses=faults(404, 409, 412),
    summary="Let a booking that awaits an answer stand",
)
async def approve(act: Act, revision: IfMatch, body: NothingBody = NothingBody()) -> dict[str, Any]:
    """For the room's approvers and who runs rooms. Whoever says so again is answered the same; where somebody else was
    quicker the refusal names them. With ``If-Match`` only what the caller saw is approved.
    """
    return await act.answered(
        lambda key: approvals.approve(act.booking_id, act.person, act.actor, act.now, key, revision)
    )


@router.post(
    "/bookings/{booking_id}/reject",
    response_model=VisibleAnswer,
    responses=faults(404, 409, 412),
    summary="Give the time of a booking that awaits an answer back",
)
async def reject(act: Act, revision: IfMatch, body: RejectionBody) -> dict[str, Any]:
    """The organizer is told the reason, where the class of the room allows words."""
    return await act.answered(
        lambda key: approvals.reject(act.booking_id, body.reason, act.person, act.actor, act.now, key, revision)
    )


@router.post(
    "/bookings/{booking_id}/undo-answer",
    response_model=VisibleAnswer,
    responses=faults(404, 409),
    summary="Let a booking await an answer again",
)
async def undo_answer(act: Act, body: NothingBody = NothingBody()) -> dict[str, Any]:
    """Within ten minutes of the answer, before the booking begins, and if nothing happened to it since."""
    return await act.answered(lambda key: approvals.undo_answer(act.booking_id, act.person, act.actor, act.now, key))
