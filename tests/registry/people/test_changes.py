"""Changes of accounts and institutions on both databases, and that somebody always manages people."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.people import accounts, actions, institutions, queries
from registry.people.models import Institution, Person, Role
from registry.people.queries import PeopleFilter
from registry.people.rules import AccountState
from tests.make import NOW, make_institution, make_person, refused

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


def by(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def administrators(*logins: str) -> list[Person]:
    return [await make_person(login, role=Role.ADMIN) for login in logins]


async def change(login: str, actor: Actor = SYSTEM, **changes: Any) -> Person:
    return await accounts.change_person(login, changes, actor, NOW)


async def test_a_change_is_in_the_history_with_before_and_after() -> None:
    await administrators("admin")
    await make_institution(code="OIRP")
    person = await make_person("alice", institution=None)
    columns = {
        "name": " Alicja ",
        "role": "duty",
        "institution": "OIRP",
        "languages": ["pl", "UK", "pl"],
        "mail": "a@b.pl",
    }
    after = await change("ALICE", **columns)
    assert (after.name, after.role, after.languages, after.mail) == ("Alicja", "duty", "pl,uk", "a@b.pl")
    assert after.institution is not None
    assert (after.institution.code, after.revision) == ("OIRP", 2)
    entry = await HistoryEntry.get(object=f"person:{person.id}")
    assert entry.before == {"name": "Alice", "role": "member", "institution": "", "languages": "pl", "mail": ""}
    assert entry.after["institution"] == "OIRP"
    assert (await change("alice", **columns)).revision == 2, "the same again changes nothing"
    assert await HistoryEntry.all().count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "request.missing_field"),
        ({"name": "x" * 121}, "request.bad_field"),
        ({"name": "A\nB"}, "request.bad_field"),
        ({"role": "boss"}, "person.bad_role"),
        ({"mail": "a@b.pl\nBcc: all@b.pl"}, "person.bad_mail"),
        ({"mail": "a@b.pl\r\n"}, "person.bad_mail"),
        ({"mail": "a b@b.pl"}, "person.bad_mail"),
        ({"mail": "a@b"}, "person.bad_mail"),
        ({"mail": "a@b.pl, c@d.pl"}, "person.bad_mail"),
        ({"mail": "A <a@b.pl>"}, "person.bad_mail"),
        ({"mail": f"{'a' * 65}@b.pl"}, "person.bad_mail"),
        ({"mail": f"a@{'b.' * 130}pl"}, "person.bad_mail"),
        ({"mail": "a\u2028@b.pl"}, "person.bad_mail"),
        ({"languages": ["polski"]}, "person.bad_languages"),
        ({"languages": [f"a{letter}" for letter in "abcdefghijklmnop"]}, "person.bad_languages"),
        ({"institution": "nowhere"}, "institution.unknown"),
    ],
)
async def test_what_an_account_cannot_be(changes: dict[str, Any], code: str) -> None:
    await make_person("alice")
    assert (await refused(change("alice", **changes))).code == code
    assert await HistoryEntry.all().count() == 0


async def test_nobody_is_changed_who_is_not_there() -> None:
    for login in ("nobody", "", "x" * 200, "a\x00b"):
        assert isinstance(await refused(change(login, name="X")), NotFound)
    await make_person("alice")
    stale = accounts.change_person("alice", {"name": "X"}, SYSTEM, NOW, 7)
    assert (await refused(stale)).code == "request.stale"


async def test_only_who_manages_people_changes_them() -> None:
    (admin,) = await administrators("admin")
    coordinator = await make_person("coordinator", role=Role.COORDINATOR)
    for act in (
        change("admin", by(coordinator), role="member"),
        change("coordinator", by(coordinator), role="admin"),
        actions.add_account({"login": "newcomer", "name": "New", "role": "member"}, by(coordinator), NOW),
    ):
        assert isinstance(await refused(act), Forbidden)
    assert await Person.all().count() == 2
    assert (await change("coordinator", by(admin), role="duty")).role == "duty"


@pytest.mark.parametrize(
    "changes", [{"role": "auditor"}, {"is_active": False}, {"active_until": NOW + timedelta(days=400)}]
)
async def test_the_last_administrator_without_an_end_stays(changes: dict[str, Any]) -> None:
    admin, _ = await administrators("admin", "other")
    await change("other", by(admin), active_until=NOW + timedelta(days=30))
    refusal = await refused(change("admin", by(admin), **changes))
    assert (refusal.code, refusal.params) == ("person.last_administrator", {"name": "Admin"})
    assert (await Person.get(id=admin.id)).role is Role.ADMIN
    await change("other", by(admin), active_until=None)
    await change("admin", by(admin), **changes)


async def test_an_office_without_administrators_is_not_stuck() -> None:
    await make_person("alice")
    assert (await change("alice", role="admin")).role is Role.ADMIN


async def test_two_administrators_who_remove_each_other_leave_one() -> None:
    for number in range(5):
        one, two = await administrators(f"one{number}", f"two{number}")
        await Person.exclude(id__in=[one.id, two.id]).update(is_active=False)
        acts = [change(two.login, by(one), is_active=False), change(one.login, by(two), role="member")]
        outcomes = await asyncio.gather(*acts, return_exceptions=True)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert [type(refusal) for refusal in refusals] == [Forbidden], outcomes
        assert await Person.filter(role=Role.ADMIN, is_active=True).count() == 1


async def test_of_three_whoever_was_removed_removes_nobody() -> None:
    one, two, _ = await administrators("one", "two", "three")
    acts = [change("two", by(one), is_active=False), change("one", by(two), is_active=False)]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 1
    assert await Person.filter(is_active=True).count() == 2


async def test_an_account_works_until_its_end() -> None:
    await actions.add_person("alice", "Alice", "member", None, "correct horse battery", SYSTEM, NOW)
    await change("alice", active_until=NOW + timedelta(hours=2))
    token = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    _, secret = await actions.sign_in("alice", "correct horse battery", "127.0.0.1", NOW)
    for moment, is_in in ((NOW, True), (NOW + timedelta(minutes=119), True), (NOW + timedelta(hours=2), False)):
        assert (await queries.person_of_token(token, moment) is not None) is is_in
        assert (await queries.person_of_session(secret, moment) is not None) is is_in
    with pytest.raises(Forbidden, match="wrong"):
        await actions.sign_in("alice", "correct horse battery", "127.0.0.1", NOW + timedelta(hours=2))
    assert await accounts.close_ended(NOW + timedelta(hours=1)) == 0
    assert await accounts.close_ended(NOW + timedelta(hours=2)) == 1
    assert not (await Person.get(login="alice")).is_active


async def test_a_login_is_taken_whatever_its_letters() -> None:
    await make_person("alice")
    for login in ("ALICE", " Alice "):
        refusal = await refused(actions.add_account({"login": login, "name": "A", "role": "member"}, SYSTEM, NOW))
        assert refusal.code == "person.login_taken"


async def test_people_are_searched_and_narrowed() -> None:
    theirs = await make_institution(code="ORA", name="Okręgowa Rada")
    await make_person("alice", institution=theirs, mail="alicja@rada.example", password_hash="x")
    await make_person("bob", role=Role.DUTY)
    await make_person("charlie", is_active=False)
    await make_person("dora", active_until=NOW)

    async def logins(**wish: Any) -> list[str]:
        people, total = await queries.people_in_order(PeopleFilter(**wish), NOW, 0, 50)
        assert total == len(people)
        return [person.login for person in people]

    assert await logins() == ["alice", "bob", "charlie", "dora"]
    assert await logins(words="ALIC rada.example") == ["alice"]
    assert await logins(words="Okręgowa") == ["alice"]
    assert await logins(words="100%") == []
    assert await logins(roles=("duty", "admin")) == ["bob"]
    assert await logins(institution="ORA") == ["alice"]
    states = {
        AccountState.ACTIVE: "alice",
        AccountState.NEW: "bob",
        AccountState.CLOSED: "charlie",
        AccountState.ENDED: "dora",
    }
    for state, login in states.items():
        assert await logins(state=state) == [login]


async def test_institutions_are_added_and_changed() -> None:
    columns = {"code": " ORA ", "name": "Rada", "name_en": "Bar", "part": "", "in_team": True}
    institution = await institutions.add_institution(columns, SYSTEM, NOW)
    assert (institution.code, institution.revision) == ("ORA", 1)
    assert isinstance(await refused(institutions.add_institution(columns, SYSTEM, NOW)), Conflict)
    after = await institutions.change_institution("ORA", {"name": "Okręgowa Rada"}, SYSTEM, NOW, 1)
    assert (after.name, after.revision) == ("Okręgowa Rada", 2)
    assert (
        await refused(institutions.change_institution("ORA", {"name": "X"}, SYSTEM, NOW, 1))
    ).code == "request.stale"
    assert (
        await refused(institutions.change_institution("X", {"name": "X"}, SYSTEM, NOW))
    ).code == "institution.unknown"
    actions_written = [entry.action for entry in await HistoryEntry.filter(object=f"institution:{institution.id}")]
    assert actions_written == ["added", "changed"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"code": "", "name": "X"}, "institution.bad_code"),
        ({"code": "a/b", "name": "X"}, "institution.bad_code"),
        ({"code": "new", "name": "X"}, "institution.bad_code"),
        ({"code": "a\nb", "name": "X"}, "institution.bad_code"),
        ({"code": "x" * 41, "name": "X"}, "institution.bad_code"),
        ({"code": "X", "name": " "}, "request.missing_field"),
        ({"code": "X", "name": "x" * 201}, "request.bad_field"),
        ({"code": "X", "name": "X", "part": "\x00"}, "request.bad_field"),
    ],
)
async def test_what_an_institution_cannot_be(columns: dict[str, Any], code: str) -> None:
    assert (await refused(institutions.add_institution(columns, SYSTEM, NOW))).code == code
    assert await Institution.all().count() == 0
