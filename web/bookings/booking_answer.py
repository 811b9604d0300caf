"""The live answer under a booking's sentence: free, what the room has, what is broken, or what could be had instead."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from registry.bookings.preview import Equipment, equipment_of
from registry.bookings.rules import FEATURES
from registry.rooms.models import Room
from web.bookings.form import Checked, times
from web.calendar.room_rows import Reading
from web.kit.words import N_


@dataclass(frozen=True, slots=True)
class Answer:
    """``is_free`` is None when the sentence cannot be read yet; then ``faults`` say why."""

    is_free: bool | None
    room: Room | None = None
    span: str = ""
    has: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    alternatives: list[dict[str, str]] = field(default_factory=list)


async def answer_of(checked: Checked, read: Reading) -> Answer:
    naming = read.naming
    faults = [naming.refusal(one) for refusals in checked.faults.values() for one in refusals]
    room, wish, looked = checked.room, checked.wish, checked.preview
    if room is None or wish is None or looked is None:
        return Answer(None, room, faults=faults)
    equipment = (await equipment_of([room]))[room.id]
    warnings = [naming.say(N_("This is outside the opening hours."))] if looked.outside_hours else []
    missing = [need for need in wish.needs if need in FEATURES and need not in equipment.works]
    if missing:
        lacks = ", ".join(naming.feature(need) for need in missing)
        warnings.append(naming.say(N_("Not available here now: %(features)s.")) % {"features": lacks})
    return Answer(
        is_free=not looked.overlap if not faults else (False if looked.overlap else None),
        room=room,
        span=read.fmt.span(wish.starts_at, wish.ends_at),
        has=_has(room, equipment, read),
        warnings=[*warnings, *broken_words(equipment, read)],
        faults=[] if looked.overlap else faults,
        alternatives=await offers(checked.alternatives, read, checked),
    )


def _has(room: Room, equipment: Equipment, read: Reading) -> list[str]:
    seats = [read.naming.seats(room)] if room.capacity else []
    return seats + [read.naming.feature(one) for one in FEATURES if one in equipment.works]


def broken_words(equipment: Equipment, read: Reading, limit: int = 2) -> list[str]:
    """„Projektor – w naprawie”, and how many more."""
    told = [f"{one['name']} – {read.naming.condition(one['condition'])}" for one in equipment.broken[:limit]]
    more = len(equipment.broken) - limit
    if more > 0:
        told.append(read.naming.ngettext("and %(n)s more faulty thing", "and %(n)s more faulty things", more))
    return told


async def offers(alternatives: list[dict[str, Any]], read: Reading, checked: Checked) -> list[dict[str, str]]:
    """Alternatives as people read them; ``value`` chooses one in the form, ``href`` opens the form with it."""
    words = {
        "later": read.naming.say(N_("the same room, later")),
        "earlier": read.naming.say(N_("the same room, earlier")),
        "shorter": read.naming.say(N_("the same room, shorter")),
        "other_room": read.naming.say(N_("another room, the same time")),
    }
    rooms = await Room.filter(code__in={one["room"] for one in alternatives})
    names = {room.code: read.naming.room(room) for room in rooms}
    told = []
    for one in alternatives:
        start, end = datetime.fromisoformat(one["starts_at"]), datetime.fromisoformat(one["ends_at"])
        zoned = start.astimezone(read.zone), end.astimezone(read.zone)
        fields = {**checked.typed.texts, "room": one["room"], **times(*zoned)}
        kept = {name: value for name, value in fields.items() if value and name not in ("title", "key")}
        told.append(
            {
                "title": f"{names.get(one['room'], one['name'])}, {read.naming.day_span(start, end, read.now)}",
                "text": words.get(one["reason"], ""),
                "value": f"{one['room']}|{zoned[0].isoformat()}|{zoned[1].isoformat()}",
                "href": f"/bookings/new?{urlencode(kept)}",
            }
        )
    return told
