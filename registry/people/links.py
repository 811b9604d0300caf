"""Links of one use: whoever has one chooses the password of its account, once and until it is over.

Of each only the digest is kept. Its secret is short enough to be typed from paper, and too long to be guessed.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction
from registry.outbox.actions import NewNotice, tell
from registry.people import actions, rules
from registry.people.accounts import locked_account
from registry.people.administrators import lock_managers
from registry.people.models import LinkPurpose, LinkWay, OneUseLink, Person, Session
from registry.people.queries import digest_of, forget_person, people_to_remind

LIFETIMES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.FORGOTTEN: timedelta(hours=2)}
REMEMBERED = timedelta(days=60)
# without the letters that people take for digits
ALPHABET, LENGTH = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 20
REMINDERS_AN_HOUR = 3


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link with its secret, which is told now and never again."""

    person: Person
    way: LinkWay
    secret: str
    until: datetime


async def invite(
    logins: Sequence[str],
    way: LinkWay,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    *,
    base_url: str = "",
) -> list[IssuedLink]:
    """A link for each of these accounts, all or none; the ones that they had before lead nowhere from now on. By mail
    it leaves for its person's mail address alone, from the site at ``base_url``.

    Raises NotFound("person.unknown"), Forbidden("auth.role"), Conflict: person.closed, person.no_mail.
    """
    async with transaction() as change:
        await lock_managers(actor)
        links = []
        for login in sorted(set(logins)):
            person = await locked_account(login)
            if not rules.is_open(person.is_active, person.active_until, now):
                raise Conflict("person.closed", login=person.login)
            if way is LinkWay.MAIL and not person.mail:
                raise Conflict("person.no_mail", login=person.login)
            link = await _issue(person, LinkPurpose.INVITATION, way, now)
            after = {"way": str(way), "until": link.until}
            await history.write(f"person:{person.id}", "invited", actor, now, after=after)
            if way is LinkWay.MAIL:
                await _mail(change, link, "account.invited", base_url, now)
            links.append(link)
        await record(request_key, links)
    return links


async def forgotten(words: str, address: str, now: datetime, base_url: str = "") -> list[IssuedLink]:
    """Links for the accounts that a login or a mail address means, sent by mail; whoever asked learns of none.

    Raises Forbidden: auth.too_many, auth.slow_down, whether there is such an account or not.
    """
    words = words.strip(" ")[: rules.LONGEST_MAIL]
    await actions.note_attempt(f"?{words.lower()}"[:64], address[:64], now)
    links = []
    for person in await people_to_remind(words, now):
        async with transaction() as change:
            recent = OneUseLink.filter(person_id=person.id, created_at__gt=now - timedelta(hours=1))
            if await recent.filter(purpose=LinkPurpose.FORGOTTEN).count() >= REMINDERS_AN_HOUR:
                continue
            link = await _issue(person, LinkPurpose.FORGOTTEN, LinkWay.MAIL, now)
            await _mail(change, link, "account.password", base_url, now)
            links.append(link)
            asker = Actor(name="?", source="web", address=address[:64])
            await history.write(f"person:{person.id}", "password asked", asker, now)
    return links


async def _issue(person: Person, purpose: LinkPurpose, way: LinkWay, now: datetime) -> IssuedLink:
    secret, until = new_secret(), now + LIFETIMES[purpose]
    await OneUseLink.filter(person_id=person.id, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    await OneUseLink.create(
        person_id=person.id, purpose=purpose, way=way, digest=digest_of(secret), created_at=now, expires_at=until
    )
    return IssuedLink(person, way, secret, until)


async def _mail(change: Change, link: IssuedLink, kind: str, base_url: str, now: datetime) -> None:
    """Let a link leave by mail, with what it is part of. The outbox wipes it when it has left."""
    event = f"link:{digest_of(link.secret)[:40]}"
    await tell(change, [NewNotice(link.person.id, kind, event, secret=link_address(base_url, link.secret))], now)


def link_address(base_url: str, secret: str) -> str:
    """What opens the page where a password is chosen."""
    return f"{base_url.rstrip('/')}/password/{secret}"


def new_secret() -> str:
    """A hundred random bits, as twenty letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def plain_secret(text: str) -> str:
    """A secret as somebody typed it: in groups, in small letters, with an O for a nought."""
    letters = "".join(letter for letter in text[:100].upper() if letter not in " -")
    return letters.translate(str.maketrans("OIL", "011"))


def in_groups(secret: str) -> str:
    """A secret as it is printed: K7QM-2XWD-…"""
    return "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))


async def link_of(secret: str, now: datetime) -> OneUseLink:
    """The link that is good now, with its person. Raises NotFound("link.unknown")."""
    link = await OneUseLink.get_or_none(digest=digest_of(plain_secret(secret))).select_related("person")
    if link is None or not _is_good(link, now):
        raise NotFound("link.unknown")
    return link


def _is_good(link: OneUseLink, now: datetime) -> bool:
    person = link.person
    return link.used_at is None and now < link.expires_at and rules.is_open(person.is_active, person.active_until, now)


async def enter(secret: str, password: str, address: str, program: str, now: datetime) -> tuple[Person, str]:
    """Use a link up: its account has this password from now on, its sessions have ended, and a new one begins. Returns
    the person and the secret of the session; ``program`` is what it is called.

    Raises NotFound("link.unknown"), Invalid: person.weak_password, request.bad_field.
    """
    link = await link_of(secret, now)
    for fault in rules.password_faults(password):
        raise fault
    password_hash = await asyncio.to_thread(actions.hasher.hash, password)
    async with transaction() as change:
        await Person.select_for_update().get(id=link.person_id)
        fresh = await OneUseLink.get(id=link.id).select_related("person")
        if not _is_good(fresh, now):
            raise NotFound("link.unknown")
        await OneUseLink.filter(person_id=link.person_id, used_at__isnull=True).update(used_at=now)
        await Person.filter(id=link.person_id).update(password_hash=password_hash)
        await Session.filter(person_id=link.person_id).delete()
        actor = Actor(fresh.person.name, "web", link.person_id, address[:64])
        after = {"way": str(link.way)}
        await history.write(f"person:{link.person_id}", "password chosen", actor, now, after=after)
        session = await actions.begin_session(link.person_id, address, program, now)
        change.afterwards(lambda: forget_person(link.person_id))
    return fresh.person, session


async def forget_links(now: datetime) -> None:
    """Forget links that were over long ago."""
    await OneUseLink.filter(expires_at__lt=now - REMEMBERED).delete()
