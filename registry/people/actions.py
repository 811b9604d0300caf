"""What changes about accounts: people, passwords, tokens, sessions. Each change of an account is in the history."""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from registry.core import history
from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.people import policy, rules
from registry.people.models import FailedSignIn, Institution, Person, Role, Session, Token
from registry.people.queries import digest_of, forget, forget_person

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

    Raises Invalid (login, role, password), NotFound("institution.unknown") and Conflict("person.login_taken").
    """
    login = rules.plain_login(login)
    for fault in rules.account_faults(login, str(role), password):
        raise fault
    institution = await _institution(institution_code)
    password_hash = await asyncio.to_thread(hasher.hash, password) if password else ""
    async with transaction():
        return await open_account(
            login, name, role, password_hash, actor, now, institution=institution, languages=languages
        )


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
            password_hash=password_hash,
            created_at=now,
        )
    except IntegrityError as fault:
        raise Conflict("person.login_taken", login=login) from fault
    code = institution.code if institution else ""
    after = {"login": login, "name": person.name, "role": str(role), "institution": code}
    await history.write(f"person:{person.id}", "added", actor, now, after=after)
    return person


async def change_role(person: Person, role: Role | str, actor: Actor, now: datetime) -> None:
    """Give an account another role. Raises Invalid("person.bad_role")."""
    for fault in rules.account_faults(person.login, str(role), None):
        raise fault
    async with transaction():
        before = {"role": str(person.role)}
        await Person.filter(id=person.id).update(role=Role(role))
        await history.write(f"person:{person.id}", "role changed", actor, now, before=before, after={"role": str(role)})
    person.role = Role(role)
    forget_person(person.id)


async def set_active(person: Person, is_active: bool, actor: Actor, now: datetime) -> None:
    """Open or close an account; closing it ends its sessions, and its tokens stop working."""
    async with transaction():
        await Person.filter(id=person.id).update(is_active=is_active)
        if not is_active:
            await Session.filter(person=person).delete()
        await history.write(f"person:{person.id}", "opened" if is_active else "closed", actor, now)
    person.is_active = is_active
    forget_person(person.id)


async def set_password(
    person: Person, password: str, actor: Actor, now: datetime, *, keep_session: str | None = None
) -> None:
    """Give an account a new password and end its sessions, except the one with the secret ``keep_session``."""
    for fault in rules.password_faults(password):
        raise fault
    password_hash = await asyncio.to_thread(hasher.hash, password)
    async with transaction():
        await Person.filter(id=person.id).update(password_hash=password_hash)
        ended = Session.filter(person=person)
        if keep_session:
            ended = ended.exclude(digest=digest_of(keep_session))
        await ended.delete()
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
    attempt = await _note_attempt(person.login, address[:64], now)
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
    person = await Person.get_or_none(login=rules.plain_login(login))
    if person is None:
        raise NotFound("person.unknown", login=login[:80])
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


async def sign_in(login: str, password: str, address: str, now: datetime, browser: str = "") -> tuple[Person, str]:
    """The person and the secret of a new session, by the rules in force. ``browser`` names one that this login signed
    in from before: its attempts count for it alone, whatever others do from its address or with its login.

    Raises Forbidden: auth.bad_login, auth.too_many, auth.slow_down.
    """
    login, address = rules.plain_login(login)[:64], f"browser {browser}" if browser else address
    attempt = await _note_attempt(login, address[:64], now, is_known=bool(browser))
    person = await Person.get_or_none(login=login).select_related("institution")
    right = await _verify(password, person.password_hash if person else "")
    if not right or person is None or not person.is_active:
        raise Forbidden("auth.bad_login")
    secret = secrets.token_urlsafe(32)
    async with transaction():
        await FailedSignIn.filter(id__lte=attempt.id, login=login, address=address[:64]).delete()
        await Session.create(
            person=person,
            digest=digest_of(secret),
            created_at=now,
            expires_at=now + policy.in_force().session,
        )
    return person, secret


async def sign_out(secret: str) -> None:
    """End a session. Ending one that is not there is no fault."""
    digest = digest_of(secret)
    forget(digest)
    async with transaction():
        await Session.filter(digest=digest).delete()


async def sweep(now: datetime) -> None:
    """Forget sessions that ended and attempts that no longer count by the rules in force."""
    async with transaction():
        await Session.filter(expires_at__lte=now).delete()
        await FailedSignIn.filter(at__lte=now - policy.in_force().window).delete()


async def _institution(code: str | None) -> Institution | None:
    if not code:
        return None
    institution = await Institution.get_or_none(code=code)
    if institution is None:
        raise NotFound("institution.unknown", institution=code[:80])
    return institution


async def _note_attempt(login: str, address: str, now: datetime, *, is_known: bool = False) -> FailedSignIn:
    """Written before the password is looked at: a hundred attempts at once are still counted one by one."""
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
