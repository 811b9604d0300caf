"""What a paper says of the way of its pieces, read in the transaction in which they went it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from registry.assets.actions import Passage
from registry.assets.durability import binds
from registry.assets.models import Asset, FieldValue, FundingShare, Purchase
from registry.documents.acceptance import acceptances_of
from registry.documents.rules import (
    ACCEPTANCE,
    CORRECTION,
    LOAN_TITLE,
    RETURN_TITLE,
    PaperContents,
    PaperFunding,
    PaperLine,
    PaperSource,
    places_of,
    shared,
)
from registry.people.queries import names_of_people
from registry.rooms.queries import office_day, rooms_by_id


async def contents_of_way(passage: Passage, assets: Sequence[Asset]) -> PaperContents:
    """What the paper says of the way of these pieces."""
    former = [passage.former[asset.id] for asset in assets]
    room_ids = {one.room_id for one in former} | {asset.room_id for asset in assets}
    rooms = {room.id: f"{room.code} {room.name}" for room in await rooms_by_id([pk for pk in room_ids if pk])}
    people = {pk for one in former for pk in (one.custodian_id, one.borrower_id)}
    people |= {pk for asset in assets for pk in (asset.custodian_id, asset.borrower_id)}
    names = await names_of_people([pk for pk in people if pk])
    came_from = [rooms.get(one.room_id or 0, "") for one in former]
    was_with = [names.get(one.borrower_id or one.custodian_id or 0, "") for one in former]
    goes_to = ["" if asset.borrower_id else rooms.get(asset.room_id or 0, "") for asset in assets]
    is_with = [names.get(asset.borrower_id or asset.custodian_id or 0, "") for asset in assets]
    funding = await _funding(assets)
    day = await office_day(passage.now)
    days = [asset.durable_until for asset in assets if asset.durable_until and binds(asset.durable_until, day)]
    contents = PaperContents(
        lines=tuple(_line(asset) for asset in assets),
        goes_to=shared(goes_to),
        is_with=shared(is_with),
        grants=tuple(sorted({one.grant for one in funding if one.grant})),
        durable_until=max(days).isoformat() if days else "",
        parties=tuple(sorted(pk for pk in people if pk)),
        **_of_loan(passage.transition.name, assets),
    )
    if passage.transition.document in (ACCEPTANCE, CORRECTION):
        contents = _placed(contents, goes_to, is_with)
        return await _of_acceptance(replace(contents, funding=funding), passage, assets)
    contents = replace(contents, came_from=shared(came_from), was_with=shared(was_with))
    lines = [
        replace(line, came_from="" if contents.came_from else room, was_with="" if contents.was_with else person)
        for line, room, person in zip(contents.lines, came_from, was_with, strict=True)
    ]
    return replace(contents, lines=tuple(lines))


def _of_loan(name: str, assets: Sequence[Asset]) -> dict[str, Any]:
    """What the paper of a loan is called, and until when it is."""
    if name == "return":
        return {"title": RETURN_TITLE}
    if name != "lend":
        return {}
    return {"title": LOAN_TITLE, "due_on": shared([asset.due_on.isoformat() for asset in assets if asset.due_on])}


def _line(asset: Asset) -> PaperLine:
    return PaperLine(
        inventory_no=asset.inventory_no or "",
        name=asset.name,
        serial_no=asset.serial_no,
        kst=asset.kst,
        quantity=asset.quantity,
        value=f"{asset.price:.2f}",
        acquired_on=asset.accepted_on.isoformat() if asset.accepted_on else "",
    )


async def _funding(assets: Sequence[Asset]) -> tuple[PaperFunding, ...]:
    """What paid for these pieces together: grants by their codes, and own funds for the rest."""
    shares = FundingShare.filter(asset_id__in=[asset.id for asset in assets], grant_id__not_isnull=True)
    sums: dict[tuple[str, str], Decimal] = {}
    for code, fund, amount in await shares.values_list("grant__code", "grant__fund", "amount"):
        sums[code, fund] = sums.get((code, fund), Decimal(0)) + amount
    rest = sum((asset.price for asset in assets), Decimal(0)) - sum(sums.values(), Decimal(0))
    rows = [PaperFunding(fund, code, f"{amount:.2f}") for (code, fund), amount in sorted(sums.items())]
    return (*rows, *([PaperFunding("", "", f"{rest:.2f}")] if rest or not rows else []))


def _placed(contents: PaperContents, goes_to: Sequence[str], is_with: Sequence[str]) -> PaperContents:
    """Where each line stands and with whom, where the lines differ."""
    lines = [
        replace(line, goes_to="" if contents.goes_to else room, is_with="" if contents.is_with else person)
        for line, room, person in zip(contents.lines, goes_to, is_with, strict=True)
    ]
    return replace(contents, lines=tuple(lines))


async def _of_acceptance(contents: PaperContents, passage: Passage, assets: Sequence[Asset]) -> PaperContents:
    """What an acceptance says beside that: what each piece is like, where all came from, and which day."""
    descriptions = await _descriptions(assets)
    corrects = await acceptances_of([asset.id for asset in assets]) if passage.transition.takes_back else {}
    lines = [
        replace(
            line,
            description=descriptions.get(asset.id, asset.category),
            account=asset.account,
            corrects=corrects.get(asset.id, ""),
        )
        for line, asset in zip(contents.lines, assets, strict=True)
    ]
    return replace(
        contents,
        lines=tuple(lines),
        sources=await _sources(assets),
        accepted_on=shared([line.acquired_on for line in lines]),
        corrects=shared([line.corrects for line in lines]),
    )


async def _descriptions(assets: Sequence[Asset]) -> Mapping[int, str]:
    """What the fields of its category say of each piece, with its category before them."""
    values = FieldValue.filter(asset_id__in=[asset.id for asset in assets]).exclude(text="").order_by("field_id")
    parts = {asset.id: [asset.category] for asset in assets}
    for asset_id, name, text, unit in await values.values_list("asset_id", "field__name", "text", "field__unit"):
        parts[asset_id].append(f"{name}: {text} {unit}".strip())
    return {asset_id: "; ".join(filter(None, texts)) for asset_id, texts in parts.items()}


async def _sources(assets: Sequence[Asset]) -> tuple[PaperSource, ...]:
    """The invoices of these pieces, in the order of the lines."""
    places: dict[int, list[int]] = {}
    for number, asset in enumerate(assets, 1):
        if asset.purchase_id:
            places.setdefault(asset.purchase_id, []).append(number)
    purchases = {one.id: one for one in await Purchase.filter(id__in=list(places))} if places else {}
    papers: dict[tuple[str, str, str, date | None], list[int]] = {}
    for pk, numbers in places.items():
        one = purchases[pk]
        papers.setdefault((one.supplier, one.contract, one.invoice_no, one.invoiced_on), []).extend(numbers)
    return tuple(
        PaperSource(supplier, contract, invoice, day.isoformat() if day else "", places_of(sorted(numbers)))
        for (supplier, contract, invoice, day), numbers in papers.items()
    )
