"""Tags: what a printed code is on, and putting it on something."""

from typing import Annotated, Literal

from fastapi import Depends, Path
from pydantic import BaseModel

from registry.assets import labels
from registry.assets.models import Tag
from registry.assets.queries import by_tag
from registry.core.errors import N_, Invalid, Reason
from registry.people.models import Person
from registry.rooms.queries import room_by_code
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import Instant
from web.kit.body import LINE, Body, RecordId, RoomCode, YesNo
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, faults

router = routing.router("tags")
TagCode = Annotated[str, Path(max_length=200), LINE]


class LinkBody(Body):
    """One of ``asset`` and ``room``; neither takes the tag off. ``again`` takes it from what it was on."""

    asset: RecordId | None = None
    room: RoomCode | None = None
    again: YesNo = False


class TagAnswer(BaseModel):
    """``lost_at``: since when the label is said to be gone."""

    code: str
    kind: Literal["asset", "room", "unlinked"]
    asset: int | None
    room: str | None
    name: str | None
    lost_at: Instant | None


@router.get("/tags/{code}", responses=faults(404), summary="What a tag is on")
async def one(code: TagCode, person: Caller) -> TagAnswer:
    """Small letters, spaces and O for 0 are understood."""
    return _answer(await by_tag(code))


@router.post("/tags/{code}/link", responses=faults(404, 409), summary="Put a tag on a piece or a room")
async def link(
    code: TagCode,
    body: LinkBody,
    person: Annotated[Person, Depends(caller_with("assets.change"))],
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
) -> TagAnswer:
    if body.asset is not None and body.room is not None:
        raise Invalid("request.bad_field", field="room", reason=Reason(N_("a tag is on one thing only")))
    room_id = (await room_by_code(body.room)).id if body.room is not None else None

    return await once(
        lambda key: labels.link_tag(
            code, actor, now, asset_id=body.asset, room_id=room_id, again=body.again, request_key=key
        ),
        _fresh,
    )


@router.post("/tags/{code}/lost", responses=faults(404), summary="Say that a label is gone")
async def lose(
    code: TagCode,
    person: Annotated[Person, Depends(caller_with("assets.change"))],
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
) -> TagAnswer:
    """It is on nothing from now on. Linked again it is there."""

    return await once(lambda key: labels.lose_tag(code, actor, now, request_key=key), _fresh)


async def _fresh(tag: Tag) -> TagAnswer:
    """With what it is on, which the act has changed."""
    return _answer(await by_tag(tag.code))


def _answer(tag: Tag) -> TagAnswer:
    asset, room = (tag.asset if tag.asset_id else None), (tag.room if tag.room_id else None)
    thing = asset or room
    return TagAnswer(
        code=tag.code,
        kind="asset" if tag.asset_id else "room" if tag.room_id else "unlinked",
        asset=tag.asset_id,
        room=room.code if room else None,
        name=thing.name if thing else None,
        lost_at=tag.lost_at,
    )
