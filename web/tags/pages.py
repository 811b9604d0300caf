"""What a label opens: a thing, a room, or nothing yet. And the page where a code is typed."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import tags
from registry.assets.actions import link_tag
from registry.assets.models import Tag
from registry.assets.queries import by_tag, search
from registry.assets.search import AssetFilter
from registry.core.errors import Conflict, NotFound, Refusal
from registry.people.models import Person
from registry.rooms.models import Room
from web.assets.table import Asked
from web.auth.access import PageCaller, actor_of, page_with
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.render import render
from web.kit.words import N_

router = APIRouter()
Text = Annotated[str, Form(max_length=2000)]
LIMIT = 200
NOTHING_CALLED = N_("Nothing in the register is called %(code)s. The code of a label has %(length)s characters.")
NO_SUCH_ASSET = N_("Nothing in the register has the number %(number)s.")


@router.get("/scan")
async def scan(request: Request, person: PageCaller, code: str = "") -> Response:
    """Type what stands on a label: a tag, an inventory number, a serial number or the code of a room."""
    typed = code.strip()[:LIMIT]
    if not typed:
        return _page(request, person)
    found = await _place_of(typed)
    if found:
        return RedirectResponse(found, 303)
    if tags.check(tags.normalised(typed)):
        return await _tag(request, person, typed)
    words = page_context(request, person, datetime.now(UTC)).words
    if len(tags.normalised(typed)) == tags.LENGTH:
        said = words.refusal(NotFound("tag.bad_check", code=typed))
    else:
        said = words.say(NOTHING_CALLED) % {"code": typed, "length": tags.LENGTH}
    return _page(request, person, 404, code=typed, fault=said)


def _page(request: Request, person: Person, status: int = 200, **given: Any) -> Response:
    return render(request, "scan/scan.html", person=person, status=status, **({"code": "", "fault": ""} | given))


async def _place_of(typed: str) -> str:
    """Where a code leads, empty if nowhere: a tag first, then a room, then whatever the register finds."""
    tag = await Tag.get_or_none(code=tags.normalised(typed)) if tags.check(tags.normalised(typed)) else None
    if tag:
        return await _address(tag)
    room = await Room.get_or_none(code=typed.upper()) if len(typed) <= 40 else None
    if room:
        return f"/rooms/{room.code}"
    found = await search(AssetFilter(q=typed), limit=2)
    if len(found.items) == 1:
        return f"/assets/{found.items[0]['id']}"
    return Asked(AssetFilter(q=typed)).href() if found.items else ""


async def _address(tag: Tag) -> str:
    if tag.asset_id:
        return f"/assets/{tag.asset_id}"
    if tag.room_id:
        return f"/rooms/{(await Room.get(id=tag.room_id)).code}"
    return f"/t/{tag.code}"


@router.get("/t/{code}")
async def open_tag(request: Request, person: PageCaller, code: str) -> Response:
    """What a QR code opens."""
    return await _tag(request, person, code)


async def _tag(request: Request, person: Person, code: str, status: int = 200, **given: Any) -> Response:
    wanted = tags.normalised(code)
    try:
        tag = await by_tag(code)
    except NotFound as refusal:
        if refusal.code != "tag.unknown":
            raise
    else:
        if tag.asset_id or tag.room_id:
            return RedirectResponse(await _address(tag), 303)
    return render(
        request,
        "scan/empty_tag.html",
        person=person,
        status=status,
        code=wanted,
        **({"thing": "", "fault": ""} | given),
    )


@router.post("/t/{code}")
async def link(
    request: Request, person: Annotated[Person, Depends(page_with("assets.change"))], code: str, thing: Text = ""
) -> Response:
    """Put a label that is on nothing yet on a thing, by its number, or on a room, by its code."""
    reader = page_context(request, person, datetime.now(UTC))
    try:
        where = await _link(code, thing.strip()[:LIMIT], request, person, reader.now)
    except Refusal as refusal:
        if refusal.code == "tag.taken":
            raise
        said = reader.words.refusal(refusal)
        return await _tag(request, person, code, status_of(refusal), thing=thing, fault=said)
    if not where:
        said = reader.say(NO_SUCH_ASSET) % {"number": thing.strip()[:80]}
        return await _tag(request, person, code, 404, thing=thing, fault=said)
    return RedirectResponse(f"{where}?done=tag", 303)


async def _link(code: str, thing: str, request: Request, person: Person, now: datetime) -> str:
    actor = actor_of(request, person)
    if thing and (room := await Room.get_or_none(code=thing.upper()[:40])):
        await link_tag(code, actor, now, room_id=room.id)
        return f"/rooms/{room.code}"
    found = await search(AssetFilter(q=thing), limit=2) if thing else None
    exact = [item for item in found.items if thing in (item["inventory_no"], item["serial_no"])] if found else []
    one = exact or (found.items if found else [])
    if len(one) > 1:
        raise Conflict("asset.several", number=thing[:80])
    if not one:
        return ""
    await link_tag(code, actor, now, asset_id=one[0]["id"])
    return f"/assets/{one[0]['id']}"
