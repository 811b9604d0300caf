"""Depreciation for programs: the plan of a piece, the table of a year or a month, and what the table does not tell."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from registry.accounting.queries import plan_of_asset, remarked_pieces, table_of_year
from registry.accounting.rules import (
    FIRST_YEAR,
    LAST_YEAR,
    OWN_FUNDS,
    DepreciationRow,
    Remark,
    WriteOff,
    first_of,
    years_of,
)
from registry.people.models import Person
from web.assets.api import AssetId
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, PagedLong, pln
from web.kit.body import MAY_BE_EMPTY
from web.kit.routing import faults

router = routing.router("assets")
SeesMoney = Annotated[Person, Depends(caller_with("assets.see_money"))]
Reader = Annotated[Person, Depends(caller_with("depreciation.see"))]
Year = Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
Month = Annotated[int | None, Query(ge=1, le=12, description="of the year; all of it without one"), MAY_BE_EMPTY]


class PlanYearAnswer(BaseModel):
    year: int
    amount: str
    rest: str = Field(description="what is not written off at the end of the year")


class WriteOffPlanAnswer(BaseModel):
    """The amounts are PLN, gross."""

    way: WriteOff
    initial: str
    rate: str | None = Field(description="percent a year, of linear write-off")
    first_month: date | None = Field(description="its first day")
    months: int = Field(description="how many, the last with the rest")
    monthly: str = Field(description="in each month but the last")
    remark: Remark | None = Field(description="why there is no plan, or what is to be looked at")
    years: list[PlanYearAnswer]


class SumAnswer(BaseModel):
    """The amounts are PLN, gross."""

    pieces: int
    initial: str
    before: str = Field(description="written off before the year or the month")
    amount: str = Field(description="written off in it")
    months: list[str] = Field(description="of the year one by one, or the one month")
    rest: str


class DepreciationRowAnswer(SumAnswer):
    account: str
    kst_group: str
    grant: str | None = Field(description="null for the office's own money")


class RemarkAnswer(BaseModel):
    remark: Remark
    pieces: int
    price: str


class DepreciationAnswer(ListAnswer[DepreciationRowAnswer]):
    year: int
    month: int | None
    sum: SumAnswer
    remarks: list[RemarkAnswer] = Field(description="what is not in the sums, and other_account, which is")


class RemarkedPieceAnswer(BaseModel):
    id: int
    inventory_no: str
    name: str
    price: str
    quantity: int


RemarkedPiecesAnswer = ListAnswer[RemarkedPieceAnswer]


@router.get("/assets/{asset_id}/depreciation", responses=faults(404), summary="How a piece is written off")
async def plan(asset_id: AssetId, person: SeesMoney) -> WriteOffPlanAnswer:
    """By the account that it has, the policy and the rates of the day on which it was accepted. The register posts
    nothing.
    """
    planned = (await plan_of_asset(asset_id)).plan
    return WriteOffPlanAnswer(
        way=planned.way,
        initial=_text(planned.initial),
        rate=pln(planned.rate) if planned.rate is not None else None,
        first_month=first_of(planned.first) if planned.is_told else None,
        months=planned.months,
        monthly=_text(planned.monthly),
        remark=planned.remark,
        years=[
            PlanYearAnswer(year=year, amount=_text(amount), rest=_text(rest))
            for year, amount, rest in years_of(planned)
        ],
    )


@router.get("/reports/depreciation", responses=faults(), summary="What is written off in a year or a month")
async def depreciation(person: Reader, paging: PagedLong, year: Year, month: Month = None) -> DepreciationAnswer:
    """Sums by account, KŚT group and source of money. A piece is in them if it was accepted by the end of the span and
    did not leave before it. What the register does not say is named in ``remarks`` and guessed nowhere.
    """
    sums_of_year = await table_of_year(year, month)
    rows = sums_of_year.in_order()
    part = [
        DepreciationRowAnswer(
            **_sum(row).model_dump(), account=key.account, kst_group=key.group,
            grant=None if key.source == OWN_FUNDS else sums_of_year.grants.get(key.source),
        )
        for key, row in paging.part(rows)
    ]  # fmt: skip
    return DepreciationAnswer(
        items=part,
        next=paging.cursor(len(part), len(rows)),
        total=len(rows),
        year=year,
        month=month,
        sum=_sum(sums_of_year.table.totals()),
        remarks=[
            RemarkAnswer(remark=remark, pieces=total.pieces, price=_text(total.price))
            for remark, total in sorted(sums_of_year.table.remarks.items())
        ],
    )


@router.get("/reports/depreciation/pieces", responses=faults(), summary="The pieces that a remark is about")
async def pieces(person: Reader, paging: Paged, remark: Remark) -> ListAnswer[RemarkedPieceAnswer]:
    remarked = await remarked_pieces(remark)
    part = [
        RemarkedPieceAnswer(
            id=piece.id, inventory_no=piece.number, name=piece.name, price=_text(piece.price), quantity=piece.quantity
        )
        for piece in paging.part(remarked)
    ]  # fmt: skip
    return RemarkedPiecesAnswer(items=part, next=paging.cursor(len(part), len(remarked)), total=len(remarked))


def _sum(row: DepreciationRow) -> SumAnswer:
    return SumAnswer(
        pieces=row.pieces,
        initial=_text(row.initial),
        before=_text(row.before),
        amount=_text(row.in_span),
        months=[_text(amount) for amount in row.by_month],
        rest=_text(row.rest),
    )


def _text(grosze: int) -> str:
    return pln(Decimal(grosze) / 100)
