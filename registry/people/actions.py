"""What changes about accounts: people, passwords, tokens, sessions. Each change of an account is in the history."""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from registry.core import history
from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.folding import printable
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_name
from registry.core.transaction import transaction
from registry.people import policy, rules
from registry.people.accounts import institution_or_none
from registry.people.administrators import lock_managers
from registry.people.link_ends import end_links
from registry.people.models import FailedSignIn, Institution, Person, Role, Session, Token
from registry.people.queries import LOGIN_LENGTH, digest_of, forget, forget_person, person_by_login

# argon2id with the library's parameters (RFC 9106, low memory); tests put a cheap one here
hasher = PasswordHash((Argon2Hasher(),))
_dummy_hash = ""


async def add_person(
    login: str,
    name: str,
    role: Role | str,
    institution_code: str | None,
    password: str | None,
    actor: Actor,
    now: datetime,
    *,
    languages: str = "pl",
) -> Person:
    """Open an account. Without a password nobody can sign in to it, but it may hold tokens.

    Raises Invalid (login, role, password), as :func:`add_account`.
    """
    columns = {"login": login, "name": name.strip()[:120] or rules.plain_login(login), "role": role}
    more = {"institution": institution_code, "languages": languages}
    return await add_account(columns | more, actor, now, password=password)


async def add_account(
    columns: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    *,
    password: str | None = None,
) -> Person:
    """Open an account: its ``login``, ``name`` and ``role``, and as far as there are ``institution`` (a code),
    ``languages``, ``mail``, ``active_until``. Without a password nobody can sign in to it, but it may hold tokens.

    Raises Invalid (login, role, password, mail, languages), Forbidden("auth.role"), NotFound("institution.unknown")
    and Conflict("person.login_taken").
    """
    account = checked_account(columns, password)
    password_hash = await asyncio.to_thread(hasher.hash, password) if password else ""
    async with transaction():
        person = await open_checked(account, actor, now, password_hash=password_hash)
        await record(request_key, person)
    return person


def checked_account(columns: Mapping[str, Any], password: str | None = None) -> dict[str, Any]:
    """The columns of a new account as they are stored. Raises Invalid as :func:`add_account`."""
    account = rules.plain_account(columns)
    login, role = rules.plain_login(account.pop("login")), str(account.pop("role"))
    for fault in [*rules.account_faults(login, role, password), *rules.change_faults(account)]:
        raise fault
    return {"login": login, "role": role, **account}


async def open_checked(account: Mapping[str, Any], actor: Actor, now: datetime, *, password_hash: str = "") -> Person:
    """Open what :func:`checked_account` has checked, inside the caller's transaction."""
    await lock_managers(actor)
    institution = await institution_or_none(account.get("institution"))
    columns = {**account, "institution": institution}
    return await open_account(password_hash=password_hash, actor=actor, now=now, **columns)


async def open_account(
    login: str,
    name: str,
    role: Role | str,
    password_hash: str,
    actor: Actor,
    now: datetime,
    *,
    institution: Institution | None = None,
    languages: str = "pl",
    mail: str = "",
    active_until: datetime | None = None,
) -> Person:
    """As ``add_person``, inside the caller's transaction and with a password that is hashed already."""
    login = rules.plain_login(login)
    try:
        person = await Person.create(
            login=login,
            name=name.strip()[:120] or login,
            role=Role(role),
            institution=institution,
            languages=languages,
            mail=mail,
            active_until=active_until,
            password_hash=password_hash,
            created_at=now,
        )
    except IntegrityError as fault:
        raise Conflict("person.login_taken", login=login) from fault
    code = institution.code if institution else ""
    after = {
        "login": login, "name": person.name, "role": str(role), "institution": code, "languages": languages,
        "mail": mail, "active_until": active_until,
    }  # fmt: skip
    await history.write(f"person:{person.id}", "added", actor, now, after=after)
    return person


async def set_password(
    person: Person, password: str, actor: Actor, now: datetime, *, keep_session: str | None = None
) -> None:
    """Give an account a new password and end its sessions, except the one with the secret ``keep_session``, and its
    links of one use.
    """
    for fault in rules.password_faults(password):
        raise fault
    password_hash = await asyncio.to_thread(hasher.hash, password)
    async with transaction():
        await Person.filter(id=person.id).update(password_hash=password_hash)
        ended = Session.filter(person=person)
        if keep_session:
            ended = ended.exclude(digest=digest_of(keep_session))
        await ended.delete()
        await end_links(person.id, now)
        await history.write(f"person:{person.id}", "password changed", actor, now)
    forget_person(person.id)


async def share_password(logins: Collection[str], password: str, actor: Actor, now: datetime) -> None:
    """Give several accounts the same password: one hash, which is slow to make on purpose, serves them all."""
    password_hash = await asyncio.to_thread(hasher.hash, password)
    async with transaction():
        people = await Person.filter(login__in=list(logins)).values_list("id", flat=True)
        await Person.filter(id__in=people).update(password_hash=password_hash)
        for person_id in people:
            await history.write(f"person:{person_id}", "password changed", actor, now)
    for person_id in people:
        forget_person(int(str(person_id)))


async def change_own_password(
    person: Person, old: str, new: str, actor: Actor, now: datetime, *, address: str, session: str | None
) -> None:
    """As ``set_password``, by the person alone, keeping the session with this secret.

    Raises Forbidden("auth.bad_password") if ``old`` is wrong, and counts that like a failed sign-in.
    """
    attempt = await note_attempt(person.login, address[:64], now)
    fresh = await Person.get(id=person.id)
    if not await _verify(old, fresh.password_hash):
        raise Forbidden("auth.bad_password")
    await attempt.delete()
    await set_password(person, new, actor, now, keep_session=session)


async def set_language(person: Person, language: str) -> None:
    """The language of this person's pages; not worth an entry in the history."""
    await Person.filter(id=person.id).update(language=language)
    forget_person(person.id)


async def issue_token(login: str, name: str, actor: Actor, now: datetime) -> str:
    """A new API token of a person. The secret is returned once and kept nowhere. Raises NotFound("person.unknown")."""
    person = await person_by_login(login)
    secret = f"izba_{secrets.token_urlsafe(32)}"
    async with transaction():
        await Token.create(person=person, name=name.strip()[:80] or "token", digest=digest_of(secret), created_at=now)
        await history.write(f"person:{person.id}", "token issued", actor, now, after={"name": name.strip()[:80]})
    return secret


async def revoke_token(person: Person, token_id: int, actor: Actor, now: datetime) -> None:
    """Withdraw one token of a person for good. Raises NotFound("auth.bad_token")."""
    async with transaction():
        token = await Token.get_or_none(id=token_id, person=person, revoked_at__isnull=True)
        if token is None:
            raise NotFound("auth.bad_token")
        await Token.filter(id=token_id).update(revoked_at=now)
        await history.write(f"person:{person.id}", "token revoked", actor, now, before={"name": token.name})
    forget(token.digest)


async def sign_in(
    login: str, password: str, address: str, now: datetime, browser: str = "", program: str = ""
) -> tuple[Person, str]:
    """The person and the secret of a new session, by the rules in force. ``browser`` names one that this login signed
    in from before: its attempts count for it alone, whatever others do from its address or with its login. ``program``
    is what the session is called in the list of its person.

    Raises Forbidden: auth.bad_login, auth.too_many, auth.slow_down.
    """
    login, source = rules.plain_login(login)[:64], f"browser {browser}" if browser else address
    attempt = await note_attempt(login, source[:64], now, is_known=bool(browser))
    is_name = may_be_name(login, LOGIN_LENGTH)
    person = await Person.get_or_none(login=login).select_related("institution") if is_name else None
    right = await _verify(password, person.password_hash if person else "")
    if not right or person is None or not rules.is_open(person.is_active, person.active_until, now):
        raise Forbidden("auth.bad_login")
    async with transaction():
        await FailedSignIn.filter(id__lte=attempt.id, login=login, address=source[:64]).delete()
        return person, await begin_session(person.id, address, program, now)


async def begin_session(person_id: int, address: str, program: str, now: datetime) -> str:
    """The secret of a new session, inside the caller's transaction."""
    secret = secrets.token_urlsafe(32)
    await Session.create(
        person_id=person_id,
        digest=digest_of(secret),
        created_at=now,
        expires_at=now + policy.in_force().session,
        browser=program[:60],
        address=address[:64],
    )
    await Person.filter(id=person_id).update(signed_in_at=now)
    return secret


async def sign_out(secret: str) -> None:
    """End a session. Ending one that is not there is no fault."""
    digest = digest_of(secret)
    forget(digest)
    async with transaction():
        await Session.filter(digest=digest).delete()


async def end_session(person: Person, session_id: int, actor: Actor, now: datetime) -> None:
    """Sign somebody out in one browser. One that is over already is ended."""
    await _end(person, Session.filter(person_id=person.id, id=session_id), actor, now)


async def end_sessions(person: Person, actor: Actor, now: datetime, *, keep_session: str | None = None) -> None:
    """Sign somebody out everywhere, but for the session with the secret ``keep_session``."""
    sessions = Session.filter(person_id=person.id)
    if keep_session:
        sessions = sessions.exclude(digest=digest_of(keep_session))
    await _end(person, sessions, actor, now)


async def _end(person: Person, sessions: QuerySet[Session], actor: Actor, now: datetime) -> None:
    async with transaction() as change:
        number = await sessions.count()
        if number:
            await sessions.delete()
            await history.write(f"person:{person.id}", "signed out", actor, now, after={"sessions": number})
            change.afterwards(lambda: forget_person(person.id))


async def sweep(now: datetime) -> None:
    """Forget sessions that ended and attempts that no longer count by the rules in force."""
    async with transaction():
        await Session.filter(expires_at__lte=now).delete()
        await FailedSignIn.filter(at__lte=now - policy.in_force().window).delete()


async def note_attempt(login: str, address: str, now: datetime, *, is_known: bool = False) -> FailedSignIn:
    """Written before the password is looked at: a hundred attempts at once are still counted one by one."""
    login, address = printable(login), printable(address)  # whatever a stranger types, the database takes it
    async with transaction():
        attempt = await FailedSignIn.create(login=login, address=address, at=now)
    limits = policy.in_force()
    recent = FailedSignIn.filter(at__gt=now - limits.window, id__lte=attempt.id)
    of_address, of_login = recent.filter(address=address), recent.filter(login=login)
    if limits.is_too_many(await of_address.filter(login=login).count()):
        await attempt.delete()
        raise Forbidden("auth.too_many", minutes=limits.window_minutes)
    if not is_known and limits.is_slowed(await of_address.count(), await of_login.count()):
        others = recent.filter(Q(address=address) | Q(login=login), id__lt=attempt.id)
        last = await others.order_by("-at").first()
        wait = rules.SLOW_SECONDS - int((now - last.at).total_seconds()) if last else 0
        if wait > 0:
            await attempt.delete()
            raise Forbidden("auth.slow_down", seconds=wait)
    return attempt


async def _verify(password: str, password_hash: str) -> bool:
    """Takes as long for a login that does not exist as for one that does."""
    global _dummy_hash
    if not _dummy_hash:
        _dummy_hash = await asyncio.to_thread(hasher.hash, secrets.token_urlsafe(16))
    right = await asyncio.to_thread(hasher.verify, password[: rules.MAXIMUM_PASSWORD], password_hash or _dummy_hash)
    return right and bool(password_hash)
