"""Opening hours: the weeks that rooms share, and the days of a site that differ."""

import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Response

from registry.bookings.projections import viewer_of
from registry.core.errors import Conflict
from registry.opening import actions
from registry.opening.actions import ProfileChanges
from registry.opening.queries import (
    YEARS,
    profile_by_code,
    profiles,
    shut_out_by_day,
    shut_out_by_profile,
    site_day,
    site_year,
)
from registry.opening.rules import NewProfile, checked, differing, name_of_day
from registry.people.models import Person
from registry.rooms.queries import site_by_code
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, PagedLong, etag
from web.kit.body import LINE, Day
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults
from web.opening.shapes import (
    ChangedDayAnswer,
    ChangedProfileAnswer,
    NewProfileBody,
    ProfileAnswer,
    ProfileChangesBody,
    ProfilesAnswer,
    SiteDayAnswer,
    SiteDayBody,
    SiteDaysAnswer,
    day_answer,
    misfits_json,
    profile_answer,
)

router = routing.router("rooms")
Keeper = Annotated[Person, Depends(caller_with("rooms.manage"))]
Code = Annotated[str, Path(max_length=40, description="of opening hours"), LINE]
SiteCode = Annotated[str, Path(max_length=40, description="of a site"), LINE]
Date = Annotated[Day, Path(alias="date", description="a day of the site")]
Preview = Annotated[bool, Query(description="true: nothing is changed, only told what the change would shut out")]
LANGUAGE = "pl"


@router.get("/opening-profiles", responses=faults(), summary="Opening hours that rooms share, by code")
async def listing(person: Caller, paging: PagedLong) -> ListAnswer[ProfileAnswer]:
    rows = await profiles()
    items = [profile_answer(row) for row in paging.part(rows)]
    return ProfilesAnswer(items=items, next=paging.cursor(len(items), len(rows)), total=len(rows))


@router.post("/opening-profiles", status_code=201, responses=faults(409), summary="Add opening hours")
async def make(
    body: NewProfileBody, person: Keeper, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> ProfileAnswer:
    """Times that close before they open are refused (``opening.closes_first``)."""
    return await once(
        lambda key: actions.make_profile(body.new(), actor, now, key), lambda row: _detail(row.code, response)
    )


@router.get("/opening-profiles/{code}", responses=faults(404), summary="One week of opening hours")
async def one(code: Code, person: Caller, response: Response) -> ProfileAnswer:
    return await _detail(code, response)


@router.patch(
    "/opening-profiles/{code}", responses=faults(404, 409, 412), summary="Other hours for all rooms that have them"
)
async def change(
    code: Code, body: ProfileChangesBody, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response, preview: Preview = False,
) -> ChangedProfileAnswer:  # fmt: skip
    """``misfits`` names the bookings that the change shuts out; nobody touches them."""
    fields = body.changes()
    if "spans" in fields:
        fields["spans"] = tuple(span.span() for span in body.spans)
    changes, profile = ProfileChanges(**fields), await profile_by_code(code)
    former = NewProfile(profile.code, profile.spans, profile.name, profile.closed_on_holidays)
    if revision not in (None, profile.revision):
        raise Conflict("request.stale", revision=profile.revision)
    out = await shut_out_by_profile(profile, checked(changes.applied_to(former)), viewer_of(person), now)
    if not preview:
        await actions.change_profile(code, changes, actor, now, revision)
    answer = await _detail(code, response)
    return ChangedProfileAnswer(**answer.model_dump(), **await misfits_json(out))


async def _detail(code: str, response: Response) -> ProfileAnswer:
    answer = profile_answer(await profile_by_code(code))
    response.headers["etag"] = etag(answer.revision)
    return answer


@router.get("/sites/{code}/days", responses=faults(404), summary="The days of a year on which a site differs")
async def year_of_site(
    code: SiteCode, person: Caller, now: Now, paging: PagedLong,
    year: Annotated[int | None, Query(ge=YEARS.start, lt=YEARS.stop, description="its year now without it")] = None,
) -> ListAnswer[SiteDayAnswer]:  # fmt: skip
    """Holidays by law, days closed by order, and days open like a Friday."""
    site = await site_by_code(code)
    year = year or now.astimezone(ZoneInfo(site.timezone)).year
    days = differing(await site_year(site.id, year, LANGUAGE))
    items = [day_answer(day) for day in paging.part(days)]
    return SiteDaysAnswer(items=items, next=paging.cursor(len(items), len(days)), total=len(days))


@router.get("/sites/{code}/days/{date}", responses=faults(404), summary="One day of a site")
async def one_day(code: SiteCode, day: Date, person: Caller) -> SiteDayAnswer:
    return day_answer(await site_day((await site_by_code(code)).id, day, LANGUAGE))


@router.put("/sites/{code}/days/{date}", responses=faults(404), summary="Close a day of a site, or open it")
async def set_day(
    code: SiteCode, day: Date, body: SiteDayBody, person: Keeper, actor: CallerActor, now: Now,
    preview: Preview = False,
) -> ChangedDayAnswer:  # fmt: skip
    """``misfits`` names the bookings that the change shuts out; nobody touches them."""
    name = name_of_day(body.name)
    out = await shut_out_by_day(await site_by_code(code), day, body.is_open, viewer_of(person), now)
    if not preview:
        await actions.set_day(code, day, body.is_open, name, actor, now)
    return await _changed_day(code, day, await misfits_json(out))


@router.delete("/sites/{code}/days/{date}", responses=faults(404), summary="Let a day be as its week has it")
async def clear_day(
    code: SiteCode, day: Date, person: Keeper, actor: CallerActor, now: Now, preview: Preview = False
) -> ChangedDayAnswer:
    """``misfits`` names the bookings that the change shuts out; nobody touches them."""
    out = await shut_out_by_day(await site_by_code(code), day, None, viewer_of(person), now)
    if not preview:
        await actions.clear_day(code, day, actor, now)
    return await _changed_day(code, day, await misfits_json(out))


async def _changed_day(code: str, day: dt.date, misfits: dict[str, Any]) -> ChangedDayAnswer:
    answer = day_answer(await site_day((await site_by_code(code)).id, day, LANGUAGE))
    return ChangedDayAnswer(**answer.model_dump(), **misfits)
