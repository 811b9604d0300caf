"""What hangs on people: what is in their care, what they booked, when they receive people, which faults are theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.functions import Count
from tortoise.queryset import QuerySet

from registry.assets.models import Asset
from registry.assets.transitions import IN_THE_OFFICE
from registry.bookings.models import Booking
from registry.bookings.queries import COMING
from registry.departures.rules import LoadKind
from registry.duties.models import Duty
from registry.faults.models import ACTIVE, Fault
from registry.rooms.models import Room


@dataclass(frozen=True, slots=True)
class Load:
    """What of a kind hangs on somebody: how many, until when the last of it, and the first few with their instants."""

    kind: LoadKind
    number: int
    until: datetime | None
    examples: tuple[tuple[str, datetime | None], ...]


EXAMPLES = 4


def of_people(kind: LoadKind, person_ids: Collection[int], now: datetime) -> QuerySet[Any]:
    """What of a kind hangs on these people. A piece that left the office keeps its last custodian, whom it asks
    nothing more.
    """
    ids = list(person_ids)
    if kind is LoadKind.CUSTODY:
        return Asset.filter(custodian_id__in=ids, lifecycle__in=sorted(IN_THE_OFFICE))
    if kind is LoadKind.BOOKINGS:
        return Booking.filter(organizer_id__in=ids, ends_at__gt=now, status__in=COMING)
    if kind is LoadKind.DUTIES:
        return Duty.filter(person_id__in=ids, ends_at__gt=now)
    if kind is LoadKind.APPROVALS:
        return Room.filter(approvers__id__in=ids)
    return Fault.filter(owner_id__in=ids, state__in=ACTIVE)


# whose it is, what an example is called, and its instant
_COLUMNS = {
    LoadKind.CUSTODY: ("custodian_id", "name", None),
    LoadKind.BOOKINGS: ("organizer_id", "room__code", "starts_at"),
    LoadKind.DUTIES: ("person_id", "name", "starts_at"),
    LoadKind.APPROVALS: ("approvers__id", "code", None),
    LoadKind.FAULTS: ("owner_id", "text", "opened_at"),
}
_ENDS = {LoadKind.BOOKINGS, LoadKind.DUTIES}


async def loads_of(person_id: int, now: datetime) -> list[Load]:
    """What hangs on somebody, kind by kind; a kind of which there is nothing is left out."""
    return [load for kind in LoadKind if (load := await _load(kind, person_id, now))]


async def _load(kind: LoadKind, person_id: int, now: datetime) -> Load | None:
    _, name, at = _COLUMNS[kind]
    rows = of_people(kind, [person_id], now)
    number = await rows.count()
    if not number:
        return None
    order = (at, "id") if at else ("id",)
    firsts = await rows.order_by(*order).limit(EXAMPLES).values(*dict.fromkeys((name, at or "id")))
    examples = tuple((str(row[name]), row[at] if at else None) for row in firsts)
    until = None
    if kind in _ENDS:
        (last,) = await rows.order_by("-ends_at").limit(1).values("ends_at")
        until = last["ends_at"]
    return Load(kind, number, until, examples)


async def load_numbers(person_ids: Collection[int], now: datetime) -> dict[int, dict[LoadKind, int]]:
    """How much of each kind hangs on each of these people."""
    numbers: dict[int, dict[LoadKind, int]] = {pk: {} for pk in person_ids}
    for kind in LoadKind if person_ids else ():
        column = _COLUMNS[kind][0]
        rows = of_people(kind, person_ids, now).annotate(number=Count("id")).group_by(column)
        for row in await rows.values(column, "number"):
            numbers[row[column]][kind] = row["number"]
    return numbers
