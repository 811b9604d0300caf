"""Series of bookings: what one would come to, made, looked at, changed and cancelled date by date."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import BeforeValidator

from registry.bookings.models import Series
from registry.bookings.projections import viewer_of
from registry.bookings.series_actions import book_series, cancel_series, change_series
from registry.bookings.series_dates import SeriesPreview
from registry.bookings.series_plans import SeriesPlan, affected_by, preview_change
from registry.bookings.series_queries import (
    bookings_of_many,
    bookings_of_series,
    my_series,
    preview_series,
    seen_of,
    series_by_id,
)
from registry.bookings.series_rules import Scope, SeriesChanges
from registry.core.errors import NotFound
from registry.people.models import Person
from registry.rooms.queries import zone_of
from web.auth.access import Caller
from web.bookings.api import MayBook
from web.kit import routing
from web.kit.answers import Paged, etag
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults
from web.rooms.room_cache import cached_room
from web.series.shapes import (
    ChangePreviewAnswer,
    NewSeriesBody,
    SeriesAnswer,
    SeriesChangesBody,
    SeriesListAnswer,
    SeriesPreviewAnswer,
    change_answer,
    preview_fields,
    series_answer,
)

router = routing.router("bookings")


def series_id_in(text: str) -> UUID:
    """Raises NotFound("series.unknown") for what is no id."""
    try:
        return UUID(text)
    except ValueError as fault:
        raise NotFound("series.unknown") from fault


SeriesId = Annotated[UUID, Path(description="The series."), BeforeValidator(series_id_in)]
OfScope = Annotated[Scope, Query(alias="scope", description="one date, that and those behind it, or all to come")]
OfOccurrence = Annotated[
    str,
    Query(
        alias="occurrence", max_length=20,
        description="which date, for this and following: 2027-01-18 or 2027-01-18T09:00 on the clock of the wall",
    ),
    LINE,
]  # fmt: skip


@router.post("/series/preview", responses=faults(404, 409), summary="What a series of bookings would come to")
async def preview(body: NewSeriesBody, person: MayBook, now: Now, once: OnceOnly) -> SeriesPreviewAnswer:
    """Every date with its state and the code of what speaks against it. Nothing is booked, and nothing promised."""
    request = body.series(await zone_of(await cached_room(body.room)))

    async def answering(outlook: SeriesPreview) -> SeriesPreviewAnswer:
        return SeriesPreviewAnswer(**preview_fields(outlook))

    return await once(lambda _: preview_series(request, person, now), answering)


@router.post("/series", status_code=201, responses=faults(404, 409), summary="Book a series")
async def make(
    body: NewSeriesBody, person: MayBook, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> SeriesAnswer:
    """Whole or, with ``skip``, what of it can be had. A refusal because of dates (``series.in_the_way``) names every
    date in ``dates`` with what is in its way and what could be had instead.
    """
    request = body.series(await zone_of(await cached_room(body.room)))

    async def answering(series: Series) -> SeriesAnswer:
        response.headers["location"] = f"{routing.PREFIX}/series/{series.id}"
        return await _detail(series.id, person, response)

    return await once(lambda key: book_series(request, person, actor, now, key), answering)


@router.get("/series", responses=faults(), summary="The caller's series that have dates to come, the next one first")
async def mine(person: Caller, paging: Paged, now: Now) -> SeriesListAnswer:
    rows, total = await my_series(person, now, paging.limit, paging.start)
    bookings = await bookings_of_many([row.series.id for row in rows])
    items = [series_answer(row.series, bookings.get(row.series.id, ()), await zone_of(row.series.room)) for row in rows]
    return SeriesListAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.get("/series/{series_id}", responses=faults(404), summary="A series with its dates")
async def one(series_id: SeriesId, person: Caller, response: Response) -> SeriesAnswer:
    """For who may see all of it."""
    return await _detail(series_id, person, response)


@router.post(
    "/series/{series_id}/preview", responses=faults(404, 409), summary="What a change of a series would come to"
)
async def preview_of_change(
    series_id: SeriesId, body: SeriesChangesBody, person: MayBook, now: Now, once: OnceOnly,
    scope: OfScope = Scope.ALL, occurrence: OfOccurrence = "",
) -> ChangePreviewAnswer:  # fmt: skip
    """Every date before and after, of which nothing is changed yet."""
    changes = await _changes(series_id, body, person, scope, occurrence, now)

    async def answering(plan: SeriesPlan) -> ChangePreviewAnswer:
        return change_answer(plan)

    return await once(lambda _: preview_change(series_id, scope, occurrence, changes, person, now), answering)


@router.patch(
    "/series/{series_id}", responses=faults(404, 409, 412), summary="Change one date, those behind it, or all to come"
)
async def change(
    series_id: SeriesId, body: SeriesChangesBody, person: MayBook, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response, scope: OfScope = Scope.ALL, occurrence: OfOccurrence = "",
) -> SeriesAnswer:  # fmt: skip
    """What is past stays. Where dates before the change stay, what changes becomes a series of its own, which is the
    answer.
    """
    changes = await _changes(series_id, body, person, scope, occurrence, now)
    series = await change_series(series_id, scope, occurrence, changes, person, actor, now, revision)
    return await _detail(series.id, person, response)


@router.delete(
    "/series/{series_id}", responses=faults(404, 409, 412), summary="Cancel one date, those behind it, or all to come"
)
async def cancel(
    series_id: SeriesId, person: MayBook, actor: CallerActor, now: Now, revision: IfMatch, response: Response,
    scope: OfScope = Scope.ALL, occurrence: OfOccurrence = "",
    reason: Annotated[str, Query(max_length=300, description="in a Help Point room one of a list"), LINE] = "",
) -> SeriesAnswer:  # fmt: skip
    """What is past, or has begun, stays."""
    series = await cancel_series(series_id, scope, occurrence, person, actor, now, reason, revision)
    return await _detail(series.id, person, response)


async def _changes(
    series_id: UUID, body: SeriesChangesBody, person: Person, scope: Scope, occurrence: str, now: datetime
) -> SeriesChanges:
    series = await series_by_id(series_id, viewer_of(person))
    (first, *_) = affected_by(await bookings_of_series(series_id), scope, occurrence, now)
    zone, began = await zone_of(series.room), datetime.fromisoformat(first.occurrence)
    if scope is Scope.THIS:  # as it is, which may be another time than its series'
        began = first.starts_at.astimezone(zone).replace(tzinfo=None)
    return body.series(zone, began)


async def _detail(series_id: UUID, person: Person, response: Response) -> SeriesAnswer:
    series = await series_by_id(series_id, viewer_of(person))
    response.headers["etag"] = etag(series.revision)
    bookings = seen_of(await bookings_of_series(series_id), viewer_of(person))
    return series_answer(series, bookings, await zone_of(series.room))
