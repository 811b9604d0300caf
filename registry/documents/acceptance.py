"""Which paper accepted a piece, and what is in the way of accepting it: one OT holds at a time, and it names all that
the law wants of it. Papers of acceptance are read here, those of other acts in queries.py.
"""

from collections.abc import Mapping, Sequence

from registry.assets.models import Asset, Purchase
from registry.assets.transitions import Answers, Transition
from registry.core.errors import Refusal
from registry.core.statements import column
from registry.documents.models import DocumentLine
from registry.documents.rules import (
    ACCEPTANCE,
    CORRECTION,
    PieceToAccept,
    acceptance_among,
    acceptance_faults,
    correction_faults,
)


async def acceptances_of(asset_ids: Sequence[int]) -> dict[int, str]:
    """The number of the OT that holds, by piece: one that was cancelled holds no more, nor one that was taken back."""
    symbols = [ACCEPTANCE, CORRECTION]
    lines = DocumentLine.filter(asset_id__in=list(asset_ids), document__symbol__in=symbols).order_by("document_id")
    columns = ("asset_id", "document__symbol", "document__number", "document__cancelled_at")
    papers: dict[int, list[tuple[str, str, bool]]] = {}
    for asset_id, symbol, number, cancelled_at in await lines.values_list(*columns):
        papers.setdefault(asset_id, []).append((symbol, number, cancelled_at is not None))
    holding = {asset_id: acceptance_among(rows) for asset_id, rows in papers.items()}
    return {asset_id: number for asset_id, number in holding.items() if number}


async def paper_obstacles(transition: Transition, assets: Sequence[Asset], answers: Answers) -> Mapping[int, Refusal]:
    """Why pieces cannot get the paper that this transition writes, by their id."""
    if transition.document not in (ACCEPTANCE, CORRECTION) or not assets:
        return {}
    numbers = await acceptances_of([asset.id for asset in assets])
    if transition.document == CORRECTION:
        return {asset.id: fault for asset in assets for fault in correction_faults(numbers.get(asset.id, ""))[:1]}
    purchases = [asset.purchase_id for asset in assets if asset.purchase_id]
    rows = Purchase.filter(id__in=purchases).exclude(invoice_no="").exclude(supplier="") if purchases else None
    invoiced = set(await column(rows, "id")) if rows else set()
    return {
        asset.id: fault
        for asset in assets
        for fault in acceptance_faults(
            PieceToAccept(
                number=asset.inventory_no or "",
                kst=asset.kst,
                price=asset.price,
                is_placed=asset.account == "020" or (answers.room_id or asset.room_id) is not None,
                has_custodian=(answers.custodian_id or asset.custodian_id) is not None,
                has_source=asset.purchase_id in invoiced or bool(answers.reason.strip()),
            ),
            numbers.get(asset.id, ""),
        )[:1]
    }
