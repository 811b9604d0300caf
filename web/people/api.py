"""People, how they get in, and their institutions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request, Response

from registry.core.errors import Conflict
from registry.departures.actions import Departure, deactivate
from registry.people import accounts, actions, institutions, links
from registry.people.links import IssuedLink, in_groups
from registry.people.models import Institution, LinkWay, Person, Role
from registry.people.queries import (
    PeopleFilter,
    institutions_in_order,
    invitations_of,
    people_in_institution,
    people_in_order,
    person_by_login,
)
from registry.people.rules import AccountState
from web.auth.access import caller_with
from web.auth.session import options_of
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults
from web.people.shapes import (
    DepartureAnswer,
    DepartureBody,
    InstitutionAnswer,
    InstitutionChangesBody,
    InstitutionsAnswer,
    InvitationAnswer,
    InvitationBody,
    NewInstitutionBody,
    NewPersonBody,
    PeopleAnswer,
    PersonAnswer,
    PersonChangesBody,
    account_columns,
    departure_answer,
    institution_answer,
    person_answer,
)

router = routing.router("people")
Reader = Annotated[Person, Depends(caller_with("people.see"))]
Manager = Annotated[Person, Depends(caller_with("people.manage"))]
LoginInPath = Annotated[str, Path(alias="login", max_length=64), LINE]
CodeInPath = Annotated[str, Path(alias="code", max_length=40), LINE]
Word = Annotated[str, Query(max_length=64), LINE]


async def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(options_of(request).timezone)


OfficeZone = Annotated[ZoneInfo, Depends(_zone)]


@router.get("/people", responses=faults(), summary="People, by name")
async def listing(
    person: Reader, paging: Paged, now: Now, zone: OfficeZone, q: Word = "", role: Role | None = None,
    institution: Word = "", state: AccountState | None = None,
) -> ListAnswer[PersonAnswer]:  # fmt: skip
    """``q``: words of a name, a login, a mail address or an institution."""
    wish = PeopleFilter(q, (str(role),) if role else (), institution, state)
    rows, total = await people_in_order(wish, now, paging.start, paging.limit)
    items = await _answers(rows, now, zone)
    return PeopleAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/people", status_code=201, responses=faults(404, 409), summary="Open an account")
async def add(
    body: NewPersonBody, person: Manager, actor: CallerActor, now: Now, zone: OfficeZone, once: OnceOnly,
    response: Response,
) -> PersonAnswer:  # fmt: skip
    """Nobody can sign in to it until it has a password: invite its person."""
    columns = account_columns(body.model_dump(), zone)
    return await once(
        lambda key: actions.add_account(columns, actor, now, key),
        lambda fresh: _one(fresh.login, response, now, zone),
    )


@router.get("/people/{login}", responses=faults(404), summary="One account")
async def one(login: LoginInPath, person: Reader, now: Now, zone: OfficeZone, response: Response) -> PersonAnswer:
    return await _one(login, response, now, zone)


@router.patch("/people/{login}", responses=faults(404, 409, 412), summary="Change an account")
async def change(
    login: LoginInPath, body: PersonChangesBody, person: Manager, actor: CallerActor, now: Now, zone: OfficeZone,
    revision: IfMatch, response: Response,
) -> PersonAnswer:  # fmt: skip
    """The last administrator whose account has no end stays one."""
    await accounts.change_person(login, account_columns(body.changes(), zone), actor, now, revision)
    return await _one(login, response, now, zone)


@router.post("/people/{login}/invite", responses=faults(404, 409), summary="A link of one use that lets somebody in")
async def invite(
    request: Request, login: LoginInPath, person: Manager, actor: CallerActor, now: Now, zone: OfficeZone,
    once: OnceOnly, body: InvitationBody = InvitationBody(),
) -> InvitationAnswer:  # fmt: skip
    """Whoever has it chooses a password. A link that was made before leads nowhere from now on. By mail it goes to its
    person alone. The first answer alone has the link and its code: they are stored nowhere, so the same request sent
    again is answered without them.
    """
    options, is_mailed = options_of(request), body.by is LinkWay.MAIL
    base_url = options.base_url
    if is_mailed and not options.has_mail:
        raise Conflict("notice.no_server")

    async def answer(issued: list[IssuedLink]) -> InvitationAnswer:
        (link,) = issued
        return InvitationAnswer(
            login=link.person.login,
            by=link.way,
            link=None if is_mailed else links.link_address(base_url, link.secret),
            code=None if is_mailed else in_groups(link.secret),
            until=link.until.astimezone(zone),
        )

    return await once(
        lambda key: links.invite([login], body.by, actor, now, key, base_url=base_url),
        answer,
        without=lambda whole: whole.model_copy(update={"link": None, "code": None}),
    )


@router.post("/people/{login}/deactivate", responses=faults(404, 409, 412), summary="Close an account and hand over")
async def leave(
    login: LoginInPath,
    person: Manager,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
    body: DepartureBody = DepartureBody(),
) -> DepartureAnswer:
    """Their sessions end and their tokens stop working. What hangs on them (custody, coming bookings and duties, open
    faults) goes to others in the same act, all or nothing. A closed account can be handed over from again.
    """

    async def answer(departure: Departure) -> DepartureAnswer:
        response.headers["etag"] = etag(departure.person.revision)
        return departure_answer(departure)

    return await once(lambda key: deactivate(login, body.heirs(), actor, now, revision, key), answer)


@router.get("/institutions", responses=faults(), summary="Institutions, by code")
async def institution_list(person: Reader, paging: Paged, q: Word = "") -> ListAnswer[InstitutionAnswer]:
    rows, total = await institutions_in_order(q, paging.start, paging.limit)
    counts = await people_in_institution([row.id for row in rows])
    items = [institution_answer(row, counts.get(row.id, 0)) for row in rows]
    return InstitutionsAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/institutions", status_code=201, responses=faults(409), summary="Take an institution in")
async def add_institution(
    body: NewInstitutionBody, person: Manager, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> InstitutionAnswer:
    return await once(
        lambda key: institutions.add_institution(body.model_dump(), actor, now, key),
        lambda row: _institution(row, response),
    )


@router.patch("/institutions/{code}", responses=faults(404, 412), summary="Change an institution")
async def change_institution(
    code: CodeInPath, body: InstitutionChangesBody, person: Manager, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response,
) -> InstitutionAnswer:  # fmt: skip
    row = await institutions.change_institution(code, body.changes(), actor, now, revision)
    return await _institution(row, response)


async def _one(login: str, response: Response, now: datetime, zone: ZoneInfo) -> PersonAnswer:
    (answer,) = await _answers([await person_by_login(login)], now, zone)
    response.headers["etag"] = etag(answer.revision)
    return answer


async def _answers(rows: Sequence[Person], now: datetime, zone: ZoneInfo) -> list[PersonAnswer]:
    invitations = await invitations_of([row.id for row in rows])
    return [person_answer(row, invitations.get(row.id), now, zone) for row in rows]


async def _institution(row: Institution, response: Response) -> InstitutionAnswer:
    counts = await people_in_institution([row.id])
    response.headers["etag"] = etag(row.revision)
    return institution_answer(row, counts.get(row.id, 0))
