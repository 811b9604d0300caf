"""What a block may be, what it takes of a room beside what stays, and what it is at a moment. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from registry.bookings.projections import Viewer
from registry.bookings.rules import BLOCK_DAYS, BLOCKS, LATE
from registry.core.errors import Forbidden, Invalid, Refusal
from registry.core.lines import line_fault

Span = tuple[datetime, datetime]
LANGUAGES = ("pl", "en", "uk", "ru")  # of the doors
LONGEST_REASON, LONGEST_TEXT = 300, 120
MOST_ROOMS, MOST_SPANS, MOST_PARTS = 200, 60, 2000
FURTHEST = timedelta(days=731)
LOT = timedelta(days=BLOCK_DAYS)


class OnConflict(StrEnum):
    """What happens to bookings in the way of which nothing else is said."""

    REFUSE = "refuse"
    KEEP = "keep"
    CANCEL = "cancel"


class Way(StrEnum):
    """What happens to one booking in the way."""

    KEEP = "keep"
    MOVE = "move"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a booking in the way; ``room`` is the code of the one that it moves to."""

    way: Way
    room: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """What happens to the bookings in the way: to some by their id, to all others ``on_conflict``."""

    on_conflict: OnConflict = OnConflict.REFUSE
    decisions: Mapping[UUID, Decision] = field(default_factory=dict)

    def decision_on(self, booking_id: UUID) -> Decision | None:
        """None where nobody has said."""
        if booking_id in self.decisions:
            return self.decisions[booking_id]
        return None if self.on_conflict is OnConflict.REFUSE else Decision(Way(self.on_conflict))


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block that somebody wants: room codes, aware times, and words. ``public_text`` is by language."""

    rooms: tuple[str, ...]
    spans: tuple[Span, ...]
    reason: str
    public_text: Mapping[str, str] = field(default_factory=dict)


class BlockState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


def state_at(spans: Sequence[Span], cancelled_at: datetime | None, now: datetime) -> BlockState:
    """What a block is. Between two of its spans it is planned."""
    if cancelled_at is not None:
        return BlockState.CANCELLED
    if any(since <= now < until for since, until in spans):
        return BlockState.RUNNING
    return BlockState.OVER if all(until <= now for _, until in spans) else BlockState.PLANNED


def reasons(new: NewBlock, by: Viewer, now: datetime, former: Sequence[Span] = ()) -> Iterator[Refusal]:
    """Every reason against a block, but for what is in its way. A start of the ``former`` spans may be past."""
    if by.role not in BLOCKS:
        yield Forbidden("auth.role")
    if not new.rooms:
        yield Invalid("block.no_room")
    if not new.spans:
        yield Invalid("block.no_span")
    if len(new.rooms) > MOST_ROOMS or len(new.spans) > MOST_SPANS:
        yield Invalid("block.too_large")
    yield from _time_reasons(new.spans, now, {since for since, _ in former})
    yield from _word_reasons(new)


def _time_reasons(spans: Sequence[Span], now: datetime, begun: set[datetime]) -> Iterator[Refusal]:
    if any(until <= since for since, until in spans):
        yield Invalid("booking.ends_before_start")
    if any(since < now - LATE and since not in begun for since, _ in spans):
        yield Invalid("block.too_early")
    if spans and max(until for _, until in spans) <= now:
        yield Invalid("block.too_early")
    if any(until > now + FURTHEST for _, until in spans):
        yield Invalid("block.too_far", days=FURTHEST.days)


def _word_reasons(new: NewBlock) -> Iterator[Refusal]:
    if not new.reason:
        yield Invalid("block.no_reason")
    texts = [("reason", new.reason, LONGEST_REASON)]
    texts += [(f"public_text_{language}", text, LONGEST_TEXT) for language, text in new.public_text.items()]
    for name, text, limit in texts:
        if fault := line_fault(name, text, limit):
            yield fault


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same time in order, spans that touch as one."""
    lines: list[Span] = []
    for since, until in sorted(spans):
        if lines and since <= lines[-1][1]:
            lines[-1] = (lines[-1][0], max(until, lines[-1][1]))
        else:
            lines.append((since, until))
    return tuple(lines)


def touches(spans: Sequence[Span], since: datetime, until: datetime) -> bool:
    """Whether [since, until) has a moment of the spans."""
    return any(since < end and start < until for start, end in spans)


def first_touched(spans: Sequence[Span], since: datetime, until: datetime) -> datetime:
    """The start of the first span that [since, until) touches."""
    return next(start for start, end in sorted(spans) if since < end and start < until)


def parts_beside(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What of the spans is left beside what others have, in lots that are no longer than a block may be."""
    parts: list[Span] = []
    stretches = sorted(others)
    for start, end in spans:
        at = start
        for since, until in stretches:
            if since >= end:
                break
            if since > at:
                parts.append((at, since))
            at = max(at, until)
        if at < end:
            parts.append((at, end))
    return [lot for part in parts for lot in lots(part)]


def lots(span: Span) -> list[Span]:
    """A span in pieces of BLOCK_DAYS at most."""
    since, until = span
    pieces = []
    while until - since > LOT:
        pieces.append((since, since + LOT))
        since += LOT
    return [*pieces, (since, until)]


def from_moment(spans: Sequence[Span], now: datetime) -> list[Span]:
    """What of the spans is still to come."""
    return [(max(since, now), until) for since, until in spans if until > now]
