"""Who somebody is, by what they show."""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.ids import may_be_name
from registry.core.statements import column
from registry.people.models import Institution, LinkPurpose, OneUseLink, Person, Session, Token
from registry.people.rules import CAPABILITIES, LONGEST_MAIL, AccountState, is_open, plain_login

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


def forget_people_of(institution_id: int) -> None:
    """Something about an institution changed: ask the database again for all its people."""
    _people.discard_where(lambda entry: entry[0].institution_id == institution_id)


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


async def active_people(institution_id: int | None = None) -> list[tuple[str, str]]:
    """Login and name of everybody who is active, or of those of an institution, by name."""
    of_it = {} if institution_id is None else {"institution_id": institution_id}
    return list(await Person.filter(is_active=True, **of_it).order_by("name").values_list("login", "name"))


async def first_account_at() -> datetime | None:
    """When the first account was opened: since then there is something to lose."""
    first = await Person.all().order_by("id").first()
    return first.created_at if first else None


async def people_who_may(capability: str) -> list[int]:
    """The ids of the active people whose role has a capability of the table."""
    roles = [str(role) for role in CAPABILITIES[capability]]
    return list(await column(Person.filter(is_active=True, role__in=roles).order_by("id"), "id"))


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
    if entry and timedelta(0) <= now - entry[1] < REMEMBERED and is_open(True, entry[0].active_until, now):
        return entry[0]
    epoch = _people.epoch
    person = await look(digest, now)
    if person is None or not is_open(person.is_active, person.active_until, now):
        _people.discard(digest)
        return None
    _people.put(digest, (person, now), epoch)
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


class PeopleView(StrEnum):
    """The lists of people that are looked at most."""

    ALL = "all"
    WAITING = "waiting"  # they have an account, and no password yet
    ENDING = "ending"  # their last day is near
    CLOSED = "closed"


ENDING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which accounts a list shows: ``words`` of the name, the login, the mail address or the institution."""

    words: str = ""
    roles: tuple[str, ...] = ()
    institution: str = ""
    state: AccountState | None = None
    view: PeopleView = PeopleView.ALL


async def people_in_order(wish: PeopleFilter, now: datetime, start: int, limit: int) -> tuple[Sequence[Person], int]:
    """The accounts that a list shows, by name, with their institutions; and how many there are."""
    people = _fitting(wish, now)
    total = await people.count()
    return await people.order_by("name", "id").offset(start).limit(limit).select_related("institution"), total


def _fitting(wish: PeopleFilter, now: datetime) -> QuerySet[Person]:
    people = Person.all()
    for word in wish.words.split():
        of_person = Q(name__icontains=word) | Q(login__icontains=word) | Q(mail__icontains=word)
        people = people.filter(of_person | Q(institution__name__icontains=word) | Q(institution__code__icontains=word))
    if wish.roles:
        people = people.filter(role__in=list(wish.roles))
    if wish.institution:
        people = people.filter(institution__code=wish.institution)
    if wish.view is not PeopleView.ALL:
        people = people.filter(_in_view(wish.view, now))
    return people.filter(_in_state(wish.state, now)) if wish.state else people


def _in_view(view: PeopleView, now: datetime) -> Q:
    is_open_now = Q(is_active=True) & (Q(active_until__isnull=True) | Q(active_until__gt=now))
    if view is PeopleView.WAITING:
        return is_open_now & Q(password_hash="")
    if view is PeopleView.ENDING:
        return Q(is_active=True, active_until__gt=now, active_until__lte=now + ENDING)
    return Q(is_active=False) | Q(active_until__lte=now)


async def counts_by_view(now: datetime) -> dict[PeopleView, int]:
    """How many accounts each view shows."""
    return {view: await _fitting(PeopleFilter(view=view), now).count() for view in PeopleView}


async def institution_choices(limit: int = 500) -> list[tuple[str, str]]:
    """Code and name of institutions, by name."""
    rows = Institution.all().order_by("name").limit(limit)
    return [(str(code), str(name)) for code, name in await rows.values_list("code", "name")]


async def heirs(but: int, now: datetime, limit: int = 500) -> list[tuple[str, str]]:
    """Login and name of people who can take something over from somebody, by name."""
    is_open_now = Q(active_until__isnull=True) | Q(active_until__gt=now)
    people = Person.filter(is_open_now, is_active=True).exclude(id=but)
    return [
        (str(login), str(name))
        for login, name in await people.order_by("name").limit(limit).values_list("login", "name")
    ]


def _in_state(state: AccountState, now: datetime) -> Q:
    if state is AccountState.CLOSED:
        return Q(is_active=False)
    if state is AccountState.ENDED:
        return Q(is_active=True, active_until__lte=now)
    is_open_now = Q(is_active=True) & (Q(active_until__isnull=True) | Q(active_until__gt=now))
    if state is AccountState.ACTIVE:
        return is_open_now & ~Q(password_hash="")
    unused = OneUseLink.filter(purpose=LinkPurpose.INVITATION, used_at__isnull=True)
    invited, good = (
        Subquery(unused.values("person_id")),
        Subquery(unused.filter(expires_at__gt=now).values("person_id")),
    )
    has_no_password = is_open_now & Q(password_hash="")
    if state is AccountState.INVITED:
        return has_no_password & Q(id__in=good)
    if state is AccountState.LAPSED:
        return has_no_password & Q(id__in=invited) & ~Q(id__in=good)
    return has_no_password & ~Q(id__in=invited)


async def invitations_of(person_ids: Collection[int]) -> dict[int, datetime]:
    """Until when the newest invitation of each of these people was or is good, as far as none was used."""
    if not person_ids:
        return {}
    links = OneUseLink.filter(person_id__in=list(person_ids), purpose=LinkPurpose.INVITATION, used_at__isnull=True)
    rows = await links.order_by("id").values_list("person_id", "expires_at")
    return {int(person_id): until for person_id, until in rows}


async def people_to_remind(words: str, now: datetime, limit: int = 5) -> list[Person]:
    """The open accounts that a login or a mail address means, as far as a mail reaches them."""
    if not may_be_name(words, LONGEST_MAIL):
        return []
    people = Person.filter(Q(login=plain_login(words)[:LOGIN_LENGTH]) | Q(mail__iexact=words), is_active=True)
    rows = await people.exclude(mail="").order_by("id").limit(limit)
    return [person for person in rows if is_open(person.is_active, person.active_until, now)]


async def institutions_in_order(words: str, start: int, limit: int) -> tuple[Sequence[Institution], int]:
    """Institutions whose code or name holds these words, by code; and how many there are."""
    institutions = Institution.all()
    for word in words.split():
        institutions = institutions.filter(
            Q(code__icontains=word) | Q(name__icontains=word) | Q(name_en__icontains=word)
        )
    return await institutions.order_by("code").offset(start).limit(limit), await institutions.count()


async def institution_by_code(code: str) -> Institution:
    """Raises NotFound("institution.unknown")."""
    institution = await Institution.get_or_none(code=code) if may_be_name(code, 40) else None
    if institution is None:
        raise NotFound("institution.unknown", institution=code[:80])
    return institution


async def people_in_institution(institution_ids: Collection[int]) -> dict[int, int]:
    """How many accounts there are of each of these institutions."""
    if not institution_ids:
        return {}
    people = Person.filter(institution_id__in=list(institution_ids)).annotate(number=Count("id"))
    return dict(await people.group_by("institution_id").values_list("institution_id", "number"))


async def sessions_of(person: Person, now: datetime) -> list[Session]:
    """The browsers in which somebody is signed in, the newest first."""
    return await Session.filter(person_id=person.id, expires_at__gt=now).order_by("-id")
