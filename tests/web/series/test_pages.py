"""The pages of series: every date before anything is booked, the series, and its change before and after."""

import re
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from registry.bookings.models import Booking, Series, Status
from registry.rooms.models import Room, Visibility
from tests.conftest import WARSAW, Database
from tests.make import make_booking, make_building, make_room, make_site
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.fixture
async def room(desk: Desk) -> Room:
    site = await make_site(timezone="Europe/Warsaw")
    return await make_room(code="M-1", building=await make_building(site=site))


def first_day() -> datetime:
    """Ten in the morning in three days, on the clock of the wall."""
    return soon(72).astimezone(WARSAW).replace(hour=10, minute=0, second=0, tzinfo=None)


def form(**typed: Any) -> dict[str, Any]:
    return {
        "room": "M-1", "date": first_day().date().isoformat(), "from": "10:00", "to": "11:00", "title": "Narada",
        "every": "daily", "interval": "1", "ends": "count", "count": "3", "on_conflict": "refuse", "key": "k1",
    } | typed  # fmt: skip


async def look(desk: Desk, path: str, who: str = "alice", **query: Any) -> str:
    answer = await desk.get(f"{path}?{urlencode(query, doseq=True)}", who)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def series_of(desk: Desk, **typed: Any) -> Series:
    answer = await desk.post("/series", "alice", **form(**typed))
    assert answer.status_code == 303, text_of(answer)
    return await Series.get(id=answer.headers["location"].split("/")[2].split("?")[0])


async def test_the_booking_form_leads_to_a_series_and_loses_nothing(desk: Desk, room: Room) -> None:
    assert 'formaction="/series/new"' in await look(desk, "/bookings/new")
    typed = {"room": "M-1", "date": first_day().date().isoformat(), "from": "9:15", "to": "9:45", "title": "Odprawa"}
    page = await look(desk, "/series/new", **typed)
    assert 'value="Odprawa"' in page
    assert 'value="9:15"' in page
    assert page.count('<li data-is="') == 10


async def test_every_date_is_shown_with_its_reason_and_an_offer(desk: Desk, room: Room) -> None:
    other = await make_room(code="M-2", building_id=room.building_id)
    at = (first_day() + timedelta(days=1)).replace(tzinfo=WARSAW)
    await make_booking(at, room=room, organizer=desk.people["alice"], title="Szkolenie")
    page = await look(desk, "/series/new", **form())
    assert re.findall(r'<li data-is="(\w+)"', page) == ["ok", "no", "ok"]
    assert "2 dates are free, 1 cannot be had" in page
    assert "taken: Szkolenie, 10:00–11:00" in page
    assert f"free instead: Room {other.code}" in page
    assert "Book 2 dates" in page


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ({"every": "weekly", "day": ["0", "2", "4"], "count": "6"}, 6),
        ({"every": "monthly_day"}, 3),
        ({"every": "monthly_weekday", "interval": "2"}, 3),
        ({"every": "yearly", "count": "1"}, 1),
        ({"every": "rule", "rule": "FREQ=DAILY;INTERVAL=3;COUNT=4"}, 4),
        ({"every": "daily", "ends": "until", "until": (first_day() + timedelta(days=4)).date().isoformat()}, 5),
        ({"every": "dates", "dates": (first_day() + timedelta(days=9)).date().isoformat()}, 2),
        ({"without": (first_day() + timedelta(days=1)).isoformat(timespec="minutes")}, 2),
    ],
)
async def test_a_series_repeats_as_people_mean_it(desk: Desk, room: Room, typed: dict[str, Any], count: int) -> None:
    assert (await look(desk, "/series/new", **form(**typed))).count('<li data-is="') == count


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"count": "x"}, "Say until when the series goes on"),
        ({"count": "0"}, "Say until when the series goes on"),
        ({"interval": "-1"}, "Say until when the series goes on"),
        ({"ends": "until", "until": "2027-13-01"}, "Say until when the series goes on"),
        ({"count": "4000"}, "A series has 400 dates at most"),
        ({"every": "rule", "rule": "FREQ=SECONDLY"}, "A booking repeats at the most daily"),
        ({"every": "rule", "rule": "so what"}, "This rule cannot be read"),
        ({"every": "dates", "dates": "tomorrow"}, "tomorrow is no date"),
        ({"from": "late"}, "late"),
        ({"room": "nowhere"}, "nowhere"),
    ],
)
async def test_bad_input_comes_back_with_what_was_typed(
    desk: Desk, room: Room, typed: dict[str, Any], sentence: str
) -> None:
    page = await look(desk, "/series/new", **form(**typed))
    assert sentence in page
    assert 'value="Narada"' in page
    answer = await desk.post("/series", "alice", **form(**typed))
    assert answer.status_code in (404, 409, 422)
    assert sentence in unescape(answer.text)
    assert await Booking.all().count() == 0


async def test_a_series_is_booked_once_and_stands_as_one_among_mine(desk: Desk, room: Room) -> None:
    first = await desk.post("/series", "alice", **form())
    again = await desk.post("/series", "alice", **form())
    assert again.headers["location"] == first.headers["location"].replace("did=booked", "did=booked_before")
    assert await Booking.all().count() == 3
    page = await desk.get(first.headers["location"], "alice")
    assert "The series is booked." in page.text
    assert page.text.count("/change?scope=this") == 3
    mine = (await desk.get("/bookings", "alice")).text
    assert "3 to come" in mine
    booking = await Booking.first()
    assert booking
    assert f"/bookings/{booking.id}" not in mine
    assert f"/series/{booking.series_id}" in (await desk.get(f"/bookings/{booking.id}", "alice")).text


async def test_a_form_that_says_something_else_with_the_same_mark_comes_back(desk: Desk, room: Room) -> None:
    await desk.post("/series", "alice", **form())
    answer = await desk.post("/series", "alice", **form(count="4"))
    assert answer.status_code == 409
    assert "cannot be had" in answer.text


async def test_one_date_is_moved(desk: Desk, room: Room) -> None:
    series, second = await series_of(desk), (first_day() + timedelta(days=1)).isoformat(timespec="minutes")
    page = await look(desk, f"/series/{series.id}/change", scope="this", occurrence=second)
    assert f'value="{second}" selected' in page
    typed = {
        "scope": "this", "occurrence": second, "date": second[:10], "from": "12:00", "to": "12:30", "room": "M-1",
        "title": "Narada", "attendees": "", "on_conflict": "refuse",
    }  # fmt: skip
    page = await look(desk, f"/series/{series.id}/change", **typed)
    assert page.count('data-act="changes"') == 1
    answer = await desk.post(f"/series/{series.id}/change", "alice", **typed, revision="1", key="k2")
    assert answer.headers["location"] == f"/series/{series.id}?did=changed"
    booking = await Booking.get(occurrence=second)
    assert booking.starts_at.astimezone(WARSAW).hour == 12
    again = await look(desk, f"/series/{series.id}/change", scope="this", occurrence=second)
    assert 'value="12:30"' in again
    # another title for all leaves it where it is
    words = typed | {"scope": "all", "title": "Zespół", "from": "10:00", "to": "11:00"}
    await desk.post(f"/series/{series.id}/change", "alice", **words, revision="2", key="k4")
    assert set(await Booking.all().values_list("title", flat=True)) == {"Zespół"}
    await booking.refresh_from_db()
    assert booking.starts_at.astimezone(WARSAW).hour == 12


async def test_all_dates_from_one_on_move_and_the_series_splits(desk: Desk, room: Room) -> None:
    series, second = await series_of(desk), (first_day() + timedelta(days=1)).isoformat(timespec="minutes")
    typed = {
        "scope": "following", "occurrence": second, "date": second[:10], "from": "13:00", "to": "14:00", "room": "M-1",
        "title": "Zespół", "attendees": "5", "on_conflict": "refuse",
    }  # fmt: skip
    page = await look(desk, f"/series/{series.id}/change", **typed)
    assert page.count('data-act="changes"') == 2
    assert "becomes a series of its own" in page
    stale = await desk.post(f"/series/{series.id}/change", "alice", **typed, revision="7", key="k2")
    assert stale.status_code == 412
    assert 'value="Zespół"' in unescape(stale.text)
    answer = await desk.post(f"/series/{series.id}/change", "alice", **typed, revision="1", key="k3")
    rest = await Series.get(former_id=series.id)
    assert answer.headers["location"] == f"/series/{rest.id}?did=changed"
    assert (rest.title, rest.attendees) == ("Zespół", 5)
    assert "It goes on for an earlier series" in (await desk.get(answer.headers["location"], "alice")).text


async def test_another_date_is_chosen_and_its_day_not_typed_anew(desk: Desk, room: Room) -> None:
    series = await series_of(desk)
    first, last = first_day(), first_day() + timedelta(days=2)
    chosen = {"scope": "following", "occurrence": last.isoformat(timespec="minutes")}
    typed = {"filled_for": first.isoformat(timespec="minutes"), "date": first.date().isoformat(), "room": "M-1"}
    page = await look(desk, f"/series/{series.id}/change", **chosen, **typed, **{"from": "8:00", "to": "9:00"})
    assert page.count('data-act="changes"') == 1
    assert f'value="{last.date().isoformat()}"' in page
    assert "08:00–09:00" in page


@pytest.mark.parametrize("typed", [{"from": "x"}, {"date": "x"}, {"date": "1000-01-01"}, {"attendees": "many"}])
async def test_a_change_that_cannot_be_read_is_named(desk: Desk, room: Room, typed: dict[str, str]) -> None:
    series = await series_of(desk)
    words = {"scope": "all", "from": "10:00", "to": "11:00", "date": first_day().date().isoformat(), "room": "M-1"}
    answer = await desk.post(f"/series/{series.id}/change", "alice", **words | typed, revision="1", key="k2")
    assert answer.status_code == 422
    assert "Something is not right yet" in answer.text


async def test_dates_are_shown_before_they_are_cancelled(desk: Desk, room: Room) -> None:
    series, second = await series_of(desk), (first_day() + timedelta(days=1)).isoformat(timespec="minutes")
    page = await look(desk, f"/series/{series.id}/cancel", scope="following", occurrence=second)
    assert "Cancel 2 dates" in page
    fields = {"scope": "following", "occurrence": second, "revision": "1", "key": "k2", "reason": "not_needed"}
    answer = await desk.post(f"/series/{series.id}/cancel", "alice", **fields)
    assert answer.headers["location"] == f"/series/{series.id}?did=cancelled"
    assert await Booking.filter(status=Status.CANCELLED).count() == 2
    again = await desk.post(f"/series/{series.id}/cancel", "alice", **fields | {"key": "k3"})
    assert again.status_code == 412
    await desk.post(f"/series/{series.id}/cancel", "alice", **fields | {"key": "k4", "scope": "all", "revision": ""})
    page = (await desk.get(f"/series/{series.id}", "alice")).text
    assert "Nothing of this series is still to come" in page
    assert f"/series/{series.id}/change" not in page
    assert "Nothing can be changed here" in (await desk.get(f"/series/{series.id}/change", "alice")).text
    assert "Nothing can be cancelled here" in (await desk.get(f"/series/{series.id}/cancel", "alice")).text


async def test_a_series_is_for_who_may_see_it(desk: Desk, room: Room) -> None:
    series = await series_of(desk)
    assert (await desk.get(f"/series/{series.id}", "bob")).status_code == 200
    assert (await desk.get(f"/series/{series.id}/change", "bob")).text.count("Nothing can be changed here") == 1
    assert (await desk.get(f"/series/{series.id}", "member")).status_code == 404
    assert (await desk.get("/series/nothing", "alice")).status_code == 404


async def test_a_confidential_room_takes_no_title(desk: Desk, room: Room) -> None:
    await make_room(code="C-1", building_id=room.building_id, visibility=Visibility.CONFIDENTIAL)
    page = await look(desk, "/series/new", "duty", **form(room="C-1", title=""))
    assert page.count('<li data-is="ok"') == 3
    assert 'name="title"' not in page
