"""Weeks and days are changed, rooms are looked at anew, and what they shut out is named and never touched."""

import re
from datetime import date, timedelta

import pytest

from registry.bookings.models import Booking, Status
from registry.bookings.projections import Viewer
from registry.bookings.queries import room_state_of
from registry.bookings.state import StateKind
from registry.core.events import Event, PlacesChanged, RoomChanged
from registry.core.history import SYSTEM, HistoryEntry
from registry.opening import queries
from registry.opening.actions import ProfileChanges, change_profile, clear_day, make_profile, set_day
from registry.opening.queries import profile_by_code, profiles, shut_out_by_day, shut_out_by_profile, site_day
from registry.opening.rules import DayKind, NewProfile
from registry.people.models import Role
from registry.rooms.hours import Span
from registry.rooms.models import CalendarDay, OpeningProfile, Room
from registry.rooms.queries import sites_in_order
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_building, make_opening, make_room, make_site, refused
from tests.statements import Statements, plan

WEEK = tuple(Span(weekday, 480, 960) for weekday in range(5))
COORDINATOR = Viewer(Role.COORDINATOR)
FRIDAY = date(2026, 11, 27)


async def test_a_week_is_made_changed_and_told(database: Database, statements: Statements) -> None:
    profile = await make_profile(NewProfile("office", WEEK, "Urząd"), SYSTEM, NOW)
    room = await make_room(opening=profile)
    with statements.at_most(3):
        (row,) = await profiles()
    assert (row.code, row.rooms, row.spans, row.revision) == ("office", 1, WEEK, 1)
    assert (await room_state_of(await Room.get(id=room.id), NOW)).kind is StateKind.FREE
    changes = ProfileChanges(spans=tuple(Span(weekday, 780, 960) for weekday in range(5)), closed_on_holidays=False)
    before = await Room.get(id=room.id)
    changed = await change_profile("office", changes, SYSTEM, NOW, 1)
    after = await Room.get(id=room.id)
    assert (changed.revision, after.revision, after.next_change_at) == (2, before.revision + 1, NOW)
    assert (await room_state_of(after, NOW)).kind is StateKind.CLOSED
    entry = await HistoryEntry.filter(object=f"opening:{profile.id}").order_by("-seq").first()
    assert entry
    assert (entry.action, entry.after["closed_on_holidays"]) == ("changed", False)
    assert (await change_profile("office", changes, SYSTEM, NOW)).revision == 2


async def test_what_is_refused(database: Database) -> None:
    await make_profile(NewProfile("office", WEEK), SYSTEM, NOW)
    assert (await refused(make_profile(NewProfile("office", WEEK), SYSTEM, NOW))).code == "opening.exists"
    backwards = NewProfile("night", (Span(0, 960, 480),))
    assert (await refused(make_profile(backwards, SYSTEM, NOW))).code == "opening.closes_first"
    assert (await refused(change_profile("office", ProfileChanges(name="x"), SYSTEM, NOW, 7))).code == "request.stale"
    assert (await refused(change_profile("none", ProfileChanges(), SYSTEM, NOW))).code == "opening.unknown"
    assert (await refused(set_day("none", FRIDAY, False, "x", SYSTEM, NOW))).code == "site.unknown"
    site = await make_site()
    assert (await refused(set_day(site.code, FRIDAY, False, " ", SYSTEM, NOW))).code == "site.no_name_of_day"
    assert await OpeningProfile.all().count() == 1


async def test_bookings_that_other_hours_shut_out(database: Database) -> None:
    profile = await make_opening(code="office")
    room = await make_room(opening=profile)
    fits = await make_booking(NOW + 2 * HOUR, room=room)
    out = await make_booking(NOW + 5 * HOUR, room=room, title="Narada")
    await make_booking(NOW + 9 * HOUR, room=room)  # outside the hours that are
    await make_booking(NOW + 6 * HOUR, room=await make_room(opening=profile), status=Status.CANCELLED)
    new = NewProfile("office", tuple(Span(weekday, 480, 900) for weekday in range(5)))
    shut = await shut_out_by_profile(await profile_by_code("office"), new, COORDINATOR, NOW)
    assert shut.total == 1
    assert [booking.title for booking, _ in shut.bookings if hasattr(booking, "title")] == ["Narada"]
    assert (await shut_out_by_profile(await profile_by_code("office"), new, Viewer(Role.MEMBER), NOW)).total == 1
    await change_profile("office", ProfileChanges(spans=new.spans), SYSTEM, NOW)
    assert {row.status for row in await Booking.filter(id__in=[fits.id, out.id])} == {Status.CONFIRMED}


async def test_what_stays_as_it_was_is_told_to_nobody(event_log: list[Event]) -> None:
    site = await make_site()
    profile = await make_opening(code="office")
    room = await make_room(building=await make_building(site=site), opening=profile)
    await set_day(site.code, FRIDAY, False, "remont", SYSTEM, NOW)
    assert [type(event) for event in event_log] == [PlacesChanged, RoomChanged]
    await Room.filter(id=room.id).update(next_change_at=NOW + HOUR)
    event_log.clear()
    await set_day(site.code, FRIDAY, False, "remont", SYSTEM, NOW)
    await change_profile("office", ProfileChanges(name=profile.name), SYSTEM, NOW)
    fresh = await Room.get(id=room.id)
    assert (event_log, fresh.revision, fresh.next_change_at) == ([], room.revision + 1, NOW + HOUR)


async def test_every_booking_is_looked_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = await make_opening(code="office")
    rooms = [await make_room(opening=profile) for _ in range(2)]
    for week in range(2):
        for room in rooms:
            await make_booking(NOW + timedelta(days=7 * week) + 2 * HOUR, room=room)
    night = NewProfile("office", (Span(0, 0, 60),))
    for part in (1, 2, 3, 4, 5):
        monkeypatch.setattr(queries, "PART", part)
        out = await shut_out_by_profile(await profile_by_code("office"), night, COORDINATOR, NOW)
        assert (out.total, len({booking.id for booking, _ in out.bookings if hasattr(booking, "id")})) == (4, 4)


async def test_the_first_that_are_shut_out_are_named_and_each_part_is_found_by_an_index(
    database: Database, monkeypatch: pytest.MonkeyPatch, statements: Statements
) -> None:
    profile = await make_opening(code="office")
    rooms = [await make_room(opening=profile) for _ in range(2)]
    for hours, room in ((4, 0), (3, 0), (1, 1), (2, 1)):
        await make_booking(NOW + hours * HOUR, room=rooms[room], title=str(hours))
    monkeypatch.setattr(queries, "PART", 1)
    monkeypatch.setattr(queries, "SHOWN", 2)
    night = NewProfile("office", (Span(0, 0, 60),))
    out = await shut_out_by_profile(await profile_by_code("office"), night, COORDINATOR, NOW)
    assert (out.total, [getattr(booking, "title", "") for booking, _ in out.bookings]) == (4, ["1", "2"])
    further = [one.text for one in statements if 'FROM "booking"' in one.text][1]
    answer = await plan(further)
    assert re.search(r"\(room_id=\? AND starts_at>\?|\(room_id = .* AND \(starts_at >= ", answer), answer
    assert "Seq Scan on booking" not in answer, answer


async def test_a_closed_and_a_swapped_day(database: Database) -> None:
    site = await make_site()
    room = await make_room(building=await make_building(site=site), opening=await make_opening())
    always = await make_room(building=await make_building(site=site))
    tomorrow = NOW + timedelta(days=1)
    await make_booking(tomorrow, room=room)
    await make_booking(tomorrow, room=always)
    assert (await shut_out_by_day(site, FRIDAY, False, COORDINATOR, NOW)).total == 1
    await set_day(site.code, FRIDAY, False, "po święcie", SYSTEM, NOW)
    assert (await site_day(site.id, FRIDAY, "pl")).kind is DayKind.CLOSED
    assert (await room_state_of(await Room.get(id=room.id), tomorrow + 2 * HOUR)).kind is StateKind.CLOSED
    assert (await shut_out_by_day(site, FRIDAY, None, COORDINATOR, NOW)).total == 0
    revision = (await Room.get(id=room.id)).revision
    await clear_day(site.code, FRIDAY, SYSTEM, NOW)
    assert (await Room.get(id=room.id)).revision == revision + 1
    await clear_day(site.code, FRIDAY, SYSTEM, NOW)
    assert await CalendarDay.all().count() == 0
    saturday = FRIDAY + timedelta(days=1)
    await set_day(site.code, saturday, True, "za 1 maja", SYSTEM, NOW)
    await set_day(site.code, saturday, True, "za 3 maja", SYSTEM, NOW)
    assert (await site_day(site.id, saturday, "pl")).name == "za 3 maja"
    entries = await HistoryEntry.filter(object=f"site:{site.id}").order_by("seq")
    assert [entry.action for entry in entries] == ["day_set", "day_cleared", "day_set", "day_set"]
    assert [one.code for one in await sites_in_order()][-1] == site.code
    empty = await make_site()
    assert (await shut_out_by_day(empty, FRIDAY, False, COORDINATOR, NOW)).total == 0
