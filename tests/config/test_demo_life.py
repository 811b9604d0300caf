"""The demo at any hour: somebody meets, nobody is received where it is closed, and no rule is broken for it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.demo.life import MEETINGS, ROOMS, liven
from config.demo.prepare import prepare, unfinished
from config.jobs import timetable
from config.office import OfficeSettings
from config.settings import Settings
from registry.bookings.models import Booking
from registry.bookings.queries import room_state_of
from registry.bookings.state import HELD, StateKind
from registry.duties.models import Duty
from registry.people.models import Person
from registry.rooms.hours import is_open_throughout, open_span_at
from registry.rooms.models import HoursPolicy, Room
from registry.rooms.queries import hours_of

WARSAW = ZoneInfo("Europe/Warsaw")
MINUTE = timedelta(minutes=1)
MOMENTS = {
    "Sunday night": datetime(2026, 11, 29, 3, 7, tzinfo=WARSAW),
    "Sunday noon": datetime(2026, 11, 29, 11, 5, tzinfo=WARSAW),
    "Sunday evening": datetime(2026, 11, 29, 23, 0, tzinfo=WARSAW),
    "Tuesday morning": datetime(2026, 11, 24, 10, 0, tzinfo=WARSAW),
    "Tuesday evening": datetime(2026, 11, 24, 18, 30, tzinfo=WARSAW),
    "a holiday": datetime(2026, 11, 11, 11, 0, tzinfo=WARSAW),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_somebody_meets_and_nobody_where_it_is_closed(help_point: Any, tmp_path: Path, moment: str) -> None:
    now = MOMENTS[moment].astimezone(UTC)
    await prepare(Settings(data_dir=tmp_path), now, is_lively=True)
    await somebody_meets(now)
    await nobody_meets_where_it_is_closed(now)


async def somebody_meets(now: datetime) -> None:
    rooms = await Room.filter(code__in=ROOMS)
    kinds = {room.code: (await room_state_of(room, now)).kind for room in rooms}
    assert StateKind.IN_USE in kinds.values(), kinds
    soon = Booking.filter(room__code__in=ROOMS, starts_at__gt=now, starts_at__lte=now + timedelta(hours=3))
    assert await soon.count() >= 1
    todays = Booking.filter(starts_at__gte=now - timedelta(hours=24), starts_at__lt=now + timedelta(hours=24))
    assert await todays.count() >= 4


async def nobody_meets_where_it_is_closed(now: datetime) -> None:
    rooms = {room.id: room for room in await Room.all()}
    hours = {room_id: await hours_of(room) for room_id, room in rooms.items()}
    strict = [room.id for room in rooms.values() if room.hours_policy is HoursPolicy.STRICT]
    assert len(strict) >= 8
    assert await Booking.filter(room_id__in=strict).exists(), "on open days somebody is"
    bookings = await Booking.all()
    assert [
        (rooms[one.room_id].code, one.starts_at)
        for one in bookings
        if not is_open_throughout(hours[one.room_id], one.starts_at, one.planned_ends_at)
    ] == []
    reception = next(room for room in rooms.values() if room.code == "PP-01")
    is_open = open_span_at(await hours_of(reception), now) is not None
    assert ((await room_state_of(reception, now)).kind is StateKind.CLOSED) is not is_open


async def test_it_goes_on_and_makes_no_more_than_that(help_point: Any, tmp_path: Path) -> None:
    now = MOMENTS["Sunday night"].astimezone(UTC)
    await prepare(Settings(data_dir=tmp_path), now, is_lively=True)
    assert await liven(now + MINUTE) == []
    counts = []
    for minutes in range(5, 600, 5):
        await liven(now + minutes * MINUTE)
        at = now + minutes * MINUTE
        running = Booking.filter(room__code__in=ROOMS, starts_at__lte=at, ends_at__gt=at, status__in=list(HELD))
        counts.append(await running.count())
    assert sum(count > 0 for count in counts) >= 0.9 * len(counts)
    assert await Booking.filter(source="on call").count() <= 40
    for code in ROOMS:
        spans = await Booking.filter(room__code=code).order_by("starts_at").values_list("starts_at", "ends_at")
        assert all(ends <= starts for (_, ends), (starts, _) in pairwise(spans))


async def test_the_next_day_is_laid_though_somebody_has_booked_in_it(help_point: Any, tmp_path: Path) -> None:
    sunday = MOMENTS["Sunday evening"].astimezone(UTC)
    settings = Settings(data_dir=tmp_path)
    await prepare(settings, sunday, is_lively=True)
    await liven(sunday + 70 * MINUTE)  # past midnight
    monday = sunday + timedelta(hours=10)
    midnight = datetime(2026, 11, 30, tzinfo=WARSAW).astimezone(UTC)
    room = await Room.get(code="ZW-01")
    mine = {"starts_at": midnight + timedelta(hours=10), "ends_at": midnight + timedelta(hours=11)}
    blocked = {"blocked_from": mine["starts_at"], "blocked_to": mine["ends_at"], "planned_ends_at": mine["ends_at"]}
    await Booking.create(room=room, created_at=sunday, **mine, **blocked)
    assert await Booking.filter(source="on call", starts_at__gte=midnight).exists()
    await prepare(settings, monday, is_lively=True)
    laid = Booking.filter(source="demo", starts_at__gte=midnight, starts_at__lt=midnight + timedelta(days=1))
    assert await laid.count() >= 8
    assert not await laid.filter(room__code="ZW-01", starts_at=mine["starts_at"]).exists()


async def test_without_simulated_sensors_nobody_is_made_to_meet(help_point: Any, tmp_path: Path) -> None:
    night = MOMENTS["Sunday night"].astimezone(UTC)
    await prepare(Settings(data_dir=tmp_path), night)
    assert not await Booking.filter(starts_at__lte=night, ends_at__gt=night).exists()
    assert not await Booking.filter(source="on call").exists()
    assert await Booking.filter(starts_at__gt=night, starts_at__lt=night + timedelta(hours=21)).exists()
    assert await Duty.all().exists()


async def test_who_calls_the_team_together_is_known(help_point: Any, tmp_path: Path) -> None:
    await prepare(Settings(data_dir=tmp_path), MOMENTS["Tuesday morning"].astimezone(UTC))
    assert await Person.filter(login__in=[login for login, _, _ in MEETINGS]).count() == len(MEETINGS)
    assert all(people <= 5 for _, _, people in MEETINGS)


@pytest.mark.parametrize("is_lively", [True, False])
def test_only_a_lively_demo_has_meetings_made(is_lively: bool) -> None:
    jobs = {job.id for job in timetable(OfficeSettings(Settings()), is_lively).get_jobs()}
    assert ("live" in jobs) is is_lively
    assert "sweep" in jobs


async def test_what_was_ended_while_it_was_filled_is_known(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path)

    async def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("config.demo.prepare.load_help_point", die)
        await prepare(settings, MOMENTS["Tuesday morning"])
    assert unfinished(settings).exists()
    await prepare(settings, MOMENTS["Tuesday morning"])
    assert not unfinished(settings).exists()
