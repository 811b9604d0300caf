"""The rules of rooms, as whoever manages them sets them."""

import pytest

from registry.core.errors import NotFound
from registry.core.events import Event, RoomChanged, on
from registry.core.history import SYSTEM, HistoryEntry
from registry.rooms.actions import StandardLine, WeekdayHours, add_opening_profile, set_rules, set_standard
from registry.rooms.models import HoursPolicy, Room, StandardItem
from registry.rooms.queries import hours_of
from tests.make import NOW, make_institution, make_room

pytestmark = pytest.mark.usefixtures("database")


async def test_a_profile_has_its_hours_and_a_history() -> None:
    hours = [WeekdayHours(0, 8 * 60, 16 * 60), WeekdayHours(2, 10 * 60, 18 * 60)]
    profile = await add_opening_profile("office", hours, SYSTEM, NOW, closed_on_holidays=False)
    room = await make_room(opening=profile)
    spans = (await hours_of(room)).spans
    assert sorted((span.weekday, span.opens, span.closes) for span in spans) == [(0, 480, 960), (2, 600, 1080)]
    entry = await HistoryEntry.get(object=f"opening:{profile.id}")
    assert (entry.action, entry.after["code"], len(entry.after["hours"])) == ("added", "office", 2)


async def test_rules_change_what_they_name_and_say_what_was_before() -> None:
    room = await make_room(cleanup_minutes=5)
    mine, other = await make_institution(), await make_institution()
    await room.institutions.add(other)
    events: list[Event] = []
    off = on(events.append)
    await set_rules(
        room.id, {"cleanup_minutes": 10, "hours_policy": HoursPolicy.STRICT, "setup_minutes": 0}, SYSTEM, NOW,
        institutions=[mine],
    )  # fmt: skip
    off()
    fresh = await Room.get(id=room.id)
    assert (fresh.cleanup_minutes, fresh.hours_policy, fresh.max_days_ahead) == (10, HoursPolicy.STRICT, 400)
    assert [institution.id for institution in await fresh.institutions.all()] == [mine.id]
    entry = await HistoryEntry.get(object=f"room:{room.id}", action="rules_set")
    assert entry.before == {"cleanup_minutes": 5, "hours_policy": "advisory"}
    assert entry.after == {"cleanup_minutes": 10, "hours_policy": "strict", "institutions": [mine.id]}
    assert [event.room_id for event in events if isinstance(event, RoomChanged)] == [room.id]


async def test_what_is_as_it_should_be_leaves_no_trace(event_log: list[Event]) -> None:
    room = await make_room(cleanup_minutes=5)
    institution = await make_institution()
    await room.institutions.add(institution)
    await set_rules(room.id, {"cleanup_minutes": 5}, SYSTEM, NOW)
    assert await HistoryEntry.all().count() == 0
    assert event_log == []
    assert await room.institutions.all().count() == 1, "none named leaves them as they are"


async def test_a_standard_replaces_the_one_before() -> None:
    room = await make_room()
    await set_standard(room.id, [StandardLine("Krzesło", 12)], SYSTEM, NOW)
    await set_standard(room.id, [StandardLine("Projektor", 1, "projector")], SYSTEM, NOW)
    assert await StandardItem.all().values_list("name", "quantity", "feature") == [("Projektor", 1, "projector")]
    assert await HistoryEntry.filter(object=f"room:{room.id}", action="standard_set").count() == 2


async def test_there_must_be_such_a_room() -> None:
    for work in (set_rules(99, {}, SYSTEM, NOW), set_standard(99, [], SYSTEM, NOW)):
        with pytest.raises(NotFound):
            await work
