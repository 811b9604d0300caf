"""What the organizer of a booking is told when somebody else, or Izba itself, does something about it.

What leaves for a mail is a type that has only the fields that the class of the room allows.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from registry.bookings.models import Booking, Series
from registry.bookings.projections import seen_as
from registry.core.history import Actor
from registry.core.transaction import Change
from registry.outbox.actions import NewNotice, tell
from registry.rooms.lock import RoomChange
from registry.rooms.models import HELP_POINT, Room, Visibility

# what was done, as the history calls it → what its organizer is told
KINDS = {
    "booked": "booking.booked",
    "handed_over": "booking.handed_over",
    "changed": "booking.changed",
    "moved": "booking.moved",
    "cancelled": "booking.cancelled",
    "ended": "booking.ended",
    "ended_vacant": "booking.ended",
    "released": "booking.released",
    "cancel_undone": "booking.restored",
    "end_undone": "booking.restored",
    "release_undone": "booking.restored",
    "approved": "approval.granted",
    "rejected": "approval.refused",
    "answer_undone": "approval.reopened",
    "lapsed": "approval.lapsed",
}
# the same of a series, told once
SERIES_KINDS = {
    "booked": "series.booked",
    "changed": "series.changed",
    "cancelled": "series.cancelled",
}


class TimelessFacts(NamedTuple):
    """Of a hidden room: that something happened."""


class ShyFacts(NamedTuple):
    """Of a confidential room: when, and nothing else."""

    starts_at: str
    ends_at: str
    former_starts_at: str = ""
    former_ends_at: str = ""


class BookingFacts(NamedTuple):
    """Of a public or internal room."""

    starts_at: str
    ends_at: str
    former_starts_at: str
    former_ends_at: str
    room: str
    former_room: str
    title: str
    by: str


class FormerPlace(NamedTuple):
    """Where and when a booking was before."""

    room: Room
    starts_at: datetime
    ends_at: datetime


def facts_of(
    booking: Booking, room: Room, actor: Actor, former: FormerPlace | None = None,
    others: Collection[Visibility] = (),
) -> TimelessFacts | ShyFacts | BookingFacts:  # fmt: skip
    """What may be told of a booking, by the class as which it is seen in its room and in the one where it was, and by
    those of ``others`` that are told of with it.
    """
    places = (room, former.room) if former else (room,)
    classes = {seen_as(place.visibility, booking.kind) for place in places} | set(others)
    if Visibility.HIDDEN in classes:
        return TimelessFacts()
    ends_at = booking.planned_ends_at
    is_elsewhen = former is not None and (former.starts_at, former.ends_at) != (booking.starts_at, ends_at)
    shy = ShyFacts(
        booking.starts_at.isoformat(),
        ends_at.isoformat(),
        former.starts_at.isoformat() if former and is_elsewhen else "",
        former.ends_at.isoformat() if former and is_elsewhen else "",
    )
    if classes & set(HELP_POINT):
        return shy
    former_room = former.room.code if former and former.room.id != room.id else ""
    by = actor.name if actor.person_id else ""
    return BookingFacts(*shy, room.code, former_room, booking.title, by)


async def tell_organizer(
    change: Change,
    booking: Booking,
    room: Room,
    action: str,
    actor: Actor,
    now: datetime,
    former: FormerPlace | None = None,
    reason: str = "",
) -> None:
    """Tell the organizer, inside the transaction of what was done; nothing where they did it themselves. Why a booking
    was not approved is told with it where the class of the room allows words.
    """
    if booking.organizer_id is None or booking.organizer_id == actor.person_id or action not in KINDS:
        return
    facts: dict[str, Any] = facts_of(booking, room, actor, former)._asdict()
    if action == "rejected" and facts.get("room"):
        facts["text"] = reason
    kind = KINDS[action]
    event = f"booking:{booking.id}:{booking.revision}"
    notice = NewNotice(booking.organizer_id, kind, event, f"booking:{booking.id}", facts)
    await tell(change, [notice], now)


async def tell_of_series(
    locked: RoomChange, series: Series, dates: Sequence[Booking], action: str, actor: Actor, now: datetime
) -> None:
    """Tell the organizer of a series once what became of these of its dates, whose rooms are locked and the first of
    which is named, as far as the classes of all of them allow; nothing where they did it themselves.
    """
    if series.organizer_id is None or series.organizer_id == actor.person_id:
        return
    classes = {seen_as(locked.rooms[one.room_id].visibility, one.kind) for one in dates}
    facts = facts_of(dates[0], locked.rooms[dates[0].room_id], actor, others=classes)._asdict()
    event = f"series:{series.id}:{series.revision}:{action}"
    notice = NewNotice(
        series.organizer_id, SERIES_KINDS[action], event, f"series:{series.id}", _with_dates(facts, len(dates))
    )
    await tell(locked, [notice], now)


def _with_dates(facts: dict[str, Any], dates: int) -> dict[str, Any]:
    """Of a hidden room not even how many."""
    return facts | {"dates": dates} if facts and dates > 1 else facts


async def tell_approvers(
    change: Change, booking: Booking, room: Room, people: Collection[int], actor: Actor, now: datetime, dates: int = 1
) -> None:
    """Ask these people about a booking, inside the transaction in which it is made or asks anew; of a series once, with
    the number of its ``dates``.
    """
    event = f"approval:{booking.id}:{booking.revision}"
    notices = requests_of(booking, room, people, actor, "approval.requested", event)
    await tell(change, [replace(one, facts=_with_dates(dict(one.facts), dates)) for one in notices], now)


def requests_of(
    booking: Booking, room: Room, people: Collection[int], actor: Actor, kind: str, event: str
) -> list[NewNotice]:
    """What those are told who may approve a booking, but for who acts."""
    facts: dict[str, Any] = facts_of(booking, room, actor)._asdict()
    return [
        NewNotice(person_id, kind, event, f"booking:{booking.id}", facts)
        for person_id in sorted(people)
        if person_id != actor.person_id
    ]
