"""The first start: the code from the terminal, then one question after the other until there is a room to book.

Until somebody has an account whoever brought the code answers; from then on an administrator who is signed in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Conflict, Forbidden, Invalid, Reason, Refusal
from registry.core.history import Actor
from registry.office import actions, queries
from registry.office.actions import FirstAdministrator
from registry.office.queries import SetUpProgress
from registry.office.rules import FirstStep
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import RoomKind, Visibility
from registry.rooms.places import NewBuilding, NewRoom, NewSite, code_of, zones
from web.auth.access import FormGuard, SignInNeeded, Visitor, actor_of, address_of, page_with
from web.auth.browsers import browser_name
from web.auth.pages import signed_in
from web.auth.session import A_YEAR, LANGUAGE, keep, options_of
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import REASONS, status_of
from web.kit.i18n import LANGUAGES, refusal_words
from web.kit.i18n import preferred as preferred_language
from web.kit.query_names import pages
from web.kit.render import language_of, render
from web.kit.words import N_
from web.setup import proof
from web.setup.words import QUESTIONS, ROOM_KIND_WORDS, VISIBILITY_WORDS

router = pages()
Manager = Annotated[Person, Depends(page_with("office.manage"))]
Text = Annotated[str, Form(max_length=2000)]
Typed = Annotated[str, Field(max_length=2000)]
PAGE = "/setup"
PROPOSED = {
    "timezone": "Europe/Warsaw", "floor": "0", "kind": RoomKind.MEETING.value,
    "visibility": Visibility.INTERNAL.value, "bookable": True,
}  # fmt: skip
ProofGuard = Depends(proof.proof_guard)


@router.get("/setup")
async def set_up_page(request: Request, person: Visitor, typed: TypedWords, step: str = "") -> Response:
    """The code, or the question that is open; nothing is left to ask once there is a room."""
    progress = await queries.progress()
    if progress.has_people:
        if person is None:
            raise SignInNeeded(request)
        if not rules.may(person.role, "office.manage"):
            raise Forbidden("auth.role")
        if progress.is_whole and not typed:
            return RedirectResponse("/", 303)
    language = _language(request, progress)
    words: dict[str, Any] = {
        "form": FormFields(PROPOSED | typed.words.get("form", {})),
        "faults": FormFields(typed.words.get("faults", {})),
    }
    if not progress.has_people and not await proof.has_proof(request):
        return render(request, "setup/code.html", status=typed.status, language=language, **words)
    answers = await _answers(request, progress, person)
    open_step = next((one for one in QUESTIONS if one not in answers), QUESTIONS[-1])
    is_asked_again = step in answers and step == "office"
    return render(
        request,
        "setup/questions.html",
        status=typed.status,
        language=language,
        progress=progress,
        answers=answers,
        current=step if is_asked_again else open_step,
        questions=QUESTIONS,
        zones=sorted(zones()),
        kinds=ROOM_KIND_WORDS,
        visibilities=VISIBILITY_WORDS,
        settings=FormFields(await queries.office_settings()),
        **words,
    )


async def _answers(request: Request, progress: SetUpProgress, person: Person | None) -> dict[str, str]:
    """What was answered, by question, in a few words."""
    answers: dict[str, str] = {}
    settings = await queries.office_settings()
    name = settings.get("office_name") or options_of(request).declaration.entity
    if name or progress.has_people:
        language = LANGUAGES[settings.get("language") or options_of(request).language]
        answers["office"] = " · ".join(part for part in (name, language) if part)
    if progress.has_people and person is not None:
        answers["administrator"] = person.name
    site, building = await queries.first_site(), await queries.first_building()
    if site:
        answers["site"] = f"{site.name} · {site.timezone}"
    if building:
        answers["building"] = f"{building.code} · {building.address}"
    return answers


def _language(request: Request, progress: SetUpProgress) -> str:
    """Of the page: what the reader chose, or until the office has chosen, what the browser asks for."""
    if request.cookies.get(LANGUAGE) in LANGUAGES or progress.is_named or progress.has_people:
        return language_of(request)
    return preferred_language(request.headers.get("accept-language", ""), tuple(LANGUAGES), language_of(request))


@router.post("/setup/code", dependencies=[FormGuard])
async def bring_code(request: Request, now: Now, code: Text = "") -> Response:
    """The code from the terminal."""
    try:
        made_at = await actions.check_code(code, address_of(request), now)
    except Forbidden as refusal:
        return await _back(request, now, refusal, {"code": code}, {"code": refusal})
    response = RedirectResponse(PAGE, 303)
    proof.give(request, response, made_at)
    return response


class OfficeForm(BaseModel):
    """The first question."""

    language: Typed = ""
    name: Typed = ""


@router.post("/setup/office", dependencies=[FormGuard])
async def name_office(request: Request, person: Visitor, now: Now, form: Annotated[OfficeForm, Form()]) -> Response:
    """Language and name of the office."""
    await _check_right(request, person)
    faults: dict[str, Refusal] = {}
    faults.update(_name_faults(form.name))
    if form.language not in LANGUAGES:
        faults["language"] = Invalid("request.missing_field", field="language")
    if faults:
        return await _back(request, now, next(iter(faults.values())), form.model_dump(), faults)
    await actions.change_settings(
        {"language": form.language, "office_name": form.name.strip()[:200]}, _actor(request, person), now
    )
    response = RedirectResponse(PAGE, 303)
    keep(response, options_of(request), LANGUAGE, form.language, A_YEAR)
    return response


def _name_faults(name: str) -> dict[str, Refusal]:
    """What is wrong with what somebody or something is called."""
    if not name.strip():
        return {"name": Invalid("request.missing_field", field="name")}
    if not name.strip().isprintable():
        reason = Reason(N_("it holds characters that cannot be shown"))
        return {"name": Invalid("request.bad_field", field="name", reason=reason)}
    return {}


async def _check_right(request: Request, person: Person | None) -> None:
    if person is None or not rules.may(person.role, "office.manage"):
        if (await queries.progress()).has_people:
            raise Conflict("setup.over")
        await proof.proof_guard(request)


class AdministratorForm(BaseModel):
    """The second question."""

    name: Typed = ""
    login: Typed = ""
    password: Typed = ""
    repeated: Typed = ""


@router.post("/setup/administrator", dependencies=[FormGuard])
async def add_administrator(request: Request, now: Now, form: Annotated[AdministratorForm, Form()]) -> Response:
    """The first account, and signed in with it. Of two who set up at once the second is told."""
    if (await queries.progress()).has_people:
        raise Conflict("setup.over")
    await proof.proof_guard(request)
    new = FirstAdministrator(form.login, form.name, form.password)
    faults = new.faults()
    faults.update(_name_faults(form.name))
    if form.password != form.repeated:
        faults["repeated"] = Invalid("person.passwords_differ")
    if faults:
        typed = {"name": form.name, "login": form.login}
        return await _back(request, now, next(iter(faults.values())), typed, faults)
    program = browser_name(request.headers.get("user-agent", ""))
    person, secret = await actions.add_administrator(new, _actor(request, None), now, program)
    response = signed_in(RedirectResponse(PAGE, 303), request, person, secret)
    proof.take_back(request, response)
    return response


class SiteForm(BaseModel):
    """The third question."""

    name: Typed = ""
    code: Typed = ""
    timezone: Typed = "Europe/Warsaw"


@router.post("/setup/site")
async def add_site(request: Request, person: Manager, now: Now, form: Annotated[SiteForm, Form()]) -> Response:
    """Where the office is, and by which clock."""
    if await queries.first_site():
        return RedirectResponse(PAGE, 303)
    new = NewSite(form.code.strip() or code_of(form.name), form.name.strip(), form.timezone.strip())
    faults = new.faults()
    if faults:
        return await _back(request, now, next(iter(faults.values())), form.model_dump(), faults)
    await actions.add_site(new, actor_of(request, person), now)
    return RedirectResponse(PAGE, 303)


class BuildingForm(BaseModel):
    """The fourth question."""

    code: Typed = ""
    address: Typed = ""
    step_free: bool = False


@router.post("/setup/building")
async def add_building(request: Request, person: Manager, now: Now, form: Annotated[BuildingForm, Form()]) -> Response:
    """The first house."""
    site = await queries.first_site()
    if site is None or await queries.first_building():
        return RedirectResponse(PAGE, 303)
    new = NewBuilding(form.code.strip(), form.address.strip(), step_free=form.step_free)
    faults = new.faults()
    if faults:
        return await _back(request, now, next(iter(faults.values())), form.model_dump(), faults)
    await actions.add_building(new, site.id, actor_of(request, person), now)
    return RedirectResponse(PAGE, 303)


class RoomForm(BaseModel):
    """The last question."""

    code: Typed = ""
    name: Typed = ""
    floor: Typed = "0"
    kind: Typed = RoomKind.MEETING.value
    capacity: Typed = ""
    visibility: Typed = Visibility.INTERNAL.value
    bookable: bool = False


@router.post("/setup/room")
async def add_room(request: Request, person: Manager, now: Now, form: Annotated[RoomForm, Form()]) -> Response:
    """The first room, and on to Today."""
    building = await queries.first_building()
    if building is None or (await queries.progress()).has_room:
        return RedirectResponse(PAGE, 303)
    numbers, faults = _numbers({"floor": form.floor, "capacity": form.capacity or "0"})
    new = NewRoom(
        code=form.code.strip(), name=form.name.strip(), floor=numbers.get("floor", 0), kind=form.kind,
        capacity=numbers.get("capacity", 0), visibility=form.visibility, bookable=form.bookable,
    )  # fmt: skip
    faults |= {field: fault for field, fault in new.faults().items() if field not in faults}
    if faults:
        return await _back(request, now, next(iter(faults.values())), form.model_dump(), faults)
    await actions.add_room(new, building.id, actor_of(request, person), now)
    return RedirectResponse("/", 303)


def _numbers(texts: Mapping[str, str]) -> tuple[dict[str, int], dict[str, Refusal]]:
    """Whole numbers out of fields, and what is wrong with the others."""
    numbers: dict[str, int] = {}
    faults: dict[str, Refusal] = {}
    for field, text in texts.items():
        sign, digits = ("-", text.strip()[1:]) if text.strip().startswith(("-", "−")) else ("", text.strip())
        if digits.isdecimal() and len(digits) < 6:
            numbers[field] = int(f"{sign}{digits}")
        else:
            faults[field] = not_whole(field)
    return numbers, faults


def not_whole(field: str) -> Refusal:
    """What is said of a field that holds no whole number."""
    return Invalid("request.bad_field", field=field, reason=Reason(REASONS["int_parsing"]))


@router.post("/setup/steps/{step}")
async def put_step_off(request: Request, person: Manager, now: Now, step: FirstStep, later: Text = "") -> Response:
    """Leave a line of the check list for later, or take it up again."""
    await actions.put_off(step, later == "1", actor_of(request, person), now)
    return RedirectResponse("/", 303)


def _actor(request: Request, person: Person | None) -> Actor:
    if person is not None:
        return actor_of(request, person)
    return Actor(name="set-up", source="web", address=address_of(request))


async def _back(
    request: Request, now: datetime, refusal: Refusal, form: Mapping[str, Any], faults: Mapping[str, Refusal]
) -> Response:
    """To the page with what was typed and what is wrong, field by field; no password goes with it."""
    progress = await queries.progress()
    language = _language(request, progress)
    words = {field: refusal_words(fault, language) for field, fault in faults.items()}
    return await back_to(PAGE, request, now, status_of(refusal), form=dict(form), faults=words)
