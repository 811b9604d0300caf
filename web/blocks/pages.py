"""Blocks: what is out of use, the form that blocks rooms and says what becomes of the bookings in the way, and each."""

from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.blocks.actions import BlockChanges, cancel_block, change_block, make_block
from registry.blocks.queries import (
    BookingInTheWay,
    block_by_id,
    blocks_between,
    bookings_of,
    history_of,
    obstacles,
    past_blocks,
    spans_of,
)
from registry.blocks.rules import BlockState, state_at
from registry.bookings.models import Block
from registry.bookings.projections import FullBooking, sees_times
from registry.core.errors import Conflict, Refusal
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, earlier_answer
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import all_rooms, rooms_of_codes
from registry.works.actions import block_for_works
from registry.works.queries import works_by_id, works_of_block
from web.auth.access import actor_of, page_with
from web.blocks.api import block_id_in
from web.blocks.form import BLANK, BlockCheck, BlockForm, check_form, clearance_of, first_span, form_of, form_of_block
from web.blocks.words import LANGUAGE_WORDS, BlockWords, block_history
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in, offset_in, revision_in
from web.kit.render import render
from web.kit.words import N_

router = pages()
Reader = Annotated[Person, Depends(page_with("blocks.see"))]
Blocker = Annotated[Person, Depends(page_with("bookings.block"))]
PAGE = 50


@router.get("/blocks")
async def listing(request: Request, person: Reader, now: Now, view: str = "", offset: str = "") -> Response:
    """What is out of use now and later; with ``view=past`` what was."""
    context = page_context(request, person, now)
    start = offset_in(offset)
    is_past = view == "past"
    if is_past:
        blocks, total = await past_blocks(now, context.viewer, start, PAGE)
    else:
        blocks, total = await blocks_between(now, None, "", context.viewer, start, PAGE, with_cancelled=False)
    rows = [(block, spans_of(block), state_at(spans_of(block), block.cancelled_at, now)) for block in blocks]
    return render(
        request, "blocks/blocks.html", context=context, words=BlockWords.of(context.words), rows=rows, total=total,
        start=start, last=start + len(rows), page_length=PAGE, is_past=is_past,
        may_block=context.may("bookings.block"),
    )  # fmt: skip


@router.get("/blocks/new")
async def new(
    request: Request, person: Blocker, now: Now, typed: TypedWords, room: str = "", day: str = "", works: str = ""
) -> Response:
    """The form, filled with the ``room`` and the ``day`` of the address, or the rooms of ``works``, or with what was
    typed.
    """
    context = page_context(request, person, now)
    try:
        first_day = date.fromisoformat(day) if day else None
    except ValueError:
        first_day = None
    span = first_span(now, context.zone, first_day)
    form = BlockForm(rooms=[room[:40]] if room else [], spans=[span], key=uuid4().hex)
    if works_id := id_in(works):
        line = await works_by_id(works_id)
        span["to_day"] = max(line.ends_on.isoformat(), span["from_day"])
        form.rooms, form.reason, form.works = list(line.rooms), line.name, str(works_id)
    return await _form(request, context, form, typed)


@router.post("/blocks/new")
async def make(request: Request, person: Blocker, now: Now) -> Response:
    """Block what the form says, once. Bookings in the way come back with the form, each to be decided on."""
    context, fields = page_context(request, person, now), await request.form()
    form, check = _read(fields, context)
    if fields.get("more"):
        return await _again("/blocks/new", request, context, check, is_growing=True)
    if check.new:
        wish = check.new
        key = form_key(person, form.key, now, "blocks", {**form.as_words(), "key": ""})
        clearance, actor = clearance_of(form, may_decide=context.may("bookings.manage")), actor_of(request, person)
        works_id = id_in(form.works)

        def act(once: RequestKey | None) -> Awaitable[Block]:
            if works_id:
                return block_for_works(works_id, wish, clearance, person, actor, now, once)
            return make_block(wish, clearance, person, actor, now, once)

        try:
            answer = await act_once(key, act, _location)
            return RedirectResponse(answer.headers["location"], 303)
        except Refusal as refusal:
            if key and (earlier := await earlier_answer(key)):
                return RedirectResponse(earlier.headers["location"], 303)
            check.refuse(refusal)
    return await _again("/blocks/new", request, context, check)


async def _location(block: Block) -> RequestAnswer:
    return RequestAnswer(303, "", {"location": f"/blocks/{block.id}?did=made"})


@router.get("/blocks/{block_id}")
async def one(request: Request, person: Reader, now: Now, block_id: str, typed: TypedWords, did: str = "") -> Response:
    """One block: its rooms, times and words, and what happened to it."""
    context = page_context(request, person, now)
    block, words = await block_by_id(block_id_in(block_id), context.viewer), BlockWords.of(context.words)
    spans = spans_of(block)
    state = state_at(spans, block.cancelled_at, now)
    rooms = await rooms_of_codes(block.rooms)
    return render(
        request, "blocks/block.html", status=typed.status, context=context, words=words, block=block, spans=spans,
        works=await works_of_block(block.id) if context.may("works.see") else None,
        state=state, rooms=sorted(rooms, key=lambda room: room.code), toast=words.toast(did),
        languages_of_text=[(context.say(LANGUAGE_WORDS[key]), text) for key, text in block.public_text.items()],
        may_change=context.may("bookings.block") and state in (BlockState.PLANNED, BlockState.RUNNING),
        lines=block_history(await history_of(block.id), words, context), fault=typed.words.get("fault", ""),
    )  # fmt: skip


@router.get("/blocks/{block_id}/edit")
async def edit(request: Request, person: Blocker, now: Now, block_id: str, typed: TypedWords) -> Response:
    """The form that changes a block."""
    context = page_context(request, person, now)
    block = await block_by_id(block_id_in(block_id), context.viewer)
    return await _form(request, context, form_of_block(block, context.zone), typed, block)


@router.post("/blocks/{block_id}/edit")
async def change(request: Request, person: Blocker, now: Now, block_id: str) -> Response:
    """Block other rooms, at other times or with other words."""
    context, fields = page_context(request, person, now), await request.form()
    block, page = await block_by_id(block_id_in(block_id), context.viewer), f"/blocks/{block_id}/edit"
    form, check = _read(fields, context)
    if fields.get("more"):
        return await _again(page, request, context, check, is_growing=True)
    if check.new:
        changes = BlockChanges(check.new.rooms, check.new.spans, check.new.reason, check.new.public_text)
        clearance, actor = clearance_of(form, may_decide=context.may("bookings.manage")), actor_of(request, person)
        try:
            revision = revision_in(form.revision)
            if revision is None:
                raise Conflict("request.stale")
            await change_block(block.id, changes, clearance, person, actor, now, revision)
            return RedirectResponse(f"/blocks/{block.id}?did=changed", 303)
        except Refusal as refusal:
            if refusal.code == "request.stale":
                form.revision = ""  # sent again it means the block as the page shows it now
            check.refuse(refusal)
    return await _again(page, request, context, check)


@router.post("/blocks/{block_id}/cancel")
async def cancel(request: Request, person: Blocker, now: Now, block_id: str) -> Response:
    """Give the rooms back from now on."""
    context, key = page_context(request, person, now), block_id_in(block_id)
    try:
        await cancel_block(key, person, actor_of(request, person), now)
    except Refusal as refusal:
        sentence = context.words.refusal(refusal)
        return await back_to(f"/blocks/{key}", request, now, status_of(refusal), fault=sentence)
    return RedirectResponse(f"/blocks/{key}?did=cancelled", 303)


def _read(fields: Any, context: PageContext) -> tuple[BlockForm, BlockCheck]:
    form = form_of(fields)
    return form, check_form(form, context.zone)


async def _again(
    page: str, request: Request, context: PageContext, check: BlockCheck, *, is_growing: bool = False
) -> Response:
    """Back to the form with what was typed and why not, at the fields; with a row more where that was asked for."""
    form = check.form
    if is_growing:
        form.spans.append(dict(BLANK))
        return await back_to(f"{page}#spans", request, context.now, 200, form=form.as_words())
    refusals = [refusal for lines in check.faults.values() for refusal in lines]
    if any(refusal.code == "block.in_the_way" for refusal in refusals):
        form.is_asked = True
        return await back_to(f"{page}#in-the-way", request, context.now, 409, form=form.as_words())
    sentences = {name: " ".join(map(context.words.refusal, lines)) for name, lines in check.faults.items()}
    status = max(map(status_of, refusals), default=200)
    return await back_to(page, request, context.now, status, form=form.as_words(), sentences=sentences)


@dataclass(frozen=True, slots=True)
class _ObstacleLine:
    """A booking in the way with what may become of it: pairs of value and words."""

    obstacle: BookingInTheWay
    name: str
    title: str
    when: str
    who: str
    choices: list[tuple[str, str]]
    value: str


async def _form(
    request: Request, context: PageContext, form: BlockForm, typed: Typed, block: Block | None = None
) -> Response:
    sentences: dict[str, str] = {}
    if typed and "form" in typed.words:
        revision = form.revision
        form = BlockForm(**typed.words["form"])
        form.revision = form.revision or revision
        sentences = typed.words.get("sentences", {})
    words = BlockWords.of(context.words)
    groups = await room_groups(context, words, block.rooms if block else ())
    lines = await _obstacle_lines(form, context, words, block) if form.is_asked else []
    return render(
        request, "blocks/form.html", status=typed.status, context=context, words=words, block=block, form=form,
        sentences=sentences, groups=groups, lines=lines, language_words=LANGUAGE_WORDS,
        may_decide=context.may("bookings.manage"),
        undecided=sum(1 for line in lines if line.choices and not line.value),
    )  # fmt: skip


async def room_groups(
    context: PageContext, words: BlockWords, former: Collection[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The rooms that may be blocked, by house and floor: code and words of each. Those of the codes ``former``, which
    the form holds already, are among them, whatever became of them since: what is not offered would be lost with it.
    """
    groups: dict[str, list[Room]] = {}
    for room in await all_rooms(with_closed=True):
        may_be_chosen = room.closed_at is None and sees_times(room.visibility, context.viewer)
        if may_be_chosen or room.code in former:
            groups.setdefault(f"{room.building.address} · {words.floor(room.floor)}", []).append(room)
    return [(title, [(room.code, words.spot(room)) for room in rooms]) for title, rooms in groups.items()]


async def _obstacle_lines(
    form: BlockForm, context: PageContext, words: BlockWords, block: Block | None
) -> list[_ObstacleLine]:
    """What is in the way now."""
    check = check_form(form, context.zone)
    if check.new is None or not check.new.spans:
        return []
    rooms = await rooms_of_codes(check.new.rooms)
    own = await bookings_of(block.id) if block else []
    rows = await obstacles(rooms, check.new.spans, context.person, context.viewer, context.now, own)
    return [_line(obstacle, form, context, words) for obstacle in rows]


def _line(obstacle: BookingInTheWay, form: BlockForm, context: PageContext, words: BlockWords) -> _ObstacleLine:
    booking, key = obstacle.booking, str(obstacle.booking_id or "")
    choices = [("keep", context.say(N_("stays: block the time beside it")))]
    move = context.say(N_("moves to %(room)s"))
    choices += [(f"move:{room.code}", move % {"room": words.spot(room)}) for room in obstacle.rooms]
    if not obstacle.only_buffer:
        choices.append(("cancel", context.say(N_("is cancelled"))))
    return _ObstacleLine(
        obstacle=obstacle,
        name=f"way-{key}",
        title=words.title(booking),
        when=words.day_span(booking.starts_at, booking.ends_at, context.now),
        who=(booking.organizer_name or "") if isinstance(booking, FullBooking) else "",
        choices=choices if key else [],
        value=form.decisions.get(key, ""),
    )
