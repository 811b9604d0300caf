"""Stocktakes: the list, the order, one with its areas as they are counted, the counting in hand, the differences, and
the sheets.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import categories, custodians
from registry.core.errors import Conflict, Forbidden, Invalid, Refusal
from registry.core.idempotency import RequestAnswer, RequestKey, act_once
from registry.people.models import Person
from registry.people.queries import active_people
from registry.rooms.queries import all_rooms, codes_of_rooms, room_or_none
from registry.stocktakes import actions, counting, settlement
from registry.stocktakes.actions import NewArea, StocktakeOrder
from registry.stocktakes.books import books_page
from registry.stocktakes.counting import NewSighting
from registry.stocktakes.models import SettlementTask, SheetSignature, Stocktake
from registry.stocktakes.paper import money_on, printed_sheet
from registry.stocktakes.queries import (
    StocktakeDetail,
    areas_by_stocktake,
    areas_of,
    corrections_of,
    history_of,
    own_sides,
    sheet_of,
    sheet_titles,
    sightings_of,
    signatures_of,
    stocktake_detail,
    stocktake_for,
    stocktakes_in_order,
)
from registry.stocktakes.rules import (
    AreaKind,
    SeenCondition,
    SheetSide,
    StocktakeKind,
    StocktakeState,
    Valuation,
    transition_of,
)
from web.auth.access import PageCaller, actor_of, page_with
from web.blocks.words import BlockWords
from web.kit.body import day_in
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.pieces import IN_PLACE
from web.kit.query_names import pages
from web.kit.record_ids import id_in, offset_in, revision_in
from web.kit.render import is_fragment, render
from web.labels.wish import office_of
from web.stocktakes import words
from web.stocktakes.api import SheetId, SightingId, StocktakeId, TaskId

router = pages("/stocktakes")
Orderer = Annotated[Person, Depends(page_with("stocktakes.order"))]
Counter = Annotated[Person, Depends(page_with("stocktakes.count"))]
Signer = Annotated[Person, Depends(page_with("documents.sign"))]
Valuer = Annotated[Person, Depends(page_with("stocktakes.value"))]
Text = Annotated[str, Form(max_length=2000)]
PAGE, LIVE, TALLY = 50, 6, 12
# the refusals whose field their code alone says
_FIELDS = {"room.unknown": "rooms", "room.closed": "rooms", "person.unknown": "committee"}
_TEXTS = ("as_of", "kind", "basis", "others", "chair", "key", "blind", "opens")
_LISTS = ("rooms", "people", "categories", "committee")


@router.get("")
async def listing(request: Request, person: PageCaller, now: Now, offset: str = "") -> Response:
    """The stocktakes that one may see, the newest first."""
    context, start = page_context(request, person, now), id_in(offset) or 0
    rows, total = await stocktakes_in_order(person, start, PAGE)
    return render(
        request, "stocktakes/stocktakes.html", context=context, person=person, looks=words, rows=rows, total=total,
        start=start, last=start + len(rows), page_length=PAGE, areas=await areas_by_stocktake([row.id for row in rows]),
        may_order=context.may("stocktakes.order"),
    )  # fmt: skip


@router.get("/new")
async def new(request: Request, person: Orderer, now: Now, typed: TypedWords) -> Response:
    """The form that orders one."""
    context = page_context(request, person, now)
    form: dict[str, Any] = dict.fromkeys(_TEXTS, "") | {name: [] for name in _LISTS}
    form |= {"as_of": context.today.isoformat(), "kind": "periodic", "key": uuid4().hex, "blind": "1", "opens": "1"}
    place = BlockWords.of(context.words)
    groups: dict[str, list[tuple[str, str]]] = {}
    for room in await all_rooms():
        title = f"{room.building.address} · {place.floor(room.floor)}"
        groups.setdefault(title, []).append((room.code, place.spot(room)))
    return render(
        request, "stocktakes/form.html", status=typed.status, context=context, person=person, looks=words,
        form=form | {name: value for name, value in typed.words.items() if name in form},
        fault=typed.words.get("fault", ""), fault_field=typed.words.get("fault_field", ""),
        groups=list(groups.items()), custodians=await custodians(), categories=await categories(),
        people=await active_people(), kinds=[(str(kind), context.say(word)) for kind, word in words.KINDS.items()],
    )  # fmt: skip


@router.post("/new")
async def make(request: Request, person: Orderer, now: Now) -> Response:
    """Order it, once."""
    context, fields = page_context(request, person, now), await request.form()
    form: dict[str, Any] = {name: str(fields.get(name) or "")[:500] for name in _TEXTS}
    form |= {name: [str(one)[:80] for one in fields.getlist(name) if one][:300] for name in _LISTS}
    actor = actor_of(request, person)
    try:
        wish = _read(form)
        key = form_key(person, form["key"], now, "stocktake", form | {"key": ""})
        answer = await act_once(key, lambda once: actions.order(wish, person, actor, now, once), _location)
    except Refusal as refusal:
        field = str(refusal.params.get("field", "")) or _FIELDS.get(refusal.code, "")
        fault = {"fault": context.words.refusal(refusal), "fault_field": field}
        return await back_to("/stocktakes/new", request, now, status_of(refusal), **form, **fault)
    return RedirectResponse(answer.headers["location"], 303)


async def _location(row: Stocktake) -> RequestAnswer:
    did = "ordered" if row.state is StocktakeState.COUNTING else "kept"
    return RequestAnswer(303, "", {"location": f"/stocktakes/{row.id}?did={did}"})


def _read(form: Mapping[str, Any]) -> StocktakeOrder:
    """What the form says. Raises Invalid for a day that is none."""
    try:
        as_of = day_in(form["as_of"].strip())
    except ValueError as fault:
        raise Invalid("booking.bad_date", given=form["as_of"][:40] or "–", field="as_of") from fault
    areas = [
        NewArea(kind, code)
        for kind, name in ((AreaKind.ROOM, "rooms"), (AreaKind.PERSON, "people"), (AreaKind.CATEGORY, "categories"))
        for code in form[name]
    ]
    committee = tuple(dict.fromkeys([*filter(None, [form["chair"]]), *form["committee"]]))
    kind = StocktakeKind(form["kind"]) if form["kind"] in list(StocktakeKind) else StocktakeKind.PERIODIC
    return StocktakeOrder(
        tuple(areas), committee, form["chair"], as_of, bool(form["blind"]), kind, form["basis"], form["others"],
        bool(form["opens"]),
    )  # fmt: skip


@router.get("/{stocktake_id}")
async def one(
    request: Request, person: PageCaller, now: Now, stocktake_id: StocktakeId, typed: TypedWords, did: str = ""
) -> Response:
    """One stocktake: its areas, who counts, what was seen last. As a fragment, what changes while it goes on."""
    context = page_context(request, person, now)
    detail = await stocktake_detail(stocktake_id, person)
    live, _ = await sightings_of(stocktake_id, 0, LIVE)
    is_part = is_fragment(request)
    codes = await codes_of_rooms([one.area.room_id for one in detail.areas if one.area.room_id])
    more: dict[str, Any] = {} if is_part else {
        "lines": words.stocktake_history(await history_of(stocktake_id), context),
        "sheets": await sheet_titles(stocktake_id), "done": context.say(words.DONE[did]) if did in words.DONE else "",
    }  # fmt: skip
    return render(
        request, "stocktakes/_now.html" if is_part else "stocktakes/one.html", status=typed.status, context=context,
        person=person, looks=words, detail=detail, stocktake=detail.stocktake, live=live,
        codes=codes, in_place=IN_PLACE if is_part else "", **_rights(detail, context), **more,
        **({"fault": "", "reason": "", "key": uuid4().hex} | typed.words),
    )  # fmt: skip


def _rights(detail: StocktakeDetail, context: PageContext) -> dict[str, Any]:
    state, may_order = detail.stocktake.state, context.may("stocktakes.order")
    is_counting = state is StocktakeState.COUNTING
    return {
        "may_count": detail.is_member and is_counting and context.may("stocktakes.count"),
        "may_close": (detail.is_member or may_order) and is_counting,
        "may_open": may_order and state is StocktakeState.ORDERED,
        "may_see_differences": detail.shows_books and state is not StocktakeState.ORDERED,
    }


@router.post("/{stocktake_id}/open")
async def open_it(
    request: Request, person: Orderer, now: Now, stocktake_id: StocktakeId, revision: Text = "", key: Text = ""
) -> Response:
    """Begin to count."""
    actor = actor_of(request, person)
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}", "opened", key,
        lambda once: actions.open_count(stocktake_id, actor, now, _revision(revision), once), revision, {},
    )  # fmt: skip


@router.post("/{stocktake_id}/close")
async def close(
    request: Request, person: PageCaller, now: Now, stocktake_id: StocktakeId, area: Text = "", key: Text = ""
) -> Response:
    """Close an area, or all that are open."""
    await stocktake_for(stocktake_id, person)
    actor = actor_of(request, person)
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}", "area_closed" if area else "closed", key,
        lambda once: actions.close(stocktake_id, person, actor, now, _area(area), None, once), area, {},
    )  # fmt: skip


@router.post("/{stocktake_id}/recount")
async def recount(
    request: Request, person: Counter, now: Now, stocktake_id: StocktakeId, area: Text = "", reason: Text = "",
    key: Text = "",
) -> Response:  # fmt: skip
    """Count an area anew."""
    await stocktake_for(stocktake_id, person)
    actor = actor_of(request, person)
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}", "recounted", key,
        lambda once: actions.recount(stocktake_id, _area(area), reason, person, actor, now, once),
        (area, reason), {"reason": reason},
    )  # fmt: skip


@router.get("/{stocktake_id}/count")
async def in_hand(
    request: Request, person: Counter, now: Now, stocktake_id: StocktakeId, typed: TypedWords, room: str = "",
    did: str = "",
) -> Response:  # fmt: skip
    """The counting in hand: where one stands, what is scanned or typed; also as a fragment, what was counted last."""
    context = page_context(request, person, now)
    detail = await stocktake_detail(stocktake_id, person)
    if not detail.is_member:
        raise Forbidden("auth.role")
    rooms = await _rooms_to_count(detail)
    stands = await room_or_none(room) if room else None
    tally, total = await sightings_of(stocktake_id, 0, TALLY)
    areas = await areas_of(stocktake_id)
    row = next((one for one in tally if str(one.id) == did), None)
    is_part = is_fragment(request)
    template = "stocktakes/_tally.html" if is_part else "stocktakes/count.html"
    return render(
        request, template, status=typed.status, context=context, person=person, looks=words,
        detail=detail, stocktake=detail.stocktake, rooms=rooms, stands=stands, answer=row,
        in_place=IN_PLACE if is_part else "",
        tally=[(one, one.struck_at is None and one.lap == areas[one.area_id].lap) for one in tally], total=total,
        conditions=[(str(one), context.say(word)) for one, word in words.CONDITIONS.items()],
        **({"code": "", "name": "", "serial_no": "", "quantity": "1", "condition": "ok", "note": "", "fault": "",
            "fault_field": "", "key": uuid4().hex} | typed.words),
    )  # fmt: skip


async def _rooms_to_count(detail: StocktakeDetail) -> list[tuple[str, str]]:
    """Where one may stand: the rooms of the areas, and all of them where an area is of a person or a category."""
    areas = [one.area for one in detail.areas if one.area.closed_at is None]
    rooms = [area.room_id for area in areas if area.room_id]
    every_room = await all_rooms()
    is_anywhere = len(rooms) < len(areas)
    return [(room.code, f"{room.code} {room.name}") for room in every_room if is_anywhere or room.id in rooms]


@router.post("/{stocktake_id}/count")
async def count(
    request: Request, person: Counter, now: Now, stocktake_id: StocktakeId, room: Text = "", code: Text = "",
    name: Text = "", serial_no: Text = "", quantity: Text = "1", condition: Text = "ok", note: Text = "",
    key: Text = "",
) -> Response:  # fmt: skip
    """Write down what was seen, once."""
    await stocktake_for(stocktake_id, person)
    form = {"code": code, "name": name, "serial_no": serial_no, "quantity": quantity, "condition": condition,
            "note": note}  # fmt: skip
    page = f"/stocktakes/{stocktake_id}/count?room={quote(room)}"
    try:
        many = int(quantity) if quantity.strip().isdecimal() and len(quantity) < 8 else 0
        seen_condition = SeenCondition(condition) if condition in list(SeenCondition) else SeenCondition.OK
        wish = NewSighting(room, code[:200], name, serial_no, many, seen_condition, note)
        answer = await act_once(
            form_key(person, key, now, "sighting", stocktake_id, room, form),
            lambda once: counting.sight(stocktake_id, wish, person, now, once),
            lambda row: _counted(page, row.id),
        )
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        field = str(refusal.params.get("field", ""))
        return await back_to(page, request, now, status_of(refusal), fault=fault, fault_field=field, **form)
    return RedirectResponse(answer.headers["location"], 303)


async def _counted(page: str, sighting_id: int) -> RequestAnswer:
    return RequestAnswer(303, "", {"location": f"{page}&did={sighting_id}"})


@router.post("/{stocktake_id}/strike/{sighting_id}")
async def strike(
    request: Request, person: Counter, now: Now, stocktake_id: StocktakeId, sighting_id: SightingId,
    reason: Text = "", room: Text = "", key: Text = "",
) -> Response:  # fmt: skip
    """Strike an entry through."""
    await stocktake_for(stocktake_id, person)
    actor = actor_of(request, person)
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}/count?room={quote(room)}", "struck", key,
        lambda once: counting.strike(stocktake_id, sighting_id, reason, person, actor, now, once),
        (sighting_id, reason), {},
    )  # fmt: skip


@router.get("/{stocktake_id}/differences")
async def difference_page(
    request: Request, person: PageCaller, now: Now, stocktake_id: StocktakeId, typed: TypedWords, did: str = "",
    offset: str = "", tasks: str = "", lines: str = "",
) -> Response:  # fmt: skip
    """The books beside the count, the accountant's values, and the drafts: of each list a part."""
    context = page_context(request, person, now)
    stocktake = await stocktake_for(stocktake_id, person)
    starts = {"offset": offset_in(offset), "tasks": offset_in(tasks), "lines": offset_in(lines)}
    part = await books_page(stocktake, starts["offset"], starts["tasks"], PAGE)
    state, total = stocktake.state, len(part.books.differences)
    return render(
        request, "stocktakes/differences.html", status=typed.status, context=context, person=person, looks=words,
        stocktake=stocktake, part=part, books=part.books, starts=starts, page_length=PAGE, total=total,
        lines=part.books.lines[starts["lines"] : starts["lines"] + PAGE], needs_words=_needs_words,
        is_last=starts["offset"] + PAGE >= total,
        may_value=context.may("stocktakes.value") and state is StocktakeState.CLOSED,
        may_settle=context.may("stocktakes.order") and state is StocktakeState.VALUED,
        may_carry_out=context.may("stocktakes.order"), money=context.may("assets.see_money"),
        done=context.say(words.DONE[did]) if did in words.DONE else "", typed=typed.words,
        fault=typed.words.get("fault", ""), key=uuid4().hex,
    )  # fmt: skip


@router.post("/{stocktake_id}/value")
async def value(request: Request, person: Valuer, now: Now, stocktake_id: StocktakeId) -> Response:
    """Value every difference, or with ``part`` what was said of some of them: the page that comes next is shown."""
    fields = await request.form()
    form = {name: str(text)[:400] for name, text in fields.items() if name.split(":")[0] in _VALUES}
    actor, key = actor_of(request, person), str(fields.get("key") or "")

    is_part, start = bool(fields.get("part")), offset_in(str(fields.get("offset") or ""))

    async def act(once: RequestKey | None) -> Stocktake:
        keys = [name.partition(":")[2] for name in form if name.startswith("explanation:")]
        valuations = [
            Valuation(one, _money(form.get(f"value:{one}", ""), one), form[f"explanation:{one}"].strip(),
                      form.get(f"netted:{one}", ""))
            for one in keys
            if not is_part or form[f"explanation:{one}"].strip()
        ]  # fmt: skip
        if is_part:
            return await settlement.keep_values(stocktake_id, valuations, person, actor, now, once)
        return await settlement.put_values(
            stocktake_id, valuations, person, actor, now, revision_in(str(fields.get("revision") or "")), once
        )

    page = f"/stocktakes/{stocktake_id}/differences"
    return await _answer(
        request, person, now, f"{page}?offset={start}" if start else page, "values_kept" if is_part else "valued", key,
        act, sorted(form.items()), form, f"{page}?offset={start + PAGE}" if is_part else "",
    )  # fmt: skip


def _needs_words(task: SettlementTask) -> bool:
    """Whether people do a task, and say how; otherwise a transition of the register does it."""
    row = task.count_difference
    return transition_of(task.act, row.asset_id, row.expected, row.counted) is None


_VALUES = frozenset({"value", "explanation", "netted"})


def _money(text: str, key: str) -> Decimal:
    """An amount as it was typed: 1 290,00. Raises Invalid("stocktake.bad_value")."""
    try:
        return Decimal("".join(text.split()).replace(",", ".") or "0")
    except InvalidOperation as fault:
        raise Invalid("stocktake.bad_value", field=f"value:{key[:80]}") from fault


@router.post("/{stocktake_id}/settle")
async def settle(
    request: Request, person: Orderer, now: Now, stocktake_id: StocktakeId, revision: Text = "", key: Text = ""
) -> Response:
    """Make the drafts."""
    actor = actor_of(request, person)
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}/differences", "settled", key,
        lambda once: settlement.settle(stocktake_id, actor, now, _revision(revision), once), revision, {},
    )  # fmt: skip


@router.post("/{stocktake_id}/tasks/{task_id}")
async def carry_out(
    request: Request, person: Orderer, now: Now, stocktake_id: StocktakeId, task_id: TaskId, remark: Text = "",
    otherwise: Text = "", tasks: Text = "", key: Text = "",
) -> Response:  # fmt: skip
    """Carry a draft out, or say how it was done ``otherwise``, or how a task was done."""
    actor, start = actor_of(request, person), offset_in(tasks)
    page = f"/stocktakes/{stocktake_id}/differences"
    return await _answer(
        request, person, now, f"{page}?tasks={start}" if start else page, "carried_out", key,
        lambda once: settlement.carry_out(
            stocktake_id, task_id, remark, actor, now, once, otherwise=bool(otherwise)
        ),
        (task_id, remark, otherwise), {f"remark:{task_id}": remark},
    )  # fmt: skip


@router.get("/{stocktake_id}/sheets/{sheet_id}.pdf")
async def paper(
    request: Request, person: PageCaller, now: Now, stocktake_id: StocktakeId, sheet_id: SheetId
) -> Response:
    """A count sheet as a PDF, in the browser."""
    stocktake = await stocktake_for(stocktake_id, person)
    row = await sheet_of(stocktake_id, sheet_id)
    money = page_context(request, person, now).may("assets.see_money")
    corrections = await corrections_of([row.id])
    signatures = await signatures_of(row.id)
    content = await printed_sheet(stocktake, row, corrections, signatures, office_of(request), with_money=money)
    name = f"{row.number.replace('/', '-')}.pdf"
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "private, no-cache"}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/{stocktake_id}/sheets/{sheet_id}")
async def sheet(
    request: Request, person: PageCaller, now: Now, stocktake_id: StocktakeId, sheet_id: SheetId, typed: TypedWords,
    did: str = "",
) -> Response:  # fmt: skip
    """A closed sheet, line by line, with what was put right beside it."""
    context = page_context(request, person, now)
    detail = await stocktake_detail(stocktake_id, person)
    row = await sheet_of(stocktake_id, sheet_id)
    corrections, signatures = await corrections_of([row.id]), await signatures_of(row.id)
    own = {one.side for one in signatures if one.person_id == person.id}
    sides = [side for side in await own_sides(detail.stocktake, row, person) if side not in own]
    return render(
        request, "stocktakes/sheet.html", status=typed.status, context=context, person=person, looks=words,
        stocktake=detail.stocktake, sheet=row, contents=row.contents, corrections=corrections,
        signatures=signatures, sides=[side for side in sides if context.may("documents.sign")],
        money=money_on(row, corrections) if context.may("assets.see_money") else {},
        may_correct=detail.is_member and detail.stocktake.state is StocktakeState.CLOSED
        and context.may("stocktakes.count"),
        done=context.say(words.DONE[did]) if did in words.DONE else "",
        **({"line": "", "quantity": "", "reason": "", "fault": "", "key": uuid4().hex} | typed.words),
    )  # fmt: skip


@router.post("/{stocktake_id}/sheets/{sheet_id}/correct")
async def correct(
    request: Request, person: Counter, now: Now, stocktake_id: StocktakeId, sheet_id: SheetId, line: Text = "",
    quantity: Text = "", reason: Text = "", key: Text = "",
) -> Response:  # fmt: skip
    """Strike a line of a closed sheet through."""
    await stocktake_for(stocktake_id, person)
    actor = actor_of(request, person)
    number, many = id_in(line) or 0, int(quantity) if quantity.isdecimal() and len(quantity) < 8 else -1
    return await _answer(
        request, person, now, f"/stocktakes/{stocktake_id}/sheets/{sheet_id}", "corrected", key,
        lambda once: settlement.correct(stocktake_id, sheet_id, number, many, reason, person, actor, now, once),
        (line, quantity, reason), {"line": line, "quantity": quantity, "reason": reason},
    )  # fmt: skip


@router.post("/{stocktake_id}/sheets/{sheet_id}/sign")
async def sign(
    request: Request, person: Signer, now: Now, stocktake_id: StocktakeId, sheet_id: SheetId, side: Text = "",
    key: Text = "",
) -> Response:  # fmt: skip
    """Sign a closed sheet by one's account."""
    await stocktake_for(stocktake_id, person)
    actor = actor_of(request, person)

    async def act(once: RequestKey | None) -> SheetSignature:
        if side not in list(SheetSide):
            raise Conflict("stocktake.no_side")
        return await settlement.sign_sheet(stocktake_id, sheet_id, SheetSide(side), person, actor, now, once)

    page = f"/stocktakes/{stocktake_id}/sheets/{sheet_id}"
    return await _answer(request, person, now, page, "signed", key, act, side, {})


async def _answer(
    request: Request, person: Person, now: datetime, page: str, act: str, key: str,
    work: Callable[[RequestKey | None], Awaitable[object]], typed: object, more: Mapping[str, str],
    then: str = "",
) -> Response:  # fmt: skip
    """What a form leads to: ``then``, or the page again. Sent twice it has acted once. ``more`` stands in the form
    again, refused.
    """
    try:
        await act_once(form_key(person, key, now, act, page, typed), work, nothing_more)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(page, request, now, status_of(refusal), fault=fault, **more)
    then = then or page
    return RedirectResponse(f"{then}{'&' if '?' in then else '?'}did={act}", 303)


def _area(text: str) -> str | int:
    """A page says an area by its number; a word that is none is the area of no stocktake."""
    return id_in(text) or text[:260]


def _revision(text: str) -> int:
    revision = revision_in(text)
    if revision is None:
        raise Conflict("request.stale")
    return revision
