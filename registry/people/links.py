"""Links of one use: whoever has one chooses the password of its account, once and until it is over.

Of each only the digest is kept. Its secret is short enough to be typed from paper, and too long to be guessed.
"""

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction
from registry.outbox.actions import NewNotice, tell, wipe_secrets
from registry.people import actions, rules
from registry.people.accounts import locked_account
from registry.people.administrators import lock_managers
from registry.people.link_ends import NOTICE_KINDS, end_links
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
        links = [
            await _invite(change, await locked_account(login), way, actor, now, base_url)
            for login in sorted(set(logins))
        ]
        await record(request_key, links)
    return links


async def add_and_invite(
    columns: Mapping[str, Any],
    way: LinkWay,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    *,
    base_url: str = "",
) -> IssuedLink:
    """Open an account and invite its person, both or neither. Raises as :func:`registry.people.actions.add_account` and
    :func:`invite`.
    """
    account = actions.checked_account(columns)
    async with transaction() as change:
        person = await actions.open_checked(account, actor, now)
        link = await _invite(change, person, way, actor, now, base_url)
        await record(request_key, link)
    return link


async def _invite(
    change: Change, person: Person, way: LinkWay, actor: Actor, now: datetime, base_url: str
) -> IssuedLink:
    if not rules.is_open(person.is_active, person.active_until, now):
        raise Conflict("person.closed", login=person.login)
    if way is LinkWay.MAIL and not person.mail:
        raise Conflict("person.no_mail", login=person.login)
    link = await _issue(person, LinkPurpose.INVITATION, way, now)
    await history.write(f"person:{person.id}", "invited", actor, now, after={"way": str(way), "until": link.until})
    if way is LinkWay.MAIL:
        await _mail(change, link, LinkPurpose.INVITATION, base_url, now)
    return link


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
            await _mail(change, link, LinkPurpose.FORGOTTEN, base_url, now)
            links.append(link)
            asker = Actor(name="?", source="web", address=address[:64])
            await history.write(f"person:{person.id}", "password asked", asker, now)
    return links


async def _issue(person: Person, purpose: LinkPurpose, way: LinkWay, now: datetime) -> IssuedLink:
    """A fresh link instead of those before. What a stranger asks for ends no invitation."""
    secret, until = new_secret(), now + LIFETIMES[purpose]
    await end_links(person.id, now, [purpose] if purpose is LinkPurpose.FORGOTTEN else tuple(LinkPurpose))
    await OneUseLink.create(
        person_id=person.id, purpose=purpose, way=way, digest=digest_of(secret), created_at=now, expires_at=until
    )
    return IssuedLink(person, way, secret, until)


async def _mail(change: Change, link: IssuedLink, purpose: LinkPurpose, base_url: str, now: datetime) -> None:
    """Let a link leave by mail, with what it is part of. The outbox wipes it when it has left."""
    event = f"link:{digest_of(link.secret)[:40]}"
    secret = link_address(base_url, link.secret)
    await tell(change, [NewNotice(link.person.id, NOTICE_KINDS[purpose], event, secret=secret)], now)


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


async def links_of(secrets: Collection[str], now: datetime) -> dict[str, OneUseLink]:
    """Of these secrets those whose links are good now, each with its link and its person."""
    digests = {digest_of(plain_secret(secret)): secret for secret in secrets}
    rows = await OneUseLink.filter(digest__in=list(digests)).select_related("person") if digests else []
    good = {digests[link.digest]: link for link in rows if _is_good(link, now)}
    return {secret: good[secret] for secret in digests.values() if secret in good}


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
        await Person.select_for_update(no_key=True).get(id=link.person_id)  # a link that is asked for now refers to it
        fresh = await OneUseLink.get(id=link.id).select_related("person")
        if not _is_good(fresh, now):
            raise NotFound("link.unknown")
        await OneUseLink.filter(person_id=link.person_id, used_at__isnull=True).update(used_at=now)
        await wipe_secrets(link.person_id, list(NOTICE_KINDS.values()))
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
