"""A door acts on the booking that it showed, with the proof that its room asks for, and its end can be had back."""

from datetime import timedelta

import pytest

from registry.bookings.actions import BookingChanges, book, change, end, undo_release
from registry.bookings.models import Booking, Status
from registry.bookings.readings import record_readings, watch_started
from registry.bookings.rules import BookingRequest
from registry.core.errors import Conflict, Forbidden, Refusal
from registry.core.history import SYSTEM, HistoryEntry
from registry.devices.models import Device
from registry.devices.occupancy import Reading
from registry.doors.actions import PanelCommand, door_settings, panel_command
from registry.doors.policy import door_id
from registry.doors.queries import door
from registry.doors.view import Act, OpenDoor, acts, payload
from registry.people.models import Role
from registry.places.actions import RoomChanges, change_rooms
from registry.rooms.models import Room, Visibility
from tests.make import HOUR, NOW, make_booking, make_device, make_panel, make_person, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def set_proofs(room_id: int, proofs: list[str] | None, pin: str | None) -> None:
    await change_rooms([room_id], RoomChanges(await door_settings(proofs, pin)), SYSTEM, NOW)


async def make_door(**columns: object) -> tuple[Room, Device]:
    room = await make_room(**{"panel_books": True, "check_in": True, "door_proofs": "anyone"} | columns)
    return room, await make_panel(code=f"{room.code}-door", room=room)


async def shown(room: Room, at=NOW) -> OpenDoor:
    view = await door(room.id, at)
    assert isinstance(view, OpenDoor)
    return view


async def refusal_of(device: Device, command: PanelCommand, at=NOW) -> str:
    with pytest.raises(Refusal) as refused:
        await panel_command(device, command, at)
    return refused.value.code


async def running(room: Room, minutes: int = 40, **columns: object) -> Booking:
    fields = {"status": Status.CHECKED_IN, "checked_in_at": NOW - 10 * MINUTE} | columns
    return await make_booking(NOW - 20 * MINUTE, NOW + minutes * MINUTE, room=room, **fields)


# which booking


@pytest.mark.parametrize("command", ["end", "extend"])
async def test_a_question_about_the_meeting_that_ended_does_nothing_to_the_next(command: str) -> None:
    room, device = await make_door()
    await running(room, 1)
    question = await shown(room)
    after = await make_booking(NOW + MINUTE, NOW + 46 * MINUTE, room=room, status=Status.CHECKED_IN)
    tap = PanelCommand("1", command, booking=question.booking, revision=question.plan_revision)
    assert await refusal_of(device, tap, NOW + MINUTE + 2 * SECOND) == "door.other_booking"
    await after.refresh_from_db()
    assert (after.status, after.ends_at) == (Status.CHECKED_IN, NOW + 46 * MINUTE)


@pytest.mark.parametrize("command", ["end", "extend", "check_in"])
@pytest.mark.parametrize("name", [None, "", "0" * 24, "5b1f1c4a-0000-4000-8000-000000000000"])
async def test_a_command_that_names_no_booking_or_another_is_refused(command: str, name: str | None) -> None:
    room, device = await make_door()
    booking = await running(room)
    assert await refusal_of(device, PanelCommand("1", command, booking=name)) == "door.other_booking"
    await booking.refresh_from_db()
    assert (booking.status, booking.revision) == (Status.CHECKED_IN, 1)


@pytest.mark.parametrize("command", ["end", "extend"])
async def test_a_tap_that_comes_after_the_booking_changed_does_nothing(command: str) -> None:
    room, device = await make_door()
    booking, organizer = await running(room), await make_person(role=Role.ADMIN)
    question = await shown(room)
    later = BookingChanges(ends_at=NOW + 2 * HOUR)
    await change(booking.id, later, organizer, SYSTEM, NOW)
    tap = PanelCommand("1", command, booking=question.booking, revision=question.plan_revision)
    assert await refusal_of(device, tap, NOW + SECOND) == "door.other_booking"
    tap = PanelCommand("2", command, booking=question.booking, revision=question.revision)
    assert await refusal_of(device, tap, NOW + SECOND) == "door.other_booking", "by the number that MQTT tells"
    fresh = await shown(room, NOW + SECOND)
    tap = PanelCommand("3", command, booking=fresh.booking, revision=fresh.revision)
    assert await panel_command(device, tap, NOW + SECOND)


async def test_a_sensor_that_speaks_while_the_question_stands_changes_nothing_about_it() -> None:
    room, device = await make_door()
    await running(room)
    sensor = await make_device(room=room)
    await watch_started(NOW - HOUR)
    question = await shown(room)
    await record_readings([Reading(sensor.id, NOW, occupied=True)], NOW)
    tap = PanelCommand("1", "end", booking=question.booking, revision=question.plan_revision)
    assert await panel_command(device, tap, NOW + SECOND)
    assert (await shown(room, NOW + SECOND)).revision > question.revision


async def test_the_name_of_a_booking_at_its_door_says_nothing_and_a_closed_door_has_none() -> None:
    room, _ = await make_door()
    booking = await running(room)
    state = payload(await shown(room), ["pl"])
    assert state["booking"] == door_id(booking.id)
    assert str(booking.id) not in str(state)
    for visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN):
        shy, device = await make_door(visibility=visibility)
        inside = await running(shy)
        assert payload(await door(shy.id, NOW), ["pl"])["booking"] is None
        for command in ("end", "extend"):
            tap = PanelCommand(command, command, booking=door_id(inside.id))
            assert await refusal_of(device, tap) == "panel.not_allowed"


# which proof


async def test_a_passer_by_cannot_end_what_was_not_booked_at_the_door() -> None:
    room, device = await make_door(door_proofs="phone,empty")
    booking = await running(room)
    sensor = await make_device(room=room)
    await watch_started(NOW - HOUR)
    await record_readings([Reading(sensor.id, NOW, occupied=True)], NOW)
    view = await shown(room)
    assert (Act("end") in acts(view), view.ways_to_end) == (True, ("phone",))
    tap = PanelCommand("1", "end", booking=view.booking)
    assert await refusal_of(device, tap, NOW) == "door.proof_needed"
    await booking.refresh_from_db()
    assert booking.status is Status.CHECKED_IN


async def test_a_new_room_asks_for_a_proof() -> None:
    room = await make_room()
    assert (room.door_proofs, room.door_pin) == ("phone,empty", "")


async def test_what_was_booked_at_the_door_may_be_ended_there() -> None:
    room, device = await make_door(door_proofs="phone")
    await running(room, source="panel")
    view = await shown(room)
    assert view.ways_to_end == ()
    assert await panel_command(device, PanelCommand("1", "end", booking=view.booking), NOW)


async def test_a_room_that_its_sensors_call_empty_may_be_ended_if_the_room_says_so() -> None:
    for proofs, is_ended in (("phone,empty", True), ("phone", False)):
        room, device = await make_door(door_proofs=proofs, vacant_minutes=None)
        booking, sensor = await running(room, 60), await make_device(room=room)
        await watch_started(NOW - 2 * HOUR)
        for at in (NOW - 40 * MINUTE, NOW):
            await record_readings([Reading(sensor.id, at, occupied=False)], at)
        name = (await shown(room)).booking
        if is_ended:
            assert await panel_command(device, PanelCommand("1", "end", booking=name), NOW)
        else:
            assert await refusal_of(device, PanelCommand("1", "end", booking=name)) == "door.proof_needed"
        await booking.refresh_from_db()
        assert (booking.status is Status.ENDED) is is_ended


async def test_the_pin_of_the_room_ends_it_and_is_not_guessed() -> None:
    room, device = await make_door()
    await running(room)
    await set_proofs(room.id, ["pin"], "4711")
    view = await shown(room)
    assert view.ways_to_end == ("pin",)
    for number in range(5):
        wrong = PanelCommand(f"w{number}", "end", booking=view.booking, proof=f"000{number}")
        assert await refusal_of(device, wrong) == "door.wrong_pin"
    right = PanelCommand("r", "end", booking=view.booking, proof="4711")
    assert await refusal_of(device, right) == "door.pin_wait"
    await set_proofs(room.id, None, "47112")
    assert await refusal_of(device, right) == "door.wrong_pin"
    ended = await panel_command(device, PanelCommand("s", "end", booking=view.booking, proof="47112"), NOW)
    assert ended
    assert ended.status is Status.ENDED


async def test_a_meeting_whose_people_may_yet_come_is_not_ended_at_the_door() -> None:
    room, device = await make_door(no_show_minutes=10)
    await make_booking(NOW - 2 * MINUTE, NOW + HOUR, room=room)
    name = (await shown(room)).booking
    assert await refusal_of(device, PanelCommand("1", "end", booking=name)) == "panel.not_allowed"


# undo


async def test_an_end_by_mistake_can_be_taken_back_at_the_door_for_ten_minutes() -> None:
    room, device = await make_door()
    booking = await running(room)
    view = await shown(room)
    await panel_command(device, PanelCommand("1", "end", booking=view.booking), NOW)
    after = await shown(room, NOW + SECOND)
    assert (Act("undo") in acts(after), after.booking) == (True, door_id(booking.id))
    again = await panel_command(device, PanelCommand("2", "undo", booking=after.booking), NOW + SECOND)
    assert again
    assert (again.status, again.ends_at) == (Status.CHECKED_IN, booking.ends_at)
    entry = await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("-id").first()
    assert entry
    assert entry.action == "end_undone"


async def test_an_undo_names_what_it_undoes_or_nothing() -> None:
    room, device = await make_door()
    await running(room)
    assert await refusal_of(device, PanelCommand("0", "undo")) == "door.other_booking"
    await panel_command(device, PanelCommand("1", "end", booking=(await shown(room)).booking), NOW)
    assert await refusal_of(device, PanelCommand("2", "undo", booking="0" * 24)) == "door.other_booking"
    assert await panel_command(device, PanelCommand("3", "undo"), NOW + SECOND)


async def test_an_end_is_not_taken_back_later_nor_when_somebody_took_the_time() -> None:
    room, device = await make_door()
    await running(room)
    view = await shown(room)
    await panel_command(device, PanelCommand("1", "end", booking=view.booking), NOW)
    late = NOW + 10 * MINUTE + SECOND
    assert Act("undo") not in acts(await shown(room, late))
    assert await refusal_of(device, PanelCommand("2", "undo", booking=view.booking), late) == "door.other_booking"
    await book(BookingRequest(room.code, NOW + 10 * MINUTE, NOW + HOUR), await make_person(), SYSTEM, NOW)
    soon = NOW + SECOND
    assert Act("undo") not in acts(await shown(room, soon))
    assert await refusal_of(device, PanelCommand("3", "undo", booking=view.booking), soon) == "door.other_booking"


async def test_what_somebody_ended_on_a_page_is_theirs_to_take_back_and_no_doors() -> None:
    room, device = await make_door()
    owner = await make_person()
    stranger = await make_person()
    booking = await running(room, organizer=owner, institution_id=owner.institution_id)
    await end(booking.id, owner, SYSTEM, NOW)
    assert Act("undo") not in acts(await shown(room, NOW + SECOND))
    assert await refusal_of(device, PanelCommand("1", "undo")) == "door.other_booking"
    with pytest.raises(Forbidden):
        await undo_release(booking.id, stranger, SYSTEM, NOW + MINUTE)
    again = await undo_release(booking.id, owner, SYSTEM, NOW + MINUTE)
    assert (again.status, again.ends_at, again.protected) == (Status.CHECKED_IN, booking.ends_at, False)
    await end(booking.id, owner, SYSTEM, NOW + 2 * MINUTE)
    with pytest.raises(Conflict) as refused:
        await undo_release(booking.id, owner, SYSTEM, NOW + 13 * MINUTE)
    assert refused.value.code == "booking.undo_late"


# longer


@pytest.mark.parametrize(("gap", "minutes"), [(20, 15), (12, 10), (5, 5), (4, None)])
async def test_only_what_can_be_had_longer_is_offered(gap: int, minutes: int | None) -> None:
    room, device = await make_door()
    booking = await running(room)
    await make_booking(booking.ends_at + gap * MINUTE, booking.ends_at + 2 * HOUR, room=room)
    view = await shown(room)
    offered = [act.minutes for act in acts(view) if act.command == "extend"]
    assert offered == ([minutes] if minutes else [])
    if minutes:
        longer = await panel_command(device, PanelCommand("1", "extend", minutes, booking=view.booking), NOW)
        assert longer
        assert longer.ends_at == booking.ends_at + minutes * MINUTE
