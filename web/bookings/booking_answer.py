"""The live answer under a booking's sentence: free, what the room has, what is broken, or what could be had instead."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from registry.assets.queries import Equipment, equipment_of
from registry.bookings.rules import FEATURES
from registry.core.errors import Reason
from registry.rooms.models import Room
from registry.rooms.queries import rooms_of_codes
from web.bookings.form import FormCheck, times
from web.bookings.words import BookingWords
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.rooms.words import RoomWords

OFFER_WORDS = {
    "later": N_("the same room, later"),
    "earlier": N_("the same room, earlier"),
    "shorter": N_("the same room, shorter"),
    "other_room": N_("another room, the same time"),
}


OBSTACLES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """``is_free`` is None when the sentence cannot be read yet; then ``faults`` say why. ``obstacles`` are what stands
    in the way of one that is not.
    """

    is_free: bool | None
    room: Room | None = None
    span: str = ""
    outside_hours: bool = False
    is_asked: bool = False
    obstacles: list[str] = field(default_factory=list)
    has: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    alternatives: list[dict[str, str]] = field(default_factory=list)


async def answer_of(check: FormCheck, context: PageContext) -> Answer:
    words = RoomWords.of(context.words)
    faults = [words.refusal(refusal) for refusals in check.faults.values() for refusal in refusals]
    room, request, preview = check.room, check.request, check.preview
    if room is None or request is None or preview is None:
        return Answer(None, room, faults=faults)
    equipment = (await equipment_of([room]))[room.id]
    warnings: list[str] = []
    lacks = [need for need in request.needs if need in FEATURES and need not in equipment.works]
    if lacks:
        features = ", ".join(words.feature(need) for need in lacks)
        warnings.append(words.say(N_("Not available here now: %(features)s.")) % {"features": features})
    return Answer(
        is_free=not preview.overlap if not faults else (False if preview.overlap else None),
        room=room,
        span=context.fmt.span(request.starts_at, request.ends_at),
        outside_hours=preview.outside_hours,
        is_asked=preview.is_asked,
        obstacles=_obstacles(check, words, context),
        has=_has(room, equipment, words),
        warnings=[*warnings, *broken_words(equipment, words)],
        faults=[] if preview.overlap else faults,
        alternatives=await offers(check, context),
    )


def _obstacles(check: FormCheck, words: RoomWords, context: PageContext) -> list[str]:
    """What stands in the way, as far as its reader may see it: „11:15–12:15 Narada”, else in a sentence which set-up or
    clean-up does; and from when the room is free again.
    """
    request, overlap = check.request, check.preview.overlap if check.preview else None
    if request is None or overlap is None:
        return []
    kinds, lines = BookingWords.of(context.words), []
    for conflict in overlap.params["conflicts"]:
        start, end = (datetime.fromisoformat(conflict[key]) for key in ("starts_at", "ends_at"))
        if start < request.ends_at and request.starts_at < end:
            kind = kinds.kind(conflict["kind"]) if conflict.get("kind") else ""
            name = conflict.get("title") or " · ".join(part for part in (kind, conflict.get("institution")) if part)
            lines.append(f"{context.fmt.span(start, end)} {name}".strip())
    if not lines:
        obstacle = overlap.params.get("obstacle")
        return [obstacle.words(context.say)] if isinstance(obstacle, Reason) else []
    lines = lines[:OBSTACLES_SHOWN]
    if free := overlap.params.get("free_from"):
        at = context.fmt.time(datetime.fromisoformat(free))
        lines.append(context.say(N_("free again from %(time)s")) % {"time": at})
    return lines


def _has(room: Room, equipment: Equipment, words: RoomWords) -> list[str]:
    seats = [words.seats(room)] if room.capacity else []
    return seats + [words.feature(feature) for feature in FEATURES if feature in equipment.works]


def broken_words(equipment: Equipment, words: RoomWords, limit: int = 2) -> list[str]:
    """„Projektor – w naprawie”, and how many more."""
    lines = [f"{asset['name']} – {words.condition(asset['condition'])}" for asset in equipment.broken[:limit]]
    more = equipment.faulty_count - limit
    if more > 0:
        lines.append(words.ngettext("and %(n)s more faulty thing", "and %(n)s more faulty things", more))
    return lines


async def offers(check: FormCheck, context: PageContext) -> list[dict[str, str]]:
    """Alternatives as people read them; ``value`` chooses one in the form, ``href`` opens the form with it."""
    alternatives = check.alternatives
    if not alternatives:
        return []
    rooms = await rooms_of_codes({one["room"] for one in alternatives})
    names = {room.code: context.words.room(room) for room in rooms}
    return [_offer(one, names.get(one["room"], one["name"]), check, context) for one in alternatives]


def _offer(alternative: dict[str, Any], name: str, check: FormCheck, context: PageContext) -> dict[str, str]:
    start, end = (datetime.fromisoformat(alternative[key]) for key in ("starts_at", "ends_at"))
    zoned = start.astimezone(context.zone), end.astimezone(context.zone)
    fields = {**check.form.texts, "room": alternative["room"], **times(*zoned)}
    query = {key: value for key, value in fields.items() if value and key not in ("title", "key")}
    return {
        "title": f"{name}, {context.words.day_span(start, end, context.now)}",
        "text": context.say(OFFER_WORDS.get(alternative["reason"], "")),
        "value": f"{alternative['room']}|{zoned[0].isoformat()}|{zoned[1].isoformat()}",
        "href": f"/bookings/new?{urlencode(query)}",
    }
