"""The history of one thing, or of all for who may see everything; and grants."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response
from tortoise.functions import Count, Sum

from registry.assets.models import FundingShare
from registry.bookings.projections import FullBooking, viewer_of
from registry.bookings.queries import visible_booking
from registry.core.errors import Forbidden, NotFound
from registry.core.history import HistoryEntry
from registry.grants.models import Grant
from registry.people import rules
from registry.people.models import Person, Role
from web.auth.access import caller_with
from web.kit import routing, shapes
from web.kit.answers import answer, cursor_at, listing, page, position
from web.kit.body import plain
from web.kit.routing import faults

router = routing.router("history")
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=100)]
# an auditor reads all of the history; who runs rooms sees all bookings anyway
SEES_ALL = (Role.AUDITOR, Role.COORDINATOR, Role.ADMIN)
FIELDS = ("id", "object", "seq", "at", "actor", "source", "action", "before", "after", "reason", "hash")


@router.get("/history", response_model=shapes.Entries, responses=faults(404), summary="Who changed what, newest first")
async def entries(
    person: Annotated[Person, Depends(caller_with("history.see"))],
    about: Annotated[
        str, Query(alias="object", max_length=60, description="asset:12, booking:<id>, room:4; all without it")
    ] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """A booking's history for who sees all of the booking; an auditor reads every history."""
    thing = plain("object", about, 60)
    await _must_be_allowed(thing, person)
    found = HistoryEntry.filter(object=thing) if thing else HistoryEntry.all()
    start = position(cursor)
    total = await found.count()
    rows = await found.order_by("-id").offset(start).limit(limit).values(*FIELDS)
    end = start + len(rows)
    return listing([_entry(row) for row in rows], total, cursor_at(end) if rows and end < total else None)


async def _must_be_allowed(thing: str, person: Person) -> None:
    kind, _, name = thing.partition(":")
    if person.role in SEES_ALL:
        return
    if kind in ("", "person", "token") and not rules.may(person.role, "people.see"):
        raise Forbidden("auth.role")
    if kind == "booking":
        try:
            seen, _ = await visible_booking(UUID(name), viewer_of(person))
        except ValueError as fault:
            raise NotFound("booking.unknown") from fault
        if not isinstance(seen, FullBooking):
            raise NotFound("booking.unknown")


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": row["at"].isoformat()}


@router.get("/grants", response_model=shapes.Grants, responses=faults(), summary="All grants")
async def grants(
    person: Annotated[Person, Depends(caller_with("grants.see"))], limit: Limit = 50, cursor: Cursor = None
) -> Response:
    return page([_grant(grant) for grant in await Grant.all().order_by("id")], limit, cursor)


@router.get("/grants/{grant_id}", response_model=shapes.GrantDetail, responses=faults(404), summary="One grant")
async def grant(grant_id: int, person: Annotated[Person, Depends(caller_with("grants.see"))]) -> Response:
    """With how many pieces it paid for, in part or wholly, and how much of their price."""
    found = await Grant.get_or_none(id=grant_id) if 0 < grant_id < 2**31 else None
    if found is None:
        raise NotFound("grant.unknown")
    sums = (
        await FundingShare.filter(grant_id=grant_id).annotate(n=Count("id"), spent=Sum("amount")).values("n", "spent")
    )
    told = _grant(found)
    told["assets"] = sums[0]["n"] if sums else 0
    told["spent"] = f"{(sums[0]['spent'] if sums else None) or 0:.2f}"
    return answer(told)


def _grant(grant: Grant) -> dict[str, Any]:
    told = {name: getattr(grant, name) for name in ("id", "code", "name", "beneficiary", "fund", "started_on")}
    return told | {name: f"{getattr(grant, name):.2f}" for name in ("total", "granted", "percent")}
