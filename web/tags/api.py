"""Tags: what a printed code is on, and putting it on something."""

from typing import Annotated

from fastapi import Depends, Request
from msgspec import Meta
from starlette.responses import Response

from registry.assets import actions
from registry.assets.models import Tag
from registry.assets.queries import by_tag
from registry.core.errors import N_, Invalid, Reason
from registry.people.models import Person
from web.auth.access import Caller, actor_of, caller_with
from web.kit import routing, shapes
from web.kit.answers import answer
from web.kit.body import Body, body, plain
from web.kit.clock import Now
from web.kit.routing import faults, taking
from web.rooms.projection import room_of

router = routing.router("tags")


class Link(Body):
    """One of ``asset`` and ``room``; neither takes the tag off. ``again`` takes it from what it was on."""

    asset: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    room: Annotated[str, Meta(max_length=40)] | None = None
    again: bool = False


@router.get("/tags/{code}", response_model=shapes.Tag, responses=faults(404), summary="What a tag is on")
async def one(code: str, person: Caller) -> Response:
    """Small letters, spaces and O for 0 are understood."""
    return _shown(await by_tag(plain("code", code)))


@router.post(
    "/tags/{code}/link",
    response_model=shapes.Tag,
    responses=faults(404, 409),
    openapi_extra=taking(Link),
    summary="Put a tag on a piece or a room",
)
async def link(
    request: Request, code: str, person: Annotated[Person, Depends(caller_with("assets.change"))], now: Now
) -> Response:
    link = await body(request, Link)
    if link.asset is not None and link.room is not None:
        raise Invalid("request.bad_field", field="room", reason=Reason(N_("a tag is on one thing only")))
    room = await room_of(link.room) if link.room is not None else None
    tag = await actions.link_tag(
        plain("code", code),
        actor_of(request, person),
        now,
        asset_id=link.asset,
        room_id=room.id if room else None,
        again=link.again,
    )
    return _shown(await by_tag(tag.code))


def _shown(tag: Tag) -> Response:
    kind = "asset" if tag.asset_id else "room" if tag.room_id else "unlinked"
    room, asset = (tag.room if tag.room_id else None), (tag.asset if tag.asset_id else None)
    thing = asset or room
    return answer(
        {
            "code": tag.code,
            "kind": kind,
            "asset": tag.asset_id,
            "room": room.code if room else None,
            "name": thing.name if thing else None,
        }
    )
