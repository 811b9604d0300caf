"""Rooms set otherwise: one or several, all or none, with what was before."""

import pytest

from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import Event, RoomChanged
from registry.core.history import SYSTEM, HistoryEntry
from registry.doors.actions import door_settings
from registry.places.actions import RoomChanges, change_rooms
from registry.rooms.models import HoursPolicy, Room, Visibility
from tests.make import NOW, make_booking, make_building, make_institution, make_opening, make_room

pytestmark = pytest.mark.usefixtures("database")


async def test_a_change_says_what_was_before(event_log: list[Event]) -> None:
    room = await make_room(cleanup_minutes=5)
    mine, other = await make_institution(), await make_institution()
    await room.institutions.add(other)
    settings = {"cleanup_minutes": 10, "hours_policy": HoursPolicy.STRICT, "setup_minutes": 0}
    await change_rooms([room.id], RoomChanges(settings, [mine]), SYSTEM, NOW, reason="umowa")
    fresh = await Room.get(id=room.id)
    assert (fresh.cleanup_minutes, fresh.hours_policy, fresh.max_days_ahead) == (10, HoursPolicy.STRICT, 400)
    assert [institution.id for institution in await fresh.institutions.all()] == [mine.id]
    entry = await HistoryEntry.get(object=f"room:{room.id}", action="changed")
    assert entry.before == {"cleanup_minutes": 5, "hours_policy": "advisory", "institutions": [other.code]}
    assert entry.after == {"cleanup_minutes": 10, "hours_policy": "strict", "institutions": [mine.code]}
    assert entry.reason == "umowa"
    assert [event.room_id for event in event_log if isinstance(event, RoomChanged)] == [room.id]


async def test_what_is_as_it_should_be_leaves_no_trace(event_log: list[Event]) -> None:
    room = await make_room(cleanup_minutes=5)
    await room.institutions.add(await make_institution())
    await change_rooms([room.id], RoomChanges({"cleanup_minutes": 5}), SYSTEM, NOW)
    assert await HistoryEntry.all().count() == 0
    assert event_log == []
    assert await room.institutions.all().count() == 1, "none named leaves them as they are"


async def test_several_rooms_are_set_together_or_not_at_all() -> None:
    building = await make_building()
    idle, busy = [await make_room(building=building, visibility=Visibility.CONFIDENTIAL) for _ in range(2)]
    await make_booking(NOW, room=busy, kind="consultation", status="checked_in")
    changes = RoomChanges({"visibility": Visibility.INTERNAL, "cleanup_minutes": 15})
    with pytest.raises(Conflict) as refused:
        await change_rooms([idle.id, busy.id], changes, SYSTEM, NOW)
    assert (refused.value.code, refused.value.params["room"]) == ("room.class_in_use", busy.code)
    assert await Room.filter(cleanup_minutes=15).count() == 0
    await change_rooms([idle.id, busy.id], RoomChanges({"cleanup_minutes": 15}), SYSTEM, NOW)
    assert await Room.filter(cleanup_minutes=15).count() == 2


async def test_opening_hours_are_named_in_the_history_and_must_be_there() -> None:
    room, profile = await make_room(), await make_opening(code="office")
    await change_rooms([room.id], RoomChanges({"opening_id": profile.id}), SYSTEM, NOW)
    entry = await HistoryEntry.get(object=f"room:{room.id}")
    assert (entry.before, entry.after) == ({"opening": None}, {"opening": "office"})
    with pytest.raises(Invalid, match="9999"):
        await change_rooms([room.id], RoomChanges({"opening_id": 9999}), SYSTEM, NOW)
    with pytest.raises(NotFound):
        await change_rooms([9999], RoomChanges({"capacity": 1}), SYSTEM, NOW)


async def test_the_policy_of_a_door_is_checked_and_its_pin_is_nowhere_to_be_read() -> None:
    room = await make_room()
    for proofs, pin, code in (
        (["key"], None, "door.bad_proof"),
        (["pin"], None, "door.no_pin"),
        (None, "12a4", "door.bad_pin"),
        (None, "123", "door.bad_pin"),
    ):
        with pytest.raises(Invalid) as refused:
            await change_rooms([room.id], RoomChanges(await door_settings(proofs, pin)), SYSTEM, NOW)
        assert refused.value.code == code
    await change_rooms([room.id], RoomChanges(await door_settings(["empty", "pin"], "4711")), SYSTEM, NOW)
    room = await Room.get(id=room.id)
    assert room.door_proofs == "pin,empty"
    assert "4711" not in room.door_pin
    entry = await HistoryEntry.get(object=f"room:{room.id}")
    assert entry.after == {"door_proofs": "pin,empty", "has_pin": True}
