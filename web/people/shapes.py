"""People and institutions as programs send and read them."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field

from registry.departures.actions import Departure
from registry.departures.rules import LoadKind
from registry.people.models import Institution, LinkWay, Person, Role
from registry.people.rules import AccountState, account_state, end_of, last_day
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, NAME, Body, Changes, Day, Login, YesNo, left_out

# as a list of codes, or parted by commas as in a list that is read in
Languages = Annotated[
    list[Annotated[str, Field(max_length=10)]],
    BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value),
    Field(max_length=13, description="the spoken ones: pl, en, uk"),
]
PersonName = Annotated[str, Field(max_length=120), NAME]
InstitutionCode = Annotated[str, Field(max_length=40, description="the code of an institution"), LINE]
Mail = Annotated[str, Field(max_length=254, description="a mail address, or empty")]
LastDay = Annotated[Day | None, Field(description="the last day on which the account works; null for no end")]
Title = Annotated[str, Field(max_length=200), LINE]
Part = Annotated[str, Field(max_length=100, description="the part that it plays"), LINE]


class NewPersonBody(Body):
    """An account without a password: whoever it is for chooses one by an invitation."""

    login: Login
    name: PersonName
    role: Annotated[str, Field(max_length=20, description=", ".join(Role))]
    institution: InstitutionCode | None = None
    languages: Languages = ["pl"]
    mail: Mail = ""
    active_until: LastDay = None


class PersonChangesBody(Changes):
    """What is left out stays as it is. ``active``: an account that was closed is opened again, or closed as it is."""

    name: PersonName = left_out()
    role: Annotated[str, Field(max_length=20, description=", ".join(Role))] = left_out()
    institution: InstitutionCode | None = left_out()
    languages: Languages = left_out()
    mail: Mail = left_out()
    active_until: LastDay = left_out()
    active: YesNo = left_out()


class PersonAnswer(BaseModel):
    login: str
    name: str
    role: Role
    institution: str | None
    languages: list[str]
    mail: str
    active: bool
    active_until: str | None = Field(description="the last day on which the account works")
    state: AccountState
    created_at: Instant
    signed_in_at: Instant | None
    revision: int


class NewInstitutionBody(Body):
    code: InstitutionCode
    name: Annotated[str, Field(max_length=200), NAME]
    name_en: Title = ""
    part: Part = ""
    in_team: YesNo = False


class InstitutionChangesBody(Changes):
    """What is left out stays as it is."""

    name: Annotated[str, Field(max_length=200), NAME] = left_out()
    name_en: Title = left_out()
    part: Part = left_out()
    in_team: YesNo = left_out()


class InstitutionAnswer(BaseModel):
    code: str
    name: str
    name_en: str
    part: str
    in_team: bool
    people: int = Field(description="how many accounts there are of it, closed ones included")
    revision: int


PeopleAnswer, InstitutionsAnswer = ListAnswer[PersonAnswer], ListAnswer[InstitutionAnswer]


def person_answer(person: Person, link_until: datetime | None, now: datetime, zone: ZoneInfo) -> PersonAnswer:
    """An account whose institution is fetched; ``link_until``: when its invitation is over."""
    day = last_day(person.active_until, zone)
    return PersonAnswer(
        login=person.login,
        name=person.name,
        role=person.role,
        institution=person.institution.code if person.institution else None,
        languages=[code for code in person.languages.split(",") if code],
        mail=person.mail,
        active=person.is_active,
        active_until=day.isoformat() if day else None,
        state=account_state(person.is_active, person.active_until, bool(person.password_hash), link_until, now),
        created_at=person.created_at.astimezone(zone),
        signed_in_at=person.signed_in_at.astimezone(zone) if person.signed_in_at else None,
        revision=person.revision,
    )


def institution_answer(institution: Institution, people: int) -> InstitutionAnswer:
    return InstitutionAnswer(
        code=institution.code,
        name=institution.name,
        name_en=institution.name_en,
        part=institution.part,
        in_team=institution.in_team,
        people=people,
        revision=institution.revision,
    )


def account_columns(values: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Fields of a body as the columns that the register changes."""
    columns = {name: value for name, value in values.items() if name not in ("active", "active_until")}
    if "active" in values:
        columns["is_active"] = values["active"]
    if "active_until" in values:
        columns["active_until"] = end_of(values["active_until"], zone)
    return columns


class InvitationBody(Body):
    """``by``: by mail, by a link that the caller hands over, or by a code on a printed slip."""

    by: LinkWay = LinkWay.LINK


class InvitationAnswer(BaseModel):
    login: str
    by: LinkWay
    link: str | None = Field(
        description="opens the page where a password is chosen, once; null if it was mailed, and in a repeated answer"
    )
    code: str | None = Field(description="the same to be typed at /password")
    until: Instant


class DepartureBody(Body):
    """Who takes over what hangs on somebody. Of what nobody takes over nothing changes."""

    hand_over_to: Annotated[Login | None, Field(description="takes over all that nobody else is named for")] = None
    custody: Annotated[Login | None, Field(description="takes over what is in their care")] = None
    bookings: Annotated[Login | None, Field(description="organizes their coming bookings")] = None
    duties: Annotated[Login | None, Field(description="has their coming duties")] = None
    approvals: Annotated[Login | None, Field(description="approves bookings in their place")] = None
    faults: Annotated[Login | None, Field(description="looks after their open faults")] = None

    def heirs(self) -> dict[LoadKind, str]:
        """Who takes over what."""
        named = {kind: getattr(self, kind) or self.hand_over_to for kind in LoadKind}
        return {kind: login for kind, login in named.items() if login}


class DepartureAnswer(BaseModel):
    login: str
    active: bool
    handed_over: dict[str, int] = Field(description="how much of each kind others have now")
    remaining: dict[str, int] = Field(description="how much of each kind still hangs on them")
    revision: int


def departure_answer(departure: Departure) -> DepartureAnswer:
    return DepartureAnswer(
        login=departure.person.login,
        active=departure.person.is_active,
        handed_over={str(kind): number for kind, number in departure.handed_over.items()},
        remaining={str(kind): number for kind, number in departure.remaining.items()},
        revision=departure.person.revision,
    )
