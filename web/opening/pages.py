"""Opening hours of the office: the weeks that rooms share, and a site's year with the days that differ."""

from calendar import monthcalendar
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Conflict, Invalid, NotFound, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.opening.actions import ProfileChanges, change_profile, clear_day, make_profile, set_day
from registry.opening.queries import (
    YEARS,
    Profile,
    ShutOut,
    history_of,
    profile_by_code,
    profiles,
    shut_out_by_day,
    shut_out_by_profile,
    site_day,
    site_year,
)
from registry.opening.rules import MOST_PERIODS, DayKind, SiteDay, differing
from registry.people.models import Person
from registry.rooms.models import OpeningProfile, Site
from registry.rooms.queries import site_by_code, sites_in_order
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in
from web.kit.render import render
from web.opening.form import (
    LONGEST_HOURS,
    ProfileCheck,
    ProfileForm,
    TypedPeriod,
    check_form,
    form_from_words,
    form_of,
    form_of_profile,
)
from web.opening.words import OpeningWords, week_history

router = pages("/admin")
Reader = Annotated[Person, Depends(page_with("office.see"))]
Keeper = Annotated[Person, Depends(page_with("rooms.manage"))]
Text = Annotated[str, Form(max_length=300)]
SHOWN = 20


@router.get("/hours")
async def listing(request: Request, person: Reader, now: Now, did: str = "") -> Response:
    """The weeks that rooms share."""
    context = page_context(request, person, now)
    words = OpeningWords.of(context.words)
    return render(
        request, "opening/profiles.html", context=context, words=words, rows=await profiles(), toast=words.toast(did),
        may_change=context.may("rooms.manage"),
    )  # fmt: skip


@router.get("/hours/new")
async def new(request: Request, person: Keeper, now: Now, typed: TypedWords) -> Response:
    """The form of a new week."""
    context = page_context(request, person, now)
    week = TypedPeriod(days=["8:00–16:00"] * 5 + ["", ""])
    return await _form(request, context, ProfileForm(periods=[week], key=uuid4().hex), typed)


@router.post("/hours/new")
async def make(request: Request, person: Keeper, now: Now) -> Response:
    """Add a week, once."""
    context, fields = page_context(request, person, now), await request.form()
    form = form_of(fields)
    if fields.get("more"):
        return await _grown("/admin/hours/new", request, context, form)
    check = check_form(form)
    if check.new:
        wish, actor = check.new, actor_of(request, person)
        try:
            key = form_key(person, form.key, now, "opening", form.as_words() | {"key": ""})
            answer = await act_once(key, lambda once: make_profile(wish, actor, now, once), _location)
            return RedirectResponse(answer.headers["location"], 303)
        except Refusal as refusal:
            check.refuse(refusal, "code" if refusal.code == "opening.exists" else "")
    return await _refused("/admin/hours/new", request, context, check)


async def _location(row: OpeningProfile) -> RequestAnswer:
    return RequestAnswer(303, "", {"location": "/admin/hours?did=made"})


@router.get("/hours/{code}")
async def edit(request: Request, person: Reader, now: Now, code: str, typed: TypedWords) -> Response:
    """One week: its form, the rooms that have it, and what happened to it."""
    context, profile = page_context(request, person, now), await profile_by_code(code)
    return await _form(request, context, form_of_profile(profile), typed, profile)


@router.post("/hours/{code}")
async def change(request: Request, person: Keeper, now: Now, code: str) -> Response:
    """Other hours; the bookings that they shut out are shown first."""
    context, fields = page_context(request, person, now), await request.form()
    profile, page = await profile_by_code(code), f"/admin/hours/{code}"
    form = form_of(fields)
    form.code = profile.code
    if fields.get("more"):
        return await _grown(page, request, context, form)
    check = check_form(form)
    if check.new:
        out = await shut_out_by_profile(profile, check.new, context.viewer, now)
        if out.total and str(fields.get("shown") or "") != str(out.total):
            return await back_to(page, request, now, 200, form=form.as_words(), is_asking=True)
        try:
            revision = revision_in(form.revision)
            if revision is None:
                raise Conflict("request.stale")
            changes = ProfileChanges(check.new.name, check.new.closed_on_holidays, check.new.spans)
            await change_profile(profile.code, changes, actor_of(request, person), now, revision)
            return RedirectResponse("/admin/hours?did=changed", 303)
        except Refusal as refusal:
            if refusal.code == "request.stale":
                form.revision = ""  # sent again it means the week as the page shows it now
            check.refuse(refusal, "")
    return await _refused(page, request, context, check)


async def _grown(page: str, request: Request, context: PageContext, form: ProfileForm) -> Response:
    if len(form.periods) >= MOST_PERIODS:
        check = ProfileCheck(form)
        check.refuse(Invalid("opening.too_many_periods", limit=MOST_PERIODS - 1), "")
        return await _refused(page, request, context, check)
    form.periods.append(TypedPeriod())
    return await back_to(f"{page}#period-{len(form.periods) - 1}", request, context.now, 200, form=form.as_words())


async def _refused(page: str, request: Request, context: PageContext, check: ProfileCheck) -> Response:
    refusals = [refusal for lines in check.faults.values() for refusal in lines]
    sentences = {name: " ".join(map(context.words.refusal, lines)) for name, lines in check.faults.items()}
    status = max(map(status_of, refusals), default=200)
    return await back_to(page, request, context.now, status, form=check.form.as_words(), sentences=sentences)


async def _form(
    request: Request, context: PageContext, form: ProfileForm, typed: Typed, profile: Profile | None = None
) -> Response:
    words, out = OpeningWords.of(context.words), ShutOut([], 0)
    if "form" in typed.words:
        revision = form.revision
        form = form_from_words(typed.words["form"])
        form.revision = form.revision or revision
    check = check_form(form)
    if profile and check.new and typed.words.get("is_asking"):
        out = await shut_out_by_profile(profile, check.new, context.viewer, context.now)
    return render(
        request, "opening/profile.html", status=typed.status, context=context, words=words, profile=profile, form=form,
        sentences=typed.words.get("sentences", {}), out=out, misfits=_lines(out, words, context),
        may_change=context.may("rooms.manage"), weekdays=[words.weekday_name(number) for number in range(7)],
        longest_hours=LONGEST_HOURS,
        lines=week_history(await history_of(profile.id), words, context) if profile else [],
    )  # fmt: skip


def _lines(out: ShutOut, words: OpeningWords, context: PageContext) -> list[tuple[str, str]]:
    """What is shut out: when and where, and what it is."""
    return [
        (
            f"{words.day_span(booking.starts_at, booking.ends_at, context.now)} · {words.room(room)} ({room.code})",
            words.title(booking),
        )
        for booking, room in out.bookings[:SHOWN]
    ]


@router.get("/days")
async def first_site(request: Request, person: Reader, now: Now) -> Response:
    """The year of the office's first site."""
    rows = await sites_in_order()
    if not rows:
        raise NotFound("request.not_found")
    return RedirectResponse(f"/admin/days/{rows[0].code}", 303)


@dataclass(frozen=True, slots=True)
class _Month:
    """A month of the year's page: its weeks, with nothing where a day is another month's."""

    name: str
    weeks: list[list[SiteDay | None]]


@router.get("/days/{site}")
async def year_page(
    request: Request, person: Reader, now: Now, site: str, typed: TypedWords, year: str = "", day: str = "",
    did: str = "",
) -> Response:  # fmt: skip
    """A site's year in twelve small months, the days that differ, and the form that changes one."""
    context, row = page_context(request, person, now), await site_by_code(site)
    first_day = _date(day)
    number = int(year) if year.isdecimal() and len(year) < 5 and int(year) in YEARS else 0
    number = number or (first_day.year if first_day else context.today.year)
    return await _year(request, context, row, number, first_day, typed, did)


async def _year(
    request: Request, context: PageContext, site: Site, year: int, day: date | None, typed: Typed, did: str
) -> Response:
    words, days = OpeningWords.of(context.words), await site_year(site.id, year, context.language)
    by_date = {one.day: one for one in days}
    months = [
        _Month(
            context.fmt.month(date(year, month, 1)),
            [[by_date[date(year, month, at)] if at else None for at in week] for week in monthcalendar(year, month)],
        )
        for month in range(1, 13)
    ]
    form = {"date": day.isoformat() if day else "", "what": "closed", "name": ""}
    if day:
        state = await site_day(site.id, day, context.language)
        form |= {"what": state.kind.value, "name": state.name} if state.is_set else {}
    form |= typed.words.get("form", {})
    out, of_day = ShutOut([], 0), _date(form["date"])
    if typed.words.get("is_asking") and of_day:
        out = await shut_out_by_day(site, of_day, _is_open(form["what"]), context.viewer, context.now)
    return render(
        request, "opening/year.html", status=typed.status, context=context, words=words, place=site,
        sites=await sites_in_order(), year=year, years=YEARS, months=months, differing=differing(days), form=form,
        day=day, sentences=typed.words.get("sentences", {}), out=out, misfits=_lines(out, words, context),
        toast=words.toast(did), may_change=context.may("rooms.manage"), today=context.today,
        weekdays=[words.weekday_short(number) for number in range(7)], kinds=list(DayKind),
    )  # fmt: skip


@router.post("/days/{site}")
async def change_day(
    request: Request, person: Keeper, now: Now, site: str, day: Annotated[str, Form(alias="date", max_length=40)] = "",
    what: Text = "", name: Text = "", shown_count: Annotated[str, Form(alias="shown", max_length=20)] = "",
) -> Response:  # fmt: skip
    """Close a day, open it, or let it be as its week has it; the bookings that it shuts out are shown first."""
    context, row = page_context(request, person, now), await site_by_code(site)
    form, of_day, is_open = {"date": day, "what": what, "name": name}, _date(day), _is_open(what)
    page = f"/admin/days/{row.code}" + (f"?year={of_day.year}" if of_day else "")
    actor = actor_of(request, person)
    try:
        if of_day is None:
            raise Invalid("booking.bad_date", given=day[:40] or "–")
        if is_open is not None and not name.strip():
            raise Invalid("site.no_name_of_day")
        out = await shut_out_by_day(row, of_day, is_open, context.viewer, now)
        if out.total and shown_count != str(out.total):
            return await back_to(f"{page}#day", request, now, 200, form=form, is_asking=True)
        if is_open is None:
            await clear_day(row.code, of_day, actor, now)
        else:
            await set_day(row.code, of_day, is_open, name, actor, now)
    except Refusal as refusal:
        field = {"booking.bad_date": "date", "site.no_name_of_day": "name"}.get(refusal.code, "")
        sentences = {field: context.words.refusal(refusal)}
        return await back_to(f"{page}#day", request, now, status_of(refusal), form=form, sentences=sentences)
    return RedirectResponse(f"{page}&did=day#days", 303)


def _date(text: str) -> date | None:
    """None for what is no day of the years that are shown."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _is_open(what: str) -> bool | None:
    """None: as the week has it."""
    return {"closed": False, "open": True}.get(what)
