"""Putting duties on the roster."""

from collections.abc import Sequence
from datetime import date, datetime

from registry.core import history
from registry.core.history import Actor
from registry.duties.models import Duty
from registry.duties.rules import DutyRule, occurrences
from registry.people.models import Person
from registry.rooms.lock import changing
from registry.rooms.models import Room
from registry.rooms.queries import public_holidays, room_by_code, zone_of


async def lay(rules: Sequence[DutyRule], first: date, last: date, actor: Actor, now: datetime) -> int:
    """Lay the duties of these rules on the days from first to last. What is there already stays; returns how many
    are new. Raises NotFound("room.unknown").
    """
    people = dict(await Person.all().values_list("login", "id"))
    days_off = public_holidays(first.year, last.year)
    count = 0
    for rule in rules:
        room = await room_by_code(rule.room)
        count += await _lay(rule, room, first, last, people, days_off, actor, now)
    return count


async def _lay(
    rule: DutyRule,
    room: Room,
    first: date,
    last: date,
    people: dict[str, int],
    days_off: frozenset[date],
    actor: Actor,
    now: datetime,
) -> int:
    times = list(occurrences(rule, first, last, await zone_of(room), days_off))
    async with changing(room.id) as change:
        laid_already = set(await Duty.filter(roster=rule.code, room_id=room.id).values_list("starts_at", flat=True))
        fresh = [time for time in times if time.starts_at not in laid_already]
        await Duty.bulk_create(
            Duty(
                room_id=room.id,
                person_id=people.get(time.login),
                roster=rule.code,
                name=rule.name,
                languages=rule.languages,
                starts_at=time.starts_at,
                ends_at=time.ends_at,
            )
            for time in fresh
        )
        if fresh:
            after = {"room": room.code, "duties": len(fresh), "first": first.isoformat(), "last": last.isoformat()}
            await history.write(f"roster:{rule.code}", "laid", actor, now, after=after)
        else:
            change.keep_quiet(change.room)
    return len(fresh)
