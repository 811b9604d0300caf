"""Bulk changes as the API takes and tells them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from registry.assets.filters import AssetFilter
from registry.assets.models import Condition, Lifecycle
from registry.assets.numbering import UNIT_LENGTH
from registry.assets.rules import Account
from registry.bulk_changes.models import BulkChange, PieceFate
from registry.bulk_changes.queries import PieceOutcome
from registry.bulk_changes.rules import unpacked
from registry.core.errors import N_, words
from web.assets.shapes import AssetName, Category, Kst, Note, Percent, Price, Quantity, whole_at_most
from web.kit.answers import ListAnswer
from web.kit.body import LINE, Body, Changes, Day, Login, RecordId, RoomCode, Whole, left_out, unfit
from web.kit.i18n import Translate

AT_ONCE = 10_000
Word = Annotated[str, Field(max_length=200), LINE]
GrantCode = Annotated[str, Field(max_length=40), LINE]


class AssetFilterBody(Body):
    """As the query of `GET /assets`."""

    q: Word = ""
    room: Word = ""
    category: Word = ""
    custodian: Word = ""
    grant: Word = ""
    lifecycle: Lifecycle | None = None
    condition: Condition | None = None
    imported: Annotated[str, Field(max_length=24), LINE] = ""
    printed: Literal["yes", "no"] | None = None
    without: Literal["room", "custodian", "number", "serial", "warranty", "label"] | None = None
    fault: Literal["open"] | None = None
    warranty_before: Day | None = None
    durable_before: Day | None = None
    bulk: Annotated[str, Field(max_length=24), LINE] = ""
    field: Annotated[str, Field(max_length=260), LINE] = ""

    def wish(self) -> AssetFilter:
        values = {name: value or "" for name, value in self.model_dump().items()}
        return AssetFilter(**{name: value if isinstance(value, str) else str(value) for name, value in values.items()})


class SharedValuesBody(Changes):
    """One field with what it is to be in every piece."""

    name: AssetName = left_out()
    category: Category = left_out()
    warranty_until: Day | None = left_out()
    note: Annotated[Note, Field(description="added below the note that is there")] = left_out()
    price: Price = left_out()
    acquired_on: Day | None = left_out()
    kst: Kst = left_out()
    account: Account = left_out()
    quantity: Quantity = left_out()
    funding: Annotated[
        dict[GrantCode, Percent],
        Field(max_length=10, description="percent of each price by grant code; the rest is own funds"),
        AfterValidator(whole_at_most),
    ] = left_out()

    @model_validator(mode="after")
    def _one_field(self) -> "SharedValuesBody":
        if len(self.model_fields_set) != 1:
            raise unfit(N_("name one field"))
        return self


class BulkChangeBody(Body):
    """Which pieces, by ``ids`` or by ``filter``, and what is to become of them: a transition, ``correct`` or
    ``number``.
    """

    act: Annotated[str, Field(max_length=40, description="correct, number, or a name of `GET /transitions`"), LINE]
    ids: Annotated[list[RecordId], Field(max_length=AT_ONCE)] = []
    revisions: Annotated[
        dict[str, Annotated[Whole, Field(ge=1)]],
        Field(max_length=AT_ONCE, description="by id, as they were read: a piece that changed since is refused"),
    ] = {}
    filter: AssetFilterBody | None = None
    room: RoomCode | None = None
    custodian: Login | None = None
    lifecycle: Annotated[Literal["in_use", "in_store"] | None, Field(description="for accept")] = None
    accepted_on: Annotated[Day | None, Field(description="for accept; without it the day that each has")] = None
    borrower: Annotated[Login | None, Field(description="for lend")] = None
    due_on: Annotated[Day | None, Field(description="for lend and prolong")] = None
    values: SharedValuesBody | None = Field(default=None, description="for correct")
    unit: Annotated[
        str, Field(max_length=UNIT_LENGTH, description="for number: those without one get the next ones of this unit"),
        LINE,
    ] = ""  # fmt: skip
    reason: Annotated[str, Field(max_length=300), LINE] = ""

    @model_validator(mode="after")
    def _says_which(self) -> "BulkChangeBody":
        if bool(self.ids) == (self.filter is not None):
            raise unfit(N_("name the pieces by ids or by a filter, one of the two"))
        return self

    def shared_value(self) -> tuple[str, Any]:
        """The field that is corrected, and its value; grants by their code."""
        if self.values is None:
            return "", None
        ((name, value),) = self.values.changes().items()
        return {"acquired_on": "accepted_on", "funding": "shares"}.get(name, name), value


class CountsAnswer(BaseModel):
    waiting: int = Field(description="to be changed")
    same: int = Field(description="that are so already")
    refused: int
    changed: int


class BulkProgress(BaseModel):
    finished: int
    of: int


class BulkChangeAnswer(BaseModel):
    id: str
    act: str
    field: str | None = Field(description="that is corrected")
    unit: str | None = Field(description="whose next numbers the pieces get")
    first_number: str | None = Field(description="of those; until they are given, if nobody is quicker")
    reason: str
    status: Literal["checked", "writing", "written"]
    counts: CountsAnswer
    progress: BulkProgress | None = Field(description="while it is carried out")


class PieceRefusalAnswer(BaseModel):
    code: str
    detail: str


class BulkPieceAnswer(BaseModel):
    asset: int
    inventory_no: str | None
    fate: PieceFate
    revision: int = Field(description="of the asset, as it was looked at")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refusal: PieceRefusalAnswer | None


BulkPiecesAnswer = ListAnswer[BulkPieceAnswer]


def bulk_answer(row: BulkChange, counts: dict[PieceFate, int], first_number: str | None) -> BulkChangeAnswer:
    at_work = row.state == "writing"
    return BulkChangeAnswer(
        id=row.id,
        act=row.act,
        field=row.answers.get("field"),
        unit=row.answers.get("unit"),
        first_number=first_number,
        reason=row.reason,
        status=row.state.value,
        counts=CountsAnswer(**{str(fate): many for fate, many in counts.items()}),
        progress=BulkProgress(finished=row.finished, of=row.accepted) if at_work else None,
    )


def piece_answer(one: PieceOutcome, say: Translate) -> BulkPieceAnswer:
    piece, refusal = one.piece, None
    if piece.refusal:
        stored = unpacked(piece.refusal)
        refusal = PieceRefusalAnswer(code=stored.code, detail=words(stored.code, stored.params, say))
    return BulkPieceAnswer(
        asset=piece.asset_id,
        inventory_no=one.asset["inventory_no"] if one.asset else None,
        fate=piece.fate,
        revision=piece.revision,
        before=piece.before,
        after=piece.after,
        refusal=refusal,
    )
