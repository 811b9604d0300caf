"""Scanning: with the camera, a handheld reader or by typing; one thing, or a room and the things that stand in it."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import tags
from registry.assets.filters import AssetFilter
from registry.assets.queries import numbered
from registry.core.errors import Conflict, NotFound, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.core.ids import LARGEST_ID, may_be_id
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_as_typed, room_by_code
from registry.scans import rules
from registry.scans.actions import CodeReading, log, move_here, settle
from registry.scans.models import Reader, ScanResult
from registry.scans.queries import Match, MovePlan, ScannedPiece, match, plan_of, unknown_codes
from web.assets.table import ListAddress
from web.auth.access import PageCaller, actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.edge import CAMERA_HEADERS
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.render import render
from web.kit.words import N_
from web.scans.words import IN_PLACE, MOVES, NOWHERE, READER_WORDS, ScanLine, change_words, device_address, line_of

router = pages()
Mover = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=2000)]
AT_ONCE, PAGE = 500, 50
Pieces = Annotated[list[str] | None, Query(alias="piece", max_length=AT_ONCE)]
NOTHING_CALLED = N_("Nothing in the register has the code %(code)s. The code of a label has %(length)s characters.")


@dataclass(frozen=True, slots=True)
class PieceLine:
    """A scanned piece on the list of a room. ``mark`` is what the address says of it, ``anyway`` what it would say to
    move it after somebody else changed it.
    """

    mark: str
    asset: dict[str, Any]
    line: ScanLine
    anyway: str = ""


@router.get("/scan")
async def scan(
    request: Request, person: PageCaller, now: Now, typed: TypedWords, code: str = "", room: str = "",
    piece: Pieces = None, last: str = "", done: str = "",
) -> Response:  # fmt: skip
    """Scan or type what stands on a label: a tag, an inventory number, a serial number or the code of a room."""
    context, scan_text = page_context(request, person, now), rules.printable(code)
    here = await room_as_typed(room.strip()) if room.strip() and context.may("assets.change") else None
    if not scan_text:
        is_lost = bool(room.strip()) and not here and context.may("assets.change")
        fault = context.words.refusal(NotFound("room.unknown", room=room[:40])) if is_lost else ""
        words: dict[str, Any] = {"done": done, "fault": fault} | typed.words
        if typed and is_lost:
            words["fault"] = ""  # the refusal of the form says it
        return await _desk(request, context, here, piece or [], typed.status, last=last, **words)
    scanned = await match(scan_text, person)
    await log(CodeReading(scan_text, Reader.KEYS, now, person, here), scanned)
    if here:
        return RedirectResponse(_next_address(here, piece or [], scanned, scan_text), 303)
    address = _place_of(scanned, scan_text, context)
    if address:
        return RedirectResponse(address, 303)
    if scanned.device:
        return await _desk(request, context, None, [], last=scan_text)
    if len(tags.normalised(scan_text)) == tags.LENGTH:
        sentence = context.words.refusal(NotFound("tag.bad_check", code=scan_text))
    else:
        sentence = context.say(NOTHING_CALLED) % {"code": scan_text, "length": tags.LENGTH}
    return await _desk(request, context, None, [], 404, code=scan_text, fault=sentence)


def _place_of(scanned: Match, typed: str, context: PageContext) -> str:
    """The page of what was scanned, empty for an unknown code and for a device whose page they may not open. A part of
    a number opens the list of what holds it.
    """
    if scanned.asset:
        return f"/assets/{scanned.asset['id']}"
    if scanned.room:
        return f"/rooms/{scanned.room.code}"
    if scanned.fault_id:
        return f"/faults/{scanned.fault_id}"
    if scanned.device:
        return device_address(scanned, context)
    if scanned.code:
        return f"/t/{scanned.code}"
    return ListAddress(AssetFilter(q=typed)).href() if scanned.result is ScanResult.SEVERAL else ""


def _next_address(here: Room, marks: list[str], scanned: Match, typed: str) -> str:
    """The desk after a scan in a room: another room is where one stands now, a thing joins the list."""
    if scanned.room:
        return _address(scanned.room.code, marks)
    if not scanned.asset:
        return _address(here.code, marks, last=typed)
    asset_id, revision = scanned.asset["id"], scanned.asset["revision"]
    rest = [mark for mark in marks if _piece(mark) and mark.partition("-")[0] != str(asset_id)]
    return _address(here.code, [f"{asset_id}-{revision}", *rest], last=typed)


def _address(room: str, marks: list[str], **more: str) -> str:
    query = [("room", room), *(("piece", mark) for mark in marks), *more.items()]
    return f"/scan?{urlencode(query)}"


def _piece(mark: str) -> ScannedPiece | None:
    """What an address says of a piece: its id and the revision that was seen, 12-3."""
    asset_id, _, revision = mark.partition("-")
    numbers = [int(part) for part in (asset_id, revision) if part.isascii() and part.isdigit() and len(part) < 10]
    return ScannedPiece(numbers[0], numbers[1]) if len(numbers) == 2 and may_be_id(numbers[0]) else None


async def _desk(
    request: Request, context: PageContext, here: Room | None, marks: list[str], status: int = 200, last: str = "",
    **typed: Any,
) -> Response:  # fmt: skip
    lines, answer = [], None
    if here:
        pieces = [piece for mark in marks[:AT_ONCE] if (piece := _piece(mark))]
        plan = await plan_of(here, pieces, context.person) if pieces else MovePlan(here)
        lines = [_line(piece, plan, here, context) for piece in pieces if piece.asset_id in plan.assets]
    if last:
        answer = line_of(await match(last, context.person), rules.printable(last), here, context)
    return render(
        request,
        "scan/scan.html",
        person=context.person,
        status=status,
        headers=CAMERA_HEADERS,
        context=context,
        room=here,
        lines=lines,
        answer=answer,
        address=_address,
        moves=sum(line.line.tone == "warn" for line in lines),
        at_once=AT_ONCE,
        unplaced=[] if here else marks,
        **({"code": "", "fault": "", "done": "", "faults": [], "key": uuid4().hex} | typed),
    )


def _line(piece: ScannedPiece, plan: MovePlan, here: Room, context: PageContext) -> PieceLine:
    asset, say = plan.assets[piece.asset_id], context.say
    mark, href = f"{piece.asset_id}-{piece.revision}", f"/assets/{piece.asset_id}"
    if piece.asset_id in plan.there:
        return PieceLine(mark, asset, ScanLine(asset["name"], say(IN_PLACE), "good", "check", href))
    if entry := plan.changed.get(piece.asset_id):
        line = ScanLine(asset["name"], change_words(entry, context), "bad", "transfer", href)
        return PieceLine(mark, asset, line, f"{piece.asset_id}-{asset['revision']}")
    words = say(MOVES) % {"place": asset["room"] or say(NOWHERE), "room": here.code}
    return PieceLine(mark, asset, ScanLine(asset["name"], words, "warn", "transfer", href))


@router.post("/scan/moves")
async def move(
    request: Request, person: Mover, now: Now, room: Text,
    marks: Annotated[list[str], Form(alias="piece", max_length=AT_ONCE)], key: Text = "",
) -> Response:  # fmt: skip
    """Bring the scanned pieces to the room, all or none; what somebody else changed since waits for a decision."""

    async def place(_: object) -> RequestAnswer:
        rest = [mark for mark in marks if (piece := _piece(mark)) and piece.asset_id in plan.changed]
        return RequestAnswer(303, "", {"location": _address(here.code, rest, done=str(len(plan.moves)))})

    try:
        here = await room_by_code(room)
        plan = await plan_of(here, [piece for mark in marks if (piece := _piece(mark))], person)
        answer = await act_once(
            form_key(person, key, now, "moves", room, marks),
            lambda once: move_here(plan, actor_of(request, person), now, request_key=once),
            place,
        )
    except Refusal as refusal:
        context = page_context(request, person, now)
        page = _address(room, marks)
        return await back_to(page, request, now, status_of(refusal), faults=[context.words.refusal(refusal)], key=key)
    return RedirectResponse(answer.headers["location"], 303)


@router.get("/scan/unknown")
async def unknown(
    request: Request, person: Mover, now: Now, typed: TypedWords, start: int = 0, done: str = ""
) -> Response:
    """The codes that nobody knew, each with its place and time, until somebody has seen to it."""
    start = max(0, min(start, LARGEST_ID))
    rows, total = await unknown_codes(start, PAGE)
    last = start + len(rows)
    words: dict[str, Any] = {"done": done, "faults": [], "fault_row": 0, "thing": ""} | typed.words
    return render(
        request, "scan/unknown.html", person=person, status=typed.status, rows=rows, total=total,
        context=page_context(request, person, now), next=last if last < total else None, reader_words=READER_WORDS,
        **words,
    )  # fmt: skip


@router.post("/scan/unknown/{scan_id}")
async def see_to(request: Request, person: Mover, scan_id: int, now: Now, thing: Text = "") -> Response:
    """Say by the number of a thing what the code is on, which is found by it from now on; or take it off the list."""
    scan_id = possible_id(scan_id, "scan.unknown", scan=scan_id)
    number, asset_id = thing.strip()[: rules.CODE_LENGTH], None
    try:
        if number:
            things = await numbered(number)
            if len(things) != 1:
                raise Conflict("asset.several", number=number[:80]) if things else NotFound("asset.unknown")
            asset_id = things[0]["id"]
        await settle(scan_id, actor_of(request, person), now, asset_id)
    except Refusal as refusal:
        if refusal.code == "scan.unknown":
            raise
        sentence = page_context(request, person, now).words.refusal(refusal)
        where = "/scan/unknown"
        return await back_to(where, request, now, status_of(refusal), faults=[sentence], fault_row=scan_id, thing=thing)
    return RedirectResponse("/scan/unknown?done=1", 303)
