"""What follows a closed count: a line put right, the accountant's values, the drafts, and each of them carried out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from registry.assets.models import Asset
from registry.assets.transitions import Answers
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import StocktakeChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import transaction
from registry.documents.models import Document
from registry.faults.asset_transitions import perform_on_many
from registry.people.models import Person
from registry.stocktakes.actions import cut, locked_stocktake
from registry.stocktakes.books import compared
from registry.stocktakes.models import (
    CommitteeMember,
    CountDifference,
    CountSheet,
    SettlementTask,
    SheetCorrection,
    SheetSignature,
    Stocktake,
)
from registry.stocktakes.queries import corrections_of, own_sides, sheets_of
from registry.stocktakes.rules import (
    MOST_PIECES,
    CountLine,
    DifferenceKind,
    FoundDifference,
    RowMoney,
    SheetSide,
    StocktakeState,
    Valuation,
    act_of,
    money_of_row,
    transition_of,
    valuation_faults,
)


async def correct(
    stocktake_id: int, sheet_id: int, line: int, quantity: int, reason: str, person: Person, actor: Actor,
    now: datetime, request_key: RequestKey | None = None,
) -> SheetCorrection:  # fmt: skip
    """Strike a line of a closed sheet through: so many there are, and why. The sheet itself stays as it is.

    Raises NotFound: stocktake.unknown, stocktake.no_sheet, stocktake.no_line; Invalid: request.missing_field,
    stocktake.bad_quantity; Conflict: stocktake.not_closed before all is closed and after it is valued,
    stocktake.not_member.
    """
    if not reason.strip():
        raise Invalid("request.missing_field", field="reason")
    if not 0 <= quantity <= MOST_PIECES:
        raise Invalid("stocktake.bad_quantity", limit=MOST_PIECES, field="quantity")
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        _must_be(stocktake, StocktakeState.CLOSED)
        if not await CommitteeMember.filter(stocktake_id=stocktake.id, person_id=person.id).exists():
            raise Conflict("stocktake.not_member")
        sheet = await CountSheet.get_or_none(id=sheet_id, stocktake_id=stocktake.id)
        if sheet is None:
            raise NotFound("stocktake.no_sheet")
        row = next((one for one in sheet.contents["rows"] if one["number"] == line), None)
        if row is None:
            raise NotFound("stocktake.no_line", line=line)
        correction = await SheetCorrection.create(
            sheet_id=sheet.id, line=line, quantity=quantity, reason=cut(reason), at=now, person_name=person.name
        )
        stocktake.revision += 1
        await stocktake.save(update_fields=["revision"])
        before, after = {"quantity": row["quantity"]}, {"sheet": sheet.number, "line": line, "quantity": quantity}
        await history.write(
            f"stocktake:{stocktake.id}", "corrected", actor, now, before=before, after=after, reason=cut(reason)
        )
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, correction)
    return correction


async def sign_sheet(
    stocktake_id: int, sheet_id: int, side: SheetSide, person: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> SheetSignature:  # fmt: skip
    """Sign a closed sheet by one's account: who counted, who answers for the things, who checks the values. The same
    person again as the same side changes nothing.

    Raises NotFound: stocktake.unknown, stocktake.no_sheet; Conflict("stocktake.no_side").
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        sheet = await CountSheet.get_or_none(id=sheet_id, stocktake_id=stocktake.id)
        if sheet is None:
            raise NotFound("stocktake.no_sheet")
        if side not in await own_sides(stocktake, sheet, person):
            raise Conflict("stocktake.no_side")
        row, is_new = await SheetSignature.get_or_create(
            sheet_id=sheet.id, side=side, person_id=person.id,
            defaults={"name": person.name, "login": person.login, "at": now},
        )  # fmt: skip
        if is_new:
            after = {"sheet": sheet.number, "side": str(side)}
            await history.write(f"stocktake:{stocktake.id}", "signed", actor, now, after=after)
            change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, row)
    return row


async def put_values(
    stocktake_id: int, valuations: Sequence[Valuation], person: Person, actor: Actor, now: datetime,
    if_revision: int | None = None, request_key: RequestKey | None = None,
) -> Stocktake:  # fmt: skip
    """Say of each difference what it is worth and how it came about, and put the prices on the sheets. From then on
    nothing of it changes.

    Raises NotFound("stocktake.unknown"); Conflict: stocktake.not_closed, request.stale; what
    :func:`valuation_faults` tells.
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id, if_revision)
        _must_be(stocktake, StocktakeState.CLOSED)
        books = await compared(stocktake)
        lines, all_of_them = books.lines, books.differences
        valuations = [*await _kept_values(stocktake, all_of_them, valuations), *valuations]
        for fault in valuation_faults(all_of_them, valuations):
            raise fault
        by_key = {one.key: one for one in valuations}
        pairs = {one.netted_with: one.key for one in valuations if one.netted_with}
        await CountDifference.filter(stocktake_id=stocktake.id).delete()
        await _write_values(stocktake, all_of_them, valuations)
        unknown = [one for one in all_of_them if not one.line.expected and by_key[one.key].value]
        worth = {one.line.thing: by_key[one.key].value / one.quantity for one in unknown}
        by_thing, sheets = {one.thing: one for one in lines}, await sheets_of(stocktake.id)
        corrected = {(one.sheet_id, one.line): one.quantity for one in await corrections_of([one.id for one in sheets])}
        for sheet in sheets:
            quantities = {line: many for (sheet_id, line), many in corrected.items() if sheet_id == sheet.id}
            sheet.prices = _prices(sheet, by_thing, worth, quantities)
            await sheet.save(update_fields=["prices"])
        stocktake.state, stocktake.valued_at, stocktake.valued_by = StocktakeState.VALUED, now, person.name
        stocktake.revision += 1
        await stocktake.save()
        after = {"differences": len(all_of_them), "netted": len(pairs)}
        await history.write(f"stocktake:{stocktake.id}", "valued", actor, now, after=after)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def keep_values(
    stocktake_id: int, valuations: Sequence[Valuation], person: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> Stocktake:  # fmt: skip
    """Say of some of the differences what they are worth, before all are valued: of hundreds nobody values all at
    once. What was said before of the same is replaced.

    Raises as :func:`put_values`, but for those that have no value yet.
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        _must_be(stocktake, StocktakeState.CLOSED)
        all_of_them = (await compared(stocktake)).differences
        rest = await _kept_values(stocktake, all_of_them, valuations)
        for fault in valuation_faults(all_of_them, [*rest, *valuations], is_part=True):
            raise fault
        keys = [one.key for one in valuations]
        await CountDifference.filter(stocktake_id=stocktake.id, key__in=keys).delete()
        await _write_values(stocktake, all_of_them, valuations)
        after = {"differences": len(valuations)}
        await history.write(f"stocktake:{stocktake.id}", "valued_in_part", actor, now, after=after)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def _kept_values(
    stocktake: Stocktake, all_of_them: Sequence[FoundDifference], valuations: Sequence[Valuation]
) -> list[Valuation]:
    """What was said before of the differences that these say nothing of, and that there still are."""
    keys = {one.key for one in all_of_them} - {one.key for one in valuations}
    rows = await CountDifference.filter(stocktake_id=stocktake.id).order_by("id")
    return [
        Valuation(
            row.key, row.value, row.explanation, row.netted_with if row.kind is DifferenceKind.SHORTAGE else ""
        )
        for row in rows
        if row.key in keys
    ]  # fmt: skip


async def _write_values(
    stocktake: Stocktake, all_of_them: Sequence[FoundDifference], valuations: Sequence[Valuation]
) -> None:
    by_key = {one.key: one for one in valuations}
    pairs = {one.netted_with: one.key for one in valuations if one.netted_with}
    await CountDifference.bulk_create(
        [
            CountDifference(
                stocktake_id=stocktake.id, key=one.key, kind=one.kind, asset_id=one.line.asset_id,
                inventory_no=one.line.inventory_no, name=one.line.name[:300], expected=one.line.expected,
                counted=one.line.counted, room_id=one.line.room_counted_id,
                room_code=one.line.room_counted or one.line.room, value=by_key[one.key].value,
                explanation=by_key[one.key].explanation,
                netted_with=by_key[one.key].netted_with or pairs.get(one.key, ""),
            )
            for one in all_of_them
            if one.key in by_key
        ],
        batch_size=500,
    )  # fmt: skip


def _prices(
    sheet: CountSheet, lines: Mapping[str, CountLine], worth: Mapping[str, Decimal], quantities: Mapping[int, int]
) -> dict[str, list[str]]:
    """PLN of one piece and of all, by the number of its line. ``quantities`` are those that were put right."""
    prices = {}
    for row in sheet.contents["rows"]:
        many = quantities.get(row["number"], row["quantity"])
        line, price = lines.get(row["thing"]), worth.get(row["thing"])
        money = money_of_row(line, many) if line else None
        if money is None and price is not None:
            money = RowMoney(price, price * many)
        if money is not None:
            prices[str(row["number"])] = [f"{money.price:.2f}", f"{money.value:.2f}"]
    return prices


async def settle(
    stocktake_id: int, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Stocktake:  # fmt: skip
    """Make of each difference what it leads to: the draft of a move or a retirement, or a task for people.

    Raises NotFound("stocktake.unknown"); Conflict: stocktake.not_valued, request.stale.
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id, if_revision)
        _must_be(stocktake, StocktakeState.VALUED)
        rows = await CountDifference.filter(stocktake_id=stocktake.id).order_by("id")
        tasks = [
            SettlementTask(stocktake_id=stocktake.id, count_difference_id=row.id, act=act)
            for row in rows
            if (act := act_of(row.kind, bool(row.netted_with)))
        ]
        await SettlementTask.bulk_create(tasks, batch_size=500)
        stocktake.state, stocktake.settled_at, stocktake.revision = StocktakeState.SETTLED, now, stocktake.revision + 1
        await stocktake.save()
        await history.write(f"stocktake:{stocktake.id}", "settled", actor, now, after={"tasks": len(tasks)})
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def carry_out(
    stocktake_id: int, task_id: int, remark: str, actor: Actor, now: datetime, request_key: RequestKey | None = None,
    *, otherwise: bool = False,
) -> SettlementTask:  # fmt: skip
    """Carry out a task. A draft of a move or a retirement takes its thing that way, with its paper and all that may
    stand against it; of the others, and of a thing of which only a part is missing, somebody says that they are done,
    and how. So they do of a draft that was done ``otherwise``: what it takes may have gone another way meanwhile.

    Raises NotFound("stocktake.no_task"); Invalid("request.missing_field"); Conflict: stocktake.task_done, and what
    the transition refuses.
    """
    task = await SettlementTask.get_or_none(id=task_id, stocktake_id=stocktake_id).select_related(
        "count_difference", "stocktake"
    )
    if task is None:
        raise NotFound("stocktake.no_task")
    row = task.count_difference
    name = None if otherwise else transition_of(task.act, row.asset_id, row.expected, row.counted)
    if name is None or row.asset_id is None:
        if not remark.strip():
            raise Invalid("request.missing_field", field="remark")
        async with transaction() as change:
            task = await _mark(task.id, None, remark, actor, now, "done_otherwise" if otherwise else "carried_out")
            change.happened(StocktakeChanged(stocktake_id))
            await record(request_key, task)
        return task
    reason = remark.strip() or row.explanation
    outcome: list[SettlementTask] = []

    async def mark(assets: Sequence[Asset]) -> None:
        papers = Document.filter(lines__asset_id=assets[0].id, issued_at=now)
        paper = await papers.order_by("-id").first()
        outcome.append(await _mark(task_id, paper, remark, actor, now, "carried_out"))
        await record(request_key, outcome[0])

    answers = Answers(row.room_id if name == "move" else None, reason=f"{task.stocktake.number}: {reason}"[:300])
    await perform_on_many(name, {row.asset_id: None}, answers, actor, now, None, mark)
    return outcome[0]


async def _mark(
    task_id: int, document: Document | None, remark: str, actor: Actor, now: datetime, act: str
) -> SettlementTask:
    task = await SettlementTask.select_for_update().get(id=task_id)
    if task.done_at is not None:
        raise Conflict("stocktake.task_done")
    task.done_at, task.done_by, task.remark = now, actor.name[:120], cut(remark)
    task.document_id = document.id if document else None
    await task.save(update_fields=["done_at", "done_by", "remark", "document_id"])
    after = {"act": str(task.act), "remark": task.remark, "document": document.number if document else ""}
    await history.write(f"stocktake:{task.stocktake_id}", act, actor, now, after=after)
    return task


def _must_be(stocktake: Stocktake, state: StocktakeState) -> None:
    if stocktake.state is not state:
        raise Conflict("stocktake.not_closed" if state is StocktakeState.CLOSED else "stocktake.not_valued")
