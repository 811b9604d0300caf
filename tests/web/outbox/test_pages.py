"""The bell, what of one's notices leaves the house, and the outbox."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.core.transaction import transaction
from registry.outbox import actions, letters, queries
from registry.outbox.actions import NewNotice
from registry.outbox.letters import Delivery, SortingPlan
from registry.outbox.models import Letter, LetterState, Notice
from registry.outbox.rules import Wishes
from registry.people.models import Person
from tests.conftest import WARSAW, Database
from tests.make import make_room
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PLAN = SortingPlan(True, frozenset(), 20, WARSAW)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", has_mail=True, channels=("Signal",))
    desk = await Desk(create_site(options)).open()
    for login in ("alice", "bob", "admin"):
        await Person.filter(login=login).update(mail=f"{login}@urzad.example")
    return desk


async def tell(person: Person, number: int = 1, kind: str = "booking.cancelled", **facts: Any) -> int:
    starts_at = datetime.now(UTC) + timedelta(days=1)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
    async with transaction() as change:
        notice = NewNotice(person.id, kind, f"{kind}:{number}", "booking:3f2", times | facts)
        await actions.tell(change, [notice], datetime.now(UTC))
    newest = await Notice.all().order_by("-id").first()
    return newest.id if newest else 0


async def letter(
    person: Person, state: LetterState = LetterState.DEAD, kind: str = "booking.cancelled", **facts: Any
) -> int:
    now = datetime.now(UTC)
    await tell(person, await Notice.all().count(), **facts)
    await letters.sort_out(PLAN, now)
    (parcel,) = await letters.claim(10, now)
    await letters.settle([Delivery(parcel.letter, state, "550 5.1.1 no such mailbox")], now)
    return parcel.letter.id


async def test_the_bell_counts_on_every_page_and_the_list_leads_to_the_thing(desk: Desk) -> None:
    await make_room(code="ZW-01", name_en="Conference room")
    alice = desk.people["alice"]
    assert '<b hidden aria-hidden="true">0</b>' in (await desk.get("/me", "alice")).text
    number = await tell(alice, room="ZW-01", title="Narada", by="Bob")
    assert 'aria-hidden="true">1</b>' in (await desk.get("/me", "alice")).text
    text = await desk.read("/notices", "alice")
    assert "Your booking was cancelled" in text
    assert "ZW-01 Conference room" in text
    assert "Narada · by Bob" in text
    answer = await desk.get(f"/notices/{number}", "alice")
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings/3f2")
    assert await queries.unread_count(alice.id) == 0
    assert (await desk.get(f"/notices/{number}", "bob")).status_code == 404


async def test_all_is_read_in_one_act_and_older_ones_are_a_page_away(desk: Desk) -> None:
    alice = desk.people["alice"]
    for number in range(33):
        await tell(alice, number)
    page = (await desk.get("/notices", "alice")).text
    assert page.count("<li data-new>") == 30
    assert "/notices?before=4" in page
    assert (await desk.get("/notices?before=4", "alice")).text.count("<li data-new>") == 3
    assert "nothing older" in await desk.read("/notices?before=1", "alice")
    await desk.send("/notices/read", "alice")
    assert "data-new" not in (await desk.get("/notices", "alice")).text.partition("<main")[2]


async def test_an_empty_list_says_what_will_stand_there(desk: Desk) -> None:
    assert "Nothing new" in await desk.read("/notices", "alice")


async def test_a_room_that_became_confidential_is_named_no_more(desk: Desk) -> None:
    room = await make_room(code="ZW-01", name_en="Conference room")
    await tell(desk.people["alice"], room="ZW-01", title="Narada", by="Bob")
    await type(room).filter(id=room.id).update(visibility="confidential")
    text = await desk.read("/notices", "alice")
    assert "cancelled" in text
    assert not {word for word in ("ZW-01", "Conference", "Narada", "Bob") if word in text}


async def test_what_one_chose_stands_there_and_what_cannot_be_is_said_at_its_field(desk: Desk) -> None:
    alice = desk.people["alice"]
    wish = {
        "revision": "0",
        "own_booking": "daily",
        "fault": "never",
        "daily": "6.30",
        "quiet_from": "18",
        "quiet_to": "7:00",
    }
    answer = await desk.send("/me/notices", "alice", **wish)
    assert "Your choice is stored" in answer.text
    wishes, revision = await queries.wishes_of(alice.id)
    assert wishes == Wishes({"own_booking": "daily", "fault": "never"}, 390, 1080, 420)
    for field, value, sentence in (
        ("own_booking", "never", "cannot be switched off"),
        ("daily", "soon", "not a time of day"),
        ("daily", "", "not a time of day"),
        ("quiet_to", "", "a beginning and an end"),
        ("channel", "Pigeon", "no such channel"),
        ("channel_address", "a/b", "letters, digits"),
    ):
        typed = wish | {"channel": "Signal", "channel_address": "+48"} | {"revision": str(revision), field: value}
        answer = await desk.post("/me/notices", "alice", **typed)
        assert answer.status_code == 422, field
        assert sentence in answer.text
        assert f'id="w-{field}-fault"' in answer.text
    stale = await desk.post("/me/notices", "alice", **wish)
    assert stale.status_code == 409 or stale.status_code == 412
    assert await queries.wishes_of(alice.id) == (wishes, revision)


async def test_everybody_chooses_among_what_they_are_ever_told(desk: Desk) -> None:
    for who, may in (("alice", False), ("facilities", False), ("admin", True)):
        page = (await desk.get("/me/notices", who)).text
        assert ('name="backup"' in page) is may
        assert ('name="device"' in page) is (may or who == "facilities")


async def test_a_trial_is_told_and_without_an_address_it_is_said_what_to_do(desk: Desk) -> None:
    assert "on its way" in (await desk.send("/me/notices/trial", "alice")).text
    assert (await Notice.get()).kind == "account.trial"
    await Person.filter(login="bob").update(mail="")
    assert "no mail address" in (await desk.post("/me/notices/trial", "bob")).text


async def test_the_outbox_shows_what_did_not_arrive_and_sends_it_again(desk: Desk) -> None:
    await make_room(code="ZW-01", name_en="Conference room")
    number = await letter(desk.people["alice"], room="ZW-01", title="Narada", by="Bob")
    text = await desk.read("/admin/outbox", "admin")
    assert "0 waiting · 0 sent today · 1 did not arrive" in text
    assert "Your booking was cancelled alice 1" in text
    text = await desk.read(f"/admin/outbox?state=dead&letter={number}", "admin")
    assert "550 5.1.1 no such mailbox" in text
    assert "alice@urzad.example" in text
    assert "ZW-01 Conference room" in text
    await desk.send(f"/admin/outbox/{number}/send-again", "admin", state="dead")
    assert (await Letter.get()).state is LetterState.WAITING
    await desk.send(f"/admin/outbox/{number}/drop", "admin", state="waiting")
    assert (await Letter.get()).state is LetterState.DROPPED
    assert (await desk.post(f"/admin/outbox/{number}/burn", "admin")).status_code == 404


async def test_sent_today_is_what_was_sent_today(desk: Desk) -> None:
    await letter(desk.people["alice"], LetterState.SENT)
    await letter(desk.people["bob"], LetterState.SENT)
    await Letter.filter(person__login="bob").update(sent_at=datetime.now(UTC) - timedelta(days=2))
    text = await desk.read("/admin/outbox?state=sent", "admin")
    assert "1 sent today" in text
    assert "Your booking was cancelled alice" in text
    assert "Your booking was cancelled bob" not in text


async def test_of_approvals_one_chooses_when_and_never_whether(desk: Desk) -> None:
    page = await desk.get("/me/notices", "alice")
    assert 'name="approval" value="daily"' in page.text
    assert 'name="approval" value="never"' not in page.text


async def test_the_outbox_shows_no_link_that_opens_an_account(desk: Desk) -> None:
    now = datetime.now(UTC)
    async with transaction() as change:
        secret = NewNotice(desk.people["alice"].id, "account.invited", "i", secret="https://x.example/KANAREK")
        await actions.tell(change, [secret], now)
    await letters.sort_out(PLAN, now)
    page = await desk.get(f"/admin/outbox?state=waiting&letter={(await Letter.get()).id}", "admin")
    assert "KANAREK" not in page.text
    assert "shown to nobody" in page.text


async def test_a_letter_about_a_shy_room_says_so(desk: Desk) -> None:
    number = await letter(desk.people["alice"])
    text = await desk.read(f"/admin/outbox?letter={number}", "admin")
    assert "the letter does not say which" in text


async def test_the_outbox_is_for_who_runs_izba(desk: Desk) -> None:
    number = await letter(desk.people["alice"])
    for who in desk.people:
        may = who == "admin"
        assert ((await desk.get("/admin/outbox", who)).status_code == 200) is may, who
        answer = await desk.post(f"/admin/outbox/{number}/drop", who)
        assert (answer.status_code == 303) is may, who


async def test_without_a_server_the_pages_say_that_no_mail_leaves(database: Database, tmp_path: Path) -> None:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    assert "No mail server is set" in await desk.read("/admin/outbox", "admin")
    assert "No mail server is set" in await desk.read("/me/notices", "alice")
