"""Blocks: rooms out of use, listed, made, changed and given back."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BeforeValidator

from registry.blocks.actions import cancel_block, change_block, make_block
from registry.blocks.queries import block_by_id, blocks_between
from registry.bookings.models import Block
from registry.bookings.projections import viewer_of
from registry.core.errors import NotFound
from registry.people.models import Person
from web.auth.access import caller_with
from web.auth.session import options_of
from web.blocks.shapes import BlockAnswer, BlockChangesBody, BlocksAnswer, NewBlockBody, block_answer
from web.bookings.shapes import NothingBody
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults
from web.kit.spans import FromTo

router = routing.router("rooms")


def block_id_in(text: str) -> UUID:
    """Raises NotFound("block.unknown") for what is no id."""
    try:
        return UUID(text)
    except ValueError as fault:
        raise NotFound("block.unknown") from fault


BlockId = Annotated[UUID, Path(description="The block."), BeforeValidator(block_id_in)]
Reader = Annotated[Person, Depends(caller_with("blocks.see"))]
Blocker = Annotated[Person, Depends(caller_with("bookings.block"))]


async def _office_zone(request: Request) -> ZoneInfo:
    return ZoneInfo(options_of(request).timezone)


OfficeZone = Annotated[ZoneInfo, Depends(_office_zone)]


@router.get("/blocks", responses=faults(), summary="Rooms out of use in a stretch of time")
async def listing(
    person: Reader, paging: Paged, now: Now, span: FromTo, zone: OfficeZone,
    room: Annotated[str, Query(max_length=40, description="a room's code; all rooms without it"), LINE] = "",
) -> ListAnswer[BlockAnswer]:  # fmt: skip
    """Without ``from`` and ``to`` from now on, whatever lies ahead. Those that were given back are among them."""
    since, until = (now, None) if span.since is None and span.until is None else span.between(zone, now)
    rows, total = await blocks_between(since, until, room, viewer_of(person), paging.start, paging.limit)
    items = [block_answer(row, zone, now) for row in rows]
    return BlocksAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/blocks", status_code=201, responses=faults(404, 409), summary="Take rooms out of use")
async def make(
    body: NewBlockBody, person: Blocker, actor: CallerActor, now: Now, once: OnceOnly, zone: OfficeZone,
    response: Response,
) -> BlockAnswer:  # fmt: skip
    """A refusal because of bookings in the way (``block.in_the_way``) names in ``conflicts`` every one of which nothing
    is said, as far as the caller may see it. Moving or cancelling somebody else's booking is for who manages bookings.
    """

    async def answering(block: Block) -> BlockAnswer:
        response.headers["location"] = f"{routing.PREFIX}/blocks/{block.id}"
        return await _detail(block.id, person, response, zone, now)

    return await once(lambda key: make_block(body.new(), body.clearance(), person, actor, now, key), answering)


@router.get("/blocks/{block_id}", responses=faults(404), summary="One block")
async def one(block_id: BlockId, person: Reader, now: Now, zone: OfficeZone, response: Response) -> BlockAnswer:
    return await _detail(block_id, person, response, zone, now)


@router.patch("/blocks/{block_id}", responses=faults(404, 409, 412), summary="Block other rooms, times or words")
async def change(
    block_id: BlockId, body: BlockChangesBody, person: Blocker, actor: CallerActor, now: Now, revision: IfMatch,
    zone: OfficeZone, response: Response,
) -> BlockAnswer:  # fmt: skip
    changes = body.wanted(await block_by_id(block_id, viewer_of(person)))
    await change_block(block_id, changes, body.clearance(), person, actor, now, revision)
    return await _detail(block_id, person, response, zone, now)


@router.post("/blocks/{block_id}/cancel", responses=faults(404, 409, 412), summary="Give the rooms back from now on")
async def cancel(
    block_id: BlockId, person: Blocker, actor: CallerActor, now: Now, revision: IfMatch, once: OnceOnly,
    zone: OfficeZone, response: Response, body: NothingBody = NothingBody(),
) -> BlockAnswer:  # fmt: skip
    """Twice is as once."""
    return await once(
        lambda key: cancel_block(block_id, person, actor, now, revision, key),
        lambda block: _detail(block.id, person, response, zone, now),
    )


async def _detail(block_id: UUID, person: Person, response: Response, zone: ZoneInfo, now: Now) -> BlockAnswer:
    block = await block_by_id(block_id, viewer_of(person))
    response.headers["etag"] = etag(block.revision)
    return block_answer(block, zone, now)
