"""What the pages of a booking show: the choices of its form, its facts, its evidence, its history."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from registry.bookings.models import Booking, Kind
from registry.bookings.preview import equipment_of
from registry.bookings.projections import FullBooking, VisibleBooking
from registry.bookings.queries import bookable_rooms, booking_room
from registry.bookings.rules import FEATURES, OPEN_KINDS, kinds, may_change
from registry.core.history import HistoryEntry
from registry.devices.models import Device, DeviceKind
from registry.people.models import Person
from registry.people.rules import may
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import Room
from web.bookings.booking_answer import broken_words, offers
from web.bookings.form import ANY_ROOM, Checked, takes_title, typed_of
from web.bookings.my_bookings import own
from web.calendar.room_rows import Reading
from web.kit.words import N_

LABELS = {
    "room": N_("Room"),
    "date": N_("Date"),
    "date_to": N_("Last day"),
    "from": N_("From"),
    "to": N_("To"),
    "title": N_("Title"),
    "kind": N_("Kind"),
    "attendees": N_("People"),
}


async def form_context(read: Reading, checked: Checked, booking: Booking | None = None) -> dict[str, Any]:
    """What the form needs: choices, texts as typed, the sentences at each field."""
    form = checked.typed
    rooms = await bookable_rooms(read.person)
    for_another = booking is None and may(read.person.role, "bookings.for_another")
    return {
        "naming": read.naming,
        "now": read.now,
        "form": form,
        "checked": checked,
        "said": _said(checked, read, {"organizer"} if not for_another else set()),
        "rooms": _rooms(rooms, form["room"], read, booking),
        "kinds": _kinds(checked, read),
        "features": [(code, read.naming.feature(code)) for code in FEATURES],
        "takes_title": takes_title(checked.room) or bool(form["title"]),
        "people": await Person.filter(is_active=True).order_by("login").values_list("login", "name")
        if for_another
        else [],
        "offers": await offers(checked.alternatives, read, checked),
        "was": json.dumps({name: form[name] for name in LABELS}),
    }


def _said(checked: Checked, read: Reading, absent: set[str]) -> dict[str, str]:
    """The sentences at each field; those of fields that are not there stand above the form."""
    said: dict[str, str] = {}
    for name, found in checked.faults.items():
        place = "" if name in absent else name
        said[place] = " ".join(part for part in (said.get(place, ""), _sentences(found, read)) if part)
    return said


def _sentences(refusals: Iterable[Any], read: Reading) -> str:
    return " ".join(read.naming.refusal(refusal) for refusal in refusals)


def _rooms(rooms: list[Room], chosen: str, read: Reading, booking: Booking | None) -> list[tuple[str, str]]:
    told = [] if booking else [(ANY_ROOM, read.naming.say(N_("Any free room")))]
    for room in rooms:
        seats = f" · {read.naming.seats(room)}" if room.capacity else ""
        told.append((room.code, f"{read.naming.room(room)} ({room.code}){seats}"))
    if chosen and chosen not in dict(told):
        told.append((chosen[:80], chosen[:80]))
    return told


def _kinds(checked: Checked, read: Reading) -> list[tuple[str, str]]:
    offered = kinds(checked.room.visibility) if checked.room else OPEN_KINDS
    may_block = may(read.person.role, "bookings.block")
    return [(str(kind), read.naming.kind(kind)) for kind in offered if kind is not Kind.BLOCK or may_block]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the history as it is read."""

    when: str
    iso: str
    title: str
    text: str


async def view_context(read: Reading, seen: VisibleBooking, room: Room, booking: Booking) -> dict[str, Any]:
    """What a booking's page shows of it: only what the projection holds, for a reader who sees all also the rest."""
    full = seen if isinstance(seen, FullBooking) else None
    equipment = (await equipment_of([room]))[room.id]
    mine = full is not None and may_change(read.viewer, booking.organizer_id, booking.institution_id, booking.kind)
    sensed = await Device.exists(room_id=room.id, kind=DeviceKind.PRESENCE, enabled=True)
    rules = await booking_room(room)
    is_within = is_open_throughout(rules.hours, seen.starts_at, seen.ends_at)
    return {
        "seen": seen,
        "full": full,
        "room": room,
        "own": own(booking, room, read.now, sensed) if mine and may(read.person.role, "bookings.make") else None,
        "outside_hours": full is not None and booking.kind is not Kind.BLOCK and not is_within,
        "broken": broken_words(equipment, read),
        "needs_words": ", ".join(read.naming.feature(need) for need in full.needs) if full else "",
        "missing": [read.naming.feature(need) for need in full.needs if need not in equipment.works] if full else [],
        "evidence": _evidence(booking, read) if full else [],
        "history": await _history(booking, room, read) if full else [],
    }


def _evidence(booking: Booking, read: Reading) -> list[str]:
    told = booking.evidence or {}
    return [read.naming.evidence(one) for one in told.get("sensors", [])]


async def _history(booking: Booking, room: Room, read: Reading) -> list[Told]:
    entries = await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("-seq").limit(50)
    return [
        Told(
            when=f"{read.fmt.short(entry.at)} {read.fmt.time(entry.at)}",
            iso=read.fmt.iso(entry.at),
            title=read.naming.act(entry.action),
            text=" · ".join(part for part in (entry.actor, _difference(entry, read), entry.reason) if part),
        )
        for entry in entries
    ]


def _difference(entry: HistoryEntry, read: Reading) -> str:
    before, after = entry.before or {}, entry.after or {}
    if not before:
        return ""
    told = []
    if (before.get("starts_at"), before.get("ends_at")) != (after.get("starts_at"), after.get("ends_at")):
        told.append(f"{_span(before, read)} → {_span(after, read)}")
    if before.get("room") != after.get("room"):
        told.append(read.naming.say(N_("another room")))
    if before.get("title") != after.get("title"):
        told.append(f"„{before.get('title') or '–'}” → „{after.get('title') or '–'}”")
    if before.get("attendees") != after.get("attendees"):
        told.append(f"{before.get('attendees') or '–'} → {after.get('attendees') or '–'}")
    return ", ".join(told)


def _span(told: dict[str, Any], read: Reading) -> str:
    return read.fmt.span(datetime.fromisoformat(told["starts_at"]), datetime.fromisoformat(told["ends_at"]))


def changed_meanwhile(was: str, booking: Booking, room: Room, zone: ZoneInfo, read: Reading) -> list[str]:
    """What is different now from what the form was opened with, field by field."""
    try:
        before = json.loads(was)
    except ValueError:
        before = {}
    now = typed_of(booking, room, zone)
    told = []
    for name, label in LABELS.items():
        old = str(before.get(name, "")) if isinstance(before, dict) else ""
        if old != now[name]:
            told.append(
                read.naming.say(N_("%(field)s: was “%(old)s”, is now “%(new)s”."))
                % {"field": read.naming.say(label), "old": old[:200] or "–", "new": now[name] or "–"}
            )
    return told or [read.naming.say(N_("The state of the booking changed."))]
