"""Stocktakes as programs send and read them."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from registry.scans.rules import CODE_LENGTH
from registry.stocktakes.actions import NewArea, StocktakeOrder
from registry.stocktakes.books import SettledStocktake
from registry.stocktakes.counting import NewSighting
from registry.stocktakes.models import (
    CountSheet,
    SettlementTask,
    SheetCorrection,
    SheetSignature,
    Sighting,
    Stocktake,
    StocktakeArea,
)
from registry.stocktakes.paper import money_on
from registry.stocktakes.queries import SheetTitle, StocktakeDetail, sight_of
from registry.stocktakes.rules import (
    LONGEST_NOTE,
    LONGEST_TEXT,
    MOST_AREAS,
    MOST_MEMBERS,
    MOST_PIECES,
    AreaKind,
    CountLine,
    DifferenceKind,
    Expectation,
    SeenCondition,
    SettlementAct,
    SheetSide,
    SightingKind,
    StocktakeKind,
    StocktakeState,
    Valuation,
    kind_of,
)
from web.assets.shapes import Price
from web.kit.answers import Instant, ListAnswer, pln
from web.kit.body import LINE, Body, Day, Login, Moment, RoomCode, Whole, YesNo, unfit
from web.kit.words import N_

Text = Annotated[str, Field(max_length=LONGEST_TEXT), LINE]
Note = Annotated[str, Field(max_length=LONGEST_NOTE), LINE]
AreaName = Annotated[str, Field(max_length=260, description="the code of its room, or else its name"), LINE]
AreaNumber = Annotated[Whole, Field(ge=1, le=MOST_AREAS, description="of the area, as a number and not as a word")]
Pieces = Annotated[Whole, Field(ge=1, le=MOST_PIECES)]
Key = Annotated[str, Field(max_length=240), LINE]


class AreaBody(Body):
    """One of the three: a room by its code, what a person answers for by their login, a category."""

    room: RoomCode | None = None
    person: Login | None = None
    category: Annotated[str, Field(max_length=80), LINE] | None = None

    @model_validator(mode="after")
    def _one(self) -> "AreaBody":
        if len(self.model_fields_set) != 1 or not (self.room or self.person or self.category):
            raise unfit(N_("give one of room, person and category"))
        return self

    def new(self) -> NewArea:
        """What is asked of the register."""
        for kind, code in ((AreaKind.ROOM, self.room), (AreaKind.PERSON, self.person)):
            if code:
                return NewArea(kind, code)
        return NewArea(AreaKind.CATEGORY, self.category or "")


class NewStocktakeBody(Body):
    """``areas`` are codes of rooms, or objects. The first of the ``committee`` chairs it where no ``chair`` is named.
    It is opened at once unless ``opens`` is false.
    """

    areas: Annotated[list[RoomCode | AreaBody], Field(max_length=MOST_AREAS)]
    committee: Annotated[list[Login], Field(max_length=MOST_MEMBERS)]
    as_of: Day
    blind: YesNo = True
    chair: Login = ""
    kind: StocktakeKind = StocktakeKind.PERIODIC
    basis: Text = ""
    others: Text = ""
    opens: YesNo = True

    def new(self) -> StocktakeOrder:
        """What is asked of the register."""
        areas = tuple(NewArea(AreaKind.ROOM, one) if isinstance(one, str) else one.new() for one in self.areas)
        chair = self.chair or (self.committee[0] if self.committee else "")
        return StocktakeOrder(
            areas, tuple(self.committee), chair, self.as_of, self.blind, self.kind, self.basis, self.others, self.opens
        )


class SightingBody(Body):
    """``code`` is what was scanned; without one the thing has no label, and ``name`` says what it is. ``at`` is when,
    if it could not be sent at once.
    """

    room: RoomCode
    code: Annotated[str, Field(max_length=CODE_LENGTH), LINE] = ""
    name: Text = ""
    serial_no: Annotated[str, Field(max_length=80), LINE] = ""
    quantity: Pieces = 1
    condition: SeenCondition = SeenCondition.OK
    note: Note = ""
    at: Moment | None = None

    def new(self) -> NewSighting:
        """What is asked of the register."""
        return NewSighting(
            self.room, self.code, self.name, self.serial_no, self.quantity, self.condition, self.note, self.at
        )


class StrikeBody(Body):
    reason: Note


class RecountBody(Body):
    """``area`` as a word is the code of a room before it is a name before it is a number; as a number it is that of the
    area.
    """

    area: AreaNumber | AreaName
    reason: Note


class CloseAreaBody(Body):
    """Without an ``area`` all that are open; which one it is, as in a recount."""

    area: AreaNumber | AreaName = ""


class SheetCorrectionBody(Body):
    line: Annotated[Whole, Field(ge=1, le=MOST_PIECES)]
    quantity: Annotated[Whole, Field(ge=0, le=MOST_PIECES)]
    reason: Note


class SheetSignBody(Body):
    side: SheetSide


class ValuationBody(Body):
    key: Key
    value: Price = Decimal("0.00")
    explanation: Note
    netted_with: Key = ""


class ValuationsBody(Body):
    """Every difference with its value and its explanation. A shortage may be ``netted_with`` the key of a surplus."""

    differences: Annotated[list[ValuationBody], Field(max_length=5000)]

    def valuations(self) -> list[Valuation]:
        """What is asked of the register."""
        return [Valuation(one.key, one.value, one.explanation, one.netted_with) for one in self.differences]


class RemarkBody(Body):
    """``remark`` says how: of what no transition does, and of a draft that was done ``otherwise``."""

    remark: Note = ""
    otherwise: YesNo = False


class StocktakeAnswer(BaseModel):
    id: int
    number: str = Field(description="like 1/2026")
    kind: StocktakeKind
    basis: str
    others: str
    as_of: dt.date
    blind: bool
    state: StocktakeState
    ordered_at: Instant
    opened_at: Instant | None
    closed_at: Instant | None
    valued_at: Instant | None
    settled_at: Instant | None
    revision: int


StocktakesAnswer = ListAnswer[StocktakeAnswer]


class AreaAnswer(BaseModel):
    number: int
    name: str
    kind: AreaKind
    counted: int | None = Field(description="things that were seen; null of areas that a blind count takes together")
    expected: int | None = Field(description="null as long as nothing of the books may be told")
    last_at: Instant | None
    people: list[str]
    lap: int
    closed_at: Instant | None


class MemberAnswer(BaseModel):
    name: str
    is_chair: bool


class CountSheetRow(BaseModel):
    id: int
    number: str = Field(description="like ASN/00003/2026")
    area: str
    lines: int
    sha256: str
    closed_at: Instant
    closed_by: str


class StocktakeDetailAnswer(StocktakeAnswer):
    areas: list[AreaAnswer]
    committee: list[MemberAnswer]
    sheets: list[CountSheetRow]
    counted: int
    expected: int | None


class SightingAnswer(BaseModel):
    id: int
    area: int | None = Field(description="the number of its area; null as long as a blind count takes it with others")
    room: str
    code: str
    mark: str = Field(description="of a thing without a label: N-1")
    asset: int | None
    inventory_no: str
    name: str
    serial_no: str
    quantity: int
    condition: SeenCondition
    note: str
    at: Instant
    person: str
    kind: SightingKind | None = Field(description="null as long as nothing of the books may be told")
    counts: bool = Field(description="not struck through, and not counted anew")
    struck_at: Instant | None
    strike_reason: str


SightingsAnswer = ListAnswer[SightingAnswer]


class CountLineAnswer(BaseModel):
    asset: int | None
    inventory_no: str
    name: str
    serial_no: str
    expected: int
    counted: int
    difference: int
    unit_price: str | None
    value: str | None
    room: str
    room_counted: str
    kinds: list[DifferenceKind]
    note: str


class DifferenceAnswer(BaseModel):
    key: str
    kind: DifferenceKind
    asset: int | None
    inventory_no: str
    name: str
    expected: int
    counted: int
    room: str
    room_counted: str
    note: str
    value: str = Field(description="PLN; proposed until the accountant has valued it")
    explanation: str
    netted_with: str
    moved_at: Instant | None = Field(description="when its thing was moved in the register since the count was opened")


class SettlementTaskAnswer(BaseModel):
    id: int
    act: SettlementAct
    difference: str
    asset: int | None
    name: str
    room: str
    document: str | None = Field(description="the number of the paper that it left")
    remark: str
    done_at: Instant | None
    done_by: str


class DifferencesAnswer(BaseModel):
    lines: list[CountLineAnswer]
    differences: list[DifferenceAnswer]
    tasks: list[SettlementTaskAnswer]


class SheetLineAnswer(BaseModel):
    number: int
    inventory_no: str
    name: str
    serial_no: str
    unit: str
    quantity: int
    condition: SeenCondition
    mark: str
    note: str
    unit_price: str | None = Field(description="PLN, put in by the accountant")
    value: str | None = Field(description="PLN of all of the line: not always its price times its quantity")


class CorrectionAnswer(BaseModel):
    id: int
    line: int
    quantity: int
    reason: str
    at: Instant
    person: str


class SheetSignatureAnswer(BaseModel):
    side: SheetSide
    name: str
    at: Instant


class CountSheetAnswer(CountSheetRow):
    committee: list[str]
    custodians: list[str]
    as_of: dt.date
    began_at: dt.datetime
    ended_at: dt.datetime
    mark: str = Field(description="tells it from any that is put in its place")
    rows: list[SheetLineAnswer]
    corrections: list[CorrectionAnswer]
    signatures: list[SheetSignatureAnswer]


def stocktake_answer(row: Stocktake) -> StocktakeAnswer:
    """A stocktake as a list tells it."""
    names = set(StocktakeAnswer.model_fields) - {"blind"}
    return StocktakeAnswer(blind=row.is_blind, **{name: getattr(row, name) for name in names})


def detail_answer(detail: StocktakeDetail, sheets: list[SheetTitle]) -> StocktakeDetailAnswer:
    """A stocktake with its areas, people and sheets."""
    areas = [
        AreaAnswer(
            number=one.area.place, name=one.area.name, kind=one.area.kind,
            counted=None if one.is_pooled else one.seen_things, expected=one.expected_things,
            last_at=None if one.is_pooled else one.last_at, people=[] if one.is_pooled else list(one.people),
            lap=one.area.lap, closed_at=one.area.closed_at,
        )
        for one in detail.areas
    ]  # fmt: skip
    return StocktakeDetailAnswer(
        **stocktake_answer(detail.stocktake).model_dump(), areas=areas,
        committee=[MemberAnswer(name=one.name, is_chair=one.is_chair) for one in detail.members],
        sheets=[_sheet_row(one) for one in sheets], counted=detail.seen_things, expected=detail.expected_things,
    )  # fmt: skip


def sighting_answer(
    row: Sighting, area: StocktakeArea, expectation: Expectation | None, *, tells_kind: bool, is_pooled: bool
) -> SightingAnswer:
    """A sighting. What it is by the books is told with ``tells_kind`` alone, its area unless it ``is_pooled``."""
    from_row = ("id", "code", "mark", "inventory_no", "name", "serial_no", "quantity", "condition", "note", "at",
                "struck_at", "strike_reason")  # fmt: skip
    return SightingAnswer(
        **{name: getattr(row, name) for name in from_row}, room=row.room_code, asset=row.asset_id,
        area=None if is_pooled and area.kind is not AreaKind.ROOM else area.place,
        person=row.person_name, kind=kind_of(sight_of(row), expectation) if tells_kind else None,
        counts=row.struck_at is None and row.lap == area.lap,
    )  # fmt: skip


def _sheet_row(sheet: SheetTitle) -> CountSheetRow:
    """A sheet as a list tells it."""
    names = set(CountSheetRow.model_fields) - {"sha256"}
    return CountSheetRow(sha256=sheet.digest, **{name: getattr(sheet, name) for name in names})


def sheet_answer(
    sheet: CountSheet, corrections: list[SheetCorrection], signatures: list[SheetSignature], *, sees_money: bool
) -> CountSheetAnswer:
    """A sheet, line by line."""
    contents, money = sheet.contents, money_on(sheet, corrections) if sees_money else {}
    names = set(SheetLineAnswer.model_fields) - {"unit_price", "value"}
    rows = []
    for line in contents["rows"]:
        worth = money.get(line["number"])
        amounts = {"unit_price": pln(worth.price) if worth else None, "value": pln(worth.value) if worth else None}
        rows.append(SheetLineAnswer(**{name: line[name] for name in names}, **amounts))
    of_contents = ("committee", "custodians", "as_of", "began_at", "ended_at", "mark")
    return CountSheetAnswer(
        id=sheet.id, number=sheet.number, area=contents["area"], lines=len(rows), sha256=sheet.digest,
        closed_at=sheet.closed_at, closed_by=sheet.closed_by, rows=rows,
        **{name: contents[name] for name in of_contents},
        corrections=[correction_answer(one) for one in corrections],
        signatures=[SheetSignatureAnswer(side=one.side, name=one.name, at=one.at) for one in signatures],
    )  # fmt: skip


def correction_answer(row: SheetCorrection) -> CorrectionAnswer:
    return CorrectionAnswer(
        id=row.id, line=row.line, quantity=row.quantity, reason=row.reason, at=row.at, person=row.person_name
    )


def differences_answer(settlement: SettledStocktake, *, sees_money: bool) -> DifferencesAnswer:
    """The books beside the count. Without the right to see money every amount is empty."""
    values = {one.key: one for one in settlement.values}
    rows = []
    for one in settlement.differences:
        stored, move = values.get(one.key), settlement.moves.get(one.line.asset_id or 0)
        worth = pln(stored.value if stored else one.value)
        rows.append(
            DifferenceAnswer(
                key=one.key, kind=one.kind, asset=one.line.asset_id, inventory_no=one.line.inventory_no,
                name=one.line.name, expected=one.line.expected, counted=one.line.counted, room=one.line.room,
                room_counted=one.line.room_counted, note=one.line.note, value=worth if sees_money else "",
                explanation=stored.explanation if stored else "", netted_with=stored.netted_with if stored else "",
                moved_at=move.at if move else None,
            )
        )  # fmt: skip
    lines = [_line_answer(one, sees_money=sees_money) for one in settlement.lines]
    return DifferencesAnswer(lines=lines, differences=rows, tasks=[task_answer(one) for one in settlement.tasks])


def _line_answer(line: CountLine, *, sees_money: bool) -> CountLineAnswer:
    from_line = ("inventory_no", "name", "serial_no", "expected", "counted", "difference", "room", "room_counted",
                 "note")  # fmt: skip
    amounts = {"unit_price": line.unit_price, "value": line.value}
    return CountLineAnswer(
        **{name: getattr(line, name) for name in from_line}, asset=line.asset_id, kinds=list(line.kinds),
        **{name: pln(amount) if amount is not None and sees_money else None for name, amount in amounts.items()},
    )  # fmt: skip


def task_answer(task: SettlementTask) -> SettlementTaskAnswer:
    """A task of a settlement, read with its difference and its paper."""
    row = task.count_difference
    return SettlementTaskAnswer(
        id=task.id, act=task.act, difference=row.key, asset=row.asset_id, name=row.name, room=row.room_code,
        document=task.document.number if task.document else None, remark=task.remark, done_at=task.done_at,
        done_by=task.done_by,
    )  # fmt: skip
