"""A booking as typed into a form: read without losing anything, checked with all reasons at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, QueryParams

from registry.bookings.actions import organizer_of
from registry.bookings.models import Booking, Kind
from registry.bookings.preview import Preview, any_free_room, preview
from registry.bookings.rules import BookingRequest, local_time
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from registry.people.models import Person
from registry.rooms.hours import next_opening, open_span_at
from registry.rooms.models import HELP_POINT, Room, RoomKind
from registry.rooms.queries import RoomLine, hours_of, room_by_code, zone_of
from web.kit.time_of_day import DAY as WHOLE_DAY
from web.kit.time_of_day import clock, minute_of_day
from web.rooms.room_cache import cached_room

ANY_ROOM = "any"
QUARTER = timedelta(minutes=15)
LONGEST_FOLLOWED = 60 * WHOLE_DAY
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
    "booking.approval_late": "from",
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
    "booking.organizer_gone": "organizer",
}
UNTIMED = ("room", "title", "kind", "needs", "attendees")


@dataclass(frozen=True, slots=True)
class BookingForm:
    """The texts of the form as they were typed."""

    texts: dict[str, str]
    needs: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def having(self, **texts: str) -> "BookingForm":
        return replace(self, texts={**self.texts, **texts})

    def fields(self) -> list[tuple[str, str]]:
        """As a browser sends it."""
        return [(name, text) for name, text in self.texts.items() if text] + [("needs", need) for need in self.needs]

    def says_the_same_as(self, other: "BookingForm") -> bool:
        """Whether all of its fields stand in the other as well, times read as they are meant."""
        return set(self.needs) == set(other.needs) and all(
            _meant(name, self[name]) == _meant(name, other[name]) for name in FIELDS if name != "key"
        )


def _meant(name: str, text: str) -> str:
    minute = minute_of_day(text) if name in ("from", "to") else None
    return text.strip() if minute is None else clock(minute)


def form_of(fields: FormData | QueryParams, zone: ZoneInfo) -> BookingForm:
    """What was sent, an alternative that was chosen already in its place."""
    texts = {name: str(fields.get(name) or "") for name in FIELDS}
    form = BookingForm(texts, tuple(str(need) for need in fields.getlist("needs")))
    offer = str(fields.get("alternative") or "").split("|")
    return form.having(**_offer(offer[0], offer[1], offer[2], zone)) if len(offer) == 3 else form


def _offer(room: str, starts_at: str, ends_at: str, zone: ZoneInfo) -> dict[str, str]:
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


@dataclass(frozen=True, slots=True)
class TimesReading:
    """How the times of a form are read, as it would write them itself; empty where one cannot be read. ``last`` is the
    last day, where that is another one than the first, ``minutes`` how long it takes by the clock.
    """

    since: str = ""
    until: str = ""
    last: str = ""
    minutes: int = 0


def reading_of(form: BookingForm) -> TimesReading:
    first, end = minute_of_day(form["from"]), minute_of_day(form["to"])
    since, until = (clock(minute) if minute is not None else "" for minute in (first, end))
    if first is None or end is None:
        return TimesReading(since, until)
    check = FormCheck(form)
    day, last = _day(check, "date"), _day(check, "date_to") if form["date_to"] else None
    span = end - first + ((last - day).days * WHOLE_DAY if day and last else 0)
    if not form["date_to"] and end == 0:
        span += WHOLE_DAY
    return TimesReading(since, until, form["date_to"], max(span, 0))


def with_end_after(form: BookingForm, minutes: int) -> BookingForm:
    """The form with the end so many minutes after its start, where its start can be read."""
    first, day = minute_of_day(form["from"]), _day(FormCheck(form), "date")
    if first is None or day is None or not 0 < minutes <= LONGEST_FOLLOWED:
        return form
    days, end = divmod(first + minutes, WHOLE_DAY)
    if end == 0:
        days, end = days - 1, WHOLE_DAY
    last = (day + timedelta(days=days)).isoformat() if days else ""
    return form.having(**{"from": clock(first), "to": clock(end), "date_to": last})


def with_end_kept_up(form: BookingForm, former: str) -> BookingForm:
    """The form with its end as far after its start as in its ``former`` times („08:00|09:00”), where only the start was
    typed anew and would come after the end; else as it is. It is what a script does while one types.
    """
    first, _, end = former.partition("|")
    before = reading_of(form.having(**{"from": first, "to": end}))
    is_overtaken = form["to"] == end and form["from"] != first and not reading_of(form).minutes
    return with_end_after(form, before.minutes) if is_overtaken and before.minutes else form


def first_choice(rooms: Sequence[RoomLine]) -> RoomLine:
    """The conference room of the house, else its largest meeting room."""

    def rank(room: RoomLine) -> tuple[bool, bool, int, int]:
        """Of several alike the one that is there longest: a room that came yesterday is nobody's habit."""
        return room.visibility not in HELP_POINT, room.kind == RoomKind.CONFERENCE, -room.building_id, -room.id

    return max(rooms, key=rank)


async def next_hour(room: Room, since: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The fields of the next hour from a full quarter on, at which the room is open, and which ends on its day: the
    sentence of Today has one.
    """
    start = since + (datetime.min.replace(tzinfo=UTC) - since) % QUARTER
    day = (start + 4 * QUARTER).astimezone(zone).date()
    if day > start.astimezone(zone).date():
        start = datetime.combine(day, time(0), zone).astimezone(UTC)
    hours = await hours_of(room)
    span = open_span_at(hours, start)
    if span is None or span[1] - start < 2 * QUARTER:
        start = next_opening(hours, start) or start
    return times(start.astimezone(zone), (start + 4 * QUARTER).astimezone(zone))


async def first_free(form: BookingForm, room: Room, since: datetime, person: Person, now: datetime) -> "FormCheck":
    """The form for the next hour that the room can be had, so that nobody begins with a refusal; else for the next one
    at which it is open.
    """
    zone = await zone_of(room)
    form = form.having(room=form["room"] or room.code, **await next_hour(room, since, zone))
    check = await check_form(form, person, now, zone)
    later = next(
        (offer for offer in check.alternatives if offer["room"] == room.code and offer["reason"] == "later"), None
    )
    if later is None:
        return check
    start, end = (datetime.fromisoformat(later[name]).astimezone(zone) for name in ("starts_at", "ends_at"))
    return await check_form(form.having(**times(start, end)), person, now, zone)


async def with_hours(
    form: BookingForm, rooms: Sequence[RoomLine], person: Person, now: datetime, zone: ZoneInfo, any_day: bool = False
) -> "FormCheck":
    """A form that says no hours yet, with the next ones that its room can be had on its day; on the next day on which
    it is open, where any day will do.
    """
    day = _day(FormCheck(form), "date")
    if form["from"] or form["to"] or not rooms or day is None:
        return await check_form(form, person, now, zone)
    line = next((one for one in rooms if one.code == form["room"]), None) or first_choice(rooms)
    room = await cached_room(line.code)
    # where a room never closes, nobody means midnight
    morning = datetime.combine(day, time(0) if (await hours_of(room)).spans else time(9), zone)
    check = await first_free(form, room, max(now, morning.astimezone(UTC)), person, now)
    return check if any_day or check.form["date"] == form["date"] else await check_form(form, person, now, zone)


def _fold(local: datetime) -> str:
    """0 or 1 in the hour that happens twice, else nothing."""
    if not isinstance(local.tzinfo, ZoneInfo):
        return ""
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return str(local.fold) if twice else ""


def form_of_booking(booking: Booking, room: Room, zone: ZoneInfo) -> BookingForm:
    """The form of a booking that exists."""
    texts = times(booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)) | {
        "room": room.code,
        "title": booking.title,
        "kind": str(booking.kind),
        "attendees": str(booking.attendees or ""),
    }
    return BookingForm(texts, tuple(booking.needs))


@dataclass(slots=True)
class FormCheck:
    """A form after its check: the request if it can be read, and every fault at its field ('' is the whole form)."""

    form: BookingForm
    room: Room | None = None
    request: BookingRequest | None = None
    preview: Preview | None = None
    faults: dict[str, list[Refusal]] = field(default_factory=dict)

    def refuse(self, refusal: Refusal, name: str | None = None) -> None:
        self.faults.setdefault(FIELD_OF.get(refusal.code, "") if name is None else name, []).append(refusal)

    @property
    def folds(self) -> list[str]:
        """The times that happen twice and were not chosen, or were."""
        choices = [name for name in ("from", "to") if self.form[f"{name}_fold"]]
        doubtful = [name for name in ("from", "to") if any(one.code == "booking.fold_time" for one in self._of(name))]
        return [name for name in ("from", "to") if name in choices or name in doubtful]

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


async def check_form(
    form: BookingForm, person: Person, now: datetime, office: ZoneInfo, former: Booking | None = None
) -> FormCheck:
    """Read and check a form, for a change of the ``former`` booking. Nothing is raised for what was typed: it stands in
    ``faults``.
    """
    check = FormCheck(form)
    zone = office
    if form["room"] and form["room"] != ANY_ROOM:
        try:
            check.room = await room_by_code(form["room"])
            zone = await zone_of(check.room)
        except NotFound as refusal:
            check.refuse(refusal)
    starts_at, ends_at = _span(check, zone)
    attendees, kind = _attendees(check), _kind(check)
    if form["room"] in ("", ANY_ROOM) and starts_at and ends_at and starts_at < ends_at:
        wish = BookingRequest("", starts_at, ends_at, attendees=attendees)
        check.room = await any_free_room(wish, person, now)
        if check.room is None:
            check.refuse(Invalid("room.none_free"), "room")
    if check.room:
        request = BookingRequest(
            room=check.room.code,
            starts_at=starts_at or now,
            ends_at=ends_at or now + timedelta(hours=1),
            title=form["title"].strip(),
            kind=kind,
            attendees=attendees,
            needs=form.needs,
            organizer=form["organizer"].strip().lower() or None,
            source="web",
        )
        await _preview(check, request, person, now, former, is_timed=bool(starts_at and ends_at))
    return check


async def _preview(
    check: FormCheck, request: BookingRequest, person: Person, now: datetime, former: Booking | None, is_timed: bool
) -> None:
    outlook = await preview(request, person, now, former)
    if is_timed:
        check.request, check.preview = request, outlook
    for refusal in outlook.refusals:
        if is_timed:
            check.refuse(refusal)
        elif FIELD_OF.get(refusal.code) in UNTIMED:
            # without a readable time the rest is checked all the same, but nothing can be offered instead
            refusal.params.pop("alternatives", None)
            check.refuse(refusal)
    organizer = request.organizer
    if organizer and organizer != person.login:
        try:
            await organizer_of(organizer, person)
        except (Conflict, Forbidden, NotFound) as refusal:
            check.refuse(refusal)


def _span(check: FormCheck, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    day = _day(check, "date")
    day_to = _day(check, "date_to") if check.form["date_to"] else day
    start, end = _wall(check, "from"), _wall(check, "to")
    if end and end[1] and day_to:  # 24:00
        day_to = day_to + timedelta(days=1)
    elif end and start and end[0] == time(0) and day_to == day and not check.form["date_to"]:
        day_to = day_to + timedelta(days=1) if day_to else None
    return (
        _instant(check, "from", day, start[0], zone) if day and start else None,
        _instant(check, "to", day_to, end[0], zone) if day_to and end else None,
    )


def _day(check: FormCheck, name: str) -> date | None:
    text = check.form[name]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        check.refuse(Invalid("booking.bad_date", given=text[:40] or "–"), name)
        return None
    if not 1990 <= day.year < 2200:
        check.refuse(Invalid("booking.bad_date", given=text), name)
        return None
    return day


def _wall(check: FormCheck, name: str) -> tuple[time, bool] | None:
    """A time of day and whether it is the midnight that ends the day."""
    text = check.form[name].strip()
    minute = minute_of_day(text)
    if minute == WHOLE_DAY and name == "to":
        return time(0), True
    if minute is None or minute == WHOLE_DAY:
        check.refuse(Invalid("booking.bad_clock", given=text[:40]) if text else Invalid("booking.no_clock"), name)
        return None
    return time(minute // 60, minute % 60), False


def _instant(check: FormCheck, name: str, day: date, wall: time, zone: ZoneInfo) -> datetime | None:
    fold = check.form[f"{name}_fold"]
    try:
        return local_time(day, wall, zone, int(fold) if fold in ("0", "1") else None)
    except Invalid as refusal:
        check.refuse(refusal, name)
        return None


def _attendees(check: FormCheck) -> int | None:
    text = check.form["attendees"].strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        check.refuse(Invalid("booking.bad_attendees", given=text[:40]))
        return None
    return int(text)


def _kind(check: FormCheck) -> Kind | None:
    text = check.form["kind"]
    if not text:
        return None
    if text not in set(Kind):
        check.refuse(Invalid("booking.bad_kind", kind=text[:40], kinds=", ".join(Kind)))
        return None
    return Kind(text)


def takes_title(room: Room | None) -> bool:
    """A Help Point room's bookings have no title: nobody can write a client's name where there is no field."""
    return room is None or room.visibility not in HELP_POINT
