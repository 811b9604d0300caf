"""What the pages of a booking show: the choices of its form, its facts, its evidence, its history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from registry.assets.queries import equipment_of
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.projections import FullBooking, VisibleBooking, seen_as
from registry.bookings.queries import bookable_lines, booking_room
from registry.bookings.rules import FEATURES, OPEN_KINDS, kinds, may_change
from registry.core.history import HistoryEntry, entries_of
from registry.devices.queries import is_sensed
from registry.people.queries import active_people
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import Room
from registry.rooms.queries import RoomLine
from web.approvals.view import Approval, approval_of, reason_choices
from web.bookings.booking_answer import broken_words, offers
from web.bookings.form import ANY_ROOM, FormCheck, form_of_booking, takes_title
from web.bookings.my_bookings import as_it_fits, own_booking
from web.bookings.words import BookingWords
from web.kit.page_context import PageContext
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
HISTORY_LIMIT = 50


async def _people(context: PageContext) -> list[tuple[str, str]]:
    """Login and name of those for whom one may book."""
    if context.may("bookings.for_another"):
        return await active_people()
    institution_id = context.person.institution_id
    colleagues = await active_people(institution_id) if institution_id is not None else []
    return colleagues if len(colleagues) > 1 else []


async def form_context(context: PageContext, check: FormCheck, booking: Booking | None = None) -> dict[str, Any]:
    """What the form needs: choices, texts as typed, the sentences at each field."""
    form, words = check.form, BookingWords.of(context.words)
    is_for_another = booking is None and context.may("bookings.for_colleague")
    return {
        "words": words,
        "now": context.now,
        "form": form,
        "check": check,
        "sentences": _sentences(check, words, set() if is_for_another else {"organizer"}),
        "rooms": _rooms(await bookable_lines(context.person), form["room"], words, booking),
        "kinds": _kinds(check, words, context.may("bookings.block")),
        "features": [(code, words.feature(code)) for code in FEATURES],
        "is_asked": _is_asked(check, booking),
        "takes_title": takes_title(check.room) or bool(form["title"]),
        "people": await _people(context) if is_for_another else [],
        "offers": await offers(check, context),
        "was": json.dumps({name: form[name] for name in LABELS}),
    }


def _is_asked(check: FormCheck, booking: Booking | None) -> bool:
    """Whether somebody approves, and reads, what the form says."""
    is_waiting = booking is not None and booking.status is Status.TENTATIVE
    return is_waiting or (check.preview is not None and check.preview.is_asked)


def _sentences(check: FormCheck, words: BookingWords, absent: set[str]) -> dict[str, str]:
    """The sentences at each field; those of fields that are not there stand above the form."""
    sentences: dict[str, str] = {}
    for name, refusals in check.faults.items():
        place = "" if name in absent else name
        lines = [sentences.get(place, ""), *(words.refusal(refusal) for refusal in refusals)]
        sentences[place] = " ".join(line for line in lines if line)
    return sentences


def _rooms(
    rooms: Sequence[RoomLine], chosen: str, words: BookingWords, booking: Booking | None
) -> list[tuple[str, str]]:
    choices = [] if booking else [(ANY_ROOM, words.say(N_("Any free room")))]
    for room in rooms:
        seats = f" · {words.seats(room)}" if room.capacity else ""
        choices.append((room.code, f"{words.room(room)} ({room.code}){seats}"))
    if chosen and chosen not in dict(choices):
        choices.append((chosen[:80], chosen[:80]))
    return choices


def _kinds(check: FormCheck, words: BookingWords, may_block: bool) -> list[tuple[str, str]]:
    offer = kinds(check.room.visibility) if check.room else OPEN_KINDS
    return [(str(kind), words.kind(kind)) for kind in offer if kind is not Kind.BLOCK or may_block]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of the history as it is read."""

    when: str
    iso: str
    title: str
    text: str


async def view_context(context: PageContext, visible: VisibleBooking, room: Room, booking: Booking) -> dict[str, Any]:
    """What a booking's page shows of it: only what the projection holds, for a reader who sees all also the rest."""
    words = BookingWords.of(context.words)
    full = visible if isinstance(visible, FullBooking) else None
    equipment = (await equipment_of([room]))[room.id]
    is_theirs = full is not None and may_change(
        context.viewer, booking.organizer_id, booking.institution_id, booking.kind
    )
    rules = await booking_room(room)
    entries = await entries_of(f"booking:{booking.id}", HISTORY_LIMIT) if full else []
    is_within = is_open_throughout(rules.hours, visible.starts_at, visible.ends_at)
    own = None
    if is_theirs and context.may("bookings.make"):
        cancelled_at = next((entry.at for entry in entries if entry.action == "cancelled"), None)
        own = own_booking(booking, room, context.now, await is_sensed(room.id), cancelled_at)
    return {
        "visible": visible,
        "full": full,
        "room": room,
        "series_id": booking.series_id if full else None,
        "block_id": booking.block_id if context.may("blocks.see") else None,
        "own": await as_it_fits(own, context.person, context.now),
        "outside_hours": full is not None and booking.kind is not Kind.BLOCK and not is_within,
        "broken": broken_words(equipment, words),
        "needs_words": ", ".join(words.feature(need) for need in full.needs) if full else "",
        "lacks": [words.feature(need) for need in full.needs if need not in equipment.works] if full else [],
        "evidence": [words.evidence(line) for line in (booking.evidence or {}).get("sensors", [])] if full else [],
        "approval": await approval_of(booking, room, rules, entries, context) if full else Approval(),
        "reasons": reason_choices(seen_as(room.visibility, booking.kind), words),
        "history": _history(entries, context, words),
    }


def _history(entries: Sequence[HistoryEntry], context: PageContext, words: BookingWords) -> list[HistoryLine]:
    fmt = context.fmt
    return [
        HistoryLine(
            when=f"{fmt.short(entry.at)} {fmt.time(entry.at)}",
            iso=fmt.iso(entry.at),
            title=words.act(entry.action),
            text=" · ".join(
                part for part in (entry.actor, _difference(entry, context), words.reason(entry.reason)) if part
            ),
        )
        for entry in entries
    ]


def _difference(entry: HistoryEntry, context: PageContext) -> str:
    before, after = entry.before or {}, entry.after or {}
    if not before:
        return ""
    parts = []
    if (before.get("starts_at"), before.get("ends_at")) != (after.get("starts_at"), after.get("ends_at")):
        parts.append(f"{_span(before, context)} → {_span(after, context)}")
    if before.get("room") != after.get("room"):
        parts.append(context.say(N_("another room")))
    if before.get("title") != after.get("title"):
        parts.append(f"„{before.get('title') or '–'}” → „{after.get('title') or '–'}”")
    if before.get("attendees") != after.get("attendees"):
        parts.append(f"{before.get('attendees') or '–'} → {after.get('attendees') or '–'}")
    return ", ".join(parts)


def _span(values: dict[str, Any], context: PageContext) -> str:
    return context.fmt.span(datetime.fromisoformat(values["starts_at"]), datetime.fromisoformat(values["ends_at"]))


def changed_meanwhile(was: str, booking: Booking, room: Room, zone: ZoneInfo, context: PageContext) -> list[str]:
    """What is different now from what the form was opened with, field by field."""
    try:
        before = json.loads(was)
    except ValueError:
        before = {}
    form = form_of_booking(booking, room, zone)
    lines = []
    for name, label in LABELS.items():
        old = str(before.get(name, "")) if isinstance(before, dict) else ""
        if old != form[name]:
            lines.append(
                context.say(N_("%(field)s: was “%(old)s”, is now “%(new)s”."))
                % {"field": context.say(label), "old": old[:200] or "–", "new": form[name] or "–"}
            )
    return lines or [context.say(N_("The state of the booking changed."))]
