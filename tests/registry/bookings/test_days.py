"""What is kept of days: bounded by the bookings in it, however many days are asked for, and told to nobody else."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from registry.bookings import days as module
from registry.bookings.actions import book
from registry.bookings.days import DayCache, RoomDay, RoomDays, day_of
from registry.bookings.projections import BookingRow, FullBooking, MeetingSpan, Viewer, viewer_of
from registry.bookings.rules import BookingRequest
from registry.core.history import Actor
from registry.people.models import Role
from registry.rooms.models import Visibility
from registry.rooms.queries import HOURS_SECONDS
from tests.conftest import WARSAW
from tests.make import NOW, make_people, make_room

DAY = date(2026, 11, 26)
ROW = BookingRow(
    "1", NOW, NOW, "meeting", "confirmed", "Narada", None, [], "alice", "Alice", "team", NOW, NOW, NOW, None, None, "",
    None, None, 1, 1, 1, 1,
)  # fmt: skip


def hours(many: float) -> datetime:
    return NOW + timedelta(hours=many)


ROOM: Any = SimpleNamespace(code="R", visibility=Visibility.INTERNAL)


def days(bookings: int, revision: int = 1, read_at: float = 0.0) -> RoomDays:
    return RoomDays(revision, read_at, WARSAW, (), (), ((1, 1, False),), bookings)


def test_the_longest_unused_leave_when_there_are_too_many_bookings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOOKINGS_AT_MOST", 100)
    cache = DayCache()
    for number in range(50):
        cache.keep((number, DAY), days(9))
        cache.fresh((0, DAY), 0.0)
    assert len(cache) == 10
    assert (0, DAY) in cache
    assert cache.currsize == 100


def test_the_same_days_again_count_once() -> None:
    cache = DayCache()
    for _ in range(5):
        cache.keep((1, DAY), days(9))
    assert (len(cache), cache.currsize) == (1, 10)


def test_one_that_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOOKINGS_AT_MOST", 100)
    cache = DayCache()
    cache.keep((1, DAY), days(500))
    assert (len(cache), cache.currsize) == (0, 0)


def test_each_way_to_see_the_same_days_is_kept_until_they_change() -> None:
    """What was projected for one pair of eyes is never shown to another."""
    cache, own, other = DayCache(), Viewer(Role.MEMBER, 1, 1), Viewer(Role.MEMBER, 2, 2)
    for viewer in (own, other):
        entry = days(1)
        assert entry.view_of(ROOM, viewer) is None
        entry.show(ROOM, viewer, [ROW])
        cache.keep((1, DAY), entry)
    both = cache.fresh((1, DAY), 0.0)
    assert both
    assert [type(kind.bookings[0]) for viewer in (own, other) if (kind := both.view_of(ROOM, viewer))] == [
        FullBooking,
        MeetingSpan,
    ]
    later = days(1, revision=2)
    cache.keep((1, DAY), later)
    assert later.view_of(ROOM, own) is None


def test_what_was_projected_for_one_is_not_kept_longer_because_another_looked() -> None:
    """A person's name may change without the room's revision."""
    cache, own, other = DayCache(), Viewer(Role.MEMBER, 1, 1), Viewer(Role.MEMBER, 2, 2)
    almost = HOURS_SECONDS - 1
    for viewer, name, read_at in ((own, "Alice", 0.0), (other, "Alicja", almost)):
        entry = days(1, read_at=read_at)
        entry.show(ROOM, viewer, [ROW._replace(organizer_name=name)])
        cache.keep((1, DAY), entry)
    assert cache.fresh((1, DAY), almost)
    assert cache.fresh((1, DAY), almost + 1) is None
    later = days(1, read_at=almost + 1)
    later.show(ROOM, other, [ROW._replace(organizer_name="Alicja")])
    cache.keep((1, DAY), later)
    assert later.view_of(ROOM, own) is None


@pytest.mark.anyio
async def test_a_day_on_which_nothing_changed_costs_one_query(database: Any, statements: Any) -> None:
    alice, bob, _ = await make_people()
    room, other = await make_room(code="A"), await make_room(code="B")
    day, actor = hours(1).date(), Actor(name="A", source="api")
    request = BookingRequest("A", hours(1), hours(2), title="Narada")
    await book(request, alice, actor, NOW)

    async def look(viewer: Viewer) -> list[RoomDay]:
        return await day_of([room, other], viewer, day)

    first = await look(viewer_of(alice))
    with statements.at_most(1):
        again = await look(viewer_of(bob))  # a colleague sees as much
    assert again[0].bookings is first[0].bookings
    assert again[0].texts is first[0].texts
    await book(BookingRequest("A", hours(3), hours(4)), alice, actor, NOW)
    after = await look(viewer_of(alice))
    assert [len(room_day.bookings) for room_day in after] == [2, 0]
    assert after[1].bookings is first[1].bookings, "nothing changed there"
