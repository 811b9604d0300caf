"""A room is set by a program: who may, what follows at once, and which bookings no longer fit."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.core.events import Event, PlacesChanged, RoomChanged, on
from registry.core.history import HistoryEntry
from registry.doors.queries import door, public_state_at
from registry.rooms.models import Room
from tests.make import make_institution, make_opening
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio


async def patch(office: Office, room: str, who: str = "coordinator", **changes: object):
    return await office.call("PATCH", f"/rooms/{room}", who, json=changes)


async def test_who_runs_rooms_sets_one_and_nobody_else(office: Office) -> None:
    for who, status in (("alice", 403), ("duty", 403), ("facilities", 403), ("auditor", 403), ("coordinator", 200)):
        answer = await patch(office, "M-1", who, capacity=11, no_show_minutes=12)
        assert answer.status_code == status, who
    room = answer.json()
    assert (room["code"], room["capacity"], room["no_show_minutes"], room["misfits"]) == ("M-1", 11, 12, [])
    assert answer.headers["etag"] == f'"{room["revision"]}"'
    assert (await office.get("/rooms/M-1/settings", "alice")).status_code == 403
    assert (await office.get("/rooms/M-1/settings", "admin")).json()["no_show_minutes"] == 12


async def test_everything_that_a_room_is_set_to_comes_back_as_it_was_sent(office: Office) -> None:
    profile, institution = await make_opening(code="office"), await make_institution(code="KWP")
    changes = {
        "names": {"pl": "Sala", "en": "Hall", "uk": "Зала", "ru": "Зал"}, "number": "1.03", "floor": -1,
        "kind": "conference", "capacity": 40, "area_m2": 41.5, "note": "Klucz u ochrony",
        "features": ["hearing_loop"], "visibility": "public", "opening": profile.code,
        "hours_policy": "strict", "buffers": {"setup_minutes": 5, "cleanup_minutes": 10},
        "lengths": {"min_minutes": 30, "max_hours": 4, "max_days_ahead": 90}, "check_in": True, "no_show_minutes": 10,
        "vacant_minutes": None, "approvers": ["duty"], "institutions": [institution.code],
        "door": {"proofs": ["pin", "phone"], "pin": "123456", "books": True},
    }  # fmt: skip
    answer = await patch(office, "M-1", **changes)
    assert answer.status_code == 200, answer.text
    room = answer.json()
    flat = {name: value for group in ("buffers", "lengths") for name, value in changes.pop(group).items()}
    changes |= flat | {"door": {"proofs": ["pin", "phone"], "pin": True, "books": True}}
    assert {name: room[name] for name in changes} == changes
    assert room["can_be_booked"] is True
    entry = await HistoryEntry.get(object=f"room:{office.rooms['M-1'].id}", action="changed")
    assert (entry.before["opening"], entry.after["opening"]) == (None, "office")
    assert (entry.before["has_pin"], entry.after["has_pin"]) == (False, True)
    assert (entry.before["institutions"], entry.after["institutions"]) == ([], ["KWP"])
    assert "argon2" not in str(entry.after)
    again = await patch(office, "M-1", lengths={"min_minutes": 30}, min_minutes=30)
    assert again.json()["revision"] == room["revision"], "nothing differs, so nobody is told"
    assert await HistoryEntry.filter(object=f"room:{office.rooms['M-1'].id}").count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"capacity": -1}, 422, "room.bad_number"),
        ({"max_hours": 25}, 422, "room.bad_number"),
        ({"no_show_minutes": 1}, 422, "room.bad_number"),
        ({"min_minutes": 120, "max_hours": 1}, 422, "room.lengths_crossed"),
        ({"features": ["sauna"]}, 422, "room.bad_feature"),
        ({"opening": "nights"}, 404, "opening.unknown"),
        ({"institutions": ["nobody"]}, 404, "institution.unknown"),
        ({"approvers": ["nobody"]}, 404, "person.unknown"),
        ({"approvers": ["auditor"]}, 422, "room.bad_approver"),
        ({"door": {"proofs": ["pin"]}}, 422, "door.no_pin"),
        ({"door": {"pin": "12"}}, 422, "door.bad_pin"),
        ({"door": {"proofs": ["key"]}}, 422, "door.bad_proof"),
        ({"names": {"pl": " "}}, 422, "request.missing_field"),
        ({"visibility": "secret"}, 422, "request.bad_field"),
        ({"colour": "red"}, 422, "request.unknown_field"),
    ],
)
async def test_what_cannot_stand_is_refused_and_nothing_is_half_done(
    office: Office, changes: dict[str, object], status: int, code: str
) -> None:
    answer = await patch(office, "M-1", note="x", **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await Room.get(code="M-1")).note == ""


async def test_a_room_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    tag = (await office.get("/rooms/M-1/settings", "admin")).headers["etag"]
    body = {"json": {"capacity": 3}, "headers": {"If-Match": tag}}
    assert (await office.call("PATCH", "/rooms/M-1", "admin", **body)).status_code == 200
    assert (await office.call("PATCH", "/rooms/M-1", "admin", **body)).status_code == 412


async def test_bookings_that_no_longer_fit_are_named_and_stay(office: Office) -> None:
    until = soon(27)
    long = await office.held("M-1", 24, title="Narada", ends_at=until, blocked_to=until, planned_ends_at=until)
    many = await office.held("M-1", 30, attendees=12)
    await office.held("M-1", 40, attendees=2)
    answer = await patch(office, "M-1", max_hours=2, capacity=10)
    misfits = {one["id"]: [reason["code"] for reason in one["reasons"]] for one in answer.json()["misfits"]}
    assert misfits == {str(long.id): ["booking.too_long"], str(many.id): ["booking.over_capacity"]}
    first = answer.json()["misfits"][0]
    assert (first["title"], first["organizer"]) == ("Narada", "alice")
    await long.refresh_from_db()
    assert (long.ends_at, str(long.status)) == (until, "confirmed")
    again = await patch(office, "M-1", max_hours=1)
    assert again.json()["misfits"] == [], "what did not fit before is not named anew"


async def test_buffers_that_grow_leave_neighbours_without_their_time(office: Office) -> None:
    first = await office.held("M-1", 24)
    await office.held("M-1", 25.1)
    answer = await patch(office, "M-1", cleanup_minutes=10)
    assert [(one["id"], [why["code"] for why in one["reasons"]]) for one in answer.json()["misfits"]] == [
        (str(first.id), ["booking.no_gap"])
    ]


async def test_the_rules_of_booking_hold_at_once(office: Office) -> None:
    assert (await office.book(24, "M-1")).status_code == 201
    theirs = await make_institution(code="OTHER")
    await patch(office, "M-1", institutions=[theirs.code])
    assert (await office.book(30, "M-1")).json()["code"] == "room.not_yours"
    await patch(office, "M-1", institutions=[], opening=(await make_opening(code="never", opens=0, closes=1)).code,
                hours_policy="strict")  # fmt: skip
    assert (await office.book(32, "M-1")).json()["code"] == "booking.closed"
    await patch(office, "M-1", opening=None, bookable=False)
    assert (await office.book(34, "M-1")).json()["code"] == "room.not_bookable"


async def test_a_class_of_a_room_where_a_visit_runs_stays_until_its_end(office: Office) -> None:
    visit = await office.held("C-1", -0.5, kind="consultation", status="checked_in")
    answer = await patch(office, "C-1", visibility="internal", capacity=3)
    assert (answer.status_code, answer.json()["code"]) == (409, "room.class_in_use")
    assert (await Room.get(code="C-1")).capacity == 12
    assert (await patch(office, "C-1", capacity=3)).status_code == 200
    assert (await office.post(f"/bookings/{visit.id}/end", {}, "coordinator")).status_code == 200
    assert (await patch(office, "C-1", visibility="internal")).status_code == 200


async def test_a_visit_stays_confidential_in_a_room_that_was_opened(office: Office) -> None:
    visit = await office.held("C-1", 24, who="duty", kind="consultation")
    await office.held("C-1", -30, who="duty", kind="interview")
    day, yesterday = soon(24).date(), soon(-30).date()
    await office.get(f"/availability?date={day}&room=C-1", "charlie")
    (misfit,) = (await patch(office, "C-1", visibility="internal")).json()["misfits"]
    assert [why["code"] for why in misfit["reasons"]] == ["booking.bad_kind"]
    for path in (f"/rooms/C-1/bookings?from={yesterday}&to={day + timedelta(days=1)}", f"/bookings/{visit.id}"):
        text = (await office.get(path, "charlie")).text
        assert "consultation" not in text
        assert "interview" not in text
        assert "institution" not in text
    assert (await office.get(f"/bookings/{visit.id}", "duty")).json()["kind"] == "consultation"


async def test_a_title_is_gone_for_others_the_moment_a_room_is_confidential(office: Office) -> None:
    await office.held("P-1", 24, title="KANAREK")
    day = soon(24).astimezone(UTC).date()
    paths = [
        f"/availability?date={day}&days=2&room=P-1",
        f"/rooms/P-1/bookings?from={day}&to={day + timedelta(days=2)}",
    ]
    for path in paths:
        assert "KANAREK" in (await office.get(path, "charlie")).text
    assert (await patch(office, "P-1", visibility="confidential")).status_code == 200
    for path in paths:
        assert "KANAREK" not in (await office.get(path, "charlie")).text
    assert (await office.get("/rooms/P-1", "charlie")).json()["visibility"] == "confidential"


async def test_doors_topics_and_the_next_look_follow_a_change(office: Office) -> None:
    room, now, event_log = office.rooms["M-1"], datetime.now(UTC), list[Event]()
    await Room.filter(code__in=["C-1", "H-1"]).update(floor=3)  # beside a room of the Help Point a door is neutral
    leave = on(event_log.append)
    await office.held("M-1", 1)
    assert (await door(room.id, now)).places["pl"] == room.name
    before = await public_state_at(room.id, now)
    answer = await patch(office, "M-1", names={"pl": "Inna"}, no_show_minutes=5)
    leave()
    assert {type(event) for event in event_log} >= {PlacesChanged, RoomChanged}
    assert isinstance(event_log[0], PlacesChanged), "what is kept is forgotten first"
    assert (await door(room.id, now)).places["pl"] == "Inna"
    assert (await public_state_at(room.id, now))[1] == answer.json()["revision"] > before[1]
    fresh = await Room.get(id=room.id)
    assert fresh.next_change_at is not None
    assert fresh.next_change_at > now


async def test_the_doors_beside_a_room_change_with_its_class(office: Office) -> None:
    await Room.filter(code__in=["C-1", "H-1"]).update(floor=3)
    beside, now = office.rooms["M-2"], datetime.now(UTC)
    named = await door(beside.id, now)
    assert named.places["pl"] == beside.name
    await patch(office, "M-1", visibility="hidden")
    assert (await door(beside.id, now)).places["pl"] != beside.name
    assert (await Room.get(id=beside.id)).revision > beside.revision
