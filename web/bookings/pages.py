"""Bookings: the form that works without a script, the page of each, and what can be done with it."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.bookings import actions
from registry.bookings.models import Booking
from registry.bookings.projections import VisibleBooking
from registry.bookings.queries import bookable_rooms, booking_by_id, my_bookings, past_bookings, visible_booking
from registry.bookings.rules import EXTENSIONS, may_change
from registry.core.errors import Conflict, Forbidden, NotFound, Refusal
from registry.core.history import Actor
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of, earlier_answer
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import zone_of
from web.auth.access import PageCaller, actor_of, page_with
from web.auth.session import local_path
from web.bookings.booking_answer import answer_of
from web.bookings.form import BookingForm, FormCheck, check_form, form_of, form_of_booking, takes_title, with_hours
from web.bookings.view import changed_meanwhile, form_context, view_context
from web.bookings.words import BookingWords
from web.kit.clock import Now
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.render import is_fragment, render

router = APIRouter(include_in_schema=False)
BookingMaker = Annotated[Person, Depends(page_with("bookings.make"))]
Act = Callable[[UUID, Person, Actor, datetime], Awaitable[Booking]]
COMING_LIMIT = 50


@router.get("/bookings")
async def mine(request: Request, person: PageCaller, now: Now) -> Response:
    """My bookings, the coming ones and the last past ones."""
    context = page_context(request, person, now)
    return render(
        request,
        "bookings/list.html",
        words=BookingWords.of(context.words),
        now=now,
        coming=await my_bookings(person, now, COMING_LIMIT),
        past=await past_bookings(person, now),
    )


@router.get("/bookings/answer")
async def answer(request: Request, person: BookingMaker, now: Now) -> Response:
    """The line under a booking's sentence: what would happen."""
    context = page_context(request, person, now)
    check = await check_form(form_of(request.query_params, context.zone), person, now, context.zone)
    return render(request, "bookings/_answer.html", words=context.words, answer=await answer_of(check, context))


@router.get("/bookings/new")
async def new(request: Request, person: BookingMaker, now: Now) -> Response:
    """The form, filled with what the address says. Asked for as a part it is the small one of the calendar."""
    context = page_context(request, person, now)
    return await _new(request, context, form_of(request.query_params, context.zone))


@router.post("/bookings/new")
async def another_room(request: Request, person: BookingMaker, now: Now) -> Response:
    """The form again, with the kinds and fields of the chosen room, for browsers without a script."""
    context = page_context(request, person, now)
    return await _new(request, context, form_of(await request.form(), context.zone))


async def _new(request: Request, context: PageContext, form: BookingForm) -> Response:
    any_day = not form["date"]
    form = form.having(date=form["date"] or context.today.isoformat(), key=uuid.uuid4().hex)
    form = await with_hours(form, await bookable_rooms(context.person), context.now, context.zone, any_day)
    check = await check_form(form, context.person, context.now, context.zone)
    outlook = await answer_of(check, context) if form["from"] and form["to"] else None
    # nobody is blamed for a form that was not sent yet
    blank = FormCheck(form, check.room, check.request, check.preview)
    return await _form(request, context, blank, answer=outlook)


@router.post("/bookings")
async def book(request: Request, person: BookingMaker, now: Now) -> Response:
    """Book what the form says; all reasons against it come back at their fields, with what was typed. The same form
    sent again leads to what it has booked.
    """
    context = page_context(request, person, now)
    form = form_of(await request.form(), context.zone)
    key = _key_of(form, person, now)
    try:
        if key and (answer := await earlier_answer(key)):
            return _repeated(answer)
        check = await check_form(form, person, now, context.zone)
        if check.faults and key and (answer := await earlier_answer(key)):
            return _repeated(answer)  # its twin was quicker
        if not check.faults and check.request:
            booking_request, actor = check.request, actor_of(request, person)
            answer = await act_once(key, lambda key: actions.book(booking_request, person, actor, now, key), _booked)
            return RedirectResponse(answer.body, 303)
    except Refusal as refusal:
        if refusal.code == "request.key_reused":  # by the same page with other words
            check = await check_form(form, person, now, context.zone)
            refusal = Conflict("booking.form_used")
        check.refuse(refusal)
    return await _form(request, context, replace(check, form=form.having(key=uuid.uuid4().hex)))


def _key_of(form: BookingForm, person: Person, now: datetime) -> RequestKey | None:
    """What makes the same form, sent twice, one booking."""
    words = sorted((name, text) for name, text in form.texts.items() if text and name != "key")
    digest = digest_of(words, sorted(form.needs))
    return RequestKey(f"person:{person.id}", f"form:{form['key'][:100]}", digest, now) if form["key"] else None


async def _booked(booking: Booking) -> RequestAnswer:
    return RequestAnswer(303, f"/bookings/{booking.id}?did=booked")


def _repeated(answer: RequestAnswer) -> Response:
    return RedirectResponse(answer.body.replace("did=booked", "did=booked_before"), 303)


async def _form(request: Request, context: PageContext, check: FormCheck, **more: Any) -> Response:
    template = "bookings/_small_form.html" if is_fragment(request) else "bookings/new.html"
    values = {"answer": None, **await form_context(context, check), **more}
    return render(request, template, status=_status(check), **values)


def _status(check: FormCheck, *refusals: Refusal) -> int:
    every = [*(refusal for faults in check.faults.values() for refusal in faults), *refusals]
    return max((status_of(refusal) for refusal in every), default=200)


async def _theirs(booking_id: str, context: PageContext) -> tuple[VisibleBooking, Room, Booking]:
    """A booking as its reader may see it. Raises NotFound("booking.unknown")."""
    try:
        key = UUID(booking_id)
    except ValueError as fault:
        raise NotFound("booking.unknown") from fault
    visible, room = await visible_booking(key, context.viewer)
    return visible, room, await booking_by_id(key)


@router.get("/bookings/{booking_id}")
async def show(request: Request, person: PageCaller, now: Now, booking_id: str, did: str = "") -> Response:
    """A booking: what it is, what can be done with it now, why it was released, what happened to it."""
    return await _page(request, page_context(request, person, now), booking_id, did=did)


async def _page(
    request: Request, context: PageContext, booking_id: str, *, check: FormCheck | None = None,
    refusal: Refusal | None = None, did: str = "", stale: list[str] | None = None,
) -> Response:  # fmt: skip
    visible, room, booking = await _theirs(booking_id, context)
    if check is None:
        check = FormCheck(form_of_booking(booking, room, await zone_of(room)), room)
    return render(
        request,
        "bookings/page.html",
        status=_status(check, *([refusal] if refusal else [])),
        fault=context.words.refusal(refusal) if refusal else "",
        toast=BookingWords.of(context.words).done(did),
        stale=stale or [],
        revision=booking.revision,
        **await form_context(context, check, booking),
        **await view_context(context, visible, room, booking),
    )


@router.post("/bookings/{booking_id}")
async def change(request: Request, person: PageCaller, now: Now, booking_id: str) -> Response:
    """Change a booking. When somebody else did meanwhile, say what, and keep what was typed."""
    context = page_context(request, person, now)
    _, room, booking = await _theirs(booking_id, context)
    fields = await request.form()
    form = form_of(fields, context.zone)
    if not may_change(context.viewer, booking.organizer_id, booking.institution_id, booking.kind):
        return await _page(request, context, booking_id, refusal=Forbidden("booking.not_yours"))
    text = str(fields.get("revision") or "")
    revision = int(text) if text.isdigit() and len(text) < 10 else booking.revision
    if revision != booking.revision:
        stale = changed_meanwhile(str(fields.get("was") or ""), booking, room, await zone_of(room), context)
        return await _page(request, context, booking_id, check=FormCheck(form, room), stale=stale)
    check = await check_form(form, person, now, context.zone, booking)
    if check.faults or check.request is None:
        return await _page(request, context, booking_id, check=check)
    try:
        changes = _changes(check, form, takes_title(check.room))
        await actions.change(booking.id, changes, person, actor_of(request, person), now, revision)
    except Refusal as refusal:
        check.refuse(refusal)
        return await _page(request, context, booking_id, check=check)
    return RedirectResponse(f"/bookings/{booking.id}?did=changed", 303)


def _changes(check: FormCheck, form: BookingForm, has_title: bool) -> actions.BookingChanges:
    booking_request = check.request
    assert booking_request
    return actions.BookingChanges(
        room=booking_request.room,
        starts_at=booking_request.starts_at,
        ends_at=booking_request.ends_at,
        title=booking_request.title if has_title else "",
        kind=booking_request.kind,
        attendees=booking_request.attendees,
        needs=form.needs,
    )


ACTS: dict[str, tuple[str, Act]] = {
    "check-in": ("checked_in", lambda booking_id, by, actor, now: actions.check_in(booking_id, by, actor, now)),
    "extend": ("extended", lambda booking_id, by, actor, now: actions.extend(booking_id, by, actor, now)),
    "end": ("ended", lambda booking_id, by, actor, now: actions.end(booking_id, by, actor, now)),
    "cancel": ("cancelled", lambda booking_id, by, actor, now: actions.cancel(booking_id, by, actor, now)),
    "undo-release": ("undone", lambda booking_id, by, actor, now: actions.undo_release(booking_id, by, actor, now)),
}


def _extension(minutes: int) -> Callable[..., Awaitable[Booking]]:
    def extend(
        booking_id: UUID, by: Person, actor: Actor, now: datetime, key: RequestKey | None = None
    ) -> Awaitable[Booking]:
        return actions.extend(booking_id, by, actor, now, minutes, request_key=key)

    return extend


ACTS |= {f"extend-{minutes}": ("extended", _extension(minutes)) for minutes in EXTENSIONS[1:]}


@router.post("/bookings/{booking_id}/{act}")
async def do(request: Request, person: BookingMaker, now: Now, booking_id: str, act: str) -> Response:
    """Check in, extend by a quarter, end, cancel, undo a release; then back to where the button was."""
    if act not in ACTS:
        raise NotFound("request.not_found")
    context = page_context(request, person, now)
    _, _, booking = await _theirs(booking_id, context)
    did, perform = ACTS[act]
    try:
        await perform(booking.id, person, actor_of(request, person), now)
    except Refusal as refusal:
        return await _page(request, context, booking_id, refusal=refusal)
    target = local_path(str((await request.form()).get("next") or ""), f"/bookings/{booking.id}")
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}did={did}", 303)
