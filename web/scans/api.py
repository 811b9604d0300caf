"""Scans: what a code is on, and what was scanned brought to a room."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from registry.scans import rules
from registry.scans.actions import CodeReading, log, move_here
from registry.scans.models import Reader, Scan, ScanResult
from registry.scans.queries import Match, MovePlan, ScannedPiece, match, plan_of, unknown_codes
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import Instant, ListAnswer, Paged
from web.kit.body import NAME, Body, Moment, RecordId, RoomCode, YesNo
from web.kit.clock import Now
from web.kit.errors import api_language
from web.kit.idempotency import OnceOnly
from web.kit.page_context import PageContext, context_in
from web.kit.routing import CallerActor, faults
from web.scans.words import ScanLine, change_words, line_of, piece_words

router = routing.router("scans")
Mover = Annotated[Person, Depends(caller_with("assets.change"))]
AT_ONCE = 500


class ScanBody(Body):
    """``room`` is where the person stands, ``at`` when it was scanned, if it could not be sent at once."""

    code: Annotated[str, Field(max_length=rules.CODE_LENGTH), NAME]
    reader: Reader = Reader.PROGRAM
    room: RoomCode | None = None
    at: Moment | None = None


class ScannedAsset(BaseModel):
    id: int
    name: str
    inventory_no: str | None
    room: str | None
    revision: int


class ScannedRoom(BaseModel):
    code: str
    name: str


class ScanAnswer(BaseModel):
    """What a code is on, and the words for whoever scanned it; ``href`` is the page that it opens, empty for none."""

    id: int
    code: str
    result: ScanResult
    tag: str | None
    asset: ScannedAsset | None
    room: ScannedRoom | None
    is_here: bool
    title: str
    detail: str
    tone: str
    symbol: str
    href: str


class PieceBody(Body):
    """A piece with the revision that was seen; of one that was scanned in a dead spot when that was."""

    asset: RecordId
    revision: RecordId | None = None
    at: Moment | None = None


class MoveBody(Body):
    """``anyway`` also moves what somebody else changed in between."""

    room: RoomCode
    pieces: Annotated[list[PieceBody], Field(min_length=1, max_length=AT_ONCE)]
    anyway: YesNo = False


class ChangedPiece(BaseModel):
    asset: int
    name: str
    room: str | None
    revision: int
    words: str


class MoveAnswer(BaseModel):
    """``moved``, ``there`` and ``gone`` are ids of assets; ``changed`` waits for a decision."""

    room: str
    moved: list[int]
    there: list[int]
    changed: list[ChangedPiece]
    gone: list[int]


class UnknownCode(BaseModel):
    id: int
    code: str
    reader: Reader
    at: Instant
    room: str | None
    person_name: str | None


class UnknownCodes(ListAnswer[UnknownCode]):
    pass


@router.get("/scans/unknown", responses=faults(), summary="The codes that nobody knew, the newest first")
async def unknown(person: Mover, paging: Paged) -> UnknownCodes:
    """Without those that somebody has seen to."""
    rows, total = await unknown_codes(paging.start, paging.limit)
    items = [UnknownCode(**{name: row[name] for name in UnknownCode.model_fields}) for row in rows]
    return UnknownCodes(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/scans", status_code=201, responses=faults(404, 409), summary="Say what was scanned")
async def scan(body: ScanBody, request: Request, person: Caller, now: Now, once: OnceOnly) -> ScanAnswer:
    """What the code is on, exactly. Each scan is written down, an unknown code with its place and time."""
    room = await room_by_code(body.room) if body.room else None
    scanned = await match(body.code, person)
    reading = CodeReading(body.code, body.reader, rules.moment_of(body.at, now), person, room)
    context = context_in(request, person, now, api_language(request))

    async def answering(scan: Scan) -> ScanAnswer:
        line = line_of(scanned, body.code, room, context)
        return scan_answer(scan, scanned, line, room, context)

    return await once(lambda key: log(reading, scanned, key), answering)


def scan_answer(scan: Scan, scanned: Match, line: ScanLine, room: Room | None, context: PageContext) -> ScanAnswer:
    """A scan as its reader is told of it; ``room`` is where they stand."""
    asset, of_room = scanned.asset, scanned.room
    return ScanAnswer(
        id=scan.id,
        code=scan.code,
        result=scanned.result,
        tag=scanned.code or None,
        asset=ScannedAsset(**{name: asset[name] for name in ScannedAsset.model_fields}) if asset else None,
        room=ScannedRoom(code=of_room.code, name=context.words.room(of_room)) if of_room else None,
        is_here=bool(asset and room and asset["room"] == room.code),
        title=line.title,
        detail=line.detail,
        tone=line.tone,
        symbol=line.symbol,
        href=line.href,
    )


@router.post("/scans/moves", responses=faults(404, 409), summary="Bring what was scanned to a room")
async def move(
    body: MoveBody, request: Request, person: Mover, actor: CallerActor, now: Now, once: OnceOnly
) -> MoveAnswer:
    """In one transaction. What is there stays; what somebody else changed since it was scanned is told, not moved."""
    room = await room_by_code(body.room)
    pieces = [ScannedPiece(piece.asset, piece.revision, piece.at) for piece in body.pieces]
    plan = await plan_of(room, pieces, person, body.anyway)
    context = context_in(request, person, now, api_language(request))

    async def answering(_: object) -> MoveAnswer:
        return _move_answer(plan, context)

    return await once(lambda key: move_here(plan, actor, now, request_key=key), answering)


def _move_answer(plan: MovePlan, context: PageContext) -> MoveAnswer:
    changed = [
        ChangedPiece(
            asset=asset_id,
            name=piece_words(plan.assets[asset_id]),
            room=plan.assets[asset_id]["room"],
            revision=plan.assets[asset_id]["revision"],
            words=change_words(entry, context),
        )
        for asset_id, entry in plan.changed.items()
    ]
    return MoveAnswer(room=plan.room.code, moved=list(plan.moves), there=plan.there, changed=changed, gone=plan.gone)
