"""Bookings: the form that works without a script, the page of each, and what can be done with it."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.bookings import actions
from registry.bookings.models import Booking
from registry.bookings.queries import bookable_rooms, booking_by_id, my_bookings, past_bookings, visible_booking
from registry.bookings.rules import may_change
from registry.core.errors import Forbidden, NotFound, Refusal
from registry.core.history import Actor
from registry.core.idempotency import RequestKey
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import zone_of
from web.auth.access import PageCaller, actor_of, page_with
from web.auth.session import local_path
from web.bookings.booking_answer import answer_of
from web.bookings.form import Checked, Typed, check, proposed, takes_title, typed, typed_of
from web.bookings.view import changed_meanwhile, form_context, view_context
from web.calendar.room_rows import Reading, reading
from web.kit.errors import status_of
from web.kit.render import is_fragment, render

router = APIRouter()
Booking_Maker = Annotated[Person, Depends(page_with("bookings.make"))]
Act = Callable[[UUID, Person, Actor, datetime], Awaitable[Booking]]


@router.get("/bookings")
async def mine(request: Request, person: PageCaller) -> Response:
    """My bookings, the coming ones and the last past ones."""
    read = reading(request, person, datetime.now(UTC))
    return render(
        request,
        "bookings/list.html",
        naming=read.naming,
        now=read.now,
        coming=await my_bookings(person, read.now, 50),
        past=await past_bookings(person, read.now),
    )


@router.get("/bookings/answer")
async def answer(request: Request, person: Booking_Maker) -> Response:
    """The line under a booking's sentence: what would happen."""
    read = reading(request, person, datetime.now(UTC))
    checked = await check(typed(request.query_params, read.zone), person, read.now, read.zone)
    return render(request, "bookings/_answer.html", naming=read.naming, answer=await answer_of(checked, read))


@router.get("/bookings/new")
async def new(request: Request, person: Booking_Maker) -> Response:
    """The form, filled with what the address says. Asked for as a part it is the small one of the calendar."""
    read = reading(request, person, datetime.now(UTC))
    return await _new(request, read, typed(request.query_params, read.zone))


@router.post("/bookings/new")
async def another_room(request: Request, person: Booking_Maker) -> Response:
    """The form again, with the kinds and fields of the chosen room, for browsers without a script."""
    read = reading(request, person, datetime.now(UTC))
    return await _new(request, read, typed(await request.form(), read.zone))


async def _new(request: Request, read: Reading, form: Typed) -> Response:
    any_day = not form["date"]
    form = form.having(date=form["date"] or read.today.isoformat(), key=uuid.uuid4().hex)
    form = await proposed(form, await bookable_rooms(read.person), read.now, read.zone, any_day)
    checked = await check(form, read.person, read.now, read.zone)
    shown = await answer_of(checked, read) if form["from"] and form["to"] else None
    # nobody is blamed for a form that was not sent yet
    blank = Checked(form, checked.room, checked.wish, checked.preview)
    return await _form(request, read, blank, answer=shown)


@router.post("/bookings")
async def book(request: Request, person: Booking_Maker) -> Response:
    """Book what the form says; all reasons against it come back at their fields, with what was typed."""
    read = reading(request, person, datetime.now(UTC))
    form = typed(await request.form(), read.zone)
    checked = await check(form, person, read.now, read.zone)
    if not checked.faults and checked.wish:
        once = RequestKey(f"person:{person.id}", f"form:{form['key'][:100]}") if form["key"] else None
        try:
            booking = await actions.book(checked.wish, person, actor_of(request, person), read.now, once)
            return RedirectResponse(f"/bookings/{booking.id}?did=booked", 303)
        except Refusal as refusal:
            checked.refuse(refusal)
    return await _form(request, read, checked)


async def _form(request: Request, read: Reading, checked: Checked, **more: Any) -> Response:
    refusals = [one for found in checked.faults.values() for one in found]
    template = "bookings/_small_form.html" if is_fragment(request) else "bookings/new.html"
    status = max((status_of(one) for one in refusals), default=200)
    return render(request, template, status=status, **{"answer": None, **await form_context(read, checked), **more})


async def _theirs(booking_id: str, read: Reading) -> tuple[Any, Room, Booking]:
    """A booking as its reader may see it. Raises NotFound("booking.unknown")."""
    try:
        known = UUID(booking_id)
    except ValueError as fault:
        raise NotFound("booking.unknown") from fault
    seen, room = await visible_booking(known, read.viewer)
    return seen, room, await booking_by_id(known)


@router.get("/bookings/{booking_id}")
async def show(request: Request, person: PageCaller, booking_id: str, did: str = "") -> Response:
    """A booking: what it is, what can be done with it now, why it was released, what happened to it."""
    return await _page(request, reading(request, person, datetime.now(UTC)), booking_id, did=did)


async def _page(
    request: Request, read: Reading, booking_id: str, *, checked: Checked | None = None,
    refusal: Refusal | None = None, did: str = "", stale: list[str] | None = None,
) -> Response:  # fmt: skip
    seen, room, booking = await _theirs(booking_id, read)
    if checked is None:
        checked = Checked(typed_of(booking, room, await zone_of(room)), room)
    context = await view_context(read, seen, room, booking)
    faults = [one for found in checked.faults.values() for one in found] + ([refusal] if refusal else [])
    return render(
        request,
        "bookings/page.html",
        status=max((status_of(one) for one in faults), default=200),
        fault=read.naming.refusal(refusal) if refusal else "",
        toast=read.naming.done(did),
        stale=stale or [],
        revision=booking.revision,
        **await form_context(read, checked, booking),
        **context,
    )


@router.post("/bookings/{booking_id}")
async def change(request: Request, person: PageCaller, booking_id: str) -> Response:
    """Change a booking. When somebody else did meanwhile, say what, and keep what was typed."""
    read = reading(request, person, datetime.now(UTC))
    _, room, booking = await _theirs(booking_id, read)
    sent = await request.form()
    form = typed(sent, read.zone)
    if not may_change(read.viewer, booking.organizer_id, booking.institution_id, booking.kind):
        return await _page(request, read, booking_id, refusal=Forbidden("booking.not_yours"))
    given = str(sent.get("revision") or "")
    revision = int(given) if given.isdigit() and len(given) < 10 else booking.revision
    if revision != booking.revision:
        stale = changed_meanwhile(str(sent.get("was") or ""), booking, room, await zone_of(room), read)
        return await _page(request, read, booking_id, checked=Checked(form, room), stale=stale)
    checked = await check(form, person, read.now, read.zone, booking)
    if checked.faults or checked.wish is None:
        return await _page(request, read, booking_id, checked=checked)
    try:
        changes = _changes(checked, form, takes_title(checked.room))
        await actions.change(booking.id, changes, person, actor_of(request, person), read.now, revision)
    except Refusal as refusal:
        checked.refuse(refusal)
        return await _page(request, read, booking_id, checked=checked)
    return RedirectResponse(f"/bookings/{booking.id}?did=changed", 303)


def _changes(checked: Checked, form: Typed, titled: bool) -> actions.BookingChanges:
    wish = checked.wish
    assert wish
    return actions.BookingChanges(
        room=wish.room,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        title=wish.title if titled else "",
        kind=wish.kind,
        attendees=wish.attendees,
        needs=form.needs,
    )


ACTS: dict[str, tuple[str, Act]] = {
    "check-in": ("checked_in", lambda known, by, actor, now: actions.check_in(known, by, actor, now)),
    "extend": ("extended", lambda known, by, actor, now: actions.extend(known, by, actor, now)),
    "end": ("ended", lambda known, by, actor, now: actions.end(known, by, actor, now)),
    "cancel": ("cancelled", lambda known, by, actor, now: actions.cancel(known, by, actor, now)),
    "undo-release": ("undone", lambda known, by, actor, now: actions.undo_release(known, by, actor, now)),
}


@router.post("/bookings/{booking_id}/{act}")
async def do(request: Request, person: Booking_Maker, booking_id: str, act: str) -> Response:
    """Check in, extend by a quarter, end, cancel, undo a release; then back to where the button was."""
    if act not in ACTS:
        raise NotFound("request.not_found")
    read = reading(request, person, datetime.now(UTC))
    _, _, booking = await _theirs(booking_id, read)
    done, perform = ACTS[act]
    try:
        await perform(booking.id, person, actor_of(request, person), read.now)
    except Refusal as refusal:
        return await _page(request, read, booking_id, refusal=refusal)
    target = local_path(str((await request.form()).get("next") or ""), f"/bookings/{booking.id}")
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}did={done}", 303)
