"""Who somebody is, by what they show."""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from tortoise.expressions import Q

from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.ids import may_be_name
from registry.people.models import Institution, Person, Session, Token
from registry.people.rules import plain_login

REMEMBERED = timedelta(seconds=5)
LOGIN_LENGTH = 64

# every API call proves itself: a look into the database each time would cost more than many of the answers. With the
# person stands when the database was asked, by the caller's clock
_people: Cache[str, tuple[Person, datetime]] = Cache()


def digest_of(secret: str) -> str:
    """What is kept of a token or a session secret: 32 random bytes need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def forget(digest: str) -> None:
    """A token was revoked or a session ended: this process asks the database again, others within five seconds."""
    _people.discard(digest)


def forget_person(person_id: int) -> None:
    """Something about an account changed: ask the database again for whatever it shows."""
    _people.discard_where(lambda entry: entry[0].id == person_id)


async def person_of_token(secret: str, now: datetime) -> Person | None:
    """The active person of an API token, with the institution. None if it is unknown, revoked or the person is away."""
    return await _remembered(digest_of(secret), now, _of_token)


async def person_of_session(secret: str, now: datetime) -> Person | None:
    """The active person of a browser's session, with the institution. None once it has ended."""
    return await _remembered(digest_of(secret), now, _of_session)


async def person_by_login(login: str) -> Person:
    """The person with this login, with the institution. Raises NotFound("person.unknown")."""
    person = None
    if may_be_name(login, LOGIN_LENGTH):
        person = await Person.get_or_none(login=plain_login(login)).select_related("institution")
    if person is None:
        raise NotFound("person.unknown", login=login[:80])
    return person


async def people_of(logins: Collection[str]) -> list[Person]:
    """The people with these logins, in their order."""
    people = {person.login: person for person in await Person.filter(login__in=list(logins))}
    return [people[login] for login in dict.fromkeys(logins) if login in people]


async def institutions_of(codes: Collection[str]) -> list[Institution]:
    """The institutions with these codes, by code."""
    return await Institution.filter(code__in=list(codes)).order_by("code")


async def all_institutions() -> list[Institution]:
    """Every institution, by name."""
    return await Institution.all().order_by("name", "id")


async def has_people() -> bool:
    """Whether anybody has an account."""
    return await Person.exists()


async def active_people() -> list[tuple[str, str]]:
    """Login and name of everybody who is active, by name."""
    return list(await Person.filter(is_active=True).order_by("name").values_list("login", "name"))


async def names_of_people(ids: Collection[int]) -> dict[int, str]:
    """The names of people by id."""
    return dict(await Person.filter(id__in=list(ids)).values_list("id", "name")) if ids else {}


async def tokens_of(person: Person) -> list[Token]:
    """The tokens of a person that are not revoked, the newest first."""
    return await Token.filter(person=person, revoked_at__isnull=True).order_by("-id")


async def _remembered(
    digest: str, now: datetime, look: Callable[[str, datetime], Awaitable[Person | None]]
) -> Person | None:
    entry = _people.get(digest)
    if entry and timedelta(0) <= now - entry[1] < REMEMBERED:
        return entry[0]
    person = await look(digest, now)
    if person is None or not person.is_active:
        _people.discard(digest)
        return None
    _people.put(digest, (person, now))
    return person


async def _of_token(digest: str, now: datetime) -> Person | None:
    token = await Token.get_or_none(digest=digest, revoked_at__isnull=True).select_related("person__institution")
    return token.person if token else None


async def _of_session(digest: str, now: datetime) -> Person | None:
    session = await Session.get_or_none(digest=digest, expires_at__gt=now).select_related("person__institution")
    return session.person if session else None


async def people_like(words: str, limit: int) -> list[Person]:
    """Active people whose name or login holds these words, by name."""
    matches = Person.filter(Q(name__icontains=words) | Q(login__icontains=words), is_active=True)
    return await matches.order_by("name", "id").limit(limit)
