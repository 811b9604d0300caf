"""Links of one use on both databases: invitations and forgotten passwords."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.core.errors import Forbidden, Invalid, NotFound
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.core.transaction import is_inside
from registry.outbox.models import Notice
from registry.people import accounts, actions, links, policy, queries
from registry.people.models import LinkWay, OneUseLink, Person, Role
from registry.people.queries import PeopleFilter
from registry.people.rules import AccountState, SignInRules
from tests.make import NOW, make_person, refused

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
PASSWORD, HERE = "correct horse battery", "127.0.0.1"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(actions, "hasher", cheap)
    monkeypatch.setattr(actions, "_dummy_hash", "")


async def invitation(login: str = "alice", way: LinkWay = LinkWay.LINK) -> links.IssuedLink:
    (link,) = await links.invite([login], way, SYSTEM, NOW)
    return link


async def test_an_invitation_lets_somebody_in_once() -> None:
    person = await make_person("alice")
    link = await invitation()
    assert (link.person.id, link.until) == (person.id, NOW + timedelta(days=7))
    assert (await links.link_of(links.in_groups(link.secret).lower(), NOW)).person_id == person.id
    await links.enter(link.secret, PASSWORD, HERE, "", NOW)
    signed, _ = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    assert signed.id == person.id
    for act in (links.link_of(link.secret, NOW), links.enter(link.secret, PASSWORD, HERE, "", NOW)):
        assert isinstance(await refused(act), NotFound)


async def test_nothing_of_a_secret_is_in_the_database() -> None:
    await make_person("alice")
    link = await invitation()
    await links.enter(link.secret, PASSWORD, HERE, "", NOW)
    stored = str([row for model in (OneUseLink, HistoryEntry, Person) for row in await model.all().values()])
    assert link.secret not in stored
    assert PASSWORD not in stored
    entries = await HistoryEntry.all().order_by("seq")
    assert [entry.action for entry in entries] == ["invited", "password chosen"]
    assert entries[1].actor == "Alice"


async def test_a_link_ends_with_its_time_its_successor_and_its_account() -> None:
    await make_person("alice")
    first, second = await invitation(), await invitation()
    assert isinstance(await refused(links.link_of(first.secret, NOW)), NotFound)
    assert await links.link_of(second.secret, NOW + timedelta(days=6))
    assert isinstance(await refused(links.link_of(second.secret, NOW + timedelta(days=7))), NotFound)
    await accounts.change_person("alice", {"is_active": False}, SYSTEM, NOW)
    assert isinstance(await refused(links.link_of(second.secret, NOW)), NotFound)
    assert (await refused(invitation())).code == "person.closed"
    await links.forget_links(NOW + timedelta(days=68))
    assert await OneUseLink.all().count() == 0


async def test_what_a_stranger_asks_for_ends_no_invitation() -> None:
    await make_person("alice", mail="alice@office.example")
    link = await invitation()
    (first,) = await links.forgotten("alice", HERE, NOW)
    (second,) = await links.forgotten("alice", HERE, NOW)
    good = await links.links_of([link.secret, first.secret, second.secret, "nothing"], NOW)
    assert list(good) == [link.secret, second.secret]
    newer = await invitation()
    assert list(await links.links_of([link.secret, second.secret, newer.secret], NOW)) == [newer.secret]
    assert await links.links_of([], NOW) == {}


@pytest.mark.parametrize("act", ["password", "closed", "mail"])
async def test_a_link_ends_with_a_new_password_an_end_or_another_address(act: str) -> None:
    person = await make_person("alice", mail="alice@office.example")
    secrets = [(await invitation(way=LinkWay.MAIL)).secret, (await links.forgotten("alice", HERE, NOW))[0].secret]
    assert len(await links.links_of(secrets, NOW)) == 2
    assert await Notice.exclude(secret="").count() == 2
    if act == "password":
        await actions.set_password(person, PASSWORD, SYSTEM, NOW)
    elif act == "closed":
        await accounts.change_person("alice", {"is_active": False}, SYSTEM, NOW)
        await accounts.change_person("alice", {"is_active": True}, SYSTEM, NOW)
    else:
        await accounts.change_person("alice", {"mail": "other@office.example"}, SYSTEM, NOW)
    assert await links.links_of(secrets, NOW) == {}
    assert await Notice.exclude(secret="").count() == 0, "and no letter brings one"


async def test_a_link_on_paper_outlives_what_has_nothing_to_do_with_it() -> None:
    await make_person("alice")
    link = await invitation(way=LinkWay.SLIP)
    await accounts.change_person("alice", {"mail": "alice@office.example", "name": "Alicja"}, SYSTEM, NOW)
    assert list(await links.links_of([link.secret], NOW)) == [link.secret]


async def test_an_account_is_opened_and_invited_or_neither() -> None:
    new = {"login": "nowa.osoba", "name": "Nowa", "role": "member", "mail": ""}
    assert (await refused(links.add_and_invite(new, LinkWay.MAIL, SYSTEM, NOW))).code == "person.no_mail"
    over = new | {"active_until": NOW}
    assert (await refused(links.add_and_invite(over, LinkWay.LINK, SYSTEM, NOW))).code == "person.closed"
    assert await Person.all().count() == 0
    link = await links.add_and_invite(new, LinkWay.LINK, SYSTEM, NOW)
    assert (await links.link_of(link.secret, NOW)).person.login == "nowa.osoba"
    assert [entry.action async for entry in HistoryEntry.all().order_by("id")] == ["added", "invited"]


async def test_a_weak_password_does_not_use_a_link_up() -> None:
    await make_person("alice")
    link = await invitation()
    assert isinstance(await refused(links.enter(link.secret, "short", HERE, "", NOW)), Invalid)
    await links.enter(link.secret, PASSWORD, HERE, "", NOW)


async def test_a_link_that_two_use_at_once_is_used_once() -> None:
    await make_person("alice")
    link = await invitation()
    passwords = [f"{PASSWORD} {number}" for number in range(4)]
    acts = [links.enter(link.secret, password, HERE, "", NOW) for password in passwords]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1


async def test_a_password_that_is_chosen_leaves_no_other_link_to_be_sent() -> None:
    await make_person("alice", mail="alice@office.example")
    link = await invitation(way=LinkWay.MAIL)
    (other,) = await links.forgotten("alice", HERE, NOW)
    assert await Notice.exclude(secret="").count() == 2
    await links.enter(link.secret, PASSWORD, HERE, "", NOW)
    assert await links.links_of([other.secret], NOW) == {}
    assert await Notice.exclude(secret="").count() == 0


@pytest.mark.databases("postgres")
@pytest.mark.parametrize("connections", [2])
async def test_a_link_may_be_asked_for_while_another_is_used(monkeypatch: pytest.MonkeyPatch, connections: int) -> None:
    await make_person("alice", mail="alice@office.example")
    (link,) = await links.forgotten("alice", HERE, NOW)
    is_ended, is_locked = asyncio.Event(), asyncio.Event()
    end_links, is_good = links.end_links, links._is_good

    async def end(*what: Any) -> None:
        await end_links(*what)
        is_ended.set()
        await asyncio.wait_for(is_locked.wait(), 30)

    def look(*what: Any) -> bool:
        if is_inside():
            is_locked.set()
        return is_good(*what)

    async def enter() -> None:
        await is_ended.wait()
        await links.enter(link.secret, PASSWORD, HERE, "", NOW)

    monkeypatch.setattr(links, "end_links", end)
    monkeypatch.setattr(links, "_is_good", look)
    asking = asyncio.create_task(links.forgotten("alice", HERE, NOW))
    await enter()
    assert len(await asking) == 1


async def test_a_new_password_ends_the_sessions_before() -> None:
    await actions.add_person("alice", "Alice", "member", None, PASSWORD, SYSTEM, NOW)
    _, secret = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    link = await invitation()
    assert await queries.person_of_session(secret, NOW), "an invitation alone changes nothing"
    await links.enter(link.secret, f"{PASSWORD} 2", HERE, "", NOW)
    assert await queries.person_of_session(secret, NOW) is None
    with pytest.raises(Forbidden):
        await actions.sign_in("alice", PASSWORD, HERE, NOW)


async def test_only_who_manages_people_invites() -> None:
    person = await make_person("coordinator", role=Role.COORDINATOR)
    act = links.invite(["coordinator"], LinkWay.LINK, Actor("x", "web", person.id), NOW)
    assert isinstance(await refused(act), Forbidden)
    assert (await refused(invitation("nobody"))).code == "person.unknown"
    assert (await refused(invitation("coordinator", LinkWay.MAIL))).code == "person.no_mail"
    assert await OneUseLink.all().count() == 0


async def test_several_are_invited_together_or_not_at_all() -> None:
    await make_person("alice", mail="a@b.pl")
    await make_person("bob")
    assert (await refused(links.invite(["alice", "bob"], LinkWay.MAIL, SYSTEM, NOW))).code == "person.no_mail"
    assert await OneUseLink.all().count() == 0
    assert len(await links.invite(["bob", "alice", "bob"], LinkWay.SLIP, SYSTEM, NOW)) == 2


async def test_the_state_of_an_account_says_whether_its_invitation_waits() -> None:
    await make_person("alice")
    await make_person("bob")
    await invitation("alice")

    async def logins(state: AccountState, days: int) -> list[str]:
        moment = NOW + timedelta(days=days)
        people, _ = await queries.people_in_order(PeopleFilter(state=state), moment, 0, 50)
        return [person.login for person in people]

    assert await logins(AccountState.INVITED, 1) == ["alice"]
    assert await logins(AccountState.LAPSED, 1) == []
    assert await logins(AccountState.LAPSED, 8) == ["alice"]
    assert await logins(AccountState.NEW, 8) == ["bob"]


async def test_who_forgot_a_password_gets_a_link_by_mail_alone() -> None:
    person = await make_person("alice", mail="alice@office.example")
    for words in ("Alice", " ALICE@office.example "):
        (link,) = await links.forgotten(words, HERE, NOW)
        assert (link.person.id, link.until) == (person.id, NOW + timedelta(hours=2))
    await make_person("bob")
    await make_person("gone", mail="gone@office.example", is_active=False)
    await make_person("over", mail="over@office.example", active_until=NOW)
    for words in ("bob", "gone", "gone@office.example", "over", "nobody", "", "?", "x" * 500):
        assert await links.forgotten(words, HERE, NOW) == []


async def test_asking_for_links_is_slowed_down_whether_there_is_an_account_or_not() -> None:
    await make_person("alice", mail="alice@office.example")
    policy.use(SignInRules(attempts=2, window_minutes=15))
    for words in ("alice", "nobody"):
        for _ in range(2):
            await links.forgotten(words, HERE, NOW)
        with pytest.raises(Forbidden) as refusal:
            await links.forgotten(words, HERE, NOW)
        assert refusal.value.code == "auth.too_many"


async def test_a_mail_box_is_not_filled_from_many_addresses() -> None:
    await make_person("alice", mail="alice@office.example")
    mails = [len(await links.forgotten("alice", f"127.0.1.{number}", NOW)) for number in range(6)]
    assert mails == [1, 1, 1, 0, 0, 0]
    assert len(await links.forgotten("alice", HERE, NOW + timedelta(hours=2))) == 1


async def test_whatever_a_stranger_types_is_no_account() -> None:
    for words in ("a\0b", "\0", "\0" * 400):
        assert await links.forgotten(words, f"{HERE}\0", NOW) == []
        assert (await refused(actions.sign_in(words, PASSWORD, HERE, NOW))).code == "auth.bad_login"
        assert (await refused(actions.issue_token(words, "x", SYSTEM, NOW))).code == "person.unknown"
