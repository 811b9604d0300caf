"""What awaits an answer: the list of it, and the forms that answer from there, from Today and from a booking."""

from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.bookings import approvals
from registry.bookings.awaiting import approves, awaiting_ids, in_full
from registry.bookings.projections import seen_as
from registry.core.errors import NotFound, Refusal
from registry.people.models import Person
from web.approvals.view import reason_choices
from web.auth.access import actor_of, page_with
from web.auth.session import local_path
from web.bookings.words import BookingWords
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import booking_id_in, offset_in, possible_booking_id, revision_in
from web.kit.render import render

router = pages()
Approver = Annotated[Person, Depends(page_with("bookings.make"))]
Next = Annotated[str, Form(alias="next", max_length=2000)]
Text = Annotated[str, Form(max_length=1000)]
PAGE = 50
DID = {"approve": "approved", "reject": "rejected", "undo": "answer_undone"}


@router.get("/approvals")
async def listing(
    request: Request, person: Approver, now: Now, offset: str = "", did: str = "", about: str = ""
) -> Response:
    """What awaits my answer, the next to begin first."""
    context = page_context(request, person, now)
    words = BookingWords.of(context.words)
    start = offset_in(offset)
    ids = await awaiting_ids(person, now)
    pairs = await in_full(ids[start : start + PAGE])
    return render(
        request, "approvals/approvals.html", context=context, words=words, now=now, total=len(ids), start=start,
        page_length=PAGE, is_asked=bool(ids) or await approves(person),
        rows=[(one, room, reason_choices(seen_as(room.visibility, one.kind), words)) for one, room in pairs],
        toast=words.done(did), about=booking_id_in(about),
    )  # fmt: skip


@router.post("/approvals/{booking_id}/{answer}")
async def answer(
    request: Request, person: Approver, now: Now, booking_id: str, answer: str,
    revision: Text = "", reason: Text = "", after: Next = "",
) -> Response:  # fmt: skip
    """Approve, reject or take an answer back, then back to where the button was; what is refused, with the reason that
    was typed, is said on the booking's page.
    """
    if answer not in DID:
        raise NotFound("request.not_found")
    key = possible_booking_id(booking_id)
    look, actor = revision_in(revision), actor_of(request, person)
    try:
        if answer == "approve":
            await approvals.approve(key, person, actor, now, if_revision=look)
        elif answer == "reject":
            await approvals.reject(key, reason, person, actor, now, if_revision=look)
        else:
            await approvals.undo_answer(key, person, actor, now)
    except NotFound:
        raise
    except Refusal as refusal:
        sentence = page_context(request, person, now).words.refusal(refusal)
        is_of_reason = refusal.code in ("booking.no_reason", "booking.bad_reason", "request.bad_field")
        faults = {"reason_fault" if is_of_reason else "fault": sentence}
        page = f"/bookings/{key}{'#reject' if is_of_reason else ''}"
        return await back_to(page, request, now, status_of(refusal), reason=reason, **faults)
    target = local_path(after, f"/bookings/{key}")
    about = f"&about={key}" if target in ("/", "/approvals") else ""  # its own page needs no way to it
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}did={DID[answer]}{about}", 303)
