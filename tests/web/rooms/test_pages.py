"""The list of rooms and one room's page: who sees what, what the sensors said, reporting a fault, pairing a panel."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registry.assets.models import Asset
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.projections import Viewer
from registry.bookings.readings import record_readings
from registry.core.history import HistoryEntry
from registry.devices import pairing
from registry.devices.models import Device
from registry.devices.occupancy import Reading
from registry.people.models import Role
from registry.rooms.models import OpeningProfile, OpeningSpan, Room, StandardItem, Visibility
from registry.rooms.queries import room_by_code
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.page_context import PageContext
from web.rooms.plan import next_free
from web.rooms.view import view_of

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
CANARY = "KANAREK-5c1d"
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def soon(hours: float) -> datetime:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)


async def held(room: Room, desk: Desk, hours: float = 1, **fields: object) -> Booking:
    alice = desk.people["alice"]
    fields = {"organizer": alice, "institution_id": alice.institution_id, "title": CANARY} | fields
    return await make.make_booking(soon(hours), room=room, **fields)


async def test_the_list_can_be_narrowed_to_what_is_needed(desk: Desk) -> None:
    building = await make.make_building(address="Konarskiego 1")
    await make.make_room(code="BIG", building=building, capacity=40, hearing_loop=True)
    await make.make_room(code="SMALL", building=building, capacity=4)
    everything = await desk.read("/rooms", "member")
    assert "BIG" in everything
    assert "SMALL" in everything
    assert "Konarskiego 1, ground floor" in everything
    for query in ("seats=10", "feature=hearing_loop", "q=big", "q=BIG&seats=&feature=bookable"):
        narrow = await desk.read(f"/rooms?{query}", "member")
        assert "BIG" in narrow, query
        assert "SMALL" not in narrow, query
    assert "No room matches" in await desk.read("/rooms?seats=999&feature=nonsense", "member")


async def test_a_room_that_nobody_books_and_no_sensor_sees_is_not_called_free(desk: Desk) -> None:
    await make.make_room(code="WC", bookable=False)
    assert "not bookable" in await desk.read("/rooms", "member")


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_what_a_quiet_room_is_used_for_stays_with_those_who_work_there(
    desk: Desk, visibility: Visibility
) -> None:
    room = await make.make_room(code="Q-1", visibility=visibility)
    await held(room, desk, -0.5, kind=Kind.CONSULTATION, organizer=desk.people["duty"], status=Status.CHECKED_IN)
    for who in ("bob", "member", "facilities", "accountant", "auditor"):
        for path in ("/rooms", "/rooms/Q-1", "/rooms/Q-1/fault"):
            answer = await desk.get(path, who)
            assert CANARY not in answer.text, (who, path)
            assert "Consultation" not in answer.text, (who, path)
    assert CANARY in (await desk.get("/rooms/Q-1", "coordinator")).text


async def test_a_hidden_room_shows_no_times(desk: Desk) -> None:
    room = await make.make_room(code="H-1", visibility=Visibility.HIDDEN)
    booking = await held(room, desk, -0.5, kind=Kind.INTERVIEW, status=Status.CHECKED_IN)
    ends = booking.ends_at.astimezone().strftime("%H:%M")
    page = await desk.read("/rooms/H-1", "facilities")
    assert "The times of this room are not shown." in page
    assert f"until {ends}" not in page


async def test_an_unknown_room_is_not_found(desk: Desk) -> None:
    assert (await desk.get("/rooms/NOWHERE", "member")).status_code == 404
    assert (await desk.get("/rooms/" + "x" * 300, "member")).status_code == 404


async def test_the_page_sets_what_works_against_the_standard(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    await StandardItem.create(room=room, name="Projektor laserowy", feature="projector", quantity=1)
    await StandardItem.create(room=room, name="Krzesło", quantity=2)
    await make.make_asset(name="Projektor laserowy", room=room, condition="in_repair")
    await make.make_asset(name="Krzesło", room=room)
    for hours in (20, 30, 40):
        await held(room, desk, hours, needs=["projector"])
    page = await desk.read("/rooms/M-1", "alice")
    assert "0 of 2 items" in page
    assert "in repair: 1" in page
    assert "missing: 1" in page
    assert page.count("oes not work now") == 1, "it is told once, not of each booking"
    assert "Does not work now: Projektor laserowy. 3 bookings need it, the first: " in page


async def test_a_release_is_shown_with_its_evidence_and_the_way_back(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    now = datetime.now(UTC)
    booking = await held(
        room, desk, -0.5, status=Status.RELEASED, ends_at=now - timedelta(minutes=5),
        planned_ends_at=now + HOUR, released_at=now - timedelta(minutes=5), release_reason="no_show",
        evidence={"vacant_since": (now - HOUR).isoformat(), "sensors": [
            {"sensor": "M-1-occ", "says": "negative", "reason": "sees_nobody", "since": None, "confirmed_at": None}]},
    )  # fmt: skip
    page = await desk.get("/rooms/M-1", "alice")
    assert "M-1-occ saw nobody" in page.text
    assert f'<a href="/bookings/{booking.id}">Undo the release</a>' in page.text
    stranger = await desk.get("/rooms/M-1", "member")
    assert "Undo" not in stranger.text


@pytest.mark.parametrize(("minutes", "is_listed"), [(-1, True), (4, True), (9, False)])
async def test_a_release_right_before_midnight_can_be_undone_right_after_it(
    desk: Desk, minutes: int, is_listed: bool
) -> None:
    """Before midnight it is one of today, then as long as it can be undone."""
    room = await make.make_room(code="M-1")
    midnight = datetime(2026, 11, 26, 23, tzinfo=UTC)  # in Warsaw
    released = midnight - timedelta(minutes=5)
    await make.make_booking(
        midnight - HOUR / 2, released, room=room, status=Status.RELEASED, planned_ends_at=midnight + HOUR,
        released_at=released, release_reason="no_show",
    )  # fmt: skip
    words, coordinator = desk.app.state.pages.words("en"), desk.people["coordinator"]
    now = midnight + timedelta(minutes=minutes)
    context = PageContext(coordinator, Viewer(Role.COORDINATOR), words, now)
    view = await view_of(await room_by_code("M-1"), context)
    assert [one.can_undo for one in view.releases] == [True] * is_listed


async def test_a_silent_sensor_is_told_and_a_quiet_room_keeps_its_sensors_words(desk: Desk) -> None:
    now = datetime.now(UTC)
    for code, visibility in (("M-1", Visibility.INTERNAL), ("H-1", Visibility.HIDDEN)):
        room = await make.make_room(code=code, visibility=visibility)
        await make.make_device(
            code=f"{code}-occ", room=room, heard_at=now, confirmed_at=now, changed_at=now, positive_at=now,
            occupied=True, online=True, battery=9,
        )  # fmt: skip
        await make.make_device(code=f"{code}-occ-2", room=room, heard_at=now - timedelta(hours=5), online=True)
    page = await desk.read("/rooms/M-1", "member")
    assert "battery low" in page
    assert "silent" in page
    assert "cannot be heard" in page
    assert "cannot be heard" not in await desk.read("/rooms/H-1", "facilities")


async def test_anybody_who_works_reports_what_is_broken(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    projector = await make.make_asset(name="Projektor", room=room)
    answer = await desk.post("/rooms/M-1/fault", "member", asset=str(projector.id), reason="flickers")
    assert answer.status_code == 303
    assert (await Asset.get(id=projector.id)).condition == "faulty"
    entry = await HistoryEntry.get(object=f"asset:{projector.id}")
    assert (entry.action, entry.reason, entry.actor) == ("fault_reported", "flickers", "Member")


async def test_a_report_about_no_certain_thing_stands_in_the_rooms_history(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    elsewhere = await make.make_asset()
    assert (await desk.post("/rooms/M-1/fault", "duty", asset=str(elsewhere.id), reason="smells")).status_code == 303
    assert (await Asset.get(id=elsewhere.id)).condition == "ok"
    assert (await HistoryEntry.get(object=f"room:{room.id}")).reason == "smells"


async def test_an_empty_report_is_asked_again_and_an_auditor_changes_nothing(desk: Desk) -> None:
    await make.make_room(code="M-1")
    answer = await desk.post("/rooms/M-1/fault", "member", reason="  ")
    assert answer.status_code == 422
    assert "Choose a thing or say what is wrong." in answer.text
    assert (await desk.post("/rooms/M-1/fault", "auditor", reason="x")).status_code == 403
    assert "/rooms/M-1/fault" not in (await desk.get("/rooms/M-1", "auditor")).text


async def test_staff_pair_a_tablet_and_a_wrong_code_is_kept_to_be_corrected(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    offer = pairing.offer(datetime.now(UTC))
    wrong = await desk.post("/rooms/M-1/panel", "coordinator", panel_code="AAA 111")
    assert wrong.status_code == 404
    assert 'value="AAA 111"' in wrong.text
    assert (await desk.post("/rooms/M-1/panel", "member", panel_code=offer.code)).status_code == 403
    assert (await desk.post("/rooms/M-1/panel", "coordinator", panel_code=offer.code)).status_code == 303
    assert (await Device.get(room_id=room.id)).key_digest == pairing.digest(offer.key)


async def test_a_form_of_another_site_is_refused(desk: Desk) -> None:
    room = await make.make_room(code="M-1")
    thing = await make.make_asset(room=room)
    answer = await desk.post("/rooms/M-1/fault", "member", csrf="forged", asset=str(thing.id))
    assert answer.status_code == 403
    assert (await Asset.get(id=thing.id)).condition == "ok"


def test_the_next_free_time_leaps_over_what_is_taken_or_too_short() -> None:
    nine = datetime(2026, 11, 26, 9, tzinfo=UTC)

    def at(hours: float) -> datetime:
        return nine + timedelta(hours=hours)

    opening = [(at(0), at(8)), (at(24), at(32))]
    busy = [(at(2.25), at(3)), (at(0), at(2))]
    assert next_free(opening, busy, at(1), HOUR / 2) == (at(3), at(8))
    assert next_free(opening, busy, at(1), HOUR / 4) == (at(2), at(2.25))
    assert next_free(opening, [(at(-1), at(31.75))], at(1), HOUR / 2) is None
    assert next_free(opening, [], at(7.75), HOUR / 2) == (at(24), at(32))
    assert next_free([], [], nine, HOUR) is None


@pytest.mark.parametrize(("visibility", "bars"), [("internal", 2), ("hidden", 1)])
async def test_the_days_line_shows_when_a_sensor_saw_somebody(desk: Desk, visibility: str, bars: int) -> None:
    """Of a Help Point room only the last presence is known."""
    room = await make.make_room(code="M-1", visibility=visibility)
    sensor = await make.make_device(room=room, code="M-1-occ", hold_seconds=60)
    noon = datetime.now(ZoneInfo("Europe/Warsaw")).replace(hour=12, minute=0)
    for minutes, occupied in ((0, True), (10, False), (30, True), (40, False)):
        at = noon + timedelta(minutes=minutes)
        await record_readings([Reading(sensor.id, at, occupied)], at)
    page = (await desk.get("/rooms/M-1", "admin")).text
    assert len(re.findall(r'data-kind="presence"', page)) == bars


async def test_tomorrow_is_declined(database: Database, tmp_path: Path) -> None:
    """Not „do jutro 7:00”."""
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="pl"))).open()
    profile = await OpeningProfile.create(code="rano", closed_on_holidays=False)
    for weekday in range(7):
        await OpeningSpan.create(profile=profile, weekday=weekday, opens=0, closes=1)
    await make.make_room(code="ZW-01", opening=profile)
    for path in ("/rooms", "/rooms/ZW-01", "/"):
        page = await desk.read(path, "member")
        assert "do jutra, 00:00" in page or "do jutra, 0:00" in page, path
        assert "do jutro" not in page, path
