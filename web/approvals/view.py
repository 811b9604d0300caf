"""What a page shows of a booking's approval: who is asked, what was answered, and what its reader may answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.bookings.awaiting import answerers_of
from registry.bookings.models import Booking, Status
from registry.bookings.queries import ANSWERS
from registry.bookings.rules import REJECTION_REASONS, BookingRoom, may_answer
from registry.bookings.state import UNDO
from registry.core.history import HistoryEntry
from registry.people.queries import names_of_people
from registry.rooms.models import HELP_POINT, Room, Visibility
from web.kit.page_context import PageContext
from web.kit.words import Words


@dataclass(frozen=True, slots=True)
class Approval:
    """``is_to_answer`` is whether the reader may answer now, ``undo_until`` until when they can take an answer back;
    ``names`` are those who are asked, ``reason`` why it was rejected, by ``by``; ``is_lapsed``: nobody answered.
    """

    is_awaited: bool = False
    is_to_answer: bool = False
    names: str = ""
    undo_until: datetime | None = None
    is_rejected: bool = False
    by: str = ""
    reason: str = ""
    is_lapsed: bool = False


async def approval_of(
    booking: Booking, room: Room, rules: BookingRoom, entries: Sequence[HistoryEntry], context: PageContext
) -> Approval:
    """Of a booking whose reader sees it in full; ``entries`` are the newest of its history, the newest first."""
    now, may_say = context.now, context.may("bookings.make") and may_answer(rules, context.viewer, booking.kind)
    if booking.status is Status.TENTATIVE:
        people = (await answerers_of([(room, booking.kind)]))[0]
        names = ", ".join(sorted((await names_of_people(people)).values()))
        return Approval(is_awaited=True, is_to_answer=may_say and now < booking.starts_at, names=names)
    last = entries[0] if entries else None
    if last is None or last.action not in (*ANSWERS, "lapsed"):
        return Approval()
    until = min(last.at + UNDO, booking.starts_at)
    can_undo = may_say and last.action in ANSWERS and now < until
    return Approval(
        undo_until=until if can_undo else None,
        is_rejected=last.action == "rejected",
        by=last.actor,
        reason=last.reason,
        is_lapsed=last.action == "lapsed",
    )


def reason_choices(visibility: Visibility, words: Words) -> list[tuple[str, str]]:
    """The reasons of which a Help Point room's approver chooses one; none where they write their own."""
    if visibility not in HELP_POINT:
        return []
    return [(code, words.say(reason)) for code, reason in REJECTION_REASONS.items()]
