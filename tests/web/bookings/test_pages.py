"""The form of a booking without a script: all reasons at once, nothing lost, alternatives, and what comes after."""

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Booking, Kind, Status
from registry.core.history import HistoryEntry
from registry.rooms.models import HoursPolicy, OpeningProfile, OpeningSpan, Room, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.bookings.form import next_hour

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
WARSAW = ZoneInfo("Europe/Warsaw")
DAY = (datetime.now(WARSAW) + timedelta(days=3)).date()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.fixture
async def room(desk: Desk) -> Room:
    building = await make.make_building(address="Street 1")
    await make.make_room(code="OTHER", name="The other room", building=building, capacity=20)
    return await make.make_room(code="MAIN", name="The main room", building=building, capacity=12)


def form(**typed: Any) -> dict[str, Any]:
    default = {"room": "MAIN", "date": DAY.isoformat(), "from": "10:00", "to": "11:00", "title": "Narada", "key": "k1"}
    return default | typed


def local(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=WARSAW).astimezone(UTC)


async def mine(desk: Desk, starts_at: datetime, room: Room, who: str = "alice", **typed: Any) -> Booking:
    person = desk.people[who]
    typed = {"organizer": person, "institution_id": person.institution_id, "title": "Narada"} | typed
    return await make.make_booking(starts_at, room=room, **typed)


async def test_the_form_books_and_says_so(desk: Desk, room: Room) -> None:
    answer = await desk.post("/bookings", "alice", **form(needs=["projector"], attendees="8"))
    assert answer.status_code == 303, text_of(answer.text)
    booking = await Booking.get()
    assert answer.headers["location"] == f"/bookings/{booking.id}?did=booked"
    assert (booking.starts_at, booking.ends_at) == (local(10), local(11))
    assert (booking.title, booking.attendees, booking.needs, booking.source) == ("Narada", 8, ["projector"], "web")
    page = await desk.get(answer.headers["location"], "alice")
    assert "Booked." in page.text
    assert "Narada" in page.text


async def test_a_form_sent_twice_books_once(desk: Desk, room: Room) -> None:
    first = await desk.post("/bookings", "alice", **form())
    second = await desk.post("/bookings", "alice", **form())
    booking = await Booking.get()
    assert (first.status_code, second.status_code) == (303, 303)
    assert second.headers["location"] == f"/bookings/{booking.id}?did=booked_before"
    assert "This was booked already, once" in (await desk.get(second.headers["location"], "alice")).text


async def test_a_form_sent_twice_at_once_books_once(desk: Desk, room: Room) -> None:
    answers = await asyncio.gather(*[desk.post("/bookings", "alice", **form()) for _ in range(4)])
    booking = await Booking.get()
    assert {answer.headers["location"].partition("?")[0] for answer in answers} == {f"/bookings/{booking.id}"}


async def test_the_sentence_of_today_sent_twice_books_once(desk: Desk, room: Room) -> None:
    page = (await desk.get("/", "alice")).text
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
    assert key
    answers = [await desk.post("/bookings", "alice", **form(key=key[1])) for _ in range(2)]
    booking = await Booking.get()
    assert {answer.headers["location"].partition("?")[0] for answer in answers} == {f"/bookings/{booking.id}"}


async def test_a_form_that_has_booked_and_says_something_else_comes_back_and_can_be_sent(
    desk: Desk, room: Room
) -> None:
    """The answer to it was lost, and its person changed it."""
    await desk.post("/bookings", "alice", **form())
    other = form(**{"from": "12:00", "to": "13:00"})
    page = unescape((await desk.send("/bookings", "alice", **other)).text)
    assert "This form has made a booking already" in page
    assert "Idempotency" not in page
    assert 'value="Narada"' in page
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
    assert key
    assert key[1] != other["key"]
    assert (await desk.post("/bookings", "alice", **other | {"key": key[1]})).status_code == 303
    assert await Booking.all().count() == 2


CLOCKS = {"1:30 PM": local(13, 30), "13.30": local(13, 30), "9,30": local(9, 30), "930": local(9, 30), "o 9": local(9),
          "1330": local(13, 30), "9 AM": local(9), "12 PM": local(12), "godz. 9": local(9)}  # fmt: skip


@pytest.mark.parametrize(("clock", "starts_at"), CLOCKS.items())
async def test_one_thirty_pm_is_in_the_afternoon(desk: Desk, room: Room, clock: str, starts_at: datetime) -> None:
    answer = await desk.post("/bookings", "alice", **form(**{"from": clock, "to": "4:00 pm"}))
    assert answer.status_code == 303
    booking = await Booking.get()
    assert (booking.starts_at, booking.ends_at) == (starts_at, local(16))


async def test_a_typed_time_is_read_back_before_the_act(desk: Desk, room: Room) -> None:
    query = urlencode({"room": "MAIN", "date": DAY.isoformat(), "from": "1:30 PM", "to": "2:30 PM"})
    assert "13:30–14:30" in (await desk.get(f"/bookings/answer?{query}", "alice")).text


async def test_without_a_script_the_end_follows_the_start_and_is_read_back_first(desk: Desk, room: Room) -> None:
    moved = form(**{"from": "9,30", "to": "09:00", "shown": "08:00|09:00"})
    page = await desk.post("/bookings", "alice", **moved)
    assert "It would be 09:30–10:30" in text_of(page.text)
    assert "Free 09:30–10:30" in text_of(page.text)
    assert 'value="Narada"' in page.text
    assert await Booking.all().count() == 0
    assert (await desk.post("/bookings", "alice", **moved | {"to": "10:30"})).status_code == 303
    wrong = await desk.post("/bookings", "alice", **moved | {"to": "08:30", "key": "k3"})
    assert wrong.status_code == 422


async def test_a_field_takes_a_time_as_long_as_people_type_it(desk: Desk, room: Room) -> None:
    for path in ("/bookings/new?room=MAIN", "/"):
        for field in re.findall(r"<input[^>]*name=\"(?:from|to)\"[^>]*>", (await desk.get(path, "alice")).text):
            length = re.search(r'maxlength="(\d+)"', field)
            assert length is None or int(length[1]) >= 20


@pytest.mark.parametrize("clock", ["9", "09:00", "9:00", "900", "0900", "9.00"])
async def test_times_may_be_written_as_people_do(desk: Desk, room: Room, clock: str) -> None:
    answer = await desk.post("/bookings", "alice", **form(**{"from": clock}))
    assert answer.status_code == 303
    assert (await Booking.get()).starts_at == local(9)


@pytest.mark.parametrize("end", ["00:00", "24:00", "0"])
async def test_midnight_ends_the_day(desk: Desk, room: Room, end: str) -> None:
    assert (await desk.post("/bookings", "alice", **form(**{"from": "22:00", "to": end}))).status_code == 303
    assert (await Booking.get()).ends_at == local(0, 0, DAY + timedelta(days=1))


async def test_all_reasons_come_at_once_and_nothing_is_lost(desk: Desk, room: Room) -> None:
    typed = form(**{"from": "25:99", "title": "x" * 201, "attendees": "900", "date_to": ""})
    answer = await desk.post("/bookings", "alice", **typed)
    assert answer.status_code == 422
    text = text_of(answer.text)
    for sentence in ("25:99 is not a time of day", "The title is longer than 200", "MAIN seats 12"):
        assert sentence in text
    for value in ("25:99", "x" * 201, "900", "11:00"):
        assert f'value="{value}"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 3
    assert not await Booking.exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"from": "12:00"}, "The end is not after the start"),
        ({"date": "2001-01-01"}, "would start in the past"),
        ({"date": "never"}, "never is not a date"),
        ({"date_to": "2026-13-40"}, "2026-13-40 is not a date"),
        ({"date": "2099-01-01"}, "days ahead at most"),
        ({"title": "a\u202eb"}, "characters that cannot be shown"),
        ({"room": "NOWHERE"}, "There is no room NOWHERE"),
        ({"kind": "party"}, "There is no kind party"),
        ({"kind": "block"}, "Your role does not allow this"),
        ({"attendees": "many"}, "The number of people must be"),
        ({"attendees": "٣"}, "The number of people must be"),
        ({"needs": "unicorn"}, "There is no need unicorn"),
        ({"organizer": "coordinator"}, "only a coordinator books for others"),
        ({"organizer": "nobody"}, "only a coordinator books for others"),
    ],
)
async def test_bad_input_is_named(desk: Desk, room: Room, typed: dict[str, str], sentence: str) -> None:
    answer = await desk.post("/bookings", "alice", **form(**typed))
    assert answer.status_code in (403, 404, 409, 422)
    assert sentence in text_of(answer.text)
    assert not await Booking.exists()


def next_change(spring: bool) -> date:
    """The next Sunday on which Poland's clocks change."""
    day = datetime.now(WARSAW).date() + timedelta(days=2)
    while True:
        before, after = (datetime(day.year, day.month, day.day, hour, tzinfo=WARSAW).utcoffset() for hour in (0, 12))
        if before != after and (after > before) is spring:  # type: ignore[operator]  # both zones have an offset
            return day
        day += timedelta(days=1)


async def test_an_hour_that_does_not_exist_is_refused(desk: Desk, room: Room) -> None:
    answer = await desk.post(
        "/bookings", "alice", **form(**{"date": next_change(True).isoformat(), "from": "2:30", "to": "4:00"})
    )
    assert "02:30 does not exist" in text_of(answer.text)
    assert not await Booking.exists()


async def test_an_hour_that_happens_twice_is_asked_for(desk: Desk, room: Room) -> None:
    typed = form(**{"date": next_change(False).isoformat(), "from": "2:30", "to": "4:00"})
    answer = await desk.post("/bookings", "alice", **typed)
    assert "02:30 happens twice" in text_of(answer.text)
    assert 'name="from_fold"' in answer.text
    assert 'name="to_fold"' not in answer.text
    assert (await desk.post("/bookings", "alice", **typed, from_fold="1")).status_code == 303
    later = await Booking.get()
    assert later.ends_at - later.starts_at == timedelta(hours=1, minutes=30)
    opened = await desk.get(f"/bookings/{later.id}", "alice")
    assert re.search(r'<option value="1" selected>', opened.text)
    await later.delete()
    assert (await desk.post("/bookings", "alice", **typed | {"key": "k2"}, from_fold="0")).status_code == 303
    sooner = await Booking.get()
    assert sooner.ends_at - sooner.starts_at == timedelta(hours=2, minutes=30)


async def test_a_taken_room_offers_others_and_one_button_books_it(desk: Desk, room: Room) -> None:
    await mine(desk, local(10), room, "bob")
    answer = await desk.post("/bookings", "alice", **form(title="Zostaje"))
    assert answer.status_code == 409
    assert 'value="Zostaje"' in answer.text
    offers = [unescape(value) for value in re.findall(r'name="alternative" value="([^"]+)"', answer.text)]
    assert [offer.split("|")[0] for offer in offers] == ["MAIN", "OTHER"]
    chosen = await desk.post("/bookings", "alice", **form(title="Zostaje", alternative=offers[1]))
    assert chosen.status_code == 303, text_of(chosen.text)
    booking = await Booking.get(title="Zostaje").select_related("room")
    assert (booking.room.code, booking.starts_at) == ("OTHER", local(10))


async def test_what_is_offered_is_named_in_the_readers_language(desk: Desk, room: Room) -> None:
    await Room.filter(id=room.id).update(name="Sala główna", name_en="Great hall")
    await mine(desk, local(10), room, "bob")
    answer = await desk.get("/bookings/answer?" + urlencode(form()), "alice")
    assert "Great hall, " in answer.text
    assert "Sala główna" not in answer.text


async def test_an_empty_form_proposes_the_next_hour_at_which_the_room_is_open(desk: Desk, room: Room) -> None:
    profile = await OpeningProfile.create(code="daily", closed_on_holidays=False)
    await OpeningSpan.create(profile=profile, weekday=DAY.weekday(), opens=9 * 60, closes=17 * 60)
    await Room.filter(id=room.id).update(opening_id=profile.id)
    page = (await desk.get(f"/bookings/new?room=MAIN&date={DAY}", "alice")).text
    assert [re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("from", "to")] == ["09:00", "10:00"]  # type: ignore[index]
    assert "Free 09:00–10:00" in text_of(page)
    assert 'role="alert"' not in page
    undated = (await desk.get("/bookings/new?room=MAIN", "alice")).text
    assert (fields := re.search(r'name="date"[^>]*value="([^"]*)"', undated))
    assert fields[1] == DAY.isoformat(), "the first day on which it is open"
    other = (await desk.get(f"/bookings/new?room=MAIN&date={DAY + timedelta(days=1)}", "alice")).text
    assert re.search(r'name="from"[^>]*value=""', other), "a day that was asked for stays"


async def test_nothing_that_goes_over_midnight_is_proposed(desk: Desk, room: Room) -> None:
    """The sentence of Today has one day, and would be refused as it stands."""
    fields = await next_hour(room, local(23, 35), WARSAW)
    assert (fields["date"], fields["from"], fields["to"], fields["date_to"]) == (
        (DAY + timedelta(days=1)).isoformat(), "00:00", "01:00", "",
    )  # fmt: skip
    evening = await next_hour(room, local(22, 5), WARSAW)
    assert (evening["date"], evening["from"], evening["to"]) == (DAY.isoformat(), "22:15", "23:15")


async def test_an_empty_form_proposes_what_can_be_had(desk: Desk, room: Room) -> None:
    profile = await OpeningProfile.create(code="daily", closed_on_holidays=False)
    await OpeningSpan.create(profile=profile, weekday=DAY.weekday(), opens=9 * 60, closes=17 * 60)
    await Room.filter(id=room.id).update(opening_id=profile.id)
    await mine(desk, local(9), room, "bob")
    page = (await desk.get(f"/bookings/new?room=MAIN&date={DAY}", "alice")).text
    assert [re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("from", "to")] == ["10:00", "11:00"]  # type: ignore[index]
    assert "Free 10:00–11:00" in text_of(page)


async def test_a_missing_time_is_said_to_be_missing(desk: Desk, room: Room) -> None:
    answer = await desk.post("/bookings", "alice", **form(**{"from": ""}))
    assert "A time is missing" in text_of(answer.text)


@pytest.mark.parametrize("date", ["x", "2026-02-30", "9999-12-31"])
async def test_a_date_that_is_none_proposes_nothing(desk: Desk, room: Room, date: str) -> None:
    page = await desk.get(f"/bookings/new?room=MAIN&date={date}", "alice")
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("visibility", "text"), [("public", "Everybody sees it"), ("internal", "Only your institution")]
)
async def test_the_form_says_who_sees_the_title(desk: Desk, room: Room, visibility: str, text: str) -> None:
    await Room.filter(id=room.id).update(visibility=visibility)
    assert text in text_of((await desk.get("/bookings/new?room=MAIN", "alice")).text)


@pytest.mark.parametrize("nonsense", ["x", "MAIN|soon|later", "MAIN|2026-11-26T10:00|2026-11-26T11:00", "|||"])
async def test_a_forged_alternative_changes_nothing(desk: Desk, room: Room, nonsense: str) -> None:
    await desk.post("/bookings", "alice", **form(alternative=nonsense))
    assert (await Booking.get()).starts_at == local(10)


async def test_any_free_room_is_the_smallest_that_fits(desk: Desk, room: Room) -> None:
    await make.make_room(code="QUIET", visibility=Visibility.CONFIDENTIAL, capacity=4)
    await desk.post("/bookings", "alice", **form(room="any", attendees="3"))
    await desk.post("/bookings", "alice", **form(room="any", attendees="3", key="k2"))
    assert [one.room.code for one in await Booking.all().order_by("created_at").select_related("room")] == [
        "MAIN",
        "OTHER",
    ]
    third = await desk.post("/bookings", "alice", **form(room="any", attendees="3", key="k3"))
    assert "No room is free then" in text_of(third.text)


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_a_quiet_rooms_form_has_no_title(desk: Desk, visibility: Visibility) -> None:
    await make.make_room(code="MAIN", visibility=visibility)
    opened = await desk.get("/bookings/new?room=MAIN", "coordinator")
    assert 'name="title"' not in opened.text
    assert "no title and no names" in text_of(opened.text)
    forged = await desk.post("/bookings", "coordinator", **form(title="Anna K."))
    assert "Bookings of this room have no title" in text_of(forged.text)
    assert 'value="Anna K."' in forged.text
    assert not await Booking.exists()
    assert (await desk.post("/bookings", "coordinator", **form(title="", kind="interview"))).status_code == 303


async def test_a_stranger_to_a_room_learns_nothing_of_its_times(desk: Desk) -> None:
    hidden = await make.make_room(code="MAIN", visibility=Visibility.HIDDEN)
    await mine(desk, local(10), hidden, "coordinator", title="")
    answer = await desk.get("/bookings/answer", "alice", params=form(title=""))
    free = await desk.get("/bookings/answer", "alice", params=form(title="", **{"from": "15:00", "to": "16:00"}))
    assert answer.text == free.text
    assert "may not book MAIN" in answer.text


async def test_the_answer_says_what_would_happen(desk: Desk, room: Room) -> None:
    await make.make_asset(name="Projektor", condition="in_repair", room=room)
    query = form(title="", **{"from": "9:00", "to": "10:00"})
    free = (await desk.get("/bookings/answer", "alice", params=query)).text
    assert "Free 09:00–10:00" in free
    assert "12 seats" in free
    assert "Projektor – in repair" in free
    await mine(desk, local(9), room, "bob")
    answer = (await desk.get("/bookings/answer", "alice", params=query)).text
    assert "Taken 09:00–10:00" in answer
    assert "The other room" in answer
    assert "/bookings/new?room=OTHER" in unescape(answer)


async def test_outside_advisory_hours_is_a_warning_and_strict_ones_a_reason(desk: Desk) -> None:
    opening = await make.make_opening()
    await make.make_room(code="MAIN", opening=opening, hours_policy=HoursPolicy.ADVISORY)
    await make.make_room(code="STRICT", opening=opening, hours_policy=HoursPolicy.STRICT)
    late = form(title="", **{"from": "20:00", "to": "21:00"})
    assert "outside the opening hours" in (await desk.get("/bookings/answer", "alice", params=late)).text
    assert (
        "STRICT is closed then" in (await desk.get("/bookings/answer", "alice", params=late | {"room": "STRICT"})).text
    )
    assert (await desk.post("/bookings", "alice", **late)).status_code == 303
    booking = await Booking.get()
    assert "outside the opening hours" in await desk.read(f"/bookings/{booking.id}", "alice")


async def test_an_auditor_has_no_form(desk: Desk, room: Room) -> None:
    assert (await desk.get("/bookings/new", "auditor")).status_code == 403
    assert (await desk.post("/bookings", "auditor", **form())).status_code == 403
    for path in ("/", "/calendar", "/calendar?view=week", "/bookings"):
        assert "/bookings/new" not in (await desk.get(path, "auditor")).text, path


async def test_a_coordinator_blocks_and_books_for_others(desk: Desk, room: Room) -> None:
    opened = (await desk.get("/bookings/new?room=MAIN", "coordinator")).text
    assert '<option value="block"' in opened
    assert 'name="organizer"' in opened
    ordinary = (await desk.get("/bookings/new?room=MAIN", "alice")).text
    assert '<option value="block"' not in ordinary
    end = (DAY + timedelta(days=2)).isoformat()
    blocked = await desk.post("/bookings", "coordinator", **form(kind="block", title="Malowanie", date_to=end))
    assert blocked.status_code == 303, text_of(blocked.text)
    assert (await Booking.get(kind=Kind.BLOCK)).ends_at == local(11, 0, DAY + timedelta(days=2))
    unknown = await desk.post("/bookings", "coordinator", **form(room="OTHER", organizer="nobody"))
    assert "There is nobody with the login nobody" in text_of(unknown.text)
    typed = form(room="OTHER", organizer="alice", key="k2")
    assert (await desk.post("/bookings", "coordinator", **typed)).status_code == 303
    assert (await Booking.get(kind=Kind.MEETING)).organizer_id == desk.people["alice"].id


async def edit(desk: Desk, booking: Booking, who: str = "alice", **typed: Any) -> Any:
    was = {
        "room": "MAIN",
        "date": DAY.isoformat(),
        "from": "10:00",
        "to": "11:00",
        "title": "Narada",
        "kind": "meeting",
    }
    fields = form(revision=str(booking.revision), was=json.dumps(was), kind="meeting") | typed
    return await desk.post(f"/bookings/{booking.id}", who, **fields)


async def test_a_booking_is_changed_and_its_history_told(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    answer = await edit(desk, booking, title="Inny temat", to="11:30")
    assert answer.status_code == 303, text_of(answer.text)
    await booking.refresh_from_db()
    assert (booking.title, booking.ends_at) == ("Inny temat", local(11, 30))
    text = await desk.read(f"/bookings/{booking.id}", "alice")
    assert "10:00–11:00 → 10:00–11:30" in text
    assert "„Narada” → „Inny temat”" in text


async def test_a_stale_form_says_what_changed_and_keeps_what_was_typed(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    stale_revision = booking.revision
    assert (await edit(desk, booking, who="coordinator", title="Zmieniony")).status_code == 303
    booking.revision = stale_revision
    answer = await edit(desk, booking, title="Mój wpis", attendees="5")
    text = text_of(answer.text)
    assert "Somebody changed this booking meanwhile" in text
    assert "Title: was “Narada”, is now “Zmieniony”." in text
    assert 'value="Mój wpis"' in answer.text
    fresh = re.search(r'name="revision" value="(\d+)"', answer.text)
    assert fresh
    assert (await edit(desk, booking, title="Mój wpis", revision=fresh[1])).status_code == 303
    await booking.refresh_from_db()
    assert booking.title == "Mój wpis"


@pytest.mark.parametrize("was", ["", "[]", "not json", "7"])
async def test_a_stale_form_without_its_memory_is_still_answered(desk: Desk, room: Room, was: str) -> None:
    booking = await mine(desk, local(10), room)
    answer = await edit(desk, booking, revision="99", was=was)
    assert "Somebody changed this booking meanwhile" in text_of(answer.text)


async def test_a_revision_that_is_no_number_is_not_read(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    assert (await edit(desk, booking, title="Inny temat", revision="²")).status_code == 303


async def test_a_change_into_a_taken_time_is_refused_with_alternatives(desk: Desk, room: Room) -> None:
    await mine(desk, local(12), room, "bob")
    booking = await mine(desk, local(10), room)
    answer = await edit(desk, booking, **{"from": "12:00", "to": "13:00"})
    assert answer.status_code == 409
    assert 'name="alternative"' in answer.text
    assert (await Booking.get(id=booking.id)).starts_at == local(10)


async def test_a_strangers_booking_is_only_a_time(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room, title="KANAREK-77")
    colleague = await desk.read(f"/bookings/{booking.id}", "bob")
    assert "KANAREK-77" in colleague
    stranger = await desk.get(f"/bookings/{booking.id}", "member")
    assert "KANAREK-77" not in stranger.text
    assert "Alice" not in stranger.text
    for act in ("check-in", "cancel", "end", "extend", "undo-release"):
        answer = await desk.post(f"/bookings/{booking.id}/{act}", "member")
        assert answer.status_code in (403, 409), act
        assert "KANAREK-77" not in answer.text
    answer = await edit(desk, booking, who="member", title="Moje")
    assert answer.status_code == 403
    assert "This is not your booking" in text_of(answer.text)


async def test_a_hidden_rooms_booking_is_not_there(desk: Desk) -> None:
    hidden = await make.make_room(code="MAIN", visibility=Visibility.HIDDEN)
    booking = await mine(desk, local(10), hidden, "coordinator", title="")
    assert (await desk.get(f"/bookings/{booking.id}", "member")).status_code == 404
    assert (await desk.post(f"/bookings/{booking.id}/cancel", "member")).status_code == 404
    assert (await desk.get("/bookings/no-such", "member")).status_code == 404


async def test_cancel_and_the_unknown_act(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    assert "Cancel the booking" in await desk.read(f"/bookings/{booking.id}", "alice")
    assert (await desk.post(f"/bookings/{booking.id}/explode", "alice")).status_code == 404
    answer = await desk.post(f"/bookings/{booking.id}/cancel", "alice")
    assert answer.headers["location"] == f"/bookings/{booking.id}?did=cancelled"
    await booking.refresh_from_db()
    assert booking.status is Status.CANCELLED
    again = await desk.post(f"/bookings/{booking.id}/end", "alice", next="/")
    assert again.status_code == 409
    assert "This booking is not running now" in text_of(again.text)


async def test_a_running_booking_is_extended_and_ended_and_goes_back_to_this_site_alone(desk: Desk, room: Room) -> None:
    now = datetime.now(UTC)
    booking = await mine(desk, now - timedelta(minutes=20), room, status=Status.CHECKED_IN)
    text = await desk.read(f"/bookings/{booking.id}", "alice")
    assert "+15 min" in text
    assert "End now" in text
    answer = await desk.post(f"/bookings/{booking.id}/extend", "alice", next="/")
    assert answer.headers["location"] == "/?did=extended"
    away = await desk.post(f"/bookings/{booking.id}/end", "alice", next="//evil.example/")
    assert away.headers["location"] == f"/bookings/{booking.id}?did=ended"
    await booking.refresh_from_db()
    assert booking.status is Status.ENDED


async def test_a_cancelled_booking_offers_to_take_it_back(desk: Desk, room: Room) -> None:
    await desk.post("/bookings", "alice", **form())
    booking = await Booking.get()
    page = await desk.send(f"/bookings/{booking.id}/cancel", "alice")
    assert "you can take this back" in text_of(page.text)
    assert f'action="/bookings/{booking.id}/undo-release"' in page.text
    back = await desk.send(f"/bookings/{booking.id}/undo-release", "alice")
    assert "The room is yours again." in back.text
    await booking.refresh_from_db()
    assert booking.status is Status.CONFIRMED


async def test_an_ended_booking_can_be_had_back_from_today(desk: Desk, room: Room) -> None:
    booking = await mine(desk, datetime.now(UTC) - timedelta(minutes=20), room, status=Status.CHECKED_IN)
    page = await desk.send(f"/bookings/{booking.id}/end", "alice", next="/")
    assert "Ended: Narada" in text_of(page.text)
    assert "nobody was there" not in text_of(page.text)
    await desk.post(f"/bookings/{booking.id}/undo-release", "alice", next="/")
    await booking.refresh_from_db()
    assert booking.status is Status.CHECKED_IN


def look_of(page: Any, act: str) -> str:
    match = re.search(rf'/{act}">.*?name="look" value="([^"]+)"', page.text)
    assert match
    return unescape(match[1])


async def test_a_button_pressed_twice_acts_once(desk: Desk, room: Room) -> None:
    booking = await mine(desk, datetime.now(UTC) - timedelta(minutes=20), room, status=Status.CHECKED_IN)
    look = look_of(await desk.get(f"/bookings/{booking.id}", "alice"), "extend")
    ends_at = booking.ends_at
    for _ in range(2):
        assert (await desk.post(f"/bookings/{booking.id}/extend", "alice", look=look)).status_code == 303
    await booking.refresh_from_db()
    assert booking.ends_at == ends_at + timedelta(minutes=15)
    look = look_of(await desk.get(f"/bookings/{booking.id}", "alice"), "extend")
    await desk.post(f"/bookings/{booking.id}/extend", "alice", look=look)
    await booking.refresh_from_db()
    assert booking.ends_at == ends_at + timedelta(minutes=30)


async def test_a_button_of_an_old_page_leaves_what_was_moved_alone(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    look = look_of(await desk.get(f"/bookings/{booking.id}", "alice"), "cancel")
    await edit(desk, booking, who="coordinator", to="12:00")
    page = await desk.post(f"/bookings/{booking.id}/cancel", "alice", look=look)
    assert "Somebody changed this meanwhile" in page.text
    await booking.refresh_from_db()
    assert booking.status is Status.CONFIRMED


async def test_a_change_sent_twice_is_one_change_and_no_stranger(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(10), room)
    for _ in range(2):
        answer = await edit(desk, booking, title="Inny temat", **{"from": "9,30"})
        assert answer.headers["location"] == f"/bookings/{booking.id}?did=changed"
    assert await HistoryEntry.filter(object=f"booking:{booking.id}", action="changed").count() == 1


async def test_a_release_is_told_with_its_evidence_and_undone(desk: Desk, room: Room) -> None:
    now = datetime.now(UTC)
    released = now - timedelta(minutes=2)
    text = {"sensor": "MAIN-occ", "says": "negative", "reason": "sees_nobody", "since": released.isoformat()}
    booking = await mine(
        desk, now - timedelta(minutes=15), room, ends_at=released, status=Status.RELEASED, released_at=released,
        release_reason="no_show", planned_ends_at=now + timedelta(minutes=45),
        evidence={"sensors": [text | {"confirmed_at": released.isoformat()}]},
    )  # fmt: skip
    page = await desk.read(f"/bookings/{booking.id}", "alice")
    assert "This booking was released" in page
    assert f"Sensor MAIN-occ saw nobody since {released.astimezone(WARSAW):%H:%M}" in page
    assert "last heard at" in page
    assert "Released: Narada" in await desk.read("/", "alice")
    answer = await desk.post(f"/bookings/{booking.id}/undo-release", "alice", next="/")
    assert answer.headers["location"] == "/?did=undone"
    await booking.refresh_from_db()
    assert booking.status is Status.CHECKED_IN
    assert await HistoryEntry.filter(object=f"booking:{booking.id}", action="release_undone").exists()


async def test_the_list_of_ones_own(desk: Desk, room: Room) -> None:
    assert "You have no bookings ahead" in await desk.read("/bookings", "alice")
    await mine(desk, local(10), room)
    await mine(desk, datetime.now(UTC) - timedelta(days=3), room, title="Dawno", status=Status.ENDED)
    text = await desk.read("/bookings", "alice")
    assert text.index("Narada") < text.index("Dawno")
    assert "Narada" not in await desk.read("/bookings", "bob")


async def test_the_small_form_is_a_part_that_posts_the_same(desk: Desk, room: Room) -> None:
    chosen = f"MAIN|{local(10).isoformat()}|{local(11).isoformat()}"
    part = await desk.get(
        "/bookings/new", "alice", params={"alternative": chosen}, headers={"HX-Request-Type": "partial"}
    )
    assert "<html" not in part.text
    assert "10:00–11:00" in part.text
    assert 'name="from" value="10:00"' in part.text


async def test_another_room_shows_its_kinds_and_loses_nothing(desk: Desk, room: Room) -> None:
    await make.make_room(code="QUIET", visibility=Visibility.CONFIDENTIAL)
    page = await desk.post("/bookings/new", "duty", **form(room="QUIET", attendees="2", title="Narada"))
    assert page.status_code == 200
    assert '<option value="consultation"' in page.text
    assert '<option value="meeting"' not in page.text
    for value in ("2", "10:00", "Narada"):
        assert f'value="{value}"' in page.text
    assert not await Booking.exists()


async def test_the_answer_names_what_stands_in_the_way(desk: Desk) -> None:
    """Not the time that was wished for: what is booked then, and from when the room is free again."""
    tidied = await make.make_room(code="TIDY", cleanup_minutes=10)
    booking = await mine(desk, local(11, 15), tidied, "alice", title="Odprawa", ends_at=local(12, 15))
    await Booking.filter(id=booking.id).update(blocked_to=local(12, 25))
    wishes = {"11:30": "12:30", "12:15": "12:45"}
    answers = [
        unescape((await desk.get("/bookings/answer", "alice", params=form(room="TIDY", title="", **hours))).text)
        for hours in ({"from": start, "to": end} for start, end in wishes.items())
    ]
    assert "Taken 11:15–12:15 Odprawa" in answers[0]
    assert "free again from 12:25" in answers[0]
    assert "11:30–12:30" not in answers[0]
    assert "cleaned up until 12:25" in answers[1]


async def test_a_form_that_empties_the_number_of_people_takes_it_out(desk: Desk, room: Room) -> None:
    booking = await mine(desk, local(9), room, "alice", attendees=8)
    fields = form(title="", attendees="", revision=str(booking.revision), **{"from": "9:00", "to": "10:00"})
    answer = await desk.post(f"/bookings/{booking.id}", "alice", **fields)
    assert answer.headers["location"].endswith("did=changed"), answer.text
    assert (await Booking.get(id=booking.id)).attendees is None


async def test_my_bookings_do_not_stop_at_fifty(desk: Desk, room: Room) -> None:
    for number in range(84):
        start = local(8) + timedelta(days=number)
        await mine(desk, start, room, title=f"Seria {number + 1}", ends_at=start + timedelta(hours=1))
    first = unescape(await desk.read("/bookings", "alice"))
    assert "Seria 50" in first
    assert "Seria 51" not in first
    assert "1–50 of 84" in first
    rest = unescape(await desk.read("/bookings?offset=50", "alice"))
    assert "Seria 51" in rest
    assert "Seria 84" in rest
    assert "51–84 of 84" in rest


async def test_a_member_books_for_a_colleague_whom_the_form_offers(desk: Desk) -> None:
    await make.make_room(code="MAIN")
    page = (await desk.get("/bookings/new?room=MAIN", "alice")).text
    assert '<option value="bob">' in page
    assert '<option value="coordinator">' not in page
