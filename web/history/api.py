"""The history of one thing, or of all for who may see everything."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from registry.blocks.queries import block_by_id, blocks_hidden_from
from registry.bookings.projections import BusySpan, FullBooking, viewer_of
from registry.bookings.queries import in_help_point, visible_booking
from registry.bookings.series_queries import series_by_id, series_in_help_point
from registry.core import history
from registry.core.errors import Forbidden, NotFound
from registry.core.history import HistoryEntry
from registry.faults.queries import sees_fault
from registry.faults.rules import reads_reason
from registry.people import rules
from registry.people.models import Person
from registry.rooms.queries import room_or_none
from web.auth.access import caller_with
from web.blocks.api import block_id_in
from web.kit import routing
from web.kit.answers import Instant, ListAnswer, Paged
from web.kit.body import LINE
from web.kit.record_ids import possible_booking_id
from web.kit.routing import faults
from web.series.api import series_id_in

router = routing.router("history")


class EntryAnswer(BaseModel):
    id: int
    object: str
    seq: int
    at: Instant
    actor: str
    source: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    hash: str
    withheld: bool = Field(
        default=False,
        description="it is of a Help Point room's booking or of a block of a hidden room: no person and no content",
    )


EntriesAnswer = ListAnswer[EntryAnswer]


@router.get("/history", responses=faults(404), summary="Who changed what, newest first")
async def entries(
    person: Annotated[Person, Depends(caller_with("history.see"))],
    paging: Paged,
    thing: Annotated[
        str,
        Query(
            alias="object",
            max_length=60,
            pattern=r"^([a-z_]+:.+)?$",
            description="asset:12, booking:<id>, fault:3, room:ZW-02; all without it",
        ),
        LINE,
    ] = "",
) -> ListAnswer[EntryAnswer]:
    """A booking's history, and a series', for who sees all of it. An auditor reads every history; of a booking or
    series in a Help Point room, and of a block with a hidden room, it tells that something was done, and neither by
    whom nor what.
    """
    thing = await _stored_as(thing)
    await _must_be_allowed(thing, person)
    rows, total = await history.newest_entries(thing, paging.start, paging.limit)
    return EntriesAnswer(
        items=await as_seen_by(person, [entry_answer(row, person) for row in rows]),
        next=paging.cursor(len(rows), total),
        total=total,
    )


def entry_answer(row: HistoryEntry, person: Person) -> EntryAnswer:
    """An entry, without the reason where this person may not read it."""
    answer = EntryAnswer.model_validate(row, from_attributes=True)
    return answer if reads_reason(person.role, row.action) else answer.model_copy(update={"reason": ""})


async def _stored_as(thing: str) -> str:
    """A room is written down by its number, and asked for by its code as well."""
    kind, _, name = thing.partition(":")
    if kind != "room" or name.isdecimal():
        return thing
    room = await room_or_none(name)
    return f"room:{room.id}" if room else thing


async def as_seen_by(person: Person, entries: list[EntryAnswer]) -> list[EntryAnswer]:
    """The entries, without who and what where only those who work at the Help Point may read it."""
    if rules.may(person.role, "help_point.see"):
        return entries
    bookings = {entry.object: UUID(entry.object.partition(":")[2]) for entry in entries if _is_of_booking(entry.object)}
    blocks = {entry.id: block for entry in entries if (block := _block_of(entry))}
    shy = await in_help_point(bookings.values())
    hidden = await blocks_hidden_from(viewer_of(person), set(blocks.values()))
    series = {entry.object: UUID(entry.object.partition(":")[2]) for entry in entries if _is_of_series(entry.object)}
    shy_series = await series_in_help_point(series.values())
    nothing: dict[str, Any] = {"actor": "", "before": None, "after": None, "reason": "", "withheld": True}
    return [
        entry.model_copy(update=nothing)
        if bookings.get(entry.object) in shy or series.get(entry.object) in shy_series or blocks.get(entry.id) in hidden
        else entry
        for entry in entries
    ]


def _block_of(entry: EntryAnswer) -> UUID | None:
    """The block that an entry tells of: its own, or that of works which blocked rooms."""
    kind, _, name = entry.object.partition(":")
    number = name if kind == "block" else (entry.after or {}).get("block") if kind == "works" else None
    return UUID(number) if number else None


def _is_of_series(thing: str) -> bool:
    return thing.startswith("series:")


def _is_of_booking(thing: str) -> bool:
    return thing.startswith("booking:")


async def _must_be_allowed(thing: str, person: Person) -> None:
    kind, _, name = thing.partition(":")
    if kind == "booking" and not rules.may(person.role, "help_point.see"):
        booking, _ = await visible_booking(possible_booking_id(name), viewer_of(person))
        if isinstance(booking, BusySpan):
            raise NotFound("booking.unknown")
    if rules.may(person.role, "history.see_all"):
        return
    if kind in ("", "person", "token") and not rules.may(person.role, "people.see"):
        raise Forbidden("auth.role")
    if kind == "fault" and not (name.isdecimal() and len(name) < 10 and await sees_fault(int(name), person)):
        raise NotFound("fault.unknown")
    if kind == "series":
        await series_by_id(series_id_in(name), viewer_of(person))
    if kind == "block":
        await block_by_id(block_id_in(name), viewer_of(person))
    if kind == "booking":
        booking, _ = await visible_booking(possible_booking_id(name), viewer_of(person))
        if not isinstance(booking, FullBooking):
            raise NotFound("booking.unknown")
