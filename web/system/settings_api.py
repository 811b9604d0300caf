"""The settings in force, and those that the office changes itself, for programs."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from fastapi import Depends, Path, Request
from pydantic import BaseModel, Field

from registry.core.errors import NotFound
from registry.office.actions import change_settings
from registry.people.models import Person
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged
from web.kit.body import LINE, Body
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, Say, faults
from web.system.desk import SettingLine, desk_of
from web.system.mail_pages import trial_refusal

router = routing.router("system")
Manager = Annotated[Person, Depends(caller_with("office.manage"))]
Value = Annotated[str, Field(max_length=2000), LINE]
Name = Annotated[str, Path(max_length=60), LINE]


class OfficeSettingAnswer(BaseModel):
    """A setting in force. ``value`` is null of a secret. The office may change it where ``changed_from_pages`` is
    true; ``choices`` are the words it may be, of one that may be few.
    """

    name: str
    description: str
    value: str | None
    default: str | None
    origin: Literal["default", "environment", "file", "secret_file", "command", "page"]
    is_secret: bool
    is_set: bool
    changed_from_pages: bool
    choices: list[str]


class OfficeSettingsAnswer(ListAnswer[OfficeSettingAnswer]):
    pass


class SettingBody(Body):
    """``value`` as the environment would bring it; null: as it is without the office's."""

    value: Value | None


class SettingsBody(Body):
    """Several at once, all or none."""

    values: Annotated[dict[Annotated[str, Field(max_length=60)], Value | None], Field(min_length=1, max_length=100)]


class TrialBody(Body):
    to: Annotated[str, Field(max_length=200), LINE]


class TrialAnswer(BaseModel):
    """The mail server took the letter."""

    sent: Literal[True] = True


def _answer(line: SettingLine, say: Say) -> OfficeSettingAnswer:
    return OfficeSettingAnswer(
        name=line.name, description=say(line.about), value=None if line.is_secret else line.value,
        default=None if line.is_secret else line.default, origin=line.origin.value, is_secret=line.is_secret,
        is_set=line.is_set, changed_from_pages=line.is_of_office, choices=list(line.choices),
    )  # fmt: skip


@router.get("/settings", responses=faults(), summary="The settings in force, with their origin")
async def settings(request: Request, person: Manager, paging: Paged, say: Say) -> OfficeSettingsAnswer:
    lines = desk_of(request).settings()
    part = paging.part(lines)
    items = [_answer(line, say) for line in part]
    return OfficeSettingsAnswer(items=items, next=paging.cursor(len(part), len(lines)), total=len(lines))


@router.get("/settings/{name}", responses=faults(404), summary="One setting in force")
async def setting(request: Request, person: Manager, name: Name, say: Say) -> OfficeSettingAnswer:
    (line,) = _lines(request, [name])
    return _answer(line, say)


@router.put("/settings/{name}", responses=faults(404, 409), summary="Give a setting of the office another value")
async def put_setting(
    request: Request, person: Manager, name: Name, body: SettingBody, actor: CallerActor, now: Now, say: Say
) -> OfficeSettingAnswer:
    """It is in force at once, in every process. What the environment or the file sets cannot be changed here
    (``settings.fixed``). A mail server with a password is changed together with it: ``PATCH /settings``.
    """
    (line,) = await _change(request, {name: body.value}, actor, now)
    return _answer(line, say)


@router.patch("/settings", responses=faults(404, 409), summary="Give several settings other values, all or none")
async def change(
    request: Request, person: Manager, body: SettingsBody, actor: CallerActor, now: Now, say: Say
) -> list[OfficeSettingAnswer]:
    """As one by one, in one step: such as a mail server, its user and its password. The answer holds those."""
    return [_answer(line, say) for line in await _change(request, body.values, actor, now)]


@router.post("/settings/mail/trial", responses=faults(409), summary="Send a trial letter by the mail server in force")
async def try_mail(request: Request, person: Manager, body: TrialBody, now: Now, once: OnceOnly) -> TrialAnswer:
    """It leaves at once, past the outbox. A server that does not take it answers in its own words within some seconds:
    ``mail.away``, ``mail.refused``.
    """

    async def send(_key: object) -> None:
        if refusal := await trial_refusal(request, person, body.to, now):
            raise refusal

    async def answering(_outcome: None) -> TrialAnswer:
        return TrialAnswer()

    return await once(send, answering)


def _lines(request: Request, names: Collection[str]) -> list[SettingLine]:
    """The settings of these names. Raises NotFound("settings.none")."""
    lines = {line.name: line for line in desk_of(request).settings()}
    for name in names:
        if name not in lines:
            raise NotFound("settings.none", setting=name)
    return [lines[name] for name in names]


async def _change(
    request: Request, values: Mapping[str, str | None], actor: CallerActor, now: Now
) -> list[SettingLine]:
    """The settings as they are then. Raises NotFound("settings.none"), Conflict("settings.fixed"); Invalid:
    settings.bad, settings.password_again.
    """
    changes = {line.name: values[line.name] or None for line in _lines(request, values)}
    for fault in (await desk_of(request).faults(changes)).values():
        raise fault
    await change_settings(desk_of(request).stored(changes), actor, now)
    return _lines(request, values)
