"""What a label opens: a thing, a room, or nothing yet. And the page where a code is typed."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import tags
from registry.assets.labels import link_tag, lose_tag
from registry.assets.queries import by_tag, numbered, tag_or_none
from registry.core.errors import Conflict, NotFound, Refusal
from registry.faults.finds import report_find
from registry.people.models import Person
from registry.rooms.queries import room_as_typed
from registry.scans.actions import CodeReading, log
from registry.scans.models import Reader
from registry.scans.queries import Match, match, standing_room
from web.assets import words
from web.assets.view import OfferedAct, acts_of
from web.auth.access import FormGuard, Visitor, actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.tags.found import found_page, language_of_finder

router = pages()
Text = Annotated[str, Form(max_length=2000)]
LIMIT = 200
NO_SUCH_ASSET = N_("Nothing in the register has exactly the number %(number)s. Give the whole number of the thing.")


@router.get("/T/{code}")
async def open_printed(code: str) -> Response:
    """A printed code is in capitals, which makes it smaller."""
    _refuse_mistyped(code)
    return RedirectResponse(_own_page(code), 303)


@router.get("/t/{code}")
async def open_tag(
    request: Request, person: Visitor, code: str, now: Now, typed: TypedWords, lang: str = "", done: str = ""
) -> Response:
    """What a QR code opens. A stranger reads how to give the thing back, and no more."""
    if person is None:
        return found_page(request, code, lang, typed, bool(done))
    context = page_context(request, person, now)
    scanned = await match(tags.normalised(code), person)
    await log(CodeReading(tags.normalised(code), Reader.LINK, now, person), scanned)
    if scanned.asset and context.may("assets.change"):
        return await _thing(request, context, scanned)
    if scanned.asset:
        return RedirectResponse(f"/assets/{scanned.asset['id']}", 303)
    if scanned.room:
        return RedirectResponse(f"/rooms/{scanned.room.code}", 303)
    return await _tag(request, person, code, typed.status, **typed.words)


async def _thing(request: Request, context: PageContext, scanned: Match) -> Response:
    """A thing in the hand of somebody who may change it, with the likeliest act first."""
    return render(
        request,
        "scan/thing.html",
        person=context.person,
        context=context,
        asset=scanned.asset,
        code=scanned.code,
        place=await standing_room(context.person, context.now),
        looks=words,
        acts=[one for one in _acts_in_hand(scanned.asset, context) if one.name not in words.OF_A_DESK],
        key=uuid4().hex,
    )


def _acts_in_hand(asset: dict[str, Any] | None, context: PageContext) -> list[OfferedAct]:
    return acts_of(asset["lifecycle"], asset["condition"], context) if asset else []


async def _tag(request: Request, person: Person, code: str, status: int = 200, **typed: Any) -> Response:
    lost_at = None
    try:
        lost_at = (await by_tag(code)).lost_at
    except NotFound as refusal:
        if refusal.code != "tag.unknown":
            raise
    return render(
        request,
        "scan/empty_tag.html",
        person=person,
        status=status,
        code=tags.normalised(code),
        lost_at=lost_at,
        **({"thing": "", "fault": ""} | typed),
    )


@router.post("/t/{code}/found", dependencies=[FormGuard])
async def say_where(
    request: Request,
    code: str,
    now: Now,
    finder_words: Annotated[str, Form(alias="words", max_length=2000)] = "",
    lang: str = "",
) -> Response:
    """A stranger says where the thing is."""
    page = f"{_own_page(code)}?lang={language_of_finder(request, lang)}"
    _refuse_mistyped(code)
    tag = await tag_or_none(code)
    asset_id, room_id = (tag.asset_id, tag.room_id) if tag else (None, None)
    try:
        await report_find(tags.normalised(code), finder_words, now, asset_id=asset_id, room_id=room_id)
    except Refusal as refusal:
        return await back_to(page, request, now, status_of(refusal), words=finder_words, fault=refusal.code)
    return RedirectResponse(f"{page}&done=1", 303)


@router.post("/t/{code}/lost")
async def lose(
    request: Request, person: Annotated[Person, Depends(page_with("assets.change"))], code: str, now: Now
) -> Response:
    """Take a label off that is gone or replaced."""
    _refuse_mistyped(code)
    await lose_tag(code, actor_of(request, person), now)
    return RedirectResponse(_own_page(code), 303)


@router.post("/t/{code}")
async def link(
    request: Request,
    person: Annotated[Person, Depends(page_with("assets.change"))],
    code: str,
    now: Now,
    thing: Text = "",
) -> Response:
    """Put a label that is on nothing yet on a thing, by its number, or on a room, by its code."""
    context = page_context(request, person, now)
    try:
        address = await _link(code, thing.strip()[:LIMIT], request, person, now)
    except Refusal as refusal:
        if refusal.code == "tag.taken":
            raise
        sentence = context.words.refusal(refusal)
        return await back_to(_own_page(code), request, now, status_of(refusal), thing=thing, fault=sentence)
    if not address:
        sentence = context.say(NO_SUCH_ASSET) % {"number": thing.strip()[:80]}
        return await back_to(_own_page(code), request, now, 404, thing=thing, fault=sentence)
    return RedirectResponse(f"{address}?done=tag", 303)


def _refuse_mistyped(code: str) -> None:
    """Raises NotFound("tag.bad_check"): at such an address there is no label."""
    if not tags.check(tags.normalised(code)):
        raise NotFound("tag.bad_check", code=code[:40])


def _own_page(code: str) -> str:
    return f"/t/{quote(code, safe='')}"


async def _link(code: str, thing: str, request: Request, person: Person, now: datetime) -> str:
    """The page of what the label is on now, empty if nothing has exactly this number."""
    actor = actor_of(request, person)
    if room := await room_as_typed(thing):
        await link_tag(code, actor, now, room_id=room.id)
        return f"/rooms/{room.code}"
    things = await numbered(thing)
    if len(things) > 1:
        raise Conflict("asset.several", number=thing[:80])
    if not things:
        return ""
    await link_tag(code, actor, now, asset_id=things[0]["id"])
    return f"/assets/{things[0]['id']}"
