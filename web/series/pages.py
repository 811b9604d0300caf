"""Series of bookings: the form with every date and what speaks against it, each series, and its change before and
after. What is only looked at stands in the address; what is done is sent.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData, QueryParams
from starlette.responses import RedirectResponse, Response

from registry.bookings.models import Booking, OnTaken, Series
from registry.bookings.queries import bookable_rooms
from registry.bookings.rules import CANCELLATION_REASONS, may_change
from registry.bookings.series_actions import book_series, cancel_series, change_series
from registry.bookings.series_dates import SeriesPreview
from registry.bookings.series_plans import SeriesPlan, affected_by, preview_change
from registry.bookings.series_queries import (
    bookings_of_series,
    coming_of,
    history_of_series,
    preview_series,
    seen_of,
    series_by_id,
)
from registry.bookings.series_rules import Scope, SeriesChanges
from registry.core.errors import Conflict, Invalid, Refusal
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, earlier_answer
from registry.people.models import Person
from registry.rooms.models import HELP_POINT
from registry.rooms.queries import zone_of
from web.auth.access import PageCaller, actor_of, page_with
from web.bookings.view import form_context
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, as_form, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in
from web.kit.render import render
from web.kit.time_of_day import DAY as WHOLE_DAY
from web.kit.time_of_day import minute_of_day
from web.series.api import series_id_in
from web.series.form import SeriesCheck, check_series_form, fields_of, series_form_of
from web.series.shapes import minutes_between
from web.series.words import SeriesWords, series_history

router = pages()
BookingMaker = Annotated[Person, Depends(page_with("bookings.make"))]
SCOPES = [str(scope) for scope in Scope]


@router.get("/series/new")
async def new(request: Request, person: BookingMaker, now: Now, typed: TypedWords) -> Response:
    """The form with every date of what the address says, or of what was typed and refused. Nothing is booked yet."""
    context = page_context(request, person, now)
    form = series_form_of(as_form(typed.words["fields"]) if typed else request.query_params, context.zone)
    if not form.booking["date"]:
        tomorrow = context.today + timedelta(days=1)
        form = form.having(date=tomorrow.isoformat(), **{"from": "10:00", "to": "11:00"})
    form = form.having(key=form.booking["key"] or uuid4().hex)
    check = await check_series_form(form, person, now, context.zone)
    if typed.words.get("is_used"):
        check.refuse(Conflict("booking.form_used"), "")
    return await _form(request, context, check, typed)


async def _form(request: Request, context: PageContext, check: SeriesCheck, typed: Typed) -> Response:
    preview: SeriesPreview | None = None
    if check.request and not check.faults:
        try:
            preview = await preview_series(check.request, context.person, context.now)
        except Refusal as refusal:
            check.refuse(refusal)
    if preview and not preview.free:
        check.refuse(Conflict("series.nothing_left"), "")
    words = SeriesWords.of(context.words)
    booking_words = await form_context(context, check.booking)
    return render(
        request, "series/new.html",
        status=max(typed.status, *(status_of(one) for faults in check.faults.values() for one in faults), 200)
        if typed else 200,
        **booking_words | {"words": words, "offers": [], "takes_any": False},
        preview=preview, is_unsent=bool(typed.words.get("is_unsent")), without=set(check.form.without),
        **fields_of(check),
    )  # fmt: skip


@router.post("/series")
async def make(request: Request, person: BookingMaker, now: Now) -> Response:
    """Book what the form says, once. Dates that cannot be had come back with the form, each with its reason."""
    context = page_context(request, person, now)
    form = series_form_of(await request.form(), context.zone)
    check = await check_series_form(form, person, now, context.zone)
    is_used = False
    if check.request and not check.faults:
        wish, actor = check.request, actor_of(request, person)
        key = form_key(person, form.booking["key"], now, "series", sorted(form.having(key="").fields()))
        try:
            if key and (answer := await earlier_answer(key)):
                return RedirectResponse(answer.body.replace("did=booked", "did=booked_before"), 303)
            answer = await act_once(key, lambda once: book_series(wish, person, actor, now, once), _booked)
            return RedirectResponse(answer.body, 303)
        except Refusal as refusal:
            check.refuse(refusal)
            is_used = refusal.code == "request.key_reused"
    status = max((status_of(one) for faults in check.faults.values() for one in faults), default=200)
    return await back_to("/series/new", request, now, status, fields=form.fields(), is_used=is_used)


async def _booked(series: Series) -> RequestAnswer:
    return RequestAnswer(303, f"/series/{series.id}?did=booked")


@router.get("/series/{series_id}")
async def show(request: Request, person: PageCaller, now: Now, series_id: str, did: str = "") -> Response:
    """A series: how it repeats, each of its dates, what could not be had, and what happened to it."""
    context = page_context(request, person, now)
    series = await series_by_id(series_id_in(series_id), context.viewer)
    bookings = seen_of(await bookings_of_series(series.id), context.viewer)
    words = SeriesWords.of(context.words)
    coming = coming_of(bookings, now)
    return render(
        request, "series/page.html", words=words, now=now, series=series, room=series.room,
        coming=coming, others=[one for one in bookings if one not in coming],
        may_change=bool(coming) and _may_change(series, context), skipped=words.skipped(series),
        history=series_history(await history_of_series(series.id), context), toast=words.series_done(did),
    )  # fmt: skip


def _may_change(series: Series, context: PageContext) -> bool:
    is_theirs = may_change(context.viewer, series.organizer_id, series.institution_id, series.kind)
    return is_theirs and context.may("bookings.make")


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """What a series should be instead, as it was typed."""

    scope: str
    occurrence: str
    texts: dict[str, str]
    is_sent: bool
    start: datetime  # of the chosen date, on the clock of the wall, as it is
    minutes: int
    base: datetime  # of the first date that changes

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def fields(self) -> list[tuple[str, str]]:
        """As a browser sends it."""
        names = {"scope": self.scope, "occurrence": self.occurrence, "filled_for": self.occurrence}
        return [*names.items(), *self.texts.items()]


CHANGES = ("date", "from", "to", "room", "title", "attendees", "on_conflict")


def _change_form(fields: FormData | QueryParams, series: Series, coming: list[Booking], zone: ZoneInfo) -> ChangeForm:
    """What was sent; where nothing was, the series as it is."""
    scope = str(fields.get("scope") or "")
    chosen = str(fields.get("occurrence") or "")
    scope = scope if scope in SCOPES else str(Scope.ALL)
    in_order = sorted(coming, key=lambda one: one.occurrence)
    first = next((one for one in in_order if one.occurrence == chosen), in_order[0] if in_order else None)
    start, minutes = datetime.fromisoformat(first.occurrence if first else series.start), series.minutes
    if first and scope == Scope.THIS:  # it may have been moved before
        start, end = (at.astimezone(zone).replace(tzinfo=None, fold=0) for at in (first.starts_at, first.ends_at))
        minutes = minutes_between(start, end)
    texts = {name: str(fields.get(name) or "") for name in CHANGES}
    filled_for = str(fields.get("filled_for") or "")
    is_sent = bool(texts["from"])
    if not is_sent:
        end = start + timedelta(minutes=minutes)
        texts = {
            "date": start.date().isoformat(), "from": f"{start:%H:%M}", "to": f"{end:%H:%M}", "room": series.room.code,
            "title": series.title, "attendees": str(series.attendees or ""), "on_conflict": str(OnTaken.REFUSE),
        }  # fmt: skip
    elif first and filled_for != first.occurrence and texts["date"] == filled_for[:10]:
        texts["date"] = start.date().isoformat()  # another date was chosen, and its day not typed anew
    base = datetime.fromisoformat(in_order[0].occurrence) if in_order and scope == Scope.ALL else start
    return ChangeForm(scope, first.occurrence if first else "", texts, is_sent, start, minutes, base)


def _wanted_changes(form: ChangeForm, series: Series) -> SeriesChanges:
    """What is asked of the register. Raises Invalid."""
    first, last = minute_of_day(form["from"]), minute_of_day(form["to"])
    if first is None or last is None:
        raise Invalid("booking.bad_time", given=(form["to"] if last is None else form["from"])[:40] or "–")
    try:
        day = datetime.fromisoformat(form["date"]).date()
    except ValueError as fault:
        raise Invalid("booking.bad_date", given=form["date"][:40] or "–") from fault
    if not 1990 <= day.year < 2200:
        raise Invalid("booking.bad_date", given=form["date"][:40])
    is_overnight = last == 0 or (form.start.hour * 60 + form.start.minute + form.minutes) > WHOLE_DAY
    minutes = last - first + (WHOLE_DAY if last <= first and is_overnight else 0)
    start = datetime.combine(day, time(first // 60, first % 60))
    people = form["attendees"].strip()
    if people and not (people.isascii() and people.isdecimal() and len(people) < 6):
        raise Invalid("booking.bad_attendees", given=people[:40])
    attendees = int(people) if people else None
    has_title = series.room.visibility not in HELP_POINT
    return SeriesChanges(
        room=form["room"] if form["room"] != series.room.code else None,
        start=form.base + (start - form.start) if start != form.start else None,
        minutes=minutes if minutes != form.minutes else None,
        title=form["title"] if has_title and form["title"].strip() != series.title else None,
        words={"attendees": attendees} if attendees != series.attendees else {},
        on_conflict=OnTaken.SKIP if form["on_conflict"] == "skip" else OnTaken.REFUSE,
    )


@router.get("/series/{series_id}/change")
async def change_page(request: Request, person: BookingMaker, now: Now, series_id: str, typed: TypedWords) -> Response:
    """The form of a change, and every date before and after once something was typed."""
    context = page_context(request, person, now)
    series = await series_by_id(series_id_in(series_id), context.viewer)
    coming = coming_of(seen_of(await bookings_of_series(series.id), context.viewer), now)
    fields: FormData | QueryParams = as_form(typed.words["fields"]) if typed else request.query_params
    form = _change_form(fields, series, coming, await zone_of(series.room))
    plan: SeriesPlan | None = None
    fault = str(typed.words.get("fault", ""))
    if form.is_sent and not fault:
        try:
            changes = _wanted_changes(form, series)
            plan = await preview_change(series.id, Scope(form.scope), form.occurrence, changes, person, now)
        except Refusal as refusal:
            fault = context.words.refusal(refusal)
    words = SeriesWords.of(context.words)
    rooms = [(one.code, f"{words.room(one)} ({one.code})") for one in await bookable_rooms(person)]
    if series.room.code not in dict(rooms):
        rooms.append((series.room.code, words.room(series.room)))
    return render(
        request, "series/change.html", status=typed.status, words=words, now=now, series=series, room=series.room,
        coming=coming, form=form, plan=plan, fault=fault, rooms=rooms, key=uuid4().hex,
        takes_title=series.room.visibility not in HELP_POINT, may_change=bool(coming) and _may_change(series, context),
    )  # fmt: skip


@router.post("/series/{series_id}/change")
async def change(request: Request, person: BookingMaker, now: Now, series_id: str) -> Response:
    """Change what the form says, once."""
    context, fields = page_context(request, person, now), await request.form()
    series = await series_by_id(series_id_in(series_id), context.viewer)
    coming = coming_of(seen_of(await bookings_of_series(series.id), context.viewer), now)
    form = _change_form(fields, series, coming, await zone_of(series.room))
    revision, page = revision_in(str(fields.get("revision") or "")), f"/series/{series.id}/change"
    chosen = str(fields.get("occurrence") or "")

    async def act(once: RequestKey | None) -> Series:
        changes = _wanted_changes(form, series)
        scope = Scope(form.scope)
        return await change_series(
            series.id, scope, chosen, changes, person, actor_of(request, person), now, revision, once
        )

    return await _once(request, context, fields, page, form.fields(), act, "changed")


@router.get("/series/{series_id}/cancel")
async def cancel_page(
    request: Request, person: BookingMaker, now: Now, series_id: str, typed: TypedWords, scope: str = "",
    occurrence: str = "",
) -> Response:  # fmt: skip
    """Which dates would be cancelled."""
    context = page_context(request, person, now)
    series = await series_by_id(series_id_in(series_id), context.viewer)
    bookings = seen_of(await bookings_of_series(series.id), context.viewer)
    words, coming = SeriesWords.of(context.words), coming_of(bookings, now)
    if typed:
        texts = dict(typed.words.get("fields", ()))
        scope, occurrence = texts.get("scope", ""), texts.get("occurrence", "")
    scope = scope if scope in SCOPES else str(Scope.ALL)
    fault, affected = str(typed.words.get("fault", "")), []
    try:
        affected = affected_by(bookings, Scope(scope), occurrence or (coming[0].occurrence if coming else ""), now)
    except Refusal as refusal:
        fault = fault or words.refusal(refusal)
    reasons = [(code, words.say(text)) for code, text in CANCELLATION_REASONS.items()]
    return render(
        request, "series/cancel.html", status=typed.status, words=words, now=now, series=series, room=series.room,
        coming=coming, scope=scope, occurrence=affected[0].occurrence if affected else "", affected=affected,
        fault=fault, reasons=reasons, key=uuid4().hex, may_change=bool(coming) and _may_change(series, context),
    )  # fmt: skip


@router.post("/series/{series_id}/cancel")
async def cancel(request: Request, person: BookingMaker, now: Now, series_id: str) -> Response:
    """Cancel these dates, once."""
    context, fields = page_context(request, person, now), await request.form()
    series = await series_by_id(series_id_in(series_id), context.viewer)
    words = {name: str(fields.get(name) or "") for name in ("scope", "occurrence", "reason")}
    scope = Scope(words["scope"]) if words["scope"] in SCOPES else Scope.ALL
    revision, page = revision_in(str(fields.get("revision") or "")), f"/series/{series.id}/cancel"

    def act(once: RequestKey | None) -> Awaitable[Series]:
        actor, reason = actor_of(request, person), words["reason"][:300]
        return cancel_series(series.id, scope, words["occurrence"], person, actor, now, reason, revision, once)

    return await _once(request, context, fields, page, list(words.items()), act, "cancelled")


async def _once(
    request: Request, context: PageContext, fields: FormData, page: str, words: list[tuple[str, str]],
    act: Callable[[RequestKey | None], Awaitable[Series]], did: str,
) -> Response:  # fmt: skip
    """Act once for a form, and lead to the series; back to its page where it is refused."""
    key = form_key(context.person, str(fields.get("key") or ""), context.now, page, sorted(words))

    async def done(series: Series) -> RequestAnswer:
        return RequestAnswer(303, f"/series/{series.id}?did={did}")

    try:
        answer = await act_once(key, act, done)
        return RedirectResponse(answer.body, 303)
    except Refusal as refusal:
        sentence = context.words.refusal(refusal)
        return await back_to(page, request, context.now, status_of(refusal), fields=words, fault=sentence)
