"""What awaits approval on pages and calls: who asks sees that it waits, who is asked answers by one tap."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from registry.bookings.actions import book
from registry.bookings.models import Booking, Status
from registry.bookings.projections import MeetingSpan
from registry.bookings.rules import BookingRequest
from registry.core.history import Actor
from registry.outbox.models import Notice
from registry.people.models import Role
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.rooms.plan import note_of

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
TITLE = "KANAREK"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    """Carol, of another institution, approves what is booked in SALA."""
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    room = await make.make_room(code="SALA", name="Sala")
    carol = await make.make_person("carol")
    await desk.hire(carol)
    await room.approvers.add(carol)
    return desk


async def asked(desk: Desk, hours: float = 24, who: str = "alice", **fields: Any) -> Booking:
    starts_at = soon(hours)
    request = BookingRequest("SALA", starts_at, soon(hours + 1), **{"title": TITLE} | fields)
    person = desk.people[who]
    return await book(request, person, Actor(person.name, "web", person.id), datetime.now(UTC))


async def test_who_asks_is_told_that_it_waits_and_for_whom(desk: Desk) -> None:
    day = soon(30)
    form = {"room": "SALA", "date": f"{day:%Y-%m-%d}", "from": "10:00", "to": "11:00", "title": TITLE, "key": "k"}
    assert "until somebody approves it" in (await desk.get("/bookings/new", "alice", params=form)).text
    page = await desk.send("/bookings", "alice", **form)
    assert "This booking awaits approval" in page.text
    assert "Asked: Carol" in page.text
    assert "The time is kept for you until somebody answers" in page.text
    again = await desk.post("/bookings", "alice", **form)
    assert again.headers["location"].endswith("did=booked_before")
    for path in ("/", "/bookings"):
        assert "awaiting approval" in await desk.read(path, "alice"), path


async def test_a_change_that_asks_anew_says_so(desk: Desk) -> None:
    booking = await asked(desk, 30)
    await desk.post(f"/approvals/{booking.id}/approve", "carol")
    day = soon(54)
    form = {
        "room": "SALA",
        "date": f"{day:%Y-%m-%d}",
        "from": "10:00",
        "to": "11:00",
        "title": TITLE,
        "kind": "meeting",
    }
    for _ in range(2):  # the second is the first, sent again
        answer = await desk.post(f"/bookings/{booking.id}", "alice", **form, revision="2")
        assert answer.headers["location"] == f"/bookings/{booking.id}?did=asked"


async def test_the_others_see_that_it_waits_and_no_more(desk: Desk) -> None:
    booking = await asked(desk)
    text = (await desk.get(f"/calendar?date={booking.starts_at:%Y-%m-%d}", "member")).text
    assert "awaiting approval" in text
    assert TITLE not in text
    assert TITLE not in (await desk.get("/approvals", "member")).text
    assert "It waits for your answer" not in (await desk.get(f"/bookings/{booking.id}", "member")).text
    refused = await desk.post(f"/approvals/{booking.id}/approve", "bob")
    assert refused.status_code == 403
    assert "for its approvers to say" in text_of(refused.text)


async def test_the_band_of_a_room_says_that_a_booking_waits() -> None:
    context: Any = SimpleNamespace(say=str)
    meeting = MeetingSpan("SALA", soon(1), soon(2), "meeting", "tentative", "theirs")
    assert note_of(meeting, context) == "theirs · waits for approval"
    assert note_of(meeting._replace(status="confirmed"), context) == "theirs"


async def test_an_auditor_is_asked_nothing(desk: Desk) -> None:
    await (await Room.get(code="SALA")).approvers.add(desk.people["auditor"])
    await asked(desk)
    assert "To approve" not in await desk.read("/", "auditor")
    assert (await desk.get("/approvals", "auditor")).status_code == 403


async def test_one_tap_approves_and_the_answer_can_be_taken_back(desk: Desk) -> None:
    booking = await asked(desk)
    assert f"To approve: {TITLE}" in await desk.read("/", "carol")
    assert "1 booking waits for your answer" in await desk.read("/approvals", "carol")
    page = await desk.send(f"/approvals/{booking.id}/approve", "carol", revision="1", next=f"/bookings/{booking.id}")
    assert (await Booking.get(id=booking.id)).status is Status.CONFIRMED
    assert "the answer can be taken back" in page.text
    assert "Nothing waits for your answer" in await desk.read("/approvals", "carol")
    again = await desk.post(f"/approvals/{booking.id}/approve", "carol", revision="1", next="/approvals")
    assert again.headers["location"] == f"/approvals?did=approved&about={booking.id}"
    assert (
        f'<a href="/bookings/{booking.id}">To the booking</a>'
        in (await desk.get(again.headers["location"], "carol")).text
    )
    assert (
        "<a href=" not in (await desk.get("/?did=approved&about=x", "carol")).text.partition('class="toast"')[2][:200]
    )
    late = await desk.post(f"/approvals/{booking.id}/reject", "coordinator", revision="1", reason="x")
    assert "Carol has answered already: the booking is confirmed." in text_of(late.text)
    await desk.post(f"/approvals/{booking.id}/undo", "carol")
    assert (await Booking.get(id=booking.id)).status is Status.TENTATIVE


async def test_a_refusal_says_why_and_keeps_what_was_typed(desk: Desk) -> None:
    booking = await asked(desk)
    long = "x" * 301
    page = await desk.post(f"/approvals/{booking.id}/reject", "carol", revision="1", reason=long)
    assert page.status_code == 422
    assert "longer than 300 characters" in page.text
    assert long in page.text
    await desk.post(f"/approvals/{booking.id}/reject", "carol", revision="1", reason="sala w remoncie")
    assert "Carol: sala w remoncie" in await desk.read(f"/bookings/{booking.id}", "alice")
    assert "sala w remoncie" in (await desk.get("/notices", "alice")).text


async def test_what_was_changed_since_it_was_looked_at_is_not_approved(desk: Desk) -> None:
    booking = await asked(desk)
    page = await desk.post(f"/approvals/{booking.id}/approve", "carol", revision="9")
    assert page.status_code == 412
    assert (await Booking.get(id=booking.id)).status is Status.TENTATIVE
    assert (await desk.post(f"/approvals/{booking.id}/praise", "carol")).status_code == 404


async def test_a_long_list_goes_on_and_today_names_the_first(desk: Desk) -> None:
    for hour in range(7):
        await asked(desk, 24 + 2 * hour, title=f"Narada {hour}")
    text = await desk.read("/", "coordinator")
    assert "To approve: Narada 4" in text
    assert "To approve: Narada 5" not in text
    assert "2 more bookings" in text
    assert "7 bookings wait for your answer" in await desk.read("/approvals?offset=x", "coordinator")
    assert "7 bookings wait for your answer" in await desk.read("/approvals?offset=5", "coordinator")


async def test_in_the_help_point_the_reason_is_chosen(desk: Desk) -> None:
    await Room.filter(code="SALA").update(visibility="confidential")
    officer = await make.make_person("officer", role=Role.DUTY)
    await desk.hire(officer)
    await (await Room.get(code="SALA")).approvers.add(officer)
    booking = await asked(desk, who="duty", title="", kind="consultation")
    page = await desk.get(f"/bookings/{booking.id}", "officer")
    assert "another room serves as well" in page.text
    assert (await desk.get(f"/bookings/{booking.id}", "carol")).text.count("It waits for your answer") == 0
    await desk.post(f"/approvals/{booking.id}/reject", "officer", revision="1", reason="elsewhere")
    assert "another room serves as well" in await desk.read(f"/bookings/{booking.id}", "duty")
    assert "another room" not in (await desk.get("/notices", "duty")).text


async def test_who_runs_rooms_names_approvers_on_the_rooms_page(desk: Desk) -> None:
    page = "/admin/places/rooms/SALA"
    text = (await desk.get(page, "coordinator")).text
    assert 'name="approvers" type="checkbox" value="carol" checked' in " ".join(text.split())
    wrong = await desk.post(f"{page}/approvers", "coordinator", approvers="carol", login="nobody")
    assert (wrong.status_code, 'value="nobody"' in wrong.text) == (404, True)
    refused = await desk.post(f"{page}/approvers", "coordinator", approvers="carol", login="auditor")
    assert "cannot approve bookings here" in text_of(refused.text)
    await desk.post(f"{page}/approvers", "coordinator", approvers="carol", login=" Bob ")
    room = await Room.get(code="SALA")
    assert await room.approvers.all().order_by("login").values_list("login", flat=True) == ["bob", "carol"]
    assert (await asked(desk, who="bob")).status is Status.CONFIRMED, "from now on"
    await desk.post(f"{page}/approvers", "coordinator")
    assert (await asked(desk, 48)).status is Status.CONFIRMED


async def test_programs_list_and_answer(desk: Desk) -> None:
    booking = await asked(desk)
    listing = (await desk.api("GET", "/approvals", "carol")).json()
    assert (listing["total"], listing["items"][0]["id"], listing["items"][0]["title"]) == (1, str(booking.id), TITLE)
    assert (await desk.api("GET", "/approvals", "bob")).json()["total"] == 0
    path = f"/bookings/{booking.id}"
    stale = await desk.api("POST", f"{path}/approve", "carol", headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    answer = await desk.api("POST", f"{path}/approve", "carol", headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (200, "confirmed", '"2"')
    late = await desk.api("POST", f"{path}/reject", "coordinator", json={"reason": "x"})
    assert (late.status_code, late.json()["code"]) == (409, "booking.answered")
    assert (await desk.api("POST", f"{path}/undo-answer", "carol")).json()["status"] == "tentative"
    assert (await desk.api("POST", f"{path}/reject", "carol", json={"reason": "x"})).json()["status"] == "rejected"
    kinds = await Notice.filter(person=desk.people["alice"]).order_by("id").values_list("kind", flat=True)
    assert kinds == ["approval.granted", "approval.reopened", "approval.refused"]
