"""Accounts on both databases: people, passwords, sessions, tokens, attempts."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import SYSTEM, HistoryEntry
from registry.people import accounts, actions, policy, queries
from registry.people.models import FailedSignIn, Person, Session, Token
from registry.people.rules import SignInRules
from tests.conftest import Database
from tests.make import NOW, make_institution

PASSWORD = "correct horse battery"
HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(actions, "hasher", cheap)
    monkeypatch.setattr(actions, "_dummy_hash", "")


async def add(login: str = "alice") -> Person:
    return await actions.add_person(login, "Alice", "member", None, PASSWORD, SYSTEM, NOW)


async def history_of(person: Person) -> list[str]:
    entries = HistoryEntry.filter(object=f"person:{person.id}").order_by("seq")
    return [str(entry.action) for entry in await entries]


async def test_the_real_hash_is_argon2id(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    person = await add()
    assert person.password_hash.startswith("$argon2id$")


async def test_adding_a_person(database: Database) -> None:
    await make_institution(code="pp", name="Punkt Pomocy")
    person = await actions.add_person(" Alice ", "", "duty", "pp", PASSWORD, SYSTEM, NOW)
    account = await queries.person_by_login("ALICE")
    assert (account.id, account.login, account.name, account.role) == (person.id, "alice", "alice", "duty")
    assert account.institution is not None
    assert account.institution.code == "pp"
    assert await history_of(person) == ["added"]
    entry = await HistoryEntry.get(object=f"person:{person.id}")
    assert PASSWORD not in str(entry.after)
    assert "argon2" not in str(entry.after)
    until = NOW + timedelta(days=30)
    more = {
        "login": "leaver",
        "name": "L",
        "role": "member",
        "mail": "l@example.org",
        "languages": "en",
        "active_until": until,
    }
    account = await actions.add_account(more, SYSTEM, NOW)
    after = (await HistoryEntry.get(object=f"person:{account.id}")).after or {}
    assert (after["mail"], after["languages"], after["active_until"]) == ("l@example.org", "en", until.isoformat())


async def test_what_cannot_be_added(database: Database) -> None:
    await add()
    with pytest.raises(Conflict, match="taken"):
        await add("Alice")
    with pytest.raises(NotFound):
        await actions.add_person("bob", "Bob", "member", "nowhere", PASSWORD, SYSTEM, NOW)
    with pytest.raises(Invalid):
        await actions.add_person("bob", "Bob", "boss", None, PASSWORD, SYSTEM, NOW)
    with pytest.raises(NotFound):
        await queries.person_by_login("bob")
    assert await Person.all().count() == 1


async def test_signing_in_and_out(database: Database) -> None:
    person = await add()
    signed, secret = await actions.sign_in("Alice", PASSWORD, HERE, NOW)
    assert signed.id == person.id
    assert (await Session.get()).digest == queries.digest_of(secret)
    owner = await queries.person_of_session(secret, NOW)
    assert owner is not None
    assert owner.id == person.id
    await actions.sign_out(secret)
    assert await queries.person_of_session(secret, NOW) is None
    await actions.sign_out(secret)


async def test_a_session_ends(database: Database) -> None:
    await add()
    policy.use(SignInRules(session_hours=2))
    _, secret = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    assert await queries.person_of_session(secret, NOW + timedelta(hours=1, minutes=59))
    assert await queries.person_of_session(secret, NOW + timedelta(hours=2, seconds=1)) is None
    await actions.sweep(NOW + timedelta(hours=3))
    assert await Session.all().count() == 0


@pytest.mark.parametrize(
    ("login", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("", ""), ("alice", ""), ("silent", "")]
)
async def test_wrong_sign_ins_sound_alike(database: Database, login: str, password: str) -> None:
    await add()
    await actions.add_person("silent", "No password", "member", None, None, SYSTEM, NOW)
    with pytest.raises(Forbidden) as refused:
        await actions.sign_in(login, password, HERE, NOW)
    assert refused.value.code == "auth.bad_login"


async def test_a_closed_account_is_shut_everywhere(database: Database) -> None:
    person = await add()
    token = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    _, secret = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    assert await queries.person_of_token(token, NOW)
    await accounts.set_active(person, False, SYSTEM, NOW)
    assert await queries.person_of_token(token, NOW) is None
    assert await queries.person_of_session(secret, NOW) is None
    with pytest.raises(Forbidden):
        await actions.sign_in("alice", PASSWORD, HERE, NOW)
    await accounts.set_active(person, True, SYSTEM, NOW)
    assert await queries.person_of_token(token, NOW)
    assert await history_of(person) == ["added", "token issued", "closed", "opened"]


async def test_too_many_attempts(database: Database) -> None:
    await add()
    policy.use(SignInRules(attempts=3, window_minutes=15))
    for _ in range(3):
        with pytest.raises(Forbidden, match="wrong"):
            await actions.sign_in("alice", "wrong", HERE, NOW)
    with pytest.raises(Forbidden) as refused:
        await actions.sign_in("alice", PASSWORD, HERE, NOW)
    assert (refused.value.code, refused.value.params) == ("auth.too_many", {"minutes": 15})
    await actions.sign_in("alice", PASSWORD, "127.0.0.2", NOW)
    await actions.sign_in("alice", PASSWORD, HERE, NOW + timedelta(minutes=16))


async def test_one_address_cannot_try_many_logins(database: Database) -> None:
    policy.use(SignInRules(attempts=2))
    for number in range(10):
        with pytest.raises(Forbidden, match="wrong"):
            await actions.sign_in(f"login-{number}", "wrong", HERE, NOW)
    with pytest.raises(Forbidden, match="Too many"):
        await actions.sign_in("login-10", "wrong", HERE, NOW)


async def test_one_login_cannot_be_tried_from_many_addresses(database: Database) -> None:
    policy.use(SignInRules(attempts=1))
    for number in range(10):
        with pytest.raises(Forbidden, match="wrong"):
            await actions.sign_in("alice", "wrong", f"127.0.1.{number}", NOW)
    with pytest.raises(Forbidden, match="Too many"):
        await actions.sign_in("alice", "wrong", "127.0.1.10", NOW)


async def test_colleagues_behind_an_address_are_slowed_down_and_not_shut_out(database: Database) -> None:
    await add()
    policy.use(SignInRules(attempts=5))
    for number in range(25):
        with pytest.raises(Forbidden, match="wrong"):
            await actions.sign_in(f"login-{number}", "wrong", HERE, NOW)
    with pytest.raises(Forbidden) as refused:
        await actions.sign_in("alice", PASSWORD, HERE, NOW + timedelta(seconds=3))
    assert (refused.value.code, refused.value.params) == ("auth.slow_down", {"seconds": 7})
    await actions.sign_in("alice", PASSWORD, HERE, NOW + timedelta(seconds=10))


async def test_a_browser_that_is_known_is_slowed_down_by_nobody(database: Database) -> None:
    await add()
    policy.use(SignInRules(attempts=2))
    for number in range(30):
        with contextlib.suppress(Forbidden):
            await actions.sign_in("alice", "wrong", f"127.0.1.{number}", NOW)
            await actions.sign_in(f"login-{number}", "wrong", HERE, NOW)
    await actions.sign_in("alice", PASSWORD, HERE, NOW, "b1")
    for _ in range(2):
        with pytest.raises(Forbidden, match="wrong"):
            await actions.sign_in("alice", "wrong", HERE, NOW, "b1")
    with pytest.raises(Forbidden) as refused:
        await actions.sign_in("alice", PASSWORD, HERE, NOW, "b1")
    assert refused.value.code == "auth.too_many", "it has a limit of its own"


async def test_the_present_password_is_tried_by_the_same_rules(database: Database) -> None:
    person = await add()
    policy.use(SignInRules(attempts=2))

    async def change(old: str) -> None:
        await actions.change_own_password(person, old, f"{PASSWORD} 2", SYSTEM, NOW, address=HERE, session=None)

    for _ in range(2):
        with pytest.raises(Forbidden, match="present password"):
            await change("wrong")
    with pytest.raises(Forbidden, match="Too many"):
        await change(PASSWORD)


async def test_an_attempt_is_swept_once_it_counts_no_more(database: Database) -> None:
    policy.use(SignInRules(window_minutes=60))
    for minutes in (0, 45):
        with pytest.raises(Forbidden):
            await actions.sign_in("alice", "wrong", HERE, NOW + timedelta(minutes=minutes))
    await actions.sweep(NOW + timedelta(minutes=59))
    assert await FailedSignIn.all().count() == 2
    await actions.sweep(NOW + timedelta(minutes=61))
    assert await FailedSignIn.all().count() == 1


async def test_attempts_at_once_are_counted_one_by_one(database: Database) -> None:
    await add()
    policy.use(SignInRules(attempts=4))
    tries = [actions.sign_in("alice", "wrong", HERE, NOW) for _ in range(20)]
    refusals = await asyncio.gather(*tries, return_exceptions=True)
    codes = [refusal.code for refusal in refusals if isinstance(refusal, Forbidden)]
    assert codes.count("auth.bad_login") <= 4
    assert codes.count("auth.bad_login") + codes.count("auth.too_many") == 20


async def test_a_good_sign_in_forgets_the_attempts_before(database: Database) -> None:
    await add()
    with pytest.raises(Forbidden):
        await actions.sign_in("alice", "wrong", HERE, NOW)
    await actions.sign_in("alice", PASSWORD, HERE, NOW)
    assert await FailedSignIn.all().count() == 0


async def test_a_token_is_kept_as_its_digest(database: Database) -> None:
    person = await add()
    secret = await actions.issue_token("Alice", " robot ", SYSTEM, NOW)
    token = await Token.get()
    assert secret.startswith("izba_")
    assert (token.name, token.digest) == ("robot", queries.digest_of(secret))
    owner = await queries.person_of_token(secret, NOW)
    assert owner is not None
    assert owner.id == person.id
    with pytest.raises(NotFound):
        await actions.issue_token("nobody", "x", SYSTEM, NOW)


async def test_a_revoked_token_stops_at_once(database: Database) -> None:
    person = await add()
    secret = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    assert await queries.person_of_token(secret, NOW)
    (token,) = await queries.tokens_of(person)
    await actions.revoke_token(person, token.id, SYSTEM, NOW)
    assert await queries.person_of_token(secret, NOW) is None
    assert await queries.tokens_of(person) == []
    with pytest.raises(NotFound):
        await actions.revoke_token(person, token.id, SYSTEM, NOW)


async def test_nobody_revokes_the_token_of_another(database: Database) -> None:
    alice, bob = await add(), await add("bob")
    secret = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    (token,) = await queries.tokens_of(alice)
    with pytest.raises(NotFound):
        await actions.revoke_token(bob, token.id, SYSTEM, NOW)
    assert await queries.person_of_token(secret, NOW)


async def test_a_person_is_remembered_for_five_seconds(database: Database) -> None:
    person = await add()
    secret = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    assert await queries.person_of_token(secret, NOW)
    await Token.filter(person=person).update(revoked_at=NOW)  # as another process would
    assert await queries.person_of_token(secret, NOW + timedelta(seconds=4))
    assert await queries.person_of_token(secret, NOW + timedelta(seconds=5)) is None


async def test_a_role_changes_at_once(database: Database) -> None:
    person = await add()
    secret = await actions.issue_token("alice", "robot", SYSTEM, NOW)
    assert await queries.person_of_token(secret, NOW)
    await accounts.change_role(person, "facilities", SYSTEM, NOW)
    owner = await queries.person_of_token(secret, NOW)
    assert owner is not None
    assert owner.role == "facilities"
    entry = await HistoryEntry.get(object=f"person:{person.id}", action="role changed")
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "facilities"})
    with pytest.raises(Invalid):
        await accounts.change_role(person, "boss", SYSTEM, NOW)


async def test_another_password_ends_other_sessions(database: Database) -> None:
    person = await add()
    _, here = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    _, there = await actions.sign_in("alice", PASSWORD, HERE, NOW)
    new = "staple correct horse"
    with pytest.raises(Forbidden, match="present password"):
        await actions.change_own_password(person, "wrong", new, SYSTEM, NOW, address=HERE, session=here)
    with pytest.raises(Invalid):
        await actions.change_own_password(person, PASSWORD, "short", SYSTEM, NOW, address=HERE, session=here)
    await actions.change_own_password(person, PASSWORD, new, SYSTEM, NOW, address=HERE, session=here)
    assert await queries.person_of_session(here, NOW)
    assert await queries.person_of_session(there, NOW) is None
    await actions.sign_in("alice", new, HERE, NOW)
    with pytest.raises(Forbidden):
        await actions.sign_in("alice", PASSWORD, HERE, NOW)


async def test_the_language_is_kept(database: Database) -> None:
    person = await add()
    await actions.set_language(person, "en")
    assert (await queries.person_by_login("alice")).language == "en"
