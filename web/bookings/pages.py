"""Bookings: the form that works without a script, the page of each, and what can be done with it."""

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.bookings import actions
from registry.bookings.models import Booking, Status
from registry.bookings.projections import VisibleBooking
from registry.bookings.queries import (
    bookable_lines,
    booking_by_id,
    count_of_my_bookings,
    my_bookings,
    past_bookings,
    visible_booking,
)
from registry.bookings.rules import EXTENSIONS, may_change
from registry.bookings.series_queries import my_series
from registry.core.errors import Conflict, Forbidden, NotFound, Refusal
from registry.core.history import Actor
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of, earlier_answer
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import zone_of
from web.auth.access import PageCaller, actor_of, page_with
from web.auth.session import local_path
from web.bookings.booking_answer import answer_of
from web.bookings.form import (
    BookingForm,
    FormCheck,
    check_form,
    form_of,
    form_of_booking,
    reading_of,
    takes_title,
    with_end_after,
    with_end_kept_up,
    with_hours,
)
from web.bookings.my_bookings import own_booking
from web.bookings.view import changed_meanwhile, form_context, view_context
from web.bookings.words import BookingWords
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, as_form, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_booking_id, revision_in
from web.kit.render import is_fragment, render
from web.series.words import SeriesWords

router = pages()
BookingMaker = Annotated[Person, Depends(page_with("bookings.make"))]
Minutes = Annotated[int, Query(ge=0, le=1_000_000)]
Look = Annotated[str, Form(max_length=120)]
Next = Annotated[str, Form(alias="next", max_length=2000)]
Act = Callable[[UUID, Person, Actor, datetime, RequestKey | None], Awaitable[Booking]]
COMING_LIMIT = 50
READING = "x-reading"  # how the times of a sentence were read, for the page's script


@router.get("/bookings")
async def mine(
    request: Request, person: PageCaller, now: Now, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> Response:
    """My bookings, the coming ones in pages, my series, each as one, and the last past ones."""
    context = page_context(request, person, now)
    coming = await my_bookings(person, now, COMING_LIMIT, offset, with_series=False)
    is_last = len(coming) < COMING_LIMIT and (coming or not offset)
    total = offset + len(coming) if is_last else await count_of_my_bookings(person, now, with_series=False)
    return render(
        request,
        "bookings/list.html",
        words=SeriesWords.of(context.words),
        now=now,
        coming=coming,
        offset=offset,
        total=total,
        page_size=COMING_LIMIT,
        past=await past_bookings(person, now),
        series=(await my_series(person, now, COMING_LIMIT))[0] if not offset else [],
    )


@router.get("/bookings/answer")
async def answer(request: Request, person: BookingMaker, now: Now, minutes: Minutes = 0, booking: str = "") -> Response:
    """The line under a sentence: what would happen, of a ``booking`` that is changed too. With ``minutes`` the
    end follows the start.
    """
    context = page_context(request, person, now)
    form = form_of(request.query_params, context.zone)
    former = (await _theirs(booking, context))[2] if booking else None
    form = with_end_after(form, minutes)
    check = await check_form(form, person, now, context.zone, former)
    headers = {READING: urlencode(asdict(reading_of(form)))}
    outlook = await answer_of(check, context)
    return render(request, "bookings/_answer.html", headers=headers, words=context.words, answer=outlook)


@router.get("/bookings/new")
async def new(request: Request, person: BookingMaker, now: Now, typed: TypedWords) -> Response:
    """The form, filled with what the address says, or with what was typed and refused. Asked for as a part it is the
    small one of the calendar.
    """
    context = page_context(request, person, now)
    if typed:
        return await _typed_form(request, context, typed)
    form = form_of(request.query_params, context.zone)
    any_day = not form["date"]
    form = form.having(date=form["date"] or context.today.isoformat(), key=uuid.uuid4().hex)
    check = await with_hours(form, await bookable_lines(person), person, context.now, context.zone, any_day)
    return await _unsent(request, context, check)


async def _unsent(request: Request, context: PageContext, check: FormCheck, **more: Any) -> Response:
    """Nobody is blamed for a form that was not sent yet."""
    outlook = await answer_of(check, context) if check.form["from"] and check.form["to"] else None
    blank = FormCheck(check.form, check.room, check.request, check.preview)
    return await _form(request, context, blank, answer=outlook, **more)


async def _typed_form(request: Request, context: PageContext, typed: Typed) -> Response:
    """What was typed, judged by what is so now."""
    form = form_of(as_form(typed.words["fields"]), context.zone)
    form = form.having(key=form["key"] or uuid.uuid4().hex)
    marks = {name: bool(typed.words.get(name)) for name in ("is_unsent", "is_end_moved")}
    check = await check_form(form, context.person, context.now, context.zone)
    if any(marks.values()) or typed.words.get("is_changing_room"):
        return await _unsent(request, context, check, **marks)
    if typed.words.get("is_used"):
        check.refuse(Conflict("booking.form_used"))
    return await _form(request, context, check)


@router.post("/bookings/new")
async def another_room(request: Request, person: BookingMaker, now: Now) -> Response:
    """The form again, with the kinds and fields of the chosen room, for browsers without a script."""
    context = page_context(request, person, now)
    form = form_of(await request.form(), context.zone)
    return await back_to("/bookings/new", request, now, 200, fields=form.fields(), is_changing_room=True)


@router.post("/bookings")
async def book(request: Request, person: BookingMaker, now: Now) -> Response:
    """Book what the form says; all reasons against it come back at their fields, with what was typed. The same form
    sent again leads to what it has booked.
    """
    context, fields = page_context(request, person, now), await request.form()
    form = form_of(fields, context.zone)
    later = with_end_kept_up(form, str(fields.get("shown") or ""))
    if later is not form:  # read back before anything is booked
        return await back_to("/bookings/new", request, now, 200, fields=later.fields(), is_end_moved=True)
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
            check, refusal = await check_form(form, person, now, context.zone), Conflict("booking.form_used")
            form = form.having(key=uuid.uuid4().hex)
        check.refuse(refusal)
    if is_fragment(request):
        return await _form(request, context, replace(check, form=form))
    is_used = any(one.code == "booking.form_used" for faults in check.faults.values() for one in faults)
    return await back_to("/bookings/new", request, now, _status(check), fields=form.fields(), is_used=is_used)


def _key_of(form: BookingForm, person: Person, now: datetime) -> RequestKey | None:
    """What makes the same form, sent twice, one booking."""
    words = sorted((name, text) for name, text in form.texts.items() if text and name != "key")
    digest = digest_of(words, sorted(form.needs))
    return RequestKey(f"person:{person.id}", f"form:{form['key'][:100]}", digest, now) if form["key"] else None


async def _booked(booking: Booking) -> RequestAnswer:
    did = "asked" if booking.status is Status.TENTATIVE else "booked"
    return RequestAnswer(303, f"/bookings/{booking.id}?did={did}")


def _repeated(answer: RequestAnswer) -> Response:
    return RedirectResponse(re.sub("did=(booked|asked)$", "did=booked_before", answer.body), 303)


async def _form(request: Request, context: PageContext, check: FormCheck, **more: Any) -> Response:
    template = "bookings/_small_form.html" if is_fragment(request) else "bookings/new.html"
    values = {"answer": None, "is_unsent": False, "is_end_moved": False, **await form_context(context, check), **more}
    return render(request, template, status=_status(check), **values)


def _status(check: FormCheck) -> int:
    return max((status_of(refusal) for faults in check.faults.values() for refusal in faults), default=200)


async def _theirs(booking_id: str, context: PageContext) -> tuple[VisibleBooking, Room, Booking]:
    """A booking as its reader may see it. Raises NotFound("booking.unknown")."""
    key = possible_booking_id(booking_id)
    visible, room = await visible_booking(key, context.viewer)
    return visible, room, await booking_by_id(key)


@router.get("/bookings/{booking_id}")
async def show(
    request: Request, person: PageCaller, now: Now, booking_id: str, typed: TypedWords, did: str = ""
) -> Response:
    """A booking: what it is, what can be done with it now, why it was released, what happened to it."""
    context = page_context(request, person, now)
    visible, room, booking = await _theirs(booking_id, context)
    check = FormCheck(form_of_booking(booking, room, await zone_of(room)), room)
    words: dict[str, Any] = {
        "is_unsent": False,
        "fault": "",
        "stale": [],
        "reason": "",
        "reason_fault": "",
    } | typed.words
    if "fields" in words:
        form = form_of(as_form(words.pop("fields")), context.zone)
        is_judged = not words["is_unsent"] and not words["stale"]
        typed_check = await check_form(form, person, now, context.zone, booking)
        check = typed_check if is_judged else FormCheck(form, typed_check.room)
    return render(
        request,
        "bookings/page.html",
        status=max(typed.status, _status(check)),
        toast=BookingWords.of(context.words).done(did),
        revision=booking.revision,
        **words,
        **await form_context(context, check, booking),
        **await view_context(context, visible, room, booking),
    )


@router.post("/bookings/{booking_id}")
async def change(request: Request, person: PageCaller, now: Now, booking_id: str) -> Response:
    """Change a booking. When somebody else did meanwhile, say what, and keep what was typed."""
    context = page_context(request, person, now)
    _, room, booking = await _theirs(booking_id, context)
    page, fields = f"/bookings/{booking.id}", await request.form()
    form = form_of(fields, context.zone)
    if not may_change(context.viewer, booking.organizer_id, booking.institution_id, booking.kind):
        refusal = Forbidden("booking.not_yours")
        return await back_to(page, request, now, status_of(refusal), fault=context.words.refusal(refusal))
    look = revision_in(str(fields.get("revision") or ""))
    revision = booking.revision if look is None else look
    if revision != booking.revision:
        zone = await zone_of(room)
        if revision < booking.revision and form.says_the_same_as(
            form_of_booking(booking, room, zone)
        ):  # sent twice: it is as they want it
            return RedirectResponse(f"{page}?did={_did_change(booking)}", 303)
        stale = changed_meanwhile(str(fields.get("was") or ""), booking, room, zone, context)
        return await back_to(page, request, now, 200, fields=form.fields(), stale=stale)
    check = await check_form(form, person, now, context.zone, booking)
    if not check.faults and check.request:
        try:
            changes = _changes(check, form, takes_title(check.room))
            booking = await actions.change(booking.id, changes, person, actor_of(request, person), now, revision)
            return RedirectResponse(f"{page}?did={_did_change(booking)}", 303)
        except Refusal as refusal:
            check.refuse(refusal)
    return await back_to(page, request, now, _status(check), fields=form.fields())


def _did_change(booking: Booking) -> str:
    """Of a booking that awaits an answer, by the change or still, it is said that it does."""
    return "asked" if booking.status is Status.TENTATIVE else "changed"


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
    "check-in": ("checked_in", lambda one, by, actor, now, key: actions.check_in(one, by, actor, now, request_key=key)),
    "extend": ("extended", lambda one, by, actor, now, key: actions.extend(one, by, actor, now, request_key=key)),
    "end": ("ended", lambda one, by, actor, now, key: actions.end(one, by, actor, now, request_key=key)),
    "cancel": ("cancelled", lambda one, by, actor, now, key: actions.cancel(one, by, actor, now, request_key=key)),
    "undo-release": ("undone", lambda one, by, actor, now, key: actions.undo_release(one, by, actor, now, key)),
}


def _extension(minutes: int) -> Callable[..., Awaitable[Booking]]:
    def extend(
        booking_id: UUID, by: Person, actor: Actor, now: datetime, key: RequestKey | None = None
    ) -> Awaitable[Booking]:
        return actions.extend(booking_id, by, actor, now, minutes, request_key=key)

    return extend


ACTS |= {f"extend-{minutes}": ("extended", _extension(minutes)) for minutes in EXTENSIONS[1:]}


@router.post("/bookings/{booking_id}/{act}")
async def do(
    request: Request, person: BookingMaker, now: Now, booking_id: str, act: str, look: Look = "", after: Next = ""
) -> Response:
    """Check in, extend by a quarter, end, cancel, undo; then back to where the button was. What was seen beside the
    button makes a repeated tap one act, and a booking that was moved meanwhile is left alone.
    """
    if act not in ACTS:
        raise NotFound("request.not_found")
    context = page_context(request, person, now)
    _, room, booking = await _theirs(booking_id, context)
    did, perform = ACTS[act]
    actor, key = actor_of(request, person), _act_key(booking, act, look, person, now)
    try:
        if key is None or not await earlier_answer(key):
            _refuse_another_look(booking, room, look, now)
            await act_once(key, lambda key: perform(booking.id, person, actor, now, key), _done)
    except Refusal as refusal:
        sentence = context.words.refusal(refusal)
        return await back_to(f"/bookings/{booking.id}", request, now, status_of(refusal), fault=sentence)
    target = local_path(after, f"/bookings/{booking.id}")
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}did={did}", 303)


def _act_key(booking: Booking, act: str, look: str, person: Person, now: datetime) -> RequestKey | None:
    digest = digest_of(act, str(booking.id), look)
    return RequestKey(f"person:{person.id}", f"act:{digest}", digest, now) if look else None


def _refuse_another_look(booking: Booking, room: Room, look: str, now: datetime) -> None:
    """Raises Conflict("request.stale") when the room or the times are others than stood beside the button. Whether it
    was checked in meanwhile, or how often, is no matter.
    """
    is_same = look.partition("|")[2] == own_booking(booking, room, now, False).look.partition("|")[2]
    if look and not is_same:
        raise Conflict("request.stale", revision=booking.revision)


async def _done(booking: Booking) -> RequestAnswer:
    return RequestAnswer(303)
