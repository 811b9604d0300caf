"""What changes opening hours: the weeks that rooms share, and the days of a site that differ. The rooms that this is
about are locked and looked at anew; no booking is touched.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.core import history
from registry.core.errors import Conflict
from registry.core.events import PlacesChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column
from registry.opening.queries import span_of
from registry.opening.rules import NewProfile, checked, merged, name_of_day
from registry.rooms.hours import Span
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import CalendarDay, OpeningProfile, OpeningSpan, Room
from registry.rooms.queries import opening_by_code, site_by_code


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What should be different of a week; None stays as it is."""

    name: str | None = None
    closed_on_holidays: bool | None = None
    spans: tuple[Span, ...] | None = None

    def applied_to(self, former: NewProfile) -> NewProfile:
        """The week as it would be."""
        fields = {"name": self.name, "closed_on_holidays": self.closed_on_holidays, "spans": self.spans}
        changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        return replace(former, **changes)


async def make_profile(
    new: NewProfile, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> OpeningProfile:
    """A named week that rooms may share. Raises Invalid for what :func:`profile_faults` tells,
    Conflict("opening.exists").
    """
    new = checked(new)
    try:
        async with changing():
            profile = await OpeningProfile.create(
                code=new.code, name=new.name, closed_on_holidays=new.closed_on_holidays
            )
            await _store_spans(profile.id, new.spans)
            await history.write_new([(f"opening:{profile.id}", entry_of(new))], "added", actor, now)
            await record(request_key, profile)
    except IntegrityError as fault:
        if await OpeningProfile.exists(code=new.code):
            raise Conflict("opening.exists", code=new.code) from fault
        raise
    return profile


async def change_profile(
    code: str, changes: ProfileChanges, actor: Actor, now: datetime, if_revision: int | None = None
) -> OpeningProfile:
    """Other hours for all rooms that have this week. Raises as :func:`make_profile`, NotFound("opening.unknown"),
    Conflict("request.stale").
    """
    profile = await opening_by_code(code)
    ids = await column(Room.filter(opening_id=profile.id), "id")
    async with changing(*ids) as change:
        row = await OpeningProfile.select_for_update().get(id=profile.id)
        if if_revision not in (None, row.revision):
            raise Conflict("request.stale", revision=row.revision)
        spans = tuple(map(span_of, await OpeningSpan.filter(profile_id=row.id)))
        former = NewProfile(row.code, merged(spans), row.name, row.closed_on_holidays)
        new = checked(changes.applied_to(former))
        if new == former:
            _keep_quiet(change)
            return row
        row.name, row.closed_on_holidays, row.revision = new.name, new.closed_on_holidays, row.revision + 1
        await row.save()
        if new.spans != former.spans:
            await OpeningSpan.filter(profile_id=row.id).delete()
            await _store_spans(row.id, new.spans)
        before, after = entry_of(former), entry_of(new)
        await history.write(f"opening:{row.id}", "changed", actor, now, before=before, after=after)
        await _look_anew(change, now)
    return row


async def set_day(site_code: str, day: date, is_open: bool, name: str, actor: Actor, now: datetime) -> None:
    """A day on which a site is closed, or open like a Friday though its week says otherwise.

    Raises NotFound("site.unknown"), Invalid("site.no_name_of_day").
    """
    await _write_day(site_code, day, (is_open, name_of_day(name)), actor, now)


async def clear_day(site_code: str, day: date, actor: Actor, now: datetime) -> None:
    """The day is again as the week and the holidays have it. Raises NotFound("site.unknown")."""
    await _write_day(site_code, day, None, actor, now)


async def _write_day(site_code: str, day: date, value: tuple[bool, str] | None, actor: Actor, now: datetime) -> None:
    site = await site_by_code(site_code)
    ids = await column(Room.filter(building__site_id=site.id), "id")
    async with changing(*ids) as change:
        row = await CalendarDay.get_or_none(site_id=site.id, day=day)
        before = (row.is_open, row.name) if row else None
        if before == value:
            _keep_quiet(change)
            return
        if row:
            await CalendarDay.filter(id=row.id).delete()
        if value:
            await CalendarDay.create(site_id=site.id, day=day, is_open=value[0], name=value[1])
        entries = [
            {"day": day.isoformat(), "is_open": one[0], "name": one[1]} if one else None for one in (before, value)
        ]
        action = "day_set" if value else "day_cleared"
        await history.write(f"site:{site.id}", action, actor, now, before=entries[0], after=entries[1])
        await _look_anew(change, now)


async def _look_anew(change: RoomChange, now: datetime) -> None:
    """The locked rooms are looked at as soon as it is done: their state may be another by their hours."""
    change.happened(PlacesChanged())  # before it is told of each room: hours are read anew
    await Room.filter(id__in=list(change.rooms)).update(next_change_at=now)


def _keep_quiet(change: RoomChange) -> None:
    """All is as it was: of no locked room anybody is told."""
    for room in change.rooms.values():
        change.keep_quiet(room)


async def _store_spans(profile_id: int, spans: Collection[Span]) -> None:
    rows = [
        OpeningSpan(
            profile_id=profile_id, weekday=span.weekday, opens=span.opens, closes=span.closes,
            valid_from=span.valid_from, valid_to=span.valid_to,
        )
        for span in spans
    ]  # fmt: skip
    if rows:
        await OpeningSpan.bulk_create(rows)


def entry_of(new: NewProfile) -> dict[str, Any]:
    """What the history says of a week."""
    hours = [
        {
            "weekday": span.weekday, "opens": span.opens, "closes": span.closes,
            "valid_from": span.valid_from and span.valid_from.isoformat(),
            "valid_to": span.valid_to and span.valid_to.isoformat(),
        }
        for span in new.spans
    ]  # fmt: skip
    return {"code": new.code, "name": new.name, "closed_on_holidays": new.closed_on_holidays, "hours": hours}
