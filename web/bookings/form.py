"""A booking as typed into a form: read without losing anything, checked with all reasons at once."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, QueryParams

from registry.bookings.models import Booking, Kind
from registry.bookings.preview import Preview, any_free_room, preview
from registry.bookings.rules import BookingRequest, local_time
from registry.core.errors import Forbidden, Invalid, NotFound, Refusal
from registry.people.models import Person
from registry.people.rules import may
from registry.rooms.hours import next_opening, open_span_at
from registry.rooms.models import HELP_POINT, Room, RoomKind
from registry.rooms.queries import hours_of, room_by_code, zone_of

ANY_ROOM = "any"
QUARTER = timedelta(minutes=15)
FIELDS = (
    "room", "date", "date_to", "from", "to", "from_fold", "to_fold", "title", "kind", "attendees", "organizer", "key",
)  # fmt: skip
# which field a reason stands at; the others stand above the form
FIELD_OF = {
    "booking.ends_before_start": "to",
    "booking.too_short": "to",
    "booking.too_long": "to",
    "booking.too_early": "from",
    "booking.too_far": "date",
    "booking.closed": "from",
    "booking.title_too_long": "title",
    "booking.title_control": "title",
    "booking.title_not_here": "title",
    "booking.bad_kind": "kind",
    "booking.bad_needs": "needs",
    "booking.bad_attendees": "attendees",
    "booking.over_capacity": "attendees",
    "room.unknown": "room",
    "room.not_bookable": "room",
    "room.not_yours": "room",
    "person.unknown": "organizer",
    "booking.for_another": "organizer",
}
UNTIMED = ("room", "title", "kind", "needs", "attendees")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.]?([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class Typed:
    """The texts of the form as they were typed."""

    texts: dict[str, str]
    needs: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def having(self, **texts: str) -> "Typed":
        return replace(self, texts={**self.texts, **texts})


def typed(sent: FormData | QueryParams, zone: ZoneInfo) -> Typed:
    """What was sent, an alternative that was chosen already in its place."""
    texts = {name: str(sent.get(name) or "") for name in FIELDS}
    form = Typed(texts, tuple(str(need) for need in sent.getlist("needs")))
    chosen = str(sent.get("alternative") or "").split("|")
    return form.having(**_chosen(chosen[0], chosen[1], chosen[2], zone)) if len(chosen) == 3 else form


def _chosen(room: str, starts_at: str, ends_at: str, zone: ZoneInfo) -> dict[str, str]:
    try:
        start, end = datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)
    except ValueError:
        return {}
    if start.tzinfo is None or end.tzinfo is None:
        return {}
    return {"room": room, **times(start.astimezone(zone), end.astimezone(zone))}


def times(start: datetime, end: datetime) -> dict[str, str]:
    """The fields of two local instants."""
    return {
        "date": start.date().isoformat(),
        "date_to": end.date().isoformat() if end.date() != start.date() else "",
        "from": f"{start:%H:%M}",
        "to": f"{end:%H:%M}",
        "from_fold": _fold(start),
        "to_fold": _fold(end),
    }


def first_choice(rooms: list[Room]) -> Room:
    """The conference room of the house, else its largest meeting room."""

    def rank(room: Room) -> tuple[bool, bool, int]:
        return room.visibility not in HELP_POINT, room.kind == RoomKind.CONFERENCE, -room.building_id

    return max(rooms, key=rank)


async def next_hour(room: Room, since: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The fields of the next hour from a full quarter on, at which the room is open."""
    start = since + (datetime.min.replace(tzinfo=UTC) - since) % QUARTER
    hours = await hours_of(room)
    span = open_span_at(hours, start)
    if span is None or span[1] - start < 2 * QUARTER:
        start = next_opening(hours, start) or start
    return times(start.astimezone(zone), (start + 4 * QUARTER).astimezone(zone))


async def proposed(form: Typed, rooms: list[Room], now: datetime, zone: ZoneInfo, any_day: bool = False) -> Typed:
    """A form that says no hours yet, with the next ones of its room on its day, as far as it is open then; on the next
    day on which it is open, where any day will do.
    """
    if form["from"] or form["to"] or not rooms:
        return form
    day = _day(Checked(form), "date")
    if day is None:
        return form
    room = next((one for one in rooms if one.code == form["room"]), None) or first_choice(rooms)
    # where a room never closes, nobody means midnight
    morning = datetime.combine(day, time(0) if (await hours_of(room)).spans else time(9), zone)
    hour = await next_hour(room, max(now, morning.astimezone(UTC)), zone)
    return form.having(**hour) if any_day or hour["date"] == form["date"] else form


def _fold(local: datetime) -> str:
    """0 or 1 in the hour that happens twice, else nothing."""
    if not isinstance(local.tzinfo, ZoneInfo):
        return ""
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return str(local.fold) if twice else ""


def typed_of(booking: Booking, room: Room, zone: ZoneInfo) -> Typed:
    """The form of a booking that exists."""
    texts = times(booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)) | {
        "room": room.code,
        "title": booking.title,
        "kind": str(booking.kind),
        "attendees": str(booking.attendees or ""),
    }
    return Typed(texts, tuple(booking.needs))


@dataclass(slots=True)
class Checked:
    """A form after its check: the wish if it can be read, and every fault at its field ('' is the whole form)."""

    typed: Typed
    room: Room | None = None
    wish: BookingRequest | None = None
    preview: Preview | None = None
    faults: dict[str, list[Refusal]] = field(default_factory=dict)

    def refuse(self, refusal: Refusal, name: str | None = None) -> None:
        self.faults.setdefault(FIELD_OF.get(refusal.code, "") if name is None else name, []).append(refusal)

    @property
    def folds(self) -> list[str]:
        """The times that happen twice and were not chosen, or were."""
        asked = [name for name in ("from", "to") if self.typed[f"{name}_fold"]]
        doubtful = [name for name in ("from", "to") if any(one.code == "booking.fold_time" for one in self._of(name))]
        return [name for name in ("from", "to") if name in asked or name in doubtful]

    def _of(self, name: str) -> list[Refusal]:
        return self.faults.get(name, [])

    @property
    def alternatives(self) -> list[dict[str, Any]]:
        for refusals in self.faults.values():
            for refusal in refusals:
                if refusal.params.get("alternatives"):
                    offers: list[dict[str, Any]] = refusal.params["alternatives"]
                    return offers
        return []


async def check(
    form: Typed, person: Person, now: datetime, office: ZoneInfo, changed: Booking | None = None
) -> Checked:
    """Read and check a form. Nothing is raised for what was typed: it stands in ``faults``."""
    told = Checked(form)
    zone = office
    if form["room"] and form["room"] != ANY_ROOM:
        try:
            told.room = await room_by_code(form["room"])
            zone = await zone_of(told.room)
        except NotFound as refusal:
            told.refuse(refusal)
    starts_at, ends_at = _span(told, zone)
    attendees, kind = _attendees(told), _kind(told)
    if form["room"] in ("", ANY_ROOM) and starts_at and ends_at and starts_at < ends_at:
        told.room = await any_free_room(starts_at, ends_at, attendees, person)
        if told.room is None:
            told.refuse(Invalid("room.none_free"), "room")
    if told.room:
        wish = BookingRequest(
            room=told.room.code,
            starts_at=starts_at or now,
            ends_at=ends_at or now + timedelta(hours=1),
            title=form["title"].strip(),
            kind=kind,
            attendees=attendees,
            needs=form.needs,
            organizer=form["organizer"].strip().lower() or None,
            source="web",
        )
        await _look(told, wish, person, now, changed, timed=bool(starts_at and ends_at))
    return told


async def _look(
    told: Checked, wish: BookingRequest, person: Person, now: datetime, changed: Booking | None, timed: bool
) -> None:
    but: UUID | None = changed.id if changed else None
    started = bool(changed and changed.starts_at <= now and wish.starts_at == changed.starts_at)
    looked = await preview(wish, person, now, but, started)
    if timed:
        told.wish, told.preview = wish, looked
    for refusal in looked.refusals:
        if timed:
            told.refuse(refusal)
        elif FIELD_OF.get(refusal.code) in UNTIMED:
            # without a readable time the rest is checked all the same, but nothing can be offered instead
            refusal.params.pop("alternatives", None)
            told.refuse(refusal)
    organizer = wish.organizer
    if organizer and organizer != person.login:
        if not may(person.role, "bookings.for_another"):
            told.refuse(Forbidden("booking.for_another"))
        elif not await Person.exists(login=organizer):
            told.refuse(NotFound("person.unknown", login=organizer[:80]))


def _span(told: Checked, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    day = _day(told, "date")
    day_to = _day(told, "date_to") if told.typed["date_to"] else day
    start, end = _wall(told, "from"), _wall(told, "to")
    if end and end[1] and day_to:  # 24:00
        day_to = day_to + timedelta(days=1)
    elif end and start and end[0] == time(0) and day_to == day and not told.typed["date_to"]:
        day_to = day_to + timedelta(days=1) if day_to else None
    return (
        _instant(told, "from", day, start[0], zone) if day and start else None,
        _instant(told, "to", day_to, end[0], zone) if day_to and end else None,
    )


def _day(told: Checked, name: str) -> date | None:
    given = told.typed[name]
    try:
        day = date.fromisoformat(given)
    except ValueError:
        told.refuse(Invalid("booking.bad_date", given=given[:40] or "–"), name)
        return None
    if not 2000 <= day.year <= 2100:
        told.refuse(Invalid("booking.bad_date", given=given), name)
        return None
    return day


def _wall(told: Checked, name: str) -> tuple[time, bool] | None:
    """A time of day and whether it is the midnight that ends the day."""
    given = told.typed[name].strip()
    found = _CLOCK.fullmatch(given)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if (hour, minute) == (24, 0) and name == "to":
        return time(0), True
    if hour > 23:
        told.refuse(Invalid("booking.bad_clock", given=given[:40]) if given else Invalid("booking.no_clock"), name)
        return None
    return time(hour, minute), False


def _instant(told: Checked, name: str, day: date, wall: time, zone: ZoneInfo) -> datetime | None:
    chosen = told.typed[f"{name}_fold"]
    try:
        return local_time(day, wall, zone, int(chosen) if chosen in ("0", "1") else None)
    except Invalid as refusal:
        told.refuse(refusal, name)
        return None


def _attendees(told: Checked) -> int | None:
    given = told.typed["attendees"].strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 5:
        told.refuse(Invalid("booking.bad_attendees", given=given[:40]))
        return None
    return int(given)


def _kind(told: Checked) -> Kind | None:
    given = told.typed["kind"]
    if not given:
        return None
    if given not in set(Kind):
        told.refuse(Invalid("booking.bad_kind", kind=given[:40], kinds=", ".join(Kind)))
        return None
    return Kind(given)


def takes_title(room: Room | None) -> bool:
    """A Help Point room's bookings have no title: nobody can write a client's name where there is no field."""
    return room is None or room.visibility not in HELP_POINT
