"""Carrying out a bulk change: beside the requests, in lots that are one transaction each with what became of every
piece of them. After a crash it goes on with the pieces that still wait.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.assets.corrections import PieceCorrection, correct_together, number_together
from registry.assets.models import Asset
from registry.assets.queries import of_purchase_of
from registry.assets.transitions import TRANSITIONS, transition_named
from registry.bulk_changes import rules
from registry.bulk_changes.actions import facts_of
from registry.bulk_changes.claims import BULK_CHANGES
from registry.bulk_changes.models import BulkChange, BulkPiece, BulkState, PieceFate
from registry.bulk_changes.queries import bulk_change
from registry.bulk_changes.rules import CORRECT, NUMBER
from registry.core.claims import work
from registry.core.errors import Conflict, Refusal, Unavailable
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.documents.rules import ACCEPTANCE, CORRECTION
from registry.faults.asset_transitions import perform_on_many

LOT = 50
MOST_OF_PAPER = 1000
Done = Callable[[Sequence[Asset]], Awaitable[object]]


async def carry_out(
    number: str,
    owner_id: int,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    patience: float | None = None,
) -> BulkChange:
    """Change every piece that waits, as it was looked at: one that somebody changed since stays as it is, and says so.
    A repeat changes nothing.

    It is waited for ``patience`` seconds at most, then it goes on by itself. Raises NotFound("bulk.unknown"),
    Conflict("bulk.being_written", "request.stale").
    """
    row = await bulk_change(number, owner_id, now)
    if row.state is BulkState.WRITTEN:
        return row
    if if_revision not in (None, row.revision):
        raise Conflict("request.stale", revision=row.revision)
    revision = await BULK_CHANGES.claim(row, BulkState.WRITING, actor, now)
    await work(f"bulk change {number}", go_on(row, revision, actor, now), patience)
    return await bulk_change(number, owner_id, now)


async def go_on(row: BulkChange, revision: int, actor: Actor, now: datetime) -> None:
    """Change what still waits of a bulk change that this process claimed under this revision."""
    async with BULK_CHANGES.held(row.id, revision, BulkState.CHECKED, now):
        while lot := await _next_lot(row):
            await _change_lot(row, revision, lot, actor, now)
        async with transaction():
            columns = {"state": BulkState.WRITTEN, "written_at": now, "claimed_at": None}
            await BULK_CHANGES.update(row.id, revision, **columns, revision=revision + 1)


async def _next_lot(row: BulkChange) -> list[BulkPiece]:
    """What is changed next, in one transaction; what one paper accepts are pieces of one line of an invoice."""
    waiting = BulkPiece.filter(bulk_change_id=row.id, fate=PieceFate.WAITING).order_by("place")
    if row.act not in TRANSITIONS or TRANSITIONS[row.act].document not in (ACCEPTANCE, CORRECTION):
        return await waiting.limit(LOT)
    first = await waiting.first()
    alike = await of_purchase_of(first.asset_id, MOST_OF_PAPER) if first else []
    if first is None or first.asset_id not in alike:
        return await waiting.limit(LOT)
    return await waiting.filter(asset_id__in=alike)


async def take_up(now: datetime, is_alone: bool = False) -> int:
    """Go on with what a process left that has gone. Returns how many that are. ``is_alone``: no other process works on
    this register, as on SQLite.
    """

    def steps(row: BulkChange, revision: int, actor: Actor) -> Coroutine[Any, Any, None]:
        return go_on(row, revision, actor, now)

    return await BULK_CHANGES.take_up(now, is_alone, steps)


async def _change_lot(row: BulkChange, revision: int, lot: Sequence[BulkPiece], actor: Actor, now: datetime) -> None:
    """Change the pieces of a lot that can be: those that are refused are named by the refusal, and left out."""
    rest = {piece.asset_id: piece for piece in lot}
    while rest:

        async def mark(assets: Sequence[Asset], pieces: Mapping[int, BulkPiece] = rest) -> None:
            ids = [piece.id for piece in pieces.values()]
            await BulkPiece.filter(id__in=ids).update(fate=PieceFate.CHANGED)
            if row.act == NUMBER:
                await _store_numbers(assets, pieces)
            await _count(row, revision, len(ids))

        try:
            await _change(row, rest, actor, now, mark)
            row.finished += len(rest)
            return
        except Unavailable:
            raise  # of no fault of the pieces: they wait, and are gone on with
        except Refusal as refusal:
            refusals = _by_piece(refusal, rest)
            async with transaction():
                for asset_id, packed in refusals.items():
                    columns: dict[str, Any] = {"fate": PieceFate.REFUSED, "refusal": packed}
                    if row.act == NUMBER:  # its number is another's
                        columns |= {"before": {}, "after": {}}
                    await BulkPiece.filter(id=rest[asset_id].id).update(**columns)
                await _count(row, revision, len(refusals))
            row.finished += len(refusals)
            rest = {asset_id: piece for asset_id, piece in rest.items() if asset_id not in refusals}


async def _store_numbers(assets: Sequence[Asset], pieces: Mapping[int, BulkPiece]) -> None:
    """Which number each got, where that is another one than when it was looked at."""
    after = {asset.id: {"inventory_no": asset.inventory_no} for asset in assets}
    others = [
        BulkPiece(id=piece.id, after=after[asset_id])
        for asset_id, piece in pieces.items()
        if piece.after != after[asset_id]
    ]
    if others:
        await BulkPiece.bulk_update(others, ["after"], batch_size=LOT)


async def _count(row: BulkChange, revision: int, many: int) -> None:
    """Store how many more are finished, inside a transaction: ``row`` counts them once that is durable."""
    await BULK_CHANGES.update(row.id, revision, finished=row.finished + many)


def _by_piece(refusal: Refusal, rest: Mapping[int, BulkPiece]) -> dict[int, dict[str, Any]]:
    """Why which pieces are refused. What refuses the act as a whole refuses all: a room that is gone by now."""
    if refusal.code == "bulk.being_written":
        raise refusal
    if refusal.code != "asset.refused":
        return dict.fromkeys(rest, rules.packed(refusal.code, refusal.params))
    rows = refusal.params["refused"]
    return {row["id"]: rules.packed(row["code"], row["detail"].params) for row in rows}


async def _change(row: BulkChange, rest: Mapping[int, BulkPiece], actor: Actor, now: datetime, also: Done) -> None:
    revisions = {asset_id: piece.revision for asset_id, piece in rest.items()}
    if row.act == NUMBER:
        await number_together(revisions, row.answers["unit"], actor, now, also)
        return
    if row.act != CORRECT:
        answers = rules.answers_from(row.answers, row.reason)
        await perform_on_many(transition_named(row.act).name, revisions, answers, actor, now, also=also)
        return
    name = row.answers["field"]
    value = rules.value_of(name, row.answers["value"])
    facts = {one.id: one for one in await facts_of(list(rest), needs_parts=False)}
    corrections = {
        asset_id: PieceCorrection(
            rules.columns_of(name, value, facts[asset_id]) if asset_id in facts else {}, piece.revision
        )
        for asset_id, piece in rest.items()
    }
    await correct_together(corrections, actor, now, row.reason, also)
