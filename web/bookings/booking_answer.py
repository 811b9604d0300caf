"""The live answer under a booking's sentence: free, what the room has, what is broken, or what could be had instead."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from registry.assets.queries import Equipment, equipment_of
from registry.bookings.rules import FEATURES
from registry.rooms.models import Room
from registry.rooms.queries import rooms_of_codes
from web.bookings.form import FormCheck, times
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.rooms.words import RoomWords

OFFER_WORDS = {
    "later": N_("the same room, later"),
    "earlier": N_("the same room, earlier"),
    "shorter": N_("the same room, shorter"),
    "other_room": N_("another room, the same time"),
}


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


async def answer_of(check: FormCheck, context: PageContext) -> Answer:
    words = RoomWords.of(context.words)
    faults = [words.refusal(refusal) for refusals in check.faults.values() for refusal in refusals]
    room, request, preview = check.room, check.request, check.preview
    if room is None or request is None or preview is None:
        return Answer(None, room, faults=faults)
    equipment = (await equipment_of([room]))[room.id]
    warnings = [words.say(N_("This is outside the opening hours."))] if preview.outside_hours else []
    lacks = [need for need in request.needs if need in FEATURES and need not in equipment.works]
    if lacks:
        features = ", ".join(words.feature(need) for need in lacks)
        warnings.append(words.say(N_("Not available here now: %(features)s.")) % {"features": features})
    return Answer(
        is_free=not preview.overlap if not faults else (False if preview.overlap else None),
        room=room,
        span=context.fmt.span(request.starts_at, request.ends_at),
        has=_has(room, equipment, words),
        warnings=[*warnings, *broken_words(equipment, words)],
        faults=[] if preview.overlap else faults,
        alternatives=await offers(check, context),
    )


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
