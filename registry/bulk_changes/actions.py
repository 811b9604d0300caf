"""Putting a bulk change together: every piece is looked at, and nothing is changed yet."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from registry.assets.actions import WEIGHTY
from registry.assets.durability import exempt_of, lock_fault
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, FundingShare
from registry.assets.next_numbers import ComingNumbers, check_unit, number_schemes
from registry.assets.search import all_ids
from registry.assets.transitions import Answers, answer_faults, transition_named
from registry.bulk_changes import rules
from registry.bulk_changes.models import BulkChange, BulkPiece, BulkState, PieceFate
from registry.bulk_changes.queries import LIFETIME, REMEMBERED
from registry.bulk_changes.rules import CORRECT, FIELDS, NUMBER, PieceFacts, Prospect
from registry.categories.queries import category_tree
from registry.core.errors import Conflict, Invalid, NotFound, Refusal
from registry.core.history import REASON_LENGTH, plain
from registry.core.idempotency import RequestKey, record
from registry.core.statements import insert_many, reserve_ids
from registry.core.transaction import transaction
from registry.documents.acceptance import paper_obstacles
from registry.grants.queries import codes_of_grants
from registry.rooms.queries import office_day

LOT = 500
MOST = 50_000
NO_ANSWERS = Answers()
_COLUMNS = (
    "id", "revision", "lifecycle", "condition", "room_id", "custodian_id", "name", "category", "warranty_until", "note",
    "price", "accepted_on", "kst", "account", "quantity", "durable_until", "inventory_no", "due_on",
    "borrower_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewBulkChange:
    """What is to become of which pieces: those that fit ``wish``, in the order ``sort``, or those of ``revisions``, by
    id with the revision that was looked at, None for any.

    ``act`` is a transition with its ``answers``, or ``correct`` with a ``column`` of FIELDS and its value: see
    :func:`registry.bulk_changes.rules.columns_of`; or ``number``: those without a number get the next ones of ``unit``.
    """

    act: str
    reason: str = ""
    answers: Answers = NO_ANSWERS
    column: str = ""
    value: Any = None
    unit: str = ""
    wish: AssetFilter | None = None
    sort: str = "name"
    revisions: Mapping[int, int | None] = field(default_factory=dict)


async def prepare(
    new: NewBulkChange, owner_id: int, now: datetime, request_key: RequestKey | None = None
) -> BulkChange:
    """Look at every piece and store what would become of it. Nothing is changed.

    Raises NotFound: asset.no_transition; Invalid: request.missing_field, request.bad_field, asset.reason_needed,
    bulk.empty, bulk.too_many, numbering.bad_first; Conflict("numbering.no_scheme") for a unit that numbers nothing.
    """
    day = await office_day(now)
    check(new, day)
    coming = await _coming_numbers(new.unit, day) if new.act == NUMBER else None
    if new.column == "category" and new.value:
        new = replace(new, value=(await category_tree()).canonical(new.value))
    ids = await all_ids(new.wish, new.sort) if new.wish else list(new.revisions)
    if not ids:
        raise Invalid("bulk.empty")
    if len(ids) > MOST:
        raise Invalid("bulk.too_many", count=len(ids), limit=MOST)
    row = BulkChange(
        id=secrets.token_urlsafe(12), owner_id=owner_id, made_at=now, act=new.act,
        reason=new.reason.strip()[:REASON_LENGTH], answers=plain(_answers(new)),
        wish=asdict(new.wish) if new.wish else None,
    )  # fmt: skip
    pieces = [piece async for lot in _lots(ids) for piece in await _looked_at(new, row, lot, day, coming)]
    for place, piece in enumerate(pieces):
        piece.place = place
    row.accepted = sum(piece.fate is PieceFate.WAITING for piece in pieces)
    async with transaction():
        await row.save(force_create=True)
        for piece, pk in zip(pieces, await reserve_ids("bulk_piece", len(pieces)), strict=True):
            piece.id = pk
        for first in range(0, len(pieces), LOT):
            await insert_many(pieces[first : first + LOT])
        await record(request_key, row)
    return row


def check(new: NewBulkChange, today: date) -> None:
    """Whether it asks for something that there is, with what that needs. Raises as :func:`prepare`."""
    if new.act == NUMBER:
        if not new.unit:
            raise Invalid("request.missing_field", field="unit")
        return
    if new.act != CORRECT:
        if faults := answer_faults(transition_named(new.act), new.answers, today):
            raise faults[0]
        return
    if new.column not in FIELDS:
        raise Invalid("request.bad_field", field="field", reason=new.column[:40])
    if new.column in WEIGHTY and not new.reason.strip():
        raise Invalid("asset.reason_needed", field="reason")


async def _coming_numbers(unit: str, day: date) -> ComingNumbers:
    await check_unit(unit, day)
    return ComingNumbers(await number_schemes(unit))


def _answers(new: NewBulkChange) -> dict[str, Any]:
    if new.act == NUMBER:
        return {"unit": new.unit}
    if new.act == CORRECT:
        value = new.value
        if isinstance(value, Mapping):
            value = {str(grant): percent for grant, percent in value.items()}
        return {"field": new.column, "value": value}
    return rules.stored_answers(transition_named(new.act), new.answers)


async def _lots(ids: Sequence[int]) -> Any:
    for first in range(0, len(ids), LOT):
        yield ids[first : first + LOT]


async def _looked_at(
    new: NewBulkChange, row: BulkChange, ids: Sequence[int], day: date, coming: ComingNumbers | None
) -> list[BulkPiece]:
    facts = {one.id: one for one in await facts_of(ids, needs_parts=new.column in ("price", "shares"))}
    grants = await codes_of_grants() if new.column == "shares" else {}
    leaves = new.act not in (CORRECT, NUMBER) and transition_named(new.act).ends_possession
    exempt = await exempt_of(ids) if leaves else set()
    obstacles = await _paper_obstacles(new, ids)
    pieces = []
    for asset_id in ids:
        if asset_id not in facts:
            if new.wish is None:
                refusal = rules.packed("asset.unknown", {"asset": asset_id})
                pieces.append(_piece(row, asset_id, 0, fate=PieceFate.REFUSED, refusal=refusal))
            continue
        revision = new.revisions.get(asset_id)
        if coming:
            prospect = rules.of_numbering(coming.schemes, new.unit, facts[asset_id], day)
        else:
            prospect = _prospect(new, facts[asset_id], grants, day)
            if not prospect.refusal and asset_id in obstacles:
                prospect = prospect._replace(refusal=obstacles[asset_id])
        if leaves and prospect.after and not prospect.refusal:
            fault = lock_fault(asset_id, facts[asset_id].columns["durable_until"], day, exempt)
            prospect = prospect._replace(refusal=fault)
        if revision not in (None, facts[asset_id].revision):
            stale = Conflict("request.stale", revision=facts[asset_id].revision)
            prospect = Prospect({}, {}, stale) if coming else prospect._replace(refusal=stale)
        pieces.append(_of_prospect(row, facts[asset_id], prospect))
    if coming:
        waiting = [piece for piece in pieces if piece.fate is PieceFate.WAITING]
        wishes = [rules.number_facts(new.unit, facts[piece.asset_id], day) for piece in waiting]
        for piece, number in zip(waiting, await coming.of(wishes), strict=True):
            piece.after = {"inventory_no": number}
    return pieces


async def _paper_obstacles(new: NewBulkChange, ids: Sequence[int]) -> Mapping[int, Refusal]:
    """Why pieces cannot get the paper of this transition."""
    transition = None if new.act in (CORRECT, NUMBER) else transition_named(new.act)
    if transition is None or not transition.is_paper:
        return {}
    answers = replace(new.answers, reason=new.reason)
    return await paper_obstacles(transition, await Asset.filter(id__in=list(ids)), answers)


def _prospect(new: NewBulkChange, facts: PieceFacts, grants: Mapping[int, str], day: date) -> Prospect:
    if new.act == CORRECT:
        return rules.of_correction(new.column, new.value, facts, grants)
    return rules.of_transition(transition_named(new.act), new.answers, facts, day)


def _of_prospect(row: BulkChange, facts: PieceFacts, prospect: Prospect) -> BulkPiece:
    sides = {"before": plain(prospect.before), "after": plain(prospect.after)}
    if prospect.refusal:
        packed = rules.packed(prospect.refusal.code, prospect.refusal.params)
        return _piece(row, facts.id, facts.revision, fate=PieceFate.REFUSED, refusal=packed, **sides)
    fate = PieceFate.WAITING if prospect.after or prospect.gets_paper else PieceFate.SAME
    return _piece(row, facts.id, facts.revision, fate=fate, **sides)


def _piece(row: BulkChange, asset_id: int, revision: int, **columns: Any) -> BulkPiece:
    return BulkPiece(bulk_change_id=row.id, place=0, asset_id=asset_id, revision=revision, **columns)


async def facts_of(ids: Sequence[int], needs_parts: bool) -> list[PieceFacts]:
    """What a bulk change looks at of these assets; ``needs_parts``: what paid for them too."""
    parts: dict[int, dict[int | None, Any]] = {}
    if needs_parts:
        shares = (
            FundingShare.filter(asset_id__in=list(ids)).order_by("id").values_list("asset_id", "grant_id", "amount")
        )
        for asset_id, grant_id, amount in await shares:
            of_piece = parts.setdefault(asset_id, {})
            of_piece[grant_id] = of_piece.get(grant_id, 0) + amount
    rows = await Asset.filter(id__in=list(ids)).values(*_COLUMNS)
    return [PieceFacts(row["id"], row["revision"], row, parts.get(row["id"], {})) for row in rows]


async def discard(number: str, owner_id: int) -> None:
    """Forget one that was not carried out. Raises NotFound("bulk.unknown"), Conflict("bulk.being_written")."""
    async with transaction():
        row = await BulkChange.select_for_update().get_or_none(id=number, owner_id=owner_id)
        if row is None:
            raise NotFound("bulk.unknown")
        if row.state is not BulkState.CHECKED or row.finished:
            raise Conflict("bulk.being_written")
        await BulkPiece.filter(bulk_change_id=number).delete()
        await row.delete()


async def forget_old(now: datetime) -> None:
    """Delete what waited for more than a day, and what was carried out more than a year ago."""
    async with transaction():
        waited = BulkChange.filter(state=BulkState.CHECKED, finished=0, made_at__lte=now - LIFETIME)
        old = BulkChange.filter(made_at__lte=now - REMEMBERED).exclude(state=BulkState.WRITING)
        for rows in (waited, old):
            numbers = list(await rows.limit(200).values_list("id", flat=True))
            if numbers:
                await BulkPiece.filter(bulk_change_id__in=numbers).delete()
                await BulkChange.filter(id__in=numbers).delete()
