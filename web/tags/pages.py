"""What a label opens: a thing, a room, or nothing yet. And the page where a code is typed."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import tags
from registry.assets.labels import link_tag
from registry.assets.models import Tag
from registry.assets.queries import by_tag, numbered
from registry.core.errors import Conflict, NotFound, Refusal
from registry.people.models import Person
from registry.rooms.queries import room_as_typed
from web.auth.access import PageCaller, actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_

router = pages()
Text = Annotated[str, Form(max_length=2000)]
LIMIT = 200
NO_SUCH_ASSET = N_("Nothing in the register has exactly the number %(number)s. Give the whole number of the thing.")


def _address(tag: Tag) -> str:
    """The page of what a tag is on, or its own."""
    if tag.asset_id:
        return f"/assets/{tag.asset_id}"
    return f"/rooms/{tag.room.code}" if tag.room else f"/t/{tag.code}"


@router.get("/t/{code}")
async def open_tag(request: Request, person: PageCaller, code: str, typed: TypedWords) -> Response:
    """What a QR code opens."""
    return await _tag(request, person, code, typed.status, **typed.words)


async def _tag(request: Request, person: Person, code: str, status: int = 200, **typed: Any) -> Response:
    try:
        tag = await by_tag(code)
    except NotFound as refusal:
        if refusal.code != "tag.unknown":
            raise
    else:
        if tag.asset_id or tag.room_id:
            return RedirectResponse(_address(tag), 303)
    return render(
        request,
        "scan/empty_tag.html",
        person=person,
        status=status,
        code=tags.normalised(code),
        **({"thing": "", "fault": ""} | typed),
    )


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
