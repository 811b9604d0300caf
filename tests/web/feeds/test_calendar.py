"""A feed as a calendar program reads it, read back with the icalendar library; and the page where it is made."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from registry.duties.models import Duty
from registry.feeds.models import CalendarFeed
from registry.rooms.models import Room, Visibility
from tests.make import make_room
from tests.web.conftest import Office, soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
BASE = "http://127.0.0.1:8000"


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def feed_of(office: Office, who: str = "alice", **body: str) -> dict[str, Any]:
    answer = await office.post("/feeds", body or {"of": "me"}, who)
    assert answer.status_code == 201, answer.text
    feed: dict[str, Any] = answer.json()
    return feed


async def read(office: Office, feed: dict[str, Any], **more: Any) -> Any:
    return await office.client.get(feed["url"].removeprefix(BASE), **more)


async def events(office: Office, feed: dict[str, Any]) -> list[Any]:
    answer = await read(office, feed)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    return Calendar.from_ical(answer.content).walk("VEVENT")


async def test_a_feed_of_a_room_holds_what_the_api_holds(office: Office) -> None:
    title = "Próba; przecinek, ukośnik \\ i długi tytuł " + "ż" * 60
    booking = (await office.book(24, "M-1", wish={"title": title})).json()
    feed = await feed_of(office, of="room", code="M-1")
    assert feed["url"].endswith("/M-1.ics")
    (event,) = await events(office, feed)
    assert str(event["uid"]) == f"{booking['id']}@izba"
    assert str(event["summary"]) == title
    span = [event[name].dt.isoformat().replace("+00:00", "Z") for name in ("dtstart", "dtend")]
    assert [datetime.fromisoformat(one) for one in span] == [
        datetime.fromisoformat(booking[name]) for name in ("starts_at", "ends_at")
    ]
    assert (event["status"], event["sequence"]) == ("CONFIRMED", 0)
    assert str(event["url"]) == f"{BASE}/bookings/{booking['id']}"
    # somebody of another institution sees that there is a meeting, and not which one
    (event,) = await events(office, await feed_of(office, "charlie", of="room", code="M-1"))
    assert str(event["summary"]) == "Meeting"
    assert booking["id"] not in str(event["uid"])
    await office.post(f"/bookings/{booking['id']}/cancel", {})
    assert await events(office, feed) == []


async def test_a_help_point_room_is_taken_and_nothing_else_even_for_who_sees_more(office: Office) -> None:
    booking = await office.held("C-1", 24, "coordinator", title="KANAREK", kind="interview")
    await Room.filter(code="C-1").update(name="Pokój konsultacji KANAREK")
    feeds = [await feed_of(office, "coordinator", of="room", code="C-1"), await feed_of(office, "coordinator")]
    for feed in feeds:
        text = (await read(office, feed)).text
        assert not any(word in text for word in ("KANAREK", "nterview", str(booking.id), "coordinator@", "LOCATION"))
        (event,) = Calendar.from_ical(text).walk("VEVENT")
        assert (str(event["summary"]), str(event["class"])) == ("Taken", "PRIVATE")
        assert (event["dtstart"].dt, event["dtend"].dt) == (booking.starts_at, booking.ends_at)
    assert (await office.post("/feeds", {"of": "room", "code": "H-1"}, "coordinator")).json()[
        "code"
    ] == "feed.hidden_room"


async def test_ones_own_feed_has_ones_duties(office: Office) -> None:
    person, room = office.people["duty"], office.rooms["M-1"]
    duty = await Duty.create(room=room, person=person, name="dyżurny", roster="D", starts_at=soon(3), ends_at=soon(5))
    (event,) = await events(office, await feed_of(office, "duty"))
    assert (str(event["uid"]), str(event["summary"])) == (f"duty-{duty.id}@izba", "Duty: dyżurny")
    assert room.number in str(event["location"])


async def test_an_unchanged_feed_is_not_sent_again(office: Office) -> None:
    await office.held("M-1", 24)
    feed = await feed_of(office, of="room", code="M-1")
    first = await read(office, feed)
    again = await read(office, feed, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["cache-control"] == "private, no-cache"
    await office.book(30, "M-1")
    changed = await read(office, feed, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert len(Calendar.from_ical(changed.content).walk("VEVENT")) == 2
    assert (await office.client.head(feed["url"].removeprefix(BASE))).status_code == 200


async def test_a_guessed_and_a_withdrawn_address_lead_nowhere(office: Office) -> None:
    feed = await feed_of(office)
    for path in (f"/feeds/{'A' * 32}/room.ics", "/feeds/x/me.ics", f"/feeds/{'%C5%BC' * 32}/me.ics"):
        assert (await office.client.get(path)).status_code == 404, path
    assert (await office.call("DELETE", f"/feeds/{feed['id']}", "bob")).status_code == 404
    assert (await office.call("DELETE", f"/feeds/{feed['id']}")).status_code == 204
    assert (await read(office, feed)).status_code == 404
    assert (await office.get("/feeds")).json()["items"] == []


async def test_whoever_made_a_feed_has_it_again(office: Office) -> None:
    feed = await feed_of(office, of="room", code="M-1")
    assert await feed_of(office, of="room", code="M-1") == feed
    assert (await office.get("/feeds")).json()["items"] == [feed]
    await CalendarFeed.filter(id=feed["id"]).update(digest="0" * 64)
    (item,) = (await office.get("/feeds")).json()["items"]
    assert item["url"] is None, "made with another key of the server"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"of": "everybody"}, "request.bad_field"),
        ({"of": "room"}, "room.unknown"),
        ({"of": "me", "code": "M-1"}, "request.unknown_field"),
        ({"of": "institution", "code": "none"}, "institution.unknown"),
        ({"of": "room", "code": "M-1", "secret": "mine"}, "request.unknown_field"),
    ],
)
async def test_what_cannot_be_a_feed_is_refused(office: Office, body: dict[str, str], code: str) -> None:
    assert (await office.post("/feeds", body)).json()["code"] == code


async def test_the_page_makes_shows_and_withdraws(desk: Desk) -> None:
    await make_room(code="M-1", bookable=True)
    await make_room(code="H-1", bookable=True, visibility=Visibility.HIDDEN)
    page = await desk.read("/feeds?of=M-1", "alice")
    assert "No calendars yet" in page
    assert "H-1" not in page
    answer = await desk.send("/feeds", "alice", of="room M-1")
    assert "The calendar is ready" in text_of(answer.text)
    assert "/M-1.ics" in answer.text
    assert "There is no room none" in text_of((await desk.send("/feeds", "alice", of="room none")).text)
    for of in ("everybody", "", "institution \x00"):
        assert "No calendar was made" in text_of((await desk.send("/feeds", "alice", of=of)).text), of
    feed = await CalendarFeed.get()
    gone = await desk.send(f"/feeds/{feed.id}/withdraw", "alice")
    assert "The calendar is withdrawn" in text_of(gone.text)
    assert (await CalendarFeed.get()).withdrawn_at is not None
