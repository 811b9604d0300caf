"""The pages of people and institutions: found, added, invited, changed, closed."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from registry.assets.models import Asset
from registry.core.history import HistoryEntry
from registry.core.idempotency import IdempotencyKey
from registry.outbox.models import Notice
from registry.people import links
from registry.people.models import Institution, OneUseLink, Person, Role, Session, Token
from registry.people.rules import CAPABILITIES
from tests.conftest import Database
from tests.make import make_asset, make_booking, make_institution, make_person
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.people.handing import NEW_LINKS
from web.people.words import CAPABILITY_WORDS

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
FORM = {"login": "nowa.osoba", "name": "Nowa Osoba", "role": "duty", "languages": "uk", "mail": "nowa@office.example"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(
        create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", has_mail=True))
    ).open()


def faults_on(page: str) -> str:
    return " ".join(
        unescape(re.sub("<[^>]+>", "", one)).strip() for one in re.findall(r'role="alert".*?</(?:p|div)>', page, re.S)
    )


async def test_people_are_listed_with_how_they_stand(desk: Desk) -> None:
    await make_asset(custodian=desk.people["bob"])
    await make_booking(soon(24), organizer=desk.people["bob"])
    await make_person("zed", name="Zed Gone", is_active=False)
    text = await desk.read("/admin/people", "admin")
    assert "10 accounts" in text
    assert "Zed Gone zed Team member" in text
    assert "closed" in text
    page = (await desk.get("/admin/people?q=bob", "coordinator")).text
    assert "Bob" in page
    assert "zed" not in page
    assert re.findall(r'class="num minor">(.*?)<', page) == ["1", "1", "–"]
    assert "Zed" in await desk.read("/admin/people?view=closed", "auditor")
    assert "Nobody fits" in await desk.read("/admin/people?q=nobodyatall", "admin")
    assert (await desk.get("/admin/people?sort=name", "admin")).status_code == 422


async def test_somebody_is_added_and_invited_by_a_link(desk: Desk) -> None:
    answer = await desk.post(
        "/admin/people/new", "admin", **FORM, deliver="link", more_languages="be", until="2030-12-31"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/people/nowa.osoba?did=invited")
    person = await Person.get(login="nowa.osoba")
    assert (person.name, person.role, person.languages, person.mail) == ("Nowa Osoba", "duty", "uk,be", FORM["mail"])
    secret = answer.cookies[NEW_LINKS]
    async with desk._client("admin") as client:
        client.cookies.set(NEW_LINKS, secret)
        page = (await client.get("/admin/people/nowa.osoba")).text
        assert f"/password/{secret}" in page
        assert "-".join(re.findall("....", secret)) in page
        pdf = await client.get("/admin/people/slips")
        assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        assert f"/password/{secret}" not in (await client.get("/admin/people/bob")).text, "it is another's"
    assert secret not in (await desk.get("/admin/people/nowa.osoba", "admin")).text
    assert secret not in str(await HistoryEntry.all().values())


async def test_an_invitation_by_mail_leaves_by_the_outbox_and_is_on_no_page(desk: Desk) -> None:
    page = await desk.send("/admin/people/new", "admin", **FORM, deliver="mail")
    assert "on its way" in page.text
    notice = await Notice.get()
    assert (notice.kind, notice.secret.rsplit("/", 1)[0]) == ("account.invited", "http://127.0.0.1:8000/password")
    secret = notice.secret.rsplit("/", 1)[1]
    assert secret not in page.text
    again = await desk.post("/admin/people/nowa.osoba/invite", "admin", way="mail")
    assert NEW_LINKS not in again.cookies
    assert (await desk.get(f"/password/{secret}", "admin")).status_code == 404, "the newer one counts"
    refused = await desk.post("/admin/people/bob/invite", "admin", way="mail")
    assert "has no mail address" in faults_on(refused.text)


async def test_a_form_that_is_sent_twice_opens_one_account(desk: Desk) -> None:
    for _ in range(2):
        answer = await desk.post("/admin/people/new", "admin", **FORM, deliver="later", key="k1")
        assert answer.headers["location"] == "/admin/people/nowa.osoba?did=added"
    assert await Person.filter(login="nowa.osoba").count() == 1
    assert await OneUseLink.all().count() == 0


async def test_a_form_that_is_sent_twice_invites_once(desk: Desk) -> None:
    cookies = []
    for _ in range(2):
        answer = await desk.post("/admin/people/new", "admin", **FORM, deliver="link", key="k1")
        assert answer.headers["location"] == "/admin/people/nowa.osoba?did=invited"
        cookies.append(answer.cookies.get(NEW_LINKS, ""))
    assert [len(cookie) for cookie in cookies] == [20, 0], "the browser has the link of the first time"
    assert await OneUseLink.all().count() == 1
    assert cookies[0] not in str(await IdempotencyKey.all().values())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "Żuk"}, "cannot be a login"),
        ({"login": "ALICE"}, "is taken"),
        ({"name": " "}, "name is missing"),
        ({"role": "boss"}, "There is no role boss"),
        ({"mail": "a@b.pl\r\nBcc: c@d.pl"}, "is no mail address"),
        ({"until": "2030-02-31"}, "is not a date"),
        ({"until": "9999-12-31"}, "is not a date"),
        ({"institution": "nowhere"}, "There is no institution"),
        ({"more_languages": "polski"}, "is no language"),
        ({"mail": "", "deliver": "mail"}, "has no mail address"),
    ],
)
async def test_what_was_typed_stays_beside_its_fault(desk: Desk, fields: dict[str, str], sentence: str) -> None:
    count = await Person.all().count()
    answer = await desk.post("/admin/people/new", "admin", **(FORM | fields))
    assert answer.status_code in (404, 409, 422)
    assert sentence in faults_on(answer.text), faults_on(answer.text)
    for name in ("login", "name"):
        assert f'value="{(FORM | fields)[name]}"' in answer.text or not (FORM | fields)[name].strip()
    assert await Person.all().count() == count


async def test_an_account_is_changed(desk: Desk) -> None:
    await make_institution(code="ORA", name="Rada")
    page = (await desk.get("/admin/people/bob/edit", "admin")).text
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision
    fields = {"name": "Robert", "role": "facilities", "institution": "ORA", "languages": "en", "revision": revision[1]}
    text = text_of((await desk.send("/admin/people/bob/edit", "admin", **fields)).text)
    assert "Robert" in text
    assert "role: Team member → facilities" in text
    again = await desk.post("/admin/people/bob/edit", "admin", **fields)
    assert again.status_code == 412
    assert "Somebody changed this meanwhile" in faults_on(again.text)
    form = fields | {"until": "2027-06-30", "revision": str((await Person.get(login="bob")).revision)}
    text = text_of((await desk.send("/admin/people/bob/edit", "admin", **form)).text)
    assert "last day: – → 30/06/2027" in text, "the day itself, not the one on which midnight falls in UTC"
    await desk.send("/admin/people/admin/edit", "admin", name="A", role="member", revision="1")
    assert (await Person.get(login="admin")).role is Role.ADMIN


async def test_the_last_administrator_is_told_so_at_the_role(desk: Desk) -> None:
    answer = await desk.post("/admin/people/admin/edit", "admin", name="Admin", role="member", revision="1")
    assert "last administrator" in faults_on(answer.text)
    answer = await desk.post("/admin/people/admin/leave", "admin", revision="1")
    assert "last administrator" in faults_on(answer.text)
    assert (await Person.get(login="admin")).is_active


async def test_leaving_shows_what_hangs_and_hands_it_over(desk: Desk) -> None:
    bob = desk.people["bob"]
    await make_asset(custodian=bob, name="Krzesło obrotowe")
    await make_booking(soon(24), organizer=bob)
    text = await desk.read("/admin/people/bob", "admin")
    assert "In their care Krzesło obrotowe 1 piece" in text
    assert "1 booking" in text
    nobody = await desk.post("/admin/people/bob/leave", "admin", revision="1")
    assert "Say who takes it over" in faults_on(nobody.text)
    for name, sentence in (("nobody", "nobody with the login"), ("bob", "cannot take over"), ("auditor", "auditor: ")):
        refused = await desk.post("/admin/people/bob/leave", "admin", everything=name, revision="1")
        if name == "auditor":
            sentence = "may not book"
        assert sentence in faults_on(refused.text), name
        assert f'value="{name}"' in refused.text
    assert await Asset.filter(custodian_id=bob.id).count() == 1
    page = await desk.send("/admin/people/bob/leave", "admin", everything="alice", bookings="coordinator", revision="1")
    assert "The account is closed." in page.text
    assert "Nothing hangs on this person any more." in text_of(page.text)
    assert await Asset.filter(custodian_id=desk.people["alice"].id).count() == 1
    opened = await desk.send("/admin/people/bob/open", "admin")
    assert "open again" in opened.text


async def test_what_nobody_takes_over_stays_where_that_is_said(desk: Desk) -> None:
    await make_asset(custodian=desk.people["bob"])
    page = await desk.send("/admin/people/bob/leave", "admin", remaining="1", revision="1")
    assert "Still on their name" in text_of(page.text)
    page = await desk.send("/admin/people/bob/leave", "admin", everything="alice", revision="2")
    assert "Handed over." in page.text


async def test_sessions_and_tokens_are_seen_and_ended(desk: Desk) -> None:
    await desk.api("GET", "/rooms", "bob")
    session, token = await Session.get(person=desk.people["bob"]), await Token.get(person=desk.people["bob"])
    page = (await desk.get("/admin/people/bob", "admin")).text
    assert "Token test" in page
    assert "A browser" in page
    assert "Token test" not in (await desk.get("/admin/people/bob", "coordinator")).text
    await desk.post(f"/admin/people/alice/sessions/{session.id}/end", "admin")
    assert await Session.filter(id=session.id).exists(), "it is another's"
    await desk.send(f"/admin/people/bob/sessions/{session.id}/end", "admin")
    await desk.send(f"/admin/people/bob/tokens/{token.id}/revoke", "admin")
    assert not await Session.filter(person=desk.people["bob"]).exists()
    assert "Signed in nowhere" in await desk.read("/admin/people/bob", "admin")


async def test_slips_for_several(desk: Desk) -> None:
    async with desk._client("admin") as client:
        from_page = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/admin/people")).text)
        assert from_page
        answer = await client.post("/admin/people/slips", data={"csrf": from_page[1], "login": ["alice", "bob"]})
        assert answer.headers["location"] == "/admin/people/slips"
        client.cookies.set(NEW_LINKS, answer.cookies[NEW_LINKS])
        pdf = await client.get("/admin/people/slips")
        assert pdf.content.startswith(b"%PDF-")
        await links.enter(answer.cookies[NEW_LINKS].split(".")[0], "correct horse battery", "", "", datetime.now(UTC))
        pdf = await client.get("/admin/people/slips")
        assert pdf.content.startswith(b"%PDF-"), "one that was used keeps no other from being printed"
    many = await desk.post("/admin/people/slips", "admin", login=[f"person-{number}" for number in range(61)])
    assert (many.status_code, "choose 60 people at most" in many.text) == (422, True)
    nobody = await desk.post("/admin/people/slips", "admin")
    assert nobody.status_code == 404
    assert (await desk.get("/admin/people/slips", "admin")).status_code == 404
    assert await OneUseLink.all().count() == 2


async def test_institutions(desk: Desk) -> None:
    fields = {"code": "OIRP", "name": "Okręgowa Izba", "part": "duty", "in_team": "1", "key": "k"}
    for _ in range(2):
        page = await desk.send("/admin/institutions/new", "admin", **fields)
        assert "Okręgowa Izba" in page.text
    assert await Institution.filter(code="OIRP").count() == 1
    refused = await desk.post("/admin/institutions/new", "admin", code="oirp x/", name="X")
    assert "cannot be a code" in faults_on(refused.text)
    assert 'value="oirp x/"' in refused.text
    page = await desk.send("/admin/institutions/OIRP", "admin", name="Izba", revision="1")
    assert "Izba" in page.text
    stale = await desk.post("/admin/institutions/OIRP", "admin", name="Y", revision="1")
    assert stale.status_code == 412
    assert 'value="Y"' in stale.text
    assert "No institution here" in await desk.read("/admin/institutions?q=zzz", "auditor")


def test_every_capability_has_words() -> None:
    assert set(CAPABILITY_WORDS) == set(CAPABILITIES)


async def test_what_roles_may_do_is_one_table(desk: Desk) -> None:
    page = unescape((await desk.get("/admin/roles", "coordinator")).text)
    for word in CAPABILITY_WORDS.values():
        assert word in page
    yes = page.count('<span class="sr">yes</span>')
    assert yes == sum(len(roles) for roles in CAPABILITIES.values())


async def test_the_index_of_the_office(desk: Desk) -> None:
    text = await desk.read("/admin", "admin")
    assert "People Who has an account" in text
    for who in ("alice", "facilities"):
        assert (await desk.get("/admin", who)).status_code == 403
