"""Sets as programs send and read them."""

from typing import Annotated

from pydantic import BaseModel, Field

from registry.sets.queries import SetState
from registry.sets.rules import LARGEST, MOST_PARTS, Part, PartCheck, Trouble
from web.kit.answers import ListAnswer
from web.kit.body import LINES, NAME, Body, Changes, RecordId, Whole, left_out

SetName = Annotated[str, Field(min_length=1, max_length=200), NAME]
SetNote = Annotated[str, Field(max_length=2000), LINES]
Pieces = Annotated[list[RecordId], Field(max_length=LARGEST, description="asset ids")]


class PartBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=300), NAME]
    quantity: Annotated[Whole, Field(ge=1, le=9999)] = 1

    def part(self) -> Part:
        return Part(self.name, self.quantity)


class NewSetBody(Body):
    """Without ``parts`` what the set is made of is what belongs to it."""

    name: SetName
    assets: Pieces = []
    parts: Annotated[list[PartBody] | None, Field(max_length=MOST_PARTS)] = None
    note: SetNote = ""


class SetChangesBody(Changes):
    """What is left out stays as it is; ``assets`` and ``parts`` are put in the place of all that were."""

    name: SetName = left_out()
    note: SetNote = left_out()
    assets: Pieces = left_out()
    parts: Annotated[list[PartBody], Field(max_length=MOST_PARTS)] = left_out()


class SetPieceAnswer(BaseModel):
    asset: int
    name: str
    inventory_no: str | None
    quantity: int
    room: str | None
    trouble: Trouble | None = Field(description="why it does not serve the set; null if it does")


class PartAnswer(BaseModel):
    name: str
    quantity: int = Field(description="how many belong to the set; 0 for a piece that no part names")
    working: int = Field(description="how many are together and work")
    missing: int = Field(description="how many no piece stands for")
    pieces: list[SetPieceAnswer]


class SetAnswer(BaseModel):
    id: int
    name: str
    note: str
    room: str | None = Field(description="where most of its pieces stand")
    complete: bool
    lacking: int
    dissolved: bool
    revision: int
    parts: list[PartAnswer]


SetsAnswer = ListAnswer[SetAnswer]


def set_answer(state: SetState) -> SetAnswer:
    """A set with what it lacks."""
    return SetAnswer(
        id=state.id,
        name=state.name,
        note=state.note,
        room=state.place,
        complete=state.is_complete,
        lacking=state.lacking,
        dissolved=state.is_dissolved,
        revision=state.revision,
        parts=[_part(check) for check in state.checks],
    )


def _part(check: PartCheck) -> PartAnswer:
    pieces = [
        SetPieceAnswer(
            asset=piece.asset_id,
            name=piece.name,
            inventory_no=piece.inventory_no,
            quantity=piece.quantity,
            room=piece.room,
            trouble=trouble,
        )
        for piece, trouble in check.pieces
    ]
    return PartAnswer(
        name=check.name, quantity=check.wanted, working=check.working, missing=check.missing, pieces=pieces
    )
