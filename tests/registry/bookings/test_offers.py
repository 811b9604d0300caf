"""Whatever a refusal offers can be had: in offices drawn at random each offer is booked as it stands."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import strategies as st
from tortoise.connection import get_connections

from registry.bookings.actions import BookingChanges, book, change
from registry.bookings.alternatives import rooms_to_have
from registry.bookings.models import Booking, Kind
from registry.bookings.preview import any_free_room, preview
from registry.bookings.projections import viewer_of
from registry.bookings.queries import booking_room
from registry.bookings.rules import BookingRequest, blocked
from registry.core.errors import Conflict, Refusal
from registry.core.history import Actor
from registry.duties.models import Duty
from registry.people.models import Person, Role
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import CalendarDay, HoursPolicy, Room, Visibility
from registry.rooms.queries import hours_of
from tests.make import HOUR, NOW, make_building, make_institution, make_opening, make_person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)
ACTOR = Actor("alice", "test")
WARSAW = ZoneInfo("Europe/Warsaw")
_marks = itertools.count(1)
few_minutes = st.sampled_from([0, 0, 5, 10, 15, 30])


@dataclass(frozen=True)
class DrawnRoom:
    """A room's rules, drawn at random."""

    columns: dict[str, Any]
    opens: tuple[int, int] | None
    ours: bool | None
    bookings: list[tuple[int, int, bool]]


rooms = st.builds(
    DrawnRoom,
    columns=st.fixed_dictionaries(
        {
            "setup_minutes": few_minutes,
            "cleanup_minutes": few_minutes,
            "capacity": st.sampled_from([0, 4, 6, 12, 40]),
            "min_minutes": st.sampled_from([5, 5, 15, 30]),
            "max_hours": st.sampled_from([1, 4, 24, 24]),
            "max_days_ahead": st.sampled_from([1, 30, 400, 400, 400]),
            "hours_policy": st.sampled_from(list(HoursPolicy)),
            "bookable": st.sampled_from([True, True, True, True, True, False]),
            "visibility": st.sampled_from([Visibility.INTERNAL] * 4 + [Visibility.CONFIDENTIAL]),
        }
    ),
    opens=st.sampled_from([None, (7 * 60, 15 * 60 + 30), (8 * 60, 20 * 60)]),
    ours=st.sampled_from([None, None, None, True, False]),
    bookings=st.lists(
        st.tuples(st.integers(-60, 9 * 60), st.sampled_from([5, 20, 45, 60, 180]), st.booleans()),
        min_size=1,
        max_size=6,
    ),
)
wishes = st.fixed_dictionaries(
    {
        "start": st.integers(-3, 110).map(lambda fives: 5 * fives),
        # mostly near a booking of the first room: what is free is soon tried
        "near": st.none() | st.tuples(st.integers(0, 5), st.integers(-12, 12).map(lambda fives: 5 * fives)),
        "minutes": st.sampled_from([10, 30, 45, 60, 60, 90, 240, 750]),
        "attendees": st.sampled_from([None, None, 4, 15]),
        "role": st.sampled_from([Role.MEMBER, Role.MEMBER, Role.DUTY, Role.COORDINATOR]),
        "day": st.sampled_from([0, 0, 1, 2]),
        "is_closed_tomorrow": st.booleans(),
    }
)


async def refusal_of(work: Awaitable[Any]) -> Refusal | None:
    """What is said against it; None when it is done."""
    try:
        await work
    except Refusal as refusal:
        return refusal
    return None


async def can_be_had(request: BookingRequest, person: Person) -> None:
    """Book it, and take it out again, so that the next offer meets the same office."""
    booking = await book(request, person, ACTOR, NOW)
    await Booking.filter(id=booking.id).delete()


async def empty() -> None:
    """The office of the example before is gone."""
    connection = get_connections().get("default")
    for table in ("booking", "duty", "room_institution", "room", "opening_span", "opening_profile", "calendar_day"):
        await connection.execute_query(f"DELETE FROM {table}")  # names of ours


def wanted_from(sketches: list[DrawnRoom], wish: dict[str, Any]) -> datetime:
    """When the wish begins."""
    start, bookings = wish["start"], sketches[0].bookings
    if wish["near"] and bookings:
        start = max(-15, bookings[wish["near"][0] % len(bookings)][0] + wish["near"][1])
    return NOW + timedelta(days=wish["day"]) + start * MINUTE


async def furnish(sketches: list[DrawnRoom], wish: dict[str, Any], person: Person) -> list[Room]:
    """The office of this example; bookings that its rules and buffers would not have let in are left out."""
    building = await make_building()
    if wish["is_closed_tomorrow"]:
        await CalendarDay.create(site_id=building.site_id, day=(NOW + timedelta(days=1)).date(), name="closed")
    stranger = await make_institution()
    office = []
    for one in sketches:
        mark = f"R{next(_marks)}"
        opening = await make_opening(*one.opens) if one.opens else None
        room = await Room.create(
            code=mark, number=mark, name=mark, kind="meeting", building=building, opening=opening, **one.columns
        )
        if one.ours is not None:
            await room.institutions.add(await person.institution if one.ours else stranger)
        await Duty.create(room=room, person=person, name=mark, starts_at=NOW, ends_at=NOW + 8 * HOUR)
        busy: list[tuple[datetime, datetime]] = []
        for start, minutes, is_block in one.bookings:
            starts_at = NOW + timedelta(days=wish["day"]) + start * MINUTE
            request = BookingRequest(mark, starts_at, starts_at + minutes * MINUTE,
                                     kind=Kind.BLOCK if is_block else Kind.MEETING)  # fmt: skip
            span = blocked(request, await booking_room(room))
            if all(span[1] <= since or until <= span[0] for since, until in busy):
                busy.append(span)
                await Booking.create(
                    room=room, starts_at=starts_at, ends_at=request.ends_at, planned_ends_at=request.ends_at,
                    blocked_from=span[0], blocked_to=span[1], created_at=NOW, kind=request.kind,
                )  # fmt: skip
        office.append(room)
    return office


def each_example(work: Callable[..., Awaitable[None]], examples: int, **strategies: Any) -> Callable[[], None]:
    """A property of async work, drawn in a thread and run in this loop."""
    loop = asyncio.get_running_loop()

    @hypothesis.settings(max_examples=examples, database=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(**strategies)
    def example(**values: Any) -> None:
        asyncio.run_coroutine_threadsafe(work(**values), loop).result(60)

    return example


async def test_whatever_a_refusal_offers_can_be_had(database, capsys):
    """300 random offices on SQLite, 80 on PostgreSQL; of each refusal every offer is booked."""
    me = await make_person("me")
    tally = dict.fromkeys(("refusals", "overlaps", "later", "shorter", "other_room", "free_from", "any", "free"), 0)

    async def example(sketches: list[DrawnRoom], wish: dict[str, Any]) -> None:
        await empty()
        me.role = wish["role"]
        office = await furnish(sketches, wish, me)
        starts_at = wanted_from(sketches, wish)
        span = starts_at, starts_at + wish["minutes"] * MINUTE
        request = BookingRequest(office[0].code, *span, attendees=wish["attendees"])
        if refusal := await refusal_of(can_be_had(request, me)):
            tally["refusals"] += 1
            await offers_can_be_had(refusal, request, office)
            outlook = await preview(request, me, NOW)
            assert refusal.code in [one.code for one in outlook.refusals]
        for room in await rooms_to_have(office, request, viewer_of(me), NOW):
            tally["free"] += 1
            await can_be_had(replace(request, room=room.code), me)
        if any_room := await any_free_room(request, me, NOW):
            tally["any"] += 1
            await can_be_had(replace(request, room=any_room.code), me)

    async def offers_can_be_had(refusal: Refusal, request: BookingRequest, office: list[Room]) -> None:
        by_code = {room.code: room for room in office}
        room = by_code[request.room]
        if refusal.code == "booking.overlap":
            tally["overlaps"] += 1
            assert refusal.params["conflicts"], "what is in the way has a name"
            assert refusal.params["obstacle"]
            if refusal.params["free_from"]:
                tally["free_from"] += 1
                since = datetime.fromisoformat(refusal.params["free_from"])
                least = replace(request, starts_at=since, ends_at=since + room.min_minutes * MINUTE, attendees=None)
                await can_be_had(least, me)
        for offer in refusal.params.get("alternatives", []):
            tally[offer["reason"]] += 1
            since, until = (datetime.fromisoformat(offer[key]) for key in ("starts_at", "ends_at"))
            hours = await hours_of(by_code[offer["room"]])
            assert is_open_throughout(hours, since, until), "nobody takes a closed room"
            assert since - request.starts_at <= timedelta(hours=8)
            if since != request.starts_at and request.ends_at.astimezone(WARSAW).hour < 22:
                assert 6 <= since.astimezone(WARSAW).hour < 22
            await can_be_had(replace(request, room=offer["room"], starts_at=since, ends_at=until), me)

    examples = 300 if database.dialect == "sqlite" else 80
    run = each_example(example, examples, sketches=st.lists(rooms, min_size=2, max_size=5), wish=wishes)
    await asyncio.to_thread(run)
    print(tally)  # how often each was tried: pytest -s
    assert all(tally.values()) or database.dialect == "postgres", tally


async def test_whatever_a_refused_change_offers_can_be_had(database):
    """200 random offices on SQLite, 50 on PostgreSQL: a booking of an hour is moved to where it cannot be."""
    me = await make_person("me")
    tally = dict.fromkeys(("later", "shorter", "other_room"), 0)

    async def example(sketches: list[DrawnRoom], wish: dict[str, Any]) -> None:
        await empty()
        me.role = wish["role"]
        office = await furnish(sketches, wish, me)
        starts_at = wanted_from(sketches, wish)
        mine = await Booking.create(
            room=office[-1], organizer=me, starts_at=NOW + 96 * HOUR, ends_at=NOW + 97 * HOUR, created_at=NOW,
            planned_ends_at=NOW + 97 * HOUR, blocked_from=NOW + 96 * HOUR, blocked_to=NOW + 97 * HOUR,
            kind=Kind.CONSULTATION if office[0].visibility == Visibility.CONFIDENTIAL else Kind.MEETING,
        )  # fmt: skip
        former = await Booking.get(id=mine.id)
        move = BookingChanges(office[0].code, starts_at, starts_at + wish["minutes"] * MINUTE)
        refusal = await refusal_of(change(mine.id, move, me, ACTOR, NOW))
        if not isinstance(refusal, Conflict):
            return
        assert str(mine.id) not in [one.get("id") for one in refusal.params.get("conflicts", [])]
        for offer in refusal.params.get("alternatives", []):
            tally[offer["reason"]] += 1
            since, until = (datetime.fromisoformat(offer[key]) for key in ("starts_at", "ends_at"))
            await change(mine.id, BookingChanges(offer["room"], since, until), me, ACTOR, NOW)
            await former.save()

    examples = 200 if database.dialect == "sqlite" else 50
    run = each_example(example, examples, sketches=st.lists(rooms, min_size=2, max_size=5), wish=wishes)
    await asyncio.to_thread(run)
    assert all(tally.values()) or database.dialect == "postgres", tally
